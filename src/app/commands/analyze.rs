//! `orthostat analyze`: photos one after the other, to a table, records and pictures.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use orthostat::app::cli::{Analyze, PictureForm};
use orthostat::core::compare::reference;
use orthostat::core::error::{Error, Result};
use orthostat::core::isolation;
use orthostat::core::names::{self, file_name, of_file};
use orthostat::core::options::Options;
use orthostat::core::photo_hash::PhotoHash;
use orthostat::core::pipeline::Analysis;
use orthostat::core::record::Record;
use orthostat::report;
use orthostat::report::html::{self, Picture, Sheet};
use orthostat::report::output::Outputs;
use orthostat::report::{mask, output};
use orthostat::store::history::{self, History};
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::photo::Photo;

use super::history::{database, save, saved_words};
use super::{complain, points_for_one, say};

/// A name for each photo's outputs: its file name without the ending, shortened where it is very long; where two share it, with a
/// number.
fn ids(photos: &[PathBuf]) -> Vec<String> {
    let mut taken = HashSet::new();
    photos
        .iter()
        .map(|photo| {
            let stem = of_file(photo);
            let mut id = stem.clone();
            let mut number = 2;
            while !taken.insert(id.clone()) {
                id = format!("{stem}-{number}");
                number += 1;
            }
            id
        })
        .collect()
}

pub(crate) fn run(options: &Analyze) -> Result<u8> {
    let mut measuring = options.options()?;
    if let Some(path) = &options.points {
        measuring.points = points_for_one(path, options.photos.len(), "photo")?;
    }
    measuring.heads = options.mask_face;
    let reading = options.reading();
    // What cannot be written is found out before the slow work.
    let history = match &options.save {
        Some(_) => Some(History::open(&database(options.db.as_deref())?)?),
        None => None,
    };
    let inputs = inputs(options, history.as_ref());
    let outputs = match &options.out {
        Some(folder) => Some(Outputs::into_folder(folder, options.force)?.protecting(&inputs)),
        None => None,
    };
    let page = page_outputs(options, &inputs)?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    // The next photo is read while the models open and while the one before is measured.
    std::thread::scope(|scope| {
        let photos = &options.photos;
        // Made in here, so that leaving early drops the receiver and lets the reading thread go.
        let (sender, receiver) = std::sync::mpsc::sync_channel::<Result<Photo>>(0);
        scope.spawn(move || {
            for path in photos {
                if sender.send(isolation::guarded(path, || Photo::open(path, &reading))).is_err() {
                    break;
                }
            }
        });
        let analyzer = Analyzer::open(&options.measuring.models(), workers)?;
        let mut run = Run {
            options,
            measuring: &measuring,
            outputs: outputs.as_ref(),
            history,
            workers,
            analyzer,
            ended: Ended::default(),
        };
        for (id, photo) in ids(photos).iter().zip(&receiver) {
            run.photo(id, photo)?;
        }
        let Run { history, ended, .. } = run;
        if let Some(path) = options.report.as_deref().filter(|_| !ended.sheets.is_empty()) {
            write_page(path, &page, &ended.sheets, history.as_ref(), options)?;
        }
        if let Some(outputs) = &outputs {
            outputs.tidy()?;
        }
        if !options.json && !options.fhir && ended.shown {
            say(&format!("{}\n", report::CAUTION))?;
        }
        // One code when all photos ended alike; else some failed.
        Ok(if ended.codes.len() == 1 { ended.codes.into_iter().next().unwrap_or(0) } else { 1 })
    })
}

/// Where the page may be written; found out before the slow work.
fn page_outputs(options: &Analyze, inputs: &[PathBuf]) -> Result<Outputs> {
    if let Some(folder) =
        options.report.as_deref().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty())
    {
        output::make_folder(folder)?;
    }
    let page = Outputs::files(options.force).protecting(inputs);
    if let Some(path) = &options.report {
        page.check(path, None)?;
    }
    Ok(page)
}

/// What has come of the photos so far.
#[derive(Default)]
struct Ended {
    codes: HashSet<u8>,
    /// For the page.
    sheets: Vec<(Record, Picture)>,
    /// Whether a record was shown.
    shown: bool,
}

/// What every photo needs.
struct Run<'a> {
    options: &'a Analyze,
    measuring: &'a Options,
    outputs: Option<&'a Outputs>,
    history: Option<History>,
    workers: usize,
    analyzer: Analyzer,
    ended: Ended,
}

impl Run<'_> {
    /// Measures a photo, or each view in it; an error is one that the next photo would meet as well.
    fn photo(&mut self, id: &str, photo: Result<Photo>) -> Result<()> {
        let views = photo.and_then(|photo| {
            let path = photo.source.path.clone();
            isolation::guarded(&path, || self.analyzer.views(photo, self.measuring))
        });
        let views = match views {
            Ok(views) => views,
            Err(error) => return self.failed(error),
        };
        let count = views.len();
        for (index, view) in views.into_iter().enumerate() {
            match self.measured(&view) {
                Ok(analysis) => self.deliver(&names::of_view(id, index + 1, count), &view, &analysis)?,
                Err(error) if count == 1 => self.failed(error)?,
                Err(error) => {
                    complain(&format_args!("of {count} panels in the picture, no. {}:", index + 1));
                    self.failed(error)?;
                }
            }
        }
        Ok(())
    }

    /// Measures one view; a panic is an error of this one.
    fn measured(&mut self, view: &Photo) -> Result<Analysis> {
        if let Some(path) = &self.options.points {
            let (width, height) = view.size();
            self.measuring.points.check_inside(width.into(), height.into(), path)?;
        }
        isolation::guarded(&view.source.path, || self.analyzer.analyze(view, self.measuring))
    }

    /// Says why there is no record.
    fn failed(&mut self, error: Error) -> Result<()> {
        match error {
            Error::Runtime { .. } | Error::Model { .. } => return Err(error),
            // What the panic left half done goes with it.
            Error::Defect { .. } => self.analyzer = Analyzer::open(&self.options.measuring.models(), self.workers)?,
            _ => {}
        }
        complain(&error);
        self.ended.codes.insert(error.exit_code());
        Ok(())
    }

    /// Gives one view's record to all who want it.
    fn deliver(&mut self, id: &str, view: &Photo, analysis: &Analysis) -> Result<()> {
        let path = &view.source.path;
        match isolation::guarded(path, || {
            deliver(id, view, analysis, self.options, self.outputs, &mut self.history, &mut self.ended.sheets)
        }) {
            Ok(code) => {
                self.ended.shown = true;
                self.ended.codes.insert(code);
                Ok(())
            }
            Err(error @ Error::Defect { .. }) => {
                complain(&error);
                self.ended.codes.insert(error.exit_code());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

/// Gives one photo's record to all who want it; the exit code that it asks for.
fn deliver(
    id: &str,
    photo: &Photo,
    analysis: &Analysis,
    options: &Analyze,
    outputs: Option<&Outputs>,
    history: &mut Option<History>,
    sheets: &mut Vec<(Record, Picture)>,
) -> Result<u8> {
    let mut record = Record::of(photo.provenance(id), analysis);
    if options.reference_bands {
        reference::note(&mut record);
    }
    let mut code = match show(photo, &record, outputs, options) {
        // What stands in the way of one photo's files is in no other's.
        Err(error @ Error::Occupied { .. }) => {
            complain(&error);
            error.exit_code()
        }
        shown => shown?,
    };
    if let (Some(history), Some(subject)) = (history, &options.save) {
        keep(history, subject, photo, &record, options)?;
    }
    if options.report.is_some() {
        let pixels = report::overlay::detailed(photo)?;
        let picture =
            if options.mask_face { Picture::masked(&pixels, &record)? } else { Picture::of(&pixels, &record)? };
        if matches!(picture, Picture::Withheld(_)) {
            code = 1;
        }
        sheets.push((record, picture));
    }
    Ok(code)
}

/// Prints one photo's record and writes its files; the exit code that it asks for.
fn show(photo: &Photo, record: &Record, outputs: Option<&Outputs>, options: &Analyze) -> Result<u8> {
    if options.fhir {
        if options.out.is_none() {
            say(&format!("{}\n", report::fhir::bundle(record)))?;
        }
    } else if options.json {
        say(&format!("{}\n", record.to_line()?))?;
    } else {
        say(&format!("{}\n", report::text::table(record)))?;
    }
    let shown = match (outputs, &options.out) {
        (Some(outputs), Some(folder)) => write_files(outputs, folder, photo, record, options)?,
        _ => true,
    };
    Ok(u8::from(!record.quality.usable || !shown))
}

/// Writes a photo's record and its picture; whether there is a picture.
fn write_files(outputs: &Outputs, folder: &Path, photo: &Photo, record: &Record, options: &Analyze) -> Result<bool> {
    let from = record.source.blake3.as_ref().map(PhotoHash::as_str);
    let place = |ending: &str| folder.join(file_name(&record.id, ending));
    let annotated = place(&format!(".annotated.{}", options.picture.ending()));
    let (path, fhir) = (place(".json"), place(".fhir.json"));
    // All or nothing of a photo: a record beside another photo's picture would mislead.
    outputs.check(&annotated, from)?;
    if options.fhir {
        outputs.check(&fhir, from)?;
    }
    outputs.write(&path, &output::json(record, &path)?, from)?;
    if options.fhir {
        outputs.write(&fhir, &output::json(&report::fhir::bundle(record), &fhir)?, from)?;
    }
    let mut picture = report::overlay::detailed(photo)?;
    if options.mask_face {
        match mask::cover(&picture, record) {
            Ok(covered) => {
                picture = Cow::Owned(covered);
                // Those of an earlier run in other forms may show the face.
                for form in PictureForm::ALL.into_iter().filter(|form| form.ending() != options.picture.ending()) {
                    outputs.remove(&place(&format!(".annotated.{}", form.ending())))?;
                }
            }
            Err(why) => {
                // One of an earlier run shows the face.
                for form in PictureForm::ALL {
                    outputs.remove(&place(&format!(".annotated.{}", form.ending())))?;
                }
                complain(&format!("{}: {why}", record.source.file));
                return Ok(false);
            }
        }
    }
    let path = annotated;
    let bytes = match options.picture {
        PictureForm::Jpg => output::jpeg(&report::overlay::draw(&picture, record), &path)?,
        PictureForm::Png => output::png(&report::overlay::draw(&picture, record), &path)?,
        PictureForm::Svg => report::svg::draw(&picture, record)?.into_bytes(),
    };
    outputs.write(&path, &bytes, from)?;
    Ok(true)
}

/// What must not be written to: photos, points, a model that was named, the history.
fn inputs(options: &Analyze, history: Option<&History>) -> Vec<PathBuf> {
    let mut inputs = options.photos.clone();
    inputs.extend(options.points.clone());
    inputs.extend(options.measuring.model.as_ref().map(PathBuf::from));
    inputs.extend(history.into_iter().flat_map(History::files));
    inputs
}

/// Keeps a record in the history, and says so.
fn keep(history: &mut History, subject: &str, photo: &Photo, record: &Record, options: &Analyze) -> Result<()> {
    let otherwise = photo.metadata.taken.unwrap_or_else(history::today);
    let (saved, date) = save(history, subject, options.date, otherwise, record)?;
    if options.json { Ok(()) } else { say(&format!("{}\n\n", saved_words(&record.id, subject, date, saved))) }
}

fn write_page(
    path: &Path,
    outputs: &Outputs,
    sheets: &[(Record, Picture)],
    history: Option<&History>,
    options: &Analyze,
) -> Result<()> {
    let visits = match (history, &options.save) {
        (Some(history), Some(subject)) => history.visits(subject)?,
        _ => Vec::new(),
    };
    let sheets: Vec<Sheet<'_>> =
        sheets.iter().map(|(record, picture)| Sheet { record, picture: picture.clone() }).collect();
    // Without a day of the user's, none is shown: the photo's own is its metadata.
    let page = html::Options {
        subject: options.save.as_deref(),
        date: options.date,
        reference_bands: options.reference_bands,
        visits: &visits,
    };
    outputs.write_page(path, &html::page(&sheets, &page)?)
}
