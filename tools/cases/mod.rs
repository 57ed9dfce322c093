//! Photos with what is known of the truth, measured for the fits: whole, without the face, and with legs or an arm cut off.

use std::collections::BTreeMap;
use std::path::Path;

use orthostat::core::body::landmarks::BonyPose;
use orthostat::core::body::view::View;
use orthostat::core::camera::rectify::Rectification;
use orthostat::core::camera::sagittal_plane;
use orthostat::core::error::Result;
use orthostat::core::measure::Measure;
use orthostat::core::measure::estimators::Rectified;
use orthostat::core::observation::Observation;
use orthostat::core::options::Options;
use orthostat::core::pipeline::{Analysis, measure};
use orthostat::core::refusal::Refusal;
use orthostat::core::uncertainty::calibration::FittedOn;
use orthostat::core::uncertainty::side;
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::photo::{Photo, ReadOptions};
use orthostat::vision::quality::Quality;
use serde_json::Value;

use crate::cropped::Cut;
use crate::labelled::{self, LABELLED, Person};
use crate::rendered;

/// Parts that the real people are divided into.
pub(crate) const FOLDS: usize = 5;

/// Where the picture ends, in the fit of cut legs.
pub(crate) const CUTS: [Cut; 4] = [Cut::Below(0.9), Cut::Below(0.6), Cut::Below(0.3), Cut::Below(0.1)];

/// Where the picture ends, in the fit of cut arms.
pub(crate) const ARMS: [Cut; 2] = [Cut::Arm(0.05), Cut::Arm(0.15)];

/// Whole photos, the same ones cut below the hips and beside a shoulder, and the same ones as if no face had been read or no second
/// model asked.
#[derive(Default)]
pub(crate) struct Cases {
    pub(crate) whole: Vec<Case>,
    /// Empty unless asked for: they take four times as long as all else.
    pub(crate) cut: Vec<Case>,
    pub(crate) faceless: Vec<Case>,
    /// Those from the side, without the second model.
    pub(crate) unseconded: Vec<Case>,
    pub(crate) wants_cut: bool,
    /// The same of those from the side.
    pub(crate) wants_side_cut: bool,
    /// With a part of an arm outside, on either side in turn; empty unless asked for.
    pub(crate) armless: Vec<Case>,
    pub(crate) wants_armless: bool,
}

impl Cases {
    /// Adds a photo: whole, without its face or second model, and the parts that are asked for.
    pub(crate) fn add(&mut self, analyzer: &mut Analyzer, photo: &Photo, whole: Case) {
        self.faceless.extend(without_face(&whole));
        self.unseconded.extend(without_second(&whole));
        let flipped = self.whole.len() % 2 == 1;
        let wants_cut = if whole.analysis.view.facing().is_some() { self.wants_cut } else { self.wants_side_cut };
        if wants_cut {
            self.cut.extend(parts(analyzer, photo, &whole, &CUTS, false));
        }
        if self.wants_armless && whole.analysis.view.facing().is_some() {
            self.armless.extend(parts(analyzer, photo, &whole, &ARMS, flipped));
        }
        self.whole.push(whole);
    }
}

/// One person with what is known of the truth.
pub(crate) struct Case {
    pub(crate) analysis: Analysis,
    pub(crate) straight: Rectified,
    pub(crate) truth: BTreeMap<&'static str, f64>,
    pub(crate) real: bool,
    pub(crate) quiet: bool,
    pub(crate) fold: usize,
}

pub(crate) fn measured(analyzer: &mut Analyzer, photo: &Photo) -> Result<Analysis> {
    let options = Options { readings: Quality::Standard.readings(), ..Options::default() };
    analyzer.analyze(photo, &options)
}

pub(crate) fn analyzed(analyzer: &mut Analyzer, path: &Path) -> Result<(Photo, Analysis)> {
    let photo = Photo::open(path, &ReadOptions::default())?;
    let analysis = measured(analyzer, &photo)?;
    Ok((photo, analysis))
}

pub(crate) fn case(analysis: Analysis, truth: BTreeMap<&'static str, f64>) -> Option<Case> {
    let facing = analysis.view.facing()?;
    let outline = match &analysis.observation.outline {
        Some(trace) if trace.facing() == facing => Ok(trace.outline()),
        _ => Err(Refusal::Degenerate("no outline was read")),
    };
    let rectification = Rectification::new(analysis.camera, analysis.view, analysis.yaw);
    let straight = rectification.apply(&analysis.pose, &BonyPose::default(), &outline, &labelled::face(&analysis));
    Some(Case { analysis, straight, truth, real: false, quiet: true, fold: 0 })
}

/// The parts of a photo that show the same view.
fn parts(analyzer: &mut Analyzer, photo: &Photo, whole: &Case, cuts: &[Cut], flipped: bool) -> Vec<Case> {
    let mut parts = Vec::new();
    for edge in cuts {
        let Some(part) = edge.of(photo, &whole.analysis.observation.pose(), flipped) else { continue };
        let Ok(analysis) = measured(analyzer, &part) else { continue };
        if analysis.view == whole.analysis.view {
            let truth = whole.truth.clone();
            let case = match analysis.view.facing() {
                Some(_) => case(analysis, truth),
                None => Some(side_case(analysis, truth)),
            };
            parts.extend(case.map(|case| Case { real: whole.real, quiet: false, ..case }));
        }
    }
    parts
}

/// A photo whose face was read, measured without it.
fn without_face(whole: &Case) -> Option<Case> {
    let Analysis { frame, observation, options, .. } = &whole.analysis;
    observation.face.as_ref()?;
    let seen = Observation { face: None, ..observation.clone() };
    let analysis = measure(frame.clone(), seen, options).ok()?;
    Some(Case { real: whole.real, quiet: whole.quiet, fold: whole.fold, ..case(analysis, whole.truth.clone())? })
}

/// A photo from the side that a second model read, measured without it.
fn without_second(whole: &Case) -> Option<Case> {
    let Analysis { frame, observation, options, .. } = &whole.analysis;
    observation.second_from_the_side()?;
    let seen = Observation { second: None, ..observation.clone() };
    let analysis = measure(frame.clone(), seen, options).ok()?;
    Some(Case { analysis, straight: whole.straight.clone(), truth: whole.truth.clone(), ..*whole })
}

/// The measures of views from the side that labelled joints give.
const LABELLED_SIDE: [Measure; 3] = [Measure::EarShoulderAngle, Measure::ForwardHead, Measure::TrunkSagittalLean];

/// A measure in a view from the side by the labelled joints, turned back by what they themselves tell.
fn of_side(person: &Person, measure: Measure, view: View) -> Option<f64> {
    let (pose, near) = (person.pose(), view.near_side()?);
    let turn = sagittal_plane::turn_of(&pose, near, &side::fitted().turn.breadths)?;
    measure.of(&sagittal_plane::turned_back(&pose, near, turn)?, view).ok()
}

pub(crate) fn real_cases(analyzer: &mut Analyzer, folder: &Path, cases: &mut Cases) -> FittedOn {
    let (set, truth_blake3) = labelled::open(folder);
    let before = cases.whole.len();
    for person in set.persons.iter().filter(|person| person.standing) {
        let Ok((photo, analysis)) = analyzed(analyzer, &person.path(folder)) else { continue };
        let view = analysis.view;
        if !person.is(&analysis) || person.frontal != view.facing().is_some() {
            continue;
        }
        if !person.frontal {
            let truth = LABELLED_SIDE.iter().filter_map(|&m| Some((m.name(), of_side(person, m, view)?))).collect();
            cases.add(analyzer, &photo, Case { real: true, quiet: person.quiet, ..side_case(analysis, truth) });
            continue;
        }
        if view.name() != person.view {
            continue;
        }
        let truth = LABELLED.iter().filter_map(|&m| Some((m.name(), person.of(m)?))).collect();
        let fold = usize::from(blake3::hash(person.group.as_bytes()).as_bytes()[0]) % FOLDS;
        if let Some(case) = case(analysis, truth) {
            cases.add(analyzer, &photo, Case { real: true, quiet: person.quiet, fold, ..case });
        }
    }
    FittedOn { kind: "real".into(), set: set.half, photos: cases.whole.len() - before, truth_blake3 }
}

pub(crate) fn rendered_cases(analyzer: &mut Analyzer, folder: &Path, cases: &mut Cases) -> FittedOn {
    let bytes = std::fs::read(folder.join("truth.json")).expect("the set's truth.json");
    let set: Value = serde_json::from_slice(&bytes).expect("a rendered set");
    let before = cases.whole.len();
    for image in set["images"].as_array().expect("images") {
        let path = folder.join(image["file"].as_str().expect("a file"));
        let Ok((photo, analysis)) = analyzed(analyzer, &path) else { continue };
        let view = analysis.view;
        let seen = image["view"].as_str().unwrap_or_default().trim_end_matches("_lateral");
        if view.name() != seen {
            continue;
        }
        let truth =
            Measure::ALL.into_iter().filter_map(|m| Some((m.name(), rendered::truth(image, m, view)?))).collect();
        if view.facing().is_none() {
            // Side views have no estimators, but an error model.
            cases.add(analyzer, &photo, side_case(analysis, truth));
        } else if let Some(case) = case(analysis, truth) {
            cases.add(analyzer, &photo, case);
        }
    }
    let truth_blake3 = blake3::hash(&bytes).to_hex().to_string();
    let name = set["set"].as_str().unwrap_or_default().to_owned();
    FittedOn { kind: "rendered".into(), set: name, photos: cases.whole.len() - before, truth_blake3 }
}

fn side_case(analysis: Analysis, truth: BTreeMap<&'static str, f64>) -> Case {
    let unread = Err(Refusal::Degenerate("no outline was read"));
    let face = labelled::face(&analysis);
    let rectification = Rectification::new(analysis.camera, analysis.view, analysis.yaw);
    let straight = rectification.apply(&analysis.pose, &BonyPose::default(), &unread, &face);
    Case { analysis, straight, truth, real: false, quiet: true, fold: 0 }
}
