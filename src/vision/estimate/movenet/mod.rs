//! MoveNet: integers as input; y, x and score of 17 points as output, in shares of the crop counted from its edge. MultiPose adds a box
//! and a score, for six people.

use ndarray::{ArrayView1, ArrayView2};

use crate::core::geometry::Point;
use crate::vision::estimate::Spot;

/// Points of each person.
pub const POINTS: usize = 17;
/// Numbers of each point.
pub const PER_POINT: usize = 3;
/// Numbers of each person of MultiPose: the points, then top, left, bottom, right and score.
pub const PER_PERSON: usize = POINTS * PER_POINT + 5;
/// Candidates below this score are not people.
pub const MIN_SCORE: f64 = 0.2;

fn spot(y: f64, x: f64, score: f64, size: usize) -> Spot {
    let side = size as f64;
    Spot { at: Point::new(side * x - 0.5, side * y - 0.5), score }
}

/// The points of one person (17 x 3) in a crop of `size` x `size` pixels.
#[must_use]
pub fn decode(points: ArrayView2<'_, f32>, size: usize) -> Vec<Spot> {
    points.rows().into_iter().map(|p| spot(f64::from(p[0]), f64::from(p[1]), f64::from(p[2]), size)).collect()
}

/// The points of the person in the middle of the crop, of up to six (people x 56); `None` when there is nobody.
#[must_use]
pub fn decode_people(people: ArrayView2<'_, f32>, size: usize) -> Option<Vec<Spot>> {
    let score = |person: &ArrayView1<'_, f32>| f64::from(person[PER_PERSON - 1]);
    let off = |person: &ArrayView1<'_, f32>| {
        let number = |i: usize| f64::from(person[POINTS * PER_POINT + i]);
        Point::new(0.5 * (number(1) + number(3)), 0.5 * (number(0) + number(2))).distance(Point::new(0.5, 0.5))
    };
    // Written so that a NaN is discarded.
    let found = people.rows().into_iter().filter(|person| score(person) >= MIN_SCORE && off(person) <= 1.0);
    let person = found.min_by(|a, b| off(a).total_cmp(&off(b)))?;
    let number = |i: usize| f64::from(person[i]);
    Some((0..POINTS).map(|k| spot(number(3 * k), number(3 * k + 1), number(3 * k + 2), size)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn shares_become_pixel_numbers() {
        let mut points = Array2::<f32>::zeros((POINTS, PER_POINT));
        points[[5, 0]] = 0.25;
        points[[5, 1]] = 0.75;
        points[[5, 2]] = 0.875;
        let spots = decode(points.view(), 256);
        assert_eq!(spots[5], Spot { at: Point::new(191.5, 63.5), score: 0.875 });
        assert_eq!(spots.len(), POINTS);
    }

    #[test]
    fn of_several_people_the_one_in_the_middle_is_read() {
        let mut people = Array2::<f32>::zeros((6, PER_PERSON));
        let mut place = |row: usize, left: f32, score: f32| {
            people[[row, 1]] = left + 0.1;
            for (i, value) in [0.1, left, 0.9, left + 0.2, score].into_iter().enumerate() {
                people[[row, POINTS * PER_POINT + i]] = value;
            }
        };
        place(0, 0.0, 0.9);
        place(1, 0.375, 0.5);
        place(2, 0.4, 0.1);
        place(3, f32::NAN, 0.9);
        let spots = decode_people(people.view(), 256).expect("somebody");
        assert!((spots[0].at.x - (256.0 * 0.475 - 0.5)).abs() < 1e-4, "{spots:?}");
        assert_eq!(decode_people(Array2::zeros((6, PER_PERSON)).view(), 256), None);
    }
}
