//! Grey planes for the search of edges: reduction by area averages, transposition, and the person's cells.

use image::GrayImage;

/// A picture larger than this on its long side is reduced to it before the search.
const LONG_SIDE: u32 = 1000;
/// Cell of the person grid, in pixels of the reduced picture.
const CELL: usize = 4;
/// Cells by which the person is widened.
const MARGIN_CELLS: usize = 3;

/// A grey picture: rows of bytes.
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<u8>,
}

/// Reduces the picture by area averages to at most [`LONG_SIDE`].
pub(crate) fn reduce(luma: &GrayImage) -> Plane {
    let (w, h) = luma.dimensions();
    let long = w.max(h);
    if long <= LONG_SIDE + LONG_SIDE / 10 {
        return Plane { width: w as usize, height: h as usize, data: luma.as_raw().clone() };
    }
    let factor = f64::from(long) / f64::from(LONG_SIDE);
    let width = (f64::from(w) / factor).round().max(1.0) as usize;
    let height = (f64::from(h) / factor).round().max(1.0) as usize;
    let columns = spans(w as usize, width);
    let rows = spans(h as usize, height);
    let (source, stride) = (luma.as_raw(), w as usize);
    let mut data = Vec::with_capacity(width * height);
    let mut sums = vec![0.0_f32; stride];
    for span in &rows {
        sums.fill(0.0);
        for row in span.first..=span.last {
            let weight = span.weight(row);
            for (sum, &value) in sums.iter_mut().zip(&source[row * stride..(row + 1) * stride]) {
                *sum += weight * f32::from(value);
            }
        }
        data.extend(columns.iter().map(|column| {
            let part = &sums[column.first..=column.last];
            // Removes the excess from counting the first and the last pixel in full.
            let rest = (WHOLE - column.head) * part[0] + (WHOLE - column.tail) * part[part.len() - 1];
            let total = WHOLE * part.iter().sum::<f32>() - rest;
            (total * span.share * column.share + 0.5) as u8
        }));
    }
    Plane { width, height, data }
}

/// The weight of a fully covered source pixel.
const WHOLE: f32 = 64.0;

/// Source pixels that one reduced pixel covers, the first and last in part (whole weights up to [`WHOLE`]).
struct Span {
    first: usize,
    last: usize,
    head: f32,
    tail: f32,
    /// The reciprocal of the sum of all weights.
    share: f32,
}

impl Span {
    fn weight(&self, index: usize) -> f32 {
        match index {
            i if i == self.first => self.head,
            i if i == self.last => self.tail,
            _ => WHOLE,
        }
    }
}

fn spans(from: usize, to: usize) -> Vec<Span> {
    let step = from as f64 / to as f64;
    (0..to)
        .map(|i| {
            let (low, high) = (i as f64 * step, ((i + 1) as f64 * step).min(from as f64));
            let first = (low.floor() as usize).min(from - 1);
            let last = ((high - 1e-9).floor() as usize).clamp(first, from - 1);
            let part = |length: f64| (length as f32 * WHOLE).round().max(1.0);
            let (head, tail) = match last - first {
                0 => (part(high - low), WHOLE),
                _ => (part(first as f64 + 1.0 - low), part(high - last as f64)),
            };
            let total = (first..=last).count() as f32 * WHOLE - (WHOLE - head) - (WHOLE - tail);
            Span { first, last, head, tail, share: 1.0 / total }
        })
        .collect()
}

/// Rows become columns.
pub(crate) fn transpose(plane: &Plane) -> Plane {
    const TILE: usize = 16;
    let (width, height) = (plane.height, plane.width);
    let mut data = vec![0; width * height];
    for top in (0..plane.height).step_by(TILE) {
        for left in (0..plane.width).step_by(TILE) {
            for y in top..(top + TILE).min(plane.height) {
                for x in left..(left + TILE).min(plane.width) {
                    data[x * width + y] = plane.data[y * plane.width + x];
                }
            }
        }
    }
    Plane { width, height, data }
}

/// Cells (1 = blocked) of the person, widened by [`MARGIN_CELLS`].
pub(crate) fn person_grid(plane: &Plane, scale: [f64; 2], person: impl Fn(f64, f64) -> bool) -> Plane {
    let (width, height) = (plane.width.div_ceil(CELL), plane.height.div_ceil(CELL));
    let mut inside = vec![0u8; width * height];
    let centre = |cell: usize, side: usize, pixels: usize| {
        // symmetric under mirroring even if the side is not a multiple of the cell
        (cell as f64 + 0.5) / side as f64 * pixels as f64
    };
    for y in 0..height {
        for x in 0..width {
            let place = [centre(x, width, plane.width) * scale[0], centre(y, height, plane.height) * scale[1]];
            inside[y * width + x] = u8::from(person(place[0], place[1]));
        }
    }
    let widen = |from: &[u8], step: usize, length: usize, lines: usize, line_step: usize| {
        let mut to = vec![0u8; from.len()];
        for line in 0..lines {
            for i in 0..length {
                let (low, high) = (i.saturating_sub(MARGIN_CELLS), (i + MARGIN_CELLS).min(length - 1));
                to[line * line_step + i * step] =
                    (low..=high).map(|j| from[line * line_step + j * step]).max().unwrap_or(0);
            }
        }
        to
    };
    let across = widen(&inside, 1, width, height, width);
    let data = widen(&across, width, height, width, 1);
    Plane { width, height, data }
}
