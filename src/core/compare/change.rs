//! Has anything changed between two photos of one person, beyond what the measurement error alone makes of no change?

use serde::Serialize;

use crate::core::body::view::View;
use crate::core::camera::LevelFrom;
use crate::core::measure::{Measure, Unit};
use crate::core::record::Record;
use crate::core::record::states::Symbol;

/// Bodies turned more differently than this are worth a word, in degrees.
const TURNED_APART_DEG: f64 = 8.0;

/// What is said of one measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The difference is larger than the minimal detectable change.
    Changed,
    /// The difference is one that the measurement error alone may make.
    WithinError,
    /// One of the two, or both, have no value.
    NotCompared,
}

/// One measure in two photos.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The measure's name, as in records.
    pub measure: &'static str,
    /// Its unit.
    pub unit: Symbol,
    /// The value in the first photo.
    pub before: Option<f64>,
    /// The value in the second photo.
    pub after: Option<f64>,
    /// Second minus first: positive = towards the subject's left, as the measure's own sign says.
    pub difference: Option<f64>,
    /// Minimal detectable change at 95 %: smaller differences are no news.
    pub detectable: Option<f64>,
    /// What is to be said of it.
    pub verdict: Verdict,
    /// The verdict in words, or why there is none.
    pub words: String,
}

impl Change {
    /// The measure.
    #[must_use]
    pub fn of(&self) -> Option<Measure> {
        Measure::ALL.into_iter().find(|measure| measure.name() == self.measure)
    }
}

/// Two photos held against each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The view of both.
    pub view: View,
    /// Every measure that either has.
    pub changes: Vec<Change>,
    /// What is to be known before believing it.
    pub notes: Vec<String>,
}

/// Why two records cannot be held against each other. `Display` is one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomparable {
    reason: String,
}

impl std::fmt::Display for Incomparable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Incomparable {}

/// The least difference of two values that error alone makes in fewer than 5 of 100 cases: 1.96 times the standard deviation of
/// their difference.
///
/// The errors are taken as independent. Part of them (what the model gets wrong about this body) is shared by photos of one
/// person and cancels, so that it errs on the side of "no change".
///
/// ```
/// use orthostat::core::compare::change::detectable;
/// assert!((detectable(1.0, 1.0) - 2.772).abs() < 1e-3);
/// ```
#[must_use]
pub fn detectable(sd_before: f64, sd_after: f64) -> f64 {
    1.96 * sd_before.hypot(sd_after)
}

/// Whether two records can be held against each other at all.
///
/// # Errors
/// [`Incomparable`]: different views, one of the two taken for a mirror image, different models.
pub fn comparable(before: &Record, after: &Record) -> Result<(), Incomparable> {
    let refuse = |reason: String| Err(Incomparable { reason });
    if before.view.kind != after.view.kind {
        return refuse(format!(
            "the views differ: {} and {}; compare photos taken from the same side",
            before.view.kind.words(),
            after.view.kind.words()
        ));
    }
    if before.view.mirrored != after.view.mirrored {
        return refuse(
            "one was measured as a mirror image and the other was not, so that one of them may have left and right exchanged: \
             measure both photos again, each with --mirrored only if it is a mirror image, and save them so"
                .into(),
        );
    }
    if before.tool.model != after.tool.model || before.tool.model_blake3 != after.tool.model_blake3 {
        return refuse(format!(
            "they were measured with different models ({} and {}), whose errors differ: measure both photos with one",
            before.tool.model, after.tool.model
        ));
    }
    Ok(())
}

/// Holds two records of one person against each other, measure by measure.
///
/// # Errors
/// [`Incomparable`], as [`comparable`] says.
pub fn compare(before: &Record, after: &Record) -> Result<Comparison, Incomparable> {
    comparable(before, after)?;
    let changes = Measure::ALL
        .into_iter()
        .filter(|&measure| before.measure(measure).is_some() || after.measure(measure).is_some())
        .map(|measure| change(measure, before, after))
        .collect();
    Ok(Comparison { view: after.view.kind, changes, notes: notes(before, after) })
}

fn change(measure: Measure, before: &Record, after: &Record) -> Change {
    let read = |record: &Record, which: &str| -> Result<(f64, f64), String> {
        let Some(found) = record.measure(measure) else { return Err(format!("not part of the {which} record")) };
        match (found.value, found.sd) {
            (Some(value), Some(sd)) => Ok((value, sd)),
            _ => Err(format!(
                "not measured in the {which} photo: {}",
                found.reason.as_deref().unwrap_or("no reason given")
            )),
        }
    };
    let (first, second) = (read(before, "first"), read(after, "second"));
    let mut change = Change {
        measure: measure.name(),
        unit: measure.unit().into(),
        before: first.as_ref().ok().map(|(value, _)| *value),
        after: second.as_ref().ok().map(|(value, _)| *value),
        difference: None,
        detectable: None,
        verdict: Verdict::NotCompared,
        words: String::new(),
    };
    match (first, second) {
        (Ok((first, first_sd)), Ok((second, second_sd))) => {
            // Records hold hundredths; a difference of them should not hold more.
            let difference = hundredths(second - first);
            let least = hundredths(detectable(first_sd, second_sd));
            let changed = difference.abs() > least;
            change.difference = Some(difference);
            change.detectable = Some(least);
            change.verdict = if changed { Verdict::Changed } else { Verdict::WithinError };
            change.words = if changed {
                format!(
                    "changed by {:.1}{}{}",
                    (10.0 * difference.abs()).round() / 10.0,
                    unit_word(measure),
                    towards(measure, difference)
                )
            } else {
                "no change beyond the measurement error".into()
            };
        }
        (Err(why), Err(other)) if why == other.replacen("second", "first", 1) => {
            change.words = why.replacen("the first photo", "either photo", 1);
        }
        (first, second) => {
            let reasons: Vec<String> = [first.err(), second.err()].into_iter().flatten().collect();
            change.words = reasons.join("; ");
        }
    }
    change
}

fn hundredths(value: f64) -> f64 {
    (100.0 * value).round() / 100.0
}

fn unit_word(measure: Measure) -> &'static str {
    if measure.unit() == Unit::Degrees { " deg" } else { " %" }
}

/// Where a change points to, in the measure's own words.
fn towards(measure: Measure, difference: f64) -> String {
    let [positive, negative] = measure.says();
    let says = if difference > 0.0 { positive } else { negative };
    if says.is_empty() { String::new() } else { format!(", towards \"{says}\"") }
}

fn notes(before: &Record, after: &Record) -> Vec<String> {
    let mut notes = Vec::new();
    let of = |record: &Record| record.source.blake3.clone().map(|photo| (photo, record.source.region));
    if of(before).is_some() && of(before) == of(after) {
        notes.push("both records are of one photo, which can show no change".into());
    }
    let level = (before.camera.level_from, after.camera.level_from);
    if level.0 != level.1 {
        notes.push(format!(
            "they were levelled differently ({} and {}): the intervals allow for it, and photos taken alike compare better",
            level_words(level.0),
            level_words(level.1)
        ));
    }
    if before.tool.readings != after.tool.readings {
        notes.push(format!(
            "they were read differently often ({} and {} times), which the intervals allow for",
            before.tool.readings, after.tool.readings
        ));
    }
    if before.tool.version != after.tool.version {
        notes.push(format!(
            "they were measured by different versions of the program ({} and {}): where the photos are at hand, measure both again",
            before.tool.version, after.tool.version
        ));
    }
    if let (Some(first), Some(second)) = (before.subject.yaw_deg, after.subject.yaw_deg)
        && (first - second).abs() > TURNED_APART_DEG
    {
        notes.push(format!(
            "the body was turned differently, by {:.0} degrees: stand on the same marks, facing the camera",
            (first - second).abs()
        ));
    }
    notes.push(
        "the errors of both photos are counted in full, though photos of one person share some: small changes may be missed. \
         Up to one measure in twenty may be said to have changed by chance alone"
            .into(),
    );
    notes
}

fn level_words(from: LevelFrom) -> &'static str {
    match from {
        LevelFrom::Gravity => "the phone's gravity sensor",
        LevelFrom::Plumb => "a plumb line given",
        LevelFrom::Roll => "a roll given",
        LevelFrom::Verticals => "upright edges in the background",
        LevelFrom::Floor => "both feet on one floor",
        LevelFrom::Nothing => "not at all",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::photo_hash::PhotoHash;

    fn tilted() -> Record {
        Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record")
    }

    fn with_shoulders(value: f64, sd: f64) -> Record {
        let mut record = tilted();
        let found = record.measures.get_mut("shoulder_tilt").expect("measured");
        (found.value, found.sd) = (Some(value), Some(sd));
        record
    }

    fn shoulders(before: &Record, after: &Record) -> Change {
        let comparison = compare(before, after).expect("comparable");
        comparison.changes.into_iter().find(|change| change.measure == "shoulder_tilt").expect("compared")
    }

    #[test]
    fn a_difference_counts_when_it_is_larger_than_both_errors_make() {
        // 1.96 * sqrt(0.6^2 + 0.8^2) = 1.96.
        let change = shoulders(&with_shoulders(1.0, 0.6), &with_shoulders(3.0, 0.8));
        assert_eq!((change.verdict, change.difference, change.detectable), (Verdict::Changed, Some(2.0), Some(1.96)));
        assert_eq!(change.words, "changed by 2.0 deg, towards \"left shoulder higher\"");
        let back = shoulders(&with_shoulders(3.0, 0.8), &with_shoulders(1.0, 0.6));
        assert_eq!(back.words, "changed by 2.0 deg, towards \"right shoulder higher\"");
        let less = shoulders(&with_shoulders(1.0, 0.6), &with_shoulders(2.9, 0.8));
        assert_eq!(
            (less.verdict, less.words.as_str()),
            (Verdict::WithinError, "no change beyond the measurement error")
        );
    }

    #[test]
    fn wider_errors_never_turn_no_change_into_a_change() {
        proptest::proptest!(|(first in -20.0..20.0f64, second in -20.0..20.0f64, sd in 0.1..5.0f64, more in 0.0..5.0f64)| {
            let narrow = shoulders(&with_shoulders(first, sd), &with_shoulders(second, sd));
            let wide = shoulders(&with_shoulders(first, sd), &with_shoulders(second, sd + more));
            proptest::prop_assert!(narrow.verdict == Verdict::Changed || wide.verdict == Verdict::WithinError);
            let back = shoulders(&with_shoulders(second, sd), &with_shoulders(first, sd));
            proptest::prop_assert_eq!(narrow.verdict, back.verdict);
        });
    }

    #[test]
    fn a_refused_measure_is_not_compared_and_says_why() {
        let mut refused = tilted();
        let found = refused.measures.get_mut("shoulder_tilt").expect("measured");
        (found.value, found.sd, found.reason) = (None, None, Some("left shoulder outside the picture".into()));
        let change = shoulders(&tilted(), &refused);
        assert_eq!(change.verdict, Verdict::NotCompared);
        assert_eq!(change.words, "not measured in the second photo: left shoulder outside the picture");
        assert_eq!(
            shoulders(&refused, &refused).words,
            "not measured in either photo: left shoulder outside the picture"
        );
    }

    #[test]
    fn what_is_not_alike_is_refused_in_words() {
        let refusal = |change: &dyn Fn(&mut Record)| {
            let mut other = tilted();
            change(&mut other);
            compare(&tilted(), &other).expect_err("refused").to_string()
        };
        assert!(refusal(&|r| r.view.kind = View::Posterior).contains("from the front and from behind"));
        assert!(refusal(&|r| r.view.mirrored = true).contains("mirror image"));
        assert!(refusal(&|r| r.tool.model = "blazepose-lite".into()).contains("different models"));
        assert!(refusal(&|r| r.tool.model_blake3 = "0".into()).contains("different models"));
    }

    #[test]
    fn what_makes_a_comparison_weaker_is_said() {
        let mut other = tilted();
        other.source.blake3 = PhotoHash::new("another");
        other.camera.level_from = LevelFrom::Nothing;
        other.tool.readings = 6;
        other.subject.yaw_deg = Some(14.0);
        let notes = compare(&tilted(), &other).expect("comparable").notes.join("\n");
        for part in ["(the phone's gravity sensor and not at all)", "(14 and 6 times)", "by 12 degrees"] {
            assert!(notes.contains(part), "{part}: {notes}");
        }
        let of_one_photo = |record: &Record| {
            let notes = compare(record, record).expect("comparable").notes;
            notes.iter().any(|note| note.contains("of one photo"))
        };
        assert!(of_one_photo(&tilted()));
        let mut frames = tilted();
        frames.source.blake3 = None;
        assert!(!of_one_photo(&frames), "frames have no photo to share");
    }
}
