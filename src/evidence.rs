//! The best estimate of each measure from a straightened pose, where the plain line through two points is not the best.
//!
//! Pose models follow a true tilt, a turn of the body and a lean of the trunk each to its own degree, and not the same at
//! every joint: shoulders turn with the body, the hips' line hardly does and is drawn square to the trunk, the head turns by
//! itself. Measured on rendered people (`docs/accuracy.md`). The weights below add evidence of the same tilt; none of them
//! pulls a value towards level.

use crate::geometry::Point;
use crate::measure::frontal::{self, tilt};
use crate::measure::{Facing, Measure, Refusal, manual};
use crate::points::BonyPose;
use crate::pose::Pose;
use crate::silhouette::{self, Outline};
use crate::skeleton::Pair;
use crate::view::View;

/// A value or the reason why there is none.
pub type Value = Result<f64, Refusal>;

/// A pose levelled, and the same turned back as well.
#[derive(Debug, Clone, PartialEq)]
pub struct Straight {
    /// Roll and pitch taken out.
    pub levelled: Pose,
    /// The body's turn taken out too; equal to `levelled` where that is not possible.
    pub turned: Pose,
    /// What the outline says, straightened likewise.
    pub shape: Shape,
    /// Bony points placed by hand, levelled and turned back.
    pub bony: BonyPose,
}

/// What the outline says, each with its value or the reason why it has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// [`silhouette::trunk_midline_deviation`], levelled.
    pub midline: Value,
    /// [`silhouette::hip_outline_tilt`], levelled.
    pub hips: Value,
    /// [`silhouette::arm_gap_asymmetry`], levelled.
    pub gap: Value,
    /// [`silhouette::shoulder_contour_tilt`], levelled and turned back.
    pub shoulders: Value,
}

impl Shape {
    /// The measures of an outline whose edges are straightened by `level`, the shoulders' contour by `turn`.
    pub fn of(
        outline: &Result<Outline, Refusal>,
        level: impl Fn(Point) -> Option<Point> + Copy,
        turn: impl Fn(Point) -> Option<Point>,
    ) -> Self {
        match outline {
            Ok(outline) => Self {
                midline: silhouette::trunk_midline_deviation(outline, level),
                hips: silhouette::hip_outline_tilt(outline, level),
                gap: silhouette::arm_gap_asymmetry(outline, level),
                shoulders: silhouette::shoulder_contour_tilt(outline, turn),
            },
            Err(refusal) => {
                let none = || Err(refusal.clone());
                Self { midline: none(), hips: none(), gap: none(), shoulders: none() }
            }
        }
    }
}

/// The outline's share in the pelvis's and the shoulders' tilt, where it can be read.
const HIP_OUTLINE: f64 = 0.6;
const SHOULDER_CONTOUR: f64 = 0.4;

fn joined(joints: f64, outline: &Value, share: f64) -> f64 {
    outline.as_ref().map_or(joints, |outline| (1.0 - share) * joints + share * outline)
}

/// Elbows and wrists hang from the shoulders and share their tilt; a pair that differs from the shoulders' line by more than
/// this, in degrees, does not hang alike and is left out.
const ARMS_APART: f64 = 4.0;
/// What each pair of the arms counts beside the two readings of the shoulders (whole body, upper body).
const ARM_WEIGHT: f64 = 0.5;
/// The share of the body's turn that the points of the head and of the hips show.
const HEAD_TURN: f64 = 0.2;
const HIP_TURN: f64 = 0.2;
/// The model tilts the hips' line against the trunk's lean, and along with the shoulders, by these shares.
const HIP_LEAN: f64 = 0.4;
const HIP_SHOULDER: f64 = 0.2;
/// With both feet on the floor the knees' line tilts half as much as the pelvis, whichever way the tilt comes about (measured
/// on rendered people: 0.50). Both lines together: 0.85 + 0.30 / 2 = 1.
const KNEES_PER_PELVIS: f64 = 0.5;
const HIP_WEIGHT: f64 = 0.85;
const KNEE_WEIGHT: f64 = 0.30;

fn blend(straight: &Straight, turn: f64, value: impl Fn(&Pose) -> Value) -> Value {
    Ok((1.0 - turn) * value(&straight.levelled)? + turn * value(&straight.turned)?)
}

/// Shoulder tilt in degrees: shoulders counted twice, elbows and wrists half each, all turned back. Shoulders placed by hand
/// need no other witness.
fn shoulder_tilt(straight: &Straight) -> Value {
    let shoulders = tilt(&straight.turned, Pair::SHOULDERS)?;
    if straight.turned.is_by_hand(Pair::SHOULDERS) {
        return Ok(shoulders);
    }
    let (mut sum, mut weights) = (2.0 * shoulders, 2.0);
    for pair in [Pair::ELBOWS, Pair::WRISTS] {
        if let Ok(arms) = tilt(&straight.turned, pair)
            && (arms - shoulders).abs() <= ARMS_APART
        {
            sum += ARM_WEIGHT * arms;
            weights += ARM_WEIGHT;
        }
    }
    Ok(joined(sum / weights, &straight.shape.shoulders, SHOULDER_CONTOUR))
}

/// Pelvic obliquity in degrees: the hips' line freed from the model's habits, and the knees' line where it can be seen; hips
/// placed by hand have none of these habits.
fn pelvic_obliquity(straight: &Straight, facing: Facing) -> Value {
    if straight.turned.is_by_hand(Pair::HIPS) {
        return tilt(&straight.turned, Pair::HIPS);
    }
    let hips = blend(straight, HIP_TURN, |pose| tilt(pose, Pair::HIPS))?
        + HIP_LEAN * frontal::trunk_lean(&straight.turned, facing)?
        - HIP_SHOULDER * shoulder_tilt(straight)?;
    let joints = match tilt(&straight.levelled, Pair::KNEES) {
        Ok(knees) => HIP_WEIGHT * hips + KNEE_WEIGHT * knees,
        Err(_) => hips,
    };
    Ok(joined(joints, &straight.shape.hips, HIP_OUTLINE))
}

/// Knee level in degrees: half of the pelvis's tilt, which the knees' own line has a share in; of knees placed by hand, their
/// own line.
fn knee_level(straight: &Straight, facing: Facing) -> Value {
    if straight.turned.is_by_hand(Pair::KNEES) {
        return tilt(&straight.turned, Pair::KNEES);
    }
    tilt(&straight.levelled, Pair::KNEES)?;
    Ok(KNEES_PER_PELVIS * pelvic_obliquity(straight, facing)?)
}

/// Apparent difference in leg length, percent of the mean: what tilts the pelvis over feet on one floor; with ankles placed by
/// hand, the legs' own lengths.
fn leg_length_difference(straight: &Straight, facing: Facing) -> Value {
    if straight.turned.is_by_hand(Pair::ANKLES) {
        return frontal::leg_length_difference(&straight.turned);
    }
    let legs = frontal::leg_length(&straight.turned)?;
    let hips = straight.turned.point(Pair::HIPS.left)? - straight.turned.point(Pair::HIPS.right)?;
    Ok(100.0 * hips.x.abs() / legs * pelvic_obliquity(straight, facing)?.to_radians().tan())
}

/// Why there is no waist tilt: on rendered people it came out in one photo of five and scattered by 2 degrees.
const NO_WAIST: &str = "a waist in ordinary clothes has no definite height";

/// Whether the outline had a share in a measure's estimate.
#[must_use]
pub fn leans_on_outline(measure: Measure, straight: &Straight) -> bool {
    let by_hand = |pair| straight.turned.is_by_hand(pair);
    let hips = straight.shape.hips.is_ok() && !by_hand(Pair::HIPS);
    let shoulders = straight.shape.shoulders.is_ok() && !by_hand(Pair::SHOULDERS);
    match measure {
        Measure::ShoulderTilt => shoulders,
        Measure::PelvicObliquity => hips,
        Measure::KneeLevel => hips && !by_hand(Pair::KNEES),
        Measure::LegLengthDifference => hips && !by_hand(Pair::ANKLES),
        Measure::ShoulderPelvisAngle => hips && shoulders,
        Measure::TrunkMidlineDeviation | Measure::ArmGapAsymmetry => true,
        _ => false,
    }
}

/// A measure of bony points in a pose; `None` for every other measure.
fn of_bony(measure: Measure, pose: &Pose, bony: &BonyPose, view: View) -> Option<Value> {
    let from = |facing: Facing, words: &str, value: Value| match view.facing() {
        Some(seen) if seen == facing => value,
        _ => Err(Refusal::Gate(format!("needs a view {words}"))),
    };
    Some(match measure {
        Measure::AcromialTilt if view.facing().is_some() => manual::acromial_tilt(bony),
        Measure::PelvicObliquityAsis => from(Facing::Camera, "from the front", manual::pelvic_obliquity_asis(bony)),
        Measure::PelvicObliquityPsis => from(Facing::Away, "from behind", manual::pelvic_obliquity_psis(bony)),
        Measure::CraniovertebralAngle => manual::craniovertebral_angle(pose, bony, view.near_side()?),
        _ => return None,
    })
}

/// A measure by its plain definition: the line through its joints, or the outline alone.
///
/// # Errors
/// Why it has no value.
pub fn plain(measure: Measure, straight: &Straight, view: View) -> Value {
    if let Some(value) = of_bony(measure, &straight.turned, &straight.bony, view) {
        return value;
    }
    match measure {
        Measure::ArmGapAsymmetry if view.facing().is_some() => straight.shape.gap.clone(),
        Measure::TrunkMidlineDeviation if view.facing().is_some() => straight.shape.midline.clone(),
        Measure::WaistTilt if view.facing().is_some() => Err(Refusal::Gate(NO_WAIST.into())),
        _ => measure.of(&straight.turned, view),
    }
}

/// A measure's best estimate.
///
/// # Errors
/// Why it has no value.
pub fn estimate(measure: Measure, straight: &Straight, view: View) -> Value {
    let Some(facing) = view.facing() else { return plain(measure, straight, view) };
    match measure {
        Measure::HeadTilt => blend(straight, HEAD_TURN, |pose| frontal::head_tilt(pose, facing)),
        Measure::ShoulderTilt => shoulder_tilt(straight),
        Measure::PelvicObliquity => pelvic_obliquity(straight, facing),
        Measure::ShoulderPelvisAngle => Ok(shoulder_tilt(straight)? - pelvic_obliquity(straight, facing)?),
        Measure::KneeLevel => knee_level(straight, facing),
        Measure::LegLengthDifference => leg_length_difference(straight, facing),
        _ => plain(measure, straight, view),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::pose::Keypoint;
    use crate::skeleton::Joint;

    /// A person without any coupling: shoulders tilted by `shoulders`, hips by `hips`, knees by half of that.
    fn person(shoulders: f64, hips: f64) -> Straight {
        let pair = |pair: Pair, middle: Point, half: f64, tilt: f64| {
            let rise = half * tilt.to_radians().tan();
            [
                (pair.left, Point::new(middle.x + half, middle.y - rise)),
                (pair.right, Point::new(middle.x - half, middle.y + rise)),
            ]
        };
        let joints: Vec<(Joint, Point)> = [
            pair(Pair::SHOULDERS, Point::new(500.0, 300.0), 80.0, shoulders),
            pair(Pair::ELBOWS, Point::new(500.0, 430.0), 120.0, shoulders),
            pair(Pair::WRISTS, Point::new(500.0, 560.0), 130.0, shoulders),
            pair(Pair::HIPS, Point::new(500.0, 550.0), 50.0, hips),
            pair(Pair::KNEES, Point::new(500.0, 750.0), 60.0, 0.5 * hips),
            pair(Pair::ANKLES, Point::new(500.0, 950.0), 60.0, 0.0),
        ]
        .concat();
        let pose = Pose::from_points(joints);
        let unread = Err(Refusal::Degenerate("no outline was read"));
        let shape = Shape::of(&unread, Some, Some);
        Straight { levelled: pose.clone(), turned: pose, shape, bony: BonyPose::default() }
    }

    #[test]
    fn agreeing_evidence_is_not_shrunk() {
        let found = |measure| estimate(measure, &person(3.0, 0.0), View::Anterior).expect("all joints given");
        assert!((found(Measure::ShoulderTilt) - 3.0).abs() < 1e-9);
        let level = person(0.0, 2.0);
        let pelvis = estimate(Measure::PelvicObliquity, &level, View::Anterior).expect("given");
        assert!((pelvis - 2.0).abs() < 1e-3, "{pelvis}");
        assert!((estimate(Measure::KneeLevel, &level, View::Anterior).expect("given") - 1.0).abs() < 1e-3);
        let legs = estimate(Measure::LegLengthDifference, &level, View::Anterior).expect("given");
        assert!((legs - 100.0 * 100.0 / 400.0 * 2.0_f64.to_radians().tan()).abs() < 0.02, "{legs}");
    }

    #[test]
    fn the_outline_joins_in_where_it_was_read() {
        let mut straight = person(1.0, 1.0);
        let joints = estimate(Measure::PelvicObliquity, &straight, View::Anterior).expect("given");
        assert!(!leans_on_outline(Measure::PelvicObliquity, &straight));
        straight.shape.hips = Ok(joints + 1.0);
        let both = estimate(Measure::PelvicObliquity, &straight, View::Anterior).expect("given");
        assert!((both - joints - HIP_OUTLINE).abs() < 1e-9);
        assert!(leans_on_outline(Measure::PelvicObliquity, &straight));
    }

    #[test]
    fn an_arm_that_does_not_hang_alike_is_left_out() {
        let mut straight = person(1.0, 0.0);
        let wrist = straight.turned.point(Joint::LeftWrist).expect("given");
        let raised =
            Pose::from_points([(Joint::LeftWrist, Point::new(wrist.x, wrist.y - 200.0))]).get(Joint::LeftWrist);
        straight.turned.set(Joint::LeftWrist, raised);
        assert!((estimate(Measure::ShoulderTilt, &straight, View::Anterior).expect("given") - 1.0).abs() < 1e-9);
    }

    #[test]
    fn lines_through_points_placed_by_hand_are_taken_as_they_are() {
        let mut straight = person(1.0, 1.0);
        straight.shape.hips = Ok(3.0);
        straight.shape.shoulders = Ok(3.0);
        for pair in [Pair::SHOULDERS, Pair::HIPS, Pair::KNEES] {
            let at = straight.turned.get(pair.left).expect("given");
            let up = Keypoint { at: Point::new(at.at.x, at.at.y - 7.0), by_hand: true, ..at };
            straight.turned.set(pair.left, Ok(up));
            let found = |measure| estimate(measure, &straight, View::Anterior).expect("given");
            let (measure, line) = match pair {
                Pair::SHOULDERS => (Measure::ShoulderTilt, tilt(&straight.turned, pair)),
                Pair::HIPS => (Measure::PelvicObliquity, tilt(&straight.turned, pair)),
                _ => (Measure::KneeLevel, tilt(&straight.turned, pair)),
            };
            assert_eq!(found(measure), line.expect("given"));
            assert!(!leans_on_outline(measure, &straight));
        }
    }

    #[test]
    fn without_knees_the_pelvis_stands_on_the_hips_alone() {
        let mut straight = person(0.0, 2.0);
        let gone = Pose::default().get(Joint::LeftKnee);
        straight.levelled.set(Joint::LeftKnee, gone);
        assert!(estimate(Measure::PelvicObliquity, &straight, View::Anterior).is_ok());
        assert!(estimate(Measure::KneeLevel, &straight, View::Anterior).is_err());
    }
}
