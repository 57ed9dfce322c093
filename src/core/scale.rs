//! Millimetres per pixel, from the stature.

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::Pair;

/// Middle of the ears over the middle of the ankles, as a share of stature: mean and standard deviation over rendered people
/// of both sexes.
const EAR_TO_ANKLE: (f64, f64) = (0.880, 0.006);
/// The contribution of the model's points to the scale's uncertainty.
const SCALE_SD: f64 = 0.02;

/// Millimetres per pixel at the depth of the hips, and its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Millimetres per pixel of the body's own plane.
    pub mm_per_px: f64,
    /// Its standard deviation as a share.
    pub sd_share: f64,
}

impl Scale {
    /// The scale from the stature, at the levelled and turned pose; `None` if ears or ankles have no place.
    #[must_use]
    pub fn of(rectified: &Pose, stature_mm: f64) -> Option<Self> {
        let (ears, ankles) = (rectified.midpoint(Pair::EARS).ok()?, rectified.midpoint(Pair::ANKLES).ok()?);
        let height = ankles.y - ears.y;
        let (share, sd) = EAR_TO_ANKLE;
        (height > 1.0).then(|| Self { mm_per_px: share * stature_mm / height, sd_share: (sd / share).hypot(SCALE_SD) })
    }
}
