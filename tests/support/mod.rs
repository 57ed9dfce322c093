//! Helpers shared by tests of the program.

pub(crate) mod batching;
pub(crate) mod editing;
pub(crate) mod photos;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use orthostat::core::body::pose::Pose;
use orthostat::core::body::skeleton::{Joint, Side};
use orthostat::core::camera::sagittal_plane::Plane;
use orthostat::core::geometry::Point;
use orthostat::core::record::Record;

/// Runs the program, without the developer's own configuration. The limit ends a hang, not a slow machine.
pub(crate) fn orthostat(arguments: &[&str]) -> Output {
    assert_cmd::Command::new(env!("CARGO_BIN_EXE_orthostat"))
        .args(arguments)
        .env("ORTHOSTAT_CONFIG", "")
        .timeout(Duration::from_secs(600))
        .output()
        .expect("the program starts")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A path in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The body's own sagittal plane, by the landmarks and the turn of a record from the side.
pub(crate) fn sagittal_plane(record: &Record, near: Side) -> Plane {
    let places = record.landmarks.iter();
    let joints = places.filter_map(|(name, at)| Some((Joint::from_name(name)?, Point::new(at.x, at.y))));
    Plane::of(&Pose::from_points(joints), near, record.subject.yaw_deg.expect("a turn")).expect("a side")
}
