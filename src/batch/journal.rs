//! What is done already, on disk: one line a photo, written as soon as the photo is measured.
//!
//! A line is found again by its key, a hash of the photo's content, the options, the models and the program's version: a photo that
//! was moved or renamed is not measured twice, one that was changed is. A line that was cut off by a crash is dropped.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::error::{Error, Result};
use crate::output::private;

/// Names a photo's content under given options, models and version.
pub type Key = [u8; 32];

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What came of the photo. A record in here has neither id nor file name: they belong to the plan.
    pub outcome: Outcome,
    /// A small JPEG picture in base64, when pictures are made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub thumbnail: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Line<E> {
    key: String,
    entry: E,
}

/// An open journal. Nobody else has it open for a run at the same time.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Where each entry's line lies.
    places: HashMap<Key, (u64, u32)>,
    end: u64,
}

impl Journal {
    /// Opens a journal, or makes an empty one. Lines that are damaged count as not there; the second number is how many.
    ///
    /// # Errors
    /// [`Error::Unwritable`], also when another run has it open.
    pub fn open(path: &Path) -> Result<(Self, usize)> {
        let unwritable = |source| Error::Unwritable { path: path.into(), source };
        let file = private().read(true).write(true).create(true).truncate(false).open(path).map_err(unwritable)?;
        if !file.metadata().map_err(unwritable)?.is_file() {
            return Err(unwritable(std::io::Error::other("expected a file, found something else")));
        }
        file.try_lock().map_err(|_| {
            let busy = "another run is writing into this folder";
            unwritable(std::io::Error::new(std::io::ErrorKind::WouldBlock, busy))
        })?;
        let mut journal = Self { path: path.into(), file, places: HashMap::new(), end: 0 };
        let damaged = journal.scan().map_err(unwritable)?;
        Ok((journal, damaged))
    }

    /// Notes where every whole line lies, and cuts off what follows the last.
    fn scan(&mut self) -> std::io::Result<usize> {
        let mut lines = BufReader::new(&self.file);
        let (mut damaged, mut start, mut line) = (0, 0_u64, Vec::new());
        loop {
            line.clear();
            let read = lines.read_until(b'\n', &mut line)? as u64;
            if read == 0 {
                break;
            }
            let whole = line.last() == Some(&b'\n');
            match serde_json::from_slice::<Line<Entry>>(&line).ok().and_then(|line| key_of(&line.key)) {
                Some(key) if whole => {
                    self.places.insert(key, (start, u32::try_from(read).unwrap_or(u32::MAX)));
                }
                _ => damaged += 1,
            }
            start += read;
            if whole {
                self.end = start;
            }
        }
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end))?;
        Ok(damaged)
    }

    /// The keys of all entries.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.places.keys()
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn clear(&mut self) -> Result<()> {
        self.places.clear();
        self.end = 0;
        let cleared = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        cleared.map(|_| ()).map_err(|source| self.unwritable(source))
    }

    /// Writes an entry down. It survives the end of this program at once, and that of the machine a little later.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn append(&mut self, key: Key, entry: &Entry) -> Result<()> {
        let line = line_of(&key, entry).map_err(|source| self.unwritable(source))?;
        self.file.write_all(&line).map_err(|source| self.unwritable(source))?;
        self.places.insert(key, (self.end, u32::try_from(line.len()).unwrap_or(u32::MAX)));
        self.end += line.len() as u64;
        Ok(())
    }

    /// Reads an entry back; `None` when there is none under this key.
    ///
    /// # Errors
    /// [`Error::Unwritable`] when the journal changed under our hands.
    pub fn read(&mut self, key: &Key) -> Result<Option<Entry>> {
        let Some(&(start, length)) = self.places.get(key) else { return Ok(None) };
        let mut read = || -> std::io::Result<Entry> {
            let mut line = vec![0; length as usize];
            self.file.seek(SeekFrom::Start(start))?;
            self.file.read_exact(&mut line)?;
            Ok(serde_json::from_slice::<Line<Entry>>(&line)?.entry)
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
    let mut line = serde_json::to_vec(&Line { key: blake3::Hash::from(*key).to_hex().to_string(), entry })?;
    line.push(b'\n');
    Ok(line)
}

fn key_of(hex: &str) -> Option<Key> {
    blake3::Hash::from_hex(hex).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Failure;

    fn entry(text: &str) -> Entry {
        Entry { outcome: Outcome::Failure(Failure { code: "no_person".into(), text: text.into() }), thumbnail: None }
    }

    #[test]
    fn entries_come_back_after_reopening_and_a_torn_line_is_dropped_at_every_length() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let (mut journal, _) = Journal::open(&path).expect("new");
        journal.append([1; 32], &entry("one")).expect("written");
        let first = journal.end;
        journal.append([2; 32], &entry("two")).expect("written");
        drop(journal);
        let whole = std::fs::read(&path).expect("there");
        for length in first..=whole.len() as u64 {
            std::fs::write(&path, &whole[..length as usize]).expect("written");
            let (mut journal, damaged) = Journal::open(&path).expect("opens");
            let both = length == whole.len() as u64;
            assert_eq!(damaged, usize::from(length > first && !both));
            assert_eq!(journal.read(&[1; 32]).expect("read"), Some(entry("one")));
            assert_eq!(journal.read(&[2; 32]).expect("read"), both.then(|| entry("two")));
            journal.append([3; 32], &entry("three")).expect("written");
            drop(journal);
            let (mut journal, damaged) = Journal::open(&path).expect("opens");
            assert_eq!((damaged, journal.read(&[3; 32]).expect("read")), (0, Some(entry("three"))));
        }
    }

    #[test]
    fn one_run_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let held = Journal::open(&path).expect("new");
        let error = Journal::open(&path).expect_err("held").to_string();
        assert!(error.contains("another run is writing into this folder"), "{error}");
        drop(held);
        Journal::open(&path).expect("free again");
    }
}
