//! The best estimate of each measure from a rectified pose, if it is not the plain line through two points.
//!
//! Pose models reproduce a true tilt, a turn of the body and a lean of the trunk each to a different degree, and differently at every
//! joint: shoulders turn with the body, the hip line hardly does and tends to be perpendicular to the trunk, the head turns
//! independently. Measured on rendered people (`docs/accuracy.md`). The weights below combine evidence of the same tilt; none of them
//! pulls a value towards level.

use crate::core::body::landmarks::BonyPose;
use crate::core::body::pose::Pose;
use crate::core::body::skeleton::Pair;
use crate::core::body::stance::Stance;
use crate::core::body::view::Facing;
use crate::core::geometry::{Point, ramp};
use crate::core::measure::frontal::{self, tilt};
use crate::core::refusal::Refusal;
use crate::core::silhouette::{self, Outline};
use crate::core::uncertainty::calibration::Weights;

/// A value or the reason why there is none.
pub type Value = Result<f64, Refusal>;

/// A levelled pose, and the same corrected for the turn of the body.
#[derive(Debug, Clone, PartialEq)]
pub struct Rectified {
    /// Roll and pitch removed.
    pub levelled: Pose,
    /// The body's turn removed too; equal to `levelled` if that is not possible.
    pub turned: Pose,
    /// The measures of the outline, rectified likewise.
    pub shape: Shape,
    /// Manual bony landmarks, levelled and corrected for the turn.
    pub bony: BonyPose,
    /// Tilt of the head by the mesh of the face, levelled, in degrees, or why there is none.
    pub face: Value,
}

/// The measures of the outline, each with its value or the reason why it has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// [`silhouette::trunk_midline_deviation`], levelled.
    pub midline: Value,
    /// [`silhouette::hip_outline_tilt`], levelled.
    pub hips: Value,
    /// How well the outline between waist and hips matches a body, 0 to 1: [`silhouette::hip_outline_fit`].
    pub hips_fit: f64,
    /// [`silhouette::arm_gap_asymmetry`], levelled.
    pub gap: Value,
    /// [`silhouette::shoulder_contour_tilt`], levelled and corrected for the turn.
    pub shoulders: Value,
}

impl Shape {
    /// The measures of an outline with its edges rectified by `level`, the shoulders' contour by `turn`.
    pub fn of(
        outline: &Result<Outline, Refusal>,
        level: impl Fn(Point) -> Option<Point> + Copy,
        turn: impl Fn(Point) -> Option<Point>,
    ) -> Self {
        match outline {
            Ok(outline) => Self {
                midline: silhouette::trunk_midline_deviation(outline, level),
                hips: silhouette::hip_outline_tilt(outline, level),
                hips_fit: silhouette::hip_outline_fit(outline, level),
                gap: silhouette::arm_gap_asymmetry(outline, level),
                shoulders: silhouette::shoulder_contour_tilt(outline, turn),
            },
            Err(refusal) => {
                let none = || Err(refusal.clone());
                Self { midline: none(), hips: none(), hips_fit: 0.0, gap: none(), shoulders: none() }
            }
        }
    }
}

/// The weight of independent evidence that is `apart` degrees from the joints' line, 0 to 1: continuous, so that saving a photo again
/// does not change the result abruptly.
fn agreement(apart: f64, scale: f64) -> f64 {
    (-0.5 * (apart / scale).powi(2)).exp()
}

/// With both feet on the floor the knee line tilts half as much as the pelvis, whatever causes the tilt (measured on rendered people:
/// 0.50).
const KNEES_PER_PELVIS: f64 = 0.5;

fn blend(rectified: &Rectified, turn: f64, value: impl Fn(&Pose) -> Value) -> Value {
    Ok((1.0 - turn) * value(&rectified.levelled)? + turn * value(&rectified.turned)?)
}

/// Shoulder tilt in degrees: the shoulders, hanging arms and the shoulders' contour, all corrected for the turn. For manual shoulders,
/// the shoulders alone.
pub(super) fn shoulder_tilt(weights: &Weights, rectified: &Rectified, facing: Facing) -> Value {
    let shoulders = tilt(&rectified.turned, Pair::SHOULDERS)?;
    if rectified.turned.is_by_hand(Pair::SHOULDERS) {
        return Ok(shoulders);
    }
    let hanging = Stance::of(&rectified.levelled, facing).arms;
    let (mut sum, mut count) = (2.0 * shoulders, 2.0);
    for pair in [Pair::ELBOWS, Pair::WRISTS] {
        if let Ok(arms) = tilt(&rectified.turned, pair) {
            let weight = weights.arms * hanging * agreement(arms - shoulders, weights.arms_agreement);
            sum += weight * arms;
            count += weight;
        }
    }
    let joints = sum / count;
    Ok(match rectified.shape.shoulders {
        Ok(contour) => joints + contour_share(weights, joints, contour) * (contour - joints),
        Err(_) => joints,
    })
}

/// Limits of the difference between the face and the joints' line of the head, in degrees, for full and for no weight.
const FACE_APART: (f64, f64) = (15.0, 25.0);

/// The weight of the face mesh in the head tilt, given the joints' value: 0 to 1.
fn face_share(weights: &Weights, joints: f64, face: f64) -> f64 {
    weights.face * ramp((face - joints).abs(), FACE_APART)
}

/// The lines through eyes, ears and mouth in degrees, corrected for the part of the body's turn that they show.
fn head_joints(weights: &Weights, rectified: &Rectified, facing: Facing) -> Value {
    blend(rectified, weights.head_turn, |pose| frontal::head_tilt(pose, facing))
}

/// Head tilt in degrees: the lines through eyes, ears and mouth, and the mesh of the face. With manual head points the mesh is not used.
pub(super) fn head_tilt(weights: &Weights, rectified: &Rectified, facing: Facing) -> Value {
    let joints = head_joints(weights, rectified, facing)?;
    Ok(match rectified.face {
        Ok(face) => joints + face_share(weights, joints, face) * (face - joints),
        Err(_) => joints,
    })
}

/// The weight of the shoulders' contour in their tilt, given the joints' value.
fn contour_share(weights: &Weights, joints: f64, contour: f64) -> f64 {
    weights.contour * agreement(contour - joints, weights.contour_agreement)
}

/// The hip line in degrees, corrected for the model's bias towards a line perpendicular to the trunk if the stance is quiet: people who
/// lean to one side on purpose lean with the pelvis.
fn hip_joints(weights: &Weights, rectified: &Rectified, facing: Facing) -> Value {
    let quiet = Stance::of(&rectified.levelled, facing).quiet();
    let hips = blend(rectified, weights.hip_turn, |pose| tilt(pose, Pair::HIPS))?;
    Ok(hips + weights.hip_lean * quiet * frontal::trunk_lean(&rectified.turned, facing)?)
}

/// The weight of the hips' outline in the pelvis's tilt, given the joints' value.
fn hip_outline_share(weights: &Weights, shape: &Shape, joints: f64) -> f64 {
    let apart = |outline: &f64| agreement(outline - joints, weights.hip_outline_agreement);
    weights.hip_outline * shape.hips_fit * shape.hips.as_ref().map_or(0.0, apart)
}

/// Pelvic obliquity in degrees: the hip line, and the outline between waist and hips if it matches a body; manual hips have none of the
/// model's bias.
pub(super) fn pelvic_obliquity(weights: &Weights, rectified: &Rectified, facing: Facing) -> Value {
    if rectified.turned.is_by_hand(Pair::HIPS) {
        return tilt(&rectified.turned, Pair::HIPS);
    }
    let joints = hip_joints(weights, rectified, facing)?;
    let share = hip_outline_share(weights, &rectified.shape, joints);
    Ok(joints + rectified.shape.hips.as_ref().map_or(0.0, |outline| share * (outline - joints)))
}

/// The minimum of the legs' premise for knee level and leg length.
const LEGS_NEEDED: f64 = 0.5;

/// Both legs straight and side by side on one floor: only then does the pelvis's tilt determine knees and legs.
fn legs_alike(rectified: &Rectified, facing: Facing) -> Result<(), Refusal> {
    if Stance::of(&rectified.levelled, facing).legs >= LEGS_NEEDED {
        return Ok(());
    }
    Err(Refusal::Gate("the legs do not stand straight and side by side: retake with both feet on one line".into()))
}

/// Knee level in degrees: half of the pelvis's tilt; for manual knees, their own line.
pub(super) fn knee_level(weights: &Weights, rectified: &Rectified, facing: Facing) -> Value {
    if rectified.turned.is_by_hand(Pair::KNEES) {
        return tilt(&rectified.turned, Pair::KNEES);
    }
    tilt(&rectified.levelled, Pair::KNEES)?;
    legs_alike(rectified, facing)?;
    Ok(KNEES_PER_PELVIS * pelvic_obliquity(weights, rectified, facing)?)
}

/// Apparent difference in leg length, percent of the mean: the one that tilts the pelvis over feet on one floor; for manual ankles, the
/// legs' own lengths.
pub(super) fn leg_length_difference(weights: &Weights, rectified: &Rectified, facing: Facing) -> Value {
    if rectified.turned.is_by_hand(Pair::ANKLES) {
        return frontal::leg_length_difference(&rectified.turned);
    }
    legs_alike(rectified, facing)?;
    let legs = frontal::leg_length(&rectified.turned)?;
    let hips = rectified.turned.point(Pair::HIPS.left)? - rectified.turned.point(Pair::HIPS.right)?;
    Ok(100.0 * hips.x.abs() / legs * pelvic_obliquity(weights, rectified, facing)?.to_radians().tan())
}

/// Shoulders relative to pelvis in degrees: the difference of their best estimates.
pub(super) fn shoulder_pelvis_angle(weights: &Weights, rectified: &Rectified, facing: Facing) -> Value {
    Ok(shoulder_tilt(weights, rectified, facing)? - pelvic_obliquity(weights, rectified, facing)?)
}

/// The face's share of its full weight in the head tilt, 0 to 1.
pub(super) fn face_in_head(weights: &Weights, rectified: &Rectified, facing: Facing) -> f64 {
    match (head_joints(weights, rectified, facing), &rectified.face) {
        (Ok(joints), Ok(face)) if weights.face > 0.0 => face_share(weights, joints, *face) / weights.face,
        _ => 0.0,
    }
}

/// The outline's share of its full weight in the pelvis's tilt, 0 to 1.
pub(super) fn outline_in_hips(weights: &Weights, rectified: &Rectified, facing: Facing) -> f64 {
    match hip_joints(weights, rectified, facing) {
        Ok(joints) if !rectified.turned.is_by_hand(Pair::HIPS) => {
            hip_outline_share(weights, &rectified.shape, joints) / weights.hip_outline
        }
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::body::pose::Keypoint;
    use crate::core::body::skeleton::Joint;
    use crate::core::body::view::View;
    use crate::core::geometry::Point;
    use crate::core::measure::Measure;
    use crate::core::measure::registry::{estimate, outline_share};
    use crate::core::uncertainty::calibration::calibration;

    /// A person without any coupling: shoulders tilted by `shoulders`, hips by `hips`, knees by half of that.
    fn person(shoulders: f64, hips: f64) -> Rectified {
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
        let face = Err(Refusal::Degenerate("no face was read"));
        Rectified { levelled: pose.clone(), turned: pose, shape, bony: BonyPose::default(), face }
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
    fn the_outline_joins_as_far_as_it_is_a_bodys_and_agrees() {
        let weights = &calibration().weights;
        let mut rectified = person(1.0, 1.0);
        let pelvis =
            |rectified: &Rectified| estimate(Measure::PelvicObliquity, rectified, View::Anterior).expect("given");
        let share = |rectified: &Rectified| outline_share(Measure::PelvicObliquity, rectified, View::Anterior);
        let joints = pelvis(&rectified);
        assert_eq!(share(&rectified), 0.0);
        rectified.shape.hips = Ok(joints + 1.0);
        // A jacket's outline: read, but not that of a body.
        assert_eq!((pelvis(&rectified), share(&rectified)), (joints, 0.0));
        rectified.shape.hips_fit = 1.0;
        let near = pelvis(&rectified) - joints;
        assert!(near > 0.9 * weights.hip_outline && near <= weights.hip_outline, "{near}");
        assert!(share(&rectified) > 0.9);
        // A skirt blown aside: it has hardly any weight, and the change is continuous.
        rectified.shape.hips = Ok(joints + 25.0);
        assert!((pelvis(&rectified) - joints).abs() < 0.01 && share(&rectified) < 0.01);
        let values: Vec<f64> = (0..250)
            .map(|step| {
                rectified.shape.hips = Ok(joints + 0.1 * f64::from(step));
                pelvis(&rectified)
            })
            .collect();
        assert!(values.windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.1));
    }

    #[test]
    fn a_contour_of_hair_on_one_side_leaves_the_joints_line() {
        let mut rectified = person(1.0, 0.0);
        let shoulders =
            |rectified: &Rectified| estimate(Measure::ShoulderTilt, rectified, View::Anterior).expect("given");
        rectified.shape.shoulders = Ok(3.0);
        assert!(shoulders(&rectified) > 1.1);
        rectified.shape.shoulders = Ok(16.0);
        assert!((shoulders(&rectified) - 1.0).abs() < 0.02);
    }

    #[test]
    fn a_bent_or_crossed_leg_has_no_say_in_the_pelvis() {
        let with_knee = |raise: f64| {
            let mut rectified = person(0.0, 2.0);
            for pose in [&mut rectified.levelled, &mut rectified.turned] {
                let knee = pose.get(Joint::LeftKnee).expect("given");
                let at = Point::new(knee.at.x + 60.0, knee.at.y - raise);
                pose.set(Joint::LeftKnee, Ok(Keypoint { at, ..knee }));
            }
            rectified
        };
        let of = |measure, raise| estimate(measure, &with_knee(raise), View::Anterior);
        assert_eq!(of(Measure::PelvicObliquity, 20.0), of(Measure::PelvicObliquity, 90.0));
        for derived in [Measure::KneeLevel, Measure::LegLengthDifference] {
            assert!(matches!(of(derived, 90.0), Err(Refusal::Gate(_))), "{derived:?}");
        }
    }

    #[test]
    fn an_arm_that_does_not_hang_alike_is_left_out() {
        let mut rectified = person(1.0, 0.0);
        let wrist = rectified.turned.point(Joint::LeftWrist).expect("given");
        let raised =
            Pose::from_points([(Joint::LeftWrist, Point::new(wrist.x, wrist.y - 200.0))]).get(Joint::LeftWrist);
        rectified.turned.set(Joint::LeftWrist, raised);
        assert!((estimate(Measure::ShoulderTilt, &rectified, View::Anterior).expect("given") - 1.0).abs() < 1e-9);
    }

    #[test]
    fn lines_through_points_placed_by_hand_are_taken_as_they_are() {
        let mut rectified = person(1.0, 1.0);
        rectified.shape.hips = Ok(3.0);
        rectified.shape.shoulders = Ok(3.0);
        for pair in [Pair::SHOULDERS, Pair::HIPS, Pair::KNEES] {
            let at = rectified.turned.get(pair.left).expect("given");
            let up = Keypoint { at: Point::new(at.at.x, at.at.y - 7.0), by_hand: true, ..at };
            rectified.turned.set(pair.left, Ok(up));
            let found = |measure| estimate(measure, &rectified, View::Anterior).expect("given");
            let (measure, line) = match pair {
                Pair::SHOULDERS => (Measure::ShoulderTilt, tilt(&rectified.turned, pair)),
                Pair::HIPS => (Measure::PelvicObliquity, tilt(&rectified.turned, pair)),
                _ => (Measure::KneeLevel, tilt(&rectified.turned, pair)),
            };
            assert_eq!(found(measure), line.expect("given"));
            assert_eq!(outline_share(measure, &rectified, View::Anterior), 0.0);
        }
    }

    #[test]
    fn without_knees_the_pelvis_is_measured_all_the_same() {
        let mut rectified = person(0.0, 2.0);
        let gone = Pose::default().get(Joint::LeftKnee);
        rectified.levelled.set(Joint::LeftKnee, gone);
        assert!(estimate(Measure::PelvicObliquity, &rectified, View::Anterior).is_ok());
        assert!(estimate(Measure::KneeLevel, &rectified, View::Anterior).is_err());
    }
}
