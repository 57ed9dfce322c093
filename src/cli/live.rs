//! `orthostat-live`.

use clap::Parser;

use super::Measuring;

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
