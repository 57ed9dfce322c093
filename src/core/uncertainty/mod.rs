//! How far values may be off: the fitted error model, what points placed by hand add, second opinions and repeatability.

pub mod calibration;
pub mod landmark_error;
pub mod repeat;
pub mod second;
pub mod side;
