//! Stored data: the history, and the baselines of the webcam program.

pub mod baselines;
pub mod history;
