//! How long the frames took, for `--timing`.

use std::time::Duration;

/// Bins of a tenth of a millisecond, so that memory does not grow with the frames.
const BINS: usize = 5000;
const BIN_MS: f64 = 0.1;

/// Times of frames.
#[derive(Debug, Clone)]
pub struct Timing {
    bins: Vec<u32>,
    count: u64,
    sum: Duration,
    /// Resident memory after the first thousand frames, in MiB.
    settled_mib: Option<f64>,
}

impl Default for Timing {
    fn default() -> Self {
        Self { bins: vec![0; BINS], count: 0, sum: Duration::ZERO, settled_mib: None }
    }
}

impl Timing {
    /// Counts a frame.
    pub fn count(&mut self, took: Duration) {
        let bin = (took.as_secs_f64() * 1e3 / BIN_MS) as usize;
        self.bins[bin.min(BINS - 1)] += 1;
        self.count += 1;
        self.sum += took;
        if self.count == 1000 {
            self.settled_mib = memory("VmRSS:");
        }
    }

    /// The time that so large a share of the frames does not exceed, in milliseconds.
    fn quantile(&self, share: f64) -> f64 {
        let wanted = share * self.count as f64;
        let mut seen = 0.0;
        for (bin, count) in self.bins.iter().enumerate() {
            seen += f64::from(*count);
            if seen >= wanted {
                return BIN_MS * (bin + 1) as f64;
            }
        }
        BIN_MS * BINS as f64
    }

    /// As one line.
    #[must_use]
    pub fn words(&self) -> String {
        let mib = |value: Option<f64>| value.map_or("unknown".into(), |mib| format!("{mib:.1}"));
        format!(
            "{} frames: median {:.1} ms, 99th percentile {:.1} ms, mean {:.2} ms; memory MiB: peak {}, at the end {}, after 1000 frames {}",
            self.count,
            self.quantile(0.5),
            self.quantile(0.99),
            1e3 * self.sum.as_secs_f64() / self.count.max(1) as f64,
            mib(memory("VmHWM:")),
            mib(memory("VmRSS:")),
            mib(self.settled_mib),
        )
    }
}

/// A line of what Linux says about this process's memory, in MiB.
fn memory(line: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|other| other.starts_with(line))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_known_times() {
        let mut timing = Timing::default();
        for ms in 1..=100 {
            timing.count(Duration::from_micros(1000 * ms - 50));
        }
        assert!((timing.quantile(0.5) - 50.0).abs() < 0.11 && (timing.quantile(0.99) - 99.0).abs() < 0.11);
        timing.count(Duration::from_secs(100));
        assert!(timing.words().starts_with("101 frames: median 5"), "{}", timing.words());
    }
}
