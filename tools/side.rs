//! Makes `src/core/uncertainty/side.json` again: how far forward of their true places a model's points lie in side views.
//!
//! `cargo run --release --example side -- DATE --real SET RECORDS --rendered SET RECORDS`
//!
//! SET is a folder of annotated real photos or a rendered set, RECORDS the file of records of its photos that `orthostat batch` writes. The
//! offsets of ear and hip against the shoulder, in the direction that the person faces and in trunk lengths, are those with the least error on
//! the rendered photos among those that do no harm on the real ones. Real photos count where the label
//! shows nose, ear, shoulder and hip of the near side. Prints the file; the offsets and those along the body go to standard error.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for developers"
)]

mod stored;

use std::path::Path;

use orthostat::core::body::skeleton::{Joint, Pair, Side};
use orthostat::core::geometry::Point;
use orthostat::core::record::Record;
use orthostat::core::uncertainty::calibration::FittedOn;
use orthostat::core::uncertainty::side::{SideFit, SideOffsets};
use serde_json::Value;
use stored::{fitted_on, records};

const JOINTS: [(&str, Pair); 3] = [("ear", Pair::EARS), ("shoulder", Pair::SHOULDERS), ("hip", Pair::HIPS)];
/// Offsets beyond this share of the trunk are points of something else.
const ELSEWHERE: f64 = 0.4;

const SHOULDER: usize = 1;

/// Of each photo the offsets of each joint forward and up, in trunk lengths.
#[derive(Default)]
struct Offsets(Vec<[[f64; 2]; JOINTS.len()]>);

impl Offsets {
    fn add(&mut self, record: &Record, near: Side, truth: impl Fn(Joint) -> Option<Point>) -> bool {
        let [ear, shoulder, hip] = JOINTS.map(|(_, pair)| truth(pair.on(near)));
        let (Some(nose), Some(ear), Some(shoulder), Some(hip)) = (truth(Joint::Nose), ear, shoulder, hip) else {
            return false;
        };
        let (trunk, forward) = (shoulder.distance(hip), (nose.x - ear.x).signum());
        let off = |pair: Pair| {
            let (found, at) = (record.landmark(pair.on(near))?, truth(pair.on(near))?);
            let off = [forward * (found.x - at.x) / trunk, (at.y - found.y) / trunk];
            Some(off).filter(|off| off.iter().all(|part| part.abs() < ELSEWHERE))
        };
        let [Some(ear), Some(shoulder), Some(hip)] = JOINTS.map(|(_, pair)| off(pair)) else { return false };
        self.0.push([ear, shoulder, hip]);
        true
    }
}

fn point(value: &Value) -> Option<Point> {
    // A label says whether it is seen.
    let seen = value.get(2).is_none_or(|seen| seen.as_bool() == Some(true) || seen.as_f64().is_some_and(|s| s > 0.0));
    Some(Point::new(value[0].as_f64()?, value[1].as_f64()?)).filter(|_| seen)
}

fn read(kind: &str, folder: &Path, path: &Path) -> (Offsets, FittedOn) {
    let bytes = std::fs::read(folder.join("truth.json")).expect("the set's truth.json");
    let set: Value = serde_json::from_slice(&bytes).expect("a set");
    let records = records(path);
    let (images, file, points) =
        if kind == "real" { ("persons", "image", "keypoints") } else { ("images", "file", "landmarks_px") };
    let (mut offsets, mut photos) = (Offsets::default(), 0);
    for image in set[images].as_array().expect("photos") {
        let name = Path::new(image[file].as_str().expect("a file")).file_name().expect("a name").to_string_lossy();
        let Some(record) = records.get(&*name) else { continue };
        let Some(near) = record.view.kind.near_side() else { continue };
        let truth = |joint: Joint| point(&image[points][joint.name()]);
        photos += usize::from(offsets.add(record, near, truth));
    }
    let name = if kind == "real" { "half" } else { "set" };
    let name = set[name].as_str().unwrap_or_default().to_owned();
    (offsets, fitted_on(kind, name, photos, &bytes))
}

/// Mean and standard deviation.
fn spread(of: &[f64]) -> [f64; 2] {
    let count = of.len().max(2) as f64;
    let mean = of.iter().sum::<f64>() / count;
    [mean, (of.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt()]
}

/// The offset of a joint with the least error of the line from the shoulder to it on the rendered photos, of those with which its error on the
/// real ones is no larger than without.
fn best(found: &[(Offsets, FittedOn)], joint: usize) -> f64 {
    let error = |kind: &str, offset: f64| -> f64 {
        let of_kind = found.iter().filter(|(_, set)| set.kind == kind).flat_map(|(offsets, _)| &offsets.0);
        of_kind.map(|joints| (joints[joint][0] - joints[SHOULDER][0] - offset).powi(2)).sum()
    };
    let grid = (-60..=60).map(|step| f64::from(step) / 1000.0);
    let harmless = grid.filter(|&offset| error("real", offset) <= error("real", 0.0));
    harmless.min_by(|&a, &b| error("rendered", a).total_cmp(&error("rendered", b))).unwrap_or(0.0)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(made), 7) = (arguments.first(), arguments.len()) else {
        eprintln!("usage: side DATE --real SET RECORDS --rendered SET RECORDS");
        std::process::exit(2);
    };
    let mut found: Vec<(Offsets, FittedOn)> = Vec::new();
    for part in arguments[1..].chunks(3) {
        found.push(read(part[0].trim_start_matches('-'), Path::new(&part[1]), Path::new(&part[2])));
    }
    for (index, (name, _)) in JOINTS.into_iter().enumerate() {
        for (offsets, set) in &found {
            let of = |axis: usize| spread(&offsets.0.iter().map(|joints| joints[index][axis]).collect::<Vec<f64>>());
            let ([forward, sd], [up, up_sd]) = (of(0), of(1));
            let count = offsets.0.len();
            eprintln!(
                "{name:<9} {:<9} forward {forward:+.3} (sd {sd:.3}), up {up:+.3} (sd {up_sd:.3}), {count} photos",
                set.kind
            );
        }
    }
    let [ear, hip] = [0, 2].map(|joint| best(&found, joint));
    let sets = found.into_iter().map(|(_, set)| set).collect();
    let offsets = SideOffsets { ear, hip };
    let fit = SideFit { made: made.clone(), by: "tools/side.rs".into(), sets, offsets };
    println!("{}", serde_json::to_string_pretty(&fit).expect("JSON"));
}
