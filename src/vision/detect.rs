//! Finding people in a photo or in its mirror image. The same one of the two is searched whichever was given, so neither side is
//! favoured.

use crate::core::error::Result;
use crate::core::geometry::Point;
use crate::vision::estimate::{Crowd, Estimator, Person};
use crate::vision::raster::crop::Pyramid;
use crate::vision::raster::region::Region;

/// Two detections whose hips are nearer than this share of the smaller region are one person.
const SAME_PERSON: f64 = 0.15;
/// If no person is found in the whole picture, squares of these shares of its longer side are searched.
const CLOSER: [f64; 2] = [0.6, 0.35];

/// The people in a photo; with `symmetric`, the result for the mirrored photo is the mirrored result. People too small for one pass are
/// searched for in parts of the photo.
///
/// # Errors
/// When the model cannot be run.
pub fn people(estimator: &mut dyn Estimator, photo: &Pyramid<'_>, symmetric: bool) -> Result<Crowd> {
    let (width, height) = photo.size();
    let mirrored = symmetric && !photo.is_handed();
    let whole = Region::whole(width, height);
    let long = whole.side;
    let mut crowd = estimator.detect(photo, whole, mirrored)?;
    for share in CLOSER {
        if !crowd.people.is_empty() {
            break;
        }
        let side = share * long;
        for y in centers(height, side) {
            let mut columns = centers(width, side);
            if mirrored {
                columns.reverse();
            }
            for x in columns {
                let part = Region { center: Point::new(x, y), side, rotation: 0.0 };
                let found = estimator.detect(photo, part, mirrored)?;
                crowd.best_score = crowd.best_score.max(found.best_score);
                for person in found.people {
                    add(&mut crowd.people, person);
                }
            }
        }
    }
    crowd.people.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(crowd)
}

/// Middles of squares of `side` that overlap by half and cover a length, the same from either end.
pub(crate) fn centers(length: f64, side: f64) -> Vec<f64> {
    let steps = ((length - side) / (0.5 * side)).ceil().max(0.0);
    if steps == 0.0 {
        return vec![0.5 * length];
    }
    let free = length - side;
    (0..=steps as usize).map(|i| 0.5 * side + free * i as f64 / steps).collect()
}

fn same(a: &Person, b: &Person) -> bool {
    a.region.center.distance(b.region.center) < SAME_PERSON * a.region.side.min(b.region.side)
}

/// Adds a person, unless already found with a better score.
fn add(people: &mut Vec<Person>, person: Person) {
    match people.iter_mut().find(|other| same(other, &person)) {
        Some(other) if other.score < person.score => *other = person,
        Some(_) => {}
        None => people.push(person),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_cover_a_length_from_both_ends_alike() {
        assert_eq!(centers(100.0, 100.0), [50.0]);
        assert_eq!(centers(100.0, 60.0), [30.0, 50.0, 70.0]);
        assert_eq!(centers(80.0, 100.0), [40.0]);
    }

    #[test]
    fn one_person_found_twice_counts_once() {
        let at = |x: f64, score: f64| Person {
            region: Region { center: Point::new(x, 50.0), side: 100.0, rotation: 0.0 },
            score,
        };
        let mut people = vec![at(50.0, 0.6)];
        add(&mut people, at(55.0, 0.9));
        add(&mut people, at(55.0, 0.7));
        add(&mut people, at(90.0, 0.7));
        assert_eq!(people, [at(55.0, 0.9), at(90.0, 0.7)]);
    }
}
