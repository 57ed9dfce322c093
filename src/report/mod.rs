//! What users see, one exporter per file. Each takes records and gives bytes or text; none writes a file.

pub mod fhir;
pub mod font;
pub mod overlay;
pub mod text;

/// A number with its sign and one decimal, and no minus before a zero.
fn signed(value: f64) -> String {
    let rounded = (10.0 * value).round() / 10.0;
    format!("{:+.1}", if rounded == 0.0 { 0.0 } else { rounded })
}
