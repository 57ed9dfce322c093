//! Whether the person keeps still.

use std::collections::VecDeque;

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::Pair;
use crate::core::geometry::Point;

/// The length of the window, in seconds.
const WINDOW: f64 = 0.8;
/// The largest movement of the middle of the shoulders within the window, as a share of the shoulders' width: about 2 cm.
const MOST: f64 = 0.06;

/// The recent positions of a person's shoulders.
#[derive(Debug, Clone, Default)]
pub struct Stillness {
    places: VecDeque<(f64, Point)>,
}

impl Stillness {
    /// Clears the history.
    pub fn reset(&mut self) {
        self.places.clear();
    }

    /// Adds the next pose (in any pixel unit) and returns whether the person has kept still; `false` until half of the window is known.
    pub fn next(&mut self, seconds: f64, pose: &Pose) -> bool {
        let (Ok(middle), Ok(left), Ok(right)) =
            (pose.midpoint(Pair::SHOULDERS), pose.point(Pair::SHOULDERS.left), pose.point(Pair::SHOULDERS.right))
        else {
            self.reset();
            return false;
        };
        if self.places.back().is_some_and(|(last, _)| seconds <= *last || seconds - last > WINDOW) {
            self.reset();
        }
        self.places.push_back((seconds, middle));
        while self.places.front().is_some_and(|(first, _)| seconds - first > WINDOW) {
            self.places.pop_front();
        }
        let known = self.places.front().map_or(0.0, |(first, _)| seconds - first);
        let most = MOST * left.distance(right);
        known >= 0.5 * WINDOW && self.places.iter().all(|(_, place)| place.distance(middle) <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::body::skeleton::Joint;

    fn shoulders(x: f64) -> Pose {
        Pose::from_points([
            (Joint::LeftShoulder, Point::new(x + 100.0, 200.0)),
            (Joint::RightShoulder, Point::new(x - 100.0, 200.0)),
        ])
    }

    #[test]
    fn sway_is_still_and_a_step_is_not() {
        let mut still = Stillness::default();
        let mut at = |seconds: f64, x: f64| still.next(seconds, &shoulders(x));
        assert!(!at(0.0, 500.0), "nothing known yet");
        assert!(!at(0.1, 500.0));
        assert!(at(0.45, 504.0), "8 mm");
        assert!(!at(0.5, 530.0));
        assert!(!at(1.1, 530.0), "the start is still in the window");
        assert!(at(1.55, 531.0));
        assert!(!at(4.0, 531.0), "after a gap all begins anew");
    }

    #[test]
    fn without_shoulders_nothing_is_known() {
        let mut still = Stillness::default();
        for k in 0..5 {
            assert!(!still.next(0.1 * f64::from(k), &Pose::default()));
        }
    }
}
