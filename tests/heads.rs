//! Bystanders and posters in pictures in which every head must be covered: composites of the rendered samples.
//!
//! `make test-privacy` tests all of them, `make test` some.

use std::path::Path;

use image::imageops::{FilterType, crop_imm, flip_horizontal, replace, resize};
use image::{Rgb, RgbImage};
use orthostat::core::body::skeleton::Joint;
use orthostat::core::geometry::Point;
use orthostat::core::options::Options;
use orthostat::core::record::Record;
use orthostat::report::mask::{self, COVER};
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::estimate::model_options::ModelOptions;
use orthostat::vision::photo::{Photo, ReadOptions};

/// Rendered people seen from the front, whole.
const PEOPLE: [&str; 3] = ["anterior-level", "anterior-tilted", "anterior-tilted-no-metadata"];
const FACE: [Joint; 5] = [Joint::Nose, Joint::LeftEye, Joint::RightEye, Joint::LeftMouth, Joint::RightMouth];

/// One of the samples, with the places of its joints.
struct Sample {
    pixels: RgbImage,
    record: Record,
}

impl Sample {
    fn open(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        let photo = Photo::open(&root.join(format!("{name}.jpg")), &ReadOptions::default()).unwrap();
        let record = Record::open(&root.join(format!("expected/{name}.json"))).unwrap();
        Self { pixels: photo.pixels, record }
    }

    fn at(&self, joint: Joint) -> Point {
        let landmark = self.record.landmark(joint).expect("seen");
        Point::new(landmark.x, landmark.y)
    }
}

/// What is added to the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A whole person, at the edge that has more room.
    Whole,
    /// A whole person, half of whom is cut off by the picture's edge.
    Cut,
    /// Head and shoulders at the lower edge.
    Bust,
    /// A face in a frame on the wall.
    Poster,
}

/// A picture of `host` with `guest` added beside, scaled by `size`, and the position of the guest's face.
fn composite(host: &Sample, guest: &Sample, kind: Kind, size: f64, mirrored: bool) -> (RgbImage, Vec<Point>) {
    let (ears, hips) = (guest.at(Joint::Nose), guest.at(Joint::LeftHip).midpoint(guest.at(Joint::RightHip)));
    let head = 0.35 * ears.distance(hips);
    let (left, top, right, bottom) = match kind {
        Kind::Whole | Kind::Cut => (-2.2, -1.5, 2.2, 11.0),
        Kind::Bust => (-1.6, -1.3, 1.6, 2.4),
        Kind::Poster => (-1.1, -1.3, 1.1, 1.1),
    };
    let (width, height) = guest.pixels.dimensions();
    let inside = |value: f64, most: u32| value.clamp(0.0, f64::from(most)) as u32;
    let (x, y) = (inside(ears.x + left * head, width), inside(ears.y + top * head, height));
    let (wide, tall) = (inside(ears.x + right * head, width) - x, inside(ears.y + bottom * head, height) - y);
    let part = crop_imm(&guest.pixels, x, y, wide, tall).to_image();
    let (new_wide, new_tall) = ((f64::from(wide) * size) as u32, (f64::from(tall) * size) as u32);
    let mut part = resize(&part, new_wide.max(8), new_tall.max(8), FilterType::Triangle);
    if kind == Kind::Poster {
        for (px, py, pixel) in part.enumerate_pixels_mut() {
            if px < 4 || py < 4 || px + 4 >= new_wide || py + 4 >= new_tall {
                *pixel = Rgb([60, 40, 30]);
            }
        }
    }
    let mut picture = host.pixels.clone();
    let (host_wide, host_tall) = (i64::from(picture.width()), i64::from(picture.height()));
    let beside = host.at(Joint::LeftShoulder).x.max(host.at(Joint::RightShoulder).x);
    // To the right of the host, as far as the picture reaches; a small one must not overlap the host's body.
    let room = (host_wide - i64::from(new_wide)).max(0);
    let to_x = match kind {
        Kind::Cut => host_wide - i64::from(new_wide) * 6 / 10,
        _ => room.min((beside + 0.6 * head) as i64).max(room.min(host_wide * 6 / 10)),
    };
    let to_y = match kind {
        Kind::Poster => host_tall / 12,
        _ => host_tall - i64::from(new_tall),
    };
    replace(&mut picture, &part, to_x, to_y);
    let place = |joint: Joint| {
        let at = guest.at(joint);
        Point::new(to_x as f64 + (at.x - f64::from(x)) * size, to_y as f64 + (at.y - f64::from(y)) * size)
    };
    let seen = |p: &Point| p.x >= 0.0 && p.y >= 0.0 && p.x < host_wide as f64 && p.y < host_tall as f64;
    let mut face: Vec<Point> = FACE.into_iter().map(place).filter(seen).collect();
    if mirrored {
        picture = flip_horizontal(&picture);
        face = face.into_iter().map(|p| Point::new(host_wide as f64 - p.x, p.y)).collect();
    }
    (picture, face)
}

/// Every composite: hosts, guests, kinds and sizes, and every other one mirrored.
fn plan() -> Vec<(usize, usize, Kind, f64, bool)> {
    let sizes = [
        (Kind::Whole, &[1.0, 0.7, 0.5, 0.35, 0.25][..]),
        (Kind::Cut, &[1.0, 0.7, 0.5]),
        (Kind::Bust, &[1.0, 0.7]),
        (Kind::Poster, &[1.0, 0.6, 0.35]),
    ];
    let pairs = [(0, 1), (1, 2), (2, 0), (0, 2), (1, 0), (2, 1)];
    let all = pairs.into_iter().flat_map(|(host, guest)| {
        sizes.into_iter().flat_map(move |(kind, sizes)| sizes.iter().map(move |&size| (host, guest, kind, size)))
    });
    all.enumerate()
        .map(|(index, (host, guest, kind, size))| (host, guest, kind, size, index % 2 == 1))
        .take(74)
        .collect()
}

#[test]
fn no_bystanders_face_is_left_uncovered_in_silence() {
    let whole = std::env::var("ORTHOSTAT_PRIVACY").is_ok_and(|length| length == "long");
    let people = PEOPLE.map(Sample::open);
    let mut analyzer = Analyzer::open(&[ModelOptions::default()], 2).unwrap();
    let options = Options { readings: 1, heads: true, ..Options::default() };
    let (mut tried, mut withheld, mut bare, mut uncounted) = (0, 0, Vec::new(), Vec::new());
    for (index, (host, guest, kind, size, mirrored)) in plan().into_iter().enumerate() {
        if !whole && index % 7 != 0 {
            continue;
        }
        let (picture, face) = composite(&people[host], &people[guest], kind, size, mirrored);
        let mut photo = Photo::open(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/small-person.jpg"),
            &ReadOptions::default(),
        )
        .unwrap();
        (photo.source.stored_width, photo.source.stored_height) = picture.dimensions();
        photo.metadata = Default::default();
        photo.pixels = picture;
        tried += 1;
        let analysis = analyzer.analyze(&photo, &options).unwrap_or_else(|error| panic!("{kind:?} {size}: {error}"));
        let record = Record::of(photo.provenance("composite"), &analysis);
        let Ok(covered) = mask::cover(&photo.pixels, &record) else {
            withheld += 1;
            continue;
        };
        let shows = face.iter().filter(|p| *covered.get_pixel(p.x as u32, p.y as u32) != COVER).count();
        if shows > 0 {
            bare.push(format!(
                "{} with {} as {kind:?} x {size}: {shows} of {} points show",
                PEOPLE[host],
                PEOPLE[guest],
                face.len()
            ));
        } else if !face.is_empty() && record.subject.people < 2 {
            uncounted.push(format!("{} with {} as {kind:?} x {size}", PEOPLE[host], PEOPLE[guest]));
        }
    }
    eprintln!(
        "{tried} composites: {withheld} withheld, {} with a face that shows, not counted: {uncounted:#?}",
        bare.len()
    );
    assert!(tried == if whole { 74 } else { 11 });
    assert!(bare.is_empty(), "{bare:#?}");
    assert!(uncounted.len() * 10 <= tried, "{uncounted:#?}");
    assert!(withheld * 10 <= tried, "{withheld} of {tried} withheld");
}

#[test]
fn a_picture_of_one_person_keeps_its_one_head_and_its_picture() {
    let mut analyzer = Analyzer::open(&[ModelOptions::default()], 2).unwrap();
    for name in PEOPLE {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("samples/{name}.jpg"));
        let photo = Photo::open(&path, &ReadOptions::default()).unwrap();
        let options = Options { readings: 1, heads: true, ..Options::default() };
        let record = Record::of(photo.provenance(name), &analyzer.analyze(&photo, &options).unwrap());
        assert_eq!(record.subject.people, 1, "{name}");
        let covered = mask::cover(&photo.pixels, &record).unwrap();
        let share = covered.pixels().filter(|pixel| **pixel == COVER).count() as f64 / covered.pixels().count() as f64;
        assert!(share < 0.15, "{name}: {share}");
    }
}
