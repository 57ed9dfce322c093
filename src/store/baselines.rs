//! The baselines of the webcam program, one file for each name in the user's data folder.

use std::path::PathBuf;

use crate::core::error::{Error, Result};
use crate::core::folders::data_folder;
use crate::core::watch::baseline::Baseline;
use crate::report::output;

/// The file of the baseline with this name, in the user's data folder.
///
/// # Errors
/// [`Error::Usage`] for a name that is no file name, or when there is no such folder.
pub fn path(name: &str) -> Result<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        let reason = format!("--baseline: expected a name of letters, digits, - and _, found \"{name}\"");
        return Err(Error::Usage { reason });
    }
    let folder = data_folder().ok_or_else(|| Error::Usage {
        reason: "baselines are kept in the user's data folder, and neither XDG_DATA_HOME nor HOME names one".into(),
    })?;
    Ok(folder.join("baselines").join(format!("{name}.json")))
}

/// Reads the baseline with this name; `None` when none was taken yet.
///
/// # Errors
/// [`Error::Unreadable`], [`Error::NotARecord`] for a file that is no baseline.
pub fn open(name: &str) -> Result<Option<Baseline>> {
    let path = path(name)?;
    match std::fs::read(&path) {
        Ok(json) => Baseline::from_json(&json, &path).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Unreadable { path, source }),
    }
}

/// Saves the baseline under its name, readable by the user alone; an existing one is replaced.
///
/// # Errors
/// [`Error::Unwritable`].
pub fn save(baseline: &Baseline) -> Result<PathBuf> {
    let path = path(&baseline.name)?;
    if let Some(folder) = path.parent() {
        output::make_folder(folder)?;
    }
    let mut json = serde_json::to_vec_pretty(baseline)
        .map_err(|error| Error::Unwritable { path: path.clone(), source: error.into() })?;
    json.push(b'\n');
    output::replace_own(&path, &json)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_and_no_paths() {
        for name in ["", "../x", "a/b", "a.b", "ä"] {
            assert!(matches!(path(name), Err(Error::Usage { .. })), "{name}");
        }
    }
}
