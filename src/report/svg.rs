//! The annotated picture as SVG: the photo inside it, the lines over it as lines, in pixels of the upright photo.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{RgbImage, imageops};

use super::overlay::{self, INK, LINES, Rgb, SKY, VERMILLION, WHITE, YELLOW};
use super::{font, signed};
use crate::core::body::skeleton::{BONES, Joint, Pair};
use crate::core::body::view::View;
use crate::core::error::Result;
use crate::core::geometry::Point;
use crate::core::measure::Measure;
use crate::core::record::states::Symbol;
use crate::core::record::{MeasureRecord, Record};
use crate::report::output;
use crate::vision::photo::SHOWN_SIDE;

/// Lines of one kind over a picture, which can be shown or hidden together.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// A fixed word, such as `shoulders`.
    pub id: &'static str,
    /// What it shows, in words.
    pub name: &'static str,
    /// Its colour: red, green, blue.
    pub color: Rgb,
    /// SVG elements, in pixels of the upright photo.
    pub body: String,
}

/// Text as it may stand in SVG and HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML knows no control characters.
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

pub(super) fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A line with a dark casing, legible on any clothing.
fn line(points: &[Point], color: Rgb, width: f64, unit: f64, dashes: &str) -> String {
    let places: Vec<String> = points.iter().map(|p| format!("{:.1},{:.1}", p.x, p.y)).collect();
    let places = places.join(" ");
    let dashes = if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") };
    [(INK, width + 0.9 * unit), (color, width)]
        .map(|(color, width)| {
            format!(
                "<polyline points=\"{places}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width:.1}\" \
                 stroke-linecap=\"round\" stroke-linejoin=\"round\"{dashes}/>",
                hex(color)
            )
        })
        .concat()
}

fn dot(p: Point, radius: f64, unit: f64) -> String {
    format!(
        "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{:.1}\"/>",
        p.x,
        p.y,
        hex(YELLOW),
        hex(INK),
        0.5 * unit
    )
}

/// Bold text with a dark edge. `anchor` is `start`, `middle` or `end`.
fn tag(text: &str, p: Point, size: f64, color: Rgb, anchor: &str) -> String {
    format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" font-family=\"DejaVu Sans, Verdana, sans-serif\" font-weight=\"bold\" \
         font-size=\"{size:.1}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{:.1}\" stroke-linejoin=\"round\" \
         paint-order=\"stroke\" text-anchor=\"{anchor}\">{}</text>",
        p.x,
        p.y + 0.36 * size,
        hex(color),
        hex(INK),
        0.24 * size,
        escaped(text)
    )
}

/// The value with its sign and unit, such as `+3.0°`.
pub(super) fn value_text(found: &MeasureRecord) -> Option<String> {
    let unit = if found.unit == Symbol::Degrees { "°" } else { " %" };
    found.value.map(|value| format!("{}{unit}", signed(value).replace('-', "\u{2212}")))
}

/// Everything that is drawn over a photo, layer by layer from below. `unit` is the width of a thin line in pixels of the photo.
#[must_use]
pub fn layers(record: &Record, unit: f64) -> Vec<Layer> {
    let at = |joint: Joint| record.landmark(joint).map(|l| Point::new(l.x, l.y));
    let mut layers = Vec::new();
    let mut add = |id, name, color, body: String| {
        if !body.is_empty() {
            layers.push(Layer { id, name, color, body });
        }
    };
    let mut joints = String::new();
    for (from, to) in BONES {
        if let (Some(from), Some(to)) = (at(from), at(to)) {
            joints.push_str(&line(&[from, to], WHITE, 0.6 * unit, unit, ""));
        }
    }
    for p in Joint::ALL.into_iter().filter(|&joint| overlay::is_drawn(joint)).filter_map(at) {
        joints.push_str(&dot(p, 1.6 * unit, unit));
    }
    add("joints", "joints", YELLOW, joints);
    if let Some((foot, top)) = plumb_span(record) {
        let up = overlay::plumb(record, foot);
        let margin = 0.08 * (foot.y - top);
        let ends = [up(foot.y + margin), up(top - margin)];
        let dashes = format!("{:.1} {:.1}", 5.0 * unit, 4.0 * unit);
        add("plumb", "plumb line", SKY, line(&ends, SKY, 0.9 * unit, unit, &dashes));
    }
    if let Some(spine) = &record.spinal_line
        && let Some(foot) = spine.levels.last()
    {
        let up = overlay::plumb(record, Point::new(foot.x, foot.y));
        let chain: Vec<Point> = spine.levels.iter().map(|level| Point::new(level.x, level.y)).collect();
        let mut body = line(&chain, YELLOW, 1.4 * unit, unit, "");
        for level in &spine.levels[..spine.levels.len() - 1] {
            let p = Point::new(level.x, level.y);
            let plumb = up(level.y);
            body.push_str(&line(&[p, plumb], VERMILLION, 0.8 * unit, unit, ""));
            let size = 6.5 * unit;
            let beside = Point::new(p.x.max(plumb.x) + 4.0 * unit, p.y - 1.1 * size);
            body.push_str(&tag(&overlay::offset_text(level.offset), beside, size, YELLOW, "start"));
        }
        add("spine", "spinal line", YELLOW, body);
    }
    if record.view.kind.facing().is_some() {
        for (pair, measure, color) in LINES {
            let Some(ends) = overlay::level_line(record, pair) else { continue };
            let mut body = line(&ends, color, 1.2 * unit, unit, "");
            if let Some(text) = record.measure(measure).and_then(value_text) {
                // Beside the end that lies to the right in the picture.
                let end = if ends[0].x > ends[1].x { ends[0] } else { ends[1] };
                body.push_str(&tag(&text, Point::new(end.x + 3.0 * unit, end.y), 9.0 * unit, WHITE, "start"));
            }
            let (id, name) = match pair {
                Pair::EARS => ("head", "line of the head"),
                Pair::SHOULDERS => ("shoulders", "line of the shoulders"),
                Pair::HIPS => ("hips", "line of the hips"),
                _ => ("ankles", "line of the ankles"),
            };
            add(id, name, color, body);
        }
    }
    layers
}

/// Where the plumb line stands and how high it goes: over the middle of the ankles, or over the ankle in side views.
fn plumb_span(record: &Record) -> Option<(Point, f64)> {
    if let Some(spine) = &record.spinal_line {
        let (top, foot) = (spine.levels.first()?, spine.levels.last()?);
        return Some((Point::new(foot.x, foot.y), top.y));
    }
    let [ankle, ear] = match record.view.kind {
        View::LeftLateral => [Joint::LeftAnkle, Joint::LeftEar],
        View::RightLateral => [Joint::RightAnkle, Joint::RightEar],
        View::Anterior | View::Posterior => return None,
    };
    let (ankle, ear) = (record.landmark(ankle)?, record.landmark(ear)?);
    (ankle.y > ear.y).then(|| (Point::new(ankle.x, ankle.y), ear.y))
}

/// A picture as the text of an `href`, without metadata.
///
/// # Errors
/// When it cannot be encoded.
pub(super) fn embedded(picture: &RgbImage) -> Result<String> {
    let bytes = output::jpeg(picture, "picture".as_ref())?;
    Ok(format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes)))
}

/// The photo with its record drawn over it as SVG, at most [`SHOWN_SIDE`] pixels inside, without any metadata.
///
/// # Errors
/// When the photo cannot be encoded.
pub fn draw(photo: &RgbImage, record: &Record) -> Result<String> {
    let (width, height) = (record.source.width, record.source.height);
    let longest = photo.width().max(photo.height()).max(1);
    let reduced;
    let picture = if longest > SHOWN_SIDE {
        let scale = f64::from(SHOWN_SIDE) / f64::from(longest);
        let size = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
        reduced = imageops::thumbnail(photo, size(photo.width()), size(photo.height()));
        &reduced
    } else {
        photo
    };
    let unit = (f64::from(width.max(height)) / 600.0).max(1.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"Annotated photo, {caption}\">\n<image width=\"{width}\" height=\"{height}\" \
         preserveAspectRatio=\"none\" href=\"{}\"/>\n",
        embedded(picture)?,
        caption = escaped(&overlay::caption(record)),
    );
    for layer in layers(record, unit) {
        out.push_str(&format!("<g id=\"{}\"><title>{}</title>{}</g>\n", layer.id, layer.name, layer.body));
    }
    out.push_str(&labels(record, unit));
    out.push_str("</svg>\n");
    Ok(out)
}

/// A line of text on a dark ground, its left edge at `x`, its middle at `y`.
fn label(text: &str, x: f64, y: f64, size: f64, color: Rgb) -> String {
    let width = f64::from(font::width(text, 1.0)) * size + 1.6 * size;
    format!(
        "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{}\" fill-opacity=\"0.8\"/>\
         <rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" font-family=\"DejaVu Sans, Verdana, sans-serif\" font-weight=\"bold\" \
         font-size=\"{size:.1}\" fill=\"#fff\">{}</text>",
        y - 0.75 * size,
        1.5 * size,
        hex(INK),
        y - 0.75 * size,
        0.5 * size,
        1.5 * size,
        hex(color),
        x + size,
        y + 0.36 * size,
        escaped(text)
    )
}

/// What the lines say, in words beside the body, and which side is which.
fn labels(record: &Record, unit: f64) -> String {
    let at = |joint: Joint| record.landmark(joint).map(|l| Point::new(l.x, l.y));
    let width = f64::from(record.source.width);
    let mut named: Vec<(f64, Measure, Rgb)> = Vec::new();
    if record.view.kind.facing().is_some() {
        for (pair, measure, color) in LINES {
            named.extend(at(pair.left).zip(at(pair.right)).map(|(a, b)| (a.midpoint(b).y, measure, color)));
        }
        let trunk = at(Joint::LeftHip).zip(at(Joint::LeftShoulder));
        named.extend(trunk.map(|(a, b)| (a.midpoint(b).y, Measure::TrunkLean, YELLOW)));
    } else {
        for (measure, joint) in [
            (Measure::EarShoulderAngle, Joint::LeftEar),
            (Measure::TrunkSagittalLean, Joint::LeftShoulder),
            (Measure::BodyPlumb, Joint::LeftHip),
            (Measure::KneeHyperextension, Joint::LeftKnee),
        ] {
            named.extend(at(joint).or_else(|| at(joint.mirror())).map(|p| (p.y, measure, YELLOW)));
        }
    }
    named.sort_by(|a, b| a.0.total_cmp(&b.0));
    let texts: Vec<(f64, [String; 2], Rgb)> = named
        .into_iter()
        .filter_map(|(y, measure, color)| Some((y, overlay::label_text(measure, record.measure(measure)?), color)))
        .collect();
    let breadth = |text: &str| f64::from(font::width(text, 1.0)) + 1.6;
    let longest = texts.iter().flat_map(|(_, text, _)| text).map(|text| breadth(text)).fold(1.0, f64::max);
    let [left, _, right, _] = record.subject.bounds;
    let room = left.max(width - right).max(0.25 * width);
    let on_left = left >= width - right;
    let size = (0.96 * room / longest).clamp(6.5 * unit, 11.0 * unit);
    let mut free = 0.8 * size;
    let mut out = String::from("<g id=\"labels\">");
    for (y, [says, number], color) in texts {
        let y = (y - 1.2 * size).max(free);
        let block = size * breadth(&says).max(breadth(&number));
        let x = if on_left { 0.3 * size } else { (width - block - 0.3 * size).max(0.0) };
        out.push_str(&label(&says, x, y, size, color));
        out.push_str(&label(&number, x, y + 1.5 * size, size, color));
        free = y + 3.4 * size;
    }
    for (number, &[x, y]) in (1..).zip(&record.subject.standing) {
        out.push_str(&label(&format!("person {number}"), x, y, 10.0 * unit, SKY));
    }
    let caption = overlay::caption(record);
    let size = (9.0 * unit).min(0.94 * width / breadth(&caption));
    out.push_str(&label(&caption, 0.3 * size, f64::from(record.source.height) - size, size, WHITE));
    out.push_str("</g>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str) -> Record {
        Record::open(format!("tests/fixtures/records/{name}.json").as_ref()).expect("a record")
    }

    #[test]
    fn layers_show_what_was_found_and_nothing_else() {
        let ids = |name: &str| layers(&record(name), 2.0).iter().map(|layer| layer.id).collect::<Vec<_>>();
        assert_eq!(ids("anterior-tilted"), ["joints", "plumb", "spine", "head", "shoulders", "hips", "ankles"]);
        assert_eq!(ids("cropped-at-the-knees"), ["joints", "head", "shoulders", "hips"]);
        assert_eq!(ids("lateral-left"), ["joints", "plumb"]);
        let shoulders = layers(&record("anterior-tilted"), 2.0).remove(4).body;
        assert!(shoulders.contains("+3.0°"), "{shoulders}");
    }

    #[test]
    fn the_picture_holds_itself_and_what_the_lines_say() {
        let record = record("anterior-tilted");
        let svg = draw(&RgbImage::new(1080, 1440), &record).expect("drawn");
        for part in ["viewBox=\"0 0 1080 1440\"", "data:image/jpeg;base64,", "left shoulder higher", "by 3.0° ± 2.4"]
        {
            assert!(svg.contains(part), "{part}");
        }
        assert_eq!(svg.matches("http").count(), 1, "the name of SVG alone");
    }

    #[test]
    fn words_from_a_record_cannot_become_elements() {
        assert_eq!(escaped("<b a='1'>&\"\u{1}"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot; ");
    }
}
