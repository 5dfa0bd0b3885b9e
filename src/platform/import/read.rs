//! A file, read as rows, whatever its format. Nothing of it is held beyond some rows at a time, and no row is larger than a limit.
use super::{BATCH, csv, xlsx};
use crate::packed::Packing;
use crate::problem::{Fault, MALFORMED_REQUEST, Problem, Result, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use tempfile::SpooledTempFile;

/// Bytes of a file, unpacked.
pub(crate) const LONGEST_FILE: u64 = 128 << 20;
/// Bytes of one row.
pub(super) const LONGEST_ROW: usize = 256 << 10;
/// Rows of one file: what is remembered of each is some sixty bytes.
pub(super) const MOST_ROWS: usize = 250_000;
/// Columns of one file.
pub(super) const MOST_COLUMNS: usize = 500;
/// What of a file is held in memory; the rest waits on disk, in a file without a name.
pub(super) const IN_MEMORY: usize = 1 << 20;

/// A row as it was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Its number as a spreadsheet shows it: the header is 1.
    pub line: u32,
    /// The cells by their place, or, of NDJSON, the fields by their name.
    pub cells: Value,
    /// What is wrong with the row as such: code and rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<(String, String)>,
}

impl Row {
    pub(super) fn faulty(line: u32, code: &str, rule: impl Into<String>) -> Self {
        Self { line, cells: Value::Null, fault: Some((code.to_owned(), rule.into())) }
    }
}

/// A part of a file: its header, then its rows, some at a time. NDJSON has an empty header.
pub(super) enum Part {
    Header(Vec<String>),
    Rows(Vec<Row>),
}

/// What a file is, by its media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Xlsx,
    Ndjson,
}

pub(super) const CSV: &str = "text/csv";
pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
pub(super) const NDJSON: &str = "application/x-ndjson";

impl Format {
    pub(super) fn named(media_type: &str) -> Result<Self> {
        match media_type {
            CSV => Ok(Self::Csv),
            XLSX => Ok(Self::Xlsx),
            NDJSON => Ok(Self::Ndjson),
            _ => Err(UNSUPPORTED_MEDIA_TYPE
                .because(format!("Send `Content-Type: {CSV}`, `{XLSX}` or `{NDJSON}`."))),
        }
    }
}

/// Takes parts on; an error where nobody wants more.
pub(super) type Sink<'a> = &'a mut dyn FnMut(Part) -> Result<()>;

/// Collects rows and hands them on, a batch at a time.
pub(super) struct Batches<'a> {
    sink: Sink<'a>,
    rows: Vec<Row>,
    count: usize,
}

impl<'a> Batches<'a> {
    pub(super) fn behind(header: Vec<String>, sink: Sink<'a>) -> Result<Self> {
        if header.len() > MOST_COLUMNS {
            return Err(refused(
                "too-many-columns",
                format!("The header names {} columns; at most {MOST_COLUMNS} are taken.", header.len()),
            ));
        }
        sink(Part::Header(header))?;
        Ok(Self { sink, rows: Vec::with_capacity(BATCH), count: 0 })
    }

    pub(super) fn push(&mut self, row: Row) -> Result<()> {
        self.count += 1;
        if self.count > MOST_ROWS {
            return Err(TOO_LARGE.because(format!("A file may have {MOST_ROWS} rows: send it in parts.")));
        }
        self.rows.push(row);
        if self.rows.len() == BATCH { self.hand_on() } else { Ok(()) }
    }

    fn hand_on(&mut self) -> Result<()> {
        (self.sink)(Part::Rows(std::mem::replace(&mut self.rows, Vec::with_capacity(BATCH))))
    }

    pub(super) fn end(mut self) -> Result<()> {
        if self.rows.is_empty() { Ok(()) } else { self.hand_on() }
    }
}

/// Reads the whole file into the sink.
pub(super) fn read(
    mut file: SpooledTempFile,
    format: Format,
    packing: Packing,
    sink: Sink<'_>,
) -> Result<()> {
    file.seek(SeekFrom::Start(0)).map_err(Problem::unavailable)?;
    if format == Format::Xlsx {
        if packing != Packing::None {
            let mut unpacked = tempfile::spooled_tempfile(IN_MEMORY);
            let mut reader = Limited::new(
                packing.reader(BufReader::new(file)).map_err(|error| told(&error))?,
                LONGEST_FILE,
            );
            copy(&mut reader, &mut unpacked)?;
            file = unpacked;
        }
        return xlsx::read(file, sink);
    }
    let unpacked = packing.reader(BufReader::new(file)).map_err(|error| told(&error))?;
    let mut reader = BufReader::with_capacity(64 << 10, Limited::new(unpacked, LONGEST_FILE));
    refuse_other_encodings(reader.fill_buf().map_err(|error| told(&error))?)?;
    if format == Format::Csv { csv::read(&mut reader, sink) } else { ndjson(&mut reader, sink) }
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut buffer).map_err(|error| told(&error))?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..read]).map_err(Problem::unavailable)?;
    }
}

/// Text is UTF-8: what is guessed is guessed wrong where names have accents.
fn refuse_other_encodings(start: &[u8]) -> Result<()> {
    let is_utf_16 = start.starts_with(&[0xFF, 0xFE])
        || start.starts_with(&[0xFE, 0xFF])
        || start.iter().take(64).any(|byte| *byte == 0);
    if is_utf_16 { Err(not_utf_8("UTF-16", 1)) } else { Ok(()) }
}

pub(super) fn not_utf_8(what: &str, line: u32) -> Problem {
    refused(
        "not-utf-8",
        format!("Line {line} is {what}: save the file as UTF-8 (in Excel “CSV UTF-8”) and send it again."),
    )
}

/// A file that is refused as such, before its rows are looked at.
pub(super) fn refused(code: &str, detail: impl Into<String>) -> Problem {
    let detail = detail.into();
    let mut problem = Problem::invalid(vec![Fault::at("", code, detail.clone())]);
    problem.detail = detail;
    problem
}

pub(super) fn is_empty() -> Problem {
    refused(
        "empty-file",
        "The file holds no rows: the first line names the columns, and each further line is one row.",
    )
}

/// What reading met: a file that is packed or put together wrongly, or that is too large unpacked.
pub(super) fn told(error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::FileTooLarge => TOO_LARGE
            .because(format!("A file may have {} MiB, unpacked: send it in parts.", LONGEST_FILE >> 20)),
        _ => MALFORMED_REQUEST
            .because("The file can not be unpacked: it is broken, or not what its type says."),
    }
}

/// Reads up to a limit, and fails where there is more.
pub(super) struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R> Limited<R> {
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Self { inner, left: limit }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

/// One JSON object a line.
fn ndjson(reader: &mut impl BufRead, sink: Sink<'_>) -> Result<()> {
    let mut rows = Batches::behind(Vec::new(), sink)?;
    let (mut bytes, mut line) = (Vec::new(), 0_u32);
    loop {
        bytes.clear();
        let longest = LONGEST_ROW as u64 + 1;
        let read =
            reader.by_ref().take(longest).read_until(b'\n', &mut bytes).map_err(|error| told(&error))?;
        line += 1;
        if read == 0 {
            return rows.end();
        }
        if bytes.len() > LONGEST_ROW {
            return Err(refused("row-too-long", format!("Line {line} has more than {LONGEST_ROW} bytes.")));
        }
        let start = if line == 1 { bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes) } else { &bytes };
        let text = std::str::from_utf8(start).map_err(|_| not_utf_8("no UTF-8", line))?.trim();
        if text.is_empty() {
            continue;
        }
        let row = match crate::input::shallow(text.as_bytes())
            .and_then(|()| serde_json::from_str(text).map_err(|error| error.to_string()))
        {
            Ok(cells @ Value::Object(_)) => Row { line, cells, fault: None },
            Ok(_) => Row::faulty(line, "not-an-object", "must be a JSON object: one row"),
            Err(error) => Row::faulty(line, "not-json", format!("is not JSON: {error}")),
        };
        rows.push(row)?;
    }
}
