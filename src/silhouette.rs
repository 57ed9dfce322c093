//! The person's pixels.

use ndarray::Array2;

use crate::geometry::{Affine, Point};

/// How likely each pixel of a crop belongs to the person.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// Rows x columns, 0 to 1.
    pub probability: Array2<f32>,
    /// From mask pixels to photo pixels.
    pub to_photo: Affine,
}

impl Mask {
    /// How likely the photo's pixel at `at` belongs to the person: the nearest mask pixel's value, 0 outside the crop.
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
}
