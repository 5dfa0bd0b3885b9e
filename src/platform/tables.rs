//! Reports as tables: the same lines as JSON and, by `Accept`, as CSV and XLSX.

use crate::answer::{Answer, Outcome};
use crate::api::OperationDoc;
use crate::export::{self, Cell, Format, Sheet};
use crate::may::Grants;
use crate::problem::{Problem, Result};
use actix_web::http::{StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// A report whose lines are alike.
pub trait Lines: Serialize + ToSchema + 'static {
    /// A line of it.
    type Line: Serialize + ToSchema;
    /// What a file of it is called.
    const NAME: &'static str;
    fn lines(&self) -> &[Self::Line];
}

/// A report in the form that was asked for.
pub struct Tabled<T>(pub T, pub Option<Format>);

impl<T: Lines> Outcome for Tabled<T> {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        let Some(format @ (Format::Csv | Format::Xlsx)) = self.1 else {
            let body = serde_json::to_vec(&self.0).map_err(Problem::internal)?;
            return Ok(Answer::new(StatusCode::OK, body));
        };
        let columns = columns::<T::Line>();
        let mut sheet = Sheet::begin(format, T::NAME, columns.clone())?;
        for line in self.0.lines() {
            let line = serde_json::to_value(line).map_err(Problem::internal)?;
            sheet.cells(&columns.iter().map(|column| cell(column, &line[column])).collect::<Vec<_>>())?;
        }
        let file = format!("attachment; filename=\"{}.{}\"", T::NAME, format.ending());
        let answer = Answer::of_type(StatusCode::OK, format.content_type(), sheet.end()?.to_vec());
        Ok(answer.with(header::CONTENT_DISPOSITION, &file))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<T>("200", "The report");
        for media_type in [export::CSV, export::XLSX] {
            doc.answers_with("200", media_type, "");
        }
    }
}

/// The fields of a line, as the contract has them.
fn columns<T: ToSchema>() -> Vec<String> {
    match T::schema() {
        RefOr::T(Schema::Object(line)) => line.properties.keys().cloned().collect(),
        _ => Vec::new(),
    }
}

/// Amounts are figures that a spreadsheet may reckon with.
fn cell(column: &str, value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Empty,
        Value::String(text) if column.ends_with("_value") => {
            text.parse().map_or_else(|_| Cell::Text(text.clone()), Cell::Figure)
        }
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}
