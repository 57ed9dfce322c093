//! `orthostat recompute`: recomputes stored records, to a table, lines or files.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use orthostat::app::cli::Recompute;
use orthostat::app::records::Place;
use orthostat::core::error::{Error, Result};
use orthostat::core::keypoint_file::KeypointFile;
use orthostat::core::names::file_name;
use orthostat::core::photo_hash::PhotoHash;
use orthostat::core::points::Points;
use orthostat::core::recompute::recompute;
use orthostat::core::record::Record;
use orthostat::report;
use orthostat::report::output;
use orthostat::report::output::Outputs;

use super::screen::{Ending, Screen};
use super::{complain, listed, points_for_one, say, write_keypoints};

pub(crate) fn run(options: &Recompute) -> Result<u8> {
    let places = listed(&options.records, options.db.as_deref())?;
    let outputs = match &options.out {
        Some(folder) => {
            apart(&places, folder)?;
            let inputs = places.iter().map(|place| &place.path).chain(&options.points).chain(&options.keypoints);
            Some(Outputs::into_folder(folder, options.force)?.protecting(inputs))
        }
        None => None,
    };
    let points = match &options.points {
        Some(path) => points_for_one(path, places.len(), "record")?,
        None => Points::default(),
    };
    let keypoints = options.keypoints.as_deref().map(KeypointFile::open).transpose()?.map(Arc::new);
    let mut codes = HashSet::new();
    let screen = Screen::of_output();
    let mut ending =
        Ending { folder: options.out.clone(), all: options.all, what: ["record", "records"], ..Ending::default() };
    for place in places {
        match one(&place, options, outputs.as_ref(), &points, keypoints.as_ref()) {
            Ok(record) => {
                ending.count(&record);
                codes.insert(u8::from(!record.quality.usable));
                print(&record, options, &screen)?;
            }
            Err(error @ Error::Unwritable { .. }) => return Err(error),
            Err(error) => {
                complain(&error);
                ending.failed += 1;
                codes.insert(error.exit_code());
            }
        }
    }
    if let Some(outputs) = &outputs {
        outputs.tidy()?;
    }
    if !options.json && !options.fhir && ending.good + ending.again > 0 {
        screen.print(&ending.lines())?;
    }
    Ok(if codes.len() == 1 { codes.into_iter().next().unwrap_or(0) } else { 1 })
}

/// Checks that no two records would be written to one file.
fn apart(places: &[Place], folder: &Path) -> Result<()> {
    let mut taken: HashMap<String, &Place> = HashMap::new();
    for place in places {
        let name = place.file_name();
        if let Some(before) = taken.insert(name.clone(), place) {
            let reason = format!(
                "--out: {} and {} would both become {}: recompute them into different folders",
                before.named().display(),
                place.named().display(),
                folder.join(name).display()
            );
            return Err(Error::Usage { reason });
        }
    }
    Ok(())
}

fn one(
    place: &Place,
    options: &Recompute,
    outputs: Option<&Outputs>,
    points: &Points,
    keypoints: Option<&Arc<KeypointFile>>,
) -> Result<Record> {
    let before = place.read()?.record;
    let mut measuring = options.options(before.options(), before.view.kind)?;
    measuring.keypoints = keypoints.cloned();
    if let Some(file) = &options.points {
        points.check_inside(before.source.width.into(), before.source.height.into(), file)?;
        measuring.points = measuring.points.with(points);
    }
    let record = recompute(&before, &place.named(), &measuring)?;
    if let (Some(outputs), Some(folder)) = (outputs, &options.out) {
        let from = record.source.blake3.as_ref().map(PhotoHash::as_str);
        let name = place.file_name();
        let path = folder.join(&name);
        let fhir = folder.join(file_name(name.trim_end_matches(".json"), ".fhir.json"));
        if options.fhir {
            outputs.check(&fhir, from)?;
        }
        outputs.write(&path, &output::json(&record, &path)?, from)?;
        if let Some(form) = options.keypoints_out {
            write_keypoints(outputs, folder, name.trim_end_matches(".json"), &record, form)?;
        }
        if options.fhir {
            outputs.write(
                &fhir,
                &output::json(&report::fhir::bundle(&record, &options.filing.of(options.date)), &fhir)?,
                from,
            )?;
        }
    }
    Ok(record)
}

fn print(record: &Record, options: &Recompute, screen: &Screen) -> Result<()> {
    match () {
        () if options.fhir && options.out.is_some() => Ok(()),
        () if options.fhir => say(&format!("{}\n", report::fhir::bundle(record, &options.filing.of(options.date)))),
        () if options.json => say(&format!("{}\n", record.to_line()?)),
        () => screen.photo(record, options.all),
    }
}
