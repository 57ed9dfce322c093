//! Inspects a file without changing it or creating files beside it.

use std::io::Read;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::schema;
use super::trouble::{PATIENCE, trouble};
use crate::core::error::{Error, Result};

/// The result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// No file, or an empty one.
    Nothing,
    /// A history.
    History,
    /// A database whose last writer was killed, and which cannot be read until it is recovered.
    Torn,
}

/// Inspects a file.
///
/// # Errors
/// [`Error::History`] when it is something else; [`Error::Unreadable`].
pub(super) fn at(path: &Path) -> Result<Found> {
    let refuse = |reason: &str| Err(Error::History { path: path.into(), reason: reason.into(), source: None });
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(source) => return Err(Error::Unreadable { path: path.into(), source }),
        Ok(about) if !about.is_file() => {
            return refuse("expected a history (an SQLite database), found something else");
        }
        Ok(about) if about.len() == 0 => return if is_private(&about) { Ok(Found::Nothing) } else { refuse(EMPTY) },
        Ok(_) => {}
    }
    let failed = |error| trouble(path, error);
    let connection = connect(path).map_err(failed)?;
    match schema::version(&connection) {
        Err(error) if beside(path, "-journal").exists() && is_shut(&error) => return Ok(Found::Torn),
        Err(error) => return Err(failed(error)),
        Ok(_) => schema::refuse_strangers(&connection, path)?,
    }
    let version = schema::version(&connection).map_err(failed)?;
    Ok(if version > 0 { Found::History } else { Found::Nothing })
}

/// Whether SQLite would have to write before it can read.
fn is_shut(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether the database uses a write-ahead log (WAL), by its header.
fn is_written_ahead(path: &Path) -> bool {
    let mut head = [0; 20];
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok_and(|()| head[18] == 2)
}

const EMPTY: &str = "expected a history, found an empty file that others may read: name another; nothing was changed";

/// An empty file as this program creates it, before SQLite has written anything.
#[cfg(unix)]
fn is_private(about: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o077 == 0
}

#[cfg(not(unix))]
fn is_private(_: &std::fs::Metadata) -> bool {
    true
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Without pending writes the file is complete, and SQLite need not create others beside it.
    let connection = if !is_written_ahead(path) || beside(path, "-wal").exists() {
        Connection::open_with_flags(path, flags)?
    } else {
        flags |= OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(format!("file:{}?immutable=1", escaped(path)), flags)?
    };
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// A path as part of a URI.
fn escaped(path: &Path) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(byte);
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.iter().map(|byte| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
