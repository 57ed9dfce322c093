//! A record of a subject, with the day that it stands for.

pub use jiff::civil::Date;

use crate::core::record::Record;

/// A record of a subject, with the day that it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// The day.
    pub visited: Date,
    /// The record.
    pub record: Record,
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
