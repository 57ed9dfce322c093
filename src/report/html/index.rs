//! An index of pages: one row per subject, with days and views.

use askama::Template;

use super::prose::sentence;
use crate::core::compare::visit::Date;
use crate::core::error::{Error, Result};
use crate::core::record::Record;

/// One page of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The subject.
    pub name: String,
    /// The page's file, relative to the index.
    pub file: String,
    /// The first and the last day, if known.
    pub days: Option<[Date; 2]>,
    /// The views, each once.
    pub views: String,
    /// The number of photos, and of those that could not be measured.
    pub photos: [usize; 2],
}

impl Entry {
    /// The entry of a page with these records.
    pub fn of<'a>(name: &str, file: &str, records: impl Iterator<Item = (&'a Record, Option<Date>)>) -> Self {
        let mut entry = Self { name: name.into(), file: file.into(), days: None, views: String::new(), photos: [0, 0] };
        let mut views: Vec<&str> = Vec::new();
        for (record, date) in records {
            entry.photos[0] += 1;
            entry.photos[1] += usize::from(!record.quality.usable);
            if let Some(day) = date {
                entry.days = Some(entry.days.map_or([day, day], |[first, last]| [first.min(day), last.max(day)]));
            }
            let view = record.view.kind.words();
            if !views.contains(&view) {
                views.push(view);
            }
        }
        entry.views = sentence(&views.join(", ")).trim_end_matches('.').to_owned();
        entry
    }

    /// The days in words.
    fn when(&self) -> String {
        match self.days {
            None => String::new(),
            Some([first, last]) if first == last => first.to_string(),
            Some([first, last]) => format!("{first} to {last}"),
        }
    }

    /// The photos in words.
    fn count(&self) -> String {
        match self.photos {
            [all, 0] => all.to_string(),
            [all, bad] => format!("{all} ({bad} not measured)"),
        }
    }

    /// The file as a URL: everything except plain letters is percent-encoded.
    fn href(&self) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        self.file.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    }
}

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    style: &'static str,
    entries: &'a [Entry],
    caution: &'static str,
    version: &'static str,
}

/// The index.
///
/// # Errors
/// [`Error::Usage`] when it cannot be made.
pub fn page(entries: &[Entry]) -> Result<String> {
    let (style, caution, version) = (include_str!("page.css"), crate::report::CAUTION, env!("CARGO_PKG_VERSION"));
    let index = Index { style, entries, caution, version };
    index.render().map_err(|error| Error::Usage { reason: format!("the index cannot be made: {error}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_files_become_addresses() {
        let entry = Entry {
            name: "A <b>".into(),
            file: "Müller 3.html".into(),
            days: None,
            views: "From the front".into(),
            photos: [2, 1],
        };
        let html = page(&[entry]).expect("an index");
        assert!(html.contains("A &lt;b&gt;") && html.contains("href=\"M%C3%BCller%203.html\""), "{html}");
        assert!(html.contains("2 (1 not measured)"), "{html}");
    }
}
