//! The record: the source of every output, and the format for other programs (`orthostat/1`).

mod build;
pub mod outcome;
pub mod profile;
pub mod schema;
pub mod states;
pub(crate) mod words;

use std::path::Path;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use states::{PlacedBy, PointsBy, ScaleFrom, SpineLevel, Symbol, Towards, ViewFrom};
pub use words::words;

use crate::core::area::Area;
use crate::core::body::skeleton::Joint;
use crate::core::body::view;
use crate::core::camera::{self, FocalFrom, LevelFrom};
use crate::core::error::{Error, Result};
use crate::core::geometry::Point;
use crate::core::heads::Heads;
use crate::core::measure::Measure;
use crate::core::measure::frontal::Pattern;
use crate::core::observation::{Frame, Observation};
use crate::core::options::Options;
use crate::core::photo_hash::{self, PhotoHash};
use crate::core::points::{HandPoint, Points, Site};

/// The version of the record format.
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
    /// The spine's profile in frontal views, where points along the spine were given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub spinal_profile: Option<profile::SpinalProfile>,
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
    /// The photos whose joint values `measures` holds; everything else is that of one of them. Absent in records of one photo.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub joined: Vec<JoinedPhoto>,
    /// What the pixels said, from which `orthostat recompute` measures again. Absent in records of webcam frames, and in those
    /// that were written before records kept it.
    #[serde(rename = "sighting", skip_serializing_if = "Option::is_none", default)]
    pub observation: Option<Observation>,
}

/// One of several photos of one stance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JoinedPhoto {
    /// The id of its own record.
    pub id: String,
    /// The file's name without its folders.
    pub file: String,
    /// BLAKE3 hash of the file, in hexadecimal; null where there was none.
    #[serde(deserialize_with = "photo_hash::none_if_empty")]
    #[schemars(required, extend("type" = ["string", "null"]))]
    pub blake3: Option<PhotoHash>,
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
    /// Days since the subject's first visit in the list, in place of the date in de-identified outputs.
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

/// The origin of a record. Everything else in a record is a result, which recomputing replaces.
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
    /// The provenance of a photo in no intake list and without warnings.
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
    /// How far the head is turned to the subject's own left, against the direction to the camera, in degrees: by the mesh of the
    /// face, which then has a part in the head's tilt. Absent where the pose's points alone tell the tilt.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head_yaw_deg: Option<f64>,
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
    /// Standard deviation of the values of photos of one person in one stance about their mean, sway and all: what another photo would scatter
    /// by. Absent where it is not known, as for points placed by hand.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sd_repeat: Option<f64>,
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
    /// The measure that the value was computed from; absent where it is a measurement of its own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub derived_from: Option<Measure>,
    /// Of how many photos it is the joint value; absent where it is one photo's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub photos: Option<usize>,
    /// Standard deviation between the values of these photos: the person's own repeatability, with sway and standing anew.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sd_between: Option<f64>,
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
    /// A fixed name.
    pub code: String,
    /// One sentence.
    pub text: String,
}

impl Record {
    /// The parts that recomputing keeps.
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

    /// The options that the record was measured with, as far as recomputing needs them.
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

    /// The manual landmarks.
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

    /// The source of the observation.
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

    /// Reads a record file, as written by `analyze --out`.
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
        let wrong = |found: String, source: Option<serde_json::Error>| not_a_record(path, &found, source);
        let value: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| wrong("something that is not JSON".into(), Some(error)))?;
        Self::from_value(value, path)
    }

    /// The same from parsed JSON.
    ///
    /// # Errors
    /// [`Error::NotARecord`].
    pub fn from_value(value: serde_json::Value, path: &Path) -> Result<Self> {
        let wrong = |found: String, source: Option<serde_json::Error>| not_a_record(path, &found, source);
        match value.get("schema").and_then(serde_json::Value::as_str) {
            Some(SCHEMA) => {}
            Some(other) => return Err(wrong(format!("the schema \"{other}\""), None)),
            None => return Err(wrong("JSON without a schema".into(), None)),
        }
        serde_json::from_value(value).map_err(|error| wrong("one with wrong or missing fields".into(), Some(error)))
    }

    /// The record as one line of JSON, without a line feed.
    ///
    /// # Errors
    /// [`Error::Unwritable`] when it cannot be written as JSON.
    pub fn to_line(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::Unwritable { path: "standard output".into(), source: error.into() })
    }

    /// The camera, as far as it is needed for levelling.
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

    /// A joint's landmark in the photo.
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

fn not_a_record(path: &Path, found: &str, source: Option<serde_json::Error>) -> Error {
    let reason = format!("expected a record of the schema {SCHEMA}, found {found}");
    Error::NotARecord { path: path.into(), reason, source: source.map(Into::into) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::geometry::rounded;

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
