//! One photo, from pixels to measures: the data's way through the house.

use image::GrayImage;
use image::imageops::flip_horizontal;

use crate::camera::{Camera, Given, LevelFrom, Told};
use crate::coronal::{self, Attitude, Yaw};
use crate::crop::Pyramid;
use crate::error::{Error, Result};
use crate::estimate::blazepose::{self, BlazePose};
use crate::estimate::{Crowd, Estimator};
use crate::evidence::{self, Shape, Straight, estimate};
use crate::exposure::{Exposure, exposure};
use crate::floor;
use crate::geometry::{Point, Vec2};
use crate::locate;
use crate::measure::frontal::{self, SpinalLine, spinal_line};
use crate::measure::{Assessment, Measure, Measurement, Refusal};
use crate::photo::Photo;
use crate::pose::{Pose, WorldPose};
use crate::quality::{self, Evidence, Quality};
use crate::repeat::{self, Readings};
use crate::silhouette::{Mask, Outline, Silhouette};
use crate::skeleton::{BONES, Joint, Pair};
use crate::verticals::{Tilt, tilt_from_verticals};
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

/// The models, opened: per model as many workers as share its readings.
pub struct Analyzer {
    teams: Vec<Vec<Box<dyn Estimator>>>,
}

impl std::fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analyzer").field("teams", &self.teams.iter().map(Vec::len).collect::<Vec<_>>()).finish()
    }
}

impl Analyzer {
    /// Opens the models, each for `workers` workers that share its readings. The first model's world tells how far the body is
    /// turned. Workers beyond the first open their models when they are first needed.
    ///
    /// # Errors
    /// [`Error::Runtime`] or [`Error::Model`].
    pub fn open(models: &[blazepose::Options], workers: usize) -> Result<Self> {
        let mut teams: Vec<Vec<Box<dyn Estimator>>> = Vec::new();
        for model in models {
            let mut team: Vec<Box<dyn Estimator>> = Vec::new();
            if teams.is_empty() {
                team.push(Box::new(BlazePose::open(model)?));
            }
            while team.len() < workers.max(1) {
                team.push(Box::new(BlazePose::deferred(model)?));
            }
            teams.push(team);
        }
        Self::from_teams(teams)
    }

    /// An analyzer of estimators that are already there.
    ///
    /// # Errors
    /// [`Error::Usage`] when a team is empty.
    pub fn from_teams(teams: Vec<Vec<Box<dyn Estimator>>>) -> Result<Self> {
        if teams.is_empty() || teams.iter().any(Vec::is_empty) {
            return Err(Error::Usage { reason: "at least one model with one worker is needed".into() });
        }
        Ok(Self { teams })
    }

    /// Measures the person in a photo.
    ///
    /// # Errors
    /// [`Error::NoPerson`], [`Error::NoSuchPerson`], or what the model says.
    pub fn analyze(&mut self, photo: &Photo, options: &Options) -> Result<Analysis> {
        let pyramid = Pyramid::new(&photo.pixels);
        let (width, height) = pyramid.size();
        let path = &photo.source.path;
        let mut workers = self.teams.iter_mut().flatten();
        let crowd = std::thread::scope(|scope| {
            let first = workers.next();
            // The others open their models meanwhile; what goes wrong there comes up again when they read.
            for other in workers.filter(|_| options.readings > 1) {
                scope.spawn(|| other.prepare());
            }
            match first {
                Some(first) => locate::people(first.as_mut(), &pyramid, options.readings > 1),
                None => Ok(Crowd::default()),
            }
        })?;
        let people = crowd.by_prominence(width, height);
        let nobody = || Error::NoPerson { path: path.clone(), best_score: crowd.best_score };
        if people.is_empty() {
            return Err(nobody());
        }
        let person = people.get(options.person.wrapping_sub(1)).ok_or_else(|| Error::NoSuchPerson {
            path: path.clone(),
            asked: options.person,
            found: people.len(),
        })?;
        let mut readings = Vec::with_capacity(self.teams.len());
        for team in &mut self.teams {
            readings.push(repeat::read(team, &pyramid, *person, options.readings)?.ok_or_else(nobody)?);
        }
        let told = Told {
            focal_35mm: photo.metadata.focal_35mm,
            gravity: photo.metadata.gravity,
            front_camera: photo.metadata.front_camera,
        };
        let agreed = repeat::agreed(&readings);
        let (camera, exposure) = surroundings(&pyramid, &agreed, Camera::of(width, height, &told, &options.given));
        let models: Vec<&str> = self.teams.iter().map(|team| team[0].name()).collect();
        let seen = Seen {
            readings: &readings,
            width,
            height,
            camera,
            people: people.len(),
            exposure,
            model: models.join("+"),
            model_blake3: self.teams[0][0].hash().to_owned(),
            independent: None,
        };
        measure(seen, options)
    }
}

/// Half the width of what counts as the person around the lines between joints, in trunk lengths.
const BODY_RADIUS: f64 = 0.28;

/// Roll and pitch from the background's edges, those on the person left out.
///
/// `luma` is the photo in grey, one of its pixels spanning `factor` photo pixels.
fn background_tilt(luma: &GrayImage, factor: f64, pose: &Pose, camera: &Camera) -> Option<Tilt> {
    let trunk = frontal::trunk_length(pose).ok()?;
    let bones: Vec<(Point, Point)> = BONES
        .into_iter()
        .chain([(Joint::Nose, Joint::LeftShoulder), (Joint::Nose, Joint::RightShoulder)])
        .chain([(Joint::LeftHip, Joint::RightShoulder), (Joint::RightHip, Joint::LeftShoulder)])
        .chain([(Joint::LeftWrist, Joint::LeftIndex), (Joint::RightWrist, Joint::RightIndex)])
        .filter_map(|(a, b)| Some((pose.point(a).ok()?, pose.point(b).ok()?)))
        .collect();
    let reach = BODY_RADIUS * trunk;
    let on_person = |p: Point| {
        bones.iter().any(|&(from, to)| {
            let along = to - from;
            let share = ((p - from).dot(along) / along.dot(along).max(1e-9)).clamp(0.0, 1.0);
            p.distance(from + along * share) < reach
        })
    };
    let focal = camera.focal_px / factor;
    let width = f64::from(luma.width());
    let (plain, mirrored) = std::thread::scope(|scope| {
        // The search is not quite the same for left and right; looked at both ways, the mirrored photo gives the mirrored roll.
        let mirrored = scope.spawn(|| {
            let on_person = |x: f64, y: f64| on_person(Point::new((width - x) * factor, y * factor));
            tilt_from_verticals(&flip_horizontal(luma), on_person, focal, camera.focal_sd)
        });
        let on_person = |x: f64, y: f64| on_person(Point::new(x * factor, y * factor));
        let plain = tilt_from_verticals(luma, on_person, focal, camera.focal_sd);
        (plain, mirrored.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    match (plain, mirrored.map(|tilt| Tilt { roll_deg: -tilt.roll_deg, ..tilt })) {
        (Some(a), Some(b)) => Some(Tilt {
            roll_deg: 0.5 * (a.roll_deg + b.roll_deg),
            pitch_deg: 0.5 * (a.pitch_deg + b.pitch_deg),
            roll_sd_deg: a.roll_sd_deg.max(b.roll_sd_deg).hypot(0.5 * (a.roll_deg - b.roll_deg)),
            pitch_sd_deg: a.pitch_sd_deg.max(b.pitch_sd_deg).hypot(0.5 * (a.pitch_deg - b.pitch_deg)),
            ..a
        }),
        // Accepted one way only: half a witness.
        (Some(one), None) | (None, Some(one)) => {
            Some(Tilt { roll_sd_deg: 2.0 * one.roll_sd_deg, pitch_sd_deg: 2.0 * one.pitch_sd_deg, ..one })
        }
        (None, None) => None,
    }
}

/// The background is looked at in a picture about this long, in pixels.
const BACKGROUND_SIDE: u32 = 1000;

/// What the pixels around a pose say: the camera, levelled by the background's edges unless something better has levelled it,
/// and how bright and sharp the person is.
#[must_use]
pub fn surroundings(pyramid: &Pyramid<'_>, pose: &Pose, camera: Camera) -> (Camera, Option<Exposure>) {
    let (luma, factor) = pyramid.luma(BACKGROUND_SIDE);
    let exposure = pose.bounds().and_then(|edges| exposure(&luma, edges.map(|edge| edge / factor)));
    let tilt = if camera.is_levelled() { None } else { background_tilt(&luma, factor, pose, &camera) };
    (tilt.map_or(camera, |tilt| camera.with_verticals(&tilt)), exposure)
}

/// What was seen of one person, before anything is measured.
#[derive(Debug, Clone)]
pub struct Seen<'a> {
    /// What each model read.
    pub readings: &'a [Readings],
    /// The picture's width in pixels.
    pub width: f64,
    /// The picture's height in pixels.
    pub height: f64,
    /// How the camera was held.
    pub camera: Camera,
    /// How many people were found.
    pub people: usize,
    /// How bright and sharp the person is.
    pub exposure: Option<Exposure>,
    /// The models' names.
    pub model: String,
    /// BLAKE3 hash of the first model's file, in hexadecimal.
    pub model_blake3: String,
    /// For readings of a video instead of one picture, each frame read once, plainly and mirrored in turn: for how many
    /// independent looks the frames count. People sway slowly, so that neighbouring frames repeat each other.
    pub independent: Option<f64>,
}

/// From readings to measures, without a look at the pixels.
///
/// # Errors
/// [`Error::Usage`] when the view cannot be told.
pub fn measure(seen: Seen<'_>, options: &Options) -> Result<Analysis> {
    let (width, height) = (seen.width, seen.height);
    // A mirror image is put right first: from here to the end, the picture is as a camera would have taken it.
    let mirror = |p: Point| if options.mirrored { Point::new(width - p.x, p.y) } else { p };
    let upright = |pose: &Pose| {
        // Models count from the first pixel's centre; from here on, places count from the picture's edge.
        let pose = pose.map_points(|_, p| Point::new(p.x + 0.5, p.y + 0.5));
        if options.mirrored { pose.mirrored(width) } else { pose }
    };
    let mut camera = if options.mirrored { seen.camera.mirrored() } else { seen.camera };
    let consensus = upright(&repeat::agreed(seen.readings));
    let worlds: Vec<WorldPose> = seen.readings[0]
        .body
        .iter()
        .filter_map(|reading| reading.world.as_ref())
        .map(|world| if options.mirrored { world.mirrored() } else { world.clone() })
        .collect();
    let worlds: Vec<&WorldPose> = worlds.iter().collect();
    let pose = repeat::screened(&consensus, width, height);
    let view = match options.view {
        Some(view) => view,
        None => View::of(&consensus, worlds.first().copied()).map_err(|refusal| Error::Usage {
            reason: format!("the view cannot be told: {refusal}; name it with --view"),
        })?,
    };
    let attitude = view.facing().map(|facing| {
        let world = coronal::world_yaw(&worlds, facing);
        coronal::attitude(&pose, &camera, facing, world)
    });
    if let Some(attitude) = attitude {
        camera.roll_deg += attitude.roll_deg;
        camera.roll_sd_deg = attitude.covariance[1].sqrt();
        if attitude.feet && camera.level_from == LevelFrom::Nothing {
            camera.level_from = LevelFrom::Floor;
        }
    }
    let yaw = attitude.map(|a| Yaw { deg: a.yaw_deg, sd_deg: a.covariance[0].sqrt() });
    let quality = quality::judge(&Evidence {
        pose: &pose,
        view,
        doubtful_view: options.view.is_none() && View::is_doubtful(&consensus),
        looks_like: View::of(&consensus, worlds.first().copied()).ok(),
        yaw,
        people: seen.people,
        focal_px: camera.focal_px,
        level_from: camera.level_from,
        exposure: seen.exposure,
    });
    let masks: Vec<Mask> = seen
        .readings
        .iter()
        .flat_map(Readings::masks)
        .map(|mask| {
            // As with the joints: half a pixel, and the mirror image put right.
            let mask = mask.clone().shifted(Vec2::new(0.5, 0.5));
            if options.mirrored { mask.mirrored(width) } else { mask }
        })
        .collect();
    let outline = match view.facing() {
        Some(facing) if !masks.is_empty() => Outline::read(&Silhouette::of(&masks), &pose, facing),
        Some(_) => Err(Refusal::Gate("this model or number of readings brings no outline".into())),
        None => Err(Refusal::Gate("needs a view from the front or from behind".into())),
    };
    let body = Straightening { camera, facing: view.facing(), yaw: yaw.map_or(0.0, |y| y.deg) };
    let straight = body.apply(&pose, &outline);
    let as_it_is = Straight { levelled: pose.clone(), turned: pose.clone(), shape: Shape::of(&outline, Some, Some) };
    let single: Vec<Straight> = seen.readings[0]
        .body
        .iter()
        .map(|reading| {
            let reading = upright(&reading.pose);
            body.apply(&Pose::from_joints(|joint| pose.get(joint).and_then(|_| reading.get(joint))), &outline)
        })
        .collect();
    let shaken = body.shaken(attitude.as_ref()).map(|both| both.map(|moved| moved.apply(&pose, &outline)));
    let assessment = Assessment::from_measures(|what| {
        if let Some(reason) = quality.refusal(what) {
            return Err(Refusal::Gate(reason.to_owned()));
        }
        let value = estimate(what, &straight, view)?;
        let raw = evidence::plain(what, &as_it_is, view)?;
        let model = floor::of(what);
        let outlined = evidence::leans_on_outline(what, &straight);
        let readings: Vec<f64> = single.iter().filter_map(|reading| estimate(what, reading, view).ok()).collect();
        let (scatter, count) = match seen.independent {
            None => (repeat::standard_deviation(&readings), readings.len() as f64),
            // What a plain and a mirrored reading differ by is no movement.
            Some(looks) => {
                let pairs: Vec<f64> = readings.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
                (repeat::standard_deviation(&pairs), looks.min(readings.len() as f64))
            }
        };
        let scatter = scatter.unwrap_or(model.scatter);
        // Both ways, so that the mirrored photo has the mirrored interval.
        let geometry: f64 = shaken
            .iter()
            .filter_map(|[up, down]| Some(estimate(what, up, view).ok()? - estimate(what, down, view).ok()?))
            .map(|change| (0.5 * change).powi(2))
            .sum();
        let variance =
            model.floor(outlined).powi(2) + (model.share * value).powi(2) + scatter.powi(2) / count.max(1.0) + geometry;
        Ok(Measurement { value, raw, sd: variance.sqrt(), scatter, outlined })
    });
    let may_show = quality.refusal(Measure::SpinalLineDeviation).is_none();
    let facing = view.facing().filter(|_| may_show);
    let spinal = facing.and_then(|facing| spinal_line(&straight.turned, facing).ok()).map(|mut line| {
        for level in &mut line.levels {
            if let Ok(at) = pose.midpoint(level.pair) {
                level.at = mirror(at);
            }
        }
        line
    });
    let bounds = pose.bounds().unwrap_or([0.0, 0.0, width, height]);
    Ok(Analysis {
        scale: options.height_mm.and_then(|stature| scale_of(&straight.turned, stature)),
        trunk_px: frontal::trunk_length(&straight.turned).ok(),
        pose: pose.map_points(|_, p| mirror(p)),
        view,
        view_given: options.view.is_some(),
        mirrored: options.mirrored,
        camera: if options.mirrored { camera.mirrored() } else { camera },
        yaw,
        people: seen.people,
        person_box: match options.mirrored {
            true => [width - bounds[2], bounds[1], width - bounds[0], bounds[3]],
            false => bounds,
        },
        assessment,
        spinal_line: spinal,
        quality,
        readings: seen.readings.iter().map(Readings::count).sum(),
        model: seen.model,
        model_blake3: seen.model_blake3,
    })
}

/// Levelling and turning back, with everything that they depend on.
#[derive(Debug, Clone, Copy)]
struct Straightening {
    camera: Camera,
    facing: Option<Facing>,
    yaw: f64,
}

impl Straightening {
    fn apply(&self, pose: &Pose, outline: &Result<Outline, Refusal>) -> Straight {
        let levelled = self.camera.level_pose(pose);
        // With no turn at all, a body beside the optical axis is still seen at an angle.
        let facing_camera = |yaw| self.facing.and_then(|f| coronal::turned_back(&levelled, &self.camera, f, yaw));
        let turned = facing_camera(self.yaw).unwrap_or_else(|| levelled.clone());
        let plane = self.facing.and_then(|facing| coronal::Plane::of(&levelled, &self.camera, facing, self.yaw));
        let level = |p: Point| self.camera.level(p);
        let shape = Shape::of(outline, |p| Some(level(p)), |p| plane?.place(level(p), 0.0));
        Straight { turned, levelled, shape }
    }

    /// The same with each thing that it depends on moved by one standard deviation up and down, one at a time; yaw and roll along
    /// the two directions in which their errors are independent.
    fn shaken(&self, attitude: Option<&Attitude>) -> [[Self; 2]; 4] {
        let [yaw, roll, both] = attitude.map_or([0.0, self.camera.roll_sd_deg.powi(2), 0.0], |a| a.covariance);
        let moved = |yaw: f64, roll: f64, pitch: f64, focal: f64| {
            [1.0, -1.0].map(|sign| {
                let mut camera = self.camera;
                camera.roll_deg += sign * roll;
                camera.pitch_deg += sign * pitch;
                camera.focal_px *= 1.0 + sign * focal;
                Self { camera, yaw: self.yaw + sign * yaw, ..*self }
            })
        };
        let roll_sd = roll.sqrt();
        let along = if roll_sd > 0.0 { both / roll_sd } else { 0.0 };
        [
            moved(along, roll_sd, 0.0, 0.0),
            moved((yaw - along * along).max(0.0).sqrt(), 0.0, 0.0, 0.0),
            moved(0.0, 0.0, self.camera.pitch_sd_deg, 0.0),
            moved(0.0, 0.0, 0.0, self.camera.focal_sd),
        ]
    }
}

/// The scale that a stature gives; `None` when ears or ankles have no place.
fn scale_of(straight: &Pose, stature_mm: f64) -> Option<Scale> {
    let (ears, ankles) = (straight.midpoint(Pair::EARS).ok()?, straight.midpoint(Pair::ANKLES).ok()?);
    let height = ankles.y - ears.y;
    let (share, sd) = EAR_TO_ANKLE;
    (height > 1.0).then(|| Scale { mm_per_px: share * stature_mm / height, sd_share: (sd / share).hypot(SCALE_SD) })
}
