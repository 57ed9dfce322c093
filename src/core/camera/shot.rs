//! Whether a picture was edited after it was taken, so that its metadata no longer describes the camera.

use super::metadata::{CameraMetadata, EXIF_FOCAL_SD, FILM_DIAGONAL_MM};
use crate::core::gate::Gate;

/// A part cut out of a photo of unknown size: logarithm of the ratio of the focal length to the one implied by the part's diagonal, and
/// its standard deviation.
const CROP_FOCAL: (f64, f64) = (0.15, 0.2);
/// The minimum standard deviation of the optical axis's position in such a part, as a share of the longer side.
const CROP_PRINCIPAL_SD: f64 = 0.06;
/// The assumed shape of the original photo: a phone held upright.
const UPRIGHT_SHAPE: f64 = 4.0 / 3.0;

/// A contradiction to the photo's metadata about the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The phone's gravity is the mirror image of the background's edges.
    Mirrored,
    /// The phone's gravity and the background's edges differ.
    Gravity,
    /// The picture's size differs from that of the original photo.
    Edited,
    /// It was taken by the front camera, whose pictures many phones mirror.
    FrontCamera,
}

impl Doubt {
    /// The gate, and one sentence on the finding and what to do.
    #[must_use]
    pub const fn flag(self) -> (Gate, &'static str) {
        match self {
            Doubt::Mirrored => (
                Gate::PerhapsMirrored,
                "the phone's gravity and the background lean to opposite sides, as in a mirror image: name --mirrored if it is one, \
                 or every side is wrong",
            ),
            Doubt::Gravity => (
                Gate::GravityContradicted,
                "the phone's gravity and the background's edges contradict each other, so neither is believed firmly: use the \
                 phone's original file, or name a plumb line in the picture with --plumb",
            ),
            Doubt::Edited => (
                Gate::Edited,
                "the picture was cut out, straightened or resized after the shot, so what the file says of the camera is believed \
                 less: use the phone's original file",
            ),
            Doubt::FrontCamera => (
                Gate::FrontCamera,
                "the front camera took the picture, and many phones save that as a mirror image: name --mirrored if it is one",
            ),
        }
    }
}

/// How the picture was changed after it was taken, judged by its size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Size {
    /// The size of the original photo, or of a camera's pictures.
    AsShot,
    /// Another size in the same shape: resized, or straightened and cut.
    Other,
    /// Another shape: a part of the original photo, whose size may be known.
    Part(Option<[f64; 2]>),
    /// A shape that no camera uses, in a file without data about a camera.
    Odd,
}

/// Shapes of cameras' pictures: the longer by the shorter side.
const SHAPES: [f64; 12] = [
    1.0,
    5.0 / 4.0,
    4.0 / 3.0,
    3.0 / 2.0,
    16.0 / 10.0,
    16.0 / 9.0,
    18.0 / 9.0,
    18.5 / 9.0,
    19.0 / 9.0,
    19.5 / 9.0,
    20.0 / 9.0,
    21.0 / 9.0,
];
/// Two shapes match within this share.
const SHAPE_WITHIN: f64 = 0.006;
/// Cameras' pictures have sides that are multiples of this, in pixels.
const CAMERA_STEP: f64 = 4.0;

impl Size {
    pub(super) fn of(width: f64, height: f64, told: &CameraMetadata) -> Self {
        let sorted = |a: f64, b: f64| (a.max(b), a.min(b).max(1.0));
        let (long, short) = sorted(width, height);
        let alike = |a: f64, b: f64| (a / b - 1.0).abs() < SHAPE_WITHIN;
        match told.shot_px.map(|[a, b]| sorted(a, b)) {
            Some((a, b)) if (a, b) == (long, short) => Size::AsShot,
            Some((a, b)) if alike(a / b, long / short) => Size::Other,
            Some((a, b)) => Size::Part((a >= long && b >= short).then_some([a, b])),
            None if !SHAPES.iter().any(|&shape| alike(shape, long / short)) => {
                // Without camera data there is nothing to contradict.
                if told.focal_35mm.is_none() && told.gravity.is_none() { Size::Odd } else { Size::Part(None) }
            }
            None if told.focal_35mm.is_none() && told.gravity.is_none() => Size::AsShot,
            None if long % CAMERA_STEP != 0.0 || short % CAMERA_STEP != 0.0 => Size::Other,
            None => Size::AsShot,
        }
    }

    /// Focal length in pixels for a 35 mm equivalent, and the standard deviation of its logarithm.
    pub(super) fn focal(self, width: f64, height: f64, mm: f64) -> (f64, f64) {
        let of_diagonal = |diagonal: f64| mm * diagonal / FILM_DIAGONAL_MM;
        match self {
            Size::AsShot | Size::Other | Size::Odd => (of_diagonal(width.hypot(height)), EXIF_FOCAL_SD),
            // Cropped and perhaps also scaled down: at most the original's focal length.
            Size::Part(Some([a, b])) => {
                let ratio = a.hypot(b) / width.hypot(height);
                (of_diagonal(width.hypot(height)) * ratio.min(2.0), EXIF_FOCAL_SD.hypot(0.3 * ratio.min(2.0).ln()))
            }
            Size::Part(None) => (of_diagonal(width.hypot(height)) * CROP_FOCAL.0.exp(), CROP_FOCAL.1),
        }
    }

    /// The uncertainty of the optical axis relative to the picture's middle, to the side and up, in pixels (standard deviations).
    pub(super) fn principal_sd(self, width: f64, height: f64) -> [f64; 2] {
        let long = width.max(height);
        // Uniformly distributed between the middles of the first and the last possible part of this length.
        let even = |lost: f64| lost.max(0.0) / 12.0_f64.sqrt();
        match self {
            Size::AsShot | Size::Other => [0.0; 2],
            Size::Part(Some([a, b])) => {
                let (a, b) = if (width > height) == (a > b) { (a, b) } else { (b, a) };
                [even(a - width).min(long), even(b - height).min(long)]
            }
            Size::Part(None) | Size::Odd => [
                even(height / UPRIGHT_SHAPE - width).hypot(CROP_PRINCIPAL_SD * long),
                even(width * UPRIGHT_SHAPE - height).hypot(CROP_PRINCIPAL_SD * long),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(width: f64, height: f64, shot_px: Option<[f64; 2]>) -> Size {
        Size::of(width, height, &CameraMetadata { focal_35mm: Some(26.0), shot_px, ..CameraMetadata::default() })
    }

    #[test]
    fn the_size_tells_what_became_of_a_picture() {
        // Phones' pictures, in portrait and landscape, with and without the size in their Exif data.
        for (width, height) in [(3024.0, 4032.0), (4032.0, 2268.0), (2448.0, 2448.0), (6000.0, 4000.0), (720.0, 1280.0)]
        {
            assert_eq!(of(width, height, None), Size::AsShot);
            assert_eq!(of(width, height, Some([height, width])), Size::AsShot);
        }
        // Unusual sizes, as written by the camera itself.
        assert_eq!(of(3213.0, 5712.0, Some([5712.0, 3213.0])), Size::AsShot);
        // Straightened and cropped to the same shape, cropped at one side, cropped with the original's size known.
        assert_eq!(of(929.0, 1239.0, None), Size::Other);
        assert_eq!(of(1500.0, 2000.0, Some([4032.0, 3024.0])), Size::Other);
        assert_eq!(of(778.0, 1440.0, None), Size::Part(None));
        assert_eq!(of(2000.0, 4032.0, Some([4032.0, 3024.0])), Size::Part(Some([4032.0, 3024.0])));
        // Without camera data nothing is contradicted, but the axis of an unusual shape is unknown.
        assert_eq!(Size::of(929.0, 1239.0, &CameraMetadata::default()), Size::AsShot);
        assert_eq!(Size::of(778.0, 1440.0, &CameraMetadata::default()), Size::Odd);
    }

    #[test]
    fn a_part_has_the_focal_length_of_the_whole() {
        let whole = of(3024.0, 4032.0, None).focal(3024.0, 4032.0, 26.0);
        let part = of(2000.0, 4032.0, Some([4032.0, 3024.0]));
        assert!((part.focal(2000.0, 4032.0, 26.0).0 - whole.0).abs() < 1e-9);
        // A third of the width is cut off, and nothing of the height.
        let [aside, up] = part.principal_sd(2000.0, 4032.0);
        assert!((aside - 1024.0 / 12.0_f64.sqrt()).abs() < 1e-9 && up == 0.0);
        assert_eq!(of(3024.0, 4032.0, None).principal_sd(3024.0, 4032.0), [0.0; 2]);
    }
}
