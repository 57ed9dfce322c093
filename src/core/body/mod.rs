//! The body: its joints, its pose, and the side that is seen.

pub mod framing;
pub mod landmarks;
pub mod pose;
pub mod skeleton;
pub mod stance;
pub mod view;
