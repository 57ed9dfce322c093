//! The few elements of a DICOM file that a photograph needs.

use std::io::Cursor;

use dicom_core::Tag;
use dicom_core::header::{HasLength, Header};
use dicom_encoding::transfer_syntax::{TransferSyntax, TransferSyntaxIndex};
use dicom_parser::StatefulDecode;
use dicom_parser::dataset::LazyDataToken;
use dicom_parser::dataset::lazy_read::LazyDataSetReader;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::super::decoded::{Format, Refusal};
use jiff::civil::Date;

/// The preamble and `DICM`.
const PREAMBLE: usize = 132;
/// The group length: its tag, type, length and value.
const GROUP_LENGTH: usize = 12;
/// Elements that are read are no longer than this.
const MOST_BYTES: u32 = 256;
/// Sequences and items within each other that are walked into.
const MOST_LEVELS: usize = 64;

const TRANSFER_SYNTAX: Tag = Tag(0x0002, 0x0010);
const MODALITY: Tag = Tag(0x0008, 0x0060);
const STUDY_DATE: Tag = Tag(0x0008, 0x0020);
const ACQUISITION_DATE: Tag = Tag(0x0008, 0x0022);
const CONTENT_DATE: Tag = Tag(0x0008, 0x0023);
const PATIENT_ORIENTATION: Tag = Tag(0x0020, 0x0020);
const SAMPLES: Tag = Tag(0x0028, 0x0002);
const PHOTOMETRIC: Tag = Tag(0x0028, 0x0004);
const PLANAR: Tag = Tag(0x0028, 0x0006);
const FRAMES: Tag = Tag(0x0028, 0x0008);
const ROWS: Tag = Tag(0x0028, 0x0010);
const COLUMNS: Tag = Tag(0x0028, 0x0011);
const PIXEL_SPACING: Tag = Tag(0x0028, 0x0030);
const PIXEL_ASPECT: Tag = Tag(0x0028, 0x0034);
const BITS: Tag = Tag(0x0028, 0x0100);
const SIGNED: Tag = Tag(0x0028, 0x0103);
const WINDOW_CENTER: Tag = Tag(0x0028, 0x1050);
const WINDOW_WIDTH: Tag = Tag(0x0028, 0x1051);
const PIXEL_DATA: Tag = Tag(0x7fe0, 0x0010);

/// How the pixels are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Coding {
    #[default]
    Plain,
    Jpeg,
    JpegXl,
}

/// The pixels of the first frame, and of the others behind it where they are plain.
#[derive(Default)]
pub(super) enum Pixels<'a> {
    #[default]
    None,
    Plain(&'a [u8]),
    Coded(Vec<u8>),
}

/// What is read of a file.
#[derive(Default)]
pub(super) struct Elements<'a> {
    pub(super) coding: Coding,
    pub(super) modality: String,
    pub(super) taken: Option<Date>,
    /// Directions of rows and columns, parted by a backslash.
    pub(super) patient_orientation: String,
    pub(super) samples: u16,
    pub(super) photometric: String,
    /// One plane a channel.
    pub(super) planar: bool,
    pub(super) frames: u32,
    pub(super) rows: u16,
    pub(super) columns: u16,
    /// Height over width of a pixel.
    pub(super) pixel_aspect: Option<f64>,
    /// Height and width of a pixel on the body, in millimetres.
    pub(super) spacing_mm: Option<(f64, f64)>,
    /// Bits of a sample as stored.
    pub(super) bits: u16,
    pub(super) signed: bool,
    /// Centre and width of the shown values.
    pub(super) window: Option<(f64, f64)>,
    pub(super) pixels: Pixels<'a>,
}

/// Any failure of the parser. Its own words may hold values of the file, and are not used.
fn damaged<E>(_: E) -> Refusal {
    Refusal::plain("expected a whole DICOM photograph, found a damaged one")
}

impl<'a> Elements<'a> {
    /// Walks the elements of a file.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let (syntax, start) = transfer_syntax(bytes)?;
        let coding = coding(&syntax)?;
        let known = TransferSyntaxRegistry.get(&syntax).ok_or_else(|| unsupported(&syntax))?;
        let mut found = Self { coding, samples: 1, frames: 1, bits: 8, ..Self::default() };
        let data = bytes.get(start..).unwrap_or_default();
        let mut centre = None;
        walk(data, known, |tag, value| {
            match value {
                Value::Text(text) if tag == WINDOW_CENTER => centre = number(&text, 0),
                Value::Text(text) if tag == WINDOW_WIDTH => {
                    found.window = centre.zip(number(&text, 0)).filter(|(_, width)| *width > 0.0);
                }
                Value::Text(text) => found.take(tag, &text),
                Value::Plain(samples) => found.pixels = Pixels::Plain(samples),
                Value::Fragment(part) => return found.add_fragment(part),
            }
            true
        })?;
        Ok(found)
    }

    fn take(&mut self, tag: Tag, text: &str) {
        let whole = || text.parse::<u16>().unwrap_or(0);
        match tag {
            MODALITY => self.modality = text.to_owned(),
            // The last of them counts: the day of the study, of the shot, of the picture.
            STUDY_DATE | ACQUISITION_DATE | CONTENT_DATE => self.taken = date(text).or(self.taken),
            PATIENT_ORIENTATION => self.patient_orientation = text.to_owned(),
            SAMPLES => self.samples = whole(),
            PHOTOMETRIC => self.photometric = text.to_owned(),
            PLANAR => self.planar = whole() == 1,
            FRAMES => self.frames = text.parse().unwrap_or(1),
            ROWS => self.rows = whole(),
            COLUMNS => self.columns = whole(),
            // Between rows, then between columns: height and width of a pixel. So is the ratio.
            PIXEL_SPACING | PIXEL_ASPECT => {
                let sides = number(text, 0).zip(number(text, 1)).filter(|(down, across)| *down > 0.0 && *across > 0.0);
                self.pixel_aspect = sides.map(|(down, across)| down / across).or(self.pixel_aspect);
                if tag == PIXEL_SPACING {
                    self.spacing_mm = sides;
                }
            }
            BITS => self.bits = whole(),
            SIGNED => self.signed = whole() == 1,
            _ => {}
        }
    }

    /// Adds a fragment to the first frame; `false` at the first one of the next frame, which starts with a new header.
    fn add_fragment(&mut self, part: &[u8]) -> bool {
        const HEADERS: [&[u8]; 3] = [b"\xff\xd8", b"\xff\x0a", b"\0\0\0\x0cJXL "];
        match &mut self.pixels {
            Pixels::Coded(_) if self.frames > 1 && HEADERS.iter().any(|header| part.starts_with(header)) => {
                return false;
            }
            Pixels::Coded(frame) => frame.extend_from_slice(part),
            _ => self.pixels = Pixels::Coded(part.to_vec()),
        }
        true
    }
}

/// The transfer syntax of the file, and where the data set begins.
fn transfer_syntax(bytes: &[u8]) -> Result<(String, usize), Refusal> {
    let meta = bytes.get(PREAMBLE..).unwrap_or_default();
    let length = meta.get(8..GROUP_LENGTH).and_then(|length| length.try_into().ok()).map(u32::from_le_bytes);
    let length = usize::try_from(length.ok_or_else(|| Refusal::cut_short(Format::Dicom))?).map_err(damaged)?;
    let group = meta.get(..GROUP_LENGTH.saturating_add(length)).ok_or_else(|| Refusal::cut_short(Format::Dicom))?;
    let explicit = TransferSyntaxRegistry.get("1.2.840.10008.1.2.1").ok_or_else(|| damaged(()))?;
    let mut syntax = String::new();
    walk(group, explicit, |tag, value| {
        if let (TRANSFER_SYNTAX, Value::Text(text)) = (tag, value) {
            syntax = text;
        }
        true
    })?;
    Ok((syntax, PREAMBLE + group.len()))
}

fn coding(syntax: &str) -> Result<Coding, Refusal> {
    match syntax.strip_prefix("1.2.840.10008.1.2") {
        Some("" | ".1") => Ok(Coding::Plain),
        Some(".4.50" | ".4.51") => Ok(Coding::Jpeg),
        Some(".4.110" | ".4.111" | ".4.112") => Ok(Coding::JpegXl),
        _ => Err(unsupported(syntax)),
    }
}

fn unsupported(syntax: &str) -> Refusal {
    let kind = match syntax.strip_prefix("1.2.840.10008.1.2") {
        Some(".1.99") => "deflated",
        Some(".2") => "in the retired big-endian form",
        Some(".4.57" | ".4.70") => "coded as lossless JPEG",
        Some(".4.80" | ".4.81") => "coded as JPEG-LS",
        Some(".4.90" | ".4.91") => "coded as JPEG 2000",
        Some(".5") => "coded by run lengths",
        Some(video) if video.starts_with(".4.10") => "coded as a film",
        _ => "coded in another way",
    };
    Refusal::plain(format!(
        "expected a DICOM photograph with plain, JPEG or JPEG XL pixels, found one {kind}, which is not supported; export its picture as \
         PNG in the viewer that shows it, or with `dcm2pnm`, first"
    ))
}

/// A value of an element on the top level.
enum Value<'a> {
    /// The value of one of the elements above.
    Text(String),
    /// Samples as they are.
    Plain(&'a [u8]),
    /// A fragment of coded pixels.
    Fragment(&'a [u8]),
}

/// Walks the elements up to the pixels and gives those on the top level whose value counts, and the fragments of the pixels until
/// `go_on` returns `false`.
fn walk<'a>(
    data: &'a [u8],
    syntax: &TransferSyntax,
    mut go_on: impl FnMut(Tag, Value<'a>) -> bool,
) -> Result<(), Refusal> {
    let mut reader = LazyDataSetReader::new_with_ts(Cursor::new(data), syntax).map_err(damaged)?;
    let mut nesting = Nesting::default();
    // The first item of coded pixels is the table of offsets.
    let (mut in_pixels, mut items) = (false, 0_usize);
    while let Some(token) = reader.advance() {
        let token = token.map_err(damaged)?;
        match &token {
            LazyDataToken::SequenceStart { .. } => nesting.open(Part::Sequence)?,
            LazyDataToken::PixelSequenceStart => {
                in_pixels = nesting.0 == 0;
                nesting.open(Part::Sequence)?;
            }
            LazyDataToken::SequenceEnd => {
                nesting.close(Part::Sequence)?;
                if in_pixels {
                    return Ok(());
                }
            }
            LazyDataToken::ItemStart { .. } => {
                nesting.open(Part::Item)?;
                items += usize::from(in_pixels);
            }
            LazyDataToken::ItemEnd => nesting.close(Part::Item)?,
            LazyDataToken::LazyItemValue { len, decoder } => {
                let part = part(data, decoder.position(), *len)?;
                if in_pixels && items > 1 && !go_on(PIXEL_DATA, Value::Fragment(part)) {
                    return Ok(());
                }
            }
            LazyDataToken::LazyValue { header, decoder } => {
                let (tag, length) = (header.tag(), header.length().get().ok_or_else(|| damaged(()))?);
                let value = part(data, decoder.position(), length)?;
                if nesting.0 == 0 && tag == PIXEL_DATA {
                    go_on(tag, Value::Plain(value));
                    return Ok(());
                }
                if nesting.0 == 0 && is_read(tag) && length <= MOST_BYTES {
                    let value = token.into_value().map_err(damaged)?;
                    let text = value.to_multi_str().join("\\");
                    go_on(tag, Value::Text(text.trim_matches(['\0', ' ']).to_owned()));
                    continue;
                }
            }
            _ => {}
        }
        token.skip().map_err(damaged)?;
    }
    Ok(())
}

/// What a sequence consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Sequence,
    Item,
}

/// How deep the walk is: sequences at even depths hold items at odd ones. The parser panics on items that no sequence holds.
#[derive(Debug, Default)]
struct Nesting(usize);

impl Nesting {
    fn open(&mut self, part: Part) -> Result<(), Refusal> {
        let even = self.0.is_multiple_of(2);
        if even != (part == Part::Sequence) || self.0 >= MOST_LEVELS {
            return Err(damaged(()));
        }
        self.0 += 1;
        Ok(())
    }

    fn close(&mut self, part: Part) -> Result<(), Refusal> {
        let odd = !self.0.is_multiple_of(2);
        if odd != (part == Part::Sequence) || self.0 == 0 {
            return Err(damaged(()));
        }
        self.0 -= 1;
        Ok(())
    }
}

/// The bytes of a value, if the file holds them.
fn part(data: &[u8], position: u64, length: u32) -> Result<&[u8], Refusal> {
    let start = usize::try_from(position).map_err(damaged)?;
    let end = start.checked_add(length as usize).ok_or_else(|| damaged(()))?;
    data.get(start..end).ok_or_else(|| Refusal::cut_short(Format::Dicom))
}

fn is_read(tag: Tag) -> bool {
    const READ: [Tag; 18] = [
        TRANSFER_SYNTAX,
        MODALITY,
        STUDY_DATE,
        ACQUISITION_DATE,
        CONTENT_DATE,
        PATIENT_ORIENTATION,
        SAMPLES,
        PHOTOMETRIC,
        PLANAR,
        FRAMES,
        ROWS,
        COLUMNS,
        PIXEL_SPACING,
        PIXEL_ASPECT,
        BITS,
        SIGNED,
        WINDOW_CENTER,
        WINDOW_WIDTH,
    ];
    READ.contains(&tag)
}

/// A day as eight digits.
fn date(text: &str) -> Option<Date> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let part = |range: std::ops::Range<usize>| text.get(range).filter(|_| digits)?.parse::<i16>().ok();
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// A number of a value with several.
fn number(text: &str, index: usize) -> Option<f64> {
    text.split('\\').nth(index)?.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_eight_digits() {
        assert_eq!(date("20260131").map(|date| date.to_string()).as_deref(), Some("2026-01-31"));
        for text in ["20261331", "2026", "2026+1+1", "", "2026-1-1"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn items_lie_in_sequences_and_sequences_in_items() {
        let mut nesting = Nesting::default();
        assert!(nesting.open(Part::Item).is_err() && nesting.close(Part::Item).is_err());
        nesting.open(Part::Sequence).expect("a sequence");
        assert!(nesting.open(Part::Sequence).is_err() && nesting.close(Part::Item).is_err());
        nesting.open(Part::Item).expect("an item");
        assert!(nesting.close(Part::Sequence).is_err());
        nesting.close(Part::Item).expect("its end");
        nesting.close(Part::Sequence).expect("its end");
        assert_eq!(nesting.0, 0);
    }
}
