//! Regions of a photo, and the form of the tensors that are cut out of them.

use crate::core::geometry::{Affine, Point, Vec2, wrap_deg};

/// A square of the photo, possibly turned and possibly reaching past the edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Its middle, in photo pixels.
    pub center: Point,
    /// Its side, in photo pixels.
    pub side: f64,
    /// Clockwise rotation of its upright direction on the screen, in radians.
    pub rotation: f64,
}

impl Region {
    /// The upright square around a whole photo of `width` x `height` px: what a letterbox shows.
    #[must_use]
    pub fn whole(width: f64, height: f64) -> Self {
        Self { center: Point::new(0.5 * width, 0.5 * height), side: width.max(height), rotation: 0.0 }
    }

    /// The map from a tensor of `size` x `size` pixels to places in the photo, counted from its edge as everywhere (see
    /// [`crate::core::geometry`]). A tensor's own places are pixel numbers, as models give them.
    ///
    /// ```
    /// use orthostat::vision::raster::region::Region;
    /// use orthostat::core::geometry::Point;
    /// let region = Region { center: Point::new(320.0, 240.0), side: 480.0, rotation: 0.0 };
    /// assert_eq!(region.to_photo(256).apply(Point::new(0.0, 256.0)), Point::new(80.0, 480.0));
    /// ```
    #[must_use]
    pub fn to_photo(self, size: usize) -> Affine {
        let (sin, cos) = self.rotation.sin_cos();
        let step = self.side / size as f64;
        let corner = self.center + Vec2::new(-0.5 * self.side, -0.5 * self.side).turned(self.rotation);
        Affine { xx: step * cos, xy: -step * sin, tx: corner.x, yx: step * sin, yy: step * cos, ty: corner.y }
    }

    /// The same turned back to the nearest quarter turn: models other than BlazePose are trained on upright crops.
    #[must_use]
    pub fn upright(self) -> Self {
        let quarter = std::f64::consts::FRAC_PI_2;
        Self { rotation: (self.rotation / quarter).round() * quarter, ..self }
    }

    /// The region that shows the same in the photo mirrored at width `width` px.
    #[must_use]
    pub fn mirrored(self, width: f64) -> Self {
        Self { center: Point::new(width - self.center.x, self.center.y), rotation: -self.rotation, ..self }
    }

    /// The mean of two regions that should show the same.
    #[must_use]
    pub fn mean(self, other: Self) -> Self {
        let turn = wrap_deg((other.rotation - self.rotation).to_degrees()).to_radians();
        Self {
            center: self.center.midpoint(other.center),
            side: 0.5 * (self.side + other.side),
            rotation: self.rotation + 0.5 * turn,
        }
    }

    /// A nudged region: moved by shares of its side along its own axes, resized, and turned.
    #[must_use]
    pub fn nudged(self, shift: Vec2, scale: f64, turn: f64) -> Self {
        Self {
            center: self.center + (shift * self.side).turned(self.rotation),
            side: self.side * scale,
            rotation: self.rotation + turn,
        }
    }
}

/// The value of a sample outside the photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Border {
    /// Black.
    Black,
    /// The nearest pixel of the photo.
    Replicate,
}

/// How photo pixels become tensor pixels where the photo is finer than the tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// Bilinear between the four nearest photo pixels, skipping the others, as MediaPipe does. Aliases on large photos.
    Bilinear,
    /// Photo pixels are averaged down by a power of two first, then read bilinearly.
    Averaged,
}

/// The input that a model expects.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CropForm {
    /// Side of the square tensor, in pixels.
    pub size: usize,
    /// The tensor's value for a black channel.
    pub black: f32,
    /// The tensor's value for a full channel.
    pub white: f32,
    /// The value outside the photo.
    pub border: Border,
    /// How photo pixels are sampled.
    pub sampling: Sampling,
}
