//! Records are exchangeable between all commands: files, folders, JSON lines and the history.

use std::path::{Path, PathBuf};

use crate::support::{orthostat, text};
use serde_json::Value;

/// The output of a successful command.
fn said(arguments: &[&str]) -> String {
    let output = orthostat(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn repository(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
}

fn record(name: &str) -> Value {
    let text = std::fs::read_to_string(repository(&format!("samples/expected/{name}.json"))).expect("there");
    serde_json::from_str(&text).expect("JSON")
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn at(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// JSON lines of sample records, each with an id and a subject, as written by a batch.
    fn lines(&self, name: &str, records: &[(&str, &str, Option<&str>)]) -> String {
        let lines: Vec<String> = records
            .iter()
            .map(|(sample, id, subject)| {
                let mut record = record(sample);
                record["id"] = (*id).into();
                if let Some(subject) = subject {
                    record["intake"] = serde_json::json!({"subject": subject, "visit_date": "2026-03-01"});
                }
                record.to_string() + "\n"
            })
            .collect();
        std::fs::write(self.path(name), lines.concat()).expect("written");
        self.at(name)
    }
}

#[test]
fn recompute_takes_lines_and_writes_a_file_for_each() {
    let place = Place::new();
    let lines = place.lines("results.jsonl", &[("anterior-tilted", "a", None), ("lateral-left", "b", None)]);
    said(&["recompute", &lines, "--out", &place.at("out")]);
    for (id, sample) in [("a", "anterior-tilted"), ("b", "lateral-left")] {
        let text = std::fs::read_to_string(place.path(&format!("out/{id}.json"))).expect("written");
        let mut again: Value = serde_json::from_str(&text).expect("JSON");
        again["id"] = sample.into();
        assert_eq!(again, record(sample));
    }
    let one = said(&["recompute", &format!("{lines}#b"), "--json"]);
    assert_eq!(one.lines().count(), 1);
    assert!(one.contains("\"id\":\"b\""), "{one}");
}

#[test]
fn what_the_history_gives_out_can_be_read_back() {
    let place = Place::new();
    let lines =
        place.lines("results.jsonl", &[("anterior-tilted", "a", Some("P01")), ("lateral-left", "b", Some("P02"))]);
    let (db, copy) = (place.at("h.sqlite"), place.at("copy.sqlite"));
    let added = said(&["history", "add", "--by-subject", &lines, "--db", &db]);
    assert!(added.contains("saved under P01, 2026-03-01") && added.contains("saved under P02, 2026-03-01"), "{added}");
    let export = said(&["history", "export", "P01", "--db", &db]);
    std::fs::write(place.path("export.jsonl"), &export).expect("written");
    said(&["history", "add", "P01", &place.at("export.jsonl"), "--db", &copy]);
    assert_eq!(said(&["history", "export", "P01", "--db", &copy]), export);
    // The records of one subject are not added to another's.
    let output = orthostat(&["history", "add", "P02", &place.at("export.jsonl"), "--db", &copy]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("shows P01, not P02: it is not added"), "{}", text(&output.stderr));
    // A visit is accepted wherever a record is.
    let again = said(&["recompute", "P01@last", "--json", "--db", &db]);
    assert!(again.contains("\"id\":\"a\""), "{again}");
}

#[test]
fn a_refused_photo_is_no_visit_and_compares_with_nothing() {
    let place = Place::new();
    let mut refused = record("anterior-tilted");
    refused["quality"] =
        serde_json::json!({"usable": false, "flags": [{"code": "turned", "text": "the body is turned by 40 degrees"}]});
    for measure in refused["measures"].as_object_mut().expect("measures").values_mut() {
        *measure = serde_json::json!({"value": null, "unit": measure["unit"], "reason": "the body is turned"});
    }
    std::fs::write(place.path("refused.json"), refused.to_string()).expect("written");
    let output = orthostat(&["history", "add", "Anna", &place.at("refused.json"), "--db", &place.at("h.sqlite")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is not kept in the history"), "{}", text(&output.stderr));
    let good = repository("samples/expected/anterior-level.json");
    let output = orthostat(&["compare", &good, &place.at("refused.json")]);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    let told = text(&output.stderr);
    assert!(told.contains("not comparable: refused.json was refused and has no values: the body is turned"), "{told}");
}

#[test]
fn an_edited_record_becomes_a_page_with_its_photo() {
    let place = Place::new();
    std::fs::copy(repository("samples/anterior-tilted.jpg"), place.path("anterior-tilted.jpg")).expect("copied");
    let mut edited = record("anterior-tilted");
    edited["edited"] = serde_json::json!({"points": ["left_shoulder"], "from": "0"});
    std::fs::write(place.path("front.edited.json"), edited.to_string()).expect("written");
    let page = place.path("page.html");
    said(&["report", &place.at("front.edited.json"), "--out", &place.at("page.html"), "--subject", "Anna <B.>"]);
    let html = std::fs::read_to_string(&page).expect("a page");
    assert!(html.contains("data:image/jpeg;base64,") && html.contains("Anna &lt;B.&gt;"));
    // Another photo of that name is not shown, and the page states that.
    std::fs::copy(repository("samples/anterior-level.jpg"), place.path("anterior-tilted.jpg")).expect("copied");
    said(&["report", &place.at("front.edited.json"), "--out", &place.at("page.html")]);
    let html = std::fs::read_to_string(&page).expect("a page");
    assert!(!html.contains("data:image/jpeg") && html.contains("it is not the photo that was measured"));
    // If the photo is elsewhere, its folder must be given.
    let pictures = place.at("pictures");
    let samples = repository("samples");
    said(&[
        "report",
        &place.at("front.edited.json"),
        "--photos",
        &samples,
        "--pictures",
        &pictures,
        "--picture",
        "png",
    ]);
    assert!(place.path("pictures/anterior-tilted.annotated.png").exists());
}

#[test]
fn many_subjects_get_a_page_each_and_an_index() {
    let place = Place::new();
    let records = [
        ("anterior-tilted", "a", Some("P 01")),
        ("lateral-left", "b", Some("P 01")),
        ("anterior-level", "c", Some("P02")),
    ];
    let lines = place.lines("results.jsonl", &records);
    let output = orthostat(&["report", &lines, "--out", &place.at("page.html")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("expected records of one subject for one page, found 2 (P 01, P02"));
    let told = said(&["report", &lines, "--out", &place.at("reports")]);
    assert!(told.starts_with("2 pages; index: "), "{told}");
    let index = std::fs::read_to_string(place.path("reports/index.html")).expect("an index");
    assert!(index.contains("href=\"P_01.html\"") && index.contains("href=\"P02.html\""), "{index}");
    assert!(index.contains("2026-03-01"), "the day stands in the index");
    let page = std::fs::read_to_string(place.path("reports/P_01.html")).expect("a page");
    assert_eq!(page.matches("<small>2026-03-01</small>").count(), 2, "each view has its day");
}

#[test]
fn before_and_after_is_a_page_with_both_pictures_and_every_change() {
    let place = Place::new();
    let [before, after] =
        ["anterior-level", "anterior-tilted"].map(|name| repository(&format!("samples/expected/{name}.json")));
    let samples = repository("samples");
    said(&["compare", &before, &after, "--report", &place.at("change.html"), "--photos", &samples]);
    let html = std::fs::read_to_string(place.path("change.html")).expect("a page");
    assert_eq!(html.matches("<image ").count(), 2);
    let first_row =
        html.split("<tbody>").nth(1).expect("a table").trim_start().lines().next().expect("a row").to_owned();
    assert!(first_row.contains("class=\"resolved\""), "what changed goes first: {first_row}");
    // The second time it is this program's page, and is replaced; another file is not.
    said(&["compare", &before, &after, "--report", &place.at("change.html")]);
    std::fs::write(place.path("mine.html"), "mine").expect("written");
    let output = orthostat(&["compare", &before, &after, "--report", &place.at("mine.html")]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(place.path("mine.html")).expect("there"), "mine");
}

#[test]
fn every_subject_of_the_history_is_compared() {
    let place = Place::new();
    let db = place.at("h.sqlite");
    let sample = |name: &str| repository(&format!("samples/expected/{name}.json"));
    for (subject, day, name) in [
        ("Anna", "2026-01-01", "anterior-level"),
        ("Anna", "2026-03-01", "anterior-tilted"),
        ("Bert", "2026-01-01", "anterior-level"),
    ] {
        said(&["history", "add", subject, &sample(name), "--date", day, "--db", &db]);
    }
    let told = said(&["compare", "--all", "--db", &db]);
    assert!(told.starts_with("Anna, seen from the front, 2026-01-01 to 2026-03-01: "), "{told}");
    assert!(told.contains("2 subjects: 1 changed, 0 without a change, 1 with nothing to compare"), "{told}");
    let lines = said(&["compare", "--all", "--json", "--db", &db]);
    assert_eq!(lines.lines().count(), 1);
    let page = said(&["history", "show", "Anna", "--report", &place.at("anna.html"), "--db", &db]);
    let html = std::fs::read_to_string(place.path("anna.html")).expect("a page");
    let news = html.find("What has changed").expect("changes are on the page");
    assert!(news < html.find("In short").expect("the answer"), "changes go first");
    // Also in the table on the terminal.
    let rows: Vec<&str> = page.lines().filter(|line| line.contains("+-")).collect();
    let last_change = rows.iter().rposition(|row| row.contains("changed by")).expect("a change");
    assert!(rows[..=last_change].iter().all(|row| row.contains("changed by")), "{page}");
}

#[test]
fn a_page_is_never_written_under_another_ending() {
    let place = Place::new();
    let record = repository("samples/expected/anterior-level.json");
    let output = orthostat(&["report", &record, "--out", &place.at("page.docx")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("expected a name that ends in .html or .pdf"), "{}", text(&output.stderr));
    let pdf = place.at("page.pdf");
    let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_orthostat"))
        .args(["report", &record, "--out", &pdf])
        .env("ORTHOSTAT_CHROMIUM", "/nowhere/chromium")
        .output()
        .expect("starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("a PDF is printed by an installed Chromium"), "{}", text(&output.stderr));
    assert!(!Path::new(&pdf).exists());
    said(&["report", &record, "--out", &pdf]);
    assert!(std::fs::read(&pdf).expect("printed").starts_with(b"%PDF"));
}
