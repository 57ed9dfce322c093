//! Averaging and interpolation of pixels, for crops of photos and of video frames.

use crate::core::geometry::{Affine, Point};
use crate::vision::raster::region::Border;
use crate::vision::raster::region::CropForm;

/// The position of each byte of a pixel: 0 is red, 1 green, 2 blue.
pub(crate) type Order = [usize; 3];

/// Red first, as in photos.
pub(crate) const RGB: Order = [0, 1, 2];
/// Blue first, as in video frames.
pub(crate) const BGR: Order = [2, 1, 0];

/// Rows of pixels of three bytes each; possibly only the part of a picture that is needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raster<'a> {
    pub(crate) bytes: &'a [u8],
    /// Columns and rows of the whole picture.
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// The part's first column and row, and how many columns it has.
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
}

fn mix(a: [f32; 3], b: [f32; 3], share: f32) -> [f32; 3] {
    [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]
}

/// Places are fixed-point numbers with this many fractional bits: adding them is faster than converting floats to places.
const FRACTION: u32 = 32;

fn fixed(v: f64) -> i64 {
    (v * f64::from(FRACTION).exp2()).round() as i64
}

fn floating(v: i64) -> f32 {
    (v as f64 / f64::from(FRACTION).exp2()) as f32
}

impl<'a> Raster<'a> {
    /// All of a picture.
    pub(crate) fn whole(bytes: &'a [u8], columns: usize, rows: usize) -> Self {
        Self { bytes, columns, rows, left: 0, top: 0, width: columns }
    }

    /// Fills a tensor (rows, columns, red-green-blue) whose pixel (i, j) shows the picture at `map` of (i, j).
    pub(crate) fn fill(&self, map: &Affine, form: &CropForm, order: Order, tensor: &mut [f32]) {
        let gain = (form.white - form.black) / 255.0;
        let step = (fixed(map.xx), fixed(map.yx));
        for (row, line) in tensor.chunks_exact_mut(3 * form.size).enumerate() {
            let start = map.apply(Point::new(0.0, row as f64));
            let (mut x, mut y) = (fixed(start.x), fixed(start.y));
            for out in line.chunks_exact_mut(3) {
                let [first, second, third] = match (self.inside(x, y), form.border) {
                    (Some([first, second, third, _]), _) => [first, second, third],
                    (None, Border::Replicate) => self.replicated(floating(x), floating(y)),
                    (None, Border::Black) => self.in_black(floating(x), floating(y)),
                };
                out[order[0]] = form.black + gain * first;
                out[order[1]] = form.black + gain * second;
                out[order[2]] = form.black + gain * third;
                x += step.0;
                y += step.1;
            }
        }
    }

    fn pixel(&self, column: usize, row: usize) -> [f32; 3] {
        // A place outside the part wraps round to an index that is too large.
        let index = row.wrapping_sub(self.top).wrapping_mul(self.width).wrapping_add(column).wrapping_sub(self.left);
        match index.checked_mul(3).and_then(|at| self.bytes.get(at..at.checked_add(3)?)) {
            Some(p) => [f32::from(p[0]), f32::from(p[1]), f32::from(p[2])],
            None => [0.0; 3],
        }
    }

    /// The picture interpolated between pixels, if all four lie inside the part, as for most places. The fourth number has no meaning:
    /// four at a time are as fast as three.
    #[inline]
    fn inside(&self, x: i64, y: i64) -> Option<[f32; 4]> {
        // Below 0 the number wraps round to a large one.
        let (left, top) = ((x >> FRACTION) as usize, (y >> FRACTION) as usize);
        let (column, row) = (left.wrapping_sub(self.left), top.wrapping_sub(self.top));
        // The last column or row has no neighbour.
        if left >= self.columns - 1 || top >= self.rows - 1 || column >= self.width {
            return None;
        }
        let share = |v: i64| (v as u32 >> 8) as i32 as f32 * (1.0 / 16_777_216.0);
        let (share_x, share_y) = (share(x), share(y));
        let stride = 3 * self.width;
        let at = row.checked_mul(stride)? + 3 * column;
        let (upper, lower) = (self.bytes.get(at..at + 7)?, self.bytes.get(at + stride..at + stride + 7)?);
        let (right_below, left_below) = (share_x * share_y, (1.0 - share_x) * share_y);
        let (right_above, left_above) = (share_x - right_below, 1.0 - share_x - left_below);
        let four = |bytes: &[u8], share: f32| -> [f32; 4] { std::array::from_fn(|i| f32::from(bytes[i]) * share) };
        let (a, b) = (four(&upper[..4], left_above), four(&upper[3..7], right_above));
        let (c, d) = (four(&lower[..4], left_below), four(&lower[3..7], right_below));
        Some(std::array::from_fn(|i| a[i] + b[i] + (c[i] + d[i])))
    }

    /// The picture interpolated between pixels; outside, the nearest edge pixel.
    fn replicated(&self, x: f32, y: f32) -> [f32; 3] {
        let (last_x, last_y) = (self.columns - 1, self.rows - 1);
        let (x, y) = (x.clamp(0.0, last_x as f32), y.clamp(0.0, last_y as f32));
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(last_x), (top + 1).min(last_y));
        let (share_x, share_y) = (x - left as f32, y - top as f32);
        let upper = mix(self.pixel(left, top), self.pixel(right, top), share_x);
        let lower = mix(self.pixel(left, bottom), self.pixel(right, bottom), share_x);
        mix(upper, lower, share_y)
    }

    /// The picture interpolated between pixels; outside, black.
    fn in_black(&self, x: f32, y: f32) -> [f32; 3] {
        if x <= -1.0 || y <= -1.0 || x >= self.columns as f32 || y >= self.rows as f32 {
            return [0.0; 3];
        }
        let (left, top) = (x.floor(), y.floor());
        let (share_x, share_y) = (x - left, y - top);
        let read = |column: f32, row: f32| {
            let inside = column >= 0.0 && row >= 0.0 && column < self.columns as f32 && row < self.rows as f32;
            if inside { self.pixel(column as usize, row as usize) } else { [0.0; 3] }
        };
        let upper = mix(read(left, top), read(left + 1.0, top), share_x);
        let lower = mix(read(left, top + 1.0), read(left + 1.0, top + 1.0), share_x);
        mix(upper, lower, share_y)
    }
}

/// The largest `factor` of [`average`]: the sum of 16 x 16 bytes just fits into 16 bits.
pub(crate) const COARSEST: usize = 16;

/// Averages blocks of `factor` (2, 4, 8 or [`COARSEST`]) x `factor` pixels of rows of `columns` pixels; `part` is left, top, right,
/// bottom in blocks. `sums` is working memory.
pub(crate) fn average(
    bytes: &[u8],
    columns: usize,
    factor: usize,
    part: [usize; 4],
    out: &mut Vec<u8>,
    sums: &mut Vec<u16>,
) {
    match factor {
        2 => average_by::<2>(bytes, columns, part, out, sums),
        4 => average_by::<4>(bytes, columns, part, out, sums),
        8 => average_by::<8>(bytes, columns, part, out, sums),
        _ => average_by::<COARSEST>(bytes, columns, part, out, sums),
    }
}

fn average_by<const N: usize>(
    bytes: &[u8],
    columns: usize,
    [left, top, right, bottom]: [usize; 4],
    out: &mut Vec<u8>,
    sums: &mut Vec<u16>,
) {
    let width = right - left;
    let area = (N * N) as u16;
    out.clear();
    out.reserve(3 * width * (bottom - top));
    sums.resize(3 * N * width, 0);
    for row in top..bottom {
        // Down the columns first: neighbouring bytes then have identical operations.
        sums.fill(0);
        for line in 0..N {
            let line = &bytes[3 * ((N * row + line) * columns + N * left)..][..3 * N * width];
            for (sum, &value) in sums.iter_mut().zip(line) {
                *sum += u16::from(value);
            }
        }
        for block in sums.chunks_exact(3 * N) {
            let mut total = [u32::from(area / 2); 3];
            for pixel in block.chunks_exact(3) {
                for (total, &sum) in total.iter_mut().zip(pixel) {
                    *total += u32::from(sum);
                }
            }
            out.extend(total.map(|total| (total / u32::from(area)) as u8));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_by_hand() {
        // Two rows of four pixels; the left block holds 0 to 3, the right one 255 throughout.
        let row = |a: u8, b: u8| [a, 0, 9, b, 0, 9, 255, 255, 255, 255, 255, 255];
        let bytes = [row(0, 1), row(2, 3)].concat();
        let (mut out, mut sums) = (Vec::new(), Vec::new());
        average(&bytes, 4, 2, [0, 0, 2, 1], &mut out, &mut sums);
        assert_eq!(out, [2, 0, 9, 255, 255, 255]); // 1.5 is rounded up
        average(&bytes, 4, 2, [1, 0, 2, 1], &mut out, &mut sums);
        assert_eq!(out, [255; 3]);
        let white = vec![255; 3 * COARSEST * COARSEST];
        average(&white, COARSEST, COARSEST, [0, 0, 1, 1], &mut out, &mut sums);
        assert_eq!(out, [255; 3]);
    }

    #[test]
    fn between_pixels_by_hand() {
        let bytes: Vec<u8> = [0, 100, 40, 240].into_iter().flat_map(|v| [v, 7, 255 - v]).collect();
        let raster = Raster::whole(&bytes, 2, 2);
        assert_eq!(raster.replicated(0.5, 0.5), [95.0, 7.0, 160.0]);
        assert_eq!(raster.replicated(-3.0, 0.5), [20.0, 7.0, 235.0]);
        assert_eq!(raster.in_black(-0.5, 0.0)[0], 0.0);
        assert_eq!(raster.in_black(1.5, 0.0), [50.0, 3.5, 77.5]);
        assert_eq!(raster.in_black(-1.0, 0.0), [0.0; 3]);
    }
}
