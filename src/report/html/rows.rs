//! The table of a page: groups of measures, each measure with its bar, its words and its references.

use crate::core::compare::reference::{self, Band};
use crate::core::measure::{Measure, Unit, descriptor};
use crate::core::record::states::PointsBy;
use crate::core::record::{MeasureRecord, Record};
use crate::report::html::bars::{Bar, axis, axis_end};
use crate::report::html::prose::{in_signs, sentence};
use crate::report::{signed, words};

/// One measure of the table.
pub(super) struct Row {
    pub(super) label: &'static str,
    /// The technical term for a plain name.
    pub(super) term: &'static str,
    pub(super) value: String,
    pub(super) error: String,
    pub(super) millimetres: String,
    pub(super) bar: String,
    pub(super) words: String,
    pub(super) resolved: bool,
    /// Who placed its points, if not the model alone.
    pub(super) by: &'static str,
    pub(super) reference: Vec<String>,
    /// Where the ranges come from, for the list below the table.
    pub(super) sources: Vec<String>,
}

/// The measures of one group, with their common axis.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) axis: String,
    pub(super) rows: Vec<Row>,
}

/// A group's title, its unit, and the labels of both sides; `None` if every bar has an axis of its own.
fn heading(group: descriptor::Group) -> (&'static str, &'static str, Option<[&'static str; 2]>) {
    let sides = Some(["subject's right", "subject's left"]);
    match group {
        descriptor::Group::Lines => ("Lines and leans, in degrees", "°", sides),
        descriptor::Group::Shifts => ("Shifts beside the plumb line, in percent of trunk length", " %", sides),
        descriptor::Group::Knees => ("Knees, in degrees", "°", Some(["inward", "outward"])),
        descriptor::Group::Balance => ("Left against right, each on a scale of its own", "", None),
        descriptor::Group::Side => ("From the side, each on a scale of its own", "", None),
    }
}

pub(super) fn groups(record: &Record, with_bands: bool) -> Vec<Group> {
    descriptor::Group::ALL
        .into_iter()
        .filter_map(|group| {
            let (title, unit, sides) = heading(group);
            let found: Vec<(Measure, &MeasureRecord, [f64; 2])> = Measure::ALL
                .into_iter()
                .filter(|measure| measure.descriptor().group == group)
                .filter_map(|measure| {
                    let found = record.measure(measure)?;
                    Some((measure, found, found.interval95.filter(|_| found.value.is_some())?))
                })
                .collect();
            let end = axis_end(found.iter().flat_map(|(_, _, interval)| *interval));
            let rows: Vec<Row> = found
                .into_iter()
                .filter_map(|(measure, found, interval)| {
                    let bands = if with_bands { reference::bands(measure, record) } else { Vec::new() };
                    row(measure, found, interval, sides.is_some().then_some(end), &bands)
                })
                .collect();
            let axis = sides.map_or_else(String::new, |sides| axis(end, unit, sides));
            (!rows.is_empty()).then_some(Group { title, axis, rows })
        })
        .collect()
}

fn row(measure: Measure, found: &MeasureRecord, interval: [f64; 2], end: Option<f64>, bands: &[Band]) -> Option<Row> {
    let value = found.value?;
    let unit = if measure.unit() == Unit::Degrees { "°" } else { " %" };
    let bar = if measure.says()[0].is_empty() {
        // Zero is not neutral for this measure.
        String::new()
    } else {
        let own = axis_end(interval.into_iter());
        let ends = [format!("\u{2212}{own}{unit}"), format!("+{own}{unit}")];
        let resolved = found.resolved == Some(true);
        Bar { value, interval, resolved, end: end.unwrap_or(own), bands, ends: end.is_none().then_some(ends) }.svg()
    };
    let plain = words::plain_name(measure);
    Some(Row {
        label: plain.unwrap_or(measure.label()),
        term: plain.map_or("", |_| measure.label()),
        value: format!("{}{unit}", signed(value).replace('-', "\u{2212}")),
        error: format!("± {:.1}", words::half(interval)),
        millimetres: found.value_mm.map(|mm| format!("{mm:+.0} mm").replace('-', "\u{2212}")).unwrap_or_default(),
        bar,
        words: if measure.says()[0].is_empty() { "no side".into() } else { words::short_words(measure, found) },
        resolved: found.resolved == Some(true) && !measure.says()[0].is_empty(),
        by: match found.by {
            None => "",
            Some(PointsBy::Hand) => "points placed by hand",
            Some(PointsBy::HandAndModel) => "some points placed by hand",
        },
        reference: bands
            .iter()
            .map(|band| {
                in_signs(&format!(
                    "{}: {} {}",
                    sentence(&band.range.who).trim_end_matches('.'),
                    band.place(interval),
                    band.bounds(found.unit)
                ))
            })
            .collect(),
        sources: bands
            .iter()
            .map(|band| in_signs(&format!("{}: {} ({})", band.range.who, band.range.what, band.range.source)))
            .collect(),
    })
}

/// Each source once, with the measures that use it.
pub(super) fn sources(groups: &[Group]) -> Vec<String> {
    let mut sources: Vec<(&str, Vec<&str>)> = Vec::new();
    for row in groups.iter().flat_map(|group| &group.rows) {
        for source in &row.sources {
            match sources.iter_mut().find(|(known, _)| *known == source.as_str()) {
                Some((_, labels)) => labels.push(row.label),
                None => sources.push((source, vec![row.label])),
            }
        }
    }
    sources.into_iter().map(|(source, labels)| sentence(&format!("{}, {source}", labels.join(" and ")))).collect()
}
