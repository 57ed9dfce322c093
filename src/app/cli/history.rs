//! `orthostat history`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::looks::Looks;
use crate::core::compare::visit::Date;
use crate::core::compare::visit::day;

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
        #[arg(long, value_name = "FILE.html|FILE.pdf")]
        report: Option<PathBuf>,
        /// Open that page in the browser.
        #[arg(long, requires = "report")]
        open: bool,
        /// Write over a file that this program did not write; never over the history.
        #[arg(long, requires = "report")]
        force: bool,
        /// What the page says beside the measures.
        #[command(flatten)]
        looks: Looks,
    },
    /// Add records; a record of a photo that is there already takes its place, and a refused photo is not added.
    ///
    /// `history add SUBJECT RECORD...` adds all under one name, `history add --by-subject RECORD...` each under its own.
    Add {
        /// The subject, and records: files, folders, JSON lines (results.jsonl, what export gave out), visits.
        #[arg(required = true, value_names = ["SUBJECT", "RECORD"], num_args = 1..)]
        names: Vec<String>,
        /// Add each record under the subject that it names: no SUBJECT stands before the records then.
        #[arg(long)]
        by_subject: bool,
        /// The day of the visit. Default: the one that the record names, else that of the photo's record before, else today.
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
