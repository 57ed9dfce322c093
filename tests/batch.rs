//! `orthostat batch` in use: folders, lists and filters; de-identified.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::batching::{
    QUICK, assert_same, at_whole_pixels, batch, files, intake, path, program, rows, sample,
};
use crate::support::text;

#[test]
fn a_batch_gives_what_each_photo_gives_alone() {
    let photos = intake(3);
    let results = tempfile::tempdir().expect("a folder");
    let out = results.path().join("out");
    let output = batch(&[&[path(photos.path()), "--out", path(&out)], &QUICK[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines = std::fs::read_to_string(out.join("results.jsonl")).expect("results");
    for (number, line) in lines.lines().enumerate() {
        let photo = photos.path().join(format!("photo-{number:02}.jpg"));
        let alone = program().args(["analyze", "--json", "--readings", "1", path(&photo)]).output().expect("started");
        assert_eq!(line, text(&alone.stdout).trim_end());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&out).expect("there").permissions().mode() & 0o777, 0o700);
        for name in files(&out).keys() {
            let mode = std::fs::metadata(out.join(name)).expect("there").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{}", name.display());
        }
    }
    let long = rows(&out.join("results_long.csv"));
    let wide = rows(&out.join("results.csv"));
    let tilt = long.iter().find(|row| row["id"] == "photo-00" && row["measure"] == "shoulder_tilt").expect("measured");
    assert_eq!((&tilt["value"], &tilt["low"]), (&wide[0]["shoulder_tilt"], &wide[0]["shoulder_tilt_low"]));
    for name in ["results.csv", "results_long.csv", "results.jsonl", "failures.csv"] {
        let text = std::fs::read_to_string(out.join(name)).expect("UTF-8");
        assert!(!text.contains('\r') && !text.contains("NaN") && !text.contains("inf,"), "{name}");
    }
}

/// Nothing names a person: neither files, nor their names, nor the terminal.
#[test]
fn deidentified_outputs_name_nobody_and_show_no_head() {
    let folder = tempfile::tempdir().expect("a folder");
    let photos = folder.path().join("Smithson");
    std::fs::create_dir(&photos).expect("made");
    std::fs::write(photos.join("Anna Smithson yr1961.jpg"), sample("anterior-tilted.jpg")).expect("written");
    std::fs::write(photos.join("Berta Smithson.jpg"), b"Smithson, not a picture").expect("written");
    // This photo must have no head in its record: knees-up crops keep it, so the top is cut off.
    let whole = image::load_from_memory(&sample("anterior-level.jpg")).expect("a picture");
    let headless = whole.crop_imm(0, 420, whole.width(), whole.height() - 420);
    headless.save(photos.join("Carla Smithson.png")).expect("written");
    std::fs::write(
        photos.join("intake.csv"),
        "path,id,subject,visit_date,notes,clinic\n\
         Anna Smithson yr1961.jpg,MRN-4711,Anna Smithson,2026-11-02,Smithson limps,Smithson & Co\n\
         Berta Smithson.jpg,MRN-4712,Berta Smithson,2026-11-09,,\n\
         Carla Smithson.png,MRN-4713,Anna Smithson,2026-11-16,,\n",
    )
    .expect("written");
    let (out, key) = (folder.path().join("out"), folder.path().join("kept-apart/key"));
    let manifest = photos.join("intake.csv");
    let arguments = [
        &["--manifest", path(&manifest), "--out", path(&out), "--deidentify", "--key", path(&key), "--pictures"],
        &["--readings", "1", "--progress", "plain"][..],
    ]
    .concat();
    let output = batch(&arguments);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr)).replace(path(folder.path()), "");
    let mut all: Vec<(String, Vec<u8>)> = vec![("the terminal".into(), said.into_bytes())];
    all.extend(files(&out).into_iter().map(|(name, bytes)| (name.display().to_string(), bytes)));
    let own_hash = blake3::hash(&sample("anterior-tilted.jpg")).to_hex().to_string();
    for (name, bytes) in &all {
        let content = String::from_utf8_lossy(bytes);
        for secret in ["Smithson", "MRN", "2026-11", "limps", "yr1961", &own_hash] {
            assert!(!content.contains(secret) && !name.contains(secret), "\"{secret}\" in {name}");
        }
        for marker in [&b"Exif"[..], b"http://ns.adobe.com"] {
            assert!(!name.ends_with(".jpg") || !bytes.windows(marker.len()).any(|w| w == marker), "{name}");
        }
    }
    // In the order of the ids, which does not reveal that of the list.
    let mut table = rows(&out.join("results.csv"));
    assert!(table.is_sorted_by_key(|row| row["id"].clone()));
    assert!(table[0].keys().all(|column| !["clinic", "notes"].contains(&column.as_str())), "{:?}", table[0].keys());
    table.sort_by_key(|row| row["visit_day"].clone());
    assert_eq!((table[0]["visit_day"].as_str(), table[1]["visit_day"].as_str()), ("0", "14"));
    assert_eq!(table[0]["subject"], table[1]["subject"]);
    assert_eq!(table[0]["id"].len(), 16);
    // One picture, with the head covered; none of the photo whose head was not found.
    let pictures: Vec<_> = files(&out.join("pictures")).into_iter().collect();
    assert_eq!(pictures.len(), 1);
    assert_eq!(pictures[0].0.to_str(), Some(format!("{}.jpg", table[0]["id"]).as_str()));
    let picture = image::load_from_memory(&pictures[0].1).expect("a picture").to_rgb8();
    let lines = std::fs::read_to_string(out.join("results.jsonl")).expect("results");
    let records: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let record = records.iter().find(|record| record["id"] == *table[0]["id"]).expect("there");
    assert!(record.get("sighting").is_none() && at_whole_pixels(record), "{record}");
    let at = |axis: &str| record["landmarks"]["nose"][axis].as_f64().expect("placed") as u32;
    let around = |v: u32| v - 60..v + 60;
    let grey = around(at("x")).flat_map(|x| around(at("y")).map(move |y| (x, y))).filter(|&(x, y)| {
        let pixel = picture.get_pixel(x, y).0;
        pixel.iter().all(|channel| channel.abs_diff(96) < 12)
    });
    // The rest is lines and their labels.
    let share = grey.count() as f64 / 120.0_f64.powi(2);
    assert!(share > 0.7, "{share}");
    // The same key gives the same ids, another key different ones.
    let again = folder.path().join("again");
    batch(&[&arguments[..2], &["--out", path(&again)], &arguments[4..]].concat());
    assert_same(&out, &again, "the same key");
    let other = folder.path().join("other");
    let other_key = folder.path().join("other-key");
    batch(&[
        "--manifest",
        path(&manifest),
        "--out",
        path(&other),
        "--deidentify",
        "--key",
        path(&other_key),
        "--readings",
        "1",
    ]);
    assert!(rows(&other.join("results.csv")).iter().all(|row| row["id"] != table[0]["id"]));
}

#[test]
fn a_manifest_names_views_statures_and_columns_of_its_own() {
    let folder = intake(2);
    let list = folder.path().join("intake.csv");
    std::fs::write(
        &list,
        "path,id,view,height_cm,mirrored,clinician\nphoto-00.jpg,A-1,posterior,180,no,=HYPERLINK(1)\nphoto-01.jpg,A-2,,,yes,\n",
    )
    .expect("written");
    let out = folder.path().join("out");
    let plan = batch(&["--manifest", path(&list), "--dry-run"]);
    assert_eq!(plan.status.code(), Some(0));
    let plan = text(&plan.stdout);
    assert!(plan.contains("photo-00.jpg,,,posterior,no,180,,\n"), "{plan}");
    assert!(!out.exists());
    let output = batch(&[&["--manifest", path(&list), "--out", path(&out)], &QUICK[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let table = rows(&out.join("results.csv"));
    assert_eq!((table[0]["id"].as_str(), table[0]["view"].as_str()), ("A-1", "posterior"));
    assert!(!table[0]["scale_mm_per_px"].is_empty() && table[1]["scale_mm_per_px"].is_empty());
    assert_eq!((table[0]["mirrored"].as_str(), table[1]["mirrored"].as_str()), ("false", "true"));
    assert_eq!(table[0]["clinician"], "'=HYPERLINK(1)");
}

#[test]
fn problems_are_all_listed_before_any_work() {
    let folder = intake(1);
    let list = folder.path().join("intake.csv");
    std::fs::write(&list, "path,id,view\nphoto-00.jpg,1,top\nno-such.jpg,2,\nphoto-00.jpg,2,\n").expect("written");
    let out = folder.path().join("out");
    let output = batch(&["--manifest", path(&list), "--out", path(&out)]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in
        ["line 2: column view", "line 3: there is no file", "line 4: the id \"2\" stands in line 3", "3 problems"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!out.exists());
    let output = batch(&["no-such-folder", "--out", path(&out)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no-such-folder: no such file or folder"));
    let empty = tempfile::tempdir().expect("a folder");
    let output = batch(&[path(empty.path()), "--out", path(&out)]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(3), "orthostat: no photos found\n".into()));
}

#[test]
fn what_cannot_be_written_is_said_and_ends_with_5() {
    let photos = intake(2);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, b"").expect("written");
    let output = batch(&[path(photos.path()), "--out", path(&file.join("out"))]);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
    #[cfg(unix)]
    {
        // A limit of 10 kB per file simulates a disk that is full after the first photo.
        let out = folder.path().join("full");
        let command = "ulimit -f 20; trap '' 25; exec \"$0\" \"$@\"";
        let output = Command::new("sh")
            .args(["-c", command, env!("CARGO_BIN_EXE_orthostat"), "batch", path(photos.path()), "--out", path(&out)])
            .args(QUICK)
            .stdin(Stdio::null())
            .output()
            .expect("started");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "{said}");
        assert!(said.contains("cannot be written: file too large") && said.contains("--resume"), "{said}");
        // With free space again, it continues.
        let output = batch(&[&[path(photos.path()), "--out", path(&out), "--resume"], &QUICK[..]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
}

/// A filter responds to each path immediately and in order, whatever comes next.
#[test]
fn as_a_filter_each_path_is_answered_in_order_at_once() {
    let photos = intake(2);
    let mut child = program()
        .args(["batch", "-", "--jsonl", "--readings", "1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut paths = child.stdin.take().expect("piped");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let good = |n: usize| photos.path().join(format!("photo-{n:02}.jpg")).display().to_string();
    for (given, id, failed) in
        [(good(0), "photo-00", false), ("no-such.jpg".into(), "no-such", true), (good(1), "photo-01", false)]
    {
        writeln!(paths, "{given}").expect("taken");
        // The next path is not sent before the response has arrived.
        let answer: Value = serde_json::from_str(&lines.next().expect("an answer").expect("read")).expect("JSON");
        assert_eq!((answer["schema"].as_str(), answer["id"].as_str()), (Some("orthostat/1"), Some(id)));
        assert_eq!(answer["error"]["code"].as_str(), failed.then_some("unreadable"));
        assert_eq!(answer["measures"].is_object(), !failed);
    }
    drop(paths);
    assert!(lines.next().is_none());
    assert_eq!(child.wait().expect("ended").code(), Some(1));
    let output = program().args(["batch", "-", "--jsonl"]).output().expect("started");
    assert_eq!(output.status.code(), Some(3));
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_holds_the_rows_of_the_tables() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let photos = intake(2);
    let out = photos.path().join("out");
    let output = batch(&[&[path(photos.path()), "--out", path(&out), "--format", "parquet"], &QUICK[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for name in ["results", "results_long"] {
        let file = std::fs::File::open(out.join(format!("{name}.parquet"))).expect("there");
        let read = SerializedFileReader::new(file).expect("parquet");
        let table = rows(&out.join(format!("{name}.csv")));
        assert_eq!(read.metadata().file_metadata().num_rows() as usize, table.len());
        for (row, expected) in read.get_row_iter(None).expect("rows").zip(&table) {
            for (column, field) in row.expect("a row").into_columns() {
                let field = match field {
                    parquet::record::Field::Null => String::new(),
                    parquet::record::Field::Str(text) => text,
                    other => other.to_string(),
                };
                let numbers = field.parse::<f64>().ok().zip(expected[&column].parse::<f64>().ok());
                assert!(numbers.map_or(field == expected[&column], |(a, b)| a == b), "{name} {column}: {field}");
            }
        }
    }
}

#[test]
fn a_page_for_each_subject_and_its_records_in_the_history() {
    let folder = intake(3);
    let list = folder.path().join("intake.csv");
    std::fs::write(
        &list,
        "path,subject,visit_date\nphoto-00.jpg,Ann <b>,2026-01-05\nphoto-01.jpg,Ann <b>,2026-01-05\nphoto-02.jpg,,\n",
    )
    .expect("written");
    let (out, db) = (folder.path().join("out"), folder.path().join("history.sqlite"));
    let arguments = ["--manifest", path(&list), "--out", path(&out), "--report", "--save", "--db", path(&db)];
    let output = batch(&[&arguments[..], &QUICK[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let pages = files(&out.join("reports"));
    assert_eq!(
        pages.len(),
        3,
        "one page for two views of Ann, one for the photo without a subject, and the index of both"
    );
    let page = text(&pages[Path::new("Ann__b_.html")]);
    assert!(page.contains("Seen from the front") && page.contains("Seen from behind"));
    assert!(!page.contains("Ann <b>"), "names are escaped");
    let listed = program().args(["history", "list", "--db", path(&db)]).output().expect("started");
    assert_eq!(text(&listed.stdout).trim_end(), "Ann <b>: 2 records on 2026-01-05");
}
