//! The first sheet of an XLSX workbook (ECMA-376). What it unpacks to is measured before anything parses it, and a part that
//! declares entities is refused.
use super::csv::undefused;
use super::read::{Batches, IN_MEMORY, LONGEST_FILE, Limited, MOST_COLUMNS, Row, Sink, refused, told};
use crate::problem::{MALFORMED_REQUEST, Problem, Result, TOO_LARGE};
use calamine::{DataRef, Reader, Xlsx};
use serde_json::{Number, Value};
use std::io::{BufReader, Read, Seek, SeekFrom};
use tempfile::SpooledTempFile;
use zip::ZipArchive;

/// Bytes of the texts that cells share, which have to be held at once.
const LONGEST_TEXTS: u64 = 24 << 20;
/// Parts of a workbook.
const MOST_PARTS: usize = 1000;

fn broken() -> Problem {
    MALFORMED_REQUEST
        .because("The file is no XLSX workbook that can be read: save it again as XLSX, or as CSV UTF-8.")
}

/// Unpacks every part once, counting alone: what the archive says of itself is not believed.
fn inspect(file: &mut SpooledTempFile) -> Result<()> {
    let mut archive = ZipArchive::new(BufReader::new(&mut *file)).map_err(|_| broken())?;
    if archive.len() > MOST_PARTS {
        return Err(TOO_LARGE.because(format!("A workbook may have {MOST_PARTS} parts.")));
    }
    let mut left = LONGEST_FILE;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|_| broken())?;
        let name = part.name().map_err(|_| broken())?.to_ascii_lowercase();
        let is_texts = name == "xl/sharedstrings.xml";
        let is_xml = [".xml", ".rels"].iter().any(|end| name.ends_with(end));
        let limit = if is_texts { left.min(LONGEST_TEXTS) } else { left };
        let (mut reader, mut size) = (Limited::new(&mut part, limit), 0_u64);
        let mut buffer = vec![0; IN_MEMORY / 16];
        let mut is_start = true;
        loop {
            let read = reader.read(&mut buffer).map_err(|error| match error.kind() {
                std::io::ErrorKind::FileTooLarge if is_texts => TOO_LARGE.because(format!(
                    "The texts of a workbook may have {} MiB: send it in parts, or as CSV UTF-8.",
                    LONGEST_TEXTS >> 20
                )),
                _ => told(&error),
            })?;
            if read == 0 {
                break;
            }
            size += read as u64;
            // A document type stands before the first element.
            if is_xml
                && is_start
                && buffer[..read].windows(9).any(|bytes| bytes.eq_ignore_ascii_case(b"<!DOCTYPE"))
            {
                return Err(refused(
                    "document-type",
                    "The workbook declares a document type, which could reach for files: save it again in a spreadsheet.",
                ));
            }
            is_start = false;
        }
        left -= size;
    }
    Ok(())
}

pub(super) fn read(mut file: SpooledTempFile, sink: Sink<'_>) -> Result<()> {
    inspect(&mut file)?;
    file.seek(SeekFrom::Start(0)).map_err(Problem::unavailable)?;
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(|_| broken())?;
    let sheet = book.sheet_names().first().cloned().ok_or_else(broken)?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|_| broken())?;
    let mut rows = Rows { sink: Some(sink), batches: None, columns: 0, line: 0, cells: Vec::new() };
    while let Some(cell) = cells.next_cell().map_err(|_| broken())? {
        let (row, column) = cell.get_position();
        if row + 1 != rows.line {
            rows.end_row()?;
            rows.line = row + 1;
        }
        rows.put(column as usize, value(cell.get_value())?)?;
    }
    rows.end_row()?;
    match rows.batches {
        Some(batches) => batches.end(),
        None => Err(super::read::is_empty()),
    }
}

/// The row that is being put together.
struct Rows<'a> {
    sink: Option<Sink<'a>>,
    batches: Option<Batches<'a>>,
    columns: usize,
    line: u32,
    cells: Vec<Value>,
}

impl Rows<'_> {
    fn put(&mut self, column: usize, value: Value) -> Result<()> {
        if value.is_null() {
            return Ok(());
        }
        if column >= MOST_COLUMNS {
            return Err(refused(
                "too-many-columns",
                format!("Row {} goes beyond column {MOST_COLUMNS}.", self.line),
            ));
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, Value::Null);
        }
        self.cells[column] = value;
        Ok(())
    }

    fn end_row(&mut self) -> Result<()> {
        let mut cells = std::mem::take(&mut self.cells);
        let is_blank =
            |cell: &Value| cell.is_null() || cell.as_str().is_some_and(|text| text.trim().is_empty());
        while cells.last().is_some_and(is_blank) {
            cells.pop();
        }
        if cells.is_empty() {
            return Ok(());
        }
        let Some(batches) = &mut self.batches else {
            let header: Vec<String> = cells
                .iter()
                .map(|cell| {
                    cell.as_str().map_or_else(
                        || if cell.is_null() { String::new() } else { cell.to_string() },
                        str::to_owned,
                    )
                })
                .collect();
            self.columns = header.len();
            self.batches = self.sink.take().map(|sink| Batches::behind(header, sink)).transpose()?;
            return Ok(());
        };
        if cells.len() > self.columns {
            let rule = format!("has {} cells where the header has {}", cells.len(), self.columns);
            return batches.push(Row::faulty(self.line, "ragged-row", rule));
        }
        cells.resize(self.columns, Value::Null);
        batches.push(Row { line: self.line, cells: Value::Array(cells), fault: None })
    }
}

/// A cell as JSON: days and instants as ISO 8601 writes them.
fn value(cell: &DataRef<'_>) -> Result<Value> {
    Ok(match cell {
        DataRef::Int(number) => Value::from(*number),
        DataRef::Float(number) => number_of(*number),
        DataRef::String(text) => Value::from(undefused(text)),
        DataRef::SharedString(text) => Value::from(undefused(text)),
        DataRef::Bool(truth) => Value::from(*truth),
        DataRef::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            let midnight = (hour, minute, second) == (0, 0, 0);
            Value::from(if midnight {
                format!("{year:04}-{month:02}-{day:02}")
            } else {
                format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
            })
        }
        DataRef::DateTime(duration) => number_of(duration.as_f64()),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Value::from(text.clone()),
        DataRef::Error(error) => {
            return Err(refused(
                "formula-error",
                format!("A cell holds the error {error}: mend its formula."),
            ));
        }
        DataRef::Empty => Value::Null,
    })
}

/// A spreadsheet knows no whole numbers: 12 comes as 12.0.
#[expect(
    clippy::disallowed_types,
    clippy::cast_possible_truncation,
    reason = "cells hold floating numbers; whole ones up to 2^53 are exact"
)]
fn number_of(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}
