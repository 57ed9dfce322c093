//! BlazePose (the MediaPipe pose pipeline in its legacy form): a detector over the whole photo, then landmarks in a crop.

pub mod detector;
pub mod landmarks;

use std::path::Path;

use ndarray::{Ix1, Ix2, Ix3};

use crate::core::body::pose::{Keypoint, Pose};
use crate::core::error::{Error, Result};
use crate::core::geometry::Point;
use crate::core::silhouette::Mask;
use crate::vision::catalogue::{Entry, Role, catalogue, entry};
use crate::vision::estimate::model_options::{DEFAULT_MODEL, ModelOptions};
use crate::vision::estimate::{Crowd, Estimator, Look, Person, Reading};
use crate::vision::model::{Model, Outputs};
use crate::vision::raster::crop::{Crop, Pyramid};
use crate::vision::raster::region::Border;
use crate::vision::raster::region::CropForm;
use crate::vision::raster::region::Region;

/// Two detections whose hips are nearer than this share of the smaller region are one person.
const SAME_PERSON: f64 = 0.15;

/// The detector and one size of landmark model. Each graph is opened on first use, or by [`BlazePose::open`].
#[derive(Debug)]
pub struct BlazePose {
    landmark_entry: &'static Entry,
    /// `None` for a model from a file, which has no mask graph.
    mask_entry: Option<&'static Entry>,
    /// The landmark model is a file of the user's.
    as_file: bool,
    hash: String,
    detector: Option<Model>,
    landmarks: Option<Model>,
    mask: Option<Model>,
    options: ModelOptions,
}

impl BlazePose {
    /// Opens the detector and the landmark model.
    ///
    /// # Errors
    /// [`Error::Runtime`] or [`Error::Model`].
    pub fn open(options: &ModelOptions) -> Result<Self> {
        let mut opened = Self::deferred(options)?;
        opened.open_detector()?;
        opened.open_landmarks()?;
        Ok(opened)
    }

    /// The same, opening each model on first use: for workers that start later.
    ///
    /// # Errors
    /// [`Error::Model`] when there is no such model.
    pub fn deferred(options: &ModelOptions) -> Result<Self> {
        let as_file = options.model.contains(['/', '\\']) || options.model.ends_with(".onnx");
        let (landmark_entry, mask_entry) = if as_file {
            // A catalogued file name has its own form and mask; any other file must have the default model's form.
            let name = Path::new(&options.model).file_name().and_then(|name| name.to_str());
            let ours = catalogue()?.iter().find(|e| e.role == Role::Landmarks && Some(e.file.as_str()) == name);
            let mask = ours.and_then(|e| entry(&format!("{}-mask", e.name)).ok());
            (ours.map_or_else(|| entry(DEFAULT_MODEL), Ok)?, mask)
        } else {
            let chosen = entry(&options.model)?;
            if chosen.role != Role::Landmarks {
                return Err(Error::Model {
                    model: options.model.clone(),
                    reason: format!("expected a landmark model, and this is a {}", chosen.role),
                    source: None,
                });
            }
            (chosen, entry(&format!("{}-mask", options.model)).ok())
        };
        Ok(Self {
            landmark_entry,
            mask_entry,
            as_file,
            hash: landmark_entry.blake3.clone(),
            detector: None,
            landmarks: None,
            mask: None,
            options: options.clone(),
        })
    }

    fn open_detector(&mut self) -> Result<&mut Model> {
        let opened = match self.detector.take() {
            Some(model) => model,
            None => Model::open(entry("blazepose-detector")?, self.options.threads)?,
        };
        Ok(self.detector.insert(opened))
    }

    fn open_landmarks(&mut self) -> Result<&mut Model> {
        let opened = match self.landmarks.take() {
            Some(model) => model,
            None if self.as_file => {
                Model::open_file(self.landmark_entry, Path::new(&self.options.model), self.options.threads)?
            }
            None => Model::open(self.landmark_entry, self.options.threads)?,
        };
        self.hash = opened.hash().to_owned();
        Ok(self.landmarks.insert(opened))
    }

    /// Opens the mask graph, if the model has one.
    fn open_mask(&mut self) -> Result<()> {
        if let (None, Some(entry)) = (&self.mask, self.mask_entry) {
            self.mask = Some(Model::open(entry, self.options.threads)?);
        }
        Ok(())
    }

    /// The form of a crop for the detector.
    #[must_use]
    pub fn detector_form(&self) -> CropForm {
        CropForm {
            size: detector::SIZE,
            black: -1.0,
            white: 1.0,
            border: Border::Black,
            sampling: self.options.sampling,
        }
    }

    /// The form of a crop for the landmark model.
    #[must_use]
    pub fn landmark_form(&self) -> CropForm {
        CropForm {
            size: landmarks::SIZE,
            black: 0.0,
            white: 1.0,
            border: Border::Replicate,
            sampling: self.options.sampling,
        }
    }

    /// Finds the people in a crop of the form [`BlazePose::detector_form`], whatever its source.
    ///
    /// # Errors
    /// When the model cannot be run.
    pub fn locate_in(&mut self, crop: &Crop) -> Result<Crowd> {
        let outputs = self.open_detector()?.run(crop.tensor.view())?;
        let regressors = outputs.tensor("regressors", &[detector::CANDIDATES, detector::NUMBERS])?;
        let scores = outputs.tensor("scores", &[detector::CANDIDATES])?;
        let (regressors, scores) = (fixed::<Ix2>(regressors)?, fixed::<Ix1>(scores)?);
        let best_score = detector::best_score(scores);
        let size = detector::SIZE as f64;
        let place = |p: Point| crop.to_photo.apply(Point::new(p.x * size, p.y * size));
        let mut people: Vec<Person> = Vec::new();
        for found in detector::blend(detector::decode(regressors, scores)) {
            let region = detector::region(place(found.points[0]), place(found.points[1]));
            let twice = |other: &Person| {
                other.region.center.distance(region.center) < SAME_PERSON * other.region.side.min(region.side)
            };
            if region.side > 1.0 && !people.iter().any(twice) {
                people.push(Person { region, score: found.score });
            }
        }
        Ok(Crowd { people, best_score })
    }

    /// Reads the joints in a crop of the form [`BlazePose::landmark_form`], whatever its source; `rotation` is that of its region. `None`
    /// when the model finds no person there.
    ///
    /// # Errors
    /// When the model cannot be run.
    pub fn read_in(&mut self, crop: &Crop, rotation: f64, look: Look) -> Result<Option<Reading>> {
        self.open_landmarks()?;
        if look.mask {
            self.open_mask()?;
        }
        let Some(model) = self.landmarks.as_mut() else { return Ok(None) };
        let outputs = model.run(crop.tensor.view())?;
        let flag = fixed::<Ix1>(outputs.tensor("flag", &[1])?)?[0];
        let confidence = f64::from(flag);
        if confidence.is_nan() || confidence <= landmarks::MIN_FLAG {
            return Ok(None);
        }
        let raw = fixed::<Ix1>(outputs.tensor("landmarks", &[landmarks::POINTS * landmarks::NUMBERS])?)?;
        let mut points = landmarks::decode(raw);
        let heatmap = outputs.tensor("heatmap", &[landmarks::CELLS, landmarks::CELLS, landmarks::POINTS])?;
        landmarks::refine(&mut points, fixed::<Ix3>(heatmap)?);
        let world = outputs.tensor("world", &[landmarks::POINTS * 3])?;
        // In the mirrored photo, a mirrored crop is turned in the opposite direction.
        let rotation = if look.mirrored { -rotation } else { rotation };
        let world = landmarks::decode_world(fixed::<Ix1>(world)?, rotation);
        let mask = match (&mut self.mask, look.mask) {
            (Some(model), true) => Some(mask_of(model, &outputs, crop)?),
            _ => None,
        };
        let place = |point: usize| crop.to_photo.apply(points[point].at);
        let pose = Pose::from_joints(|joint| {
            let seen_as = if look.mirrored { joint.mirror() } else { joint };
            let point = &points[seen_as.index()];
            Ok(Keypoint { at: place(seen_as.index()), visibility: point.visibility, sd_px: None, by_hand: false })
        });
        let world = if look.mirrored { world.mirrored() } else { world };
        let next = detector::region(place(landmarks::HIPS), place(landmarks::SCALE));
        Ok(Some(Reading { pose, world: Some(world), next, mask, spine: None }))
    }
}

impl Estimator for BlazePose {
    fn name(&self) -> &str {
        &self.options.model
    }

    fn hash(&self) -> &str {
        &self.hash
    }

    fn gives_masks(&self) -> bool {
        self.mask_entry.is_some()
    }

    fn prepare(&mut self) -> Result<()> {
        self.open_landmarks().map(|_| ())
    }

    fn detect(&mut self, photo: &Pyramid<'_>, square: Region, mirrored: bool) -> Result<Crowd> {
        let form = self.detector_form();
        let crop = if mirrored { photo.crop_mirrored(square, &form) } else { photo.crop(square, &form) };
        self.locate_in(&crop)
    }

    fn read(&mut self, photo: &Pyramid<'_>, region: Region, look: Look) -> Result<Option<Reading>> {
        let form = self.landmark_form();
        let crop = if look.mirrored { photo.crop_mirrored(region, &form) } else { photo.crop(region, &form) };
        self.read_in(&crop, region.rotation, look)
    }
}

/// Runs the mask graph on the outputs of the landmark graph.
fn mask_of(model: &mut Model, outputs: &Outputs<'_>, crop: &Crop) -> Result<Mask> {
    let mask = model.run_on(outputs)?;
    let logits = fixed::<Ix2>(mask.tensor("mask", &[landmarks::SIZE, landmarks::SIZE])?)?;
    let probability = logits.mapv(|logit| 1.0 / (1.0 + (-logit).exp()));
    Ok(Mask { probability, to_photo: crop.to_photo })
}

/// An array whose number of dimensions is known from the requested shape.
fn fixed<D: ndarray::Dimension>(array: ndarray::ArrayViewD<'_, f32>) -> Result<ndarray::ArrayView<'_, f32, D>> {
    array.into_dimensionality::<D>().map_err(|error| Error::Model {
        model: "blazepose".into(),
        reason: "an output's dimensions are not those asked for".into(),
        source: Some(Box::new(error)),
    })
}
