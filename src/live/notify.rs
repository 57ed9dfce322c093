//! Alerts: a notification on the desktop, or else the terminal's bell.

use std::sync::mpsc::{Sender, channel};

use notify_rust::{Notification, Timeout};

use super::terminal::{bell, complain};

/// Sends alerts from its own thread: a desktop that does not respond blocks nothing.
#[derive(Debug)]
pub struct Notifier {
    texts: Option<Sender<String>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Notifier {
    /// Starts the thread.
    #[must_use]
    pub fn start() -> Self {
        let (texts, waiting) = channel::<String>();
        let thread = std::thread::spawn(move || {
            for text in waiting {
                if !on_desktop(&text) {
                    bell();
                    complain(&text);
                }
            }
        });
        Self { texts: Some(texts), thread: Some(thread) }
    }

    /// Sends an alert.
    pub fn tell(&self, text: String) {
        if let Some(texts) = &self.texts {
            // The thread ends only with this notifier.
            let _ = texts.send(text);
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        // Waits for the last alert before the program ends.
        self.texts = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether the desktop accepted it. Only this session's own bus is used, and it is never started.
fn on_desktop(text: &str) -> bool {
    let named = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|address| !address.is_empty());
    let usual =
        std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| std::path::Path::new(&folder).join("bus").exists());
    if cfg!(target_os = "linux") && !named && !usual {
        return false;
    }
    Notification::new()
        .appname("Orthostat")
        .summary("Posture")
        .body(text)
        .timeout(Timeout::Milliseconds(8000))
        .show()
        .is_ok()
}
