//! `orthostat history`: what `--save` has kept.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use orthostat::app::cli::{self, HistoryAction};
use orthostat::core::compare::visit::Date;
use orthostat::core::compare::visit::Visit;
use orthostat::core::error::{Error, Result};
use orthostat::core::names::shown;
use orthostat::core::record::Record;
use orthostat::report;
use orthostat::report::html::{self, Picture, Sheet};
use orthostat::report::output::Outputs;
use orthostat::store::history::{self, History};
use serde_json::json;

use super::{complain, say, tell};

pub(crate) fn run(options: &cli::History) -> Result<u8> {
    let path = database(options.db.as_deref())?;
    match &options.action {
        HistoryAction::List { json } => list(&path, *json),
        HistoryAction::Show { subject, report, force } => show(&path, subject, report.as_deref(), *force),
        HistoryAction::Add { subject, records, date } => add(&path, subject, records, *date),
        HistoryAction::Export { subject, out, force } => export(&path, subject, out.as_deref(), *force),
        HistoryAction::Purge { subject, yes } => purge(&path, subject, *yes),
    }
}

/// The file that was named, else the one in the user's data folder.
pub(super) fn database(named: Option<&Path>) -> Result<PathBuf> {
    named.map_or_else(history::default_path, |path| Ok(path.to_path_buf()))
}

/// A history in which the subject has to be; records of it that cannot be read are told.
pub(super) fn with_subject(path: &Path, subject: &str) -> Result<(History, Vec<Visit>)> {
    let nobody = || Error::NoSuchSubject { path: path.into(), subject: subject.into() };
    let history = History::existing(path)?.ok_or_else(nobody)?;
    let (visits, damage) = history.visits_and_damage(subject)?;
    for error in &damage {
        complain(error);
    }
    match damage.into_iter().next() {
        Some(error) if visits.is_empty() => Err(error),
        _ => Ok((history, visits)),
    }
}

fn list(path: &Path, json: bool) -> Result<u8> {
    let subjects = History::existing(path)?.map_or(Ok(Vec::new()), |history| history.subjects())?;
    for subject in &subjects {
        let days = subject.days.map(|(first, last)| (first.to_string(), last.to_string()));
        if json {
            let (first, last) = days.unzip();
            say(&format!(
                "{}\n",
                json!({"subject": subject.name, "records": subject.records, "first": first, "last": last})
            ))?;
        } else {
            let records = if subject.records == 1 { "record" } else { "records" };
            let days = match days {
                None => "without a day that can be read".into(),
                Some((first, last)) if first == last => format!("on {first}"),
                Some((first, last)) => format!("from {first} to {last}"),
            };
            say(&format!("{}: {} {records} {days}\n", shown(&subject.name), subject.records))?;
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

fn show(path: &Path, subject: &str, page: Option<&Path>, force: bool) -> Result<u8> {
    let (history, visits) = with_subject(path, subject)?;
    let outputs = Outputs::files(force).protecting(history.files());
    if let Some(page) = page {
        outputs.check(page, None)?;
    }
    let views = by_view(&visits);
    for view in &views {
        say(&format!("{}, {}\n", shown(subject), report::changes::course(view)))?;
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
        outputs.write_page(page, &html::page(&sheets, &options)?)?;
    }
    Ok(0)
}

fn add(path: &Path, subject: &str, records: &[PathBuf], date: Option<Date>) -> Result<u8> {
    let mut history = History::open(path)?;
    let mut code = 0;
    for file in records {
        match Record::open(file) {
            Ok(record) => {
                let (saved, date) = save(&mut history, subject, date, history::today(), &record)?;
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

/// Keeps a record under the day that was said; where none was, a photo that is there already keeps its own.
pub(super) fn save(
    history: &mut History,
    subject: &str,
    said: Option<Date>,
    otherwise: Date,
    record: &Record,
) -> Result<(history::Saved, Date)> {
    match said {
        Some(date) => Ok((history.save(subject, date, record)?, date)),
        None => history.save_undated(subject, otherwise, record),
    }
}

/// What became of a record, in one line.
pub(super) fn saved_words(id: &str, subject: &str, date: Date, saved: history::Saved) -> String {
    let how = match saved {
        history::Saved::Added => "saved",
        history::Saved::Replaced => "saved again, in place of the record of the same photo,",
    };
    format!("{}: {how} under {}, {date}", shown(id), shown(subject))
}

fn export(path: &Path, subject: &str, out: Option<&Path>, force: bool) -> Result<u8> {
    let (history, visits) = with_subject(path, subject)?;
    let outputs = Outputs::files(force).protecting(history.files());
    let mut text = String::new();
    for visit in &visits {
        let line = json!({"subject": subject, "visited": visit.visited.to_string(), "record": visit.record});
        text.push_str(&format!("{line}\n"));
    }
    match out {
        Some(out) => outputs.write(out, text.as_bytes(), None)?,
        None => say(&text)?,
    }
    Ok(0)
}

fn purge(path: &Path, subject: &str, yes: bool) -> Result<u8> {
    // Records that cannot be read must go as well.
    let nobody = || Error::NoSuchSubject { path: path.into(), subject: subject.into() };
    let mut history = History::existing(path)?.ok_or_else(nobody)?;
    // A purge that was cut short has left no records, and goes on.
    let count = history.count(subject).or_else(|error| if yes { Ok(0) } else { Err(error) })?;
    if !yes && !agreed(subject, count)? {
        return Err(Error::Usage { reason: "nothing was removed".into() });
    }
    let removed = history.purge(subject)?;
    let records = if removed == 1 { "record" } else { "records" };
    say(&format!("{}: {removed} {records} removed\n", shown(subject)))?;
    Ok(0)
}

/// Asks on the terminal; where there is none, nothing is removed without `--yes`.
fn agreed(subject: &str, count: usize) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::Usage {
            reason: format!(
                "{count} records of \"{subject}\" would be removed for good: nobody is here to ask, say --yes"
            ),
        });
    }
    tell(&format!("orthostat: remove {count} records of \"{}\" for good? [y/N] ", shown(subject)));
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|source| Error::Unreadable { path: "standard input".into(), source })?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
