//! What the front and back views of one visit give together.

use super::signed;
use super::words::{direction, half};
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
            let has_side = !measure.says()[0].is_empty();
            let words = match disagree {
                true => "the views disagree",
                false if has_side => direction(measure, Some(joint.value), resolved),
                false => "no side",
            };
            Both {
                measure,
                together: format!("{} +- {half:.1}{unit}", signed(joint.value)),
                words,
                resolved: resolved && has_side,
                own: [own(front), own(back)],
                disagree,
            }
        })
        .collect()
}
