//! Letters on pictures: the one font that the program carries.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont};
use tiny_skia::{Pixmap, PremultipliedColorU8};

/// DejaVu Sans Bold, cut down to printable ASCII and a few signs. Its licence lies beside it.
fn font() -> Option<FontRef<'static>> {
    FontRef::try_from_slice(include_bytes!("DejaVuSans-Bold-subset.ttf")).ok()
}

/// Width of a line of text of this size, in pixels.
#[must_use]
pub fn width(text: &str, size: f32) -> f32 {
    let Some(font) = font() else { return 0.0 };
    let font = font.as_scaled(PxScale::from(size));
    text.chars().map(|letter| font.h_advance(font.glyph_id(letter))).sum()
}

/// Writes a line of text with its baseline's left end at `x`, `y`, in an opaque colour (red, green, blue).
pub fn write(pixmap: &mut Pixmap, text: &str, x: f32, y: f32, size: f32, color: [u8; 3]) {
    let Some(font) = font() else { return };
    let scaled = font.as_scaled(PxScale::from(size));
    let mut pen = x;
    for letter in text.chars() {
        let id = scaled.glyph_id(letter);
        let glyph = id.with_scale_and_position(PxScale::from(size), ab_glyph::point(pen, y));
        pen += scaled.h_advance(id);
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let bounds = outline.px_bounds();
        outline.draw(|dx, dy, cover| {
            blend(pixmap, bounds.min.x + dx as f32, bounds.min.y + dy as f32, cover.clamp(0.0, 1.0), color);
        });
    }
}

/// A letter as a small picture of how much of each pixel it covers.
#[derive(Debug, Clone, Default)]
pub struct Glyph {
    /// Covered shares, row by row, 0 to 255.
    pub cover: Vec<u8>,
    /// Pixels in a row.
    pub width: usize,
    /// Where the upper left pixel lies from the pen, to the right and down.
    pub offset: [i32; 2],
    /// How far the pen moves on.
    pub advance: f32,
}

/// A letter of a size in pixels, for those who keep their letters and write many frames with them.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounds of letters are small")]
pub fn glyph(letter: char, size: f32) -> Glyph {
    let Some(font) = font() else { return Glyph::default() };
    let id = font.glyph_id(letter);
    let advance = font.as_scaled(PxScale::from(size)).h_advance(id);
    let Some(outline) = font.outline_glyph(id.with_scale(PxScale::from(size))) else {
        return Glyph { advance, ..Glyph::default() };
    };
    let bounds = outline.px_bounds();
    let (width, height) = (bounds.width() as usize, bounds.height() as usize);
    let mut cover = vec![0; width * height];
    outline.draw(|x, y, share| {
        if let Some(pixel) = cover.get_mut(y as usize * width + x as usize) {
            *pixel = (255.0 * share.clamp(0.0, 1.0)) as u8;
        }
    });
    Glyph { cover, width, offset: [bounds.min.x as i32, bounds.min.y as i32], advance }
}

/// Lays a colour over one pixel of an opaque picture.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounds are checked, values are 0 to 255")]
fn blend(pixmap: &mut Pixmap, x: f32, y: f32, cover: f32, color: [u8; 3]) {
    let (width, height) = (pixmap.width(), pixmap.height());
    if x < 0.0 || y < 0.0 || x >= width as f32 || y >= height as f32 {
        return;
    }
    let index = y as usize * width as usize + x as usize;
    let under = pixmap.pixels()[index];
    let mix = |under: u8, over: u8| (f32::from(under) + (f32::from(over) - f32::from(under)) * cover).round() as u8;
    let [red, green, blue] = [mix(under.red(), color[0]), mix(under.green(), color[1]), mix(under.blue(), color[2])];
    if let Some(pixel) = PremultipliedColorU8::from_rgba(red, green, blue, 255) {
        pixmap.pixels_mut()[index] = pixel;
    }
}
