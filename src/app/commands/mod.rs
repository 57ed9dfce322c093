//! The commands of the program `orthostat`, which prints; the library never does.

pub(crate) mod analyze;
pub(crate) mod batch;
pub(crate) mod compare;
pub(crate) mod doctor;
pub(crate) mod edit;
pub(crate) mod files;
pub(crate) mod history;
pub(crate) mod live;
pub(crate) mod looks;
pub(crate) mod models;
pub(crate) mod page;
pub(crate) mod progress;
pub(crate) mod recompute;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod screen;
pub(crate) mod texts;
pub(crate) mod visit;

use std::io::Write;
use std::path::{Path, PathBuf};

use orthostat::app::cli::KeypointForm;
use orthostat::app::records::{self, Place};
use orthostat::core::error::{Error, Result};
use orthostat::core::names;
use orthostat::core::photo_hash::PhotoHash;
use orthostat::core::points::Points;
use orthostat::core::record::Record;
use orthostat::report::output::Outputs;
use orthostat::report::{keypoints, output};

/// Writes a message for the user to standard error. If that fails, the work continues without it.
pub(crate) fn complain(message: &dyn std::fmt::Display) {
    tell(&format!("orthostat: {}\n", names::shown(&message.to_string())));
}

/// Writes our own text to standard error; text from outside in it has been escaped before.
pub(crate) fn tell(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

/// The places of records; damaged records of the history are reported.
pub(crate) fn listed<S: AsRef<std::ffi::OsStr>>(names: &[S], db: Option<&Path>) -> Result<Vec<Place>> {
    let listing = records::find(names, db)?;
    for error in &listing.damage {
        complain(error);
    }
    Ok(listing.places)
}

/// Reads a file of points, which can only belong to one picture.
pub(crate) fn points_for_one(path: &Path, pictures: usize, what: &str) -> Result<Points> {
    if pictures != 1 {
        let reason = format!("--points: expected one {what}, since points belong to one picture; found {pictures}");
        return Err(Error::Usage { reason });
    }
    Points::open(path)
}

/// Writes a record's joints beside it in another program's format; reports if one photo does not allow that.
pub(crate) fn write_keypoints(
    outputs: &Outputs,
    folder: &Path,
    id: &str,
    record: &Record,
    form: KeypointForm,
) -> Result<()> {
    let ending = if form == KeypointForm::Trc { ".trc" } else { ".keypoints.json" };
    let path = folder.join(names::file_name(id, ending));
    let bytes = match form {
        KeypointForm::Openpose => output::json(&keypoints::openpose(record), &path)?,
        KeypointForm::Coco => output::json(&keypoints::coco(record), &path)?,
        KeypointForm::Trc => match keypoints::trc(record) {
            Ok(text) => text.into_bytes(),
            Err(why) => {
                complain(&format!("{}: {why}", record.source.file));
                return Ok(());
            }
        },
    };
    outputs.write(&path, &bytes, record.source.blake3.as_ref().map(PhotoHash::as_str))
}

/// Writes data to standard output. A closed pipe is no error.
pub(crate) fn say(text: &str) -> Result<()> {
    // JSON lines stay valid: JSON has its own escapes.
    let text = names::shown_lines(text);
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::Unwritable { path: PathBuf::from("standard output"), source: error })
        }
        _ => Ok(()),
    }
}
