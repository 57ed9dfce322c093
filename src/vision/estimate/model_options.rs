//! Which pose model to open, of any family.

use crate::vision::raster::region::Sampling;

/// The landmark model that is used unless another is named.
pub const DEFAULT_MODEL: &str = "blazepose-full";

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
    /// Its joints are a second opinion on those of the other models. Default: no.
    pub second: bool,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self { model: DEFAULT_MODEL.into(), sampling: Sampling::Averaged, threads: 1, second: false }
    }
}
