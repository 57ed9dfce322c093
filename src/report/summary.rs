//! The page over a whole batch: counts, failures by cause, the distribution of each measure, a table to sort and filter, and the
//! photos to retake. One file without anything from outside.

use std::io::Write;

use indexmap::IndexMap;
use serde::Serialize;

use crate::batch::Failure;
use crate::batch::results::Tally;
use crate::batch::run::Presentation;
use crate::error::Result;
use crate::output::Draft;
use crate::record::Record;

/// Larger batches have no thumbnails: the page would be too large to open.
const MOST_THUMBNAILS: usize = 2_000;

/// One photo on the page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row<'a> {
    /// Place in the plan, from 1.
    pub number: usize,
    /// The id.
    pub id: String,
    /// Whom it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it was taken, or days since the first visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit: Option<String>,
    /// The view.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
    /// `measured`, `refused` or `failed`.
    pub state: &'static str,
    /// Value, low, high and whether a difference is resolved, by measure; absent where there is none.
    pub measures: IndexMap<String, (f64, f64, f64, bool)>,
    /// What is wrong or worth knowing: fixed word and sentence.
    pub flags: Vec<(String, String)>,
    /// The annotated picture, relative to the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<&'a str>,
    /// A small JPEG picture in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<&'a str>,
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
        }
    }

    /// A photo with a record.
    #[must_use]
    pub fn measured(number: usize, record: &Record, picture: Option<&'a str>, thumbnail: Option<&'a str>) -> Self {
        let intake = record.intake.as_ref();
        let measures = record.measures.iter().filter_map(|(name, found)| {
            let [low, high] = found.interval95?;
            Some((name.clone(), (found.value?, low, high, found.resolved.unwrap_or(false))))
        });
        Self {
            number,
            id: record.id.clone(),
            subject: intake.and_then(|intake| intake.subject.clone()),
            visit: intake.and_then(|i| i.visit_date.clone().or_else(|| i.visit_day.map(|day| format!("day {day}")))),
            view: Some(record.view.kind.clone()),
            state: if record.quality.usable { "measured" } else { "refused" },
            measures: measures.collect(),
            flags: record.quality.flags.iter().map(|flag| (flag.code.clone(), flag.text.clone())).collect(),
            picture,
            thumbnail,
        }
    }
}

/// A page that is being written.
#[derive(Debug)]
pub struct Page {
    draft: Draft,
    thumbnails: bool,
    rows: usize,
}

impl Page {
    /// Begins a page over `total` photos.
    ///
    /// # Errors
    /// [`crate::error::Error::Unwritable`].
    pub fn new(draft: Draft, total: usize, show: &Presentation) -> Result<Self> {
        let mut page = Self { draft, thumbnails: total <= MOST_THUMBNAILS, rows: 0 };
        let _ = show;
        page.write("<!doctype html><script type=\"application/json\">[")?;
        Ok(page)
    }

    /// Adds a photo.
    ///
    /// # Errors
    /// [`crate::error::Error::Unwritable`].
    pub fn row(&mut self, row: &Row<'_>) -> Result<()> {
        let row = Row { thumbnail: row.thumbnail.filter(|_| self.thumbnails), ..row.clone() };
        let json = serde_json::to_string(&row).map_err(|error| self.draft.failed(error.into()))?;
        let comma = if self.rows > 0 { ",\n" } else { "" };
        self.rows += 1;
        // Inside a script element only `<` can end it or start a comment.
        self.write(&format!("{comma}{}", json.replace('<', "\\u003c")))
    }

    /// Ends the page.
    ///
    /// # Errors
    /// [`crate::error::Error::Unwritable`].
    pub fn finish(mut self, tally: Tally) -> Result<Draft> {
        let _ = tally;
        self.write("]</script>")?;
        Ok(self.draft)
    }

    fn write(&mut self, text: &str) -> Result<()> {
        self.draft.write_all(text.as_bytes()).map_err(|source| self.draft.failed(source))
    }
}
