//! The BlazePose detector's output: 2254 candidates, each a face box and four points of the body.
//!
//! The graph reads the whole photo, letterboxed into 224 x 224 pixels.

use ndarray::{ArrayView1, ArrayView2};

use crate::core::geometry::{Point, wrap_deg};
use crate::vision::estimate;
use crate::vision::estimate::anchors::logistic;
use crate::vision::raster::region::Region;

/// Side of the detector's square input, in pixels.
pub const SIZE: usize = 224;
/// Candidates per photo.
pub const CANDIDATES: usize = 2254;
/// Numbers per candidate: box centre and size, then four points.
pub const NUMBERS: usize = 12;
/// Candidates below this score are not people.
pub const MIN_SCORE: f64 = crate::core::error::PERSON_FROM;
/// Boxes that overlap more than this (intersection over union) are the same person.
const MAX_OVERLAP: f64 = 0.3;
/// Ratio of the region to the circle around the body: as in the landmark model's training.
const MARGIN: f64 = 1.25;
/// Anchors per cell of the grids of stride 8, 16 and 32.
const GRIDS: [(usize, usize); 3] = [(28, 2), (14, 2), (7, 6)];

/// A candidate in shares of the square that was read: (0, 0) is its upper left, (1, 1) its lower right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// The model's score, 0 to 1.
    pub score: f64,
    /// The face: left, top, right, bottom.
    pub face: [f64; 4],
    /// Middle of the hips, scale point of the whole body, middle of the shoulders, scale point of the upper body.
    pub points: [Point; 4],
}

/// The centres of all anchors, row by row, in shares of the square.
#[must_use]
pub fn anchors() -> Vec<Point> {
    estimate::anchors::anchors(&GRIDS)
}

/// The best score among all candidates, 0 to 1.
#[must_use]
pub fn best_score(scores: ArrayView1<'_, f32>) -> f64 {
    scores.iter().fold(0.0, |best, &logit| logistic(logit).max(best))
}

/// Turns raw output (2254 x 12 numbers, 2254 score logits) into the candidates that reach [`MIN_SCORE`].
#[must_use]
pub fn decode(regressors: ArrayView2<'_, f32>, scores: ArrayView1<'_, f32>) -> Vec<Detection> {
    decode_from(regressors, scores, MIN_SCORE)
}

/// The same for another minimum score.
#[must_use]
pub fn decode_from(regressors: ArrayView2<'_, f32>, scores: ArrayView1<'_, f32>, least: f64) -> Vec<Detection> {
    let size = SIZE as f64;
    let mut found = Vec::new();
    for ((row, &logit), anchor) in regressors.rows().into_iter().zip(&scores).zip(anchors()) {
        let score = logistic(logit);
        let number = |i: usize| f64::from(row[i]) / size;
        let (width, height) = (number(2), number(3));
        // Written so that a NaN is discarded too.
        if !(score >= least && width >= 0.0 && height >= 0.0) {
            continue;
        }
        let (x, y) = (number(0) + anchor.x, number(1) + anchor.y);
        found.push(Detection {
            score,
            face: [x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height],
            points: std::array::from_fn(|k| Point::new(number(4 + 2 * k) + anchor.x, number(5 + 2 * k) + anchor.y)),
        });
    }
    found
}

/// Intersection over union of two boxes.
fn overlap(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    let width = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let height = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    let both = width * height;
    let area = |r: &[f64; 4]| (r[2] - r[0]) * (r[3] - r[1]);
    let either = area(a) + area(b) - both;
    if either > 0.0 { both / either } else { 0.0 }
}

/// Blends the candidates that overlap into one each, weighted by their scores; best score first.
#[must_use]
pub fn blend(mut candidates: Vec<Detection>) -> Vec<Detection> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut people = Vec::new();
    while let Some(&top) = candidates.first() {
        let (group, rest): (Vec<_>, Vec<_>) =
            candidates.iter().copied().partition(|c| overlap(&c.face, &top.face) > MAX_OVERLAP);
        if group.is_empty() {
            // A box without area does not overlap even itself: it is kept as it is, and nothing is merged into it.
            people.push(top);
            break;
        }
        let total: f64 = group.iter().map(|c| c.score).sum();
        let mean = |pick: &dyn Fn(&Detection) -> f64| group.iter().map(|c| c.score * pick(c)).sum::<f64>() / total;
        people.push(Detection {
            score: top.score,
            face: std::array::from_fn(|i| mean(&|c| c.face[i])),
            points: std::array::from_fn(|k| Point::new(mean(&|c| c.points[k].x), mean(&|c| c.points[k].y))),
        });
        candidates = rest;
    }
    people
}

/// The square to read joints from, given the middle of the hips and the scale point above the head (photo pixels).
///
/// Both points span half of the square before a margin of 1.25; upright means that the second lies above the first.
#[must_use]
pub fn region(hips: Point, scale: Point) -> Region {
    let up = scale - hips;
    let rotation = 90.0 - (-up.y).atan2(up.x).to_degrees();
    Region { center: hips, side: 2.0 * up.length() * MARGIN, rotation: wrap_deg(rotation).to_radians() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2};

    fn close(a: Point, x: f64, y: f64) {
        assert!(a.distance(Point::new(x, y)) < 1e-7, "{a:?} is not ({x}, {y})");
    }

    #[test]
    fn anchors_are_the_cells_centres() {
        let anchors = anchors();
        assert_eq!(anchors.len(), CANDIDATES);
        for (index, x, y) in [
            (0, 0.017_857_1, 0.017_857_1),
            (1, 0.017_857_1, 0.017_857_1),
            (2, 0.053_571_4, 0.017_857_1),
            (56, 0.017_857_1, 0.053_571_4),
            (1567, 0.982_142_9, 0.982_142_9),
            (1568, 0.035_714_3, 0.035_714_3),
            (1960, 0.071_428_6, 0.071_428_6),
            (1965, 0.071_428_6, 0.071_428_6),
            (1966, 0.214_285_7, 0.071_428_6),
            (2253, 0.928_571_4, 0.928_571_4),
        ] {
            close(anchors[index], x, y);
        }
    }

    #[test]
    fn numbers_are_pixels_from_the_anchor() {
        let mut regressors = Array2::<f32>::zeros((CANDIDATES, NUMBERS));
        let mut scores = Array1::<f32>::from_elem(CANDIDATES, -200.0);
        regressors[[0, 0]] = 11.2;
        regressors[[0, 2]] = 22.4;
        scores[0] = 0.0; // exactly at the threshold: kept
        regressors[[5, 2]] = -1.0; // a negative width: discarded
        scores[5] = 9.0;
        regressors[[6, 3]] = f32::NAN;
        scores[6] = 9.0;
        let found = decode(regressors.view(), scores.view());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].score, 0.5);
        let [left, _, right, _] = found[0].face;
        assert!((0.5 * (left + right) - 0.067_857_1).abs() < 1e-7);
        assert!((right - left - 0.1).abs() < 1e-7);
    }

    #[test]
    fn overlapping_candidates_blend_by_score() {
        let at = |face: [f64; 4], score: f64| Detection { score, face, points: [Point::default(); 4] };
        let near = [0.12, 0.10, 0.32, 0.30];
        let top = [0.10, 0.10, 0.30, 0.30];
        assert!((overlap(&near, &top) - 0.818_181_8).abs() < 1e-7);
        let people = blend(vec![at(near, 0.6), at([0.7, 0.7, 0.8, 0.8], 0.55), at(top, 0.9)]);
        assert_eq!(people.len(), 2);
        assert!((people[0].face[0] - 0.108).abs() < 1e-12 && (people[0].face[2] - 0.308).abs() < 1e-12);
        assert_eq!((people[0].score, people[1].score), (0.9, 0.55));
    }

    #[test]
    fn a_box_without_area_ends_the_blending() {
        let flat = Detection { score: 0.8, face: [0.5; 4], points: [Point::default(); 4] };
        assert_eq!(blend(vec![flat, flat]).len(), 1);
    }

    #[test]
    fn regions_as_worked_out_by_hand() {
        let hips = Point::new(320.0, 240.0);
        let upright = region(hips, Point::new(320.0, 48.0));
        assert!((upright.side - 480.0).abs() < 1e-9 && upright.rotation.abs() < 1e-12);
        let leaning = region(hips, Point::new(384.0, 48.0));
        assert!((leaning.side - 505.964_43).abs() < 1e-5);
        assert!((leaning.rotation - 0.321_750_6).abs() < 1e-7);
        close(leaning.to_photo(256).apply(Point::new(128.0, 0.0)), 400.0, 0.0);
        let upside_down = region(hips, Point::new(320.0, 432.0));
        assert!((upside_down.rotation + std::f64::consts::PI).abs() < 1e-12);
    }
}
