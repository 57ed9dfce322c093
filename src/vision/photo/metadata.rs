//! The few fields of Exif and XMP that measuring needs. Places, names and serial numbers are never read.

use exif::{Exif, In, Reader, Tag, Value};
use jiff::civil::Date;

use super::turn::Turn;
use crate::vision::photo::maker_note::apple_gravity;

/// The file's data about the camera and how it was held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// The focal length in millimetres that gives a 35 mm camera the same field of view over the diagonal.
    pub focal_35mm: Option<f64>,
    /// Apple's acceleration vector in units of g, device axes as stored (see [`apple_gravity`]); only when its length
    /// lies between 0.9 and 1.1, since otherwise the phone was moved.
    pub gravity: Option<[f64; 3]>,
    /// The lens model identifies the front camera.
    pub front_camera: bool,
    /// Width and height of the picture that the camera took, as recorded in the file, in pixels.
    pub shot_px: Option<[f64; 2]>,
    /// Millimetres of the body for one pixel, as a medical file records them.
    pub mm_per_px: Option<f64>,
    /// The day of the photo by the camera's clock. For the user's own history alone: it is in no output.
    pub taken: Option<Date>,
    /// The file is marked as put together from several pictures: the pinhole camera does not hold.
    pub panorama: bool,
}

/// The result of [`read`].
pub(super) struct Said {
    pub(super) metadata: Metadata,
    pub(super) orientation: Turn,
    pub(super) notes: Vec<String>,
}

/// Reads the Exif blocks (TIFF structures, with or without `Exif\0\0` before them) and the XMP packet. The first value of each field
/// counts. Damaged fields are left out with a note.
pub(super) fn read(exif: Vec<Vec<u8>>, xmp: Option<&[u8]>) -> Said {
    let mut said = Said { metadata: Metadata::default(), orientation: Turn::NONE, notes: Vec::new() };
    let mut orientation = None;
    let (mut damage, mut whole) = (Vec::new(), false);
    for block in exif {
        let noted = damage.len();
        if let Some(exif) = parse(block, &mut damage) {
            whole |= damage.len() == noted && exif.fields().len() > 0;
            orientation = orientation.or_else(|| exif_orientation(&exif, &mut said.notes));
            said.metadata = said.metadata.or(metadata(&exif));
        }
    }
    // A broken block beside a whole one is left over from another program.
    if !whole {
        said.notes.splice(..0, damage);
    }
    said.orientation = orientation.or_else(|| xmp.and_then(xmp_orientation)).unwrap_or(Turn::NONE);
    // Panorama programs write Google's photo sphere properties; declaring the namespace alone does not count.
    said.metadata.panorama |= xmp.is_some_and(|packet| packet.windows(6).any(|window| window == b"GPano:"));
    if said.metadata.panorama {
        said.notes.push(
            "the file says that it is a panorama, put together from several pictures: straight lines may be bent, and angles wrong"
                .into(),
        );
    }
    said
}

impl Metadata {
    /// The own fields, and those of `other` where they are missing.
    pub(super) fn or(self, other: Metadata) -> Metadata {
        Metadata {
            focal_35mm: self.focal_35mm.or(other.focal_35mm),
            gravity: self.gravity.or(other.gravity),
            front_camera: self.front_camera || other.front_camera,
            shot_px: self.shot_px.or(other.shot_px),
            mm_per_px: self.mm_per_px.or(other.mm_per_px),
            taken: self.taken.or(other.taken),
            panorama: self.panorama || other.panorama,
        }
    }
}

/// `tiff:Orientation`, as an attribute or as an element. A packet has it once, for its own picture; the fields for thumbnails and for
/// source pictures have other names.
fn xmp_orientation(packet: &[u8]) -> Option<Turn> {
    let text = String::from_utf8_lossy(packet);
    let rest = text.split_once("tiff:Orientation")?.1.trim_start();
    let value = match rest.strip_prefix('=') {
        Some(quoted) => quoted.trim_start().trim_start_matches(['"', '\'']),
        None => rest.strip_prefix('>')?.trim_start(),
    };
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    Turn::from_exif(digits.parse().ok()?)
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

/// Many programs omit the empty pointer that ends a directory; every field before it was read.
fn is_harmless(error: &exif::Error) -> bool {
    matches!(error, exif::Error::InvalidFormat("Unexpected next IFD" | "Truncated next IFD offset"))
}

/// `None` when the field is missing or has no valid value.
fn exif_orientation(exif: &Exif, notes: &mut Vec<String>) -> Option<Turn> {
    match exif.get_field(Tag::Orientation, In::PRIMARY).and_then(|field| field.value.get_uint(0)) {
        // Some programs write 0 for "not known".
        None | Some(0) => None,
        Some(number) => {
            let turn = Turn::from_exif(number);
            if turn.is_none() {
                notes.push(format!("the Exif orientation is {number}, and only 1 to 8 mean something: it was ignored"));
            }
            turn
        }
    }
}

fn metadata(exif: &Exif) -> Metadata {
    let field = |tag: Tag| exif.get_field(tag, In::PRIMARY).map(|field| &field.value);
    // 0 means "not known" in both.
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
        // Programs that crop or resize a picture usually keep this field.
        shot_px: side(Tag::PixelXDimension).zip(side(Tag::PixelYDimension)).map(<[f64; 2]>::from),
        mm_per_px: None,
        taken: match field(Tag::DateTimeOriginal) {
            Some(Value::Ascii(lines)) => lines.first().and_then(|line| day(line)),
            _ => None,
        },
        // The standard defines 0 and 1; Apple writes 6 for a panorama.
        panorama: field(Tag::CustomRendered).and_then(|value| value.get_uint(0)) == Some(6),
    }
}

/// The day of an Exif time; cameras with an unset clock write zeros.
fn day(time: &[u8]) -> Option<Date> {
    let time = exif::DateTime::from_ascii(time).ok()?;
    Date::new(i16::try_from(time.year).ok()?, i8::try_from(time.month).ok()?, i8::try_from(time.day).ok()?).ok()
}

/// Whether the phone measured little more than gravity.
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
        assert!(!read(Vec::new(), Some(declared)).metadata.panorama);
        let used = br#"<rdf:Description GPano:ProjectionType="cylindrical"/>"#;
        assert!(read(Vec::new(), Some(used)).metadata.panorama);
    }

    #[test]
    fn broken_exif_is_a_note() {
        let said = read(vec![b"not a TIFF structure".to_vec()], None);
        assert_eq!(said.metadata, Metadata::default());
        assert_eq!(said.notes, ["the Exif data is damaged and was ignored"]);
        let cut = b"MM\0\x2a\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\x01\x01\0\x03";
        let cut = read(vec![cut.to_vec()], None);
        assert_eq!((cut.orientation.exif(), cut.notes.len()), (6, 1));
    }

    /// An Exif block that holds an orientation.
    fn oriented(orientation: u8) -> Vec<u8> {
        [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", &[orientation, 0, 0, 0, 0, 0, 0, 0][..]].concat()
    }

    #[test]
    fn of_several_blocks_the_first_that_says_something_counts() {
        let empty = || b"II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec();
        let cases = [
            (vec![oriented(6), oriented(3)], 6),
            (vec![empty(), oriented(6)], 6),
            (vec![Vec::new(), oriented(6)], 6),
            (vec![oriented(0), oriented(6)], 6),
            (vec![b"Exif\0\0".to_vec(), oriented(8)], 8),
            (vec![oriented(1), oriented(6)], 1),
        ];
        for (blocks, orientation) in cases {
            let said = read(blocks.clone(), None);
            assert_eq!((said.orientation.exif(), said.notes), (orientation, Vec::new()), "{blocks:?}");
        }
        let said = read(vec![oriented(9), oriented(6)], None);
        assert_eq!((said.orientation.exif(), said.notes.len()), (6, 1));
    }

    #[test]
    fn the_orientation_in_xmp_counts_where_exif_says_nothing() {
        let xmp = |text: &str| read(Vec::new(), Some(text.as_bytes())).orientation.exif();
        assert_eq!(xmp(r#"<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>"#), 6);
        assert_eq!(xmp("<rdf:Description tiff:Orientation = '8'/>"), 8);
        assert_eq!(xmp("<tiff:Orientation>3</tiff:Orientation>"), 3);
        assert_eq!(xmp("<tiff:Orientation> 2 </tiff:Orientation>"), 2);
        for nothing in [
            "",
            "tiff:Orientation",
            "tiff:Orientation=\"\"",
            "<tiff:Orientation/>",
            "tiff:Orientation=\"9\"",
            "Orientation=\"6\"",
        ] {
            assert_eq!(xmp(nothing), 1, "{nothing}");
        }
        let both = read(vec![oriented(1)], Some(br#"tiff:Orientation="6""#));
        assert_eq!(both.orientation.exif(), 1, "Exif goes before XMP");
        let unknown = read(vec![oriented(0)], Some(br#"tiff:Orientation="6""#));
        assert_eq!(unknown.orientation.exif(), 6);
    }
}
