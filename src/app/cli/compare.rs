//! `orthostat compare`.

use std::path::PathBuf;

use clap::Args;

use super::measuring::Measuring;
use crate::core::names::checked;

const EXAMPLES: &str = "\
A and B are each a photo, a record (a file, or FILE#ID for one of JSON lines), or a visit of a subject in the history:
  orthostat compare before.jpg after.jpg --report change.html
  orthostat compare before.json after.jpg
  orthostat compare results.jsonl#P01-front results.jsonl#P01-front-2
  orthostat compare \"Anna B.@2026-01-05\" \"Anna B.@last\"
  orthostat compare --subject \"Anna B.\"             the first visit and the last
  orthostat compare --all                          the same for every subject of the history";

/// `orthostat compare`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Compare {
    /// What was before: a photo, a record, SUBJECT@YYYY-MM-DD, SUBJECT@first or SUBJECT@last.
    #[arg(value_name = "A", required_unless_present_any = ["subject", "all"], requires = "after")]
    pub before: Option<String>,
    /// What came after.
    #[arg(value_name = "B")]
    pub after: Option<String>,
    /// The first visit of this subject and the last.
    #[arg(long, value_name = "SUBJECT", conflicts_with_all = ["before", "after"], value_parser = checked)]
    pub subject: Option<String>,
    /// The first visit and the last of every subject in the history.
    #[arg(long, conflicts_with_all = ["before", "after", "subject"])]
    pub all: bool,
    /// A and B each hold records of one stance, such as a folder that `analyze --visit --out` wrote: those of one view become one
    /// measurement. Records of one day in the history always do.
    #[arg(long, conflicts_with_all = ["subject", "all"])]
    pub visit: bool,
    /// Print one JSON object a line instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Write a page: both pictures beside each other on one scale, and every change with its interval.
    #[arg(long, value_name = "FILE.html|FILE.pdf")]
    pub report: Option<PathBuf>,
    /// Open that page in the browser.
    #[arg(long, requires = "report")]
    pub open: bool,
    /// Look for the records' photos in this folder and all below it; otherwise beside the records.
    #[arg(long, value_name = "DIR", requires = "report")]
    pub photos: Vec<PathBuf>,
    /// Cover the heads in the pictures of the page; where they cannot be covered, no picture is shown.
    #[arg(long, requires = "report")]
    pub mask_face: bool,
    /// Write over a page that this program did not write; never over an input.
    #[arg(long, requires = "report")]
    pub force: bool,
    /// The history's file instead of the one in the user's data folder.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Options of measuring, for photos.
    #[command(flatten)]
    pub measuring: Measuring,
}
