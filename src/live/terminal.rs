//! Standard output and standard error: the only place in the program that prints.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use orthostat::core::error::{Error, Result};
use orthostat::core::names::{shown, shown_lines};

/// Whether the terminal's last line is one of [`rewrite`], without its end.
static OPEN: AtomicBool = AtomicBool::new(false);

/// Ends a line of [`rewrite`], so that another begins below it.
pub fn end_line() {
    if OPEN.swap(false, Ordering::Relaxed) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out).and_then(|()| out.flush());
    }
}

/// Writes a message for the user to standard error. If that fails, the work continues without it.
pub fn complain(message: &dyn std::fmt::Display) {
    end_line();
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "orthostat-live: {}", shown(&message.to_string()));
}

/// The terminal's bell.
pub fn bell() {
    let mut out = std::io::stderr().lock();
    // Without a terminal it has no effect.
    let _ = out.write_all(b"\x07").and_then(|()| out.flush());
}

/// Writes a line to standard output immediately. A closed pipe ends the run.
///
/// # Errors
/// [`Error::Unwritable`].
pub fn say(line: &str) -> Result<ControlFlow<()>> {
    end_line();
    let mut out = std::io::stdout().lock();
    flow(writeln!(out, "{}", shown_lines(line)).and_then(|()| out.flush()))
}

/// The width of the terminal on standard output; `None` if it is a file or a pipe.
#[must_use]
pub fn width() -> Option<usize> {
    let columns = || terminal_size::terminal_size().map(|(width, _)| width.0.into());
    std::io::stdout().is_terminal().then(|| columns().unwrap_or(80))
}

/// Writes a line over the last one that this function wrote, cut to the terminal's width.
///
/// # Errors
/// [`Error::Unwritable`].
pub fn rewrite(line: &str, width: usize) -> Result<ControlFlow<()>> {
    let line: String = shown(line).chars().take(width.saturating_sub(1)).collect();
    OPEN.store(true, Ordering::Relaxed);
    let mut out = std::io::stdout().lock();
    flow(write!(out, "\r{line}\x1b[K").and_then(|()| out.flush()))
}

fn flow(written: std::io::Result<()>) -> Result<ControlFlow<()>> {
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(source) => Err(Error::Unwritable { path: PathBuf::from("standard output"), source }),
        Ok(()) => Ok(ControlFlow::Continue(())),
    }
}
