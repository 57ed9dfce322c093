//! The annotated picture: joints, level lines, plumb line and spinal line, with signed labels in words.
//!
//! Colours are those of Okabe and Ito, which people with any colour vision tell apart; every line is also named.

use std::borrow::Cow;

use image::{RgbImage, imageops};
use tiny_skia::{Color, FillRule, LineCap, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};

use super::{font, signed};
use crate::core::body::skeleton::{BONES, Joint, Pair};
use crate::core::body::view::View;
use crate::core::error::Result;
use crate::core::geometry::Point;
use crate::core::measure::Measure;
use crate::core::record::states::Symbol;
use crate::core::record::{MeasureRecord, Record};
use crate::vision::photo::{Photo, SHOWN_SIDE};

pub(super) type Rgb = [u8; 3];
const ORANGE: Rgb = [230, 159, 0];
pub(super) const SKY: Rgb = [86, 180, 233];
const GREEN: Rgb = [0, 158, 115];
pub(super) const YELLOW: Rgb = [240, 228, 66];
pub(super) const VERMILLION: Rgb = [213, 94, 0];
pub(super) const WHITE: Rgb = [255, 255, 255];
pub(super) const INK: Rgb = [20, 20, 20];

/// The level lines that are drawn: pair, measure, colour.
pub(super) const LINES: [(Pair, Measure, Rgb); 4] = [
    (Pair::EARS, Measure::HeadTilt, SKY),
    (Pair::SHOULDERS, Measure::ShoulderTilt, ORANGE),
    (Pair::HIPS, Measure::PelvicObliquity, GREEN),
    (Pair::ANKLES, Measure::AnkleLevel, VERMILLION),
];

/// A picture to draw on, and how photo pixels become its own.
struct Canvas {
    pixmap: Pixmap,
    scale: f64,
    /// Width of a thin line, which all else follows.
    unit: f32,
}

impl Canvas {
    /// The photo of `full_width` px, or a reduced copy of it, reduced to [`SHOWN_SIDE`] where it is larger; `None` for an empty
    /// photo.
    fn of(photo: &RgbImage, full_width: u32) -> Option<Self> {
        let longest = photo.width().max(photo.height());
        let shrink = (f64::from(SHOWN_SIDE) / f64::from(longest)).min(1.0);
        let size = |side: u32| ((f64::from(side) * shrink).round() as u32).max(1);
        let (width, height) = (size(photo.width()), size(photo.height()));
        let scale = shrink * f64::from(photo.width()) / f64::from(full_width.max(1));
        let reduced = if shrink < 1.0 { imageops::thumbnail(photo, width, height) } else { photo.clone() };
        let mut pixmap = Pixmap::new(width, height)?;
        for (target, pixel) in pixmap.pixels_mut().iter_mut().zip(reduced.pixels()) {
            let [red, green, blue] = pixel.0;
            *target = tiny_skia::PremultipliedColorU8::from_rgba(red, green, blue, 255)?;
        }
        Some(Self { pixmap, scale, unit: (width.max(height) as f32 / 600.0).max(1.0) })
    }

    fn place(&self, p: Point) -> (f32, f32) {
        ((p.x * self.scale) as f32, (p.y * self.scale) as f32)
    }

    fn stroke(&mut self, path: &Path, color: Rgb, width: f32) {
        let stroke = |width: f32| Stroke { width, line_cap: LineCap::Round, ..Stroke::default() };
        // A dark casing keeps every colour legible on any clothing.
        for (color, width) in [(INK, width + 0.9 * self.unit), (color, width)] {
            self.pixmap.stroke_path(path, &paint(color, 255), &stroke(width), Transform::identity(), None);
        }
    }

    fn line(&mut self, points: &[(f32, f32)], color: Rgb, width: f32) {
        let mut builder = PathBuilder::new();
        for (index, &(x, y)) in points.iter().enumerate() {
            if index == 0 { builder.move_to(x, y) } else { builder.line_to(x, y) }
        }
        if let Some(path) = builder.finish() {
            self.stroke(&path, color, width);
        }
    }

    fn dot(&mut self, (x, y): (f32, f32), radius: f32, color: Rgb) {
        for (color, radius) in [(INK, radius + 0.5 * self.unit), (color, radius)] {
            if let Some(path) = PathBuilder::from_circle(x, y, radius) {
                self.pixmap.fill_path(&path, &paint(color, 255), FillRule::Winding, Transform::identity(), None);
            }
        }
    }

    /// A line of text on a dark ground with a stripe of its colour, its left edge at `x`, its middle at `y`.
    fn label(&mut self, text: &str, x: f32, y: f32, size: f32, color: Rgb) {
        let (width, height) = (font::width(text, size) + 1.6 * size, 1.5 * size);
        let x = x.clamp(0.0, (self.pixmap.width() as f32 - width).max(0.0));
        let ground = Rect::from_xywh(x, y - 0.5 * height, width, height);
        let stripe = Rect::from_xywh(x, y - 0.5 * height, 0.5 * size, height);
        for (rect, color, alpha) in [(ground, INK, 205), (stripe, color, 255)] {
            if let Some(rect) = rect {
                self.pixmap.fill_rect(rect, &paint(color, alpha), Transform::identity(), None);
            }
        }
        font::write(&mut self.pixmap, text, x + size, y + 0.36 * size, size, WHITE);
    }

    fn into_image(self) -> RgbImage {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        let bytes = self.pixmap.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
        RgbImage::from_raw(width, height, bytes).unwrap_or_default()
    }
}

fn paint(color: Rgb, alpha: u8) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(Color::from_rgba8(color[0], color[1], color[2], alpha));
    paint
}

/// A photo's pixels in the detail that an annotated picture shows, where they were read reduced.
///
/// # Errors
/// As [`Photo::from_bytes`].
pub fn detailed(photo: &Photo) -> Result<Cow<'_, RgbImage>> {
    Ok(photo.detailed()?.map_or(Cow::Borrowed(&photo.pixels), |finer| Cow::Owned(finer.pixels)))
}

/// The photo with its record drawn over it, at most [`SHOWN_SIDE`] pixels long, without any metadata.
#[must_use]
pub fn draw(photo: &RgbImage, record: &Record) -> RgbImage {
    let Some(mut canvas) = Canvas::of(photo, record.source.width) else { return photo.clone() };
    let at = |joint: Joint| record.landmark(joint).map(|l| Point::new(l.x, l.y));
    let thin = canvas.unit;

    for (from, to) in BONES {
        if let (Some(from), Some(to)) = (at(from), at(to)) {
            let ends = [canvas.place(from), canvas.place(to)];
            canvas.line(&ends, WHITE, 0.6 * thin);
        }
    }
    draw_plumb_and_spine(&mut canvas, record);
    let mut labels: Vec<(f32, [String; 2], Rgb)> = Vec::new();
    if record.view.kind.facing().is_some() {
        for (pair, measure, color) in LINES {
            let Some([from, to]) = level_line(record, pair) else { continue };
            let ends = [canvas.place(from), canvas.place(to)];
            let middle = from.midpoint(to);
            canvas.line(&ends, color, 1.2 * thin);
            if let Some(found) = record.measure(measure) {
                labels.push((canvas.place(middle).1, label_text(measure, found), color));
            }
        }
        if let Some(found) = record.measure(Measure::TrunkLean)
            && let Some((a, b)) = at(Joint::LeftHip).zip(at(Joint::LeftShoulder))
        {
            let y = canvas.place(a.midpoint(b)).1;
            labels.push((y, label_text(Measure::TrunkLean, found), YELLOW));
        }
    } else {
        for (measure, joint) in [
            (Measure::EarShoulderAngle, Joint::LeftEar),
            (Measure::TrunkSagittalLean, Joint::LeftShoulder),
            (Measure::BodyPlumb, Joint::LeftHip),
            (Measure::KneeHyperextension, Joint::LeftKnee),
        ] {
            if let (Some(found), Some(p)) = (record.measure(measure), at(joint).or_else(|| at(joint.mirror()))) {
                labels.push((canvas.place(p).1, label_text(measure, found), YELLOW));
            }
        }
    }
    for joint in Joint::ALL {
        if let Some(p) = at(joint).filter(|_| is_drawn(joint)) {
            let p = canvas.place(p);
            canvas.dot(p, 1.6 * thin, YELLOW);
        }
    }
    draw_labels(&mut canvas, record, labels);
    draw_numbers(&mut canvas, record);
    draw_caption(&mut canvas, record);
    canvas.into_image()
}

/// The line through a pair of joints, drawn beyond the body on both sides: the shoulders' reaches past the arms, the short ones as
/// far. From the subject's left end to the right.
pub(super) fn level_line(record: &Record, pair: Pair) -> Option<[Point; 2]> {
    let at = |joint: Joint| record.landmark(joint).map(|l| Point::new(l.x, l.y));
    let (left, right) = (at(pair.left)?, at(pair.right)?);
    let along = right - left;
    let reach = along * ((0.5 * extended(record) / along.length().max(1.0)).max(0.6));
    let middle = left.midpoint(right);
    Some([middle + (-reach), middle + reach])
}

/// Fingers, corners of the eyes and of the mouth are read but not drawn: they would hide the face and the hands.
pub(super) fn is_drawn(joint: Joint) -> bool {
    matches!(joint, Joint::Nose | Joint::LeftEar | Joint::RightEar)
        || (joint.index() >= Joint::LeftShoulder.index() && joint.index() <= Joint::RightWrist.index())
        || joint.index() >= Joint::LeftHip.index()
}

/// How long level lines are drawn, in photo pixels: one and a half times the trunk.
fn extended(record: &Record) -> f64 {
    let at = |joint: Joint| record.landmark(joint).map(|l| Point::new(l.x, l.y));
    let middle = |pair: Pair| Some(at(pair.left)?.midpoint(at(pair.right)?));
    match (middle(Pair::SHOULDERS), middle(Pair::HIPS)) {
        (Some(shoulders), Some(hips)) => 1.2 * shoulders.distance(hips),
        _ => 0.2 * f64::from(record.source.height),
    }
}

/// The plumb line through a point, as the place that it has at each height of the picture: what is plumb in the world leans and
/// converges in the picture as the camera was held.
pub(super) fn plumb(record: &Record, foot: Point) -> impl Fn(f64) -> Point {
    let camera = record.levelling();
    let level_foot = camera.level(foot);
    move |y: f64| {
        let level_y = camera.level(Point::new(foot.x, y)).y;
        camera.unlevel(Point::new(level_foot.x, level_y))
    }
}

/// The true vertical through the middle of the ankles, and the chain of the body's middles with its offsets.
fn draw_plumb_and_spine(canvas: &mut Canvas, record: &Record) {
    let Some(line) = &record.spinal_line else { return };
    let Some(foot) = line.levels.last() else { return };
    let foot = Point::new(foot.x, foot.y);
    let up = plumb(record, foot);
    let top = line.levels.first().map_or(0.0, |level| level.y);
    let margin = 0.08 * (foot.y - top);
    let (from, to) = (canvas.place(up(foot.y + margin)), canvas.place(up(top - margin)));
    let dashes = 40;
    for dash in (0..dashes).step_by(2) {
        let along = |step: i32| {
            let share = step as f32 / dashes as f32;
            (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
        };
        let width = 0.9 * canvas.unit;
        canvas.line(&[along(dash), along(dash + 1)], SKY, width);
    }
    let chain: Vec<(f32, f32)> = line.levels.iter().map(|level| canvas.place(Point::new(level.x, level.y))).collect();
    let width = 1.4 * canvas.unit;
    canvas.line(&chain, YELLOW, width);
    let size = 6.0 * canvas.unit;
    for level in &line.levels[..line.levels.len().saturating_sub(1)] {
        let on_plumb = canvas.place(up(level.y));
        let p = canvas.place(Point::new(level.x, level.y));
        let width = 0.8 * canvas.unit;
        canvas.line(&[p, on_plumb], VERMILLION, width);
        canvas.label(
            &offset_text(level.offset),
            p.0.max(on_plumb.0) + 4.0 * canvas.unit,
            p.1 - 1.2 * size,
            size,
            YELLOW,
        );
    }
}

/// How far a level of the spinal line stands beside the plumb line.
pub(super) fn offset_text(offset: f64) -> String {
    let side = if offset > 0.0 { "left" } else { "right" };
    format!("{:.1} % {side}", offset.abs())
}

/// What a measure says, and its number with its error.
pub(super) fn label_text(measure: Measure, found: &MeasureRecord) -> [String; 2] {
    let (Some(value), Some([low, high])) = (found.value, found.interval95) else {
        return [measure.label().to_owned(), "not measured".to_owned()];
    };
    let error = 0.5 * (high - low);
    let unit = if found.unit == Symbol::Degrees { "°" } else { " %" };
    let [positive, negative] = measure.says();
    match (found.resolved, positive) {
        (_, "") => [measure.label().to_owned(), format!("{value:.1}{unit} ± {error:.1}")],
        (Some(true), _) => {
            let says = if value > 0.0 { positive } else { negative };
            [says.to_owned(), format!("by {:.1}{unit} ± {error:.1}", value.abs())]
        }
        _ => [format!("{}: not resolved", measure.label()), format!("{}{unit} ± {error:.1}", signed(value))],
    }
}

/// Labels stand beside the body, where there is more room, at the height of what they name.
fn draw_labels(canvas: &mut Canvas, record: &Record, mut labels: Vec<(f32, [String; 2], Rgb)>) {
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let width = canvas.pixmap.width() as f32;
    let [left, _, right, _] = record.subject.bounds.map(|edge| (edge * canvas.scale) as f32);
    let room = left.max(width - right).max(0.25 * width);
    let on_left = left >= width - right;
    let longest = labels.iter().flat_map(|(_, text, _)| text).map(|line| font::width(line, 1.0)).fold(1.0, f32::max);
    // Legible on a phone; as large as the room beside the body allows.
    let size = (0.96 * room / (longest + 1.6)).clamp(6.5 * canvas.unit, 11.0 * canvas.unit);
    let mut free = 0.8 * size;
    for (y, [says, number], color) in labels {
        let y = (y - 1.2 * size).max(free);
        let block = (font::width(&says, size).max(font::width(&number, size))) + 1.6 * size;
        let x = if on_left { 0.3 * size } else { width - block - 0.3 * size };
        canvas.label(&says, x, y, size, color);
        canvas.label(&number, x, y + 1.5 * size, size, color);
        free = y + 3.4 * size;
    }
}

/// The number of each of several people, as `--person` counts them.
fn draw_numbers(canvas: &mut Canvas, record: &Record) {
    let size = 10.0 * canvas.unit;
    for (number, &[x, y]) in (1..).zip(&record.subject.standing) {
        let (x, y) = canvas.place(Point::new(x, y));
        canvas.label(&format!("person {number}"), x, y, size, SKY);
    }
}

/// Which side of the person is where in the picture.
pub(super) fn caption(record: &Record) -> String {
    match record.view.kind {
        View::Anterior | View::Posterior => {
            let on_the_right = (record.view.kind == View::Anterior) != record.view.mirrored;
            format!("the subject's left is on the {} of this picture", if on_the_right { "right" } else { "left" })
        }
        side => format!("the subject's {} side", side.name()),
    }
}

fn draw_caption(canvas: &mut Canvas, record: &Record) {
    let caption = caption(record);
    let size = (9.0 * canvas.unit).min(0.94 * canvas.pixmap.width() as f32 / (font::width(&caption, 1.0) + 1.6));
    let y = canvas.pixmap.height() as f32 - size;
    canvas.label(&caption, 0.3 * size, y, size, WHITE);
}
