//! `orthostat edit`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::measuring::minutes;

/// `orthostat edit`.
#[derive(Debug, Args)]
#[command(after_help = "\
The page is served on 127.0.0.1 alone, on a port that the system chooses. The address that is printed opens it once. The \
program ends when the page is closed or silent, after --idle minutes without an edit, or with Ctrl-C. Points that were not saved \
are kept in a file of points beside the edited record, whatever ends the program.")]
pub struct Edit {
    /// The record: a file, or FILE#ID for one of a file of JSON lines.
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// The photo that the record was made from. Default: the file of that name beside the record.
    #[arg(long, value_name = "FILE")]
    pub photo: Option<PathBuf>,
    /// Where the edited record goes; an existing file is not overwritten. Default: ID.edited.json beside the record.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// End after so many minutes without an edit.
    #[arg(long, value_name = "MINUTES", default_value_t = 30.0, value_parser = minutes)]
    pub idle: f64,
    /// Open the page in the browser too, instead of printing its address alone.
    #[arg(long)]
    pub open: bool,
}

impl Edit {
    /// How long the page may rest.
    #[must_use]
    pub fn idle(&self) -> Duration {
        Duration::from_secs_f64(60.0 * self.idle)
    }
}
