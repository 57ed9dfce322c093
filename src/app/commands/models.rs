//! `orthostat models`.

use std::path::PathBuf;

use orthostat::app::models;
use orthostat::core::error::Result;

use super::{complain, say};

pub(crate) fn run(files: &[PathBuf]) -> Result<u8> {
    if files.is_empty() {
        say(&format!("{}\n", models::known()?.join("\n\n")))?;
        return Ok(0);
    }
    let mut code = 0;
    for file in files {
        match models::examine(file) {
            Ok(text) => say(&format!("{text}\n"))?,
            Err(error) => {
                complain(&error);
                code = error.exit_code();
            }
        }
    }
    Ok(code)
}
