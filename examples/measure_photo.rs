//! Measures one photo and prints every measure with its 95 % interval.
//!
//! `cargo run --release --example measure_photo -- samples/anterior-tilted.jpg`

#![allow(clippy::print_stdout, reason = "a program prints its results")]

use std::path::PathBuf;

use orthostat::{Analyzer, Model, Options, Photo, ReadOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("samples/anterior-tilted.jpg"), PathBuf::from);
    let photo = Photo::open(&path, &ReadOptions::default())?;
    // The models open once, for any number of photos.
    let mut analyzer = Analyzer::open(&[Model::default()], 2)?;
    let analysis = analyzer.analyze(&photo, &Options::default())?;
    println!("{}: seen {}", path.display(), analysis.view.words());
    for (measure, result) in analysis.assessment.iter() {
        match result {
            Ok(found) => {
                let [low, high] = found.interval95();
                let unit = measure.unit().symbol();
                println!("{:<32} {:+6.1} {unit:<3} ({low:+.1} to {high:+.1})", measure.label(), found.value);
            }
            Err(refusal) => println!("{:<32} not measured: {refusal}", measure.label()),
        }
    }
    Ok(())
}
