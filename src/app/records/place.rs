//! The place of a record.

use std::path::PathBuf;

use crate::core::compare::visit::Visit;

/// The place of one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its name in messages and tables: the file's name, `FILE#ID`, `SUBJECT@DAY`.
    pub name: String,
    /// The file that contains it.
    pub path: PathBuf,
    /// The name of files derived from it, without an ending.
    pub stem: String,
    pub(super) kind: Kind,
}

/// The kind of place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// The whole file.
    File,
    /// A line of it, from 1, and its position.
    Line { number: usize, start: u64, length: usize },
    /// A row of the history.
    Visit { subject: String, visit: Box<Visit> },
}
