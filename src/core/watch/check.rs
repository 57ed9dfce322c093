//! The standing check: a countdown to find one's place, then three seconds of keeping still.

/// How long the countdown is, in seconds.
pub const COUNTDOWN: f64 = 3.0;
/// How long the person holds still, in seconds.
pub const HOLD: f64 = 3.0;
/// At least this share of the held frames must be usable.
const MIN_USABLE: f64 = 0.6;
/// And so many.
const MIN_FRAMES: usize = 4;
/// Attempts before it is given up.
pub const ATTEMPTS: u32 = 3;

/// Where the check stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Waiting for somebody who can be measured, feet included.
    Waiting,
    /// So many whole seconds are left to find one's place.
    Countdown(u32),
    /// Frames count now; so many seconds are left.
    Hold(f64),
    /// Enough was taken.
    Done,
    /// Too little was usable; it begins anew.
    Again(String),
    /// Too little was usable too often.
    Failed(String),
}

/// The course of a check.
#[derive(Debug, Clone, Default)]
pub struct Check {
    start: Option<f64>,
    held: usize,
    usable: usize,
    attempts: u32,
}

impl Check {
    /// Takes the next frame: whether somebody can be measured in it, and keeps still.
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

    /// Whether a frame that was answered with this step belongs to the measurement.
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
