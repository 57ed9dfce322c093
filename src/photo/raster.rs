//! PNG, WebP, TIFF and BMP, through `image`.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::tiff::TiffDecoder;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, Limits, RgbImage};

use super::sniff::Directory;
use super::{Budget, Decoded, Format, Refusal, over_white};

/// What a decoder may use for tables and chunks, on top of the pixels, in bytes.
const WORKING_SPACE: u64 = 64 << 20;

pub(super) fn png(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    // Chunks before the pixels are read in `with_limits`: compressed ones may not grow beyond this.
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(WORKING_SPACE);
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(|error| refusal(Format::Png, error))?;
    let animated = decoder.is_apng().unwrap_or(false);
    let mut decoded = decode(decoder, Format::Png, budget)?;
    if animated {
        decoded.notes.push("the picture is animated: its still picture was taken".into());
    }
    Ok(decoded)
}

pub(super) fn webp(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    // The container says how long it is; without its end the decoder only finds that something is wrong.
    let declared = bytes.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |length| u32::from_le_bytes(*length));
    if (bytes.len() as u64) < u64::from(declared) + 8 {
        return Err(Refusal::cut_short(Format::WebP));
    }
    let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|error| refusal(Format::WebP, error))?;
    let animated = decoder.has_animation();
    let mut decoded = decode(decoder, Format::WebP, budget)?;
    if animated {
        decoded.notes.push("the picture is animated: the first frame was taken".into());
    }
    Ok(decoded)
}

pub(super) fn tiff(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    let decoder = TiffDecoder::new(Cursor::new(bytes)).map_err(|error| refusal(Format::Tiff, error))?;
    let mut decoded = decode(decoder, Format::Tiff, budget)?;
    // The file itself is the structure that Exif has borrowed.
    decoded.exif = Some(bytes.to_vec());
    if Directory::first(bytes).is_some_and(|directory| directory.has_next()) {
        decoded.notes.push("the file has several pages: the first was taken".into());
    }
    Ok(decoded)
}

pub(super) fn bmp(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(|error| refusal(Format::Bmp, error))?;
    decode(decoder, Format::Bmp, budget)
}

fn decode(mut decoder: impl ImageDecoder, format: Format, budget: &Budget) -> Result<Decoded, Refusal> {
    let (width, height) = decoder.dimensions();
    budget.check(format, width, height)?;
    // Metadata that cannot be read is as good as none.
    let exif = decoder.exif_metadata().ok().flatten();
    let xmp = decoder.xmp_metadata().ok().flatten();
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(decoder.total_bytes().saturating_mul(2).saturating_add(WORKING_SPACE));
    decoder.set_limits(limits).map_err(|error| refusal(format, error))?;
    let pixels = DynamicImage::from_decoder(decoder).map_err(|error| refusal(format, error))?;
    Ok(Decoded {
        halvings: 0,
        pixels: to_rgb8(pixels),
        stored: (width, height),
        turned: None,
        exif,
        xmp,
        notes: Vec::new(),
    })
}

/// 8 bits per channel, alpha laid over white.
fn to_rgb8(pixels: DynamicImage) -> RgbImage {
    if !pixels.color().has_alpha() {
        return pixels.into_rgb8();
    }
    let (width, height) = (pixels.width(), pixels.height());
    let rgb = over_white(pixels.into_rgba8().into_raw());
    // The length fits by construction.
    RgbImage::from_raw(width, height, rgb).unwrap_or_default()
}

fn refusal(format: Format, error: ImageError) -> Refusal {
    match error {
        ImageError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => Refusal::cut_short(format),
        ImageError::Unsupported(unsupported) => Refusal::NotAPicture {
            reason: format!("expected a {format} picture of a common kind, found one that is not supported"),
            source: Some(Box::new(unsupported)),
        },
        error => Refusal::damaged(format, error),
    }
}
