//! TIFF, chunk by chunk: each strip or tile is converted to 8 bits per channel as soon as it is read.
//!
//! The `tiff` crate reads chunks of chunky pixels. This file adds what it does not support: separate planes are read as grey pictures one
//! after the other, a palette as a grey picture of its indices, and JPEG chunks by our own JPEG decoder.

use std::io::Cursor;

use image::RgbImage;
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::decoded::{Budget, Decoded, Format, Refusal, WORKING_SPACE, eight_bits, inks_to_rgb, over_white};
use super::jpeg;
use super::sniff::Directory;

type Reader<'a> = Decoder<Cursor<&'a [u8]>>;

/// Up to this length, in bytes, the whole file is passed to the Exif reader, which needs a copy.
const EXIF_COPY: usize = 128 << 20;
const JPEG: u32 = 7;
const OLD_JPEG: u32 = 6;
const SEPARATE_PLANES: u32 = 2;
const PALETTE: u32 = 3;

pub(super) fn decode(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    let mut reader = open(bytes, budget)?;
    let (width, height) = reader.dimensions().map_err(refusal)?;
    budget.check(Format::Tiff, width, height)?;
    let number = |reader: &mut Reader<'_>, tag, default| {
        reader.find_tag_unsigned::<u32>(tag).map(|value| value.unwrap_or(default)).map_err(refusal)
    };
    let compression = number(&mut reader, Tag::Compression, 1)?;
    let photometric = number(&mut reader, Tag::PhotometricInterpretation, 1)?;
    let samples = number(&mut reader, Tag::SamplesPerPixel, 1)?;
    let planar = samples > 1 && number(&mut reader, Tag::PlanarConfiguration, 1)? == SEPARATE_PLANES;
    let pixels = match compression {
        OLD_JPEG => Err(unsupported("the JPEG compression of TIFF 6.0 of 1992")),
        JPEG if planar => Err(unsupported("JPEG compression in separate planes")),
        JPEG => jpeg_chunks(bytes, &mut reader, photometric, budget),
        _ if planar => planes(bytes, &mut reader, photometric, samples, budget),
        _ if photometric == PALETTE => palette(bytes, &mut reader, budget),
        _ => chunky(&mut reader, budget),
    }?;
    let mut notes = Vec::new();
    if Directory::first(bytes).is_some_and(|directory| directory.has_next()) {
        notes.push("the file has several pages: the first was taken".into());
    }
    let exif = if bytes.len() <= EXIF_COPY {
        // The file itself is the TIFF structure that Exif is based on.
        bytes.to_vec()
    } else {
        notes.push(
            "the TIFF file is so large that only its orientation was read of what it says about the camera".into(),
        );
        orientation_alone(number(&mut reader, Tag::Orientation, 0)?)
    };
    let xmp = reader.get_tag_u8_vec(Tag::Unknown(700)).ok();
    Ok(Decoded { pixels, stored: (width, height), exif: vec![exif], xmp, notes, ..Decoded::default() })
}

fn open<'a>(bytes: &'a [u8], budget: &Budget) -> Result<Reader<'a>, Refusal> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = usize::try_from(budget.bytes()).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    limits.ifd_value_size = usize::try_from(WORKING_SPACE).unwrap_or(usize::MAX);
    Ok(Decoder::new(Cursor::new(bytes)).map_err(refusal)?.with_limits(limits))
}

/// A TIFF structure that holds an orientation and nothing else.
fn orientation_alone(orientation: u32) -> Vec<u8> {
    [b"II*\0\x08\0\0\0\x01\0\x12\x01\x04\0\x01\0\0\0", &orientation.to_le_bytes()[..], &[0; 4]].concat()
}

/// A chunk's position in the picture, and the part of it that belongs to the picture.
struct Place {
    index: u32,
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

/// Places of the chunks of one plane, from left to right and from top to bottom.
fn places(reader: &mut Reader<'_>) -> Result<Vec<Place>, Refusal> {
    let (width, height) = reader.dimensions().map_err(refusal)?;
    let (wide, high) = reader.chunk_dimensions();
    let wide = if reader.get_chunk_type() == ChunkType::Strip { width } else { wide };
    if wide == 0 || high == 0 {
        return Err(damaged("a strip or tile has no pixels"));
    }
    let (across, down) = (width.div_ceil(wide), height.div_ceil(high));
    // A small file could declare more of them than it has bytes.
    let named = match reader.get_chunk_type() {
        ChunkType::Strip => reader.strip_count(),
        ChunkType::Tile => reader.tile_count(),
    };
    let needed = u64::from(across) * u64::from(down);
    if u64::from(named.map_err(refusal)?) < needed {
        return Err(damaged("strips or tiles are missing"));
    }
    let place = |index: u32| {
        let (left, top) = (index % across * wide, index / across * high);
        let size = |size: u32| size as usize;
        Place {
            index,
            left: size(left),
            top: size(top),
            width: size(wide.min(width - left)),
            height: size(high.min(height - top)),
        }
    };
    Ok((0..across * down).map(place).collect())
}

/// Bytes of the largest chunk per pixel of the picture.
fn chunk_share(reader: &mut Reader<'_>, bytes_per_pixel: f64) -> Result<f64, Refusal> {
    let (width, height) = reader.dimensions().map_err(refusal)?;
    let (wide, high) = reader.chunk_dimensions();
    let (wide, high) = match reader.get_chunk_type() {
        ChunkType::Strip => (width, high.min(height)),
        ChunkType::Tile => (wide, high),
    };
    let share = f64::from(wide) * f64::from(high) / (f64::from(width) * f64::from(height));
    Ok(share * bytes_per_pixel)
}

fn chunky(reader: &mut Reader<'_>, budget: &Budget) -> Result<RgbImage, Refusal> {
    let colour = reader.colortype().map_err(refusal)?;
    let (width, height) = reader.dimensions().map_err(refusal)?;
    let bytes = f64::from(colour.bit_depth()) / 8.0 * f64::from(colour.num_samples());
    budget.check_memory(width, height, 3.0 + chunk_share(reader, bytes)?)?;
    let inks = Inks::of(colour)?;
    let mut picture = RgbImage::new(width, height);
    for place in places(reader)? {
        let chunk = Samples::read(reader, &place, usize::from(colour.num_samples()))?;
        for row in 0..place.height {
            let rgb = inks.to_rgb(chunk.row(row, true)?);
            put(&mut picture, &place, row, &rgb)?;
        }
    }
    Ok(picture)
}

/// The colour indices are read from a copy of the file that declares them grey.
fn palette(bytes: &[u8], reader: &mut Reader<'_>, budget: &Budget) -> Result<RgbImage, Refusal> {
    let colours = reader.get_tag_u16_vec(Tag::ColorMap).map_err(refusal)?;
    // One third each for red, green and blue.
    let third = colours.len() / 3;
    let mut grey = Patch::of(bytes)?;
    grey.set(Tag::PhotometricInterpretation, 1)?;
    let mut reader = open(&grey.bytes, budget)?;
    let (width, height) = reader.dimensions().map_err(refusal)?;
    budget.check_memory(width, height, 3.0 + chunk_share(&mut reader, 1.0)?)?;
    if !matches!(reader.colortype().map_err(refusal)?, ColorType::Gray(1 | 2 | 4 | 8)) {
        return Err(unsupported("a palette with more than 8 bits or with further channels"));
    }
    let mut picture = RgbImage::new(width, height);
    for place in places(&mut reader)? {
        let chunk = Samples::read(&mut reader, &place, 1)?;
        for row in 0..place.height {
            let mut rgb = Vec::with_capacity(3 * place.width);
            for number in chunk.row(row, false)? {
                for channel in 0..3 {
                    let value = Some(usize::from(number)).filter(|&number| number < third);
                    let value = value.and_then(|number| colours.get(channel * third + number));
                    rgb.push(eight_bits(*value.ok_or_else(|| damaged("a pixel's colour is not in the palette"))?));
                }
            }
            put(&mut picture, &place, row, &rgb)?;
        }
    }
    Ok(picture)
}

/// Each plane is read from a copy of the file that declares it a grey picture.
fn planes(
    bytes: &[u8],
    reader: &mut Reader<'_>,
    photometric: u32,
    samples: u32,
    budget: &Budget,
) -> Result<RgbImage, Refusal> {
    let (width, height) = reader.dimensions().map_err(refusal)?;
    let inks = match (photometric, samples) {
        (1, 2) => Inks::GreyAlpha,
        (2, 3) => Inks::Rgb,
        (2, 4) => Inks::Rgba,
        (5, 4) => Inks::Cmyk,
        _ => return Err(unsupported("separate planes of an uncommon kind")),
    };
    let mut plane = Patch::of(bytes)?;
    plane.set(Tag::SamplesPerPixel, 1)?;
    plane.set(Tag::PhotometricInterpretation, 1)?;
    plane.set(Tag::PlanarConfiguration, 1)?;
    plane.shorten(Tag::BitsPerSample, 0, samples)?;
    if plane.has(Tag::SampleFormat) {
        plane.shorten(Tag::SampleFormat, 0, samples)?;
    }
    plane.forget(Tag::ExtraSamples);
    let channels = samples as usize;
    let mut pixels = vec![0; width as usize * height as usize * channels];
    for channel in 0..samples {
        let mut plane = plane.clone();
        let (offsets, lengths) = if plane.has(Tag::TileOffsets) {
            (Tag::TileOffsets, Tag::TileByteCounts)
        } else {
            (Tag::StripOffsets, Tag::StripByteCounts)
        };
        plane.shorten(offsets, channel, samples)?;
        plane.shorten(lengths, channel, samples)?;
        let mut reader = open(&plane.bytes, budget)?;
        let bytes = f64::from(reader.colortype().map_err(refusal)?.bit_depth()) / 8.0;
        let share = chunk_share(&mut reader, bytes)?;
        budget.check_memory(width, height, f64::from(samples) + share)?;
        for place in places(&mut reader)? {
            let chunk = Samples::read(&mut reader, &place, 1)?;
            for row in 0..place.height {
                let start = ((place.top + row) * width as usize + place.left) * channels + channel as usize;
                let to = pixels.get_mut(start..).unwrap_or_default().iter_mut().step_by(channels);
                to.zip(chunk.row(row, true)?).for_each(|(to, value)| *to = value);
            }
        }
    }
    RgbImage::from_raw(width, height, inks.to_rgb(pixels)).ok_or_else(|| damaged("the picture is not of its own size"))
}

fn jpeg_chunks(bytes: &[u8], reader: &mut Reader<'_>, photometric: u32, budget: &Budget) -> Result<RgbImage, Refusal> {
    let colours = match photometric {
        0 | 1 => jpeg::Colours::Grey,
        2 => jpeg::Colours::Rgb,
        5 => jpeg::Colours::Inks,
        6 => jpeg::Colours::YCbCr,
        _ => return Err(unsupported("JPEG compression of colours of an uncommon kind")),
    };
    let (width, height) = reader.dimensions().map_err(refusal)?;
    budget.check_memory(width, height, 3.0 + chunk_share(reader, 6.0)?)?;
    let (offsets, lengths) = match reader.get_chunk_type() {
        ChunkType::Strip => (Tag::StripOffsets, Tag::StripByteCounts),
        ChunkType::Tile => (Tag::TileOffsets, Tag::TileByteCounts),
    };
    let offsets = reader.get_tag_u64_vec(offsets).map_err(refusal)?;
    let lengths = reader.get_tag_u64_vec(lengths).map_err(refusal)?;
    let tables = reader.get_tag_u8_vec(Tag::JPEGTables).unwrap_or_default();
    // Both start with the start marker, and the tables end with the end marker.
    let tables = tables.strip_suffix(b"\xff\xd9").unwrap_or(&tables);
    let tables = tables.strip_prefix(b"\xff\xd8").unwrap_or(tables);
    let mut picture = RgbImage::new(width, height);
    for place in places(reader)? {
        let index = place.index as usize;
        let range = offsets.get(index).zip(lengths.get(index)).and_then(|(&start, &length)| {
            let start = usize::try_from(start).ok()?;
            bytes.get(start..start.checked_add(usize::try_from(length).ok()?)?)
        });
        let chunk = range.ok_or_else(|| Refusal::cut_short(Format::Tiff))?;
        let chunk = chunk.strip_prefix(b"\xff\xd8").ok_or_else(|| damaged("a strip or tile is no JPEG data"))?;
        let stream = [b"\xff\xd8", tables, chunk].concat();
        let part = jpeg::decode_part(&stream, reader.chunk_dimensions(), colours, budget)?;
        if (part.width() as usize) < place.width || (part.height() as usize) < place.height {
            return Err(damaged("a strip or tile is smaller than its place"));
        }
        let stride = 3 * part.width() as usize;
        for (row, line) in part.as_raw().chunks_exact(stride).take(place.height).enumerate() {
            let line = &line[..3 * place.width];
            if photometric == 0 {
                let inverted: Vec<u8> = line.iter().map(|value| 255 - value).collect();
                put(&mut picture, &place, row, &inverted)?;
            } else {
                put(&mut picture, &place, row, line)?;
            }
        }
    }
    Ok(picture)
}

/// Writes a row of a chunk into the picture.
fn put(picture: &mut RgbImage, place: &Place, row: usize, rgb: &[u8]) -> Result<(), Refusal> {
    let start = 3 * ((place.top + row) * picture.width() as usize + place.left);
    let (to, rgb) = picture
        .get_mut(start..start + 3 * place.width)
        .zip(rgb.get(..3 * place.width))
        .ok_or_else(|| damaged("a strip or tile does not fit its place"))?;
    to.copy_from_slice(rgb);
    Ok(())
}

/// The colour space of the channels.
#[derive(Clone, Copy)]
enum Inks {
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    Cmyk,
    YCbCr,
}

impl Inks {
    fn of(colour: ColorType) -> Result<Inks, Refusal> {
        match colour {
            ColorType::Gray(_) => Ok(Inks::Grey),
            ColorType::GrayA(_) | ColorType::Multiband { num_samples: 2, .. } => Ok(Inks::GreyAlpha),
            ColorType::RGB(_) => Ok(Inks::Rgb),
            ColorType::RGBA(_) => Ok(Inks::Rgba),
            ColorType::CMYK(_) => Ok(Inks::Cmyk),
            ColorType::YCbCr(8) => Ok(Inks::YCbCr),
            other => Err(unsupported(&format!("colours of the kind {other:?}"))),
        }
    }

    fn to_rgb(self, samples: Vec<u8>) -> Vec<u8> {
        match self {
            Inks::Grey => samples.iter().flat_map(|&grey| [grey; 3]).collect(),
            Inks::GreyAlpha => {
                over_white(samples.as_chunks().0.iter().flat_map(|&[grey, alpha]| [grey, grey, grey, alpha]).collect())
            }
            Inks::Rgb => samples,
            Inks::Rgba => over_white(samples),
            Inks::Cmyk => inks_to_rgb(samples),
            Inks::YCbCr => samples.as_chunks().0.iter().flat_map(|&pixel| jpeg::ycbcr_to_rgb(pixel)).collect(),
        }
    }
}

/// A chunk as returned by the decoder.
struct Samples {
    data: DecodingResult,
    /// Per row.
    samples: usize,
    bits: u8,
}

impl Samples {
    fn read(reader: &mut Reader<'_>, place: &Place, channels: usize) -> Result<Samples, Refusal> {
        let bits = reader.colortype().map_err(refusal)?.bit_depth();
        let data = reader.read_chunk(place.index).map_err(refusal)?;
        Ok(Samples { data, samples: place.width * channels, bits })
    }

    /// A row in 8 bits; packed samples are scaled to 0 to 255 when `scaled`, or else left as they are.
    fn row(&self, row: usize, scaled: bool) -> Result<Vec<u8>, Refusal> {
        let short = || damaged("a strip or tile is smaller than its place");
        let range = row * self.samples..(row + 1) * self.samples;
        match (&self.data, self.bits) {
            (DecodingResult::U8(data), 8) => data.get(range).map(<[u8]>::to_vec).ok_or_else(short),
            (DecodingResult::U8(data), 1 | 2 | 4) => {
                let bits = usize::from(self.bits);
                let stride = (self.samples * bits).div_ceil(8);
                let line = data.get(row * stride..(row + 1) * stride).ok_or_else(short)?;
                let most = u8::MAX >> (8 - self.bits);
                let sample = |at: usize| {
                    let value = line[at * bits / 8] >> (8 - bits - at * bits % 8) & most;
                    if scaled { value * (255 / most) } else { value }
                };
                Ok((0..self.samples).map(sample).collect())
            }
            (DecodingResult::U16(data), _) => {
                data.get(range).map(|line| line.iter().map(|&value| eight_bits(value)).collect()).ok_or_else(short)
            }
            (DecodingResult::F32(data), _) => {
                // NaN becomes 0.
                let shade = |value: &f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
                data.get(range).map(|line| line.iter().map(shade).collect()).ok_or_else(short)
            }
            _ => Err(unsupported(&format!("{} bits per channel of this kind", self.bits))),
        }
    }
}

/// A copy of a classic TIFF file with a changed first directory.
#[derive(Clone)]
struct Patch {
    bytes: Vec<u8>,
}

impl Patch {
    fn of(bytes: &[u8]) -> Result<Patch, Refusal> {
        match Directory::first(bytes) {
            Some(_) => Ok(Patch { bytes: bytes.to_vec() }),
            None => Err(unsupported("a palette or separate planes in a BigTIFF file")),
        }
    }

    /// Where a tag's entry lies, and whether the file is big-endian.
    fn entry(&self, tag: Tag) -> Option<(usize, bool)> {
        let directory = Directory::first(&self.bytes)?;
        Some((directory.entry(tag.to_u16())?, directory.is_big_endian()))
    }

    fn has(&self, tag: Tag) -> bool {
        self.entry(tag).is_some()
    }

    /// Replaces a tag's only value, of 16 bits.
    fn set(&mut self, tag: Tag, value: u16) -> Result<(), Refusal> {
        let Some((entry, big_endian)) = self.entry(tag) else {
            // A missing tag has its default, which is the value set here.
            return Ok(());
        };
        let (kind, count, value) = if big_endian {
            (3_u16.to_be_bytes(), 1_u32.to_be_bytes(), value.to_be_bytes())
        } else {
            (3_u16.to_le_bytes(), 1_u32.to_le_bytes(), value.to_le_bytes())
        };
        self.write(entry + 2, &[&kind[..], &count, &value, &[0, 0]].concat())
    }

    /// Keeps the `part`-th of `parts` equal parts of a tag's values.
    fn shorten(&mut self, tag: Tag, part: u32, parts: u32) -> Result<(), Refusal> {
        let wrong = || damaged("a tag has not as many values as there are planes");
        let (entry, big_endian) = self.entry(tag).ok_or_else(wrong)?;
        let (kind, count, start) = {
            let directory = Directory::first(&self.bytes).ok_or_else(wrong)?;
            let number = |at| directory.u32(at).ok_or_else(wrong);
            (directory.u16(entry + 2).ok_or_else(wrong)?, number(entry + 4)?, number(entry + 8)?)
        };
        let size = match kind {
            3 => 2,
            4 => 4,
            _ => return Err(wrong()),
        };
        if count % parts != 0 || count == 0 {
            return Err(wrong());
        }
        let kept = count / parts;
        let inline = u64::from(count) * size <= 4;
        let start = if inline { entry as u64 + 8 } else { start.into() };
        let from = usize::try_from(start + u64::from(part) * u64::from(kept) * size).map_err(|_| wrong())?;
        let field = if u64::from(kept) * size <= 4 {
            let length = usize::try_from(u64::from(kept) * size).map_err(|_| wrong())?;
            let mut field = [0; 4];
            field[..length].copy_from_slice(self.bytes.get(from..from + length).ok_or_else(wrong)?);
            field
        } else {
            let from = u32::try_from(from).map_err(|_| wrong())?;
            if big_endian { from.to_be_bytes() } else { from.to_le_bytes() }
        };
        let kept = if big_endian { kept.to_be_bytes() } else { kept.to_le_bytes() };
        self.write(entry + 4, &[kept, field].concat())
    }

    /// Replaces a tag with an unknown one.
    fn forget(&mut self, tag: Tag) {
        if let Some((entry, _)) = self.entry(tag) {
            // Far above all tags of the standard, in either byte order.
            let _ = self.write(entry, &[0xfd, 0xfd]);
        }
    }

    fn write(&mut self, at: usize, content: &[u8]) -> Result<(), Refusal> {
        let to = self.bytes.get_mut(at..at + content.len()).ok_or_else(|| Refusal::cut_short(Format::Tiff))?;
        to.copy_from_slice(content);
        Ok(())
    }
}

fn damaged(what: &'static str) -> Refusal {
    Refusal::damaged(Format::Tiff, std::io::Error::new(std::io::ErrorKind::InvalidData, what))
}

fn unsupported(what: &str) -> Refusal {
    Refusal::unsupported(Format::Tiff, std::io::Error::new(std::io::ErrorKind::Unsupported, what))
}

fn refusal(error: TiffError) -> Refusal {
    match error {
        TiffError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => Refusal::cut_short(Format::Tiff),
        TiffError::UnsupportedError(what) => Refusal::unsupported(Format::Tiff, what),
        error => Refusal::damaged(Format::Tiff, error),
    }
}
