//! Roll and pitch of the camera from the straight edges of a room.
//!
//! Edges that are vertical in the world meet in one vanishing point, the zenith; edges along the walls and along the floor meet in two
//! more, at right angles to it. The three directions have three unknowns (roll, pitch, and the heading of the walls); the focal length
//! and the lens's distortion are further unknowns, each with a prior. All are found by a fixed coarse search with a broad kernel, then by
//! weighted least squares with a narrowing one.

mod fit;
mod line;
mod overlay;
mod pieces;
mod plane;
mod search;
pub mod segments;
mod sight;

use self::fit::{Fit, WIDTHS, average, refine};
use self::line::Line;
use self::search::search;
use self::segments::{Axis, Segment, edges};
pub use self::sight::Sight;
use self::sight::{DEPTH, WALL, ZENITH};
use crate::core::camera::Tilt;
use image::GrayImage;

/// The uncertainty that remains with any number of edges (inaccurate walls, lenses), of roll and pitch, in degrees, and of the focal
/// length.
const FLOOR_SD: [f64; 3] = [0.08, 0.4, 0.03];
/// Minimum score of an accepted result, and minimum lead over a clearly different one.
const LEAST_SCORE: f64 = 15.0;
const CLEAR_LEAD: f64 = 6.0;
/// Lines in random directions reach a score of 2.3 times the root of their number.
const CHANCE_SCORE: f64 = 3.0;
/// Share of the lines (by weight) that must follow the directions found; of random lines 0.1 to 0.36 do.
const LEAST_EXPLAINED: f64 = 0.5;
/// Below this share many lines do not belong to the room, and other rooms would fit nearly as well: standard deviation of roll and pitch
/// at [`LEAST_EXPLAINED`], in degrees.
const CLEAR_ROOM: f64 = 0.65;
const CLUTTER_SD: f64 = 1.2;
/// A result with a larger standard error of the roll adds nothing to the prior that cameras are held upright.
const WORST_ROLL_SD: f64 = 1.0;

/// How much rougher than usual a room may be, in degrees; the fits are averaged by their likelihood.
const ROUGHNESS: [f64; 4] = [0.0, 0.15, 0.35, 0.7];

/// Roll and pitch from the edges of the background, or `None` where they do not support one clear answer.
///
/// `person` returns whether a place (pixels of `luma`) belongs to the person.
pub fn tilt_from_verticals(luma: &GrayImage, person: impl Fn(f64, f64) -> bool, sight: &Sight) -> Option<Tilt> {
    let found = edges(luma, person, &[Axis::Vertical, Axis::Horizontal]);
    let Some([left, top, right, bottom]) = found.panel else {
        return tilt_from_segments(&found.segments, luma.dimensions(), sight);
    };
    // The panel with the person, as a picture of its own.
    let (width, height) = (right - left, bottom - top);
    let alone = |at: [f64; 2]| [at[0] - left, at[1] - top];
    let moved = |segment: &Segment| Segment { start: alone(segment.start), end: alone(segment.end), ..*segment };
    let segments: Vec<(Axis, Segment)> = found.segments.iter().map(|(axis, segment)| (*axis, moved(segment))).collect();
    let share = width.hypot(height) / f64::from(luma.width()).hypot(f64::from(luma.height()));
    let size = (width.round().max(1.0) as u32, height.round().max(1.0) as u32);
    let sight =
        Sight { upright_deg: sight.upright_deg, ..Sight::centred(size, sight.focal_px * share, sight.focal_sd) };
    let tilt = tilt_from_segments(&segments, size, &sight)?;
    Some(Tilt { focal_factor: tilt.focal_factor * share, ..tilt })
}

/// The same from segments already found in a picture of `size` (width, height) pixels.
pub fn tilt_from_segments(found: &[(Axis, Segment)], size: (u32, u32), sight: &Sight) -> Option<Tilt> {
    if !(sight.focal_px.is_finite() && sight.focal_px > 0.0) {
        return None;
    }
    let sight = &Sight { focal_sd: sight.focal_sd.clamp(0.005, 0.5), ..*sight };
    let lines: Vec<Line> = found.iter().map(|(_, segment)| Line::of(segment, size, sight)).collect();
    let mut fits: Vec<Fit> =
        search(&lines, sight).into_iter().filter_map(|start| refine(&lines, start, &WIDTHS, sight)).collect();
    fits.sort_by(|a, b| b.score.total_cmp(&a.score));
    let best = fits.first()?;
    let rough: Vec<Fit> =
        ROUGHNESS.into_iter().filter_map(|width| refine(&lines, best.state, &[width; 6], sight)).collect();
    let fit = average(&rough)?;
    // A different solution with nearly the same score: for the roll a rival, for the others an uncertainty.
    let near: Vec<&Fit> = fits.iter().filter(|other| fit.score - other.score < CLEAR_LEAD).collect();
    let apart = |i: usize| near.iter().map(|other| (other.state[i] - fit.state[i]).abs()).fold(0.0, f64::max);
    let rival = apart(0).to_degrees() > 1.0;
    let enough = fit.score >= LEAST_SCORE.max(CHANCE_SCORE * (lines.len() as f64).sqrt());
    let plumb = fit.count[ZENITH] >= 3.0;
    let floor = fit.count[WALL] >= 5.0 && fit.count[DEPTH] >= 4.0;
    if !enough || !(plumb || floor) || fit.explained < LEAST_EXPLAINED || rival {
        return None;
    }
    let clutter = CLUTTER_SD * ((CLEAR_ROOM - fit.explained) / (CLEAR_ROOM - LEAST_EXPLAINED)).max(0.0);
    let sd = |i: usize| {
        let stretch = fit.scatter.max(1.0) * fit.disagreement[i].max(1.0);
        let by_lines = fit.covariance[i][i].sqrt() * stretch;
        by_lines.hypot(fit.between_parts[i].sqrt()).hypot(0.5 * apart(i)).to_degrees().hypot(FLOOR_SD[i]).hypot(clutter)
    };
    let roll_sd_deg = sd(0);
    if roll_sd_deg > WORST_ROLL_SD {
        return None;
    }
    Some(Tilt {
        roll_deg: fit.state[0].to_degrees(),
        pitch_deg: fit.state[1].to_degrees(),
        roll_sd_deg,
        pitch_sd_deg: sd(1),
        focal_factor: fit.state[3].exp(),
        focal_sd: (fit.covariance[3][3] + fit.between_parts[2]).sqrt().hypot(0.5 * apart(3)).hypot(FLOOR_SD[2]),
        bend: fit.state[4],
        support_px: fit.length.iter().sum(),
        segments: fit.count.iter().sum::<f64>().round() as usize,
    })
}
