//! A camera's motion JPEG over HTTP: one picture after the other in an endless `multipart` response.
//!
//! OpenCV can read these too, but does not detect that the camera fails in the middle of a picture; it also decodes every picture, needed
//! or not. Here, a silent stream ends after [`PATIENCE`], and only requested pictures are decoded.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// A stream that is silent for this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(4);
/// The time limit for a complete header or picture: a stream that trickles is treated like a silent one.
pub const PATIENCE_WITH_ONE: Duration = Duration::from_secs(12);
/// Limits for the length of a header line and the number of lines.
const LONGEST_LINE: u64 = 8 << 10;
const MOST_LINES: usize = 100;
/// The largest size of a picture in bytes.
const LARGEST: usize = 32 << 20;

/// A stream, opened.
#[derive(Debug)]
pub struct Stream {
    reader: BufReader<Timed>,
    /// `--` and the boundary.
    boundary: Vec<u8>,
    /// The boundary before the next part's header has already been read.
    at_part: bool,
}

/// A connection with a common time limit for several reads, which is reset for each item that is read.
#[derive(Debug)]
struct Timed {
    connection: TcpStream,
    patience: Duration,
    until: Instant,
}

impl Timed {
    fn again(&mut self) {
        self.until = Instant::now() + self.patience;
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if Instant::now() >= self.until {
            return Err(std::io::Error::new(ErrorKind::TimedOut, Slow));
        }
        self.connection.read(buffer)
    }
}

/// Why a connection that still sends data is closed.
#[derive(Debug)]
struct Slow;

impl std::fmt::Display for Slow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "too slow: not one picture in {} seconds", PATIENCE_WITH_ONE.as_secs())
    }
}

impl std::error::Error for Slow {}

/// The kind of response from an address.
#[derive(Debug)]
pub enum Opened {
    /// Motion JPEG.
    Stream(Stream),
    /// Another response; OpenCV may support it.
    Other,
}

/// The parts of an `http://` address.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    host: String,
    port: u16,
    path: String,
    /// `user:password`.
    user: Option<String>,
}

impl Address {
    /// `None` for anything except a plain `http://` address.
    fn parse(address: &str) -> Option<Self> {
        let rest = address.strip_prefix("http://")?;
        let rest = rest.split('#').next().unwrap_or(rest);
        let (place, path) = match rest.find(['/', '?']) {
            Some(at) if rest[at..].starts_with('?') => (&rest[..at], format!("/{}", &rest[at..])),
            Some(at) => (&rest[..at], rest[at..].to_owned()),
            None => (rest, "/".to_owned()),
        };
        let (user, place) = match place.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, place),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
            _ => (place, 80),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let sound = !host.is_empty() && path.bytes().all(|byte| byte.is_ascii_graphic());
        sound.then(|| Self { host: host.into(), port, path, user })
    }
}

impl Address {
    /// In the form required by the header `Host`: an IPv6 address is in brackets.
    fn host_header(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// Opens an address; returns the reason when there is no response or it is an error.
///
/// # Errors
/// One clause for the user.
pub fn open(address: &str) -> Result<Opened, String> {
    open_within(address, PATIENCE_WITH_ONE)
}

fn open_within(address: &str, patience: Duration) -> Result<Opened, String> {
    let Some(address) = Address::parse(address) else { return Ok(Opened::Other) };
    let host_header = address.host_header();
    let Address { host, port, path, user } = address;
    let places = (host.as_str(), port).to_socket_addrs().map_err(|_| "no machine has this name".to_owned())?;
    let mut connection = Err("no machine has this name".to_owned());
    for place in places {
        connection = TcpStream::connect_timeout(&place, PATIENCE).map_err(|error| cause(&error));
        if connection.is_ok() {
            break;
        }
    }
    let mut connection = connection?;
    let failed = |error: std::io::Error| cause(&error);
    connection.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    connection.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    let user =
        user.map_or(String::new(), |user| format!("Authorization: Basic {}\r\n", base64(unescaped(&user).as_bytes())));
    // HTTP 1.0, so that the response is not chunked.
    let request =
        format!("GET {path} HTTP/1.0\r\nHost: {host_header}\r\nUser-Agent: orthostat\r\nAccept: */*\r\n{user}\r\n");
    connection.write_all(request.as_bytes()).map_err(failed)?;
    let timed = Timed { connection, patience, until: Instant::now() + patience };
    let mut reader = BufReader::with_capacity(64 << 10, timed);
    let status = line(&mut reader).map_err(failed)?;
    let code = String::from_utf8_lossy(&status).split_whitespace().nth(1).and_then(|code| code.parse::<u16>().ok());
    let header = header(&mut reader).map_err(failed)?;
    match code {
        Some(200) => {}
        Some(401 | 403) => return Err("the camera asks for a user and a password (http://user:password@...)".into()),
        Some(300..=399) => return Ok(Opened::Other),
        Some(code) => return Err(format!("the address answers with HTTP {code}")),
        None => return Ok(Opened::Other),
    }
    let kind = value(&header, "content-type").unwrap_or_default();
    let chunked = value(&header, "transfer-encoding").is_some_and(|how| how.to_ascii_lowercase().contains("chunked"));
    let boundary = kind.split(';').find_map(|part| part.trim().strip_prefix("boundary="));
    match boundary.map(|text| text.trim_matches('"')) {
        Some(boundary) if kind.to_ascii_lowercase().starts_with("multipart/") && !chunked && !boundary.is_empty() => {
            let boundary = format!("--{}", boundary.trim_start_matches("--")).into_bytes();
            Ok(Opened::Stream(Stream { reader, boundary, at_part: false }))
        }
        _ => Ok(Opened::Other),
    }
}

impl Stream {
    /// Reads the next picture's bytes; `false` at the end. Only complete pictures are returned.
    ///
    /// # Errors
    /// One clause for the user: the stream broke off, is silent, or is not what it says.
    pub fn next(&mut self, jpeg: &mut Vec<u8>) -> Result<bool, String> {
        self.reader.get_mut().again();
        self.part(jpeg).map_err(|error| cause(&error))
    }

    fn part(&mut self, jpeg: &mut Vec<u8>) -> std::io::Result<bool> {
        let wrong = |text: &str| std::io::Error::new(ErrorKind::InvalidData, text.to_owned());
        let mut lines = 0;
        while !self.at_part {
            let line = line(&mut self.reader)?;
            if line.is_empty() {
                return Ok(false);
            }
            self.at_part = line.starts_with(&self.boundary);
            lines += 1;
            if lines > MOST_LINES {
                return Err(wrong("no picture comes"));
            }
        }
        self.at_part = false;
        let header = header(&mut self.reader)?;
        jpeg.clear();
        match value(&header, "content-length") {
            Some(length) => {
                let length = length.parse::<usize>().ok().filter(|length| *length <= LARGEST);
                jpeg.resize(length.ok_or_else(|| wrong("a picture says no length that can be"))?, 0);
                self.reader.read_exact(jpeg)?;
            }
            None => loop {
                let start = jpeg.len();
                if self.reader.by_ref().take(LARGEST as u64).read_until(b'\n', jpeg)? == 0 {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                if jpeg[start..].starts_with(&self.boundary) {
                    let end =
                        start - jpeg[..start].iter().rev().take(2).take_while(|byte| b"\r\n".contains(byte)).count();
                    jpeg.truncate(end);
                    self.at_part = true;
                    break;
                }
                if jpeg.len() > LARGEST {
                    return Err(wrong("a picture has no end"));
                }
            },
        }
        Ok(true)
    }
}

/// A line with its end; empty at the end of the stream.
fn line(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// The lines up to an empty one.
fn header(reader: &mut impl BufRead) -> std::io::Result<Vec<String>> {
    let mut lines = Vec::new();
    while lines.len() < MOST_LINES {
        let line = line(reader)?;
        if line.is_empty() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        if text.is_empty() {
            return Ok(lines);
        }
        lines.push(text);
    }
    Err(std::io::Error::new(ErrorKind::InvalidData, "the header has no end"))
}

fn value(header: &[String], name: &str) -> Option<String> {
    header.iter().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

fn cause(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::TimedOut if error.get_ref().is_some_and(|inner| inner.is::<Slow>()) => Slow.to_string(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => format!("silent for {} seconds", PATIENCE.as_secs()),
        ErrorKind::ConnectionRefused => "nothing answers there (connection refused)".into(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "the stream broke off".into(),
        _ => error.to_string(),
    }
}

/// Decodes `%40` and the like.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// In the form required by the header `Authorization`.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, i| bits << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn addresses_are_taken_apart() {
        let of = |text: &str| Address::parse(text).map(|a| (a.host, a.port, a.path, a.user));
        assert_eq!(of("http://cam/a?b=1#x"), Some(("cam".into(), 80, "/a?b=1".into(), None)));
        assert_eq!(of("http://u:p@ss@10.0.0.1:81"), Some(("10.0.0.1".into(), 81, "/".into(), Some("u:p@ss".into()))));
        assert_eq!(of("http://[::1]:8080?x"), Some(("::1".into(), 8080, "/?x".into(), None)));
        let host = |text: &str| Address::parse(text).unwrap().host_header();
        assert_eq!((host("http://[::1]:8080/"), host("http://cam/")), ("[::1]:8080".into(), "cam:80".into()));
        for other in ["https://cam/a", "rtsp://cam", "http://", "http://cam:port/", "http://cam/a b"] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!((base64(b"a"), base64(b"user:pass")), ("YQ==".into(), "dXNlcjpwYXNz".into()));
        assert_eq!(unescaped("a%40b%zz%"), "a@b%zz%");
    }

    /// The result for a response, byte for byte.
    fn answered(answer: &'static [u8]) -> Result<Vec<Vec<u8>>, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _ = connection.read(&mut request).unwrap();
            connection.write_all(answer).unwrap();
        });
        let opened = open(&format!("http://127.0.0.1:{port}/"));
        let mut pictures = Vec::new();
        if let Opened::Stream(mut stream) = opened? {
            let mut jpeg = Vec::new();
            while stream.next(&mut jpeg)? {
                pictures.push(jpeg.clone());
            }
        }
        server.join().unwrap();
        Ok(pictures)
    }

    #[test]
    fn pictures_come_with_and_without_their_length() {
        let found = answered(
            b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=\"--x\"\r\n\r\n\
              --x\r\nContent-Length: 3\r\n\r\na\nb\r\n--x\r\nContent-Type: image/jpeg\r\n\r\nc\r\nd\r\n--x\r\n\r\ne\r\n--x\r\n",
        );
        // The last part has only a header.
        assert_eq!(found, Err("the stream broke off".into()));
        let found = answered(
            b"HTTP/1.1 200 OK\r\ncontent-type: multipart/x-mixed-replace;boundary=x\r\n\r\n--x\r\nContent-Length: 2\r\n\r\nab",
        );
        assert_eq!(found, Ok(vec![b"ab".to_vec()]));
    }

    #[test]
    fn a_stream_that_trickles_ends() {
        let head = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n--x\r\n";
        for (at_once, drip) in [("", head), (head, "Content-Length: 999\r\n\r\n")] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            std::thread::spawn(move || {
                let (mut connection, _) = listener.accept().unwrap();
                let mut request = [0; 1024];
                let _ = connection.read(&mut request).unwrap();
                connection.write_all(at_once.as_bytes()).unwrap();
                // Until the receiver is dropped.
                for byte in drip.bytes().chain(std::iter::repeat(b'x')) {
                    std::thread::sleep(Duration::from_millis(40));
                    if connection.write_all(&[byte]).is_err() {
                        break;
                    }
                }
            });
            let opened = open_within(&format!("http://127.0.0.1:{port}/"), Duration::from_millis(400));
            let outcome = opened.and_then(|opened| match opened {
                Opened::Stream(mut stream) => stream.next(&mut Vec::new()),
                Opened::Other => Ok(true),
            });
            assert!(outcome.as_ref().is_err_and(|error| error.starts_with("too slow")), "{outcome:?}");
        }
    }

    #[test]
    fn a_picture_that_breaks_off_is_not_given() {
        let found = answered(
            b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n--x\r\nContent-Length: 9\r\n\r\nab",
        );
        assert_eq!(found, Err("the stream broke off".into()));
    }

    #[test]
    fn refusals_have_their_reason() {
        assert!(answered(b"HTTP/1.0 401 No\r\n\r\n").unwrap_err().contains("password"));
        assert_eq!(answered(b"HTTP/1.0 404 No\r\n\r\n").unwrap_err(), "the address answers with HTTP 404");
        assert_eq!(answered(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp4\r\n\r\n"), Ok(vec![]), "OpenCV may know it");
    }
}
