//! Levelling and correction for the turn: from the original picture to the body's own plane.

use crate::core::body::landmarks::BonyPose;
use crate::core::body::pose::Pose;
use crate::core::body::spine::SpinePoints;
use crate::core::body::view::View;
use crate::core::camera::frontal_plane::{self, Yaw};
use crate::core::camera::sagittal_plane;
use crate::core::camera::{Camera, FocalFrom};
use crate::core::face::Face;
use crate::core::geometry::{Point, Vec2};
use crate::core::measure::estimators::{Rectified, Shape};
use crate::core::refusal::Refusal;
use crate::core::silhouette::Outline;
use crate::core::uncertainty::calibration::calibration;

/// Levelling and correction for the turn, with all their inputs.
#[derive(Debug, Clone, Copy)]
pub struct Rectification {
    camera: Camera,
    view: View,
    yaw: Yaw,
}

impl Rectification {
    /// Levels with a camera and corrects for the turn of the body by `yaw`; in views from the side an unknown one is part of the error.
    ///
    /// If the photo does not record the focal length, a longer one is assumed, and in views from the front and from behind only a part of the
    /// turn is corrected: on annotated real photos, many of which were taken with long lenses, full correction with an assumed wide lens
    /// makes tilts worse. In views from the side the correction does not depend on the lens.
    #[must_use]
    pub fn new(camera: Camera, view: View, yaw: Option<Yaw>) -> Self {
        let unknown = match view.near_side() {
            Some(_) => sagittal_plane::unknown_turn(),
            None => Yaw { deg: 0.0, sd_deg: 0.0 },
        };
        let yaw = yaw.unwrap_or(unknown);
        if camera.focal_from != FocalFrom::Default {
            return Self { camera, view, yaw };
        }
        let unknown = &calibration().unknown_focal;
        let share = if view.facing().is_some() { unknown.turn } else { 1.0 };
        Self {
            camera: Camera { focal_px: unknown.factor * camera.focal_px, focal_sd: unknown.sd, ..camera },
            view,
            yaw: Yaw { deg: share * yaw.deg, sd_deg: share * yaw.sd_deg },
        }
    }

    /// A pose, its bony points, its outline and its face, rectified.
    pub fn apply(
        &self,
        pose: &Pose,
        bony: &BonyPose,
        outline: &Result<Outline, Refusal>,
        face: &Result<Face, Refusal>,
    ) -> Rectified {
        let levelled = self.camera.level_pose(pose);
        let yaw = self.yaw.deg;
        // Even without a turn, a body beside the optical axis is seen at an angle.
        let turned = match (self.view.facing(), self.view.near_side()) {
            (Some(facing), _) => frontal_plane::turned_back(&levelled, &self.camera, facing, yaw),
            (_, Some(near)) => sagittal_plane::turned_back(&levelled, near, yaw),
            (None, None) => None,
        };
        let turned = turned.unwrap_or_else(|| levelled.clone());
        let plane = self.plane(&levelled);
        let level = |p: Point| self.camera.level(p);
        // Assumed to lie in the plane of shoulders and hips. Ten centimetres in front or behind change a tilt by their share of the
        // distance to the camera, some 3 %.
        let place = |p: Point| plane?.place(level(p), 0.0);
        let midline = self.view.near_side().and_then(|near| sagittal_plane::Plane::of(&levelled, near, yaw));
        let bony = bony.map(|p| match midline {
            Some(midline) => Some(midline.place(level(p), 0.0)),
            None if self.view.facing().is_some() => place(p),
            None => Some(level(p)),
        });
        let shape = Shape::of(outline, |p| Some(level(p)), place);
        let face = face.as_ref().map(|face| face.tilt_deg(&self.camera)).map_err(Clone::clone);
        Rectified { turned, levelled, shape, bony, face }
    }

    /// The body's own coronal plane, in views that show it.
    fn plane(&self, levelled: &Pose) -> Option<frontal_plane::Plane> {
        frontal_plane::Plane::of(levelled, &self.camera, self.view.facing()?, self.yaw.deg)
    }

    /// Points along the spine, rectified with their pose: assumed to lie in the plane of shoulders and hips.
    #[must_use]
    pub fn spine(&self, pose: &Pose, points: &SpinePoints) -> SpinePoints {
        let levelled = self.camera.level_pose(pose);
        let plane = self.plane(&levelled);
        points.map(|p| plane.as_ref()?.place(self.camera.level(p), 0.0))
    }

    /// The same with each input moved by one standard deviation up and down, one at a time: roll, turn, pitch, focal length, and the
    /// position of the optical axis to the side and up.
    #[must_use]
    pub fn shaken(&self) -> [[Self; 2]; 6] {
        let moved = |yaw: f64, roll: f64, pitch: f64, focal: f64| {
            [1.0, -1.0].map(|sign| {
                let mut moved = *self;
                moved.camera.roll_deg += sign * roll;
                moved.camera.pitch_deg += sign * pitch;
                moved.camera.focal_px *= 1.0 + sign * focal;
                moved.yaw.deg += sign * yaw;
                moved
            })
        };
        let axis = |by: Vec2| [by, -by].map(|by| Self { camera: self.camera.with_axis_moved(by), ..*self });
        let [aside, up] = self.camera.principal_sd_px;
        [
            axis(Vec2::new(aside, 0.0)),
            axis(Vec2::new(0.0, up)),
            moved(0.0, self.camera.roll_sd_deg, 0.0, 0.0),
            moved(self.yaw.sd_deg, 0.0, 0.0, 0.0),
            moved(0.0, 0.0, self.camera.pitch_sd_deg, 0.0),
            moved(0.0, 0.0, 0.0, self.camera.focal_sd),
        ]
    }
}
