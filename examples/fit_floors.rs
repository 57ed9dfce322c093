//! Fits the error model of each measure (`src/floor.json`) on evaluated sets.
//!
//! `cargo run --release --example evaluate -- SET --quick --json rows.json` for each set, then
//! `cargo run --release --example fit_floors -- DATE rows.json... > src/floor.json`
//!
//! The floor is the smallest with which 95 of 100 intervals hold the truth, all sets together. The share of the value is set by
//! hand and kept: models follow a tilt by less than all of it, and a share above 0.3 could never resolve anything.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, reason = "a program for developers")]

use orthostat::floor;
use orthostat::measure::Measure;
use serde_json::{Map, Value, json};

/// Intervals that should hold the truth.
const COVERAGE: f64 = 0.95;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let date = arguments.next().expect("the date");
    let sets: Vec<Value> = arguments
        .map(|file| serde_json::from_slice(&std::fs::read(file).expect("a file of evaluate")).expect("JSON"))
        .collect();
    let mut floors = Map::new();
    for measure in Measure::ALL.into_iter().filter(|measure| measure.bony_points().is_empty()) {
        let before = floor::of(measure);
        let share = before.share;
        // Both knees are one measure: a mirrored photo has mirrored intervals.
        let names = match measure {
            Measure::KneeAngleLeft | Measure::KneeAngleRight => {
                vec![Measure::KneeAngleLeft.name(), Measure::KneeAngleRight.name()]
            }
            _ => vec![measure.name()],
        };
        let all: Vec<([f64; 4], bool)> = sets
            .iter()
            .flat_map(|set| set["rows"].as_array().expect("rows"))
            .filter(|row| names.iter().any(|name| row["measure"] == *name))
            .map(|row| {
                let numbers =
                    ["value", "truth", "known_variance", "scatter"].map(|key| row[key].as_f64().expect("a number"));
                (numbers, row["outlined"] == true)
            })
            .collect();
        let held = |rows: &[[f64; 4]], floor: f64| {
            let inside = rows.iter().filter(|[value, truth, known, _]| {
                (value - truth).abs() <= 1.96 * (known + floor.powi(2) + (share * value).powi(2)).sqrt()
            });
            inside.count() as f64 / rows.len().max(1) as f64
        };
        // In hundredths, from 0.2 on: no measure is exact.
        let fitted = |outlined: bool| {
            let rows: Vec<_> = all.iter().filter(|(_, o)| *o == outlined).map(|(row, _)| *row).collect();
            let mut steps = (20..4000).map(|step| f64::from(step) / 100.0);
            (!rows.is_empty())
                .then(|| (steps.find(|&floor| held(&rows, floor) >= COVERAGE).unwrap_or(40.0), rows.len()))
        };
        let mut scatters: Vec<f64> = all.iter().map(|(row, _)| row[3]).collect();
        scatters.sort_by(f64::total_cmp);
        let scatter =
            scatters.get(scatters.len() / 2).map_or(before.scatter, |s| (100.0 * s.max(0.05)).round() / 100.0);
        // Where the outline had a share in some values and not in others, each kind has its own floor. What the sets' truth
        // says nothing about stays as it was.
        let (with, without) = (fitted(true), fitted(false));
        let (floor, n) = with.or(without).unwrap_or((before.floor, 0));
        let mut entry = json!({"floor": floor, "share": share, "scatter": scatter, "n": n});
        if let (Some(_), Some((bare, n))) = (with, without) {
            // Less evidence is never the better for it: a smaller floor of fewer photos is chance.
            entry["bare"] = json!(bare.max(floor));
            entry["n_bare"] = json!(n);
        }
        floors.insert(measure.name().into(), entry);
    }
    let sets: Vec<Value> = sets
        .iter()
        .map(|set| json!({"set": set["set"], "photos": set["photos"], "truth_blake3": set["truth_blake3"]}))
        .collect();
    let table =
        json!({"made": date, "by": "examples/fit_floors.rs", "coverage": COVERAGE, "sets": sets, "floors": floors});
    println!("{}", serde_json::to_string_pretty(&table).unwrap());
}
