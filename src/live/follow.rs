//! One frame after the other: the person followed, measured, and smoothed for the eye.

use orthostat::core::body::skeleton::Pair;
use orthostat::core::camera::CameraMetadata;
use orthostat::core::error::{Error, Result};
use orthostat::core::observation::{self, Observation};
use orthostat::core::options::Options;
use orthostat::core::pipeline::{Analysis, measure};
use orthostat::core::watch::smoothing::{self, Filter, OneEuro, PoseFilter};
use orthostat::core::watch::still::Stillness;
use orthostat::core::watch::{Glimpse, State, WATCHED};
use orthostat::vision::analysis::{Surroundings, observation, surroundings};
use orthostat::vision::clothes::Clothes;
use orthostat::vision::ensemble::{self, Readings};
use orthostat::vision::identity::{Identity, Looks};
use orthostat::vision::raster::crop::Pyramid;
use orthostat::vision::raster::frame::Frame;
use orthostat::vision::steady::Steady;
use orthostat::vision::track::{Followed, Tracker};

use super::body::{Person, Reading};

/// What values are smoothed with before they are shown; one degree counts as the scale.
const VALUES: OneEuro = OneEuro { min_cutoff: 0.3, beta: 0.3, derivative_cutoff: 1.0 };
/// The camera is levelled again by the background when a person appears, but not more often than this, in seconds.
const LEVEL_EVERY: f64 = 20.0;

/// The part of a frame that a body's joints (left, top, right, bottom) stand for: with its head, its arms and what lies below the frame.
fn room_of([left, top, right, bottom]: [f64; 4]) -> [f64; 4] {
    let beside = 0.3 * (right - left);
    let above = 0.25 * (bottom - top);
    [left - beside, top - above, right + beside, f64::INFINITY]
}

/// What a frame shows.
#[derive(Debug)]
pub struct Sight {
    /// As far as watching goes.
    pub glimpse: Glimpse,
    /// Whoever was followed, and what was measured of them.
    pub person: Option<(Followed, Analysis)>,
    /// As far as the window goes.
    pub shown: Option<Person>,
}

/// Follows and measures one person.
#[derive(Debug)]
pub struct Follower {
    /// The models.
    pub tracker: Tracker,
    options: Options,
    size: (f64, f64),
    around: Option<(f64, Surroundings)>,
    joints: PoseFilter,
    values: [Filter; WATCHED.len()],
    still: Stillness,
    steady: Steady,
    /// Whom to judge, while somebody is watched; else anybody is measured.
    identity: Option<Identity>,
}

impl Follower {
    /// Follows with a tracker, measuring as the options say.
    #[must_use]
    pub fn new(tracker: Tracker, options: Options) -> Self {
        Self {
            tracker,
            options,
            size: (0.0, 0.0),
            around: None,
            joints: PoseFilter::new(smoothing::JOINTS),
            values: Default::default(),
            still: Stillness::default(),
            steady: Steady::default(),
            identity: None,
        }
    }

    /// From now on judges only whoever is seen next, from where the camera stands now.
    pub fn watch(&mut self) {
        self.identity = Some(Identity::default());
        self.steady.reset();
        self.around = None;
        self.start_anew();
    }

    /// How to measure.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Forgets the person who is followed.
    pub fn forget(&mut self) {
        self.tracker.forget();
        self.start_anew();
    }

    fn start_anew(&mut self) {
        self.joints.reset();
        self.values = Default::default();
        self.still.reset();
    }

    /// Looks at a frame taken at a time in seconds.
    ///
    /// # Errors
    /// [`Error::Runtime`] and [`Error::Model`], which no later frame would cure.
    pub fn see(&mut self, frame: &Frame<'_>, seconds: f64) -> Result<Sight> {
        if self.size != frame.size() {
            // Another format: nothing of what was known holds.
            self.size = frame.size();
            self.around = None;
            self.steady.reset();
            self.forget();
        }
        let Some(followed) = self.tracker.see(frame, seconds)? else {
            self.start_anew();
            if self.identity.is_some() {
                let _ = self.steady.next(frame, seconds, &[]);
            }
            return Ok(Sight { glimpse: Glimpse::empty(seconds, State::Away), person: None, shown: None });
        };
        let readings = [Readings { body: followed.readings.clone(), ..Readings::default() }];
        if followed.newcomer {
            self.start_anew();
        }
        if followed.newcomer || self.around.is_none() {
            let told_long_ago = self.around.is_none_or(|(then, _)| !(0.0..LEVEL_EVERY).contains(&(seconds - then)));
            if told_long_ago {
                self.around = Some((seconds, self.surroundings(frame, &readings)));
            }
        }
        // How the person was lit then says nothing about now.
        let background = self.around.and_then(|(_, around)| around.background);
        let seen = self.observation(&readings, &Surroundings { exposure: None, background });
        let analysis = match measure(self.frame(&readings, followed.people), seen, &self.options) {
            Ok(analysis) => analysis,
            // A view that cannot be told: shoulders and hips lie so that nobody stands there.
            Err(Error::Usage { .. }) => {
                self.start_anew();
                return Ok(Sight { glimpse: Glimpse::empty(seconds, State::Turned), person: None, shown: None });
            }
            Err(error) => return Err(error),
        };
        let size = followed.region.side;
        let pose = self.joints.next(seconds, &analysis.pose, size);
        let still = self.still.next(seconds, &pose);
        let glimpse = Glimpse::of(seconds, &analysis, followed.nearer, still);
        let glimpse = match self.objection(frame, &glimpse, &followed, &analysis) {
            Some(state) => glimpse.unjudged(state),
            None => glimpse,
        };
        let readings = WATCHED
            .into_iter()
            .zip(&mut self.values)
            .map(|(measure, filter)| {
                let value = match analysis.assessment.get(measure) {
                    Ok(found) => Ok((filter.next(&VALUES, seconds, found.value, 1.0), 1.96 * found.sd)),
                    Err(refusal) => {
                        *filter = Filter::default();
                        Err(refusal.to_string())
                    }
                };
                Reading { measure, value }
            })
            .collect();
        let shown = Some(Person { pose, camera: analysis.camera, view: analysis.view, readings });
        Ok(Sight { glimpse, person: Some((followed, analysis)), shown })
    }

    /// Why what is seen must not be held against what is usual: another person, or a camera that stands elsewhere. Where nobody is
    /// watched, a camera that has moved is levelled anew.
    fn objection(
        &mut self,
        frame: &Frame<'_>,
        glimpse: &Glimpse,
        followed: &Followed,
        analysis: &Analysis,
    ) -> Option<State> {
        // Who names the roll answers for the camera.
        let moved = self.options.given.roll_deg.is_none()
            && self.steady.next(frame, glimpse.seconds, &[room_of(analysis.person_box)]);
        let Some(identity) = &mut self.identity else {
            if moved {
                self.steady.reset();
                self.around = None;
                self.start_anew();
            }
            return None;
        };
        let shoulders =
            analysis.pose.point(Pair::SHOULDERS.left).ok().zip(analysis.pose.point(Pair::SHOULDERS.right).ok());
        let looks = shoulders.and_then(|(left, right)| {
            Some(Looks { clothes: Clothes::of(frame, &analysis.pose)?, shoulders_px: left.distance(right) })
        });
        // Somebody before the user may be what is seen of their clothes.
        let other = !followed.nearer && identity.is_other(glimpse.seconds, looks.as_ref(), followed.newcomer);
        if other {
            self.tracker.prefer_another();
        }
        match (moved, other) {
            (_, true) => Some(State::SomebodyElse),
            (true, false) => Some(State::CameraMoved),
            (false, false) => None,
        }
    }

    /// Where readings of this source's frames come from.
    #[must_use]
    pub fn frame(&self, readings: &[Readings], people: usize) -> observation::Frame {
        observation::Frame {
            heads: None,
            width: self.size.0,
            height: self.size.1,
            people,
            readings: readings.iter().map(Readings::count).sum(),
            model: self.tracker.model().to_owned(),
            model_blake3: self.tracker.hash().to_owned(),
            standing: Vec::new(),
            independent: None,
        }
    }

    /// What was seen in readings of this source's frames, as far as measuring goes.
    #[must_use]
    pub fn observation(&self, readings: &[Readings], around: &Surroundings) -> Observation {
        observation(readings, &ensemble::agreed(readings), &CameraMetadata::default(), around, self.size)
    }

    /// How the camera is held and how the person is lit, as a frame shows it. Copies the frame.
    #[must_use]
    pub fn surroundings(&self, frame: &Frame<'_>, readings: &[Readings]) -> Surroundings {
        let picture = frame.to_rgb();
        surroundings(&Pyramid::new(&picture), &ensemble::agreed(readings), &CameraMetadata::default())
    }
}
