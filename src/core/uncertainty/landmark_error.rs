//! What the errors of single points do to measures of which some points were placed by hand.
//!
//! The error model of [`crate::core::uncertainty::calibration`] was fitted on values of a model's points alone. What points placed by hand add or take
//! away is found by moving each coordinate of each point by its standard deviation up and down, one at a time:
//!
//! - all points of a measure by hand: their errors are the value's (and camera and turn, as ever);
//! - whole pairs by hand and whole pairs by the model: the model's error as if it had given all, and the hand's on top;
//! - one side by hand, the other by the model: that point of the model errs by itself, which is much more than what it errs by
//!   against its partner, and this comes on top too.

use crate::core::body::landmarks::BonyPoint;
use crate::core::body::landmarks::BonyPose;
use crate::core::body::pose::{Keypoint, Pose};
use crate::core::body::view::View;
use crate::core::geometry::{Point, Vec2};
use crate::core::measure::estimators::{Rectified, Value};
use crate::core::measure::registry::{estimate, plain as plain_value};
use crate::core::measure::{ByHand, Measure};
use crate::core::points::{CLICK_SD, Points, SD_WITHOUT_TRUNK_PX, Site};

/// How far a model's point lies from the true one, as the standard deviation of each coordinate in trunk lengths: on 94 rendered
/// photos from the front and from behind (0.010 to 0.034 across, 0.025 to 0.055 along the body, by joint), and on 10 from the side
/// (0.010 to 0.057 and 0.020 to 0.075; `tools/placing.rs`).
const MODEL_SD: [f64; 2] = [0.035, 0.05];
/// Model points that make up less than this share of a value's variance have no part in it.
const NO_PART: f64 = 0.05;

/// One coordinate of one point moved up and down.
#[derive(Debug)]
struct Push {
    site: Site,
    by_hand: bool,
    /// Levelled and turned back.
    rectified: [Rectified; 2],
    /// As it stands in the picture. Turned back, a measure leans a little on every shoulder and hip.
    in_picture: [Rectified; 2],
}

/// Every coordinate of every point, moved.
#[derive(Debug)]
pub struct LandmarkError {
    pushes: Vec<Push>,
}

/// What placing adds to one measure's error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlacementError {
    /// Variance from points placed by hand.
    pub by_hand: f64,
    /// Variance from the model's points, with independent errors.
    pub by_model: f64,
    /// Whether the measure's plain definition leans on a point placed by hand.
    pub leans: bool,
    /// The part of `by_model` from joints whose partner on the other side was placed by hand.
    pub by_partners: f64,
}

impl PlacementError {
    /// How far the value leans on points placed by hand.
    #[must_use]
    pub fn kind(&self) -> ByHand {
        match self.leans {
            false => ByHand::No,
            true if self.by_model < NO_PART * (self.by_model + self.by_hand) => ByHand::Wholly,
            true => ByHand::Partly,
        }
    }
}

impl LandmarkError {
    /// `None` without points placed by hand. `points` say how well each was placed; `apply` straightens, and `as_it_is` does not.
    pub fn of(
        pose: &Pose,
        bony: &BonyPose,
        points: &Points,
        view: View,
        trunk_px: Option<f64>,
        apply: impl Fn(&Pose, &BonyPose) -> Rectified,
        as_it_is: impl Fn(&Pose, &BonyPose) -> Rectified,
    ) -> Option<Self> {
        if points.is_empty() {
            return None;
        }
        let share = if view.facing().is_some() { MODEL_SD[0] } else { MODEL_SD[1] };
        let model_sd = share * trunk_px.unwrap_or(SD_WITHOUT_TRUNK_PX / CLICK_SD);
        let coordinates = |sd: f64| [Vec2::new(sd, 0.0), Vec2::new(0.0, sd)];
        let mut pushes = Vec::new();
        for (joint, keypoint) in pose.found() {
            let (site, by_hand) = (Site::Joint(joint), keypoint.by_hand);
            let sd = points.get(site).filter(|_| by_hand).and_then(|point| point.sd_px).unwrap_or(model_sd);
            for by in coordinates(sd) {
                let moved = [by, -by].map(|by| {
                    let mut pose = pose.clone();
                    pose.set(joint, Ok(Keypoint { at: keypoint.at + by, ..keypoint }));
                    pose
                });
                let rectified = moved.each_ref().map(|pose| apply(pose, bony));
                pushes.push(Push { site, by_hand, rectified, in_picture: moved.map(|pose| as_it_is(&pose, bony)) });
            }
        }
        for point in BonyPoint::ALL {
            let site = Site::Bony(point);
            let (Ok(at), Some(sd)) = (bony.point(point), points.get(site).and_then(|p| p.sd_px)) else { continue };
            for by in coordinates(sd) {
                let moved = [by, -by].map(|by| {
                    let place = |other: BonyPoint| -> Option<Point> {
                        if other == point { Some(at + by) } else { bony.point(other).ok() }
                    };
                    BonyPose::from_points(place)
                });
                let rectified = moved.each_ref().map(|bony| apply(pose, bony));
                let in_picture = moved.map(|bony| as_it_is(pose, &bony));
                pushes.push(Push { site, by_hand: true, rectified, in_picture });
            }
        }
        Some(Self { pushes })
    }

    /// What placing adds to a measure's error.
    #[must_use]
    pub fn error(&self, measure: Measure, view: View) -> PlacementError {
        let half = |[up, down]: &[Rectified; 2], value: &dyn Fn(&Rectified) -> Value| -> f64 {
            match (value(up), value(down)) {
                (Ok(up), Ok(down)) => 0.5 * (up - down),
                _ => 0.0,
            }
        };
        let plain = |rectified: &Rectified| plain_value(measure, rectified, view);
        let best = |rectified: &Rectified| estimate(measure, rectified, view);
        let mut error = PlacementError { by_hand: 0.0, by_model: 0.0, by_partners: 0.0, leans: false };
        let (mut placed, mut by_model) = (Vec::new(), Vec::new());
        for push in &self.pushes {
            let leans = half(&push.in_picture, &plain).abs() > 1e-9;
            let variance = half(&push.rectified, &best).powi(2);
            if push.by_hand {
                error.by_hand += variance;
                error.leans |= leans;
                if leans {
                    placed.push(push.site);
                }
            } else if leans {
                error.by_model += variance;
                by_model.push((push.site, variance));
            }
        }
        let partner = |site: Site| match site {
            Site::Joint(joint) => placed.contains(&Site::Joint(joint.mirror())),
            Site::Bony(_) => false,
        };
        error.by_partners = by_model.iter().filter(|(site, _)| partner(*site)).map(|(_, variance)| variance).sum();
        error
    }
}
