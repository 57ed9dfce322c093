//! Photos in progress, on disk: a photo that was in progress when a run was killed may be the cause.
//!
//! A worker marks a photo before decoding it. A later run measures photos with a remaining mark alone, after all others; and it leaves
//! out, with a reason, a photo that was alone in progress when the system ran out of memory, or when three runs ended without an error.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::journal::Key;
use crate::core::error::{Error, Result};
use crate::core::record::outcome::Failure;
use crate::report::output::open_own;

/// The number of runs that may end while one photo is measured alone. Users end runs as well.
const DEATHS: usize = 3;

/// One line: a photo is started, or finished without an entry in the journal.
#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    /// No other photo is being measured.
    #[serde(default)]
    alone: bool,
    /// The number of processes that the system has killed for lack of memory since it started, if known.
    #[serde(default)]
    killed: Option<u64>,
    #[serde(default)]
    done: bool,
}

/// The evidence against a photo from its marks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Suspicion {
    alone: usize,
    for_memory: bool,
}

/// The marks of this run and the remaining ones of earlier runs.
#[derive(Debug)]
pub struct Marks {
    file: Mutex<File>,
    left: HashMap<Key, Suspicion>,
}

/// What to do with a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// There is no evidence against it.
    Measure,
    /// It was in progress when a run was killed: measure it after the others, and alone.
    Defer,
    /// It is left out.
    LeaveOut(Failure),
}

impl Marks {
    /// Opens the marks of a folder; those of earlier runs count when `resume` is set. `known` returns whether a photo has an entry in the
    /// journal.
    ///
    /// # Errors
    /// [`Error::Occupied`] when something else stands there; [`Error::Unwritable`].
    pub fn open(path: &Path, resume: bool, known: impl Fn(&Key) -> bool) -> Result<Marks> {
        let unwritable = |source| Error::Unwritable { path: path.into(), source };
        let occupied = || Error::Occupied {
            path: path.into(),
            reason:
                "expected the marks of an earlier run, found something else: move it away, or write over it by --force"
                    .into(),
        };
        let mut file = match open_own(path, true) {
            Ok(file) => file,
            Err(_) if path.symlink_metadata().is_ok() => return Err(occupied()),
            Err(error) => return Err(unwritable(error)),
        };
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(unwritable)?;
        let text = String::from_utf8_lossy(&text);
        // A line that was cut off by a kill has the same beginning as all others.
        if !text.lines().all(|line| line.starts_with("{\"key\"") || "{\"key\"".starts_with(line)) {
            return Err(occupied());
        }
        let left = left_over(if resume { &text } else { "" }, killed_for_memory(), known);
        if !resume {
            file.set_len(0).map_err(unwritable)?;
        }
        Ok(Marks { file: Mutex::new(file), left })
    }

    /// How to handle a photo, by the evidence against it.
    #[must_use]
    pub fn advice(&self, key: &Key) -> Advice {
        let text = match self.left.get(key) {
            None => return Advice::Measure,
            Some(Suspicion { for_memory: true, .. }) => {
                "the system ran out of memory and ended an earlier run while this photo was measured: left out; try it by \
                 itself with `analyze`, or make it smaller"
            }
            Some(Suspicion { alone: DEATHS.., .. }) => {
                "three earlier runs were killed while this photo alone was measured: left out; try it alone with \
                 `analyze`, or export it again"
            }
            Some(_) => return Advice::Defer,
        };
        Advice::LeaveOut(Failure { code: "run_killed".into(), text: text.into() })
    }

    /// Marks a photo as in progress.
    ///
    /// # Errors
    /// What the system says.
    pub fn begin(&self, key: &Key, alone: bool) -> std::io::Result<()> {
        self.write(&Line { key: hex(key), alone, killed: killed_for_memory(), done: false })
    }

    /// Removes a photo's mark; an entry in the journal has the same effect.
    ///
    /// # Errors
    /// What the system says.
    pub fn end(&self, key: &Key) -> std::io::Result<()> {
        self.write(&Line { key: hex(key), alone: false, killed: None, done: true })
    }

    fn write(&self, line: &Line) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&bytes)
    }
}

/// The evidence from the marks of earlier runs, when the system has killed `now` processes for lack of memory.
fn left_over(text: &str, now: Option<u64>, known: impl Fn(&Key) -> bool) -> HashMap<Key, Suspicion> {
    let mut left = HashMap::new();
    // The last line may be incomplete.
    for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        let Ok(key) = blake3::Hash::from_hex(&line.key).map(Key::from) else { continue };
        if line.done || known(&key) {
            left.remove(&key);
            continue;
        }
        let suspicion: &mut Suspicion = left.entry(key).or_default();
        suspicion.alone += usize::from(line.alone);
        // A counter that is lower now dates from before the system was restarted.
        suspicion.for_memory |= line.alone && line.killed.zip(now).is_some_and(|(then, now)| then < now);
    }
    left
}

fn hex(key: &Key) -> String {
    blake3::Hash::from(*key).to_hex().to_string()
}

/// Linux counts since it started.
fn killed_for_memory() -> Option<u64> {
    let counters = std::fs::read_to_string("/proc/vmstat").ok()?;
    counters.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(lines: &[(u8, bool, Option<u64>, bool)]) -> String {
        let line = |&(key, alone, killed, done): &(u8, bool, Option<u64>, bool)| {
            serde_json::to_string(&Line { key: hex(&[key; 32]), alone, killed, done }).expect("JSON") + "\n"
        };
        lines.iter().map(line).collect::<String>() + "{\"key\":\"torn"
    }

    #[test]
    fn what_was_in_work_comes_last_and_what_kills_runs_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("marks");
        let (alone, among_others, ended) = ((true, None, false), (false, None, false), (false, None, true));
        let lines = [
            (1, among_others),
            (2, alone),
            (2, alone),
            (3, alone),
            (3, alone),
            (3, alone),
            (4, alone),
            (4, ended),
            (5, alone),
        ];
        std::fs::write(&path, marks(&lines.map(|(key, (alone, killed, done))| (key, alone, killed, done))))
            .expect("written");
        let marks = Marks::open(&path, true, |key| *key == [5; 32]).expect("opened");
        assert_eq!(marks.advice(&[1; 32]), Advice::Defer);
        assert_eq!(marks.advice(&[2; 32]), Advice::Defer);
        let Advice::LeaveOut(failure) = marks.advice(&[3; 32]) else { panic!("three deaths") };
        assert!(failure.text.starts_with("three earlier runs were killed") && failure.is_lasting());
        for fine in [4, 5, 6] {
            assert_eq!(marks.advice(&[fine; 32]), Advice::Measure, "{fine}");
        }
        let fresh = Marks::open(&path, false, |_| false).expect("opened");
        assert_eq!(fresh.advice(&[3; 32]), Advice::Measure);
        assert_eq!(std::fs::read(&path).expect("there"), b"");
    }

    #[test]
    fn one_end_for_want_of_memory_is_enough_for_a_photo_that_was_alone() {
        // A counter that has grown since, one that has not, one from before a restart, and none.
        for (then, alone, for_memory) in [
            (Some(4), true, true),
            (Some(4), false, false),
            (Some(5), true, false),
            (Some(6), true, false),
            (None, true, false),
        ] {
            let left = left_over(&marks(&[(1, alone, then, false)]), Some(5), |_| false);
            assert_eq!(left[&[1; 32]].for_memory, for_memory, "{then:?}");
            let suspicion = Suspicion { alone: 1, for_memory };
            let file = Mutex::new(tempfile::tempfile().expect("a file"));
            let advice = Marks { file, left: HashMap::from([([1; 32], suspicion)]) }.advice(&[1; 32]);
            assert_eq!(matches!(advice, Advice::LeaveOut(_)), for_memory, "{then:?}");
        }
    }

    #[test]
    fn marks_are_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("marks");
        let marks = Marks::open(&path, true, |_| false).expect("new");
        for key in [[1; 32], [2; 32]] {
            marks.begin(&key, true).expect("written");
        }
        marks.end(&[2; 32]).expect("written");
        drop(marks);
        let marks = Marks::open(&path, true, |_| false).expect("opened");
        assert_eq!((marks.advice(&[1; 32]), marks.advice(&[2; 32])), (Advice::Defer, Advice::Measure));
    }
}
