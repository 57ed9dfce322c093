//! Before and after on one page: two pictures at one scale, and every change with its interval.

use askama::Template;

use super::super::signed;
use super::super::trend::Spot;
use super::super::trend::chart;
use super::prose::{in_signs, sentence};
use super::{LayerPart, Picture, picture};
use crate::core::body::skeleton::Pair as Joints;
use crate::core::compare::change::{Change, Comparison, Verdict};
use crate::core::compare::visit::Date;
use crate::core::error::{Error, Result};
use crate::core::geometry::Point;
use crate::core::record::states::Symbol;
use crate::core::record::{ByFace, Landmark, Record};
use crate::report::scene::framing::{Attitude, Framing};
use crate::report::words;

/// One side of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// What was measured.
    pub record: Record,
    /// The photo.
    pub picture: Picture,
    /// What the user called it.
    pub name: String,
    /// The day of the visit, if known.
    pub date: Option<Date>,
}

/// Two records of one subject in one view.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The subject, if the page has several.
    pub subject: Option<String>,
    /// The earlier photo.
    pub before: Side,
    /// The later photo.
    pub after: Side,
    /// The change of each measure.
    pub comparison: Comparison,
}

/// The largest number of changes in the short list.
const IN_SHORT: usize = 4;

/// The page of one or more pairs, for one subject or for several.
///
/// # Errors
/// [`Error::Usage`] without a pair.
pub fn page(pairs: &[Pair], subject: Option<&str>) -> Result<String> {
    if pairs.is_empty() {
        return Err(Error::Usage { reason: "a page of before and after needs two records".into() });
    }
    let parts: Vec<Part> = pairs.iter().enumerate().map(|(index, pair)| Part::of(index, pair)).collect();
    let layers = parts.iter().flat_map(|part| part.sides.iter().flat_map(|side| &side.layers));
    let page = Page {
        style: include_str!("page.css"),
        toggles: layers.map(|layer| layer.rule.clone()).collect(),
        foot: super::foot(subject),
        subject,
        version: env!("CARGO_PKG_VERSION"),
        caution: crate::report::CAUTION,
        parts,
    };
    page.render().map_err(|error| Error::Usage { reason: format!("the page cannot be made: {error}") })
}

#[derive(Template)]
#[template(path = "pair.html")]
struct Page<'a> {
    style: &'static str,
    toggles: String,
    foot: String,
    subject: Option<&'a str>,
    version: &'static str,
    caution: &'static str,
    parts: Vec<Part>,
}

struct Part {
    number: usize,
    heading: String,
    changed: Vec<String>,
    more: usize,
    unchanged: usize,
    sides: Vec<SidePart>,
    rows: Vec<Row>,
    not_compared: Vec<(String, String)>,
    notes: Vec<String>,
}

struct SidePart {
    title: String,
    file: String,
    picture: Option<String>,
    withheld: Option<String>,
    layers: Vec<LayerPart>,
}

struct Row {
    label: String,
    before: String,
    after: String,
    difference: String,
    interval: String,
    chart: String,
    words: String,
    changed: bool,
}

impl Part {
    fn of(index: usize, pair: &Pair) -> Self {
        let sides = [&pair.before, &pair.after];
        let frames = frames(sides.map(|side| &side.record));
        let mut changes: Vec<&Change> = pair.comparison.changes.iter().collect();
        changes.sort_by_key(|change| change.verdict != Verdict::Changed);
        let rows: Vec<Row> = changes.iter().filter_map(|change| row(change, pair)).collect();
        let changed: Vec<String> = rows
            .iter()
            .filter(|row| row.changed)
            .map(|row| {
                format!(
                    "{}: {} (95 % interval {})",
                    sentence(&row.label).trim_end_matches('.'),
                    row.words,
                    row.interval
                )
            })
            .collect();
        let view = format!("seen {}", pair.comparison.view.words());
        Self {
            number: index + 1,
            heading: match &pair.subject {
                Some(subject) => format!("{subject}, {view}"),
                None => sentence(&view).trim_end_matches('.').to_owned(),
            },
            more: changed.len().saturating_sub(IN_SHORT),
            unchanged: rows.iter().filter(|row| !row.changed).count(),
            changed: changed.into_iter().take(IN_SHORT).collect(),
            sides: sides
                .into_iter()
                .zip(frames)
                .zip(["Before", "After"])
                .enumerate()
                .map(|(place, ((side, frame), title))| side_part(10 * (index + 1) + place, side, frame, title))
                .collect(),
            not_compared: pair
                .comparison
                .changes
                .iter()
                .filter(|change| change.verdict == Verdict::NotCompared)
                .map(|change| (change.label(), sentence(&change.words)))
                .collect(),
            notes: pair.comparison.notes.iter().map(|note| sentence(note)).collect(),
            rows,
        }
    }
}

fn side_part(number: usize, side: &Side, frame: Option<[f64; 4]>, title: &str) -> SidePart {
    let day = side.date.map(|date| format!(", {date}")).unwrap_or_default();
    let (picture, layers, withheld) = match &side.picture {
        Picture::Shown { href, window, attitude } => {
            let (picture, layers) = picture(number, &side.record, href, *window, (frame.unwrap_or(*window), *attitude));
            (Some(picture), layers, None)
        }
        Picture::Withheld(why) => (None, Vec::new(), Some(sentence(why))),
    };
    let levelled = words::level_words(&side.record);
    SidePart {
        title: format!("{title}{day}"),
        file: in_signs(&format!("{}{levelled}", side.name)),
        picture,
        withheld,
        layers,
    }
}

fn row(change: &Change, pair: &Pair) -> Option<Row> {
    let measure = change.of()?;
    let difference = change.difference?;
    let [low, high] = change.interval95?;
    let unit = if change.unit == Symbol::Degrees { "°" } else { " %" };
    let minus = |text: String| text.replace('-', "\u{2212}");
    let spot = |side: &Side, day: Date| {
        let found = side.record.measure(measure)?;
        match found.by_face.filter(|_| change.by_face) {
            // How well the face repeats: only the change is known this well.
            Some(ByFace { value, sd_repeat }) => {
                Some(Spot { day, value, interval: [value - 1.96 * sd_repeat, value + 1.96 * sd_repeat] })
            }
            None => Some(Spot { day, value: found.value?, interval: found.interval95? }),
        }
    };
    // Visits without known days are shown side by side.
    let never = Date::default();
    let [first, last] = match (pair.before.date, pair.after.date) {
        (Some(first), Some(last)) => [first, last],
        _ => [never, never],
    };
    let spots: Vec<Spot> = [spot(&pair.before, first)?, spot(&pair.after, last)?].into();
    let value = |spot: &Spot| {
        let half = 0.5 * (spot.interval[1] - spot.interval[0]);
        minus(format!("{}{unit} ± {half:.1}", signed(spot.value)))
    };
    Some(Row {
        label: change.label(),
        before: value(&spots[0]),
        after: value(&spots[1]),
        difference: minus(format!("{}{unit}", signed(difference))),
        interval: minus(format!("{} to {}{unit}", signed(low), signed(high))),
        chart: chart(measure, &spots),
        words: in_signs(&change.words),
        changed: change.verdict == Verdict::Changed,
    })
}

/// The sections of two photos that show both bodies at the same scale and position: same trunk length, same height of the hips.
fn frames(records: [&Record; 2]) -> [Option<[f64; 4]>; 2] {
    let bodies = records.map(body);
    let reach = |edge: fn(&Body) -> f64| bodies.iter().flatten().map(edge).fold(0.0, f64::max);
    let [left, top] = [reach(|body| body.left), reach(|body| body.top)];
    let [right, bottom] = [reach(|body| body.right), reach(|body| body.bottom)];
    bodies.map(|body| {
        let Body { hips, trunk, .. } = body?;
        Some([hips.x - left * trunk, hips.y - top * trunk, (left + right) * trunk, (top + bottom) * trunk])
    })
}

/// A body's position in its photo, with the displayed section around the hips in trunk lengths.
struct Body {
    hips: Point,
    trunk: f64,
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

fn body(record: &Record) -> Option<Body> {
    // In the displayed picture, which is upright.
    let framing = Framing::of(record, Attitude::Upright);
    let middle = |pair: Joints| {
        let [left, right] = [pair.left, pair.right].map(|joint| record.landmark(joint));
        let place = |landmark: &Landmark| framing.place(Point::new(landmark.x, landmark.y));
        Some(place(left?).midpoint(place(right?)))
    };
    let (shoulders, hips) = (middle(Joints::SHOULDERS)?, middle(Joints::HIPS)?);
    let trunk = shoulders.distance(hips);
    let [left, top, right, bottom] = super::window(record, &framing);
    (trunk > 0.0).then(|| Body {
        hips,
        trunk,
        left: (hips.x - left) / trunk,
        top: (hips.y - top) / trunk,
        right: (right - hips.x) / trunk,
        bottom: (bottom - hips.y) / trunk,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bodies_have_one_scale_and_one_place() {
        let record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record");
        let mut twice = record.clone();
        for landmark in twice.landmarks.values_mut() {
            (landmark.x, landmark.y) = (2.0 * landmark.x + 40.0, 2.0 * landmark.y);
        }
        twice.subject.bounds = twice.subject.bounds.map(|edge| 2.0 * edge);
        (twice.source.width, twice.source.height) = (2 * twice.source.width + 40, 2 * twice.source.height);
        let [Some(one), Some(two)] = frames([&record, &twice]) else { panic!("two frames") };
        let bodies = [&record, &twice].map(|record| body(record).expect("a body"));
        for (edge, (a, b)) in one.into_iter().zip(two).enumerate().skip(2) {
            assert!((a / bodies[0].trunk - b / bodies[1].trunk).abs() < 1e-9, "edge {edge}");
        }
        let place =
            |frame: [f64; 4], body: &Body| ((body.hips.x - frame[0]) / frame[2], (body.hips.y - frame[1]) / frame[3]);
        let (first, second) = (place(one, &bodies[0]), place(two, &bodies[1]));
        assert!((first.0 - second.0).abs() < 1e-9 && (first.1 - second.1).abs() < 1e-9);
    }
}
