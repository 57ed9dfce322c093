//! Completed work on disk: one line per photo, written as soon as the photo is measured.
//!
//! A line is identified by its key, a hash of the photo's content, the options, the models and the program's version: a photo that was
//! moved or renamed is not measured twice, one that was changed is.
//!
//! Each line begins with a checksum of the rest. A line that was cut off by a crash or damaged since, or that has no checksum because an
//! earlier version wrote it, is dropped: its photo is measured again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::core::error::{Error, Result};
use crate::core::record::outcome::Outcome;
use crate::report::output::open_own;

/// The first line.
pub const FIRST: &[u8] = b"orthostat journal 1\n";
/// Hexadecimal digits of a line's checksum.
const DIGITS: usize = 16;

/// Identifies a photo's content under given options, models and version.
pub type Key = [u8; 32];

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The outcome of the photo. A record in here has neither id nor file name: they come from the plan.
    pub outcome: Outcome,
    /// A small JPEG picture in base64, when pictures are made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub thumbnail: Option<String>,
    /// The outcomes of the other panels, if the photo is a collage: this entry is that of the first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub further: Vec<Entry>,
}

impl Entry {
    /// The entry of a photo with a single view.
    #[must_use]
    pub fn of(outcome: Outcome, thumbnail: Option<String>) -> Self {
        Self { outcome, thumbnail, further: Vec::new() }
    }

    /// The entry of each view in the photo, in order.
    pub fn views(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.further)
    }

    /// The number of views.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.further.len()
    }
}

#[derive(Serialize, Deserialize)]
struct Line<E> {
    key: String,
    entry: E,
}

/// An open journal, locked against other runs.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// The position of each entry's line, and its number of views.
    places: HashMap<Key, (u64, u32, usize)>,
    end: u64,
}

impl Journal {
    /// Opens a journal, or creates an empty one. Damaged lines are ignored; the second value is their number.
    ///
    /// # Errors
    /// [`Error::Occupied`] when something else stands there, which with `force` gives way (a link does, and what it leads to stays);
    /// [`Error::Unwritable`], also when another run has it open.
    pub fn open(path: &Path, force: bool) -> Result<(Self, usize)> {
        match Self::open_there(path) {
            Err(Error::Occupied { .. }) if force => {
                std::fs::remove_file(path).map_err(|source| Error::Unwritable { path: path.into(), source })?;
                Self::open_there(path)
            }
            outcome => outcome,
        }
    }

    fn open_there(path: &Path) -> Result<(Self, usize)> {
        let unwritable = |source| Error::Unwritable { path: path.into(), source };
        let occupied = || {
            Error::Occupied {
            path: path.into(),
            reason: "expected the journal of an earlier run, found something else: move it away, or write over it by --force".into(),
        }
        };
        let file = match open_own(path, true) {
            Ok(file) => file,
            Err(_) if path.symlink_metadata().is_ok_and(|about| !about.is_file() || is_linked(&about)) => {
                return Err(occupied());
            }
            Err(error) => return Err(unwritable(error)),
        };
        file.try_lock().map_err(|_| {
            let busy = "another run is writing into this folder";
            unwritable(std::io::Error::new(std::io::ErrorKind::WouldBlock, busy))
        })?;
        let mut journal = Self { path: path.into(), file, places: HashMap::new(), end: 0 };
        match journal.scan().map_err(unwritable)? {
            Some(damaged) => Ok((journal, damaged)),
            None => Err(occupied()),
        }
    }

    /// Records the position of every complete line, and cuts off the rest; returns the number of damaged lines. `None`, without any
    /// change, for a file that is not a journal.
    fn scan(&mut self) -> std::io::Result<Option<usize>> {
        let mut lines = BufReader::new(&self.file);
        let (mut damaged, mut start, mut line) = (0, 0_u64, Vec::new());
        let mut known = false;
        loop {
            line.clear();
            let read = lines.read_until(b'\n', &mut line)? as u64;
            if read == 0 {
                break;
            }
            let whole = line.last() == Some(&b'\n');
            match entry_of(&line) {
                _ if start == 0 && FIRST.starts_with(&line) => known = true,
                Some((key, entry)) if whole => {
                    known = true;
                    self.places.insert(key, (start, u32::try_from(read).unwrap_or(u32::MAX), entry.count()));
                }
                _ => {
                    known |= line.starts_with(b"{\"key\":");
                    damaged += 1;
                }
            }
            start += read;
            if whole {
                self.end = start;
            }
        }
        if start > 0 && !known {
            return Ok(None);
        }
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        if self.end == 0 {
            self.file.write_all(FIRST)?;
            self.end = FIRST.len() as u64;
        }
        Ok(Some(damaged))
    }

    /// The keys of all entries.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.places.keys()
    }

    /// The keys of all entries, each with its number of views.
    pub fn views(&self) -> impl Iterator<Item = (Key, usize)> {
        self.places.iter().map(|(&key, &(.., views))| (key, views))
    }

    /// Removes all entries.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn clear(&mut self) -> Result<()> {
        self.places.clear();
        self.end = FIRST.len() as u64;
        let cleared = self.file.set_len(0).and_then(|()| self.file.write_all(FIRST));
        cleared.map_err(|source| self.unwritable(source))
    }

    /// Writes an entry. It survives the end of this program immediately, and a crash of the machine after a short time.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn append(&mut self, key: Key, entry: &Entry) -> Result<()> {
        let line = line_of(&key, entry).map_err(|source| self.unwritable(source))?;
        self.file.write_all(&line).map_err(|source| self.unwritable(source))?;
        self.places.insert(key, (self.end, u32::try_from(line.len()).unwrap_or(u32::MAX), entry.count()));
        self.end += line.len() as u64;
        Ok(())
    }

    /// Reads an entry; `None` when there is none under this key.
    ///
    /// # Errors
    /// [`Error::Unwritable`] when the journal changed under our hands.
    pub fn read(&mut self, key: &Key) -> Result<Option<Entry>> {
        let Some(&(start, length, _)) = self.places.get(key) else { return Ok(None) };
        let mut read = || -> std::io::Result<Entry> {
            let mut line = vec![0; length as usize];
            self.file.seek(SeekFrom::Start(start))?;
            self.file.read_exact(&mut line)?;
            let damaged = || std::io::Error::other("a line was damaged while the run went on");
            entry_of(&line).map(|(_, entry)| entry).ok_or_else(damaged)
        };
        let entry = read();
        let back = self.file.seek(SeekFrom::Start(self.end));
        entry.and_then(|entry| back.map(|_| Some(entry))).map_err(|source| self.unwritable(source))
    }

    fn unwritable(&self, source: std::io::Error) -> Error {
        Error::Unwritable { path: self.path.clone(), source }
    }
}

/// An entry as a line of a journal.
///
/// # Errors
/// When it is no JSON, which would be a defect.
pub fn line_of(key: &Key, entry: &Entry) -> std::io::Result<Vec<u8>> {
    let json = serde_json::to_vec(&Line { key: blake3::Hash::from(*key).to_hex().to_string(), entry })?;
    let mut line = sum(&json).into_bytes();
    line.push(b' ');
    line.extend(json);
    line.push(b'\n');
    Ok(line)
}

/// A line's entry, if its checksum is correct.
fn entry_of(line: &[u8]) -> Option<(Key, Entry)> {
    let (found, json) = line.strip_suffix(b"\n")?.split_at_checked(DIGITS)?;
    let json = json.strip_prefix(b" ")?;
    if found != sum(json).as_bytes() {
        return None;
    }
    let line: Line<Entry> = serde_json::from_slice(json).ok()?;
    Some((blake3::Hash::from_hex(&line.key).ok()?.into(), line.entry))
}

fn sum(json: &[u8]) -> String {
    blake3::hash(json).to_hex()[..DIGITS].to_owned()
}

#[cfg(unix)]
fn is_linked(about: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(about) > 1
}

#[cfg(not(unix))]
fn is_linked(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::record::outcome::Failure;

    fn entry(text: &str) -> Entry {
        Entry::of(Outcome::Failure(Failure { code: "no_person".into(), text: text.into() }), None)
    }

    #[test]
    fn entries_come_back_after_reopening_and_a_torn_line_is_dropped_at_every_length() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let (mut journal, _) = Journal::open(&path, false).expect("new");
        journal.append([1; 32], &entry("one")).expect("written");
        let first = journal.end;
        journal.append([2; 32], &entry("two")).expect("written");
        drop(journal);
        let whole = std::fs::read(&path).expect("there");
        for length in first..=whole.len() as u64 {
            std::fs::write(&path, &whole[..length as usize]).expect("written");
            let (mut journal, damaged) = Journal::open(&path, false).expect("opens");
            let both = length == whole.len() as u64;
            assert_eq!(damaged, usize::from(length > first && !both));
            assert_eq!(journal.read(&[1; 32]).expect("read"), Some(entry("one")));
            assert_eq!(journal.read(&[2; 32]).expect("read"), both.then(|| entry("two")));
            journal.append([3; 32], &entry("three")).expect("written");
            drop(journal);
            let (mut journal, damaged) = Journal::open(&path, false).expect("opens");
            assert_eq!((damaged, journal.read(&[3; 32]).expect("read")), (0, Some(entry("three"))));
        }
    }

    #[test]
    fn no_flipped_bit_is_taken_for_a_result() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let (mut journal, _) = Journal::open(&path, false).expect("new");
        journal.append([1; 32], &entry("one")).expect("written");
        journal.append([2; 32], &entry("two")).expect("written");
        drop(journal);
        let whole = std::fs::read(&path).expect("there");
        for place in 0..whole.len() {
            for bit in [1, 4, 32] {
                let mut bytes = whole.clone();
                bytes[place] ^= bit;
                std::fs::write(&path, &bytes).expect("written");
                let (mut journal, _) = Journal::open(&path, false).expect("opens");
                for (key, text) in [([1; 32], "one"), ([2; 32], "two")] {
                    let found = journal.read(&key).expect("read");
                    assert!(found.is_none() || found == Some(entry(text)), "byte {place}, bit {bit}: {found:?}");
                }
                assert!(journal.keys().count() <= 2);
            }
        }
    }

    #[test]
    fn lines_of_earlier_versions_are_dropped_and_other_files_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let old = serde_json::to_string(&Line { key: "01".repeat(32), entry: entry("old") }).expect("JSON");
        std::fs::write(&path, format!("{old}\n")).expect("written");
        let (journal, damaged) = Journal::open(&path, false).expect("opens");
        assert_eq!((journal.keys().count(), damaged), (0, 1));
        drop(journal);
        std::fs::write(&path, "my notes\n").expect("written");
        assert!(matches!(Journal::open(&path, false), Err(Error::Occupied { .. })));
        assert_eq!(std::fs::read(&path).expect("there"), b"my notes\n");
        Journal::open(&path, true).expect("gives way");
    }

    #[cfg(unix)]
    #[test]
    fn a_planted_link_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let [path, victim] = ["journal", "victim"].map(|name| folder.path().join(name));
        std::fs::write(&victim, "mine").expect("written");
        std::os::unix::fs::symlink(&victim, &path).expect("a link");
        assert!(matches!(Journal::open(&path, false), Err(Error::Occupied { .. })));
        let (mut journal, _) = Journal::open(&path, true).expect("the link gives way");
        journal.append([1; 32], &entry("one")).expect("written");
        std::fs::remove_file(&path).expect("removed");
        std::fs::hard_link(&victim, &path).expect("a link");
        assert!(matches!(Journal::open(&path, false), Err(Error::Occupied { .. })));
        assert_eq!(std::fs::read(&victim).expect("there"), b"mine");
    }

    #[test]
    fn one_run_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let held = Journal::open(&path, false).expect("new");
        let error = Journal::open(&path, false).expect_err("held").to_string();
        assert!(error.contains("another run is writing into this folder"), "{error}");
        drop(held);
        Journal::open(&path, false).expect("free again");
    }
}
