//! How a picture crops the body, and whether it keeps the body's proportions.

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::Pair;
use crate::core::geometry::ramp;
use crate::core::measure::frontal;

/// A picture that reaches this far below the hips, in trunk lengths, shows enough of the legs: with less, errors grow steadily (313
/// annotated real photos, each cut at 1.2 to 0.1 trunk lengths; `tools/evaluate_cropped.rs`).
const LEGS_ENOUGH: f64 = 1.2;

/// The share of the legs that a picture of this height leaves out, 0 to 1: 0 when it reaches 1.2 trunk lengths below the hips, 1 when it
/// ends at them. A pose without hips or shoulders counts as 1.
///
/// `pose` includes places outside the picture.
///
/// ```
/// use orthostat::core::body::{framing::legs_outside, pose::Pose, skeleton::Joint};
/// use orthostat::core::geometry::Point;
/// let trunk = [(Joint::LeftShoulder, 120.0, 100.0), (Joint::RightShoulder, 80.0, 100.0), (Joint::LeftHip, 110.0, 200.0),
///     (Joint::RightHip, 90.0, 200.0)];
/// let pose = Pose::from_points(trunk.map(|(joint, x, y)| (joint, Point::new(x, y))));
/// assert_eq!([190.0, 200.0, 260.0, 400.0].map(|height| legs_outside(&pose, height)), [1.0, 1.0, 0.5, 0.0]);
/// ```
#[must_use]
pub fn legs_outside(pose: &Pose, height: f64) -> f64 {
    let (Ok(hips), Ok(trunk)) = (pose.midpoint(Pair::HIPS), frontal::trunk_length(pose)) else { return 1.0 };
    ramp((height - hips.y) / trunk, (0.0, LEGS_ENOUGH))
}

/// A picture that reaches this far beside both shoulders, in trunk lengths, shows both hanging arms.
const ARM_ENOUGH: f64 = 0.3;

/// How far a picture of this width cuts an arm off, 0 to 1: 0 when it reaches 0.3 trunk lengths beside both shoulders, 1 when it ends at
/// one of them. A pose without hips or shoulders counts as 1.
///
/// `pose` includes places outside the picture.
///
/// ```
/// use orthostat::core::body::{framing::arm_outside, pose::Pose, skeleton::Joint};
/// use orthostat::core::geometry::Point;
/// let trunk = [(Joint::LeftShoulder, 120.0, 100.0), (Joint::RightShoulder, 80.0, 100.0), (Joint::LeftHip, 110.0, 200.0),
///     (Joint::RightHip, 90.0, 200.0)];
/// let pose = Pose::from_points(trunk.map(|(joint, x, y)| (joint, Point::new(x, y))));
/// assert_eq!([120.0, 135.0, 150.0, 300.0].map(|width| arm_outside(&pose, width)), [1.0, 0.5, 0.0, 0.0]);
/// ```
#[must_use]
pub fn arm_outside(pose: &Pose, width: f64) -> f64 {
    let shoulders = [Pair::SHOULDERS.left, Pair::SHOULDERS.right].map(|joint| pose.point(joint));
    let ([Ok(a), Ok(b)], Ok(trunk)) = (shoulders, frontal::trunk_length(pose)) else { return 1.0 };
    let beside = a.x.min(b.x).min(width - a.x.max(b.x));
    ramp(beside / trunk, (0.0, ARM_ENOUGH))
}

/// Widths between the shoulders', the hips' and the ears' points of a body facing the camera squarely, in trunk lengths: medians of 330
/// annotated real persons.
const WIDTHS: [(Pair, f64); 3] = [(Pair::SHOULDERS, 0.59), (Pair::HIPS, 0.33), (Pair::EARS, 0.24)];

/// The width of a body in the picture relative to its height, as a multiple of the usual: the geometric mean of the widths of shoulders,
/// hips and head in trunk lengths. `None` when one of them has no place.
///
/// A picture that is stretched to `n` times its width makes it about `n` times as large; a turned body makes it smaller.
#[must_use]
pub fn breadth(pose: &Pose) -> Option<f64> {
    let trunk = frontal::trunk_length(pose).ok()?;
    let mut product = 1.0;
    for (pair, usual) in WIDTHS {
        product *= pose.point(pair.left).ok()?.distance(pose.point(pair.right).ok()?) / (usual * trunk);
    }
    Some(product.cbrt())
}
