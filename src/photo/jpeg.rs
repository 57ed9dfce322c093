//! JPEG, through `zune-jpeg`.
//!
//! The decoder below is meant for browsers and fills up what is missing. A measurement needs to know, so the segments are
//! walked here first: this finds size and kind before anything is allocated, takes Exif and XMP out, and hands the decoder a
//! clean copy whose end is marked such that a scan that stops early is an error.

use std::io;

use image::RgbImage;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{Budget, Decoded, Format, Refusal};

const TABLES_HUFFMAN: u8 = 0xc4;
const TABLES_QUANTISATION: u8 = 0xdb;
const RESTART_INTERVAL: u8 = 0xdd;
const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;
const APP0: u8 = 0xe0;
const EXIF_OR_XMP: u8 = 0xe1;
const ADOBE: u8 = 0xee;

/// 64 one-bits (0xff is followed by a stuffed 0) behind the last scan. The decoder reads ahead by at most 56 bits, so a whole
/// scan never reaches beyond; no code consists of ones, so a scan that stops early fails here.
const PADDING: [u8; 16] = [0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0];
/// A segment with a marker that nobody uses, and nothing in it, then the end. A progressive scan that runs into it has
/// stopped early; between scans it is skipped.
const TRIPWIRE: [u8; 6] = [0xff, 0x02, 0, 2, 0xff, END];
/// So many zero bytes in a row are no entropy-coded data, but the rest of a copy that was interrupted.
const ZERO_TAIL: usize = 16;

/// Decodes at the smallest size whose longer side keeps `enough` pixels.
pub(super) fn decode(bytes: &[u8], budget: &Budget, enough: Option<u32>) -> Result<Decoded, Refusal> {
    let outline = Outline::walk(bytes)?;
    let (width, height) = (u32::from(outline.frame.width), u32::from(outline.frame.height));
    budget.check(Format::Jpeg, width, height)?;
    let mut notes = Vec::new();
    if outline.followed_by_another(width, height) {
        notes.push("the file holds several pictures: the first was taken".into());
    }
    if !outline.ended {
        notes.push("the JPEG data lacks its end marker; all of the picture is there".into());
    }
    if outline.ended && !outline.frame.is_complete() {
        notes.push("the progressive JPEG data ends before its finest detail".into());
    }
    let (exif, xmp) = (outline.exif.map(<[u8]>::to_vec), outline.xmp.map(<[u8]>::to_vec));
    let halvings = enough.map_or(0, |enough| (width.max(height) / enough.max(1)).max(1).ilog2().min(3));
    // Of other sizes the reduced picture begins or ends beside the photo, on another side once it is turned or mirrored.
    let halvings = halvings.min(width.trailing_zeros()).min(height.trailing_zeros());
    let (pixels, halvings) = match halvings {
        1.. if outline.can_be_reduced() => (outline.decode_reduced(halvings)?, halvings),
        _ => (outline.decode()?, 0),
    };
    Ok(Decoded { pixels, halvings, stored: (width, height), turned: None, exif, xmp, notes })
}

/// The frame header.
#[derive(Debug, Clone)]
struct Frame {
    progressive: bool,
    width: u16,
    height: u16,
    /// The identifiers of the channels, and for each of their 64 coefficients how many low bits are still missing.
    components: Vec<(u8, [u8; 64])>,
}

/// Of a coefficient that no scan has brought.
const NEVER: u8 = u8::MAX;

/// What the walk over the segments found.
struct Outline<'a> {
    frame: Frame,
    /// The picture's segments and scans without junk and metadata; what marks the end is still missing.
    clean: Vec<u8>,
    exif: Option<&'a [u8]>,
    xmp: Option<&'a [u8]>,
    adobe: bool,
    restarts: bool,
    scanned_components: usize,
    /// Whether the end marker was there.
    ended: bool,
    /// What follows the end marker.
    rest: &'a [u8],
}

impl<'a> Outline<'a> {
    /// `bytes` starts with the start marker.
    fn walk(bytes: &'a [u8]) -> Result<Outline<'a>, Refusal> {
        let mut walk = Walk { bytes, at: 2 };
        let mut clean = Vec::with_capacity(bytes.len() + PADDING.len() + TRIPWIRE.len());
        clean.extend([0xff, START]);
        let (mut frame, mut exif, mut xmp, mut adobe, mut restarts) = (None::<Frame>, None, None, false, false);
        let (mut scanned_components, mut ended) = (0, false);
        while let Some((start, marker)) = walk.marker() {
            match marker {
                END => {
                    ended = true;
                    break;
                }
                // Another picture begins before this one has ended.
                START => break,
                // Stuffing, restarts and the like have no place here and no length.
                0..=1 | 0xd0..=0xd7 => continue,
                _ => {}
            }
            let Some(content) = walk.content() else { break };
            let keep = match marker {
                TABLES_HUFFMAN | TABLES_QUANTISATION | APP0 => true,
                RESTART_INTERVAL => {
                    restarts |= content != [0, 0];
                    true
                }
                ADOBE => {
                    adobe |= content.starts_with(b"Adobe");
                    true
                }
                EXIF_OR_XMP => {
                    if content.starts_with(b"Exif\0") {
                        exif = exif.or(Some(content));
                    } else if let Some(packet) = content.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                        xmp = xmp.or(Some(packet));
                    }
                    false
                }
                0xc0..=0xcf if marker != 0xc8 && marker != 0xcc => {
                    if frame.is_some() {
                        return Err(damaged("there are two frame headers"));
                    }
                    frame = Some(Frame::read(marker, content)?);
                    true
                }
                SCAN => {
                    let Some(frame) = &mut frame else { return Err(damaged("a scan comes before the frame header")) };
                    scanned_components += frame.note_scan(content)?;
                    walk.skip_scan();
                    true
                }
                _ => false,
            };
            if keep {
                clean.extend(&bytes[start..walk.at]);
            }
        }
        match frame {
            Some(frame) if scanned_components > 0 => {
                let rest = &bytes[walk.at..];
                Ok(Outline { frame, clean, exif, xmp, adobe, restarts, scanned_components, ended, rest })
            }
            _ if ended => Err(damaged("there is no scan")),
            _ => Err(Refusal::cut_short(Format::Jpeg)),
        }
    }

    /// Whether the other decoder, which reduces, can be trusted with it: it would take a progressive scan that stops early for whole.
    fn can_be_reduced(&self) -> bool {
        !self.frame.progressive && [1, 3].contains(&self.frame.components.len())
    }

    /// Decodes at `1 / 2^halvings` of the size, of each block only as many coefficients as that takes.
    fn decode_reduced(mut self, halvings: u32) -> Result<RgbImage, Refusal> {
        self.refuse_gaps()?;
        // It reads ahead by at most 64 bits and, unlike the other, does not stand the end of the data.
        self.clean.extend(PADDING);
        self.clean.extend([0xff, END]);
        let side = |side: u16| side.div_ceil(1 << halvings);
        let mut decoder = jpeg_decoder::Decoder::new(self.clean.as_slice());
        let pixels = decoder.scale(side(self.frame.width), side(self.frame.height)).and_then(|size| {
            let pixels = decoder.decode()?;
            Ok((size, pixels))
        });
        let ((width, height), pixels) = pixels.map_err(|error| {
            let short = !self.ended && !matches!(error, jpeg_decoder::Error::Unsupported(_));
            if short { Refusal::cut_short(Format::Jpeg) } else { Refusal::damaged(Format::Jpeg, error) }
        })?;
        let (width, height) = (u32::from(width), u32::from(height));
        if self.frame.components.len() == 1 {
            let grey = image::GrayImage::from_raw(width, height, pixels);
            return grey
                .map(|grey| image::DynamicImage::ImageLuma8(grey).into_rgb8())
                .ok_or_else(|| damaged("the picture is not of its own size"));
        }
        RgbImage::from_raw(width, height, pixels).ok_or_else(|| damaged("the picture is not of its own size"))
    }

    /// Refuses pictures that cannot be whole.
    fn refuse_gaps(&self) -> Result<(), Refusal> {
        if !self.frame.progressive && self.scanned_components != self.frame.components.len() {
            return Err(if self.ended {
                damaged("scans are missing or too many")
            } else {
                Refusal::cut_short(Format::Jpeg)
            });
        }
        if !self.ended && self.clean.iter().rev().take(ZERO_TAIL).all(|&byte| byte == 0) {
            return Err(Refusal::cut_short(Format::Jpeg));
        }
        Ok(())
    }

    fn decode(mut self) -> Result<RgbImage, Refusal> {
        let complete = self.frame.is_complete();
        let Frame { progressive, width, height, ref components } = self.frame;
        if progressive {
            // With restarts the decoder looks for a marker by itself and would take the tripwire for damage.
            if !self.ended && (!complete || self.restarts) {
                return Err(Refusal::cut_short(Format::Jpeg));
            }
        }
        self.refuse_gaps()?;
        // A baseline scan that stops early runs out of bytes, since nothing follows the padding.
        self.clean.extend(PADDING);
        match (progressive, self.restarts) {
            (false, _) => {}
            (true, false) => self.clean.extend(TRIPWIRE),
            (true, true) => self.clean.extend([0xff, END]),
        }

        // Inks are stored inverted by everything that leaves the Adobe marker, and the decoder expects that.
        let plain_inks = components.len() == 4 && !self.adobe;
        let colours = if plain_inks { ColorSpace::CMYK } else { ColorSpace::RGB };
        let options = DecoderOptions::default()
            .set_strict_mode(true)
            .set_max_width(width.into())
            .set_max_height(height.into())
            .jpeg_set_out_colorspace(colours);
        let mut pixels = vec![0; usize::from(width) * usize::from(height) * colours.num_components()];
        JpegDecoder::new_with_options(ZCursor::new(self.clean.as_slice()), options).decode_into(&mut pixels).map_err(
            |error| {
                use zune_jpeg::errors::DecodeErrors::{ExhaustedData, Format as Wrong, FormatStatic, IoErrors};
                let short = match &error {
                    ExhaustedData | IoErrors(_) => true,
                    FormatStatic(words) => *words == "Premature end of buffer",
                    Wrong(words) => {
                        ["Code length", "Bad Huffman", "Unknown marker"].iter().any(|start| words.starts_with(start))
                    }
                    _ => false,
                };
                if short && !self.ended {
                    Refusal::cut_short(Format::Jpeg)
                } else {
                    Refusal::damaged(Format::Jpeg, error)
                }
            },
        )?;
        if plain_inks {
            pixels = inks_to_rgb(pixels);
        }
        RgbImage::from_raw(width.into(), height.into(), pixels).ok_or_else(|| Refusal::cut_short(Format::Jpeg))
    }

    /// Whether a second picture of the same size follows, as stereo cameras and bursts write it. Smaller ones are gain maps
    /// and previews.
    fn followed_by_another(&self, width: u32, height: u32) -> bool {
        let Some(start) = self.rest.windows(3).position(|window| window == [0xff, START, 0xff]) else { return false };
        let mut walk = Walk { bytes: &self.rest[start..], at: 2 };
        while let Some((_, marker)) = walk.marker() {
            let Some(content) = walk.content() else { break };
            if let 0xc0..=0xc2 = marker {
                return Frame::read(marker, content)
                    .is_ok_and(|frame| (u32::from(frame.width), u32::from(frame.height)) == (width, height));
            }
        }
        false
    }
}

impl Frame {
    fn read(marker: u8, content: &[u8]) -> Result<Frame, Refusal> {
        let unsupported = |kind: &str| {
            Err(Refusal::plain(format!(
                "expected a baseline or progressive JPEG picture, found {kind}, which is not supported"
            )))
        };
        match marker {
            0xc0..=0xc2 => {}
            0xc3 => return unsupported("a lossless one"),
            0xc5..=0xc7 => return unsupported("a hierarchical one"),
            _ => return unsupported("an arithmetic-coded one"),
        }
        let [precision, high, low, wide, narrow, count, components @ ..] = content else {
            return Err(damaged("the frame header is too short"));
        };
        if *precision != 8 {
            return unsupported(&format!("one with {precision} bits per channel"));
        }
        let components: Vec<_> = components.chunks_exact(3).map(|component| (component[0], [NEVER; 64])).collect();
        if ![1, 3, 4].contains(&components.len()) || components.len() != usize::from(*count) {
            return Err(damaged("the frame header does not describe 1, 3 or 4 channels"));
        }
        Ok(Frame {
            progressive: marker == 0xc2,
            width: u16::from_be_bytes([*wide, *narrow]),
            height: u16::from_be_bytes([*high, *low]),
            components,
        })
    }

    /// Whether the scans bring all bits of all coefficients.
    fn is_complete(&self) -> bool {
        self.components.iter().all(|(_, missing)| missing.iter().all(|&bits| bits == 0))
    }

    /// Notes which coefficients a scan brings; returns the number of its channels.
    fn note_scan(&mut self, content: &[u8]) -> Result<usize, Refusal> {
        let wrong = || damaged("a scan header is wrong");
        let (&count, content) = content.split_first().ok_or_else(wrong)?;
        let (scanned, tail) = content.split_at_checked(2 * usize::from(count)).ok_or_else(wrong)?;
        let &[first, last, bits] = tail else { return Err(wrong()) };
        for channel in scanned.chunks_exact(2) {
            let (_, missing) = self.components.iter_mut().find(|(id, _)| *id == channel[0]).ok_or_else(wrong)?;
            missing.get_mut(first.into()..=last.into()).ok_or_else(wrong)?.fill(bits & 0x0f);
        }
        Ok(count.into())
    }
}

/// A position among the segments.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    /// The next marker and where it starts, over junk and fill bytes.
    fn marker(&mut self) -> Option<(usize, u8)> {
        let start = self.at + self.bytes.get(self.at..)?.iter().position(|&byte| byte == 0xff)?;
        let code = start + self.bytes[start..].iter().position(|&byte| byte != 0xff)?;
        self.at = code + 1;
        Some((code - 1, self.bytes[code]))
    }

    /// What the segment holds behind its length.
    fn content(&mut self) -> Option<&'a [u8]> {
        let length = self.bytes.get(self.at..self.at + 2)?;
        let end = self.at + usize::from(u16::from_be_bytes([length[0], length[1]]));
        let content = self.bytes.get(self.at + 2..end)?;
        self.at = end;
        Some(content)
    }

    /// Over entropy-coded data, to the marker behind it or to the end of the file.
    fn skip_scan(&mut self) {
        while let Some(found) = self.bytes[self.at..].iter().position(|&byte| byte == 0xff) {
            self.at += found;
            match self.bytes.get(self.at + 1) {
                // Tables, the end, a scan, APPn, comments.
                Some(0xc4 | 0xd8..=0xdd | 0xe0..=0xef | 0xfe) => return,
                // The second 0xff may start a marker.
                Some(0xff) => self.at += 1,
                // A stuffed byte, a restart, or damage, which is the decoder's to find.
                Some(_) => self.at += 2,
                None => break,
            }
        }
        self.at = self.bytes.len();
    }
}

/// Four inks as they are (255 is full) to RGB, in the same memory.
fn inks_to_rgb(mut inks: Vec<u8>) -> Vec<u8> {
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

fn damaged(what: &'static str) -> Refusal {
    Refusal::damaged(Format::Jpeg, io::Error::new(io::ErrorKind::InvalidData, what))
}
