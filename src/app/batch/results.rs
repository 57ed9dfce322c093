//! Writes the results of a run from the journal, in the order of the plan, each file under a temporary name until it is complete.

use std::io::Write;
use std::path::Path;

use indexmap::IndexMap;

use super::journal::{Entry, FIRST, Journal, Key, line_of};
use super::plan::Job;
use super::settings::{Format, JOURNAL, Place, Presentation, VISITS};
use crate::core::body::view::View;
use crate::core::compare::{joint, visit};
use crate::core::error::{Error, Result};
use crate::core::record::Record;
use crate::core::record::outcome::{Failure, Outcome, Tally};
use crate::report::csv::Sheet;
use crate::report::fhir::{Filing, bundle};
use crate::report::output::{Draft, Outputs};
use crate::report::summary::{Page, Row};
use crate::report::table::{Cell, Column, Kind, long_columns, long_rows, wide_columns, wide_row};

/// The outcome of a job: an entry of the journal, or a failure that is not stored there.
#[derive(Debug, Clone)]
pub(super) enum Slot {
    Entry(Key),
    Failure(Failure),
}

/// A refused photo as a failure: the flags that are the reason, else the first reason.
fn refusal(record: &Record) -> Failure {
    let flags: Vec<&str> = record.quality.flags.iter().map(|flag| flag.text.as_str()).collect();
    let text = match flags.is_empty() {
        false => flags.join("; "),
        true => record.measures.values().find_map(|found| found.reason.clone()).unwrap_or_default(),
    };
    Failure { code: "refused".into(), text }
}

fn failure_columns() -> Vec<Column> {
    let text = ["id", "file", "code", "reason", "subject"].map(|name| (name.to_owned(), Kind::Text));
    [("number".to_owned(), Kind::Whole)].into_iter().chain(text).collect()
}

/// The output formats.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forms<'a> {
    pub(super) formats: &'a [Format],
    /// Further columns of the intake list.
    pub(super) carried: &'a [String],
    pub(super) filing: &'a Filing,
    pub(super) bom: bool,
}

/// The files of every run, except its journal.
pub(super) fn names(formats: &[Format]) -> Vec<&'static str> {
    let mut names = vec!["results.jsonl", "results.csv", "results_long.csv", "failures.csv", "summary.html", VISITS];
    if formats.contains(&Format::Parquet) {
        names.extend(["results.parquet", "results_long.parquet"]);
    }
    if formats.contains(&Format::Fhir) {
        names.push("results.fhir.jsonl");
    }
    names
}

/// Subject, day and view.
type Visit = (String, String, View);

/// The positions of the records of each stance, in the order of the first of each. The records stay in the journal.
#[derive(Debug, Default)]
struct Visits {
    places: IndexMap<Visit, Vec<(usize, Place)>>,
}

impl Visits {
    fn add(&mut self, index: usize, view: Place, record: &Record) {
        let Some(intake) = record.intake.as_ref().filter(|_| record.quality.usable) else { return };
        let day = intake.visit_date.clone().or_else(|| Some(intake.visit_day?.to_string()));
        if let (Some(subject), Some(day)) = (intake.subject.clone(), day) {
            self.places.entry((subject, day, record.view.kind)).or_default().push((index, view));
        }
    }

    /// Writes the joint record of each stance with several photos.
    fn write(
        &self,
        path: &Path,
        outputs: &Outputs,
        mut record: impl FnMut(usize, Place) -> Result<Option<Record>>,
    ) -> Result<()> {
        let mut lines: Option<Draft> = None;
        for ((subject, day, view), places) in self.places.iter().filter(|(_, places)| places.len() > 1) {
            let mut records = Vec::new();
            for &(index, place) in places {
                records.extend(record(index, place)?);
            }
            let id = format!("{subject}-{day}-{}", visit::id(*view));
            let together: Vec<&Record> = records.iter().collect();
            let Some(joint) = joint::joined(&id, &together).filter(|joint| !joint.joined.is_empty()) else { continue };
            if lines.is_none() {
                lines = Some(outputs.draft(path, None)?);
            }
            if let Some(lines) = &mut lines {
                serde_json::to_writer(&mut *lines, &joint).map_err(|error| lines.failed(error.into()))?;
                lines.write_all(b"\n").map_err(|source| lines.failed(source))?;
            }
        }
        // Joint records of an earlier run do not belong to this one.
        match lines {
            Some(lines) => lines.finish(),
            None => outputs.remove(path).map(|_| ()),
        }
    }
}

/// The tables of a run, row by row.
struct Tables<'a> {
    folder: &'a Path,
    carried: &'a [String],
    wide: Sheet<Draft>,
    long: Sheet<Draft>,
    failures: Sheet<Draft>,
    fhir: Option<Draft>,
    filing: &'a Filing,
    #[cfg(feature = "parquet")]
    parquet: Option<[crate::report::parquet::Rows; 2]>,
}

impl<'a> Tables<'a> {
    fn begin(folder: &'a Path, outputs: &Outputs, forms: &Forms<'a>) -> Result<Self> {
        let begin = |name: &str| outputs.draft(&folder.join(name), None);
        let sheet = |name: &str, columns: &[Column]| {
            let mut draft = begin(name)?;
            if forms.bom {
                draft.write_all("\u{feff}".as_bytes()).map_err(|source| draft.failed(source))?;
            }
            Sheet::new(draft, columns).map_err(|source| Error::Unwritable { path: folder.join(name), source })
        };
        let wide = wide_columns(forms.carried);
        #[cfg(feature = "parquet")]
        let parquet = match forms.formats.contains(&Format::Parquet) {
            true => Some([
                crate::report::parquet::Rows::new(begin("results.parquet")?, &wide)?,
                crate::report::parquet::Rows::new(begin("results_long.parquet")?, &long_columns())?,
            ]),
            false => None,
        };
        Ok(Self {
            folder,
            carried: forms.carried,
            wide: sheet("results.csv", &wide)?,
            long: sheet("results_long.csv", &long_columns())?,
            failures: sheet("failures.csv", &failure_columns())?,
            fhir: forms.formats.contains(&Format::Fhir).then(|| begin("results.fhir.jsonl")).transpose()?,
            filing: forms.filing,
            #[cfg(feature = "parquet")]
            parquet,
        })
    }

    fn failed(&self) -> impl Fn(std::io::Error) -> Error + use<> {
        let path = self.folder.to_path_buf();
        move |source| Error::Unwritable { path: path.clone(), source }
    }

    fn record(&mut self, number: usize, record: &Record) -> Result<()> {
        let failed = self.failed();
        let cells = wide_row(number, record, self.carried);
        self.wide.row(&cells).map_err(&failed)?;
        let rows = long_rows(number, record);
        for cells in &rows {
            self.long.row(cells).map_err(&failed)?;
        }
        if let Some(lines) = &mut self.fhir {
            let line = format!("{}\n", bundle(record, self.filing));
            lines.write_all(line.as_bytes()).map_err(|source| lines.failed(source))?;
        }
        #[cfg(feature = "parquet")]
        if let Some([photos, measures]) = &mut self.parquet {
            photos.row(cells)?;
            for cells in rows {
                measures.row(cells)?;
            }
        }
        Ok(())
    }

    fn failure(&mut self, number: usize, view: Place, job: &Job, show: &Presentation, failure: Failure) -> Result<()> {
        let subject = job.subject.as_ref().map(|_| show.whom(job));
        let row = [
            Cell::Whole(number as i64),
            Cell::Text(view.of(&show.id(job))),
            show.file(job).as_deref().into(),
            Cell::Text(failure.code),
            Cell::Text(failure.text),
            subject.as_deref().into(),
        ];
        let failed = self.failed();
        self.failures.row(&row).map_err(failed)
    }

    fn finish(self) -> Result<()> {
        let failed = self.failed();
        for sheet in [self.wide, self.long, self.failures] {
            sheet.finish().map_err(&failed)?.finish()?;
        }
        if let Some(lines) = self.fhir {
            lines.finish()?;
        }
        #[cfg(feature = "parquet")]
        for rows in self.parquet.into_iter().flatten() {
            rows.finish()?.finish()?;
        }
        Ok(())
    }
}

/// Writes every file of a finished run into `folder`, and rewrites the journal in the order of the plan.
///
/// # Errors
/// [`Error::Unwritable`]; files that were not finished are as they were before.
pub(super) fn write(
    folder: &Path,
    outputs: &Outputs,
    (jobs, slots): (&[std::sync::Arc<Job>], &[Slot]),
    journal: &mut Journal,
    show: &Presentation,
    links: &[Option<String>],
    forms: &Forms<'_>,
) -> Result<Tally> {
    let mut lines = outputs.draft(&folder.join("results.jsonl"), None)?;
    // This run has the journal open, so it counts as its own although lines were appended.
    let mut ordered = outputs.clone().forced().draft(&folder.join(JOURNAL), None)?;
    ordered.write_all(FIRST).map_err(|source| ordered.failed(source))?;
    let mut tables = Tables::begin(folder, outputs, forms)?;
    let draft = outputs.draft(&folder.join("summary.html"), None)?;
    let mut page = Page::new(draft, jobs.len(), show.is_deidentified())?;
    let mut tally = Tally::default();
    let mut written = std::collections::HashSet::new();
    let mut visits = Visits::default();
    let mut number = 0;
    for index in show.order(jobs) {
        let (job, slot) = (&jobs[index], &slots[index]);
        let entry = match slot {
            Slot::Failure(failure) => Entry::of(Outcome::Failure(failure.clone()), None),
            Slot::Entry(key) => {
                let Some(entry) = journal.read(key)? else { continue };
                if written.insert(*key) {
                    let line = line_of(key, &entry).map_err(|source| ordered.failed(source))?;
                    ordered.write_all(&line).map_err(|source| ordered.failed(source))?;
                }
                entry
            }
        };
        for (view, entry) in Place::all(entry.count()).zip(entry.views()) {
            number += 1;
            tally.count(&entry.outcome);
            let picture = entry.thumbnail.as_ref().map(|_| show.picture(index, view));
            let report = links.get(index).and_then(Option::as_deref);
            let failure = match &entry.outcome {
                Outcome::Failure(failure) => {
                    let subject = job.subject.as_ref().map(|_| show.whom(job));
                    page.row(&Row { subject, report, ..Row::failed(number, &view.of(&show.id(job)), failure) })?;
                    Some(failure.clone())
                }
                Outcome::Record(record) => {
                    let record = show.record(job, record, index, view);
                    visits.add(index, view, &record);
                    serde_json::to_writer(&mut lines, &record).map_err(|error| lines.failed(error.into()))?;
                    lines.write_all(b"\n").map_err(|source| lines.failed(source))?;
                    tables.record(number, &record)?;
                    let row = Row::measured(number, &record, picture.as_deref(), entry.thumbnail.as_deref());
                    page.row(&Row { report, ..row })?;
                    (!record.quality.usable).then(|| refusal(&record))
                }
            };
            if let Some(failure) = failure {
                tables.failure(number, view, job, show, failure)?;
            }
        }
    }
    visits.write(&folder.join(VISITS), outputs, |index, view| {
        let Slot::Entry(key) = &slots[index] else { return Ok(None) };
        let Some(entry) = journal.read(key)? else { return Ok(None) };
        let of_view = Place::all(entry.count()).zip(entry.views()).find(|(place, _)| *place == view);
        Ok(of_view.and_then(|(_, entry)| match &entry.outcome {
            Outcome::Record(record) => Some(show.record(&jobs[index], record, index, view)),
            Outcome::Failure(_) => None,
        }))
    })?;
    lines.finish()?;
    tables.finish()?;
    page.finish(tally)?.finish()?;
    ordered.finish()?;
    Ok(tally)
}
