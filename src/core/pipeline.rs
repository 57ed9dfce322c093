//! From an observation to measures, without any pixels: level, correct for the turn, judge, measure.

use crate::core::body::framing::legs_outside;
use crate::core::body::landmarks::BonyPose;
use crate::core::body::pose::screened;
use crate::core::body::pose::{Keypoint, Pose};
use crate::core::body::skeleton::Pair;
use crate::core::body::stance::Stance;
use crate::core::body::view::{Facing, View};
use crate::core::camera::Camera;
use crate::core::camera::frontal_plane::{self, WorldWidths, Yaw};
use crate::core::camera::rectify::Rectification;
use crate::core::error::{Error, Result};
use crate::core::face::Face;
use crate::core::geometry::Point;
use crate::core::measure::estimators::{Rectified, Shape};
use crate::core::measure::frontal::{self, SpinalLine, spinal_line};
use crate::core::measure::registry::{self, estimate};
use crate::core::measure::spinal_profile::SpinalProfile;
use crate::core::measure::{Assessment, ByHand, Measure, Measurement, Unit};
use crate::core::observation::{Frame, Observation};
use crate::core::options::Options;
use crate::core::points::Site;
use crate::core::quality::{self, Evidence, Quality};
use crate::core::refusal::Refusal;
use crate::core::silhouette::Outline;
use crate::core::statistics::standard_deviation;
use crate::core::uncertainty::calibration::{Conditions, calibration, error_model};
use crate::core::uncertainty::landmark_error::{LandmarkError, PlacementError};
use crate::core::uncertainty::{second, side};

/// The error of a single reading, in scatters of many: it has neither a mirrored partner nor a settled crop. With this its intervals
/// contain the truth in about 95 of 100 rendered photos too.
const LONE: f64 = 2.5;

/// Millimetres per pixel at the depth of the hips, and its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Millimetres per pixel of the body's own plane.
    pub mm_per_px: f64,
    /// Its standard deviation as a share.
    pub sd_share: f64,
}

/// The complete analysis of one person in one photo.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// The joints in pixels of the original photo, sides the subject's own.
    pub pose: Pose,
    /// The view, and whether it was detected.
    pub view: View,
    /// Whether the user set the view.
    pub view_given: bool,
    /// Whether the picture was treated as a mirror image.
    pub mirrored: bool,
    /// The camera of the original picture.
    pub camera: Camera,
    /// The turn of the body; `None` in side views or when it is unknown.
    pub yaw: Option<Yaw>,
    /// The measured person's box: left, top, right, bottom in pixels.
    pub person_box: [f64; 4],
    /// The scale, when the stature is known.
    pub scale: Option<Scale>,
    /// Trunk length in pixels of the body's own plane, when it could be measured.
    pub trunk_px: Option<f64>,
    /// The measures.
    pub assessment: Assessment,
    /// The spinal line, level by level, in frontal views; places in pixels of the original photo.
    pub spinal_line: Option<SpinalLine>,
    /// The spine's profile in frontal views, if a model or file gives points along it; places in pixels of the original photo.
    pub spinal_profile: Option<SpinalProfile>,
    /// The gates.
    pub quality: Quality,
    /// How far the stance is quiet (arms hanging, legs straight, trunk upright), 0 to 1; 1 in side views.
    pub quiet: f64,
    /// The share of the legs that is outside the picture, 0 to 1.
    pub cut: f64,
    /// The turn of the head to the subject's own left relative to the direction to the camera, in degrees, by the mesh of the face, which
    /// then contributes to the head tilt; `None` if no face was read.
    pub head_yaw: Option<f64>,
    /// The options; manual landmarks with their assumed errors.
    pub options: Options,
    /// The source of the observation.
    pub frame: Frame,
    /// The observation that everything here was measured from.
    pub observation: Observation,
}

/// Middle of the ears over the middle of the ankles, as a share of stature: mean and standard deviation over rendered people
/// of both sexes.
const EAR_TO_ANKLE: (f64, f64) = (0.880, 0.006);
/// The contribution of the model's points to the scale's uncertainty.
const SCALE_SD: f64 = 0.02;

/// Measures an observation. The same observation and options give the same analysis, whether the photo was just read or its record was
/// stored years ago.
///
/// # Errors
/// [`Error::Usage`] when the view is unclear.
pub fn measure(frame: Frame, seen: Observation, options: &Options) -> Result<Analysis> {
    let mut options = options.clone().rounded();
    // The model's trunk, so that a point's error does not depend on the other manual landmarks.
    options.points = options.points.with_errors(frontal::trunk_length(&seen.pose()).ok());
    let body = Body::of(&frame, &seen, &options)?;
    let mut camera = camera_of(&frame, &seen, &options);
    let pose = &body.pose;
    let turn = body.view.facing().map(|facing| {
        let lean = frontal::trunk_lean(&camera.level_pose(pose), facing).unwrap_or(0.0);
        frontal_plane::world_yaw(body.worlds.as_ref(), facing, lean)
    });
    let mut quality = quality::judge(&Evidence {
        pose,
        consensus: &body.consensus,
        view: body.view,
        doubtful_view: options.view.is_none() && View::is_doubtful(&body.consensus),
        looks_like: body.looks_like,
        exchanged: body.exchanged,
        view_given: options.view.is_some(),
        dissent: seen.dissent.unwrap_or(0.0),
        missed: seen.missed.unwrap_or(0.0),
        yaw: turn,
        people: frame.people,
        focal_px: camera.focal_px,
        level_from: camera.level_from,
        camera_doubt: camera.doubt,
        exposure: seen.exposure(),
    });
    let rectification = Rectification::new(camera, body.view.facing(), turn);
    let measuring = Measuring::of(&body, &seen, &frame, &options, &rectification);
    let assessment = Assessment::from_measures(|what| match quality.refusal(what) {
        Some(reason) => Err(Refusal::Gate(reason.to_owned())),
        None => measuring.measure(what),
    });
    quality.disputed(&measuring.disputed(&assessment));
    let Measuring { rectified, quiet, cut, head: head_yaw, .. } = measuring;
    let may_show = quality.refusal(Measure::SpinalLineDeviation).is_none();
    let spinal = body.view.facing().filter(|_| may_show).and_then(|facing| body.spinal_line(&rectified, facing));
    let profile = body.view.facing().filter(|_| may_show).and_then(|facing| {
        let points = seen.spine_points()?.map(|p| Some(body.in_picture(p)));
        let straight = rectification.spine(pose, &points);
        let trunk = frontal::trunk_length(&rectified.turned).ok()?;
        let mut profile = SpinalProfile::of(&straight, trunk, facing).ok()?;
        for level in &mut profile.levels {
            if let Some(seen) = points.get(level.level) {
                level.at = body.in_picture(seen.at);
            }
        }
        Some(profile)
    });
    let bounds = pose.bounds().unwrap_or([0.0, 0.0, frame.width, frame.height]);
    if options.mirrored {
        camera = camera.mirrored();
    }
    Ok(Analysis {
        scale: options.height_mm.and_then(|stature| scale_of(&rectified.turned, stature)),
        trunk_px: frontal::trunk_length(&rectified.turned).ok(),
        pose: pose.map_points(|_, p| body.in_picture(p)),
        view: body.view,
        view_given: options.view.is_some(),
        mirrored: options.mirrored,
        camera,
        yaw: turn.filter(|yaw| yaw.deg.abs() <= quality::TURNED_MOST_DEG),
        person_box: match options.mirrored {
            true => [frame.width - bounds[2], bounds[1], frame.width - bounds[0], bounds[3]],
            false => bounds,
        },
        assessment,
        spinal_line: spinal,
        spinal_profile: profile,
        quality,
        quiet,
        cut,
        head_yaw,
        options,
        frame,
        observation: seen,
    })
}

/// The person with a mirror image undone and sides named according to the view.
struct Body {
    /// The width of a picture that is a mirror image, in pixels.
    mirror: Option<f64>,
    /// The consensus of the readings and the manual landmarks; including joints outside the picture and hidden ones.
    consensus: Pose,
    /// The same from the model alone.
    by_model: Pose,
    /// The joints that are measured.
    pose: Pose,
    bony: BonyPose,
    worlds: Option<WorldWidths>,
    view: View,
    /// The view according to the model's joints under their own names.
    looks_like: Option<View>,
    /// Whether left and right were exchanged, because the user set the opposite of the view that the joints show.
    exchanged: bool,
}

impl Body {
    fn of(frame: &Frame, seen: &Observation, options: &Options) -> Result<Self> {
        let mirror = options.mirrored.then_some(frame.width);
        let mirrored = |pose: Pose| mirror.map_or(pose.clone(), |width| pose.mirrored(width));
        let as_named = mirrored(seen.pose());
        let worlds = seen.world_widths().map(|worlds| if mirror.is_some() { worlds.mirrored() } else { worlds });
        let left_away = worlds.map(|worlds| worlds.first);
        let exchanged = match (options.view.and_then(View::facing), View::of(&as_named, left_away)) {
            (Some(told), Ok(seen)) => seen.facing().is_some_and(|seen| seen != told),
            _ => false,
        };
        let mut body = Self {
            mirror,
            by_model: if exchanged { as_named.exchanged() } else { as_named.clone() },
            consensus: Pose::default(),
            pose: Pose::default(),
            bony: BonyPose::default(),
            worlds: worlds.map(|worlds| if exchanged { worlds.mirrored() } else { worlds }),
            view: View::Anterior,
            looks_like: None,
            exchanged,
        };
        // Manual landmarks are named by the subject's own side, so they are added after mirror image and sides are corrected.
        body.consensus = body.with_hand(body.by_model.clone(), options);
        body.bony =
            BonyPose::from_points(|point| options.points.get(Site::Bony(point)).map(|found| body.in_picture(found.at)));
        body.pose = screened(&body.consensus, frame.width, frame.height);
        body.looks_like = View::of(if exchanged { &as_named } else { &body.consensus }, left_away).ok();
        body.view = match options.view {
            Some(view) => view,
            None => View::of(&body.consensus, left_away).map_err(|refusal| Error::Usage {
                reason: format!("the view is unclear: {refusal}; set it with --view"),
            })?,
        };
        Ok(body)
    }

    /// Maps a point between the picture and its mirror image undone, in either direction.
    fn in_picture(&self, p: Point) -> Point {
        self.mirror.map_or(p, |width| Point::new(width - p.x, p.y))
    }

    /// The spinal line, with its levels placed in the original picture.
    fn spinal_line(&self, rectified: &Rectified, facing: Facing) -> Option<SpinalLine> {
        let mut line = spinal_line(&rectified.turned, facing).ok()?;
        for level in &mut line.levels {
            if let Ok(at) = self.pose.midpoint(level.pair) {
                level.at = self.in_picture(at);
            }
        }
        Some(line)
    }

    /// A model's pose with the mirror image undone and manual landmarks in place.
    fn put_right(&self, pose: Pose, options: &Options) -> Pose {
        let pose = self.mirror.map_or(pose.clone(), |width| pose.mirrored(width));
        self.with_hand(if self.exchanged { pose.exchanged() } else { pose }, options)
    }

    fn with_hand(&self, mut pose: Pose, options: &Options) -> Pose {
        for (site, point) in options.points.iter() {
            if let Site::Joint(joint) = site {
                let at = self.in_picture(point.at);
                pose.set(joint, Ok(Keypoint { at, visibility: 1.0, sd_px: point.sd_px, by_hand: true }));
            }
        }
        pose
    }

    /// The face, with the mirror image undone, or why there is none.
    fn face(&self, seen: &Observation) -> Result<Face, Refusal> {
        let none = |reason: &str| Err(Refusal::Gate(reason.into()));
        if self.view.facing() != Some(Facing::Camera) || self.exchanged {
            return none("a face shows from the front alone");
        }
        let head = [Pair::EYES_OUTER, Pair::EARS, Pair::MOUTH];
        if head.into_iter().any(|pair| self.consensus.is_by_hand(pair)) {
            return none("the head's points were placed by hand");
        }
        let Some(face) = &seen.face else { return none("the face was not read") };
        if !face.is_sure() {
            return none("the face is covered or unclear");
        }
        Ok(self.mirror.map_or(face.clone(), |width| face.mirrored(width)))
    }

    /// The outline with the mirror image undone, or why there is none.
    fn outline(&self, seen: &Observation, frame: &Frame) -> Result<Outline, Refusal> {
        moved_off(&self.by_model, &self.consensus).map_or(Ok(()), Err)?;
        let outline = outline_of(seen, frame, self.view, self.exchanged)?;
        let outline = if self.exchanged { outline.exchanged() } else { outline };
        Ok(self.mirror.map_or(outline.clone(), |width| outline.mirrored(width)))
    }
}

/// The inputs of all measures of one person.
struct Measuring {
    view: View,
    rectified: Rectified,
    as_it_is: Rectified,
    /// The first model's readings, each rectified.
    single: Vec<Rectified>,
    /// With camera and turn moved by their standard deviations, up and down.
    shaken: [[Rectified; 2]; 6],
    /// The values by the first models alone and by the second one alone, if one was used.
    opinions: Option<[Rectified; 2]>,
    landmark_error: Option<LandmarkError>,
    independent: Option<f64>,
    /// The factor on errors that no reading shows: 1, or more if one model read alone.
    widening: f64,
    /// The number of readings of all models and parts of the body.
    readings: usize,
    /// How far the stance is quiet, 0 to 1; 1 in side views.
    quiet: f64,
    /// The share of the legs that is outside the picture, 0 to 1.
    cut: f64,
    /// The turn of the head, if the face shows it, in degrees.
    head: Option<f64>,
}

impl Measuring {
    fn of(body: &Body, seen: &Observation, frame: &Frame, options: &Options, rectification: &Rectification) -> Self {
        let (pose, bony, view) = (&body.pose, &body.bony, body.view);
        let outline = body.outline(seen, frame);
        let face = body.face(seen);
        let shape = Shape::of(&outline, Some, Some);
        let in_picture = |pose: &Pose, bony: &BonyPose| Rectified {
            levelled: pose.clone(),
            turned: pose.clone(),
            shape: shape.clone(),
            bony: bony.clone(),
            face: Err(Refusal::Degenerate("a face is measured levelled alone")),
        };
        // Known of our own models' points alone.
        let near = view.near_side().filter(|_| frame.model.starts_with("blazepose"));
        let placed =
            |pose: &Pose| near.map_or_else(|| pose.clone(), |near| side::fitted().offsets.taken_out(pose, near));
        let single = |(index, reading): (usize, Pose)| {
            let reading = body.put_right(reading, options);
            let reading = Pose::from_joints(|joint| pose.get(joint).and_then(|_| reading.get(joint)));
            let mut rectified = rectification.apply(&placed(&reading), bony, &outline, &face);
            // Readings of the face scatter together with the readings of the body.
            if let (Ok(tilt), Ok(face)) = (&mut rectified.face, &face) {
                *tilt += face.departure(index);
            }
            rectified
        };
        let rectified = rectification.apply(&placed(pose), bony, &outline, &face);
        let trunk_px = frontal::trunk_length(pose).ok();
        let rectify = |pose: &Pose, bony: &BonyPose| rectification.apply(&placed(pose), bony, &outline, &face);
        let opinions = seen.second_pose().map(|second| {
            let first = seen.first_pose();
            [second::alone(&first, &second), first].map(|pose| single((0, pose)))
        });
        Self {
            view,
            opinions,
            quiet: view.facing().map_or(1.0, |facing| Stance::of(&rectified.levelled, facing).quiet()),
            cut: legs_outside(&body.consensus, frame.height),
            rectified,
            as_it_is: in_picture(pose, bony),
            single: seen.single_poses().enumerate().map(single).collect(),
            shaken: rectification
                .shaken()
                .map(|both| both.map(|moved| moved.apply(&placed(pose), bony, &outline, &face))),
            head: face.as_ref().ok().map(Face::yaw_deg),
            landmark_error: LandmarkError::of(pose, bony, &options.points, view, trunk_px, rectify, in_picture),
            independent: frame.independent,
            widening: if frame.model.contains('+') { 1.0 } else { calibration().one_model },
            readings: frame.readings,
        }
    }

    fn measure(&self, what: Measure) -> Result<Measurement, Refusal> {
        let view = self.view;
        let value = estimate(what, &self.rectified, view)?;
        let raw = registry::plain(what, &self.as_it_is, view)?;
        let outlined = registry::outline_share(what, &self.rectified, view);
        let (scatter, unseen, readings) = self.by_model(what, value, outlined);
        let by_model = unseen + readings;
        // In both directions, so that the mirrored photo has the mirrored interval.
        let geometry: f64 = self
            .shaken
            .iter()
            .filter_map(|[up, down]| Some(estimate(what, up, view).ok()? - estimate(what, down, view).ok()?))
            .map(|change| (0.5 * change).powi(2))
            .sum();
        let (placing, by_hand) =
            match self.landmark_error.as_ref().map(|landmark_error| landmark_error.error(what, view)) {
                None => (by_model, ByHand::No),
                Some(error) => (with_placing(by_model, &error, what), error.kind()),
            };
        let contradiction = if by_hand == ByHand::No { self.contradiction(what) } else { 0.0 };
        let sd = (placing + geometry + contradiction).sqrt();
        let derived_from = (what.descriptor().derived_from)(&self.rectified);
        let varying = readings + geometry;
        telling(Measurement { value, raw, sd, varying, scatter, outlined, by_hand, derived_from }, what)
    }

    /// The scatter of single readings, and the error variance of the models' points alone: the part that no reading shows, and that of
    /// the readings' mean.
    fn by_model(&self, what: Measure, value: f64, outlined: f64) -> (f64, f64, f64) {
        let model = error_model(what.name());
        let (scatter, count) = self.scatter(what);
        let scatter = scatter.unwrap_or(LONE * model.scatter);
        let under = Conditions { quiet: self.quiet, outlined, cut: self.cut };
        let unseen = self.widening.powi(2) * model.variance(value, under);
        (scatter, unseen, scatter.powi(2) / count.max(1.0))
    }

    /// The measures on which two models contradict each other, by their labels.
    fn disputed(&self, assessment: &Assessment) -> Vec<&'static str> {
        let by_models = |found: &Measurement| found.by_hand == ByHand::No;
        assessment
            .iter()
            .filter(|(_, found)| found.as_ref().is_ok_and(by_models))
            .filter(|(what, _)| self.opinions_of(*what).is_some_and(|([a, b], sd)| second::is_apart(a, b, sd)))
            .map(|(what, _)| what.label())
            .collect()
    }

    /// The variance that a contradiction between the first models and a second one adds to a value.
    fn contradiction(&self, what: Measure) -> f64 {
        self.opinions_of(what).map_or(0.0, |([a, b], sd)| second::contradiction(a, b, sd))
    }

    /// A measure by the first models alone and by the second one alone, with their assumed error.
    fn opinions_of(&self, what: Measure) -> Option<([f64; 2], f64)> {
        let value = |rectified: &Rectified| estimate(what, rectified, self.view).ok();
        let [a, b] = self.opinions.as_ref()?;
        let (a, b) = (value(a)?, value(b)?);
        let outlined = registry::outline_share(what, &self.rectified, self.view);
        let (_, unseen, readings) = self.by_model(what, a, outlined);
        Some(([a, b], (unseen + readings).sqrt()))
    }

    /// Standard deviation of single readings, and the number of independent ones.
    fn scatter(&self, what: Measure) -> (Option<f64>, f64) {
        let of = |reading: &Rectified| estimate(what, reading, self.view).ok();
        let readings: Vec<f64> = self.single.iter().filter_map(of).collect();
        match self.independent {
            // The first model's readings give the scatter, and all readings contribute to the mean.
            None => (standard_deviation(&readings), readings.len().max(self.readings) as f64),
            // The difference between a plain and a mirrored reading is not movement.
            Some(looks) => {
                let pairs: Vec<f64> = readings.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
                (standard_deviation(&pairs), looks.min(readings.len() as f64))
            }
        }
    }
}

/// Refuses a frontal value whose interval is wider than any posture.
fn telling(found: Measurement, what: Measure) -> Result<Measurement, Refusal> {
    let most = match what.unit() {
        Unit::Degrees => 15.0,
        Unit::PercentOfTrunk => 20.0,
        Unit::PercentOfLeg => 10.0,
        Unit::PercentOfBase => 40.0,
        Unit::PercentOfMean => 60.0,
    };
    let half = 1.96 * found.sd;
    if !what.is_frontal() || half <= most {
        return Ok(found);
    }
    let unit = what.unit().symbol();
    Err(Refusal::Gate(format!(
        "the error of +-{half:.0} {unit} is larger than any difference: retake standing squarely"
    )))
}

/// The camera of the picture with a mirror image undone.
fn camera_of(frame: &Frame, seen: &Observation, options: &Options) -> Camera {
    let background = seen.background();
    Camera::by_all(frame.width, frame.height, &seen.told(), background.as_ref(), &options.given, options.mirrored)
}

/// A value's variance without the parts of camera and turn, from the variance with a model's points alone.
fn with_placing(by_model: f64, error: &PlacementError, what: Measure) -> f64 {
    match error.kind() {
        ByHand::Wholly => error.by_hand + error.by_model,
        // The error model does not cover bony points.
        ByHand::Partly if !what.bony_points().is_empty() => error.by_hand + error.by_model,
        ByHand::No | ByHand::Partly => by_model + error.by_hand + error.by_partners,
    }
}

/// If a joint that the outline was read by is moved by hand by more than this, in trunk lengths, the outline is not used.
const OFF_OUTLINE: f64 = 0.05;

/// Why the outline no longer fits the joints, if so.
fn moved_off(by_model: &Pose, by_hand: &Pose) -> Option<Refusal> {
    let most = OFF_OUTLINE * frontal::trunk_length(by_model).ok()?;
    let pairs = [Pair::SHOULDERS, Pair::HIPS, Pair::ELBOWS, Pair::WRISTS];
    let moved = pairs.into_iter().flat_map(|pair| [pair.left, pair.right]).find(|&joint| {
        let (Ok(model), Ok(hand)) = (by_model.point(joint), by_hand.point(joint)) else { return false };
        model.distance(hand) > most
    })?;
    Some(Refusal::Gate(format!(
        "the outline was read by the model's {}, which was placed elsewhere by hand",
        moved.words()
    )))
}

/// The outline in the original picture, or why there is none.
fn outline_of(seen: &Observation, frame: &Frame, view: View, exchanged: bool) -> Result<Outline, Refusal> {
    let facing = view.facing().ok_or_else(|| Refusal::Gate("needs a view from the front or from behind".into()))?;
    let Some(trace) = &seen.outline else {
        // A joint or the pixels are missing.
        Outline::readable(&screened(&seen.pose(), frame.width, frame.height))?;
        return Err(Refusal::Gate("this model or number of readings brings no outline".into()));
    };
    if (trace.facing() != facing) != exchanged {
        return Err(Refusal::Gate("the joints show the other side of the body than the view that was given".into()));
    }
    Ok(trace.outline())
}

/// The scale from the stature; `None` when ears or ankles have no place.
fn scale_of(rectified: &Pose, stature_mm: f64) -> Option<Scale> {
    let (ears, ankles) = (rectified.midpoint(Pair::EARS).ok()?, rectified.midpoint(Pair::ANKLES).ok()?);
    let height = ankles.y - ears.y;
    let (share, sd) = EAR_TO_ANKLE;
    (height > 1.0).then(|| Scale { mm_per_px: share * stature_mm / height, sd_share: (sd / share).hypot(SCALE_SD) })
}
