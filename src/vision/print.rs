//! A print or screen on a plain ground: the picture of a picture.
//!
//! The ground is what is connected to the photo's edge and has one brightness. What it leaves is a print if four straight lines bound it.

use image::{GrayImage, imageops};

use crate::core::camera::Print;
use crate::core::geometry::Point;

/// The photo is looked at in a copy of at most this length, in pixels.
const LOOKED_AT: u32 = 500;
/// The ground's brightness differs by at most so many levels: twice as many as it does along the photo's edge, between these.
const GROUND_LEVELS: (u8, u8) = (8, 24);
/// At least this share of the photo's edge shows the ground.
const GROUND_ALL_AROUND: f64 = 0.95;
/// The share of a side on either end that does not count: there the other sides begin, which lean.
const ENDS: f64 = 0.15;
/// A side runs within this many pixels of its line.
const STRAIGHT_PX: f64 = 1.5;
/// At least this share of a side does: where the print looks like the ground, it seems to begin farther inside.
const LEAST_STRAIGHT: f64 = 0.5;
/// At most this share of a side lies outside its line.
const MOST_OUTSIDE: f64 = 0.02;
/// Lines are tried through every two of this many places of a side.
const TRIED: usize = 40;
/// The ground covers at most this share of the four lines' inside.
const MOST_HOLES: f64 = 0.4;
/// A print covers at least this share of the photo.
const SMALLEST: f64 = 0.25;

/// The print in a photo that shows one on a plain ground, in pixels of `luma`.
#[must_use]
pub fn print(luma: &GrayImage) -> Option<Print> {
    let (width, height) = luma.dimensions();
    let factor = f64::from(width.max(height)) / f64::from(LOOKED_AT);
    if factor <= 1.0 {
        return print_in(luma, 1.0);
    }
    let side = |length: u32| ((f64::from(length) / factor).round() as u32).max(1);
    print_in(&imageops::thumbnail(luma, side(width), side(height)), factor)
}

fn print_in(luma: &GrayImage, factor: f64) -> Option<Print> {
    let ground = ground(luma)?;
    let (width, height) = (luma.width() as usize, luma.height() as usize);
    let shows = |x: usize, y: usize| !ground[y * width + x];
    let column = |x: usize| (0..height).filter(move |&y| shows(x, y));
    let row = |y: usize| (0..width).filter(move |&x| shows(x, y));
    let first = |at: Option<usize>| at.map(|at| at as f64);
    let last = |at: Option<usize>| at.map(|at| at as f64 + 1.0);
    let sides = [
        side((0..width).map(|x| first(column(x).next())), Outside::Before),
        side((0..height).map(|y| last(row(y).next_back())), Outside::Behind),
        side((0..width).map(|x| last(column(x).next_back())), Outside::Behind),
        side((0..height).map(|y| first(row(y).next())), Outside::Before),
    ];
    let [Some(top), Some(right), Some(bottom), Some(left)] = sides else { return None };
    let corners = [meeting(top, left), meeting(top, right), meeting(bottom, right), meeting(bottom, left)];
    let shown = ground.iter().filter(|is_ground| !**is_ground).count() as f64;
    let inside = area(&corners);
    let fits =
        inside >= SMALLEST * (width * height) as f64 && ((1.0 - MOST_HOLES) * inside..=1.05 * inside).contains(&shown);
    fits.then(|| Print { corners: corners.map(|at| Point::new(at.x * factor, at.y * factor)) })
}

/// Which pixels show the ground; `None` where the photo's edge has not one brightness all around.
fn ground(luma: &GrayImage) -> Option<Vec<bool>> {
    let (width, height) = (luma.width() as usize, luma.height() as usize);
    let pixels = luma.as_raw();
    let mut edge: Vec<usize> = (0..width).flat_map(|x| [x, (height - 1) * width + x]).collect();
    edge.extend((0..height).flat_map(|y| [y * width, y * width + width - 1]));
    let mut levels: Vec<u8> = edge.iter().map(|&at| pixels[at]).collect();
    levels.sort_unstable();
    let usual = *levels.get(levels.len() / 2)?;
    let mut off: Vec<u8> = levels.iter().map(|level| level.abs_diff(usual)).collect();
    off.sort_unstable();
    let spread = off[((GROUND_ALL_AROUND * off.len() as f64) as usize).min(off.len() - 1)];
    let most = spread.saturating_mul(2).clamp(GROUND_LEVELS.0, GROUND_LEVELS.1);
    let is_ground = |at: usize| pixels[at].abs_diff(usual) <= most;
    let (mut found, mut open) = (vec![false; pixels.len()], Vec::new());
    edge.retain(|&at| is_ground(at));
    if (edge.len() as f64) < GROUND_ALL_AROUND * levels.len() as f64 {
        return None;
    }
    for at in edge {
        if !std::mem::replace(&mut found[at], true) {
            open.push(at);
        }
    }
    while let Some(at) = open.pop() {
        let (x, y) = (at % width, at / width);
        let beside = [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then(|| at + 1),
            (y > 0).then(|| at - width),
            (y + 1 < height).then(|| at + width),
        ];
        for next in beside.into_iter().flatten() {
            if is_ground(next) && !std::mem::replace(&mut found[next], true) {
                open.push(next);
            }
        }
    }
    Some(found)
}

/// Where the ground lies, seen from a side.
#[derive(Clone, Copy)]
enum Outside {
    Before,
    Behind,
}

/// The line `across = offset + slope * along` of a side, from where each row or column crosses it.
fn side(crossings: impl Iterator<Item = Option<f64>>, outside: Outside) -> Option<[f64; 2]> {
    // A pixel's middle lies half a pixel behind its edge.
    let all: Vec<[f64; 2]> =
        crossings.enumerate().filter_map(|(along, across)| Some([along as f64 + 0.5, across?])).collect();
    let ends = (ENDS * all.len() as f64) as usize;
    let points = all.get(ends..all.len() - ends)?;
    let beyond = |line: [f64; 2], at: &[f64; 2]| match outside {
        Outside::Before => off(line, at) < -STRAIGHT_PX,
        Outside::Behind => off(line, at) > STRAIGHT_PX,
    };
    let is_near = |line: [f64; 2], at: &[f64; 2]| off(line, at).abs() <= STRAIGHT_PX;
    let count = |of: &dyn Fn(&[f64; 2]) -> bool| points.iter().filter(|at| of(at)).count() as f64 / points.len() as f64;
    let tried: Vec<&[f64; 2]> = points.iter().step_by(points.len().div_ceil(TRIED).max(1)).collect();
    let through = |a: &[f64; 2], b: &[f64; 2]| {
        let slope = (b[1] - a[1]) / (b[0] - a[0]);
        [a[1] - slope * a[0], slope]
    };
    let pairs = tried.iter().enumerate().flat_map(|(i, a)| tried[i + 1..].iter().map(move |b| (a, b)));
    let (support, line) = pairs
        .map(|(a, b)| through(a, b))
        .filter(|&line| count(&|at| beyond(line, at)) <= MOST_OUTSIDE)
        .map(|line| (count(&|at| is_near(line, at)), line))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    let near: Vec<[f64; 2]> = points.iter().filter(|at| is_near(line, at)).copied().collect();
    if support < LEAST_STRAIGHT { None } else { fitted(&near) }
}

/// How far a point lies behind a line.
fn off([offset, slope]: [f64; 2], [along, across]: &[f64; 2]) -> f64 {
    across - offset - slope * along
}

/// Least squares.
fn fitted(points: &[[f64; 2]]) -> Option<[f64; 2]> {
    let count = points.len() as f64;
    let mean = |axis: usize| points.iter().map(|at| at[axis]).sum::<f64>() / count;
    let (x, y) = (mean(0), mean(1));
    let spread: f64 = points.iter().map(|at| (at[0] - x).powi(2)).sum();
    let slope = points.iter().map(|at| (at[0] - x) * (at[1] - y)).sum::<f64>() / spread;
    (points.len() >= 10 && slope.is_finite()).then_some([y - slope * x, slope])
}

/// Where a nearly level line `y = a + b x` and a nearly plumb one `x = c + d y` meet.
fn meeting([a, b]: [f64; 2], [c, d]: [f64; 2]) -> Point {
    let x = (c + d * a) / (1.0 - b * d);
    Point::new(x, a + b * x)
}

/// The area of four corners in order.
fn area(corners: &[Point; 4]) -> f64 {
    let cross = |i: usize| {
        let (from, to) = (corners[i], corners[(i + 1) % 4]);
        from.x * to.y - to.x * from.y
    };
    0.5 * (0..4).map(cross).sum::<f64>().abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Luma;

    /// A chequered print with these corners on a ground of one brightness.
    fn photo(corners: [(f64, f64); 4], ground: u8) -> GrayImage {
        GrayImage::from_fn(300, 400, |x, y| {
            let at = (f64::from(x) + 0.5, f64::from(y) + 0.5);
            let inside = (0..4).all(|i| {
                let (from, to) = (corners[i], corners[(i + 1) % 4]);
                (to.0 - from.0) * (at.1 - from.1) - (to.1 - from.1) * (at.0 - from.0) >= 0.0
            });
            Luma([if inside { 120 + 60 * u8::from((x / 20 + y / 20) % 2 == 0) } else { ground }])
        })
    }

    #[test]
    fn a_skew_print_is_found_where_it_lies() {
        let corners = [(20.0, 30.0), (280.0, 10.0), (270.0, 390.0), (10.0, 370.0)];
        for ground in [10, 250] {
            let found = print(&photo(corners, ground)).expect("a print");
            for (at, (x, y)) in found.corners.iter().zip(corners) {
                assert!(at.distance(Point::new(x, y)) < 1.0, "{at:?} {x} {y}");
            }
            assert!((found.skew_deg() - 8.7).abs() < 0.5, "{}", found.skew_deg());
        }
    }

    #[test]
    fn what_no_four_lines_bound_is_no_print() {
        let disc = GrayImage::from_fn(300, 400, |x, y| {
            let (x, y) = (f64::from(x) - 150.0, f64::from(y) - 200.0);
            Luma([if x.hypot(y) < 130.0 { 200 } else { 20 }])
        });
        assert_eq!(print(&disc), None);
        assert_eq!(print(&GrayImage::from_pixel(300, 400, Luma([90]))), None);
        assert_eq!(print(&GrayImage::from_fn(300, 400, |x, y| Luma([(x + y) as u8]))), None);
        let small = [(100.0, 100.0), (160.0, 110.0), (160.0, 200.0), (100.0, 190.0)];
        assert_eq!(print(&photo(small, 10)), None);
        for side in [1, 2, 9] {
            assert_eq!(print(&GrayImage::new(side, side)), None);
        }
    }
}
