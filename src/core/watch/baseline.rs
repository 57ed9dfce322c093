//! A person's usual posture: the median of each watched measure over ten seconds, and its scatter.

use std::path::Path;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Glimpse, SIGNALS, Signal, State, median, median_departure};
use crate::core::body::view::View;
use crate::core::error::{Error, Result};

/// The duration of taking a baseline, in seconds.
pub const SECONDS: f64 = 10.0;
/// The default name.
pub const DEFAULT_NAME: &str = "default";
/// The version of the file format.
const SCHEMA: &str = "orthostat-baseline/1";
/// The minimum number of frames with a value, and the minimum share of the time ready and still.
const MIN_FRAMES: usize = 20;
const MIN_READY: f64 = 0.8;
const MIN_STILL: f64 = 0.7;
/// The largest difference between the first half and the second, in degrees.
const MOST_DRIFT_DEG: f64 = 2.0;
/// The largest scatter (MAD), in degrees.
const MOST_MAD_DEG: f64 = 2.0;
/// The same for the other signals, in percent.
const MOST_UNSTEADY: f64 = 4.0;

/// One signal's usual value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Usual {
    /// Median, in degrees or in the signal's unit.
    pub median: f64,
    /// Median absolute deviation from it, likewise.
    pub mad: f64,
    /// The number of frames.
    pub frames: usize,
}

/// A person's usual posture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    schema: String,
    /// The name under which it is stored.
    pub name: String,
    /// The view. Other views are not compared with it.
    pub view: View,
    /// By the signals' names; signals that were not visible are missing.
    pub measures: IndexMap<String, Usual>,
}

impl Baseline {
    /// A baseline from known values.
    #[must_use]
    pub fn new(name: &str, view: View, usual: impl IntoIterator<Item = (Signal, Usual)>) -> Self {
        let measures = usual.into_iter().map(|(signal, usual)| (signal.name().to_owned(), usual)).collect();
        Self { schema: SCHEMA.into(), name: name.into(), view, measures }
    }

    /// A signal's usual value.
    #[must_use]
    pub fn usual(&self, signal: Signal) -> Option<&Usual> {
        self.measures.get(signal.name())
    }

    /// Reads a baseline from JSON; `path` is only its name.
    ///
    /// # Errors
    /// [`Error::NotARecord`] for JSON that is no baseline.
    pub fn from_json(json: &[u8], path: &Path) -> Result<Self> {
        let wrong = |found: &str, source: Option<serde_json::Error>| Error::NotARecord {
            path: path.into(),
            reason: format!("expected a baseline of the schema {SCHEMA}, found {found}; take it again with b"),
            source: source.map(Into::into),
        };
        let baseline: Self = serde_json::from_slice(json).map_err(|error| wrong("something else", Some(error)))?;
        let sound = |usual: &Usual| usual.median.is_finite() && usual.mad.is_finite() && usual.mad >= 0.0;
        match () {
            () if baseline.schema != SCHEMA => Err(wrong(&format!("the schema \"{}\"", baseline.schema), None)),
            () if !baseline.measures.values().all(sound) => Err(wrong("values that are no numbers", None)),
            () => Ok(baseline),
        }
    }
}

/// The progress of taking a baseline.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// In progress.
    Running {
        /// The seconds left.
        left: f64,
    },
    /// It is taken.
    Taken(Baseline),
    /// It was refused, with the reason.
    Refused(String),
}

/// Collects frames for ten seconds.
#[derive(Debug, Clone)]
pub struct Taking {
    name: String,
    start: Option<f64>,
    glimpses: Vec<Glimpse>,
}

impl Taking {
    /// Starts with the next frame.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), start: None, glimpses: Vec::new() }
    }

    /// Takes the next frame.
    pub fn next(&mut self, glimpse: &Glimpse) -> Progress {
        let start = *self.start.get_or_insert(glimpse.seconds);
        self.glimpses.push(*glimpse);
        let left = start + SECONDS - glimpse.seconds;
        if left > 0.0 {
            return Progress::Running { left };
        }
        match self.settle() {
            Ok(baseline) => Progress::Taken(baseline),
            Err(reason) => Progress::Refused(reason),
        }
    }

    fn settle(&self) -> Result<Baseline, String> {
        let all = self.glimpses.len() as f64;
        let ready: Vec<&Glimpse> = self.glimpses.iter().filter(|glimpse| glimpse.state == State::Ready).collect();
        if (ready.len() as f64) < MIN_READY * all {
            let other = self.glimpses.iter().find(|glimpse| glimpse.state != State::Ready);
            let words = other.map_or("away", |glimpse| glimpse.state.words());
            return Err(format!(
                "only {:.0} % of the time could be measured ({words})",
                100.0 * ready.len() as f64 / all
            ));
        }
        if (ready.iter().filter(|glimpse| glimpse.still).count() as f64) < MIN_STILL * ready.len() as f64 {
            return Err("unsteady: please keep still for ten seconds".into());
        }
        let view = ready.last().and_then(|glimpse| glimpse.view).ok_or("no person was seen")?;
        if ready.iter().any(|glimpse| glimpse.view != Some(view)) {
            return Err("the view changed between front and back".into());
        }
        let mut measures = Vec::new();
        let mut refused = None;
        for (index, signal) in SIGNALS.into_iter().enumerate() {
            let values: Vec<f64> = ready.iter().filter_map(|glimpse| glimpse.value(index)).collect();
            if values.len() < MIN_FRAMES || (values.len() as f64) < MIN_READY * ready.len() as f64 {
                continue;
            }
            let (first, second) = values.split_at(values.len() / 2);
            let (Some(median_), Some(mad), Some(first), Some(second)) =
                (median(&values), median_departure(&values), median(first), median(second))
            else {
                continue;
            };
            let drift = (second - first).abs();
            let usual = Usual { median: median_, mad, frames: values.len() };
            match signal {
                Signal::Tilt(measure) if drift > MOST_DRIFT_DEG => {
                    refused = Some(format!("unsteady: {} changed by {drift:.1} degrees meanwhile", measure.label()));
                }
                Signal::Tilt(measure) if mad > MOST_MAD_DEG => {
                    refused = Some(format!("unsteady: {} scattered by {mad:.1} degrees", measure.label()));
                }
                // A baseline requires only the tilts.
                Signal::Nearness | Signal::ForwardHead if drift > MOST_UNSTEADY || mad > MOST_UNSTEADY => {}
                _ => measures.push((signal, usual)),
            }
        }
        match refused {
            Some(reason) => Err(reason),
            None if measures.is_empty() => Err(format!("fewer than {MIN_FRAMES} frames could be measured")),
            None => Ok(Baseline::new(&self.name, view, measures)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::measure::Measure;

    fn glimpse(seconds: f64, shoulders: f64) -> Glimpse {
        Glimpse {
            seconds,
            state: State::Ready,
            view: Some(View::Anterior),
            values: [Some(1.0), Some(shoulders), None, Some(-0.5)],
            closeness: None,
            still: true,
            whole: false,
        }
    }

    fn taken(mut each: impl FnMut(usize) -> Glimpse) -> Progress {
        let mut taking = Taking::new("desk");
        for k in 0..=100 {
            match taking.next(&each(k)) {
                Progress::Running { left } => assert!((left - (10.0 - 0.1 * k as f64)).abs() < 1e-9),
                done => {
                    assert_eq!(k, 100);
                    return done;
                }
            }
        }
        panic!("ten seconds are over");
    }

    #[test]
    fn ten_steady_seconds_give_median_and_scatter() {
        let Progress::Taken(baseline) = taken(|k| glimpse(0.1 * k as f64, [2.0, 2.5, 3.0, 50.0, 2.5][k % 5])) else {
            panic!("steady");
        };
        assert_eq!((baseline.name.as_str(), baseline.view), ("desk", View::Anterior));
        let usual = baseline.usual(Signal::Tilt(Measure::ShoulderTilt)).expect("seen");
        assert_eq!((usual.median, usual.mad, usual.frames), (2.5, 0.5, 101));
        assert_eq!(baseline.usual(Signal::Tilt(Measure::PelvicObliquity)), None, "not seen at a desk");
    }

    #[test]
    fn an_unsteady_one_is_refused_with_the_reason() {
        let refused = |each: &dyn Fn(usize, Glimpse) -> Glimpse| match taken(|k| each(k, glimpse(0.1 * k as f64, 2.0)))
        {
            Progress::Refused(reason) => reason,
            other => panic!("{other:?}"),
        };
        assert!(refused(&|_, g| Glimpse { still: false, ..g }).contains("keep still"));
        assert!(
            refused(&|k, g| Glimpse { state: if k % 3 == 0 { State::Away } else { g.state }, ..g }).contains("away")
        );
        let drifting = |k: usize, g: Glimpse| Glimpse { values: [Some(0.1 * k as f64), g.values[1], None, None], ..g };
        assert_eq!(refused(&drifting), "unsteady: head tilt changed by 5.0 degrees meanwhile");
        let shaking = |k: usize, g: Glimpse| Glimpse { values: [None, Some(5.0 * (k % 3) as f64), None, None], ..g };
        assert!(refused(&shaking).starts_with("unsteady: shoulder tilt scattered by 5.0"), "{}", refused(&shaking));
        let turning =
            |k: usize, g: Glimpse| Glimpse { view: Some(if k < 50 { View::Anterior } else { View::Posterior }), ..g };
        assert!(refused(&turning).contains("view changed"));
        assert!(refused(&|_, g| Glimpse { values: [None; 4], ..g }).contains("fewer than 20"));
    }

    #[test]
    fn what_is_no_baseline_is_said() {
        let error =
            |json: &str| Baseline::from_json(json.as_bytes(), "a.json".as_ref()).expect_err("no baseline").to_string();
        assert!(
            error("no")
                .starts_with("a.json: expected a baseline of the schema orthostat-baseline/1, found something else")
        );
        assert!(
            error(r#"{"schema":"x","name":"a","view":"anterior","measures":{}}"#).contains("found the schema \"x\"")
        );
    }
}
