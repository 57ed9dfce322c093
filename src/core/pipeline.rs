//! From an observation to measures, without any pixels: level, correct for the turn, judge, measure.

use crate::core::body::framing::{arm_outside, legs_outside};
use crate::core::body::landmarks::BonyPose;
use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{Joint, Side};
use crate::core::body::stance::Stance;
use crate::core::body::view::{Facing, View};
use crate::core::camera::Camera;
use crate::core::camera::frontal_plane::{self, Yaw};
use crate::core::camera::rectify::Rectification;
use crate::core::camera::sagittal_plane;
use crate::core::error::Result;
use crate::core::face::Face;
use crate::core::measure::estimators::{Rectified, Shape};
use crate::core::measure::frontal::{self, SpinalLine};
use crate::core::measure::registry::{self, estimate};
use crate::core::measure::spinal_profile::SpinalProfile;
use crate::core::measure::{Assessment, ByHand, Measure, Measurement, Unit};
use crate::core::observation::{Frame, Observation};
use crate::core::options::Options;
use crate::core::person::Person;
use crate::core::quality::{self, Evidence, Quality};
use crate::core::refusal::Refusal;
use crate::core::scale::Scale;
use crate::core::statistics::standard_deviation;
use crate::core::uncertainty::calibration::{Conditions, calibration, error_model};
use crate::core::uncertainty::landmark_error::{LandmarkError, PlacementError};
use crate::core::uncertainty::{second, side};

/// The error of a single reading, in scatters of many: it has neither a mirrored partner nor a settled crop. With this its intervals
/// contain the truth in about 95 of 100 rendered photos too.
const LONE: f64 = 2.5;

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
    /// The turn of the body; `None` when it is unknown.
    pub yaw: Option<Yaw>,
    /// The measured person's box: left, top, right, bottom in pixels.
    pub person_box: [f64; 4],
    /// The scale, when the stature is known or the file records it.
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
    /// How far an arm is outside the picture, 0 to 1; 0 in side views.
    pub arm: f64,
    /// The turn of the head to the subject's own left relative to the direction to the camera, in degrees, by the mesh of the face, which
    /// then contributes to the head tilt; `None` if no face was read.
    pub head_yaw: Option<f64>,
    /// The head's tilt by the mesh of the face alone, where that tells a change of it.
    pub head_by_face: Option<HeadByFace>,
    /// The options; manual landmarks with their assumed errors.
    pub options: Options,
    /// The source of the observation.
    pub frame: Frame,
    /// The observation that everything here was measured from.
    pub observation: Observation,
}

/// The tilt of a head by the mesh of its face alone.
///
/// A mesh follows a change of the tilt by 0.98 of it and a pose's points by 0.84 (real heads turned in the picture by 8 degrees,
/// `tools/following.rs`), though labelled ears and eyes do not tell which of the two is nearer to the tilt itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeadByFace {
    /// In degrees, positive = the subject's left is higher.
    pub deg: f64,
    /// The part of its error's variance that this photo shows, as [`Measurement::varying`].
    pub varying: f64,
}

/// Heads turned farther from the camera do not show a change well, in degrees.
const HEAD_TURNED_MOST_DEG: f64 = 30.0;

/// Measures an observation. The same observation and options give the same analysis, whether the photo was just read or its record was
/// stored years ago.
///
/// # Errors
/// [`crate::core::error::Error::Usage`] when the view is unclear.
pub fn measure(frame: Frame, seen: Observation, options: &Options) -> Result<Analysis> {
    let mut options = options.clone().rounded();
    // The model's trunk, so that a point's error does not depend on the other manual landmarks.
    options.points = options.points.with_errors(frontal::trunk_length(&seen.pose()).ok());
    options.view = Person::view_asked(&frame, &seen, &options)?;
    let person = Person::of(&frame, &seen, &options)?;
    let mut camera = camera_of(&frame, &seen, &options);
    let pose = &person.pose;
    let turn = turn_of(&person, &frame, &camera);
    let mut quality = quality::judge(&Evidence {
        pose,
        consensus: &person.consensus,
        view: person.view,
        doubtful_view: options.view.is_none() && View::is_doubtful(&person.consensus),
        looks_like: person.looks_like,
        exchanged: person.exchanged,
        view_given: options.view.is_some(),
        dissent: seen.dissent.unwrap_or(0.0),
        missed: seen.missed.unwrap_or(0.0),
        yaw: turn,
        people: frame.people,
        focal_px: camera.focal_px,
        level_from: camera.level_from,
        camera_doubt: camera.doubt,
        exposure: seen.exposure(),
        print: seen.print(),
    });
    let rectification = Rectification::new(camera, person.view, turn);
    let measuring = Measuring::of(&person, &seen, &frame, &options, &rectification);
    let assessment = Assessment::from_measures(|what| match quality.refusal(what) {
        Some(reason) => Err(Refusal::Gate(reason.to_owned())),
        None => measuring.measure(what),
    });
    quality.disputed(&measuring.disputed(&assessment));
    let by_model = |found: &Measurement| found.by_hand == ByHand::No;
    let has_head = assessment.get(Measure::HeadTilt).as_ref().is_ok_and(by_model);
    let head_by_face = seen.face.as_ref().filter(|_| has_head).and_then(|face| measuring.head_by_face(face));
    let Measuring { rectified, quiet, cut, arm, head: head_yaw, .. } = measuring;
    let may_show = quality.refusal(Measure::SpinalLineDeviation).is_none();
    let spinal = person.view.facing().filter(|_| may_show).and_then(|facing| person.spinal_line(&rectified, facing));
    let profile = person.view.facing().filter(|_| may_show);
    let profile = profile.and_then(|facing| spinal_profile(&person, &seen, &rectification, &rectified, facing));
    let bounds = pose.bounds().unwrap_or([0.0, 0.0, frame.width, frame.height]);
    if options.mirrored {
        camera = camera.mirrored();
    }
    Ok(Analysis {
        scale: Scale::known(&rectified.turned, options.height_mm, seen.told.mm_per_px),
        trunk_px: frontal::trunk_length(&rectified.turned).ok(),
        pose: pose.map_points(|_, p| person.in_picture(p)),
        view: person.view,
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
        arm,
        head_yaw,
        head_by_face,
        options,
        frame,
        observation: seen,
    })
}

/// The turn of the body, where it is known.
fn turn_of(person: &Person, frame: &Frame, camera: &Camera) -> Option<Yaw> {
    match (person.view.facing(), person.view.near_side()) {
        (Some(facing), _) => {
            let lean = frontal::trunk_lean(&camera.level_pose(&person.pose), facing).unwrap_or(0.0);
            Some(frontal_plane::world_yaw(person.worlds.as_ref(), facing, lean))
        }
        (_, Some(near)) => {
            let yaw = sagittal_plane::turn(&camera.level_pose(&person.without_lone_hand()), near)?;
            Some(Yaw { sd_deg: widening(frame) * yaw.sd_deg, ..yaw })
        }
        (None, None) => None,
    }
}

/// The factor on errors that no reading shows: 1, or more if one model read alone.
fn widening(frame: &Frame) -> f64 {
    if frame.has_several_models() { 1.0 } else { calibration().one_model }
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
    /// In side views, whether the second model has a part in the joints.
    joined: bool,
    landmark_error: Option<LandmarkError>,
    independent: Option<f64>,
    /// See [`widening`].
    widening: f64,
    /// The number of readings of all models and parts of the body.
    readings: usize,
    /// How far the stance is quiet, 0 to 1; 1 in side views.
    quiet: f64,
    /// The share of the legs that is outside the picture, 0 to 1.
    cut: f64,
    /// How far an arm is outside the picture, 0 to 1; 0 in side views.
    arm: f64,
    /// The turn of the head, if the face shows it, in degrees.
    head: Option<f64>,
}

impl Measuring {
    fn of(
        person: &Person,
        seen: &Observation,
        frame: &Frame,
        options: &Options,
        rectification: &Rectification,
    ) -> Self {
        let (pose, bony, view) = (&person.pose, &person.bony, person.view);
        let outline = person.outline(seen, frame);
        let face = person.face(seen);
        let shape = Shape::of(&outline, Some, Some);
        let in_picture = |pose: &Pose, bony: &BonyPose| Rectified {
            levelled: pose.clone(),
            turned: pose.clone(),
            shape: shape.clone(),
            bony: bony.clone(),
            face: Err(Refusal::Degenerate("a face is measured levelled alone")),
        };
        // Known of our own models' points alone.
        let near = view.near_side().filter(|_| frame.is_of_blazepose());
        let second = seen.second_from_the_side().map(|pose| person.put_right(pose, options));
        let placed =
            |pose: &Pose| near.map_or_else(|| pose.clone(), |near| side::fitted().placed(pose, second.as_ref(), near));
        let joined =
            near.zip(second.as_ref()).is_some_and(|(near, second)| side::fitted().is_joined(pose, second, near));
        let single = |(index, reading): (usize, Pose)| {
            let reading = person.put_right(reading, options);
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
        let as_it_is_placed = |pose: &Pose| rectification.apply(pose, bony, &outline, &face);
        let opinions = opinions(person, seen, options, near).map(|both| both.map(|pose| as_it_is_placed(&pose)));
        Self {
            view,
            opinions,
            joined,
            quiet: view.facing().map_or(1.0, |facing| Stance::of(&rectified.levelled, facing).quiet()),
            cut: legs_outside(&person.consensus, frame.height),
            arm: view.facing().map_or(0.0, |_| arm_outside(&person.consensus, frame.width)),
            rectified,
            as_it_is: in_picture(pose, bony),
            single: seen.single_poses().enumerate().map(single).collect(),
            shaken: rectification
                .shaken()
                .map(|both| both.map(|moved| moved.apply(&placed(pose), bony, &outline, &face))),
            head: face.as_ref().ok().map(Face::yaw_deg),
            landmark_error: LandmarkError::of(pose, bony, &options.points, view, trunk_px, rectify, in_picture),
            independent: frame.independent,
            widening: widening(frame),
            readings: frame.readings,
        }
    }

    fn measure(&self, what: Measure) -> Result<Measurement, Refusal> {
        let view = self.view;
        let value = estimate(what, &self.rectified, view)?;
        let raw = registry::plain(what, &self.as_it_is, view)?;
        let outlined = self.outlined(what);
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

    /// The head's tilt by the face alone: `None` where it is not read, turned away or far from what the pose's points say.
    fn head_by_face(&self, face: &Face) -> Option<HeadByFace> {
        let deg = *self.rectified.face.as_ref().ok()?;
        let turned = self.head.is_none_or(|yaw| yaw.abs() > HEAD_TURNED_MOST_DEG);
        if turned || self.outlined(Measure::HeadTilt) < 1.0 {
            return None;
        }
        let moved = |[up, down]: &[Rectified; 2]| Some(up.face.as_ref().ok()? - down.face.as_ref().ok()?);
        let geometry: f64 = self.shaken.iter().filter_map(moved).map(|change| (0.5 * change).powi(2)).sum();
        Some(HeadByFace { deg, varying: face.scatter()?.powi(2) / face.looks.len() as f64 + geometry })
    }

    /// The part of a further witness in a value, as a share of its full part: of outline or face, in side views of the second model.
    fn outlined(&self, what: Measure) -> f64 {
        match self.view.facing() {
            Some(_) => registry::outline_share(what, &self.rectified, self.view),
            None => f64::from(u8::from(self.joined)),
        }
    }

    /// The scatter of single readings, and the error variance of the models' points alone: the part that no reading shows, and that of
    /// the readings' mean.
    fn by_model(&self, what: Measure, value: f64, outlined: f64) -> (f64, f64, f64) {
        let model = error_model(what.name());
        let (scatter, count) = self.scatter(what);
        let scatter = scatter.unwrap_or(LONE * model.scatter);
        let behind = self.view.facing() == Some(Facing::Away);
        let under = Conditions { quiet: self.quiet, outlined, cut: self.cut, arm: self.arm, behind };
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
        let outlined = self.outlined(what);
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

/// The joints by the second model alone and by the first ones alone, where a second one was asked; in side views at their true places.
fn opinions(person: &Person, seen: &Observation, options: &Options, near: Option<Side>) -> Option<[Pose; 2]> {
    let [first, second] = [seen.first_pose(), seen.second_pose()?].map(|pose| person.put_right(pose, options));
    let both = match near {
        Some(near) => {
            let first = side::fitted().placed(&first, None, near);
            [side::alone(&first, &second, near), first]
        }
        None => [second::alone(&first, &second), first],
    };
    let has_place = |joint: Joint| person.pose.get(joint);
    Some(both.map(|opinion| Pose::from_joints(|joint| has_place(joint).and_then(|_| opinion.get(joint)))))
}

/// The spine's profile, with its levels placed in the original picture.
fn spinal_profile(
    person: &Person,
    seen: &Observation,
    rectification: &Rectification,
    rectified: &Rectified,
    facing: Facing,
) -> Option<SpinalProfile> {
    let points = seen.spine_points()?.map(|p| Some(person.in_picture(p)));
    let straight = rectification.spine(&person.pose, &points);
    let trunk = frontal::trunk_length(&rectified.turned).ok()?;
    let mut profile = SpinalProfile::of(&straight, trunk, facing).ok()?;
    for level in &mut profile.levels {
        if let Some(seen) = points.get(level.level) {
            level.at = person.in_picture(seen.at);
        }
    }
    Some(profile)
}

/// Refuses a value whose interval is wider than any posture.
fn telling(found: Measurement, what: Measure) -> Result<Measurement, Refusal> {
    let most = match what.unit() {
        Unit::Degrees => 15.0,
        Unit::PercentOfTrunk => 20.0,
        Unit::PercentOfLeg => 10.0,
        Unit::PercentOfBase => 40.0,
        Unit::PercentOfMean => 60.0,
    };
    let half = 1.96 * found.sd;
    if half <= most {
        return Ok(found);
    }
    let unit = what.unit().symbol();
    let retake = match what.is_frontal() {
        true => "retake standing squarely",
        false => "retake with the side square to the camera, the feet in the picture and the camera level",
    };
    Err(Refusal::Gate(format!("the error of +-{half:.0} {unit} is larger than any difference: {retake}")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_whose_interval_is_wider_than_any_posture_is_refused_in_every_view() {
        let found = |sd: f64| Measurement {
            value: 1.0,
            raw: 1.0,
            sd,
            varying: 0.0,
            scatter: 0.0,
            outlined: 0.0,
            by_hand: ByHand::No,
            derived_from: None,
        };
        // 1.96 * 10.2 = 20.0 percent of the trunk; 1.96 * 7.65 = 15.0 degrees.
        for (what, most, advice) in [
            (Measure::BodyPlumb, 10.2, "side square to the camera"),
            (Measure::TrunkShift, 10.2, "standing squarely"),
            (Measure::EarShoulderAngle, 7.65, "side square to the camera"),
        ] {
            assert!(telling(found(most), what).is_ok(), "{}", what.name());
            let refusal = telling(found(most + 0.1), what).expect_err("too wide").to_string();
            assert!(refusal.contains("larger than any difference") && refusal.contains(advice), "{refusal}");
        }
    }
}
