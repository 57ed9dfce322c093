//! The fitted numbers: estimators' weights, the turn's gains, and each measure's error model.
//!
//! They are data (`calibration.json`) with their provenance: date, sets and the sets' hashes. `tools/calibrate.rs` makes the
//! file again from annotated real photos and rendered ones. A weight is kept only where it does no harm on the real photos.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// Everything that was fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The day it was made.
    pub made: String,
    /// The program that made it.
    pub by: String,
    /// What it was made from.
    pub sets: Vec<FittedOn>,
    /// What was fitted again later than all else, each time on sets of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<FittedAgain>,
    /// How far the body is turned.
    pub yaw: YawFit,
    /// What is done where the file does not tell the focal length.
    pub unknown_focal: UnknownFocal,
    /// The estimators' weights.
    pub weights: Weights,
    /// What the errors of values that one model read are larger by, as a factor: they are fitted on two models' readings.
    pub one_model: f64,
    /// By the measure's name.
    pub errors: BTreeMap<String, ErrorModel>,
}

/// A part of the numbers that was fitted while all others stayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FittedAgain {
    /// What was fitted: measures, `cropped`, or weights by their names.
    pub terms: Vec<String>,
    /// The day it was made.
    pub made: String,
    /// What it was made from.
    pub sets: Vec<FittedOn>,
}

/// A set of photos that the numbers were fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FittedOn {
    /// `real` or `rendered`.
    pub kind: String,
    /// The set's name.
    pub set: String,
    /// Its photos with a frontal view.
    pub photos: usize,
    /// BLAKE3 hash of its `truth.json`, in hexadecimal.
    pub truth_blake3: String,
}

/// The turn of the body from a model's world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct YawFit {
    /// What the gains and their errors come from.
    pub fitted_on: String,
    /// Seen from the front.
    pub front: TurnFit,
    /// Seen from behind.
    pub behind: TurnFit,
    /// Standard deviation of the turn where no world tells it, in degrees.
    pub unknown_sd: f64,
}

/// One view's turn: `yaw = gain * turn of the world`, `sd^2 = sd^2 + (share * yaw)^2 + (lean * trunk lean)^2`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TurnFit {
    /// True turn per turn of the world.
    pub gain: f64,
    /// Standard deviation for a square and upright body, in degrees.
    pub sd: f64,
    /// What it grows by with the turn.
    pub share: f64,
    /// What it grows by with the trunk's lean.
    pub lean: f64,
}

/// Turning back by a wrong focal length does more harm than turning back less.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnknownFocal {
    /// The focal length that bodies are turned back by, as a multiple of the assumed one.
    pub factor: f64,
    /// Its standard deviation, as a share.
    pub sd: f64,
    /// The share of the turn that is taken out.
    pub turn: f64,
}

/// What each witness counts. An agreement is the difference, in degrees, at which a witness counts 0.61 of its weight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// Each pair of hanging arms beside the shoulders, which count 2.
    pub arms: f64,
    /// See [`Weights`].
    pub arms_agreement: f64,
    /// The shoulders' contour: its share in the shoulder tilt.
    pub contour: f64,
    /// See [`Weights`].
    pub contour_agreement: f64,
    /// The hips' outline: its share in the pelvis's tilt.
    pub hip_outline: f64,
    /// See [`Weights`].
    pub hip_outline_agreement: f64,
    /// Models draw the hips square to the trunk: the share of the trunk's lean that is added, in a quiet stance.
    pub hip_lean: f64,
    /// The share of the body's turn that the hips' line shows.
    pub hip_turn: f64,
    /// The share of the body's turn that the head's lines show.
    pub head_turn: f64,
    /// The share of the face's mesh in the head's tilt.
    #[serde(default)]
    pub face: f64,
}

/// One measure's error: `sd^2 = floor^2 + (1 - quiet) posed^2 + (cut * cropped)^2 + (arm * armless)^2 + (share * value)^2 +
/// scatter^2 / readings`, and what camera and turn add.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ErrorModel {
    /// The error that no reading shows, in the measure's unit.
    pub floor: f64,
    /// The same where the outline could have a share in the value and has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bare: Option<f64>,
    /// The same seen from behind, if it differs from `bare`: no face can be seen there, and a head is read by its ears alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub behind: Option<f64>,
    /// What a stance that is not quiet adds.
    #[serde(default)]
    pub posed: f64,
    /// What a body adds whose legs are wholly outside the picture.
    #[serde(default)]
    pub cropped: f64,
    /// What a body adds one of whose arms is wholly outside the picture.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub armless: f64,
    /// The error that grows with the value, as a share of it: models follow a tilt by less than all of it.
    pub share: f64,
    /// The scatter of single readings, assumed where only one was taken, in the measure's unit.
    pub scatter: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// What a value's error depends on besides the value; numbers from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// How far the stance is quiet.
    pub quiet: f64,
    /// The outline's part in the value, as a share of its full part.
    pub outlined: f64,
    /// How much of the legs is outside the picture: see [`crate::core::body::framing::legs_outside`].
    pub cut: f64,
    /// How far an arm is outside the picture: see [`crate::core::body::framing::arm_outside`].
    pub arm: f64,
    /// Whether the body is seen from behind.
    pub behind: bool,
}

impl ErrorModel {
    /// The variance that no reading shows.
    #[must_use]
    pub fn variance(&self, value: f64, under: Conditions) -> f64 {
        let bare = self.behind.filter(|_| under.behind).or(self.bare);
        let (with, bare) = (self.floor, bare.unwrap_or(self.floor));
        let floor = under.outlined * with.powi(2) + (1.0 - under.outlined) * bare.powi(2);
        let posed = (1.0 - under.quiet) * self.posed.powi(2);
        floor
            + posed
            + (under.cut * self.cropped).powi(2)
            + (under.arm * self.armless).powi(2)
            + (self.share * value).powi(2)
    }
}

/// What a measure without an entry is assumed to have.
const UNFITTED: ErrorModel = ErrorModel {
    floor: 3.0,
    bare: None,
    behind: None,
    posed: 0.0,
    cropped: 3.0,
    armless: 3.0,
    share: 0.3,
    scatter: 3.0,
};

/// The numbers that this version measures with.
#[must_use]
#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
pub fn calibration() -> &'static Calibration {
    static FITTED: LazyLock<Calibration> = LazyLock::new(|| {
        serde_json::from_str(include_str!("calibration.json")).expect("calibration.json holds a calibration")
    });
    &FITTED
}

/// The error model of the measure with this name.
#[must_use]
pub fn error_model(name: &str) -> ErrorModel {
    calibration().errors.get(name).copied().unwrap_or(UNFITTED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::measure::Measure;

    #[test]
    fn every_measure_has_an_error_model() {
        for measure in Measure::ALL.into_iter().filter(|measure| measure.bony_points().is_empty()) {
            let model = error_model(measure.name());
            assert_ne!(model, UNFITTED, "{} is not in calibration.json", measure.name());
            assert!(model.floor > 0.0 && (0.0..=0.3).contains(&model.share) && model.scatter > 0.0);
            let bare = [model.bare, model.behind].into_iter().flatten();
            assert!(bare.into_iter().all(|bare| bare >= model.floor));
            assert!(model.posed >= 0.0 && model.cropped >= 0.0);
        }
    }

    #[test]
    fn the_file_says_where_its_numbers_come_from() {
        let fitted = calibration();
        assert!(fitted.sets.iter().any(|set| set.kind == "real" && set.photos > 100));
        assert!(fitted.sets.iter().any(|set| set.kind == "rendered"));
        let later = fitted.again.iter().flat_map(|fit| &fit.sets);
        assert!(fitted.sets.iter().chain(later).all(|set| set.truth_blake3.len() == 64 && set.photos > 0));
    }

    #[test]
    fn a_posed_stance_a_missing_outline_and_what_is_cut_off_add_to_the_error() {
        let model = ErrorModel {
            floor: 1.0,
            bare: Some(2.0),
            behind: Some(4.0),
            posed: 3.0,
            cropped: 2.0,
            armless: 1.0,
            share: 0.1,
            scatter: 1.0,
        };
        let under = |quiet, outlined, cut| Conditions { quiet, outlined, cut, arm: 0.0, behind: false };
        let behind = |outlined| Conditions { behind: true, ..under(1.0, outlined, 0.0) };
        assert_eq!(model.variance(0.0, under(1.0, 1.0, 0.0)), 1.0);
        assert_eq!(model.variance(0.0, under(1.0, 0.0, 0.0)), 4.0);
        assert_eq!(model.variance(0.0, Conditions { arm: 0.5, ..under(1.0, 1.0, 0.0) }), 1.25);
        assert_eq!(model.variance(0.0, behind(0.0)), 16.0);
        assert_eq!(model.variance(0.0, behind(1.0)), 1.0);
        assert_eq!(ErrorModel { behind: None, ..model }.variance(0.0, behind(0.0)), 4.0);
        assert_eq!(model.variance(0.0, under(0.0, 1.0, 0.0)), 10.0);
        assert_eq!(model.variance(0.0, under(1.0, 1.0, 0.5)), 2.0);
        assert!((model.variance(10.0, under(1.0, 1.0, 0.0)) - 2.0).abs() < 1e-12);
    }
}
