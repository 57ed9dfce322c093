//! Results of an earlier run that a resumed run would replace, because another photo now has the same id, or the photo fails now.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::journal::{Entry, Journal};
use super::plan::Job;
use super::results::Slot;
use super::settings::{Presentation, REPLACED};
use crate::core::error::{Error, Result};
use crate::core::names;
use crate::core::record::outcome::Outcome;
use crate::report::output::Outputs;

/// The part of an earlier result that is compared.
#[derive(Debug, Deserialize)]
struct Earlier {
    id: String,
    source: Source,
}

#[derive(Debug, Deserialize)]
struct Source {
    blake3: Option<String>,
}

/// Keeps the earlier results of other photos with the same ids in [`REPLACED`]; returns a note if there are any.
///
/// # Errors
/// [`Error::Unreadable`], [`Error::Unwritable`], [`Error::Occupied`].
pub(super) fn keep(
    folder: &Path,
    (jobs, slots): (&[Arc<Job>], &[Slot]),
    journal: &mut Journal,
    show: &Presentation,
    outputs: &Outputs,
) -> Result<Option<String>> {
    let path = folder.join("results.jsonl");
    let unreadable = |path: &Path| {
        let path = path.to_path_buf();
        move |source| Error::Unreadable { path, source }
    };
    let file = match File::open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(unreadable(&path))?,
    };
    let places: HashMap<String, usize> = jobs.iter().enumerate().map(|(index, job)| (show.id(job), index)).collect();
    let kept = folder.join(REPLACED);
    // Results that an earlier resumed run replaced stay.
    let mut lines = match std::fs::read(&kept) {
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        read => read.map_err(unreadable(&kept))?,
    };
    // A run that was killed after writing this file has kept them already.
    let before: HashSet<Vec<u8>> = lines.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    let (mut count, mut first) = (0, None);
    for line in BufReader::new(file).split(b'\n') {
        let line = line.map_err(unreadable(&path))?;
        let Ok(Earlier { id, source: Source { blake3: Some(hash) } }) = serde_json::from_slice(&line) else { continue };
        // Each panel of a collage has its own record.
        let whole = names::photo_of_view(&id).unwrap_or(&id);
        let Some(&index) = places.get(&id).or_else(|| places.get(whole)) else { continue };
        if !before.contains(&line) && !holds_record_of(&slots[index], &hash, journal)? {
            lines.extend_from_slice(&line);
            lines.push(b'\n');
            count += 1;
            first.get_or_insert(id);
        }
    }
    let Some(first) = first else { return Ok(None) };
    outputs.write(&kept, &lines, None)?;
    let results = if count == 1 { "1 earlier result is" } else { &format!("{count} earlier results are") };
    Ok(Some(format!(
        "{results} not of the photos that have the same ids now (such as \"{}\"): kept in {}",
        names::shown(&first),
        kept.display()
    )))
}

/// Whether a record of the photo with this hash is among the results now.
fn holds_record_of(slot: &Slot, hash: &str, journal: &mut Journal) -> Result<bool> {
    let Slot::Entry(key) = slot else { return Ok(false) };
    let Some(entry) = journal.read(key)? else { return Ok(false) };
    let is_its = |entry: &Entry| match &entry.outcome {
        Outcome::Record(record) => record.source.blake3.as_ref().is_some_and(|now| now.to_string() == hash),
        Outcome::Failure(_) => false,
    };
    Ok(is_its(&entry) || entry.further.iter().any(is_its))
}
