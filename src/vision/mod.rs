//! From pixels to observations: pictures, models, people, edges, light.

pub mod analysis;
pub mod catalogue;
pub mod clothes;
pub mod detect;
pub mod ensemble;
pub mod estimate;
pub mod exposure;
pub mod face_mesh;
pub mod heads;
pub mod identity;
pub mod library;
pub mod model;
pub mod panels;
pub mod photo;
pub mod print;
pub mod quality;
pub mod raster;
pub mod steady;
pub mod track;
pub mod vanishing;
pub mod views;
