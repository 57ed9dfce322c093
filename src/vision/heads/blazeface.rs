//! The output of BlazeFace, MediaPipe's two face detectors: candidates, each with a box around a face from brow to chin and six points of
//! the face.

use ndarray::{ArrayView1, ArrayView2};

use crate::core::geometry::Point;
use crate::vision::estimate::anchors::{anchors, logistic};

/// Numbers per candidate: box centre and size, then six points.
pub const NUMBERS: usize = 16;

/// Which of the two detectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// For faces that fill at least a sixth of the square.
    Near,
    /// For faces down to a twentieth of the square.
    Far,
}

impl Range {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Near, Self::Far];

    /// The model's name in `models.json`.
    #[must_use]
    pub fn model(self) -> &'static str {
        match self {
            Self::Near => "blazeface-near",
            Self::Far => "blazeface-far",
        }
    }

    /// Side of the square input, in pixels.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Near => 128,
            Self::Far => 192,
        }
    }

    /// Cells per side of each grid, and anchors per cell.
    fn grids(self) -> &'static [(usize, usize)] {
        match self {
            Self::Near => &[(16, 2), (8, 6)],
            Self::Far => &[(48, 1)],
        }
    }

    /// Candidates per square.
    #[must_use]
    pub fn candidates(self) -> usize {
        self.grids().iter().map(|(cells, per_cell)| cells * cells * per_cell).sum()
    }
}

/// A candidate, in shares of the square that was read: (0, 0) is its upper left, (1, 1) its lower right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// The model's score, 0 to 1.
    pub score: f64,
    /// The middle of the box.
    pub center: Point,
    /// The longer side of the box.
    pub side: f64,
    /// Middle of the eyes.
    pub eyes: Point,
    /// Middle of the mouth.
    pub mouth: Point,
}

/// Turns raw output into the candidates that reach the score `least`.
#[must_use]
pub fn decode(range: Range, regressors: ArrayView2<'_, f32>, scores: ArrayView1<'_, f32>, least: f64) -> Vec<Face> {
    let size = range.size() as f64;
    let rows = regressors.rows().into_iter().zip(&scores).zip(anchors(range.grids()));
    rows.filter_map(|((row, &logit), anchor)| {
        let score = logistic(logit);
        let number = |i: usize| f64::from(row[i]) / size;
        let place = |i: usize| Point::new(number(i) + anchor.x, number(i + 1) + anchor.y);
        let (width, height) = (number(2), number(3));
        // Written so that a NaN is discarded too.
        (score >= least && width > 0.0 && height > 0.0).then(|| Face {
            score,
            center: place(0),
            side: width.max(height),
            eyes: place(4).midpoint(place(6)),
            mouth: place(10),
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2};

    #[test]
    fn each_range_has_as_many_candidates_as_its_graph() {
        for range in Range::ALL {
            let entry = crate::vision::catalogue::entry(range.model()).expect("listed");
            let shape = [1, range.candidates() as i64, NUMBERS as i64];
            assert_eq!(entry.outputs[0].shape, shape);
            assert_eq!(
                entry.input.as_ref().expect("a picture").shape,
                [1, range.size() as i64, range.size() as i64, 3]
            );
            assert_eq!(anchors(range.grids()).len(), range.candidates());
        }
    }

    #[test]
    fn numbers_are_pixels_from_the_anchor() {
        for (range, index, x, y) in [
            // Row 1, column 2 of the grid of 16, second anchor; the last of the grid of 8; row 1, column 2 of the grid of 48.
            (Range::Near, 2 * (16 + 2) + 1, 2.5 / 16.0, 1.5 / 16.0),
            (Range::Near, 895, 7.5 / 8.0, 7.5 / 8.0),
            (Range::Far, 48 + 2, 2.5 / 48.0, 1.5 / 48.0),
        ] {
            let size = range.size() as f32;
            let mut regressors = Array2::<f32>::zeros((range.candidates(), NUMBERS));
            let mut scores = Array1::<f32>::from_elem(range.candidates(), -200.0);
            for (column, share) in
                [0.1, -0.1, 0.2, 0.3, -0.05, 0.0, 0.05, 0.02, 0.0, 0.0, 0.0, 0.125].into_iter().enumerate()
            {
                regressors[[index, column]] = share * size;
            }
            scores[index] = 0.0;
            // Discarded: no width, not a number, a score too low.
            for (other, width, logit) in [(5, 0.0, 9.0), (6, f32::NAN, 9.0), (7, size, -0.1)] {
                (regressors[[other, 2]], regressors[[other, 3]], scores[other]) = (width, size, logit);
            }
            let found = decode(range, regressors.view(), scores.view(), 0.5);
            assert_eq!(found.len(), 1);
            let close = |a: Point, dx: f64, dy: f64| assert!(a.distance(Point::new(x + dx, y + dy)) < 1e-6, "{a:?}");
            close(found[0].center, 0.1, -0.1);
            close(found[0].eyes, 0.0, 0.01);
            close(found[0].mouth, 0.0, 0.125);
            assert!((found[0].side - 0.3).abs() < 1e-6 && found[0].score == 0.5);
        }
    }
}
