//! Standard output and standard error: the program's one place that prints.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use orthostat::core::error::{Error, Result};
use orthostat::core::names::{shown, shown_lines};

/// A message for the user, on standard error. Where it cannot be written the work goes on without it.
pub fn complain(message: &dyn std::fmt::Display) {
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "orthostat-live: {}", shown(&message.to_string()));
}

/// The terminal's bell.
pub fn bell() {
    let mut out = std::io::stderr().lock();
    // Without a terminal nobody hears it, and nothing is lost.
    let _ = out.write_all(b"\x07").and_then(|()| out.flush());
}

/// Writes a line to standard output at once. A closed pipe ends the run.
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
