//! How long does it take to read a photo's bytes into upright pixels?

#![allow(clippy::expect_used, reason = "what fails to be there fails a bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use orthostat::vision::photo::{Photo, ReadOptions};

fn decode(c: &mut Criterion) {
    for name in ["anterior-tilted.jpg", "phone-12-megapixels.jpg"] {
        let path = std::path::Path::new("samples").join(name);
        let bytes = std::fs::read(&path).expect("a sample");
        c.bench_function(&format!("decode {name}"), |b| {
            b.iter(|| Photo::from_bytes(&path, &bytes, &ReadOptions::default()).expect("a photo"));
        });
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);
