//! Point formats: the points of a pose model or of another program's file, by name and in order.
//!
//! A format is a table (`keypoint_sets.json`): the names in order, and which of them are a joint or a level of the spine under another
//! name. The mirror partner of a joint is [`Joint::mirror`]; points on the body's midline are their own.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::core::body::pose::{Keypoint, Missing, Pose};
use crate::core::body::skeleton::Joint;
use crate::core::body::spine::{SpinePoints, Vertebra};

/// The meaning of one point of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// A joint.
    Joint(Joint),
    /// A level of the spine.
    Spine(Vertebra),
    /// Not measured.
    Other,
}

/// The points of one format, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeypointSet {
    name: String,
    points: Vec<String>,
    slots: Vec<Slot>,
}

/// A format in `keypoint_sets.json`.
#[derive(Deserialize)]
struct Row {
    name: String,
    points: Vec<String>,
    same: std::collections::BTreeMap<String, String>,
}

fn slot(name: &str) -> Slot {
    match (Joint::from_name(name), Vertebra::from_name(name)) {
        (Some(joint), _) => Slot::Joint(joint),
        (None, Some(level)) => Slot::Spine(level),
        (None, None) => Slot::Other,
    }
}

#[expect(clippy::expect_used, reason = "the file is part of the program, and a test reads it")]
fn all() -> &'static [KeypointSet] {
    static SETS: LazyLock<Vec<KeypointSet>> = LazyLock::new(|| {
        let rows: Vec<Row> =
            serde_json::from_str(include_str!("keypoint_sets.json")).expect("keypoint_sets.json holds point formats");
        let set = |row: Row| KeypointSet {
            slots: row.points.iter().map(|point| slot(row.same.get(point).unwrap_or(point))).collect(),
            name: row.name,
            points: row.points,
        };
        rows.into_iter().map(set).collect()
    });
    &SETS
}

impl KeypointSet {
    /// The names of all formats.
    pub fn names() -> impl Iterator<Item = &'static str> {
        all().iter().map(|set| set.name.as_str())
    }

    /// The format of this name, such as `coco-17`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        all().iter().find(|set| set.name == name)
    }

    /// The format with this many points; each has a different number.
    #[must_use]
    pub fn of_count(count: usize) -> Option<&'static Self> {
        all().iter().find(|set| set.points.len() == count)
    }

    /// A user-defined format: names of joints as in records, of levels of the spine, or of other points.
    #[must_use]
    pub fn of_points(name: &str, points: Vec<String>) -> Self {
        Self { name: name.to_owned(), slots: points.iter().map(|point| slot(point)).collect(), points }
    }

    /// The name, such as `coco-17`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of points.
    #[must_use]
    pub fn count(&self) -> usize {
        self.points.len()
    }

    /// The points' names, in order.
    #[must_use]
    pub fn points(&self) -> &[String] {
        &self.points
    }

    /// The meaning of each point, in order.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The joints of a person, from a function of the point's index; the others are [`Missing::NotGiven`]. In a mirrored crop every joint
    /// appears at its partner's index.
    #[must_use]
    pub fn pose(&self, mirrored: bool, point: impl Fn(usize) -> Option<Keypoint>) -> Pose {
        Pose::from_joints(|joint| {
            let seen_as = if mirrored { joint.mirror() } else { joint };
            let index = self.slots.iter().position(|slot| *slot == Slot::Joint(seen_as));
            index.and_then(&point).ok_or(Missing::NotGiven(joint))
        })
    }

    /// The levels of the spine, likewise; `None` for a format without any.
    #[must_use]
    pub fn spine(&self, point: impl Fn(usize) -> Option<Keypoint>) -> Option<SpinePoints> {
        let points =
            SpinePoints::from_levels(|level| point(self.slots.iter().position(|slot| *slot == Slot::Spine(level))?));
        (!points.is_empty()).then_some(points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::Point;

    #[test]
    fn every_format_names_each_point_once_and_pairs_left_with_right() {
        let counts: Vec<usize> = all().iter().map(KeypointSet::count).collect();
        assert_eq!(counts, [17, 18, 25, 26, 33, 37, 133]);
        for set in all() {
            let joints: Vec<Joint> = set
                .slots
                .iter()
                .filter_map(|slot| if let Slot::Joint(joint) = slot { Some(*joint) } else { None })
                .collect();
            for (index, joint) in joints.iter().enumerate() {
                assert!(!joints[..index].contains(joint), "{}: {joint:?} twice", set.name);
                assert!(joints.contains(&joint.mirror()), "{}: {joint:?} without its partner", set.name);
            }
            assert!(joints.len() >= 17, "{}", set.name);
            assert_eq!(KeypointSet::named(&set.name), Some(set));
        }
        let spine = KeypointSet::named("spinetrack-37").expect("known");
        assert!(Vertebra::ALL.iter().all(|level| spine.slots.contains(&Slot::Spine(*level))));
        assert_eq!(spine.slots[19], Slot::Spine(Vertebra::Sacrum));
        // In this format the same name is not a level of the spine.
        assert_eq!(KeypointSet::named("halpe-26").expect("known").slots[18], Slot::Other);
        assert_eq!(KeypointSet::named("body-25").expect("known").slots[5], Slot::Joint(Joint::LeftShoulder));
    }

    #[test]
    fn a_mirrored_crop_shows_each_joint_in_its_partners_place() {
        let set = KeypointSet::named("coco-17").expect("known");
        let point = |index: usize| {
            let at = Point::new(index as f64, 0.0);
            (index != 16).then_some(Keypoint { at, visibility: 1.0, sd_px: None, by_hand: false })
        };
        let plain = set.pose(false, point);
        let mirrored = set.pose(true, point);
        assert_eq!(plain.point(Joint::LeftShoulder), Ok(Point::new(5.0, 0.0)));
        assert_eq!(mirrored.point(Joint::LeftShoulder), Ok(Point::new(6.0, 0.0)));
        assert_eq!(plain.point(Joint::RightAnkle), Err(Missing::NotGiven(Joint::RightAnkle)));
        assert_eq!(plain.point(Joint::LeftHeel), Err(Missing::NotGiven(Joint::LeftHeel)));
        assert_eq!(set.spine(point), None);
    }
}
