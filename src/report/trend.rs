//! Measures over several visits, each with its interval, and whether they changed.

use std::fmt::Write;

use super::escape::escaped;
use super::signed;
use crate::core::compare::change::{self, Verdict, comparable};
use crate::core::compare::visit::Date;
use crate::core::compare::visit::Visit;
use crate::core::measure::{Measure, Unit};

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = WIDTH - 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = HEIGHT - 22.0;

/// One measure over the visits.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// The measure's name.
    pub label: &'static str,
    /// The chart as SVG.
    pub svg: String,
    /// Whether it changed between the first visit and the last.
    pub changed: bool,
    /// The change in words.
    pub words: String,
}

/// The visits of one subject in one view.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trend {
    /// One chart per measure.
    pub panels: Vec<Panel>,
    /// Caveats.
    pub notes: Vec<String>,
}

/// One point in a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// The visit's day.
    pub day: Date,
    /// The value.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: [f64; 2],
}

impl Trend {
    /// The trend of the visits that are comparable with the last one.
    #[must_use]
    pub fn of(visits: &[Visit]) -> Self {
        // A photo that was refused entirely is left out.
        let usable = || visits.iter().filter(|visit| visit.record.quality.usable);
        let Some(last) = usable().next_back() else { return Self::default() };
        let (alike, others): (Vec<&Visit>, Vec<&Visit>) =
            usable().partition(|visit| comparable(&visit.record, &last.record).is_ok());
        let mut notes = Vec::new();
        let (Some(first), true) = (alike.first(), alike.len() > 1) else {
            return Self { panels: Vec::new(), notes: left_out(&others, last) };
        };
        let Ok(comparison) = change::compare(&first.record, &last.record) else { return Self::default() };
        let mut panels: Vec<Panel> = Measure::ALL
            .into_iter()
            .filter_map(|measure| {
                let spots: Vec<Spot> = alike
                    .iter()
                    .filter_map(|visit| {
                        let found = visit.record.measure(measure)?;
                        Some(Spot { day: visit.visited, value: found.value?, interval: found.interval95? })
                    })
                    .collect();
                let change = comparison.changes.iter().find(|change| change.measure == measure.name())?;
                (spots.len() > 1).then(|| Panel {
                    label: measure.label(),
                    svg: chart(measure, &spots),
                    changed: change.verdict == Verdict::Changed,
                    words: format!("Since {}: {}", first.visited, change.words.replace(" deg", "°")),
                })
            })
            .collect();
        // Changed measures come first, whatever their position on the body.
        panels.sort_by_key(|panel| !panel.changed);
        notes.extend(left_out(&others, last));
        notes.extend(comparison.notes);
        Self { panels, notes }
    }
}

fn left_out(others: &[&Visit], last: &Visit) -> Vec<String> {
    others
        .iter()
        .filter_map(|visit| {
            let why = comparable(&visit.record, &last.record).err()?;
            Some(format!("The record of {} is left out: {why}", visit.visited))
        })
        .collect()
}

/// A chart of one measure: days across, values up, each with its interval. Two spots without days (the default one) are before and after.
#[must_use]
pub fn chart(measure: Measure, spots: &[Spot]) -> String {
    let unit = if measure.unit() == Unit::Degrees { "°" } else { " %" };
    let named = |index: usize, spot: &Spot| match (spot.day == Date::default(), index) {
        (false, _) => spot.day.to_string(),
        (true, 0) => "before".to_owned(),
        (true, _) => "after".to_owned(),
    };
    let told: Vec<String> = spots
        .iter()
        .enumerate()
        .map(|(index, spot)| {
            let [low, high] = spot.interval.map(signed);
            format!("{}: {}{unit} ({low} to {high})", named(index, spot), signed(spot.value))
        })
        .collect();
    let most = spots.iter().flat_map(|spot| spot.interval).map(f64::abs).fold(1.0, f64::max);
    let end =
        [1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0].into_iter().find(|end| most <= *end).unwrap_or(most);
    let y = |value: f64| 0.5 * (TOP + BOTTOM) - 0.5 * (BOTTOM - TOP) * value / end;
    let days = |day: Date| f64::from(day.since(spots[0].day).map_or(0, |span| span.get_days()));
    let span = spots.iter().map(|spot| days(spot.day)).fold(0.0, f64::max);
    let x = |index: usize, day: Date| {
        let share = if span > 0.0 { days(day) / span } else { (index as f64 + 0.5) / spots.len() as f64 };
        LEFT + 14.0 + (RIGHT - LEFT - 28.0) * share
    };
    let mut out = format!(
        "<svg class=\"trend\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}, {}\">",
        escaped(measure.label()),
        escaped(&told.join("; "))
    );
    for (value, class) in [(end, "grid"), (0.0, "zero"), (-end, "grid")] {
        let label = if value == 0.0 { format!("0{unit}") } else { format!("{value:+}{unit}").replace('-', "\u{2212}") };
        let _ = write!(
            out,
            "<line class=\"{class}\" x1=\"{LEFT}\" y1=\"{0:.1}\" x2=\"{RIGHT}\" y2=\"{0:.1}\"/>\
             <text x=\"{1}\" y=\"{2:.1}\" text-anchor=\"end\">{label}</text>",
            y(value),
            LEFT - 5.0,
            y(value) + 4.0
        );
    }
    let places: Vec<(f64, &Spot)> = spots.iter().enumerate().map(|(index, spot)| (x(index, spot.day), spot)).collect();
    let line: Vec<String> = places.iter().map(|(x, spot)| format!("{x:.1},{:.1}", y(spot.value))).collect();
    let _ = write!(out, "<polyline class=\"course\" points=\"{}\"/>", line.join(" "));
    for (x, spot) in &places {
        let [low, high] = spot.interval.map(y);
        let _ = write!(
            out,
            "<path class=\"whisker\" d=\"M{x:.1} {low:.1}V{high:.1}M{0:.1} {low:.1}h8M{0:.1} {high:.1}h8\"/>\
             <circle class=\"value\" cx=\"{x:.1}\" cy=\"{1:.1}\" r=\"4\"/>",
            x - 4.0,
            y(spot.value)
        );
    }
    let foot = HEIGHT - 5.0;
    let _ = write!(out, "<text x=\"{LEFT}\" y=\"{foot}\">{}</text>", named(0, &spots[0]));
    let nameless = spots.iter().all(|spot| spot.day == Date::default());
    if span > 0.0 || (nameless && spots.len() == 2) {
        let last = named(spots.len() - 1, &spots[spots.len() - 1]);
        let _ = write!(out, "<text x=\"{RIGHT}\" y=\"{foot}\" text-anchor=\"end\">{last}</text>");
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::compare::visit::day;
    use crate::core::photo_hash::PhotoHash;
    use crate::core::record::Record;

    fn visit(text: &str, shoulders: f64) -> Visit {
        let mut record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record");
        record.source.blake3 = PhotoHash::new(text);
        let found = record.measures.get_mut("shoulder_tilt").expect("measured");
        (found.value, found.sd) = (Some(shoulders), Some(0.5));
        found.interval95 = Some([shoulders - 1.0, shoulders + 1.0]);
        Visit { visited: day(text).expect("a day"), record }
    }

    #[test]
    fn a_trend_says_what_changed_since_the_first_visit() {
        let trend = Trend::of(&[visit("2026-01-01", 0.0), visit("2026-02-01", 1.0), visit("2026-03-01", 4.0)]);
        let panel = |label: &str| trend.panels.iter().find(|panel| panel.label == label).expect("charted").clone();
        let shoulders = panel("shoulder tilt");
        assert!(shoulders.changed);
        assert_eq!(
            shoulders.words,
            "Since 2026-01-01: changed by 4.0° (at least 2.6), towards \"left shoulder higher\""
        );
        assert_eq!(shoulders.svg.matches("<circle").count(), 3);
        assert!(!panel("trunk lean").changed);
    }

    #[test]
    fn visits_that_are_not_alike_are_left_out_and_named() {
        let mut behind = visit("2026-01-15", 2.0);
        behind.record.view.mirrored = true;
        let trend = Trend::of(&[visit("2026-01-01", 0.0), behind, visit("2026-03-01", 4.0)]);
        assert_eq!(trend.panels[0].svg.matches("<circle").count(), 2);
        assert!(trend.notes[0].starts_with("The record of 2026-01-15 is left out: one was measured as a mirror image"));
        assert_eq!(Trend::of(&[visit("2026-01-01", 0.0)]), Trend::default());
    }

    #[test]
    fn photos_without_days_are_before_and_after() {
        let spot = |value: f64| Spot { day: Date::default(), value, interval: [value - 1.0, value + 1.0] };
        let drawn = chart(Measure::ShoulderTilt, &[spot(1.0), spot(2.0)]);
        assert!(drawn.contains("before: +1.0") && drawn.contains(">before<") && drawn.contains(">after<"), "{drawn}");
        assert!(!drawn.contains("0000"), "{drawn}");
    }

    #[test]
    fn days_lie_apart_as_they_are() {
        let spot = |text: &str| Spot { day: day(text).expect("a day"), value: 0.0, interval: [-1.0, 1.0] };
        let svg = chart(Measure::TrunkLean, &[spot("2025-12-31"), spot("2026-01-10"), spot("2026-04-10")]);
        // 58 to 314 over 100 days.
        for x in ["cx=\"58.0\"", "cx=\"83.6\"", "cx=\"314.0\""] {
            assert!(svg.contains(x), "{x}: {svg}");
        }
    }
}
