//! YOLO pose heads (v8, v11): candidates in columns, each with a box (centre x, centre y, width, height), a score, and x, y, score of
//! every point, all in pixels of the crop counted from its edge.

use ndarray::{ArrayView1, ArrayView2};

use crate::core::geometry::Point;
use crate::vision::estimate::Spot;

/// Rows before the points: box and score.
pub const HEAD: usize = 5;
/// Rows of each point.
pub const PER_POINT: usize = 3;
/// Candidates below this score are not people.
pub const MIN_SCORE: f64 = 0.25;
/// The person of the crop has a box whose centre is nearer to the crop's centre than this share of its side.
const NEAR: f64 = 0.25;

/// The points of the person in the middle of a crop of `size` x `size` pixels from `rows` (5 + 3 x points) x candidates: those of the
/// best candidate there. `None` when there is none.
#[must_use]
pub fn decode(rows: ArrayView2<'_, f32>, size: usize) -> Option<Vec<Spot>> {
    let side = size as f64;
    let middle = Point::new(0.5 * side, 0.5 * side);
    let score = |column: &ArrayView1<'_, f32>| f64::from(column[4]);
    let is_here = |column: &ArrayView1<'_, f32>| {
        let center = Point::new(f64::from(column[0]), f64::from(column[1]));
        // Written so that a NaN is discarded.
        score(column) >= MIN_SCORE && center.distance(middle) < NEAR * side
    };
    let best = rows.columns().into_iter().filter(is_here).max_by(|a, b| score(a).total_cmp(&score(b)))?;
    let points = (rows.nrows() - HEAD) / PER_POINT;
    let spot = |point: usize| {
        let number = |i: usize| f64::from(best[HEAD + PER_POINT * point + i]);
        // A pixel's centre lies half a pixel from its edge.
        Spot { at: Point::new(number(0) - 0.5, number(1) - 0.5), score: number(2) }
    };
    Some((0..points).map(spot).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn the_best_candidate_in_the_middle_is_the_person() {
        let mut rows = Array2::<f32>::zeros((56, 8400));
        let mut place = |column: usize, center: [f32; 2], score: f32, nose: [f32; 3]| {
            for (row, value) in [center[0], center[1], 100.0, 300.0, score].into_iter().chain(nose).enumerate() {
                rows[[row, column]] = value;
            }
        };
        place(17, [320.0, 330.0], 0.8, [321.5, 100.25, 0.9]);
        place(18, [322.0, 331.0], 0.7, [300.0, 100.0, 0.9]);
        place(90, [30.0, 330.0], 0.95, [31.0, 90.0, 0.9]);
        place(91, [320.0, 330.0], f32::NAN, [31.0, 90.0, 0.9]);
        let spots = decode(rows.view(), 640).expect("somebody");
        assert_eq!(spots.len(), 17);
        assert_eq!(spots[0].at, Point::new(321.0, 99.75));
        assert!((spots[0].score - 0.9).abs() < 1e-6);
        assert_eq!(decode(Array2::<f32>::zeros((56, 8400)).view(), 640), None);
    }
}
