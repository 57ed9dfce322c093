//! `orthostat recompute`: stored records measured again, to a table, lines or files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use orthostat::cli::Recompute;
use orthostat::error::{Error, Result};
use orthostat::points::Points;
use orthostat::recompute::recompute;
use orthostat::record::Record;
use orthostat::{output, report};

use super::{complain, points_for_one, say};

/// The records named, folders replaced by the `.json` files in them, in order of their names.
fn files(named: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in named {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unreadable = |source| Error::Unreadable { path: path.clone(), source };
        let entries = std::fs::read_dir(path).map_err(unreadable)?;
        let mut found =
            entries.map(|entry| entry.map(|e| e.path())).collect::<std::io::Result<Vec<_>>>().map_err(unreadable)?;
        found.retain(|file| file.extension().is_some_and(|ending| ending == "json") && !is_companion(file));
        if found.is_empty() {
            let reason = format!("{}: expected a folder of records, found no .json file in it", path.display());
            return Err(Error::Usage { reason });
        }
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}

/// FHIR bundles and points that were not saved lie beside the records that they belong to.
fn is_companion(file: &Path) -> bool {
    let name = file.to_string_lossy();
    name.ends_with(".fhir.json") || name.ends_with(".points.json")
}

pub(crate) fn run(options: &Recompute) -> Result<u8> {
    if let Some(folder) = &options.out {
        output::make_folder(folder)?;
    }
    let files = files(&options.records)?;
    let points = match &options.points {
        Some(path) => points_for_one(path, files.len(), "record")?,
        None => Points::default(),
    };
    let mut codes = HashSet::new();
    let mut shown = false;
    for path in files {
        match one(&path, options, &points) {
            Ok(code) => {
                shown = true;
                codes.insert(code);
            }
            Err(error @ Error::Unwritable { .. }) => return Err(error),
            Err(error) => {
                complain(&error);
                codes.insert(error.exit_code());
            }
        }
    }
    if !options.json && !options.fhir && shown {
        say(&format!("{}\n", report::text::CAUTION))?;
    }
    Ok(if codes.len() == 1 { codes.into_iter().next().unwrap_or(0) } else { 1 })
}

fn one(path: &Path, options: &Recompute, points: &Points) -> Result<u8> {
    let before = Record::open(path)?;
    let mut measuring = options.options(before.options())?;
    if let Some(file) = &options.points {
        points.check_inside(before.source.width.into(), before.source.height.into(), file)?;
        measuring.points = measuring.points.with(points);
    }
    let record = recompute(&before, path, &measuring)?;
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
        let before = path.canonicalize().ok();
        let path = folder.join(path.file_name().unwrap_or_default());
        if before.is_some() && before == path.canonicalize().ok() {
            let reason = format!(
                "--out: {} is the record itself, which is not overwritten: name another folder",
                path.display()
            );
            return Err(Error::Usage { reason });
        }
        output::write(&path, &output::json(&record, &path)?)?;
        if options.fhir {
            let path = path.with_extension("fhir.json");
            output::write(&path, &output::json(&report::fhir::bundle(&record), &path)?)?;
        }
    }
    Ok(u8::from(!record.quality.usable))
}
