//! Regenerates `src/core/uncertainty/second.json`: the weight of a second model of another family, pair by pair.
//!
//! `cargo run --release --example second -- DATE --real SET RECORDS --rendered SET RECORDS [--rendered SET RECORDS ...]`
//!
//! SET is a folder of annotated real photos or a rendered set, RECORDS a file of records, one per line, of its photos, as written by
//! `orthostat batch SET --second MODEL --jsonl`. No pixels are read: records contain the observations of both models. The weights are
//! found one pair after the other on a grid: the least mean logarithm of the real measures' errors among those with which no measure's
//! error grows by more than 2 % on rendered photos or, on real ones, by more than chance does (0.3 %). The distance at which a share
//! counts half is found by trying each of a list. Prints the file; the errors go to standard error, also those of each fifth of the real
//! people by shares that were fitted without it.

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
use orthostat::core::uncertainty::second::{SecondFit, SecondWeights, Share, joined};
use stored::{fitted_on, records};

/// One person with the observations of the first models and the second one, and the truth.
struct Case {
    record: Record,
    truth: Vec<(Measure, f64)>,
    /// The fifth of the real people that it belongs to.
    fold: Option<usize>,
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
const GRID: [f64; 9] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0];
const HALVES: [f64; 3] = [0.0, 0.04, 0.08];
const MOST_HARM: f64 = 1.02;
const MOST_HARM_REAL: f64 = 1.003;
const FOLDS: usize = 5;
/// A different weight must bring at least this much.
const LEAST_GAIN: f64 = 5e-4;
const ROUNDS: usize = 2;

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
        let fold = usize::from(blake3::hash(person.group.as_bytes()).as_bytes()[0]) % FOLDS;
        cases.push(Case { record, truth, fold: Some(fold) });
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
        cases.push(Case { record, truth, fold: None });
    }
    let set = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let fitted = fitted_on("rendered", set, cases.len(), &bytes);
    (cases, fitted)
}

type Squares = BTreeMap<Key, Vec<f64>>;

/// Squared errors with some weights.
fn squares(cases: &[&(bool, Case)], weights: &SecondWeights) -> Squares {
    let part = |cases: &[(usize, &&(bool, Case))]| {
        let mut squares = Squares::new();
        for (_, (is_real, case)) in cases {
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
        squares
    };
    let (one, other): (Vec<_>, Vec<_>) = cases.iter().enumerate().partition(|(index, _)| index % 2 == 0);
    let (mut all, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| part(&other));
        (part(&one), other.join().expect("measured"))
    });
    for (key, mut more) in other {
        all.entry(key).or_default().append(&mut more);
    }
    all
}

fn roots(squares: Squares) -> BTreeMap<Key, f64> {
    squares.into_iter().map(|(key, all)| (key, (all.iter().sum::<f64>() / all.len() as f64).sqrt())).collect()
}

/// The mean logarithm of the real errors relative to those without a second model; `None` if it does harm.
fn worth(found: &BTreeMap<Key, f64>, without: &BTreeMap<Key, f64>) -> Option<f64> {
    let ratio = |key: &Key| found[key] / without[key];
    let most = |key: &Key| if key.0 { MOST_HARM_REAL } else { MOST_HARM };
    if without.keys().any(|key| ratio(key) > most(key)) {
        return None;
    }
    let logs: Vec<f64> = without.keys().filter(|key| key.0).map(|key| ratio(key).ln()).collect();
    Some(logs.iter().sum::<f64>() / logs.len().max(1) as f64)
}

/// The best weights with one distance at which shares count half, and their worth: the better one of two searches, from nothing and from
/// the whole share of shoulders and hips.
fn best_with(half: f64, cases: &[&(bool, Case)]) -> (f64, SecondWeights) {
    let without = roots(squares(cases, &SecondWeights::default()));
    let found = |weights: &SecondWeights| worth(&roots(squares(cases, weights)), &without).unwrap_or(f64::INFINITY);
    let whole = Share { across: 1.0, along: 1.0 };
    let nothing = SecondWeights { half, ..SecondWeights::default() };
    let starts = [nothing, SecondWeights { shoulders: whole, hips: whole, ..nothing }];
    let searched = starts.map(|start| {
        let (mut best, mut weights) = (found(&start), start);
        for _ in 0..ROUNDS {
            let before = best;
            for pick in PICKS {
                for candidate in GRID {
                    let mut tried = weights;
                    pick(&mut tried, candidate);
                    let worth = found(&tried);
                    if worth < best - LEAST_GAIN {
                        (best, weights) = (worth, tried);
                    }
                }
            }
            if best == before {
                break;
            }
        }
        (best, weights)
    });
    searched.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).expect("two searches")
}

/// Sets one share, or two that move a line as a whole. Real photos have no label that the other joints' shares would show in: they stay 0.
type Pick = fn(&mut SecondWeights, f64);

const PICKS: [Pick; 10] = [
    |w, share| w.hips.along = share,
    |w, share| w.hips.across = share,
    |w, share| w.shoulders.along = share,
    |w, share| w.shoulders.across = share,
    |w, share| (w.shoulders.across, w.hips.across) = (share, share),
    |w, share| (w.shoulders.along, w.hips.along) = (share, share),
    |w, share| w.ears.along = share,
    |w, share| w.ears.across = share,
    |w, share| w.elbows.along = share,
    |w, share| w.elbows.across = share,
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let date = arguments.first().expect("a date").clone();
    let (mut cases, mut fitted) = (Vec::new(), Vec::new());
    for words in arguments.windows(3).filter(|words| words[0].starts_with("--")) {
        let (folder, path) = (PathBuf::from(&words[1]), PathBuf::from(&words[2]));
        let is_real = words[0] == "--real";
        let (found, from) = if is_real { real(&folder, &path) } else { rendered(&folder, &path) };
        cases.extend(found.into_iter().map(|case| (is_real, case)));
        fitted.push(from);
    }
    let second =
        |case: &Case| case.record.observation.as_ref().and_then(|seen| seen.second.as_ref()).map(|s| s.model.clone());
    let model = cases.iter().find_map(|(_, case)| second(case)).expect("records with a second opinion");
    let all: Vec<&(bool, Case)> = cases.iter().collect();
    let mut found = Vec::new();
    for half in HALVES {
        let (worth, weights) = best_with(half, &all);
        eprintln!("half at {half:.2} of the trunk: {worth:.4}");
        found.push((worth, weights));
    }
    let (_, weights) = found.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).expect("several distances");
    let without = roots(squares(&all, &SecondWeights::default()));
    let with = roots(squares(&all, &weights));
    let mut left_out = Squares::new();
    for fold in 0..FOLDS {
        let (out, rest): (Vec<_>, Vec<_>) = all.iter().partition(|(_, case)| case.fold == Some(fold));
        let (_, weights) = best_with(weights.half, &rest);
        for (key, mut more) in squares(&out, &weights) {
            left_out.entry(key).or_default().append(&mut more);
        }
    }
    let left_out = roots(left_out);
    eprintln!(
        "\nRMSE without and with the second opinion, and each fifth with shares of the others, degrees or percent"
    );
    for (key, error) in &without {
        let kind = if key.0 { "real" } else { "rendered" };
        let change = |with: &f64| 100.0 * (with / error - 1.0);
        let apart = left_out.get(key).map(|with| format!("{:>+6.1} %", change(with))).unwrap_or_default();
        eprintln!("{kind:<9} {:<24} {error:>6.3} {:>6.3} {:>+6.1} % {apart}", key.1, with[key], change(&with[key]));
    }
    let fit = SecondFit { made: date, by: "tools/second.rs".into(), model, sets: fitted, weights };
    println!("{}", serde_json::to_string_pretty(&fit).expect("written"));
}
