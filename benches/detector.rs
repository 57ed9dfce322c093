//! How long does it take to find the people in a photo that is already decoded?

#![allow(clippy::expect_used, reason = "what fails to be there fails a bench")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use orthostat::vision::estimate::Estimator;
use orthostat::vision::estimate::blazepose::BlazePose;
use orthostat::vision::estimate::model_options::ModelOptions;
use orthostat::vision::photo::{Photo, ReadOptions};
use orthostat::vision::raster::crop::Pyramid;
use orthostat::vision::raster::region::Region;

fn detector(c: &mut Criterion) {
    let mut model = BlazePose::open(&ModelOptions::default()).expect("models");
    for name in ["anterior-tilted.jpg", "phone-12-megapixels.jpg"] {
        let path = std::path::Path::new("samples").join(name);
        let photo = Photo::open(&path, &ReadOptions::default()).expect("a sample");
        // The averaged-down copies are made anew each time, as for a fresh photo.
        c.bench_function(&format!("detector {name}"), |b| {
            b.iter_batched(
                || Pyramid::new(&photo.pixels),
                |pyramid| {
                    let (width, height) = pyramid.size();
                    model.detect(&pyramid, Region::whole(width, height), false).expect("a run")
                },
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, detector);
criterion_main!(benches);
