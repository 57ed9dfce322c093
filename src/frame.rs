//! One frame of a video as a decoder leaves it: blue, green, red, row after row, borrowed and never copied whole.
//!
//! A [`Cutter`] cuts the same tensors out of it as [`Pyramid`](crate::crop::Pyramid) cuts out of a photo, and keeps its
//! buffers: only the part of the frame that the crop shows is averaged down, into the same memory each time.

use ndarray::Array4;

use crate::crop::{Border, Crop, CropForm, Region, Sampling};
use crate::geometry::{Affine, Point};

/// A frame's pixels.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    bgr: &'a [u8],
    width: usize,
    height: usize,
}

impl<'a> Frame<'a> {
    /// A frame of `width` x `height` pixels, 3 bytes each, without gaps; `None` when the bytes are not as many, or none.
    #[must_use]
    pub fn new(bgr: &'a [u8], width: usize, height: usize) -> Option<Self> {
        (!bgr.is_empty() && bgr.len() == width * height * 3).then_some(Self { bgr, width, height })
    }

    /// Width and height, in pixels.
    #[must_use]
    pub fn size(&self) -> (f64, f64) {
        (self.width as f64, self.height as f64)
    }

    /// A copy as the photo program's pictures are: red, green, blue.
    #[must_use]
    pub fn to_rgb(&self) -> image::RgbImage {
        let bytes = self.bgr.chunks_exact(3).flat_map(|p| [p[2], p[1], p[0]]).collect();
        image::RgbImage::from_raw(self.width as u32, self.height as u32, bytes).unwrap_or_default()
    }
}

/// A frame is averaged down by this at most.
const COARSEST: usize = 16;

/// Cuts tensors out of frames, into the same memory each time.
#[derive(Debug)]
pub struct Cutter {
    form: CropForm,
    /// The part of the frame that the crop shows, averaged down.
    part: Vec<u8>,
    sums: Vec<u16>,
    crop: Crop,
}

/// The averaged-down part of a frame that a crop reads from.
struct Part<'a> {
    bytes: &'a [u8],
    /// Columns and rows of the whole frame averaged down.
    columns: i64,
    rows: i64,
    /// The part's own first column and row, and how many columns it has.
    left: i64,
    top: i64,
    width: i64,
}

impl Cutter {
    /// A cutter for a model's tensors.
    #[must_use]
    pub fn new(form: CropForm) -> Self {
        let tensor = Array4::zeros((1, form.size, form.size, 3));
        let to_photo = Affine { xx: 1.0, xy: 0.0, tx: 0.0, yx: 0.0, yy: 1.0, ty: 0.0 };
        Self { form, part: Vec::new(), sums: Vec::new(), crop: Crop { tensor, to_photo } }
    }

    /// Cuts a region out, mirrored left to right if asked; the crop is good until the next cut.
    pub fn cut(&mut self, frame: &Frame<'_>, region: Region, mirrored: bool) -> &Crop {
        let size = self.form.size as f64;
        let map = region.to_photo(self.form.size);
        let to_photo = if mirrored {
            Affine { xx: -map.xx, yx: -map.yx, tx: map.tx + size * map.xx, ty: map.ty + size * map.yx, ..map }
        } else {
            map
        };
        self.crop.to_photo = to_photo;
        let step = to_photo.xx.hypot(to_photo.yx);
        let shortest = frame.width.min(frame.height);
        let factor = match self.form.sampling {
            Sampling::Bilinear => 1,
            Sampling::Averaged => (1_usize << (step.max(1.0).log2() as usize).min(4)).min(COARSEST),
        };
        let factor = if factor > shortest { 1 } else { factor };
        // Pixel k of the averaged frame stands in the middle of the `factor` pixels that it averages.
        let share = 1.0 / factor as f64;
        let middle = 0.5 * (factor as f64 - 1.0);
        let map = Affine {
            xx: to_photo.xx * share,
            xy: to_photo.xy * share,
            tx: (to_photo.tx - middle) * share,
            yx: to_photo.yx * share,
            yy: to_photo.yy * share,
            ty: (to_photo.ty - middle) * share,
        };
        let (columns, rows) = (frame.width / factor, frame.height / factor);
        let corners = [(0.0, 0.0), (size, 0.0), (0.0, size), (size, size)].map(|(x, y)| map.apply(Point::new(x, y)));
        let span = |pick: fn(&Point) -> f64, count: usize| {
            let (low, high) = corners.iter().map(pick).fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(v), b.max(v)));
            let last = count as f64 - 1.0;
            // At least one pixel, also of a region that lies beside the frame.
            (low.floor().clamp(0.0, last) as usize, (high.ceil() + 1.0).clamp(0.0, last) as usize + 1)
        };
        let ((left, right), (top, bottom)) = (span(|p| p.x, columns), span(|p| p.y, rows));
        let part = if factor == 1 {
            Part {
                bytes: frame.bgr,
                columns: columns as i64,
                rows: rows as i64,
                left: 0,
                top: 0,
                width: columns as i64,
            }
        } else {
            average(frame, factor, [left, top, right, bottom], &mut self.part, &mut self.sums);
            Part {
                bytes: &self.part,
                columns: columns as i64,
                rows: rows as i64,
                left: left as i64,
                top: top as i64,
                width: (right - left) as i64,
            }
        };
        let gain = (self.form.white - self.form.black) / 255.0;
        let black = self.form.black;
        let values = self.crop.tensor.as_slice_mut().unwrap_or_default();
        for (row, line) in values.chunks_exact_mut(3 * self.form.size).enumerate() {
            let start = map.apply(Point::new(0.0, row as f64));
            for (column, out) in line.chunks_exact_mut(3).enumerate() {
                let column = column as f64;
                let (x, y) = ((start.x + column * map.xx) as f32, (start.y + column * map.yx) as f32);
                let [blue, green, red] = match self.form.border {
                    Border::Replicate => part.replicated(x, y),
                    Border::Black => part.in_black(x, y),
                };
                out[0] = black + gain * red;
                out[1] = black + gain * green;
                out[2] = black + gain * blue;
            }
        }
        &self.crop
    }
}

fn mix(a: [f32; 3], b: [f32; 3], share: f32) -> [f32; 3] {
    [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]
}

impl Part<'_> {
    fn pixel(&self, column: i64, row: i64) -> [f32; 3] {
        let index = 3 * ((row - self.top) * self.width + column - self.left) as usize;
        match self.bytes.get(index..index + 3) {
            Some(p) => [f32::from(p[0]), f32::from(p[1]), f32::from(p[2])],
            None => [0.0; 3],
        }
    }

    /// The frame at a place between pixels, where all four lie inside the part; most places are such.
    fn inside(&self, x: f32, y: f32) -> Option<[f32; 3]> {
        // Below 0 the conversion stops at 0, and the last column or row has no neighbour.
        if x < 0.0 || y < 0.0 {
            return None;
        }
        let (left, top) = (x as usize, y as usize);
        if left + 1 >= self.columns as usize || top + 1 >= self.rows as usize {
            return None;
        }
        let stride = 3 * self.width as usize;
        let at = top.checked_sub(self.top as usize)? * stride + 3 * left.checked_sub(self.left as usize)?;
        let upper: &[u8; 6] = self.bytes.get(at..at + 6)?.try_into().ok()?;
        let lower: &[u8; 6] = self.bytes.get(at + stride..at + stride + 6)?.try_into().ok()?;
        let (share_x, share_y) = (x - left as f32, y - top as f32);
        let (right_below, left_below) = (share_x * share_y, (1.0 - share_x) * share_y);
        let (right_above, left_above) = (share_x - right_below, 1.0 - share_x - left_below);
        let mixed = |channel: usize| {
            f32::from(upper[channel]) * left_above
                + f32::from(upper[channel + 3]) * right_above
                + f32::from(lower[channel]) * left_below
                + f32::from(lower[channel + 3]) * right_below
        };
        Some([mixed(0), mixed(1), mixed(2)])
    }

    /// The frame at a place between pixels; outside, the nearest edge pixel.
    fn replicated(&self, x: f32, y: f32) -> [f32; 3] {
        if let Some(found) = self.inside(x, y) {
            return found;
        }
        let (last_x, last_y) = (self.columns - 1, self.rows - 1);
        let (x, y) = (x.clamp(0.0, last_x as f32), y.clamp(0.0, last_y as f32));
        let (left, top) = (x as i64, y as i64);
        let (right, bottom) = ((left + 1).min(last_x), (top + 1).min(last_y));
        let (share_x, share_y) = (x - left as f32, y - top as f32);
        let upper = mix(self.pixel(left, top), self.pixel(right, top), share_x);
        let lower = mix(self.pixel(left, bottom), self.pixel(right, bottom), share_x);
        mix(upper, lower, share_y)
    }

    /// The frame at a place between pixels; outside, black.
    fn in_black(&self, x: f32, y: f32) -> [f32; 3] {
        if let Some(found) = self.inside(x, y) {
            return found;
        }
        if x <= -1.0 || y <= -1.0 || x >= self.columns as f32 || y >= self.rows as f32 {
            return [0.0; 3];
        }
        let (left, top) = (x.floor(), y.floor());
        let (share_x, share_y) = (x - left, y - top);
        let (left, top) = (left as i64, top as i64);
        let read = |column: i64, row: i64| {
            let inside = (0..self.columns).contains(&column) && (0..self.rows).contains(&row);
            if inside { self.pixel(column, row) } else { [0.0; 3] }
        };
        let upper = mix(read(left, top), read(left + 1, top), share_x);
        let lower = mix(read(left, top + 1), read(left + 1, top + 1), share_x);
        mix(upper, lower, share_y)
    }
}

/// Averages blocks of `factor` x `factor` pixels; the part is left, top, right, bottom in blocks.
fn average(frame: &Frame<'_>, factor: usize, part: [usize; 4], out: &mut Vec<u8>, sums: &mut Vec<u16>) {
    match factor {
        2 => average_by::<2>(frame, part, out, sums),
        4 => average_by::<4>(frame, part, out, sums),
        8 => average_by::<8>(frame, part, out, sums),
        _ => average_by::<COARSEST>(frame, part, out, sums),
    }
}

fn average_by<const N: usize>(
    frame: &Frame<'_>,
    [left, top, right, bottom]: [usize; 4],
    out: &mut Vec<u8>,
    sums: &mut Vec<u16>,
) {
    let width = right - left;
    let stride = 3 * frame.width;
    let area = (N * N) as u16;
    out.clear();
    out.reserve(3 * width * (bottom - top));
    sums.resize(3 * width, 0);
    for row in top..bottom {
        sums.fill(0);
        for line in 0..N {
            let line = &frame.bgr[(N * row + line) * stride + 3 * N * left..][..3 * N * width];
            for (sum, pixels) in sums.chunks_exact_mut(3).zip(line.chunks_exact(3 * N)) {
                for pixel in pixels.chunks_exact(3) {
                    for (sum, &value) in sum.iter_mut().zip(pixel) {
                        *sum += u16::from(value);
                    }
                }
            }
        }
        out.extend(sums.iter().map(|&sum| ((sum + area / 2) / area) as u8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crop::Pyramid;
    use image::{Rgb, RgbImage};

    fn noise(width: u32, height: u32) -> (RgbImage, Vec<u8>) {
        let rgb = RgbImage::from_fn(width, height, |x, y| {
            let v = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)).rotate_left(7);
            Rgb([(v >> 8) as u8, (v >> 16) as u8, (x + 2 * y) as u8])
        });
        let bgr = rgb.pixels().flat_map(|p| [p.0[2], p.0[1], p.0[0]]).collect();
        (rgb, bgr)
    }

    #[test]
    fn a_cut_is_what_a_photo_of_the_same_pixels_gives() {
        let (rgb, bgr) = noise(320, 200);
        let frame = Frame::new(&bgr, 320, 200).expect("as many bytes");
        let pyramid = Pyramid::new(&rgb);
        for border in [Border::Black, Border::Replicate] {
            let form = CropForm { size: 32, black: -1.0, white: 1.0, border, sampling: Sampling::Averaged };
            let mut cutter = Cutter::new(form);
            for (x, y, side, rotation) in [
                (160.0, 100.0, 25.0, 0.0),
                (150.0, 90.0, 70.0, 0.3),
                (100.0, 110.0, 150.0, -0.5),
                (310.0, 190.0, 200.0, 1.2),
                (-400.0, 30.0, 90.0, 0.0),
            ] {
                let region = Region { center: Point::new(x, y), side, rotation };
                for mirrored in [false, true] {
                    let photo =
                        if mirrored { pyramid.crop_mirrored(region, &form) } else { pyramid.crop(region, &form) };
                    let cut = cutter.cut(&frame, region, mirrored);
                    assert_eq!(cut.to_photo, photo.to_photo);
                    for (a, b) in cut.tensor.iter().zip(&photo.tensor) {
                        assert!((a - b).abs() < 2e-3, "{border:?} {region:?} {mirrored}: {a} {b}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_buffers_stay_where_they_are() {
        let (_, bgr) = noise(640, 480);
        let frame = Frame::new(&bgr, 640, 480).expect("as many bytes");
        let form =
            CropForm { size: 64, black: 0.0, white: 1.0, border: Border::Replicate, sampling: Sampling::Averaged };
        let mut cutter = Cutter::new(form);
        let region = Region { center: Point::new(320.0, 240.0), side: 400.0, rotation: 0.1 };
        let place = |cutter: &mut Cutter| cutter.cut(&frame, region, false).tensor.as_ptr();
        let (first, part) = (place(&mut cutter), cutter.part.as_ptr());
        for _ in 0..5 {
            assert_eq!((place(&mut cutter), cutter.part.as_ptr()), (first, part));
        }
    }

    #[test]
    fn bytes_that_do_not_fit_are_no_frame() {
        assert!(Frame::new(&[], 0, 0).is_none() && Frame::new(&[0; 10], 2, 2).is_none());
        let frame = Frame::new(&[1, 2, 3], 1, 1).expect("one pixel");
        assert_eq!(frame.to_rgb().into_raw(), [3, 2, 1]);
    }
}
