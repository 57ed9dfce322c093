//! What a run leaves behind, made from the journal in the order of the plan, each file under a temporary name until it is whole.

use crate::core::record::outcome::{Failure, Outcome, Tally};
use std::io::Write;
use std::path::Path;

use super::journal::{Entry, FIRST, Journal, Key, line_of};
use super::plan::Job;
use super::settings::{Format, JOURNAL, Presentation};
use crate::core::error::Result;
use crate::core::record::Record;
use crate::report::csv::Sheet;
use crate::report::output::Outputs;
use crate::report::summary::{Page, Row};
use crate::report::table::{Cell, Column, Kind, long_columns, long_rows, wide_columns, wide_row};

/// What became of a job: an entry of the journal, or a failure that is not kept there.
#[derive(Debug, Clone)]
pub(super) enum Slot {
    Entry(Key),
    Failure(Failure),
}

/// A refused photo in the words of a failure: the flags that say why, else the first reason.
fn refusal(record: &Record) -> Failure {
    let flags: Vec<&str> = record.quality.flags.iter().map(|flag| flag.text.as_str()).collect();
    let text = match flags.is_empty() {
        false => flags.join("; "),
        true => record.measures.values().find_map(|found| found.reason.clone()).unwrap_or_default(),
    };
    Failure { code: "refused".into(), text }
}

fn failure_columns() -> Vec<Column> {
    [("number", Kind::Whole), ("id", Kind::Text), ("file", Kind::Text), ("code", Kind::Text), ("reason", Kind::Text)]
        .map(|(name, kind)| (name.to_owned(), kind))
        .to_vec()
}

/// In which forms results are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forms<'a> {
    pub(super) formats: &'a [Format],
    /// Further columns of the intake list.
    pub(super) carried: &'a [String],
}

/// The files of every run, but for its journal.
pub(super) fn names(formats: &[Format]) -> Vec<&'static str> {
    let mut names = vec!["results.jsonl", "results.csv", "results_long.csv", "failures.csv", "summary.html"];
    if formats.contains(&Format::Parquet) {
        names.extend(["results.parquet", "results_long.parquet"]);
    }
    names
}

/// Writes every file of a finished run into `folder`, and the journal anew in the order of the plan.
///
/// # Errors
/// [`crate::core::error::Error::Unwritable`]; files that were not finished are as they were before.
pub(super) fn write(
    folder: &Path,
    outputs: &Outputs,
    jobs: &[std::sync::Arc<Job>],
    slots: &[Slot],
    journal: &mut Journal,
    show: &Presentation,
    forms: &Forms<'_>,
) -> Result<Tally> {
    let Forms { formats, carried } = *forms;
    let begin = |name: &str| outputs.draft(&folder.join(name), None);
    let mut lines = begin("results.jsonl")?;
    // This run holds the journal open: it is its own, whatever was added to it.
    let mut ordered = outputs.clone().forced().draft(&folder.join(JOURNAL), None)?;
    ordered.write_all(FIRST).map_err(|source| ordered.failed(source))?;
    let sheet = |name: &str, columns: &[Column]| {
        let path = folder.join(name);
        let draft = begin(name)?;
        Sheet::new(draft, columns).map_err(|source| crate::core::error::Error::Unwritable { path, source })
    };
    let mut wide = sheet("results.csv", &wide_columns(carried))?;
    let mut long = sheet("results_long.csv", &long_columns())?;
    let mut failures = sheet("failures.csv", &failure_columns())?;
    #[cfg(feature = "parquet")]
    let mut parquet = match formats.contains(&Format::Parquet) {
        true => Some([
            crate::report::parquet::Rows::new(begin("results.parquet")?, &wide_columns(carried))?,
            crate::report::parquet::Rows::new(begin("results_long.parquet")?, &long_columns())?,
        ]),
        false => None,
    };
    #[cfg(not(feature = "parquet"))]
    let _ = formats;
    let mut page = Page::new(begin("summary.html")?, jobs.len(), show.is_deidentified())?;
    let mut tally = Tally::default();
    let mut written = std::collections::HashSet::new();
    for (place, index) in show.order(jobs).into_iter().enumerate() {
        let (job, slot, number) = (&jobs[index], &slots[index], place + 1);
        let entry = match slot {
            Slot::Failure(failure) => Entry { outcome: Outcome::Failure(failure.clone()), thumbnail: None },
            Slot::Entry(key) => {
                let Some(entry) = journal.read(key)? else { continue };
                if written.insert(*key) {
                    let line = line_of(key, &entry).map_err(|source| ordered.failed(source))?;
                    ordered.write_all(&line).map_err(|source| ordered.failed(source))?;
                }
                entry
            }
        };
        tally.count(&entry.outcome);
        let failed = |source| crate::core::error::Error::Unwritable { path: folder.into(), source };
        let picture = entry.thumbnail.as_ref().map(|_| show.picture(index));
        let failure = match &entry.outcome {
            Outcome::Failure(failure) => {
                page.row(&Row::failed(number, &show.id(job), failure))?;
                Some(failure.clone())
            }
            Outcome::Record(record) => {
                let record = show.record(job, record, index);
                serde_json::to_writer(&mut lines, &record).map_err(|error| lines.failed(error.into()))?;
                lines.write_all(b"\n").map_err(|source| lines.failed(source))?;
                let cells = wide_row(number, &record, carried);
                wide.row(&cells).map_err(failed)?;
                let rows = long_rows(number, &record);
                for cells in &rows {
                    long.row(cells).map_err(failed)?;
                }
                #[cfg(feature = "parquet")]
                if let Some([photos, measures]) = &mut parquet {
                    photos.row(cells)?;
                    for cells in rows {
                        measures.row(cells)?;
                    }
                }
                page.row(&Row::measured(number, &record, picture.as_deref(), entry.thumbnail.as_deref()))?;
                (!record.quality.usable).then(|| refusal(&record))
            }
        };
        if let Some(failure) = failure {
            let row = [
                Cell::Whole(number as i64),
                Cell::Text(show.id(job)),
                show.file(job).as_deref().into(),
                Cell::Text(failure.code),
                Cell::Text(failure.text),
            ];
            failures.row(&row).map_err(failed)?;
        }
    }
    lines.finish()?;
    for sheet in [wide, long, failures] {
        let finished = sheet.finish();
        finished.map_err(|source| crate::core::error::Error::Unwritable { path: folder.into(), source })?.finish()?;
    }
    #[cfg(feature = "parquet")]
    for rows in parquet.into_iter().flatten() {
        rows.finish()?.finish()?;
    }
    page.finish(tally)?.finish()?;
    ordered.finish()?;
    Ok(tally)
}
