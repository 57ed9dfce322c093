//! The summary in at most four lines, and other statements beside the table.

use super::super::glance::{self, Certainty};
use super::prose::{in_signs, sentence};
use crate::core::gate::Gate;
use crate::core::measure::Measure;
use crate::core::record::{Flag, MeasureRecord, Record};

/// A line of the summary.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) words: String,
    pub(super) sure: bool,
}

/// The three lines of the first screen.
pub(super) fn lines(record: &Record) -> Vec<Line> {
    glance::lines(record)
        .into_iter()
        .map(|line| Line { name: line.name, words: in_signs(&line.words), sure: line.certainty == Certainty::Sure })
        .collect()
}

/// One line for everything that the three lines leave out.
pub(super) fn rest(record: &Record) -> String {
    let told: Vec<Measure> = glance::lines(record).into_iter().map(|line| line.measure).collect();
    let rest: Vec<&MeasureRecord> = Measure::ALL
        .into_iter()
        .filter(|measure| !told.contains(measure))
        .filter_map(|measure| record.measure(measure))
        .collect();
    let open = rest.iter().filter(|found| found.resolved == Some(false)).count();
    let missing = rest.iter().filter(|found| found.value.is_none()).count();
    let others = glance::others(record);
    let mut parts = Vec::new();
    if !others.is_empty() {
        parts.push(format!("also {}", others.join(", ")));
    }
    if open > 0 {
        parts.push(format!("no difference resolved in {open} more, which is not the same as level"));
    }
    if missing > 0 {
        parts.push(format!("{missing} not measured"));
    }
    if parts.is_empty() { String::new() } else { sentence(&parts.join("; ")) }
}

/// Flags of the photo that do not ask for another photo.
pub(super) fn flags(record: &Record) -> Vec<String> {
    let stays = |flag: &&Flag| !Gate::asks_for_another(&flag.code);
    record.quality.flags.iter().filter(stays).map(|flag| sentence(&flag.text)).collect()
}

/// The manual landmarks, in words.
pub(super) fn by_hand(record: &Record) -> String {
    let names: Vec<&str> = record.points().iter().map(|(site, _)| site.words()).collect();
    names.join(", ")
}
