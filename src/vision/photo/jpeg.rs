//! JPEG, through `jpeg-decoder`.
//!
//! The decoder below is meant for browsers and fills in missing data. A measurement must not use such data, so the segments are parsed
//! here first: this finds size and kind before anything is allocated, extracts Exif and XMP, determines the colour space of the channels,
//! and gives the decoder a clean copy in which a scan that stops early is an error.

mod frame;
mod tables;

use image::RgbImage;
use jpeg_decoder::ColorTransform;

use super::decoded::{Budget, Decoded, Format, Refusal, inks_to_rgb};
use frame::{Frame, damaged};
use tables::{TABLES_HUFFMAN, standard_tables};

const TABLES_QUANTISATION: u8 = 0xdb;
const RESTART_INTERVAL: u8 = 0xdd;
const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;
const APP0: u8 = 0xe0;
const EXIF_OR_XMP: u8 = 0xe1;
const ADOBE: u8 = 0xee;

/// The number of pairs of 0xff and a stuffed 0 after every scan. The decoder reads ahead by at most 64 bits, so a complete scan never
/// uses them; no code consists of ones, so a scan that stops early fails here.
const PADDING: usize = 256;
/// This many zero bytes in a row are not entropy-coded data, but the rest of an interrupted copy.
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
    let exif = outline.exif.iter().map(|block| block.to_vec()).collect();
    let xmp = outline.xmp.map(<[u8]>::to_vec);
    let halvings = match enough {
        Some(enough) if outline.can_be_reduced() => (width.max(height) / enough.max(1)).max(1).ilog2().min(3),
        _ => 0,
    };
    // For other sizes the reduced picture would begin or end outside the photo, on a different side once it is turned or mirrored.
    let halvings = halvings.min(width.trailing_zeros()).min(height.trailing_zeros());
    // A reduced picture may be requested in full size later.
    budget.check_memory(width, height, outline.bytes_per_pixel())?;
    let pixels = outline.decode(halvings, None)?;
    Ok(Decoded { pixels, halvings, stored: (width, height), exif, xmp, notes, ..Decoded::default() })
}

/// What the channels of a picture inside another file mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    Grey,
    Rgb,
    YCbCr,
    /// Four inks, 255 full.
    Inks,
}

/// Decodes JPEG data inside another file, at most `most` in width and height.
pub(super) fn decode_part(
    bytes: &[u8],
    most: (u32, u32),
    colours: Colours,
    budget: &Budget,
) -> Result<RgbImage, Refusal> {
    let outline = Outline::walk(bytes)?;
    let frame = &outline.frame;
    let channels = match colours {
        Colours::Grey => 1,
        Colours::Rgb | Colours::YCbCr => 3,
        Colours::Inks => 4,
    };
    if frame.channels.len() != channels {
        return Err(damaged("the number of channels is not that of the file around"));
    }
    if frame.width == 0 || frame.height == 0 || u32::from(frame.width) > most.0 || u32::from(frame.height) > most.1 {
        return Err(damaged("the size does not fit the file around"));
    }
    budget.check_memory(frame.width.into(), frame.height.into(), outline.bytes_per_pixel())?;
    outline.decode(0, Some(colours))
}

/// Converts one pixel from the colours of JFIF.
pub(super) fn ycbcr_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
        .map(|value| value.round().clamp(0.0, 255.0) as u8)
}

/// The result of parsing the segments.
struct Outline<'a> {
    frame: Frame,
    /// The picture's segments and scans without junk and metadata; the end marker is not included.
    clean: Vec<u8>,
    exif: Vec<&'a [u8]>,
    xmp: Option<&'a [u8]>,
    /// There is a JFIF segment.
    jfif: bool,
    /// The colour transform of the Adobe segment.
    adobe: Option<u8>,
    restarts: bool,
    scanned_channels: usize,
    /// A scan has fewer bits than its blocks need.
    too_short: bool,
    /// Whether the end marker was present.
    ended: bool,
    /// What follows the end marker.
    rest: &'a [u8],
}

impl<'a> Outline<'a> {
    /// `bytes` starts with the start marker.
    fn walk(bytes: &'a [u8]) -> Result<Outline<'a>, Refusal> {
        let mut walk = Walk { bytes, at: 2 };
        let mut clean = Vec::with_capacity(bytes.len() + 4096);
        clean.extend([0xff, START]);
        let (mut frame, mut exif, mut xmp, mut jfif, mut adobe) = (None::<Frame>, Vec::new(), None, false, None);
        let (mut restarts, mut tables, mut scanned_channels, mut too_short, mut ended) =
            (false, false, 0, false, false);
        while let Some((start, marker)) = walk.marker() {
            match marker {
                END => {
                    ended = true;
                    break;
                }
                // Another picture begins before this one has ended.
                START => break,
                // Stuffing, restarts and the like are not valid here and have no length.
                0..=1 | 0xd0..=0xd7 => continue,
                _ => {}
            }
            let Some(content) = walk.content() else { break };
            match marker {
                TABLES_HUFFMAN => tables = true,
                TABLES_QUANTISATION => {}
                RESTART_INTERVAL => restarts |= content != [0, 0],
                APP0 => {
                    jfif |= content.starts_with(b"JFIF\0") && content.len() >= 12;
                    continue;
                }
                ADOBE => {
                    // A segment that is too short is ignored.
                    adobe = adobe.or(content.strip_prefix(b"Adobe").and_then(|rest| rest.get(6).copied()));
                    continue;
                }
                EXIF_OR_XMP => {
                    if content.starts_with(b"Exif\0") {
                        exif.push(content);
                    } else if let Some(packet) = content.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                        xmp = xmp.or(Some(packet));
                    }
                    continue;
                }
                0xc0..=0xcf if marker != 0xc8 && marker != 0xcc => {
                    if frame.is_some() {
                        return Err(damaged("there are two frame headers"));
                    }
                    frame = Some(Frame::read(marker, content)?);
                }
                SCAN => {
                    let Some(frame) = &mut frame else { return Err(damaged("a scan comes before the frame header")) };
                    if !tables && !frame.progressive {
                        // Webcams omit the tables that the standard suggests.
                        clean.extend(standard_tables());
                        tables = true;
                    }
                    let (channels, bits) = frame.note_scan(content)?;
                    scanned_channels += channels;
                    let from = walk.at;
                    walk.skip_scan();
                    too_short |= ((walk.at - from) as u64) < bits / 8;
                }
                _ => continue,
            }
            clean.extend(&bytes[start..walk.at]);
            if marker == SCAN {
                clean.extend([0xff, 0].repeat(PADDING));
            }
        }
        match frame {
            Some(frame) if scanned_channels > 0 => {
                let rest = &bytes[walk.at..];
                Ok(Outline { frame, clean, exif, xmp, jfif, adobe, restarts, scanned_channels, too_short, ended, rest })
            }
            _ if ended => Err(damaged("there is no scan")),
            _ => Err(Refusal::cut_short(Format::Jpeg)),
        }
    }

    /// A progressive picture is always read to its end; where luma is coarser than chroma, it would be reduced too far.
    fn can_be_reduced(&self) -> bool {
        !self.frame.progressive && [1, 3].contains(&self.frame.channels.len()) && self.frame.starts_with_the_finest()
    }

    /// Memory for decoding: the pixels, the channels before they are combined, all coefficients of a progressive picture, and the clean
    /// copy.
    fn bytes_per_pixel(&self) -> f64 {
        let samples = self.frame.samples_per_pixel();
        let pixels = f64::from(self.frame.width) * f64::from(self.frame.height);
        // A grey picture is expanded to three channels.
        let channels = self.frame.channels.len().max(3) as f64;
        let coefficients = if self.frame.progressive { 2.0 * samples } else { 0.0 };
        channels + samples + coefficients + self.clean.len() as f64 / pixels
    }

    /// Refuses incomplete pictures.
    fn refuse_gaps(&self) -> Result<(), Refusal> {
        if self.too_short {
            return Err(if self.ended { damaged("a scan is too short") } else { Refusal::cut_short(Format::Jpeg) });
        }
        if self.frame.progressive {
            // Where the last scan's end is not marked, it may end with any restart.
            if !self.ended && (!self.frame.is_complete() || self.restarts) {
                return Err(Refusal::cut_short(Format::Jpeg));
            }
        } else if self.scanned_channels != self.frame.channels.len() {
            return Err(if self.ended {
                damaged("scans are missing or too many")
            } else {
                Refusal::cut_short(Format::Jpeg)
            });
        }
        let before_padding = self.clean.len().saturating_sub(2 * PADDING);
        let tail = self.clean.get(before_padding.saturating_sub(ZERO_TAIL)..before_padding).unwrap_or_default();
        if !self.ended && tail.iter().all(|&byte| byte == 0) {
            return Err(Refusal::cut_short(Format::Jpeg));
        }
        Ok(())
    }

    /// The rules of libjpeg: JFIF has one colour space, then the Adobe segment decides, then the channel ids.
    fn colours(&self) -> ColorTransform {
        let numbers: Vec<u8> = self.frame.channels.iter().map(|channel| channel.number).collect();
        match (numbers.as_slice(), self.adobe) {
            ([_], _) => ColorTransform::Grayscale,
            ([_, _, _], _) if self.jfif => ColorTransform::YCbCr,
            ([_, _, _], Some(0)) | ([b'R', b'G', b'B'], None) => ColorTransform::RGB,
            ([_, _, _], _) => ColorTransform::YCbCr,
            (_, None | Some(0)) => ColorTransform::CMYK,
            (_, Some(_)) => ColorTransform::YCCK,
        }
    }

    /// Decodes at `1 / 2^halvings` of the size, using only the coefficients needed for it. The surrounding file may define the channels.
    fn decode(mut self, halvings: u32, colours: Option<Colours>) -> Result<RgbImage, Refusal> {
        self.refuse_gaps()?;
        self.clean.extend([0xff, END]);
        let side = |side: u16| side.div_ceil(1 << halvings);
        let mut decoder = jpeg_decoder::Decoder::new(self.clean.as_slice());
        decoder.set_color_transform(match colours {
            None => self.colours(),
            Some(Colours::Grey) => ColorTransform::Grayscale,
            Some(Colours::Rgb) => ColorTransform::RGB,
            Some(Colours::YCbCr) => ColorTransform::YCbCr,
            Some(Colours::Inks) => ColorTransform::CMYK,
        });
        let pixels = decoder.scale(side(self.frame.width), side(self.frame.height)).and_then(|size| {
            let pixels = decoder.decode()?;
            Ok((size, pixels))
        });
        let ((width, height), mut pixels) = pixels.map_err(|error| {
            let short = !self.ended && !matches!(error, jpeg_decoder::Error::Unsupported(_));
            if short { Refusal::cut_short(Format::Jpeg) } else { Refusal::damaged(Format::Jpeg, error) }
        })?;
        let pixels = match self.frame.channels.len() {
            1 => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
            3 => pixels,
            _ => {
                // The decoder assumes that inks are stored inverted, as all programs do that omit the Adobe marker.
                if self.adobe.is_none() {
                    pixels.iter_mut().for_each(|ink| *ink = 255 - *ink);
                }
                inks_to_rgb(pixels)
            }
        };
        RgbImage::from_raw(width.into(), height.into(), pixels)
            .ok_or_else(|| damaged("the picture is not of its own size"))
    }

    /// Whether a second picture of the same size follows, as in files of stereo cameras and bursts. Smaller ones are gain maps and
    /// previews.
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

/// A position among the segments.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    /// The next marker and its position, skipping junk and fill bytes.
    fn marker(&mut self) -> Option<(usize, u8)> {
        let start = self.at + self.bytes.get(self.at..)?.iter().position(|&byte| byte == 0xff)?;
        let code = start + self.bytes[start..].iter().position(|&byte| byte != 0xff)?;
        self.at = code + 1;
        Some((code - 1, self.bytes[code]))
    }

    /// The segment's content after its length.
    fn content(&mut self) -> Option<&'a [u8]> {
        let length = self.bytes.get(self.at..self.at + 2)?;
        let end = self.at + usize::from(u16::from_be_bytes([length[0], length[1]]));
        let content = self.bytes.get(self.at + 2..end)?;
        self.at = end;
        Some(content)
    }

    /// Skips entropy-coded data, up to the next marker or the end of the file.
    fn skip_scan(&mut self) {
        while let Some(found) = self.bytes[self.at..].iter().position(|&byte| byte == 0xff) {
            self.at += found;
            match self.bytes.get(self.at + 1) {
                // Tables, the end, a scan, APPn, comments.
                Some(0xc4 | 0xd8..=0xdd | 0xe0..=0xef | 0xfe) => return,
                // The second 0xff may start a marker.
                Some(0xff) => self.at += 1,
                // A stuffed byte, a restart, or damage, which the decoder detects.
                Some(_) => self.at += 2,
                None => break,
            }
        }
        self.at = self.bytes.len();
    }
}
