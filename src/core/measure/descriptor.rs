//! The description of a measure.

use super::estimators::{Rectified, Shape, Value};
use crate::core::body::landmarks::{BonyPoint, BonyPose};
use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{Pair, Side};
use crate::core::body::view::{Facing, View};
use crate::core::refusal::Refusal;
use crate::core::uncertainty::calibration::Weights;

/// The unit of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unit {
    /// Degrees.
    Degrees,
    /// Percent of trunk length: middle of the shoulders to middle of the hips.
    PercentOfTrunk,
    /// Percent of the mean leg length: hip joint to ankle.
    PercentOfLeg,
    /// Percent of the distance between the ankles.
    PercentOfBase,
    /// Percent of the mean of both sides.
    PercentOfMean,
}

impl Unit {
    /// `deg` or `%`, as in records.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Unit::Degrees => "deg",
            Unit::PercentOfTrunk | Unit::PercentOfLeg | Unit::PercentOfBase | Unit::PercentOfMean => "%",
        }
    }

    /// The reference of a percentage.
    #[must_use]
    pub const fn of(self) -> Option<&'static str> {
        match self {
            Unit::Degrees => None,
            Unit::PercentOfTrunk => Some("trunk length"),
            Unit::PercentOfLeg => Some("mean leg length"),
            Unit::PercentOfBase => Some("distance between the ankles"),
            Unit::PercentOfMean => Some("mean of both sides"),
        }
    }
}

/// The plane of the body that a measure lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// Seen from the front and from behind.
    Frontal,
    /// Seen from the side.
    Sagittal,
}

impl Plane {
    /// Why a measure of this plane has no value in a view of the other.
    #[must_use]
    pub fn unseen(self) -> Refusal {
        Refusal::Gate(match self {
            Self::Frontal => "needs a view from the front or from behind".into(),
            Self::Sagittal => "needs a view from the side".into(),
        })
    }
}

/// The input of a measure, and its plain definition.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// The joints, seen from the front or from behind.
    Front(fn(&Pose, Facing) -> Value),
    /// The joints of the near side, seen from the side.
    Side(fn(&Pose, Side) -> Value),
    /// The outline, seen from the front or from behind.
    Outline(fn(&Shape) -> Value),
    /// Manual landmarks, and the measure based on them.
    Landmarks(&'static [BonyPoint], fn(&Pose, &BonyPose, View) -> Value),
}

/// The line that shows a measure in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// No line.
    None,
    /// Across the body through both joints of a pair, tilted by the value.
    Across(Pair),
    /// The same through two manual landmarks, the left one first.
    AcrossLandmarks(BonyPoint, BonyPoint),
    /// The part of the spinal line between shoulders and hips.
    Trunk,
    /// Through joints of the near side.
    Along(&'static [Pair]),
    /// From a joint of the near side to a manual landmark.
    ToLandmark(Pair, BonyPoint),
    /// From the first joint to the plumb line through the second, on the near side.
    BesidePlumb(Pair, Pair),
    /// From the joint that is farthest from the plumb line through the ankle to that line.
    FarthestFromPlumb,
}

/// Measures that are displayed together, on one axis if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Tilts and leans, in degrees.
    Lines,
    /// Shifts from the plumb line, in percent of trunk length.
    Shifts,
    /// Knee angles.
    Knees,
    /// Left compared with right, in various units.
    Balance,
    /// Side views.
    Side,
}

impl Group {
    /// Every group, in the order of pages.
    pub const ALL: [Self; 5] = [Self::Lines, Self::Shifts, Self::Knees, Self::Balance, Self::Side];
}

/// One measure. `M` is [`super::Measure`].
#[derive(Debug, Clone, Copy)]
pub struct Descriptor<M: 'static> {
    /// The name in records.
    pub name: &'static str,
    /// The name in tables.
    pub label: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// The meaning of a positive and of a negative value; empty if zero is not a neutral value.
    pub says: [&'static str; 2],
    /// Its plane.
    pub plane: Plane,
    /// Its input, and its plain definition.
    pub source: Source,
    /// The best estimate in frontal views, if it is not the plain value of the rectified pose.
    pub best: Option<fn(&Weights, &Rectified, Facing) -> Value>,
    /// The outline's share of its full weight in the best estimate, 0 to 1.
    pub outlined: fn(&Weights, &Rectified, Facing) -> f64,
    /// The measure that the value is derived from, if it is not measured independently.
    pub derived_from: fn(&Rectified) -> Option<M>,
    /// Whether a value has a direction: a side, or forward and back.
    pub has_side: bool,
    /// Its group on pages.
    pub group: Group,
    /// The line that shows it.
    pub span: Span,
}

impl<M: 'static> Descriptor<M> {
    /// The common defaults.
    pub(super) const BLANK: Self = Self {
        name: "",
        label: "",
        unit: Unit::Degrees,
        says: ["", ""],
        plane: Plane::Frontal,
        source: Source::Outline(|_| Err(Refusal::Gate(String::new()))),
        best: None,
        outlined: |_, _, _| 0.0,
        derived_from: |_| None,
        has_side: true,
        group: Group::Lines,
        span: Span::None,
    };
}
