//! What each command does with its options: a room of the program `orthostat`, which prints; the library never does.

pub(crate) mod analyze;
pub(crate) mod batch;
pub(crate) mod compare;
pub(crate) mod doctor;
pub(crate) mod edit;
pub(crate) mod history;
pub(crate) mod live;
pub(crate) mod recompute;
pub(crate) mod schema;

use std::io::Write;
use std::path::{Path, PathBuf};

use orthostat::error::{Error, Result};
use orthostat::points::Points;

#[allow(clippy::print_stderr, reason = "this is the program's one place for messages")]
pub(crate) fn complain(message: &dyn std::fmt::Display) {
    eprintln!("orthostat: {message}");
}

/// The points of a file that can only belong to one picture.
pub(crate) fn points_for_one(path: &Path, pictures: usize, what: &str) -> Result<Points> {
    if pictures != 1 {
        let reason = format!("--points: expected one {what}, since points belong to one picture; found {pictures}");
        return Err(Error::Usage { reason });
    }
    Points::open(path)
}

/// Data for whoever reads standard output. A reader that has gone away is no error.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::Unwritable { path: PathBuf::from("standard output"), source: error })
        }
        _ => Ok(()),
    }
}
