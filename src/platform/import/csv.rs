//! CSV (RFC 4180) as the world writes it: with `,`, `;` or tabs, with or without a byte-order mark, lines ended in three
//! ways. A library would do but for what people need to mend a file: the row's number as their spreadsheet shows it, blank
//! lines counted and quoted line breaks not, and where a quote was opened that nobody closed.
use super::read::{Batches, LONGEST_ROW, Row, Sink, not_utf_8, refused, told};
use crate::problem::Result;
use serde_json::Value;
use std::io::BufRead;

/// Records of bytes, one after the other.
struct Records<R> {
    reader: R,
    separator: u8,
    /// The number of the record that was read last.
    line: u32,
    /// A carriage return ended the last one: a line feed behind it belongs to it.
    after_return: bool,
}

impl<R: BufRead> Records<R> {
    /// The cells of the next record; none at the end. A blank line is one empty cell.
    fn next(&mut self) -> Result<Option<Vec<String>>> {
        let (mut cells, mut cell) = (Vec::new(), Vec::new());
        let (mut quoted, mut closing, mut length, mut begun) = (false, false, 0, false);
        self.line += 1;
        loop {
            let buffer = self.reader.fill_buf().map_err(|error| told(&error))?;
            if buffer.is_empty() {
                if quoted && !closing {
                    return Err(self.left_open());
                }
                if !begun {
                    return Ok(None);
                }
                cells.push(self.text(cell)?);
                return Ok(Some(cells));
            }
            let (mut used, mut ended) = (0, false);
            for &byte in buffer {
                used += 1;
                if std::mem::take(&mut self.after_return) && byte == b'\n' && !begun {
                    continue;
                }
                begun = true;
                length += 1;
                match byte {
                    b'"' if quoted && closing => (cell.push(b'"'), closing = false).1,
                    b'"' if quoted => closing = true,
                    b'"' if cell.is_empty() => quoted = true,
                    _ if quoted && !closing => cell.push(byte),
                    b'\n' | b'\r' => {
                        self.after_return = byte == b'\r';
                        ended = true;
                        break;
                    }
                    separator if separator == self.separator => {
                        let done = String::from_utf8(std::mem::take(&mut cell))
                            .map_err(|_| not_utf_8("no UTF-8", self.line))?;
                        cells.push(done);
                        (quoted, closing) = (false, false);
                    }
                    other => cell.push(other),
                }
                if length > LONGEST_ROW {
                    break;
                }
            }
            self.reader.consume(used);
            if ended {
                cells.push(self.text(cell)?);
                return Ok(Some(cells));
            }
            if length > LONGEST_ROW {
                let long = || {
                    refused("row-too-long", format!("Row {} has more than {LONGEST_ROW} bytes.", self.line))
                };
                return Err(if quoted { self.left_open() } else { long() });
            }
        }
    }

    fn text(&self, cell: Vec<u8>) -> Result<String> {
        String::from_utf8(cell).map_err(|_| not_utf_8("no UTF-8", self.line))
    }

    fn left_open(&self) -> crate::problem::Problem {
        let rule = "a quote is opened and never closed: close it, or write a quote that is meant as two";
        refused("quote-left-open", format!("In row {}, {rule}.", self.line))
    }
}

/// The separator that the first line has most of, quoted text aside.
fn sniff(start: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            byte => counts
                .iter_mut()
                .filter(|(separator, _)| separator == byte)
                .for_each(|(_, count)| *count += 1),
        }
    }
    // The first of the most: a comma, where there is only one column.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| *separator)
}

/// Takes the mark off that keeps a spreadsheet from running a cell as a formula, as exports put it on.
pub(super) fn undefused(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(crate::export::DEFUSED) => rest,
        _ => cell,
    }
}

pub(super) fn read(reader: &mut impl BufRead, sink: Sink<'_>) -> Result<()> {
    let start = reader.fill_buf().map_err(|error| told(&error))?;
    let mark = if start.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let separator = sniff(&start[mark..]);
    reader.consume(mark);
    let mut records = Records { reader, separator, line: 0, after_return: false };
    let Some(mut header) = records.next()? else { return Err(super::read::is_empty()) };
    while header.last().is_some_and(|name| name.trim().is_empty()) {
        header.pop();
    }
    let columns = header.len();
    let mut rows = Batches::behind(header, sink)?;
    while let Some(mut cells) = records.next()? {
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        // Spreadsheets add empty cells at the end.
        while cells.len() > columns && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
            cells.pop();
        }
        if cells.len() == columns {
            let cells = cells.iter().map(|cell| Value::from(undefused(cell))).collect();
            rows.push(Row { line: records.line, cells, fault: None })?;
        } else {
            let rule = format!(
                "has {} cells where the header has {columns}: is a separator not quoted, or a cell missing?",
                cells.len()
            );
            rows.push(Row::faulty(records.line, "ragged-row", rule))?;
        }
    }
    rows.end()
}

#[cfg(test)]
mod tests {
    use super::super::read::Part;
    use super::{read, sniff, undefused};
    use serde_json::json;

    /// The header, and each row with its line.
    type Rows = (Vec<String>, Vec<(u32, String)>);

    fn rows(text: &str) -> Result<Rows, String> {
        let (mut header, mut rows) = (Vec::new(), Vec::new());
        // One byte at a time, so that what belongs together never arrives together.
        let mut reader = std::io::BufReader::with_capacity(4, text.as_bytes());
        read(&mut reader, &mut |part| {
            match part {
                Part::Header(names) => header = names,
                Part::Rows(some) => rows.extend(
                    some.into_iter()
                        .map(|row| (row.line, row.fault.map_or(row.cells.to_string(), |fault| fault.0))),
                ),
            }
            Ok(())
        })
        .map_err(|problem| problem.detail)?;
        Ok((header, rows))
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_does() {
        let text = "a,b\r\n1,\"x\r\ny \"\"z\"\"\"\r\n\r\n2,\r\n3\r\n4,5,,\r\n";
        let (header, rows) = rows(text).unwrap();
        assert_eq!(header, ["a", "b"]);
        let wanted = [
            (2, json!(["1", "x\r\ny \"z\""]).to_string()),
            (4, json!(["2", ""]).to_string()),
            (5, "ragged-row".to_owned()),
            (6, json!(["4", "5"]).to_string()),
        ];
        assert_eq!(rows, wanted);
    }

    #[test]
    fn lines_end_in_three_ways_and_the_last_one_need_not() {
        for text in ["a,b\n1,2\n3,4", "a,b\r1,2\r3,4\r", "a,b\r\n1,2\r\n3,4"] {
            assert_eq!(rows(text).unwrap().1.len(), 2, "{text:?}");
        }
    }

    #[test]
    fn an_open_quote_is_told_where_it_was_opened() {
        assert!(rows("a,b\n1,2\n3,\"four\n5,6\n").unwrap_err().contains("row 3"));
    }

    #[test]
    fn the_header_tells_the_separator() {
        assert_eq!(sniff(b"a;b;\"c,d,e,f\"\n1,2,3,4"), b';');
        assert_eq!(sniff(b"a\tb"), b'\t');
        assert_eq!(sniff(b"only"), b',');
    }

    #[test]
    fn what_was_defused_comes_back_and_nothing_else() {
        assert_eq!(undefused("'=1+2"), "=1+2");
        assert_eq!(undefused("''quoted'"), "'quoted'");
        assert_eq!(undefused("'s-Gravenhage"), "'s-Gravenhage");
    }
}
