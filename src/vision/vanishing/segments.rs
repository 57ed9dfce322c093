//! Straight edges of a picture that run near its vertical or its horizontal, without lines drawn over it.
//!
//! Edges near the horizontal come from the same search on the transposed picture.

use super::overlay::{self, Drawn};
use super::pieces::{MIN_LENGTH, Piece, pieces};
use super::plane::{Plane, person_grid, reduce, transpose};
use image::GrayImage;

/// The axis of the picture that an edge follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Within 45 degrees of the picture's columns.
    Vertical,
    /// Within 45 degrees of the picture's rows.
    Horizontal,
}

/// A straight edge, in pixels of the picture given (origin at the top left corner, x right, y down, pixel centres at
/// +0.5).
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Start (top or left end): x and y.
    pub start: [f64; 2],
    /// End (bottom or right end): x and y.
    pub end: [f64; 2],
    /// Standard error of its direction from the scatter of its points, in radians.
    pub direction_sd: f64,
}

impl Segment {
    /// Length in pixels.
    pub fn length(&self) -> f64 {
        // Not `hypot`: its protection against overflow is not needed here and took a seventh of the time.
        let [dx, dy] = [self.end[0] - self.start[0], self.end[1] - self.start[1]];
        (dx * dx + dy * dy).sqrt()
    }
}

/// The straight edges near each axis of the picture. `person` returns whether a place (pixels of `luma`) belongs to the person; edges
/// there and close by are left out, and so are lines drawn over the picture and neighbouring pictures.
pub fn segments(luma: &GrayImage, person: impl Fn(f64, f64) -> bool, axes: &[Axis]) -> Vec<(Axis, Segment)> {
    edges(luma, person, axes).segments
}

/// The edges of a picture.
#[derive(Debug, Default)]
pub(super) struct Edges {
    pub(super) segments: Vec<(Axis, Segment)>,
    /// In a composite of several pictures, the one with the person: left, top, right, bottom.
    pub(super) panel: Option<[f64; 4]>,
}

/// The same, with the person's own picture of a composite.
pub(super) fn edges(luma: &GrayImage, person: impl Fn(f64, f64) -> bool, axes: &[Axis]) -> Edges {
    let plane = reduce(luma);
    if plane.width < 2 * MIN_LENGTH || plane.height < 2 * MIN_LENGTH {
        return Edges::default();
    }
    let scale = [f64::from(luma.width()) / plane.width as f64, f64::from(luma.height()) / plane.height as f64];
    let blocked = person_grid(&plane, scale, person);
    let looks: Vec<Look> = axes.iter().map(|&axis| Look::along(axis, &plane, &blocked)).collect();
    let drawn = looks.iter().any(|look| look.drawn.any);
    let mut panel = [0.0, 0.0, plane.width as f64, plane.height as f64];
    for look in &looks {
        let side = usize::from(look.axis == Axis::Horizontal);
        for (seam, before) in look.seams() {
            let edge = if before { side } else { side + 2 };
            panel[edge] = if before { seam.max(panel[edge]) } else { seam.min(panel[edge]) };
        }
    }
    let mut segments = Vec::new();
    for look in &looks {
        for piece in look.pieces.iter().filter(|piece| !(drawn && look.drawn.holds(piece))) {
            let end_at = |row: f64| {
                let at = piece.at(row) + 0.5;
                if look.axis == Axis::Horizontal { [row + 0.5, at] } else { [at, row + 0.5] }
            };
            let (start, end) = (end_at(piece.first), end_at(piece.last));
            let inside = |i: usize| (panel[i]..=panel[i + 2]).contains(&(0.5 * (start[i] + end[i])));
            if inside(0) && inside(1) {
                let place = |at: [f64; 2]| [at[0] * scale[0], at[1] * scale[1]];
                let direction_sd = piece.direction_sd();
                segments.push((look.axis, Segment { start: place(start), end: place(end), direction_sd }));
            }
        }
    }
    let cut = looks.iter().any(|look| look.seams().next().is_some());
    let panel = [panel[0] * scale[0], panel[1] * scale[1], panel[2] * scale[0], panel[3] * scale[1]];
    Edges { segments, panel: cut.then_some(panel) }
}

/// The result for one axis of the picture.
struct Look {
    axis: Axis,
    pieces: Vec<Piece>,
    drawn: Drawn,
    /// The person's position across the axis.
    person: Option<f64>,
}

impl Look {
    fn along(axis: Axis, plane: &Plane, blocked: &Plane) -> Self {
        match axis {
            Axis::Vertical => Self::of(axis, plane, blocked),
            Axis::Horizontal => Self::of(axis, &transpose(plane), &transpose(blocked)),
        }
    }

    fn of(axis: Axis, plane: &Plane, blocked: &Plane) -> Self {
        let found = pieces(plane, blocked);
        let drawn = if overlay::worth_a_look(plane, &found) {
            let nobody = Plane { width: blocked.width, height: blocked.height, data: vec![0; blocked.data.len()] };
            overlay::drawn(plane, blocked, &pieces(plane, &nobody))
        } else {
            Drawn::default()
        };
        Self { axis, pieces: found, drawn, person: overlay::middle_of_person(plane, blocked) }
    }

    /// The seams, and whether each comes before the person; none without a person.
    fn seams(&self) -> impl Iterator<Item = (f64, bool)> + '_ {
        let person = self.person;
        self.drawn.seams.iter().filter_map(move |&seam| Some((seam + 0.5, seam < person?)))
    }
}
