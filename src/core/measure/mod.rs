//! Every measure: what is known of it ([`descriptor`], [`registry`]), the functions that take it, and its value with its error.

pub mod assessment;
pub mod descriptor;
pub mod estimators;
pub mod frontal;
pub mod lateral;
pub mod manual;
pub mod registry;

pub use assessment::{Assessment, ByHand, Measurement};
pub use descriptor::Unit;
pub use registry::Measure;

pub use crate::core::body::view::Facing;
