//! Measures a pose that another model found: keypoints in pixels go in, measures with their errors come out.
//!
//! `cargo run --example own_keypoints`
//!
//! The errors are those fitted for the built-in models; another model needs a calibration of its own.

#![allow(clippy::print_stdout, reason = "a program prints its results")]

use orthostat::core::body::pose::Pose;
use orthostat::core::body::skeleton::Joint;
use orthostat::core::camera::{CameraMetadata, UserCalibration};
use orthostat::core::geometry::Point;
use orthostat::core::observation::{Frame, Observation};
use orthostat::core::pipeline;
use orthostat::{Measure, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Sides are the subject's own: facing the camera, the left shoulder lies on the right of the picture.
    let pose = Pose::from_points(
        [
            (Joint::Nose, (541.0, 330.0)),
            (Joint::LeftEar, (575.0, 322.0)),
            (Joint::RightEar, (506.0, 326.0)),
            (Joint::LeftShoulder, (628.0, 452.0)),
            (Joint::RightShoulder, (452.0, 470.0)),
            (Joint::LeftElbow, (660.0, 600.0)),
            (Joint::RightElbow, (424.0, 618.0)),
            (Joint::LeftWrist, (668.0, 735.0)),
            (Joint::RightWrist, (414.0, 752.0)),
            (Joint::LeftHip, (588.0, 742.0)),
            (Joint::RightHip, (492.0, 744.0)),
            (Joint::LeftKnee, (584.0, 960.0)),
            (Joint::RightKnee, (496.0, 962.0)),
            (Joint::LeftAnkle, (580.0, 1170.0)),
            (Joint::RightAnkle, (500.0, 1171.0)),
        ]
        .map(|(joint, (x, y))| (joint, Point::new(x, y))),
    );
    let frame = Frame {
        standing: Vec::new(),
        width: 1080.0,
        height: 1440.0,
        people: 1,
        heads: None,
        readings: 1,
        model: "my model".into(),
        model_blake3: String::new(),
        independent: None,
    };
    // The file's metadata: a lens of 26 mm (35 mm equivalent). The camera was held level, as the user says.
    let metadata = CameraMetadata { focal_35mm: Some(26.0), ..CameraMetadata::default() };
    let given = UserCalibration { roll_deg: Some(0.0), ..UserCalibration::default() };
    let observation = Observation::of(&pose, [&pose], &metadata);
    let analysis = pipeline::measure(frame, observation, &Options { given, ..Options::default() })?;
    for measure in [Measure::HeadTilt, Measure::ShoulderTilt, Measure::PelvicObliquity, Measure::TrunkLean] {
        match analysis.assessment.get(measure) {
            Ok(found) => println!("{:<32} {:+.1} +- {:.1} degrees", measure.label(), found.value, 1.96 * found.sd),
            Err(refusal) => println!("{:<32} not measured: {refusal}", measure.label()),
        }
    }
    Ok(())
}
