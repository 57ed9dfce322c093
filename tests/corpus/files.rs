//! Difficult files, made from one good photo and a few small fixtures that no encoder here can write.

use std::ffi::OsString;
use std::io::Cursor;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use image::{DynamicImage, ExtendedColorType, GrayImage, ImageEncoder, ImageFormat, RgbImage};

/// The expected outcome for a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fate {
    /// A record, the same as when it is measured alone.
    Record,
    /// A row among the failures with this code and these words.
    Failure(&'static str, &'static str),
    /// No person is found; or, in a picture of a few pixels, a person whose measures are all refused.
    Nobody,
    /// Either: the effect of a flipped bit is unknown, but the outcome must be one of the two.
    Either,
}

/// One file of the corpus.
#[derive(Debug)]
pub(crate) struct File {
    /// The kind of difficulty: one each.
    pub(crate) kind: String,
    pub(crate) path: PathBuf,
    pub(crate) fate: Fate,
}

/// The corpus in a folder.
#[derive(Debug)]
pub(crate) struct Corpus {
    pub(crate) folder: PathBuf,
    pub(crate) files: Vec<File>,
    /// The number of files that are not pictures by name and by content, and are left out.
    pub(crate) strangers: usize,
    _socket: std::os::unix::net::UnixListener,
}

const CUT: &str = "found one that is cut short";
const NOT: &str = "not_a_picture";

fn not(says: &'static str) -> Fate {
    Fate::Failure(NOT, says)
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/photo").join(name)).expect(name)
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

/// Inserts a segment after the start marker of a JPEG.
fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).expect("short enough").to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, content, &jpeg[2..]].concat()
}

/// An Exif block with one orientation; the directory is followed by the one at `next`.
fn exif(orientation: u16, next: u32) -> Vec<u8> {
    let mut block = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    block.extend(orientation.to_be_bytes());
    block.extend([0, 0]);
    block.extend(next.to_be_bytes());
    block
}

/// A PNG chunk with its checksum.
fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut register = u32::MAX;
    for byte in kind.iter().chain(content) {
        register ^= u32::from(*byte);
        for _ in 0..8 {
            register = if register & 1 == 1 { (register >> 1) ^ 0xedb8_8320 } else { register >> 1 };
        }
    }
    let length = u32::try_from(content.len()).expect("short enough").to_be_bytes();
    [&length, &kind[..], content, &(!register).to_be_bytes()].concat()
}

/// A PNG with this size in its header, with any content after the header.
fn png_of(width: u32, height: u32, following: &[u8]) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 0]);
    [b"\x89PNG\r\n\x1a\n", &chunk(b"IHDR", &header)[..], following].concat()
}

/// The position of a JPEG's first segment of a kind.
fn segment(jpeg: &[u8], marker: u8) -> usize {
    let mut at = 2;
    while jpeg[at + 1] != marker {
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    at
}

/// Flips bits between two positions; Xorshift: the same in every run.
fn flipped(bytes: &[u8], from: usize, to: usize, number: usize, seed: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut state = seed;
    for _ in 0..number {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = from + usize::try_from(state >> 33).expect("small") % (to - from);
        bytes[at] ^= 1 << (state & 7);
    }
    bytes
}

impl Corpus {
    pub(crate) fn make(folder: &Path) -> Self {
        let socket = std::os::unix::net::UnixListener::bind(folder.join("socket.jpg")).expect("a socket");
        let mut corpus = Self { folder: folder.into(), files: Vec::new(), strangers: 0, _socket: socket };
        let picture = image::open(sample("anterior-tilted-no-metadata.jpg")).expect("a sample");
        let picture = picture.resize(480, 640, image::imageops::FilterType::Triangle);
        let jpeg = encoded(&picture, ImageFormat::Jpeg);
        corpus.good();
        corpus.cut(&picture, &jpeg);
        corpus.flipped(&jpeg, &encoded(&picture, ImageFormat::Png));
        corpus.bombs(&jpeg);
        corpus.other_things(&jpeg, &picture);
        corpus.odd_pictures(&picture, &jpeg);
        corpus.odd_jpegs(&jpeg);
        corpus.odd_names(&jpeg);
        corpus.odd_places(&jpeg);
        corpus
    }

    fn put(&mut self, kind: &str, name: impl Into<OsString>, bytes: &[u8], fate: Fate) {
        let path = self.folder.join(name.into());
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, bytes).expect("written");
        self.add(kind, path, fate);
    }

    /// An existing file.
    fn add(&mut self, kind: &str, path: PathBuf, fate: Fate) {
        self.files.push(File { kind: kind.into(), path, fate });
    }

    fn good(&mut self) {
        for name in ["anterior-level.jpg", "lateral-left.jpg", "small-person.jpg"] {
            self.put("good photo", name, &std::fs::read(sample(name)).expect("a sample"), Fate::Record);
        }
    }

    fn cut(&mut self, picture: &DynamicImage, jpeg: &[u8]) {
        let scan = segment(jpeg, 0xda);
        for (kind, length, fate) in [
            ("cut behind the start marker", 2, not("found the first bytes of a JPEG picture")),
            ("cut in the first segment", 11, not(CUT)),
            ("cut in the tables", segment(jpeg, 0xc4) + 9, not(CUT)),
            ("cut before the scan", scan, not(CUT)),
            ("cut in the scan's header", scan + 6, not(CUT)),
            ("cut early in the scan", scan + 200, not(CUT)),
            ("cut in the middle", jpeg.len() / 2, not(CUT)),
            ("cut near the end", jpeg.len() - 400, not(CUT)),
            ("cut before the end marker", jpeg.len() - 2, Fate::Record),
        ] {
            self.put(kind, format!("{}.jpg", kind.replace(' ', "-")), &jpeg[..length], fate);
        }
        let closed = [&jpeg[..jpeg.len() / 2], &[0xff, 0xd9]].concat();
        self.put("cut and closed", "cut-and-closed.jpg", &closed, not("found a damaged one"));
        for (format, ending) in [
            (ImageFormat::Png, "png"),
            (ImageFormat::Bmp, "bmp"),
            (ImageFormat::Tiff, "tif"),
            (ImageFormat::WebP, "webp"),
        ] {
            let bytes = encoded(picture, format);
            let fate = not(CUT);
            self.put(&format!("cut {ending}"), format!("cut.{ending}"), &bytes[..bytes.len() / 2], fate);
        }
        self.put("cut heic", "cut.heic", &fixture("heic-cut-short-is-refused.heic"), not(CUT));
        let bytes = fixture("jpeg-progressive-cut-short-is-refused.jpg");
        self.put("cut progressive JPEG", "cut-progressive.jpg", &bytes, not(CUT));
    }

    fn flipped(&mut self, jpeg: &[u8], png: &[u8]) {
        let (tables, scan) = (segment(jpeg, 0xdb), segment(jpeg, 0xda));
        for seed in 1..=3 {
            for (kind, from, to, number) in [
                ("bits flipped in the tables", tables, scan, 3),
                ("bits flipped in the scan", scan + 14, jpeg.len() - 2, 20),
                ("bits flipped everywhere", 2, jpeg.len(), 60),
            ] {
                let bytes = flipped(jpeg, from, to, number, 0x2545_f491_4f6c_dd1d * seed);
                self.put(kind, format!("{}-{seed}.jpg", kind.replace(' ', "-")), &bytes, Fate::Either);
            }
        }
        let bytes = flipped(png, 60, png.len() - 12, 8, 99);
        self.put("bits flipped in a PNG", "bits-flipped.png", &bytes, not("found a damaged one"));
    }

    /// Small files that declare a huge size, or that are huge when unpacked.
    fn bombs(&mut self, jpeg: &[u8]) {
        let large = |says| Fate::Failure("too_large", says);
        let size = "60000 x 60000 pixels (3600 megapixels), more than the limit of 100 megapixels";
        self.put("PNG bomb", "bomb.png", &png_of(60_000, 60_000, &chunk(b"IDAT", b"\x78\x9c\x01")), large(size));
        let mut bytes = jpeg.to_vec();
        let frame = segment(jpeg, 0xc0);
        bytes[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
        self.put("JPEG bomb", "bomb.jpg", &bytes, large("65500 x 65500 pixels (4290 megapixels)"));
        let mut bytes = encoded(&DynamicImage::ImageRgb8(RgbImage::new(4, 4)), ImageFormat::Bmp);
        bytes[18..26].copy_from_slice(&[60_000_u32.to_le_bytes(), 60_000_u32.to_le_bytes()].concat());
        self.put("BMP bomb", "bomb.bmp", &bytes, large(size));
        let mut bytes = encoded(&DynamicImage::ImageRgb8(RgbImage::new(4, 4)), ImageFormat::WebP);
        // Width and height minus one, 14 bits each, after the lossless signature.
        bytes[21..25].copy_from_slice(&(15_999_u32 << 14 | 15_999).to_le_bytes());
        self.put("WebP bomb", "bomb.webp", &bytes, large("16000 x 16000 pixels (256 megapixels)"));
        let mut tiff = b"II*\0\x08\0\0\0\x08\0".to_vec();
        for (tag, value) in
            [(256, 60_000), (257, 60_000), (258, 8), (259, 1), (262, 1), (273, 8), (278, 60_000), (279, u32::MAX)]
        {
            tiff.extend(u16::to_le_bytes(tag));
            tiff.extend([4, 0, 1, 0, 0, 0]);
            tiff.extend(u32::to_le_bytes(value));
        }
        tiff.extend([0; 4]);
        self.put("TIFF bomb", "bomb.tif", &tiff, large(size));
        self.put("HEIC bomb", "bomb.heic", &fixture("heic-header-says-60000x60000-is-refused.heic"), large(size));
        // Under the limit of pixels, but a thousand times its own length.
        let mut bytes = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        encoder.write_image(&vec![0; 36_000_000], 6000, 6000, ExtendedColorType::L8).expect("encoded");
        assert!(bytes.len() < 300_000, "{}", bytes.len());
        self.put("large and empty PNG", "large-and-empty.png", &bytes, Fate::Nobody);
        // A profile that unpacks to 100 MB: before the pixels, so that a reader of metadata finds it first.
        let zeros = {
            let mut png = Vec::new();
            let encoder = image::codecs::png::PngEncoder::new(&mut png);
            encoder.write_image(&vec![0; 100_000_000], 10_000, 10_000, ExtendedColorType::L8).expect("encoded");
            let at = png.windows(4).position(|kind| kind == b"IDAT").expect("data");
            let length = u32::from_be_bytes(png[at - 4..at].try_into().expect("four")) as usize;
            png[at + 4..at + 4 + length].to_vec()
        };
        let profile = chunk(b"iCCP", &[b"a\0\0", &zeros[..]].concat());
        let small = encoded(&DynamicImage::ImageLuma8(GrayImage::new(40, 40)), ImageFormat::Png);
        let bytes = [&small[..33], &profile, &small[33..]].concat();
        self.put("PNG with a packed profile", "packed-profile.png", &bytes, Fate::Either);
    }

    fn other_things(&mut self, jpeg: &[u8], picture: &DynamicImage) {
        self.put("JPEG named .png", "jpeg-named.png", jpeg, Fate::Record);
        self.put("PNG named .jpg", "png-named.jpg", &encoded(picture, ImageFormat::Png), Fate::Record);
        self.put("JPEG named .txt", "jpeg-named.txt", jpeg, Fate::Record);
        self.put("JPEG without an ending", "jpeg-named-nothing", jpeg, Fate::Record);
        let zip = b"PK\x03\x04\x14\0\0\0\0\0";
        let film = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2";
        for (kind, bytes, says) in [
            ("no bytes", &b""[..], "found an empty file (0 bytes)"),
            ("zero bytes", &[0; 70_000], "found nothing but zero bytes"),
            ("text", b"Ms A, 1.72 m, seen on Monday\n", "found text"),
            ("HTML", b"<!DOCTYPE html><html><body>Not found</body></html>", "found a web page (HTML)"),
            ("PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "found a PDF document"),
            ("ZIP", zip, "found a ZIP archive"),
            ("film", film, "found a film"),
            ("noise", b"\x13\x37\xc0\xff\xee\0\x01\x02\x03", "found data of an unknown kind that starts with 13 37"),
            ("AVIF", &fixture("avif-is-refused.avif"), "found an AVIF picture"),
            ("X-ray", &fixture("dicom-x-ray-is-refused.dcm"), "found a DICOM picture of modality DX"),
            ("SVG", &fixture("svg-is-refused.svg"), "found an SVG drawing"),
        ] {
            self.put(&format!("{kind} named .jpg"), format!("{}-named.jpg", kind.replace(' ', "-")), bytes, not(says));
        }
        for name in ["notes.md", "Thumbs.db", "scan.pdf"] {
            std::fs::write(self.folder.join(name), b"nothing to see\n").expect("written");
            self.strangers += 1;
        }
    }

    fn odd_pictures(&mut self, picture: &DynamicImage, jpeg: &[u8]) {
        let png = |picture: DynamicImage| encoded(&picture, ImageFormat::Png);
        self.put("16-bit PNG", "16-bit.png", &png(picture.to_rgb16().into()), Fate::Record);
        self.put("grey PNG with alpha", "grey-alpha.png", &png(picture.to_luma_alpha8().into()), Fate::Record);
        self.put("PNG with alpha", "alpha.png", &png(picture.to_rgba8().into()), Fate::Record);
        let grey = encoded(&picture.to_luma8().into(), ImageFormat::Jpeg);
        self.put("grey JPEG", "grey.jpg", &grey, Fate::Record);
        self.put("TIFF", "photo.tif", &encoded(picture, ImageFormat::Tiff), Fate::Record);
        // Rows from the top, indicated by a negative height.
        let mut bmp = encoded(&picture.flipv(), ImageFormat::Bmp);
        let height = i32::from_le_bytes(bmp[22..26].try_into().expect("four"));
        bmp[22..26].copy_from_slice(&(-height).to_le_bytes());
        self.put("BMP of negative height", "negative-height.bmp", &bmp, Fate::Record);
        for (kind, width, height) in
            [("one pixel", 1, 1), ("one pixel wide", 1, 900), ("one pixel high", 900, 1), ("a strip", 9000, 3)]
        {
            let picture = RgbImage::from_pixel(width, height, image::Rgb([90, 120, 150])).into();
            for (format, ending) in [(ImageFormat::Png, "png"), (ImageFormat::Jpeg, "jpg")] {
                let name = format!("{}.{ending}", kind.replace(' ', "-"));
                self.put(&format!("{kind} of {ending}"), name, &encoded(&picture, format), Fate::Nobody);
            }
        }
        for (kind, name) in [
            ("CMYK JPEG with Adobe's marker", "jpeg-cmyk-with-adobe-marker.jpg"),
            ("CMYK JPEG", "jpeg-cmyk-without-adobe-marker.jpg"),
            ("YCCK JPEG", "jpeg-ycck-with-adobe-marker.jpg"),
            ("RGB JPEG", "jpeg-coded-as-rgb.jpg"),
            ("progressive JPEG", "jpeg-progressive.jpg"),
            ("restart markers", "jpeg-with-restarts.jpg"),
            ("progressive JPEG with restart markers", "jpeg-progressive-with-restarts.jpg"),
            ("palette with alpha", "png-palette-right-half-transparent-is-white.png"),
            ("animated PNG", "png-animated-first-is-read-with-a-note.png"),
            ("animated WebP", "webp-animated-first-is-read-with-a-note.webp"),
            ("TIFF of several pages", "tiff-two-pages-first-is-read-with-a-note.tif"),
            ("CMYK TIFF", "tiff-cmyk.tif"),
            ("grey 16-bit TIFF", "tiff-grey-16-bit.tif"),
        ] {
            self.put(kind, name, &fixture(name), Fate::Nobody);
        }
        let expected = "expected a baseline or progressive JPEG picture, found ";
        for (kind, name) in
            [("arithmetic JPEG", "jpeg-arithmetic-is-refused.jpg"), ("12-bit JPEG", "jpeg-12-bit-is-refused.jpg")]
        {
            self.put(kind, name, &fixture(name), not(expected));
        }
        let mut empty = jpeg.to_vec();
        let frame = segment(jpeg, 0xc0);
        empty[frame + 7..frame + 9].copy_from_slice(&[0, 0]);
        self.put("no width", "no-width.jpg", &empty, not("expected a JPEG picture, found "));
    }

    fn odd_jpegs(&mut self, jpeg: &[u8]) {
        let noise = flipped(&vec![0x5a; 65_000], 0, 65_000, 60_000, 7);
        let exif_of = |noise: &[u8]| with_segment(jpeg, 0xe1, &[b"Exif\0\0", noise].concat());
        self.put("two pictures in one", "two-pictures.jpg", &[jpeg, jpeg].concat(), Fate::Record);
        self.put("garbage behind the end", "garbage-behind.jpg", &[jpeg, &noise].concat(), Fate::Record);
        self.put("Exif of noise", "exif-noise.jpg", &exif_of(&noise[..500]), Fate::Record);
        self.put("huge Exif", "exif-huge.jpg", &exif_of(&[b"MM\0\x2a\0\0\0\x08", &noise[..]].concat()), Fate::Record);
        self.put("Exif that leads back", "exif-circle.jpg", &with_segment(jpeg, 0xe1, &exif(1, 8)), Fate::Record);
        for orientation in [0, 9, u16::MAX] {
            let kind = format!("Exif orientation {orientation}");
            let bytes = with_segment(jpeg, 0xe1, &exif(orientation, 0));
            self.put(&kind, format!("orientation-{orientation}.jpg"), &bytes, Fate::Record);
        }
        let profile = [b"ICC_PROFILE\0\x01\x01", &noise[..3000]].concat();
        self.put("profile of noise", "profile-noise.jpg", &with_segment(jpeg, 0xe2, &profile), Fate::Record);
        let xmp = [b"http://ns.adobe.com/xap/1.0/\0", &noise[..3000]].concat();
        self.put("XMP of noise", "xmp-noise.jpg", &with_segment(jpeg, 0xe1, &xmp), Fate::Record);
        let comments = (0..300).fold(jpeg.to_vec(), |jpeg, _| with_segment(&jpeg, 0xfe, b"NaN, \xff\xfe, \0"));
        self.put("three hundred comments", "comments.jpg", &comments, Fate::Record);
    }

    fn odd_names(&mut self, jpeg: &[u8]) {
        let long = format!("{}.jpg", "x".repeat(251));
        for (kind, name) in [
            ("name that is no UTF-8", OsString::from_vec(b"\xff\xfe\x80 \xe9.jpg".to_vec())),
            ("name with a new line", "two\nlines\rthree.jpg".into()),
            ("name with quotes", "\"quoted\" 'name', semi;colon.jpg".into()),
            ("name with markup", "<img src=x onerror=alert(1)>.jpg".into()),
            ("name with a leading dash", "--force.jpg".into()),
            ("name with a formula", "=cmd|' -C calc'!A0.jpg".into()),
            ("name with directions and accents", "\u{202e}e\u{301}\u{1f9cd}.jpg".into()),
            ("name as long as can be", long.into()),
            ("name of spaces", "   .jpg".into()),
            ("name in capitals", "PHOTO.JPEG".into()),
        ] {
            let name: OsString = name;
            self.put(kind, name, jpeg, Fate::Record);
        }
    }

    fn odd_places(&mut self, jpeg: &[u8]) {
        let unreadable = |says| Fate::Failure("unreadable", says);
        let at = |name: &str| self.folder.join(name);
        let original = at("linked-original.jpg");
        let links = [
            ("link to nowhere", at("dangling.jpg"), PathBuf::from("nowhere.jpg"), "no such file or directory"),
            ("link to itself", at("itself.jpg"), "itself.jpg".into(), "symbolic links"),
            ("link to a device", at("device.jpg"), "/dev/zero".into(), "expected a picture file, found a device"),
            ("links in a circle, one", at("circle-one.jpg"), "circle-two.jpg".into(), "symbolic links"),
            ("links in a circle, two", at("circle-two.jpg"), "circle-one.jpg".into(), "symbolic links"),
        ];
        let (folder, pipe, socket, hard, soft) =
            (at("folder.jpg"), at("pipe.jpg"), at("socket.jpg"), at("hard-link.jpg"), at("soft-link.jpg"));
        let (up, locked, closed) = (at("folder.jpg/up"), at("locked.jpg"), at("closed"));
        for (kind, path, to, says) in links {
            symlink(to, &path).expect("a link");
            self.add(kind, path, unreadable(says));
        }
        self.put("photo that others link to", "linked-original.jpg", jpeg, Fate::Record);
        std::fs::hard_link(&original, &hard).expect("a link");
        self.add("hard link", hard, Fate::Record);
        symlink("linked-original.jpg", &soft).expect("a link");
        self.add("link to a photo", soft, Fate::Record);
        self.put("photo in a folder named .jpg", "folder.jpg/inside.jpg", jpeg, Fate::Record);
        std::fs::create_dir(folder.join("empty.png")).expect("made");
        symlink("..", &up).expect("a link");
        self.add("folder that links to the one above", up, unreadable("leads back"));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo starts");
        assert!(made.success());
        self.add("named pipe", pipe, unreadable("expected a picture file, found a named pipe"));
        self.add("socket", socket, unreadable("expected a picture file, found a socket"));
        std::fs::write(&locked, jpeg).expect("written");
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).expect("closed");
        // The root user may read everything.
        let all = std::fs::File::open(&locked).is_ok();
        self.add("locked photo", locked, if all { Fate::Record } else { unreadable("permission denied") });
        std::fs::create_dir(&closed).expect("made");
        std::fs::write(closed.join("within.jpg"), jpeg).expect("written");
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).expect("closed");
        let (path, fate) = match all {
            true => (closed.join("within.jpg"), Fate::Record),
            false => (closed, unreadable("permission denied")),
        };
        self.add("photo in a locked folder", path, fate);
    }

    /// Restores permissions, so that the folder can be removed.
    pub(crate) fn unlock(&self) {
        let closed = self.folder.join("closed");
        std::fs::set_permissions(closed, std::fs::Permissions::from_mode(0o700)).expect("opened");
    }
}
