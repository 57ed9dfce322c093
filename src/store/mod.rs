//! What is kept: the history.

pub mod history;
