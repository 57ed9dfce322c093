//! `orthostat edit` as a running program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use orthostat::core::record::Record;
use serde_json::Value;

use crate::support::repository;

/// `orthostat edit` running on a copy of a sample.
pub(crate) struct Editing {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) program: Child,
    pub(crate) url: String,
}

impl Editing {
    pub(crate) fn of(sample: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::copy(repository("samples").join(format!("{sample}.jpg")), folder.path().join(format!("{sample}.jpg")))
            .expect("a photo");
        let record = folder.path().join(format!("{sample}.json"));
        std::fs::copy(repository("samples/expected").join(format!("{sample}.json")), &record).expect("a record");
        Self::start(folder, &record, arguments)
    }

    pub(crate) fn start(folder: tempfile::TempDir, record: &Path, arguments: &[&str]) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_orthostat"))
            .arg("edit")
            .arg(record)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut url = String::new();
        BufReader::new(program.stdout.take().expect("piped")).read_line(&mut url).expect("an address");
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        Self { folder, program, url: url.trim().to_owned() }
    }

    pub(crate) fn port(&self) -> u16 {
        let rest = self.url.strip_prefix("http://127.0.0.1:").expect("loopback");
        rest.split('/').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    pub(crate) fn token(&self) -> &str {
        self.url.split('#').nth(1).expect("a token")
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// Sends raw bytes; returns the status and the whole response.
    pub(crate) fn raw(&self, request: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        // The response may arrive, and the connection close, before everything was sent.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, answer)
    }

    /// A request with these header lines and this body.
    pub(crate) fn ask(&self, line: &str, headers: &[String], body: &str) -> (u16, String) {
        let mut request = format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        self.raw(format!("{request}\r\n{body}").as_bytes())
    }

    /// The headers of the page's own requests, with this key.
    pub(crate) fn own(&self, key: &str) -> Vec<String> {
        vec![
            format!("Host: {}", self.host()),
            format!("Origin: http://{}", self.host()),
            format!("Authorization: Bearer {key}"),
        ]
    }

    /// Exchanges the token as the page does.
    pub(crate) fn key(&self) -> String {
        let (status, answer) = self.ask("POST /key", &self.own("none"), self.token());
        assert_eq!(status, 200, "{answer}");
        let body = answer.split("\r\n\r\n").nth(1).expect("a body");
        serde_json::from_str::<Value>(body).expect("JSON")["key"].as_str().expect("a key").to_owned()
    }

    pub(crate) fn saved(&self, name: &str) -> Record {
        Record::open(&self.folder.path().join(name)).expect("a saved record")
    }

    /// The program's exit code and messages.
    pub(crate) fn end(&mut self, within: Duration) -> (Option<i32>, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.program.try_wait().expect("asked") {
                break status;
            }
            assert!(start.elapsed() < within, "the program does not end");
            std::thread::sleep(Duration::from_millis(50));
        };
        let mut message = String::new();
        self.program.stderr.take().expect("piped").read_to_string(&mut message).expect("text");
        (status.code(), message)
    }
}

impl Drop for Editing {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
