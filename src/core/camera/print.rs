//! A print or screen in the photo, of which a picture was taken in its turn.

use crate::core::geometry::Point;

/// The corners of a print or screen that shows the person: top left, top right, bottom right and bottom left, in pixels of the photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Print {
    /// See [`Print`].
    pub corners: [Point; 4],
}

impl Print {
    /// The print in the photo mirrored at a width of `width` px.
    #[must_use]
    pub fn mirrored(&self, width: f64) -> Self {
        let [a, b, c, d] = self.corners.map(|at| Point::new(width - at.x, at.y));
        Self { corners: [b, a, d, c] }
    }

    /// The largest difference between the directions of the four sides of what was a rectangle, in degrees: 0 for one that was only turned.
    ///
    /// ```
    /// use orthostat::core::camera::Print;
    /// use orthostat::core::geometry::Point;
    /// let print = |right: f64| Print { corners: [(0.0, 0.0), (100.0, right), (100.0, 200.0), (0.0, 200.0)].map(|(x, y)| Point::new(x, y)) };
    /// assert_eq!(print(0.0).skew_deg(), 0.0);
    /// assert!((print(10.0).skew_deg() - 5.7).abs() < 0.1);
    /// ```
    #[must_use]
    pub fn skew_deg(&self) -> f64 {
        let [top_left, top_right, bottom_right, bottom_left] = self.corners;
        let level = |from: Point, to: Point| (to.y - from.y).atan2(to.x - from.x).to_degrees();
        let plumb = |from: Point, to: Point| (from.x - to.x).atan2(to.y - from.y).to_degrees();
        let turns = [
            level(top_left, top_right),
            level(bottom_left, bottom_right),
            plumb(top_left, bottom_left),
            plumb(top_right, bottom_right),
        ];
        turns.into_iter().fold(f64::MIN, f64::max) - turns.into_iter().fold(f64::MAX, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::Vec2;

    #[test]
    fn a_turned_rectangle_is_not_skew() {
        let corners = [(0.0, 0.0), (300.0, 0.0), (300.0, 400.0), (0.0, 400.0)];
        for degrees in [-20.0_f64, -3.0, 0.0, 3.0, 20.0] {
            let turned = |(x, y)| Point::new(50.0, 60.0) + Vec2::new(x, y).turned(degrees.to_radians());
            assert!(Print { corners: corners.map(turned) }.skew_deg() < 1e-9, "{degrees}");
        }
    }

    #[test]
    fn a_mirrored_print_is_as_skew() {
        let corners = [(3.0, 5.0), (290.0, 11.0), (300.0, 400.0), (0.0, 380.0)].map(|(x, y)| Point::new(x, y));
        let (print, again) = (Print { corners }, Print { corners }.mirrored(310.0));
        assert!((print.skew_deg() - again.skew_deg()).abs() < 1e-9);
        assert_eq!(again.corners[0], Point::new(20.0, 11.0));
        assert_eq!(again.mirrored(310.0), print);
    }
}
