//! Reading photos: every supported form shows the same scene, upright, and what the file says of its camera is read.

use std::path::Path;

use image::RgbImage;

use crate::support::photos::{all_fixtures, bytes_of, difference, fixture, open};
use orthostat::vision::photo::{Format, Metadata, Photo, ReadOptions};

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
        ("jxl-lossless.jxl", Format::JpegXl, 0.0),
        ("jxl-lossy.jxl", Format::JpegXl, 3.0),
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
        ("dicom-grey.dcm", 1.0),
        ("dicom-grey-16-bit.dcm", 1.0),
        ("dicom-grey-white-is-zero.dcm", 1.0),
        ("dicom-grey-signed.dcm", 1.0),
        ("dicom-jpeg-grey.dcm", 1.0),
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
fn dicom_photographs_are_read_and_nothing_of_the_patient() {
    for (name, tolerance, notes) in [
        ("dicom.dcm", 0.0, &[""; 0][..]),
        ("dicom-implicit.dcm", 0.0, &[]),
        ("dicom-planes.dcm", 0.0, &[]),
        ("dicom-ycbcr.dcm", 1.5, &[]),
        ("dicom-jpeg.dcm", 1.5, &[]),
        ("dicom-jpeg-in-fragments.dcm", 1.5, &[]),
        ("dicom-jpeg-with-a-tail.dcm", 1.5, &[]),
        ("dicom-jpeg-ycbcr-declared-as-rgb.dcm", 1.5, &[]),
        ("dicom-jpeg-coded-as-rgb.dcm", 1.5, &[]),
        ("dicom-jpeg-xl.dcm", 0.0, &[]),
        (
            "dicom-jpeg-of-two-frames-first-is-read-with-a-note.dcm",
            1.5,
            &["the DICOM file holds 2 frames: the first was taken"],
        ),
        (
            "dicom-pixels-twice-as-high-is-48x64-with-a-note.dcm",
            3.5,
            &["the DICOM file says that its pixels are not square: they were made so"],
        ),
    ] {
        let photo = open(name);
        assert_eq!(photo.source.format, Format::Dicom, "{name}");
        assert_eq!((photo.source.stored_width, photo.source.stored_height), (48, 64), "{name}");
        assert_eq!(photo.notes, notes, "{name}");
        // The day of the picture, for the user's own history; the study is of the day before.
        let taken = photo.metadata.taken.map(|day| day.to_string());
        assert_eq!(taken.as_deref(), Some("2026-02-01"), "{name}");
        // Stored 0.8 mm high and 0.4 wide.
        let mm_per_px = (!notes.is_empty() && name.contains("pixels")).then_some(0.4);
        assert_eq!(
            photo.metadata,
            Metadata { taken: photo.metadata.taken, mm_per_px, ..Metadata::default() },
            "{name}"
        );
        assert!(!format!("{photo:?}").contains("SECRET"), "{name}");
        shows_the_scene(&photo, tolerance);
    }
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
        ("jxl-orientation-3-upright-is-48x64.jxl", 3, 3.0),
        ("jxl-orientation-6-upright-is-48x64.jxl", 6, 3.0),
        ("jxl-orientation-8-upright-is-48x64.jxl", 8, 3.0),
        ("dicom-patient-orientation-as-orientation-3-upright-is-48x64.dcm", 3, 0.0),
        ("dicom-patient-orientation-as-orientation-6-upright-is-48x64.dcm", 6, 0.0),
        ("dicom-patient-orientation-as-orientation-8-upright-is-48x64.dcm", 8, 0.0),
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
    for (name, tolerance) in [
        ("png-right-half-transparent-is-white.png", 0.0),
        ("jxl-right-half-transparent-is-white.jxl", 0.0),
        ("png-palette-right-half-transparent-is-white.png", 12.0),
    ] {
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
        mm_per_px: None,
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
