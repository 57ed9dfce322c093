use super::*;
use crate::core::photo_hash::PhotoHash;

fn record(photo: &str) -> Record {
    let mut record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record");
    record.source.blake3 = PhotoHash::new(photo);
    record
}

fn on(text: &str) -> Date {
    day(text).expect("a day")
}

fn fresh() -> (tempfile::TempDir, History) {
    let folder = tempfile::tempdir().expect("a folder");
    let history = History::open(&folder.path().join("below/history.sqlite")).expect("made");
    (folder, history)
}

#[test]
fn what_is_saved_is_found_by_subject_and_day() {
    let (_folder, mut history) = fresh();
    history.save("Anna", on("2026-03-02"), &record("b")).expect("saved");
    history.save("Anna", on("2026-01-05"), &record("a")).expect("saved");
    history.save("Zoë", on("2026-02-01"), &record("a")).expect("saved");
    let days: Vec<String> =
        history.visits("Anna").expect("there").iter().map(|visit| visit.visited.to_string()).collect();
    assert_eq!(days, ["2026-01-05", "2026-03-02"]);
    assert_eq!(history.visits("Zoë").expect("there")[0].record, record("a"));
    let anna = Subject { name: "Anna".into(), records: 2, days: Some((on("2026-01-05"), on("2026-03-02"))) };
    assert_eq!(history.subjects().expect("there")[0], anna);
    assert!(matches!(history.visits("anna"), Err(Error::NoSuchSubject { .. })));
}

#[test]
fn a_photo_counts_once() {
    let (_folder, mut history) = fresh();
    assert_eq!(history.save("Anna", on("2026-01-05"), &record("a")).expect("saved"), Saved::Added);
    let mut again = record("a");
    again.tool.readings = 24;
    assert_eq!(history.save("Anna", on("2026-01-06"), &again).expect("saved"), Saved::Replaced);
    assert_eq!(history.visits("Anna").expect("there"), [Visit { visited: on("2026-01-06"), record: again }]);
}

#[test]
fn checks_without_a_photo_are_all_kept() {
    let (_folder, mut history) = fresh();
    let check = |id: &str| Record { id: id.into(), ..record("") };
    history.save("Anna", on("2026-01-05"), &check("check-001")).expect("saved");
    assert_eq!(history.save("Anna", on("2026-02-05"), &check("check-002")).expect("saved"), Saved::Added);
    assert_eq!(history.visits("Anna").expect("there").len(), 2);
    // The same record file, saved twice, is one record.
    assert_eq!(history.save("Anna", on("2026-02-06"), &check("check-002")).expect("saved"), Saved::Replaced);
    assert_eq!(history.visits("Anna").expect("there").len(), 2);
}

#[cfg(unix)]
#[test]
fn the_file_and_those_beside_it_are_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, mut history) = fresh();
    history.save("Anna", on("2026-01-05"), &record("a")).expect("saved");
    let files: Vec<_> = std::fs::read_dir(folder.path().join("below")).expect("there").flatten().collect();
    assert_eq!(files.len(), 3, "database, -wal and -shm: {files:?}");
    for file in files {
        assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn a_purge_leaves_no_trace() {
    let (folder, mut history) = fresh();
    for number in 0..40 {
        history.save("Annabella", on("2026-01-05"), &record(&format!("trace-{number}"))).expect("saved");
        history.save("Zoë", on("2026-01-05"), &record(&format!("other-{number}"))).expect("saved");
    }
    assert_eq!(history.purge("Annabella").expect("purged"), 40);
    assert!(matches!(history.purge("Annabella"), Err(Error::NoSuchSubject { .. })));
    assert_eq!(history.visits("Zoë").expect("there").len(), 40);
    for file in std::fs::read_dir(folder.path().join("below")).expect("there").flatten() {
        let bytes = std::fs::read(file.path()).expect("readable");
        for trace in [&b"Annabella"[..], b"trace-"] {
            assert!(!bytes.windows(trace.len()).any(|window| window == trace), "{file:?}");
        }
    }
}

#[test]
fn a_photo_without_a_day_keeps_the_one_it_has() {
    let (_folder, mut history) = fresh();
    let today = on("2026-05-05");
    assert_eq!(history.save_undated("Anna", today, &record("a")).expect("saved"), (Saved::Added, today));
    history.save("Anna", on("2026-01-05"), &record("a")).expect("saved");
    let again = history.save_undated("Anna", today, &record("a")).expect("saved");
    assert_eq!(again, (Saved::Replaced, on("2026-01-05")));
    assert!(matches!(history.save("An\nna", today, &record("a")), Err(Error::Usage { .. })));
}

#[test]
fn damaged_rows_stop_nothing_and_can_be_removed() {
    let (_folder, mut history) = fresh();
    for photo in ["a", "b"] {
        history.save("Anna", on("2026-01-05"), &record(photo)).expect("saved");
    }
    for (photo, damage) in [
        ("c", "json = '{'"),
        ("d", "visited = 'soon'"),
        ("e", "json = CAST(x'ff' AS TEXT)"),
        ("f", "subject = 'Ber' || char(10) || 'ta'"),
        ("g", "subject = CAST(x'ff' AS TEXT)"),
        ("h", "subject = ' Berta '"),
    ] {
        history.save("Berta", on("2026-01-05"), &record(photo)).expect("saved");
        history.connection.execute(&format!("UPDATE record SET {damage} WHERE photo = ?1"), [photo]).expect("damaged");
    }
    let names: Vec<String> = history.subjects().expect("listed").into_iter().map(|subject| subject.name).collect();
    assert!(names.contains(&"Anna".into()) && names.contains(&"Ber\nta".into()), "{names:?}");
    let (visits, damage) = history.visits_and_damage("Berta").expect("there");
    assert_eq!((visits.len(), damage.len()), (0, 3));
    // As `history list` shows them.
    for (name, count) in [("Berta", 3), ("Ber\\nta", 1), ("\u{fffd}", 1), (" Berta ", 1)] {
        assert_eq!(history.purge(name).expect(name), count, "{name}");
    }
    assert_eq!(history.subjects().expect("listed").len(), 1);
    assert_eq!(history.visits("Anna").expect("there").len(), 2);
}

/// A database of version 1, created by the fixture's SQL.
fn of_version_1(path: &Path) {
    let connection = Connection::open(path).expect("made");
    connection.execute_batch(include_str!("../../../tests/fixtures/history/version-1.sql")).expect("filled");
    let json = serde_json::to_string(&record("a")).expect("written");
    let mut again = record("b");
    again.tool.readings = 24;
    let twice = serde_json::to_string(&again).expect("written");
    for (subject, saved_at, json) in [
        ("Anna", "2025-12-31T23:10:00Z", json.clone()),
        ("Anna", "2026-01-20T08:00:00Z", json.replacen("\"a\"", "\"b\"", 1)),
        ("Anna", "2026-01-21T08:00:00Z", twice),
        ("Zoë", "2026-02-01T08:00:00Z", json.clone()),
        ("Zoë", "2026-02-02T08:00:00Z", json.replacen("\"blake3\":\"a\"", "\"blake3\":\"\"", 1)),
        ("Zoë", "2026-02-03T08:00:00Z", json.replacen("\"blake3\":\"a\"", "\"blake3\":\"\"", 1)),
    ] {
        connection
            .execute("INSERT INTO record (subject, saved_at, json) VALUES (?1, ?2, ?3)", [subject, saved_at, &json])
            .expect("filled");
    }
}

#[test]
fn a_database_of_version_1_is_brought_up_with_all_its_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history.sqlite");
    of_version_1(&path);
    let history = History::open(&path).expect("brought up");
    let visits = history.visits("Anna").expect("there");
    let found: Vec<(String, usize)> =
        visits.iter().map(|visit| (visit.visited.to_string(), visit.record.tool.readings)).collect();
    // Of the photo that was saved twice, the last record is kept.
    assert_eq!(found, [("2025-12-31".into(), 14), ("2026-01-21".into(), 24)]);
    assert_eq!(history.subjects().expect("there").len(), 2);
    assert_eq!(history.visits("Zoë").expect("there").len(), 3, "webcam checks are of no photo");
    drop(history);
    assert_eq!(History::open(&path).expect("opened again").visits("Anna").expect("there"), visits);
}

#[test]
fn a_newer_version_and_other_files_are_refused_and_left_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |name: &str, make: &dyn Fn(&Path)| {
        let path = folder.path().join(name);
        make(&path);
        let before = std::fs::read(&path).expect("there");
        let error = History::open(&path).expect_err("refused").to_string();
        assert_eq!(std::fs::read(&path).expect("there"), before);
        error
    };
    let sql = |batch: &'static str| {
        move |path: &Path| Connection::open(path).expect("made").execute_batch(batch).expect("filled")
    };
    let newer = refused("newer", &sql("CREATE TABLE record (x); PRAGMA user_version = 99"));
    assert!(newer.contains("newer: the history is of version 99, and this program knows versions up to 2"), "{newer}");
    assert!(refused("other", &sql("CREATE TABLE bookmarks (x)")).contains("the database of another program"));
    let text = refused("text", &|path| {
        std::fs::write(path, "Not a database, but a page of text.\n".repeat(99)).expect("written")
    });
    assert!(text.contains("expected a history (an SQLite database), found another file"), "{text}");
    let cut = refused("cut", &|path| {
        of_version_1(path);
        let bytes = std::fs::read(path).expect("there");
        std::fs::write(path, &bytes[..4096 + 100]).expect("written");
    });
    assert!(cut.contains("damaged"), "{cut}");
}

#[test]
fn days_are_checked() {
    assert!(day("2026-02-29").is_err() && day("26-02-01").is_err() && day("2024-02-29").is_ok());
    assert_eq!(day("soon").expect_err("no day"), "expected a day such as 2026-03-31, found \"soon\"");
}
