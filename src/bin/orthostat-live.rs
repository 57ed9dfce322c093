//! `orthostat-live`: parse, run, exit code.
//!
//! `live` is a module of this program and not of the library: whatever in the library names OpenCV can make the linker load
//! it into `orthostat` too (a debug build did).

#[path = "../live/mod.rs"]
pub mod live;

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use live::source::Source;
use live::window::{Window, has_display};
use live::{Line, Seen, watch};
use orthostat::analysis::Analyzer;
use orthostat::camera::Given;
use orthostat::cli::Live;
use orthostat::error::{Error, Result};
use orthostat::measure::Measure;
// `live` names these as its own crate's.
use orthostat::{analysis, error, photo, record, report};

/// The only argument of the process that tries whether a window can be opened. See [`try_window`].
const TRY_WINDOW: &str = "--try-window";
/// What a line of text tells.
const TOLD: [Measure; 3] = [Measure::HeadTilt, Measure::ShoulderTilt, Measure::PelvicObliquity];

fn main() -> ExitCode {
    let code =
        if std::env::args_os().skip(1).eq([TRY_WINDOW]) { Window::open().map(|_| 0) } else { run(&Live::parse()) };
    ExitCode::from(code.unwrap_or_else(|error| {
        complain(&error);
        error.exit_code()
    }))
}

#[allow(clippy::print_stderr, reason = "this is the program's one place for messages")]
fn complain(message: &dyn std::fmt::Display) {
    eprintln!("orthostat-live: {message}");
}

/// A line for whoever reads standard output, at once. A reader that has gone away ends the run.
fn say(line: &str) -> Result<ControlFlow<()>> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(source) => Err(Error::Unwritable { path: PathBuf::from("standard output"), source }),
        Ok(()) => Ok(ControlFlow::Continue(())),
    }
}

fn run(options: &Live) -> Result<u8> {
    let tried = if options.no_window { None } else { try_window() };
    let mut source = match &options.source {
        Some(name) => Source::named(name)?,
        None => Source::camera(options.camera)?,
    };
    let mut measuring = options.measuring.options(Given::default());
    // A photo is read many times; a frame has the next one coming.
    measuring.readings = options.measuring.readings.unwrap_or(2);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut analyzer = Analyzer::open(&options.measuring.models(), cores.min(2).min(measuring.readings))?;
    let mut window = match tried.map(|child| child.wait_with_output()) {
        Some(Ok(output)) if output.status.success() => Some(Window::open()?),
        _ => {
            if !options.no_window {
                complain(&"no display answers, so there is no window; going on without one");
            }
            None
        }
    };
    let start = Instant::now();
    let tally = watch(&mut source, &mut analyzer, &measuring, options.frames, |seen| {
        if options.jsonl {
            let line = serde_json::to_string(&Line::from(seen))
                .map_err(|error| Error::Unwritable { path: PathBuf::from("record"), source: error.into() })?;
            if say(&line)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        } else if window.is_none() && say(&words(seen))?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        match &mut window {
            Some(window) => window.show(seen, measuring.mirrored, until(seen, start)),
            None => Ok(ControlFlow::Continue(())),
        }
    })?;
    Ok(tally.exit_code())
}

/// Starts this program once more to open a window and close it again: where a display is named and does not answer, OpenCV's
/// toolkit ends the process, and it should not be this one. `None` when no display is named.
fn try_window() -> Option<Child> {
    let program = has_display().then(std::env::current_exe)?.ok()?;
    Command::new(program).arg(TRY_WINDOW).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
}

/// How long to show a frame so that a video plays no faster than it was taken.
fn until(seen: &Seen, start: Instant) -> Duration {
    let due = Duration::from_secs_f64(seen.time_ms.unwrap_or(0.0).clamp(0.0, 1e9) / 1000.0);
    due.saturating_sub(start.elapsed()).min(Duration::from_secs(1))
}

/// A frame in one line of words, for a terminal.
fn words(seen: &Seen) -> String {
    let time = seen.time_ms.map_or(String::new(), |time| format!(" at {:.2} s", time / 1000.0));
    let found = match &seen.outcome {
        Ok(record) => TOLD
            .iter()
            .filter_map(|measure| {
                let found = record.measure(*measure)?;
                let text = found.words.as_ref().or(found.reason.as_ref())?;
                Some(format!("{}: {text}", measure.label()))
            })
            .collect::<Vec<_>>()
            .join("; "),
        Err(why) => why.reason.clone(),
    };
    format!("frame {}{time}: {found}", seen.number)
}
