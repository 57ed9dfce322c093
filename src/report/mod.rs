//! What users see, one exporter per file. Each takes records and gives bytes or text; none writes a file.

pub mod changes;
pub mod csv;
pub mod fhir;
pub mod font;
pub mod html;
pub mod mask;
pub mod output;
pub mod overlay;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod summary;
pub mod svg;
pub mod table;
pub mod text;
pub mod trend;

/// A number with its sign and one decimal, and no minus before a zero.
fn signed(value: f64) -> String {
    let rounded = (10.0 * value).round() / 10.0;
    format!("{:+.1}", if rounded == 0.0 { 0.0 } else { rounded })
}
