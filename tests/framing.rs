//! Pictures that were cropped, stretched or turned after they were taken: the effect on values and their errors.

use std::path::Path;

use image::imageops::{FilterType, crop_imm, flip_horizontal, resize};
use image::{Rgb, RgbImage};
use orthostat::core::body::skeleton::Pair;
use orthostat::core::camera::UserCalibration;
use orthostat::core::gate::Gate;
use orthostat::core::measure::Measure;
use orthostat::core::options::Options;
use orthostat::core::pipeline::{Analysis, measure};
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::estimate::model_options::ModelOptions;
use orthostat::vision::photo::{Photo, ReadOptions};

fn sample(name: &str) -> Photo {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("samples/{name}.jpg"));
    let mut photo = Photo::open(&path, &ReadOptions::default()).unwrap();
    photo.metadata = Default::default();
    photo
}

fn with(photo: &Photo, pixels: RgbImage) -> Photo {
    Photo { pixels, ..photo.clone() }
}

struct Measured(Analyzer);

impl Measured {
    fn new() -> Self {
        Self(Analyzer::open(&[ModelOptions::default()], 2).unwrap())
    }

    /// With the camera set to level, so that the background is not used.
    fn of(&mut self, photo: &Photo) -> Analysis {
        let given = UserCalibration { roll_deg: Some(0.0), ..UserCalibration::default() };
        self.0.analyze(photo, &Options { readings: 2, given, ..Options::default() }).unwrap()
    }
}

fn is_flagged(analysis: &Analysis, gate: Gate) -> bool {
    analysis.quality.flags.iter().any(|flag| flag.gate == gate)
}

#[test]
fn a_stretched_picture_is_named_and_gives_no_frontal_value() {
    let mut measured = Measured::new();
    let photo = sample("anterior-tilted");
    let (width, height) = photo.pixels.dimensions();
    assert!(!is_flagged(&measured.of(&photo), Gate::Stretched));
    for (wide, how) in [(2 * width, "too broad"), (3 * width, "too broad"), (width / 2, "too narrow")] {
        let analysis = measured.of(&with(&photo, resize(&photo.pixels, wide, height, FilterType::Triangle)));
        assert!(is_flagged(&analysis, Gate::Stretched), "{wide} x {height}");
        let text = &analysis.quality.flags.iter().find(|flag| flag.gate == Gate::Stretched).unwrap().text;
        assert!(text.contains(how) && text.contains("original picture"), "{text}");
        let frontal = Measure::ALL.into_iter().filter(|measure| measure.is_frontal());
        assert!(frontal.into_iter().all(|measure| analysis.assessment.get(measure).is_err()));
    }
    // The same shape at another size keeps its proportions.
    let small = resize(&photo.pixels, width / 2, height / 2, FilterType::Triangle);
    assert!(!is_flagged(&measured.of(&with(&photo, small)), Gate::Stretched));
}

/// A print of the picture on a dark ground, its left side shorter by twice `shorter` pixels: seen from the right.
fn print_of(picture: &RgbImage, shorter: f64) -> RgbImage {
    const MARGIN: f64 = 40.0;
    let (width, height) = picture.dimensions();
    RgbImage::from_fn(width, height, |x, y| {
        let across = (f64::from(x) + 0.5 - MARGIN) / (f64::from(width) - 2.0 * MARGIN);
        let top = MARGIN + shorter * (1.0 - across);
        let down = (f64::from(y) + 0.5 - top) / (f64::from(height) - 2.0 * top);
        let inside = (0.0..1.0).contains(&across) && (0.0..1.0).contains(&down);
        let at = |share: f64, length: u32| (share * f64::from(length)) as u32;
        if inside { *picture.get_pixel(at(across, width), at(down, height)) } else { Rgb([16, 16, 20]) }
    })
}

#[test]
fn a_print_photographed_at_an_angle_is_named_and_gives_no_value() {
    let mut measured = Measured::new();
    let photo = sample("anterior-tilted");
    let straight = measured.of(&with(&photo, print_of(&photo.pixels, 0.0)));
    assert!(!is_flagged(&straight, Gate::SkewPrint) && straight.observation.print.is_some());
    assert!(straight.assessment.get(Measure::ShoulderTilt).is_ok());
    let skew = measured.of(&with(&photo, print_of(&photo.pixels, 50.0)));
    let flag = skew.quality.flags.iter().find(|flag| flag.gate == Gate::SkewPrint).unwrap();
    assert!(flag.text.contains("use the original file"), "{}", flag.text);
    assert!(Measure::ALL.into_iter().all(|measure| skew.assessment.get(measure).is_err()));
    let mirrored = measured.of(&with(&photo, flip_horizontal(&print_of(&photo.pixels, 50.0))));
    let skew_deg = |analysis: &Analysis| analysis.observation.print().unwrap().skew_deg();
    assert!((skew_deg(&mirrored) - skew_deg(&skew)).abs() < 1e-3);
    // Measured again without the photo, it is named again.
    let again = measure(skew.frame.clone(), skew.observation.clone(), &skew.options).unwrap();
    assert!(is_flagged(&again, Gate::SkewPrint));
    let told = skew.observation.print.map(|corners| corners.map(|(x, y)| (x.round(), y.round())));
    let [top_left, top_right, ..] = told.unwrap();
    assert!((top_left.1 - top_right.1 - 50.0).abs() <= 4.0, "{told:?}");
}

#[test]
fn a_body_whose_legs_are_cut_off_has_wider_intervals() {
    let mut measured = Measured::new();
    let photo = sample("anterior-level");
    let whole = measured.of(&photo);
    let (hips, shoulders) = (whole.pose.midpoint(Pair::HIPS).unwrap(), whole.pose.midpoint(Pair::SHOULDERS).unwrap());
    assert_eq!(whole.cut, 0.0);
    let sd = |analysis: &Analysis| analysis.assessment.get(Measure::TrunkLean).as_ref().unwrap().sd;
    let mut last = sd(&whole);
    for below in [0.6, 0.2] {
        let end = (hips.y + below * (hips.y - shoulders.y)) as u32;
        let part = measured.of(&with(&photo, crop_imm(&photo.pixels, 0, 0, photo.pixels.width(), end).to_image()));
        assert!(part.cut > 0.3 && sd(&part) > last, "{below}: {} {last}", sd(&part));
        last = sd(&part);
    }
}

/// The picture turned clockwise about its middle, interpolated between its pixels.
fn turned(picture: &RgbImage, degrees: f64) -> RgbImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = picture.dimensions();
    let (cx, cy) = (0.5 * f64::from(width), 0.5 * f64::from(height));
    RgbImage::from_fn(width, height, |x, y| {
        let (dx, dy) = (f64::from(x) + 0.5 - cx, f64::from(y) + 0.5 - cy);
        let (u, v) = (cx + dx * cos + dy * sin - 0.5, cy - dx * sin + dy * cos - 0.5);
        let (left, top) = (u.floor(), v.floor());
        let at = |x: f64, y: f64| {
            picture.get_pixel(x.clamp(0.0, cx * 2.0 - 1.0) as u32, y.clamp(0.0, cy * 2.0 - 1.0) as u32).0.map(f64::from)
        };
        let (right, down) = (u - left, v - top);
        let corners = [at(left, top), at(left + 1.0, top), at(left, top + 1.0), at(left + 1.0, top + 1.0)];
        let weights = [(1.0 - right) * (1.0 - down), right * (1.0 - down), (1.0 - right) * down, right * down];
        Rgb([0, 1, 2].map(|c| corners.iter().zip(weights).map(|(p, w)| p[c] * w).sum::<f64>().round() as u8))
    })
}

#[test]
fn the_face_follows_a_turned_picture_and_its_mirror_image() {
    let mut measured = Measured::new();
    let photo = sample("anterior-tilted");
    let tilt = |analysis: &Analysis| analysis.observation.face.as_ref().unwrap().tilt_deg(&analysis.camera);
    // Without pitch, so that an offset from the middle changes nothing.
    let level = |mut analysis: Analysis| {
        analysis.camera.pitch_deg = 0.0;
        tilt(&analysis)
    };
    let upright = level(measured.of(&photo));
    for degrees in [-8.0, -3.0, 5.0, 10.0] {
        let turned = turned(&photo.pixels, degrees);
        // Turned clockwise, the subject's left, on the right of the picture, is lower.
        let found = level(measured.of(&with(&photo, turned.clone())));
        assert!((found - (upright - degrees)).abs() < 0.3, "{degrees}: {found}, upright {upright}");
        let mirrored = level(measured.of(&with(&photo, flip_horizontal(&turned))));
        assert!((found + mirrored).abs() < 1e-3, "{degrees}: {found} {mirrored}");
    }
}

#[test]
fn a_covered_face_takes_no_part() {
    let mut measured = Measured::new();
    let photo = sample("anterior-level");
    let open = measured.of(&photo);
    assert!(open.head_yaw.is_some());
    let head = open.pose.midpoint(Pair::EYES).unwrap();
    let radius = open.pose.midpoint(Pair::EARS).unwrap().distance(open.pose.midpoint(Pair::SHOULDERS).unwrap());
    let mut covered = photo.pixels.clone();
    for (x, y, pixel) in covered.enumerate_pixels_mut() {
        if (f64::from(x) - head.x).hypot(f64::from(y) - head.y) < 0.8 * radius {
            *pixel = Rgb([128, 128, 128]);
        }
    }
    assert!(measured.of(&with(&photo, covered)).head_yaw.is_none());
    // Nor does that of a person seen from behind.
    assert!(measured.of(&sample("posterior-tilted")).head_yaw.is_none());
}
