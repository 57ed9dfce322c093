//! Measures every photo of a rendered set and holds the values against the set's exact truth.
//!
//! `cargo run --release --example evaluate -- SET [--quality fast|standard|best] [--readings N] [--quick] [--json FILE]`
//!
//! SET is a folder with photos and `truth.json`. `value` is held against the body in space, `raw` against the picture.
//! Without `--quick`, a plain single reading, a mirrored pair and the mirrored photo are measured too (ablation table).

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for developers"
)]

mod rendered;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use image::imageops::flip_horizontal;
use orthostat::core::camera::frontal_plane::turned_back;
use orthostat::core::measure::Measure;
use orthostat::core::options::Options;
use orthostat::core::pipeline::Analysis;
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::estimate::model_options::Part;
use orthostat::vision::photo::{Photo, ReadOptions};
use orthostat::vision::quality::Quality;
use rendered::truth;
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
    /// The true tilts of other lines that the measure may stand for, by the points that each line joins.
    others: Vec<(&'static str, f64)>,
    body: Option<i64>,
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

fn of(rows: &[Row], measure: Measure) -> impl Iterator<Item = &Row> {
    rows.iter().filter(move |row| row.measure == measure)
}

fn print_values(rows: &[Row]) {
    println!("value against the body in space");
    println!(
        "{:<24} {:>4} {:>6} {:>7} {:>7} {:>7} {:>7} {:>6} {:>7} {:>9} {:>9}",
        "measure", "n", "null", "bias", "median", "p90", "RMSE", "slope", "in 95 %", "half-width", "resolved"
    );
    for measure in Measure::ALL {
        let pairs: Vec<_> = of(rows, measure).map(|row| (row.value, row.truth)).collect();
        if pairs.is_empty() {
            continue;
        }
        let f = figures(&pairs);
        let inside = of(rows, measure).filter(|r| (r.value - r.truth).abs() <= 1.96 * r.sd).count() as f64 / f.n as f64;
        let resolved = of(rows, measure).filter(|r| r.value.abs() > 1.96 * r.sd).count() as f64 / f.n as f64;
        let width = quantile(&mut of(rows, measure).map(|r| 1.96 * r.sd).collect::<Vec<_>>(), 0.5);
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
}

/// The lines by bony points that clinics mean by shoulder and pelvis, with their true tilts in the body's coronal plane, in degrees.
fn other_lines(image: &Value, measure: Measure) -> Vec<(&'static str, f64)> {
    let names: &[&'static str] = match measure {
        Measure::ShoulderTilt => &["acromion"],
        Measure::PelvicObliquity => &["asis", "psis"],
        _ => &[],
    };
    names.iter().filter_map(|&name| Some((name, image["metrics"][name]["tilt_3d_deg"].as_f64()?))).collect()
}

fn print_other_lines(rows: &[Row]) {
    println!("\nvalue against the line by joint centres and by bony points (in the body's coronal plane)");
    println!(
        "{:<24} {:<14} {:>4} {:>7} {:>7} {:>7} {:>6} {:>7}",
        "measure", "line", "n", "bias", "median", "RMSE", "slope", "in 95 %"
    );
    for measure in [Measure::ShoulderTilt, Measure::PelvicObliquity] {
        let lines = ["joint centres", "acromion", "asis", "psis"];
        for line in lines {
            let found: Vec<(f64, f64, f64)> = of(rows, measure)
                .filter_map(|row| {
                    let other = row.others.iter().find(|(name, _)| *name == line).map(|(_, truth)| *truth);
                    let truth =
                        if line == lines[0] { Some(row.truth).filter(|_| !row.others.is_empty()) } else { other };
                    Some((row.value, truth?, row.sd))
                })
                .collect();
            if found.is_empty() {
                continue;
            }
            let f = figures(&found.iter().map(|&(value, truth, _)| (value, truth)).collect::<Vec<_>>());
            let inside = found.iter().filter(|(value, truth, sd)| (value - truth).abs() <= 1.96 * sd).count();
            println!(
                "{:<24} {line:<14} {:>4} {:>+7.2} {:>7.2} {:>7.2} {:>6.2} {:>7.2}",
                measure.name(),
                f.n,
                f.bias,
                f.median,
                f.rmse,
                f.slope,
                inside as f64 / f.n as f64
            );
        }
    }
}

fn print_spread(name: &str, errors: &[(f64, f64)]) {
    let f = figures(&errors.iter().map(|(e, _)| (*e, 0.0)).collect::<Vec<_>>());
    let inside = errors.iter().filter(|(e, sd)| e.abs() <= 1.96 * sd).count() as f64 / errors.len().max(1) as f64;
    println!(
        "{name:<24} {:>4} {:>6} {:>+7.2} {:>7.2} {:>7.2} {:>7.2} {:>6} {:>7.2}",
        f.n, "", f.bias, f.median, f.p90, f.rmse, "", inside
    );
}

fn print_raw(rows: &[Row]) {
    println!("\nraw against the picture");
    for measure in Measure::ALL {
        let pairs: Vec<_> = of(rows, measure).filter_map(|row| Some((row.raw, row.raw_truth?))).collect();
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
}

fn print_steps(rows: &[Row]) {
    let labels = ["single reading", "mirrored pair", "all readings", "levelled", "turned back", "evidence joined"];
    println!("\nstep by step, RMSE (median) against the body in space");
    println!("{:<24} {}", "measure", labels.map(|label| format!("{label:>16}")).join(""));
    for measure in Measure::ALL {
        if of(rows, measure).next().is_none() {
            continue;
        }
        let cells = (0..labels.len()).map(|step| {
            let pairs: Vec<_> = of(rows, measure)
                .filter_map(|row| Some((if step == 5 { row.value } else { row.steps[step]? }, row.truth)))
                .collect();
            let f = figures(&pairs);
            format!("{:>16}", format!("{:.2} ({:.2})", f.rmse, f.median))
        });
        println!("{:<24} {}", measure.name(), cells.collect::<String>());
    }
    println!("\nphoto against its mirror image, largest (median) of |value + mirrored value|");
    for measure in Measure::ALL.into_iter().filter(|m| m.is_signed()) {
        let mut sums: Vec<f64> = of(rows, measure).filter_map(|row| Some((row.value + row.mirrored?).abs())).collect();
        if !sums.is_empty() {
            println!("{:<24} {:.3} ({:.3})", measure.name(), quantile(&mut sums, 1.0), quantile(&mut sums, 0.5));
        }
    }
}

fn print_groups(rows: &[Row]) {
    println!("\nRMSE of shoulder tilt, pelvic obliquity, head tilt, trunk lean by group");
    for kind in 0..4 {
        let mut groups: Vec<&String> = rows.iter().map(|row| &row.groups[kind]).collect();
        groups.sort();
        groups.dedup();
        for group in groups {
            let cells = Measure::TILTS.map(|measure| {
                let pairs: Vec<_> = of(rows, measure)
                    .filter(|row| &row.groups[kind] == group)
                    .map(|row| (row.value, row.truth))
                    .collect();
                format!("{:>6.2} (n {})", figures(&pairs).rmse, pairs.len())
            });
            println!("{group:<24} {}", cells.join("  "));
        }
    }
}

/// The scatter of values of one stance in several photos.
fn print_repeated(rows: &[Row]) {
    let bodies: BTreeMap<i64, Vec<&Row>> =
        rows.iter().filter_map(|row| Some((row.body?, row))).fold(BTreeMap::new(), |mut map, (body, row)| {
            map.entry(body).or_insert_with(Vec::new).push(row);
            map
        });
    if !bodies.is_empty() {
        println!("\nsame stance, several photos: SD within a stance, value (raw)");
        for measure in Measure::TILTS {
            let within = |pick: fn(&Row) -> f64| {
                let squares: Vec<f64> = bodies
                    .values()
                    .filter_map(|rows| {
                        let values: Vec<f64> = rows.iter().filter(|r| r.measure == measure).map(|r| pick(r)).collect();
                        orthostat::core::statistics::standard_deviation(&values).map(|sd| sd * sd)
                    })
                    .collect();
                (squares.iter().sum::<f64>() / squares.len().max(1) as f64).sqrt()
            };
            println!("{:<24} {:.2} ({:.2})", measure.name(), within(|r| r.value), within(|r| r.raw));
        }
    }
}

/// Measures every photo of a set, two at a time.
fn measure_all(
    quality: Quality,
    folder: &Path,
    images: &[Value],
    readings: usize,
    quick: bool,
) -> Vec<Result<Photographed, String>> {
    let models = quality.models();
    let measured = std::sync::Mutex::new(Vec::new());
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut analyzer = Analyzer::open(&models, 1).expect("models");
                loop {
                    let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(image) = images.get(index) else { break };
                    let result = evaluate(&mut analyzer, folder, image, readings, quick);
                    measured.lock().unwrap().push((index, result));
                }
            });
        }
    });
    let mut measured = measured.into_inner().unwrap();
    measured.sort_by_key(|(index, _)| *index);
    measured.into_iter().map(|(_, result)| result).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1)).cloned();
    let Some(folder) = arguments.first().filter(|a| !a.starts_with("--")).map(PathBuf::from) else {
        eprintln!(
            "usage: evaluate SET: the folder of a rendered set, photos with their truth.json (make evaluate SET=...)"
        );
        std::process::exit(2);
    };
    let quick = arguments.iter().any(|a| a == "--quick");
    let quality = option("--quality").unwrap_or_else(|| "standard".into());
    let quality = Quality::from_name(&quality).expect("fast, standard or best");
    let readings = option("--readings").map_or(quality.readings(), |n| n.parse().expect("a number"));
    let Ok(text) = std::fs::read_to_string(folder.join("truth.json")) else {
        eprintln!("evaluate: {}: expected a folder with truth.json, found none", folder.display());
        std::process::exit(2);
    };
    let hash = blake3::hash(text.as_bytes()).to_hex();
    let set: Value = serde_json::from_str(&text).expect("truth.json parses");
    let Some(images) = set["images"].as_array().cloned() else {
        eprintln!(
            "evaluate: {}: expected the truth.json of a rendered set, found one without \"images\"",
            folder.display()
        );
        std::process::exit(2);
    };

    let measured = measure_all(quality, &folder, &images, readings, quick);
    let mut rows = Vec::new();
    let mut refused: BTreeMap<(usize, String), usize> = BTreeMap::new();
    let (mut failed, mut yaw_errors, mut roll_errors, mut pitch_errors) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for result in measured {
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
    let models = quality.models();
    let first = models.iter().filter(|model| model.part == Part::First).map(|model| model.model.as_str());
    println!("quality {quality}, {readings} readings of {}\n", first.collect::<Vec<_>>().join(" and "));
    print_values(&rows);
    print_spread("(yaw)", &yaw_errors);
    print_spread("(camera roll)", &roll_errors);
    print_spread("(camera pitch)", &pitch_errors);
    print_other_lines(&rows);
    print_raw(&rows);
    if !quick {
        print_steps(&rows);
    }
    print_groups(&rows);
    print_repeated(&rows);

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
            .map(|r| json!({"measure": r.measure.name(), "value": r.value, "truth": r.truth, "sd": r.sd, "raw": r.raw}))
            .collect();
        let set = json!({"set": set["set"], "truth_blake3": hash.as_str(), "photos": images.len(), "rows": rows});
        std::fs::write(file, serde_json::to_vec(&set).unwrap()).expect("written");
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
        let Some(truth) = truth(image, measure, analysis.view) else { continue };
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
                    others: other_lines(image, measure),
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
