//! Text in pictures.

use super::figure::Value;
use crate::core::body::view::View;
use crate::core::measure::{Measure, Unit};
use crate::core::record::Record;
use crate::report::signed;

fn unit(measure: Measure) -> &'static str {
    if measure.unit() == Unit::Degrees { "°" } else { " %" }
}

/// The value with its sign and unit, such as `+3.0°`; marked if it is not resolved.
pub(super) fn number(measure: Measure, found: Value) -> String {
    let number = format!("{}{}", signed(found.value).replace('-', "\u{2212}"), unit(measure));
    if found.resolved || measure.says()[0].is_empty() { number } else { format!("{number} (not resolved)") }
}

/// The offset of a level of the spinal line from the plumb line.
#[must_use]
pub fn offset(offset: f64) -> String {
    let side = if offset > 0.0 { "left" } else { "right" };
    format!("{:.1} % {side}", offset.abs())
}

/// The finding of a measure, and its value with its error.
pub(super) fn label(measure: Measure, found: Option<Value>) -> [String; 2] {
    let Some(Value { value, error, resolved }) = found else {
        return [measure.label().to_owned(), "not measured".to_owned()];
    };
    let unit = unit(measure);
    let [positive, negative] = measure.says();
    match (resolved, positive) {
        (_, "") => [measure.label().to_owned(), format!("{value:.1}{unit} ± {error:.1}")],
        (true, _) => {
            let says = if value > 0.0 { positive } else { negative };
            [says.to_owned(), format!("by {:.1}{unit} ± {error:.1}", value.abs())]
        }
        _ => [format!("{}: not resolved", measure.label()), format!("{}{unit} ± {error:.1}", signed(value))],
    }
}

/// Which side of the person is where in the picture, and which points were placed by hand.
#[must_use]
pub fn caption(record: &Record) -> String {
    let side = match record.view.kind {
        View::Anterior | View::Posterior => {
            let on_the_right = (record.view.kind == View::Anterior) != record.view.mirrored;
            format!("the subject's left is on the {} of this picture", if on_the_right { "right" } else { "left" })
        }
        side => format!("the subject's {} side", side.name()),
    };
    let by_hand = record.landmarks.values().any(|landmark| landmark.by.is_some());
    if by_hand { format!("{side}; pink points were placed by hand") } else { side }
}
