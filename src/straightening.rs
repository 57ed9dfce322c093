//! Levelling and turning back: from the picture as it is to the body's own plane.

use crate::camera::Camera;
use crate::coronal::{self, Attitude};
use crate::evidence::{Shape, Straight};
use crate::geometry::Point;
use crate::measure::Refusal;
use crate::points::BonyPose;
use crate::pose::Pose;
use crate::silhouette::Outline;
use crate::view::Facing;

/// Levelling and turning back, with everything that they depend on.
#[derive(Debug, Clone, Copy)]
pub struct Straightening {
    /// The camera.
    pub camera: Camera,
    /// How the person faces it, in views from the front and from behind.
    pub facing: Option<Facing>,
    /// How far the body is turned, in degrees.
    pub yaw: f64,
}

impl Straightening {
    /// A pose, its bony points and its outline, straightened.
    pub fn apply(&self, pose: &Pose, bony: &BonyPose, outline: &Result<Outline, Refusal>) -> Straight {
        let levelled = self.camera.level_pose(pose);
        // With no turn at all, a body beside the optical axis is still seen at an angle.
        let facing_camera = |yaw| self.facing.and_then(|f| coronal::turned_back(&levelled, &self.camera, f, yaw));
        let turned = facing_camera(self.yaw).unwrap_or_else(|| levelled.clone());
        let plane = self.facing.and_then(|facing| coronal::Plane::of(&levelled, &self.camera, facing, self.yaw));
        let level = |p: Point| self.camera.level(p);
        // Taken to lie in the plane of shoulders and hips. Ten centimetres before or behind it change a tilt by its own share of
        // the distance to the camera, some 3 %.
        let place = |p: Point| plane?.place(level(p), 0.0);
        let bony = bony.map(|p| if self.facing.is_some() { place(p) } else { Some(level(p)) });
        let shape = Shape::of(outline, |p| Some(level(p)), place);
        Straight { turned, levelled, shape, bony }
    }

    /// The same with each thing that it depends on moved by one standard deviation up and down, one at a time; yaw and roll along
    /// the two directions in which their errors are independent.
    #[must_use]
    pub fn shaken(&self, attitude: Option<&Attitude>) -> [[Self; 2]; 4] {
        let [yaw, roll, both] = attitude.map_or([0.0, self.camera.roll_sd_deg.powi(2), 0.0], |a| a.covariance);
        let moved = |yaw: f64, roll: f64, pitch: f64, focal: f64| {
            [1.0, -1.0].map(|sign| {
                let mut camera = self.camera;
                camera.roll_deg += sign * roll;
                camera.pitch_deg += sign * pitch;
                camera.focal_px *= 1.0 + sign * focal;
                Self { camera, yaw: self.yaw + sign * yaw, ..*self }
            })
        };
        let roll_sd = roll.sqrt();
        let along = if roll_sd > 0.0 { both / roll_sd } else { 0.0 };
        [
            moved(along, roll_sd, 0.0, 0.0),
            moved((yaw - along * along).max(0.0).sqrt(), 0.0, 0.0, 0.0),
            moved(0.0, 0.0, self.camera.pitch_sd_deg, 0.0),
            moved(0.0, 0.0, 0.0, self.camera.focal_sd),
        ]
    }
}
