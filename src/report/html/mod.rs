//! One self-contained page for one subject: pictures, diagrams, every measure with its interval, and the limits of the method.
//!
//! It contains no script, and its policy forbids every request: all content is inside.

mod bars;
mod both;
mod diagram;
pub mod index;
pub mod pair;
mod prose;
mod rows;
mod short;
mod spine;

use askama::Template;
use image::RgbImage;
use indexmap::IndexSet;

use super::escape::escaped;
use super::font;
use super::scene::figure::Figure;
use super::scene::framing::{Attitude, Framing};
use super::scene::shape::Shape;
use super::scene::{caption, tagged};
use super::svg::{self, hex};
use super::trend::Trend;
use super::{mask, words};
use crate::core::body::skeleton::Joint;
use crate::core::camera::LevelFrom;
use crate::core::compare::visit::{Date, Visit};
use crate::core::error::{Error, Result};
use crate::core::geometry::Point;
use crate::core::measure::Measure;
use crate::core::record::Record;
use prose::{in_signs, sentence};
use rows::{Group, groups, sources};

/// The largest side of pictures in a page, in pixels: 250 per printed inch.
const PICTURE_SIDE: f64 = 1200.0;

/// A picture in a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Picture {
    /// The person cut out of the photo, encoded without metadata.
    Shown {
        /// The text of its `href`.
        href: String,
        /// Left, top, width, height of the section in pixels of the displayed picture.
        window: [f64; 4],
        /// Whether it is turned upright.
        attitude: Attitude,
    },
    /// No picture, with the reason in one sentence.
    Withheld(String),
}

impl Picture {
    /// The person in a photo, or in a reduced copy of it, with margins for the lines.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn of(photo: &RgbImage, record: &Record, attitude: Attitude) -> Result<Self> {
        let framing = Framing::of(record, attitude);
        let edges = window(record, &framing);
        let picture = framing.cut(photo, record.source.width, edges, PICTURE_SIDE);
        let [left, top, right, bottom] = edges;
        Ok(Self::Shown { href: svg::embedded(&picture)?, window: [left, top, right - left, bottom - top], attitude })
    }

    /// The same with the head covered; withheld where it cannot be covered.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn masked(photo: &RgbImage, record: &Record, attitude: Attitude) -> Result<Self> {
        match mask::cover(photo, record) {
            Ok(covered) => Self::of(&covered, record, attitude),
            Err(why) => Ok(Self::Withheld(why.to_string())),
        }
    }
}

/// Left, top, right, bottom of the displayed section: the joints, with margins for hair, level lines and their numbers.
fn window(record: &Record, framing: &Framing) -> [f64; 4] {
    let figure = Figure::of(record);
    let trunk = figure.trunk();
    let joints = Joint::ALL.into_iter().filter_map(|joint| figure.joint(joint));
    let places: Vec<Point> = joints.map(|p| framing.place(p)).collect();
    let edge =
        |of: fn(&Point) -> f64, choose: fn(f64, f64) -> f64, start: f64| places.iter().map(of).fold(start, choose);
    let [width, height] = framing.size;
    if places.is_empty() {
        return [0.0, 0.0, width, height];
    }
    [
        (edge(|p| p.x, f64::min, width) - 0.75 * trunk).clamp(0.0, width).round(),
        (edge(|p| p.y, f64::min, height) - 0.6 * trunk).clamp(0.0, height).round(),
        (edge(|p| p.x, f64::max, 0.0) + 0.75 * trunk).clamp(0.0, width).round(),
        (edge(|p| p.y, f64::max, 0.0) + 0.25 * trunk).clamp(0.0, height).round(),
    ]
}

/// One view of the subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet<'a> {
    /// What was measured.
    pub record: &'a Record,
    /// The photo.
    pub picture: Picture,
    /// The day of the visit, if known; never the day in the photo's own metadata.
    pub date: Option<Date>,
}

/// The issuer of a page, and notes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Look<'a> {
    /// The clinic's name.
    pub clinic: Option<&'a str>,
    /// Its logo, as the address of an embedded picture (`data:`).
    pub logo: Option<&'a str>,
    /// Notes; an empty text gives an empty field for handwriting.
    pub notes: Option<&'a str>,
}

/// The content of a page besides the records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options<'a> {
    /// The subject's name, if one was given.
    pub subject: Option<&'a str>,
    /// Whether to show published reference ranges.
    pub reference_bands: bool,
    /// Whether all sheets are of one stance or visit. A subject's sheets of one day count as such in any case.
    pub one_visit: bool,
    /// The subject's records so far, the oldest visit first, this one included; empty without a history.
    pub visits: &'a [Visit],
    /// The issuer, and notes.
    pub look: Look<'a>,
}

/// One page for one subject with one or more views. All text in it is escaped, and it requests nothing from outside.
///
/// # Errors
/// [`Error::Usage`] without a sheet.
///
/// ```
/// use orthostat::core::record::Record;
/// use orthostat::report::html::{self, Options, Picture, Sheet};
/// let record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref())?;
/// let picture = Picture::Withheld("the photo is not at hand".into());
/// let page = html::page(&[Sheet { record: &record, picture, date: None }], &Options { subject: Some("A <b>"), ..Options::default() })?;
/// assert!(page.contains("left shoulder higher") && page.contains("A &lt;b&gt;"));
/// # Ok::<(), orthostat::core::error::Error>(())
/// ```
pub fn page(sheets: &[Sheet<'_>], options: &Options<'_>) -> Result<String> {
    let Some(first) = sheets.first() else {
        return Err(Error::Usage { reason: "a page needs at least one measured photo".into() });
    };
    let views: Vec<ViewPart> =
        sheets.iter().enumerate().map(|(index, sheet)| ViewPart::of(index + 1, sheet, options)).collect();
    let one_day = || sheets.iter().all(|sheet| sheet.date.is_some() && sheet.date == first.date);
    let one_visit = options.one_visit || (options.subject.is_some() && one_day());
    let records: Vec<&Record> = sheets.iter().map(|sheet| sheet.record).collect();
    let page = Page {
        both: if one_visit { both::rows(&records) } else { Vec::new() },
        style: include_str!("page.css"),
        toggles: views.iter().flat_map(|view| view.layers.iter().map(|layer| layer.rule.clone())).collect(),
        foot: foot(options.subject),
        subject: options.subject,
        days: days(sheets),
        changes: changes(&views),
        look: options.look,
        version: &first.record.tool.version,
        measured_by: measured_by(sheets),
        bands: options.reference_bands,
        caution: crate::report::CAUTION,
        headings: views.iter().map(|view| view.heading.clone()).collect::<IndexSet<String>>().into_iter().collect(),
        views,
    };
    page.render().map_err(|error| Error::Usage { reason: format!("the page cannot be made: {error}") })
}

/// The days of the sheets in words.
fn days(sheets: &[Sheet<'_>]) -> Option<String> {
    let days = || sheets.iter().filter_map(|sheet| sheet.date);
    let (first, last) = (days().min()?, days().max()?);
    Some(if first == last { first.to_string() } else { format!("{first} to {last}") })
}

/// The changes in all views, for the head of the page.
fn changes(views: &[ViewPart]) -> Vec<String> {
    let of = |view: &ViewPart| {
        let trend = view.trend.clone().unwrap_or_default();
        let several = views.len() > 1;
        let heading = view.heading.to_lowercase();
        trend.panels.into_iter().filter(|panel| panel.changed).map(move |panel| {
            let view = if several { format!(" ({heading})") } else { String::new() };
            format!("{}{view}: {}", sentence(panel.label).trim_end_matches('.'), panel.words)
        })
    };
    views.iter().flat_map(of).collect()
}

/// The style rule that puts the subject's name and the sheet's number at the foot of each printed sheet.
fn foot(subject: Option<&str>) -> String {
    // Every letter as a numeric escape: nothing in a name can end the text or the style.
    let name: String =
        subject.unwrap_or_default().chars().map(|letter| format!("\\{:06x}", u32::from(letter))).collect();
    format!(
        "@page {{ @bottom-left {{ content: \"{name}\"; }} @bottom-right {{ content: \"Sheet \" counter(page) \" of \" counter(pages); }} }}"
    )
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
    foot: String,
    subject: Option<&'a str>,
    days: Option<String>,
    /// The changes over the visits.
    changes: Vec<String>,
    look: Look<'a>,
    version: &'a str,
    measured_by: String,
    bands: bool,
    caution: &'static str,
    /// What front and back give together.
    both: Vec<both::Row>,
    /// The heading of each view once.
    headings: Vec<String>,
    views: Vec<ViewPart>,
}

struct LayerPart {
    id: String,
    name: &'static str,
    color: String,
    /// The style rule that hides it while its box is not ticked.
    rule: String,
}

struct ViewPart {
    number: usize,
    /// How many photos it joins.
    photos: usize,
    heading: String,
    date: Option<Date>,
    file: String,
    readings: usize,
    short: Vec<short::Line>,
    /// The fourth line: other resolved differences, and unresolved ones.
    rest: String,
    /// Why the photo should be taken again.
    advice: Option<String>,
    measured: usize,
    by_hand: String,
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
        let (picture, layers, withheld) = match &sheet.picture {
            Picture::Shown { href, window, attitude } => {
                let (picture, layers) = picture(number, record, href, *window, (*window, *attitude));
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
            photos: record.joined.len().max(1),
            date: sheet.date,
            file: words::file_words(record),
            readings: record.tool.readings,
            short: short::lines(record),
            rest: short::rest(record),
            advice: words::reason_for_another(record).map(|why| sentence(&why)),
            measured: record.measures.values().filter(|found| found.value.is_some()).count(),
            by_hand: short::by_hand(record),
            layers,
            picture,
            withheld,
            caption: sentence(&caption(record)),
            diagram,
            diagram_caption,
            sources: sources(&groups),
            groups,
            spine: spine::draw(record),
            flags: short::flags(record),
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

/// The picture with its lines, in a frame of the photo, and the checkboxes that show and hide them.
fn picture(
    number: usize,
    record: &Record,
    href: &str,
    [x, y, width, height]: [f64; 4],
    ([left, top, wide, high], attitude): ([f64; 4], Attitude),
) -> (String, Vec<LayerPart>) {
    let unit = (high / 450.0).max(0.5);
    let layers = tagged(record, &Framing::of(record, attitude), unit);
    let names: Vec<&str> = layers.iter().map(|layer| layer.name).collect();
    let mut out = format!(
        "<svg class=\"picture\" viewBox=\"{left} {top} {wide} {high}\" width=\"{wide}\" height=\"{high}\" role=\"img\" aria-label=\"Photo of the person, {}, with {}\">\
         <image class=\"photo-{number}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
         href=\"{href}\"/>",
        escaped(&caption(record)),
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
    for mut layer in layers {
        // Numbers at the ends of long lines stay in the displayed section.
        for shape in &mut layer.shapes {
            if let Shape::Tag { text, at, size, .. } = shape {
                let most = left + wide - *size * (f64::from(font::width(text, 1.0)) + 0.5);
                at.x = at.x.min(most).max(left);
            }
        }
        let body = svg::elements(&layer.shapes, unit);
        out.push_str(&format!("<g class=\"{}-{number}\">{body}</g>", layer.id));
        part(layer.id, layer.name, hex(layer.color));
    }
    out.push_str("</svg>");
    (out, parts)
}

fn levelled(record: &Record) -> String {
    let camera = &record.camera;
    if camera.level_from == LevelFrom::Nothing {
        return "Not levelled: nothing shows how the camera was held, so its tilt is part of every tilt and lean, and the intervals \
                allow for it."
            .into();
    }
    in_signs(&format!(
        "{}, known to about {:.1}°. Every tilt, lean and shift is relative to the true plumb line.",
        sentence(words::level_words(record).trim_start_matches(", ")).trim_end_matches('.'),
        1.96 * camera.level_sd_deg
    ))
}

fn turned(record: &Record) -> Option<String> {
    let (yaw, sd) = (record.subject.yaw_deg?, record.subject.yaw_sd_deg?);
    let side = if yaw > 0.0 { "left" } else { "right" };
    let stood = if record.view.kind.facing().is_some() { "faced the camera" } else { "stood side-on" };
    Some(if yaw.abs() <= 1.96 * sd {
        format!("The body {stood} squarely within the measurement error (turned {:.0}° ± {:.0}).", yaw.abs(), 1.96 * sd)
    } else {
        format!(
            "The body was turned {:.0}° to its {side} (± {:.0}), which was taken out of the values.",
            yaw.abs(),
            1.96 * sd
        )
    })
}

/// Reasons, each with the measures that it refused.
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
    let offered = words::offer(record).map(|(label, offer)| (sentence(&offer.replace('`', "")), label.to_owned()));
    reasons.into_iter().map(|(reason, labels)| (sentence(&reason), labels.join("; "))).chain(offered).collect()
}
