//! Whether an observation from elsewhere fits together.

use super::Observation;
use crate::core::body::skeleton::Joint;
use crate::core::body::spine::Vertebra;
use crate::core::face::Face;

/// The largest valid coordinate in a picture, in pixels.
const MOST_PX: f64 = 1e6;

impl Observation {
    /// Why an observation from elsewhere is inconsistent, in words; `None` for one made here.
    #[must_use]
    pub fn misfit(&self) -> Option<String> {
        if let Some(name) = self.joints.keys().find(|name| Joint::from_name(name).is_none()) {
            return Some(format!("an unknown joint \"{name}\""));
        }
        let sane = |value: f64| value.abs() < MOST_PX;
        if !self
            .joints
            .values()
            .all(|&(x, y, visibility, sd)| [x, y, visibility, sd.unwrap_or(0.0)].into_iter().all(sane))
        {
            return Some("a joint far outside any picture".into());
        }
        let others = self.second.iter().flat_map(|second| &second.joints);
        if let Some((name, _)) = others.clone().find(|(name, _)| Joint::from_name(name).is_none()) {
            return Some(format!("an unknown joint \"{name}\" of the second model"));
        }
        if !others.clone().all(|(_, &(x, y, visibility))| [x, y, visibility].into_iter().all(sane)) {
            return Some("a joint of the second model far outside any picture".into());
        }
        let levels = self.spine.iter().flatten();
        if let Some((name, _)) = levels.clone().find(|(name, _)| Vertebra::from_name(name).is_none()) {
            return Some(format!("an unknown level \"{name}\" of the spine"));
        }
        if !levels
            .clone()
            .all(|(_, &(x, y, visibility, sd))| [x, y, visibility, sd.unwrap_or(0.0)].into_iter().all(sane))
        {
            return Some("a level of the spine far outside any picture".into());
        }
        let numbers = 2 * self.joints.len();
        if let Some(reading) = self.readings.iter().find(|reading| reading.len() != numbers) {
            return Some(format!("a reading of {} numbers where {numbers} are needed", reading.len()));
        }
        if let Some(Face { at, across, down, looks, .. }) = &self.face {
            let numbers = [at.0, at.1, across.0, across.1, across.2, down.0, down.1, down.2];
            if !numbers.into_iter().chain(looks.iter().copied()).all(sane) {
                return Some("a face far outside any picture".into());
            }
        }
        if !self.print.iter().flatten().all(|&(x, y)| sane(x) && sane(y)) {
            return Some("a print far outside any picture".into());
        }
        let far = |value: &i64| value.unsigned_abs() > 1000 * MOST_PX as u64;
        if self.readings.iter().flatten().flatten().any(far) {
            return Some("a reading far outside any picture".into());
        }
        self.outline.as_ref().filter(|trace| trace.left.len() != trace.right.len()).map(|trace| {
            format!("an outline of {} rows on the left and {} on the right", trace.left.len(), trace.right.len())
        })
    }
}
