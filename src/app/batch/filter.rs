//! Paths in, records out, in the same order, one line each: for engines that distribute the work themselves.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::plan::{Job, stem};
use super::settings::Place;
use super::worker::{self, Make};
use crate::core::error::{Error, Result};
use crate::core::options::Options;
use crate::core::record::outcome::{Failure, Outcome, Tally};
use crate::core::record::{Record, SCHEMA};
use crate::vision::analysis::Analyzer;
use crate::vision::estimate::model_options::ModelOptions;
use crate::vision::photo::{Photo, ReadOptions};

/// The line of a photo without a record.
#[derive(Debug, Serialize)]
struct FailureLine<'a> {
    schema: &'static str,
    id: String,
    source: FailureSource,
    error: &'a Failure,
}

#[derive(Debug, Serialize)]
struct FailureSource {
    file: String,
}

/// Settings of a filter.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Number of workers, and the time limit per photo.
    pub pool: worker::Settings,
    /// How photos are read.
    pub reading: ReadOptions,
    /// The models.
    pub models: Vec<ModelOptions>,
    /// How photos are measured.
    pub options: Options,
}

/// Measures paths as they arrive. `emit` gets one line of JSON for each (for each panel of a collage), without its line feed, in their
/// order: a record, or an object with `schema`, `id`, `source.file` and `error` (`code`, `text`). It may stop the run.
///
/// # Errors
/// What `paths` and `emit` say; [`Error::Runtime`] and [`Error::Model`].
pub fn filter(
    paths: impl Iterator<Item = std::io::Result<PathBuf>> + Send + 'static,
    settings: &Settings,
    stop: &AtomicBool,
    mut emit: impl FnMut(&str) -> Result<ControlFlow<()>>,
) -> Result<Tally> {
    let shared = Arc::new(settings.clone());
    let broken: Arc<std::sync::Mutex<Option<std::io::Error>>> = Arc::default();
    let (options, report) = (settings.options.clone(), broken.clone());
    let jobs = paths.map_while(move |path| match path {
        Ok(path) => {
            let id = stem(&path);
            Some(Arc::new(Job { id, ..Job::of(path, &options) }))
        }
        Err(error) => {
            *report.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(error);
            None
        }
    });
    let make: Make<Vec<Outcome>> = Arc::new(move || {
        let shared = shared.clone();
        let mut analyzer = Analyzer::open(&shared.models, 1)?;
        Ok(Box::new(move |_, job: &Job| {
            let photo = Photo::open(&job.path, &shared.reading)?;
            let views = analyzer.views(photo, &job.options)?;
            let of = views.len();
            let one = |(number, view): (usize, Photo)| match analyzer.analyze(&view, &job.options) {
                Ok(analysis) => {
                    let id = Place { number, of }.of(&job.id);
                    Ok(Outcome::Record(Box::new(Record::of(view.provenance(&id), &analysis))))
                }
                // The other panels of a collage are still measured.
                Err(error) if of > 1 && !matches!(error, Error::Runtime { .. } | Error::Model { .. }) => {
                    Ok(Outcome::Failure(Failure::of(&error, &job.path)))
                }
                Err(error) => Err(error),
            };
            (1..).zip(views).map(one).collect()
        }))
    });
    let mut tally = Tally::default();
    let mut waiting: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut next = 0;
    let gone = AtomicBool::new(false);
    let result = worker::run(Box::new(jobs), make, settings.pool, stop, |index, job, result| {
        let outcomes = result.unwrap_or_else(|failure| vec![Outcome::Failure(failure)]);
        outcomes.iter().for_each(|outcome| tally.count(outcome));
        let places = Place::all(outcomes.len()).zip(&outcomes);
        waiting.insert(index, places.map(|(view, outcome)| line(job, view, outcome)).collect::<Result<Vec<_>>>()?);
        while let Some(lines) = waiting.remove(&next) {
            next += 1;
            for line in lines {
                if emit(&line)?.is_break() {
                    gone.store(true, std::sync::atomic::Ordering::Relaxed);
                    // The reader has closed the pipe: this error only ends the work.
                    return Err(Error::Usage { reason: "standard output was closed".into() });
                }
            }
        }
        Ok(())
    });
    if !gone.into_inner() {
        result?;
    }
    match broken.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
        Some(source) => Err(Error::Unreadable { path: "standard input".into(), source }),
        None => Ok(tally),
    }
}

fn line(job: &Job, view: Place, outcome: &Outcome) -> Result<String> {
    let json = match outcome {
        Outcome::Record(record) => serde_json::to_string(record),
        Outcome::Failure(error) => {
            let file = job.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            serde_json::to_string(&FailureLine {
                schema: SCHEMA,
                id: view.of(&job.id),
                source: FailureSource { file },
                error,
            })
        }
    };
    json.map_err(|error| Error::Unwritable { path: "standard output".into(), source: error.into() })
}
