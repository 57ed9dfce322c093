//! Has anything changed between two photos of one person, beyond what the measurement error alone makes of no change?

use serde::Serialize;

use super::notes::{Judged, notes};
use crate::core::body::view::View;
use crate::core::geometry::rounded;
use crate::core::measure::{Measure, Unit};
use crate::core::record::Record;
use crate::core::record::states::Symbol;
use crate::core::uncertainty::repeat::{Repeatability, fitted, repeatability};

/// What is said of one measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
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
    /// Holds the true change in 95 of 100 cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval95: Option<[f64; 2]>,
    /// Whether the error that photos of one person share was taken out, or both errors are counted in full.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_repeatability: bool,
    /// Whether both values are the head's tilt by its face alone, which differ from the records' values and follow a change whole.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_face: bool,
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

    /// The measure's label for people, and whether its values are those of the faces.
    #[must_use]
    pub fn label(&self) -> String {
        let by = if self.by_face { " (face)" } else { "" };
        format!("{}{by}", self.of().map_or(self.measure, Measure::label))
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

/// The least difference of two values with independent errors that error alone makes in fewer than 5 of 100 cases: 1.96 times the
/// standard deviation of their difference.
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
    let changes: Vec<Change> = Measure::ALL
        .into_iter()
        .filter(|&measure| before.measure(measure).is_some() || after.measure(measure).is_some())
        .map(|measure| change(measure, before, after))
        .collect();
    let judged = |change: &Change| {
        let (measure, least) = (change.of()?, change.detectable.filter(|_| change.by_repeatability)?);
        Some(Judged { measure, least, by_face: change.by_face })
    };
    let notes = notes(before, after, &changes.iter().filter_map(judged).collect::<Vec<_>>());
    Ok(Comparison { view: after.view.kind, changes, notes })
}

/// A value of one side of the comparison.
#[derive(Debug, Clone, Copy)]
struct Held {
    value: f64,
    sd: f64,
    sd_repeat: Option<f64>,
    resolved: bool,
    /// How it repeats, if that is known.
    repeats: Option<Repeatability>,
    by_face: bool,
}

impl Held {
    /// A pair of values by the faces alone, where both photos have them.
    fn by_faces(before: &Record, after: &Record, [first, second]: [Self; 2], measure: Measure) -> [Self; 2] {
        let of = |record: &Record, held: Self| {
            let face = record.measure(measure)?.by_face?;
            let repeats = Some(fitted().head_by_face);
            Some(Self { value: face.value, sd_repeat: Some(face.sd_repeat), repeats, by_face: true, ..held })
        };
        match (of(before, first), of(after, second)) {
            (Some(first), Some(second)) => [first, second],
            _ => [first, second],
        }
    }
}

fn held(record: &Record, measure: Measure, which: &str) -> Result<Held, String> {
    let Some(found) = record.measure(measure) else { return Err(format!("not part of the {which} record")) };
    match (found.value, found.sd) {
        (Some(value), Some(sd)) => {
            let resolved = found.resolved.unwrap_or(false);
            let repeats = repeatability(measure);
            Ok(Held { value, sd, sd_repeat: found.sd_repeat, resolved, repeats, by_face: false })
        }
        _ => {
            Err(format!("not measured in the {which} photo: {}", found.reason.as_deref().unwrap_or("no reason given")))
        }
    }
}

fn change(measure: Measure, before: &Record, after: &Record) -> Change {
    let (first, second) = (held(before, measure, "first"), held(after, measure, "second"));
    let mut change = Change {
        measure: measure.name(),
        unit: measure.unit().into(),
        before: first.as_ref().ok().map(|first| first.value),
        after: second.as_ref().ok().map(|second| second.value),
        difference: None,
        detectable: None,
        interval95: None,
        by_repeatability: false,
        by_face: false,
        verdict: Verdict::NotCompared,
        words: String::new(),
    };
    match (first, second) {
        (Ok(first), Ok(second)) => {
            let alike = alike(before, after);
            let [first, second] =
                if alike { Held::by_faces(before, after, [first, second], measure) } else { [first, second] };
            let by_repeatability = least_by_repeatability(&first, &second).filter(|_| alike);
            let least = by_repeatability.unwrap_or_else(|| detectable(first.sd, second.sd));
            (change.before, change.after) = (Some(first.value), Some(second.value));
            (change.by_repeatability, change.by_face) = (by_repeatability.is_some(), first.by_face);
            change.hold(measure, &first, &second, least);
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

impl Change {
    /// Fills in what two values and the least detectable difference of theirs say.
    fn hold(&mut self, measure: Measure, first: &Held, second: &Held, least: f64) {
        // Records hold hundredths; a difference of them should not hold more.
        let (difference, least) = (rounded(second.value - first.value, 2), rounded(least, 2));
        let changed = difference.abs() > least;
        // Models follow a tilt, and its change, by less than all of it: the true change may be larger, and no smaller.
        let unfollowed = first.repeats.filter(|_| self.by_repeatability).map_or(0.0, |known| known.unfollowed);
        let half = least.hypot(1.96 * unfollowed);
        let interval = match (changed, difference > 0.0) {
            (false, _) => [difference - half, difference + half],
            (true, true) => [difference - least, difference + half],
            (true, false) => [difference - half, difference + least],
        }
        .map(|bound| rounded(bound, 2));
        self.difference = Some(difference);
        self.detectable = Some(least);
        self.interval95 = Some(interval);
        self.verdict = if changed { Verdict::Changed } else { Verdict::WithinError };
        let unit = measure.unit().symbol();
        self.words = if changed {
            let at_least = difference.abs() - least;
            let how = match is_back_to_level(measure, first, second) {
                false => "changed",
                true if measure.unit() == Unit::PercentOfMean => "more even",
                true => "straighter",
            };
            let size = rounded(difference.abs(), 1);
            format!("{how} by {size:.1} {unit} (at least {at_least:.1}){}", direction(measure, first, second))
        } else {
            let most = interval[0].abs().max(interval[1].abs());
            format!("no change larger than {most:.1} {unit}")
        };
        // The records' own values may stand beside it.
        if self.by_face {
            self.words.push_str(", by the face");
        }
    }
}

/// The least difference that is news where the two values' shared error cancels; `None` where it is not known what they share.
fn least_by_repeatability(first: &Held, second: &Held) -> Option<f64> {
    let visit = first.repeats?.visit;
    let (first_sd, second_sd) = (first.sd_repeat?, second.sd_repeat?);
    Some(1.96 * (first_sd.powi(2) + second_sd.powi(2) + 2.0 * visit.powi(2)).sqrt())
}

/// Whether the errors of two records that are [`comparable`] are shared: one version of the program measured both.
fn alike(before: &Record, after: &Record) -> bool {
    before.tool.version == after.tool.version
}

/// Whether a change leads back to level: to a smaller value on the same side, or to one that is not resolved.
fn is_back_to_level(measure: Measure, first: &Held, second: &Held) -> bool {
    let [positive, _] = measure.says();
    let same_side = first.value * second.value >= 0.0;
    !positive.is_empty()
        && second.value.abs() < first.value.abs()
        && (same_side || (first.resolved && !second.resolved))
}

/// Where a change points to, in the measure's own words; nothing where it leads back to level.
fn direction(measure: Measure, first: &Held, second: &Held) -> String {
    let [positive, negative] = measure.says();
    let of = |value: f64| if value > 0.0 { positive } else { negative };
    if positive.is_empty() {
        return String::new();
    }
    if is_back_to_level(measure, first, second) {
        return format!(", back from \"{}\"", of(first.value));
    }
    format!(", towards \"{}\"", of(second.value - first.value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::camera::LevelFrom;
    use crate::core::compare::notes::MOST_PHOTOS;
    use crate::core::photo_hash::PhotoHash;
    use crate::core::record::ByFace;

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
        assert_eq!(change.words, "changed by 2.0 deg (at least 0.0), towards \"left shoulder higher\"");
        let beyond = shoulders(&with_shoulders(-1.0, 0.6), &with_shoulders(3.0, 0.8));
        assert_eq!(beyond.words, "changed by 4.0 deg (at least 2.0), towards \"left shoulder higher\"");
        assert_eq!(beyond.interval95, Some([2.04, 5.96]));
        let less = shoulders(&with_shoulders(1.0, 0.6), &with_shoulders(2.9, 0.8));
        assert_eq!((less.verdict, less.words.as_str()), (Verdict::WithinError, "no change larger than 3.9 deg"));
    }

    #[test]
    fn a_recovery_is_not_called_a_defect() {
        let back = shoulders(&with_shoulders(3.9, 0.6), &with_shoulders(0.3, 0.6));
        assert_eq!(back.words, "straighter by 3.6 deg (at least 1.9), back from \"left shoulder higher\"");
        let right = shoulders(&with_shoulders(-3.9, 0.6), &with_shoulders(-0.3, 0.6));
        assert_eq!(right.words, "straighter by 3.6 deg (at least 1.9), back from \"right shoulder higher\"");
        // Beyond level, to a side that is resolved.
        let beyond = shoulders(&with_shoulders(3.9, 0.6), &with_shoulders(-2.0, 0.6));
        assert_eq!(beyond.words, "changed by 5.9 deg (at least 4.2), towards \"right shoulder higher\"");
    }

    #[test]
    fn what_photos_of_one_person_share_cancels() {
        let with = |value: f64, photos: f64| {
            let mut record = with_shoulders(value, 1.2);
            record.measures.get_mut("shoulder_tilt").expect("measured").sd_repeat = Some(0.6 / photos.sqrt());
            record
        };
        let visit = repeatability(Measure::ShoulderTilt).expect("fitted").visit;
        let expected = 1.96 * (2.0 * (0.36 + visit.powi(2))).sqrt();
        let change = shoulders(&with(1.0, 1.0), &with(3.5, 1.0));
        assert!(
            change.by_repeatability && (change.detectable.expect("compared") - expected).abs() < 0.01,
            "{change:?}"
        );
        let [low, high] = change.interval95.expect("compared");
        // What the model does not follow makes the true change larger, not smaller.
        assert!((low - (2.5 - expected)).abs() < 0.02 && high > 2.5 + expected - 0.02, "{change:?}");
        let more = shoulders(&with(1.0, 3.0), &with(3.5, 3.0));
        assert!(more.detectable < change.detectable);
        // Another version errs otherwise: both errors are counted in full.
        let mut other = with(3.5, 1.0);
        other.tool.version = "0.0.1".into();
        let full = shoulders(&with(1.0, 1.0), &other);
        assert!(!full.by_repeatability && full.detectable == Some(rounded(detectable(1.2, 1.2), 2)));
    }

    #[test]
    fn a_change_of_the_head_is_that_of_its_face_where_both_have_one() {
        let with = |value: f64, face: Option<f64>| {
            let mut record = tilted();
            let found = record.measures.get_mut("head_tilt").expect("measured");
            (found.value, found.sd, found.sd_repeat) = (Some(value), Some(1.5), Some(1.0));
            found.by_face = face.map(|value| ByFace { value, sd_repeat: 0.6 });
            record
        };
        let head = |before: &Record, after: &Record| {
            let comparison = compare(before, after).expect("comparable");
            let said = comparison.notes.iter().any(|note| note.contains("the face alone"));
            (comparison.changes.into_iter().find(|change| change.measure == "head_tilt").expect("compared"), said)
        };
        let (change, said) = head(&with(1.0, Some(0.5)), &with(3.0, Some(3.5)));
        assert!(change.by_face && said && change.words.ends_with(", by the face"), "{change:?}");
        assert_eq!((change.before, change.after, change.difference), (Some(0.5), Some(3.5), Some(3.0)));
        // 1.96 * sqrt(0.6^2 + 0.6^2 + 2 visit^2).
        let expected = 1.96 * (2.0 * (0.36 + fitted().head_by_face.visit.powi(2))).sqrt();
        assert!((change.detectable.expect("compared") - expected).abs() < 0.01, "{change:?}");
        // Where one face is missing, both values count, the whole of them.
        let (change, said) = head(&with(1.0, Some(0.5)), &with(3.0, None));
        assert!(!change.by_face && !said);
        assert_eq!((change.before, change.after, change.difference), (Some(1.0), Some(3.0), Some(2.0)));
        // Another version may read faces otherwise.
        let mut other = with(3.0, Some(3.5));
        other.tool.version = "0.0.1".into();
        assert!(!head(&with(1.0, Some(0.5)), &other).0.by_face);
    }

    #[test]
    fn how_many_photos_a_small_change_needs_is_said() {
        let with = |value: f64| {
            let mut record = with_shoulders(value, 1.2);
            record.measures.get_mut("shoulder_tilt").expect("measured").sd_repeat = Some(0.6);
            record
        };
        let notes = compare(&with(1.0), &with(1.2)).expect("comparable").notes.join("\n");
        let visit = repeatability(Measure::ShoulderTilt).expect("fitted").visit;
        let left = 1.96_f64.powi(-2) - 2.0 * visit.powi(2);
        let said =
            if left > 0.0 && 0.72 / left <= MOST_PHOTOS { "that would show a change of 1 deg" } else { "stays hidden" };
        assert!(notes.contains(said), "{notes}");
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
