//! MT940, the customer statement message of SWIFT (Category 9, MT 940), within its envelope or without, one message after
//! the other. `:86:` is taken as text, or by its subfields where it has some: `?20` and the like, as German and Polish banks
//! write them, with SEPA's keywords within; `/EREF/`, `/REMI/` and the like, as others do.
use super::source::Source;
use super::{Faults, FileFault, Line, Statement, account, begin, currency, decimal, fault, is_sane, push};
use super::{reference, said};
use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

/// Characters of a field with all its lines.
const LONGEST_FIELD: usize = 64 << 10;

/// A field, such as `:61:`, with the lines that go on with it.
struct Field {
    tag: String,
    line: u32,
    value: String,
}

pub(super) fn read(mut source: Source, faults: &mut Faults) -> Result<Vec<Statement>, FileFault> {
    let mut reading = Reading::default();
    let mut field: Option<Field> = None;
    loop {
        let at = source.line();
        let Some(line) = source.next_line().map_err(|error| source.broken(&error))? else { break };
        let line = body(&line);
        if matches!(line, "" | "-") || line.starts_with("-}") || line.starts_with('{') {
            if !line.is_empty() {
                reading.take(field.take(), faults)?;
            }
        } else if let Some((tag, value)) = tagged(line) {
            reading.take(
                field.replace(Field { tag: tag.to_owned(), line: at, value: value.to_owned() }),
                faults,
            )?;
        } else if let Some(field) = &mut field {
            field.value.push('\n');
            field.value.push_str(line);
            if field.value.len() > LONGEST_FIELD {
                return Err(fault(at, format!(":{}:", field.tag), "too-large", "is longer than 64 KiB"));
            }
        } else {
            return Err(fault(at, "", "malformed", "must begin with a field such as `:20:`"));
        }
    }
    reading.take(field, faults)?;
    reading.end(source.line(), faults);
    Ok(reading.statements)
}

/// The line without the blocks of SWIFT's envelope that stand in front of the text block.
fn body(line: &str) -> &str {
    let line = line.trim_end();
    match line.find("{4:") {
        Some(begins) if line.starts_with('{') => &line[begins + 3..],
        _ => line,
    }
}

/// `:61:…` as tag and value.
fn tagged(line: &str) -> Option<(&str, &str)> {
    let (tag, value) = line.strip_prefix(':')?.split_once(':')?;
    let is_tag =
        matches!(tag.as_bytes(), [a, b] | [a, b, b'A'..=b'Z'] if a.is_ascii_digit() && b.is_ascii_digit());
    is_tag.then_some((tag, value))
}

#[derive(Default)]
struct Reading {
    statements: Vec<Statement>,
    /// The line that a `:86:` is about.
    line: Option<Line>,
    is_open: bool,
}

impl Reading {
    fn take(&mut self, field: Option<Field>, faults: &mut Faults) -> Result<(), FileFault> {
        let Some(field) = field else { return Ok(()) };
        let tag = field.tag.as_str();
        if tag != "86"
            && let Some(line) = self.line.take()
        {
            push(&mut self.statements, line)?;
        }
        if tag == "20" {
            self.end(field.line, faults);
            begin(&mut self.statements, field.line)?;
            self.is_open = true;
            return Ok(());
        }
        let Some(statement) = self.statements.last_mut().filter(|_| self.is_open) else {
            // What follows the closing balance says what is available, or nothing of money.
            if !self.statements.is_empty() && matches!(tag, "64" | "65" | "86") {
                return Ok(());
            }
            let rule = "must come behind the `:20:` of a statement";
            return Err(fault(field.line, format!(":{tag}:"), "malformed", rule));
        };
        match tag {
            "25" | "25P" => statement.account = account(field.value.lines().next().unwrap_or_default()),
            "28C" | "28" => statement.number = said(&field.value, 35),
            "60F" | "60M" => {
                if let Some((_, code, amount)) = balance(&field, faults) {
                    (statement.opening, statement.currency) = (Some(amount), Some(code));
                }
            }
            "61" => self.line = movement(&field, faults),
            "86" => {
                if let Some(line) = &mut self.line {
                    tell(&field.value, line);
                }
            }
            "62F" | "62M" => {
                if let Some((on, code, amount)) = balance(&field, faults) {
                    if statement.currency.as_ref().is_some_and(|known| *known != code) {
                        let rule = "must be in the currency of the opening balance";
                        faults.add(field.line, format!(":{tag}:"), "another-currency", rule);
                    }
                    (statement.closing, statement.to_on) = (Some(amount), Some(on));
                }
                self.close(field.line, faults);
            }
            _ => {}
        }
        Ok(())
    }

    /// Settles the days that the statement is about: the opening balance may be dated with the day before.
    fn close(&mut self, line: u32, faults: &mut Faults) {
        self.is_open = false;
        let Some(statement) = self.statements.last_mut() else { return };
        for (is_there, tag) in [(statement.account.is_some(), ":25:"), (statement.opening.is_some(), ":60F:")]
        {
            if !is_there {
                faults.add(line, tag, "required", "must be given in every statement");
            }
        }
        let booked = || statement.lines.iter().map(|line| line.booked_on);
        let (first, last) = (booked().min(), booked().max());
        statement.to_on = statement.to_on.max(last);
        statement.from_on = first.or(statement.to_on);
    }

    /// At the end of the file, or where another statement begins.
    fn end(&mut self, line: u32, faults: &mut Faults) {
        if self.is_open {
            let rule = "must close the statement: the file ends within it, or its closing balance is missing";
            faults.add(line, ":62F:", "truncated", rule);
            self.is_open = false;
        }
    }
}

/// `C260301EUR1234,56`: day, currency and amount.
fn balance(field: &Field, faults: &mut Faults) -> Option<(NaiveDate, String, Decimal)> {
    let value = field.value.trim();
    let read = || {
        let sign = match value.get(..1)? {
            "C" => Decimal::ONE,
            "D" => Decimal::NEGATIVE_ONE,
            _ => return None,
        };
        let amount = decimal(value.get(10..)?, b',').filter(|amount| !amount.is_sign_negative())?;
        Some((day(value.get(1..7)?)?, currency(value.get(7..10)?)?, sign * amount))
    };
    faults.read(field.line, &format!(":{}:", field.tag), read(), "must be such as C260301EUR1234,56")
}

/// `YYMMDD`.
fn day(text: &str) -> Option<NaiveDate> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| text.get(from..from + 2)?.parse::<u32>().ok();
    let year = i32::try_from(part(0)?).ok()?;
    let century = if year < 80 { 2000 } else { 1900 };
    NaiveDate::from_ymd_opt(century + year, part(2)?, part(4)?).filter(|day| is_sane(*day))
}

/// `MMDD` in the year that brings it nearest to the value date: a booking of December may be valued in January.
fn near(value_on: NaiveDate, text: &str) -> Option<NaiveDate> {
    let (month, day) = (text.get(..2)?.parse().ok()?, text.get(2..4)?.parse().ok()?);
    let years = [value_on.year() - 1, value_on.year(), value_on.year() + 1];
    let days = years.into_iter().filter_map(|year| NaiveDate::from_ymd_opt(year, month, day));
    days.min_by_key(|each| (*each - value_on).num_days().abs())
}

/// `:61:2603020302DR1234,56NTRFINV-42//B123` and a line of more.
fn movement(field: &Field, faults: &mut Faults) -> Option<Line> {
    let (first, more) = field.value.split_once('\n').unwrap_or((&field.value, ""));
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let read = || {
        let value_on = day(first.get(..6)?)?;
        let mut rest = first.get(6..)?;
        let mut booked_on = value_on;
        if digits(rest) >= 4 {
            booked_on = near(value_on, rest.get(..4)?)?;
            rest = rest.get(4..)?;
        }
        // A reversal of a credit takes money out. `E` announces, and is the same otherwise.
        let marks = [("RC", -1), ("RD", 1), ("EC", 1), ("ED", -1), ("C", 1), ("D", -1)];
        let (mark, sign) = marks.iter().find(|(mark, _)| rest.starts_with(mark))?;
        rest = rest.strip_prefix(mark)?;
        rest = rest.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest);
        let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b',').count();
        let amount = decimal(rest.get(..length)?, b',')? * Decimal::from(*sign);
        Some((value_on, booked_on, amount, rest.get(length..)?))
    };
    let rule = "must be such as 2603020302D1234,56NTRFINV-42//B123";
    let (value_on, booked_on, amount, rest) = faults.read(field.line, ":61:", read(), rule)?;
    let rest = rest.get(4..).unwrap_or_default();
    let (own, bank) = rest.split_once("//").unwrap_or((rest, ""));
    Some(Line {
        place: field.line,
        booked_on,
        value_on: Some(value_on),
        amount,
        reference: reference(own),
        bank_reference: reference(bank),
        text: said(more, 2000),
        ..Line::default()
    })
}

/// Adds what `:86:` says.
fn tell(value: &str, line: &mut Line) {
    let kept = line.text.take();
    if !by_marks(value, line) && !by_slashes(value, line) {
        line.text = said(value, 2000);
    }
    line.text = line.text.take().or(kept);
}

/// `166?00CREDIT?20EREF+INV-42?32ANA POP`: a code of three digits, then subfields of two digits behind a mark. False where it is
/// not of this form.
fn by_marks(value: &str, line: &mut Line) -> bool {
    // The message breaks its lines wherever they are full.
    let value: String = value.split('\n').collect();
    let code = value.bytes().take_while(u8::is_ascii_digit).count();
    let Some(mark) = value[code..].chars().next().filter(|mark| "?~^<>".contains(*mark)) else {
        return false;
    };
    if code > 3 {
        return false;
    }
    let (mut booking, mut purpose, mut name, mut number, mut bank) =
        (String::new(), String::new(), String::new(), String::new(), String::new());
    let mut last = 0;
    for part in value[code..].split(mark).skip(1) {
        let Some((subfield, text)) =
            part.split_at_checked(2).and_then(|(id, text)| Some((id.parse::<u8>().ok()?, text)))
        else {
            // The mark itself, within a text.
            purpose.push(mark);
            purpose.push_str(part);
            continue;
        };
        match subfield {
            0 => booking.push_str(text),
            20..=29 | 60..=63 => {
                // A subfield has 27 characters: what was full goes on in the next, what was not ended with a word.
                if last != 27 && !purpose.is_empty() {
                    purpose.push(' ');
                }
                purpose.push_str(text);
                last = text.chars().count();
            }
            30 => bank.push_str(text),
            31 | 38 => number.push_str(text),
            32 | 33 => name.push_str(text),
            _ => {}
        }
    }
    let said_for = keywords(&purpose, line);
    line.text = said(said_for.as_deref().unwrap_or(&purpose), 2000).or_else(|| said(&booking, 2000));
    line.counterparty_name = line.counterparty_name.take().or_else(|| said(&name, 140));
    line.counterparty_account = line.counterparty_account.take().or_else(|| account(&number));
    true
}

/// SEPA's keywords within the purpose (`EREF+…SVWZ+…`); answers what the payment is for, where a keyword says it.
fn keywords(purpose: &str, line: &mut Line) -> Option<String> {
    const KNOWN: &[&str] = &[
        "EREF+", "KREF+", "MREF+", "CRED+", "DEBT+", "COAM+", "OAMT+", "SVWZ+", "ABWA+", "ABWE+", "IBAN+",
        "BIC+",
    ];
    let mut found: Vec<(usize, &str)> =
        KNOWN.iter().flat_map(|key| purpose.match_indices(key).map(|(at, _)| (at, *key))).collect();
    found.sort_unstable();
    let mut said_for = None;
    for (index, (at, key)) in found.iter().enumerate() {
        let end = found.get(index + 1).map_or(purpose.len(), |(next, _)| *next);
        let Some(text) = purpose.get(at + key.len()..end) else { continue };
        match *key {
            "EREF+" => line.end_to_end_id = reference(text),
            "KREF+" => line.reference = reference(text).or(line.reference.take()),
            "IBAN+" => line.counterparty_account = account(text),
            "ABWA+" | "ABWE+" => line.counterparty_name = said(text, 140),
            "SVWZ+" => said_for = Some(text.to_owned()),
            _ => {}
        }
    }
    said_for
}

/// `/EREF/INV-42//REMI/USTD//For March/NAME/ANA POP`. False where it is not of this form.
fn by_slashes(value: &str, line: &mut Line) -> bool {
    const KNOWN: &[&str] = &[
        "/EREF/", "/REMI/", "/NAME/", "/IBAN/", "/CNTP/", "/BENM/", "/ORDP/", "/TRCD/", "/TRTP/", "/MARF/",
        "/CSID/", "/RTRN/", "/ADDR/", "/BIC/", "/PREF/", "/PURP/", "/ULTC/", "/ULTD/", "/ISDT/", "/ID/",
    ];
    let value: String = value.split('\n').collect();
    let mut found: Vec<(usize, &str)> =
        KNOWN.iter().flat_map(|key| value.match_indices(key).map(|(at, _)| (at, *key))).collect();
    found.sort_unstable();
    if found.first().is_none_or(|(at, _)| *at > 0) {
        return false;
    }
    for (index, (at, key)) in found.iter().enumerate() {
        let end = found.get(index + 1).map_or(value.len(), |(next, _)| *next);
        let text = value.get(at + key.len()..end).unwrap_or_default().trim_end_matches('/');
        match *key {
            "/EREF/" => line.end_to_end_id = reference(text),
            "/NAME/" => line.counterparty_name = said(text, 140),
            "/IBAN/" => line.counterparty_account = account(text),
            // Account, bank, name, town.
            "/CNTP/" => {
                let mut parts = text.split('/');
                line.counterparty_account = parts.next().and_then(account);
                line.counterparty_name = parts.nth(1).and_then(|name| said(name, 140));
            }
            "/REMI/" => {
                let text = text.strip_prefix("USTD//").unwrap_or(text);
                if let Some(structured) = text.strip_prefix("STRD/CUR/") {
                    line.reference = reference(structured).or(line.reference.take());
                }
                line.text = said(text, 2000);
            }
            _ => {}
        }
    }
    line.text = line.text.take().or_else(|| said(&value, 2000));
    true
}
