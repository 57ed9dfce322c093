//! A person's joints in one picture, each with its place or the reason why it has none.

use crate::core::body::skeleton::{Joint, Pair};
use crate::core::geometry::{Point, Vec3};

/// One joint as a model saw it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keypoint {
    /// Where it is, in pixels of the upright photo.
    pub at: Point,
    /// How likely it can be seen and is not hidden, 0 to 1, as the model says.
    pub visibility: f64,
    /// Spread of its place over several readings, in pixels (root mean square of x and y); `None` for a single reading. Of a
    /// point placed by hand, what it may be off by.
    pub sd_px: Option<f64>,
    /// Whether it was placed by hand.
    pub by_hand: bool,
}

impl Keypoint {
    /// The mean of several readings, with their spread; `None` of none.
    #[must_use]
    pub fn mean(seen: &[Self]) -> Option<Self> {
        if seen.is_empty() {
            return None;
        }
        let mean = |pick: fn(&Self) -> f64| seen.iter().map(pick).sum::<f64>() / seen.len() as f64;
        let at = Point::new(mean(|k| k.at.x), mean(|k| k.at.y));
        let square: f64 = seen.iter().map(|k| (k.at - at).dot(k.at - at)).sum();
        let sd_px = (seen.len() > 1).then(|| (0.5 * square / (seen.len() - 1) as f64).sqrt());
        Some(Self { at, visibility: mean(|k| k.visibility), sd_px, by_hand: false })
    }
}

/// Why a joint has no place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Missing {
    /// The model that was used does not give this joint.
    NotGiven(Joint),
    /// It lies outside the picture.
    OutsidePicture(Joint),
    /// The model sees it too uncertainly, or only guesses it behind something.
    Hidden {
        /// Which joint.
        joint: Joint,
        /// The model's visibility, 0 to 1.
        visibility: f64,
        /// What would have been needed.
        needed: f64,
    },
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Missing::NotGiven(joint) => write!(f, "{} not given by the model", joint.words()),
            Missing::OutsidePicture(joint) => write!(f, "{} outside the picture", joint.words()),
            Missing::Hidden { joint, visibility, needed } => {
                write!(
                    f,
                    "{} hidden or unclear (visibility {visibility:.2}, at least {needed:.2} needed)",
                    joint.words()
                )
            }
        }
    }
}

/// The joints of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Pose {
    keypoints: [Result<Keypoint, Missing>; Joint::COUNT],
}

impl Default for Pose {
    fn default() -> Self {
        Self { keypoints: Joint::ALL.map(|joint| Err(Missing::NotGiven(joint))) }
    }
}

impl Pose {
    /// A pose whose keypoints come from a function of the joint.
    #[must_use]
    pub fn from_joints(keypoint: impl FnMut(Joint) -> Result<Keypoint, Missing>) -> Self {
        Self { keypoints: Joint::ALL.map(keypoint) }
    }

    /// A pose from places alone, each fully visible: for poses made by hand and for tests.
    ///
    /// ```
    /// use orthostat::core::geometry::Point;
    /// use orthostat::core::body::pose::Pose;
    /// use orthostat::core::body::skeleton::Joint;
    /// let pose = Pose::from_points([(Joint::Nose, Point::new(10.0, 20.0))]);
    /// assert!(pose.get(Joint::Nose).is_ok());
    /// assert!(pose.get(Joint::LeftHip).is_err());
    /// ```
    #[must_use]
    pub fn from_points(points: impl IntoIterator<Item = (Joint, Point)>) -> Self {
        let mut pose = Self::default();
        for (joint, at) in points {
            pose.keypoints[joint.index()] = Ok(Keypoint { at, visibility: 1.0, sd_px: None, by_hand: false });
        }
        pose
    }

    /// A joint's keypoint.
    ///
    /// # Errors
    /// The reason why the joint has none.
    pub fn get(&self, joint: Joint) -> Result<Keypoint, Missing> {
        self.keypoints[joint.index()]
    }

    /// A joint's place, in pixels.
    ///
    /// # Errors
    /// The reason why the joint has none.
    pub fn point(&self, joint: Joint) -> Result<Point, Missing> {
        self.get(joint).map(|keypoint| keypoint.at)
    }

    /// Whether one of two joints was placed by hand.
    #[must_use]
    pub fn is_by_hand(&self, pair: Pair) -> bool {
        [pair.left, pair.right].into_iter().any(|joint| self.get(joint).is_ok_and(|keypoint| keypoint.by_hand))
    }

    /// The middle between a left joint and its right partner, in pixels.
    ///
    /// # Errors
    /// The reason why one of the two has no place.
    pub fn midpoint(&self, pair: Pair) -> Result<Point, Missing> {
        Ok(self.point(pair.left)?.midpoint(self.point(pair.right)?))
    }

    /// Puts a keypoint, or a reason, in a joint's place.
    pub fn set(&mut self, joint: Joint, keypoint: Result<Keypoint, Missing>) {
        self.keypoints[joint.index()] = keypoint;
    }

    /// The same pose with every place moved by `map`.
    #[must_use]
    pub fn map_points(&self, mut map: impl FnMut(Joint, Point) -> Point) -> Self {
        Self::from_joints(|joint| self.get(joint).map(|k| Keypoint { at: map(joint, k.at), ..k }))
    }

    /// The pose that the mirrored picture of width `width` px shows, each joint again under the subject's own side.
    #[must_use]
    pub fn mirrored(&self, width: f64) -> Self {
        Self::from_joints(|joint| match self.get(joint.mirror()) {
            Ok(k) => Ok(Keypoint { at: Point::new(width - k.at.x, k.at.y), ..k }),
            Err(missing) => Err(missing.of(joint)),
        })
    }

    /// The same places with every left joint named right and every right one left: what a model that took a back for a front gave
    /// under the wrong names.
    #[must_use]
    pub fn exchanged(&self) -> Self {
        Self::from_joints(|joint| self.get(joint.mirror()).map_err(|missing| missing.of(joint)))
    }

    /// The joints that have a place, with their keypoints.
    pub fn found(&self) -> impl Iterator<Item = (Joint, Keypoint)> + '_ {
        Joint::ALL.into_iter().filter_map(|joint| self.get(joint).ok().map(|k| (joint, k)))
    }

    /// The smallest upright box around all joints that have a place: left, top, right, bottom in pixels.
    #[must_use]
    pub fn bounds(&self) -> Option<[f64; 4]> {
        self.found().map(|(_, k)| k.at).fold(None, |bounds, p| {
            let [left, top, right, bottom] = bounds.unwrap_or([p.x, p.y, p.x, p.y]);
            Some([left.min(p.x), top.min(p.y), right.max(p.x), bottom.max(p.y)])
        })
    }
}

impl Missing {
    /// The same reason for another joint.
    #[must_use]
    pub fn of(self, joint: Joint) -> Self {
        match self {
            Missing::NotGiven(_) => Missing::NotGiven(joint),
            Missing::OutsidePicture(_) => Missing::OutsidePicture(joint),
            Missing::Hidden { visibility, needed, .. } => Missing::Hidden { joint, visibility, needed },
        }
    }
}

/// A person's joints in space as a model imagines them: metres, origin between the hips, x to the right of the picture,
/// y down, z away from the camera. A regressed body model: good for how far the body is turned, not for asymmetry.
#[derive(Debug, Clone, PartialEq)]
pub struct WorldPose {
    /// By [`Joint::index`].
    pub joints: [Vec3; Joint::COUNT],
}

impl WorldPose {
    /// A joint's place.
    #[must_use]
    pub fn get(&self, joint: Joint) -> Vec3 {
        self.joints[joint.index()]
    }

    /// The same places with left and right joints exchanged.
    #[must_use]
    pub fn exchanged(&self) -> Self {
        Self { joints: Joint::ALL.map(|joint| self.get(joint.mirror())) }
    }

    /// What the mirrored picture would have given, each joint again under the subject's own side.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        Self {
            joints: Joint::ALL.map(|joint| {
                let p = self.get(joint.mirror());
                Vec3::new(-p.x, p.y, p.z)
            }),
        }
    }
}

/// Joints that the model sees less clearly than this are not measured, 0 to 1.
pub const MIN_VISIBILITY: f64 = 0.5;

/// Joints outside the picture or too unclear lose their place and get the reason instead.
#[must_use]
pub fn screened(pose: &Pose, width: f64, height: f64) -> Pose {
    Pose::from_joints(|joint: Joint| {
        let keypoint = pose.get(joint)?;
        let inside = (0.0..=width).contains(&keypoint.at.x) && (0.0..=height).contains(&keypoint.at.y);
        if !inside {
            Err(Missing::OutsidePicture(joint))
        } else if keypoint.visibility < MIN_VISIBILITY {
            Err(Missing::Hidden { joint, visibility: keypoint.visibility, needed: MIN_VISIBILITY })
        } else {
            Ok(keypoint)
        }
    })
}
