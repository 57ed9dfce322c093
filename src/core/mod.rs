//! Numbers only: what a body, a camera, a measure and a record are. Knows no model and no picture.

pub mod assessment;
pub mod body;
pub mod camera;
pub mod compare;
pub mod error;
pub mod geometry;
pub mod isolation;
pub mod measure;
pub mod names;
pub mod photo_hash;
pub mod points;
pub mod quality;
pub mod recompute;
pub mod record;
pub mod sighting;
pub mod silhouette;
pub mod uncertainty;
pub mod watch;
