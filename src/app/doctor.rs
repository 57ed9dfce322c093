//! Examines the installation, and checks a known answer.

use std::path::PathBuf;

use crate::core::error::{Error, Result};
use crate::core::measure::Measure;
use crate::core::options::Options;
use crate::vision::analysis::Analyzer;
use crate::vision::estimate::model_options::{DEFAULT_MODEL, ModelOptions};
use crate::vision::photo::{Photo, ReadOptions};
use crate::vision::{catalogue, model};

/// A rendered person, reduced to 360 x 480 pixels.
const KNOWN_PHOTO: &[u8] = include_bytes!("../../models/known-answer.jpg");
/// The values of one plain reading of it by each model, in degrees, relative to the picture's edges.
const KNOWN_ANSWERS: [(&str, [(Measure, f64); 2]); 4] = [
    (DEFAULT_MODEL, [(Measure::ShoulderTilt, 0.0), (Measure::TrunkLean, 1.32)]),
    ("blazepose-lite", [(Measure::ShoulderTilt, 1.26), (Measure::TrunkLean, 1.22)]),
    ("blazepose-heavy", [(Measure::ShoulderTilt, 0.4), (Measure::TrunkLean, 0.29)]),
    ("movenet-thunder", [(Measure::ShoulderTilt, 2.55), (Measure::TrunkLean, 0.12)]),
];
/// Processors round differently: the tolerance is well above the differences observed and well below those of a wrong model.
const TOLERANCE: f64 = 0.05;

/// Examines everything, with one line each; stops at the first error, with the lines so far.
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
    // Guaranteed, since it was loaded.
    lines.push("  no telemetry, no network access".to_owned());
    for entry in catalogue::catalogue()? {
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
    let photo = Photo::from_bytes(&PathBuf::from("known-answer.jpg"), KNOWN_PHOTO, &ReadOptions::default())?;
    for (name, answers) in KNOWN_ANSWERS.into_iter().filter(|(name, _)| model::is_installed(name)) {
        check(name, &answers, &photo, lines)?;
    }
    Ok(())
}

/// Whether a model gives its known answer.
fn check(name: &str, answers: &[(Measure, f64)], photo: &Photo, lines: &mut Vec<String>) -> Result<()> {
    let model = ModelOptions { model: name.into(), ..ModelOptions::default() };
    let analysis = Analyzer::open(&[model], 1)?.analyze(photo, &Options { readings: 1, ..Options::default() })?;
    let wrong = |reason: String| Error::Model { model: name.into(), reason, source: None };
    let mut told = Vec::new();
    for &(measure, expected) in answers {
        let found = match analysis.assessment.get(measure) {
            Ok(found) => found.raw,
            Err(refusal) => {
                return Err(wrong(format!(
                    "known answer: expected {} {expected}, found none: {refusal}",
                    measure.name()
                )));
            }
        };
        if (found - expected).abs() > TOLERANCE {
            return Err(wrong(format!("known answer: expected {} {expected:.3}, found {found:.3}", measure.name())));
        }
        told.push(format!("{} {found:.3} deg, expected {expected:.3}", measure.name()));
    }
    lines.push(format!("known answer of {name}: {}", told.join("; ")));
    Ok(())
}
