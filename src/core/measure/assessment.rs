//! Values with their errors.

use super::registry::Measure;
use crate::core::refusal::Refusal;

/// A value with its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Levelled and turned back where that was possible; sign as the measure says.
    pub value: f64,
    /// As it stands in the picture, against the picture's edges.
    pub raw: f64,
    /// Standard deviation of the value's error.
    pub sd: f64,
    /// The part of the error's variance that this photo has of its own and shows: the readings' scatter, camera and turn. Photos of
    /// one person do not share it.
    pub varying: f64,
    /// Standard deviation of single readings about their mean; of a single reading, what is usual.
    pub scatter: f64,
    /// How much of its full share the outline has in the value, 0 to 1.
    pub outlined: f64,
    /// How far it leans on points placed by hand.
    pub by_hand: ByHand,
    /// The measure that it was computed from, where it is no measurement of its own.
    pub derived_from: Option<Measure>,
}

/// How far a value leans on points placed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ByHand {
    /// On none.
    #[default]
    No,
    /// On some, and on points of the model.
    Partly,
    /// On nothing else; the model has no part in its error.
    Wholly,
}

impl Measurement {
    /// The interval that holds the truth in 95 of 100 cases.
    #[must_use]
    pub fn interval95(&self) -> [f64; 2] {
        [self.value - 1.96 * self.sd, self.value + 1.96 * self.sd]
    }

    /// Whether a difference was resolved: 0 lies outside [`Measurement::interval95`].
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
    /// An assessment whose results come from a function of the measure.
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

    /// Whether anything at all was measured.
    #[must_use]
    pub fn has_values(&self) -> bool {
        self.results.iter().any(Result::is_ok)
    }
}
