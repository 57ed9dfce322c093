//! Several readings of one photo: nudged and mirrored crops, and their consensus.
//!
//! A single crop is not a reliable measurement: moving it by one percent changes the shoulder tilt by a degree, and its own mirror image
//! disagrees by 2 to 4. Nudges come from a fixed list, and every nudge is read plainly and mirrored, so one photo always gives one
//! record, and the mirrored photo gives the mirrored record.

use crate::core::body::pose::{Keypoint, Missing, Pose};
use crate::core::body::skeleton::{Joint, Pair};
use crate::core::body::spine::SpinePoints;
use crate::core::body::view;
use crate::core::error::Result;
use crate::core::geometry::Vec2;
use crate::core::silhouette::Mask;
use crate::vision::estimate::{Estimator, Look, Person, Reading};
use crate::vision::raster::crop::Pyramid;
use crate::vision::raster::region::Region;

/// Readings of a photo by each of two models: the errors of two networks are less correlated than two readings of one.
pub const PAIRED_READINGS: usize = 2;
/// Readings of a photo when speed has priority.
pub const FAST_READINGS: usize = 2;
/// Readings of a photo by each of two models when accuracy has priority.
pub const BEST_READINGS: usize = 12;
/// Readings of a photo by a second model of another kind.
pub const SECOND_READINGS: usize = 4;
/// The same where it is asked for views from the side alone: four are no more accurate there, and take a fifth of a photo's time more.
pub const SIDE_READINGS: usize = 2;
/// More readings than this do not help.
pub const MAX_READINGS: usize = 48;

/// One way to move a crop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nudge {
    /// Shift in shares of the crop's side, along the crop's own axes.
    pub shift: Vec2,
    /// Factor of the crop's side.
    pub scale: f64,
    /// Turn, in radians.
    pub turn: f64,
}

impl Nudge {
    /// The nudge that does the same to the mirrored crop.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self { shift: Vec2::new(-self.shift.x, self.shift.y), turn: -self.turn, ..self }
    }

    /// The region, moved.
    #[must_use]
    pub fn of(self, region: Region) -> Region {
        region.nudged(self.shift, self.scale, self.turn)
    }
}

/// The `index`-th number of the van der Corput sequence of a base, in -1 to 1: evenly spread for any count.
fn spread(index: usize, base: usize) -> f64 {
    let (mut left, mut share, mut sum) = (index, 1.0, 0.0);
    while left > 0 {
        share /= base as f64;
        sum += share * (left % base) as f64;
        left /= base;
    }
    2.0 * sum - 1.0
}

/// The `index`-th nudge, counted from 0, which is the identity: up to 3 % of the side, 8 % of the size, 6 degrees.
#[must_use]
pub fn nudge(index: usize) -> Nudge {
    if index == 0 {
        return Nudge { shift: Vec2::default(), scale: 1.0, turn: 0.0 };
    }
    Nudge {
        shift: Vec2::new(0.03 * spread(index, 2), 0.03 * spread(index, 3)),
        scale: 1.0 + 0.08 * spread(index, 5),
        turn: (6.0 * spread(index, 7)).to_radians(),
    }
}

/// What one model read of one person.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    /// The whole body, from nudged and mirrored crops.
    pub body: Vec<Reading>,
    /// Head to hips, from a larger picture of them: a plain and a mirrored reading, where they agree with the body.
    pub upper: Vec<Reading>,
    /// The share of readings that had left and right exchanged against the others, 0 to 0.5: see [`settle_sides`].
    pub dissent: f64,
    /// The share of the requested readings of the body in which the model found nobody.
    pub missed: f64,
}

impl Readings {
    /// The person's pixels, from as many mirrored readings as plain ones.
    pub fn masks(&self) -> impl Iterator<Item = &Mask> {
        self.body.iter().chain(&self.upper).filter_map(|reading| reading.mask.as_ref())
    }

    /// How many readings there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.body.len() + self.upper.len()
    }
}

/// Side of the crop of the upper body, in trunk lengths.
pub const UPPER_SIDE: f64 = 3.2;
/// Readings of the upper body that differ from the body's by more than this are of something else, in trunk lengths.
const UPPER_APART: f64 = 0.2;

/// Reads a person's joints `readings` times (1 to [`MAX_READINGS`]). A single reading uses the detector's region, as pose programs do. Of
/// more (an odd number is rounded up) the first two, one plain and one mirrored, use it too and place the others; then the upper body is
/// read twice more, if requested. `None` when the model finds no person there.
///
/// # Errors
/// When the model cannot be run.
pub fn read(
    workers: &mut [Box<dyn Estimator>],
    photo: &Pyramid<'_>,
    person: Person,
    readings: usize,
    with_upper: bool,
) -> Result<Option<Readings>> {
    let readings = readings.clamp(1, MAX_READINGS);
    if readings == 1 {
        let look = (person.region, Look::default());
        let body: Vec<Reading> = in_parallel(workers, photo, &[look])?.into_iter().flatten().collect();
        return Ok((!body.is_empty()).then_some(Readings { body, ..Readings::default() }));
    }
    let pair = |index: usize, base: Region| {
        let nudge = nudge(index);
        [(nudge.of(base), Look::default()), (nudge.mirrored().of(base), Look { mirrored: true, mask: false })]
    };
    let mut body: Vec<Reading> = in_parallel(workers, photo, &pair(0, person.region))?.into_iter().flatten().collect();
    let base = match &body[..] {
        [only] => only.next,
        [plain, mirrored] => plain.next.mean(mirrored.next),
        _ => return Ok(None),
    };
    let mut looks: Vec<(Region, Look)> = (1..readings.div_ceil(2)).flat_map(|index| pair(index - 1, base)).collect();
    let first = consensus(&body.iter().map(|reading| reading.pose.clone()).collect::<Vec<_>>());
    let trunk = first.midpoint(Pair::SHOULDERS).and_then(|shoulders| Ok((shoulders, first.midpoint(Pair::HIPS)?)));
    let upper = trunk.ok().filter(|_| with_upper);
    // The outline comes from the larger picture. With these places the first of two workers does both looks, so only it opens the mask
    // graph; where there is nothing else to do, the two share them.
    let places = [0, if looks.is_empty() { 1 } else { 2 }];
    if let Some((shoulders, hips)) = upper {
        let side = UPPER_SIDE * shoulders.distance(hips);
        let region = Region { center: shoulders.midpoint(hips), side, rotation: 0.0 };
        let mask = workers.first().is_some_and(|worker| worker.gives_masks());
        for (place, mirrored) in places.into_iter().zip([false, true]) {
            looks.insert(place, (region, Look { mirrored, mask }));
        }
    }
    let mut taken = in_parallel(workers, photo, &looks)?;
    let mut upper: Vec<Reading> = if upper.is_some() {
        let mirrored = taken.remove(places[1]);
        [taken.remove(places[0]), mirrored].into_iter().flatten().collect()
    } else {
        Vec::new()
    };
    body.extend(taken.into_iter().flatten());
    let missed = 1.0 - body.len() as f64 / (2 * readings.div_ceil(2)) as f64;
    let dissent = settle_sides(&mut body);
    let agreed = consensus(&body.iter().map(|reading| reading.pose.clone()).collect::<Vec<_>>());
    for reading in &mut upper {
        if view::shoulder_span(&reading.pose).unwrap_or(0.0) * view::shoulder_span(&agreed).unwrap_or(0.0) < 0.0 {
            *reading = reading.exchanged();
        }
    }
    let fits = upper.len() == 2 && upper.iter().all(|reading| agrees(&reading.pose, &agreed));
    Ok(Some(Readings { body, upper: if fits { upper } else { Vec::new() }, dissent, missed }))
}

/// A reading whose shoulders span less than this, in trunk lengths, does not determine which side is left.
const TELLS_SIDES: f64 = 0.25;

/// Exchanges left and right in readings that disagree with the majority: otherwise the average of a back that some readings took for a
/// front would collapse to half its width. Returns the share of such readings among those that determine the sides.
pub fn settle_sides(readings: &mut [Reading]) -> f64 {
    let spans: Vec<f64> = readings.iter().map(|reading| view::shoulder_span(&reading.pose).unwrap_or(0.0)).collect();
    let telling: Vec<f64> = spans.iter().copied().filter(|span| span.abs() >= TELLS_SIDES).collect();
    // In a tie, the wider readings decide.
    let wider: f64 = telling.iter().sum();
    let to_left = telling.iter().filter(|span| **span > 0.0).count() * 2;
    let most = match to_left.cmp(&telling.len()) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Less => -1.0,
        std::cmp::Ordering::Equal => wider.signum(),
    };
    let mut other = 0;
    for (reading, span) in readings.iter_mut().zip(&spans) {
        if span.abs() >= TELLS_SIDES && span * most < 0.0 {
            *reading = reading.exchanged();
            other += 1;
        }
    }
    f64::from(other) / telling.len().max(1) as f64
}

/// Whether head and shoulders of a reading agree with the readings of the whole body.
#[must_use]
pub fn agrees(reading: &Pose, body: &Pose) -> bool {
    let (Ok(shoulders), Ok(hips)) = (body.midpoint(Pair::SHOULDERS), body.midpoint(Pair::HIPS)) else { return false };
    let most = UPPER_APART * shoulders.distance(hips);
    Joint::ALL
        .into_iter()
        .filter(|joint| joint.index() <= Joint::RightShoulder.index())
        .all(|joint| reading.point(joint).is_ok_and(|a| body.point(joint).is_ok_and(|b| a.distance(b) <= most)))
}

/// The consensus of all readings of all models, with equal weight for each model: the head from the larger picture of the upper body, the
/// shoulders from both pictures, the rest from the whole body.
#[must_use]
pub fn agreed(teams: &[Readings]) -> Pose {
    let poses = |readings: &[Reading]| readings.iter().map(|reading| reading.pose.clone()).collect::<Vec<_>>();
    let per_team: Vec<Pose> = teams
        .iter()
        .map(|team| {
            let body = consensus(&poses(&team.body));
            if team.upper.is_empty() {
                return body;
            }
            let upper = consensus(&poses(&team.upper));
            Pose::from_joints(|joint| match joint {
                Joint::LeftShoulder | Joint::RightShoulder => mean_of(&body, &upper, joint),
                _ if joint.index() < Joint::LeftShoulder.index() => {
                    let keypoint = upper.get(joint)?;
                    // Two readings are too few to estimate the scatter; it comes from the readings of the body.
                    Ok(Keypoint { sd_px: body.get(joint)?.sd_px, ..keypoint })
                }
                _ => body.get(joint),
            })
        })
        .collect();
    match &per_team[..] {
        [only] => only.clone(),
        several => {
            let mean = consensus(several);
            // The scatter is that of one model's readings, not that between models.
            Pose::from_joints(|joint| Ok(Keypoint { sd_px: several[0].get(joint)?.sd_px, ..mean.get(joint)? }))
        }
    }
}

/// A pose with left and right as in another pose of the same person.
#[must_use]
pub fn sided_as(pose: &Pose, other: &Pose) -> Pose {
    let span = |pose: &Pose| view::shoulder_span(pose).unwrap_or(0.0);
    if span(pose) * span(other) < 0.0 { pose.exchanged() } else { pose.clone() }
}

/// The consensus of the first model's readings of the spine on the whole body, if it gives any.
#[must_use]
pub fn spine(teams: &[Readings]) -> Option<SpinePoints> {
    let read: Vec<&SpinePoints> = teams.first()?.body.iter().filter_map(|reading| reading.spine.as_ref()).collect();
    let mean = SpinePoints::mean(&read);
    (!mean.is_empty()).then_some(mean)
}

fn mean_of(a: &Pose, b: &Pose, joint: Joint) -> Result<Keypoint, Missing> {
    let (a, b) = (a.get(joint)?, b.get(joint)?);
    Ok(Keypoint { at: a.at.midpoint(b.at), ..a })
}

/// Runs looks on all workers, each taking every n-th one; results come back in the order of the looks.
fn in_parallel(
    workers: &mut [Box<dyn Estimator>],
    photo: &Pyramid<'_>,
    looks: &[(Region, Look)],
) -> Result<Vec<Option<Reading>>> {
    type Share = Vec<(usize, Option<Reading>)>;
    let count = workers.len().min(looks.len()).max(1);
    let share = |first: usize, worker: &mut Box<dyn Estimator>| -> Result<Share> {
        (first..looks.len()).step_by(count).map(|i| Ok((i, worker.read(photo, looks[i].0, looks[i].1)?))).collect()
    };
    let mut results: Vec<Option<Reading>> = Vec::new();
    results.resize_with(looks.len(), || None);
    let shares: Vec<Result<Share>> = std::thread::scope(|scope| {
        let mut workers = workers.iter_mut().take(count).enumerate();
        // The first worker runs on this thread: each further thread keeps its own memory.
        let here = workers.next();
        let share = &share;
        let threads: Vec<_> = workers.map(|(first, worker)| scope.spawn(move || share(first, worker))).collect();
        let mut shares: Vec<_> = here.map(|(first, worker)| share(first, worker)).into_iter().collect();
        for thread in threads {
            shares.push(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        shares
    });
    for share in shares {
        for (index, reading) in share? {
            results[index] = reading;
        }
    }
    Ok(results)
}

/// The consensus of several readings: per joint the mean of each coordinate, with the spread of its readings.
///
/// The plain mean: on rendered people it was as good as the median and trimmed means.
#[must_use]
pub fn consensus(poses: &[Pose]) -> Pose {
    Pose::from_joints(|joint| {
        let seen: Vec<Keypoint> = poses.iter().filter_map(|pose| pose.get(joint).ok()).collect();
        Keypoint::mean(&seen)
            .map_or_else(|| poses.first().map_or(Err(Missing::NotGiven(joint)), |pose| pose.get(joint)), Ok)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::body::pose::screened;
    use crate::core::geometry::Point;

    #[test]
    fn nudges_are_small_and_differ() {
        let all: Vec<Nudge> = (0..MAX_READINGS / 2).map(nudge).collect();
        for (i, a) in all.iter().enumerate() {
            assert!(a.shift.x.abs() <= 0.03 && a.shift.y.abs() <= 0.03 && (a.scale - 1.0).abs() <= 0.08);
            assert!(a.turn.to_degrees().abs() <= 6.0 + 1e-9);
            assert!(all[..i].iter().all(|b| a != b));
        }
    }

    #[test]
    fn consensus_carries_the_spread() {
        let at = |x: f64| Pose::from_points([(Joint::Nose, Point::new(x, 10.0))]);
        let nose = consensus(&[at(9.0), at(11.0)]).get(Joint::Nose).expect("given");
        assert_eq!(nose.at, Point::new(10.0, 10.0));
        assert!((nose.sd_px.expect("two readings") - 1.0).abs() < 1e-12);
        assert!(consensus(&[at(1.0)]).get(Joint::LeftHip).is_err());
    }

    #[test]
    fn readings_with_exchanged_sides_are_put_right_before_they_are_averaged() {
        let reading = |sign: f64| {
            let at = |x: f64, y: f64| Point::new(100.0 + sign * x, y);
            let pose = Pose::from_points([
                (Joint::LeftShoulder, at(20.0, 50.0)),
                (Joint::RightShoulder, at(-20.0, 52.0)),
                (Joint::LeftHip, at(12.0, 110.0)),
                (Joint::RightHip, at(-12.0, 110.0)),
            ]);
            let next = Region { center: Point::default(), side: 1.0, rotation: 0.0 };
            Reading { pose, world: None, next, mask: None, spine: None }
        };
        let mut readings: Vec<Reading> = [-1.0, -1.0, 1.0, -1.0].map(reading).into();
        assert_eq!(settle_sides(&mut readings), 0.25);
        let poses: Vec<Pose> = readings.iter().map(|reading| reading.pose.clone()).collect();
        let span = consensus(&poses).point(Joint::LeftShoulder).expect("given").x;
        assert_eq!(span, 80.0);
        assert_eq!(settle_sides(&mut readings), 0.0);
        // In the mirror image the tie is decided the other way.
        let mut mirrored: Vec<Reading> = [1.0, 1.0, -1.0, 1.0].map(reading).into();
        assert_eq!(settle_sides(&mut mirrored), 0.25);
        assert!(mirrored.iter().all(|r| r.pose.point(Joint::LeftShoulder).expect("given").x == 120.0));
    }

    #[test]
    fn joints_outside_or_unclear_get_a_reason() {
        let mut pose =
            Pose::from_points([(Joint::LeftAnkle, Point::new(50.0, 130.0)), (Joint::Nose, Point::new(5.0, 5.0))]);
        let nose = pose.get(Joint::Nose).expect("given");
        pose.set(Joint::LeftEar, Ok(Keypoint { visibility: 0.2, ..nose }));
        let pose = screened(&pose, 100.0, 100.0);
        assert_eq!(pose.get(Joint::LeftAnkle), Err(Missing::OutsidePicture(Joint::LeftAnkle)));
        assert!(matches!(pose.get(Joint::LeftEar), Err(Missing::Hidden { .. })));
        assert!(pose.get(Joint::Nose).is_ok());
    }
}
