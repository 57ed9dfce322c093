//! Resampling of pixels: crops, averaging, frames of a video.

pub mod crop;
pub mod frame;
pub mod region;
pub(crate) mod resample;
