//! The summary: three lines in plain words, each with its certainty.

use super::one_decimal;
use super::words::reason_for_another;
use crate::core::measure::{Measure, Unit};
use crate::core::names::shown;
use crate::core::record::states::PointsBy;
use crate::core::record::{MeasureRecord, Record};

/// The certainty of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Zero lies outside the 95 % interval.
    Sure,
    /// Zero lies inside the 95 % interval.
    Open,
    /// There is no value.
    Missing,
}

/// One line of the summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The subject of the line, such as `Shoulders`.
    pub name: &'static str,
    /// The finding in words.
    pub words: String,
    /// The certainty.
    pub certainty: Certainty,
    /// The measure that the line reports.
    pub measure: Measure,
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.words)
    }
}

/// Definition of a line: the measures it may report, the best first, and the words for both signs, in full and in short.
struct About {
    name: &'static str,
    measures: &'static [Measure],
    says: [&'static str; 2],
    sides: [&'static str; 2],
}

const HIGHER: [&str; 2] = ["left higher", "right higher"];
const SIDES: [&str; 2] = ["left", "right"];

const FRONTAL: [About; 3] = [
    About { name: "Shoulders", measures: &[Measure::AcromialTilt, Measure::ShoulderTilt], says: HIGHER, sides: SIDES },
    About {
        name: "Hips",
        measures: &[Measure::PelvicObliquityAsis, Measure::PelvicObliquityPsis, Measure::PelvicObliquity],
        says: HIGHER,
        sides: SIDES,
    },
    About { name: "Head", measures: &[Measure::HeadTilt], says: ["left ear higher", "right ear higher"], sides: SIDES },
];

const LATERAL: [About; 3] = [
    About {
        name: "Head",
        measures: &[Measure::ForwardHead],
        says: ["in front of the shoulder", "behind the shoulder"],
        sides: ["in front", "behind"],
    },
    About {
        name: "Trunk",
        measures: &[Measure::TrunkSagittalLean],
        says: ["leans forward", "leans back"],
        sides: ["forward", "back"],
    },
    About {
        name: "Body",
        measures: &[Measure::BodyPlumb],
        says: ["in front of the ankle", "behind the ankle"],
        sides: ["in front", "behind"],
    },
];

/// The three lines of a record.
#[must_use]
pub fn lines(record: &Record) -> Vec<Line> {
    let about = if record.view.kind.facing().is_some() { FRONTAL } else { LATERAL };
    about.iter().map(|about| line(about, record)).collect()
}

/// Why the photo should be taken again, if it should.
#[must_use]
pub fn advice(record: &Record) -> Option<String> {
    reason_for_another(record).map(|why| format!("Take this photo again: {}", shown(&why)))
}

/// The other resolved differences, in a few words each. A derived measure is left out: it adds no evidence to the one it comes from.
#[must_use]
pub fn others(record: &Record) -> Vec<&'static str> {
    let told: Vec<Measure> = lines(record).into_iter().map(|line| line.measure).collect();
    Measure::ALL
        .into_iter()
        .filter(|measure| !told.contains(measure))
        .filter_map(|measure| {
            let found = record.measure(measure)?;
            let [positive, negative] = measure.says();
            let words = if found.value? > 0.0 { positive } else { negative };
            let counts = found.resolved == Some(true) && found.derived_from.is_none();
            (counts && !words.is_empty()).then_some(words)
        })
        .collect()
}

fn line(about: &About, record: &Record) -> Line {
    let has_value = |measure: &&Measure| record.measure(**measure).is_some_and(|found| found.value.is_some());
    let last = about.measures[about.measures.len() - 1];
    let measure = about.measures.iter().find(has_value).copied().unwrap_or(last);
    let found = record.measure(measure);
    let (certainty, words) = match found.and_then(|found| Some((found, found.value?, found.interval95?))) {
        Some((found, value, [low, high])) if found.resolved == Some(true) => {
            let (says, near, far) = if value > 0.0 { (about.says[0], low, high) } else { (about.says[1], -high, -low) };
            let size = size(measure, value.abs());
            let words = format!(
                "{says} by {size}{} (sure; {:.1} to {:.1}{})",
                millimetres(found),
                one_decimal(near),
                one_decimal(far),
                by_hand(found)
            );
            (Certainty::Sure, words)
        }
        Some((found, _, [low, high])) => {
            let end = |bound: f64| {
                let side = about.sides[usize::from(bound < 0.0)];
                format!("{:.1} {side}", one_decimal(bound.abs()))
            };
            let words = format!("cannot tell (between {} and {}{})", end(low), end(high), by_hand(found));
            (Certainty::Open, words)
        }
        None => {
            let reason = found.and_then(|found| found.reason.as_deref()).unwrap_or("it is not part of this record");
            (Certainty::Missing, format!("not measured: {}", shown(reason)))
        }
    };
    Line { name: about.name, words, certainty, measure }
}

fn size(measure: Measure, size: f64) -> String {
    let unit = if measure.unit() == Unit::Degrees {
        " degrees".to_owned()
    } else {
        measure.unit().of().map_or_else(|| " %".to_owned(), |of| format!(" % of {of}"))
    };
    format!("{:.1}{unit}", one_decimal(size))
}

fn millimetres(found: &MeasureRecord) -> String {
    found.value_mm.map(|mm| format!(", {:.0} mm,", mm.abs().round())).unwrap_or_default()
}

fn by_hand(found: &MeasureRecord) -> &'static str {
    match found.by {
        None => "",
        Some(PointsBy::Hand) => "; placed by hand",
        Some(PointsBy::HandAndModel) => "; partly placed by hand",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record")
    }

    fn said(value: f64, interval: [f64; 2]) -> String {
        let mut record = record();
        let found = record.measures.get_mut("shoulder_tilt").expect("measured");
        found.value = Some(value);
        found.interval95 = Some(interval);
        found.resolved = Some(interval[0] > 0.0 || interval[1] < 0.0);
        lines(&record)[0].to_string()
    }

    #[test]
    fn a_derived_difference_is_not_listed_beside_its_origin() {
        let mut record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record");
        let knees = record.measures.get_mut("knee_level").expect("measured");
        (knees.value, knees.resolved, knees.derived_from) = (Some(1.4), Some(true), None);
        assert!(others(&record).contains(&"left knee higher"), "{:?}", others(&record));
        record.measures.get_mut("knee_level").expect("measured").derived_from = Some(Measure::PelvicObliquity);
        assert!(!others(&record).contains(&"left knee higher"), "{:?}", others(&record));
    }

    #[test]
    fn a_line_says_the_side_the_size_and_how_sure_it_is() {
        assert_eq!(said(2.9, [0.5, 5.3]), "Shoulders: left higher by 2.9 degrees (sure; 0.5 to 5.3)");
        assert_eq!(said(-2.9, [-5.3, -0.5]), "Shoulders: right higher by 2.9 degrees (sure; 0.5 to 5.3)");
        assert_eq!(said(0.7, [-1.2, 2.6]), "Shoulders: cannot tell (between 1.2 right and 2.6 left)");
    }

    #[test]
    fn what_was_not_measured_says_why() {
        let mut record = record();
        let found = record.measures.get_mut("pelvic_obliquity").expect("measured");
        (found.value, found.interval95, found.resolved) = (None, None, None);
        found.reason = Some("left hip outside the picture".into());
        let line = &lines(&record)[1];
        assert_eq!(line.to_string(), "Hips: not measured: left hip outside the picture");
        assert_eq!(line.certainty, Certainty::Missing);
    }

    #[test]
    fn what_was_placed_by_hand_goes_first_and_says_so() {
        let mut record = record();
        let mut found = record.measures["shoulder_tilt"].clone();
        (found.value, found.interval95, found.resolved) = (Some(3.0), Some([1.0, 5.0]), Some(true));
        found.by = Some(PointsBy::Hand);
        record.measures.insert("acromial_tilt".into(), found);
        assert_eq!(
            lines(&record)[0].to_string(),
            "Shoulders: left higher by 3.0 degrees (sure; 1.0 to 5.0; placed by hand)"
        );
    }

    #[test]
    fn a_photo_to_take_again_says_so_and_one_that_is_good_does_not() {
        let cropped = Record::open("tests/fixtures/records/cropped-at-the-knees.json".as_ref()).expect("a record");
        let advice = advice(&cropped).expect("advice");
        assert!(advice.starts_with("Take this photo again: "), "{advice}");
        assert_eq!(super::advice(&record()), None);
    }
}
