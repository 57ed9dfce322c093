//! The truth of a rendered set.

use orthostat::core::body::pose::Pose;
use orthostat::core::body::skeleton::{Joint, Pair};
use orthostat::core::body::view::View;
use orthostat::core::geometry::Point;
use orthostat::core::measure::Measure;
use orthostat::core::measure::frontal::tilt;
use serde_json::Value;

/// The true value of a measure: its definition applied to the true joints, in the body's coronal plane (side view: sagittal).
pub(crate) fn truth(image: &Value, measure: Measure, view: View) -> Option<f64> {
    let (sin, cos) = image["body_yaw_total_deg"].as_f64()?.to_radians().sin_cos();
    let joints = Joint::ALL.into_iter().filter_map(|joint| {
        let name = joint.name().replace("foot_index", "toe");
        let [x, y, z] = [0, 1, 2].map(|i| image["landmarks_3d_m"][&name][i].as_f64());
        let (x, y, z) = (x?, y?, z?);
        // In thousandths of a metre: to the subject's left, or forward; and up.
        let across = if view.facing().is_some() { x * cos + y * sin } else { x * sin - y * cos };
        Some((joint, Point::new(1000.0 * across, -1000.0 * z)))
    });
    let pose = Pose::from_points(joints);
    match (measure, view.facing()) {
        // The truth includes neither outer corners of the eyes nor the mouth; the head is rigid.
        (Measure::HeadTilt, Some(_)) => tilt(&pose, Pair::EYES).ok(),
        (_, Some(_)) => measure.of(&pose, View::Anterior).ok(),
        _ => measure.of(&pose, view).ok(),
    }
}
