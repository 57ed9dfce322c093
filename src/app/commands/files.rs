//! The files of one photo: its record and its annotated picture.

use std::borrow::Cow;
use std::path::Path;

use orthostat::app::cli::{Analyze, PictureForm};
use orthostat::core::error::Result;
use orthostat::core::names::file_name;
use orthostat::core::photo_hash::PhotoHash;
use orthostat::core::record::Record;
use orthostat::report;
use orthostat::report::output::Outputs;
use orthostat::report::{mask, output};
use orthostat::vision::photo::Photo;

use super::complain;
use super::report::drawn;

/// Writes a photo's record and its picture; returns whether there is a picture.
pub(super) fn write_files(
    outputs: &Outputs,
    folder: &Path,
    photo: &Photo,
    record: &Record,
    options: &Analyze,
) -> Result<bool> {
    // A joint record belongs to no single photo.
    let from = record.source.blake3.as_ref().filter(|_| record.joined.is_empty()).map(PhotoHash::as_str);
    let place = |ending: &str| folder.join(file_name(&record.id, ending));
    let annotated = place(&format!(".annotated.{}", options.picture.ending()));
    let (path, fhir) = (place(".json"), place(".fhir.json"));
    // All or none of a photo's files: a record beside another photo's picture would mislead.
    outputs.check(&annotated, from)?;
    if options.fhir {
        outputs.check(&fhir, from)?;
    }
    outputs.write(&path, &output::json(record, &path)?, from)?;
    if let Some(form) = options.keypoints_out {
        super::write_keypoints(outputs, folder, &record.id, record, form)?;
    }
    if options.fhir {
        outputs.write(
            &fhir,
            &output::json(&report::fhir::bundle(record, &options.filing.of(options.date)), &fhir)?,
            from,
        )?;
    }
    let mut picture = report::raster::detailed(photo)?;
    if options.mask_face {
        match mask::cover(&picture, record) {
            Ok(covered) => {
                picture = Cow::Owned(covered);
                // Pictures of an earlier run in other formats may show the face.
                for form in PictureForm::ALL.into_iter().filter(|form| form.ending() != options.picture.ending()) {
                    outputs.remove(&place(&format!(".annotated.{}", form.ending())))?;
                }
            }
            Err(why) => {
                // A picture of an earlier run shows the face.
                for form in PictureForm::ALL {
                    outputs.remove(&place(&format!(".annotated.{}", form.ending())))?;
                }
                complain(&format!("{}: {why}", record.source.file));
                return Ok(false);
            }
        }
    }
    let bytes = drawn(&picture, record, options.picture, options.attitude(), &annotated)?;
    outputs.write(&annotated, &bytes, from)?;
    Ok(true)
}
