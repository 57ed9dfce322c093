//! The fit: weighted least squares of a room's directions to lines, with a narrowing kernel.

use super::line::{Line, Straight};
use super::sight::{DEPTH, FAMILIES, Sight, WALL, ZENITH};

/// Unknowns of the fit.
const UNKNOWNS: usize = 5;
/// Roll, pitch and heading of the walls in radians, the logarithm of the true over the stated focal length, and the lens distortion: how
/// far it moves the picture's corners towards the middle, as a share of their distance from it.
pub(super) type State = [f64; UNKNOWNS];
type Matrix = [[f64; UNKNOWNS]; UNKNOWNS];
const ROLL: usize = 0;
const PITCH: usize = 1;
const HEADING: usize = 2;
const FOCAL: usize = 3;
const BEND: usize = 4;

/// Spread of the roll of hand-held photos of a standing person: most are level; others lean, and the person in the picture with them.
/// Share, and standard deviation in degrees.
const LEVEL: (f64, f64) = (0.93, 3.0);
const LEANING: (f64, f64) = (0.07, 12.0);
/// Mean and standard deviation of the pitch, in degrees.
const PITCH_PRIOR: (f64, f64) = (-4.0, 8.0);
/// Most lenses have no distortion, since phones correct it; a few distort by a tenth. Scale of a Student distribution with two degrees of
/// freedom.
const BEND_SCALE: f64 = 0.012;

/// Directions of the families in the camera's frame (x right, y down, z forward).
pub(super) fn directions(state: &State) -> [[f64; 3]; FAMILIES] {
    let ((sr, cr), (sp, cp), (sa, ca)) = (state[ROLL].sin_cos(), state[PITCH].sin_cos(), state[HEADING].sin_cos());
    let right = [cr, sr, 0.0];
    let ahead = [-sp * sr, sp * cr, cp];
    let mix = |u: f64, v: f64| [0, 1, 2].map(|i| u * right[i] + v * ahead[i]);
    let focal = state[FOCAL].exp();
    [[sr * cp, -cr * cp, sp], mix(ca, sa), mix(-sa, ca)].map(|[x, y, z]| [focal * x, focal * y, z])
}

fn allows(line: &Line, family: usize, roll: f64) -> bool {
    // With a large camera tilt, vertical lines turn towards the picture's rows.
    match family {
        ZENITH => line.is_upright(roll),
        WALL => !line.is_upright(roll),
        _ => true,
    }
}

/// The prior of the unknowns: a mean and a weight (one over the variance) each, and the logarithm of the density.
struct Prior {
    mean: State,
    weight: State,
    log_density: f64,
}

impl Prior {
    fn at(state: &State, sight: &Sight) -> Self {
        let roll = state[ROLL].to_degrees();
        let leaning = sight.upright_deg.unwrap_or(0.0);
        let normal = |(share, sd): (f64, f64), mean: f64| share / sd * (-0.5 * ((roll - mean) / sd).powi(2)).exp();
        let (level, lean) = (normal(LEVEL, 0.0), normal(LEANING, leaning));
        let (level_share, all) = (level / (level + lean), level + lean);
        let [level_weight, lean_weight] =
            [level_share / LEVEL.1.to_radians().powi(2), (1.0 - level_share) / LEANING.1.to_radians().powi(2)];
        let bend_weight = 3.0 / (2.0 * BEND_SCALE.powi(2) + state[BEND].powi(2));
        let bend_log = -1.5 * (1.0 + 0.5 * (state[BEND] / BEND_SCALE).powi(2)).ln();
        let pitch_log = -0.5 * ((state[PITCH].to_degrees() - PITCH_PRIOR.0) / PITCH_PRIOR.1).powi(2);
        let focal_log = -0.5 * (state[FOCAL] / sight.focal_sd).powi(2);
        Self {
            mean: [
                lean_weight * leaning.to_radians() / (level_weight + lean_weight),
                PITCH_PRIOR.0.to_radians(),
                state[HEADING],
                0.0,
                0.0,
            ],
            weight: [
                level_weight + lean_weight,
                1.0 / PITCH_PRIOR.1.to_radians().powi(2),
                1.0 / 45.0_f64.to_radians().powi(2),
                1.0 / sight.focal_sd.powi(2),
                bend_weight,
            ],
            log_density: all.max(1e-30).ln() - (LEVEL.0 / LEVEL.1).ln() + pitch_log + focal_log + bend_log,
        }
    }
}

/// The logarithm of the prior density of roll and pitch.
pub(super) fn log_prior(state: &State, sight: &Sight) -> f64 {
    Prior::at(state, sight).log_density
}

/// The result of a fit.
#[derive(Clone)]
pub(super) struct Fit {
    pub(super) state: State,
    pub(super) covariance: Matrix,
    pub(super) score: f64,
    pub(super) scatter: f64,
    pub(super) count: [f64; FAMILIES],
    pub(super) length: [f64; FAMILIES],
    /// Between vertical and horizontal edges, of roll and of pitch, in standard errors.
    pub(super) disagreement: [f64; 2],
    /// Share of the evidence that follows a direction of the room.
    pub(super) explained: f64,
    /// Scatter of roll, pitch and focal length when each part of the picture is left out in turn (jackknife), as variances.
    pub(super) between_parts: [f64; 3],
}

/// Kernel widths of the steps of [`refine`], in degrees.
pub(super) const WIDTHS: [f64; 12] = [1.2, 0.9, 0.6, 0.4, 0.3, 0.2, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0];
/// Scores this far apart differ by a factor e in likelihood: lines of one object are not independent.
const TEMPER: f64 = 3.0;
/// Weight of the hypothesis that a line follows no direction of the room.
const STRAY: f64 = 0.02;
/// More lines than this in one family count as this many: their errors are correlated.
const INDEPENDENT: f64 = 25.0;
/// Share of the lines that would follow a family's direction by chance.
const CHANCE: [f64; FAMILIES] = [0.02, 0.02, 0.03];
/// Lines along the room's depth are short and near their vanishing point, so their weight is reduced.
const DEPTH_LOOSENESS: f64 = 2.0;
/// Parts of the picture, across and down, whose lines are left out together.
const PARTS: usize = 3;

/// Normal equations.
#[derive(Clone, Copy, Default)]
struct Equations {
    matrix: Matrix,
    vector: State,
}

impl Equations {
    fn add(&mut self, other: &Self, factor: f64) {
        for (own, other) in self.matrix.iter_mut().flatten().zip(other.matrix.iter().flatten()) {
            *own += factor * other;
        }
        for (own, other) in self.vector.iter_mut().zip(other.vector) {
            *own += factor * other;
        }
    }

    fn prior(state: &State, sight: &Sight) -> Self {
        let prior = Prior::at(state, sight);
        let mut own = Self::default();
        for (i, (&weight, (mean, now))) in prior.weight.iter().zip(prior.mean.iter().zip(state)).enumerate() {
            own.matrix[i][i] = weight;
            own.vector[i] = weight * (mean - now);
        }
        own
    }

    /// Covariance and step.
    fn solve(&self) -> Option<(Matrix, State)> {
        let covariance = invert(&self.matrix)?;
        let mut change = State::default();
        for (change, row) in change.iter_mut().zip(&covariance) {
            *change = row.iter().zip(&self.vector).map(|(a, b)| a * b).sum();
        }
        Some((covariance, change))
    }
}

/// Sums of one family.
#[derive(Clone, Default)]
struct Sums {
    parts: [Equations; PARTS * PARTS],
    squares: f64,
    count: f64,
    length: f64,
    score: f64,
}

impl Sums {
    /// The weight of the family's evidence: `chance` lines would follow any direction, one or two fit because the direction was chosen
    /// for them, and the errors of many are correlated.
    fn worth(&self, chance: f64) -> f64 {
        ((self.count - 1.0 - chance) / 3.0).clamp(0.0, 1.0) * (INDEPENDENT / self.count.max(1.0)).min(1.0)
    }

    fn all(&self) -> Equations {
        let mut all = Equations::default();
        self.parts.iter().for_each(|part| all.add(part, 1.0));
        all
    }
}

/// The sums over all lines at one state.
struct Step {
    sums: [Sums; FAMILIES],
    /// The weight of each family's evidence.
    worth: [f64; FAMILIES],
    score: f64,
    explained: f64,
}

/// The derivative of a line's residual in one family by every unknown.
fn slopes(line: &Line, at: &Straight, family: usize, residual: f64, moved: &Moved) -> State {
    let mut slope = State::default();
    for (slope, directions) in slope.iter_mut().zip(&moved.directions) {
        *slope = (at.sine(&directions[family]) - residual) / DELTA;
    }
    slope[BEND] = (line.straightened(moved.bend).sine(&moved.base[family]) - residual) / DELTA;
    slope
}

const DELTA: f64 = 1e-5;

/// The directions at a state, and with each unknown moved slightly.
struct Moved {
    base: [[f64; 3]; FAMILIES],
    directions: [[[f64; 3]; FAMILIES]; BEND],
    bend: f64,
}

impl Moved {
    fn of(state: &State) -> Self {
        let directions = std::array::from_fn(|i| {
            let mut other = *state;
            other[i] += DELTA;
            directions(&other)
        });
        Self { base: super::fit::directions(state), directions, bend: state[BEND] + DELTA }
    }
}

fn step(lines: &[Line], state: &State, width: f64, sight: &Sight) -> Step {
    let moved = Moved::of(state);
    let mut sums: [Sums; FAMILIES] = Default::default();
    let (mut followed, mut quality, mut possible) = (0.0, 0.0, [0.0; FAMILIES]);
    for line in lines {
        let sigma = [1.0, 1.0, DEPTH_LOOSENESS].map(|factor| factor * (line.sigma * line.sigma + width * width).sqrt());
        let straight = line.straightened(state[BEND]);
        let mut share = [0.0; FAMILIES];
        let mut residual = [0.0; FAMILIES];
        for k in (0..FAMILIES).filter(|&k| allows(line, k, state[ROLL])) {
            residual[k] = straight.sine(&moved.base[k]);
            share[k] = (-0.5 * (residual[k] / sigma[k]).powi(2)).exp() * line.sigma / sigma[k];
            possible[k] += 1.0;
        }
        let all: f64 = share.iter().sum::<f64>() + STRAY;
        let gain = line.quality * (all / STRAY).ln();
        followed += line.quality * (1.0 - STRAY / all);
        quality += line.quality;
        for (k, sum) in sums.iter_mut().enumerate() {
            sum.score += gain * share[k] / all;
            let part = share[k] / all;
            if part < 1e-6 {
                continue;
            }
            let weight = part / (sigma[k] * sigma[k]);
            let slope = slopes(line, &straight, k, residual[k], &moved);
            let equations = &mut sum.parts[line.part];
            for i in 0..UNKNOWNS {
                for j in 0..UNKNOWNS {
                    equations.matrix[i][j] += weight * slope[i] * slope[j];
                }
                equations.vector[i] -= weight * slope[i] * residual[k];
            }
            sum.squares += part * (residual[k] / sigma[k]).powi(2);
            sum.count += part;
            sum.length += part * line.length;
        }
    }
    let worth: [f64; FAMILIES] = std::array::from_fn(|k| sums[k].worth(CHANCE[k] * possible[k]));
    let score = log_prior(state, sight) + sums.iter().zip(worth).map(|(sum, worth)| worth * sum.score).sum::<f64>();
    Step { sums, worth, score, explained: followed / quality.max(1e-9) }
}

impl Step {
    /// The equations of some families, optionally without one part of the picture.
    fn equations(&self, state: &State, sight: &Sight, families: &[usize], without: Option<usize>) -> Equations {
        let mut all = Equations::prior(state, sight);
        for &k in families {
            all.add(&self.sums[k].all(), self.worth[k]);
            if let Some(part) = without {
                all.add(&self.sums[k].parts[part], -self.worth[k]);
            }
        }
        all
    }

    /// See [`Fit::between_parts`].
    fn between_parts(&self, state: &State, sight: &Sight, change: &State) -> [f64; 3] {
        let seen = |part: &usize| self.sums.iter().any(|sum| sum.parts[*part].matrix[ROLL][ROLL] > 0.0);
        let parts: Vec<usize> = (0..PARTS * PARTS).filter(seen).collect();
        let mut squares = [0.0; 3];
        for &part in &parts {
            let Some((_, without)) = self.equations(state, sight, &[ZENITH, WALL, DEPTH], Some(part)).solve() else {
                continue;
            };
            for (square, i) in squares.iter_mut().zip([ROLL, PITCH, FOCAL]) {
                *square += (without[i] - change[i]).powi(2);
            }
        }
        let count = parts.len() as f64;
        squares.map(|square| square * (count - 1.0).max(1.0) / count.max(1.0))
    }
}

/// Weighted least squares with a narrowing kernel.
pub(super) fn refine(lines: &[Line], start: State, widths: &[f64], sight: &Sight) -> Option<Fit> {
    let mut state = start;
    let mut last = None;
    for width in widths {
        let step = step(lines, &state, width.to_radians(), sight);
        let (covariance, change) = step.equations(&state, sight, &[ZENITH, WALL, DEPTH], None).solve()?;
        let (plumb, plumb_change) = step.equations(&state, sight, &[ZENITH], None).solve()?;
        let (level, level_change) = step.equations(&state, sight, &[WALL, DEPTH], None).solve()?;
        let disagreement = [ROLL, PITCH].map(|i| {
            let difference = (plumb_change[i] - level_change[i]).abs();
            difference / (plumb[i][i] + level[i][i]).sqrt()
        });
        let between_parts = step.between_parts(&state, sight, &change);
        let most = [0.1, 0.1, 0.1, 0.2, 0.05];
        for i in 0..UNKNOWNS {
            state[i] += change[i].clamp(-most[i], most[i]);
        }
        let total: f64 = step.sums.iter().map(|sum| sum.count).sum();
        let squares: f64 = step.sums.iter().map(|sum| sum.squares).sum();
        last = Some(Fit {
            state,
            covariance,
            score: step.score,
            scatter: (squares / (total - 3.0).max(1.0)).sqrt(),
            count: [0, 1, 2].map(|k| step.sums[k].count),
            length: [0, 1, 2].map(|k| step.sums[k].length),
            disagreement,
            explained: step.explained,
            between_parts,
        });
    }
    last
}

/// The mean of several fits, weighted by their likelihood, with their spread in the covariance's diagonal.
pub(super) fn average(fits: &[Fit]) -> Option<Fit> {
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
    merged.between_parts = std::array::from_fn(|i| mean(&|fit| fit.between_parts[i]));
    for i in 0..merged.disagreement.len() {
        merged.disagreement[i] = mean(&|fit| fit.disagreement[i]);
    }
    Some(merged)
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
