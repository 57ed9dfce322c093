//! The annotated picture in pixels.

use std::borrow::Cow;

use image::RgbImage;
use tiny_skia::{Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};

use super::font;
use super::scene::Scene;
use super::scene::framing::Attitude;
use super::scene::shape::{INK, Label, Rgb, Shape, WHITE, dashes};
use crate::core::error::Result;
use crate::core::geometry::Point;
use crate::core::record::Record;
use crate::vision::photo::{Photo, SHOWN_SIDE};

/// A photo's pixels in the detail of an annotated picture, if they were read reduced.
///
/// # Errors
/// As [`Photo::from_bytes`].
pub fn detailed(photo: &Photo) -> Result<Cow<'_, RgbImage>> {
    Ok(photo.detailed()?.map_or(Cow::Borrowed(&photo.pixels), |finer| Cow::Owned(finer.pixels)))
}

/// The photo with its record drawn over it, at most [`SHOWN_SIDE`] pixels long, without any metadata. `photo` is the measured photo or a
/// reduced copy of it.
#[must_use]
pub fn draw(photo: &RgbImage, record: &Record, attitude: Attitude) -> RgbImage {
    let scene = Scene::of(record, attitude);
    let ground = scene.framing.whole(photo, record.source.width, f64::from(SHOWN_SIDE));
    let scale = f64::from(ground.width()) / scene.framing.size[0].max(1.0);
    let Some(mut canvas) = Canvas::over(&ground, scale, scene.unit) else { return ground };
    for shape in scene.layers.iter().flat_map(|layer| &layer.shapes) {
        canvas.shape(shape);
    }
    for label in &scene.labels {
        canvas.label(label);
    }
    canvas.into_image()
}

/// A picture to draw on, with its pixels per pixel of the scene.
struct Canvas {
    pixmap: Pixmap,
    scale: f64,
    /// Width of a thin line, in its own pixels.
    unit: f32,
}

impl Canvas {
    /// `None` for an empty picture.
    fn over(ground: &RgbImage, scale: f64, unit: f64) -> Option<Self> {
        let mut pixmap = Pixmap::new(ground.width(), ground.height())?;
        for (target, pixel) in pixmap.pixels_mut().iter_mut().zip(ground.pixels()) {
            let [red, green, blue] = pixel.0;
            *target = tiny_skia::PremultipliedColorU8::from_rgba(red, green, blue, 255)?;
        }
        Some(Self { pixmap, scale, unit: (unit * scale) as f32 })
    }

    fn into_image(self) -> RgbImage {
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        let bytes = self.pixmap.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
        RgbImage::from_raw(width, height, bytes).unwrap_or_default()
    }

    fn place(&self, p: Point) -> (f32, f32) {
        ((p.x * self.scale) as f32, (p.y * self.scale) as f32)
    }

    fn shape(&mut self, shape: &Shape) {
        let length = |value: f64, scale: f64| (value * scale) as f32;
        match shape {
            Shape::Line { points, color, width, dashed } => {
                let width = length(*width, self.scale);
                let (on, off) = (f64::from(5.0 * self.unit), f64::from(4.0 * self.unit));
                for pair in points.windows(2).filter(|_| *dashed) {
                    for piece in dashes(pair[0], pair[1], on / self.scale, off / self.scale) {
                        self.line(&piece, *color, width);
                    }
                }
                if !dashed {
                    self.line(points, *color, width);
                }
            }
            Shape::Hair { from, to } => {
                for (color, alpha, width) in [(INK, 38, 1.1), (WHITE, 70, 0.5)] {
                    if let Some(path) = self.path(&[*from, *to]) {
                        let stroke = Stroke { width: width * self.unit, ..Stroke::default() };
                        self.pixmap.stroke_path(&path, &paint(color, alpha), &stroke, Transform::identity(), None);
                    }
                }
            }
            Shape::Dot { at, radius, color } => {
                let ((x, y), radius) = (self.place(*at), length(*radius, self.scale));
                for (color, radius) in [(INK, radius + 0.5 * self.unit), (*color, radius)] {
                    if let Some(path) = PathBuilder::from_circle(x, y, radius) {
                        let paint = paint(color, 255);
                        self.pixmap.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
                    }
                }
            }
            Shape::Tag { text, at, size, color } => {
                let ((x, y), size) = (self.place(*at), length(*size, self.scale));
                self.words(text, x, y, size, *color);
            }
        }
    }

    fn path(&self, points: &[Point]) -> Option<Path> {
        let mut builder = PathBuilder::new();
        for (index, p) in points.iter().enumerate() {
            let (x, y) = self.place(*p);
            if index == 0 { builder.move_to(x, y) } else { builder.line_to(x, y) }
        }
        builder.finish()
    }

    /// A line with its outline.
    fn line(&mut self, points: &[Point], color: Rgb, width: f32) {
        let Some(path) = self.path(points) else { return };
        for (color, width) in [(INK, width + 0.9 * self.unit), (color, width)] {
            let stroke = Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() };
            self.pixmap.stroke_path(&path, &paint(color, 255), &stroke, Transform::identity(), None);
        }
    }

    fn ground(&mut self, [x, y, width, height]: [f32; 4], color: Rgb, alpha: u8) {
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            self.pixmap.fill_rect(rect, &paint(color, alpha), Transform::identity(), None);
        }
    }

    /// Words on a dark background, their left edge at `x`, the middle of their height at `y`.
    fn words(&mut self, text: &str, x: f32, y: f32, size: f32, color: Rgb) {
        let width = font::width(text, size) + 0.6 * size;
        self.ground([x, y - 0.6 * size, width, 1.2 * size], INK, 160);
        font::write(&mut self.pixmap, text, x + 0.3 * size, y + 0.36 * size, size, color);
    }

    fn label(&mut self, label: &Label) {
        let ((x, first), size) = (self.place(label.at), (label.size * self.scale) as f32);
        for (index, text) in label.lines.iter().enumerate() {
            let y = first + 1.5 * size * index as f32;
            let width = font::width(text, size) + 1.6 * size;
            self.ground([x, y - 0.75 * size, width, 1.5 * size], INK, 205);
            self.ground([x, y - 0.75 * size, 0.5 * size, 1.5 * size], label.color, 255);
            font::write(&mut self.pixmap, text, x + size, y + 0.36 * size, size, WHITE);
        }
    }
}

fn paint(color: Rgb, alpha: u8) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(Color::from_rgba8(color[0], color[1], color[2], alpha));
    paint
}
