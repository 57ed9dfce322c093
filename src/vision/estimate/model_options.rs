//! Which pose model to open, of any family.

use crate::vision::raster::region::Sampling;

/// The landmark model that is used unless another is named.
pub const DEFAULT_MODEL: &str = "blazepose-full";

/// The part that a model has in a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// Its joints are measured.
    #[default]
    First,
    /// Its joints are a second opinion on those of the other models.
    Second,
    /// The same in views from the side alone. The model is opened on the first of them.
    SecondFromTheSide,
}

/// Which model to open, and how to run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelOptions {
    /// A name from `models.json`, or a path of an ONNX file with the same inputs and outputs.
    /// Default: [`DEFAULT_MODEL`].
    pub model: String,
    /// How photo pixels become tensor pixels. Default: averaged down.
    pub sampling: Sampling,
    /// Threads within one run. Default: 1.
    pub threads: usize,
    /// Its part in a measurement. Default: its joints are measured.
    pub part: Part,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self { model: DEFAULT_MODEL.into(), sampling: Sampling::Averaged, threads: 1, part: Part::First }
    }
}
