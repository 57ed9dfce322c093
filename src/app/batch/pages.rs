//! A page for each subject of a finished run, and the records for the history.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use super::journal::Journal;
use super::plan::{Job, Plan, file_name};
use super::results::Slot;
use super::settings::{Place, Presentation, Settings};
use crate::core::compare::visit;
use crate::core::error::Result;
use crate::core::record::Record;
use crate::core::record::outcome::Outcome;
use crate::report::html::index::{self, Entry};
use crate::report::html::{self, Picture, Sheet};
use crate::report::output::Outputs;
use crate::report::raster;
use crate::store::history::{self, History};
use crate::vision::photo::Photo;

/// The folder of pages in the output folder.
pub const REPORTS: &str = "reports";
/// The index of the pages in that folder.
const INDEX: &str = "index.html";

/// Saves the records of all photos with a known subject.
///
/// # Errors
/// [`crate::core::error::Error::History`]; [`crate::core::error::Error::Unwritable`].
pub(super) fn keep(
    jobs: &[Arc<Job>],
    slots: &[Slot],
    journal: &mut Journal,
    show: &Presentation,
    history: &mut History,
) -> Result<()> {
    for (index, (job, slot)) in jobs.iter().zip(slots).enumerate() {
        let Some(subject) = &job.subject else { continue };
        for (view, record) in records(journal, slot)? {
            // A photo that was refused entirely is not a visit.
            if !record.quality.usable {
                continue;
            }
            let record = show.record(job, &record, index, view);
            match job.visit {
                Some(date) => history.save(subject, date, &record).map(|_| ())?,
                None => history.save_undated(subject, history::today(), &record).map(|_| ())?,
            }
        }
    }
    Ok(())
}

/// A page to be written: its subject, and the jobs of that subject.
struct PagePlan<'a> {
    /// The subject, or the id of a photo without one.
    name: &'a str,
    is_subject: bool,
    /// The name in the outputs.
    shown: String,
    file: String,
    indices: Vec<usize>,
}

fn planned<'a>(jobs: impl Iterator<Item = &'a Job>, show: &Presentation) -> Vec<PagePlan<'a>> {
    let mut subjects: IndexMap<(bool, &str), Vec<(usize, &Job)>> = IndexMap::new();
    for (index, job) in jobs.enumerate() {
        let key = job.subject.as_deref().map_or((false, job.id.as_str()), |subject| (true, subject));
        subjects.entry(key).or_default().push((index, job));
    }
    let mut taken = HashSet::from(["index".to_owned()]);
    let pages = subjects.into_iter().map(|((is_subject, name), jobs)| {
        let shown = jobs.first().map_or_else(String::new, |(_, job)| show.whom(job));
        let file = format!("{}.html", file_name(&shown, &mut taken));
        PagePlan { name, is_subject, shown, file, indices: jobs.into_iter().map(|(index, _)| index).collect() }
    });
    pages.collect()
}

/// Checks that no page would overwrite files of others.
///
/// # Errors
/// [`crate::core::error::Error::Occupied`]; [`crate::core::error::Error::Unwritable`].
pub(super) fn check(plan: &Plan, show: &Presentation, outputs: &Outputs, folder: &Path) -> Result<()> {
    let folder = folder.join(REPORTS);
    outputs.make_folder(&folder)?;
    outputs.check(&folder.join(INDEX), None)?;
    planned(plan.jobs.iter(), show).iter().try_for_each(|page| outputs.check(&folder.join(&page.file), None))
}

/// Writes a page for each subject; a photo without a subject gets its own page.
///
/// # Errors
/// [`crate::core::error::Error::Unwritable`].
pub(super) fn write(
    jobs: &[Arc<Job>],
    slots: &[Slot],
    journal: &mut Journal,
    show: &Presentation,
    settings: &Settings,
    outputs: &Outputs,
    history: Option<&History>,
) -> Result<()> {
    let folder = settings.folder.join(REPORTS);
    outputs.make_folder(&folder)?;
    let mut entries = Vec::new();
    for page in planned(jobs.iter().map(|job| &**job), show) {
        let mut views: Vec<(Record, Picture)> = Vec::new();
        for &index in &page.indices {
            for (view, record) in records(journal, &slots[index])? {
                let picture = picture(&jobs[index], &record, settings)?;
                views.push((show.record(&jobs[index], &record, index, view), picture));
            }
        }
        if views.is_empty() {
            continue;
        }
        let visits = match history {
            Some(history) if page.is_subject => history.visits(page.name)?,
            _ => Vec::new(),
        };
        // In de-identified outputs, records have no day either.
        let day = |record: &Record| visit::day(record.intake.as_ref()?.visit_date.as_deref()?).ok();
        let sheets: Vec<Sheet<'_>> = views
            .iter()
            .map(|(record, picture)| Sheet { record, picture: picture.clone(), date: day(record) })
            .collect();
        let options = html::Options {
            subject: Some(&page.shown),
            reference_bands: settings.reference_bands,
            one_visit: is_one_visit(&views),
            visits: &visits,
            ..html::Options::default()
        };
        outputs.write(&folder.join(&page.file), html::page(&sheets, &options)?.as_bytes(), None)?;
        entries.push(Entry::of(&page.shown, &page.file, views.iter().map(|(record, _)| (record, day(record)))));
    }
    if show.is_deidentified() {
        // The order must not reveal that of the input.
        entries.sort_by(|a, b| a.name.cmp(&b.name));
    }
    outputs.write(&folder.join(INDEX), index::page(&entries)?.as_bytes(), None)
}

/// The page of each job, relative to the output folder; none if no photo of the subject was measured.
///
/// # Errors
/// [`crate::core::error::Error::Unwritable`] when the journal cannot be read.
pub(super) fn links(
    jobs: &[Arc<Job>],
    slots: &[Slot],
    journal: &mut Journal,
    show: &Presentation,
) -> Result<Vec<Option<String>>> {
    let mut links = vec![None; jobs.len()];
    for page in planned(jobs.iter().map(|job| &**job), show) {
        let mut is_there = false;
        for &index in &page.indices {
            is_there |= !records(journal, &slots[index])?.is_empty();
        }
        for index in page.indices.into_iter().filter(|_| is_there) {
            links[index] = Some(format!("{REPORTS}/{}", page.file));
        }
    }
    Ok(links)
}

/// The records of the views in a photo.
/// Whether all records are of one visit: of one date, or in de-identified outputs of one day since the first.
fn is_one_visit(views: &[(Record, Picture)]) -> bool {
    let mut whens = views.iter().map(|(record, _)| {
        let intake = record.intake.as_ref()?;
        (intake.visit_date.is_some() || intake.visit_day.is_some()).then_some((&intake.visit_date, intake.visit_day))
    });
    let first = whens.next().flatten();
    first.is_some() && whens.all(|when| when == first)
}

/// The records of a photo's views, with their places.
fn records(journal: &mut Journal, slot: &Slot) -> Result<Vec<(Place, Record)>> {
    let Slot::Entry(key) = slot else { return Ok(Vec::new()) };
    let Some(entry) = journal.read(key)? else { return Ok(Vec::new()) };
    let count = entry.count();
    let outcomes = std::iter::once(entry.outcome).chain(entry.further.into_iter().map(|entry| entry.outcome));
    let measured = Place::all(count).zip(outcomes).filter_map(|(view, outcome)| match outcome {
        Outcome::Record(record) => Some((view, *record)),
        Outcome::Failure(_) => None,
    });
    Ok(measured.collect())
}

/// The photo for the page, read again: photos are not kept in memory after measuring.
fn picture(job: &Job, record: &Record, settings: &Settings) -> Result<Picture> {
    let read = || -> Result<Option<Photo>> {
        let bytes = Photo::read(&job.path, &settings.reading)?;
        let hash = blake3::hash(&bytes);
        let content = match &settings.identity {
            Some(identity) => blake3::Hash::from(identity.content(hash.as_bytes())),
            None => hash,
        };
        if record.source.blake3 != Some(content.into()) {
            return Ok(None);
        }
        let photo = Photo::from_hashed(&job.path, &bytes, hash, &settings.reading)?;
        record.source.region.map_or(Ok(photo.clone()), |region| photo.within(region)).map(Some)
    };
    let withheld = || Picture::Withheld("the photo has changed since it was measured, or is gone".into());
    let Ok(Some(photo)) = read() else { return Ok(withheld()) };
    let Ok(pixels) = raster::detailed(&photo) else { return Ok(withheld()) };
    if settings.identity.is_some() {
        Picture::masked(&pixels, record, settings.attitude)
    } else {
        Picture::of(&pixels, record, settings.attitude)
    }
}
