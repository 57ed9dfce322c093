//! The list of files that this program wrote into a folder: names and hashes, so that it replaces and removes only its own files.
//!
//! The list is a hidden file of the folder, with one JSON object per line. Names are relative to the folder and refer to it or to a
//! folder in it. A line that cannot be read is ignored: its file does not count as ours and is kept.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::place::{PART, part_beside, private};

/// The list's name.
pub const LIST: &str = ".orthostat-files";
/// Its first line.
const FIRST: &str = "orthostat files 1\n";

/// A line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// A complete file.
    File(Entry),
    /// A file that is being written, or was when the program was killed.
    Part(String),
    /// A file that was removed.
    Gone(String),
}

/// A file of this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    name: String,
    /// BLAKE3 of the content.
    blake3: String,
    /// BLAKE3 of the source photo, if the file is made from one photo.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    from: Option<String>,
}

#[derive(Debug, Default)]
struct Known {
    /// The last entry of a name is the newest; after a kill, an earlier one may still describe the existing file.
    files: BTreeMap<String, Vec<Entry>>,
    parts: Vec<String>,
}

/// The owner of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// This program wrote it, unchanged.
    Ours,
    /// This program wrote it, unchanged, from another photo.
    OfAnotherPhoto,
    /// Another program or user wrote it, or changed it since.
    NotOurs,
}

/// The list of a folder.
#[derive(Debug, Clone)]
pub struct List {
    folder: PathBuf,
    known: Arc<Mutex<Known>>,
}

impl List {
    /// Reads the list of a folder; empty if there is none.
    ///
    /// # Errors
    /// When something else stands in its place, or it cannot be read.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        let list = Self { folder: folder.into(), known: Arc::default() };
        match open_own(&folder.join(LIST), false) {
            Ok(mut file) => *list.known() = read(&mut file)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(list)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A path as named in the list: relative to its folder.
    fn name(&self, path: &Path) -> Option<String> {
        path.strip_prefix(&self.folder).ok()?.to_str().map(str::to_owned).filter(|name| is_plain(name))
    }

    /// Whether this program wrote the file at a path, from this photo if one is given.
    pub(super) fn whose(&self, path: &Path, from: Option<&str>) -> std::io::Result<Whose> {
        let entries = self.name(path).and_then(|name| self.known().files.get(&name).cloned());
        let Some(entries) = entries else { return Ok(Whose::NotOurs) };
        let found = hash(path)?;
        let Some(entry) = entries.iter().rfind(|entry| entry.blake3 == found) else { return Ok(Whose::NotOurs) };
        let another = from.is_some() && entry.from.as_deref() != from;
        Ok(if another { Whose::OfAnotherPhoto } else { Whose::Ours })
    }

    /// Whether this program wrote the file at a path; `false` for a file that cannot be read.
    #[must_use]
    pub fn wrote(&self, path: &Path) -> bool {
        self.whose(path, None).is_ok_and(|whose| whose == Whose::Ours)
    }

    /// Whether a path is on the list, whatever exists there now.
    #[must_use]
    pub fn names(&self, path: &Path) -> bool {
        self.name(path).is_some_and(|name| self.known().files.contains_key(&name))
    }

    /// Every file on the list.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.known().files.keys().map(|name| self.folder.join(name)).collect()
    }

    pub(super) fn begin(&self, part: &Path) -> std::io::Result<()> {
        let Some(name) = self.name(part) else { return Ok(()) };
        self.append(&Line::Part(name.clone()))?;
        self.known().parts.push(name);
        Ok(())
    }

    /// Records a complete file before it is moved into place: if the program is killed in between, the existing file is still known.
    pub(super) fn add(&self, path: &Path, blake3: blake3::Hash, from: Option<&str>) -> std::io::Result<()> {
        let Some(name) = self.name(path) else { return Ok(()) };
        let entry = Entry { name, blake3: blake3.to_hex().to_string(), from: from.map(str::to_owned) };
        self.append(&Line::File(entry.clone()))?;
        self.known().files.entry(entry.name.clone()).or_default().push(entry);
        Ok(())
    }

    /// Records that the newest entry of a name describes the existing file.
    pub(super) fn placed(&self, path: &Path) {
        if let Some(entries) =
            self.name(path).as_ref().and_then(|name| self.known().files.get_mut(name).map(std::mem::take))
            && let Some(newest) = entries.into_iter().next_back()
        {
            self.known().files.insert(newest.name.clone(), vec![newest]);
        }
    }

    /// Removes an unchanged file that this program wrote; returns whether it did.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove(&self, path: &Path) -> std::io::Result<bool> {
        if !leads_into(&self.folder, path) || !self.wrote(path) {
            return Ok(false);
        }
        std::fs::remove_file(path)?;
        if let Some(name) = self.name(path) {
            self.append(&Line::Gone(name.clone()))?;
            self.known().files.remove(&name);
        }
        Ok(true)
    }

    /// Removes unfinished files of killed programs. Those of running programs are locked and kept.
    pub(super) fn remove_parts(&self) {
        let parts = std::mem::take(&mut self.known().parts);
        for path in parts.into_iter().filter(|name| is_part(name)).map(|name| self.folder.join(name)) {
            let Ok(file) = open_own(&path, false) else { continue };
            if leads_into(&self.folder, &path) && file.try_lock().is_ok() {
                let _ = std::fs::remove_file(&path);
            }
        }
    }

    /// Rewrites the list: one line for each existing file, by name.
    ///
    /// # Errors
    /// What the system says.
    pub fn tidy(&self) -> std::io::Result<()> {
        let path = self.folder.join(LIST);
        if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return Ok(());
        }
        let mut file = locked(&path)?;
        let mut known = read(&mut file)?;
        known.files.retain(|name, entries| self.settle(name, entries));
        known.parts.retain(|name| is_part(name) && self.folder.join(name).symlink_metadata().is_ok());
        let mut text = FIRST.to_owned();
        let lines =
            known.files.values().flatten().cloned().map(Line::File).chain(known.parts.iter().cloned().map(Line::Part));
        for line in lines {
            text.push_str(&serde_json::to_string(&line)?);
            text.push('\n');
        }
        let part = part_beside(&path)?;
        // If the program is killed before the new list is in place, the old one still names the remaining files.
        if let Some(name) = self.name(&part) {
            let line = serde_json::to_string(&Line::Part(name))?;
            file.write_all(format!("{line}\n").as_bytes())?;
        }
        let mut anew = private().write(true).create_new(true).open(&part)?;
        let written = anew.write_all(text.as_bytes()).and_then(|()| std::fs::rename(&part, &path));
        if written.is_err() {
            let _ = std::fs::remove_file(&part);
        }
        *self.known() = known;
        written
    }

    /// Keeps the one entry of a name that is valid; returns whether there is one.
    fn settle(&self, name: &str, entries: &mut Vec<Entry>) -> bool {
        let path = self.folder.join(name);
        if path.symlink_metadata().is_err() {
            return false;
        }
        let ours = self.known().files.get(name).filter(|own| own.len() == 1).cloned();
        match ours {
            Some(own) => *entries = own,
            None if entries.len() > 1 => {
                let found = hash(&path).unwrap_or_default();
                entries.retain(|entry| entry.blake3 == found);
                entries.truncate(1);
            }
            None => {}
        }
        !entries.is_empty()
    }

    fn append(&self, line: &Line) -> std::io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        let mut file = locked(&self.folder.join(LIST))?;
        if file.metadata()?.len() == 0 {
            text.insert_str(0, FIRST);
        }
        file.write_all(text.as_bytes())
    }
}

/// Opens the list for writing with an exclusive lock.
fn locked(path: &Path) -> std::io::Result<File> {
    loop {
        let file = open_own(path, true)?;
        file.lock()?;
        // Another program may have rewritten it in the meantime.
        if is_at(&file, path) {
            return Ok(file);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(open), Ok(there)) = (file.metadata(), path.symlink_metadata()) else { return false };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// Opens one of this program's own files: links are not followed, and anything else in its place is an error.
pub(crate) fn open_own(path: &Path, make: bool) -> std::io::Result<File> {
    let mut options = private();
    options.read(true).append(make).create(make);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        // Opening a pipe must not block the program.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    let about = file.metadata()?;
    #[cfg(unix)]
    let single = std::os::unix::fs::MetadataExt::nlink(&about) <= 1;
    #[cfg(not(unix))]
    let single = true;
    if about.is_file() && single {
        return Ok(file);
    }
    Err(std::io::Error::other("expected a file of this program's own, found something else"))
}

fn read(file: &mut File) -> std::io::Result<Known> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut known = Known::default();
    let Some(lines) = text.strip_prefix(FIRST) else {
        // A list that was cut off within its first line is empty.
        return if FIRST.starts_with(&*text) {
            Ok(known)
        } else {
            Err(std::io::Error::other("expected this program's list of its own files, found something else"))
        };
    };
    for line in lines.lines() {
        match serde_json::from_str(line) {
            Ok(Line::File(entry)) if is_plain(&entry.name) => {
                known.files.entry(entry.name.clone()).or_default().push(entry);
            }
            Ok(Line::Part(name)) if is_plain(&name) => known.parts.push(name),
            Ok(Line::Gone(name)) => {
                known.files.remove(&name);
            }
            _ => {}
        }
    }
    Ok(known)
}

/// Whether a name stays inside the folder.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    !name.is_empty() && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn is_part(name: &str) -> bool {
    let file = Path::new(name).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    is_plain(name) && file.starts_with(PART[0]) && file.ends_with(PART[1])
}

/// Whether there is no link between a folder and a file in it.
fn leads_into(folder: &Path, path: &Path) -> bool {
    let between = path.parent().into_iter().flat_map(Path::ancestors).take_while(|at| *at != folder);
    path.starts_with(folder) && between.into_iter().all(|at| at.symlink_metadata().is_ok_and(|about| about.is_dir()))
}

pub(super) fn hash(path: &Path) -> std::io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let mut file = File::open(path)?;
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hasher.finalize().to_hex().to_string()),
            read => hasher.update(&block[..read]),
        };
    }
}
