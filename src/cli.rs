//! The command line: clap's types, and nothing behind them. Everything else sees plain options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::camera::Given;
use crate::estimate::blazepose;
use crate::geometry::Point;
use crate::photo::{MAX_MEGAPIXELS, ReadOptions};
use crate::repeat::{DEFAULT_READINGS, FAST_READINGS, MAX_READINGS};
use crate::view::View;
use crate::{analysis, error};

const EXIT_CODES: &str = "\
Exit codes: 0 everything measured; 1 some photos failed or were refused; 2 wrong usage; 3 nothing to measure (nobody found); \
4 a model or ONNX Runtime is missing or does not match; 5 an output cannot be written; 130 interrupted.

Signs: positive = the subject's own left is higher, or shifted to the subject's own left.
Measurement aid: it does not diagnose and does not replace an examination by a professional. Nothing leaves this machine.";

/// Measures a standing person's left/right asymmetry from ordinary photos, each figure with its own measurement error.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure the person in one or more photos.
    Analyze(Analyze),
    /// Watch through a camera (starts the program orthostat-live).
    #[command(disable_help_flag = true)]
    Live {
        /// Options of orthostat-live.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Say what was found on this machine, and check a known answer.
    Doctor,
}

/// Options that every way of measuring shares.
#[derive(Debug, Clone, Args)]
pub struct Measuring {
    /// From which side the camera sees the person.
    #[arg(long, value_enum, default_value_t = ViewChoice::Auto)]
    pub view: ViewChoice,
    /// The picture is a mirror image (a selfie saved as seen).
    #[arg(long)]
    pub mirrored: bool,
    /// How much is read for one photo.
    #[arg(long, value_enum, default_value_t = Quality::Standard)]
    pub quality: Quality,
    /// The landmark model instead of the quality's: lite, full, heavy, or an ONNX file with the inputs and outputs of full.
    #[arg(long, value_name = "NAME|FILE")]
    pub model: Option<String>,
    /// Readings of the whole body instead of the quality's; they are nudged and mirrored, and averaged.
    #[arg(long, value_name = "N", value_parser = readings)]
    pub readings: Option<usize>,
    /// Whom to measure when several people are found: 1 is the largest and most central.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = person)]
    pub person: usize,
    /// The subject's stature, for values in millimetres.
    #[arg(long, value_name = "CM", value_parser = stature)]
    pub height_cm: Option<f64>,
}

/// `orthostat analyze`.
#[derive(Debug, Args)]
pub struct Analyze {
    /// Photos: JPEG, PNG, WebP, TIFF, BMP or HEIC.
    #[arg(required = true, value_name = "PHOTO")]
    pub photos: Vec<PathBuf>,
    /// Print one JSON record a line instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Write a JSON record and an annotated picture of each photo into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Options of measuring.
    #[command(flatten)]
    pub measuring: Measuring,
    /// A line in the picture that is plumb in the world, in pixels of the upright photo.
    #[arg(long, value_name = "X1,Y1,X2,Y2", value_parser = plumb, allow_hyphen_values = true, conflicts_with = "roll")]
    pub plumb: Option<[f64; 4]>,
    /// The camera's roll in degrees: positive when upright things appear turned clockwise.
    #[arg(long, value_name = "DEG", value_parser = roll, allow_hyphen_values = true)]
    pub roll: Option<f64>,
    /// Refuse larger pictures before decoding them.
    #[arg(long, value_name = "N", default_value_t = MAX_MEGAPIXELS, value_parser = positive)]
    pub max_megapixels: f64,
}

/// Watches one person through a camera and shows how level they stand. Each frame is read twice unless --readings says
/// otherwise.
#[derive(Debug, Parser)]
#[command(
    name = "orthostat-live",
    version,
    about = "Watches one person through a camera and shows how level they stand."
)]
pub struct Live {
    /// The camera's number.
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "source")]
    pub camera: i32,
    /// A video file, an image sequence such as frame_%04d.png, or the address of a camera stream, instead of a camera.
    #[arg(long, value_name = "FILE|URL")]
    pub source: Option<String>,
    /// Open no window.
    #[arg(long)]
    pub no_window: bool,
    /// Print one JSON record a line for every frame.
    #[arg(long)]
    pub jsonl: bool,
    /// Stop after this many frames.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub frames: Option<u64>,
    /// Options of measuring.
    #[command(flatten)]
    pub measuring: Measuring,
}

/// How much is read for one photo; accuracy and time of each stand in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Quality {
    /// 4 readings of the full model.
    Fast,
    /// 12 readings of the full model.
    Standard,
    /// 12 readings each of the full and of the heavy model, which must be installed.
    Best,
}

/// A view by the name that the command line uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ViewChoice {
    /// Found by itself.
    Auto,
    /// From the front.
    Anterior,
    /// From behind.
    Posterior,
    /// The subject's left side.
    Left,
    /// The subject's right side.
    Right,
}

impl ViewChoice {
    fn view(self) -> Option<View> {
        match self {
            ViewChoice::Auto => None,
            ViewChoice::Anterior => Some(View::Anterior),
            ViewChoice::Posterior => Some(View::Posterior),
            ViewChoice::Left => Some(View::LeftLateral),
            ViewChoice::Right => Some(View::RightLateral),
        }
    }
}

impl Measuring {
    /// As the library wants them.
    #[must_use]
    pub fn options(&self, given: Given) -> analysis::Options {
        analysis::Options {
            readings: self.readings.unwrap_or(if self.quality == Quality::Fast {
                FAST_READINGS
            } else {
                DEFAULT_READINGS
            }),
            view: self.view.view(),
            mirrored: self.mirrored,
            given,
            height_mm: self.height_cm.map(|cm| 10.0 * cm),
            person: self.person,
        }
    }

    /// Which models to open.
    #[must_use]
    pub fn models(&self) -> Vec<blazepose::Options> {
        let names = match (&self.model, self.quality) {
            // The short names too: `--model lite`.
            (Some(named), _) => vec![match named.as_str() {
                "lite" => "blazepose-lite",
                "full" => "blazepose-full",
                "heavy" => "blazepose-heavy",
                other => other,
            }],
            (None, Quality::Best) => vec![blazepose::DEFAULT_MODEL, "blazepose-heavy"],
            (None, _) => vec![blazepose::DEFAULT_MODEL],
        };
        let options = |name: &str| blazepose::Options { model: name.into(), ..blazepose::Options::default() };
        names.into_iter().map(options).collect()
    }
}

impl Analyze {
    /// As the library wants them.
    ///
    /// # Errors
    /// [`error::Error::Usage`] when options do not go together.
    pub fn options(&self) -> error::Result<analysis::Options> {
        let plumb = self.plumb.map(|[x1, y1, x2, y2]| (Point::new(x1, y1), Point::new(x2, y2)));
        if let Some((a, b)) = plumb
            && (a.y - b.y).abs() < 2.0 * (a.x - b.x).abs()
        {
            let reason = "--plumb: expected two points above one another (X1,Y1,X2,Y2 in pixels), found a line nearer to level than to plumb";
            return Err(error::Error::Usage { reason: reason.into() });
        }
        Ok(self.measuring.options(Given { roll_deg: self.roll, plumb }))
    }

    /// How photos are read.
    #[must_use]
    pub fn reading(&self) -> ReadOptions {
        ReadOptions { max_megapixels: self.max_megapixels, ..ReadOptions::default() }
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|v| v.is_finite())
        .ok_or_else(|| format!("expected a number, found \"{text}\""))
}

fn within(text: &str, low: f64, high: f64, unit: &str) -> Result<f64, String> {
    let value = number(text)?;
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(format!("expected {low} to {high}{unit}, found {value}"))
    }
}

fn positive(text: &str) -> Result<f64, String> {
    within(text, 0.001, 10_000.0, "")
}

fn stature(text: &str) -> Result<f64, String> {
    within(text, 40.0, 260.0, " cm")
}

fn roll(text: &str) -> Result<f64, String> {
    within(text, -45.0, 45.0, " degrees")
}

fn count(text: &str, most: usize) -> Result<usize, String> {
    text.parse::<usize>()
        .ok()
        .filter(|n| (1..=most).contains(n))
        .ok_or_else(|| format!("expected a whole number from 1 to {most}, found \"{text}\""))
}

fn readings(text: &str) -> Result<usize, String> {
    count(text, MAX_READINGS)
}

fn person(text: &str) -> Result<usize, String> {
    count(text, 100)
}

fn plumb(text: &str) -> Result<[f64; 4], String> {
    let numbers = text.split(',').map(number).collect::<Result<Vec<_>, _>>()?;
    <[f64; 4]>::try_from(numbers).map_err(|found| format!("expected four numbers X1,Y1,X2,Y2, found {}", found.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_parser_is_sound() {
        Cli::command().debug_assert();
        Live::command().debug_assert();
    }

    #[test]
    fn numbers_out_of_range_are_refused_in_words() {
        assert_eq!(stature("400").unwrap_err(), "expected 40 to 260 cm, found 400");
        assert_eq!(plumb("1,2,3").unwrap_err(), "expected four numbers X1,Y1,X2,Y2, found 3");
        assert!(roll("nan").is_err() && readings("0").is_err() && person("x").is_err());
    }
}
