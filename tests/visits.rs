//! Several photos of one stance as one measurement: `analyze --visit`, `batch`, `compare`, the history.

use std::path::{Path, PathBuf};

use orthostat::core::record::Record;
use serde_json::Value;

use crate::support::{orthostat, repository, text};

/// Photos of one stance: a sample, cropped a little differently each time and saved again. `turned` of them is another, level person.
fn shots(folder: &Path, name: &str, sample: &str, count: u32) -> Vec<String> {
    let photo = image::open(repository("samples").join(sample)).expect("a sample").into_rgb8();
    let (width, height) = photo.dimensions();
    (0..count)
        .map(|number| {
            let cut = image::imageops::crop_imm(&photo, 3 * number, 2 * number, width - 6 * count, height - 4 * count);
            let path = folder.join(format!("{name}-{}.jpg", number + 1));
            cut.to_image().save(&path).expect("saved");
            path.to_string_lossy().into_owned()
        })
        .collect()
}

fn records(bytes: &[u8]) -> Vec<Record> {
    let parse = |line: &str| Record::from_json(line.as_bytes(), Path::new("a line")).expect("a record");
    text(bytes).lines().map(parse).collect()
}

fn run(arguments: &[&str], photos: &[String]) -> std::process::Output {
    let all: Vec<&str> = arguments.iter().copied().chain(photos.iter().map(String::as_str)).collect();
    orthostat(&all)
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_path_buf();
    (folder, path)
}

#[test]
fn photos_of_one_stance_become_one_measurement_a_view() {
    let (_keep, folder) = folder();
    let mut photos = shots(&folder, "front", "anterior-tilted-no-metadata.jpg", 3);
    photos.extend(shots(&folder, "back", "posterior-tilted.jpg", 1));
    let out = folder.join("out");
    let page = folder.join("page.html");
    let (out, page) = (out.to_string_lossy(), page.to_string_lossy());
    let output = run(&["analyze", "--visit", "--readings", "2", "--json", "--out", &out, "--report", &page], &photos);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let all = records(&output.stdout);
    assert_eq!(all.len(), 5, "four photos and one joint record");
    let (single, joint) = (&all[..3], &all[4]);
    assert_eq!((joint.id.as_str(), joint.joined.len()), ("visit-front", 3));
    for (name, found) in joint.measures.iter().filter(|(_, found)| found.photos == Some(3)) {
        let of = |pick: fn(&orthostat::core::record::MeasureRecord) -> Option<f64>| -> Vec<f64> {
            single.iter().filter_map(|record| pick(&record.measures[name])).collect()
        };
        let (values, sds) = (of(|m| m.value), of(|m| m.sd));
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let value = found.value.expect("joint");
        assert!((least - 0.01..=most + 0.01).contains(&value), "{name}: {value} of {values:?}");
        assert!(found.sd_between.is_some(), "{name}");
        let widest = sds.iter().copied().fold(0.0, f64::max);
        let scatter = found.sd_between.expect("several");
        assert!(found.sd.expect("joint") <= widest.hypot(scatter) + 0.02, "{name}: {found:?} of {sds:?}");
    }
    // The printed record equals the written one, beside the photos' own.
    let written = Record::open(Path::new(&format!("{out}/visit-front.json"))).expect("written");
    assert_eq!(written.measures, joint.measures);
    for name in ["front-1.json", "front-3.json", "back-1.json", "visit-front.annotated.jpg"] {
        assert!(Path::new(&format!("{out}/{name}")).is_file(), "{name}");
    }
    let page = std::fs::read_to_string(&*page).expect("a page");
    let title = "3 photos of one stance: front-1.jpg, front-2.jpg, front-3.jpg";
    assert!(page.contains(title), "the page begins with what they say together");
    assert!(page.contains("Front and back together"), "front and back of one visit");
    // The joint record is derived from records, and cannot be recomputed.
    let again = orthostat(&["recompute", &format!("{out}/visit-front.json")]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("the joint one of front-1, front-2, front-3"), "{}", text(&again.stderr));
}

#[test]
fn on_the_screen_both_views_stand_together_and_one_photo_thrice_is_one() {
    let (_keep, folder) = folder();
    let mut photos = shots(&folder, "front", "anterior-tilted-no-metadata.jpg", 1);
    std::fs::copy(&photos[0], folder.join("copy.jpg")).expect("copied");
    photos.push(folder.join("copy.jpg").to_string_lossy().into_owned());
    photos.extend(shots(&folder, "back", "posterior-tilted.jpg", 1));
    let output = run(&["analyze", "--visit", "--readings", "1"], &photos);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(!shown.contains("photos of one stance"), "one photo given twice is one: {shown}");
    assert!(shown.contains("front and back together") && shown.contains("(front "), "{shown}");
}

#[test]
fn a_batch_joins_the_photos_of_a_subject_and_a_day() {
    let (_keep, folder) = folder();
    let intake = folder.join("intake");
    std::fs::create_dir(&intake).expect("a folder");
    shots(&intake, "front", "anterior-tilted-no-metadata.jpg", 2);
    shots(&intake, "later", "anterior-level.jpg", 1);
    let list = "path,subject,visit_date\nfront-1.jpg,Anna,2026-01-05\nfront-2.jpg,Anna,2026-01-05\nlater-1.jpg,Anna,2026-03-02\n";
    std::fs::write(intake.join("list.csv"), list).expect("written");
    let (list, out) = (intake.join("list.csv"), folder.join("out"));
    let (list, out) = (list.to_string_lossy(), out.to_string_lossy());
    let output = orthostat(&["batch", "--manifest", &list, "--out", &out, "--readings", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let visits = records(&std::fs::read(format!("{out}/visits.jsonl")).expect("written"));
    assert_eq!(visits.len(), 1, "one day has two photos");
    assert_eq!(visits[0].id, "Anna-2026-01-05-visit-front");
    assert_eq!(visits[0].joined.iter().map(|photo| photo.id.as_str()).collect::<Vec<_>>(), ["front-1", "front-2"]);
    // The folder's records are those of the photos.
    let db = folder.join("history.db");
    let db = db.to_string_lossy();
    let added = orthostat(&["history", "--db", &db, "add", "--by-subject", &out]);
    assert_eq!(added.status.code(), Some(0), "{}", text(&added.stderr));
    // In the history a day's photos are one visit.
    let compared = orthostat(&["compare", "--db", &db, "--subject", "Anna", "--json"]);
    assert_eq!(compared.status.code(), Some(0), "{}", text(&compared.stderr));
    let line: Value = serde_json::from_slice(&compared.stdout).expect("one comparison");
    assert_eq!(line["before"]["id"], "visit-front", "{line}");
    assert!(line["changes"].as_array().expect("changes").iter().any(|change| change["by_repeatability"] == true));
    // What a batch has joined can be compared with what it is compared with.
    let [joint, later] = ["visits.jsonl", "results.jsonl#later-1"].map(|name| format!("{out}/{name}"));
    let compared = orthostat(&["compare", "--visit", &joint, &later, "--json"]);
    assert_eq!(compared.status.code(), Some(0), "{}", text(&compared.stderr));
    assert!(text(&compared.stdout).contains("\"detectable\""), "{}", text(&compared.stdout));
    // And so are the records of a folder, if requested.
    let refused = orthostat(&["compare", &out, &out]);
    assert!(text(&refused.stderr).contains("expected one record of each view"), "{}", text(&refused.stderr));
}

#[test]
fn a_joint_record_takes_no_photos_place_and_a_file_in_the_way_ends_nothing() {
    let (_keep, folder) = folder();
    let photos = shots(&folder, "front", "anterior-tilted-no-metadata.jpg", 2);
    let named = folder.join("visit-front.jpg");
    std::fs::rename(&photos[0], &named).expect("renamed");
    let photos = [named.to_string_lossy().into_owned(), photos[1].clone()];
    let (out, page) = (folder.join("out"), folder.join("page.html"));
    std::fs::create_dir(&out).expect("a folder");
    std::fs::write(out.join("visit-front-2.json"), "{}").expect("written");
    let (out, page) = (out.to_string_lossy(), page.to_string_lossy());
    let asked = ["analyze", "--visit", "--readings", "1", "--out", &out, "--report", &page];
    let output = run(&asked, &photos);
    assert!(text(&output.stderr).contains("visit-front-2.json: exists"), "{}", text(&output.stderr));
    assert_ne!(output.status.code(), Some(0));
    let own = Record::open(Path::new(&format!("{out}/visit-front.json"))).expect("the photo's own");
    assert!(own.joined.is_empty());
    let page = std::fs::read_to_string(&*page).expect("a page all the same");
    assert!(page.contains("2 photos of one stance"));
    assert_eq!(std::fs::read_to_string(format!("{out}/visit-front-2.json")).expect("there"), "{}");
}
