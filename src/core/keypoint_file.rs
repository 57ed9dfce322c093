//! Points found by another program, read from its file: OpenPose's JSON, COCO's keypoint results and annotations, or names with places.
//!
//! ```
//! use orthostat::core::keypoint_file::KeypointFile;
//! let json = r#"{"keypoints": {"left_shoulder": [607.2, 412.3], "right_shoulder": [500, 415, 0.9], "C7": [553, 390]}}"#;
//! let file = KeypointFile::from_json(json.as_bytes(), "points.json".as_ref()).unwrap();
//! assert_eq!(file.people().len(), 1);
//! ```

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::core::body::keypoints::KeypointSet;
use crate::core::body::pose::{Keypoint, MIN_VISIBILITY, Missing, Pose};
use crate::core::body::skeleton::{Joint, Pair};
use crate::core::body::spine::{SpinePoints, Vertebra};
use crate::core::error::{Error, Result};
use crate::core::geometry::Point;
use crate::core::names::of_file;

/// The score from which another program's point counts as visible: the usual value in programs that read such files.
const SEEN_FROM: f64 = 0.3;
/// The largest valid coordinate in a picture, in pixels.
const MOST_PX: f64 = 1e6;

/// One person of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The joints, in pixels of the upright photo, sides the subject's own.
    pub pose: Pose,
    /// Points along the spine, if the format has any.
    pub spine: Option<SpinePoints>,
    /// The point format's name.
    pub format: String,
    /// The name of the photo in the file, without folders and ending.
    pub image: Option<String>,
}

/// A file of points.
#[derive(Debug, Clone, PartialEq)]
pub struct KeypointFile {
    path: PathBuf,
    people: Vec<Found>,
}

const EXPECTED: &str = "expected OpenPose's JSON ({\"people\": [{\"pose_keypoints_2d\": [x, y, score, ...]}]}), COCO's keypoint results \
                        ([{\"image_id\": ..., \"keypoints\": [x, y, score, ...]}]) or annotations, or names with places \
                        ({\"keypoints\": {\"left_shoulder\": [x, y], ...}})";

impl KeypointFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Unreadable`], and what [`KeypointFile::from_json`] says.
    pub fn open(path: &Path) -> Result<Self> {
        let json = std::fs::read(path).map_err(|source| Error::Unreadable { path: path.into(), source })?;
        Self::from_json(&json, path)
    }

    /// Reads points from JSON; `path` is only its name.
    ///
    /// # Errors
    /// [`Error::Usage`] naming the file, with what was expected and what was found.
    pub fn from_json(json: &[u8], path: &Path) -> Result<Self> {
        let wrong = |reason: String| Error::Usage { reason: format!("{}: {reason}", path.display()) };
        let value: Value =
            serde_json::from_slice(json).map_err(|error| wrong(format!("{EXPECTED}, found no JSON: {error}")))?;
        let people = people(&value).map_err(wrong)?;
        if people.is_empty() {
            return Err(wrong("expected somebody's points, found nobody's".into()));
        }
        Ok(Self { path: path.into(), people })
    }

    /// All people in the file.
    #[must_use]
    pub fn people(&self) -> &[Found] {
        &self.people
    }

    /// The person measured in a photo: among the file's people of this photo, the one nearest to the trunk in our own reading.
    ///
    /// # Errors
    /// [`Error::Usage`] when the file has nobody of this photo, or nobody where the person stands.
    pub fn person(&self, photo: &Path, seen: &Pose) -> Result<&Found> {
        let wrong = |reason: String| Error::Usage { reason: format!("{}: {reason}", self.path.display()) };
        let name = of_file(photo);
        let of_this = |found: &&Found| found.image.as_ref().is_none_or(|image| *image == name);
        let mut candidates: Vec<&Found> = self.people.iter().filter(of_this).collect();
        if candidates.is_empty() {
            let images: std::collections::BTreeSet<&str> =
                self.people.iter().filter_map(|f| f.image.as_deref()).collect();
            // A single picture is this photo, even if its id is a number.
            if images.len() > 1 {
                let all = images.into_iter().take(5).collect::<Vec<_>>().join(", ");
                return Err(wrong(format!("expected points of {name}, found those of {all}")));
            }
            candidates = self.people.iter().collect();
        }
        let (Ok(shoulders), Ok(hips)) = (seen.midpoint(Pair::SHOULDERS), seen.midpoint(Pair::HIPS)) else {
            return candidates
                .first()
                .copied()
                .ok_or_else(|| wrong("expected somebody's points, found nobody's".into()));
        };
        let off = |found: &Found| -> f64 {
            let apart =
                |pair: Pair, at: Point| found.pose.midpoint(pair).map_or(f64::INFINITY, |other| other.distance(at));
            apart(Pair::SHOULDERS, shoulders).max(apart(Pair::HIPS, hips))
        };
        let nearest = candidates.into_iter().min_by(|a, b| off(a).total_cmp(&off(b)));
        let trunk = shoulders.distance(hips);
        nearest.filter(|found| off(found) <= SAME_TRUNK * trunk).ok_or_else(|| {
            wrong(format!(
                "expected points of the person at {:.0}, {:.0} (middle of the hips, in pixels of the upright photo), found none with \
                 shoulders and hips there",
                hips.x, hips.y
            ))
        })
    }
}

/// The midpoints of shoulders and hips of one person lie nearer than this, in trunk lengths.
const SAME_TRUNK: f64 = 0.5;

fn people(value: &Value) -> std::result::Result<Vec<Found>, String> {
    match value {
        Value::Array(results) => results.iter().map(|result| coco(result, &|id| Some(plain(id)), false)).collect(),
        Value::Object(fields) => {
            if let Some(people) = fields.get("people").and_then(Value::as_array) {
                return people.iter().map(openpose).collect();
            }
            if let Some(annotations) = fields.get("annotations").and_then(Value::as_array) {
                let images = fields.get("images").and_then(Value::as_array);
                let name = |id: &Value| {
                    let image = images.into_iter().flatten().find(|image| image.get("id") == Some(id));
                    let file = image.and_then(|image| image.get("file_name")).and_then(Value::as_str);
                    Some(file.map_or_else(|| plain(id), |file| of_file(Path::new(file))))
                };
                return annotations.iter().map(|annotation| coco(annotation, &name, true)).collect();
            }
            match fields.get("keypoints") {
                Some(Value::Object(points)) => Ok(vec![named(points)?]),
                Some(Value::Array(_)) => Ok(vec![coco(value, &|id| Some(plain(id)), false)?]),
                _ => Err(format!("{EXPECTED}, found an object with {}", listed(fields))),
            }
        }
        other => Err(format!("{EXPECTED}, found {}", short(other))),
    }
}

fn listed(fields: &serde_json::Map<String, Value>) -> String {
    if fields.is_empty() {
        "nothing in it".into()
    } else {
        fields.keys().take(8).cloned().collect::<Vec<_>>().join(", ")
    }
}

/// An image's number or name.
fn plain(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), |name| of_file(Path::new(name)))
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { format!("{}...", text.chars().take(60).collect::<String>()) }
}

fn keypoint(x: f64, y: f64, visibility: f64) -> Keypoint {
    Keypoint { at: Point::new(x, y), visibility: visibility.clamp(0.0, 1.0), sd_px: None, by_hand: false }
}

/// Converts another program's score to a visibility.
fn visibility(score: f64) -> f64 {
    MIN_VISIBILITY * score / SEEN_FROM
}

fn openpose(person: &Value) -> std::result::Result<Found, String> {
    let flat = person.get("pose_keypoints_2d").and_then(Value::as_array);
    let flat = flat.ok_or_else(|| format!("expected pose_keypoints_2d of each of people, found {}", short(person)))?;
    // A spelling used only here for OpenPose's orders: COCO's 17 points have no neck and are not an OpenPose format.
    triples("pose_keypoints_2d", flat, None, false)
}

fn coco(result: &Value, image: &dyn Fn(&Value) -> Option<String>, flags: bool) -> std::result::Result<Found, String> {
    let flat = result.get("keypoints").and_then(Value::as_array);
    let flat = flat.ok_or_else(|| format!("expected keypoints of each person, found {}", short(result)))?;
    let format = result.get("format").and_then(Value::as_str);
    let found = triples("keypoints", flat, format, flags)?;
    let image = result.get("file_name").or_else(|| result.get("image_id")).and_then(image);
    Ok(Found { image, ..found })
}

/// Numbers in triples: x, y and a score, or a flag (0 not labelled, 1 hidden, 2 visible).
fn triples(key: &str, flat: &[Value], format: Option<&str>, flags: bool) -> std::result::Result<Found, String> {
    let names = || KeypointSet::names().collect::<Vec<_>>().join(", ");
    let set = match format {
        Some(name) => {
            KeypointSet::named(name).ok_or_else(|| format!("expected a format among {}, found {name}", names()))?
        }
        None => KeypointSet::of_count(flat.len() / 3).ok_or_else(|| {
            format!("{key}: expected 3 numbers for each point of one of {}, found {} numbers", names(), flat.len())
        })?,
    };
    if flat.len() != 3 * set.count() {
        return Err(format!("{key}: expected {} numbers for {}, found {}", 3 * set.count(), set.name(), flat.len()));
    }
    let mut numbers = Vec::with_capacity(flat.len());
    for (index, value) in flat.iter().enumerate() {
        let number = value.as_f64().filter(|v| v.is_finite() && v.abs() < MOST_PX);
        let point = &set.points()[index / 3];
        numbers.push(number.ok_or_else(|| format!("{key}: {point}: expected a number, found {}", short(value)))?);
    }
    let point = |index: usize| {
        let [x, y, score] = [0, 1, 2].map(|i| numbers[3 * index + i]);
        // A point that was not found has the score 0 in all formats.
        let visibility = if flags { 1.0 } else { visibility(score) };
        (score > 0.0).then(|| keypoint(x, y, visibility))
    };
    Ok(Found { pose: set.pose(false, point), spine: set.spine(point), format: set.name().into(), image: None })
}

/// Names with places: [x, y] or [x, y, score].
fn named(points: &serde_json::Map<String, Value>) -> std::result::Result<Found, String> {
    let mut found: Vec<(&str, Keypoint)> = Vec::new();
    for (name, value) in points {
        if Joint::from_name(name).is_none() && Vertebra::from_name(name).is_none() {
            let levels = Vertebra::ALL.map(Vertebra::name).join(", ");
            return Err(format!(
                "expected a landmark's name as in records (left_shoulder, ...) or one of {levels}, found \"{name}\""
            ));
        }
        let numbers: Vec<f64> =
            value.as_array().into_iter().flatten().filter_map(Value::as_f64).filter(|v| v.abs() < MOST_PX).collect();
        let point = match numbers[..] {
            [x, y] => keypoint(x, y, 1.0),
            [x, y, score] => keypoint(x, y, visibility(score)),
            _ => return Err(format!("{name}: expected [x, y] or [x, y, score] in pixels, found {}", short(value))),
        };
        found.push((name, point));
    }
    let get = |name: &str| found.iter().find(|(other, _)| *other == name).map(|(_, point)| *point);
    let spine = SpinePoints::from_levels(|level| get(level.name()));
    Ok(Found {
        pose: Pose::from_joints(|joint| get(joint.name()).ok_or(Missing::NotGiven(joint))),
        spine: (!spine.is_empty()).then_some(spine),
        format: "named points".into(),
        image: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<KeypointFile> {
        KeypointFile::from_json(json.as_bytes(), "k.json".as_ref())
    }

    fn flat(count: usize, score: f64) -> String {
        let numbers: Vec<String> = (0..count).map(|i| format!("{}, {}, {score}", 10 * i, 20 * i)).collect();
        format!("[{}]", numbers.join(", "))
    }

    #[test]
    fn each_form_names_its_joints() {
        let of = |json: String| read(&json).expect("read").people()[0].clone();
        let at = |found: &Found, joint: Joint| found.pose.point(joint).expect("given");
        let openpose = of(format!(r#"{{"version": 1.3, "people": [{{"pose_keypoints_2d": {}}}]}}"#, flat(25, 0.9)));
        assert_eq!(
            (openpose.format.as_str(), at(&openpose, Joint::LeftShoulder)),
            ("body-25", Point::new(50.0, 100.0))
        );
        let old = of(format!(r#"{{"people": [{{"pose_keypoints_2d": {}}}]}}"#, flat(18, 0.9)));
        assert_eq!((old.format.as_str(), at(&old, Joint::LeftHip)), ("coco-18", Point::new(110.0, 220.0)));
        let coco = of(format!(r#"[{{"image_id": 7, "category_id": 1, "keypoints": {}, "score": 1}}]"#, flat(17, 0.9)));
        assert_eq!((coco.format.as_str(), at(&coco, Joint::LeftHip)), ("coco-17", Point::new(110.0, 220.0)));
        assert_eq!(coco.image.as_deref(), Some("7"));
        let spine = of(format!(r#"[{{"image_id": "a/b.jpg", "keypoints": {}}}]"#, flat(37, 0.9)));
        let level = spine.spine.as_ref().and_then(|s| s.get(Vertebra::C7)).expect("a level");
        assert_eq!((spine.image.as_deref(), level.at), (Some("b"), Point::new(180.0, 360.0)));
        let labels = of(format!(
            r#"{{"images": [{{"id": 3, "file_name": "x/c.png"}}], "annotations": [{{"image_id": 3, "keypoints": {}}}]}}"#,
            flat(17, 1.0)
        ));
        assert_eq!(
            (labels.image.as_deref(), labels.pose.get(Joint::Nose).expect("labelled").visibility),
            (Some("c"), 1.0)
        );
        let named = of(r#"{"keypoints": {"left_hip": [1, 2], "T8": [3, 4, 0.3]}}"#.into());
        assert_eq!(at(&named, Joint::LeftHip), Point::new(1.0, 2.0));
        assert_eq!(named.pose.point(Joint::Nose), Err(Missing::NotGiven(Joint::Nose)));
        assert_eq!(named.spine.and_then(|s| s.get(Vertebra::T8)).expect("given").visibility, MIN_VISIBILITY);
        // OpenPose writes 0, 0, 0 for a point that it did not find.
        let none = of(format!(r#"{{"people": [{{"pose_keypoints_2d": {}}}]}}"#, flat(25, 0.0)));
        assert_eq!(none.pose.point(Joint::LeftHip), Err(Missing::NotGiven(Joint::LeftHip)));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_file_and_what_was_found() {
        let refused = |json: &str| read(json).expect_err("refused").to_string();
        assert!(refused("x").starts_with("k.json: expected OpenPose's JSON") && refused("x").contains("found no JSON"));
        assert!(refused("3").ends_with("found 3"));
        assert!(refused(r#"{"a": 1}"#).ends_with("found an object with a"));
        assert!(refused(r#"{"people": []}"#).contains("found nobody's"));
        assert!(refused("[]").contains("found nobody's"));
        assert!(refused(r#"{"people": [{}]}"#).contains("expected pose_keypoints_2d"));
        assert!(refused(r#"{"people": [{"pose_keypoints_2d": [1, 2, 3]}]}"#).contains("found 3 numbers"));
        let text = refused(&format!(r#"[{{"keypoints": {}}}]"#, flat(17, 0.5).replace("40, 80", "\"x\", 80")));
        assert!(text.contains("right_ear: expected a number, found \"x\""), "{text}");
        assert!(
            refused(r#"[{"keypoints": [1, 2, 3], "format": "coco-17"}]"#)
                .contains("expected 51 numbers for coco-17, found 3")
        );
        assert!(refused(r#"{"keypoints": {"elbow": [1, 2]}}"#).contains("found \"elbow\""));
        assert!(refused(r#"{"keypoints": {"left_hip": [1]}}"#).contains("left_hip: expected [x, y]"));
    }

    #[test]
    fn the_person_is_the_one_who_stands_where_we_see_somebody() {
        let pose = |x: f64| {
            Pose::from_points([
                (Joint::LeftShoulder, Point::new(x + 20.0, 100.0)),
                (Joint::RightShoulder, Point::new(x - 20.0, 100.0)),
                (Joint::LeftHip, Point::new(x + 12.0, 200.0)),
                (Joint::RightHip, Point::new(x - 12.0, 200.0)),
            ])
        };
        let found = |x: f64, image: Option<&str>| Found {
            pose: pose(x),
            spine: None,
            format: "coco-17".into(),
            image: image.map(str::to_owned),
        };
        let file = |people: Vec<Found>| KeypointFile { path: "k.json".into(), people };
        let both = file(vec![found(100.0, None), found(400.0, None)]);
        assert_eq!(both.person("a.jpg".as_ref(), &pose(390.0)).expect("there").pose, pose(400.0));
        let error = both.person("a.jpg".as_ref(), &pose(250.0)).expect_err("nobody there").to_string();
        assert!(error.contains("k.json: expected points of the person at 250, 200"), "{error}");
        let many = file(vec![found(100.0, Some("a")), found(100.0, Some("b"))]);
        assert_eq!(many.person("x/b.jpg".as_ref(), &pose(100.0)).expect("there").image.as_deref(), Some("b"));
        let error = many.person("c.jpg".as_ref(), &pose(100.0)).expect_err("of none").to_string();
        assert!(error.contains("expected points of c, found those of a, b"), "{error}");
        let numbered = file(vec![found(100.0, Some("17"))]);
        assert!(numbered.person("c.jpg".as_ref(), &pose(100.0)).is_ok());
    }
}
