//! Millimetres per pixel, from the stature or as the file records them.

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::Pair;
use crate::core::record::states::ScaleFrom;

/// Middle of the ears over the middle of the ankles, as a share of stature: mean and standard deviation over rendered people
/// of both sexes.
const EAR_TO_ANKLE: (f64, f64) = (0.880, 0.006);
/// The contribution of the model's points to the scale's uncertainty.
const SCALE_SD: f64 = 0.02;

/// Trunks (middle of shoulders to middle of hips) between these lengths are those of people, in millimetres.
const TRUNK_MM: std::ops::RangeInclusive<f64> = 200.0..=750.0;
/// The uncertainty of a scale that the file records, as a share: the body stands some centimetres before or behind the plane that was
/// measured.
const RECORDED_SD: f64 = 0.04;

/// Millimetres per pixel at the depth of the hips, and its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Millimetres per pixel of the body's own plane.
    pub mm_per_px: f64,
    /// Its standard deviation as a share.
    pub sd_share: f64,
    /// Where it comes from.
    pub from: ScaleFrom,
}

impl Scale {
    /// The scale from the stature, or else from what the file records.
    #[must_use]
    pub fn known(rectified: &Pose, stature_mm: Option<f64>, recorded_mm_per_px: Option<f64>) -> Option<Self> {
        match (stature_mm, recorded_mm_per_px) {
            (Some(stature), _) => Self::of(rectified, stature),
            (None, Some(recorded)) => Self::recorded(rectified, recorded),
            (None, None) => None,
        }
    }

    /// The scale from the stature, at the levelled and turned pose; `None` if ears or ankles have no place.
    #[must_use]
    pub fn of(rectified: &Pose, stature_mm: f64) -> Option<Self> {
        let (ears, ankles) = (rectified.midpoint(Pair::EARS).ok()?, rectified.midpoint(Pair::ANKLES).ok()?);
        let height = ankles.y - ears.y;
        let (share, sd) = EAR_TO_ANKLE;
        (height > 1.0).then(|| Self {
            mm_per_px: share * stature_mm / height,
            sd_share: (sd / share).hypot(SCALE_SD),
            from: ScaleFrom::Height,
        })
    }

    /// The scale that the file records; `None` where it would give the levelled and turned pose a trunk that nobody has: many programs write the
    /// pixels of a screen there.
    #[must_use]
    pub fn recorded(rectified: &Pose, mm_per_px: f64) -> Option<Self> {
        let (shoulders, hips) = (rectified.midpoint(Pair::SHOULDERS).ok()?, rectified.midpoint(Pair::HIPS).ok()?);
        let trunk_mm = shoulders.distance(hips) * mm_per_px;
        TRUNK_MM.contains(&trunk_mm).then_some(Self { mm_per_px, sd_share: RECORDED_SD, from: ScaleFrom::File })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::body::skeleton::Joint;
    use crate::core::geometry::Point;

    #[test]
    fn a_recorded_scale_counts_where_it_fits_a_person() {
        let pose = Pose::from_points([
            (Joint::LeftShoulder, Point::new(120.0, 100.0)),
            (Joint::RightShoulder, Point::new(80.0, 100.0)),
            (Joint::LeftHip, Point::new(110.0, 600.0)),
            (Joint::RightHip, Point::new(90.0, 600.0)),
        ]);
        let recorded = Scale { mm_per_px: 1.0, sd_share: RECORDED_SD, from: ScaleFrom::File };
        assert_eq!(Scale::recorded(&pose, 1.0), Some(recorded));
        // That of a screen with 96 pixels an inch.
        assert_eq!(Scale::recorded(&pose, 25.4 / 96.0), None);
        assert_eq!(Scale::recorded(&Pose::default(), 1.0), None);
        assert_eq!(Scale::recorded(&pose, f64::NAN), None);
    }
}
