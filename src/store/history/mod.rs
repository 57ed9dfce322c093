//! The history: records per subject in one SQLite file of the user's. It contains numbers, never pixels.
//!
//! Each record is one transaction with write-ahead logging (WAL): if the program is killed while writing, the file contains what was
//! saved before, and two programs may write at once.

mod look;
mod schema;
mod trouble;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
pub use schema::VERSION;
use trouble::{PATIENCE, trouble};

use crate::core::compare::visit::{Date, Visit, day};
use crate::core::error::{Error, Result};
use crate::core::record::Record;

/// The file with the records of this user's subjects.
#[derive(Debug)]
pub struct History {
    connection: Connection,
    path: PathBuf,
}

/// The outcome of saving a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It was added.
    Added,
    /// It replaced the record of the same photo: one photo counts once, however often it is measured.
    Replaced,
}

/// A subject in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The name under which the records were saved.
    pub name: String,
    /// The number of records.
    pub records: u32,
    /// The first and the last visit; `None` when no record has a readable day.
    pub days: Option<(Date, Date)>,
}

/// The default file of the history: `history.sqlite` in the user's data folder.
///
/// # Errors
/// [`Error::Usage`] when neither `XDG_DATA_HOME` nor `HOME` names a folder.
pub fn default_path() -> Result<PathBuf> {
    crate::core::folders::data_folder().map(|folder| folder.join("history.sqlite")).ok_or_else(|| Error::Usage {
        reason: "neither XDG_DATA_HOME nor HOME names a folder for the history; name a file with --db".into(),
    })
}

/// Today in the local time zone.
#[must_use]
pub fn today() -> Date {
    jiff::ZonedDateTime::now().date()
}

impl History {
    /// Opens the history for reading and writing; a missing file is created, readable by the user alone, and one of an older version is
    /// migrated to this one.
    ///
    /// # Errors
    /// [`Error::History`] when the file is something else, of a newer version, or locked for long; [`Error::Unwritable`] when
    /// it cannot be made. A file of another program is left as it is.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            crate::report::output::make_folder(folder)?;
        }
        let unwritable = |source| Error::Unwritable { path: path.into(), source };
        match crate::report::output::private().write(true).create_new(true).open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                look::at(path)?;
                // SQLite gives the files beside it the same mode.
                own(path).map_err(unwritable)?;
            }
            Err(error) => return Err(unwritable(error)),
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connect = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            // Purged pages are overwritten, and temporary data stay in memory.
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

    /// The same, but `None` if there is no file yet, or an empty one, which is left unchanged.
    ///
    /// # Errors
    /// As [`History::open`].
    pub fn existing(path: &Path) -> Result<Option<Self>> {
        match look::at(path)? {
            look::Found::Nothing => Ok(None),
            look::Found::History | look::Found::Torn => Self::open(path).map(Some),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file and SQLite's files beside it.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let beside = |ending: &str| {
            let mut name = self.path.clone().into_os_string();
            name.push(ending);
            PathBuf::from(name)
        };
        ["", "-wal", "-shm", "-journal"].map(beside).to_vec()
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        trouble(&self.path, error)
    }

    /// Saves a record for a subject. It is on disk when this returns.
    ///
    /// A record of the same photo (the same bytes) replaces the earlier one. A record without a photo, such as one of webcam frames,
    /// replaces only itself.
    ///
    /// # Errors
    /// [`Error::History`]; [`Error::Usage`] for a name that [`crate::core::names::checked`] refuses.
    pub fn save(&mut self, subject: &str, visited: Date, record: &Record) -> Result<Saved> {
        self.keep(subject, Some(visited), visited, record).map(|(saved, _)| saved)
    }

    /// The same without a day: that of the replaced record is kept, else it is `otherwise`. Returns the day used.
    ///
    /// # Errors
    /// As [`History::save`].
    pub fn save_undated(&mut self, subject: &str, otherwise: Date, record: &Record) -> Result<(Saved, Date)> {
        self.keep(subject, None, otherwise, record)
    }

    fn keep(&mut self, subject: &str, said: Option<Date>, otherwise: Date, record: &Record) -> Result<(Saved, Date)> {
        let subject = crate::core::names::checked(subject).map_err(|reason| Error::Usage { reason })?;
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
        let before: Option<String> = transaction
            .query_row("SELECT visited FROM record WHERE subject = ?1 AND photo = ?2", params![subject, photo], |row| {
                row.get(0)
            })
            .optional()
            .map_err(failed)?;
        let visited = said.or_else(|| day(before.as_deref()?).ok()).unwrap_or(otherwise);
        transaction
            .execute("DELETE FROM record WHERE subject = ?1 AND photo = ?2", params![subject, photo])
            .map_err(failed)?;
        transaction
            .execute(
                "INSERT INTO record (subject, visited, photo, saved_at, json) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![subject, visited.to_string(), photo, jiff::Timestamp::now().to_string(), json],
            )
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok((if before.is_some() { Saved::Replaced } else { Saved::Added }, visited))
    }

    /// Every subject, by name. A record with an unreadable day is counted, but has no day.
    ///
    /// # Errors
    /// [`Error::History`].
    pub fn subjects(&self) -> Result<Vec<Subject>> {
        let mut subjects: Vec<Subject> = Vec::new();
        let mut add = |name: String, visited: Option<Date>| {
            if subjects.last().is_none_or(|last| last.name != name) {
                subjects.push(Subject { name, records: 0, days: None });
            }
            if let Some(subject) = subjects.last_mut() {
                subject.records += 1;
                if let Some(day) = visited {
                    subject.days = Some(subject.days.map_or((day, day), |(a, b)| (a.min(day), b.max(day))));
                }
            }
        };
        self.connection
            .prepare("SELECT subject, visited FROM record ORDER BY subject")
            .and_then(|mut statement| {
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    add(text(row, 0)?, day(&text(row, 1)?).ok());
                }
                Ok(())
            })
            .map_err(|error| self.failed(error))?;
        Ok(subjects)
    }

    /// The rows of a subject, the oldest visit first: by its name, or by the escaped form shown in lists if it contains control
    /// characters.
    fn rows(&self, subject: &str) -> Result<Vec<i64>> {
        let find = |query: &str, is_meant: &dyn Fn(&str) -> bool, exact: Option<&str>| -> rusqlite::Result<Vec<i64>> {
            let mut statement = self.connection.prepare(query)?;
            let mut rows = match exact {
                Some(name) => statement.query([name])?,
                None => statement.query([])?,
            };
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                if is_meant(&text(row, 1)?) {
                    found.push(row.get(0)?);
                }
            }
            Ok(found)
        };
        let by_name = "SELECT id, subject FROM record WHERE subject = ?1 ORDER BY visited, id";
        let all = "SELECT id, subject FROM record ORDER BY visited, id";
        let attempt = || -> rusqlite::Result<Vec<i64>> {
            for name in [subject, subject.trim()] {
                let found = find(by_name, &|_| true, Some(name))?;
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            find(all, &|name| crate::core::names::shown(name) == subject, None)
        };
        let found = attempt().map_err(|error| self.failed(error))?;
        if found.is_empty() { Err(self.nobody(subject)) } else { Ok(found) }
    }

    /// The number of a subject's records, including damaged ones.
    ///
    /// # Errors
    /// [`Error::NoSuchSubject`], [`Error::History`].
    pub fn count(&self, subject: &str) -> Result<usize> {
        self.rows(subject).map(|rows| rows.len())
    }

    /// A subject's records, the oldest visit first; and the errors of unreadable ones.
    ///
    /// # Errors
    /// [`Error::NoSuchSubject`], [`Error::History`].
    pub fn visits_and_damage(&self, subject: &str) -> Result<(Vec<Visit>, Vec<Error>)> {
        let (mut visits, mut damage) = (Vec::new(), Vec::new());
        for id in self.rows(subject)? {
            let read = |row: &rusqlite::Row<'_>| Ok((text(row, 0)?, text(row, 1)?));
            let row = self.connection.query_row("SELECT visited, json FROM record WHERE id = ?1", [id], read);
            let visit = row.map_err(|error| self.failed(error)).and_then(|(visited, json)| {
                Ok(Visit {
                    visited: self.stored_day(&visited)?,
                    record: Record::from_json(json.as_bytes(), &self.path)?,
                })
            });
            match visit {
                Ok(visit) => visits.push(visit),
                Err(error) => damage.push(Error::History {
                    path: self.path.clone(),
                    reason: format!("the record in row {id} of {} cannot be read", crate::core::names::shown(subject)),
                    source: Some(error.into()),
                }),
            }
        }
        Ok((visits, damage))
    }

    /// A subject's readable records, the oldest visit first.
    ///
    /// # Errors
    /// [`Error::NoSuchSubject`], [`Error::History`].
    pub fn visits(&self, subject: &str) -> Result<Vec<Visit>> {
        self.visits_and_damage(subject).map(|(visits, _)| visits)
    }

    /// Removes a subject's records permanently, including damaged ones: deletes and overwrites them, and shrinks the file; returns their
    /// number.
    ///
    /// # Errors
    /// [`Error::NoSuchSubject`]; [`Error::History`], also when another program keeps the file open, so that traces may remain.
    pub fn purge(&mut self, subject: &str) -> Result<usize> {
        let path = self.path.clone();
        let failed = |error| trouble(&path, error);
        let rows = match self.rows(subject) {
            Err(Error::NoSuchSubject { .. }) => Vec::new(),
            rows => rows?,
        };
        let transaction =
            self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
        for id in &rows {
            transaction.execute("DELETE FROM record WHERE id = ?1", [id]).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        // Also removes the remains of an interrupted purge.
        self.connection.execute_batch("VACUUM").map_err(failed)?;
        let busy: Option<i64> = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .optional()
            .map_err(failed)?;
        if busy != Some(0) {
            return Err(Error::History {
                path: self.path.clone(),
                reason: "the records are deleted, but another program has the file open and traces may remain in it: close it \
                         and purge again"
                    .into(),
                source: None,
            });
        }
        if rows.is_empty() { Err(self.nobody(subject)) } else { Ok(rows.len()) }
    }

    fn nobody(&self, subject: &str) -> Error {
        Error::NoSuchSubject { path: self.path.clone(), subject: subject.into() }
    }

    fn stored_day(&self, text: &str) -> Result<Date> {
        day(text).map_err(|reason| Error::History { path: self.path.clone(), reason, source: None })
    }
}

/// The identity of a record: its photo and the region of it, or, without a photo, its whole content.
fn identity(record: &Record, json: &str) -> String {
    let itself = || format!("record {}", blake3::hash(json.as_bytes()).to_hex());
    match (&record.source.blake3, record.source.region) {
        (None, _) => itself(),
        (Some(photo), None) => photo.to_string(),
        (Some(photo), Some(region)) => format!("{photo} {region}"),
    }
}

/// Makes a history accessible to the user only.
fn own(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let about = path.metadata()?;
        if about.len() > 0 && about.permissions().mode() & 0o077 != 0 {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        }
    }
    let _ = path;
    Ok(())
}

/// A column as text, whatever its type: damage then affects the record, not the query.
fn text(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Null => String::new(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => value.to_string(),
    })
}

/// Enables the write-ahead log. If two programs open a new file at once, SQLite refuses one without waiting.
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

#[cfg(test)]
mod tests;
