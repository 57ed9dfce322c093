//! `orthostat batch` killed, interrupted and resumed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::batching::{QUICK, assert_same, batch, intake, parts, path, program, rows, sample};
use crate::support::text;

/// The same input gives the same bytes with any number of workers, if killed at any moment and resumed, and if run twice.
#[test]
fn killed_runs_end_with_the_bytes_of_an_undisturbed_one() {
    let photos = intake(10);
    std::fs::write(photos.path().join("broken.jpg"), b"\xff\xd8\xff\xe0 and nothing more").expect("written");
    let results = tempfile::tempdir().expect("a folder");
    let arguments = |out: &Path, jobs: &str| -> Vec<String> {
        let mut all = vec!["batch".into(), path(photos.path()).into(), "--out".into(), path(out).into()];
        all.extend(["--pictures", "--jobs", jobs].map(String::from));
        all.extend(QUICK.map(String::from));
        all
    };
    let undisturbed = results.path().join("undisturbed");
    let output = program().args(arguments(&undisturbed, "2")).output().expect("started");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert_eq!(rows(&undisturbed.join("results.csv")).len(), 10);
    let one_worker = results.path().join("one-worker");
    program().args(arguments(&one_worker, "1")).status().expect("started");
    assert_same(&undisturbed, &one_worker, "one worker");

    // After this many lines of the journal; and as soon as these files exist.
    let lines = |n: usize| {
        move |out: &Path| {
            // The first line is a heading.
            std::fs::read(out.join(".journal.jsonl")).is_ok_and(|j| j.iter().filter(|&&b| b == b'\n').count() > n)
        }
    };
    type Moment = Box<dyn Fn(&Path) -> bool>;
    let exists = |name: &'static str| move |out: &Path| out.join(name).exists();
    let moments: Vec<(&str, Moment)> = vec![
        ("at once", Box::new(|_: &Path| true)),
        ("journal made", Box::new(exists(".journal.jsonl"))),
        ("one photo", Box::new(lines(1))),
        ("five photos", Box::new(lines(5))),
        ("ten photos", Box::new(lines(10))),
        ("first results", Box::new(|out: &Path| parts(out).len() > 4)),
        ("results placed", Box::new(exists("results.jsonl"))),
    ];
    for (name, moment) in moments {
        let out = results.path().join(name.replace(' ', "-"));
        let mut child = program().args(arguments(&out, "2")).stderr(Stdio::null()).spawn().expect("started");
        let start = Instant::now();
        while !moment(&out) && child.try_wait().expect("asked").is_none() {
            assert!(start.elapsed() < Duration::from_secs(600), "{name} never came");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        let mut again = arguments(&out, "2");
        again.push("--resume".into());
        let output = program().args(&again).output().expect("started");
        assert_eq!(output.status.code(), Some(1), "{name}: {}", text(&output.stderr));
        assert_same(&undisturbed, &out, name);
        std::fs::remove_dir_all(&out).expect("removed");
    }

    // Killed between two of the results, with unfinished files of another program in the folder, which are kept.
    for gone in [&["summary.html"][..], &["results.csv", "failures.csv", "summary.html"], &["pictures/photo-03.jpg"]] {
        for name in gone {
            std::fs::remove_file(one_worker.join(name)).expect("removed");
        }
        std::fs::write(one_worker.join(".results.csv.part"), "half").expect("written");
        std::fs::write(one_worker.join("pictures/.photo-03.jpg.part"), "half").expect("written");
        let mut again = arguments(&one_worker, "1");
        again.push("--resume".into());
        program().args(&again).status().expect("started");
        for half in [".results.csv.part", "pictures/.photo-03.jpg.part"] {
            std::fs::remove_file(one_worker.join(half)).expect("left where it was");
        }
        assert_same(&undisturbed, &one_worker, &format!("without {gone:?}"));
    }
}

/// A photo that was in progress when runs were killed is measured by the resumed run, until three runs have ended over it alone.
#[test]
fn a_photo_over_which_runs_end_is_left_out_with_a_reason() {
    let photos = intake(2);
    let results = tempfile::tempdir().expect("a folder");
    let out = results.path().join("out");
    let mut arguments = vec!["batch", path(photos.path()), "--out", path(&out), "--jobs", "1", "--resume"];
    arguments.extend(QUICK);
    let marks = out.join(".in-work.jsonl");
    let lines = || -> Vec<String> {
        let text = std::fs::read_to_string(&marks).unwrap_or_default();
        text.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(str::to_owned).collect()
    };
    // Each round is killed as soon as the first photo is started; from the second on, the other photo comes before it.
    for round in 1..=3 {
        let mut child = program().args(&arguments).stderr(Stdio::null()).spawn().expect("started");
        let start = Instant::now();
        let taken_up =
            || lines().first().is_some_and(|first| lines().iter().filter(|&line| line == first).count() >= round);
        while !taken_up() {
            assert!(child.try_wait().expect("asked").is_none(), "round {round} ended before it was killed");
            assert!(start.elapsed() < Duration::from_secs(600), "round {round} never began");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    assert!(lines()[0].contains("\"alone\":true"), "{:?}", lines());
    let output = program().args(&arguments).output().expect("started");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let failures = rows(&out.join("failures.csv"));
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0]["code"], "run_killed");
    assert!(failures[0]["reason"].starts_with("three earlier runs were killed"), "{failures:?}");
    assert_eq!(rows(&out.join("results.csv")).len(), 1);
    assert!(!marks.exists(), "nothing is in work any more");
    let again = program().args(&arguments).output().expect("started");
    assert_eq!(again.status.code(), Some(1), "it stays left out");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_what_is_in_hand_and_says_how_to_go_on() {
    let photos = intake(12);
    let results = tempfile::tempdir().expect("a folder");
    let out = results.path().join("out");
    let arguments = ["batch", path(photos.path()), "--out", path(&out), "--jobs", "1", "--readings", "1"];
    let mut child =
        program().args(arguments).args(["--progress", "json"]).stderr(Stdio::piped()).spawn().expect("started");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    let first: Value = serde_json::from_str(&lines.next().expect("a line").expect("read")).expect("JSON");
    assert_eq!((first["done"].as_u64(), first["total"].as_u64()), (Some(0), Some(12)));
    let start = Instant::now();
    while std::fs::read(out.join(".journal.jsonl")).is_ok_and(|j| j.iter().filter(|&&b| b == b'\n').count() < 2) {
        assert!(start.elapsed() < Duration::from_secs(600));
        std::thread::sleep(Duration::from_millis(2));
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(kill.success());
    let status = child.wait().expect("ended");
    let said: Vec<String> = lines.map(|line| line.expect("read")).collect();
    assert_eq!(status.code(), Some(130), "{said:?}");
    let last = said.last().expect("a word");
    assert!(last.contains("of 12 photos are done") && last.contains("--resume"), "{last}");
    assert!(!out.join("results.jsonl").exists());
    // Without --resume nothing of it is overwritten.
    let output = batch(&["--out", path(&out), path(photos.path())]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("go on with it by --resume, or write over it by --force"));
    let output = program().args(arguments).arg("--resume").output().expect("started");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(rows(&out.join("results.csv")).len(), 12);
}

/// Another photo under the same name does not silently replace the earlier result.
#[test]
fn results_of_other_photos_with_the_same_ids_are_kept() {
    let (folder, out) = (intake(2), tempfile::tempdir().expect("a folder"));
    let (photos, results) = (path(folder.path()), path(out.path()));
    let resumed = [&[photos, "--out", results, "--resume"], &QUICK[..]].concat();
    let first = batch(&[&[photos, "--out", results], &QUICK[..]].concat());
    assert!(first.status.success(), "{}", text(&first.stderr));
    let before = std::fs::read_to_string(out.path().join("results.jsonl")).expect("results");
    let line = before.lines().find(|line| line.contains("\"id\":\"photo-01\"")).expect("the second photo").to_owned();
    // The same photos: nothing is replaced.
    assert!(batch(&resumed).status.success() && !out.path().join("replaced.jsonl").exists());
    std::fs::write(folder.path().join("photo-01.jpg"), sample("anterior-level.jpg")).expect("written");
    let again = batch(&resumed);
    assert!(again.status.success(), "{}", text(&again.stderr));
    let said = "1 earlier result is not of the photos that have the same ids now (such as \"photo-01\")";
    assert!(text(&again.stderr).contains(said), "{}", text(&again.stderr));
    let kept = std::fs::read_to_string(out.path().join("replaced.jsonl")).expect("kept");
    assert_eq!(kept, format!("{line}\n"));
    let now = std::fs::read_to_string(out.path().join("results.jsonl")).expect("results");
    assert!(!now.contains(&line) && now.lines().count() == 2);
    // Another one still: both earlier results stay.
    std::fs::write(folder.path().join("photo-01.jpg"), sample("posterior-tilted.jpg")).expect("written");
    assert!(batch(&resumed).status.success());
    let kept = || std::fs::read_to_string(out.path().join("replaced.jsonl")).expect("kept").lines().count();
    assert_eq!(kept(), 2);
    // A photo that fails now does not take its earlier result with it, and nothing is kept twice.
    std::fs::write(folder.path().join("photo-01.jpg"), b"no picture").expect("written");
    for _ in 0..2 {
        batch(&resumed);
        assert_eq!(kept(), 3);
    }
    // A folder's records are those of its photos now.
    let listed = program().args(["recompute", results, "--json"]).output().expect("the program starts");
    let ids: Vec<String> = text(&listed.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a record")["id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(ids, ["photo-00"]);
}
