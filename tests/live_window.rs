//! The window of `orthostat-live`, on a virtual screen.

use std::process::{Child, Command};
use std::time::Duration;

use crate::film::{film, still};
use crate::live::screen::{ORANGE, Screen};
use crate::live::server::Server;
use orthostat::core::record::Record;

/// The program with its window on a screen.
fn shown_on(screen: &Screen, source: &str, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_orthostat-live"))
        .args(["--source", source])
        .args(more)
        .env("DISPLAY", screen.display())
        .env_remove("WAYLAND_DISPLAY")
        .spawn()
        .unwrap()
}

#[test]
fn the_window_shows_the_state_and_obeys_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("walk.avi");
    film(&path, 10.0, &[still("anterior-tilted.jpg", 360, 480); 20]);
    let screen = Screen::start();
    let out = folder.path().join("saved");
    let mut child = shown_on(&screen, path.to_str().unwrap(), &["--loop", "--out", out.to_str().unwrap()]);
    // The shoulder line is drawn over the person, mirrored; the tilt shows the direction.
    let line = || screen.rows_of(ORANGE);
    screen.wait("the shoulders' line", || line().is_some());
    let slope = || line().map_or(0, |[left, right]| left - right);
    let mirrored = slope();
    assert!(mirrored != 0, "the sample's shoulders are tilted");
    screen.press("m");
    screen.wait("the picture the other way round", || slope() * mirrored < 0);
    screen.press("space");
    screen.wait("no line while paused", || line().is_none());
    screen.press("space");
    screen.wait("the line again", || line().is_some());
    screen.press("s");
    let files = ["snapshot-001.jpg", "snapshot-001.json", "snapshot-001.annotated.jpg"];
    screen.wait("the snapshot", || files.iter().all(|file| out.join(file).exists()));
    screen.press("q");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let record = Record::open(&out.join("snapshot-001.json")).unwrap();
    assert_eq!((record.source.format.as_str(), record.view.mirrored), ("frame", false));
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), files.len());
}

#[test]
fn a_pause_releases_the_source_until_it_ends() {
    let server = Server::start(&[still("anterior-tilted.jpg", 360, 480)], Duration::from_millis(100));
    let screen = Screen::start();
    let mut child = shown_on(&screen, &format!("http://127.0.0.1:{}/video", server.port()), &[]);
    let line = || screen.rows_of(ORANGE);
    screen.wait("the shoulders' line", || line().is_some());
    assert_eq!(server.clients(), 1);
    screen.press("space");
    screen.wait("no connection while paused", || server.clients() == 0);
    screen.press("space");
    screen.wait("the connection and the line again", || server.clients() == 1 && line().is_some());
    screen.press("q");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
