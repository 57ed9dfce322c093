//! How far values may be off: the noise model, and points placed by hand.

pub mod calibration;
pub mod landmark_error;
pub mod second;
