//! An observation: everything that the pixels of one photo say about one person and the camera. No pixels are needed afterwards, so a
//! record that contains it can be recomputed with other options or by a newer version.
//!
//! Its numbers are rounded to their meaningful precision when it is created, so measuring a photo and recomputing its record later give
//! the same bytes.

mod misfit;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::body::pose::{Keypoint, Missing, Pose};
use crate::core::body::skeleton::{Joint, Pair};
use crate::core::body::spine::{SpinePoints, Vertebra};
use crate::core::body::view::View;
use crate::core::camera::frontal_plane::WorldWidths;
use crate::core::camera::{CameraMetadata, Print, Tilt};
use crate::core::exposure::Exposure;
use crate::core::face::Face;
use crate::core::geometry::{Point, rounded};
use crate::core::heads::Heads;
use crate::core::keypoint_file::Found;
use crate::core::silhouette::Trace;
use crate::core::uncertainty::second;

/// The source of an observation, which records keep in other fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Width of the upright photo, in pixels.
    pub width: f64,
    /// Height of the upright photo, in pixels.
    pub height: f64,
    /// Number of detected people.
    pub people: usize,
    /// The position of each person: the midpoint of the hips in pixels, in the order of [`crate::Options::person`]. Empty for one
    /// person.
    pub standing: Vec<[f64; 2]>,
    /// Number of readings of all models and parts of the body.
    pub readings: usize,
    /// The models' names.
    pub model: String,
    /// BLAKE3 hash of the first model's file, in hexadecimal.
    pub model_blake3: String,
    /// All detected heads, if a search was made.
    pub heads: Option<Heads>,
    /// For the frames of a video, each read once, alternately plain and mirrored: the number of independent looks that they are worth.
    /// People sway slowly, so neighbouring frames repeat each other.
    pub independent: Option<f64>,
}

impl Frame {
    /// Several models' names as one.
    #[must_use]
    pub fn joined_names(models: &[&str]) -> String {
        models.join(JOINER)
    }

    /// Whether several models read the photo.
    #[must_use]
    pub fn has_several_models(&self) -> bool {
        self.model.contains(JOINER)
    }

    /// Whether the joints are those of a BlazePose model, for which corrections are fitted.
    #[must_use]
    pub fn is_of_blazepose(&self) -> bool {
        self.model.starts_with(BLAZEPOSE)
    }

    /// The same with the joints of another program in place of the model's.
    #[must_use]
    pub fn with_points_of(self, found: &Found) -> Self {
        Self { readings: 1, model: format!("{POINTS_OF}{}", found.format), ..self }
    }
}

/// The separator of several models' names.
const JOINER: &str = "+";
/// The prefix of the BlazePose family's names.
const BLAZEPOSE: &str = "blazepose";
/// The prefix of the model's name for joints of another program.
pub const POINTS_OF: &str = "keypoints ";

/// A point: x, y, visibility, and the readings' spread.
type Place = (f64, f64, f64, Option<f64>);

/// The pixel data of one person: all positions in pixels of the upright photo from its corner, sides the subject's own as the model
/// names them (a mirror image is not undone). Also the form in records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// The consensus of the readings, by joint: x, y, visibility, and the readings' standard deviation (null for a single reading).
    /// Includes hidden joints and joints outside the picture.
    pub joints: IndexMap<String, (f64, f64, f64, Option<f64>)>,
    /// The first model's readings of the whole body, in the order of `joints`: x and y relative to `joints`, in thousandths of a
    /// pixel; null for a missing joint.
    pub readings: Vec<Vec<Option<i64>>>,
    /// The model's estimate of the joints in space, if it makes one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub worlds: Option<Worlds>,
    /// The trunk's outline, if it was read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outline: Option<Trace>,
    /// The face of a person seen from the front, if it was read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub face: Option<Face>,
    /// Brightness (0 to 255) and fine detail of the person, if known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exposure: Option<(f64, f64)>,
    /// Share of readings with left and right exchanged relative to the others. Absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dissent: Option<f64>,
    /// The joints by a second model of another family, if one was used.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub second: Option<SecondRecord>,
    /// Points along the spine, if a model or file has any, by level: x, y, visibility, and the readings' standard deviation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub spine: Option<IndexMap<String, Place>>,
    /// Share of readings in which a model found nobody. Absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub missed: Option<f64>,
    /// The camera data in the photo's metadata.
    pub told: ToldRecord,
    /// The camera's attitude by straight edges in the background, if they determine it: roll, pitch, and the standard errors of both,
    /// in degrees.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub background: Option<(f64, f64, f64, f64)>,
    /// The focal length by the edges' vanishing points, relative to that of the file or the assumed one, and the standard error of the
    /// ratio's logarithm.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub background_focal: Option<(f64, f64)>,
    /// The corners of the print or screen that shows the person, if the photo shows one on a plain ground: top left, top right, bottom right,
    /// bottom left.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub print: Option<[(f64, f64); 4]>,
}

/// A second model's joints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SecondRecord {
    /// The model's name.
    pub model: String,
    /// Number of model readings.
    pub readings: usize,
    /// The consensus of the readings, by joint: x, y, visibility.
    pub joints: IndexMap<String, (f64, f64, f64)>,
}

/// Left/right distances of joints in space, in metres, summed over the readings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worlds {
    /// Distances across the picture: shoulders, elbows, hips, knees, ankles.
    pub across: [f64; 5],
    /// Distances away from the camera, in the same order.
    pub away: [f64; 5],
    /// Distances away from the camera of the first reading: shoulders, hips.
    pub first: f64,
}

/// The camera data in the photo's metadata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToldRecord {
    /// Focal length as 35 mm equivalent, in millimetres.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub focal_35mm: Option<f64>,
    /// The phone's acceleration vector, in units of g.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gravity: Option<[f64; 3]>,
    /// Whether the camera on the screen's side took the photo.
    pub front_camera: bool,
    /// Width and height of the picture as taken, in pixels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shot_px: Option<[f64; 2]>,
    /// Millimetres of the body for one pixel, as a medical file records them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mm_per_px: Option<f64>,
}

/// Decimals of a joint's place. For a person 60 pixels high the shoulder line is 15 pixels long, and a thousandth of a pixel turns it by
/// 0.004 degrees.
const PLACE_DECIMALS: i32 = 3;

/// An outline that was read by joints farther away than this, in trunk lengths, does not belong to the given joints.
const SAME_PLACE: f64 = 0.05;

impl Observation {
    /// An observation from the consensus and the single readings; everything else is still empty.
    #[must_use]
    pub fn of<'a>(agreed: &Pose, readings: impl IntoIterator<Item = &'a Pose>, told: &CameraMetadata) -> Self {
        let place = |value: f64| rounded(value, PLACE_DECIMALS);
        let joints: IndexMap<String, _> = agreed
            .found()
            .map(|(joint, k)| {
                let sd = k.sd_px.map(|sd| rounded(sd, PLACE_DECIMALS));
                (joint.name().to_owned(), (place(k.at.x), place(k.at.y), rounded(k.visibility, 4), sd))
            })
            .collect();
        let differences = |reading: &Pose| -> Vec<Option<i64>> {
            let thousandths = |value: f64| (1000.0 * value).round() as i64;
            let one = |(name, &(x, y, _, _)): (&String, &(f64, f64, f64, Option<f64>))| {
                let at = Joint::from_name(name).and_then(|joint| reading.point(joint).ok());
                [at.map(|at| thousandths(at.x - x)), at.map(|at| thousandths(at.y - y))]
            };
            joints.iter().flat_map(one).collect()
        };
        Self {
            readings: readings.into_iter().map(differences).collect(),
            joints,
            worlds: None,
            outline: None,
            face: None,
            exposure: None,
            dissent: None,
            second: None,
            spine: None,
            missed: None,
            told: ToldRecord {
                focal_35mm: told.focal_35mm.map(|mm| rounded(mm, 3)),
                gravity: told.gravity.map(|a| a.map(|g| rounded(g, 6))),
                front_camera: told.front_camera,
                shot_px: told.shot_px.map(|side| side.map(|side| rounded(side, 0))),
                mm_per_px: told.mm_per_px.map(|mm| rounded(mm, 6)),
            },
            background: None,
            background_focal: None,
            print: None,
        }
    }

    /// The same with the model's world poses.
    #[must_use]
    pub fn with_worlds(self, worlds: Option<&WorldWidths>) -> Self {
        let sums = |sums: [f64; 5]| sums.map(|sum| rounded(sum, 5));
        let worlds = worlds.map(|w| Worlds { across: sums(w.across), away: sums(w.away), first: rounded(w.first, 5) });
        Self { worlds, ..self }
    }

    /// The same with the share of readings that had left and right exchanged.
    #[must_use]
    pub fn with_dissent(self, share: f64) -> Self {
        Self { dissent: (share > 0.0).then(|| rounded(share, 3)), ..self }
    }

    /// The same with the face.
    #[must_use]
    pub fn with_face(self, face: Option<Face>) -> Self {
        Self { face, ..self }
    }

    /// The same with the consensus of a second model's readings.
    #[must_use]
    pub fn with_second(self, model: &str, readings: usize, pose: &Pose) -> Self {
        let place = |value: f64| rounded(value, PLACE_DECIMALS);
        let one = |(joint, k): (Joint, Keypoint)| {
            (joint.name().to_owned(), (place(k.at.x), place(k.at.y), rounded(k.visibility, 4)))
        };
        let second = SecondRecord { model: model.into(), readings, joints: pose.found().map(one).collect() };
        Self { second: Some(second), ..self }
    }

    /// The same with another pose of the first models and without a second model.
    #[must_use]
    pub fn with_first(self, pose: &Pose) -> Self {
        let joints = Self::of(pose, [], &self.told()).joints;
        // Single readings are stored as differences from the joints, so they move with them.
        Self { joints, second: None, ..self }
    }

    /// The same with points along the spine.
    #[must_use]
    pub fn with_spine(self, spine: Option<&SpinePoints>) -> Self {
        let place = |value: f64| rounded(value, PLACE_DECIMALS);
        let one = |(level, k): (Vertebra, Keypoint)| {
            let sd = k.sd_px.map(place);
            (level.name().to_owned(), (place(k.at.x), place(k.at.y), rounded(k.visibility, 4), sd))
        };
        Self { spine: spine.map(|points| points.found().map(one).collect()), ..self }
    }

    /// The same person with the joints found by another program; the turn of the body, the camera and the light are kept, and so is the
    /// outline if it fits these joints.
    #[must_use]
    pub fn with_joints_of(self, found: &Found) -> Self {
        let trunk =
            |pose: &Pose| Ok::<_, Missing>(pose.midpoint(Pair::SHOULDERS)?.distance(pose.midpoint(Pair::HIPS)?));
        let ours = self.pose();
        let most = trunk(&ours).map_or(0.0, |trunk| SAME_PLACE * trunk);
        let same = [Pair::SHOULDERS, Pair::HIPS].into_iter().flat_map(|pair| [pair.left, pair.right]).all(
            |joint| matches!((ours.point(joint), found.pose.point(joint)), (Ok(a), Ok(b)) if a.distance(b) <= most),
        );
        let outline = self.outline.clone().filter(|_| same);
        let joints = Self::of(&found.pose, [], &self.told()).joints;
        let given = Self { joints, readings: Vec::new(), second: None, dissent: None, outline, ..self };
        given.with_spine(found.spine.as_ref())
    }

    /// The same with the share of readings in which a model found nobody.
    #[must_use]
    pub fn with_missed(self, share: f64) -> Self {
        Self { missed: (share > 0.0).then(|| rounded(share, 3)), ..self }
    }

    /// The same with brightness and detail.
    #[must_use]
    pub fn with_exposure(self, exposure: Option<Exposure>) -> Self {
        Self { exposure: exposure.map(|e| (rounded(e.brightness, 1), rounded(e.detail, 4))), ..self }
    }

    /// The same with the camera tilt from the background's edges.
    #[must_use]
    pub fn with_background(self, tilt: Option<&Tilt>) -> Self {
        let background = tilt.map(|t| {
            let [roll, pitch, roll_sd, pitch_sd] =
                [t.roll_deg, t.pitch_deg, t.roll_sd_deg, t.pitch_sd_deg].map(|v| rounded(v, 4));
            (roll, pitch, roll_sd, pitch_sd)
        });
        let background_focal = tilt.map(|t| (rounded(t.focal_factor, 4), rounded(t.focal_sd, 4)));
        Self { background, background_focal, ..self }
    }

    /// The same with the print that shows the person.
    #[must_use]
    pub fn with_print(self, print: Option<&Print>) -> Self {
        let corner = |at: Point| (rounded(at.x, 1), rounded(at.y, 1));
        Self { print: print.map(|print| print.corners.map(corner)), ..self }
    }

    /// The consensus of all readings; in views from the front and from behind with the second model's weighted in.
    #[must_use]
    pub fn pose(&self) -> Pose {
        let first = self.first_pose();
        match self.second_pose() {
            Some(second) if !View::is_from_the_side(&first) => {
                second::joined(&first, &second, &second::fitted().weights)
            }
            _ => first,
        }
    }

    /// The consensus of the second model's readings of a person who is seen from the side: see
    /// [`SideFit::placed`](crate::core::uncertainty::side::SideFit::placed).
    #[must_use]
    pub fn second_from_the_side(&self) -> Option<Pose> {
        self.second_pose().filter(|_| View::is_from_the_side(&self.first_pose()))
    }

    /// The consensus of the second model's readings, if one was used.
    #[must_use]
    pub fn second_pose(&self) -> Option<Pose> {
        let second = self.second.as_ref()?;
        Some(Pose::from_joints(|joint| {
            let &(x, y, visibility) = second.joints.get(joint.name()).ok_or(Missing::NotGiven(joint))?;
            Ok(Keypoint { at: Point::new(x, y), visibility, sd_px: None, by_hand: false })
        }))
    }

    /// The points along the spine, when there are any.
    #[must_use]
    pub fn spine_points(&self) -> Option<SpinePoints> {
        let spine = self.spine.as_ref()?;
        Some(SpinePoints::from_levels(|level| {
            let &(x, y, visibility, sd_px) = spine.get(level.name())?;
            Some(Keypoint { at: Point::new(x, y), visibility, sd_px, by_hand: false })
        }))
    }

    /// The consensus of the first models' readings.
    #[must_use]
    pub fn first_pose(&self) -> Pose {
        Pose::from_joints(|joint| {
            let &(x, y, visibility, sd_px) = self.joints.get(joint.name()).ok_or(Missing::NotGiven(joint))?;
            Ok(Keypoint { at: Point::new(x, y), visibility, sd_px, by_hand: false })
        })
    }

    /// The first model's readings of the whole body.
    pub fn single_poses(&self) -> impl Iterator<Item = Pose> + '_ {
        let agreed = self.first_pose();
        self.readings.iter().map(move |differences| {
            let mut pose = Pose::default();
            for ((name, _), pair) in self.joints.iter().zip(differences.chunks_exact(2)) {
                if let (Some(joint), &[Some(x), Some(y)]) = (Joint::from_name(name), pair)
                    && let Ok(k) = agreed.get(joint)
                {
                    let at = Point::new(k.at.x + 0.001 * x as f64, k.at.y + 0.001 * y as f64);
                    pose.set(joint, Ok(Keypoint { at, sd_px: None, ..k }));
                }
            }
            pose
        })
    }

    /// See [`WorldWidths`].
    #[must_use]
    pub fn world_widths(&self) -> Option<WorldWidths> {
        self.worlds.as_ref().map(|w| WorldWidths { across: w.across, away: w.away, first: w.first })
    }

    /// See [`Exposure`].
    #[must_use]
    pub fn exposure(&self) -> Option<Exposure> {
        self.exposure.map(|(brightness, detail)| Exposure { brightness, detail })
    }

    /// The photo's own data about the camera.
    #[must_use]
    pub fn told(&self) -> CameraMetadata {
        let told = &self.told;
        CameraMetadata {
            focal_35mm: told.focal_35mm,
            gravity: told.gravity,
            front_camera: told.front_camera,
            shot_px: told.shot_px,
            mm_per_px: told.mm_per_px,
        }
    }

    /// See [`Print`].
    #[must_use]
    pub fn print(&self) -> Option<Print> {
        self.print.map(|corners| Print { corners: corners.map(|(x, y)| Point::new(x, y)) })
    }

    /// The camera tilt from the background's edges.
    #[must_use]
    pub fn background(&self) -> Option<Tilt> {
        // Records of older versions lack the focal length: it is then unknown.
        let (focal_factor, focal_sd) = self.background_focal.unwrap_or((1.0, f64::INFINITY));
        self.background.map(|(roll_deg, pitch_deg, roll_sd_deg, pitch_sd_deg)| Tilt {
            roll_deg,
            pitch_deg,
            roll_sd_deg,
            pitch_sd_deg,
            focal_factor,
            focal_sd,
            bend: 0.0,
            support_px: 0.0,
            segments: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sighting_gives_back_its_poses_and_survives_writing() {
        let pose = |x: f64| {
            Pose::from_points([(Joint::Nose, Point::new(x, 0.1)), (Joint::LeftHip, Point::new(1.0 / 3.0, 1e4 / 7.0))])
        };
        let told = CameraMetadata { gravity: Some([0.1, -1.0 / 3.0, 2.0 / 7.0]), ..CameraMetadata::default() };
        let seen = Observation::of(&pose(10.0 / 3.0), &[pose(3.0), pose(4.0)], &told);
        let single: Vec<f64> = seen.single_poses().map(|pose| pose.point(Joint::Nose).expect("kept").x).collect();
        assert!((single[0] - 3.0).abs() < 1e-9 && (single[1] - 4.0).abs() < 1e-9, "{single:?}");
        assert!(seen.pose().get(Joint::RightHip).is_err());
        let again: Observation = serde_json::from_str(&serde_json::to_string(&seen).expect("written")).expect("read");
        assert_eq!(again, seen);
        assert_eq!(again.pose(), seen.pose());
    }
}
