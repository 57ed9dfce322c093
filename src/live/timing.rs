//! Processing times of frames, for `--timing`.

use std::time::{Duration, Instant};

/// Bins of a tenth of a millisecond, so that memory does not grow with the number of frames.
const BINS: usize = 5000;
const BIN_MS: f64 = 0.1;

/// Times of frames.
#[derive(Debug, Clone)]
pub struct Timing {
    bins: Vec<u32>,
    count: u64,
    /// When the first frame was done, and the CPU seconds used until then.
    first: Option<(Instant, f64)>,
    /// Resident memory after the first thousand frames, in MiB.
    settled_mib: Option<f64>,
}

impl Default for Timing {
    fn default() -> Self {
        Self { bins: vec![0; BINS], count: 0, first: None, settled_mib: None }
    }
}

impl Timing {
    /// Counts a frame.
    pub fn count(&mut self, took: Duration) {
        let bin = (took.as_secs_f64() * 1e3 / BIN_MS) as usize;
        self.bins[bin.min(BINS - 1)] += 1;
        self.count += 1;
        self.first.get_or_insert_with(|| (Instant::now(), processor_seconds().unwrap_or(0.0)));
        if self.count == 1000 {
            self.settled_mib = memory("VmRSS:");
        }
    }

    /// The time not exceeded by this share of the frames, in milliseconds.
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

    /// The statistics in one line.
    #[must_use]
    pub fn words(&self) -> String {
        let mib = |value: Option<f64>| value.map_or("unknown".into(), |mib| format!("{mib:.1}"));
        let (wall, busy) = self.first.map_or((0.0, 0.0), |(then, used)| {
            (then.elapsed().as_secs_f64(), processor_seconds().unwrap_or(used) - used)
        });
        let after_first = self.count.saturating_sub(1) as f64;
        format!(
            "{} frames: tracking, measuring and drawing take {:.1} ms (median), {:.1} ms (99th percentile); with reading them \
             {:.1} frames a second, {:.1} % of one core, {:.2} ms of processor time a frame; memory in MiB: {} at most, {} at \
             the end, {} after 1000 frames",
            self.count,
            self.quantile(0.5),
            self.quantile(0.99),
            after_first / wall.max(1e-9),
            100.0 * busy / wall.max(1e-9),
            1e3 * busy / after_first.max(1.0),
            mib(memory("VmHWM:")),
            mib(memory("VmRSS:")),
            mib(self.settled_mib),
        )
    }
}

/// CPU seconds used by this process in all threads, as counted by Linux in hundredths.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may contain spaces; user and system time are the 12th and 13th fields after it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = |field: Option<&str>| field?.parse::<f64>().ok();
    Some(0.01 * (ticks(fields.next())? + ticks(fields.next())?))
}

/// A line of Linux's memory statistics of this process, in MiB.
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
        assert!(timing.words().contains("take 51.0 ms"), "{}", timing.words());
        assert!(memory("VmRSS:").is_none_or(|mib| mib > 1.0) && processor_seconds().is_none_or(|s| s >= 0.0));
    }
}
