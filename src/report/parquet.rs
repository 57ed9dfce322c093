//! Rows of cells as Apache Parquet.

use std::path::PathBuf;
use std::sync::Arc;

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::table::{Cell, Column, Kind};
use crate::core::error::{Error, Result};
use crate::report::output::Draft;

/// Rows buffered before they are written.
const GROUP: usize = 1_000;

/// A Parquet file that is being written.
pub struct Rows {
    file: SerializedFileWriter<Draft>,
    kinds: Vec<Kind>,
    held: Vec<Vec<Cell>>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("columns", &self.kinds.len()).finish()
    }
}

impl Rows {
    /// Begins a file.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn new(draft: Draft, columns: &[Column]) -> Result<Self> {
        let field = |(name, kind): &Column| {
            let form = match kind {
                Kind::Text => "BYTE_ARRAY {} (UTF8)",
                Kind::Number => "DOUBLE {}",
                Kind::Whole => "INT64 {}",
                Kind::Truth => "BOOLEAN {}",
            };
            format!("OPTIONAL {};", form.replace("{}", &plain(name)))
        };
        let message = format!("message results {{ {} }}", columns.iter().map(field).collect::<String>());
        let path = draft.path().to_path_buf();
        let file = parse_message_type(&message).and_then(|schema| {
            // The file contains nothing about the machine or the time.
            let properties = WriterProperties::builder().set_created_by("orthostat".into()).build();
            SerializedFileWriter::new(draft, Arc::new(schema), Arc::new(properties))
        });
        let file = file.map_err(|error| unwritable(path, error))?;
        Ok(Self { file, kinds: columns.iter().map(|(_, kind)| *kind).collect(), held: Vec::new() })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
        self.held.push(cells);
        if self.held.len() < GROUP { Ok(()) } else { self.flush() }
    }

    /// Ends the file and returns it, to be moved into place.
    ///
    /// # Errors
    /// [`Error::Unwritable`].
    pub fn finish(mut self) -> Result<Draft> {
        self.flush()?;
        let path = self.file.inner().path().to_path_buf();
        self.file.into_inner().map_err(|error| unwritable(path, error))
    }

    fn flush(&mut self) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.held);
        let write = |file: &mut SerializedFileWriter<Draft>| {
            let mut group = file.next_row_group()?;
            for (column, kind) in self.kinds.iter().enumerate() {
                let cells = rows.iter().map(|row| row.get(column));
                match kind {
                    Kind::Text => write_column::<ByteArrayType>(&mut group, cells, |cell| match cell {
                        Cell::Text(text) => Some(ByteArray::from(text.as_str())),
                        _ => None,
                    }),
                    Kind::Number => write_column::<DoubleType>(&mut group, cells, |cell| match cell {
                        Cell::Number(value) => Some(*value),
                        _ => None,
                    }),
                    Kind::Whole => write_column::<Int64Type>(&mut group, cells, |cell| match cell {
                        Cell::Whole(value) => Some(*value),
                        _ => None,
                    }),
                    Kind::Truth => write_column::<BoolType>(&mut group, cells, |cell| match cell {
                        Cell::Truth(value) => Some(*value),
                        _ => None,
                    }),
                }?;
            }
            group.close().map(|_| ())
        };
        let written = write(&mut self.file);
        written.map_err(|error| unwritable(self.file.inner().path().to_path_buf(), error))
    }
}

fn unwritable(path: PathBuf, error: ParquetError) -> Error {
    Error::Unwritable { path, source: std::io::Error::other(error) }
}

fn write_column<'a, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Draft>,
    cells: impl Iterator<Item = Option<&'a Cell>>,
    pick: impl Fn(&Cell) -> Option<T::T>,
) -> std::result::Result<(), ParquetError> {
    let cells: Vec<Option<T::T>> = cells.map(|cell| cell.and_then(&pick)).collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("fewer columns than cells".into()));
    };
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    column.close()
}

/// A name that the schema's grammar allows.
fn plain(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_digit()) || plain.is_empty() { format!("_{plain}") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::output::Outputs;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    #[test]
    fn rows_come_back_with_their_gaps() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows.parquet");
        let columns = [("id", Kind::Text), ("tilt", Kind::Number), ("number", Kind::Whole), ("usable", Kind::Truth)]
            .map(|(name, kind)| (name.to_owned(), kind));
        let mut rows = Rows::new(Outputs::files(false).draft(&path, None).expect("begun"), &columns).expect("begun");
        for number in 0..2_500 {
            let tilt = if number % 2 == 0 { Cell::Empty } else { Cell::Number(0.5) };
            rows.row(vec![Cell::Text(number.to_string()), tilt, Cell::Whole(number), Cell::Truth(true)])
                .expect("written");
        }
        rows.finish().expect("ended").finish().expect("placed");
        let file = SerializedFileReader::new(std::fs::File::open(&path).expect("there")).expect("parquet");
        let read: Vec<Vec<Field>> = file
            .get_row_iter(None)
            .expect("rows")
            .map(|row| row.expect("a row").into_columns().into_iter().map(|(_, field)| field).collect())
            .collect();
        assert_eq!(read.len(), 2_500);
        assert_eq!(read[2], [Field::Str("2".into()), Field::Null, Field::Long(2), Field::Bool(true)]);
        assert_eq!(read[2_499][1], Field::Double(0.5));
    }
}
