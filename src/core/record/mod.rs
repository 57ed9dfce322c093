//! The record: the source of every output, and the format for other programs (`orthostat/1`).

mod build;
pub mod outcome;
pub mod profile;
mod provenance;
pub mod schema;
pub mod states;
pub(crate) mod words;

use std::path::Path;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use states::{PlacedBy, PointsBy, ScaleFrom, SpineLevel, Symbol, Towards, ViewFrom};
pub use words::words;

pub use provenance::{Edited, Given, Intake, JoinedPhoto, Provenance, Source, Tool};

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
use crate::core::points::{HandPoint, Points, Site};

/// The version of the record format.
pub const SCHEMA: &str = "orthostat/1";

/// The measurements of one photo. No number is NaN or infinite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// The format's version, `orthostat/1`.
    #[schemars(extend("const" = SCHEMA))]
    pub schema: String,
    /// The photo's id: its file name without the ending, unless one was given.
    pub id: String,
    /// The photo's entry in the intake list.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub intake: Option<Intake>,
    /// The photo.
    pub source: Source,
    /// The program and model.
    pub tool: Tool,
    /// The view: which side of the body the camera sees.
    pub view: View,
    /// The camera's focal length and attitude.
    pub camera: Camera,
    /// The person.
    pub subject: Subject,
    /// The located joints, by name, in pixels of the upright photo.
    pub landmarks: IndexMap<String, Landmark>,
    /// All detected heads, for covering them in pictures. Absent if no search was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub heads: Option<Heads>,
    /// The measures, by name.
    pub measures: IndexMap<String, MeasureRecord>,
    /// The spinal line, level by level, in frontal views.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub spinal_line: Option<SpinalLine>,
    /// The spine's profile in frontal views, if the model or keypoint file has points along the spine.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub spinal_profile: Option<profile::SpinalProfile>,
    /// The quality gates.
    pub quality: Quality,
    /// Warnings about the file, one sentence each.
    pub warnings: Vec<String>,
    /// The user's settings for camera and person.
    #[serde(skip_serializing_if = "Given::is_nothing", default)]
    pub given: Given,
    /// Edits by `orthostat edit`. Absent in unedited records.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub edited: Option<Edited>,
    /// The photos that `measures` combines; all other fields are those of one of them. Absent in records of one photo.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub joined: Vec<JoinedPhoto>,
    /// The observation, which `orthostat recompute` measures again. Absent in records of webcam frames and of early versions.
    #[serde(rename = "sighting", skip_serializing_if = "Option::is_none", default)]
    pub observation: Option<Observation>,
}

/// The view: which side of the body the camera sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct View {
    /// The side of the body.
    pub kind: view::View,
    /// The view's source.
    pub from: ViewFrom,
    /// Whether the picture was treated as a mirror image.
    pub mirrored: bool,
}

/// The camera. Angles in degrees; roll is positive when the camera was turned counter-clockwise, pitch when it looked up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Camera {
    /// Focal length, in pixels of the upright photo.
    pub focal_px: f64,
    /// The source of the focal length.
    pub focal_from: FocalFrom,
    /// The focal length's standard deviation, as a share of it.
    pub focal_sd: f64,
    /// Roll, in degrees.
    pub roll_deg: f64,
    /// Pitch, in degrees.
    pub pitch_deg: f64,
    /// The source of roll and pitch.
    pub level_from: LevelFrom,
    /// Standard deviation of the roll, in degrees.
    pub level_sd_deg: f64,
    /// Standard deviation of the pitch, in degrees.
    pub pitch_sd_deg: f64,
}

/// The measured person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// The bounding box of the joints: left, top, right, bottom, in pixels.
    #[serde(rename = "box")]
    pub bounds: [f64; 4],
    /// Number of detected people.
    pub people: usize,
    /// The position of each person: the midpoint of the hips in pixels, in the order of `--person`. Absent for one person.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub standing: Vec<[f64; 2]>,
    /// The turn of the body to its own left, in degrees, from where it faces the camera squarely with front, back or side.
    pub yaw_deg: Option<f64>,
    /// Standard deviation of the turn, in degrees.
    pub yaw_sd_deg: Option<f64>,
    /// The turn of the head to the subject's own left, relative to the direction to the camera, in degrees, by the face mesh, which
    /// then contributes to the head tilt. Absent if the pose alone gives the head tilt.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head_yaw_deg: Option<f64>,
    /// Millimetres per pixel at the hips, from the stature or as the file records them (`sighting.told.mm_per_px`).
    pub scale_mm_per_px: Option<f64>,
    /// The source of the scale.
    pub scale_from: Option<ScaleFrom>,
}

/// A joint's position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Landmark {
    /// Horizontal position, positive to the right, in pixels.
    pub x: f64,
    /// Vertical position, positive downwards, in pixels.
    pub y: f64,
    /// Visibility, 0 to 1.
    pub visibility: f64,
    /// Standard deviation over the readings, in pixels; absent for a single reading. For a point placed by hand, its assumed error.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sd_px: Option<f64>,
    /// Who placed the point. Absent for points of a model.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<PlacedBy>,
}

/// One measure: a value with its error, or null with a reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasureRecord {
    /// The value, levelled and corrected for the turn. Null if refused.
    pub value: Option<f64>,
    /// The unit.
    pub unit: Symbol,
    /// The reference length of a percentage.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub of: Option<String>,
    /// Standard deviation of the value's error.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sd: Option<f64>,
    /// Repeatability: standard deviation of the values of several photos of one person in one stance, including sway. Absent if
    /// unknown, as for points placed by hand.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sd_repeat: Option<f64>,
    /// The 95 % interval: contains the true value in 95 of 100 photos.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interval95: Option<[f64; 2]>,
    /// The value in the picture as taken, without levelling and correction.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raw: Option<f64>,
    /// The value in millimetres, if the scale is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value_mm: Option<f64>,
    /// Standard deviation of the value in millimetres.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sd_mm: Option<f64>,
    /// The direction of the value. Absent for measures without a side.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub side: Option<Towards>,
    /// Whether 0 lies outside the interval.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resolved: Option<bool>,
    /// The value in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub words: Option<String>,
    /// A published reference range, if requested.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    /// The reason why there is no value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Which points were placed by hand. Absent if none was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<PointsBy>,
    /// The measure that the value is computed from. Absent for independent measurements.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub derived_from: Option<Measure>,
    /// Number of photos that the joint value combines. Absent for the value of one photo.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub photos: Option<usize>,
    /// Standard deviation between the values of these photos: the person's own repeatability, including sway and re-standing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sd_between: Option<f64>,
    /// The head's tilt by its face alone, by which changes of it are judged: the face follows them whole. Absent where the face does not
    /// tell them, and for every other measure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by_face: Option<ByFace>,
}

/// A head's tilt by the mesh of its face alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ByFace {
    /// The tilt in degrees, signed as the measure.
    pub value: f64,
    /// Its repeatability, as that of the measure.
    pub sd_repeat: f64,
}

/// The spinal line against the plumb line through the middle of the ankles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpinalLine {
    /// The shape of the departures that exceed the error.
    pub pattern: Pattern,
    /// The levels, from the head down.
    pub levels: Vec<SpinalLevel>,
}

/// One level of the spinal line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpinalLevel {
    /// The level.
    pub level: SpineLevel,
    /// Offset in percent of trunk length, positive to the subject's left; levelled and corrected for the turn.
    pub offset: f64,
    /// Horizontal position in the photo, in pixels.
    pub x: f64,
    /// Vertical position in the photo, in pixels.
    pub y: f64,
}

/// The quality gates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quality {
    /// Whether any measure has a value.
    pub usable: bool,
    /// Findings about the photo that affect the measures.
    pub flags: Vec<Flag>,
}

/// A finding about the photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Flag {
    /// The fixed identifier.
    pub code: String,
    /// The explanation, one sentence.
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
