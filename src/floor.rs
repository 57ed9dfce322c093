//! What is left of each measure's error when readings, camera and turn are accounted for.
//!
//! The numbers come from rendered people whose truth is known; the program that fits them is `examples/fit_floors.rs`, and
//! `floor.json` says when and on which set.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::measure::Measure;

/// One measure's error model: `sd^2 = floor^2 + (share * value)^2 + scatter^2 / readings`, and what camera and turn add.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Floor {
    /// The error that no reading shows, in the measure's unit.
    pub floor: f64,
    /// The same where the outline could have a share in the value and was not read.
    pub bare: Option<f64>,
    /// The error that grows with the value, as a share of it: models follow a tilt by less than all of it.
    pub share: f64,
    /// The scatter of single readings, assumed where only one was taken, in the measure's unit.
    pub scatter: f64,
}

impl Floor {
    /// The floor of a value in which the outline had a share, or had not.
    #[must_use]
    pub fn floor(&self, outlined: bool) -> f64 {
        if outlined { self.floor } else { self.bare.unwrap_or(self.floor) }
    }
}

/// What a measure without an entry is assumed to have.
const UNFITTED: Floor = Floor { floor: 3.0, bare: None, share: 0.3, scatter: 3.0 };

#[derive(Deserialize)]
struct Table {
    floors: std::collections::BTreeMap<String, Floor>,
}

/// The error model of a measure.
#[must_use]
pub fn of(measure: Measure) -> Floor {
    static TABLE: OnceLock<std::collections::BTreeMap<String, Floor>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        serde_json::from_str::<Table>(include_str!("floor.json")).map(|table| table.floors).unwrap_or_default()
    });
    table.get(measure.name()).copied().unwrap_or(UNFITTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_has_a_fitted_floor() {
        for measure in Measure::ALL.into_iter().filter(|measure| measure.bony_points().is_empty()) {
            let floor = of(measure);
            assert_ne!(floor, UNFITTED, "{} is not in floor.json", measure.name());
            assert!(floor.floor > 0.0 && (0.0..=0.3).contains(&floor.share) && floor.scatter > 0.0);
        }
    }
}
