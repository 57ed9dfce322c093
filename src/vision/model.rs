//! ONNX Runtime and the models: where they are found, how they are opened, and whether they match their description.
//!
//! This is the only file that names `ort`. ONNX Runtime's shared library is searched for in this order, never in the current folder: the
//! file in `ORT_DYLIB_PATH` (an absolute path); beside the program; the user's data folder. Model files that are not embedded are
//! searched for in the folder in `ORTHOSTAT_MODELS`, in `models` beside the program, and in `models` in the user's data folder.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayView4, ArrayViewD, IxDyn};
use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue, SessionOutputs};
use ort::value::{PrimitiveTensorElementType, TensorElementType, TensorRef, ValueType};

use crate::core::error::{Error, Result};
use crate::core::folders::data_folder;
use crate::vision::catalogue::{Entry, TensorForm, entry};
use crate::vision::library;

/// Accepted file names of ONNX Runtime's library, beside the program and in the data folder.
const LIBRARY_NAMES: [&str; 3] = ["libonnxruntime.so", "libonnxruntime.so.1", "libonnxruntime.dylib"];

/// The number type of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// `f32`.
    Float,
    /// `i32`.
    Whole,
    /// Anything else, which no family takes.
    Other,
}

/// An input or output of a graph, as the file itself describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlet {
    /// Its name.
    pub name: String,
    /// Its shape; -1 where the file leaves it open.
    pub shape: Vec<i64>,
    /// Its numbers.
    pub numbers: Numbers,
}

impl Outlet {
    fn of(outlet: &ort::value::Outlet) -> Self {
        let (shape, numbers) = match outlet.dtype() {
            ValueType::Tensor { shape, ty, .. } => {
                let numbers = match ty {
                    TensorElementType::Float32 => Numbers::Float,
                    TensorElementType::Int32 => Numbers::Whole,
                    _ => Numbers::Other,
                };
                (shape.iter().copied().collect(), numbers)
            }
            _ => (Vec::new(), Numbers::Other),
        };
        Self { name: outlet.name().to_owned(), shape, numbers }
    }
}

/// The embedded models.
fn embedded(file: &str) -> Option<&'static [u8]> {
    Some(match file {
        "face_mesh.onnx" => include_bytes!("../../models/face_mesh.onnx"),
        "face_detector_near.onnx" => include_bytes!("../../models/face_detector_near.onnx"),
        "face_detector_far.onnx" => include_bytes!("../../models/face_detector_far.onnx"),
        "pose_detector.onnx" => include_bytes!("../../models/pose_detector.onnx"),
        "pose_landmark_full.onnx" => include_bytes!("../../models/pose_landmark_full.onnx"),
        "pose_mask_full.onnx" => include_bytes!("../../models/pose_mask_full.onnx"),
        "pose_landmark_lite.onnx" => include_bytes!("../../models/pose_landmark_lite.onnx"),
        "pose_mask_lite.onnx" => include_bytes!("../../models/pose_mask_lite.onnx"),
        _ => return None,
    })
}

/// BLAKE3 hash of the embedded copy of a model, in hexadecimal; `None` when the model is not embedded.
#[must_use]
pub fn embedded_hash(entry: &Entry) -> Option<String> {
    embedded(&entry.file).map(|bytes| blake3::hash(bytes).to_hex().to_string())
}

/// The folder of the running program, links resolved.
fn program_folder() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    Some(program.canonicalize().unwrap_or(program).parent()?.to_path_buf())
}

/// Where a model file is searched for when it is not embedded, in order.
#[must_use]
pub fn model_places(file: &str) -> Vec<PathBuf> {
    let named = std::env::var_os("ORTHOSTAT_MODELS").map(PathBuf::from).filter(|folder| folder.is_absolute());
    [named, program_folder().map(|f| f.join("models")), data_folder().map(|f| f.join("models"))]
        .into_iter()
        .flatten()
        .map(|folder| folder.join(file))
        .collect()
}

/// Whether a model of the catalogue can be opened: embedded, or found as a file.
#[must_use]
pub fn is_installed(name: &str) -> bool {
    entry(name).is_ok_and(|entry| {
        embedded_hash(entry).is_some() || model_places(&entry.file).into_iter().any(|path| path.is_file())
    })
}

/// Where ONNX Runtime's library was found, or every place that was tried.
///
/// # Errors
/// [`Error::Runtime`] with the places.
pub fn library_path() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty()) {
        let path = PathBuf::from(named);
        if !path.is_absolute() {
            let reason = format!("ORT_DYLIB_PATH must be an absolute path, and it is \"{}\"", path.display());
            return Err(Error::Runtime { reason });
        }
        if !path.is_file() {
            let reason = format!("ORT_DYLIB_PATH names {}, and there is no such file", path.display());
            return Err(Error::Runtime { reason });
        }
        return Ok(path);
    }
    let folders: Vec<PathBuf> = [program_folder(), data_folder()].into_iter().flatten().collect();
    folders
        .iter()
        .flat_map(|folder| LIBRARY_NAMES.map(|name| folder.join(name)))
        .find(|path| path.is_file())
        .ok_or_else(|| Error::Runtime {
            reason: format!(
                "no shared library found; ORT_DYLIB_PATH is not set, and none of {} is in {}",
                LIBRARY_NAMES.join(", "),
                folders.iter().map(|f| f.display().to_string()).collect::<Vec<_>>().join(" or ")
            ),
        })
}

/// The one ONNX Runtime environment of this process, loaded on first use.
fn environment() -> Result<Environment> {
    static LOADED: Mutex<Option<Environment>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = loaded.as_ref() {
        return Ok(environment.clone());
    }
    let path = library_path()?;
    library::without_telemetry(&path)?;
    let broken = |cause: &dyn std::fmt::Display| Error::Runtime {
        reason: format!(
            "{} cannot be used, expected version 1.{} or newer: {cause}",
            path.display(),
            ort::MINOR_VERSION
        ),
    };
    let environment = ort::init_from(&path)
        .map_err(|error| broken(&error))?
        .with_name("orthostat")
        // A build with telemetry was refused above: for such a build this comes too late.
        .with_telemetry(false)
        .build()
        .map_err(|error| broken(&error))?;
    environment.set_log_level(ort::logging::LogLevel::Error);
    *loaded = Some(environment.clone());
    Ok(environment)
}

/// ONNX Runtime's description of its own build, one line.
///
/// # Errors
/// When it cannot be loaded.
pub fn runtime_version() -> Result<String> {
    environment()?;
    Ok(ort::info().to_owned())
}

/// A model file and its BLAKE3 hash in hexadecimal.
fn read(path: &Path) -> Result<(Vec<u8>, String)> {
    let bytes = std::fs::read(path).map_err(|error| Error::Model {
        model: path.display().to_string(),
        reason: "cannot be read".into(),
        source: Some(Box::new(error)),
    })?;
    let hash = blake3::hash(&bytes).to_hex().to_string();
    Ok((bytes, hash))
}

/// Opens a graph.
fn session(name: &str, bytes: &[u8], threads: usize) -> Result<Session> {
    let environment = environment()?;
    let build = || -> ort::Result<Session> {
        let mut builder = Session::builder(&environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(threads)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            // Without its arena each run allocates its memory from the system again, which can cost a fifth of the time of a batch.
            .with_execution_providers([ort::ep::CPU::default().with_arena_allocator(true).build()])?;
        builder.commit_from_memory(bytes)
    };
    build().map_err(|error| Error::Model {
        model: name.into(),
        reason: "ONNX Runtime does not open it".into(),
        source: Some(Box::new(error)),
    })
}

/// A graph, opened and checked against its entry.
#[derive(Debug)]
pub struct Model {
    name: String,
    hash: String,
    session: Session,
}

impl Model {
    /// Opens a model listed in `models.json`, embedded or from a model folder.
    ///
    /// # Errors
    /// [`Error::Runtime`] without ONNX Runtime, [`Error::Model`] when the file is missing or not what the entry says.
    pub fn open(entry: &Entry, threads: usize) -> Result<Self> {
        if let Some(bytes) = embedded(&entry.file) {
            return Self::from_bytes(entry, &entry.name, bytes, entry.blake3.clone(), threads);
        }
        let places = model_places(&entry.file);
        let path = places.iter().find(|path| path.is_file()).ok_or_else(|| Error::Model {
            model: entry.name.clone(),
            reason: format!(
                "not part of the program, and {} is not in {}",
                entry.file,
                places
                    .iter()
                    .filter_map(|p| p.parent())
                    .map(|p| p.display().to_string())
                    .collect::<Vec<_>>()
                    .join(" or ")
            ),
            source: None,
        })?;
        // The hash is checked before ONNX Runtime parses the file.
        let (bytes, hash) = read(path)?;
        if hash != entry.blake3 {
            return Err(Error::Model {
                model: path.display().to_string(),
                reason: format!("damaged or changed: expected BLAKE3 {}, found {hash}", entry.blake3),
                source: None,
            });
        }
        Self::from_bytes(entry, &path.display().to_string(), &bytes, hash, threads)
    }

    /// Opens a file that should have the inputs and outputs of an entry, whatever its weights.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn open_file(entry: &Entry, path: &Path, threads: usize) -> Result<Self> {
        let (bytes, hash) = read(path)?;
        Self::from_bytes(entry, &path.display().to_string(), &bytes, hash, threads)
    }

    /// Opens a file about which nothing is known.
    ///
    /// # Errors
    /// [`Error::Runtime`] without ONNX Runtime, [`Error::Model`] when the file cannot be read or is no model.
    pub fn open_unlisted(path: &Path, threads: usize) -> Result<Self> {
        let (bytes, hash) = read(path)?;
        let name = path.display().to_string();
        Ok(Self { session: session(&name, &bytes, threads)?, name, hash })
    }

    /// The inputs.
    #[must_use]
    pub fn inputs(&self) -> Vec<Outlet> {
        self.session.inputs().iter().map(Outlet::of).collect()
    }

    /// The outputs.
    #[must_use]
    pub fn outputs(&self) -> Vec<Outlet> {
        self.session.outputs().iter().map(Outlet::of).collect()
    }

    fn from_bytes(entry: &Entry, name: &str, bytes: &[u8], hash: String, threads: usize) -> Result<Self> {
        let model = Self { name: name.into(), hash, session: session(name, bytes, threads)? };
        model.check(entry)?;
        Ok(model)
    }

    /// Compares every tensor of the graph with the entry; a mismatch is an error.
    fn check(&self, entry: &Entry) -> Result<()> {
        let wrong = |reason: String| Error::Model { model: self.name.clone(), reason, source: None };
        let shape_of = |dtype: &ValueType| match dtype {
            ValueType::Tensor { shape, .. } => shape.iter().copied().collect::<Vec<i64>>(),
            _ => Vec::new(),
        };
        let inputs: Vec<&TensorForm> = entry.input.iter().chain(&entry.inputs).collect();
        let outputs: Vec<&TensorForm> = entry.outputs.iter().collect();
        let sides = [(self.session.inputs(), inputs, "input"), (self.session.outputs(), outputs, "output")];
        for (found, expected, side) in sides {
            for form in expected {
                let Some(tensor) = found.iter().find(|outlet| outlet.name() == form.name) else {
                    let names: Vec<&str> = found.iter().map(|outlet| outlet.name()).collect();
                    return Err(wrong(format!("expected an {side} {}, found {}", form.name, names.join(", "))));
                };
                let shape = shape_of(tensor.dtype());
                if shape != form.shape {
                    return Err(wrong(format!(
                        "expected {side} {} of shape {:?}, found {shape:?}",
                        form.name, form.shape
                    )));
                }
            }
        }
        Ok(())
    }

    /// The model's name or file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// BLAKE3 hash of the model file, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Runs the graph on a picture tensor.
    ///
    /// # Errors
    /// [`Error::Model`] with what ONNX Runtime says.
    pub fn run<T: PrimitiveTensorElementType + Debug + Clone + 'static>(
        &mut self,
        input: ArrayView4<'_, T>,
    ) -> Result<Outputs<'_>> {
        let failed = |name: &str, error: ort::Error| Error::Model {
            model: name.to_owned(),
            reason: "the run failed".into(),
            source: Some(Box::new(error)),
        };
        let tensor = TensorRef::from_array_view(input).map_err(|error| failed(&self.name, error))?;
        let values = self.session.run(ort::inputs![tensor]).map_err(|error| failed(&self.name, error))?;
        Ok(Outputs { name: &self.name, values })
    }

    /// Runs the graph on outputs of another, taken by name.
    ///
    /// # Errors
    /// [`Error::Model`] when one is missing, or with what ONNX Runtime says.
    pub fn run_on(&mut self, outputs: &Outputs<'_>) -> Result<Outputs<'_>> {
        let failed = |name: &str, reason: String, source: Option<ort::Error>| Error::Model {
            model: name.to_owned(),
            reason,
            source: source.map(|error| Box::new(error) as _),
        };
        let mut inputs: Vec<(String, SessionInputValue<'_>)> = Vec::new();
        for input in self.session.inputs() {
            let value = outputs.values.get(input.name()).ok_or_else(|| {
                failed(&self.name, format!("expects {}, which {} does not give", input.name(), outputs.name), None)
            })?;
            inputs.push((input.name().to_owned(), SessionInputValue::from(value)));
        }
        let values =
            self.session.run(inputs).map_err(|error| failed(&self.name, "the run failed".into(), Some(error)))?;
        Ok(Outputs { name: &self.name, values })
    }
}

/// The outputs of a run: named tensors, borrowed from the model.
#[derive(Debug)]
pub struct Outputs<'m> {
    name: &'m str,
    values: SessionOutputs<'m>,
}

impl Outputs<'_> {
    /// The model's name or file.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name
    }

    /// A tensor by its name, in its own shape.
    ///
    /// # Errors
    /// [`Error::Model`] when there is none, or its numbers are not `f32`.
    pub fn whole(&self, name: &str) -> Result<ArrayViewD<'_, f32>> {
        let wrong = |reason: String, source: Option<ort::Error>| Error::Model {
            model: self.name.to_owned(),
            reason,
            source: source.map(|error| Box::new(error) as _),
        };
        let value = self.values.get(name).ok_or_else(|| wrong(format!("no output {name}"), None))?;
        value.try_extract_array::<f32>().map_err(|error| wrong(format!("output {name} is not f32"), Some(error)))
    }

    /// A tensor by its name, in the requested shape.
    ///
    /// # Errors
    /// [`Error::Model`] when there is none, or its numbers are not `f32` or not as many.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<ArrayViewD<'_, f32>> {
        let wrong = |reason: String, source: Option<ort::Error>| Error::Model {
            model: self.name.to_owned(),
            reason,
            source: source.map(|error| Box::new(error) as _),
        };
        let value = self.values.get(name).ok_or_else(|| wrong(format!("no output {name}"), None))?;
        let (found, numbers) = value
            .try_extract_tensor::<f32>()
            .map_err(|error| wrong(format!("output {name} is not f32"), Some(error)))?;
        ArrayViewD::from_shape(IxDyn(shape), numbers)
            .map_err(|_| wrong(format!("output {name}: expected shape {shape:?}, found {found:?}"), None))
    }
}
