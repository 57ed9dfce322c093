//! Recomputes a record without the photo.

use std::path::Path;

use crate::core::error::{Error, Result};
use crate::core::options::Options;
use crate::core::pipeline::measure;
use crate::core::record::Record;

/// The record that the photo of `record` would give now, with these options. `Options::readings` and `Options::person` have no effect.
///
/// # Errors
/// [`Error::NotARecord`] when the record keeps no observation, or one that does not fit; `path` is only its name. [`Error::Usage`]
/// when the view is unclear.
pub fn recompute(record: &Record, path: &Path, options: &Options) -> Result<Record> {
    let not_so = |reason: String| Error::NotARecord { path: path.into(), reason, source: None };
    if !record.joined.is_empty() {
        let ids: Vec<&str> = record.joined.iter().map(|photo| photo.id.as_str()).collect();
        return Err(not_so(format!(
            "expected the record of one photo, found the joint one of {}: measure their own records again",
            ids.join(", ")
        )));
    }
    let observation = record.observation.clone().ok_or_else(|| {
        not_so(
            "expected a record that keeps what was seen, found only what was measured (a webcam frame's record, or one of an \
             older version): analyse the photo again"
                .into(),
        )
    })?;
    let frame = record.frame();
    let misfit = if frame.width < 1.0 || frame.height < 1.0 {
        Some(format!("a picture of {} x {} pixels", frame.width, frame.height))
    } else {
        observation.misfit()
    };
    if let Some(found) = misfit {
        return Err(not_so(format!("expected a sighting whose parts fit together, found {found}")));
    }
    let (frame, observation) = match &options.keypoints {
        Some(file) => {
            let found = file.person(Path::new(&record.source.file), &observation.pose())?;
            (frame.with_points_of(found), observation.with_joints_of(found))
        }
        None => (frame, observation),
    };
    let analysis = measure(frame, observation, options)?;
    let mut provenance = record.provenance();
    // Without the manual landmarks that were its edits, the record is unedited.
    provenance.edited = provenance.edited.filter(|edited| edited.points.is_empty() || !options.points.is_empty());
    Ok(Record::of(provenance, &analysis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::record::Intake;

    #[test]
    fn what_the_intake_list_says_is_kept() {
        let path: &Path = "tests/fixtures/records/anterior-tilted.json".as_ref();
        let intake = Some(Intake { subject: Some("S-17".into()), visit_day: Some(3), ..Intake::default() });
        let record = Record { intake: intake.clone(), ..Record::open(path).expect("a record") };
        let again = recompute(&record, path, &record.options()).expect("measured again");
        assert_eq!(again.intake, intake);
        assert_eq!(again.provenance(), record.provenance());
    }
}
