//! The spine's profile in records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::body::skeleton::Side;
use crate::core::body::spine::Vertebra;
use crate::core::geometry::rounded;
use crate::core::measure::frontal::Pattern;
use crate::core::measure::spinal_profile;
use crate::core::record::states::Towards;

/// The spine's profile. Offsets in percent of trunk length, positive = to the subject's left; levelled and turned back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpinalProfile {
    /// How levels depart from the line from C7 to the sacrum by more than their error.
    pub pattern: Pattern,
    /// The level that departs from it most.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub largest: Option<Largest>,
    /// From above.
    pub levels: Vec<Level>,
}

/// The level that departs most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Largest {
    /// Which.
    pub level: Vertebra,
    /// From the line from C7 to the sacrum.
    pub offset: f64,
    /// Standard deviation of the offset's error.
    pub sd: f64,
    /// To which side; absent for exact zeros.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub side: Option<Towards>,
    /// Whether 0 lies outside the 95 % interval.
    pub resolved: bool,
}

/// One level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Level {
    /// Which.
    pub level: Vertebra,
    /// From the plumb line through the sacrum.
    pub from_plumb: f64,
    /// From the line from C7 to the sacrum; absent above C7.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from_chord: Option<f64>,
    /// Place in the photo, in pixels.
    pub x: f64,
    /// See `x`.
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
