//! The lines of a person seen from the front or from behind: level lines at their measured tilts, plumb line, spinal line.

use super::figure::{Figure, Profile};
use super::framing::Framing;
use super::lines::{Named, Pen};
use super::shape::{GREEN, Layer, ORANGE, PURPLE, Rgb, SKY, Shape, VERMILLION, WHITE, YELLOW};
use super::words;
use crate::core::body::landmarks::BonyPoint;
use crate::core::body::skeleton::{Joint, Pair};
use crate::core::geometry::{Point, Vec2};
use crate::core::measure::Measure;
use crate::core::measure::descriptor::Span;
use crate::core::points::Site;

/// The ends of a measure's line across the body, the subject's left one first.
fn ends(span: Span) -> Option<[Site; 2]> {
    match span {
        Span::Across(pair) => Some([Site::Joint(pair.left), Site::Joint(pair.right)]),
        Span::AcrossLandmarks(left, right) => Some([Site::Bony(left), Site::Bony(right)]),
        _ => None,
    }
}

/// A line's id, name and colour, by its left end.
fn part(left: Site) -> (&'static str, &'static str, Rgb) {
    match left {
        Site::Joint(Joint::LeftEar) => ("head", "line of the head", SKY),
        Site::Joint(Joint::LeftShoulder) => ("shoulders", "line of the shoulders", ORANGE),
        Site::Joint(Joint::LeftHip) => ("hips", "line of the hips", GREEN),
        Site::Joint(Joint::LeftKnee) => ("knees", "line of the knees", GREEN),
        Site::Joint(Joint::LeftAnkle) => ("ankles", "line of the ankles", VERMILLION),
        Site::Bony(BonyPoint::LeftAcromion) => ("acromia", "line of the acromia", PURPLE),
        Site::Bony(BonyPoint::LeftAsis) => ("asis", "line of the ASIS", PURPLE),
        Site::Bony(BonyPoint::LeftPsis) => ("psis", "line of the PSIS", PURPLE),
        other => (other.name(), other.words(), WHITE),
    }
}

/// The line of a pair in the photo, extended beyond the body on both sides, the end on the picture's right last: through the midpoint and
/// tilted by the value, so that the picture agrees with the number; without a value through both points.
fn across(figure: &Figure, ends: [Site; 2], tilt: Option<f64>) -> Option<[Point; 2]> {
    let [left, right] = [figure.at(ends[0])?, figure.at(ends[1])?];
    let between = left - right;
    let reach = (0.6 * between.length()).max(0.6 * figure.trunk());
    // The subject's left may be on either side of the picture.
    let side = if between.dot(figure.level(0.0)) < 0.0 { -1.0 } else { 1.0 };
    let along = match tilt {
        Some(degrees) => figure.level(side * degrees),
        None => between * (side / between.length().max(1e-9)),
    };
    let middle = left.midpoint(right);
    Some([middle + along * -reach, middle + along * reach])
}

/// Everything drawn over a person, layer by layer from below, and the named lines.
pub(super) fn draw(figure: &Figure, framing: &Framing, pen: &Pen) -> (Vec<Layer>, Vec<Named>) {
    let mut layers = Vec::new();
    if let (Some(top), Some(foot)) = (figure.spine.first(), figure.spine.last())
        && figure.spine.len() > 1
    {
        let up = figure.plumb(foot.at);
        let margin = 0.08 * (foot.at.y - top.at.y);
        layers.push(pen.plumb(framing.place(up(foot.at.y + margin)), framing.place(up(top.at.y - margin))));
        layers.push(spine(figure, framing, pen));
    }
    layers.extend(figure.profile.iter().map(|found| profile(found, framing, pen)));
    let mut named = Vec::new();
    for measure in Measure::ALL {
        let Some(ends) = ends(measure.descriptor().span) else { continue };
        let (id, name, color) = part(ends[0]);
        let value = figure.value(measure);
        let Some(line) = across(figure, ends, value.flatten().map(|found| found.value)) else { continue };
        let line = line.map(|p| framing.place(p));
        let refused = value == Some(None);
        let mut shapes = vec![pen.line(&line, color, 1.2, refused)];
        if let (true, Some(Some(value))) = (pen.tags, value) {
            let [a, b] = line;
            let end = if a.x > b.x { a } else { b };
            let at = Point::new(end.x + 3.0 * pen.unit, end.y);
            shapes.push(Shape::Tag { text: words::number(measure, value), at, size: 9.0 * pen.unit, color: WHITE });
        }
        layers.push(Layer { id, name, color, shapes });
        if value.is_some() {
            named.push(Named { measure, color, ends: line });
        }
    }
    if let (Some(shoulders), Some(hips)) = (figure.middle(Pair::SHOULDERS), figure.middle(Pair::HIPS))
        && figure.value(Measure::TrunkLean).is_some()
    {
        let at = framing.place(shoulders.midpoint(hips));
        named.push(Named { measure: Measure::TrunkLean, color: YELLOW, ends: [at, at] });
    }
    (layers, named)
}

/// The points along the spine, the line from C7 to the sacrum, and the largest departure from it.
fn profile(profile: &Profile, framing: &Framing, pen: &Pen) -> Layer {
    let chain: Vec<Point> = profile.points.iter().map(|p| framing.place(*p)).collect();
    let dots = chain.iter().map(|&at| Shape::Dot { at, radius: 1.6 * pen.unit, color: WHITE }).collect::<Vec<_>>();
    let mut shapes = vec![pen.line(&chain, WHITE, 1.4, false)];
    shapes.extend(profile.chord.map(|chord| pen.line(&chord.map(|p| framing.place(p)), SKY, 0.9, true)));
    shapes.extend(dots);
    if let (true, Some((at, level, offset))) = (pen.tags, profile.largest) {
        let size = 6.5 * pen.unit;
        let at = framing.place(at) + Vec2::new(4.0 * pen.unit, 0.4 * size);
        shapes.push(Shape::Tag { text: format!("{level} {}", words::offset(offset)), at, size, color: WHITE });
    }
    Layer { id: "profile", name: "spine's profile", color: WHITE, shapes }
}

/// The chain of the body's midpoints, with each offset from the plumb line that is more than the error.
fn spine(figure: &Figure, framing: &Framing, pen: &Pen) -> Layer {
    let chain: Vec<Point> = figure.spine.iter().map(|level| framing.place(level.at)).collect();
    let mut shapes = vec![pen.line(&chain, YELLOW, 1.4, false)];
    let size = 6.5 * pen.unit;
    if let Some((foot, levels)) = figure.spine.split_last() {
        let up = figure.plumb(foot.at);
        for (level, at) in levels.iter().zip(&chain) {
            let Some(offset) = level.offset else { continue };
            let plumb = framing.place(up(level.at.y));
            shapes.push(pen.line(&[*at, plumb], VERMILLION, 0.8, false));
            let beside = Point::new(at.x.max(plumb.x) + 4.0 * pen.unit, at.y - 1.1 * size);
            shapes.push(Shape::Tag { text: words::offset(offset), at: beside, size, color: YELLOW });
        }
    }
    Layer { id: "spine", name: "spinal line", color: YELLOW, shapes }
}
