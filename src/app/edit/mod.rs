//! The page for dragging points: a server for one record, one picture and one page, on this machine only.
//!
//! It listens on 127.0.0.1, on a port chosen by the system. The printed address contains a token after `#`, which browsers never send;
//! the page exchanges it for a key, once, and every request for record data includes that key. The host name must be 127.0.0.1 or
//! localhost with the port, the origin of requests that change something must be the page itself, bodies are small, and no path leads to
//! a file.
//!
//! - `session`: the edited record and its files
//! - `api`: requests and responses
//! - `callers`: connections, so that idle ones do not block new ones
//! - `guard`: access control
//! - `page.html`, `page.css`, `page.js`: the page in the browser

mod api;
mod callers;
mod guard;
mod session;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

pub use session::{Saved, Session, Stopped};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::core::error::{Error, Result};

/// How long the page may be silent before it counts as closed: browsers wake a hidden page once a minute.
const SILENCE: Duration = Duration::from_secs(150);
/// The delay after the page reported that it closes: a page that is only reloaded comes back.
const FAREWELL: Duration = Duration::from_secs(3);
/// The interval of these checks.
const WATCH: Duration = Duration::from_millis(200);
/// How long pending responses may take once the server stops.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// The server, listening but not yet responding.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<api::App>,
    runtime: Runtime,
    interrupted: JoinHandle<()>,
}

impl Server {
    /// Listens for one page for this session, which ends after `idle` without an edit.
    ///
    /// # Errors
    /// [`Error::Server`] when there is no port or no randomness to be had.
    pub fn bind(session: Session, idle: Duration) -> Result<Self> {
        let failed = |source: std::io::Error| Error::Server { source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (token, key) = (guard::secret()?, guard::secret()?);
        let app = Arc::new(api::App::new(session, guard::Guard::new(address.port(), token, key), idle));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        // Registered now, so that an interrupt right after the address is printed is handled.
        let interrupted = runtime.spawn(interruption());
        runtime.block_on(tokio::task::yield_now());
        Ok(Self { listener, address, app, runtime, interrupted })
    }

    /// The address to open, once.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/#{}", self.address, self.app.guard.token())
    }

    /// Serves until the page is closed, nothing was edited for the idle time, or the user interrupts.
    ///
    /// # Errors
    /// [`Error::Server`].
    pub fn run(self) -> Result<(Stopped, Option<Session>)> {
        let failed = |source: std::io::Error| Error::Server { source };
        let app = Arc::clone(&self.app);
        let stopped = self.runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener).map_err(failed)?;
            let listener = callers::Callers::of(listener);
            let (stop, mut stopping) = tokio::sync::watch::channel(None);
            let watcher = tokio::spawn(watch(Arc::clone(&app), self.interrupted, stop));
            let mut until = stopping.clone();
            let serving = axum::serve(listener, api::routes(Arc::clone(&app))).with_graceful_shutdown(async move {
                let _ = until.wait_for(Option::is_some).await;
            });
            let late = async {
                let _ = stopping.wait_for(Option::is_some).await;
                tokio::time::sleep(LAST_ANSWERS).await;
            };
            tokio::select! {
                ended = serving => ended.map_err(failed)?,
                () = late => {}
            }
            watcher.await.map_err(|error| failed(std::io::Error::other(error)))
        })?;
        Ok((stopped, self.app.take()))
    }
}

/// Ctrl-C, and the system's signals when it ends a program or the terminal is closed.
async fn interruption() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let on = |kind| async move {
            match signal(kind) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = on(SignalKind::terminate()) => {}
            () = on(SignalKind::hangup()) => {}
        }
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
}

/// Determines when and why to stop.
async fn watch(
    app: Arc<api::App>,
    mut interrupted: JoinHandle<()>,
    stop: tokio::sync::watch::Sender<Option<Stopped>>,
) -> Stopped {
    let why = loop {
        tokio::select! {
            _ = &mut interrupted => break Stopped::Interrupted,
            () = tokio::time::sleep(WATCH) => {}
        }
        app.keep_unsaved();
        if let Some(why) = app.reason_to_stop(SILENCE, FAREWELL) {
            break why;
        }
    };
    let _ = stop.send(Some(why));
    why
}
