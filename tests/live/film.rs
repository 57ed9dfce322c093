//! Short videos made from the samples.

use std::path::Path;

use opencv::core::{
    BORDER_REPLICATE, CV_8UC3, Mat, MatTrait, MatTraitConst, Point2f, Rect, Scalar, Size, copy_make_border,
};
use opencv::imgcodecs::{IMREAD_COLOR, imread};
use opencv::imgproc::{INTER_AREA, INTER_LINEAR, get_rotation_matrix_2d, resize, warp_affine};
use opencv::videoio::{VideoWriter, VideoWriterTrait, VideoWriterTraitConst};

/// The content of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shot {
    pub(crate) sample: Option<&'static str>,
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) degrees: f64,
    /// To the right, in pixels; of a frame as wide as a camera's.
    pub(crate) shift: f64,
    pub(crate) upper: bool,
}

/// An unmodified sample.
pub(crate) const fn still(sample: &'static str, width: i32, height: i32) -> Shot {
    Shot { sample: Some(sample), width, height, degrees: 0.0, shift: 0.0, upper: false }
}

/// A sample turned about its middle: positive = clockwise in the picture, so a person seen from the front leans to their left by as much.
/// The camera must be set to level then, since the background leans too.
pub(crate) const fn lean(sample: &'static str, width: i32, height: i32, degrees: f64) -> Shot {
    Shot { sample: Some(sample), width, height, degrees, shift: 0.0, upper: false }
}

/// Head and shoulders of a sample.
pub(crate) const fn upper(sample: &'static str, width: i32, height: i32) -> Shot {
    Shot { sample: Some(sample), width, height, degrees: 0.0, shift: 0.0, upper: true }
}

/// No person.
pub(crate) const fn empty(width: i32, height: i32) -> Shot {
    Shot { sample: None, width, height, degrees: 0.0, shift: 0.0, upper: false }
}

impl Shot {
    /// The frame's pixels.
    pub(crate) fn pixels(&self) -> Mat {
        let Some(sample) = self.sample else {
            return Mat::new_rows_cols_with_default(self.height, self.width, CV_8UC3, Scalar::all(120.0)).unwrap();
        };
        let path = format!("{}/samples/{sample}", env!("CARGO_MANIFEST_DIR"));
        let mut photo = imread(&path, IMREAD_COLOR).unwrap();
        if self.upper {
            // From above the head to the chest.
            let part = Rect::new(0, photo.rows() / 12, photo.cols(), photo.rows() / 3);
            photo = Mat::roi(&photo, part).unwrap().try_clone().unwrap();
        }
        // Whole and undistorted, in the middle of the frame.
        let share = f64::from(self.height) / f64::from(photo.rows());
        let width = (share * f64::from(photo.cols())).round() as i32;
        let mut fitted = Mat::default();
        resize(&photo, &mut fitted, Size::new(width, self.height), 0.0, 0.0, INTER_AREA).unwrap();
        let beside = self.width - width;
        if beside > 0 {
            let (left, right) = (beside / 2, beside - beside / 2);
            let mut wide = Mat::default();
            copy_make_border(&fitted, &mut wide, 0, 0, left, right, BORDER_REPLICATE, Scalar::all(0.0)).unwrap();
            fitted = wide;
        } else if beside < 0 {
            fitted =
                Mat::roi(&fitted, Rect::new(-beside / 2, 0, self.width, self.height)).unwrap().try_clone().unwrap();
        }
        if self.degrees == 0.0 && self.shift == 0.0 {
            return fitted;
        }
        let middle = Point2f::new(0.5 * self.width as f32, 0.5 * self.height as f32);
        let mut turn = get_rotation_matrix_2d(middle, -self.degrees, 1.0).unwrap();
        *turn.at_2d_mut::<f64>(0, 2).unwrap() += self.shift;
        let mut turned = Mat::default();
        let size = fitted.size().unwrap();
        warp_affine(&fitted, &mut turned, &turn, size, INTER_LINEAR, BORDER_REPLICATE, Scalar::all(0.0)).unwrap();
        turned
    }
}

/// Writes a motion JPEG video.
pub(crate) fn film(path: &Path, rate: f64, shots: &[Shot]) {
    let fourcc = VideoWriter::fourcc('M', 'J', 'P', 'G').unwrap();
    let size = Size::new(shots[0].width, shots[0].height);
    let mut writer = VideoWriter::new(path.to_str().unwrap(), fourcc, rate, size, true).unwrap();
    assert!(writer.is_opened().unwrap());
    let mut made: Option<(Shot, Mat)> = None;
    for shot in shots {
        let same = made.as_ref().is_some_and(|(last, _)| last == shot);
        if !same {
            made = Some((*shot, shot.pixels()));
        }
        writer.write(&made.as_ref().unwrap().1).unwrap();
    }
    writer.release().unwrap();
}
