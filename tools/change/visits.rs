//! Reported changes between two visits of one body, compared with the truth.

use std::collections::BTreeMap;

use orthostat::core::compare::change::{Change, Verdict, compare};
use orthostat::core::compare::joint;
use orthostat::core::record::Record;

use super::{MEASURES, Seen};

/// True changes from this size on should be reported, in degrees or percent.
const LARGE: f64 = 3.0;

/// The result for one measure.
#[derive(Default)]
struct Said {
    stated: Vec<f64>,
    errors: Vec<f64>,
    held: usize,
    large: usize,
    called: usize,
    wrongly: usize,
}

impl Said {
    fn add(&mut self, change: &Change, truth: f64) {
        let (Some(found), Some(least), Some([low, high])) = (change.difference, change.detectable, change.interval95)
        else {
            return;
        };
        let changed = change.verdict == Verdict::Changed;
        self.stated.push(least);
        self.errors.push(found - truth);
        self.held += usize::from((low..=high).contains(&truth));
        if truth.abs() >= LARGE {
            self.large += 1;
            self.called += usize::from(changed && found * truth > 0.0);
        }
        self.wrongly += usize::from(changed && found * truth < 0.0);
    }
}

/// Prints the tables of one set.
pub(crate) fn table(name: &str, seen: &[Seen]) {
    let mut visits: BTreeMap<(i64, i64), Vec<&Seen>> = BTreeMap::new();
    for one in seen {
        if let (Some(body), Some(visit)) = (one.body, one.visit) {
            visits.entry((body, visit)).or_default().push(one);
        }
    }
    let mut single: Vec<Said> = MEASURES.iter().map(|_| Said::default()).collect();
    let mut whole: Vec<Said> = MEASURES.iter().map(|_| Said::default()).collect();
    let (mut still, mut moved) = (0, [0; MEASURES.len()]);
    for (&(body, visit), before) in &visits {
        for (number, one) in before.iter().enumerate() {
            for other in &before[number + 1..] {
                let Ok(comparison) = compare(&one.record, &other.record) else { continue };
                for (index, measure) in MEASURES.into_iter().enumerate() {
                    let change = comparison.changes.iter().find(|change| change.measure == measure.name());
                    let Some(change) = change.filter(|change| change.difference.is_some()) else { continue };
                    still += 1;
                    moved[index] += usize::from(change.verdict == Verdict::Changed);
                }
            }
        }
        let Some(after) = visits.get(&(body, 1)).filter(|_| visit == 0) else { continue };
        for one in before {
            for other in after {
                add(&mut single, (&one.record, &one.truths), (&other.record, &other.truths));
            }
        }
        let (first, second) = (together(before), together(after));
        if let (Some(first), Some(second)) = (first, second) {
            add(&mut whole, (&first.0, &first.1), (&second.0, &second.1));
        }
    }
    let photos = visits.values().map(Vec::len).max().unwrap_or(0);
    print(&format!("{name}: one photo a visit"), &single);
    print(&format!("{name}: {photos} photos a visit"), &whole);
    let each: Vec<String> =
        MEASURES.iter().zip(moved).map(|(measure, count)| format!("{} {count}", measure.name())).collect();
    println!("photos of one visit called changed: {} of {still} ({})\n", moved.iter().sum::<usize>(), each.join(", "));
}

fn add(said: &mut [Said], before: (&Record, &[Option<f64>]), after: (&Record, &[Option<f64>])) {
    let Ok(comparison) = compare(before.0, after.0) else { return };
    for (index, measure) in MEASURES.into_iter().enumerate() {
        let (Some(first), Some(second)) = (before.1[index], after.1[index]) else { continue };
        if let Some(change) = comparison.changes.iter().find(|change| change.measure == measure.name()) {
            said[index].add(change, second - first);
        }
    }
}

/// The photos of a visit as one, and the mean of their true values.
fn together(visit: &[&Seen]) -> Option<(Record, Vec<Option<f64>>)> {
    let records: Vec<&Record> = visit.iter().map(|one| &one.record).collect();
    let truths = (0..MEASURES.len())
        .map(|index| {
            let all: Vec<f64> = visit.iter().filter_map(|one| one.truths[index]).collect();
            (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
        })
        .collect();
    Some((joint::joined("visit", &records)?, truths))
}

fn print(title: &str, said: &[Said]) {
    println!("{title}");
    println!(
        "{:<24}{:>8}{:>16}{:>16}{:>22}{:>12}",
        "", "changes", "detectable", "errors allow", "3 and more called", "interval"
    );
    for (measure, said) in MEASURES.into_iter().zip(said) {
        let count = said.errors.len();
        if count == 0 {
            continue;
        }
        let mut stated = said.stated.clone();
        stated.sort_by(f64::total_cmp);
        let rms = (said.errors.iter().map(|error| error.powi(2)).sum::<f64>() / count as f64).sqrt();
        println!(
            "{:<24}{count:>8}{:>16.2}{:>16.2}{:>22}{:>12.2}{}",
            measure.name(),
            stated[count / 2],
            1.96 * rms,
            format!("{} of {}", said.called, said.large),
            said.held as f64 / count as f64,
            if said.wrongly > 0 { format!("   {} the wrong way", said.wrongly) } else { String::new() }
        );
    }
}
