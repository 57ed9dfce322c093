//! The turn of a person who is seen from the side, and the map of the near side's joints into the body's own sagittal plane.
//!
//! A body that is not square to the camera shows its near joints moved by half of its breadth there: with the chest turned towards the camera
//! by `t`, the near shoulder lies `h sin t` farther back than the middle of both, `h` being half of the distance between them. Ear, shoulder
//! and hip have different breadths, so lines between them tilt: by 0.5 degrees for each degree of turn from the shoulder to the ear. The
//! far joints show the turn: they lie ahead of the near ones by `2 h sin t`.
//!
//! The breadths are means over rendered people ([`crate::core::uncertainty::side`]).

use crate::core::body::pose::{Keypoint, Pose};
use crate::core::body::skeleton::{Pair, Side};
use crate::core::camera::frontal_plane::Yaw;
use crate::core::geometry::Point;
use crate::core::measure::lateral::forward_sign;
use crate::core::uncertainty::side::{Breadths, fitted};

/// Larger turns are not told apart, in degrees: such a body is not seen from the side.
const MOST_DEG: f64 = 40.0;

/// The turn of a levelled pose to its own left, against the direction in which its side faces the camera; at most 40 degrees. `None` where it
/// is unknown: shoulders or hips of either side, the near ear or the nose have no place.
///
/// ```
/// use orthostat::core::body::pose::Pose;
/// use orthostat::core::body::skeleton::{Joint, Side};
/// use orthostat::core::camera::sagittal_plane::turn;
/// use orthostat::core::geometry::Point;
/// // Faces larger x and shows the right side; the left shoulder and hip, which are farther away, lie ahead of the right ones.
/// let pose = Pose::from_points([
///     (Joint::Nose, Point::new(160.0, 50.0)), (Joint::RightEar, Point::new(120.0, 50.0)),
///     (Joint::RightShoulder, Point::new(100.0, 100.0)), (Joint::RightHip, Point::new(100.0, 300.0)),
///     (Joint::LeftShoulder, Point::new(120.0, 100.0)), (Joint::LeftHip, Point::new(113.0, 300.0)),
/// ]);
/// // The chest is turned towards the camera, which is to the right.
/// assert_eq!(turn(&pose, Side::Right).unwrap().deg.round(), -8.0);
/// ```
#[must_use]
pub fn turn(levelled: &Pose, near: Side) -> Option<Yaw> {
    let fit = &fitted().turn;
    Some(Yaw { deg: turn_of(levelled, near, &fit.breadths)?, sd_deg: fit.sd_deg })
}

/// What is assumed of a turn that is unknown: 0, with the error of people's own turns.
#[must_use]
pub fn unknown_turn() -> Yaw {
    Yaw { deg: 0.0, sd_deg: fitted().turn.unknown_sd_deg }
}

/// The turn of a body with these breadths, in degrees; `None` where it is unknown.
#[must_use]
pub fn turn_of(levelled: &Pose, near: Side, breadths: &Breadths) -> Option<f64> {
    let forward = forward_sign(levelled, near).ok()?;
    let at = |pair: Pair, side: Side| levelled.point(pair.on(side)).ok();
    let trunk = at(Pair::SHOULDERS, near)?.distance(at(Pair::HIPS, near)?);
    let (mut ahead, mut breadth) = (0.0, 0.0);
    for pair in [Pair::SHOULDERS, Pair::HIPS] {
        ahead += forward * (at(pair, near.other())?.x - at(pair, near)?.x);
        breadth += 2.0 * breadths.of(pair) * trunk;
    }
    let most = MOST_DEG.to_radians().sin();
    let towards_camera = (ahead / breadth).clamp(-most, most).asin().to_degrees();
    breadth.is_normal().then_some(own_left(near) * towards_camera)
}

/// The body's own sagittal plane, seen by a level camera from afar.
#[derive(Debug, Clone, Copy)]
pub struct Plane {
    hip: Point,
    trunk: f64,
    forward: f64,
    sin: f64,
    cos: f64,
}

impl Plane {
    /// The plane of a levelled pose turned by `yaw_deg`; `None` where shoulder, hip, ear or nose have no place.
    #[must_use]
    pub fn of(levelled: &Pose, near: Side, yaw_deg: f64) -> Option<Self> {
        let forward = forward_sign(levelled, near).ok()?;
        let [shoulder, hip] = [Pair::SHOULDERS, Pair::HIPS].map(|pair| levelled.point(pair.on(near)).ok());
        let (sin, cos) = (own_left(near) * yaw_deg).to_radians().sin_cos();
        Some(Self { hip: hip?, trunk: shoulder?.distance(hip?), forward, sin, cos })
    }

    /// Where a levelled point would be seen if the body were not turned, which lies `breadth` trunk lengths nearer to the camera than the
    /// body's middle.
    #[must_use]
    pub fn place(&self, levelled: Point, breadth: f64) -> Point {
        let by = self.forward * breadth * self.sin * self.trunk;
        // Seen at an angle, lengths forward are shorter.
        Point::new(self.hip.x + (levelled.x + by - self.hip.x) / self.cos, levelled.y)
    }
}

/// The levelled pose with the near side's joints in the body's own sagittal plane; `None` where [`Plane`] gives `None`. The far side stays.
#[must_use]
pub fn turned_back(levelled: &Pose, near: Side, yaw_deg: f64) -> Option<Pose> {
    let plane = Plane::of(levelled, near, yaw_deg)?;
    let mut out = levelled.clone();
    for pair in Breadths::PAIRS {
        let joint = pair.on(near);
        if let Ok(keypoint) = levelled.get(joint) {
            let at = plane.place(keypoint.at, fitted().turn.breadths.of(pair));
            out.set(joint, Ok(Keypoint { at, ..keypoint }));
        }
    }
    Some(out)
}

/// +1 when the chest comes towards the camera as the body turns to its own left.
fn own_left(near: Side) -> f64 {
    match near {
        Side::Left => 1.0,
        Side::Right => -1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::body::skeleton::Joint;
    use crate::core::measure::lateral::{ear_shoulder_angle, forward_head, trunk_sagittal_lean};

    /// A body that faces larger x, turned towards the camera by `degrees` and seen from afar.
    fn seen(near: Side, degrees: f64) -> Pose {
        let breadths = &fitted().turn.breadths;
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (trunk, across) = (200.0, |pair: Pair| breadths.of(pair) * 200.0);
        let places = [(Pair::EARS, 24.0, 0.0), (Pair::SHOULDERS, 6.0, 60.0), (Pair::HIPS, 0.0, 60.0 + trunk)];
        let joints = places.into_iter().flat_map(|(pair, forward, down)| {
            [(near, -1.0), (near.other(), 1.0)].map(|(side, sign)| {
                (pair.on(side), Point::new(300.0 + forward * cos + sign * across(pair) * sin, down))
            })
        });
        Pose::from_points(joints.chain([(Joint::Nose, Point::new(300.0 + 55.0 * cos, 8.0))]))
    }

    #[test]
    fn a_turned_body_tells_its_turn_and_gives_back_its_measures() {
        for near in [Side::Left, Side::Right] {
            let square = seen(near, 0.0);
            for degrees in [-18.0, -5.0, 0.0, 9.0, 20.0] {
                let pose = seen(near, degrees);
                let yaw = turn(&pose, near).expect("both sides");
                assert!((own_left(near) * yaw.deg - degrees).abs() < 0.2, "{near:?} {degrees} {yaw:?}");
                let straight = turned_back(&pose, near, yaw.deg).expect("a side");
                for measure in [ear_shoulder_angle, forward_head, trunk_sagittal_lean] {
                    let [found, truth] = [&straight, &square].map(|pose| measure(pose, near).expect("both ends"));
                    assert!((found - truth).abs() < 0.2, "{near:?} {degrees}: {found} {truth}");
                }
            }
            let off = |degrees| ear_shoulder_angle(&seen(near, degrees), near).expect("both ends");
            assert!((off(0.0) - off(10.0)).abs() > 5.0);
        }
    }

    #[test]
    fn without_the_far_side_no_turn_is_known() {
        let pose = seen(Side::Left, 5.0);
        let mut near_alone = pose.clone();
        near_alone.set(Joint::RightHip, Err(crate::core::body::pose::Missing::NotGiven(Joint::RightHip)));
        assert_eq!(turn(&near_alone, Side::Left), None);
        assert_eq!(turn(&Pose::default(), Side::Left), None);
        let known = turn(&pose, Side::Left).expect("both sides");
        assert!(unknown_turn().deg == 0.0 && unknown_turn().sd_deg > 2.0 * known.sd_deg);
        assert_eq!(turned_back(&Pose::default(), Side::Left, 5.0), None);
    }
}
