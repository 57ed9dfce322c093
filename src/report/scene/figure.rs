//! The person to draw: points in pixels of the photo, the camera, and the values.

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{Joint, Pair};
use crate::core::body::spine::Vertebra;
use crate::core::body::view::View;
use crate::core::camera::Camera;
use crate::core::geometry::{Point, Vec2};
use crate::core::measure::Measure;
use crate::core::observation::Observation;
use crate::core::points::Site;
use crate::core::record::Record;
use crate::core::record::profile::{self, SpinalProfile};
use crate::core::uncertainty::side;

/// A value to draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// The number.
    pub value: f64,
    /// Half of its 95 % interval.
    pub error: f64,
    /// Whether it differs from zero by more than its error.
    pub resolved: bool,
}

/// A level of the spinal line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Its place in the photo.
    pub at: Point,
    /// Offset from the plumb line in percent of trunk length, positive = to the subject's left, if it is more than the error.
    pub offset: Option<f64>,
}

/// The spine's profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The places of its levels in the photo, from the top down.
    pub points: Vec<Point>,
    /// C7 and the sacrum, if both are among them.
    pub chord: Option<[Point; 2]>,
    /// The level with the largest departure from the line between them, with its name and offset, if it is more than the error.
    pub largest: Option<(Point, Vertebra, f64)>,
}

impl Profile {
    fn of(profile: &SpinalProfile) -> Self {
        let at = |level: &profile::Level| Point::new(level.x, level.y);
        let of = |wanted: Vertebra| profile.levels.iter().find(|level| level.level == wanted).map(at);
        let largest = profile.largest.as_ref().filter(|largest| largest.resolved);
        Self {
            points: profile.levels.iter().map(at).collect(),
            chord: of(Vertebra::C7).zip(of(Vertebra::Sacrum)).map(|(c7, sacrum)| [c7, sacrum]),
            largest: largest.and_then(|largest| Some((of(largest.level)?, largest.level, largest.offset))),
        }
    }
}

/// A person to draw.
#[derive(Debug, Clone)]
pub struct Figure {
    points: Vec<(Site, Point)>,
    /// The points that were placed by hand.
    by_hand: Vec<Site>,
    /// How the camera was held.
    pub camera: Camera,
    /// The side that the camera sees.
    pub view: View,
    /// What was measured; a refused measure without a value.
    pub values: Vec<(Measure, Option<Value>)>,
    /// The spinal line from the head down; empty in side views.
    pub spine: Vec<Level>,
    /// The spine's profile, if the model or keypoint file has points along the spine.
    pub profile: Option<Profile>,
}

/// Moves ear and hip of a side view to their true places: see [`side`]. The turn of the body, which values are free of, stays in the picture.
fn move_as_measured(points: &mut [(Site, Point)], record: &Record, by_hand: impl Fn(&Site) -> bool) {
    let Some(near) = record.view.kind.near_side().filter(|_| record.frame().is_of_blazepose()) else { return };
    let joints = points.iter().filter_map(|(site, at)| match site {
        Site::Joint(joint) => Some((*joint, *at)),
        Site::Bony(_) => None,
    });
    let second = record.observation.as_ref().and_then(Observation::second_from_the_side);
    // In a mirror image the models' left is the subject's right.
    let second = second.map(|pose| if record.view.mirrored { pose.exchanged() } else { pose });
    let placed = side::fitted().placed(&Pose::from_points(joints), second.as_ref(), near);
    for (site, at) in points.iter_mut().filter(|(site, _)| !by_hand(site)) {
        if let Site::Joint(joint) = *site
            && let Ok(there) = placed.point(joint)
        {
            *at = there;
        }
    }
}

impl Figure {
    /// The person of a record.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let by_hand = |site: &Site| record.landmarks.get(site.name()).is_some_and(|landmark| landmark.by.is_some());
        let points = Site::all().filter_map(|site| {
            let landmark = record.landmarks.get(site.name())?;
            Some((site, Point::new(landmark.x, landmark.y)))
        });
        let mut points: Vec<(Site, Point)> = points.collect();
        move_as_measured(&mut points, record, by_hand);
        let values = Measure::ALL.into_iter().filter_map(|measure| {
            let found = record.measure(measure)?;
            let value = found.value.zip(found.interval95).map(|(value, [low, high])| Value {
                value,
                error: 0.5 * (high - low),
                resolved: found.resolved == Some(true),
            });
            Some((measure, value))
        });
        // The single error of the spinal line: that of its largest offset.
        let error = record.measure(Measure::SpinalLineDeviation).and_then(|found| found.sd).map(|sd| 1.96 * sd);
        let is_resolved = |offset: &f64| error.is_some_and(|error| offset.abs() > error);
        let spine = record
            .spinal_line
            .iter()
            .flat_map(|line| &line.levels)
            .map(|level| Level { at: Point::new(level.x, level.y), offset: Some(level.offset).filter(is_resolved) });
        Self {
            points,
            by_hand: Site::all().filter(by_hand).collect(),
            camera: record.levelling(),
            view: record.view.kind,
            values: values.collect(),
            spine: spine.collect(),
            profile: record.spinal_profile.as_ref().map(Profile::of),
        }
    }

    /// A person of a video, seen from the front or from behind.
    #[must_use]
    pub fn live(pose: &Pose, camera: Camera, view: View, values: Vec<(Measure, Option<Value>)>) -> Self {
        let points = pose.found().map(|(joint, keypoint)| (Site::Joint(joint), keypoint.at));
        let pairs = [Pair::EARS, Pair::SHOULDERS, Pair::HIPS, Pair::KNEES, Pair::ANKLES];
        let spine =
            pairs.iter().filter_map(|pair| pose.midpoint(*pair).ok()).map(|at| Level { at, offset: None }).collect();
        Self { points: points.collect(), by_hand: Vec::new(), camera, view, values, spine, profile: None }
    }

    /// The position of a point of the body.
    #[must_use]
    pub fn at(&self, site: Site) -> Option<Point> {
        self.points.iter().find(|(known, _)| *known == site).map(|(_, at)| *at)
    }

    /// The position of a joint.
    #[must_use]
    pub fn joint(&self, joint: Joint) -> Option<Point> {
        self.at(Site::Joint(joint))
    }

    /// The points that were placed by hand.
    pub fn by_hand(&self) -> impl Iterator<Item = Point> + '_ {
        self.by_hand.iter().filter_map(|site| self.at(*site))
    }

    /// Whether a point was placed by hand.
    #[must_use]
    pub fn is_by_hand(&self, site: Site) -> bool {
        self.by_hand.contains(&site)
    }

    /// The midpoint of a pair of joints.
    #[must_use]
    pub fn middle(&self, pair: Pair) -> Option<Point> {
        Some(self.joint(pair.left)?.midpoint(self.joint(pair.right)?))
    }

    /// The value of a measure; `None` if the measure is not part of this figure, `Some(None)` if it was refused.
    #[must_use]
    pub fn value(&self, measure: Measure) -> Option<Option<Value>> {
        self.values.iter().find(|(known, _)| *known == measure).map(|(_, value)| *value)
    }

    /// Length of the trunk in pixels, or a fifth of the picture's height if it is not visible.
    #[must_use]
    pub fn trunk(&self) -> f64 {
        match self.middle(Pair::SHOULDERS).zip(self.middle(Pair::HIPS)) {
            Some((shoulders, hips)) => shoulders.distance(hips),
            None => 0.4 * self.camera.principal.y,
        }
    }

    /// The direction in the photo that is level in the room and points to the right, turned by `degrees` upwards.
    #[must_use]
    pub fn level(&self, degrees: f64) -> Vec2 {
        Vec2::new(1.0, 0.0).turned((self.camera.roll_deg - degrees).to_radians())
    }

    /// The plumb line through a point: its position at each height of the photo. Vertical lines of the room lean and converge in the
    /// picture according to the camera's attitude.
    pub fn plumb(&self, through: Point) -> impl Fn(f64) -> Point {
        let camera = self.camera;
        let level = camera.level(through);
        move |y: f64| camera.unlevel(Point::new(level.x, camera.level(Point::new(through.x, y)).y))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::core::record::states::PlacedBy;

    #[test]
    fn a_side_view_is_drawn_where_it_was_measured_and_points_by_hand_stay() {
        let bytes = include_bytes!("../../../tests/fixtures/records/lateral-left.json");
        let mut record = Record::from_json(bytes, Path::new("lateral-left.json")).expect("a record");
        let ear = record.landmarks["left_ear"].clone();
        let drawn = |record: &Record| Figure::of(record).joint(Joint::LeftEar).expect("seen").x;
        // The body looks to the left of the picture, so the ear's opening lies to the right of the model's point.
        let at = |name: &str| Point::new(record.landmarks[name].x, record.landmarks[name].y);
        let (ours, trunk) = (drawn(&record), at("left_shoulder").distance(at("left_hip")));
        assert!((ours - ear.x - side::fitted().offsets.ear * trunk).abs() < 1e-6, "{ours} {}", ear.x);
        assert!(ours > ear.x);
        record.landmarks.get_mut("left_ear").expect("given").by = Some(PlacedBy::Hand);
        assert!((drawn(&record) - ear.x).abs() < 1e-9);
    }
}
