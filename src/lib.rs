//! Measures a standing person's left/right asymmetry from an ordinary photo, each figure with its own measurement error.
//!
//! # The data's way
//!
//! | stage | from -> to | where |
//! |---|---|---|
//! | read | bytes -> [`photo::Photo`] | [`photo`], [`maker_note`] |
//! | locate | pixels -> [`crop::Region`] | [`locate`], [`estimate`] |
//! | crop | pixels + region -> [`crop::Crop`]: tensor and the map back | [`crop`] |
//! | infer | tensor -> named arrays | [`model`] |
//! | decode | arrays -> points of the crop (pure) | [`estimate::blazepose::detector`], [`estimate::blazepose::landmarks`] |
//! | place | points + map -> [`pose::Pose`] in photo pixels | [`estimate`] |
//! | repeat | several readings -> one pose with its spread, and the outline | [`repeat`], [`silhouette`] |
//! | keep | all that the pixels said -> [`sighting::Sighting`]; nothing after this looks at a pixel | [`sighting`], [`analysis`] |
//! | level, turn back | pose + [`camera::Camera`] + yaw -> pose in the body's own plane | [`camera`], [`verticals`], [`coronal`] |
//! | judge | pose -> [`view::View`], [`quality::Quality`] | [`view`], [`exposure`], [`quality`] |
//! | measure | pose -> [`measure::Assessment`]: each a value with its error, or a reason | [`assessment`], [`measure`], [`evidence`], [`stance`], [`calibration`] |
//! | record | all of it -> [`record::Record`] | [`record`] |
//! | again | record + other options or [`points`] by hand -> record | [`recompute`], [`edit`] |
//! | many | folders, lists -> records, tables, a page over all | [`batch`] |
//! | compare | records of a subject -> changes, trend | [`history`], [`change`], [`mod@reference`] |
//! | show | record -> table, picture, page, FHIR | [`report`], [`schema`], [`output`], [`names`] |
//! | follow (video) | frames -> readings of one person -> medians, alerts | [`frame`], [`track`], [`smoothing`], [`watch`] |
//!
//! # Invariants
//!
//! - [`geometry`], [`measure`], [`pose`], [`skeleton`] know neither models nor pictures. Only [`model`] names `ort`, only
//!   [`cli`] names `clap`. Only `src/live`, a room of the program `orthostat-live` and not of this library, names `opencv`:
//!   linked into the library it would be loaded by `orthostat` as well.
//! - Sides are the subject's own; positive = the subject's left is higher, or shifted to the subject's left. Pixels: x to the
//!   right, y down.
//! - A missing joint or measure is an error with a reason, never 0 or NaN.
//! - Nothing here prints, exits, opens a socket, or draws a random number: one photo gives one record, bit for bit. But for
//!   [`edit`], which listens on 127.0.0.1 and draws its token, the key of [`batch::identity`], and the names of unfinished files in
//!   [`output`]; none is part of measuring.
//!
//! # Example
//!
//! ```
//! use orthostat::analysis::{Analyzer, Options};
//! use orthostat::estimate::blazepose;
//! use orthostat::measure::Measure;
//! use orthostat::photo::{Photo, ReadOptions};
//!
//! let photo = Photo::open("samples/anterior-tilted.jpg".as_ref(), &ReadOptions::default())?;
//! let mut analyzer = Analyzer::open(&[blazepose::Options::default()], 2)?;
//! let analysis = analyzer.analyze(&photo, &Options::default())?;
//! match analysis.assessment.get(Measure::ShoulderTilt) {
//!     Ok(found) => println!("{:+.1} degrees, standard error {:.1}", found.value, found.sd),
//!     Err(refusal) => println!("not measured: {refusal}"),
//! }
//! # assert!(analysis.assessment.get(Measure::ShoulderTilt).as_ref().unwrap().value > 0.0);
//! # Ok::<(), orthostat::error::Error>(())
//! ```

pub mod analysis;
pub mod assessment;
pub mod batch;
pub mod calibration;
pub mod camera;
pub mod change;
pub mod cli;
pub mod coronal;
pub mod crop;
pub mod doctor;
pub mod edit;
pub mod error;
pub mod estimate;
pub mod evidence;
pub mod exposure;
pub mod frame;
pub mod geometry;
pub mod heads;
pub mod history;
pub mod isolation;
pub mod library;
pub mod locate;
pub mod maker_note;
pub mod measure;
pub mod model;
pub mod names;
pub mod output;
pub mod photo;
pub mod photo_hash;
pub mod placement;
pub mod points;
pub mod pose;
pub mod quality;
pub mod recompute;
pub mod record;
pub mod reference;
pub mod repeat;
pub mod report;
mod resample;
pub mod schema;
pub mod sighting;
pub mod silhouette;
pub mod skeleton;
pub mod smoothing;
pub mod stance;
pub mod straightening;
pub mod track;
pub mod verticals;
pub mod view;
pub mod watch;
