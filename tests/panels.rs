//! Collages: each panel is found and measured as a separate picture, and an ordinary photo is never taken for a collage.

use std::path::Path;
use std::process::Output;

use crate::support::{orthostat, repository, text};
use image::{Rgb, RgbImage, imageops};
use orthostat::core::area::Area;
use orthostat::core::record::Record;
use orthostat::vision::panels;
use serde_json::Value;

const FRONT: &str = "anterior-tilted-no-metadata.jpg";
const BACK: &str = "posterior-tilted.jpg";
const SIDE: &str = "lateral-left.jpg";
const LEVEL: &str = "anterior-level.jpg";

fn sample(name: &str) -> RgbImage {
    image::open(repository("samples").join(name)).expect("a sample").into_rgb8()
}

/// A collage, and the positions of its panels.
struct Collage {
    picture: RgbImage,
    places: Vec<Area>,
}

/// Samples in panels of one size, in rows of `columns`, with a border of some width and grey between and, with `around`, around them.
fn collage(names: &[&str], columns: u32, [width, height]: [u32; 2], border: u32, grey: u8) -> Collage {
    let rows = (names.len() as u32).div_ceil(columns);
    let size = |count: u32, side: u32| count * side + (count - 1) * border;
    let mut picture = RgbImage::from_pixel(size(columns, width), size(rows, height), Rgb([grey; 3]));
    let mut places = Vec::new();
    for (index, name) in (0..).zip(names) {
        let photo = sample(name);
        // The middle of the photo, with the width of the panel's shape.
        let part = (photo.height() * width / height).min(photo.width());
        let cut = imageops::crop_imm(&photo, (photo.width() - part) / 2, 0, part, photo.height()).to_image();
        let panel = imageops::resize(&cut, width, height, imageops::FilterType::Triangle);
        let place =
            Area { x: index % columns * (width + border), y: index / columns * (height + border), width, height };
        imageops::replace(&mut picture, &panel, place.x.into(), place.y.into());
        places.push(place);
    }
    Collage { picture, places }
}

/// As a JPEG file, as written by phones and messengers.
fn saved(picture: &RgbImage, folder: &Path, name: &str, quality: u8) -> String {
    let path = folder.join(name);
    let file = std::fs::File::create(&path).expect("created");
    image::codecs::jpeg::JpegEncoder::new_with_quality(file, quality).encode_image(picture).expect("written");
    path.display().to_string()
}

fn lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
}

fn area(value: &Value) -> Area {
    serde_json::from_value(value.clone()).expect("a region")
}

/// The panels of a picture with a person at each of these places, or everywhere.
fn panels(image: &RgbImage, places: &[Area]) -> Vec<Area> {
    let ends = |area: &Area| [area.x, area.y, area.x + area.width, area.y + area.height];
    let holds = |area: Area, place: &Area| {
        let ([left, top, right, bottom], [l, t, r, b]) = (ends(&area), ends(place));
        let both = |from: u32, to: u32| u64::from(to.saturating_sub(from));
        2 * both(left.max(l), right.min(r)) * both(top.max(t), bottom.min(b))
            > u64::from(place.width) * u64::from(place.height)
    };
    let shows = |area| Ok(places.is_empty() || places.iter().any(|place| holds(area, place)));
    let found = panels::panels(image, shows).expect("nothing fails");
    found.into_iter().map(|(area, _)| area).collect()
}

/// Equal up to a border's blurred edge, or a plain strip beside it that counts as border (a fortieth of the collage, whose sides are up
/// to twice a panel).
fn assert_near(found: Area, expected: Area, what: &str) {
    let ends = |area: Area| [area.x, area.y, area.x + area.width, area.y + area.height];
    let off = ends(found).into_iter().zip(ends(expected)).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0);
    assert!(off <= 4 + expected.width.max(expected.height) / 20, "{what}: {found} for {expected}");
}

#[test]
fn seams_are_found_with_and_without_borders_however_the_file_was_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let four = [FRONT, BACK, SIDE, LEVEL];
    let kinds: [(&[&str], u32, [u32; 2]); 4] =
        [(&four[..2], 2, [600, 800]), (&four[..3], 3, [420, 800]), (&four, 4, [360, 900]), (&four, 2, [450, 600])];
    for (names, columns, size) in kinds {
        for (border, grey) in [(0, 0), (6, 255), (16, 0)] {
            for quality in [60, 92] {
                let made = collage(names, columns, size, border, grey);
                let path = saved(&made.picture, folder.path(), "collage.jpg", quality);
                let found = panels(&image::open(&path).expect("read").into_rgb8(), &made.places);
                let what = format!("{} in {columns} columns, border {border}, quality {quality}", names.len());
                assert_eq!(found.len(), made.places.len(), "{what}: {found:?}");
                for (&found, &expected) in found.iter().zip(&made.places) {
                    assert_near(found, expected, &what);
                }
            }
        }
    }
}

/// A cut that does not separate two people is the edge of a floor or a door.
#[test]
fn a_cut_with_people_on_one_side_only_is_none() {
    let made = collage(&[FRONT, BACK, SIDE], 3, [420, 800], 6, 255).picture;
    // A person is visible in an area that contains the middle of their panel.
    let of = |people: &[u32]| {
        let shows = |area: Area| people.iter().any(|middle| (area.x..area.x + area.width).contains(middle));
        let found = panels::panels(&made, |area| Ok(shows(area))).expect("nothing fails");
        found.into_iter().map(|(_, shows)| shows).collect::<Vec<_>>()
    };
    assert_eq!(of(&[210, 636, 1062]), [true, true, true]);
    assert!(of(&[210]).is_empty(), "one person is one picture");
    let two = of(&[636, 1062]);
    assert_eq!(two.iter().filter(|shows| **shows).count(), 2, "{two:?}");
    assert!(of(&[]).is_empty());
}

#[test]
fn an_ordinary_photo_has_no_panels_with_a_frame_or_without() {
    let mut seen = 0;
    for file in std::fs::read_dir(repository("samples")).expect("samples").flatten().map(|entry| entry.path()) {
        if file.extension().is_some_and(|ending| ending == "jpg") {
            let photo = image::open(&file).expect("a sample").into_rgb8();
            assert_eq!(panels(&photo, &[]), [], "{}", file.display());
            let mut framed = RgbImage::from_pixel(photo.width() + 400, photo.height() + 120, Rgb([0; 3]));
            imageops::replace(&mut framed, &photo, 200, 60);
            assert_eq!(panels(&framed, &[]), [], "framed {}", file.display());
            seen += 1;
        }
    }
    assert!(seen >= 8);
}

#[test]
fn each_panel_is_a_record_that_equals_that_of_its_region() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = collage(&[FRONT, SIDE, BACK], 3, [560, 960], 8, 255);
    let path = saved(&made.picture, folder.path(), "visit.jpg", 92);
    let out = folder.path().join("out");
    let output = orthostat(&[
        "analyze",
        "--json",
        "--as-taken",
        "--quality",
        "fast",
        &path,
        "--out",
        &out.display().to_string(),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let records = lines(&output);
    let of = |key: &str| records.iter().map(|record| record[key].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>();
    assert_eq!(of("id"), ["visit#1", "visit#2", "visit#3"]);
    let views: Vec<&str> = records.iter().filter_map(|record| record["view"]["kind"].as_str()).collect();
    assert_eq!(views, ["anterior", "left", "posterior"]);
    for (record, &place) in records.iter().zip(&made.places) {
        let region = area(&record["source"]["region"]);
        assert_near(region, place, "region");
        assert_eq!(record["subject"]["people"], 1);
        assert_eq!(
            (&record["source"]["width"], &record["source"]["height"]),
            (&region.width.into(), &region.height.into())
        );
        let id = record["id"].as_str().expect("an id");
        for ending in ["json", "annotated.jpg"] {
            assert!(out.join(format!("{id}.{ending}")).is_file(), "{id}.{ending}");
        }
        let picture = image::open(out.join(format!("{id}.annotated.jpg"))).expect("a picture");
        assert_eq!((picture.width(), picture.height()), (region.width, region.height));
        // As a region, the panel gives the same landmarks.
        let alone = orthostat(&["analyze", "--json", "--quality", "fast", "--region", &region.to_string(), &path]);
        let alone = &lines(&alone)[0];
        assert_eq!(alone["landmarks"], record["landmarks"]);
        assert_eq!(alone["source"]["region"], record["source"]["region"]);
        // Recomputed without the photo, it is unchanged.
        let stored = out.join(format!("{id}.json"));
        let again = orthostat(&["recompute", "--json", &stored.display().to_string()]);
        assert_eq!(&lines(&again)[0], record);
    }
}

/// The samples' own cameras are rolled by 3 and more degrees; the borders are not.
#[test]
fn a_panel_is_levelled_by_its_own_edges() {
    let folder = tempfile::tempdir().expect("a folder");
    let truth: Value =
        serde_json::from_slice(&std::fs::read(repository("samples/truth.json")).expect("there")).expect("JSON");
    let names = [FRONT, LEVEL];
    let made = collage(&names, 2, [900, 1200], 8, 255);
    let path = saved(&made.picture, folder.path(), "two.jpg", 92);
    let records = lines(&orthostat(&["analyze", "--json", "--quality", "fast", &path]));
    assert_eq!(records.len(), 2);
    for (record, name) in records.iter().zip(names) {
        let roll = truth[name]["camera"]["roll_deg"].as_f64().expect("a roll");
        let camera = &record["camera"];
        assert_eq!(camera["level_from"], "verticals", "{name}");
        let found = camera["roll_deg"].as_f64().expect("a roll");
        assert!((found - roll).abs() < 0.6, "{name}: {found} for {roll}");
    }
}

#[test]
fn a_region_is_checked_and_one_view_is_not_named_for_several() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = collage(&[FRONT, BACK], 2, [450, 800], 0, 0);
    let path = saved(&made.picture, folder.path(), "two.jpg", 92);
    let fails = |arguments: &[&str], says: &str| {
        let output = orthostat(&[&["analyze", "--readings", "1", &path], arguments].concat());
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert!(message.contains(says) && output.stdout.is_empty(), "{arguments:?}: {message}");
    };
    fails(&["--region", "500,0,450,800"], "expected a rectangle X,Y,W,H in the upright photo of 900 x 800 pixels");
    fails(&["--region", "0,0,0,800"], "expected a region of at least 1 x 1 pixels, found one of 0 x 800");
    fails(&["--region", "1,2,3"], "expected four numbers X,Y,W,H, found 3");
    fails(
        &["--view", "anterior"],
        "expected one view for the view that was given, found 2 panels; choose one as region: 0,0,",
    );
    fails(&["--plumb", "10,10,10,500"], "for the plumb line that was given");
    let named =
        orthostat(&["analyze", "--json", "--readings", "1", "--view", "anterior", "--region", "0,0,450,800", &path]);
    assert_eq!(lines(&named).len(), 1, "{}", text(&named.stderr));
}

#[test]
fn a_batch_has_a_row_a_picture_and_an_id_for_each_panel_and_resumes() {
    let folder = tempfile::tempdir().expect("a folder");
    let intake = folder.path().join("intake");
    std::fs::create_dir(&intake).expect("made");
    let made = collage(&[FRONT, SIDE, BACK], 3, [450, 800], 8, 255);
    saved(&made.picture, &intake, "collage.jpg", 92);
    std::fs::copy(repository("samples").join(LEVEL), intake.join("single.jpg")).expect("copied");
    let (intake, out) = (intake.display().to_string(), folder.path().join("out"));
    let place = out.display().to_string();
    let run = |further: &[&str]| {
        let output = orthostat(
            &[&["batch", &intake, "--out", &place, "--pictures", "--report", "--quality", "fast"], further].concat(),
        );
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    assert!(run(&[]).contains("4 measured, 0 refused, 0 failed"));
    let results = |name: &str| std::fs::read_to_string(out.join(name)).expect(name);
    let ids: Vec<String> = results("results.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Record>(line).expect("a record").id)
        .collect();
    assert_eq!(ids, ["collage#1", "collage#2", "collage#3", "single"]);
    for name in ["collage#1", "collage#2", "collage#3", "single"] {
        assert!(out.join(format!("pictures/{name}.jpg")).is_file(), "{name}");
    }
    let page = results("reports/collage.html");
    assert_eq!(page.matches("<figure class=\"photo\">").count(), 3);
    assert_eq!(results("failures.csv").lines().count(), 1);
    let before = ["results.jsonl", "results.csv", "results_long.csv", "summary.html", ".journal.jsonl"].map(results);
    // A missing picture is made again; nothing else is measured, and the bytes are the same.
    std::fs::remove_file(out.join("pictures/collage#2.jpg")).expect("removed");
    run(&["--resume"]);
    assert!(out.join("pictures/collage#2.jpg").is_file());
    let after = ["results.jsonl", "results.csv", "results_long.csv", "summary.html", ".journal.jsonl"].map(results);
    assert!(before == after);
}

#[test]
fn a_manifest_names_regions_and_the_filter_gives_a_line_for_each_panel() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = collage(&[FRONT, BACK], 2, [450, 800], 8, 255);
    let path = saved(&made.picture, folder.path(), "two.jpg", 92);
    let list = folder.path().join("list.csv");
    std::fs::write(
        &list,
        "path,id,view,region\ntwo.jpg,front,anterior,\"0,0,450,800\"\ntwo.jpg,back,posterior,\"458,0,450,800\"\n",
    )
    .expect("written");
    let (list, out) = (list.display().to_string(), folder.path().join("out"));
    let output = orthostat(&["batch", "--manifest", &list, "--out", &out.display().to_string(), "--readings", "1"]);
    assert!(output.status.code().is_some_and(|code| code <= 1), "{}", text(&output.stderr));
    let results = std::fs::read_to_string(out.join("results.jsonl")).expect("results");
    let found: Vec<Record> = results.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
    let regions: Vec<_> = found.iter().map(|record| (record.id.as_str(), record.source.region)).collect();
    let at = |x: u32| Some(Area { x, y: 0, width: 450, height: 800 });
    assert_eq!(regions, [("front", at(0)), ("back", at(458))]);
    std::fs::write(&list, "path,region\ntwo.jpg,\"0,0,0,5\"\n").expect("written");
    let output = orthostat(&["batch", "--manifest", &list, "--dry-run"]);
    assert!(
        text(&output.stderr).contains("line 2: column region: expected a region of at least 1 x 1"),
        "{}",
        text(&output.stderr)
    );
    let output = orthostat(&["batch", &path, "--jsonl", "--readings", "1"]);
    let ids: Vec<Value> = lines(&output).into_iter().map(|record| record["id"].clone()).collect();
    assert_eq!(ids, ["two#1", "two#2"]);
}

#[test]
fn panels_of_one_photo_are_separate_records_of_the_history_and_can_be_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = collage(&[FRONT, BACK], 2, [450, 800], 8, 255);
    let path = saved(&made.picture, folder.path(), "two.jpg", 92);
    let base = folder.path().join("history.sqlite").display().to_string();
    let keep = ["analyze", &path, "--readings", "1", "--save", "Ann", "--date", "2026-03-02", "--db", &base];
    for _ in 0..2 {
        let output = orthostat(&keep);
        assert!(output.status.code().is_some_and(|code| code <= 1), "{}", text(&output.stderr));
    }
    let listed = text(&orthostat(&["history", "list", "--db", &base]).stdout);
    assert!(listed.contains('2') && listed.contains("Ann"), "{listed}");
    let other = collage(&[LEVEL, BACK], 2, [450, 800], 8, 255);
    let other = saved(&other.picture, folder.path(), "later.jpg", 92);
    let compared = orthostat(&["compare", "--readings", "1", &path, &other]);
    let shown = text(&compared.stdout);
    assert!(shown.contains("two.jpg#1") && shown.contains("later.jpg#2"), "{shown} {}", text(&compared.stderr));
}

/// The picture with lines that divide it into this many parts across and along.
fn ruled(plain: &RgbImage, parts: u32, thick: u32, grey: u8) -> RgbImage {
    let (width, height) = plain.dimensions();
    let mut drawn = plain.clone();
    for part in 1..parts {
        let (x, y) = (width * part / parts, height * part / parts);
        for (left, top, wide, high) in [(x, 0, thick, height), (0, y, width, thick)] {
            for (dx, dy) in (0..wide).flat_map(|dx| (0..high).map(move |dy| (dx, dy))) {
                drawn.put_pixel(left + dx, top + dy, image::Rgb([grey; 3]));
            }
        }
    }
    drawn
}

#[test]
fn lines_drawn_over_a_picture_part_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = sample(LEVEL);
    // The position of the only person.
    let person = Area { x: 250, y: 150, width: 450, height: 1150 };
    for (parts, thick, grey) in [(2, 2, 255), (3, 1, 255), (3, 2, 255), (3, 3, 0), (8, 2, 128)] {
        for quality in [60, 92] {
            let path = saved(&ruled(&plain, parts, thick, grey), folder.path(), "drawn.jpg", quality);
            let found = panels(&image::open(&path).expect("read").into_rgb8(), &[person]);
            assert_eq!(found, [], "{parts} parts, {thick} px of {grey}, quality {quality}");
        }
    }
    let path = saved(&ruled(&plain, 3, 2, 255), folder.path(), "thirds.jpg", 92);
    let output = orthostat(&["analyze", "--json", "--readings", "1", &path]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(lines(&output)[0]["id"], "thirds");
}

#[test]
fn lines_drawn_across_one_body_make_no_panels() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut picture = sample("anterior-tilted.jpg");
    let (width, height) = picture.dimensions();
    for third in [1, 2] {
        let near = |at: u32, length: u32| at.abs_diff(length * third / 3) <= 1;
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            if near(x, width) || near(y, height) {
                *pixel = Rgb([255; 3]);
            }
        }
    }
    let path = saved(&picture, folder.path(), "thirds.jpg", 92);
    let output = orthostat(&["analyze", "--json", "--quality", "fast", &path]);
    let found = lines(&output);
    assert_eq!(found.len(), 1, "{}", text(&output.stderr));
    assert!(found[0]["measures"]["shoulder_tilt"]["value"].is_number());
}
