//! Pixels in other places and sizes: crops, resampling, frames of a video.

pub mod crop;
pub mod frame;
pub mod region;
pub(crate) mod resample;
