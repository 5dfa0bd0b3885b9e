//! Statement files of banks: the samples say what stands beside them, which `tests/accounting/read_alike` holds other
//! people's parsers to as well; and whatever else is sent is refused with its place, never with a panic.
use banking::formats::csv::Mapping;
use banking::formats::{FileFault, Format, LONGEST_FILE, Line, MOST_LINES, Statement, read};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::{Cursor, Read};
use std::path::PathBuf;

const SAMPLES: &[&str] = &[
    "week.camt053.xml",
    "batch.camt053.xml",
    "checking.ofx",
    "card.ofx",
    "structured.mt940",
    "year-end.mt940",
    "two-columns.csv",
    "signed.csv",
];

fn sample(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/statements");
    std::fs::read(folder.join(name)).unwrap()
}

/// What stands beside a sample.
fn expected(name: &str) -> Value {
    let (stem, _) = name.rsplit_once('.').unwrap();
    serde_json::from_slice(&sample(&format!("{stem}.json"))).unwrap()
}

/// The mapping that stands beside a sample.
fn mapping(of: &Value) -> Option<Mapping> {
    let of = of.get("mapping")?;
    let column = |name: &str| of[name].as_str().map(str::to_owned);
    let byte = |name: &str| of[name].as_str().unwrap().as_bytes()[0];
    Some(Mapping {
        delimiter: byte("delimiter"),
        skipped_lines: u32::try_from(of["skipped_lines"].as_u64().unwrap()).unwrap(),
        date_format: column("date_format").unwrap(),
        decimal_separator: byte("decimal_separator"),
        booking_day: column("booking_day").unwrap(),
        value_day: column("value_day"),
        amount: column("amount"),
        debit: column("debit"),
        credit: column("credit"),
        direction: column("direction"),
        outgoing: column("outgoing"),
        currency: column("currency"),
        reference: column("reference"),
        end_to_end_id: column("end_to_end_id"),
        counterparty_name: column("counterparty_name"),
        counterparty_account: column("counterparty_account"),
        text: column("text"),
        bank_reference: column("bank_reference"),
        balance: column("balance"),
    })
}

fn line_json(line: &Line) -> Value {
    json!({
        "booked_on": line.booked_on, "value_on": line.value_on, "amount": line.amount.to_string(), "reference": line.reference,
        "end_to_end_id": line.end_to_end_id, "counterparty_name": line.counterparty_name,
        "counterparty_account": line.counterparty_account, "text": line.text, "bank_reference": line.bank_reference,
    })
}

fn json_of(statement: &Statement) -> Value {
    json!({
        "account": statement.account, "currency": statement.currency, "number": statement.number,
        "from_on": statement.from_on, "to_on": statement.to_on,
        "opening": statement.opening.map(|each| each.to_string()), "closing": statement.closing.map(|each| each.to_string()),
        "lines": statement.lines.iter().map(line_json).collect::<Vec<_>>(),
    })
}

/// The faults of a file, as `line element code`.
fn faults(file: impl Into<Vec<u8>>, format: Option<Format>) -> Vec<String> {
    let told = |fault: FileFault| format!("{} {} {}", fault.line, fault.element, fault.code);
    read(Cursor::new(file.into()), format, None).unwrap_err().into_iter().map(told).collect()
}

/// A sample with something in it replaced.
#[track_caller]
fn changed(name: &str, from: &str, to: &str) -> String {
    let file = String::from_utf8(sample(name)).unwrap();
    assert!(file.contains(from), "{name} has no {from}");
    file.replacen(from, to, 1)
}

#[test]
fn samples_say_what_stands_beside_them() {
    for name in SAMPLES {
        let expected = expected(name);
        for format in [None, Some(expected["format"].as_str().unwrap().parse().unwrap())] {
            let (is, statements) = read(Cursor::new(sample(name)), format, mapping(&expected).as_ref())
                .unwrap_or_else(|faults| panic!("{name}: {faults:#?}"));
            assert_eq!(is.as_str(), expected["format"], "{name}");
            let read: Vec<Value> = statements.iter().map(json_of).collect();
            assert_eq!(Value::from(read), expected["statements"], "{name}");
        }
    }
}

/// A byte at a time.
struct Slowly(Cursor<Vec<u8>>);
impl Read for Slowly {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = into.len().min(1);
        self.0.read(&mut into[..length])
    }
}

#[test]
fn a_file_is_the_same_in_any_encoding_and_however_it_comes() {
    let text = changed("week.camt053.xml", "encoding=\"UTF-8\"", "encoding=\"ISO-8859-2\"");
    let (latin, _, _) = encoding_rs::ISO_8859_2.encode(&text);
    let whole = read(Cursor::new(sample("week.camt053.xml")), None, None).unwrap();
    assert_eq!(read(Cursor::new(latin.into_owned()), None, None).unwrap(), whole);

    let sixteen = String::from_utf8(sample("two-columns.csv")).unwrap();
    let little: Vec<u8> = sixteen.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = sixteen.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mapped = mapping(&expected("two-columns.csv"));
    let whole = read(Cursor::new(sample("two-columns.csv")), None, mapped.as_ref()).unwrap();
    for file in [little, big] {
        assert_eq!(read(Cursor::new(file), None, mapped.as_ref()).unwrap(), whole);
    }

    for name in SAMPLES {
        let mapped = mapping(&expected(name));
        let whole = read(Cursor::new(sample(name)), None, mapped.as_ref()).unwrap();
        assert_eq!(read(Slowly(Cursor::new(sample(name))), None, mapped.as_ref()).unwrap(), whole, "{name}");
    }
}

#[test]
fn a_statement_adds_up_or_is_refused() {
    // 12500.00 + 1190.00 - 35.50 - 2380.00 + 45.25 = 11319.75, not 11319.76.
    let file = changed("week.camt053.xml", "11319.75", "11319.76");
    assert_eq!(faults(file, None), ["8 closing balance does-not-add-up"]);
    let file = changed("year-end.mt940", "62F:C260102GBP950,01", "62F:C260102GBP950,02");
    assert_eq!(faults(file, None), ["10 closing balance does-not-add-up"]);
    let mapped = mapping(&expected("two-columns.csv"));
    let file = changed("two-columns.csv", "12.474,25", "12.474,24");
    let told = read(Cursor::new(file), None, mapped.as_ref()).unwrap_err();
    let places: Vec<_> = told.iter().map(|fault| (fault.line, fault.element.as_str(), fault.code)).collect();
    // The second row's balance is wrong; so is the third's, seen from there; and they don't lead from first to last.
    assert_eq!(places[..2], [(5, "balance", "does-not-add-up"), (6, "balance", "does-not-add-up")]);
    assert!(told[0].detail.contains("12474.25") && told[0].detail.contains("12474.24"), "{told:?}");
}

#[test]
fn every_fault_is_told_with_its_line_and_element() {
    let file =
        changed("week.camt053.xml", "<Amt Ccy=\"RON\">1190.00</Amt>", "<Amt Ccy=\"EUR\">1190.00</Amt>");
    let file = file.replacen("<Amt Ccy=\"RON\">35.50", "<Amt Ccy=\"RON\">35,50", 1);
    let file = file
        .replacen("<BookgDt><Dt>2026-03-03", "<BookgDt><Dt>2026-02-30", 1)
        .replace("<ValDt><Dt>2026-03-03</Dt></ValDt>", "");
    let file = file.replacen("<DtTm>2026-03-04T18", "<DtTm>2026-03-06T18", 1);
    let told = faults(file, None);
    let expected = [
        "41 Ntry/Amt another-currency",
        "65 Ntry/Amt wrong-format",
        "79 Ntry/BookgDt wrong-format",
        "97 booking date outside-the-statement",
    ];
    assert_eq!(told, expected);

    let told = faults(changed("year-end.mt940", ":61:2512310102C250,00", ":61:2512310102X250,00"), None);
    assert!(told.contains(&"14 :61: wrong-format".to_owned()), "{told:?}");
    let told = faults(changed("year-end.mt940", "C251231GBP700,00\n-", "C251231EUR700,00\n-"), None);
    assert!(told.contains(&"8 :62F: another-currency".to_owned()), "{told:?}");
    let told = faults(changed("card.ofx", "<TRNAMT>-300.00", "<TRNAMT>three hundred"), None);
    assert!(told.contains(&"52 STMTTRN/TRNAMT wrong-format".to_owned()), "{told:?}");
    let told = faults(
        changed(
            "card.ofx",
            "<CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>\n      <STMTRS>",
            "<CODE>2003</CODE><SEVERITY>ERROR</SEVERITY></STATUS>\n      <STMTRS>",
        ),
        None,
    );
    assert_eq!(told, ["14 STATUS refused-by-the-bank"]);
    let yen = changed("year-end.mt940", "C0,01NINT", "C0,001NINT");
    assert!(faults(yen, None).contains(&"17 amount too-many-decimals".to_owned()));

    // Twelve thousand bad rows are told as a hundred.
    let mapped = mapping(&self::expected("signed.csv"));
    let many =
        format!("Date,Amount,Currency,Payee,Memo,Reference\n{}", "yesterday,1.00,USD,,,\n".repeat(12_000));
    let told = read(Cursor::new(many), None, mapped.as_ref()).unwrap_err();
    assert_eq!((told.len(), told[99].line, told[99].element.as_str()), (100, 101, "Date"));
    let told = read(Cursor::new("Datum,Betrag\n"), None, mapped.as_ref()).unwrap_err();
    assert_eq!((told[0].code, told[0].line), ("missing-column", 1));
    assert!(told[0].detail.ends_with("Date, Amount, Currency, Reference, Payee, Memo"), "{told:?}");
}

#[test]
fn a_file_that_did_not_come_whole_is_no_statement() {
    for name in ["week.camt053.xml", "batch.camt053.xml", "card.ofx", "checking.ofx"] {
        let file = sample(name);
        let text = String::from_utf8_lossy(&file);
        for end in [text.len() / 3, text.len() / 2, text.trim_end().len() - 9] {
            let told = faults(&file[..end.min(file.len())], None);
            let last = told.last().unwrap();
            assert!(
                last.ends_with("truncated") || last.ends_with("malformed"),
                "{name} up to {end}: {told:?}"
            );
        }
    }
    let file = sample("structured.mt940");
    let told = faults(&file[..file.len() / 2], None);
    assert_eq!(told.last().unwrap().split(' ').skip(1).collect::<Vec<_>>(), [":62F:", "truncated"]);
    let told = faults(changed("week.camt053.xml", "</CdtDbtInd>", "</CdtDebit>"), None);
    assert_eq!(told, ["24 CdtDbtInd malformed"]);
}

#[test]
fn a_bomb_does_not_go_off() {
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]>\n<Document>&b;</Document>";
    assert_eq!(faults(bomb, None), ["2 !DOCTYPE not-allowed"]);
    let outside =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>\n<OFX>&a;</OFX>";
    assert_eq!(faults(outside, Some(Format::Ofx)), ["2 !DOCTYPE not-allowed"]);
    let told = faults(changed("week.camt053.xml", "Comision", "&passwd;"), None);
    assert_eq!(told, ["72 &passwd; not-allowed"]);
    let told = faults(format!("OFXHEADER:100\n\n<OFX>\n<!DOCTYPE a>{}", "<A>".repeat(3)), None);
    assert_eq!(told, ["4 !DOCTYPE not-allowed"]);

    let deep = format!("<Document><BkToCstmrStmt><Stmt>{}", "<a>".repeat(100_000));
    assert_eq!(faults(deep, None), ["1  too-deep"]);
    let deep = format!("OFXHEADER:100\n<OFX>{}", "<A>".repeat(100_000));
    assert_eq!(faults(deep, None), ["2  too-deep"]);
    let wide = format!("<Document><BkToCstmrStmt><Stmt><Ntry>{}", "<a/>".repeat(60_000));
    assert_eq!(faults(wide, None), ["1 Ntry too-large"]);
    let long = format!("<Document><BkToCstmrStmt><Stmt><Ntry><a>{}", "x".repeat(1 << 20));
    assert_eq!(faults(long, None), ["1  too-large"]);
    let long = format!(":20:{}", "x".repeat(1 << 20));
    assert_eq!(faults(long, None), ["1  unreadable"]);
    let mapped = mapping(&expected("signed.csv"));
    let long = format!("Date,Amount,Currency,Payee,Memo,Reference\n\"{}", "x".repeat(1 << 20));
    assert_eq!(read(Cursor::new(long), None, mapped.as_ref()).unwrap_err()[0].code, "unreadable");

    let line = ":61:260302C1,00NTRFNONREF\n";
    let many = format!(":20:A\n:25:1\n:60F:C260302EUR0,00\n{}", line.repeat(MOST_LINES + 2));
    assert!(u64::try_from(many.len()).unwrap() < LONGEST_FILE);
    assert_eq!(faults(many, None), [format!("{} too-many-lines", MOST_LINES + 4).replace(' ', "  ")]);
}

#[test]
fn what_is_no_statement_is_told_so() {
    for file in ["", "hello", "{\"a\": 1}", "%PDF-1.7", "Date;Amount\n"] {
        assert_eq!(faults(file, None), ["1  unknown-format"], "{file}");
    }
    assert_eq!(faults("Date;Amount\n", Some(Format::Csv)), ["1  mapping-required"]);
    assert_eq!(
        faults("<Document><CstmrCdtTrfInitn><A/></CstmrCdtTrfInitn></Document>", None),
        ["1 CstmrCdtTrfInitn unknown-format"]
    );
    assert_eq!(faults("<Document></Document>", None), ["1 Document unknown-format"]);
    assert_eq!(faults(":20:A\n", Some(Format::Mt940)).len(), 1);
    assert_eq!(faults("OFXHEADER:100\n\n<OFX></OFX>", None), ["1  empty"]);
}

/// A sample with some of its bytes gone wrong.
fn spoilt() -> impl Strategy<Value = Vec<u8>> {
    (
        0..SAMPLES.len(),
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(name, changes, end)| {
            let mut file = sample(SAMPLES[name]);
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            file.truncate(end.index(2 * file.len()).max(1));
            file
        })
}

/// Whatever it is: read, or refused with faults that have a place.
fn holds(file: &[u8]) {
    let mapped = mapping(&expected("signed.csv"));
    for format in [None, Some(Format::Camt053), Some(Format::Ofx), Some(Format::Mt940), Some(Format::Csv)] {
        match read(Cursor::new(file.to_vec()), format, mapped.as_ref()) {
            Ok((_, statements)) => assert!(!statements.is_empty()),
            Err(faults) => assert!(
                !faults.is_empty() && faults.len() <= 100 && faults.iter().all(|fault| fault.line > 0)
            ),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(file in prop::collection::vec(any::<u8>(), 0..2000)) {
        holds(&file);
    }

    #[test]
    fn nor_do_statements_gone_wrong(file in spoilt()) {
        holds(&file);
    }

    #[test]
    fn nor_do_fields_of_any_kind(fields in prop::collection::vec(("(20|25|28C|60F|61|86|62F|64|[A-Z0-9]{0,3})", "\\PC{0,80}"), 0..12)) {
        let file = fields.iter().fold(String::new(), |file, (tag, value)| file + ":" + tag + ":" + value + "\n");
        holds(file.as_bytes());
        let one = fields.first().map_or("", |(_, value)| value.as_str());
        let line = format!(":20:A\n:25:1\n:28C:1\n:60F:C260302EUR0,00\n:61:260302C1,00NTRFNONREF\n:86:{one}\n:62F:C260302EUR1,00\n");
        assert!(read(Cursor::new(line), None, None).is_ok_and(|(_, statements)| statements[0].lines.len() == 1), "{one}");
    }
}
