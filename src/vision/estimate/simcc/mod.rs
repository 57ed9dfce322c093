//! SimCC heads (RTMPose, RTMW, SpinePose): for each point one row of responses across the crop and one along it.
//!
//! The published configurations take the highest bin as it is. One bin is then a step of 0.7 degrees in the shoulder line, so the
//! position between bins is found as DARK does on heatmaps: smoothing, logarithm, one Newton step.

use ndarray::{ArrayView1, ArrayView2};

use crate::core::geometry::Point;
use crate::vision::estimate::Spot;

/// Bins per pixel, unless the model's file says otherwise.
pub const SPLIT: f64 = 2.0;
/// Width of the peaks that these networks are trained on, in bins per bin of the row: 4.9 of 384 and 5.66 of 512.
const SIGMA: f64 = 0.25;

/// The points in a crop from responses across (points x bins) and along (points x bins). The score of a point is the smaller of its
/// two highest responses.
#[must_use]
pub fn decode(across: ArrayView2<'_, f32>, along: ArrayView2<'_, f32>, split: f64) -> Vec<Spot> {
    across
        .rows()
        .into_iter()
        .zip(along.rows())
        .map(|(across, along)| {
            let ((x, right), (y, down)) = (peak(across), peak(along));
            Spot { at: Point::new(x / split, y / split), score: right.min(down) }
        })
        .collect()
}

/// The position of a row's maximum, in bins, and its value; 0 and 0 for a row that is empty or without numbers.
fn peak(row: ArrayView1<'_, f32>) -> (f64, f64) {
    let best = row.iter().enumerate().filter(|(_, v)| v.is_finite()).max_by(|a, b| a.1.total_cmp(b.1));
    let Some((index, &highest)) = best else { return (0.0, 0.0) };
    // The variance of the peaks grows with the row: sigma^2 = SIGMA^2 * bins, rounded to 4.9 and 5.66 for 384 and 512.
    let sigma = SIGMA * (row.len() as f64).sqrt();
    (index as f64 + beside(row, index, sigma), f64::from(highest))
}

/// The offset of the smoothed row's peak from its highest bin, -1 to 1.
fn beside(row: ArrayView1<'_, f32>, index: usize, sigma: f64) -> f64 {
    let reach = (3.0 * sigma).ceil() as isize;
    let smoothed = |center: isize| {
        let (mut sum, mut weights) = (0.0, 0.0);
        for off in -reach..=reach {
            let weight = (-0.5 * (off as f64 / sigma).powi(2)).exp();
            let value = usize::try_from(center + off).ok().and_then(|at| row.get(at)).copied().unwrap_or(0.0);
            sum += weight * f64::from(value);
            weights += weight;
        }
        (sum / weights).clamp(LEAST, MOST).ln()
    };
    let at = index as isize;
    let [far_left, left, middle, right, far_right] = [-2, -1, 0, 1, 2].map(|off| smoothed(at + off));
    let slope = 0.5 * (right - left);
    let bend = 0.25 * (far_right - 2.0 * middle + far_left);
    if bend < 0.0 { (-slope / bend).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Bounds of a response before its logarithm is taken.
const LEAST: f64 = 1e-3;
const MOST: f64 = 50.0;

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn bump(bins: usize, at: f64, height: f32) -> Array2<f32> {
        let sigma = SIGMA * (bins as f64).sqrt();
        let value = |bin: usize| height * (-0.5 * ((bin as f64 - at) / sigma).powi(2)).exp() as f32;
        Array2::from_shape_fn((1, bins), |(_, bin)| value(bin))
    }

    #[test]
    fn a_bump_between_two_bins_is_found_where_it_is() {
        for (x, y) in [(100.0, 301.0), (150.37, 299.62), (200.49, 40.51)] {
            let found = decode(bump(384, x, 0.9).view(), bump(512, y, 0.7).view(), SPLIT);
            assert!(found[0].at.distance(Point::new(x / 2.0, y / 2.0)) < 1e-3, "{found:?} is not ({x}, {y}) / 2");
            assert!((found[0].score - 0.7).abs() < 0.01);
        }
    }

    #[test]
    fn rows_without_a_top_stay_where_they_are() {
        let flat = Array2::<f32>::zeros((1, 384));
        let found = decode(flat.view(), flat.view(), SPLIT);
        assert!(found[0].at.x.is_finite() && found[0].score == 0.0);
        let broken = Array2::<f32>::from_elem((1, 384), f32::NAN);
        assert_eq!(decode(broken.view(), broken.view(), SPLIT), [Spot { at: Point::default(), score: 0.0 }]);
    }
}
