//! Makes `src/core/uncertainty/side.json` again: where the joints of a person lie who is seen from the side.
//!
//! `cargo run --release --example side -- DATE --real SET RECORDS --rendered SET RECORDS`
//!
//! SET is a folder of annotated real photos or a rendered set, RECORDS the file of records of its photos that `orthostat batch` writes. The
//! offsets of ear and hip against the shoulder, in the direction that the person faces and in trunk lengths, are those with the least error on
//! the rendered photos among those that do no harm on the real ones. The second model's shares are those with the least product of both
//! errors among those that harm neither. The turn of the body is told by how far the far joints lie ahead of the near ones: the bodies' breadths are
//! those of the rendered ones in space, and its error is that against their true turn. Real photos count where the label
//! shows nose, ear, shoulder and hip of the near side. Prints the file; the offsets and those along the body go to standard error.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for developers"
)]

mod stored;

use std::path::Path;

use orthostat::core::body::pose::{MIN_VISIBILITY, Pose};
use orthostat::core::body::skeleton::{Joint, Pair, Side};
use orthostat::core::camera::sagittal_plane::{turn_of, turned_back};
use orthostat::core::geometry::Point;
use orthostat::core::measure::lateral::{ear_shoulder_angle, forward_head, trunk_sagittal_lean};
use orthostat::core::record::Record;
use orthostat::core::uncertainty::calibration::FittedOn;
use orthostat::core::uncertainty::side::{Breadths, SideFit, SideOffsets, SideShares, SideTurn};
use serde_json::Value;
use stored::{fitted_on, records};

const JOINTS: [(&str, Pair); 3] = [("ear", Pair::EARS), ("shoulder", Pair::SHOULDERS), ("hip", Pair::HIPS)];
/// Offsets beyond this share of the trunk are points of something else.
const ELSEWHERE: f64 = 0.4;

const SHOULDER: usize = 1;

/// Both models' offsets of each joint forward and up, in trunk lengths.
struct Photo {
    /// The true places from the shoulder's, forward and up.
    truth: [[f64; 2]; JOINTS.len()],
    ours: [[f64; 2]; JOINTS.len()],
    second: [Option<[f64; 2]>; JOINTS.len()],
    near: Side,
    /// By the model, by the second model, and the true one.
    poses: (Pose, Option<Pose>, Pose),
    /// Where it is known: the breadths of the body, and its turn to its own left.
    in_space: Option<([f64; Breadths::PAIRS.len()], f64)>,
}

/// The photos of a set.
#[derive(Default)]
struct Offsets(Vec<Photo>);

impl Offsets {
    fn add(&mut self, record: &Record, near: Side, truth: impl Fn(Joint) -> Option<Point>, image: &Value) -> bool {
        let [ear, shoulder, hip] = JOINTS.map(|(_, pair)| truth(pair.on(near)));
        let (Some(nose), Some(ear), Some(shoulder), Some(hip)) = (truth(Joint::Nose), ear, shoulder, hip) else {
            return false;
        };
        let places = [ear, shoulder, hip];
        let (trunk, forward) = (shoulder.distance(hip), (nose.x - ear.x).signum());
        let other = record.observation.as_ref().and_then(|seen| seen.second_pose());
        let off = |found: Point, pair: Pair| {
            let at = truth(pair.on(near))?;
            Some([forward * (found.x - at.x) / trunk, (at.y - found.y) / trunk])
        };
        let near_by = |off: &[f64; 2]| off.iter().all(|part| part.abs() < ELSEWHERE);
        let ours = JOINTS.map(|(_, pair)| {
            let found = record.landmark(pair.on(near))?;
            off(Point::new(found.x, found.y), pair).filter(near_by)
        });
        let [Some(ear), Some(shoulder), Some(hip)] = ours else { return false };
        let second = JOINTS.map(|(_, pair)| {
            let found = other.as_ref()?.get(pair.on(near)).ok().filter(|found| found.visibility >= MIN_VISIBILITY)?;
            off(found.at, pair)
        });
        let truth =
            places.map(|at| [forward * (at.x - places[SHOULDER].x) / trunk, (places[SHOULDER].y - at.y) / trunk]);
        let pose = |place: &dyn Fn(Joint) -> Option<Point>| {
            Pose::from_points(Joint::ALL.into_iter().filter_map(|joint| Some((joint, place(joint)?))))
        };
        let found = |joint: Joint| record.landmark(joint).map(|at| Point::new(at.x, at.y));
        let poses = (pose(&found), other, pose(&|joint| point_of(image, joint)));
        let in_space = breadths_of(image, near).zip(image["view_yaw_deg"].as_f64());
        self.0.push(Photo { truth, ours: [ear, shoulder, hip], second, near, poses, in_space });
        true
    }
}

/// The true place of a joint in the picture.
fn point_of(image: &Value, joint: Joint) -> Option<Point> {
    let points = if image["keypoints"].is_null() { "landmarks_px" } else { "keypoints" };
    point(&image[points][joint.name()])
}

/// Half of the distance between left and right across a rendered body, as shares of its trunk.
fn breadths_of(image: &Value, near: Side) -> Option<[f64; Breadths::PAIRS.len()]> {
    let (sin, cos) = image["body_yaw_total_deg"].as_f64()?.to_radians().sin_cos();
    let place = |joint: Joint| {
        let at = &image["landmarks_3d_m"][joint.name()];
        Some([
            at[0].as_f64()? * cos + at[1].as_f64()? * sin,
            at[0].as_f64()? * sin - at[1].as_f64()? * cos,
            at[2].as_f64()?,
        ])
    };
    let [shoulder, hip] = [place(Pair::SHOULDERS.on(near))?, place(Pair::HIPS.on(near))?];
    let trunk = (shoulder[1] - hip[1]).hypot(shoulder[2] - hip[2]);
    let half = |pair: Pair| Some(0.5 * (place(pair.left)?[0] - place(pair.right)?[0]).abs() / trunk);
    let [ears, shoulders, hips, knees, ankles] = Breadths::PAIRS.map(half);
    Some([ears?, shoulders?, hips?, knees?, ankles?])
}

fn point(value: &Value) -> Option<Point> {
    // A label says whether it is seen.
    let seen = value.get(2).is_none_or(|seen| seen.as_bool() == Some(true) || seen.as_f64().is_some_and(|s| s > 0.0));
    Some(Point::new(value[0].as_f64()?, value[1].as_f64()?)).filter(|_| seen)
}

fn read(kind: &str, folder: &Path, path: &Path) -> (Offsets, FittedOn) {
    let bytes = std::fs::read(folder.join("truth.json")).expect("the set's truth.json");
    let set: Value = serde_json::from_slice(&bytes).expect("a set");
    let records = records(path);
    let (images, file) = if kind == "real" { ("persons", "image") } else { ("images", "file") };
    let (mut offsets, mut photos) = (Offsets::default(), 0);
    for image in set[images].as_array().expect("photos") {
        let name = Path::new(image[file].as_str().expect("a file")).file_name().expect("a name").to_string_lossy();
        let Some(record) = records.get(&*name) else { continue };
        let Some(near) = record.view.kind.near_side() else { continue };
        let truth = |joint: Joint| point_of(image, joint);
        photos += usize::from(offsets.add(record, near, truth, image));
    }
    let name = if kind == "real" { "half" } else { "set" };
    let name = set[name].as_str().unwrap_or_default().to_owned();
    (offsets, fitted_on(kind, name, photos, &bytes))
}

/// Mean and standard deviation.
fn spread(of: &[f64]) -> [f64; 2] {
    let count = of.len().max(2) as f64;
    let mean = of.iter().sum::<f64>() / count;
    [mean, (of.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt()]
}

/// The mean square errors of the line from the shoulder to a joint with an offset taken out and a second model's share: forward, as a share of
/// the trunk, and of its direction, in radians.
fn errors(
    found: &[(Offsets, FittedOn)],
    kind: &str,
    joint: usize,
    offset: f64,
    (share, apart): (f64, f64),
) -> [f64; 2] {
    let of_kind = found.iter().filter(|(_, set)| set.kind == kind).flat_map(|(offsets, _)| &offsets.0);
    let (mut sums, mut count) = ([0.0; 2], 0.0);
    for photo in of_kind {
        let [forward, up] = photo.ours[joint];
        let ours = forward - offset;
        let second = photo.second[joint].filter(|[x, y]| (x - ours).hypot(y - up) <= apart);
        let [x, y] = second.map_or([ours, up], |[x, y]| [ours + share * (x - ours), up + share * (y - up)]);
        let [across, height] = photo.ours[SHOULDER];
        let (off, [ahead, above]) = ([x - across, y - height], photo.truth[joint]);
        let turned = (above + off[1]).atan2(ahead + off[0]) - above.atan2(ahead);
        let turned = turned.sin().atan2(turned.cos());
        sums[0] += off[0].powi(2);
        sums[1] += turned.powi(2);
        count += 1.0;
    }
    sums.map(|sum| sum / f64::max(count, 1.0))
}

/// The offset of a joint with the least error forward on the rendered photos, of those with which that on the real ones is no larger than
/// without.
fn best_offset(found: &[(Offsets, FittedOn)], joint: usize) -> f64 {
    let error = |kind: &str, offset: f64| errors(found, kind, joint, offset, (0.0, 0.0))[0];
    let grid = (-60..=60).map(|step| f64::from(step) / 1000.0);
    let harmless = grid.filter(|&offset| error("real", offset) <= error("real", 0.0));
    harmless.min_by(|&a, &b| error("rendered", a).total_cmp(&error("rendered", b))).unwrap_or(0.0)
}

/// The shares with the least product of both errors on real and on rendered photos, of those with which none is larger than without.
fn best_shares(found: &[(Offsets, FittedOn)], offsets: SideOffsets) -> SideShares {
    let joints = [(0, offsets.ear), (2, offsets.hip)];
    let apart = (1..=5).map(|step| f64::from(5 * step) / 100.0);
    let tried = apart.map(|apart| {
        let best = joints.map(|(joint, offset)| {
            let all = |share: f64| -> Vec<f64> {
                ["real", "rendered"]
                    .iter()
                    .flat_map(|kind| errors(found, kind, joint, offset, (share, apart)))
                    .collect()
            };
            let without = all(0.0);
            let shares = (0..=10).map(|step| f64::from(step) / 10.0);
            let harmless =
                shares.filter(|&share| all(share).iter().zip(&without).all(|(with, without)| with <= without));
            let product = |share: f64| all(share).iter().product::<f64>();
            let share = harmless.min_by(|&a, &b| product(a).total_cmp(&product(b))).unwrap_or(0.0);
            (share, product(share) / product(0.0))
        });
        let [(ear, of_ear), (hip, of_hip)] = best;
        eprintln!("apart {apart:.2}: ear {ear:.1}, hip {hip:.1}, all errors {:.3} of those without", of_ear * of_hip);
        (of_ear * of_hip, SideShares { apart, ear, hip })
    });
    tried.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, shares)| shares).unwrap_or_default()
}

/// What the fit brings, for the reader.
fn print_errors(found: &[(Offsets, FittedOn)], offsets: SideOffsets, shares: SideShares) {
    for (joint, offset, share) in [(0, offsets.ear, shares.ear), (2, offsets.hip, shares.hip)] {
        for kind in ["real", "rendered"] {
            let [read, placed, joined] = [(0.0, 0.0), (offset, 0.0), (offset, share)].map(|(offset, share)| {
                let [forward, direction] = errors(found, kind, joint, offset, (share, shares.apart)).map(f64::sqrt);
                format!("{:.2} % {:.2} deg", 100.0 * forward, direction.to_degrees())
            });
            let name = JOINTS[joint].0;
            eprintln!(
                "{name:<9} {kind:<9} RMS {read} as read, {placed} with the offset, {joined} with the second model"
            );
        }
    }
}

/// The mean breadths of the bodies in space, the root mean square error of the turn that they tell, and that of the turns of the real people.
fn turn(found: &[(Offsets, FittedOn)]) -> SideTurn {
    let known: Vec<(&Photo, &([f64; Breadths::PAIRS.len()], f64))> =
        found.iter().flat_map(|(set, _)| &set.0).filter_map(|photo| Some((photo, photo.in_space.as_ref()?))).collect();
    let count = known.len().max(1) as f64;
    let rounded = |value: f64| (1000.0 * value).round() / 1000.0;
    let mean = |index: usize| rounded(known.iter().map(|(_, (breadths, _))| breadths[index]).sum::<f64>() / count);
    let breadths = Breadths::from_pairs(std::array::from_fn(mean));
    let errors: Vec<f64> = known
        .iter()
        .filter_map(|(photo, (_, true_turn))| Some(turn_of(&photo.poses.0, photo.near, &breadths)? - true_turn))
        .collect();
    let real = found.iter().filter(|(_, set)| set.kind == "real").flat_map(|(set, _)| &set.0);
    let turns: Vec<f64> = real.filter_map(|photo| turn_of(&photo.poses.0, photo.near, &breadths)).collect();
    let rms = |values: &[f64]| {
        let mean = values.iter().map(|value| value * value).sum::<f64>() / values.len().max(1) as f64;
        (10.0 * mean.sqrt()).round() / 10.0
    };
    SideTurn { breadths, sd_deg: rms(&errors), unknown_sd_deg: rms(&turns) }
}

/// What the turn brings: errors of the values against those of the true points, which are turned back by what they themselves tell.
fn print_turned(found: &[(Offsets, FittedOn)], fit: &SideFit) {
    for (offsets, set) in found {
        let (mut left_in, mut taken_out, mut count) = ([0.0; 3], [0.0; 3], 0.0_f64);
        for Photo { near, poses: (ours, second, truth), .. } in &offsets.0 {
            let placed = fit.placed(ours, second.as_ref(), *near);
            let turned = |pose: &Pose, by: &Pose| {
                let deg = turn_of(by, *near, &fit.turn.breadths).unwrap_or(0.0);
                turned_back(pose, *near, deg).unwrap_or_else(|| pose.clone())
            };
            let values = |pose: &Pose| {
                let all =
                    [ear_shoulder_angle(pose, *near), forward_head(pose, *near), trunk_sagittal_lean(pose, *near)];
                all.map(|value| value.unwrap_or(f64::NAN))
            };
            let [true_ones, as_seen, straight] =
                [turned(truth, truth), placed.clone(), turned(&placed, ours)].map(|pose| values(&pose));
            for index in 0..3 {
                left_in[index] += (as_seen[index] - true_ones[index]).powi(2);
                taken_out[index] += (straight[index] - true_ones[index]).powi(2);
            }
            count += 1.0;
        }
        let rms = |sums: [f64; 3]| sums.map(|sum| (sum / count.max(1.0)).sqrt());
        let ([a, b, c], [d, e, f]) = (rms(left_in), rms(taken_out));
        eprintln!(
            "turn taken out, {:<9} ear over shoulder {a:.2} -> {d:.2} deg, head forward {b:.2} -> {e:.2} %, lean {c:.2} -> {f:.2} deg",
            set.kind
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(made), 7) = (arguments.first(), arguments.len()) else {
        eprintln!("usage: side DATE --real SET RECORDS --rendered SET RECORDS");
        std::process::exit(2);
    };
    let mut found: Vec<(Offsets, FittedOn)> = Vec::new();
    for part in arguments[1..].chunks(3) {
        found.push(read(part[0].trim_start_matches('-'), Path::new(&part[1]), Path::new(&part[2])));
    }
    for (index, (name, _)) in JOINTS.into_iter().enumerate() {
        for (offsets, set) in &found {
            let of = |axis: usize| spread(&offsets.0.iter().map(|photo| photo.ours[index][axis]).collect::<Vec<f64>>());
            let ([forward, sd], [up, up_sd]) = (of(0), of(1));
            let count = offsets.0.len();
            eprintln!(
                "{name:<9} {:<9} forward {forward:+.3} (sd {sd:.3}), up {up:+.3} (sd {up_sd:.3}), {count} photos",
                set.kind
            );
        }
    }
    let [ear, hip] = [0, 2].map(|joint| best_offset(&found, joint));
    let offsets = SideOffsets { ear, hip };
    let shares = best_shares(&found, offsets);
    print_errors(&found, offsets, shares);
    let turn = turn(&found);
    let sets = found.iter().map(|(_, set)| set.clone()).collect();
    let model = "movenet-thunder".into();
    let fit = SideFit { made: made.clone(), by: "tools/side.rs".into(), model, sets, offsets, shares, turn };
    print_turned(&found, &fit);
    println!("{}", serde_json::to_string_pretty(&fit).expect("JSON"));
}
