//! Regenerates `src/core/uncertainty/second.json`: the weight of a second model of another family, pair by pair.
//!
//! `cargo run --release --example second -- DATE --real SET RECORDS --rendered SET RECORDS [--rendered SET RECORDS ...]`
//!
//! SET is a folder of annotated real photos or a rendered set, RECORDS a file of records, one per line, of its photos, as written by
//! `orthostat batch SET --second MODEL --jsonl`. No pixels are read: records contain the observations of both models. The weights are
//! found one pair after the other on a grid: the minimum of the sum of the logarithms of all measures' errors, with equal weight for real
//! and rendered, among those with which no measure's rendered error grows by more than 2 %. Prints the file; the errors are printed on
//! standard error.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for developers"
)]

#[allow(dead_code, reason = "other programs need more of it")]
mod labelled;
mod rendered;
mod stored;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use labelled::LABELLED;
use orthostat::core::measure::Measure;
use orthostat::core::pipeline::measure;
use orthostat::core::record::Record;
use orthostat::core::uncertainty::calibration::FittedOn;
use orthostat::core::uncertainty::second::{SecondFit, SecondWeights, joined};
use stored::{fitted_on, records};

/// One person with the observations of the first models and the second one, and the truth.
struct Case {
    record: Record,
    truth: Vec<(Measure, f64)>,
}

/// The kind of error: real or rendered, and of what.
type Key = (bool, &'static str);

const RENDERED: [Measure; 8] = [
    Measure::HeadTilt,
    Measure::ShoulderTilt,
    Measure::PelvicObliquity,
    Measure::TrunkLean,
    Measure::ShoulderPelvisAngle,
    Measure::TrunkShift,
    Measure::HeadShift,
    Measure::WeightShift,
];
const GRID: [f64; 8] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
const MOST_HARM: f64 = 1.02;

fn name(path: &str) -> String {
    Path::new(path).file_name().expect("a file").to_string_lossy().into_owned()
}

fn real(folder: &Path, path: &Path) -> (Vec<Case>, FittedOn) {
    let (set, hash) = labelled::open(folder);
    let mut records = records(path);
    let mut cases = Vec::new();
    for person in set.persons.iter().filter(|person| person.frontal) {
        let Some(record) = records.remove(&name(&person.image)) else { continue };
        let Ok(analysis) = measure(record.frame(), record.observation.clone().expect("kept"), &record.options()) else {
            continue;
        };
        if !person.is(&analysis) || analysis.view.name() != person.view {
            continue;
        }
        let truth = LABELLED.into_iter().filter_map(|measure| Some((measure, person.of(measure)?))).collect();
        cases.push(Case { record, truth });
    }
    let fitted = FittedOn { kind: "real".into(), set: set.half, photos: cases.len(), truth_blake3: hash };
    (cases, fitted)
}

fn rendered(folder: &Path, path: &Path) -> (Vec<Case>, FittedOn) {
    let bytes = std::fs::read(folder.join("truth.json")).expect("the set's truth.json");
    let set: serde_json::Value = serde_json::from_slice(&bytes).expect("a rendered set");
    let mut records = records(path);
    let mut cases = Vec::new();
    for image in set["images"].as_array().expect("images") {
        let Some(record) = records.remove(&name(image["file"].as_str().expect("a file"))) else { continue };
        let view = record.view.kind;
        if view.facing().is_none() {
            continue;
        }
        let truth = RENDERED.into_iter().filter_map(|m| Some((m, rendered::truth(image, m, view)?))).collect();
        cases.push(Case { record, truth });
    }
    let set = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let fitted = fitted_on("rendered", set, cases.len(), &bytes);
    (cases, fitted)
}

/// Root mean square errors with some weights.
fn errors(cases: &[(bool, Vec<Case>)], weights: &SecondWeights) -> BTreeMap<Key, f64> {
    let mut squares: BTreeMap<Key, Vec<f64>> = BTreeMap::new();
    for (is_real, cases) in cases {
        for case in cases {
            let mut seen = case.record.observation.clone().expect("kept");
            if let Some(second) = seen.second_pose() {
                let pose = joined(&seen.first_pose(), &second, weights);
                seen = seen.with_first(&pose);
            }
            let Ok(analysis) = measure(case.record.frame(), seen, &case.record.options()) else { continue };
            for &(measure, truth) in &case.truth {
                if let Ok(found) = analysis.assessment.get(measure) {
                    squares.entry((*is_real, measure.name())).or_default().push((found.value - truth).powi(2));
                }
            }
        }
    }
    squares.into_iter().map(|(key, all)| (key, (all.iter().sum::<f64>() / all.len() as f64).sqrt())).collect()
}

/// The mean logarithm of the errors relative to those without a second model, real and rendered with equal weight; `None` if it does
/// harm.
fn worth(found: &BTreeMap<Key, f64>, without: &BTreeMap<Key, f64>) -> Option<f64> {
    let ratio = |key: &Key| found[key] / without[key];
    if without.keys().any(|key| !key.0 && ratio(key) > MOST_HARM) {
        return None;
    }
    let mean = |is_real: bool| {
        let logs: Vec<f64> = without.keys().filter(|key| key.0 == is_real).map(|key| ratio(key).ln()).collect();
        logs.iter().sum::<f64>() / logs.len().max(1) as f64
    };
    Some(mean(true) + mean(false))
}

type Pick = (&'static str, fn(&mut SecondWeights) -> &mut f64);

const PICKS: [Pick; 16] = [
    ("hips along", |w| &mut w.hips.along),
    ("hips across", |w| &mut w.hips.across),
    ("shoulders along", |w| &mut w.shoulders.along),
    ("shoulders across", |w| &mut w.shoulders.across),
    ("ears along", |w| &mut w.ears.along),
    ("ears across", |w| &mut w.ears.across),
    ("face along", |w| &mut w.face.along),
    ("face across", |w| &mut w.face.across),
    ("elbows along", |w| &mut w.elbows.along),
    ("elbows across", |w| &mut w.elbows.across),
    ("wrists along", |w| &mut w.wrists.along),
    ("wrists across", |w| &mut w.wrists.across),
    ("knees along", |w| &mut w.knees.along),
    ("knees across", |w| &mut w.knees.across),
    ("ankles along", |w| &mut w.ankles.along),
    ("ankles across", |w| &mut w.ankles.across),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let date = arguments.first().expect("a date").clone();
    let mut sets = Vec::new();
    let mut fitted = Vec::new();
    for words in arguments.windows(3).filter(|words| words[0].starts_with("--")) {
        let (folder, path) = (PathBuf::from(&words[1]), PathBuf::from(&words[2]));
        let (cases, from) = if words[0] == "--real" { real(&folder, &path) } else { rendered(&folder, &path) };
        sets.push((words[0] == "--real", cases));
        fitted.push(from);
    }
    let second =
        |case: &Case| case.record.observation.as_ref().and_then(|seen| seen.second.as_ref()).map(|s| s.model.clone());
    let model = sets.iter().flat_map(|(_, cases)| cases).find_map(second).expect("records with a second opinion");
    let without = errors(&sets, &SecondWeights::default());
    let mut weights = SecondWeights::default();
    let mut best = 0.0;
    for round in 0..2 {
        for (name, pick) in PICKS {
            for candidate in GRID {
                let mut tried = weights;
                *pick(&mut tried) = candidate;
                // A different weight must bring a minimum improvement.
                if let Some(worth) = worth(&errors(&sets, &tried), &without).filter(|worth| *worth < best - 5e-4) {
                    (best, weights) = (worth, tried);
                }
            }
            eprintln!("round {round}, {name}: {best:.4}");
        }
    }
    let with = errors(&sets, &weights);
    eprintln!("\nRMSE without and with the second opinion, degrees or percent");
    for (key, error) in &without {
        let kind = if key.0 { "real" } else { "rendered" };
        eprintln!(
            "{kind:<9} {:<24} {error:>6.3} {:>6.3} {:>+6.1} %",
            key.1,
            with[key],
            100.0 * (with[key] / error - 1.0)
        );
    }
    let fit = SecondFit { made: date, by: "tools/second.rs".into(), model, sets: fitted, weights };
    println!("{}", serde_json::to_string_pretty(&fit).expect("written"));
}
