//! A segment as a line of the picture plane, and without the lens distortion.

use super::segments::Segment;
use super::sight::Sight;

/// Deviation of an edge from vertical or horizontal as built or hung, in degrees.
const BUILT_SD: f64 = 0.12;
/// Uncertainty of an end of a segment, in pixels of a picture of 1000 pixels' height.
const END_SD: f64 = 0.25;

/// A segment in units of the focal length from the principal point.
pub(super) struct Line {
    pub(super) middle: [f64; 2],
    /// Its direction, of length 1.
    along: [f64; 2],
    /// One over the square of the corners' distance from the middle.
    corner: f64,
    /// Its lean clockwise from the picture's columns, in radians.
    pub(super) lean: f64,
    /// The part of the picture that contains it.
    pub(super) part: usize,
    pub(super) sigma: f64,
    pub(super) quality: f64,
    pub(super) length: f64,
}

/// A line of the undistorted picture plane.
pub(super) struct Straight {
    pub(super) normal: [f64; 3],
    pub(super) middle: [f64; 2],
}

impl Line {
    /// Whether it is nearer to vertical than to horizontal for a camera rolled by `roll` (radians), judged at the picture's middle.
    pub(super) fn is_upright(&self, roll: f64) -> bool {
        (self.lean - roll).cos().abs() > std::f64::consts::FRAC_1_SQRT_2
    }

    pub(super) fn of(segment: &Segment, size: (u32, u32), sight: &Sight) -> Self {
        let (width, height) = (f64::from(size.0), f64::from(size.1));
        let unit = width.max(height) / 1000.0;
        let focal = sight.focal_px;
        let at = |p: [f64; 2]| [(p[0] - sight.principal[0]) / focal, (p[1] - sight.principal[1]) / focal];
        let (a, b) = (at(segment.start), at(segment.end));
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let long = (dx * dx + dy * dy).sqrt();
        let length = segment.length();
        let ends = END_SD * unit * std::f64::consts::SQRT_2 / length;
        let sigma = (segment.direction_sd.powi(2) + ends * ends + BUILT_SD.to_radians().powi(2)).sqrt();
        let relative = length / unit;
        let third = |from: f64, to: f64, side: f64| ((1.5 * (from + to) / side) as usize).min(2);
        let column = third(segment.start[0], segment.end[0], width);
        let row = third(segment.start[1], segment.end[1], height);
        Self {
            middle: [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0],
            along: [dx / long, dy / long],
            corner: (2.0 * focal / width.hypot(height)).powi(2),
            lean: (-dx).atan2(dy),
            part: 3 * row + column,
            sigma,
            quality: relative / (relative + 100.0),
            length,
        }
    }

    /// The line for a lens that moves the corners towards the middle by `bend`, a share of their distance.
    pub(super) fn straightened(&self, bend: f64) -> Straight {
        let ([x, y], [dx, dy]) = (self.middle, self.along);
        let bend = bend * self.corner;
        let stretch = 1.0 + bend * (x * x + y * y);
        let turn = 2.0 * bend * (x * dx + y * dy);
        let middle = [x * stretch, y * stretch];
        let (dx, dy) = (dx * stretch + x * turn, dy * stretch + y * turn);
        let long = (dx * dx + dy * dy).sqrt();
        let (nx, ny) = (-dy / long, dx / long);
        Straight { normal: [nx, ny, -(nx * middle[0] + ny * middle[1])], middle }
    }
}

impl Straight {
    fn distance_squared(&self, direction: &[f64; 3]) -> f64 {
        let dx = direction[0] - self.middle[0] * direction[2];
        let dy = direction[1] - self.middle[1] * direction[2];
        (dx * dx + dy * dy).max(1e-6)
    }

    /// Sine of the angle between the line and the direction from its middle to the vanishing point.
    pub(super) fn sine(&self, direction: &[f64; 3]) -> f64 {
        let cross = self.normal[0] * direction[0] + self.normal[1] * direction[1] + self.normal[2] * direction[2];
        cross / self.distance_squared(direction).sqrt()
    }
}
