//! A page for each subject of a finished run, and what the history keeps of it.

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

use indexmap::IndexMap;

use super::journal::Journal;
use super::plan::{Job, file_name};
use super::results::Slot;
use super::run::{Presentation, Settings};
use super::{Outcome, journal};
use crate::error::Result;
use crate::history::{self, History};
use crate::output::{self, Draft};
use crate::photo::Photo;
use crate::record::Record;
use crate::report::html::{self, Picture, Sheet};
use crate::report::overlay;

/// The folder of pages in the output folder.
pub const REPORTS: &str = "reports";

/// Keeps the records of all photos whose subject is known.
///
/// # Errors
/// [`crate::error::Error::History`]; [`crate::error::Error::Unwritable`].
pub(super) fn keep(
    jobs: &[Arc<Job>],
    slots: &[Slot],
    journal: &mut Journal,
    show: &Presentation,
    history: &mut History,
) -> Result<()> {
    for (index, (job, slot)) in jobs.iter().zip(slots).enumerate() {
        if let (Some(subject), Some(record)) = (&job.subject, record(journal, slot)?) {
            let date = job.visit.unwrap_or_else(history::today);
            history.save(subject, date, &show.record(job, &record, index))?;
        }
    }
    Ok(())
}

/// Writes a page for each subject; a photo without a subject is one of its own.
///
/// # Errors
/// [`crate::error::Error::Unwritable`].
pub(super) fn write(
    jobs: &[Arc<Job>],
    slots: &[Slot],
    journal: &mut Journal,
    show: &Presentation,
    settings: &Settings,
    history: Option<&History>,
) -> Result<()> {
    let folder = settings.folder.join(REPORTS);
    output::make_folder(&folder)?;
    let mut subjects: IndexMap<(bool, &str), Vec<usize>> = IndexMap::new();
    for (index, job) in jobs.iter().enumerate() {
        let key = job.subject.as_deref().map_or((false, job.id.as_str()), |subject| (true, subject));
        subjects.entry(key).or_default().push(index);
    }
    let mut taken = HashSet::new();
    for ((known, name), indices) in subjects {
        let mut views: Vec<(Record, Picture)> = Vec::new();
        for index in indices {
            if let Some(record) = record(journal, &slots[index])? {
                let picture = picture(&jobs[index], &record, settings)?;
                views.push((show.record(&jobs[index], &record, index), picture));
            }
        }
        let Some((first, _)) = views.first() else { continue };
        let shown = match &first.intake {
            Some(intake) if known => intake.subject.clone().unwrap_or_default(),
            _ => first.id.clone(),
        };
        let visits = match history {
            Some(history) if known => history.visits(name)?,
            _ => Vec::new(),
        };
        let sheets: Vec<Sheet<'_>> =
            views.iter().map(|(record, picture)| Sheet { record, picture: picture.clone() }).collect();
        let page = html::Options {
            subject: Some(&shown),
            date: None,
            reference_bands: settings.reference_bands,
            visits: &visits,
        };
        let text = html::page(&sheets, &page)?;
        let mut draft = Draft::new(&folder.join(format!("{}.html", file_name(&shown, &mut taken))))?;
        draft.write_all(text.as_bytes()).map_err(|source| draft.failed(source))?;
        draft.finish()?;
    }
    Ok(())
}

fn record(journal: &mut Journal, slot: &Slot) -> Result<Option<Record>> {
    let Slot::Entry(key) = slot else { return Ok(None) };
    Ok(match journal.read(key)? {
        Some(journal::Entry { outcome: Outcome::Record(record), .. }) => Some(*record),
        _ => None,
    })
}

/// The photo for the page, read once more: none is held in memory from the measuring on.
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
        Photo::from_hashed(&job.path, &bytes, hash, &settings.reading).map(Some)
    };
    let withheld = || Picture::Withheld("the photo has changed since it was measured, or is gone".into());
    let Ok(Some(photo)) = read() else { return Ok(withheld()) };
    let Ok(pixels) = overlay::detailed(&photo) else { return Ok(withheld()) };
    if settings.identity.is_some() { Picture::masked(&pixels, record) } else { Picture::of(&pixels, record) }
}
