//! The logged values: the median of each measure over a period's still frames, with its spread. Never a smoothed value.

use super::{MAD_TO_SD, State, median, median_departure};
use crate::core::measure::{Assessment, ByHand, Measure, Measurement};
use crate::core::observation::Frame;
use crate::core::pipeline::Analysis;
use crate::core::refusal::Refusal;

/// The default duration of a period, in seconds.
pub const SECONDS: f64 = 1.0;

/// One frame's value of one measure.
#[derive(Debug, Clone, Copy)]
struct Taken {
    value: f64,
    raw: f64,
    /// The variance of its error without the readings' scatter.
    systematic: f64,
    outlined: f64,
}

/// The frames of one period.
#[derive(Debug, Clone, Default)]
pub struct Period {
    start: Option<f64>,
    frames: usize,
    states: Vec<(State, usize)>,
    still: Vec<[Option<Taken>; Measure::COUNT]>,
    latest: Option<Analysis>,
}

/// The result of a period.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Its start, in seconds.
    pub start: f64,
    /// Its duration, in seconds.
    pub lasted: f64,
    /// The state of most of its frames.
    pub state: State,
    /// Whether the posture can be judged: the state is [`State::Ready`], and no frame is an objection.
    pub judged: bool,
    /// The number of frames.
    pub frames: usize,
    /// The number of frames in which the person was measured and kept still.
    pub still: usize,
    /// The medians over these, each with its error; `None` if there are none.
    pub analysis: Option<Analysis>,
}

impl Period {
    /// Adds a frame with a measured person.
    pub fn measured(&mut self, seconds: f64, state: State, still: bool, analysis: &Analysis) {
        self.count(seconds, state);
        if !still || state != State::Ready {
            return;
        }
        let readings = analysis.frame.readings.max(1) as f64;
        let taken = |measure: Measure| {
            let found = analysis.assessment.get(measure).as_ref().ok()?;
            let systematic = (found.sd.powi(2) - found.scatter.powi(2) / readings).max(0.0);
            Some(Taken { value: found.value, raw: found.raw, systematic, outlined: found.outlined })
        };
        self.still.push(Measure::ALL.map(taken));
        self.latest = Some(analysis.clone());
    }

    /// Adds a frame without a person.
    pub fn count(&mut self, seconds: f64, state: State) {
        self.start.get_or_insert(seconds);
        self.frames += 1;
        match self.states.iter_mut().find(|(other, _)| *other == state) {
            Some((_, count)) => *count += 1,
            None => self.states.push((state, 1)),
        }
    }

    /// Its start.
    #[must_use]
    pub fn start(&self) -> Option<f64> {
        self.start
    }

    /// Ends the period at a time in seconds and starts a new one; `None` if it had no frame.
    pub fn close(&mut self, seconds: f64) -> Option<Logged> {
        let period = std::mem::take(self);
        let start = period.start?;
        let state = period.states.iter().max_by_key(|(_, count)| *count).map(|(state, _)| *state)?;
        let judged = state == State::Ready && !period.states.iter().any(|(state, _)| state.is_objection());
        let still = period.still.len();
        let lasted = (seconds - start).max(0.0);
        let analysis = period.latest.map(|latest| {
            let assessment = Assessment::from_measures(|measure| medians(&period.still, measure, &latest, lasted));
            let frame = Frame { readings: still, ..latest.frame };
            Analysis { assessment, frame, ..latest }
        });
        Some(Logged { start, lasted, state, judged, frames: period.frames, still, analysis })
    }
}

/// The minimum share of the still frames with a value for a measure to be logged.
const MIN_SHARE: f64 = 0.5;

fn medians(
    still: &[[Option<Taken>; Measure::COUNT]],
    measure: Measure,
    latest: &Analysis,
    lasted: f64,
) -> Result<Measurement, Refusal> {
    let taken: Vec<Taken> = still.iter().filter_map(|frame| frame[measure as usize]).collect();
    let of = |pick: fn(&Taken) -> f64| median(&taken.iter().map(pick).collect::<Vec<_>>());
    let values: Vec<f64> = taken.iter().map(|taken| taken.value).collect();
    let enough = taken.len() as f64 >= MIN_SHARE * still.len() as f64;
    match (of(|t| t.value), of(|t| t.raw), of(|t| t.systematic), median_departure(&values)) {
        (Some(value), Some(raw), Some(systematic), Some(departure)) if enough => {
            let last = latest.assessment.get(measure).as_ref().ok();
            let single = last.map_or(0.0, |found| found.scatter);
            let derived_from = last.and_then(|found| found.derived_from);
            // One frame has no spread: the usual one is used instead.
            let scatter = if taken.len() > 1 { MAD_TO_SD * departure } else { single };
            // People sway slowly: about one independent sample per second.
            let variance = systematic + scatter.powi(2) / lasted.max(1.0);
            let outlined = taken.iter().map(|taken| taken.outlined).fold(0.0, f64::max);
            let (sd, by_hand) = (variance.sqrt(), ByHand::No);
            let varying = scatter.powi(2) / lasted.max(1.0) + last.map_or(0.0, |found| found.varying);
            Ok(Measurement { value, raw, sd, varying, scatter, outlined, by_hand, derived_from })
        }
        _ => match latest.assessment.get(measure) {
            Err(refusal) => Err(refusal.clone()),
            Ok(_) => Err(Refusal::Gate("seen in too few frames".into())),
        },
    }
}
