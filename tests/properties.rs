//! Properties of every pose: mirror, rotation, scale, position.

use orthostat::core::body::landmarks::BonyPose;
use orthostat::core::body::pose::Pose;
use orthostat::core::body::skeleton::{Joint, Pair};
use orthostat::core::body::view::{Facing, View};
use orthostat::core::camera::{Camera, CameraMetadata, UserCalibration, frontal_plane};
use orthostat::core::geometry::{Point, Vec2};
use orthostat::core::measure::Measure;
use orthostat::core::measure::estimators::{Rectified, Shape};
use orthostat::core::measure::registry::estimate;
use orthostat::core::refusal::Refusal;
use proptest::prelude::*;

const WIDTH: f64 = 1080.0;

/// A plausible body, in pixels, every joint moved by up to 12 px.
fn body(jitter: &[f64]) -> Pose {
    let places: [(Pair, f64, f64); 11] = [
        (Pair::EYES_OUTER, 22.0, 240.0),
        (Pair::EARS, 38.0, 250.0),
        (Pair::MOUTH, 14.0, 285.0),
        (Pair::SHOULDERS, 90.0, 380.0),
        (Pair::ELBOWS, 125.0, 540.0),
        (Pair::WRISTS, 140.0, 680.0),
        (Pair::HIPS, 55.0, 660.0),
        (Pair::KNEES, 60.0, 900.0),
        (Pair::ANKLES, 62.0, 1130.0),
        (Pair::HEELS, 60.0, 1150.0),
        (Pair::TOES, 75.0, 1190.0),
    ];
    let mut noise = jitter.iter().copied();
    let mut next = || noise.next().unwrap_or(0.0);
    let mut points = vec![(Joint::Nose, Point::new(540.0 + next(), 262.0 + next()))];
    for (pair, half, y) in places {
        points.push((pair.left, Point::new(540.0 + half + next(), y + next())));
        points.push((pair.right, Point::new(540.0 - half + next(), y + next())));
    }
    Pose::from_points(points)
}

fn jitter() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-12.0..12.0, 46)
}

fn values(pose: &Pose) -> Vec<(Measure, f64)> {
    Measure::ALL
        .into_iter()
        .filter(|m| m.is_frontal() && m.needs_joints_alone())
        .map(|m| (m, m.of(pose, View::Anterior).unwrap_or_else(|e| panic!("{}: {e}", m.name()))))
        .collect()
}

/// Measures that turn with the picture, each with its change per degree.
fn turns_with_the_picture(measure: Measure) -> Option<f64> {
    match measure {
        // A picture turned clockwise lowers the subject's left (on the right) and moves the top to the subject's left.
        Measure::HeadTilt
        | Measure::ShoulderTilt
        | Measure::PelvicObliquity
        | Measure::KneeLevel
        | Measure::AnkleLevel => Some(-1.0),
        Measure::TrunkLean => Some(1.0),
        Measure::ShoulderPelvisAngle
        | Measure::KneeAngleLeft
        | Measure::KneeAngleRight
        | Measure::KneeAngleDifference
        | Measure::LegLengthDifference => Some(0.0),
        _ => None,
    }
}

proptest! {
    #[test]
    fn a_mirrored_pose_negates_every_signed_measure_exactly(jitter in jitter()) {
        // Powers of two in the width keep the mirror exact in floating point.
        let pose = body(&jitter).map_points(|_, p| Point::new((p.x * 64.0).round() / 64.0, p.y));
        let mirrored = pose.mirrored(WIDTH);
        for (measure, value) in values(&pose) {
            let there = measure.of(&mirrored, View::Anterior).expect("all joints are there");
            match measure {
                Measure::KneeAngleLeft => {
                    let other = Measure::KneeAngleRight.of(&mirrored, View::Anterior).expect("there");
                    prop_assert!((value - other).abs() < 1e-9);
                }
                Measure::KneeAngleRight => {}
                _ => prop_assert!((value + there).abs() < 1e-9, "{}: {value} {there}", measure.name()),
            }
        }
        prop_assert_eq!(View::of(&mirrored, None).expect("told"), View::Anterior);
    }

    #[test]
    fn seen_from_behind_the_same_body_gives_the_same_values(jitter in jitter()) {
        let front = body(&jitter);
        // Turned round, every joint changes to the other side of the picture.
        let back = front.map_points(|_, p| Point::new(WIDTH - p.x, p.y));
        for measure in Measure::ALL.into_iter().filter(|m| m.is_frontal() && m.needs_joints_alone() && *m != Measure::HeadTilt) {
            let (a, b) = (measure.of(&front, View::Anterior).expect("there"), measure.of(&back, View::Posterior).expect("there"));
            prop_assert!((a - b).abs() < 1e-9, "{}: {a} {b}", measure.name());
        }
        prop_assert_eq!(View::of(&back, None).expect("told"), View::Posterior);
    }

    #[test]
    fn turning_the_picture_shifts_tilts_and_leaves_relative_angles(jitter in jitter(), degrees in -10.0..10.0_f64) {
        let pose = body(&jitter);
        let turned = pose.map_points(|_, p| p.turned_about(Point::new(500.0, 700.0), degrees.to_radians()));
        for (measure, value) in values(&pose) {
            if let Some(rate) = turns_with_the_picture(measure) {
                let there = measure.of(&turned, View::Anterior).expect("all joints are there");
                prop_assert!((there - value - rate * degrees).abs() < 1e-6, "{}: {value} {there}", measure.name());
            }
        }
    }

    #[test]
    fn scale_and_place_change_nothing(jitter in jitter(), scale in 0.2..5.0_f64, x in -900.0..900.0_f64, y in -900.0..900.0_f64) {
        let pose = body(&jitter);
        let moved = pose.map_points(|_, p| Point::new(p.x * scale, p.y * scale) + Vec2::new(x, y));
        for (measure, value) in values(&pose) {
            let there = measure.of(&moved, View::Anterior).expect("all joints are there");
            prop_assert!((there - value).abs() < 1e-6, "{}: {value} {there}", measure.name());
        }
    }

    #[test]
    fn a_known_roll_is_taken_out(jitter in jitter(), roll in -10.0..10.0_f64) {
        let told = CameraMetadata { focal_35mm: Some(28.0), ..CameraMetadata::default() };
        let level = Camera { pitch_deg: 0.0, ..Camera::of(WIDTH, 1440.0, &told, &UserCalibration::default()) };
        let rolled = Camera { roll_deg: roll, ..level };
        let pose = body(&jitter);
        let seen = pose.map_points(|_, p| p.turned_about(level.principal, roll.to_radians()));
        for (joint, keypoint) in rolled.level_pose(&seen).found() {
            prop_assert!(keypoint.at.distance(pose.point(joint).expect("there")) < 1e-9);
        }
    }

    #[test]
    fn estimates_of_the_mirrored_pose_are_mirrored(jitter in jitter(), yaw in -15.0..15.0_f64, roll in -4.0..4.0_f64) {
        let told = CameraMetadata { focal_35mm: Some(28.0), ..CameraMetadata::default() };
        let camera = Camera { roll_deg: roll, pitch_deg: -6.0, ..Camera::of(WIDTH, 1440.0, &told, &UserCalibration::default()) };
        let straight = |pose: &Pose, camera: &Camera, yaw: f64| {
            let levelled = camera.level_pose(pose);
            let turned = frontal_plane::turned_back(&levelled, camera, Facing::Camera, yaw).expect("in sight");
            let unread = Err(Refusal::Degenerate("no outline was read"));
            let face = Err(Refusal::Degenerate("no face was read"));
            Rectified { levelled, turned, shape: Shape::of(&unread, Some, Some), bony: BonyPose::default(), face }
        };
        let pose = body(&jitter);
        let here = straight(&pose, &camera, yaw);
        let there = straight(&pose.mirrored(WIDTH), &camera.mirrored(), -yaw);
        for measure in Measure::ALL.into_iter().filter(|m| m.is_signed() && m.needs_joints_alone()) {
            match (estimate(measure, &here, View::Anterior), estimate(measure, &there, View::Anterior)) {
                (Ok(a), Ok(b)) => prop_assert!((a + b).abs() < 1e-6, "{}: {a} {b}", measure.name()),
                // Legs that fail the premise also fail it in the mirror image.
                (a, b) => {
                    let derived = [Measure::KneeLevel, Measure::LegLengthDifference].contains(&measure);
                    prop_assert!(derived && a == b, "{}: {a:?} {b:?}", measure.name());
                }
            }
        }
    }
}
