//! Pages as files: HTML directly, PDF through an installed Chromium, and opening them in a browser.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use orthostat::app::pdf;
use orthostat::core::error::{Error, Result};
use orthostat::core::folders;
use orthostat::report::output::{self, Outputs};

use super::{complain, tell};

/// The destination of a page, checked before the slow work.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    outputs: Outputs,
    printed: bool,
}

impl Target {
    /// A file named by the user, which is not an input.
    ///
    /// # Errors
    /// [`Error::Usage`] for another ending than `.html` and `.pdf`, and where no program prints; [`Error::Occupied`],
    /// [`Error::Unwritable`].
    pub(crate) fn of<P: AsRef<Path>>(path: &Path, force: bool, inputs: &[P]) -> Result<Self> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let printed = match ending.as_str() {
            "html" | "htm" => false,
            "pdf" => pdf::printer().map(|_| true)?,
            _ => {
                let reason = format!("{}: expected a name that ends in .html or .pdf for a page", path.display());
                return Err(Error::Usage { reason });
            }
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            output::make_folder(folder)?;
        }
        let outputs = Outputs::files(force).protecting(inputs);
        outputs.check(path, None)?;
        Ok(Self { path: path.into(), outputs, printed })
    }

    /// The page for `--open` without a name: one file in the user's data folder, replaced each time.
    ///
    /// # Errors
    /// [`Error::Usage`] without such a folder; [`Error::Unwritable`].
    pub(crate) fn passing() -> Result<Self> {
        let folder = folders::data_folder().ok_or_else(|| Error::Usage {
            reason: "--open: neither XDG_DATA_HOME nor HOME names a folder for the page; name a file with --report"
                .into(),
        })?;
        output::make_folder(&folder)?;
        Ok(Self { path: folder.join("last-report.html"), outputs: Outputs::files(true), printed: false })
    }

    /// The same, with further files that are never overwritten.
    pub(crate) fn protecting<P: AsRef<Path>>(self, inputs: &[P]) -> Self {
        Self { outputs: self.outputs.protecting(inputs), ..self }
    }

    /// Writes the page, and opens it if requested.
    ///
    /// # Errors
    /// As [`Outputs::write`]; [`Error::Unwritable`] when the PDF cannot be made.
    pub(crate) fn write(&self, html: &str, open: bool) -> Result<()> {
        if self.printed {
            self.outputs.write(&self.path, &pdf::print(html, &self.path)?, None)?;
        } else {
            self.outputs.write_page(&self.path, html)?;
        }
        tell(&format!("page: {}\n", orthostat::core::names::shown(&self.path.display().to_string())));
        if open {
            browse(&self.path.canonicalize().unwrap_or_else(|_| self.path.clone()).display().to_string());
        }
        Ok(())
    }
}

/// Opens an address or a file in the user's browser.
pub(crate) fn browse(address: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let quiet = Stdio::null;
    if Command::new(opener).arg(address).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn().is_err() {
        complain(&format!("no browser could be started with {opener}: open it by hand"));
    }
}
