//! Writes files: complete or not at all, private to the user, and never in place of a file written by others.
//!
//! - [`Outputs`]: the only decision whether a file may be written, and the writing
//! - [`List`]: the files that this program wrote into a folder

mod encode;
mod list;
mod place;
mod writing;

pub use encode::{jpeg, json, png};
#[cfg(feature = "programs")]
pub(crate) use list::open_own;
pub use list::{LIST, List};
pub use place::{make_folder, private, replace_own};
pub use writing::{Draft, Outputs};

#[cfg(test)]
mod writing_tests;
