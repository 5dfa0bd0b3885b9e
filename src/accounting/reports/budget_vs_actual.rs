//! Budget against actual, as the budgets tell it: the call, and its file.
use crate::asked::Dimensions;
use crate::load::Heading;
use crate::period::{Comparison, Span};
use crate::render::{Form, OfItsOwn};
use crate::report::{
    Report, ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind, period_title,
};
use budgets::budgets::Budget;
use budgets::reports::{BudgetVsActual, BudgetVsActualTotal, Wanted, budget_vs_actual, days};
use platform::prelude::*;

/// Which budget, what of it, and up to when.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BudgetVsActualQuery {
    /// The budget, of whatever revision and state.
    budget_id: Uuid,
    /// Up to the end of the period that has this day; the whole year, unless told.
    #[param(required = false)]
    through: Option<NaiveDate>,
    /// What stands beside what is booked: what was in the period before, as long, or in the same months a year earlier.
    #[param(inline)]
    compare: Option<Comparison>,
    /// Only lines of the budget for this department and those beneath it.
    department_id: Option<Uuid>,
    /// Only lines of the budget for this cost centre.
    cost_centre_id: Option<Uuid>,
    /// Only lines of the budget for this project.
    project_id: Option<Uuid>,
}

impl BudgetVsActualQuery {
    fn parameters(&self) -> Vec<ReportParameter> {
        let said = |parameter: &str, value: String| ReportParameter { parameter: parameter.into(), value };
        let compared = self.compare.map(|compare| said("compare", compare.as_str().into()));
        let by = Dimensions {
            department: self.department_id,
            cost_centre: self.cost_centre_id,
            project: self.project_id,
        };
        let budget = said("budget_id", self.budget_id.to_string());
        [budget].into_iter().chain(compared).chain(by.parameters()).collect()
    }
}

/// Compare a budget with what is booked
///
/// Line by line what the budget says, what is booked, and what is left, from the first day of its year; the closing of the year
/// aside. Beside it may stand what was booked in the months before, or a year before. Changes nothing.
#[utoipa::path(get, path = "/v1/reports/budget-vs-actual", tag = "Accounting")]
async fn get_budget_vs_actual(
    may: May<Read, Budget>,
    query: Params<BudgetVsActualQuery>,
) -> Reply<OfItsOwn<BudgetVsActual>> {
    let asked = query.0;
    let (heading, told) = may
        .read(async |db| {
            let heading = Heading::read(db).await?;
            let (starts_on, ends_on) = days(db, asked.budget_id, asked.through).await?;
            let spans = Span { starts_on, ends_on }.columns(asked.compare, None)?;
            let wanted = Wanted {
                budget_id: asked.budget_id,
                days: (starts_on, ends_on),
                earlier: spans.get(1).map(|span| (span.starts_on, span.ends_on)),
                department_id: asked.department_id,
                cost_centre_id: asked.cost_centre_id,
                project_id: asked.project_id,
            };
            let told = budget_vs_actual(db, &wanted, &heading.currency).await?;
            Ok((heading, told))
        })
        .await?;
    let of = |told: &BudgetVsActual| report(heading.organization, told, asked.parameters());
    OfItsOwn::reply(told, Form::accepted(may.http()), of)
}

fn report(organization: String, told: &BudgetVsActual, parameters: Vec<ReportParameter>) -> Report {
    let decimals = ledger::currency::decimals(&told.currency);
    let amount = |amount: Money, lines: Option<String>| ReportCell::amount(amount.0, decimals, lines);
    let text = |value: Option<String>| ReportCell { value, lines: None };
    let mut rows: Vec<ReportRow> = told
        .lines
        .iter()
        .map(|line| {
            let mut cells = vec![
                ReportCell::text(&line.code),
                ReportCell::text(&line.name),
                text(line.dimensions.clone()),
                amount(line.budget, None),
                amount(line.actual, Some(line.journal_lines.clone())),
                amount(line.difference, None),
                text(line.used_percent.clone()),
            ];
            cells.extend(line.earlier_actual.map(|of| amount(of, line.earlier_journal_lines.clone())));
            ReportRow::new(ReportRowKind::Line, 0, cells).of(line.account_id)
        })
        .collect();
    let mut total = |key: &str, title: &str, of: &BudgetVsActualTotal| {
        let (mut cells, sums) = (vec![ReportCell::default(); 7], [of.budget, of.actual, of.difference]);
        cells[1] = ReportCell::text(title);
        for (cell, sum) in cells.iter_mut().skip(3).zip(sums) {
            *cell = amount(sum, None);
        }
        cells.extend(of.earlier_actual.map(|sum| amount(sum, None)));
        rows.push(ReportRow::new(ReportRowKind::Total, 0, cells).called(key));
    };
    total("total_income", "Total income", &told.income);
    total("total_expense", "Total expenses", &told.expense);
    let (starts_on, ends_on) = (Some(told.from), told.to);
    let mut columns = vec![
        ReportColumn::text("code", "Code"),
        ReportColumn::text("account", "Account"),
        ReportColumn::text("dimensions", "For"),
        ReportColumn::amount("budget", "Budget", starts_on, ends_on),
        ReportColumn::amount("actual", "Actual", starts_on, ends_on),
        ReportColumn::amount("difference", "Left", starts_on, ends_on),
        ReportColumn::text("used_percent", "Used %"),
    ];
    columns.extend(told.earlier_from.zip(told.earlier_to).map(|(starts_on, ends_on)| {
        let title = format!("Actual, {}", period_title(Span { starts_on, ends_on }));
        ReportColumn::amount("actual_2", &title, Some(starts_on), ends_on)
    }));
    Report {
        kind: ReportKind::BudgetVsActual,
        title: "Budget against actual".into(),
        organization,
        currency: told.currency.clone(),
        starts_on,
        ends_on,
        parameters,
        columns,
        rows,
        next_cursor: None,
    }
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_budget_vs_actual));
}
