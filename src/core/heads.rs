//! The heads found in a picture, so that all can be covered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::geometry::Point;

/// A disc over a head, in pixels of the upright photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Disc {
    /// Its centre.
    pub center: Point,
    /// Its radius.
    pub radius: f64,
}

impl Disc {
    /// Whether a point lies in it.
    #[must_use]
    pub fn holds(&self, p: Point) -> bool {
        self.center.distance(p) < self.radius
    }
}

/// The result of the search for heads.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Heads {
    /// Discs that cover all detected heads, the subject's too if detected: centre x, y, and radius, in pixels of the upright photo.
    pub covers: Vec<[f64; 3]>,
    /// Number of detected people without a detected head.
    pub missed: usize,
    /// Number of uncertain detections: both face detectors see a face, and neither is sure.
    #[serde(default)]
    pub uncertain: usize,
}

impl Heads {
    /// The discs that cover the heads.
    pub fn discs(&self) -> impl Iterator<Item = Disc> {
        self.covers.iter().map(|&[x, y, radius]| Disc { center: Point::new(x, y), radius })
    }
}
