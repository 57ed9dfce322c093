//! Output for a terminal: the summary first, in colour if enabled, wrapped between words.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use orthostat::core::error::{Error, Result};
use orthostat::core::names::shown_lines;
use orthostat::core::record::Record;
use orthostat::report::lines::{Line, Tone, broken};
use orthostat::report::text;

/// The terminal on standard output, if there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    width: Option<usize>,
    coloured: bool,
}

impl Screen {
    /// Detects the terminal. Colour follows `NO_COLOR` and `CLICOLOR_FORCE`.
    pub(crate) fn of_output() -> Self {
        let terminal = std::io::stdout().is_terminal();
        // The usual width if the terminal does not report one.
        let size = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        let choice = anstream::AutoStream::choice(&std::io::stdout());
        Self { width: terminal.then_some(size), coloured: choice != anstream::ColorChoice::Never }
    }

    /// Prints lines.
    ///
    /// # Errors
    /// As [`super::say`].
    pub(crate) fn print(&self, lines: &[Line]) -> Result<()> {
        let mut text = String::new();
        for line in lines {
            let parts = self.width.map_or_else(|| vec![line.clone()], |width| broken(line, width));
            for part in parts {
                for (tone, piece) in part {
                    // Sanitized piece by piece: the only control sequences are ours.
                    let piece = shown_lines(&piece);
                    match style(tone).filter(|_| self.coloured) {
                        Some(style) => text.push_str(&format!("{style}{piece}{style:#}")),
                        None => text.push_str(&piece),
                    }
                }
                text.push('\n');
            }
        }
        put(text.as_bytes())
    }

    /// Prints one photo: the three lines, or every measure.
    ///
    /// # Errors
    /// As [`super::say`].
    pub(crate) fn photo(&self, record: &Record, all: bool) -> Result<()> {
        let mut lines = if all { text::every(record, self.width) } else { text::first(record) };
        lines.push(Line::new());
        self.print(&lines)
    }
}

fn style(tone: Tone) -> Option<Style> {
    let style = Style::new();
    match tone {
        Tone::Plain => None,
        Tone::Strong => Some(style.bold()),
        Tone::Finding => Some(style.bold().fg_color(Some(AnsiColor::Cyan.into()))),
        Tone::Muted => Some(style.dimmed()),
        Tone::Advice => Some(style.bold().fg_color(Some(AnsiColor::Yellow.into()))),
    }
}

/// Writes our own text unchanged. A closed pipe is not an error.
///
/// # Errors
/// [`Error::Unwritable`].
pub(crate) fn put(text: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::Unwritable { path: PathBuf::from("standard output"), source: error })
        }
        _ => Ok(()),
    }
}

/// The final message: the number of photos by outcome, and the location of the files.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// Photos that were measured and need not be retaken.
    pub(crate) good: usize,
    /// Photos with a record that should be retaken.
    pub(crate) again: usize,
    /// Photos without a record.
    pub(crate) failed: usize,
    /// The folder of records and pictures.
    pub(crate) folder: Option<PathBuf>,
    /// Whether every measure was already printed.
    pub(crate) all: bool,
    /// The counted items: photos or records.
    pub(crate) what: [&'static str; 2],
}

impl Ending {
    /// Counts a record.
    pub(crate) fn count(&mut self, record: &Record) {
        if orthostat::report::glance::advice(record).is_some() { self.again += 1 } else { self.good += 1 }
    }

    /// As lines.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let total = self.good + self.again + self.failed;
        let mut words = format!("{total} {}: {} measured", self.what[usize::from(total != 1)], self.good);
        if self.again > 0 {
            words.push_str(&format!(", {} to take again", self.again));
        }
        if self.failed > 0 {
            words.push_str(&format!(", {} failed", self.failed));
        }
        let mut lines = vec![vec![(Tone::Strong, words)]];
        if let Some(folder) = &self.folder {
            let mut folder = folder.display().to_string();
            if !folder.ends_with(std::path::MAIN_SEPARATOR) {
                folder.push(std::path::MAIN_SEPARATOR);
            }
            lines.push(vec![(Tone::Plain, format!("files: {folder}"))]);
        }
        if !self.all && self.good + self.again > 0 {
            lines.push(vec![(Tone::Muted, "--all prints every measure with its error".into())]);
        }
        lines.push(vec![(Tone::Muted, orthostat::report::CAUTION.into())]);
        lines
    }
}
