//! Database errors, and the time to wait for locks.

use std::path::Path;
use std::time::Duration;

use rusqlite::ErrorCode;

use crate::core::error::Error;

/// How long to wait for another program's writing.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// SQLite's error, as an error that names the file.
pub(super) fn trouble(path: &Path, error: rusqlite::Error) -> Error {
    let reason = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "expected a history (an SQLite database), found another file",
        Some(ErrorCode::DatabaseCorrupt) => "the history is damaged",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program keeps the history locked",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "the history cannot be written",
        Some(ErrorCode::DiskFull) => "no room is left on the disk: nothing of this record was saved",
        Some(ErrorCode::CannotOpen) => "the history cannot be opened",
        _ => "the history cannot be used",
    };
    Error::History { path: path.into(), reason: reason.into(), source: Some(error.into()) }
}
