//! How a photo is read: by which models, and how often.

use crate::core::options::DEFAULT_READINGS;
use crate::vision::ensemble::{BEST_READINGS, FAST_READINGS, PAIRED_READINGS};
use crate::vision::estimate::model_options::{DEFAULT_MODEL, ModelOptions, Part};
use crate::vision::model::is_installed;

/// The model beside the full one.
const HEAVY: &str = "blazepose-heavy";
/// The second opinion.
pub const THUNDER: &str = "movenet-thunder";

closed_set! {
    /// What counts more, time or accuracy; `docs/options.md` has those of each.
    Quality {
        /// 2 readings of the full model.
        Fast = "fast",
        /// 2 readings each of the full and of the heavy model, and from the side 2 of MoveNet Thunder as a second opinion; 8 of the full
        /// model alone where the heavy one is not installed.
        Standard = "standard",
        /// 12 readings each of the full and of the heavy model, which must be installed, and 4 of MoveNet Thunder where it is.
        Best = "best",
    }
}

impl Quality {
    /// The quality of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Fast, Self::Standard, Self::Best].into_iter().find(|quality| quality.name() == name)
    }

    /// The models to open.
    #[must_use]
    pub fn models(self) -> Vec<ModelOptions> {
        let model = |name: &str, part: Part| ModelOptions { model: name.into(), part, ..ModelOptions::default() };
        let mut models = vec![model(DEFAULT_MODEL, Part::First)];
        let part = match self {
            Self::Standard if is_installed(HEAVY) => Part::SecondFromTheSide,
            Self::Best => Part::Second,
            Self::Fast | Self::Standard => return models,
        };
        models.push(model(HEAVY, Part::First));
        models.extend(is_installed(THUNDER).then(|| model(THUNDER, part)));
        models
    }

    /// Readings of the whole body by each of the first models.
    #[must_use]
    pub fn readings(self) -> usize {
        match self {
            Self::Fast => FAST_READINGS,
            Self::Standard if is_installed(HEAVY) => PAIRED_READINGS,
            Self::Standard => DEFAULT_READINGS,
            Self::Best => BEST_READINGS,
        }
    }
}
