//! Positions of labels: beside the body, where there is more room, each connected to its line.

use super::figure::Figure;
use super::framing::Framing;
use super::lines::Named;
use super::shape::{GREY, Label, SKY, Shape, WHITE};
use super::words;
use crate::core::body::skeleton::Joint;
use crate::core::geometry::Point;
use crate::report::font;

/// The width of a line of text with its background, in heights of the text.
fn breadth(text: &str) -> f64 {
    f64::from(font::width(text, 1.0)) + 1.6
}

/// Labels at the height of their lines, and the leader lines to them.
pub(super) fn beside(figure: &Figure, framing: &Framing, mut named: Vec<Named>, unit: f64) -> (Vec<Label>, Vec<Shape>) {
    let [width, height] = framing.size;
    let places = Joint::ALL.into_iter().filter_map(|joint| figure.joint(joint)).map(|p| framing.place(p).x);
    let (left, right) = places.fold((width, 0.0_f64), |(left, right), x| (left.min(x), right.max(x)));
    let on_left = left >= width - right;
    let height_of = |line: &Named| line.ends[0].midpoint(line.ends[1]).y;
    named.sort_by(|a, b| height_of(a).total_cmp(&height_of(b)));
    let texts: Vec<[String; 2]> =
        named.iter().map(|line| words::label(line.measure, figure.value(line.measure).flatten())).collect();
    let longest = texts.iter().flatten().map(|line| breadth(line)).fold(1.0, f64::max);
    let room = left.max(width - right).max(0.25 * width);
    // Legible on a phone; as large as the room beside the body allows.
    let size = (0.96 * room / longest).clamp(6.5 * unit, 11.0 * unit);
    let block = 3.4 * size;
    let mut free = 0.8 * size;
    let mut labels = Vec::new();
    let mut leaders = Vec::new();
    for (index, (line, text)) in named.iter().zip(texts).enumerate() {
        let most = height - block * (named.len() - index) as f64;
        let y = (height_of(line) - 1.2 * size).min(most).max(free);
        let wide = size * text.iter().map(|line| breadth(line)).fold(1.0, f64::max);
        let x = if on_left { 0.3 * size } else { (width - wide - 0.3 * size).max(0.0) };
        let [a, b] = line.ends;
        let end = if (a.x < b.x) == on_left { a } else { b };
        let from = Point::new(if on_left { x + wide } else { x }, y + 0.75 * size);
        // A label that covers its line's end needs no leader.
        if (end.x > from.x) == on_left {
            leaders.push(Shape::Line { points: vec![from, end], color: GREY, width: 0.35 * unit, dashed: false });
        }
        labels.push(Label { lines: text.to_vec(), at: Point::new(x, y), size, color: line.color });
        free = y + block;
    }
    (labels, leaders)
}

/// The number of each of several people, as counted by `--person`.
pub(super) fn numbers(standing: &[[f64; 2]], framing: &Framing, unit: f64) -> impl Iterator<Item = Label> {
    let size = 10.0 * unit;
    let at = |&[x, y]: &[f64; 2]| framing.place(Point::new(x, y));
    let label =
        move |(number, at): (usize, Point)| Label { lines: vec![format!("person {number}")], at, size, color: SKY };
    (1..).zip(standing.iter().map(at).collect::<Vec<_>>()).map(label)
}

/// The sentence at the foot of the picture.
pub(super) fn caption(text: &str, framing: &Framing, unit: f64) -> Label {
    let [width, height] = framing.size;
    let size = (9.0 * unit).min(0.94 * width / breadth(text));
    Label { lines: vec![text.to_owned()], at: Point::new(0.3 * size, height - size), size, color: WHITE }
}
