//! The user's own files and folders: how they are created, and the names of unfinished files.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::core::error::{Error, Result};

/// Prefix and suffix of the name of every unfinished file.
pub(super) const PART: [&str; 2] = [".orthostat-", ".part"];

pub(super) fn unwritable(path: &Path, source: std::io::Error) -> Error {
    Error::Unwritable { path: path.to_path_buf(), source }
}

/// Options for opening a file that is private to the user if new.
#[must_use]
pub fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates a folder, private to the user if new.
///
/// # Errors
/// [`Error::Unwritable`].
pub fn make_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| unwritable(folder, source))
}

/// Replaces one of the program's own files in the user's data folder, completely or not at all; readable by the user alone.
///
/// # Errors
/// [`Error::Unwritable`]; nothing is left behind then.
pub fn replace_own(path: &Path, bytes: &[u8]) -> Result<()> {
    let attempt = |part: &Path| -> std::io::Result<()> {
        private().write(true).create_new(true).open(part)?.write_all(bytes)?;
        std::fs::rename(part, path)
    };
    let part = part_beside(path).map_err(|source| unwritable(path, source))?;
    attempt(&part).map_err(|source| {
        // The existing file is unchanged; only the unfinished file may remain, and it is removed.
        let _ = std::fs::remove_file(&part);
        unwritable(path, source)
    })
}

/// A name beside a file for an unfinished one. It is unpredictable, so no link can be planted there.
pub(super) fn part_beside(path: &Path) -> std::io::Result<PathBuf> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let number: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(path.with_file_name(format!("{}{number}{}", PART[0], PART[1])))
}
