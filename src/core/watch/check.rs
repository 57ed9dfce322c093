//! The standing check: a countdown to take position, then three seconds of standing still.

/// The duration of the countdown, in seconds.
pub const COUNTDOWN: f64 = 3.0;
/// The duration of standing still, in seconds.
pub const HOLD: f64 = 3.0;
/// The minimum share of usable frames during the hold.
const MIN_USABLE: f64 = 0.6;
/// And their minimum number.
const MIN_FRAMES: usize = 4;
/// The number of attempts before the check fails.
pub const ATTEMPTS: u32 = 3;

/// The state of the check.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Waiting for a person who can be measured, feet included.
    Waiting,
    /// Countdown, with the whole seconds left.
    Countdown(u32),
    /// Frames are being measured; with the seconds left.
    Hold(f64),
    /// Enough frames were taken.
    Done,
    /// Too few frames were usable; it starts again.
    Again(String),
    /// Too few frames were usable too often.
    Failed(String),
}

/// The progress of a check.
#[derive(Debug, Clone, Default)]
pub struct Check {
    start: Option<f64>,
    held: usize,
    usable: usize,
    attempts: u32,
}

impl Check {
    /// Processes the next frame, given whether a person can be measured in it and stands still.
    pub fn next(&mut self, seconds: f64, ready: bool, still: bool) -> Step {
        let Some(start) = self.start else {
            if ready {
                self.start = Some(seconds);
                return Step::Countdown(COUNTDOWN as u32);
            }
            return Step::Waiting;
        };
        let left = start + COUNTDOWN - seconds;
        if left > 0.0 {
            return Step::Countdown(left.ceil() as u32);
        }
        let left = left + HOLD;
        if left > 0.0 {
            self.held += 1;
            self.usable += usize::from(ready && still);
            return Step::Hold(left);
        }
        let (held, usable) = (self.held, self.usable);
        if usable >= MIN_FRAMES && usable as f64 >= MIN_USABLE * held as f64 {
            return Step::Done;
        }
        let attempts = self.attempts + 1;
        *self = Self { attempts, ..Self::default() };
        let reason = format!("only {usable} of {held} frames showed somebody who kept still and can be measured");
        if attempts < ATTEMPTS { Step::Again(reason) } else { Step::Failed(reason) }
    }

    /// Whether a frame with this step is part of the measurement.
    #[must_use]
    pub fn counts(step: &Step) -> bool {
        matches!(step, Step::Hold(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(mut ready_and_still: impl FnMut(f64) -> (bool, bool)) -> Vec<Step> {
        let mut check = Check::default();
        let mut steps = Vec::new();
        for k in 0..400 {
            let seconds = 0.1 * f64::from(k);
            let (ready, still) = ready_and_still(seconds);
            let step = check.next(seconds, ready, still);
            let over = matches!(step, Step::Done | Step::Failed(_));
            steps.push(step);
            if over {
                break;
            }
        }
        steps
    }

    #[test]
    fn it_waits_counts_down_holds_and_is_done() {
        let steps = course(|seconds| (seconds > 0.95, true));
        assert_eq!(&steps[..10], &vec![Step::Waiting; 10][..]);
        assert_eq!(
            (&steps[10], &steps[25], &steps[35]),
            (&Step::Countdown(3), &Step::Countdown(2), &Step::Countdown(1))
        );
        let holds = steps.iter().filter(|step| Check::counts(step)).count();
        assert!((29..=31).contains(&holds), "{holds}");
        assert_eq!(steps.last(), Some(&Step::Done));
    }

    #[test]
    fn somebody_who_moves_is_asked_again_and_given_up_at_last() {
        let steps = course(|_| (true, false));
        assert_eq!(steps.iter().filter(|step| matches!(step, Step::Again(_))).count(), 2);
        let Some(Step::Failed(reason)) = steps.last() else { panic!("{:?}", steps.last()) };
        assert!(reason.contains("kept still"), "{reason}");
        let moved_first = course(|seconds| (true, seconds > 7.0));
        assert_eq!(moved_first.last(), Some(&Step::Done));
    }
}
