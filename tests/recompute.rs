//! A recomputed record equals a fresh analysis of its photo, byte for byte.

use std::path::Path;

use crate::support::{orthostat, repository, text};
use orthostat::core::record::Record;

fn samples(names: &[&str]) -> Vec<String> {
    let mut photos: Vec<String> = std::fs::read_dir(repository("samples"))
        .expect("samples")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jpg"))
        .filter(|path| names.is_empty() || names.iter().any(|name| path.ends_with(name)))
        .map(|path| path.display().to_string())
        .collect();
    photos.sort();
    assert!(photos.len() >= names.len().max(1));
    photos
}

/// Writes the records of these photos into a folder.
fn analyze(photos: &[String], options: &[&str], folder: &Path) {
    let mut arguments = vec!["analyze"];
    arguments.extend(photos.iter().map(String::as_str));
    arguments.extend(options);
    let folder = folder.display().to_string();
    arguments.extend(["--out", &folder]);
    let output = orthostat(&arguments);
    assert!(output.status.code().is_some_and(|code| code <= 1), "{}", text(&output.stderr));
}

fn recompute(folder: &Path, options: &[&str], out: &Path) {
    let (folder, out) = (folder.display().to_string(), out.display().to_string());
    let output = orthostat(&[&["recompute", &folder, "--out", &out], options].concat());
    assert!(output.status.code().is_some_and(|code| code <= 1), "{}", text(&output.stderr));
}

/// Every record of a folder, by name.
fn records(folder: &Path) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "json"))
        .map(|entry| {
            let text = std::fs::read_to_string(entry.path()).expect("readable");
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect();
    found.sort();
    found
}

fn same(expected: &Path, found: &Path, options: &[&str]) {
    let (expected, found) = (records(expected), records(found));
    assert_eq!(expected.len(), found.len(), "{options:?}");
    for ((name, expected), (_, found)) in expected.iter().zip(&found) {
        assert!(expected == found, "{name} {options:?}: {}", first_difference(expected, found));
    }
}

fn first_difference(a: &str, b: &str) -> String {
    a.lines().zip(b.lines()).find(|(a, b)| a != b).map_or_else(String::new, |(a, b)| format!("{a}\n{b}"))
}

#[test]
fn every_sample_is_measured_again_to_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (fresh, again) = (folder.path().join("fresh"), folder.path().join("again"));
    let photos = samples(&[]);
    analyze(&photos, &[], &fresh);
    recompute(&fresh, &[], &again);
    assert_eq!(records(&again).len(), photos.len());
    same(&fresh, &again, &[]);
}

#[test]
fn other_options_give_what_a_fresh_analysis_with_them_gives_and_are_taken_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let photos = samples(&["anterior-tilted.jpg", "anterior-tilted-no-metadata.jpg", "lateral-left.jpg"]);
    analyze(&photos, &[], &at("plain"));
    let cases: [(&[&str], &[&str]); 4] = [
        (&["--mirrored", "--height-cm", "171.3"], &["--mirrored=no", "--height-cm", "none"]),
        (&["--plumb", "500,100,503.1234567,1300"], &["--plumb", "none"]),
        (&["--roll", "-1.7"], &["--plumb", "none"]),
        (&["--view", "posterior"], &["--view", "auto"]),
    ];
    for (index, (options, undo)) in cases.into_iter().enumerate() {
        let [fresh, again, back] = ["fresh", "again", "back"].map(|name| at(&format!("{name}-{index}")));
        analyze(&photos, options, &fresh);
        recompute(&at("plain"), options, &again);
        same(&fresh, &again, options);
        // A record keeps the options it was measured with, until they are changed.
        recompute(&fresh, &[], &back);
        same(&fresh, &back, options);
        recompute(&fresh, undo, &back);
        same(&at("plain"), &back, undo);
        assert!(!matches!(options[0], "--plumb" | "--roll") || records(&fresh) != records(&at("plain")));
    }
}

#[test]
fn few_readings_without_an_outline_are_measured_again_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let photos = samples(&["posterior-tilted.jpg", "cropped-at-the-knees.jpg"]);
    for (index, readings) in [["--readings", "1"], ["--readings", "5"]].iter().enumerate() {
        let [plain, fresh, again] = ["plain", "fresh", "again"].map(|name| at(&format!("{name}-{index}")));
        analyze(&photos, readings, &plain);
        analyze(&photos, &[&readings[..], &["--mirrored"]].concat(), &fresh);
        recompute(&plain, &["--mirrored"], &again);
        same(&fresh, &again, readings);
    }
}

#[test]
fn committed_records_are_measured_again_within_rounding() {
    for (name, text) in records(&repository("samples/expected")) {
        let record = Record::from_json(text.as_bytes(), name.as_ref()).expect("a record");
        let again = orthostat::core::recompute::recompute(&record, name.as_ref(), &record.options()).expect("measured");
        assert_eq!(again.observation, record.observation, "{name}");
        assert_eq!(again.measures.keys().collect::<Vec<_>>(), record.measures.keys().collect::<Vec<_>>(), "{name}");
        for (measure, expected) in &record.measures {
            let found = &again.measures[measure];
            assert_eq!((found.value.is_some(), &found.reason), (expected.value.is_some(), &expected.reason), "{name}");
            for (a, b) in [(found.value, expected.value), (found.raw, expected.raw), (found.sd, expected.sd)] {
                let apart = (a.unwrap_or(0.0) - b.unwrap_or(0.0)).abs();
                assert!(apart < 0.011, "{name} {measure}: {a:?} {b:?}");
            }
        }
        assert!(text.len() < 30_000, "{name} has {} bytes", text.len());
    }
}

#[test]
fn a_record_that_keeps_no_sighting_is_refused_by_name_and_the_others_are_measured() {
    let older = repository("tests/fixtures/records/older-anterior-tilted.json").display().to_string();
    let good = repository("tests/fixtures/records/lateral-left.json").display().to_string();
    let output = orthostat(&["recompute", "--json", &older, &good]);
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(message.contains("older-anterior-tilted.json: expected a record that keeps what was seen"), "{message}");
    assert_eq!(text(&output.stdout).lines().count(), 1);
    assert_eq!(orthostat(&["recompute", &older]).status.code(), Some(1));
}

#[test]
fn what_is_no_record_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().display().to_string();
    let output = orthostat(&["recompute", &empty]);
    assert_eq!(
        (output.status.code(), text(&output.stderr).contains("found no .json or .jsonl file in it")),
        (Some(2), true)
    );
    let photo = repository("samples/lateral-left.jpg").display().to_string();
    let output = orthostat(&["recompute", &photo]);
    assert_eq!((output.status.code(), text(&output.stderr).contains("is not JSON")), (Some(1), true));
    let record = repository("tests/fixtures/records/lateral-left.json").display().to_string();
    for (options, says) in [
        (&["--plumb", "1,2,3"][..], "expected four numbers"),
        (&["--plumb", "1,2,300,3"], "nearer to level than to plumb"),
        (&["--mirrored=perhaps"], "expected yes or no"),
        (&["--height-cm", "tall"], "expected a number"),
    ] {
        let output = orthostat(&[&["recompute", &record], options].concat());
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(text(&output.stderr).contains(says), "{options:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_sighting_that_does_not_fit_is_refused_rather_than_measured() {
    let path = repository("tests/fixtures/records/anterior-tilted.json");
    let record = Record::open(&path).expect("a record");
    let wrong = |change: &dyn Fn(&mut Record)| {
        let mut record = record.clone();
        change(&mut record);
        let error = orthostat::core::recompute::recompute(&record, &path, &record.options()).expect_err("refused");
        assert!(error.to_string().contains("anterior-tilted.json: expected a sighting"), "{error}");
    };
    wrong(&|record| record.observation.iter_mut().for_each(|seen| seen.readings[0].truncate(7)));
    wrong(&|record| {
        record.observation.iter_mut().for_each(|seen| {
            let nose = seen.joints["nose"];
            seen.joints.insert("third_eye".into(), nose);
        });
    });
    wrong(&|record| record.source.width = 0);
}

#[test]
fn a_scale_that_the_file_records_gives_millimetres_and_the_stature_goes_before() {
    let path = repository("tests/fixtures/records/anterior-tilted.json");
    let mut record = Record::open(&path).expect("a record");
    let measured = |record: &Record, height_mm: Option<f64>| {
        let options = orthostat::core::options::Options { height_mm, ..record.options() };
        let again = orthostat::core::recompute::recompute(record, &path, &options).expect("measured");
        let from = again.subject.scale_from.map(|from| from.name());
        assert_eq!(from.is_some(), again.subject.scale_mm_per_px.is_some());
        assert!(from.is_none_or(|from| from == if height_mm.is_some() { "height" } else { "file" }));
        (again.subject.scale_mm_per_px, again.measures["head_shift"].clone())
    };
    assert_eq!(measured(&record, None).0, None);
    let by_stature = measured(&record, Some(1700.0)).0.expect("a scale");
    let told = |record: &mut Record, mm: f64| {
        record.observation.iter_mut().for_each(|seen| seen.told.mm_per_px = Some(mm));
    };
    told(&mut record, 1.05 * by_stature);
    let (scale, shift) = measured(&record, None);
    assert!((scale.expect("recorded") - 1.05 * by_stature).abs() < 1e-3);
    assert!(shift.value_mm.is_some() && shift.sd_mm.is_some());
    assert_eq!(measured(&record, Some(1700.0)).0, Some(by_stature));
    // What would make a person 17 m tall is not of a person.
    told(&mut record, 10.0 * by_stature);
    assert_eq!(measured(&record, None).0, None);
}

#[test]
fn exchanged_sides_take_the_points_of_the_record_with_them() {
    let folder = tempfile::tempdir().expect("a folder");
    analyze(&samples(&["anterior-tilted.jpg"]), &["--readings", "2"], folder.path());
    let path = folder.path().join("anterior-tilted.json");
    let record = Record::open(&path).expect("a record");
    let at = |name: &str| [record.landmarks[name].x, record.landmarks[name].y];
    let names = ["left_shoulder", "right_shoulder", "left_hip", "right_hip"];
    let points: serde_json::Map<String, serde_json::Value> =
        names.into_iter().map(|name| (name.to_owned(), serde_json::json!(at(name)))).collect();
    let file = folder.path().join("points.json");
    std::fs::write(&file, serde_json::to_string(&points).expect("JSON")).expect("written");
    let by_hand = folder.path().join("by-hand");
    recompute(&path, &["--points", &file.display().to_string()], &by_hand);
    let exchanged = folder.path().join("exchanged");
    recompute(&by_hand.join("anterior-tilted.json"), &["--exchange-sides"], &exchanged);
    let read = |folder: &Path| Record::open(&folder.join("anterior-tilted.json")).expect("a record");
    let (before, after) = (read(&by_hand), read(&exchanged));
    assert_eq!(after.view.kind, before.view.kind.exchanged());
    assert_eq!(after.landmarks["left_shoulder"].x, before.landmarks["right_shoulder"].x);
    for name in ["shoulder_tilt", "pelvic_obliquity"] {
        let value = |record: &Record| record.measures[name].value.expect("measured");
        assert!((value(&before) + value(&after)).abs() < 0.3, "{name}: {} and {}", value(&before), value(&after));
    }
    // Exchanged twice, everything is as it was, but for who named the view.
    let again = folder.path().join("again");
    recompute(&exchanged.join("anterior-tilted.json"), &["--exchange-sides"], &again);
    assert_eq!(read(&again).measures, before.measures);
}
