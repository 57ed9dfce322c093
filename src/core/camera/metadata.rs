//! A photo's own data about the camera.

/// Diagonal of a 35 mm film frame, in millimetres: what "35 mm equivalent" refers to here.
pub(super) const FILM_DIAGONAL_MM: f64 = 43.266_615;
/// The uncertainty of the focal length in EXIF, which is nominal and rounded to whole millimetres: a share of the focal length.
pub(super) const EXIF_FOCAL_SD: f64 = 0.03;

/// A photo's own data about the camera.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CameraMetadata {
    /// Focal length as 35 mm equivalent, in millimetres.
    pub focal_35mm: Option<f64>,
    /// Apple's acceleration vector in units of g: device axes, towards the left, the bottom and the face of the phone.
    pub gravity: Option<[f64; 3]>,
    /// Whether it was the front camera, on the side of the screen.
    pub front_camera: bool,
    /// Width and height of the picture as the camera took it, in pixels, in either order.
    pub shot_px: Option<[f64; 2]>,
    /// Millimetres of the body for one pixel, as a medical file records them.
    pub mm_per_px: Option<f64>,
}

impl CameraMetadata {
    /// Roll and pitch in degrees from the acceleration recorded by an Apple phone, in its picture's upright axes.
    ///
    /// The vector points in the direction of gravity: x to the left of the phone seen from its front, y to the bottom, z into the face; up is
    /// its negative. Which edge of the phone is up in the picture follows from the vector itself: of the four quarter turns, the one that
    /// brings up within 45 degrees of the picture's top, because HEIC files and edited JPEGs may say "orientation 1" in any position. `None`
    /// without a vector, and when the phone was moving or nearly flat.
    pub(super) fn attitude(&self) -> Option<(f64, f64)> {
        let a = self.gravity?;
        let size = a.iter().map(|v| v * v).sum::<f64>().sqrt();
        if !(0.9..1.1).contains(&size) || a[2].abs() > 0.7 {
            return None;
        }
        let [x, y, z] = a.map(|v| v / size);
        // The front camera looks in the opposite direction: left and right are exchanged, and the elevation changes sign.
        let (x, z) = if self.front_camera { (-x, -z) } else { (x, z) };
        // Up in the device's (right, top) axes, turned by quarters until it points to the picture's top.
        let (mut right, mut top) = (-x, -y);
        for _ in 0..4 {
            if top >= right.abs() {
                return Some((right.atan2(top).to_degrees(), z.asin().to_degrees()));
            }
            (right, top) = (top, -right);
        }
        None
    }
}
