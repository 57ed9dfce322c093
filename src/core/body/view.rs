//! The view: the side of the person that the camera sees.

use crate::core::body::pose::Pose;
use crate::core::body::skeleton::{Joint, Pair, Side};
use crate::core::refusal::Refusal;

closed_set! {
    /// The side of the body that the camera sees.
    View {
        /// The front: the subject's left is on the right of the picture.
        Anterior = "anterior",
        /// The back: the subject's left is on the left of the picture.
        Posterior = "posterior",
        /// The subject's left side.
        LeftLateral = "left",
        /// The subject's right side.
        RightLateral = "right",
    }
}

/// Whether a person seen frontally faces the camera or shows it the back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facing {
    /// Anterior view.
    Camera,
    /// Posterior view.
    Away,
}

impl Facing {
    /// +1 when the subject's left lies towards larger x in the picture, -1 when towards smaller x.
    #[must_use]
    pub const fn left_sign(self) -> f64 {
        match self {
            Facing::Camera => 1.0,
            Facing::Away => -1.0,
        }
    }
}

/// Below this share of the trunk's length (middle of shoulders to middle of hips) the width of the shoulders indicates a side view. On
/// rendered people with exact truth, frontal views gave 0.64 to 0.77 and side views 0.00 to 0.18; on annotated real photos, views
/// labelled frontal went down to 0.31, except for one in two hundred.
const LATERAL_BELOW: f64 = 0.30;
/// From this difference in height between tips and heels of the feet in the picture, the feet show where they point, in trunk lengths.
/// Seen from the front: 0.05 to 0.3 (98 of 100 real photos); from behind: -0.14 to -0.05.
const FEET_POINT: f64 = 0.03;

/// The distance of the left shoulder to the right of the right one in the picture, perpendicular to the trunk, in trunk lengths: when a
/// person leans, the shoulder line leans too.
///
/// # Errors
/// When shoulders or hips have no place.
pub fn shoulder_span(pose: &Pose) -> Result<f64, Refusal> {
    let across = pose.point(Joint::LeftShoulder)? - pose.point(Joint::RightShoulder)?;
    let up = pose.midpoint(Pair::SHOULDERS)? - pose.midpoint(Pair::HIPS)?;
    Ok(up.cross(across) / up.dot(up).max(1e-9))
}

impl View {
    /// The view with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [View::Anterior, View::Posterior, View::LeftLateral, View::RightLateral]
            .into_iter()
            .find(|view| view.name() == name)
    }

    /// The view of the same picture with left and right exchanged on the body. Side views stay: their side follows from the direction
    /// in which the person faces.
    #[must_use]
    pub const fn exchanged(self) -> Self {
        match self {
            View::Anterior => View::Posterior,
            View::Posterior => View::Anterior,
            View::LeftLateral | View::RightLateral => self,
        }
    }

    /// The view in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            View::Anterior => "from the front",
            View::Posterior => "from behind",
            View::LeftLateral => "from the subject's left side",
            View::RightLateral => "from the subject's right side",
        }
    }

    /// How the person faces the camera, for frontal views.
    #[must_use]
    pub const fn facing(self) -> Option<Facing> {
        match self {
            View::Anterior => Some(Facing::Camera),
            View::Posterior => Some(Facing::Away),
            View::LeftLateral | View::RightLateral => None,
        }
    }

    /// The side nearer the camera, for side views.
    #[must_use]
    pub const fn near_side(self) -> Option<Side> {
        match self {
            View::LeftLateral => Some(Side::Left),
            View::RightLateral => Some(Side::Right),
            View::Anterior | View::Posterior => None,
        }
    }

    /// Determines the view from the positions of the shoulders, and for side views from the direction of the body: `left_away` is how
    /// much farther from the camera a model places the left side than the right one.
    ///
    /// # Errors
    /// When shoulders or hips have no place.
    pub fn of(pose: &Pose, left_away: Option<f64>) -> Result<Self, Refusal> {
        let span = shoulder_span(pose)?;
        if span >= LATERAL_BELOW {
            return Ok(View::Anterior);
        }
        if span <= -LATERAL_BELOW {
            return Ok(View::Posterior);
        }
        // When the body is turned to the subject's own right, the left side comes to the front, nearer to the camera.
        let turned = match left_away {
            Some(away) => away,
            None => {
                let ears = pose.midpoint(Pair::EARS)?;
                pose.point(Joint::Nose)?.x - ears.x
            }
        };
        Ok(if turned < 0.0 { View::LeftLateral } else { View::RightLateral })
    }

    /// Whether the shoulders show the person from the side.
    #[must_use]
    pub fn is_from_the_side(pose: &Pose) -> bool {
        shoulder_span(pose).is_ok_and(|span| span.abs() < LATERAL_BELOW)
    }

    /// Whether the view is unclear: the shoulders' share of the trunk's length lies near the limit.
    #[must_use]
    pub fn is_doubtful(pose: &Pose) -> bool {
        shoulder_span(pose).map_or(true, |span| (0.5 * LATERAL_BELOW..1.4 * LATERAL_BELOW).contains(&span.abs()))
    }

    /// Whether the feet contradict a view from the front or from behind: cameras are above the floor, so the tips of feet that point at
    /// the camera are lower in the picture than their heels. A covered head is often taken for the back of a head.
    #[must_use]
    pub fn is_against_the_feet(self, pose: &Pose) -> bool {
        let down = |pair: Pair| pose.midpoint(pair).ok();
        let (Some(facing), Some(tips), Some(heels)) = (self.facing(), down(Pair::TOES), down(Pair::HEELS)) else {
            return false;
        };
        let (Some(shoulders), Some(hips)) = (down(Pair::SHOULDERS), down(Pair::HIPS)) else { return false };
        let trunk = shoulders.distance(hips);
        trunk > 0.0 && facing.left_sign() * (tips.y - heels.y) < -FEET_POINT * trunk
    }
}
