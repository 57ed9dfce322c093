//! The table of the measures that the front and back views of one visit give together.

use super::prose::in_signs;
use crate::core::body::view::View;
use crate::core::compare::visit;
use crate::core::record::Record;
use crate::report::together;
use crate::report::words::plain_name;

/// One measure.
pub(super) struct Row {
    pub(super) label: &'static str,
    /// The technical term for a plain name.
    pub(super) term: &'static str,
    pub(super) together: String,
    pub(super) words: &'static str,
    pub(super) resolved: bool,
    pub(super) front: String,
    pub(super) back: String,
}

/// The rows of one visit's records, photos of one view joined; none if the front or the back is missing.
pub(super) fn rows(records: &[&Record]) -> Vec<Row> {
    let views = visit::by_view(records);
    let of = |view: View| views.iter().find(|record| record.view.kind == view);
    let (Some(front), Some(back)) = (of(View::Anterior), of(View::Posterior)) else { return Vec::new() };
    let row = |both: together::Both| {
        let plain = plain_name(both.measure);
        let [front, back] = both.own.map(|own| in_signs(&own));
        Row {
            label: plain.unwrap_or(both.measure.label()),
            term: plain.map_or("", |_| both.measure.label()),
            together: in_signs(&both.together),
            words: both.words,
            resolved: both.resolved,
            front,
            back,
        }
    };
    together::both(front, back).into_iter().map(row).collect()
}
