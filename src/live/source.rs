//! Resolves the source named by the user.

use std::io;
use std::path::{Path, PathBuf};

use opencv::core::{LogLevel, Mat, MatTraitConst, MatTraitConstManual, Vector, set_log_level};
use opencv::imgproc::{COLOR_BGRA2BGR, COLOR_GRAY2BGR, cvt_color_def};
use opencv::videoio::{
    CAP_ANY, CAP_FFMPEG, CAP_PROP_OPEN_TIMEOUT_MSEC, CAP_PROP_POS_MSEC, CAP_PROP_READ_TIMEOUT_MSEC, CAP_V4L2,
    VideoCapture, VideoCaptureTrait, VideoCaptureTraitConst,
};
use orthostat::core::error::{Error, Result};

use super::mjpeg::{self, Opened};
use super::{cameras, pictures};

/// A source by kind.
#[derive(Debug)]
pub enum Source {
    /// Pictures, each measured separately.
    Pictures(Vec<PathBuf>),
    /// A video file.
    Video(Video),
    /// A camera or a stream, which runs continuously and may be lost and recovered.
    Live(Live, Input),
}

/// A video file.
#[derive(Debug)]
pub struct Video {
    /// As the user named it.
    pub path: PathBuf,
    capture: VideoCapture,
}

/// A camera or a stream by name, so that it can be reopened.
#[derive(Debug, Clone)]
pub enum Live {
    /// A camera's number.
    Camera(u32),
    /// A stream's address.
    Address(String),
}

/// A camera or a stream, opened.
#[derive(Debug)]
pub enum Input {
    /// Read by OpenCV.
    Capture(VideoCapture),
    /// Read by this program.
    Mjpeg(mjpeg::Stream),
}

/// On Linux the back end of OpenCV is specified: otherwise it also tries GStreamer, which takes seconds for a missing camera and
/// interprets a file's name as a pipeline to run.
const FILES_AND_STREAMS: i32 = if cfg!(target_os = "linux") { CAP_FFMPEG } else { CAP_ANY };
const CAMERAS: i32 = if cfg!(target_os = "linux") { CAP_V4L2 } else { CAP_ANY };
/// A stream read by OpenCV has failed when it is silent for this long, in milliseconds.
const PATIENCE_MS: i32 = 5000;

impl Source {
    /// Opens a camera by its number.
    ///
    /// # Errors
    /// [`Error::Unreadable`] with the reason as far as it is known.
    pub fn camera(number: u32) -> Result<Self> {
        let camera = Live::Camera(number);
        match camera.open() {
            Ok(input) => Ok(Self::Live(camera, input)),
            Err(reason) => Err(Error::unreadable(camera.name(), io::ErrorKind::NotFound, &reason)),
        }
    }

    /// Opens a video file, a picture, a sequence of pictures (`frame_%04d.png`) or the address of a stream.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when there is nothing of that name or it is no file, [`Error::NotAPicture`] when the content
    /// cannot be decoded, [`Error::Usage`] for an empty name.
    pub fn named(name: &str) -> Result<Self> {
        if name.is_empty() {
            let reason = "--source: expected a video file, an image sequence such as frame_%04d.png or an address, found nothing";
            return Err(Error::Usage { reason: reason.into() });
        }
        if name.contains("://") {
            let stream = Live::Address(name.into());
            return match stream.open() {
                Ok(input) => Ok(Self::Live(stream, input)),
                Err(reason) => {
                    let reason = format!("no video stream opens at this address: {reason}");
                    Err(Error::unreadable(stream.name(), io::ErrorKind::NotConnected, &reason))
                }
            };
        }
        let path = Path::new(name);
        if !path.exists()
            && let Some(pattern) = pictures::Pattern::of(path)
        {
            return Ok(Self::Pictures(pattern.files()?));
        }
        if pictures::is_picture(path)? {
            return Ok(Self::Pictures(vec![path.into()]));
        }
        Video::open(path).map(Self::Video)
    }
}

impl Video {
    /// Opens a video file.
    ///
    /// # Errors
    /// [`Error::NotAPicture`] when it cannot be decoded.
    pub fn open(path: &Path) -> Result<Self> {
        quiet();
        let opened = path.to_str().and_then(|name| VideoCapture::from_file(name, FILES_AND_STREAMS).ok());
        match opened.filter(is_open) {
            Some(capture) => Ok(Self { path: path.into(), capture }),
            None => Err(Error::NotAPicture {
                path: path.into(),
                reason: "expected a video or a picture, found something that OpenCV cannot decode".into(),
                source: None,
            }),
        }
    }

    /// Reads the next frame; returns its own time stamp in seconds, or `None` at the end. (OpenCV reports only "no frame": the end and a
    /// broken file are indistinguishable.)
    pub fn read(&mut self, frame: &mut Mat) -> Option<f64> {
        match self.capture.read(frame) {
            Ok(true) if !frame.empty() => {
                let time = self.capture.get(CAP_PROP_POS_MSEC).ok().filter(|time| time.is_finite());
                // FFmpeg's stamps are exact to the microsecond.
                Some((time.unwrap_or(0.0) * 1000.0).round() / 1e6)
            }
            _ => None,
        }
    }
}

impl Live {
    /// Its name for display: without user, password and query, which must not appear in records and messages.
    #[must_use]
    pub fn name(&self) -> PathBuf {
        match self {
            Live::Camera(number) => PathBuf::from(format!("camera {number}")),
            Live::Address(address) => PathBuf::from(without_secrets(address)),
        }
    }

    /// Opens it, repeatedly if necessary.
    ///
    /// # Errors
    /// One clause for the user.
    pub fn open(&self) -> Result<Input, String> {
        quiet();
        let capture = match self {
            Live::Camera(number) => i32::try_from(*number).ok().and_then(|n| VideoCapture::new(n, CAMERAS).ok()),
            Live::Address(address) => {
                if let Opened::Stream(stream) = mjpeg::open(address)? {
                    return Ok(Input::Mjpeg(stream));
                }
                let patience = [CAP_PROP_OPEN_TIMEOUT_MSEC, PATIENCE_MS, CAP_PROP_READ_TIMEOUT_MSEC, PATIENCE_MS];
                let patience = Vector::from_slice(&patience);
                VideoCapture::from_file_with_params(address, FILES_AND_STREAMS, &patience).ok()
            }
        };
        capture.filter(is_open).map(Input::Capture).ok_or_else(|| match self {
            Live::Camera(number) => cameras::why_not(*number, Path::new(cameras::LISTED)),
            Live::Address(_) => "OpenCV finds no video there".into(),
        })
    }
}

/// Suppresses OpenCV's own warnings on standard error, besides the one sentence from this program. (FFmpeg's messages when a stream does
/// not open are kept: only FFmpeg knows the cause.)
fn quiet() {
    let _ = set_log_level(LogLevel::LOG_LEVEL_SILENT);
}

fn is_open(capture: &VideoCapture) -> bool {
    capture.is_opened().unwrap_or(false)
}

/// Makes sure that a frame has three channels of 8 bits, blue, green, red: grey ones are expanded, a fourth channel is dropped.
///
/// # Errors
/// One clause that says what was expected and what was found.
pub fn straighten(frame: &mut Mat, spare: &mut Mat) -> Result<(), String> {
    if frame.typ() == opencv::core::CV_8UC3 && frame.is_continuous() {
        return Ok(());
    }
    let how = match (frame.depth(), frame.channels()) {
        (opencv::core::CV_8U, 1) => COLOR_GRAY2BGR,
        (opencv::core::CV_8U, 4) => COLOR_BGRA2BGR,
        (opencv::core::CV_8U, 3) => {
            *spare = frame.try_clone().map_err(|error| error.message)?;
            std::mem::swap(frame, spare);
            return Ok(());
        }
        (_, channels) => {
            let bits = 8 * frame.elem_size1();
            return Err(format!("expected frames of 3 channels with 8 bits, found {channels} with {bits}"));
        }
    };
    cvt_color_def(frame, spare, how).map_err(|error| error.message)?;
    std::mem::swap(frame, spare);
    Ok(())
}

/// A frame's pixels as a [`Frame`](orthostat::vision::raster::frame::Frame); `None` when there are none.
#[must_use]
pub fn pixels(frame: &Mat) -> Option<orthostat::vision::raster::frame::Frame<'_>> {
    let side = |side: i32| usize::try_from(side).unwrap_or(0);
    orthostat::vision::raster::frame::Frame::new(frame.data_bytes().ok()?, side(frame.cols()), side(frame.rows()))
}

/// An address without user, password and query.
fn without_secrets(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.into() };
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
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
    fn odd_frames_are_straightened_or_named() {
        let mut spare = Mat::default();
        let mut grey = Mat::new_rows_cols_with_default(2, 2, opencv::core::CV_8UC1, 7.0.into()).unwrap();
        straighten(&mut grey, &mut spare).unwrap();
        assert_eq!(pixels(&grey).unwrap().to_rgb().into_raw(), [7; 12]);
        let mut deep = Mat::new_rows_cols_with_default(1, 2, opencv::core::CV_16UC1, 1.0.into()).unwrap();
        assert_eq!(
            straighten(&mut deep, &mut spare).unwrap_err(),
            "expected frames of 3 channels with 8 bits, found 1 with 16"
        );
        assert!(pixels(&Mat::default()).is_none());
    }
}
