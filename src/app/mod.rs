//! The application layer: command line, batches, the page for editing, the self-test.

pub mod batch;
pub mod cli;
pub mod doctor;
pub mod edit;
pub mod models;
pub mod pdf;
pub mod records;
