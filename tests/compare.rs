//! `orthostat compare` with the real program on real photos, and its correctness for people with known truth.

use std::path::Path;

use crate::support::{orthostat, text};
use image::imageops::FilterType;
use serde_json::Value;

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    assert!(path.is_file(), "test file is missing: {}", path.display());
    path.display().to_string()
}

fn sample(name: &str) -> String {
    file(&format!("samples/{name}.jpg"))
}

fn compared(arguments: &[&str]) -> Value {
    let output = orthostat(&[&["compare", "--json"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

fn verdict<'a>(comparison: &'a Value, measure: &str) -> &'a str {
    let changes = comparison["changes"].as_array().expect("a list");
    let change = changes.iter().find(|change| change["measure"] == measure).expect("compared");
    change["verdict"].as_str().expect("a word")
}

fn refused(arguments: &[&str], code: i32, says: &str) {
    let output = orthostat(&[&["compare"], arguments].concat());
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    assert!(message.contains(says), "{arguments:?} does not say \"{says}\": {message}");
    assert!(output.stdout.is_empty());
}

/// Every two samples in the same view, by their exact truth: if they differ by 4 degrees or more, most are reported as changed, and never
/// in the wrong direction; if by less than half a degree, none is.
#[test]
fn samples_that_differ_are_told_changed_and_those_that_do_not_unchanged() {
    let truth: Value =
        serde_json::from_slice(&std::fs::read(file("samples/truth.json")).expect("there")).expect("JSON");
    let of_view = |view: &str| -> Vec<&str> {
        let by_file = truth.as_object().expect("by file").iter();
        by_file.filter(|(_, truth)| truth["view"] == view).map(|(file, _)| file.trim_end_matches(".jpg")).collect()
    };
    let mut pairs = Vec::new();
    for group in [of_view("anterior"), of_view("posterior")] {
        for (index, before) in group.iter().enumerate() {
            pairs.extend(group[index + 1..].iter().map(|after| (*before, *after)));
        }
    }
    let (mut apart, mut told, mut alike, mut unchanged) = (0, 0, 0, 0);
    for (before, after) in pairs {
        let comparison = compared(&[&sample(before), &sample(after)]);
        for (measure, pair) in [("shoulder_tilt", "shoulder"), ("pelvic_obliquity", "hip"), ("head_tilt", "eye")] {
            let tilt = |name: &str| truth[format!("{name}.jpg")]["tilt_3d_deg"][pair].as_f64().expect("a number");
            let difference = tilt(after) - tilt(before);
            let changes = comparison["changes"].as_array().expect("a list");
            let change = changes.iter().find(|change| change["measure"] == measure).expect("compared");
            let changed = change["verdict"] == "changed";
            if difference.abs() >= 4.0 {
                apart += 1;
                told += usize::from(changed);
                let found = change["difference"].as_f64().expect("a number");
                assert!(!changed || found * difference > 0.0, "{before} {after} {measure}: {found} of {difference}");
            } else if difference.abs() < 0.5 {
                alike += 1;
                unchanged += usize::from(!changed);
            }
        }
    }
    assert!(apart >= 6 && told * 10 >= apart * 6, "{told} of {apart} told changed");
    assert!(alike >= 6 && unchanged == alike, "{unchanged} of {alike} told unchanged");
}

#[test]
fn the_same_person_photographed_again_has_not_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    // Another size, another position in the picture, another exposure: equivalent to another photo of the same stance.
    let photo = image::open(sample("anterior-tilted")).expect("a sample").into_rgb8();
    let (width, height) = photo.dimensions();
    let cut = image::imageops::crop_imm(&photo, 60, 120, width - 150, height - 150).to_image();
    let again = image::imageops::resize(&cut, 1240, 1720, FilterType::Triangle);
    let again = image::imageops::colorops::brighten(&again, 18);
    let path = folder.path().join("again.png");
    again.save(&path).expect("written");
    let path = path.display().to_string();
    let comparison = compared(&[&sample("anterior-tilted"), &path]);
    for measure in ["shoulder_tilt", "pelvic_obliquity", "shoulder_pelvis_angle", "trunk_lean", "trunk_shift"] {
        assert_eq!(verdict(&comparison, measure), "within_error", "{measure}: {comparison}");
    }
    // The copy lost its metadata, which is reported.
    assert!(comparison["notes"][0].as_str().is_some_and(|note| note.contains("levelled differently")), "{comparison}");
}

#[test]
fn photos_records_and_visits_can_be_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, db) =
        (folder.path().join("out").display().to_string(), folder.path().join("h.sqlite").display().to_string());
    // The first is large enough to be read reduced.
    for (photo, day) in [("phone-12-megapixels", "2026-01-05"), ("anterior-tilted-no-metadata", "2026-03-05")] {
        let output =
            orthostat(&["analyze", &sample(photo), "--out", &out, "--save", "A@b", "--db", &db, "--date", day]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    let records = ["phone-12-megapixels", "anterior-tilted-no-metadata"].map(|name| format!("{out}/{name}.json"));
    let of_records = compared(&[&records[0], &records[1]]);
    assert_eq!(of_records["changes"], compared(&[&sample("phone-12-megapixels"), &records[1]])["changes"]);
    assert_eq!(of_records["changes"], compared(&["--subject", "A@b", "--db", &db])["changes"]);
    let named = compared(&["A@b@2026-03-05", "A@b@first", "--db", &db]);
    assert_eq!(named["before"]["name"], "A@b@2026-03-05");
    assert_eq!(verdict(&of_records, "shoulder_pelvis_angle"), "changed");
    let table = orthostat(&["compare", &records[0], &records[1]]);
    assert!(text(&table.stdout).contains("towards \"trunk longer on the right\""), "{}", text(&table.stdout));
    assert!(text(&table.stdout).contains("does not diagnose"));
}

#[test]
fn what_cannot_be_compared_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let front = file("tests/fixtures/records/anterior-tilted.json");
    let side = file("tests/fixtures/records/lateral-left.json");
    refused(&[&front, &side], 1, "not comparable: the views differ: from the front and from the subject's left side");
    refused(&[&front, &front], 1, "one and the same record");
    let mut other: Value = serde_json::from_slice(&std::fs::read(&front).expect("there")).expect("JSON");
    other["tool"]["model"] = "blazepose-lite".into();
    let lite = folder.path().join("lite.json").display().to_string();
    std::fs::write(&lite, other.to_string()).expect("written");
    refused(&[&front, &lite], 1, "measured with different models (blazepose-full and blazepose-lite)");
    other["tool"]["model"] = "blazepose-full".into();
    other["view"]["mirrored"] = true.into();
    std::fs::write(&lite, other.to_string()).expect("written");
    refused(&[&front, &lite], 1, "one was measured as a mirror image");
    refused(&[&front, "nowhere.jpg"], 1, "nowhere.jpg: cannot be read: no such file or directory");
    refused(&[&front], 2, "<B>");
    let db = folder.path().join("none.sqlite").display().to_string();
    refused(&["--subject", "Nobody", "--db", &db], 3, "no records of the subject \"Nobody\"");
    let db = folder.path().join("h.sqlite").display().to_string();
    assert!(orthostat(&["history", "add", "Anna", "--db", &db, "--date", "2026-01-05", &front]).status.success());
    refused(&["--subject", "Anna", "--db", &db], 1, "one and the same record");
    refused(
        &["Anna@2026-01-06", "Anna@last", "--db", &db],
        2,
        "no record of that day; there are records of 2026-01-05",
    );
    refused(&["Anna@soon", "Anna@last", "--db", &db], 2, "first and last are understood too");
}

/// The head's change is that of the face: between the faces' own values, in the table, the page and JSON alike, and said to be so.
#[test]
fn a_change_of_the_head_is_that_of_its_face() {
    let records = ["anterior-level", "anterior-tilted"].map(|name| file(&format!("samples/expected/{name}.json")));
    let [before, after] = records.each_ref().map(|path| {
        let record: Value = serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON");
        record["measures"]["head_tilt"]["by_face"]["value"].as_f64().expect("a face")
    });
    let comparison = compared(&[&records[0], &records[1]]);
    let changes = comparison["changes"].as_array().expect("a list");
    let head = changes.iter().find(|change| change["measure"] == "head_tilt").expect("compared");
    assert_eq!(head["by_face"], true);
    assert_eq!((head["before"].as_f64(), head["after"].as_f64()), (Some(before), Some(after)));
    assert!((head["difference"].as_f64().expect("a number") - (after - before)).abs() < 0.011, "{head}");
    assert!(changes.iter().filter(|change| change["measure"] != "head_tilt").all(|change| change["by_face"].is_null()));
    let output = orthostat(&["compare", &records[0], &records[1]]);
    let table = text(&output.stdout);
    assert!(table.contains("head tilt (face)") && table.contains("that of the face alone"), "{table}");
}
