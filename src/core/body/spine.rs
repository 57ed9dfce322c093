//! Points along the spine, as given by some models and point formats.

use crate::core::body::pose::Keypoint;
use crate::core::geometry::Point;

closed_set! {
    /// A level of the spine, from the top down.
    Vertebra {
        /// First cervical vertebra.
        C1 = "C1",
        /// Fourth cervical vertebra.
        C4 = "C4",
        /// Seventh cervical vertebra.
        C7 = "C7",
        /// Third thoracic vertebra.
        T3 = "T3",
        /// Eighth thoracic vertebra.
        T8 = "T8",
        /// First lumbar vertebra.
        L1 = "L1",
        /// Third lumbar vertebra.
        L3 = "L3",
        /// Fifth lumbar vertebra.
        L5 = "L5",
        /// Middle of the sacrum.
        Sacrum = "sacrum",
    }
}

impl Vertebra {
    /// Every level, from above.
    pub const ALL: [Self; 9] =
        [Self::C1, Self::C4, Self::C7, Self::T3, Self::T8, Self::L1, Self::L3, Self::L5, Self::Sacrum];

    /// The level of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// The points along one person's spine; levels that are missing or not visible have none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpinePoints([Option<Keypoint>; Vertebra::ALL.len()]);

impl SpinePoints {
    /// The points given by a function of the level.
    #[must_use]
    pub fn from_levels(place: impl FnMut(Vertebra) -> Option<Keypoint>) -> Self {
        Self(Vertebra::ALL.map(place))
    }

    /// A level's point.
    #[must_use]
    pub fn get(&self, level: Vertebra) -> Option<Keypoint> {
        self.0[level as usize]
    }

    /// Whether no level has a point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// The levels that have a point, from above.
    pub fn found(&self) -> impl Iterator<Item = (Vertebra, Keypoint)> + '_ {
        Vertebra::ALL.into_iter().filter_map(|level| Some((level, self.get(level)?)))
    }

    /// The same with its places mapped; places that the map rejects are removed.
    #[must_use]
    pub fn map(&self, mut map: impl FnMut(Point) -> Option<Point>) -> Self {
        Self(self.0.map(|point| point.and_then(|k| Some(Keypoint { at: map(k.at)?, ..k }))))
    }

    /// The result for the mirrored picture of width `width` px.
    #[must_use]
    pub fn mirrored(&self, width: f64) -> Self {
        self.map(|at| Some(Point::new(width - at.x, at.y)))
    }

    /// The mean of several readings, each level with the spread of its readings.
    #[must_use]
    pub fn mean(readings: &[&Self]) -> Self {
        Self::from_levels(|level| {
            let seen: Vec<Keypoint> = readings.iter().filter_map(|points| points.get(level)).collect();
            Keypoint::mean(&seen)
        })
    }
}
