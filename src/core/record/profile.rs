//! The spine's profile in records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::body::skeleton::Side;
use crate::core::body::spine::Vertebra;
use crate::core::geometry::rounded;
use crate::core::measure::frontal::Pattern;
use crate::core::measure::spinal_profile;
use crate::core::record::states::Towards;

/// The spine's profile. Offsets in percent of trunk length, positive to the subject's left; levelled and corrected for the turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpinalProfile {
    /// The shape of the departures from the line from C7 to the sacrum that exceed the error.
    pub pattern: Pattern,
    /// The level with the largest departure from this line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub largest: Option<Largest>,
    /// The levels, from the top down.
    pub levels: Vec<Level>,
}

/// The level with the largest departure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Largest {
    /// The level.
    pub level: Vertebra,
    /// Offset from the line from C7 to the sacrum.
    pub offset: f64,
    /// Standard deviation of the offset's error.
    pub sd: f64,
    /// The side of the offset. Absent if the offset is exactly 0.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub side: Option<Towards>,
    /// Whether 0 lies outside the 95 % interval.
    pub resolved: bool,
}

/// One level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// The level.
    pub level: Vertebra,
    /// Offset from the plumb line through the sacrum.
    pub from_plumb: f64,
    /// Offset from the line from C7 to the sacrum. Absent above C7.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from_chord: Option<f64>,
    /// Horizontal position in the photo, in pixels.
    pub x: f64,
    /// Vertical position in the photo, in pixels.
    pub y: f64,
}

impl SpinalProfile {
    /// The record of a profile.
    #[must_use]
    pub fn of(profile: &spinal_profile::SpinalProfile) -> Self {
        let largest = profile.farthest().and_then(|level| {
            let offset = level.from_chord?;
            let side = Side::of(offset).map(|side| if side == Side::Left { Towards::Left } else { Towards::Right });
            Some(Largest {
                level: level.level,
                offset: rounded(offset, 2),
                sd: rounded(level.chord_sd, 2),
                side,
                resolved: offset.abs() > 1.96 * level.chord_sd,
            })
        });
        let level = |level: &spinal_profile::ProfileLevel| Level {
            level: level.level,
            from_plumb: rounded(level.from_plumb, 2),
            from_chord: level.from_chord.map(|off| rounded(off, 2)),
            x: rounded(level.at.x, 2),
            y: rounded(level.at.y, 2),
        };
        Self { pattern: profile.pattern(), largest, levels: profile.levels.iter().map(level).collect() }
    }
}
