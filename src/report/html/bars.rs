//! One measure as a bar: its interval relative to zero, and to the published ranges if requested.

use super::super::escape::escaped;
use crate::core::compare::reference::Band;

/// Width of a bar's drawing.
const WIDTH: f64 = 260.0;
/// Distance from zero to either end.
const REACH: f64 = 118.0;
const MIDDLE: f64 = 0.5 * WIDTH;

/// Possible ends of an axis.
const ENDS: [f64; 12] = [2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 200.0, 400.0];

/// The smallest end that covers all bounds.
pub(super) fn axis_end(bounds: impl Iterator<Item = f64>) -> f64 {
    let most = bounds.map(f64::abs).fold(0.0, f64::max);
    ENDS.into_iter().find(|end| most <= *end).unwrap_or(ENDS[ENDS.len() - 1])
}

fn place(value: f64, end: f64) -> f64 {
    MIDDLE + REACH * (value / end).clamp(-1.0, 1.0)
}

/// The content of one bar.
pub(super) struct Bar<'a> {
    pub(super) value: f64,
    pub(super) interval: [f64; 2],
    pub(super) resolved: bool,
    pub(super) end: f64,
    pub(super) bands: &'a [Band],
    /// The labels at the two ends, for bars without an axis above them.
    pub(super) ends: Option<[String; 2]>,
}

impl Bar<'_> {
    pub(super) fn svg(&self) -> String {
        let height = if self.ends.is_some() { 34.0 } else { 22.0 };
        let y = 11.0;
        let mut out = format!("<svg class=\"bar\" viewBox=\"0 0 {WIDTH} {height}\" aria-hidden=\"true\">");
        for band in self.bands {
            let (low, high) =
                (place(band.low.unwrap_or(-self.end), self.end), place(band.high.unwrap_or(self.end), self.end));
            out.push_str(&format!(
                "<rect class=\"band\" x=\"{low:.1}\" y=\"1\" width=\"{:.1}\" height=\"20\"/>",
                high - low
            ));
        }
        out.push_str(&format!(
            "<line class=\"axis\" x1=\"{:.1}\" y1=\"{y}\" x2=\"{:.1}\" y2=\"{y}\"/>\
             <line class=\"zero\" x1=\"{MIDDLE}\" y1=\"0\" x2=\"{MIDDLE}\" y2=\"22\"/>",
            MIDDLE - REACH,
            MIDDLE + REACH
        ));
        let class = if self.resolved { "interval resolved" } else { "interval" };
        let [low, high] = self.interval.map(|bound| place(bound, self.end));
        out.push_str(&format!(
            "<rect class=\"{class}\" x=\"{low:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"8\" rx=\"2\"/>",
            y - 4.0,
            (high - low).max(1.0)
        ));
        // An interval that extends beyond the axis.
        for (beyond, x, step) in
            [(self.interval[0] < -self.end, MIDDLE - REACH, -7.0), (self.interval[1] > self.end, MIDDLE + REACH, 7.0)]
        {
            if beyond {
                out.push_str(&format!(
                    "<path class=\"{class}\" d=\"M{x:.1} {:.1}L{:.1} {y}L{x:.1} {:.1}Z\"/>",
                    y - 6.0,
                    x + step,
                    y + 6.0
                ));
            }
        }
        out.push_str(&format!(
            "<circle class=\"value\" cx=\"{:.1}\" cy=\"{y}\" r=\"3.2\"/>",
            place(self.value, self.end)
        ));
        if let Some([low, high]) = &self.ends {
            out.push_str(&ends(low, high, 32.0));
        }
        out.push_str("</svg>");
        out
    }
}

fn ends(low: &str, high: &str, y: f64) -> String {
    format!(
        "<text x=\"{:.1}\" y=\"{y}\">{}</text><text x=\"{:.1}\" y=\"{y}\" text-anchor=\"end\">{}</text>",
        MIDDLE - REACH,
        escaped(low),
        MIDDLE + REACH,
        escaped(high)
    )
}

/// The axis above several bars: its ends and its zero, with a label for either side.
pub(super) fn axis(end: f64, unit: &str, sides: [&str; 2]) -> String {
    let mut out = format!(
        "<svg class=\"bar\" viewBox=\"0 0 {WIDTH} 34\" aria-hidden=\"true\">\
         <text x=\"{:.1}\" y=\"11\">\u{2190} {}</text><text x=\"{:.1}\" y=\"11\" text-anchor=\"end\">{} \u{2192}</text>",
        MIDDLE - REACH,
        escaped(sides[0]),
        MIDDLE + REACH,
        escaped(sides[1])
    );
    out.push_str(&ends(&format!("\u{2212}{end}{unit}"), &format!("+{end}{unit}"), 26.0));
    out.push_str(&format!("<text x=\"{MIDDLE}\" y=\"26\" text-anchor=\"middle\">0</text>"));
    for share in [-1.0, -0.5, 0.0, 0.5, 1.0] {
        let x = MIDDLE + share * REACH;
        out.push_str(&format!("<line class=\"zero\" x1=\"{x:.1}\" y1=\"29\" x2=\"{x:.1}\" y2=\"34\"/>"));
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_hold_all_intervals_and_never_more_than_needed() {
        assert_eq!(axis_end([0.4, -4.9].into_iter()), 5.0);
        assert_eq!(axis_end([5.1].into_iter()), 10.0);
        assert_eq!(axis_end([1e6].into_iter()), 400.0);
    }

    #[test]
    fn a_bar_lies_on_its_side_of_zero() {
        let bar = Bar { value: 3.0, interval: [1.0, 5.0], resolved: true, end: 10.0, bands: &[], ends: None }.svg();
        // 130 + 118 * 0.1 = 141.8; 118 * 0.4 = 47.2.
        assert!(bar.contains("class=\"interval resolved\" x=\"141.8\" y=\"7.0\" width=\"47.2\""), "{bar}");
    }

    #[test]
    fn an_interval_beyond_the_axis_says_so() {
        let bar = Bar { value: 3.0, interval: [-1.0, 25.0], resolved: false, end: 10.0, bands: &[], ends: None }.svg();
        assert_eq!(bar.matches("<path").count(), 1);
    }
}
