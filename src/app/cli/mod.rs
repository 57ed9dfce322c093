//! The command line: clap's types, and nothing behind them. Everything else sees plain options. One file per command.

mod analyze;
mod batch;
mod compare;
mod config;
mod edit;
mod fhir;
mod history;
mod live;
mod looks;
mod measuring;
mod recompute;
mod report;
mod shell;
pub mod start;

use clap::{Parser, Subcommand};

pub use analyze::{Analyze, KeypointForm, PictureForm};
pub use batch::{Batch, FailOn, FormatChoice, ProgressChoice};
pub use compare::Compare;
pub use edit::Edit;
pub use fhir::Filing;
pub use history::{History, HistoryAction};
pub use live::{Live, Sensitivity};
pub use looks::Looks;
pub use measuring::{Measuring, Quality, ViewChoice};
pub use recompute::{Known, Recompute};
pub use report::Report;
pub use shell::ShellChoice;

const EXIT_CODES: &str = "\
Exit codes: 0 at least one measure of every photo has a value; 1 some photos failed or were refused; 2 wrong usage; 3 nothing to measure (nobody found); \
4 a model or ONNX Runtime is missing or does not match; 5 an output cannot be written or the history cannot be used; 130 interrupted.

Signs: positive = the subject's own left is higher, or shifted to the subject's own left.
Measurement aid: it does not diagnose and does not replace an examination by a professional. Nothing leaves this machine.";

/// Measures a standing person's left/right asymmetry from ordinary photos, each figure with its own measurement error.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure the person in one or more photos.
    Analyze(Box<Analyze>),
    /// Measure many photos, unattended: a folder, a list, an intake table.
    Batch(Box<Batch>),
    /// Say whether anything has changed between two photos of one subject.
    Compare(Compare),
    /// Show, give out or remove the records that --save has kept.
    History(History),
    /// Watch through a camera (starts the program orthostat-live).
    #[command(disable_help_flag = true)]
    Live {
        /// Options of orthostat-live.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Do every measure of stored records again, without the photos.
    Recompute(Recompute),
    /// Make pages and pictures from stored records.
    Report(Report),
    /// Correct a record's points by hand, on a page in the browser.
    Edit(Edit),
    /// List the models that are known and installed, or say what a model file is.
    Models {
        /// ONNX files to look at instead.
        #[arg(value_name = "FILE.onnx")]
        files: Vec<std::path::PathBuf>,
    },
    /// Print the JSON Schema of a record.
    Schema,
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: ShellChoice,
    },
    /// Print the manual page, or write that of each command into a folder.
    Man {
        /// The folder.
        #[arg(long, value_name = "DIR")]
        out: Option<std::path::PathBuf>,
    },
    /// Say what was found on this machine, and check a known answer.
    Doctor,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_parser_is_sound() {
        Cli::command().debug_assert();
        Live::command().debug_assert();
    }
}
