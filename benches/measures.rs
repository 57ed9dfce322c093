//! How long do all measures of a pose take?

#![allow(clippy::expect_used, reason = "what fails to be there fails a bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use orthostat::core::body::landmarks::BonyPose;
use orthostat::core::body::pose::Pose;
use orthostat::core::body::skeleton::Joint;
use orthostat::core::body::view::View;
use orthostat::core::geometry::Point;
use orthostat::core::measure::Measure;
use orthostat::core::measure::estimators::{Rectified, Shape};
use orthostat::core::measure::registry::estimate;
use orthostat::core::record::Record;
use orthostat::core::refusal::Refusal;

fn measures(c: &mut Criterion) {
    let bytes = std::fs::read("samples/expected/anterior-tilted.json").expect("a record");
    let record: Record = serde_json::from_slice(&bytes).expect("a record");
    let points = record.landmarks.iter().filter_map(|(name, l)| Some((Joint::from_name(name)?, Point::new(l.x, l.y))));
    let pose = Pose::from_points(points);
    let unread = Err(Refusal::Degenerate("no outline was read"));
    let shape = Shape::of(&unread, Some, Some);
    let face = Err(Refusal::Degenerate("no face was read"));
    let straight = Rectified { levelled: pose.clone(), turned: pose, shape, bony: BonyPose::default(), face };
    c.bench_function("measures", |b| {
        b.iter(|| Measure::ALL.map(|measure| estimate(measure, &straight, View::Anterior).ok()));
    });
}

criterion_group!(benches, measures);
criterion_main!(benches);
