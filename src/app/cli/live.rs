//! `orthostat-live`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use super::measuring::{ViewChoice, named, number, person, readings, roll, stature};
use crate::core::camera::UserCalibration;
use crate::core::options;
use crate::core::points::Points;
use crate::core::watch::alert::Preset;
use crate::core::watch::baseline;
use crate::vision::estimate::model_options::ModelOptions;

const KEYS: &str = "\
Keys in the window: space pause; b take a baseline; c standing check; s save this picture with its record; m mirror; \
z snooze; ? help; q quit.

Exit codes: 0 somebody was measured; 1 the source cannot be opened or read; 2 wrong usage; 3 nobody was measured, or the check \
failed, or no camera was found; 4 a model or ONNX Runtime is missing or does not match; 5 an output cannot be written; \
130 interrupted.

Signs: positive = the subject's own left is higher, or leans more to the left; the mirrored window changes no side.
Measurement aid: it does not diagnose and does not replace an examination by a professional. Pictures stay in memory; only \
the key s stores one. Nothing leaves this machine.";

/// Watches one person through a camera and shows how level they stand or sit.
#[derive(Debug, Parser)]
#[command(
    name = "orthostat-live",
    version,
    about = "Watches one person through a camera and shows how level they stand or sit.",
    after_help = KEYS,
    max_term_width = 100
)]
pub struct Live {
    /// The camera's number.
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "source")]
    pub camera: u32,
    /// A video file, a picture, a sequence of pictures such as frame_%04d.png (each measured separately, like a photo), or the
    /// address of a camera stream (http://, rtsp://), instead of a camera.
    #[arg(long, value_name = "FILE|URL")]
    pub source: Option<String>,
    /// List the cameras of this machine, and stop.
    #[arg(long)]
    pub list_cameras: bool,
    /// Print the summary of a session file (time level, tilted, away), and stop.
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Open no window. A video file is then read as fast as possible, frame by frame.
    #[arg(long)]
    pub no_window: bool,
    /// Frames of a camera or a stream that are measured per second.
    #[arg(long, value_name = "N", default_value_t = 10.0, value_parser = rate)]
    pub rate: f64,
    /// Measure every frame of a video file, however long it takes, in the window too.
    #[arg(long)]
    pub every_frame: bool,
    /// Start a video file over when it ends.
    #[arg(long = "loop")]
    pub looped: bool,
    /// Give up when a camera or a stream is lost for this long (such as 30s); otherwise wait for it.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub give_up: Option<f64>,
    /// Stop after this many frames.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub frames: Option<u64>,

    /// Standing check: counts down, takes three seconds of standing still, prints one record with its intervals, saves it into
    /// the folder of --out, and stops.
    #[arg(long, conflicts_with_all = ["watch", "session"])]
    pub check: bool,
    /// Watch mode: alert when the posture departs from the baseline for ten seconds.
    #[arg(long)]
    pub watch: bool,
    /// The baseline's name. One that does not exist yet is taken first: ten seconds as you usually stand or sit.
    #[arg(long, value_name = "NAME", default_value = baseline::DEFAULT_NAME)]
    pub baseline: String,
    /// Take a new baseline.
    #[arg(long, requires = "watch")]
    pub new_baseline: bool,
    /// How soon watch mode alerts.
    #[arg(long, value_enum, default_value_t = Sensitivity::Medium)]
    pub sensitivity: Sensitivity,
    /// How long the key z keeps watch mode silent.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = seconds)]
    pub snooze: f64,
    /// Log what watch mode notices, without alerts.
    #[arg(long)]
    pub quiet: bool,

    /// Print one JSON record per line to standard output: the medians over the still frames of each period.
    #[arg(long)]
    pub jsonl: bool,
    /// How long a period is: 1s, 500ms, at most 1m; 0 for each frame on its own.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = period)]
    pub every: f64,
    /// Write one row per period into this new CSV file.
    #[arg(long, value_name = "FILE")]
    pub session: Option<PathBuf>,
    /// Where --check and the key s save.
    #[arg(long, value_name = "DIR", default_value = "orthostat-live")]
    pub out: PathBuf,
    /// Print how long the frames took, and the memory used, when it ends.
    #[arg(long)]
    pub timing: bool,

    /// From which side the camera sees the person.
    #[arg(long, value_enum, default_value_t = ViewChoice::Auto)]
    pub view: ViewChoice,
    /// The source's pictures are mirror images already.
    #[arg(long)]
    pub mirrored: bool,
    /// The camera's roll in degrees: positive when upright things appear turned clockwise. Otherwise edges in the background give it.
    #[arg(long, value_name = "DEG", value_parser = roll, allow_hyphen_values = true)]
    pub roll: Option<f64>,
    /// The landmark model: lite, full, heavy, or an ONNX file with the inputs and outputs of full.
    #[arg(long, value_name = "NAME|FILE", default_value = "full")]
    pub model: String,
    /// Readings of each picture of a sequence, and of what the key s saves.
    #[arg(long, value_name = "N", value_parser = readings)]
    pub readings: Option<usize>,
    /// The person to measure if several are found: 1 is the largest and most central.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = person)]
    pub person: usize,
    /// The subject's stature, for values in millimetres.
    #[arg(long, value_name = "CM", value_parser = stature)]
    pub height_cm: Option<f64>,
}

/// How soon watch mode alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sensitivity {
    /// At one and a half times the usual departure.
    Low,
    /// Beyond 3 degrees, or 3 times the baseline's scatter.
    Medium,
    /// At 0.7 times the usual departure.
    High,
}

impl From<Sensitivity> for Preset {
    fn from(sensitivity: Sensitivity) -> Self {
        match sensitivity {
            Sensitivity::Low => Preset::Low,
            Sensitivity::Medium => Preset::Medium,
            Sensitivity::High => Preset::High,
        }
    }
}

impl Live {
    /// How to measure, as the library wants it; `readings` of a picture unless the user says otherwise.
    #[must_use]
    pub fn measuring(&self, readings: usize) -> options::Options {
        options::Options {
            heads: false,
            readings: self.readings.unwrap_or(readings),
            view: self.view.view(),
            mirrored: self.mirrored,
            exchange_sides: false,
            given: UserCalibration { roll_deg: self.roll, plumb: None },
            height_mm: self.height_cm.map(|cm| 10.0 * cm),
            person: self.person,
            region: None,
            points: Points::default(),
            keypoints: None,
        }
    }

    /// Which landmark model to open.
    #[must_use]
    pub fn models(&self) -> ModelOptions {
        named(&self.model)
    }
}

/// A length of time in seconds: `1.5`, `500ms`, `2s`, `10m`, `1h`.
fn time(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        other => return Err(format!("expected a time such as 500ms, 2s or 10m, found the unit \"{other}\"")),
    };
    Ok(factor * number(digits)?)
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = time(text)?;
    if (0.0..=86_400.0).contains(&seconds) { Ok(seconds) } else { Err(format!("expected 0s to 24h, found {text}")) }
}

fn period(text: &str) -> Result<f64, String> {
    let seconds = time(text)?;
    if (0.0..=60.0).contains(&seconds) { Ok(seconds) } else { Err(format!("expected 0 to 1m, found {text}")) }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = number(text)?;
    if (0.1..=240.0).contains(&rate) {
        Ok(rate)
    } else {
        Err(format!("expected 0.1 to 240 looks a second, found {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, expected) in [("1", 1.0), ("1.5s", 1.5), ("500ms", 0.5), ("2m", 120.0), ("1h", 3600.0)] {
            assert_eq!(time(text), Ok(expected), "{text}");
        }
        assert_eq!(period("2m").unwrap_err(), "expected 0 to 1m, found 2m");
        assert!(time("3 days").is_err() && time("").is_err() && seconds("-1s").is_err() && rate("0").is_err());
        assert_eq!((seconds("0"), period("0")), (Ok(0.0), Ok(0.0)));
    }
}
