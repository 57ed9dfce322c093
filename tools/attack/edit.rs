//! Edit sessions that end other than by closing the page, and hostile clients.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use orthostat::core::points::Points;
use orthostat::core::record::Record;

use crate::Outcome;
use crate::tools::{Range, sample, words};

const POINTS: &str = r#"{"left_shoulder": [612.34, 400]}"#;

struct Session {
    program: Child,
    host: String,
    key: String,
}

impl Session {
    fn start(range: &Range, more: &[&str]) -> Self {
        let record = range.text("anterior-level.json");
        let mut program = range.command(&[&["edit", &record], more].concat()).spawn().expect("started");
        let mut url = String::new();
        BufReader::new(program.stdout.take().expect("piped")).read_line(&mut url).expect("an address");
        let (host, token) =
            url.trim().strip_prefix("http://").and_then(|rest| rest.split_once("/#")).expect("an address");
        let mut session = Self { program, host: host.into(), key: "none".into() };
        let answer = session.ask("POST /key", token).unwrap_or_default();
        let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
        let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        session.key = json["key"].as_str().unwrap_or_default().into();
        session
    }

    /// The response to a request; `None` on timeout.
    fn ask(&self, line: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.host).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let head = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.key,
            body.len(),
            host = self.host
        );
        stream.write_all(head.as_bytes()).ok()?;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Some(words(&answer)).filter(|answer| answer.starts_with("HTTP/1.1 2"))
    }

    fn signal(&self, name: &str) {
        let _ = Command::new("kill").args([&format!("-{name}"), &self.program.id().to_string()]).status();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn prepared(range: &Range) {
    range.clear("");
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/expected/anterior-level.json");
    range.write("anterior-level.json", &std::fs::read(record).expect("there"));
    range.write("anterior-level.jpg", &sample("anterior-level.jpg"));
}

/// Whether a file beside the record contains the edited point.
fn is_kept(range: &Range) -> bool {
    let holds = |path: &Path| {
        let by_points = Points::open(path).is_ok_and(|points| points.iter().any(|(_, point)| point.at.x == 612.34));
        by_points
            || Record::open(path)
                .is_ok_and(|record| record.landmarks.get("left_shoulder").is_some_and(|at| at.x == 612.34))
    };
    std::fs::read_dir(range.at("")).expect("there").flatten().any(|entry| holds(&entry.path()))
}

/// Ended by the system, by the terminal, by the user, by force: the point must be in a file.
pub(crate) fn signals(range: &Range, outcome: &mut Outcome) {
    for name in ["TERM", "HUP", "INT", "KILL", "QUIT"] {
        for round in 0..3 {
            prepared(range);
            let session = Session::start(range, &[]);
            let measured = session.ask("POST /measure", POINTS).is_some();
            // An edit at the very moment of an uncatchable signal cannot be saved.
            std::thread::sleep(Duration::from_millis(if matches!(name, "KILL" | "QUIT") { 800 } else { 40 * round }));
            session.signal(name);
            let mut session = session;
            let _ = session.program.wait();
            outcome.count((!measured || !is_kept(range)).then(|| format!("SIG{name} loses the point")));
        }
    }
}

/// A file that appears in the place of the edited record.
pub(crate) fn taken(range: &Range, outcome: &mut Outcome) {
    for out in [None, Some("mine.json")] {
        for first in [false, true] {
            prepared(range);
            let name = out.unwrap_or("anterior-level.edited.json");
            let path = range.text(name);
            let more = if out.is_some() { vec!["--out", path.as_str()] } else { vec![] };
            let session = Session::start(range, &more);
            if first {
                let _ = session.ask("POST /save", r#"{"left_shoulder": [600, 400]}"#);
            }
            range.write(name, b"mine");
            let answer = session.ask("POST /save", POINTS);
            session.signal("TERM");
            let mut session = session;
            let _ = session.program.wait();
            let lost = (range.read(name).as_deref() != Some(b"mine")).then(|| format!("{name} is written over"));
            outcome.count(lost.or((!is_kept(range)).then(|| format!("the point is lost: {answer:?}"))));
        }
    }
}

/// Two sessions on one record: both results must exist afterwards.
pub(crate) fn two(range: &Range, outcome: &mut Outcome) {
    for save in [true, false] {
        prepared(range);
        let (one, other) = (Session::start(range, &[]), Session::start(range, &[]));
        let line = if save { "POST /save" } else { "POST /measure" };
        let _ = one.ask(line, r#"{"left_shoulder": [600.5, 400]}"#);
        let _ = other.ask(line, r#"{"left_shoulder": [601.5, 400]}"#);
        for mut session in [one, other] {
            session.signal("TERM");
            let _ = session.program.wait();
        }
        let text: String = std::fs::read_dir(range.at(""))
            .expect("there")
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().contains(".edited"))
            .map(|entry| words(&std::fs::read(entry.path()).unwrap_or_default()))
            .collect();
        for point in ["600.5", "601.5"] {
            outcome.count((!text.contains(point)).then(|| format!("save {save}: the session of {point} is lost")));
        }
    }
}

/// Hundreds of connections that send nothing, or half a request: the page must still be served.
pub(crate) fn half_open(range: &Range, outcome: &mut Outcome) {
    for half in ["", "POST /measure HTTP/1.1\r\nHost: ", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\nx"]
    {
        prepared(range);
        // So few descriptors that the connections would use them up.
        let session = Session::start(range, &[]);
        let _ = Command::new("prlimit").args(["--pid", &session.program.id().to_string(), "--nofile=256:256"]).status();
        let mut open = Vec::new();
        for number in 0..600 {
            if let Ok(mut stream) = TcpStream::connect(&session.host) {
                let _ = stream.write_all(half.as_bytes());
                open.push(stream);
            }
            if number % 100 == 99 {
                let answered = session.ask("POST /measure", POINTS).is_some();
                outcome.count((!answered).then(|| format!("{} connections keep the page out", number + 1)));
            }
        }
        drop(open);
        session.signal("TERM");
        let mut session = session;
        let _ = session.program.wait();
    }
}
