//! Text on pictures, in the one embedded font.

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider};
use tiny_skia::{FillRule, Mask, Paint, Path, PathBuilder, Pixmap, Transform};

/// DejaVu Sans Bold, reduced to printable ASCII and a few other characters. Its licence is in the same folder.
fn font() -> Option<FontRef<'static>> {
    FontRef::new(include_bytes!("DejaVuSans-Bold-subset.ttf")).ok()
}

/// The font at a size in pixels, which is the line height: from the lowest descender to the highest ascender.
struct Scaled {
    font: FontRef<'static>,
    size: Size,
}

impl Scaled {
    fn of(size: f32) -> Option<Self> {
        let font = font()?;
        let metrics = font.metrics(Size::unscaled(), LocationRef::default());
        let height = metrics.ascent - metrics.descent;
        let size = Size::new(size * f32::from(metrics.units_per_em) / height);
        Some(Self { font, size })
    }

    fn advance(&self, letter: char) -> f32 {
        let id = self.font.charmap().map(letter).unwrap_or_default();
        self.font.glyph_metrics(self.size, LocationRef::default()).advance_width(id).unwrap_or_default()
    }

    /// A letter's outline with the pen at `x`, `y`; `None` for a letter without one, such as a space.
    fn outline(&self, letter: char, x: f32, y: f32) -> Option<Path> {
        let id = self.font.charmap().map(letter).unwrap_or_default();
        let mut pen = Pen { path: PathBuilder::new(), x, y };
        let settings = DrawSettings::unhinted(self.size, LocationRef::default());
        self.font.outline_glyphs().get(id)?.draw(settings, &mut pen).ok()?;
        pen.path.finish()
    }
}

/// Turns a font's outlines, whose y points up, into paths of a picture.
struct Pen {
    path: PathBuilder,
    x: f32,
    y: f32,
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, self.y - y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, self.y - y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + cx, self.y - cy, self.x + x, self.y - y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x + ax, self.y - ay, self.x + bx, self.y - by, self.x + x, self.y - y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// Width of a line of text of this size, in pixels.
#[must_use]
pub fn width(text: &str, size: f32) -> f32 {
    let Some(font) = Scaled::of(size) else { return 0.0 };
    text.chars().map(|letter| font.advance(letter)).sum()
}

/// The size of the font's em square at a size in pixels, which is what SVG and CSS call the font size.
#[must_use]
pub fn em(size: f64) -> f64 {
    let metrics = font().map(|font| font.metrics(Size::unscaled(), LocationRef::default()));
    metrics.map_or(size, |metrics| size * f64::from(metrics.units_per_em) / f64::from(metrics.ascent - metrics.descent))
}

/// Writes a line of text with its baseline's left end at `x`, `y`, in an opaque colour (red, green, blue).
pub fn write(pixmap: &mut Pixmap, text: &str, x: f32, y: f32, size: f32, color: [u8; 3]) {
    let Some(font) = Scaled::of(size) else { return };
    let [red, green, blue] = color;
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(red, green, blue, 255);
    let mut pen = x;
    for letter in text.chars() {
        if let Some(path) = font.outline(letter, pen, y) {
            pixmap.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
        }
        pen += font.advance(letter);
    }
}

/// A letter as a small picture of the coverage of each pixel.
#[derive(Debug, Clone, Default)]
pub struct Glyph {
    /// Coverage, row by row, 0 to 255.
    pub cover: Vec<u8>,
    /// Pixels per row.
    pub width: usize,
    /// The position of the upper left pixel relative to the pen, to the right and down.
    pub offset: [i32; 2],
    /// How far the pen advances.
    pub advance: f32,
}

/// A letter of a size in pixels, for callers that cache letters for many frames.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounds of letters are small")]
pub fn glyph(letter: char, size: f32) -> Glyph {
    let Some(font) = Scaled::of(size) else { return Glyph::default() };
    let advance = font.advance(letter);
    let empty = Glyph { advance, ..Glyph::default() };
    let Some(path) = font.outline(letter, 0.0, 0.0) else { return empty };
    let bounds = path.bounds();
    let (left, top) = (bounds.left().floor(), bounds.top().floor());
    let (width, height) = ((bounds.right().ceil() - left) as u32, (bounds.bottom().ceil() - top) as u32);
    let Some(mut mask) = Mask::new(width, height) else { return empty };
    mask.fill_path(&path, FillRule::Winding, true, Transform::from_translate(-left, -top));
    Glyph { cover: mask.take(), width: width as usize, offset: [left as i32, top as i32], advance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_the_place_and_the_weight_of_their_outlines() {
        let letter = glyph('H', 40.0);
        let height = letter.cover.len() / letter.width;
        // Capitals stand on the baseline and reach to 0.73 of an em, an em being 0.86 of a line.
        assert_eq!(letter.offset[1] + i32::try_from(height).expect("small"), 0);
        assert!((23..=27).contains(&height) && (20.0..32.0).contains(&letter.advance), "{height} {}", letter.advance);
        // Two bold stems and a bar.
        let share =
            letter.cover.iter().map(|&cover| f64::from(cover)).sum::<f64>() / (255.0 * letter.cover.len() as f64);
        assert!((0.45..0.7).contains(&share), "{share}");
        assert!(glyph(' ', 40.0).cover.is_empty() && glyph(' ', 40.0).advance > 5.0);
        assert!((width("HH", 40.0) - 2.0 * letter.advance).abs() < 1e-3);
    }

    #[test]
    fn text_is_written_where_it_is_said() {
        let mut pixmap = Pixmap::new(60, 40).expect("a picture");
        pixmap.fill(tiny_skia::Color::WHITE);
        write(&mut pixmap, "H", 10.0, 30.0, 24.0, [255, 0, 0]);
        let red = |x: u32, y: u32| pixmap.pixel(x, y).is_some_and(|p| (p.red(), p.green(), p.blue()) == (255, 0, 0));
        let marked: Vec<(u32, u32)> =
            (0..40).flat_map(|y| (0..60).map(move |x| (x, y))).filter(|&(x, y)| red(x, y)).collect();
        assert!(!marked.is_empty());
        assert!(marked.iter().all(|&(x, y)| (10..30).contains(&x) && (12..30).contains(&y)), "{marked:?}");
    }
}
