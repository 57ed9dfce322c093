//! The summary page of a batch: counts, failures by cause, the distribution of each measure, a table to sort and filter, and the photos
//! to retake. One file without external resources.
//!
//! Rows are written to the file as they arrive: the page keeps only counters, whatever the number of photos. Content that depends on all
//! of them follows after the rows, and a script builds the table. Its policy allows only its own scripts and styles.

mod distribution;

use std::io::Write;

use base64::Engine;
use distribution::Distribution;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::core::body::view::View;
use crate::core::error::Result;
use crate::core::gate::Gate;
use crate::core::measure::{Measure, Unit};
use crate::core::record::Record;
use crate::core::record::outcome::{Failure, Tally};
use crate::report::CAUTION;
use crate::report::escape::escaped;
use crate::report::output::Draft;
use crate::report::words::grouped;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The markup before and after the table.
const TABLE: &str = include_str!("table.html");
/// The photos to take again, filled in by the script.
const AGAIN: &str = include_str!("again.html");

/// Larger batches have no thumbnails: the page would be too large to open.
const MOST_THUMBNAILS: usize = 2_000;

/// One photo on the page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row<'a> {
    /// Place in the plan, from 1.
    pub number: usize,
    /// The id.
    pub id: String,
    /// The subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it was taken, or days since the first visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit: Option<String>,
    /// The view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
    /// `measured`, `refused` or `failed`.
    pub state: &'static str,
    /// Value, low, high and whether a difference is resolved, by measure; absent if there is none.
    pub measures: IndexMap<String, (f64, f64, f64, bool)>,
    /// Flags: code and sentence.
    pub flags: Vec<(String, String)>,
    /// The annotated picture, relative to the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<&'a str>,
    /// A small JPEG picture in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<&'a str>,
    /// The subject's page, relative to this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<&'a str>,
}

impl<'a> Row<'a> {
    /// A photo without a record.
    #[must_use]
    pub fn failed(number: usize, id: &str, failure: &Failure) -> Self {
        Self {
            number,
            id: id.into(),
            subject: None,
            visit: None,
            view: None,
            state: "failed",
            measures: IndexMap::new(),
            flags: vec![(failure.code.clone(), failure.text.clone())],
            picture: None,
            thumbnail: None,
            report: None,
        }
    }

    /// A photo with a record. If it was refused without a flag, the first reason is shown instead.
    #[must_use]
    pub fn measured(number: usize, record: &Record, picture: Option<&'a str>, thumbnail: Option<&'a str>) -> Self {
        let intake = record.intake.as_ref();
        let measures = record.measures.iter().filter_map(|(name, found)| {
            let [low, high] = found.interval95?;
            Some((name.clone(), (found.value?, low, high, found.resolved.unwrap_or(false))))
        });
        let quality = &record.quality;
        let mut flags: Vec<_> = quality.flags.iter().map(|flag| (flag.code.clone(), flag.text.clone())).collect();
        if flags.is_empty() && !quality.usable {
            let reason = record.measures.values().find_map(|found| found.reason.clone()).unwrap_or_default();
            flags.push(("refused".into(), reason));
        }
        Self {
            number,
            id: record.id.clone(),
            subject: intake.and_then(|intake| intake.subject.clone()),
            visit: intake.and_then(|i| i.visit_date.clone().or_else(|| i.visit_day.map(|day| format!("day {day}")))),
            view: Some(record.view.kind),
            state: if quality.usable { "measured" } else { "refused" },
            measures: measures.collect(),
            flags,
            picture,
            thumbnail,
            report: None,
        }
    }
}

/// Flags that do not ask for a new photo.
const KEPT: [Gate; 8] = [
    Gate::NotLevelled,
    Gate::ViewContradicted,
    Gate::ViewDoubtful,
    Gate::SeveralPeople,
    Gate::PerhapsMirrored,
    Gate::GravityContradicted,
    Gate::Edited,
    Gate::FrontCamera,
];

/// Fixed codes of flags and failures, and their names on the page.
const WORDS: [(&str, &str); 33] = [
    ("unreadable", "cannot be read"),
    ("not_a_picture", "no readable picture"),
    ("too_large", "too many pixels"),
    ("too_many_bytes", "file too long"),
    ("no_person", "no person found"),
    ("no_such_person", "fewer people than asked for"),
    ("time_limit", "took too long"),
    ("panic", "defect of this program"),
    ("refused", "refused"),
    ("not_a_person", "perhaps nobody there"),
    ("not_upright", "not upright"),
    ("too_small", "far too small"),
    ("stretched", "picture stretched or squeezed"),
    ("skew_print", "print taken at an angle"),
    ("sides_open", "left and right open"),
    ("not_standing", "not standing on both legs"),
    ("perhaps_mirrored", "perhaps a mirror image"),
    ("gravity_contradicted", "the phone's level contradicted"),
    ("edited", "file edited"),
    ("front_camera", "front camera"),
    ("models_disagree", "models disagree"),
    ("turned", "body turned"),
    ("cut_off", "cut off or hidden"),
    ("small", "small in the picture"),
    ("close", "taken from too near"),
    ("arms", "arms not hanging"),
    ("feet", "feet not on one line"),
    ("dark", "dark"),
    ("blurred", "blurred"),
    ("view_doubtful", "view doubtful"),
    ("view_contradicted", "view contradicted"),
    ("several_people", "several people"),
    ("not_levelled", "camera tilt unknown"),
];

/// The number of occurrences of each cause.
type Causes = IndexMap<String, usize>;

/// A page that is being written.
#[derive(Debug)]
pub struct Page {
    draft: Draft,
    thumbnails: bool,
    deidentified: bool,
    rows: usize,
    distributions: IndexMap<&'static str, Distribution>,
    /// Why photos failed, why they were refused (the most important flag), and the flags of those measured.
    causes: [Causes; 3],
}

impl Page {
    /// Begins a page for `total` photos.
    ///
    /// # Errors
    /// [`crate::core::error::Error::Unwritable`].
    pub fn new(draft: Draft, total: usize, deidentified: bool) -> Result<Self> {
        let mut page = Self {
            draft,
            thumbnails: total <= MOST_THUMBNAILS,
            deidentified,
            rows: 0,
            distributions: Measure::ALL.map(|measure| (measure.name(), Distribution::default())).into_iter().collect(),
            causes: Default::default(),
        };
        let heading = format!("Batch of {}", photos(total));
        page.write(&format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; img-src data:; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{heading} - Orthostat</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#photos\">Skip to the table of photos</a>\n<header>\n<p class=\"maker\">Orthostat</p>\n\
             <h1>{heading}</h1>\n<nav aria-label=\"Sections\"><a href=\"#overview\">Overview</a> <a href=\"#again\">Photos to take \
             again</a> <a href=\"#distributions\">Distribution of each measure</a> <a href=\"#photos\">All photos</a></nav>\n\
             <p class=\"caution\">{CAUTION}</p>\n",
            sha256(STYLE),
            sha256(SCRIPT)
        ))?;
        if page.deidentified {
            page.write(
                "<p class=\"told\"><b>De-identified.</b> Ids and subjects are keyed hashes, visits are days since the first one; \
                 file names, dates and notes are left out, and heads are covered in pictures.</p>\n",
            )?;
        }
        page.write(
            "<noscript><p class=\"told\">The table and the photos to take again need scripts, which are switched off here. \
             results.csv and failures.csv hold the same.</p></noscript>\n</header>\n\
             <script type=\"application/json\" id=\"rows\">[",
        )?;
        Ok(page)
    }

    /// Adds a photo.
    ///
    /// # Errors
    /// [`crate::core::error::Error::Unwritable`].
    pub fn row(&mut self, row: &Row<'_>) -> Result<()> {
        self.count(row);
        let row = Row { thumbnail: row.thumbnail.filter(|_| self.thumbnails), ..row.clone() };
        let json = serde_json::to_string(&row).map_err(|error| self.draft.failed(error.into()))?;
        let comma = if self.rows > 0 { ",\n" } else { "" };
        self.rows += 1;
        self.write(&format!("{comma}{}", inert(&json)))
    }

    fn count(&mut self, row: &Row<'_>) {
        for (name, (value, _, _, resolved)) in &row.measures {
            if let Some(distribution) = self.distributions.get_mut(name.as_str()) {
                distribution.add(*value, *resolved);
            }
        }
        let codes = row.flags.iter().map(|(code, _)| code);
        let (kind, codes): (_, Vec<_>) = match row.state {
            "failed" => (0, codes.take(1).collect()),
            "refused" => (1, codes.take(1).collect()),
            _ => (2, codes.collect()),
        };
        for code in codes {
            *self.causes[kind].entry(code.clone()).or_default() += 1;
        }
    }

    /// Ends the page.
    ///
    /// # Errors
    /// [`crate::core::error::Error::Unwritable`].
    pub fn finish(mut self, tally: Tally) -> Result<Draft> {
        let seen = |measure: &Measure| self.distributions[measure.name()].total() > 0;
        let measures: Vec<_> = Measure::ALL.into_iter().filter(seen).collect();
        let facts = json!({
            "words": WORDS.into_iter().collect::<IndexMap<_, _>>(),
            "keep": KEPT.map(Gate::name),
            "measures": measures.iter().map(|measure| {
                let [positive, negative] = measure.says();
                json!({"name": measure.name(), "label": measure.label(), "unit": unit_words(*measure),
                    "positive": positive, "negative": negative})
            }).collect::<Vec<_>>(),
        });
        self.write(&format!(
            "]</script>\n<script type=\"application/json\" id=\"facts\">{}</script>\n<main>\n{}{AGAIN}",
            inert(&facts.to_string()),
            self.overview(tally)
        ))?;
        self.write(&self.plots(&measures))?;
        let version = env!("CARGO_PKG_VERSION");
        self.write(&format!(
            "{TABLE}</main>\n<footer class=\"quiet\">Made by orthostat {version}. The same figures, for other programs: results.csv, \
             results_long.csv, results.jsonl, failures.csv.</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
        ))?;
        Ok(self.draft)
    }

    fn overview(&self, tally: Tally) -> String {
        let Tally { measured, refused, failed } = tally;
        let total = tally.total();
        let tile = |class: &str, name: &str, number: usize, what: &str| {
            let number = grouped(number);
            format!(
                "<div class=\"{class}\"><dt>{name}</dt><dd class=\"number\">{number}</dd><dd class=\"what\">{what}</dd></div>\n"
            )
        };
        let mut html = format!(
            "<section aria-labelledby=\"overview\">\n<h2 id=\"overview\">Overview</h2>\n<dl class=\"counts\">\n{}{}{}{}</dl>\n",
            tile("all", "Photos", total, "files taken from the input"),
            tile("measured", "Measured", measured, "at least one measure has a value"),
            tile("refused", "Refused", refused, "read, but nothing in it may be measured"),
            tile("failed", "Failed", failed, "no picture, or no person in it"),
        );
        let [failures, refusals, notes] = &self.causes;
        let lost = causes("failed", failures, total) + &causes("refused", refusals, total);
        let noted = causes("measured", notes, total);
        let mut columns = String::new();
        for (heading, about, rows) in [
            ("Failures by cause", "Photos without a single value, by the weightiest cause.", lost),
            (
                "Notes on measured photos",
                "What makes measures less certain or leaves some out; a photo may have several.",
                noted,
            ),
        ] {
            if !rows.is_empty() {
                columns.push_str(&format!(
                    "<div class=\"group\">\n<h3>{heading}</h3>\n<p class=\"quiet\">{about}</p>\n<table class=\"causes\">\n\
                     <thead class=\"hidden\"><tr><th scope=\"col\">Cause</th><th scope=\"col\">Photos</th><th scope=\"col\">Share</th></tr></thead>\n\
                     <tbody>\n{rows}</tbody></table>\n</div>\n"
                ));
            }
        }
        if !columns.is_empty() {
            html.push_str(&format!("<div class=\"columns\">\n{columns}</div>\n"));
        }
        html + "</section>\n"
    }

    fn plots(&self, measures: &[Measure]) -> String {
        let mut html = String::from(
            "<section aria-labelledby=\"distributions\">\n<h2 id=\"distributions\">Distribution of each measure</h2>\n",
        );
        if measures.is_empty() {
            return html + "<p>No photo has a value.</p>\n</section>\n";
        }
        html.push_str(
            "<p class=\"quiet\">Sides are the subject's own. <span class=\"key resolved\"></span> difference resolved: zero lies outside \
             the photo's 95&nbsp;% interval. <span class=\"key\"></span> not resolved. The triangle is the median, the number counts the tallest bar. Photos are counted, \
             not people.</p>\n<div class=\"plots\">\n",
        );
        for &measure in measures {
            let distribution = &self.distributions[measure.name()];
            let total = distribution.total();
            let mut lines = vec![spread(distribution, measure)];
            let [positive, negative] = measure.says();
            if !positive.is_empty() {
                let [below, above] = distribution.resolved();
                let open = total - below - above;
                lines.push(format!(
                    "{negative}: <b>{}</b>; {positive}: <b>{}</b>; no difference resolved: <b>{}</b>",
                    grouped(below as usize),
                    grouped(above as usize),
                    grouped(open as usize)
                ));
            }
            let label = format!("Histogram of {}, in {}: {}", measure.label(), unit_words(measure), lines.join(". "));
            let label = label.replace("<b>", "").replace("</b>", "");
            html.push_str(&format!(
                "<figure>\n<figcaption><h3>{} <small class=\"quiet\">{}</small></h3>\n<p>{}</p></figcaption>\n{}\n</figure>\n",
                measure.label(),
                unit_words(measure),
                lines.join("</p>\n<p class=\"quiet\">"),
                distribution.svg(measure, &label).unwrap_or_default()
            ));
        }
        html + "</div>\n</section>\n"
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.draft.write_all(text.as_bytes()).map_err(|source| self.draft.failed(source))
    }
}

/// Rows of a table of causes, most frequent first.
fn causes(state: &str, causes: &Causes, total: usize) -> String {
    let mut sorted: Vec<_> = causes.iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let row = |(code, &count): (&String, &usize)| {
        let width = 100.0 * count as f64 / total.max(1) as f64;
        let (words, code) = (escaped(words(code)), escaped(code));
        let prefix = if state == "refused" && code != "refused" { "refused: " } else { "" };
        format!(
            "<tr class=\"{state}\"><th scope=\"row\"><button type=\"button\" data-flag=\"{code}\" data-kind=\"{state}\" \
             title=\"Show these photos in the table\">{prefix}{words}</button></th><td class=\"count\">{}</td>\
             <td><svg viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{width:.0} % of all photos\">\
             <rect width=\"{:.1}\" height=\"6\"/></svg></td></tr>\n",
            grouped(count),
            width.max(0.5)
        )
    };
    sorted.into_iter().map(row).collect()
}

/// The number of values, their median, and their spread.
fn spread(distribution: &Distribution, measure: Measure) -> String {
    let unit = if measure.unit() == Unit::Degrees { "\u{b0}" } else { "&nbsp;%" };
    let value = |share| distribution.quantile(share).map(signed).unwrap_or_default();
    let total = distribution.total();
    let mut text = format!("{}, median <b>{}{unit}</b>", photos(total as usize), value(0.5));
    match total {
        0..=1 => {}
        2..=3 => text.push_str(&format!(", from {} to {}{unit}", value(0.0), value(1.0))),
        _ => text.push_str(&format!(", half of them from {} to {}{unit}", value(0.25), value(0.75))),
    }
    text
}

/// A number with its sign, a true minus, and one decimal.
fn signed(value: f64) -> String {
    match super::signed(value).as_str() {
        "+0.0" => "0.0".into(),
        text => text.replace('-', "\u{2212}"),
    }
}

fn unit_words(measure: Measure) -> String {
    measure.unit().of().map_or_else(|| "degrees".into(), |of| format!("% of {of}"))
}

fn words(code: &str) -> &str {
    WORDS.into_iter().find(|(known, _)| *known == code).map_or(code, |(_, words)| words)
}

fn photos(count: usize) -> String {
    format!("{} {}", grouped(count), if count == 1 { "photo" } else { "photos" })
}

/// JSON that is safe inside a script element, which only `<` can end or turn into a comment.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// The source expression of a policy that allows exactly this style or script.
fn sha256(text: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text)))
}
