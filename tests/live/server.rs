//! A network camera: motion JPEG over HTTP, which can fail in the middle of a picture and recover.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opencv::core::{Vector, VectorToVec};
use opencv::imgcodecs::imencode;

use crate::film::Shot;

/// The server; it ends with the test.
pub(crate) struct Server {
    port: u16,
    state: Arc<State>,
}

struct State {
    pictures: Vec<Vec<u8>>,
    every: Duration,
    dying: AtomicBool,
    authorized: AtomicBool,
    /// The number of clients that receive pictures now.
    clients: AtomicUsize,
    listener: Mutex<Option<TcpListener>>,
}

impl Server {
    /// Starts serving pictures at this interval, repeatedly.
    pub(crate) fn start(shots: &[Shot], every: Duration) -> Self {
        let pictures = shots
            .iter()
            .map(|shot| {
                let mut bytes = Vector::<u8>::new();
                assert!(imencode(".jpg", &shot.pixels(), &mut bytes, &Vector::new()).unwrap());
                bytes.to_vec()
            })
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            pictures,
            every,
            dying: AtomicBool::new(false),
            authorized: AtomicBool::new(false),
            clients: AtomicUsize::new(0),
            listener: Mutex::new(Some(listener)),
        });
        let server = Self { port, state };
        server.listen();
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether a client sent a user and a password.
    pub(crate) fn authorized(&self) -> bool {
        self.state.authorized.load(Ordering::SeqCst)
    }

    /// The number of clients that receive pictures now.
    pub(crate) fn clients(&self) -> usize {
        self.state.clients.load(Ordering::SeqCst)
    }

    /// Sends half a picture, closes all connections, and accepts no more.
    pub(crate) fn die_in_the_middle_of_a_picture(&self) {
        self.state.dying.store(true, Ordering::SeqCst);
        *self.state.listener.lock().unwrap() = None;
    }

    /// Accepts connections again, at the same address.
    pub(crate) fn come_back(&self) {
        self.state.dying.store(false, Ordering::SeqCst);
        let mut tries = 0;
        let listener = loop {
            match TcpListener::bind(("127.0.0.1", self.port)) {
                Ok(listener) => break listener,
                Err(error) => {
                    assert!(tries < 50, "{error}");
                    tries += 1;
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        };
        *self.state.listener.lock().unwrap() = Some(listener);
        self.listen();
    }

    fn listen(&self) {
        let listener = self.state.listener.lock().unwrap().as_ref().unwrap().try_clone().unwrap();
        listener.set_nonblocking(true).unwrap();
        let state = Arc::clone(&self.state);
        std::thread::spawn(move || {
            while !state.dying.load(Ordering::SeqCst) {
                if let Ok((connection, _)) = listener.accept() {
                    let state = Arc::clone(&state);
                    std::thread::spawn(move || {
                        state.clients.fetch_add(1, Ordering::SeqCst);
                        serve(connection, &state);
                        state.clients.fetch_sub(1, Ordering::SeqCst);
                    });
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        });
    }
}

fn serve(mut connection: TcpStream, state: &State) {
    connection.set_nonblocking(false).unwrap();
    let mut request = [0; 2048];
    let count = connection.read(&mut request).unwrap_or(0);
    let request = String::from_utf8_lossy(&request[..count]).into_owned();
    if request.contains("Authorization: Basic d2F0Y2g6d29yZA==") {
        state.authorized.store(true, Ordering::SeqCst);
    }
    let answer = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=picture\r\n\r\n";
    if connection.write_all(answer.as_bytes()).is_err() {
        return;
    }
    for picture in state.pictures.iter().cycle() {
        let head = format!("--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", picture.len());
        if state.dying.load(Ordering::SeqCst) {
            let _ = connection
                .write_all(head.as_bytes())
                .and_then(|()| connection.write_all(&picture[..picture.len() / 2]));
            return;
        }
        let sent = connection
            .write_all(head.as_bytes())
            .and_then(|()| connection.write_all(picture))
            .and_then(|()| connection.write_all(b"\r\n"));
        if sent.is_err() {
            return;
        }
        std::thread::sleep(state.every);
    }
}
