//! The one-euro filter: steady at rest, with little lag in movement.
//!
//! In MediaPipe's form (the derivative is taken from the raw values, and values are scaled by the body's size), so the same parameters
//! have the same meaning. Only displayed values are smoothed; logged values are not. Time is real time, never a count of frames.

use crate::core::body::pose::{Keypoint, Pose};
use crate::core::body::skeleton::Joint;
use crate::core::geometry::Point;

/// The filter's three constants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneEuro {
    /// Cutoff of a value at rest, in hertz: lower = steadier.
    pub min_cutoff: f64,
    /// The increase of the cutoff with speed (hertz per scaled unit a second): higher = less lag.
    pub beta: f64,
    /// Cutoff of the speed itself, in hertz.
    pub derivative_cutoff: f64,
}

/// MediaPipe's parameters for the joints in the picture.
pub const JOINTS: OneEuro = OneEuro { min_cutoff: 0.05, beta: 80.0, derivative_cutoff: 1.0 };
/// Sizes below this (pixels) have no scale to smooth by.
const MIN_SIZE: f64 = 1e-6;

/// One number over time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Filter {
    last: Option<Last>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Last {
    seconds: f64,
    raw: f64,
    smooth: f64,
    speed: f64,
}

/// The weight of a new value in a low-pass filter with a cutoff, at a frequency (both in hertz).
fn alpha(cutoff: f64, frequency: f64) -> f64 {
    1.0 / (1.0 + frequency / (std::f64::consts::TAU * cutoff))
}

impl Filter {
    /// The next value, smoothed. `scale` is the reciprocal of the reference size. The first value passes through, and so does one that is
    /// not later than the last.
    pub fn next(&mut self, form: &OneEuro, seconds: f64, value: f64, scale: f64) -> f64 {
        let Some(last) = self.last else {
            self.last = Some(Last { seconds, raw: value, smooth: value, speed: 0.0 });
            return value;
        };
        if seconds <= last.seconds {
            return value;
        }
        let frequency = 1.0 / (seconds - last.seconds);
        let weight = alpha(form.derivative_cutoff, frequency);
        let speed = weight * (value - last.raw) * scale * frequency + (1.0 - weight) * last.speed;
        let weight = alpha(form.min_cutoff + form.beta * speed.abs(), frequency);
        let smooth = weight * value + (1.0 - weight) * last.smooth;
        self.last = Some(Last { seconds, raw: value, smooth, speed });
        smooth
    }
}

/// A pose over time: every coordinate of every joint is filtered independently.
#[derive(Debug, Clone, PartialEq)]
pub struct PoseFilter {
    form: OneEuro,
    joints: [[Filter; 2]; Joint::COUNT],
}

impl PoseFilter {
    /// A filter without history.
    #[must_use]
    pub fn new(form: OneEuro) -> Self {
        Self { form, joints: [[Filter::default(); 2]; Joint::COUNT] }
    }

    /// Clears the history, as after the person has left.
    pub fn reset(&mut self) {
        self.joints = [[Filter::default(); 2]; Joint::COUNT];
    }

    /// The next pose, smoothed; `size` is the body's size in pixels. A joint without a place loses its history.
    pub fn next(&mut self, seconds: f64, pose: &Pose, size: f64) -> Pose {
        if size < MIN_SIZE {
            return pose.clone();
        }
        let (form, scale) = (self.form, 1.0 / size);
        Pose::from_joints(|joint| {
            let filters = &mut self.joints[joint.index()];
            match pose.get(joint) {
                Ok(keypoint) => {
                    let x = filters[0].next(&form, seconds, keypoint.at.x, scale);
                    let y = filters[1].next(&form, seconds, keypoint.at.y, scale);
                    Ok(Keypoint { at: Point::new(x, y), ..keypoint })
                }
                Err(missing) => {
                    *filters = [Filter::default(); 2];
                    Err(missing)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_at_30_hertz_as_worked_out_by_hand() {
        for (cutoff, weight) in [
            (0.01, 0.0021),
            (0.05, 0.0104),
            (0.1, 0.0205),
            (1.0, 0.1732),
            (10.01, 0.6771),
            (40.1, 0.8936),
            (80.05, 0.9437),
        ] {
            assert!((alpha(cutoff, 30.0) - weight).abs() < 5e-5, "{cutoff}");
        }
    }

    #[test]
    fn a_step_as_worked_out_by_hand() {
        let mut filter = Filter::default();
        let steps = [
            (100.0, 100.0),
            (100.0, 100.0),
            (102.0, 100.6166),
            (110.0, 106.9840),
            (110.0, 108.9022),
            (110.0, 109.5513),
        ];
        for (k, (value, smooth)) in steps.into_iter().enumerate() {
            let found = filter.next(&JOINTS, 1.0 + 0.033_333 * k as f64, value, 1.0 / 400.0);
            assert!((found - smooth).abs() < 5e-4, "{k}: {found}, expected {smooth}");
        }
    }

    #[test]
    fn time_that_stands_still_or_runs_back_changes_nothing() {
        let mut filter = Filter::default();
        filter.next(&JOINTS, 5.0, 10.0, 0.01);
        let before = filter;
        assert_eq!(filter.next(&JOINTS, 5.0, 30.0, 0.01), 30.0);
        assert_eq!(filter.next(&JOINTS, 4.0, 30.0, 0.01), 30.0);
        assert_eq!(filter, before);
    }

    #[test]
    fn the_same_movement_is_smoothed_alike_whatever_the_frame_rate() {
        let at_one_second = |rate: usize| {
            let mut filter = Filter::default();
            (0..=rate).fold(0.0, |_, k| {
                let time = k as f64 / rate as f64;
                filter.next(&JOINTS, time, 100.0 + 20.0 * time, 1.0 / 400.0)
            })
        };
        assert!((at_one_second(15) - at_one_second(60)).abs() < 1.0);
    }

    #[test]
    fn noise_of_a_still_point_shrinks_and_a_lost_joint_starts_anew() {
        let at = |x: f64| Pose::from_points([(Joint::Nose, Point::new(x, 50.0))]);
        let mut filter = PoseFilter::new(JOINTS);
        let (mut noisy, mut smooth) = (0.0_f64, 0.0_f64);
        for k in 0..90 {
            let x = 200.0 + if k % 2 == 0 { 0.5 } else { -0.5 };
            let shown = filter.next(k as f64 / 30.0, &at(x), 400.0).point(Joint::Nose).expect("given");
            if k > 10 {
                noisy = noisy.max((x - 200.0).abs());
                smooth = smooth.max((shown.x - 200.0).abs());
            }
        }
        assert!(smooth < 0.75 * noisy, "{smooth} of {noisy}");
        filter.next(3.0, &Pose::default(), 400.0);
        assert_eq!(filter.next(3.1, &at(700.0), 400.0).point(Joint::Nose).expect("given").x, 700.0);
    }
}
