//! The table on the terminal.

use comfy_table::{CellAlignment, Table, presets};

use super::signed;
use super::words::{file_words, level_words, short_words, view_words};
use crate::core::measure::frontal::Pattern;
use crate::core::measure::{Measure, Unit};
use crate::core::names::shown;
use crate::core::record::Record;

/// One photo's measures as a table with a heading, flags and reasons.
#[must_use]
pub fn table(record: &Record) -> String {
    let mut out = format!(
        "{}: {}, {} reading{}{}\n",
        shown(&file_words(record)),
        view_words(record),
        record.tool.readings,
        if record.tool.readings == 1 { "" } else { "s" },
        level_words(record),
    );
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut refused = Vec::new();
    for measure in Measure::ALL {
        let Some(found) = record.measure(measure) else { continue };
        match (found.value, found.interval95) {
            (Some(value), Some([low, high])) => {
                let unit = if measure.unit() == Unit::Degrees { " deg" } else { " %" };
                let millimetres = found.value_mm.map(|mm| format!(" ({mm:+.0} mm)")).unwrap_or_default();
                let error = 0.5 * (high - low);
                table.add_row([
                    measure.label().to_owned(),
                    format!("{}{unit}", signed(value)),
                    format!("+- {error:.1}"),
                    format!("{}{millimetres}", short_words(measure, found)),
                ]);
            }
            _ => refused.push((measure.label(), found.reason.clone().unwrap_or_default())),
        }
    }
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for line in table.to_string().lines() {
        out.push_str(&format!("  {}\n", line.trim().trim_end()));
    }
    if let Some(line) = &record.spinal_line {
        let offsets: Vec<String> =
            line.levels.iter().map(|level| format!("{} {}", level.level, signed(level.offset))).collect();
        let pattern = if line.pattern == Pattern::Straight { "no departure resolved" } else { line.pattern.name() };
        out.push_str(&format!(
            "  spinal line ({}), % of trunk length: {}\n",
            shown(pattern),
            shown(&offsets.join(", "))
        ));
    }
    for (label, reason) in refused {
        out.push_str(&format!("  not measured: {label}: {}\n", shown(&reason)));
    }
    for flag in &record.quality.flags {
        out.push_str(&format!("  note: {}\n", shown(&flag.text)));
    }
    for warning in &record.warnings {
        out.push_str(&format!("  note: {}\n", shown(warning)));
    }
    out
}
