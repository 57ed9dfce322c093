//! The user's data and configuration folders.

use std::path::PathBuf;

/// The data folder: `orthostat` in `XDG_DATA_HOME`, else in `~/.local/share`.
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    folder("XDG_DATA_HOME", ".local/share")
}

/// The configuration folder: `orthostat` in `XDG_CONFIG_HOME`, else in `~/.config`.
#[must_use]
pub fn config_folder() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config")
}

fn folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)))?;
    Some(base.join("orthostat"))
}
