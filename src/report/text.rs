//! One photo on the terminal: the summary in three lines, or the table of every measure.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::glance::{self, Certainty};
use super::lines::{Line, Tone};
use super::signed;
use super::together;
use super::words::{file_words, half, level_words, offer, short_words, view_words};
use crate::core::measure::frontal::Pattern;
use crate::core::measure::{Measure, Unit};
use crate::core::names::shown;
use crate::core::record::Record;
use crate::core::record::profile::SpinalProfile;

/// The summary of one photo: advice if it should be taken again, and three lines.
#[must_use]
pub fn first(record: &Record) -> Vec<Line> {
    let head = format!(" ({})", record.view.kind.words());
    let mut lines = vec![vec![(Tone::Strong, shown(&file_words(record)).into_owned()), (Tone::Muted, head)]];
    let advice = glance::advice(record);
    let muted = advice.is_some();
    lines.extend(advice.map(|advice| vec![(Tone::Advice, format!("  {advice}"))]));
    // For a photo without any value, the reason is already shown.
    let told = glance::lines(record).into_iter().filter(|_| record.quality.usable);
    lines.extend(told.map(|line| {
        let tone = match line.certainty {
            _ if muted => Tone::Muted,
            Certainty::Sure => Tone::Finding,
            Certainty::Open => Tone::Plain,
            Certainty::Missing => Tone::Muted,
        };
        vec![(Tone::Plain, "  ".to_owned()), (tone, format!("{line}"))]
    }));
    // Photos of one stance that contradict each other.
    let contradictions = record.warnings.iter().filter(|_| !record.joined.is_empty());
    lines.extend(contradictions.map(|warning| vec![(Tone::Advice, format!("  {}", shown(warning)))]));
    lines
}

/// The measures that both views of a visit give, together, each view's own beside it: all of them, or those that are asked for most.
#[must_use]
pub fn both_views(front: &Record, back: &Record, all: bool) -> Vec<Line> {
    let mut lines = vec![vec![(Tone::Strong, "front and back together".to_owned())]];
    for both in together::both(front, back).into_iter().filter(|both| all || Measure::TILTS.contains(&both.measure)) {
        let tone = if both.resolved { Tone::Finding } else { Tone::Plain };
        let [front, back] = both.own;
        let mut line = vec![
            (tone, format!("  {}: {}", both.measure.label(), both.together)),
            (Tone::Muted, format!(" (front {front}, back {back})")),
        ];
        if both.disagree {
            line.push((Tone::Advice, ": the views disagree".into()));
        }
        lines.push(line);
    }
    lines
}

/// Every measure of one photo, with flags and reasons; `width` is that of the terminal.
#[must_use]
pub fn every(record: &Record, width: Option<usize>) -> Vec<Line> {
    let plain = |text: String| vec![(Tone::Plain, text)];
    let mut lines = vec![vec![
        (Tone::Strong, shown(&file_words(record)).into_owned()),
        (
            Tone::Plain,
            format!(
                ": {}, {} reading{}{}",
                view_words(record),
                record.tool.readings,
                if record.tool.readings == 1 { "" } else { "s" },
                level_words(record)
            ),
        ),
    ]];
    lines.extend(glance::advice(record).map(|advice| vec![(Tone::Advice, format!("  {advice}"))]));
    let (table, resolved, refused) = table_of(record, width);
    for (line, resolved) in table.into_iter().zip(resolved) {
        let tone = if resolved { Tone::Finding } else { Tone::Plain };
        lines.push(vec![(tone, line)]);
    }
    if let Some(line) = &record.spinal_line {
        let offsets: Vec<String> =
            line.levels.iter().map(|level| format!("{} {}", level.level, signed(level.offset))).collect();
        let pattern = if line.pattern == Pattern::Straight { "no departure resolved" } else { line.pattern.name() };
        lines.push(plain(format!(
            "  spinal line ({}), % of trunk length: {}",
            shown(pattern),
            shown(&offsets.join(", "))
        )));
    }
    if let Some(profile) = &record.spinal_profile {
        lines.push(plain(format!("  {}", shown(&spine_words(profile)))));
    }
    for (label, reason) in refused {
        lines.push(vec![(Tone::Muted, format!("  not measured: {label}: {}", shown(&reason)))]);
    }
    if let Some((label, offer)) = offer(record) {
        lines.push(vec![(Tone::Muted, format!("  not measured: {label}: {offer}"))]);
    }
    for flag in &record.quality.flags {
        lines.push(plain(format!("  note: {}", shown(&flag.text))));
    }
    for warning in &record.warnings {
        lines.push(plain(format!("  note: {}", shown(warning))));
    }
    lines
}

/// The same as text.
#[must_use]
pub fn table(record: &Record) -> String {
    let lines = every(record, None);
    lines.into_iter().map(|line| line.into_iter().map(|(_, text)| text).collect::<String>() + "\n").collect()
}

/// A measure without a value, and the reason.
type Refused = (&'static str, String);

/// The table's lines, whether each belongs to a resolved difference, and the measures without a value.
fn table_of(record: &Record, width: Option<usize>) -> (Vec<String>, Vec<bool>, Vec<Refused>) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(width) = width {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width.saturating_sub(2)).unwrap_or(u16::MAX).max(40));
    }
    let (mut resolved, mut refused) = (Vec::new(), Vec::new());
    for measure in Measure::ALL {
        let Some(found) = record.measure(measure) else { continue };
        match (found.value, found.interval95) {
            (Some(value), Some(interval)) => {
                let unit = if measure.unit() == Unit::Degrees { " deg" } else { " %" };
                let millimetres = found.value_mm.map(|mm| format!(" ({mm:+.0} mm)")).unwrap_or_default();
                table.add_row([
                    measure.label().to_owned(),
                    format!("{}{unit}", signed(value)),
                    format!("+- {:.1}", half(interval)),
                    format!("{}{millimetres}", short_words(measure, found)),
                ]);
                resolved.push(found.resolved == Some(true) && !measure.says()[0].is_empty());
            }
            _ => refused.push((measure.label(), found.reason.clone().unwrap_or_default())),
        }
    }
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // A row may span several lines: each line has the state of the row that it belongs to.
    let lines: Vec<String> = table.to_string().lines().map(str::to_owned).collect();
    let mut rows = resolved.into_iter();
    let mut state = false;
    let mut states = Vec::new();
    let begins = |line: &str| line.contains("+- ");
    let mut text = Vec::new();
    for line in lines {
        if begins(&line) {
            state = rows.next().unwrap_or(false);
        }
        states.push(state);
        text.push(format!("  {}", line.strip_prefix(' ').unwrap_or(&line).trim_end()));
    }
    (text, states, refused)
}

/// The spine's profile in one sentence.
fn spine_words(profile: &SpinalProfile) -> String {
    let offsets: Vec<String> =
        profile.levels.iter().filter_map(|l| Some(format!("{} {}", l.level, signed(l.from_chord?)))).collect();
    let pattern = if profile.pattern == Pattern::Straight { "no departure resolved" } else { profile.pattern.name() };
    let largest = profile.largest.as_ref().map_or_else(String::new, |largest| {
        let side = largest.side.map_or("", |side| side.name());
        format!("; most at {}: {:.1} to the {side} +- {:.1}", largest.level, largest.offset.abs(), 1.96 * largest.sd)
    });
    format!(
        "spine ({pattern}), % of trunk length beside the line from C7 to the sacrum: {}{largest}",
        offsets.join(", ")
    )
}
