//! `orthostat-live`: parse, run, exit code.
//!
//! `live` is a module of this program and not of the library: any use of OpenCV in the library can make the linker load it into
//! `orthostat` too (a debug build did).
//!
//! Frames from a camera, a video, a sequence of pictures or a stream.
//!
//! - [`source`]: the user's source -> an opened [`source::Source`]; [`pictures`], [`cameras`], [`mjpeg`] handle the kinds
//! - [`feed`]: frames in time; late ones are dropped, a lost source is reopened
//! - [`run`]: frame -> tracker -> analysis -> window and log; [`sequence`]: pictures, each measured like a photo
//! - [`follow`]: one frame's person, measured and smoothed; [`standing`]: the standing check's record
//! - [`scene`] and [`body`] on [`canvas`], in [`window`]: the display
//! - [`log`], [`notify`], [`terminal`], [`timing`]: logs and messages
//!
//! Only [`terminal`] prints, and only the files of this folder use `opencv`. Everything independent of OpenCV's pixels is in the library:
//! `track`, `frame`, `smoothing`, `watch`.

pub mod body;
pub mod cameras;
pub mod canvas;
pub mod display;
pub mod feed;
pub mod follow;
pub mod log;
pub mod mjpeg;
pub mod notify;
pub mod pictures;
pub mod run;
pub mod scene;
pub mod sequence;
pub mod source;
pub mod standing;
pub mod terminal;
pub mod timing;
pub mod window;

use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use clap::Parser;
use orthostat::app::cli::Live;
use orthostat::core::error::{Error, Result};
use orthostat::core::watch::session;
use orthostat::vision::track::Tracker;

use crate::feed::{Feed, Pace};
use crate::follow::Follower;
use crate::run::Run;
use crate::source::Source;
use crate::terminal::{complain, say};
use crate::window::{Window, has_display};

/// The only argument of the process that tests whether a window can be opened. See [`try_window`].
const TRY_WINDOW: &str = "--try-window";

fn main() -> ExitCode {
    let code =
        if std::env::args_os().skip(1).eq([TRY_WINDOW]) { Window::open().map(|_| 0) } else { run(&Live::parse()) };
    ExitCode::from(code.unwrap_or_else(|error| {
        complain(&error);
        error.exit_code()
    }))
}

fn run(options: &Live) -> Result<u8> {
    if options.list_cameras {
        return list_cameras();
    }
    if let Some(path) = &options.summary {
        let summary = session::Summary::of(&session::read(path)?);
        return say(&summary.table()).map(|_| 0);
    }
    let tried = if options.no_window { None } else { try_window() };
    let source = match &options.source {
        Some(name) => Source::named(name)?,
        None => Source::camera(options.camera)?,
    };
    if let Source::Pictures(_) = source
        && (options.check || options.watch || options.session.is_some())
    {
        let reason = "--check, --watch and --session need a source with a clock: a camera, a stream or a video";
        return Err(Error::Usage { reason: reason.into() });
    }
    let window = match tried.map(Child::wait_with_output) {
        Some(Ok(output)) if output.status.success() => Some(Window::open()?),
        _ => {
            if !options.no_window {
                complain(&"no display answers, so there is no window; going on without one");
            }
            None
        }
    };
    let (name, feed) = match source {
        Source::Pictures(pictures) => return sequence::run(options, &pictures, window),
        Source::Video(video) => {
            let pace = if window.is_none() || options.every_frame { Pace::Every } else { Pace::Own };
            (video.path.clone(), Feed::of_file(video, pace, options.looped))
        }
        // Cameras seldom exceed 30 frames a second.
        Source::Live(live, input) => (live.name(), Feed::of_live(live, input, options.give_up, options.rate >= 25.0)),
    };
    let tracker = Tracker::open(&options.models(), options.person)?;
    let follower = Follower::new(tracker, options.measuring(1));
    Run::new(options, name, feed, follower, window)?.go()
}

fn list_cameras() -> Result<u8> {
    let found = cameras::list(Path::new(cameras::LISTED));
    if found.is_empty() {
        complain(&"no camera was found on this machine");
        return Ok(3);
    }
    for camera in found {
        if say(&format!("{}  {}", camera.number, camera.name))?.is_break() {
            break;
        }
    }
    Ok(0)
}

/// Starts this program again to open and close a window: if a display is set but does not respond, OpenCV's toolkit ends the process,
/// which must not be this one. `None` when no display is set.
fn try_window() -> Option<Child> {
    let program = has_display().then(std::env::current_exe)?.ok()?;
    Command::new(program).arg(TRY_WINDOW).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
}
