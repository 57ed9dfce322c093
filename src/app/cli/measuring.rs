//! What every way of measuring shares, and how numbers on the command line are read.

use crate::core::options;
use crate::vision::estimate::model_options::{ModelOptions, Part};
use clap::{Args, ValueEnum};

use crate::core::body::view::View;
use crate::core::camera::UserCalibration;
use crate::core::points::Points;
use crate::vision::ensemble::MAX_READINGS;
use crate::vision::quality::{self, THUNDER};

/// Options that every way of measuring shares.
#[derive(Debug, Clone, Args)]
pub struct Measuring {
    /// From which side the camera sees the person.
    #[arg(long, value_enum, default_value_t = ViewChoice::Auto)]
    pub view: ViewChoice,
    /// The picture is a mirror image (a selfie saved as seen).
    #[arg(long)]
    pub mirrored: bool,
    /// Exchange all left and right labels: what was taken for the front is the back, and the reverse.
    #[arg(long, conflicts_with = "view")]
    pub exchange_sides: bool,
    /// How many readings are taken of a photo.
    #[arg(long, value_enum, default_value_t = Quality::Standard)]
    pub quality: Quality,
    /// The landmark model instead of the quality's: lite, full, heavy, thunder, or an ONNX file of a known family (BlazePose,
    /// RTMPose and SpinePose, ViTPose and HRNet, YOLO-pose, MoveNet); see docs/models.md.
    #[arg(long, value_name = "NAME|FILE")]
    pub model: Option<String>,
    /// A second opinion by a model of another kind: a name or file as for --model, or none. Where it is installed, the best
    /// quality takes thunder, and the standard one (without --model and --readings) does in views from the side.
    #[arg(long, value_name = "NAME|FILE|none")]
    pub second: Option<String>,
    /// Readings of the whole body instead of the quality's; they are nudged and mirrored, and averaged. With the standard
    /// quality they are the full model's alone.
    #[arg(long, value_name = "N", value_parser = readings)]
    pub readings: Option<usize>,
    /// The person to measure if several are found: 1 is the largest and most central.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = person)]
    pub person: usize,
    /// The subject's stature, for values in millimetres.
    #[arg(long, value_name = "CM", value_parser = stature)]
    pub height_cm: Option<f64>,
}

/// How many readings are taken of a photo; `docs/options.md` has the accuracy and time of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Quality {
    /// 2 readings of the full model.
    Fast,
    /// 2 readings each of the full and of the heavy model, and from the side 2 of thunder; 8 of the full model where the heavy one is
    /// not installed.
    Standard,
    /// 12 readings each of the full and of the heavy model, which must be installed, and 4 of thunder where it is.
    Best,
}

impl From<Quality> for quality::Quality {
    fn from(quality: Quality) -> Self {
        match quality {
            Quality::Fast => Self::Fast,
            Quality::Standard => Self::Standard,
            Quality::Best => Self::Best,
        }
    }
}

/// A view by the name that the command line uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ViewChoice {
    /// Detected automatically.
    Auto,
    /// From the front.
    #[value(alias = "anterior")]
    Front,
    /// From behind.
    #[value(alias = "posterior")]
    Back,
    /// The subject's left side.
    Left,
    /// The subject's right side.
    Right,
}

impl ViewChoice {
    /// As the library wants it; `None` when it is to be found.
    #[must_use]
    pub fn view(self) -> Option<View> {
        match self {
            ViewChoice::Auto => None,
            ViewChoice::Front => Some(View::Anterior),
            ViewChoice::Back => Some(View::Posterior),
            ViewChoice::Left => Some(View::LeftLateral),
            ViewChoice::Right => Some(View::RightLateral),
        }
    }
}

impl Measuring {
    /// As the library wants them.
    #[must_use]
    pub fn options(&self, given: UserCalibration) -> options::Options {
        options::Options {
            heads: false,
            readings: self.readings.unwrap_or_else(|| self.usual_readings()),
            view: self.view.view(),
            mirrored: self.mirrored,
            exchange_sides: self.exchange_sides,
            given,
            height_mm: self.height_cm.map(|cm| 10.0 * cm),
            person: self.person,
            region: None,
            points: Points::default(),
            keypoints: None,
        }
    }

    /// The quality's readings; a single model is read more often.
    fn usual_readings(&self) -> usize {
        match (&self.model, self.quality) {
            (Some(_), Quality::Standard) => options::DEFAULT_READINGS,
            _ => quality::Quality::from(self.quality).readings(),
        }
    }

    /// Which models to open.
    #[must_use]
    pub fn models(&self) -> Vec<ModelOptions> {
        let mut models = match &self.model {
            Some(name) => vec![named(name)],
            None if self.quality == Quality::Standard && self.readings.is_some() => vec![ModelOptions::default()],
            None => quality::Quality::from(self.quality).models(),
        };
        if let Some(name) = self.second.as_deref() {
            models.retain(|model| model.part == Part::First);
            models.extend((name != "none").then(|| ModelOptions { part: Part::Second, ..named(name) }));
        }
        models
    }
}

/// The model of a name, a short one too: `--model lite`.
pub(super) fn named(name: &str) -> ModelOptions {
    let model = match name {
        short @ ("lite" | "full" | "heavy") => format!("blazepose-{short}"),
        "thunder" => THUNDER.to_owned(),
        other => other.to_owned(),
    };
    ModelOptions { model, ..ModelOptions::default() }
}

pub(super) fn number(text: &str) -> Result<f64, String> {
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

pub(super) fn positive(text: &str) -> Result<f64, String> {
    within(text, 0.001, 10_000.0, "")
}

pub(super) fn stature(text: &str) -> Result<f64, String> {
    within(text, *options::STATURE_CM.start(), *options::STATURE_CM.end(), " cm")
}

pub(super) fn minutes(text: &str) -> Result<f64, String> {
    within(text, 0.01, 1440.0, " minutes")
}

pub(super) fn roll(text: &str) -> Result<f64, String> {
    within(text, -45.0, 45.0, " degrees")
}

pub(super) fn count(text: &str, most: usize) -> Result<usize, String> {
    text.parse::<usize>()
        .ok()
        .filter(|n| (1..=most).contains(n))
        .ok_or_else(|| format!("expected a whole number from 1 to {most}, found \"{text}\""))
}

pub(super) fn readings(text: &str) -> Result<usize, String> {
    count(text, MAX_READINGS)
}

pub(super) fn person(text: &str) -> Result<usize, String> {
    count(text, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_refused_in_words() {
        assert_eq!(stature("400").unwrap_err(), "expected 40 to 260 cm, found 400");
        assert!(readings("0").is_err() && person("x").is_err() && number("nan").is_err());
    }
}
