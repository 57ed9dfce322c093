//! The person's pixels, and the measures based on their outline.
//!
//! The model's mask is coarse (a pixel is some 8 mm of the body), but it gives the probability that each pixel belongs to the person, and
//! the position where it crosses one half is known to a quarter of a pixel. Joints give the trunk's axis and the position of the arms;
//! the outline gives the shape beside it.

mod outline;
mod shape;
#[cfg(test)]
mod tests;

use ndarray::Array2;
pub use outline::{Gap, Outline, Row, Trace};
pub use shape::{arm_gap_asymmetry, hip_outline_fit, hip_outline_tilt, shoulder_contour_tilt, trunk_midline_deviation};

use crate::core::geometry::{Affine, Point};

/// The probability that each pixel of a crop belongs to the person.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// Rows x columns, 0 to 1.
    pub probability: Array2<f32>,
    /// From mask pixels to places in the photo.
    pub to_photo: Affine,
}

impl Mask {
    /// The probability that the photo's pixel at `at` belongs to the person: the nearest mask pixel's value, 0 outside the crop.
    #[must_use]
    pub fn at(&self, at: Point) -> f64 {
        let Some(inverse) = self.to_photo.inverse() else { return 0.0 };
        let p = inverse.apply(at);
        let (column, row) = (p.x.round(), p.y.round());
        if column < 0.0 || row < 0.0 {
            return 0.0;
        }
        self.probability.get((row as usize, column as usize)).map_or(0.0, |&v| f64::from(v))
    }

    /// The same mask over the mirrored photo of width `width` px.
    #[must_use]
    pub fn mirrored(self, width: f64) -> Self {
        let map = self.to_photo;
        Self { to_photo: Affine { xx: -map.xx, xy: -map.xy, tx: width - map.tx, ..map }, ..self }
    }
}

/// Several masks of one person combined: their mean, interpolated between pixels.
#[derive(Debug, Clone)]
pub struct Silhouette<'a> {
    masks: Vec<(&'a Array2<f32>, Affine)>,
}

impl<'a> Silhouette<'a> {
    /// The mean of these masks. A plain and a mirrored reading's mask together favour neither side.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use orthostat::core::geometry::{Affine, Point};
    /// use orthostat::core::silhouette::{Mask, Silhouette};
    /// let body = Array2::from_shape_fn((9, 9), |(_, column)| if column < 5 { 1.0 } else { 0.0 });
    /// let masks = [Mask { probability: body, to_photo: Affine::IDENTITY }];
    /// assert_eq!(Silhouette::of(&masks).at(Point::new(4.5, 3.0)), 0.5); // half way between body and background
    /// ```
    #[must_use]
    pub fn of(masks: &'a [Mask]) -> Self {
        let placed = masks.iter().filter_map(|mask| Some((&mask.probability, mask.to_photo.inverse()?)));
        Self { masks: placed.collect() }
    }

    /// The probability that the photo shows the person at `at`, 0 to 1; 0 outside all masks.
    #[must_use]
    pub fn at(&self, at: Point) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for (probability, inverse) in &self.masks {
            if let Some(value) = between(probability, inverse.apply(at)) {
                sum += value;
                count += 1.0;
            }
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }
}

/// The value interpolated between four pixels; `None` outside.
fn between(values: &Array2<f32>, at: Point) -> Option<f64> {
    if at.x < 0.0 || at.y < 0.0 {
        return None;
    }
    let (column, row) = (at.x as usize, at.y as usize);
    let (right, below) = (at.x - column as f64, at.y - row as f64);
    let value = |down: usize, across: usize| values.get((row + down, column + across)).map(|&v| f64::from(v));
    let upper = value(0, 0)? * (1.0 - right) + value(0, 1)? * right;
    let lower = value(1, 0)? * (1.0 - right) + value(1, 1)? * right;
    Some(upper * (1.0 - below) + lower * below)
}
