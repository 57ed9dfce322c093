//! A record of a subject, with the day that it stands for.

pub use jiff::civil::Date;

use super::change::comparable;
use super::joint::joined;
use crate::core::body::view::View;
use crate::core::record::Record;

/// A record of a subject, with the day that it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// The day.
    pub visited: Date,
    /// The record.
    pub record: Record,
}

/// The visits with the records of one day and view joined into one, in the order of the first of each.
///
/// Photos of one day that cannot be held against each other (see [`comparable`]) stay apart.
#[must_use]
pub fn by_day(visits: &[Visit]) -> Vec<Visit> {
    let mut groups: Vec<Vec<&Visit>> = Vec::new();
    for visit in visits {
        let alike = |first: &Visit| {
            first.visited == visit.visited
                && first.record.quality.usable == visit.record.quality.usable
                && comparable(&first.record, &visit.record).is_ok()
        };
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| alike(first))) {
            Some(group) => group.push(visit),
            None => groups.push(vec![visit]),
        }
    }
    groups
        .into_iter()
        .flat_map(|group| {
            let records: Vec<&Record> = group.iter().map(|visit| &visit.record).collect();
            let joint = match records[..] {
                [first, _, ..] => joined(&id(first.view.kind), &records),
                _ => None,
            };
            match (joint, group.first()) {
                (Some(record), Some(first)) => vec![Visit { visited: first.visited, record }],
                _ => group.into_iter().cloned().collect(),
            }
        })
        .collect()
}

/// One record of each view that `records` show, in the order of reports: the joint one of several photos, or the only one.
#[must_use]
pub fn by_view(records: &[&Record]) -> Vec<Record> {
    [View::Anterior, View::Posterior, View::LeftLateral, View::RightLateral]
        .into_iter()
        .filter_map(|view| {
            let of_view: Vec<&Record> = records.iter().copied().filter(|record| record.view.kind == view).collect();
            joined(&id(view), &of_view)
        })
        .collect()
}

/// The id of the joint record of a visit's photos in one view, such as `visit-front`.
#[must_use]
pub fn id(view: View) -> String {
    let side = match view {
        View::Anterior => "front",
        View::Posterior => "back",
        View::LeftLateral => "left",
        View::RightLateral => "right",
    };
    format!("visit-{side}")
}

/// A day as `YYYY-MM-DD`.
///
/// # Errors
/// One sentence for the user.
pub fn day(text: &str) -> Result<Date, String> {
    let wrong = || format!("expected a day such as 2026-03-31, found \"{text}\"");
    if text.len() != 10 {
        return Err(wrong());
    }
    text.parse::<Date>().map_err(|_| wrong())
}
