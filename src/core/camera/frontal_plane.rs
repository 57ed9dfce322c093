//! The turn of the body, and the map of places in the picture into the body's own frontal (coronal) plane.
//!
//! A camera that is not at the height of a level line of a turned body shows it tilted: `tan(tilt) = -v/f tan(yaw)` from the front and
//! the opposite from behind, with v its height above the horizon in the picture. Here every joint's viewing ray is intersected with the
//! joint's plane, turned with the body, so tilts, shifts and lengths are those of the body; the formula follows as a special case and is
//! tested.
//!
//! **Yaw** positive = the body is turned towards its own left, relative to the direction to the camera: its left side is then the farther
//! one seen from the front, and the nearer one seen from behind.

use crate::core::body::pose::{Keypoint, Pose, WorldPose};
use crate::core::body::skeleton::{Joint, Pair};
use crate::core::body::view::Facing;
use crate::core::camera::Camera;
use crate::core::geometry::{Point, Vec3};
use crate::core::uncertainty::calibration::calibration;

/// The distance of a joint in front of the plane of shoulders and hips, in shares of trunk length; means over rendered people.
fn depth(joint: Joint) -> f64 {
    match joint {
        Joint::LeftEar | Joint::RightEar => 0.09,
        Joint::LeftKnee | Joint::RightKnee => -0.025,
        Joint::LeftAnkle | Joint::RightAnkle => -0.05,
        _ => 0.0,
    }
}

/// The body's own coronal plane, seen by a level camera.
#[derive(Debug, Clone, Copy)]
pub struct Plane {
    camera: Camera,
    facing: Facing,
    /// The intersection of the plane with the horizon plane below or above the body's middle, at depth 1.
    origin: Vec3,
    left: Vec3,
    forward: Vec3,
    trunk: f64,
}

impl Plane {
    /// The plane of a levelled pose turned by `yaw_deg`; `None` when hips or shoulders have no place.
    #[must_use]
    pub fn of(levelled: &Pose, camera: &Camera, facing: Facing, yaw_deg: f64) -> Option<Self> {
        let (shoulders, hips) = (levelled.midpoint(Pair::SHOULDERS).ok()?, levelled.midpoint(Pair::HIPS).ok()?);
        let origin = Vec3 { y: 0.0, ..ray(camera, shoulders.midpoint(hips)) };
        // Relative to the optical axis, not to the ray to the body.
        let (sin, cos) = (yaw_deg.to_radians() - origin.x.atan()).sin_cos();
        let sign = facing.left_sign();
        Some(Self {
            camera: *camera,
            facing,
            origin,
            left: Vec3::new(sign * cos, 0.0, sign * sin),
            forward: Vec3::new(sign * sin, 0.0, -sign * cos),
            trunk: hips.distance(shoulders) / camera.focal_px,
        })
    }

    /// The position of a levelled point that lies `depth` trunk lengths in front of the plane, in the plane's own picture, in pixels at
    /// the depth of the body. The picture's directions are kept: seen from the front, the subject's left is still towards larger x.
    /// `None` when the body is turned so far that the ray misses its plane.
    #[must_use]
    pub fn place(&self, levelled: Point, depth: f64) -> Option<Point> {
        let ray = ray(&self.camera, levelled);
        let distance = (self.origin.dot(self.forward) + depth * self.trunk) / ray.dot(self.forward);
        if !(0.5..2.0).contains(&distance) {
            return None;
        }
        let at = ray * distance;
        let across = self.origin.x + self.facing.left_sign() * (at - self.origin).dot(self.left);
        let (principal, focal) = (self.camera.principal, self.camera.focal_px);
        Some(Point::new(principal.x + focal * across, principal.y + focal * at.y))
    }
}

fn ray(camera: &Camera, p: Point) -> Vec3 {
    let offset = (p - camera.principal) / camera.focal_px;
    Vec3::new(offset.x, offset.y, 1.0)
}

/// The levelled pose in the body's own coronal plane; `None` where [`Plane`] gives `None`.
#[must_use]
pub fn turned_back(levelled: &Pose, camera: &Camera, facing: Facing, yaw_deg: f64) -> Option<Pose> {
    let plane = Plane::of(levelled, camera, facing, yaw_deg)?;
    let mut out = levelled.clone();
    for (joint, keypoint) in levelled.found() {
        out.set(joint, Ok(Keypoint { at: plane.place(keypoint.at, depth(joint))?, ..keypoint }));
    }
    Some(out)
}

/// The pairs of joints whose widths determine the trunk's turn.
const TRUNK_PAIRS: [Pair; 2] = [Pair::SHOULDERS, Pair::HIPS];

/// The turn of the body, with its standard deviation, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Yaw {
    /// Positive = turned towards the subject's own left.
    pub deg: f64,
    /// Standard deviation.
    pub sd_deg: f64,
}

/// The world poses of several readings combined, as input for the turn of the body: per pair of joints the sums of its widths across the
/// picture (without their sign) and away from the camera, in metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorldWidths {
    /// In the order of [`WorldWidths::PAIRS`].
    pub across: [f64; 5],
    /// See `across`; positive = the left one is farther away.
    pub away: [f64; 5],
    /// The additional distance of the left shoulder and hip compared with the right ones, in the first reading.
    pub first: f64,
}

impl WorldWidths {
    /// The pairs of joints that are summed.
    pub const PAIRS: [Pair; 5] = [Pair::SHOULDERS, Pair::ELBOWS, Pair::HIPS, Pair::KNEES, Pair::ANKLES];

    /// The sums over world poses; `None` without any.
    #[must_use]
    pub fn of<'a>(worlds: impl IntoIterator<Item = &'a WorldPose>) -> Option<Self> {
        let mut sums: Option<Self> = None;
        for world in worlds {
            let depth = |pair: Pair| world.get(pair.left).z - world.get(pair.right).z;
            let first = depth(Pair::SHOULDERS) + depth(Pair::HIPS);
            let sums = sums.get_or_insert(Self { across: [0.0; 5], away: [0.0; 5], first });
            for (index, pair) in Self::PAIRS.into_iter().enumerate() {
                sums.across[index] += (world.get(pair.left).x - world.get(pair.right).x).abs();
                sums.away[index] += depth(pair);
            }
        }
        sums
    }

    /// The result for the mirrored picture.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self { away: self.away.map(|width| -width), first: -self.first, ..self }
    }
}

/// The turn of the body, from the world poses of several readings: the turn of the shoulders' and hips' widths, times a gain. Knees,
/// ankles and feet are left out: people stand with one leg ahead. The error grows with the turn and with the trunk's lean (`lean_deg`, of
/// either sign); both were fitted ([`crate::core::uncertainty::calibration`]).
#[must_use]
pub fn world_yaw(worlds: Option<&WorldWidths>, facing: Facing, lean_deg: f64) -> Yaw {
    let turns = &calibration().yaw;
    let Some(worlds) = worlds else { return Yaw { deg: 0.0, sd_deg: turns.unknown_sd } };
    let fit = if facing == Facing::Camera { &turns.front } else { &turns.behind };
    let sum = |widths: &[f64; 5]| -> f64 {
        let counts = |pair: &Pair| TRUNK_PAIRS.contains(pair);
        WorldWidths::PAIRS.iter().zip(widths).filter(|(pair, _)| counts(pair)).map(|(_, width)| width).sum()
    };
    let deg = facing.left_sign() * fit.gain * sum(&worlds.away).atan2(sum(&worlds.across)).to_degrees();
    Yaw { deg, sd_deg: fit.sd.hypot(fit.share * deg).hypot(fit.lean * lean_deg) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::camera::{CameraMetadata, UserCalibration};
    use crate::core::measure::frontal::tilt;

    /// A level camera 2.5 m in front of a body turned by `yaw`, whose joints are given in metres: to its left, forward, up from the
    /// camera's height.
    fn seen(yaw: f64, facing: Facing, joints: &[(Joint, [f64; 3])]) -> (Pose, Camera) {
        let told = CameraMetadata { focal_35mm: Some(30.0), ..CameraMetadata::default() };
        let camera = Camera { pitch_deg: 0.0, ..Camera::of(1080.0, 1440.0, &told, &UserCalibration::default()) };
        let (sin, cos) = yaw.to_radians().sin_cos();
        let sign = facing.left_sign();
        let place = |[left, forward, up]: [f64; 3]| {
            let x = sign * (left * cos + forward * sin);
            let z = 2.5 + sign * (left * sin - forward * cos);
            camera.principal + crate::core::geometry::Vec2::new(x / z, -up / z) * camera.focal_px
        };
        (Pose::from_points(joints.iter().map(|&(joint, at)| (joint, place(at)))), camera)
    }

    const TRUNK: [(Joint, [f64; 3]); 4] = [
        (Joint::LeftShoulder, [0.17, 0.0, 0.52]),
        (Joint::RightShoulder, [-0.17, 0.0, 0.50]),
        (Joint::LeftHip, [0.10, 0.0, 0.01]),
        (Joint::RightHip, [-0.10, 0.0, 0.0]),
    ];

    #[test]
    fn a_turned_trunk_gives_back_its_own_tilts() {
        for facing in [Facing::Camera, Facing::Away] {
            for yaw in [-20.0, 0.0, 12.0] {
                let (pose, camera) = seen(yaw, facing, &TRUNK);
                let straight = turned_back(&pose, &camera, facing, yaw).expect("in sight");
                for (pair, truth) in [(Pair::SHOULDERS, 0.02_f64 / 0.34), (Pair::HIPS, 0.01 / 0.20)] {
                    let found = tilt(&straight, pair).expect("both seen");
                    // Exact except for the reference of the turn: the middle of projections.
                    assert!((found - truth.atan().to_degrees()).abs() < 0.03, "{facing:?} {yaw} {found}");
                }
            }
        }
    }

    #[test]
    fn the_known_formula_is_a_special_case() {
        // A level line looks tilted by -(height above the horizon / focal length) tan(yaw), positive = left higher.
        let level =
            [(Joint::LeftShoulder, [0.17, 0.0, 0.5]), (Joint::RightShoulder, [-0.17, 0.0, 0.5]), TRUNK[2], TRUNK[3]];
        let (pose, camera) = seen(10.0, Facing::Camera, &level);
        let found = tilt(&pose, Pair::SHOULDERS).expect("seen").to_radians().tan();
        let above = camera.principal.y - pose.midpoint(Pair::SHOULDERS).expect("seen").y;
        let formula = -above / camera.focal_px * 10.0_f64.to_radians().tan();
        assert!((found - formula).abs() < 2e-3, "{found} {formula}");
    }

    #[test]
    fn the_trunk_alone_tells_the_turn_and_its_error_grows_with_turn_and_lean() {
        let widths = |knees: f64| WorldWidths {
            across: [0.3, 0.4, 0.2, 0.2, 0.2],
            away: [0.03, 0.1, 0.02, knees, knees],
            first: 0.05,
        };
        let square = world_yaw(Some(&widths(0.0)), Facing::Camera, 0.0);
        assert!(square.deg > 4.0 && square.deg < 8.0, "{square:?}");
        // A leg ahead does not turn the trunk.
        assert_eq!(world_yaw(Some(&widths(0.3)), Facing::Camera, 0.0), square);
        assert!(world_yaw(Some(&widths(0.0)), Facing::Camera, 10.0).sd_deg > square.sd_deg + 1.0);
        let mirrored = world_yaw(Some(&widths(0.0).mirrored()), Facing::Camera, 0.0);
        assert_eq!((mirrored.deg, mirrored.sd_deg), (-square.deg, square.sd_deg));
        assert!(world_yaw(None, Facing::Away, 0.0).sd_deg >= 6.0);
    }
}
