//! A headless Chromium for tests of pages, controlled by the DevTools protocol through two pipes: no port is opened, and host names are
//! not resolved.
//!
//! ```text
//! mod browser;
//! let mut page = browser::Page::open("file:///tmp/page.html");
//! page.press("Tab");
//! assert_eq!(page.eval("document.title"), "Report");
//! assert!(page.requests().iter().all(|request| request.url.starts_with("file:")));
//! ```
#![allow(clippy::expect_used, reason = "a test that cannot go on stops")]

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// After this time the browser counts as hanging.
const PATIENCE: Duration = Duration::from_secs(600);

/// A request of the page, to any address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// Its address.
    pub(crate) url: String,
    /// Its DevTools number.
    pub(crate) id: String,
    /// Why it failed, if it did: `csp`, `net::ERR_NAME_NOT_RESOLVED`.
    pub(crate) failed: Option<String>,
}

/// One page in its own browser, which ends with it.
pub(crate) struct Page {
    browser: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: String,
    last: u64,
    events: VecDeque<Value>,
    requests: Vec<Request>,
    messages: Vec<String>,
    _profile: tempfile::TempDir,
}

/// A paper size in inches, the unit of DevTools.
pub(crate) const A4: (f64, f64) = (8.27, 11.69);
/// See [`A4`].
pub(crate) const LETTER: (f64, f64) = (8.5, 11.0);

impl Page {
    /// Starts a browser with an empty page, 1000 x 1400 pixels. `CHROMIUM` may name another program than `chromium`.
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".into());
        // DevTools' pipe reads file descriptor 3 and writes 4; a shell sets them up without unsafe code.
        let script = r#"exec 3<&0 4>&1 0</dev/null 1>&2; exec "$0" "$@""#;
        let mut browser = Command::new("sh")
            .args(["-c", script, &program])
            .args([
                "--headless=new",
                "--remote-debugging-pipe",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
            ])
            .args(["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-extensions", "--mute-audio", "--hide-scrollbars", "--lang=en", "--window-size=1000,1400"])
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh starts");
        let to = browser.stdin.take().expect("a pipe");
        let mut out = BufReader::new(browser.stdout.take().expect("a pipe"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while out.read_until(0, &mut bytes).is_ok_and(|count| count > 0) {
                bytes.pop();
                let Ok(message) = serde_json::from_slice(&bytes) else { break };
                if sender.send(message).is_err() {
                    break;
                }
                bytes.clear();
            }
        });
        let mut page = Self {
            browser,
            to,
            from,
            session: String::new(),
            last: 0,
            events: VecDeque::new(),
            requests: Vec::new(),
            messages: Vec::new(),
            _profile: profile,
        };
        let target = page.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = page.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        page.session = attached["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Page", "Network", "Runtime", "Log"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.size(1000, 1400, 1.0);
        page
    }

    /// Starts a browser and opens an address in it, such as `file:///...` or `http://127.0.0.1:...`.
    pub(crate) fn open(url: &str) -> Self {
        let mut page = Self::start();
        page.go(url);
        page
    }

    /// Starts a browser and opens a file in it.
    pub(crate) fn open_file(path: &Path) -> Self {
        Self::open(&format!("file://{}", path.canonicalize().expect("a file").display()))
    }

    /// Opens another address in the same page and waits until it has loaded.
    pub(crate) fn go(&mut self, url: &str) {
        self.events.clear();
        let answer = self.call("Page.navigate", json!({"url": url}));
        assert!(answer.get("errorText").is_none(), "{url}: {}", answer["errorText"]);
        self.wait_for("Page.loadEventFired");
    }

    /// Loads the page again and waits until it has loaded.
    pub(crate) fn reload(&mut self) {
        self.events.clear();
        self.call("Page.reload", json!({}));
        self.wait_for("Page.loadEventFired");
    }

    /// The value of a JavaScript expression; promises are awaited. An exception fails the test.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let params =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true});
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"].get("value").cloned().unwrap_or(Value::Null)
    }

    /// Waits until a JavaScript expression is true.
    pub(crate) fn wait_until(&mut self, expression: &str) {
        let start = Instant::now();
        while self.eval(&format!("!!({expression})")) != true {
            assert!(start.elapsed() < PATIENCE, "never true: {expression}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Presses and releases a key by its DOM name: `Tab`, `Shift+Tab`, `Enter`, `ArrowLeft`, `Escape`, ` `, `a`, `Control+z`.
    pub(crate) fn press(&mut self, key: &str) {
        let mut modifiers = 0;
        let mut name = key;
        while let Some((modifier, rest)) = name.split_once('+').filter(|(_, rest)| !rest.is_empty()) {
            modifiers |= match modifier {
                "Alt" => 1,
                "Control" => 2,
                "Meta" => 4,
                "Shift" => 8,
                other => panic!("no such modifier: {other}"),
            };
            name = rest;
        }
        let (code, number, text) = match name {
            "Tab" => ("Tab".to_owned(), 9, ""),
            "Enter" => ("Enter".to_owned(), 13, "\r"),
            "Escape" => ("Escape".to_owned(), 27, ""),
            " " => ("Space".to_owned(), 32, " "),
            "PageUp" => ("PageUp".to_owned(), 33, ""),
            "PageDown" => ("PageDown".to_owned(), 34, ""),
            "End" => ("End".to_owned(), 35, ""),
            "Home" => ("Home".to_owned(), 36, ""),
            "ArrowLeft" => ("ArrowLeft".to_owned(), 37, ""),
            "ArrowUp" => ("ArrowUp".to_owned(), 38, ""),
            "ArrowRight" => ("ArrowRight".to_owned(), 39, ""),
            "ArrowDown" => ("ArrowDown".to_owned(), 40, ""),
            "Delete" => ("Delete".to_owned(), 46, ""),
            "Backspace" => ("Backspace".to_owned(), 8, ""),
            letter if letter.len() == 1 => {
                let upper = letter.to_uppercase();
                let digit = letter.chars().all(|c| c.is_ascii_digit());
                let code = if digit { format!("Digit{upper}") } else { format!("Key{upper}") };
                (code, u32::from(upper.as_bytes()[0]), letter)
            }
            other => panic!("no such key: {other}"),
        };
        // With Control, Alt or Meta held, a letter is a command and enters no text.
        let text = if modifiers & 7 == 0 { text } else { "" };
        let base = json!({"key": name, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers});
        let event = |kind: &str| {
            let mut event = base.clone();
            event["type"] = kind.into();
            if kind == "keyDown" {
                event["text"] = text.into();
            }
            event
        };
        self.call("Input.dispatchKeyEvent", event(if text.is_empty() { "rawKeyDown" } else { "keyDown" }));
        self.call("Input.dispatchKeyEvent", event("keyUp"));
    }

    /// Clicks with the left mouse button, in CSS pixels of the window.
    pub(crate) fn click(&mut self, x: f64, y: f64) {
        self.drag(&[(x, y)]);
    }

    /// Presses the left mouse button at the first place, moves to each of the others, and releases it at the last.
    pub(crate) fn drag(&mut self, places: &[(f64, f64)]) {
        let (Some(first), Some(last)) = (places.first(), places.last()) else { return };
        let mut mouse = |kind: &str, (x, y): (f64, f64), held: u8| {
            let button = if kind == "mouseMoved" && held == 0 { "none" } else { "left" };
            let params = json!({"type": kind, "x": x, "y": y, "button": button, "buttons": held, "clickCount": 1});
            self.call("Input.dispatchMouseEvent", params);
        };
        mouse("mouseMoved", *first, 0);
        mouse("mousePressed", *first, 1);
        for place in &places[1..] {
            mouse("mouseMoved", *place, 1);
        }
        mouse("mouseReleased", *last, 0);
    }

    /// The same with a finger.
    pub(crate) fn touch_drag(&mut self, places: &[(f64, f64)]) {
        let mut touch = |kind: &str, place: Option<&(f64, f64)>| {
            let points: Vec<Value> = place.into_iter().map(|(x, y)| json!({"x": x, "y": y})).collect();
            self.call("Input.dispatchTouchEvent", json!({"type": kind, "touchPoints": points}));
        };
        touch("touchStart", places.first());
        for place in places.iter().skip(1) {
            touch("touchMove", Some(place));
        }
        touch("touchEnd", None);
    }

    /// The middle of the first element that a selector finds, scrolled into the window, in CSS pixels.
    pub(crate) fn middle_of(&mut self, selector: &str) -> (f64, f64) {
        let selector = Value::from(selector);
        let place = self.eval(&format!(
            "(() => {{ const e = document.querySelector({selector}); e.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        ));
        (place[0].as_f64().expect("x"), place[1].as_f64().expect("y"))
    }

    /// Sets the size of the window in CSS pixels, and the device pixels per CSS pixel. A narrow window has touch input.
    pub(crate) fn size(&mut self, width: u32, height: u32, scale: f64) {
        let mobile = width < 600;
        let params = json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile});
        self.call("Emulation.setDeviceMetricsOverride", params);
        self.call("Emulation.setTouchEmulationEnabled", json!({"enabled": mobile}));
    }

    /// Sets the medium (`print`, `screen`) and features such as `("prefers-color-scheme", "dark")`.
    pub(crate) fn media(&mut self, medium: &str, features: &[(&str, &str)]) {
        let features: Vec<Value> = features.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        self.call("Emulation.setEmulatedMedia", json!({"media": medium, "features": features}));
    }

    /// The whole page as a PNG file.
    pub(crate) fn screenshot(&mut self, path: &Path) {
        let size = self.call("Page.getLayoutMetrics", json!({}))["cssContentSize"].clone();
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let answer = self.call("Page.captureScreenshot", json!({"captureBeyondViewport": true, "clip": clip}));
        write(path, &answer["data"]);
    }

    /// The page as a PDF file on sheets of this size, with the margins set by the page itself.
    pub(crate) fn pdf(&mut self, path: &Path, (width, height): (f64, f64)) {
        let params = json!({"paperWidth": width, "paperHeight": height, "printBackground": true,
            "marginTop": 0.4, "marginBottom": 0.4, "marginLeft": 0.4, "marginRight": 0.4});
        let answer = self.call("Page.printToPDF", params);
        write(path, &answer["data"]);
    }

    /// All requests since the browser started, including the page itself.
    pub(crate) fn requests(&mut self) -> Vec<Request> {
        // Pending events arrive before the response to this.
        self.eval("new Promise(done => setTimeout(() => done(0), 100))");
        self.requests.clone()
    }

    /// The page's console messages and exceptions.
    pub(crate) fn messages(&mut self) -> Vec<String> {
        self.eval("0");
        self.messages.clone()
    }

    /// Any other DevTools command.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.as_str().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).and_then(|()| self.to.flush()).expect("chromium runs (`make test` installs it)");
        loop {
            let answer = self.next();
            if answer.get("id").and_then(Value::as_u64) == Some(self.last) {
                assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
        }
    }

    fn wait_for(&mut self, method: &str) {
        loop {
            if self.events.iter().any(|event| event["method"] == method) {
                return;
            }
            self.next();
        }
    }

    /// The next message; events are recorded.
    fn next(&mut self) -> Value {
        let message = self
            .from
            .recv_timeout(PATIENCE)
            .expect("chromium answers (`make test` installs it; CHROMIUM names another)");
        let params = &message["params"];
        match message["method"].as_str() {
            Some("Network.requestWillBeSent") => self.requests.push(Request {
                url: params["request"]["url"].as_str().unwrap_or_default().to_owned(),
                id: params["requestId"].as_str().unwrap_or_default().to_owned(),
                failed: None,
            }),
            Some("Network.loadingFailed") => {
                let why = params["blockedReason"].as_str().or(params["errorText"].as_str()).unwrap_or("failed");
                for request in &mut self.requests {
                    if params["requestId"] == request.id.as_str() {
                        request.failed = Some(why.to_owned());
                    }
                }
            }
            Some("Runtime.consoleAPICalled") => {
                let words: Vec<String> =
                    params["args"].as_array().into_iter().flatten().map(|arg| arg["value"].to_string()).collect();
                self.messages.push(words.join(" "));
            }
            Some("Runtime.exceptionThrown") => self.messages.push(params["exceptionDetails"].to_string()),
            Some("Log.entryAdded") => self.messages.push(params["entry"]["text"].to_string()),
            Some(_) => self.events.push_back(message.clone()),
            None => {}
        }
        message
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // The browser ends its own children when it is closed; if killed, it would leave them behind.
        let _ = self.to.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0").and_then(|()| self.to.flush());
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if let Ok(Some(_)) = self.browser.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}

fn write(path: &Path, base64: &Value) {
    let bytes = STANDARD.decode(base64.as_str().expect("data")).expect("base64");
    std::fs::write(path, bytes).expect("written");
}
