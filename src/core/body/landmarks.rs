//! Bony landmarks: palpable points that no pose model here gives.

use crate::core::geometry::Point;
use crate::core::refusal::Refusal;

/// Palpable bony points that no pose model here gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BonyPoint {
    /// Spinous process of the seventh cervical vertebra: the most prominent one at the neck's base.
    C7,
    /// Outer edge of the subject's left acromion, the roof of the shoulder blade.
    LeftAcromion,
    /// The right one.
    RightAcromion,
    /// Left anterior superior iliac spine: the front corner of the pelvis.
    LeftAsis,
    /// The right one.
    RightAsis,
    /// Left posterior superior iliac spine: under the dimple above the buttock.
    LeftPsis,
    /// The right one.
    RightPsis,
}

impl BonyPoint {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::C7,
        Self::LeftAcromion,
        Self::RightAcromion,
        Self::LeftAsis,
        Self::RightAsis,
        Self::LeftPsis,
        Self::RightPsis,
    ];

    /// The name in files and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::C7 => "c7",
            Self::LeftAcromion => "left_acromion",
            Self::RightAcromion => "right_acromion",
            Self::LeftAsis => "left_asis",
            Self::RightAsis => "right_asis",
            Self::LeftPsis => "left_psis",
            Self::RightPsis => "right_psis",
        }
    }

    /// The point's mirror partner; C7 is its own.
    #[must_use]
    pub const fn mirror(self) -> Self {
        match self {
            Self::C7 => Self::C7,
            Self::LeftAcromion => Self::RightAcromion,
            Self::RightAcromion => Self::LeftAcromion,
            Self::LeftAsis => Self::RightAsis,
            Self::RightAsis => Self::LeftAsis,
            Self::LeftPsis => Self::RightPsis,
            Self::RightPsis => Self::LeftPsis,
        }
    }

    /// The name for display.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::C7 => "C7",
            Self::LeftAcromion => "left acromion",
            Self::RightAcromion => "right acromion",
            Self::LeftAsis => "left ASIS",
            Self::RightAsis => "right ASIS",
            Self::LeftPsis => "left PSIS",
            Self::RightPsis => "right PSIS",
        }
    }
}

/// The places of the manual bony landmarks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BonyPose([Option<Point>; BonyPoint::ALL.len()]);

impl BonyPose {
    /// The places given by a function of the point.
    #[must_use]
    pub fn from_points(place: impl FnMut(BonyPoint) -> Option<Point>) -> Self {
        Self(BonyPoint::ALL.map(place))
    }

    /// A point's place.
    ///
    /// # Errors
    /// When it was not placed, or lies out of sight.
    pub fn point(&self, point: BonyPoint) -> Result<Point, Refusal> {
        self.0[point as usize]
            .ok_or_else(|| Refusal::Gate(format!("{} was not placed by hand, and no model gives it", point.words())))
    }

    /// The same with its places mapped; places that the map rejects are removed.
    #[must_use]
    pub fn map(&self, mut map: impl FnMut(Point) -> Option<Point>) -> Self {
        Self(self.0.map(|place| place.and_then(&mut map)))
    }
}
