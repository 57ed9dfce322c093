//! The panels of a collage: several pictures side by side or one above the other in one file.
//!
//! Where two pictures meet, the pixels change exactly along one whole row or column: in nearly every stretch of it the step from one
//! pixel to the next is larger than the neighbouring steps. An edge in a room does so over a part of the height, or leans by a pixel.
//! This alone is not proof (a skirting board may be level from side to side), so a picture counts as a collage only if people are visible
//! in two of its parts.

use image::{Rgb, RgbImage, imageops};

use crate::core::area::Area;
use crate::core::error::Result;

/// The number of stretches of a line that are tested.
const STRETCHES: u32 = 32;
/// In this share of the stretches the step must stand out. In collages of the samples and of 54 others the share is 0.78 or more; of 413
/// real photos 7 have such a column and 23 such a row (floors, frames), so people must be visible on both sides.
const SEAM: f64 = 0.75;
/// A step stands out if it is this many times its neighbours, and this many levels more.
const TIMES: f64 = 2.0;
const LEVELS: f64 = 2.0;
/// The distances of the neighbouring steps on either side, in pixels: a seam that was resized is two or three wide.
const BESIDE: std::ops::RangeInclusive<usize> = 3..=10;
/// A part narrower than this share of the cut area is not a panel; nor is one of fewer pixels.
const NARROWEST: f64 = 0.1;
const SMALLEST: u32 = 96;
/// Nor is one much wider than high: standing people are shown in upright panels.
const LOWEST: f64 = 0.5;
/// The largest number of panels in a file.
const MOST: usize = 12;
/// The pixels of a border line differ from their mean by at most this (mean absolute difference, levels), and so does its colour from
/// that of the next line.
const PLAIN: f64 = 5.0;
/// A border ends where the step stands out in this share of the stretches.
const BORDER_ENDS: f64 = 0.5;
/// A border that is neither black nor white takes at most this share of a side: wider ones are ceilings and walls.
const COLOURED: f64 = 0.025;
/// Black and white have all channels this near to the end of the scale, in levels.
const EXTREME: f64 = 10.0;

/// Pictures are examined in a copy less than twice this long, in pixels.
const LOOKED_AT: u32 = 1400;

/// The panels in reading order, each with whether `shows` finds a person in it; empty for an ordinary picture and where fewer than two
/// panels show a person.
///
/// A cut that does not separate two people is dropped: it may be the edge of a floor within one panel.
///
/// # Errors
/// What `shows` says.
pub fn panels(image: &RgbImage, mut shows: impl FnMut(Area) -> Result<bool>) -> Result<Vec<(Area, bool)>> {
    let mut all = Vec::new();
    if let Some(part) = cut(image) {
        part.leaves(&mut all);
        if (2..=MOST).contains(&all.len()) {
            let mut found = part.peopled(&mut shows)?;
            if found.len() >= 2 {
                in_order(&mut found, |(area, _)| *area);
                return Ok(found);
            }
        }
    }
    Ok(Vec::new())
}

/// Sorts areas in reading order: those of one row begin at nearly one height.
fn in_order<T>(found: &mut [T], area: impl Fn(&T) -> Area) {
    let row = found.iter().map(|one| area(one).height).min().unwrap_or(1).div_ceil(2).max(1);
    found.sort_by_key(|one| (area(one).y / row, area(one).x));
}

/// A part of a picture: one panel, or two parts beside each other.
#[derive(Debug)]
enum Part {
    One(Area),
    Two(Area, Box<[Part; 2]>),
}

impl Part {
    fn leaves(&self, found: &mut Vec<Area>) {
        match self {
            Part::One(area) => found.push(*area),
            Part::Two(_, parts) => parts.iter().for_each(|part| part.leaves(found)),
        }
    }

    fn peopled(&self, shows: &mut impl FnMut(Area) -> Result<bool>) -> Result<Vec<(Area, bool)>> {
        let (area, [a, b]) = match self {
            Part::One(area) => {
                let upright = f64::from(area.height) >= LOWEST * f64::from(area.width);
                return Ok(vec![(*area, upright && shows(*area)?)]);
            }
            Part::Two(area, parts) => (*area, &**parts),
        };
        let mut found = a.peopled(shows)?;
        found.extend(b.peopled(shows)?);
        let people = found.iter().filter(|(_, shows)| *shows).count();
        // A person in one piece only may be part of a person, or of something else: the area is tested as a whole.
        Ok(if people >= 2 { found } else { vec![(area, shows(area)?)] })
    }

    fn enlarged(self, factor: u32) -> Self {
        let large = |area: Area| <[u32; 4]>::from(area).map(|length| factor * length).into();
        match self {
            Part::One(area) => Part::One(large(area)),
            Part::Two(area, parts) => Part::Two(large(area), Box::new((*parts).map(|part| part.enlarged(factor)))),
        }
    }
}

/// The picture cut along its seams, in its own pixels; `None` for one without a panel.
fn cut(image: &RgbImage) -> Option<Part> {
    let factor = (image.width().max(image.height()) / LOOKED_AT).max(1);
    if factor == 1 {
        return split(image, Area { x: 0, y: 0, width: image.width(), height: image.height() });
    }
    let small = imageops::thumbnail(image, (image.width() / factor).max(1), (image.height() / factor).max(1));
    let whole = Area { x: 0, y: 0, width: small.width(), height: small.height() };
    Some(split(&small, whole)?.enlarged(factor))
}

/// Cuts an area along its clearest seam, then its parts along theirs.
fn split(image: &RgbImage, area: Area) -> Option<Part> {
    let area = trimmed(image, area);
    let seam = |columns: bool| Lines { image, area, columns }.seam();
    let cut = match (seam(true), seam(false)) {
        (Some(a), Some(b)) if b.1 > a.1 => Some((b.0, false)),
        (Some(a), _) => Some((a.0, true)),
        (None, Some(b)) => Some((b.0, false)),
        (None, None) => None,
    };
    // The line on either side may mix both pictures.
    let parts = match cut {
        None if area.width.min(area.height) < SMALLEST || is_plain(image, area) => return None,
        None => return Some(Part::One(area)),
        Some((at, true)) => {
            [Area { width: at - 1, ..area }, Area { x: area.x + at + 1, width: area.width - at - 1, ..area }]
        }
        Some((at, false)) => {
            [Area { height: at - 1, ..area }, Area { y: area.y + at + 1, height: area.height - at - 1, ..area }]
        }
    };
    match parts.map(|part| split(image, part)) {
        [Some(a), Some(b)] => Some(Part::Two(area, Box::new([a, b]))),
        [one, other] => one.or(other),
    }
}

/// The columns of an area, or its rows.
#[derive(Clone, Copy)]
struct Lines<'a> {
    image: &'a RgbImage,
    area: Area,
    columns: bool,
}

impl Lines<'_> {
    fn count(&self) -> u32 {
        if self.columns { self.area.width } else { self.area.height }
    }

    fn length(&self) -> u32 {
        if self.columns { self.area.height } else { self.area.width }
    }

    fn pixel(&self, line: u32, along: u32) -> [i32; 3] {
        let (x, y) = if self.columns { (line, along) } else { (along, line) };
        let Rgb(rgb) = *self.image.get_pixel(self.area.x + x, self.area.y + y);
        rgb.map(i32::from)
    }

    /// The mean step from each line to the next in each stretch: `[stretch][line]`, the step from line i - 1 to line i at i.
    fn steps(&self) -> Vec<Vec<f64>> {
        let (count, length) = (self.count(), self.length());
        let edge = |stretch: u32| u64::from(length) * u64::from(stretch) / u64::from(STRETCHES);
        let step = |line: u32, along: u32| {
            let (a, b) = (self.pixel(line - 1, along), self.pixel(line, along));
            (0..3).map(|channel| (a[channel] - b[channel]).abs()).max().unwrap_or(0)
        };
        (0..STRETCHES)
            .map(|stretch| {
                let (from, to) = (edge(stretch) as u32, edge(stretch + 1) as u32);
                let mut sums = vec![0_i32; count as usize];
                // In the order of the pixels in memory, whichever direction the lines have.
                if self.columns {
                    for along in from..to {
                        (1..count).for_each(|line| sums[line as usize] += step(line, along));
                    }
                } else {
                    (1..count).for_each(|line| sums[line as usize] = (from..to).map(|along| step(line, along)).sum());
                }
                sums.into_iter().map(|sum| f64::from(sum) / f64::from((to - from).max(1))).collect()
            })
            .collect()
    }

    /// The share of the stretches in which the step onto each line stands out.
    fn standing_out(&self) -> Vec<f64> {
        let steps = self.steps();
        let count = self.count() as usize;
        let mut beside = Vec::with_capacity(2 * BESIDE.count());
        (0..count)
            .map(|line| {
                let stands_out = |stretch: &&Vec<f64>| {
                    beside.clear();
                    let before = BESIDE.filter_map(|off| line.checked_sub(off).filter(|&at| at > 0));
                    let behind = BESIDE.map(|off| line + off).filter(|&at| at < count);
                    beside.extend(before.chain(behind).map(|at| stretch[at]));
                    beside.sort_by(f64::total_cmp);
                    let usual = beside.get(beside.len() / 2).copied().unwrap_or(f64::INFINITY);
                    stretch[line] > TIMES * usual + LEVELS
                };
                steps.iter().filter(stands_out).count() as f64 / f64::from(STRETCHES)
            })
            .collect()
    }

    /// The clearest seam: the first line behind it, and the share of the stretches in which it stands out.
    fn seam(&self) -> Option<(u32, f64)> {
        let count = self.count();
        if count < 2 * SMALLEST || self.length() < SMALLEST {
            return None;
        }
        let least = ((NARROWEST * f64::from(count)) as usize).max(SMALLEST as usize);
        let shares = self.standing_out();
        let (at, &share) =
            shares.iter().enumerate().take(shares.len() - least).skip(least).max_by(|a, b| a.1.total_cmp(b.1))?;
        (share >= SEAM).then_some((at as u32, share))
    }

    /// A line's mean colour, and the mean deviation of its pixels.
    fn color(&self, line: u32) -> ([f64; 3], f64) {
        let length = self.length();
        let share = 1.0 / f64::from(length.max(1));
        let mut mean = [0.0; 3];
        for along in 0..length {
            let pixel = self.pixel(line, along);
            (0..3).for_each(|channel| mean[channel] += f64::from(pixel[channel]) * share);
        }
        let off = |along: u32| {
            let pixel = self.pixel(line, along);
            (0..3).map(|channel| (f64::from(pixel[channel]) - mean[channel]).abs()).fold(0.0, f64::max)
        };
        (mean, (0..length).map(off).sum::<f64>() * share)
    }

    /// The number of lines of one colour at the beginning, or at the end.
    fn plain(&self, from_end: bool) -> u32 {
        let count = self.count();
        let line = |index: u32| self.color(if from_end { count - 1 - index } else { index });
        let Some((first, spread)) = (count > 0).then(|| line(0)) else { return 0 };
        if spread > PLAIN {
            return 0;
        }
        let same = |&index: &u32| {
            let (color, spread) = line(index);
            spread <= PLAIN && (0..3).all(|channel| (color[channel] - first[channel]).abs() <= PLAIN)
        };
        1 + (1..count).take_while(same).count() as u32
    }

    /// The number of lines to remove at the beginning and at the end: borders with a sharp end.
    fn borders(&self) -> [u32; 2] {
        let most = (COLOURED * f64::from(self.count())) as u32;
        let extreme = |line: u32| {
            let color = self.color(line).0;
            color.iter().all(|level| *level <= EXTREME) || color.iter().all(|level| *level >= 255.0 - EXTREME)
        };
        let plain = [false, true].map(|from_end| {
            let lines = self.plain(from_end);
            let line = if from_end { self.count().saturating_sub(1) } else { 0 };
            if lines <= most || extreme(line) { lines } else { 0 }
        });
        if plain[0] + plain[1] >= self.count() {
            return [0, 0];
        }
        if plain == [0, 0] {
            return plain;
        }
        let shares = self.standing_out();
        // The step may be spread over two lines.
        let ends = |at: u32| {
            let at = at as usize;
            let around = shares.get(at.saturating_sub(1)..(at + 3).min(shares.len())).unwrap_or_default();
            around.iter().any(|&share| share >= BORDER_ENDS)
        };
        let [first, last] = plain;
        [
            if first > 0 && ends(first) { first + 1 } else { 0 },
            if last > 0 && ends(self.count() - last - 1) { last + 1 } else { 0 },
        ]
    }
}

/// An area without the borders around it.
fn trimmed(image: &RgbImage, area: Area) -> Area {
    let mut area = area;
    for columns in [true, false] {
        if area.width < SMALLEST || area.height < SMALLEST {
            return area;
        }
        let [first, last] = Lines { image, area, columns }.borders();
        let count = if columns { area.width } else { area.height };
        if first + last >= count {
            continue;
        }
        if columns {
            area = Area { x: area.x + first, width: count - first - last, ..area };
        } else {
            area = Area { y: area.y + first, height: count - first - last, ..area };
        }
    }
    area
}

/// Whether an area is of one colour: the space between panels, not a panel.
fn is_plain(image: &RgbImage, area: Area) -> bool {
    let lines = Lines { image, area, columns: true };
    lines.plain(false) >= lines.count()
}
