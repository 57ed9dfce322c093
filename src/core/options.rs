//! Options for measuring one photo.

use std::sync::Arc;

use crate::core::area::Area;
use crate::core::body::view::View;
use crate::core::camera::UserCalibration;
use crate::core::geometry::{Point, rounded};
use crate::core::keypoint_file::KeypointFile;
use crate::core::points::Points;

/// The default number of readings of a photo by one model. See `docs/accuracy.md` for accuracy against time.
pub const DEFAULT_READINGS: usize = 8;

/// Valid statures of a person, in centimetres.
pub const STATURE_CM: std::ops::RangeInclusive<f64> = 40.0..=260.0;

/// Options for measuring one photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Readings of the photo. Default: [`DEFAULT_READINGS`].
    pub readings: usize,
    /// The view, if the user sets it. Default: detected.
    pub view: Option<View>,
    /// The picture is a mirror image (a selfie saved as seen). Default: no.
    pub mirrored: bool,
    /// Exchange all left and right labels: take the detected or set front for the back, and the reverse. No effect in side views.
    /// Manual landmarks keep their names. Default: no.
    pub exchange_sides: bool,
    /// The user's settings for the camera. Default: none.
    pub given: UserCalibration,
    /// The subject's stature in millimetres, for values in millimetres. Default: unknown.
    pub height_mm: Option<f64>,
    /// The person to measure, counted from 1 in order of size and place. Default: 1.
    pub person: usize,
    /// The part of the upright photo to measure as a picture of its own; places in other options are relative to its corner. Default:
    /// each panel of a collage, else the whole photo.
    pub region: Option<Area>,
    /// Manual landmarks, in pixels of the original upright photo. Default: none.
    pub points: Points,
    /// Points found by another program, which replace the model's joints. Default: none.
    pub keypoints: Option<Arc<KeypointFile>>,
    /// Find every head in the picture, for pictures that cover them ([`crate::report::mask`]). Default: no.
    pub heads: bool,
}

impl Options {
    /// Rounded to the precision of records, so that a photo and its record are measured with the same numbers.
    #[must_use]
    pub fn rounded(self) -> Self {
        let place = |p: Point| Point::new(rounded(p.x, 3), rounded(p.y, 3));
        Self {
            given: UserCalibration {
                roll_deg: self.given.roll_deg.map(|deg| rounded(deg, 4)),
                plumb: self.given.plumb.map(|(a, b)| (place(a), place(b))),
            },
            height_mm: self.height_mm.map(|mm| rounded(mm, 1)),
            ..self
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readings: DEFAULT_READINGS,
            view: None,
            mirrored: false,
            exchange_sides: false,
            given: UserCalibration::default(),
            height_mm: None,
            person: 1,
            region: None,
            points: Points::default(),
            keypoints: None,
            heads: false,
        }
    }
}
