//! Measures crops of annotated real photos and of rendered ones, and compares the values with the truth of the whole photo.
//!
//! `cargo run --release --example evaluate_cropped -- --real FOLDER... --rendered FOLDER... [--every N] [--json FILE]`
//!
//! Each frontal photo is measured whole and cropped as users crop pictures: at the knees, at the hips, through an arm, with the person at
//! the picture's edge, above the head (`tools/cropped/mod.rs`). The output gives, by cut and measure, the number of values, the errors of
//! the same photos whole and cropped, how often the interval contains the truth (real: with the label's own error), and the ratio of the
//! true error to the stated one.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for developers"
)]

mod cropped;
#[allow(dead_code, reason = "other tools use the rest")]
mod labelled;
mod rendered;

use std::collections::BTreeMap;
use std::path::PathBuf;

use cropped::CUTS;
use labelled::{LABELLED, label_sd};
use orthostat::core::measure::Measure;
use orthostat::core::options::Options;
use orthostat::core::pipeline::Analysis;
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::photo::{Photo, ReadOptions};
use orthostat::vision::quality::Quality;
use serde_json::{Value, json};

/// A photo with its truth.
struct Known {
    path: PathBuf,
    view: String,
    truth: BTreeMap<&'static str, f64>,
}

/// A value and its standard deviation.
type Found = (f64, f64);

/// One measure of one photo, whole and cropped.
struct Row {
    cut: usize,
    measure: Measure,
    truth: f64,
    whole: Found,
    part: Option<Found>,
    file: String,
}

fn real(folder: &std::path::Path) -> Vec<Known> {
    let (set, _) = labelled::open(folder);
    let frontal = set.persons.iter().filter(|person| person.frontal && person.standing);
    frontal
        .map(|person| Known {
            path: person.path(folder),
            view: person.view.clone(),
            truth: LABELLED.iter().filter_map(|&m| Some((m.name(), person.of(m)?))).collect(),
        })
        .collect()
}

fn rendered(folder: &std::path::Path) -> Vec<Known> {
    let bytes = std::fs::read(folder.join("truth.json")).expect("the set's truth.json");
    let set: Value = serde_json::from_slice(&bytes).expect("a rendered set");
    let images = set["images"].as_array().expect("images").iter();
    let known = images.filter_map(|image| {
        let view = image["view"].as_str()?;
        let seen = orthostat::core::body::view::View::from_name(view).filter(|view| view.facing().is_some())?;
        let truth = LABELLED.iter().filter_map(|&m| Some((m.name(), rendered::truth(image, m, seen)?))).collect();
        Some(Known { path: folder.join(image["file"].as_str()?), view: view.to_owned(), truth })
    });
    known.collect()
}

fn found(analysis: &Analysis, measure: Measure) -> Option<Found> {
    analysis.assessment.get(measure).as_ref().ok().map(|found| (found.value, found.sd))
}

fn measured(analyzer: &mut Analyzer, known: &[Known], every: usize, rows: &mut Vec<Row>) {
    let options = Options { readings: Quality::Standard.readings(), ..Options::default() };
    let total = known.len();
    for (index, known) in known.iter().enumerate().step_by(every) {
        let Ok(photo) = Photo::open(&known.path, &ReadOptions::default()) else { continue };
        let Ok(whole) = analyzer.analyze(&photo, &options) else { continue };
        if whole.view.name() != known.view {
            continue;
        }
        for (cut, edge) in CUTS.iter().enumerate() {
            let Some(part) = edge.of(&photo, &whole.observation.pose(), index / every % 2 == 1) else { continue };
            let part = analyzer.analyze(&part, &options).ok().filter(|part| part.view.name() == known.view);
            for measure in LABELLED {
                let Some(&truth) = known.truth.get(measure.name()) else { continue };
                let Some(whole) = found(&whole, measure) else { continue };
                let part = part.as_ref().and_then(|part| found(part, measure));
                let file = known.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                rows.push(Row { cut, measure, truth, whole, part, file });
            }
        }
        if index % 50 == 49 {
            eprintln!("{} of {total}", index + 1);
        }
    }
}

fn rms(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v * v, count + 1.0));
    (sum / f64::max(count, 1.0)).sqrt()
}

fn print(title: &str, rows: &[Row], label: impl Fn(Measure) -> f64) {
    println!("\n{title}");
    println!(
        "{:<14} {:<18} {:>4} {:>7} {:>11} {:>10} {:>12} {:>11} {:>7} {:>6}",
        "cut", "measure", "n", "valued", "RMSE whole", "RMSE part", "held whole", "held part", "stated", "ratio"
    );
    for (cut, edge) in CUTS.iter().enumerate() {
        for measure in LABELLED {
            let all: Vec<&Row> = rows.iter().filter(|row| row.cut == cut && row.measure == measure).collect();
            let valued: Vec<(&Row, Found)> = all.iter().filter_map(|row| Some((*row, row.part?))).collect();
            if valued.is_empty() {
                continue;
            }
            let own = label(measure);
            let held = |pick: fn(&Row, Found) -> Found| {
                let inside = valued.iter().filter(|(row, part)| {
                    let (value, sd) = pick(row, *part);
                    (value - row.truth).abs() <= 1.96 * sd.hypot(own)
                });
                inside.count() as f64 / valued.len() as f64
            };
            let part = rms(valued.iter().map(|(row, (value, _))| value - row.truth));
            let stated = rms(valued.iter().map(|(_, (_, sd))| *sd));
            println!(
                "{:<14} {:<18} {:>4} {:>7.2} {:>11.2} {:>10.2} {:>12.2} {:>11.2} {:>7.2} {:>6.2}",
                format!("{edge:?}"),
                measure.name(),
                all.len(),
                valued.len() as f64 / all.len() as f64,
                rms(valued.iter().map(|(row, _)| row.whole.0 - row.truth)),
                part,
                held(|row, _| row.whole),
                held(|_, part| part),
                stated,
                (part.powi(2) - own.powi(2)).max(0.0).sqrt() / stated,
            );
        }
    }
}

fn main() {
    let (mut folders, mut json_file): (Vec<(bool, PathBuf)>, Option<PathBuf>) = (Vec::new(), None);
    let (mut is_real, mut every) = (true, 1);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--real" => is_real = true,
            "--rendered" => is_real = false,
            "--every" => every = arguments.next().and_then(|n| n.parse().ok()).expect("a number"),
            "--json" => json_file = arguments.next().map(PathBuf::from),
            folder => folders.push((is_real, folder.into())),
        }
    }
    let mut analyzer = Analyzer::open(&Quality::Standard.models(), 2).expect("the models");
    let (mut of_real, mut of_rendered) = (Vec::new(), Vec::new());
    for (is_real, folder) in folders {
        match is_real {
            true => measured(&mut analyzer, &real(&folder), every, &mut of_real),
            false => measured(&mut analyzer, &rendered(&folder), every, &mut of_rendered),
        }
    }
    if !of_real.is_empty() {
        print("annotated real photos, against the label", &of_real, label_sd);
    }
    if !of_rendered.is_empty() {
        print("rendered photos, against the body in space", &of_rendered, |_| 0.0);
    }
    if let Some(path) = json_file {
        let row = |row: &Row| {
            json!({"file": row.file, "cut": format!("{:?}", CUTS[row.cut]), "measure": row.measure.name(), "truth": row.truth,
                   "whole": row.whole, "part": row.part})
        };
        let rows: Vec<Value> = of_real.iter().chain(&of_rendered).map(row).collect();
        std::fs::write(&path, Value::from(rows).to_string()).expect("written");
    }
}
