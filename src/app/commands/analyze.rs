//! `orthostat analyze`: measures photos one after the other, to a table, records and pictures.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use orthostat::app::cli::Analyze;
use orthostat::app::records::database;
use orthostat::core::compare::reference;
use orthostat::core::compare::visit::by_day;
use orthostat::core::error::{Error, Result};
use orthostat::core::isolation;
use orthostat::core::keypoint_file::KeypointFile;
use orthostat::core::names::{self, distinct, of_file};
use orthostat::core::options::Options;
use orthostat::core::pipeline::Analysis;
use orthostat::core::record::Record;
use orthostat::report;
use orthostat::report::html::{self, Picture, Sheet};
use orthostat::report::output::Outputs;
use orthostat::store::history::{self, History};
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::photo::Photo;

use super::files::write_files;
use super::history::kept;
use super::looks::Furniture;
use super::page::Target;
use super::progress::Bar;
use super::screen::{Ending, Screen};
use super::{complain, points_for_one, say, visit};

/// A name for each photo's outputs: its file name without the ending, shortened if very long; with a number if two share it.
fn ids(photos: &[PathBuf]) -> Vec<String> {
    let stems: Vec<String> = photos.iter().map(|photo| of_file(photo)).collect();
    distinct(&stems, &HashSet::new())
}

/// The destinations of each photo's record.
struct Work<'a> {
    options: &'a Analyze,
    outputs: Option<Outputs>,
    history: Option<History>,
    screen: Screen,
    sheets: Vec<(Record, Picture)>,
    /// With --visit: every photo's record.
    visit: Vec<Record>,
    ending: Ending,
}

pub(crate) fn run(options: &Analyze) -> Result<u8> {
    let mut measuring = options.options()?;
    if let Some(path) = &options.points {
        measuring.points = points_for_one(path, options.photos.len(), "photo")?;
    }
    measuring.keypoints = options.keypoints.as_deref().map(KeypointFile::open).transpose()?.map(Arc::new);
    measuring.heads = options.mask_face;
    let furniture = Furniture::of(&options.looks)?;
    // Finds unwritable outputs before the slow work.
    let history = match &options.save {
        Some(_) => Some(History::open(&database(options.db.as_deref())?)?),
        None => None,
    };
    let inputs = inputs(options, history.as_ref());
    let target = match &options.report {
        Some(path) => Some(Target::of(path, options.force, &inputs)?),
        None => options.open.then(Target::passing).transpose()?,
    };
    let outputs = match &options.out {
        Some(folder) => Some(Outputs::into_folder(folder, options.force)?.protecting(&inputs)),
        None => None,
    };
    let ending =
        Ending { folder: options.out.clone(), all: options.all, what: ["photo", "photos"], ..Ending::default() };
    let mut work =
        Work { options, outputs, history, screen: Screen::of_output(), sheets: Vec::new(), visit: Vec::new(), ending };
    let mut codes = photos(&mut work, &measuring)?;
    if options.visit {
        let together = visit::put_together(options, work.outputs.as_ref(), work.screen, &work.visit)?;
        codes.extend((together.code != 0).then_some(together.code));
        // The page begins with the joint results of all photos.
        work.sheets.splice(0..0, together.sheets);
    }
    if let Some(outputs) = &work.outputs {
        outputs.tidy()?;
    }
    if !options.json && !options.fhir && work.ending.good + work.ending.again > 0 {
        work.screen.print(&work.ending.lines())?;
    }
    if let Some(target) = target.filter(|_| !work.sheets.is_empty()) {
        write_page(&target, &work, &furniture)?;
    }
    // The common code if all photos have the same; otherwise some failed.
    Ok(if codes.len() == 1 { codes.into_iter().next().unwrap_or(0) } else { 1 })
}

/// Measures every photo and delivers it; returns the exit codes.
fn photos(work: &mut Work<'_>, measuring: &Options) -> Result<HashSet<u8>> {
    let options = work.options;
    let reading = options.reading();
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    // The next photo is read while the models open and while the one before is measured.
    std::thread::scope(|scope| {
        let photos = &options.photos;
        // Created in here, so that leaving early drops the receiver and ends the reading thread.
        let (sender, receiver) = std::sync::mpsc::sync_channel::<Result<Photo>>(0);
        scope.spawn(move || {
            for path in photos {
                if sender.send(isolation::guarded(path, || Photo::open(path, &reading))).is_err() {
                    break;
                }
            }
        });
        let mut analyzer = Analyzer::open(&options.measuring.models(), workers)?;
        let mut codes = HashSet::new();
        let bar = Bar::over(photos.len());
        for (id, photo) in ids(photos).iter().zip(&receiver) {
            let views = photo.and_then(|photo| {
                let path = photo.source.path.clone();
                isolation::guarded(&path, || analyzer.views(photo, measuring))
            });
            let views = views.map_or_else(|error| vec![Err(error)], |views| views.into_iter().map(Ok).collect());
            let count = views.len();
            for (number, view) in (1..).zip(views) {
                let outcome = view.and_then(|view| measure(view, &mut analyzer, measuring, options));
                if matches!(outcome, Err(Error::Defect { .. })) {
                    // Discards state that the panic left incomplete.
                    analyzer = Analyzer::open(&options.measuring.models(), workers)?;
                }
                let of_panel = (count > 1).then_some((number, count));
                codes.insert(bar.aside(|| delivered(outcome, &names::of_view(id, number, count), of_panel, work))?);
            }
            bar.step();
        }
        Ok(codes)
    })
}

/// Delivers the outcome of one view, or reports why there is no record; returns its exit code. An error is one that would affect the next
/// photo as well.
fn delivered(
    outcome: Result<(Photo, Analysis)>,
    id: &str,
    of_panel: Option<(usize, usize)>,
    work: &mut Work<'_>,
) -> Result<u8> {
    let given = outcome.map(|(photo, analysis)| {
        let path = photo.source.path.clone();
        isolation::guarded(&path, || deliver(id, &photo, &analysis, work))
    });
    match given {
        Ok(Ok(code)) => Ok(code),
        Err(error @ (Error::Runtime { .. } | Error::Model { .. })) => Err(error),
        Err(error) | Ok(Err(error @ Error::Defect { .. })) => {
            if let Some((number, count)) = of_panel {
                complain(&format_args!("of {count} panels in the picture, no. {number}:"));
            }
            complain(&error);
            work.ending.failed += 1;
            Ok(error.exit_code())
        }
        Ok(Err(error)) => Err(error),
    }
}

/// Measures one photo; a panic is an error of this photo.
fn measure(photo: Photo, analyzer: &mut Analyzer, measuring: &Options, options: &Analyze) -> Result<(Photo, Analysis)> {
    if let Some(path) = &options.points {
        let (width, height) = photo.size();
        measuring.points.check_inside(width.into(), height.into(), path)?;
    }
    let analysis = isolation::guarded(&photo.source.path, || analyzer.analyze(&photo, measuring))?;
    Ok((photo, analysis))
}

/// Delivers one photo's record to all destinations; returns its exit code.
fn deliver(id: &str, photo: &Photo, analysis: &Analysis, work: &mut Work<'_>) -> Result<u8> {
    let options = work.options;
    let mut record = Record::of(photo.provenance(id), analysis);
    if options.reference_bands {
        reference::note(&mut record);
    }
    work.ending.count(&record);
    if options.visit {
        work.visit.push(record.clone());
    }
    let mut code = match show(photo, &record, work) {
        // An occupied file of one photo does not affect the others.
        Err(error @ Error::Occupied { .. }) => {
            complain(&error);
            error.exit_code()
        }
        shown => shown?,
    };
    if let (Some(history), Some(subject)) = (&mut work.history, &options.save) {
        keep(history, subject, photo, &record, options)?;
    }
    if options.report.is_some() || options.open {
        let pixels = report::raster::detailed(photo)?;
        let attitude = options.attitude();
        let picture = if options.mask_face {
            Picture::masked(&pixels, &record, attitude)?
        } else {
            Picture::of(&pixels, &record, attitude)?
        };
        if matches!(picture, Picture::Withheld(_)) {
            code = 1;
        }
        work.sheets.push((record, picture));
    }
    Ok(code)
}

/// Prints one photo's record and writes its files; returns its exit code.
fn show(photo: &Photo, record: &Record, work: &Work<'_>) -> Result<u8> {
    let options = work.options;
    if options.fhir {
        if options.out.is_none() {
            say(&format!("{}\n", report::fhir::bundle(record, &options.filing.of(options.date))))?;
        }
    } else if options.json {
        say(&format!("{}\n", record.to_line()?))?;
    } else {
        work.screen.photo(record, options.all)?;
    }
    let shown = match (&work.outputs, &options.out) {
        (Some(outputs), Some(folder)) => write_files(outputs, folder, photo, record, options)?,
        _ => true,
    };
    Ok(u8::from(!record.quality.usable || !shown))
}

/// Files that must not be overwritten: photos, points, a given model, the history.
fn inputs(options: &Analyze, history: Option<&History>) -> Vec<PathBuf> {
    let mut inputs = options.photos.clone();
    inputs.extend(options.points.clone());
    inputs.extend(options.keypoints.clone());
    inputs.extend([&options.measuring.model, &options.measuring.second].into_iter().flatten().map(PathBuf::from));
    inputs.extend(history.into_iter().flat_map(History::files));
    inputs
}

/// Saves a record in the history, and reports it.
fn keep(history: &mut History, subject: &str, photo: &Photo, record: &Record, options: &Analyze) -> Result<()> {
    let otherwise = photo.metadata.taken.unwrap_or_else(history::today);
    match kept(history, subject, options.date, otherwise, record) {
        Ok(_) if options.json || options.fhir => {}
        Ok(words) => say(&format!("{words}\n\n"))?,
        // A photo without a value is not a visit.
        Err(error @ Error::Usage { .. }) => complain(&error),
        Err(error) => return Err(error),
    }
    Ok(())
}

fn write_page(target: &Target, work: &Work<'_>, furniture: &Furniture) -> Result<()> {
    let options = work.options;
    let visits = match (&work.history, &options.save) {
        (Some(history), Some(subject)) => match history.visits(subject) {
            // No record of this subject was saved: every photo was refused.
            Err(Error::NoSuchSubject { .. }) => Vec::new(),
            visits => by_day(&visits?),
        },
        _ => Vec::new(),
    };
    // Without a day set by the user none is shown: the photo's own is part of its metadata.
    let sheets: Vec<Sheet<'_>> = work
        .sheets
        .iter()
        .map(|(record, picture)| Sheet { record, picture: picture.clone(), date: options.date })
        .collect();
    let page = html::Options {
        subject: options.save.as_deref(),
        reference_bands: options.reference_bands,
        one_visit: options.visit,
        visits: &visits,
        look: furniture.look(),
    };
    target.write(&html::page(&sheets, &page)?, options.open)
}
