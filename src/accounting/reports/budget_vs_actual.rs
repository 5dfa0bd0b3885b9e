//! Budget against actual, as the budgets tell it: the call, and its file.
use crate::load::Heading;
use crate::render::{Form, OfItsOwn};
use crate::report::{
    Report, ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind,
};
use budgets::budgets::Budget;
use budgets::reports::{BudgetVsActual, BudgetVsActualQuery, BudgetVsActualTotal, budget_vs_actual};
use platform::prelude::*;

/// Compare a budget with what is booked
///
/// Line by line what the budget says, what is booked, and what is left, from the first day of its year; the closing of the year
/// aside. Changes nothing.
#[utoipa::path(get, path = "/v1/reports/budget-vs-actual", tag = "Accounting")]
async fn get_budget_vs_actual(
    may: May<Read, Budget>,
    query: Params<BudgetVsActualQuery>,
) -> Reply<OfItsOwn<BudgetVsActual>> {
    let (heading, told) = may
        .read(async |db| {
            let told = budget_vs_actual(db, &query.0).await?;
            Ok((Heading::read(db).await?, told))
        })
        .await?;
    OfItsOwn::reply(told, Form::accepted(may.http()), |told| report(heading.organization, told))
}

fn report(organization: String, told: &BudgetVsActual) -> Report {
    let decimals = ledger::currency::decimals(&told.currency);
    let amount = |amount: Money, lines: Option<String>| ReportCell::amount(amount.0, decimals, lines);
    let text = |value: Option<String>| ReportCell { value, lines: None };
    let mut rows: Vec<ReportRow> = told
        .lines
        .iter()
        .map(|line| {
            let cells = vec![
                ReportCell::text(&line.code),
                ReportCell::text(&line.name),
                text(line.dimensions.clone()),
                amount(line.budget, None),
                amount(line.actual, Some(line.journal_lines.clone())),
                amount(line.difference, None),
                text(line.used_percent.clone()),
            ];
            ReportRow::new(ReportRowKind::Line, 0, cells).of(line.account_id)
        })
        .collect();
    let mut total = |key: &str, title: &str, of: &BudgetVsActualTotal| {
        let (mut cells, sums) = (vec![ReportCell::default(); 7], [of.budget, of.actual, of.difference]);
        cells[1] = ReportCell::text(title);
        for (cell, sum) in cells.iter_mut().skip(3).zip(sums) {
            *cell = amount(sum, None);
        }
        rows.push(ReportRow::new(ReportRowKind::Total, 0, cells).called(key));
    };
    total("total_income", "Total income", &told.income);
    total("total_expense", "Total expenses", &told.expense);
    let (starts_on, ends_on) = (Some(told.from), told.to);
    Report {
        kind: ReportKind::BudgetVsActual,
        title: "Budget against actual".into(),
        organization,
        currency: told.currency.clone(),
        starts_on,
        ends_on,
        parameters: vec![ReportParameter {
            parameter: "budget_id".into(),
            value: told.budget_id.to_string(),
        }],
        columns: vec![
            ReportColumn::text("code", "Code"),
            ReportColumn::text("account", "Account"),
            ReportColumn::text("dimensions", "For"),
            ReportColumn::amount("budget", "Budget", starts_on, ends_on),
            ReportColumn::amount("actual", "Actual", starts_on, ends_on),
            ReportColumn::amount("difference", "Left", starts_on, ends_on),
            ReportColumn::text("used_percent", "Used %"),
        ],
        rows,
        next_cursor: None,
    }
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_budget_vs_actual));
}
