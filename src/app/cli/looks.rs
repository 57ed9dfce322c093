//! Options of every page: who hands it out, and notes.

use std::path::PathBuf;

use clap::Args;

/// What a page says beside the measures.
#[derive(Debug, Clone, Default, Args)]
pub struct Looks {
    /// The name of the clinic or practice, at the head of the page.
    #[arg(long, value_name = "NAME")]
    pub clinic: Option<String>,
    /// Its logo: a PNG, JPEG or WebP file, which becomes a part of the page.
    #[arg(long, value_name = "FILE")]
    pub logo: Option<PathBuf>,
    /// Notes on the page; without a text an empty field to write in by hand.
    #[arg(long, value_name = "TEXT", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub notes: Option<String>,
}
