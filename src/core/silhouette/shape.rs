//! The measures of an outline. Every signed value is positive when something lies to the subject's own left, or when the
//! subject's own left is higher or larger; a symmetric body gives 0.
//!
//! `straighten` maps a point of the photo to its position for a level camera, corrected for the turn if the measure needs it; `Some` of
//! the point itself measures relative to the picture's edges. An edge of the outline lies where the line of sight touches the body, which
//! for a turned body is not in the body's own plane: measures of the trunk's edges are levelled only, and the shoulders' contour is also
//! corrected for the turn.

use super::outline::{Gap, Outline};
use crate::core::body::skeleton::Side;
use crate::core::geometry::{Point, Vec2, ramp};
use crate::core::refusal::Refusal;

type Value = Result<f64, Refusal>;

const OUT_OF_SIGHT: Refusal = Refusal::Degenerate("the outline cannot be straightened");

fn straightened(straighten: &impl Fn(Point) -> Option<Point>, at: Point) -> Result<Point, Refusal> {
    straighten(at).ok_or(OUT_OF_SIGHT)
}

/// The share of a band's rows that must have both edges, and the share of the band that may be missing at either end.
const ROWS_NEEDED: f64 = 0.5;
const LACKING: f64 = 0.3;

/// Midpoints of a band's rows that have both edges; `None` when these are too few, or all at one end.
fn middles(
    outline: &Outline,
    (from, to): (f64, f64),
    straighten: &impl Fn(Point) -> Option<Point>,
) -> Option<Vec<Point>> {
    let band: Vec<_> = outline.rows.iter().filter(|row| (from - 1e-6..=to + 1e-6).contains(&row.share)).collect();
    let found: Vec<(f64, Point)> = band
        .iter()
        .filter_map(|row| Some((row.share, straighten(row.left?)?.midpoint(straighten(row.right?)?))))
        .collect();
    let lacking = LACKING * (to - from);
    let spans = found.first()?.0 <= from + lacking && found.last()?.0 >= to - lacking;
    let enough = found.len() as f64 >= ROWS_NEEDED * band.len() as f64;
    (spans && enough).then(|| found.into_iter().map(|(_, middle)| middle).collect())
}

fn touching() -> Refusal {
    Refusal::Gate("an arm touches the trunk in the picture: retake with the arms a hand's breadth off the body".into())
}

/// The rows of the waist.
const WAIST: (f64, f64) = (0.45, 0.70);
/// The rows from the waist to the hips, where the outline turns with the pelvis.
const PELVIS: (f64, f64) = (0.60, 0.95);
/// Rows averaged on either side before the maximum is taken, so that no single row decides.
const SMOOTH: usize = 2;

/// How far the trunk's midline bows out at the waist: the largest distance of the middle between the trunk's two edges from
/// the straight line between the middles of shoulders and hips, in percent of that line's length.
///
/// Positive = bowed to the subject's left. Neutral value 0. Definition: silhouette midline, rows at 45 to 70 % of the way
/// from the shoulders to the hips: higher the arms touch the trunk, lower the outline turns with the pelvis.
///
/// # Errors
/// When an arm touches the trunk at the waist.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::Facing;
/// use orthostat::core::refusal::Refusal;
/// use orthostat::core::silhouette::{Outline, Row, trunk_midline_deviation};
/// let row = |i: i32| {
///     let (share, bow) = (f64::from(i) / 80.0, if (40..=52).contains(&i) { 6.0 } else { 0.0 });
///     let edge = |x: f64| Some(Point::new(x + bow, 100.0 + 200.0 * share));
///     Row { share, left: edge(150.0), right: edge(50.0) }
/// };
/// let outline = Outline {
///     facing: Facing::Camera, shoulders: Point::new(100.0, 100.0), hips: Point::new(100.0, 300.0),
///     rows: (32..=80).map(row).collect(), contour: None, gaps: Err(Refusal::Degenerate("not drawn")),
/// };
/// assert!((trunk_midline_deviation(&outline, Some).unwrap() - 3.0).abs() < 1e-9); // 6 px to the left of 200 px
/// ```
pub fn trunk_midline_deviation(outline: &Outline, straighten: impl Fn(Point) -> Option<Point>) -> Value {
    let top = straightened(&straighten, outline.shoulders)?;
    let axis = straightened(&straighten, outline.hips)? - top;
    let length = axis.length();
    if length < 1.0 {
        return Err(Refusal::Degenerate("shoulders and hips lie on one spot"));
    }
    let left = Vec2::new(axis.y, -axis.x) * (outline.facing.left_sign() / length);
    let rows = middles(outline, WAIST, &straighten).ok_or_else(touching)?;
    let offsets: Vec<f64> = rows.iter().map(|at| 100.0 * (*at - top).dot(left) / length).collect();
    let smooth = offsets.windows(2 * SMOOTH + 1).map(|near| near.iter().sum::<f64>() / near.len() as f64);
    smooth.reduce(|a, b| if b.abs() > a.abs() { b } else { a }).ok_or_else(touching)
}

/// Tilt of the pelvis from the outline, in degrees: between waist and hips the trunk's flanks turn with the pelvis, and their midline is
/// perpendicular to it.
///
/// Positive = the subject's left side is higher: the midline then leans to the right on its way up. Neutral value 0. The line
/// is fitted by least squares to rows at 60 to 95 % of the way from the shoulders to the hips. To be levelled, not turned back.
///
/// # Errors
/// When an arm or a hand touches the trunk there.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::Facing;
/// use orthostat::core::refusal::Refusal;
/// use orthostat::core::silhouette::{Outline, Row, hip_outline_tilt};
/// let row = |i: i32| {
///     let share = f64::from(i) / 80.0;
///     let edge = |x: f64| Some(Point::new(x + 10.0 * share, 100.0 + 200.0 * share)); // going down, to the left
///     Row { share, left: edge(150.0), right: edge(50.0) }
/// };
/// let outline = Outline {
///     facing: Facing::Camera, shoulders: Point::new(100.0, 100.0), hips: Point::new(100.0, 300.0),
///     rows: (32..=80).map(row).collect(), contour: None, gaps: Err(Refusal::Degenerate("not drawn")),
/// };
/// assert!((hip_outline_tilt(&outline, Some).unwrap() - 2.862).abs() < 1e-3); // atan(10 / 200)
/// ```
pub fn hip_outline_tilt(outline: &Outline, straighten: impl Fn(Point) -> Option<Point>) -> Value {
    let rows = middles(outline, PELVIS, &straighten).ok_or_else(touching)?;
    let (slope, _) = upright_line(&rows).ok_or(Refusal::Degenerate("the trunk lies flat"))?;
    Ok((outline.facing.left_sign() * slope).atan().to_degrees())
}

/// Limits for full and for no weight of properties of a body's own outline: the midline's scatter about its straight line, the deviation
/// of the two flanks from mirror images (degrees), and the mean width, at most and at least (trunk lengths). Jackets, skirts, bags and
/// hands exceed these; on annotated real photos the outline agrees with the labelled hips only within them.
const SMOOTH_MIDLINE: (f64, f64) = (0.004, 0.008);
const LIKE_FLANKS: (f64, f64) = (8.0, 12.0);
const WIDE: (f64, f64) = (0.72, 0.78);
const NARROW: (f64, f64) = (0.58, 0.52);

/// How well the outline between waist and hips matches a body, 0 to 1: a straight midline, symmetric flanks, the width of a pelvis.
/// Rectified as for [`hip_outline_tilt`]. 0 if that has no value.
#[must_use]
pub fn hip_outline_fit(outline: &Outline, straighten: impl Fn(Point) -> Option<Point>) -> f64 {
    let edge = |side: Side| -> Option<Vec<Point>> {
        let band = outline.rows.iter().filter(|row| (PELVIS.0 - 1e-6..=PELVIS.1 + 1e-6).contains(&row.share));
        let both = band.filter_map(|row| Some((row.on(side)?, row.on(side.other())?)));
        both.map(|(edge, _)| straighten(edge)).collect()
    };
    let fit = || -> Option<f64> {
        let (left, right) = (edge(Side::Left)?, edge(Side::Right)?);
        let trunk = straighten(outline.shoulders)?.distance(straighten(outline.hips)?);
        let middles: Vec<Point> = left.iter().zip(&right).map(|(a, b)| a.midpoint(*b)).collect();
        let (_, scatter) = upright_line(&middles)?;
        let [(left_slope, _), (right_slope, _)] = [upright_line(&left)?, upright_line(&right)?];
        let width = left.iter().zip(&right).map(|(a, b)| a.distance(*b)).sum::<f64>() / (left.len() as f64 * trunk);
        let unlike = (left_slope.atan() + right_slope.atan()).abs().to_degrees();
        let premises =
            [ramp(scatter / trunk, SMOOTH_MIDLINE), ramp(unlike, LIKE_FLANKS), ramp(width, WIDE), ramp(width, NARROW)];
        Some(premises.into_iter().fold(1.0, f64::min))
    };
    fit().unwrap_or(0.0)
}

/// The line `x = a + slope y` through points by least squares: its slope, and the scatter of x about it; `None` for too few.
fn upright_line(points: &[Point]) -> Option<(f64, f64)> {
    let count = points.len() as f64;
    let mean = points.iter().fold(Vec2::default(), |sum, at| sum + (*at - Point::default())) / count;
    let (mut across, mut along, mut square) = (0.0, 0.0, 0.0);
    for at in points {
        let off = *at - (Point::default() + mean);
        across += off.x * off.y;
        along += off.y * off.y;
        square += off.x * off.x;
    }
    let slope = across / along;
    let scatter = ((square - slope * across) / count).max(0.0).sqrt();
    (points.len() >= 3 && along > 1e-9).then_some((slope, scatter))
}

/// Tilt of the line from a right to a left point: positive = the left one is higher.
fn tilt(left: Point, right: Point) -> f64 {
    (right.y - left.y).atan2((left.x - right.x).abs()).to_degrees()
}

/// The minimum of the smaller gap, in squares of the trunk's length: below it an arm counts as touching.
const LEAST_GAP: f64 = 0.015;

/// Asymmetry of the gaps between arms and trunk, in percent: `(L - R) / ((L + R) / 2) * 100`, L and R the areas of background
/// between the trunk and the left and the right arm, from below the armpit to the height of the higher wrist.
///
/// Positive = the gap on the subject's left is larger. Neutral value 0, range -200 to 200. Definition: waist triangle areas by
/// SAPO's asymmetry index. Depends on the position of the arms as much as on the trunk.
///
/// # Errors
/// When the arms do not hang, or when one touches the trunk so far that hardly any gap is left.
///
/// ```
/// use orthostat::core::geometry::{Point, Vec2};
/// use orthostat::core::measure::Facing;
/// use orthostat::core::silhouette::{Gap, Outline, arm_gap_asymmetry};
/// let gap = |x: f64, width: f64| {
///     let slice = |i: i32| {
///         let inner = Point::new(x, 200.0 + 4.0 * f64::from(i));
///         Gap { inner, outer: inner + Vec2::new(width, 0.0), down: Vec2::new(0.0, 4.0) }
///     };
///     (0..20).map(slice).collect::<Vec<_>>()
/// };
/// let outline = Outline {
///     facing: Facing::Camera, shoulders: Point::new(100.0, 100.0), hips: Point::new(100.0, 300.0),
///     rows: Vec::new(), contour: None, gaps: Ok([gap(150.0, 11.0), gap(50.0, -9.0)]),
/// };
/// assert!((arm_gap_asymmetry(&outline, Some).unwrap() - 20.0).abs() < 1e-9); // (11 - 9) / 10
/// ```
pub fn arm_gap_asymmetry(outline: &Outline, straighten: impl Fn(Point) -> Option<Point>) -> Value {
    let [left, right] = outline.gaps.as_ref().map_err(Clone::clone)?;
    let trunk = straightened(&straighten, outline.shoulders)?.distance(straightened(&straighten, outline.hips)?);
    let area = |gaps: &[Gap]| -> Value {
        let mut sum = 0.0;
        for gap in gaps {
            let inner = straightened(&straighten, gap.inner)?;
            let across = straightened(&straighten, gap.outer)? - inner;
            sum += across.cross(straightened(&straighten, gap.inner + gap.down)? - inner).abs();
        }
        Ok(sum)
    };
    let (left, right) = (area(left)?, area(right)?);
    if left.min(right) < LEAST_GAP * trunk * trunk {
        return Err(touching());
    }
    Ok(200.0 * (left - right) / (left + right))
}

/// Tilt of the shoulders' upper contour, in degrees: the line between its points nine tenths of the way out from the middle to
/// each shoulder joint.
///
/// Positive = the subject's left shoulder is higher. Neutral value 0. To be corrected for the turn. Independent evidence of the shoulder
/// tilt besides the model's joints; straps, collars and long hair raise it.
///
/// # Errors
/// When a shoulder's contour is not found above its joint.
///
/// ```
/// use orthostat::core::geometry::Point;
/// use orthostat::core::measure::Facing;
/// use orthostat::core::refusal::Refusal;
/// use orthostat::core::silhouette::{Outline, shoulder_contour_tilt};
/// let outline = Outline {
///     facing: Facing::Camera, shoulders: Point::new(100.0, 100.0), hips: Point::new(100.0, 300.0), rows: Vec::new(),
///     contour: Some([Point::new(150.0, 85.0), Point::new(50.0, 90.0)]), gaps: Err(Refusal::Degenerate("not drawn")),
/// };
/// assert!((shoulder_contour_tilt(&outline, Some).unwrap() - 2.862).abs() < 1e-3); // atan(5 / 100)
/// ```
pub fn shoulder_contour_tilt(outline: &Outline, straighten: impl Fn(Point) -> Option<Point>) -> Value {
    let [left, right] = outline.contour.ok_or(Refusal::Degenerate("the shoulders' contour was not found"))?;
    let (left, right) = (straightened(&straighten, left)?, straightened(&straighten, right)?);
    if left.distance(right) < 1.0 {
        return Err(Refusal::Degenerate("both shoulders lie on one spot"));
    }
    Ok(tilt(left, right))
}
