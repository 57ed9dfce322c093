//! Measures of a person seen from the side, taken on the side nearer the camera.
//!
//! Signed values are **positive forward**, the way the person faces. No craniovertebral angle without C7, and no pelvic tilt:
//! the model gives no point for either.

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{Joint, Pair, Side};
use crate::core::geometry::{Line, Point, angle_at_deg};
use crate::core::refusal::Refusal;

type Value = Result<f64, Refusal>;

/// +1 when the person faces larger x, -1 when smaller: the nose is in front of the near ear.
///
/// # Errors
/// A joint without a place.
pub fn forward_sign(pose: &Pose, near: Side) -> Value {
    let ahead = pose.point(Joint::Nose)?.x - pose.point(Pair::EARS.on(near))?.x;
    if ahead == 0.0 { Err(Refusal::Degenerate("nose and ear lie above one another")) } else { Ok(ahead.signum()) }
}

fn trunk(pose: &Pose, near: Side) -> Result<(Point, Point, f64), Refusal> {
    let (shoulder, hip) = (pose.point(Pair::SHOULDERS.on(near))?, pose.point(Pair::HIPS.on(near))?);
    let length = shoulder.distance(hip);
    if length > 0.0 { Ok((shoulder, hip, length)) } else { Err(Refusal::Degenerate("the trunk has no length")) }
}

/// Angle between the horizontal and the line from the shoulder joint to the ear, in degrees; 90 when the ear is straight above.
///
/// Smaller = the head stands farther forward. A stand-in for the craniovertebral angle, which needs C7: not on its scale.
///
/// # Errors
/// A joint without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::lateral::ear_shoulder_angle;
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::{Joint, Side};
/// let pose = Pose::from_points([
///     (Joint::Nose, Point::new(160.0, 50.0)), (Joint::LeftEar, Point::new(120.0, 50.0)),
///     (Joint::LeftShoulder, Point::new(100.0, 100.0)),
/// ]);
/// assert!((ear_shoulder_angle(&pose, Side::Left).unwrap() - 68.199).abs() < 1e-3); // atan2(50, 20)
/// ```
pub fn ear_shoulder_angle(pose: &Pose, near: Side) -> Value {
    let (ear, shoulder) = (pose.point(Pair::EARS.on(near))?, pose.point(Pair::SHOULDERS.on(near))?);
    Ok((shoulder.y - ear.y).atan2(forward_sign(pose, near)? * (ear.x - shoulder.x)).to_degrees())
}

/// How far the ear stands in front of the shoulder joint, in percent of trunk length. Positive = in front.
///
/// # Errors
/// A joint without a place.
pub fn forward_head(pose: &Pose, near: Side) -> Value {
    let (shoulder, _, length) = trunk(pose, near)?;
    Ok(100.0 * forward_sign(pose, near)? * (pose.point(Pair::EARS.on(near))?.x - shoulder.x) / length)
}

/// Lean of the trunk against the plumb line, hip joint to shoulder joint, in degrees. Positive = forward. Neutral value 0.
///
/// # Errors
/// A joint without a place.
pub fn trunk_sagittal_lean(pose: &Pose, near: Side) -> Value {
    let (shoulder, hip, _) = trunk(pose, near)?;
    Ok((forward_sign(pose, near)? * (shoulder.x - hip.x)).atan2(hip.y - shoulder.y).to_degrees())
}

/// The largest offset of ear, shoulder, hip and knee from the plumb line through the ankle, in percent of trunk length.
///
/// Positive = forward. In easy standing the plumb line runs a little in front of the ankle, so small positive values are
/// the rule.
///
/// # Errors
/// A joint without a place.
pub fn body_plumb(pose: &Pose, near: Side) -> Value {
    let (_, _, length) = trunk(pose, near)?;
    let sign = forward_sign(pose, near)?;
    let ankle = pose.point(Pair::ANKLES.on(near))?;
    let mut farthest = 0.0_f64;
    for pair in [Pair::EARS, Pair::SHOULDERS, Pair::HIPS, Pair::KNEES] {
        let offset = 100.0 * sign * (pose.point(pair.on(near))?.x - ankle.x) / length;
        if offset.abs() > farthest.abs() {
            farthest = offset;
        }
    }
    Ok(farthest)
}

/// Angle of the knee beyond straight, in degrees: 180 minus the angle hip - knee - ankle, positive when the knee lies behind
/// the line from hip to ankle (overextended), negative when it is bent. Neutral value 0.
///
/// # Errors
/// A joint without a place, or two joints on one spot.
pub fn knee_hyperextension(pose: &Pose, near: Side) -> Value {
    let [hip, knee, ankle] = [Pair::HIPS, Pair::KNEES, Pair::ANKLES].map(|pair| pose.point(pair.on(near)));
    let (hip, knee, ankle) = (hip?, knee?, ankle?);
    let angle = angle_at_deg(hip, knee, ankle).ok_or(Refusal::Degenerate("two joints of the leg lie on one spot"))?;
    let ahead = Line { from: hip, to: ankle }
        .horizontal_offset(knee)
        .ok_or(Refusal::Degenerate("hip and ankle lie at one height"))?;
    Ok(-(180.0 - angle) * (ahead * forward_sign(pose, near)?).signum())
}
