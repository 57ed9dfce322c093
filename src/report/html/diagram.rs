//! The body as a diagram: its lines at their measured tilts, true to scale, with the signed values next to them.

use std::fmt::Write;

use super::super::escape::escaped;
use super::super::words::value_text;
use crate::core::body::skeleton::Joint;
use crate::core::body::view::View;
use crate::core::geometry::Point;
use crate::core::measure::Measure;
use crate::core::record::Record;

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 560.0;
const MIDDLE: f64 = 0.5 * WIDTH;
/// Length of the trunk in the drawing.
const TRUNK: f64 = 160.0;

/// Level lines: measure, name, height in the drawing, half length.
const LINES: [(Measure, &str, f64, f64); 5] = [
    (Measure::HeadTilt, "head", 58.0, 46.0),
    (Measure::ShoulderTilt, "shoulders", 132.0, 84.0),
    (Measure::PelvicObliquity, "hips", 292.0, 66.0),
    (Measure::KneeLevel, "knees", 402.0, 58.0),
    (Measure::AnkleLevel, "ankles", 512.0, 50.0),
];

/// Heights of the spinal line's levels, by name.
const LEVELS: [(&str, f64); 5] =
    [("ears", 58.0), ("shoulders", 132.0), ("hips", 292.0), ("knees", 402.0), ("ankles", 512.0)];

/// Measures on the opposite side.
const BESIDE: [(Measure, &str, f64); 4] = [
    (Measure::HeadShift, "head shift", 58.0),
    (Measure::TrunkShift, "trunk shift", 132.0),
    (Measure::TrunkLean, "trunk lean", 212.0),
    (Measure::ShoulderPelvisAngle, "shoulders / pelvis", 292.0),
];

const BODY: &str = "<g class=\"body\"><ellipse cx=\"210\" cy=\"58\" rx=\"29\" ry=\"37\"/>\
    <path d=\"M197 88h26v20q34 6 52 14 12 6 14 22l8 70q3 30 4 62 0 10-7 10-6 0-8-9l-14-66-12-54q-2 34 2 58 8 30 8 62l-2 46\
    q-6 58-12 96-2 22-4 82h-22q-2-52-4-82l-6-90-6 90q-2 30-4 82h-22q-2-60-4-82-6-38-12-96l-2-46q0-32 8-62 4-24 2-58l-12 54\
    -14 66q-2 9-8 9-7 0-7-10 1-32 4-62l8-70q2-16 14-22 18-8 52-14z\"/></g>";

fn text(out: &mut String, class: &str, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = write!(
        out,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
        escaped(words)
    );
}

/// A name, and below it the value in words.
fn entry(out: &mut String, record: &Record, measure: Measure, name: &str, x: f64, y: f64, anchor: &str) {
    let Some(found) = record.measure(measure) else { return };
    text(out, "name", x, y - 5.0, anchor, name);
    match value_text(found) {
        Some(value) if found.resolved == Some(true) => text(out, "number resolved", x, y + 12.0, anchor, &value),
        Some(value) => {
            text(out, "number", x, y + 12.0, anchor, &value);
            text(out, "small", x, y + 25.0, anchor, "not resolved");
        }
        None => text(out, "small", x, y + 11.0, anchor, "not measured"),
    }
}

/// The diagram as SVG, and its content in words.
pub(super) fn draw(record: &Record) -> (String, String) {
    let frontal = record.view.kind.facing().is_some();
    let words =
        if frontal { "Diagram of the body with the signed values" } else { "Diagram of the body from the side" };
    let mut out =
        format!("<svg class=\"diagram\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{words}: ");
    let told: Vec<String> = Measure::ALL
        .into_iter()
        .filter_map(|measure| {
            let value = value_text(record.measure(measure)?)?;
            Some(format!("{} {value}", measure.label()))
        })
        .collect();
    out.push_str(&escaped(&told.join(", ")));
    out.push_str("\">");
    if frontal {
        from_the_front(&mut out, record)
    } else {
        from_the_side(&mut out, record)
    }
    out.push_str("</svg>");
    let caption = if frontal {
        "Lines and offsets are drawn at their measured size. + = the subject's left is higher, or shifted to the subject's left."
    } else {
        "Joints as they stand against the plumb line through the ankle. + = forward."
    };
    (out, caption.into())
}

fn from_the_front(out: &mut String, record: &Record) {
    // As in the picture: facing the camera, the subject's left is on the right.
    let side = if (record.view.kind == View::Anterior) != record.view.mirrored { 1.0 } else { -1.0 };
    out.push_str(BODY);
    let [left, right] = if side > 0.0 { [MIDDLE + 118.0, MIDDLE - 118.0] } else { [MIDDLE - 118.0, MIDDLE + 118.0] };
    text(out, "side", left, 14.0, "middle", "subject's left");
    text(out, "side", right, 14.0, "middle", "subject's right");
    let _ = write!(out, "<line class=\"plumb\" x1=\"{MIDDLE}\" y1=\"22\" x2=\"{MIDDLE}\" y2=\"548\"/>");
    if let Some(spine) = &record.spinal_line {
        let places: Vec<(f64, f64)> = spine
            .levels
            .iter()
            .filter_map(|level| {
                let (_, y) = LEVELS.iter().find(|(name, _)| *name == level.level.name())?;
                Some((MIDDLE + side * 0.01 * level.offset * TRUNK, *y))
            })
            .collect();
        let line: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y}")).collect();
        let _ = write!(out, "<polyline class=\"spine\" points=\"{}\"/>", line.join(" "));
        for (x, y) in places {
            let _ = write!(out, "<circle class=\"level\" cx=\"{x:.1}\" cy=\"{y}\" r=\"3.5\"/>");
        }
    }
    for (measure, name, y, half) in LINES {
        let Some(found) = record.measure(measure) else { continue };
        let class = if found.resolved == Some(true) { "line resolved" } else { "line" };
        if let Some(value) = found.value {
            let rise = side * half * value.to_radians().tan();
            let _ = write!(
                out,
                "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
                MIDDLE - half,
                y + rise,
                MIDDLE + half,
                y - rise
            );
        }
        entry(out, record, measure, name, WIDTH - 4.0, y, "end");
    }
    for (measure, name, y) in BESIDE {
        entry(out, record, measure, name, 4.0, y, "start");
    }
    entry(out, record, Measure::WeightShift, "centre of mass", 4.0, 512.0, "start");
}

fn from_the_side(out: &mut String, record: &Record) {
    let near = if record.view.kind == View::LeftLateral { 0 } else { 1 };
    let chain = [
        [Joint::LeftEar, Joint::RightEar],
        [Joint::LeftShoulder, Joint::RightShoulder],
        [Joint::LeftHip, Joint::RightHip],
        [Joint::LeftKnee, Joint::RightKnee],
        [Joint::LeftAnkle, Joint::RightAnkle],
    ];
    let camera = record.levelling();
    let place = |joint: Joint| record.landmark(joint).map(|l| camera.level(Point::new(l.x, l.y)));
    let joints: Vec<(usize, Point)> =
        chain.iter().enumerate().filter_map(|(row, pair)| Some((row, place(pair[near])?))).collect();
    let (Some(&(_, first)), Some(&(_, last))) = (joints.first(), joints.last()) else { return };
    let scale = 454.0 / (last.y - first.y).abs().max(1.0);
    let at = |p: Point| (MIDDLE + scale * (p.x - last.x), 512.0 + scale * (p.y - last.y));
    // In a view of the subject's left side, the front is on the left of the picture.
    let front_left = (near == 0) != record.view.mirrored;
    text(out, "side", if front_left { 60.0 } else { WIDTH - 60.0 }, 14.0, "middle", "front");
    text(out, "side", if front_left { WIDTH - 60.0 } else { 60.0 }, 14.0, "middle", "back");
    let _ = write!(out, "<line class=\"plumb\" x1=\"{MIDDLE}\" y1=\"22\" x2=\"{MIDDLE}\" y2=\"548\"/>");
    if let Some(nose) = place(Joint::Nose) {
        let ((x, y), (nose_x, _)) = (at(first), at(nose));
        let radius = (nose_x - x).abs().clamp(24.0, 60.0);
        let _ = write!(
            out,
            "<g class=\"body\"><ellipse cx=\"{:.1}\" cy=\"{y:.1}\" rx=\"{radius:.1}\" ry=\"{:.1}\"/></g>",
            x + 0.3 * (nose_x - x),
            1.15 * radius
        );
    }
    let line: Vec<String> = joints.iter().map(|(_, p)| at(*p)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = write!(
        out,
        "<polyline class=\"limb\" points=\"{0}\"/><polyline class=\"spine\" points=\"{0}\"/>",
        line.join(" ")
    );
    for (row, p) in &joints {
        let (x, y) = at(*p);
        let _ = write!(out, "<circle class=\"level\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>");
        for (measure, name, of) in [
            (Measure::ForwardHead, "ear before shoulder", 0),
            (Measure::TrunkSagittalLean, "trunk lean", 1),
            (Measure::BodyPlumb, "largest offset", 2),
            (Measure::KneeHyperextension, "knee beyond straight", 3),
        ] {
            if of == *row {
                entry(out, record, measure, name, WIDTH - 4.0, y, "end");
            }
        }
    }
}
