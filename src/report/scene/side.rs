//! The lines of a person seen from the side: plumb line through the ankle, ear and shoulder, trunk and leg.

use super::figure::Figure;
use super::framing::Framing;
use super::lines::{Named, Pen};
use super::shape::{GREEN, Layer, ORANGE, PURPLE, Rgb, SKY, Shape, VERMILLION, WHITE, YELLOW};
use super::words;
use crate::core::body::landmarks::BonyPoint;
use crate::core::body::skeleton::{Joint, Pair, Side};
use crate::core::geometry::Point;
use crate::core::measure::Measure;
use crate::core::points::Site;

/// Everything that is drawn over a person, layer by layer from below, and the lines that have names.
pub(super) fn draw(figure: &Figure, framing: &Framing, pen: &Pen) -> (Vec<Layer>, Vec<Named>) {
    let near = figure.view.near_side().unwrap_or(Side::Left);
    let at = |pair: Pair| figure.joint(pair.on(near));
    let mut drawing = Drawing { figure, framing, pen, layers: Vec::new(), named: Vec::new() };
    if let (Some(ankle), Some(ear)) = (at(Pair::ANKLES), at(Pair::EARS))
        && ankle.y > ear.y
    {
        drawing.plumb(ankle, ear, near);
    }
    let [ear, shoulder, hip, knee, ankle] =
        [Pair::EARS, Pair::SHOULDERS, Pair::HIPS, Pair::KNEES, Pair::ANKLES].map(|pair| at(pair));
    let c7 = figure.at(Site::Bony(BonyPoint::C7));
    drawing.line(&[hip, knee, ankle], Measure::KneeHyperextension, GREEN, "leg", "line of the leg");
    drawing.line(&[shoulder, hip], Measure::TrunkSagittalLean, YELLOW, "trunk", "line of the trunk");
    drawing.line(&[ear, shoulder], Measure::EarShoulderAngle, SKY, "neck", "line of ear and shoulder");
    drawing.line(&[ear, c7], Measure::CraniovertebralAngle, PURPLE, "c7", "line of ear and C7");
    drawing.forward_head(ear, shoulder);
    (drawing.layers, drawing.named)
}

struct Drawing<'a> {
    figure: &'a Figure,
    framing: &'a Framing,
    pen: &'a Pen,
    layers: Vec<Layer>,
    named: Vec<Named>,
}

impl Drawing<'_> {
    /// The plumb line, and the offset of what stands farthest beside it.
    fn plumb(&mut self, ankle: Point, ear: Point, near: Side) {
        let (figure, place) = (self.figure, |p| self.framing.place(p));
        let up = figure.plumb(ankle);
        let margin = 0.08 * (ankle.y - ear.y);
        self.layers.push(self.pen.plumb(place(up(ankle.y + margin)), place(up(ear.y - margin))));
        let beside = |p: &Point| (figure.camera.level(*p).x - figure.camera.level(ankle).x).abs();
        let farthest = [Pair::EARS, Pair::SHOULDERS, Pair::HIPS, Pair::KNEES]
            .into_iter()
            .filter_map(|pair| figure.joint(pair.on(near)))
            .max_by(|a, b| beside(a).total_cmp(&beside(b)));
        let (Some(at), Some(Some(value))) = (farthest, figure.value(Measure::BodyPlumb)) else { return };
        let ends = [place(at), place(up(at.y))];
        if value.resolved {
            self.push(&ends, Measure::BodyPlumb, VERMILLION, "offset", "largest offset");
        } else {
            self.named.push(Named { measure: Measure::BodyPlumb, color: VERMILLION, ends });
        }
    }

    /// How far the ear stands before the plumb line through the shoulder.
    fn forward_head(&mut self, ear: Option<Point>, shoulder: Option<Point>) {
        let (Some(ear), Some(shoulder)) = (ear, shoulder) else { return };
        let Some(Some(value)) = self.figure.value(Measure::ForwardHead) else { return };
        let above = self.figure.plumb(shoulder)(ear.y);
        let ends = [self.framing.place(ear), self.framing.place(above)];
        if value.resolved {
            self.push(&ends, Measure::ForwardHead, ORANGE, "ear", "ear before the shoulder");
        }
    }

    /// A line through joints, where all are seen.
    fn line(&mut self, through: &[Option<Point>], measure: Measure, color: Rgb, id: &'static str, name: &'static str) {
        let places: Option<Vec<Point>> = through.iter().map(|p| p.map(|p| self.framing.place(p))).collect();
        if let Some(places) = places {
            self.push(&places, measure, color, id, name);
        }
    }

    fn push(&mut self, places: &[Point], measure: Measure, color: Rgb, id: &'static str, name: &'static str) {
        let Some(value) = self.figure.value(measure) else { return };
        let [first, .., last] = places else { return };
        let middle = if places.len() == 3 { places[1] } else { first.midpoint(*last) };
        let mut shapes = vec![self.pen.line(places, color, 1.2, value.is_none())];
        if let (true, Some(value)) = (self.pen.tags, value) {
            let right = places.iter().map(|p| p.x).fold(middle.x, f64::max);
            let at = Point::new(right + 5.0 * self.pen.unit, middle.y);
            shapes.push(Shape::Tag { text: words::number(measure, value), at, size: 9.0 * self.pen.unit, color: WHITE });
        }
        self.layers.push(Layer { id, name, color, shapes });
        self.named.push(Named { measure, color, ends: [middle, middle] });
    }
}

/// The joints of the side that the camera does not see are guesses, which are not drawn.
pub(super) fn is_near(figure: &Figure, joint: Joint) -> bool {
    let far = match figure.view.near_side() {
        Some(Side::Left) => "right_",
        Some(Side::Right) => "left_",
        None => return true,
    };
    !joint.name().starts_with(far)
}
