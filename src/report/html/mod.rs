//! One self-contained page for one subject: pictures, diagrams, every measure with its interval, and what it does not tell.
//!
//! No script runs in it, and its policy forbids every request: what it shows is inside.

mod bars;
mod diagram;
mod spine;

use askama::Template;
use bars::{Bar, axis, axis_end};
use image::{RgbImage, imageops};

use super::svg::{self, escaped, hex};
use super::trend::Trend;
use super::{mask, overlay, signed, words};
use crate::core::body::skeleton::Pair;
use crate::core::camera::LevelFrom;
use crate::core::compare::reference::{self, Band};
use crate::core::compare::visit::{Date, Visit};
use crate::core::error::{Error, Result};
use crate::core::geometry::Point;
use crate::core::measure::{Measure, Unit};
use crate::core::record::{MeasureRecord, Record};

/// Pictures in a page are at most this high, in pixels: 250 a printed inch.
const PICTURE_HEIGHT: f64 = 1200.0;

/// A picture as a page holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Picture {
    /// The person cut out of the photo, encoded without metadata.
    Shown {
        /// The text of its `href`.
        href: String,
        /// Left, top, width, height of the cut in pixels of the upright photo.
        window: [f64; 4],
    },
    /// None, and why, in one sentence.
    Withheld(String),
}

impl Picture {
    /// The person in a photo, or in a reduced copy of it, with room for the lines.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn of(photo: &RgbImage, record: &Record) -> Result<Self> {
        let copy = f64::from(photo.width()) / f64::from(record.source.width.max(1));
        let [left, top, right, bottom] = window(record).map(|edge| (edge * copy).round());
        let (x, y) = (left as u32, top as u32);
        let (width, height) = ((right - left).max(1.0) as u32, (bottom - top).max(1.0) as u32);
        let cut = imageops::crop_imm(photo, x, y, width, height).to_image();
        let scale = PICTURE_HEIGHT / f64::from(height);
        let picture = if scale < 1.0 {
            let wide = ((f64::from(width) * scale).round() as u32).max(1);
            imageops::thumbnail(&cut, wide, PICTURE_HEIGHT as u32)
        } else {
            cut
        };
        let window = [x, y, width, height].map(|edge| f64::from(edge) / copy);
        Ok(Self::Shown { href: svg::embedded(&picture)?, window })
    }

    /// The same with the head covered; withheld where it cannot be covered.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn masked(photo: &RgbImage, record: &Record) -> Result<Self> {
        match mask::cover(photo, record) {
            Ok(covered) => Self::of(&covered, record),
            Err(why) => Ok(Self::Withheld(why.to_string())),
        }
    }
}

/// Left, top, right, bottom of what is shown: the joints, with room for hair, level lines and their numbers.
fn window(record: &Record) -> [f64; 4] {
    let middle = |pair: Pair| {
        let [left, right] = [pair.left, pair.right].map(|joint| record.landmark(joint));
        let (left, right) = (left?, right?);
        Some(Point::new(left.x, left.y).midpoint(Point::new(right.x, right.y)))
    };
    let [left, top, right, bottom] = record.subject.bounds;
    let trunk = match (middle(Pair::SHOULDERS), middle(Pair::HIPS)) {
        (Some(shoulders), Some(hips)) => shoulders.distance(hips),
        _ => 0.3 * (bottom - top),
    };
    let (width, height) = (f64::from(record.source.width), f64::from(record.source.height));
    let within = |value: f64, most: f64| value.clamp(0.0, most).round();
    [
        within(left - 0.75 * trunk, width),
        within(top - 0.6 * trunk, height),
        within(right + 0.75 * trunk, width),
        within(bottom + 0.25 * trunk, height),
    ]
}

/// One view of the subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet<'a> {
    /// What was measured.
    pub record: &'a Record,
    /// The photo.
    pub picture: Picture,
}

/// What a page says beside the records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options<'a> {
    /// The subject's name, where one was given.
    pub subject: Option<&'a str>,
    /// The day of the visit, where one was given.
    pub date: Option<Date>,
    /// Whether to show published reference ranges.
    pub reference_bands: bool,
    /// The subject's records so far, the oldest visit first, this one included; empty without a history.
    pub visits: &'a [Visit],
}

/// One page for one subject with one or more views. All text in it is escaped, and nothing outside it is asked for.
///
/// # Errors
/// [`Error::Usage`] without a sheet.
///
/// ```
/// use orthostat::core::record::Record;
/// use orthostat::report::html::{self, Options, Picture, Sheet};
/// let record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref())?;
/// let picture = Picture::Withheld("the photo is not at hand".into());
/// let page = html::page(&[Sheet { record: &record, picture }], &Options { subject: Some("A <b>"), ..Options::default() })?;
/// assert!(page.contains("left shoulder higher") && page.contains("A &#60;b&#62;"));
/// # Ok::<(), orthostat::core::error::Error>(())
/// ```
pub fn page(sheets: &[Sheet<'_>], options: &Options<'_>) -> Result<String> {
    let Some(first) = sheets.first() else {
        return Err(Error::Usage { reason: "a page needs at least one measured photo".into() });
    };
    let views: Vec<ViewPart> =
        sheets.iter().enumerate().map(|(index, sheet)| ViewPart::of(index + 1, sheet, options)).collect();
    let page = Page {
        style: include_str!("page.css"),
        toggles: views.iter().flat_map(|view| view.layers.iter().map(|layer| layer.rule.clone())).collect(),
        subject: options.subject,
        date: options.date.map(|date| date.to_string()),
        version: &first.record.tool.version,
        measured_by: measured_by(sheets),
        bands: options.reference_bands,
        caution: crate::report::CAUTION,
        views,
    };
    page.render().map_err(|error| Error::Usage { reason: format!("the page cannot be made: {error}") })
}

fn measured_by(sheets: &[Sheet<'_>]) -> String {
    let mut models: Vec<&str> = sheets.iter().map(|sheet| sheet.record.tool.model.as_str()).collect();
    models.dedup();
    models.join(", ")
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    style: &'static str,
    toggles: String,
    subject: Option<&'a str>,
    date: Option<String>,
    version: &'a str,
    measured_by: String,
    bands: bool,
    caution: &'static str,
    views: Vec<ViewPart>,
}

struct LayerPart {
    id: String,
    name: &'static str,
    color: String,
    /// The style rule that hides it while its box is not ticked.
    rule: String,
}

struct Row {
    label: &'static str,
    value: String,
    error: String,
    millimetres: String,
    bar: String,
    words: String,
    resolved: bool,
    reference: Vec<String>,
    /// Where the ranges come from, for the list below the table.
    sources: Vec<String>,
}

struct Group {
    title: &'static str,
    axis: String,
    rows: Vec<Row>,
}

struct ViewPart {
    number: usize,
    heading: String,
    file: String,
    readings: usize,
    found: Vec<String>,
    unresolved: usize,
    measured: usize,
    missing: usize,
    layers: Vec<LayerPart>,
    picture: Option<String>,
    withheld: Option<String>,
    caption: String,
    diagram: String,
    diagram_caption: String,
    groups: Vec<Group>,
    sources: Vec<String>,
    spine: Option<(String, String)>,
    flags: Vec<String>,
    warnings: Vec<String>,
    levelled: String,
    turned: Option<String>,
    refused: Vec<(String, String)>,
    trend: Option<Trend>,
}

impl ViewPart {
    fn of(number: usize, sheet: &Sheet<'_>, options: &Options<'_>) -> Self {
        let record = sheet.record;
        let values: Vec<(Measure, &MeasureRecord)> = Measure::ALL
            .into_iter()
            .filter_map(|measure| Some((measure, record.measure(measure)?)))
            .filter(|(_, found)| found.value.is_some())
            .collect();
        let found: Vec<String> = values
            .iter()
            .filter(|(measure, found)| found.resolved == Some(true) && !measure.says()[0].is_empty())
            .filter_map(|(_, found)| found.words.as_deref().map(in_signs))
            .collect();
        let unresolved = values.iter().filter(|(_, found)| found.resolved == Some(false)).count();
        let (picture, layers, withheld) = match &sheet.picture {
            Picture::Shown { href, window } => {
                let (picture, layers) = picture(number, record, href, *window);
                (Some(picture), layers, None)
            }
            Picture::Withheld(why) => (None, Vec::new(), Some(sentence(why))),
        };
        let (diagram, diagram_caption) = diagram::draw(record);
        let groups = groups(record, options.reference_bands);
        let visits: Vec<Visit> =
            options.visits.iter().filter(|visit| visit.record.view.kind == record.view.kind).cloned().collect();
        Self {
            number,
            heading: sentence(&words::view_words(record)).trim_end_matches('.').to_owned(),
            file: words::file_words(record),
            readings: record.tool.readings,
            found,
            unresolved,
            measured: values.len(),
            missing: Measure::ALL.into_iter().filter_map(|m| record.measure(m)).count() - values.len(),
            layers,
            picture,
            withheld,
            caption: sentence(&overlay::caption(record)),
            diagram,
            diagram_caption,
            sources: sources(&groups),
            groups,
            spine: spine::draw(record),
            flags: record.quality.flags.iter().map(|flag| sentence(&flag.text)).collect(),
            warnings: record.warnings.iter().map(|warning| sentence(warning)).collect(),
            levelled: levelled(record),
            turned: turned(record),
            refused: refused(record),
            trend: (!visits.is_empty()).then(|| {
                let trend = Trend::of(&visits);
                Trend { notes: trend.notes.iter().map(|note| sentence(note)).collect(), ..trend }
            }),
        }
    }
}

/// A sentence of its own: with a capital at its head and a stop at its end.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// Degrees and minus signs as print has them.
fn in_signs(words: &str) -> String {
    let words = words.replace(" degrees", "°").replace(" deg", "°").replace("+-", "±");
    words.replace(" -", " \u{2212}").replace("(-", "(\u{2212}")
}

/// The picture with its lines, and the boxes that show and hide them.
fn picture(number: usize, record: &Record, href: &str, [x, y, width, height]: [f64; 4]) -> (String, Vec<LayerPart>) {
    let layers = svg::layers(record, (height / 450.0).max(0.5));
    let names: Vec<&str> = layers.iter().map(|layer| layer.name).collect();
    let mut out = format!(
        "<svg class=\"picture\" viewBox=\"{x} {y} {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"Photo of the person, {}, with {}\">\
         <image class=\"photo-{number}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
         href=\"{href}\"/>",
        escaped(&overlay::caption(record)),
        escaped(&names.join(", ")),
    );
    let mut parts = Vec::new();
    let mut part = |id: &str, name, color| {
        let id = format!("{id}-{number}");
        parts.push(LayerPart {
            rule: format!(".view:has(#{id}:not(:checked)) .{id}{{display:none}}\n"),
            id,
            name,
            color,
        });
    };
    part("photo", "photo", "#c9d1d8".to_owned());
    for layer in layers {
        out.push_str(&format!("<g class=\"{}-{number}\">{}</g>", layer.id, layer.body));
        part(layer.id, layer.name, hex(layer.color));
    }
    out.push_str("</svg>");
    (out, parts)
}

/// Measures that share an axis.
struct Kind {
    title: &'static str,
    unit: &'static str,
    /// What lies to either side; `None` where every bar has an axis of its own.
    sides: Option<[&'static str; 2]>,
    measures: &'static [Measure],
}

const KINDS: [Kind; 5] = [
    Kind {
        title: "Lines and leans, in degrees",
        unit: "°",
        sides: Some(["subject's right", "subject's left"]),
        measures: &[
            Measure::HeadTilt,
            Measure::ShoulderTilt,
            Measure::PelvicObliquity,
            Measure::ShoulderPelvisAngle,
            Measure::TrunkLean,
            Measure::KneeLevel,
            Measure::AnkleLevel,
            Measure::WaistTilt,
        ],
    },
    Kind {
        title: "Shifts beside the plumb line, in percent of trunk length",
        unit: " %",
        sides: Some(["subject's right", "subject's left"]),
        measures: &[
            Measure::TrunkShift,
            Measure::HeadShift,
            Measure::SpinalLineDeviation,
            Measure::TrunkMidlineDeviation,
        ],
    },
    Kind {
        title: "Knees, in degrees",
        unit: "°",
        sides: Some(["inward", "outward"]),
        measures: &[Measure::KneeAngleLeft, Measure::KneeAngleRight],
    },
    Kind {
        title: "Left against right, each on a scale of its own",
        unit: "",
        sides: None,
        measures: &[
            Measure::KneeAngleDifference,
            Measure::LegLengthDifference,
            Measure::WeightShift,
            Measure::ArmGapAsymmetry,
        ],
    },
    Kind {
        title: "From the side, each on a scale of its own",
        unit: "",
        sides: None,
        measures: &[
            Measure::EarShoulderAngle,
            Measure::ForwardHead,
            Measure::TrunkSagittalLean,
            Measure::BodyPlumb,
            Measure::KneeHyperextension,
        ],
    },
];

fn groups(record: &Record, with_bands: bool) -> Vec<Group> {
    KINDS
        .iter()
        .filter_map(|kind| {
            let found: Vec<(Measure, &MeasureRecord, [f64; 2])> = kind
                .measures
                .iter()
                .filter_map(|&measure| {
                    let found = record.measure(measure)?;
                    Some((measure, found, found.interval95.filter(|_| found.value.is_some())?))
                })
                .collect();
            let end = axis_end(found.iter().flat_map(|(_, _, interval)| *interval));
            let rows: Vec<Row> = found
                .into_iter()
                .filter_map(|(measure, found, interval)| {
                    let bands = if with_bands { reference::bands(measure, record) } else { Vec::new() };
                    row(measure, found, interval, kind.sides.is_some().then_some(end), &bands)
                })
                .collect();
            let axis = kind.sides.map_or_else(String::new, |sides| axis(end, kind.unit, sides));
            (!rows.is_empty()).then_some(Group { title: kind.title, axis, rows })
        })
        .collect()
}

fn row(measure: Measure, found: &MeasureRecord, interval: [f64; 2], end: Option<f64>, bands: &[Band]) -> Option<Row> {
    let value = found.value?;
    let unit = if measure.unit() == Unit::Degrees { "°" } else { " %" };
    let bar = if measure.says()[0].is_empty() {
        // Zero is no neutral place for it.
        String::new()
    } else {
        let own = axis_end(interval.into_iter());
        let ends = [format!("\u{2212}{own}{unit}"), format!("+{own}{unit}")];
        let resolved = found.resolved == Some(true);
        Bar { value, interval, resolved, end: end.unwrap_or(own), bands, ends: end.is_none().then_some(ends) }.svg()
    };
    Some(Row {
        label: measure.label(),
        value: format!("{}{unit}", signed(value).replace('-', "\u{2212}")),
        error: format!("± {:.1}", 0.5 * (interval[1] - interval[0])),
        millimetres: found.value_mm.map(|mm| format!("{mm:+.0} mm").replace('-', "\u{2212}")).unwrap_or_default(),
        bar,
        words: if measure.says()[0].is_empty() { "no side to tell".into() } else { words::short_words(measure, found) },
        resolved: found.resolved == Some(true) && !measure.says()[0].is_empty(),
        reference: bands
            .iter()
            .map(|band| {
                in_signs(&format!(
                    "{}: {} {}",
                    sentence(&band.range.who).trim_end_matches('.'),
                    band.place(interval),
                    band.bounds(found.unit)
                ))
            })
            .collect(),
        sources: bands
            .iter()
            .map(|band| in_signs(&format!("{}: {} ({})", band.range.who, band.range.what, band.range.source)))
            .collect(),
    })
}

/// Each source once, with the measures that it is for.
fn sources(groups: &[Group]) -> Vec<String> {
    let mut sources: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in groups.iter().flat_map(|group| &group.rows) {
        for source in &row.sources {
            match sources.iter_mut().find(|(known, _)| *known == source.as_str()) {
                Some((_, labels)) => labels.push(row.label),
                None => sources.push((source, vec![row.label])),
            }
        }
    }
    sources.into_iter().map(|(source, labels)| sentence(&format!("{}, {source}", labels.join(" and ")))).collect()
}

fn levelled(record: &Record) -> String {
    let camera = &record.camera;
    if camera.level_from == LevelFrom::Nothing {
        return "Not levelled: nothing told how the camera was held, so its tilt is part of every tilt and lean, and the intervals \
                allow for it."
            .into();
    }
    in_signs(&format!(
        "{}, known to about {:.1}°. Every tilt, lean and shift is told against the true plumb line.",
        sentence(words::level_words(record).trim_start_matches(", ")).trim_end_matches('.'),
        1.96 * camera.level_sd_deg
    ))
}

fn turned(record: &Record) -> Option<String> {
    let (yaw, sd) = (record.subject.yaw_deg?, record.subject.yaw_sd_deg?);
    let side = if yaw > 0.0 { "left" } else { "right" };
    Some(if yaw.abs() <= 1.96 * sd {
        format!(
            "The body faced the camera squarely, as far as can be told (turned {:.0}° ± {:.0}).",
            yaw.abs(),
            1.96 * sd
        )
    } else {
        format!(
            "The body was turned {:.0}° to its {side} (± {:.0}), which was taken out of the values.",
            yaw.abs(),
            1.96 * sd
        )
    })
}

/// Reasons, each with the measures that it kept from being taken.
fn refused(record: &Record) -> Vec<(String, String)> {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for measure in Measure::ALL {
        let Some(found) = record.measure(measure).filter(|found| found.value.is_none()) else { continue };
        let reason = found.reason.clone().unwrap_or_default();
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, labels)) => labels.push(measure.label()),
            None => reasons.push((reason, vec![measure.label()])),
        }
    }
    reasons.into_iter().map(|(reason, labels)| (sentence(&reason), labels.join("; "))).collect()
}
