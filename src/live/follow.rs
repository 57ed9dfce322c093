//! Processes one frame after the other: the person is followed, measured, and smoothed for display.

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

/// The filter for displayed values; one degree counts as the scale.
const VALUES: OneEuro = OneEuro { min_cutoff: 0.3, beta: 0.3, derivative_cutoff: 1.0 };
/// The minimum interval, in seconds, at which the camera is levelled again by the background when a person appears.
const LEVEL_EVERY: f64 = 20.0;

/// The part of a frame occupied by a body with these joints (left, top, right, bottom): including head, arms and the part below the
/// frame.
fn room_of([left, top, right, bottom]: [f64; 4]) -> [f64; 4] {
    let beside = 0.3 * (right - left);
    let above = 0.25 * (bottom - top);
    [left - beside, top - above, right + beside, f64::INFINITY]
}

/// The result for a frame.
#[derive(Debug)]
pub struct Sight {
    /// For watch mode.
    pub glimpse: Glimpse,
    /// The followed person and the analysis.
    pub person: Option<(Followed, Analysis)>,
    /// For the window.
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
    /// The watched person, if anyone is watched; else any person is measured.
    identity: Option<Identity>,
}

impl Follower {
    /// A follower with a tracker and options for measuring.
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

    /// From now on judges only the next person seen, with the camera where it is now.
    pub fn watch(&mut self) {
        self.identity = Some(Identity::default());
        self.steady.reset();
        self.around = None;
        self.start_anew();
    }

    /// The options for measuring.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Stops following the current person.
    pub fn forget(&mut self) {
        self.tracker.forget();
        self.start_anew();
    }

    fn start_anew(&mut self) {
        self.joints.reset();
        self.values = Default::default();
        self.still.reset();
    }

    /// Processes a frame taken at a time in seconds.
    ///
    /// # Errors
    /// [`Error::Runtime`] and [`Error::Model`], which no later frame would cure.
    pub fn see(&mut self, frame: &Frame<'_>, seconds: f64) -> Result<Sight> {
        if self.size != frame.size() {
            // Another frame size: all earlier state is invalid.
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
        // The earlier exposure of the person does not apply any more.
        let background = self.around.and_then(|(_, around)| around.background);
        let seen = self.observation(&readings, &Surroundings { background, ..Surroundings::default() });
        let analysis = match measure(self.frame(&readings, followed.people), seen, &self.options) {
            Ok(analysis) => analysis,
            // The view is unclear: shoulders and hips are not those of a standing person.
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

    /// Why a frame must not be compared with the baseline: another person, or a camera that has moved. If nobody is watched, a camera
    /// that has moved is levelled again.
    fn objection(
        &mut self,
        frame: &Frame<'_>,
        glimpse: &Glimpse,
        followed: &Followed,
        analysis: &Analysis,
    ) -> Option<State> {
        // A roll set by the user is assumed to stay valid.
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
            let clothes = Clothes::of(frame, &analysis.pose)?;
            Some(Looks { clothes, shoulders_px: left.distance(right), at: left.midpoint(right) })
        });
        // A person in front of the user may hide the user's clothes.
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

    /// The source data for readings of this source's frames.
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

    /// The observation from readings of this source's frames.
    #[must_use]
    pub fn observation(&self, readings: &[Readings], around: &Surroundings) -> Observation {
        observation(readings, &ensemble::agreed(readings), &CameraMetadata::default(), around, self.size)
    }

    /// The camera tilt and the exposure of the person in a frame. Copies the frame.
    #[must_use]
    pub fn surroundings(&self, frame: &Frame<'_>, readings: &[Readings]) -> Surroundings {
        let picture = frame.to_rgb();
        surroundings(&Pyramid::new(&picture), &ensemble::agreed(readings), &CameraMetadata::default())
    }
}
