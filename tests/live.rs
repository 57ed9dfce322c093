//! `orthostat-live` from the outside: frames from files, without a window. The pictures are made here, from the samples.
#![cfg(feature = "live")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::{Command, Output};

use opencv::core::{Mat, MatTraitConst, Size, Vector};
use opencv::imgcodecs::{IMREAD_COLOR, imread, imwrite};
use opencv::videoio::{VideoWriter, VideoWriterTrait, VideoWriterTraitConst};
use orthostat::record::Record;
use serde_json::Value;

const LIVE: &str = env!("CARGO_BIN_EXE_orthostat-live");
const PHOTO: &str = env!("CARGO_BIN_EXE_orthostat");

fn sample(name: &str) -> String {
    format!("{}/samples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs the program without a window on a source; more arguments may follow. Each frame is read once.
fn live(source: &str, more: &[&str]) -> Output {
    let arguments = ["--no-window", "--source", source];
    Command::new(LIVE).args(arguments).args(more).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").output().unwrap()
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

/// What `orthostat analyze` says about a sample.
fn analyzed(name: &str, readings: &str) -> Record {
    let output =
        Command::new(PHOTO).args(["analyze", "--json", "--readings", readings]).arg(sample(name)).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn raw_shoulder_tilt(record: &Record) -> f64 {
    record.measures["shoulder_tilt"].raw.unwrap()
}

const MJPG: [char; 4] = ['M', 'J', 'P', 'G'];
const LOSSLESS: [char; 4] = ['F', 'F', 'V', '1'];

/// A video of samples of one size at 5 frames a second, each shown `times` times.
fn video(path: &Path, codec: [char; 4], samples: &[&str], times: usize) {
    let frames: Vec<Mat> = samples.iter().map(|name| imread(sample(name).as_str(), IMREAD_COLOR).unwrap()).collect();
    let fourcc = VideoWriter::fourcc(codec[0], codec[1], codec[2], codec[3]).unwrap();
    let size = Size::new(frames[0].cols(), frames[0].rows());
    let mut writer = VideoWriter::new(path.to_str().unwrap(), fourcc, 5.0, size, true).unwrap();
    assert!(writer.is_opened().unwrap());
    for frame in &frames {
        assert_eq!(frame.size().unwrap(), size, "samples of one size are needed");
        for _ in 0..times {
            writer.write(frame).unwrap();
        }
    }
    writer.release().unwrap();
}

/// A grey picture with nobody in it.
fn empty_picture(path: &Path) {
    let grey =
        Mat::new_rows_cols_with_default(360, 480, opencv::core::CV_8UC3, opencv::core::Scalar::all(120.0)).unwrap();
    assert!(imwrite(path.to_str().unwrap(), &grey, &Vector::new()).unwrap());
}

#[test]
fn a_video_gives_the_records_that_its_photos_give() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walk.avi");
    let samples = ["anterior-tilted.jpg", "posterior-tilted.jpg"];
    // What MJPEG does to the pixels moves a single reading by up to 0.4 degrees, and the mean of four by 0.1.
    for (codec, readings) in [(LOSSLESS, "1"), (MJPG, "4")] {
        video(&path, codec, &samples, 2);
        let output = live(path.to_str().unwrap(), &["--jsonl", "--readings", readings]);
        assert_eq!((code(&output), stderr(&output).as_str()), (Some(0), ""));
        let lines = lines(&output);
        assert_eq!(lines.len(), 4);
        for (number, line) in lines.iter().enumerate() {
            assert_eq!(line["schema"], "orthostat/1");
            assert_eq!(line["frame"], number);
            assert_eq!(line["time_ms"].as_f64(), Some(200.0 * number as f64));
            assert_eq!(line["person"], true);
            assert_eq!(line["id"], format!("walk-{number:06}"));
            assert_eq!((&line["source"]["file"], &line["source"]["format"]), (&"walk.avi".into(), &"frame".into()));
            assert_eq!(line["source"]["blake3"], "", "a frame is no file");
            let record: Record = serde_json::from_value(line.clone()).unwrap();
            let photo = analyzed(samples[number / 2], readings);
            assert_eq!(record.view.kind, photo.view.kind);
            let (live, still) = (raw_shoulder_tilt(&record), raw_shoulder_tilt(&photo));
            assert!((live - still).abs() <= 0.3, "{codec:?} {number}: {live} in the video, {still} in the photo");
        }
    }
}

#[test]
fn a_sequence_of_photos_gives_exactly_their_records() {
    let folder = tempfile::tempdir().unwrap();
    // A gap in the numbers is no end, and neither is a picture that cannot be read.
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
        assert_eq!(fields, ["schema", "frame", "time_ms", "person", "reason"]);
        assert_eq!((&line["frame"], &line["person"]), (&number.into(), &false.into()));
        assert!(line["reason"].as_str().unwrap().contains("no person found"), "{line}");
    }
}

#[test]
fn frames_stops_and_without_jsonl_there_are_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.avi");
    video(&path, MJPG, &["anterior-tilted.jpg"], 30);
    let output = live(path.to_str().unwrap(), &["--frames", "2"]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[1].starts_with("frame 1 at 0.20 s: ") && lines[1].contains("95 % interval"), "{text}");
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
        ("notes_%d.png", "expected a JPEG, PNG, HEIC, WebP, TIFF or BMP picture, found"),
        (".", "cannot be read: expected a video file, a picture or a sequence such as frame_%04d.png, found a folder"),
    ] {
        let output = live(&at(source), &["--jsonl", "--frames", "5"]);
        let message = stderr(&output);
        assert_eq!(code(&output), Some(1), "{message}");
        assert!(message.contains(source.trim_end_matches("%d.png")) && message.contains(says), "{source}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let output = live("http://user:secret@127.0.0.1:9/video?token=secret", &[]);
    let message = "orthostat-live: http://127.0.0.1:9/video: cannot be read: no video stream opens at this address\n";
    assert_eq!(code(&output), Some(1));
    assert!(stderr(&output).ends_with(message) && !stderr(&output).contains("secret"), "{}", stderr(&output));
}

#[test]
fn a_video_that_is_cut_short_gives_the_frames_that_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole.avi"), folder.path().join("cut.avi"));
    video(&whole, MJPG, &["anterior-level.jpg"], 4);
    let bytes = std::fs::read(&whole).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() * 5 / 8]).unwrap();
    let output = live(cut.to_str().unwrap(), &["--jsonl"]);
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
