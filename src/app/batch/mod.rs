//! Many photos, unattended: what is to be done, who does it, and what is left behind.
//!
//! - [`input`]: files, folders, globs -> paths
//! - [`manifest`]: an intake list (CSV) -> [`plan::Job`]s
//! - [`plan`]: everything that will be measured, under which id and with which options, and every problem, before work starts
//! - [`worker`]: a pool that measures jobs, each by itself: a panic or a photo that takes too long ends that photo only
//! - [`journal`]: what is done already, on disk, so that a run that was ended in any way goes on where it was
//! - [`marks`]: what is being measured, on disk, so that a photo that kills the program does not kill every run that goes on
//! - [`identity`]: ids that name nobody
//! - [`results`]: journal -> the files that the user wants, in the order of the plan
//! - [`pages`]: a page for each subject, and the history
//! - [`run`]: all of it together; [`filter`]: the same without files, for other engines
//!
//! Whatever the number of workers, the same input gives the same bytes.

pub mod filter;
pub mod identity;
pub mod input;
pub mod journal;
pub mod manifest;
pub mod marks;
mod nameless;
pub mod pages;
pub mod plan;
pub mod results;
pub mod run;
pub mod worker;

use serde::{Deserialize, Serialize};

use crate::core::error::Error;
use crate::core::record::Record;

/// What came of one photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A record, usable or refused by its gates.
    Record(Box<Record>),
    /// No record, and why.
    Failure(Failure),
}

/// Why a photo has no record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A fixed word: that of [`Error::code`], or `time_limit`, `run_killed`, `refused`.
    pub code: String,
    /// A sentence, without the file's name.
    pub text: String,
}

impl Failure {
    /// From an error, without the path before its sentence.
    #[must_use]
    pub fn of(error: &Error, path: &std::path::Path) -> Self {
        let text = error.to_string();
        let text = text.strip_prefix(&format!("{}: ", path.display())).map(str::to_owned).unwrap_or(text);
        Self { code: error.code().into(), text }
    }

    /// Whether the same bytes under the same options would fail again: what hangs on the system and not on the photo may not.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        !matches!(
            self.code.as_str(),
            "unreadable" | "time_limit" | "panic" | "unwritable" | "occupied" | "runtime" | "model"
        )
    }
}
