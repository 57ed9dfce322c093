//! WebP, BMP and GIF, through `image`, and JPEG XL through `jxl-oxide`.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, DynamicImage, ImageDecoder, ImageError, Limits, RgbImage};

use jxl_oxide::integration::JxlDecoder;
use jxl_oxide::{AllocTracker, JxlImage};

use super::decoded::{Budget, Decoded, Format, Refusal, WORKING_SPACE, over_white};
use super::turn::Turn;

pub(super) fn webp(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    // The container states its length; without its end the decoder would report only an unspecific error.
    let declared = bytes.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |length| u32::from_le_bytes(*length));
    if (bytes.len() as u64) < u64::from(declared) + 8 {
        return Err(Refusal::cut_short(Format::WebP));
    }
    let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|error| refusal(Format::WebP, error))?;
    let animated = decoder.has_animation();
    // In addition to the pixels: the three planes of a lossy picture, or all four channels again.
    let planes = if bytes.get(12..16) == Some(b"VP8 ") { 1.5 } else { 4.0 };
    let mut decoded = decode(decoder, Format::WebP, planes, budget)?;
    if animated {
        decoded.notes.push("the picture is animated: the first frame was taken".into());
    }
    Ok(decoded)
}

pub(super) fn bmp(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(|error| refusal(Format::Bmp, error))?;
    decode(decoder, Format::Bmp, 0.0, budget)
}

pub(super) fn gif(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    let open = || GifDecoder::new(Cursor::new(bytes)).map_err(|error| refusal(Format::Gif, error));
    // Two frames are decoded to see whether there are two.
    let mut decoded = decode(open()?, Format::Gif, 12.0, budget)?;
    if open()?.into_frames().nth(1).is_some() {
        decoded.notes.push("the picture is animated: the first frame was taken".into());
    }
    Ok(decoded)
}

pub(super) fn jpeg_xl(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    // The decoder gives what it has of a file that is cut short, so its bitstream is read to the end first.
    let limit = usize::try_from(budget.bytes()).unwrap_or(usize::MAX);
    let builder = JxlImage::builder().alloc_tracker(AllocTracker::with_limit(limit));
    let image = builder.read(Cursor::new(bytes)).map_err(|error| match error.downcast_ref::<std::io::Error>() {
        Some(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => Refusal::cut_short(Format::JpegXl),
        _ => Refusal::NotAPicture {
            reason: "expected a whole JPEG XL picture, found a damaged one".into(),
            source: Some(error),
        },
    })?;
    if !image.is_loading_done() {
        return Err(Refusal::cut_short(Format::JpegXl));
    }
    let frames = image.num_loaded_keyframes();
    let turn = Turn::from_exif(image.image_header().metadata.orientation).unwrap_or(Turn::NONE);
    drop(image);
    let decoder = JxlDecoder::new(Cursor::new(bytes)).map_err(|error| refusal(Format::JpegXl, error))?;
    // Measured: 27 bytes per pixel at the peak, for planes of 32-bit numbers, filters and the pixels themselves.
    let mut decoded = decode(decoder, Format::JpegXl, 24.0, budget)?;
    // The decoder applies the turn that the codestream declares, which Exif only repeats.
    decoded.turned = Some(turn);
    decoded.stored = turn.stored_size(decoded.pixels.dimensions());
    if frames > 1 {
        decoded.notes.push("the picture is animated: the first frame was taken".into());
    }
    Ok(decoded)
}

/// `working` is the decoder's memory in addition to the pixels, in bytes per pixel.
fn decode(mut decoder: impl ImageDecoder, format: Format, working: f64, budget: &Budget) -> Result<Decoded, Refusal> {
    let (width, height) = decoder.dimensions();
    budget.check(format, width, height)?;
    budget.check_memory(width, height, f64::from(decoder.color_type().bytes_per_pixel()) + working)?;
    // Unreadable metadata are treated as missing.
    let exif = decoder.exif_metadata().ok().flatten();
    let xmp = decoder.xmp_metadata().ok().flatten();
    let mut limits = Limits::no_limits();
    let needed = (working * f64::from(width) * f64::from(height)) as u64;
    let pixels = decoder.total_bytes().saturating_mul(2);
    limits.max_alloc = Some(pixels.saturating_add(needed).saturating_add(WORKING_SPACE));
    decoder.set_limits(limits).map_err(|error| refusal(format, error))?;
    let pixels = DynamicImage::from_decoder(decoder).map_err(|error| refusal(format, error))?;
    Ok(Decoded {
        pixels: to_rgb8(pixels),
        stored: (width, height),
        exif: exif.into_iter().collect(),
        xmp,
        ..Decoded::default()
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
        ImageError::Unsupported(unsupported) => Refusal::unsupported(format, unsupported),
        error => Refusal::damaged(format, error),
    }
}
