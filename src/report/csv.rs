//! Rows of cells as CSV: UTF-8, LF, `.` as decimal point, no NaN. Text that a spreadsheet would treat as a formula is prefixed with `'`.

use std::io::{self, Write};

use super::table::{Cell, Column};

/// A CSV file that is being written.
#[derive(Debug)]
pub struct Sheet<W: Write> {
    rows: csv::Writer<W>,
}

impl<W: Write> Sheet<W> {
    /// Starts the file with the header.
    ///
    /// # Errors
    /// What the writer says.
    pub fn new(writer: W, columns: &[Column]) -> io::Result<Self> {
        let mut rows = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(writer);
        rows.write_record(columns.iter().map(|(name, _)| harmless(name)))?;
        Ok(Self { rows })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// What the writer says.
    pub fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        Ok(self.rows.write_record(cells.iter().map(text))?)
    }

    /// Ends the file and returns the writer.
    ///
    /// # Errors
    /// What the writer says.
    pub fn finish(self) -> io::Result<W> {
        self.rows.into_inner().map_err(|error| io::Error::new(error.error().kind(), error.error().to_string()))
    }
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => harmless(text),
        Cell::Number(value) => value.to_string(),
        Cell::Whole(value) => value.to_string(),
        Cell::Truth(value) => value.to_string(),
    }
}

/// Untrusted text, prefixed with `'` if a spreadsheet would evaluate it.
fn harmless(text: &str) -> String {
    let begins = text.trim_start_matches([' ', '\'']).starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}']);
    if begins || text.starts_with(['\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::table::Kind;
    use super::*;

    #[test]
    fn formulas_quotes_and_lines_stay_text_and_numbers_stay_numbers() {
        let columns = [("id".to_owned(), Kind::Text), ("value".to_owned(), Kind::Number)];
        let mut sheet = Sheet::new(Vec::new(), &columns).expect("begun");
        for text in ["=cmd|' /C calc'!A0", "a \"b\", c", "two\nlines", "@x", "-1", " +2", "plain"] {
            sheet.row(&[Cell::Text(text.into()), Cell::Number(-1.5)]).expect("written");
        }
        sheet.row(&[Cell::Empty, None::<f64>.into()]).expect("written");
        let text = String::from_utf8(sheet.finish().expect("ended")).expect("text");
        assert_eq!(
            text,
            "id,value\n'=cmd|' /C calc'!A0,-1.5\n\"a \"\"b\"\", c\",-1.5\n\"two\nlines\",-1.5\n'@x,-1.5\n'-1,-1.5\n' +2,-1.5\n\
             plain,-1.5\n,\n"
        );
    }
}
