//! Why there is no value.

use crate::core::body::pose::Missing;

/// Why a measure has no value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// A joint that it needs has no place.
    Missing(Missing),
    /// The joints lie so that it has no meaning.
    Degenerate(&'static str),
    /// The photo does not allow it, and how to take a better one.
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
