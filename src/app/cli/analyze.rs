//! `orthostat analyze`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::fhir::Filing;
use super::looks::Looks;
use super::measuring::{Measuring, number, positive, roll};
use crate::core::area::Area;
use crate::core::camera::UserCalibration;
use crate::core::compare::visit;
use crate::core::compare::visit::Date;
use crate::core::geometry::Point;
use crate::core::{camera, error, names, options};
use crate::report::scene::framing::Attitude;
use crate::vision::analysis;
use crate::vision::photo::{MAX_MEGAPIXELS, ReadOptions};

/// `orthostat analyze`.
#[derive(Debug, Args)]
pub struct Analyze {
    /// Photos: JPEG, PNG, WebP, TIFF, BMP, GIF, HEIC, JPEG XL or DICOM.
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    /// Take the photos as one visit of one subject: photos of one view become one measurement, and views are put together.
    #[arg(long, conflicts_with_all = ["fhir", "points", "keypoints"])]
    pub visit: bool,
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
    /// Write a JSON record and an annotated picture of each photo into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Overwrite files that this program did not write or that belong to another photo; never an input.
    #[arg(long)]
    pub force: bool,
    /// The form of the annotated pictures that --out writes.
    #[arg(long, value_enum, default_value_t = PictureForm::Jpg)]
    pub picture: PictureForm,
    /// Leave pictures as the camera took them; otherwise they are turned so that level is level.
    #[arg(long)]
    pub as_taken: bool,
    /// Write one page for all photos, which are views of one subject: it opens in any browser and can be printed.
    #[arg(long, value_name = "FILE.html|FILE.pdf")]
    pub report: Option<PathBuf>,
    /// Open that page in the browser; without --report it lies in the user's data folder until the next --open.
    #[arg(long)]
    pub open: bool,
    /// Cover the head in every picture that is written; where it cannot be covered, no picture is written.
    #[arg(long)]
    pub mask_face: bool,
    /// Compare values with published reference ranges where there are any, each with its source.
    #[arg(long)]
    pub reference_bands: bool,
    /// Keep the records in the history of this subject.
    #[arg(long, value_name = "SUBJECT", value_parser = names::checked)]
    pub save: Option<String>,
    /// The day of the visit; otherwise the day recorded in the photo, or today.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = visit::day)]
    pub date: Option<Date>,
    /// The history's file instead of the one in the user's data folder.
    #[arg(long, value_name = "FILE", requires = "save")]
    pub db: Option<PathBuf>,
    /// What the page says beside the measures.
    #[command(flatten)]
    pub looks: Looks,
    /// Options of measuring.
    #[command(flatten)]
    pub measuring: Measuring,
    /// Measure within this rectangle only, in pixels of the upright photo, as a picture of its own: other options count their pixels
    /// from its corner. Default: each panel of a collage, else the whole photo.
    #[arg(long, value_name = "X,Y,W,H", value_parser = str::parse::<Area>)]
    pub region: Option<Area>,
    /// A line in the picture that is vertical in the room, in pixels of the upright photo.
    #[arg(long, value_name = "X1,Y1,X2,Y2", value_parser = plumb, allow_hyphen_values = true, conflicts_with = "roll")]
    pub plumb: Option<[f64; 4]>,
    /// The camera's roll in degrees: positive when upright things appear turned clockwise.
    #[arg(long, value_name = "DEG", value_parser = roll, allow_hyphen_values = true)]
    pub roll: Option<f64>,
    /// Manual landmarks of the photo: a JSON object from a point's name to [x, y] in pixels of the upright photo. A
    /// landmark's name replaces the model's point; c7, left_acromion, left_asis, left_psis and their right partners are added.
    #[arg(long, value_name = "FILE")]
    pub points: Option<PathBuf>,
    /// Points that another program found in the photo, in place of the model's: OpenPose's JSON (BODY_25, COCO), COCO's keypoint
    /// results (17, Halpe-26, WholeBody-133, SpineTrack-37), or names with places; see docs/models.md.
    #[arg(long, value_name = "FILE", conflicts_with = "points")]
    pub keypoints: Option<PathBuf>,
    /// Write the joints too, with --out, in a form that other programs read: ID.keypoints.json, or ID.trc.
    #[arg(long, value_enum, value_name = "FORM", requires = "out")]
    pub keypoints_out: Option<KeypointForm>,
    /// Refuse pictures of more megapixels before decoding them, and such as take more than 6 bytes of memory for each pixel
    /// allowed.
    #[arg(long, value_name = "N", default_value_t = MAX_MEGAPIXELS, value_parser = positive)]
    pub max_megapixels: f64,
}

/// The form of an annotated picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PictureForm {
    /// JPEG.
    Jpg,
    /// PNG.
    Png,
    /// SVG: the photo as JPEG inside, the lines as lines.
    Svg,
}

/// A form of joints that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeypointForm {
    /// OpenPose's JSON, in the order BODY_25.
    Openpose,
    /// COCO's keypoint results, 17 points.
    Coco,
    /// A TRC file of one frame in millimetres, for OpenSim's scaling; needs --height-cm.
    Trc,
}

impl PictureForm {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Jpg, Self::Png, Self::Svg];

    /// The ending of its files.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            PictureForm::Jpg => "jpg",
            PictureForm::Png => "png",
            PictureForm::Svg => "svg",
        }
    }
}

impl Analyze {
    /// As the library wants them.
    ///
    /// # Errors
    /// [`error::Error::Usage`] when options do not go together.
    pub fn options(&self) -> error::Result<options::Options> {
        let plumb = self.plumb.map(plumb_line).transpose()?;
        let options = self.measuring.options(UserCalibration { roll_deg: self.roll, plumb });
        Ok(options::Options { region: self.region, ..options })
    }

    /// How pictures are shown.
    #[must_use]
    pub const fn attitude(&self) -> Attitude {
        if self.as_taken { Attitude::AsTaken } else { Attitude::Upright }
    }

    /// How photos are read.
    #[must_use]
    pub fn reading(&self) -> ReadOptions {
        ReadOptions { max_megapixels: self.max_megapixels, ..analysis::reading() }
    }
}

/// The line that [`plumb`] read.
///
/// # Errors
/// [`error::Error::Usage`] when it lies rather than stands.
pub(super) fn plumb_line(numbers: [f64; 4]) -> error::Result<(Point, Point)> {
    camera::plumb_line(numbers).ok_or_else(|| {
        let reason = "--plumb: expected two points above one another (X1,Y1,X2,Y2 in pixels), found a line nearer to level than to plumb";
        error::Error::Usage { reason: reason.into() }
    })
}

pub(super) fn plumb(text: &str) -> Result<[f64; 4], String> {
    let numbers = text.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
    <[f64; 4]>::try_from(numbers).map_err(|found| format!("expected four numbers X1,Y1,X2,Y2, found {}", found.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plumb_line_is_four_numbers() {
        assert_eq!(plumb("1,2,3").unwrap_err(), "expected four numbers X1,Y1,X2,Y2, found 3");
        assert_eq!(plumb("1, 2,3,-4.5").unwrap(), [1.0, 2.0, 3.0, -4.5]);
        assert!(plumb_line([1.0, 2.0, 3.0, -4.5]).is_ok());
        for lies in [[0.0, 0.0, 9.0, 1.0], [10.0; 4]] {
            assert!(plumb_line(lies).unwrap_err().to_string().contains("expected two points above one another"));
        }
    }
}
