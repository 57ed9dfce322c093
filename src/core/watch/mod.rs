//! Watching over time, without a look at any pixel: what a frame's analysis means for somebody who is watched.
//!
//! - [`Glimpse`]: one frame's state and values
//! - [`still`]: whether the person stands or sits still
//! - [`baseline`]: how somebody usually stands: median and scatter over ten seconds
//! - [`alert`]: when a departure from that has lasted
//! - [`period`]: the median over a second's still frames, as it is logged
//! - [`check`]: the standing check's countdown and hold
//! - [`session`]: the log of a session and its summary
//!
//! Time is seconds of the source's own clock; nothing here asks what time it is, so recorded traces play back exactly.

pub mod alert;
pub mod baseline;
pub mod check;
pub mod period;
pub mod session;
pub mod smoothing;
pub mod still;

use crate::core::body::skeleton::Pair;
use crate::core::body::view::View;
use crate::core::measure::Measure;
use crate::core::pipeline::Analysis;
use crate::core::quality::TURNED_REFUSE_DEG;

/// What is watched: tilts and leans in degrees that an upper body or a whole body shows.
pub const WATCHED: [Measure; 4] =
    [Measure::HeadTilt, Measure::ShoulderTilt, Measure::PelvicObliquity, Measure::TrunkLean];

/// Shoulders narrower than this in the picture are too far away, in pixels: one pixel is then more than a degree.
pub const MIN_SHOULDERS_PX: f64 = 45.0;

/// What a frame shows, as far as watching goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Somebody is there and can be measured.
    Ready,
    /// Somebody is there, too small in the picture.
    TooFar,
    /// Somebody is there, turned too far from the camera.
    Turned,
    /// Somebody else is nearer to the camera.
    OthersNearer,
    /// Nobody is there.
    Away,
    /// The user has paused the watching.
    Paused,
    /// The source gives no frames.
    Waiting,
}

impl State {
    /// Every state.
    pub const ALL: [State; 7] =
        [State::Ready, State::TooFar, State::Turned, State::OthersNearer, State::Away, State::Paused, State::Waiting];

    /// The word in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::TooFar => "too_far",
            State::Turned => "turned",
            State::OthersNearer => "others_nearer",
            State::Away => "away",
            State::Paused => "paused",
            State::Waiting => "waiting",
        }
    }

    /// What it means and what can be done, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::TooFar => "too far: come nearer",
            State::Turned => "turned: face the camera",
            State::OthersNearer => "somebody else is nearer",
            State::Away => "away",
            State::Paused => "paused",
            State::Waiting => "waiting for the source",
        }
    }

    /// The state of somebody who was measured.
    #[must_use]
    pub fn of(analysis: &Analysis, others_nearer: bool) -> Self {
        let shoulders = analysis.pose.point(Pair::SHOULDERS.left).and_then(|left| {
            let right = analysis.pose.point(Pair::SHOULDERS.right)?;
            Ok(left.distance(right))
        });
        let turned =
            analysis.view.facing().is_none() || analysis.yaw.is_some_and(|yaw| yaw.deg.abs() > TURNED_REFUSE_DEG);
        match shoulders {
            _ if others_nearer => State::OthersNearer,
            _ if turned => State::Turned,
            Ok(px) if px < MIN_SHOULDERS_PX => State::TooFar,
            _ => State::Ready,
        }
    }
}

/// One frame, as far as watching goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glimpse {
    /// The source's clock, in seconds.
    pub seconds: f64,
    /// What the frame shows.
    pub state: State,
    /// From which side, when somebody is there.
    pub view: Option<View>,
    /// The [`WATCHED`] measures in degrees, those that could be taken; only when [`State::Ready`].
    pub values: [Option<f64>; WATCHED.len()],
    /// Whether the person keeps still.
    pub still: bool,
}

impl Glimpse {
    /// A frame in which nothing is measured.
    #[must_use]
    pub fn empty(seconds: f64, state: State) -> Self {
        Self { seconds, state, view: None, values: [None; WATCHED.len()], still: false }
    }

    /// A frame in which somebody was measured.
    #[must_use]
    pub fn of(seconds: f64, analysis: &Analysis, others_nearer: bool, still: bool) -> Self {
        let state = State::of(analysis, others_nearer);
        let value = |measure| analysis.assessment.get(measure).as_ref().ok().map(|found| found.value);
        let values = if state == State::Ready { WATCHED.map(value) } else { [None; WATCHED.len()] };
        Self { seconds, state, view: Some(analysis.view), values, still }
    }
}

/// The median of numbers; `None` of none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        count if count % 2 == 1 => Some(sorted[middle]),
        _ => Some(0.5 * (sorted[middle - 1] + sorted[middle])),
    }
}

/// The median absolute departure from the median (MAD); `None` of nothing.
#[must_use]
pub fn median_departure(values: &[f64]) -> Option<f64> {
    let center = median(values)?;
    median(&values.iter().map(|value| (value - center).abs()).collect::<Vec<_>>())
}

/// How many standard deviations a MAD is, for a normal distribution.
pub const MAD_TO_SD: f64 = 1.4826;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_their_departures() {
        assert_eq!((median(&[]), median_departure(&[])), (None, None));
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median_departure(&[1.0, 1.0, 2.0, 4.0, 100.0]), Some(1.0));
    }

    #[test]
    fn every_state_has_its_own_name() {
        let mut names: Vec<&str> = State::ALL.iter().map(|state| state.name()).collect();
        names.dedup();
        assert_eq!(names.len(), State::ALL.len());
    }
}
