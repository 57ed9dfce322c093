//! `orthostat recompute`.

use std::path::PathBuf;

use clap::Args;

use super::analyze::{KeypointForm, plumb, plumb_line};
use super::fhir::Filing;
use super::measuring::{ViewChoice, roll, stature};
use crate::core::body::view::View;
use crate::core::camera::UserCalibration;
use crate::core::compare::visit::{Date, day};
use crate::core::error::Result;
use crate::core::options::Options;
use crate::core::points::Points;

/// `orthostat recompute`.
#[derive(Debug, Args)]
pub struct Recompute {
    /// Records: files, folders, JSON lines (FILE#ID for one of them), or visits in the history (SUBJECT@last).
    #[arg(required = true, value_name = "RECORD")]
    pub records: Vec<PathBuf>,
    /// The history's file instead of the one in the user's data folder.
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Print every measure with its error, not the three lines alone.
    #[arg(long, conflicts_with_all = ["json", "fhir"])]
    pub all: bool,
    /// Print one JSON record a line.
    #[arg(long)]
    pub json: bool,
    /// Print one FHIR R4 Bundle a line; with --out, write it as ID.fhir.json instead of printing it.
    #[arg(long, conflicts_with = "json")]
    pub fhir: bool,
    /// How those bundles are filed.
    #[command(flatten)]
    pub filing: Filing,
    /// The day of the visit in those bundles. Default: the one that the record names.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, requires = "fhir")]
    pub date: Option<Date>,
    /// Write the new records into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Overwrite files that this program did not write or that belong to another photo; never an input.
    #[arg(long)]
    pub force: bool,
    /// From which side the camera sees the person: replaces what the record was measured with.
    #[arg(long, value_enum)]
    pub view: Option<ViewChoice>,
    /// Exchange all left and right labels: what was taken for the front is the back, and the reverse.
    #[arg(long, conflicts_with = "view")]
    pub exchange_sides: bool,
    /// Whether the picture is a mirror image.
    #[arg(long, value_name = "yes|no", num_args = 0..=1, require_equals = true, default_missing_value = "yes", value_parser = yes_or_no)]
    pub mirrored: Option<bool>,
    /// A line in the picture that is vertical in the room, in pixels of the upright photo; `none` forgets it, and a roll too.
    #[arg(long, value_name = "X1,Y1,X2,Y2|none", value_parser = plumb_or_none, allow_hyphen_values = true, conflicts_with = "roll")]
    pub plumb: Option<Known<[f64; 4]>>,
    /// The camera's roll in degrees: positive when upright things appear turned clockwise.
    #[arg(long, value_name = "DEG", value_parser = roll, allow_hyphen_values = true)]
    pub roll: Option<f64>,
    /// Points placed by hand in the one record's photo, as `analyze --points` takes them: they are added to the record's own.
    #[arg(long, value_name = "FILE", conflicts_with = "no_points")]
    pub points: Option<PathBuf>,
    /// Points that another program found in the photos, in place of the records' own, as `analyze --keypoints` takes them.
    #[arg(long, value_name = "FILE", conflicts_with = "points")]
    pub keypoints: Option<PathBuf>,
    /// Write the joints too, with --out, in a form that other programs read: ID.keypoints.json, or ID.trc.
    #[arg(long, value_enum, value_name = "FORM", requires = "out")]
    pub keypoints_out: Option<KeypointForm>,
    /// Forget the points that were placed by hand.
    #[arg(long)]
    pub no_points: bool,
    /// The subject's stature, for values in millimetres; `none` forgets it.
    #[arg(long, value_name = "CM|none", value_parser = stature_or_none)]
    pub height_cm: Option<Known<f64>>,
}

/// A value that may be taken back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known<T> {
    /// It is this.
    Is(T),
    /// It is not known.
    Unknown,
}

impl<T> Known<T> {
    fn known(self) -> Option<T> {
        match self {
            Known::Is(value) => Some(value),
            Known::Unknown => None,
        }
    }
}

impl Recompute {
    /// The options of a record with this view, with what the user says now in their place.
    ///
    /// # Errors
    /// [`crate::core::error::Error::Usage`] for a plumb line that lies rather than stands.
    pub fn options(&self, recorded: Options, view: View) -> Result<Options> {
        let mut options = recorded;
        if let Some(view) = self.view {
            options.view = view.view();
        }
        if self.exchange_sides && view.facing().is_some() {
            options.view = Some(view.exchanged());
            // The record's own points were named by the sides that are exchanged now.
            options.points = options.points.exchanged();
        }
        if let Some(mirrored) = self.mirrored {
            options.mirrored = mirrored;
        }
        if let Some(roll) = self.roll {
            options.given = UserCalibration { roll_deg: Some(roll), plumb: None };
        }
        if let Some(plumb) = self.plumb {
            options.given = UserCalibration { roll_deg: None, plumb: plumb.known().map(plumb_line).transpose()? };
        }
        if self.no_points {
            options.points = Points::default();
        }
        if let Some(height) = self.height_cm {
            options.height_mm = height.known().map(|cm| 10.0 * cm);
        }
        Ok(options)
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => Err(format!("expected yes or no, found \"{other}\"")),
    }
}

fn or_none<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Known<T>, String> {
    if text == "none" { Ok(Known::Unknown) } else { parse(text).map(Known::Is) }
}

fn plumb_or_none(text: &str) -> Result<Known<[f64; 4]>, String> {
    or_none(text, plumb)
}

fn stature_or_none(text: &str) -> Result<Known<f64>, String> {
    or_none(text, stature)
}
