use super::*;
use crate::core::record::Intake;

fn tilted() -> Record {
    Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record")
}

fn named(id: &str, subject: Option<&str>) -> Record {
    let intake = subject.map(|subject| Intake {
        subject: Some(subject.into()),
        visit_date: Some("2026-03-01".into()),
        ..Intake::default()
    });
    Record { id: id.into(), intake, ..tilted() }
}

fn line(record: &Record) -> String {
    record.to_line().expect("JSON")
}

fn places(name: &Path) -> Vec<Place> {
    find(&[name], None).expect("found").places
}

#[test]
fn files_lines_and_folders_give_the_same_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let (one, two) = (named("a#1", Some("P01")), named("b", None));
    std::fs::write(at("one.json"), line(&one)).expect("written");
    std::fs::write(at("two.jsonl"), format!("{}\n\n{}\n", line(&one), line(&two))).expect("written");
    for hidden in [".journal.jsonl", "x.fhir.json", "x.points.json", "results.fhir.jsonl", "notes.txt"] {
        std::fs::write(at(hidden), "{}").expect("written");
    }
    let read = |place: &Place| place.read().expect("a record").record;
    let all = places(folder.path());
    assert_eq!(
        all.iter().map(|place| place.name.as_str()).collect::<Vec<_>>(),
        ["one.json", "two.jsonl#a#1", "two.jsonl#b"]
    );
    assert_eq!(all.iter().map(read).collect::<Vec<_>>(), [one.clone(), one.clone(), two.clone()]);
    // A name that contains the sign is found as well.
    let by_id = |id: &str| places(&at(&format!("two.jsonl#{id}")));
    assert_eq!((read(&by_id("a#1")[0]), read(&by_id("b")[0])), (one, two));
    let found = by_id("a#1")[0].read().expect("read");
    assert_eq!((found.subject.as_deref(), found.visited), (Some("P01"), day("2026-03-01").ok()));
    assert_eq!(by_id("b")[0].file_name(), "b.json");
}

#[test]
fn lines_without_a_known_ending_are_lines_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("records.txt");
    std::fs::write(&path, format!("{}\n{}\n", line(&named("a", None)), line(&named("b", None)))).expect("written");
    assert_eq!(places(&path).len(), 2);
    // A record over several lines is a single record.
    let path = folder.path().join("long.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&tilted()).expect("JSON")).expect("written");
    assert_eq!(places(&path).len(), 1);
}

#[test]
fn a_photo_without_a_record_and_a_damaged_line_cost_only_themselves() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.jsonl");
    let failure = r#"{"schema":"orthostat/1","id":"b","source":{"file":"b.jpg"},"error":{"code":"no_person","text":"no person found"}}"#;
    std::fs::write(&path, format!("{}\n{failure}\n{{\"sche\n{}\n", line(&named("a", None)), line(&named("d", None))))
        .expect("written");
    let all: Vec<_> = places(&path).iter().map(Place::read).collect();
    assert!(all[0].is_ok() && all[3].is_ok());
    let said = |index: usize| all[index].as_ref().expect_err("refused").to_string();
    assert!(
        said(1).ends_with(
            "line 2: expected a record of the schema orthostat/1, found that b.jpg has none: no person found"
        )
    );
    assert!(said(2).contains("line 3: expected a record"), "{}", said(2));
}

#[test]
fn what_leads_nowhere_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = |name: &Path| find(&[name], None).expect_err("refused").to_string();
    assert!(error(folder.path()).contains("expected a folder of records, found no .json or .jsonl file"));
    assert!(error(&folder.path().join("gone.json")).contains("cannot be read"));
    let path = folder.path().join("r.jsonl");
    std::fs::write(&path, format!("{}\n", line(&named("a", None)))).expect("written");
    let asked = folder.path().join("r.jsonl#z");
    assert!(error(&asked).ends_with("no record has the id \"z\"; the file has 1 record"), "{}", error(&asked));
    std::fs::write(&path, "\n").expect("written");
    assert!(error(&path).contains("expected one record a line, found none"));
}

#[test]
fn visits_are_found_by_their_day_and_refused_photos_are_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("h.sqlite");
    let mut history = History::open(&db).expect("made");
    let mut keep = |id: &str, date: &str, usable: bool| {
        let mut record = named(id, None);
        record.source.blake3 = crate::core::photo_hash::PhotoHash::new(id);
        record.quality.usable = usable;
        history.save("Anna B.", day(date).expect("a day"), &record).expect("saved");
    };
    keep("a", "2026-01-01", true);
    keep("b", "2026-02-01", true);
    keep("c", "2026-03-01", false);
    let ids = |name: &str| -> Result<Vec<String>> {
        let places = find(&[name], Some(&db))?.places;
        Ok(places.iter().map(|place| place.read().expect("a record").record.id).collect())
    };
    assert_eq!(ids("Anna B.@first").expect("found"), ["a"]);
    assert_eq!(ids("Anna B.@last").expect("found"), ["b"], "the refused photo is no visit");
    assert_eq!(ids("Anna B.@2026-02-01").expect("found"), ["b"]);
    assert_eq!(ids("Anna B.@all").expect("found"), ["a", "b", "c"]);
    let error = ids("Anna B.@2026-03-01").expect_err("refused").to_string();
    assert!(error.contains("no record of that day") && error.contains("2026-03-01 (refused)"), "{error}");
    let place = &find(&["Anna B.@first"], Some(&db)).expect("found").places[0];
    assert_eq!(place.file_name(), "Anna_B.-2026-01-01-a.json");
}
