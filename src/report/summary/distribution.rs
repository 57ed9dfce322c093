//! The distribution of one measure's values over a batch: counts by value, statistics, and a histogram.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::core::measure::{Measure, Unit};
use crate::report::words::grouped;

/// Possible widths of bars in hundredths of the unit.
const STEPS: [i64; 14] = [10, 20, 50, 100, 200, 250, 500, 1_000, 2_000, 2_500, 5_000, 10_000, 20_000, 50_000];
/// The largest number of bars on each side of zero, by the number of values: many bars need many values.
const BARS: [(u64, i64); 3] = [(200, 12), (40, 8), (0, 6)];
/// From this many values on, the outermost percent on each side does not extend the histogram.
const MANY: u64 = 200;

/// Values counted by hundredths, the precision of records: exact, and small whatever the number of photos.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Distribution {
    /// The number of values with and without a resolved difference, by value in hundredths.
    counts: BTreeMap<i64, [u64; 2]>,
    total: u64,
}

impl Distribution {
    pub(super) fn add(&mut self, value: f64, resolved: bool) {
        if value.is_finite() {
            self.counts.entry((100.0 * value).round() as i64).or_default()[usize::from(resolved)] += 1;
            self.total += 1;
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The number of resolved values below and above zero.
    pub(super) fn resolved(&self) -> [u64; 2] {
        let count =
            |values: &mut dyn Iterator<Item = (&i64, &[u64; 2])>| values.map(|(_, [_, resolved])| resolved).sum();
        [count(&mut self.counts.range(..0)), count(&mut self.counts.range(1..))]
    }

    /// The quantile of the values, interpolated between the two nearest; `None` without values.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let place = share * self.total.checked_sub(1)? as f64;
        let (low, high) = (self.nth(place.floor() as u64)?, self.nth(place.ceil() as u64)?);
        Some(0.01 * (low as f64 + place.fract() * (high - low) as f64))
    }

    fn nth(&self, place: u64) -> Option<i64> {
        let mut before = 0;
        self.counts.iter().find_map(|(&value, counts)| {
            before += counts.iter().sum::<u64>();
            (before > place).then_some(value)
        })
    }

    /// The positions of the bars: the beginning of the first, the width of each (hundredths), and their number. For measures with a side,
    /// zero is in the middle, where two bars meet.
    fn bars(&self, sided: bool) -> Option<(i64, i64, usize)> {
        let spare = if self.total >= MANY { self.total / 100 } else { 0 };
        let (low, high) = (self.nth(spare)?, self.nth(self.total.checked_sub(1 + spare)?)?);
        let reach = high.max(-low).max(1);
        let (low, high) = if sided { (-reach, reach) } else { (low, high.max(low + 1)) };
        let most = BARS.into_iter().find(|(from, _)| self.total >= *from).map_or(6, |(_, bars)| bars);
        let edges = |step: i64| (low.div_euclid(step), -(-high).div_euclid(step));
        let fits = |step: &i64| edges(*step).1 - edges(*step).0 <= 2 * most && (sided || *step >= 100);
        let step = STEPS.into_iter().find(fits).unwrap_or(100_000);
        let (first, last) = edges(step);
        Some((first * step, step, usize::try_from(last - first).ok()?.max(1)))
    }

    /// A histogram as SVG; `label` describes its content in words.
    pub(super) fn svg(&self, measure: Measure, label: &str) -> Option<String> {
        let [positive, negative] = measure.says();
        let sided = !positive.is_empty();
        let (start, step, number) = self.bars(sided)?;
        let mut bars = vec![[0_u64; 2]; number];
        let mut beyond = false;
        for (value, counts) in &self.counts {
            let place = (value - start).div_euclid(step);
            let bar = place.clamp(0, number as i64 - 1);
            beyond |= place < 0 || place > number as i64 || place == number as i64 && value % step != 0;
            for (sum, count) in bars[bar as usize].iter_mut().zip(counts) {
                *sum += count;
            }
        }
        let highest = bars.iter().map(|[open, resolved]| open + resolved).max()?.max(1) as f64;
        let (left, right, top, foot) = (8.0, 312.0, 16.0, 108.0);
        // Long labels get a line each, so that they never overlap; the total height stays the same.
        let long = positive.chars().count() + negative.chars().count() > 40;
        let height = foot + 50.0;
        let width = (right - left) / number as f64;
        let x = |hundredths: i64| left + (hundredths - start) as f64 / step as f64 * width;
        let mut svg = format!("<svg class=\"plot\" viewBox=\"0 0 320 {height}\" role=\"img\" aria-label=\"{label}\">");
        for (index, [open, resolved]) in bars.iter().enumerate() {
            let mut base = foot;
            for (count, class) in [(resolved, "resolved"), (open, "open")] {
                let height = (foot - top) * *count as f64 / highest;
                if *count > 0 {
                    let at = left + width * index as f64 + 0.5;
                    let (broad, y) = (width - 1.0, base - height);
                    put(
                        &mut svg,
                        format_args!(
                            "<rect class=\"{class}\" x=\"{at:.1}\" y=\"{y:.1}\" width=\"{broad:.1}\" height=\"{height:.1}\"/>"
                        ),
                    );
                }
                base -= height;
            }
        }
        if let Some(index) = bars.iter().position(|[open, resolved]| (open + resolved) as f64 >= highest) {
            let at = (left + width * (index as f64 + 0.5)).clamp(left + 14.0, right - 14.0);
            text(&mut svg, at, top - 4.0, "middle", &grouped(highest as usize));
        }
        put(&mut svg, format_args!("<path class=\"axis\" d=\"M{left} {foot}H{right}\"/>"));
        let end = start + step * number as i64;
        if start < 0 {
            let zero = x(0);
            put(&mut svg, format_args!("<path class=\"zero\" d=\"M{zero:.1} {top}V{:.1}\"/>", foot + 4.0));
            text(&mut svg, zero, foot + 16.0, "middle", "0");
        }
        if let Some(median) = self.quantile(0.5) {
            let at = x((100.0 * median).round() as i64).clamp(left, right);
            put(&mut svg, format_args!("<path class=\"median\" d=\"M{at:.1} {foot}l-4.5 0l4.5 -8l4.5 8z\"/>"));
        }
        let unit = if measure.unit() == Unit::Degrees { "\u{b0}" } else { " %" };
        let ends = if beyond { ["\u{2264} ", "\u{2265} "] } else { [""; 2] };
        text(&mut svg, left, foot + 16.0, "start", &format!("{}{}{unit}", ends[0], plain(start)));
        text(&mut svg, right, foot + 16.0, "end", &format!("{}{}{unit}", ends[1], plain(end)));
        if sided {
            text(&mut svg, left, foot + 31.0, "start", &format!("\u{2190} {negative}"));
            text(&mut svg, right, foot + if long { 46.0 } else { 31.0 }, "end", &format!("{positive} \u{2192}"));
        }
        svg.push_str("</svg>");
        Some(svg)
    }
}

fn put(svg: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing into a string does not fail.
    let _ = svg.write_fmt(what);
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    put(svg, format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"));
}

/// Hundredths as a number with a true minus and no spare zeros.
fn plain(hundredths: i64) -> String {
    let text = (0.01 * hundredths as f64).abs().to_string();
    let short = text.get(..5).unwrap_or(&text).trim_end_matches('0').trim_end_matches('.');
    let short = if text.contains('.') { short } else { &text };
    match hundredths.signum() {
        -1 => format!("\u{2212}{short}"),
        0 => "0".into(),
        _ => format!("+{short}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Distribution {
        let mut distribution = Distribution::default();
        for &value in values {
            distribution.add(value, value.abs() > 1.0);
        }
        distribution
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_values() {
        let values = [3.25, -1.0, 0.5, 2.0, -4.75];
        assert_eq!(of(&values).quantile(0.5), Some(0.5));
        assert_eq!(of(&values).quantile(0.25), Some(-1.0));
        assert_eq!(of(&values).quantile(1.0), Some(3.25));
        assert_eq!(of(&[1.0, 2.0]).quantile(0.5), Some(1.5));
        assert_eq!(of(&[7.0]).quantile(0.25), Some(7.0));
        assert_eq!(of(&[]).quantile(0.5), None);
    }

    #[test]
    fn resolved_values_are_counted_by_side_and_what_is_no_number_is_not_counted() {
        let distribution = of(&[-2.0, -1.5, 0.5, 0.0, 9.0, f64::NAN]);
        assert_eq!((distribution.total(), distribution.resolved()), (5, [2, 1]));
    }

    #[test]
    fn zero_lies_where_two_bars_meet_and_every_value_is_in_a_bar() {
        for values in [&[-0.3, 0.2][..], &[12.0, 3.0], &[-140.0, 2.0], &[0.0], &[2000.0], &[-3.0, -2.5], &[-0.01]] {
            let distribution = of(values);
            for sided in [true, false] {
                let (start, step, number) = distribution.bars(sided).expect("bars");
                let end = start + step * number as i64;
                assert_eq!(start.rem_euclid(step), 0, "{values:?}");
                assert!(!sided || start == -end, "{values:?}: {start} to {end}");
                for value in values {
                    let hundredths = (100.0 * value).round() as i64;
                    assert!((start..=end).contains(&hundredths), "{value} in {start} to {end}");
                }
                assert!(number <= 12, "{values:?}: {number}");
            }
        }
        // An angle without a side is shown around its values, in bars of at least one degree.
        assert_eq!(of(&[48.0, 52.0, 55.2]).bars(false), Some((4_800, 100, 8)));
        assert_eq!(of(&[68.0]).bars(false), Some((6_800, 100, 1)));
        assert_eq!(of(&[]).bars(true), None);
    }

    #[test]
    fn a_far_value_among_many_does_not_flatten_the_others() {
        let mut values: Vec<f64> = (0..1000).map(|n| f64::from(n % 20) * 0.1 - 1.0).collect();
        values.push(90.0);
        let distribution = of(&values);
        let (start, step, number) = distribution.bars(true).expect("bars");
        assert!(start >= -200 && start + step * number as i64 <= 200);
        let svg = distribution.svg(Measure::ShoulderTilt, "words").expect("a histogram");
        assert!(svg.contains("\u{2265} +") && svg.contains("left shoulder higher"), "{svg}");
        assert!(!of(&values[..1000]).svg(Measure::ShoulderTilt, "words").expect("a histogram").contains('\u{2265}'));
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([250, -1000, 0, 20, -12_000].map(plain), ["+2.5", "\u{2212}10", "0", "+0.2", "\u{2212}120"]);
    }
}
