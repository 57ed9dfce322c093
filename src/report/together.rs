//! What the front and back views of one visit give together.

use super::signed;
use super::words::half;
use crate::core::compare::joint;
use crate::core::measure::{Measure, Unit};
use crate::core::record::Record;

/// A measure that both views give.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Both {
    pub(super) measure: Measure,
    /// The joint value with its error, such as `+1.2 +- 2.0 deg`.
    pub(super) together: String,
    /// The direction in words.
    pub(super) words: &'static str,
    /// Whether 0 lies outside the joint interval.
    pub(super) resolved: bool,
    /// The views' own values with their errors: front, back.
    pub(super) own: [String; 2],
    /// Whether the two values contradict each other.
    pub(super) disagree: bool,
}

/// The measures that both views give, in the order of [`Measure::ALL`], without those that are derived from others.
pub(super) fn both(front: &Record, back: &Record) -> Vec<Both> {
    let independent = |measure: &Measure| front.measure(*measure).is_some_and(|found| found.derived_from.is_none());
    joint::across(front, back)
        .into_iter()
        .filter(|(measure, _)| independent(measure))
        .map(|(measure, joint)| {
            let unit = if measure.unit() == Unit::Degrees { " deg" } else { " %" };
            let own = |record: &Record| {
                let found = record.measure(measure).and_then(|found| found.value.zip(found.interval95));
                found
                    .map_or_else(String::new, |(value, interval)| format!("{} +- {:.1}", signed(value), half(interval)))
            };
            let half = 1.96 * joint.sd;
            let disagree = !joint.disagree.is_empty();
            // Two views that contradict each other are no finding.
            let resolved = !disagree && joint.value.abs() > half;
            let [positive, negative] = measure.says();
            let words = match resolved {
                false if disagree => "the views disagree",
                false => "no difference resolved",
                true if joint.value > 0.0 => positive,
                true => negative,
            };
            Both {
                measure,
                together: format!("{} +- {half:.1}{unit}", signed(joint.value)),
                words: if positive.is_empty() { "no side" } else { words },
                resolved: resolved && !positive.is_empty(),
                own: [own(front), own(back)],
                disagree,
            }
        })
        .collect()
}
