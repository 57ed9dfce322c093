//! How long do all measures of a pose take?

#![allow(clippy::expect_used, reason = "what fails to be there fails a bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use orthostat::evidence::{Shape, Straight, estimate};
use orthostat::geometry::Point;
use orthostat::measure::{Measure, Refusal};
use orthostat::points::BonyPose;
use orthostat::pose::Pose;
use orthostat::record::Record;
use orthostat::skeleton::Joint;
use orthostat::view::View;

fn measures(c: &mut Criterion) {
    let bytes = std::fs::read("samples/expected/anterior-tilted.json").expect("a record");
    let record: Record = serde_json::from_slice(&bytes).expect("a record");
    let points = record.landmarks.iter().filter_map(|(name, l)| Some((Joint::from_name(name)?, Point::new(l.x, l.y))));
    let pose = Pose::from_points(points);
    let unread = Err(Refusal::Degenerate("no outline was read"));
    let shape = Shape::of(&unread, Some, Some);
    let straight = Straight { levelled: pose.clone(), turned: pose, shape, bony: BonyPose::default() };
    c.bench_function("measures", |b| {
        b.iter(|| Measure::ALL.map(|measure| estimate(measure, &straight, View::Anterior).ok()));
    });
}

criterion_group!(benches, measures);
criterion_main!(benches);
