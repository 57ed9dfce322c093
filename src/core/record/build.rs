//! Builds the record of an analysis.

use indexmap::IndexMap;

use super::states::{PlacedBy, PointsBy, SpineLevel, ViewFrom};
use super::words::{towards, words};
use super::{
    ByFace, Camera, Flag, Given, Landmark, MeasureRecord, Provenance, Quality, Record, SCHEMA, SpinalLevel, SpinalLine,
    Subject, Tool, View,
};
use crate::core::body::landmarks::BonyPoint;
use crate::core::body::skeleton::Joint;
use crate::core::geometry::rounded;
use crate::core::measure::{ByHand, Measure, Measurement, Unit};
use crate::core::pipeline::Analysis;
use crate::core::points::{HandPoint, Points, Site};
use crate::core::refusal::Refusal;
use crate::core::scale::Scale;
use crate::core::uncertainty::repeat::{fitted, repeatability};

impl Record {
    /// The record of an analysis of a photo with this provenance.
    #[must_use]
    pub fn of(provenance: Provenance, analysis: &Analysis) -> Self {
        let Provenance { id, intake, source, warnings, edited } = provenance;
        let camera = &analysis.camera;
        Self {
            schema: SCHEMA.into(),
            id,
            intake,
            source,
            tool: Tool {
                version: env!("CARGO_PKG_VERSION").into(),
                model: analysis.frame.model.clone(),
                model_blake3: analysis.frame.model_blake3.clone(),
                readings: analysis.frame.readings,
            },
            view: View {
                kind: analysis.view,
                from: if analysis.view_given { ViewFrom::User } else { ViewFrom::Auto },
                mirrored: analysis.mirrored,
            },
            camera: Camera {
                focal_px: rounded(camera.focal_px, 1),
                focal_from: camera.focal_from,
                focal_sd: rounded(camera.focal_sd, 3),
                roll_deg: rounded(camera.roll_deg, 2),
                pitch_deg: rounded(camera.pitch_deg, 2),
                level_from: camera.level_from,
                level_sd_deg: rounded(camera.roll_sd_deg, 2),
                pitch_sd_deg: rounded(camera.pitch_sd_deg, 2),
            },
            subject: Subject {
                bounds: analysis.person_box.map(|v| rounded(v, 1)),
                people: analysis.frame.people,
                standing: analysis.frame.standing.iter().map(|at| at.map(|v| rounded(v, 1))).collect(),
                yaw_deg: analysis.yaw.map(|yaw| rounded(yaw.deg, 1)),
                yaw_sd_deg: analysis.yaw.map(|yaw| rounded(yaw.sd_deg, 1)),
                head_yaw_deg: analysis.head_yaw.map(|deg| rounded(deg, 1)),
                scale_mm_per_px: analysis.scale.map(|scale| rounded(scale.mm_per_px, 4)),
                scale_from: analysis.scale.map(|scale| scale.from),
            },
            landmarks: landmarks(analysis),
            heads: analysis.frame.heads.clone(),
            measures: measures(analysis),
            spinal_line: spinal_line(analysis),
            spinal_profile: analysis.spinal_profile.as_ref().map(super::profile::SpinalProfile::of),
            quality: Quality {
                usable: analysis.assessment.has_values(),
                flags: analysis
                    .quality
                    .flags
                    .iter()
                    .map(|flag| Flag { code: flag.gate.name().into(), text: flag.text.clone() })
                    .collect(),
            },
            warnings,
            given: Given::of(&analysis.options),
            edited,
            joined: Vec::new(),
            observation: Some(analysis.observation.clone()),
        }
    }
}

/// The manual landmarks that are not joints.
fn bony_landmarks(points: &Points) -> impl Iterator<Item = (String, Landmark)> + '_ {
    points.iter().filter(|(site, _)| matches!(site, Site::Bony(_))).map(|(site, point)| {
        let HandPoint { at, sd_px } = point;
        (site.name().to_owned(), Landmark { x: at.x, y: at.y, visibility: 1.0, sd_px, by: Some(PlacedBy::Hand) })
    })
}

/// The offset of a level of the spinal line that error alone can cause, in percent of trunk length.
fn spinal_error(analysis: &Analysis) -> f64 {
    analysis.assessment.get(Measure::SpinalLineDeviation).as_ref().map_or(f64::INFINITY, |found| 1.96 * found.sd)
}

fn landmarks(analysis: &Analysis) -> IndexMap<String, Landmark> {
    analysis
        .pose
        .found()
        .map(|(joint, k)| {
            let landmark = Landmark {
                x: rounded(k.at.x, 2),
                y: rounded(k.at.y, 2),
                visibility: rounded(k.visibility, 3),
                sd_px: k.sd_px.map(|sd| rounded(sd, 2)),
                by: k.by_hand.then_some(PlacedBy::Hand),
            };
            (joint.name().to_owned(), landmark)
        })
        .chain(bony_landmarks(&analysis.options.points))
        .collect()
}

/// The measures of the view, and those of manual bony landmarks.
fn measures(analysis: &Analysis) -> IndexMap<String, MeasureRecord> {
    analysis
        .assessment
        .iter()
        .filter(|(measure, _)| {
            let placed = |point: &BonyPoint| analysis.options.points.get(Site::Bony(*point)).is_some();
            measure.is_frontal() == analysis.view.facing().is_some() && measure.bony_points().iter().all(placed)
        })
        .map(|(measure, result)| {
            let mut record = measure_record(measure, result, analysis.scale, analysis.trunk_px);
            if measure == Measure::HeadTilt {
                record.by_face = by_face(analysis, record.sd);
            }
            (measure.name().to_owned(), record)
        })
        .collect()
}

/// The head's tilt by its face, whose error is no larger than the value's.
fn by_face(analysis: &Analysis, sd: Option<f64>) -> Option<ByFace> {
    let face = analysis.head_by_face?;
    let sd_repeat = fitted().head_by_face.of_photo(face.varying, sd?);
    Some(ByFace { value: rounded(face.deg, 2), sd_repeat: rounded(sd_repeat, 2) })
}

fn spinal_line(analysis: &Analysis) -> Option<SpinalLine> {
    analysis.spinal_line.as_ref().map(|line| SpinalLine {
        pattern: line.pattern(spinal_error(analysis)),
        levels: line
            .levels
            .iter()
            .map(|level| SpinalLevel {
                level: level_of(level.pair.left),
                offset: rounded(level.offset, 2),
                x: rounded(level.at.x, 2),
                y: rounded(level.at.y, 2),
            })
            .collect(),
    })
}

/// The level of a pair of joints.
fn level_of(left: Joint) -> SpineLevel {
    match left {
        Joint::LeftEar => SpineLevel::Ears,
        Joint::LeftShoulder => SpineLevel::Shoulders,
        Joint::LeftHip => SpineLevel::Hips,
        Joint::LeftKnee => SpineLevel::Knees,
        _ => SpineLevel::Ankles,
    }
}

fn measure_record(
    measure: Measure,
    result: &Result<Measurement, Refusal>,
    scale: Option<Scale>,
    trunk_px: Option<f64>,
) -> MeasureRecord {
    let unit = measure.unit();
    let mut record = MeasureRecord {
        value: None,
        unit: unit.into(),
        of: unit.of().map(str::to_owned),
        sd: None,
        sd_repeat: None,
        interval95: None,
        raw: None,
        value_mm: None,
        sd_mm: None,
        side: None,
        resolved: None,
        words: None,
        reference: None,
        reason: None,
        by: None,
        derived_from: None,
        photos: None,
        sd_between: None,
        by_face: None,
    };
    let found = match result {
        Ok(found) => found,
        Err(refusal) => {
            record.reason = Some(refusal.to_string());
            return record;
        }
    };
    record.value = Some(rounded(found.value, 2));
    record.raw = Some(rounded(found.raw, 2));
    record.sd = Some(rounded(found.sd, 2));
    // The repeatability of placing a point is unknown.
    let repeats = repeatability(measure).filter(|_| found.by_hand == ByHand::No);
    record.sd_repeat = repeats.map(|known| rounded(known.of_photo(found.varying, found.sd), 2));
    record.interval95 = Some(found.interval95().map(|bound| rounded(bound, 2)));
    record.resolved = Some(found.is_resolved());
    record.side = towards(measure, found.value);
    record.words = Some(words(measure, found));
    record.by = PointsBy::of(found.by_hand);
    record.derived_from = found.derived_from;
    if let (Unit::PercentOfTrunk, Some(scale), Some(trunk)) = (unit, scale, trunk_px) {
        let mm = 0.01 * trunk * scale.mm_per_px;
        record.value_mm = Some(rounded(found.value * mm, 1));
        record.sd_mm = Some(rounded((found.sd * mm).hypot(found.value * mm * scale.sd_share), 1));
    }
    record
}
