//! Paying back: what employees are owed on claims that are posted, and what settles it.

use crate::claims::{ExpenseClaim, LIFE};
use crate::posting::{Opened, open};
use invoicing::allocations::{OpenItem, SetOff, allocate, lock_items};
use ledger::{JournalType, Posting, PostingLine};
use payments::{Direction, NewMoney, Part};
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;
use schema::expense_claims;
use std::collections::HashMap;

/// What is owed to an employee on a claim.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = expense_claims)]
pub struct Due {
    /// The claim.
    pub id: Uuid,
    /// Its number; there is one, since it is posted.
    pub number: Option<String>,
    pub employee_id: Uuid,
    /// In the organization's currency.
    pub open_amount: Decimal,
    pub posted_on: Option<NaiveDate>,
}

/// What these employees are owed on claims that were posted until the day, oldest first: what a payroll can pay with the wages.
/// The claims stay locked until the transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn due(db: &mut Db, employees: &[Uuid], until: NaiveDate) -> Result<Vec<Due>> {
    let owed = expense_claims::table
        .filter(expense_claims::org_id.eq(db.organization()))
        .filter(expense_claims::employee_id.eq_any(employees))
        .filter(expense_claims::posted_on.le(until))
        .filter(expense_claims::open_amount.gt(Decimal::ZERO))
        .order(expense_claims::id)
        .for_no_key_update()
        .select(Due::as_select());
    Ok(owed.load(db).await?)
}

/// So much of a claim, paid back.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub claim_id: Uuid,
    /// In the organization's currency; all that is open, where it is left out.
    pub amount: Option<Decimal>,
    /// Where in the request's body it comes from, for faults: `/claims/0`.
    pub pointer: String,
}

/// What is open of each claim, locked, and how much of it is paid.
async fn weigh(db: &mut Db, settlements: &[Settlement]) -> Result<Vec<(OpenItem, Decimal)>> {
    let ids: Vec<Uuid> = settlements.iter().map(|each| each.claim_id).collect();
    let items = lock_items(db, &ids).await?;
    let items: HashMap<Uuid, OpenItem> = items.into_iter().map(|item| (item.id, item)).collect();
    let mut paid = Vec::new();
    for each in settlements {
        let item = items.get(&each.claim_id).ok_or_else(Problem::not_found)?;
        paid.push((item.clone(), amount_of(each, item)?));
    }
    Ok(paid)
}

/// Settles claims with something else than a payment: with what a payroll owes its employees. Each is booked as an entry of its own, a
/// debit on the account that the employee is owed on and a credit on `with_account`, in a number of statements that does
/// not depend on how many they are.
///
/// # Errors
/// 404 for claims that are not posted, 422 and 409 for amounts that can not be paid of them.
pub async fn settle(
    db: &mut Db,
    settlements: &[Settlement],
    with_account: Uuid,
    journal: JournalType,
    on: NaiveDate,
    reference: &str,
) -> Result<()> {
    let paid = weigh(db, settlements).await?;
    let posting = |(item, amount): &(OpenItem, Decimal)| {
        let line = |account_id, amount: Decimal| PostingLine {
            account_id,
            debit: amount.max(Decimal::ZERO),
            credit: (-amount).max(Decimal::ZERO),
            party_id: Some(item.party_id),
            ..PostingLine::default()
        };
        Posting {
            journal,
            posted_on: on,
            description: format!("Reimbursement of {}", item.number),
            reference: Some(reference.to_owned()),
            source: Some((ExpenseClaim::NAME, item.id)),
            lines: vec![line(item.account_id, *amount), line(with_account, -*amount)],
        }
    };
    let postings: Vec<Posting> = paid.iter().map(posting).collect();
    let entries = ledger::post_all(db, &postings).await?;
    let opened = paid.iter().zip(&entries).map(|((item, amount), entry)| Opened {
        id: entry.id,
        resource: "journal-entries",
        number: entry.number.as_deref().unwrap_or(&item.number),
        party_id: item.party_id,
        account_id: item.account_id,
        side: "debit",
        currency: &item.currency,
        amount: *amount,
        on,
        journal_entry_id: entry.id,
    });
    open(db, &opened.collect::<Vec<_>>()).await?;
    let off = paid.iter().zip(&entries).map(|((item, amount), entry)| SetOff {
        debit_item_id: entry.id,
        credit_item_id: item.id,
        debit_amount: *amount,
        credit_amount: *amount,
        on,
    });
    allocate(db, &off.collect::<Vec<_>>()).await?;
    Ok(())
}

/// What is paid of it: all that is open, unless told.
fn amount_of(settlement: &Settlement, item: &OpenItem) -> Result<Decimal> {
    let at = format!("{}/amount", settlement.pointer);
    let Some(amount) = settlement.amount else { return Ok(item.open_amount) };
    let decimals = ledger::currency::decimals(&item.currency);
    if amount <= Decimal::ZERO {
        return Err(Problem::invalid(vec![Fault::at(at, "too-small", "must be above zero")]));
    }
    if amount.normalize().scale() > decimals {
        let rule = format!("must have no more decimals than {} has, which is {decimals}", item.currency);
        return Err(Problem::invalid(vec![Fault::at(at, "too-many-decimals", rule)]));
    }
    if amount > item.open_amount {
        let open = Money(item.open_amount);
        let told = format!(
            "Of {} {open} are open, and {} can not be paid of that: read it again.",
            item.number,
            Money(amount)
        );
        return Err(CONFLICT.because(told).at(Fault::at(
            at,
            "more-than-open",
            format!("must not be more than {open}"),
        )));
    }
    Ok(amount)
}

/// How a claim is paid back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReimburseExpenseClaimRequest {
    /// The account that it is paid from, one with the role bank or cash.
    account_id: Uuid,
    /// The day in the books.
    #[schema(example = "2026-04-10")]
    paid_on: NaiveDate,
    /// How much, in the organization's currency; left out, all that is open.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    amount: Option<Decimal>,
    /// What it goes by at the bank.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    reference: Option<String>,
}

/// How claims are paid back, all of them or none.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReimburseExpenseClaimsRequest {
    /// The account that they are paid from, one with the role bank or cash.
    account_id: Uuid,
    /// The day in the books.
    #[schema(example = "2026-04-10")]
    paid_on: NaiveDate,
    /// What they go by at the bank.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    reference: Option<String>,
    /// What is paid back, each claim once.
    #[schema(min_items = 1, max_items = 500)]
    claims: Vec<ReimbursedClaim>,
}

/// A claim that is paid back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReimbursedClaim {
    /// The claim, which is posted.
    claim_id: Uuid,
    /// How much, in the organization's currency; left out, all that is open.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    amount: Option<Decimal>,
}

/// Pays claims back from a bank or a till: one payment for each employee, all or none.
async fn pay(
    db: &mut Db,
    settlements: &[Settlement],
    account_id: Uuid,
    paid_on: NaiveDate,
    reference: Option<&str>,
) -> Result<()> {
    let mut moneys: Vec<NewMoney> = Vec::new();
    for (item, amount) in weigh(db, settlements).await? {
        let place = moneys.iter().position(|money| money.party_id == item.party_id).unwrap_or(moneys.len());
        if place == moneys.len() {
            let (party, zero) = (item.party_id, Decimal::ZERO);
            let money = NewMoney::new(Direction::Out, party, account_id, paid_on, &item.currency, zero);
            moneys.push(NewMoney { reference: reference.map(str::to_owned), ..money });
        }
        let money = &mut moneys[place];
        money.amount += amount;
        money.allocations.push(Part { item_id: item.id, amount, item_amount: None, discount_amount: None });
    }
    payments::pay_all(db, &moneys).await.map_err(told_of_what_was_sent)?;
    Ok(())
}

/// What is told of a payment is told of the body that it follows from, once.
fn told_of_what_was_sent(mut problem: Problem) -> Problem {
    for fault in &mut problem.errors {
        let place = match fault.pointer.as_deref() {
            Some("/posted_on") => "/paid_on",
            Some("/currency") => "/account_id",
            _ => continue,
        };
        fault.pointer = Some(place.to_owned());
    }
    problem.errors.dedup_by(|one, other| one.pointer == other.pointer && one.code == other.code);
    problem
}

/// Reimburse an expense claim
///
/// Pays all of it, or a part, back to the employee with a payment, which `/v1/payments` shows: a debit on the account that they are
/// owed on, and a credit on the bank's or the till's. The claim shows what is still open; it is open again where the
/// payment is made void.
#[utoipa::path(post, path = "/v1/expense-claims/{id}/reimburse", tag = "Accounting")]
pub async fn reimburse_expense_claim(
    may: May<Run, ExpenseClaim>,
    id: Id<ExpenseClaim>,
    how: Input<ReimburseExpenseClaimRequest>,
) -> Reply<ExpenseClaim> {
    may.write(async |db| {
        let claim = lock(&may, db, &id).await?;
        LIFE.step(claim.status.as_str(), "reimburse")?;
        let all = Settlement { claim_id: claim.id, amount: how.0.amount, pointer: String::new() };
        let reference = how.0.reference.as_deref();
        pay(db, &[all], how.0.account_id, how.0.paid_on, reference).await?;
        ExpenseClaim::find(db, claim.id).await
    })
    .await
}

/// Reimburse expense claims
///
/// Pays several back at once, whole or in part, all of them or none, with one payment for each employee: a debit on the account that
/// they are owed on, and a credit on the bank's or the till's.
#[utoipa::path(post, path = "/v1/expense-claims/reimburse", tag = "Accounting")]
pub async fn reimburse_expense_claims(
    may: May<Run, ExpenseClaim>,
    how: Input<ReimburseExpenseClaimsRequest>,
) -> Reply<Several<ExpenseClaim>> {
    may.write(async |db| {
        let ids: Vec<Uuid> = how.0.claims.iter().map(|each| each.claim_id).collect();
        let claims = of_ids(db, &ids).await?;
        let claims: HashMap<Uuid, &ExpenseClaim> = claims.iter().map(|claim| (claim.id, claim)).collect();
        let mut faults = Vec::new();
        let mut refused = None;
        for (place, id) in ids.iter().enumerate() {
            let at = format!("/claims/{place}/claim_id");
            match claims.get(id) {
                None => faults.push(Fault::at(
                    at,
                    "unknown-reference",
                    "there is no such row in this organization",
                )),
                Some(_) if ids[..place].contains(id) => {
                    faults.push(Fault::at(at, "repeated", "must be named once"));
                }
                Some(claim) => {
                    if let Err(problem) = LIFE.step(claim.status.as_str(), "reimburse") {
                        let told = problem.detail.clone();
                        refused = Some(refused.unwrap_or(problem).at(Fault::at(at, "invalid-state", told)));
                    }
                }
            }
        }
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        refused.map_or(Ok(()), Err)?;
        let settlement = |(place, each): (usize, &ReimbursedClaim)| Settlement {
            claim_id: each.claim_id,
            amount: each.amount,
            pointer: format!("/claims/{place}"),
        };
        let all: Vec<Settlement> = how.0.claims.iter().enumerate().map(settlement).collect();
        let reference = how.0.reference.as_deref();
        pay(db, &all, how.0.account_id, how.0.paid_on, reference).await?;
        let mut paid = of_ids(db, &ids).await?;
        paid.sort_by_key(|claim| ids.iter().position(|id| *id == claim.id));
        Ok(Several(paid))
    })
    .await
}

/// Locks these claims, in one order for all.
async fn of_ids(db: &mut Db, ids: &[Uuid]) -> Result<Vec<ExpenseClaim>> {
    let found = expense_claims::table
        .filter(expense_claims::org_id.eq(db.organization()))
        .filter(expense_claims::id.eq_any(ids))
        .order(expense_claims::id)
        .for_no_key_update()
        .select(ExpenseClaim::as_select());
    Ok(found.load(db).await?)
}
