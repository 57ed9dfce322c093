//! Watching: frames from a camera, a video, a sequence of pictures or a stream, each measured as a photo is.
//!
//! - [`source`]: what the user names -> [`Frame`]s, each a [`Photo`] with a number and a time
//! - [`watch`]: frames -> [`Seen`], one after the other, to whoever wants them
//! - [`Line`]: what was seen, as one line of JSON
//! - [`window`]: what was seen, drawn
//!
//! Nothing here prints, and only the files of this folder name `opencv`. Every frame stands for itself: there is no tracking
//! and no smoothing, and frames are taken in the order in which they come.

pub mod source;
pub mod window;

use std::ops::ControlFlow;

use serde::Serialize;

use crate::analysis::{Analyzer, Options};
use crate::error::{Error, Result};
use crate::photo::Photo;
use crate::record::{Record, SCHEMA};
use source::{Frame, Source};

/// One frame and what came of it.
#[derive(Debug)]
pub struct Seen {
    /// The frame's number, counted from 0.
    pub number: u64,
    /// The frame's time in milliseconds; `None` when the source has no clock. See [`Frame::time_ms`].
    pub time_ms: Option<f64>,
    /// The picture; `None` when it could not be read.
    pub photo: Option<Photo>,
    /// The record, or why there is none.
    pub outcome: Result<Record, Unmeasured>,
}

/// Why a frame has no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmeasured {
    /// Whether somebody was found all the same.
    pub person: bool,
    /// A sentence for the user.
    pub reason: String,
}

/// How a run went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Frames that were looked at.
    pub frames: u64,
    /// Frames that gave a record.
    pub measured: u64,
}

impl Tally {
    /// The exit code of a program that has nothing else to say: 3 when no frame gave a record.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        if self.measured == 0 { 3 } else { 0 }
    }
}

/// One line of `--jsonl`: a record with the frame's number and time, or the reason why there is none.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Line<'a> {
    /// Somebody was measured.
    Measured {
        /// The record's own fields.
        #[serde(flatten)]
        record: &'a Record,
        /// See [`Seen::number`].
        frame: u64,
        /// See [`Seen::time_ms`].
        time_ms: Option<f64>,
        /// Always true.
        person: bool,
    },
    /// Nobody was.
    Unmeasured {
        /// [`SCHEMA`].
        schema: &'static str,
        /// See [`Seen::number`].
        frame: u64,
        /// See [`Seen::time_ms`].
        time_ms: Option<f64>,
        /// See [`Unmeasured::person`].
        person: bool,
        /// See [`Unmeasured::reason`].
        reason: &'a str,
    },
}

impl<'a> From<&'a Seen> for Line<'a> {
    fn from(seen: &'a Seen) -> Self {
        let (frame, time_ms) = (seen.number, seen.time_ms);
        match &seen.outcome {
            Ok(record) => Line::Measured { record, frame, time_ms, person: true },
            Err(Unmeasured { person, reason }) => {
                Line::Unmeasured { schema: SCHEMA, frame, time_ms, person: *person, reason }
            }
        }
    }
}

/// Measures every frame of a source, at most `limit` of them, and hands each to `each` until that breaks off.
///
/// A frame that cannot be read or measured is handed on with its reason, and the run goes on.
///
/// # Errors
/// [`Error::Runtime`] and [`Error::Model`], which no later frame would cure; what `each` returns; what the source says when
/// not one of its frames could be read.
pub fn watch(
    source: &mut Source,
    analyzer: &mut Analyzer,
    options: &Options,
    limit: Option<u64>,
    mut each: impl FnMut(&Seen) -> Result<ControlFlow<()>>,
) -> Result<Tally> {
    let mut tally = Tally::default();
    let (mut readable, mut first_error) = (false, None);
    while limit.is_none_or(|limit| tally.frames < limit) {
        let Some(Frame { number, time_ms, id, photo }) = source.next_frame()? else { break };
        tally.frames += 1;
        let (photo, measured) = match photo {
            Ok(photo) => {
                readable = true;
                let measured = measure(analyzer, &photo, &id, options);
                (Some(photo), measured)
            }
            Err(error) => (None, Err(error)),
        };
        let outcome = match measured {
            Ok(record) => {
                tally.measured += 1;
                Ok(record)
            }
            Err(error @ (Error::Runtime { .. } | Error::Model { .. })) => return Err(error),
            Err(error) => {
                // Of what is left, only a view that cannot be told (Usage) means that somebody was found.
                let person = matches!(error, Error::Usage { .. });
                let reason = error.to_string();
                first_error.get_or_insert(error);
                Err(Unmeasured { person, reason })
            }
        };
        if each(&Seen { number, time_ms, photo, outcome })?.is_break() {
            break;
        }
    }
    match first_error {
        Some(error) if !readable => Err(error),
        _ => Ok(tally),
    }
}

/// One frame's record. Pixels that a camera or a decoder handed over come from no picture file, and the record says so.
fn measure(analyzer: &mut Analyzer, photo: &Photo, id: &str, options: &Options) -> Result<Record> {
    let analysis = analyzer.analyze(photo, options)?;
    let mut record = Record::new(id, photo, &analysis);
    if photo.source.blake3.is_empty() {
        record.source.format = "frame".into();
    }
    // A frame is not measured again, and a line of output should be short.
    record.sighting = None;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_without_a_record_is_a_line_with_a_reason() {
        let unmeasured = Unmeasured { person: false, reason: "nobody".into() };
        let seen = Seen { number: 3, time_ms: Some(120.0), photo: None, outcome: Err(unmeasured) };
        assert_eq!(
            serde_json::to_string(&Line::from(&seen)).unwrap(),
            r#"{"schema":"orthostat/1","frame":3,"time_ms":120.0,"person":false,"reason":"nobody"}"#
        );
    }

    #[test]
    fn nobody_in_any_frame_is_exit_code_3() {
        assert_eq!(Tally { frames: 9, measured: 0 }.exit_code(), 3);
        assert_eq!(Tally { frames: 9, measured: 1 }.exit_code(), 0);
    }
}
