//! Measures annotated real photos and compares the values with the labels.
//!
//! `cargo run --release --example evaluate_real -- SET [--quality fast|standard|best] [--second NAME|none] [--mirror N]`
//!
//! SET is a folder with photos and a `truth.json` of labelled persons (see `tools/labelled/mod.rs`). The output gives:
//!
//! - found: views, and the number of frontal standing persons with each value;
//! - errors relative to the label in degrees, of always "level", of a single plain reading as in MediaPipe, of `raw` and of `value`, over
//!   all persons with a value and the quiet ones of them;
//! - trust: how often the interval contains the label (with and without the label's own error), the ratio of the true error (without the
//!   label's part) to the stated one, and the clearly wrong values (beyond 3 standard deviations);
//! - step by step: each step disabled alone;
//! - mirror: N photos of odd and of even width compared with their mirror images.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for developers"
)]

mod labelled;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use image::imageops::{crop_imm, flip_horizontal};
use labelled::{LABELLED, Person, label_sd};
use orthostat::core::body::landmarks::BonyPose;
use orthostat::core::camera::rectify::Rectification;
use orthostat::core::measure::Measure;
use orthostat::core::measure::registry::estimate_with;
use orthostat::core::options::Options;
use orthostat::core::pipeline::Analysis;
use orthostat::core::refusal::Refusal;
use orthostat::core::uncertainty::calibration::{Weights, calibration};
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::estimate::model_options::{ModelOptions, Part};
use orthostat::vision::photo::{Photo, ReadOptions};
use orthostat::vision::quality::Quality;
use orthostat::vision::raster::region::Sampling;

struct Case<'a> {
    person: &'a Person,
    analysis: Analysis,
    /// A single plain reading in MediaPipe's own arithmetic, if it is of the same person.
    single: Option<Analysis>,
}

impl Case<'_> {
    fn value(&self, measure: Measure) -> Option<f64> {
        Some(self.analysis.assessment.get(measure).as_ref().ok()?.value)
    }

    fn is_right_view(&self) -> bool {
        self.analysis.view.name() == self.person.view
    }
}

fn rms(values: &[f64]) -> f64 {
    (values.iter().map(|v| v * v).sum::<f64>() / values.len().max(1) as f64).sqrt()
}

fn median(values: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = values.iter().map(|v| v.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1)).cloned();
    let folder = PathBuf::from(arguments.first().filter(|a| !a.starts_with("--")).expect("a folder with truth.json"));
    let quality = option("--quality").unwrap_or_else(|| "standard".into());
    let quality = Quality::from_name(&quality).expect("fast, standard or best");
    let (mut models, readings) = (quality.models(), quality.readings());
    if let Some(second) = option("--second") {
        models.retain(|model| model.part == Part::First);
        let asked = ModelOptions { model: second.clone(), part: Part::Second, ..ModelOptions::default() };
        models.extend((second != "none").then_some(asked));
    }
    let named = |part: fn(Part) -> bool| -> Vec<&str> {
        models.iter().filter(|model| part(model.part)).map(|model| model.model.as_str()).collect()
    };
    let (first, second) = (named(|part| part == Part::First), named(|part| part == Part::Second));
    let options = Options { readings, ..Options::default() };
    let (set, hash) = labelled::open(&folder);
    let mut ours = Analyzer::open(&models, 2).expect("the models");
    let exact = ModelOptions { sampling: Sampling::Bilinear, ..ModelOptions::default() };
    let mut plain = Analyzer::open(&[exact], 2).expect("the models");
    let mut cases = Vec::new();
    let mut failed: BTreeMap<String, usize> = BTreeMap::new();
    for (index, person) in set.persons.iter().enumerate() {
        let path = person.path(&folder);
        let measured = Photo::open(&path, &ReadOptions::default()).and_then(|photo| {
            let single = plain.analyze(&photo, &Options { readings: 1, ..Options::default() }).ok();
            Ok((ours.analyze(&photo, &options)?, single))
        });
        match measured {
            Ok((analysis, single)) if person.is(&analysis) => {
                let single = single.filter(|single| person.is(single));
                cases.push(Case { person, analysis, single });
            }
            Ok(_) => *failed.entry("another person".into()).or_default() += 1,
            Err(error) => *failed.entry(error.code().into()).or_default() += 1,
        }
        if index % 50 == 49 {
            eprintln!("{} of {}", index + 1, set.persons.len());
        }
    }
    let groups: BTreeSet<&str> = set.persons.iter().map(|person| person.group.as_str()).collect();
    println!(
        "real photos \"{}\" ({} persons of {} groups, truth.json BLAKE3 {})",
        set.half,
        set.persons.len(),
        groups.len(),
        &hash[..16]
    );
    let asked = if second.is_empty() { String::new() } else { format!(", second opinion {}", second.join(" and ")) };
    println!("quality {quality}, {readings} readings of {}{asked}\n", first.join(" and "));
    print_found(&set.persons, &cases, &failed);
    print_errors(&cases);
    print_steps(&cases);
    let count = option("--mirror").map_or(30, |n| n.parse().expect("a number"));
    print_mirror(&mut ours, &folder, &cases, &options, count);
}

fn print_found(persons: &[Person], cases: &[Case<'_>], failed: &BTreeMap<String, usize>) {
    let frontal: Vec<&Case<'_>> = cases.iter().filter(|case| case.person.frontal).collect();
    let wrong = frontal.iter().filter(|case| !case.is_right_view()).count();
    println!("no value at all: {failed:?}; wrong views: {wrong} of {} frontal persons", frontal.len());
    let standing = persons.iter().filter(|person| person.frontal && person.standing).count();
    for measure in LABELLED {
        let given =
            frontal.iter().filter(|c| c.person.standing && c.is_right_view() && c.value(measure).is_some()).count();
        let share = 100.0 * given as f64 / standing.max(1) as f64;
        println!("{:<18} {given} of {standing} frontal standing persons ({share:.0} %)", measure.name());
    }
}

fn print_errors(cases: &[Case<'_>]) {
    println!("\nerrors against the label, RMSE (median), degrees; trust in the stated errors");
    println!(
        "{:<18} {:<7} {:>4} {:>7} {:>14} {:>14} {:>14} {:>6} {:>6} {:>7} {:>6} {:>5}",
        "measure",
        "persons",
        "n",
        "level",
        "single reading",
        "raw",
        "value",
        "held %",
        "bare %",
        "stated",
        "ratio",
        "firm"
    );
    for measure in LABELLED {
        for quiet in [false, true] {
            let rows: Vec<(&Case<'_>, f64)> = cases
                .iter()
                .filter(|case| case.person.frontal && (case.person.quiet || !quiet))
                .filter_map(|case| Some((case, case.person.of(measure)?)))
                .filter(|(case, _)| case.value(measure).is_some())
                .collect();
            let found = |case: &Case<'_>| *case.analysis.assessment.get(measure).as_ref().expect("has a value");
            let off = |pick: &dyn Fn(&Case<'_>) -> Option<f64>| -> Vec<f64> {
                rows.iter().filter_map(|(case, label)| Some(pick(case)? - label)).collect()
            };
            let shown = |errors: Vec<f64>| format!("{:.2} ({:.2})", rms(&errors), median(&errors));
            let single = off(&|case| Some(case.single.as_ref()?.assessment.get(measure).as_ref().ok()?.raw));
            let value = off(&|case| Some(found(case).value));
            let sds: Vec<f64> = rows.iter().map(|(case, _)| found(case).sd).collect();
            let within = |reach: &dyn Fn(f64) -> f64| {
                let count = value.iter().zip(&sds).filter(|(error, sd)| error.abs() <= reach(**sd)).count();
                100.0 * count as f64 / rows.len().max(1) as f64
            };
            let label = label_sd(measure);
            let truly = (rms(&value).powi(2) - label.powi(2)).max(0.0).sqrt();
            let firm = value.iter().zip(&sds).filter(|(error, sd)| error.abs() > 3.0 * sd.hypot(label)).count();
            println!(
                "{:<18} {:<7} {:>4} {:>7.2} {:>14} {:>14} {:>14} {:>6.0} {:>6.0} {:>7.2} {:>6.2} {:>5}",
                measure.name(),
                if quiet { "quiet" } else { "all" },
                rows.len(),
                rms(&rows.iter().map(|(_, label)| *label).collect::<Vec<_>>()),
                shown(single),
                shown(off(&|case| Some(found(case).raw))),
                shown(value.clone()),
                within(&|sd| 1.96 * sd.hypot(label)),
                within(&|sd| 1.96 * sd),
                rms(&sds),
                truly / rms(&sds),
                firm,
            );
        }
    }
}

/// The values of all cases with some weights and, optionally, without correction for the turn.
fn with(case: &Case<'_>, measure: Measure, weights: &Weights, turned: bool) -> Option<f64> {
    let analysis = &case.analysis;
    analysis.assessment.get(measure).as_ref().ok()?;
    let facing = analysis.view.facing()?;
    let outline = match &analysis.observation.outline {
        Some(trace) if trace.facing() == facing => Ok(trace.outline()),
        _ => Err(Refusal::Degenerate("no outline was read")),
    };
    let rectification = Rectification::new(analysis.camera, analysis.view, analysis.yaw);
    let mut straight = rectification.apply(&analysis.pose, &BonyPose::default(), &outline, &labelled::face(analysis));
    if !turned {
        straight.turned = straight.levelled.clone();
    }
    estimate_with(weights, measure, &straight, analysis.view).ok()
}

type Step = (&'static str, fn(&mut Weights), bool);

fn print_steps(cases: &[Case<'_>]) {
    let steps: [Step; 8] = [
        ("as shipped", |_| {}, true),
        ("turn left in", |_| {}, false),
        ("without arms", |w| w.arms = 0.0, true),
        ("without contour", |w| w.contour = 0.0, true),
        ("without lean of hips", |w| w.hip_lean = 0.0, true),
        ("without hip outline", |w| w.hip_outline = 0.0, true),
        ("without face", |w| w.face = 0.0, true),
        ("outline everywhere", |w| w.hip_outline_agreement = 1e6, true),
    ];
    println!("\nstep by step, RMSE against the label, degrees: all (quiet)");
    println!("{:<22} {:>16} {:>16} {:>16} {:>16}", "", "shoulder", "pelvis", "head", "lean");
    let row = |name: &str, value: &dyn Fn(&Case<'_>, Measure) -> Option<f64>| {
        let cells = LABELLED.map(|measure| {
            let of = |quiet: bool| {
                let kept = cases.iter().filter(|case| case.person.frontal && (case.person.quiet || !quiet));
                rms(&kept.filter_map(|case| Some(value(case, measure)? - case.person.of(measure)?)).collect::<Vec<_>>())
            };
            format!("{:.2} ({:.2})", of(false), of(true))
        });
        println!("{name:<22} {:>16} {:>16} {:>16} {:>16}", cells[0], cells[1], cells[2], cells[3]);
    };
    row("in the picture (raw)", &|case, measure| Some(case.analysis.assessment.get(measure).as_ref().ok()?.raw));
    for (name, change, turned) in steps {
        let mut weights = calibration().weights;
        change(&mut weights);
        row(name, &|case, measure| with(case, measure, &weights, turned));
    }
}

fn print_mirror(analyzer: &mut Analyzer, folder: &Path, cases: &[Case<'_>], options: &Options, count: usize) {
    println!("\nphoto against its mirror image, |value + mirrored value|: largest (median), degrees");
    let mut off: BTreeMap<(bool, &str), Vec<f64>> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.person.frontal).take(count) {
        let photo = Photo::open(&case.person.path(folder), &ReadOptions::default()).expect("read before");
        let (width, height) = photo.pixels.dimensions();
        for cut in [0, 1] {
            let mut plain = photo.clone();
            plain.pixels = crop_imm(&photo.pixels, 0, 0, width - cut, height).to_image();
            let mut mirrored = plain.clone();
            mirrored.pixels = flip_horizontal(&plain.pixels);
            let (Ok(a), Ok(b)) = (analyzer.analyze(&plain, options), analyzer.analyze(&mirrored, options)) else {
                continue;
            };
            for measure in LABELLED {
                if let (Ok(a), Ok(b)) = (a.assessment.get(measure), b.assessment.get(measure)) {
                    let odd = (width - cut) % 2 == 1;
                    off.entry((odd, measure.name())).or_default().push((a.value + b.value).abs());
                }
            }
        }
    }
    for ((odd, name), values) in off {
        let largest = values.iter().copied().fold(0.0, f64::max);
        println!("{:<5} widths {name:<18} {largest:.3} ({:.3})", if odd { "odd" } else { "even" }, median(&values));
    }
}
