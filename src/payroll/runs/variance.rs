//! What differs from the month before, and why: what somebody looks at before they agree to a payroll.
use crate::engine::{LineKind, PayslipLine};
use crate::payroll_runs::PayrollRun;
use crate::payslips::{PayslipFact, PayslipFactName};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Jsonb, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::BTreeMap;

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
            let rows: Vec<Row> = diesel::sql_query(SLIPS)
                .bind::<SqlUuid, _>(db.organization())
                .bind::<SqlUuid, _>(id.0)
                .load(db)
                .await?;
            compare(rows, query.0.limit.unwrap_or(100))
        })
        .await?;
    Plain(told).answer(may.grants())
}

/// A payslip of the run or of the one before, with what is told of both runs; none where neither has any.
#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Numeric)]
    net_now: Decimal,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    before_id: Option<Uuid>,
    #[diesel(sql_type = Numeric)]
    net_before: Decimal,
    #[diesel(sql_type = Bool)]
    is_now: bool,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    employee_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    period: String,
    #[diesel(sql_type = Numeric)]
    net_amount: Decimal,
    #[diesel(sql_type = Jsonb)]
    basis: Value,
    #[diesel(sql_type = Jsonb)]
    lines: Value,
}

const SLIPS: &str = "
    with run as (select * from payroll_runs where org_id = $1 and id = $2),
    before as (
        select b.* from run join payroll_runs b on b.org_id = run.org_id and b.pay_group_id = run.pay_group_id and b.period < run.period
            and b.status in ('posted', 'paid') order by b.period desc limit 1
    )
    select run.currency, run.net_amount as net_now, before.id as before_id, coalesce(before.net_amount, 0) as net_before,
        coalesce(s.payroll_run_id = run.id, true) as is_now, s.employee_id, coalesce(s.period, run.period) as period,
        coalesce(s.net_amount, 0) as net_amount, coalesce(s.basis, '[]') as basis, coalesce(s.lines, '[]') as lines
    from run left join before on true
    left join payslips s on s.org_id = run.org_id and s.payroll_run_id in (run.id, before.id) order by s.employee_id";

/// What is compared of a payslip.
struct Slip {
    period: String,
    net_amount: Money,
    basis: Vec<PayslipFact>,
    lines: Vec<PayslipLine>,
}

impl Slip {
    fn fact(&self, name: PayslipFactName) -> &str {
        self.basis.iter().find(|each| each.fact == name).map_or("0", |each| &each.value)
    }
}

fn compare(rows: Vec<Row>, limit: usize) -> Result<PayrollVariance> {
    let Some(first) = rows.as_slice().first() else { return Err(Problem::not_found()) };
    let mut told = PayrollVariance {
        compared_with_id: first.before_id,
        currency: first.currency.clone(),
        net_before: Money(first.net_before),
        net_now: Money(first.net_now),
        employees_that_differ: 0,
        employees: Vec::new(),
    };
    let mut people: BTreeMap<Uuid, [Option<Slip>; 2]> = BTreeMap::new();
    for row in rows {
        let Some(employee) = row.employee_id else { continue };
        let slip = Slip {
            period: row.period,
            net_amount: Money(row.net_amount),
            basis: serde_json::from_value(row.basis).map_err(Problem::internal)?,
            lines: serde_json::from_value(row.lines).map_err(Problem::internal)?,
        };
        people.entry(employee).or_default()[usize::from(row.is_now)] = Some(slip);
    }
    told.employees = people
        .iter()
        .filter_map(|(employee, [then, now])| differs(*employee, then.as_ref(), now.as_ref()))
        .collect();
    told.employees_that_differ = told.employees.len();
    told.employees.sort_by_key(|each| (std::cmp::Reverse(each.difference.0.abs()), each.employee_id));
    told.employees.truncate(limit);
    Ok(told)
}

fn differs(employee_id: Uuid, then: Option<&Slip>, now: Option<&Slip>) -> Option<EmployeeVariance> {
    let amount = |slip: Option<&Slip>, component: &str, kind: LineKind| -> Decimal {
        let lines = slip.into_iter().flat_map(|slip| &slip.lines);
        lines.filter(|line| line.kind == kind && line.component == component).map(|line| line.amount.0).sum()
    };
    let mut components: Vec<ComponentVariance> = Vec::new();
    for line in [then, now].into_iter().flatten().flat_map(|slip| &slip.lines) {
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
    let net = |slip: Option<&Slip>| slip.map(|slip| slip.net_amount).unwrap_or_default();
    let (net_before, net_now) = (net(then), net(now));
    let reasons = reasons(then, now, &components);
    let difference = Money(net_now.0 - net_before.0);
    Some(EmployeeVariance { employee_id, net_before, net_now, difference, reasons, components })
}

fn reasons(then: Option<&Slip>, now: Option<&Slip>, components: &[ComponentVariance]) -> Vec<VarianceReason> {
    use PayslipFactName as Name;
    let (Some(then), Some(now)) = (then, now) else {
        return vec![if then.is_none() { VarianceReason::Joined } else { VarianceReason::Left }];
    };
    let changed = |name: Name| then.fact(name) != now.fact(name);
    let makes_good = |slip: &Slip| slip.lines.iter().any(|line| line.period != slip.period);
    let is_whole = |slip: &Slip| slip.fact(Name::MonthDays) == slip.fact(Name::PaidDays);
    let told = [
        (changed(Name::AgreedSalary), VarianceReason::SalaryChanged),
        (!(is_whole(then) && is_whole(now) || changed(Name::UnpaidDays)), VarianceReason::DaysWorked),
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
