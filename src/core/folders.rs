//! Where programs of this user keep their data.

use std::path::PathBuf;

/// The folder for data of this user's programs: `XDG_DATA_HOME`, else `~/.local/share`, with `orthostat` in it.
#[must_use]
pub fn data_folder() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")))?;
    Some(base.join("orthostat"))
}
