//! Standard output and standard error: the only place in the program that prints.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use orthostat::core::error::{Error, Result};
use orthostat::core::names::{shown, shown_lines};

/// Writes a message for the user to standard error. If that fails, the work continues without it.
pub fn complain(message: &dyn std::fmt::Display) {
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
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", shown_lines(line)).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(source) => Err(Error::Unwritable { path: PathBuf::from("standard output"), source }),
        Ok(()) => Ok(ControlFlow::Continue(())),
    }
}
