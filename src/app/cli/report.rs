//! `orthostat report`.

use std::path::PathBuf;

use clap::Args;

use super::analyze::PictureForm;
use super::looks::Looks;
use crate::core::compare::visit::{Date, day};
use crate::core::names::checked;
use crate::report::scene::framing::Attitude;

const EXAMPLES: &str = "\
Examples:
  orthostat report results/front.edited.json --out page.html
  orthostat report results.jsonl#P01-front results.jsonl#P01-side --out P01.html --photos intake/
  orthostat report \"Anna B.@last\" --out anna.pdf
  orthostat report results.jsonl --out reports/         one page for each subject, and an index";

/// `orthostat report`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Report {
    /// Records: files, folders, JSON lines (FILE#ID for one of them), or visits in the history (SUBJECT@last).
    #[arg(required = true, value_name = "RECORD")]
    pub records: Vec<PathBuf>,
    /// The page, for records of one subject; or a folder, for a page of each subject and an index.
    #[arg(long, value_name = "FILE.html|FILE.pdf|DIR", required_unless_present_any = ["pictures", "open"])]
    pub out: Option<PathBuf>,
    /// Write the annotated picture of each record into this folder.
    #[arg(long, value_name = "DIR")]
    pub pictures: Option<PathBuf>,
    /// The form of those pictures.
    #[arg(long, value_enum, default_value_t = PictureForm::Jpg, requires = "pictures")]
    pub picture: PictureForm,
    /// Look for the records' photos in this folder and all below it; otherwise beside the records.
    #[arg(long, value_name = "DIR")]
    pub photos: Vec<PathBuf>,
    /// The subject's name on the page. Default: the one that history or intake list name.
    #[arg(long, value_name = "SUBJECT", value_parser = checked)]
    pub subject: Option<String>,
    /// The day of the visit. Default: the one that history or intake list name.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub date: Option<Date>,
    /// Show the photo as the camera took it, not turned upright.
    #[arg(long)]
    pub as_taken: bool,
    /// Cover the head in every picture; where it cannot be covered, no picture is written.
    #[arg(long)]
    pub mask_face: bool,
    /// Compare values with published reference ranges where there are any, each with its source.
    #[arg(long)]
    pub reference_bands: bool,
    /// Open the page in the browser.
    #[arg(long)]
    pub open: bool,
    /// Write over files that this program did not write; never over an input.
    #[arg(long)]
    pub force: bool,
    /// The history's file instead of the one in the user's data folder.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// What the page says beside the measures.
    #[command(flatten)]
    pub looks: Looks,
}

impl Report {
    /// How pictures are shown.
    #[must_use]
    pub const fn attitude(&self) -> Attitude {
        if self.as_taken { Attitude::AsTaken } else { Attitude::Upright }
    }
}
