//! Where the joints of a person lie who is seen from the side, against the places that their names mean.
//!
//! BlazePose's ear lies in front of the ear's opening and its hip in front of the hip joint, on rendered people and against labels on
//! real photos alike. What both sets agree on is taken out; what is left is drawn towards a second model, which does not err so. Both are
//! data (`side.json`) that `tools/side.rs` makes.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::core::body::pose::{Keypoint, MIN_VISIBILITY, Pose};
use crate::core::body::skeleton::{Joint, Pair, Side};
use crate::core::geometry::Vec2;
use crate::core::measure::lateral::forward_sign;
use crate::core::uncertainty::calibration::FittedOn;
use crate::core::uncertainty::second::APART;

/// Offsets and shares, with where they come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SideFit {
    /// The day it was made.
    pub made: String,
    /// The program that made it.
    pub by: String,
    /// The second model that it was made with.
    pub model: String,
    /// What it was made from.
    pub sets: Vec<FittedOn>,
    /// The offsets.
    pub offsets: SideOffsets,
    /// The second model's shares.
    pub shares: SideShares,
    /// What tells the turn of the body.
    pub turn: SideTurn,
}

/// What tells the turn of a body that is seen from the side: see [`crate::core::camera::sagittal_plane`].
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SideTurn {
    /// How broad a body is.
    pub breadths: Breadths,
    /// The standard deviation of the turn, in degrees.
    pub sd_deg: f64,
    /// That of a turn of which nothing is known: how far people are turned who are seen from the side.
    pub unknown_sd_deg: f64,
}

/// Half of the distance between the left and the right joint, as shares of the trunk's length.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Breadths {
    /// See [`Breadths`].
    pub ears: f64,
    /// See [`Breadths`].
    pub shoulders: f64,
    /// See [`Breadths`].
    pub hips: f64,
    /// See [`Breadths`].
    pub knees: f64,
    /// See [`Breadths`].
    pub ankles: f64,
}

impl Breadths {
    /// The pairs whose breadth is known.
    pub const PAIRS: [Pair; 5] = [Pair::EARS, Pair::SHOULDERS, Pair::HIPS, Pair::KNEES, Pair::ANKLES];

    /// In the order of [`Breadths::PAIRS`].
    #[must_use]
    pub fn from_pairs([ears, shoulders, hips, knees, ankles]: [f64; 5]) -> Self {
        Self { ears, shoulders, hips, knees, ankles }
    }

    /// That of a pair; 0 for one that is not among [`Breadths::PAIRS`].
    #[must_use]
    pub fn of(&self, pair: Pair) -> f64 {
        let all = [self.ears, self.shoulders, self.hips, self.knees, self.ankles];
        Self::PAIRS.into_iter().zip(all).find(|(known, _)| *known == pair).map_or(0.0, |(_, breadth)| breadth)
    }
}

/// How far forward of their true places a model's points lie on the near side, as a share of the trunk's length.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SideOffsets {
    /// The ear, against the ear's opening.
    pub ear: f64,
    /// The hip, against its joint.
    pub hip: f64,
}

/// The second model's share in the place of a joint of the near side, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SideShares {
    /// Joints that both models place farther apart than this, in trunk lengths, stay with the first.
    pub apart: f64,
    /// The ear.
    pub ear: f64,
    /// The hip.
    pub hip: f64,
}

impl SideFit {
    /// The pose with the near side's ear and hip at their true places: what the first model is known to err by is taken out, and the
    /// second model's joints are weighted in. Points placed by hand stay; so does a pose without a trunk or a face.
    #[must_use]
    pub fn placed(&self, pose: &Pose, second: Option<&Pose>, near: Side) -> Pose {
        let placed = self.offsets.taken_out(pose, near);
        second.map_or(placed.clone(), |second| drawn(&placed, second, near, self.shares.apart, &self.shares.joints()))
    }

    /// Whether a second model has a part in both places of [`SideFit::placed`], those by hand aside.
    #[must_use]
    pub fn is_joined(&self, pose: &Pose, second: &Pose, near: Side) -> bool {
        let placed = self.offsets.taken_out(pose, near);
        self.shares.joints().iter().all(|(pair, share)| {
            let by_hand = pose.get(pair.on(near)).is_ok_and(|point| point.by_hand);
            *share == 0.0 || by_hand || other_place(&placed, second, pair.on(near), self.shares.apart).is_some()
        })
    }
}

impl SideShares {
    fn joints(&self) -> [(Pair, f64); 2] {
        [(Pair::EARS, self.ear), (Pair::HIPS, self.hip)]
    }
}

/// What the second model alone would have measured: its joints of the near side in place of ours.
#[must_use]
pub fn alone(first: &Pose, second: &Pose, near: Side) -> Pose {
    let all = [Pair::EARS, Pair::SHOULDERS, Pair::HIPS, Pair::KNEES, Pair::ANKLES];
    drawn(first, second, near, APART, &all.map(|pair| (pair, 1.0)))
}

/// The pose with joints of the near side drawn towards another model's by these shares, those that lie within `apart` trunk lengths.
fn drawn(pose: &Pose, second: &Pose, near: Side, apart: f64, shares: &[(Pair, f64)]) -> Pose {
    let mut drawn = pose.clone();
    for (pair, share) in shares {
        let joint = pair.on(near);
        if let (Ok(ours), Some(off)) = (pose.get(joint), other_place(pose, second, joint, apart)) {
            drawn.set(joint, Ok(Keypoint { at: ours.at + off * *share, ..ours }));
        }
    }
    drawn
}

/// How far from our place of a joint another model's lies, where it counts.
fn other_place(pose: &Pose, second: &Pose, joint: Joint, apart: f64) -> Option<Vec2> {
    let trunk = pose.midpoint(Pair::SHOULDERS).ok()?.distance(pose.midpoint(Pair::HIPS).ok()?);
    let (ours, other) = (pose.get(joint).ok()?, second.get(joint).ok()?);
    let off = other.at - ours.at;
    let counts = !ours.by_hand && other.visibility >= MIN_VISIBILITY && off.dot(off).sqrt() <= apart * trunk;
    counts.then_some(off)
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

    /// Facing right with both sides' shoulders and hips on one spot, and the ear of the left side here.
    fn with_ear(x: f64) -> Pose {
        let mut pose = facing_right();
        let points = [
            (Joint::RightShoulder, Point::new(100.0, 100.0)),
            (Joint::RightHip, Point::new(100.0, 300.0)),
            (Joint::LeftEar, Point::new(x, 50.0)),
        ];
        for (joint, at) in points {
            pose.set(joint, Ok(Keypoint { at, visibility: 1.0, sd_px: None, by_hand: false }));
        }
        pose
    }

    #[test]
    fn near_joints_are_drawn_towards_a_second_model_that_means_the_same_place() {
        let fit = SideFit {
            offsets: SideOffsets { ear: 0.04, hip: 0.0 },
            shares: SideShares { apart: 0.1, ear: 0.5, hip: 0.5 },
            ..fitted().clone()
        };
        let ear = |second: Option<&Pose>| fit.placed(&with_ear(120.0), second, Side::Left).point(Joint::LeftEar);
        assert_eq!(ear(None), Ok(Point::new(112.0, 50.0)));
        assert_eq!(ear(Some(&with_ear(104.0))), Ok(Point::new(108.0, 50.0)));
        assert!(fit.is_joined(&with_ear(120.0), &with_ear(104.0), Side::Left));
        // The trunk is 200 long: 20 and less are the same place.
        assert_eq!(ear(Some(&with_ear(91.0))), Ok(Point::new(112.0, 50.0)));
        assert!(!fit.is_joined(&with_ear(120.0), &with_ear(91.0), Side::Left));
        let mut by_hand = with_ear(120.0);
        let point = by_hand.get(Joint::LeftEar).expect("given");
        by_hand.set(Joint::LeftEar, Ok(Keypoint { by_hand: true, ..point }));
        assert_eq!(fit.placed(&by_hand, Some(&with_ear(104.0)), Side::Left).point(Joint::LeftEar), Ok(point.at));
        assert_eq!(
            alone(&with_ear(120.0), &with_ear(91.0), Side::Left).point(Joint::LeftEar),
            Ok(Point::new(91.0, 50.0))
        );
        assert_eq!(
            alone(&with_ear(120.0), &with_ear(60.0), Side::Left).point(Joint::LeftEar),
            Ok(Point::new(120.0, 50.0))
        );
    }

    #[test]
    fn the_file_says_where_its_numbers_come_from() {
        let fit = fitted();
        for kind in ["real", "rendered"] {
            assert!(fit.sets.iter().any(|set| set.kind == kind && set.photos >= 20 && set.truth_blake3.len() == 64));
        }
        let SideOffsets { ear, hip } = fit.offsets;
        assert!([ear, hip].iter().all(|offset| offset.abs() < 0.1));
        let SideShares { apart, ear, hip } = fit.shares;
        assert!([ear, hip].iter().all(|share| (0.0..=1.0).contains(share)) && (0.0..0.3).contains(&apart));
        let SideTurn { breadths, sd_deg, unknown_sd_deg } = fit.turn;
        assert!(Breadths::PAIRS.iter().all(|pair| (0.05..0.5).contains(&breadths.of(*pair))));
        assert!(breadths.of(Pair::EYES) == 0.0 && (1.0..8.0).contains(&sd_deg));
        assert!(unknown_sd_deg > sd_deg);
    }
}
