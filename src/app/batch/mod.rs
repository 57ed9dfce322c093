//! Unattended measuring of many photos: plan, workers, and results.
//!
//! - [`input`]: files, folders, globs -> paths
//! - [`manifest`]: an intake list (CSV) -> [`plan::Job`]s
//! - [`plan`]: everything that will be measured, with id and options, and every problem, before work starts
//! - [`worker`]: a pool that measures jobs independently: a panic or a photo that takes too long affects that photo only
//! - [`journal`]: completed work on disk, so that a run that ended in any way can be resumed
//! - [`marks`]: photos in progress, on disk, so that a photo that crashes the program does not crash every resumed run
//! - [`identity`]: de-identified ids
//! - [`results`]: journal -> the requested files, in the order of the plan
//! - `replaced`: earlier results of other photos with the same ids
//! - [`pages`]: a page for each subject, and the history
//! - [`settings`]: the settings of a run
//! - [`run`]: all of these combined; [`filter`]: the same without files, for other engines
//!
//! The same input gives the same bytes for any number of workers.

pub mod filter;
pub mod identity;
pub mod input;
pub mod journal;
pub mod manifest;
pub mod marks;
mod nameless;
pub mod pages;
pub mod plan;
mod replaced;
pub mod results;
pub mod run;
pub mod settings;
pub mod worker;
