//! Drawing on a frame: lines by OpenCV, letters by the embedded font, cached between frames.

use std::collections::HashMap;

use opencv::core::{Mat, MatTraitConst, MatTraitManual, Point, Rect, Scalar, Vector};
use opencv::imgproc::{LINE_8, LINE_AA, circle, line, polylines};
use orthostat::report::font::{self, Glyph};
use orthostat::report::scene::shape;

/// Blue, green, red.
pub type Color = [u8; 3];

/// A colour of [`shape`] in OpenCV's order.
#[must_use]
pub const fn bgr([red, green, blue]: shape::Rgb) -> Color {
    [blue, green, red]
}

/// See [`shape::ORANGE`].
pub const ORANGE: Color = bgr(shape::ORANGE);
/// See [`shape::SKY`].
pub const SKY: Color = bgr(shape::SKY);
/// See [`shape::GREEN`].
pub const GREEN: Color = bgr(shape::GREEN);
/// See [`shape::YELLOW`].
pub const YELLOW: Color = bgr(shape::YELLOW);
/// See [`shape::VERMILLION`].
pub const VERMILLION: Color = bgr(shape::VERMILLION);
/// See [`shape::WHITE`].
pub const WHITE: Color = bgr(shape::WHITE);
/// See [`shape::GREY`].
pub const GREY: Color = bgr(shape::GREY);
/// See [`shape::INK`].
pub const INK: Color = bgr(shape::INK);

/// The cache of letters.
#[derive(Debug, Default)]
pub struct Letters {
    kept: HashMap<(char, u32), Glyph>,
}

impl Letters {
    fn glyph(&mut self, letter: char, size: u32) -> &Glyph {
        self.kept.entry((letter, size)).or_insert_with(|| font::glyph(letter, size as f32))
    }

    /// Width of a line of text, in pixels.
    pub fn width(&mut self, text: &str, size: u32) -> i32 {
        text.chars().map(|letter| self.glyph(letter, size).advance).sum::<f32>().ceil() as i32
    }

    /// The text in lines that are at most `most` pixels wide, broken between words.
    pub fn lines(&mut self, text: &str, size: u32, most: i32) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            let longer = lines.last().map(|line| format!("{line} {word}"));
            match (longer, lines.last_mut()) {
                (Some(longer), Some(line)) if self.width(&longer, size) <= most => *line = longer,
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }

    /// Writes a line of text, its baseline's left end at `x`, `y`.
    pub fn write(&mut self, frame: &mut Mat, text: &str, x: i32, y: i32, size: u32, color: Color) {
        let (width, height) = (frame.cols(), frame.rows());
        let Ok(bytes) = frame.data_bytes_mut() else { return };
        let mut pen = x as f32;
        for letter in text.chars() {
            let glyph = self.glyph(letter, size);
            let (left, top) = (pen.round() as i32 + glyph.offset[0], y + glyph.offset[1]);
            for (row, line) in glyph.cover.chunks_exact(glyph.width.max(1)).enumerate() {
                for (column, &cover) in line.iter().enumerate() {
                    let (px, py) = (left + column as i32, top + row as i32);
                    if cover > 0 && (0..width).contains(&px) && (0..height).contains(&py) {
                        let at = 3 * (py as usize * width as usize + px as usize);
                        blend(&mut bytes[at..at + 3], color, u32::from(cover));
                    }
                }
            }
            pen += glyph.advance;
        }
    }
}

/// Blends a colour over a pixel, by a share of 255.
fn blend(pixel: &mut [u8], color: Color, share: u32) {
    for (under, over) in pixel.iter_mut().zip(color) {
        *under = ((u32::from(*under) * (255 - share) + u32::from(over) * share + 127) / 255) as u8;
    }
}

/// Darkens a rectangle, for legible text on it.
pub fn shade(frame: &mut Mat, area: Rect) {
    let (width, height) = (frame.cols(), frame.rows());
    let Ok(bytes) = frame.data_bytes_mut() else { return };
    let (left, right) = (area.x.clamp(0, width) as usize, (area.x + area.width).clamp(0, width) as usize);
    for y in area.y.clamp(0, height)..(area.y + area.height).clamp(0, height) {
        let row = 3 * y as usize * width as usize;
        for byte in &mut bytes[row + 3 * left..row + 3 * right] {
            *byte = (u16::from(*byte) * 3 / 10 + 14) as u8;
        }
    }
}

fn scalar(color: Color) -> Scalar {
    Scalar::new(f64::from(color[0]), f64::from(color[1]), f64::from(color[2]), 0.0)
}

/// A line with a dark outline, visible on any clothing.
///
/// # Errors
/// What OpenCV says.
pub fn cased(frame: &mut Mat, from: Point, to: Point, color: Color, thick: i32) -> opencv::Result<()> {
    line(frame, from, to, scalar(INK), thick + 2, LINE_8, 0)?;
    line(frame, from, to, scalar(color), thick, LINE_AA, 0)
}

/// A plain thin line.
///
/// # Errors
/// What OpenCV says.
pub fn thin(frame: &mut Mat, from: Point, to: Point, color: Color) -> opencv::Result<()> {
    line(frame, from, to, scalar(color), 1, LINE_8, 0)
}

/// A faint line, for grids.
pub fn faint(frame: &mut Mat, from: [f64; 2], to: [f64; 2]) {
    let (width, height) = (frame.cols(), frame.rows());
    let Ok(bytes) = frame.data_bytes_mut() else { return };
    let along = [to[0] - from[0], to[1] - from[1]];
    let steps = along[0].abs().max(along[1].abs()).ceil().clamp(1.0, 1e5);
    for step in 0..steps as i32 {
        let share = f64::from(step) / steps;
        let [x, y] = [from[0] + share * along[0], from[1] + share * along[1]].map(|v| v.floor() as i32);
        if (0..width).contains(&x) && (0..height).contains(&y) {
            let at = 3 * (y as usize * width as usize + x as usize);
            blend(&mut bytes[at..at + 3], WHITE, 56);
        }
    }
}

/// A polyline.
///
/// # Errors
/// What OpenCV says.
pub fn curve(frame: &mut Mat, points: &Vector<Point>, color: Color) -> opencv::Result<()> {
    polylines(frame, points, false, scalar(color), 2, LINE_8, 0)
}

/// A dot with a dark outline.
///
/// # Errors
/// What OpenCV says.
pub fn dot(frame: &mut Mat, at: Point, radius: i32, color: Color) -> opencv::Result<()> {
    circle(frame, at, radius + 1, scalar(INK), -1, LINE_8, 0)?;
    circle(frame, at, radius, scalar(color), -1, LINE_AA, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use opencv::core::{CV_8UC3, MatTraitConstManual};

    #[test]
    fn letters_cover_where_they_stand_and_stay_inside() {
        let mut frame = Mat::new_rows_cols_with_default(40, 120, CV_8UC3, Scalar::all(0.0)).unwrap();
        let mut letters = Letters::default();
        let width = letters.width("level", 20);
        assert!((30..120).contains(&width), "{width}");
        letters.write(&mut frame, "level", 10, 30, 20, WHITE);
        let bytes = frame.data_bytes().unwrap().to_vec();
        let lit = |x: i32| (0..40).any(|y| bytes[3 * (y * 120 + x as usize)] > 200);
        assert!((10..10 + width).any(lit) && !(0..8).any(lit) && !(12 + width..120).any(lit));
        let text = "shoulders tilted to the left";
        let lines = letters.lines(text, 10, 100);
        assert!(lines.len() > 1 && lines.iter().all(|line| letters.width(line, 10) <= 100), "{lines:?}");
        assert_eq!(lines.join(" "), text);
        // Drawing beyond the edges has no effect.
        letters.write(&mut frame, "level", 110, -3, 20, WHITE);
        letters.write(&mut frame, "level", -30, 45, 20, WHITE);
        shade(&mut frame, Rect::new(-10, 30, 500, 500));
    }
}
