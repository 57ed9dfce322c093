//! The only decision whether an output may be written, and the writing.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::list::{self, List, Whose};
use super::place::{make_folder, part_beside, private, unwritable};
use crate::core::error::{Error, Result};

/// The destination of outputs, and the files that must not be lost.
///
/// - An input is never overwritten, whatever the options.
/// - A file that this program did not write, or that was changed since, is refused unless overwriting is forced; a folder, a device and
///   the like always.
/// - A new file is created under an unpredictable name, follows no link, is readable by the user alone, and is moved into place when it
///   is complete.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    list: Option<List>,
    folder: Option<PathBuf>,
    inputs: Arc<HashSet<Id>>,
    force: bool,
}

/// The identity of a file, independent of its name.
#[cfg(unix)]
type Id = (u64, u64);
#[cfg(not(unix))]
type Id = PathBuf;

#[cfg(unix)]
fn id(path: &Path) -> Option<Id> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|about| (about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn id(path: &Path) -> Option<Id> {
    path.canonicalize().ok()
}

/// What exists in the place of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    OwnOrForced,
}

impl Outputs {
    /// Single files: existing ones are refused, except a page sealed by this program.
    #[must_use]
    pub fn files(force: bool) -> Self {
        Self { force, ..Self::default() }
    }

    /// Files in a folder, which is created if missing and keeps a list of the files that this program wrote into it.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn into_folder(folder: &Path, force: bool) -> Result<Self> {
        make_folder(folder)?;
        let list = List::open(folder).map_err(|source| unwritable(&folder.join(list::LIST), source))?;
        Ok(Self { list: Some(list), folder: Some(folder.into()), force, ..Self::default() })
    }

    /// The same, with files that are never overwritten.
    #[must_use]
    pub fn protecting<P: AsRef<Path>>(self, inputs: impl IntoIterator<Item = P>) -> Self {
        let inputs = self.inputs.iter().cloned().chain(inputs.into_iter().filter_map(|path| id(path.as_ref())));
        Self { inputs: Arc::new(inputs.collect()), ..self }
    }

    /// The same, with only inputs protected.
    #[must_use]
    pub fn forced(self) -> Self {
        Self { force: true, ..self }
    }

    /// The list of files that this program wrote into the folder.
    #[must_use]
    pub fn list(&self) -> Option<&List> {
        self.list.as_ref()
    }

    /// Creates a folder in the folder; links are not followed.
    ///
    /// # Errors
    /// [`Error::Occupied`], [`Error::Unwritable`].
    pub fn make_folder(&self, folder: &Path) -> Result<()> {
        match folder.symlink_metadata() {
            Ok(about) if !about.is_dir() => Err(occupied(folder, "expected a folder, found something else")),
            Ok(_) => Ok(()),
            Err(_) => make_folder(folder),
        }
    }

    /// Whether a file may be written: the only place that decides it. `from` is the BLAKE3 of the photo, if the file is made from one
    /// photo: a file from another photo is then not replaced.
    ///
    /// # Errors
    /// [`Error::Occupied`] when not; [`Error::Unwritable`] when that cannot be found out.
    pub fn check(&self, path: &Path, from: Option<&str>) -> Result<()> {
        self.before(path, from).map(|_| ())
    }

    fn before(&self, path: &Path, from: Option<&str>) -> Result<Before> {
        let about = match path.symlink_metadata() {
            Ok(about) => about,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Before::Nothing),
            Err(source) => return Err(unwritable(path, source)),
        };
        if id(path).is_some_and(|id| self.inputs.contains(&id)) {
            return Err(occupied(path, "is an input, which is never written to: name another place"));
        }
        if !about.is_file() && !about.is_symlink() {
            return Err(occupied(path, "expected a file or nothing, found something else"));
        }
        if self.force {
            return Ok(Before::OwnOrForced);
        }
        match self.whose(path, &about, from).map_err(|source| unwritable(path, source))? {
            Whose::Ours => Ok(Before::OwnOrForced),
            Whose::OfAnotherPhoto => Err(occupied(
                path,
                "was made from another photo and is not replaced: name another folder, or write over it by --force",
            )),
            Whose::NotOurs => Err(occupied(
                path,
                "exists, and this program did not write it as it is: it is not replaced; move it away, name another place, or \
                 write over it by --force",
            )),
        }
    }

    fn whose(&self, path: &Path, about: &std::fs::Metadata, from: Option<&str>) -> std::io::Result<Whose> {
        if !about.is_file() {
            return Ok(Whose::NotOurs);
        }
        match &self.list {
            Some(list) => list.whose(path, from),
            None if is_sealed(path)? => Ok(Whose::Ours),
            None => Ok(Whose::NotOurs),
        }
    }

    /// Writes a file, completely or not at all.
    ///
    /// # Errors
    /// As [`Outputs::check`]; what stood there before is untouched then.
    pub fn write(&self, path: &Path, bytes: &[u8], from: Option<&str>) -> Result<()> {
        let mut draft = self.draft(path, from)?;
        draft.write_all(bytes).map_err(|source| draft.failed(source))?;
        draft.finish()
    }

    /// Writes a page as [`Outputs::write`] does, with a seal by which this program recognises it outside its own folders.
    ///
    /// # Errors
    /// As [`Outputs::write`].
    pub fn write_page(&self, path: &Path, text: &str) -> Result<()> {
        self.write(path, format!("{text}{}", seal(text.as_bytes())).as_bytes(), None)
    }

    /// Begins a file that is written in pieces.
    ///
    /// # Errors
    /// As [`Outputs::check`].
    pub fn draft(&self, path: &Path, from: Option<&str>) -> Result<Draft> {
        self.check(path, from)?;
        let begin = || -> std::io::Result<(PathBuf, std::fs::File)> {
            let part = part_beside(path)?;
            if let Some(list) = &self.list {
                list.begin(&part)?;
            }
            let file = private().write(true).create_new(true).open(&part)?;
            // Locked while it is written: other runs leave it alone.
            let _ = file.try_lock();
            Ok((part, file))
        };
        let (part, file) = begin().map_err(|source| unwritable(path, source))?;
        let writer = Some(std::io::BufWriter::new(file));
        let from = from.map(str::to_owned);
        Ok(Draft { outputs: self.clone(), path: path.into(), part, from, writer, hasher: blake3::Hasher::new() })
    }

    /// Removes an unchanged file that this program wrote; returns whether it did.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn remove(&self, path: &Path) -> Result<bool> {
        let removed = self.list.as_ref().map_or(Ok(false), |list| list.remove(path));
        removed.map_err(|source| unwritable(path, source))
    }

    /// Removes unfinished files of killed programs in the folder.
    pub fn remove_parts(&self) {
        if let Some(list) = &self.list {
            list.remove_parts();
        }
    }

    /// Rewrites the folder's list, in order: at the end of a run.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn tidy(&self) -> Result<()> {
        match (&self.list, &self.folder) {
            (Some(list), Some(folder)) => list.tidy().map_err(|source| unwritable(&folder.join(list::LIST), source)),
            _ => Ok(()),
        }
    }
}

fn occupied(path: &Path, reason: &str) -> Error {
    Error::Occupied { path: path.into(), reason: reason.into() }
}

/// The comment that ends a sealed page: the hash of everything before it.
fn seal(page: &[u8]) -> String {
    format!("<!-- orthostat {} -->\n", blake3::hash(page).to_hex())
}

fn is_sealed(path: &Path) -> std::io::Result<bool> {
    if path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("html")) {
        return Ok(false);
    }
    let bytes = std::fs::read(path)?;
    let length = seal(b"").len();
    let Some(end) = bytes.len().checked_sub(length) else { return Ok(false) };
    Ok(bytes[end..] == *seal(&bytes[..end]).as_bytes())
}

/// A file that is being written, under a temporary name beside its final place.
#[derive(Debug)]
pub struct Draft {
    outputs: Outputs,
    path: PathBuf,
    part: PathBuf,
    from: Option<String>,
    writer: Option<std::io::BufWriter<std::fs::File>>,
    hasher: blake3::Hasher,
}

impl Draft {
    /// Moves the file into place.
    ///
    /// # Errors
    /// As [`Outputs::check`], which is asked again; what stood there before stays.
    pub fn finish(mut self) -> Result<()> {
        // If refused, the unfinished file is removed with the draft.
        let before = self.outputs.before(&self.path, self.from.as_deref())?;
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        let hash = self.hasher.finalize();
        let mut place = || -> std::io::Result<()> {
            writer.flush()?;
            if let Some(list) = &self.outputs.list {
                list.add(&self.path, hash, self.from.as_deref())?;
            }
            match before {
                Before::OwnOrForced => std::fs::rename(&self.part, &self.path)?,
                Before::Nothing => place_new(&self.part, &self.path)?,
            }
            if let Some(list) = &self.outputs.list {
                list.placed(&self.path);
            }
            Ok(())
        };
        place().map_err(|source| {
            let _ = std::fs::remove_file(&self.part);
            unwritable(&self.path, source)
        })
    }

    /// The final path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A failure to write, as an error that names the file.
    #[must_use]
    pub fn failed(&self, source: std::io::Error) -> Error {
        unwritable(&self.path, source)
    }
}

/// Gives a file its name if no file has it, without a race with other programs.
pub(super) fn place_new(part: &Path, path: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(part, path) {
        Ok(()) => std::fs::remove_file(part),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(error),
        // A file system without hard links.
        Err(_) if path.symlink_metadata().is_ok() => Err(std::io::ErrorKind::AlreadyExists.into()),
        Err(_) => std::fs::rename(part, path),
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let Some(writer) = &mut self.writer else { return Err(std::io::ErrorKind::BrokenPipe.into()) };
        let written = writer.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), std::io::Write::flush)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.writer.is_some() {
            // Never finished: nothing is left behind.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}
