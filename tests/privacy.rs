//! Privacy of the programs: no sockets except those documented, no files outside the output, data and temporary folders, and no uncovered
//! head where heads must be covered.
//!
//! `make test-privacy` runs the long forms: ORTHOSTAT_PRIVACY=long.

#[path = "privacy/trace.rs"]
mod trace;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use trace::Watch;

const PHOTO: &str = env!("CARGO_BIN_EXE_orthostat");

/// How long a run must last for delayed network access to be detected.
fn long_enough() -> Duration {
    let long = std::env::var_os("ORTHOSTAT_PRIVACY").is_some_and(|value| value == "long");
    Duration::from_secs(if long { 60 } else { 5 })
}

fn succeeds(command: &mut Command) {
    let output = command.output().expect("strace is installed (`make setup-test`)");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn analyze_is_silent() {
    let watch = Watch::new();
    let photo = watch.sample("anterior-level.jpg");
    let (out, page) = (watch.path("out"), watch.path("out").join("page.html"));
    succeeds(
        watch
            .command(PHOTO)
            .args(["analyze", "--mask-face", "--save", "A", "--out"])
            .arg(&out)
            .arg("--report")
            .arg(&page)
            .arg(&photo),
    );
    let seen = watch.seen();
    assert_eq!(seen.network, [""; 0]);
    watch.check_files(&seen);
    for file in ["anterior-level.json", "anterior-level.annotated.jpg", "page.html"] {
        assert!(seen.written.iter().any(|path| path.ends_with(file)), "{file} is not seen among {:?}", seen.written);
    }
}

/// A batch that continues until it is stopped.
#[test]
fn a_batch_is_silent() {
    let watch = Watch::new();
    let photo = std::fs::read(watch.sample("small-person.jpg")).expect("read");
    // Different bytes after the picture make a different photo of it. More than can be measured in the time.
    for index in 0..40 * long_enough().as_secs() {
        let mut bytes = photo.clone();
        bytes.extend(index.to_le_bytes());
        std::fs::write(watch.path("in").join(format!("{index}.jpg")), bytes).expect("written");
    }
    let program = watch
        .command(PHOTO)
        .args(["batch", "--pictures", "--deidentify", "--jobs", "1", "--out"])
        .arg(watch.path("out"))
        .arg(watch.path("in"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace is installed (`make setup-test`)");
    std::thread::sleep(long_enough());
    // strace does not forward signals, so the program itself is signalled.
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", program.id())).expect("running");
    for child in children.split_whitespace() {
        assert!(Command::new("kill").args(["-INT", child]).status().expect("kill").success());
    }
    let output = program.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let seen = watch.seen();
    assert_eq!(seen.network, [""; 0], "{said}");
    watch.check_files(&seen);
    assert!(seen.written.iter().any(|path| path.starts_with(watch.path("out"))), "{said}");
}

#[test]
fn the_filter_is_silent_for_as_long_as_it_waits() {
    let watch = Watch::new();
    let photo = watch.sample("small-person.jpg");
    let mut program = watch
        .command(PHOTO)
        .args(["batch", "-", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("strace is installed (`make setup-test`)");
    let mut paths = program.stdin.take().expect("piped");
    let mut records = BufReader::new(program.stdout.take().expect("piped"));
    let start = Instant::now();
    while start.elapsed() < long_enough() {
        writeln!(paths, "{}", photo.display()).expect("taken");
        let mut record = String::new();
        records.read_line(&mut record).expect("a record");
        assert!(record.contains("\"schema\""), "{record}");
        std::thread::sleep(Duration::from_secs(1));
    }
    drop(paths);
    assert!(program.wait().expect("ends").success());
    let seen = watch.seen();
    assert_eq!(seen.network, [""; 0]);
    watch.check_files(&seen);
}

#[test]
fn edit_listens_on_loopback_alone() {
    let watch = Watch::new();
    watch.sample("anterior-level.jpg");
    let record = watch.path("in").join("anterior-level.json");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/expected/anterior-level.json"), &record)
        .expect("copied");
    let mut program = watch
        .command(PHOTO)
        .args(["edit", "--idle", "0.1", "--out"])
        .arg(watch.path("out").join("edited.json"))
        .arg(&record)
        .stdout(Stdio::piped())
        .spawn()
        .expect("strace is installed (`make setup-test`)");
    let mut url = String::new();
    BufReader::new(program.stdout.take().expect("piped")).read_line(&mut url).expect("an address");
    let port = url.trim().strip_prefix("http://127.0.0.1:").and_then(|rest| rest.split('/').next());
    let port: u16 = port.and_then(|port| port.parse().ok()).expect("a port");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    write!(stream, "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    program.wait().expect("ends");
    let seen = watch.seen();
    watch.check_files(&seen);
    let sockets =
        |call: &str| seen.network.iter().filter(|line| line.contains(&format!(" {call}("))).collect::<Vec<_>>();
    assert!(matches!(&*sockets("socket"), [one] if one.contains("AF_INET,")), "{:?}", seen.network);
    assert!(matches!(&*sockets("bind"), [one] if one.contains("inet_addr(\"127.0.0.1\")")), "{:?}", seen.network);
    assert_eq!(sockets("connect"), [""; 0], "{:?}", seen.network);
}

#[cfg(feature = "live")]
#[test]
fn live_is_silent() {
    let watch = Watch::new();
    let photo = image::open(watch.sample("small-person.jpg")).expect("a picture").thumbnail(480, 640);
    for index in 1..=40 {
        photo.save(watch.path("in").join(format!("frame_{index:04}.png"))).expect("written");
    }
    let source = watch.path("in").join("frame_%04d.png");
    succeeds(
        watch
            .command(env!("CARGO_BIN_EXE_orthostat-live"))
            .args(["--no-window", "--jsonl", "--source"])
            .arg(&source)
            .stdout(Stdio::null()),
    );
    let seen = watch.seen();
    assert_eq!(seen.network, [""; 0]);
    watch.check_files(&seen);
}
