//! From a sighting to measures, without a look at the pixels: level, turn back, judge, measure.

use crate::analysis::Options;
use crate::camera::{Camera, LevelFrom};
use crate::coronal::{self, Yaw};
use crate::error::{Error, Result};
use crate::evidence::{self, Shape, Straight, estimate};
use crate::floor;
use crate::geometry::Point;
use crate::measure::frontal::{self, SpinalLine, spinal_line};
use crate::measure::{Assessment, ByHand, Measure, Measurement, Refusal};
use crate::placement::{Placement, PlacementError};
use crate::points::{BonyPose, Site};
use crate::pose::{Keypoint, Pose};
use crate::quality::{self, Evidence, Quality};
use crate::repeat;
use crate::sighting::{Frame, Sighting};
use crate::silhouette::Outline;
use crate::skeleton::Pair;
use crate::straightening::Straightening;
use crate::view::View;

/// How far a single reading may be off, in scatters of many: it has neither a mirrored partner nor a crop that has settled. With this
/// its intervals hold the truth in about 95 of 100 rendered photos too.
const LONE: f64 = 2.5;

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
    /// What the user said; points placed by hand with the errors that they are taken to have.
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
    let mut options = options.clone().rounded();
    // The model's trunk, so that a point's error does not depend on the other points.
    options.points = options.points.with_errors(frontal::trunk_length(&seen.pose()).ok());
    let options = &options;
    let (width, height) = (frame.width, frame.height);
    // A mirror image is put right first: from here to the end, the picture is as a camera would have taken it.
    let mirror = |p: Point| if options.mirrored { Point::new(width - p.x, p.y) } else { p };
    let upright = |pose: Pose| if options.mirrored { pose.mirrored(width) } else { pose };
    let mut camera = camera_of(&frame, &seen, options);
    let by_model = upright(seen.pose());
    // Who places a point names its side as the subject's own, so it goes in after a mirror image was put right.
    let with_hand = |mut pose: Pose| {
        for (site, point) in options.points.iter() {
            if let Site::Joint(joint) = site {
                let at = mirror(point.at);
                pose.set(joint, Ok(Keypoint { at, visibility: 1.0, sd_px: point.sd_px, by_hand: true }));
            }
        }
        pose
    };
    let bony = BonyPose::from_points(|point| options.points.get(Site::Bony(point)).map(|found| mirror(found.at)));
    let consensus = with_hand(by_model.clone());
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
        camera_doubt: camera.doubt,
        exposure: seen.exposure(),
    });
    // As with the joints: the mirror image put right.
    let put_right = |outline: Outline| if options.mirrored { outline.mirrored(width) } else { outline };
    let outline = moved_off(&by_model, &consensus)
        .map_or(Ok(()), Err)
        .and_then(|()| outline_of(&seen, &frame, view).map(put_right));
    let body = Straightening { camera, facing: view.facing(), yaw: yaw.map_or(0.0, |y| y.deg) };
    let straight = body.apply(&pose, &bony, &outline);
    let shape = Shape::of(&outline, Some, Some);
    let in_picture = |pose: &Pose, bony: &BonyPose| Straight {
        levelled: pose.clone(),
        turned: pose.clone(),
        shape: shape.clone(),
        bony: bony.clone(),
    };
    let as_it_is = in_picture(&pose, &bony);
    let single: Vec<Straight> = seen
        .single_poses()
        .map(|reading| {
            let reading = with_hand(upright(reading));
            let reading = Pose::from_joints(|joint| pose.get(joint).and_then(|_| reading.get(joint)));
            body.apply(&reading, &bony, &outline)
        })
        .collect();
    let shaken = body.shaken(attitude.as_ref()).map(|both| both.map(|moved| moved.apply(&pose, &bony, &outline)));
    let trunk_px = frontal::trunk_length(&pose).ok();
    let straighten = |pose: &Pose, bony: &BonyPose| body.apply(pose, bony, &outline);
    let placement = Placement::of(&pose, &bony, &options.points, view, trunk_px, straighten, in_picture);
    let assessment = Assessment::from_measures(|what| {
        if let Some(reason) = quality.refusal(what) {
            return Err(Refusal::Gate(reason.to_owned()));
        }
        let value = estimate(what, &straight, view)?;
        let raw = evidence::plain(what, &as_it_is, view)?;
        let model = floor::of(what);
        let outlined = evidence::leans_on_outline(what, &straight);
        let readings: Vec<f64> = single.iter().filter_map(|reading| estimate(what, reading, view).ok()).collect();
        let (scatter, count) = match frame.independent {
            None => (repeat::standard_deviation(&readings), readings.len() as f64),
            // What a plain and a mirrored reading differ by is no movement.
            Some(looks) => {
                let pairs: Vec<f64> = readings.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
                (repeat::standard_deviation(&pairs), looks.min(readings.len() as f64))
            }
        };
        let scatter = scatter.unwrap_or(LONE * model.scatter);
        // Both ways, so that the mirrored photo has the mirrored interval.
        let geometry: f64 = shaken
            .iter()
            .filter_map(|[up, down]| Some(estimate(what, up, view).ok()? - estimate(what, down, view).ok()?))
            .map(|change| (0.5 * change).powi(2))
            .sum();
        let by_model = model.floor(outlined).powi(2) + (model.share * value).powi(2) + scatter.powi(2) / count.max(1.0);
        let (placing, by_hand) = match placement.as_ref().map(|placement| placement.error(what, view)) {
            None => (by_model, ByHand::No),
            Some(error) => (with_placing(by_model, &error, what), error.kind()),
        };
        Ok(Measurement { value, raw, sd: (placing + geometry).sqrt(), scatter, outlined, by_hand })
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
    let background = seen.background();
    Camera::by_all(frame.width, frame.height, &seen.told(), background.as_ref(), &options.given, options.mirrored)
}

/// A value's variance without the camera's and the turn's part, from that of values of a model's points alone.
fn with_placing(by_model: f64, error: &PlacementError, what: Measure) -> f64 {
    match error.kind() {
        ByHand::Wholly => error.by_hand + error.by_model,
        // No error model knows of bony points.
        ByHand::Partly if !what.bony_points().is_empty() => error.by_hand + error.by_model,
        ByHand::No | ByHand::Partly => by_model + error.by_hand + error.by_partners,
    }
}

/// A joint that the outline was read by and that was placed elsewhere by hand, by more than this in trunk lengths, spoils it.
const OFF_OUTLINE: f64 = 0.05;

/// Why the outline does not belong to the joints any more, if so.
fn moved_off(by_model: &Pose, by_hand: &Pose) -> Option<Refusal> {
    let most = OFF_OUTLINE * frontal::trunk_length(by_model).ok()?;
    let pairs = [Pair::SHOULDERS, Pair::HIPS, Pair::ELBOWS, Pair::WRISTS];
    let moved = pairs.into_iter().flat_map(|pair| [pair.left, pair.right]).find(|&joint| {
        let (Ok(model), Ok(hand)) = (by_model.point(joint), by_hand.point(joint)) else { return false };
        model.distance(hand) > most
    })?;
    Some(Refusal::Gate(format!(
        "the outline was read by the model's {}, which was placed elsewhere by hand",
        moved.words()
    )))
}

/// The outline in the picture as it is, or why there is none.
fn outline_of(seen: &Sighting, frame: &Frame, view: View) -> Result<Outline, Refusal> {
    let facing = view.facing().ok_or_else(|| Refusal::Gate("needs a view from the front or from behind".into()))?;
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

/// The scale that a stature gives; `None` when ears or ankles have no place.
fn scale_of(straight: &Pose, stature_mm: f64) -> Option<Scale> {
    let (ears, ankles) = (straight.midpoint(Pair::EARS).ok()?, straight.midpoint(Pair::ANKLES).ok()?);
    let height = ankles.y - ears.y;
    let (share, sd) = EAR_TO_ANKLE;
    (height > 1.0).then(|| Scale { mm_per_px: share * stature_mm / height, sd_share: (sd / share).hypot(SCALE_SD) })
}
