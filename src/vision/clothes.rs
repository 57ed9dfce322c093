//! A person's clothes as colours: tells the followed person from the next one.

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::Pair;
use crate::vision::raster::frame::Frame;

/// Steps of hue-like colour along two axes, and of brightness.
const STEPS: [usize; 3] = [8, 8, 3];
const BINS: usize = STEPS[0] * STEPS[1] * STEPS[2];
/// Rows and columns of sample points across the chest.
const GRID: usize = 16;
/// The share of the shoulders' width that is sampled across, and how far down.
const ACROSS: f64 = 0.7;
const DOWN: [f64; 2] = [0.12, 0.85];
/// At least this share of the points must lie in the frame.
const LEAST: f64 = 0.3;

/// The shares of colours on a person's chest.
#[derive(Debug, Clone, PartialEq)]
pub struct Clothes {
    shares: Vec<f32>,
}

impl Clothes {
    /// The clothes below the shoulders; `None` where too little of the chest is in the frame.
    #[must_use]
    pub fn of(frame: &Frame<'_>, pose: &Pose) -> Option<Self> {
        let (left, right) = (pose.point(Pair::SHOULDERS.left).ok()?, pose.point(Pair::SHOULDERS.right).ok()?);
        let across = right - left;
        // Downwards in the picture, whichever way the person faces.
        let mut down = across.turned(std::f64::consts::FRAC_PI_2);
        if down.y < 0.0 {
            down = down * -1.0;
        }
        let middle = left.midpoint(right);
        let mut shares = vec![0.0_f32; BINS];
        let mut taken = 0_u32;
        for row in 0..GRID {
            for column in 0..GRID {
                let share = |index: usize| (index as f64 + 0.5) / GRID as f64;
                let below = DOWN[0] + (DOWN[1] - DOWN[0]) * share(row);
                let at = middle + across * (ACROSS * (share(column) - 0.5)) + down * below;
                if let Some(bgr) = frame.pixel(at.x, at.y) {
                    add(&mut shares, bgr);
                    taken += 1;
                }
            }
        }
        if f64::from(taken) < LEAST * (GRID * GRID) as f64 {
            return None;
        }
        shares.iter_mut().for_each(|share| *share /= taken as f32);
        Some(Self { shares })
    }

    /// The dissimilarity of two: 0 for identical, 1 for no colour in common (Hellinger distance).
    #[must_use]
    pub fn unlike(&self, other: &Self) -> f64 {
        let common: f32 = self.shares.iter().zip(&other.shares).map(|(a, b)| (a * b).sqrt()).sum();
        f64::from((1.0 - common).max(0.0)).sqrt()
    }

    /// Moves by a share towards the current colours: light changes over a day.
    pub fn follow(&mut self, now: &Self, share: f64) {
        for (kept, now) in self.shares.iter_mut().zip(&now.shares) {
            *kept += share as f32 * (now - *kept);
        }
    }
}

/// Counts a pixel, distributed over the neighbouring bins so that no bin border splits one colour.
fn add(shares: &mut [f32], bgr: [u8; 3]) {
    let [b, g, r] = bgr.map(f64::from);
    let sum = r + g + b + 30.0;
    // Red against green, yellow against blue, and the brightness, each from 0 to 1.
    let places = [0.5 + 1.4 * (r - g) / sum, 0.5 + 0.7 * (r + g - 2.0 * b) / sum, (sum - 30.0) / 765.0];
    let axis = |k: usize| {
        let at = places[k].clamp(0.0, 1.0) * (STEPS[k] - 1) as f64;
        let low = (at.floor() as usize).min(STEPS[k] - 2);
        [(low, 1.0 - (at - low as f64)), (low + 1, at - low as f64)]
    };
    for (x, wx) in axis(0) {
        for (y, wy) in axis(1) {
            for (z, wz) in axis(2) {
                shares[(x * STEPS[1] + y) * STEPS[2] + z] += (wx * wy * wz) as f32;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::body::skeleton::Joint;
    use crate::core::geometry::Point;

    fn shoulders(x: f64, y: f64) -> Pose {
        Pose::from_points([
            (Joint::LeftShoulder, Point::new(x + 30.0, y)),
            (Joint::RightShoulder, Point::new(x - 30.0, y)),
        ])
    }

    fn worn(bgr: impl Fn(usize, usize) -> [u8; 3], x: f64, y: f64) -> Option<Clothes> {
        let pixels: Vec<u8> = (0..200 * 200).flat_map(|k| bgr(k % 200, k / 200)).collect();
        Clothes::of(&Frame::new(&pixels, 200, 200).expect("whole"), &shoulders(x, y))
    }

    #[test]
    fn the_same_shirt_elsewhere_and_in_other_light_is_alike_and_another_is_not() {
        let yellow = |light: f64| move |_: usize, _: usize| [40.0, 190.0, 200.0].map(|v: f64| (v * light) as u8);
        let striped = |_: usize, y: usize| if y % 12 < 6 { [180, 90, 150] } else { [60, 160, 200] };
        let user = worn(yellow(1.0), 100.0, 60.0).expect("seen");
        assert!(user.unlike(&user) < 1e-3);
        assert!(user.unlike(&worn(yellow(0.85), 60.0, 100.0).expect("seen")) < 0.45);
        assert!(user.unlike(&worn(striped, 100.0, 60.0).expect("seen")) > 0.75);
        let [black, white] = [30, 220].map(|level| worn(move |_, _| [level; 3], 100.0, 60.0).expect("seen"));
        assert!(black.unlike(&white) > 0.8);
    }

    #[test]
    fn a_chest_below_the_frame_says_nothing() {
        assert_eq!(worn(|_, _| [9; 3], 100.0, 190.0), None);
    }
}
