//! A second opinion: what another kind of network says of the joints, what it counts, and when it contradicts.
//!
//! Two networks of one family err alike; one of another family errs otherwise, so that a mean of both is nearer to the truth. What it
//! counts, pair by pair, is data (`second.json`) that `tools/second.rs` makes from annotated real photos and rendered ones.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::core::body::pose::{Keypoint, MIN_VISIBILITY, Pose};
use crate::core::body::skeleton::{Joint, Pair};
use crate::core::geometry::Vec2;
use crate::core::uncertainty::calibration::FittedOn;

/// What a second model counts, with where the numbers come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecondFit {
    /// The day it was made.
    pub made: String,
    /// The program that made it.
    pub by: String,
    /// The second model that it was made with.
    pub model: String,
    /// What it was made from.
    pub sets: Vec<FittedOn>,
    /// The weights.
    pub weights: SecondWeights,
}

/// The second model's share in a joint's place, 0 to 1. Networks err otherwise across the body than along it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Share {
    /// In x.
    pub across: f64,
    /// In y.
    pub along: f64,
}

/// The second model's share in the place of each joint, the same left and right.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SecondWeights {
    /// The distance between both models' places at which a share counts half, in trunk lengths; 0: shares count in full at any distance.
    pub half: f64,
    /// Nose and eyes.
    pub face: Share,
    /// See [`SecondWeights`].
    pub ears: Share,
    /// See [`SecondWeights`].
    pub shoulders: Share,
    /// See [`SecondWeights`].
    pub elbows: Share,
    /// See [`SecondWeights`].
    pub wrists: Share,
    /// See [`SecondWeights`].
    pub hips: Share,
    /// See [`SecondWeights`].
    pub knees: Share,
    /// See [`SecondWeights`].
    pub ankles: Share,
}

impl SecondWeights {
    fn of(&self, joint: Joint) -> Share {
        match joint {
            Joint::Nose | Joint::LeftEye | Joint::RightEye => self.face,
            Joint::LeftEar | Joint::RightEar => self.ears,
            Joint::LeftShoulder | Joint::RightShoulder => self.shoulders,
            Joint::LeftElbow | Joint::RightElbow => self.elbows,
            Joint::LeftWrist | Joint::RightWrist => self.wrists,
            Joint::LeftHip | Joint::RightHip => self.hips,
            Joint::LeftKnee | Joint::RightKnee => self.knees,
            Joint::LeftAnkle | Joint::RightAnkle => self.ankles,
            // Points that no second model gives by the same definition.
            _ => Share::default(),
        }
    }
}

/// The numbers that this version measures with.
#[must_use]
#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
pub fn fitted() -> &'static SecondFit {
    static FITTED: LazyLock<SecondFit> =
        LazyLock::new(|| serde_json::from_str(include_str!("second.json")).expect("second.json holds a fit"));
    &FITTED
}

/// A second model that has a joint farther away than this, in trunk lengths, means another place or person.
pub(super) const APART: f64 = 0.25;

/// Whether the second model's place of a joint may be joined with ours: seen by both, and not far apart.
fn is_near(first: &Pose, second: &Pose, joint: Joint, trunk: f64) -> bool {
    match (first.get(joint), second.get(joint)) {
        (Ok(a), Ok(b)) => b.visibility >= MIN_VISIBILITY && a.at.distance(b.at) <= APART * trunk,
        _ => false,
    }
}

/// What both models agree on: each joint between both places, by its weight. Where they nearly agree, ours counts, which scatter less;
/// the farther they are apart, the more the second model's counts, up to its whole share. For a pair, the distance is taken apart into
/// that of its midpoint and that of its two ends from it. A joint of a pair is joined only where its partner is too: one alone would tilt
/// the line between them.
#[must_use]
pub fn joined(first: &Pose, second: &Pose, weights: &SecondWeights) -> Pose {
    let trunk =
        first.midpoint(Pair::SHOULDERS).and_then(|shoulders| Ok(shoulders.distance(first.midpoint(Pair::HIPS)?)));
    let Ok(trunk) = trunk else { return first.clone() };
    let half = weights.half * trunk;
    let counted = |off: Vec2| match off.dot(off) + half.powi(2) {
        0.0 => Vec2::new(0.0, 0.0),
        both => off * (off.dot(off) / both),
    };
    let off = |joint: Joint| match (first.get(joint), second.get(joint)) {
        (Ok(ours), Ok(other)) if is_near(first, second, joint, trunk) => Some(other.at - ours.at),
        _ => None,
    };
    Pose::from_joints(|joint| {
        let ours = first.get(joint)?;
        let (Some(this), Some(partner)) = (off(joint), off(joint.mirror())) else { return Ok(ours) };
        // Both ends of the pair's line move against each other by twice what this one moves from the midpoint.
        let (middle, apart) = ((this + partner) * 0.5, this + -partner);
        let (share, off) = (weights.of(joint), counted(middle) + counted(apart) * 0.5);
        Ok(Keypoint { at: ours.at + Vec2::new(share.across * off.x, share.along * off.y), ..ours })
    })
}

/// The second model's own pose, completed by ours where it has no joint or means another place: what it alone would have measured.
#[must_use]
pub fn alone(first: &Pose, second: &Pose) -> Pose {
    let whole = Share { across: 1.0, along: 1.0 };
    let all = SecondWeights {
        half: 0.0,
        face: whole,
        ears: whole,
        shoulders: whole,
        elbows: whole,
        wrists: whole,
        hips: whole,
        knees: whole,
        ankles: whole,
    };
    joined(first, second, &all)
}

/// How many standard deviations of both errors two values may lie apart.
const BEYOND: f64 = 1.96;

/// What a contradiction adds to a value's variance: nothing while both values agree within both errors; beyond, half of what is left,
/// as a standard deviation. Both models are taken to err by `sd`.
#[must_use]
pub fn contradiction(first: f64, second: f64, sd: f64) -> f64 {
    let beyond = (first - second).abs() - BEYOND * std::f64::consts::SQRT_2 * sd;
    (0.5 * beyond.max(0.0)).powi(2)
}

/// Whether the intervals of two values, each of which errs by `sd`, have nothing in common: worth a word. Of the many measures of a
/// photo some always lie a little beyond both errors.
#[must_use]
pub fn is_apart(first: f64, second: f64, sd: f64) -> bool {
    (first - second).abs() > 2.0 * BEYOND * sd
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::Point;

    fn pose(left: f64, right: f64) -> Pose {
        Pose::from_points([
            (Joint::LeftShoulder, Point::new(120.0, left)),
            (Joint::RightShoulder, Point::new(80.0, right)),
            (Joint::LeftHip, Point::new(110.0, 200.0)),
            (Joint::RightHip, Point::new(90.0, 200.0)),
        ])
    }

    #[test]
    fn joints_move_by_their_weight_and_only_in_pairs() {
        let weights = SecondWeights { shoulders: Share { across: 0.5, along: 0.25 }, ..SecondWeights::default() };
        let at = |pose: &Pose, joint: Joint| pose.point(joint).expect("given").y;
        let both = joined(&pose(100.0, 100.0), &pose(108.0, 96.0), &weights);
        assert_eq!((at(&both, Joint::LeftShoulder), at(&both, Joint::RightShoulder)), (102.0, 99.0));
        assert_eq!(at(&both, Joint::LeftHip), 200.0);
        // The right one is of something else: the left one stays as well.
        let one = joined(&pose(100.0, 100.0), &pose(108.0, 140.0), &weights);
        assert_eq!(one, pose(100.0, 100.0));
        let mut unclear = pose(108.0, 96.0);
        let left = unclear.get(Joint::LeftShoulder).expect("given");
        unclear.set(Joint::LeftShoulder, Ok(Keypoint { visibility: 0.4, ..left }));
        assert_eq!(joined(&pose(100.0, 100.0), &unclear, &weights), pose(100.0, 100.0));
        assert_eq!(joined(&pose(100.0, 100.0), &pose(108.0, 96.0), &SecondWeights::default()), pose(100.0, 100.0));
        assert_eq!(at(&alone(&pose(100.0, 100.0), &pose(108.0, 96.0)), Joint::LeftShoulder), 108.0);
    }

    #[test]
    fn the_farther_apart_the_more_a_second_model_counts() {
        let whole = Share { across: 1.0, along: 1.0 };
        // The trunk is 100 long.
        let weights = SecondWeights { half: 0.08, shoulders: whole, ..SecondWeights::default() };
        let height = |left: f64, right: f64| {
            let both = joined(&pose(100.0, 100.0), &pose(left, right), &weights);
            [Joint::LeftShoulder, Joint::RightShoulder].map(|joint| both.point(joint).expect("given").y - 100.0)
        };
        // The midpoint moves by 8, and counts half; the line between them stays.
        assert_eq!(height(108.0, 108.0), [4.0, 4.0]);
        // The ends move against each other by 8.
        assert_eq!(height(104.0, 96.0), [2.0, -2.0]);
        let [left, right] = height(101.0, 99.0);
        assert!(left > 0.0 && left < 0.1 && (left + right).abs() < 1e-12, "{left}");
        let constant = SecondWeights { half: 0.0, ..weights };
        assert_eq!(joined(&pose(100.0, 100.0), &pose(104.0, 97.0), &constant), pose(104.0, 97.0));
        assert_eq!(joined(&pose(100.0, 100.0), &pose(100.0, 100.0), &constant), pose(100.0, 100.0));
    }

    #[test]
    fn a_contradiction_counts_only_beyond_both_errors() {
        assert_eq!(contradiction(1.0, 3.0, 1.0), 0.0);
        let limit = BEYOND * std::f64::consts::SQRT_2;
        assert!((contradiction(0.0, limit + 4.0, 1.0) - 4.0).abs() < 1e-12);
        assert_eq!(contradiction(-2.0, 9.0, 1.0), contradiction(9.0, -2.0, 1.0));
        assert!(contradiction(0.0, 3.9, 1.0) > 0.0 && !is_apart(0.0, 3.9, 1.0) && is_apart(4.0, 0.0, 1.0));
    }

    #[test]
    fn the_file_says_where_its_numbers_come_from() {
        let fit = fitted();
        assert!(fit.sets.iter().any(|set| set.kind == "real" && set.photos > 100 && set.truth_blake3.len() == 64));
        assert!(fit.sets.iter().any(|set| set.kind == "rendered"));
        let all = serde_json::to_value(fit.weights).expect("written");
        let pairs = all.as_object().expect("pairs").values().filter_map(|pair| pair.as_object());
        let shares = pairs.flat_map(|pair| pair.values());
        assert!(
            shares.clone().count() == 16
                && shares.clone().all(|w| (0.0..=1.0).contains(&w.as_f64().expect("a number")))
        );
        assert!((0.0..0.25).contains(&fit.weights.half));
    }
}
