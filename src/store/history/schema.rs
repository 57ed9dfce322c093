//! The tables, and their migration from older versions.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::trouble::trouble;
use crate::core::error::{Error, Result};

/// The version of the tables, in `PRAGMA user_version`.
pub const VERSION: u32 = 2;

/// The migration to each version from the previous one. A released migration is never changed.
const MIGRATIONS: [&str; VERSION as usize] = [
    // 1: records only.
    "CREATE TABLE record (
        id INTEGER PRIMARY KEY,
        subject TEXT NOT NULL,
        saved_at TEXT NOT NULL,
        json TEXT NOT NULL
    ) STRICT;",
    // 2: the day of the visit, which may differ from that of saving, and the photo, which counts once. Of several records of one photo
    // the last is kept; webcam checks, whose hash is empty, have no photo.
    "CREATE TABLE visit (
        id INTEGER PRIMARY KEY,
        subject TEXT NOT NULL,
        visited TEXT NOT NULL,
        photo TEXT NOT NULL,
        saved_at TEXT NOT NULL,
        json TEXT NOT NULL
    ) STRICT;
    INSERT INTO visit (id, subject, visited, photo, saved_at, json)
        SELECT id, subject, substr(saved_at, 1, 10), coalesce(nullif(json ->> '$.source.blake3', ''), id), saved_at, json
        FROM record AS one
        WHERE NOT EXISTS (
            SELECT 1 FROM record AS later
            WHERE later.subject = one.subject AND later.id > one.id
                AND later.json ->> '$.source.blake3' = nullif(one.json ->> '$.source.blake3', '')
        );
    DROP TABLE record;
    ALTER TABLE visit RENAME TO record;
    CREATE INDEX record_by_day ON record (subject, visited);
    CREATE UNIQUE INDEX record_by_photo ON record (subject, photo);",
];

pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Refuses a file of a newer version or of another program, before anything in it is changed.
pub(super) fn refuse_strangers(connection: &Connection, path: &Path) -> Result<()> {
    let failed = |error| trouble(path, error);
    let refuse = |reason: String| Err(Error::History { path: path.into(), reason, source: None });
    let found = version(connection).map_err(failed)?;
    if found > VERSION {
        return refuse(format!(
            "the history is of version {found}, and this program knows versions up to {VERSION}: a newer orthostat wrote it, use \
             that one; nothing was changed"
        ));
    }
    let tables: u32 = connection
        .query_row("SELECT count(*) FROM sqlite_master WHERE type = 'table'", [], |row| row.get(0))
        .map_err(failed)?;
    let ours: u32 = connection
        .query_row("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'record'", [], |row| row.get(0))
        .map_err(failed)?;
    if (found == 0 && tables > 0) || (found > 0 && ours == 0) {
        return refuse("expected a history, found the database of another program; nothing was changed".into());
    }
    Ok(())
}

/// Runs all pending migrations, all or none.
pub(super) fn bring_up(connection: &mut Connection, path: &Path) -> Result<()> {
    let failed = |error| trouble(path, error);
    if version(connection).map_err(failed)? == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Another program may have been faster.
    let found = version(&transaction).map_err(failed)?;
    for step in &MIGRATIONS[found as usize..] {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    transaction.commit().map_err(failed)
}
