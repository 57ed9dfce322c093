//! Detects the type of the content, whatever the file is called.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::decoded::Format;

/// The message for AVIF. A panic in its one pure Rust decoder with a free licence, `rav1d`, ends the process, since its interface is that
/// of C; in builds with overflow checks damaged files cause such panics.
pub(super) const AVIF: &str =
    "an AVIF picture, which is not supported; open it in a browser or an image program and save it as PNG first";

/// The format of a readable picture, or a description of what was found instead.
pub(super) fn format(bytes: &[u8]) -> Result<Format, String> {
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let starts = |magic: &[u8]| at(0, magic);
    let raw = |kind: &str| Err(format!("a camera raw file ({kind}); export it as JPEG first"));

    if bytes.is_empty() {
        Err("an empty file (0 bytes)".into())
    } else if starts(b"\xff\xd8\xff") {
        Ok(Format::Jpeg)
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Ok(Format::Png)
    } else if starts(b"RIFF") && at(8, b"WEBP") {
        Ok(Format::WebP)
    } else if starts(b"\xff\x0a") || at(4, b"JXL \r\n\x87\n") {
        Ok(Format::JpegXl)
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        Ok(Format::Gif)
    } else if starts(b"BM") && bytes.get(14).is_some_and(|size| [12, 40, 52, 56, 64, 108, 124].contains(size)) {
        Ok(Format::Bmp)
    } else if starts(b"II*\0") && at(8, b"CR") {
        raw("Canon CR2")
    } else if starts(b"II*\0") || starts(b"MM\0*") || starts(b"II+\0\x08\0\0\0") || starts(b"MM\0+\0\x08\0\0") {
        match Directory::first(bytes).and_then(|directory| directory.raw_kind()) {
            Some(kind) => raw(kind),
            None => Ok(Format::Tiff),
        }
    } else if at(128, b"DICM") {
        Ok(Format::Dicom)
    } else if at(4, b"ftyp") {
        heif_family(bytes)
    } else if starts(b"FUJIFILMCCD-RAW") {
        raw("Fujifilm RAF")
    } else if starts(b"IIU\0") {
        raw("Panasonic RW2")
    } else if starts(b"IIRO") || starts(b"IIRS") || starts(b"MMOR") {
        raw("Olympus ORF")
    } else if starts(b"FOVb") {
        raw("Sigma X3F")
    } else {
        Err(stranger(bytes))
    }
}

/// A file that starts with an `ftyp` box: HEIF, AVIF, a video.
fn heif_family(bytes: &[u8]) -> Result<Format, String> {
    let length = bytes.first_chunk().map_or(0, |length| u32::from_be_bytes(*length));
    let end = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len()).min(512);
    // The brand, four bytes of version, then the brands that it is compatible with.
    let mut brands = bytes.get(8..end).unwrap_or_default().chunks_exact(4);
    let major = brands.next().unwrap_or_default();
    let brands: Vec<&[u8]> = brands.skip(1).chain([major]).collect();
    let has = |wanted: &[&[u8]]| brands.iter().any(|brand| wanted.contains(brand));
    if major == b"crx " {
        Err("a camera raw file (Canon CR3); export it as JPEG first".into())
    } else if has(&[b"heic", b"heix", b"heim", b"heis"]) {
        Ok(Format::Heif)
    } else if has(&[b"avif", b"avis"]) {
        Err(AVIF.into())
    } else if has(&[b"mif1", b"mif2", b"hevc", b"hevx", b"msf1"]) {
        Ok(Format::Heif)
    } else if end < 12 {
        Err("the first bytes of a HEIC picture or a film, and nothing behind them".into())
    } else {
        Err("a film or a sound recording (MP4 or QuickTime); save one of its pictures as JPEG first".into())
    }
}

/// A description of bytes that are no known picture.
fn stranger(bytes: &[u8]) -> String {
    const MAGICS: [(usize, &[u8], &str); 13] = [
        (0, b"%PDF", "a PDF document; export the picture in it as JPEG or PNG first"),
        (0, b"8BPS", "a Photoshop document; export it as JPEG first"),
        (
            4,
            b"jP  \r\n\x87\n",
            "a JPEG 2000 picture, which is not supported; open it in an image program and export it as PNG first",
        ),
        (
            0,
            b"\xff\x4f\xff\x51",
            "a JPEG 2000 picture, which is not supported; open it in an image program and export it as PNG first",
        ),
        (0, b"v/1\x01", "an OpenEXR picture, which is not supported; export it as PNG first"),
        (0, b"\0\0\x01\0", "an icon; export it as PNG first"),
        (0, b"PK\x03\x04", "a ZIP archive; unpack it first"),
        (0, b"\x1f\x8b", "a gzip archive; unpack it first"),
        (0, b"RIFF", "a film or a sound recording (RIFF); save one of its pictures as JPEG first"),
        (0, b"\x1aE\xdf\xa3", "a film (Matroska or WebM); save one of its pictures as JPEG first"),
        (0, b"\x89PNG", "a PNG signature that was damaged on the way (text-mode transfer?)"),
        (0, b"\xff\xd8", "the first bytes of a JPEG picture, and nothing usable behind them"),
        (0, b"\x7fELF", "a program"),
    ];
    for (offset, magic, words) in MAGICS {
        if bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic)) {
            return words.into();
        }
    }
    let head = &bytes[..bytes.len().min(1024)];
    if head.iter().all(|&byte| byte == 0) {
        return "nothing but zero bytes (a copy that was interrupted?)".into();
    }
    if let Some(text) = as_text(head) {
        let text = text.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
        return if text.contains("<svg") {
            "an SVG drawing, which is not supported; export it as PNG first".into()
        } else if text.starts_with("<!doctype html") || text.starts_with("<html") {
            "a web page (HTML); was the picture's page saved in place of the picture?".into()
        } else {
            "text".into()
        };
    }
    let start: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("data of an unknown kind that starts with {}", start.join(" "))
}

/// The bytes as text, if they are valid text; the last character may be cut.
fn as_text(head: &[u8]) -> Option<&str> {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(cut) if cut.error_len().is_none() => std::str::from_utf8(&head[..cut.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    let printable = |character: char| !character.is_control() || "\n\r\t\u{c}".contains(character);
    (!text.is_empty() && text.chars().all(printable)).then_some(text)
}

/// The first directory of a classic TIFF file: enough to detect a raw file and further pages.
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    start: usize,
}

impl Directory<'_> {
    pub(super) fn first(bytes: &[u8]) -> Option<Directory<'_>> {
        let big_endian = bytes.starts_with(b"MM\0*");
        let mut directory = Directory { bytes, big_endian, start: 0 };
        (big_endian || bytes.starts_with(b"II*\0")).then_some(())?;
        directory.start = usize::try_from(directory.u32(4)?).ok()?;
        Some(directory)
    }

    /// Whether another page follows.
    pub(super) fn has_next(&self) -> bool {
        let next = self
            .u16(self.start)
            .and_then(|entries| self.start.checked_add(2 + 12 * usize::from(entries)))
            .and_then(|at| self.u32(at));
        next.is_some_and(|next| next != 0 && (next as usize) < self.bytes.len())
    }

    fn raw_kind(&self) -> Option<&'static str> {
        const NEW_SUBFILE_TYPE: u16 = 254;
        const PHOTOMETRIC: u16 = 262;
        const SUB_IFDS: u16 = 330;
        const DNG_VERSION: u16 = 0xc612;
        // 32803 is a colour filter array, 34892 linear raw.
        if self.value(DNG_VERSION).is_some() {
            Some("DNG")
        } else if matches!(self.value(PHOTOMETRIC), Some(32803 | 34892)) {
            Some("TIFF with sensor data")
        } else if self.value(SUB_IFDS).is_some() && self.value(NEW_SUBFILE_TYPE) == Some(1) {
            // NEF, ARW, PEF: the first page is a thumbnail and the sensor's data are in a subdirectory.
            Some("NEF, ARW or alike")
        } else {
            None
        }
    }

    /// The first value of a tag that fits into its entry.
    fn value(&self, tag: u16) -> Option<u32> {
        const SHORT: u16 = 3;
        let entry = self.entry(tag)?;
        match self.u16(entry + 2)? {
            SHORT => self.u16(entry + 8).map(u32::from),
            _ => self.u32(entry + 8),
        }
    }

    /// The position of a tag's entry: its tag, kind, number of values, and the value or the offset of the values.
    pub(super) fn entry(&self, tag: u16) -> Option<usize> {
        let entries = usize::from(self.u16(self.start)?);
        let places = (0..entries).filter_map(|index| self.start.checked_add(2 + 12 * index));
        places.into_iter().find(|&entry| self.u16(entry) == Some(tag))
    }

    pub(super) fn is_big_endian(&self) -> bool {
        self.big_endian
    }

    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    pub(super) fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.array(at)?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    pub(super) fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.array(at)?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }
}

/// Endings of picture files, both readable ones and ones that are refused with advice.
const PICTURE_ENDINGS: [&str; 29] = [
    "jpg", "jpeg", "jpe", "jfif", "mpo", "png", "webp", "tif", "tiff", "bmp", "dib", "heic", "heif", "hif", "avif",
    "gif", "jxl", "dcm", "dicom", "jp2", "dng", "cr2", "cr3", "nef", "arw", "raf", "rw2", "orf", "x3f",
];

/// Whether a file's name has the ending of a picture of any kind.
#[must_use]
pub fn names_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| PICTURE_ENDINGS.contains(&ending.as_str()))
}

/// Whether a regular file's first bytes are those of a [`Format`].
#[must_use]
pub fn looks_like_picture(path: &Path) -> bool {
    let head = || -> std::io::Result<Vec<u8>> {
        let mut head = Vec::new();
        if std::fs::metadata(path)?.is_file() {
            File::open(path)?.take(512).read_to_end(&mut head)?;
        }
        Ok(head)
    };
    head().is_ok_and(|head| format(&head).is_ok())
}
