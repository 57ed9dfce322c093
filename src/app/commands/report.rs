//! `orthostat report`: pages and pictures from records, with the photos if they are found.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use orthostat::app::batch::plan::file_name;
use orthostat::app::cli::{PictureForm, Report};
use orthostat::app::records::photos::Search;
use orthostat::app::records::{Found, database};
use orthostat::core::compare::reference;
use orthostat::core::compare::visit::{Date, Visit};
use orthostat::core::error::{Error, Result};
use orthostat::core::names;
use orthostat::core::photo_hash::PhotoHash;
use orthostat::core::record::Record;
use orthostat::report::html::{self, Sheet, index};
use orthostat::report::output::Outputs;
use orthostat::report::scene::framing::Attitude;
use orthostat::report::{self, mask, output};
use orthostat::store::history::History;

use super::looks::Furniture;
use super::page::Target;
use super::{complain, listed, say};

/// A record with its data for the page.
struct One {
    found: Found,
    /// Its source file.
    file: PathBuf,
    date: Option<Date>,
}

pub(crate) fn run(options: &Report) -> Result<u8> {
    let furniture = Furniture::of(&options.looks)?;
    let places = listed(&options.records, options.db.as_deref())?;
    let search = Search::through(&options.photos);
    let mut code = 0;
    let mut records = Vec::new();
    for place in &places {
        match place.read() {
            Ok(mut found) => {
                if options.reference_bands {
                    reference::note(&mut found.record);
                }
                let date = options.date.or(found.visited);
                records.push(One { found, file: place.path.clone(), date });
            }
            Err(error) => {
                complain(&error);
                code = error.exit_code();
            }
        }
    }
    if let Some(folder) = &options.pictures {
        code = code.max(pictures(folder, &records, &search, options)?);
    }
    if records.is_empty() || (options.out.is_none() && !options.open) {
        return Ok(code);
    }
    let groups = by_subject(&records, options.subject.as_deref());
    let inputs: Vec<&Path> = places.iter().map(|place| &*place.path).collect();
    match &options.out {
        Some(folder) if folder.is_dir() || folder.extension().is_none() => {
            pages(folder, &groups, &inputs, &search, &furniture, options)?;
        }
        out => {
            if groups.len() > 1 {
                let names: Vec<_> = groups.keys().take(3).map(|name| names::shown(name)).collect();
                let reason = format!(
                    "expected records of one subject for one page, found {} ({}, ...): name a folder with --out for a page of \
                     each, or the one subject with --subject",
                    groups.len(),
                    names.join(", ")
                );
                return Err(Error::Usage { reason });
            }
            let target = match out {
                Some(path) => Target::of(path, options.force, &inputs)?,
                None => Target::passing()?,
            };
            for (subject, records) in &groups {
                let html = page(Some(subject).filter(|name| !name.is_empty()), records, &search, &furniture, options)?;
                target.write(&html, options.open)?;
            }
        }
    }
    Ok(code)
}

/// The records of each subject, in the order of their first appearance; those without a subject form one group.
fn by_subject<'a>(records: &'a [One], said: Option<&str>) -> IndexMap<String, Vec<&'a One>> {
    let mut groups: IndexMap<String, Vec<&One>> = IndexMap::new();
    for one in records {
        let name = said.or(one.found.subject.as_deref()).unwrap_or_default();
        groups.entry(name.to_owned()).or_default().push(one);
    }
    groups
}

fn page(
    subject: Option<&String>,
    records: &[&One],
    search: &Search,
    furniture: &Furniture,
    options: &Report,
) -> Result<String> {
    let mut sheets = Vec::new();
    for one in records {
        let picture = search.picture(&one.found.record, &one.file, options.mask_face, options.attitude())?;
        sheets.push(Sheet { record: &one.found.record, picture, date: one.date });
    }
    let visits = subject.map_or_else(|| Ok(Vec::new()), |subject| visits(subject, records, options))?;
    let page = html::Options {
        subject: subject.map(String::as_str),
        reference_bands: options.reference_bands,
        one_visit: false,
        visits: &visits,
        look: furniture.look(),
    };
    html::page(&sheets, &page)
}

/// The subject's visits, if a record came from the history.
fn visits(subject: &str, records: &[&One], options: &Report) -> Result<Vec<Visit>> {
    let path = database(options.db.as_deref())?;
    if !records.iter().any(|one| one.file == path) {
        return Ok(Vec::new());
    }
    History::existing(&path)?.map_or(Ok(Vec::new()), |history| history.visits(subject))
}

/// A page of each subject in a folder, and an index of them.
fn pages(
    folder: &Path,
    groups: &IndexMap<String, Vec<&One>>,
    inputs: &[&Path],
    search: &Search,
    furniture: &Furniture,
    options: &Report,
) -> Result<()> {
    let outputs = Outputs::into_folder(folder, options.force)?.protecting(inputs);
    let mut taken = HashSet::from(["index".to_owned()]);
    let mut entries = Vec::new();
    for (subject, records) in groups {
        // Records without a subject: one page each.
        let single: Vec<Vec<&One>> = match subject.is_empty() {
            true => records.iter().map(|one| vec![*one]).collect(),
            false => vec![records.clone()],
        };
        for records in single {
            let Some(first) = records.first() else { continue };
            let name = if subject.is_empty() { &first.found.record.id } else { subject };
            let file = format!("{}.html", file_name(name, &mut taken));
            let html = page(Some(name), &records, search, furniture, options)?;
            outputs.write(&folder.join(&file), html.as_bytes(), None)?;
            entries.push(index::Entry::of(name, &file, records.iter().map(|one| (&one.found.record, one.date))));
        }
    }
    let path = folder.join("index.html");
    outputs.write(&path, index::page(&entries)?.as_bytes(), None)?;
    outputs.tidy()?;
    say(&format!("{} pages; index: {}\n", entries.len(), path.display()))?;
    if options.open {
        super::page::browse(&path.canonicalize().unwrap_or(path).display().to_string());
    }
    Ok(())
}

/// Writes the annotated pictures; returns the exit code.
fn pictures(folder: &Path, records: &[One], search: &Search, options: &Report) -> Result<u8> {
    let inputs: Vec<&PathBuf> = records.iter().map(|one| &one.file).collect();
    let outputs = Outputs::into_folder(folder, options.force)?.protecting(&inputs);
    let mut taken = HashSet::new();
    let mut code = 0;
    for one in records {
        let record = &one.found.record;
        let name = file_name(&record.id, &mut taken);
        let photo = match search.photo(record, &one.file) {
            Ok(photo) => photo,
            Err(missing) => {
                complain(&format_args!("{}: no picture: {}", record.id, missing.words(record)));
                code = 1;
                continue;
            }
        };
        let mut pixels = report::raster::detailed(&photo)?;
        if options.mask_face {
            match mask::cover(&pixels, record) {
                Ok(covered) => pixels = Cow::Owned(covered),
                Err(why) => {
                    complain(&format_args!("{}: no picture: {why}", record.id));
                    code = 1;
                    continue;
                }
            }
        }
        let path = folder.join(names::file_name(&name, &format!(".annotated.{}", options.picture.ending())));
        let bytes = drawn(&pixels, record, options.picture, options.attitude(), &path)?;
        outputs.write(&path, &bytes, record.source.blake3.as_ref().map(PhotoHash::as_str))?;
        say(&format!("{}\n", path.display()))?;
    }
    outputs.tidy()?;
    Ok(code)
}

/// The annotated picture in one of its formats.
pub(super) fn drawn(
    pixels: &image::RgbImage,
    record: &Record,
    form: PictureForm,
    attitude: Attitude,
    meant_for: &Path,
) -> Result<Vec<u8>> {
    match form {
        PictureForm::Jpg => output::jpeg(&report::raster::draw(pixels, record, attitude), meant_for),
        PictureForm::Png => output::png(&report::raster::draw(pixels, record, attitude), meant_for),
        PictureForm::Svg => Ok(report::svg::draw(pixels, record, attitude)?.into_bytes()),
    }
}
