//! Points, vectors, maps and angles in the plane and in space.
//!
//! Picture axes everywhere: x to the right, y **down**, in pixels; a pixel's centre lies at half integers, so the picture
//! spans `[0, width] x [0, height]`. A positive rotation turns +x towards +y, which looks clockwise on the screen.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number rounded to this many decimals, and never minus zero: written as decimals and read again, it is the same number.
#[must_use]
pub fn rounded(value: f64, decimals: i32) -> f64 {
    let factor = 10.0_f64.powi(decimals);
    let rounded = (value * factor).round() / factor;
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// A place in the picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// A displacement in the picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Vec2 {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// A place or a direction in space. The meaning of its axes depends on the use.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Vec3 {
    /// First axis.
    pub x: f64,
    /// Second axis.
    pub y: f64,
    /// Third axis.
    pub z: f64,
}

impl Point {
    /// The point at `x`, `y`.
    #[must_use]
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Half way between two points.
    #[must_use]
    pub fn midpoint(self, other: Self) -> Self {
        Self::new(0.5 * (self.x + other.x), 0.5 * (self.y + other.y))
    }

    /// Straight distance to another point, in pixels.
    #[must_use]
    pub fn distance(self, other: Self) -> f64 {
        (self - other).length()
    }

    /// This point turned about `pivot` by `radians` (positive: clockwise on the screen).
    ///
    /// ```
    /// use orthostat::core::geometry::Point;
    /// let right = Point::new(11.0, 5.0).turned_about(Point::new(10.0, 5.0), std::f64::consts::FRAC_PI_2);
    /// assert!(right.distance(Point::new(10.0, 6.0)) < 1e-12); // from the right of the pivot to below it
    /// ```
    #[must_use]
    pub fn turned_about(self, pivot: Self, radians: f64) -> Self {
        pivot + (self - pivot).turned(radians)
    }
}

impl Vec2 {
    /// The vector with these components.
    #[must_use]
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Its length.
    #[must_use]
    pub fn length(self) -> f64 {
        self.x.hypot(self.y)
    }

    /// The scalar product.
    #[must_use]
    pub fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y
    }

    /// The cross product's third component: positive when `other` lies clockwise of `self` on the screen (y is down).
    #[must_use]
    pub fn cross(self, other: Self) -> f64 {
        self.x * other.y - self.y * other.x
    }

    /// Turned by `radians` (positive: clockwise on the screen).
    #[must_use]
    pub fn turned(self, radians: f64) -> Self {
        let (sin, cos) = radians.sin_cos();
        Self::new(cos * self.x - sin * self.y, sin * self.x + cos * self.y)
    }
}

impl Vec3 {
    /// The vector with these components.
    #[must_use]
    pub const fn new(x: f64, y: f64, z: f64) -> Self {
        Self { x, y, z }
    }

    /// The scalar product.
    #[must_use]
    pub fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }
}

impl Add<Vec2> for Point {
    type Output = Point;
    fn add(self, v: Vec2) -> Point {
        Point::new(self.x + v.x, self.y + v.y)
    }
}

impl Sub for Point {
    type Output = Vec2;
    fn sub(self, other: Point) -> Vec2 {
        Vec2::new(self.x - other.x, self.y - other.y)
    }
}

impl Add for Vec2 {
    type Output = Vec2;
    fn add(self, other: Vec2) -> Vec2 {
        Vec2::new(self.x + other.x, self.y + other.y)
    }
}

impl Neg for Vec2 {
    type Output = Vec2;
    fn neg(self) -> Vec2 {
        Vec2::new(-self.x, -self.y)
    }
}

impl Mul<f64> for Vec2 {
    type Output = Vec2;
    fn mul(self, factor: f64) -> Vec2 {
        Vec2::new(self.x * factor, self.y * factor)
    }
}

impl Div<f64> for Vec2 {
    type Output = Vec2;
    fn div(self, divisor: f64) -> Vec2 {
        Vec2::new(self.x / divisor, self.y / divisor)
    }
}

impl Add for Vec3 {
    type Output = Vec3;
    fn add(self, other: Vec3) -> Vec3 {
        Vec3::new(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Vec3 {
    type Output = Vec3;
    fn sub(self, other: Vec3) -> Vec3 {
        Vec3::new(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f64> for Vec3 {
    type Output = Vec3;
    fn mul(self, factor: f64) -> Vec3 {
        Vec3::new(self.x * factor, self.y * factor, self.z * factor)
    }
}

/// An affine map of the plane: `x' = xx x + xy y + tx`, `y' = yx x + yy y + ty`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    /// Share of x in x'.
    pub xx: f64,
    /// Share of y in x'.
    pub xy: f64,
    /// Shift of x'.
    pub tx: f64,
    /// Share of x in y'.
    pub yx: f64,
    /// Share of y in y'.
    pub yy: f64,
    /// Shift of y'.
    pub ty: f64,
}

impl Affine {
    /// The identity.
    pub const IDENTITY: Self = Self { xx: 1.0, xy: 0.0, tx: 0.0, yx: 0.0, yy: 1.0, ty: 0.0 };

    /// The image of a point.
    ///
    /// ```
    /// use orthostat::core::geometry::{Affine, Point};
    /// let double = Affine { xx: 2.0, yy: 2.0, tx: 1.0, ..Affine::IDENTITY };
    /// assert_eq!(double.apply(Point::new(3.0, 4.0)), Point::new(7.0, 8.0));
    /// ```
    #[must_use]
    pub fn apply(self, p: Point) -> Point {
        Point::new(self.xx * p.x + self.xy * p.y + self.tx, self.yx * p.x + self.yy * p.y + self.ty)
    }

    /// The composition: this map, then `next`.
    ///
    /// ```
    /// use orthostat::core::geometry::{Affine, Point};
    /// let double = Affine { xx: 2.0, yy: 2.0, ..Affine::IDENTITY };
    /// let right = Affine { tx: 5.0, ..Affine::IDENTITY };
    /// assert_eq!(double.then(right).apply(Point::new(1.0, 1.0)), Point::new(7.0, 2.0));
    /// ```
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let Point { x: tx, y: ty } = next.apply(Point::new(self.tx, self.ty));
        Self {
            xx: next.xx * self.xx + next.xy * self.yx,
            xy: next.xx * self.xy + next.xy * self.yy,
            tx,
            yx: next.yx * self.xx + next.yy * self.yx,
            yy: next.yx * self.xy + next.yy * self.yy,
            ty,
        }
    }

    /// The rotation about `pivot` by `radians` (positive: clockwise on the screen).
    #[must_use]
    pub fn turn(pivot: Point, radians: f64) -> Self {
        let (sin, cos) = radians.sin_cos();
        let shift = pivot - Point::new(cos * pivot.x - sin * pivot.y, sin * pivot.x + cos * pivot.y);
        Self { xx: cos, xy: -sin, tx: shift.x, yx: sin, yy: cos, ty: shift.y }
    }

    /// The inverse map; `None` when this one is singular.
    #[must_use]
    pub fn inverse(self) -> Option<Self> {
        let det = self.xx * self.yy - self.xy * self.yx;
        if det.abs() < 1e-300 || !det.is_finite() {
            return None;
        }
        let (xx, xy, yx, yy) = (self.yy / det, -self.xy / det, -self.yx / det, self.xx / det);
        Some(Self { xx, xy, tx: -(xx * self.tx + xy * self.ty), yx, yy, ty: -(yx * self.tx + yy * self.ty) })
    }
}

/// An infinite line through two points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// One point of it.
    pub from: Point,
    /// Another point of it.
    pub to: Point,
}

impl Line {
    /// The distance of `p` to the right of the line, in pixels along the horizontal; `None` for a horizontal line.
    #[must_use]
    pub fn horizontal_offset(self, p: Point) -> Option<f64> {
        let along = self.to - self.from;
        if along.y == 0.0 {
            return None;
        }
        Some(p.x - (self.from.x + along.x * (p.y - self.from.y) / along.y))
    }
}

/// The angle at `vertex` between the directions to `a` and `b`, in degrees, 0 to 180; `None` if one of them coincides.
///
/// ```
/// use orthostat::core::geometry::{Point, angle_at_deg};
/// let right_angle = angle_at_deg(Point::new(0.0, 1.0), Point::new(0.0, 0.0), Point::new(1.0, 0.0));
/// assert!((right_angle.unwrap() - 90.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn angle_at_deg(a: Point, vertex: Point, b: Point) -> Option<f64> {
    let (u, v) = (a - vertex, b - vertex);
    (u.length() > 0.0 && v.length() > 0.0).then(|| u.cross(v).abs().atan2(u.dot(v)).to_degrees())
}

/// An angle normalised to `[-180, 180)` degrees.
#[must_use]
pub fn wrap_deg(degrees: f64) -> f64 {
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}

/// 1 at `full` and beyond, 0 at `none` and beyond, linear in between; `full` may lie on either side of `none`.
///
/// ```
/// use orthostat::core::geometry::ramp;
/// assert_eq!([4.0, 5.0, 7.0, 9.0, 12.0].map(|x| ramp(x, (5.0, 9.0))), [1.0, 1.0, 0.5, 0.0, 0.0]);
/// assert_eq!([0.0, 0.25, 2.0].map(|x| ramp(x, (0.5, 0.0))), [0.0, 0.5, 1.0]);
/// ```
#[must_use]
pub fn ramp(x: f64, (full, none): (f64, f64)) -> f64 {
    ((none - x) / (none - full)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_undoes_the_map() {
        let map = Affine { xx: 1.5, xy: -0.3, tx: 40.0, yx: 0.7, yy: 2.0, ty: -11.0 };
        let p = Point::new(12.25, -3.5);
        let back = map.inverse().expect("not flat").apply(map.apply(p));
        assert!(back.distance(p) < 1e-12);
    }

    #[test]
    fn a_flat_map_has_no_inverse() {
        assert_eq!(Affine { xx: 1.0, xy: 2.0, tx: 0.0, yx: 2.0, yy: 4.0, ty: 0.0 }.inverse(), None);
    }

    #[test]
    fn cross_is_positive_for_a_clockwise_neighbour_on_the_screen() {
        assert!(Vec2::new(1.0, 0.0).cross(Vec2::new(0.0, 1.0)) > 0.0);
    }

    #[test]
    fn angles_wrap_to_the_half_open_turn() {
        assert_eq!(wrap_deg(180.0), -180.0);
        assert_eq!(wrap_deg(-190.0), 170.0);
    }

    #[test]
    fn offset_from_a_leaning_line() {
        let line = Line { from: Point::new(0.0, 0.0), to: Point::new(10.0, 10.0) };
        assert_eq!(line.horizontal_offset(Point::new(7.0, 5.0)), Some(2.0));
    }
}
