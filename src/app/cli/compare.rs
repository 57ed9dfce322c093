//! `orthostat compare`.

use std::path::PathBuf;

use clap::Args;

use super::measuring::Measuring;
use crate::core::names::checked;

const EXAMPLES: &str = "\
A and B are each a photo, a record that --out wrote, or a visit of a subject in the history:
  orthostat compare before.jpg after.jpg
  orthostat compare before.json after.jpg
  orthostat compare \"Anna B.@2026-01-05\" \"Anna B.@last\"
  orthostat compare --subject \"Anna B.\"             the first visit and the last";

/// `orthostat compare`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Compare {
    /// What was before: a photo, a record, SUBJECT@YYYY-MM-DD, SUBJECT@first or SUBJECT@last.
    #[arg(value_name = "A", required_unless_present = "subject", requires = "after")]
    pub before: Option<String>,
    /// What came after.
    #[arg(value_name = "B")]
    pub after: Option<String>,
    /// The first visit of this subject and the last.
    #[arg(long, value_name = "SUBJECT", conflicts_with_all = ["before", "after"], value_parser = checked)]
    pub subject: Option<String>,
    /// Print one JSON object a line instead of the table.
    #[arg(long)]
    pub json: bool,
    /// The history's file instead of the one in the user's data folder.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Options of measuring, for photos.
    #[command(flatten)]
    pub measuring: Measuring,
}
