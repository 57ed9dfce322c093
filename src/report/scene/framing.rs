//! How a photo is turned and cropped for display, and the resulting positions of its points.

use image::{Rgb, RgbImage, imageops};

use crate::core::geometry::{Affine, Point};
use crate::core::record::Record;

/// The colour outside a turned photo.
const BEYOND: Rgb<u8> = Rgb([38, 38, 38]);
/// Smaller turns are invisible, in degrees: such photos are not resampled.
const UNSEEN_DEG: f64 = 0.05;

/// Whether a picture is levelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attitude {
    /// The photo is turned by the camera's roll, so that level and plumb lines of the room appear straight.
    #[default]
    Upright,
    /// The photo is displayed as the camera took it.
    AsTaken,
}

/// How a photo is displayed: the map from its pixels to those of the picture, and the picture's size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Framing {
    map: Affine,
    turned: bool,
    /// Width and height of the whole picture, in pixels.
    pub size: [f64; 2],
}

impl Framing {
    /// The framing of a record's whole photo, in the photo's own scale.
    #[must_use]
    pub fn of(record: &Record, attitude: Attitude) -> Self {
        let [width, height] = [record.source.width, record.source.height].map(f64::from);
        let roll = record.camera.roll_deg;
        if attitude == Attitude::AsTaken || roll.abs() < UNSEEN_DEG || !roll.is_finite() {
            return Self { map: Affine::IDENTITY, turned: false, size: [width, height] };
        }
        let turn = Affine::turn(Point::default(), -roll.to_radians());
        let corners =
            [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)].map(|(x, y)| turn.apply(Point::new(x, y)));
        let least = |of: fn(&Point) -> f64| corners.iter().map(of).fold(f64::INFINITY, f64::min);
        let most = |of: fn(&Point) -> f64| corners.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        let (left, top) = (least(|p| p.x), least(|p| p.y));
        let size = [most(|p| p.x) - left, most(|p| p.y) - top].map(f64::ceil);
        Self { map: turn.then(Affine { tx: -left, ty: -top, ..Affine::IDENTITY }), turned: true, size }
    }

    /// The framing by a map from the photo to a picture of this size.
    #[must_use]
    pub const fn by(map: Affine, size: [f64; 2]) -> Self {
        Self { map, turned: true, size }
    }

    /// The position of a point of the photo in the picture.
    #[must_use]
    pub fn place(&self, p: Point) -> Point {
        self.map.apply(p)
    }

    /// The part of the picture between left, top, right and bottom, at most `side` pixels long; from the photo, which is `full_width`
    /// pixels wide, or from a reduced copy of it.
    #[must_use]
    pub fn cut(&self, photo: &RgbImage, full_width: u32, [left, top, right, bottom]: [f64; 4], side: f64) -> RgbImage {
        let copy = f64::from(photo.width()) / f64::from(full_width.max(1));
        let (wide, high) = (right - left, bottom - top);
        let scale = copy.min(side / wide.max(high).max(1.0));
        let [width, height] = [wide, high].map(|length| ((length * scale).round() as u32).max(1));
        let reduced;
        let source = if scale < copy {
            let size = |length: u32| ((f64::from(length) * scale / copy).round() as u32).max(1);
            reduced = imageops::thumbnail(photo, size(photo.width()), size(photo.height()));
            &reduced
        } else {
            photo
        };
        let per_shown = f64::from(source.width()) / f64::from(full_width.max(1));
        if !self.turned {
            let [x, y] = [left, top].map(|edge| (edge * per_shown).round().max(0.0) as u32);
            return imageops::crop_imm(source, x, y, width, height).to_image();
        }
        let back = self.map.inverse().unwrap_or(Affine::IDENTITY);
        RgbImage::from_fn(width, height, |column, row| {
            let shown = Point::new(
                left + (f64::from(column) + 0.5) * wide / f64::from(width),
                top + (f64::from(row) + 0.5) * high / f64::from(height),
            );
            let at = back.apply(shown);
            sampled(source, at.x * per_shown - 0.5, at.y * per_shown - 0.5)
        })
    }

    /// The whole picture, at most `side` pixels long.
    #[must_use]
    pub fn whole(&self, photo: &RgbImage, full_width: u32, side: f64) -> RgbImage {
        self.cut(photo, full_width, [0.0, 0.0, self.size[0], self.size[1]], side)
    }
}

/// The colour interpolated between four pixels, whose centres lie at whole numbers here.
fn sampled(source: &RgbImage, x: f64, y: f64) -> Rgb<u8> {
    let (width, height) = (f64::from(source.width()), f64::from(source.height()));
    if !((-0.5..=width - 0.5).contains(&x) && (-0.5..=height - 0.5).contains(&y)) {
        return BEYOND;
    }
    let (x, y) = (x.clamp(0.0, width - 1.0), y.clamp(0.0, height - 1.0));
    let (column, row) = (x as u32, y as u32);
    let (right, below) = ((column + 1).min(source.width() - 1), (row + 1).min(source.height() - 1));
    let (dx, dy) = ((x - f64::from(column)) as f32, (y - f64::from(row)) as f32);
    let [a, b, c, d] =
        [(column, row), (right, row), (column, below), (right, below)].map(|(x, y)| source.get_pixel(x, y).0);
    let mut color = [0; 3];
    for (index, channel) in color.iter_mut().enumerate() {
        let [a, b, c, d] = [a, b, c, d].map(|pixel| f32::from(pixel[index]));
        let (upper, lower) = (a + (b - a) * dx, c + (d - c) * dx);
        *channel = (upper + (lower - upper) * dy).round() as u8;
    }
    Rgb(color)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(roll: f64) -> Record {
        let mut record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record");
        record.camera.roll_deg = roll;
        record
    }

    #[test]
    fn a_level_edge_of_the_room_is_level_in_the_picture() {
        for roll in [-31.0, -4.6, 0.3, 12.0] {
            let framing = Framing::of(&record(roll), Attitude::Upright);
            // Upright things appear turned clockwise by a positive roll.
            let (sin, cos) = roll.to_radians().sin_cos();
            let [a, b] = [Point::new(300.0, 500.0), Point::new(300.0 + 200.0 * cos, 500.0 + 200.0 * sin)]
                .map(|p| framing.place(p));
            assert!((a.y - b.y).abs() < 1e-9 && (b.x - a.x - 200.0).abs() < 1e-9, "{a:?} {b:?}");
            let as_taken = Framing::of(&record(roll), Attitude::AsTaken);
            assert_eq!((as_taken.place(a), as_taken.size), (a, [1080.0, 1440.0]));
        }
    }

    #[test]
    fn what_is_painted_in_the_photo_is_found_where_its_point_is_shown() {
        let record = record(-7.5);
        let framing = Framing::of(&record, Attitude::Upright);
        let mut photo = RgbImage::from_pixel(1080, 1440, Rgb([90; 3]));
        for y in 695..705 {
            for x in 395..405 {
                photo.put_pixel(x, y, Rgb([255, 0, 0]));
            }
        }
        let half = imageops::thumbnail(&photo, 540, 720);
        for (copy, side) in [(&photo, 4000.0), (&photo, 800.0), (&half, 4000.0)] {
            let shown = framing.whole(copy, 1080, side);
            let scale = f64::from(shown.width()) / framing.size[0];
            let at = framing.place(Point::new(400.0, 700.0));
            let pixel = shown.get_pixel((at.x * scale) as u32, (at.y * scale) as u32);
            assert!(pixel[0] > 200 && pixel[1] < 60, "{pixel:?}");
            // The picture contains the whole photo, and plain background in the corners.
            assert_eq!(*shown.get_pixel(0, 0), BEYOND);
            let cut = framing.cut(copy, 1080, [at.x - 60.0, at.y - 40.0, at.x + 60.0, at.y + 40.0], side);
            assert!(cut.get_pixel(cut.width() / 2, cut.height() / 2)[0] > 200);
        }
    }

    #[test]
    fn a_level_photo_stays_as_it_is() {
        let photo = RgbImage::from_fn(1080, 1440, |x, y| Rgb([x as u8, y as u8, 7]));
        for record in [record(0.0), record(0.04)] {
            assert_eq!(Framing::of(&record, Attitude::Upright).whole(&photo, 1080, 2000.0), photo);
        }
    }
}
