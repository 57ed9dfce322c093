//! What users see, one exporter per file. Each takes records and gives bytes or text; none writes a file.

pub mod font;
pub mod overlay;
pub mod text;
