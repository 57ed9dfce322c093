//! Annotated real photos: a folder with `truth.json`, one person per photo, joints placed by hand.
//!
//! For each person this reads `image`, `keypoints` (name -> [x, y, seen]), `label` (measure -> degrees in the picture, positive = the
//! subject's own left higher, or leaning to it), `view`, `frontal`, `standing`, `quiet`, `group` (pictures of one person or one series)
//! and `trunk_px`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use orthostat::core::body::pose::Pose;
use orthostat::core::body::skeleton::{Joint, Pair};
use orthostat::core::face::Face;
use orthostat::core::geometry::Point;
use orthostat::core::measure::Measure;
use orthostat::core::pipeline::Analysis;
use orthostat::core::refusal::Refusal;
use serde::Deserialize;

/// The measures that have labels.
pub(crate) const LABELLED: [Measure; 4] = Measure::TILTS;

/// The face used for an analysis's head tilt.
pub(crate) fn face(analysis: &Analysis) -> Result<Face, Refusal> {
    let none = || Err(Refusal::Degenerate("no face was read"));
    match &analysis.observation.face {
        Some(face) if analysis.head_yaw.is_some() => Ok(face.clone()),
        _ => none(),
    }
}

/// Standard deviation of the labels themselves, in the measure's unit: from the scatter between labels, Orthostat's points and another model's
/// (three-cornered hat); an upper bound.
pub(crate) fn label_sd(measure: Measure) -> f64 {
    match measure {
        Measure::ShoulderTilt => 2.5,
        Measure::PelvicObliquity => 3.2,
        Measure::HeadTilt => 4.0,
        Measure::EarShoulderAngle => 6.4,
        Measure::ForwardHead => 4.5,
        Measure::TrunkSagittalLean => 4.1,
        _ => 1.3,
    }
}

#[derive(Deserialize)]
pub(crate) struct Set {
    pub(crate) half: String,
    pub(crate) persons: Vec<Person>,
}

#[derive(Deserialize)]
pub(crate) struct Person {
    pub(crate) image: String,
    keypoints: BTreeMap<String, (f64, f64, bool)>,
    pub(crate) label: BTreeMap<String, f64>,
    pub(crate) view: String,
    pub(crate) frontal: bool,
    pub(crate) standing: bool,
    pub(crate) quiet: bool,
    pub(crate) group: String,
    trunk_px: f64,
}

/// The set in a folder, and the hash of its `truth.json`.
pub(crate) fn open(folder: &Path) -> (Set, String) {
    let bytes = std::fs::read(folder.join("truth.json")).expect("the set's truth.json");
    let hash = blake3::hash(&bytes).to_hex().to_string();
    (serde_json::from_slice(&bytes).expect("a set of annotated photos"), hash)
}

impl Person {
    pub(crate) fn path(&self, folder: &Path) -> PathBuf {
        folder.join(&self.image)
    }

    /// The label of a measure, in degrees.
    pub(crate) fn of(&self, measure: Measure) -> Option<f64> {
        self.label.get(measure.name()).copied()
    }

    /// The labelled joints, seen or not.
    pub(crate) fn pose(&self) -> Pose {
        Pose::from_points(Joint::ALL.into_iter().filter_map(|joint| {
            let &(x, y, _) = self.keypoints.get(joint.name())?;
            Some((joint, Point::new(x, y)))
        }))
    }

    /// Whether the measured person is the labelled one: midpoints of shoulders and hips within half a trunk.
    pub(crate) fn is(&self, analysis: &Analysis) -> bool {
        let (label, seen) = (self.pose(), analysis.observation.pose());
        [Pair::SHOULDERS, Pair::HIPS].into_iter().all(|pair| match (label.midpoint(pair), seen.midpoint(pair)) {
            (Ok(label), Ok(seen)) => seen.distance(label) < 0.5 * self.trunk_px,
            _ => false,
        })
    }
}
