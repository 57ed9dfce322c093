//! The eight orientations in which a camera can be held.

use image::{RgbImage, imageops};

/// The turn from stored to upright pixels, as a matrix on (x right, y down) around the picture's centre. Its entries are 0, 1 and -1, so
/// turns can be composed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn([[i8; 2]; 2]);

/// By Exif orientation, from 1.
const BY_EXIF: [Turn; 8] = [
    Turn::NONE,
    Turn::MIRROR,
    Turn([[-1, 0], [0, -1]]),
    Turn::FLIP,
    Turn([[0, 1], [1, 0]]),
    Turn([[0, -1], [1, 0]]),
    Turn([[0, -1], [-1, 0]]),
    Turn::QUARTER_LEFT,
];

/// The side in pixels of the squares that a quarter turn processes one by one, so that reads and writes both stay in the cache.
const TILE: usize = 32;

impl Turn {
    /// Already upright.
    pub(super) const NONE: Turn = Turn([[1, 0], [0, 1]]);
    /// Exchanges left and right.
    pub(super) const MIRROR: Turn = Turn([[-1, 0], [0, 1]]);
    /// Exchanges top and bottom.
    pub(super) const FLIP: Turn = Turn([[1, 0], [0, -1]]);
    /// A quarter turn counter-clockwise.
    pub(super) const QUARTER_LEFT: Turn = Turn([[0, 1], [-1, 0]]);

    /// `None` unless 1 to 8.
    pub(super) fn from_exif(orientation: u32) -> Option<Turn> {
        BY_EXIF.get(usize::try_from(orientation).ok()?.checked_sub(1)?).copied()
    }

    /// 1 to 8.
    pub(super) fn exif(self) -> u8 {
        (1_u8..).zip(BY_EXIF).find(|(_, turn)| *turn == self).map_or(1, |(orientation, _)| orientation)
    }

    /// This turn, then `next`.
    pub(super) fn then(self, next: Turn) -> Turn {
        let (a, b) = (next.0, self.0);
        let entry = |row: usize, column: usize| a[row][0] * b[0][column] + a[row][1] * b[1][column];
        Turn([[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]])
    }

    /// Width and height before this turn, from those after it.
    pub(super) fn stored_size(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.0[0][0] == 0 { (height, width) } else { (width, height) }
    }

    /// The upright picture. Only a quarter turn needs a second buffer.
    pub(super) fn apply(self, mut stored: RgbImage) -> RgbImage {
        match self.exif() {
            1 => stored,
            2 => {
                imageops::flip_horizontal_in_place(&mut stored);
                stored
            }
            3 => {
                imageops::rotate180_in_place(&mut stored);
                stored
            }
            4 => {
                imageops::flip_vertical_in_place(&mut stored);
                stored
            }
            5 => quarter(&stored, false, false),
            6 => quarter(&stored, false, true),
            7 => quarter(&stored, true, true),
            _ => quarter(&stored, true, false),
        }
    }
}

/// Columns become rows: upright (x, y) is stored (y, x), counted from the right when `from_right` is set and from the
/// bottom when `from_bottom` is.
fn quarter(stored: &RgbImage, from_right: bool, from_bottom: bool) -> RgbImage {
    let mut upright = RgbImage::new(stored.height(), stored.width());
    // Width and height of a picture in memory fit into `usize`.
    let (width, height) = (stored.width() as usize, stored.height() as usize);
    let (from, to) = (stored.as_chunks::<3>().0, upright.as_chunks_mut::<3>().0);
    for top in (0..width).step_by(TILE) {
        for left in (0..height).step_by(TILE) {
            let right = height.min(left + TILE);
            for y in top..width.min(top + TILE) {
                let column = if from_right { width - 1 - y } else { y };
                for (x, pixel) in (left..right).zip(&mut to[y * height + left..y * height + right]) {
                    let line = if from_bottom { height - 1 - x } else { x };
                    *pixel = from[line * width + column];
                }
            }
        }
    }
    upright
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pixel different: red is x, green is y.
    fn picture(width: u8, height: u8) -> RgbImage {
        RgbImage::from_fn(width.into(), height.into(), |x, y| {
            image::Rgb([u8::try_from(x).unwrap(), u8::try_from(y).unwrap(), 7])
        })
    }

    #[test]
    fn every_orientation_does_what_the_exif_standard_says() {
        // The positions of the 0th row and the 0th column of the stored pixels (Exif 2.32, 4.6.5, Orientation).
        let edges = [
            ("top", "left"),
            ("top", "right"),
            ("bottom", "right"),
            ("bottom", "left"),
            ("left", "top"),
            ("right", "top"),
            ("right", "bottom"),
            ("left", "bottom"),
        ];
        // Larger than a tile, and not a multiple of one.
        let (width, height) = (70, 45);
        for (orientation, (row_0, column_0)) in (1..).zip(edges) {
            let turn = Turn::from_exif(orientation).unwrap();
            let upright = turn.apply(picture(width, height));
            let corner = |side: &str, other: &str| {
                let x = if [side, other].contains(&"left") { 0 } else { upright.width() - 1 };
                let y = if [side, other].contains(&"top") { 0 } else { upright.height() - 1 };
                (x, y)
            };
            let (x, y) = corner(row_0, column_0);
            assert_eq!(upright[(x, y)].0, [0, 0, 7], "orientation {orientation}: stored first pixel");
            let opposite = |edge| match edge {
                "left" => "right",
                "right" => "left",
                "top" => "bottom",
                _ => "top",
            };
            let (x, y) = corner(row_0, opposite(column_0));
            assert_eq!(upright[(x, y)].0, [width - 1, 0, 7], "orientation {orientation}: end of the first row");
            let (x, y) = corner(opposite(row_0), column_0);
            assert_eq!(upright[(x, y)].0, [0, height - 1, 7], "orientation {orientation}: end of the first column");
            let mut pixels: Vec<_> = upright.pixels().map(|pixel| pixel.0).collect();
            pixels.sort_unstable();
            pixels.dedup();
            assert_eq!(pixels.len(), usize::from(width) * usize::from(height), "orientation {orientation}: none lost");
        }
    }

    #[test]
    fn two_turns_in_a_row_are_their_product() {
        for first in 1..=8 {
            for second in 1..=8 {
                let (first, second) = (Turn::from_exif(first).unwrap(), Turn::from_exif(second).unwrap());
                let one_by_one = second.apply(first.apply(picture(5, 3)));
                assert_eq!(first.then(second).apply(picture(5, 3)), one_by_one, "{first:?} then {second:?}");
            }
        }
    }

    #[test]
    fn numbers_go_there_and_back() {
        for orientation in 1..=8_u8 {
            assert_eq!(Turn::from_exif(orientation.into()).unwrap().exif(), orientation);
        }
        assert_eq!([0, 9, u32::MAX].map(Turn::from_exif), [None; 3]);
    }
}
