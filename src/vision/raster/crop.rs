//! Regions of a photo, and the tensors that are cut out of them. Each crop includes its own map back to photo pixels.

use std::sync::OnceLock;

use image::{GrayImage, RgbImage};
use ndarray::Array4;

use crate::core::geometry::{Affine, Point};
use crate::vision::raster::region::{Border, CropForm, Region, Sampling};
use crate::vision::raster::resample::{self, RGB, Raster};

/// A tensor cut out of a photo, with the map back to it.
#[derive(Debug, Clone)]
pub struct Crop {
    /// 1 x size x size x 3 (rows, columns, RGB), values as defined by [`CropForm`].
    pub tensor: Array4<f32>,
    /// From tensor pixels to places in the photo. Its determinant is negative when the crop is mirrored.
    pub to_photo: Affine,
}

/// Converts a map to places in a photo into a map to pixel numbers of the photo averaged down by `factor`, without its first `left`
/// columns: a place counts from the photo's edge, and pixel k's centre lies at k + 1/2.
pub(crate) fn to_pixels(to_photo: &Affine, factor: f64, left: f64) -> Affine {
    let share = 1.0 / factor;
    Affine {
        xx: to_photo.xx * share,
        xy: to_photo.xy * share,
        tx: (to_photo.tx - left) * share - 0.5,
        yx: to_photo.yx * share,
        yy: to_photo.yy * share,
        ty: to_photo.ty * share - 0.5,
    }
}

/// A part of a photo in grey, averaged down.
#[derive(Debug, Clone)]
pub struct Grey {
    /// The pixels.
    pub image: GrayImage,
    /// Photo pixels per pixel.
    pub factor: f64,
    /// The left edge of the part, in photo pixels.
    pub left: f64,
    /// The top edge of the part, in photo pixels.
    pub top: f64,
}

/// The largest number of halvings of a picture.
const DEEPEST: usize = 5;

/// A photo's pixels with the averaged-down copies that crops read from, each made on first use.
#[derive(Debug)]
pub struct Pyramid<'a> {
    levels: [OnceLock<RgbImage>; DEEPEST],
    /// The finest level available.
    finest: &'a RgbImage,
    /// How often that level is already halved.
    halvings: usize,
    /// Width and height of the photo.
    size: (u32, u32),
    handed: OnceLock<bool>,
}

impl<'a> Pyramid<'a> {
    /// A pyramid over the photo's own pixels.
    #[must_use]
    pub fn new(full: &'a RgbImage) -> Self {
        Self::of_reduced(full, full.dimensions(), 0)
    }

    /// A pyramid over a copy of a photo of `size` px that was halved `halvings` times; places stay those of the photo.
    #[must_use]
    pub fn of_reduced(finest: &'a RgbImage, size: (u32, u32), halvings: usize) -> Self {
        Self { levels: std::array::from_fn(|_| OnceLock::new()), finest, halvings, size, handed: OnceLock::new() }
    }

    /// Width and height of the photo, in pixels.
    #[must_use]
    pub fn size(&self) -> (f64, f64) {
        (f64::from(self.size.0), f64::from(self.size.1))
    }

    /// The photo halved `halvings` times, within the available levels, and how often it was halved.
    fn level(&self, halvings: usize) -> (&RgbImage, usize) {
        let further = self.further(halvings.saturating_sub(self.halvings));
        (further.0, further.1 + self.halvings)
    }

    /// The finest level halved this many times further.
    fn further(&self, halvings: usize) -> (&RgbImage, usize) {
        let shorter = self.finest.width().min(self.finest.height()).max(1);
        let halvings = halvings.min(DEEPEST).min(shorter.ilog2() as usize);
        let halve = |image: &RgbImage, factor: u32| reduced(image, factor, self.is_handed());
        match halvings {
            0 => (self.finest, 0),
            1 => (self.levels[0].get_or_init(|| halve(self.finest, 2)), 1),
            // Directly from the photo: the copy of half its size is large and seldom needed itself.
            2 => (self.levels[1].get_or_init(|| halve(self.finest, 4)), 2),
            deeper => {
                let finer = self.further(deeper - 1).0;
                (self.levels[deeper - 1].get_or_init(|| halve(finer, 2)), deeper)
            }
        }
    }

    /// The number of the photo's columns that the copy halved `halvings` times leaves out at the left: if the width is not a multiple,
    /// the remainder is dropped on one side, and for the mirror image on the opposite side.
    fn left_out(&self, halvings: usize) -> u32 {
        if self.is_handed() { 0 } else { self.size.0 % (1 << halvings) }
    }

    /// A part of the photo (left, top, right, bottom in photo pixels, including partly covered pixels) in grey, averaged down until the
    /// photo's longer side would be at most twice `side` px.
    #[must_use]
    pub fn grey(&self, side: u32, [left, top, right, bottom]: [f64; 4]) -> Grey {
        let halvings = (self.size.0.max(self.size.1) / side.max(1)).max(1).ilog2();
        let (image, done) = self.level(halvings as usize);
        let factor = f64::from(1_u32 << done);
        let left_out = f64::from(self.left_out(done));
        let low = |edge: f64, size: u32| ((edge / factor).floor().max(0.0) as u32).min(size);
        let high = |edge: f64, size: u32| ((edge / factor).ceil().max(0.0) as u32).min(size);
        let (left, right) = (low(left - left_out, image.width()), high(right - left_out, image.width()));
        let (top, bottom) = (low(top, image.height()), high(bottom, image.height()));
        let (width, height) = (right.saturating_sub(left), bottom.saturating_sub(top));
        let mut values = Vec::with_capacity(width as usize * height as usize);
        for row in top..top + height {
            let start = 3 * (row as usize * image.width() as usize + left as usize);
            let pixels = image.as_raw()[start..start + 3 * width as usize].chunks_exact(3);
            // The weights of Rec. 709.
            let luma = |p: &[u8]| (13_933 * u32::from(p[0]) + 46_871 * u32::from(p[1]) + 4_732 * u32::from(p[2])) >> 16;
            values.extend(pixels.map(|p| luma(p) as u8));
        }
        let image = GrayImage::from_raw(width, height, values).unwrap_or_default();
        Grey { image, factor, left: f64::from(left) * factor + left_out, top: f64::from(top) * factor }
    }

    /// Whether a single reading uses the photo and not its mirror image: it uses the one whose left half is brighter. A photo and its
    /// mirror image are then read alike, and neither side is favoured.
    #[must_use]
    pub fn is_handed(&self) -> bool {
        // Whole rows, with no column left out: these sums are exactly opposite in the mirror image.
        const ROWS: u32 = 128;
        *self.handed.get_or_init(|| {
            let stride = 3 * self.finest.width().max(1) as usize;
            let step = (self.finest.height() / ROWS).max(1) as usize;
            let last = i64::from(self.finest.width()) - 1;
            let pull = |row: &[u8]| -> i64 {
                let light = row.chunks_exact(3).map(|p| p.iter().map(|&v| i64::from(v)).sum::<i64>());
                light.enumerate().map(|(x, light)| (last - 2 * x as i64) * light).sum()
            };
            self.finest.as_raw().chunks_exact(stride).step_by(step).map(pull).sum::<i64>() >= 0
        })
    }

    /// Cuts a region out.
    #[must_use]
    pub fn crop(&self, region: Region, form: &CropForm) -> Crop {
        self.cut(region.to_photo(form.size), form)
    }

    /// Cuts a region out and mirrors it left to right.
    #[must_use]
    pub fn crop_mirrored(&self, region: Region, form: &CropForm) -> Crop {
        let map = region.to_photo(form.size);
        let size = form.size as f64;
        let flipped =
            Affine { xx: -map.xx, yx: -map.yx, tx: map.tx + size * map.xx, ty: map.ty + size * map.yx, ..map };
        self.cut(flipped, form)
    }

    /// The tensor whose pixel (i, j) shows the photo at `to_photo` of (i, j).
    fn cut(&self, to_photo: Affine, form: &CropForm) -> Crop {
        let step = to_photo.xx.hypot(to_photo.yx);
        let wanted = match form.sampling {
            Sampling::Bilinear => 0,
            Sampling::Averaged => step.max(1.0).log2().floor() as usize,
        };
        let (image, halvings) = self.level(wanted);
        let map = to_pixels(&to_photo, f64::from(1_u32 << halvings), f64::from(self.left_out(halvings)));
        let mut values = vec![0.0; form.size * form.size * 3];
        match form.sampling {
            Sampling::Averaged => Raster::whole(image.as_raw(), image.width() as usize, image.height() as usize).fill(
                &map,
                form,
                RGB,
                &mut values,
            ),
            Sampling::Bilinear => fill_as_opencv(image, &map, form, &mut values),
        }
        let tensor = Array4::from_shape_vec((1, form.size, form.size, 3), values)
            .unwrap_or_else(|_| Array4::zeros((1, form.size, form.size, 3)));
        Crop { tensor, to_photo }
    }
}

/// A picture of `1 / factor` the width and height, each pixel the mean of `factor x factor`; the remainder is dropped at the bottom, and
/// at the right or else at the left.
fn reduced(image: &RgbImage, factor: u32, from_left: bool) -> RgbImage {
    let (width, height) = (image.width() / factor, image.height() / factor);
    let part = [0, 0, width as usize, height as usize];
    let skipped = if from_left { 0 } else { 3 * (image.width() % factor) as usize };
    let bytes = &image.as_raw()[skipped..];
    let mut out = Vec::new();
    resample::average(bytes, image.width() as usize, factor as usize, part, &mut out, &mut Vec::new());
    RgbImage::from_raw(width, height, out).unwrap_or_default()
}

fn fill_as_opencv(image: &RgbImage, map: &Affine, form: &CropForm, values: &mut [f32]) {
    let gain = (form.white - form.black) / 255.0;
    for (index, out) in values.chunks_exact_mut(3).enumerate() {
        let (row, column) = (index / form.size, index % form.size);
        let rgb = bilinear_opencv(image, map.apply(Point::new(column as f64, row as f64)), form.border);
        for (out, level) in out.iter_mut().zip(rgb) {
            *out = form.black + gain * level;
        }
    }
}

/// The picture interpolated between pixels, bit for bit as OpenCV's `warpPerspective` gives it to MediaPipe: places in steps of 1/32
/// pixel, channels rounded to whole levels. The detector is sensitive to this: exact sampling instead moves the joints by a median of 0.2
/// % of the trunk.
fn bilinear_opencv(image: &RgbImage, at: Point, border: Border) -> [f32; 3] {
    let (width, height) = (i64::from(image.width()), i64::from(image.height()));
    let fixed = |v: f64| (32.0 * v).round_ties_even() as i64;
    let (x, y) = (fixed(at.x), fixed(at.y));
    let (left, top, share_x, share_y) = (x >> 5, y >> 5, (x & 31) as u32, (y & 31) as u32);
    let mut sums = [512_u32; 3];
    for (row, weight_y) in [(top, 32 - share_y), (top + 1, share_y)] {
        for (column, weight_x) in [(left, 32 - share_x), (left + 1, share_x)] {
            let inside = (0..width).contains(&column) && (0..height).contains(&row);
            if inside || border == Border::Replicate {
                let (column, row) = (column.clamp(0, width - 1) as u32, row.clamp(0, height - 1) as u32);
                for (sum, level) in sums.iter_mut().zip(image.get_pixel(column, row).0) {
                    *sum += weight_x * weight_y * u32::from(level);
                }
            }
        }
    }
    sums.map(|sum| (sum >> 10) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::Vec2;
    use image::Rgb;

    const FORM: CropForm =
        CropForm { size: 8, black: 0.0, white: 1.0, border: Border::Replicate, sampling: Sampling::Bilinear };

    /// Red grows with x, green with y.
    fn ramp(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 7]))
    }

    #[test]
    fn a_tensor_pixel_shows_the_photo_where_its_map_points() {
        let photo = ramp(200, 150);
        let region = Region { center: Point::new(90.0, 70.0), side: 40.0, rotation: 0.4 };
        let crop = Pyramid::new(&photo).crop(region, &FORM);
        for (column, row) in [(0_usize, 0_usize), (3, 5), (7, 2)] {
            // Pixel k holds the level k, and its centre lies at k + 1/2.
            let at = crop.to_photo.apply(Point::new(column as f64, row as f64)) + Vec2::new(-0.5, -0.5);
            assert!((f64::from(crop.tensor[[0, row, column, 0]]) * 255.0 - at.x).abs() < 0.55); // whole levels
            assert!((f64::from(crop.tensor[[0, row, column, 1]]) * 255.0 - at.y).abs() < 0.55);
        }
    }

    #[test]
    fn averaging_down_keeps_places() {
        let photo = ramp(240, 240);
        let region = Region { center: Point::new(120.0, 120.0), side: 160.0, rotation: 0.0 };
        let crop = Pyramid::new(&photo).crop(region, &CropForm { sampling: Sampling::Averaged, ..FORM });
        let at = crop.to_photo.apply(Point::new(4.0, 4.0)) + Vec2::new(-0.5, -0.5);
        // 16 photo pixels per tensor pixel: a ramp's average is its value in the middle, up to rounding to whole levels.
        assert!((f64::from(crop.tensor[[0, 4, 4, 0]]) * 255.0 - at.x).abs() < 1.5);
    }

    #[test]
    fn a_reduced_copy_gives_the_same_crops_at_the_same_places() {
        let photo = RgbImage::from_fn(512, 480, |x, y| Rgb([(x / 2) as u8, (y / 2) as u8, ((x ^ y) & 127) as u8]));
        let halved = reduced(&photo, 2, true);
        let form = CropForm { sampling: Sampling::Averaged, ..FORM };
        let region = Region { center: Point::new(260.0, 230.0), side: 300.0, rotation: 0.2 };
        let (whole, copy) = (Pyramid::new(&photo), Pyramid::of_reduced(&halved, (512, 480), 1));
        assert_eq!(copy.size(), (512.0, 480.0));
        let (a, b) = (whole.crop(region, &form), copy.crop(region, &form));
        assert_eq!(a.to_photo, b.to_photo);
        // Halved twice with rounding in between, compared with a single step.
        assert!(a.tensor.iter().zip(&b.tensor).all(|(a, b)| (a - b).abs() < 1.5 / 255.0));
        let all = [0.0, 0.0, 512.0, 480.0];
        assert_eq!(whole.grey(64, all).factor, copy.grey(64, all).factor);
        assert_eq!(copy.grey(512, all).factor, 2.0);
    }

    #[test]
    fn a_grey_part_is_a_part_of_the_grey_photo() {
        let photo = RgbImage::from_fn(512, 480, |x, y| Rgb([(x / 2) as u8, (y / 2) as u8, ((x ^ y) & 127) as u8]));
        let pyramid = Pyramid::new(&photo);
        let whole = pyramid.grey(256, [0.0, 0.0, 512.0, 480.0]);
        let part = pyramid.grey(256, [101.0, -20.0, 300.0, 47.5]);
        assert_eq!((part.factor, part.left, part.top, part.image.dimensions()), (2.0, 100.0, 0.0, (100, 24)));
        assert!(part.image.enumerate_pixels().all(|(x, y, p)| p == whole.image.get_pixel(x + 50, y)));
    }

    #[test]
    fn of_a_photo_and_its_mirror_image_one_is_handed() {
        let photo = ramp(200, 150);
        assert!(!Pyramid::new(&photo).is_handed());
        assert!(Pyramid::new(&image::imageops::flip_horizontal(&photo)).is_handed());
    }

    #[test]
    fn a_mirrored_crop_is_the_crop_of_the_mirrored_photo() {
        let photo = RgbImage::from_fn(101, 80, |x, y| Rgb([(x * 7 % 251) as u8, (y * 3) as u8, (x * y % 200) as u8]));
        let flipped = image::imageops::flip_horizontal(&photo);
        let region = Region { center: Point::new(40.0, 45.0), side: 50.0, rotation: 0.3 };
        let a = Pyramid::new(&photo).crop_mirrored(region, &FORM);
        let b = Pyramid::new(&flipped).crop(region.mirrored(101.0), &FORM);
        for (x, y) in a.tensor.iter().zip(&b.tensor) {
            assert!((x - y).abs() < 1e-4, "{x} {y}");
        }
    }

    #[test]
    fn a_mirrored_photo_of_any_width_is_averaged_down_to_the_mirrored_copies() {
        let form = CropForm { sampling: Sampling::Averaged, ..FORM };
        for width in 253..=264 {
            let value = |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).rotate_left(9) as u8;
            let photo = RgbImage::from_fn(width, 240, |x, y| Rgb([value(x, y), (x / 2) as u8, y as u8]));
            let flipped = image::imageops::flip_horizontal(&photo);
            let (plain, other) = (Pyramid::new(&photo), Pyramid::new(&flipped));
            assert_ne!(plain.is_handed(), other.is_handed());
            let (whole, long) = ([0.0, 0.0, f64::from(width), 240.0], f64::from(width));
            let (grey, mirrored) = (plain.grey(30, whole), other.grey(30, whole));
            assert_eq!(grey.image, image::imageops::flip_horizontal(&mirrored.image));
            assert_eq!(grey.left + grey.factor * f64::from(grey.image.width()), long - mirrored.left);
            for side in [20.0, 40.0, 70.0, 130.0] {
                let region = Region { center: Point::new(120.3, 110.0), side, rotation: 0.2 };
                let a = plain.crop_mirrored(region, &form);
                let b = other.crop(region.mirrored(long), &form);
                assert!(a.tensor.iter().zip(&b.tensor).all(|(a, b)| (a - b).abs() < 1e-4), "{width} {side}");
            }
        }
    }

    #[test]
    fn outside_is_black_or_the_edge() {
        let photo = RgbImage::from_pixel(4, 4, Rgb([200, 100, 50]));
        let region = Region { center: Point::new(-50.0, -50.0), side: 8.0, rotation: 0.0 };
        let black = Pyramid::new(&photo).crop(region, &CropForm { black: -1.0, border: Border::Black, ..FORM });
        assert!(black.tensor.iter().all(|&v| v == -1.0));
        let edge = Pyramid::new(&photo).crop(region, &FORM);
        assert!((edge.tensor[[0, 0, 0, 0]] - 200.0 / 255.0).abs() < 1e-6);
    }
}
