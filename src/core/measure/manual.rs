//! Measures of manual bony landmarks, which no pose model gives.

use super::lateral::forward_sign;
use crate::core::body::landmarks::BonyPoint;
use crate::core::body::landmarks::BonyPose;
use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{Pair, Side};
use crate::core::geometry::Point;
use crate::core::refusal::Refusal;

type Value = Result<f64, Refusal>;

fn tilt(bony: &BonyPose, left: BonyPoint, right: BonyPoint) -> Value {
    let (left, right): (Point, Point) = (bony.point(left)?, bony.point(right)?);
    if left == right {
        return Err(Refusal::Degenerate("both points lie on one spot"));
    }
    Ok((right.y - left.y).atan2((left.x - right.x).abs()).to_degrees())
}

/// Tilt of the line between the acromia, in degrees.
///
/// Positive = the subject's left acromion is higher. Neutral value 0. Definition: acromion alignment of the SAPO protocol, whose
/// digitising of marked points on a rigid object had a mean error of 0.11 degrees (Ferreira 2010).
///
/// # Errors
/// A point that was not placed.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::manual::acromial_tilt;
/// use orthostat::core::body::landmarks::BonyPose;
/// use orthostat::core::body::landmarks::BonyPoint;
/// let bony = BonyPose::from_points(|point| match point {
///     BonyPoint::LeftAcromion => Some(Point::new(200.0, 95.0)), // facing the camera, and 5 px higher
///     BonyPoint::RightAcromion => Some(Point::new(100.0, 100.0)),
///     _ => None,
/// });
/// assert!((acromial_tilt(&bony).unwrap() - 2.862).abs() < 1e-3); // atan(5 / 100)
/// ```
pub fn acromial_tilt(bony: &BonyPose) -> Value {
    tilt(bony, BonyPoint::LeftAcromion, BonyPoint::RightAcromion)
}

/// Pelvic obliquity by its definition: tilt of the line between the anterior superior iliac spines, in degrees. From the front.
///
/// Positive = the subject's left one is higher. Neutral value 0. The bones themselves are asymmetric: in 30 pelves the sides' heights
/// differed by up to 16 mm (Preece 2008).
///
/// # Errors
/// A point that was not placed.
pub fn pelvic_obliquity_asis(bony: &BonyPose) -> Value {
    tilt(bony, BonyPoint::LeftAsis, BonyPoint::RightAsis)
}

/// Tilt of the line between the posterior superior iliac spines, in degrees. From behind.
///
/// Positive = the subject's left one is higher. Neutral value 0.
///
/// # Errors
/// A point that was not placed.
pub fn pelvic_obliquity_psis(bony: &BonyPose) -> Value {
    tilt(bony, BonyPoint::LeftPsis, BonyPoint::RightPsis)
}

/// Craniovertebral angle, in degrees: between the horizontal and the line from C7 to the tragus of the near ear (the point `left_ear` or
/// `right_ear`, which is the model's unless it is placed by hand too). 90 when the tragus is straight above C7.
///
/// Smaller = the head is farther forward. Definition: as in Lau 2009. Different from the angle to the shoulder
/// ([`super::lateral::ear_shoulder_angle`]), and not on its scale.
///
/// # Errors
/// C7 not placed, ear or nose without a place.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::manual::craniovertebral_angle;
/// use orthostat::core::body::landmarks::BonyPose;
/// use orthostat::core::body::landmarks::BonyPoint;
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::{Joint, Side};
/// let bony = BonyPose::from_points(|point| (point == BonyPoint::C7).then_some(Point::new(100.0, 200.0)));
/// let pose = Pose::from_points([
///     (Joint::LeftEar, Point::new(50.0, 140.0)), (Joint::Nose, Point::new(10.0, 145.0)), // facing left in the picture
/// ]);
/// assert!((craniovertebral_angle(&pose, &bony, Side::Left).unwrap() - 50.194).abs() < 1e-3); // atan(60 / 50)
/// ```
pub fn craniovertebral_angle(pose: &Pose, bony: &BonyPose, near: Side) -> Value {
    let (c7, ear) = (bony.point(BonyPoint::C7)?, pose.point(Pair::EARS.on(near))?);
    if c7 == ear {
        return Err(Refusal::Degenerate("both points lie on one spot"));
    }
    Ok((c7.y - ear.y).atan2(forward_sign(pose, near)? * (ear.x - c7.x)).to_degrees())
}
