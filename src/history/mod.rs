//! The history: records kept per subject in one SQLite file of the user's. Numbers, never pixels.
//!
//! Each record is one transaction, written ahead (WAL): killed in mid-write, the file holds what was saved before, and two
//! programs may write at once.

mod schema;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use jiff::civil::Date;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

use crate::error::{Error, Result};
use crate::photo_hash::PhotoHash;
use crate::record::Record;

pub use schema::VERSION;

/// How long another program's writing is waited for.
const PATIENCE: Duration = Duration::from_secs(20);
/// A subject's name has at most so many letters.
const LONGEST_NAME: usize = 200;

/// The file that holds the records of this user's subjects.
#[derive(Debug)]
pub struct History {
    connection: Connection,
    path: PathBuf,
}

/// A record of a subject, with the day that it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// The day.
    pub visited: Date,
    /// The record.
    pub record: Record,
}

/// What became of a record that was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It was added.
    Added,
    /// It took the place of the record of the same photo: one photo counts once, however often it is measured.
    Replaced,
}

/// A subject in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The name that the records were saved under.
    pub name: String,
    /// How many records there are.
    pub records: u32,
    /// The first visit.
    pub first: Date,
    /// The last visit.
    pub last: Date,
}

/// Where the history lies unless another file is named: `history.sqlite` in the user's data folder.
///
/// # Errors
/// [`Error::Usage`] when neither `XDG_DATA_HOME` nor `HOME` names a folder.
pub fn default_path() -> Result<PathBuf> {
    crate::output::data_folder().map(|folder| folder.join("history.sqlite")).ok_or_else(|| Error::Usage {
        reason: "neither XDG_DATA_HOME nor HOME names a folder for the history; name a file with --db".into(),
    })
}

/// Today, where this machine stands.
#[must_use]
pub fn today() -> Date {
    jiff::ZonedDateTime::now().date()
}

/// A day as `YYYY-MM-DD`.
///
/// # Errors
/// One sentence for the user.
pub fn day(text: &str) -> Result<Date, String> {
    let wrong = || format!("expected a day such as 2026-03-31, found \"{text}\"");
    if text.len() != 10 {
        return Err(wrong());
    }
    text.parse::<Date>().map_err(|_| wrong())
}

/// A subject's name as it is kept: without spaces around it.
///
/// # Errors
/// One sentence for the user.
pub fn subject_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() {
        Err("expected a name for the subject, found none".into())
    } else if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        Err(format!("expected a subject's name in one line of at most {LONGEST_NAME} letters"))
    } else {
        Ok(name.to_owned())
    }
}

impl History {
    /// Opens the history for reading and writing; a file that is not there is made, readable by the user alone, and one of an
    /// older version is brought up to this one.
    ///
    /// # Errors
    /// [`Error::History`] when the file is something else, of a newer version, or locked for long; [`Error::Unwritable`] when
    /// it cannot be made.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            crate::output::make_folder(folder)?;
        }
        own(path).map_err(|source| Error::Unwritable { path: path.into(), source })?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connect = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            // Purged pages are overwritten, and nothing of them gets into a file of its own.
            connection.pragma_update(None, "secure_delete", true)?;
            connection.pragma_update(None, "temp_store", "memory")?;
            connection.pragma_update(None, "synchronous", "full")?;
            Ok(connection)
        };
        let mut connection = connect().map_err(|error| trouble(path, error))?;
        schema::refuse_strangers(&connection, path)?;
        written_ahead(&connection).map_err(|error| trouble(path, error))?;
        schema::bring_up(&mut connection, path)?;
        Ok(Self { connection, path: path.into() })
    }

    /// The same, but `None` where there is no file yet.
    ///
    /// # Errors
    /// As [`History::open`].
    pub fn existing(path: &Path) -> Result<Option<Self>> {
        if path.exists() { Self::open(path).map(Some) } else { Ok(None) }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        trouble(&self.path, error)
    }

    /// Keeps a record for a subject. It is on the disk when this returns.
    ///
    /// A record of the same photo (the same bytes) takes the place of the one before. One without a photo, as of webcam frames,
    /// takes the place of nothing but itself.
    ///
    /// # Errors
    /// [`Error::History`].
    pub fn save(&mut self, subject: &str, visited: Date, record: &Record) -> Result<Saved> {
        let path = self.path.clone();
        let failed = |error| trouble(&path, error);
        let json = serde_json::to_string(record).map_err(|error| Error::History {
            path: path.clone(),
            reason: "the record cannot be written as JSON".into(),
            source: Some(error.into()),
        })?;
        let photo = identity(record, &json);
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
        let gone = transaction
            .execute("DELETE FROM record WHERE subject = ?1 AND photo = ?2", params![subject, photo])
            .map_err(failed)?;
        transaction
            .execute(
                "INSERT INTO record (subject, visited, photo, saved_at, json) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![subject, visited.to_string(), photo, jiff::Timestamp::now().to_string(), json],
            )
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(if gone > 0 { Saved::Replaced } else { Saved::Added })
    }

    /// Every subject, by name.
    ///
    /// # Errors
    /// [`Error::History`].
    pub fn subjects(&self) -> Result<Vec<Subject>> {
        let query =
            "SELECT subject, count(*), min(visited), max(visited) FROM record GROUP BY subject ORDER BY subject";
        let rows: Vec<(String, u32, String, String)> = self
            .connection
            .prepare(query)
            .and_then(|mut statement| {
                statement
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
                    .collect::<rusqlite::Result<_>>()
            })
            .map_err(|error| self.failed(error))?;
        rows.into_iter()
            .map(|(name, records, first, last)| {
                Ok(Subject { name, records, first: self.stored_day(&first)?, last: self.stored_day(&last)? })
            })
            .collect()
    }

    /// A subject's records, the oldest visit first.
    ///
    /// # Errors
    /// [`Error::NoSuchSubject`], [`Error::History`].
    pub fn visits(&self, subject: &str) -> Result<Vec<Visit>> {
        let query = "SELECT visited, json FROM record WHERE subject = ?1 ORDER BY visited, id";
        let rows: Vec<(String, String)> = self
            .connection
            .prepare(query)
            .and_then(|mut statement| {
                statement.query_map([subject], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()
            })
            .map_err(|error| self.failed(error))?;
        if rows.is_empty() {
            return Err(self.nobody(subject));
        }
        rows.into_iter()
            .map(|(visited, json)| {
                Ok(Visit {
                    visited: self.stored_day(&visited)?,
                    record: Record::from_json(json.as_bytes(), &self.path)?,
                })
            })
            .collect()
    }

    /// Removes a subject's records for good: deleted, overwritten, and the file shrunk; how many there were.
    ///
    /// # Errors
    /// [`Error::NoSuchSubject`]; [`Error::History`], also when another program keeps the file open, so that traces may remain.
    pub fn purge(&mut self, subject: &str) -> Result<usize> {
        let removed = self
            .connection
            .execute("DELETE FROM record WHERE subject = ?1", [subject])
            .map_err(|error| self.failed(error))?;
        // What a purge that was cut short left behind goes as well.
        self.connection.execute_batch("VACUUM").map_err(|error| self.failed(error))?;
        let busy: Option<i64> = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .optional()
            .map_err(|error| self.failed(error))?;
        if busy != Some(0) {
            return Err(Error::History {
                path: self.path.clone(),
                reason: "the records are deleted, but another program has the file open and traces may remain in it: close it \
                         and purge again"
                    .into(),
                source: None,
            });
        }
        if removed == 0 { Err(self.nobody(subject)) } else { Ok(removed) }
    }

    fn nobody(&self, subject: &str) -> Error {
        Error::NoSuchSubject { path: self.path.clone(), subject: subject.into() }
    }

    fn stored_day(&self, text: &str) -> Result<Date> {
        day(text).map_err(|reason| Error::History { path: self.path.clone(), reason, source: None })
    }
}

/// What a record counts once by: its photo, or, without one, all that it says.
fn identity(record: &Record, json: &str) -> String {
    let itself = || format!("record {}", blake3::hash(json.as_bytes()).to_hex());
    record.source.blake3.as_ref().map_or_else(itself, PhotoHash::to_string)
}

/// Makes the file where there is none, and the user's alone in any case. SQLite gives the files beside it the same mode.
fn own(path: &Path) -> std::io::Result<()> {
    let file = crate::output::private().read(true).write(true).create(true).truncate(false).open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    drop(file);
    Ok(())
}

/// Turns writing ahead on. Of two programs that open a new file at once, SQLite sends one away without waiting.
fn written_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let start = Instant::now();
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())) {
            Err(rusqlite::Error::SqliteFailure(failure, _))
                if failure.code == ErrorCode::DatabaseBusy && start.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            outcome => return outcome,
        }
    }
}

/// What SQLite says, in a sentence that names the file.
fn trouble(path: &Path, error: rusqlite::Error) -> Error {
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

#[cfg(test)]
mod tests;
