//! Measures every photo of a rendered set and holds the values against the set's exact truth.
//!
//! `cargo run --release --example evaluate -- SET [--quality fast|standard|best] [--readings N] [--quick] [--json FILE]`
//!
//! SET is a folder with photos and `truth.json`. `value` is held against the body in space, `raw` against the picture.
//! Without `--quick`, a plain single reading, a mirrored pair and the mirrored photo are measured too (ablation table).

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, reason = "a program for developers")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use image::imageops::flip_horizontal;
use orthostat::analysis::{Analysis, Analyzer, Options};
use orthostat::coronal::turned_back;
use orthostat::estimate::blazepose;
use orthostat::measure::Measure;
use orthostat::photo::{Photo, ReadOptions};
use orthostat::repeat::{DEFAULT_READINGS, FAST_READINGS};
use serde_json::{Value, json};

/// One measure of one photo.
struct Row {
    measure: Measure,
    value: f64,
    sd: f64,
    truth: f64,
    raw: f64,
    raw_truth: Option<f64>,
    /// Single reading, mirrored pair, all readings, levelled, turned back wholly: against the 3D truth.
    steps: Vec<Option<f64>>,
    mirrored: Option<f64>,
    /// Metadata kind, view, whether turned by more than 5 degrees, whether rolled by more than 1.
    groups: [String; 4],
    body: Option<i64>,
}

fn point(landmarks: &Value, name: &str) -> [f64; 3] {
    std::array::from_fn(|i| landmarks[name][i].as_f64().unwrap_or(0.0))
}

/// The true values from the landmarks in space, with the measures' own definitions, in the body's own coronal plane.
fn truth(image: &Value) -> BTreeMap<&'static str, f64> {
    let landmarks = &image["landmarks_3d_m"];
    let (sin, cos) = image["body_yaw_total_deg"].as_f64().unwrap().to_radians().sin_cos();
    // The subject's left, the way it faces, and up.
    let own = |name: &str| {
        let [x, y, z] = point(landmarks, name);
        [x * cos + y * sin, x * sin - y * cos, z]
    };
    let middle = |a: &str| {
        let (l, r) = (own(&format!("left_{a}")), own(&format!("right_{a}")));
        std::array::from_fn::<f64, 3, _>(|i| 0.5 * (l[i] + r[i]))
    };
    let tilt = |a: &str| {
        let (l, r) = (own(&format!("left_{a}")), own(&format!("right_{a}")));
        (l[2] - r[2]).atan2((l[0] - r[0]).abs()).to_degrees()
    };
    let (ear, shoulder, hip, knee, ankle) =
        (middle("ear"), middle("shoulder"), middle("hip"), middle("knee"), middle("ankle"));
    let trunk = (shoulder[0] - hip[0]).hypot(shoulder[2] - hip[2]);
    let levels = [ear, shoulder, hip, knee].map(|p| 100.0 * (p[0] - ankle[0]) / trunk);
    let leg = |side: &str| {
        let [hip, knee, ankle] = ["hip", "knee", "ankle"].map(|j| own(&format!("{side}_{j}")));
        let (u, v) = ([hip[0] - knee[0], hip[2] - knee[2]], [ankle[0] - knee[0], ankle[2] - knee[2]]);
        let bend = 180.0 - (u[0] * v[1] - u[1] * v[0]).abs().atan2(u[0] * v[0] + u[1] * v[1]).to_degrees();
        let line = hip[0] + (ankle[0] - hip[0]) * (knee[2] - hip[2]) / (ankle[2] - hip[2]);
        let out = (knee[0] - line) * if side == "left" { 1.0 } else { -1.0 };
        (bend * out.signum(), (hip[0] - ankle[0]).hypot(hip[2] - ankle[2]))
    };
    let (left, right) = (leg("left"), leg("right"));
    let mut true_values = BTreeMap::from([
        ("head_tilt", tilt("eye")),
        ("shoulder_tilt", tilt("shoulder")),
        ("pelvic_obliquity", tilt("hip")),
        ("shoulder_pelvis_angle", tilt("shoulder") - tilt("hip")),
        ("trunk_lean", (shoulder[0] - hip[0]).atan2(shoulder[2] - hip[2]).to_degrees()),
        ("trunk_shift", 100.0 * (shoulder[0] - hip[0]) / trunk),
        ("head_shift", 100.0 * (ear[0] - hip[0]) / trunk),
        ("spinal_line_deviation", levels.into_iter().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a })),
        ("knee_level", tilt("knee")),
        ("ankle_level", tilt("ankle")),
        ("knee_angle_left", left.0),
        ("knee_angle_right", right.0),
        ("knee_angle_difference", left.0 - right.0),
        ("leg_length_difference", 100.0 * (left.1 - right.1) / (0.5 * (left.1 + right.1))),
    ]);
    let near = match image["view"].as_str() {
        Some("left_lateral") => "left",
        Some("right_lateral") => "right",
        _ => return true_values,
    };
    let [ear, shoulder, hip, knee, ankle] =
        ["ear", "shoulder", "hip", "knee", "ankle"].map(|j| own(&format!("{near}_{j}")));
    let trunk = (shoulder[1] - hip[1]).hypot(shoulder[2] - hip[2]);
    let ahead = [ear, shoulder, hip, knee].map(|p| 100.0 * (p[1] - ankle[1]) / trunk);
    let (u, v) = ([hip[1] - knee[1], hip[2] - knee[2]], [ankle[1] - knee[1], ankle[2] - knee[2]]);
    let bend = 180.0 - (u[0] * v[1] - u[1] * v[0]).abs().atan2(u[0] * v[0] + u[1] * v[1]).to_degrees();
    let line = hip[1] + (ankle[1] - hip[1]) * (knee[2] - hip[2]) / (ankle[2] - hip[2]);
    true_values = BTreeMap::from([
        ("ear_shoulder_angle", (ear[2] - shoulder[2]).atan2(ear[1] - shoulder[1]).to_degrees()),
        ("forward_head", 100.0 * (ear[1] - shoulder[1]) / trunk),
        ("trunk_sagittal_lean", (shoulder[1] - hip[1]).atan2(shoulder[2] - hip[2]).to_degrees()),
        ("body_plumb", ahead.into_iter().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a })),
        ("knee_hyperextension", -bend * (knee[1] - line).signum()),
    ]);
    true_values
}

fn raw_truth(image: &Value, measure: Measure) -> Option<f64> {
    let pair = |name: &str| image["metrics"][name]["tilt_image_deg"].as_f64();
    match measure {
        Measure::HeadTilt => pair("eye"),
        Measure::ShoulderTilt => pair("shoulder"),
        Measure::PelvicObliquity => pair("hip"),
        Measure::ShoulderPelvisAngle => Some(pair("shoulder")? - pair("hip")?),
        Measure::KneeLevel => pair("knee"),
        Measure::AnkleLevel => pair("ankle"),
        _ => None,
    }
}

/// The photo as a mirror would show it, with the metadata that the mirrored world's phone would have written.
fn mirror_image(photo: &Photo) -> Photo {
    let mut mirrored = photo.clone();
    mirrored.pixels = flip_horizontal(&photo.pixels);
    mirrored.metadata.gravity = photo.metadata.gravity.map(|[x, y, z]| [-x, y, z]);
    mirrored
}

/// Levelled alone, and turned back wholly: the plain measures on the straightened joints.
fn steps(analysis: &Analysis, measure: Measure) -> [Option<f64>; 2] {
    let levelled = analysis.camera.level_pose(&analysis.pose);
    let turned =
        analysis.view.facing().and_then(|facing| turned_back(&levelled, &analysis.camera, facing, analysis.yaw?.deg));
    [measure.of(&levelled, analysis.view).ok(), turned.and_then(|pose| measure.of(&pose, analysis.view).ok())]
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    values.sort_by(f64::total_cmp);
    let at = share * (values.len() - 1) as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    values[low] + (values[high] - values[low]) * (at - low as f64)
}

struct Figures {
    n: usize,
    bias: f64,
    median: f64,
    p90: f64,
    rmse: f64,
    slope: f64,
    null: f64,
}

fn figures(pairs: &[(f64, f64)]) -> Figures {
    let n = pairs.len() as f64;
    let errors: Vec<f64> = pairs.iter().map(|(found, truth)| found - truth).collect();
    let mut sizes: Vec<f64> = errors.iter().map(|e| e.abs()).collect();
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / n;
    let (mf, mt) = (mean(&mut pairs.iter().map(|p| p.0)), mean(&mut pairs.iter().map(|p| p.1)));
    let covariance = mean(&mut pairs.iter().map(|p| (p.0 - mf) * (p.1 - mt)));
    Figures {
        n: pairs.len(),
        bias: mean(&mut errors.iter().copied()),
        median: quantile(&mut sizes, 0.5),
        p90: quantile(&mut sizes, 0.9),
        rmse: mean(&mut errors.iter().map(|e| e * e)).sqrt(),
        slope: covariance / mean(&mut pairs.iter().map(|p| (p.1 - mt).powi(2))),
        null: mean(&mut pairs.iter().map(|p| p.1 * p.1)).sqrt(),
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1)).cloned();
    let folder = PathBuf::from(arguments.first().expect("the folder of a rendered set"));
    let quick = arguments.iter().any(|a| a == "--quick");
    let quality = option("--quality").unwrap_or_else(|| "standard".into());
    let usual = if quality == "fast" { FAST_READINGS } else { DEFAULT_READINGS };
    let readings = option("--readings").map_or(usual, |n| n.parse().expect("a number"));
    let text = std::fs::read_to_string(folder.join("truth.json")).expect("truth.json in the folder");
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let set: Value = serde_json::from_str(&text).expect("truth.json parses");
    let images = set["images"].as_array().expect("images").clone();

    let names: &[&str] = if quality == "best" { &["blazepose-full", "blazepose-heavy"] } else { &["blazepose-full"] };
    let models: Vec<_> =
        names.iter().map(|&model| blazepose::Options { model: model.into(), ..Default::default() }).collect();
    let measured = std::sync::Mutex::new(Vec::new());
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut analyzer = Analyzer::open(&models, 1).expect("models");
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(image) = images.get(index) else { break };
                    let result = evaluate(&mut analyzer, &folder, image, readings, quick);
                    measured.lock().unwrap().push((index, result));
                }
            });
        }
    });
    let mut measured = measured.into_inner().unwrap();
    measured.sort_by_key(|(index, _)| *index);
    let mut rows = Vec::new();
    let mut refused: BTreeMap<(usize, String), usize> = BTreeMap::new();
    let (mut failed, mut yaw_errors, mut roll_errors, mut pitch_errors) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (_, result) in measured {
        match result {
            Ok(photo) => {
                rows.extend(photo.rows);
                for (measure, reason) in photo.refused {
                    *refused.entry((measure as usize, reason)).or_default() += 1;
                }
                yaw_errors.extend(photo.yaw);
                roll_errors.push(photo.roll);
                pitch_errors.push(photo.pitch);
            }
            Err(reason) => failed.push(reason),
        }
    }

    println!("set {} ({} photos, truth.json BLAKE3 {})", set["set"], images.len(), &hash[..16]);
    println!("quality {quality}, {readings} readings of {}\n", names.join(" and "));
    println!("value against the body in space");
    println!(
        "{:<24} {:>4} {:>6} {:>7} {:>7} {:>7} {:>7} {:>6} {:>7} {:>9} {:>9}",
        "measure", "n", "null", "bias", "median", "p90", "RMSE", "slope", "in 95 %", "half-width", "resolved"
    );
    let of = |measure: Measure| rows.iter().filter(move |row| row.measure == measure);
    for measure in Measure::ALL {
        let pairs: Vec<_> = of(measure).map(|row| (row.value, row.truth)).collect();
        if pairs.is_empty() {
            continue;
        }
        let f = figures(&pairs);
        let inside = of(measure).filter(|r| (r.value - r.truth).abs() <= 1.96 * r.sd).count() as f64 / f.n as f64;
        let resolved = of(measure).filter(|r| r.value.abs() > 1.96 * r.sd).count() as f64 / f.n as f64;
        let width = quantile(&mut of(measure).map(|r| 1.96 * r.sd).collect::<Vec<_>>(), 0.5);
        println!(
            "{:<24} {:>4} {:>6.2} {:>+7.2} {:>7.2} {:>7.2} {:>7.2} {:>6.2} {:>7.2} {:>9.2} {:>9.2}",
            measure.name(),
            f.n,
            f.null,
            f.bias,
            f.median,
            f.p90,
            f.rmse,
            f.slope,
            inside,
            width,
            resolved
        );
    }
    let spread = |name: &str, errors: &[(f64, f64)]| {
        let f = figures(&errors.iter().map(|(e, _)| (*e, 0.0)).collect::<Vec<_>>());
        let inside = errors.iter().filter(|(e, sd)| e.abs() <= 1.96 * sd).count() as f64 / errors.len().max(1) as f64;
        println!(
            "{name:<24} {:>4} {:>6} {:>+7.2} {:>7.2} {:>7.2} {:>7.2} {:>6} {:>7.2}",
            f.n, "", f.bias, f.median, f.p90, f.rmse, "", inside
        );
    };
    spread("(yaw)", &yaw_errors);
    spread("(camera roll)", &roll_errors);
    spread("(camera pitch)", &pitch_errors);

    println!("\nraw against the picture");
    for measure in Measure::ALL {
        let pairs: Vec<_> = of(measure).filter_map(|row| Some((row.raw, row.raw_truth?))).collect();
        if !pairs.is_empty() {
            let f = figures(&pairs);
            println!(
                "{:<24} {:>4} {:>6} {:>+7.2} {:>7.2} {:>7.2} {:>7.2} {:>6.2}",
                measure.name(),
                f.n,
                "",
                f.bias,
                f.median,
                f.p90,
                f.rmse,
                f.slope
            );
        }
    }

    if !quick {
        let labels = ["single reading", "mirrored pair", "all readings", "levelled", "turned back", "evidence joined"];
        println!("\nstep by step, RMSE (median) against the body in space");
        println!("{:<24} {}", "measure", labels.map(|label| format!("{label:>16}")).join(""));
        for measure in Measure::ALL {
            if of(measure).next().is_none() {
                continue;
            }
            let cells = (0..labels.len()).map(|step| {
                let pairs: Vec<_> = of(measure)
                    .filter_map(|row| Some((if step == 5 { row.value } else { row.steps[step]? }, row.truth)))
                    .collect();
                let f = figures(&pairs);
                format!("{:>16}", format!("{:.2} ({:.2})", f.rmse, f.median))
            });
            println!("{:<24} {}", measure.name(), cells.collect::<String>());
        }
        println!("\nphoto against its mirror image, largest (median) of |value + mirrored value|");
        for measure in Measure::ALL.into_iter().filter(|m| m.is_signed()) {
            let mut sums: Vec<f64> = of(measure).filter_map(|row| Some((row.value + row.mirrored?).abs())).collect();
            if !sums.is_empty() {
                println!("{:<24} {:.3} ({:.3})", measure.name(), quantile(&mut sums, 1.0), quantile(&mut sums, 0.5));
            }
        }
    }

    println!("\nRMSE of shoulder tilt, pelvic obliquity, head tilt, trunk lean by group");
    for kind in 0..4 {
        let mut groups: Vec<&String> = rows.iter().map(|row| &row.groups[kind]).collect();
        groups.sort();
        groups.dedup();
        for group in groups {
            let cells = [Measure::ShoulderTilt, Measure::PelvicObliquity, Measure::HeadTilt, Measure::TrunkLean].map(
                |measure| {
                    let pairs: Vec<_> = of(measure)
                        .filter(|row| &row.groups[kind] == group)
                        .map(|row| (row.value, row.truth))
                        .collect();
                    format!("{:>6.2} (n {})", figures(&pairs).rmse, pairs.len())
                },
            );
            println!("{group:<24} {}", cells.join("  "));
        }
    }

    let bodies: BTreeMap<i64, Vec<&Row>> =
        rows.iter().filter_map(|row| Some((row.body?, row))).fold(BTreeMap::new(), |mut map, (body, row)| {
            map.entry(body).or_insert_with(Vec::new).push(row);
            map
        });
    if !bodies.is_empty() {
        println!("\nsame stance, several photos: SD within a stance, value (raw)");
        for measure in [Measure::ShoulderTilt, Measure::PelvicObliquity, Measure::HeadTilt, Measure::TrunkLean] {
            let within = |pick: fn(&Row) -> f64| {
                let squares: Vec<f64> = bodies
                    .values()
                    .filter_map(|rows| {
                        let values: Vec<f64> = rows.iter().filter(|r| r.measure == measure).map(|r| pick(r)).collect();
                        orthostat::repeat::standard_deviation(&values).map(|sd| sd * sd)
                    })
                    .collect();
                (squares.iter().sum::<f64>() / squares.len().max(1) as f64).sqrt()
            };
            println!("{:<24} {:.2} ({:.2})", measure.name(), within(|r| r.value), within(|r| r.raw));
        }
    }

    println!("\nrefused");
    for ((measure, reason), count) in &refused {
        println!("{:<24} {count:>4}  {reason}", Measure::ALL[*measure].name());
    }
    for reason in &failed {
        println!("photo failed: {reason}");
    }
    if let Some(file) = option("--json") {
        let rows: Vec<Value> = rows
            .iter()
            .map(|r| json!({"measure": r.measure.name(), "value": r.value, "sd": r.sd, "truth": r.truth, "raw": r.raw, "groups": r.groups}))
            .collect();
        std::fs::write(file, serde_json::to_vec(&rows).unwrap()).expect("written");
    }
}

struct Photographed {
    rows: Vec<Row>,
    refused: Vec<(Measure, String)>,
    yaw: Option<(f64, f64)>,
    roll: (f64, f64),
    pitch: (f64, f64),
}

fn evaluate(
    analyzer: &mut Analyzer,
    folder: &Path,
    image: &Value,
    readings: usize,
    quick: bool,
) -> Result<Photographed, String> {
    let file = image["file"].as_str().unwrap();
    let photo = Photo::open(&folder.join(file), &ReadOptions::default()).map_err(|e| e.to_string())?;
    let mut analyze = |photo: &Photo, readings: usize| {
        analyzer.analyze(photo, &Options { readings, ..Options::default() }).map_err(|e| e.to_string())
    };
    let analysis = analyze(&photo, readings)?;
    let expected = image["view"].as_str().unwrap().replace("_lateral", "");
    if analysis.view.name() != expected {
        return Err(format!("{file}: taken for {}, is {expected}", analysis.view.name()));
    }
    let (single, pair, flipped) = if quick {
        (None, None, None)
    } else {
        (Some(analyze(&photo, 1)?), Some(analyze(&photo, 2)?), Some(analyze(&mirror_image(&photo), readings)?))
    };
    let true_values = truth(image);
    let number = |value: &Value| value.as_f64().unwrap_or(0.0);
    let turned = number(&image["view_yaw_deg"]);
    let groups = [
        image["metadata"]["kind"].as_str().unwrap_or("?").to_owned(),
        expected,
        if turned.abs() > 5.0 { "turned > 5 deg" } else { "turned <= 5 deg" }.into(),
        if number(&image["roll_deg"]).abs() > 1.0 { "rolled > 1 deg" } else { "rolled <= 1 deg" }.into(),
    ];
    let (mut rows, mut refused) = (Vec::new(), Vec::new());
    for (measure, result) in analysis.assessment.iter() {
        if measure.is_frontal() != analysis.view.facing().is_some() {
            continue;
        }
        let Some(&truth) = true_values.get(measure.name()) else { continue };
        match result {
            Ok(found) => {
                let raw = |a: &Option<Analysis>| Some(a.as_ref()?.assessment.get(measure).as_ref().ok()?.raw);
                let [levelled, turned] = steps(&analysis, measure);
                rows.push(Row {
                    measure,
                    value: found.value,
                    sd: found.sd,
                    truth,
                    raw: found.raw,
                    raw_truth: raw_truth(image, measure),
                    steps: vec![raw(&single), raw(&pair), Some(found.raw), levelled, turned],
                    mirrored: flipped.as_ref().and_then(|a| Some(a.assessment.get(measure).as_ref().ok()?.value)),
                    groups: groups.clone(),
                    body: image["body_index"].as_i64(),
                });
            }
            Err(refusal) => refused.push((measure, refusal.to_string())),
        }
    }
    let camera = &analysis.camera;
    let yaw = analysis.yaw.map(|yaw| (yaw.deg - turned, yaw.sd_deg));
    Ok(Photographed {
        rows,
        refused,
        yaw,
        roll: (camera.roll_deg - number(&image["camera"]["roll_deg"]), camera.roll_sd_deg),
        pitch: (camera.pitch_deg - number(&image["camera"]["pitch_deg"]), camera.pitch_sd_deg),
    })
}
