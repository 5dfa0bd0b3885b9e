//! Whole lists as files: CSV (RFC 4180), XLSX (ECMA-376) and NDJSON. Every row that matches, streamed in chunks by keyset, so
//! that no connection and no memory is held for a slow reader. Cells that a spreadsheet would run as a formula are defused
//! (OWASP, CSV injection), and an import takes that off again.
use crate::answer::{Answer, Reply};
use crate::may::{May, Read};
use crate::page::{ListQuery, Page};
use crate::problem::{Problem, Result};
use crate::store::Store;
use actix_web::HttpRequest;
use actix_web::body::BodyStream;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::stream;
use rust_decimal::Decimal;
use serde_json::{Map, Value};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

const CHUNK: i64 = 1000;
pub const CSV: &str = "text/csv";
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const NDJSON: &str = "application/x-ndjson";
/// What lists can be asked for beside pages of JSON.
pub(crate) const MEDIA_TYPES: &[&str] = &[CSV, XLSX, NDJSON];

/// What begins a formula, or would be taken for the mark that keeps it from being one.
pub(crate) const DEFUSED: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// The kind of file that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Xlsx,
    Ndjson,
}

impl Format {
    /// What `Accept` asks for, where it is a file: the first of those that it names.
    pub fn accepted(http: &HttpRequest) -> Option<Self> {
        let accept = http.headers().get(header::ACCEPT)?.to_str().ok()?;
        accept.split(',').find_map(|each| match each.split(';').next()?.trim() {
            CSV => Some(Self::Csv),
            XLSX => Some(Self::Xlsx),
            NDJSON => Some(Self::Ndjson),
            _ => None,
        })
    }

    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => XLSX,
            Self::Ndjson => NDJSON,
        }
    }

    /// What the names of its files end in.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Ndjson => "ndjson",
        }
    }
}

/// The whole list.
///
/// # Errors
/// What the first chunk meets; a later fault ends the stream without its end.
pub(crate) async fn stream<R: Store>(
    may: May<Read, R>,
    mut query: ListQuery<R::Filter>,
    format: Format,
) -> Reply<Page<R>> {
    query.limit = CHUNK;
    let first = chunk(&may, &mut query).await?;
    // Structures open up into columns of their own, named by the first chunk.
    let columns = crate::custom::columns(&may, columns::<R>(&first.0)?).await?;
    let file = Sheet::begin(format, R::NAME, columns)?;
    let state = Some((may, query, file, Some(first)));
    let rest = stream::try_unfold(state, |state| async move {
        let Some((may, mut query, mut file, ready)) = state else { return Ok::<_, Problem>(None) };
        let (rows, more) = match ready {
            Some(chunk) => chunk,
            None => chunk(&may, &mut query).await?,
        };
        for row in &rows {
            file.row(serde_json::to_value(row).map_err(Problem::internal)?)?;
        }
        if more {
            let bytes = file.written();
            return Ok(Some((bytes, Some((may, query, file, None)))));
        }
        Ok(Some((file.end()?, None)))
    });
    let name = format!("attachment; filename=\"{}.{}\"", R::NAME, format.ending());
    Ok(Answer::stream(format.content_type(), BodyStream::new(rest)).with(header::CONTENT_DISPOSITION, &name))
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

/// The fields of the resource, in the order of the contract; one that holds an object as one column for each of its own.
fn columns<R: Store>(rows: &[R]) -> Result<Vec<String>> {
    let schema = serde_json::to_value(R::schema()).unwrap_or_default();
    let fields: Vec<String> =
        schema["properties"].as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
    let mut inner: Map<String, Value> = Map::new();
    for row in rows {
        let row = serde_json::to_value(row).map_err(Problem::internal)?;
        for (name, value) in row.as_object().into_iter().flatten() {
            if let Value::Object(parts) = value {
                let known = inner.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
                for part in parts.keys().map(|part| Value::from(part.as_str())) {
                    if let Value::Array(known) = known
                        && !known.contains(&part)
                    {
                        known.push(part);
                    }
                }
            }
        }
    }
    let opened = |field: String| match inner.get(&field).and_then(Value::as_array) {
        Some(parts) => parts.iter().filter_map(Value::as_str).map(|part| format!("{field}.{part}")).collect(),
        None => vec![field],
    };
    Ok(fields.into_iter().flat_map(opened).collect())
}

/// The value of a column: `custom.shoe_size` is in the object `custom`.
fn value_of<'a>(row: &'a Value, column: &str) -> &'a Value {
    match column.split_once('.') {
        Some((field, part)) => &row[field][part],
        None => &row[column],
    }
}

/// What stands in a cell of a file that is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    Empty,
    Text(String),
    /// A number that a spreadsheet may reckon with, shown with two decimals.
    Figure(Decimal),
}

/// A file that grows row by row; what was written can be taken out at any time.
pub struct Sheet(Growing);

enum Growing {
    Csv {
        columns: Vec<String>,
        text: Vec<u8>,
    },
    Xlsx {
        columns: Vec<String>,
        book: Box<ZipWriter<StreamWriter<Taken>>>,
        taken: Taken,
        xml: String,
        row: u32,
    },
    Ndjson {
        text: Vec<u8>,
    },
}

/// Where the workbook is written to, and taken from as it grows.
#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Vec<u8>>>);

impl Taken {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Taken {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The parts of a workbook around its one sheet.
const PARTS: &[(&str, &str)] = &[
    (
        "[Content_Types].xml",
        r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"#,
    ),
    (
        "_rels/.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
    ),
    (
        "xl/workbook.xml",
        r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="NAME" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
    ),
    (
        "xl/_rels/workbook.xml.rels",
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#,
    ),
    (
        "xl/styles.xml",
        r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><fonts count="1"><font/></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf numFmtId="4" applyNumberFormat="1"/></cellXfs></styleSheet>"#,
    ),
];
const XML: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;

/// Rows that a sheet of a workbook can have.
const MOST_ROWS: u32 = 1_048_576;

impl Sheet {
    /// A file with these columns; `name` is what a workbook calls its sheet.
    ///
    /// # Errors
    /// 500 where it can not be written.
    pub fn begin(format: Format, name: &str, columns: Vec<String>) -> Result<Self> {
        Growing::begin(format, name, columns).map(Self)
    }

    fn row(&mut self, row: Value) -> Result<()> {
        self.0.row(row)
    }

    /// A row by its cells, in the order of the columns.
    ///
    /// # Errors
    /// 500 where it can not be written.
    pub fn cells(&mut self, cells: &[Cell]) -> Result<()> {
        match &mut self.0 {
            Growing::Ndjson { .. } => Err(Problem::internal("rows of NDJSON are objects")),
            Growing::Csv { text, .. } => {
                let cells: Vec<String> = cells.iter().map(Cell::in_csv).collect();
                text.extend(csv_line(cells.iter().map(String::as_str))?);
                Ok(())
            }
            Growing::Xlsx { .. } => self.0.xml_row(|xml| cells.iter().try_for_each(|each| each.in_xml(xml))),
        }
    }

    /// What was written since the last time.
    pub fn written(&mut self) -> Bytes {
        self.0.written()
    }

    /// What is left to be written, the end of the file with it.
    ///
    /// # Errors
    /// 500 where it can not be written.
    pub fn end(self) -> Result<Bytes> {
        self.0.end()
    }
}

impl Cell {
    fn in_csv(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => defused(text),
            Self::Figure(figure) => figure.to_string(),
        }
    }

    fn in_xml(&self, xml: &mut String) -> std::fmt::Result {
        use std::fmt::Write as _;
        match self {
            Self::Empty => xml.push_str("<c/>"),
            // A spreadsheet rounds what is longer.
            Self::Figure(figure) if figure.mantissa().unsigned_abs() < 1_000_000_000_000_000 => {
                write!(xml, "<c s=\"1\"><v>{figure}</v></c>")?;
            }
            text => text_in_xml(&text.in_csv(), xml),
        }
        Ok(())
    }
}

impl Growing {
    fn begin(format: Format, name: &str, columns: Vec<String>) -> Result<Self> {
        Ok(match format {
            Format::Ndjson => Self::Ndjson { text: Vec::new() },
            Format::Csv => {
                let text = csv_line(columns.iter().map(String::as_str))?;
                Self::Csv { columns, text }
            }
            Format::Xlsx => {
                let taken = Taken::default();
                let mut book = Box::new(ZipWriter::new_stream(taken.clone()));
                // A sheet's name has 31 characters at the most.
                let name: String = name.chars().take(31).collect();
                for (part, content) in PARTS {
                    book.start_file(*part, SimpleFileOptions::default()).map_err(Problem::internal)?;
                    let content = content.replace("NAME", &name);
                    book.write_all(format!("{XML}{content}").as_bytes()).map_err(Problem::internal)?;
                }
                let sheet = SimpleFileOptions::default().large_file(true);
                book.start_file("xl/worksheets/sheet1.xml", sheet).map_err(Problem::internal)?;
                let head = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;
                book.write_all(format!("{XML}{head}").as_bytes()).map_err(Problem::internal)?;
                let cells: Vec<Value> = columns.iter().map(|column| Value::from(column.as_str())).collect();
                let mut sheet = Self::Xlsx { columns, book, taken, xml: String::new(), row: 0 };
                sheet.cells(&cells.iter().collect::<Vec<_>>())?;
                sheet
            }
        })
    }

    fn row(&mut self, row: Value) -> Result<()> {
        match self {
            Self::Ndjson { text } => {
                serde_json::to_writer(&mut *text, &row).map_err(Problem::internal)?;
                text.push(b'\n');
            }
            Self::Csv { columns, text } => {
                let cells: Vec<String> = columns.iter().map(|column| cell(value_of(&row, column))).collect();
                text.extend(csv_line(cells.iter().map(String::as_str))?);
            }
            Self::Xlsx { columns, .. } => {
                let columns = columns.clone();
                let cells: Vec<&Value> = columns.iter().map(|column| value_of(&row, column)).collect();
                self.cells(&cells)?;
            }
        }
        Ok(())
    }

    /// A row of the workbook: text as text, so that nothing is computed and no zero in front is lost.
    fn cells(&mut self, cells: &[&Value]) -> Result<()> {
        use std::fmt::Write as _;
        self.xml_row(|xml| {
            for value in cells {
                match value {
                    Value::Null => xml.push_str("<c/>"),
                    Value::Bool(truth) => write!(xml, "<c t=\"b\"><v>{}</v></c>", u8::from(*truth))?,
                    // A spreadsheet rounds what is longer.
                    Value::Number(number) if number.to_string().len() <= 15 => {
                        write!(xml, "<c><v>{number}</v></c>")?;
                    }
                    value => text_in_xml(&cell(value), xml),
                }
            }
            Ok(())
        })
    }

    fn xml_row(&mut self, cells: impl FnOnce(&mut String) -> std::fmt::Result) -> Result<()> {
        let Self::Xlsx { book, xml, row, .. } = self else { return Ok(()) };
        *row += 1;
        if *row > MOST_ROWS {
            return Err(Problem::internal("more rows than a sheet can have")); // the stream ends without its end
        }
        xml.clear();
        xml.push_str("<row>");
        cells(xml).map_err(Problem::internal)?;
        xml.push_str("</row>");
        book.write_all(xml.as_bytes()).map_err(Problem::internal)
    }

    /// What was written since the last time.
    fn written(&mut self) -> Bytes {
        match self {
            Self::Ndjson { text } | Self::Csv { text, .. } => std::mem::take(text).into(),
            Self::Xlsx { taken, .. } => taken.take(),
        }
    }

    fn end(self) -> Result<Bytes> {
        match self {
            Self::Ndjson { text } | Self::Csv { text, .. } => Ok(text.into()),
            Self::Xlsx { mut book, taken, .. } => {
                book.write_all(b"</sheetData></worksheet>").map_err(Problem::internal)?;
                book.finish().map_err(Problem::internal)?;
                Ok(taken.take())
            }
        }
    }
}

fn text_in_xml(text: &str, xml: &mut String) {
    xml.push_str("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">");
    escape(text, xml);
    xml.push_str("</t></is></c>");
}

/// Text in XML 1.0; what that can not hold is left out.
fn escape(text: &str, xml: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' => xml.push_str("&#13;"),
            '\u{FFFE}' | '\u{FFFF}' => {}
            letter if letter.is_control() && !matches!(letter, '\n' | '\t') && letter < ' ' => {}
            letter => xml.push(letter),
        }
    }
}

fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(cells).map_err(Problem::internal)?;
    writer.into_inner().map_err(Problem::internal)
}

/// A leading quote makes a formula text; an import takes it off again.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => defused(text),
        other => other.to_string(),
    }
}

fn defused(text: &str) -> String {
    if text.starts_with(DEFUSED) && text.parse::<Decimal>().is_err() {
        return format!("'{text}");
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{cell, escape};
    use serde_json::json;

    #[test]
    fn formulas_are_defused_and_numbers_are_not() {
        assert_eq!(cell(&json!("=1+2")), "'=1+2");
        assert_eq!(cell(&json!("+40 21")), "'+40 21");
        assert_eq!(cell(&json!("'quoted")), "''quoted");
        assert_eq!(cell(&json!("-12.50")), "-12.50");
    }

    #[test]
    fn text_in_xml_is_text() {
        let mut xml = String::new();
        escape("<a href='&'>\u{1}\r\n🙂", &mut xml);
        assert_eq!(xml, "&lt;a href='&amp;'&gt;&#13;\n🙂");
    }
}
