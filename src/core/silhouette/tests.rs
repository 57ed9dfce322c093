//! Drawn people with known answers.

use super::*;
use crate::core::body::pose::Pose;
use crate::core::body::skeleton::Joint;
use crate::core::body::view::Facing;
use crate::core::refusal::Refusal;

type Measured = Result<f64, Refusal>;

/// A person seen from the front, trunk 200 px long, shoulders at y 100 and hips at y 300, in the middle of 420 px.
#[derive(Clone, Copy, Default)]
struct Person {
    /// How far the waist bows to the subject's left, in pixels.
    bow: f64,
    /// The slope of the flanks to the subject's left, per pixel down.
    skew: f64,
    /// How much nearer the left arm hangs, in pixels.
    left_arm: f64,
    /// How much higher the left shoulder's contour lies, per pixel across.
    slope: f64,
}

const MIDDLE: f64 = 210.0;
const WIDTH: f64 = 2.0 * MIDDLE;

impl Person {
    fn arm(self, side: f64) -> [Point; 3] {
        let nearer = if side > 0.0 { self.left_arm } else { 0.0 };
        let out = |x: f64| MIDDLE + side * (x - nearer);
        [Point::new(MIDDLE + side * 70.0, 100.0), Point::new(out(95.0), 200.0), Point::new(out(105.0), 300.0)]
    }

    fn pose(self) -> Pose {
        let ([ls, le, lw], [rs, re, rw]) = (self.arm(1.0), self.arm(-1.0));
        Pose::from_points([
            (Joint::LeftShoulder, ls),
            (Joint::RightShoulder, rs),
            (Joint::LeftElbow, le),
            (Joint::RightElbow, re),
            (Joint::LeftWrist, lw),
            (Joint::RightWrist, rw),
            (Joint::LeftHip, Point::new(MIDDLE + 35.0, 300.0)),
            (Joint::RightHip, Point::new(MIDDLE - 35.0, 300.0)),
        ])
    }

    /// How far inside the person a point lies, in pixels; negative outside.
    fn inside(self, p: Point) -> f64 {
        let share = (p.y - 100.0) / 200.0;
        let half = 46.0 + 200.0 * (share - 0.62).powi(2);
        let bump = (-((share - 0.575) / 0.2).powi(2)).exp();
        let middle = MIDDLE + self.bow * bump + self.skew * (p.y - 200.0);
        let trunk = (half - (p.x - middle).abs()).min(p.y - 90.0).min(420.0 - p.y);
        let top = 85.0 - self.slope * (p.x - MIDDLE);
        let girdle = (75.0 - (p.x - MIDDLE).abs()).min(p.y - top).min(115.0 - p.y);
        let arms = [1.0, -1.0].into_iter().flat_map(|side| {
            let [shoulder, elbow, wrist] = self.arm(side);
            [(shoulder, elbow), (elbow, wrist)]
        });
        let arm = arms
            .map(|(from, to)| {
                let along = to - from;
                let share = ((p - from).dot(along) / along.dot(along)).clamp(0.0, 1.0);
                11.0 - p.distance(from + along * share)
            })
            .fold(f64::NEG_INFINITY, f64::max);
        trunk.max(girdle).max(arm)
    }

    /// A mask of pixels of 2 px, slightly turned, with edges as soft as a model's.
    fn mask(self) -> Mask {
        let to_photo = Affine { xx: 2.0, xy: -0.1, tx: -20.0, yx: 0.1, yy: 2.0, ty: -5.0 };
        let probability = Array2::from_shape_fn((256, 256), |(row, column)| {
            let depth = self.inside(to_photo.apply(Point::new(column as f64, row as f64)));
            (0.5 + depth / 8.0).clamp(0.0, 1.0) as f32
        });
        Mask { probability, to_photo }
    }

    fn outline(self) -> Outline {
        read(&[self.mask()], &self.pose(), Facing::Camera)
    }
}

fn read(masks: &[Mask], pose: &Pose, facing: Facing) -> Outline {
    Outline::read(&Silhouette::of(masks), pose, facing).expect("all joints given")
}

fn all(outline: &Outline) -> [Measured; 4] {
    [
        trunk_midline_deviation(outline, Some),
        hip_outline_tilt(outline, Some),
        arm_gap_asymmetry(outline, Some),
        shoulder_contour_tilt(outline, Some),
    ]
}

#[test]
fn a_symmetric_person_is_symmetric() {
    let tolerance = [0.05, 0.05, 1.0, 0.05];
    for (found, tolerance) in all(&Person::default().outline()).into_iter().zip(tolerance) {
        assert!(found.as_ref().is_ok_and(|v| v.abs() < tolerance), "{found:?}");
    }
}

#[test]
fn edges_are_found_to_a_fraction_of_a_pixel() {
    for row in Person::default().outline().rows {
        let half = 46.0 + 200.0 * (row.share - 0.62).powi(2);
        if let (Some(left), Some(right)) = (row.left, row.right) {
            assert!((left.x - MIDDLE - half).abs() < 0.2 && (MIDDLE - right.x - half).abs() < 0.2, "{row:?}");
        }
    }
}

#[test]
fn known_shapes_give_known_answers() {
    let bowed = trunk_midline_deviation(&Person { bow: 6.0, ..Person::default() }.outline(), Some).expect("clear");
    assert!((bowed - 3.0).abs() < 0.1, "{bowed}");
    let skewed = Person { skew: 3.0_f64.to_radians().tan(), ..Person::default() };
    let tilted = hip_outline_tilt(&skewed.outline(), Some).expect("clear");
    assert!((tilted - 3.0).abs() < 0.1, "{tilted}");
    let sloped = Person { slope: 0.05, ..Person::default() };
    let contour = shoulder_contour_tilt(&sloped.outline(), Some).expect("clear");
    assert!((contour - 0.05_f64.atan().to_degrees()).abs() < 0.1, "{contour}");
    let nearer = Person { left_arm: 4.0, ..Person::default() };
    let gap = arm_gap_asymmetry(&nearer.outline(), Some).expect("clear");
    assert!((-40.0..-5.0).contains(&gap), "{gap}");
}

#[test]
fn mirrored_people_give_negated_measures() {
    let person = Person { bow: 5.0, skew: 0.04, left_arm: 5.0, slope: -0.03 };
    let mirrored = read(&[person.mask().mirrored(WIDTH)], &person.pose().mirrored(WIDTH), Facing::Camera);
    assert_negated(&person.outline(), &mirrored);
}

/// Every measure has a value for both, with opposite signs, or for neither.
fn assert_negated(one: &Outline, other: &Outline) {
    let mut given = 0;
    for (a, b) in all(one).into_iter().zip(all(other)) {
        match (a, b) {
            (Ok(a), Ok(b)) => {
                assert!((a + b).abs() < 1e-6, "{a} {b}");
                given += 1;
            }
            (a, b) => assert!(a.is_err() && b.is_err(), "{a:?} {b:?}"),
        }
    }
    assert!(given >= 4, "{given}");
}

#[test]
fn from_behind_the_left_is_on_the_left() {
    let person = Person { bow: 5.0, skew: 0.04, left_arm: 0.0, slope: -0.03 };
    let seen = person.pose();
    let pose = Pose::from_joints(|joint| seen.get(joint.mirror()));
    assert_negated(&person.outline(), &read(&[person.mask()], &pose, Facing::Away));
}

#[test]
fn a_tilt_of_the_whole_picture_goes_where_it_should() {
    let person = Person { bow: 5.0, ..Person::default() };
    let (outline, turn) = (person.outline(), 4.0_f64.to_radians());
    let turned = |p: Point| Some(p.turned_about(Point::new(50.0, 80.0), turn));
    let [bow, hip, gap, contour] = all(&outline).map(|found| found.expect("clear"));
    assert!((trunk_midline_deviation(&outline, turned).expect("clear") - bow).abs() < 1e-9);
    assert!((arm_gap_asymmetry(&outline, turned).expect("clear") - gap).abs() < 1e-9);
    // Clockwise on the screen the subject's left, on the right, goes down.
    assert!((hip_outline_tilt(&outline, turned).expect("clear") - (hip - 4.0)).abs() < 0.01);
    assert!((shoulder_contour_tilt(&outline, turned).expect("clear") - (contour - 4.0)).abs() < 1e-9);
}

#[test]
fn a_touching_arm_is_a_reason_and_not_a_number() {
    let touching = Person { left_arm: 38.0, ..Person::default() }.outline();
    let [bow, hip, gap, contour] = all(&touching);
    for found in [bow, hip, gap] {
        assert!(matches!(found, Err(Refusal::Gate(_))), "{found:?}");
    }
    assert!(contour.is_ok());
}

#[test]
fn raised_arms_have_no_gap() {
    let person = Person::default();
    let mut pose = person.pose();
    let raised = Pose::from_points([(Joint::LeftWrist, Point::new(MIDDLE + 90.0, 60.0))]).get(Joint::LeftWrist);
    pose.set(Joint::LeftWrist, raised);
    let outline = read(&[person.mask()], &pose, Facing::Camera);
    assert!(matches!(arm_gap_asymmetry(&outline, Some), Err(Refusal::Gate(reason)) if reason.contains("hang")));
}

#[test]
fn a_missing_joint_and_a_missing_person_are_reasons() {
    let person = Person::default();
    let mut pose = person.pose();
    pose.set(Joint::RightElbow, Pose::default().get(Joint::RightElbow));
    assert!(matches!(
        Outline::read(&Silhouette::of(&[person.mask()]), &pose, Facing::Camera),
        Err(Refusal::Missing(_))
    ));
    let nobody = Mask { probability: Array2::zeros((256, 256)), ..person.mask() };
    for masks in [vec![nobody], Vec::new()] {
        assert!(all(&read(&masks, &person.pose(), Facing::Camera)).iter().all(Result::is_err));
    }
}

#[test]
fn noise_gives_numbers_or_reasons() {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32
    };
    for round in 0..40 {
        let mut mask = Person::default().mask();
        mask.probability.mapv_inplace(|v| v + 0.1 * round as f32 * (next() - 0.5));
        let pose = Person::default().pose().map_points(|_, p| {
            Point::new(p.x + f64::from(next() - 0.5) * 10.0 * f64::from(round), p.y + f64::from(next() - 0.5) * 40.0)
        });
        if let Ok(outline) = Outline::read(&Silhouette::of(&[mask]), &pose, Facing::Away) {
            assert!(all(&outline).iter().all(|found| found.as_ref().map_or(true, |v| v.is_finite())));
        }
    }
}

#[test]
fn masks_follow_the_photo_when_it_is_mirrored() {
    let probability = Array2::from_shape_fn((8, 8), |(row, column)| (row * 8 + column) as f32 / 64.0);
    let map = Affine { xx: 2.0, xy: 0.3, tx: 11.0, yx: -0.3, yy: 2.0, ty: 5.0 };
    let mask = Mask { probability, to_photo: map };
    let at = map.apply(Point::new(3.25, 4.5));
    let value = |mask: &Mask, at: Point| Silhouette::of(std::slice::from_ref(mask)).at(at);
    let expected = (4.5 * 8.0 + 3.25) / 64.0;
    assert!((value(&mask, at) - expected).abs() < 1e-6);
    let mirrored = mask.clone().mirrored(100.0);
    assert!((value(&mirrored, Point::new(100.0 - at.x, at.y)) - expected).abs() < 1e-6);
    assert_eq!(value(&mask, Point::new(-500.0, 0.0)), 0.0);
}

#[test]
fn a_flat_map_says_nothing() {
    let flat = Affine { xx: 0.0, xy: 0.0, tx: 0.0, yx: 0.0, yy: 0.0, ty: 0.0 };
    let masks = [Mask { probability: Array2::ones((4, 4)), to_photo: flat }];
    assert_eq!(Silhouette::of(&masks).at(Point::new(1.0, 1.0)), 0.0);
}
