//! From a sighting to measures, without a look at the pixels: level, turn back, judge, measure.

use crate::analysis::Options;
use crate::camera::{Camera, LevelFrom};
use crate::coronal::{self, Attitude, Yaw};
use crate::error::{Error, Result};
use crate::evidence::{self, Shape, Straight, estimate};
use crate::floor;
use crate::geometry::Point;
use crate::measure::frontal::{self, SpinalLine, spinal_line};
use crate::measure::{Assessment, Measure, Measurement, Refusal};
use crate::pose::Pose;
use crate::quality::{self, Evidence, Quality};
use crate::repeat;
use crate::sighting::{Frame, Sighting};
use crate::silhouette::Outline;
use crate::skeleton::Pair;
use crate::view::{Facing, View};

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
    /// What the user said.
    pub options: Options,
    /// Where the sighting comes from.
    pub frame: Frame,
    /// What the pixels said, from which everything here was measured.
    pub sighting: Sighting,
}

/// Middle of the ears over the middle of the ankles, as a share of stature: mean and standard deviation over rendered people
/// of both sexes.
const EAR_TO_ANKLE: (f64, f64) = (0.880, 0.006);
/// What the model's points add to the scale's uncertainty.
const SCALE_SD: f64 = 0.02;

/// Measures what was seen. The same sighting and options give the same analysis, whether the photo was just read or its record
/// was stored years ago.
///
/// # Errors
/// [`Error::Usage`] when the view cannot be told.
pub fn assess(frame: Frame, seen: Sighting, options: &Options) -> Result<Analysis> {
    let options = &options.clone().rounded();
    let (width, height) = (frame.width, frame.height);
    // A mirror image is put right first: from here to the end, the picture is as a camera would have taken it.
    let mirror = |p: Point| if options.mirrored { Point::new(width - p.x, p.y) } else { p };
    let upright = |pose: Pose| if options.mirrored { pose.mirrored(width) } else { pose };
    let mut camera = camera_of(&frame, &seen, options);
    let consensus = upright(seen.pose());
    let worlds = seen.world_widths().map(|worlds| if options.mirrored { worlds.mirrored() } else { worlds });
    let left_away = worlds.map(|worlds| worlds.first);
    let pose = repeat::screened(&consensus, width, height);
    let view = match options.view {
        Some(view) => view,
        None => View::of(&consensus, left_away).map_err(|refusal| Error::Usage {
            reason: format!("the view cannot be told: {refusal}; name it with --view"),
        })?,
    };
    let attitude = view.facing().map(|facing| {
        let world = coronal::world_yaw(worlds.as_ref(), facing);
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
        looks_like: View::of(&consensus, left_away).ok(),
        yaw,
        people: frame.people,
        focal_px: camera.focal_px,
        level_from: camera.level_from,
        exposure: seen.exposure(),
    });
    let outline = outline_of(&seen, &frame, view.facing()).map(|outline| {
        // As with the joints: the mirror image put right.
        if options.mirrored { outline.mirrored(width) } else { outline }
    });
    let body = Straightening { camera, facing: view.facing(), yaw: yaw.map_or(0.0, |y| y.deg) };
    let straight = body.apply(&pose, &outline);
    let as_it_is = Straight { levelled: pose.clone(), turned: pose.clone(), shape: Shape::of(&outline, Some, Some) };
    let single: Vec<Straight> = seen
        .single_poses()
        .map(|reading| {
            let reading = upright(reading);
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
        let scatter = repeat::standard_deviation(&readings).unwrap_or(model.scatter);
        // Both ways, so that the mirrored photo has the mirrored interval.
        let geometry: f64 = shaken
            .iter()
            .filter_map(|[up, down]| Some(estimate(what, up, view).ok()? - estimate(what, down, view).ok()?))
            .map(|change| (0.5 * change).powi(2))
            .sum();
        let variance = model.floor(outlined).powi(2)
            + (model.share * value).powi(2)
            + scatter.powi(2) / readings.len().max(1) as f64
            + geometry;
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
        person_box: match options.mirrored {
            true => [width - bounds[2], bounds[1], width - bounds[0], bounds[3]],
            false => bounds,
        },
        assessment,
        spinal_line: spinal,
        quality,
        options: options.clone(),
        frame,
        sighting: seen,
    })
}

/// The camera of the picture with a mirror image put right.
fn camera_of(frame: &Frame, seen: &Sighting, options: &Options) -> Camera {
    let camera = Camera::of(frame.width, frame.height, &seen.told(), &options.given);
    let camera = match seen.background() {
        Some(tilt) if !camera.is_levelled() => camera.with_verticals(&tilt),
        _ => camera,
    };
    if options.mirrored { camera.mirrored() } else { camera }
}

/// The outline in the picture as it is, or why there is none.
fn outline_of(seen: &Sighting, frame: &Frame, facing: Option<Facing>) -> Result<Outline, Refusal> {
    let facing = facing.ok_or_else(|| Refusal::Gate("needs a view from the front or from behind".into()))?;
    let Some(trace) = &seen.outline else {
        // For want of a joint or of the pixels.
        Outline::readable(&repeat::screened(&seen.pose(), frame.width, frame.height))?;
        return Err(Refusal::Gate("this model or number of readings brings no outline".into()));
    };
    if trace.facing() != facing {
        return Err(Refusal::Gate("the joints show the other side of the body than the view that was given".into()));
    }
    Ok(trace.outline())
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
