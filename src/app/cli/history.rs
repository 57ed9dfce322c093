//! `orthostat history`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::core::compare::visit::Date;
use crate::core::compare::visit::day;
use crate::core::names::checked;

/// `orthostat history`.
#[derive(Debug, Args)]
pub struct History {
    /// The history's file instead of the one in the user's data folder.
    #[arg(long, value_name = "FILE", global = true)]
    pub db: Option<PathBuf>,
    /// What to do with it.
    #[command(subcommand)]
    pub action: HistoryAction,
}

/// What to do with the history.
#[derive(Debug, Subcommand)]
pub enum HistoryAction {
    /// Name every subject, with how many records there are and from when.
    List {
        /// Print one JSON object a line instead of the table.
        #[arg(long)]
        json: bool,
    },
    /// Show how a subject's measures went, and what has changed since the first visit.
    Show {
        /// The subject, as `history list` shows it.
        subject: String,
        /// Write a page with charts as well.
        #[arg(long, value_name = "FILE.html")]
        report: Option<PathBuf>,
        /// Write over a file that this program did not write; never over the history.
        #[arg(long, requires = "report")]
        force: bool,
    },
    /// Add records that --out wrote; a record of a photo that is there already takes its place.
    Add {
        /// The subject.
        #[arg(value_parser = checked)]
        subject: String,
        /// Record files.
        #[arg(required = true, value_name = "RECORD.json")]
        records: Vec<PathBuf>,
        /// The day of the visit. Default: that of the photo's record before, else today.
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
        date: Option<Date>,
    },
    /// Give out a subject's records, one JSON object a line.
    Export {
        /// The subject, as `history list` shows it.
        subject: String,
        /// Into this file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Write over a file that is there; never over the history.
        #[arg(long, requires = "out")]
        force: bool,
    },
    /// Remove a subject's records for good.
    Purge {
        /// The subject, as `history list` shows it.
        subject: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}
