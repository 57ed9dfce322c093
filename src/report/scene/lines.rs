//! Drawing of lines: widths, the joints, the plumb line, the grid.

use super::figure::Figure;
use super::framing::Framing;
use super::shape::{Layer, PURPLE, Rgb, SKY, Shape, WHITE, YELLOW};
use crate::core::body::skeleton::{BONES, Joint};
use crate::core::geometry::{Point, Vec2};
use crate::core::measure::Measure;
use crate::core::points::Site;

/// A line that can have a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    /// The measure that it shows.
    pub measure: Measure,
    /// Its colour.
    pub color: Rgb,
    /// Its ends in the picture.
    pub ends: [Point; 2],
}

/// Drawing settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pen {
    /// Width of a thin line in pixels of the picture.
    pub unit: f64,
    /// Whether lines are drawn with their values.
    pub tags: bool,
}

impl Pen {
    /// A line `width` units wide.
    pub(super) fn line(&self, points: &[Point], color: Rgb, width: f64, dashed: bool) -> Shape {
        Shape::Line { points: points.to_vec(), color, width: width * self.unit, dashed }
    }

    /// The plumb line from the foot up.
    pub(super) fn plumb(&self, foot: Point, top: Point) -> Layer {
        let shapes = vec![self.line(&[foot, top], SKY, 0.9, true)];
        Layer { id: "plumb", name: "plumb line", color: SKY, shapes }
    }
}

/// Fingers, corners of the eyes and of the mouth are not drawn: they would hide the face and the hands.
fn is_drawn(joint: Joint) -> bool {
    matches!(joint, Joint::Nose | Joint::LeftEar | Joint::RightEar)
        || (joint.index() >= Joint::LeftShoulder.index() && joint.index() <= Joint::RightWrist.index())
        || joint.index() >= Joint::LeftHip.index()
}

/// Bones and joints.
pub(super) fn joints(figure: &Figure, framing: &Framing, pen: &Pen, is_seen: impl Fn(Joint) -> bool) -> Layer {
    let at = |joint: Joint| figure.joint(joint).filter(|_| is_seen(joint)).map(|p| framing.place(p));
    let bones = BONES.into_iter().filter_map(|(from, to)| Some(pen.line(&[at(from)?, at(to)?], WHITE, 0.6, false)));
    let dot = |at: Point, color: Rgb| Shape::Dot { at, radius: 1.6 * pen.unit, color };
    let by_model = |joint: &Joint| is_drawn(*joint) && !figure.is_by_hand(Site::Joint(*joint));
    let dots = Joint::ALL.into_iter().filter(by_model).filter_map(at).map(|p| dot(p, YELLOW));
    Layer { id: "joints", name: "joints", color: YELLOW, shapes: bones.chain(dots).collect() }
}

/// The points that were placed by hand, larger than joints.
pub(super) fn by_hand(figure: &Figure, framing: &Framing, pen: &Pen) -> Layer {
    let dot = |p: Point| Shape::Dot { at: framing.place(p), radius: 2.2 * pen.unit, color: PURPLE };
    Layer { id: "hand", name: "points by hand", color: PURPLE, shapes: figure.by_hand().map(dot).collect() }
}

/// Level and plumb lines of the room, behind the person: a quarter of the trunk apart, through the feet.
pub(super) fn grid(figure: &Figure, framing: &Framing, pen: &Pen) -> Layer {
    let principal = figure.camera.principal;
    let foot =
        figure.spine.last().map(|level| level.at).or_else(|| figure.joint(Joint::LeftAnkle)).unwrap_or(principal);
    let along = figure.level(0.0);
    let down = Vec2::new(-along.y, along.x);
    let far = 2.0 * principal.x.hypot(principal.y);
    let step = (0.25 * figure.trunk()).max(12.0 * pen.unit).max(0.01 * far);
    let count = (far / step).ceil() as i32;
    let mut shapes = Vec::new();
    let mut hair = |from: Point, to: Point| {
        if let Some([from, to]) = clipped(framing.place(from), framing.place(to), framing.size) {
            shapes.push(Shape::Hair { from, to });
        }
    };
    for k in -count..=count {
        let shift = step * f64::from(k);
        let middle = foot + down * shift;
        hair(middle + along * -far, middle + along * far);
        let up = figure.plumb(foot + along * shift);
        hair(up(0.0), up(2.0 * principal.y));
    }
    Layer { id: "grid", name: "level grid", color: WHITE, shapes }
}

/// The part of a line inside the picture; `None` if there is none.
fn clipped(from: Point, to: Point, size: [f64; 2]) -> Option<[Point; 2]> {
    let along = to - from;
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    for (at, step, most) in [(from.x, along.x, size[0]), (from.y, along.y, size[1])] {
        if step == 0.0 {
            if !(0.0..=most).contains(&at) {
                return None;
            }
            continue;
        }
        let (a, b) = (-at / step, (most - at) / step);
        start = start.max(a.min(b));
        end = end.min(a.max(b));
    }
    (start < end).then(|| [from + along * start, from + along * end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_at_the_edges_of_the_picture() {
        let cut = |from: (f64, f64), to: (f64, f64)| {
            clipped(Point::new(from.0, from.1), Point::new(to.0, to.1), [100.0, 50.0])
        };
        assert_eq!(cut((-50.0, 25.0), (150.0, 25.0)), Some([Point::new(0.0, 25.0), Point::new(100.0, 25.0)]));
        assert_eq!(cut((10.0, 60.0), (90.0, 60.0)), None);
        assert_eq!(cut((-10.0, 20.0), (-10.0, 30.0)), None);
        let inside = (Point::new(10.0, 10.0), Point::new(20.0, 30.0));
        assert_eq!(clipped(inside.0, inside.1, [100.0, 50.0]), Some([inside.0, inside.1]));
    }
}
