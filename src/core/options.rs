//! How one photo is to be measured.

use std::sync::Arc;

use crate::core::area::Area;
use crate::core::body::view::View;
use crate::core::camera::UserCalibration;
use crate::core::geometry::{Point, rounded};
use crate::core::keypoint_file::KeypointFile;
use crate::core::points::Points;

/// Readings of a photo by one model unless another number is asked for. See `docs/accuracy.md` for accuracy against time.
pub const DEFAULT_READINGS: usize = 8;

/// Statures that a person can have, in centimetres.
pub const STATURE_CM: std::ops::RangeInclusive<f64> = 40.0..=260.0;

/// How one photo is to be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Readings of the photo. Default: [`DEFAULT_READINGS`].
    pub readings: usize,
    /// The view, if the user sets it. Default: detected.
    pub view: Option<View>,
    /// The picture is a mirror image (a selfie saved as seen). Default: no.
    pub mirrored: bool,
    /// What the user said about how the camera was held. Default: nothing.
    pub given: UserCalibration,
    /// The subject's stature in millimetres, for values in millimetres. Default: unknown.
    pub height_mm: Option<f64>,
    /// Whom to measure, counted from 1 in order of size and place. Default: 1.
    pub person: usize,
    /// The part of the upright photo to measure as a picture of its own; places in other options count from its corner. Default:
    /// each panel of a collage, else the whole photo.
    pub region: Option<Area>,
    /// Points placed by hand, in pixels of the upright photo as it is. Default: none.
    pub points: Points,
    /// Points that another program found, which replace the model's joints. Default: none.
    pub keypoints: Option<Arc<KeypointFile>>,
    /// Look for every head in the picture, for pictures that cover them ([`crate::report::mask`]). Default: no.
    pub heads: bool,
}

impl Options {
    /// With numbers of as many decimals as records keep, so that a photo and its record are measured with the same ones.
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
