//! Heatmap heads (ViTPose, HRNet): for each point a small map of where it is likely to be.
//!
//! The position between cells is found as in DARK: the map is smoothed, and one Newton step on its logarithm leads from the highest cell
//! to the peak.

use ndarray::{ArrayView2, ArrayView3};

use crate::core::geometry::Point;
use crate::vision::estimate::Spot;

/// How cells map to the crop's pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alignment {
    /// The first and the last cell's centre lie on those of the first and the last pixel (UDP: ViTPose, newer HRNet).
    Udp,
    /// Cell k's centre lies on pixel k times the stride (older HRNet and SimpleBaseline).
    Stride,
}

/// Standard deviation of the smoothing, in cells: that of OpenCV's kernel of 11 cells.
const SIGMA: f64 = 2.0;
/// Half of the kernel's width, in cells.
const REACH: isize = 5;
/// Bounds of a value before its logarithm is taken.
const LEAST: f64 = 1e-3;
const MOST: f64 = 50.0;

/// The points in a crop of `width` x `height` pixels from maps (points x rows x columns).
#[must_use]
pub fn decode(maps: ArrayView3<'_, f32>, width: usize, height: usize, alignment: Alignment) -> Vec<Spot> {
    let (_, rows, columns) = maps.dim();
    let step = |pixels: usize, cells: usize| match alignment {
        Alignment::Udp => pixels.saturating_sub(1) as f64 / cells.saturating_sub(1).max(1) as f64,
        Alignment::Stride => pixels as f64 / cells.max(1) as f64,
    };
    let (across, along) = (step(width, columns), step(height, rows));
    let one = |map: ArrayView2<'_, f32>| {
        let (at, score) = top(map);
        Spot { at: Point::new(at.x * across, at.y * along), score }
    };
    maps.outer_iter().map(one).collect()
}

/// The position of the map's maximum, in cells, and its value; for a map without numbers the first cell and 0.
fn top(map: ArrayView2<'_, f32>) -> (Point, f64) {
    let best = map.indexed_iter().filter(|(_, v)| v.is_finite()).max_by(|a, b| a.1.total_cmp(b.1));
    let Some(((row, column), &highest)) = best else { return (Point::default(), 0.0) };
    let cell = Point::new(column as f64, row as f64);
    let (right, down) = beside(map, row as isize, column as isize);
    (Point::new(cell.x + right, cell.y + down), f64::from(highest))
}

/// The offset of the smoothed map's peak from its highest cell, each coordinate -1 to 1.
fn beside(map: ArrayView2<'_, f32>, row: isize, column: isize) -> (f64, f64) {
    let (rows, columns) = map.dim();
    let value = |row: isize, column: isize| {
        let inside = |at: isize, count: usize| usize::try_from(at).ok().filter(|at| *at < count);
        match (inside(row, rows), inside(column, columns)) {
            (Some(row), Some(column)) => f64::from(map[[row, column]]),
            _ => 0.0,
        }
    };
    let log = |right: isize, down: isize| {
        // Cells beyond the edge repeat those at the edge.
        let row = (row + down).clamp(0, rows as isize - 1);
        let column = (column + right).clamp(0, columns as isize - 1);
        let (mut sum, mut weights) = (0.0, 0.0);
        for y in -REACH..=REACH {
            for x in -REACH..=REACH {
                let weight = (-0.5 * (x * x + y * y) as f64 / SIGMA.powi(2)).exp();
                sum += weight * value(row + y, column + x);
                weights += weight;
            }
        }
        (sum / weights).clamp(LEAST, MOST).ln()
    };
    let middle = log(0, 0);
    let (left, right, up, down) = (log(-1, 0), log(1, 0), log(0, -1), log(0, 1));
    let (slope_x, slope_y) = (0.5 * (right - left), 0.5 * (down - up));
    let (bend_x, bend_y) = (right - 2.0 * middle + left, down - 2.0 * middle + up);
    let both = 0.5 * (log(1, 1) - right - down + 2.0 * middle - left - up + log(-1, -1));
    let determinant = bend_x * bend_y - both * both;
    if !(bend_x < 0.0 && determinant > 1e-12) {
        return (0.0, 0.0);
    }
    let x = -(bend_y * slope_x - both * slope_y) / determinant;
    let y = -(bend_x * slope_y - both * slope_x) / determinant;
    (x.clamp(-1.0, 1.0), y.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    fn bump(at: Point, height: f32) -> Array3<f32> {
        let value = |row: usize, column: usize| {
            let off = Point::new(column as f64, row as f64) - at;
            height * (-0.5 * off.dot(off) / SIGMA.powi(2)).exp() as f32
        };
        Array3::from_shape_fn((1, 64, 48), |(_, row, column)| value(row, column))
    }

    #[test]
    fn a_bump_between_cells_is_found_where_it_is() {
        for at in [Point::new(20.0, 30.0), Point::new(20.37, 30.62), Point::new(9.51, 50.49)] {
            let found = decode(bump(at, 0.8).view(), 192, 256, Alignment::Udp)[0];
            assert!(
                found.at.distance(Point::new(at.x * 191.0 / 47.0, at.y * 255.0 / 63.0)) < 0.02,
                "{found:?} is not {at:?}"
            );
            let found = decode(bump(at, 0.8).view(), 192, 256, Alignment::Stride)[0];
            assert!(found.at.distance(Point::new(4.0 * at.x, 4.0 * at.y)) < 0.02, "{found:?} is not {at:?}");
            assert!((0.7..0.801).contains(&found.score), "{found:?}");
        }
    }

    #[test]
    fn a_flat_map_does_not_throw_its_point_away() {
        let flat = Array3::<f32>::zeros((1, 64, 48));
        let found = decode(flat.view(), 192, 256, Alignment::Udp)[0];
        assert!(found.score == 0.0 && found.at.x.is_finite() && found.at.y.is_finite());
        let broken = Array3::<f32>::from_elem((1, 64, 48), f32::NAN);
        assert_eq!(decode(broken.view(), 192, 256, Alignment::Udp)[0], Spot { at: Point::default(), score: 0.0 });
    }
}
