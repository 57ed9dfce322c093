//! Short videos made of the samples.

use std::path::Path;

use opencv::core::{BORDER_CONSTANT, BORDER_REPLICATE, CV_8UC3, Mat, MatTraitConst, Point2f, Rect, Scalar, Size};
use opencv::imgcodecs::{IMREAD_COLOR, imread};
use opencv::imgproc::{INTER_AREA, INTER_LINEAR, get_rotation_matrix_2d, resize, warp_affine};
use opencv::videoio::{VideoWriter, VideoWriterTrait, VideoWriterTraitConst};

/// What a frame shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shot {
    sample: Option<&'static str>,
    width: i32,
    height: i32,
    degrees: f64,
    upper: bool,
}

/// A sample as it is.
pub const fn still(sample: &'static str, width: i32, height: i32) -> Shot {
    Shot { sample: Some(sample), width, height, degrees: 0.0, upper: false }
}

/// A sample turned about its middle: positive = clockwise in the picture, so that somebody seen from the front leans to their
/// left by as much. The camera is to be taken for level then, for the background leans too.
pub const fn lean(sample: &'static str, width: i32, height: i32, degrees: f64) -> Shot {
    Shot { sample: Some(sample), width, height, degrees, upper: false }
}

/// Head and shoulders of a sample.
pub const fn upper(sample: &'static str, width: i32, height: i32) -> Shot {
    Shot { sample: Some(sample), width, height, degrees: 0.0, upper: true }
}

/// Nobody.
pub const fn empty(width: i32, height: i32) -> Shot {
    Shot { sample: None, width, height, degrees: 0.0, upper: false }
}

impl Shot {
    /// The frame's pixels.
    pub fn pixels(&self) -> Mat {
        let Some(sample) = self.sample else {
            return Mat::new_rows_cols_with_default(self.height, self.width, CV_8UC3, Scalar::all(120.0)).unwrap();
        };
        let path = format!("{}/samples/{sample}", env!("CARGO_MANIFEST_DIR"));
        let mut photo = imread(&path, IMREAD_COLOR).unwrap();
        if self.upper {
            // From above the head to the chest, as wide as the frame asks for.
            let height = photo.cols() * self.height / self.width;
            let part = Rect::new(0, photo.rows() / 12, photo.cols(), height.min(photo.rows() * 2 / 5));
            photo = Mat::roi(&photo, part).unwrap().try_clone().unwrap();
        }
        let mut fitted = Mat::default();
        resize(&photo, &mut fitted, Size::new(self.width, self.height), 0.0, 0.0, INTER_AREA).unwrap();
        if self.degrees == 0.0 {
            return fitted;
        }
        let middle = Point2f::new(0.5 * self.width as f32, 0.5 * self.height as f32);
        let turn = get_rotation_matrix_2d(middle, -self.degrees, 1.0).unwrap();
        let mut turned = Mat::default();
        let border = if self.degrees.abs() < 45.0 { BORDER_REPLICATE } else { BORDER_CONSTANT };
        let size = fitted.size().unwrap();
        warp_affine(&fitted, &mut turned, &turn, size, INTER_LINEAR, border, Scalar::all(0.0)).unwrap();
        turned
    }
}

/// Writes a motion JPEG video.
pub fn film(path: &Path, rate: f64, shots: &[Shot]) {
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
