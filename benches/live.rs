//! How fast is the webcam program, side by side with Python and MediaPipe, and what does it cost at rest?
//!
//!     make bench-live PYTHON=VENV/bin/python [FRAMES=20000]
//!
//! Each program runs on one core (`taskset`), alternately, on the same video of 1280 x 720; the window is drawn on a virtual
//! screen (Xvfb). Without PYTHON the comparison is left out, in words.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what fails to be there fails a bench; it prints its figures"
)]

#[allow(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../tests/live/film.rs"]
mod film;
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
#[path = "../tests/live/server.rs"]
mod server;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use film::{Shot, film, still};
use server::Server;

const LIVE: &str = env!("CARGO_BIN_EXE_orthostat-live");
const ROUNDS: usize = 3;

/// A screen that nobody sees; it ends with the bench.
struct Screen(Child);

impl Screen {
    const DISPLAY: &'static str = ":97";

    fn start() -> Option<Self> {
        let screen =
            Command::new("Xvfb").args([Self::DISPLAY, "-screen", "0", "1400x900x24"]).stderr(Stdio::null()).spawn();
        let screen = Self(screen.ok()?);
        std::thread::sleep(Duration::from_secs(2));
        Some(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn on_one_core(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", "0", program]);
    command
}

fn live(source: &str, arguments: &[&str], windowed: bool) -> String {
    let mut command = on_one_core(LIVE);
    command.args(["--timing", "--source", source]).args(arguments).stdout(Stdio::null());
    command.env_remove("WAYLAND_DISPLAY").env_remove("DISPLAY");
    if windowed {
        command.env("DISPLAY", Screen::DISPLAY);
    } else {
        command.arg("--no-window");
    }
    let Output { stderr, status, .. } = command.output().expect("taskset and the program");
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert!(status.success(), "{said}");
    said.lines().find(|line| line.contains("frames a second")).expect("the timing").to_owned()
}

/// The number before a word of a timing's line.
fn before(line: &str, word: &str) -> f64 {
    let words = line.split(word).next().expect("the number").trim_end();
    words.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let video = folder.join("live.avi");
    // Somebody who walks a little to and fro and leans a little, 20 seconds.
    let shots: Vec<Shot> = (0..600)
        .map(|k| {
            let seconds = f64::from(k) / 30.0;
            let (shift, degrees) = (60.0 * seconds.sin(), 3.0 * (0.7 * seconds).sin());
            Shot { shift, degrees, ..still("anterior-level.jpg", 1280, 720) }
        })
        .collect();
    film(&video, 30.0, &shots);
    let video = video.to_str().expect("a plain name");
    let screen = Screen::start();
    if screen.is_none() {
        println!("Xvfb is not installed: the window is left out");
    }
    let python = std::env::var("PYTHON").ok().filter(|python| !python.is_empty());
    if python.is_none() {
        println!("PYTHON is not set: MediaPipe is left out");
    }

    println!("tracking, 1280 x 720, one core, {ROUNDS} rounds alternately; load before: {}", load());
    let (mut windowed, mut bare, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    // With window, without, MediaPipe's: what a busy machine spoils least.
    let mut processor = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        if screen.is_some() {
            let line = live(video, &["--every-frame"], true);
            println!("  with window:    {line}");
            windowed.push(before(&line, "frames a second"));
            processor[0].push(before(&line, "ms of processor time"));
        }
        let line = live(video, &[], false);
        println!("  without window: {line}");
        bare.push(before(&line, "frames a second"));
        processor[1].push(before(&line, "ms of processor time"));
        if let Some(python) = &python {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/python/mediapipe_video.py");
            let output = on_one_core(python).args([script, video]).output().expect("Python");
            let line = String::from_utf8_lossy(&output.stdout).into_owned();
            let numbers: Vec<f64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            println!(
                "  MediaPipe:      {:.1} frames a second; process alone {:.1} ms (median), {:.1} ms (99th percentile); {:.2} ms of \
                 processor time a frame",
                numbers[1], numbers[2], numbers[3], numbers[4]
            );
            theirs.push(numbers[1]);
            processor[2].push(numbers[4]);
        }
    }
    if !theirs.is_empty() {
        let [windowed_ms, bare_ms, theirs_ms] =
            processor.map(|times| if times.is_empty() { f64::NAN } else { median(times) });
        println!("processor time a frame, MediaPipe's of ours: without window {:.2}", theirs_ms / bare_ms);
        println!("processor time a frame, MediaPipe's of ours: with window    {:.2}", theirs_ms / windowed_ms);
        let theirs = median(theirs);
        println!("frames a second, of MediaPipe's: without window {:.2}", median(bare) / theirs);
        if !windowed.is_empty() {
            println!("frames a second, of MediaPipe's: with window    {:.2}", median(windowed) / theirs);
        }
    }

    println!("a stream of 30 frames a second, 10 looks a second:");
    let server = Server::start(&shots[..30], Duration::from_millis(33));
    let address = format!("http://127.0.0.1:{}/", server.port());
    println!("  without window: {}", live(&address, &["--frames", "200"], false));
    if screen.is_some() {
        println!("  with window:    {}", live(&address, &["--frames", "200"], true));
    }

    let frames = std::env::var("FRAMES").ok().filter(|frames| !frames.is_empty()).unwrap_or_else(|| "20000".into());
    println!("memory over {frames} frames:");
    println!("  with window:    {}", live(video, &["--every-frame", "--loop", "--frames", &frames], screen.is_some()));
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next().unwrap_or_default().to_owned()
}
