//! Measures a standing person's left/right asymmetry from an ordinary photo, each figure with its own measurement error.
//!
//! # The data's way
//!
//! | stage | from -> to | where |
//! |---|---|---|
//! | read | bytes -> [`photo::Photo`](vision::photo::Photo) | [`photo`](vision::photo), [`maker_note`](vision::photo::maker_note) |
//! | split | photo -> the views in it | [`views`](vision::views), [`panels`](mod@vision::panels) |
//! | detect | pixels -> [`region::Region`](vision::raster::region::Region) | [`detect`](vision::detect), [`estimate`](vision::estimate) |
//! | crop | pixels + region -> [`crop::Crop`](vision::raster::crop::Crop): tensor and the map back | [`crop`](vision::raster::crop) |
//! | infer | tensor -> named arrays | [`model`](vision::model) |
//! | decode | arrays -> points of the crop (pure) | [`estimate::blazepose::detector`](vision::estimate::blazepose::detector), [`estimate::blazepose::landmarks`](vision::estimate::blazepose::landmarks) |
//! | place | points + map -> [`pose::Pose`](core::body::pose::Pose) in photo pixels | [`estimate`](vision::estimate) |
//! | combine | several readings -> one pose with its spread, and the outline | [`ensemble`](vision::ensemble), [`silhouette`](core::silhouette) |
//! | keep | all that the pixels said -> [`observation::Observation`](core::observation::Observation); nothing after this looks at a pixel | [`observation`](core::observation), [`analysis`](vision::analysis) |
//! | level, turn back | pose + [`camera::Camera`](core::camera::Camera) + yaw -> pose in the body's own plane | [`camera`](core::camera), [`vanishing`](vision::vanishing), [`frontal_plane`](core::camera::frontal_plane), [`sagittal_plane`](core::camera::sagittal_plane) |
//! | judge | pose -> [`view::View`](core::body::view::View), [`quality::Quality`](core::quality::Quality) | [`view`](core::body::view), [`exposure`](vision::exposure), [`quality`](core::quality) |
//! | measure | pose -> [`measure::Assessment`](core::measure::Assessment): each a value with its error, or a reason | [`pipeline`](core::pipeline), [`measure`](core::measure), [`estimators`](core::measure::estimators), [`stance`](core::body::stance), [`calibration`](core::uncertainty::calibration) |
//! | record | all of it -> [`record::Record`](core::record::Record) | [`record`](core::record) |
//! | again | record + other options or [`points`](core::points) by hand -> record | [`recompute`](core::recompute), [`edit`](app::edit) |
//! | many | folders, lists -> records, tables, a page over all | [`batch`](app::batch) |
//! | compare | records of a subject -> changes, trend | [`history`](store::history), [`change`](core::compare::change), [`reference`](mod@core::compare::reference) |
//! | show | record -> table, picture, page, FHIR | [`report`], [`schema`](core::record::schema), [`output`](report::output), [`names`](core::names) |
//! | face | head's crop -> tilt and turn by a mesh of the face | [`face_mesh`](vision::face_mesh), [`face`](core::face) |
//! | join | a second model's points, several photos of one stance | [`second`](core::uncertainty::second), [`joint`](core::compare::joint) |
//! | follow (video) | frames -> readings of one person -> medians, alerts | [`frame`](vision::raster::frame), [`track`](vision::track), [`smoothing`](core::watch::smoothing), [`watch`](core::watch) |
//!
//! # Invariants
//!
//! - [`geometry`](core::geometry), [`measure`](core::measure), [`pose`](core::body::pose), [`skeleton`](core::body::skeleton) know neither models nor pictures. Only [`model`](vision::model) names `ort`, only
//!   [`cli`](app::cli) and the programs' `main` name `clap`. Only `src/live`, a room of the program `orthostat-live` and not of this library, names `opencv`:
//!   linked into the library it would be loaded by `orthostat` as well.
//! - Sides are the subject's own; positive = the subject's left is higher, or shifted to the subject's left. Pixels: x to the
//!   right, y down.
//! - A missing joint or measure is an error with a reason, never 0 or NaN.
//! - Nothing here prints, exits, opens a socket, or draws a random number: one photo gives one record, bit for bit. But for
//!   [`edit`](app::edit), which listens on 127.0.0.1 and draws its token, the key of [`batch::identity`](app::batch::identity), and the names of unfinished files in
//!   [`output`](report::output); none is part of measuring.
//!
//! # What is stable
//!
//! The names at the root of the crate, and the record (`orthostat/1`). The modules are open because the programs and the tools are
//! built on them; what they hold may change in any version.
//!
//! # Example
//!
//! ```
//! use orthostat::{Analyzer, Measure, Model, Options, Photo, ReadOptions};
//!
//! let photo = Photo::open("samples/anterior-tilted.jpg".as_ref(), &ReadOptions::default())?;
//! let mut analyzer = Analyzer::open(&[Model::default()], 2)?;
//! let analysis = analyzer.analyze(&photo, &Options::default())?;
//! match analysis.assessment.get(Measure::ShoulderTilt) {
//!     Ok(found) => println!("{:+.1} degrees, standard error {:.1}", found.value, found.sd),
//!     Err(refusal) => println!("not measured: {refusal}"),
//! }
//! # assert!(analysis.assessment.get(Measure::ShoulderTilt).as_ref().unwrap().value > 0.0);
//! # Ok::<(), orthostat::Error>(())
//! ```

#[cfg(feature = "programs")]
#[doc(hidden)]
pub mod app;
#[macro_use]
pub mod core;
pub mod report;
#[cfg(feature = "programs")]
#[doc(hidden)]
pub mod store;
pub mod vision;

pub use crate::core::error::{Error, Result};
pub use crate::core::measure::Measure;
pub use crate::core::options::Options;
pub use crate::core::pipeline::Analysis;
pub use crate::core::record::Record;
pub use crate::vision::analysis::Analyzer;
pub use crate::vision::estimate::model_options::ModelOptions as Model;
pub use crate::vision::photo::{Photo, ReadOptions};
