//! What a line is to settle and to be split over, before anything is posted: amounts that come to the line's, items that there
//! are, each on its side.

use crate::booking::{Locked, Settled, Share};
use invoicing::allocations::{self, OpenItem};
use payments::Part;
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// What is wrong with amounts of a line, and where: each is above or below zero, has the decimals of the currency, and together
/// they are the amount of the line.
pub(crate) fn refuse_wrong_amounts(
    of: &Locked,
    all: &str,
    amounts: &[(String, Decimal)],
    faults: &mut Vec<Fault>,
) {
    let (line, decimals) = (&of.line, ledger::currency::decimals(&of.line.currency));
    for (place, amount) in amounts {
        if amount.is_zero() {
            faults.push(Fault::at(place, "zero", "must not be zero"));
        } else if amount.normalize().scale() > decimals {
            let rule = format!("must have at most {decimals} decimals, as {} has", line.currency);
            faults.push(Fault::at(place, "too-many-decimals", rule));
        }
    }
    let sum: Option<Decimal> =
        amounts.iter().try_fold(Decimal::ZERO, |sum, (_, amount)| sum.checked_add(*amount));
    if sum != Some(line.amount.0) {
        let sum = sum.map_or_else(|| "more than can be counted".to_owned(), |sum| Money(sum).to_string());
        let rule = format!(
            "must come to the amount of the line, {} {}, and come to {sum}",
            line.amount, line.currency
        );
        faults.push(Fault::at(all, "does-not-add-up", rule));
    }
}

/// An open item that a line is to settle.
pub(crate) struct Wanted {
    pub item_id: Uuid,
    /// With the line's sign; what is open of it, unless told.
    pub amount: Option<Decimal>,
    pub item_amount: Option<Decimal>,
    pub discount_amount: Option<Decimal>,
    pub pointer: String,
}

/// What of the line settles which item, and whose it is. An item without an amount takes what is open of it, as far as the rest
/// of the line goes.
///
/// # Errors
/// 422 at items that there are not, that are settled the other way round, or that need an amount; 409 where less is open.
pub(crate) async fn settled(
    db: &mut Db,
    of: &Locked,
    wanted: Vec<Wanted>,
    whole: Decimal,
) -> Result<Vec<Settled>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = wanted.iter().map(|each| each.item_id).collect();
    let items = allocations::lock_items(db, &ids).await?;
    let items: HashMap<Uuid, OpenItem> = items.into_iter().map(|item| (item.id, item)).collect();
    let told: Decimal = wanted.iter().filter_map(|each| each.amount).sum();
    let (mut rest, mut settled, mut faults) = (whole - told, Vec::new(), Vec::new());
    let mut over = Vec::new();
    for (place, each) in wanted.iter().enumerate() {
        let at = |field: &str| format!("{}/{field}", each.pointer);
        if wanted[..place].iter().any(|other| other.item_id == each.item_id) {
            faults.push(Fault::at(at("item_id"), "repeated", "must be named once"));
            continue;
        }
        let Some(item) = items.get(&each.item_id) else {
            let rule = "is nothing that is in the books and can be settled";
            faults.push(Fault::at(at("item_id"), "unknown-reference", rule));
            continue;
        };
        let (is_foreign, is_owed) = (item.currency != of.line.currency, item.side == "debit");
        let discount = each.discount_amount.unwrap_or_default();
        let amount = each.amount.unwrap_or_else(|| {
            let open = (item.open_amount - discount).max(Decimal::ZERO);
            let amount = match (is_foreign, is_owed) {
                (true, _) => rest,
                (false, true) => open.min(rest),
                (false, false) => (-open).max(rest),
            };
            rest -= amount;
            amount
        });
        if amount.is_zero() || amount.is_sign_positive() != is_owed {
            let rule = if is_owed {
                "must be above zero and part of the line: what is owed to us is settled by what comes in"
            } else {
                "must be below zero and part of the line: what we owe is settled by what goes out"
            };
            faults.push(Fault::at(at("amount"), "wrong-sign", rule));
            continue;
        }
        let (field, of_item) = match (is_foreign, each.item_amount) {
            (false, None) => ("amount", amount.abs() + discount),
            (true, Some(amount)) => ("item_amount", amount),
            (is_foreign, _) => {
                let (currency, number) = (&item.currency, &item.number);
                let (code, rule) = if is_foreign {
                    ("required", format!("must be told, since {number} is in {currency}"))
                } else {
                    ("own-currency", format!("must be left out: {number} is in {currency}, too"))
                };
                faults.push(Fault::at(at("item_amount"), code, rule));
                continue;
            }
        };
        let decimals = ledger::currency::decimals(&item.currency);
        if of_item <= Decimal::ZERO || of_item.normalize().scale() > decimals {
            let rule = format!("must be above zero, with the {decimals} decimals of {}", item.currency);
            faults.push(Fault::at(at(field), "out-of-range", rule));
        } else if of_item > item.open_amount {
            let rule = format!("of {} {} {} are open", item.number, Money(item.open_amount), item.currency);
            over.push(Fault::at(at(field), "more-than-is-open", rule));
        }
        settled.push(Settled {
            party_id: item.party_id,
            amount,
            part: Part {
                item_id: item.id,
                amount: amount.abs(),
                item_amount: each.item_amount,
                discount_amount: each.discount_amount,
            },
            pointer: each.pointer.clone(),
        });
    }
    if faults.is_empty() && !over.is_empty() {
        let told = "Less is open than is to be settled: read it again.";
        return Err(over.into_iter().fold(CONFLICT.because(told), Problem::at));
    }
    if faults.is_empty() { Ok(settled) } else { Err(Problem::invalid(faults)) }
}

/// What is booked from an account to itself explains nothing.
pub(crate) fn refuse_bank_itself(of: &Locked, shares: &[Share]) -> Result<()> {
    let same = shares.iter().filter(|share| share.account_id == of.ledger_account_id);
    let rule = "must be another account than the one that keeps what is in this bank account";
    let faults: Vec<Fault> =
        same.map(|share| Fault::at(format!("{}/account_id", share.pointer), "not-allowed", rule)).collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}
