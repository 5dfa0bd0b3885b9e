//! Lists as CSV (RFC 4180): every row that matches, streamed in chunks by keyset, so that no connection and no memory is
//! held for a slow reader. Cells that a spreadsheet would run as a formula are defused (OWASP, CSV injection).
use crate::answer::{Answer, Reply};
use crate::may::{May, Read};
use crate::page::{ListQuery, Page};
use crate::problem::{Problem, Result};
use crate::store::Store;
use actix_web::body::BodyStream;
use actix_web::web::Bytes;
use futures_util::stream;
use serde_json::Value;

const CHUNK: i64 = 1000;

/// The whole list.
///
/// # Errors
/// What the first chunk meets; a later fault ends the stream without its end.
pub(crate) async fn stream<R: Store>(may: May<Read, R>, mut query: ListQuery<R::Filter>) -> Reply<Page<R>> {
    query.limit = CHUNK;
    let columns = crate::custom::columns(&may, columns::<R>()).await?;
    let first = chunk(&may, &mut query).await?;
    let head = csv_line(columns.iter().map(String::as_str))?;
    let state = Some((may, query, columns, Some((head, first))));
    let rest = stream::try_unfold(state, |state| async move {
        let Some((may, mut query, columns, ready)) = state else { return Ok::<_, Problem>(None) };
        let (head, (rows, more)) = match ready {
            Some((head, chunk)) => (head, chunk),
            None => (Vec::new(), chunk(&may, &mut query).await?),
        };
        let mut text = head;
        for row in &rows {
            let row = serde_json::to_value(row).map_err(Problem::internal)?;
            let cells: Vec<String> = columns.iter().map(|column| cell(value(&row, column))).collect();
            text.extend(csv_line(cells.iter().map(String::as_str))?);
        }
        let next = more.then_some((may, query, columns, None));
        Ok(Some((Bytes::from(text), next)))
    });
    let name = format!("attachment; filename=\"{}.csv\"", R::NAME);
    Ok(Answer::stream("text/csv; charset=utf-8", BodyStream::new(rest))
        .with(actix_web::http::header::CONTENT_DISPOSITION, &name))
}

/// The next rows, and whether more follow; moves the query behind them.
async fn chunk<R: Store>(may: &May<Read, R>, query: &mut ListQuery<R::Filter>) -> Result<(Vec<R>, bool)> {
    let rows = may.read(async |db| R::list(db, query, CHUNK + 1).await).await?;
    let page = query.page(rows, None)?;
    let more = page.next_cursor.is_some();
    if more && let Some(last) = page.data.last() {
        query.go_on_behind(last)?;
    }
    Ok((page.data, more))
}

/// The fields of the resource, in the order of the contract.
fn columns<R: Store>() -> Vec<String> {
    let schema = serde_json::to_value(R::schema()).unwrap_or_default();
    schema["properties"].as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}

fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(cells).map_err(Problem::internal)?;
    writer.into_inner().map_err(Problem::internal)
}

/// The field of the row; a column `custom.<name>` is one of the organization's own.
fn value<'a>(row: &'a Value, column: &str) -> &'a Value {
    column.strip_prefix("custom.").map_or(&row[column], |own| &row["custom"][own])
}

/// A leading quote makes a formula text; import takes it off again.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text)
            if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\''])
                && text.parse::<rust_decimal::Decimal>().is_err() =>
        {
            format!("'{text}")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::cell;
    use serde_json::json;

    #[test]
    fn formulas_are_defused_and_numbers_are_not() {
        assert_eq!(cell(&json!("=1+2")), "'=1+2");
        assert_eq!(cell(&json!("+40 21")), "'+40 21");
        assert_eq!(cell(&json!("-12.50")), "-12.50");
    }
}
