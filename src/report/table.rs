//! Records as rows of cells, for CSV and Parquet: one row per photo, or one row per measure. The columns do not depend on the photos.

use indexmap::IndexMap;

use crate::core::measure::Measure;
use crate::core::record::states::Towards;
use crate::core::record::{MeasureRecord, Record};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Whole,
    /// Yes or no.
    Truth,
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// A finite number.
    Number(f64),
    /// A whole number.
    Whole(i64),
    /// Yes or no.
    Truth(bool),
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        value.filter(|v| v.is_finite()).map_or(Cell::Empty, Cell::Number)
    }
}

impl From<Option<&str>> for Cell {
    fn from(text: Option<&str>) -> Self {
        text.filter(|text| !text.is_empty()).map_or(Cell::Empty, |text| Cell::Text(text.to_owned()))
    }
}

impl From<Option<bool>> for Cell {
    fn from(value: Option<bool>) -> Self {
        value.map_or(Cell::Empty, Cell::Truth)
    }
}

/// A column's name and type.
pub type Column = (String, Kind);

/// The first columns of each row: number in the plan, id, subject and date.
fn head_columns() -> Vec<Column> {
    [("number", Kind::Whole), ("id", Kind::Text), ("subject", Kind::Text), ("visit_date", Kind::Text)]
        .into_iter()
        .chain([("visit_day", Kind::Whole), ("file", Kind::Text), ("view", Kind::Text)])
        .map(|(name, kind)| (name.to_owned(), kind))
        .collect()
}

fn head(number: usize, record: &Record) -> Vec<Cell> {
    let intake = record.intake.as_ref();
    vec![
        Cell::Whole(number as i64),
        Cell::Text(record.id.clone()),
        intake.and_then(|intake| intake.subject.as_deref()).into(),
        intake.and_then(|intake| intake.visit_date.as_deref()).into(),
        intake.and_then(|intake| intake.visit_day).map_or(Cell::Empty, Cell::Whole),
        Some(record.source.file.as_str()).into(),
        Some(record.view.kind.name()).into(),
    ]
}

/// Columns of [`wide_row`]; `carried` are the further columns of a manifest.
#[must_use]
pub fn wide_columns(carried: &[String]) -> Vec<Column> {
    let mut columns = head_columns();
    let column = |name: &str, kind| (name.to_owned(), kind);
    columns.extend([
        column("mirrored", Kind::Truth),
        column("usable", Kind::Truth),
        column("flags", Kind::Text),
        column("level_from", Kind::Text),
        column("roll_deg", Kind::Number),
        column("yaw_deg", Kind::Number),
        column("people", Kind::Whole),
        column("scale_mm_per_px", Kind::Number),
        column("readings", Kind::Whole),
        column("model", Kind::Text),
        column("version", Kind::Text),
    ]);
    for measure in Measure::ALL {
        let name = measure.name();
        columns.push(column(name, Kind::Number));
        columns.push((format!("{name}_low"), Kind::Number));
        columns.push((format!("{name}_high"), Kind::Number));
        columns.push((format!("{name}_flag"), Kind::Text));
    }
    for name in carried {
        let taken = columns.iter().any(|(column, _)| column == name);
        columns.push((if taken { format!("manifest_{name}") } else { name.clone() }, Kind::Text));
    }
    columns
}

/// One photo. For each measure the value, its 95 % interval, and `resolved`, `not resolved`, or `refused: ` with the reason; all empty if
/// the view does not have the measure.
#[must_use]
pub fn wide_row(number: usize, record: &Record, carried: &[String]) -> Vec<Cell> {
    let mut row = head(number, record);
    let flags: Vec<&str> = record.quality.flags.iter().map(|flag| flag.code.as_str()).collect();
    row.extend([
        Cell::Truth(record.view.mirrored),
        Cell::Truth(record.quality.usable),
        Some(flags.join(" ").as_str()).into(),
        Some(record.camera.level_from.name()).into(),
        Some(record.camera.roll_deg).into(),
        record.subject.yaw_deg.into(),
        Cell::Whole(record.subject.people as i64),
        record.subject.scale_mm_per_px.into(),
        Cell::Whole(record.tool.readings as i64),
        Some(record.tool.model.as_str()).into(),
        Some(record.tool.version.as_str()).into(),
    ]);
    for measure in Measure::ALL {
        let found = record.measure(measure);
        let interval = found.and_then(|found| found.interval95);
        row.push(found.and_then(|found| found.value).into());
        row.push(interval.map(|[low, _]| low).into());
        row.push(interval.map(|[_, high]| high).into());
        row.push(Some(found.map(state).unwrap_or_default().as_str()).into());
    }
    let columns: Option<&IndexMap<String, String>> = record.intake.as_ref().map(|intake| &intake.columns);
    row.extend(carried.iter().map(|name| columns.and_then(|c| c.get(name)).map(String::as_str).into()));
    row
}

fn state(found: &MeasureRecord) -> String {
    match (found.value, found.resolved) {
        (Some(_), Some(true)) => "resolved".into(),
        (Some(_), _) => "not resolved".into(),
        (None, _) => format!("refused: {}", found.reason.as_deref().unwrap_or_default()),
    }
}

/// Columns of [`long_rows`].
#[must_use]
pub fn long_columns() -> Vec<Column> {
    let mut columns = head_columns();
    let more = [
        ("measure", Kind::Text),
        ("unit", Kind::Text),
        ("value", Kind::Number),
        ("sd", Kind::Number),
        ("low", Kind::Number),
        ("high", Kind::Number),
        ("resolved", Kind::Truth),
        ("side", Kind::Text),
        ("raw", Kind::Number),
        ("value_mm", Kind::Number),
        ("sd_mm", Kind::Number),
        ("words", Kind::Text),
        ("reason", Kind::Text),
        ("derived_from", Kind::Text),
        ("ref", Kind::Number),
        ("sd_repeat", Kind::Number),
    ];
    columns.extend(more.map(|(name, kind)| (name.to_owned(), kind)));
    columns
}

/// A reference value from the intake list's column `ref_MEASURE`: with `ref` beside `value`, the table can be evaluated directly
/// (`poseaudit paired --column pred=value`). Empty if it is not a number.
fn reference(record: &Record, measure: &str) -> Cell {
    let column = record.intake.as_ref().and_then(|intake| intake.columns.get(&format!("ref_{measure}")));
    column.and_then(|text| text.trim().parse::<f64>().ok()).filter(|value| value.is_finite()).into()
}

/// One photo, one row for each measure of its view.
#[must_use]
pub fn long_rows(number: usize, record: &Record) -> Vec<Vec<Cell>> {
    let row = |(name, found): (&String, &MeasureRecord)| {
        let mut row = head(number, record);
        row.extend([
            Cell::Text(name.clone()),
            Some(found.unit.name()).into(),
            found.value.into(),
            found.sd.into(),
            found.interval95.map(|[low, _]| low).into(),
            found.interval95.map(|[_, high]| high).into(),
            found.resolved.into(),
            found.side.map(Towards::name).into(),
            found.raw.into(),
            found.value_mm.into(),
            found.sd_mm.into(),
            found.words.as_deref().into(),
            found.reason.as_deref().into(),
            found.derived_from.map(Measure::name).into(),
            reference(record, name),
            found.sd_repeat.into(),
        ]);
        row
    };
    record.measures.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record::open("tests/fixtures/records/anterior-tilted.json".as_ref()).expect("a record")
    }

    #[test]
    fn rows_have_as_many_cells_as_there_are_columns() {
        let carried = vec!["notes".to_owned(), "id".to_owned()];
        let columns = wide_columns(&carried);
        assert_eq!(wide_row(1, &record(), &carried).len(), columns.len());
        assert_eq!(columns.last().expect("columns").0, "manifest_id");
        for row in long_rows(1, &record()) {
            assert_eq!(row.len(), long_columns().len());
        }
    }

    #[test]
    fn what_somebody_else_measured_stands_beside_the_value() {
        let columns = [("ref_shoulder_tilt", " -2.5 "), ("ref_trunk_lean", "three"), ("ref_head_tilt", "")];
        let columns = columns.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        let intake = Some(crate::core::record::Intake { columns, ..Default::default() });
        let rows = long_rows(1, &Record { intake, ..record() });
        let cell =
            |row: &[Cell], name: &str| row[long_columns().iter().position(|(n, _)| n == name).expect(name)].clone();
        for row in &rows {
            let expected = if cell(row, "measure") == Cell::Text("shoulder_tilt".into()) {
                Cell::Number(-2.5)
            } else {
                Cell::Empty
            };
            assert_eq!(cell(row, "ref"), expected);
        }
    }

    #[test]
    fn a_measure_stands_with_its_interval_and_state() {
        let record = record();
        let columns = wide_columns(&[]);
        let row = wide_row(1, &record, &[]);
        let cell = |name: &str| row[columns.iter().position(|(n, _)| n == name).expect(name)].clone();
        let found = record.measure(Measure::ShoulderTilt).expect("measured");
        assert_eq!(cell("shoulder_tilt"), found.value.into());
        assert_eq!(cell("shoulder_tilt_low"), Cell::Number(found.interval95.expect("an interval")[0]));
        assert_eq!(cell("shoulder_tilt_flag"), Cell::Text("resolved".into()));
        assert!(matches!(cell("waist_tilt_flag"), Cell::Text(text) if text.starts_with("refused: ")));
        assert_eq!((cell("forward_head"), cell("forward_head_flag")), (Cell::Empty, Cell::Empty));
    }
}
