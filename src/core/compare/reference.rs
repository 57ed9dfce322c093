//! Published reference ranges, for those who ask for them. None was made with this program: each comes with its source and with
//! what was measured there, which is never quite what is measured here.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::core::body::skeleton::Pair;
use crate::core::geometry::Point;
use crate::core::measure::Measure;
use crate::core::record::states::Symbol;
use crate::core::record::{MeasureRecord, Record};

/// A published range of one measure.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Range {
    measure: String,
    also: Vec<String>,
    unit: String,
    low: Option<f64>,
    high: Option<f64>,
    /// Whom it was published for.
    pub who: String,
    /// What was measured there.
    pub what: String,
    /// Where it was published.
    pub source: String,
}

/// A range in the measure's own unit, as it holds for one record.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// Lower end; `None` when open.
    pub low: Option<f64>,
    /// Upper end; `None` when open.
    pub high: Option<f64>,
    /// The published range behind it.
    pub range: &'static Range,
}

static RANGES: LazyLock<Vec<Range>> =
    LazyLock::new(|| serde_json::from_str(include_str!("reference.json")).unwrap_or_default());

/// The published ranges of a measure.
pub fn ranges(measure: Measure) -> impl Iterator<Item = &'static Range> {
    RANGES
        .iter()
        .filter(move |range| range.measure == measure.name() || range.also.iter().any(|also| also == measure.name()))
}

/// The published ranges of a measure as they hold for a record: those in millimetres only where a scale is known.
#[must_use]
pub fn bands(measure: Measure, record: &Record) -> Vec<Band> {
    ranges(measure)
        .filter_map(|range| {
            let per_unit = if range.unit == "mm" { millimetres_per_percent(record)? } else { 1.0 };
            let own = |bound: Option<f64>| bound.map(|bound| bound / per_unit);
            Some(Band { low: own(range.low), high: own(range.high), range })
        })
        .collect()
}

/// Millimetres in one percent of trunk length.
fn millimetres_per_percent(record: &Record) -> Option<f64> {
    let scale = record.subject.scale_mm_per_px?;
    let middle = |pair: Pair| {
        let [left, right] = [pair.left, pair.right].map(|joint| record.landmark(joint));
        let (left, right) = (left?, right?);
        Some(Point::new(left.x, left.y).midpoint(Point::new(right.x, right.y)))
    };
    let trunk = middle(Pair::SHOULDERS)?.distance(middle(Pair::HIPS)?);
    (trunk > 0.0).then_some(0.01 * trunk * scale)
}

impl Band {
    /// Where a value stands with its interval: inside, outside, or across an edge of the range.
    #[must_use]
    pub fn place(&self, [low, high]: [f64; 2]) -> &'static str {
        let below = self.low.unwrap_or(f64::NEG_INFINITY);
        let above = self.high.unwrap_or(f64::INFINITY);
        if low >= below && high <= above {
            "inside"
        } else if high < below || low > above {
            "outside"
        } else {
            "across an edge of"
        }
    }

    /// The range's ends in words.
    #[must_use]
    pub fn bounds(&self, unit: Symbol) -> String {
        match (self.low, self.high) {
            (Some(low), Some(high)) => format!("{low:.1} to {high:.1} {unit}"),
            (None, Some(high)) => format!("up to {high:.1} {unit}"),
            (Some(low), None) => format!("from {low:.1} {unit}"),
            (None, None) => "any value".into(),
        }
    }

    /// The range in words, with its population and its source.
    #[must_use]
    pub fn words(&self, unit: Symbol) -> String {
        format!("{} ({}: {}; {})", self.bounds(unit), self.range.who, self.range.what, self.range.source)
    }
}

/// How a value lies to the published ranges; `None` where there are none.
#[must_use]
pub fn words(measure: Measure, found: &MeasureRecord, record: &Record) -> Option<String> {
    let interval = found.interval95?;
    let said: Vec<String> = bands(measure, record)
        .iter()
        .map(|band| format!("{} the reference range {}", band.place(interval), band.words(found.unit)))
        .collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// Writes what the published ranges say into a record, for those who asked for it.
pub fn note(record: &mut Record) {
    for measure in Measure::ALL {
        let said = record.measure(measure).and_then(|found| words(measure, found, record));
        if let (Some(said), Some(found)) = (said, record.measures.get_mut(measure.name())) {
            found.reference = Some(said);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record")
    }

    #[test]
    fn every_range_belongs_to_a_measure_and_has_a_source() {
        assert_eq!(RANGES.len(), 5);
        for range in RANGES.iter() {
            let names = std::iter::once(&range.measure).chain(&range.also);
            assert!(names.clone().all(|name| Measure::ALL.iter().any(|measure| measure.name() == name)), "{range:?}");
            assert!(range.low.unwrap_or(-1e9) < range.high.unwrap_or(1e9) && range.source.len() > 10, "{range:?}");
        }
    }

    #[test]
    fn millimetres_need_a_scale() {
        let mut record = record();
        assert!(bands(Measure::TrunkShift, &record).is_empty());
        // Shoulders and hips are some 250 px apart: at 2 mm a pixel, one percent is 5 mm.
        record.subject.scale_mm_per_px = Some(2.0);
        let high = bands(Measure::TrunkShift, &record)[0].high.expect("closed");
        assert!((high - 4.0).abs() < 0.1, "{high}");
    }

    #[test]
    fn a_value_is_placed_with_its_whole_interval() {
        let record = record();
        let men = &bands(Measure::KneeAngleLeft, &record)[0];
        assert_eq!(men.place([-1.0, 3.0]), "inside");
        assert_eq!(men.place([-6.0, 3.0]), "across an edge of");
        assert_eq!(men.place([-9.0, -5.0]), "outside");
    }

    #[test]
    fn words_are_written_where_there_is_a_range() {
        let mut record = record();
        note(&mut record);
        assert_eq!(record.measures["shoulder_tilt"].reference, None);
        let said = record.measures["knee_angle_left"].reference.clone().expect("a range");
        assert!(said.starts_with("across an edge of the reference range -4.5 to 7.5 deg (men: "), "{said}");
        assert!(said.contains("PMC3560206"), "{said}");
    }
}
