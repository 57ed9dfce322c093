//! The turned body: places in the picture brought into the body's own frontal (coronal) plane.
//!
//! Seen by a camera that is not at its height, a level line of a turned body looks tilted (`tan(tilt) = v/f tan(yaw)`, v its
//! height above the horizon in the picture). Here every joint's viewing ray is cut with the plane in which the joint lies,
//! turned with the body, so that tilts, shifts and lengths come out as they are in the body; the formula follows as a
//! special case and is tested.
//!
//! **Yaw** positive = the body is turned towards its own left, against the direction to the camera.

use crate::camera::Camera;
use crate::geometry::Point;
use crate::pose::{Pose, WorldPose};
use crate::skeleton::{Joint, Pair};
use crate::view::{Facing, world_yaw_deg};

/// How far the body, or the head, is turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Yaw {
    /// In degrees, positive = towards the subject's own left.
    pub deg: f64,
    /// Standard deviation, in degrees.
    pub sd_deg: f64,
}

/// How far in front of the plane of hips and shoulders a joint lies, in shares of trunk length (shoulders to hips).
///
/// Means over rendered people of both sexes; the plane is that of the hip joints.
fn depth(joint: Joint) -> f64 {
    match joint {
        Joint::Nose => 0.30,
        Joint::LeftEye
        | Joint::RightEye
        | Joint::LeftEyeInner
        | Joint::RightEyeInner
        | Joint::LeftEyeOuter
        | Joint::RightEyeOuter => 0.26,
        Joint::LeftMouth | Joint::RightMouth => 0.27,
        Joint::LeftEar | Joint::RightEar => 0.10,
        _ => 0.0,
    }
}

/// The levelled pose as the body's own coronal plane shows it, in pixels at the depth of the hips.
///
/// The picture's directions stay: seen from the front, the subject's left is still towards larger x. `None` when hips or
/// shoulders have no place, or when the body is turned so far that a ray misses its plane.
#[must_use]
pub fn turned_back(levelled: &Pose, camera: &Camera, facing: Facing, body: f64, head: f64) -> Option<Pose> {
    let hips = levelled.midpoint(Pair::HIPS).ok()?;
    let trunk = hips.distance(levelled.midpoint(Pair::SHOULDERS).ok()?) / camera.focal_px;
    let normal = |p: Point| {
        Point::new((p.x - camera.principal.x) / camera.focal_px, (p.y - camera.principal.y) / camera.focal_px)
    };
    let origin = normal(hips);
    let azimuth = origin.x.atan();
    let sign = facing.left_sign();
    let mut out = levelled.clone();
    for (joint, keypoint) in levelled.found() {
        let yaw = if joint.index() <= Joint::RightMouth.index() { head } else { body };
        // Against the optical axis, not against the ray to the body.
        let (sin, cos) = (yaw.to_radians() - azimuth).sin_cos();
        let (lateral, forward) = ((sign * cos, sign * sin), (sign * sin, -sign * cos));
        let ray = normal(keypoint.at);
        let towards = ray.x * forward.0 + forward.1;
        let plane = origin.x * forward.0 + forward.1 + depth(joint) * trunk;
        let distance = plane / towards;
        if !(0.5..2.0).contains(&distance) {
            return None;
        }
        let (x, y, z) = (distance * ray.x - origin.x, distance * ray.y, distance - 1.0);
        let left = x * lateral.0 + z * lateral.1;
        let at = Point::new(hips.x + sign * left * camera.focal_px, camera.principal.y + y * camera.focal_px);
        out.set(joint, Ok(crate::pose::Keypoint { at, ..keypoint }));
    }
    Some(out)
}

/// The model's world is turned less than the body: true yaw per yaw of shoulders and hips together.
const WORLD_GAIN: f64 = 1.45;
/// What remains of the error then, in degrees.
const WORLD_SD_DEG: f64 = 3.0;
/// From behind the model's world says nothing: the body is taken to stand squarely, give or take this, in degrees.
const UNKNOWN_SD_DEG: f64 = 7.0;

/// How far the body is turned, from the model's worlds of several readings.
#[must_use]
pub fn yaw_of(worlds: &[&WorldPose], facing: Facing) -> Yaw {
    if facing == Facing::Away || worlds.is_empty() {
        return Yaw { deg: 0.0, sd_deg: UNKNOWN_SD_DEG };
    }
    let mut yaws: Vec<f64> = worlds.iter().map(|world| world_yaw_deg(world, facing)).collect();
    Yaw { deg: WORLD_GAIN * crate::repeat::trimmed_mean(&mut yaws), sd_deg: WORLD_SD_DEG }
}
