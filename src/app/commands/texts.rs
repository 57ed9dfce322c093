//! `orthostat completions` and `orthostat man`: texts generated from the command line definition.

use std::path::Path;

use orthostat::app::cli::{self, ShellChoice};
use orthostat::core::error::{Error, Result};
use orthostat::report::output::Outputs;

use super::screen::put;

pub(crate) fn completions(shell: ShellChoice) -> Result<u8> {
    put(&cli::start::completions(shell))?;
    Ok(0)
}

pub(crate) fn manual(folder: Option<&Path>) -> Result<u8> {
    let unwritable = |source| Error::Unwritable { path: "standard output".into(), source };
    let pages = cli::start::manual().map_err(unwritable)?;
    match folder {
        None => {
            if let Some((_, page)) = pages.first() {
                put(page)?;
            }
        }
        Some(folder) => {
            let outputs = Outputs::into_folder(folder, false)?;
            for (name, page) in pages {
                outputs.write(&folder.join(name), &page, None)?;
            }
            outputs.tidy()?;
        }
    }
    Ok(0)
}
