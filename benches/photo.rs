//! How long does a whole photo take once the models are open: bytes to measures?
//!
//! `single reading` is the two-pass path (detector and two landmark runs) on one core; the others read as the program does.

#![allow(clippy::expect_used, reason = "what fails to be there fails a bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use orthostat::core::options::DEFAULT_READINGS;
use orthostat::core::options::Options;
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::ensemble::FAST_READINGS;
use orthostat::vision::estimate::model_options::ModelOptions;
use orthostat::vision::photo::{Photo, ReadOptions};

fn photo(c: &mut Criterion) {
    let path = std::path::Path::new("samples/anterior-tilted.jpg");
    let bytes = std::fs::read(path).expect("a sample");
    for (name, readings, workers) in
        [("single reading", 1, 1), ("fast", FAST_READINGS, 2), ("standard", DEFAULT_READINGS, 2)]
    {
        let mut analyzer = Analyzer::open(&[ModelOptions::default()], workers).expect("models");
        let options = Options { readings, ..Options::default() };
        c.bench_function(&format!("photo 1080x1440, {name}, {workers} workers"), |b| {
            b.iter(|| {
                let photo = Photo::from_bytes(path, &bytes, &ReadOptions::default()).expect("a photo");
                analyzer.analyze(&photo, &options).expect("measured")
            });
        });
    }
}

criterion_group!(benches, photo);
criterion_main!(benches);
