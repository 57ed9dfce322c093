//! Whether a picture was edited after the shot, so that its metadata no longer describes the camera.

use super::metadata::{CameraMetadata, EXIF_FOCAL_SD, FILM_DIAGONAL_MM};
use crate::core::gate::Gate;

/// A part cut out of a photo of unknown size: logarithm of how much longer the focal length is than the part's diagonal says, and
/// its standard deviation.
const CROP_FOCAL: (f64, f64) = (0.15, 0.2);
/// The least standard deviation of the optical axis's place in such a part, as a share of the longer side.
const CROP_PRINCIPAL_SD: f64 = 0.06;
/// The shape that such a part is taken to come from: a phone held upright.
const UPRIGHT_SHAPE: f64 = 4.0 / 3.0;

/// What contradicts the photo's metadata about the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The phone's gravity says the opposite of the background's edges.
    Mirrored,
    /// The phone's gravity and the background's edges differ.
    Gravity,
    /// The picture has not the size of what the camera took.
    Edited,
    /// The front camera took it, whose pictures many phones mirror.
    FrontCamera,
}

impl Doubt {
    /// The gate, and what it is and what to do in one sentence.
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

/// What became of the picture since the shot, as its size tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Size {
    /// That of the shot, or of a camera's pictures.
    AsShot,
    /// Another size in the same shape: resized, or straightened and cut.
    Other,
    /// Another shape: a part of the shot, whose size may be known.
    Part(Option<[f64; 2]>),
    /// A shape that no camera gives its pictures, in a file that says nothing of a camera.
    Odd,
}

/// Shapes that cameras give their pictures: the longer by the shorter side.
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
/// Two shapes are alike within this share.
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
                // Where no camera is named there is nothing to be contradicted.
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
            // Cut and perhaps made smaller as well: at most what the whole shot gives.
            Size::Part(Some([a, b])) => {
                let ratio = a.hypot(b) / width.hypot(height);
                (of_diagonal(width.hypot(height)) * ratio.min(2.0), EXIF_FOCAL_SD.hypot(0.3 * ratio.min(2.0).ln()))
            }
            Size::Part(None) => (of_diagonal(width.hypot(height)) * CROP_FOCAL.0.exp(), CROP_FOCAL.1),
        }
    }

    /// How far the optical axis may be from the picture's middle to the side and up, in pixels (standard deviations).
    pub(super) fn principal_sd(self, width: f64, height: f64) -> [f64; 2] {
        let long = width.max(height);
        // Somewhere between the middles of the first and the last part of this length.
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
        // Phones' pictures, upright and on their side, with and without the size in their Exif data.
        for (width, height) in [(3024.0, 4032.0), (4032.0, 2268.0), (2448.0, 2448.0), (6000.0, 4000.0), (720.0, 1280.0)]
        {
            assert_eq!(of(width, height, None), Size::AsShot);
            assert_eq!(of(width, height, Some([height, width])), Size::AsShot);
        }
        // Odd sizes, as the camera itself wrote it.
        assert_eq!(of(3213.0, 5712.0, Some([5712.0, 3213.0])), Size::AsShot);
        // Straightened and cut to the same shape, cut at one side, cut with the shot's size known.
        assert_eq!(of(929.0, 1239.0, None), Size::Other);
        assert_eq!(of(1500.0, 2000.0, Some([4032.0, 3024.0])), Size::Other);
        assert_eq!(of(778.0, 1440.0, None), Size::Part(None));
        assert_eq!(of(2000.0, 4032.0, Some([4032.0, 3024.0])), Size::Part(Some([4032.0, 3024.0])));
        // No camera is named: nothing is contradicted, but the axis of an odd shape is unknown.
        assert_eq!(Size::of(929.0, 1239.0, &CameraMetadata::default()), Size::AsShot);
        assert_eq!(Size::of(778.0, 1440.0, &CameraMetadata::default()), Size::Odd);
    }

    #[test]
    fn a_part_has_the_focal_length_of_the_whole() {
        let whole = of(3024.0, 4032.0, None).focal(3024.0, 4032.0, 26.0);
        let part = of(2000.0, 4032.0, Some([4032.0, 3024.0]));
        assert!((part.focal(2000.0, 4032.0, 26.0).0 - whole.0).abs() < 1e-9);
        // A third of the width is gone, and nothing of the height.
        let [aside, up] = part.principal_sd(2000.0, 4032.0);
        assert!((aside - 1024.0 / 12.0_f64.sqrt()).abs() < 1e-9 && up == 0.0);
        assert_eq!(of(3024.0, 4032.0, None).principal_sd(3024.0, 4032.0), [0.0; 2]);
    }
}
