//! Lines that are not part of the room: a grid or thirds drawn over the picture, a frame around it, the seam between two pictures.
//!
//! They follow the picture's own rows and columns to a fiftieth of a degree, and run from side to side or over the person, which edges of
//! a room seldom do all at once. If one such line is found, no line that exactly follows rows or columns is used.

use super::pieces::Piece;
use super::plane::Plane;

/// Largest slope of a line that follows the picture's own columns: 0.04 degrees, and more for short pieces according to their
/// uncertainty.
const EXACT: f64 = 0.0007;
const EXACT_AT_MOST: f64 = 0.004;
/// Pieces this near each other lie in one line, in pixels of the reduced picture.
const TOGETHER: f64 = 0.75;
/// Largest distance of a drawn line's edge from its middle, in pixels of the reduced picture.
const WANDERS: f64 = 2.5;
/// A line that covers this part of the picture's side runs across it.
const ACROSS: f64 = 0.6;
/// This many pixels of a line over the person, in two lines or more, cannot be an edge behind the person.
const OVER_PERSON: f64 = 60.0;
/// Pieces that follow the columns must add up to this share of the side to justify the full test.
const WORTH_A_LOOK: f64 = 0.25;
/// A person who covers more than this share of a column stands in it.
const STANDS_IN: f64 = 0.3;
/// Pixels to either side at which a seam's two pictures are compared.
const BESIDE: usize = 5;

impl Piece {
    /// Whether it follows the picture's own columns.
    pub(super) fn is_exact(&self) -> bool {
        self.slope.abs() <= EXACT.max(1.5 * self.direction_sd()).min(EXACT_AT_MOST)
    }
}

/// Whether the full test is justified.
pub(super) fn worth_a_look(plane: &Plane, pieces: &[Piece]) -> bool {
    let exact: f64 = pieces.iter().filter(|piece| piece.is_exact()).map(Piece::rows).sum();
    exact >= WORTH_A_LOOK * plane.height as f64
}

/// The lines drawn along the columns.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// Lines were drawn over the picture, or it is a composite.
    pub(super) any: bool,
    /// Columns at which another picture begins.
    pub(super) seams: Vec<f64>,
    /// Columns of long lines.
    lines: Vec<f64>,
}

impl Drawn {
    /// Whether a piece belongs to a drawn line: it follows the columns, or lies along one of the lines, even if the content below moves
    /// its edge.
    pub(super) fn holds(&self, piece: &Piece) -> bool {
        let along = |line: &f64| [piece.first, piece.last].iter().all(|&row| (piece.at(row) - line).abs() <= WANDERS);
        piece.is_exact() || self.lines.iter().any(along)
    }
}

/// Finds lines drawn along the columns; `pieces` are those of the whole plane, including the person.
pub(super) fn drawn(plane: &Plane, blocked: &Plane, pieces: &[Piece]) -> Drawn {
    let mut exact: Vec<&Piece> = pieces.iter().filter(|piece| piece.is_exact()).collect();
    exact.sort_by(|a, b| a.middle().total_cmp(&b.middle()));
    let mut found = Drawn::default();
    let somebody = blocked.data.iter().any(|&cell| cell != 0);
    let (mut across, mut over_person) = (0, 0);
    let mut rest = &exact[..];
    while let Some(first) = rest.first() {
        let end = rest.partition_point(|piece| piece.middle() <= first.middle() + TOGETHER);
        let (line, others) = rest.split_at(end);
        rest = others;
        let length: f64 = line.iter().map(|piece| piece.rows()).sum();
        let at = line.iter().map(|piece| piece.middle() * piece.rows()).sum::<f64>() / length.max(1.0);
        if length >= WORTH_A_LOOK * plane.height as f64 {
            found.lines.push(at);
        }
        if length >= ACROSS * plane.height as f64 {
            across += 1;
            if is_seam(plane, at) && !crosses(blocked, plane, at) {
                found.seams.push(at);
            }
        }
        let hidden: f64 = line.iter().map(|piece| on_person(piece, plane, blocked)).sum();
        over_person += usize::from(hidden >= OVER_PERSON);
    }
    // A drawn line has two edges; a single one may be the corner of a wall.
    found.any = across >= 2 || over_person >= 2 || somebody && !found.seams.is_empty();
    found
}

fn cell(value: f64, pixels: usize, cells: usize) -> usize {
    (((value + 0.5) / pixels as f64 * cells as f64).max(0.0) as usize).min(cells - 1)
}

/// The number of rows of a piece that lie on the person.
fn on_person(piece: &Piece, plane: &Plane, blocked: &Plane) -> f64 {
    let column = cell(piece.middle(), plane.width, blocked.width);
    let (first, last) = (piece.first as usize, piece.last as usize);
    let inside =
        |row: &usize| blocked.data[cell(*row as f64, plane.height, blocked.height) * blocked.width + column] != 0;
    (first..=last).filter(inside).count() as f64
}

/// Whether the person stands in this column, and does not only touch it.
fn crosses(blocked: &Plane, plane: &Plane, at: f64) -> bool {
    let column = cell(at, plane.width, blocked.width);
    let rows = (0..blocked.height).filter(|row| blocked.data[row * blocked.width + column] != 0).count();
    rows as f64 > STANDS_IN * blocked.height as f64
}

/// Whether left and right of a column are two pictures: they differ by far more than neighbours at that distance do.
fn is_seam(plane: &Plane, at: f64) -> bool {
    let column = at.round().max(0.0) as usize;
    if column < 3 * BESIDE || column + 3 * BESIDE >= plane.width {
        return false;
    }
    let differ = |a: usize, b: usize| -> f64 {
        let row = |row: usize| {
            let line = &plane.data[row * plane.width..(row + 1) * plane.width];
            f64::from(line[a].abs_diff(line[b]))
        };
        let mut all: Vec<f64> = (0..plane.height).step_by(4).map(row).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let across = differ(column - BESIDE, column + BESIDE);
    // A strip between the pictures is a further edge on one side.
    let beside = differ(column - 3 * BESIDE, column - BESIDE).min(differ(column + BESIDE, column + 3 * BESIDE));
    across > 3.0 * beside + 6.0
}

/// The middle of the person's cells across the columns, in pixels of the plane; `None` without a person.
pub(super) fn middle_of_person(plane: &Plane, blocked: &Plane) -> Option<f64> {
    let columns = (0..blocked.data.len()).filter(|&i| blocked.data[i] != 0).map(|i| (i % blocked.width) as f64 + 0.5);
    let (sum, count) = columns.fold((0.0, 0.0), |(sum, count), column| (sum + column, count + 1.0));
    (count > 0.0).then(|| sum / count / blocked.width as f64 * plane.width as f64)
}
