//! The annotated picture as SVG: the photo embedded, the lines as vectors.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::RgbImage;

use super::escape::escaped;
use super::scene::framing::Attitude;
use super::scene::shape::{INK, Label, Rgb, Shape, WHITE};
use super::scene::{self, Scene};
use super::{font, output};
use crate::core::error::Result;
use crate::core::geometry::Point;
use crate::core::record::Record;
use crate::vision::photo::SHOWN_SIDE;

const FONT: &str = "font-family=\"DejaVu Sans, Verdana, sans-serif\" font-weight=\"bold\"";

/// A colour in CSS notation.
#[must_use]
pub fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A picture as a data URL for an `href`, without metadata.
///
/// # Errors
/// When it cannot be encoded.
pub(super) fn embedded(picture: &RgbImage) -> Result<String> {
    let bytes = output::jpeg(picture, "picture".as_ref())?;
    Ok(format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes)))
}

/// Shapes as SVG elements; `unit` is the width of a thin line.
#[must_use]
pub fn elements(shapes: &[Shape], unit: f64) -> String {
    shapes.iter().map(|shape| element(shape, unit)).collect()
}

fn element(shape: &Shape, unit: f64) -> String {
    match shape {
        Shape::Line { points, color, width, dashed } => {
            let places: Vec<String> = points.iter().map(|p| format!("{:.1},{:.1}", p.x, p.y)).collect();
            let places = places.join(" ");
            let dashes = if *dashed {
                format!(" stroke-dasharray=\"{:.1} {:.1}\"", 5.0 * unit, 4.0 * unit)
            } else {
                String::new()
            };
            let stroke = |(color, width): (Rgb, f64)| {
                format!(
                    "<polyline points=\"{places}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width:.1}\" \
                     stroke-linecap=\"round\" stroke-linejoin=\"round\"{dashes}/>",
                    hex(color)
                )
            };
            [(INK, width + 0.9 * unit), (*color, *width)].map(stroke).concat()
        }
        Shape::Hair { from, to } => {
            let stroke = |(color, opacity, width): (Rgb, f64, f64)| {
                format!(
                    "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"{}\" stroke-opacity=\"{opacity}\" stroke-width=\"{:.1}\"/>",
                    from.x,
                    from.y,
                    to.x,
                    to.y,
                    hex(color),
                    width * unit
                )
            };
            [(INK, 0.15, 1.1), (WHITE, 0.27, 0.5)].map(stroke).concat()
        }
        Shape::Dot { at, radius, color } => format!(
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{:.1}\"/>",
            at.x,
            at.y,
            hex(*color),
            hex(INK),
            0.5 * unit
        ),
        Shape::Tag { text, at, size, color } => tag(text, *at, *size, *color),
    }
}

/// Bold text with a dark edge.
fn tag(text: &str, at: Point, size: f64, color: Rgb) -> String {
    format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" {FONT} font-size=\"{:.1}\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{:.1}\" \
         stroke-linejoin=\"round\" paint-order=\"stroke\">{}</text>",
        at.x,
        at.y + 0.36 * size,
        font::em(size),
        hex(color),
        hex(INK),
        0.24 * size,
        escaped(text)
    )
}

fn label(label: &Label) -> String {
    let Label { lines, at, size, color } = label;
    let line = |(index, text): (usize, &String)| {
        let (x, y) = (at.x, at.y + 1.5 * size * index as f64);
        let width = f64::from(font::width(text, 1.0)) * size + 1.6 * size;
        format!(
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{}\" fill-opacity=\"0.8\"/>\
             <rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" {FONT} font-size=\"{:.1}\" fill=\"#fff\">{}</text>",
            y - 0.75 * size,
            1.5 * size,
            hex(INK),
            y - 0.75 * size,
            0.5 * size,
            1.5 * size,
            hex(*color),
            x + size,
            y + 0.36 * size,
            font::em(*size),
            escaped(text)
        )
    };
    lines.iter().enumerate().map(line).collect()
}

/// The photo with its record drawn over it as SVG, at most [`SHOWN_SIDE`] pixels inside, without any metadata. `photo` is the
/// measured photo or a reduced copy of it.
///
/// # Errors
/// When the photo cannot be encoded.
pub fn draw(photo: &RgbImage, record: &Record, attitude: Attitude) -> Result<String> {
    let scene = Scene::of(record, attitude);
    let [width, height] = scene.framing.size;
    let picture = scene.framing.whole(photo, record.source.width, f64::from(SHOWN_SIDE));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"Annotated photo, {caption}\">\n<image width=\"{width}\" height=\"{height}\" \
         preserveAspectRatio=\"none\" href=\"{}\"/>\n",
        embedded(&picture)?,
        caption = escaped(&scene::caption(record)),
    );
    for layer in &scene.layers {
        let body = elements(&layer.shapes, scene.unit);
        out.push_str(&format!("<g id=\"{}\"><title>{}</title>{body}</g>\n", layer.id, layer.name));
    }
    let labels: String = scene.labels.iter().map(label).collect();
    out.push_str(&format!("<g id=\"labels\">{labels}</g>\n</svg>\n"));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_holds_itself_and_what_the_lines_say() {
        let record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record");
        let svg = draw(&RgbImage::new(1080, 1440), &record, Attitude::AsTaken).expect("drawn");
        for part in ["viewBox=\"0 0 1080 1440\"", "data:image/jpeg;base64,", "left shoulder higher", "by 3.0° ± 2.4"]
        {
            assert!(svg.contains(part), "{part}");
        }
        assert_eq!(svg.matches("http").count(), 1, "the name of SVG alone");
    }
}
