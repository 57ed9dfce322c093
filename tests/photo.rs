//! Reading photos: supported files, refused files with their messages, and no panics.
//!
//! The names of the pictures in `fixtures/photo` state the expected result; `make.py` there creates them.

use std::path::{Path, PathBuf};

use image::RgbImage;
use orthostat::core::error::{Error, Result};
use orthostat::vision::photo::{Format, Metadata, Photo, ReadOptions};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/photo").join(name)
}

fn bytes_of(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn try_open(name: &str) -> Result<Photo> {
    Photo::open(&fixture(name), &ReadOptions::default())
}

fn open(name: &str) -> Photo {
    try_open(name).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(name: &str) -> String {
    assert!(fixture(name).exists(), "{name} is missing");
    let error = try_open(name).expect_err(name);
    assert_eq!(error.exit_code(), 1, "{error}");
    let path = fixture(name).display().to_string();
    let sentence = error.to_string();
    sentence.strip_prefix(&format!("{path}: ")).expect("the sentence starts with the file").to_owned()
}

/// All fixtures, readable or not, without the script.
fn all_fixtures() -> Vec<String> {
    let folder = std::fs::read_dir(fixture("")).expect("the fixtures are there");
    let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with(".py"));
    names.sort();
    assert!(names.len() > 60, "{} fixtures", names.len());
    names
}

/// The scene of all fixtures, upright; see `make.py`.
fn scene() -> RgbImage {
    let corners = [[[220.0, 30.0, 30.0], [30.0, 200.0, 30.0]], [[30.0, 30.0, 220.0], [230.0, 220.0, 20.0]]];
    RgbImage::from_fn(48, 64, |column, row| {
        let (x, y) = (f64::from(column) / 47.0, f64::from(row) / 63.0);
        let dark = f64::hypot((x - 0.25) * 48.0, (y - 0.25) * 64.0) < 6.0;
        image::Rgb([0, 1, 2].map(|channel| {
            let [top, bottom] =
                corners.map(|[left, right]: [[f64; 3]; 2]| left[channel] * (1.0 - x) + right[channel] * x);
            let value = top * (1.0 - y) + bottom * y;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let value = (if dark { value.round() * 0.2 } else { value }).round() as u8;
            value
        }))
    })
}

/// The mean difference of two pictures of the same size, 0 to 255.
fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    #[allow(clippy::cast_precision_loss)]
    let mean = sum as f64 / a.as_raw().len() as f64;
    mean
}

fn shows_the_scene(photo: &Photo, tolerance: f64) {
    let off = difference(&photo.pixels, &scene());
    assert!(off <= tolerance, "{}: off by {off:.2}", photo.source.path.display());
}

fn grey(picture: &RgbImage) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b] = picture[(x, y)].0.map(u32::from);
        image::Rgb([u8::try_from((299 * r + 587 * g + 114 * b + 500) / 1000).unwrap(); 3])
    })
}

#[test]
fn every_format_shows_the_scene() {
    let cases = [
        ("jpeg-orientation-1-upright-is-48x64.jpg", Format::Jpeg, 1.5),
        ("jpeg-subsampled-420.jpg", Format::Jpeg, 3.0),
        ("jpeg-progressive.jpg", Format::Jpeg, 3.0),
        ("jpeg-progressive-with-restarts.jpg", Format::Jpeg, 1.5),
        ("jpeg-with-restarts.jpg", Format::Jpeg, 1.5),
        ("jpeg-coded-as-rgb.jpg", Format::Jpeg, 1.5),
        ("jpeg-cmyk-with-adobe-marker.jpg", Format::Jpeg, 2.0),
        ("jpeg-cmyk-without-adobe-marker.jpg", Format::Jpeg, 2.0),
        ("jpeg-ycck-with-adobe-marker.jpg", Format::Jpeg, 2.5),
        ("jpeg-named-png.png", Format::Jpeg, 1.5),
        ("jpeg-followed-by-a-small-gain-map-is-read.jpg", Format::Jpeg, 1.5),
        ("png.png", Format::Png, 0.0),
        ("png-named-jpg.jpg", Format::Png, 0.0),
        ("png-16-bit.png", Format::Png, 0.0),
        ("png-16-bit-interlaced.png", Format::Png, 0.0),
        ("webp-lossy.webp", Format::WebP, 6.0),
        ("webp-lossless.webp", Format::WebP, 0.0),
        ("tiff.tif", Format::Tiff, 0.0),
        ("tiff-cmyk.tif", Format::Tiff, 1.0),
        ("tiff-palette.tif", Format::Tiff, 4.0),
        ("tiff-palette-16-colours.tif", Format::Tiff, 20.0),
        ("tiff-ycbcr-jpeg.tif", Format::Tiff, 3.0),
        ("tiff-planes.tif", Format::Tiff, 0.0),
        ("tiff-planes-in-tiles-of-16.tif", Format::Tiff, 0.0),
        ("tiff-planes-in-tiles-of-32.tif", Format::Tiff, 0.0),
        ("tiff-tiles-of-16.tif", Format::Tiff, 0.0),
        ("tiff-tiles-of-32.tif", Format::Tiff, 0.0),
        ("tiff-16-bit-strips-of-10-rows.tif", Format::Tiff, 0.0),
        ("bmp.bmp", Format::Bmp, 0.0),
        ("gif.gif", Format::Gif, 4.0),
        ("heic.heic", Format::Heif, 3.0),
    ];
    for (name, format, tolerance) in cases {
        let photo = open(name);
        assert_eq!(photo.source.format, format, "{name}");
        assert_eq!((photo.source.stored_width, photo.source.stored_height), (48, 64), "{name}");
        assert_eq!(photo.source.orientation, 1, "{name}");
        assert_eq!(photo.metadata, Metadata::default(), "{name}");
        assert_eq!(photo.notes, [""; 0], "{name}");
        shows_the_scene(&photo, tolerance);
    }
}

#[test]
fn grey_pictures_become_three_equal_channels() {
    for (name, tolerance) in [
        ("jpeg-grey.jpg", 1.0),
        ("png-grey.png", 0.5),
        ("tiff-grey-16-bit.tif", 0.5),
        ("tiff-grey-jpeg.tif", 1.0),
        ("tiff-white-is-zero.tif", 0.5),
    ] {
        let photo = open(name);
        assert!(photo.pixels.pixels().all(|pixel| pixel.0 == [pixel.0[0]; 3]), "{name}");
        let off = difference(&photo.pixels, &grey(&scene()));
        assert!(off <= tolerance, "{name}: off by {off:.2}");
    }
}

/// Phones store a photo as a grid of tiles; Pillow does not, so this one is made here.
#[test]
fn a_heic_grid_is_put_together() {
    let picture = RgbImage::from_fn(600, 24, |x, _| image::Rgb([u8::try_from(x / 3).unwrap(), 90, 160]));
    let bytes = heifer::encode_rgb8(600, 24, picture.as_raw(), &heifer::EncodeOptions::default()).unwrap();
    assert!(bytes.windows(4).any(|window| window == b"grid"), "the fixture is a grid");
    let photo = Photo::from_bytes(Path::new("grid"), &bytes, &ReadOptions::default()).unwrap();
    assert_eq!((photo.source.stored_width, photo.source.stored_height), (600, 24));
    let off = difference(&photo.pixels, &picture);
    assert!(off < 4.0, "off by {off:.2}");
}

#[test]
fn all_eight_orientations_end_upright() {
    for orientation in 1..=8_u8 {
        let name = format!("jpeg-orientation-{orientation}-upright-is-48x64.jpg");
        let stored = image::load_from_memory(&bytes_of(&name)).expect("the fixture is a JPEG").into_rgb8();
        let expected = if orientation < 5 { (48, 64) } else { (64, 48) };
        assert_eq!(stored.dimensions(), expected, "{name} is stored turned");
        if orientation > 1 && orientation < 5 {
            assert!(difference(&stored, &scene()) > 20.0, "{name} is stored turned");
        }
        let photo = open(&name);
        assert_eq!(photo.source.orientation, orientation);
        assert_eq!((photo.source.stored_width, photo.source.stored_height), expected);
        shows_the_scene(&photo, 1.5);
    }
}

#[test]
fn the_other_formats_are_turned_too() {
    let cases = [
        ("png-exif-orientation-6-upright-is-48x64.png", 6, 0.0),
        ("webp-exif-orientation-6-upright-is-48x64.webp", 6, 0.0),
        ("tiff-orientation-6-upright-is-48x64.tif", 6, 0.0),
        ("heic-irot-imir-as-orientation-3-upright-is-48x64.heic", 3, 3.0),
        ("heic-irot-imir-as-orientation-5-upright-is-48x64.heic", 5, 3.0),
        ("heic-irot-imir-as-orientation-6-upright-is-48x64.heic", 6, 3.0),
        ("heic-irot-imir-as-orientation-8-upright-is-48x64.heic", 8, 3.0),
    ];
    for (name, orientation, tolerance) in cases {
        let photo = open(name);
        assert_eq!(photo.source.orientation, orientation, "{name}");
        let stored = if orientation < 5 { (48, 64) } else { (64, 48) };
        assert_eq!((photo.source.stored_width, photo.source.stored_height), stored, "{name}");
        shows_the_scene(&photo, tolerance);
    }
}

/// All places where programs store the orientation; see `orientations` in `make.py`.
#[test]
fn the_orientation_is_found_wherever_it_stands() {
    let mut seen = 0;
    for name in all_fixtures() {
        let Some((place, rest)) = name.split_once("-orientation-") else { continue };
        if !["xmp", "behind", "raw-profile"].iter().any(|word| place.contains(word)) {
            continue;
        }
        let photo = open(&name);
        assert_eq!(photo.source.orientation.to_string(), rest[..1], "{name}");
        assert_eq!(photo.notes, [""; 0], "{name}");
        shows_the_scene(&photo, 1.5);
        seen += 1;
    }
    assert_eq!(seen, 13 * 7);
}

#[test]
fn a_fax_is_black_and_white() {
    let photo = open("tiff-fax4-is-black-and-white.tif");
    assert!(photo.pixels.pixels().all(|pixel| [[0; 3], [255; 3]].contains(&pixel.0)));
    // Although dithered, it is as bright as the scene.
    let mean = |picture: &RgbImage| picture.as_raw().iter().map(|&value| f64::from(value)).sum::<f64>() / 9216.0;
    let off = (mean(&photo.pixels) - mean(&grey(&scene()))).abs();
    assert!(off < 4.0, "{off}");
}

#[test]
fn transparent_parts_lie_over_white() {
    for (name, tolerance) in
        [("png-right-half-transparent-is-white.png", 0.0), ("png-palette-right-half-transparent-is-white.png", 12.0)]
    {
        let photo = open(name);
        let half = |picture: &RgbImage, left| image::imageops::crop_imm(picture, left, 0, 24, 64).to_image();
        let off = difference(&half(&photo.pixels, 0), &half(&scene(), 0));
        assert!(off <= tolerance, "{name}: off by {off:.2}");
        assert!(half(&photo.pixels, 24).pixels().all(|pixel| pixel.0 == [255; 3]), "{name}");
    }
}

#[test]
fn one_pixel_is_a_picture() {
    for name in ["jpeg-1x1.jpg", "png-1x1.png"] {
        assert_eq!(open(name).pixels.dimensions(), (1, 1), "{name}");
    }
}

#[test]
fn of_several_pictures_the_first_is_taken_with_a_note() {
    let cases = [
        ("jpeg-two-pictures-first-is-read-with-a-note.jpg", "the file holds several pictures: the first was taken"),
        ("png-animated-first-is-read-with-a-note.png", "the picture is animated: its still picture was taken"),
        ("webp-animated-first-is-read-with-a-note.webp", "the picture is animated: the first frame was taken"),
        ("tiff-two-pages-first-is-read-with-a-note.tif", "the file has several pages: the first was taken"),
        ("gif-animated-first-is-read-with-a-note.gif", "the picture is animated: the first frame was taken"),
    ];
    for (name, note) in cases {
        let photo = open(name);
        assert_eq!(photo.notes, [note], "{name}");
        shows_the_scene(&photo, if name.starts_with("gif") { 4.0 } else { 1.5 });
    }
}

#[test]
fn a_missing_end_marker_alone_is_forgiven() {
    for name in [
        "jpeg-without-end-marker-is-read-with-a-note.jpg",
        "jpeg-progressive-without-end-marker-is-read-with-a-note.jpg",
    ] {
        assert_ne!(&bytes_of(name)[bytes_of(name).len() - 2..], b"\xff\xd9", "{name}");
        let photo = open(name);
        assert_eq!(photo.notes, ["the JPEG data lacks its end marker; all of the picture is there"], "{name}");
        shows_the_scene(&photo, 1.5);
    }
}

#[test]
fn the_source_is_described() {
    let photo = open("png-named-jpg.jpg");
    let bytes = bytes_of("png-named-jpg.jpg");
    assert_eq!(photo.source.path, fixture("png-named-jpg.jpg"));
    assert_eq!(photo.source.bytes, bytes.len() as u64);
    assert_eq!(photo.source.blake3, Some(blake3::hash(&bytes).into()));
    let debug = format!("{photo:?}");
    assert!(debug.len() < 1000 && debug.contains("48 x 64"), "{debug}");
}

#[test]
fn the_camera_is_read_from_exif() {
    let photo = open("jpeg-apple-front-26mm-gravity-panorama.jpg");
    assert_eq!(photo.source.orientation, 6);
    let expected = Metadata {
        focal_35mm: Some(26.0),
        gravity: Some([-0.0996, -0.9882, -0.0651]),
        front_camera: true,
        shot_px: None,
        taken: None,
        panorama: true,
    };
    assert_eq!(photo.metadata, expected);
    assert_eq!(photo.notes.len(), 1);
    assert!(photo.notes[0].contains("is a panorama"), "{}", photo.notes[0]);

    let photo = open("heic-apple-26mm-gravity.heic");
    assert_eq!((photo.metadata.focal_35mm, photo.metadata.gravity), (Some(26.0), expected.gravity));

    assert!(bytes_of("jpeg-apple-shaken-nothing-known.jpg").windows(9).any(|bytes| bytes == b"Apple iOS"));
    assert_eq!(open("jpeg-apple-shaken-nothing-known.jpg").metadata, Metadata::default());

    for name in ["jpeg-xmp-panorama.jpg", "png-xmp-panorama.png"] {
        let photo = open(name);
        assert_eq!(photo.metadata, Metadata { panorama: true, ..Metadata::default() }, "{name}");
        assert!(photo.notes.iter().any(|note| note.contains("is a panorama")), "{name}: {:?}", photo.notes);
    }
}

#[test]
fn damaged_exif_is_a_note_and_no_refusal() {
    let photo = open("jpeg-exif-damaged-is-read-with-a-note.jpg");
    assert_eq!(photo.notes, ["the Exif data is damaged and was ignored"]);
    shows_the_scene(&photo, 1.5);
    let photo = open("jpeg-orientation-9-is-ignored-with-a-note.jpg");
    assert_eq!(photo.notes, ["the Exif orientation is 9, and only 1 to 8 mean something: it was ignored"]);
    assert_eq!(photo.source.orientation, 1);
}

#[test]
fn refusals_say_what_was_expected_and_what_was_found() {
    let expected = "expected a JPEG, PNG, HEIC, WebP, TIFF, BMP or GIF picture, found ";
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
    ] {
        let started = std::time::Instant::now();
        match try_open(name) {
            Err(Error::TooLarge { width, height, .. }) => assert_eq!((width, height), (size, size), "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        assert!(started.elapsed().as_millis() < 500, "{name}: nothing was decoded");
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
        let words = error.strip_prefix("x: expected a JPEG, PNG, HEIC, WebP, TIFF, BMP or GIF picture, found ");
        words.unwrap_or_else(|| panic!("{error}")).to_owned()
    };
    let mut dicom = vec![0; 128];
    dicom.extend(b"DICM");
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
    let cases: [(&[u8], &str); 20] = [
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\xff\x0a\xfa\x7f", "a JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000"),
        (b"8BPS\0\x01", "a Photoshop document"),
        (b"PK\x03\x04\x14\0", "a ZIP archive"),
        (&dicom, "a DICOM file"),
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

/// Reduced while reading, a photo keeps its size and its places, and a damaged one is refused as when it is read whole.
#[test]
fn a_large_jpeg_can_be_read_reduced() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/phone-12-megapixels.jpg");
    let bytes = std::fs::read(&path).expect("a sample");
    let whole = Photo::from_bytes(&path, &bytes, &ReadOptions::default()).expect("whole");
    assert_eq!((whole.halvings, whole.size()), (0, (3024, 4032)));
    for (enough, halvings) in [(4033, 0), (2017, 0), (2016, 1), (1600, 1), (1000, 2), (504, 3), (1, 3)] {
        let options = ReadOptions { enough: Some(enough), ..ReadOptions::default() };
        let photo = Photo::from_bytes(&path, &bytes, &options).expect("reduced");
        assert_eq!((photo.halvings, photo.size()), (halvings, (3024, 4032)), "{enough}");
        let (width, height) = (3024_u32 >> halvings, 4032_u32 >> halvings);
        assert_eq!(photo.pixels.dimensions(), (width, height));
        let expected = image::imageops::thumbnail(&whole.pixels, width, height);
        let off = difference(&photo.pixels, &expected);
        assert!(off < 2.5, "{enough}: {off}");
        match photo.finer(1) {
            Some(finer) => assert_eq!(finer.expect("finer").pixels.width(), 1512),
            None => assert!(halvings < 2),
        }
        for length in (1..8).map(|n| n * bytes.len() / 8).chain([bytes.len() - 3, bytes.len() - 40]) {
            let cut = Photo::from_bytes(&path, &bytes[..length], &options);
            let alone = Photo::from_bytes(&path, &bytes[..length], &ReadOptions::default());
            assert_eq!(cut.is_err(), alone.is_err(), "{enough}, {length} bytes");
        }
    }
    let options = ReadOptions { enough: Some(1000), ..ReadOptions::default() };
    // Stored on its side: the same after the turn.
    let turned = Photo::from_bytes(&path, &with_orientation(&bytes, 6), &options).expect("turned");
    assert_eq!((turned.size(), turned.pixels.dimensions()), ((4032, 3024), (1008, 756)));
}

/// The same JPEG with another Exif orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", &[orientation, 0, 0, 0, 0, 0, 0, 0][..]].concat();
    let length = (2 + 6 + tiff.len()) as u16;
    // The first Exif block counts.
    [&jpeg[..2], &[0xff, 0xe1], &length.to_be_bytes(), b"Exif\0\0", &tiff, &jpeg[2..]].concat()
}
