//! Definitions of body, camera, measure and record, and basics for every layer: errors, names, folders. Independent of models and
//! pictures.

#[macro_use]
mod closed_set;

pub mod area;
pub mod body;
pub mod camera;
pub mod compare;
pub mod error;
pub mod exposure;
pub mod face;
pub mod folders;
pub mod gate;
pub mod geometry;
pub mod heads;
pub mod isolation;
pub mod keypoint_file;
pub mod measure;
pub mod names;
pub mod observation;
pub mod options;
mod person;
pub mod photo_hash;
pub mod pipeline;
pub mod points;
pub mod quality;
pub mod recompute;
pub mod record;
pub mod refusal;
pub mod scale;
pub mod silhouette;
pub mod statistics;
pub mod uncertainty;
pub mod watch;
