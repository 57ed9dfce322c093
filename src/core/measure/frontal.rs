//! Left/right measures of a person seen from the front or from behind.
//!
//! Every signed value is **positive when the subject's own left is higher, or when something is shifted to the subject's
//! own left**; a level, plumb body gives 0. Pixels are enough: angles and shares of the body need no scale.

use crate::core::body::pose::{Missing, Pose};
use crate::core::body::skeleton::{Joint, Pair, Side};
use crate::core::body::view::Facing;
use crate::core::geometry::{Line, Point, angle_at_deg};
use crate::core::refusal::Refusal;

type Value = Result<f64, Refusal>;

/// Tilt of the line between a left joint and its right partner, in degrees, -90 to 90.
///
/// `atan2(y_right - y_left, |x_left - x_right|)` with y down: positive = the subject's left one is higher, in every view.
/// Neutral value 0.
///
/// # Errors
/// A joint without a place, or two joints on one spot.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::frontal::tilt;
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::{Joint, Pair};
/// let pose = Pose::from_points([
///     (Joint::LeftShoulder, Point::new(200.0, 95.0)), // to the right in the picture, as facing the camera, and 5 px higher
///     (Joint::RightShoulder, Point::new(100.0, 100.0)),
/// ]);
/// assert!((tilt(&pose, Pair::SHOULDERS).unwrap() - 2.862).abs() < 1e-3); // atan(5 / 100)
/// ```
pub fn tilt(pose: &Pose, pair: Pair) -> Value {
    let (left, right) = (pose.point(pair.left)?, pose.point(pair.right)?);
    if left == right {
        return Err(Refusal::Degenerate("both joints lie on one spot"));
    }
    Ok((right.y - left.y).atan2((left.x - right.x).abs()).to_degrees())
}

/// The distance of `p` to the subject's left of `from`, in pixels.
fn shift(facing: Facing, p: Point, from: Point) -> f64 {
    facing.left_sign() * (p.x - from.x)
}

/// Length of the trunk: middle of the shoulders to middle of the hips, in pixels.
///
/// # Errors
/// A joint without a place, or a trunk of no length.
pub fn trunk_length(pose: &Pose) -> Value {
    let length = pose.midpoint(Pair::SHOULDERS)?.distance(pose.midpoint(Pair::HIPS)?);
    if length > 0.0 { Ok(length) } else { Err(Refusal::Degenerate("the trunk has no length")) }
}

/// The pairs whose tilts make up [`head_tilt`]. On rendered people equal weights were as good as any others.
const HEAD_PAIRS: [Pair; 3] = [Pair::EYES_OUTER, Pair::EARS, Pair::MOUTH];

/// Tilt of the head, in degrees: the mean of the tilts of eyes, ears and mouth (of models that give no mouth: of eyes and ears); from
/// behind, of the ears alone.
///
/// Positive = the subject's left ear is higher, which is a head inclined to the subject's **right**. Neutral value 0.
/// Definition: head line of the SAPO protocol (tragus to tragus), here with the surface points that the model gives.
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::{Facing, frontal::head_tilt};
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::Joint;
/// let pose = Pose::from_points([
///     (Joint::LeftEar, Point::new(100.0, 50.0)), // seen from behind: the subject's left is on the left
///     (Joint::RightEar, Point::new(180.0, 54.0)),
/// ]);
/// assert!((head_tilt(&pose, Facing::Away).unwrap() - 2.862).abs() < 1e-3);
/// ```
pub fn head_tilt(pose: &Pose, facing: Facing) -> Value {
    if facing == Facing::Away {
        return tilt(pose, Pair::EARS);
    }
    // Models with few points give only the eyes' centres and the ears.
    let is_given = |pair: Pair| !matches!(pose.get(pair.left), Err(Missing::NotGiven(_)));
    let pairs: &[Pair] = if is_given(Pair::MOUTH) { &HEAD_PAIRS } else { &[Pair::EYES, Pair::EARS] };
    let mut sum = 0.0;
    for pair in pairs {
        sum += tilt(pose, *pair)?;
    }
    Ok(sum / pairs.len() as f64)
}

/// Tilt of the line between the shoulders, in degrees.
///
/// Positive = the subject's left shoulder is higher. Neutral value 0. The model's points are meant to be the joints, and their line
/// follows the acromia more closely (docs/accuracy.md). Definition: measures in use since SAPO (acromion alignment).
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::frontal::shoulder_tilt;
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::Joint;
/// let level = Pose::from_points([
///     (Joint::LeftShoulder, Point::new(200.0, 100.0)),
///     (Joint::RightShoulder, Point::new(100.0, 100.0)),
/// ]);
/// assert_eq!(shoulder_tilt(&level).unwrap(), 0.0);
/// ```
pub fn shoulder_tilt(pose: &Pose) -> Value {
    tilt(pose, Pair::SHOULDERS)
}

/// Tilt of the line between the hip joints, in degrees: a stand-in for pelvic obliquity, which is defined on the ASIS.
///
/// Positive = the subject's left hip is higher. Neutral value 0.
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::frontal::pelvic_obliquity;
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::Joint;
/// let pose = Pose::from_points([(Joint::LeftHip, Point::new(60.0, 101.0)), (Joint::RightHip, Point::new(0.0, 100.0))]);
/// assert!(pelvic_obliquity(&pose).unwrap() < 0.0); // y is down: the left hip is lower
/// ```
pub fn pelvic_obliquity(pose: &Pose) -> Value {
    tilt(pose, Pair::HIPS)
}

/// Shoulder tilt minus pelvic obliquity, in degrees. A camera roll changes both equally and cancels.
///
/// Positive = the trunk is longer on the subject's left. Neutral value 0. Definition: SAPO, acromia against ASIS.
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::frontal::shoulder_pelvis_angle;
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::Joint;
/// let pose = Pose::from_points([
///     (Joint::LeftShoulder, Point::new(200.0, 90.0)), (Joint::RightShoulder, Point::new(100.0, 100.0)),
///     (Joint::LeftHip, Point::new(200.0, 290.0)), (Joint::RightHip, Point::new(100.0, 300.0)),
/// ]);
/// assert_eq!(shoulder_pelvis_angle(&pose).unwrap(), 0.0); // both lines lean alike
/// ```
pub fn shoulder_pelvis_angle(pose: &Pose) -> Value {
    Ok(shoulder_tilt(pose)? - pelvic_obliquity(pose)?)
}

/// Lean of the trunk relative to the plumb line, in degrees: from the middle of the hips to the middle of the shoulders.
///
/// Positive = it leans to the subject's left. Neutral value 0.
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::{Facing, frontal::trunk_lean};
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::Joint;
/// let pose = Pose::from_points([
///     (Joint::LeftShoulder, Point::new(210.0, 100.0)), (Joint::RightShoulder, Point::new(110.0, 100.0)),
///     (Joint::LeftHip, Point::new(190.0, 300.0)), (Joint::RightHip, Point::new(130.0, 300.0)),
/// ]);
/// assert_eq!(trunk_lean(&pose, Facing::Camera).unwrap(), 0.0);
/// ```
pub fn trunk_lean(pose: &Pose, facing: Facing) -> Value {
    trunk_length(pose)?;
    let (shoulders, hips) = (pose.midpoint(Pair::SHOULDERS)?, pose.midpoint(Pair::HIPS)?);
    Ok(shift(facing, shoulders, hips).atan2(hips.y - shoulders.y).to_degrees())
}

/// Distance of the middle of the shoulders from the plumb line through the middle of the hips, in percent of trunk length.
///
/// Positive = shifted to the subject's left. Neutral value 0.
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::{Facing, frontal::trunk_shift};
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::Joint;
/// let pose = Pose::from_points([
///     (Joint::LeftShoulder, Point::new(213.0, 104.0)), (Joint::RightShoulder, Point::new(119.0, 104.0)),
///     (Joint::LeftHip, Point::new(190.0, 300.0)), (Joint::RightHip, Point::new(130.0, 300.0)),
/// ]);
/// let share = trunk_shift(&pose, Facing::Camera).unwrap();
/// assert!((share - 3.0599).abs() < 1e-3); // 6 px of a trunk of 196.09 px
/// ```
pub fn trunk_shift(pose: &Pose, facing: Facing) -> Value {
    let (shoulders, hips) = (pose.midpoint(Pair::SHOULDERS)?, pose.midpoint(Pair::HIPS)?);
    Ok(100.0 * shift(facing, shoulders, hips) / trunk_length(pose)?)
}

/// Distance of the middle of the ears from the plumb line through the middle of the hips, in percent of trunk length.
///
/// Positive = shifted to the subject's left. Neutral value 0.
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::{Facing, frontal::head_shift};
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::Joint;
/// let pose = Pose::from_points([
///     (Joint::LeftEar, Point::new(185.0, 40.0)), (Joint::RightEar, Point::new(115.0, 40.0)),
///     (Joint::LeftShoulder, Point::new(210.0, 100.0)), (Joint::RightShoulder, Point::new(110.0, 100.0)),
///     (Joint::LeftHip, Point::new(190.0, 300.0)), (Joint::RightHip, Point::new(130.0, 300.0)),
/// ]);
/// assert_eq!(head_shift(&pose, Facing::Camera).unwrap(), -5.0); // 10 px to the subject's right, trunk 200 px
/// ```
pub fn head_shift(pose: &Pose, facing: Facing) -> Value {
    let (ears, hips) = (pose.midpoint(Pair::EARS)?, pose.midpoint(Pair::HIPS)?);
    Ok(100.0 * shift(facing, ears, hips) / trunk_length(pose)?)
}

/// A level of the spinal line and its offset from the plumb line through the middle of the ankles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The pair whose midpoint it is, from the head down.
    pub pair: Pair,
    /// Place in the picture, in pixels.
    pub at: Point,
    /// Percent of trunk length, positive = to the subject's left.
    pub offset: f64,
}

closed_set! {
    /// The shape that the spinal line makes with the plumb line.
    Pattern {
        /// No level departs by more than the error.
        Straight = "straight",
        /// All departures are to one side.
        C = "C",
        /// Departures to both sides.
        S = "S",
    }
}

/// The spinal line relative to the plumb line, level by level.
#[derive(Debug, Clone, PartialEq)]
pub struct SpinalLine {
    /// Ears, shoulders, hips, knees, and ankles, whose offset is 0 by definition.
    pub levels: [Level; 5],
}

impl SpinalLine {
    /// Offsets within this count as on the plumb line, however certain they are, in percent of trunk length: 1 cm of a trunk of half a
    /// metre.
    pub const STRAIGHT: f64 = 2.0;

    /// The level with the largest offset from the plumb line.
    #[must_use]
    pub fn farthest(&self) -> Level {
        self.levels
            .iter()
            .copied()
            .fold(self.levels[4], |far, l| if l.offset.abs() > far.offset.abs() { l } else { far })
    }

    /// The pattern: C when the departing levels lie on one side, S when on both. Offsets within `error` (percent of trunk length) or
    /// within [`SpinalLine::STRAIGHT`] do not count as departing.
    #[must_use]
    pub fn pattern(&self, error: f64) -> Pattern {
        let least = error.max(Self::STRAIGHT);
        let departs =
            |side: Side| self.levels.iter().any(|l| l.offset.abs() > least && Side::of(l.offset) == Some(side));
        match (departs(Side::Left), departs(Side::Right)) {
            (true, true) => Pattern::S,
            (false, false) => Pattern::Straight,
            _ => Pattern::C,
        }
    }
}

/// The chain ears - shoulders - hips - knees - ankles (midpoints of each pair) relative to the vertical through the ankles' middle, in
/// percent of trunk length. Positive = to the subject's left. Neutral value 0 at every level.
///
/// # Errors
/// A joint without a place.
pub fn spinal_line(pose: &Pose, facing: Facing) -> Result<SpinalLine, Refusal> {
    let foot = pose.midpoint(Pair::ANKLES)?;
    let trunk = trunk_length(pose)?;
    let level = |pair: Pair| -> Result<Level, Refusal> {
        let at = pose.midpoint(pair)?;
        Ok(Level { pair, at, offset: 100.0 * shift(facing, at, foot) / trunk })
    };
    Ok(SpinalLine {
        levels: [
            level(Pair::EARS)?,
            level(Pair::SHOULDERS)?,
            level(Pair::HIPS)?,
            level(Pair::KNEES)?,
            level(Pair::ANKLES)?,
        ],
    })
}

/// The largest offset of the spinal line from the plumb line through the middle of the ankles, in percent of trunk length.
///
/// Positive = to the subject's left. Neutral value 0. Definition: plumb profile, after the ASO and AGO indices of D'Amico.
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::{Facing, frontal::spinal_line_deviation};
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::Joint;
/// let pose = Pose::from_points([
///     (Joint::LeftEar, Point::new(185.0, 40.0)), (Joint::RightEar, Point::new(115.0, 40.0)),
///     (Joint::LeftShoulder, Point::new(210.0, 100.0)), (Joint::RightShoulder, Point::new(110.0, 100.0)),
///     (Joint::LeftHip, Point::new(192.0, 300.0)), (Joint::RightHip, Point::new(128.0, 300.0)),
///     (Joint::LeftKnee, Point::new(190.0, 500.0)), (Joint::RightKnee, Point::new(130.0, 500.0)),
///     (Joint::LeftAnkle, Point::new(188.0, 700.0)), (Joint::RightAnkle, Point::new(132.0, 700.0)),
/// ]);
/// assert_eq!(spinal_line_deviation(&pose, Facing::Camera).unwrap(), -5.0); // the head, 10 px to the right of the feet
/// ```
pub fn spinal_line_deviation(pose: &Pose, facing: Facing) -> Value {
    Ok(spinal_line(pose, facing)?.farthest().offset)
}

/// Tilt of the line between the knees, in degrees. Positive = the subject's left knee is higher. Neutral value 0.
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::frontal::knee_level;
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::Joint;
/// let pose = Pose::from_points([(Joint::LeftKnee, Point::new(60.0, 99.0)), (Joint::RightKnee, Point::new(0.0, 100.0))]);
/// assert!(knee_level(&pose).unwrap() > 0.0);
/// ```
pub fn knee_level(pose: &Pose) -> Value {
    tilt(pose, Pair::KNEES)
}

/// Tilt of the line between the ankles, in degrees. Positive = the subject's left ankle is higher. Neutral value 0.
///
/// On a flat floor posture cannot make it differ much from 0: it shows the turn of camera and feet.
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::frontal::ankle_level;
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::Joint;
/// let pose = Pose::from_points([(Joint::LeftAnkle, Point::new(60.0, 9.0)), (Joint::RightAnkle, Point::new(0.0, 9.0))]);
/// assert_eq!(ankle_level(&pose).unwrap(), 0.0);
/// ```
pub fn ankle_level(pose: &Pose) -> Value {
    tilt(pose, Pair::ANKLES)
}

/// Frontal angle of one knee, in degrees: 180 minus the angle hip - knee - ankle.
///
/// Positive = the knee lies outward of the line from hip to ankle (varus, bow leg), negative = inward (valgus, knock knee);
/// the same for both legs. Neutral value 0.
///
/// # Errors
/// A joint without a place, or two joints on one spot.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::{Facing, frontal::knee_angle};
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::{Joint, Side};
/// let pose = Pose::from_points([
///     (Joint::LeftHip, Point::new(100.0, 0.0)),
///     (Joint::LeftKnee, Point::new(110.0, 100.0)), // outward: the subject's left is to the right in the picture
///     (Joint::LeftAnkle, Point::new(100.0, 200.0)),
/// ]);
/// let varus = knee_angle(&pose, Facing::Camera, Side::Left).unwrap();
/// assert!((varus - 11.421).abs() < 1e-3); // 2 atan(10 / 100)
/// ```
pub fn knee_angle(pose: &Pose, facing: Facing, side: Side) -> Value {
    let hip = pose.point(Pair::HIPS.on(side))?;
    let knee = pose.point(Pair::KNEES.on(side))?;
    let ankle = pose.point(Pair::ANKLES.on(side))?;
    let angle = angle_at_deg(hip, knee, ankle).ok_or(Refusal::Degenerate("two joints of the leg lie on one spot"))?;
    let offset = Line { from: hip, to: ankle }
        .horizontal_offset(knee)
        .ok_or(Refusal::Degenerate("hip and ankle lie at one height"))?;
    let outward = facing.left_sign() * if side == Side::Left { 1.0 } else { -1.0 };
    Ok((180.0 - angle) * (offset * outward).signum())
}

/// Left knee angle minus right knee angle, in degrees ([`knee_angle`]).
///
/// Positive = the subject's left knee is farther outward than the right one. Neutral value 0.
///
/// # Errors
/// A joint without a place.
pub fn knee_angle_difference(pose: &Pose, facing: Facing) -> Value {
    Ok(knee_angle(pose, facing, Side::Left)? - knee_angle(pose, facing, Side::Right)?)
}

/// Mean length of both legs, hip joint to ankle, in pixels.
///
/// # Errors
/// A joint without a place, or legs of no length.
pub fn leg_length(pose: &Pose) -> Value {
    let of = |side| -> Value { Ok(pose.point(Pair::HIPS.on(side))?.distance(pose.point(Pair::ANKLES.on(side))?)) };
    let mean = 0.5 * (of(Side::Left)? + of(Side::Right)?);
    if mean > 0.0 { Ok(mean) } else { Err(Refusal::Degenerate("the legs have no length")) }
}

/// Apparent difference in leg length, hip joint to ankle, in percent of the mean leg length.
///
/// Positive = the subject's left leg is longer. Neutral value 0. A bent knee shortens a leg in the same way as a short bone.
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::frontal::leg_length_difference;
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::Joint;
/// let pose = Pose::from_points([
///     (Joint::LeftHip, Point::new(60.0, 0.0)), (Joint::LeftAnkle, Point::new(60.0, 202.0)),
///     (Joint::RightHip, Point::new(0.0, 0.0)), (Joint::RightAnkle, Point::new(0.0, 198.0)),
/// ]);
/// assert_eq!(leg_length_difference(&pose).unwrap(), 2.0);
/// ```
pub fn leg_length_difference(pose: &Pose) -> Value {
    let of = |side| -> Value { Ok(pose.point(Pair::HIPS.on(side))?.distance(pose.point(Pair::ANKLES.on(side))?)) };
    Ok(100.0 * (of(Side::Left)? - of(Side::Right)?) / leg_length(pose)?)
}

/// Mass of the head with neck, and of the trunk, in percent of the body's. Source as for [`LIMBS`].
const HEAD_MASS: f64 = 8.58;
const TRUNK_MASS: f64 = 45.92;

/// Mass in percent of the body's, the limb's two ends, and the position of its centre of mass between them.
///
/// Plagenhoef, Evans and Abdelnour 1983 (means of women and men); the hand is counted at the wrist, the foot at the ankle.
const LIMBS: [(f64, [Pair; 2], f64); 4] = [
    (3.08, [Pair::SHOULDERS, Pair::ELBOWS], 0.447),
    (2.30, [Pair::ELBOWS, Pair::WRISTS], 0.574),
    (11.13, [Pair::HIPS, Pair::KNEES], 0.431),
    (6.43, [Pair::KNEES, Pair::ANKLES], 0.550),
];

/// Lateral position of the body's centre of mass over the feet, in percent of the distance between the ankles.
///
/// Positive = towards the subject's left foot; 0 in the middle, 50 over the left ankle. One photo shows the position of the mass, not the
/// load on each foot.
///
/// # Errors
/// A joint without a place, or ankles above one another.
pub fn weight_shift(pose: &Pose, facing: Facing) -> Value {
    let (mut mass, mut moment) = (0.0, 0.0);
    let mut add = |share: f64, x: f64| {
        mass += share;
        moment += share * x;
    };
    add(HEAD_MASS, pose.midpoint(Pair::EARS)?.x);
    let (shoulders, hips) = (pose.midpoint(Pair::SHOULDERS)?, pose.midpoint(Pair::HIPS)?);
    add(TRUNK_MASS, 0.5 * (shoulders.x + hips.x));
    for (share, [from, to], along) in LIMBS {
        for side in [Side::Left, Side::Right] {
            let (from, to) = (pose.point(from.on(side))?, pose.point(to.on(side))?);
            add(share, from.x + along * (to.x - from.x));
        }
    }
    let (left, right) = (pose.point(Joint::LeftAnkle)?, pose.point(Joint::RightAnkle)?);
    let base = (left.x - right.x).abs();
    if base < 0.1 * trunk_length(pose)? {
        return Err(Refusal::Degenerate("the feet stand too close together"));
    }
    let center = Point::new(moment / mass, 0.0);
    Ok(100.0 * shift(facing, center, left.midpoint(right)) / base)
}
