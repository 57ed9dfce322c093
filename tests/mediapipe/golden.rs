//! MediaPipe's landmarks in photos, and their distance from one reading of this program. Shared by the test and the example.

use std::path::{Path, PathBuf};

use orthostat::core::body::pose::Pose;
use orthostat::core::body::skeleton::{Joint, Pair};
use orthostat::core::body::view::View;
use orthostat::core::error::Error;
use orthostat::core::geometry::{Point, Vec2};
use orthostat::core::measure::frontal::{tilt, trunk_length};
use orthostat::vision::estimate::blazepose::BlazePose;
use orthostat::vision::estimate::model_options::ModelOptions;
use orthostat::vision::estimate::{Estimator, Look};
use orthostat::vision::photo::{Photo, ReadOptions};
use orthostat::vision::raster::crop::Pyramid;
use orthostat::vision::raster::region::Region;
use orthostat::vision::raster::region::Sampling;
use serde::Deserialize;

/// Any error, in words.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The pairs of joints that are compared: limbs and trunk.
pub(crate) const PAIRS: [Pair; 6] =
    [Pair::SHOULDERS, Pair::ELBOWS, Pair::WRISTS, Pair::HIPS, Pair::KNEES, Pair::ANKLES];

/// The file written by `make_golden.py`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Golden {
    /// MediaPipe's version.
    pub(crate) mediapipe: String,
    /// Whether every photo was processed independently.
    pub(crate) static_image_mode: bool,
    /// 1 means the full landmark model.
    pub(crate) model_complexity: u8,
    /// By file name.
    pub(crate) photos: Vec<Entry>,
}

/// MediaPipe's result for one photo.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// The file's name in its folder.
    pub(crate) file: String,
    /// BLAKE3 of the file's bytes, in hexadecimal.
    pub(crate) blake3: String,
    /// Width of the upright photo, in pixels.
    pub(crate) width: u32,
    /// Its height, in pixels.
    pub(crate) height: u32,
    /// MediaPipe's landmarks for the file as decoded by libjpeg-turbo.
    pub(crate) landmarks: Seen,
    /// BLAKE3 of the upright RGB pixels as decoded by this program, in hexadecimal.
    pub(crate) pixels_blake3: String,
    /// MediaPipe's landmarks for those pixels.
    pub(crate) same_pixels: Seen,
}

/// x and y in pixels of the upright photo, and visibility, in the order of [`Joint::ALL`]; empty when no person was found.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Seen(pub(crate) Vec<[f64; 3]>);

/// The difference between this program's reading of one photo and MediaPipe's.
#[derive(Debug)]
pub(crate) struct Difference {
    /// Per joint of [`PAIRS`], in percent of the trunk length by MediaPipe.
    pub(crate) joints: Vec<f64>,
    /// Shoulder tilt and hip tilt, ours minus MediaPipe's, in degrees; `None` in side views, where one joint hides the other and their
    /// line has no reliable direction.
    pub(crate) tilts: Option<[f64; 2]>,
}

impl Golden {
    /// Reads a golden file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?)
    }
}

impl Entry {
    /// The photo itself, if it is still the one that MediaPipe processed.
    pub(crate) fn photo(&self, folder: &Path) -> Result<Photo> {
        let path: PathBuf = folder.join(&self.file);
        let photo = Photo::open(&path, &ReadOptions::default())?;
        if photo.source.blake3.as_ref().is_none_or(|hash| hash.as_str() != self.blake3) {
            return Err(format!("{} has changed: run make_golden.py again", path.display()).into());
        }
        if photo.pixels.dimensions() != (self.width, self.height) {
            let (found, expected) = (photo.pixels.dimensions(), (self.width, self.height));
            return Err(format!("{}: expected {expected:?} upright pixels, found {found:?}", path.display()).into());
        }
        if blake3::hash(photo.pixels.as_raw()).to_hex().as_str() != self.pixels_blake3 {
            return Err(format!("{} is decoded differently now: run make_golden.py again", path.display()).into());
        }
        Ok(photo)
    }
}

impl Seen {
    /// The joints; `None` when no person was found.
    pub(crate) fn pose(&self) -> Option<Pose> {
        let places = self.0.iter().map(|&[x, y, _]| Point::new(x, y));
        (!self.0.is_empty()).then(|| Pose::from_points(Joint::ALL.into_iter().zip(places)))
    }
}

/// Compares a reading of this program with MediaPipe's.
pub(crate) fn compare(ours: &Pose, theirs: &Pose) -> Result<Difference> {
    // Neither kind of refusal is an error type: both are reasons in words.
    let trunk = trunk_length(theirs).map_err(|refusal| refusal.to_string())?;
    let mut joints = Vec::new();
    for joint in PAIRS.into_iter().flat_map(|pair| [pair.left, pair.right]) {
        let place = |pose: &Pose| pose.point(joint).map_err(|missing| missing.to_string());
        joints.push(100.0 * place(ours)?.distance(place(theirs)?) / trunk);
    }
    let turned = |pair| {
        let tilt = |pose| tilt(pose, pair).map_err(|refusal| refusal.to_string());
        Ok::<f64, String>(tilt(ours)? - tilt(theirs)?)
    };
    let view = View::of(theirs, None).map_err(|refusal| refusal.to_string())?;
    let tilts = match view.facing() {
        Some(_) => Some([turned(Pair::SHOULDERS)?, turned(Pair::HIPS)?]),
        None => None,
    };
    Ok(Difference { joints, tilts })
}

/// Opens the models that MediaPipe uses at complexity 1, with its way of reading pixels.
pub(crate) fn open() -> std::result::Result<BlazePose, Error> {
    BlazePose::open(&ModelOptions { sampling: Sampling::Bilinear, ..ModelOptions::default() })
}

/// One pass, as in MediaPipe: the detector's best person, and one reading. `None` when there is no person.
pub(crate) fn one_pass(model: &mut BlazePose, photo: &Photo) -> std::result::Result<Option<Pose>, Error> {
    let pyramid = Pyramid::new(&photo.pixels);
    // MediaPipe's places are pixel numbers; ours count from the picture's edge.
    let half = Vec2::new(0.5, 0.5);
    let whole = Region::whole(pyramid.size().0, pyramid.size().1);
    let theirs = Region { center: whole.center + half, ..whole };
    let Some(best) = model.detect(&pyramid, theirs, false)?.people.first().copied() else { return Ok(None) };
    let reading = model.read(&pyramid, best.region, Look::default())?;
    Ok(reading.map(|reading| reading.pose.map_points(|_, p| p + -half)))
}

/// The quantile of the numbers, interpolated between neighbours; NaN if there are none.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place within the list")]
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(last), place) = (sorted.len().checked_sub(1), share * sorted.len().saturating_sub(1) as f64) else {
        return f64::NAN;
    };
    let below = place.floor().clamp(0.0, last as f64);
    let (low, high) = (sorted[below as usize], sorted[(below as usize + 1).min(last)]);
    low + (high - low) * (place - below)
}
