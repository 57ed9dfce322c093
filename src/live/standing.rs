//! The standing check's record: three seconds of frames, treated like readings of one photo.

use std::path::{Path, PathBuf};

use orthostat::core::body::skeleton::Pair;
use orthostat::core::error::{Error, Result};
use orthostat::core::observation;
use orthostat::core::pipeline::measure;
use orthostat::core::record::{Provenance, Record, Source};
use orthostat::report::output::{self, Outputs};
use orthostat::vision::analysis::Surroundings;
use orthostat::vision::ensemble::{self, Readings, UPPER_SIDE, agrees, nudge};
use orthostat::vision::estimate::Look;
use orthostat::vision::raster::frame::Frame;
use orthostat::vision::raster::region::Region;
use orthostat::vision::track::Followed;

use super::follow::Follower;

/// Seconds between two readings of the upper body, which also give the outline.
const UPPER_EVERY: f64 = 0.5;
/// The number of nudges, which are then repeated from the beginning.
const NUDGES: usize = 12;

/// Readings of the frames in the measurement.
#[derive(Debug, Default)]
pub struct Standing {
    readings: Option<Readings>,
    taken: usize,
    uppers: usize,
    upper_at: Option<f64>,
    span: Option<[f64; 2]>,
    people: usize,
    around: Option<Surroundings>,
}

impl Standing {
    /// Reads a frame of the measurement.
    ///
    /// # Errors
    /// When a model cannot be run.
    pub fn take(&mut self, follower: &mut Follower, frame: &Frame<'_>, seconds: f64, person: &Followed) -> Result<()> {
        let readings = self.readings.get_or_insert_with(Readings::default);
        let mirrored = self.taken % 2 == 1;
        let nudge = nudge(self.taken / 2 % NUDGES);
        let nudge = if mirrored { nudge.mirrored() } else { nudge };
        let region = person.region.nudged(nudge.shift, nudge.scale, nudge.turn);
        let Some(reading) = follower.tracker.read(frame, region, Look { mirrored, mask: false })? else {
            return Ok(());
        };
        self.taken += 1;
        self.people = self.people.max(person.people);
        self.span = Some([self.span.map_or(seconds, |[first, _]| first), seconds]);
        let trunk = reading.pose.midpoint(Pair::SHOULDERS).and_then(|a| Ok((a, reading.pose.midpoint(Pair::HIPS)?)));
        readings.body.push(reading);
        if self.around.is_none() {
            self.around = Some(follower.surroundings(frame, std::slice::from_ref(readings)));
        }
        if let Ok((shoulders, hips)) = trunk
            && self.upper_at.is_none_or(|at| seconds - at >= UPPER_EVERY)
        {
            // A plain and a mirrored reading of the same frame, so that the outline favours no side.
            let side = UPPER_SIDE * shoulders.distance(hips);
            let region = Region { center: shoulders.midpoint(hips), side, rotation: 0.0 };
            for mirrored in [false, true] {
                let look = Look { mirrored, mask: true };
                readings.upper.extend(follower.tracker.read(frame, region, look)?);
            }
            self.upper_at = Some(seconds);
            self.uppers += 1;
        }
        Ok(())
    }

    /// The record of the readings.
    ///
    /// # Errors
    /// [`Error::NoPerson`] when nothing was, [`Error::Usage`] when the view is unclear.
    pub fn record(self, follower: &Follower, name: &Path, id: &str, size: (f64, f64)) -> Result<Record> {
        let nothing = || Error::NoPerson { path: name.into(), best_score: 0.0 };
        let mut readings = self.readings.filter(|readings| !readings.body.is_empty()).ok_or_else(nothing)?;
        if readings.body.len() % 2 == 1 {
            // As many mirrored ones as plain ones.
            readings.body.pop();
        }
        let agreed = ensemble::consensus(&readings.body.iter().map(|reading| reading.pose.clone()).collect::<Vec<_>>());
        if readings.upper.len() != 2 * self.uppers || !readings.upper.iter().all(|upper| agrees(&upper.pose, &agreed)) {
            readings.upper.clear();
        }
        let around = self.around.ok_or_else(nothing)?;
        let readings = [readings];
        let lasted = self.span.map_or(0.0, |[first, last]| last - first);
        // People sway slowly: about one independent sample per second.
        let frame =
            observation::Frame { independent: Some(lasted.max(1.0)), ..follower.frame(&readings, self.people.max(1)) };
        let analysis = measure(frame, follower.observation(&readings, &around), follower.options())?;
        let mut record = Record::of(Provenance::new(id, source_of(name, size)), &analysis);
        // Frames are not stored, so the record cannot be recomputed.
        record.observation = None;
        Ok(record)
    }
}

/// The source data in a record of frames: there is no file to hash.
#[must_use]
pub fn source_of(name: &Path, (width, height): (f64, f64)) -> Source {
    let file = name.file_name().map_or_else(|| name.display().to_string(), |file| file.to_string_lossy().into_owned());
    Source {
        file,
        blake3: None,
        width: width as u32,
        height: height as u32,
        orientation: 1,
        format: "frames".into(),
        region: None,
    }
}

/// Writes a record into a folder under the first unused id of this kind: `check-001`, `snapshot-001`.
///
/// # Errors
/// [`Error::Unwritable`].
pub fn save(folder: &Path, record: &Record) -> Result<PathBuf> {
    output::make_folder(folder)?;
    // Each under an unused name: nothing is ever replaced.
    let outputs = Outputs::files(false);
    let path = folder.join(format!("{}.json", record.id));
    outputs.write(&path, &output::json(record, &path)?, None)?;
    Ok(path)
}

/// The first unused id of a kind in a folder.
#[must_use]
pub fn free_id(folder: &Path, kind: &str) -> String {
    let id = |number: usize| format!("{kind}-{number:03}");
    (1..).map(id).find(|id| !folder.join(format!("{id}.json")).exists()).unwrap_or_else(|| id(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_never_used_twice() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(free_id(folder.path(), "check"), "check-001");
        std::fs::write(folder.path().join("check-001.json"), "{}").unwrap();
        assert_eq!(
            (free_id(folder.path(), "check"), free_id(folder.path(), "snapshot")),
            ("check-002".into(), "snapshot-001".into())
        );
    }

    #[test]
    fn a_source_is_named_without_its_folders() {
        assert_eq!(source_of("a/b/walk.avi".as_ref(), (4.0, 3.0)).file, "walk.avi");
        assert_eq!(source_of("camera 0".as_ref(), (4.0, 3.0)).file, "camera 0");
    }
}
