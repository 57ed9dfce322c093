//! What the user sees in the window: the picture with its lines, notes, alerts, and the strip of the last minutes.

use std::time::{Duration, Instant};

use opencv::core::Mat;
use orthostat::core::error::Result;
use orthostat::core::watch::State;

use super::follow::Sight;
use super::scene::{Painter, Scene, Strip};
use super::window::{Key, Window, cannot};

/// The minimum interval of drawing the window: the toolkit sleeps some milliseconds each time regardless of the work, and twenty pictures
/// a second look as smooth as thirty.
const REFRESH: Duration = Duration::from_millis(50);
/// How long a note is shown in the window.
const NOTE: Duration = Duration::from_secs(4);
/// How long the result of a standing check is shown.
const RESULT: Duration = Duration::from_secs(12);

/// Something that is shown for a while.
struct Passing<T>(Option<(T, Instant)>);

impl<T> Default for Passing<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Passing<T> {
    fn set(&mut self, what: T, lasting: Duration) {
        self.0 = Some((what, Instant::now() + lasting));
    }

    /// It, until its time is over.
    fn get(&self) -> Option<&T> {
        self.0.as_ref().filter(|(_, until)| Instant::now() < *until).map(|(what, _)| what)
    }
}

/// The window, if there is one, and what it shows.
pub struct Display {
    window: Option<Window>,
    painter: Painter,
    /// The values of the last minutes.
    pub strip: Strip,
    /// The alert, while it lasts.
    pub alert: Option<String>,
    /// Large text across the picture.
    pub large: Option<String>,
    /// The result of a standing check, line by line.
    result: Passing<Vec<String>>,
    /// Whether the list of keys is shown.
    pub help: bool,
    /// Whether the picture is shown as a mirror shows it.
    pub flipped: bool,
    note: Passing<String>,
    /// When the window was last drawn.
    drawn: Option<Instant>,
    /// When its keys were last polled, which is when it displays what was drawn.
    asked: Option<Instant>,
}

impl std::fmt::Debug for Display {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Display").field("open", &self.is_open()).finish_non_exhaustive()
    }
}

impl Display {
    /// The display of a run, without a window if `window` is `None`.
    pub fn new(window: Option<Window>, flipped: bool) -> Self {
        Self {
            window,
            painter: Painter::default(),
            strip: Strip::default(),
            alert: None,
            large: None,
            result: Passing::default(),
            help: false,
            flipped,
            note: Passing::default(),
            drawn: None,
            asked: None,
        }
    }

    /// Whether there is a window.
    pub fn is_open(&self) -> bool {
        self.window.is_some()
    }

    /// The key that was pressed since the last call.
    ///
    /// # Errors
    /// What the window says.
    pub fn key(&mut self) -> Result<Option<Key>> {
        if self.asked.is_some_and(|asked| asked.elapsed() < REFRESH) {
            return Ok(None);
        }
        self.asked = Some(Instant::now());
        Ok(self.window.as_mut().map(Window::key).transpose()?.flatten())
    }

    /// Shows a note for some seconds.
    pub fn remark(&mut self, text: String) {
        self.note.set(text, NOTE);
    }

    /// Shows the result of a standing check for a while.
    pub fn announce(&mut self, lines: Vec<String>) {
        self.result.set(lines, RESULT);
    }

    /// Removes the result of a standing check.
    pub fn clear_result(&mut self) {
        self.result = Passing::default();
    }

    /// Removes the note.
    pub fn clear_note(&mut self) {
        self.note = Passing::default();
    }

    /// Draws the window, unless it was drawn a moment ago. `lasting` is shown in place of a note.
    ///
    /// # Errors
    /// What the window says.
    pub fn show(&mut self, frame: &Mat, sight: Option<&Sight>, state: State, lasting: Option<String>) -> Result<()> {
        let Some(window) = &mut self.window else { return Ok(()) };
        // After a slow frame, drawing is left to the next frame.
        let late = sight.and_then(|sight| sight.person.as_ref()).is_some_and(|(followed, _)| followed.searched);
        let least = if late { 2 * REFRESH } else { REFRESH };
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < least) {
            return Ok(());
        }
        self.drawn = Some(Instant::now());
        let scene = Scene {
            person: sight.and_then(|sight| sight.shown.clone()),
            state,
            note: lasting.or_else(|| self.note.get().cloned()),
            large: self.large.clone(),
            result: self.result.get().cloned().unwrap_or_default(),
            alert: self.alert.clone(),
            help: self.help,
            hint: true,
            flipped: self.flipped,
        };
        let picture = self.painter.paint(frame, &scene, &self.strip).map_err(cannot)?;
        window.show(picture)
    }
}
