//! The origin of a record: the photo, the program, the intake list, and the user's settings.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::area::Area;
use crate::core::options::Options;
use crate::core::photo_hash::{self, PhotoHash};

/// One photo of a joint record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JoinedPhoto {
    /// The id of the photo's own record.
    pub id: String,
    /// The file's name without its folders.
    pub file: String,
    /// BLAKE3 hash of the file, in hexadecimal; null without a file.
    #[serde(deserialize_with = "photo_hash::none_if_empty")]
    #[schemars(required, extend("type" = ["string", "null"]))]
    pub blake3: Option<PhotoHash>,
}

/// The edits of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Edited {
    /// All points placed by hand, in this edit or earlier ones.
    pub points: Vec<String>,
    /// BLAKE3 hash of the unedited record file, in hexadecimal.
    pub from: String,
}

/// The user's settings for camera and person.
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
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn of(options: &Options) -> Self {
        Self {
            plumb: options.given.plumb.map(|(a, b)| [a.x, a.y, b.x, b.y]),
            roll_deg: options.given.roll_deg,
            height_mm: options.height_mm,
        }
    }
}

/// A photo's entry in the intake list.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Intake {
    /// The subject's identifier.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// The date of the visit, such as `2026-11-23`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub visit_date: Option<String>,
    /// Days since the subject's first visit in the list, in place of the date in de-identified outputs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub visit_day: Option<i64>,
    /// Notes and other columns, by name.
    #[serde(skip_serializing_if = "IndexMap::is_empty", default)]
    pub columns: IndexMap<String, String>,
}

/// The measured photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The file's name without its folders.
    pub file: String,
    /// BLAKE3 hash of the file, in hexadecimal; null without a file, as for webcam frames.
    #[serde(deserialize_with = "photo_hash::none_if_empty")]
    #[schemars(required, extend("type" = ["string", "null"]))]
    pub blake3: Option<PhotoHash>,
    /// Width of the upright photo, or of its `region`, in pixels.
    pub width: u32,
    /// Height of the upright photo, or of its `region`, in pixels.
    pub height: u32,
    /// The applied EXIF orientation, 1 to 8.
    pub orientation: u8,
    /// The file format, such as `JPEG`.
    pub format: String,
    /// The part of the upright photo that was measured: x, y, width, height in pixels. All positions in the record are relative to
    /// its corner. Absent if the whole photo was measured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub region: Option<Area>,
}

/// The origin of a record. Everything else in a record is a result, which recomputing replaces.
#[derive(Debug, Clone, PartialEq)]
pub struct Provenance {
    /// The photo's id.
    pub id: String,
    /// The photo's entry in the intake list.
    pub intake: Option<Intake>,
    /// The photo.
    pub source: Source,
    /// Warnings about the file, one sentence each.
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

/// The program and model that measured the photo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// The program's version.
    pub version: String,
    /// The landmark model.
    pub model: String,
    /// BLAKE3 hash of the model file, in hexadecimal.
    pub model_blake3: String,
    /// Number of model readings.
    pub readings: usize,
}
