//! Manual landmarks: the measures that each enables, compared with values computed by hand, and the messages for invalid files.

use std::path::{Path, PathBuf};

use crate::support::{orthostat, repository, sagittal_plane};
use orthostat::core::body::skeleton::Side;
use orthostat::core::geometry::Point;
use orthostat::core::points::{CLICK_SD, Points};
use orthostat::core::recompute::recompute;
use orthostat::core::record::states::{PlacedBy, PointsBy};
use orthostat::core::record::{MeasureRecord, Record};
use orthostat::core::uncertainty::side;

fn points(json: &str) -> Points {
    Points::from_json(json.as_bytes(), "points.json".as_ref()).expect("points")
}

fn sample(name: &str) -> (Record, PathBuf) {
    let path = repository("samples/expected").join(name);
    (Record::open(&path).expect("a record"), path)
}

/// The record of a sample with these points.
fn with(name: &str, json: &str) -> Record {
    let (record, path) = sample(name);
    let mut options = record.options();
    options.points = points(json);
    recompute(&record, &path, &options).expect("measured")
}

fn value(measure: &MeasureRecord) -> f64 {
    measure.value.expect("a value")
}

fn near(found: Option<f64>, expected: f64, within: f64) {
    assert!(found.is_some_and(|found| (found - expected).abs() <= within), "found {found:?}, expected {expected}");
}

/// A picture without roll, pitch or turn: the measures equal those in the picture. The body is in the picture's middle.
fn square(json: &str, view: &str) -> Record {
    let (mut record, path) = sample("anterior-level.json");
    let mut options = record.options();
    options.points = points(json);
    options.given.roll_deg = Some(0.0);
    options.view = orthostat::core::body::view::View::from_name(view);
    let seen = record.observation.as_mut().expect("kept");
    // A level camera, by gravity alone.
    seen.told.gravity = Some([0.0, -1.0, 0.0]);
    if let Some(worlds) = &mut seen.worlds {
        worlds.away = [0.0; 5];
    }
    // Feet would affect roll and turn.
    for name in ["left_foot_index", "right_foot_index"] {
        seen.joints[name].2 = 0.0;
    }
    recompute(&record, &path, &options).expect("measured")
}

/// The true tilt of a line that has this tilt in a [`square`] picture, its middle at this height: the body is slightly beside the optical
/// axis and is seen at that angle. tan(true) = (tan(seen) + v / f tan(angle)) cos(angle), with v the line's height above the horizon.
fn seen_from_the_side(record: &Record, seen_deg: f64, middle_y: f64) -> f64 {
    let middle = |left: &str, right: &str| 0.5 * (record.landmarks[left].x + record.landmarks[right].x);
    let body = 0.5 * (middle("left_shoulder", "right_shoulder") + middle("left_hip", "right_hip"));
    let angle = -((body - 540.0) / record.camera.focal_px).atan();
    let above = (720.0 - middle_y) / record.camera.focal_px;
    ((seen_deg.to_radians().tan() + above * angle.tan()) * angle.cos()).atan().to_degrees()
}

#[test]
fn nothing_may_follow_the_object() {
    let read = |json: &str| Points::from_json(json.as_bytes(), Path::new("p.json"));
    assert!(read(r#"{"c7": [1, 2]}  "#).is_ok());
    for more in ["x", "{}", r#"{"c7": [3, 4]}"#, ","] {
        let error = read(&format!("{{\"c7\": [1, 2]}}{more}")).expect_err("refused").to_string();
        assert!(error.contains("expected a JSON object of points"), "{error}");
    }
}

#[test]
fn acromia_and_iliac_spines_give_their_tilts() {
    // 10 px over 200 px, the subject's left to the right in the picture: atan(10 / 200) = 2.862; atan(-4 / 80) = -2.862.
    let record = square(
        r#"{"left_acromion": [640, 400], "right_acromion": [440, 410], "left_asis": [580, 704], "right_asis": [500, 700]}"#,
        "anterior",
    );
    near(record.measures["acromial_tilt"].raw, 2.862, 0.01);
    near(record.measures["pelvic_obliquity_asis"].raw, -2.862, 0.01);
    let (acromia, spines) = (&record.measures["acromial_tilt"], &record.measures["pelvic_obliquity_asis"]);
    near(acromia.value, seen_from_the_side(&record, 2.862, 405.0), 0.03);
    near(spines.value, seen_from_the_side(&record, -2.862, 702.0), 0.03);
    assert_eq!(acromia.by, Some(PointsBy::Hand));
    assert_eq!(record.landmarks["left_acromion"].by, Some(PlacedBy::Hand));
    assert!(
        !record.measures.contains_key("pelvic_obliquity_psis")
            && !record.measures.contains_key("craniovertebral_angle")
    );
    assert!(acromia.words.as_deref().is_some_and(|words| words.starts_with("left acromion higher by ")), "{acromia:?}");
}

#[test]
fn spines_at_the_back_are_measured_from_behind_and_those_in_front_are_not() {
    // Seen from behind, the subject's left is on the left: 6 px over 60 px = atan(0.1) = 5.711.
    let json =
        r#"{"left_psis": [510, 640], "right_psis": [570, 646], "left_asis": [500, 650], "right_asis": [580, 650]}"#;
    let record = with("posterior-level.json", json);
    near(record.measures["pelvic_obliquity_psis"].raw, 5.711, 0.01);
    let front = &record.measures["pelvic_obliquity_asis"];
    assert_eq!((front.value, front.reason.as_deref()), (None, Some("needs a view from the front")));
}

#[test]
fn c7_gives_the_craniovertebral_angle() {
    // The subject faces left in the picture. From C7 (505, 565) to the ear (433, 505): atan(60 / 72) = 39.806.
    let record = with("lateral-left.json", r#"{"c7": [505, 565], "left_ear": [433, 505]}"#);
    let angle = &record.measures["craniovertebral_angle"];
    near(angle.raw, 39.806, 0.01);
    // The body is turned a little, so the near ear is seen beside the place that it has over the midline, where C7 is; levelled by the roll found
    // in the picture, which turns the line by the same angle.
    let plane = sagittal_plane(&record, Side::Left);
    let ear = plane.place(Point::new(433.0, 505.0), side::fitted().turn.breadths.ears);
    let c7 = plane.place(Point::new(505.0, 565.0), 0.0);
    let straight = (c7.y - ear.y).atan2(c7.x - ear.x).to_degrees();
    assert!((1.0..6.0).contains(&(straight - 39.806).abs()), "{straight}");
    near(angle.value, straight - record.camera.roll_deg, 0.25);
    assert_eq!(angle.by, Some(PointsBy::Hand));
    // With the model's own ear, the angle depends on the model, which its interval reflects.
    let by_model = with("lateral-left.json", r#"{"c7": [505, 565]}"#);
    let wider = &by_model.measures["craniovertebral_angle"];
    assert_eq!(wider.by, Some(PointsBy::HandAndModel));
    assert!(wider.sd > angle.sd.map(|sd| 2.0 * sd), "{wider:?} {angle:?}");
}

#[test]
fn without_their_points_these_measures_are_not_there() {
    for name in ["anterior-level.json", "lateral-left.json"] {
        let (record, _) = sample(name);
        for measure in ["acromial_tilt", "pelvic_obliquity_asis", "pelvic_obliquity_psis", "craniovertebral_angle"] {
            assert!(!record.measures.contains_key(measure), "{name} {measure}");
        }
    }
    let one = with("anterior-level.json", r#"{"left_asis": [580, 704]}"#);
    assert!(!one.measures.contains_key("pelvic_obliquity_asis"), "one point is no line");
    assert_eq!(one.landmarks["left_asis"].x, 580.0);
}

#[test]
fn the_error_of_a_click_becomes_the_error_of_the_angle() {
    // Two points 200 px apart, each with an error of 2 px in height: sqrt(2) * 2 / 200 rad = 0.81 deg.
    let json = |sd: f64| {
        format!(
            r#"{{"left_acromion": {{"x": 640, "y": 400, "sd_px": {sd}}}, "right_acromion": {{"x": 440, "y": 400, "sd_px": {sd}}}}}"#
        )
    };
    let sd = |record: &Record| record.measures["acromial_tilt"].sd.expect("given");
    let (sharp, coarse) = (sd(&square(&json(0.01), "anterior")), sd(&square(&json(2.0), "anterior")));
    near(Some((coarse * coarse - sharp * sharp).sqrt()), 0.81, 0.02);
    // The rest comes from the camera and the turn.
    assert!(sharp > 0.2 && sharp < 2.0, "{sharp}");
    // Without a stated error, a click has the error given in the documentation.
    let record = square(r#"{"left_acromion": [640, 400], "right_acromion": [440, 400]}"#, "anterior");
    let place = |name: &str| (record.landmarks[name].x, record.landmarks[name].y);
    let middle = |a: (f64, f64), b: (f64, f64)| (0.5 * (a.0 + b.0), 0.5 * (a.1 + b.1));
    let shoulders = middle(place("left_shoulder"), place("right_shoulder"));
    let hips = middle(place("left_hip"), place("right_hip"));
    let trunk = (shoulders.0 - hips.0).hypot(shoulders.1 - hips.1);
    near(record.landmarks["left_acromion"].sd_px, CLICK_SD * trunk, 0.01);
}

#[test]
fn a_joint_by_hand_replaces_the_models_and_its_error() {
    let plain = square(r#"{"c7": [1, 1]}"#, "anterior");
    // Above the model's own middle: a leaning trunk would make the turn less certain.
    let middle = 0.5 * (plain.landmarks["left_shoulder"].x + plain.landmarks["right_shoulder"].x);
    let both = format!(
        r#"{{"left_shoulder": {{"x": {}, "y": 410, "sd_px": 1}}, "right_shoulder": {{"x": {}, "y": 420, "sd_px": 1}}}}"#,
        middle + 80.0,
        middle - 80.0
    );
    let both = square(&both, "anterior");
    let tilt = &both.measures["shoulder_tilt"];
    // atan(10 / 160) = 3.576, without the weight of arms or outline.
    near(tilt.raw, 3.576, 0.01);
    near(tilt.value, seen_from_the_side(&both, 3.576, 415.0), 0.03);
    assert_eq!(tilt.by, Some(PointsBy::Hand));
    assert!(tilt.sd < plain.measures["shoulder_tilt"].sd, "two sharp points by hand are surer than the model");
    let (head, as_ever) = (&both.measures["head_tilt"], &plain.measures["head_tilt"]);
    assert_eq!((&head.by, head.sd), (&None, as_ever.sd), "what leans on no such point keeps its error");
    // One side alone: the model's other point has an error of its own.
    let one = square(r#"{"left_shoulder": [620, 410]}"#, "anterior");
    let half = &one.measures["shoulder_tilt"];
    assert_eq!(half.by, Some(PointsBy::HandAndModel));
    assert!(half.sd > plain.measures["shoulder_tilt"].sd);
}

#[test]
fn a_joint_moved_far_takes_the_outline_with_it() {
    let near_by = with("anterior-level.json", r#"{"left_elbow": [640, 560]}"#);
    let moved = &near_by.measures["trunk_midline_deviation"];
    assert!(
        moved.reason.as_deref().is_some_and(|reason| reason.contains("left elbow, which was placed elsewhere by hand")),
        "{moved:?}"
    );
}

#[test]
fn a_point_on_the_models_own_place_changes_no_line() {
    let plain = sample("anterior-tilted.json").0;
    let (left, right) = (&plain.landmarks["left_hip"], &plain.landmarks["right_hip"]);
    let json = format!(r#"{{"left_hip": [{}, {}], "right_hip": [{}, {}]}}"#, left.x, left.y, right.x, right.y);
    let record = with("anterior-tilted.json", &json);
    // Up to hundredths of a pixel, the precision of a record.
    near(record.measures["trunk_lean"].value, value(&plain.measures["trunk_lean"]), 0.011);
    near(record.measures["pelvic_obliquity"].raw, plain.measures["pelvic_obliquity"].raw.expect("given"), 0.011);
}

#[test]
fn in_a_mirror_image_points_keep_the_subjects_own_side() {
    let (record, path) = sample("anterior-level.json");
    let mut options = record.options();
    options.mirrored = true;
    // In the mirror image the subject's left is on the left of the picture.
    options.points = points(r#"{"left_acromion": [440, 400], "right_acromion": [640, 410]}"#);
    let mirrored = recompute(&record, &path, &options).expect("measured");
    near(mirrored.measures["acromial_tilt"].raw, 2.862, 0.01);
    assert_eq!((mirrored.landmarks["left_acromion"].x, mirrored.landmarks["left_acromion"].y), (440.0, 400.0));
    assert!(mirrored.landmarks["left_shoulder"].x < mirrored.landmarks["right_shoulder"].x);
}

#[test]
fn analyze_and_recompute_with_points_agree_and_points_can_be_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let file = at("points.json");
    std::fs::write(&file, r#"{"left_shoulder": [545.125, 480.5], "left_asis": [500, 700], "right_asis": {"x": 420, "y": 701, "sd_px": 1.234}}"#)
        .expect("written");
    let photo = repository("samples/anterior-tilted.jpg").display().to_string();
    let record = repository("samples/expected/anterior-tilted.json").display().to_string();
    let run = |arguments: &[&str]| {
        let output = orthostat(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let plain = at("plain");
    let fresh_plain = run(&["analyze", "--json", &photo, "--out", &plain]);
    let fresh = run(&["analyze", "--json", &photo, "--points", &file, "--out", &at("fresh")]);
    let stored = folder.path().join("plain/anterior-tilted.json").display().to_string();
    assert_eq!(fresh, run(&["recompute", "--json", &stored, "--points", &file]));
    let stored = folder.path().join("fresh/anterior-tilted.json").display().to_string();
    assert_eq!(fresh, run(&["recompute", "--json", &stored]));
    assert_eq!(fresh_plain, run(&["recompute", "--json", &stored, "--no-points"]));
    assert!(run(&["recompute", &record, "--points", &file, "--all"]).contains("pelvic obliquity (ASIS)"));
}

#[test]
fn a_wrong_file_is_named_with_what_was_expected() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("my-points.json").display().to_string();
    let record = repository("samples/expected/anterior-tilted.json").display().to_string();
    let photo = repository("samples/anterior-tilted.jpg").display().to_string();
    for (json, says) in [
        ("", "expected a JSON object of points"),
        ("[1, 2]", "expected a JSON object of points"),
        ("{}", "found none in it"),
        (r#"{"left_sholder": [1, 2]}"#, "the point \"left_sholder\" is not known: expected a landmark's name"),
        (r#"{"c7": [1, 2], "c7": [3, 4]}"#, "the point \"c7\" is there twice"),
        (r#"{"c7": [1]}"#, "c7: expected [x, y] or"),
        (r#"{"c7": ["1", 2]}"#, "c7: expected [x, y] or"),
        (r#"{"c7": {"x": 1}}"#, "c7: expected [x, y] or"),
        (r#"{"c7": {"x": 1, "y": 2, "sd": 3}}"#, "found a field \"sd\""),
        (r#"{"c7": {"x": 1, "y": 2, "sd_px": 0}}"#, "sd_px 0, which is not within"),
        (r#"{"c7": [1e999, 2]}"#, "expected a JSON object of points"),
        (r#"{"c7": [1200, 2]}"#, "c7: expected a place in the upright photo of 1080 x 1440 pixels, found [1200, 2]"),
        (r#"{"c7": [-0.5, 2]}"#, "c7: expected a place in the upright photo"),
    ] {
        std::fs::write(&file, json).expect("written");
        for arguments in [["recompute", &record], ["analyze", &photo]] {
            let output = orthostat(&[&arguments[..], &["--points", &file]].concat());
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{json}: {message}");
            assert!(message.contains("my-points.json: ") && message.contains(says), "{json}: {message}");
            assert_eq!(message.trim_end().lines().count(), 1, "{message}");
        }
    }
    let missing = orthostat(&["recompute", &record, "--points", "nowhere.json"]);
    assert_eq!(missing.status.code(), Some(1));
    std::fs::write(&file, r#"{"c7": [1, 2]}"#).expect("written");
    let two = orthostat(&["recompute", &record, &record, "--points", &file]);
    assert_eq!(two.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&two.stderr).contains("points belong to one picture"));
    assert!(value(&sample("anterior-tilted.json").0.measures["trunk_lean"]).is_finite());
}
