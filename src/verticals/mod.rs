//! Roll and pitch of the camera from the straight edges of a room.
//!
//! Edges that are vertical in the world meet in one vanishing point, the zenith; edges along the walls and along the
//! floor meet in two more, at right angles to it. The three directions have three unknowns (roll, pitch, and the heading
//! of the walls), found by a fixed coarse search with a broad kernel, then by weighted least squares with a narrowing one.

mod plane;
mod search;
pub mod segments;

use self::search::search;
use self::segments::{Axis, Segment, segments};
use image::GrayImage;

/// Spread of the roll and pitch of hand-held photos of a standing person, in degrees: mean and standard deviation.
const ROLL_PRIOR: (f64, f64) = (0.0, 4.0);
const PITCH_PRIOR: (f64, f64) = (-4.0, 8.0);
/// How far an edge that should be plumb or level is from it (building, hanging, lens), in degrees.
const BUILT_SD: f64 = 0.12;
/// Uncertainty of an end of a segment, in pixels of a picture of 1000 pixels' height.
const END_SD: f64 = 0.25;

/// Roll and pitch of the camera from straight edges in the picture that are vertical in the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tilt {
    /// Roll in degrees, positive when the camera was turned counter-clockwise as the photographer sees it: upright
    /// things appear turned clockwise in the picture.
    pub roll_deg: f64,
    /// Pitch in degrees, positive when the camera looks up.
    pub pitch_deg: f64,
    /// Standard error of the roll, in degrees.
    pub roll_sd_deg: f64,
    /// Standard error of the pitch, in degrees, with what an uncertain focal length does to it.
    pub pitch_sd_deg: f64,
    /// Length of the segments that support the result, in pixels of the picture given.
    pub support_px: f64,
    /// Number of segments that support the result.
    pub segments: usize,
}

/// What no number of edges takes away (lens, walls out of true), of roll and pitch, in degrees.
const FLOOR_SD: [f64; 2] = [0.08, 0.4];
/// Least score of an accepted result, and least lead over a clearly different one.
const LEAST_SCORE: f64 = 15.0;
const CLEAR_LEAD: f64 = 6.0;
/// Lines in random directions reach a score of 2.3 times the root of their number.
const CHANCE_SCORE: f64 = 3.0;
/// Part of the lines (by weight) that must follow the directions found; of random lines 0.1 to 0.36 do.
const LEAST_EXPLAINED: f64 = 0.4;
/// A result with a larger standard error of the roll says nothing that the habit of holding a camera upright does not.
const WORST_ROLL_SD: f64 = 1.0;

/// A direction of the room to which a line may belong.
const FAMILIES: usize = 3;
const ZENITH: usize = 0;
const WALL: usize = 1;
const DEPTH: usize = 2;

/// A segment as a line of the picture plane, in units of the focal length from the picture's centre.
struct Line {
    axis: Axis,
    normal: [f64; 3],
    middle: [f64; 2],
    sigma: f64,
    quality: f64,
    length: f64,
}

/// Unknowns of the fit.
const UNKNOWNS: usize = 4;
/// Roll, pitch and heading of the walls in radians, and the logarithm of the true over the stated focal length.
type State = [f64; UNKNOWNS];
type Matrix = [[f64; UNKNOWNS]; UNKNOWNS];

/// Roll and pitch from the edges of the background, or `None` where they do not support one clear answer.
///
/// `person` tells the places (pixels of `luma`) that belong to the person. `focal_px` is the focal length in pixels of
/// `luma`, `focal_sd_fraction` its relative standard error. The principal point is the centre of the picture.
pub fn tilt_from_verticals(
    luma: &GrayImage,
    person: impl Fn(f64, f64) -> bool,
    focal_px: f64,
    focal_sd_fraction: f64,
) -> Option<Tilt> {
    let found = segments(luma, person, &[Axis::Vertical, Axis::Horizontal]);
    tilt_from_segments(&found, luma.dimensions(), focal_px, focal_sd_fraction)
}

/// The same from segments already found in a picture of `size` (width, height) pixels.
pub fn tilt_from_segments(
    found: &[(Axis, Segment)],
    size: (u32, u32),
    focal_px: f64,
    focal_sd_fraction: f64,
) -> Option<Tilt> {
    if !(focal_px.is_finite() && focal_px > 0.0) {
        return None;
    }
    let focal_sd = focal_sd_fraction.clamp(0.005, 0.5);
    let lines: Vec<Line> = found.iter().map(|(axis, segment)| line(*axis, segment, size, focal_px)).collect();
    let mut fits: Vec<Fit> =
        search(&lines).into_iter().filter_map(|start| refine(&lines, start, &WIDTHS, focal_sd)).collect();
    fits.sort_by(|a, b| b.score.total_cmp(&a.score));
    let best = fits.first()?;
    let rough: Vec<Fit> =
        ROUGHNESS.into_iter().filter_map(|width| refine(&lines, best.state, &[width; 6], focal_sd)).collect();
    let fit = average(&rough)?;
    let rival = fits
        .iter()
        .skip(1)
        .filter(|other| {
            (other.state[0] - fit.state[0]).abs().to_degrees() > 1.0
                || (other.state[1] - fit.state[1]).abs().to_degrees() > 4.0
        })
        .map(|other| other.score)
        .fold(f64::NEG_INFINITY, f64::max);
    let enough = fit.score >= LEAST_SCORE.max(CHANCE_SCORE * (lines.len() as f64).sqrt());
    let plumb = fit.count[ZENITH] >= 3.0;
    let floor = fit.count[WALL] >= 5.0 && fit.count[DEPTH] >= 4.0;
    if !enough || !(plumb || floor) || fit.explained < LEAST_EXPLAINED || fit.score - rival < CLEAR_LEAD {
        return None;
    }
    let sd = |i: usize, floor: f64| {
        let stretch = fit.scatter.max(1.0) * fit.disagreement[i].max(1.0);
        (fit.covariance[i][i].sqrt() * stretch).to_degrees().hypot(floor)
    };
    let roll_sd_deg = sd(0, FLOOR_SD[0]);
    if roll_sd_deg > WORST_ROLL_SD {
        return None;
    }
    Some(Tilt {
        roll_deg: fit.state[0].to_degrees(),
        pitch_deg: fit.state[1].to_degrees(),
        roll_sd_deg,
        pitch_sd_deg: sd(1, FLOOR_SD[1]),
        support_px: fit.length.iter().sum(),
        segments: fit.count.iter().sum::<f64>().round() as usize,
    })
}

fn line(axis: Axis, segment: &Segment, size: (u32, u32), focal: f64) -> Line {
    let centre = [f64::from(size.0) / 2.0, f64::from(size.1) / 2.0];
    let unit = f64::from(size.0.max(size.1)) / 1000.0;
    let at = |p: [f64; 2]| [(p[0] - centre[0]) / focal, (p[1] - centre[1]) / focal];
    let (a, b) = (at(segment.start), at(segment.end));
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let long = (dx * dx + dy * dy).sqrt();
    let middle = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
    let (nx, ny) = (-dy / long, dx / long);
    let length = segment.length();
    let ends = END_SD * unit * std::f64::consts::SQRT_2 / length;
    let sigma = (segment.direction_sd.powi(2) + ends * ends + BUILT_SD.to_radians().powi(2)).sqrt();
    let relative = length / unit;
    Line {
        axis,
        normal: [nx, ny, -(nx * middle[0] + ny * middle[1])],
        middle,
        sigma,
        quality: relative / (relative + 100.0),
        length,
    }
}

/// Directions of the families in the camera's frame (x right, y down, z forward).
fn directions(state: &State) -> [[f64; 3]; FAMILIES] {
    let ((sr, cr), (sp, cp), (sa, ca)) = (state[0].sin_cos(), state[1].sin_cos(), state[2].sin_cos());
    let right = [cr, sr, 0.0];
    let ahead = [-sp * sr, sp * cr, cp];
    let mix = |u: f64, v: f64| [0, 1, 2].map(|i| u * right[i] + v * ahead[i]);
    let focal = state[3].exp();
    [[sr * cp, -cr * cp, sp], mix(ca, sa), mix(-sa, ca)].map(|[x, y, z]| [focal * x, focal * y, z])
}

impl Line {
    fn cross(&self, direction: &[f64; 3]) -> f64 {
        self.normal[0] * direction[0] + self.normal[1] * direction[1] + self.normal[2] * direction[2]
    }

    fn distance_squared(&self, direction: &[f64; 3]) -> f64 {
        let dx = direction[0] - self.middle[0] * direction[2];
        let dy = direction[1] - self.middle[1] * direction[2];
        (dx * dx + dy * dy).max(1e-6)
    }

    /// Sine of the angle between the line and the direction from its middle to the vanishing point.
    fn sine(&self, direction: &[f64; 3]) -> f64 {
        self.cross(direction) / self.distance_squared(direction).sqrt()
    }

    fn allows(&self, family: usize) -> bool {
        match family {
            ZENITH => self.axis == Axis::Vertical,
            WALL => self.axis == Axis::Horizontal,
            _ => true,
        }
    }
}

fn log_prior(state: &State) -> f64 {
    let term = |value: f64, prior: (f64, f64)| -0.5 * ((value.to_degrees() - prior.0) / prior.1).powi(2);
    term(state[0], ROLL_PRIOR) + term(state[1], PITCH_PRIOR)
}

#[derive(Clone)]
struct Fit {
    state: State,
    covariance: Matrix,
    score: f64,
    scatter: f64,
    count: [f64; FAMILIES],
    length: [f64; FAMILIES],
    /// Between plumb and level edges, of roll and of pitch, in standard errors.
    disagreement: [f64; 2],
    /// Part of the evidence that follows a direction of the room.
    explained: f64,
}

/// Kernel widths of the steps of [`refine`], in degrees.
const WIDTHS: [f64; 12] = [1.2, 0.9, 0.6, 0.4, 0.3, 0.2, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0];
/// How much rougher than [`BUILT_SD`] a room may be, in degrees; the fits are averaged by their likelihood.
const ROUGHNESS: [f64; 4] = [0.0, 0.15, 0.35, 0.7];
/// Scores this far apart differ by a factor e in likelihood: lines of one object are not independent.
const TEMPER: f64 = 3.0;
/// Weight of the hypothesis that a line follows no direction of the room.
const STRAY: f64 = 0.02;
/// More lines than this in one family count as this many: they share their errors.
const INDEPENDENT: f64 = 25.0;

/// Sums of one family's normal equations.
#[derive(Clone, Copy, Default)]
struct Sums {
    matrix: Matrix,
    vector: State,
    squares: f64,
    count: f64,
    length: f64,
    score: f64,
}

impl Sums {
    /// What the family's evidence is worth: `chance` lines would follow any direction, one or two fit it because it was
    /// chosen to, and many share their errors.
    fn worth(&self, chance: f64) -> f64 {
        ((self.count - 1.0 - chance) / 3.0).clamp(0.0, 1.0) * (INDEPENDENT / self.count.max(1.0)).min(1.0)
    }
}

/// Part of the lines that would follow a family's direction by chance.
const CHANCE: [f64; FAMILIES] = [0.02, 0.02, 0.03];
/// The depth of a room is seen in short lines near their vanishing point, which tell more than they should.
const DEPTH_LOOSENESS: f64 = 2.0;

/// Weighted least squares with a narrowing kernel.
fn refine(lines: &[Line], start: State, widths: &[f64], focal_sd: f64) -> Option<Fit> {
    let mut state = start;
    let mut last = None;
    for width in widths {
        let width = width.to_radians();
        let base = directions(&state);
        let delta = 1e-5;
        let moved: [[[f64; 3]; FAMILIES]; UNKNOWNS] = [0, 1, 2, 3].map(|i| {
            let mut other = state;
            other[i] += delta;
            directions(&other)
        });
        let mut sums = [Sums::default(); FAMILIES];
        let mut score = log_prior(&state) - 0.5 * (state[3] / focal_sd).powi(2);
        let (mut followed, mut quality) = (0.0, 0.0);
        for line in lines {
            let sigma =
                [1.0, 1.0, DEPTH_LOOSENESS].map(|factor| factor * (line.sigma * line.sigma + width * width).sqrt());
            let mut share = [0.0; FAMILIES];
            let mut residual = [0.0; FAMILIES];
            for k in 0..FAMILIES {
                if line.allows(k) {
                    residual[k] = line.sine(&base[k]);
                    share[k] = (-0.5 * (residual[k] / sigma[k]).powi(2)).exp() * line.sigma / sigma[k];
                }
            }
            let all: f64 = share.iter().sum::<f64>() + STRAY;
            let gain = line.quality * (all / STRAY).ln();
            followed += line.quality * (1.0 - STRAY / all);
            quality += line.quality;
            for (sum, share) in sums.iter_mut().zip(share) {
                sum.score += gain * share / all;
            }
            for k in 0..FAMILIES {
                let part = share[k] / all;
                if part < 1e-6 {
                    continue;
                }
                let weight = part / (sigma[k] * sigma[k]);
                let slope = [0, 1, 2, 3].map(|i| (line.sine(&moved[i][k]) - residual[k]) / delta);
                let sum = &mut sums[k];
                for i in 0..UNKNOWNS {
                    for j in 0..UNKNOWNS {
                        sum.matrix[i][j] += weight * slope[i] * slope[j];
                    }
                    sum.vector[i] -= weight * slope[i] * residual[k];
                }
                sum.squares += part * (residual[k] / sigma[k]).powi(2);
                sum.count += part;
                sum.length += part * line.length;
            }
        }
        for (k, sum) in sums.iter_mut().enumerate() {
            let chance = CHANCE[k] * lines.iter().filter(|line| line.allows(k)).count() as f64;
            let factor = sum.worth(chance);
            score += factor * sum.score;
            sum.matrix.iter_mut().flatten().for_each(|value| *value *= factor);
            sum.vector.iter_mut().for_each(|value| *value *= factor);
        }
        let (covariance, change) = solve(&sums, &state, focal_sd)?;
        let (plumb, plumb_change) = solve(&sums[..1], &state, focal_sd)?;
        let (level, level_change) = solve(&sums[1..], &state, focal_sd)?;
        let disagreement = [0, 1].map(|i| {
            let difference = (plumb_change[i] - level_change[i]).abs();
            difference / (plumb[i][i] + level[i][i]).sqrt()
        });
        for i in 0..UNKNOWNS {
            state[i] += change[i].clamp(-0.1, 0.1);
        }
        let total: f64 = sums.iter().map(|sum| sum.count).sum();
        let squares: f64 = sums.iter().map(|sum| sum.squares).sum();
        last = Some(Fit {
            state,
            covariance,
            score,
            scatter: (squares / (total - 3.0).max(1.0)).sqrt(),
            count: sums.map(|sum| sum.count),
            length: sums.map(|sum| sum.length),
            disagreement,
            explained: followed / quality,
        });
    }
    last
}

/// The mean of some fits, weighted by their likelihood, with their spread in the covariance's diagonal.
fn average(fits: &[Fit]) -> Option<Fit> {
    let best = fits.iter().reduce(|a, b| if b.score > a.score { b } else { a })?;
    let weights: Vec<f64> = fits.iter().map(|fit| ((fit.score - best.score) / TEMPER).exp()).collect();
    let total: f64 = weights.iter().sum();
    let mean = |value: &dyn Fn(&Fit) -> f64| {
        fits.iter().zip(&weights).map(|(fit, weight)| weight * value(fit)).sum::<f64>() / total
    };
    let mut merged = best.clone();
    for i in 0..UNKNOWNS {
        let centre = mean(&|fit| fit.state[i]);
        merged.state[i] = centre;
        merged.covariance[i][i] = mean(&|fit| fit.covariance[i][i] + (fit.state[i] - centre).powi(2));
    }
    merged.scatter = mean(&|fit| fit.scatter);
    for i in 0..merged.disagreement.len() {
        merged.disagreement[i] = mean(&|fit| fit.disagreement[i]);
    }
    Some(merged)
}

/// Covariance and step from the normal equations of some families and the prior.
fn solve(sums: &[Sums], state: &State, focal_sd: f64) -> Option<(Matrix, State)> {
    let mut matrix = Matrix::default();
    let mut vector = State::default();
    for (i, prior) in [ROLL_PRIOR, PITCH_PRIOR].into_iter().enumerate() {
        let weight = 1.0 / prior.1.to_radians().powi(2);
        matrix[i][i] = weight;
        vector[i] = weight * (prior.0.to_radians() - state[i]);
    }
    matrix[2][2] = 1.0 / 45.0_f64.to_radians().powi(2);
    matrix[3][3] = 1.0 / focal_sd.powi(2);
    vector[3] = -state[3] / focal_sd.powi(2);
    for sum in sums {
        for (own, other) in matrix.iter_mut().flatten().zip(sum.matrix.iter().flatten()) {
            *own += other;
        }
        for (own, other) in vector.iter_mut().zip(sum.vector) {
            *own += other;
        }
    }
    let covariance = invert(&matrix)?;
    let change = [0, 1, 2, 3].map(|i| (0..UNKNOWNS).map(|j| covariance[i][j] * vector[j]).sum());
    Some((covariance, change))
}

/// Inverse of a symmetric positive matrix (Gauss-Jordan).
fn invert(matrix: &Matrix) -> Option<Matrix> {
    let mut left = *matrix;
    let mut right = Matrix::default();
    for (i, row) in right.iter_mut().enumerate() {
        row[i] = 1.0;
    }
    for i in 0..UNKNOWNS {
        let pivot = left[i][i];
        if !pivot.is_normal() {
            return None;
        }
        for j in 0..UNKNOWNS {
            left[i][j] /= pivot;
            right[i][j] /= pivot;
        }
        let (own_left, own_right) = (left[i], right[i]);
        for k in (0..UNKNOWNS).filter(|k| *k != i) {
            let factor = left[k][i];
            for j in 0..UNKNOWNS {
                left[k][j] -= factor * own_left[j];
                right[k][j] -= factor * own_right[j];
            }
        }
    }
    Some(right)
}
