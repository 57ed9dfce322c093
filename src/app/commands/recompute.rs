//! `orthostat recompute`: stored records measured again, to a table, lines or files.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use orthostat::app::cli::Recompute;
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

use super::{complain, points_for_one, say, write_keypoints};

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

/// FHIR bundles, joints in other programs' forms and points that were not saved lie beside the records that they belong to.
fn is_companion(file: &Path) -> bool {
    let name = file.to_string_lossy();
    [".fhir.json", ".points.json", ".keypoints.json"].iter().any(|ending| name.ends_with(ending))
}

pub(crate) fn run(options: &Recompute) -> Result<u8> {
    let files = files(&options.records)?;
    let outputs = match &options.out {
        Some(folder) => {
            apart(&files, folder)?;
            let inputs = files.iter().chain(&options.points).chain(&options.keypoints);
            Some(Outputs::into_folder(folder, options.force)?.protecting(inputs))
        }
        None => None,
    };
    let points = match &options.points {
        Some(path) => points_for_one(path, files.len(), "record")?,
        None => Points::default(),
    };
    let keypoints = options.keypoints.as_deref().map(KeypointFile::open).transpose()?.map(Arc::new);
    let mut codes = HashSet::new();
    let mut shown = false;
    for path in files {
        match one(&path, options, outputs.as_ref(), &points, keypoints.as_ref()) {
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
    if let Some(outputs) = &outputs {
        outputs.tidy()?;
    }
    if !options.json && !options.fhir && shown {
        say(&format!("{}\n", report::CAUTION))?;
    }
    Ok(if codes.len() == 1 { codes.into_iter().next().unwrap_or(0) } else { 1 })
}

/// Sees that no two records go into one file.
fn apart(files: &[PathBuf], folder: &Path) -> Result<()> {
    let mut taken: HashMap<&OsStr, &Path> = HashMap::new();
    for file in files {
        if let Some(before) = file.file_name().and_then(|name| taken.insert(name, file)) {
            let name = file.file_name().map(Path::new).unwrap_or(file);
            let reason = format!(
                "--out: {} and {} would both become {}: recompute them into different folders",
                before.display(),
                file.display(),
                folder.join(name).display()
            );
            return Err(Error::Usage { reason });
        }
    }
    Ok(())
}

fn one(
    path: &Path,
    options: &Recompute,
    outputs: Option<&Outputs>,
    points: &Points,
    keypoints: Option<&Arc<KeypointFile>>,
) -> Result<u8> {
    let before = Record::open(path)?;
    let mut measuring = options.options(before.options())?;
    measuring.keypoints = keypoints.cloned();
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
    if let (Some(outputs), Some(folder)) = (outputs, &options.out) {
        let from = record.source.blake3.as_ref().map(PhotoHash::as_str);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let fhir = folder.join(file_name(&stem, ".fhir.json"));
        let path = folder.join(path.file_name().unwrap_or_default());
        if options.fhir {
            outputs.check(&fhir, from)?;
        }
        outputs.write(&path, &output::json(&record, &path)?, from)?;
        if let Some(form) = options.keypoints_out {
            write_keypoints(outputs, folder, &stem, &record, form)?;
        }
        if options.fhir {
            outputs.write(&fhir, &output::json(&report::fhir::bundle(&record), &fhir)?, from)?;
        }
    }
    Ok(u8::from(!record.quality.usable))
}
