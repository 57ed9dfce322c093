//! What is on this machine, and whether it gives a known answer.

use std::path::PathBuf;

use crate::core::error::{Error, Result};
use crate::core::measure::Measure;
use crate::core::options::Options;
use crate::vision::analysis::Analyzer;
use crate::vision::estimate::blazepose;
use crate::vision::model;
use crate::vision::photo::{Photo, ReadOptions};

/// A rendered person, reduced to 360 x 480 pixels.
const KNOWN_PHOTO: &[u8] = include_bytes!("../../models/known-answer.jpg");
/// What one plain reading of it gives, in degrees, against the picture's edges.
const KNOWN_ANSWER: [(Measure, f64); 2] = [(Measure::ShoulderTilt, 0.0), (Measure::TrunkLean, 1.32)];
/// Other processors round otherwise: far more than they were seen to differ, far less than a wrong model gives.
const TOLERANCE: f64 = 0.05;

/// Looks at everything and gives one line each; stops at the first thing that is wrong, with the lines so far.
#[must_use]
pub fn examine() -> (Vec<String>, Option<Error>) {
    let mut lines = vec![format!("orthostat {}", env!("CARGO_PKG_VERSION"))];
    let outcome = look(&mut lines);
    (lines, outcome.err())
}

fn look(lines: &mut Vec<String>) -> Result<()> {
    let library = model::library_path()?;
    lines.push(format!("ONNX Runtime: {}", library.display()));
    lines.push(format!("  {}", model::runtime_version()?));
    // It would not have been loaded otherwise.
    lines.push("  no telemetry, no network access".to_owned());
    for entry in model::catalogue()? {
        let place = match model::embedded_hash(entry) {
            Some(hash) if hash == entry.blake3 => "part of the program".to_owned(),
            Some(hash) => {
                let reason = format!("the program's copy is damaged: expected BLAKE3 {}, found {hash}", entry.blake3);
                return Err(Error::Model { model: entry.name.clone(), reason, source: None });
            }
            None => match model::model_places(&entry.file).into_iter().find(|path| path.is_file()) {
                Some(path) => path.display().to_string(),
                None => "not installed".to_owned(),
            },
        };
        lines.push(format!("model {}: {place}", entry.name));
    }
    if !model::is_installed("blazepose-heavy") {
        lines.push("standard quality: the full model alone, since the heavy one is not installed".to_owned());
    }
    let mut analyzer = Analyzer::open(&[blazepose::Options::default()], 1)?;
    let photo = Photo::from_bytes(&PathBuf::from("known-answer.jpg"), KNOWN_PHOTO, &ReadOptions::default())?;
    let analysis = analyzer.analyze(&photo, &Options { readings: 1, ..Options::default() })?;
    for (measure, expected) in KNOWN_ANSWER {
        let found = match analysis.assessment.get(measure) {
            Ok(found) => found.raw,
            Err(refusal) => {
                let reason = format!("known answer: expected {} {expected}, found none: {refusal}", measure.name());
                return Err(Error::Model { model: analysis.frame.model, reason, source: None });
            }
        };
        if (found - expected).abs() > TOLERANCE {
            let reason = format!("known answer: expected {} {expected:.3}, found {found:.3}", measure.name());
            return Err(Error::Model { model: analysis.frame.model, reason, source: None });
        }
        lines.push(format!("known answer: {} {found:.3} deg, expected {expected:.3}", measure.name()));
    }
    Ok(())
}
