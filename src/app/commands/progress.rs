//! The progress bar on a terminal, for more than a few photos.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// Up to this many photos there is no bar.
const FEW: usize = 3;

/// A bar on standard error, or none.
#[derive(Debug)]
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    /// A bar for this many photos.
    pub(crate) fn over(total: usize) -> Self {
        Self((total > FEW && is_terminal()).then(|| styled(total)))
    }

    /// Counts one photo as done.
    pub(crate) fn step(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }

    /// Prints something while the bar is hidden.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Whether a bar can be drawn on standard error.
pub(crate) fn is_terminal() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Plain text and block elements, without colour.
pub(crate) fn styled(total: usize) -> ProgressBar {
    let bar = ProgressBar::new(total as u64);
    let form = "{bar:30} {pos}/{len}  {msg}";
    bar.set_style(ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
