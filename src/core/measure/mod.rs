//! All measures: their descriptions ([`descriptor`], [`registry`]), the functions that compute them, and values with errors.

pub mod assessment;
pub mod descriptor;
pub mod estimators;
pub mod frontal;
pub mod lateral;
pub mod manual;
pub mod registry;
pub mod spinal_profile;

pub use assessment::{Assessment, ByHand, Measurement};
pub use descriptor::Unit;
pub use registry::Measure;

pub use crate::core::body::view::Facing;
