//! Photos that are refused: each with what was expected and what was found, within memory, and without a panic on damaged bytes.

use std::path::Path;

use crate::support::photos::{all_fixtures, bytes_of, difference, fixture, open, refusal, try_open};
use orthostat::core::error::Error;
use orthostat::vision::photo::{Photo, ReadOptions};

#[test]
fn refusals_say_what_was_expected_and_what_was_found() {
    let expected = "expected a JPEG, PNG, HEIC, WebP, TIFF, BMP, GIF, JPEG XL or DICOM picture, found ";
    for (name, found) in [
        ("empty-is-refused.jpg", "an empty file (0 bytes)"),
        ("text-is-refused.jpg", "text"),
        ("svg-is-refused.svg", "an SVG drawing, which is not supported; export it as PNG first"),
        (
            "avif-is-refused.avif",
            "an AVIF picture, which is not supported; open it in a browser or an image program and save it as PNG first",
        ),
    ] {
        assert_eq!(refusal(name), format!("{expected}{found}"));
    }
    for (name, format) in [
        ("jpeg-cut-short-is-refused.jpg", "JPEG"),
        ("jpeg-cut-short-and-filled-with-zeros-is-refused.jpg", "JPEG"),
        ("jpeg-progressive-cut-short-is-refused.jpg", "JPEG"),
        ("png-cut-short-is-refused.png", "PNG"),
        ("webp-cut-short-is-refused.webp", "WebP"),
        ("tiff-cut-short-is-refused.tif", "TIFF"),
        ("bmp-cut-short-is-refused.bmp", "BMP"),
        ("heic-cut-short-is-refused.heic", "HEIF"),
        ("jxl-cut-short-is-refused.jxl", "JPEG XL"),
        ("dicom-cut-short-is-refused.dcm", "DICOM"),
        ("dicom-a-length-beyond-the-file-is-refused.dcm", "DICOM"),
    ] {
        assert_eq!(refusal(name), format!("expected a whole {format} picture, found one that is cut short"), "{name}");
    }
    let sentence = refusal("gif-cut-short-is-refused.gif");
    let expected =
        "expected a whole GIF picture, found a damaged one (Format error decoding Gif: Unexpected End of File)";
    assert_eq!(sentence, expected);
    for name in ["jpeg-cut-short-and-closed-is-refused.jpg", "jpeg-progressive-cut-short-and-closed-is-refused.jpg"] {
        assert_eq!(&bytes_of(name)[bytes_of(name).len() - 2..], b"\xff\xd9", "{name}");
        let sentence = refusal(name);
        assert!(sentence.starts_with("expected a whole JPEG picture, found a damaged one ("), "{name}: {sentence}");
    }
    let expected = "expected a baseline or progressive JPEG picture, found ";
    let advice = "which is not supported; open it in an image program and export it again";
    assert_eq!(refusal("jpeg-arithmetic-is-refused.jpg"), format!("{expected}an arithmetic-coded one, {advice}"));
    assert_eq!(refusal("jpeg-12-bit-is-refused.jpg"), format!("{expected}one with 12 bits per channel, {advice}"));
    for name in ["tiff-fax3-is-refused.tif", "tiff-old-jpeg-is-refused.tif", "tiff-lab-is-refused.tif"] {
        let sentence = refusal(name);
        let expected = "expected a TIFF picture of a common kind, found one that is not supported; open it in an image program \
                        and export it as PNG or JPEG first (";
        assert!(sentence.starts_with(expected), "{name}: {sentence}");
    }
}

#[test]
fn dicom_files_without_a_readable_photograph_say_why() {
    let advice =
        "which is not supported; export its picture as PNG in the viewer that shows it, or with `dcm2pnm`, first";
    for (name, words) in [
        (
            "dicom-x-ray-is-refused.dcm",
            "expected a photograph, found a DICOM picture of modality DX, which no camera takes",
        ),
        (
            "dicom-palette-is-refused.dcm",
            "expected a DICOM photograph in RGB, YCbCr or grey, found PALETTE COLOR, which is not supported; export it as PNG first",
        ),
        (
            "dicom-jpeg-2000-is-refused.dcm",
            &format!(
                "expected a DICOM photograph with plain, JPEG or JPEG XL pixels, found one coded as JPEG 2000, {advice}"
            ),
        ),
        (
            "dicom-jpeg-of-another-size-is-refused.dcm",
            "expected a DICOM photograph of 48 x 64 pixels as its header says, found one of 40 x 60",
        ),
        (
            "dicom-big-endian-is-refused.dcm",
            &format!(
                "expected a DICOM photograph with plain, JPEG or JPEG XL pixels, found one in the retired big-endian form, {advice}"
            ),
        ),
        (
            "dicom-32-bit-is-refused.dcm",
            "expected a DICOM photograph with 8 bits a colour, or 8 or 16 bits of grey, found MONOCHROME2 with 1 samples of 32 bits",
        ),
        (
            "dicom-an-item-ends-without-a-beginning-is-refused.dcm",
            "expected a whole DICOM photograph, found a damaged one",
        ),
        ("dicom-an-item-ends-twice-is-refused.dcm", "expected a whole DICOM photograph, found a damaged one"),
        ("dicom-nested-too-deeply-is-refused.dcm", "expected a whole DICOM photograph, found a damaged one"),
        ("dicom-without-pixels-is-refused.dcm", "expected a whole DICOM photograph, found one with pixels missing"),
    ] {
        assert_eq!(refusal(name), words, "{name}");
    }
}

/// A parser's own words may hold values of the file.
#[test]
fn no_damage_to_a_dicom_file_makes_the_patient_known() {
    for name in ["dicom.dcm", "dicom-implicit.dcm", "dicom-jpeg-in-fragments.dcm"] {
        let whole = bytes_of(name);
        assert!(whole.windows(14).any(|part| part == b"SECRET PATIENT"), "{name}");
        for place in 128..whole.len().min(1200) {
            for value in [0, b'\\', b'X', 0xff] {
                let mut bytes = whole.clone();
                bytes[place] = value;
                let words = match Photo::from_bytes(Path::new(name), &bytes, &ReadOptions::default()) {
                    Ok(photo) => photo.notes.join(" "),
                    Err(error) => {
                        assert_ne!(error.code(), "defect", "{name}, byte {place}: {error}");
                        format!("{error} {error:?}")
                    }
                };
                assert!(!words.contains("SECRET") && !words.contains("4711"), "{name}, byte {place}: {words}");
            }
        }
    }
}

/// A phone's burst is a video in the same container.
#[test]
fn a_heif_burst_is_named() {
    let mut burst = b"\0\0\0\x18ftyphevc\0\0\0\0msf1hevc".to_vec();
    burst.extend(b"\0\0\0\x10moov\0\0\0\x08trak");
    let refused =
        |bytes: &[u8]| Photo::from_bytes(Path::new("x"), bytes, &ReadOptions::default()).unwrap_err().to_string();
    let words = "found a HEIF burst or film without a still picture; save one of its pictures as JPEG first";
    assert!(refused(&burst).ends_with(words), "{}", refused(&burst));
    assert!(refused(&burst[..30]).contains("cut short"), "{}", refused(&burst[..30]));
}

/// Pixels that are not square make a larger picture of a file, with large numbers in between.
#[test]
fn pixels_made_square_are_within_the_limits() {
    let mut bytes = bytes_of("dicom-pixels-twice-as-high-is-48x64-with-a-note.dcm");
    let spacing = bytes.windows(8).position(|part| part == b"0.8\\0.4 ").expect("the spacing");
    bytes[spacing..spacing + 8].copy_from_slice(b"4.0\\1.0 ");
    let open = |megapixels| {
        let options = ReadOptions { max_megapixels: megapixels, ..ReadOptions::default() };
        Photo::from_bytes(Path::new("x"), &bytes, &options)
    };
    assert_eq!(open(0.01).expect("read").pixels.dimensions(), (48, 128));
    assert!(matches!(open(0.005), Err(Error::TooLarge { width: 48, height: 128, .. })));
}

/// 16 bits are converted to 8 row by row; a picture that takes more than 6 bytes for each pixel allowed is refused before it is decoded.
#[test]
fn memory_is_limited_in_bytes_of_the_decoded_form() {
    let (width, height) = (4000_u32, 1500_u32);
    let limit = ReadOptions { max_megapixels: 6.0, ..ReadOptions::default() };
    let mut png = Vec::new();
    let pixels =
        image::ImageBuffer::<image::Rgba<u16>, _>::from_pixel(width, height, image::Rgba([300_u16, 600, 900, 65535]));
    pixels.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    let photo = Photo::from_bytes(Path::new("deep.png"), &png, &limit).unwrap();
    assert_eq!((photo.pixels.dimensions(), photo.pixels[(7, 7)].0), ((width, height), [1, 2, 4]));
    // One strip with the whole picture in 4 bytes per pixel is needed in addition to the 3 of the result.
    let mut tiff = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, value) in [
        (256, 10_000),
        (257, 10_000),
        (258, 32),
        (259, 1),
        (262, 1),
        (273, 8),
        (278, 10_000),
        (279, 400_000_000),
        (339, 3_u32),
    ] {
        tiff.extend(u16::to_le_bytes(tag));
        tiff.extend([4, 0, 1, 0, 0, 0]);
        tiff.extend(value.to_le_bytes());
    }
    tiff.extend([0; 4]);
    let error = Photo::from_bytes(Path::new("x"), &tiff, &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, Error::TooMuchMemory { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "x: decoding the picture would take 700 MB of memory, more than the limit of 667 MB; export it as a smaller picture or as \
         a baseline JPEG, or raise the limit with --max-megapixels"
    );
    assert_eq!((error.code(), error.exit_code()), ("too_much_memory", 1));
}

#[test]
fn headers_are_held_against_the_limit_before_decoding() {
    for (name, size) in [
        ("png-header-says-60000x60000-is-refused.png", 60000),
        ("jpeg-header-says-65500x65500-is-refused.jpg", 65500),
        ("heic-header-says-60000x60000-is-refused.heic", 60000),
        ("dicom-header-says-60000x60000-is-refused.dcm", 60000),
    ] {
        match try_open(name) {
            Err(Error::TooLarge { width, height, .. }) => assert_eq!((width, height), (size, size), "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    // 48 x 64 are 0.003072 megapixels.
    for name in ["bmp.bmp", "png.png", "tiff.tif", "webp-lossy.webp", "jpeg-grey.jpg"] {
        let read =
            |max_megapixels| Photo::open(&fixture(name), &ReadOptions { max_megapixels, ..ReadOptions::default() });
        assert!(matches!(read(0.003), Err(Error::TooLarge { width: 48, height: 64, .. })), "{name}");
        assert!(read(0.003_072).is_ok(), "{name}");
    }
    let few = ReadOptions { max_file_bytes: 100, ..ReadOptions::default() };
    let error = Photo::open(&fixture("png.png"), &few).unwrap_err();
    assert!(matches!(error, Error::TooManyBytes { limit: 100, .. }), "{error}");
    let error = Photo::from_bytes(Path::new("x"), &bytes_of("png.png"), &few).unwrap_err();
    assert_eq!(error.to_string(), "x: the file has 2240 bytes, more than the limit of 100 bytes for a picture");
}

/// The first bytes of other file types, made here since a few bytes identify them.
#[test]
fn strangers_are_named() {
    let found = |bytes: &[u8]| {
        let error = Photo::from_bytes(Path::new("x"), bytes, &ReadOptions::default()).unwrap_err().to_string();
        let words =
            error.strip_prefix("x: expected a JPEG, PNG, HEIC, WebP, TIFF, BMP, GIF, JPEG XL or DICOM picture, found ");
        words.unwrap_or_else(|| panic!("{error}")).to_owned()
    };
    // A TIFF directory with the tags (number, 16-bit value).
    let tiff = |tags: &[(u16, u16)]| {
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        bytes.extend(u16::try_from(tags.len()).unwrap().to_le_bytes());
        for (tag, value) in tags {
            bytes.extend(tag.to_le_bytes());
            bytes.extend([3, 0, 1, 0, 0, 0]);
            bytes.extend(value.to_le_bytes());
            bytes.extend([0, 0]);
        }
        bytes.extend([0; 4]);
        bytes
    };
    let cut = Photo::from_bytes(Path::new("x"), b"\xff\x0a\xfa\x7f", &ReadOptions::default()).unwrap_err().to_string();
    assert_eq!(cut, "x: expected a whole JPEG XL picture, found one that is cut short");
    let cases: [(&[u8], &str); 18] = [
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000"),
        (b"8BPS\0\x01", "a Photoshop document"),
        (b"PK\x03\x04\x14\0", "a ZIP archive"),
        (&[0; 4096], "nothing but zero bytes"),
        (b"\xef\xbb\xbf<!DOCTYPE html><html>", "a web page (HTML)"),
        (b"II*\0\x10\0\0\0CR\x02\0", "a camera raw file (Canon CR2)"),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "a camera raw file (Canon CR3)"),
        (b"FUJIFILMCCD-RAW 0201", "a camera raw file (Fujifilm RAF)"),
        (b"IIRO\x08\0\0\0", "a camera raw file (Olympus ORF)"),
        (&tiff(&[(254, 0), (0xc612, 0x0401)]), "a camera raw file (DNG)"),
        (&tiff(&[(254, 1), (330, 200)]), "a camera raw file (NEF, ARW or alike)"),
        (&tiff(&[(262, 32803)]), "a camera raw file (TIFF with sensor data)"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "a film"),
        (b"RIFF\x24\0\0\0AVI LIST", "a film"),
        (b"\xff\xd8", "the first bytes of a JPEG picture"),
        (b"BMI of all patients\n", "text"),
        (b"\x13\x37\xc0\xff\xee\0\x01\x02\x03", "data of an unknown kind that starts with 13 37 c0 ff ee 00 01 02"),
    ];
    for (bytes, words) in cases {
        assert!(found(bytes).starts_with(words), "{words}: {}", found(bytes));
    }
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let sentence = |path: &Path| {
        let error = Photo::open(path, &ReadOptions::default()).unwrap_err();
        assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
        error.to_string().strip_prefix(&format!("{}: cannot be read: ", path.display())).unwrap().to_owned()
    };
    assert_eq!(sentence(folder.path()), "expected a picture file, found a folder");
    assert_eq!(sentence(&folder.path().join("missing.jpg")), "no such file or directory");
    #[cfg(unix)]
    {
        assert_eq!(sentence(Path::new("/dev/zero")), "expected a picture file, found a device");
        let pipe = folder.path().join("pipe.jpg");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(sentence(&pipe), "expected a picture file, found a named pipe");
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        std::os::unix::fs::symlink(&one, &other).unwrap();
        std::os::unix::fs::symlink(&other, &one).unwrap();
        assert!(sentence(&one).contains("symbolic links"));
        // The root user may read everything: then there is nothing to test.
        use std::os::unix::fs::PermissionsExt;
        let locked = folder.path().join("locked.jpg");
        std::fs::write(&locked, bytes_of("jpeg-grey.jpg")).unwrap();
        std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).unwrap();
        if std::fs::File::open(&locked).is_err() {
            assert_eq!(sentence(&locked), "permission denied");
        }
        // A name that is not valid text.
        use std::os::unix::ffi::OsStrExt;
        let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe.jpg"));
        std::fs::write(&odd, bytes_of("jpeg-grey.jpg")).unwrap();
        assert_eq!(Photo::open(&odd, &ReadOptions::default()).unwrap().source.path, odd);
    }
}

/// A picture cut anywhere is refused, except for parts that do not belong to its pixels.
#[test]
fn a_picture_cut_anywhere_is_refused_or_whole() {
    for (name, spare) in [
        // The end marker, and a last byte or two that one-bits can stand for.
        ("jpeg-orientation-1-upright-is-48x64.jpg", 4),
        ("jpeg-subsampled-420.jpg", 4),
        ("jpeg-progressive.jpg", 4),
        ("jpeg-with-restarts.jpg", 4),
        ("jpeg-progressive-with-restarts.jpg", 0),
        ("png.png", 20),
        ("webp-lossy.webp", 2),
        ("webp-lossless.webp", 2),
        ("bmp.bmp", 0),
        ("heic.heic", 0),
        ("jxl-lossless.jxl", 1),
        ("dicom.dcm", 0),
        ("dicom-jpeg-in-fragments.dcm", 12),
        ("jxl-orientation-6-upright-is-48x64.jxl", 0),
    ] {
        let whole = bytes_of(name);
        let pixels = open(name).pixels;
        for length in 0..whole.len() {
            match Photo::from_bytes(Path::new(name), &whole[..length], &ReadOptions::default()) {
                Err(Error::NotAPicture { .. }) => {}
                Err(other) => panic!("{name} cut at {length}: {other}"),
                Ok(photo) => {
                    assert!(length + spare >= whole.len(), "{name} cut at {length} of {} was read", whole.len());
                    let off = difference(&photo.pixels, &pixels);
                    assert!(off < 2.0, "{name} cut at {length} of {} is off by {off:.2}", whole.len());
                }
            }
        }
    }
}

/// Some programs close a truncated picture. Between two progressive scans only the detail differs; elsewhere, the decoder must not fill
/// in missing data.
#[test]
fn a_picture_cut_and_closed_is_refused_or_whole() {
    for (name, progressive) in [
        ("jpeg-orientation-1-upright-is-48x64.jpg", false),
        ("jpeg-subsampled-420.jpg", false),
        ("jpeg-grey.jpg", false),
        ("jpeg-with-restarts.jpg", false),
        ("jpeg-progressive.jpg", true),
    ] {
        let whole = bytes_of(name);
        let pixels = open(name).pixels;
        let mut read = 0;
        for length in 0..whole.len() {
            let mut bytes = whole[..length].to_vec();
            bytes.extend([0xff, 0xd9]);
            if let Ok(photo) = Photo::from_bytes(Path::new(name), &bytes, &ReadOptions::default()) {
                let noted = photo.notes == ["the progressive JPEG data ends before its finest detail"];
                assert!(length + 4 >= whole.len() || (progressive && noted), "{name} cut at {length} was read");
                let off = difference(&photo.pixels, &pixels);
                assert!(off < if progressive { 60.0 } else { 2.0 }, "{name} cut at {length} is off by {off:.2}");
                read += 1;
            }
        }
        assert!(read < 60, "{name}: {read} cuts were read");
    }
}

/// Xorshift: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

#[test]
fn no_mutation_panics() {
    // Small, so that a header with a larger size is refused and the test is fast.
    let options = ReadOptions { max_megapixels: 0.05, ..ReadOptions::default() };
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let rounds = std::env::var("ORTHOSTAT_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(100);
    for name in all_fixtures() {
        let whole = bytes_of(&name);
        if whole.is_empty() {
            continue;
        }
        for round in 0..rounds {
            let mut bytes = whole.clone();
            // Most errors are in headers: every other mutation stays in the first quarter.
            let reach = if round % 2 == 0 { bytes.len() } else { bytes.len().div_ceil(4) };
            for _ in 0..=random.below(6) {
                let at = random.below(reach);
                match random.below(4) {
                    0 => bytes[at] ^= 1 << random.below(8),
                    1 => bytes[at] = 0xff,
                    2 => bytes[at] = 0,
                    _ => bytes[at] = u8::try_from(random.below(256)).unwrap(),
                }
            }
            if random.below(4) == 0 {
                bytes.truncate(random.below(bytes.len() + 1));
            }
            let read = Photo::from_bytes(Path::new("mutation"), &bytes, &options);
            if let Err(Error::Defect { words, .. }) = read {
                let kept = std::env::temp_dir().join(format!("orthostat-panic-{round}-{name}"));
                std::fs::write(&kept, &bytes).unwrap();
                panic!("{name}: round {round} panicked ({words}); the bytes are in {}", kept.display());
            }
        }
    }
}
