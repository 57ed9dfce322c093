//! Whether a video's camera stays in place, by the edges of the background.
//!
//! Patches with detail beside the person are kept from a first frame. If a patch is found at its place, the camera has not moved; if it
//! is found some pixels away, the camera has moved; if it is not found, something covers it.

use crate::vision::raster::frame::Frame;

/// Frames are compared in a grey copy of about this width, in pixels.
const WIDTH: usize = 160;
/// The side of a patch, and its search distance, in pixels of the copy: a tenth of the width is a turn of some 6 degrees.
const PATCH: usize = 12;
const REACH: isize = 16;
/// The minimum standard deviation of a patch's grey levels, below which it is plain wall; and the largest number of patches.
const DETAIL: f64 = 5.0;
const PATCHES: usize = 48;
/// Correlations with the patch from which on it certainly matches, without a further search, and from which on it may match.
const SURE: f64 = 0.95;
const SAME: f64 = 0.8;
/// It counts as found elsewhere where the correlation is higher by this.
const BETTER: f64 = 0.08;
/// A patch found nearer than this has not moved, in pixels of the copy: smaller shifts come from the codec and the sampling.
const LEAST: f64 = 1.5;
/// This share of the visible patches, and this many, must have moved.
const MOVED_SHARE: f64 = 0.4;
const FEWEST: usize = 4;
/// If fewer than this share are at their places and they have kept their contrast, the camera shows a different scene.
const LEFT_SHARE: f64 = 0.15;
/// Seconds between comparisons, and how many must agree.
const EVERY: f64 = 0.25;
const LOOKS: u32 = 2;
const LOOKS_ALTOGETHER: u32 = 8;

/// The result of one comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Still,
    Moved,
    /// Hardly any patch is at or near its place.
    Elsewhere,
    Unclear,
}

/// A grey copy of a frame.
#[derive(Debug, Clone, Default)]
struct Copy {
    levels: Vec<f32>,
    width: usize,
    height: usize,
    factor: usize,
}

impl Copy {
    fn of(frame: &Frame<'_>) -> Self {
        let (bgr, full) = (frame.bytes(), frame.size().0 as usize);
        let factor = (full / WIDTH).max(1);
        let (width, height) = (full / factor, frame.size().1 as usize / factor);
        let mut levels = vec![0.0_f32; width * height];
        for (y, row) in bgr.chunks_exact(3 * full).take(height * factor).enumerate() {
            let line = &mut levels[y / factor * width..][..width];
            for (level, pixels) in line.iter_mut().zip(row.chunks_exact(3 * factor)) {
                *level += pixels.iter().map(|&v| f32::from(v)).sum::<f32>();
            }
        }
        let share = 1.0 / (3 * factor * factor) as f32;
        levels.iter_mut().for_each(|level| *level *= share);
        Self { levels, width, height, factor }
    }

    /// A patch's levels minus their mean, and their standard deviation.
    fn patch(&self, x: usize, y: usize) -> ([f32; PATCH * PATCH], f64) {
        let mut values = [0.0; PATCH * PATCH];
        for row in 0..PATCH {
            values[row * PATCH..][..PATCH].copy_from_slice(&self.levels[(y + row) * self.width + x..][..PATCH]);
        }
        let count = (PATCH * PATCH) as f32;
        let mean = values.iter().sum::<f32>() / count;
        values.iter_mut().for_each(|value| *value -= mean);
        let variance = values.iter().map(|value| value * value).sum::<f32>() / count;
        (values, f64::from(variance).sqrt())
    }
}

#[derive(Debug, Clone)]
struct Patch {
    x: usize,
    y: usize,
    levels: [f32; PATCH * PATCH],
    sd: f64,
}

impl Patch {
    /// The correlation with another frame's patch at a place, and that patch's standard deviation.
    fn alike(&self, copy: &Copy, x: usize, y: usize) -> (f64, f64) {
        let (levels, sd) = copy.patch(x, y);
        let product: f32 = levels.iter().zip(&self.levels).map(|(a, b)| a * b).sum();
        let scale = (PATCH * PATCH) as f64 * sd.max(1.0) * self.sd.max(1.0);
        (f64::from(product) / scale, sd)
    }

    /// The distance of the best match, in pixels of the copy, and the correlation there.
    fn found(&self, copy: &Copy) -> (f64, f64) {
        let mut best = (0.0, -1.0);
        for dy in -REACH..=REACH {
            for dx in -REACH..=REACH {
                let place = self.x.checked_add_signed(dx).zip(self.y.checked_add_signed(dy));
                let Some((x, y)) = place.filter(|(x, y)| x + PATCH <= copy.width && y + PATCH <= copy.height) else {
                    continue;
                };
                let alike = self.alike(copy, x, y).0;
                if alike > best.1 {
                    best = ((dx as f64).hypot(dy as f64), alike);
                }
            }
        }
        best
    }
}

/// Detects movement of a camera.
#[derive(Debug, Default)]
pub struct Steady {
    patches: Vec<Patch>,
    size: (usize, usize),
    looked: Option<f64>,
    last: Option<(Look, u32)>,
    moved: bool,
}

impl Steady {
    /// Takes the next frame with a person in it as the reference.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Compares a frame taken at a time in seconds, in which people fill these boxes (left, top, right, bottom in pixels). Returns
    /// whether the camera has moved since the first frame.
    pub fn next(&mut self, frame: &Frame<'_>, seconds: f64, people: &[[f64; 4]]) -> bool {
        if self.looked.is_some_and(|looked| (0.0..EVERY).contains(&(seconds - looked))) {
            return self.moved;
        }
        self.looked = Some(seconds);
        let copy = Copy::of(frame);
        let covered = |x: usize, y: usize| {
            let [left, top] = [x, y].map(|edge| (edge * copy.factor) as f64);
            let [right, bottom] = [x, y].map(|edge| ((edge + PATCH) * copy.factor) as f64);
            people.iter().any(|body| left < body[2] && right > body[0] && top < body[3] && bottom > body[1])
        };
        if self.patches.is_empty() || self.size != (copy.width, copy.height) {
            self.anchor(&copy, covered);
            return false;
        }
        let look = self.look(&copy, covered);
        let count = match self.last {
            Some((last, count)) if last == look => count + 1,
            _ => 1,
        };
        self.last = Some((look, count));
        match look {
            Look::Moved if count >= LOOKS => self.moved = true,
            Look::Elsewhere if count >= LOOKS_ALTOGETHER => self.moved = true,
            Look::Still if count >= LOOKS => self.moved = false,
            _ => {}
        }
        self.moved
    }

    fn anchor(&mut self, copy: &Copy, covered: impl Fn(usize, usize) -> bool) {
        self.size = (copy.width, copy.height);
        (self.last, self.moved) = (None, false);
        let places = |length: usize| (0..(length / PATCH)).map(|k| k * PATCH);
        let mut patches: Vec<Patch> = places(copy.height)
            .flat_map(|y| places(copy.width).map(move |x| (x, y)))
            .filter(|&(x, y)| !covered(x, y))
            .map(|(x, y)| {
                let (levels, sd) = copy.patch(x, y);
                Patch { x, y, levels, sd }
            })
            .filter(|patch| patch.sd >= DETAIL)
            .collect();
        patches.sort_by(|a, b| b.sd.total_cmp(&a.sd));
        patches.truncate(PATCHES);
        self.patches = patches;
    }

    fn look(&self, copy: &Copy, covered: impl Fn(usize, usize) -> bool) -> Look {
        let (mut seen, mut still, mut moved, mut faded) = (0, 0, 0, 0);
        for patch in self.patches.iter().filter(|patch| !covered(patch.x, patch.y)) {
            seen += 1;
            let (alike, sd) = patch.alike(copy, patch.x, patch.y);
            faded += usize::from(sd < 0.4 * patch.sd);
            if alike >= SURE {
                still += 1;
                continue;
            }
            let (away, best) = patch.found(copy);
            if best >= SAME {
                let elsewhere = away >= LEAST && best >= alike + BETTER;
                moved += usize::from(elsewhere);
                still += usize::from(!elsewhere);
            }
        }
        let share = |count: usize| count as f64 / f64::from(seen.max(1));
        match () {
            () if moved >= FEWEST && share(moved) >= MOVED_SHARE => Look::Moved,
            () if still >= FEWEST && share(still) >= 0.5 => Look::Still,
            () if seen >= 2 * FEWEST as i32 && share(still) < LEFT_SHARE && share(faded) < 0.3 => Look::Elsewhere,
            () => Look::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A room of blocks and lines, turned and shifted, with a person of a size at a place.
    fn room(degrees: f64, shift: [f64; 2], light: f64, person: Option<[f64; 4]>) -> Vec<u8> {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let mut bgr = Vec::with_capacity(320 * 180 * 3);
        for y in 0..180 {
            for x in 0..320 {
                let (px, py) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
                let (dx, dy) = (px - 160.0 - shift[0], py - 90.0 - shift[1]);
                let (u, v) = (cos * dx + sin * dy + 160.0, -sin * dx + cos * dy + 90.0);
                let block = ((u / 37.0).floor() * 7.0 + (v / 29.0).floor() * 13.0).rem_euclid(11.0) * 16.0;
                let inside = person.is_some_and(|[l, t, r, b]| (l..r).contains(&px) && (t..b).contains(&py));
                let level = if inside { 90.0 + 60.0 * ((px + py) / 9.0).sin() } else { 40.0 + block };
                bgr.extend([(light * level) as u8; 3]);
            }
        }
        bgr
    }

    /// Whether a movement is reported, after two seconds before the change and two seconds after it.
    fn moved(after: impl Fn(u32) -> Vec<u8>) -> bool {
        let body = [[110.0, 40.0, 200.0, 180.0]];
        let before = room(0.0, [0.0, 0.0], 1.0, Some(body[0]));
        let mut steady = Steady::default();
        let mut now = false;
        for step in 0..20 {
            let bgr = if step < 8 { before.clone() } else { after(step) };
            now = steady.next(&Frame::new(&bgr, 320, 180).expect("whole"), 0.25 * f64::from(step), &body);
            assert!(step >= 8 || !now);
        }
        now
    }

    #[test]
    fn a_camera_that_turns_or_slips_has_moved() {
        let body = Some([110.0, 40.0, 200.0, 180.0]);
        for degrees in [-6.0, 3.0, 6.0] {
            assert!(moved(|_| room(degrees, [0.0, 0.0], 1.0, body)), "{degrees}");
        }
        for shift in [[0.0, 12.0], [-9.0, 0.0], [150.0, 70.0]] {
            assert!(moved(|_| room(0.0, shift, 1.0, body)), "{shift:?}");
        }
    }

    #[test]
    fn who_walks_through_and_a_lamp_that_goes_on_or_out_do_not_move_it() {
        assert!(!moved(|step| {
            let left = 20.0 * f64::from(step) - 100.0;
            room(0.0, [0.0, 0.0], 1.0, Some([left, 20.0, left + 110.0, 180.0]))
        }));
        for light in [0.6, 1.15, 0.02] {
            assert!(!moved(|_| room(0.0, [0.0, 0.0], light, Some([120.0, 50.0, 210.0, 180.0]))), "{light}");
        }
        assert!(!moved(|_| room(0.0, [0.5, 0.5], 1.0, None)), "the codec");
    }

    #[test]
    fn a_camera_put_back_stands_where_it_stood() {
        let body = [[110.0, 40.0, 200.0, 180.0]];
        let mut steady = Steady::default();
        let mut at = |seconds: f64, degrees: f64| {
            let bgr = room(degrees, [0.0, 0.0], 1.0, Some(body[0]));
            steady.next(&Frame::new(&bgr, 320, 180).expect("whole"), seconds, &body)
        };
        assert!(!at(0.0, 0.0) && !at(1.0, 6.0) && at(1.25, 6.0) && at(1.5, 0.0) && !at(1.75, 0.0));
    }
}
