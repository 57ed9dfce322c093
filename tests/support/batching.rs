//! `orthostat batch` on folders of samples.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orthostat"));
    command.stdin(Stdio::null());
    command
}

pub(crate) fn batch(arguments: &[&str]) -> Output {
    program().arg("batch").args(arguments).output().expect("the program starts")
}

pub(crate) fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    std::fs::read(path).expect("a sample")
}

/// A folder of good photos, from `photo-00.jpg` on: each with different bytes after its end, which change only the hash.
pub(crate) fn intake(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let photos = [sample("anterior-tilted.jpg"), sample("posterior-level.jpg"), sample("lateral-left.jpg")];
    for number in 0..count {
        let mut bytes = photos[number % photos.len()].clone();
        bytes.extend(format!("copy {number}").bytes());
        std::fs::write(folder.path().join(format!("photo-{number:02}.jpg")), bytes).expect("written");
    }
    folder
}

/// Every file below a folder with its bytes.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        for path in std::fs::read_dir(&at).expect("a folder").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below").to_path_buf();
                all.insert(name, std::fs::read(&path).expect("readable"));
            }
        }
    }
    all
}

pub(crate) fn assert_same(a: &Path, b: &Path, what: &str) {
    let (a, b) = (files(a), files(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in &a {
        assert!(bytes == &b[name], "{what}: {} differs", name.display());
    }
}

pub(crate) fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("CSV");
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Unfinished files in a folder.
pub(crate) fn parts(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    names.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| name.ends_with(".part")).collect()
}

/// Whether all landmarks are at whole pixels.
pub(crate) fn at_whole_pixels(record: &Value) -> bool {
    let landmarks = record["landmarks"].as_object().expect("landmarks");
    landmarks.values().all(|at| ["x", "y"].iter().all(|axis| at[axis].as_f64().is_some_and(|v| v.fract() == 0.0)))
}

pub(crate) const QUICK: [&str; 4] = ["--readings", "1", "--progress", "none"];
