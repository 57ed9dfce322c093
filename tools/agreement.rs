//! Agreement of one pass of this program with MediaPipe, photo by photo.
//!
//! ```text
//! cargo run --release --example agreement -- [GOLDEN.json [FOLDER]]
//! cargo run --release --example agreement -- --pixels DECODED FOLDER
//! ```
//!
//! Without arguments: `tests/mediapipe/golden.json` and `samples`. The second form writes the decoded photos of a folder as PNG files,
//! for `tests/mediapipe/make_golden.py`, which creates golden files.

#![allow(clippy::print_stdout, reason = "a program that is there to print")]

#[path = "../tests/mediapipe/golden.rs"]
mod golden;

use std::path::{Path, PathBuf};

use golden::{Difference, Golden, Result, compare, one_pass, open, quantile};
use orthostat::core::body::pose::Pose;
use orthostat::vision::photo::{Photo, ReadOptions};

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match &arguments[..] {
        [] => report("tests/mediapipe/golden.json".as_ref(), "samples".as_ref()),
        [golden] => report(golden, "samples".as_ref()),
        [flag, decoded, photos] if flag.as_os_str() == "--pixels" => write_pixels(decoded, photos),
        [golden, photos] => report(golden, photos),
        _ => Err("expected [GOLDEN.json [FOLDER]] or --pixels DECODED FOLDER".into()),
    }
}

/// Writes the upright pixels of every JPEG photo.
fn write_pixels(decoded: &Path, photos: &Path) -> Result<()> {
    std::fs::create_dir_all(decoded)?;
    for file in photos.read_dir()? {
        let path = file?.path();
        if path.extension().is_some_and(|ending| ending == "jpg") {
            let name = Path::new(path.file_name().unwrap_or_default()).with_extension("png");
            Photo::open(&path, &ReadOptions::default())?.pixels.save(decoded.join(name))?;
        }
    }
    Ok(())
}

/// Prints the statistics of a golden file and of the folder with its photos.
fn report(file: &Path, folder: &Path) -> Result<()> {
    let golden = Golden::read(file)?;
    let (version, mode, complexity) = (&golden.mediapipe, golden.static_image_mode, golden.model_complexity);
    println!("One pass against MediaPipe {version} (static image mode {mode}, complexity {complexity})");
    println!(
        "Joints: distance of 12 limb and trunk joints in % of trunk length. Tilts: difference in degrees, frontal views."
    );
    let mut model = open()?;
    let (mut same, mut files, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    println!("\nBoth with the pixels that we decode");
    heading();
    for entry in &golden.photos {
        let ours = one_pass(&mut model, &entry.photo(folder)?)?;
        let (with_ours, with_theirs) = (entry.same_pixels.pose(), entry.landmarks.pose());
        same.extend(line(&entry.file, ours.as_ref(), with_ours.as_ref())?);
        if let (Some(ours), Some(other)) = (&ours, &with_theirs) {
            files.push(compare(ours, other)?);
        }
        if let (Some(one), Some(other)) = (&with_ours, &with_theirs) {
            theirs.push(compare(one, other)?);
        }
    }
    heading();
    summary("both with the pixels that we decode", &same);
    summary("each decodes the JPEG file itself", &files);
    summary("MediaPipe with one decoder and the other", &theirs);
    Ok(())
}

fn heading() {
    println!("{:<44} {:>7} {:>7} {:>7} {:>10} {:>10}", "", "median", "90th %", "maximum", "shoulders", "hips");
}

/// Prints one photo's differences, if both programs find a person.
fn line(name: &str, ours: Option<&Pose>, theirs: Option<&Pose>) -> Result<Option<Difference>> {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        println!("{name:<44} somebody found: by us {}, by MediaPipe {}", ours.is_some(), theirs.is_some());
        return Ok(None);
    };
    let difference = compare(ours, theirs)?;
    let [shoulders, hips] = match difference.tilts {
        Some(tilts) => tilts.map(|degrees| format!("{degrees:+.3}")),
        None => ["-", "-"].map(String::from),
    };
    println!("{name:<44} {} {shoulders:>10} {hips:>10}", joints(&difference.joints));
    Ok(Some(difference))
}

/// Prints the statistics over all people: for the tilts, median and maximum of the absolute difference.
fn summary(name: &str, all: &[Difference]) {
    let distances: Vec<f64> = all.iter().flat_map(|difference| difference.joints.clone()).collect();
    let [shoulders, hips] = [0, 1].map(|line| {
        let tilts: Vec<f64> = all.iter().filter_map(|d| d.tilts).map(|tilts| tilts[line].abs()).collect();
        format!("{:.3}/{:.3}", quantile(&tilts, 0.5), quantile(&tilts, 1.0))
    });
    println!("{name:<44} {} {shoulders:>10} {hips:>10}   ({} people)", joints(&distances), all.len());
}

/// Median, 90th percentile and maximum, as columns.
fn joints(percent: &[f64]) -> String {
    [0.5, 0.9, 1.0].map(|share| format!("{:>7.3}", quantile(percent, share))).join(" ")
}
