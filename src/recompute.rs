//! Measuring again what a record keeps, without the photo.

use std::path::Path;

use crate::analysis::Options;
use crate::assessment::assess;
use crate::error::{Error, Result};
use crate::record::Record;

/// The record that the photo of `record` would give now, with these options. `Options::readings` and `Options::person` are
/// past changing.
///
/// # Errors
/// [`Error::NotARecord`] when the record keeps no sighting, or one that does not fit; `path` is only its name. [`Error::Usage`]
/// when the view cannot be told.
pub fn recompute(record: &Record, path: &Path, options: &Options) -> Result<Record> {
    let not_so = |reason: String| Error::NotARecord { path: path.into(), reason, source: None };
    let sighting = record.sighting.clone().ok_or_else(|| {
        not_so(
            "expected a record that keeps what was seen, found only what was measured (a webcam frame's record, or one of an \
             older version): analyse the photo again"
                .into(),
        )
    })?;
    let frame = record.frame();
    let misfit = if frame.width < 1.0 || frame.height < 1.0 {
        Some(format!("a picture of {} x {} pixels", frame.width, frame.height))
    } else {
        sighting.misfit()
    };
    if let Some(found) = misfit {
        return Err(not_so(format!("expected a sighting whose parts fit together, found {found}")));
    }
    let analysis = assess(frame, sighting, options)?;
    let mut again = Record::of(&record.id, record.source.clone(), record.warnings.clone(), &analysis);
    again.edited = record.edited.clone().filter(|_| !options.points.is_empty());
    Ok(again)
}
