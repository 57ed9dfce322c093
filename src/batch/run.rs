//! A run into a folder: resume, measure, journal, results.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;

use super::identity::Identity;
use super::journal::{Entry, Journal, Key};
use super::marks::{Advice, Marks};
use super::plan::{Job, Plan, file_name};
use super::results::{self, Slot, Tally};
use super::worker::{self, Make};
use super::{Failure, Outcome, pages};
use crate::analysis::Analyzer;
use crate::error::{Error, Result};
use crate::estimate::blazepose;
use crate::history::History;
use crate::isolation;
use crate::output::{self, Draft};
use crate::photo::{Photo, ReadOptions};
use crate::record::{Intake, Record};
use crate::report::{mask, overlay};

/// The journal's name in the output folder.
pub const JOURNAL: &str = ".journal.jsonl";
/// The name of the list of what is being measured.
pub const MARKS: &str = ".in-work.jsonl";
/// The folder of annotated pictures in the output folder.
pub const PICTURES: &str = "pictures";
/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 96;
/// What a photo's results take on disk, in bytes: with and without its annotated picture.
const BYTES_A_PHOTO: [u64; 2] = [60_000, 500_000];

/// Formats beside JSON lines and CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
}

/// How a run is to be done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the results go.
    pub folder: PathBuf,
    /// Go on with what an earlier run left there.
    pub resume: bool,
    /// Write over what an earlier run left there.
    pub force: bool,
    /// How many workers.
    pub jobs: usize,
    /// The longest that one photo may take.
    pub time_limit: Duration,
    /// How photos are read.
    pub reading: ReadOptions,
    /// Which models.
    pub models: Vec<blazepose::Options>,
    /// Write annotated pictures.
    pub pictures: bool,
    /// Name nobody.
    pub identity: Option<Identity>,
    /// Further formats.
    pub formats: Vec<Format>,
    /// Write a page for each subject.
    pub reports: bool,
    /// Hold values against published ranges on those pages.
    pub reference_bands: bool,
    /// The history that keeps the records of known subjects.
    pub history: Option<PathBuf>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Photos that are done, those taken over from an earlier run included.
    pub done: usize,
    /// All photos.
    pub total: usize,
    /// Of those done, taken over from an earlier run.
    pub resumed: usize,
    /// Photos without a record so far.
    pub failed: usize,
    /// Photos refused by the gates so far.
    pub refused: usize,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Everything is done, and the results are written.
    Finished(Tally),
    /// It was stopped; `--resume` goes on.
    Stopped(Progress),
}

/// How ids and files appear in the outputs; by default all are named.
#[derive(Debug, Clone, Default)]
pub struct Presentation {
    identity: Option<Identity>,
    /// File names of pictures, by job.
    pictures: Vec<String>,
    /// Days since the subject's first visit, by job.
    days: Vec<Option<i64>>,
}

impl Presentation {
    fn new(plan: &Plan, identity: Option<Identity>) -> Self {
        let mut show = Self { identity, pictures: Vec::new(), days: Vec::new() };
        let mut taken = HashSet::new();
        show.pictures = plan.jobs.iter().map(|job| file_name(&show.id(job), &mut taken)).collect();
        show.days = days(&plan.jobs);
        show
    }

    /// Whether ids name nobody.
    #[must_use]
    pub fn is_deidentified(&self) -> bool {
        self.identity.is_some()
    }

    /// A job's id in the outputs.
    #[must_use]
    pub fn id(&self, job: &Job) -> String {
        self.identity.as_ref().map_or_else(|| job.id.clone(), |identity| identity.id("id", &job.id))
    }

    /// A job's file as failures name it; `None` where nobody is to be named.
    #[must_use]
    pub fn file(&self, job: &Job) -> Option<String> {
        self.identity.is_none().then(|| job.path.to_string_lossy().into_owned())
    }

    /// A job's annotated picture, relative to the output folder.
    #[must_use]
    pub fn picture(&self, index: usize) -> String {
        let name = self.pictures.get(index).map_or("photo", String::as_str);
        format!("{PICTURES}/{name}.jpg")
    }

    /// A journal's record under a job's names.
    #[must_use]
    pub fn record(&self, job: &Job, record: &Record, index: usize) -> Record {
        let named = self.identity.is_none();
        let file = job.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let intake = Intake {
            subject: job.subject.as_ref().map(|subject| match &self.identity {
                None => subject.clone(),
                Some(identity) => identity.id("subject", subject),
            }),
            visit_date: job.visit.filter(|_| named).map(|date| date.to_string()),
            visit_day: self.days.get(index).copied().flatten().filter(|_| !named),
            // Notes and columns of others' making may name somebody.
            columns: if named { job.carried.clone() } else { Default::default() },
        };
        let mut record = record.clone();
        record.id = self.id(job);
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

/// What a worker hands over.
enum Done {
    /// To be measured after all others, and alone.
    Deferred,
    /// Nothing that would last.
    Failed(Failure),
    /// The journal has it.
    Known(Key),
    /// To be written into the journal.
    New(Key, Box<Entry>),
}

/// Measures a plan into a folder. `tell` hears of every photo.
///
/// # Errors
/// [`Error::Usage`] when the folder holds an earlier run and neither `resume` nor `force` is set; [`Error::Unwritable`],
/// [`Error::Runtime`], [`Error::Model`]. What is done until then is in the journal.
pub fn run(plan: &Plan, settings: &Settings, stop: &AtomicBool, mut tell: impl FnMut(Progress)) -> Result<End> {
    let mut journal = prepare(plan, settings)?;
    let mut history = settings.history.as_deref().map(History::open).transpose()?;
    let show = Presentation::new(plan, settings.identity.clone());
    let jobs: Vec<Arc<Job>> = plan.jobs.iter().cloned().map(Arc::new).collect();
    let known: Arc<HashSet<Key>> = Arc::new(journal.keys().copied().collect());
    let marks = Arc::new(Marks::open(&settings.folder.join(MARKS), settings.resume, |key| known.contains(key))?);
    let mut slots: Vec<Option<Slot>> = vec![None; jobs.len()];
    let mut progress = Progress { total: jobs.len(), ..Progress::default() };
    tell(progress);
    let shared = Arc::new(Shared { settings: settings.clone(), show: show.clone(), known, marks });
    // All photos, and then those that may have ended an earlier run, one at a time.
    let mut round: Vec<usize> = (0..jobs.len()).collect();
    for (workers, suspects) in [(settings.jobs, false), (1, true)] {
        let (numbers, shared) = (Arc::new(std::mem::take(&mut round)), shared.clone());
        let feed: Vec<Arc<Job>> = numbers.iter().map(|&number| jobs[number].clone()).collect();
        let (places, alone) = (numbers.clone(), workers == 1);
        let make: Make<Done> = Arc::new(move || {
            let (shared, places) = (shared.clone(), places.clone());
            let mut measurer = Measurer { analyzer: None, shared, alone, suspects };
            Ok(Box::new(move |index, job: &Job| measurer.measure(places[index], job)))
        });
        let pool = worker::Settings { workers, time_limit: settings.time_limit };
        worker::run(Box::new(feed.into_iter()), make, pool, stop, |index, _, result| {
            let slot = match result {
                Ok(Done::Deferred) => {
                    round.push(numbers[index]);
                    return Ok(());
                }
                Ok(Done::Known(key)) => {
                    progress.resumed += 1;
                    Slot::Entry(key)
                }
                Ok(Done::New(key, entry)) => {
                    journal.append(key, &entry)?;
                    match &entry.outcome {
                        Outcome::Failure(_) => progress.failed += 1,
                        Outcome::Record(record) if !record.quality.usable => progress.refused += 1,
                        Outcome::Record(_) => {}
                    }
                    Slot::Entry(key)
                }
                Ok(Done::Failed(failure)) | Err(failure) => {
                    progress.failed += 1;
                    Slot::Failure(failure)
                }
            };
            slots[numbers[index]] = Some(slot);
            progress.done += 1;
            tell(progress);
            Ok(())
        })?;
        round.sort_unstable();
    }
    let done: Option<Vec<Slot>> = slots.into_iter().collect();
    let Some(slots) = done else {
        debug_assert!(stop.load(Ordering::Relaxed), "only a stop leaves photos undone");
        return Ok(End::Stopped(progress));
    };
    if let Some(history) = &mut history {
        pages::keep(&jobs, &slots, &mut journal, &show, history)?;
    }
    if settings.reports {
        pages::write(&jobs, &slots, &mut journal, &show, settings, history.as_ref())?;
    }
    // Every photo has come to an end.
    let _ = std::fs::remove_file(settings.folder.join(MARKS));
    let tally = results::write(&settings.folder, &jobs, &slots, &mut journal, &show, &settings.formats, &plan.carried)?;
    Ok(End::Finished(tally))
}

/// Makes the folder, sees that there is room and that nothing is written over unasked, and opens the journal.
fn prepare(plan: &Plan, settings: &Settings) -> Result<Journal> {
    let folder = &settings.folder;
    output::make_folder(folder)?;
    let unwritable = |source| Error::Unwritable { path: folder.clone(), source };
    // A journal without an entry is left by a run that failed before its first photo.
    let holds = |name: &&str| std::fs::metadata(folder.join(name)).is_ok_and(|about| about.len() > 0);
    let before = [JOURNAL, "results.jsonl", "results.csv"].into_iter().find(holds);
    if let (Some(name), false, false) = (before, settings.resume, settings.force) {
        let reason = format!(
            "{}: holds an earlier run ({name}); go on with it by --resume, or write over it by --force",
            folder.display()
        );
        return Err(Error::Usage { reason });
    }
    let needed = plan.jobs.len() as u64 * BYTES_A_PHOTO[usize::from(settings.pictures)];
    if let Ok(free) = fs4::available_space(folder)
        && free < needed
    {
        let text = format!("about {} MB are needed, and {} MB are free", needed / 1_000_000, free / 1_000_000);
        return Err(unwritable(std::io::Error::new(std::io::ErrorKind::StorageFull, text)));
    }
    if settings.pictures {
        output::make_folder(&folder.join(PICTURES))?;
    }
    let (mut journal, _) = Journal::open(&folder.join(JOURNAL))?;
    if !settings.resume {
        journal.clear()?;
    }
    // A file that cannot be written after hours of work is better found now.
    let probe = folder.join("results.jsonl");
    drop(Draft::new(&probe)?);
    for place in [folder.clone(), folder.join(PICTURES), folder.join(pages::REPORTS)] {
        // What a killed run was writing.
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.as_encoded_bytes().starts_with(b".") && name.as_encoded_bytes().ends_with(b".part") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
    Ok(journal)
}

/// What all workers see.
struct Shared {
    settings: Settings,
    show: Presentation,
    known: Arc<HashSet<Key>>,
    marks: Arc<Marks>,
}

/// One worker's models and what it does with a job.
struct Measurer {
    analyzer: Option<Analyzer>,
    shared: Arc<Shared>,
    /// There is no other worker.
    alone: bool,
    /// The photos are those that may have ended an earlier run.
    suspects: bool,
}

impl Measurer {
    fn measure(&mut self, index: usize, job: &Job) -> Result<Done> {
        if let Some(failure) = &job.failure {
            return Ok(Done::Failed(failure.clone()));
        }
        let shared = self.shared.clone();
        let Shared { settings, show, known, marks } = &*shared;
        let analyzer = match &mut self.analyzer {
            Some(analyzer) => analyzer,
            empty => empty.insert(Analyzer::open(&settings.models, 1)?),
        };
        let bytes = Photo::read(&job.path, &settings.reading)?;
        let hash = blake3::hash(&bytes);
        let picture = settings.pictures.then(|| settings.folder.join(show.picture(index)));
        let key = key(&hash, job, analyzer, settings, picture.as_deref());
        if known.contains(&key) && picture.as_ref().is_none_or(|path| path.exists()) {
            return Ok(Done::Known(key));
        }
        match marks.advice(&key) {
            Advice::Measure => {}
            Advice::Defer if self.suspects => {}
            Advice::Defer => return Ok(Done::Deferred),
            Advice::LeaveOut(failure) => {
                return Ok(Done::New(key, Box::new(Entry { outcome: Outcome::Failure(failure), thumbnail: None })));
            }
        }
        let unmarked = |source| Error::Unwritable { path: settings.folder.join(MARKS), source };
        marks.begin(&key, self.alone).map_err(unmarked)?;
        let measured = isolation::guarded(&job.path, || {
            let photo = Photo::from_hashed(&job.path, &bytes, hash, &settings.reading)?;
            let analysis = analyzer.analyze(&photo, &job.options)?;
            Ok((photo, analysis))
        });
        if matches!(measured, Err(Error::Defect { .. })) {
            // What the panic left half done goes with it.
            self.analyzer = None;
        }
        let entry = match measured {
            Ok((photo, analysis)) => {
                let mut record = Record::new("", &photo, &analysis);
                record.source.file.clear();
                if let Some(identity) = &settings.identity {
                    let content = identity.content(hash.as_bytes());
                    record.source.blake3 = blake3::Hash::from(content).to_hex().to_string();
                }
                let thumbnail = match &picture {
                    Some(path) => draw(&photo, &record, path, settings.identity.is_some())?,
                    None => None,
                };
                Entry { outcome: Outcome::Record(Box::new(record)), thumbnail }
            }
            Err(error @ (Error::Runtime { .. } | Error::Model { .. })) => return Err(error),
            Err(error) => match Failure::of(&error, &job.path) {
                failure if failure.is_lasting() => Entry { outcome: Outcome::Failure(failure), thumbnail: None },
                failure => {
                    marks.end(&key).map_err(unmarked)?;
                    return Ok(Done::Failed(failure));
                }
            },
        };
        Ok(Done::New(key, Box::new(entry)))
    }
}

/// What a result hangs on, but for the names.
fn key(hash: &blake3::Hash, job: &Job, analyzer: &Analyzer, settings: &Settings, picture: Option<&Path>) -> Key {
    let content = settings.identity.as_ref().map_or(*hash.as_bytes(), |identity| identity.content(hash.as_bytes()));
    let picture = picture.and_then(Path::file_name);
    let options = format!(
        "{} {:?} {:?} {:?} {:?}",
        env!("CARGO_PKG_VERSION"),
        job.options,
        settings.reading,
        settings.models,
        (settings.identity.is_some(), picture)
    );
    let mut hasher = blake3::Hasher::new();
    hasher.update(&content).update(options.as_bytes());
    for model in analyzer.hashes() {
        hasher.update(model.as_bytes());
    }
    hasher.finalize().into()
}

/// Writes the annotated picture; the thumbnail of it, or `None` when the head is to be covered and cannot be: there is no
/// picture then.
fn draw(photo: &Photo, record: &Record, path: &Path, covered: bool) -> Result<Option<String>> {
    let pixels = overlay::detailed(photo)?;
    let pixels = match covered {
        false => pixels,
        true => match mask::cover(&pixels, record) {
            Ok(pixels) => Cow::Owned(pixels),
            Err(_) => {
                // One of an earlier run under other options.
                let _ = std::fs::remove_file(path);
                return Ok(None);
            }
        },
    };
    let picture = overlay::draw(&pixels, record);
    let mut draft = Draft::new(path)?;
    draft.write_all(&output::jpeg(&picture, path)?).map_err(|source| draft.failed(source))?;
    draft.finish()?;
    let scale = f64::from(THUMBNAIL) / f64::from(picture.width().max(picture.height()));
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let small = image::imageops::thumbnail(&picture, side(picture.width()), side(picture.height()));
    Ok(Some(base64::engine::general_purpose::STANDARD.encode(output::jpeg(&small, path)?)))
}
