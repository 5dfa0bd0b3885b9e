//! What differs from the month before, and why: what somebody looks at before they agree to a payroll.
use crate::engine::LineKind;
use crate::payroll_runs::PayrollRun;
use crate::payslips::{Payslip, PayslipFactName};
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::{payroll_runs, payslips};
use std::collections::{BTreeSet, HashMap};

/// How many differences are told.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct VarianceQuery {
    /// How many employees at most: those whose net pay differs most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<usize>,
}

/// What differs from the run before.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PayrollVariance {
    /// The run that it is compared with: the last of the group for a month before that is in the books; null where there is none.
    pub compared_with_id: Option<Uuid>,
    /// The currency of all amounts (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// The net of all before.
    #[schema(example = "5000.00")]
    pub net_before: Money,
    /// The net of all now.
    #[schema(example = "5240.00")]
    pub net_now: Money,
    /// How many employees differ.
    #[schema(minimum = 0, example = 1)]
    pub employees_that_differ: usize,
    /// Who differs, those who differ most first.
    #[schema(max_items = 500)]
    pub employees: Vec<EmployeeVariance>,
}

/// What differs for one employee.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmployeeVariance {
    /// Who.
    pub employee_id: Uuid,
    /// The net before.
    #[schema(example = "5000.00")]
    pub net_before: Money,
    /// The net now.
    #[schema(example = "5240.00")]
    pub net_now: Money,
    /// What is more now.
    #[schema(example = "240.00")]
    pub difference: Money,
    /// Why.
    #[schema(max_items = 10)]
    pub reasons: Vec<VarianceReason>,
    /// The earnings, deductions, costs and claims that differ.
    #[schema(max_items = 500)]
    pub components: Vec<ComponentVariance>,
}

text_enum! {
    /// Why a payslip differs.
    pub enum VarianceReason {
        Joined = "joined", Left = "left", SalaryChanged = "salary_changed", DaysWorked = "days_worked", UnpaidLeave = "unpaid_leave",
        Overtime = "overtime", Dependants = "dependants", MadeGood = "made_good", Claims = "claims", LeavePaidOut = "leave_paid_out",
        Components = "components",
    }
}

/// What differs of one component.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComponentVariance {
    /// Its code.
    #[schema(max_length = 40, example = "SALARY")]
    pub component: String,
    pub kind: LineKind,
    /// How much it was.
    #[schema(example = "6000.00")]
    pub before: Money,
    /// How much it is.
    #[schema(example = "6500.00")]
    pub now: Money,
}

/// Read the variance of a payroll run
///
/// Each employee whose payslip differs from the group's last run for a month before, with what differs and why. Changes nothing.
#[utoipa::path(get, path = "/v1/payroll-runs/{id}/variance", tag = "Pay")]
pub async fn get_payroll_run_variance(
    may: May<Read, PayrollRun>,
    id: Id<PayrollRun>,
    query: Params<VarianceQuery>,
) -> Reply<Plain<PayrollVariance>> {
    let told = may
        .read(async |db| {
            let run = PayrollRun::find(db, id.0).await?;
            let before = payroll_runs::table
                .filter(payroll_runs::org_id.eq(db.organization()))
                .filter(payroll_runs::pay_group_id.eq(run.pay_group_id))
                .filter(payroll_runs::period.lt(&run.period))
                .filter(payroll_runs::status.eq_any(["posted", "paid"]))
                .order(payroll_runs::period.desc())
                .select(PayrollRun::as_select())
                .first::<PayrollRun>(db)
                .await
                .optional()?;
            let runs: Vec<Uuid> = [run.id].into_iter().chain(before.as_ref().map(|run| run.id)).collect();
            let slips = payslips::table
                .filter(payslips::org_id.eq(db.organization()))
                .filter(payslips::payroll_run_id.eq_any(runs))
                .order(payslips::employee_id)
                .select(Payslip::as_select());
            let slips: Vec<Payslip> = slips.load(db).await?;
            Ok(compare(&run, before.as_ref(), &slips, query.0.limit.unwrap_or(100)))
        })
        .await?;
    Plain(told).answer(may.grants())
}

fn compare(
    run: &PayrollRun,
    before: Option<&PayrollRun>,
    slips: &[Payslip],
    limit: usize,
) -> PayrollVariance {
    let of = |wanted: Uuid| -> HashMap<Uuid, &Payslip> {
        let own = slips.iter().filter(|slip| slip.payroll_run_id == wanted);
        own.map(|slip| (slip.employee_id, slip)).collect()
    };
    let now = of(run.id);
    let then = before.map(|before| of(before.id)).unwrap_or_default();
    let people: BTreeSet<Uuid> = now.keys().chain(then.keys()).copied().collect();
    let mut employees: Vec<EmployeeVariance> = people
        .into_iter()
        .filter_map(|employee_id| {
            differs(employee_id, then.get(&employee_id).copied(), now.get(&employee_id).copied())
        })
        .collect();
    let employees_that_differ = employees.len();
    employees.sort_by_key(|each| (std::cmp::Reverse(each.difference.0.abs()), each.employee_id));
    employees.truncate(limit);
    PayrollVariance {
        compared_with_id: before.map(|before| before.id),
        currency: run.currency.clone(),
        net_before: before.map(|before| before.net_amount).unwrap_or_default(),
        net_now: run.net_amount,
        employees_that_differ,
        employees,
    }
}

fn differs(employee_id: Uuid, then: Option<&Payslip>, now: Option<&Payslip>) -> Option<EmployeeVariance> {
    let amount = |slip: Option<&Payslip>, component: &str, kind: LineKind| -> Decimal {
        let lines = slip.into_iter().flat_map(|slip| &slip.lines.0);
        lines.filter(|line| line.kind == kind && line.component == component).map(|line| line.amount.0).sum()
    };
    let mut components: Vec<ComponentVariance> = Vec::new();
    for line in [then, now].into_iter().flatten().flat_map(|slip| &slip.lines.0) {
        let is_known =
            components.iter().any(|each| each.component == line.component && each.kind == line.kind);
        let (before, after) =
            (amount(then, &line.component, line.kind), amount(now, &line.component, line.kind));
        if line.kind != LineKind::Figure && !is_known && before != after {
            components.push(ComponentVariance {
                component: line.component.clone(),
                kind: line.kind,
                before: Money(before),
                now: Money(after),
            });
        }
    }
    if components.is_empty() {
        return None;
    }
    let net = |slip: Option<&Payslip>| slip.map(|slip| slip.net_amount).unwrap_or_default();
    let (net_before, net_now) = (net(then), net(now));
    let reasons = reasons(then, now, &components);
    let difference = Money(net_now.0 - net_before.0);
    Some(EmployeeVariance { employee_id, net_before, net_now, difference, reasons, components })
}

fn reasons(
    then: Option<&Payslip>,
    now: Option<&Payslip>,
    components: &[ComponentVariance],
) -> Vec<VarianceReason> {
    use PayslipFactName as Name;
    let (Some(then), Some(now)) = (then, now) else {
        return vec![if then.is_none() { VarianceReason::Joined } else { VarianceReason::Left }];
    };
    let changed = |name: Name| then.fact(name) != now.fact(name);
    let makes_good = |slip: &Payslip| slip.lines.0.iter().any(|line| line.period != slip.period);
    let is_whole = |slip: &Payslip| slip.fact(Name::MonthDays) == slip.fact(Name::PaidDays);
    let told = [
        (changed(Name::AgreedSalary), VarianceReason::SalaryChanged),
        (!(is_whole(then) && is_whole(now)) && !changed(Name::UnpaidDays), VarianceReason::DaysWorked),
        (changed(Name::UnpaidDays), VarianceReason::UnpaidLeave),
        (changed(Name::OvertimeHours), VarianceReason::Overtime),
        (changed(Name::Dependants), VarianceReason::Dependants),
        (makes_good(then) || makes_good(now), VarianceReason::MadeGood),
        (components.iter().any(|each| each.kind == LineKind::Claim), VarianceReason::Claims),
        (changed(Name::LeaveDaysLeft), VarianceReason::LeavePaidOut),
    ];
    let found: Vec<VarianceReason> =
        told.into_iter().filter(|(is_so, _)| *is_so).map(|(_, why)| why).collect();
    if found.is_empty() { vec![VarianceReason::Components] } else { found }
}
