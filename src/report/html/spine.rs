//! The spinal line as offsets per level from the plumb line.

use std::fmt::Write;

use super::super::escape::escaped;
use super::super::scene;
use super::bars::axis_end;
use crate::core::measure::Measure;
use crate::core::measure::frontal::Pattern;
use crate::core::record::Record;

const WIDTH: f64 = 460.0;
const MIDDLE: f64 = 230.0;
const REACH: f64 = 130.0;
const STEP: f64 = 34.0;

/// The chart as SVG with its content in words; `None` if the photo gave no spinal line.
pub(super) fn draw(record: &Record) -> Option<(String, String)> {
    let line = record.spinal_line.as_ref().filter(|line| !line.levels.is_empty())?;
    // The offset of a level that error alone can cause.
    let error = record.measure(Measure::SpinalLineDeviation).and_then(|found| found.sd).map(|sd| 1.96 * sd);
    let end = axis_end(line.levels.iter().map(|level| level.offset).chain(error));
    let x = |offset: f64| MIDDLE + REACH * (offset / end).clamp(-1.0, 1.0);
    let y = |row: usize| 44.0 + STEP * row as f64;
    let bottom = y(line.levels.len() - 1);
    let told: Vec<String> =
        line.levels.iter().map(|level| format!("{} {}", level.level, offset_words(level.offset))).collect();
    let mut out = format!(
        "<svg class=\"spine-chart\" viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"Spinal line against the plumb line: {}\">",
        bottom + 20.0,
        escaped(&told.join(", "))
    );
    let _ = write!(
        out,
        "<text x=\"{:.1}\" y=\"12\">\u{2190} subject's right</text>\
         <text x=\"{:.1}\" y=\"12\" text-anchor=\"end\">subject's left \u{2192}</text>\
         <text x=\"{:.1}\" y=\"26\">\u{2212}{end} %</text><text x=\"{MIDDLE}\" y=\"26\" text-anchor=\"middle\">0</text>\
         <text x=\"{:.1}\" y=\"26\" text-anchor=\"end\">+{end} %</text>",
        MIDDLE - REACH,
        MIDDLE + REACH,
        MIDDLE - REACH,
        MIDDLE + REACH
    );
    if let Some(error) = error {
        let (low, high) = (x(-error), x(error));
        let _ = write!(
            out,
            "<rect class=\"error\" x=\"{low:.1}\" y=\"30\" width=\"{:.1}\" height=\"{:.1}\"/>",
            high - low,
            bottom - 18.0
        );
    }
    let _ =
        write!(out, "<line class=\"plumb\" x1=\"{MIDDLE}\" y1=\"30\" x2=\"{MIDDLE}\" y2=\"{:.1}\"/>", bottom + 12.0);
    let places: Vec<String> =
        line.levels.iter().enumerate().map(|(row, level)| format!("{:.1},{:.1}", x(level.offset), y(row))).collect();
    let _ = write!(out, "<polyline class=\"spine\" points=\"{}\"/>", places.join(" "));
    for (row, level) in line.levels.iter().enumerate() {
        let _ = write!(
            out,
            "<circle class=\"level\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\"/><text x=\"4\" y=\"{:.1}\">{}</text>\
             <text class=\"number\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            x(level.offset),
            y(row),
            y(row) + 4.0,
            level.level,
            WIDTH - 4.0,
            y(row) + 4.0,
            offset_words(level.offset)
        );
    }
    out.push_str("</svg>");
    let band = error.map(|error| {
        format!(" Inside the grey band ({error:.1} % to either side) a level may stand by measurement error alone.")
    });
    let pattern = match line.pattern {
        Pattern::Straight => "No departure from the plumb line was resolved.".to_owned(),
        Pattern::C => "What departs from the plumb line departs to one side.".to_owned(),
        Pattern::S => "The line departs from the plumb line to both sides.".to_owned(),
    };
    let caption = format!(
        "Middles of ears, shoulders, hips and knees beside the plumb line through the middle of the ankles, in percent of trunk \
         length. {pattern}{}",
        band.unwrap_or_default()
    );
    Some((out, caption))
}

fn offset_words(offset: f64) -> String {
    if (10.0 * offset).round() == 0.0 { "0.0 %".into() } else { scene::offset(offset) }
}
