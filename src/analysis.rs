//! One photo, from pixels to measures: the data's way through the house.

use crate::camera::{Camera, Given, LevelFrom, Told};
use crate::coronal::{self, Yaw};
use crate::crop::Pyramid;
use crate::error::{Error, Result};
use crate::estimate::blazepose::{self, BlazePose};
use crate::estimate::{Estimator, Reading};
use crate::floor;
use crate::geometry::Point;
use crate::measure::frontal::{SpinalLine, spinal_line};
use crate::measure::{Assessment, Measurement, Refusal};
use crate::photo::Photo;
use crate::pose::{Pose, WorldPose};
use crate::quality::{self, Evidence, Quality};
use crate::repeat;
use crate::view::{Facing, View};

/// How one photo is to be measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Readings of the photo. Default: [`repeat::DEFAULT_READINGS`].
    pub readings: usize,
    /// The view, when the user names it. Default: found by itself.
    pub view: Option<View>,
    /// The picture is a mirror image (a selfie saved as seen). Default: no.
    pub mirrored: bool,
    /// What the user said about how the camera was held. Default: nothing.
    pub given: Given,
    /// The subject's stature in millimetres, for values in millimetres. Default: unknown.
    pub height_mm: Option<f64>,
    /// Whom to measure, counted from 1 in order of size and place. Default: 1.
    pub person: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readings: repeat::DEFAULT_READINGS,
            view: None,
            mirrored: false,
            given: Given::default(),
            height_mm: None,
            person: 1,
        }
    }
}

/// Millimetres per pixel at the depth of the hips, and how well that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Millimetres per pixel of the body's own plane.
    pub mm_per_px: f64,
    /// Its standard deviation as a share.
    pub sd_share: f64,
}

/// Everything that is known about one person in one photo.
#[derive(Debug, Clone)]
pub struct Analysis {
    /// The joints in pixels of the photo as it is, sides the subject's own.
    pub pose: Pose,
    /// The view, and whether it was found by itself.
    pub view: View,
    /// Whether the user named the view.
    pub view_given: bool,
    /// Whether the picture was taken for a mirror image.
    pub mirrored: bool,
    /// The camera of the picture as it is.
    pub camera: Camera,
    /// How far the body is turned; `None` in side views or when it cannot be told.
    pub yaw: Option<Yaw>,
    /// How many people were found.
    pub people: usize,
    /// The measured person's box: left, top, right, bottom in pixels.
    pub person_box: [f64; 4],
    /// The scale, when the stature is known.
    pub scale: Option<Scale>,
    /// Trunk length in pixels of the body's own plane, when it could be measured.
    pub trunk_px: Option<f64>,
    /// The measures.
    pub assessment: Assessment,
    /// The spinal line, level by level, in frontal views; places in pixels of the photo as it is.
    pub spinal_line: Option<SpinalLine>,
    /// The gates.
    pub quality: Quality,
    /// How many readings were taken.
    pub readings: usize,
    /// The model's name.
    pub model: String,
    /// BLAKE3 hash of the model file, in hexadecimal.
    pub model_blake3: String,
}

/// Middle of the ears over the middle of the ankles, as a share of stature: mean and standard deviation over rendered people
/// of both sexes.
const EAR_TO_ANKLE: (f64, f64) = (0.880, 0.006);
/// What the model's points add to the scale's uncertainty.
const SCALE_SD: f64 = 0.02;

/// The models, opened, one set per worker.
pub struct Analyzer {
    workers: Vec<Box<dyn Estimator>>,
}

impl std::fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analyzer").field("workers", &self.workers.len()).finish()
    }
}

impl Analyzer {
    /// Opens the models for `workers` workers, which share the readings of a photo.
    ///
    /// # Errors
    /// [`Error::Runtime`] or [`Error::Model`].
    pub fn open(options: &blazepose::Options, workers: usize) -> Result<Self> {
        let mut opened: Vec<Box<dyn Estimator>> = Vec::new();
        for _ in 0..workers.max(1) {
            opened.push(Box::new(BlazePose::open(options)?));
        }
        Ok(Self { workers: opened })
    }

    /// An analyzer of estimators that are already open.
    ///
    /// # Errors
    /// [`Error::Usage`] when there is none.
    pub fn from_workers(workers: Vec<Box<dyn Estimator>>) -> Result<Self> {
        if workers.is_empty() {
            return Err(Error::Usage { reason: "at least one worker is needed".into() });
        }
        Ok(Self { workers })
    }

    /// Measures the person in a photo.
    ///
    /// # Errors
    /// [`Error::NoPerson`], [`Error::NoSuchPerson`], or what the model says.
    pub fn analyze(&mut self, photo: &Photo, options: &Options) -> Result<Analysis> {
        let pyramid = Pyramid::new(&photo.pixels);
        let (width, height) = pyramid.size();
        let path = &photo.source.path;
        let crowd = self.workers[0].locate(&pyramid)?;
        let people = crowd.by_prominence(width, height);
        if people.is_empty() {
            return Err(Error::NoPerson { path: path.clone(), best_score: crowd.best_score });
        }
        let person = people.get(options.person.wrapping_sub(1)).ok_or_else(|| Error::NoSuchPerson {
            path: path.clone(),
            asked: options.person,
            found: people.len(),
        })?;
        let readings = repeat::read(&mut self.workers, &pyramid, *person, options.readings)?
            .ok_or_else(|| Error::NoPerson { path: path.clone(), best_score: crowd.best_score })?;
        let told = Told {
            focal_35mm: photo.metadata.focal_35mm,
            gravity: photo.metadata.gravity,
            front_camera: photo.metadata.front_camera,
            orientation: photo.source.orientation,
        };
        let (model, hash) = (self.workers[0].name().to_owned(), self.workers[0].hash().to_owned());
        measure(&readings, (width, height), &told, people.len(), options, model, hash)
    }
}

/// From readings to measures, without a look at the pixels.
fn measure(
    readings: &[Reading],
    (width, height): (f64, f64),
    told: &Told,
    people: usize,
    options: &Options,
    model: String,
    model_blake3: String,
) -> Result<Analysis> {
    // A mirror image is put right first: from here to the end, the picture is as a camera would have taken it.
    let mirror = |p: Point| if options.mirrored { Point::new(width - p.x, p.y) } else { p };
    let given = Given {
        roll_deg: options.given.roll_deg.map(|roll| if options.mirrored { -roll } else { roll }),
        plumb: options.given.plumb.map(|(a, b)| (mirror(a), mirror(b))),
    };
    let upright: Vec<(Pose, Option<WorldPose>)> = readings
        .iter()
        .map(|r| match options.mirrored {
            true => (r.pose.mirrored(width), r.world.as_ref().map(WorldPose::mirrored)),
            false => (r.pose.clone(), r.world.clone()),
        })
        .collect();
    let poses: Vec<Pose> = upright.iter().map(|(pose, _)| pose.clone()).collect();
    let worlds: Vec<&WorldPose> = upright.iter().filter_map(|(_, world)| world.as_ref()).collect();
    let camera = Camera::of(width, height, told, &given);
    let consensus = repeat::consensus(&poses);
    let pose = repeat::screened(&consensus, width, height);
    let refused = |refusal: Refusal| Error::Usage { reason: format!("the view cannot be told: {refusal}; name it with --view") };
    let view = match options.view {
        Some(view) => view,
        None => View::of(&consensus, worlds.first().copied()).map_err(refused)?,
    };
    let yaw = view.facing().map(|facing| coronal::yaw_of(&worlds, facing));
    let quality = quality::judge(&Evidence {
        pose: &pose,
        view,
        doubtful_view: options.view.is_none() && View::is_doubtful(&consensus),
        yaw,
        people,
        focal_px: camera.focal_px,
        levelled: camera.level_from != LevelFrom::Nothing,
    });
    let screened: Vec<Pose> = poses
        .iter()
        .map(|reading| Pose::from_joints(|joint| pose.get(joint).and_then(|_| reading.get(joint))))
        .collect();
    let body = Straightening { camera, facing: view.facing(), yaw: yaw.map_or(0.0, |y| y.deg), head: None };
    let straight = body.apply(&pose);
    let straight_readings: Vec<Pose> = screened.iter().map(|reading| body.apply(reading)).collect();
    let shaken = body.shaken(yaw).map(|s| s.apply(&pose));
    let assessment = Assessment::from_measures(|what| {
        if let Some(reason) = quality.refusal(what) {
            return Err(Refusal::Gate(reason.to_owned()));
        }
        let value = what.of(&straight, view)?;
        let raw = what.of(&pose, view)?;
        let scatter = repeat::standard_deviation(
            &straight_readings.iter().filter_map(|reading| what.of(reading, view).ok()).collect::<Vec<_>>(),
        );
        let model = floor::of(what);
        let geometry: f64 =
            shaken.iter().filter_map(|pose| what.of(pose, view).ok()).map(|moved| (moved - value).powi(2)).sum();
        let scatter = scatter.unwrap_or(model.typical_scatter);
        let sd = ((model.gain * scatter).powi(2) + model.floor.powi(2) + geometry).sqrt();
        Ok(Measurement { value, raw, sd })
    });
    let as_it_is = |pose: &Pose| pose.map_points(|_, p| mirror(p));
    let spinal = view.facing().and_then(|facing| spinal_line(&straight, facing).ok()).map(|mut line| {
        for level in &mut line.levels {
            if let Ok(at) = pose.midpoint(level.pair) {
                level.at = mirror(at);
            }
        }
        line
    });
    let scale = options.height_mm.and_then(|stature| scale_of(&straight, stature));
    let bounds = pose.bounds().unwrap_or([0.0, 0.0, width, height]);
    let person_box = if options.mirrored { [width - bounds[2], bounds[1], width - bounds[0], bounds[3]] } else { bounds };
    Ok(Analysis {
        pose: as_it_is(&pose),
        view,
        view_given: options.view.is_some(),
        mirrored: options.mirrored,
        camera: if options.mirrored { camera.mirrored() } else { camera },
        yaw,
        people,
        person_box,
        scale,
        trunk_px: crate::measure::frontal::trunk_length(&straight).ok(),
        assessment,
        spinal_line: spinal,
        quality,
        readings: readings.len(),
        model,
        model_blake3,
    })
}

/// Levelling and turning back, with everything that they depend on.
#[derive(Debug, Clone, Copy)]
struct Straightening {
    camera: Camera,
    facing: Option<Facing>,
    yaw: f64,
    head: Option<f64>,
}

impl Straightening {
    /// The pose in the body's own plane; only levelled in side views or where turning back is not possible.
    fn apply(&self, pose: &Pose) -> Pose {
        let levelled = self.camera.level_pose(pose);
        match self.facing {
            Some(facing) => {
                let head = self.head.unwrap_or(self.yaw);
                coronal::turned_back(&levelled, &self.camera, facing, self.yaw, head).unwrap_or(levelled)
            }
            None => levelled,
        }
    }

    /// The same with each thing that it depends on moved by its own standard deviation, one at a time.
    fn shaken(&self, yaw: Option<Yaw>) -> [Self; 4] {
        let with = |change: &dyn Fn(&mut Camera)| {
            let mut camera = self.camera;
            change(&mut camera);
            Self { camera, ..*self }
        };
        [
            with(&|c| c.roll_deg += c.roll_sd_deg),
            with(&|c| c.pitch_deg += c.pitch_sd_deg),
            with(&|c| c.focal_px *= 1.0 + c.focal_sd),
            Self { yaw: self.yaw + yaw.map_or(0.0, |y| y.sd_deg), ..*self },
        ]
    }
}

/// The scale that a stature gives; `None` when ears or ankles have no place.
fn scale_of(straight: &Pose, stature_mm: f64) -> Option<Scale> {
    use crate::skeleton::Pair;
    let (ears, ankles) = (straight.midpoint(Pair::EARS).ok()?, straight.midpoint(Pair::ANKLES).ok()?);
    let height = ankles.y - ears.y;
    let (share, sd) = EAR_TO_ANKLE;
    (height > 1.0).then(|| Scale { mm_per_px: share * stature_mm / height, sd_share: (sd / share).hypot(SCALE_SD) })
}
