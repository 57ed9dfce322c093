//! The coarse search for the directions of a room: a grid of roll, pitch and heading, each node scored with a broad kernel.
//!
//! Every node evaluates every line, some hundred thousand times per photo, so lines are stored as columns of numbers and scored eight at
//! a time.

use super::fit::{State, directions, log_prior};
use super::line::Line;
use super::sight::{DEPTH, Sight, WALL, ZENITH};

/// Only the longest lines nearer to vertical and nearer to horizontal are used.
const PER_KIND: usize = 50;
/// The number of best nodes that are returned.
const STARTS: usize = 6;
/// Steps of roll, pitch and heading, in degrees, and their number in either direction.
const STEP: [f64; 3] = [1.5, 3.0, 4.0];
const ROLLS: std::ops::RangeInclusive<i32> = -30..=30;
/// Beyond this many steps the search uses half of the lines and one focal length, to save time.
const USUAL_ROLL: i32 = 8;
const PITCHES: std::ops::RangeInclusive<i32> = -10..=8;
const HEADINGS: std::ops::RangeInclusive<i32> = -11..=11;
/// Width of the kernel, in degrees.
const WIDTH: f64 = 1.5;
/// A focal length known no better than this (standard deviation of its logarithm) is also tried twice as long.
const VAGUE_FOCAL: f64 = 0.1;
/// The weight of the prior relative to the lines.
const PRIOR_WEIGHT: f64 = 0.3;

/// Lines that are scored together.
const LANES: usize = 8;
type Lane = [f32; LANES];

/// Eight lines, stored by number; a lane without a line has the quality 0.
#[derive(Clone, Copy, Default)]
struct Block {
    normal: [Lane; 3],
    middle: [Lane; 2],
    quality: Lane,
}

impl Block {
    fn of(lines: &[&Line]) -> Self {
        let mut block = Self::default();
        for (i, line) in lines.iter().enumerate() {
            let straight = line.straightened(0.0);
            for k in 0..3 {
                block.normal[k][i] = straight.normal[k] as f32;
            }
            for k in 0..2 {
                block.middle[k][i] = straight.middle[k] as f32;
            }
            block.quality[i] = line.quality as f32;
        }
        block
    }

    /// How well each line points at a direction's vanishing point: `(1 + sine^2 / width^2)^-2`.
    fn follow(&self, direction: &[f32; 3]) -> Lane {
        let [u, v, w] = *direction;
        let width = WIDTH.to_radians() as f32;
        std::array::from_fn(|i| {
            let cross = self.normal[0][i] * u + self.normal[1][i] * v + self.normal[2][i] * w;
            let (dx, dy) = (u - self.middle[0][i] * w, v - self.middle[1][i] * w);
            let near = width * width * (dx * dx + dy * dy + 1e-6);
            let share = near / (near + cross * cross);
            share * share
        })
    }
}

fn larger(a: Lane, b: Lane) -> Lane {
    std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
}

fn add_weighted(sum: &mut Lane, score: &Lane, weight: &Lane) {
    for i in 0..LANES {
        sum[i] += score[i] * weight[i];
    }
}

/// One node of the grid: steps of roll, pitch and heading, and the index of the focal length.
type Node = [i32; 4];

/// The best states of the grid, no two of them neighbours.
pub(super) fn search(lines: &[Line], sight: &Sight) -> Vec<State> {
    let mut best_first: Vec<&Line> = lines.iter().collect();
    best_first.sort_by(|a, b| b.quality.total_cmp(&a.quality));
    let focals: &[f64] = if sight.focal_sd > VAGUE_FOCAL { &[0.0, std::f64::consts::LN_2] } else { &[0.0] };
    let mut grid: Vec<(f32, Node)> = Vec::new();
    for r in ROLLS {
        let roll = (f64::from(r) * STEP[0]).to_radians();
        let blocks = |upright: bool| -> Vec<Block> {
            let some: Vec<&Line> = best_first
                .iter()
                .filter(|line| line.is_upright(roll) == upright)
                .take(if r.abs() <= USUAL_ROLL { PER_KIND } else { PER_KIND / 2 })
                .copied()
                .collect();
            some.chunks(LANES).map(Block::of).collect()
        };
        let (upright, level) = (blocks(true), blocks(false));
        let focals = if r.abs() <= USUAL_ROLL { focals } else { &focals[..1] };
        for (f, focal) in focals.iter().enumerate() {
            score_roll(&mut grid, r, (f as i32, *focal), (&upright, &level), sight);
        }
    }
    grid.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut kept: Vec<Node> = Vec::new();
    for (_, node) in grid {
        let near = |other: &Node| other.iter().zip(&node).all(|(a, b)| (a - b).abs() <= 1);
        if !kept.iter().any(near) {
            kept.push(node);
            if kept.len() == STARTS {
                break;
            }
        }
    }
    let at = |node: &Node, i: usize| (f64::from(node[i]) * STEP[i]).to_radians();
    kept.iter().map(|node| [at(node, 0), at(node, 1), at(node, 2), focals[node[3] as usize], 0.0]).collect()
}

/// Scores all nodes of one roll and one focal length.
fn score_roll(
    grid: &mut Vec<(f32, Node)>,
    r: i32,
    (f, focal): (i32, f64),
    (upright, level): (&[Block], &[Block]),
    sight: &Sight,
) {
    let mut plumb = vec![Lane::default(); upright.len()];
    for p in PITCHES {
        let state = |a: i32| -> State {
            let at = |steps: i32, i: usize| (f64::from(steps) * STEP[i]).to_radians();
            [at(r, 0), at(p, 1), at(a, 2), focal, 0.0]
        };
        let toward = |a: i32| directions(&state(a)).map(|d| d.map(|v| v as f32));
        let zenith = toward(0)[ZENITH];
        for (score, block) in plumb.iter_mut().zip(upright) {
            *score = block.follow(&zenith);
        }
        let prior = (PRIOR_WEIGHT * log_prior(&state(0), sight)) as f32;
        // Without horizontal edges the heading is undetermined.
        for a in HEADINGS.filter(|&a| a == 0 || !level.is_empty()) {
            let ways = toward(a);
            let (wall, depth) = (&ways[WALL], &ways[DEPTH]);
            let mut sum = Lane::default();
            for (block, plumb) in upright.iter().zip(&plumb) {
                let score = if level.is_empty() { *plumb } else { larger(*plumb, block.follow(depth)) };
                add_weighted(&mut sum, &score, &block.quality);
            }
            for block in level {
                let score = larger(block.follow(wall), block.follow(depth));
                add_weighted(&mut sum, &score, &block.quality);
            }
            grid.push((prior + sum.iter().sum::<f32>(), [r, p, a, f]));
        }
    }
}
