//! Log output: lines of JSON or text for standard output, rows for a session's file.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use orthostat::core::error::{Error, Result};
use orthostat::core::measure::Measure;
use orthostat::core::record::{Record, SCHEMA};
use orthostat::core::watch::alert::Event;
use orthostat::core::watch::period::Logged;
use orthostat::core::watch::session::{Row, heading};
use orthostat::core::watch::{State, WATCHED};
use serde::Serialize;

use super::scene;

/// One line of `--jsonl`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Line<'a> {
    /// A person was measured: a record whose values are the medians over the period's still frames.
    Measured {
        /// The record's own fields.
        #[serde(flatten)]
        record: &'a Record,
        /// The index of the period's last frame, counted from 0 among the processed frames.
        frame: u64,
        /// The start of the period, in milliseconds of the source's clock; null for pictures, which have none.
        time_ms: Option<f64>,
        /// Always true.
        person: bool,
        /// The state of most of the period's frames.
        state: State,
        /// The number of processed frames, and of those in which the person kept still: only these count.
        frames: usize,
        /// See `frames`.
        still_frames: usize,
    },
    /// No person was measured.
    Unmeasured {
        /// [`SCHEMA`].
        schema: &'static str,
        /// As above.
        frame: u64,
        /// As above.
        time_ms: Option<f64>,
        /// Whether a person was present nevertheless.
        person: bool,
        /// As above.
        state: State,
        /// A sentence for the user.
        reason: &'a str,
    },
    /// An event of watch mode.
    Event {
        /// [`SCHEMA`].
        schema: &'static str,
        /// As above.
        frame: u64,
        /// The time of detection.
        time_ms: f64,
        /// `begin` or `end`.
        event: &'static str,
        /// The start of the departure, in milliseconds.
        since_ms: f64,
        /// The departures from the baseline when an episode begins: measures in degrees, `nearness` and `forward_head` in percent.
        departures: indexmap::IndexMap<&'static str, f64>,
        /// In words.
        words: String,
    },
}

/// Milliseconds, rounded to their precision.
#[must_use]
pub fn milliseconds(seconds: f64) -> f64 {
    (1e6 * seconds).round() / 1e3
}

impl<'a> Line<'a> {
    /// The line of a period, with its record if a person was measured; `frame` is the index of its last frame.
    #[must_use]
    pub fn of_period(logged: &Logged, record: Option<&'a Record>, frame: u64) -> Self {
        let time_ms = Some(milliseconds(logged.start));
        match record {
            Some(record) => Line::Measured {
                record,
                frame,
                time_ms,
                person: true,
                state: logged.state,
                frames: logged.frames,
                still_frames: logged.still,
            },
            None => Line::Unmeasured {
                schema: SCHEMA,
                frame,
                time_ms,
                person: !matches!(logged.state, State::Away | State::Waiting | State::Paused),
                state: logged.state,
                reason: if logged.state == State::Ready { "moving" } else { logged.state.words() },
            },
        }
    }

    /// The line of an event.
    #[must_use]
    pub fn of_event(event: &Event, frame: u64) -> Self {
        let (kind, seconds, since) = match event {
            Event::Begin { seconds, since, .. } => ("begin", *seconds, *since),
            Event::End { seconds, since, .. } => ("end", *seconds, *since),
        };
        let departures = match event {
            Event::Begin { departures, .. } => {
                departures.iter().map(|d| (d.signal.name(), (100.0 * d.signal.shown(d.by)).round() / 100.0)).collect()
            }
            Event::End { .. } => indexmap::IndexMap::new(),
        };
        Line::Event {
            schema: SCHEMA,
            frame,
            time_ms: milliseconds(seconds),
            event: kind,
            since_ms: milliseconds(since),
            departures,
            words: event_words(event),
        }
    }

    /// The line as text.
    ///
    /// # Errors
    /// [`Error::Unwritable`], which cannot happen with the lines that there are.
    pub fn text(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::Unwritable { path: PathBuf::from("record"), source: error.into() })
    }
}

/// An event in words.
#[must_use]
pub fn event_words(event: &Event) -> String {
    match event {
        Event::Begin { seconds, since, departures } => {
            let what: Vec<String> = departures.iter().map(|departure| departure.words()).collect();
            format!("{} for {:.0} seconds", what.join(", "), seconds - since)
        }
        Event::End { seconds, since, why: State::Ready } => {
            format!("back at the usual posture after {:.0} seconds", seconds - since)
        }
        Event::End { seconds, since, why } => {
            format!("not judged any more ({}) after {:.0} seconds", why.words(), seconds - since)
        }
    }
}

/// A period in one line of words, for a terminal.
#[must_use]
pub fn period_words(logged: &Logged, record: Option<&Record>) -> String {
    let time = format!("{:.1} s", logged.start);
    match record {
        Some(record) => format!("{time}: {}", record_words(record)),
        None if logged.state == State::Ready => format!("{time}: moving"),
        None => format!("{time}: {}", logged.state.words()),
    }
}

/// A period in a few numbers with their errors, for a line that is rewritten in place: degrees, positive to the subject's left.
#[must_use]
pub fn period_short(logged: &Logged, record: Option<&Record>) -> String {
    let time = format!("{:.0} s", logged.start);
    let value = |measure: Measure| {
        let found = record?.measure(measure)?;
        let ([low, high], value) = (found.interval95?, found.value?);
        Some(format!("{} {value:+.1}\u{b1}{:.1}", scene::name(measure), 0.5 * (high - low)))
    };
    let values: Vec<String> = WATCHED.into_iter().filter_map(value).collect();
    match (values.is_empty(), record) {
        (false, _) => format!("{time}  {}", values.join("  ")),
        (true, Some(_)) => format!("{time}  no value"),
        (true, None) if logged.state == State::Ready => format!("{time}  moving"),
        (true, None) => format!("{time}  {}", logged.state.words()),
    }
}

/// The watched measures of a record in words.
#[must_use]
pub fn record_words(record: &Record) -> String {
    let told =
        WATCHED.into_iter().filter(|measure| *measure != Measure::TrunkLean || record.measure(*measure).is_some());
    told.filter_map(|measure| {
        let found = record.measure(measure)?;
        let text = found.words.as_ref().or(found.reason.as_ref())?;
        Some(format!("{}: {text}", measure.label()))
    })
    .collect::<Vec<_>>()
    .join("; ")
}

/// A session's file, written row by row.
#[derive(Debug)]
pub struct SessionFile {
    path: PathBuf,
    file: File,
}

impl SessionFile {
    /// Creates a new file, readable by the user alone.
    ///
    /// # Errors
    /// [`Error::Unwritable`], also when there is a file of this name: a session is never written over.
    pub fn create(path: &Path) -> Result<Self> {
        let cannot = |source| Error::Unwritable { path: path.into(), source };
        let mut file = orthostat::report::output::private().write(true).create_new(true).open(path).map_err(cannot)?;
        writeln!(file, "{}", heading()).map_err(cannot)?;
        Ok(Self { path: path.into(), file })
    }

    /// Writes a row immediately.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn write(&mut self, row: &Row) -> Result<()> {
        // A single call, so that a killed program leaves complete rows.
        let line = format!("{}\n", row.line());
        self.file.write_all(line.as_bytes()).map_err(|source| Error::Unwritable { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orthostat::core::watch::Signal;
    use orthostat::core::watch::alert::Departure;

    #[test]
    fn lines_without_a_record_say_why() {
        let line = Line::Unmeasured {
            schema: SCHEMA,
            frame: 3,
            time_ms: Some(120.0),
            person: false,
            state: State::Away,
            reason: "away",
        };
        assert_eq!(
            line.text().unwrap(),
            r#"{"schema":"orthostat/1","frame":3,"time_ms":120.0,"person":false,"state":"away","reason":"away"}"#
        );
    }

    #[test]
    fn events_are_told_in_numbers_and_in_words() {
        let departures = vec![Departure { signal: Signal::Tilt(Measure::ShoulderTilt), by: -5.234 }];
        let begin = Event::Begin { seconds: 12.5, since: 2.5, departures };
        assert_eq!(
            Line::of_event(&begin, 125).text().unwrap(),
            r#"{"schema":"orthostat/1","frame":125,"time_ms":12500.0,"event":"begin","since_ms":2500.0,"departures":{"shoulder_tilt":-5.23},"words":"right shoulder higher than usual by 5.2 deg for 10 seconds"}"#
        );
        let end = Event::End { seconds: 30.0, since: 2.5, why: State::Away };
        assert_eq!(event_words(&end), "not judged any more (away) after 28 seconds");
    }

    #[test]
    fn a_session_is_private_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("day.csv");
        drop(SessionFile::create(&path).unwrap());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let message = SessionFile::create(&path).unwrap_err().to_string();
        assert!(message.contains("day.csv: cannot be written: file exists"), "{message}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", heading()));
    }
}
