//! Values with their errors.

use super::registry::Measure;
use crate::core::refusal::Refusal;

/// A value with its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Levelled and corrected for the turn if possible; the sign is defined by the measure.
    pub value: f64,
    /// The value in the picture, relative to the picture's edges.
    pub raw: f64,
    /// Standard deviation of the value's error.
    pub sd: f64,
    /// The part of the error's variance that is specific to this photo and visible in it: the readings' scatter, camera and turn. Photos
    /// of one person do not share it.
    pub varying: f64,
    /// Standard deviation of single readings about their mean; for a single reading, the usual one.
    pub scatter: f64,
    /// The outline's share of its full weight in the value, 0 to 1.
    pub outlined: f64,
    /// How far it depends on manual landmarks.
    pub by_hand: ByHand,
    /// The measure that it is derived from, if it is not measured independently.
    pub derived_from: Option<Measure>,
}

/// How far a value depends on manual landmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ByHand {
    /// Not at all.
    #[default]
    No,
    /// On manual landmarks and on points of the model.
    Partly,
    /// On manual landmarks only; the model does not contribute to its error.
    Wholly,
}

impl Measurement {
    /// The 95 % interval.
    #[must_use]
    pub fn interval95(&self) -> [f64; 2] {
        [self.value - 1.96 * self.sd, self.value + 1.96 * self.sd]
    }

    /// Whether a difference is resolved: 0 lies outside [`Measurement::interval95`].
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.value.abs() > 1.96 * self.sd
    }
}

/// All measures of one person, each with its value or the reason why it has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    results: Vec<Result<Measurement, Refusal>>,
}

impl Assessment {
    /// An assessment with results from a function of the measure.
    #[must_use]
    pub fn from_measures(result: impl FnMut(Measure) -> Result<Measurement, Refusal>) -> Self {
        Self { results: Measure::ALL.into_iter().map(result).collect() }
    }

    /// One measure's result.
    pub fn get(&self, measure: Measure) -> &Result<Measurement, Refusal> {
        &self.results[measure as usize]
    }

    /// Every measure with its result, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Measure, &Result<Measurement, Refusal>)> {
        Measure::ALL.into_iter().zip(&self.results)
    }

    /// Whether any measure has a value.
    #[must_use]
    pub fn has_values(&self) -> bool {
        self.results.iter().any(Result::is_ok)
    }
}
