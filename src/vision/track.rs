//! Follows one person from frame to frame.
//!
//! The region to read comes from the last frame's own points; the detector runs only when no person is followed, and every few seconds to
//! check whether it is still the same person and who else is there. Frames are read plainly and mirrored in turn, so two neighbours
//! together favour no side, as the readings of a photo do, at the cost of one reading.

use crate::core::error::Result;
use crate::core::geometry::Point;
use crate::vision::detect::centers;
use crate::vision::estimate::blazepose::BlazePose;
use crate::vision::estimate::model_options::ModelOptions;
use crate::vision::estimate::{Crowd, Estimator, Look, Person, Reading};
use crate::vision::raster::frame::{Cutter, Frame};
use crate::vision::raster::region::Region;

/// Seconds between runs of the detector while a person is followed.
pub const CHECK_EVERY: f64 = 1.0;
/// Seconds between runs of the detector while no person is visible.
pub const SEARCH_EVERY: f64 = 0.25;
/// The same while an unwanted person is followed.
const OTHERS_EVERY: f64 = 1.0;
/// Small people are searched for in squares of this share of the frame's shorter side.
const PART: f64 = 0.55;
/// Two frames farther apart than this (seconds) are not combined.
const PAIR_WITHIN: f64 = 0.6;
/// Nor are two between which the person has moved by more than this share of the region's side.
const PAIR_MOVED: f64 = 0.02;
/// A detected person whose hips are nearer to the followed person's than this share of the smaller region is that person.
const SAME_PERSON: f64 = 0.25;
/// A person counts as nearer to the camera when larger in the picture by this factor.
const NEARER: f64 = 1.2;
/// A person at least this large, as a multiple of the followed person, may stand in front of that person where both bodies overlap.
const AS_NEAR: f64 = 0.85;
/// Half the width of a body with its arms, as a share of the region's side.
const HALF_BODY: f64 = 0.115;
/// The followed person is given up when the detector finds others only, this many times in a row.
const STRANGERS: u32 = 4;
/// A region smaller than this (pixels), or larger than this multiple of the frame, holds no person.
const SMALLEST: f64 = 16.0;
const LARGEST: f64 = 4.0;

/// The person followed in a frame.
#[derive(Debug, Clone)]
pub struct Followed {
    /// This frame's reading, after the last frame's if the two can be combined: then one is plain and one is mirrored.
    pub readings: Vec<Reading>,
    /// The region that was read.
    pub region: Region,
    /// The number of people in the detector's last run.
    pub people: usize,
    /// Whether another person was nearer to the camera then.
    pub nearer: bool,
    /// Whether this person was not followed in the previous frame.
    pub newcomer: bool,
    /// Whether the detector ran on this frame too, which doubles the time.
    pub searched: bool,
}

/// Follows one person; holds the models.
#[derive(Debug)]
pub struct Tracker {
    model: BlazePose,
    finder: Cutter,
    reader: Cutter,
    /// Whom to follow, counted from 1 by size and place.
    person: usize,
    region: Option<Region>,
    last: Option<(f64, Reading)>,
    mirrored: bool,
    looked: Option<f64>,
    people: usize,
    nearer: bool,
    strangers: u32,
    /// The followed person differs from the one in the previous frame.
    arrived: bool,
    /// The followed person is not the wanted one.
    unwanted: bool,
    /// The part of the frame that is searched next for a small person.
    part: usize,
}

impl Tracker {
    /// Opens the models. `person` selects the person to follow: 1 is the largest and most central.
    ///
    /// # Errors
    /// [`Error::Runtime`](crate::core::error::Error::Runtime) or [`Error::Model`](crate::core::error::Error::Model).
    pub fn open(options: &ModelOptions, person: usize) -> Result<Self> {
        let model = BlazePose::open(options)?;
        Ok(Self {
            finder: Cutter::new(model.detector_form()),
            reader: Cutter::new(model.landmark_form()),
            model,
            person,
            region: None,
            last: None,
            mirrored: false,
            looked: None,
            people: 0,
            nearer: false,
            strangers: 0,
            arrived: false,
            unwanted: false,
            part: 0,
        })
    }

    /// The landmark model's name.
    #[must_use]
    pub fn model(&self) -> &str {
        self.model.name()
    }

    /// The landmark model's BLAKE3 hash, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        self.model.hash()
    }

    /// Forgets the person: the next frame is searched.
    pub fn forget(&mut self) {
        self.region = None;
        self.last = None;
        self.looked = None;
        self.strangers = 0;
        self.unwanted = false;
    }

    /// Marks the followed person as unwanted: another person is followed as soon as the detector finds one.
    pub fn prefer_another(&mut self) {
        self.unwanted = true;
    }

    /// Processes a frame taken at a time in seconds; `None` when no person is found.
    ///
    /// # Errors
    /// When a model cannot be run.
    pub fn see(&mut self, frame: &Frame<'_>, seconds: f64) -> Result<Option<Followed>> {
        let since = self.looked.map_or(f64::INFINITY, |looked| seconds - looked);
        // A clock that runs backwards has restarted.
        let every = match (self.region, self.unwanted) {
            (None, _) => SEARCH_EVERY,
            (Some(_), true) => OTHERS_EVERY,
            (Some(_), false) => CHECK_EVERY,
        };
        let due = since < 0.0 || since >= every;
        let nobody = self.region.is_none();
        if due {
            self.looked = Some(seconds);
            let (width, height) = frame.size();
            let crop = self.finder.cut(frame, Region::whole(width, height), false);
            let mut crowd = self.model.locate_in(crop)?;
            if self.region.is_none() && crowd.people.is_empty() {
                let part = self.next_part(width, height);
                let crop = self.finder.cut(frame, part, false);
                crowd = self.model.locate_in(crop)?;
            }
            self.check(&crowd, width, height);
        }
        let Some(region) = self.region else { return Ok(None) };
        let newcomer = nobody || std::mem::take(&mut self.arrived);
        self.mirrored = !self.mirrored;
        let look = Look { mirrored: self.mirrored, mask: false };
        let Some(reading) = self.read(frame, region, look)?.filter(|reading| fits(reading.next, frame)) else {
            self.region = None;
            self.last = None;
            // Lost, perhaps only for this frame: the next one is searched.
            self.looked = None;
            return Ok(None);
        };
        self.region = Some(reading.next);
        let last = self.last.replace((seconds, reading.clone()));
        let pair = last.filter(|(then, last)| {
            let moved = last.next.center.distance(reading.next.center) / reading.next.side;
            (0.0..=PAIR_WITHIN).contains(&(seconds - then)) && moved <= PAIR_MOVED && !newcomer
        });
        let readings = pair.map(|(_, last)| last).into_iter().chain([reading]).collect();
        let people = self.people.max(1);
        Ok(Some(Followed { readings, region, people, nearer: self.nearer, newcomer, searched: due }))
    }

    /// Reads the joints in a region of a frame, independently of [`Tracker::see`].
    ///
    /// # Errors
    /// When a model cannot be run.
    pub fn read(&mut self, frame: &Frame<'_>, region: Region, look: Look) -> Result<Option<Reading>> {
        let crop = self.reader.cut(frame, region, look.mirrored);
        self.model.read_in(crop, region.rotation, look)
    }

    /// The parts of the frame in turn, for people who are too small to be detected in the whole frame.
    fn next_part(&mut self, width: f64, height: f64) -> Region {
        let side = PART * height.min(width);
        let (rows, columns) = (centers(height, side), centers(width, side));
        let part = self.part % (rows.len() * columns.len());
        self.part = part + 1;
        Region { center: Point::new(columns[part % columns.len()], rows[part / columns.len()]), side, rotation: 0.0 }
    }

    /// Matches detections with the followed person.
    fn check(&mut self, crowd: &Crowd, width: f64, height: f64) {
        let people = crowd.by_prominence(width, height);
        self.people = people.len();
        let Some(region) = self.region else {
            let chosen = people.get(self.person.wrapping_sub(1)).or(people.first());
            self.region = chosen.map(|person| person.region);
            self.nearer = false;
            return;
        };
        // Of several people nearby, the nearest is the followed person, and the others are others: the detector has merged what is one body.
        let distance = |person: &Person| person.region.center.distance(region.center);
        let near = |person: &&Person| distance(person) < SAME_PERSON * person.region.side.min(region.side);
        let same = people.iter().filter(near).min_by(|a, b| distance(a).total_cmp(&distance(b))).copied();
        let others = || people.iter().filter(|person| Some(**person) != same);
        if std::mem::take(&mut self.unwanted)
            && let Some(another) = others().next()
        {
            self.region = Some(another.region);
            self.last = None;
            self.nearer = false;
            self.strangers = 0;
            self.arrived = true;
            return;
        }
        let nearer = |person: &Person| {
            let other = person.region;
            let overlap = (other.center.x - region.center.x).abs() < HALF_BODY * (other.side + region.side);
            other.side > NEARER * region.side || (overlap && other.side > AS_NEAR * region.side)
        };
        self.nearer = others().any(nearer);
        // The detector may miss a person whom the landmark model follows well (at a desk); it overrules only when it finds others, and
        // repeatedly.
        if people.is_empty() || same.is_some() {
            self.strangers = 0;
            return;
        }
        self.strangers += 1;
        if self.strangers >= STRANGERS {
            self.strangers = 0;
            self.nearer = false;
            self.region = people.first().map(|person| person.region);
            self.last = None;
            self.arrived = true;
        }
    }
}

fn fits(region: Region, frame: &Frame<'_>) -> bool {
    let (width, height) = frame.size();
    let inside = (0.0..=width).contains(&region.center.x) && (-height..=2.0 * height).contains(&region.center.y);
    inside && (SMALLEST..=LARGEST * width.max(height)).contains(&region.side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::body::skeleton::{Joint, Pair};
    use crate::vision::ensemble;
    use crate::vision::photo::{Photo, ReadOptions};

    fn pixels(name: &str) -> (Vec<u8>, usize, usize) {
        let photo = Photo::open(format!("samples/{name}").as_ref(), &ReadOptions::default()).expect("a sample");
        let (width, height) = photo.pixels.dimensions();
        let bgr = photo.pixels.pixels().flat_map(|p| [p.0[2], p.0[1], p.0[0]]).collect();
        (bgr, width as usize, height as usize)
    }

    /// The picture moved to the right by some pixels, filled with black.
    fn moved(bgr: &[u8], width: usize, pixels: usize) -> Vec<u8> {
        let mut out = vec![0; bgr.len()];
        for (to, from) in out.chunks_exact_mut(3 * width).zip(bgr.chunks_exact(3 * width)) {
            to[3 * pixels..].copy_from_slice(&from[..3 * (width - pixels)]);
        }
        out
    }

    #[test]
    fn a_person_who_moves_is_followed_and_read_both_ways_at_rest() {
        let (bgr, width, height) = pixels("anterior-level.jpg");
        let mut tracker = Tracker::open(&ModelOptions::default(), 1).expect("models");
        let mut start = None;
        for step in 0..6 {
            let bgr = moved(&bgr, width, 6 * step);
            let frame = Frame::new(&bgr, width, height).expect("whole");
            let seen = tracker.see(&frame, 0.1 * step as f64).expect("a run").expect("somebody");
            assert_eq!((seen.newcomer, seen.people), (step == 0, 1));
            let hips = seen.readings.last().expect("one").pose.midpoint(Pair::HIPS).expect("given");
            let start = *start.get_or_insert(hips);
            // Plain and mirrored readings differ by a few pixels.
            assert!((hips.x - start.x - 6.0 * step as f64).abs() < 12.0, "{step}: {hips:?} after {start:?}");
        }
        let frame = Frame::new(&bgr, width, height).expect("whole");
        tracker.see(&frame, 0.7).expect("a run");
        let seen = tracker.see(&frame, 0.8).expect("a run").expect("somebody");
        assert_eq!(seen.readings.len(), 2);
        let both = ensemble::consensus(&seen.readings.iter().map(|r| r.pose.clone()).collect::<Vec<_>>());
        assert!(both.get(Joint::LeftShoulder).expect("given").sd_px.expect("two") < 0.02 * seen.region.side);
    }

    #[test]
    fn whoever_has_gone_is_not_seen_and_found_again_when_back() {
        let (bgr, width, height) = pixels("anterior-level.jpg");
        let nobody = vec![110; bgr.len()];
        let mut tracker = Tracker::open(&ModelOptions::default(), 1).expect("models");
        let mut see = |bgr: &[u8], seconds: f64| {
            tracker.see(&Frame::new(bgr, width, height).expect("whole"), seconds).expect("a run").is_some()
        };
        assert!(see(&bgr, 0.0) && see(&bgr, 0.1));
        assert!(!see(&nobody, 0.2) && !see(&nobody, 0.3) && !see(&nobody, 0.8));
        assert!(!see(&bgr, 0.9), "searched only every {SEARCH_EVERY} s");
        assert!(see(&bgr, 1.1) && see(&bgr, 1.2));
    }

    #[test]
    fn a_person_number_that_no_person_has_gives_the_first() {
        let person = Person {
            region: Region { center: crate::core::geometry::Point::new(500.0, 300.0), side: 400.0, rotation: 0.0 },
            score: 0.9,
        };
        let crowd = Crowd { people: vec![person], best_score: 0.9 };
        for number in [0, 1, 9] {
            let mut tracker = Tracker::open(&ModelOptions::default(), number).expect("models");
            tracker.check(&crowd, 1280.0, 720.0);
            assert_eq!(tracker.region, Some(person.region), "{number}");
        }
    }

    #[test]
    fn a_stranger_who_is_nearer_is_noticed_and_repeatedly_alone_is_followed() {
        let mut tracker = Tracker::open(&ModelOptions::default(), 1).expect("models");
        let at = |x: f64, side: f64| Person {
            region: Region { center: crate::core::geometry::Point::new(x, 300.0), side, rotation: 0.0 },
            score: 0.9,
        };
        let crowd = |people: &[Person]| Crowd { people: people.to_vec(), best_score: 0.9 };
        tracker.check(&crowd(&[at(500.0, 400.0)]), 1280.0, 720.0);
        assert_eq!(tracker.region, Some(at(500.0, 400.0).region));
        tracker.check(&crowd(&[at(505.0, 400.0), at(900.0, 600.0)]), 1280.0, 720.0);
        assert!(tracker.nearer && tracker.people == 2 && tracker.region == Some(at(500.0, 400.0).region));
        tracker.check(&crowd(&[at(505.0, 400.0), at(900.0, 300.0)]), 1280.0, 720.0);
        assert!(!tracker.nearer);
        // As near, and in front of the followed person, whose hips are closer to the region than the stranger's.
        tracker.check(&crowd(&[at(590.0, 420.0), at(505.0, 400.0)]), 1280.0, 720.0);
        assert!(tracker.nearer && tracker.region == Some(at(500.0, 400.0).region));
        tracker.check(&crowd(&[at(505.0, 400.0), at(900.0, 380.0)]), 1280.0, 720.0);
        assert!(!tracker.nearer, "as near, and beside");
        tracker.check(&crowd(&[]), 1280.0, 720.0);
        for _ in 1..STRANGERS {
            tracker.check(&crowd(&[at(900.0, 300.0)]), 1280.0, 720.0);
            assert_eq!(tracker.region, Some(at(500.0, 400.0).region));
        }
        tracker.check(&crowd(&[at(900.0, 300.0)]), 1280.0, 720.0);
        assert_eq!(tracker.region, Some(at(900.0, 300.0).region));
    }
}
