//! The BlazePose landmark graph's output: 39 points of one person in a 256 x 256 crop.

use ndarray::{ArrayView1, ArrayView3};

use crate::core::body::pose::WorldPose;
use crate::core::body::skeleton::Joint;
use crate::core::geometry::{Point, Vec3};

/// Side of the landmark graph's square input, in pixels.
pub const SIZE: usize = 256;
/// Points in the graph's output; the first 33 are joints, the next two place the next crop, the rest is not used.
pub const POINTS: usize = 39;
/// Numbers per point: x, y, z, visibility logit, presence logit.
pub const NUMBERS: usize = 5;
/// Side of the heatmaps, in cells.
pub const CELLS: usize = 64;
/// A pose is present when the flag exceeds this.
pub const MIN_FLAG: f64 = 0.5;
/// The auxiliary point in the middle of the hips.
pub const HIPS: usize = 33;
/// The auxiliary point above the head that gives size and upright direction.
pub const SCALE: usize = 34;
/// Side of the heatmap window in which a point is refined, in cells.
const WINDOW: usize = 7;
/// If no cell of the window reaches this, the point is not refined.
const MIN_HEAT: f64 = 0.5;

/// A point of the crop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Landmark {
    /// In tensor pixels, 0 to 256.
    pub at: Point,
    /// Probability that it is visible, 0 to 1.
    pub visibility: f64,
}

fn logistic(logit: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(logit)).exp())
}

/// Turns raw output (195 numbers) into points.
#[must_use]
pub fn decode(raw: ArrayView1<'_, f32>) -> Vec<Landmark> {
    let number = |point: usize, i: usize| raw[point * NUMBERS + i];
    (0..POINTS)
        .map(|point| Landmark {
            at: Point::new(f64::from(number(point, 0)), f64::from(number(point, 1))),
            visibility: logistic(number(point, 3)),
        })
        .collect()
}

/// Moves each point to the centroid of its heatmap nearby (64 x 64 x 39 logits).
///
/// The window is 7 cells wide around the point's own cell. Columns and rows count without the half-cell offset, as in MediaPipe.
pub fn refine(landmarks: &mut [Landmark], heatmap: ArrayView3<'_, f32>) {
    let cell_size = SIZE as f64 / CELLS as f64;
    for (point, landmark) in landmarks.iter_mut().enumerate() {
        let (column, row) = ((landmark.at.x / cell_size).trunc(), (landmark.at.y / cell_size).trunc());
        // Truncation brings points just outside the upper left into cell 0, as in MediaPipe. NaN stays outside.
        if !(0.0..CELLS as f64).contains(&column) || !(0.0..CELLS as f64).contains(&row) {
            continue;
        }
        let around = |center: f64| {
            let center = center as usize;
            center.saturating_sub(WINDOW / 2)..(center + WINDOW / 2 + 1).min(CELLS)
        };
        let (mut most, mut sum, mut sum_x, mut sum_y) = (0.0_f64, 0.0, 0.0, 0.0);
        for y in around(row) {
            for x in around(column) {
                let heat = logistic(heatmap[[y, x, point]]);
                most = most.max(heat);
                sum += heat;
                sum_x += heat * x as f64;
                sum_y += heat * y as f64;
            }
        }
        if most >= MIN_HEAT {
            landmark.at = Point::new(sum_x / sum * cell_size, sum_y / sum * cell_size);
        }
    }
}

/// Turns the world output (117 numbers: metres, origin between the hips) into joints, turned by the crop's rotation so that
/// down is down in the photo.
#[must_use]
pub fn decode_world(raw: ArrayView1<'_, f32>, rotation: f64) -> WorldPose {
    let (sin, cos) = rotation.sin_cos();
    WorldPose {
        joints: Joint::ALL.map(|joint| {
            let [x, y, z] = std::array::from_fn(|i| f64::from(raw[joint.index() * 3 + i]));
            Vec3::new(cos * x - sin * y, sin * x + cos * y, z)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array3};

    #[test]
    fn numbers_become_points() {
        let mut raw = Array1::<f32>::zeros(POINTS * NUMBERS);
        raw[11 * NUMBERS] = 100.5;
        raw[11 * NUMBERS + 1] = 64.25;
        raw[11 * NUMBERS + 3] = 2.0;
        let shoulder = decode(raw.view())[11];
        assert_eq!(shoulder.at, Point::new(100.5, 64.25));
        assert!((shoulder.visibility - 0.880_797).abs() < 1e-6);
    }

    fn one_point(x: f64, y: f64) -> Vec<Landmark> {
        vec![Landmark { at: Point::new(256.0 * x, 256.0 * y), visibility: 1.0 }]
    }

    #[test]
    fn refinement_by_hand() {
        let mut heat = Array3::<f32>::from_elem((CELLS, CELLS, 1), -10.0);
        heat[[32, 32, 0]] = 10.0;
        heat[[32, 33, 0]] = 10.0;
        let mut points = one_point(0.503, 0.5);
        refine(&mut points, heat.view());
        assert!((points[0].at.x / 256.0 - 0.507_803_8).abs() < 1e-7);
        assert!((points[0].at.y / 256.0 - 0.5).abs() < 1e-7);
    }

    #[test]
    fn a_cold_map_and_a_point_outside_leave_the_point() {
        let heat = Array3::<f32>::from_elem((CELLS, CELLS, 1), -0.1);
        for (x, y) in [(0.4, 0.6), (1.5, 0.2), (-0.4, 0.5), (f64::NAN, 0.5)] {
            let mut points = one_point(x, y);
            let before = points[0].at;
            refine(&mut points, heat.view());
            assert!(points[0].at == before || before.x.is_nan());
        }
    }

    #[test]
    fn the_window_is_clipped_at_the_edge() {
        let heat = Array3::<f32>::from_elem((CELLS, CELLS, 1), 10.0);
        let mut points = one_point(0.001, 0.999);
        refine(&mut points, heat.view());
        assert!((points[0].at.x - 1.5 * 4.0).abs() < 1e-9); // columns 0 to 3
        assert!((points[0].at.y - 61.5 * 4.0).abs() < 1e-9); // rows 60 to 63
    }

    #[test]
    fn world_joints_turn_with_the_crop() {
        let mut raw = Array1::<f32>::zeros(POINTS * 3);
        raw[0] = 1.0;
        let nose = decode_world(raw.view(), std::f64::consts::FRAC_PI_2).get(Joint::Nose);
        assert!((nose.y - 1.0).abs() < 1e-12 && nose.x.abs() < 1e-12);
    }
}
