//! camt.053, the bank-to-customer statement of ISO 20022, in its versions from .001.02 on. Entries are taken as the bank
//! booked them: a batch is one line. What is only announced or pending is left out.
use super::source::Source;
use super::tree::{Element, Step, Walk, Xml};
use super::{Faults, FileFault, Line, Statement, account, begin, currency, decimal, fault, iso_day, push};
use super::{reference, said};
use chrono::NaiveDate;
use rust_decimal::Decimal;

const HOLDERS: &[&str] = &["Document", "BkToCstmrStmt", "Stmt"];
/// Text of as many payments of a batch as are shown with it.
const SHOWN_OF_BATCH: usize = 20;

/// The balances of a statement, by their kind (ISO 20022 external code set, balance type).
#[derive(Default)]
struct Balances {
    opening: Option<Decimal>,
    /// What an earlier statement closed with, which this one opens with.
    previous: Option<Decimal>,
    closing: Option<Decimal>,
    /// Those between the pages of one statement.
    interim: Vec<Decimal>,
    opened_on: Option<NaiveDate>,
    closed_on: Option<NaiveDate>,
}

pub(super) fn read(source: Source, faults: &mut Faults) -> Result<Vec<Statement>, FileFault> {
    let mut walk = Walk::through(Xml::new(source), HOLDERS);
    let (mut statements, mut balances) = (Vec::new(), Balances::default());
    let mut is_camt = false;
    while let Some(step) = walk.next()? {
        match step {
            Step::Enter(element) if element.name == "Stmt" => {
                begin(&mut statements, element.line)?;
                balances = Balances::default();
            }
            Step::Enter(element) => is_camt |= element.name == "BkToCstmrStmt",
            Step::Leave(name) if name == "Stmt" => {
                if let Some(statement) = statements.last_mut() {
                    close(statement, &balances, faults);
                }
            }
            Step::Leave(_) => {}
            Step::Record(record) if !is_camt => {
                let rule = "must be `BkToCstmrStmt`: this is another message than camt.053";
                return Err(fault(record.line, record.name, "unknown-format", rule));
            }
            Step::Record(record) if record.name == "Ntry" => {
                if let Some(line) = entry(&record, statements.last_mut(), faults) {
                    push(&mut statements, line)?;
                }
            }
            Step::Record(record) => {
                if let Some(statement) = statements.last_mut() {
                    head(&record, statement, &mut balances, faults);
                }
            }
        }
    }
    if !is_camt {
        return Err(fault(1, "Document", "unknown-format", "must be a `Document` with a `BkToCstmrStmt`"));
    }
    Ok(statements)
}

/// What a statement says before its entries.
fn head(record: &Element, statement: &mut Statement, balances: &mut Balances, faults: &mut Faults) {
    let text = record.text.trim();
    match record.name.as_str() {
        "ElctrncSeqNb" => statement.number = said(text, 35),
        "LglSeqNb" => statement.number = statement.number.take().or_else(|| said(text, 35)),
        "FrToDt" => {
            statement.from_on = record.text_at(&["FrDtTm", "FrDt"]).and_then(iso_day);
            statement.to_on = record.text_at(&["ToDtTm", "ToDt"]).and_then(iso_day);
        }
        "Acct" => {
            statement.account = record.text_at(&["Id/IBAN", "Id/Othr/Id"]).and_then(account);
            if let Some(code) = record.text_at(&["Ccy"]) {
                let read = faults.read(record.line, "Acct/Ccy", currency(code), "must be an ISO 4217 code");
                statement.currency = read;
            }
        }
        "Bal" => balance(record, statement, balances, faults),
        _ => {}
    }
}

fn balance(record: &Element, statement: &mut Statement, balances: &mut Balances, faults: &mut Faults) {
    let kind = record.text_at(&["Tp/CdOrPrtry/Cd"]).unwrap_or_default();
    if !["OPBD", "PRCD", "CLBD", "ITBD"].contains(&kind) {
        return; // what is available, or expected, is not what is booked
    }
    let Some(amount) = amount(record, statement, faults) else { return };
    let on = record.text_at(&["Dt/Dt", "Dt/DtTm"]).and_then(iso_day);
    match kind {
        "OPBD" => (balances.opening, balances.opened_on) = (Some(amount), on),
        "PRCD" => balances.previous = Some(amount),
        "CLBD" => (balances.closing, balances.closed_on) = (Some(amount), on),
        _ => balances.interim.push(amount),
    }
}

/// The amount with its sign, in the statement's currency.
fn amount(record: &Element, statement: &mut Statement, faults: &mut Faults) -> Option<Decimal> {
    let element = format!("{}/Amt", record.name);
    let line = record.line_of("Amt");
    let text = record.text_at(&["Amt"]).filter(|text| !text.starts_with(['-', '+']));
    let rule = "must be an amount such as 1234.50, without a sign";
    let amount = faults.read(line, &element, text.and_then(|text| decimal(text, b'.')), rule)?;
    let code = record.at("Amt").and_then(|each| each.attribute("Ccy")).and_then(currency);
    let code = faults.read(line, &element, code, "must name its currency in `Ccy`")?;
    let known = statement.currency.get_or_insert_with(|| code.clone());
    if *known != code {
        let rule = format!("is in {code}, and the account in {known}");
        faults.add(line, element, "another-currency", rule);
        return None;
    }
    match record.text_at(&["CdtDbtInd"]) {
        Some("CRDT") => Some(amount),
        Some("DBIT") => Some(-amount),
        _ => {
            let element = format!("{}/CdtDbtInd", record.name);
            faults.add(record.line, element, "wrong-format", "must be `CRDT` or `DBIT`");
            None
        }
    }
}

fn entry(record: &Element, statement: Option<&mut Statement>, faults: &mut Faults) -> Option<Line> {
    // .02 says it in `Sts` itself, later versions in `Sts/Cd`; where nothing is said, it is booked.
    if record.text_at(&["Sts/Cd", "Sts"]).is_some_and(|status| status != "BOOK") {
        return None;
    }
    let amount = amount(record, statement?, faults)?;
    let day = |paths: &[&str]| record.text_at(paths).and_then(iso_day);
    let value_on = day(&["ValDt/Dt", "ValDt/DtTm"]);
    let booked_on = day(&["BookgDt/Dt", "BookgDt/DtTm"]).or(value_on);
    let rule = "must have a booking date as YYYY-MM-DD, from 1900 to 2200";
    let booked_on = faults.read(record.line_of("BookgDt"), "Ntry/BookgDt", booked_on, rule)?;
    let details = record.all("NtryDtls/TxDtls");
    let mut line = Line {
        place: record.line,
        booked_on,
        value_on,
        amount,
        text: record.text_at(&["AddtlNtryInf"]).and_then(|text| said(text, 2000)),
        bank_reference: record.text_at(&["AcctSvcrRef"]).and_then(reference),
        ..Line::default()
    };
    match details.as_slice() {
        [one] => transaction(one, &mut line),
        [] => {}
        many => batch(record, many, &mut line),
    }
    line.bank_reference = line.bank_reference.or_else(|| record.text_at(&["NtryRef"]).and_then(reference));
    Some(line)
}

/// What is known of the one payment of an entry.
fn transaction(details: &Element, line: &mut Line) {
    let at = |paths: &[&str]| details.text_at(paths);
    line.end_to_end_id = at(&["Refs/EndToEndId"]).and_then(reference);
    let references = [
        "RmtInf/Strd/CdtrRefInf/Ref",
        "Refs/PmtInfId",
        "Refs/ChqNb",
        "Refs/InstrId",
        "RmtInf/Strd/RfrdDocInf/Nb",
    ];
    line.reference = references.iter().find_map(|path| at(&[path]).and_then(reference));
    line.bank_reference =
        line.bank_reference.take().or_else(|| at(&["Refs/AcctSvcrRef"]).and_then(reference));
    // The other side is the payer of what came in, and the payee of what went out.
    let side = if line.amount.is_sign_negative() { "Cdtr" } else { "Dbtr" };
    let path = |rest: &str| format!("RltdPties/{side}{rest}");
    line.counterparty_name = at(&[&path("/Nm"), &path("/Pty/Nm")]).and_then(|name| said(name, 140));
    line.counterparty_account = at(&[&path("Acct/Id/IBAN"), &path("Acct/Id/Othr/Id")]).and_then(account);
    line.text = purpose(details).and_then(|text| said(&text, 2000)).or(line.text.take());
}

/// What a payment is for, in words.
fn purpose(details: &Element) -> Option<String> {
    let words: Vec<&str> = details.all("RmtInf/Ustrd").iter().map(|each| each.text.trim()).collect();
    if words.iter().any(|word| !word.is_empty()) {
        return Some(words.join(" "));
    }
    details.text_at(&["AddtlTxInf", "RmtInf/Strd/AddtlRmtInf"]).map(str::to_owned)
}

/// Many payments that the bank booked as one.
fn batch(record: &Element, payments: &[&Element], line: &mut Line) {
    line.reference = record
        .text_at(&["NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/MsgId", "NtryDtls/TxDtls/Refs/PmtInfId"])
        .and_then(reference);
    let shown = payments.iter().take(SHOWN_OF_BATCH).filter_map(|each| purpose(each));
    let shown: Vec<String> = line.text.take().into_iter().chain(shown).collect();
    line.text = said(&format!("{} payments: {}", payments.len(), shown.join("; ")), 2000);
}

/// Settles what the statement opened and closed with, and when.
fn close(statement: &mut Statement, balances: &Balances, faults: &mut Faults) {
    let place = statement.place;
    statement.opening = balances.opening.or(balances.previous).or(balances.interim.first().copied());
    let last_page = || if balances.interim.len() > 1 { balances.interim.last().copied() } else { None };
    let only_closing = || {
        let opened = balances.opening.is_some() || balances.previous.is_some();
        if opened { balances.interim.last().copied() } else { last_page() }
    };
    statement.closing = balances.closing.or_else(only_closing);
    for (is_there, name) in
        [(statement.opening.is_some(), "OPBD or PRCD"), (statement.closing.is_some(), "CLBD")]
    {
        if !is_there {
            faults.add(place, "Stmt/Bal", "required", format!("must have a booked balance {name}"));
        }
    }
    if statement.account.is_none() {
        faults.add(place, "Stmt/Acct/Id", "required", "must have an IBAN or another number");
    }
    let booked = || statement.lines.iter().map(|line| line.booked_on);
    let last = booked().max();
    statement.to_on = statement.to_on.or(balances.closed_on.max(last));
    // An opening balance is dated with its day or with the day before, as the bank likes.
    let first = booked().min();
    statement.from_on = statement.from_on.or(first).or(balances.opened_on).or(statement.to_on);
}
