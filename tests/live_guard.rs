//! Which person `orthostat-live` judges, and with which camera position: another person, a camera that moves, a person who comes near, is
//! cut off, or is far away. Videos are made here, from the samples.
use std::path::Path;
use std::process::{Command, Output};

use crate::film::{Shot, empty, film, lean, still, upper};
use serde_json::Value;

/// Runs the program without a window on a video of ten frames a second, with its own data folder.
fn live(folder: &Path, shots: &[Shot], more: &[&str]) -> Output {
    let path = folder.join("film.avi");
    film(&path, 10.0, shots);
    let mut command = Command::new(env!("CARGO_BIN_EXE_orthostat-live"));
    command.args(["--no-window", "--source"]).arg(&path).args(more).env("XDG_DATA_HOME", folder);
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"] {
        command.env_remove(name);
    }
    command.output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Each period's time in seconds and state, and the events.
fn told(output: &Output) -> (Vec<(f64, String)>, Vec<Value>) {
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let (events, periods): (Vec<Value>, Vec<Value>) = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .partition(|line| line.get("event").is_some());
    let state = |line: &Value| (line["time_ms"].as_f64().unwrap() / 1e3, line["state"].as_str().unwrap().to_owned());
    (periods.iter().map(state).collect(), events)
}

/// The postures in a session's file.
fn postures(path: &Path) -> Vec<(f64, String, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        (fields[0].parse().unwrap(), fields[2].to_owned(), fields[3].to_owned())
    };
    text.lines().skip(1).map(row).collect()
}

fn shots(parts: &[(Shot, usize)]) -> Vec<Shot> {
    parts.iter().flat_map(|&(shot, frames)| std::iter::repeat_n(shot, frames)).collect()
}

#[test]
fn whoever_comes_instead_is_somebody_else_and_is_not_judged() {
    let folder = tempfile::tempdir().unwrap();
    let user = still("anterior-level.jpg", 360, 480);
    // Another person of the same size, in another room and much more tilted; then the user again.
    let other = still("anterior-tilted.jpg", 360, 480);
    let film = shots(&[(user, 140), (empty(360, 480), 20), (other, 160), (empty(360, 480), 10), (user, 50)]);
    let session = folder.path().join("day.csv");
    let output = live(folder.path(), &film, &["--jsonl", "--watch", "--session", session.to_str().unwrap()]);
    let (periods, events) = told(&output);
    assert_eq!(events, Vec::<Value>::new(), "{}", stderr(&output));
    let of = |from: f64, to: f64| -> Vec<&str> {
        periods.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, state)| state.as_str()).collect()
    };
    assert!(of(0.0, 13.0).iter().all(|state| *state == "ready"), "{periods:?}");
    assert!(of(17.0, 31.0).iter().all(|state| *state == "somebody_else"), "{periods:?}");
    assert!(of(34.5, 37.0).iter().all(|state| *state == "ready"), "{periods:?}");
    let rows = postures(&session);
    assert!(rows.iter().all(|(_, _, posture)| posture != "tilted"), "{rows:?}");
    assert!(rows.iter().any(|(_, state, _)| state == "somebody_else"));
}

#[test]
fn a_camera_that_tips_is_said_and_one_that_is_put_back_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = |degrees: f64| lean("anterior-level.jpg", 360, 480, degrees);
    let film = shots(&[(at(0.0), 140), (at(6.0), 160), (at(0.0), 40)]);
    let session = folder.path().join("day.csv");
    let output = live(folder.path(), &film, &["--jsonl", "--watch", "--session", session.to_str().unwrap()]);
    let (periods, events) = told(&output);
    assert_eq!(events, Vec::<Value>::new(), "{}", stderr(&output));
    let state =
        |at: f64| periods.iter().find(|(from, _)| (at - 0.6..at + 0.6).contains(from)).map(|(_, state)| state.as_str());
    assert_eq!(
        [state(5.0), state(20.0), state(28.0), state(32.0)],
        [Some("ready"), Some("camera_moved"), Some("camera_moved"), Some("ready")]
    );
    let rows = postures(&session);
    assert!(rows.iter().all(|(_, _, posture)| posture != "tilted"), "{rows:?}");
    // Without a baseline it is levelled again, and continues.
    let output = live(folder.path(), &film, &["--jsonl"]);
    let (periods, _) = told(&output);
    assert!(periods.iter().all(|(_, state)| state == "ready"), "{periods:?}");
    let roll = |at: f64| {
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut all = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.find(|line| line["time_ms"].as_f64().unwrap() >= 1e3 * at).unwrap()["camera"]["roll_deg"].as_f64().unwrap()
    };
    assert!(
        (roll(25.0) - roll(5.0) + 6.0).abs() < 1.0 || (roll(25.0) - roll(5.0) - 6.0).abs() < 1.0,
        "{} {}",
        roll(5.0),
        roll(25.0)
    );
}

#[test]
fn who_comes_near_is_told_so_and_not_called_tilted() {
    let folder = tempfile::tempdir().unwrap();
    let (far, near) = (still("anterior-level.jpg", 480, 480), upper("anterior-level.jpg", 480, 480));
    let film = shots(&[(far, 130), (near, 160), (far, 50)]);
    let session = folder.path().join("day.csv");
    let output =
        live(folder.path(), &film, &["--jsonl", "--watch", "--roll", "0", "--session", session.to_str().unwrap()]);
    let (periods, events) = told(&output);
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["begin", "end"], "{periods:?} {events:?} {}", stderr(&output));
    assert!(events[0]["words"].as_str().unwrap().contains("face nearer than usual"), "{}", events[0]);
    assert!(events[0]["departures"]["nearness"].as_f64().unwrap() > 50.0, "{}", events[0]);
    assert!(postures(&session).iter().all(|(_, _, posture)| posture != "tilted"));
}

#[test]
fn a_standing_check_waits_for_the_feet() {
    let folder = tempfile::tempdir().unwrap();
    let film = shots(&[(still("cropped-at-the-knees.jpg", 360, 480), 60), (still("anterior-level.jpg", 360, 480), 80)]);
    let out = folder.path().join("out");
    let output = live(folder.path(), &film, &["--check", "--out", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stderr(&output);
    let at = |words: &str| said.find(words).unwrap_or_else(|| panic!("\"{words}\" is not in {said}"));
    assert!(at("step back: feet included") < at("hold still"), "{said}");
    // Cut off all the time: there is no result.
    let film = shots(&[(still("cropped-at-the-knees.jpg", 360, 480), 120)]);
    let output = live(folder.path(), &film, &["--check", "--out", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
}

#[test]
fn somebody_small_and_far_away_is_told_to_come_nearer() {
    let folder = tempfile::tempdir().unwrap();
    let output = live(folder.path(), &shots(&[(still("small-person.jpg", 640, 480), 60)]), &["--jsonl"]);
    let (periods, _) = told(&output);
    assert!(periods.iter().skip(3).all(|(_, state)| state == "too_far"), "{periods:?} {}", stderr(&output));
}
