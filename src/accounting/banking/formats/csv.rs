//! CSV as banks write it: which column means what, how days and amounts look, is said by a mapping. The encoding follows
//! from the byte order mark; without one it is UTF-8, or Windows-1252 where it can not be that.
use super::source::{Source, text};
use super::{Faults, FileFault, Line, MOST_LINES, Statement, account, begin, decimal, fault, is_sane};
use super::{reference, said, too_many_lines};
use chrono::NaiveDate;
use csv::{ByteRecord, ReaderBuilder};
use rust_decimal::Decimal;
use std::collections::HashMap;

/// Columns of a file.
const MOST_COLUMNS: usize = 200;

/// What the columns of a bank's CSV mean, by the names in its header.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub delimiter: u8,
    /// Lines in front of the header.
    pub skipped_lines: u32,
    /// Such as `DD.MM.YYYY`.
    pub date_format: String,
    pub decimal_separator: u8,
    pub booking_day: String,
    pub value_day: Option<String>,
    /// With its sign; or `debit` and `credit`, each without one.
    pub amount: Option<String>,
    pub debit: Option<String>,
    pub credit: Option<String>,
    /// Says whether the amount went out, which it did where the column says `outgoing`.
    pub direction: Option<String>,
    pub outgoing: Option<String>,
    pub currency: Option<String>,
    pub reference: Option<String>,
    pub end_to_end_id: Option<String>,
    pub counterparty_name: Option<String>,
    pub counterparty_account: Option<String>,
    pub text: Option<String>,
    pub bank_reference: Option<String>,
    /// What was in the account after the line.
    pub balance: Option<String>,
}

/// Where the columns of a mapping stand.
struct Columns<'a> {
    mapping: &'a Mapping,
    places: HashMap<String, usize>,
    days: String,
}

pub(super) fn read(
    mut source: Source,
    mapping: &Mapping,
    faults: &mut Faults,
) -> Result<Vec<Statement>, FileFault> {
    for _ in 0..mapping.skipped_lines {
        source.next_line().map_err(|error| source.broken(&error))?;
    }
    let before = source.line() - 1;
    let mut reader = ReaderBuilder::new()
        .delimiter(mapping.delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(source);
    let mut record = ByteRecord::new();
    let mut columns: Option<Columns<'_>> = None;
    let mut statements = Vec::new();
    let mut rows: Vec<(Line, Option<Decimal>)> = Vec::new();
    begin(&mut statements, before + 1)?;
    loop {
        reader.get_mut().begin_piece();
        let line = before + u32::try_from(reader.position().line()).unwrap_or(u32::MAX - before);
        let more = reader.read_byte_record(&mut record);
        if !more.map_err(|_| fault(line, "", "unreadable", "is no CSV, or has a row of more than 256 KiB"))? {
            break;
        }
        let Some(columns) = &columns else {
            columns = Some(Columns::find(mapping, &record, line)?);
            continue;
        };
        if record.iter().all(|cell| cell.iter().all(u8::is_ascii_whitespace)) {
            continue;
        }
        rows.extend(columns.row(&record, line, &mut statements[0], faults));
        if rows.len() > MOST_LINES {
            return Err(too_many_lines(line));
        }
    }
    if columns.is_none() {
        return Err(fault(before + 1, "", "empty", "must have a header that names the columns"));
    }
    settle(&mut statements[0], rows, faults);
    Ok(statements)
}

impl<'a> Columns<'a> {
    /// Finds the columns in the header.
    fn find(mapping: &'a Mapping, header: &ByteRecord, line: u32) -> Result<Self, FileFault> {
        if header.len() > MOST_COLUMNS {
            return Err(fault(line, "", "too-many-columns", format!("has more than {MOST_COLUMNS} columns")));
        }
        let known = |name: &str| name.trim().to_lowercase();
        let mut places = HashMap::new();
        for (place, name) in header.iter().enumerate() {
            places.entry(known(&text(name))).or_insert(place); // of two that are called the same, the first
        }
        let wanted = [
            Some(&mapping.booking_day),
            mapping.value_day.as_ref(),
            mapping.amount.as_ref(),
            mapping.debit.as_ref(),
            mapping.credit.as_ref(),
            mapping.direction.as_ref(),
            mapping.currency.as_ref(),
            mapping.reference.as_ref(),
            mapping.end_to_end_id.as_ref(),
            mapping.counterparty_name.as_ref(),
            mapping.counterparty_account.as_ref(),
            mapping.text.as_ref(),
            mapping.bank_reference.as_ref(),
            mapping.balance.as_ref(),
        ];
        let missing: Vec<&str> = wanted
            .into_iter()
            .flatten()
            .filter(|name| !places.contains_key(&known(name)))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let rule =
                format!("must name the columns of the mapping, and does not name: {}", missing.join(", "));
            return Err(fault(line, "header", "missing-column", rule));
        }
        let days = mapping
            .date_format
            .replace("YYYY", "%Y")
            .replace("YY", "%y")
            .replace("MM", "%m")
            .replace("DD", "%d");
        Ok(Self { mapping, places, days })
    }

    fn cell<'r>(&self, record: &'r ByteRecord, name: Option<&String>) -> Option<std::borrow::Cow<'r, str>> {
        let place = self.places.get(&name?.trim().to_lowercase())?;
        let cell = text(record.get(*place)?);
        (!cell.trim().is_empty()).then_some(cell)
    }

    /// The line that the row is, and the balance behind it.
    fn row(
        &self,
        record: &ByteRecord,
        line: u32,
        statement: &mut Statement,
        faults: &mut Faults,
    ) -> Option<(Line, Option<Decimal>)> {
        let mapping = self.mapping;
        let cell = |name: Option<&String>| self.cell(record, name);
        let rule = format!("must be a day as {}, from 1900 to 2200", mapping.date_format);
        let booked_on = cell(Some(&mapping.booking_day)).and_then(|text| self.day(&text));
        let booked_on = faults.read(line, &mapping.booking_day, booked_on, &rule);
        let value_on = match cell(mapping.value_day.as_ref()) {
            Some(text) => {
                faults.read(line, mapping.value_day.as_deref().unwrap_or_default(), self.day(&text), &rule)
            }
            None => None,
        };
        let amount = self.amount(record, line, faults);
        let balance = match cell(mapping.balance.as_ref()) {
            Some(text) => {
                let name = mapping.balance.as_deref().unwrap_or_default();
                faults.read(line, name, self.money(&text), "must be an amount")
            }
            None => None,
        };
        if let Some(code) = cell(mapping.currency.as_ref()) {
            let name = mapping.currency.as_deref().unwrap_or_default();
            let code =
                faults.read(line, name, super::currency(&code.to_uppercase()), "must be an ISO 4217 code")?;
            let known = statement.currency.get_or_insert_with(|| code.clone());
            if *known != code {
                let rule = format!("is in {code}, and the lines before in {known}");
                faults.add(line, name, "another-currency", rule);
            }
        }
        let read = Line {
            place: line,
            booked_on: booked_on?,
            value_on,
            amount: amount?,
            reference: cell(mapping.reference.as_ref()).and_then(|text| reference(&text)),
            end_to_end_id: cell(mapping.end_to_end_id.as_ref()).and_then(|text| reference(&text)),
            counterparty_name: cell(mapping.counterparty_name.as_ref()).and_then(|text| said(&text, 140)),
            counterparty_account: cell(mapping.counterparty_account.as_ref()).and_then(|text| account(&text)),
            text: cell(mapping.text.as_ref()).and_then(|text| said(&text, 2000)),
            bank_reference: cell(mapping.bank_reference.as_ref()).and_then(|text| reference(&text)),
        };
        Some((read, balance))
    }

    /// In one column with its sign, in one with its direction beside, or in one of two.
    fn amount(&self, record: &ByteRecord, line: u32, faults: &mut Faults) -> Option<Decimal> {
        let mapping = self.mapping;
        let rule =
            format!("must be an amount with `{}` before the decimals", char::from(mapping.decimal_separator));
        if let Some(name) = &mapping.amount {
            let amount = self.cell(record, Some(name)).and_then(|text| self.money(&text));
            let amount = faults.read(line, name, amount, &rule)?;
            let Some(direction) = &mapping.direction else { return Some(amount) };
            let says = self.cell(record, Some(direction)).unwrap_or_default();
            let is_out =
                mapping.outgoing.as_ref().is_some_and(|word| says.trim().eq_ignore_ascii_case(word.trim()));
            return Some(if is_out { -amount.abs() } else { amount });
        }
        let mut sum = Decimal::ZERO;
        let mut is_given = false;
        for (name, sign) in [(&mapping.debit, Decimal::NEGATIVE_ONE), (&mapping.credit, Decimal::ONE)] {
            let Some(text) = self.cell(record, name.as_ref()) else { continue };
            let name = name.as_deref().unwrap_or_default();
            // Some write what went out as negative, though the column says so.
            sum += faults.read(line, name, self.money(&text), &rule)?.abs() * sign;
            is_given = true;
        }
        let name = mapping.debit.as_deref().unwrap_or_default();
        faults.read(line, name, is_given.then_some(sum), "must have an amount in one of the two columns")
    }

    /// The day, with a time behind it or without.
    fn day(&self, text: &str) -> Option<NaiveDate> {
        let (day, rest) = NaiveDate::parse_and_remainder(text.trim(), &self.days).ok()?;
        (rest.is_empty() || rest.starts_with([' ', 'T'])).then_some(day).filter(|day| is_sane(*day))
    }

    /// An amount as people write it: thousands grouped, the sign in front or behind, or brackets for what is negative.
    fn money(&self, text: &str) -> Option<Decimal> {
        let grouping = if self.mapping.decimal_separator == b',' { '.' } else { ',' };
        let text: String = text.trim().replace(['\u{2212}', '\u{2013}'], "-");
        let (negative, digits) =
            if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
                (true, inner)
            } else if let Some(digits) = text.strip_suffix('-') {
                (true, digits)
            } else if let Some(digits) = text.strip_prefix('-') {
                (true, digits)
            } else {
                (false, text.strip_prefix('+').unwrap_or(&text))
            };
        let digits = digits.trim();
        let is_group =
            |c: char| c == grouping || matches!(c, ' ' | '\u{A0}' | '\u{202F}' | '\'' | '\u{2019}');
        let (whole, decimals) = digits
            .split_once(char::from(self.mapping.decimal_separator))
            .map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
        let mut groups = whole.split(is_group);
        let first = groups.next().map_or(0, str::len);
        let grouped = groups.clone().count() > 0;
        if grouped && (first == 0 || first > 3 || groups.any(|group| group.len() != 3)) {
            return None;
        }
        let plain: String = whole.chars().filter(|c| !is_group(*c)).collect();
        let plain = decimals.map_or_else(|| plain.clone(), |decimals| format!("{plain}.{decimals}"));
        let amount = decimal(&plain, b'.').filter(|amount| !amount.is_sign_negative())?;
        Some(if negative { -amount } else { amount })
    }
}

/// Puts the rows in order, oldest first, and holds the balances beside them against each other.
fn settle(statement: &mut Statement, mut rows: Vec<(Line, Option<Decimal>)>, faults: &mut Faults) {
    let newest_first = match (rows.first(), rows.last()) {
        (Some((first, _)), Some((last, _))) => first.booked_on > last.booked_on,
        _ => false,
    };
    if newest_first {
        rows.reverse();
    }
    let mut balance: Option<Decimal> = None;
    for (line, after) in &rows {
        let expected = balance.and_then(|before| before.checked_add(line.amount));
        if let (Some(expected), Some(after)) = (expected, after)
            && expected != *after
        {
            let rule = format!("must be the balance before and the amount, {expected}, and is {after}");
            faults.add(line.place, "balance", "does-not-add-up", rule);
        }
        balance = after.or(expected);
        if statement.opening.is_none() {
            statement.opening = after.and_then(|after| after.checked_sub(line.amount));
        }
    }
    // Balances that begin in the middle of the file tell of its beginning too.
    if let Some(first) = rows.iter().position(|(_, after)| after.is_some()) {
        let before: Option<Decimal> =
            rows[..first].iter().try_fold(Decimal::ZERO, |sum, (line, _)| sum.checked_add(line.amount));
        statement.opening =
            statement.opening.zip(before).and_then(|(opening, before)| opening.checked_sub(before));
    }
    statement.closing = balance;
    let booked = || rows.iter().map(|(line, _)| line.booked_on);
    (statement.from_on, statement.to_on) = (booked().min(), booked().max());
    statement.lines = rows.into_iter().map(|(line, _)| line).filter(|line| !line.amount.is_zero()).collect();
}
