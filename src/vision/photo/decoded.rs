//! Input and output of every decoder: formats, the budget, pixels or a refusal.

use image::RgbImage;

use super::metadata::Metadata;
use super::turn::Turn;

/// Bytes that reading may use per pixel of [`ReadOptions::max_megapixels`], the picture itself included. A quarter turn uses as many.
const BYTES_PER_PIXEL: f64 = 6.0;
/// What a decoder may use for tables and chunks, on top of the pixels, in bytes.
pub(super) const WORKING_SPACE: u64 = 64 << 20;

/// The kinds of picture that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG: baseline or progressive, grey, colour or CMYK.
    Jpeg,
    /// PNG: any depth, palette, grey or colour, with or without alpha.
    Png,
    /// WebP: lossy, lossless, or the first frame of an animation.
    WebP,
    /// TIFF: the first page.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// GIF: the first frame.
    Gif,
    /// HEIF with HEVC inside, as phones write it (`.heic`).
    Heif,
    /// JPEG XL: the first frame.
    JpegXl,
    /// A DICOM photograph: the first frame.
    Dicom,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Format::Jpeg => "JPEG",
            Format::Png => "PNG",
            Format::WebP => "WebP",
            Format::Tiff => "TIFF",
            Format::Bmp => "BMP",
            Format::Gif => "GIF",
            Format::Heif => "HEIF",
            Format::JpegXl => "JPEG XL",
            Format::Dicom => "DICOM",
        })
    }
}

/// The output of a decoder.
#[derive(Default)]
pub(super) struct Decoded {
    pub(super) pixels: RgbImage,
    /// How often the pixels are halved.
    pub(super) halvings: u32,
    /// Width and height as stored.
    pub(super) stored: (u32, u32),
    /// The turn that the decoder has applied already; `None` when the Exif orientation is still to be applied.
    pub(super) turned: Option<Turn>,
    /// The Exif blocks in order of precedence, with or without the `Exif\0\0` before them.
    pub(super) exif: Vec<Vec<u8>>,
    pub(super) xmp: Option<Vec<u8>>,
    /// What a container other than Exif and XMP says of the camera.
    pub(super) metadata: Metadata,
    pub(super) notes: Vec<String>,
}

/// Why the bytes are refused; [`Error`] without the path.
#[derive(Debug)]
pub(super) enum Refusal {
    NotAPicture { reason: String, source: Option<Box<dyn std::error::Error + Send + Sync>> },
    TooLarge { width: u32, height: u32 },
    TooMuchMemory { bytes: u64, limit: u64 },
}

impl Refusal {
    /// The content is not a picture.
    pub(super) fn found(what: impl std::fmt::Display) -> Refusal {
        Refusal::plain(format!(
            "expected a JPEG, PNG, HEIC, WebP, TIFF, BMP, GIF, JPEG XL or DICOM picture, found {what}"
        ))
    }

    pub(super) fn plain(reason: impl Into<String>) -> Refusal {
        Refusal::NotAPicture { reason: reason.into(), source: None }
    }

    pub(super) fn cut_short(format: Format) -> Refusal {
        Refusal::plain(format!("expected a whole {format} picture, found one that is cut short"))
    }

    pub(super) fn damaged(format: Format, source: impl std::error::Error + Send + Sync + 'static) -> Refusal {
        Refusal::NotAPicture {
            reason: format!("expected a whole {format} picture, found a damaged one"),
            source: Some(Box::new(source)),
        }
    }

    /// A picture of a [`Format`], but of a variant that no decoder here supports.
    pub(super) fn unsupported(format: Format, source: impl std::error::Error + Send + Sync + 'static) -> Refusal {
        Refusal::NotAPicture {
            reason: format!(
                "expected a {format} picture of a common kind, found one that is not supported; open it in an image program and \
                 export it as PNG or JPEG first"
            ),
            source: Some(Box::new(source)),
        }
    }
}

/// How many pixels a header may declare, and what decoding them may take.
pub(super) struct Budget {
    pub(super) max_megapixels: f64,
}

impl Budget {
    /// Must be called before anything is decoded.
    pub(super) fn check(&self, format: Format, width: u32, height: u32) -> Result<(), Refusal> {
        if width == 0 || height == 0 {
            return Err(Refusal::plain(format!("expected a {format} picture, found one of {width} x {height} pixels")));
        }
        // Written so that a NaN limit rejects everything.
        if f64::from(width) * f64::from(height) <= self.max_megapixels * 1e6 {
            Ok(())
        } else {
            Err(Refusal::TooLarge { width, height })
        }
    }

    /// The number of bytes that decoding may use.
    pub(super) fn bytes(&self) -> u64 {
        // Written so that a NaN limit leaves no room for pixels.
        ((BYTES_PER_PIXEL * self.max_megapixels * 1e6) as u64).saturating_add(WORKING_SPACE)
    }

    /// Must be called before the pixels are decoded, with the peak number of bytes per pixel.
    pub(super) fn check_memory(&self, width: u32, height: u32, bytes_per_pixel: f64) -> Result<(), Refusal> {
        let bytes = (f64::from(width) * f64::from(height) * bytes_per_pixel) as u64;
        let limit = self.bytes();
        if bytes <= limit { Ok(()) } else { Err(Refusal::TooMuchMemory { bytes, limit }) }
    }
}

/// 16 bits to 8, rounded to the nearest.
pub(super) fn eight_bits(value: u16) -> u8 {
    u8::try_from((u32::from(value) + 128) / 257).unwrap_or(u8::MAX)
}

/// Four inks (255 is full) to RGB, in the same memory.
pub(super) fn inks_to_rgb(mut inks: Vec<u8>) -> Vec<u8> {
    let pixels = inks.len() / 4;
    for pixel in 0..pixels {
        let paper = u16::from(255 - inks[4 * pixel + 3]);
        for channel in 0..3 {
            let light = u16::from(255 - inks[4 * pixel + channel]);
            inks[3 * pixel + channel] = u8::try_from((light * paper + 127) / 255).unwrap_or(u8::MAX);
        }
    }
    inks.truncate(3 * pixels);
    inks
}

/// RGBA to RGB in the same memory, laid over white.
pub(super) fn over_white(mut rgba: Vec<u8>) -> Vec<u8> {
    let pixels = rgba.len() / 4;
    for pixel in 0..pixels {
        let [red, green, blue, alpha] = [0, 1, 2, 3].map(|channel| rgba[4 * pixel + channel]);
        let lay = |channel: u8| {
            let sum = u32::from(channel) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
        };
        rgba[3 * pixel] = lay(red);
        rgba[3 * pixel + 1] = lay(green);
        rgba[3 * pixel + 2] = lay(blue);
    }
    rgba.truncate(3 * pixels);
    rgba
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transparent_parts_become_white() {
        let rgba = vec![10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 128];
        assert_eq!(over_white(rgba), [10, 20, 30, 255, 255, 255, 127, 177, 227]);
    }

    #[test]
    fn a_limit_that_is_no_number_lets_nothing_through() {
        for max_megapixels in [f64::NAN, -1.0, 0.0] {
            assert!(Budget { max_megapixels }.check(Format::Png, 1, 1).is_err());
        }
        assert!(Budget { max_megapixels: f64::INFINITY }.check(Format::Png, u32::MAX, u32::MAX).is_ok());
        assert!(Budget { max_megapixels: 1.0 }.check(Format::Png, 1000, 1000).is_ok());
        assert!(Budget { max_megapixels: 1.0 }.check(Format::Png, 1001, 1000).is_err());
        assert!(Budget { max_megapixels: 1.0 }.check(Format::Png, 0, 1000).is_err());
    }
}
