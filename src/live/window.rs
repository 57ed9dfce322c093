//! The window on the screen, and its keys.

use opencv::core::{Mat, MatTraitConst};
use opencv::highgui::{
    WINDOW_GUI_NORMAL, WINDOW_KEEPRATIO, WINDOW_NORMAL, WND_PROP_VISIBLE, destroy_window, get_window_property, imshow,
    named_window, poll_key, resize_window,
};
use orthostat::core::error::{Error, Result};

const NAME: &str = "orthostat";
const ESCAPE: u8 = 27;

/// A key with a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Pause or resume.
    Pause,
    /// Take a baseline.
    Baseline,
    /// Standing check.
    Check,
    /// Save the picture with its record.
    Snapshot,
    /// Mirror the picture, or not.
    Mirror,
    /// Snooze the alerts.
    Snooze,
    /// Help.
    Help,
    /// Quit.
    Quit,
}

impl Key {
    /// The function of a key's code.
    #[must_use]
    pub fn of(code: i32) -> Option<Self> {
        match u8::try_from(code & 0xff).ok()? {
            b' ' => Some(Key::Pause),
            b'b' | b'B' => Some(Key::Baseline),
            b'c' | b'C' => Some(Key::Check),
            b's' | b'S' => Some(Key::Snapshot),
            b'm' | b'M' => Some(Key::Mirror),
            b'z' | b'Z' => Some(Key::Snooze),
            b'?' | b'h' | b'H' => Some(Key::Help),
            b'q' | b'Q' | ESCAPE => Some(Key::Quit),
            _ => None,
        }
    }
}

/// Whether a display is set on this machine. Whether it responds is tested separately: see [`Window::open`].
#[must_use]
pub fn has_display() -> bool {
    !cfg!(target_os = "linux")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// A window on the screen, closed when dropped.
#[derive(Debug)]
pub struct Window {
    sized: Option<(i32, i32)>,
}

impl Window {
    /// Opens the window.
    ///
    /// If the display is set but does not respond, the toolkit under OpenCV may end the whole process instead of returning an error. A
    /// program that must continue tests this in another process first.
    ///
    /// # Errors
    /// [`Error::Usage`] with what OpenCV says.
    pub fn open() -> Result<Self> {
        named_window(NAME, WINDOW_NORMAL | WINDOW_KEEPRATIO | WINDOW_GUI_NORMAL).map_err(cannot)?;
        Ok(Self { sized: None })
    }

    /// Shows a picture.
    ///
    /// # Errors
    /// [`Error::Usage`] with what OpenCV says.
    pub fn show(&mut self, picture: &Mat) -> Result<()> {
        let size = (picture.cols(), picture.rows());
        if self.sized != Some(size) {
            resize_window(NAME, size.0, size.1).map_err(cannot)?;
            self.sized = Some(size);
        }
        imshow(NAME, picture).map_err(cannot)
    }

    /// The key that was pressed since the last call, if any; [`Key::Quit`] when the window was closed. Does not wait.
    ///
    /// # Errors
    /// [`Error::Usage`] with what OpenCV says.
    pub fn key(&mut self) -> Result<Option<Key>> {
        let code = poll_key().map_err(cannot)?;
        let closed = self.sized.is_some() && get_window_property(NAME, WND_PROP_VISIBLE).map_err(cannot)? < 1.0;
        Ok(if closed { Some(Key::Quit) } else { Some(code).filter(|code| *code >= 0).and_then(Key::of) })
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The window may already be closed.
        let _ = destroy_window(NAME);
    }
}

/// The error of a window that cannot be shown or drawn.
pub fn cannot(error: opencv::Error) -> Error {
    Error::Usage { reason: format!("no window can be shown: {} (--no-window goes on without one)", error.message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_with_and_without_modifiers() {
        assert_eq!((Key::of(0x10_0020), Key::of(i32::from(b'q'))), (Some(Key::Pause), Some(Key::Quit)));
        assert_eq!((Key::of(i32::from(b'?')), Key::of(i32::from(b'x'))), (Some(Key::Help), None));
    }
}
