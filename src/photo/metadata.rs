//! The few things in Exif and XMP that the measuring needs. Places, names and serial numbers are never looked up.

use exif::{Exif, In, Reader, Tag, Value};
use jiff::civil::Date;

use super::turn::Turn;
use crate::maker_note::apple_gravity;

/// What the file says about the camera and how it was held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// The focal length in millimetres that a 35 mm camera needs for the same view over the diagonal.
    pub focal_35mm: Option<f64>,
    /// Apple's acceleration vector in units of g, device axes as stored (see [`apple_gravity`]); only when its length
    /// lies between 0.9 and 1.1, since otherwise the phone was moved.
    pub gravity: Option<[f64; 3]>,
    /// The lens model says that it is the front camera.
    pub front_camera: bool,
    /// Width and height of the picture that the camera took, as it wrote them down, in pixels.
    pub shot_px: Option<[f64; 2]>,
    /// The digital zoom, 1 for none.
    pub digital_zoom: Option<f64>,
    /// The day that the camera says it was taken on. For the user's own history alone: it gets into no output.
    pub taken: Option<Date>,
    /// The file says that it was put together from several pictures: the pinhole camera does not hold.
    pub panorama: bool,
}

/// What [`read`] found.
pub(super) struct Said {
    pub(super) metadata: Metadata,
    pub(super) orientation: Turn,
    pub(super) notes: Vec<String>,
}

/// Reads the Exif block (a TIFF structure, with or without `Exif\0\0` before it) and the XMP packet. What is damaged is
/// left out with a note.
pub(super) fn read(exif: Option<Vec<u8>>, xmp: Option<&[u8]>) -> Said {
    let mut said = Said { metadata: Metadata::default(), orientation: Turn::NONE, notes: Vec::new() };
    if let Some(exif) = exif.and_then(|block| parse(block, &mut said.notes)) {
        said.orientation = orientation(&exif, &mut said.notes);
        said.metadata = metadata(&exif);
    }
    // Panorama makers write Google's photo sphere properties; to declare the namespace alone does not count.
    said.metadata.panorama |= xmp.is_some_and(|packet| packet.windows(6).any(|window| window == b"GPano:"));
    said
}

fn parse(mut block: Vec<u8>, notes: &mut Vec<String>) -> Option<Exif> {
    if block.starts_with(b"Exif\0\0") {
        block.drain(..6);
    }
    match Reader::new().continue_on_error(true).read_raw(block) {
        Ok(exif) => Some(exif),
        Err(exif::Error::PartialResult(partial)) => {
            let (exif, errors) = partial.into_inner();
            if exif.fields().len() == 0 {
                notes.push("the Exif data is damaged and was ignored".into());
            } else if !errors.iter().all(is_harmless) {
                notes.push("the Exif data is damaged: what could be read of it was used".into());
            }
            Some(exif)
        }
        Err(_) => {
            notes.push("the Exif data is damaged and was ignored".into());
            None
        }
    }
}

/// Many programs leave out the empty pointer that ends a directory; every field before it was read.
fn is_harmless(error: &exif::Error) -> bool {
    matches!(error, exif::Error::InvalidFormat("Unexpected next IFD" | "Truncated next IFD offset"))
}

fn orientation(exif: &Exif, notes: &mut Vec<String>) -> Turn {
    match exif.get_field(Tag::Orientation, In::PRIMARY).and_then(|field| field.value.get_uint(0)) {
        // Some programs write 0 for "not known".
        None | Some(0) => Turn::NONE,
        Some(number) => Turn::from_exif(number).unwrap_or_else(|| {
            notes.push(format!("the Exif orientation is {number}, and only 1 to 8 mean something: it was ignored"));
            Turn::NONE
        }),
    }
}

fn metadata(exif: &Exif) -> Metadata {
    let field = |tag: Tag| exif.get_field(tag, In::PRIMARY).map(|field| &field.value);
    // 0 stands for "not known" in both.
    let positive = |value: f64| (value.is_finite() && value > 0.0).then_some(value);
    let side = |tag: Tag| field(tag).and_then(|value| value.get_uint(0)).map(f64::from).and_then(positive);
    Metadata {
        focal_35mm: field(Tag::FocalLengthIn35mmFilm)
            .and_then(|value| value.get_uint(0))
            .map(f64::from)
            .and_then(positive),
        gravity: match field(Tag::MakerNote) {
            Some(Value::Undefined(note, _)) => apple_gravity(note).filter(at_rest),
            _ => None,
        },
        front_camera: match field(Tag::LensModel) {
            Some(Value::Ascii(lines)) => {
                lines.iter().any(|line| String::from_utf8_lossy(line).to_ascii_lowercase().contains("front"))
            }
            _ => false,
        },
        // Programs that cut or resize a picture mostly leave this as it was.
        shot_px: side(Tag::PixelXDimension).zip(side(Tag::PixelYDimension)).map(<[f64; 2]>::from),
        digital_zoom: match field(Tag::DigitalZoomRatio) {
            Some(Value::Rational(ratios)) => ratios.first().map(exif::Rational::to_f64).and_then(positive),
            _ => None,
        },
        taken: match field(Tag::DateTimeOriginal) {
            Some(Value::Ascii(lines)) => lines.first().and_then(|line| day(line)),
            _ => None,
        },
        // The standard knows 0 and 1; Apple writes 6 for a panorama.
        panorama: field(Tag::CustomRendered).and_then(|value| value.get_uint(0)) == Some(6),
    }
}

/// The day of an Exif time; cameras whose clock was never set write zeros.
fn day(time: &[u8]) -> Option<Date> {
    let time = exif::DateTime::from_ascii(time).ok()?;
    Date::new(i16::try_from(time.year).ok()?, i8::try_from(time.month).ok()?, i8::try_from(time.day).ok()?).ok()
}

/// Whether the phone felt little else than gravity.
fn at_rest(vector: &[f64; 3]) -> bool {
    let length = vector.iter().map(|part| part * part).sum::<f64>().sqrt();
    0.9 < length && length < 1.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_vector_of_about_one_g_counts() {
        assert!(at_rest(&[0.0, -1.0, 0.0]) && at_rest(&[-0.6, -0.6, 0.6]));
        assert!(!at_rest(&[0.0, -0.9, 0.0]) && !at_rest(&[0.0, 0.0, 1.1]) && !at_rest(&[0.0; 3]));
        assert!(!at_rest(&[f64::INFINITY, 0.0, 0.0]));
    }

    #[test]
    fn a_clock_that_was_never_set_gives_no_day() {
        assert_eq!(day(b"2026:03:31 18:20:00").map(|day| day.to_string()).as_deref(), Some("2026-03-31"));
        assert_eq!(
            (day(b"0000:00:00 00:00:00"), day(b"    :  :     :  :  "), day(b"2026:02:30 01:01:01")),
            (None, None, None)
        );
    }

    #[test]
    fn a_declared_namespace_is_no_panorama() {
        let declared = br#"<rdf:Description xmlns:GPano="http://ns.google.com/photos/1.0/panorama/"/>"#;
        assert!(!read(None, Some(declared)).metadata.panorama);
        let used = br#"<rdf:Description GPano:ProjectionType="cylindrical"/>"#;
        assert!(read(None, Some(used)).metadata.panorama);
    }

    #[test]
    fn broken_exif_is_a_note() {
        let said = read(Some(b"not a TIFF structure".to_vec()), None);
        assert_eq!(said.metadata, Metadata::default());
        assert_eq!(said.notes, ["the Exif data is damaged and was ignored"]);
        let cut =
            read(Some(b"MM\0\x2a\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\x01\x01\0\x03".to_vec()), None);
        assert_eq!((cut.orientation.exif(), cut.notes.len()), (6, 1));
    }
}
