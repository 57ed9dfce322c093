//! Reads the face of the measured person with a mesh of 468 points: tilt and turn of the head.
//!
//! The head points of the pose locate the face. A first reading finds the face's box; then a few nudged crops are read plainly and
//! mirrored, as for the body.

pub mod decode;

use decode::{Mesh, POINTS, SIZE};
use ndarray::Ix1;

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::Pair;
use crate::core::error::Result;
use crate::core::face::{Axes, Face};
use crate::core::geometry::Vec2;
use crate::vision::catalogue::entry;
use crate::vision::ensemble::Nudge;
use crate::vision::estimate::anchors::logistic;
use crate::vision::model::Model;
use crate::vision::raster::crop::Pyramid;
use crate::vision::raster::region::{Border, CropForm, Region, Sampling};

/// The crop's side in the face's box, as the model was trained (MediaPipe's `face_landmark_front` graph).
const CROP_OF_BOX: f64 = 1.5;
/// The box's side, from the eyes' distance to the mouth.
const BOX_OF_FACE: f64 = 2.6;
/// The box's side, from the distance of the ears.
const BOX_OF_EARS: f64 = 1.125;
/// Faces smaller than this are not read, in photo pixels across the box.
const SMALLEST: f64 = 16.0;

/// Nudges of the crop, each read plainly and mirrored.
const NUDGES: [Nudge; 3] = [
    Nudge { shift: Vec2 { x: 0.0, y: 0.0 }, scale: 1.0, turn: 0.0 },
    Nudge { shift: Vec2 { x: 0.03, y: -0.02 }, scale: 1.06, turn: 0.0 },
    Nudge { shift: Vec2 { x: -0.03, y: 0.02 }, scale: 0.95, turn: 0.0 },
];

/// The model, opened.
#[derive(Debug)]
pub struct FaceMesh {
    model: Model,
}

impl FaceMesh {
    /// Opens the model with one thread.
    ///
    /// # Errors
    /// [`crate::core::error::Error::Runtime`] or [`crate::core::error::Error::Model`].
    pub fn open() -> Result<Self> {
        Ok(Self { model: Model::open(entry("face-mesh")?, 1)? })
    }

    /// The face of a person seen from the front; `None` where the pose shows none.
    ///
    /// # Errors
    /// When the model cannot be run.
    pub fn read(&mut self, photo: &Pyramid<'_>, pose: &Pose) -> Result<Option<Face>> {
        let Some(region) = region_of(pose) else { return Ok(None) };
        // One reading is not exactly symmetric, so whichever of the photo and its mirror image is `handed` is read.
        let (first, _) = self.look(photo, region, !photo.is_handed())?;
        let (center, side) = first.bounds();
        if side < SMALLEST {
            return Ok(None);
        }
        let base = Region { center, side: CROP_OF_BOX * side, rotation: first.turn() };
        let mut looks = Vec::with_capacity(2 * NUDGES.len());
        for nudge in NUDGES {
            for (nudge, mirrored) in [(nudge, false), (nudge.mirrored(), true)] {
                let (mesh, score) = self.look(photo, nudge.of(base), mirrored)?;
                looks.push(Axes { at: mesh.middle(), across: mesh.left(), down: mesh.down(), score });
            }
        }
        Ok(Face::of(&looks))
    }

    fn look(&mut self, photo: &Pyramid<'_>, region: Region, mirrored: bool) -> Result<(Mesh, f64)> {
        let form = CropForm { size: SIZE, black: 0.0, white: 1.0, border: Border::Black, sampling: Sampling::Averaged };
        let crop = if mirrored { photo.crop_mirrored(region, &form) } else { photo.crop(region, &form) };
        let outputs = self.model.run(crop.tensor.view())?;
        let points = outputs.tensor("points", &[3 * POINTS])?;
        let score = outputs.tensor("face", &[1])?;
        let flat = |name: &str| crate::core::error::Error::Model {
            model: "face-mesh".into(),
            reason: format!("the output {name} is no row of numbers"),
            source: None,
        };
        let points = points.into_dimensionality::<Ix1>().map_err(|_| flat("points"))?;
        let score = score.into_dimensionality::<Ix1>().map_err(|_| flat("face"))?;
        Ok((Mesh::decode(points, &crop.to_photo), logistic(score[0])))
    }
}

/// The region of the face by the pose.
fn region_of(pose: &Pose) -> Option<Region> {
    let eyes = pose.midpoint(Pair::EYES).ok()?;
    let mouth = pose.midpoint(Pair::MOUTH).ok()?;
    let line = pose.point(Pair::EYES.left).ok()? - pose.point(Pair::EYES.right).ok()?;
    let ears = pose.point(Pair::EARS.left).ok()?.distance(pose.point(Pair::EARS.right).ok()?);
    // A head seen from behind has its left eye on the left.
    if line.x <= 0.0 {
        return None;
    }
    let side = CROP_OF_BOX * (BOX_OF_FACE * eyes.distance(mouth)).max(BOX_OF_EARS * ears);
    Some(Region { center: eyes.midpoint(mouth), side, rotation: line.y.atan2(line.x) })
}
