//! A claim goes into the books, and out of them again: expenses and the tax that is got back are debits, what the employee is owed and
//! what the company paid itself are credits.

use crate::claims::{ExpenseClaim, LIFE};
use crate::lines::ExpenseLine;
use budgets::Spending;
use diesel::sql_types::{Array, Jsonb, Uuid as SqlUuid};
use invoicing::allocations::{lock_items, settle_with_reversal};
use invoicing::bills::BudgetWarning;
use ledger::{JournalType, Posting, PostingLine, Role, TaxSide};
use platform::prelude::*;
use platform::problem::INVALID_STATE;
use rust_decimal::Decimal;
use schema::expense_claims;
use serde_json::Value;
use std::collections::HashMap;

diesel::define_sql_function! {
    /// See the migration of expenses: what a claim is booked with. It makes the employee a party where they are none.
    fn expense_booking_facts(employee: SqlUuid, party: SqlUuid, codes: Array<SqlUuid>) -> Jsonb;
}

/// What a claim is booked with.
#[derive(Deserialize)]
struct Ready {
    party_id: Uuid,
    reimbursements_account_id: Option<Uuid>,
    tax_recoverable_account_id: Option<Uuid>,
    /// The accounts of tax codes that have one of their own.
    tax_accounts: HashMap<Uuid, Uuid>,
}

/// The day in the books.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostExpenseClaimRequest {
    /// The day in the books, whatever the days of the lines are.
    #[schema(example = "2026-03-31")]
    posted_on: NaiveDate,
}

/// Post an expense claim
///
/// It gets its number, the next of its series, and is booked on the day that is given: the net amounts are debits on the accounts of
/// the categories, with the dimensions of the lines, the tax that is got back is a debit by tax code, what the employee paid is a credit on
/// the account with the role `employee_reimbursements`, and what the company paid is one on the account that paid. From
/// then on it is final. Approved budgets are asked first: where one that blocks leaves less than a line spends it is 409, and what
/// one warns of stands in `budget_warnings`. The employee becomes a party, to whom the amount is open until it is paid.
#[utoipa::path(post, path = "/v1/expense-claims/{id}/post", tag = "Accounting")]
pub async fn post_expense_claim(
    may: May<Post, ExpenseClaim>,
    id: Id<ExpenseClaim>,
    day: Input<PostExpenseClaimRequest>,
) -> Reply<ExpenseClaim> {
    may.write(async |db| {
        let claim = lock(&may, db, &id).await?;
        let status = LIFE.step(claim.status.as_str(), "post")?;
        let on = day.0.posted_on;
        let codes: Vec<Uuid> = claim.lines.0.iter().filter_map(|line| line.tax_code_id).collect();
        let facts: Value = diesel::select(expense_booking_facts(claim.employee_id, Uuid::now_v7(), codes))
            .get_result(db)
            .await?;
        let ready: Ready = serde_json::from_value(facts).map_err(Problem::internal)?;
        let spending: Vec<Spending> = expenses_by(&claim.lines.0, place).into_iter().map(spent).collect();
        let warned = budgets::refuse(budgets::check(db, &spending, on).await?)?;
        let number = numbers::take(db, ExpenseClaim::NAME, on, claim.id).await?;
        let posting = Posting {
            journal: JournalType::Purchases,
            posted_on: on,
            description: format!("Expense claim {number}"),
            reference: Some(number.clone()),
            source: Some((ExpenseClaim::NAME, claim.id)),
            lines: entry_lines(db, &claim, &ready).await?,
        };
        let entry = ledger::post(db, &posting).await?;
        // Where the company paid all of it, nobody is owed anything.
        let status = if claim.reimbursable_amount.0.is_zero() { "reimbursed" } else { status };
        let posted = (
            expense_claims::status.eq(status),
            expense_claims::number.eq(Some(&number)),
            expense_claims::posted_on.eq(on),
            expense_claims::open_amount.eq(claim.reimbursable_amount),
            expense_claims::budget_warnings.eq(List(warned.iter().map(BudgetWarning::from).collect())),
            expense_claims::journal_entry_id.eq(entry.id),
        );
        let one = expense_claims::table.find((db.organization(), claim.id));
        let posted: ExpenseClaim =
            diesel::update(one).set(posted).returning(ExpenseClaim::as_returning()).get_result(db).await?;
        if !posted.reimbursable_amount.0.is_zero() {
            let owed = Opened {
                id: posted.id,
                resource: ExpenseClaim::NAME,
                number: &number,
                party_id: ready.party_id,
                account_id: reimbursements(db, &ready).await?,
                side: "credit",
                currency: &posted.currency,
                amount: posted.reimbursable_amount.0,
                on,
                journal_entry_id: entry.id,
            };
            open(db, &[owed]).await?;
        }
        Ok(posted)
    })
    .await
}

/// The account that employees are owed on; where there is none, the ledger says what is missing.
async fn reimbursements(db: &mut Db, ready: &Ready) -> Result<Uuid> {
    match ready.reimbursements_account_id {
        Some(account) => Ok(account),
        None => ledger::account_of(db, Role::EmployeeReimbursements).await,
    }
}

/// What is left as an expense by what lines have in common; the first of its lines stands for all.
fn expenses_by<K: PartialEq>(
    lines: &[ExpenseLine],
    common: impl Fn(&ExpenseLine) -> K,
) -> Vec<(&ExpenseLine, Decimal)> {
    sums_by(lines, |line| Some(common(line)), |line| line.base_net_amount.0)
}

fn place(line: &ExpenseLine) -> [Option<Uuid>; 4] {
    [Some(line.account_id), line.department_id, line.cost_centre_id, line.project_id]
}

fn spent((line, amount): (&ExpenseLine, Decimal)) -> Spending {
    Spending {
        account_id: line.account_id,
        department_id: line.department_id,
        cost_centre_id: line.cost_centre_id,
        project_id: line.project_id,
        amount,
        pointer: format!("/lines/{}", line.line - 1),
    }
}

async fn entry_lines(db: &mut Db, claim: &ExpenseClaim, ready: &Ready) -> Result<Vec<PostingLine>> {
    let lines = &claim.lines.0;
    let line = |account_id, amount: Decimal, pointer: String| PostingLine {
        account_id,
        debit: amount.max(Decimal::ZERO),
        credit: (-amount).max(Decimal::ZERO),
        party_id: Some(ready.party_id),
        pointer,
        ..PostingLine::default()
    };
    let expense = |(first, net): (&ExpenseLine, Decimal)| PostingLine {
        description: Some(first.description.clone()),
        department_id: first.department_id,
        cost_centre_id: first.cost_centre_id,
        project_id: first.project_id,
        taxed_by: first.tax_code_id.into_iter().collect(),
        ..line(first.account_id, net, format!("/lines/{}", first.line - 1))
    };
    let together = expenses_by(lines, |line| (place(line), line.tax_code_id));
    let mut entry: Vec<PostingLine> = together.into_iter().map(expense).collect();
    for (first, tax) in sums_by(lines, |line| line.tax_code_id, |line| line.base_tax_amount.0) {
        if tax.is_zero() {
            continue;
        }
        let own = first.tax_code_id.and_then(|code| ready.tax_accounts.get(&code).copied());
        let account = match own.or(ready.tax_recoverable_account_id) {
            Some(account) => account,
            None => ledger::account_of(db, Role::TaxRecoverable).await?,
        };
        entry.push(PostingLine {
            tax_code_id: first.tax_code_id,
            tax_side: Some(TaxSide::Recoverable),
            ..line(account, tax, format!("/lines/{}/tax_code_id", first.line - 1))
        });
    }
    for (first, paid) in sums_by(lines, |line| line.paid_from_account_id, |line| line.base_amount.0) {
        let at = format!("/lines/{}/paid_from_account_id", first.line - 1);
        entry.extend(first.paid_from_account_id.map(|account| line(account, -paid, at)));
    }
    if !claim.reimbursable_amount.0.is_zero() {
        entry.push(line(reimbursements(db, ready).await?, -claim.reimbursable_amount.0, String::new()));
    }
    entry.retain(|line| line.debit != line.credit);
    Ok(entry)
}

/// What the lines come to for each of what they name, with the first of the lines that name it.
fn sums_by<K: PartialEq>(
    lines: &[ExpenseLine],
    names: impl Fn(&ExpenseLine) -> Option<K>,
    amount: impl Fn(&ExpenseLine) -> Decimal,
) -> Vec<(&ExpenseLine, Decimal)> {
    let mut sums: Vec<(&ExpenseLine, Decimal)> = Vec::new();
    for line in lines.iter().filter(|line| names(line).is_some()) {
        match sums.iter_mut().find(|(first, _)| names(first) == names(line)) {
            Some((_, sum)) => *sum += amount(line),
            None => sums.push((line, amount(line))),
        }
    }
    sums
}

/// Something that is open from now on, in the organization's currency.
#[derive(Serialize)]
pub struct Opened<'a> {
    pub id: Uuid,
    pub resource: &'a str,
    pub number: &'a str,
    pub party_id: Uuid,
    pub account_id: Uuid,
    pub side: &'a str,
    pub currency: &'a str,
    pub amount: Decimal,
    pub on: NaiveDate,
    pub journal_entry_id: Uuid,
}

/// Opens them, in one statement.
///
/// # Errors
/// Those of the database.
pub async fn open(db: &mut Db, all: &[Opened<'_>]) -> Result<()> {
    diesel::sql_query(OPEN).bind::<Jsonb, _>(json!(all)).execute(db).await?;
    Ok(())
}

/// As one value: thousands of rows have more columns than a statement takes values.
const OPEN: &str = "
    insert into open_items (id, resource, number, party_id, account_id, side, currency, exchange_rate, amount, base_amount, open_amount,
        open_base_amount, posted_on, due_on, journal_entry_id)
    select id, resource, number, party_id, account_id, side, currency, 1, amount, amount, amount, amount, r.\"on\", r.\"on\", journal_entry_id
    from jsonb_to_recordset($1) r (id uuid, resource text, number text, party_id uuid, account_id uuid, side text, currency text,
        amount numeric, \"on\" date, journal_entry_id uuid)";

/// Why a claim is booked back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidExpenseClaimRequest {
    /// The day in the books on which it is taken back; not before it was booked.
    #[schema(example = "2026-03-31")]
    voided_on: NaiveDate,
    /// Why, in the company's words.
    #[schema(min_length = 1, max_length = 500, example = "Claimed twice")]
    reason: String,
}

/// Void an expense claim
///
/// Books back all of a claim of which nothing was paid back to the employee: the mirror of its entry on the day that is given. Both
/// stay in the books; its receipts can be claimed again.
#[utoipa::path(post, path = "/v1/expense-claims/{id}/void", tag = "Accounting")]
pub async fn void_expense_claim(
    may: May<Void, ExpenseClaim>,
    id: Id<ExpenseClaim>,
    why: Input<VoidExpenseClaimRequest>,
) -> Reply<ExpenseClaim> {
    may.write(async |db| {
        let claim = lock(&may, db, &id).await?;
        let status = LIFE.step(claim.status.as_str(), "void")?;
        let on = why.0.voided_on;
        if claim.open_amount != claim.reimbursable_amount {
            return Err(INVALID_STATE.because(
                "It was paid back, so it can not be taken back: void what paid it first, or have the employee return the money.",
            ));
        }
        if claim.posted_on.is_some_and(|posted_on| on < posted_on) {
            let rule = "must not be before the day on which it was booked";
            return Err(Problem::invalid(vec![Fault::at("/voided_on", "before-posting", rule)]));
        }
        let entry = claim.journal_entry_id.ok_or_else(|| Problem::internal("a posted claim has no entry"))?;
        let mirror = ledger::reverse(db, entry, on, &why.0.reason).await.map_err(|problem| told_of_the_day(problem, "/voided_on"))?;
        let voided = (
            expense_claims::status.eq(status),
            expense_claims::reversal_entry_id.eq(mirror.id),
            expense_claims::voided_on.eq(on),
            expense_claims::void_reason.eq(&why.0.reason),
        );
        let one = expense_claims::table.find((db.organization(), claim.id));
        diesel::update(one).set(voided).execute(db).await?;
        // Nothing is open of what was paid by the company.
        for item in lock_items(db, &[claim.id]).await? {
            settle_with_reversal(db, &item, &mirror).await?;
        }
        ExpenseClaim::find(db, claim.id).await
    })
    .await
}

/// What the ledger says of an entry's day is told of the day that was sent: `/voided_on`.
pub fn told_of_the_day(mut problem: Problem, sent: &str) -> Problem {
    for fault in problem.errors.iter_mut().filter(|fault| fault.pointer.as_deref() == Some("/posted_on")) {
        fault.pointer = Some(sent.to_owned());
    }
    problem
}
