//! DICOM photographs (visible light images): `dicom-parser` walks the elements, JPEG data inside go through [`super::jpeg`].
//!
//! Values are read one by one, each after its length was compared with the rest of the file. Nothing about the patient is read: not
//! into memory that is kept, not into an error.

mod elements;
mod native;

use image::imageops::{FilterType, resize};

use super::decoded::{Budget, Decoded, Format, Refusal};
use super::jpeg::{self, Colours};
use super::metadata::Metadata;
use super::raster;
use super::turn::Turn;
use elements::{Coding, Elements, Pixels};

/// Modalities of pictures that no camera takes.
const NOT_PHOTOGRAPHS: [&str; 12] = ["CR", "CT", "DX", "IO", "MG", "MR", "NM", "PT", "PX", "RF", "US", "XA"];
/// Pixels whose sides differ by less are square.
const SQUARE: f64 = 0.002;
/// A ratio of a pixel's sides beyond this is an error of the file.
const MOST_STRETCHED: f64 = 4.0;

pub(super) fn decode(bytes: &[u8], budget: &Budget) -> Result<Decoded, Refusal> {
    let elements = Elements::read(bytes)?;
    if NOT_PHOTOGRAPHS.contains(&elements.modality.as_str()) {
        return Err(Refusal::plain(format!(
            "expected a photograph, found a DICOM picture of modality {}, which no camera takes",
            elements.modality
        )));
    }
    let (width, height) = (u32::from(elements.columns), u32::from(elements.rows));
    budget.check(Format::Dicom, width, height)?;
    let square = squared((width, height), elements.pixel_aspect);
    budget.check(Format::Dicom, square.0, square.1)?;
    budget.check_memory(width, height, bytes_per_pixel((width, height), square))?;
    let mut notes = Vec::new();
    if elements.frames > 1 {
        notes.push(format!("the DICOM file holds {} frames: the first was taken", elements.frames));
    }
    let mut pixels = match (&elements.pixels, elements.coding) {
        (Pixels::Plain(samples), Coding::Plain) => native::decode(samples, &elements)?,
        (Pixels::Coded(frame), Coding::Jpeg) => {
            jpeg::decode_part(frame, (width, height), colours(&elements.photometric, frame)?, budget)?
        }
        (Pixels::Coded(frame), Coding::JpegXl) => raster::jpeg_xl(frame, budget)?.pixels,
        _ => return Err(Refusal::plain("expected a DICOM photograph, found one without the pixels that it declares")),
    };
    if pixels.dimensions() != (width, height) {
        return Err(Refusal::plain(format!(
            "expected a DICOM photograph of {width} x {height} pixels as its header says, found one of {} x {}",
            pixels.width(),
            pixels.height()
        )));
    }
    if square != (width, height) {
        pixels = resize(&pixels, square.0, square.1, FilterType::Triangle);
        notes.push("the DICOM file says that its pixels are not square: they were made so".into());
    }
    let turn = turn(&elements.patient_orientation);
    Ok(Decoded {
        stored: pixels.dimensions(),
        pixels: turn.apply(pixels),
        turned: Some(turn),
        metadata: Metadata { mm_per_px: mm_per_px(&elements), taken: elements.taken, ..Metadata::default() },
        notes,
        ..Decoded::default()
    })
}

/// What the channels of JPEG data mean. Programs that re-code a photograph often leave "RGB" in its header; a JFIF segment, which only
/// YCbCr has, tells.
fn colours(photometric: &str, frame: &[u8]) -> Result<Colours, Refusal> {
    let is_jfif = frame.get(6..11) == Some(b"JFIF\0");
    match photometric {
        "MONOCHROME2" => Ok(Colours::Grey),
        "RGB" if !is_jfif => Ok(Colours::Rgb),
        "RGB" | "YBR_FULL" | "YBR_FULL_422" | "YBR_PARTIAL_420" => Ok(Colours::YCbCr),
        other => Err(native::unsupported_colours(other)),
    }
}

/// Width and height with square pixels, none of them lost. `aspect` is a pixel's height over its width.
fn squared((width, height): (u32, u32), aspect: Option<f64>) -> (u32, u32) {
    let usual = 1.0 / MOST_STRETCHED..=MOST_STRETCHED;
    match aspect.filter(|aspect| (aspect - 1.0).abs() > SQUARE && usual.contains(aspect)) {
        Some(aspect) if aspect > 1.0 => (width, (f64::from(height) * aspect).round() as u32),
        Some(aspect) => ((f64::from(width) / aspect).round() as u32, height),
        None => (width, height),
    }
}

/// Millimetres of the body for one pixel, which has the shorter of its sides once it is made square. `None` where the file contradicts itself
/// about the pixels' shape, or gives one that no camera has.
fn mm_per_px(elements: &Elements<'_>) -> Option<f64> {
    let (down, across) = elements.spacing_mm?;
    let usual = 1.0 / MOST_STRETCHED..=MOST_STRETCHED;
    let agrees = elements.pixel_aspect == Some(down / across) && usual.contains(&(down / across));
    Some(down.min(across)).filter(|mm| agrees && (0.001..1000.0).contains(mm))
}

/// The memory that decoding takes at its peak, per stored pixel: coded or plain samples, the pixels, and in between, where they are made
/// square, four 32-bit numbers for each pixel of the new height.
fn bytes_per_pixel(stored: (u32, u32), square: (u32, u32)) -> f64 {
    if stored == square {
        return 6.0;
    }
    let [wider, higher] = [(square.0, stored.0), (square.1, stored.1)].map(|(a, b)| f64::from(a) / f64::from(b));
    6.0 + 16.0 * higher + 3.0 * wider * higher
}

/// The turn that makes the picture upright, from the body's directions along rows and columns: `F` is towards the feet, `H` towards the
/// head.
fn turn(patient_orientation: &str) -> Turn {
    let mut directions = patient_orientation.split('\\').map(|direction| direction.trim().bytes().next());
    let (right, down) = (directions.next().flatten(), directions.next().flatten());
    let quarter = Turn::QUARTER_LEFT;
    match (right, down) {
        (_, Some(b'H')) => quarter.then(quarter),
        (Some(b'F'), _) => quarter.then(quarter).then(quarter),
        (Some(b'H'), _) => quarter,
        _ => Turn::NONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_feet_come_to_lie_below() {
        assert_eq!(turn("L\\F"), Turn::NONE);
        assert_eq!(turn("R\\F"), Turn::NONE);
        assert_eq!(turn(""), Turn::NONE);
        assert_eq!(turn("R\\H").exif(), 3);
        assert_eq!(turn("F\\R").exif(), 6);
        assert_eq!(turn("H\\L").exif(), 8);
        assert_eq!(turn("L\\FP"), Turn::NONE);
    }

    #[test]
    fn pixels_become_square_and_none_is_lost() {
        let size = |aspect| squared((40, 60), aspect);
        assert_eq!(size(None), (40, 60));
        assert_eq!(size(Some(1.001)), (40, 60));
        assert_eq!(size(Some(1.5)), (40, 90));
        assert_eq!(size(Some(0.5)), (80, 60));
        assert_eq!(size(Some(50.0)), (40, 60));
        assert_eq!(size(Some(f64::NAN)), (40, 60));
        assert_eq!(bytes_per_pixel((40, 60), (40, 60)), 6.0);
        assert_eq!(bytes_per_pixel((40, 60), (40, 120)), 6.0 + 32.0 + 6.0);
    }

    #[test]
    fn a_spacing_counts_where_the_file_agrees_with_itself() {
        let of =
            |spacing, aspect| mm_per_px(&Elements { spacing_mm: spacing, pixel_aspect: aspect, ..Elements::default() });
        assert_eq!(of(Some((0.8, 0.4)), Some(2.0)), Some(0.4));
        assert_eq!(of(Some((1.4, 1.4)), Some(2.0)), None);
        assert_eq!(of(Some((7.0, 1.4)), Some(5.0)), None);
        assert_eq!(of(Some((1e-7, 1e-7)), Some(1.0)), None);
        assert_eq!(of(None, Some(1.0)), None);
    }

    #[test]
    fn a_jfif_segment_tells_more_than_the_header() {
        let jfif = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01";
        let of = |photometric, frame| colours(photometric, frame).map_err(|refusal| format!("{refusal:?}"));
        assert_eq!(of("RGB", b"\xff\xd8\xff\xdb"), Ok(Colours::Rgb));
        assert_eq!(of("RGB", jfif), Ok(Colours::YCbCr));
        assert_eq!(of("MONOCHROME2", jfif), Ok(Colours::Grey));
        assert!(of("MONOCHROME1", jfif).is_err());
    }
}
