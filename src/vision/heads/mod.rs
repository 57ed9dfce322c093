//! Finds every head in a picture so that all can be covered: the subject's, bystanders', and faces on posters.
//!
//! Three detectors search the whole picture and its parts ([`search`]): two for faces, and one for people, which also finds heads seen
//! from behind. Their hits are grouped into heads and judged by results on rendered photos: there, no false face scored 0.8 or more, no
//! whole true face less than 0.85, and most false ones lay on the subject's own feet and hands.

pub mod blazeface;
pub mod search;

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{BONES, Joint, Pair};
use crate::core::geometry::{Point, Vec2, rounded};
use crate::core::heads::{Disc, Heads};
use crate::vision::estimate::Person;

/// A face of this score is covered wherever it is.
const SURE: f64 = 0.6;
/// A face of this score is covered away from the measured body, where covering costs nothing.
const LIKELY: f64 = 0.5;
/// A face much larger than the subject's must reach this with either detector: large false faces reach it with only one.
const LIKELY_LARGE: f64 = 0.4;
/// A hit that both face detectors give with this score may be a face.
const UNCERTAIN: f64 = 0.45;
/// A head this many times as large as the subject's is much larger.
const LARGE: f64 = 2.0;
/// A person's head is covered from this score on.
const SURE_BODY: f64 = 0.7;
/// From this score on a face counts as a person, and is covered on the subject's own hands and feet too, where lower scores come from
/// hands and feet.
const CERTAIN: f64 = 0.85;
/// A hit this near to a hand, a knee or a foot of the subject is attributed to it, in trunk lengths.
const LIMB_REACH: f64 = 0.35;
/// A disc's radius in sides of a face's box, which reaches from brow to chin: includes the hair, the ears, and the margin of error.
const OF_FACE: f64 = 1.5;
/// How far above the box's middle a disc's centre lies, in sides of the box.
const RAISED: f64 = 0.2;
/// A disc's radius as a share of the radius of the person detector's circle around a body: a little over a head's height.
const OF_BODY: f64 = 0.28;
/// Hits of a head that score less than this share of its best do not contribute to its size.
const SPEAKING: f64 = 0.5;
/// Half the width of the area around the lines between joints that counts as the body, in trunk lengths.
const BODY_RADIUS: f64 = 0.28;

/// Which detector gave a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A face detector.
    Face(blazeface::Range),
    /// The person detector.
    Body,
}

/// A face or a person's head that one detector found in one pass, in photo pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// The detector's score, 0 to 1.
    pub score: f64,
    /// The middle of the box.
    pub center: Point,
    /// The box's longer side; of a body, the radius of the circle around it.
    pub side: f64,
    /// From the mouth to the eyes, of length 1; zero where that is not known.
    pub up: Vec2,
    /// The detector.
    pub by: By,
}

impl Hit {
    /// The disc that covers the head.
    #[must_use]
    pub fn disc(&self) -> Disc {
        match self.by {
            By::Face(_) => Disc { center: self.center + self.up * (RAISED * self.side), radius: OF_FACE * self.side },
            By::Body => Disc { center: self.center, radius: OF_BODY * self.side },
        }
    }
}

/// Hits of one head, the best score first.
#[derive(Debug, Clone, PartialEq)]
struct Candidate {
    hits: Vec<Hit>,
}

impl Candidate {
    fn best(&self, by: By) -> f64 {
        self.hits.iter().filter(|hit| hit.by == by).map(|hit| hit.score).fold(0.0, f64::max)
    }

    fn first(&self) -> Disc {
        self.hits.first().map_or(Disc { center: Point::default(), radius: 0.0 }, Hit::disc)
    }

    /// Scores of the near and the far detector, the better first.
    fn faces(&self) -> [f64; 2] {
        let [a, b] = blazeface::Range::ALL.map(|range| self.best(By::Face(range)));
        [a.max(b), a.min(b)]
    }

    fn is_head(&self, subject: &Subject) -> bool {
        let ([better, other], disc) = (self.faces(), self.first());
        let middle = self.hits.first().map_or(disc.center, |hit| hit.center);
        if self.is_certain() {
            return true;
        }
        // Large false faces (a curtain, a door) are found by one detector only.
        let agreed = disc.radius < LARGE * subject.head || other >= LIKELY_LARGE;
        let least = if subject.is_on_body(middle) { SURE } else { LIKELY };
        better >= least && agreed && !subject.is_on_limb(middle)
    }

    /// Whether it may be a head but is not covered as one.
    fn is_uncertain(&self, subject: &Subject) -> bool {
        let middle = self.hits.first().map_or_else(Point::default, |hit| hit.center);
        self.faces()[1] >= UNCERTAIN && !self.is_head(subject) && !subject.is_on_limb(middle)
    }

    fn is_certain(&self) -> bool {
        self.faces()[0] >= CERTAIN || self.best(By::Body) >= SURE_BODY
    }

    /// The discs of all hits that count for the size.
    fn discs(&self) -> impl Iterator<Item = Disc> {
        let best = self.hits.first().map_or(0.0, |hit| hit.score);
        self.hits.iter().filter(move |hit| hit.score >= SPEAKING * best).map(Hit::disc)
    }
}

/// The parts of the measured person that matter here.
struct Subject {
    bones: Vec<(Point, Point)>,
    /// Hands, knees and feet.
    limbs: Vec<Point>,
    trunk: f64,
    reach: f64,
    /// The radius of a disc that covers the head.
    head: f64,
}

impl Subject {
    fn of(pose: &Pose) -> Self {
        let at = |joint: Joint| pose.point(joint).ok();
        let middle = |pair: Pair| Some(at(pair.left)?.midpoint(at(pair.right)?));
        let trunk = middle(Pair::SHOULDERS).zip(middle(Pair::HIPS)).map_or(0.0, |(a, b)| a.distance(b));
        let bones = BONES.into_iter().filter_map(|(a, b)| Some((at(a)?, at(b)?))).collect();
        let ends = [Pair::WRISTS, Pair::KNEES, Pair::ANKLES, Pair::HEELS, Pair::TOES];
        let limbs = ends.into_iter().flat_map(|pair| [at(pair.left), at(pair.right)]).flatten().collect();
        Self { bones, limbs, trunk, reach: BODY_RADIUS * trunk, head: 0.4 * trunk }
    }

    fn is_on_limb(&self, p: Point) -> bool {
        self.limbs.iter().any(|limb| limb.distance(p) < LIMB_REACH * self.trunk)
    }

    fn is_on_body(&self, p: Point) -> bool {
        self.bones.iter().any(|&(from, to)| {
            let along = to - from;
            let share = ((p - from).dot(along) / along.dot(along).max(1e-9)).clamp(0.0, 1.0);
            p.distance(from + along * share) < self.reach
        })
    }
}

/// Groups hits: those with overlapping discs belong to one head.
fn gather(mut hits: Vec<Hit>) -> Vec<Candidate> {
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut candidates: Vec<Candidate> = Vec::new();
    for hit in hits {
        let disc = hit.disc();
        let same = |candidate: &&mut Candidate| {
            let first = candidate.first();
            let (small, large) = (first.radius.min(disc.radius), first.radius.max(disc.radius));
            first.center.distance(disc.center) < 0.6 * large && large < 2.5 * small
        };
        match candidates.iter_mut().find(same) {
            Some(candidate) => candidate.hits.push(hit),
            None => candidates.push(Candidate { hits: vec![hit] }),
        }
    }
    candidates
}

/// The expected position of a person's head, from the person detector's pass over the whole picture, with its uncertainty.
fn expected(person: &Person) -> Disc {
    let up = Vec2::new(0.0, -1.0).turned(person.region.rotation);
    Disc { center: person.region.center + up * (0.32 * person.region.side), radius: 0.16 * person.region.side }
}

/// Judges the hits of a search, and estimates the number of people in the picture. `people` are those found in the first pass; the one at
/// `measured` was read as `pose`.
#[must_use]
pub fn judge(hits: Vec<Hit>, people: &[Person], measured: usize, pose: &Pose) -> (Heads, usize) {
    let subject = Subject::of(pose);
    let candidates = gather(hits);
    let heads: Vec<&Candidate> = candidates.iter().filter(|candidate| candidate.is_head(&subject)).collect();
    let covers: Vec<Disc> = heads.iter().flat_map(|head| head.discs()).collect();
    let covered = |p: Point| covers.iter().any(|disc| disc.holds(p));
    let open = candidates.iter().filter(|candidate| candidate.is_uncertain(&subject));
    let uncertain = open.filter(|candidate| !covered(candidate.first().center)).count();
    let others = people.iter().enumerate().filter(|&(index, _)| index != measured);
    let missed = others
        .filter(|(_, person)| {
            let place = expected(person);
            !covers.iter().any(|disc| place.holds(disc.center) || disc.holds(place.center))
        })
        .count();
    let own = [Joint::Nose, Joint::LeftEar, Joint::RightEar].into_iter().find_map(|joint| pose.point(joint).ok());
    let bystanders = heads
        .iter()
        .filter(|head| head.is_certain() && !own.is_some_and(|own| head.first().holds(own)))
        .fold(Vec::<Disc>::new(), |mut apart, head| {
            let disc = head.first();
            if !apart.iter().any(|other| other.holds(disc.center) || disc.holds(other.center)) {
                apart.push(disc);
            }
            apart
        });
    let place = |disc: Disc| [disc.center.x, disc.center.y, disc.radius].map(|v| rounded(v, 1));
    let heads = Heads { covers: covers.into_iter().map(place).collect(), missed, uncertain };
    (heads, people.len().max(1 + bystanders.len() + missed))
}
