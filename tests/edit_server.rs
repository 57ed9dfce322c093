//! The server of `orthostat edit`: requests that the page would not send, ends of every kind, and what is kept of unsaved points.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::editing::Editing;
use crate::support::repository;
use serde_json::Value;

#[test]
#[allow(clippy::too_many_lines, reason = "one session on one page")]
fn hostile_requests_are_refused() {
    let editing = Editing::of("anterior-level", &[]);
    let own_host = format!("Host: {}", editing.host());
    let own_origin = format!("Origin: http://{}", editing.host());
    let just_host = std::slice::from_ref(&own_host);

    // Another host name, another origin, none.
    for host in ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example"] {
        let (status, answer) = editing.ask("GET /", &[format!("Host: {host}")], "");
        assert_eq!(status, 421, "{host}: {answer}");
        assert!(!answer.contains("<html"));
    }
    assert_eq!(editing.raw(b"GET / HTTP/1.0\r\n\r\n").0, 421);
    for origin in ["Origin: http://evil.example", "Origin: null", "X-Nothing: 1"] {
        let (status, _) = editing.ask("POST /key", &[own_host.clone(), origin.into()], editing.token());
        assert_eq!(status, 403, "{origin}");
    }
    // A wrong token, then the right one, then the right one again.
    let both = [own_host.clone(), own_origin.clone()];
    for token in ["", "0", &"0".repeat(32), &format!("{}0", editing.token())] {
        assert_eq!(editing.ask("POST /key", &both, token).0, 403, "{token}");
    }
    let key = editing.key();
    assert_eq!(editing.ask("POST /key", &both, editing.token()).0, 403);

    // No record data without the key, and no changes.
    for (line, body) in
        [("GET /record", ""), ("GET /picture", ""), ("POST /measure", "{}"), ("POST /save", "{}"), ("POST /alive", "")]
    {
        for authorization in ["X-Nothing: 1".to_owned(), format!("Authorization: Bearer {}", editing.token())] {
            let (status, answer) = editing.ask(line, &[own_host.clone(), own_origin.clone(), authorization], body);
            assert_eq!(status, 403, "{line}: {answer}");
        }
    }
    assert_eq!(editing.ask("POST /close", &both, "no key").0, 403);
    assert_eq!(editing.ask("GET /record", &editing.own(&key), "").0, 200);
    let no_origin = [own_host.clone(), format!("Authorization: Bearer {key}")];
    assert_eq!(editing.ask("POST /save", &no_origin, "{}").0, 403);

    // Paths refer to no files, however they are written.
    for path in [
        "/../Cargo.toml",
        "/..%2f..%2fetc/passwd",
        "/anterior-level.jpg",
        "/anterior-level.json",
        "/picture/..",
        "//etc/passwd",
        "/page.css/../../Cargo.toml",
        "/picture?file=/etc/passwd&x=%00",
        "/%2e%2e/%2e%2e/etc/passwd",
    ] {
        let (status, answer) = editing.ask(&format!("GET {path}"), &editing.own(&key), "");
        let picture = path.starts_with("/picture?") && answer.contains("image/png");
        assert!(status == 404 || picture, "{path}: {status}");
        assert!(!answer.contains("root:") && !answer.contains("[package]"), "{path}");
    }
    for method in ["PUT", "DELETE", "TRACE", "OPTIONS"] {
        assert!([404, 405].contains(&editing.ask(&format!("{method} /record"), &editing.own(&key), "").0), "{method}");
    }

    // Bodies that are too large, also without a declared length; and bodies that are not a set of points.
    let large = format!("{{\"c7\": [1, 2]{}}}", " ".repeat(40_000));
    for path in ["/measure", "/save", "/key", "/close"] {
        let (status, _) = editing.ask(&format!("POST {path}"), &editing.own(&key), &large);
        assert_eq!(status, 413, "{path}");
    }
    let mut chunked = format!(
        "POST /measure HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n{}\r\n\r\n",
        editing.own(&key).join("\r\n")
    );
    for _ in 0..10 {
        chunked.push_str(&format!("1000\r\n{}\r\n", " ".repeat(0x1000)));
    }
    chunked.push_str("0\r\n\r\n");
    assert_eq!(editing.raw(chunked.as_bytes()).0, 413);
    for body in ["", "[]", "{\"c8\": [1, 2]}", "{\"c7\": [1, 99999]}", "{\"c7\": [1, \"2\"]}", "\u{0}"] {
        let (status, answer) = editing.ask("POST /measure", &editing.own(&key), body);
        assert_eq!(status, 422, "{body}: {answer}");
        assert!(answer.contains("\"error\":\"the page: "), "{answer}");
    }
    // Other sites may not read a response, and the page may load nothing from elsewhere.
    let (_, answer) = editing.ask("GET /", just_host, "");
    let head = answer.split("\r\n\r\n").next().expect("headers").to_lowercase();
    assert!(!head.contains("access-control-"), "{head}");
    for part in [
        "content-security-policy: default-src 'none'",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "no-store",
    ] {
        assert!(head.contains(part), "{part}: {head}");
    }
    // After all this the page's own requests still work, and no file was written.
    assert_eq!(editing.ask("POST /measure", &editing.own(&key), "{\"c7\": [1, 2]}").0, 200);
    let mut names: Vec<_> =
        std::fs::read_dir(editing.folder.path()).expect("there").flatten().map(|e| e.file_name()).collect();
    // Except the unsaved points.
    names.retain(|name| name != "anterior-level.edited.points.json");
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn it_listens_on_this_machine_alone_and_serves_the_picture_without_metadata() {
    let editing = Editing::of("anterior-tilted", &[]);
    let hexadecimal = format!("{:04X}", editing.port());
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
    let listening: Vec<&str> =
        table.lines().filter(|line| line.contains(&format!(":{hexadecimal} 00000000:0000 0A"))).collect();
    assert!(listening.len() == 1 && listening[0].contains(" 0100007F:"), "{listening:?}");
    let key = editing.key();
    let mut stream = TcpStream::connect(("127.0.0.1", editing.port())).expect("it listens");
    let head = format!("GET /picture HTTP/1.1\r\nConnection: close\r\n{}\r\n\r\n", editing.own(&key).join("\r\n"));
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    let body = answer.windows(4).position(|w| w == b"\r\n\r\n").map(|at| &answer[at + 4..]).expect("a body");
    let served = image::load_from_memory(body).expect("a picture").to_rgb8();
    let photo = orthostat::vision::photo::Photo::open(&repository("samples/anterior-tilted.jpg"), &Default::default())
        .expect("read");
    assert!(served == photo.pixels, "every pixel is the photo's");
    for word in ["Exif", "Apple", "eXIf", "tEXt", "iTXt"] {
        assert!(!body.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
    }
}

#[test]
fn left_alone_it_ends_and_keeps_what_was_not_saved() {
    let mut editing = Editing::of("anterior-level", &["--idle", "0.1"]);
    let key = editing.key();
    assert_eq!(editing.ask("POST /measure", &editing.own(&key), r#"{"left_shoulder": [612.34, 400]}"#).0, 200);
    let (code, message) = editing.end(Duration::from_secs(40));
    assert_eq!(code, Some(0));
    assert!(message.contains("points that were not saved are kept in") && message.contains("left alone"), "{message}");
    let kept = editing.folder.path().join("anterior-level.edited.points.json");
    let points = orthostat::core::points::Points::open(&kept).expect("a file of points");
    assert_eq!(points.iter().count(), 1);
    // The file is used again, and a folder with it is still a folder of one record.
    let recompute = |arguments: &[&Path]| {
        let output = Command::new(env!("CARGO_BIN_EXE_orthostat"))
            .args(["recompute", "--json"])
            .args(arguments)
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).expect("one record")
    };
    let again = recompute(&[editing.folder.path(), Path::new("--points"), &kept]);
    assert_eq!(again["landmarks"]["left_shoulder"]["x"], 612.34);
    assert!(recompute(&[editing.folder.path()])["landmarks"]["left_shoulder"].get("by").is_none());
}

/// The file of unsaved points, as reported by the program.
fn kept(message: &str) -> PathBuf {
    let rest = message.split("are kept in ").nth(1).unwrap_or_else(|| panic!("nothing is kept: {message}"));
    rest.split(';').next().expect("a path").into()
}

const MOVED: &str = r#"{"left_shoulder": [612.34, 400]}"#;

#[cfg(unix)]
#[test]
fn whatever_ends_it_keeps_what_was_not_saved_or_has_kept_it() {
    for signal in ["TERM", "HUP", "INT", "KILL", "close"] {
        let mut editing = Editing::of("anterior-level", &[]);
        let key = editing.key();
        assert_eq!(editing.ask("POST /measure", &editing.own(&key), MOVED).0, 200);
        let path = editing.folder.path().join("anterior-level.edited.points.json");
        if signal == "KILL" {
            let start = Instant::now();
            while !path.exists() {
                assert!(start.elapsed() < Duration::from_secs(600), "the points are written while the page is open");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        if signal == "close" {
            assert_eq!(editing.ask("POST /close", &editing.own(&key), &key).0, 204);
        } else {
            let id = editing.program.id().to_string();
            assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().expect("sent").success());
        }
        let (code, message) = editing.end(Duration::from_secs(60));
        match signal {
            "KILL" => {}
            "close" => assert!(code == Some(0) && kept(&message) == path, "{message}"),
            _ => assert!(code == Some(130) && kept(&message) == path, "{signal}: {code:?} {message}"),
        }
        let points = orthostat::core::points::Points::open(&path).expect("a file of points");
        assert_eq!(points.iter().next().expect("one").1.at.x, 612.34, "{signal}");
    }
}

#[test]
fn a_save_takes_the_points_out_of_their_file_and_replaces_nobodys() {
    let editing = Editing::of("anterior-level", &[]);
    let key = editing.key();
    let at = |name: &str| editing.folder.path().join(name);
    assert_eq!(editing.ask("POST /measure", &editing.own(&key), MOVED).0, 200);
    let save = || {
        let (status, answer) = editing.ask("POST /save", &editing.own(&key), MOVED);
        assert_eq!(status, 200, "{answer}");
        let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
        body["out"].as_str().expect("a name").to_owned()
    };
    assert_eq!(save(), "anterior-level.edited.json");
    assert!(!at("anterior-level.edited.points.json").exists());
    // Its own file is replaced; one that another program wrote there since is not.
    assert_eq!(save(), "anterior-level.edited.json");
    std::fs::write(at("anterior-level.edited.json"), "mine").expect("written");
    assert_eq!(save(), "anterior-level.edited-2.json");
    assert_eq!(std::fs::read(at("anterior-level.edited.json")).expect("there"), b"mine");
    assert_eq!(editing.saved("anterior-level.edited-2.json").landmarks["left_shoulder"].x, 612.34);
}

#[test]
fn two_sessions_on_one_record_write_two_files() {
    let first = Editing::of("anterior-level", &[]);
    let record = first.folder.path().join("anterior-level.json");
    let second = Editing::start(tempfile::tempdir().expect("a folder"), &record, &[]);
    for (editing, x) in [(&first, "601.5"), (&second, "602.5")] {
        let key = editing.key();
        let body = format!("{{\"left_shoulder\": [{x}, 400]}}");
        assert_eq!(editing.ask("POST /save", &editing.own(&key), &body).0, 200);
    }
    assert_eq!(first.saved("anterior-level.edited.json").landmarks["left_shoulder"].x, 601.5);
    assert_eq!(first.saved("anterior-level.edited-2.json").landmarks["left_shoulder"].x, 602.5);
}

#[cfg(target_os = "linux")]
#[test]
fn silent_connections_keep_the_page_out_no_longer_than_it_takes_to_open_another() {
    let editing = Editing::of("anterior-level", &[]);
    let key = editing.key();
    // So few descriptors that the connections would use them up.
    let id = editing.program.id().to_string();
    let limited = Command::new("prlimit").args(["--pid", &id, "--nofile=128:128"]).status().expect("util-linux");
    assert!(limited.success());
    let mut open = Vec::new();
    for half in ["", "POST /measure HTTP/1.1\r\nHost: ", "GET / HTTP/1.1\r\nContent-Length: 99\r\n\r\nx"] {
        for _ in 0..150 {
            let mut stream = TcpStream::connect(("127.0.0.1", editing.port())).expect("it listens");
            let _ = stream.write_all(half.as_bytes());
            open.push(stream);
        }
        assert_eq!(editing.ask("POST /measure", &editing.own(&key), MOVED).0, 200, "{half}");
    }
}

#[cfg(unix)]
#[test]
fn interrupted_it_ends_with_130() {
    let mut editing = Editing::of("anterior-level", &[]);
    let status = Command::new("kill").args(["-INT", &editing.program.id().to_string()]).status().expect("sent");
    assert!(status.success());
    assert_eq!(editing.end(Duration::from_secs(20)), (Some(130), String::new()));
}

#[test]
fn what_cannot_be_edited_is_said_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let run = |arguments: &[&str]| {
        let output = assert_cmd::Command::new(env!("CARGO_BIN_EXE_orthostat"))
            .arg("edit")
            .args(arguments)
            .timeout(Duration::from_secs(60))
            .output()
            .expect("the program starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let record = repository("samples/expected/anterior-level.json").display().to_string();
    let says = |(code, message): (Option<i32>, String), expected: i32, part: &str| {
        assert!(code == Some(expected) && message.contains(part) && message.lines().count() == 1, "{code:?} {message}");
    };
    says(run(&[&record]), 2, "expected its photo \"anterior-level.jpg\" beside it");
    let other = repository("samples/anterior-tilted.jpg").display().to_string();
    says(run(&[&record, "--photo", &other]), 2, "found another one");
    says(run(&[&record, "--photo", &at("none.jpg")]), 1, "cannot be read");
    let photo = repository("samples/anterior-level.jpg").display().to_string();
    says(run(&[&record, "--photo", &photo, "--out", &record]), 2, "exists and is not overwritten");
    let older = repository("tests/fixtures/records/older-anterior-tilted.json").display().to_string();
    says(run(&[&older, "--photo", &other]), 1, "expected a record that keeps what was seen");
    says(run(&[&photo]), 1, "expected a record");
    let (code, message) = run(&[&record, "--idle", "0"]);
    assert!(code == Some(2) && message.contains("expected 0.01 to 1440 minutes"), "{message}");
}
