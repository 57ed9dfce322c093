//! `orthostat compare`: whether anything has changed between two photos of one subject, or for every subject of the history.

use std::io::Read;
use std::path::{Path, PathBuf};

use orthostat::app::cli::Compare;
use orthostat::app::records::photos::Search;
use orthostat::app::records::{self, database, of_subject};
use orthostat::core::camera::UserCalibration;
use orthostat::core::compare::change::{self, Comparison, Verdict};
use orthostat::core::compare::visit::{self, Date, Visit, by_day};
use orthostat::core::error::{Error, Result};
use orthostat::core::isolation;
use orthostat::core::names;
use orthostat::core::record::Record;
use orthostat::report;
use orthostat::report::html;
use orthostat::report::html::pair::{self, Pair, Side};
use orthostat::report::scene::framing::Attitude;
use orthostat::store::history::History;
use orthostat::vision::analysis::{self, Analyzer};
use orthostat::vision::photo::Photo;
use serde_json::json;

use super::page::Target;
use super::{complain, listed, say};

/// Something to compare, under the name given by the user.
struct Named {
    name: String,
    /// Its source file.
    path: PathBuf,
    record: Record,
    visited: Option<Date>,
}

/// Two compared records.
struct Compared {
    subject: Option<String>,
    before: Named,
    after: Named,
    comparison: Comparison,
}

pub(crate) fn run(options: &Compare) -> Result<u8> {
    let named: Vec<&String> = options.before.iter().chain(&options.after).collect();
    let target = options.report.as_deref().map(|path| Target::of(path, options.force, &named)).transpose()?;
    let (compared, code) = if options.all { everybody(options)? } else { two(options)? };
    if !compared.is_empty() && !options.json {
        say(&format!("{}\n", report::CAUTION))?;
    }
    if let (Some(target), false) = (target, compared.is_empty()) {
        let inputs: Vec<&Path> = compared.iter().flat_map(|one| [&*one.before.path, &*one.after.path]).collect();
        target.protecting(&inputs).write(&page(&compared, options)?, options.open)?;
    }
    Ok(code)
}

/// The two named items, view by view.
fn two(options: &Compare) -> Result<(Vec<Compared>, u8)> {
    let asked = match (&options.subject, &options.before, &options.after) {
        (Some(subject), ..) => [format!("{subject}@first"), format!("{subject}@last")],
        (None, Some(before), Some(after)) => [before.clone(), after.clone()],
        _ => return Err(Error::Usage { reason: "two photos, records or visits are needed".into() }),
    };
    let mut analyzer = None;
    let [before, after] = asked.each_ref().map(|reference| find(reference, options, &mut analyzer));
    let all = pairs(before?, after?);
    let mut code = 0;
    let mut compared = Vec::new();
    // Of a subject's views, those with a single record are left out, unless there is nothing else.
    if let (true, Some((before, after))) = (all.iter().all(|(a, b)| a.record == b.record), all.first()) {
        let reason = format!("{} and {} are one and the same record", before.name, after.name);
        return Err(Error::Incomparable { reason });
    }
    for (before, after) in all.into_iter().filter(|(before, after)| before.record != after.record) {
        match held(&before, &after) {
            Ok(comparison) => {
                print(&before, &after, &comparison, options.json)?;
                compared.push(Compared { subject: options.subject.clone(), before, after, comparison });
            }
            Err(error) => {
                complain(&error);
                code = 1;
            }
        }
    }
    Ok((compared, code))
}

/// The comparison of two records; photos without any value cannot be compared.
fn held(before: &Named, after: &Named) -> Result<Comparison> {
    for one in [before, after] {
        if !one.record.quality.usable {
            let flags: Vec<&str> = one.record.quality.flags.iter().map(|flag| flag.text.as_str()).collect();
            let why = if flags.is_empty() { "nothing in it could be measured".into() } else { flags.join("; ") };
            return Err(Error::Incomparable { reason: format!("{} was refused and has no values: {why}", one.name) });
        }
    }
    change::compare(&before.record, &after.record).map_err(|why| Error::Incomparable { reason: why.to_string() })
}

/// The first and the last visit of every subject, view by view.
fn everybody(options: &Compare) -> Result<(Vec<Compared>, u8)> {
    let path = database(options.db.as_deref())?;
    let subjects = History::existing(&path)?.map_or(Ok(Vec::new()), |history| history.subjects())?;
    let (mut compared, mut code) = (Vec::new(), 0);
    let (mut changed, mut same, mut single) = (0, 0, 0);
    for subject in subjects.iter().map(|subject| subject.name.as_str()) {
        let visits = match of_subject(&path, subject) {
            Ok((_, visits, damage)) => {
                damage.iter().for_each(|error| complain(error));
                code = code.max(u8::from(!damage.is_empty()));
                by_day(&visits)
            }
            Err(error) => {
                complain(&error);
                code = 1;
                continue;
            }
        };
        let (before_this, mut news) = (compared.len(), false);
        for (first, last) in ends(&visits) {
            let [before, after] = [first, last].map(|visit| Named {
                name: format!("{subject}@{}", visit.visited),
                path: path.clone(),
                record: visit.record.clone(),
                visited: Some(visit.visited),
            });
            match held(&before, &after) {
                Ok(comparison) => {
                    news |= comparison.changes.iter().any(|change| change.verdict == Verdict::Changed);
                    if options.json {
                        print(&before, &after, &comparison, true)?;
                    } else {
                        say(&report::changes::news(subject, [first.visited, last.visited], &comparison))?;
                    }
                    compared.push(Compared { subject: Some(subject.into()), before, after, comparison });
                }
                Err(error) => {
                    complain(&format_args!("{subject}: {error}"));
                    code = 1;
                }
            }
        }
        match () {
            () if compared.len() == before_this => single += 1,
            () if news => changed += 1,
            () => same += 1,
        }
    }
    if !options.json {
        let count = subjects.len();
        let noun = if count == 1 { "subject" } else { "subjects" };
        say(&format!(
            "{count} {noun}: {changed} changed, {same} without a change, {single} with nothing to compare\n"
        ))?;
    }
    Ok((compared, code))
}

/// For each view the first visit that is comparable with the last, and the last.
fn ends(visits: &[Visit]) -> Vec<(&Visit, &Visit)> {
    let mut pairs: Vec<(&Visit, &Visit)> = Vec::new();
    for last in visits.iter().rev().filter(|visit| visit.record.quality.usable) {
        let view = last.record.view.kind;
        if pairs.iter().any(|(_, known)| known.record.view.kind == view) {
            continue;
        }
        let fits =
            |visit: &&Visit| visit.record.quality.usable && change::comparable(&visit.record, &last.record).is_ok();
        if let Some(first) = visits.iter().find(fits).filter(|first| first.record != last.record) {
            pairs.push((first, last));
        }
    }
    pairs
}

/// The before-and-after page.
fn page(compared: &[Compared], options: &Compare) -> Result<String> {
    let search = Search::through(&options.photos);
    let mut pictures = Vec::new();
    for one in compared {
        let of = |named: &Named| search.picture(&named.record, &named.path, options.mask_face, Attitude::Upright);
        pictures.push((of(&one.before)?, of(&one.after)?));
    }
    let side = |named: &Named, picture: &html::Picture| Side {
        record: named.record.clone(),
        picture: picture.clone(),
        name: named.name.clone(),
        date: named.visited,
    };
    let pairs: Vec<Pair> = compared
        .iter()
        .zip(&pictures)
        .map(|(one, (before, after))| Pair {
            subject: one.subject.clone().filter(|_| options.all),
            before: side(&one.before, before),
            after: side(&one.after, after),
            comparison: one.comparison.clone(),
        })
        .collect();
    pair::page(&pairs, options.subject.as_deref())
}

/// Pairs of the same view; if there are none, the first of each, whose comparison then states the reason.
fn pairs(before: Vec<Named>, after: Vec<Named>) -> Vec<(Named, Named)> {
    let alike = |one: &Named, other: &Named| one.record.view.kind == other.record.view.kind;
    if !before.iter().any(|one| after.iter().any(|other| alike(one, other))) {
        return before.into_iter().zip(after).take(1).collect();
    }
    let mut after: Vec<Option<Named>> = after.into_iter().map(Some).collect();
    before
        .into_iter()
        .filter_map(|one| {
            let same = after.iter_mut().find(|other| other.as_ref().is_some_and(|other| alike(&one, other)))?;
            Some((one, same.take()?))
        })
        .collect()
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

/// Photos, records from any place, or a subject's visit, one for each view.
fn find(reference: &str, options: &Compare, analyzer: &mut Option<Analyzer>) -> Result<Vec<Named>> {
    let path = Path::new(reference);
    if path.is_file() && !is_json(path)? {
        return photo(reference, options, analyzer);
    }
    if let Some((visits, damage)) = records::joined_visits(reference, options.db.as_deref())? {
        damage.iter().for_each(|error| complain(error));
        let path = database(options.db.as_deref())?;
        let named = |visit: Visit| Named {
            name: reference_of(reference, &visit),
            path: path.clone(),
            record: visit.record,
            visited: Some(visit.visited),
        };
        return Ok(visits.into_iter().map(named).collect());
    }
    let mut all: Vec<Named> = Vec::new();
    for place in listed(&[reference], options.db.as_deref())? {
        let found = place.read()?;
        if options.visit {
            all.push(Named {
                name: place.name.clone(),
                path: place.path,
                record: found.record,
                visited: found.visited,
            });
            continue;
        }
        if let Some(other) = all.iter().find(|other| other.record.view.kind == found.record.view.kind) {
            let reason = format!(
                "{reference}: expected one record of each view, found {} and {}: name one of them, as FILE#ID or SUBJECT@YYYY-MM-DD",
                other.name, place.name
            );
            return Err(Error::Usage { reason });
        }
        all.push(Named { name: place.name.clone(), path: place.path, record: found.record, visited: found.visited });
    }
    if options.visit { one_a_view(reference, &all) } else { Ok(all) }
}

/// The visit's name, with its day instead of `first` and `last`.
fn reference_of(reference: &str, visit: &Visit) -> String {
    let subject = reference.rsplit_once('@').map_or(reference, |(subject, _)| subject);
    format!("{subject}@{}", visit.visited)
}

/// The records of one stance, joined view by view. A joint record beside its own photos' records replaces them.
///
/// # Errors
/// [`Error::Usage`] for records of several subjects.
fn one_a_view(reference: &str, all: &[Named]) -> Result<Vec<Named>> {
    let subject = |named: &Named| named.record.intake.as_ref().and_then(|intake| intake.subject.clone());
    if let Some(other) = all.iter().find(|named| subject(named) != all.first().and_then(subject)) {
        let reason = format!("{reference}: expected records of one subject, found {} of another", other.name);
        return Err(Error::Usage { reason });
    }
    let records: Vec<&Record> = all.iter().map(|named| &named.record).collect();
    let views = visit::by_view(&records);
    if views.is_empty() {
        let reason = format!("{reference}: expected records of a visit, found none with a value");
        return Err(Error::Usage { reason });
    }
    let named = |record: Record| {
        let first = all.iter().position(|named| named.record.view.kind == record.view.kind)?;
        let Named { name, path, visited, .. } = &all[first];
        let name = if record.joined.is_empty() { name.clone() } else { reference.to_owned() };
        Some(Named { name, path: path.clone(), record, visited: *visited })
    };
    Ok(views.into_iter().filter_map(named).collect())
}

/// The views in a photo.
fn photo(reference: &str, options: &Compare, analyzer: &mut Option<Analyzer>) -> Result<Vec<Named>> {
    let path = Path::new(reference);
    // Read as by `analyze`, so that both give the same record.
    let reading = analysis::reading();
    let photo = Photo::open(path, &reading)?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    let analyzer = match analyzer {
        Some(open) => open,
        None => analyzer.insert(Analyzer::open(&options.measuring.models(), workers)?),
    };
    let measuring = options.measuring.options(UserCalibration::default());
    let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = path.file_name().map_or_else(|| reference.to_owned(), |name| name.to_string_lossy().into_owned());
    let views = isolation::guarded(path, || analyzer.views(photo, &measuring))?;
    let count = views.len();
    let mut named = Vec::new();
    let mut failed = Vec::new();
    for (number, view) in (1..).zip(&views) {
        let analysis = match isolation::guarded(path, || analyzer.analyze(view, &measuring)) {
            Ok(analysis) => analysis,
            Err(error @ (Error::Runtime { .. } | Error::Model { .. })) => return Err(error),
            // A panel that cannot be measured does not end the comparison of the others.
            Err(error) => {
                if matches!(error, Error::Defect { .. }) {
                    // Discards state that the panic left incomplete.
                    *analyzer = Analyzer::open(&options.measuring.models(), workers)?;
                }
                failed.push((number, error));
                continue;
            }
        };
        let record = Record::of(view.provenance(&names::of_view(&id, number, count)), &analysis);
        // The day in the photo's metadata is in no output.
        named.push(Named { name: names::of_view(&name, number, count), path: path.into(), record, visited: None });
    }
    if named.is_empty() && !failed.is_empty() {
        return Err(failed.swap_remove(0).1);
    }
    for (number, error) in failed {
        complain(&format_args!("of {count} panels in {name}, no. {number}: {error}"));
    }
    Ok(named)
}

/// Whether a file begins as JSON does; no picture does.
fn is_json(path: &Path) -> Result<bool> {
    let unreadable = |source| Error::Unreadable { path: path.into(), source };
    let mut head = [0; 64];
    let count = std::fs::File::open(path).and_then(|mut file| file.read(&mut head)).map_err(unreadable)?;
    Ok(head[..count].trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'[')))
}
