//! Every measure: its name, its unit, its words, and the function that takes it from a pose.

pub mod estimators;
pub mod frontal;
pub mod lateral;
pub mod manual;
pub mod spinal_profile;

use crate::core::body::landmarks::BonyPoint;
use crate::core::body::pose::Pose;
use crate::core::body::skeleton::Side;
pub use crate::core::body::view::Facing;
use crate::core::body::view::View;
use crate::core::refusal::Refusal;

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Degrees.
    Degrees,
    /// Percent of trunk length: middle of the shoulders to middle of the hips.
    PercentOfTrunk,
    /// Percent of the mean leg length: hip joint to ankle.
    PercentOfLeg,
    /// Percent of the distance between the ankles.
    PercentOfBase,
    /// Percent of the mean of both sides.
    PercentOfMean,
}

impl Unit {
    /// `deg` or `%`, as in records.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Unit::Degrees => "deg",
            Unit::PercentOfTrunk | Unit::PercentOfLeg | Unit::PercentOfBase | Unit::PercentOfMean => "%",
        }
    }

    /// What a percentage is a share of.
    #[must_use]
    pub const fn of(self) -> Option<&'static str> {
        match self {
            Unit::Degrees => None,
            Unit::PercentOfTrunk => Some("trunk length"),
            Unit::PercentOfLeg => Some("mean leg length"),
            Unit::PercentOfBase => Some("distance between the ankles"),
            Unit::PercentOfMean => Some("mean of both sides"),
        }
    }
}

macro_rules! measures {
    ($($measure:ident $name:literal $label:literal $unit:ident $positive:literal $negative:literal,)*) => {
        /// What can be measured. The order is that of tables and records: frontal measures from the head down, then lateral.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is documented at its function in `frontal`, `lateral` and `manual`")]
        pub enum Measure { $($measure,)* }

        impl Measure {
            /// Every measure.
            pub const ALL: [Measure; [$($name),*].len()] = [$(Measure::$measure),*];

            /// The name in records, such as `shoulder_tilt`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Measure::$measure => $name,)* }
            }

            /// The name in tables, such as `shoulder tilt`.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Measure::$measure => $label,)* }
            }

            /// Its unit.
            #[must_use]
            pub const fn unit(self) -> Unit {
                match self { $(Measure::$measure => Unit::$unit,)* }
            }

            /// What a positive and what a negative value say, in words.
            #[must_use]
            pub const fn says(self) -> [&'static str; 2] {
                match self { $(Measure::$measure => [$positive, $negative],)* }
            }
        }
    };
}

measures! {
    HeadTilt "head_tilt" "head tilt" Degrees "left ear higher" "right ear higher",
    ShoulderTilt "shoulder_tilt" "shoulder tilt" Degrees "left shoulder higher" "right shoulder higher",
    AcromialTilt "acromial_tilt" "acromial tilt" Degrees "left acromion higher" "right acromion higher",
    PelvicObliquity "pelvic_obliquity" "pelvic obliquity (hip joints)" Degrees "left hip higher" "right hip higher",
    PelvicObliquityAsis "pelvic_obliquity_asis" "pelvic obliquity (ASIS)" Degrees
        "left ASIS higher" "right ASIS higher",
    PelvicObliquityPsis "pelvic_obliquity_psis" "pelvic obliquity (PSIS)" Degrees
        "left PSIS higher" "right PSIS higher",
    ShoulderPelvisAngle "shoulder_pelvis_angle" "shoulders against pelvis" Degrees
        "trunk longer on the left" "trunk longer on the right",
    TrunkLean "trunk_lean" "trunk lean" Degrees "trunk leans to the left" "trunk leans to the right",
    TrunkShift "trunk_shift" "trunk shift" PercentOfTrunk
        "shoulders shifted to the left of the hips" "shoulders shifted to the right of the hips",
    HeadShift "head_shift" "head shift" PercentOfTrunk
        "head shifted to the left of the hips" "head shifted to the right of the hips",
    SpinalLineDeviation "spinal_line_deviation" "spinal line, largest offset" PercentOfTrunk
        "spinal line to the left of the feet" "spinal line to the right of the feet",
    KneeLevel "knee_level" "knee level" Degrees "left knee higher" "right knee higher",
    AnkleLevel "ankle_level" "ankle level" Degrees "left ankle higher" "right ankle higher",
    KneeAngleLeft "knee_angle_left" "left knee angle" Degrees "left knee outward" "left knee inward",
    KneeAngleRight "knee_angle_right" "right knee angle" Degrees "right knee outward" "right knee inward",
    KneeAngleDifference "knee_angle_difference" "knee angles, left - right" Degrees
        "left knee farther outward" "right knee farther outward",
    LegLengthDifference "leg_length_difference" "apparent leg length, left - right" PercentOfLeg
        "left leg longer" "right leg longer",
    WeightShift "weight_shift" "centre of mass over the feet" PercentOfBase
        "towards the left foot" "towards the right foot",
    TrunkMidlineDeviation "trunk_midline_deviation" "trunk outline's midline" PercentOfTrunk
        "waist bowed to the left" "waist bowed to the right",
    ArmGapAsymmetry "arm_gap_asymmetry" "gaps between arms and trunk" PercentOfMean
        "wider gap on the left" "wider gap on the right",
    WaistTilt "waist_tilt" "waist tilt" Degrees "left waist higher" "right waist higher",
    EarShoulderAngle "ear_shoulder_angle" "ear over shoulder angle" Degrees "" "",
    CraniovertebralAngle "craniovertebral_angle" "craniovertebral angle" Degrees "" "",
    ForwardHead "forward_head" "ear before shoulder" PercentOfTrunk
        "ear in front of the shoulder" "ear behind the shoulder",
    TrunkSagittalLean "trunk_sagittal_lean" "trunk lean, side view" Degrees "trunk leans forward" "trunk leans back",
    BodyPlumb "body_plumb" "plumb line, largest offset" PercentOfTrunk
        "body in front of the ankle" "body behind the ankle",
    KneeHyperextension "knee_hyperextension" "knee beyond straight" Degrees "knee overextended" "knee bent",
}

impl Measure {
    /// How many measures there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Whether it belongs to views from the front and from behind.
    #[must_use]
    pub const fn is_frontal(self) -> bool {
        (self as usize) < Measure::EarShoulderAngle as usize
    }

    /// Whether joints are enough; the others need the outline, or points placed by hand.
    #[must_use]
    pub const fn needs_joints_alone(self) -> bool {
        !matches!(self, Measure::TrunkMidlineDeviation | Measure::ArmGapAsymmetry | Measure::WaistTilt)
            && self.bony_points().is_empty()
    }

    /// The points that have to be placed by hand for it; none for what models and outline give.
    #[must_use]
    pub const fn bony_points(self) -> &'static [BonyPoint] {
        match self {
            Measure::AcromialTilt => &[BonyPoint::LeftAcromion, BonyPoint::RightAcromion],
            Measure::PelvicObliquityAsis => &[BonyPoint::LeftAsis, BonyPoint::RightAsis],
            Measure::PelvicObliquityPsis => &[BonyPoint::LeftPsis, BonyPoint::RightPsis],
            Measure::CraniovertebralAngle => &[BonyPoint::C7],
            _ => &[],
        }
    }

    /// Whether mirroring the picture changes its sign. The two knee angles change places instead.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        self.is_frontal() && !matches!(self, Measure::KneeAngleLeft | Measure::KneeAngleRight)
    }

    /// Takes the measure from a pose seen as `view` says.
    ///
    /// # Errors
    /// Why it has no value: a joint without a place, or a view that does not show it.
    pub fn of(self, pose: &Pose, view: View) -> Result<f64, Refusal> {
        if let Some(near) = view.near_side() {
            return match self {
                Measure::EarShoulderAngle => lateral::ear_shoulder_angle(pose, near),
                Measure::ForwardHead => lateral::forward_head(pose, near),
                Measure::TrunkSagittalLean => lateral::trunk_sagittal_lean(pose, near),
                Measure::BodyPlumb => lateral::body_plumb(pose, near),
                Measure::KneeHyperextension => lateral::knee_hyperextension(pose, near),
                Measure::CraniovertebralAngle => Err(by_hand_alone()),
                _ => Err(Refusal::Gate("needs a view from the front or from behind".into())),
            };
        }
        let facing = view.facing().unwrap_or(Facing::Camera);
        match self {
            Measure::HeadTilt => frontal::head_tilt(pose, facing),
            Measure::ShoulderTilt => frontal::shoulder_tilt(pose),
            Measure::PelvicObliquity => frontal::pelvic_obliquity(pose),
            Measure::ShoulderPelvisAngle => frontal::shoulder_pelvis_angle(pose),
            Measure::TrunkLean => frontal::trunk_lean(pose, facing),
            Measure::TrunkShift => frontal::trunk_shift(pose, facing),
            Measure::HeadShift => frontal::head_shift(pose, facing),
            Measure::SpinalLineDeviation => frontal::spinal_line_deviation(pose, facing),
            Measure::KneeLevel => frontal::knee_level(pose),
            Measure::AnkleLevel => frontal::ankle_level(pose),
            Measure::KneeAngleLeft => frontal::knee_angle(pose, facing, Side::Left),
            Measure::KneeAngleRight => frontal::knee_angle(pose, facing, Side::Right),
            Measure::KneeAngleDifference => frontal::knee_angle_difference(pose, facing),
            Measure::LegLengthDifference => frontal::leg_length_difference(pose),
            Measure::WeightShift => frontal::weight_shift(pose, facing),
            Measure::TrunkMidlineDeviation | Measure::ArmGapAsymmetry | Measure::WaistTilt => {
                Err(Refusal::Gate("needs the outline, which joints alone do not give".into()))
            }
            Measure::AcromialTilt | Measure::PelvicObliquityAsis | Measure::PelvicObliquityPsis => Err(by_hand_alone()),
            _ => Err(Refusal::Gate("needs a view from the side".into())),
        }
    }
}

fn by_hand_alone() -> Refusal {
    Refusal::Gate("needs points placed by hand, which joints alone do not give".into())
}

/// A value with its error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Levelled and turned back where that was possible; sign as the measure says.
    pub value: f64,
    /// As it stands in the picture, against the picture's edges.
    pub raw: f64,
    /// Standard deviation of the value's error.
    pub sd: f64,
    /// Standard deviation of single readings about their mean; of a single reading, what is usual.
    pub scatter: f64,
    /// How much of its full share the outline has in the value, 0 to 1.
    pub outlined: f64,
    /// How far it leans on points placed by hand.
    pub by_hand: ByHand,
}

/// How far a value leans on points placed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ByHand {
    /// On none.
    #[default]
    No,
    /// On some, and on points of the model.
    Partly,
    /// On nothing else; the model has no part in its error.
    Wholly,
}

impl Measurement {
    /// The interval that holds the truth in 95 of 100 cases.
    #[must_use]
    pub fn interval95(&self) -> [f64; 2] {
        [self.value - 1.96 * self.sd, self.value + 1.96 * self.sd]
    }

    /// Whether a difference was resolved: 0 lies outside [`Measurement::interval95`].
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.value.abs() > 1.96 * self.sd
    }
}

/// All measures of one person, each with its value or the reason why it has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    results: Vec<Result<Measurement, Refusal>>,
}

impl Assessment {
    /// An assessment whose results come from a function of the measure.
    #[must_use]
    pub fn from_measures(result: impl FnMut(Measure) -> Result<Measurement, Refusal>) -> Self {
        Self { results: Measure::ALL.into_iter().map(result).collect() }
    }

    /// One measure's result.
    pub fn get(&self, measure: Measure) -> &Result<Measurement, Refusal> {
        &self.results[measure as usize]
    }

    /// Every measure with its result, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Measure, &Result<Measurement, Refusal>)> {
        Measure::ALL.into_iter().zip(&self.results)
    }

    /// Whether anything at all was measured.
    #[must_use]
    pub fn has_values(&self) -> bool {
        self.results.iter().any(Result::is_ok)
    }
}
