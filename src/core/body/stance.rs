//! A person's stance: what a measure may assume about arms and legs.
//!
//! Each premise is a share from 0 (does not hold) to 1 (holds), continuous, so that saving a photo again does not change the result
//! abruptly.

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{Joint, Pair, Side};
use crate::core::body::view::Facing;
use crate::core::geometry::{Point, ramp};
use crate::core::measure::frontal;

/// Which premises hold for a person's stance, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stance {
    /// Both arms hang beside the body.
    pub arms: f64,
    /// Both legs are straight, side by side, with the feet on one line.
    pub legs: f64,
    /// The trunk is upright.
    pub trunk: f64,
}

/// Limits for full and for no weight: the bend of the knees in the picture (degrees), the difference in height of the ankles, the largest
/// and the smallest distance of the ankles (trunk lengths, crossed legs below 0), the arm's least drop, and the trunk's lean (degrees).
const KNEE: (f64, f64) = (9.0, 16.0);
const ANKLES_LEVEL: (f64, f64) = (0.08, 0.16);
const ANKLES_WIDE: (f64, f64) = (0.9, 1.1);
const ANKLES_CLOSE: (f64, f64) = (0.15, 0.05);
const ARM_DROP: (f64, f64) = (0.04, -0.04);
const LEAN: (f64, f64) = (5.0, 9.0);
/// A hanging elbow lies at least this far below its shoulder, a hanging wrist below its elbow, and the elbow at most this far to the
/// side, in trunk lengths.
const ELBOW_BELOW: f64 = 0.35;
const WRIST_BELOW: f64 = 0.15;
const ELBOW_ASIDE: f64 = 0.40;

impl Stance {
    /// The stance of a levelled pose. A premise that needs missing joints does not hold.
    #[must_use]
    pub fn of(levelled: &Pose, facing: Facing) -> Self {
        Self {
            arms: arms(levelled).unwrap_or(0.0),
            legs: legs(levelled, facing).unwrap_or(0.0),
            trunk: frontal::trunk_lean(levelled, facing).map_or(0.0, |lean| ramp(lean.abs(), LEAN)),
        }
    }

    /// Whether all premises hold: the weakest premise, 0 to 1.
    #[must_use]
    pub fn quiet(&self) -> f64 {
        self.arms.min(self.legs).min(self.trunk)
    }
}

fn arms(pose: &Pose) -> Option<f64> {
    let trunk = frontal::trunk_length(pose).ok()?;
    let drop = |side: Side| -> Option<f64> {
        let point = |pair: Pair| pose.point(pair.on(side)).ok();
        let (shoulder, elbow, wrist) = (point(Pair::SHOULDERS)?, point(Pair::ELBOWS)?, point(Pair::WRISTS)?);
        let upper = (elbow.y - shoulder.y) / trunk - ELBOW_BELOW;
        let lower = (wrist.y - elbow.y) / trunk - WRIST_BELOW;
        Some(upper.min(lower).min(ELBOW_ASIDE - (elbow.x - shoulder.x).abs() / trunk))
    };
    Some(ramp(drop(Side::Left)?.min(drop(Side::Right)?), ARM_DROP))
}

fn legs(pose: &Pose, facing: Facing) -> Option<f64> {
    let trunk = frontal::trunk_length(pose).ok()?;
    let bend = |side: Side| -> Option<f64> {
        let [hip, knee, ankle] = [Pair::HIPS, Pair::KNEES, Pair::ANKLES].map(|pair| pose.point(pair.on(side)).ok());
        Some(turn(hip?, knee?, ankle?))
    };
    let (left, right) = (pose.point(Joint::LeftAnkle).ok()?, pose.point(Joint::RightAnkle).ok()?);
    let apart = facing.left_sign() * (left.x - right.x) / trunk;
    Some(
        ramp(bend(Side::Left)?.max(bend(Side::Right)?), KNEE)
            .min(ramp((left.y - right.y).abs() / trunk, ANKLES_LEVEL))
            .min(ramp(apart, ANKLES_WIDE))
            .min(ramp(apart, ANKLES_CLOSE)),
    )
}

/// The turn of the path from `a` over `b` to `c`, in degrees; 0 on a straight line.
fn turn(a: Point, b: Point, c: Point) -> f64 {
    let (first, second) = (b - a, c - b);
    first.cross(second).abs().atan2(first.dot(second)).to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> Pose {
        let pair = |pair: Pair, half: f64, y: f64| {
            [(pair.left, Point::new(500.0 + half, y)), (pair.right, Point::new(500.0 - half, y))]
        };
        Pose::from_points(
            [
                pair(Pair::SHOULDERS, 80.0, 300.0),
                pair(Pair::ELBOWS, 100.0, 430.0),
                pair(Pair::WRISTS, 110.0, 550.0),
                pair(Pair::HIPS, 50.0, 550.0),
                pair(Pair::KNEES, 50.0, 750.0),
                pair(Pair::ANKLES, 50.0, 950.0),
            ]
            .concat(),
        )
    }

    fn moved(joint: Joint, x: f64, y: f64) -> Stance {
        let mut pose = standing();
        let keypoint = pose.get(joint).expect("given");
        let at = Point::new(keypoint.at.x + x, keypoint.at.y + y);
        pose.set(joint, Ok(crate::core::body::pose::Keypoint { at, ..keypoint }));
        Stance::of(&pose, Facing::Camera)
    }

    #[test]
    fn a_quiet_stance_holds_everything() {
        assert_eq!(Stance::of(&standing(), Facing::Camera).quiet(), 1.0);
        // The same pose with its sides exchanged has its legs crossed.
        assert_eq!(Stance::of(&standing(), Facing::Away).legs, 0.0);
    }

    #[test]
    fn each_premise_falls_by_itself() {
        let bent = moved(Joint::LeftKnee, 80.0, 0.0);
        assert_eq!((bent.legs, bent.arms, bent.trunk), (0.0, 1.0, 1.0));
        assert_eq!(moved(Joint::LeftAnkle, 0.0, -60.0).legs, 0.0);
        assert_eq!(moved(Joint::LeftAnkle, -120.0, 0.0).legs, 0.0);
        let raised = moved(Joint::RightWrist, 0.0, -200.0);
        assert_eq!((raised.arms, raised.legs), (0.0, 1.0));
        assert_eq!(
            Stance::of(&standing().map_points(|_, p| Point::new(p.x - 0.2 * (p.y - 550.0), p.y)), Facing::Camera).trunk,
            0.0
        );
    }

    #[test]
    fn a_premise_fades_without_a_step() {
        let shares: Vec<f64> = (0..60).map(|step| moved(Joint::LeftAnkle, 0.0, -f64::from(step)).legs).collect();
        assert!(shares.windows(2).all(|pair| pair[0] >= pair[1] && pair[0] - pair[1] < 0.1), "{shares:?}");
    }
}
