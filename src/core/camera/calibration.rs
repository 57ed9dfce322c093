//! The user's settings for the camera.

use crate::core::geometry::Point;

/// The user's settings for the camera.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct UserCalibration {
    /// The camera's roll, in degrees.
    pub roll_deg: Option<f64>,
    /// Two points of a line in the picture that is plumb in the world.
    pub plumb: Option<(Point, Point)>,
}

impl UserCalibration {
    /// The same for the picture mirrored at a width of `width` px.
    #[must_use]
    pub fn mirrored(&self, width: f64) -> Self {
        let mirror = |p: Point| Point::new(width - p.x, p.y);
        Self { roll_deg: self.roll_deg.map(|deg| -deg), plumb: self.plumb.map(|(a, b)| (mirror(a), mirror(b))) }
    }
}

/// The plumb line through X1, Y1 and X2, Y2; `None` if it is nearer to horizontal than to vertical, or if the points coincide.
#[must_use]
pub fn plumb_line([x1, y1, x2, y2]: [f64; 4]) -> Option<(Point, Point)> {
    let (a, b) = (Point::new(x1, y1), Point::new(x2, y2));
    (a.y != b.y && (a.y - b.y).abs() >= 2.0 * (a.x - b.x).abs()).then_some((a, b))
}
