//! Records that `orthostat batch` has written, and what a fit says of the set behind them.

use std::collections::HashMap;
use std::path::Path;

use orthostat::core::record::Record;
use orthostat::core::uncertainty::calibration::FittedOn;

/// The records of a file, one a line, by the names of their photos.
pub(crate) fn records(path: &Path) -> HashMap<String, Record> {
    let text = std::fs::read_to_string(path).expect("records, one a line");
    let lines = text.lines().filter_map(|line| Record::from_json(line.as_bytes(), path).ok());
    lines.map(|record| (record.source.file.clone(), record)).collect()
}

/// The provenance of numbers fitted on a set with this `truth.json`.
pub(crate) fn fitted_on(kind: &str, set: String, photos: usize, truth: &[u8]) -> FittedOn {
    FittedOn { kind: kind.into(), set, photos, truth_blake3: blake3::hash(truth).to_hex().to_string() }
}
