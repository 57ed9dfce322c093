//! Shared by MediaPipe's detectors: a grid of anchors over a square, with a score and a box for each.

use crate::core::geometry::Point;

/// The centres of all anchors, grid by grid and row by row, in shares of the square: (0, 0) is its upper left, (1, 1) its lower right. A
/// grid is given as the number of cells per side and the number of anchors per cell.
#[must_use]
pub fn anchors(grids: &[(usize, usize)]) -> Vec<Point> {
    let mut anchors = Vec::new();
    for &(cells, per_cell) in grids {
        for row in 0..cells {
            for column in 0..cells {
                let center = Point::new((column as f64 + 0.5) / cells as f64, (row as f64 + 0.5) / cells as f64);
                anchors.extend(std::iter::repeat_n(center, per_cell));
            }
        }
    }
    anchors
}

/// The logistic function of a logit, clamped where it saturates.
pub(crate) fn logistic(logit: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(logit.clamp(-100.0, 100.0))).exp())
}
