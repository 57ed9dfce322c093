//! Regenerates `src/core/uncertainty/repeat.json`: the errors added to a value by another photo and by another visit.
//!
//! `cargo run --release --example repeat -- DATE SET RECORDS [SET RECORDS ...]`
//!
//! SET is a rendered set of visits (`truth.json` with `body_index`, `visit_index` and `shot_index`), RECORDS the file of records of its
//! photos written by `orthostat batch`. No pixels are read. For each measure's errors (value minus truth):
//!
//! - `photo` and `shown` maximise the likelihood of the scatter of errors within visits, where a photo's variance is `photo^2 + shown *
//!   what it shows of it`;
//! - `sway` maximises that of the scatter of the values themselves, in addition to this;
//! - `visit` maximises that of the differences between the errors of a body's two visits, without the part that is proportional to the
//!   true change;
//! - `unfollowed`^2 is the mean square of that part: models reproduce a change only partly.
//!
//! The head's tilt by its face alone is fitted like a measure.
//!
//! Prints the file; its inputs are listed on standard error.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for developers"
)]

mod rendered;
mod stored;

use std::collections::BTreeMap;
use std::path::Path;

use orthostat::core::measure::Measure;
use orthostat::core::pipeline::measure;
use orthostat::core::uncertainty::calibration::FittedOn;
use orthostat::core::uncertainty::repeat::{RepeatFit, Repeatability};
use serde_json::Value;

/// One value of one photo.
#[derive(Clone, Copy)]
struct Seen {
    error: f64,
    truth: f64,
    varying: f64,
}

/// The photos of one measure by set, body and visit.
type Visits = BTreeMap<(usize, i64, i64), Vec<Seen>>;

/// What is found of the head's tilt by its face alone, among the measures.
const BY_FACE: &str = "head_by_face";

fn add(number: usize, folder: &Path, records: &Path, found: &mut BTreeMap<&'static str, Visits>) -> FittedOn {
    let bytes = std::fs::read(folder.join("truth.json")).expect("the set's truth.json");
    let set: Value = serde_json::from_slice(&bytes).expect("a rendered set");
    let by_file = stored::records(records);
    let mut photos = 0;
    for image in set["images"].as_array().expect("images") {
        let index = |name: &str| image[name].as_i64().expect("a set of visits");
        let Some(record) = by_file.get(image["file"].as_str().expect("a file")) else { continue };
        let view = record.view.kind;
        let analysis = measure(record.frame(), record.observation.clone().expect("kept"), &record.options());
        let (Ok(analysis), Some(_)) = (analysis, view.facing()) else { continue };
        photos += 1;
        let visit = (number, index("body_index"), index("visit_index"));
        if let (Some(face), Some(truth)) = (analysis.head_by_face, rendered::truth(image, Measure::HeadTilt, view)) {
            let seen = Seen { error: face.deg - truth, truth, varying: face.varying };
            found.entry(BY_FACE).or_default().entry(visit).or_default().push(seen);
        }
        for what in Measure::ALL {
            let (Ok(value), Some(truth)) = (analysis.assessment.get(what), rendered::truth(image, what, view)) else {
                continue;
            };
            let seen = Seen { error: value.value - truth, truth, varying: value.varying };
            found.entry(what.name()).or_default().entry(visit).or_default().push(seen);
        }
    }
    let set = folder.file_name().expect("a name").to_string_lossy().into_owned();
    stored::fitted_on("rendered", set, photos, &bytes)
}

fn mean(of: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = of.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// The mean of a visit's photos, weighted by their variance, and its variance.
fn weighted(seen: &[Seen], variance: impl Fn(&Seen) -> f64, of: impl Fn(&Seen) -> f64) -> (f64, f64) {
    let total: f64 = seen.iter().map(|one| 1.0 / variance(one)).sum();
    (seen.iter().map(|one| of(one) / variance(one)).sum::<f64>() / total, 1.0 / total)
}

/// Twice the negative log-likelihood of the scatter within visits.
fn unlikely(visits: &Visits, variance: impl Fn(&Seen) -> f64, of: impl Fn(&Seen) -> f64) -> f64 {
    let of_visit = |seen: &Vec<Seen>| {
        let (middle, of_mean) = weighted(seen, &variance, &of);
        let each = |one: &Seen| variance(one).ln() + (of(one) - middle).powi(2) / variance(one);
        seen.iter().map(each).sum::<f64>() - of_mean.ln()
    };
    visits.values().filter(|seen| seen.len() > 1).map(of_visit).sum()
}

/// The minimiser of a function on a grid.
fn least(grid: impl Iterator<Item = f64>, of: impl Fn(f64) -> f64) -> f64 {
    grid.min_by(|&a, &b| of(a).total_cmp(&of(b))).unwrap_or(0.0)
}

/// Standard deviations from 0 to 5 in steps of a fiftieth.
fn grid() -> impl Iterator<Item = f64> {
    (0..=250).map(|step| f64::from(step) * 0.02)
}

/// The smallest standard deviation, so that logarithms are finite.
const FLOOR: f64 = 0.02;

fn fit(name: &str, visits: &Visits) -> Option<Repeatability> {
    let freedom: usize = visits.values().map(|seen| seen.len() - 1).sum();
    if freedom < 12 {
        return None;
    }
    let variance = |photo: f64, shown: f64| move |one: &Seen| photo.powi(2) + shown * one.varying + FLOOR * FLOOR;
    let best = |shown: f64| least(grid(), |photo| unlikely(visits, variance(photo, shown), |one| one.error));
    let shown = least((0..=4).map(|step| 0.25 * f64::from(step)), |shown| {
        unlikely(visits, variance(best(shown), shown), |one| one.error)
    });
    let photo = best(shown);
    let sway = least(grid(), |sway| {
        unlikely(visits, |one| variance(photo, shown)(one) + sway.powi(2), |one| one.error + one.truth)
    });
    let pairs: Vec<(f64, f64, f64)> = visits
        .iter()
        .filter_map(|(&(set, body, visit), before)| {
            let after = visits.get(&(set, body, 1)).filter(|_| visit == 0)?;
            let [first, second] = [before, after].map(|seen| weighted(seen, variance(photo, shown), |one| one.error));
            let truth = |seen: &[Seen]| mean(seen.iter().map(|one| one.truth));
            Some((second.0 - first.0, truth(after) - truth(before), first.1 + second.1))
        })
        .collect();
    let product: f64 = pairs.iter().map(|(error, change, _)| error * change).sum();
    let square: f64 = pairs.iter().map(|(_, change, _)| change.powi(2)).sum();
    let share = if square > 1e-9 { product / square } else { 0.0 };
    let visit = least(grid(), |visit| {
        let of_pair = |&(error, change, of_photos): &(f64, f64, f64)| {
            let variance = 2.0 * visit.powi(2) + of_photos;
            variance.ln() + (error - share * change).powi(2) / variance
        };
        pairs.iter().map(of_pair).sum()
    });
    let unfollowed = (1000.0 * (share.powi(2) * square / pairs.len().max(1) as f64).sqrt()).round() / 1000.0;
    let rounded = |value: f64| (100.0 * value).round() / 100.0;
    eprintln!(
        "{name:<24} photo {photo:.2} and {shown:.2} of what it shows, sway {sway:.2}, visit {visit:.2}, follows a change by {:.2} (leaves {unfollowed:.2}), \
         {} pairs of visits",
        1.0 + share,
        pairs.len()
    );
    Some(Repeatability { photo: rounded(photo), shown, sway: rounded(sway), visit: rounded(visit), unfollowed })
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(made), true) = (arguments.first(), arguments.len() >= 3 && arguments.len() % 2 == 1) else {
        eprintln!("usage: repeat DATE SET RECORDS [SET RECORDS ...]");
        std::process::exit(2);
    };
    let mut found = BTreeMap::new();
    let sets = (0..)
        .zip(arguments[1..].chunks(2))
        .map(|(number, pair)| add(number, Path::new(&pair[0]), Path::new(&pair[1]), &mut found))
        .collect();
    let by_face = found.remove(BY_FACE).expect("sets with faces");
    let head_by_face = fit(BY_FACE, &by_face).expect("enough photos with faces");
    let measures = found.iter().filter_map(|(name, visits)| Some(((*name).to_owned(), fit(name, visits)?))).collect();
    let fit = RepeatFit { made: made.clone(), by: "tools/repeat.rs".into(), sets, measures, head_by_face };
    println!("{}", serde_json::to_string_pretty(&fit).expect("JSON"));
}
