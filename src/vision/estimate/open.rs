//! Opens a model by name or file, whatever its family.

use std::path::Path;

use crate::core::error::{Error, Result};
use crate::vision::catalogue::{ListedFamily, Role, catalogue, entry};
use crate::vision::estimate::Estimator;
use crate::vision::estimate::blazepose::BlazePose;
use crate::vision::estimate::form::is_blazepose;
use crate::vision::estimate::model_options::ModelOptions;
use crate::vision::estimate::other::Other;
use crate::vision::model::Model;

/// Workers of one model.
pub type Team = Vec<Box<dyn Estimator>>;

/// Whether a model is given as a file.
#[must_use]
pub fn is_file(model: &str) -> bool {
    model.contains(['/', '\\']) || model.ends_with(".onnx")
}

/// A team of workers that share a model's readings. The first worker opens the model immediately if `at_once`, and always if the file has
/// to be inspected to determine its family.
///
/// # Errors
/// [`Error::Runtime`] or [`Error::Model`].
pub fn team(options: &ModelOptions, workers: usize, at_once: bool) -> Result<Team> {
    let workers = workers.max(1);
    let other = match other(options)? {
        Some(other) => other,
        None => {
            let mut team: Team = Vec::new();
            if at_once {
                team.push(Box::new(BlazePose::open(options)?));
            }
            while team.len() < workers {
                team.push(Box::new(BlazePose::deferred(options)?));
            }
            return Ok(team);
        }
    };
    let mut team: Team = Vec::new();
    while team.len() + 1 < workers {
        team.push(Box::new(other.deferred()?));
    }
    team.insert(0, Box::new(other));
    Ok(team)
}

/// The model, when it is not of the BlazePose family.
fn other(options: &ModelOptions) -> Result<Option<Other>> {
    if is_file(&options.model) {
        let path = Path::new(&options.model);
        let name = path.file_name().and_then(|name| name.to_str());
        // Catalogued models are recognised by name, without opening the file.
        if catalogue()?.iter().any(|e| e.family == ListedFamily::Blazepose && Some(e.file.as_str()) == name) {
            return Ok(None);
        }
        let model = Model::open_unlisted(path, options.threads)?;
        if is_blazepose(&model.outputs()) {
            return Ok(None);
        }
        return Other::of_file(model, path, options).map(Some);
    }
    let chosen = entry(&options.model)?;
    if chosen.family == ListedFamily::Blazepose {
        return Ok(None);
    }
    if chosen.role != Role::Landmarks {
        let reason = format!("expected a landmark model, and this is a {}", chosen.role);
        return Err(Error::Model { model: options.model.clone(), reason, source: None });
    }
    Other::open(chosen, options).map(Some)
}
