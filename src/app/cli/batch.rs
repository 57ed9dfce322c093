//! `orthostat batch`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::fhir::Filing;
use super::measuring::{Measuring, count, positive};
use crate::app::batch::plan::Folders;
use crate::app::batch::settings::Format;
use crate::vision::analysis;
use crate::vision::photo::{MAX_MEGAPIXELS, ReadOptions};

const EXAMPLES: &str = "\
Examples:
  orthostat batch intake/ --out results/
  orthostat batch --manifest intake.csv --out results/ --pictures
  orthostat batch intake/ --out results/ --resume         after an interruption
  find . -name '*.jpg' -print0 | orthostat batch - -0 --jsonl > records.jsonl

A manifest is a CSV list with a header; columns, any but path may be missing: path,id,subject,view,mirrored,height_cm,visit_date,\
plumb,region,notes. Other columns are carried to the outputs.";

/// `orthostat batch`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Batch {
    /// Photos, folders (with all below them), patterns such as 'a/**/*.jpg', or - for a list of paths on standard input.
    #[arg(value_name = "INPUT", required_unless_present = "manifest")]
    pub inputs: Vec<PathBuf>,
    /// An intake list (CSV) in place of inputs; its paths are relative to its own folder.
    #[arg(long, value_name = "FILE", conflicts_with = "inputs")]
    pub manifest: Option<PathBuf>,
    /// Where the results go: results.jsonl, results.csv, results_long.csv, failures.csv, summary.html.
    #[arg(long, value_name = "DIR", required_unless_present_any = ["jsonl", "dry_run"])]
    pub out: Option<PathBuf>,
    /// Paths on standard input are separated by NUL, not by lines.
    #[arg(short = '0', long)]
    pub null: bool,
    /// Act as a filter: print one record (or error) per line for each path, in order, as soon as it is available.
    #[arg(long, conflicts_with_all = ["out", "manifest", "resume", "force", "pictures", "as_taken", "deidentify", "format", "report", "dry_run"])]
    pub jsonl: bool,
    /// Continue the run whose results are in DIR.
    #[arg(long, conflicts_with = "force")]
    pub resume: bool,
    /// Overwrite the results of an earlier run in DIR, and files there of other programs; never an input.
    #[arg(long)]
    pub force: bool,
    /// Photos measured at the same time. Default: as many as there are processors.
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub jobs: Option<usize>,
    /// Write annotated pictures too, and thumbnails into the summary.
    #[arg(long)]
    pub pictures: bool,
    /// Leave pictures as the camera took them; otherwise they are turned so that level is level.
    #[arg(long)]
    pub as_taken: bool,
    /// De-identify: ids are keyed hashes, no paths, dates, notes or further columns; heads are covered in pictures.
    #[arg(long, conflicts_with = "fhir_patient")]
    pub deidentify: bool,
    /// The key of --deidentify, made on first use. Default: deidentify.key in the user's data folder. Keep it apart from the results.
    #[arg(long, value_name = "FILE", requires = "deidentify")]
    pub key: Option<PathBuf>,
    /// Write a FHIR R4 Bundle of each record too, one a line: results.fhir.jsonl.
    #[arg(long, conflicts_with = "jsonl")]
    pub fhir: bool,
    /// How those bundles are filed.
    #[command(flatten)]
    pub filing: Filing,
    /// Begin the CSV tables with a byte order mark, by which spreadsheets know UTF-8.
    #[arg(long, conflicts_with = "jsonl")]
    pub bom: bool,
    /// Further formats of the two results tables.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Vec<FormatChoice>,
    /// Write a page for each subject (each photo, where none is named) into DIR/reports.
    #[arg(long)]
    pub report: bool,
    /// Compare values with published reference ranges on those pages, each with its source.
    #[arg(long, requires = "report")]
    pub reference_bands: bool,
    /// Whether the folders that photos lie in name their subjects, as in P01/front.jpg. Auto: where every photo lies in one.
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Subjects::Auto, conflicts_with = "manifest")]
    pub subjects: Subjects,
    /// Keep the records of photos whose subject is known in the history, under the manifest's visit_date, else today.
    #[arg(long, conflicts_with = "deidentify")]
    pub save: bool,
    /// The history's file. Default: history.sqlite in the user's data folder.
    #[arg(long, value_name = "FILE", requires = "save")]
    pub db: Option<PathBuf>,
    /// Print what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// What makes the exit code 1: gate: photos without a record or refused; error: photos without a record; none: neither.
    #[arg(long, value_enum, default_value_t = FailOn::Gate)]
    pub fail_on: FailOn,
    /// How progress is shown on standard error.
    #[arg(long, value_enum, default_value_t = ProgressChoice::Auto)]
    pub progress: ProgressChoice,
    /// The longest that one photo may take, in seconds.
    #[arg(long, value_name = "S", default_value_t = 60.0, value_parser = positive)]
    pub time_limit: f64,
    /// Refuse pictures of more megapixels before decoding them, and such as take more than 6 bytes of memory for each pixel
    /// allowed.
    #[arg(long, value_name = "N", default_value_t = MAX_MEGAPIXELS, value_parser = positive)]
    pub max_megapixels: f64,
    /// Options of measuring, unless a manifest says otherwise for a photo.
    #[command(flatten)]
    pub measuring: Measuring,
}

/// A format of the results tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatChoice {
    /// CSV, which is always written.
    Csv,
    /// Apache Parquet (when the program was built with the feature `parquet`).
    Parquet,
}

/// Whether folders name subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Subjects {
    /// Where every photo lies in one of several folders.
    Auto,
    /// Always.
    Folders,
    /// Never.
    None,
}

/// What makes the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Nothing.
    None,
    /// Photos without a record.
    Error,
    /// Those, and photos refused by the gates.
    Gate,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressChoice {
    /// A bar on a terminal, else lines.
    Auto,
    /// Lines.
    Plain,
    /// One JSON object per line.
    Json,
    /// Not at all.
    None,
}

impl Batch {
    /// Formats beside CSV.
    #[must_use]
    pub fn formats(&self) -> Vec<Format> {
        let parquet = self.format.contains(&FormatChoice::Parquet).then_some(Format::Parquet);
        parquet.into_iter().chain(self.fhir.then_some(Format::Fhir)).collect()
    }

    /// Whether folders name subjects.
    #[must_use]
    pub fn folders(&self) -> Folders {
        match self.subjects {
            Subjects::Auto => Folders::Auto,
            Subjects::Folders => Folders::Subjects,
            Subjects::None => Folders::Nothing,
        }
    }

    /// How photos are read.
    #[must_use]
    pub fn reading(&self) -> ReadOptions {
        ReadOptions { max_megapixels: self.max_megapixels, ..analysis::reading() }
    }

    /// The longest that one photo may take.
    #[must_use]
    pub fn time_limit(&self) -> Duration {
        Duration::from_secs_f64(self.time_limit)
    }
}

fn jobs(text: &str) -> Result<usize, String> {
    count(text, 256)
}
