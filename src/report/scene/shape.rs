//! The elements of pictures: lines, dots and words in one set of colours. Each back end draws every shape.
//!
//! The colours are those of Okabe and Ito, which are distinguishable with any colour vision; every line is also named.

use crate::core::geometry::Point;

/// Red, green, blue.
pub type Rgb = [u8; 3];

/// The shoulders, and measures at their height.
pub const ORANGE: Rgb = [230, 159, 0];
/// The head, and the plumb line.
pub const SKY: Rgb = [86, 180, 233];
/// The hips and the legs.
pub const GREEN: Rgb = [0, 158, 115];
/// Joints, the spinal line and the trunk.
pub const YELLOW: Rgb = [240, 228, 66];
/// The feet, offsets, and alerts.
pub const VERMILLION: Rgb = [213, 94, 0];
/// Manual landmarks.
pub const PURPLE: Rgb = [204, 121, 167];
/// Bones and text.
pub const WHITE: Rgb = [255, 255, 255];
/// Less important text.
pub const GREY: Rgb = [190, 190, 190];
/// Outlines and backgrounds.
pub const INK: Rgb = [20, 20, 20];

/// One shape. Places and sizes are in pixels of the displayed picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A line with a dark outline, legible on any clothing.
    Line {
        /// Its corners.
        points: Vec<Point>,
        /// Its colour.
        color: Rgb,
        /// Its width without the outline.
        width: f64,
        /// Whether it is broken into dashes.
        dashed: bool,
    },
    /// A faint line of the grid.
    Hair {
        /// One end.
        from: Point,
        /// The other.
        to: Point,
    },
    /// A dot with a dark outline.
    Dot {
        /// Its middle.
        at: Point,
        /// Its radius without the outline.
        radius: f64,
        /// Its colour.
        color: Rgb,
    },
    /// A text label: its left edge, and the middle of its height.
    Tag {
        /// The text.
        text: String,
        /// The position of the left edge.
        at: Point,
        /// The height of a line of text.
        size: f64,
        /// Their colour.
        color: Rgb,
    },
}

/// Shapes of one kind, which can be shown or hidden together.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// A fixed name, such as `shoulders`.
    pub id: &'static str,
    /// Its content, in words.
    pub name: &'static str,
    /// Its colour.
    pub color: Rgb,
    /// From bottom to top.
    pub shapes: Vec<Shape>,
}

/// A label on a dark background with a stripe in the colour of its line.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// One below the other; each has its own background, `1.5 * size` high.
    pub lines: Vec<String>,
    /// The left edge, and the middle of the first line.
    pub at: Point,
    /// The height of a line of text.
    pub size: f64,
    /// The colour of its stripe.
    pub color: Rgb,
}

/// The pieces of a dashed line from one point to another, each `on` long and `off` apart.
#[must_use]
pub fn dashes(from: Point, to: Point, on: f64, off: f64) -> Vec<[Point; 2]> {
    let length = from.distance(to);
    let step = on + off;
    if !(length.is_finite() && on > 0.0 && off >= 0.0 && length < 1e4 * step) {
        return vec![[from, to]];
    }
    let along = (to - from) / length.max(1e-9);
    let count = (length / step).ceil() as usize;
    let piece = |k: usize| {
        let start = k as f64 * step;
        [from + along * start, from + along * (start + on).min(length)]
    };
    (0..count).map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_begin_and_end_with_the_line() {
        let found = dashes(Point::new(0.0, 0.0), Point::new(25.0, 0.0), 6.0, 4.0);
        let ends: Vec<_> = found.iter().map(|[a, b]| (a.x, b.x)).collect();
        assert_eq!(ends, [(0.0, 6.0), (10.0, 16.0), (20.0, 25.0)]);
        assert!(dashes(Point::default(), Point::default(), 6.0, 4.0).is_empty());
    }
}
