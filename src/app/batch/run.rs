//! A run into a folder: resume, measure, journal, results.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine;
use serde_json::Value;

use super::journal::{Entry, FIRST, Journal, Key};
use super::marks::{Advice, Marks};
use super::nameless::coarsened;
use super::pages::{self, REPORTS};
use super::plan::{Job, Plan};
use super::replaced;
use super::results::{self, Slot};
use super::settings::{Format, JOURNAL, PICTURES, Place, Presentation, REPLACED, Settings};
use super::worker::{self, Make};
use crate::core::error::{Error, Result};
use crate::core::pipeline::Analysis;
use crate::core::record::Record;
use crate::core::record::outcome::{Failure, Outcome, Tally};
use crate::core::{isolation, names};
use crate::report::output::{self, List, Outputs};
use crate::report::{mask, raster};
use crate::store::history::History;
use crate::vision::analysis::Analyzer;
use crate::vision::photo::Photo;

/// The name of the list of photos in progress.
pub const MARKS: &str = ".in-work.jsonl";
/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 96;
/// Disk space for a photo's results, in bytes: with and without its annotated picture.
const BYTES_A_PHOTO: [u64; 2] = [60_000, 500_000];

/// The progress of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Photos that are done, including those of an earlier run.
    pub done: usize,
    /// All photos.
    pub total: usize,
    /// Photos done in an earlier run.
    pub resumed: usize,
    /// Photos without a record so far.
    pub failed: usize,
    /// Photos refused by the gates so far.
    pub refused: usize,
    /// Damaged lines of the journal, including lines without the checksum that earlier versions did not write.
    pub damaged: usize,
}

impl Progress {
    /// Counts a photo: as refused or failed if all views in it are.
    fn count(&mut self, entry: &Entry) {
        let usable = |entry: &Entry| matches!(&entry.outcome, Outcome::Record(record) if record.quality.usable);
        let measured = |entry: &Entry| matches!(entry.outcome, Outcome::Record(_));
        match () {
            () if entry.views().any(usable) => {}
            () if entry.views().any(measured) => self.refused += 1,
            () => self.failed += 1,
        }
    }
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Everything is done, and the results are written; with remarks on them, as sentences.
    Finished(Tally, Vec<String>),
    /// It was stopped; `--resume` continues it.
    Stopped(Progress),
}

/// The result of a worker.
enum Done {
    /// To be measured after all others, and alone.
    Deferred,
    /// A failure that is not stored.
    Failed(Failure),
    /// Already in the journal.
    Known(Key),
    /// To be written into the journal.
    New(Key, Box<Entry>),
}

/// Measures a plan into a folder. `tell` is called for every photo.
///
/// # Errors
/// [`Error::Usage`] when the folder holds an earlier run and neither `resume` nor `force` is set; [`Error::Occupied`] when it holds
/// files of others that would be written over; [`Error::Unwritable`],
/// [`Error::Runtime`], [`Error::Model`]. What is done until then is in the journal.
pub fn run(plan: &Plan, settings: &Settings, stop: &AtomicBool, mut tell: impl FnMut(Progress)) -> Result<End> {
    let mut history = settings.history.as_deref().map(History::open).transpose()?;
    let show = Presentation::new(plan, settings.identity.clone());
    let outputs = outputs(plan, settings, history.as_ref())?;
    let (mut journal, damaged) = prepare(plan, settings, &outputs, &show)?;
    let jobs: Vec<Arc<Job>> = plan.jobs.iter().cloned().map(Arc::new).collect();
    let known: Arc<HashMap<Key, usize>> = Arc::new(journal.views().collect());
    if settings.force {
        // Removes the name only: the target of a link is kept.
        let _ = std::fs::remove_file(settings.folder.join(MARKS));
    }
    let marks = Arc::new(Marks::open(&settings.folder.join(MARKS), settings.resume, |key| known.contains_key(key))?);
    let mut slots: Vec<Option<Slot>> = vec![None; jobs.len()];
    let mut progress = Progress { total: jobs.len(), damaged, ..Progress::default() };
    tell(progress);
    let shared =
        Arc::new(Shared { settings: settings.clone(), show: show.clone(), known, marks, outputs: outputs.clone() });
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
                    progress.count(&entry);
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
        pages::write(&jobs, &slots, &mut journal, &show, settings, &outputs, history.as_ref())?;
    }
    // Every photo has an outcome.
    let _ = std::fs::remove_file(settings.folder.join(MARKS));
    // The names of further columns may identify a person too.
    let carried = if show.is_deidentified() { &[][..] } else { &plan.carried };
    let forms = results::Forms { formats: &settings.formats, carried, filing: &settings.filing, bom: settings.bom };
    let links = if settings.reports { pages::links(&jobs, &slots, &mut journal, &show)? } else { Vec::new() };
    let mut keep = || replaced::keep(&settings.folder, (&jobs, &slots), &mut journal, &show, &outputs);
    let replaced = if settings.resume { keep()? } else { None };
    let tally = results::write(&settings.folder, &outputs, (&jobs, &slots), &mut journal, &show, &links, &forms)?;
    outputs.tidy()?;
    Ok(End::Finished(tally, shared_photos(&jobs, &slots, &show).into_iter().chain(replaced).collect()))
}

/// Identical photos, measured with the same options, under two subjects: one of the subjects is wrong.
fn shared_photos(jobs: &[Arc<Job>], slots: &[Slot], show: &Presentation) -> Vec<String> {
    let mut first: std::collections::HashMap<Key, &Job> = std::collections::HashMap::new();
    let mut notes = Vec::new();
    for (job, slot) in jobs.iter().zip(slots) {
        let (Slot::Entry(key), Some(_)) = (slot, &job.subject) else { continue };
        let before = *first.entry(*key).or_insert(job);
        if before.subject != job.subject {
            notes.push(format!(
                "{} (subject {}) and {} (subject {}) are one and the same photo: one of the two names is wrong",
                show.id(before),
                show.whom(before),
                show.id(job),
                show.whom(job)
            ));
        }
    }
    notes
}

/// The output folder, with the files that must not be overwritten.
fn outputs(plan: &Plan, settings: &Settings, history: Option<&History>) -> Result<Outputs> {
    let outputs = Outputs::into_folder(&settings.folder, settings.force)?;
    let photos = plan.jobs.iter().map(|job| job.path.clone());
    let others = settings.inputs.iter().cloned().chain(history.into_iter().flat_map(History::files));
    Ok(outputs.protecting(photos.chain(others)))
}

/// Checks for disk space and against unintended overwriting, and opens the journal; returns the number of damaged lines.
fn prepare(plan: &Plan, settings: &Settings, outputs: &Outputs, show: &Presentation) -> Result<(Journal, usize)> {
    let folder = &settings.folder;
    let unwritable = |source| Error::Unwritable { path: folder.clone(), source };
    // Finds files that cannot be written now instead of after hours of work.
    for name in results::names(&settings.formats) {
        outputs.check(&folder.join(name), None)?;
    }
    // A journal without entries is left by a run that failed before its first photo.
    let holds = |name: &&str| std::fs::metadata(folder.join(name)).is_ok_and(|about| about.len() > FIRST.len() as u64);
    let before = [JOURNAL, "results.jsonl", "results.csv"].into_iter().find(holds);
    if let (Some(name), false, false) = (before, settings.resume, settings.force) {
        let reason = format!(
            "{}: holds an earlier run ({name}); go on with it by --resume, or write over it by --force",
            folder.display()
        );
        return Err(Error::Usage { reason });
    }
    if settings.resume {
        outputs.check(&folder.join(REPLACED), None)?;
        refuse_other_input(plan, folder, show)?;
    }
    if settings.identity.is_some() {
        forget_names(plan, settings, outputs, show)?;
    }
    let needed = plan.jobs.len() as u64 * BYTES_A_PHOTO[usize::from(settings.pictures)];
    if let Ok(free) = fs4::available_space(folder)
        && free < needed
    {
        let text = format!("about {} MB are needed, and {} MB are free", needed / 1_000_000, free / 1_000_000);
        return Err(unwritable(std::io::Error::new(std::io::ErrorKind::StorageFull, text)));
    }
    if settings.pictures {
        outputs.make_folder(&folder.join(PICTURES))?;
        let places = (0..plan.jobs.len()).map(|index| folder.join(show.picture(index, Place::ONLY)));
        // Files of an earlier run are checked when they are replaced.
        for place in places.filter(|place| !outputs.list().is_some_and(|list| list.names(place))) {
            outputs.check(&place, None)?;
        }
    }
    if settings.reports {
        pages::check(plan, show, outputs, folder)?;
    }
    let (mut journal, damaged) = Journal::open(&folder.join(JOURNAL), settings.force)?;
    if !settings.resume {
        journal.clear()?;
    }
    outputs.remove_parts();
    drop(outputs.draft(&folder.join("results.jsonl"), None)?);
    Ok((journal, damaged))
}

/// Checks that resuming a run loses none of its results: photos of another input would replace them.
fn refuse_other_input(plan: &Plan, folder: &Path, show: &Presentation) -> Result<()> {
    let path = folder.join("results.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(()) };
    let known: HashSet<String> = plan.jobs.iter().map(|job| show.id(job)).collect();
    let id = |line: &str| serde_json::from_str::<Value>(line).ok()?.get("id")?.as_str().map(str::to_owned);
    // Each panel of a collage has its own record.
    let is_known = |id: &String| known.contains(id) || names::photo_of_view(id).is_some_and(|id| known.contains(id));
    let lost: Vec<String> = text.lines().filter_map(id).filter(|id| !is_known(id)).collect();
    let Some(first) = lost.first() else { return Ok(()) };
    let photos = if lost.len() == 1 { "1 photo that is".into() } else { format!("{} photos that are", lost.len()) };
    Err(Error::Usage {
        reason: format!(
            "{}: holds results of {photos} not in this input (such as \"{}\"), and --resume would lose them: go on with the same \
             input, name another folder by --out, or write over all by --force in place of --resume",
            path.display(),
            names::shown(first)
        ),
    })
}

/// A de-identified folder contains only this run's files: pictures and pages of an earlier run, which may name a person or show a face,
/// are removed; files that this program did not write are refused.
fn forget_names(plan: &Plan, settings: &Settings, outputs: &Outputs, show: &Presentation) -> Result<()> {
    let folder = &settings.folder;
    // Tables of other formats, which this run does not rewrite.
    let ours = results::names(&settings.formats);
    for name in results::names(&[Format::Parquet, Format::Fhir]).iter().filter(|name| !ours.contains(name)) {
        outputs.remove(&folder.join(name))?;
    }
    if !settings.resume {
        outputs.remove(&folder.join(REPLACED))?;
    }
    let pictures: HashSet<PathBuf> =
        (0..plan.jobs.len()).map(|index| folder.join(show.picture(index, Place::ONLY))).collect();
    // Including those of a collage's panels.
    let whole = |path: &Path| {
        let photo = names::photo_of_view(path.file_stem()?.to_str()?)?;
        Some(path.with_file_name(format!("{photo}.jpg")))
    };
    let is_kept = |path: &Path| {
        settings.pictures
            && settings.resume
            && (pictures.contains(path) || whole(path).is_some_and(|path| pictures.contains(&path)))
    };
    for inner in [PICTURES, REPORTS].map(|name| folder.join(name)) {
        for path in outputs.list().map(List::files).unwrap_or_default() {
            if path.starts_with(&inner) && !is_kept(&path) {
                outputs.remove(&path)?;
            }
        }
        let left = std::fs::read_dir(&inner).into_iter().flatten().flatten().map(|entry| entry.path());
        if let Some(path) = left.into_iter().find(|path| !is_kept(path)) {
            let reason = "lies in a folder that is to name nobody, and this program did not write it as it is: move it away, or \
                          choose another --out"
                .into();
            return Err(Error::Occupied { path, reason });
        }
    }
    Ok(())
}

/// The data shared by all workers.
struct Shared {
    settings: Settings,
    show: Presentation,
    /// The keys in the journal, each with its number of views.
    known: Arc<HashMap<Key, usize>>,
    marks: Arc<Marks>,
    outputs: Outputs,
}

/// One worker's models, and how it measures a job.
struct Measurer {
    analyzer: Option<Analyzer>,
    shared: Arc<Shared>,
    /// There is no other worker.
    alone: bool,
    /// The photos may have ended an earlier run.
    suspects: bool,
}

impl Measurer {
    fn measure(&mut self, index: usize, job: &Job) -> Result<Done> {
        if let Some(failure) = &job.failure {
            return Ok(Done::Failed(failure.clone()));
        }
        let shared = self.shared.clone();
        let Shared { settings, show, known, marks, .. } = &*shared;
        let analyzer = match &mut self.analyzer {
            Some(analyzer) => analyzer,
            empty => empty.insert(Analyzer::open(&settings.models, 1)?),
        };
        let bytes = Photo::read(&job.path, &settings.reading)?;
        let hash = blake3::hash(&bytes);
        let place = |view: Place| settings.pictures.then(|| settings.folder.join(show.picture(index, view)));
        let key = key(&hash, job, analyzer, settings, place(Place::ONLY).as_deref());
        let drawn = |view: Place| place(view).is_none_or(|path| path.exists());
        if known.get(&key).is_some_and(|&views| Place::all(views).all(drawn)) {
            return Ok(Done::Known(key));
        }
        match marks.advice(&key) {
            Advice::Measure => {}
            Advice::Defer if self.suspects => {}
            Advice::Defer => return Ok(Done::Deferred),
            Advice::LeaveOut(failure) => {
                return Ok(Done::New(key, Box::new(Entry::of(Outcome::Failure(failure), None))));
            }
        }
        let unmarked = |source| Error::Unwritable { path: settings.folder.join(MARKS), source };
        marks.begin(&key, self.alone).map_err(unmarked)?;
        let views = isolation::guarded(&job.path, || {
            let photo = Photo::from_hashed(&job.path, &bytes, hash, &settings.reading)?;
            analyzer.views(photo, &job.options)
        });
        let measured: Vec<Result<(Photo, Analysis)>> = match views {
            Ok(views) => views
                .into_iter()
                .map(|view| isolation::guarded(&job.path, || Ok((analyzer.analyze(&view, &job.options)?, view))))
                .map(|measured| measured.map(|(analysis, view)| (view, analysis)))
                .collect(),
            Err(error) => vec![Err(error)],
        };
        if measured.iter().any(|measured| matches!(measured, Err(Error::Defect { .. }))) {
            // Discards state that the panic left incomplete.
            self.analyzer = None;
        }
        let mut entries = Vec::with_capacity(measured.len());
        for (view, measured) in Place::all(measured.len()).zip(measured) {
            match shared.entry(job, &hash, place(view).as_deref(), measured)? {
                Ok(entry) => entries.push(entry),
                Err(failure) => {
                    marks.end(&key).map_err(unmarked)?;
                    return Ok(Done::Failed(failure));
                }
            }
        }
        let mut first = entries.remove(0);
        first.further = entries;
        Ok(Done::New(key, Box::new(first)))
    }
}

impl Shared {
    /// The outcome of one view, with its picture written; the inner `Err` is a failure that should not be stored.
    fn entry(
        &self,
        job: &Job,
        hash: &blake3::Hash,
        picture: Option<&Path>,
        measured: Result<(Photo, Analysis)>,
    ) -> Result<std::result::Result<Entry, Failure>> {
        let identity = self.settings.identity.as_ref();
        let (view, analysis) = match measured {
            Ok(measured) => measured,
            Err(error @ (Error::Runtime { .. } | Error::Model { .. })) => return Err(error),
            Err(error) => {
                let failure = Failure::of(&error, &job.path);
                let lasting = failure.is_lasting();
                return Ok(if lasting { Ok(Entry::of(Outcome::Failure(failure), None)) } else { Err(failure) });
            }
        };
        let mut record = Record::of(view.provenance(""), &analysis);
        record.source.file.clear();
        if let Some(identity) = identity {
            record.source.blake3 = Some(blake3::Hash::from(identity.content(hash.as_bytes())).into());
        }
        let thumbnail = match picture {
            Some(path) => draw(&view, &record, &self.outputs, path, &self.settings)?,
            None => None,
        };
        if identity.is_some() {
            coarsened(&mut record);
        }
        Ok(Ok(Entry::of(Outcome::Record(Box::new(record)), thumbnail)))
    }
}

/// The key of a result: everything it depends on except the names.
fn key(hash: &blake3::Hash, job: &Job, analyzer: &Analyzer, settings: &Settings, picture: Option<&Path>) -> Key {
    let content = settings.identity.as_ref().map_or(*hash.as_bytes(), |identity| identity.content(hash.as_bytes()));
    let picture = picture.and_then(Path::file_name).map(|name| (name, settings.attitude));
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

/// Writes the annotated picture; returns its thumbnail, or `None` when the head must be covered and cannot be: no picture is written
/// then.
fn draw(photo: &Photo, record: &Record, outputs: &Outputs, path: &Path, settings: &Settings) -> Result<Option<String>> {
    let pixels = raster::detailed(photo)?;
    let pixels = match settings.identity {
        None => pixels,
        Some(_) => match mask::cover(&pixels, record) {
            Ok(pixels) => Cow::Owned(pixels),
            Err(_) => {
                // A picture of an earlier run with other options.
                outputs.remove(path)?;
                return Ok(None);
            }
        },
    };
    let picture = raster::draw(&pixels, record, settings.attitude);
    outputs.write(path, &output::jpeg(&picture, path)?, None)?;
    let scale = f64::from(THUMBNAIL) / f64::from(picture.width().max(picture.height()));
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let small = image::imageops::thumbnail(&picture, side(picture.width()), side(picture.height()));
    Ok(Some(base64::engine::general_purpose::STANDARD.encode(output::jpeg(&small, path)?)))
}
