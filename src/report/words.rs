//! Phrases that several outputs share.

use crate::core::camera::LevelFrom;
use crate::core::measure::Measure;
use crate::core::record::{MeasureRecord, Record};

/// The direction alone; the number stands in its own column.
pub(super) fn short_words(measure: Measure, found: &MeasureRecord) -> String {
    let [positive, negative] = measure.says();
    match (found.resolved, found.value) {
        (Some(true), Some(value)) if value > 0.0 => positive.to_owned(),
        (Some(true), Some(_)) => negative.to_owned(),
        _ if positive.is_empty() => String::new(),
        _ => "no difference resolved".to_owned(),
    }
}

/// The photo's name, and which part of it was measured.
pub(super) fn file_words(record: &Record) -> String {
    let file = &record.source.file;
    record.source.region.map_or_else(|| file.clone(), |region| format!("{file}, region {region}"))
}

/// The side that is seen, and whether the picture is a mirror image.
pub(super) fn view_words(record: &Record) -> String {
    let mirrored = if record.view.mirrored { ", taken for a mirror image" } else { "" };
    format!("seen {}{mirrored}", record.view.kind.words())
}

/// What the picture was levelled by, with a leading comma.
pub(super) fn level_words(record: &Record) -> String {
    let camera = &record.camera;
    let source = match camera.level_from {
        LevelFrom::Gravity => "the phone's gravity sensor",
        LevelFrom::Plumb => "the plumb line given",
        LevelFrom::Roll => "the roll given",
        LevelFrom::Verticals => "upright edges in the background",
        LevelFrom::Floor => "both feet standing on one floor",
        LevelFrom::Nothing => return ", not levelled".into(),
    };
    format!(", levelled by {source} (camera roll {:+.1} deg, pitch {:+.1} deg)", camera.roll_deg, camera.pitch_deg)
}
