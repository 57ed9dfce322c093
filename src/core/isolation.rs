//! A panic over one photo affects that photo only.
//!
//! Decoders and models are third-party code, and files are untrusted: a panic becomes an error that names the file, and processing
//! continues with the next photo.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::core::error::{Error, Result};

thread_local! {
    /// The nesting depth of [`guarded`] calls in this thread.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Runs `work`, and converts a panic into [`Error::Defect`] with the file's name. State that `work` left incomplete must not be used
/// afterwards.
///
/// # Errors
/// What `work` returns, and [`Error::Defect`].
pub fn guarded<T>(path: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    DEPTH.with(|depth| depth.set(depth.get() + 1));
    let attempt = catch_unwind(AssertUnwindSafe(work));
    DEPTH.with(|depth| depth.set(depth.get() - 1));
    attempt.unwrap_or_else(|panic| Err(Error::Defect { path: path.into(), words: words(&*panic) }))
}

/// Prevents panics inside [`guarded`] from being printed twice: their error contains the message.
pub fn quiet() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if DEPTH.with(Cell::get) == 0 {
            usual(panic);
        }
    }));
}

/// The message of a panic.
#[must_use]
pub fn words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_names_the_file() {
        let text = |result: Result<()>| result.expect_err("a panic").to_string();
        let path = Path::new("p.jpg");
        let said = text(guarded(path, || panic!("index {}", 7)));
        assert_eq!(said, "p.jpg: a defect of this program, and not necessarily of the file: index 7");
        assert!(text(guarded(path, || panic!("plain"))).ends_with(": plain"));
        assert!(text(guarded(path, || std::panic::panic_any(1))).ends_with(": no words"));
        let inner = guarded(path, || guarded(Path::new("q.jpg"), || panic!("inside")));
        assert!(text(inner).starts_with("q.jpg: "));
        assert_eq!(guarded(path, || Ok(5)).expect("no panic"), 5);
        assert_eq!(DEPTH.with(Cell::get), 0);
    }
}
