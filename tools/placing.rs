//! Distances of the model's points from the true ones, joint by joint, in trunk lengths: the source of the standard deviation in
//! `src/core/uncertainty/landmark_error.rs`.
//!
//! `orthostat analyze SET/*.jpg --out RECORDS`, then `cargo run --release --example placing -- SET RECORDS [SET RECORDS]...`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, reason = "a program for developers")]

use std::collections::BTreeMap;
use std::path::Path;

use orthostat::core::geometry::Point;
use orthostat::core::record::Record;
use serde_json::Value;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // By view and joint without its side: the offset to the right and down.
    let mut errors: BTreeMap<(&str, String), Vec<(f64, f64)>> = BTreeMap::new();
    for pair in arguments.chunks_exact(2) {
        let (set, records) = (Path::new(&pair[0]), Path::new(&pair[1]));
        let truth: Value =
            serde_json::from_slice(&std::fs::read(set.join("truth.json")).expect("truth.json")).expect("JSON");
        for image in truth["images"].as_array().expect("images") {
            let name = image["file"].as_str().expect("a name");
            let Ok(record) = Record::open(&records.join(Path::new(name).with_extension("json"))) else { continue };
            let true_place = |joint: &str| {
                let place = &image["landmarks_px"][joint.replace("foot_index", "toe")];
                Some(Point::new(place[0].as_f64()?, place[1].as_f64()?))
            };
            let middle = |pair: &str| {
                let [left, right] = ["left", "right"].map(|side| true_place(&format!("{side}_{pair}")));
                left.unwrap().midpoint(right.unwrap())
            };
            let trunk = middle("shoulder").distance(middle("hip"));
            let frontal = record.view.kind.facing().is_some();
            for (joint, found) in &record.landmarks {
                let far_side = !frontal && !joint.starts_with(record.view.kind.name()) && joint != "nose";
                let Some(place) = true_place(joint).filter(|_| !far_side) else { continue };
                let plain = joint.replace("left_", "").replace("right_", "");
                let view = if frontal { "front or back" } else { "side" };
                let off = ((found.x - place.x) / trunk, (found.y - place.y) / trunk);
                errors.entry((view, plain)).or_default().push(off);
            }
        }
    }
    println!("{:<14} {:<12} {:>4} {:>8} {:>8}", "view", "point", "n", "x", "y");
    for ((view, joint), errors) in errors {
        let rms = |pick: fn(&(f64, f64)) -> f64| {
            (errors.iter().map(|error| pick(error).powi(2)).sum::<f64>() / errors.len() as f64).sqrt()
        };
        println!("{view:<14} {joint:<12} {:>4} {:>8.4} {:>8.4}", errors.len(), rms(|e| e.0), rms(|e| e.1));
    }
}
