//! The outcome of one photo in a batch, and the counts of outcomes.

use serde::{Deserialize, Serialize};

use super::Record;
use crate::core::error::Error;

/// The outcome of one photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A record, with values or refused by the gates.
    Record(Box<Record>),
    /// No record, with the reason.
    Failure(Failure),
}

/// Why a photo has no record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// A fixed code: that of [`Error::code`], or `time_limit`, `run_killed`, `refused`.
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

    /// Whether the same bytes with the same options would fail again: errors that depend on the system and not on the photo may not.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        !matches!(
            self.code.as_str(),
            "unreadable" | "time_limit" | "panic" | "unwritable" | "occupied" | "runtime" | "model"
        )
    }
}

/// The counts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Tally {
    /// Photos with at least one value.
    pub measured: usize,
    /// Photos that were read, and refused entirely by the gates.
    pub refused: usize,
    /// Photos without a record.
    pub failed: usize,
}

impl Tally {
    /// All photos.
    #[must_use]
    pub const fn total(self) -> usize {
        self.measured + self.refused + self.failed
    }

    /// Counts an outcome.
    pub fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Record(record) if record.quality.usable => self.measured += 1,
            Outcome::Record(_) => self.refused += 1,
            Outcome::Failure(_) => self.failed += 1,
        }
    }
}
