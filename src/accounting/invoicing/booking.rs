//! A document goes into the books: what it debits and credits, and what is open of it from then on.
//!
//! An invoice debits the receivable account and credits income and tax; a bill is its mirror; what takes one back is the
//! mirror of that. With reverse charge the buyer books the tax twice, as owed and as got back.

use crate::lines::{DocumentLine, DocumentTax, booked_as_one, sums_by};
use crate::tax_codes::TaxDirection;
use budgets::{Finding, Spending};
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use ledger::{Foreign, JournalType, Posting, PostingLine, Role, TaxSide};
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::open_items;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of invoices: what a document is booked with. A party with a credit limit is locked by it until the transaction ends.
    fn booking_facts(party: SqlUuid, is_sale: Bool, codes: Array<SqlUuid>) -> Jsonb;
}

/// A document as it is booked.
#[derive(Clone, Copy)]
pub struct Papers<'a> {
    pub resource: &'static str,
    /// As people call such a document.
    pub title: &'static str,
    pub id: Uuid,
    pub number: &'a str,
    pub party_id: Uuid,
    pub direction: TaxDirection,
    /// Whether it takes another one back.
    pub takes_back: bool,
    pub posted_on: NaiveDate,
    pub due_on: NaiveDate,
    pub reference: Option<&'a str>,
    pub currency: &'a str,
    pub exchange_rate: Decimal,
    pub lines: &'a [DocumentLine],
    pub taxes: &'a [DocumentTax],
    pub total: Decimal,
    pub base_total: Decimal,
}

/// What it is booked with.
#[derive(Deserialize)]
pub struct Ready {
    currency: String,
    /// The receivable or payable account.
    control_account_id: Option<Uuid>,
    tax_payable_account_id: Option<Uuid>,
    tax_recoverable_account_id: Option<Uuid>,
    rounding_account_id: Option<Uuid>,
    tax_codes: Vec<TaxAccounts>,
    credit_limit: Option<Decimal>,
    /// What of the party is open on that account, in the organization's currency.
    owed: Decimal,
}

#[derive(Deserialize)]
struct TaxAccounts {
    id: Uuid,
    payable_account_id: Option<Uuid>,
    recoverable_account_id: Option<Uuid>,
}

impl Ready {
    pub fn credit_limit(&self) -> Option<Decimal> {
        self.credit_limit
    }

    pub fn owed(&self) -> Decimal {
        self.owed
    }
}

/// Looks up what a document is booked with. Where the party has a credit limit, others who post for it wait from here, so that
/// two of them can not both pass a limit that has room for one.
///
/// # Errors
/// Those of the database.
pub async fn prepare(db: &mut Db, papers: &Papers<'_>) -> Result<Ready> {
    let codes: Vec<Uuid> = papers.taxes.iter().map(|row| row.tax_code_id).collect();
    let is_sale = papers.direction == TaxDirection::Sale;
    let facts: Value = diesel::select(booking_facts(papers.party_id, is_sale, codes)).get_result(db).await?;
    serde_json::from_value(facts).map_err(Problem::internal)
}

/// Books the document and answers the entry; none where there is nothing to book, since all of it is for nothing.
///
/// # Errors
/// 409 where an account that it needs has not been named, or where the period is closed; 422 at the line that can not be
/// booked.
pub async fn book(db: &mut Db, papers: &Papers<'_>, ready: &Ready) -> Result<Option<Uuid>> {
    let mut lines = Lines { papers, ready, all: Vec::new() };
    // Debits are above zero, credits below. What is sold is a debit on the customer.
    let sign = if (papers.direction == TaxDirection::Sale) == papers.takes_back {
        -Decimal::ONE
    } else {
        Decimal::ONE
    };
    if !papers.total.is_zero() {
        let control = control_account(db, papers, ready).await?;
        lines.add(control, sign * papers.total, sign * papers.base_total, None, "");
    }
    for (line, net) in booked_as_one(papers.lines) {
        let pointer = format!("/lines/{}", line.line - 1);
        if let Some(booked) = lines.add_worth(line.account_id, -sign * net, Some(line), &pointer) {
            booked.taxed_by.clone_from(&line.tax_code_ids);
        }
    }
    for (place, row) in papers.taxes.iter().enumerate() {
        let amount = -sign * row.tax_amount.0;
        let own = ready.tax_codes.iter().find(|code| code.id == row.tax_code_id);
        let payable = own.and_then(|code| code.payable_account_id).or(ready.tax_payable_account_id);
        let recoverable =
            own.and_then(|code| code.recoverable_account_id).or(ready.tax_recoverable_account_id);
        let owed_back = papers.direction == TaxDirection::Purchase;
        for (books, side, account, role, amount) in [
            (
                !owed_back || !row.is_charged,
                TaxSide::Payable,
                payable,
                Role::TaxPayable,
                if owed_back { -amount } else { amount },
            ),
            (owed_back, TaxSide::Recoverable, recoverable, Role::TaxRecoverable, amount),
        ] {
            if books && !amount.is_zero() {
                let account = named(db, account, role).await?;
                let base =
                    if amount.is_sign_negative() { -row.base_tax_amount.0 } else { row.base_tax_amount.0 };
                if let Some(line) = lines.add(account, amount, base, None, &format!("/taxes/{place}")) {
                    line.tax_code_id = Some(row.tax_code_id);
                    line.tax_side = Some(side);
                }
            }
        }
    }
    let off: Decimal = lines.all.iter().map(|line| line.debit - line.credit).sum();
    if !off.is_zero() {
        let account = named(db, ready.rounding_account_id, Role::Rounding).await?;
        lines.push(account, -off, None, None, "");
    }
    if lines.all.is_empty() {
        return Ok(None);
    }
    let journal =
        if papers.direction == TaxDirection::Sale { JournalType::Sales } else { JournalType::Purchases };
    let posting = Posting {
        journal,
        posted_on: papers.posted_on,
        description: format!("{} {}", papers.title, papers.number),
        reference: Some(papers.reference.unwrap_or(papers.number).to_owned()),
        source: Some((papers.resource, papers.id)),
        lines: lines.all,
    };
    Ok(Some(ledger::post(db, &posting).await?.id))
}

/// From now on its total is open.
///
/// # Errors
/// Those of the database.
pub async fn open(db: &mut Db, papers: &Papers<'_>, ready: &Ready, entry: Option<Uuid>) -> Result<()> {
    let (Some(entry), false) = (entry, papers.total.is_zero()) else { return Ok(()) };
    let is_debit = (papers.direction == TaxDirection::Sale) != papers.takes_back;
    let item = (
        open_items::id.eq(papers.id),
        open_items::resource.eq(papers.resource),
        open_items::number.eq(papers.number),
        open_items::party_id.eq(papers.party_id),
        open_items::account_id.eq(control_account(db, papers, ready).await?),
        open_items::side.eq(if is_debit { "debit" } else { "credit" }),
        open_items::currency.eq(papers.currency),
        open_items::exchange_rate.eq(papers.exchange_rate),
        open_items::amount.eq(papers.total),
        open_items::base_amount.eq(papers.base_total),
        open_items::open_amount.eq(papers.total),
        open_items::open_base_amount.eq(papers.base_total),
        open_items::posted_on.eq(papers.posted_on),
        open_items::due_on.eq(papers.due_on),
        open_items::journal_entry_id.eq(entry),
    );
    diesel::insert_into(open_items::table).values(item).execute(db).await?;
    Ok(())
}

async fn control_account(db: &mut Db, papers: &Papers<'_>, ready: &Ready) -> Result<Uuid> {
    let role = if papers.direction == TaxDirection::Sale { Role::Receivable } else { Role::Payable };
    named(db, ready.control_account_id, role).await
}

/// The account that was found; where none was, the ledger says what is missing.
async fn named(db: &mut Db, found: Option<Uuid>, role: Role) -> Result<Uuid> {
    match found {
        Some(account) => Ok(account),
        None => ledger::account_of(db, role).await,
    }
}

/// What the budgets say to what the document is about to spend, as it will be booked; what they warn of comes back. The lines of the
/// budgets stay locked until the transaction ends.
///
/// # Errors
/// 409 at the lines that a budget blocks, saying what is left.
pub async fn ask_budgets(db: &mut Db, papers: &Papers<'_>, ready: &Ready) -> Result<Vec<Finding>> {
    let decimals = ledger::currency::decimals(&ready.currency);
    let place =
        |line: &DocumentLine| (line.account_id, line.department_id, line.cost_centre_id, line.project_id);
    let spending = sums_by(papers.lines, place).into_iter().map(|(line, net)| Spending {
        account_id: line.account_id,
        department_id: line.department_id,
        cost_centre_id: line.cost_centre_id,
        project_id: line.project_id,
        amount: crate::totals::round(net * papers.exchange_rate, decimals),
        pointer: format!("/lines/{}", line.line - 1),
    });
    budgets::refuse(budgets::check(db, &spending.collect::<Vec<_>>(), papers.posted_on).await?)
}

struct Lines<'a> {
    papers: &'a Papers<'a>,
    ready: &'a Ready,
    all: Vec<PostingLine>,
}

impl Lines<'_> {
    /// An amount of the document's currency, and what it is worth.
    fn add_worth(
        &mut self,
        account: Uuid,
        amount: Decimal,
        of: Option<&DocumentLine>,
        pointer: &str,
    ) -> Option<&mut PostingLine> {
        let decimals = ledger::currency::decimals(&self.ready.currency);
        let base = crate::totals::round(amount * self.papers.exchange_rate, decimals);
        self.add(account, amount, base, of, pointer)
    }

    fn add(
        &mut self,
        account: Uuid,
        amount: Decimal,
        base: Decimal,
        of: Option<&DocumentLine>,
        pointer: &str,
    ) -> Option<&mut PostingLine> {
        let is_foreign = self.papers.currency != self.ready.currency;
        let foreign = is_foreign.then(|| Foreign {
            currency: self.papers.currency.to_owned(),
            amount: amount.abs(),
            rate: self.papers.exchange_rate,
        });
        self.push(account, base, foreign, of, pointer)
    }

    /// What is worth nothing in the organization's currency is not booked; what is then missing is rounding.
    fn push(
        &mut self,
        account: Uuid,
        base: Decimal,
        foreign: Option<Foreign>,
        of: Option<&DocumentLine>,
        pointer: &str,
    ) -> Option<&mut PostingLine> {
        if base.is_zero() {
            return None;
        }
        self.all.push(PostingLine {
            account_id: account,
            debit: base.max(Decimal::ZERO),
            credit: (-base).max(Decimal::ZERO),
            foreign,
            description: of.map(|line| line.description.clone()),
            party_id: Some(self.papers.party_id),
            department_id: of.and_then(|line| line.department_id),
            cost_centre_id: of.and_then(|line| line.cost_centre_id),
            project_id: of.and_then(|line| line.project_id),
            pointer: pointer.to_owned(),
            ..PostingLine::default()
        });
        self.all.last_mut()
    }
}
