//! The list of models that the program knows: `models/models.json`.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::core::error::{Error, Result};

closed_set! {
    /// The families of the listed models.
    ListedFamily {
        /// The body's landmarks and its mask.
        Blazepose = "blazepose",
        /// The detectors of faces.
        Blazeface = "blazeface",
        /// The landmarks of a face.
        Facemesh = "facemesh",
        /// The body's landmarks by a second opinion.
        MoveNet = "movenet",
    }

    /// What a listed model is for.
    Role {
        /// Locates people or faces.
        Detector = "detector",
        /// Reads the body's landmarks.
        Landmarks = "landmarks",
        /// Outlines the body.
        Mask = "mask",
        /// Reads the landmarks of a face.
        Face = "face",
    }
}

/// The entry of one model in `models.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    /// The name, such as `blazepose-full`.
    pub name: String,
    /// The family whose decoder fits.
    pub family: ListedFamily,
    /// Its role in the family.
    pub role: Role,
    /// The file in the models folder.
    pub file: String,
    /// BLAKE3 hash of the file, in hexadecimal.
    pub blake3: String,
    /// The input picture; `None` for a graph that continues from another's outputs.
    pub input: Option<TensorForm>,
    /// The other graph's outputs that it takes as inputs.
    #[serde(default)]
    pub inputs: Vec<TensorForm>,
    /// The output tensors.
    pub outputs: Vec<TensorForm>,
    /// Its licence.
    pub licence: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a model was published.
#[derive(Debug, Clone, Deserialize)]
pub struct Origin {
    /// The registry and package, such as `npm:@mediapipe/pose`.
    pub package: String,
}

/// Name and shape of a tensor.
#[derive(Debug, Clone, Deserialize)]
pub struct TensorForm {
    /// Its name in the graph.
    pub name: String,
    /// Its shape.
    pub shape: Vec<i64>,
}

/// All entries of `models.json`.
///
/// # Errors
/// When the embedded list does not parse, which a test rules out.
pub fn catalogue() -> Result<&'static [Entry]> {
    static ENTRIES: OnceLock<std::result::Result<Vec<Entry>, String>> = OnceLock::new();
    let parsed = ENTRIES.get_or_init(|| {
        serde_json::from_str::<Vec<Entry>>(include_str!("../../models/models.json")).map_err(|error| error.to_string())
    });
    parsed.as_deref().map_err(|reason| Error::Model {
        model: "models.json".into(),
        reason: reason.clone(),
        source: None,
    })
}

/// The entry of a model by its name.
///
/// # Errors
/// [`Error::Model`] with the names that there are.
pub fn entry(name: &str) -> Result<&'static Entry> {
    let entries = catalogue()?;
    entries.iter().find(|entry| entry.name == name).ok_or_else(|| Error::Model {
        model: name.into(),
        reason: format!(
            "no model of this name; there are {}",
            entries
                .iter()
                .filter(|e| e.role == Role::Landmarks)
                .map(|e| e.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ),
        source: None,
    })
}
