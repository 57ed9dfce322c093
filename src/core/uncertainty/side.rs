//! Where a model's points lie in side views, against the places that their names mean.
//!
//! Seen from the side, BlazePose's ear lies in front of the ear's opening and its hip in front of the hip joint, on rendered people and
//! against labels on real photos alike. What both sets agree on is taken out; it is data (`side.json`) that `tools/side.rs` makes.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::core::body::pose::{Keypoint, Pose};
use crate::core::body::skeleton::{Pair, Side};
use crate::core::geometry::Vec2;
use crate::core::measure::lateral::forward_sign;
use crate::core::uncertainty::calibration::FittedOn;

/// The offsets, with where they come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SideFit {
    /// The day it was made.
    pub made: String,
    /// The program that made it.
    pub by: String,
    /// What it was made from.
    pub sets: Vec<FittedOn>,
    /// The offsets.
    pub offsets: SideOffsets,
}

/// How far forward of their true places a model's points lie on the near side, as a share of the trunk's length.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SideOffsets {
    /// The ear, against the ear's opening.
    pub ear: f64,
    /// The hip, against its joint.
    pub hip: f64,
}

impl SideOffsets {
    /// The pose with the model's points at their true places. Points placed by hand stay; so does a pose without a trunk or a face.
    #[must_use]
    pub fn taken_out(&self, pose: &Pose, near: Side) -> Pose {
        let ends = [Pair::SHOULDERS, Pair::HIPS].map(|pair| pose.point(pair.on(near)));
        let ([Ok(shoulder), Ok(hip)], Ok(forward)) = (ends, forward_sign(pose, near)) else { return pose.clone() };
        let trunk = shoulder.distance(hip);
        let mut placed = pose.clone();
        for (pair, offset) in [(Pair::EARS, self.ear), (Pair::HIPS, self.hip)] {
            let joint = pair.on(near);
            if let Some(point) = pose.get(joint).ok().filter(|point| !point.by_hand) {
                let at = point.at + Vec2::new(-forward * offset * trunk, 0.0);
                placed.set(joint, Ok(Keypoint { at, ..point }));
            }
        }
        placed
    }
}

/// The numbers that this version measures with.
#[must_use]
#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
pub fn fitted() -> &'static SideFit {
    static FITTED: LazyLock<SideFit> =
        LazyLock::new(|| serde_json::from_str(include_str!("side.json")).expect("side.json holds a fit"));
    &FITTED
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::body::skeleton::Joint;
    use crate::core::geometry::Point;

    fn facing_right() -> Pose {
        Pose::from_points([
            (Joint::Nose, Point::new(160.0, 50.0)),
            (Joint::LeftEar, Point::new(120.0, 50.0)),
            (Joint::LeftShoulder, Point::new(100.0, 100.0)),
            (Joint::LeftHip, Point::new(100.0, 300.0)),
        ])
    }

    #[test]
    fn points_move_back_by_their_share_of_the_trunk_and_hand_placed_ones_stay() {
        let offsets = SideOffsets { ear: 0.04, hip: 0.03 };
        let placed = offsets.taken_out(&facing_right(), Side::Left);
        assert_eq!(placed.point(Joint::LeftEar), Ok(Point::new(112.0, 50.0)));
        assert_eq!(placed.point(Joint::LeftHip), Ok(Point::new(94.0, 300.0)));
        assert_eq!(placed.point(Joint::LeftShoulder), Ok(Point::new(100.0, 100.0)));
        let mut by_hand = facing_right();
        let ear = by_hand.get(Joint::LeftEar).expect("given");
        by_hand.set(Joint::LeftEar, Ok(Keypoint { by_hand: true, ..ear }));
        assert_eq!(offsets.taken_out(&by_hand, Side::Left).point(Joint::LeftEar), Ok(Point::new(120.0, 50.0)));
        // Without the other side's joints nothing is known.
        assert_eq!(offsets.taken_out(&facing_right(), Side::Right), facing_right());
    }

    #[test]
    fn the_file_says_where_its_numbers_come_from() {
        let fit = fitted();
        for kind in ["real", "rendered"] {
            assert!(fit.sets.iter().any(|set| set.kind == kind && set.photos >= 20 && set.truth_blake3.len() == 64));
        }
        let SideOffsets { ear, hip } = fit.offsets;
        assert!([ear, hip].iter().all(|offset| offset.abs() < 0.1));
    }
}
