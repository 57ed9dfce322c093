//! How much of a known change of the head the values follow on real photos.
//!
//! `cargo run --release --example following -- SET [--degrees 4]`
//!
//! SET is a folder of annotated photos (see `tools/labelled/mod.rs`). In each photo of a frontal standing person with labelled eyes and
//! ears the head is turned in the picture about the base of the neck, by so many degrees to either side: the head itself moves as one
//! piece, the neck follows, shoulders and body stay. The true change is known though the true tilt is not. For several weights of the face
//! in the value, and for what changes are judged by, the output gives the share of the change that is followed and the error that is left of
//! it, beside the RMSE of the photo as it is against labelled head (in brackets: the quiet), eyes and ears; then what `compare` says of
//! the two.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for developers"
)]

#[allow(dead_code, reason = "other tools use the rest")]
mod cases;
#[allow(dead_code, reason = "other tools use the rest")]
mod cropped;
#[allow(dead_code, reason = "other tools use the rest")]
mod labelled;
mod rendered;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cases::{Case, case, measured};
use image::imageops::interpolate_bilinear;
use labelled::{Person, Set};
use orthostat::core::body::pose::Pose;
use orthostat::core::body::skeleton::Pair;
use orthostat::core::compare::change::{Change, Verdict, compare};
use orthostat::core::geometry::{Point, Vec2};
use orthostat::core::measure::registry::estimate_with;
use orthostat::core::measure::{Measure, frontal};
use orthostat::core::record::Record;
use orthostat::core::uncertainty::calibration::{Weights, calibration};
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::photo::{Photo, ReadOptions};
use orthostat::vision::quality::Quality;

/// A smooth step from 0 at 0 to 1 at 1.
fn step(at: f64) -> f64 {
    let at = at.clamp(0.0, 1.0);
    at * at * (3.0 - 2.0 * at)
}

/// The photo with its head turned by so many degrees, positive = clockwise in the picture: the subject's left goes down.
fn turned(photo: &Photo, pose: &Pose, degrees: f64) -> Option<Photo> {
    let shoulders = pose.midpoint(Pair::SHOULDERS).ok()?;
    let head = pose.midpoint(Pair::EARS).ok()?.midpoint(pose.midpoint(Pair::EYES).ok()?);
    let axis = head - shoulders;
    let length = axis.length();
    let pivot = shoulders + axis * 0.35;
    // Along the neck from nothing to all, and back to nothing in what lies around the head.
    let share = |at: Point| {
        let from = at - shoulders;
        let along = (from.x * axis.x + from.y * axis.y) / (length * length);
        step((along - 0.15) / 0.45) * step((2.2 - (at - head).length() / length) / 1.2)
    };
    let mut pixels = photo.pixels.clone();
    for (x, y, pixel) in pixels.enumerate_pixels_mut() {
        let at = Point::new(f64::from(x), f64::from(y));
        let share = share(at);
        if share <= 0.0 {
            continue;
        }
        let (sin, cos) = (share * degrees).to_radians().sin_cos();
        let from = at - pivot;
        let source = pivot + Vec2::new(cos * from.x + sin * from.y, cos * from.y - sin * from.x);
        let inside = |value: f64, size: u32| value.clamp(0.0, f64::from(size) - 1.001) as f32;
        let (width, height) = photo.pixels.dimensions();
        if let Some(found) = interpolate_bilinear(&photo.pixels, inside(source.x, width), inside(source.y, height)) {
            *pixel = found;
        }
    }
    let mut warped = photo.clone();
    (warped.pixels, warped.encoded) = (pixels, None);
    Some(warped)
}

/// One head in three positions.
struct Head<'a> {
    person: &'a Person,
    plain: Position,
    lowered: Position,
    raised: Position,
}

struct Position {
    case: Case,
    record: Record,
}

fn rms(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value * value, count + 1.0));
    (sum / f64::max(count, 1.0)).sqrt()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The person's head in the photo as it is and turned to either side, where all three show the same person and view.
fn heads<'a>(set: &'a Set, folder: &Path, analyzer: &mut Analyzer, degrees: f64) -> Vec<Head<'a>> {
    let mut heads = Vec::new();
    for person in set.persons.iter().filter(|person| person.frontal && person.standing) {
        let Ok(photo) = Photo::open(&person.path(folder), &ReadOptions::default()) else { continue };
        if person.of(Measure::HeadTilt).is_none() {
            continue;
        }
        let mut read = |photo: Photo| {
            let analysis = measured(analyzer, &photo).ok()?;
            let is_it = person.is(&analysis) && person.view == analysis.view.name();
            (is_it && analysis.assessment.get(Measure::HeadTilt).is_ok()).then_some(())?;
            let record = Record::of(photo.provenance("head"), &analysis);
            Some(Position { case: case(analysis, BTreeMap::new())?, record })
        };
        let at = |degrees: f64| turned(&photo, &person.pose(), degrees);
        let (Some(down), Some(up)) = (at(degrees), at(-degrees)) else { continue };
        if let (Some(plain), Some(lowered), Some(raised)) = (read(photo.clone()), read(down), read(up)) {
            heads.push(Head { person, plain, lowered, raised });
        }
    }
    heads
}

/// One line of the table: how far a tilt follows the change, and how far it is from the labels.
fn report(name: &str, heads: &[Head<'_>], change: f64, tilt: &dyn Fn(&Case) -> Option<f64>) {
    let told: Vec<(&Head<'_>, f64, f64)> = heads
        .iter()
        .filter_map(|head| Some((head, tilt(&head.plain.case)?, tilt(&head.raised.case)? - tilt(&head.lowered.case)?)))
        .collect();
    let left = || told.iter().map(|(_, _, found)| (found - change).abs());
    let label = |quiet: bool| {
        let kept = told.iter().filter(|(head, ..)| head.person.quiet || !quiet);
        rms(kept.filter_map(|(head, plain, _)| Some(plain - head.person.of(Measure::HeadTilt)?)))
    };
    let line = |pair: Pair| {
        let of = |pose: &Pose| frontal::tilt(pose, pair).ok();
        rms(told.iter().filter_map(|(head, plain, _)| Some(plain - of(&head.person.pose())?)))
    };
    println!(
        "{name:<20}{:>5}{:>9.2}{:>9.2}{:>9.2}{:>9.2} ({:.2}){:>9.2}{:>9.2}",
        told.len(),
        told.iter().map(|(_, _, found)| found / change).sum::<f64>() / told.len().max(1) as f64,
        rms(left()),
        median(left()),
        label(false),
        label(true),
        line(Pair::EYES),
        line(Pair::EARS)
    );
}

/// What `compare` says of the two turned heads: by their faces where both show one, and by the joint values.
fn report_compared(heads: &[Head<'_>], change: f64) {
    for by_face in [true, false] {
        let of_head = |head: &Head<'_>| {
            let [before, after] = [&head.lowered.record, &head.raised.record].map(|record| {
                let mut record = record.clone();
                if !by_face {
                    record.measures.values_mut().for_each(|found| found.by_face = None);
                }
                record
            });
            let changes = compare(&before, &after).ok()?.changes;
            changes.into_iter().find(|change| change.of() == Some(Measure::HeadTilt))
        };
        let found: Vec<Change> = heads.iter().filter_map(of_head).filter(|change| change.by_face == by_face).collect();
        let called = found.iter().filter(|change| change.verdict == Verdict::Changed).count();
        let holds =
            |change: &&Change, truth: f64| change.interval95.is_some_and(|[low, high]| (low..=high).contains(&truth));
        println!(
            "{} by the {}: called changed {called}, interval holds the change {}, median detectable {:.2}",
            found.len(),
            if by_face { "face alone" } else { "joint value" },
            found.iter().filter(|found| holds(found, change)).count(),
            median(found.iter().filter_map(|change| change.detectable))
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1)).cloned();
    let folder = PathBuf::from(arguments.first().filter(|a| !a.starts_with("--")).expect("a folder with truth.json"));
    let degrees: f64 = option("--degrees").map_or(4.0, |text| text.parse().expect("degrees"));
    let (set, hash) = labelled::open(&folder);
    let mut analyzer = Analyzer::open(&Quality::Standard.models(), 2).expect("the models");
    let heads = heads(&set, &folder, &mut analyzer, degrees);
    let change = 2.0 * degrees;
    println!("real photos \"{}\" (truth.json BLAKE3 {}), heads turned by {change} degrees\n", set.half, &hash[..16]);
    println!(
        "{:<20}{:>5}{:>9}{:>9}{:>9}{:>16}{:>9}{:>9}",
        "weight of the face", "n", "follows", "left", "(median)", "label (quiet)", "eyes", "ears"
    );
    let has_face = |head: &Head<'_>| {
        [&head.plain, &head.lowered, &head.raised].into_iter().all(|at| at.case.straight.face.is_ok())
    };
    let seen: Vec<Head<'_>> = heads.into_iter().filter(has_face).collect();
    for weight in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let weights = Weights { face: weight, ..calibration().weights };
        report(&format!("{weight:.2}"), &seen, change, &|case| {
            estimate_with(&weights, Measure::HeadTilt, &case.straight, case.analysis.view).ok()
        });
    }
    report("face, for changes", &seen, change, &|case| Some(case.analysis.head_by_face?.deg));
    println!();
    report_compared(&seen, change);
}
