//! The lines of a person seen from the side: plumb line through the ankle, ear and shoulder, trunk and leg.

use super::figure::Figure;
use super::framing::Framing;
use super::lines::{Named, Pen};
use super::shape::{GREEN, Layer, ORANGE, PURPLE, Rgb, SKY, Shape, VERMILLION, WHITE, YELLOW};
use super::words;
use crate::core::body::skeleton::{Joint, Pair, Side};
use crate::core::geometry::Point;
use crate::core::measure::Measure;
use crate::core::measure::descriptor::Span;
use crate::core::points::Site;

/// A line's id, name and colour, by its measure.
fn part(measure: Measure) -> (&'static str, &'static str, Rgb) {
    match measure {
        Measure::EarShoulderAngle => ("neck", "line of ear and shoulder", SKY),
        Measure::CraniovertebralAngle => ("c7", "line of ear and C7", PURPLE),
        Measure::ForwardHead => ("ear", "ear before the shoulder", ORANGE),
        Measure::TrunkSagittalLean => ("trunk", "line of the trunk", YELLOW),
        Measure::BodyPlumb => ("offset", "largest offset", VERMILLION),
        Measure::KneeHyperextension => ("leg", "line of the leg", GREEN),
        other => (other.name(), other.label(), WHITE),
    }
}

/// Everything drawn over a person, layer by layer from below, and the named lines.
pub(super) fn draw(figure: &Figure, framing: &Framing, pen: &Pen) -> (Vec<Layer>, Vec<Named>) {
    let near = figure.view.near_side().unwrap_or(Side::Left);
    let at = |pair: Pair| figure.joint(pair.on(near));
    let mut drawing = Drawing { figure, framing, pen, layers: Vec::new(), named: Vec::new() };
    if let (Some(ankle), Some(ear)) = (at(Pair::ANKLES), at(Pair::EARS))
        && ankle.y > ear.y
    {
        let up = figure.plumb(ankle);
        let margin = 0.08 * (ankle.y - ear.y);
        let [foot, top] = [up(ankle.y + margin), up(ear.y - margin)].map(|p| framing.place(p));
        drawing.layers.push(pen.plumb(foot, top));
    }
    // Long lines below short ones.
    for measure in Measure::ALL.into_iter().rev() {
        let places = match measure.descriptor().span {
            Span::Along(pairs) => pairs.iter().map(|pair| at(*pair)).collect(),
            Span::ToLandmark(pair, landmark) => at(pair).zip(figure.at(Site::Bony(landmark))).map(|(a, b)| vec![a, b]),
            Span::BesidePlumb(pair, below) => at(pair).zip(at(below)).map(|(p, foot)| vec![p, figure.plumb(foot)(p.y)]),
            Span::FarthestFromPlumb => farthest(figure, near),
            Span::None | Span::Across(_) | Span::AcrossLandmarks(..) | Span::Trunk => None,
        };
        if let Some(places) = places {
            drawing.push(&places, measure);
        }
    }
    (drawing.layers, drawing.named)
}

/// From the joint that is farthest from the plumb line through the ankle to that line.
fn farthest(figure: &Figure, near: Side) -> Option<Vec<Point>> {
    let ankle = figure.joint(Pair::ANKLES.on(near))?;
    let beside = |p: &Point| (figure.camera.level(*p).x - figure.camera.level(ankle).x).abs();
    let joints = [Pair::EARS, Pair::SHOULDERS, Pair::HIPS, Pair::KNEES].map(|pair| figure.joint(pair.on(near)));
    let at = joints.into_iter().flatten().max_by(|a, b| beside(a).total_cmp(&beside(b)))?;
    Some(vec![at, figure.plumb(ankle)(at.y)])
}

struct Drawing<'a> {
    figure: &'a Figure,
    framing: &'a Framing,
    pen: &'a Pen,
    layers: Vec<Layer>,
    named: Vec<Named>,
}

impl Drawing<'_> {
    /// The line of a measure through places of the photo. An unresolved offset has a label and no line.
    fn push(&mut self, places: &[Point], measure: Measure) {
        let Some(value) = self.figure.value(measure) else { return };
        let places: Vec<Point> = places.iter().map(|p| self.framing.place(*p)).collect();
        let [first, .., last] = places[..] else { return };
        let (id, name, color) = part(measure);
        let middle = if places.len() == 3 { places[1] } else { first.midpoint(last) };
        self.named.push(Named { measure, color, ends: [middle, middle] });
        let is_offset = matches!(measure.descriptor().span, Span::BesidePlumb(..) | Span::FarthestFromPlumb);
        if is_offset && value.is_none_or(|value| !value.resolved) {
            return;
        }
        let mut shapes = vec![self.pen.line(&places, color, 1.2, value.is_none())];
        if let (true, Some(value)) = (self.pen.tags, value) {
            let right = places.iter().map(|p| p.x).fold(middle.x, f64::max);
            let at = self.free(Point::new(right + 5.0 * self.pen.unit, middle.y));
            shapes.push(Shape::Tag {
                text: words::number(measure, value),
                at,
                size: 9.0 * self.pen.unit,
                color: WHITE,
            });
        }
        self.layers.push(Layer { id, name, color, shapes });
    }

    /// The place of a value's text, or one above it where another value stands: ear and largest offset lie on one line.
    fn free(&self, mut at: Point) -> Point {
        let unit = self.pen.unit;
        let places = self.layers.iter().flat_map(|layer| &layer.shapes).filter_map(|shape| match shape {
            Shape::Tag { at, .. } => Some(*at),
            _ => None,
        });
        let places: Vec<Point> = places.collect();
        while places.iter().any(|other| (other.y - at.y).abs() < 10.0 * unit && (other.x - at.x).abs() < 60.0 * unit) {
            at.y -= 11.0 * unit;
        }
        at
    }
}

/// Joints of the far side are estimates and are not drawn.
pub(super) fn is_near(figure: &Figure, joint: Joint) -> bool {
    let far = match figure.view.near_side() {
        Some(Side::Left) => "right_",
        Some(Side::Right) => "left_",
        None => return true,
    };
    !joint.name().starts_with(far)
}
