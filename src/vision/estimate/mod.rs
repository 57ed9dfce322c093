//! From pixels to joints: the interface of every family of pose models, with one folder per family.

pub mod anchors;
pub mod blazepose;
pub mod form;
pub mod heatmap;
pub mod model_options;
pub mod movenet;
pub mod open;
pub mod other;
pub mod simcc;
pub mod yolo;

use crate::core::body::pose::{MIN_VISIBILITY, Pose, WorldPose};
use crate::core::body::skeleton::Pair;
use crate::core::body::spine::SpinePoints;
use crate::core::error::Result;
use crate::core::geometry::Point;
use crate::core::silhouette::Mask;
use crate::vision::raster::crop::Pyramid;
use crate::vision::raster::region::Region;

/// A detected person, before any reading of the joints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Person {
    /// The square to read the joints from.
    pub region: Region,
    /// The detector's score, 0 to 1.
    pub score: f64,
}

/// All detected people, in the detector's order, with the best score even if it was too low.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Crowd {
    /// By decreasing score.
    pub people: Vec<Person>,
    /// The best score of all candidates, 0 to 1, also when no person was found.
    pub best_score: f64,
}

impl Crowd {
    /// The people in order of prominence: the largest and most central first.
    ///
    /// The rank is the size, halved for a person at the edge of the picture (`width` x `height` px).
    #[must_use]
    pub fn by_prominence(&self, width: f64, height: f64) -> Vec<Person> {
        let middle = Point::new(0.5 * width, 0.5 * height);
        let prominence = |person: &Person| {
            let off = person.region.center.distance(middle) / middle.distance(Point::default()).max(1.0);
            person.region.side * (1.0 - 0.5 * off.min(1.0))
        };
        let mut people = self.people.clone();
        people.sort_by(|a, b| prominence(b).total_cmp(&prominence(a)));
        people
    }
}

/// A point as returned by a decoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// In pixel numbers of the tensor: the first pixel's centre is 0.
    pub at: Point,
    /// The model's score, on its own scale.
    pub score: f64,
}

/// One reading of one region.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The joints in photo pixels, sides the subject's own.
    pub pose: Pose,
    /// The joints in space, if the model estimates them.
    pub world: Option<WorldPose>,
    /// The region that the joints themselves suggest for the next reading.
    pub next: Region,
    /// The person's pixels, if requested.
    pub mask: Option<Mask>,
    /// Points along the spine, when the model gives any.
    pub spine: Option<SpinePoints>,
}

impl Reading {
    /// The same with left and right joints exchanged.
    #[must_use]
    pub fn exchanged(&self) -> Self {
        let world = self.world.as_ref().map(WorldPose::exchanged);
        Self { pose: self.pose.exchanged(), world, mask: self.mask.clone(), spine: self.spine.clone(), ..*self }
    }
}

/// What a reading does besides finding the joints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Read the crop mirrored, and return sides and places as in the photo.
    pub mirrored: bool,
    /// Find the person's pixels as well, which about doubles the cost.
    pub mask: bool,
}

/// A family of pose models, opened and ready. Each worker has its own instance.
pub trait Estimator: Send {
    /// The name in records, such as `blazepose-full`.
    fn name(&self) -> &str;

    /// The landmark model's BLAKE3 hash, in hexadecimal.
    fn hash(&self) -> &str;

    /// Whether it can find the person's pixels.
    fn gives_masks(&self) -> bool;

    /// Opens what a reading needs, if still closed, so that the first reading does not pay for it.
    ///
    /// # Errors
    /// When a model cannot be opened.
    fn prepare(&mut self) -> Result<()>;

    /// Finds the people in an upright square of a photo, read plainly or mirrored; places are those of the photo in both cases.
    ///
    /// # Errors
    /// When the model cannot be run.
    fn detect(&mut self, photo: &Pyramid<'_>, square: Region, mirrored: bool) -> Result<Crowd>;

    /// Reads the joints of the person in a region; `None` when the model finds no person there.
    ///
    /// # Errors
    /// When the model cannot be run.
    fn read(&mut self, photo: &Pyramid<'_>, region: Region, look: Look) -> Result<Option<Reading>>;
}

/// Half of the next square, in torsos and in distances of the farthest joint from the hips: MoveNet's own rule.
const TORSOS: f64 = 1.9;
const REACHES: f64 = 1.2;

/// The square for the next reading, from a person's joints, turned as `region`; `region` itself where shoulders or hips are missing.
#[must_use]
pub fn region_of(pose: &Pose, region: Region) -> Region {
    let (Ok(shoulders), Ok(hips)) = (pose.midpoint(Pair::SHOULDERS), pose.midpoint(Pair::HIPS)) else { return region };
    let seen = pose.found().filter(|(_, k)| k.visibility >= MIN_VISIBILITY);
    let reach = seen.map(|(_, k)| k.at.distance(hips)).fold(0.0, f64::max);
    let half = (TORSOS * shoulders.distance(hips)).max(REACHES * reach);
    if half > 1.0 { Region { center: hips, side: 2.0 * half, ..region } } else { region }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::body::skeleton::Joint;

    #[test]
    fn the_next_square_holds_the_whole_person() {
        let pose = Pose::from_points([
            (Joint::LeftShoulder, Point::new(110.0, 60.0)),
            (Joint::RightShoulder, Point::new(90.0, 60.0)),
            (Joint::LeftHip, Point::new(107.0, 110.0)),
            (Joint::RightHip, Point::new(93.0, 110.0)),
            (Joint::LeftAnkle, Point::new(100.0, 210.0)),
        ]);
        let region = Region { center: Point::new(0.0, 0.0), side: 1.0, rotation: 0.1 };
        let next = region_of(&pose, region);
        assert_eq!((next.center, next.side, next.rotation), (Point::new(100.0, 110.0), 240.0, 0.1));
        assert_eq!(region_of(&Pose::default(), region), region);
    }
}
