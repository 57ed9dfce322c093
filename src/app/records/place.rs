//! Where a record is.

use std::path::PathBuf;

use crate::core::compare::visit::Visit;

/// Where one record is.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// What messages and tables call it: the file's name, `FILE#ID`, `SUBJECT@DAY`.
    pub name: String,
    /// The file that holds it.
    pub path: PathBuf,
    /// The name of a file that is made from it, without an ending.
    pub stem: String,
    pub(super) kind: Kind,
}

/// What holds it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// The whole file.
    File,
    /// A line of it, from 1, and where it lies.
    Line { number: usize, start: u64, length: usize },
    /// A row of the history.
    Visit { subject: String, visit: Box<Visit> },
}
