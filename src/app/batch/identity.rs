//! De-identified ids: keyed hashes, with the key in a separate file.
//!
//! The key and the list of true ids identify the subjects; the outputs alone do not. The same key gives the same person the same id in
//! every run.

use std::io::Write;
use std::path::Path;

use super::journal::Key;
use crate::core::error::{Error, Result};

/// Hexadecimal digits of an id: 64 bits, so two of a million ids coincide with a chance of 1 in 40 million.
const DIGITS: usize = 16;

/// The key.
#[derive(Clone)]
pub struct Identity {
    key: [u8; 32],
}

impl std::fmt::Debug for Identity {
    /// Keeps the key out of debug output.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

impl Identity {
    /// Reads the key, or creates one if there is none; readable by the user alone.
    ///
    /// # Errors
    /// [`Error::Unwritable`]; [`Error::Usage`] when the file is no key.
    pub fn open(path: &Path) -> Result<Self> {
        let unwritable = |source| Error::Unwritable { path: path.into(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            crate::report::output::make_folder(folder)?;
        }
        match crate::report::output::private().write(true).create_new(true).open(path) {
            Ok(mut file) => {
                let mut key = [0; 32];
                getrandom::fill(&mut key).map_err(|error| unwritable(std::io::Error::other(error)))?;
                let text = format!("{}\n", blake3::Hash::from(key).to_hex());
                file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritable)?;
                Ok(Self { key })
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                private(path)?;
                let text =
                    std::fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.into(), source })?;
                let key = blake3::Hash::from_hex(text.trim()).map_err(|_| Error::Usage {
                    reason: format!(
                        "{}: expected a key of 64 hexadecimal digits, found something else",
                        path.display()
                    ),
                })?;
                Ok(Self { key: key.into() })
            }
            Err(error) => Err(unwritable(error)),
        }
    }

    /// The de-identified id of an id of a kind (`id`, `subject`, ...).
    #[must_use]
    pub fn id(&self, kind: &str, id: &str) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(kind.as_bytes()).update(&[0]).update(id.as_bytes());
        hasher.finalize().to_hex()[..DIGITS].to_owned()
    }

    /// The keyed hash of a photo's content: the photo alone does not identify its record.
    #[must_use]
    pub fn content(&self, hash: &Key) -> Key {
        blake3::keyed_hash(&self.key, hash).into()
    }
}

/// Refuses a key file that other users may read: the key identifies the subjects.
fn private(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let about = path.metadata().map_err(|source| Error::Unreadable { path: path.into(), source })?;
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let reason = format!(
                "{}: expected a key that you alone may read (mode 600), found mode {mode:o}: change its mode, or make a new key",
                path.display()
            );
            return Err(Error::Usage { reason });
        }
    }
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_private_and_gives_the_same_ids_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys/own.key");
        let first = Identity::open(&path).expect("made");
        let again = Identity::open(&path).expect("read");
        assert_eq!(first.id("id", "Ms A"), again.id("id", "Ms A"));
        assert_ne!(first.id("id", "Ms A"), first.id("subject", "Ms A"));
        let other = Identity::open(&folder.path().join("other.key")).expect("made");
        assert_ne!(first.id("id", "Ms A"), other.id("id", "Ms A"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.key");
        std::fs::write(&path, "secret").expect("written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).expect("set");
            let error = Identity::open(&path).expect_err("refused").to_string();
            assert!(error.contains("found mode 666"), "{error}");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("set");
        }
        let error = Identity::open(&path).expect_err("refused").to_string();
        assert!(error.ends_with("expected a key of 64 hexadecimal digits, found something else"), "{error}");
    }
}
