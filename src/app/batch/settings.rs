//! The settings of a run, and the presentation of ids and files in its outputs.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::identity::Identity;
use super::plan::{Job, Plan, file_name};
use crate::core::names;
use crate::core::record::{Intake, Record};
use crate::report::fhir::Filing;
use crate::report::scene::framing::Attitude;
use crate::vision::estimate::model_options::ModelOptions;
use crate::vision::photo::ReadOptions;

/// The journal's name in the output folder.
pub const JOURNAL: &str = ".journal.jsonl";
/// The joint records of each subject, day and view with several photos.
pub const VISITS: &str = "visits.jsonl";
/// Earlier results that a resumed run replaced.
pub const REPLACED: &str = "replaced.jsonl";

/// The folder of annotated pictures in the output folder.
pub const PICTURES: &str = "pictures";

/// Formats in addition to JSON lines and CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// FHIR bundles, one per line.
    Fhir,
}

/// The settings of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The output folder.
    pub folder: PathBuf,
    /// Continue an earlier run in that folder.
    pub resume: bool,
    /// Overwrite the results of an earlier run, and files of others.
    pub force: bool,
    /// Files that are never overwritten, besides the photos: the intake list, the key.
    pub inputs: Vec<PathBuf>,
    /// The number of workers.
    pub jobs: usize,
    /// The time limit per photo.
    pub time_limit: Duration,
    /// How photos are read.
    pub reading: ReadOptions,
    /// The models.
    pub models: Vec<ModelOptions>,
    /// Write annotated pictures.
    pub pictures: bool,
    /// The attitude of pictures, including those in pages.
    pub attitude: Attitude,
    /// De-identify the outputs.
    pub identity: Option<Identity>,
    /// Further formats.
    pub formats: Vec<Format>,
    /// How FHIR bundles are filed.
    pub filing: Filing,
    /// Whether CSV tables begin with a byte order mark.
    pub bom: bool,
    /// Write a page for each subject.
    pub reports: bool,
    /// Compare values with published ranges on those pages.
    pub reference_bands: bool,
    /// The history in which the records of known subjects are saved.
    pub history: Option<PathBuf>,
}

/// One of the views in a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub number: usize,
    /// The number of views.
    pub of: usize,
}

impl Place {
    /// The only view.
    pub const ONLY: Self = Self { number: 1, of: 1 };

    /// All of `of` views, in order.
    pub fn all(of: usize) -> impl Iterator<Item = Self> {
        (1..=of).map(move |number| Self { number, of })
    }

    /// The view's id or name, from that of the photo.
    #[must_use]
    pub fn of(self, id: &str) -> String {
        names::of_view(id, self.number, self.of)
    }
}

/// The presentation of ids and files in the outputs; by default everything is named.
///
/// De-identified outputs are in the order of the ids, so that they do not reveal the order of the input.
#[derive(Debug, Clone, Default)]
pub struct Presentation {
    identity: Option<Identity>,
    /// File names of pictures, by job.
    pictures: Vec<String>,
    /// Days since the subject's first visit, by job.
    days: Vec<Option<i64>>,
}

impl Presentation {
    pub(super) fn new(plan: &Plan, identity: Option<Identity>) -> Self {
        let mut show = Self { identity, pictures: Vec::new(), days: Vec::new() };
        let mut taken = HashSet::new();
        show.pictures = plan.jobs.iter().map(|job| file_name(&show.id(job), &mut taken)).collect();
        show.days = days(&plan.jobs);
        show
    }

    /// Whether the outputs are de-identified.
    #[must_use]
    pub fn is_deidentified(&self) -> bool {
        self.identity.is_some()
    }

    /// The jobs in the order of the outputs.
    #[must_use]
    pub fn order(&self, jobs: &[Arc<Job>]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        if self.is_deidentified() {
            order.sort_by_cached_key(|&index| self.id(&jobs[index]));
        }
        order
    }

    /// A job's id in the outputs.
    #[must_use]
    pub fn id(&self, job: &Job) -> String {
        self.identity.as_ref().map_or_else(|| job.id.clone(), |identity| identity.id("id", &job.id))
    }

    /// The subject of a job in the outputs, else the id.
    pub(super) fn whom(&self, job: &Job) -> String {
        match (&job.subject, &self.identity) {
            (None, _) => self.id(job),
            (Some(subject), None) => subject.clone(),
            (Some(subject), Some(identity)) => identity.id("subject", subject),
        }
    }

    /// A job's file as named in failures; `None` in de-identified outputs.
    #[must_use]
    pub fn file(&self, job: &Job) -> Option<String> {
        self.identity.is_none().then(|| job.path.to_string_lossy().into_owned())
    }

    /// The annotated picture of one view of a job, relative to the output folder. The name is unique: other jobs' names have no `#`.
    #[must_use]
    pub fn picture(&self, index: usize, view: Place) -> String {
        let name = self.pictures.get(index).map_or("photo", String::as_str);
        format!("{PICTURES}/{}.jpg", view.of(name))
    }

    /// A journal's record with a job's names.
    #[must_use]
    pub fn record(&self, job: &Job, record: &Record, index: usize, view: Place) -> Record {
        let named = self.identity.is_none();
        let file = job.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let intake = Intake {
            subject: job.subject.as_ref().map(|subject| match &self.identity {
                None => subject.clone(),
                Some(identity) => identity.id("subject", subject),
            }),
            visit_date: job.visit.filter(|_| named).map(|date| date.to_string()),
            visit_day: self.days.get(index).copied().flatten().filter(|_| !named),
            // Notes and columns from outside may name a person.
            columns: if named { job.carried.clone() } else { Default::default() },
        };
        let mut record = record.clone();
        record.id = view.of(&self.id(job));
        record.source.file = if named { file } else { String::new() };
        record.intake = (intake != Intake::default()).then_some(intake);
        record
    }
}

/// Days since each subject's first visit.
fn days(jobs: &[Job]) -> Vec<Option<i64>> {
    let mut first = std::collections::HashMap::new();
    for job in jobs {
        if let Some(date) = job.visit {
            let known = first.entry(job.subject.as_deref().unwrap_or(&job.id)).or_insert(date);
            *known = date.min(*known);
        }
    }
    jobs.iter()
        .map(|job| {
            let first = first.get(job.subject.as_deref().unwrap_or(&job.id))?;
            Some(i64::from(job.visit?.since(*first).ok()?.get_days()))
        })
        .collect()
}
