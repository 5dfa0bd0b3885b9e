//! A run goes into the books, and out of them again. What is earned and what the company bears are debits by department, what is taken off is a
//! credit on its accounts, and the net is a credit on the account of wages, open for each employee.
use crate::calculating::components;
use crate::engine::LineKind;
use crate::payroll_runs::{LIFE, PayrollRun, days_of};
use compensation::pay_components::PayComponent;
use diesel::QueryableByName;
use diesel::sql_types::{Date, Nullable, Numeric, Text, Uuid as SqlUuid};
use expenses::{Settlement, told_of_the_day};
use invoicing::allocations::{lock_items, settle_with_reversals, unallocate_all};
use ledger::{JournalType, Posting, PostingLine, Reversal, Role};
use platform::prelude::*;
use platform::problem::{CONFLICT, INVALID_STATE};
use rust_decimal::Decimal;
use schema::{allocations, journal_entries, payroll_runs, payslips};
use std::collections::BTreeMap;

/// The day in the books.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostPayrollRunRequest {
    /// The day in the books: the last of the month, as a rule.
    #[schema(example = "2026-03-31")]
    posted_on: NaiveDate,
}

/// What lines of one kind come to in a department.
#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    department_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    component: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    period: String,
    #[diesel(sql_type = Numeric)]
    amount: Decimal,
}

const SUMS: &str = "
    select p.department_id, l.component, l.kind, l.period, sum(l.amount) as amount
    from payslips p cross join lateral jsonb_to_recordset(p.lines) l (component text, kind text, period text, amount numeric)
    where p.org_id = current_org() and p.payroll_run_id = $1 and l.kind in ('earning', 'deduction', 'employer_cost')
    group by 1, 2, 3, 4 order by 2, 3, 4, 1";

#[derive(QueryableByName)]
struct ClaimPaid {
    #[diesel(sql_type = SqlUuid)]
    claim_id: Uuid,
    #[diesel(sql_type = Numeric)]
    amount: Decimal,
}

const CLAIMS: &str = "
    select c.claim_id, c.amount from payslips p cross join lateral jsonb_to_recordset(p.claims) c (claim_id uuid, amount numeric)
    where p.org_id = current_org() and p.payroll_run_id = $1 order by 1";

/// What each is owed from now on, to the party that they are.
const OPEN: &str = "
    insert into open_items (id, resource, number, party_id, account_id, side, currency, exchange_rate, amount, base_amount, open_amount,
        open_base_amount, posted_on, due_on, journal_entry_id)
    select p.id, 'payslips', left($2, 30) || '/' || row_number() over (order by p.employee_id), m.party_id, $3, 'credit', p.currency, 1, p.net_amount,
        p.net_amount, p.net_amount, p.net_amount, $4, greatest(p.pay_on, $4), $5
    from payslips p
    join payroll_parties(array(select w.employee_id from payslips w where w.org_id = current_org() and w.payroll_run_id = $1 and w.net_amount > 0 order by 1)) m
        on m.employee_id = p.employee_id
    where p.org_id = current_org() and p.payroll_run_id = $1 and p.net_amount > 0";

/// The component that a line of a month was worked out by.
fn component_of<'a>(all: &'a [PayComponent], code: &str, period: &str) -> Result<Option<&'a PayComponent>> {
    let (_, last_day) = days_of(period)?;
    let is_valid = |each: &&PayComponent| {
        each.starts_on <= last_day && each.ends_on.is_none_or(|ends_on| ends_on >= last_day)
    };
    let mut alike = all.iter().filter(|each| each.code == code);
    Ok(alike.clone().find(is_valid).or_else(|| alike.next()))
}

/// Where a line goes: account, department, cost centre.
type Place = (Uuid, Option<Uuid>, Option<Uuid>);

/// The lines of the entry, by account and department.
fn entry_lines(sums: &[Sum], all: &[PayComponent], wages: Uuid) -> Result<Vec<PostingLine>> {
    let mut places: BTreeMap<Place, Decimal> = BTreeMap::new();
    for sum in sums {
        let component = component_of(all, &sum.component, &sum.period)?;
        let account = component.and_then(|each| each.account_id);
        let counter = component.and_then(|each| each.counter_account_id);
        let centre = component.and_then(|each| each.cost_centre_id);
        let lacking = || {
            CONFLICT.because(format!(
                "{} has no account to be booked on: name it at /v1/pay-components, and post again.",
                sum.component
            ))
        };
        let account = account.ok_or_else(lacking)?;
        let mut book = |place: Place, amount: Decimal| *places.entry(place).or_default() += amount;
        if sum.kind == LineKind::Earning.as_str() {
            book((account, sum.department_id, centre), sum.amount);
            book((wages, sum.department_id, None), -sum.amount);
        } else if sum.kind == LineKind::Deduction.as_str() {
            book((account, sum.department_id, centre), -sum.amount);
            book((wages, sum.department_id, None), sum.amount);
        } else {
            book((account, sum.department_id, centre), sum.amount);
            book((counter.ok_or_else(lacking)?, sum.department_id, None), -sum.amount);
        }
    }
    let line = |((account_id, department_id, cost_centre_id), amount): (Place, Decimal)| PostingLine {
        account_id,
        debit: amount.max(Decimal::ZERO),
        credit: (-amount).max(Decimal::ZERO),
        department_id,
        cost_centre_id,
        ..PostingLine::default()
    };
    Ok(places.into_iter().filter(|(_, amount)| !amount.is_zero()).map(line).collect())
}

/// Post a payroll run
///
/// It gets its number, and is booked on the day that is given by department: earnings and what the company bears are debits on the accounts
/// of their components, deductions and the counter accounts are credits, and the net is a credit on the account with the role
/// `payroll_payable`. Each employee becomes a party, to whom their net pay is open from then on: a payment run pays it. Claims are
/// settled with it. Payslips are final, and their employees see them. A sensitive step, which asks for a recent sign-in.
#[utoipa::path(post, path = "/v1/payroll-runs/{id}/post", tag = "Pay")]
pub async fn post_payroll_run(
    may: May<Post, PayrollRun>,
    id: Id<PayrollRun>,
    day: Input<PostPayrollRunRequest>,
) -> Reply<PayrollRun> {
    may.fresh()?;
    may.write(async |db| {
        let run = lock(&may, db, &id).await?;
        let status = LIFE.step(run.status.as_str(), "post")?;
        let on = day.0.posted_on;
        if on < run.starts_on {
            let rule = format!("must not be before the month that is paid, {}", run.period);
            return Err(Problem::invalid(vec![Fault::at("/posted_on", "before-the-month", rule)]));
        }
        let wages = ledger::account_of(db, Role::PayrollPayable).await?;
        let all = components(db, run.pay_group_id).await?;
        let sums: Vec<Sum> = diesel::sql_query(SUMS).bind::<SqlUuid, _>(run.id).load(db).await?;
        let claims: Vec<ClaimPaid> = diesel::sql_query(CLAIMS).bind::<SqlUuid, _>(run.id).load(db).await?;
        let lines = entry_lines(&sums, &all, wages)?;
        let number = numbers::take(db, PayrollRun::NAME, on, run.id).await?;
        let entry = if lines.is_empty() {
            None
        } else {
            let posting = Posting {
                journal: JournalType::Payroll,
                posted_on: on,
                description: format!("Payroll {number}, {}", run.period),
                reference: Some(number.clone()),
                source: Some((PayrollRun::NAME, run.id)),
                lines,
            };
            Some(ledger::post(db, &posting).await?.id)
        };
        let settled = |claim: &ClaimPaid| Settlement {
            claim_id: claim.claim_id,
            amount: Some(claim.amount),
            pointer: String::new(),
        };
        let settled: Vec<Settlement> = claims.iter().map(settled).collect();
        if !settled.is_empty() {
            expenses::settle(db, &settled, wages, JournalType::Payroll, on, &number).await?;
        }
        if let Some(entry) = entry {
            diesel::sql_query(OPEN)
                .bind::<SqlUuid, _>(run.id)
                .bind::<Text, _>(&number)
                .bind::<SqlUuid, _>(wages)
                .bind::<Date, _>(on)
                .bind::<SqlUuid, _>(entry)
                .execute(db)
                .await?;
        }
        set_payslips(db, run.id, "posted").await?;
        let posted = (
            payroll_runs::status.eq(if run.net_amount.0.is_zero() { "paid" } else { status }),
            payroll_runs::number.eq(number),
            payroll_runs::posted_on.eq(on),
            payroll_runs::open_amount.eq(run.net_amount),
            payroll_runs::journal_entry_id.eq(entry),
        );
        let one = payroll_runs::table.find((db.organization(), run.id));
        Ok(diesel::update(one).set(posted).returning(PayrollRun::as_returning()).get_result(db).await?)
    })
    .await
}

async fn set_payslips(db: &mut Db, run: Uuid, status: &str) -> Result<()> {
    let all = payslips::table
        .filter(payslips::org_id.eq(db.organization()))
        .filter(payslips::payroll_run_id.eq(run));
    let set = (
        payslips::status.eq(status),
        payslips::version.eq(payslips::version + 1),
        payslips::updated_at.eq(diesel::dsl::now),
    );
    diesel::update(all).set(set).execute(db).await?;
    Ok(())
}

/// Why a run is booked back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReversePayrollRunRequest {
    /// The day in the books on which it is taken back; not before it was booked.
    #[schema(example = "2026-03-31")]
    reversed_on: NaiveDate,
    /// Why, in the company's words.
    #[schema(min_length = 1, max_length = 500, example = "Hours of the night shift were missing")]
    reason: String,
}

/// Reverse a payroll run
///
/// Books back all of a run of which nothing was paid: the mirror of its entry on the day that is given. Claims that it settled are open again.
/// Its month can be paid anew, and the runs after it make good what is missing. Not while a later run of the group is in the books.
#[utoipa::path(post, path = "/v1/payroll-runs/{id}/reverse", tag = "Pay")]
pub async fn reverse_payroll_run(
    may: May<Void, PayrollRun>,
    id: Id<PayrollRun>,
    why: Input<ReversePayrollRunRequest>,
) -> Reply<PayrollRun> {
    may.fresh()?;
    may.write(async |db| {
        let run = lock(&may, db, &id).await?;
        let status = LIFE.step(run.status.as_str(), "reverse")?;
        let (on, reason) = (why.0.reversed_on, why.0.reason.as_str());
        if run.posted_on.is_some_and(|posted_on| on < posted_on) {
            let rule = "must not be before the day on which it was booked";
            return Err(Problem::invalid(vec![Fault::at("/reversed_on", "before-posting", rule)]));
        }
        if run.open_amount != run.net_amount {
            return Err(INVALID_STATE.because(
                "Some of its wages are paid, so it can not be taken back: void the payments first.",
            ));
        }
        stands_last(db, &run).await?;
        let mirror = match run.journal_entry_id {
            Some(entry) => Some(ledger::reverse(db, entry, on, reason).await.map_err(of_the_day)?),
            None => None,
        };
        let reversed = (
            payroll_runs::status.eq(status),
            payroll_runs::open_amount.eq(Decimal::ZERO),
            payroll_runs::reversed_on.eq(on),
            payroll_runs::reversal_reason.eq(reason),
            payroll_runs::reversal_entry_id.eq(mirror.as_ref().map(|entry| entry.id)),
        );
        let one = payroll_runs::table.find((db.organization(), run.id));
        let back: PayrollRun =
            diesel::update(one).set(reversed).returning(PayrollRun::as_returning()).get_result(db).await?;
        if let Some(mirror) = mirror {
            let owed = payslips::table
                .filter(payslips::org_id.eq(db.organization()))
                .filter(payslips::payroll_run_id.eq(run.id))
                .filter(payslips::net_amount.gt(Decimal::ZERO))
                .select(payslips::id);
            let owed: Vec<Uuid> = owed.load(db).await?;
            set_off(db, &owed.into_iter().map(|item| (item, mirror.id)).collect(), on).await?;
        }
        open_claims_again(db, &run, on, reason).await?;
        set_payslips(db, run.id, "reversed").await?;
        Ok(back)
    })
    .await
}

/// What the ledger says of an entry's day is told of the day that was sent.
fn of_the_day(problem: Problem) -> Problem {
    told_of_the_day(problem, "/reversed_on")
}

/// Refuses while a later run of the group is agreed to: it was worked out from this one.
async fn stands_last(db: &mut Db, run: &PayrollRun) -> Result<()> {
    let later = payroll_runs::table
        .filter(payroll_runs::org_id.eq(db.organization()))
        .filter(payroll_runs::pay_group_id.eq(run.pay_group_id))
        .filter(payroll_runs::period.gt(&run.period))
        .filter(payroll_runs::status.eq_any(["approved", "posted", "paid"]))
        .select(payroll_runs::period)
        .order(payroll_runs::period.desc())
        .first::<String>(db)
        .await
        .optional()?;
    later.map_or(Ok(()), |later| {
        Err(CONFLICT.because(format!(
            "{later} is worked out from what this run paid: reverse or revise that one first."
        )))
    })
}

/// Settles items with what books them back, each with one of these entries.
async fn set_off(db: &mut Db, entries: &BTreeMap<Uuid, Uuid>, on: NaiveDate) -> Result<()> {
    let items: Vec<Uuid> = entries.keys().copied().collect();
    let items = lock_items(db, &items).await?;
    let pairs: Vec<_> =
        items.iter().filter_map(|item| Some((item, Uuid::now_v7(), *entries.get(&item.id)?))).collect();
    if pairs.is_empty() { Ok(()) } else { settle_with_reversals(db, &pairs, on).await }
}

/// Claims that the run settled: what settled them is undone and booked back.
async fn open_claims_again(db: &mut Db, run: &PayrollRun, on: NaiveDate, reason: &str) -> Result<()> {
    let claims: Vec<ClaimPaid> = diesel::sql_query(CLAIMS).bind::<SqlUuid, _>(run.id).load(db).await?;
    if claims.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = claims.iter().map(|claim| claim.claim_id).collect();
    let entries = journal_entries::table
        .filter(journal_entries::org_id.eq(db.organization()))
        .filter(journal_entries::resource_id.eq_any(&ids))
        .filter(journal_entries::reference.eq(run.number.clone()))
        .filter(journal_entries::reversal_of_id.is_null())
        .order(journal_entries::id)
        .select(journal_entries::id);
    let entries: Vec<Uuid> = entries.load(db).await?;
    let made = allocations::table
        .filter(allocations::org_id.eq(db.organization()))
        .filter(allocations::debit_item_id.eq_any(&entries))
        .order(allocations::id)
        .select(allocations::id);
    let made: Vec<Uuid> = made.load(db).await?;
    unallocate_all(db, &made, on, reason).await?;
    let reversal = |entry: &Uuid| Reversal {
        entry_id: *entry,
        id: Uuid::now_v7(),
        posted_on: on,
        description: reason,
        at: String::new(),
    };
    let reversals: Vec<Reversal<'_>> = entries.iter().map(reversal).collect();
    ledger::reverse_all(db, &reversals).await.map_err(of_the_day)?;
    set_off(db, &reversals.iter().map(|each| (each.entry_id, each.id)).collect(), on).await
}
