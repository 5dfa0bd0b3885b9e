//! How the statements of an account follow each other: each opens with what the one before closed with, and of lines that an
//! earlier file brought nothing is taken again.

use crate::bank_statements::NewBankStatement;
use crate::formats::{Line, Statement};
use crate::taking::File;
use payments::bank_accounts::BankAccount;
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// The last statement of an account.
#[derive(Clone, Deserialize)]
pub(crate) struct Last {
    pub ordinal: i32,
    pub to_on: NaiveDate,
    pub closing_balance: Money,
}

/// How statements follow each other, and what of them is there already.
pub(crate) struct Chain {
    pub last: HashMap<Uuid, Last>,
    /// How often each line is there.
    pub known: HashMap<String, usize>,
    /// How often each line was met in this file.
    pub met: HashMap<String, usize>,
}

/// What is taken of a statement.
pub(crate) struct Link<'s> {
    /// None where it says nothing new.
    pub made: Option<NewBankStatement>,
    pub lines: Vec<(&'s Line, &'s str, usize)>,
}

impl Chain {
    /// # Errors
    /// 409 where it does not follow what was taken before.
    pub(crate) fn link<'s>(
        &mut self,
        file: &File<'_>,
        statement: &'s Statement,
        account: &BankAccount,
        digests: &'s [String],
    ) -> Result<Link<'s>> {
        let last = self.last.get(&account.id).cloned();
        let (mut fresh, mut all, mut again) = (Vec::new(), Vec::new(), Decimal::ZERO);
        for (line, digest) in statement.lines.iter().zip(digests) {
            let met = self.met.entry(digest.clone()).or_default();
            let known = self.known.get(digest).copied().unwrap_or_default();
            if *met < known {
                again += line.amount;
            } else {
                fresh.push((line, digest.as_str(), *met));
            }
            // Should the balances say that none of them is known, they are further ones of the same.
            all.push((line, digest.as_str(), *met + known));
            *met += 1;
        }
        let opens_with = match (statement.opening, &last) {
            (Some(opening), _) => opening,
            // A file without balances goes on from the last statement.
            (None, Some(last)) => last.closing_balance.0 - again,
            (None, None) => {
                file.said.opening_balance.as_deref().and_then(|given| given.parse().ok()).unwrap_or_default()
            }
        };
        let number = statement.number.as_deref().map(|number| format!(" {number}")).unwrap_or_default();
        let lines = match &last {
            Some(last) if opens_with + again == last.closing_balance.0 => fresh,
            Some(last) if opens_with == last.closing_balance.0 => all,
            Some(last) => {
                let closed = last.closing_balance;
                let opening = Money(opens_with + again);
                return Err(CONFLICT.because(format!(
                    "The statement{number} opens with {opening} {}, and the last one, up to {}, closed with {closed}: {} are missing between them. \
                     Take in what lies between first.",
                    account.currency, last.to_on, Money(opening.0 - closed.0)
                )).at(Fault::at(format!("/{}", statement.place), "gap", "does not open with what the last statement closed with")));
            }
            None => fresh,
        };
        let opening = last.as_ref().map_or(opens_with, |last| last.closing_balance.0);
        let today = lines.last().map(|(line, ..)| line.booked_on);
        let to_on = statement.to_on.max(today).unwrap_or_default();
        let from_on = statement.from_on.unwrap_or(to_on).min(to_on);
        // Of what is known nothing is kept, nor of a day without movements that a later statement has passed.
        let is_passed = last.as_ref().is_some_and(|last| to_on <= last.to_on);
        if lines.is_empty() && (!statement.lines.is_empty() || is_passed) {
            return Ok(Link { made: None, lines });
        }
        if let Some(last) = last.as_ref().filter(|last| to_on < last.to_on) {
            return Err(CONFLICT.because(format!(
                "The statement{number} ends on {to_on}, and one up to {} was taken in before: take statements in by their days.", last.to_on
            )));
        }
        for (_, digest, occurrence) in &lines {
            let known = self.known.entry((*digest).to_owned()).or_default();
            *known = (*known).max(*occurrence + 1);
        }
        let closing = lines.iter().try_fold(opening, |sum, (line, ..)| sum.checked_add(line.amount));
        let closing = closing.ok_or_else(|| {
            Problem::invalid(vec![Fault::at("", "out-of-range", "the balance is too large")])
        })?;
        let ordinal = last.map_or(1, |last| last.ordinal + 1);
        self.last.insert(account.id, Last { ordinal, to_on, closing_balance: Money(closing) });
        let count = |lines: usize| i32::try_from(lines).unwrap_or(i32::MAX);
        let made = NewBankStatement {
            id: Uuid::now_v7(),
            bank_account_id: account.id,
            ordinal,
            number: statement.number.clone(),
            from_on,
            to_on,
            currency: account.currency.clone(),
            opening_balance: Money(opening),
            closing_balance: Money(closing),
            line_count: count(lines.len()),
            known_line_count: count(statement.lines.len() - lines.len()),
            format: file.format,
            sha256: file.sha256.to_owned(),
            mapping_id: file.mapping_id,
        };
        Ok(Link { made: Some(made), lines })
    }
}
