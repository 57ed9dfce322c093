//! Records from any place. Every command that takes records finds them through this module, with the same names:
//!
//! - a record file, as written by `analyze --out`
//! - JSON lines: `results.jsonl` of a batch, or the output of `batch --jsonl` or `history export`; `FILE#ID` is one record of them
//! - a folder of either
//! - visits of a subject in the history: `SUBJECT@2026-01-05`, `SUBJECT@first`, `SUBJECT@last`, `SUBJECT@all`
//!
//! [`find`] lists the places without reading records; [`Place::read`] reads one, so a batch of any size is never held in memory.

mod lines;
pub mod photos;
mod place;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::app::batch::settings::{REPLACED, VISITS};
use crate::core::body::view::View;
use crate::core::compare::visit::{Date, Visit, by_day, day};
use crate::core::error::{Error, Result};
use crate::core::names;
use crate::core::record::{Record, SCHEMA};
use crate::store::history::{self, History};

use place::Kind;
pub use place::Place;

/// A record that was read, with the data from its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The record.
    pub record: Record,
    /// The subject from the history or an export of it, else from the intake list.
    pub subject: Option<String>,
    /// The day of the visit, from the same source.
    pub visited: Option<Date>,
    /// BLAKE3 of the text that the record was read from, in hexadecimal.
    pub blake3: String,
}

/// The places that names refer to, in order, and damaged records of the history.
#[derive(Debug, Default)]
pub struct Listing {
    /// The places of the records.
    pub places: Vec<Place>,
    /// Errors in rows of the history.
    pub damage: Vec<Error>,
}

/// Resolves the user's names; `db` is the history's file, if given.
///
/// # Errors
/// [`Error::Unreadable`] for what is not there; [`Error::Usage`] for a folder without records, an id that no line has, a day without
/// a record; [`Error::NoSuchSubject`], [`Error::History`].
pub fn find<S: AsRef<OsStr>>(names: &[S], db: Option<&Path>) -> Result<Listing> {
    let mut all = Listing::default();
    for name in names {
        let found = one(name.as_ref(), db)?;
        all.places.extend(found.places);
        all.damage.extend(found.damage);
    }
    Ok(all)
}

fn one(name: &OsStr, db: Option<&Path>) -> Result<Listing> {
    let path = Path::new(name);
    let places = |places| Ok(Listing { places, damage: Vec::new() });
    if path.is_dir() {
        return folder(path).and_then(places);
    }
    if path.symlink_metadata().is_ok() {
        return file(path).and_then(places);
    }
    let text = name.to_string_lossy();
    for (at, _) in text.rmatch_indices('#') {
        let (file, id) = (Path::new(&text[..at]), &text[at + 1..]);
        if file.is_file() {
            return with_id(file, id).and_then(places);
        }
    }
    match text.rsplit_once('@') {
        Some((subject, when)) => visits(subject, when, db),
        None => file(path).and_then(places),
    }
}

/// The lines of one id.
fn with_id(path: &Path, id: &str) -> Result<Vec<Place>> {
    let all = file(path)?;
    let meant = |place: &Place| match place.kind {
        Kind::File => place.read().is_ok_and(|found| found.record.id == id),
        _ => place.stem == id,
    };
    let count = all.len();
    let found: Vec<Place> = all.into_iter().filter(meant).collect();
    if found.is_empty() {
        let records = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
        let reason =
            format!("{}: no record has the id \"{}\"; the file has {records}", path.display(), names::shown(id));
        return Err(Error::Usage { reason });
    }
    Ok(found)
}

fn file(path: &Path) -> Result<Vec<Place>> {
    if lines::are_lines(path)? {
        return lines::all(path);
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(vec![Place { name, path: path.into(), stem, kind: Kind::File }])
}

/// The records of a folder, in order of their files' names.
fn folder(path: &Path) -> Result<Vec<Place>> {
    let unreadable = |source| Error::Unreadable { path: path.into(), source };
    let entries = std::fs::read_dir(path).map_err(unreadable)?;
    let mut files =
        entries.map(|entry| entry.map(|e| e.path())).collect::<std::io::Result<Vec<_>>>().map_err(unreadable)?;
    files.retain(|file| holds_records(file));
    files.sort();
    if files.is_empty() {
        let reason = format!("{}: expected a folder of records, found no .json or .jsonl file in it", path.display());
        return Err(Error::Usage { reason });
    }
    let mut places = Vec::new();
    for found in files {
        places.extend(file(&found)?);
    }
    Ok(places)
}

/// By its name: hidden files are the program's own, the joint records of a batch are derived from its others, replaced results are those of
/// other photos, FHIR bundles and unsaved points lie beside their records.
fn holds_records(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let companion =
        [".fhir.json", ".points.json", ".keypoints.json", ".fhir.jsonl"].iter().any(|ending| name.ends_with(ending));
    let aside = [VISITS, REPLACED].contains(&&*name);
    !aside && (name.ends_with(".json") || name.ends_with(".jsonl")) && !companion && !name.starts_with('.')
}

/// A subject's records, the oldest visit first, and the errors of unreadable ones.
///
/// # Errors
/// [`Error::NoSuchSubject`]; [`Error::History`], also when every record is damaged.
pub fn of_subject(db: &Path, subject: &str) -> Result<(History, Vec<Visit>, Vec<Error>)> {
    let nobody = || Error::NoSuchSubject { path: db.into(), subject: subject.into() };
    let history = History::existing(db)?.ok_or_else(nobody)?;
    let (visits, mut damage) = history.visits_and_damage(subject)?;
    if visits.is_empty() && !damage.is_empty() {
        return Err(damage.swap_remove(0));
    }
    Ok((history, visits, damage))
}

/// The history's file: the given one, else the one in the user's data folder.
///
/// # Errors
/// [`Error::Usage`] when there is no such folder.
pub fn database(named: Option<&Path>) -> Result<PathBuf> {
    named.map_or_else(history::default_path, |path| Ok(path.to_path_buf()))
}

/// A subject's visit as `SUBJECT@first`, `SUBJECT@last` or `SUBJECT@2026-01-05`, each view's photos of the day joined; `None` for any
/// other name. Also returns the errors of unreadable records of the subject.
///
/// # Errors
/// As [`find`].
pub fn joined_visits(name: &str, db: Option<&Path>) -> Result<Option<(Vec<Visit>, Vec<Error>)>> {
    let elsewhere = |(at, _): (usize, &str)| Path::new(&name[..at]).is_file();
    if Path::new(name).symlink_metadata().is_ok() || name.rmatch_indices('#').any(elsewhere) {
        return Ok(None);
    }
    let Some((subject, when)) = name.rsplit_once('@').filter(|(_, when)| *when != "all") else { return Ok(None) };
    let subject = names::checked(subject).map_err(|reason| Error::Usage { reason })?;
    let (_, visits, damage) = of_subject(&database(db)?, &subject)?;
    let visits = by_day(&visits);
    let found = chosen(&subject, when, &visits)?.into_iter().cloned().collect();
    Ok(Some((found, damage)))
}

fn visits(subject: &str, when: &str, db: Option<&Path>) -> Result<Listing> {
    let subject = names::checked(subject).map_err(|reason| Error::Usage { reason })?;
    let db = database(db)?;
    let (_, visits, damage) = of_subject(&db, &subject)?;
    let chosen = chosen(&subject, when, &visits)?;
    let place = |visit: &Visit| Place {
        name: format!("{subject}@{}", visit.visited),
        path: db.clone(),
        stem: format!("{subject}-{}-{}", visit.visited, visit.record.id),
        kind: Kind::Visit { subject: subject.clone(), visit: Box::new(visit.clone()) },
    };
    Ok(Listing { places: chosen.into_iter().map(place).collect(), damage })
}

/// The selected record of each view; photos that were refused entirely are not visits unless all are requested.
fn chosen<'a>(subject: &str, when: &str, visits: &'a [Visit]) -> Result<Vec<&'a Visit>> {
    if when == "all" {
        return Ok(visits.iter().collect());
    }
    let day = match when {
        "first" | "last" => None,
        text => Some(day(text).map_err(|reason| Error::Usage {
            reason: format!("{subject}@{when}: {reason}; first and last are understood too, and all for every record"),
        })?),
    };
    let mut views: Vec<View> = Vec::new();
    for visit in visits {
        if !views.contains(&visit.record.view.kind) {
            views.push(visit.record.view.kind);
        }
    }
    let chosen: Vec<&Visit> = views
        .into_iter()
        .filter_map(|view| {
            let mut usable =
                visits.iter().filter(|visit| visit.record.view.kind == view && visit.record.quality.usable);
            match day {
                Some(day) => usable.rfind(|visit| visit.visited == day),
                None if when == "first" => usable.next(),
                None => usable.next_back(),
            }
        })
        .collect();
    if chosen.is_empty() {
        let mut days: Vec<String> = visits
            .iter()
            .map(|visit| format!("{}{}", visit.visited, if visit.record.quality.usable { "" } else { " (refused)" }))
            .collect();
        days.dedup();
        let reason = format!("{subject}@{when}: no record of that day; there are records of {}", days.join(", "));
        return Err(Error::Usage { reason });
    }
    Ok(chosen)
}

impl Place {
    /// Reads the record.
    ///
    /// # Errors
    /// [`Error::Unreadable`]; [`Error::NotARecord`], also for the line of a photo without a record, with its reason.
    pub fn read(&self) -> Result<Found> {
        let bytes = match &self.kind {
            Kind::Visit { subject, visit } => {
                let text = visit.record.to_line()?;
                return Ok(Found {
                    record: visit.record.clone(),
                    subject: Some(subject.clone()),
                    visited: Some(visit.visited),
                    blake3: blake3::hash(text.as_bytes()).to_hex().to_string(),
                });
            }
            Kind::File => {
                std::fs::read(&self.path).map_err(|source| Error::Unreadable { path: self.path.clone(), source })?
            }
            Kind::Line { start, length, .. } => lines::read(&self.path, *start, *length)?,
        };
        parse(&bytes, &self.named())
    }

    /// The file's name in messages: with the line, if it has several records.
    #[must_use]
    pub fn named(&self) -> PathBuf {
        match &self.kind {
            Kind::Line { number, .. } => format!("{}, line {number}", self.path.display()).into(),
            Kind::Visit { .. } => self.name.clone().into(),
            Kind::File => self.path.clone(),
        }
    }

    /// The file's own name for a record that is a whole file; names for lines and visits end in `.json` too.
    #[must_use]
    pub fn file_name(&self) -> String {
        match &self.kind {
            Kind::File => self.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            _ => {
                let mut taken = std::collections::HashSet::new();
                names::file_name(&crate::app::batch::plan::file_name(&self.stem, &mut taken), ".json")
            }
        }
    }

    /// Whether the record is a whole file, so that another file may be written beside it.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.kind == Kind::File
    }
}

/// A record, or a line of `history export` with the record in it.
fn parse(bytes: &[u8], path: &Path) -> Result<Found> {
    let blake3 = blake3::hash(bytes).to_hex().to_string();
    let wrong = |found: String| Error::NotARecord {
        path: path.into(),
        reason: format!("expected a record of the schema {SCHEMA}, found {found}"),
        source: None,
    };
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else {
        // Reports what is wrong with it, with the usual message.
        return Record::from_json(bytes, path).map(|record| Found { record, subject: None, visited: None, blake3 });
    };
    if let Some(error) = value.get("error") {
        let file = value.pointer("/source/file").and_then(Value::as_str).unwrap_or("a photo");
        let text = error.get("text").and_then(Value::as_str).unwrap_or("no reason given");
        return Err(wrong(format!("that {file} has none: {text}")));
    }
    let kept = value.get_mut("record").map(Value::take);
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    if let Some(record) = kept {
        let visited = match text("visited") {
            Some(visited) => Some(day(&visited).map_err(wrong)?),
            None => None,
        };
        return Ok(Found { record: Record::from_value(record, path)?, subject: text("subject"), visited, blake3 });
    }
    let record = Record::from_value(value, path)?;
    let intake = record.intake.as_ref();
    Ok(Found {
        subject: intake.and_then(|intake| intake.subject.clone()),
        visited: intake.and_then(|intake| day(intake.visit_date.as_deref()?).ok()),
        record,
        blake3,
    })
}

#[cfg(test)]
mod tests;
