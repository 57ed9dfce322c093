//! The record: what every output is made from, and what other programs read (`orthostat/1`).

pub mod outcome;
pub mod schema;
pub mod states;

use std::path::Path;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use states::{PlacedBy, PointsBy, ScaleFrom, SpineLevel, Symbol, Towards, ViewFrom};

use crate::core::area::Area;
use crate::core::body::landmarks::BonyPoint;
use crate::core::body::skeleton::{Joint, Side};
use crate::core::body::view;
use crate::core::camera::{self, FocalFrom, LevelFrom};
use crate::core::error::{Error, Result};
use crate::core::geometry::{Point, rounded};
use crate::core::heads::Heads;
use crate::core::measure::frontal::Pattern;
use crate::core::measure::{Measure, Measurement, Unit};
use crate::core::observation::{Frame, Observation};
use crate::core::options::Options;
use crate::core::photo_hash::{self, PhotoHash};
use crate::core::pipeline::{Analysis, Scale};
use crate::core::points::{HandPoint, Points, Site};
use crate::core::refusal::Refusal;

/// The version of the record's form.
pub const SCHEMA: &str = "orthostat/1";

/// One measured photo. Field by field as in the record format; nothing in it is NaN or infinite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// `orthostat/1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// The photo's id: its file name without the ending, unless one was given.
    pub id: String,
    /// What the intake list says about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub intake: Option<Intake>,
    /// The photo.
    pub source: Source,
    /// The program.
    pub tool: Tool,
    /// The side that the camera sees.
    pub view: View,
    /// How the camera was held.
    pub camera: Camera,
    /// The person.
    pub subject: Subject,
    /// The joints that have a place, by name, in pixels of the upright photo.
    pub landmarks: IndexMap<String, Landmark>,
    /// Every head in the picture, where they were looked for, so that pictures can cover them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub heads: Option<Heads>,
    /// The measures, by name.
    pub measures: IndexMap<String, MeasureRecord>,
    /// The spinal line, level by level, in frontal views.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub spinal_line: Option<SpinalLine>,
    /// The gates.
    pub quality: Quality,
    /// Sentences about the file itself.
    pub warnings: Vec<String>,
    /// What the user said of camera and person.
    #[serde(skip_serializing_if = "Given::is_nothing", default)]
    pub given: Given,
    /// That and how `orthostat edit` changed it; absent in records as they were measured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub edited: Option<Edited>,
    /// What the pixels said, from which `orthostat recompute` measures again. Absent in records of webcam frames, and in those
    /// that were written before records kept it.
    #[serde(rename = "sighting", skip_serializing_if = "Option::is_none", default)]
    pub observation: Option<Observation>,
}

/// The mark of a record that was edited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Edited {
    /// The points that were placed by hand, in this editing or before.
    pub points: Vec<String>,
    /// BLAKE3 hash of the record file that was edited first, in hexadecimal.
    pub from: String,
}

/// What the user said of camera and person, as [`Options`] has it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Given {
    /// A plumb line: X1, Y1, X2, Y2 in pixels of the upright photo.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plumb: Option<[f64; 4]>,
    /// The camera's roll, in degrees.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub roll_deg: Option<f64>,
    /// The stature, in millimetres.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub height_mm: Option<f64>,
}

impl Given {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn of(options: &Options) -> Self {
        Self {
            plumb: options.given.plumb.map(|(a, b)| [a.x, a.y, b.x, b.y]),
            roll_deg: options.given.roll_deg,
            height_mm: options.height_mm,
        }
    }
}

/// What an intake list says about a photo.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Intake {
    /// Whom it shows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// When it was taken, such as `2026-11-23`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub visit_date: Option<String>,
    /// Days since the subject's first visit in the list, in place of the date where nobody is to be named.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub visit_day: Option<i64>,
    /// Notes and columns that have no meaning here, by name.
    #[serde(skip_serializing_if = "IndexMap::is_empty", default)]
    pub columns: IndexMap<String, String>,
}

/// The photo that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The file's name without its folders.
    pub file: String,
    /// BLAKE3 hash of the file, in hexadecimal; null where there was no file, as for webcam frames.
    #[serde(deserialize_with = "photo_hash::none_if_empty")]
    #[schemars(required, extend("type" = ["string", "null"]))]
    pub blake3: Option<PhotoHash>,
    /// Width of the upright photo, or of its `region`, in pixels.
    pub width: u32,
    /// Height of the upright photo, or of its `region`, in pixels.
    pub height: u32,
    /// The EXIF orientation that was applied, 1 to 8.
    pub orientation: u8,
    /// What the bytes are, such as `JPEG`.
    pub format: String,
    /// The part of the upright photo that was measured as a picture of its own: x, y, width, height in pixels. All places in the
    /// record count from its corner. Absent where the whole photo was measured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub region: Option<Area>,
}

/// Where a record comes from. Everything else in a record is a result, which measuring again replaces.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    /// The photo's id.
    pub id: String,
    /// What the intake list says about it.
    pub intake: Option<Intake>,
    /// The photo.
    pub source: Source,
    /// Sentences about the file itself.
    pub warnings: Vec<String>,
    /// That and how `orthostat edit` changed the record.
    pub edited: Option<Edited>,
}

impl Provenance {
    /// That of a photo in no intake list, about which there is nothing to warn of.
    #[must_use]
    pub fn new(id: &str, source: Source) -> Self {
        Self { id: id.into(), intake: None, source, warnings: Vec::new(), edited: None }
    }
}

/// What measured it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// The program's version.
    pub version: String,
    /// The landmark model.
    pub model: String,
    /// BLAKE3 hash of the model file, in hexadecimal.
    pub model_blake3: String,
    /// How many readings were taken.
    pub readings: usize,
}

/// The side that the camera sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct View {
    /// The side.
    pub kind: view::View,
    /// Who named it.
    pub from: ViewFrom,
    /// Whether the picture was taken for a mirror image.
    pub mirrored: bool,
}

/// How the camera was held. Angles in degrees, signs as in [`crate::core::camera`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Camera {
    /// Focal length, in pixels of the upright photo.
    pub focal_px: f64,
    /// Where the focal length comes from.
    pub focal_from: FocalFrom,
    /// The focal length's standard deviation, as a share.
    pub focal_sd: f64,
    /// Roll.
    pub roll_deg: f64,
    /// Pitch.
    pub pitch_deg: f64,
    /// Where roll and pitch come from.
    pub level_from: LevelFrom,
    /// Standard deviation of the roll.
    pub level_sd_deg: f64,
    /// Standard deviation of the pitch.
    pub pitch_sd_deg: f64,
}

/// The person who was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// Left, top, right, bottom in pixels: the joints' box.
    #[serde(rename = "box")]
    pub bounds: [f64; 4],
    /// How many people were found.
    pub people: usize,
    /// Where each of several stands: the middle of the hips in pixels, in the order in which `--person` counts. Absent for one person.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub standing: Vec<[f64; 2]>,
    /// How far the body is turned to its own left, in degrees.
    pub yaw_deg: Option<f64>,
    /// Its standard deviation, in degrees.
    pub yaw_sd_deg: Option<f64>,
    /// Millimetres per pixel at the hips.
    pub scale_mm_per_px: Option<f64>,
    /// What it comes from.
    pub scale_from: Option<ScaleFrom>,
}

/// A joint's place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Landmark {
    /// To the right, in pixels.
    pub x: f64,
    /// Down, in pixels.
    pub y: f64,
    /// 0 to 1.
    pub visibility: f64,
    /// Spread over the readings, in pixels; absent for a single reading. Of a point placed by hand, what it may be off by.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sd_px: Option<f64>,
    /// Who placed it; absent for a model's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<PlacedBy>,
}

/// One measure: a value with its error, or null with a reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasureRecord {
    /// Levelled and turned back; null when refused.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Symbol,
    /// What a percentage is a share of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub of: Option<String>,
    /// Standard deviation of the value's error.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sd: Option<f64>,
    /// Holds the truth in 95 of 100 cases.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interval95: Option<[f64; 2]>,
    /// The value as it stands in the picture.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raw: Option<f64>,
    /// The value in millimetres, when a scale is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value_mm: Option<f64>,
    /// Its standard deviation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sd_mm: Option<f64>,
    /// Where the value points to; absent for measures without a side.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub side: Option<Towards>,
    /// Whether 0 lies outside the interval.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resolved: Option<bool>,
    /// The value in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub words: Option<String>,
    /// A published reference, when one was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Whose points it leans on; absent where they are the model's alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<PointsBy>,
}

/// The spinal line against the plumb line through the middle of the ankles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpinalLine {
    /// How it departs by more than the error.
    pub pattern: Pattern,
    /// From the head down.
    pub levels: Vec<SpinalLevel>,
}

/// One level of the spinal line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpinalLevel {
    /// Which.
    pub level: SpineLevel,
    /// Percent of trunk length, positive = to the subject's left; levelled and turned back.
    pub offset: f64,
    /// Place in the photo, in pixels.
    pub x: f64,
    /// See `x`.
    pub y: f64,
}

/// The gates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quality {
    /// Whether anything was measured.
    pub usable: bool,
    /// Everything worth knowing about the photo.
    pub flags: Vec<Flag>,
}

/// Something to know about the photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Flag {
    /// A fixed word.
    pub code: String,
    /// One sentence.
    pub text: String,
}

impl Record {
    /// The record of an analysis of a photo that is known by its provenance.
    #[must_use]
    pub fn of(provenance: Provenance, analysis: &Analysis) -> Self {
        let Provenance { id, intake, source, warnings, edited } = provenance;
        let camera = &analysis.camera;
        Self {
            schema: SCHEMA.into(),
            id,
            intake,
            source,
            tool: Tool {
                version: env!("CARGO_PKG_VERSION").into(),
                model: analysis.frame.model.clone(),
                model_blake3: analysis.frame.model_blake3.clone(),
                readings: analysis.frame.readings,
            },
            view: View {
                kind: analysis.view,
                from: if analysis.view_given { ViewFrom::User } else { ViewFrom::Auto },
                mirrored: analysis.mirrored,
            },
            camera: Camera {
                focal_px: rounded(camera.focal_px, 1),
                focal_from: camera.focal_from,
                focal_sd: rounded(camera.focal_sd, 3),
                roll_deg: rounded(camera.roll_deg, 2),
                pitch_deg: rounded(camera.pitch_deg, 2),
                level_from: camera.level_from,
                level_sd_deg: rounded(camera.roll_sd_deg, 2),
                pitch_sd_deg: rounded(camera.pitch_sd_deg, 2),
            },
            subject: Subject {
                bounds: analysis.person_box.map(|v| rounded(v, 1)),
                people: analysis.frame.people,
                standing: analysis.frame.standing.iter().map(|at| at.map(|v| rounded(v, 1))).collect(),
                yaw_deg: analysis.yaw.map(|yaw| rounded(yaw.deg, 1)),
                yaw_sd_deg: analysis.yaw.map(|yaw| rounded(yaw.sd_deg, 1)),
                scale_mm_per_px: analysis.scale.map(|scale| rounded(scale.mm_per_px, 4)),
                scale_from: analysis.scale.map(|_| ScaleFrom::Height),
            },
            landmarks: landmarks(analysis),
            heads: analysis.frame.heads.clone(),
            measures: measures(analysis),
            spinal_line: spinal_line(analysis),
            quality: Quality {
                usable: analysis.assessment.has_values(),
                flags: analysis
                    .quality
                    .flags
                    .iter()
                    .map(|flag| Flag { code: flag.gate.name().into(), text: flag.text.clone() })
                    .collect(),
            },
            warnings,
            given: Given::of(&analysis.options),
            edited,
            observation: Some(analysis.observation.clone()),
        }
    }

    /// What measuring again leaves as it is.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        Provenance {
            id: self.id.clone(),
            intake: self.intake.clone(),
            source: self.source.clone(),
            warnings: self.warnings.clone(),
            edited: self.edited.clone(),
        }
    }

    /// The options that the record was measured with, as far as measuring it again needs them.
    #[must_use]
    pub fn options(&self) -> Options {
        let given = camera::UserCalibration {
            roll_deg: self.given.roll_deg,
            plumb: self.given.plumb.map(|[x1, y1, x2, y2]| (Point::new(x1, y1), Point::new(x2, y2))),
        };
        Options {
            view: (self.view.from == ViewFrom::User).then_some(self.view.kind),
            mirrored: self.view.mirrored,
            given,
            height_mm: self.given.height_mm,
            points: self.points(),
            ..Options::default()
        }
    }

    /// The points that were placed by hand.
    #[must_use]
    pub fn points(&self) -> Points {
        let mut points = Points::default();
        for (name, landmark) in self.landmarks.iter().filter(|(_, landmark)| landmark.by.is_some()) {
            if let Some(site) = Site::from_name(name) {
                points.set(site, Some(HandPoint { at: Point::new(landmark.x, landmark.y), sd_px: landmark.sd_px }));
            }
        }
        points
    }

    /// Where the observation comes from.
    #[must_use]
    pub fn frame(&self) -> Frame {
        Frame {
            width: self.source.width.into(),
            height: self.source.height.into(),
            people: self.subject.people,
            standing: self.subject.standing.clone(),
            heads: self.heads.clone(),
            readings: self.tool.readings,
            model: self.tool.model.clone(),
            model_blake3: self.tool.model_blake3.clone(),
            independent: None,
        }
    }

    /// Reads a record file, as `analyze --out` writes it.
    ///
    /// # Errors
    /// [`Error::Unreadable`], [`Error::NotARecord`] with what was found instead.
    pub fn open(path: &Path) -> Result<Self> {
        let text = std::fs::read(path).map_err(|source| Error::Unreadable { path: path.into(), source })?;
        Self::from_json(&text, path)
    }

    /// Reads a record from JSON; `path` is only its name.
    ///
    /// # Errors
    /// [`Error::NotARecord`].
    pub fn from_json(json: &[u8], path: &Path) -> Result<Self> {
        let wrong = |found: String, source: Option<serde_json::Error>| Error::NotARecord {
            path: path.into(),
            reason: format!("expected a record of the schema {SCHEMA}, found {found}"),
            source: source.map(Into::into),
        };
        let value: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| wrong("something that is not JSON".into(), Some(error)))?;
        match value.get("schema").and_then(serde_json::Value::as_str) {
            Some(SCHEMA) => {}
            Some(other) => return Err(wrong(format!("the schema \"{other}\""), None)),
            None => return Err(wrong("JSON without a schema".into(), None)),
        }
        serde_json::from_value(value).map_err(|error| wrong("one with wrong or missing fields".into(), Some(error)))
    }

    /// The record as one line of JSON, without a line's end.
    ///
    /// # Errors
    /// [`Error::Unwritable`] when it cannot be written as JSON.
    pub fn to_line(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::Unwritable { path: "standard output".into(), source: error.into() })
    }

    /// The camera as far as levelling needs it.
    #[must_use]
    pub fn levelling(&self) -> crate::core::camera::Camera {
        let (width, height) = (f64::from(self.source.width), f64::from(self.source.height));
        crate::core::camera::Camera {
            focal_px: self.camera.focal_px,
            roll_deg: self.camera.roll_deg,
            pitch_deg: self.camera.pitch_deg,
            ..crate::core::camera::Camera::of(width, height, &Default::default(), &Default::default())
        }
    }

    /// A joint's place in the photo.
    #[must_use]
    pub fn landmark(&self, joint: Joint) -> Option<&Landmark> {
        self.landmarks.get(joint.name())
    }

    /// A measure's record.
    #[must_use]
    pub fn measure(&self, measure: Measure) -> Option<&MeasureRecord> {
        self.measures.get(measure.name())
    }
}

/// The points placed by hand that are not joints.
fn bony_landmarks(points: &Points) -> impl Iterator<Item = (String, Landmark)> + '_ {
    points.iter().filter(|(site, _)| matches!(site, Site::Bony(_))).map(|(site, point)| {
        let HandPoint { at, sd_px } = point;
        (site.name().to_owned(), Landmark { x: at.x, y: at.y, visibility: 1.0, sd_px, by: Some(PlacedBy::Hand) })
    })
}

/// How far a level of the spinal line may stand beside the plumb line by error alone, in percent of trunk length.
fn spinal_error(analysis: &Analysis) -> f64 {
    analysis.assessment.get(Measure::SpinalLineDeviation).as_ref().map_or(f64::INFINITY, |found| 1.96 * found.sd)
}

fn landmarks(analysis: &Analysis) -> IndexMap<String, Landmark> {
    analysis
        .pose
        .found()
        .map(|(joint, k)| {
            let landmark = Landmark {
                x: rounded(k.at.x, 2),
                y: rounded(k.at.y, 2),
                visibility: rounded(k.visibility, 3),
                sd_px: k.sd_px.map(|sd| rounded(sd, 2)),
                by: k.by_hand.then_some(PlacedBy::Hand),
            };
            (joint.name().to_owned(), landmark)
        })
        .chain(bony_landmarks(&analysis.options.points))
        .collect()
}

/// The measures of the view, and those of bony landmarks where they are placed.
fn measures(analysis: &Analysis) -> IndexMap<String, MeasureRecord> {
    analysis
        .assessment
        .iter()
        .filter(|(measure, _)| {
            let placed = |point: &BonyPoint| analysis.options.points.get(Site::Bony(*point)).is_some();
            measure.is_frontal() == analysis.view.facing().is_some() && measure.bony_points().iter().all(placed)
        })
        .map(|(measure, result)| {
            (measure.name().to_owned(), measure_record(measure, result, analysis.scale, analysis.trunk_px))
        })
        .collect()
}

fn spinal_line(analysis: &Analysis) -> Option<SpinalLine> {
    analysis.spinal_line.as_ref().map(|line| SpinalLine {
        pattern: line.pattern(spinal_error(analysis)),
        levels: line
            .levels
            .iter()
            .map(|level| SpinalLevel {
                level: level_of(level.pair.left),
                offset: rounded(level.offset, 2),
                x: rounded(level.at.x, 2),
                y: rounded(level.at.y, 2),
            })
            .collect(),
    })
}

/// The level of a pair of joints.
fn level_of(left: Joint) -> SpineLevel {
    match left {
        Joint::LeftEar => SpineLevel::Ears,
        Joint::LeftShoulder => SpineLevel::Shoulders,
        Joint::LeftHip => SpineLevel::Hips,
        Joint::LeftKnee => SpineLevel::Knees,
        _ => SpineLevel::Ankles,
    }
}

fn measure_record(
    measure: Measure,
    result: &Result<Measurement, Refusal>,
    scale: Option<Scale>,
    trunk_px: Option<f64>,
) -> MeasureRecord {
    let unit = measure.unit();
    let mut record = MeasureRecord {
        value: None,
        unit: unit.into(),
        of: unit.of().map(str::to_owned),
        sd: None,
        interval95: None,
        raw: None,
        value_mm: None,
        sd_mm: None,
        side: None,
        resolved: None,
        words: None,
        reference: None,
        reason: None,
        by: None,
    };
    let found = match result {
        Ok(found) => found,
        Err(refusal) => {
            record.reason = Some(refusal.to_string());
            return record;
        }
    };
    record.value = Some(rounded(found.value, 2));
    record.raw = Some(rounded(found.raw, 2));
    record.sd = Some(rounded(found.sd, 2));
    record.interval95 = Some(found.interval95().map(|bound| rounded(bound, 2)));
    record.resolved = Some(found.is_resolved());
    record.side = towards(measure, found.value);
    record.words = Some(words(measure, found));
    record.by = PointsBy::of(found.by_hand);
    if let (Unit::PercentOfTrunk, Some(scale), Some(trunk)) = (unit, scale, trunk_px) {
        let mm = 0.01 * trunk * scale.mm_per_px;
        record.value_mm = Some(rounded(found.value * mm, 1));
        record.sd_mm = Some(rounded((found.sd * mm).hypot(found.value * mm * scale.sd_share), 1));
    }
    record
}

/// Where the value points to; `None` for measures without a side and for exact zeros.
fn towards(measure: Measure, value: f64) -> Option<Towards> {
    let side = Side::of(value)?;
    match measure {
        Measure::KneeAngleLeft
        | Measure::KneeAngleRight
        | Measure::EarShoulderAngle
        | Measure::CraniovertebralAngle
        | Measure::KneeHyperextension => None,
        _ => Some(match (measure.is_frontal(), side) {
            (true, Side::Left) => Towards::Left,
            (true, Side::Right) => Towards::Right,
            (false, Side::Left) => Towards::Forward,
            (false, Side::Right) => Towards::Back,
        }),
    }
}

/// A value in words, always with its interval.
///
/// `left shoulder higher by 2.1 deg (95 % interval 1.1 to 3.1)`; or, when 0 lies inside the interval,
/// `no difference resolved (95 % interval -0.4 to 1.6 deg)`.
#[must_use]
pub fn words(measure: Measure, found: &Measurement) -> String {
    let unit = measure.unit();
    let suffix = unit.of().map_or_else(|| " deg".to_owned(), |of| format!(" % of {of}"));
    let [low, high] = found.interval95();
    let [positive, negative] = measure.says();
    if positive.is_empty() {
        return format!("{:.1}{suffix} (95 % interval {low:.1} to {high:.1})", found.value);
    }
    if !found.is_resolved() {
        return format!("no difference resolved (95 % interval {low:.1} to {high:.1}{suffix})");
    }
    let (says, size, near, far) =
        if found.value > 0.0 { (positive, found.value, low, high) } else { (negative, -found.value, -high, -low) };
    format!("{says} by {size:.1}{suffix} (95 % interval {near:.1} to {far:.1})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_the_side_and_the_interval() {
        let found = |value: f64, sd: f64| Measurement {
            value,
            raw: value,
            sd,
            scatter: sd,
            outlined: 0.0,
            by_hand: crate::core::measure::ByHand::No,
        };
        assert_eq!(
            words(Measure::ShoulderTilt, &found(2.1, 0.5)),
            "left shoulder higher by 2.1 deg (95 % interval 1.1 to 3.1)"
        );
        assert_eq!(
            words(Measure::TrunkShift, &found(-4.0, 1.0)),
            "shoulders shifted to the right of the hips by 4.0 % of trunk length (95 % interval 2.0 to 6.0)"
        );
        assert_eq!(
            words(Measure::PelvicObliquity, &found(0.5, 0.5)),
            "no difference resolved (95 % interval -0.5 to 1.5 deg)"
        );
    }

    #[test]
    fn what_is_no_record_is_named() {
        let error =
            |text: &str| Record::from_json(text.as_bytes(), "a.json".as_ref()).expect_err("no record").to_string();
        assert!(
            error("")
                .starts_with("a.json: expected a record of the schema orthostat/1, found something that is not JSON")
        );
        assert!(error("[]").ends_with("found JSON without a schema"));
        assert!(error(r#"{"schema":"orthostat/9"}"#).ends_with("found the schema \"orthostat/9\""));
        assert!(error(r#"{"schema":"orthostat/1"}"#).contains("missing field `id`"));
    }

    #[test]
    fn rounding_knows_no_minus_zero() {
        assert!(rounded(-0.001, 2).is_sign_positive());
        assert_eq!(rounded(2.345_6, 2), 2.35);
    }
}
