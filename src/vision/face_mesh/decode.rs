//! The face mesh's output: 468 points of one face in a 192 x 192 crop, each with its depth.

use ndarray::ArrayView1;

use crate::core::geometry::{Affine, Point, Vec2, Vec3};

/// Side of the square input, in pixels.
pub const SIZE: usize = 192;
/// Points of a face.
pub const POINTS: usize = 468;

/// Points that are symmetric about the head's middle: the subject's right and left corners of the eyes, corners of the mouth,
/// brows, wings of the nose, cheeks, temples, and the jaw.
const PAIRS: [(usize, usize); 10] =
    [(33, 263), (133, 362), (61, 291), (46, 276), (55, 285), (129, 358), (234, 454), (127, 356), (172, 397), (58, 288)];
/// The outer corners of the eyes.
const EYES: (usize, usize) = (33, 263);
/// Forehead and chin.
const AXIS: (usize, usize) = (10, 152);

/// A face in photo pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Mesh {
    /// Each with its relative distance from the camera.
    points: Vec<Vec3>,
    /// Whether it was read in a mirrored crop, so that the points of the right side lie on the left.
    mirrored: bool,
}

impl Mesh {
    /// Turns raw output (1404 numbers) into places of the photo; depths are in photo pixels too.
    #[must_use]
    pub fn decode(raw: ArrayView1<'_, f32>, to_photo: &Affine) -> Self {
        let number = |i: usize| f64::from(raw[i]);
        let area = to_photo.xx * to_photo.yy - to_photo.xy * to_photo.yx;
        let scale = area.abs().sqrt();
        let point = |i: usize| {
            let at = to_photo.apply(Point::new(number(3 * i), number(3 * i + 1)));
            Vec3::new(at.x, at.y, scale * number(3 * i + 2))
        };
        Self { points: (0..POINTS).map(point).collect(), mirrored: area < 0.0 }
    }

    fn at(&self, index: usize) -> Point {
        let point = self.points[index];
        Point::new(point.x, point.y)
    }

    /// The way from the subject's right point of a pair to the left one.
    fn across(&self, (right, left): (usize, usize)) -> Vec3 {
        let way = self.points[left] - self.points[right];
        if self.mirrored { way * -1.0 } else { way }
    }

    /// The middle between the eyes.
    #[must_use]
    pub fn middle(&self) -> Point {
        self.at(EYES.0).midpoint(self.at(EYES.1))
    }

    /// From the subject's right to the left: the mean of all pairs' directions.
    #[must_use]
    pub fn left(&self) -> Vec3 {
        PAIRS.into_iter().map(|pair| unit(self.across(pair))).fold(Vec3::default(), |sum, way| sum + way)
            * (1.0 / PAIRS.len() as f64)
    }

    /// From the forehead to the chin.
    #[must_use]
    pub fn down(&self) -> Vec3 {
        unit(self.points[AXIS.1] - self.points[AXIS.0])
    }

    /// How far the eyes' line is turned clockwise on the screen, in radians.
    #[must_use]
    pub fn turn(&self) -> f64 {
        let eyes = self.across(EYES);
        eyes.y.atan2(eyes.x)
    }

    /// The middle and the longer side of the box around the face, turned with the eyes' line.
    #[must_use]
    pub fn bounds(&self) -> (Point, f64) {
        let (turn, middle) = (self.turn(), self.middle());
        let upright = |i: usize| (self.at(i) - middle).turned(-turn);
        let (mut low, mut high) = (Vec2::new(f64::MAX, f64::MAX), Vec2::new(f64::MIN, f64::MIN));
        for at in (0..POINTS).map(upright) {
            low = Vec2::new(low.x.min(at.x), low.y.min(at.y));
            high = Vec2::new(high.x.max(at.x), high.y.max(at.y));
        }
        (middle + ((low + high) * 0.5).turned(turn), (high.x - low.x).max(high.y - low.y))
    }
}

/// A vector of length 1 in the picture.
fn unit(way: Vec3) -> Vec3 {
    way * (1.0 / way.x.hypot(way.y).max(1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

    /// All pairs 40 pixels apart on rows of their own, the left 8 pixels farther away; forehead and chin on the middle column.
    fn raw() -> Array1<f32> {
        let mut raw = Array1::<f32>::zeros(3 * POINTS);
        for point in 0..POINTS {
            raw[3 * point] = 96.0;
            raw[3 * point + 1] = 96.0;
        }
        for (row, (right, left)) in PAIRS.into_iter().enumerate() {
            for (point, side) in [(right, -1.0), (left, 1.0)] {
                raw[3 * point] = 96.0 + side * 20.0;
                raw[3 * point + 1] = 60.0 + 5.0 * row as f32;
                raw[3 * point + 2] = side * 4.0;
            }
        }
        raw[3 * AXIS.0 + 1] = 30.0;
        raw[3 * AXIS.1 + 1] = 150.0;
        raw
    }

    fn close(a: Vec3, b: [f64; 3]) {
        assert!((a.x - b[0]).hypot(a.y - b[1]).hypot(a.z - b[2]) < 1e-6, "{a:?} {b:?}");
    }

    #[test]
    fn axes_and_box_of_a_level_face() {
        // Half a photo pixel per tensor pixel.
        let map = Affine { xx: 0.5, xy: 0.0, tx: 100.0, yx: 0.0, yy: 0.5, ty: 200.0 };
        let mesh = Mesh::decode(raw().view(), &map);
        close(mesh.left(), [1.0, 0.0, 0.2]);
        close(mesh.down(), [0.0, 1.0, 0.0]);
        assert_eq!((mesh.middle(), mesh.turn()), (Point::new(148.0, 230.0), 0.0));
        let (center, side) = mesh.bounds();
        assert!(center.distance(Point::new(148.0, 245.0)) < 1e-9 && (side - 60.0).abs() < 1e-9);
    }

    #[test]
    fn a_mirrored_crop_names_the_sides_as_the_plain_one() {
        let map = Affine { xx: -0.5, xy: 0.0, tx: 196.0, yx: 0.0, yy: 0.5, ty: 200.0 };
        // The same face mirrored: depth that increases on the left increases on the right there.
        let mut mirrored = raw();
        for (right, left) in PAIRS {
            mirrored.swap(3 * right + 2, 3 * left + 2);
        }
        let mesh = Mesh::decode(mirrored.view(), &map);
        close(mesh.left(), [1.0, 0.0, 0.2]);
        assert!((mesh.bounds().1 - 60.0).abs() < 1e-9);
    }
}
