//! `orthostat history`: the records kept by `--save`.

use std::io::IsTerminal;
use std::path::Path;

use orthostat::app::cli::{self, HistoryAction, Looks};
use orthostat::app::records::{Found, Place, database, of_subject};
use orthostat::core::compare::visit::{Date, Visit, by_day};
use orthostat::core::error::{Error, Result};
use orthostat::core::names::{checked, shown};
use orthostat::core::record::Record;
use orthostat::report;
use orthostat::report::html::{self, Picture, Sheet};
use orthostat::report::output::Outputs;
use orthostat::store::history::{self, History};
use serde_json::json;

use super::looks::Furniture;
use super::page::Target;
use super::{complain, listed, say, tell};

pub(crate) fn run(options: &cli::History) -> Result<u8> {
    let path = database(options.db.as_deref())?;
    match &options.action {
        HistoryAction::List { json } => list(&path, *json),
        HistoryAction::Show { subject, report, open, force, looks } => {
            let target = report.as_deref().map(|page| Target::of(page, *force, &[&path])).transpose()?;
            show(&path, subject, target, *open, looks)
        }
        HistoryAction::Add { names, by_subject, date } => add(&path, names, *by_subject, *date),
        HistoryAction::Export { subject, out, force } => export(&path, subject, out.as_deref(), *force),
        HistoryAction::Purge { subject, yes } => purge(&path, subject, *yes),
    }
}

/// A history that must contain the subject; unreadable records are reported.
fn with_subject(path: &Path, subject: &str) -> Result<(History, Vec<Visit>)> {
    let (history, visits, damage) = of_subject(path, subject)?;
    damage.iter().for_each(|error| complain(error));
    Ok((history, visits))
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

fn show(path: &Path, subject: &str, page: Option<Target>, open: bool, looks: &Looks) -> Result<u8> {
    let furniture = Furniture::of(looks)?;
    let (history, visits) = with_subject(path, subject)?;
    let visits = by_day(&visits);
    let views = by_view(&visits);
    for view in &views {
        say(&format!("{}, {}\n", shown(subject), report::changes::course(view)))?;
    }
    if let Some(page) = page {
        let last = |view: &Vec<Visit>| {
            // A refused photo is shown only if there is no other.
            let usable = view.iter().rfind(|visit| visit.record.quality.usable);
            usable.or(view.last()).cloned()
        };
        let latest: Vec<Visit> = views.iter().filter_map(last).collect();
        let sheets: Vec<Sheet<'_>> = latest
            .iter()
            .map(|visit| Sheet {
                record: &visit.record,
                picture: Picture::Withheld("the history keeps numbers, no pictures".into()),
                date: Some(visit.visited),
            })
            .collect();
        let options = html::Options {
            subject: Some(subject),
            visits: &visits,
            look: furniture.look(),
            ..html::Options::default()
        };
        page.protecting(&history.files()).write(&html::page(&sheets, &options)?, open)?;
    }
    Ok(0)
}

/// Adds records under one subject, or each under its own subject.
fn add(path: &Path, names: &[String], by_subject: bool, date: Option<Date>) -> Result<u8> {
    let (subject, records) = match names.split_first() {
        Some((subject, records)) if !by_subject && !records.is_empty() => {
            let subject = checked(subject).map_err(|reason| Error::Usage { reason })?;
            (Some(subject), records)
        }
        Some(_) if by_subject => (None, names),
        _ => return Err(Error::Usage { reason: "expected a subject and records, or --by-subject and records".into() }),
    };
    let places = listed(records, Some(path))?;
    let mut history = History::open(path)?;
    let mut code = 0;
    for place in places {
        let added = place.read().and_then(|found| {
            let subject = whose(subject.as_deref(), &found, &place)?;
            kept(&mut history, &subject, date.or(found.visited), history::today(), &found.record)
        });
        match added {
            // Reported only after it is on disk.
            Ok(words) => say(&format!("{words}\n"))?,
            Err(error @ (Error::History { .. } | Error::Unwritable { .. })) => return Err(error),
            Err(error) => {
                complain(&error);
                code = 1;
            }
        }
    }
    Ok(code)
}

/// The subject that a record is added to: records of another subject are refused.
fn whose(said: Option<&str>, found: &Found, place: &Place) -> Result<String> {
    let usage = |reason: String| Err(Error::Usage { reason: format!("{}: {reason}", place.named().display()) });
    match (said, found.subject.as_deref()) {
        (Some(said), Some(named)) if said != named => usage(format!(
            "shows {}, not {}: it is not added; --by-subject adds each under its own name",
            shown(named),
            shown(said)
        )),
        (Some(said), _) => Ok(said.to_owned()),
        (None, Some(named)) => Ok(named.to_owned()),
        (None, None) => usage("names no subject, as a manifest or the history would: it is not added".into()),
    }
}

/// Saves a record with values, and reports it.
pub(super) fn kept(
    history: &mut History,
    subject: &str,
    said: Option<Date>,
    otherwise: Date,
    record: &Record,
) -> Result<String> {
    if !record.quality.usable {
        let reason = format!(
            "{}: nothing was measured in it, so it is no visit and is not kept in the history",
            shown(&record.id)
        );
        return Err(Error::Usage { reason });
    }
    let (saved, date) = save(history, subject, said, otherwise, record)?;
    Ok(saved_words(&record.id, subject, date, saved))
}

/// Saves a record under the given day; without one, a photo that is already saved keeps its day.
fn save(
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

/// The outcome for a record, in one line.
fn saved_words(id: &str, subject: &str, date: Date, saved: history::Saved) -> String {
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
    // Unreadable records must be removed as well.
    let nobody = || Error::NoSuchSubject { path: path.into(), subject: subject.into() };
    let mut history = History::existing(path)?.ok_or_else(nobody)?;
    // An interrupted purge has left no records, and is continued.
    let count = history.count(subject).or_else(|error| if yes { Ok(0) } else { Err(error) })?;
    if !yes && !agreed(subject, count)? {
        return Err(Error::Usage { reason: "nothing was removed".into() });
    }
    let removed = history.purge(subject)?;
    let records = if removed == 1 { "record" } else { "records" };
    say(&format!("{}: {removed} {records} removed\n", shown(subject)))?;
    Ok(0)
}

/// Asks on the terminal; without a terminal, nothing is removed without `--yes`.
fn agreed(subject: &str, count: usize) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::Usage {
            reason: format!(
                "{count} records of \"{subject}\" would be removed for good: standard input is not a terminal, so no question can be asked: add --yes"
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
