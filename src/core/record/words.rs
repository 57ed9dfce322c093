//! A measured value in words.

use super::states::Towards;
use crate::core::body::skeleton::Side;
use crate::core::measure::{Measure, Measurement};

/// The direction of the value; `None` for measures without a side and for exact zeros.
pub(crate) fn towards(measure: Measure, value: f64) -> Option<Towards> {
    let side = Side::of(value).filter(|_| measure.descriptor().has_side)?;
    Some(match (measure.is_frontal(), side) {
        (true, Side::Left) => Towards::Left,
        (true, Side::Right) => Towards::Right,
        (false, Side::Left) => Towards::Forward,
        (false, Side::Right) => Towards::Back,
    })
}

/// A value in words, always with its interval.
///
/// `left shoulder higher by 2.1 deg (95 % interval 1.1 to 3.1)`; or, when 0 lies inside the interval,
/// `no difference resolved (95 % interval -0.4 to 1.6 deg)`. A derived value names what it is derived from.
#[must_use]
pub fn words(measure: Measure, found: &Measurement) -> String {
    let words = plain_words(measure, found);
    match found.derived_from {
        Some(other) => format!("{words}, derived from {}", other.label()),
        None => words,
    }
}

fn plain_words(measure: Measure, found: &Measurement) -> String {
    let unit = measure.unit();
    let suffix = unit.of().map_or_else(|| " deg".to_owned(), |of| format!(" % of {of}"));
    let [low, high] = found.interval95();
    let [positive, negative] = measure.says();
    if positive.is_empty() {
        return format!("{:.1}{suffix} (95 % interval {low:.1} to {high:.1})", found.value);
    }
    if !found.is_resolved() {
        return format!("no difference resolved (95 % interval {low:.1} to {high:.1}{suffix})");
    }
    let (says, size, near, far) =
        if found.value > 0.0 { (positive, found.value, low, high) } else { (negative, -found.value, -high, -low) };
    format!("{says} by {size:.1}{suffix} (95 % interval {near:.1} to {far:.1})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_the_side_and_the_interval() {
        let found = |value: f64, sd: f64| Measurement {
            value,
            raw: value,
            sd,
            varying: 0.0,
            scatter: sd,
            outlined: 0.0,
            by_hand: crate::core::measure::ByHand::No,
            derived_from: None,
        };
        assert_eq!(
            words(Measure::ShoulderTilt, &found(2.1, 0.5)),
            "left shoulder higher by 2.1 deg (95 % interval 1.1 to 3.1)"
        );
        assert_eq!(
            words(Measure::TrunkShift, &found(-4.0, 1.0)),
            "shoulders shifted to the right of the hips by 4.0 % of trunk length (95 % interval 2.0 to 6.0)"
        );
        assert_eq!(
            words(Measure::PelvicObliquity, &found(0.5, 0.5)),
            "no difference resolved (95 % interval -0.5 to 1.5 deg)"
        );
        let derived = Measurement { derived_from: Some(Measure::PelvicObliquity), ..found(2.1, 0.5) };
        assert_eq!(
            words(Measure::KneeLevel, &derived),
            "left knee higher by 2.1 deg (95 % interval 1.1 to 3.1), derived from pelvic obliquity (hip joints)"
        );
    }
}
