//! A folder of difficult files: every good photo is measured, every bad one is reported with a reason, and nothing else happens.

#[path = "corpus/files.rs"]
mod files;

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use files::{Corpus, Fate};
use serde_json::Value;

/// The largest memory use of two workers with this folder. Some of its files declare 10 GB of pixels.
const MOST_MEMORY_KB: u64 = 800_000;

/// Runs the program; returns its exit code, standard error, and peak memory (kB, if the system reports it).
fn batch(arguments: &[&OsStr]) -> (Option<i32>, String, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_orthostat"))
        .arg("batch")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut told = child.stderr.take().expect("a pipe");
    let reader = std::thread::spawn(move || std::io::read_to_string(&mut told).expect("text"));
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    let code = loop {
        if let Some(line) = std::fs::read_to_string(&status)
            .ok()
            .and_then(|text| text.lines().find(|l| l.starts_with("VmHWM")).map(str::to_owned))
        {
            most = line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).unwrap_or(most);
        }
        if let Some(status) = child.try_wait().expect("a child") {
            break status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    (code, reader.join().expect("read"), most)
}

/// Records of files measured alone, by the hash of their content; files with the same content are measured once.
fn measured_alone(paths: impl Iterator<Item = PathBuf>) -> HashMap<String, Value> {
    let mut seen = HashSet::new();
    let paths = paths.filter(|path| seen.insert(std::fs::read(path).expect("a photo")));
    let output = Command::new(env!("CARGO_BIN_EXE_orthostat"))
        .args(["analyze", "--json", "--readings", "1", "--"])
        .args(paths)
        .output()
        .expect("the program starts");
    let text = String::from_utf8(output.stdout).expect("text");
    let records = text.lines().map(|line| serde_json::from_str(line).expect("a record"));
    records.map(|record| (hash(&record), named(record).1)).collect()
}

fn hash(record: &Value) -> String {
    record["source"]["blake3"].as_str().expect("a hash").to_owned()
}

/// A record's file name, and the record without its names.
fn named(mut record: Value) -> (String, Value) {
    record.as_object_mut().expect("a record").remove("id");
    let file = record["source"].as_object_mut().and_then(|source| source.remove("file")).expect("a name");
    (file.as_str().expect("a name").to_owned(), record)
}

#[test]
fn every_good_photo_is_measured_and_every_bad_one_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let (photos, out) = (folder.path().join("intake"), folder.path().join("results"));
    std::fs::create_dir(&photos).expect("made");
    let corpus = Corpus::make(&photos);
    let kinds: HashSet<&str> = corpus.files.iter().map(|file| file.kind.as_str()).collect();
    assert!(kinds.len() >= 90, "{} kinds", kinds.len());

    let arguments =
        ["--readings", "1", "--jobs", "2", "--time-limit", "120", "--progress", "none", "--out"].map(OsStr::new);
    let (code, told, memory) = batch(&[&arguments[..], &[out.as_os_str(), photos.as_os_str()]].concat());
    assert_eq!(code, Some(1), "{told}");
    assert_eq!(told.trim(), format!("orthostat: {} files are no pictures and left out", corpus.strangers));
    assert!(memory < MOST_MEMORY_KB, "{memory} kB");
    if cfg!(target_os = "linux") {
        assert!(memory > 50_000, "it was looked at: {memory} kB");
    }

    // All written text is valid UTF-8.
    let mut records = HashMap::new();
    for line in text(&out.join("results.jsonl")).lines() {
        let (name, record) = named(serde_json::from_str(line).expect("a record"));
        assert!(records.insert(name.clone(), record).is_none(), "{name:?} is there twice");
    }
    for name in ["results.csv", "results_long.csv", "failures.csv", "summary.html"] {
        text(&out.join(name));
    }
    assert_eq!(csv(&out.join("results.csv")).len(), records.len());

    // Each file once: a record or a failure.
    let mut failures: HashMap<String, Vec<csv::StringRecord>> = HashMap::new();
    let mut refused = 0;
    for row in csv(&out.join("failures.csv")) {
        if &row[3] == "refused" {
            refused += 1;
        } else {
            failures.entry(row[2].trim_start_matches('\'').to_owned()).or_default().push(row);
        }
    }
    let failed: usize = failures.values().map(Vec::len).sum();
    assert_eq!(records.len() + failed, corpus.files.len(), "nothing is missing, nothing is there twice");
    assert!(refused < records.len());
    let with_record = corpus.files.iter().filter(|file| records.contains_key(&lossy(&file.path)));
    let alone = measured_alone(with_record.map(|file| file.path.clone()));
    let is_same = |record: &Value| alone.get(&hash(record)) == Some(record);
    let mut wrong = Vec::new();
    for file in &corpus.files {
        let name = lossy(&file.path);
        let (record, rows) = (records.get(&name), failures.get(&file.path.to_string_lossy().into_owned()));
        let verdict = match (&file.fate, record, rows.map(Vec::as_slice)) {
            (Fate::Record | Fate::Either, Some(record), None) if is_same(record) => Ok(()),
            (Fate::Failure(code, says), None, Some([row])) if &row[3] == *code && row[4].contains(says) => Ok(()),
            (Fate::Nobody, Some(record), None) if record["quality"]["usable"] == false => Ok(()),
            (Fate::Nobody, None, Some([row])) if &row[3] == "no_person" => Ok(()),
            (Fate::Either, None, Some([row])) if matches!(&row[3], "not_a_picture" | "no_person" | "too_large") => {
                Ok(())
            }
            (fate, record, rows) => Err(format!(
                "{} ({name:?}): expected {fate:?}, found {}, {rows:?}",
                file.kind,
                record.map_or("no record", |record| if is_same(record) { "a record" } else { "another record" })
            )),
        };
        wrong.extend(verdict.err());
    }
    corpus.unlock();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for rows in failures.values().flatten() {
        assert!(!matches!(&rows[3], "panic" | "time_limit"), "{rows:?}");
        assert!(rows[4].chars().count() > 15 && !rows[4].contains(&*photos.to_string_lossy()), "{rows:?}");
    }
}

/// A file's name as in the outputs.
fn lossy(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn text(path: &Path) -> String {
    let text = String::from_utf8(std::fs::read(path).expect("there")).expect("UTF-8");
    // A name may contain a carriage return; no line ends with one.
    assert!(!text.contains("\r\n") && !text.contains("NaN") && text.ends_with('\n'), "{}", path.display());
    text
}

fn csv(path: &Path) -> Vec<csv::StringRecord> {
    csv::Reader::from_path(path).expect("there").records().map(|row| row.expect("a row")).collect()
}
