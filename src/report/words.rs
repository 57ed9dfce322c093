//! Phrases shared by several outputs.

use crate::core::camera::LevelFrom;
use crate::core::gate::Gate;
use crate::core::measure::Measure;
use crate::core::record::states::Symbol;
use crate::core::record::{MeasureRecord, Record};
use crate::report::{one_decimal, signed};

/// The value with its sign and unit, such as `+3.0°`.
pub(super) fn value_text(found: &MeasureRecord) -> Option<String> {
    let unit = if found.unit == Symbol::Degrees { "°" } else { " %" };
    found.value.map(|value| format!("{}{unit}", signed(value).replace('-', "\u{2212}")))
}

/// The direction of a value; empty for measures without a side.
pub(super) fn direction(measure: Measure, value: Option<f64>, resolved: bool) -> &'static str {
    let [positive, negative] = measure.says();
    match value.filter(|_| resolved) {
        Some(value) if value > 0.0 => positive,
        Some(_) => negative,
        None if positive.is_empty() => "",
        None => "no difference resolved",
    }
}

/// The direction alone; the number has a column of its own.
pub(super) fn short_words(measure: Measure, found: &MeasureRecord) -> String {
    let derived = if found.derived_from.is_some() { " (derived)" } else { "" };
    format!("{}{derived}", direction(measure, found.value, found.resolved == Some(true)))
}

/// The photo's name, and the measured part of it; for a joint record the names of all its photos.
pub(super) fn file_words(record: &Record) -> String {
    if !record.joined.is_empty() {
        let files: Vec<&str> = record.joined.iter().map(|photo| photo.file.as_str()).collect();
        let named = files.iter().all(|file| !file.is_empty());
        let list = if named { format!(": {}", files.join(", ")) } else { String::new() };
        return format!("{} photos of one stance{list}", files.len());
    }
    let file = &record.source.file;
    record.source.region.map_or_else(|| file.clone(), |region| format!("{file}, region {region}"))
}

/// The visible side, and whether the picture is a mirror image.
pub(super) fn view_words(record: &Record) -> String {
    let mirrored = if record.view.mirrored { ", taken for a mirror image" } else { "" };
    format!("seen {}{mirrored}", record.view.kind.words())
}

/// The source of levelling, with a leading comma.
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

/// A plain name to print before a measure's term, if the term is technical.
pub(super) const fn plain_name(measure: Measure) -> Option<&'static str> {
    Some(match measure {
        Measure::AcromialTilt => "shoulders, by their bony points",
        Measure::PelvicObliquity => "hips",
        Measure::PelvicObliquityAsis => "hips, by the front points of the pelvis",
        Measure::PelvicObliquityPsis => "hips, by the back points of the pelvis",
        Measure::ShoulderPelvisAngle => "shoulders against hips",
        Measure::SpinalLineDeviation => "middle of the body, farthest from plumb",
        Measure::CraniovertebralAngle => "neck",
        _ => return None,
    })
}

/// What one point placed by hand would add to a side view: no model sees C7, which the craniovertebral angle needs.
pub(super) fn offer(record: &Record) -> Option<(&'static str, &'static str)> {
    let is_side = record.view.kind.facing().is_none();
    let has_angle = record.measures.contains_key(Measure::CraniovertebralAngle.name());
    let offer = "needs C7, which no model sees: place it by hand with `orthostat edit`";
    (is_side && record.quality.usable && !has_angle).then_some((Measure::CraniovertebralAngle.label(), offer))
}

/// Half of a 95 % interval, as printed after `+-`.
pub(super) fn half([low, high]: [f64; 2]) -> f64 {
    one_decimal(0.5 * (high - low))
}

/// Why a photo should be taken again, if it should: it was refused entirely, or a flag asks for it.
pub(super) fn reason_for_another(record: &Record) -> Option<String> {
    let asks = record.quality.flags.iter().filter(|flag| Gate::asks_for_another(&flag.code));
    let reasons: Vec<&str> = asks.map(|flag| flag.text.as_str()).collect();
    match (reasons.is_empty(), record.quality.usable) {
        (false, _) => Some(reasons.join("; ")),
        (true, true) => None,
        (true, false) => Some(
            record
                .measures
                .values()
                .find_map(|found| found.reason.clone())
                .unwrap_or("nothing could be measured".into()),
        ),
    }
}

/// A count with commas between thousands.
pub(super) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let comma = |(index, digit): (usize, char)| {
        let first = index > 0 && (digits.len() - index).is_multiple_of(3);
        [first.then_some(','), Some(digit)].into_iter().flatten()
    };
    digits.chars().enumerate().flat_map(comma).collect()
}
