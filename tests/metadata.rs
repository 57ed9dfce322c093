//! Phones' metadata in photos, compared with another program's reading, and their use for levelling.

use std::path::Path;

use image::Rgb;
use orthostat::core::measure::Measure;
use orthostat::core::options::Options;
use orthostat::core::pipeline::Analysis;
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::estimate::model_options::ModelOptions;
use orthostat::vision::photo::{Photo, ReadOptions};

fn sample(name: &str) -> Photo {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    Photo::open(&path, &ReadOptions::default()).expect("a sample")
}

/// `exiftool -n -AccelerationVector -FocalLengthIn35mmFormat` (version 12.57) on the same files.
#[test]
fn gravity_and_focal_length_are_those_that_exiftool_reads() {
    for (name, gravity, focal) in [
        ("anterior-level.jpg", Some([-0.007_465, -0.998_832, -0.047_733]), Some(30.0)),
        ("anterior-tilted.jpg", Some([-0.032_747, -0.998_621, -0.041_035]), Some(35.0)),
        ("phone-12-megapixels.jpg", Some([-0.065_554, -0.979_208, -0.191_975]), Some(32.0)),
        ("posterior-level.jpg", Some([-0.026_198, -0.994_781, -0.098_616]), Some(31.0)),
        ("lateral-left.jpg", None, Some(29.0)),
        ("anterior-tilted-no-metadata.jpg", None, None),
    ] {
        let metadata = sample(name).metadata;
        assert_eq!(metadata.focal_35mm, focal, "{name}");
        assert_eq!(metadata.gravity.is_some(), gravity.is_some(), "{name}");
        for (a, b) in metadata.gravity.into_iter().flatten().zip(gravity.into_iter().flatten()) {
            assert!((a - b).abs() < 1e-6, "{name}: {a} {b}");
        }
    }
}

fn analyzer() -> Analyzer {
    Analyzer::open(&[ModelOptions::default()], 2).expect("models")
}

fn analyze(analyzer: &mut Analyzer, photo: &Photo) -> Analysis {
    analyzer.analyze(photo, &Options { readings: 8, ..Options::default() }).expect("somebody is there")
}

fn value(analysis: &Analysis, measure: Measure) -> f64 {
    analysis.assessment.get(measure).as_ref().expect("measured").value
}

/// The photo as taken by a camera rolled by this many degrees more, with the gravity vector that it would have recorded.
fn rolled(photo: &Photo, degrees: f64, with_gravity: bool) -> Photo {
    let mut out = photo.clone();
    let (width, height) = photo.pixels.dimensions();
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (cx, cy) = (0.5 * f64::from(width), 0.5 * f64::from(height));
    out.pixels = image::RgbImage::from_fn(width, height, |x, y| {
        // Upright things turn clockwise: find the source of this place.
        let (dx, dy) = (f64::from(x) + 0.5 - cx, f64::from(y) + 0.5 - cy);
        let (sx, sy) = (cx + cos * dx + sin * dy - 0.5, cy - sin * dx + cos * dy - 0.5);
        let sx = sx.clamp(0.0, f64::from(width - 1)) as f32;
        let sy = sy.clamp(0.0, f64::from(height - 1)) as f32;
        image::imageops::interpolate_bilinear(&photo.pixels, sx, sy).unwrap_or(Rgb([0, 0, 0]))
    });
    // Up turns clockwise in the picture, and with it in the device's (right, top) axes.
    let turned = |[x, y, z]: [f64; 3]| [cos * x + sin * y, -sin * x + cos * y, z];
    out.metadata.gravity = photo.metadata.gravity.map(turned).filter(|_| with_gravity);
    out
}

#[test]
fn a_camera_rolled_on_purpose_changes_raw_values_and_not_levelled_ones() {
    let mut analyzer = analyzer();
    let photo = sample("anterior-tilted.jpg");
    let level = analyze(&mut analyzer, &photo);
    for degrees in [-4.0, 5.0] {
        let other = analyze(&mut analyzer, &rolled(&photo, degrees, true));
        assert!((other.camera.roll_deg - level.camera.roll_deg - degrees).abs() < 0.15, "{:?}", other.camera);
        for (measure, moves, within) in
            [(Measure::ShoulderTilt, -1.0, 0.8), (Measure::TrunkLean, 1.0, 0.4), (Measure::PelvicObliquity, -1.0, 0.8)]
        {
            let raw = |a: &Analysis| a.assessment.get(measure).as_ref().expect("measured").raw;
            let (levelled, shown) = (value(&other, measure) - value(&level, measure), raw(&other) - raw(&level));
            assert!(levelled.abs() < within, "{} levelled moved by {levelled}", measure.name());
            assert!((shown - moves * degrees).abs() < 1.2, "{} raw moved by {shown}, roll {degrees}", measure.name());
        }
    }
}

#[test]
fn without_metadata_the_room_tells_the_roll() {
    let mut analyzer = analyzer();
    let photo = sample("anterior-tilted.jpg");
    for degrees in [-4.0, 0.0, 3.0] {
        let told = analyze(&mut analyzer, &rolled(&photo, degrees, false));
        assert_eq!(told.camera.level_from.name(), "verticals");
        let truth = 1.86 + degrees; // its own roll, from gravity
        assert!((told.camera.roll_deg - truth).abs() < 0.5, "{} {truth}", told.camera.roll_deg);
    }
}

#[test]
fn the_mirrored_photo_negates_every_signed_value() {
    let mut analyzer = analyzer();
    let photo = sample("posterior-level.jpg");
    let mut mirrored = photo.clone();
    mirrored.pixels = image::imageops::flip_horizontal(&photo.pixels);
    mirrored.metadata.gravity = photo.metadata.gravity.map(|[x, y, z]| [-x, y, z]);
    let (here, there) = (analyze(&mut analyzer, &photo), analyze(&mut analyzer, &mirrored));
    for measure in Measure::ALL.into_iter().filter(|m| m.is_signed()) {
        match (here.assessment.get(measure), there.assessment.get(measure)) {
            (Ok(a), Ok(b)) => assert!((a.value + b.value).abs() < 0.1, "{}: {} {}", measure.name(), a.value, b.value),
            (a, b) => assert!(a.is_err() && b.is_err(), "{}: {a:?} {b:?}", measure.name()),
        }
    }
}

#[test]
fn size_margins_and_light_change_little() {
    let mut analyzer = analyzer();
    let photo = sample("anterior-tilted.jpg");
    let usual = analyze(&mut analyzer, &photo);
    let (width, height) = photo.pixels.dimensions();
    let with = |pixels: image::RgbImage| Photo { pixels, ..photo.clone() };
    let mut framed = image::RgbImage::from_pixel(width + 200, height + 200, Rgb([120, 120, 120]));
    image::imageops::replace(&mut framed, &photo.pixels, 100, 100);
    let brighter = image::RgbImage::from_fn(width, height, |x, y| {
        Rgb(photo.pixels.get_pixel(x, y).0.map(|v| v.saturating_add(20)))
    });
    for (what, other) in [
        ("half size", with(image::imageops::resize(&photo.pixels, width / 2, height / 2, image::imageops::Triangle))),
        (
            "twice the size",
            with(image::imageops::resize(&photo.pixels, 2 * width, 2 * height, image::imageops::Triangle)),
        ),
        ("a grey frame", with(framed)),
        ("brighter", with(brighter)),
        ("JPEG quality 60", with(compressed(&photo.pixels, 60))),
    ] {
        let found = analyze(&mut analyzer, &other);
        for measure in [Measure::ShoulderTilt, Measure::PelvicObliquity, Measure::TrunkLean, Measure::HeadTilt] {
            let moved = value(&found, measure) - value(&usual, measure);
            let error = usual.assessment.get(measure).as_ref().expect("measured").sd;
            assert!(moved.abs() < 1.96 * error, "{what}: {} moved by {moved}", measure.name());
        }
    }
}

fn compressed(pixels: &image::RgbImage, quality: u8) -> image::RgbImage {
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(pixels).expect("encoded");
    image::load_from_memory(&bytes).expect("decoded").to_rgb8()
}

/// A JPEG of the photo stored turned, with an Exif block that contains only the orientation, as cameras write it.
fn stored_turned(pixels: &image::RgbImage, orientation: u8) -> Vec<u8> {
    use image::imageops::{flip_horizontal, flip_vertical, rotate90, rotate180, rotate270};
    // The inverse of each orientation.
    let stored = match orientation {
        2 => flip_horizontal(pixels),
        3 => rotate180(pixels),
        4 => flip_vertical(pixels),
        5 => flip_horizontal(&rotate90(pixels)),
        6 => rotate270(pixels),
        7 => flip_horizontal(&rotate270(pixels)),
        8 => rotate90(pixels),
        _ => pixels.clone(),
    };
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(&stored).expect("encoded");
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(exif.len() + 2).expect("short").to_be_bytes();
    let block = [&[0xff, 0xe1], &length[..], &exif[..]].concat();
    bytes.splice(2..2, block);
    bytes
}

#[test]
fn all_eight_orientations_are_one_photo() {
    let mut analyzer = analyzer();
    let pixels = sample("anterior-tilted.jpg").pixels;
    let mut first: Option<Analysis> = None;
    for orientation in 1..=8 {
        let bytes = stored_turned(&pixels, orientation);
        let photo = Photo::from_bytes(Path::new("turned.jpg"), &bytes, &ReadOptions::default()).expect("readable");
        assert_eq!((photo.source.orientation, photo.pixels.dimensions()), (orientation, pixels.dimensions()));
        let found = analyze(&mut analyzer, &photo);
        let first = first.get_or_insert_with(|| found.clone());
        for measure in [Measure::ShoulderTilt, Measure::PelvicObliquity, Measure::TrunkLean] {
            // JPEG compression depends on the orientation; there may be no other difference.
            let moved = value(&found, measure) - value(first, measure);
            assert!(moved.abs() < 0.4, "orientation {orientation}: {} moved by {moved}", measure.name());
        }
    }
}

#[test]
fn dark_and_blurred_photos_are_flagged_and_others_are_not() {
    let mut analyzer = analyzer();
    let photo = sample("anterior-tilted.jpg");
    let (width, height) = photo.pixels.dimensions();
    let dark = image::RgbImage::from_fn(width, height, |x, y| Rgb(photo.pixels.get_pixel(x, y).0.map(|v| v / 6)));
    let blurred = image::imageops::fast_blur(&photo.pixels, 3.0);
    for (what, pixels) in [("", photo.pixels.clone()), ("dark", dark), ("blurred", blurred)] {
        let found = analyze(&mut analyzer, &Photo { pixels, ..photo.clone() });
        let codes: Vec<&str> = found.quality.flags.iter().map(|flag| flag.gate.name()).collect();
        for code in ["dark", "blurred"] {
            assert_eq!(codes.contains(&code), what == code, "{what}: {codes:?}");
        }
    }
}

#[test]
fn any_number_of_workers_gives_the_same_values() {
    let photo = sample("anterior-tilted.jpg");
    let options = Options { readings: 6, ..Options::default() };
    let by = |workers: usize| {
        let mut analyzer = Analyzer::open(&[ModelOptions::default()], workers).expect("models");
        analyzer.analyze(&photo, &options).expect("measured")
    };
    let (one, three) = (by(1), by(3));
    assert_eq!(one.pose, three.pose);
    assert_eq!(one.assessment, three.assessment);
}
