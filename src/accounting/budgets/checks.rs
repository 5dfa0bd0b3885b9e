//! What spending would overrun: the question that bills and expenses ask before they are booked.
use crate::budgets::BudgetControl;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Date, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;

/// What is about to be spent, as it will be booked.
#[derive(Clone, Debug)]
pub struct Spending {
    pub account_id: Uuid,
    pub department_id: Option<Uuid>,
    pub cost_centre_id: Option<Uuid>,
    pub project_id: Option<Uuid>,
    /// In the organization's currency; what is credited is less than zero.
    pub amount: Decimal,
    /// Where in the request's body it comes from, for faults: `/lines/2`.
    pub pointer: String,
}

/// A line of an approved budget that does not leave enough.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Whether it is told or refused; never `none`.
    pub control: BudgetControl,
    pub budget_id: Uuid,
    /// The budget's name.
    pub budget: String,
    /// The line of the budget, from 1.
    pub line: i32,
    /// What of it is left over its span, in the organization's currency; less than zero where it is overrun already.
    pub left: Decimal,
    /// What was asked of it.
    pub asked: Decimal,
    /// The lines that ask, by their pointers.
    pub pointers: Vec<String>,
}

#[derive(QueryableByName)]
struct Overspent {
    #[diesel(sql_type = SqlUuid)]
    budget_id: Uuid,
    #[diesel(sql_type = Text)]
    budget: String,
    #[diesel(sql_type = Text)]
    control: BudgetControl,
    #[diesel(sql_type = Integer)]
    line: i32,
    #[diesel(sql_type = Array<Integer>)]
    spending: Vec<i32>,
    #[diesel(sql_type = Numeric)]
    budgeted: Decimal,
    #[diesel(sql_type = Numeric)]
    booked: Decimal,
    #[diesel(sql_type = Numeric)]
    asked: Decimal,
}

/// What these lines would overrun if they were spent on the day. Call it in the transaction that books them, before it does: the
/// lines of budgets that are asked stay locked until it ends, so that of two who spend the last of a budget one is told.
///
/// # Errors
/// 503 where others hold the lines too long.
pub async fn check(db: &mut Db, lines: &[Spending], on: NaiveDate) -> Result<Vec<Finding>> {
    fn each<T>(lines: &[Spending], of: impl Fn(&Spending) -> T) -> Vec<T> {
        lines.iter().map(of).collect()
    }
    let asked: Vec<Overspent> =
        diesel::sql_query("select * from overspent($1, $2, $3, $4, $5, $6) where booked + asked > budgeted")
            .bind::<Array<SqlUuid>, _>(each(lines, |line| line.account_id))
            .bind::<Array<Nullable<SqlUuid>>, _>(each(lines, |line| line.department_id))
            .bind::<Array<Nullable<SqlUuid>>, _>(each(lines, |line| line.cost_centre_id))
            .bind::<Array<Nullable<SqlUuid>>, _>(each(lines, |line| line.project_id))
            .bind::<Array<Numeric>, _>(each(lines, |line| line.amount))
            .bind::<Date, _>(on)
            .load(db)
            .await?;
    let pointer = |index: &i32| Some(lines.get(usize::try_from(*index).ok()?)?.pointer.clone());
    let finding = |over: Overspent| Finding {
        control: over.control,
        budget_id: over.budget_id,
        budget: over.budget,
        line: over.line,
        left: over.budgeted - over.booked,
        asked: over.asked,
        pointers: over.spending.iter().filter_map(pointer).collect(),
    };
    Ok(asked.into_iter().map(finding).collect())
}

/// Refuses what a budget blocks; what it warns of comes back, for the answer to tell.
///
/// # Errors
/// 409, naming each line and what its budget leaves.
pub fn refuse(findings: Vec<Finding>) -> Result<Vec<Finding>> {
    let (blocked, warned): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.control == BudgetControl::Block);
    if blocked.is_empty() {
        return Ok(warned);
    }
    let faults = blocked.iter().flat_map(|finding| {
        finding.pointers.iter().map(|pointer| Fault::at(pointer, "over-budget", finding.to_string()))
    });
    let refused = CONFLICT.because(
        "This would spend more than an approved budget leaves: spend less, or have the budget revised. `errors` says what is left.",
    );
    Err(faults.fold(refused, Problem::at))
}

impl std::fmt::Display for Finding {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { budget, line, left, asked, .. } = self;
        write!(
            to,
            "asks {} of line {line} of the budget `{budget}`, which leaves {}",
            Money(*asked),
            Money(*left)
        )
    }
}
