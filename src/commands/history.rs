//! `orthostat history`: what `--save` has kept.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use orthostat::cli::{self, HistoryAction};
use orthostat::error::{Error, Result};
use orthostat::history::{self, Date, History, Visit};
use orthostat::record::Record;
use orthostat::report::html::{self, Picture, Sheet};
use orthostat::{output, report};
use serde_json::json;

use super::{complain, say};

pub(crate) fn run(options: &cli::History) -> Result<u8> {
    let path = database(options.db.as_deref())?;
    match &options.action {
        HistoryAction::List { json } => list(&path, *json),
        HistoryAction::Show { subject, report } => show(&path, subject, report.as_deref()),
        HistoryAction::Add { subject, records, date } => add(&path, subject, records, *date),
        HistoryAction::Export { subject, out } => export(&path, subject, out.as_deref()),
        HistoryAction::Purge { subject, yes } => purge(&path, subject, *yes),
    }
}

/// The file that was named, else the one in the user's data folder.
pub(super) fn database(named: Option<&Path>) -> Result<PathBuf> {
    named.map_or_else(history::default_path, |path| Ok(path.to_path_buf()))
}

/// A history in which the subject has to be.
pub(super) fn with_subject(path: &Path, subject: &str) -> Result<(History, Vec<Visit>)> {
    let nobody = || Error::NoSuchSubject { path: path.into(), subject: subject.into() };
    let history = History::existing(path)?.ok_or_else(nobody)?;
    let visits = history.visits(subject)?;
    Ok((history, visits))
}

fn list(path: &Path, json: bool) -> Result<u8> {
    let subjects = History::existing(path)?.map_or(Ok(Vec::new()), |history| history.subjects())?;
    for subject in &subjects {
        if json {
            let (first, last) = (subject.first.to_string(), subject.last.to_string());
            say(&format!(
                "{}\n",
                json!({"subject": subject.name, "records": subject.records, "first": first, "last": last})
            ))?;
        } else {
            let records = if subject.records == 1 { "record" } else { "records" };
            let days = if subject.first == subject.last {
                format!("on {}", subject.first)
            } else {
                format!("from {} to {}", subject.first, subject.last)
            };
            say(&format!("{}: {} {records} {days}\n", subject.name, subject.records))?;
        }
    }
    if subjects.is_empty() && !json {
        say(&format!("no records in {}; `orthostat analyze --save SUBJECT` keeps some\n", path.display()))?;
    }
    Ok(0)
}

/// The visits of each view, in the order of their first appearance.
fn by_view(visits: &[Visit]) -> Vec<Vec<Visit>> {
    let mut views: Vec<Vec<Visit>> = Vec::new();
    for visit in visits {
        match views.iter_mut().find(|view| view[0].record.view.kind == visit.record.view.kind) {
            Some(view) => view.push(visit.clone()),
            None => views.push(vec![visit.clone()]),
        }
    }
    views
}

fn show(path: &Path, subject: &str, page: Option<&Path>) -> Result<u8> {
    let (_, visits) = with_subject(path, subject)?;
    let views = by_view(&visits);
    for view in &views {
        say(&format!("{subject}, {}\n", report::changes::course(view)))?;
    }
    if let Some(page) = page {
        let sheets: Vec<Sheet<'_>> = views
            .iter()
            .filter_map(|view| view.last())
            .map(|visit| Sheet {
                record: &visit.record,
                picture: Picture::Withheld("the history keeps numbers, no pictures".into()),
            })
            .collect();
        let options = html::Options {
            subject: Some(subject),
            date: visits.last().map(|visit| visit.visited),
            visits: &visits,
            ..html::Options::default()
        };
        output::write(page, html::page(&sheets, &options)?.as_bytes())?;
    }
    Ok(0)
}

fn add(path: &Path, subject: &str, records: &[PathBuf], date: Option<Date>) -> Result<u8> {
    let mut history = History::open(path)?;
    let date = date.unwrap_or_else(history::today);
    let mut code = 0;
    for file in records {
        match Record::open(file) {
            Ok(record) => {
                let saved = history.save(subject, date, &record)?;
                // Said when it is on the disk, and not before.
                say(&format!("{}\n", saved_words(&record.id, subject, date, saved)))?;
            }
            Err(error) => {
                complain(&error);
                code = 1;
            }
        }
    }
    Ok(code)
}

/// What became of a record, in one line.
pub(super) fn saved_words(id: &str, subject: &str, date: Date, saved: history::Saved) -> String {
    let how = match saved {
        history::Saved::Added => "saved",
        history::Saved::Replaced => "saved again, in place of the record of the same photo,",
    };
    format!("{id}: {how} under {subject}, {date}")
}

fn export(path: &Path, subject: &str, out: Option<&Path>) -> Result<u8> {
    let (_, visits) = with_subject(path, subject)?;
    let mut text = String::new();
    for visit in &visits {
        let line = json!({"subject": subject, "visited": visit.visited.to_string(), "record": visit.record});
        text.push_str(&format!("{line}\n"));
    }
    match out {
        Some(out) => output::write(out, text.as_bytes())?,
        None => say(&text)?,
    }
    Ok(0)
}

fn purge(path: &Path, subject: &str, yes: bool) -> Result<u8> {
    let (mut history, visits) = with_subject(path, subject)?;
    if !yes && !agreed(subject, visits.len())? {
        return Err(Error::Usage { reason: "nothing was removed".into() });
    }
    let removed = history.purge(subject)?;
    let records = if removed == 1 { "record" } else { "records" };
    say(&format!("{subject}: {removed} {records} removed\n"))?;
    Ok(0)
}

/// Asks on the terminal; where there is none, nothing is removed without `--yes`.
#[allow(clippy::print_stderr, reason = "a question to the user")]
fn agreed(subject: &str, count: usize) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::Usage {
            reason: format!(
                "{count} records of \"{subject}\" would be removed for good: nobody is here to ask, say --yes"
            ),
        });
    }
    eprint!("orthostat: remove {count} records of \"{subject}\" for good? [y/N] ");
    let mut answer = String::new();
    let asked = std::io::stderr().flush().and_then(|()| std::io::stdin().read_line(&mut answer));
    asked.map_err(|source| Error::Unreadable { path: "standard input".into(), source })?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
