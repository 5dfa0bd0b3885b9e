//! Statement files of banks, read into one shape whatever their format: camt.053 (ISO 20022), OFX 1 and 2, MT940 (SWIFT),
//! and CSV by a saved mapping. A file is read once, from front to end, and nothing of it is held but what it says; all that
//! is wrong with it is told at once, by line and element.
pub mod camt053;
pub mod csv;
pub mod mt940;
pub mod ofx;
mod source;
mod tree;

use chrono::{Datelike, NaiveDate};
use platform::text_enum;
use rust_decimal::Decimal;
use std::io::Read;

/// Bytes of a file, as it comes.
pub const LONGEST_FILE: u64 = 32 << 20;
/// Lines of all statements of a file.
pub const MOST_LINES: usize = 50_000;
/// Statements of a file.
pub const MOST_STATEMENTS: usize = 1_000;
/// Faults that are told of a file.
const MOST_FAULTS: usize = 100;

text_enum! {
    /// What a statement file is.
    pub enum Format { Camt053 = "camt053", Ofx = "ofx", Mt940 = "mt940", Csv = "csv" }
}

/// What a bank says of an account and a stretch of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// Where in the file it begins.
    pub place: u32,
    /// The IBAN or number of the account, without spaces; none where the file names none.
    pub account: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// The bank's number of the statement.
    pub number: Option<String>,
    /// The first and the last day that it is about.
    pub from_on: Option<NaiveDate>,
    pub to_on: Option<NaiveDate>,
    /// What was in the account before the first line and after the last, in its currency.
    pub opening: Option<Decimal>,
    pub closing: Option<Decimal>,
    /// What was booked, in the bank's order.
    pub lines: Vec<Line>,
}

/// An amount that came into the account or left it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Where in the file it begins.
    pub place: u32,
    pub booked_on: NaiveDate,
    pub value_on: Option<NaiveDate>,
    /// In the account's currency; what left it is negative.
    pub amount: Decimal,
    /// The reference that payer and payee know: a creditor reference, the customer's reference, a cheque's number.
    pub reference: Option<String>,
    /// The reference that went from end to end with a transfer.
    pub end_to_end_id: Option<String>,
    pub counterparty_name: Option<String>,
    /// Their IBAN, or whatever number the bank tells.
    pub counterparty_account: Option<String>,
    /// What the payment is for, and what else the bank says.
    pub text: Option<String>,
    /// What the bank calls the booking: `AcctSvcrRef`, `FITID`, the reference behind `//`.
    pub bank_reference: Option<String>,
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct FileFault {
    /// The line of the file, the first being 1.
    pub line: u32,
    /// The element, field or column.
    pub element: String,
    /// The rule that is broken, for programs.
    pub code: &'static str,
    /// The rule that is broken, for people.
    pub detail: String,
}

/// The faults that were found so far.
#[derive(Default)]
pub(crate) struct Faults(Vec<FileFault>);

impl Faults {
    pub(crate) fn add(
        &mut self,
        line: u32,
        element: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) {
        if self.0.len() < MOST_FAULTS {
            self.0.push(fault(line, element, code, detail));
        }
    }

    /// The value; a fault where it can not be read.
    fn read<T>(&mut self, line: u32, element: &str, value: Option<T>, rule: &str) -> Option<T> {
        if value.is_none() {
            self.add(line, element, "wrong-format", rule);
        }
        value
    }
}

pub(crate) fn fault(
    line: u32,
    element: impl Into<String>,
    code: &'static str,
    detail: impl Into<String>,
) -> FileFault {
    FileFault { line, element: element.into(), code, detail: detail.into() }
}

/// Reads a file: what it is, as told or by its first bytes, and what it says.
///
/// # Errors
/// All that is wrong with it, up to a hundred faults.
pub fn read(
    file: impl Read + 'static,
    format: Option<Format>,
    mapping: Option<&csv::Mapping>,
) -> Result<(Format, Vec<Statement>), Vec<FileFault>> {
    let source = source::Source::open(file).map_err(|fault| vec![fault])?;
    let Some(format) = format.or_else(|| source.guess()).or(mapping.map(|_| Format::Csv)) else {
        let rule =
            "is neither camt.053 nor OFX nor MT940; for CSV name a `mapping`, or give the bank account one";
        return Err(vec![fault(1, "", "unknown-format", rule)]);
    };
    let mut faults = Faults::default();
    let read = match (format, mapping) {
        (Format::Camt053, _) => camt053::read(source, &mut faults),
        (Format::Ofx, _) => ofx::read(source, &mut faults),
        (Format::Mt940, _) => mt940::read(source, &mut faults),
        (Format::Csv, Some(mapping)) => csv::read(source, mapping, &mut faults),
        (Format::Csv, None) => {
            let rule = "is CSV, whose columns mean what a mapping says: name a `mapping`, or give the bank account one";
            Err(fault(1, "", "mapping-required", rule))
        }
    };
    let statements = match read {
        Ok(statements) => statements,
        Err(last) => {
            faults.0.truncate(MOST_FAULTS - 1);
            faults.0.push(last);
            Vec::new()
        }
    };
    if statements.is_empty() && faults.0.is_empty() {
        faults.add(1, "", "empty", "holds no statement");
    }
    let is_whole = faults.0.is_empty();
    for statement in &statements {
        check(statement, is_whole, &mut faults);
    }
    if faults.0.is_empty() { Ok((format, statements)) } else { Err(faults.0) }
}

/// What a statement has to be true to: its days, its currency's decimals, and, where every line could be read, its balances.
fn check(statement: &Statement, is_whole: bool, faults: &mut Faults) {
    let place = statement.place;
    let most = statement.currency.as_deref().map_or(4, ledger::currency::decimals);
    let is_booked = |amount: &Decimal| {
        amount.normalize().scale() <= most && amount.abs() < Decimal::new(10_000_000_000_000_000, 0)
    };
    let rule = || format!("must have at most {most} decimals, and 16 digits before them");
    for (name, balance) in [("opening balance", statement.opening), ("closing balance", statement.closing)] {
        if balance.is_some_and(|balance| !is_booked(&balance)) {
            faults.add(place, name, "too-many-decimals", rule());
        }
    }
    if let (Some(from), Some(to)) = (statement.from_on, statement.to_on)
        && from > to
    {
        faults.add(place, "statement", "ends-before-it-begins", format!("is from {from} to {to}"));
    }
    for line in &statement.lines {
        if !is_booked(&line.amount) {
            faults.add(line.place, "amount", "too-many-decimals", rule());
        }
        let is_before = statement.from_on.is_some_and(|from| line.booked_on < from);
        if is_before || statement.to_on.is_some_and(|to| line.booked_on > to) {
            let rule =
                format!("is booked on {}, which the statement that holds it is not about", line.booked_on);
            faults.add(line.place, "booking date", "outside-the-statement", rule);
        }
    }
    if let (Some(opening), Some(closing), true) = (statement.opening, statement.closing, is_whole) {
        let moved: Option<Decimal> =
            statement.lines.iter().try_fold(opening, |sum, line| sum.checked_add(line.amount));
        if moved != Some(closing) {
            let moved = moved.map_or_else(|| "more than can be counted".to_owned(), |sum| sum.to_string());
            let rule = format!(
                "must be the opening balance and the lines: {opening} and {} lines make {moved}, not {closing}",
                statement.lines.len()
            );
            faults.add(place, "closing balance", "does-not-add-up", rule);
        }
    }
}

/// One more line, unless there are too many.
fn push(statements: &mut [Statement], line: Line) -> Result<(), FileFault> {
    let place = line.place;
    let count: usize = statements.iter().map(|statement| statement.lines.len()).sum();
    if count == MOST_LINES {
        return Err(too_many_lines(place));
    }
    match statements.last_mut() {
        // A line of nothing, such as a notice of the bank, moves no money.
        Some(statement) if !line.amount.is_zero() => statement.lines.push(line),
        _ => {}
    }
    Ok(())
}

fn too_many_lines(place: u32) -> FileFault {
    let rule = format!("is more than {MOST_LINES} lines: ask the bank for a shorter time");
    fault(place, "", "too-many-lines", rule)
}

/// One more statement, unless there are too many.
fn begin(statements: &mut Vec<Statement>, place: u32) -> Result<(), FileFault> {
    if statements.len() == MOST_STATEMENTS {
        let rule = format!("is more than {MOST_STATEMENTS} statements: send them in parts");
        return Err(fault(place, "", "too-many-statements", rule));
    }
    statements.push(Statement { place, ..Statement::default() });
    Ok(())
}

/// Text as it is kept: one line, no more than so many characters; none where nothing is said. What is longer is cut.
fn said(text: &str, longest: usize) -> Option<String> {
    let mut kept = String::with_capacity(text.len().min(4 * longest));
    let mut count = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let space = usize::from(!kept.is_empty());
        if count + space >= longest {
            break;
        }
        if space == 1 {
            kept.push(' ');
        }
        kept.extend(word.chars().take(longest - count - space));
        count += space + word.chars().count();
    }
    (!kept.is_empty()).then_some(kept)
}

/// A reference, unless it says that there is none.
fn reference(text: &str) -> Option<String> {
    let kept = said(text, 140)?;
    let says_none =
        ["NOTPROVIDED", "NOT PROVIDED", "NONREF", "NOREF"].contains(&kept.to_uppercase().as_str());
    (!says_none).then_some(kept)
}

/// An IBAN or account number, without spaces.
fn account(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(70).collect();
    (!kept.is_empty()).then_some(kept)
}

/// `2026-03-02`, or an instant that begins with it; the day as the bank writes it, in its own time zone.
fn iso_day(text: &str) -> Option<NaiveDate> {
    let (day, rest) = NaiveDate::parse_and_remainder(text.trim(), "%Y-%m-%d").ok()?;
    (rest.is_empty() || rest.starts_with(['T', 'Z', '+', '-'])).then_some(day).filter(|day| is_sane(*day))
}

/// A day that books may have.
fn is_sane(day: NaiveDate) -> bool {
    (1900..=2200).contains(&day.year())
}

/// Digits, one separator at the most, a sign where it is allowed: no exponents, no grouping, no rounding.
fn decimal(text: &str, separator: u8) -> Option<Decimal> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == separator)
        && digits.bytes().filter(|byte| *byte == separator).count() <= 1
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.len() <= 28;
    if !is_plain {
        return None;
    }
    let digits = digits.replace(char::from(separator), ".");
    Decimal::from_str_exact(&format!("{sign}0{}", digits.trim_end_matches('.'))).ok()
}

/// An ISO 4217 code.
fn currency(text: &str) -> Option<String> {
    let code = text.trim();
    (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{decimal, iso_day, said};
    use rust_decimal::Decimal;

    #[test]
    fn amounts_are_digits_and_no_more() {
        assert_eq!(decimal("1234,5", b','), Some(Decimal::new(12345, 1)));
        assert_eq!(decimal("1234,", b','), Some(Decimal::new(1234, 0)));
        assert_eq!(decimal("-.50", b'.'), Some(Decimal::new(-50, 2)));
        for bad in ["", "-", ".", "1e5", "1_000", "NaN", "1,2,3", "--1", "1 0", "١٢", &"9".repeat(29)] {
            assert_eq!(decimal(bad, b','), None, "{bad}");
        }
    }

    #[test]
    fn text_is_one_line_and_bounded() {
        assert_eq!(said("  a\n\tb  \u{0} c ", 100).as_deref(), Some("a b c"));
        assert_eq!(said("äöü äöü", 5).as_deref(), Some("äöü ä"));
        assert_eq!(said(" \n ", 5), None);
    }

    #[test]
    fn a_day_is_a_day() {
        assert_eq!(iso_day("2026-03-02T10:00:00+02:00"), iso_day("2026-03-02"));
        assert!(iso_day("2026-02-30").is_none() && iso_day("0026-03-02").is_none());
    }
}
