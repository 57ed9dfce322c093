//! PNG, row by row: 16 bits are converted to 8 on the way, so a 16-bit picture takes no more memory than an 8-bit one.

use std::io::Cursor;

use image::RgbImage;
use png::{BitDepth, ColorType, DecodingError, Info, InterlaceInfo, Limits, Reader, Transformations};

use super::decoded::{Budget, Decoded, Format, Refusal, WORKING_SPACE, eight_bits, over_white};

pub(super) fn decode(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    // Limit for compressed chunks other than the pixels.
    let limits = Limits { bytes: usize::try_from(WORKING_SPACE).unwrap_or(usize::MAX) };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    let (width, height) = decoder.read_header_info().map_err(refusal)?.size();
    budget.check(Format::Png, width, height)?;
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(refusal)?;
    let animated = reader.info().animation_control.is_some();
    let pixels = rows(&mut reader, width, height)?;
    // Metadata may follow the pixels; errors there do not affect them.
    let _ = reader.finish();
    let info = reader.info();
    let mut said = Profiles::of(info);
    said.exif.splice(..0, info.exif_metadata.iter().map(|block| block.to_vec()));
    Ok(Decoded {
        pixels,
        stored: (width, height),
        exif: said.exif,
        xmp: said.xmp,
        notes: animated.then(|| "the picture is animated: its still picture was taken".into()).into_iter().collect(),
        ..Decoded::default()
    })
}

fn rows(reader: &mut Reader<Cursor<&[u8]>>, width: u32, height: u32) -> Result<RgbImage, Refusal> {
    let (colour, depth) = reader.output_color_type();
    let mut picture = RgbImage::new(width, height);
    let stride = 3 * width as usize;
    let mut line = 0;
    while let Some(row) = reader.next_interlaced_row().map_err(refusal)? {
        let rgb = to_rgb(row.data(), colour, depth)?;
        match row.interlace() {
            InterlaceInfo::Adam7(pass) => png::expand_interlaced_row(&mut picture, stride, &rgb, pass, 24),
            InterlaceInfo::Null(_) => {
                if let Some(to) = picture.get_mut(line..line + stride) {
                    to.copy_from_slice(&rgb);
                }
                line += stride;
            }
        }
    }
    Ok(picture)
}

/// A row as three channels of 8 bits, alpha laid over white.
fn to_rgb(row: &[u8], colour: ColorType, depth: BitDepth) -> Result<Vec<u8>, Refusal> {
    let row = match depth {
        BitDepth::Eight => row.to_vec(),
        BitDepth::Sixteen => row.as_chunks().0.iter().map(|pair| eight_bits(u16::from_be_bytes(*pair))).collect(),
        // EXPAND gives at least that many.
        _ => {
            return Err(Refusal::plain(format!(
                "expected a PNG picture, found one of {depth:?} bits that stays packed"
            )));
        }
    };
    Ok(match colour {
        ColorType::Grayscale => row.iter().flat_map(|&grey| [grey; 3]).collect(),
        ColorType::GrayscaleAlpha => {
            over_white(row.as_chunks().0.iter().flat_map(|&[grey, alpha]| [grey, grey, grey, alpha]).collect())
        }
        ColorType::Rgba => over_white(row),
        ColorType::Rgb | ColorType::Indexed => row,
    })
}

/// Exif and XMP in text chunks.
#[derive(Default)]
struct Profiles {
    exif: Vec<Vec<u8>>,
    xmp: Option<Vec<u8>>,
}

impl Profiles {
    fn of(info: &Info<'_>) -> Profiles {
        let limit = usize::try_from(WORKING_SPACE).unwrap_or(usize::MAX);
        let mut found = Profiles::default();
        for chunk in &info.utf8_text {
            let mut chunk = chunk.clone();
            if chunk.decompress_text_with_limit(limit).is_ok() {
                found.note(&chunk.keyword, &chunk.get_text().unwrap_or_default());
            }
        }
        for chunk in &info.compressed_latin1_text {
            let mut chunk = chunk.clone();
            if chunk.decompress_text_with_limit(limit).is_ok() {
                found.note(&chunk.keyword, &chunk.get_text().unwrap_or_default());
            }
        }
        for chunk in &info.uncompressed_latin1_text {
            found.note(&chunk.keyword, &chunk.text);
        }
        found
    }

    fn note(&mut self, keyword: &str, text: &str) {
        match keyword {
            "XML:com.adobe.xmp" => self.xmp = self.xmp.take().or(Some(text.as_bytes().to_vec())),
            // Written by ImageMagick before version 7 and compatible programs.
            "Raw profile type exif" | "Raw profile type APP1" | "Raw profile type xmp" => {
                let Some(profile) = raw_profile(text) else { return };
                if let Some(packet) = profile.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                    self.xmp = self.xmp.take().or(Some(packet.to_vec()));
                } else if keyword.ends_with("xmp") {
                    self.xmp = self.xmp.take().or(Some(profile));
                } else {
                    self.exif.push(profile);
                }
            }
            _ => {}
        }
    }
}

/// The bytes of a raw profile: a name, a length, and that many bytes in hexadecimal digits, over several lines.
fn raw_profile(text: &str) -> Option<Vec<u8>> {
    let mut words = text.split_ascii_whitespace();
    let _name = words.next()?;
    let length: usize = words.next()?.parse().ok()?;
    let digits: Vec<u8> = words.flat_map(str::bytes).collect();
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let bytes: Option<Vec<u8>> =
        digits.as_chunks().0.iter().map(|&[high, low]| Some(value(high)? << 4 | value(low)?)).collect();
    bytes.filter(|bytes| bytes.len() == length)
}

fn refusal(error: DecodingError) -> Refusal {
    match error {
        DecodingError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => Refusal::cut_short(Format::Png),
        DecodingError::LimitsExceeded => Refusal::plain(
            "expected a PNG picture, found one whose text or colour profile is larger than 64 MB; export it again without \
             metadata",
        ),
        error => Refusal::damaged(Format::Png, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_profiles_are_read_over_line_ends_and_refused_when_their_length_is_another() {
        assert_eq!(raw_profile("\nexif\n       4\n4d4d\n002a\n").as_deref(), Some(&b"MM\0*"[..]));
        for broken in ["", "exif", "exif 4", "exif 4 4d4d", "exif 4 4d4d00zz", "exif -1 4d", "exif 3 4d4d002a"] {
            assert_eq!(raw_profile(broken), None, "{broken}");
        }
    }
}
