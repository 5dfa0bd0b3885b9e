//! OFX, Open Financial Exchange: version 1, which is SGML, and version 2, which is XML. Statements of bank accounts and of
//! credit cards. OFX tells what is in the account now, and not what was in it before: that follows from the lines.
use super::source::Source;
use super::tree::{Element, Sgml, Step, Tokens, Walk, Xml};
use super::{
    Faults, FileFault, Format, Line, Statement, account, begin, currency, decimal, fault, is_sane, push,
};
use super::{reference, said};
use chrono::NaiveDate;
use rust_decimal::Decimal;

const HOLDERS: &[&str] = &[
    "OFX",
    "BANKMSGSRSV1",
    "STMTTRNRS",
    "STMTRS",
    "BANKTRANLIST",
    "CREDITCARDMSGSRSV1",
    "CCSTMTTRNRS",
    "CCSTMTRS",
];

pub(super) fn read(source: Source, faults: &mut Faults) -> Result<Vec<Statement>, FileFault> {
    match source.guess() {
        Some(Format::Ofx) if source.is_xml() => statements(Xml::new(source), faults),
        Some(Format::Ofx) => statements(Sgml::new(source)?, faults),
        _ => Err(fault(1, "OFX", "unknown-format", "must begin with a header of OFX, or with `<OFX>`")),
    }
}

fn statements(tokens: impl Tokens, faults: &mut Faults) -> Result<Vec<Statement>, FileFault> {
    let mut walk = Walk::through(tokens, HOLDERS);
    let mut statements = Vec::new();
    while let Some(step) = walk.next()? {
        match step {
            Step::Enter(element) if matches!(element.name.as_str(), "STMTRS" | "CCSTMTRS") => {
                begin(&mut statements, element.line)?;
            }
            Step::Leave(name) if matches!(name.as_str(), "STMTRS" | "CCSTMTRS") => {
                if let Some(statement) = statements.last_mut() {
                    close(statement, faults);
                }
            }
            Step::Record(record) if record.name == "STMTTRN" => {
                if let Some(line) = transaction(&record, statements.last(), faults) {
                    push(&mut statements, line)?;
                }
            }
            Step::Record(record) if record.name == "STATUS" => refused(&record, faults),
            Step::Record(record) => {
                if let Some(statement) = statements.last_mut() {
                    head(&record, statement, faults);
                }
            }
            Step::Enter(_) | Step::Leave(_) => {}
        }
    }
    Ok(statements)
}

/// The bank may answer that there is nothing to have.
fn refused(record: &Element, faults: &mut Faults) {
    if record.text_at(&["SEVERITY"]) == Some("ERROR") {
        let message = record.text_at(&["MESSAGE", "CODE"]).and_then(|text| said(text, 200));
        let rule = format!("the bank refused: {}", message.unwrap_or_default());
        faults.add(record.line, "STATUS", "refused-by-the-bank", rule);
    }
}

fn head(record: &Element, statement: &mut Statement, faults: &mut Faults) {
    let text = record.text.trim();
    match record.name.as_str() {
        "CURDEF" => {
            statement.currency =
                faults.read(record.line, "CURDEF", currency(text), "must be an ISO 4217 code");
        }
        "BANKACCTFROM" | "CCACCTFROM" => statement.account = record.text_at(&["ACCTID"]).and_then(account),
        "DTSTART" => statement.from_on = day(text),
        "DTEND" => statement.to_on = day(text),
        "LEDGERBAL" => {
            let amount = record.text_at(&["BALAMT"]).and_then(amount);
            let rule = "must be an amount such as 1234.50";
            statement.closing = faults.read(record.line, "LEDGERBAL/BALAMT", amount, rule);
        }
        _ => {}
    }
}

fn transaction(record: &Element, statement: Option<&Statement>, faults: &mut Faults) -> Option<Line> {
    let statement = statement?;
    let at = |paths: &[&str]| record.text_at(paths);
    let rule = "must be an amount such as -1234.50";
    let amount =
        faults.read(record.line_of("TRNAMT"), "STMTTRN/TRNAMT", at(&["TRNAMT"]).and_then(amount), rule);
    let rule = "must be a day such as 20260302";
    let booked_on =
        faults.read(record.line_of("DTPOSTED"), "STMTTRN/DTPOSTED", at(&["DTPOSTED"]).and_then(day), rule);
    let in_currency = at(&["CURRENCY/CURSYM"]).and_then(currency);
    if in_currency.is_some() && in_currency != statement.currency {
        let rule = "must be in the currency of the account";
        faults.add(record.line, "STMTTRN/CURRENCY", "another-currency", rule);
    }
    let name = at(&["NAME", "PAYEE/NAME", "EXTDNAME"]);
    Some(Line {
        place: record.line,
        booked_on: booked_on?,
        value_on: at(&["DTAVAIL"]).and_then(day),
        amount: amount?,
        reference: at(&["CHECKNUM"]).or(at(&["REFNUM"])).and_then(reference),
        end_to_end_id: None,
        counterparty_name: name.and_then(|name| said(name, 140)),
        counterparty_account: at(&["BANKACCTTO/ACCTID", "CCACCTTO/ACCTID"]).and_then(account),
        text: at(&["MEMO"]).or(name).and_then(|text| said(text, 2000)),
        bank_reference: at(&["FITID"]).and_then(reference),
    })
}

/// OFX 2.2 §3.2.8.2: the day of `YYYYMMDDHHMMSS.XXX[offset:zone]`, as the bank writes it.
fn day(text: &str) -> Option<NaiveDate> {
    let digits = text.trim().get(..8).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    NaiveDate::parse_from_str(digits, "%Y%m%d").ok().filter(|day| is_sane(*day))
}

/// OFX 2.2 §3.2.9.1: a point or a comma before the decimals, and no grouping.
fn amount(text: &str) -> Option<Decimal> {
    decimal(text, if text.contains(',') { b',' } else { b'.' })
}

fn close(statement: &mut Statement, faults: &mut Faults) {
    let place = statement.place;
    let given = [
        (statement.account.is_some(), "ACCTID"),
        (statement.currency.is_some(), "CURDEF"),
        (statement.closing.is_some(), "LEDGERBAL"),
    ];
    for (_, name) in given.into_iter().filter(|(is_there, _)| !is_there) {
        faults.add(place, name, "required", "must be given in every statement");
    }
    // Banks list the newest first, or as they like.
    statement.lines.sort_by_key(|line| line.booked_on);
    let (first, last) = (
        statement.lines.first().map(|line| line.booked_on),
        statement.lines.last().map(|line| line.booked_on),
    );
    statement.from_on = statement.from_on.or(first);
    statement.to_on = statement.to_on.max(last);
    let moved: Option<Decimal> =
        statement.lines.iter().try_fold(Decimal::ZERO, |sum, line| sum.checked_add(line.amount));
    statement.opening = statement.closing.zip(moved).and_then(|(closing, moved)| closing.checked_sub(moved));
}
