//! What limits a comparison, in sentences.

use crate::core::camera::LevelFrom;
use crate::core::measure::Measure;
use crate::core::record::Record;
use crate::core::uncertainty::repeat::{fitted, repeatability};

/// Bodies turned more differently than this get a note, in degrees.
const TURNED_APART_DEG: f64 = 8.0;
/// Nobody takes more photos a visit.
pub(super) const MOST_PHOTOS: f64 = 12.0;

/// A measure whose change was judged without the error that photos of one person share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    /// The measure.
    pub measure: Measure,
    /// Its minimal detectable change.
    pub least: f64,
    /// Whether both values are those of the faces alone.
    pub by_face: bool,
}

/// The notes of a comparison in which these measures were judged.
pub(super) fn notes(before: &Record, after: &Record, judged: &[Judged]) -> Vec<String> {
    let mut notes = Vec::new();
    let of = |record: &Record| record.source.blake3.clone().map(|photo| (photo, record.source.region));
    if of(before).is_some() && of(before) == of(after) {
        notes.push("both records are of one photo, which can show no change".into());
    }
    let level = (before.camera.level_from, after.camera.level_from);
    if level.0 != level.1 {
        notes.push(format!(
            "they were levelled differently ({} and {}): the intervals allow for it, and photos taken alike compare better",
            level_words(level.0),
            level_words(level.1)
        ));
    }
    if before.tool.readings != after.tool.readings {
        notes.push(format!(
            "they were read differently often ({} and {} times), which the intervals allow for",
            before.tool.readings, after.tool.readings
        ));
    }
    if before.tool.version != after.tool.version {
        notes.push(format!(
            "they were measured by different versions of the program ({} and {}): where the photos are at hand, measure both again",
            before.tool.version, after.tool.version
        ));
    }
    if let (Some(first), Some(second)) = (before.subject.yaw_deg, after.subject.yaw_deg)
        && (first - second).abs() > TURNED_APART_DEG
    {
        notes.push(format!(
            "the body was turned differently, by {:.0} degrees: stand on the same marks, square to the camera",
            (first - second).abs()
        ));
    }
    let by_faces = judged.iter().filter(|judged| judged.by_face);
    notes.extend(by_faces.filter_map(|judged| by_face(before, after, judged.measure)));
    notes.push(
        if !judged.is_empty() {
            "what photos of one person get wrong alike is taken out. Up to one measure in twenty may be said to have changed by \
             chance alone"
        } else {
            "the errors of both photos are counted in full, though photos of one person share some: small changes may be missed. \
             Up to one measure in twenty may be said to have changed by chance alone"
        }
        .into(),
    );
    notes.extend(photos_needed(before, after, judged));
    notes
}

/// Why a change's values are not those of the records.
fn by_face(before: &Record, after: &Record, measure: Measure) -> Option<String> {
    let value = |record: &Record| record.measure(measure)?.value;
    Some(format!(
        "{}: the change is that of the face alone, which follows a change whole; the joint values of face and head are {:+.1} and {:+.1} {}",
        measure.label(),
        value(before)?,
        value(after)?,
        measure.unit().symbol()
    ))
}

/// How many photos a visit a change of one degree would need, for the tilts that people ask for.
fn photos_needed(before: &Record, after: &Record, judged: &[Judged]) -> Option<String> {
    let needed = |measure: Measure| {
        let judged = judged.iter().find(|judged| judged.measure == measure).filter(|judged| judged.least > 1.0)?;
        let of = |record: &Record| {
            let found = record.measure(measure)?;
            let sd_repeat = if judged.by_face { found.by_face?.sd_repeat } else { found.sd_repeat? };
            Some(sd_repeat.powi(2) * found.photos.unwrap_or(1) as f64)
        };
        let repeats = if judged.by_face { fitted().head_by_face } else { repeatability(measure)? };
        let (one_photo, visit) = (of(before)? + of(after)?, repeats.visit);
        let left = 1.96_f64.powi(-2) - 2.0 * visit.powi(2);
        Some((measure, if left > 0.0 { (one_photo / left).ceil() } else { f64::INFINITY }))
    };
    let found: Vec<(Measure, f64)> = Measure::TILTS.into_iter().filter_map(needed).collect();
    let list = |of: &mut dyn Iterator<Item = String>| of.collect::<Vec<_>>().join(", ");
    let enough =
        list(&mut found.iter().filter(|(_, count)| *count <= MOST_PHOTOS).map(|(m, n)| format!("{n} ({})", m.label())));
    let never = list(
        &mut found.iter().filter(|(_, count)| *count > MOST_PHOTOS).map(|(measure, _)| measure.label().to_owned()),
    );
    let sentences: Vec<String> = [
        (!enough.is_empty()).then(|| format!("photos a visit that would show a change of 1 deg: {enough}")),
        (!never.is_empty())
            .then(|| format!("a change of 1 deg stays hidden with {MOST_PHOTOS} photos a visit in: {never}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

fn level_words(from: LevelFrom) -> &'static str {
    match from {
        LevelFrom::Gravity => "the phone's gravity sensor",
        LevelFrom::Plumb => "a plumb line given",
        LevelFrom::Roll => "a roll given",
        LevelFrom::Verticals => "upright edges in the background",
        LevelFrom::Floor => "both feet on one floor",
        LevelFrom::Nothing => "not at all",
    }
}
