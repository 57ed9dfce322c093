//! All integration tests: one binary, so that it is linked once and helpers are shared.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking")]

mod agreement;
mod batch;
mod batch_resume;
mod binary;
mod browser;
mod compare;
#[cfg(unix)]
mod corpus;
mod edit;
mod edit_server;
mod fhir;
#[cfg(feature = "live")]
#[path = "live/film.rs"]
mod film;
mod framing;
mod headless;
mod heads;
mod history;
mod jpeg;
mod layers;
#[cfg(feature = "live")]
mod live;
#[cfg(feature = "live")]
mod live_guard;
#[cfg(feature = "live")]
mod live_window;
mod metadata;
mod models;
mod outputs;
mod panels;
mod photo;
mod photo_refused;
mod points;
mod privacy;
mod properties;
mod recompute;
mod records;
mod report;
mod schema;
mod snapshots;
mod summary;
mod support;
mod verticals;
mod visits;
mod watch;
