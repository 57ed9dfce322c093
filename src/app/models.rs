//! The available models, whether they are installed, and what each can measure.

use std::path::Path;

use crate::core::body::keypoints::KeypointSet;
use crate::core::body::pose::{Keypoint, Pose};
use crate::core::body::skeleton::Joint;
use crate::core::body::view::View;
use crate::core::error::Result;
use crate::core::geometry::Point;
use crate::core::measure::Measure;
use crate::vision::catalogue::{self, Entry, ListedFamily, Role};
use crate::vision::estimate::form::{self, Sidecar};
use crate::vision::estimate::model_options::ModelOptions;
use crate::vision::model::{self, Model};

/// A person standing upright, in pixels: joints of the right side; those of the left are their mirror image at 500.
const STANDING: [(Joint, f64, f64); 17] = [
    (Joint::Nose, 500.0, 100.0),
    (Joint::RightEyeInner, 494.0, 92.0),
    (Joint::RightEye, 488.0, 92.0),
    (Joint::RightEyeOuter, 482.0, 92.0),
    (Joint::RightEar, 470.0, 100.0),
    (Joint::RightMouth, 490.0, 115.0),
    (Joint::RightShoulder, 420.0, 200.0),
    (Joint::RightElbow, 400.0, 320.0),
    (Joint::RightWrist, 395.0, 430.0),
    (Joint::RightPinky, 393.0, 455.0),
    (Joint::RightIndex, 396.0, 458.0),
    (Joint::RightThumb, 400.0, 448.0),
    (Joint::RightHip, 450.0, 440.0),
    (Joint::RightKnee, 445.0, 640.0),
    (Joint::RightAnkle, 440.0, 830.0),
    (Joint::RightHeel, 438.0, 845.0),
    (Joint::RightFootIndex, 430.0, 860.0),
];

/// The measures that cannot be computed from a format's points, by name.
fn lacking(points: &KeypointSet) -> Vec<&'static str> {
    let full = Pose::from_points(
        STANDING
            .into_iter()
            .flat_map(|(joint, x, y)| [(joint, Point::new(x, y)), (joint.mirror(), Point::new(1000.0 - x, y))]),
    );
    let given = points.pose(false, |index| match points.slots().get(index) {
        Some(crate::core::body::keypoints::Slot::Joint(joint)) => full.get(*joint).ok(),
        _ => None::<Keypoint>,
    });
    let view = |measure: &Measure| if measure.is_frontal() { View::Anterior } else { View::LeftLateral };
    let of = |measure: &Measure, pose: &Pose| measure.of(pose, view(measure)).is_ok();
    Measure::ALL.into_iter().filter(|m| of(m, &full) && !of(m, &given)).map(Measure::name).collect()
}

/// What a model with these points can measure, in words.
fn measures(points: &KeypointSet, outline: bool) -> String {
    let mut without = lacking(points);
    if !outline {
        without.extend([Measure::TrunkMidlineDeviation, Measure::ArmGapAsymmetry].map(Measure::name));
    }
    if without.is_empty() { "every measure".into() } else { format!("every measure but {}", without.join(", ")) }
}

fn described(name: &str, rows: &[(&str, String)]) -> String {
    let rows: Vec<String> = rows.iter().map(|(what, text)| format!("  {what:<9} {text}")).collect();
    format!("{name}\n{}", rows.join("\n"))
}

fn listed(entry: &Entry) -> String {
    let place = match model::embedded_hash(entry) {
        Some(_) => "part of the program".into(),
        None => match model::model_places(&entry.file).into_iter().find(|path| path.is_file()) {
            Some(path) => path.display().to_string(),
            None => format!("not installed ({} is looked for beside the program)", entry.file),
        },
    };
    let blazepose = entry.family == ListedFamily::Blazepose;
    let points = KeypointSet::named(if blazepose { "blazepose-33" } else { "coco-17" });
    let mut rows = vec![
        ("family", entry.family.to_string()),
        ("file", place),
        ("licence", format!("{} ({})", entry.licence, entry.origin.package)),
        ("BLAKE3", entry.blake3.clone()),
    ];
    if let Some(points) = points {
        rows.push(("points", format!("{} ({})", points.count(), points.name())));
        rows.push(("measures", measures(points, blazepose)));
    }
    described(&entry.name, &rows)
}

/// The catalogued landmark models, one paragraph each.
///
/// # Errors
/// When the list of models does not parse, which a test rules out.
pub fn known() -> Result<Vec<String>> {
    Ok(catalogue::catalogue()?.iter().filter(|entry| entry.role == Role::Landmarks).map(listed).collect())
}

/// The description of a model file, one paragraph.
///
/// # Errors
/// [`crate::core::error::Error::Model`] when it cannot be opened or is of no known family, with what was expected and found.
pub fn examine(path: &Path) -> Result<String> {
    let refused =
        |reason: String| crate::core::error::Error::Model { model: path.display().to_string(), reason, source: None };
    let model = Model::open_unlisted(path, ModelOptions::default().threads)?;
    let name = path.display().to_string();
    if form::is_blazepose(&model.outputs()) {
        let points = KeypointSet::named("blazepose-33").map_or_else(String::new, |points| measures(points, false));
        return Ok(described(
            &name,
            &[("family", "blazepose".into()), ("BLAKE3", model.hash().into()), ("measures", points)],
        ));
    }
    let said = Sidecar::beside(path).map_err(refused)?;
    let form = form::recognise(&model.inputs(), &model.outputs(), &said).map_err(refused)?;
    let beside = form::sidecar_of(path);
    let rows = [
        ("family", form.family.name().to_owned()),
        ("BLAKE3", model.hash().to_owned()),
        ("beside", if beside.is_file() { beside.display().to_string() } else { "nothing".into() }),
        ("picture", format!("{} x {} pixels", form.width, form.height)),
        (
            "points",
            format!("{} ({}), seen from a score of {}", form.points.count(), form.points.name(), form.visible_from),
        ),
        ("measures", measures(&form.points, false)),
    ];
    Ok(described(&name, &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_models_of_a_body_are_listed() {
        let all = known().expect("the list parses");
        let named = |name: &str| all.iter().any(|text| text.starts_with(name));
        assert!(
            named("blazepose-full") && named("movenet-thunder") && !named("face-mesh") && !named("blazeface"),
            "{all:?}"
        );
    }

    #[test]
    fn a_model_measures_what_its_joints_suffice_for() {
        let of = |name: &str| lacking(KeypointSet::named(name).expect("known"));
        assert_eq!(of("blazepose-33"), Vec::<&str>::new());
        assert!(!of("coco-17").contains(&"shoulder_tilt") && !of("coco-17").contains(&"head_tilt"));
        assert!(of("coco-17").len() > of("body-25").len() || of("coco-17") == of("body-25"));
    }

    #[test]
    fn every_landmark_model_is_listed_with_its_licence() {
        let all = known().expect("the list");
        assert!(all.len() >= 4 && all.iter().all(|text| text.contains("Apache-2.0") && text.contains("BLAKE3")));
        assert!(all.iter().any(|text| text.starts_with("movenet-thunder\n")));
    }
}
