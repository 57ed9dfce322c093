//! Crops of photos as users make them: at the hips, through an arm, with the person at the edge.

use image::imageops::crop_imm;
use orthostat::core::body::pose::Pose;
use orthostat::core::body::skeleton::Pair;
use orthostat::core::measure::frontal;
use orthostat::vision::photo::Photo;

/// The position of the edge, by the joints of the whole photo; lengths in trunk lengths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cut {
    /// The picture ends this far below the hips.
    Below(f64),
    /// The picture ends this far beside the outer shoulder: an arm is outside.
    Arm(f64),
    /// The picture ends this far beside the outermost joint: the person is at its edge.
    Aside(f64),
    /// The picture begins this far above the eyes.
    Above(f64),
}

/// The tested cuts.
pub(crate) const CUTS: [Cut; 9] = [
    Cut::Below(1.2),
    Cut::Below(0.9),
    Cut::Below(0.6),
    Cut::Below(0.3),
    Cut::Below(0.1),
    Cut::Arm(0.05),
    Cut::Aside(0.2),
    Cut::Above(0.1),
    Cut::Above(0.4),
];

impl Cut {
    /// The part of a photo, if the cut removes at least a twentieth of it; on the picture's right side or, `flipped`, on its left. `None`
    /// if the photo already ends there, or is stored in a reduced form.
    pub(crate) fn of(self, photo: &Photo, pose: &Pose, flipped: bool) -> Option<Photo> {
        if photo.halvings > 0 {
            return None;
        }
        let (width, height) = (f64::from(photo.pixels.width()), f64::from(photo.pixels.height()));
        let trunk = frontal::trunk_length(pose).ok()?;
        let (mut left, mut top, mut right, mut bottom) = (0.0, 0.0, width, height);
        match self {
            Cut::Below(by) => bottom = pose.midpoint(Pair::HIPS).ok()?.y + by * trunk,
            Cut::Above(by) => top = pose.midpoint(Pair::EYES).ok()?.y - by * trunk,
            Cut::Arm(by) => {
                let [a, b] = [pose.point(Pair::SHOULDERS.left).ok()?.x, pose.point(Pair::SHOULDERS.right).ok()?.x];
                if flipped { left = a.min(b) - by * trunk } else { right = a.max(b) + by * trunk }
            }
            Cut::Aside(by) => {
                let [leftmost, _, rightmost, _] = pose.bounds()?;
                if flipped { left = leftmost - by * trunk } else { right = rightmost + by * trunk }
            }
        }
        let (x, y) = (left.clamp(0.0, width).round(), top.clamp(0.0, height).round());
        let (w, h) = (right.clamp(x, width).round() - x, bottom.clamp(y, height).round() - y);
        if w * h > 0.95 * width * height || w < 32.0 || h < 32.0 {
            return None;
        }
        let mut part = photo.clone();
        part.pixels = crop_imm(&photo.pixels, x as u32, y as u32, w as u32, h as u32).to_image();
        part.encoded = None;
        part.source.stored_width = w as u32;
        part.source.stored_height = h as u32;
        Some(part)
    }
}
