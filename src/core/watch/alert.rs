//! When a departure from the baseline has lasted: one event when it has, one when it is over.
//!
//! A measure departs when it lies farther from its usual value than `max(3 degrees, 3 MAD)` times the preset's factor; a face that is
//! larger than usual by 15 %, or by 10 % against the shoulders, departs in the same way ([`Signal`]). After
//! [`DWELL`] seconds of that an episode begins; it is over when every measure has been back within [`BACK`] of its limit for
//! [`BACK_FOR`] seconds. While nobody can be judged (away, turned, too far, somebody else, a camera that moved, paused) nothing begins.

use std::collections::VecDeque;

use super::baseline::Baseline;
use super::{Glimpse, SIGNALS, Signal, State, median};

/// The least tilt that counts where there is no baseline, in degrees.
pub const LEAST_DEG: f64 = 3.0;
/// And in MADs of the baseline.
pub const LEAST_MADS: f64 = 3.0;
/// A departure must last so long, in seconds.
pub const DWELL: f64 = 10.0;
/// It is over within this share of the limit.
pub const BACK: f64 = 0.7;
/// For so long, in seconds.
pub const BACK_FOR: f64 = 3.0;
/// Departures are judged on the median over this time, in seconds: single frames err.
const SMOOTHED: f64 = 1.0;
/// A departure that could not be judged for so long begins anew, in seconds.
const GAP: f64 = 1.5;
/// An episode of somebody who cannot be judged any more is over after this, in seconds.
const GONE_FOR: f64 = 3.0;

/// How soon to speak up.
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
    /// What limits are multiplied with.
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
    /// Of what.
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
                // "trunk leans to the left" reads on as "more than usual".
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

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A departure has lasted.
    Begin {
        /// When it was noticed, in seconds.
        seconds: f64,
        /// Since when it lasts, in seconds.
        since: f64,
        /// What departs, the largest first.
        departures: Vec<Departure>,
    },
    /// It is over.
    End {
        /// When, in seconds.
        seconds: f64,
        /// Since when it had lasted, in seconds.
        since: f64,
        /// Why: `Ready` when the person is back at the usual posture, else what keeps from judging.
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

/// Watches one person against a baseline.
#[derive(Debug, Clone)]
pub struct Watch {
    baseline: Baseline,
    preset: Preset,
    courses: [Course; SIGNALS.len()],
    recent: VecDeque<Glimpse>,
    judged: Option<f64>,
    latest: Option<f64>,
    /// The start of the episode that was announced.
    episode: Option<f64>,
    snoozed_until: Option<f64>,
}

impl Watch {
    /// Watches against a baseline.
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

    /// A signal's limit: departures beyond it count, in its unit. `None` for what the baseline does not have.
    #[must_use]
    pub fn limit(&self, signal: Signal) -> Option<f64> {
        let usual = self.baseline.usual(signal)?;
        Some(signal.least().max(LEAST_MADS * usual.mad) * self.preset.factor())
    }

    /// Whether an episode lasts.
    #[must_use]
    pub fn is_departing(&self) -> bool {
        self.episode.is_some()
    }

    /// Begins no episode before a time, in seconds of the source's clock.
    pub fn snooze(&mut self, until: f64) {
        self.snoozed_until = Some(until);
    }

    /// Until when it is snoozed, if it is at this time.
    #[must_use]
    pub fn snoozed(&self, seconds: f64) -> Option<f64> {
        self.snoozed_until.filter(|until| seconds < *until)
    }

    /// Takes the next frame. A frame that is not later than the last is not looked at.
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

    /// How far the median of the last second lies from the usual value.
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

    /// What went before is unknown; an announced episode goes on until it is over.
    fn start_anew(&mut self) {
        self.recent.clear();
        let lasting = self.episode.is_some();
        for course in &mut self.courses {
            *course = Course { departing: course.departing && lasting, ..Course::default() };
        }
    }
}
