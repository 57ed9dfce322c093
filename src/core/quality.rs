//! The quality gates. Each removes exactly the measures that it affects, and states the reason and how to take a better photo.

use crate::core::body::framing::breadth;
use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{Joint, Pair, Side};
use crate::core::body::view::View;
use crate::core::camera::frontal_plane::Yaw;
use crate::core::camera::{Doubt, LevelFrom, Print};
use crate::core::exposure::{BLURRED_BELOW, DARK_BELOW, Exposure};
use crate::core::gate::Gate;
use crate::core::measure::{Measure, frontal};

/// Turned farther than this, a photo should be taken again (degrees).
pub const TURNED_FLAG_DEG: f64 = 12.0;
/// From this turn on, frontal measures are refused (degrees). On annotated real photos tilts and leans are as accurate up to here as
/// below 20 degrees; beyond, their errors grow.
pub const TURNED_REFUSE_DEG: f64 = 30.0;
/// No frontal view shows a body turned farther than this (degrees): the turn is then unknown.
pub const TURNED_MOST_DEG: f64 = 75.0;
/// The share of readings with left and right exchanged from which on the sides are uncertain.
const SPLIT: f64 = 0.25;
/// Bodies smaller than this in the picture are measured less accurately, in pixels from eyes to ankles.
const SMALL_BODY_PX: f64 = 400.0;
/// Beyond this visual angle of the person (degrees from eyes to ankles) the camera is too close: nearer than about 1.5 m.
const CLOSE_SPAN_DEG: f64 = 60.0;

/// A finding about the photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The gate.
    pub gate: Gate,
    /// The finding and how to retake, in one sentence.
    pub text: String,
}

/// The result of the gates.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Quality {
    /// All findings, most important first.
    pub flags: Vec<Flag>,
    refused: Vec<(Measure, String)>,
}

impl Quality {
    /// Why a measure is refused, if it is.
    #[must_use]
    pub fn refusal(&self, measure: Measure) -> Option<&str> {
        self.refused.iter().find(|(refused, _)| *refused == measure).map(|(_, reason)| reason.as_str())
    }

    /// Flags the values that a second model of another family contradicts.
    pub fn disputed(&mut self, values: &[&str]) {
        if !values.is_empty() {
            let text = format!(
                "two kinds of models contradict each other, so the intervals are wider: {}; look whether the points lie on the body",
                values.join(", ")
            );
            self.flag(Gate::ModelsDisagree, text);
        }
    }

    fn flag(&mut self, gate: Gate, text: String) {
        self.flags.push(Flag { gate, text });
    }

    fn refuse(&mut self, measures: impl IntoIterator<Item = Measure>, reason: &str) {
        self.refused.extend(measures.into_iter().map(|measure| (measure, reason.to_owned())));
    }
}

/// The inputs of the gates.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The joints in the picture, without those that have no place.
    pub pose: &'a Pose,
    /// All joints, including those outside the picture and hidden ones.
    pub consensus: &'a Pose,
    /// The side that the camera sees.
    pub view: View,
    /// Whether the view was detected and lies near the border between two.
    pub doubtful_view: bool,
    /// Whether the user set the opposite of the view that the joints show, so that left and right were exchanged.
    pub exchanged: bool,
    /// Whether the user set the view.
    pub view_given: bool,
    /// The view that the joints show, when it is clear.
    pub looks_like: Option<View>,
    /// The share of readings with left and right exchanged.
    pub dissent: f64,
    /// The share of readings in which a model found nobody.
    pub missed: f64,
    /// The turn of the body, if known.
    pub yaw: Option<Yaw>,
    /// How many people were found.
    pub people: usize,
    /// Focal length, in pixels.
    pub focal_px: f64,
    /// Where roll and pitch come from.
    pub level_from: LevelFrom,
    /// A contradiction to the photo's metadata about the camera.
    pub camera_doubt: Option<Doubt>,
    /// Brightness and sharpness of the person, if known.
    pub exposure: Option<Exposure>,
    /// The print or screen that shows the person, if it is known to be one.
    pub print: Option<Print>,
}

/// Runs all quality gates.
#[must_use]
pub fn judge(evidence: &Evidence<'_>) -> Quality {
    let mut quality = Quality::default();
    somebody(evidence, &mut quality);
    upright(evidence, &mut quality);
    stretched(evidence, &mut quality);
    skew_print(evidence, &mut quality);
    sides(evidence, &mut quality);
    turned(evidence, &mut quality);
    standing(evidence, &mut quality);
    parts(evidence, &mut quality);
    size(evidence, &mut quality);
    arms(evidence, &mut quality);
    feet(evidence, &mut quality);
    light(evidence, &mut quality);
    if evidence.doubtful_view {
        quality.flag(
            Gate::ViewDoubtful,
            format!(
                "the view was taken for {}, but the shoulders look narrow: retake squarely from the front, from behind or from \
                 the side, or name the view with --view",
                evidence.view.name()
            ),
        );
    }
    if let Some(seen) = evidence.looks_like.filter(|&seen| seen != evidence.view) {
        let done = if evidence.exchanged { "left and right were exchanged accordingly" } else { "sides may be wrong" };
        quality.flag(
            Gate::ViewContradicted,
            format!(
                "the view is {} by the user's choice, and the joints look {}; {done}: if that is wrong, measure without --view and \
                 --exchange-sides",
                evidence.view.name(),
                seen.name()
            ),
        );
    }
    if evidence.people > 1 {
        quality.flag(
            Gate::SeveralPeople,
            format!(
                "{} people were found and one was measured: choose another with --person, as the annotated picture numbers them, or \
                 retake with one person in the picture",
                evidence.people
            ),
        );
    }
    if let Some((gate, text)) = evidence.camera_doubt.map(Doubt::flag) {
        quality.flag(gate, text.into());
    }
    if matches!(evidence.level_from, LevelFrom::Nothing | LevelFrom::Floor) {
        quality.flag(
            Gate::NotLevelled,
            "little tells how the camera was held, so its tilt is part of every tilt and lean: use the phone's original file, \
             or name a plumb line in the picture with --plumb"
                .into(),
        );
    }
    quality
}

/// Readings of a real person agree. Of 413 real photos of persons, standing, sitting and posing, none had a missed reading, the mean
/// spread of shoulders and hips was 0.049 trunk lengths at most and the median of all joints 0.031. Of 84 photos without a person
/// (animals, rooms, food) 43 were taken for one, and 9 of them gave values: 6 with missed readings, the others with spreads of 0.082 and
/// more, or 0.045 and more.
const MOST_MISSED: f64 = 0.4;
const TRUNK_SPREAD: f64 = 0.06;
const BODY_SPREAD: f64 = 0.038;

/// Whether there is a person at all: on an animal or an object the readings do not agree.
fn somebody(evidence: &Evidence<'_>, quality: &mut Quality) {
    let Ok(trunk) = frontal::trunk_length(evidence.consensus) else { return };
    if evidence.consensus.found().any(|(_, keypoint)| keypoint.by_hand) {
        // Manual landmarks confirm that there is a person.
        return;
    }
    let spread = |joint: Joint| evidence.consensus.get(joint).ok().and_then(|keypoint| Some(keypoint.sd_px? / trunk));
    let corners: Vec<f64> =
        [Pair::SHOULDERS, Pair::HIPS].into_iter().flat_map(|pair| [pair.left, pair.right]).filter_map(spread).collect();
    let mut all: Vec<f64> = Joint::ALL.into_iter().filter_map(spread).collect();
    all.sort_by(f64::total_cmp);
    let mean = corners.iter().sum::<f64>() / corners.len().max(1) as f64;
    let median = all.get(all.len() / 2).copied().unwrap_or(0.0);
    if evidence.missed >= MOST_MISSED || mean > TRUNK_SPREAD || median > BODY_SPREAD {
        let text = "the readings do not agree on a body, as they do on a person: is somebody in the picture, whole, upright and large \
                    enough?";
        quality.refuse(Measure::ALL, text);
        quality.flag(Gate::NotAPerson, text.into());
    }
}

/// A body smaller than this in the picture is not measured at all, in pixels from its highest to its lowest joint.
const TOO_SMALL_PX: f64 = 60.0;

/// A photo stored rotated, a person lying down, or a body of a few pixels: all measures are refused.
fn upright(evidence: &Evidence<'_>, quality: &mut Quality) {
    if let (Ok(shoulders), Ok(hips)) = (evidence.pose.midpoint(Pair::SHOULDERS), evidence.pose.midpoint(Pair::HIPS)) {
        let up = hips - shoulders;
        if up.y <= up.x.abs() {
            let text = "the person does not stand upright in the picture: turn the picture, or retake standing";
            quality.refuse(Measure::ALL, text);
            quality.flag(Gate::NotUpright, text.into());
        }
    }
    let height = evidence.pose.bounds().map_or(0.0, |[_, top, _, bottom]| bottom - top);
    if height < TOO_SMALL_PX {
        let text = format!(
            "only {height:.0} pixels of the person's height are seen, at least {TOO_SMALL_PX:.0} needed: retake nearer"
        );
        quality.refuse(Measure::ALL, &text);
        quality.flag(Gate::TooSmall, text);
    }
}

/// A body wider or, facing squarely, narrower than this multiple of the usual indicates a stretched or squeezed picture. Of 410 real and
/// rendered persons one is wider, who is not standing, and of 204 within [`TURNED_FLAG_DEG`] none is narrower than 0.86; all of 15
/// pictures stretched to twice their width are wider, and half of those stretched to 1.5 times.
const BREADTH: (f64, f64) = (0.80, 1.30);

/// The angles in a stretched picture differ from those of the body.
fn stretched(evidence: &Evidence<'_>, quality: &mut Quality) {
    let Some(breadth) = breadth(evidence.pose).filter(|_| evidence.view.facing().is_some()) else { return };
    let square = evidence.yaw.is_some_and(|yaw| yaw.deg.abs() <= TURNED_FLAG_DEG);
    let how = if breadth > BREADTH.1 {
        "broad"
    } else if breadth < BREADTH.0 && square {
        "narrow"
    } else {
        return;
    };
    let text = format!(
        "the body is {breadth:.1} times as broad as usual for its height, too {how} for a picture that keeps its proportions: use the \
         original picture, neither stretched nor squeezed"
    );
    quality.refuse(Measure::ALL.into_iter().filter(|m| m.is_frontal()), &text);
    quality.flag(Gate::Stretched, text);
}

/// The sides of a print differ in direction by more than this, in degrees, when its photo was taken at an angle.
const SKEW_DEG: f64 = 1.0;

/// The angles in a print that was photographed at an angle differ from those of the body, by another amount at each place.
fn skew_print(evidence: &Evidence<'_>, quality: &mut Quality) {
    let Some(skew) = evidence.print.map(|print| print.skew_deg()).filter(|skew| *skew > SKEW_DEG) else { return };
    let text = format!(
        "the photo shows a print or screen that was taken at an angle (the directions of its edges differ by {skew:.1} degrees), so that \
         its angles are not those of the body: use the original file, or scan the print"
    );
    quality.refuse(Measure::ALL, &text);
    quality.flag(Gate::SkewPrint, text);
}

/// Whether the sides are certain: if readings disagree, or if the feet contradict the apparent view, all sides are uncertain.
fn sides(evidence: &Evidence<'_>, quality: &mut Quality) {
    if evidence.view_given || evidence.view.facing().is_none() {
        return;
    }
    let text = if evidence.dissent >= SPLIT {
        format!(
            "{:.0} % of the readings take the front for the back, so that left and right are open: name the view with --view",
            100.0 * evidence.dissent
        )
    } else if evidence.view.is_against_the_feet(evidence.pose) {
        format!(
            "the person seems to be seen {}, but the feet point the other way, so that left and right are open: name the view \
             with --view",
            evidence.view.words()
        )
    } else {
        return;
    };
    quality.refuse(Measure::ALL.into_iter().filter(|m| m.is_frontal()), &text);
    quality.flag(Gate::SidesOpen, text);
}

/// A standing person's knees are at least this far below the hips, and the ankles below the hips, in trunk lengths.
const KNEES_BELOW: f64 = 0.40;
const ANKLES_BELOW: f64 = 0.95;

/// For a person who sits, crouches or lifts a leg, only measures above the pelvis are given.
fn standing(evidence: &Evidence<'_>, quality: &mut Quality) {
    let pose = evidence.pose;
    let (Ok(hips), Ok(trunk)) = (pose.midpoint(Pair::HIPS), frontal::trunk_length(pose)) else { return };
    let below = |pair: Pair, side: Side, least: f64| {
        pose.point(pair.on(side)).map_or(true, |at| at.y - hips.y >= least * trunk)
    };
    let stands = |side| below(Pair::KNEES, side, KNEES_BELOW) && below(Pair::ANKLES, side, ANKLES_BELOW);
    if stands(Side::Left) && stands(Side::Right) {
        return;
    }
    let text = "the person does not stand on both legs, so nothing below the trunk is measured: retake standing";
    let leans = |measure: &Measure| !matches!(measure, Measure::HeadTilt | Measure::ShoulderTilt | Measure::TrunkLean);
    quality.refuse(Measure::ALL.into_iter().filter(|m| m.is_frontal()).filter(leans), text);
    quality.flag(Gate::NotStanding, text.into());
}

fn turned(evidence: &Evidence<'_>, quality: &mut Quality) {
    let Some(yaw) = evidence.yaw else { return };
    let side = if yaw.deg > 0.0 { Side::Left } else { Side::Right };
    let amount = yaw.deg.abs();
    if let Some(near) = evidence.view.near_side() {
        let where_to = if side == near { "towards the camera" } else { "away from the camera" };
        if amount > TURNED_REFUSE_DEG {
            let text = format!(
                "the body is turned {where_to} by more than can be measured: retake with the side square to the camera"
            );
            quality.refuse(Measure::ALL.into_iter().filter(|m| !m.is_frontal()), &text);
            quality.flag(Gate::Turned, text);
        } else if amount > TURNED_FLAG_DEG {
            let text = format!(
                "the body is turned {amount:.0} degrees {where_to}, which was taken out as far as it is known: retake with the side \
                 square to the camera"
            );
            quality.flag(Gate::Turned, text);
        }
    } else if amount > TURNED_REFUSE_DEG {
        let turned = match amount > TURNED_MOST_DEG {
            true => format!("turned to its {} by more than can be measured", side.name()),
            false => format!("turned {amount:.0} degrees to its {}", side.name()),
        };
        let text = format!("the body is {turned}: retake facing the camera squarely");
        quality.refuse(Measure::ALL.into_iter().filter(|m| m.is_frontal()), &text);
        quality.flag(Gate::Turned, text);
    } else if amount > TURNED_FLAG_DEG {
        quality.flag(
            Gate::Turned,
            format!(
                "the body is turned {amount:.0} degrees to its {}, which was taken out as far as it is known: retake facing the \
                 camera squarely",
                side.name()
            ),
        );
    }
}

/// Flags the parts of the body that are cut off or hidden; the measures report their missing joints.
fn parts(evidence: &Evidence<'_>, quality: &mut Quality) {
    let parts = [
        ("head", Pair::EARS),
        ("shoulders", Pair::SHOULDERS),
        ("hips", Pair::HIPS),
        ("knees", Pair::KNEES),
        ("feet", Pair::ANKLES),
    ];
    let lacking = |pair: &Pair| match evidence.view.near_side() {
        Some(near) => evidence.pose.point(pair.on(near)).is_err(),
        None => evidence.pose.point(pair.left).is_err() || evidence.pose.point(pair.right).is_err(),
    };
    let missing: Vec<&str> = parts.iter().filter(|(_, pair)| lacking(pair)).map(|(name, _)| *name).collect();
    if !missing.is_empty() {
        quality.flag(
            Gate::CutOff,
            format!("not seen: {}; retake with the whole body in the picture, feet included", missing.join(", ")),
        );
    }
}

fn size(evidence: &Evidence<'_>, quality: &mut Quality) {
    let (Ok(eyes), Ok(ankles)) = (evidence.pose.midpoint(Pair::EYES), evidence.pose.midpoint(Pair::ANKLES)) else {
        return;
    };
    let height = eyes.distance(ankles);
    if height < SMALL_BODY_PX {
        quality.flag(
            Gate::Small,
            format!("the body is only {height:.0} pixels high: retake nearer or with a finer camera, the body at least 1000 pixels"),
        );
    }
    let span = 2.0 * (0.5 * height / evidence.focal_px).atan().to_degrees();
    if span > CLOSE_SPAN_DEG {
        quality.flag(
            Gate::Close,
            format!("the body spans {span:.0} degrees of the camera's sight: retake from 3 m away, the camera at waist height"),
        );
    }
}

/// Wrists above the hips' height by more than this share of the arm are not hanging.
const ARM_RAISED: f64 = 0.35;

fn arms(evidence: &Evidence<'_>, quality: &mut Quality) {
    let pose = evidence.pose;
    let raised = |side: Side| -> Option<bool> {
        let shoulder = pose.point(Pair::SHOULDERS.on(side)).ok()?;
        let elbow = pose.point(Pair::ELBOWS.on(side)).ok()?;
        let wrist = pose.point(Pair::WRISTS.on(side)).ok()?;
        let arm = shoulder.distance(elbow) + elbow.distance(wrist);
        Some(wrist.y - shoulder.y < (1.0 - ARM_RAISED) * arm)
    };
    let sides: Vec<&str> =
        [Side::Left, Side::Right].into_iter().filter(|&side| raised(side) == Some(true)).map(Side::name).collect();
    if sides.is_empty() || evidence.view.facing().is_none() {
        return;
    }
    let text = format!(
        "the {} does not hang: retake with both arms hanging",
        if sides.len() == 2 { "pair of arms".to_owned() } else { format!("{} arm", sides[0]) }
    );
    quality.refuse([Measure::WeightShift], &text);
    quality.flag(Gate::Arms, text);
}

fn light(evidence: &Evidence<'_>, quality: &mut Quality) {
    let Some(exposure) = evidence.exposure else { return };
    if exposure.brightness < DARK_BELOW {
        quality.flag(Gate::Dark, "the person is dark in the picture: retake with light from the front".into());
    }
    if exposure.detail < BLURRED_BELOW {
        quality.flag(
            Gate::Blurred,
            "the person is blurred in the picture: retake with the camera held still and focused on the body".into(),
        );
    }
}

/// One foot is ahead of the other by this share of the trunk's length, visible as a height difference beyond the camera's effect.
const STAGGERED: f64 = 0.12;

fn feet(evidence: &Evidence<'_>, quality: &mut Quality) {
    let pose = evidence.pose;
    let (Ok(left), Ok(right), Ok(shoulders), Ok(hips)) = (
        pose.point(Joint::LeftAnkle),
        pose.point(Joint::RightAnkle),
        pose.midpoint(Pair::SHOULDERS),
        pose.midpoint(Pair::HIPS),
    ) else {
        return;
    };
    if evidence.view.facing().is_some() && (left.y - right.y).abs() > STAGGERED * shoulders.distance(hips) {
        let text = "one foot stands ahead of the other, or one is lifted: retake with both feet on one line";
        quality.refuse([Measure::AnkleLevel, Measure::KneeLevel, Measure::LegLengthDifference], text);
        quality.flag(Gate::Feet, text.into());
    }
}

#[cfg(test)]
mod tests {
    use crate::core::gate::Gate;
    use crate::core::pipeline::{Analysis, measure};
    use crate::core::record::Record;

    /// A sample's record recomputed, with every spread multiplied by `times` and a share of readings missed.
    fn measured(times: f64, missed: Option<f64>) -> Analysis {
        let record = Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record");
        let mut seen = record.observation.clone().expect("an observation");
        for (.., sd_px) in seen.joints.values_mut() {
            *sd_px = sd_px.map(|sd_px| times * sd_px);
        }
        seen.missed = missed;
        measure(record.frame(), seen, &record.options()).expect("measured")
    }

    #[test]
    fn readings_that_do_not_agree_on_a_body_give_no_value() {
        let flagged = |analysis: &Analysis| analysis.quality.flags.iter().any(|flag| flag.gate == Gate::NotAPerson);
        for (times, missed) in [(1.0, None), (1.5, Some(0.2))] {
            let analysis = measured(times, missed);
            assert!(!flagged(&analysis) && analysis.assessment.has_values(), "{times} {missed:?}");
        }
        for (times, missed) in [(20.0, None), (1.0, Some(0.5))] {
            let analysis = measured(times, missed);
            assert!(flagged(&analysis) && !analysis.assessment.has_values(), "{times} {missed:?}");
        }
    }
}
