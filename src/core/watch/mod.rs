//! Watching over time, independent of pixels: evaluates the analyses of frames of one person.
//!
//! - [`Glimpse`]: one frame's state and values
//! - [`still`]: whether the person keeps still
//! - [`baseline`]: the usual posture: median and scatter over ten seconds
//! - [`alert`]: lasting departures from it
//! - [`period`]: the median over a second's still frames, for the log
//! - [`check`]: the standing check's countdown and hold
//! - [`session`]: the log of a session and its summary
//!
//! Time is seconds of the source's own clock; nothing here reads the system clock, so recorded traces play back exactly.

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

/// The watched measures: tilts and leans in degrees, visible on an upper body or a whole body.
pub const WATCHED: [Measure; 4] =
    [Measure::HeadTilt, Measure::ShoulderTilt, Measure::PelvicObliquity, Measure::TrunkLean];

/// Below this width of the shoulders in the picture the person is too far away, in pixels: one pixel is then more than a degree.
pub const MIN_SHOULDERS_PX: f64 = 45.0;

/// The signals of watch mode: the watched measures, and the distance of the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A tilt or lean, in degrees.
    Tilt(Measure),
    /// The nearness of the face to the camera: 100 times the logarithm of the distance between the eyes as a share of the frame's width.
    Nearness,
    /// The position of the head in front of the shoulders: 100 times the logarithm of the distance between the eyes as a share of the
    /// shoulders' width. A head that comes forward by 5 cm at 60 cm from the camera raises it by 9.
    ForwardHead,
}

/// All signals of watch mode.
pub const SIGNALS: [Signal; WATCHED.len() + 2] = [
    Signal::Tilt(WATCHED[0]),
    Signal::Tilt(WATCHED[1]),
    Signal::Tilt(WATCHED[2]),
    Signal::Tilt(WATCHED[3]),
    Signal::Nearness,
    Signal::ForwardHead,
];

impl Signal {
    /// The name in logs and baselines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Signal::Tilt(measure) => measure.name(),
            Signal::Nearness => "nearness",
            Signal::ForwardHead => "forward_head",
        }
    }

    /// The minimum departure that counts: 3 degrees, a face larger by 15 %, or by 10 % relative to the shoulders. Over ten seconds of
    /// sitting still, the latter two vary by 1 to 2 %.
    #[must_use]
    pub const fn least(self) -> f64 {
        match self {
            Signal::Tilt(_) => 3.0,
            Signal::Nearness => 14.0,
            Signal::ForwardHead => 9.5,
        }
    }

    /// The part of a departure that counts: for a tilt in both directions, for nearness only towards the camera.
    #[must_use]
    pub fn counted(self, by: f64) -> f64 {
        if matches!(self, Signal::Tilt(_)) { by.abs() } else { by.max(0.0) }
    }

    /// A departure in degrees, or in percent.
    #[must_use]
    pub fn shown(self, by: f64) -> f64 {
        if matches!(self, Signal::Tilt(_)) { by } else { 100.0 * (by / 100.0).exp_m1() }
    }
}

/// The state of a frame in watch mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A person is present and can be measured.
    Ready,
    /// A person is present, but too small in the picture.
    TooFar,
    /// A person is present, but turned too far from the camera.
    Turned,
    /// Another person is nearer to the camera, or about as large in the picture and overlaps the watched person.
    OthersNearer,
    /// The visible person is not the watched person.
    SomebodyElse,
    /// The camera has moved since the baseline was taken.
    CameraMoved,
    /// No person is present.
    Away,
    /// Watching is paused by the user.
    Paused,
    /// The source gives no frames.
    Waiting,
}

impl State {
    /// Every state.
    pub const ALL: [State; 9] = [
        State::Ready,
        State::TooFar,
        State::Turned,
        State::OthersNearer,
        State::SomebodyElse,
        State::CameraMoved,
        State::Away,
        State::Paused,
        State::Waiting,
    ];

    /// The name in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::TooFar => "too_far",
            State::Turned => "turned",
            State::OthersNearer => "others_nearer",
            State::SomebodyElse => "somebody_else",
            State::CameraMoved => "camera_moved",
            State::Away => "away",
            State::Paused => "paused",
            State::Waiting => "waiting",
        }
    }

    /// What it means and what to do, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::TooFar => "too far: come nearer",
            State::Turned => "turned: face the camera",
            State::OthersNearer => "somebody else is nearer",
            State::SomebodyElse => "somebody else",
            State::CameraMoved => "the camera moved: take the baseline again",
            State::Away => "away",
            State::Paused => "paused",
            State::Waiting => "waiting for the source",
        }
    }

    /// Whether a frame in this state makes its neighbours doubtful: another person may have been measured, or by a camera that was
    /// moving.
    #[must_use]
    pub const fn is_objection(self) -> bool {
        matches!(self, State::OthersNearer | State::SomebodyElse | State::CameraMoved)
    }

    /// The state of a measured person.
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

/// One frame in watch mode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glimpse {
    /// The source's clock, in seconds.
    pub seconds: f64,
    /// The state of the frame.
    pub state: State,
    /// The view, if a person is present.
    pub view: Option<View>,
    /// The [`WATCHED`] measures in degrees, if they have a value; only when [`State::Ready`].
    pub values: [Option<f64>; WATCHED.len()],
    /// [`Signal::Nearness`] and [`Signal::ForwardHead`], if both eyes and shoulders are visible; only when [`State::Ready`].
    pub closeness: Option<[f64; 2]>,
    /// Whether the person keeps still.
    pub still: bool,
    /// Whether the whole body is in the frame, feet included.
    pub whole: bool,
}

impl Glimpse {
    /// One of the [`SIGNALS`], by its index.
    #[must_use]
    pub fn value(&self, signal: usize) -> Option<f64> {
        match signal.checked_sub(WATCHED.len()) {
            None => self.values[signal],
            Some(index) => self.closeness.and_then(|closeness| closeness.get(index).copied()),
        }
    }

    /// A frame without measured values.
    #[must_use]
    pub fn empty(seconds: f64, state: State) -> Self {
        Self { seconds, state, view: None, values: [None; WATCHED.len()], closeness: None, still: false, whole: false }
    }

    /// A frame with a measured person.
    #[must_use]
    pub fn of(seconds: f64, analysis: &Analysis, others_nearer: bool, still: bool) -> Self {
        let state = State::of(analysis, others_nearer);
        let value = |measure| analysis.assessment.get(measure).as_ref().ok().map(|found| found.value);
        let ready = state == State::Ready;
        let values = if ready { WATCHED.map(value) } else { [None; WATCHED.len()] };
        let closeness = closeness(analysis).filter(|_| ready);
        let joint = |joint| analysis.pose.point(joint).is_ok();
        let whole = [Pair::SHOULDERS, Pair::HIPS, Pair::KNEES, Pair::ANKLES];
        let whole = whole.into_iter().all(|pair| joint(pair.left) && joint(pair.right));
        Self { seconds, state, view: Some(analysis.view), values, closeness, still, whole }
    }

    /// The same frame with another state, in which nothing is judged.
    #[must_use]
    pub fn unjudged(self, state: State) -> Self {
        Self { state, values: [None; WATCHED.len()], closeness: None, ..self }
    }
}

/// See [`Signal::Nearness`] and [`Signal::ForwardHead`].
fn closeness(analysis: &Analysis) -> Option<[f64; 2]> {
    let apart = |pair: Pair| Some(analysis.pose.point(pair.left).ok()?.distance(analysis.pose.point(pair.right).ok()?));
    let (eyes, shoulders) = (apart(Pair::EYES)?, apart(Pair::SHOULDERS)?);
    let logarithm = |share: f64| 100.0 * share.ln();
    (eyes > 1.0 && shoulders > 1.0).then(|| [logarithm(eyes / analysis.frame.width), logarithm(eyes / shoulders)])
}

/// The median of numbers; `None` if there are none.
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

/// The median absolute deviation from the median (MAD); `None` if there are no numbers.
#[must_use]
pub fn median_departure(values: &[f64]) -> Option<f64> {
    let center = median(values)?;
    median(&values.iter().map(|value| (value - center).abs()).collect::<Vec<_>>())
}

/// The ratio of standard deviation to MAD, for a normal distribution.
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
