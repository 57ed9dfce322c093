//! `orthostat analyze`: photos one after the other, to a table, records and pictures.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use orthostat::analysis::{Analysis, Analyzer};
use orthostat::cli::Analyze;
use orthostat::error::{Error, Result};
use orthostat::photo::Photo;
use orthostat::record::Record;
use orthostat::{output, report};

use super::{complain, points_for_one, say};

/// A name for each photo's outputs: its file name without the ending; where two share it, with a number.
fn ids(photos: &[PathBuf]) -> Vec<String> {
    let mut taken = HashSet::new();
    photos
        .iter()
        .map(|photo| {
            let stem = photo.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
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
    let measuring = measuring;
    let reading = options.reading();
    if let Some(folder) = &options.out {
        output::make_folder(folder)?;
    }
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    // The next photo is read while the models open and while the one before is measured.
    std::thread::scope(|scope| {
        let photos = &options.photos;
        // Made in here, so that leaving early drops the receiver and lets the reading thread go.
        let (sender, receiver) = std::sync::mpsc::sync_channel::<Result<Photo>>(0);
        scope.spawn(move || {
            for path in photos {
                if sender.send(Photo::open(path, &reading)).is_err() {
                    break;
                }
            }
        });
        let mut analyzer = Analyzer::open(&options.measuring.models(), workers)?;
        let mut codes = HashSet::new();
        let mut shown = false;
        for (id, photo) in ids(photos).iter().zip(&receiver) {
            let outcome = photo.and_then(|photo| {
                if let Some(path) = &options.points {
                    let (width, height) = photo.pixels.dimensions();
                    measuring.points.check_inside(width.into(), height.into(), path)?;
                }
                let analysis = analyzer.analyze(&photo, &measuring)?;
                Ok((photo, analysis))
            });
            match outcome {
                Ok((photo, analysis)) => {
                    shown = true;
                    codes.insert(show(id, &photo, &analysis, options)?)
                }
                Err(error @ (Error::Runtime { .. } | Error::Model { .. })) => return Err(error),
                Err(error) => {
                    complain(&error);
                    codes.insert(error.exit_code())
                }
            };
        }
        if !options.json && !options.fhir && shown {
            say(&format!("{}\n", report::text::CAUTION))?;
        }
        // One code when all photos ended alike; else some failed.
        Ok(if codes.len() == 1 { codes.into_iter().next().unwrap_or(0) } else { 1 })
    })
}

/// Prints one photo's record and writes its files; the exit code that it asks for.
fn show(id: &str, photo: &Photo, analysis: &Analysis, options: &Analyze) -> Result<u8> {
    let record = Record::new(id, photo, analysis);
    if options.fhir {
        if options.out.is_none() {
            say(&format!("{}\n", report::fhir::bundle(&record)))?;
        }
    } else if options.json {
        say(&format!("{}\n", record.to_line()?))?;
    } else {
        say(&format!("{}\n", report::text::table(&record)))?;
    }
    if let Some(folder) = &options.out {
        write_files(folder, id, photo, &record)?;
        if options.fhir {
            let path = folder.join(format!("{id}.fhir.json"));
            output::write(&path, &output::json(&report::fhir::bundle(&record), &path)?)?;
        }
    }
    Ok(u8::from(!record.quality.usable))
}

fn write_files(folder: &Path, id: &str, photo: &Photo, record: &Record) -> Result<()> {
    let path = folder.join(format!("{id}.json"));
    output::write(&path, &output::json(record, &path)?)?;
    let path = folder.join(format!("{id}.annotated.jpg"));
    output::write(&path, &output::jpeg(&report::overlay::draw(&photo.pixels, record), &path)?)
}
