//! Makes `src/core/uncertainty/calibration.json`: fits the estimators' weights and each measure's error model on annotated real photos and on
//! rendered ones together.
//!
//! `cargo run --release --example calibrate -- DATE [--only TERM,...] --real FOLDER... --rendered FOLDER... > calibration.json`
//!
//! With `--only` everything else stays as it is in the present file, which then says what was fitted again on which sets. A term is
//! a measure (its error model), a weight, `cropped`, `cropped_side` (the same of side views), or `armless`.
//!
//! **Weights.** One after the other, each from a list: the one with the least RMSE on the rendered photos among those that make
//! neither all nor the quiet real photos worse than the line without this witness by more than [`ALLOWED`]. The choice is repeated
//! with each fifth of the real people left out, and how the chosen ones do on the fifth left out is printed.
//!
//! **Errors.** The floor is the smallest with which 95 of 100 intervals of rendered photos hold the truth. What a stance that is
//! not quiet adds makes the stated variance of the real photos equal to that of their errors, the labels' own variance taken out;
//! of the shares of the value from 0 to 0.2, the one that comes nearest to that is taken. The other measures' shares and the gains
//! of the turn are kept as they are in the present file.
//!
//! **No face.** A head's tilt is read from its face where one is seen. What it errs by without one is fitted on the same photos
//! measured without their faces, and on the people seen from behind for the heads seen from behind: the larger one of what the
//! rendered photos need and of what the real ones do.
//!
//! **Side views** have no weights. Their floor is the larger one of what the rendered photos need and of what the real ones do, with the
//! second model and on the same photos without it.
//!
//! **Cut legs.** Each photo is measured again, cut at several heights between hips and ankles. What these bodies add is the
//! smallest with which the stated variance of the real ones is that of their errors, and 95 of 100 intervals of the rendered ones
//! hold the truth.
//!
//! **A cut arm.** The same for photos that end beside a shoulder, on the right and on the left in turn, for measures whose rendered
//! error grows by more than a tenth there. Both knees are one measure.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for developers"
)]

mod cases;
#[allow(dead_code, reason = "other tools use the rest")]
mod cropped;
mod labelled;
mod rendered;

use std::path::PathBuf;

use cases::{Case, Cases, FOLDS, real_cases, rendered_cases};
use labelled::{LABELLED, label_sd};
use orthostat::core::body::view::Facing;
use orthostat::core::measure::Measure;
use orthostat::core::measure::registry::estimate_with;
use orthostat::core::uncertainty::calibration::{
    Calibration, Conditions, ErrorModel, FittedAgain, FittedOn, Weights, calibration, error_model,
};
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::quality::Quality;

/// What a witness may add to the RMSE of real photos, as a share: within what chance does.
const ALLOWED: f64 = 0.01;
/// Intervals that should hold the truth.
const COVERAGE: f64 = 0.95;
/// An error that is no larger than this many times as before has not grown.
const GROWN: f64 = 1.1;
/// Fewer photos or parts of photos say nothing.
const LEAST: usize = 20;
/// A smaller part of outline or face in a value counts as none.
const OUTLINED: f64 = 0.3;

/// RMSE of a measure with some weights over some cases, only those that get a value.
fn rmse<'a>(cases: impl Iterator<Item = &'a Case>, measure: Measure, weights: &Weights) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for case in cases.filter(|case| case.analysis.assessment.get(measure).is_ok()) {
        let Some(truth) = case.truth.get(measure.name()) else { continue };
        if let Ok(value) = estimate_with(weights, measure, &case.straight, case.analysis.view) {
            sum += (value - truth).powi(2);
            count += 1.0;
        }
    }
    (sum / f64::max(count, 1.0)).sqrt()
}

/// A weight: its name, where it is, the measure that shows its worth, what it may be.
struct Knob {
    name: &'static str,
    measure: Measure,
    set: fn(&mut Weights, f64),
    get: fn(&Weights) -> f64,
    choices: &'static [f64],
}

const KNOBS: [Knob; 7] = [
    Knob {
        name: "arms",
        measure: Measure::ShoulderTilt,
        set: |w, x| w.arms = x,
        get: |w| w.arms,
        choices: &[0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
    },
    Knob {
        name: "contour",
        measure: Measure::ShoulderTilt,
        set: |w, x| w.contour = x,
        get: |w| w.contour,
        choices: &[0.0, 0.2, 0.3, 0.4, 0.5, 0.6],
    },
    Knob {
        name: "hip_turn",
        measure: Measure::PelvicObliquity,
        set: |w, x| w.hip_turn = x,
        get: |w| w.hip_turn,
        choices: &[0.0, 0.1, 0.2, 0.3, 0.5],
    },
    Knob {
        name: "hip_lean",
        measure: Measure::PelvicObliquity,
        set: |w, x| w.hip_lean = x,
        get: |w| w.hip_lean,
        choices: &[0.0, 0.1, 0.2, 0.3, 0.4],
    },
    Knob {
        name: "hip_outline",
        measure: Measure::PelvicObliquity,
        set: |w, x| w.hip_outline = x,
        get: |w| w.hip_outline,
        choices: &[0.0, 0.2, 0.4, 0.5, 0.6, 0.7],
    },
    Knob {
        name: "head_turn",
        measure: Measure::HeadTilt,
        set: |w, x| w.head_turn = x,
        get: |w| w.head_turn,
        choices: &[0.0, 0.1, 0.2, 0.3, 0.4],
    },
    Knob {
        name: "face",
        measure: Measure::HeadTilt,
        set: |w, x| w.face = x,
        get: |w| w.face,
        choices: &[0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0],
    },
];

/// The weights that do best on the rendered cases without harm on the real ones, those of one fold left out.
fn fitted_weights(cases: &[Case], left_out: Option<usize>, asked: &Arguments) -> Weights {
    let mut weights = calibration().weights;
    let knobs = || KNOBS.iter().filter(|knob| asked.asks_for(knob.name));
    for knob in knobs() {
        (knob.set)(&mut weights, 0.0);
    }
    let within = |case: &&Case| left_out.is_none_or(|fold| case.fold != fold);
    for knob in knobs() {
        let with = |choice: f64| {
            let mut tried = weights;
            (knob.set)(&mut tried, choice);
            let on = |keep: &dyn Fn(&Case) -> bool| {
                rmse(cases.iter().filter(within).filter(|case| keep(case)), knob.measure, &tried)
            };
            (on(&|case| !case.real), on(&|case| case.real), on(&|case| case.real && case.quiet))
        };
        let (_, all, quiet) = with(0.0);
        let harmless = |&choice: &f64| {
            let (_, real, real_quiet) = with(choice);
            real <= (1.0 + ALLOWED) * all && real_quiet <= (1.0 + ALLOWED) * quiet
        };
        let best = knob.choices.iter().copied().filter(harmless).min_by(|a, b| with(*a).0.total_cmp(&with(*b).0));
        (knob.set)(&mut weights, best.unwrap_or(0.0));
    }
    weights
}

fn print_weights(cases: &[Case], weights: &Weights, asked: &Arguments) {
    let mut plain = *weights;
    for knob in KNOBS.iter().filter(|knob| asked.asks_for(knob.name)) {
        (knob.set)(&mut plain, 0.0);
    }
    for knob in &KNOBS {
        eprintln!("{:12} {:.1}", knob.name, (knob.get)(weights));
    }
    let held: Vec<Weights> = (0..FOLDS).map(|fold| fitted_weights(cases, Some(fold), asked)).collect();
    for measure in [Measure::ShoulderTilt, Measure::PelvicObliquity, Measure::HeadTilt] {
        let on =
            |keep: &dyn Fn(&Case) -> bool, weights: &Weights| rmse(cases.iter().filter(|c| keep(c)), measure, weights);
        let mut square = 0.0;
        for (fold, weights) in held.iter().enumerate() {
            let part = |case: &Case| case.real && case.fold == fold && case.analysis.view.facing().is_some();
            square += on(&part, weights).powi(2) * cases.iter().filter(|case| part(case)).count() as f64;
        }
        let counts = |case: &&Case| case.real && case.analysis.view.facing().is_some();
        let left_out = (square / cases.iter().filter(counts).count().max(1) as f64).sqrt();
        eprintln!(
            "{:18} RMSE plain -> fitted: rendered {:.2} -> {:.2}, real {:.2} -> {:.2} (each fifth by the others: {left_out:.2}), quiet {:.2} -> {:.2}",
            measure.name(),
            on(&|c| !c.real, &plain),
            on(&|c| !c.real, weights),
            on(&|c| c.real, &plain),
            on(&|c| c.real, weights),
            on(&|c| c.real && c.quiet, &plain),
            on(&|c| c.real && c.quiet, weights),
        );
    }
}

/// One value beside its truth, and the variance that the error model does not add.
struct Residual {
    value: f64,
    error: f64,
    known: f64,
    under: Conditions,
    scatter: f64,
}

impl Residual {
    /// The variance that a model states.
    fn stated(&self, model: &ErrorModel) -> f64 {
        self.known + model.variance(self.value, self.under)
    }
}

fn residuals(cases: &[Case], measure: Measure, real: bool, weights: &Weights) -> Vec<Residual> {
    let one = |case: &Case| {
        let truth = case.truth.get(measure.name())?;
        let found = case.analysis.assessment.get(measure).as_ref().ok()?;
        let value = match case.analysis.view.facing() {
            Some(_) => estimate_with(weights, measure, &case.straight, case.analysis.view).ok()?,
            // No weight has a part in it.
            None => found.value,
        };
        let behind = case.analysis.view.facing() == Some(Facing::Away);
        let under = Conditions {
            quiet: case.analysis.quiet,
            outlined: found.outlined,
            cut: case.analysis.cut,
            arm: case.analysis.arm,
            behind,
        };
        let known = (found.sd.powi(2) - error_model(measure.name()).variance(found.value, under)).max(0.0);
        Some(Residual { value, error: value - truth, known, under, scatter: found.scatter })
    };
    cases.iter().filter(|case| case.real == real).filter_map(one).collect()
}

/// The smallest number from 0.2 in hundredths that satisfies a condition which larger numbers satisfy too.
fn smallest(enough: impl Fn(f64) -> bool) -> f64 {
    (20..4000).map(|step| f64::from(step) / 100.0).find(|&x| enough(x)).unwrap_or(40.0)
}

/// Errors that grow with the value by so much, as a share of it, are tried for the labelled measures.
const SHARES: [f64; 5] = [0.2, 0.15, 0.1, 0.05, 0.0];

/// The error model of a measure with the share that fits the real photos best.
fn best_error(cases: &[Case], measure: Measure, weights: &Weights) -> ErrorModel {
    let before = error_model(measure.name());
    if !LABELLED.contains(&measure) {
        return fitted_error(cases, measure, weights, before.share);
    }
    let rows = residuals(cases, measure, true, weights);
    let count = rows.len().max(1) as f64;
    let erred = rows.iter().map(|r| r.error.powi(2)).sum::<f64>() / count - label_sd(measure).powi(2);
    let off = |model: &ErrorModel| {
        let stated = rows.iter().map(|r| r.stated(model)).sum::<f64>() / count;
        (erred.max(1e-6) / stated).ln().abs()
    };
    let tried = SHARES.map(|share| fitted_error(cases, measure, weights, share));
    tried.into_iter().min_by(|a, b| off(a).total_cmp(&off(b))).expect("several shares")
}

fn fitted_error(cases: &[Case], measure: Measure, weights: &Weights, share: f64) -> ErrorModel {
    let before = error_model(measure.name());
    // Both knees are one measure: a mirrored photo has mirrored intervals.
    let names = match measure {
        Measure::KneeAngleLeft | Measure::KneeAngleRight => vec![Measure::KneeAngleLeft, Measure::KneeAngleRight],
        _ => vec![measure],
    };
    let all = |real: bool| names.iter().flat_map(|&name| residuals(cases, name, real, weights)).collect::<Vec<_>>();
    let (rows, real) = (all(false), all(true));
    let mut model = ErrorModel { posed: 0.0, cropped: 0.0, armless: 0.0, share, ..before };
    let held = |rows: &[&Residual], model: &ErrorModel| {
        let inside = rows.iter().filter(|r| r.error.abs() <= 1.96 * r.stated(model).sqrt());
        inside.count() as f64 >= COVERAGE * rows.len() as f64
    };
    let (outlined, bare): (Vec<&Residual>, Vec<&Residual>) = rows.iter().partition(|r| r.under.outlined >= OUTLINED);
    let main = if before.bare.is_some() && !outlined.is_empty() { outlined } else { rows.iter().collect() };
    if !main.is_empty() {
        model.bare = None;
        model.floor = smallest(|floor| held(&main, &ErrorModel { floor, ..model }));
    }
    if before.behind.is_some() {
        // Fitted afterwards, on more photos.
        model.bare = before.bare;
    } else if before.bare.is_some() {
        // Less evidence is never the better for it: a smaller floor of fewer photos is chance.
        let alone = smallest(|floor| held(&bare, &ErrorModel { floor, bare: None, ..model }));
        model.bare = Some(if bare.is_empty() { before.bare.unwrap_or(model.floor) } else { alone.max(model.floor) });
    }
    model.scatter = median_scatter(&rows).unwrap_or(model.scatter);
    if LABELLED.contains(&measure) && !real.is_empty() {
        let erred = real.iter().map(|r| r.error.powi(2)).sum::<f64>() / real.len() as f64 - label_sd(measure).powi(2);
        let stated = |posed: f64| {
            let model = ErrorModel { posed, ..model };
            real.iter().map(|r| r.stated(&model)).sum::<f64>() / real.len() as f64
        };
        model.posed = if stated(0.0) >= erred { 0.0 } else { smallest(|posed| stated(posed) >= erred) };
    }
    model
}

/// The head's error where no face is read, in front views and from behind: see the module.
fn without_face(cases: &Cases, measure: Measure, weights: &Weights, model: &ErrorModel) -> ErrorModel {
    let rows = |real: bool| {
        let seen = [&cases.whole, &cases.faceless].map(|cases| residuals(cases, measure, real, weights));
        seen.into_iter().flatten().filter(|row| row.under.outlined < OUTLINED).collect::<Vec<_>>()
    };
    let (rendered, real) = (rows(false), rows(true));
    let needed = |behind: bool, before: Option<f64>| {
        let with = |floor: f64| ErrorModel { floor, bare: None, behind: None, ..*model };
        let name = if behind { "from behind" } else { "front, no face" };
        let part = |rows: &[Residual], real: bool| {
            let rows: Vec<&Residual> = rows.iter().filter(|row| row.under.behind == behind).collect();
            (rows.len() >= LEAST).then(|| least(&rows, real, measure, &with, name))
        };
        let parts = [part(&rendered, false), part(&real, true)].into_iter().flatten();
        parts.reduce(f64::max).or(before).map(|needed| needed.max(model.floor))
    };
    ErrorModel { bare: needed(false, model.bare), behind: needed(true, model.behind), ..*model }
}

/// The error in side views, with a second model and without: see the module.
fn side_error(cases: &Cases, measure: Measure, weights: &Weights) -> ErrorModel {
    let before = error_model(measure.name());
    let with = |floor: f64| ErrorModel { floor, bare: None, ..before };
    let needed = |cases: &[Case], joined: bool| {
        let name = if joined { "with the second model" } else { "without it" };
        let part = |real: bool| {
            let rows = residuals(cases, measure, real, weights);
            let rows: Vec<&Residual> = rows.iter().filter(|row| (row.under.outlined >= OUTLINED) == joined).collect();
            (rows.len() >= LEAST).then(|| least(&rows, real, measure, &with, name))
        };
        [part(false), part(true)].into_iter().flatten().reduce(f64::max)
    };
    let floor = needed(&cases.whole, true).unwrap_or(before.floor);
    let bare = needed(&cases.unseconded, false).or(before.bare).map(|needed| needed.max(floor));
    let scatter = median_scatter(&residuals(&cases.whole, measure, false, weights)).unwrap_or(before.scatter);
    ErrorModel { floor, bare, scatter, ..before }
}

/// The median scatter of single readings, in hundredths.
fn median_scatter(rows: &[Residual]) -> Option<f64> {
    let mut scatters: Vec<f64> = rows.iter().map(|r| r.scatter).collect();
    scatters.sort_by(f64::total_cmp);
    scatters.get(scatters.len() / 2).map(|middle| (100.0 * middle.max(0.05)).round() / 100.0)
}

/// The smallest number with which 95 of 100 intervals of rendered photos hold the truth, or with which the stated variance of
/// real photos is that of their errors.
fn least(rows: &[&Residual], real: bool, measure: Measure, with: &dyn Fn(f64) -> ErrorModel, name: &str) -> f64 {
    let count = rows.len() as f64;
    let erred = rows.iter().map(|r| r.error.powi(2)).sum::<f64>() / count - label_sd(measure).powi(2);
    let enough = |x: f64| match real {
        true => rows.iter().map(|r| r.stated(&with(x))).sum::<f64>() / count >= erred,
        false => {
            let held = rows.iter().filter(|r| r.error.abs() <= 1.96 * r.stated(&with(x)).sqrt());
            held.count() as f64 >= COVERAGE * count
        }
    };
    let least = if enough(0.0) { 0.0 } else { smallest(enough) };
    let (kind, rmse) =
        (if real { "real" } else { "rendered" }, (rows.iter().map(|r| r.error.powi(2)).sum::<f64>() / count).sqrt());
    eprintln!("{:24} {name}, {kind}: {least:.2} of {count} photos, RMSE {rmse:.2}", measure.name());
    least
}

/// What parts of photos need that a part of the body is outside of: see the module.
fn cut_off(cut: &[Case], measure: Measure, weights: &Weights, with: &dyn Fn(f64) -> ErrorModel, name: &str) -> f64 {
    let mut needed: f64 = 0.0;
    for real in [true, false] {
        let rows = residuals(cut, measure, real, weights);
        if rows.len() >= LEAST {
            let rows: Vec<&Residual> = rows.iter().collect();
            needed = needed.max(least(&rows, real, measure, with, name));
        }
    }
    (100.0 * needed).round() / 100.0
}

/// What the command line asks for.
struct Arguments {
    made: String,
    /// Nothing: everything is fitted.
    only: Vec<String>,
    folders: Vec<(bool, PathBuf)>,
}

impl Arguments {
    fn read() -> Self {
        let mut arguments = std::env::args().skip(1);
        let made = arguments.next().expect("the date");
        let (mut real, mut only, mut folders) = (true, Vec::new(), Vec::new());
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--real" => real = true,
                "--rendered" => real = false,
                "--only" => {
                    only = arguments.next().expect("terms").split(',').map(str::to_owned).collect();
                }
                folder => folders.push((real, folder.into())),
            }
        }
        Self { made, only, folders }
    }

    fn asks_for(&self, term: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == term)
    }
}

fn main() {
    let asked = Arguments::read();
    let mut analyzer = Analyzer::open(&Quality::Standard.models(), 2).expect("the models");
    let mut cases = Cases {
        wants_cut: asked.asks_for("cropped"),
        wants_side_cut: asked.asks_for("cropped_side"),
        wants_armless: asked.asks_for("armless"),
        ..Cases::default()
    };
    let from = asked.folders.iter();
    let sets: Vec<FittedOn> = from
        .map(|(real, folder)| match real {
            true => real_cases(&mut analyzer, folder, &mut cases),
            false => rendered_cases(&mut analyzer, folder, &mut cases),
        })
        .collect();
    let whole = &cases.whole;
    let weights = fitted_weights(whole, None, &asked);
    print_weights(whole, &weights, &asked);
    let mut errors = calibration().errors.clone();
    for measure in Measure::ALL.into_iter().filter(|measure| measure.bony_points().is_empty()) {
        let mut model = error_model(measure.name());
        if asked.asks_for(measure.name()) && !measure.is_frontal() {
            model = side_error(&cases, measure, &weights);
        } else if asked.asks_for(measure.name()) {
            model =
                ErrorModel { cropped: model.cropped, armless: model.armless, ..best_error(whole, measure, &weights) };
            if model.behind.is_some() {
                model = without_face(&cases, measure, &weights, &model);
            }
        }
        if asked.asks_for(if measure.is_frontal() { "cropped" } else { "cropped_side" }) {
            let with = |cropped: f64| ErrorModel { cropped, ..model };
            model.cropped = cut_off(&cases.cut, measure, &weights, &with, "cut legs");
        }
        if asked.asks_for("armless") && measure.is_frontal() {
            let with = |armless: f64| ErrorModel { armless, ..model };
            let rms = |cases: &[Case]| {
                let rows = residuals(cases, measure, false, &weights);
                (rows.iter().map(|r| r.error.powi(2)).sum::<f64>() / rows.len().max(1) as f64).sqrt()
            };
            model.armless = match rms(&cases.armless) > GROWN * rms(whole) {
                true => cut_off(&cases.armless, measure, &weights, &with, "cut arm"),
                false => 0.0,
            };
        }
        errors.insert(measure.name().to_owned(), model);
    }
    let knees = [Measure::KneeAngleLeft, Measure::KneeAngleRight].map(Measure::name);
    let larger = knees.iter().map(|knee| errors[*knee].armless).fold(0.0, f64::max);
    for knee in knees {
        errors.entry(knee.to_owned()).and_modify(|model| model.armless = larger);
    }
    // A trunk that leans by a degree is shifted by 1.75 % of its length, and the real photos tell of the lean alone.
    let lean = errors[Measure::TrunkLean.name()];
    if let Some(shift) = errors.get_mut(Measure::TrunkShift.name()) {
        shift.posed = (100.0 * 1.75 * lean.posed).round() / 100.0;
        shift.cropped = shift.cropped.max((100.0 * 1.75 * lean.cropped).round() / 100.0);
        shift.armless = shift.armless.max((100.0 * 1.75 * lean.armless).round() / 100.0);
    }
    let by = "tools/calibrate.rs".to_owned();
    let before = calibration().clone();
    let fitted = if asked.only.is_empty() {
        Calibration { made: asked.made, by, sets, again: Vec::new(), weights, errors, ..before }
    } else {
        let mut again = before.again.clone();
        again.retain(|earlier| earlier.terms != asked.only);
        again.push(FittedAgain { terms: asked.only, made: asked.made, sets });
        Calibration { again, weights, errors, ..before }
    };
    println!("{}", serde_json::to_string_pretty(&fitted).expect("numbers"));
}
