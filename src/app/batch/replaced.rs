//! Results of an earlier run that a resumed run would replace, because another photo now has the same id.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::journal::Journal;
use super::plan::Job;
use super::results::Slot;
use super::settings::Presentation;
use crate::core::error::{Error, Result};
use crate::core::names;
use crate::core::record::outcome::Outcome;
use crate::report::output::Outputs;

/// The file of replaced results, one record a line.
pub(super) const REPLACED: &str = "replaced.jsonl";

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
    let Ok(file) = File::open(&path) else { return Ok(None) };
    let places: HashMap<String, usize> = jobs.iter().enumerate().map(|(index, job)| (show.id(job), index)).collect();
    let kept = folder.join(REPLACED);
    // Results that an earlier resumed run replaced stay.
    let mut lines = std::fs::read(&kept).unwrap_or_default();
    let before = lines.len();
    let (mut count, mut first) = (0, None);
    for line in BufReader::new(file).split(b'\n') {
        let line = line.map_err(|source| Error::Unreadable { path: path.clone(), source })?;
        let Ok(Earlier { id, source: Source { blake3: Some(hash) } }) = serde_json::from_slice(&line) else { continue };
        // Each panel of a collage has its own record.
        let whole = id.split_once('#').map_or(id.as_str(), |(whole, _)| whole);
        let Some(&index) = places.get(&id).or_else(|| places.get(whole)) else { continue };
        if hash_of(&slots[index], journal)?.is_some_and(|now| now != hash) {
            lines.extend_from_slice(&line);
            lines.push(b'\n');
            count += 1;
            first.get_or_insert(id);
        }
    }
    let Some(first) = first.filter(|_| lines.len() > before) else { return Ok(None) };
    outputs.write(&kept, &lines, None)?;
    let results = if count == 1 { "1 earlier result is" } else { &format!("{count} earlier results are") };
    Ok(Some(format!(
        "{results} of other photos with the same ids (such as \"{}\"): kept in {}",
        names::shown(&first),
        kept.display()
    )))
}

/// The hash of the photo that was measured now; `None` if there is no record.
fn hash_of(slot: &Slot, journal: &mut Journal) -> Result<Option<String>> {
    let Slot::Entry(key) = slot else { return Ok(None) };
    let outcome = journal.read(key)?.map(|entry| entry.outcome);
    Ok(match outcome {
        Some(Outcome::Record(record)) => record.source.blake3.map(|hash| hash.to_string()),
        _ => None,
    })
}
