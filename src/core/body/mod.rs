//! The body: its joints, its pose, and the visible side.

pub mod framing;
pub mod keypoints;
pub mod landmarks;
pub mod pose;
pub mod skeleton;
pub mod spine;
pub mod stance;
pub mod view;
