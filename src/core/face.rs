//! The head's own axes by a mesh of the face: tilt and turn of the head.
//!
//! A face has many pairs of points that are symmetric about the head's middle; the few head points of a pose model are not sufficient: a
//! pose follows a head's tilt by seven tenths, a mesh by all of it (labelled eyes of 260 real persons).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::camera::Camera;
use crate::core::geometry::{Point, Vec3, rounded};

/// The face of the measured person, in the upright photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Face {
    /// The midpoint of the eyes, in pixels.
    pub at: (f64, f64),
    /// Direction across the face from the subject's right to the left: x, y, and away from the camera; of length 1 in the picture.
    pub across: (f64, f64, f64),
    /// Direction from the forehead to the chin, in the same form.
    pub down: (f64, f64, f64),
    /// Tilt of the face in the picture by each look, in degrees, positive = the subject's left is higher.
    pub looks: Vec<f64>,
    /// The model's confidence that it sees a face, 0 to 1: the minimum over all looks.
    pub score: f64,
}

/// One reading of a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axes {
    /// See [`Face::at`].
    pub at: Point,
    /// See [`Face::across`].
    pub across: Vec3,
    /// See [`Face::down`].
    pub down: Vec3,
    /// See [`Face::score`].
    pub score: f64,
}

/// The weight of the axis from forehead to chin in the tilt, relative to the lines across the face.
const AXIS: f64 = 0.25;
/// Below this score there is no face.
const SCORE: f64 = 0.9;
/// Readings that scatter by more than this are not of one face, in degrees.
const SCATTER: f64 = 3.0;

/// Tilt of a head in degrees, from lines across it and down it.
fn tilt(across: Vec3, down: Vec3) -> f64 {
    let by_lines = -across.y.atan2(across.x.hypot(across.z)).to_degrees();
    let by_axis = down.x.atan2(down.y).to_degrees();
    (1.0 - AXIS) * by_lines + AXIS * by_axis
}

impl Face {
    /// The mean of several readings: pairs of a plain and a mirrored one. `None` without any.
    #[must_use]
    pub fn of(looks: &[Axes]) -> Option<Self> {
        if looks.is_empty() {
            return None;
        }
        let share = 1.0 / looks.len() as f64;
        // Pair by pair, so that a mirrored photo adds the same numbers.
        let mean = |number: fn(&Axes) -> f64| {
            let sums = looks.chunks(2).map(|pair| pair.iter().map(number).sum::<f64>());
            share * sums.sum::<f64>()
        };
        let unit = |x: f64, y: f64, z: f64| {
            let length = x.hypot(y).max(1e-9);
            (rounded(x / length, 5), rounded(y / length, 5), rounded(z / length, 5))
        };
        Some(Self {
            at: (rounded(mean(|a| a.at.x), 3), rounded(mean(|a| a.at.y), 3)),
            across: unit(mean(|a| a.across.x), mean(|a| a.across.y), mean(|a| a.across.z)),
            down: unit(mean(|a| a.down.x), mean(|a| a.down.y), mean(|a| a.down.z)),
            looks: looks.iter().map(|look| rounded(tilt(look.across, look.down), 3)).collect(),
            score: rounded(looks.iter().map(|look| look.score).fold(1.0, f64::min), 3),
        })
    }

    /// Whether it is certainly a face, and all readings agree.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.score >= SCORE && self.scatter().is_some_and(|scatter| scatter <= SCATTER)
    }

    /// Standard deviation of single readings, in degrees; `None` for fewer than two.
    #[must_use]
    pub fn scatter(&self) -> Option<f64> {
        crate::core::statistics::standard_deviation(&self.looks)
    }

    /// The deviation of the `index`-th reading, modulo their number, from the mean of all, in degrees.
    #[must_use]
    pub fn departure(&self, index: usize) -> f64 {
        let count = self.looks.len();
        if count == 0 {
            return 0.0;
        }
        let mean = self.looks.chunks(2).map(|pair| pair.iter().sum::<f64>()).sum::<f64>() / count as f64;
        self.looks[index % count] - mean
    }

    /// The face in the photo mirrored at a width of `width` px.
    #[must_use]
    pub fn mirrored(&self, width: f64) -> Self {
        let ((x, y), (a, b, c), (d, e, f)) = (self.at, self.across, self.down);
        Self {
            at: (width - x, y),
            across: (a, -b, -c),
            down: (-d, e, f),
            looks: self.looks.iter().map(|look| -look).collect(),
            score: self.score,
        }
    }

    /// Tilt of the head for a level camera, in degrees, positive = the subject's left is higher.
    ///
    /// A level line that leads away from a camera below or above it appears tilted; the mesh's depth corrects that.
    #[must_use]
    pub fn tilt_deg(&self, camera: &Camera) -> f64 {
        let at = Point::new(self.at.0, self.at.1);
        let level = |(x, y, z): (f64, f64, f64)| {
            let half = crate::core::geometry::Vec2::new(0.5 * x, 0.5 * y);
            let (from, to) = (camera.level(at + -half), camera.level(at + half));
            let (seen, middle) = (to - from, (from.midpoint(to) - camera.principal) / camera.focal_px);
            let away = z * seen.length();
            Vec3::new(seen.x + middle.x * away, seen.y + middle.y * away, away)
        };
        tilt(level(self.across), level(self.down))
    }

    /// The turn of the head to the subject's own left, relative to the direction to the camera, in degrees.
    ///
    /// ```
    /// use orthostat::core::face::Face;
    /// let face = |away| Face { at: (0.0, 0.0), across: (1.0, 0.0, away), down: (0.0, 1.0, 0.0), looks: vec![], score: 1.0 };
    /// assert_eq!([-1.0, 0.0, 1.0].map(|away| face(away).yaw_deg().round()), [-45.0, 0.0, 45.0]);
    /// ```
    #[must_use]
    pub fn yaw_deg(&self) -> f64 {
        let (x, y, z) = self.across;
        z.atan2(x.hypot(y)).to_degrees()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::camera::{CameraMetadata, UserCalibration};

    fn camera(roll_deg: f64) -> Camera {
        let told = CameraMetadata { focal_35mm: Some(30.0), ..CameraMetadata::default() };
        let given = UserCalibration { roll_deg: Some(roll_deg), ..UserCalibration::default() };
        Camera { pitch_deg: 0.0, ..Camera::of(1000.0, 1400.0, &told, &given) }
    }

    fn look(tilt: f64) -> Axes {
        let (sin, cos) = tilt.to_radians().sin_cos();
        let (across, down) = (Vec3::new(cos, -sin, 0.0), Vec3::new(sin, cos, 0.0));
        Axes { at: Point::new(500.0, 300.0), across, down, score: 0.99 }
    }

    #[test]
    fn a_face_follows_its_tilt_and_the_cameras_roll() {
        let face = Face::of(&[look(4.0), look(6.0)]).expect("two looks");
        assert!((face.tilt_deg(&camera(0.0)) - 5.0).abs() < 1e-3);
        // A camera turned counter-clockwise shows upright things turned clockwise: the right side of the picture is lower.
        assert!((face.tilt_deg(&camera(2.0)) - 7.0).abs() < 1e-3, "{}", face.tilt_deg(&camera(2.0)));
        assert!((face.scatter().expect("two") - 2.0_f64.sqrt()).abs() < 1e-3);
        assert!(face.is_sure() && !Face::of(&[look(0.0), look(9.0)]).expect("two looks").is_sure());
        assert!(Face::of(&[]).is_none());
    }

    #[test]
    fn the_mirrored_face_has_the_mirrored_tilt() {
        let turned = Axes { across: Vec3::new(0.9, -0.1, 0.4), ..look(3.0) };
        let (face, camera) = (Face::of(&[turned, look(2.0)]).expect("two looks"), camera(1.5));
        let mirrored = face.mirrored(1000.0);
        assert!((face.tilt_deg(&camera) + mirrored.tilt_deg(&camera.mirrored())).abs() < 1e-12);
        assert_eq!(face.yaw_deg(), -mirrored.yaw_deg());
        assert_eq!(mirrored.mirrored(1000.0), face);
    }

    /// A level head turned by 30 degrees, 0.6 m above a level camera 2.5 m away: its eye line appears tilted by the depth alone.
    #[test]
    fn a_turned_head_above_the_camera_is_level() {
        let camera = camera(0.0);
        let (sin, cos) = 30.0_f64.to_radians().sin_cos();
        let place = |side: f64| {
            let (x, up, depth) = (side * 0.05 * cos, 0.6, 2.5 + side * 0.05 * sin);
            camera.principal + crate::core::geometry::Vec2::new(x / depth, -up / depth) * camera.focal_px
        };
        let line = place(1.0) - place(-1.0);
        let scale = line.length();
        let away = 0.1 * sin / 2.5 * camera.focal_px;
        let across = Vec3::new(line.x / scale, line.y / scale, away / scale);
        let axes = Axes { at: place(0.0), across, down: Vec3::new(0.0, 1.0, 0.0), score: 1.0 };
        let face = Face::of(&[axes]).expect("a look");
        assert!((line.y / line.x).atan().to_degrees().abs() > 5.0, "{line:?}");
        assert!(face.tilt_deg(&camera).abs() < 0.1, "{}", face.tilt_deg(&camera));
        assert!((face.yaw_deg() - 30.0).abs() < 1.0);
    }
}
