//! The history with the real program: killed while writing, two programs at once, older and newer databases, and traces after purging.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{orthostat, text};
use rusqlite::Connection;
use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Record files of this many photos, with different hashes.
fn records(folder: &Path, prefix: &str, count: usize) -> Vec<String> {
    let json = std::fs::read_to_string(fixture("records/anterior-tilted.json")).expect("there");
    let mut record: Value = serde_json::from_str(&json).expect("JSON");
    (0..count)
        .map(|number| {
            let name = format!("{prefix}-{number:04}");
            record["id"] = name.clone().into();
            record["source"]["blake3"] = name.clone().into();
            let path = folder.join(format!("{name}.json"));
            std::fs::write(&path, record.to_string()).expect("written");
            path.display().to_string()
        })
        .collect()
}

/// The ids of a subject's records, after SQLite has verified the file.
fn kept(db: &Path, subject: &str) -> Vec<String> {
    let connection = Connection::open(db).expect("opens");
    let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checked");
    assert_eq!(whole, "ok");
    drop(connection);
    let output = orthostat(&["history", "export", subject, "--db", &db.display().to_string()]);
    if output.status.code() == Some(3) {
        return Vec::new();
    }
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
        .lines()
        .map(|line| {
            let visit: Value = serde_json::from_str(line).expect("JSON");
            visit["record"]["id"].as_str().expect("an id").to_owned()
        })
        .collect()
}

#[test]
fn what_was_said_to_be_saved_survives_kill_9_in_mid_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = records(folder.path(), "photo", 1500);
    let mut cut_short = 0;
    for (round, lines) in [0, 1, 7, 40, 120, 300].into_iter().enumerate() {
        let db = folder.path().join(format!("{round}.sqlite"));
        let mut program = Command::new(env!("CARGO_BIN_EXE_orthostat"))
            .args(["history", "add", "Anna", "--db", &db.display().to_string()])
            .args(&files)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut said = BufReader::new(program.stdout.take().expect("a pipe")).lines();
        let mut told: Vec<String> = said.by_ref().take(lines).map_while(Result::ok).collect();
        if lines == 0 {
            // While the file itself is being created.
            while !db.exists() {
                std::thread::yield_now();
            }
        }
        // Kill -9: no handler runs, nothing is flushed.
        program.kill().expect("killed");
        program.wait().expect("ended");
        told.extend(said.map_while(Result::ok));
        // An empty file is not a database yet, and becomes one when it is opened.
        let found = kept(&db, "Anna");
        let told: Vec<&str> = told.iter().filter_map(|line| line.split(": saved").next()).collect();
        assert!(found.len() >= told.len(), "{} told, {} found", told.len(), found.len());
        assert!(found.len() <= told.len() + 1, "a record comes to be told at once: {} and {}", told.len(), found.len());
        assert!(told.iter().zip(&found).all(|(told, found)| told == found));
        cut_short += usize::from(found.len() < files.len());
        // And it continues as usual.
        let next = orthostat(&["history", "add", "Anna", "--db", &db.display().to_string(), &files[1499]]);
        assert_eq!(next.status.code(), Some(0), "{}", text(&next.stderr));
        assert_eq!(kept(&db, "Anna").len(), found.len() + 1);
    }
    assert_eq!(cut_short, 6, "every round was killed before its end");
}

#[test]
fn two_programs_at_once_lose_no_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("history.sqlite");
    let sets: Vec<Vec<String>> = ["a", "b", "c"].iter().map(|prefix| records(folder.path(), prefix, 150)).collect();
    // With a file that does not exist yet, so that they also create it at once.
    let programs: Vec<_> = sets
        .iter()
        .map(|files| {
            Command::new(env!("CARGO_BIN_EXE_orthostat"))
                .args(["history", "add", "Anna", "--db", &db.display().to_string()])
                .args(files)
                .stdout(Stdio::null())
                .spawn()
                .expect("starts")
        })
        .collect();
    for mut program in programs {
        assert!(program.wait().expect("ends").success());
    }
    assert_eq!(kept(&db, "Anna").len(), 450);
}

#[test]
fn a_database_of_version_1_is_brought_up_by_two_programs_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("history.sqlite");
    let connection = Connection::open(&db).expect("made");
    let sql = std::fs::read_to_string(fixture("history/version-1.sql")).expect("there");
    connection.execute_batch(&sql).expect("filled");
    for file in records(folder.path(), "old", 200) {
        let json = std::fs::read_to_string(file).expect("there");
        connection
            .execute("INSERT INTO record (subject, saved_at, json) VALUES ('Anna', '2025-05-04T10:00:00Z', ?1)", [json])
            .expect("filled");
    }
    drop(connection);
    let files = records(folder.path(), "new", 2);
    let programs: Vec<_> = files
        .iter()
        .map(|file| {
            Command::new(env!("CARGO_BIN_EXE_orthostat"))
                .args(["history", "add", "Anna", "--db", &db.display().to_string(), "--date", "2026-01-02", file])
                .stdout(Stdio::null())
                .spawn()
                .expect("starts")
        })
        .collect();
    for mut program in programs {
        assert!(program.wait().expect("ends").success());
    }
    assert_eq!(kept(&db, "Anna").len(), 202);
    let list = orthostat(&["history", "list", "--db", &db.display().to_string()]);
    assert_eq!(text(&list.stdout), "Anna: 202 records from 2025-05-04 to 2026-01-02\n");
}

#[test]
fn a_newer_database_is_refused_before_anything_is_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("history.sqlite").display().to_string();
    let newer = "CREATE TABLE record (x); PRAGMA user_version = 3";
    Connection::open(&db).expect("made").execute_batch(newer).expect("filled");
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/anterior-level.jpg").display().to_string();
    for arguments in [
        vec!["history", "list", "--db", &db],
        vec!["analyze", &photo, "--save", "Anna", "--db", &db],
        vec!["compare", "--subject", "Anna", "--db", &db],
    ] {
        let output = orthostat(&arguments);
        assert_eq!(output.status.code(), Some(5), "{arguments:?}");
        let message = text(&output.stderr);
        assert!(message.contains("of version 3, and this program knows versions up to 2"), "{message}");
        assert!(output.stdout.is_empty() && message.lines().count() == 1, "{message}");
    }
}

#[test]
fn a_photo_is_saved_once_with_its_day_and_purged_without_a_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("history.sqlite");
    let name = db.display().to_string();
    let photo = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/small-person.jpg").display().to_string();
    let save = |day: &str| orthostat(&["analyze", &photo, "--save", "Annabella", "--db", &name, "--date", day]);
    let first = save("2026-02-03");
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    assert!(text(&first.stdout).contains("small-person: saved under Annabella, 2026-02-03"));
    assert!(text(&save("2026-02-04").stdout).contains("saved again, in place of the record of the same photo"));
    let list = || text(&orthostat(&["history", "list", "--db", &name]).stdout);
    assert_eq!(list(), "Annabella: 1 record on 2026-02-04\n");
    // Numbers, not pixels: a photo is larger than the whole database.
    assert!(std::fs::metadata(&db).expect("there").len() < std::fs::metadata(&photo).expect("there").len());
    let shown = orthostat(&["history", "show", "Annabella", "--db", &name]);
    assert!(text(&shown.stdout).contains("seen from behind: 1 record"), "{}", text(&shown.stdout));

    let asked = orthostat(&["history", "purge", "Annabella", "--db", &name]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(
        text(&asked.stderr).contains("standard input is not a terminal, so no question can be asked: add --yes"),
        "{}",
        text(&asked.stderr)
    );
    assert_eq!(list(), "Annabella: 1 record on 2026-02-04\n");
    let purged = orthostat(&["history", "purge", "Annabella", "--yes", "--db", &name]);
    assert_eq!(text(&purged.stdout), "Annabella: 1 record removed\n");
    for file in std::fs::read_dir(folder.path()).expect("there").flatten() {
        let bytes = std::fs::read(file.path()).expect("readable");
        for trace in [&b"Annabella"[..], b"small-person"] {
            assert!(!bytes.windows(trace.len()).any(|window| window == trace), "{file:?}");
        }
    }
    let gone = orthostat(&["history", "show", "Annabella", "--db", &name]);
    assert_eq!(gone.status.code(), Some(3));
    assert!(text(&gone.stderr).contains("no records of the subject \"Annabella\""));
}

#[test]
fn the_history_lies_in_the_users_data_folder_unless_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        assert_cmd::Command::new(env!("CARGO_BIN_EXE_orthostat"))
            .env("XDG_DATA_HOME", folder.path())
            .args(arguments)
            .output()
            .expect("starts")
    };
    let empty = run(&["history", "list"]);
    assert!(empty.status.success() && text(&empty.stdout).starts_with("no records in "), "{}", text(&empty.stdout));
    assert!(!folder.path().join("orthostat").exists(), "looking makes nothing");
    let files = records(folder.path(), "photo", 1);
    assert!(run(&["history", "add", "Anna", "--date", "2026-01-01", &files[0]]).status.success());
    assert!(folder.path().join("orthostat/history.sqlite").is_file());
    let page = folder.path().join("page.html").display().to_string();
    assert!(run(&["history", "show", "Anna", "--report", &page]).status.success());
    let html = std::fs::read_to_string(&page).expect("written");
    assert!(html.contains("The history keeps numbers, no pictures.") && !html.contains("data:image"));
}

/// A photo with an Exif block that contains only the time of taking.
fn taken_at(photo: &Path, time: &str) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08".to_vec();
    // The first directory points to the one at 26, whose single field is the text at 44.
    exif.extend(b"\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0");
    exif.extend(b"\0\x01\x90\x03\0\x02\0\0\0\x14\0\0\0\x2c\0\0\0\0");
    exif.extend(time.as_bytes());
    exif.push(0);
    let picture = image::open(photo).expect("a sample").into_rgb8();
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 92).encode_image(&picture).expect("encoded");
    let length = u16::try_from(exif.len() + 2).expect("short");
    [&b"\xff\xd8\xff\xe1"[..], &length.to_be_bytes(), &exif, &jpeg[2..]].concat()
}

#[test]
fn the_day_is_the_photos_own_unless_another_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let (photo, db) = (folder.path().join("photo.jpg"), folder.path().join("h.sqlite").display().to_string());
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/small-person.jpg");
    std::fs::write(&photo, taken_at(&sample, "2025:07:08 09:10:11")).expect("written");
    let (photo, page) = (photo.display().to_string(), folder.path().join("page.html").display().to_string());
    let output = orthostat(&["analyze", &photo, "--save", "Anna", "--db", &db, "--report", &page]);
    assert!(text(&output.stdout).contains("photo: saved under Anna, 2025-07-08"), "{}", text(&output.stderr));
    // The photo's own time is part of its metadata, which the page does not include.
    assert!(!std::fs::read_to_string(&page).expect("written").contains("2025"));
    let output = orthostat(&["analyze", &photo, "--save", "Anna", "--db", &db, "--date", "2025-08-09"]);
    assert!(text(&output.stdout).contains("under Anna, 2025-08-09"), "{}", text(&output.stderr));
}

#[test]
fn records_that_are_none_and_days_that_are_none_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("history.sqlite").display().to_string();
    let files = records(folder.path(), "photo", 1);
    let none = folder.path().join("none.json").display().to_string();
    std::fs::write(&none, "{}").expect("written");
    let output = orthostat(&["history", "add", "Anna", "--db", &db, &none, &files[0]]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("none.json: expected a record of the schema orthostat/1"));
    assert!(text(&output.stdout).contains("photo-0000: saved under Anna"), "the others are kept");
    let output = orthostat(&["history", "add", "Anna", "--db", &db, "--date", "2026-02-30", &files[0]]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("expected a day such as 2026-03-31, found \"2026-02-30\""));
}
