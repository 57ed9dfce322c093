//! The outputs for users, one per file. Each takes records and returns bytes or text; only `output` writes files.

#[cfg(feature = "programs")]
pub mod changes;
pub mod csv;
pub mod escape;
pub mod fhir;
pub mod font;
pub mod glance;
pub mod html;
pub mod keypoints;
#[cfg(feature = "programs")]
pub mod lines;
pub mod mask;
pub mod output;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod raster;
pub mod scene;
pub mod summary;
pub mod svg;
pub mod table;
#[cfg(feature = "programs")]
pub mod text;
mod together;
pub mod trend;
mod words;

/// The caution included in every report.
pub const CAUTION: &str = "Measurement aid: left/right differences in one photo, with their measurement error. It does not \
                           diagnose and does not replace an examination by a professional.";

/// A number with its sign and one decimal, and no minus before zero.
fn signed(value: f64) -> String {
    format!("{:+.1}", one_decimal(value))
}

/// The only rounding of values for display: one decimal, halves away from zero, and no minus before zero.
fn one_decimal(value: f64) -> f64 {
    let rounded = (10.0 * value).round() / 10.0;
    if rounded == 0.0 { 0.0 } else { rounded }
}
