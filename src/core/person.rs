//! The person of an observation, named by sides: the mirror image is undone, left and right fit the view, and manual landmarks are in place.

use crate::core::body::landmarks::BonyPose;
use crate::core::body::pose::screened;
use crate::core::body::pose::{Keypoint, Pose};
use crate::core::body::skeleton::{Joint, Pair};
use crate::core::body::view::{Facing, View};
use crate::core::camera::frontal_plane::WorldWidths;
use crate::core::error::{Error, Result};
use crate::core::face::Face;
use crate::core::geometry::Point;
use crate::core::measure::estimators::Rectified;
use crate::core::measure::frontal::{self, SpinalLine, spinal_line};
use crate::core::observation::{Frame, Observation};
use crate::core::options::Options;
use crate::core::points::{Points, Site};
use crate::core::refusal::Refusal;
use crate::core::silhouette::Outline;

/// The person with a mirror image undone and sides named according to the view.
pub(super) struct Person {
    /// The width of a picture that is a mirror image, in pixels.
    pub(super) mirror: Option<f64>,
    /// The consensus of the readings and the manual landmarks; including joints outside the picture and hidden ones.
    pub(super) consensus: Pose,
    /// The same from the model alone.
    pub(super) by_model: Pose,
    /// The joints that are measured.
    pub(super) pose: Pose,
    pub(super) bony: BonyPose,
    pub(super) worlds: Option<WorldWidths>,
    pub(super) view: View,
    /// The view according to the model's joints under their own names.
    pub(super) looks_like: Option<View>,
    /// Whether left and right were exchanged, because the user set the opposite of the view that the joints show.
    pub(super) exchanged: bool,
}

impl Person {
    /// The view that the user sets, directly or by exchanging the sides; `None` to detect it. Nothing is exchanged in a side view, whose
    /// side follows from the direction of the face.
    ///
    /// # Errors
    /// [`Error::Usage`] when sides are to be exchanged and the view is unclear.
    pub(super) fn view_asked(frame: &Frame, seen: &Observation, options: &Options) -> Result<Option<View>> {
        if !options.exchange_sides {
            return Ok(options.view);
        }
        // Points placed by hand carry the names that are right; the model's joints alone show what is to be exchanged.
        let by_model = Options { points: Points::default(), ..options.clone() };
        let view = Self::of(frame, seen, &by_model)?.view;
        Ok(view.facing().map(|_| view.exchanged()).or(options.view))
    }

    pub(super) fn of(frame: &Frame, seen: &Observation, options: &Options) -> Result<Self> {
        let mirror = options.mirrored.then_some(frame.width);
        let mirrored = |pose: Pose| mirror.map_or(pose.clone(), |width| pose.mirrored(width));
        let as_named = mirrored(seen.pose());
        let worlds = seen.world_widths().map(|worlds| if mirror.is_some() { worlds.mirrored() } else { worlds });
        let left_away = worlds.map(|worlds| worlds.first);
        let exchanged = match (options.view.and_then(View::facing), View::of(&as_named, left_away)) {
            (Some(told), Ok(seen)) => seen.facing().is_some_and(|seen| seen != told),
            _ => false,
        };
        let mut body = Self {
            mirror,
            by_model: if exchanged { as_named.exchanged() } else { as_named.clone() },
            consensus: Pose::default(),
            pose: Pose::default(),
            bony: BonyPose::default(),
            worlds: worlds.map(|worlds| if exchanged { worlds.mirrored() } else { worlds }),
            view: View::Anterior,
            looks_like: None,
            exchanged,
        };
        // Manual landmarks are named by the subject's own side, so they are added after mirror image and sides are corrected.
        body.consensus = body.with_hand(body.by_model.clone(), options);
        body.bony =
            BonyPose::from_points(|point| options.points.get(Site::Bony(point)).map(|found| body.in_picture(found.at)));
        body.pose = screened(&body.consensus, frame.width, frame.height);
        body.looks_like = View::of(if exchanged { &as_named } else { &body.consensus }, left_away).ok();
        body.view = match options.view {
            Some(view) => view,
            None => View::of(&body.consensus, left_away).map_err(|refusal| Error::Usage {
                reason: format!("the view is unclear: {refusal}; set it with --view"),
            })?,
        };
        Ok(body)
    }

    /// Maps a point between the picture and its mirror image undone, in either direction.
    pub(super) fn in_picture(&self, p: Point) -> Point {
        self.mirror.map_or(p, |width| Point::new(width - p.x, p.y))
    }

    /// The spinal line, with its levels placed in the original picture.
    pub(super) fn spinal_line(&self, rectified: &Rectified, facing: Facing) -> Option<SpinalLine> {
        let mut line = spinal_line(&rectified.turned, facing).ok()?;
        for level in &mut line.levels {
            if let Ok(at) = self.pose.midpoint(level.pair) {
                level.at = self.in_picture(at);
            }
        }
        Some(line)
    }

    /// A model's pose with the mirror image undone and manual landmarks in place.
    pub(super) fn put_right(&self, pose: Pose, options: &Options) -> Pose {
        let pose = self.mirror.map_or(pose.clone(), |width| pose.mirrored(width));
        self.with_hand(if self.exchanged { pose.exchanged() } else { pose }, options)
    }

    fn with_hand(&self, mut pose: Pose, options: &Options) -> Pose {
        for (site, point) in options.points.iter() {
            if let Site::Joint(joint) = site {
                let at = self.in_picture(point.at);
                pose.set(joint, Ok(Keypoint { at, visibility: 1.0, sd_px: point.sd_px, by_hand: true }));
            }
        }
        pose
    }

    /// The measured joints, with the model's own in place of one that was placed by hand while its partner was not: the model errs alike on both
    /// sides, which their difference does not show.
    pub(super) fn without_lone_hand(&self) -> Pose {
        let is_by_hand = |joint: Joint| self.pose.get(joint).is_ok_and(|point| point.by_hand);
        Pose::from_joints(|joint| {
            let lone = is_by_hand(joint) && !is_by_hand(joint.mirror());
            if lone { self.by_model.get(joint) } else { self.pose.get(joint) }
        })
    }

    /// The face, with the mirror image undone, or why there is none.
    pub(super) fn face(&self, seen: &Observation) -> Result<Face, Refusal> {
        let none = |reason: &str| Err(Refusal::Gate(reason.into()));
        if self.view.facing() != Some(Facing::Camera) || self.exchanged {
            return none("a face shows from the front alone");
        }
        let head = [Pair::EYES_OUTER, Pair::EARS, Pair::MOUTH];
        if head.into_iter().any(|pair| self.consensus.is_by_hand(pair)) {
            return none("the head's points were placed by hand");
        }
        let Some(face) = &seen.face else { return none("the face was not read") };
        if !face.is_sure() {
            return none("the face is covered or unclear");
        }
        Ok(self.mirror.map_or(face.clone(), |width| face.mirrored(width)))
    }

    /// The outline with the mirror image undone, or why there is none.
    pub(super) fn outline(&self, seen: &Observation, frame: &Frame) -> Result<Outline, Refusal> {
        moved_off(&self.by_model, &self.consensus).map_or(Ok(()), Err)?;
        let outline = outline_of(seen, frame, self.view, self.exchanged)?;
        let outline = if self.exchanged { outline.exchanged() } else { outline };
        Ok(self.mirror.map_or(outline.clone(), |width| outline.mirrored(width)))
    }
}

/// If a joint that the outline was read by is moved by hand by more than this, in trunk lengths, the outline is not used.
const OFF_OUTLINE: f64 = 0.05;

/// Why the outline no longer fits the joints, if so.
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

/// The outline in the original picture, or why there is none.
fn outline_of(seen: &Observation, frame: &Frame, view: View, exchanged: bool) -> Result<Outline, Refusal> {
    let facing = view.facing().ok_or_else(|| Refusal::Gate("needs a view from the front or from behind".into()))?;
    let Some(trace) = &seen.outline else {
        // A joint or the pixels are missing.
        Outline::readable(&screened(&seen.pose(), frame.width, frame.height))?;
        return Err(Refusal::Gate("this model or number of readings brings no outline".into()));
    };
    if (trace.facing() != facing) != exchanged {
        return Err(Refusal::Gate("the joints show the other side of the body than the view that was given".into()));
    }
    Ok(trace.outline())
}
