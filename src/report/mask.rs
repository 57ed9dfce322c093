//! Covers heads on a copy of the picture: the subject's by the joints, and all others that were found ([`crate::vision::heads`]). Only
//! rendered copies are covered, after measuring: a covered face would mislead the model.

use image::{Rgb, RgbImage};

use crate::core::body::skeleton::{Joint, Pair};
use crate::core::geometry::Point;
use crate::core::heads::Disc;
use crate::core::record::Record;

/// The colour of the cover: one plain grey, which is irreversible.
pub const COVER: Rgb<u8> = Rgb([96, 96, 96]);

/// Radius of the cover in lengths of the trunk (middle of the shoulders to middle of the hips, about half a metre): 23 cm, where
/// a head from ear to crown has 13.
const OF_TRUNK: f64 = 0.46;
/// The same in shoulder widths, for a foreshortened trunk.
const OF_SHOULDERS: f64 = 0.65;
/// The same in distances from the middle of the ears to the middle of the shoulders.
const OF_NECK: f64 = 0.85;
/// The same in the largest distance between two points of the head, for a head that is nearer the camera than the trunk.
const OF_HEAD: f64 = 1.45;
/// The distance of the cover's centre above the ears, as a share of its radius: hair needs more room than the chin.
const RAISED: f64 = 0.2;
/// Valid distances of the ears from the shoulders, in trunk lengths; outside, the head was not found correctly.
const NECK: std::ops::RangeInclusive<f64> = 0.15..=1.1;

/// Why a picture cannot be covered and must therefore not be shown. `Display` is the sentence for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncovered {
    reason: String,
}

impl std::fmt::Display for Uncovered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the face cannot be covered, so no picture is given: {}", self.reason)
    }
}

impl std::error::Error for Uncovered {}

/// The disc that covers the subject's head from the hair to below the chin, with a margin of about half a head all around.
///
/// # Errors
/// [`Uncovered`] when the head was not found, or lies where no head can be.
pub fn disc(record: &Record) -> Result<Disc, Uncovered> {
    let refuse = |reason: &str| Err(Uncovered { reason: reason.into() });
    let at = |joint: Joint| record.landmark(joint).map(|l| Point::new(l.x, l.y));
    let middle = |pair: Pair| match (at(pair.left), at(pair.right)) {
        (Some(left), Some(right)) => Some(left.midpoint(right)),
        // Side views may lack the far one.
        (one, other) => one.or(other),
    };
    let head: Vec<Point> =
        Joint::ALL.into_iter().filter(|j| j.index() < Joint::LeftShoulder.index()).filter_map(at).collect();
    let Some(ears) = middle(Pair::EARS).filter(|_| head.len() > 1) else {
        return refuse("the head was not found");
    };
    let (Some(shoulders), Some(hips)) = (middle(Pair::SHOULDERS), middle(Pair::HIPS)) else {
        return refuse("shoulders or hips were not found, without which the head's size is not known");
    };
    let trunk = shoulders.distance(hips);
    let neck = ears.distance(shoulders);
    if !(trunk > 0.0 && NECK.contains(&(neck / trunk)) && (ears - shoulders).dot(shoulders - hips) > 0.0) {
        return refuse("the head was found where no head can be");
    }
    let width = at(Joint::LeftShoulder).zip(at(Joint::RightShoulder)).map_or(0.0, |(a, b)| a.distance(b));
    let across = head.iter().flat_map(|a| head.iter().map(|b| a.distance(*b))).fold(0.0, f64::max);
    let radius =
        [OF_TRUNK * trunk, OF_SHOULDERS * width, OF_NECK * neck, OF_HEAD * across].into_iter().fold(0.0, f64::max);
    Ok(Disc { center: ears + (ears - shoulders) * (RAISED * radius / neck), radius })
}

/// The discs that cover every head in the picture.
///
/// # Errors
/// As [`disc`]; [`Uncovered`] also when other heads were not searched for, or the head of a detected person was not found.
pub fn discs(record: &Record) -> Result<Vec<Disc>, Uncovered> {
    let own = disc(record)?;
    let refuse = |reason: &str| Err(Uncovered { reason: reason.into() });
    match &record.heads {
        None => refuse("other heads were not looked for when it was measured"),
        Some(heads) if heads.missed > 0 => refuse("another person was found in it whose head was not"),
        Some(heads) if heads.uncertain > 0 => {
            refuse("something in it may be a head, and it is not sure that it is one")
        }
        Some(heads) => Ok(std::iter::once(own).chain(heads.discs()).collect()),
    }
}

/// A copy of the picture with every head covered by one colour. The picture is the measured photo, or a reduced copy of it.
///
/// # Errors
/// [`Uncovered`] as for [`discs`], or when the picture is not the one that was measured; nothing must be shown then.
///
/// ```
/// use orthostat::core::heads::Heads;
/// use orthostat::core::record::Record;
/// use orthostat::report::mask;
/// let mut record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref())?;
/// record.heads = Some(Heads { covers: vec![[100.0, 700.0, 50.0]], ..Heads::default() }); // as options::Options::heads asks for
/// let picture = image::RgbImage::new(1080, 1440);
/// let covered = mask::cover(&picture, &record).expect("head in the picture");
/// assert_eq!(covered.get_pixel(459, 390), &mask::COVER); // the nose
/// assert_eq!(covered.get_pixel(100, 700), &mask::COVER); // a bystander
/// # Ok::<(), orthostat::core::error::Error>(())
/// ```
pub fn cover(picture: &RgbImage, record: &Record) -> Result<RgbImage, Uncovered> {
    let discs = discs(record)?;
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let scale = width / f64::from(record.source.width.max(1));
    // Reduced copies are rounded to whole pixels.
    if picture.width() == 0 || (height - scale * f64::from(record.source.height)).abs() > 1.0 + scale {
        return Err(Uncovered { reason: "the picture is not of the size of the one that was measured".into() });
    }
    let mut covered = picture.clone();
    for disc in discs {
        fill(&mut covered, disc.center.x * scale, disc.center.y * scale, disc.radius * scale);
    }
    Ok(covered)
}

/// Fills a disc, in pixels from the picture's edge.
fn fill(picture: &mut RgbImage, x: f64, y: f64, radius: f64) {
    let within = |from: f64, most: u32| (from.floor().max(0.0) as u32).min(most);
    let (width, height) = picture.dimensions();
    for row in within(y - radius, height)..within(y + radius + 1.0, height) {
        for column in within(x - radius, width)..within(x + radius + 1.0, width) {
            let (dx, dy) = (f64::from(column) + 0.5 - x, f64::from(row) + 0.5 - y);
            if dx * dx + dy * dy <= radius * radius {
                picture.put_pixel(column, row, COVER);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::heads::Heads;

    fn record(name: &str) -> Record {
        let mut record = Record::open(format!("tests/fixtures/records/{name}.json").as_ref()).expect("a record");
        record.heads = Some(Heads::default());
        record
    }

    #[test]
    fn the_head_is_covered_and_the_body_is_not() {
        let record = record("anterior-tilted");
        let white = RgbImage::from_pixel(record.source.width, record.source.height, Rgb([255; 3]));
        let covered = cover(&white, &record).expect("covered");
        let at = |joint: Joint, down: f64| {
            let landmark = record.landmark(joint).expect("seen");
            *covered.get_pixel(landmark.x as u32, (landmark.y + down) as u32)
        };
        for joint in Joint::ALL {
            let is_head = joint.index() < Joint::LeftShoulder.index();
            assert_eq!(at(joint, 0.0) == COVER, is_head, "{}", joint.name());
        }
        // Hair and chin: the distance from nose to mouth is about a sixth of a head.
        assert_eq!((at(Joint::Nose, -75.0), at(Joint::Nose, 50.0)), (COVER, COVER));
    }

    #[test]
    fn a_reduced_copy_is_covered_alike_and_another_picture_is_refused() {
        let record = record("anterior-tilted");
        let half = RgbImage::new(record.source.width / 2, record.source.height / 2);
        let disc = disc(&record).expect("one head");
        let covered = cover(&half, &record).expect("covered");
        let count = covered.pixels().filter(|pixel| **pixel == COVER).count() as f64;
        assert!((count / (0.25 * std::f64::consts::PI * disc.radius.powi(2)) - 1.0).abs() < 0.01, "{count}");
        assert!(cover(&RgbImage::new(1440, 1080), &record).is_err());
    }

    #[test]
    fn a_head_that_was_not_found_gives_no_picture() {
        let whole = record("anterior-tilted");
        let refused = |change: &dyn Fn(&mut Record)| {
            let mut record = whole.clone();
            change(&mut record);
            cover(&RgbImage::new(record.source.width, record.source.height), &record).expect_err("refused").to_string()
        };
        let without_ears = refused(&|record| record.landmarks.retain(|name, _| !name.ends_with("ear")));
        assert_eq!(without_ears, "the face cannot be covered, so no picture is given: the head was not found");
        assert!(refused(&|record| record.heads = None).contains("not looked for"));
        assert!(
            refused(&|record| record.heads = Some(Heads { missed: 1, ..Heads::default() })).contains("another person")
        );
        let open = |record: &mut Record| record.heads = Some(Heads { uncertain: 1, ..Heads::default() });
        assert!(refused(&open).contains("may be a head"));
        assert!(refused(&|record| record.landmarks.retain(|name, _| !name.ends_with("hip"))).contains("not known"));
        let elsewhere = refused(&|record| {
            for (name, landmark) in &mut record.landmarks {
                landmark.y += if name.ends_with("ear") { 900.0 } else { 0.0 };
            }
        });
        assert!(elsewhere.contains("no head can be"));
    }
}
