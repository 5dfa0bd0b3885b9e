//! What if: a payslip of one person as it would be with another salary, without anything being kept.
use crate::calculating::{Worked, components};
use crate::engine::{LineKind, PayslipLine, Plan};
use crate::facts::{self, AskedMonth};
use crate::payroll_runs::{PayrollProblem, days_of};
use crate::payslips::{Payslip, PayslipFact};
use compensation::compensations::CompensationBasis;
use diesel::sql_types::{Date, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;

/// Whose payslip, for which month, and what if.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewPayslipRequest {
    /// Whose.
    employee_id: Uuid,
    /// The month.
    #[schema(max_length = 7, pattern = "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", example = "2026-03")]
    period: String,
    /// What if this were agreed for all of the month; left out, what is agreed.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "7000.00")]
    amount: Option<Decimal>,
    /// What that amount is for; left out, a month.
    #[schema(value_type = Option<CompensationBasis>, example = json!(null))]
    basis: Option<CompensationBasis>,
    /// What if they cared for so many people; left out, those that are known.
    #[schema(minimum = 0, maximum = 50, example = json!(null))]
    dependants: Option<u32>,
}

/// A payslip as it would be. What is made good of earlier months, and claims, are not part of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PayslipPreview {
    /// Whose.
    pub employee_id: Uuid,
    /// The month.
    #[schema(max_length = 7, example = "2026-03")]
    pub period: String,
    /// What it is figured from.
    #[schema(max_items = 20)]
    pub basis: Vec<PayslipFact>,
    /// Its lines.
    #[schema(max_items = 500)]
    pub lines: Vec<PayslipLine>,
    /// All earnings.
    #[schema(example = "7000.00")]
    pub gross_amount: Money,
    /// All that is taken off.
    #[schema(example = "1350.00")]
    pub deduction_amount: Money,
    /// What they would get.
    #[schema(example = "5650.00")]
    pub net_amount: Money,
    /// What the company would bear beside the earnings.
    #[schema(example = "700.00")]
    pub employer_amount: Money,
    /// What is wrong, or to be known.
    #[schema(max_items = 100, example = json!([]))]
    pub problems: Vec<PayrollProblem>,
}

diesel::define_sql_function! {
    /// See the migration of pay: the group that somebody is paid in for a month that ends on the day.
    fn pay_group_of(employee: SqlUuid, last: Date) -> Nullable<SqlUuid>;
}

/// Preview a payslip
///
/// Works out what somebody would get for a month: with what is agreed, or with what is sent. Nothing is kept, and nothing is booked.
#[utoipa::path(post, path = "/v1/payslips/preview", tag = "Pay")]
pub async fn preview_payslip(
    may: May<Run, Payslip>,
    what_if: Input<PreviewPayslipRequest>,
) -> Reply<Plain<PayslipPreview>> {
    may.write(async |db| {
        let asked = &what_if.0;
        let (first_day, last_day) = days_of(&asked.period)?;
        let invalid = |code, rule: String| Problem::invalid(vec![Fault::at("/employee_id", code, rule)]);
        let group: Option<Uuid> =
            diesel::select(pay_group_of(asked.employee_id, last_day)).get_result(db).await?;
        let Some(group) = group else {
            return Err(invalid(
                "no-compensation",
                "is nobody who has a compensation, and with it a pay group".into(),
            ));
        };
        let components = components(db, group).await?;
        let people = vec![asked.employee_id];
        let month = AskedMonth { period: asked.period.clone(), first_day, last_day, people };
        let Some((_, employee_id, mut facts)) = facts::read(db, group, &[month]).await?.pop() else {
            return Err(invalid("not-employed", format!("is employed on no day of {}", asked.period)));
        };
        if let Some(amount) = asked.amount {
            let basis = asked.basis.unwrap_or(CompensationBasis::Monthly);
            for piece in &mut facts.pieces {
                (piece.basis, piece.amount) = (Some(basis), Some(amount));
            }
            let extras = facts.agreed.map(|agreed| agreed.extras).unwrap_or_default();
            facts.agreed = Some(facts::Agreed { basis, amount, extras });
        }
        facts.dependants = asked.dependants.unwrap_or(facts.dependants);
        let plan = Plan::of(&components, last_day)
            .map_err(|trouble| platform::problem::CONFLICT.because(trouble.detail))?;
        let worked = Worked::new(employee_id, &facts, &plan, &asked.period, Vec::new());
        let problem = |trouble: &crate::engine::Trouble| PayrollProblem {
            employee_id: Some(employee_id),
            code: trouble.code.to_owned(),
            detail: trouble.detail.clone(),
            blocks: trouble.blocks,
        };
        Ok(Plain(PayslipPreview {
            employee_id,
            period: asked.period.clone(),
            gross_amount: Money(worked.sum(LineKind::Earning)),
            deduction_amount: Money(worked.sum(LineKind::Deduction)),
            net_amount: Money(worked.net()),
            employer_amount: Money(worked.sum(LineKind::EmployerCost)),
            problems: worked.troubles.iter().map(problem).collect(),
            basis: worked.basis,
            lines: worked.lines,
        }))
    })
    .await
}
