//! Detects lasting departures from the baseline: one event when an episode begins, one when it ends.
//!
//! A measure departs when it differs from its usual value by more than `max(3 degrees, 3 MAD)` times the preset's factor; a face that is
//! larger than usual by 15 %, or by 10 % relative to the shoulders, departs likewise ([`Signal`]). After [`DWELL`] seconds of departure
//! an episode begins; it ends when every measure has been back within [`BACK`] of its limit for [`BACK_FOR`] seconds. While the person
//! cannot be judged (away, turned, too far, another person, a camera that moved, paused) no episode begins.

use std::collections::VecDeque;

use super::baseline::Baseline;
use super::{Glimpse, SIGNALS, Signal, State, median};

/// The minimum tilt that counts without a baseline, in degrees.
pub const LEAST_DEG: f64 = 3.0;
/// The same in MADs of the baseline.
pub const LEAST_MADS: f64 = 3.0;
/// The minimum duration of a departure, in seconds.
pub const DWELL: f64 = 10.0;
/// A departure ends within this share of the limit.
pub const BACK: f64 = 0.7;
/// After this duration, in seconds.
pub const BACK_FOR: f64 = 3.0;
/// Departures are judged on the median over this time, in seconds: single frames are inaccurate.
const SMOOTHED: f64 = 1.0;
/// A departure that could not be judged for this long starts again, in seconds.
const GAP: f64 = 1.5;
/// An episode ends after the person could not be judged for this long, in seconds.
const GONE_FOR: f64 = 3.0;

/// The sensitivity of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Limits x 1.5.
    Low,
    /// Limits x 1.
    Medium,
    /// Limits x 0.7.
    High,
}

impl Preset {
    /// The factor on limits.
    #[must_use]
    pub const fn factor(self) -> f64 {
        match self {
            Preset::Low => 1.5,
            Preset::Medium => 1.0,
            Preset::High => 0.7,
        }
    }
}

/// A departure from the usual value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Departure {
    /// The signal.
    pub signal: Signal,
    /// Value minus usual value, in the signal's unit: of a tilt, positive = the subject's left is higher, or leans more to the left,
    /// than usual.
    pub by: f64,
}

impl Departure {
    /// In words: `left shoulder higher than usual by 5.2 deg`.
    #[must_use]
    pub fn words(&self) -> String {
        let shown = self.signal.shown(self.by);
        match self.signal {
            Signal::Tilt(measure) => {
                let [positive, negative] = measure.says();
                let says = if self.by > 0.0 { positive } else { negative };
                // "trunk leans to the left" continues with "more than usual".
                let more = if says.ends_with("higher") { "" } else { " more" };
                format!("{says}{more} than usual by {:.1} deg", shown.abs())
            }
            Signal::Nearness => format!("face nearer than usual (larger by {shown:.0} %)"),
            Signal::ForwardHead => {
                format!("head farther forward than usual (larger against the shoulders by {shown:.0} %)")
            }
        }
    }
}

/// An event of an episode.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A departure has lasted.
    Begin {
        /// The time of detection, in seconds.
        seconds: f64,
        /// The start of the departure, in seconds.
        since: f64,
        /// The departing signals, the largest departure first.
        departures: Vec<Departure>,
    },
    /// The episode has ended.
    End {
        /// The time of the end, in seconds.
        seconds: f64,
        /// The start of the departure, in seconds.
        since: f64,
        /// The reason: `Ready` when the person is back at the usual posture, else the state that prevents judging.
        why: State,
    },
}

/// One measure's departure over time.
#[derive(Debug, Clone, Copy, Default)]
struct Course {
    over_since: Option<f64>,
    back_since: Option<f64>,
    departing: bool,
}

/// Compares one person with a baseline.
#[derive(Debug, Clone)]
pub struct Watch {
    baseline: Baseline,
    preset: Preset,
    courses: [Course; SIGNALS.len()],
    recent: VecDeque<Glimpse>,
    judged: Option<f64>,
    latest: Option<f64>,
    /// The start of the reported episode.
    episode: Option<f64>,
    snoozed_until: Option<f64>,
}

impl Watch {
    /// Starts comparing with a baseline.
    #[must_use]
    pub fn new(baseline: Baseline, preset: Preset) -> Self {
        Self {
            baseline,
            preset,
            courses: [Course::default(); SIGNALS.len()],
            recent: VecDeque::new(),
            judged: None,
            latest: None,
            episode: None,
            snoozed_until: None,
        }
    }

    /// The baseline.
    #[must_use]
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }

    /// A signal's limit: departures beyond it count, in its unit. `None` if the baseline does not include it.
    #[must_use]
    pub fn limit(&self, signal: Signal) -> Option<f64> {
        let usual = self.baseline.usual(signal)?;
        Some(signal.least().max(LEAST_MADS * usual.mad) * self.preset.factor())
    }

    /// Whether an episode is in progress.
    #[must_use]
    pub fn is_departing(&self) -> bool {
        self.episode.is_some()
    }

    /// Suppresses new episodes until a time, in seconds of the source's clock.
    pub fn snooze(&mut self, until: f64) {
        self.snoozed_until = Some(until);
    }

    /// The end of the snooze, if it is active at this time.
    #[must_use]
    pub fn snoozed(&self, seconds: f64) -> Option<f64> {
        self.snoozed_until.filter(|until| seconds < *until)
    }

    /// Processes the next frame. A frame that is not later than the last is ignored.
    pub fn next(&mut self, glimpse: &Glimpse) -> Option<Event> {
        let now = glimpse.seconds;
        if self.latest.is_some_and(|latest| now <= latest) {
            return None;
        }
        self.latest = Some(now);
        let same_view = glimpse.view == Some(self.baseline.view);
        if glimpse.state != State::Ready || !same_view {
            return self.unjudged(glimpse);
        }
        if self.judged.is_some_and(|judged| now - judged > GAP) {
            self.start_anew();
        }
        self.judged = Some(now);
        self.recent.push_back(*glimpse);
        while self.recent.front().is_some_and(|first| now - first.seconds > SMOOTHED) {
            self.recent.pop_front();
        }
        for (index, signal) in SIGNALS.into_iter().enumerate() {
            let (Some(limit), Some(by)) = (self.limit(signal), self.departure(index)) else {
                self.courses[index] = Course::default();
                continue;
            };
            let course = &mut self.courses[index];
            let by = signal.counted(by);
            let over = by > limit;
            course.over_since = if over { course.over_since.or(Some(now)) } else { None };
            let back = by <= BACK * limit;
            course.back_since = if back { course.back_since.or(Some(now)) } else { None };
            if course.over_since.is_some_and(|since| now - since >= DWELL) {
                course.departing = true;
            } else if course.back_since.is_some_and(|since| now - since >= BACK_FOR) {
                course.departing = false;
            }
        }
        self.tell(now)
    }

    /// The difference between the median of the last second and the usual value.
    fn departure(&self, index: usize) -> Option<f64> {
        let values: Vec<f64> = self.recent.iter().filter_map(|glimpse| glimpse.value(index)).collect();
        Some(median(&values)? - self.baseline.usual(SIGNALS[index])?.median)
    }

    fn tell(&mut self, now: f64) -> Option<Event> {
        let departing = self.courses.iter().any(|course| course.departing);
        match self.episode {
            None if departing && self.snoozed(now).is_none() => {
                let mut departures: Vec<Departure> = SIGNALS
                    .into_iter()
                    .enumerate()
                    .filter(|(index, _)| self.courses[*index].departing || self.courses[*index].over_since.is_some())
                    .filter_map(|(index, signal)| Some(Departure { signal, by: self.departure(index)? }))
                    .collect();
                let weight = |departure: &Departure| departure.signal.counted(departure.by) / departure.signal.least();
                departures.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
                let since =
                    self.courses.iter().filter(|course| course.departing).filter_map(|course| course.over_since);
                let since = since.fold(now, f64::min);
                self.episode = Some(since);
                Some(Event::Begin { seconds: now, since, departures })
            }
            Some(since) if !departing => {
                self.episode = None;
                Some(Event::End { seconds: now, since, why: State::Ready })
            }
            _ => None,
        }
    }

    fn unjudged(&mut self, glimpse: &Glimpse) -> Option<Event> {
        let since_judged = self.judged.map_or(f64::INFINITY, |judged| glimpse.seconds - judged);
        if since_judged < GONE_FOR {
            return None;
        }
        self.start_anew();
        let why = if glimpse.state == State::Ready { State::Turned } else { glimpse.state };
        self.episode.take().map(|since| Event::End { seconds: glimpse.seconds, since, why })
    }

    /// Resets the history; a reported episode continues until it ends.
    fn start_anew(&mut self) {
        self.recent.clear();
        let lasting = self.episode.is_some();
        for course in &mut self.courses {
            *course = Course { departing: course.departing && lasting, ..Course::default() };
        }
    }
}
