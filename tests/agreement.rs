//! Agreement with MediaPipe itself: one pass of this program over the committed samples, compared with landmarks from the `mediapipe`
//! wheel for the same photos. To regenerate them: `tests/mediapipe/make_golden.py`. To print the statistics: `cargo run --release
//! --example agreement`.

#[path = "mediapipe/golden.rs"]
mod golden;

use std::path::Path;

use golden::{Difference, Entry, Golden, PAIRS, Result, Seen, compare, one_pass, open, quantile};

/// With the same pixels, the median over all photos and joints must not exceed this, in percent of trunk length.
const MEDIAN_PERCENT: f64 = 0.2;
/// The same when each program decodes the JPEG file itself. Decoders round chroma differently, by a level or two in 4 % of the values,
/// and the detector is sensitive to that: MediaPipe differs from itself by a median of 0.2 % between the decoders.
const MEDIAN_PERCENT_FROM_FILES: f64 = 0.3;
/// The largest distance of any joint of any photo in both cases, in percent of trunk length.
const FARTHEST_PERCENT: f64 = 2.0;
/// The largest difference in shoulder and hip tilt of a frontal photo in both cases, in degrees.
const MOST_DEGREES: f64 = 1.0;

fn samples() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/samples"))
}

fn committed() -> Result<Golden> {
    Golden::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mediapipe/golden.json")))
}

/// An empty fixture would agree with anything.
#[test]
fn the_golden_file_is_what_it_should_be() -> Result<()> {
    let golden = committed()?;
    assert_eq!(golden.mediapipe, "0.10.21");
    assert!(golden.static_image_mode);
    assert_eq!(golden.model_complexity, 1);
    let mut pictures: Vec<String> = Vec::new();
    for file in samples().read_dir()? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".jpg") {
            pictures.push(name);
        }
    }
    pictures.sort();
    let seen: Vec<&str> = golden.photos.iter().map(|entry| entry.file.as_str()).collect();
    assert_eq!(seen, pictures, "the golden file and samples/ differ: run tests/mediapipe/make_golden.py again");
    let people = golden.photos.iter().filter(|entry| entry.same_pixels.pose().is_some()).count();
    assert!(people >= 6, "too few people to agree about: {people}");
    for entry in &golden.photos {
        entry.photo(samples())?;
        let (width, height) = (f64::from(entry.width), f64::from(entry.height));
        for seen in [&entry.landmarks, &entry.same_pixels] {
            assert!([0, 33].contains(&seen.0.len()), "{}", entry.file);
            for &[x, y, visibility] in &seen.0 {
                // Joints that are cut off are estimated outside the picture, but not far.
                assert!((-width..2.0 * width).contains(&x) && (-height..2.0 * height).contains(&y), "{}", entry.file);
                assert!((0.0..=1.0).contains(&visibility), "{}", entry.file);
            }
            if let Some(pose) = seen.pose() {
                assert_eq!(compare(&pose, &pose)?.joints, [0.0; 2 * PAIRS.len()]);
            }
        }
    }
    Ok(())
}

/// Distances of all joints of all photos, in percent of trunk length; none may be too large.
fn distances(seen: fn(&Entry) -> &Seen) -> Result<Vec<f64>> {
    let mut model = open()?;
    let mut distances = Vec::new();
    for entry in &committed()?.photos {
        let ours = one_pass(&mut model, &entry.photo(samples())?)?;
        let theirs = seen(entry).pose();
        assert_eq!(ours.is_some(), theirs.is_some(), "{}: whether anybody is there", entry.file);
        let (Some(ours), Some(theirs)) = (ours, theirs) else { continue };
        let Difference { joints, tilts } = compare(&ours, &theirs)?;
        for tilt in tilts.into_iter().flatten() {
            assert!(tilt.abs() <= MOST_DEGREES, "{}: a tilt differs by {tilt:.2} degrees", entry.file);
        }
        let farthest = quantile(&joints, 1.0);
        assert!(farthest <= FARTHEST_PERCENT, "{}: a joint is {farthest:.2} % of the trunk away", entry.file);
        distances.extend(joints);
    }
    Ok(distances)
}

#[test]
fn one_pass_agrees_with_mediapipe_on_the_same_pixels() -> Result<()> {
    let median = quantile(&distances(|entry| &entry.same_pixels)?, 0.5);
    assert!(median <= MEDIAN_PERCENT, "the median joint is {median:.3} % of the trunk away");
    Ok(())
}

#[test]
fn one_pass_agrees_with_mediapipe_on_the_same_files() -> Result<()> {
    let median = quantile(&distances(|entry| &entry.landmarks)?, 0.5);
    assert!(median <= MEDIAN_PERCENT_FROM_FILES, "the median joint is {median:.3} % of the trunk away");
    Ok(())
}
