//! Reasons for missing values.

use crate::core::body::pose::Missing;

/// Why a measure has no value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// A required joint has no place.
    Missing(Missing),
    /// The measure is undefined for these joints.
    Degenerate(&'static str),
    /// The photo does not allow it; with advice for a better one.
    Gate(String),
}

impl From<Missing> for Refusal {
    fn from(missing: Missing) -> Self {
        Refusal::Missing(missing)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Missing(missing) => missing.fmt(f),
            Refusal::Degenerate(reason) => f.write_str(reason),
            Refusal::Gate(reason) => f.write_str(reason),
        }
    }
}
