//! Terminal tables of the changes between two photos, and over a subject's visits.

use comfy_table::{CellAlignment, Table, presets};

use super::signed;
use super::words::half;
use crate::core::compare::change::{self, Change, Comparison, Verdict};
use crate::core::compare::visit::{Date, Visit};
use crate::core::measure::Measure;
use crate::core::names::shown;
use crate::core::record::states::Symbol;

/// The largest number of visits shown side by side.
const COLUMNS: usize = 6;

/// The comparison of two photos, under the names the user gave.
#[must_use]
pub fn comparison(before: &str, after: &str, comparison: &Comparison) -> String {
    let (before, after) = (shown(before), shown(after));
    let mut out = format!("{before} -> {after}: seen {}\n", comparison.view.words());
    let mut table = plain();
    table.add_row(["", "before", "after", "difference", "detectable", ""]);
    let mut not_compared = Vec::new();
    // Changed measures come first.
    let mut changes: Vec<&Change> = comparison.changes.iter().collect();
    changes.sort_by_key(|change| change.verdict != Verdict::Changed);
    for change in changes {
        let label = change.label();
        match (change.before, change.after, change.difference, change.detectable) {
            (Some(before), Some(after), Some(difference), Some(least)) => {
                let unit = unit(change);
                table.add_row([
                    label,
                    format!("{}{unit}", signed(before)),
                    format!("{}{unit}", signed(after)),
                    format!("{}{unit}", signed(difference)),
                    format!("{least:.1}{unit}"),
                    change.words.clone(),
                ]);
            }
            _ => not_compared.push(format!("  not compared: {label}: {}\n", shown(&change.words))),
        }
    }
    align(&mut table, 1..5);
    push(&mut out, &table);
    out.extend(not_compared);
    for note in &comparison.notes {
        out.push_str(&format!("  note: {}\n", shown(note)));
    }
    out
}

/// The changes of one subject between two days, in one line and one more for each measure that changed.
#[must_use]
pub fn news(subject: &str, [first, last]: [Date; 2], comparison: &Comparison) -> String {
    let changed: Vec<&Change> = comparison.changes.iter().filter(|change| change.verdict == Verdict::Changed).collect();
    let compared = comparison.changes.iter().filter(|change| change.verdict != Verdict::NotCompared).count();
    let mut out = format!(
        "{}, seen {}, {first} to {last}: {} of {compared} measures changed\n",
        shown(subject),
        comparison.view.words(),
        changed.len()
    );
    for change in changed {
        out.push_str(&format!("  {}: {}\n", change.label(), change.words));
    }
    out
}

/// A subject's visits in one view, the last of them side by side, and the changes since the first visit that is comparable with the last.
#[must_use]
pub fn course(visits: &[Visit]) -> String {
    // A photo that was refused entirely is not a visit.
    let visits: Vec<&Visit> = visits.iter().filter(|visit| visit.record.quality.usable).collect();
    let Some(&last) = visits.last() else { return "no measured photo\n".into() };
    let mut out = format!(
        "seen {}: {} record{}\n",
        last.record.view.kind.words(),
        visits.len(),
        if visits.len() == 1 { "" } else { "s" }
    );
    let latest = &visits[visits.len().saturating_sub(COLUMNS)..];
    let first = visits.iter().copied().find(|visit| change::comparable(&visit.record, &last.record).is_ok());
    let compared = first
        .filter(|first| !std::ptr::eq(*first, last))
        .and_then(|first| Some((first.visited, change::compare(&first.record, &last.record).ok()?)));
    let mut table = plain();
    let mut head: Vec<String> = vec![String::new()];
    head.extend(latest.iter().map(|visit| visit.visited.to_string()));
    head.push(compared.as_ref().map(|(day, _)| format!("since {day}")).unwrap_or_default());
    table.add_row(head);
    let change_of = |measure: Measure| {
        compared.as_ref().and_then(|(_, all)| all.changes.iter().find(|change| change.measure == measure.name()))
    };
    let mut measures = Measure::ALL;
    // Changed measures come first.
    measures.sort_by_key(|&measure| change_of(measure).is_none_or(|change| change.verdict != Verdict::Changed));
    for measure in measures {
        if !latest.iter().any(|visit| visit.record.measure(measure).is_some_and(|found| found.value.is_some())) {
            continue;
        }
        let mut row = vec![measure.label().to_owned()];
        row.extend(latest.iter().map(|visit| {
            let found = visit.record.measure(measure);
            match found.and_then(|found| found.value.zip(found.interval95)) {
                Some((value, interval)) => format!("{} +- {:.1}", signed(value), half(interval)),
                None => "-".into(),
            }
        }));
        row.push(change_of(measure).map(|change| short(change).to_owned()).unwrap_or_default());
        table.add_row(row);
    }
    align(&mut table, 1..=latest.len());
    push(&mut out, &table);
    if visits.len() > latest.len() {
        out.push_str(&format!("  note: the last {} of {} visits are shown\n", latest.len(), visits.len()));
    }
    out
}

fn short(change: &Change) -> &str {
    match change.verdict {
        Verdict::Changed | Verdict::WithinError => &change.words,
        Verdict::NotCompared => "not compared",
    }
}

fn unit(change: &Change) -> &'static str {
    if change.unit == Symbol::Degrees { " deg" } else { " %" }
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

fn align(table: &mut Table, columns: impl IntoIterator<Item = usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

fn push(out: &mut String, table: &Table) {
    for line in table.to_string().lines() {
        out.push_str(&format!("  {}\n", line.strip_prefix(' ').unwrap_or(line).trim_end()));
    }
}
