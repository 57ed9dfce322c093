//! A person's joints in one picture, each with its place or the reason why it has none.

use crate::core::body::skeleton::{Joint, Pair};
use crate::core::geometry::{Point, Vec3};

/// One joint as given by a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keypoint {
    /// Its place, in pixels of the upright photo.
    pub at: Point,
    /// The model's probability that it is visible and not hidden, 0 to 1.
    pub visibility: f64,
    /// Spread of its place over several readings, in pixels (root mean square of x and y); `None` for a single reading. For a manual
    /// landmark, the assumed error.
    pub sd_px: Option<f64>,
    /// Whether it was placed by hand.
    pub by_hand: bool,
}

impl Keypoint {
    /// The mean of several readings, with their spread; `None` if there are none.
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
    /// The model does not give this joint.
    NotGiven(Joint),
    /// It lies outside the picture.
    OutsidePicture(Joint),
    /// The model is too uncertain about it, or only estimates it behind something.
    Hidden {
        /// The joint.
        joint: Joint,
        /// The model's visibility, 0 to 1.
        visibility: f64,
        /// The required visibility.
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
    /// A pose with keypoints from a function of the joint.
    #[must_use]
    pub fn from_joints(keypoint: impl FnMut(Joint) -> Result<Keypoint, Missing>) -> Self {
        Self { keypoints: Joint::ALL.map(keypoint) }
    }

    /// A pose from places alone, each fully visible: for manual poses and for tests.
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

    /// The midpoint between a left joint and its right partner, in pixels.
    ///
    /// # Errors
    /// The reason why one of the two has no place.
    pub fn midpoint(&self, pair: Pair) -> Result<Point, Missing> {
        Ok(self.point(pair.left)?.midpoint(self.point(pair.right)?))
    }

    /// Sets a joint's keypoint or the reason why it has none.
    pub fn set(&mut self, joint: Joint, keypoint: Result<Keypoint, Missing>) {
        self.keypoints[joint.index()] = keypoint;
    }

    /// The same pose with every place moved by `map`.
    #[must_use]
    pub fn map_points(&self, mut map: impl FnMut(Joint, Point) -> Point) -> Self {
        Self::from_joints(|joint| self.get(joint).map(|k| Keypoint { at: map(joint, k.at), ..k }))
    }

    /// The pose in the mirrored picture of width `width` px, each joint again under the subject's own side.
    #[must_use]
    pub fn mirrored(&self, width: f64) -> Self {
        Self::from_joints(|joint| match self.get(joint.mirror()) {
            Ok(k) => Ok(Keypoint { at: Point::new(width - k.at.x, k.at.y), ..k }),
            Err(missing) => Err(missing.of(joint)),
        })
    }

    /// The same places with left and right joints exchanged: corrects a model that took a back for a front.
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

/// A person's joints in space as estimated by a model: metres, origin between the hips, x to the right of the picture, y down, z away
/// from the camera. A regressed body model: suitable for the turn of the body, not for asymmetry.
#[derive(Debug, Clone, PartialEq)]
pub struct WorldPose {
    /// Indexed by [`Joint::index`].
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

    /// The result for the mirrored picture, each joint again under the subject's own side.
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

/// Joints with a lower visibility are not measured, 0 to 1.
pub const MIN_VISIBILITY: f64 = 0.5;

/// Replaces joints outside the picture or with too low a visibility by the reason.
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
