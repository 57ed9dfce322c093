//! Every measure once: its names, its unit, its words, how it is taken, and where it is shown. To add one, write its function and
//! its entry in `measures!`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::descriptor::{Descriptor, Group, Plane, Source, Span, Unit};
use super::estimators::{self, Rectified, Value};
use super::{frontal, lateral, manual};
use crate::core::body::landmarks::BonyPoint;
use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{Pair, Side};
use crate::core::body::view::{Facing, View};
use crate::core::refusal::Refusal;
use crate::core::uncertainty::calibration::{Weights, calibration};

macro_rules! measures {
    ($($measure:ident { $($field:ident: $value:expr,)* })*) => {
        /// What can be measured. The order is that of tables and records: frontal measures from the head down, then lateral.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is documented at its function in `frontal`, `lateral` and `manual`")]
        #[non_exhaustive]
        pub enum Measure { $($measure,)* }

        impl Measure {
            /// Every measure.
            pub const ALL: [Measure; [$(stringify!($measure)),*].len()] = [$(Measure::$measure),*];

            /// The tilts that users ask for first.
            pub const TILTS: [Measure; 4] =
                [Measure::ShoulderTilt, Measure::PelvicObliquity, Measure::HeadTilt, Measure::TrunkLean];
        }

        /// One entry for each measure, in the order of [`Measure::ALL`].
        static DESCRIPTORS: [Descriptor<Measure>; Measure::COUNT] =
            [$(Descriptor { $($field: $value,)* ..Descriptor::BLANK }),*];
    };
}

measures! {
    HeadTilt {
        name: "head_tilt",
        label: "head tilt",
        says: ["left ear higher", "right ear higher"],
        source: Source::Front(frontal::head_tilt),
        best: Some(estimators::head_tilt),
        outlined: estimators::face_in_head,
        span: Span::Across(Pair::EARS),
    }
    ShoulderTilt {
        name: "shoulder_tilt",
        label: "shoulder tilt",
        says: ["left shoulder higher", "right shoulder higher"],
        source: Source::Front(|pose, _| frontal::shoulder_tilt(pose)),
        best: Some(estimators::shoulder_tilt),
        span: Span::Across(Pair::SHOULDERS),
    }
    AcromialTilt {
        name: "acromial_tilt",
        label: "acromial tilt",
        says: ["left acromion higher", "right acromion higher"],
        source: Source::Landmarks(
            &[BonyPoint::LeftAcromion, BonyPoint::RightAcromion],
            |_, bony, view| view.facing().map_or_else(|| Err(Plane::Frontal.unseen()), |_| manual::acromial_tilt(bony)),
        ),
        span: Span::AcrossLandmarks(BonyPoint::LeftAcromion, BonyPoint::RightAcromion),
    }
    PelvicObliquity {
        name: "pelvic_obliquity",
        label: "pelvic obliquity (hip joints)",
        says: ["left hip higher", "right hip higher"],
        source: Source::Front(|pose, _| frontal::pelvic_obliquity(pose)),
        best: Some(estimators::pelvic_obliquity),
        outlined: estimators::outline_in_hips,
        span: Span::Across(Pair::HIPS),
    }
    PelvicObliquityAsis {
        name: "pelvic_obliquity_asis",
        label: "pelvic obliquity (ASIS)",
        says: ["left ASIS higher", "right ASIS higher"],
        source: Source::Landmarks(&[BonyPoint::LeftAsis, BonyPoint::RightAsis], |_, bony, view| {
            seen(view, View::Anterior, manual::pelvic_obliquity_asis(bony))
        }),
        span: Span::AcrossLandmarks(BonyPoint::LeftAsis, BonyPoint::RightAsis),
    }
    PelvicObliquityPsis {
        name: "pelvic_obliquity_psis",
        label: "pelvic obliquity (PSIS)",
        says: ["left PSIS higher", "right PSIS higher"],
        source: Source::Landmarks(&[BonyPoint::LeftPsis, BonyPoint::RightPsis], |_, bony, view| {
            seen(view, View::Posterior, manual::pelvic_obliquity_psis(bony))
        }),
        span: Span::AcrossLandmarks(BonyPoint::LeftPsis, BonyPoint::RightPsis),
    }
    ShoulderPelvisAngle {
        name: "shoulder_pelvis_angle",
        label: "shoulders against pelvis",
        says: ["trunk longer on the left", "trunk longer on the right"],
        source: Source::Front(|pose, _| frontal::shoulder_pelvis_angle(pose)),
        best: Some(estimators::shoulder_pelvis_angle),
        outlined: estimators::outline_in_hips,
    }
    TrunkLean {
        name: "trunk_lean",
        label: "trunk lean",
        says: ["trunk leans to the left", "trunk leans to the right"],
        source: Source::Front(frontal::trunk_lean),
        span: Span::Trunk,
    }
    TrunkShift {
        name: "trunk_shift",
        label: "trunk shift",
        unit: Unit::PercentOfTrunk,
        says: ["shoulders shifted to the left of the hips", "shoulders shifted to the right of the hips"],
        source: Source::Front(frontal::trunk_shift),
        group: Group::Shifts,
    }
    HeadShift {
        name: "head_shift",
        label: "head shift",
        unit: Unit::PercentOfTrunk,
        says: ["head shifted to the left of the hips", "head shifted to the right of the hips"],
        source: Source::Front(frontal::head_shift),
        group: Group::Shifts,
    }
    SpinalLineDeviation {
        name: "spinal_line_deviation",
        label: "spinal line, largest offset",
        unit: Unit::PercentOfTrunk,
        says: ["spinal line to the left of the feet", "spinal line to the right of the feet"],
        source: Source::Front(frontal::spinal_line_deviation),
        group: Group::Shifts,
    }
    KneeLevel {
        name: "knee_level",
        label: "knee level",
        says: ["left knee higher", "right knee higher"],
        source: Source::Front(|pose, _| frontal::knee_level(pose)),
        best: Some(estimators::knee_level),
        outlined: |weights, rectified, facing| match rectified.turned.is_by_hand(Pair::KNEES) {
            true => 0.0,
            false => estimators::outline_in_hips(weights, rectified, facing),
        },
        derived_from: |rectified| from_pelvis(rectified, Pair::KNEES),
    }
    AnkleLevel {
        name: "ankle_level",
        label: "ankle level",
        says: ["left ankle higher", "right ankle higher"],
        source: Source::Front(|pose, _| frontal::ankle_level(pose)),
        span: Span::Across(Pair::ANKLES),
    }
    KneeAngleLeft {
        name: "knee_angle_left",
        label: "left knee angle",
        says: ["left knee outward", "left knee inward"],
        source: Source::Front(|pose, facing| frontal::knee_angle(pose, facing, Side::Left)),
        has_side: false,
        group: Group::Knees,
    }
    KneeAngleRight {
        name: "knee_angle_right",
        label: "right knee angle",
        says: ["right knee outward", "right knee inward"],
        source: Source::Front(|pose, facing| frontal::knee_angle(pose, facing, Side::Right)),
        has_side: false,
        group: Group::Knees,
    }
    KneeAngleDifference {
        name: "knee_angle_difference",
        label: "knee angles, left - right",
        says: ["left knee farther outward", "right knee farther outward"],
        source: Source::Front(frontal::knee_angle_difference),
        group: Group::Balance,
    }
    LegLengthDifference {
        name: "leg_length_difference",
        label: "apparent leg length, left - right",
        unit: Unit::PercentOfLeg,
        says: ["left leg longer", "right leg longer"],
        source: Source::Front(|pose, _| frontal::leg_length_difference(pose)),
        best: Some(estimators::leg_length_difference),
        outlined: |weights, rectified, facing| match rectified.turned.is_by_hand(Pair::ANKLES) {
            true => 0.0,
            false => estimators::outline_in_hips(weights, rectified, facing),
        },
        derived_from: |rectified| from_pelvis(rectified, Pair::ANKLES),
        group: Group::Balance,
    }
    WeightShift {
        name: "weight_shift",
        label: "centre of mass over the feet",
        unit: Unit::PercentOfBase,
        says: ["towards the left foot", "towards the right foot"],
        source: Source::Front(frontal::weight_shift),
        group: Group::Balance,
    }
    TrunkMidlineDeviation {
        name: "trunk_midline_deviation",
        label: "trunk outline's midline",
        unit: Unit::PercentOfTrunk,
        says: ["waist bowed to the left", "waist bowed to the right"],
        source: Source::Outline(|shape| shape.midline.clone()),
        outlined: |_, _, _| 1.0,
        group: Group::Shifts,
    }
    ArmGapAsymmetry {
        name: "arm_gap_asymmetry",
        label: "gaps between arms and trunk",
        unit: Unit::PercentOfMean,
        says: ["wider gap on the left", "wider gap on the right"],
        source: Source::Outline(|shape| shape.gap.clone()),
        outlined: |_, _, _| 1.0,
        group: Group::Balance,
    }
    WaistTilt {
        name: "waist_tilt",
        label: "waist tilt",
        says: ["left waist higher", "right waist higher"],
        source: Source::Outline(|_| Err(Refusal::Gate(NO_WAIST.into()))),
    }
    EarShoulderAngle {
        name: "ear_shoulder_angle",
        label: "ear over shoulder angle",
        plane: Plane::Sagittal,
        source: Source::Side(lateral::ear_shoulder_angle),
        has_side: false,
        group: Group::Side,
        span: Span::Along(&[Pair::EARS, Pair::SHOULDERS]),
    }
    CraniovertebralAngle {
        name: "craniovertebral_angle",
        label: "craniovertebral angle",
        plane: Plane::Sagittal,
        source: Source::Landmarks(&[BonyPoint::C7], |pose, bony, view| match view.near_side() {
            Some(near) => manual::craniovertebral_angle(pose, bony, near),
            None => Err(Plane::Sagittal.unseen()),
        }),
        has_side: false,
        group: Group::Side,
        span: Span::ToLandmark(Pair::EARS, BonyPoint::C7),
    }
    ForwardHead {
        name: "forward_head",
        label: "ear before shoulder",
        unit: Unit::PercentOfTrunk,
        plane: Plane::Sagittal,
        says: ["ear in front of the shoulder", "ear behind the shoulder"],
        source: Source::Side(lateral::forward_head),
        group: Group::Side,
        span: Span::BesidePlumb(Pair::EARS, Pair::SHOULDERS),
    }
    TrunkSagittalLean {
        name: "trunk_sagittal_lean",
        label: "trunk lean, side view",
        plane: Plane::Sagittal,
        says: ["trunk leans forward", "trunk leans back"],
        source: Source::Side(lateral::trunk_sagittal_lean),
        group: Group::Side,
        span: Span::Along(&[Pair::SHOULDERS, Pair::HIPS]),
    }
    BodyPlumb {
        name: "body_plumb",
        label: "plumb line, largest offset",
        unit: Unit::PercentOfTrunk,
        plane: Plane::Sagittal,
        says: ["body in front of the ankle", "body behind the ankle"],
        source: Source::Side(lateral::body_plumb),
        group: Group::Side,
        span: Span::FarthestFromPlumb,
    }
    KneeHyperextension {
        name: "knee_hyperextension",
        label: "knee beyond straight",
        plane: Plane::Sagittal,
        says: ["knee overextended", "knee bent"],
        source: Source::Side(lateral::knee_hyperextension),
        has_side: false,
        group: Group::Side,
        span: Span::Along(&[Pair::HIPS, Pair::KNEES, Pair::ANKLES]),
    }
}

/// Why there is no waist tilt: on rendered people it came out in one photo of five and scattered by 2 degrees.
const NO_WAIST: &str = "a waist in ordinary clothes has no definite height";

/// A value that only one view shows.
fn seen(view: View, needed: View, value: Value) -> Value {
    if view == needed { value } else { Err(Refusal::Gate(format!("needs a view {}", needed.words()))) }
}

/// Legs tell of the pelvis alone, unless their joints were placed by hand.
fn from_pelvis(rectified: &Rectified, joints: Pair) -> Option<Measure> {
    (!rectified.turned.is_by_hand(joints)).then_some(Measure::PelvicObliquity)
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| serde::de::Error::custom(format!("unknown measure \"{name}\"")))
    }
}

impl JsonSchema for Measure {
    fn schema_name() -> Cow<'static, str> {
        "Measure".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": Self::ALL.map(Self::name) })
    }
}

impl Measure {
    /// How many measures there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Its entry.
    #[must_use]
    pub fn descriptor(self) -> &'static Descriptor<Self> {
        &DESCRIPTORS[self as usize]
    }

    /// The measure with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.name() == name)
    }

    /// The name in records, such as `shoulder_tilt`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.descriptor().name
    }

    /// The name in tables, such as `shoulder tilt`.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.descriptor().label
    }

    /// Its unit.
    #[must_use]
    pub fn unit(self) -> Unit {
        self.descriptor().unit
    }

    /// What a positive and what a negative value say, in words; empty where zero is no neutral value.
    #[must_use]
    pub fn says(self) -> [&'static str; 2] {
        self.descriptor().says
    }

    /// Whether it belongs to views from the front and from behind.
    #[must_use]
    pub fn is_frontal(self) -> bool {
        self.descriptor().plane == Plane::Frontal
    }

    /// Whether joints are enough; the others need the outline, or manual landmarks.
    #[must_use]
    pub fn needs_joints_alone(self) -> bool {
        matches!(self.descriptor().source, Source::Front(_) | Source::Side(_))
    }

    /// The manual landmarks that it needs; none for what models and outline give.
    #[must_use]
    pub fn bony_points(self) -> &'static [BonyPoint] {
        match self.descriptor().source {
            Source::Landmarks(points, _) => points,
            _ => &[],
        }
    }

    /// Whether mirroring the picture changes its sign. The two knee angles change places instead.
    #[must_use]
    pub fn is_signed(self) -> bool {
        self.is_frontal() && self.descriptor().has_side
    }

    /// Takes the measure from the joints of a pose seen as `view` says.
    ///
    /// # Errors
    /// Why it has no value: a joint without a place, a view that does not show it, or that joints alone do not give it.
    pub fn of(self, pose: &Pose, view: View) -> Result<f64, Refusal> {
        let Descriptor { source, plane, .. } = self.descriptor();
        let needs = |what: &str| Err(Refusal::Gate(format!("needs {what}, which joints alone do not give")));
        match (source, view.facing(), view.near_side()) {
            (Source::Front(value), Some(facing), _) => value(pose, facing),
            (Source::Side(value), _, Some(near)) => value(pose, near),
            (Source::Outline(_), Some(_), _) => needs("the outline"),
            (Source::Landmarks(..), facing, _) if facing.is_some() == (*plane == Plane::Frontal) => {
                needs("points placed by hand")
            }
            _ => Err(plane.unseen()),
        }
    }
}

/// A measure by its plain definition: the line through its joints, or the outline alone.
///
/// # Errors
/// Why it has no value.
pub fn plain(measure: Measure, rectified: &Rectified, view: View) -> Value {
    match measure.descriptor().source {
        Source::Landmarks(_, value) => value(&rectified.turned, &rectified.bony, view),
        Source::Outline(value) if view.facing().is_some() => value(&rectified.shape),
        _ => measure.of(&rectified.turned, view),
    }
}

/// A measure's best estimate.
///
/// # Errors
/// Why it has no value.
pub fn estimate(measure: Measure, rectified: &Rectified, view: View) -> Value {
    estimate_with(&calibration().weights, measure, rectified, view)
}

/// A measure's estimate with other weights than this version's, for the program that fits them.
///
/// # Errors
/// Why it has no value.
pub fn estimate_with(weights: &Weights, measure: Measure, rectified: &Rectified, view: View) -> Value {
    match (measure.descriptor().best, view.facing()) {
        (Some(best), Some(facing)) => best(weights, rectified, facing),
        _ => plain(measure, rectified, view),
    }
}

/// How much of its full share the outline has in a measure's estimate, 0 to 1.
#[must_use]
pub fn outline_share(measure: Measure, rectified: &Rectified, view: View) -> f64 {
    let share = |facing: Facing| (measure.descriptor().outlined)(&calibration().weights, rectified, facing);
    view.facing().map_or(0.0, share)
}
