//! The camera: focal length, roll, pitch, their uncertainties, and the map that removes roll and pitch.
//!
//! Signs: **roll** positive = the camera was turned counter-clockwise as the photographer sees it, so upright things appear turned
//! clockwise in the picture. **Pitch** positive = it looked up.

mod calibration;
pub mod frontal_plane;
mod metadata;
mod print;
pub mod rectify;
pub mod sagittal_plane;
mod shot;
mod tilt;

pub use calibration::{UserCalibration, plumb_line};
pub use metadata::CameraMetadata;
use metadata::FILM_DIAGONAL_MM;
pub use print::Print;
pub use shot::Doubt;
use shot::Size;
pub use tilt::Tilt;

use crate::core::body::pose::Pose;
use crate::core::geometry::{Point, Vec2};

/// The focal length assumed when the photo does not record it, as 35 mm equivalent, and its uncertainty (one standard deviation). Phones'
/// main cameras have 23 to 28 mm and their portrait crops more; laptop webcams 26 to 32 mm.
pub const DEFAULT_FOCAL_35MM: f64 = 30.0;
/// See [`DEFAULT_FOCAL_35MM`]: of its logarithm. Photographers stand farther away and use lenses twice as long.
pub const DEFAULT_FOCAL_SD: f64 = 0.35;
/// The standard deviation of a camera's roll and pitch without any source of levelling, in degrees. With 1.25 the stated errors of trunk
/// lean agree with those found on annotated real photos, most of which cannot be levelled; with 2 they were a third too large.
pub const UNKNOWN_ROLL_SD: f64 = 1.25;
/// See [`UNKNOWN_ROLL_SD`].
pub const UNKNOWN_PITCH_SD: f64 = 6.0;
/// People are photographed from about their own eye height, so the camera looks down slightly, in degrees.
pub const UNKNOWN_PITCH: f64 = -4.0;
/// The uncertainty of a phone's gravity sensor, in degrees.
const GRAVITY_SD: f64 = 0.3;
/// The same if the file was changed after the photo was taken, perhaps straightened with it, in degrees.
const EDITED_GRAVITY_SD: f64 = 1.5;
/// Up to this difference, gravity and the background's edges count as consistent, in degrees.
const LIKE_ENOUGH: f64 = 1.0;
/// The uncertainty of a user-set plumb line or roll, in degrees.
const GIVEN_SD: f64 = 0.3;

closed_set! {
    /// The source of the focal length.
    #[non_exhaustive]
    FocalFrom {
        /// The 35 mm equivalent in the photo's metadata.
        Exif = "exif",
        /// Assumed: a 35 mm equivalent of 30 mm.
        Default = "default",
        /// The vanishing points of the background's edges.
        Verticals = "verticals",
    }
}

closed_set! {
    /// The source of roll and pitch, in decreasing order of trust.
    #[non_exhaustive]
    LevelFrom {
        /// A plumb line in the picture, set by the user.
        Plumb = "plumb",
        /// A roll set by the user.
        Roll = "roll",
        /// The phone's gravity vector in the photo's metadata.
        Gravity = "gravity",
        /// Vertical and horizontal edges in the background.
        Verticals = "verticals",
        /// The feet, which stand on one floor. Written by earlier versions only.
        Floor = "floor",
        /// None: the picture's edges are assumed level, with the uncertainty of a hand-held camera.
        Nothing = "none",
    }
}

/// Combines two values with their standard deviations.
fn joined([a, a_sd]: [f64; 2], [b, b_sd]: [f64; 2]) -> [f64; 2] {
    let (a_weight, b_weight) = (a_sd.powi(-2), b_sd.powi(-2));
    let weight = a_weight + b_weight;
    [(a * a_weight + b * b_weight) / weight, weight.sqrt().recip()]
}

/// A pinhole camera, its attitude, and the uncertainty of both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// The middle of the picture, in pixels.
    pub principal: Point,
    /// Focal length, in pixels.
    pub focal_px: f64,
    /// Its standard deviation as a share of it.
    pub focal_sd: f64,
    /// Its source.
    pub focal_from: FocalFrom,
    /// In degrees, see the module.
    pub roll_deg: f64,
    /// Standard deviation of the roll, in degrees.
    pub roll_sd_deg: f64,
    /// In degrees, see the module.
    pub pitch_deg: f64,
    /// Standard deviation of the pitch, in degrees.
    pub pitch_sd_deg: f64,
    /// The source of roll and pitch.
    pub level_from: LevelFrom,
    /// The contradiction to the photo's own metadata, if there is one.
    pub doubt: Option<Doubt>,
    /// The uncertainty of the optical axis relative to `principal` to the side and up, in pixels (standard deviations).
    pub principal_sd_px: [f64; 2],
}

impl Camera {
    /// The camera of a picture of `width` x `height` pixels, from the photo's data and the user's settings.
    #[must_use]
    pub fn of(width: f64, height: f64, told: &CameraMetadata, given: &UserCalibration) -> Self {
        Self::by_photo(width, height, told).as_given(given)
    }

    /// The camera from all evidence, for the picture with a mirror image undone: the photo's metadata, the background's edges as they are
    /// in the picture, and the user's calibration of the picture as it is.
    #[must_use]
    pub fn by_all(
        width: f64,
        height: f64,
        told: &CameraMetadata,
        background: Option<&Tilt>,
        given: &UserCalibration,
        mirrored: bool,
    ) -> Self {
        let photo = Self::by_photo(width, height, told);
        let background = background.map(|tilt| if mirrored { tilt.mirrored() } else { *tilt });
        let mut camera = match (&background, photo.level_from) {
            (None, _) => photo,
            (Some(tilt), LevelFrom::Gravity) => photo.reconciled(tilt),
            (Some(tilt), _) => photo.with_verticals(tilt),
        };
        if camera.doubt.is_none() && told.front_camera && !mirrored {
            camera.doubt = Some(Doubt::FrontCamera);
        }
        camera.as_given(&if mirrored { given.mirrored(width) } else { *given })
    }

    /// The camera from the photo's own data.
    fn by_photo(width: f64, height: f64, told: &CameraMetadata) -> Self {
        let size = Size::of(width, height, told);
        let ((focal_px, focal_sd), focal_from) = match told.focal_35mm {
            Some(mm) => (size.focal(width, height, mm), FocalFrom::Exif),
            None => {
                ((DEFAULT_FOCAL_35MM * width.hypot(height) / FILM_DIAGONAL_MM, DEFAULT_FOCAL_SD), FocalFrom::Default)
            }
        };
        let edited = !matches!(size, Size::AsShot | Size::Odd);
        let mut camera = Self {
            principal: Point::new(0.5 * width, 0.5 * height),
            focal_px,
            focal_sd,
            focal_from,
            roll_deg: 0.0,
            roll_sd_deg: UNKNOWN_ROLL_SD,
            pitch_deg: UNKNOWN_PITCH,
            pitch_sd_deg: UNKNOWN_PITCH_SD,
            level_from: LevelFrom::Nothing,
            doubt: edited.then_some(Doubt::Edited),
            principal_sd_px: size.principal_sd(width, height),
        };
        if let Some((roll, pitch)) = told.attitude() {
            let sd = if edited { EDITED_GRAVITY_SD } else { GRAVITY_SD };
            camera.roll_deg = roll;
            camera.pitch_deg = pitch;
            camera.pitch_sd_deg = sd;
            camera.roll_sd_deg = sd;
            camera.level_from = LevelFrom::Gravity;
        }
        camera
    }

    /// The same with the user's calibration.
    fn as_given(mut self, given: &UserCalibration) -> Self {
        if let Some(roll) = given.roll_deg {
            self.roll_deg = roll;
            self.roll_sd_deg = GIVEN_SD;
            self.level_from = LevelFrom::Roll;
        }
        if let Some((a, b)) = given.plumb {
            self.roll_deg = self.roll_of_plumb(a, b);
            self.roll_sd_deg = GIVEN_SD;
            self.level_from = LevelFrom::Plumb;
        }
        if self.is_given() && self.doubt == Some(Doubt::Gravity) {
            self.doubt = None;
        }
        self
    }

    fn is_given(&self) -> bool {
        matches!(self.level_from, LevelFrom::Roll | LevelFrom::Plumb)
    }

    /// Compares a camera levelled by gravity with the background's edges: if both agree, gravity is used; if not, the edges are used,
    /// since the pixels are what is measured, with a large uncertainty.
    fn reconciled(self, tilt: &Tilt) -> Self {
        let apart = self.roll_deg - tilt.roll_deg;
        let sd = self.roll_sd_deg.hypot(tilt.roll_sd_deg);
        if apart.abs() <= LIKE_ENOUGH.max(3.0 * sd) {
            if self.doubt.is_none() {
                return self;
            }
            let [roll, pitch] = [
                joined([self.roll_deg, self.roll_sd_deg], [tilt.roll_deg, tilt.roll_sd_deg]),
                joined([self.pitch_deg, self.pitch_sd_deg], [tilt.pitch_deg, tilt.pitch_sd_deg]),
            ];
            return Self {
                roll_deg: roll[0],
                roll_sd_deg: roll[1],
                pitch_deg: pitch[0],
                pitch_sd_deg: pitch[1],
                level_from: if tilt.roll_sd_deg < self.roll_sd_deg { LevelFrom::Verticals } else { self.level_from },
                ..self
            };
        }
        let opposite = (self.roll_deg + tilt.roll_deg).abs() <= LIKE_ENOUGH.max(3.0 * sd);
        let seen = self.with_verticals(tilt);
        Self {
            roll_sd_deg: tilt.roll_sd_deg.hypot(0.5 * apart),
            pitch_sd_deg: tilt.pitch_sd_deg.hypot(0.5 * (self.pitch_deg - tilt.pitch_deg)),
            doubt: Some(if opposite { Doubt::Mirrored } else { Doubt::Gravity }),
            ..seen
        }
    }

    /// Whether roll and pitch are known from any source.
    #[must_use]
    pub fn is_levelled(&self) -> bool {
        self.level_from != LevelFrom::Nothing
    }

    /// The camera with roll and pitch from edges in the background, and the focal length as far as they determine it.
    #[must_use]
    pub fn with_verticals(self, tilt: &Tilt) -> Self {
        let camera = Self {
            roll_deg: tilt.roll_deg,
            roll_sd_deg: tilt.roll_sd_deg,
            pitch_deg: tilt.pitch_deg,
            pitch_sd_deg: tilt.pitch_sd_deg,
            level_from: LevelFrom::Verticals,
            ..self
        };
        if self.focal_from != FocalFrom::Default || tilt.focal_sd >= self.focal_sd {
            return camera;
        }
        let focal_from = if tilt.focal_sd < 0.5 * self.focal_sd { FocalFrom::Verticals } else { self.focal_from };
        Self { focal_px: self.focal_px * tilt.focal_factor, focal_sd: tilt.focal_sd, focal_from, ..camera }
    }

    /// The camera with its optical axis elsewhere in the picture. If lines in the picture gave the roll, they stay vertical; else the
    /// attitude is kept.
    #[must_use]
    pub fn with_axis_moved(self, by: Vec2) -> Self {
        let mut moved = Self { principal: self.principal + by, ..self };
        if matches!(self.level_from, LevelFrom::Verticals | LevelFrom::Plumb) {
            let half = Vec2::new(0.0, 0.5 * self.principal.y);
            let (top, bottom) = (self.unlevel(self.principal + -half), self.unlevel(self.principal + half));
            moved.roll_deg = moved.roll_of_plumb(top, bottom);
        }
        moved
    }

    /// The roll that makes the line through two points vertical once the pitch is removed, in degrees.
    fn roll_of_plumb(&self, a: Point, b: Point) -> f64 {
        // One equation in the roll alone; each step removes the remaining lean, and three are exact to 1e-9.
        let mut level = Camera { roll_deg: 0.0, ..*self };
        for _ in 0..8 {
            let (a, b) = (level.level(a), level.level(b));
            let up = if a.y < b.y { a - b } else { b - a };
            level.roll_deg += up.x.atan2(-up.y).to_degrees();
        }
        level.roll_deg
    }

    /// The position of a point for a camera at the same place with no roll and no pitch: the exact homography.
    ///
    /// ```
    /// use orthostat::core::camera::{Camera, UserCalibration, CameraMetadata};
    /// use orthostat::core::geometry::Point;
    /// let given = UserCalibration { roll_deg: Some(2.0), ..UserCalibration::default() };
    /// let camera = Camera { pitch_deg: 0.0, ..Camera::of(1000.0, 1000.0, &CameraMetadata::default(), &given) };
    /// // Turned 2 degrees clockwise in the picture: brought back, it stands above the middle.
    /// let leaning = Point::new(500.0, 100.0).turned_about(Point::new(500.0, 500.0), 2.0_f64.to_radians());
    /// assert!(camera.level(leaning).distance(Point::new(500.0, 100.0)) < 1e-9);
    /// ```
    #[must_use]
    pub fn level(&self, p: Point) -> Point {
        let ray = p.turned_about(self.principal, -self.roll_deg.to_radians()) - self.principal;
        let (sin, cos) = self.pitch_deg.to_radians().sin_cos();
        let (x, y) = (ray.x / self.focal_px, ray.y / self.focal_px);
        let depth = (y * sin + cos).max(1e-3);
        Point::new(
            self.principal.x + self.focal_px * x / depth,
            self.principal.y + self.focal_px * (y * cos - sin) / depth,
        )
    }

    /// The position of a levelled point in the original picture: the inverse of [`Camera::level`].
    #[must_use]
    pub fn unlevel(&self, p: Point) -> Point {
        let ray = (p - self.principal) / self.focal_px;
        let (sin, cos) = self.pitch_deg.to_radians().sin_cos();
        let depth = (cos - ray.y * sin).max(1e-3);
        let at = self.principal + Vec2::new(ray.x / depth, (ray.y * cos + sin) / depth) * self.focal_px;
        at.turned_about(self.principal, self.roll_deg.to_radians())
    }

    /// A pose as seen by the level camera. The horizon is then the row through the principal point.
    #[must_use]
    pub fn level_pose(&self, pose: &Pose) -> Pose {
        pose.map_points(|_, p| self.level(p))
    }

    /// The camera of the mirrored picture.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        Self { roll_deg: -self.roll_deg, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::metadata::EXIF_FOCAL_SD;
    use super::*;

    fn told(gravity: [f64; 3]) -> CameraMetadata {
        CameraMetadata { gravity: Some(gravity), ..CameraMetadata::default() }
    }

    fn camera(roll: f64, pitch: f64, focal: f64, width: f64, height: f64) -> Camera {
        let mut camera = Camera::of(width, height, &CameraMetadata::default(), &UserCalibration::default());
        (camera.roll_deg, camera.pitch_deg, camera.focal_px) = (roll, pitch, focal);
        camera
    }

    /// Points and their levelled places as the renderer of the sample photos gives them (its own projection code).
    #[test]
    fn levelling_agrees_with_the_renderer() {
        let camera = camera(-0.573_721, -9.671_107, 1_316.802_79, 1080.0, 1440.0);
        for (from, to) in [
            ((607.175_145, 412.277_41), (608.542_337, 640.525_236)),
            ((417.134_768, 414.679_958), (423.108_143, 641.000_758)),
            ((574.050_009, 1_159.178_593), (571.892_15, 1_423.937_661)),
        ] {
            let levelled = camera.level(Point::new(from.0, from.1));
            assert!(levelled.distance(Point::new(to.0, to.1)) < 1e-3, "{levelled:?} {to:?}");
        }
    }

    #[test]
    fn levelling_is_undone() {
        let camera = camera(4.2, -9.0, 1300.0, 1080.0, 1440.0);
        for p in [Point::new(100.0, 200.0), Point::new(900.0, 1400.0)] {
            assert!(camera.unlevel(camera.level(p)).distance(p) < 1e-9);
        }
    }

    /// Two real photos whose attitude was determined from their vertical edges (an iPhone 11 Pro and an iPhone 5s).
    #[test]
    fn gravity_of_real_phones() {
        let (roll, pitch) = told([-0.0996, -0.9882, -0.0651]).attitude().expect("upright");
        assert!((roll - 5.755).abs() < 0.01 && (pitch + 3.75).abs() < 0.05, "{roll} {pitch}");
        // Landscape: gravity 1.1 degrees to the left of down, the camera looks down by 20 degrees.
        let (roll, pitch) = told([-0.9697, 0.0187, -0.3433]).attitude().expect("landscape");
        assert!((roll - 1.1).abs() < 0.05 && (pitch + 19.5).abs() < 1.0, "{roll} {pitch}");
    }

    #[test]
    fn a_phone_that_moves_or_lies_flat_tells_nothing() {
        for a in [[0.0, -0.5, 0.0], [0.1, -0.1, -0.98], [0.0, -1.5, 0.0]] {
            assert_eq!(Camera::of(10.0, 10.0, &told(a), &UserCalibration::default()).level_from, LevelFrom::Nothing);
        }
    }

    #[test]
    fn a_plumb_line_of_the_user_comes_out_plumb() {
        let (a, b) = (Point::new(130.0, 80.0), Point::new(100.0, 900.0));
        let told = told([-0.02, -0.98, -0.19]);
        let camera =
            Camera::of(1080.0, 1440.0, &told, &UserCalibration { plumb: Some((a, b)), ..UserCalibration::default() });
        assert_eq!(camera.level_from, LevelFrom::Plumb);
        assert!((camera.level(a).x - camera.level(b).x).abs() < 1e-6);
    }

    #[test]
    fn the_users_word_goes_before_the_phones() {
        let given = UserCalibration { roll_deg: Some(-3.0), ..UserCalibration::default() };
        let camera = Camera::of(1080.0, 1440.0, &told([-0.0996, -0.9882, -0.0651]), &given);
        assert_eq!((camera.level_from, camera.roll_deg), (LevelFrom::Roll, -3.0));
        assert!((camera.pitch_deg + 3.75).abs() < 0.05);
    }

    #[test]
    fn focal_length_follows_the_diagonal() {
        let told = CameraMetadata { focal_35mm: Some(26.0), ..CameraMetadata::default() };
        let camera = Camera::of(3024.0, 4032.0, &told, &UserCalibration::default());
        assert!((camera.focal_px - 26.0 * 5040.0 / FILM_DIAGONAL_MM).abs() < 1e-9);
        assert_eq!(camera.focal_from, FocalFrom::Exif);
    }

    fn edges(roll_deg: f64) -> Tilt {
        let (pitch_deg, roll_sd_deg, pitch_sd_deg) = (-3.5, 0.15, 0.8);
        let (focal_factor, focal_sd, bend, support_px, segments) = (1.3, 0.1, 0.0, 900.0, 20);
        Tilt { roll_deg, pitch_deg, roll_sd_deg, pitch_sd_deg, focal_factor, focal_sd, bend, support_px, segments }
    }

    /// Rolled by 5.755 degrees according to its gravity.
    fn seen(width: f64, roll: Option<f64>, mirrored: bool) -> Camera {
        let told = CameraMetadata { focal_35mm: Some(26.0), ..told([-0.0996, -0.9882, -0.0651]) };
        Camera::by_all(width, 1440.0, &told, roll.map(edges).as_ref(), &UserCalibration::default(), mirrored)
    }

    #[test]
    fn gravity_stands_where_the_background_agrees_or_says_nothing() {
        for camera in [seen(1080.0, None, false), seen(1080.0, Some(5.3), false), seen(1080.0, Some(-5.3), true)] {
            assert_eq!((camera.level_from, camera.doubt), (LevelFrom::Gravity, None));
            assert!((camera.roll_deg - 5.755).abs() < 0.01 && camera.roll_sd_deg == GRAVITY_SD, "{camera:?}");
        }
    }

    #[test]
    fn gravity_of_a_straightened_or_mirrored_file_is_not_believed() {
        for (roll, doubt) in [(1.7, Doubt::Gravity), (9.7, Doubt::Gravity), (-5.6, Doubt::Mirrored)] {
            let camera = seen(1080.0, Some(roll), false);
            assert_eq!(camera.doubt, Some(doubt));
            // The resulting interval contains both values.
            for said in [roll, 5.755] {
                assert!((camera.roll_deg - said).abs() <= 2.05 * camera.roll_sd_deg, "{camera:?}");
            }
        }
    }

    #[test]
    fn a_part_of_a_photo_is_believed_less() {
        let part = seen(778.0, None, false);
        assert_eq!((part.level_from, part.doubt), (LevelFrom::Gravity, Some(Doubt::Edited)));
        assert!(part.roll_sd_deg >= EDITED_GRAVITY_SD && part.focal_sd >= 0.2 && part.principal_sd_px[0] > 0.0);
        let both = seen(778.0, Some(5.6), false);
        assert!(both.roll_sd_deg < 0.3 && (both.roll_deg - 5.6).abs() < 0.1, "{both:?}");
    }

    #[test]
    fn the_front_camera_earns_a_hint() {
        let told = CameraMetadata { front_camera: true, ..CameraMetadata::default() };
        let camera =
            |mirrored| Camera::by_all(1080.0, 1440.0, &told, None, &UserCalibration::default(), mirrored).doubt;
        assert_eq!((camera(false), camera(true)), (Some(Doubt::FrontCamera), None));
    }

    #[test]
    fn vanishing_points_tell_a_focal_length_that_nothing_else_does() {
        let by_edges = Camera::by_all(
            1080.0,
            1440.0,
            &CameraMetadata::default(),
            Some(&edges(1.0)),
            &UserCalibration::default(),
            false,
        );
        let guess = Camera::of(1080.0, 1440.0, &CameraMetadata::default(), &UserCalibration::default());
        assert!((by_edges.focal_px / guess.focal_px - 1.3).abs() < 1e-9);
        assert_eq!((by_edges.focal_sd, by_edges.focal_from), (0.1, FocalFrom::Verticals));
        let told = CameraMetadata { focal_35mm: Some(26.0), ..CameraMetadata::default() };
        let exif = Camera::by_all(1080.0, 1440.0, &told, Some(&edges(1.0)), &UserCalibration::default(), false);
        assert_eq!((exif.focal_sd, exif.focal_from), (EXIF_FOCAL_SD, FocalFrom::Exif));
    }
}
