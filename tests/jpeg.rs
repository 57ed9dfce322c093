//! Every sampling and order of scans that libjpeg supports, compared with libjpeg's own pixels; and every picture that stops early is
//! refused.
//!
//! The pictures in `fixtures/jpeg` are made by `make.py` there: `SAMPLING-ORDER.jpg`, with the pixels of `djpeg` in
//! `SAMPLING.png`.

use std::path::Path;

use image::RgbImage;
use orthostat::core::error::Error;
use orthostat::vision::photo::{Photo, ReadOptions};

/// The largest difference from libjpeg's values, except for one in a hundred, which may differ by one level more: both round in the
/// cosine transform and again in the conversion to RGB, where blue takes 1.8 times the first error.
const LEVELS: u8 = 2;
const RARELY: f64 = 0.01;

/// Names and bytes of the pictures in a folder, with libjpeg's pixels.
fn pictures(folder: &str, least: usize) -> Vec<(String, Vec<u8>, RgbImage)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut names: Vec<String> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".jpg"));
    names.sort();
    assert!(names.len() > least, "{} pictures", names.len());
    names
        .into_iter()
        .map(|name| {
            let mut sampling = name.trim_end_matches(".jpg");
            while !folder.join(format!("{sampling}.png")).exists() {
                sampling = sampling.rsplit_once('-').expect("pixels for each picture").0;
            }
            let pixels = image::open(folder.join(format!("{sampling}.png"))).unwrap().into_rgb8();
            let bytes = std::fs::read(folder.join(&name)).unwrap();
            (name, bytes, pixels)
        })
        .collect()
}

fn matrix() -> Vec<(String, Vec<u8>, RgbImage)> {
    pictures("jpeg", 200)
}

/// The largest difference, and the share of differences above [`LEVELS`].
fn farthest(a: &RgbImage, b: &RgbImage) -> (u8, f64) {
    assert_eq!(a.dimensions(), b.dimensions());
    let off: Vec<u8> = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| a.abs_diff(*b)).collect();
    let over = off.iter().filter(|&&off| off > LEVELS).count();
    (off.iter().copied().max().unwrap(), over as f64 / off.len() as f64)
}

fn is_equal(a: &RgbImage, b: &RgbImage) -> bool {
    let (most, share) = farthest(a, b);
    most <= LEVELS + 1 && share <= RARELY
}

/// Kinds that are refused by name: see `Frame` in the decoder's own file.
fn is_refused(name: &str) -> bool {
    let half = name.starts_with("4x1-2x1-2x1") || name.starts_with("1x4-1x2-1x1");
    half && (name.contains("separate") || name.contains("progressive"))
}

#[test]
fn every_sampling_and_order_of_scans_is_as_libjpeg_reads_it() {
    let mut wrong = Vec::new();
    let mut refused = 0;
    for (name, bytes, expected) in matrix() {
        match Photo::from_bytes(Path::new(&name), &bytes, &ReadOptions::default()) {
            Ok(photo) => {
                if !is_equal(&photo.pixels, &expected) || !photo.notes.is_empty() {
                    wrong.push(format!("{name}: {:?}, {:?}", farthest(&photo.pixels, &expected), photo.notes));
                }
            }
            Err(Error::NotAPicture { reason, .. }) if is_refused(&name) => {
                assert!(reason.contains("which is not supported; open it in an image program"), "{name}: {reason}");
                refused += 1;
            }
            Err(error) => wrong.push(error.to_string()),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(refused <= 12, "{refused}");
}

/// A picture reduced during decoding is as bright as the mean over its pixels, as far as the omitted coefficients allow. Where luma is
/// coarser than chroma, it is read whole.
#[test]
fn every_sampling_can_be_read_reduced() {
    let mut wrong = Vec::new();
    for (name, bytes, expected) in pictures("jpeg/even", 60) {
        if is_refused(&name) {
            continue;
        }
        for (enough, halvings) in [(32, 1), (16, 2), (8, 3)] {
            let options = ReadOptions { enough: Some(enough), ..ReadOptions::default() };
            let photo = Photo::from_bytes(Path::new(&name), &bytes, &options).expect(&name);
            let luma_is_coarse =
                ["1x1-1x2", "1x1-2x1", "1x1-2x2", "1x2-2x1"].iter().any(|start| name.starts_with(start));
            let halvings = if luma_is_coarse { 0 } else { halvings };
            assert_eq!((photo.halvings, photo.size()), (halvings, expected.dimensions()), "{name}");
            let off = off_the_means(&photo.pixels, &expected, halvings);
            if off > 2.5 {
                wrong.push(format!("{name} halved {halvings} times: {off:.1} levels"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A side that is not a multiple would be cut or padded on the right, and the mirror image on the left.
#[test]
fn sides_that_do_not_divide_are_read_whole() {
    for (name, bytes, expected) in matrix().into_iter().filter(|(name, ..)| name.ends_with("plain.jpg")) {
        let photo =
            Photo::from_bytes(Path::new(&name), &bytes, &ReadOptions { enough: Some(7), ..ReadOptions::default() });
        let photo = photo.expect(&name);
        assert_eq!((photo.halvings, photo.pixels.dimensions()), (0, expected.dimensions()), "{name}");
    }
}

/// The mean difference in luma from the means over squares that lie entirely within the picture.
fn off_the_means(small: &RgbImage, whole: &RgbImage, halvings: u32) -> f64 {
    let side = 1 << halvings;
    let luma = |pixel: &image::Rgb<u8>| {
        let [red, green, blue] = pixel.0.map(f64::from);
        0.299 * red + 0.587 * green + 0.114 * blue
    };
    let (mut sum, mut count) = (0.0, 0.0);
    for y in 0..whole.height() / side {
        for x in 0..whole.width() / side {
            let square = (0..side).flat_map(|dy| (0..side).map(move |dx| (x * side + dx, y * side + dy)));
            let mean = square.map(|at| luma(&whole[at])).sum::<f64>() / f64::from(side * side);
            sum += (mean - luma(&small[(x, y)])).abs();
            count += 1.0;
        }
    }
    sum / count
}

/// Cut at any of many positions, and closed with an end marker or not, a picture is refused, or its pixels are complete with a note.
#[test]
fn what_stops_early_is_refused() {
    for (name, bytes, expected) in matrix() {
        if is_refused(&name) {
            continue;
        }
        let baseline = !name.contains("progressive");
        for length in (100..bytes.len() - 8).step_by(41) {
            for end in [&b""[..], b"\xff\xd9"] {
                let cut = [&bytes[..length], end].concat();
                match Photo::from_bytes(Path::new(&name), &cut, &ReadOptions::default()) {
                    Err(Error::NotAPicture { .. }) => {}
                    Err(other) => panic!("{name} cut at {length}: {other}"),
                    Ok(photo) => {
                        let noted = photo.notes.iter().any(|note| note.contains("before its finest detail"));
                        let whole = is_equal(&photo.pixels, &expected);
                        assert!(whole || (!baseline && noted), "{name} cut at {length} of {} was read", bytes.len());
                    }
                }
            }
        }
    }
}

/// Headers with wrong sampling, tables and scans end in a refusal or in pixels, never in a panic.
#[test]
fn no_mutation_panics() {
    let options = ReadOptions { max_megapixels: 0.05, ..ReadOptions::default() };
    let rounds = std::env::var("ORTHOSTAT_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(30);
    // Xorshift: the same numbers in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % limit
    };
    for (name, whole, _) in matrix() {
        for round in 0..rounds {
            let mut bytes = whole.clone();
            for _ in 0..=below(4) {
                let at = below(if round % 2 == 0 { bytes.len() } else { 700.min(bytes.len()) });
                bytes[at] = u8::try_from(below(256)).unwrap();
            }
            for enough in [None, Some(12)] {
                let read = Photo::from_bytes(Path::new(&name), &bytes, &ReadOptions { enough, ..options });
                if let Err(Error::Defect { words, .. }) = read {
                    let kept = std::env::temp_dir().join(format!("orthostat-panic-{round}-{name}"));
                    std::fs::write(&kept, &bytes).unwrap();
                    panic!("{name}: round {round} panicked ({words}); the bytes are in {}", kept.display());
                }
            }
        }
    }
}
