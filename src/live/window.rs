//! The window: the picture as in a mirror, with what was measured drawn over it.

use std::ops::ControlFlow;
use std::time::Duration;

use image::{RgbImage, imageops};
use opencv::core::{Mat, MatTraitConst, Point, Scalar, Size};
use opencv::highgui::{
    WINDOW_GUI_NORMAL, WINDOW_KEEPRATIO, WINDOW_NORMAL, WND_PROP_VISIBLE, destroy_window, get_window_property, imshow,
    named_window, resize_window, wait_key,
};
use opencv::imgproc::{COLOR_RGB2BGR, FONT_HERSHEY_SIMPLEX, INTER_AREA, LINE_AA, cvt_color_def, put_text, resize};

use super::Seen;
use crate::error::{Error, Result};
use crate::record::Record;
use crate::report::overlay;

const NAME: &str = "orthostat";
/// Pictures are reduced to this, so that they fit on a screen.
const FITS: (f64, f64) = (1280.0, 800.0);
const ESCAPE: i32 = 27;

/// Whether this machine names a display at all. Whether one answers is another matter: see [`Window::open`].
#[must_use]
pub fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// A window on the screen, closed when dropped.
#[derive(Debug)]
pub struct Window {
    sized: bool,
    bgr: Mat,
    fitting: Mat,
}

impl Window {
    /// Opens the window.
    ///
    /// Where the display is named but does not answer, the toolkit under OpenCV may end the whole process instead of
    /// returning an error. A program that wants to go on tries this in another process first.
    ///
    /// # Errors
    /// [`Error::Usage`] with what OpenCV says.
    pub fn open() -> Result<Self> {
        named_window(NAME, WINDOW_NORMAL | WINDOW_KEEPRATIO | WINDOW_GUI_NORMAL).map_err(cannot)?;
        Ok(Self { sized: false, bgr: Mat::default(), fitting: Mat::default() })
    }

    /// Shows what was seen and waits for a key, at least a millisecond; breaks off on `q`, Escape, or when the window was
    /// closed. `mirrored` says that the source's pictures are mirror images already.
    ///
    /// # Errors
    /// [`Error::Usage`] with what OpenCV says.
    pub fn show(&mut self, seen: &Seen, mirrored: bool, wait: Duration) -> Result<ControlFlow<()>> {
        if let Some(photo) = &seen.photo {
            let (picture, note) = match &seen.outcome {
                Ok(record) => (as_in_a_mirror(&photo.pixels, record), None),
                Err(why) if why.person => (flipped(&photo.pixels, mirrored), Some("view not clear")),
                Err(_) => (flipped(&photo.pixels, mirrored), Some("nobody found")),
            };
            self.draw(&picture, note).map_err(cannot)?;
        }
        let key = wait_key(i32::try_from(wait.as_millis()).unwrap_or(i32::MAX).max(1)).map_err(cannot)?;
        let closed = get_window_property(NAME, WND_PROP_VISIBLE).map_err(cannot)? < 1.0;
        let quit = closed || (key >= 0 && [i32::from(b'q'), i32::from(b'Q'), ESCAPE].contains(&(key & 0xff)));
        Ok(if quit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn draw(&mut self, picture: &RgbImage, note: Option<&str>) -> opencv::Result<()> {
        let (width, height) = picture.dimensions();
        let flat = Mat::from_slice(picture.as_raw())?;
        let rgb = flat.reshape(3, i32::try_from(height).unwrap_or(0))?;
        cvt_color_def(&rgb, &mut self.bgr, COLOR_RGB2BGR)?;
        if let Some(note) = note {
            let size = f64::from(width.max(height)) / 600.0;
            let stroke = |thick: f64| (thick * size).round().max(1.0) as i32;
            let at = Point::new(stroke(12.0), stroke(32.0));
            for (color, thick) in [(Scalar::all(20.0), 5.0), (Scalar::all(255.0), 1.5)] {
                put_text(
                    &mut self.bgr,
                    note,
                    at,
                    FONT_HERSHEY_SIMPLEX,
                    0.9 * size,
                    color,
                    stroke(thick),
                    LINE_AA,
                    false,
                )?;
            }
        }
        let scale = (FITS.0 / f64::from(width)).min(FITS.1 / f64::from(height));
        if scale < 1.0 {
            // Left to the toolkit, thin lines would break up.
            resize(&self.bgr, &mut self.fitting, Size::default(), scale, scale, INTER_AREA)?;
            std::mem::swap(&mut self.bgr, &mut self.fitting);
        }
        if !self.sized {
            resize_window(NAME, self.bgr.cols(), self.bgr.rows())?;
            self.sized = true;
        }
        imshow(NAME, &self.bgr)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Nothing is lost when the window is gone already.
        let _ = destroy_window(NAME);
    }
}

fn cannot(error: opencv::Error) -> Error {
    Error::Usage { reason: format!("no window can be shown: {} (--no-window goes on without one)", error.message) }
}

fn flipped(picture: &RgbImage, mirrored: bool) -> RgbImage {
    if mirrored { picture.clone() } else { imageops::flip_horizontal(picture) }
}

/// A measured picture as the subject would see it in a mirror, drawn over. Only the places are mirrored: the texts can be
/// read, and the sides that they name stay the subject's own.
#[must_use]
pub fn as_in_a_mirror(picture: &RgbImage, record: &Record) -> RgbImage {
    if record.view.mirrored {
        overlay::draw(picture, record)
    } else {
        overlay::draw(&imageops::flip_horizontal(picture), &mirrored(record))
    }
}

/// The record of the mirrored picture, as far as it is drawn.
fn mirrored(record: &Record) -> Record {
    let mut record = record.clone();
    let width = f64::from(record.source.width);
    for landmark in record.landmarks.values_mut() {
        landmark.x = width - landmark.x;
    }
    for level in record.spinal_line.iter_mut().flat_map(|line| &mut line.levels) {
        level.x = width - level.x;
    }
    let [left, top, right, bottom] = record.subject.bounds;
    record.subject.bounds = [width - right, top, width - left, bottom];
    record.camera.roll_deg = -record.camera.roll_deg;
    record.view.mirrored = !record.view.mirrored;
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analyzer, Options};
    use crate::photo::{Photo, ReadOptions};

    #[test]
    fn the_mirrored_record_has_its_places_where_the_mirrored_picture_has_them() {
        let photo = Photo::open("samples/anterior-tilted.jpg".as_ref(), &ReadOptions::default()).unwrap();
        let mut analyzer = Analyzer::open(&[orthostat::estimate::blazepose::Options::default()], 1).unwrap();
        let analysis = analyzer.analyze(&photo, &Options { readings: 1, ..Options::default() }).unwrap();
        let record = Record::new("a", &photo, &analysis);
        let turned = mirrored(&record);
        let x = |record: &Record| record.landmarks["left_shoulder"].x;
        assert!(x(&turned) < 540.0 && x(&record) > 540.0);
        assert!((x(&turned) + x(&record) - 1080.0).abs() < 1e-9);
        assert_eq!(turned.camera.roll_deg, -record.camera.roll_deg);
        assert!(turned.view.mirrored && turned.measures == record.measures);
        let back = mirrored(&turned);
        assert!((x(&back) - x(&record)).abs() < 1e-9);
        assert_eq!(as_in_a_mirror(&photo.pixels, &record), overlay::draw(&flipped(&photo.pixels, false), &turned));
    }
}
