//! How often "changed" and "no change beyond the measurement error" are correct, over pairs of rendered photos.
//!
//! `cargo run --release --example change -- [--without-faces] SET...`
//!
//! With `--without-faces` the head's changes are judged by its joint values, as where a photo shows no face.
//!
//! SET is a folder with photos and `truth.json`. In a set of visits (with `visit_index`), the two visits of each body are compared, photo
//! by photo and all photos of a visit as one, and the photos of a visit with each other. In other sets every two photos of one set in the
//! same view are compared, measure by measure. Two photos of one body in one stance (`body_index` the same) must be reported unchanged.
//! Other pairs are of different people, whose own errors do not cancel: harder than two photos of one.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a program for developers"
)]

mod rendered;
#[path = "change/visits.rs"]
mod visits;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use orthostat::core::compare::change::{Verdict, compare};
use orthostat::core::measure::{Measure, Unit};
use orthostat::core::options::Options;
use orthostat::core::record::Record;
use orthostat::vision::analysis::Analyzer;
use orthostat::vision::photo::{Photo, ReadOptions};
use orthostat::vision::quality::Quality;
use rendered::truth;
use serde_json::Value;

/// The measures with known truth; those in degrees come first.
const MEASURES: [Measure; 12] = [
    Measure::HeadTilt,
    Measure::ShoulderTilt,
    Measure::PelvicObliquity,
    Measure::ShoulderPelvisAngle,
    Measure::TrunkLean,
    Measure::KneeLevel,
    Measure::TrunkShift,
    Measure::HeadShift,
    Measure::EarShoulderAngle,
    Measure::ForwardHead,
    Measure::TrunkSagittalLean,
    Measure::BodyPlumb,
];
/// Edges of the classes of true differences, in degrees.
const CLASSES: [(f64, f64); 5] = [(0.0, 0.5), (0.5, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, f64::INFINITY)];

struct Seen {
    record: Record,
    truths: Vec<Option<f64>>,
    body: Option<i64>,
    visit: Option<i64>,
}

/// The number of pairs, of those reported as changed, and of these with the right direction.
#[derive(Clone, Copy, Default)]
struct Count {
    pairs: usize,
    changed: usize,
    rightly: usize,
}

impl Count {
    fn add(&mut self, verdict: Verdict, found: f64, true_difference: f64) {
        self.pairs += 1;
        if verdict == Verdict::Changed {
            self.changed += 1;
            self.rightly += usize::from(found * true_difference > 0.0);
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            pairs: self.pairs + other.pairs,
            changed: self.changed + other.changed,
            rightly: self.rightly + other.rightly,
        }
    }
}

fn measured(folder: &Path) -> Vec<Seen> {
    let text = std::fs::read_to_string(folder.join("truth.json")).unwrap_or_else(|error| {
        eprintln!("change: {}: expected a folder with truth.json: {error}", folder.display());
        std::process::exit(2);
    });
    let set: Value = serde_json::from_str(&text).expect("truth.json parses");
    let images = set["images"].as_array().expect("images").clone();
    let (next, seen) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut analyzer = Analyzer::open(&Quality::Standard.models(), 1).expect("models");
                let options = Options { readings: Quality::Standard.readings(), ..Options::default() };
                while let Some((index, image)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    images.get(index).map(|image| (index, image))
                } {
                    let path = folder.join(image["file"].as_str().expect("a file"));
                    let photo = Photo::open(&path, &ReadOptions::default()).expect("a photo");
                    match analyzer.analyze(&photo, &options) {
                        Ok(analysis) => {
                            let truths = MEASURES.iter().map(|measure| truth(image, *measure, analysis.view)).collect();
                            let record = Record::of(photo.provenance(&index.to_string()), &analysis);
                            let (body, visit) = (image["body_index"].as_i64(), image["visit_index"].as_i64());
                            seen.lock().expect("whole").push((index, Seen { record, truths, body, visit }));
                        }
                        Err(error) => eprintln!("change: {error}"),
                    }
                }
            });
        }
    });
    let mut seen = seen.into_inner().expect("whole");
    seen.sort_by_key(|(index, _)| *index);
    seen.into_iter().map(|(_, seen)| seen).collect()
}

fn in_degrees() -> impl Iterator<Item = (usize, Measure)> {
    MEASURES.into_iter().enumerate().filter(|(_, measure)| measure.unit() == Unit::Degrees)
}

fn main() {
    let mut folders: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let asked = folders.len();
    folders.retain(|folder| folder.as_os_str() != "--without-faces");
    let without_faces = folders.len() < asked;
    if folders.is_empty() {
        eprintln!("usage: change SET...: folders of rendered sets (make evaluate-change SET=...)");
        std::process::exit(2);
    }
    // By measure: one stance, then by class of the true difference.
    let mut stance = [Count::default(); MEASURES.len()];
    let mut classes = [[Count::default(); CLASSES.len()]; MEASURES.len()];
    for folder in &folders {
        let mut seen = measured(folder);
        if without_faces {
            seen.iter_mut().flat_map(|seen| seen.record.measures.values_mut()).for_each(|found| found.by_face = None);
        }
        if seen.iter().any(|seen| seen.visit.is_some()) {
            visits::table(&folder.display().to_string(), &seen);
            continue;
        }
        for (first, before) in seen.iter().enumerate() {
            for after in &seen[first + 1..] {
                let Ok(comparison) = compare(&before.record, &after.record) else { continue };
                for (index, measure) in in_degrees() {
                    let (Some(one), Some(other)) = (before.truths[index], after.truths[index]) else { continue };
                    let change = comparison.changes.iter().find(|change| change.measure == measure.name());
                    let Some((verdict, found)) = change.and_then(|c| Some((c.verdict, c.difference?))) else {
                        continue;
                    };
                    let difference = other - one;
                    // The same body in the same stance: the truth may differ only by the definition of the turn.
                    if before.body.is_some() && before.body == after.body && difference.abs() < 0.5 {
                        stance[index].add(verdict, found, difference);
                    } else if let Some(class) =
                        CLASSES.iter().position(|(low, high)| (*low..*high).contains(&difference.abs()))
                    {
                        classes[index][class].add(verdict, found, difference);
                    }
                }
            }
        }
    }
    print_classes(&stance, &classes);
}

/// The table of sets that are not of visits, if there were any.
fn print_classes(stance: &[Count; MEASURES.len()], classes: &[[Count; CLASSES.len()]; MEASURES.len()]) {
    if stance.iter().chain(classes.iter().flatten()).all(|count| count.pairs == 0) {
        return;
    }
    println!("called changed, of all pairs (direction right), by true difference in degrees");
    let head: Vec<String> = CLASSES
        .iter()
        .map(|(low, high)| if high.is_finite() { format!("{low} to {high}") } else { format!("over {low}") })
        .collect();
    println!("{:<24}{:>18}{}", "", "same stance", head.iter().map(|h| format!("{h:>22}")).collect::<String>());
    let show = |count: &Count| {
        if count.pairs == 0 {
            return "-".to_owned();
        }
        format!(
            "{}/{} {:.0} % ({})",
            count.changed,
            count.pairs,
            100.0 * count.changed as f64 / count.pairs as f64,
            count.rightly
        )
    };
    for (index, measure) in in_degrees() {
        let cells: String = classes[index].iter().map(|count| format!("{:>22}", show(count))).collect();
        println!("{:<24}{:>18}{cells}", measure.name(), show(&stance[index]));
    }
    let all = |counts: &mut dyn Iterator<Item = Count>| counts.fold(Count::default(), Count::plus);
    let still = all(&mut stance.iter().copied());
    let moved = all(&mut classes.iter().flat_map(|row| row[3..].iter().copied()));
    println!();
    if still.pairs > 0 {
        let right = still.pairs - still.changed;
        println!(
            "same stance: {right} of {} rightly told unchanged ({:.1} %)",
            still.pairs,
            100.0 * right as f64 / still.pairs as f64
        );
    }
    if moved.pairs > 0 {
        println!(
            "4 degrees apart or more: {} of {} told changed ({:.1} %), {} of them in the right direction",
            moved.changed,
            moved.pairs,
            100.0 * moved.changed as f64 / moved.pairs as f64,
            moved.rightly
        );
    }
}
