//! How long does one reading of a person's joints take, by model, with and without the mask?

#![allow(clippy::expect_used, reason = "what fails to be there fails a bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use orthostat::vision::estimate::blazepose::BlazePose;
use orthostat::vision::estimate::model_options::ModelOptions;
use orthostat::vision::estimate::{Estimator, Look};
use orthostat::vision::photo::{Photo, ReadOptions};
use orthostat::vision::raster::crop::Pyramid;
use orthostat::vision::raster::region::Region;

fn landmarks(c: &mut Criterion) {
    let photo = Photo::open("samples/anterior-tilted.jpg".as_ref(), &ReadOptions::default()).expect("a sample");
    let pyramid = Pyramid::new(&photo.pixels);
    let (width, height) = pyramid.size();
    for model in ["blazepose-lite", "blazepose-full", "blazepose-heavy"] {
        let options = ModelOptions { model: model.into(), ..ModelOptions::default() };
        let mut opened = BlazePose::open(&options).expect("models");
        let person = opened.detect(&pyramid, Region::whole(width, height), false).expect("a run").people[0];
        for mask in [false, true] {
            let look = Look { mask, mirrored: false };
            let name = format!("landmarks {model}{}", if mask { " with mask" } else { "" });
            c.bench_function(&name, |b| b.iter(|| opened.read(&pyramid, person.region, look).expect("a run")));
        }
    }
}

criterion_group!(benches, landmarks);
criterion_main!(benches);
