//! The edit page in a real browser, and its server with requests that the page would not send.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::browser::Page;
use crate::support::repository;
use orthostat::core::geometry::Point;
use orthostat::core::record::Record;
use orthostat::core::record::states::{PlacedBy, PointsBy};
use orthostat::core::uncertainty::side;
use serde_json::Value;

/// `orthostat edit` running on a copy of a sample.
struct Editing {
    folder: tempfile::TempDir,
    program: Child,
    url: String,
}

impl Editing {
    fn of(sample: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::copy(repository("samples").join(format!("{sample}.jpg")), folder.path().join(format!("{sample}.jpg")))
            .expect("a photo");
        let record = folder.path().join(format!("{sample}.json"));
        std::fs::copy(repository("samples/expected").join(format!("{sample}.json")), &record).expect("a record");
        Self::start(folder, &record, arguments)
    }

    fn start(folder: tempfile::TempDir, record: &Path, arguments: &[&str]) -> Self {
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

    fn port(&self) -> u16 {
        let rest = self.url.strip_prefix("http://127.0.0.1:").expect("loopback");
        rest.split('/').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    fn token(&self) -> &str {
        self.url.split('#').nth(1).expect("a token")
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port())
    }

    /// Sends raw bytes; returns the status and the whole response.
    fn raw(&self, request: &[u8]) -> (u16, String) {
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
    fn ask(&self, line: &str, headers: &[String], body: &str) -> (u16, String) {
        let mut request = format!("{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        self.raw(format!("{request}\r\n{body}").as_bytes())
    }

    /// The headers of the page's own requests, with this key.
    fn own(&self, key: &str) -> Vec<String> {
        vec![
            format!("Host: {}", self.host()),
            format!("Origin: http://{}", self.host()),
            format!("Authorization: Bearer {key}"),
        ]
    }

    /// Exchanges the token as the page does.
    fn key(&self) -> String {
        let (status, answer) = self.ask("POST /key", &self.own("none"), self.token());
        assert_eq!(status, 200, "{answer}");
        let body = answer.split("\r\n\r\n").nth(1).expect("a body");
        serde_json::from_str::<Value>(body).expect("JSON")["key"].as_str().expect("a key").to_owned()
    }

    fn saved(&self, name: &str) -> Record {
        Record::open(&self.folder.path().join(name)).expect("a saved record")
    }

    /// The program's exit code and messages.
    fn end(&mut self, within: Duration) -> (Option<i32>, String) {
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

/// Opens the page and waits until it has its record and picture.
fn opened(editing: &Editing) -> Page {
    let mut page = Page::start();
    page.size(1280, 860, 1.0);
    page.go(&editing.url);
    page.wait_until("document.body.dataset.ready || !document.getElementById('problem').hidden");
    assert_eq!(page.eval("document.getElementById('problem').textContent"), "");
    page
}

fn text(page: &mut Page, expression: &str) -> String {
    page.eval(expression).as_str().expect("text").to_owned()
}

/// x and y of a point by its label, in pixels of the photo.
fn place(page: &mut Page, name: &str) -> (f64, f64) {
    let label = text(page, &format!("document.querySelector('[data-name={name}]').getAttribute('aria-label')"));
    let number = |axis: &str| {
        let rest = label.split(&format!(", {axis} ")).nth(1).expect("an axis");
        rest.split(',').next().and_then(|number| number.parse::<f64>().ok()).expect("a number")
    };
    (number("x"), number("y"))
}

/// A value in the table of the page.
fn shown(page: &mut Page, measure: &str) -> f64 {
    let cell = text(page, &format!("document.querySelector('[data-measure={measure}] td').textContent"));
    cell.trim_end_matches(['°', '%', ' ']).parse().expect("a number")
}

/// Waits until the last edit has been measured.
fn settled(page: &mut Page) {
    page.wait_until("document.body.dataset.measured === JSON.stringify(Object.fromEntries(hand))");
}

fn tilt((lx, ly): (f64, f64), (rx, ry): (f64, f64)) -> f64 {
    (ry - ly).atan2((lx - rx).abs()).to_degrees()
}

/// The tilt of a line of the picture in the body's own plane: levelled, and corrected for the turn by the formula for a level line of a
/// turned body, tan(seen) = -v / f tan(turn), with v its height above the horizon.
fn straightened(record: &Record, left: (f64, f64), right: (f64, f64)) -> f64 {
    let camera = record.levelling();
    let level = |(x, y): (f64, f64)| camera.level(Point::new(x, y));
    let (left, right) = (level(left), level(right));
    let seen = (right.y - left.y) / (left.x - right.x).abs();
    let hip = |name: &str| level((record.landmarks[name].x, record.landmarks[name].y));
    let body = left.midpoint(right).midpoint(hip("left_hip").midpoint(hip("right_hip")));
    let beside = ((body.x - camera.principal.x) / camera.focal_px).atan();
    let turn = record.subject.yaw_deg.expect("told").to_radians() - beside;
    let above = (camera.principal.y - left.midpoint(right).y) / camera.focal_px;
    ((seen + above * turn.tan()) * turn.cos()).atan().to_degrees()
}

/// The folder for screenshots, for manual inspection.
fn screenshot(page: &mut Page, name: &str) {
    if let Some(folder) = std::env::var_os("ORTHOSTAT_SCREENSHOTS") {
        page.screenshot(&Path::new(&folder).join(name));
    }
}

#[test]
fn points_are_dragged_and_moved_by_keys_and_values_follow_as_trigonometry_says() {
    let editing = Editing::of("anterior-tilted", &[]);
    let mut page = opened(&editing);
    screenshot(&mut page, "edit-opened.png");
    let before = editing.saved("anterior-tilted.json");
    let as_recorded = |measure: &str| before.measures[measure].value.expect("measured");
    assert!((shown(&mut page, "shoulder_tilt") - as_recorded("shoulder_tilt")).abs() < 0.06);

    // Both shoulders dragged: the left one up and out, the right one down.
    let zoom = page.eval("zoom").as_f64().expect("a number");
    let mut places = Vec::new();
    for (name, dx, dy) in [("left_shoulder", 6.0, -9.0), ("right_shoulder", -3.0, 5.0)] {
        let from = place(&mut page, name);
        let (x, y) = page.middle_of(&format!("[data-name={name}]"));
        page.drag(&[(x, y), (x + 0.5 * dx, y + 0.5 * dy), (x + dx, y + dy)]);
        settled(&mut page);
        let to = place(&mut page, name);
        assert!(
            (to.0 - from.0 - dx / zoom).abs() < 0.02 && (to.1 - from.1 - dy / zoom).abs() < 0.02,
            "{from:?} {to:?}"
        );
        places.push(to);
    }
    let after_dragging = shown(&mut page, "shoulder_tilt");
    let in_picture = tilt(places[0], places[1]);
    assert!(text(&mut page, "document.getElementById('changed').textContent").contains("shoulder tilt: "));
    screenshot(&mut page, "edit-dragged.png");

    // The left hip by keys: three tenths of a pixel up, one whole to the right.
    page.eval("document.querySelector('[data-name=left_hip]').focus()");
    let from = place(&mut page, "left_hip");
    for key in ["ArrowUp", "ArrowUp", "ArrowUp", "Shift+ArrowRight"] {
        page.press(key);
    }
    settled(&mut page);
    let to = place(&mut page, "left_hip");
    assert!((to.0 - from.0 - 1.0).abs() < 0.011 && (to.1 - from.1 + 0.3).abs() < 0.011, "{from:?} {to:?}");

    // Undone as one step, redone, and undone again: the hip is where the model had it.
    let moved = shown(&mut page, "pelvic_obliquity");
    page.press("Control+z");
    settled(&mut page);
    assert_eq!(place(&mut page, "left_hip"), from);
    assert_eq!(shown(&mut page, "shoulder_tilt"), after_dragging);
    page.press("Control+Shift+z");
    settled(&mut page);
    assert_eq!((place(&mut page, "left_hip"), shown(&mut page, "pelvic_obliquity")), (to, moved));

    // Saved beside the record, marked; the original is as it was.
    page.press("Control+s");
    page.wait_until("document.body.dataset.unsaved === 'false'");
    let saved = editing.saved("anterior-tilted.edited.json");
    let edited = saved.edited.as_ref().expect("marked");
    assert_eq!(edited.points, ["left_shoulder", "right_shoulder", "left_hip"]);
    let original = std::fs::read(repository("samples/expected/anterior-tilted.json")).expect("committed");
    assert_eq!(edited.from, blake3::hash(&original).to_hex().to_string());
    assert_eq!(std::fs::read(editing.folder.path().join("anterior-tilted.json")).expect("there"), original);
    let shoulders = &saved.measures["shoulder_tilt"];
    assert!((shoulders.raw.expect("measured") - in_picture).abs() < 0.011, "{shoulders:?} {in_picture}");
    assert!((shoulders.value.expect("measured") - after_dragging).abs() < 0.06);
    let expected = straightened(&saved, places[0], places[1]);
    assert!((after_dragging - expected).abs() < 0.15, "shown {after_dragging}, expected {expected}");
    assert_eq!(shoulders.by, Some(PointsBy::Hand));
    assert_eq!(saved.landmarks["left_shoulder"].by, Some(PlacedBy::Hand));
    assert!(saved.landmarks["nose"].by.is_none());

    // Everything undone: the values of the original record.
    for _ in 0..3 {
        page.press("Control+z");
    }
    settled(&mut page);
    assert!((shown(&mut page, "shoulder_tilt") - as_recorded("shoulder_tilt")).abs() < 0.06);
    assert_eq!(page.eval("document.getElementById('changed').textContent"), "Nothing yet.");
    assert_eq!(page.eval("document.getElementById('undo').disabled"), true);
    let messages = page.messages();
    assert!(messages.is_empty(), "{messages:?}");
    let own = format!("http://{}/", editing.host());
    assert!(
        page.requests().iter().all(|r| (r.url.starts_with(&own) || r.url.starts_with("blob:")) && r.failed.is_none())
    );

    // The saved record validates, and can be edited again.
    let schema = jsonschema::validator_for(&orthostat::core::record::schema::record()).expect("a schema");
    let json: Value = serde_json::to_value(&saved).expect("JSON");
    assert!(schema.is_valid(&json), "{:?}", schema.iter_errors(&json).next());
}

#[test]
fn bony_points_are_added_and_given_back_and_the_keyboard_alone_is_enough() {
    let editing = Editing::of("lateral-left", &["--out", "/nonexistent-folder/a.json"]);
    let mut page = opened(&editing);
    // From the first button by Tab to the first point.
    let mut steps = 0;
    while page.eval("document.activeElement.classList.contains('point')") != true {
        page.press("Tab");
        steps += 1;
        assert!(steps < 12, "no point is reached by Tab");
    }
    assert!(text(&mut page, "document.getElementById('point').textContent").contains("by the model"));
    page.eval("document.getElementById('add').value = 'c7'; document.getElementById('place').focus()");
    page.press("Enter");
    settled(&mut page);
    assert_eq!(page.eval("document.activeElement.dataset.name"), "c7");
    page.wait_until("document.querySelector('[data-measure=craniovertebral_angle]')");
    for _ in 0..4 {
        page.press("Shift+ArrowUp");
    }
    settled(&mut page);
    let (c7, mut ear) = (place(&mut page, "c7"), place(&mut page, "left_ear"));
    let record = editing.saved("lateral-left.json");
    // The model's ear lies in front of the ear's opening. The subject faces left in the picture; levelled by the roll that was found.
    let [shoulder, hip] = ["left_shoulder", "left_hip"].map(|joint| &record.landmarks[joint]);
    ear.0 += side::fitted().offsets.ear * (shoulder.x - hip.x).hypot(shoulder.y - hip.y);
    let expected = (c7.1 - ear.1).atan2(c7.0 - ear.0).to_degrees() - record.camera.roll_deg;
    let found = shown(&mut page, "craniovertebral_angle");
    assert!((found - expected).abs() < 0.3, "shown {found}, expected {expected}");
    // The announcement for screen readers, once editing pauses.
    page.wait_until("document.getElementById('live').textContent.includes('changed')");
    screenshot(&mut page, "edit-c7.png");
    // A file that cannot be written is reported, and nothing is lost.
    page.press("Control+s");
    page.wait_until("!document.getElementById('problem').hidden");
    assert!(text(&mut page, "document.getElementById('problem').textContent").starts_with("Not saved: "));
    page.eval("document.querySelector('[data-name=c7]').focus()");
    page.press("Delete");
    page.wait_until("!document.querySelector('[data-measure=craniovertebral_angle]')");
    assert_eq!(page.eval("document.querySelector('[data-name=c7]')"), Value::Null);
}

#[test]
fn fingers_drag_on_a_narrow_screen_and_zooming_reaches_the_pixel() {
    let editing = Editing::of("anterior-level", &[]);
    let mut page = opened(&editing);
    page.size(390, 800, 2.0);
    page.eval("fit()");
    let from = place(&mut page, "left_shoulder");
    let zoom = page.eval("zoom").as_f64().expect("a number");
    let (x, y) = page.middle_of("[data-name=left_shoulder]");
    page.touch_drag(&[(x, y), (x + 4.0, y), (x + 10.0, y - 6.0)]);
    settled(&mut page);
    let to = place(&mut page, "left_shoulder");
    assert!((to.0 - from.0 - 10.0 / zoom).abs() < 0.02 && (to.1 - from.1 + 6.0 / zoom).abs() < 0.02, "{from:?} {to:?}");
    screenshot(&mut page, "edit-narrow.png");
    page.size(1280, 860, 1.0);
    page.eval("fit()");
    page.eval("document.querySelector('[data-name=left_shoulder]').focus()");
    for _ in 0..20 {
        page.press("+");
    }
    let near = page.eval("zoom").as_f64().expect("a number");
    assert!(near > 10.0, "{near}");
    // A pixel of the photo is now many on the screen: a drag on the screen is a fraction of it.
    let from = place(&mut page, "left_shoulder");
    let (x, y) = page.middle_of("[data-name=left_shoulder]");
    page.drag(&[(x, y), (x + 3.0, y), (x + 6.0, y)]);
    settled(&mut page);
    let to = place(&mut page, "left_shoulder");
    assert!((to.0 - from.0 - 6.0 / near).abs() < 0.011, "{from:?} {to:?} {near}");
    screenshot(&mut page, "edit-zoomed.png");
    page.media("screen", &[("prefers-color-scheme", "dark")]);
    screenshot(&mut page, "edit-dark.png");
}

#[test]
fn an_address_opens_one_page_which_may_be_loaded_again() {
    let mut editing = Editing::of("anterior-level", &[]);
    let mut page = opened(&editing);
    page.reload();
    page.wait_until("document.body && document.body.dataset.ready");
    let mut second = Page::open(&editing.url);
    second.wait_until("!document.getElementById('problem').hidden");
    assert!(text(&mut second, "document.getElementById('problem').textContent").contains("was opened before"));
    drop(second);
    // The page is left: the program ends.
    page.go("about:blank");
    let (code, message) = editing.end(Duration::from_secs(30));
    assert_eq!((code, message.as_str()), (Some(0), ""));
}

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
