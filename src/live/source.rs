//! Where frames come from.
//!
//! Videos, streams and cameras are read by OpenCV. Pictures (a sequence such as `frame_%04d.png`, or a single one) are read
//! by [`Photo::open`] instead: turned as their Exif data say, with what these say about the camera, and so measured exactly
//! as `orthostat analyze` measures them.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use image::{ImageFormat, RgbImage};
use opencv::core::{LogLevel, Mat, MatTraitConst, MatTraitConstManual, set_log_level};
use opencv::imgproc::{COLOR_BGR2RGB, cvt_color_def};
use opencv::videoio::{
    CAP_ANY, CAP_FFMPEG, CAP_PROP_POS_MSEC, CAP_V4L2, VideoCapture, VideoCaptureTrait, VideoCaptureTraitConst,
};

use crate::error::{Error, Result};
use crate::photo::{self, Format, Metadata, Photo, ReadOptions};

/// One picture out of a source.
#[derive(Debug)]
pub struct Frame {
    /// The number, counted from 0.
    pub number: u64,
    /// When it was taken, in milliseconds: from the video's beginning for a video file (its own time stamps), from the first
    /// frame for a camera or a stream (this machine's steady clock, when the frame arrived). `None` for pictures, which have
    /// no clock: a rate is never assumed.
    pub time_ms: Option<f64>,
    /// An id for the record: of a picture its file name without the ending, else the source's with the frame's number.
    pub id: String,
    /// The picture, or why it cannot be read.
    ///
    /// For frames of videos, streams and cameras `source.path` is the source's name, `source.blake3` is empty (there is no
    /// file of which it could be the hash), and nothing is known about the camera.
    pub photo: Result<Photo>,
}

/// A source of frames, opened.
#[derive(Debug)]
pub struct Source {
    /// As it may be shown: without the passwords of addresses.
    name: PathBuf,
    kind: Kind,
    next: u64,
}

#[derive(Debug)]
enum Kind {
    Capture { capture: VideoCapture, clock: Clock, bgr: Mat, rgb: Mat },
    Pictures(std::vec::IntoIter<PathBuf>),
}

/// Who says when a frame was taken.
#[derive(Debug)]
enum Clock {
    /// The file's time stamps.
    File,
    /// This machine, since the first frame.
    Arrival(Option<Instant>),
}

/// On Linux the part of OpenCV to be used is named: left to choose by itself, it also tries GStreamer, which takes seconds
/// for a missing camera and takes a file's name for a pipeline to be run.
const FILES_AND_STREAMS: i32 = if cfg!(target_os = "linux") { CAP_FFMPEG } else { CAP_ANY };
const CAMERAS: i32 = if cfg!(target_os = "linux") { CAP_V4L2 } else { CAP_ANY };

impl Source {
    /// Opens a camera by its number.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when there is none or it is in use.
    pub fn camera(number: i32) -> Result<Self> {
        quiet();
        let name = PathBuf::from(format!("camera {number}"));
        // Negative numbers mean "any camera" to OpenCV.
        let capture = (number >= 0).then(|| VideoCapture::new(number, CAMERAS).ok()).flatten();
        match capture.filter(is_open) {
            Some(capture) => Ok(Self::of(name, capture, Clock::Arrival(None))),
            None => Err(unreadable(
                name,
                io::ErrorKind::NotFound,
                "no camera answers to this number; is it plugged in, and not in use by another program?",
            )),
        }
    }

    /// Opens a video file, a picture, a sequence of pictures (`frame_%04d.png`) or the address of a stream.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when there is nothing of that name or it is no file, [`Error::NotAPicture`] when the content
    /// cannot be decoded, [`Error::Usage`] for an empty name.
    pub fn named(name: &str) -> Result<Self> {
        quiet();
        if name.is_empty() {
            let reason = "--source: expected a video file, an image sequence such as frame_%04d.png or an address, found nothing";
            return Err(Error::Usage { reason: reason.into() });
        }
        if name.contains("://") {
            // Addresses of cameras often hold a password, which has no place in records and messages.
            let shown = PathBuf::from(without_secrets(name));
            return match open(name) {
                Some(capture) => Ok(Self::of(shown, capture, Clock::Arrival(None))),
                None => Err(unreadable(shown, io::ErrorKind::NotConnected, "no video stream opens at this address")),
            };
        }
        let path = Path::new(name);
        if !path.exists()
            && let Some(pattern) = Pattern::of(path)
        {
            let pictures = pattern.files()?;
            return Ok(Self { name: path.into(), kind: Kind::Pictures(pictures.into_iter()), next: 0 });
        }
        if is_picture(path)? {
            return Ok(Self { name: path.into(), kind: Kind::Pictures(vec![path.into()].into_iter()), next: 0 });
        }
        match open(name) {
            Some(capture) => Ok(Self::of(path.into(), capture, Clock::File)),
            None => Err(Error::NotAPicture {
                path: path.into(),
                reason: "expected a video or a picture, found something that OpenCV cannot decode".into(),
                source: None,
            }),
        }
    }

    fn of(name: PathBuf, capture: VideoCapture, clock: Clock) -> Self {
        let kind = Kind::Capture { capture, clock, bgr: Mat::default(), rgb: Mat::default() };
        Self { name, kind, next: 0 }
    }

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// [`Error::NotAPicture`] when the source ends before its first frame.
    pub fn next_frame(&mut self) -> Result<Option<Frame>> {
        let number = self.next;
        let stem = |path: &Path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let frame = match &mut self.kind {
            Kind::Pictures(paths) => paths.next().map(|path| Frame {
                number,
                time_ms: None,
                id: stem(&path),
                photo: Photo::open(&path, &ReadOptions::default()),
            }),
            // OpenCV says no more than "no frame": the end, a broken file and a lost camera look alike.
            Kind::Capture { capture, clock, bgr, rgb } => match capture.read(bgr) {
                Ok(true) if !bgr.empty() => {
                    let time_ms = match clock {
                        Clock::File => capture.get(CAP_PROP_POS_MSEC).ok().filter(|time| time.is_finite()),
                        Clock::Arrival(first) => {
                            let now = Instant::now();
                            Some(1000.0 * now.duration_since(*first.get_or_insert(now)).as_secs_f64())
                        }
                    };
                    let photo = pixels(bgr, rgb)
                        .map(|pixels| photo_of(pixels, &self.name))
                        .map_err(|reason| Error::NotAPicture { path: self.name.clone(), reason, source: None });
                    let time_ms = time_ms.map(|time| (1000.0 * time).round() / 1000.0);
                    Some(Frame { number, time_ms, id: format!("{}-{number:06}", stem(&self.name)), photo })
                }
                _ => None,
            },
        };
        if frame.is_none() && number == 0 {
            let reason = "expected at least one frame, found none".into();
            return Err(Error::NotAPicture { path: self.name.clone(), reason, source: None });
        }
        self.next += 1;
        Ok(frame)
    }
}

/// OpenCV writes its own warnings to standard error, beside the one sentence that the user gets from us. (What FFmpeg writes
/// there when a stream does not open stays: only it knows the cause.)
fn quiet() {
    let _ = set_log_level(LogLevel::LOG_LEVEL_SILENT);
}

fn open(name: &str) -> Option<VideoCapture> {
    VideoCapture::from_file(name, FILES_AND_STREAMS).ok().filter(is_open)
}

fn is_open(capture: &VideoCapture) -> bool {
    capture.is_opened().unwrap_or(false)
}

fn unreadable(path: PathBuf, kind: io::ErrorKind, reason: &str) -> Error {
    Error::Unreadable { path, source: io::Error::new(kind, reason) }
}

/// Whether a regular file is a picture rather than a video, by its first bytes.
fn is_picture(path: &Path) -> Result<bool> {
    let cannot = |source| Error::Unreadable { path: path.into(), source };
    let about = std::fs::metadata(path).map_err(cannot)?;
    if !about.is_file() {
        // Opening a pipe would wait for a writer.
        let found = if about.is_dir() { "a folder" } else { "a device or a pipe (for a camera there is --camera)" };
        let reason = format!("expected a video file, a picture or a sequence such as frame_%04d.png, found {found}");
        return Err(unreadable(path.into(), io::ErrorKind::InvalidInput, &reason));
    }
    let mut start = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(32).read_to_end(&mut start)).map_err(cannot)?;
    let is_heif = start.get(4..8) == Some(b"ftyp")
        && start.get(8..12).is_some_and(|brand| [b"heic", b"heix", b"mif1"].iter().any(|known| brand == *known));
    let read_here = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff, ImageFormat::Bmp];
    Ok(is_heif || image::guess_format(&start).is_ok_and(|format| read_here.contains(&format)))
}

/// The pixels of a frame; `rgb` is only there to be used again.
fn pixels(bgr: &Mat, rgb: &mut Mat) -> std::result::Result<RgbImage, String> {
    if bgr.typ() != opencv::core::CV_8UC3 {
        let bits = 8 * bgr.elem_size1();
        return Err(format!("expected frames of 3 channels with 8 bits, found {} with {bits}", bgr.channels()));
    }
    cvt_color_def(bgr, rgb, COLOR_BGR2RGB).map_err(|error| error.message)?;
    let bytes = rgb.data_bytes().map_err(|error| error.message)?.to_vec();
    let side = |side: i32| u32::try_from(side).unwrap_or(0);
    RgbImage::from_raw(side(rgb.cols()), side(rgb.rows()), bytes)
        .ok_or_else(|| "expected a frame as large as it says, found a shorter one".into())
}

/// A frame in a photo's clothes. See [`Frame::photo`].
fn photo_of(pixels: RgbImage, name: &Path) -> Photo {
    let (width, height) = pixels.dimensions();
    Photo {
        source: photo::Source {
            path: name.into(),
            blake3: String::new(),
            bytes: 0,
            // The nearest to bare pixels that there is; the record says "frame" instead.
            format: Format::Bmp,
            stored_width: width,
            stored_height: height,
            orientation: 1,
        },
        pixels,
        metadata: Metadata::default(),
        notes: Vec::new(),
    }
}

/// An address without user, password and query.
fn without_secrets(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.into() };
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// A file name with a number in it, such as `frame_%04d.png` or `%d.jpg`.
#[derive(Debug, PartialEq, Eq)]
struct Pattern {
    folder: PathBuf,
    before: String,
    /// The least number of digits.
    digits: usize,
    after: String,
}

impl Pattern {
    /// `None` when the file's name is no pattern.
    fn of(path: &Path) -> Option<Self> {
        let (before, rest) = path.file_name()?.to_str()?.split_once('%')?;
        let (digits, after) = rest.split_once('d')?;
        let digits = if digits.is_empty() { 1 } else { digits.strip_prefix('0')?.parse().ok()? };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(Self { folder: folder.into(), before: before.into(), digits, after: after.into() })
    }

    /// The number that a file's name holds, when the name fits.
    fn number(&self, name: &str) -> Option<u64> {
        let digits = name.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        let fits = digits.len() == self.digits || (digits.len() > self.digits && !digits.starts_with('0'));
        (fits && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
    }

    /// All files that fit, by their numbers; gaps are allowed.
    fn files(&self) -> Result<Vec<PathBuf>> {
        let cannot = |source| Error::Unreadable { path: self.folder.clone(), source };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            if let Some(number) = entry.file_name().to_str().and_then(|name| self.number(name)) {
                found.push((number, entry.path()));
            }
        }
        if found.is_empty() {
            let path = self.folder.join(format!("{}%0{}d{}", self.before, self.digits, self.after));
            return Err(unreadable(path, io::ErrorKind::NotFound, "no picture has a name of this form"));
        }
        found.sort();
        Ok(found.into_iter().map(|(_, path)| path).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_secrets() {
        for (address, shown) in [
            ("rtsp://admin:p@ss@10.0.0.5:554/live/1", "rtsp://10.0.0.5:554/live/1"),
            ("http://cam.local/video.mjpg?user=a&pwd=b", "http://cam.local/video.mjpg"),
            ("http://u:p@cam.local", "http://cam.local"),
        ] {
            assert_eq!(without_secrets(address), shown);
        }
    }

    #[test]
    fn a_pattern_takes_the_numbers_that_it_would_write() {
        let four = Pattern::of(Path::new("walk/frame_%04d.png")).unwrap();
        assert_eq!(four.folder, Path::new("walk"));
        assert_eq!(four.number("frame_0012.png"), Some(12));
        assert_eq!(four.number("frame_12345.png"), Some(12345));
        for other in
            ["frame_12.png", "frame_01234.png", "frame_0012.jpg", "frame_.png", "frame_00x2.png", "frame_+012.png"]
        {
            assert_eq!(four.number(other), None, "{other}");
        }
        let any = Pattern::of(Path::new("%d.jpg")).unwrap();
        assert_eq!((any.number("7.jpg"), any.number("07.jpg"), any.number("0.jpg")), (Some(7), None, Some(0)));
        for none in ["video.avi", "100%.avi", "50%ad.avi", "%4d.png"] {
            assert_eq!(Pattern::of(Path::new(none)), None, "{none}");
        }
    }

    #[test]
    fn colours_come_out_in_order() {
        let bgr = Mat::from_slice_2d(&[[opencv::core::Vec3b::from([1, 2, 3]), opencv::core::Vec3b::from([4, 5, 6])]])
            .unwrap();
        let image = pixels(&bgr, &mut Mat::default()).unwrap();
        assert_eq!(image.dimensions(), (2, 1));
        assert_eq!(image.into_raw(), [3, 2, 1, 6, 5, 4]);
        let grey = Mat::new_rows_cols_with_default(1, 2, opencv::core::CV_16UC1, 1.0.into()).unwrap();
        assert_eq!(
            pixels(&grey, &mut Mat::default()).unwrap_err(),
            "expected frames of 3 channels with 8 bits, found 1 with 16"
        );
    }
}
