//! Records beside each other and beside published ranges.

pub mod change;
pub mod joint;
mod notes;
pub mod reference;
pub mod visit;
