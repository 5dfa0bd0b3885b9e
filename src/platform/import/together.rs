//! Files whose rows become something together, such as the lines of a journal entry: read whole, under the limits of all files,
//! before anything is done with them; what is wrong is told by line and column, as of every file.
use super::TOLD;
use super::imports::ImportFault;
use super::read::{self, Part, Row};
use super::upload::Upload;
use crate::api::{Argument, OperationDoc};
use crate::problem::{Fault, INVALID_INPUT, Problem, Result, TOO_LARGE};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde_json::Value;
use std::collections::BTreeSet;
use std::marker::PhantomData;

/// What the rows of such a file look like.
pub trait Layout {
    /// The columns that there may be.
    const COLUMNS: &'static [&'static str];
    /// A file as CSV, for the contract.
    const EXAMPLE: &'static str;
}

/// A file that was sent. Whoever sends it is asked first whether they may.
pub struct FileOfRows<L>(Upload, PhantomData<L>);

impl<L> FromRequest for FileOfRows<L> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(
            Upload::from_request(http, payload).into_inner().map(|file| Self(file, PhantomData)),
        )
    }
}

impl<L: Layout> Argument for FileOfRows<L> {
    fn describe(doc: &mut OperationDoc) {
        Upload::describe(doc);
        doc.shown = vec![(read::CSV, L::EXAMPLE.to_owned()), (read::NDJSON, as_ndjson(L::EXAMPLE))];
    }
}

/// The rows of a file, under the columns that are known.
pub struct Rows {
    rows: Vec<(u32, Vec<Option<String>>)>,
    columns: &'static [&'static str],
}

/// The same file, an object a line.
fn as_ndjson(file: &str) -> String {
    let mut rows = csv::Reader::from_reader(file.as_bytes());
    let names = rows.headers().cloned().unwrap_or_default();
    let lines = rows.records().flatten().map(|row| {
        let cells = names.iter().zip(&row).filter(|(_, cell)| !cell.is_empty());
        format!("{}\n", Value::Object(cells.map(|(name, cell)| (name.to_owned(), cell.into())).collect()))
    });
    lines.collect()
}

impl<L: Layout> FileOfRows<L> {
    /// All rows, where the file names no other columns than the layout has.
    ///
    /// # Errors
    /// 422 where the file holds no rows, a column that is not known, a row that can not be read; 413 where it has more rows.
    pub async fn receive(self, most: usize) -> Result<Rows> {
        let columns = L::COLUMNS;
        let mut reading = self.0.receive().await?;
        let Some(Part::Header(header)) = reading.next().await else {
            return Err(reading.end().await.err().unwrap_or_else(read::is_empty));
        };
        let mut faults = Faults::default();
        let places: Vec<Option<usize>> = header
            .iter()
            .map(|name| {
                let place = columns.iter().position(|column| *column == name.trim());
                if place.is_none() {
                    let rule = format!("is no column that is known here: {}", columns.join(", "));
                    faults.add(1, Some(name), "unknown-column", rule);
                }
                place
            })
            .collect();
        let twice =
            places.iter().enumerate().filter(|(at, place)| place.is_some() && places[..*at].contains(place));
        for (at, _) in twice {
            faults.add(1, Some(&header[at]), "named-twice", "is named twice");
        }
        let mut rows = Vec::new();
        while let Some(part) = reading.next().await {
            let Part::Rows(part) = part else { continue };
            if rows.len() + part.len() > most {
                return Err(TOO_LARGE.because(format!("A file may have {most} rows here: send it in parts.")));
            }
            rows.extend(part.into_iter().map(|row| taken(row, &places, columns, &mut faults)));
        }
        reading.end().await?;
        faults.none()?;
        if rows.is_empty() { Err(read::is_empty()) } else { Ok(Rows { rows, columns }) }
    }
}

/// The cells of a row, as the columns have them; empty ones are none.
fn taken(
    row: Row,
    places: &[Option<usize>],
    columns: &[&str],
    faults: &mut Faults,
) -> (u32, Vec<Option<String>>) {
    let mut cells = vec![None; columns.len()];
    if let Some((code, rule)) = row.fault {
        faults.add(row.line, None, &code, rule);
    }
    let text = |value: Value| match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Null => None,
        other => Some(other.to_string()),
    };
    match row.cells {
        Value::Array(found) => {
            for (value, place) in found.into_iter().zip(places) {
                if let Some(place) = place {
                    cells[*place] = text(value);
                }
            }
        }
        Value::Object(found) => {
            for (name, value) in found {
                match columns.iter().position(|column| *column == name) {
                    Some(place) => cells[place] = text(value),
                    None => {
                        faults.add(
                            row.line,
                            Some(&name),
                            "unknown-column",
                            "is no column that is known here",
                        );
                    }
                }
            }
        }
        _ => (),
    }
    (row.line, cells)
}

impl Rows {
    /// The rows: each with its number as a spreadsheet shows it.
    pub fn iter(&self) -> impl Iterator<Item = FoundRow<'_>> {
        self.rows.iter().map(|(line, cells)| FoundRow { line: *line, cells, columns: self.columns })
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// A row of a file.
#[derive(Clone, Copy)]
pub struct FoundRow<'a> {
    pub line: u32,
    cells: &'a [Option<String>],
    columns: &'static [&'static str],
}

impl<'a> FoundRow<'a> {
    /// What stands in this column; none where nothing does.
    #[must_use]
    pub fn cell(&self, column: &str) -> Option<&'a str> {
        let place = self.columns.iter().position(|each| *each == column)?;
        self.cells[place].as_deref()
    }
}

/// What is wrong with a file: the first hundred faults, and how many rows they are in.
#[derive(Clone, Default)]
pub struct Faults {
    told: Vec<ImportFault>,
    count: usize,
    rows: BTreeSet<u32>,
}

impl Faults {
    /// A fault of a row, or of its cell in this column.
    pub fn add(&mut self, line: u32, column: Option<&str>, code: &str, rule: impl Into<String>) {
        self.count += 1;
        self.rows.insert(line);
        if self.told.len() < TOLD {
            let rule = rule.into();
            self.told.push(match column {
                Some(column) => ImportFault::of_cell(line, column, code, rule),
                None => ImportFault::of_row(line, code, &rule),
            });
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// # Errors
    /// 422 with all of them, where there are any.
    pub fn none(self) -> Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let more = if self.count > self.told.len() {
            format!(" These are the first {} of {}.", self.told.len(), self.count)
        } else {
            String::new()
        };
        let rows = if self.rows.len() == 1 {
            "one row breaks a rule".to_owned()
        } else {
            format!("{} rows break a rule", self.rows.len())
        };
        let mut problem = INVALID_INPUT.because(format!(
            "Nothing was imported: {rows}. Correct what `errors` lists by line and column.{more}"
        ));
        problem.errors = self.told.into_iter().map(ImportFault::told).collect::<Vec<Fault>>();
        Err(problem)
    }
}
