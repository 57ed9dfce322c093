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
}
