//! Samples that are stored as they are.

use image::RgbImage;

use super::super::decoded::Refusal;
use super::super::jpeg::ycbcr_to_rgb;
use super::elements::Elements;

/// The first frame as RGB. Grey samples are shown through the file's window, or from their smallest to their largest value.
pub(super) fn decode(samples: &[u8], elements: &Elements<'_>) -> Result<RgbImage, Refusal> {
    let (width, height) = (u32::from(elements.columns), u32::from(elements.rows));
    let pixels = width as usize * height as usize;
    let rgb = match (elements.photometric.as_str(), elements.samples, elements.bits) {
        ("RGB", 3, 8) => colour(samples, pixels, elements.planar, |pixel| pixel)?,
        ("YBR_FULL", 3, 8) => colour(samples, pixels, elements.planar, ycbcr_to_rgb)?,
        ("MONOCHROME1" | "MONOCHROME2", 1, 8 | 16) => grey(samples, pixels, elements)?,
        (colours @ ("RGB" | "YBR_FULL" | "MONOCHROME1" | "MONOCHROME2"), samples, bits) => {
            return Err(Refusal::plain(format!(
                "expected a DICOM photograph with 8 bits a colour, or 8 or 16 bits of grey, found {colours} with {samples} samples of {bits} bits"
            )));
        }
        (other, ..) => return Err(unsupported_colours(other)),
    };
    RgbImage::from_raw(width, height, rgb).ok_or_else(too_few)
}

fn too_few() -> Refusal {
    Refusal::plain("expected a whole DICOM photograph, found one with pixels missing")
}

fn colour(samples: &[u8], pixels: usize, planar: bool, convert: fn([u8; 3]) -> [u8; 3]) -> Result<Vec<u8>, Refusal> {
    let samples = samples.get(..3 * pixels).ok_or_else(too_few)?;
    let pixel = |index: usize| match planar {
        true => [0, 1, 2].map(|plane| samples[plane * pixels + index]),
        false => [0, 1, 2].map(|channel| samples[3 * index + channel]),
    };
    let mut rgb = Vec::with_capacity(3 * pixels);
    (0..pixels).for_each(|index| rgb.extend(convert(pixel(index))));
    Ok(rgb)
}

fn grey(samples: &[u8], pixels: usize, elements: &Elements<'_>) -> Result<Vec<u8>, Refusal> {
    let bytes = usize::from(elements.bits / 8);
    let samples = samples.get(..bytes * pixels).ok_or_else(too_few)?;
    let value = |sample: &[u8]| -> f64 {
        match *sample {
            [low, high] if elements.signed => i16::from_le_bytes([low, high]).into(),
            [low, high] => u16::from_le_bytes([low, high]).into(),
            [byte, ..] => f64::from(byte),
            [] => 0.0,
        }
    };
    let values = || samples.chunks_exact(bytes).map(value);
    let (low, high) = match elements.window {
        // The window counts values after the rescaling, which a photograph does not have.
        Some((centre, width)) => (centre - 0.5 * width, centre + 0.5 * width),
        None => values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v))),
    };
    let inverted = elements.photometric == "MONOCHROME1";
    let shade = |value: f64| {
        let share = ((value - low) / (high - low).max(1.0)).clamp(0.0, 1.0);
        (255.0 * if inverted { 1.0 - share } else { share }).round() as u8
    };
    let mut rgb = Vec::with_capacity(3 * pixels);
    values().for_each(|value| rgb.extend([shade(value); 3]));
    Ok(rgb)
}

/// The refusal of a photometric interpretation.
pub(super) fn unsupported_colours(found: &str) -> Refusal {
    // Only what is known to be no text of another kind is printed.
    const KNOWN: [&str; 9] = [
        "MONOCHROME1",
        "PALETTE COLOR",
        "HSV",
        "ARGB",
        "CMYK",
        "YBR_PARTIAL_422",
        "YBR_ICT",
        "YBR_RCT",
        "YBR_FULL_422",
    ];
    let found = KNOWN.iter().find(|known| **known == found).unwrap_or(&"unknown colours");
    Refusal::plain(format!(
        "expected a DICOM photograph in RGB, YCbCr or grey, found {found}, which is not supported; export it as PNG first"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_of_the_standard_are_printed() {
        let words = |found| match unsupported_colours(found) {
            Refusal::NotAPicture { reason, .. } => reason,
            other => panic!("{other:?}"),
        };
        assert!(words("PALETTE COLOR").contains("found PALETTE COLOR,"));
        assert!(words("DOE JOHN").contains("found unknown colours,"));
    }
}
