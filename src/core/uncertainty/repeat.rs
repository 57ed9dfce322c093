//! Repeatability: what measuring one person again changes, in the same stance and at another visit.
//!
//! Most of a value's error lies in what the model makes of this body and is shared by all photos of one person. Two parts are not:
//! what each photo adds (readings, camera, turn, sway), and what another visit adds (clothes, room, camera height and lens). Both
//! are data (`repeat.json`) that `tools/repeat.rs` makes from sets in which bodies return.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::core::measure::Measure;
use crate::core::uncertainty::calibration::FittedOn;

/// How measures repeat, with where the numbers come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatFit {
    /// The day it was made.
    pub made: String,
    /// The program that made it.
    pub by: String,
    /// What it was made from.
    pub sets: Vec<FittedOn>,
    /// By the measure's name; those without an entry are not known to repeat.
    pub measures: BTreeMap<String, Repeatability>,
    /// The head's tilt by the mesh of the face alone.
    pub head_by_face: Repeatability,
}

/// How one measure repeats, as standard deviations in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Repeatability {
    /// What another photo of one stance adds beyond what the photo itself shows (scatter of readings, camera, turn).
    pub photo: f64,
    /// How much of the variance that the photo itself shows another photo does not share, 0 to 1.
    pub shown: f64,
    /// What people themselves vary by from photo to photo of one stance.
    pub sway: f64,
    /// What another visit adds: clothes, room, camera height and lens.
    pub visit: f64,
    /// What values leave out of a true change: models follow a tilt by less than all of it. For changes as large as those of the sets.
    pub unfollowed: f64,
}

impl Repeatability {
    /// Standard deviation of the values of photos like this one about the person's mean, sway and all; `varying` is the variance that the
    /// photo itself shows, `sd` the value's whole error.
    #[must_use]
    pub fn of_photo(&self, varying: f64, sd: f64) -> f64 {
        (self.photo.powi(2) + self.shown * varying).sqrt().min(sd).hypot(self.sway)
    }

    /// The part of a value's error that all photos of the person share, where they repeat with `sd_repeat`.
    #[must_use]
    pub fn shared(&self, sd: f64, sd_repeat: f64) -> f64 {
        (sd.powi(2) + self.sway.powi(2) - sd_repeat.powi(2)).max(0.0).sqrt()
    }
}

/// The numbers that this version measures with.
#[must_use]
#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
pub fn fitted() -> &'static RepeatFit {
    static FITTED: LazyLock<RepeatFit> =
        LazyLock::new(|| serde_json::from_str(include_str!("repeat.json")).expect("repeat.json holds a fit"));
    &FITTED
}

/// How a measure repeats; `None` where it was not fitted.
#[must_use]
pub fn repeatability(measure: Measure) -> Option<Repeatability> {
    fitted().measures.get(measure.name()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_where_its_numbers_come_from() {
        let fit = fitted();
        assert!(fit.sets.iter().all(|set| set.photos >= 36 && set.truth_blake3.len() == 64));
        assert!(fit.sets.iter().map(|set| set.photos).sum::<usize>() >= 144);
        for name in fit.measures.keys() {
            assert!(Measure::ALL.iter().any(|measure| measure.name() == name), "{name} is no measure");
        }
        let tilts = Measure::TILTS.map(|measure| repeatability(measure).expect("fitted"));
        for known in tilts.into_iter().chain([fit.head_by_face]) {
            assert!((0.0..2.0).contains(&known.photo) && (0.0..2.0).contains(&known.visit), "{known:?}");
        }
    }

    #[test]
    fn a_photo_repeats_no_worse_than_it_measures_and_people_sway() {
        let known = Repeatability { photo: 0.3, shown: 0.5, sway: 0.0, visit: 0.5, unfollowed: 0.0 };
        assert!((known.of_photo(0.32, 1.2) - 0.5).abs() < 1e-12);
        assert_eq!(known.of_photo(9.0, 1.2), 1.2);
        let swaying = Repeatability { sway: 1.2, ..known };
        assert!((swaying.of_photo(0.32, 1.3) - 1.3).abs() < 1e-12);
        // 1.3^2 = 0.5^2 + 1.2^2: sway is no error of the photo.
        assert!((swaying.shared(1.3, 1.3) - 1.2).abs() < 1e-12);
        assert_eq!(known.shared(1.2, 1.2), 0.0);
    }
}
