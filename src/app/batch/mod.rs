//! Many photos, unattended: what is to be done, who does it, and what is left behind.
//!
//! - [`input`]: files, folders, globs -> paths
//! - [`manifest`]: an intake list (CSV) -> [`plan::Job`]s
//! - [`plan`]: everything that will be measured, under which id and with which options, and every problem, before work starts
//! - [`worker`]: a pool that measures jobs independently: a panic or a photo that takes too long ends that photo only
//! - [`journal`]: what is done already, on disk, so that a run that was ended in any way goes on where it was
//! - [`marks`]: what is being measured, on disk, so that a photo that kills the program does not kill every run that goes on
//! - [`identity`]: de-identified ids
//! - [`results`]: journal -> the files that the user wants, in the order of the plan
//! - [`pages`]: a page for each subject, and the history
//! - [`settings`]: how a run is to be done
//! - [`run`]: all of it together; [`filter`]: the same without files, for other engines
//!
//! Whatever the number of workers, the same input gives the same bytes.

pub mod filter;
pub mod identity;
pub mod input;
pub mod journal;
pub mod manifest;
pub mod marks;
mod nameless;
pub mod pages;
pub mod plan;
pub mod results;
pub mod run;
pub mod settings;
pub mod worker;
