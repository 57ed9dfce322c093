//! Straight pieces of edges that run near the columns of a picture, found by linking gradient maxima.
//!
//! Every row is searched for extrema of the horizontal gradient (to a fraction of a pixel), extrema of neighbouring rows are linked into
//! chains, chains are split where they bend, and collinear pieces are joined again. The search is deterministic.

use super::plane::Plane;

/// Smallest gradient that counts as an edge, in grey levels per pixel.
const FLOOR_GRADIENT: f32 = 0.8;
/// The threshold is also at least this many times the noise of the gradient.
const NOISE_FACTOR: f32 = 2.5;
/// Largest tangent between an edge and the axis it is searched along.
const MAX_TANGENT: f32 = 1.0;
/// A chain ends after this many rows without a point.
const MAX_GAP: usize = 3;
/// Shortest piece kept, in pixels of the reduced picture.
pub(super) const MIN_LENGTH: usize = 24;
/// A piece is split where it deviates from its chord by more than this many pixels.
const BEND: f64 = 0.8;

/// One gradient extremum: row, position along the row and signed gradient.
#[derive(Clone, Copy)]
struct Peak {
    row: usize,
    at: f64,
    gradient: f32,
}

/// A chain that is still growing, or a piece cut from one.
struct Chain {
    peaks: Vec<Peak>,
}

/// A piece as a line `at = offset + slope * row` between two rows, with the sums of its fit.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) first: f64,
    pub(super) last: f64,
    offset: f64,
    pub(super) slope: f64,
    rms: f64,
    points: f64,
    contrast: f64,
}

impl Piece {
    /// The position of its middle across the rows.
    pub(super) fn middle(&self) -> f64 {
        self.at(0.5 * (self.first + self.last))
    }

    pub(super) fn at(&self, row: f64) -> f64 {
        self.offset + self.slope * row
    }

    pub(super) fn rows(&self) -> f64 {
        self.last - self.first
    }

    /// Neighbouring points share their smoothing window, so a quarter of them count.
    pub(super) fn direction_sd(&self) -> f64 {
        let effective = (self.points / 4.0).max(3.0);
        self.rms.max(0.08) * (12.0 / effective).sqrt() / self.rows().max(1.0) / (1.0 + self.slope * self.slope)
    }
}

/// Pieces of edges that run within [`MAX_TANGENT`] of the columns.
pub(super) fn pieces(plane: &Plane, blocked: &Plane) -> Vec<Piece> {
    let mut found = Vec::new();
    for chain in chains(plane, blocked) {
        split(&chain.peaks, &mut found);
    }
    join(found)
}

/// Vertically smoothed row (binomial of five rows, gain 16).
fn smooth_row(plane: &Plane, row: usize, out: &mut [i16]) {
    let w = plane.width;
    let line = |r: usize| &plane.data[r * w..(r + 1) * w];
    let (a, b, c, d, e) = (line(row - 2), line(row - 1), line(row), line(row + 1), line(row + 2));
    for (((((o, &a), &b), &c), &d), &e) in out.iter_mut().zip(a).zip(b).zip(c).zip(d).zip(e) {
        *o = i16::from(a) + i16::from(e) + 4 * (i16::from(b) + i16::from(d)) + 6 * i16::from(c);
    }
}

/// Gain of the gradient filters: 16 from the smoothing across, 8 from the derivative (1 2 0 -2 -1).
const GAIN: f32 = 128.0;

fn gradient_row(smooth: &[i16], out: &mut [i32]) {
    for (o, v) in out[2..].iter_mut().zip(smooth.windows(5)) {
        *o = 2 * (i32::from(v[3]) - i32::from(v[1])) + i32::from(v[4]) - i32::from(v[0]);
    }
}

/// Threshold in filter units: a multiple of the median gradient, at least [`FLOOR_GRADIENT`].
fn threshold(plane: &Plane) -> i32 {
    let w = plane.width;
    let (mut smooth, mut gradient) = (vec![0i16; w], vec![0i32; w]);
    let mut counts = vec![0usize; 4096];
    let mut total = 0;
    for row in (2..plane.height - 2).step_by(8) {
        smooth_row(plane, row, &mut smooth);
        gradient_row(&smooth, &mut gradient);
        for &g in &gradient[2..w - 2] {
            counts[(g.unsigned_abs() as usize).min(4095)] += 1;
        }
        total += w - 4;
    }
    let mut below = 0;
    let median = counts
        .iter()
        .position(|&n| {
            below += n;
            below * 2 >= total
        })
        .unwrap_or(0);
    (NOISE_FACTOR * median as f32 / 0.6745).max(FLOOR_GRADIENT * GAIN) as i32
}

fn chains(plane: &Plane, blocked: &Plane) -> Vec<Chain> {
    let (w, h) = (plane.width, plane.height);
    let least = threshold(plane);
    let (mut smooth, mut gradient) = (vec![0i16; w], vec![0i32; w]);
    let mut peaks: Vec<Peak> = Vec::new();
    let mut growing: Vec<Chain> = Vec::new();
    let mut done = Vec::new();
    let mut spare: Vec<Vec<Peak>> = Vec::new();
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for row in 2..h - 2 {
        smooth_row(plane, row, &mut smooth);
        gradient_row(&smooth, &mut gradient);
        peaks.clear();
        let cell_row = ((row as f64 + 0.5) / h as f64 * blocked.height as f64) as usize;
        let cells = &blocked.data[cell_row.min(blocked.height - 1) * blocked.width..];
        for (i, triple) in gradient[2..w - 2].windows(3).enumerate() {
            let (a, b, c) = (triple[0].abs(), triple[1].abs(), triple[2].abs());
            if b < least || b < a || b <= c {
                continue;
            }
            let x = i + 3;
            let cell = ((x as f64 + 0.5) / w as f64 * blocked.width as f64) as usize;
            if cells[cell.min(blocked.width - 1)] != 0 {
                continue;
            }
            let along = along_gradient(plane, x, row);
            if along.abs() as f32 > MAX_TANGENT * b as f32 {
                continue;
            }
            let bend = f64::from(2 * b - a - c);
            let shift = if bend > 0.0 { f64::from(c - a) / (2.0 * bend) } else { 0.0 };
            peaks.push(Peak { row, at: x as f64 + shift, gradient: triple[1] as f32 / GAIN });
        }
        link(&mut growing, &peaks, &mut pairs, &mut spare);
        let mut kept = Vec::with_capacity(growing.len());
        for chain in growing.drain(..) {
            let last = chain.peaks.last().map_or(0, |peak| peak.row);
            if row - last <= MAX_GAP {
                kept.push(chain);
            } else if last + 1 - chain.peaks[0].row >= MIN_LENGTH {
                done.push(chain);
            } else {
                let mut old = chain.peaks;
                old.clear();
                spare.push(old);
            }
        }
        growing = kept;
    }
    done.extend(growing.into_iter().filter(|chain| chain.peaks.len() >= MIN_LENGTH));
    done
}

/// Gradient down the columns in the same units as the gradient along the rows.
fn along_gradient(plane: &Plane, x: usize, y: usize) -> i32 {
    let w = plane.width;
    let line = |r: usize| {
        let v = &plane.data[r * w + x - 2..r * w + x + 3];
        i32::from(v[0]) + i32::from(v[4]) + 4 * (i32::from(v[1]) + i32::from(v[3])) + 6 * i32::from(v[2])
    };
    2 * (line(y + 1) - line(y - 1)) + line(y + 2) - line(y - 2)
}

/// Assigns every peak of a row to the nearest chain of the same sign that can continue there, nearest pairs first.
fn link(growing: &mut Vec<Chain>, peaks: &[Peak], pairs: &mut Vec<(f64, usize, usize)>, spare: &mut Vec<Vec<Peak>>) {
    pairs.clear();
    for (c, chain) in growing.iter().enumerate() {
        let Some(last) = chain.peaks.last() else { continue };
        let Some(peak) = peaks.first() else { break };
        let gap = (peak.row - last.row) as f64;
        let expected = last.at + recent_slope(&chain.peaks) * gap;
        let reach = 1.0 + 0.25 * (gap - 1.0);
        let from = peaks.partition_point(|peak| peak.at < expected - reach);
        for (p, peak) in peaks.iter().enumerate().skip(from) {
            if peak.at > expected + reach {
                break;
            }
            if (peak.gradient > 0.0) == (last.gradient > 0.0) {
                pairs.push(((peak.at - expected).abs(), c, p));
            }
        }
    }
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let old = growing.len();
    let mut taken = vec![false; old];
    let mut used = vec![false; peaks.len()];
    for &(_, c, p) in pairs.iter() {
        if !taken[c] && !used[p] {
            taken[c] = true;
            used[p] = true;
            growing[c].peaks.push(peaks[p]);
        }
    }
    for (peak, used) in peaks.iter().zip(used) {
        if !used {
            let mut fresh = spare.pop().unwrap_or_default();
            fresh.push(*peak);
            growing.push(Chain { peaks: fresh });
        }
    }
}

fn recent_slope(peaks: &[Peak]) -> f64 {
    if peaks.len() < 4 {
        return 0.0;
    }
    let (a, b) = (&peaks[peaks.len().saturating_sub(14)], &peaks[peaks.len() - 1]);
    ((b.at - a.at) / (b.row - a.row) as f64).clamp(-f64::from(MAX_TANGENT), f64::from(MAX_TANGENT))
}

/// Cuts a chain at the point farthest from its chord until every piece is straight.
fn split(peaks: &[Peak], found: &mut Vec<Piece>) {
    let (Some(a), Some(b)) = (peaks.first(), peaks.last()) else { return };
    if b.row + 1 - a.row < MIN_LENGTH || peaks.len() * 4 < MIN_LENGTH * 3 {
        return;
    }
    let Some(piece) = fit(peaks) else { return };
    let off = |peak: &Peak| (peak.at - piece.at(peak.row as f64)).abs();
    let worst = peaks.iter().map(off).fold(0.0, f64::max);
    if worst <= BEND && piece.rms <= BEND / 2.0 {
        found.push(piece);
        return;
    }
    let slope = (b.at - a.at) / (b.row - a.row) as f64;
    let mut cut = (0.0, peaks.len() / 2);
    for (i, peak) in peaks.iter().enumerate().skip(1).take(peaks.len() - 2) {
        let distance = (peak.at - a.at - slope * (peak.row - a.row) as f64).abs();
        if distance > cut.0 {
            cut = (distance, i);
        }
    }
    split(&peaks[..=cut.1], found);
    split(&peaks[cut.1..], found);
}

/// Least-squares line through the points, twice: the second time without those beyond three deviations.
fn fit(peaks: &[Peak]) -> Option<Piece> {
    let mut piece: Option<Piece> = None;
    for _ in 0..2 {
        let (mut n, mut sy, mut sx, mut syy, mut sxy, mut sg) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        let origin = peaks.first()?;
        let (row0, at0) = (origin.row as f64, origin.at);
        let limit = piece.map_or(f64::INFINITY, |piece| 3.0 * piece.rms.max(0.1));
        let kept = |peak: &&Peak| piece.is_none_or(|piece| (peak.at - piece.at(peak.row as f64)).abs() <= limit);
        for peak in peaks.iter().filter(kept) {
            let (y, x) = (peak.row as f64 - row0, peak.at - at0);
            n += 1.0;
            sy += y;
            sx += x;
            syy += y * y;
            sxy += x * y;
            sg += f64::from(peak.gradient);
        }
        let spread = syy - sy * sy / n;
        if n < 3.0 || spread <= 0.0 {
            return None;
        }
        let slope = (sxy - sx * sy / n) / spread;
        let offset = (sx - slope * sy) / n + at0 - slope * row0;
        let squares: f64 =
            peaks.iter().filter(kept).map(|peak| (peak.at - offset - slope * peak.row as f64).powi(2)).sum();
        piece = Some(Piece {
            first: row0,
            last: peaks.last()?.row as f64,
            offset,
            slope,
            rms: (squares / (n - 2.0).max(1.0)).sqrt(),
            points: n,
            contrast: sg / n,
        });
    }
    piece
}

/// Joins pieces that continue each other: same sign of contrast, the gap no longer than the shorter piece, and both
/// lines within a pixel of the common one. Best pairs first, each piece once a pass, until nothing joins.
fn join(mut pieces: Vec<Piece>) -> Vec<Piece> {
    const PASSES: usize = 6;
    let mut pairs: Vec<(f64, usize, usize, Piece)> = Vec::new();
    for _ in 0..PASSES {
        pieces.sort_by(|a, b| a.first.total_cmp(&b.first).then(a.offset.total_cmp(&b.offset)));
        pairs.clear();
        for (i, a) in pieces.iter().enumerate() {
            let from = pieces.partition_point(|b| b.first < a.last);
            for (j, b) in pieces.iter().enumerate().skip(from) {
                let gap = b.first - a.last;
                if gap > a.rows() {
                    break;
                }
                if gap > b.rows() || (a.contrast > 0.0) != (b.contrast > 0.0) {
                    continue;
                }
                let middle = (a.last + b.first) / 2.0;
                if (a.at(middle) - b.at(middle)).abs() > 1.0 {
                    continue;
                }
                let both = joined(a, b);
                let ends = [(a, a.first), (a, a.last), (b, b.first), (b, b.last)];
                let worst = ends.iter().map(|(p, row)| (p.at(*row) - both.at(*row)).abs()).fold(0.0, f64::max);
                if worst <= BEND {
                    pairs.push((worst + 0.01 * gap, i, j, both));
                }
            }
        }
        if pairs.is_empty() {
            break;
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut used = vec![false; pieces.len()];
        for (_, i, j, both) in &pairs {
            if !used[*i] && !used[*j] {
                used[*i] = true;
                used[*j] = true;
                pieces.push(*both);
            }
        }
        let mut index = 0;
        pieces.retain(|_| {
            index += 1;
            !used.get(index - 1).copied().unwrap_or(false)
        });
    }
    pieces
}

/// Least-squares line through two pieces, each taken as evenly spread points on its own line.
fn joined(a: &Piece, b: &Piece) -> Piece {
    let n = a.points + b.points;
    let middle = |p: &Piece| (p.first + p.last) / 2.0;
    let row = (a.points * middle(a) + b.points * middle(b)) / n;
    let at = (a.points * a.at(middle(a)) + b.points * b.at(middle(b))) / n;
    let (mut spread, mut product) = (0.0, 0.0);
    for p in [a, b] {
        let (dy, dx) = (middle(p) - row, p.at(middle(p)) - at);
        let own = p.rows() * p.rows() / 12.0;
        spread += p.points * (dy * dy + own);
        product += p.points * (dx * dy + p.slope * own);
    }
    let slope = product / spread;
    let offset = at - slope * row;
    let squares: f64 = [a, b]
        .iter()
        .map(|p| {
            let off = p.at(middle(p)) - offset - slope * middle(p);
            p.points * (p.rms * p.rms + off * off + (p.slope - slope).powi(2) * p.rows() * p.rows() / 12.0)
        })
        .sum();
    Piece {
        first: a.first,
        last: b.last,
        offset,
        slope,
        rms: (squares / n).sqrt(),
        points: n,
        contrast: (a.points * a.contrast + b.points * b.contrast) / n,
    }
}
