//! Where programs of this user keep their data.

use std::path::PathBuf;

/// The folder for data of this user's programs: `XDG_DATA_HOME`, else `~/.local/share`, with `orthostat` in it.
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    folder("XDG_DATA_HOME", ".local/share")
}

/// The folder for the configuration of this user's programs: `XDG_CONFIG_HOME`, else `~/.config`, with `orthostat` in it.
#[must_use]
pub fn config_folder() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config")
}

fn folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)))?;
    Some(base.join("orthostat"))
}
