//! `orthostat compare`: whether anything has changed between two photos of one subject.

use std::io::Read;
use std::path::Path;

use orthostat::app::cli::Compare;
use orthostat::core::body::view::View;
use orthostat::core::camera::UserCalibration;
use orthostat::core::compare::change::{self, Comparison};
use orthostat::core::compare::visit;
use orthostat::core::compare::visit::Visit;
use orthostat::core::error::{Error, Result};
use orthostat::core::record::Record;
use orthostat::core::{isolation, names};
use orthostat::report;
use orthostat::vision::analysis::{self, Analyzer};
use orthostat::vision::photo::Photo;
use serde_json::json;

use super::history::{database, with_subject};
use super::{complain, say};

/// Something to compare, under the name that the user gave it.
struct Named {
    name: String,
    record: Record,
}

pub(crate) fn run(options: &Compare) -> Result<u8> {
    let asked = match (&options.subject, &options.before, &options.after) {
        (Some(subject), ..) => [format!("{subject}@first"), format!("{subject}@last")],
        (None, Some(before), Some(after)) => [before.clone(), after.clone()],
        _ => return Err(Error::Usage { reason: "two photos, records or visits are needed".into() }),
    };
    let mut analyzer = None;
    let [before, after] = asked.each_ref().map(|reference| find(reference, options, &mut analyzer));
    let (before, after) = (before?, after?);
    let mut code = 0;
    let mut shown = false;
    let all = pairs(&before, &after);
    // Of a subject's views, those with a single record show nothing, unless there is nothing else.
    let two: Vec<_> = all.iter().filter(|(before, after)| before.record != after.record).collect();
    if let (true, Some((before, after))) = (two.is_empty(), all.first()) {
        let reason = format!("{} and {} are one and the same record", before.name, after.name);
        return Err(Error::Incomparable { reason });
    }
    for (before, after) in two {
        match change::compare(&before.record, &after.record) {
            Ok(comparison) => {
                shown = true;
                print(before, after, &comparison, options.json)?;
            }
            Err(why) => {
                complain(&Error::Incomparable { reason: why.to_string() });
                code = 1;
            }
        }
    }
    if shown && !options.json {
        say(&format!("{}\n", report::CAUTION))?;
    }
    Ok(code)
}

/// Those of the same view; where there are none, the first of each, which then says why.
fn pairs<'a>(before: &'a [Named], after: &'a [Named]) -> Vec<(&'a Named, &'a Named)> {
    let alike: Vec<_> = before
        .iter()
        .filter_map(|one| {
            let same = after.iter().find(|other| other.record.view.kind == one.record.view.kind)?;
            Some((one, same))
        })
        .collect();
    if alike.is_empty() { before.iter().zip(after).take(1).collect() } else { alike }
}

fn print(before: &Named, after: &Named, comparison: &Comparison, as_json: bool) -> Result<()> {
    if as_json {
        let side =
            |named: &Named| json!({"name": named.name, "id": named.record.id, "blake3": named.record.source.blake3});
        let line = json!({
            "schema": "orthostat-comparison/1",
            "before": side(before),
            "after": side(after),
            "view": comparison.view,
            "changes": comparison.changes,
            "notes": comparison.notes,
        });
        say(&format!("{line}\n"))
    } else {
        say(&format!("{}\n", report::changes::comparison(&before.name, &after.name, comparison)))
    }
}

/// A photo, a record, or a subject's visit with one record for each view.
fn find(reference: &str, options: &Compare, analyzer: &mut Option<Analyzer>) -> Result<Vec<Named>> {
    let path = Path::new(reference);
    if let Some((subject, when)) = reference.rsplit_once('@').filter(|_| !path.exists()) {
        return visit(subject, when, options);
    }
    let name = path.file_name().map_or_else(|| reference.to_owned(), |name| name.to_string_lossy().into_owned());
    if is_json(path)? {
        return Ok(vec![Named { name, record: Record::open(path)? }]);
    }
    // As `analyze` reads it, so that both give one record.
    let reading = analysis::reading();
    let photo = Photo::open(path, &reading)?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    let analyzer = match analyzer {
        Some(open) => open,
        None => analyzer.insert(Analyzer::open(&options.measuring.models(), workers)?),
    };
    let measuring = options.measuring.options(UserCalibration::default());
    let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let views = isolation::guarded(path, || analyzer.views(photo, &measuring))?;
    let count = views.len();
    let mut named = Vec::new();
    for (number, view) in (1..).zip(&views) {
        let analysis = isolation::guarded(path, || analyzer.analyze(view, &measuring))?;
        let record = Record::of(view.provenance(&names::of_view(&id, number, count)), &analysis);
        named.push(Named { name: names::of_view(&name, number, count), record });
    }
    Ok(named)
}

/// Whether a file begins as JSON does; no picture begins so.
fn is_json(path: &Path) -> Result<bool> {
    let unreadable = |source| Error::Unreadable { path: path.into(), source };
    let mut head = [0; 64];
    let count = std::fs::File::open(path).and_then(|mut file| file.read(&mut head)).map_err(unreadable)?;
    Ok(head[..count].trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'[')))
}

fn visit(subject: &str, when: &str, options: &Compare) -> Result<Vec<Named>> {
    let subject = names::checked(subject).map_err(|reason| Error::Usage { reason })?;
    let path = database(options.db.as_deref())?;
    let (_, visits) = with_subject(&path, &subject)?;
    let mut views: Vec<View> = Vec::new();
    for visit in &visits {
        if !views.contains(&visit.record.view.kind) {
            views.push(visit.record.view.kind);
        }
    }
    let day = match when {
        "first" | "last" => None,
        day => Some(visit::day(day).map_err(|reason| Error::Usage {
            reason: format!("{subject}@{when}: {reason}; first and last are understood too"),
        })?),
    };
    let chosen: Vec<&Visit> = views
        .into_iter()
        .filter_map(|view| {
            let mut of_view = visits.iter().filter(|visit| visit.record.view.kind == view);
            match day {
                Some(day) => of_view.rfind(|visit| visit.visited == day),
                None if when == "first" => of_view.next(),
                None => of_view.next_back(),
            }
        })
        .collect();
    if chosen.is_empty() {
        let days: Vec<String> = visits.iter().map(|visit| visit.visited.to_string()).collect();
        return Err(Error::Usage {
            reason: format!("{subject}@{when}: no record of that day; there are records of {}", days.join(", ")),
        });
    }
    Ok(chosen
        .into_iter()
        .map(|visit| Named { name: format!("{subject}@{}", visit.visited), record: visit.record.clone() })
        .collect())
}
