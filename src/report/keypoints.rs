//! A record's joints in the formats of other programs: OpenPose's JSON, COCO's keypoint results, and a TRC file of one frame.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::core::body::keypoints::{KeypointSet, Slot};
use crate::core::body::skeleton::{Joint, Pair};
use crate::core::body::view::View;
use crate::core::geometry::Point;
use crate::core::record::Record;

/// x, y and score of a point; zeros if it was not found, as in both formats.
fn point(record: &Record, name: &str, slot: Slot) -> [f64; 3] {
    let joint = |joint: Joint| record.landmark(joint).map(|l| [l.x, l.y, l.visibility]);
    let middle = |pair: Pair| {
        let (left, right) = (joint(pair.left)?, joint(pair.right)?);
        Some([0.5 * (left[0] + right[0]), 0.5 * (left[1] + right[1]), left[2].min(right[2])])
    };
    let spine = record.observation.as_ref().and_then(|seen| seen.spine.as_ref());
    let found = match (slot, name) {
        (Slot::Joint(found), _) => joint(found),
        (Slot::Spine(level), _) => spine.and_then(|spine| spine.get(level.name())).map(|&(x, y, seen, _)| [x, y, seen]),
        // Both are defined as these midpoints.
        (Slot::Other, "neck") => middle(Pair::SHOULDERS),
        (Slot::Other, "hip") => middle(Pair::HIPS),
        (Slot::Other, _) => None,
    };
    found.unwrap_or_default()
}

fn flat(record: &Record, set: &KeypointSet) -> Vec<f64> {
    set.points().iter().zip(set.slots()).flat_map(|(name, slot)| point(record, name, *slot)).collect()
}

/// OpenPose's JSON of one person, in the order BODY_25.
#[must_use]
pub fn openpose(record: &Record) -> Value {
    let points = KeypointSet::named("body-25").map(|set| flat(record, set)).unwrap_or_default();
    json!({"version": 1.3, "people": [{"person_id": [-1], "pose_keypoints_2d": points}]})
}

/// COCO's keypoint results: 17 points, or SpineTrack's 37 where the record has points along the spine.
#[must_use]
pub fn coco(record: &Record) -> Value {
    let has_spine = record.observation.as_ref().is_some_and(|seen| seen.spine.is_some());
    let name = if has_spine { "spinetrack-37" } else { "coco-17" };
    let points = KeypointSet::named(name).map(|set| flat(record, set)).unwrap_or_default();
    let scores: Vec<f64> = points.chunks_exact(3).map(|p| p[2]).filter(|score| *score > 0.0).collect();
    let score = scores.iter().sum::<f64>() / scores.len().max(1) as f64;
    let id = record.id.parse::<u64>().map_or_else(|_| json!(record.id), |number| json!(number));
    json!([{
        "image_id": id, "category_id": 1, "keypoints": points, "score": (1000.0 * score).round() / 1000.0,
        "file_name": record.source.file, "format": name,
    }])
}

/// A TRC file of one frame in millimetres, levelled, with OpenSim's axes: X forward, Y up from the ankles, Z to the subject's right. One
/// photo gives two of them; the third is 0.
///
/// # Errors
/// In words, where neither a stature nor the file gives a scale, or the hips are not seen.
pub fn trc(record: &Record) -> Result<String, String> {
    let scale = record
        .subject
        .scale_mm_per_px
        .ok_or("a TRC file is in millimetres, which needs --height-cm, and ears and ankles in the picture, or a file that records its scale")?;
    let camera = record.levelling();
    let level = |joint: Joint| record.landmark(joint).map(|l| camera.level(Point::new(l.x, l.y)));
    let middle = |pair: Pair| Some(level(pair.left)?.midpoint(level(pair.right)?));
    let origin = middle(Pair::HIPS).ok_or("a TRC file needs both hips, and they are not seen")?;
    let floor = middle(Pair::ANKLES).map_or(origin.y, |ankles| ankles.y);
    let markers: Vec<(&str, [f64; 3])> = Joint::ALL
        .into_iter()
        .filter_map(|joint| {
            let at = level(joint)?;
            let (right, up) = (scale * (at.x - origin.x), scale * (floor - at.y));
            let place = match record.view.kind {
                View::Anterior => [0.0, up, -right],
                View::Posterior => [0.0, up, right],
                View::LeftLateral => [-right, up, 0.0],
                View::RightLateral => [right, up, 0.0],
            };
            Some((joint.name(), place.map(|v| if v == 0.0 { 0.0 } else { v })))
        })
        .collect();
    let count = markers.len();
    let mut text = format!(
        "PathFileType\t4\t(X/Y/Z)\t{}.trc\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n\
         1\t1\t1\t{count}\tmm\t1\t1\t1\nFrame#\tTime",
        record.id
    );
    for (name, _) in &markers {
        let _ = write!(text, "\t{name}\t\t");
    }
    text.push_str("\n\t");
    for number in 1..=count {
        let _ = write!(text, "\tX{number}\tY{number}\tZ{number}");
    }
    text.push_str("\n\n1\t0.0");
    for (_, [x, y, z]) in &markers {
        let _ = write!(text, "\t{x:.2}\t{y:.2}\t{z:.2}");
    }
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::keypoint_file::KeypointFile;

    fn record() -> Record {
        Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record")
    }

    #[test]
    fn what_is_written_is_read_again_at_the_same_places() {
        let record = record();
        for (json, format, count) in [(openpose(&record), "body-25", 75), (coco(&record), "coco-17", 51)] {
            let list =
                if format == "coco-17" { &json[0]["keypoints"] } else { &json["people"][0]["pose_keypoints_2d"] };
            assert_eq!(list.as_array().expect("numbers").len(), count);
            let file = KeypointFile::from_json(json.to_string().as_bytes(), "k.json".as_ref()).expect("read again");
            let found = &file.people()[0];
            assert_eq!(found.format, format);
            for joint in [Joint::LeftShoulder, Joint::RightHip, Joint::Nose, Joint::LeftAnkle] {
                let ours = record.landmark(joint).expect("seen");
                assert_eq!(found.pose.point(joint), Ok(Point::new(ours.x, ours.y)));
            }
        }
        let neck = &openpose(&record)["people"][0]["pose_keypoints_2d"];
        let (left, right) = (record.landmark(Joint::LeftShoulder), record.landmark(Joint::RightShoulder));
        let middle = 0.5 * (left.expect("seen").x + right.expect("seen").x);
        assert_eq!(neck[3].as_f64(), Some(middle));
    }

    #[test]
    fn a_trc_file_is_in_millimetres_with_opensims_axes() {
        let mut record = record();
        assert!(trc(&record).expect_err("no scale").contains("--height-cm"));
        record.subject.scale_mm_per_px = Some(2.0);
        let text = trc(&record).expect("written");
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!((lines[0][0], lines[2][4]), ("PathFileType", "mm"));
        let count: usize = lines[2][3].parse().expect("a number");
        assert_eq!((lines[3].len(), lines[4].len(), lines[6].len()), (2 + 3 * count, 2 + 3 * count, 2 + 3 * count));
        let at = |name: &str| -> Vec<f64> {
            let column = lines[3].iter().position(|field| *field == name).expect("a marker");
            lines[6][column..column + 3].iter().map(|v| v.parse().expect("a number")).collect()
        };
        let (left, right) = (at("left_shoulder"), at("right_shoulder"));
        // Seen from the front: the right shoulder lies to the subject's right, both above the ankles.
        assert!(
            left[0] == 0.0
                && right[2] > 0.0
                && left[2] < 0.0
                && left[1] > at("left_knee")[1]
                && at("left_knee")[1] > 0.0
        );
    }
}
