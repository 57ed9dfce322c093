//! `orthostat-live` tested as a program. Videos and streams are made here, from the samples; no camera is needed.

#[path = "live/screen.rs"]
pub(crate) mod screen;
#[path = "live/server.rs"]
pub(crate) mod server;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::film::{Shot, empty, film, lean, still};
use opencv::core::{Mat, Vector};
use opencv::imgcodecs::imwrite;
use orthostat::core::measure::Measure;
use orthostat::core::record::Record;
use orthostat::core::watch::WATCHED;
use serde_json::Value;
use server::Server;

const LIVE: &str = env!("CARGO_BIN_EXE_orthostat-live");
const PHOTO: &str = env!("CARGO_BIN_EXE_orthostat");

fn sample(name: &str) -> String {
    format!("{}/samples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The program without a window on a source, with its own data folder.
fn command(source: &str, more: &[&str]) -> Command {
    let mut command = Command::new(LIVE);
    command.args(["--no-window", "--source", source]).args(more);
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"] {
        command.env_remove(name);
    }
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command
}

fn time(line: &Value) -> f64 {
    line["time_ms"].as_f64().unwrap()
}

/// The record by `orthostat analyze` of a sample with the camera set to level.
fn photo_with_level_camera(name: &str) -> Record {
    let output = Command::new(PHOTO).args(["analyze", "--json", "--roll", "0"]).arg(sample(name)).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Runs the program without a window on a source; more arguments may follow.
fn live(source: &str, more: &[&str]) -> Output {
    command(source, more).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// The record by `orthostat analyze` of a sample.
fn analyzed(name: &str, readings: &str) -> Record {
    let output =
        Command::new(PHOTO).args(["analyze", "--json", "--readings", readings]).arg(sample(name)).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A grey picture without a person.
fn empty_picture(path: &Path) {
    let grey =
        Mat::new_rows_cols_with_default(360, 480, opencv::core::CV_8UC3, opencv::core::Scalar::all(120.0)).unwrap();
    assert!(imwrite(path.to_str().unwrap(), &grey, &Vector::new()).unwrap());
}

#[test]
fn a_lean_is_measured_and_told_of_once_after_ten_seconds_and_its_end_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lean.avi");
    // Level for 12 s; leaning by 6 degrees to the left within 1 s and for 14 s; level for 6 s; away for 6 s; level for 2 s.
    let course = |seconds: f64| match seconds {
        s if s < 12.0 => Some(0.0),
        s if s < 13.0 => Some(6.0 * (s - 12.0)),
        s if s < 27.0 => Some(6.0),
        s if s < 33.0 => Some(0.0),
        s if s < 39.0 => None,
        _ => Some(0.0),
    };
    let shots: Vec<Shot> = (0..410)
        .map(|k| course(0.1 * f64::from(k)).map_or(empty(360, 480), |deg| lean("anterior-level.jpg", 360, 480, deg)))
        .collect();
    film(&path, 10.0, &shots);
    let session = folder.path().join("day.csv");
    let output = command(path.to_str().unwrap(), &["--jsonl", "--watch", "--roll", "0", "--session"])
        .arg(&session)
        .env("XDG_DATA_HOME", folder.path())
        .output()
        .unwrap();
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let all = lines(&output);
    let (events, periods): (Vec<_>, Vec<_>) = all.iter().partition(|line| line.get("event").is_some());

    // The baseline: taken first, saved, private.
    let baseline = folder.path().join("orthostat/baselines/default.json");
    let kept: Value = serde_json::from_slice(&std::fs::read(&baseline).unwrap()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&baseline).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(stderr(&output).contains("there is none yet") && stderr(&output).contains("baseline \"default\" taken"));

    // The lean: within the interval of every period during it.
    let usual = kept["measures"]["trunk_lean"]["median"].as_f64().unwrap();
    let during: Vec<&&Value> = periods.iter().filter(|line| (15e3..25e3).contains(&time(line))).collect();
    assert!(during.len() >= 9);
    for line in &during {
        assert_eq!((&line["state"], line["still_frames"].as_u64().unwrap() >= 8), (&"ready".into(), true), "{line}");
        let found = &line["measures"]["trunk_lean"];
        let (low, high) = (found["interval95"][0].as_f64().unwrap(), found["interval95"][1].as_f64().unwrap());
        assert!((low..=high).contains(&(usual + 6.0)), "{usual} + 6 is not in {found}");
        assert!((found["value"].as_f64().unwrap() - usual - 6.0).abs() < 1.0, "{usual} + 6: {found}");
    }

    // One event after ten seconds of departure, one when it has ended, and nothing else: the absence of the person is not a departure.
    let told: Vec<(&str, f64)> = events.iter().map(|e| (e["event"].as_str().unwrap(), time(e) / 1e3)).collect();
    assert_eq!(told.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["begin", "end"], "{told:?}");
    // It departs by more than 3 degrees from 12.5 s on.
    assert!((22.4..24.5).contains(&told[0].1) && (30.0..31.5).contains(&told[1].1), "{told:?}");
    assert!(
        events[0]["words"].as_str().unwrap().contains("trunk leans to the left more than usual by"),
        "{}",
        events[0]
    );
    assert!(events[0]["departures"]["trunk_lean"].as_f64().unwrap() > 5.0);
    assert_eq!(stderr(&output).matches('\u{7}').count(), 1, "without a desktop the bell rings, once");

    let away: Vec<f64> = periods.iter().filter(|line| line["state"] == "away").map(|line| time(line)).collect();
    assert!((5..=7).contains(&away.len()) && away.iter().all(|t| (32e3..40e3).contains(t)), "{away:?}");

    // The session's summary agrees with the film.
    let rows = std::fs::read_to_string(&session).unwrap();
    assert!(rows.starts_with("time_s,lasted_s,state,posture,") && rows.contains(",begin\n") && rows.contains(",end\n"));
    let output = Command::new(LIVE).arg("--summary").arg(&session).output().unwrap();
    let summary = String::from_utf8_lossy(&output.stdout).into_owned();
    let seconds = |name: &str| {
        let line = summary.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.split_whitespace()
            .find(|word| word.contains(':'))
            .unwrap()
            .rsplit(':')
            .next()
            .unwrap()
            .parse::<f64>()
            .unwrap()
    };
    assert!(summary.starts_with("session of 0:00:41"), "{summary}");
    assert!((12.0..=16.0).contains(&seconds("tilted")) && (5.0..=7.0).contains(&seconds("away")), "{summary}");
    // The ten seconds of the baseline are not judged.
    assert!((6.0..=12.0).contains(&seconds("level")) && summary.contains("episodes               1"), "{summary}");

    // A second run finds the baseline, and --quiet sends no alert.
    let output = command(path.to_str().unwrap(), &["--jsonl", "--watch", "--roll", "0", "--quiet", "--frames", "250"])
        .env("XDG_DATA_HOME", folder.path())
        .output()
        .unwrap();
    let events = lines(&output).into_iter().filter(|line| line.get("event").is_some()).count();
    assert_eq!((events, stderr(&output).as_str()), (1, ""));
}

#[test]
fn a_standing_check_gives_one_record_with_the_truth_in_its_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("check.avi");
    // A person enters, leans by 4 degrees to the right, and sways by a third of a degree.
    let sway = |k: i32| lean("anterior-level.jpg", 720, 960, -4.0 + 0.3 * (0.3 * f64::from(k)).sin());
    let shots: Vec<Shot> = (0..5).map(|_| empty(720, 960)).chain((0..90).map(sway)).collect();
    film(&path, 10.0, &shots);
    let out = folder.path().join("checks");
    let output =
        command(path.to_str().unwrap(), &["--check", "--jsonl", "--roll", "0", "--out"]).arg(&out).output().unwrap();
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let message = stderr(&output);
    for said in ["stand in the picture", "orthostat-live: 3\n", "orthostat-live: 1\n", "hold still", "check-001.json"] {
        assert!(message.contains(said), "{said}: {message}");
    }
    let printed: Record = serde_json::from_slice(&output.stdout).unwrap();
    let saved = Record::open(&out.join("check-001.json")).unwrap();
    assert_eq!(printed, saved);
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1, "no picture is stored");
    assert!(saved.tool.readings >= 20 && saved.source.format == "frames" && saved.source.blake3.is_none());
    // The values of a photo of the same person, turned by the same angle.
    let photo = photo_with_level_camera("anterior-level.jpg");
    for measure in WATCHED {
        let (check, photo) = (saved.measure(measure).unwrap(), photo.measure(measure).unwrap());
        // Leaning to the right, the left ear, shoulder and hip are higher.
        let truth = photo.value.unwrap() + if measure == Measure::TrunkLean { -4.0 } else { 4.0 };
        let [low, high] = check.interval95.unwrap();
        assert!((low..=high).contains(&truth), "{}: {truth} is not in {low} to {high}", measure.name());
    }
}

#[test]
fn a_check_of_somebody_who_does_not_stand_still_is_given_up_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("restless.avi");
    let shots: Vec<Shot> =
        (0..220).map(|k| lean("anterior-level.jpg", 360, 480, 8.0 * (0.8 * f64::from(k)).sin())).collect();
    film(&path, 10.0, &shots);
    let output = command(path.to_str().unwrap(), &["--check", "--out"]).arg(folder.path()).output().unwrap();
    assert_eq!(code(&output), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("once more") && stderr(&output).contains("given up"), "{}", stderr(&output));
    assert!(output.stdout.is_empty() && !folder.path().join("check-001.json").exists());
}

#[test]
fn a_stream_that_dies_in_the_middle_of_a_picture_is_waited_for_and_read_on() {
    let shots = [still("anterior-level.jpg", 360, 480), still("anterior-tilted.jpg", 360, 480)];
    let server = Server::start(&shots, Duration::from_millis(40));
    let address = format!("http://watch:word@127.0.0.1:{}/video?token=word", server.port());
    let child = command(&address, &["--jsonl", "--every", "400ms", "--rate", "12", "--frames", "40"]).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    server.die_in_the_middle_of_a_picture();
    std::thread::sleep(Duration::from_secs(1));
    server.come_back();
    let output = child.wait_with_output().unwrap();
    let message = stderr(&output);
    assert_eq!(code(&output), Some(0), "{message}");
    let name = format!("http://127.0.0.1:{}/video", server.port());
    assert!(message.contains(&format!("{name} went away (the stream broke off); waiting for it")), "{message}");
    assert!(message.contains(&format!("{name} is back")) && !message.contains("word"), "{message}");
    let lines = lines(&output);
    let states: Vec<&str> = lines.iter().map(|line| line["state"].as_str().unwrap()).collect();
    let (first, last) =
        (states.iter().position(|s| *s == "waiting").unwrap(), states.iter().rposition(|s| *s == "waiting").unwrap());
    assert!(states[..first].contains(&"ready") && states[last..].contains(&"ready"), "{states:?}");
    assert!(server.authorized(), "user and password are sent");
    // Real time stamps: they include the second of silence, and 40 frames at 12 a second.
    let times: Vec<f64> = lines.iter().map(time).collect();
    assert!(times.windows(2).all(|pair| pair[1] > pair[0]), "{times:?}");
    assert!((3000.0..12_000.0).contains(times.last().unwrap()), "{times:?}");
}

#[test]
fn late_frames_of_a_stream_are_dropped_and_not_queued() {
    let server = Server::start(&[still("anterior-level.jpg", 360, 480)], Duration::from_millis(10));
    let address = format!("http://127.0.0.1:{}/", server.port());
    let output = command(&address, &["--jsonl", "--every", "0", "--rate", "5", "--frames", "10"]).output().unwrap();
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let times: Vec<f64> = lines(&output).iter().map(time).collect();
    assert_eq!(times.len(), 10);
    // 100 frames a second are sent and 5 are processed, each the latest: queued ones would be 10 ms apart. A busy machine may take
    // longer, and catch up once.
    let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_by(f64::total_cmp);
    assert!((150.0..400.0).contains(&gaps[gaps.len() / 2]) && gaps[0] > 40.0, "{times:?}");
}

#[test]
fn a_stream_that_stays_away_is_given_up_when_asked() {
    let server = Server::start(&[still("anterior-level.jpg", 360, 480)], Duration::from_millis(40));
    let address = format!("http://127.0.0.1:{}/", server.port());
    let child = command(&address, &["--give-up", "1s"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    server.die_in_the_middle_of_a_picture();
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), Some(1));
    assert!(stderr(&output).contains("it went away and did not come back"), "{}", stderr(&output));
}

#[test]
fn every_frame_of_a_file_is_read_with_its_own_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walk.avi");
    // 12.5 frames a second, which no camera has: a wrongly assumed rate would be detected.
    film(&path, 12.5, &[still("posterior-tilted.jpg", 540, 720); 12]);
    let output = live(path.to_str().unwrap(), &["--jsonl", "--every", "0"]);
    assert_eq!((code(&output), stderr(&output).as_str()), (Some(0), ""));
    let lines = lines(&output);
    assert_eq!(lines.len(), 12);
    for (number, line) in lines.iter().enumerate() {
        assert_eq!((line["schema"].as_str(), line["frame"].as_u64()), (Some("orthostat/1"), Some(number as u64)));
        assert_eq!((time(line), &line["view"]["kind"]), (80.0 * number as f64, &"posterior".into()));
        assert_eq!((&line["source"]["file"], &line["source"]["format"]), (&"walk.avi".into(), &"frames".into()));
    }
    let output = live(path.to_str().unwrap(), &["--jsonl", "--every", "0", "--loop", "--frames", "30"]);
    let times: Vec<f64> = self::lines(&output).iter().map(time).collect();
    assert_eq!(times.len(), 30);
    assert!(times.windows(2).all(|pair| (79.0..81.0).contains(&(pair[1] - pair[0]))), "{times:?}");
}

#[test]
fn an_upper_body_alone_is_measured_and_the_rest_left_out_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.avi");
    // The upper half of the picture: head and shoulders, as at a desk.
    film(&path, 10.0, &[crate::film::upper("anterior-level.jpg", 640, 400); 15]);
    let output = live(path.to_str().unwrap(), &["--jsonl"]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let line = lines(&output).pop().unwrap();
    assert!(
        line["measures"]["shoulder_tilt"]["value"].is_number() && line["measures"]["head_tilt"]["value"].is_number()
    );
    let hips = &line["measures"]["pelvic_obliquity"];
    let reason = hips["reason"].as_str().unwrap_or_default();
    assert!(hips["value"].is_null() && (reason.contains("hip outside") || reason.contains("hip hidden")), "{hips}");
}

#[test]
fn what_does_not_go_together_is_wrong_usage() {
    let sample = sample("anterior-level.jpg");
    for (arguments, says) in [
        (&["--source", &sample, "--check"][..], "need a source with a clock"),
        (&["--camera", "0", "--source", "x"], "cannot be used with"),
        (&["--watch", "--check"], "cannot be used with"),
        (&["--every", "2 hours"], "expected a time"),
    ] {
        let output = Command::new(LIVE).arg("--no-window").args(arguments).output().unwrap();
        assert_eq!(code(&output), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
    }
    let folder = tempfile::tempdir().unwrap();
    let video = folder.path().join("a.avi");
    film(&video, 5.0, &[still("anterior-level.jpg", 360, 480); 2]);
    let watch = command(video.to_str().unwrap(), &["--watch", "--baseline", "../x"]).output().unwrap();
    assert_eq!(code(&watch), Some(2), "{}", stderr(&watch));
    let there = command(video.to_str().unwrap(), &["--session"]).arg(&video).output().unwrap();
    assert_eq!(code(&there), Some(5), "a file that is there is not written over");
    let summary = Command::new(LIVE).arg("--summary").arg(&video).output().unwrap();
    assert_eq!(code(&summary), Some(1));
    assert!(stderr(&summary).contains("line 1: expected the heading of a session"), "{}", stderr(&summary));
}

#[test]
fn a_machine_without_a_camera_says_so() {
    let cameras = Command::new(LIVE).arg("--list-cameras").output().unwrap();
    assert!(matches!(code(&cameras), Some(0 | 3)), "{}", stderr(&cameras));
    let output = Command::new(LIVE).args(["--no-window", "--camera", "63"]).output().unwrap();
    assert_eq!(code(&output), Some(1));
    let message = stderr(&output);
    assert!(message.contains("camera 63: cannot be read: ") && message.contains("camera"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn a_sequence_of_photos_gives_exactly_their_records() {
    let folder = tempfile::tempdir().unwrap();
    // A gap in the numbers does not end the sequence, and neither does an unreadable picture.
    std::fs::copy(sample("anterior-level.jpg"), folder.path().join("frame_0007.jpg")).unwrap();
    std::fs::write(folder.path().join("frame_0008.jpg"), "no picture").unwrap();
    std::fs::copy(sample("anterior-tilted.jpg"), folder.path().join("frame_0012.jpg")).unwrap();
    let output = live(folder.path().join("frame_%04d.jpg").to_str().unwrap(), &["--jsonl"]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let lines = lines(&output);
    assert_eq!(lines.len(), 3);
    for (line, name) in [(&lines[0], "anterior-level.jpg"), (&lines[2], "anterior-tilted.jpg")] {
        let (record, photo): (Record, _) = (serde_json::from_value(line.clone()).unwrap(), analyzed(name, "2"));
        assert_eq!((record.landmarks, record.measures), (photo.landmarks, photo.measures));
        assert_eq!((record.camera, record.source.blake3), (photo.camera, photo.source.blake3));
        assert_eq!(line["time_ms"], Value::Null, "pictures have no clock");
    }
    assert_eq!((&lines[1]["frame"], &lines[1]["person"]), (&1.into(), &false.into()));
    assert_eq!(lines[1]["time_ms"], Value::Null);
    assert!(lines[1]["reason"].as_str().unwrap().contains("frame_0008.jpg: expected a"), "{}", lines[1]);
}

#[test]
fn nobody_gives_a_line_for_every_frame_and_exit_code_3() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..3 {
        empty_picture(&folder.path().join(format!("empty_{number}.png")));
    }
    let output = live(folder.path().join("empty_%d.png").to_str().unwrap(), &["--jsonl"]);
    assert_eq!(code(&output), Some(3), "{}", stderr(&output));
    let lines = lines(&output);
    assert_eq!(lines.len(), 3);
    for (number, line) in lines.iter().enumerate() {
        let fields: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["schema", "frame", "time_ms", "person", "state", "reason"]);
        assert_eq!((&line["frame"], &line["person"]), (&number.into(), &false.into()));
        assert!(line["reason"].as_str().unwrap().contains("no person found"), "{line}");
    }
}

#[test]
fn without_a_display_the_window_is_left_out_in_words() {
    for display in [None, Some(":4711")] {
        let mut command = Command::new(LIVE);
        command.args(["--jsonl", "--source", &sample("anterior-level.jpg")]);
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").envs(display.map(|name| ("DISPLAY", name)));
        let output = command.output().unwrap();
        assert_eq!(code(&output), Some(0), "{}", stderr(&output));
        assert_eq!(
            stderr(&output),
            "orthostat-live: no display answers, so there is no window; going on without one\n"
        );
        assert_eq!(lines(&output).len(), 1);
    }
}

#[test]
fn what_cannot_be_opened_is_one_sentence_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("notes.avi"), "no video, only words\n".repeat(50)).unwrap();
    std::fs::write(at("nothing.avi"), "").unwrap();
    std::fs::write(at("notes_1.png"), "no picture").unwrap();
    for (source, says) in [
        ("missing.avi", "cannot be read: no such file or directory"),
        ("missing_%03d.png", "cannot be read: no picture has a name of this form"),
        ("notes.avi", "expected a video or a picture, found something that OpenCV cannot decode"),
        ("nothing.avi", "expected a video or a picture, found something that OpenCV cannot decode"),
        ("notes_%d.png", "expected a JPEG, PNG, HEIC, WebP, TIFF, BMP, GIF, JPEG XL or DICOM picture, found"),
        (".", "cannot be read: expected a video file, a picture or a sequence such as frame_%04d.png, found a folder"),
    ] {
        let output = live(&at(source), &["--jsonl", "--frames", "5"]);
        let message = stderr(&output);
        assert_eq!(code(&output), Some(1), "{message}");
        assert!(message.contains(source.trim_end_matches("%d.png")) && message.contains(says), "{source}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let output = live("http://user:secret@127.0.0.1:9/video?token=secret", &[]);
    let message = "orthostat-live: http://127.0.0.1:9/video: cannot be read: no video stream opens at this address: nothing answers there (connection refused)\n";
    assert_eq!(code(&output), Some(1));
    assert!(stderr(&output).ends_with(message) && !stderr(&output).contains("secret"), "{}", stderr(&output));
}

#[test]
fn a_video_that_is_cut_short_gives_the_frames_that_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole.avi"), folder.path().join("cut.avi"));
    film(&whole, 5.0, &[still("anterior-level.jpg", 720, 960); 4]);
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() * 5 / 8]).unwrap();
    let output = live(cut.to_str().unwrap(), &["--jsonl", "--every", "0"]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    assert!((2..=3).contains(&lines(&output).len()));
}

#[test]
fn only_the_live_program_loads_opencv() {
    let libraries = |program: &str| {
        let output = Command::new("ldd").arg(program).output().unwrap();
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(!libraries(PHOTO).contains("opencv"));
    assert!(libraries(LIVE).contains("libopencv_videoio"));
}
