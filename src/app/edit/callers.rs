//! Connections to the page's server: limited in number, and closed when idle.
//!
//! Any program on this machine may connect. A program that opens connections without sending, or never completes its request, must not
//! block the page: the oldest connection is closed for a new one, and a connection that is silent for [`PATIENCE`] is closed.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

/// The largest number of connections at once: a browser opens six.
const MOST: usize = 64;
/// A connection that is silent for this long is closed; the page sends a request every five seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause before accepting again when the system has no resources.
const REST: Duration = Duration::from_millis(50);

/// A listener that limits its connections.
pub(super) struct Callers {
    listener: TcpListener,
    /// The oldest first; each notification closes its connection.
    open: VecDeque<Arc<Notify>>,
}

impl Callers {
    pub(super) fn of(listener: TcpListener) -> Self {
        Self { listener, open: VecDeque::new() }
    }
}

impl Listener for Callers {
    type Io = Caller;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, from)) => {
                    // Connections that have closed no longer hold a reference.
                    self.open.retain(|end| Arc::strong_count(end) > 1);
                    while self.open.len() >= MOST {
                        if let Some(oldest) = self.open.pop_front() {
                            oldest.notify_one();
                        }
                    }
                    let end = Arc::new(Notify::new());
                    self.open.push_back(end.clone());
                    return (Caller::of(stream, end), from);
                }
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// One connection.
pub(super) struct Caller {
    stream: TcpStream,
    silence: Pin<Box<Sleep>>,
    told_to_end: Pin<Box<dyn Future<Output = ()> + Send>>,
    ended: bool,
}

impl Caller {
    fn of(stream: TcpStream, end: Arc<Notify>) -> Self {
        let told_to_end = Box::pin(async move { end.notified().await });
        Self { stream, silence: Box::pin(tokio::time::sleep(PATIENCE)), told_to_end, ended: false }
    }
}

impl AsyncRead for Caller {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let caller = self.get_mut();
        caller.ended = caller.ended || caller.told_to_end.as_mut().poll(context).is_ready();
        if caller.ended {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let before = buffer.filled().len();
        match Pin::new(&mut caller.stream).poll_read(context, buffer) {
            Poll::Ready(outcome) => {
                if buffer.filled().len() > before {
                    caller.silence.as_mut().reset(Instant::now() + PATIENCE);
                }
                Poll::Ready(outcome)
            }
            Poll::Pending if caller.silence.as_mut().poll(context).is_ready() => {
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Caller {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
