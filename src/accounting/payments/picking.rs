//! What a payment run pays: the bills that are due, less what is left out, and what is put in; and what of it goes to whom.

use crate::payment_runs::{NewRunItem, RunItem, Transfer};
use diesel::sql_types::{Array, Date, Nullable, Text, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::HashMap;

diesel::define_sql_function! {
    /// See the migration of payments: bills that are due by a day, and these items, with whom they are of.
    fn payable_items(currency: Text, due_by: Nullable<Date>, items: Array<SqlUuid>, run: Nullable<SqlUuid>) -> Jsonb;
}

/// What was asked for.
pub(crate) struct Asked<'a> {
    /// The run that is changed.
    pub run: Option<Uuid>,
    pub currency: &'a str,
    pub pay_on: NaiveDate,
    pub due_by: Option<NaiveDate>,
    pub left_out: &'a [Uuid],
    pub items: &'a [NewRunItem],
}

/// What it comes to.
pub(crate) struct Picked {
    pub items: Vec<RunItem>,
    pub transfers: Vec<Transfer>,
    pub total: Decimal,
}

impl Picked {
    /// What each transfer goes by at all banks: the run's number and its place.
    pub fn name(&mut self, number: &str) {
        for (place, transfer) in self.transfers.iter_mut().enumerate() {
            transfer.end_to_end_id = format!("{number}-{}", place + 1);
        }
    }
}

/// Something that can be paid.
#[derive(Deserialize)]
struct Payable {
    item_id: Uuid,
    number: String,
    party_id: Uuid,
    party_name: String,
    bank_accounts: Vec<PayeeAccount>,
    side: String,
    currency: String,
    open_amount: Decimal,
    /// What it was over at first.
    amount: Decimal,
    /// What the supplier calls it.
    reference: String,
    is_picked: Option<bool>,
    is_taken: bool,
    discount_until: Option<NaiveDate>,
    discount_amount: Option<Decimal>,
}

#[derive(Deserialize)]
struct PayeeAccount {
    iban: Option<String>,
    bic: Option<String>,
    holder: Option<String>,
    currency: Option<String>,
}

/// Picks what is paid.
///
/// # Errors
/// 422 at what can not be put in, 409 where more is to be paid than is open, another run has it, or there is nothing to pay.
pub(crate) async fn pick(db: &mut Db, asked: &Asked<'_>) -> Result<Picked> {
    let named = asked.items.iter().map(|item| item.item_id).chain(asked.left_out.iter().copied());
    let named: Vec<Uuid> = named.collect();
    let found = payable_items(asked.currency, asked.due_by, named, asked.run);
    let found: Value = diesel::select(found).get_result(db).await?;
    let payables: Vec<Payable> = serde_json::from_value(found).map_err(Problem::internal)?;
    let (mut faults, mut conflicts) = (Vec::new(), Vec::new());
    let mut given: HashMap<Uuid, (usize, Option<Decimal>)> = HashMap::new();
    for (place, item) in asked.items.iter().enumerate() {
        let at = format!("/items/{place}/item_id");
        if given.contains_key(&item.item_id) {
            faults.push(Fault::at(at, "repeated", "must be named once"));
            continue;
        }
        given.insert(item.item_id, (place, item.amount));
        if payables.iter().all(|payable| payable.item_id != item.item_id) {
            faults.push(Fault::at(
                at,
                "unknown-reference",
                "is nothing that is in the books and can be paid",
            ));
        }
    }
    for (place, id) in asked.left_out.iter().enumerate() {
        if payables.iter().all(|payable| payable.item_id != *id) {
            let rule = "is nothing that is in the books and can be paid";
            faults.push(Fault::at(format!("/left_out/{place}"), "unknown-reference", rule));
        }
    }
    let mut chosen = Vec::new();
    for payable in &payables {
        let put_in = given.get(&payable.item_id);
        match put_in {
            Some((place, amount)) => {
                let checked = check(payable, *place, *amount, asked, &mut faults, &mut conflicts);
                chosen.push((payable, checked));
            }
            None if payable.is_picked == Some(true)
                && !payable.is_taken
                && !asked.left_out.contains(&payable.item_id) =>
            {
                chosen.push((payable, payable.whole(asked.pay_on)));
            }
            None => {}
        }
    }
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    if !conflicts.is_empty() {
        let problem = CONFLICT.because("Some of it can not be paid as it is asked for: read it again.");
        return Err(conflicts.into_iter().fold(problem, Problem::at));
    }
    if chosen.is_empty() {
        return Err(CONFLICT
            .because("There is nothing to pay: no bill is due by that day, or other runs have them all."));
    }
    Ok(together(&chosen, asked.currency))
}

/// What is paid of something, and what is kept for paying early.
#[derive(Clone, Copy)]
struct Amounts {
    paid: Decimal,
    kept: Decimal,
}

impl Payable {
    /// All that is open of it, less what may be kept on that day: of what nothing was paid before.
    fn whole(&self, pay_on: NaiveDate) -> Amounts {
        let in_time = self.discount_until.is_some_and(|until| pay_on <= until);
        let kept =
            self.discount_amount.filter(|kept| in_time && self.open_amount == self.amount && !kept.is_zero());
        let kept = kept.unwrap_or_default();
        Amounts { paid: self.open_amount - kept, kept }
    }
}

/// What is put in can be paid so.
fn check(
    payable: &Payable,
    place: usize,
    amount: Option<Decimal>,
    asked: &Asked<'_>,
    faults: &mut Vec<Fault>,
    conflicts: &mut Vec<Fault>,
) -> Amounts {
    let at = |field: &str| format!("/items/{place}/{field}");
    let number = &payable.number;
    let decimals = ledger::currency::decimals(asked.currency);
    if payable.side != "credit" {
        let rule = format!("{number} is nothing that we owe");
        faults.push(Fault::at(at("item_id"), "wrong-side", rule));
    } else if payable.currency != asked.currency {
        let rule = format!("{number} is in {}, and the account in {}", payable.currency, asked.currency);
        faults.push(Fault::at(at("item_id"), "other-currency", rule));
    } else if payable.is_taken {
        conflicts.push(Fault::at(
            at("item_id"),
            "in-another-run",
            format!("{number} is in another payment run"),
        ));
    } else if payable.open_amount.is_zero() {
        conflicts.push(Fault::at(at("item_id"), "more-than-is-open", format!("nothing of {number} is open")));
    }
    let whole = payable.whole(asked.pay_on);
    let Some(paid) = amount else { return whole };
    if paid.is_zero() {
        faults.push(Fault::at(at("amount"), "zero", "must be above zero: leave the bill out otherwise"));
    } else if paid.normalize().scale() > decimals {
        let rule = format!("{} has {decimals} decimals", asked.currency);
        faults.push(Fault::at(at("amount"), "too-many-decimals", rule));
    } else if paid > payable.open_amount {
        let rule = format!("of {number} {} are open", Money(payable.open_amount));
        conflicts.push(Fault::at(at("amount"), "more-than-is-open", rule));
    }
    if paid == whole.paid { whole } else { Amounts { paid, kept: Decimal::ZERO } }
}

/// What goes to each supplier, in the order in which they come.
fn together(chosen: &[(&Payable, Amounts)], currency: &str) -> Picked {
    let items = chosen.iter().map(|(payable, amounts)| RunItem {
        item_id: payable.item_id,
        number: payable.number.clone(),
        party_id: payable.party_id,
        amount: amounts.paid.into(),
        discount_amount: amounts.kept.into(),
    });
    let mut transfers: Vec<Transfer> = Vec::new();
    for (payable, amounts) in chosen {
        if let Some(known) = transfers.iter_mut().rev().find(|known| known.party_id == payable.party_id) {
            known.amount.0 += amounts.paid;
            let longer = format!("{}, {}", known.remittance, payable.reference);
            // What has no room is in the supplier's books.
            if longer.chars().count() <= 140 {
                known.remittance = longer;
            }
            continue;
        }
        let takes = |account: &&PayeeAccount| {
            account.iban.is_some() && account.currency.as_deref().is_none_or(|own| own == currency)
        };
        let account = payable.bank_accounts.iter().find(takes);
        let holder = account.and_then(|account| account.holder.clone());
        transfers.push(Transfer {
            party_id: payable.party_id,
            name: holder.unwrap_or_else(|| payable.party_name.clone()),
            iban: account.and_then(|account| account.iban.clone()),
            bic: account.and_then(|account| account.bic.clone()),
            amount: amounts.paid.into(),
            remittance: payable.reference.chars().take(140).collect(),
            end_to_end_id: String::new(),
        });
    }
    let total = chosen.iter().map(|(_, amounts)| amounts.paid).sum();
    Picked { items: items.collect(), transfers, total }
}
