//! Payslips: what somebody gets for a month and how each figure came about. Employees see their own once they are in the books.
use crate::engine::{LineKind, PayslipLine};
use crate::facts::Facts;
use crate::previewing;
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::payslips;

/// What somebody gets for a month.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = payslips)]
pub struct Payslip {
    pub id: Uuid,
    pub version: i64,
    /// The run that it is part of.
    pub payroll_run_id: Uuid,
    /// Whose it is.
    pub employee_id: Uuid,
    /// With whom they were paid.
    pub pay_group_id: Uuid,
    /// The month that is paid.
    #[schema(max_length = 7, example = "2026-03")]
    pub period: String,
    /// The day on which it is due.
    #[schema(example = "2026-04-10")]
    pub pay_on: NaiveDate,
    /// The currency of all amounts (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// The department on the last day of the month that they are employed on; it bears the cost.
    #[schema(example = json!(null))]
    pub department_id: Option<Uuid>,
    /// What it was figured from.
    #[schema(value_type = Vec<PayslipFact>, max_items = 20)]
    pub basis: List<PayslipFact>,
    /// Its lines, in their order; those of earlier months come last.
    #[schema(value_type = Vec<PayslipLine>, max_items = 2000)]
    pub lines: List<PayslipLine>,
    /// What came together in the calendar year, this one included.
    #[schema(value_type = Vec<YearToDate>, max_items = 500)]
    pub year_to_date: List<YearToDate>,
    /// The claims that are paid back with it.
    #[schema(value_type = Vec<PayslipClaim>, max_items = 500, example = json!([]))]
    pub claims: List<PayslipClaim>,
    /// All earnings.
    #[schema(example = "6500.00")]
    pub gross_amount: Money,
    /// All that is taken off.
    #[schema(example = "1260.00")]
    pub deduction_amount: Money,
    /// Expense claims that are paid back with it.
    #[schema(example = "0.00")]
    pub claim_amount: Money,
    /// What they get: earnings less deductions, with claims.
    #[schema(example = "5240.00")]
    pub net_amount: Money,
    /// What the company bears beside the earnings.
    #[schema(example = "650.00")]
    pub employer_amount: Money,
    pub status: PayslipStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether it is worked out only, in the books, or taken back.
    pub enum PayslipStatus { Draft = "draft", Posted = "posted", Reversed = "reversed" }
}

text_enum! {
    /// What a payslip is figured from.
    pub enum PayslipFactName {
        AgreedSalary = "agreed_salary", MonthDays = "month_days", PaidDays = "paid_days", UnpaidDays = "unpaid_days",
        PaidLeaveDays = "paid_leave_days", WorkedHours = "worked_hours", OvertimeHours = "overtime_hours",
        LeaveDaysLeft = "leave_days_left", Dependants = "dependants",
    }
}

/// Something that a payslip was figured from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PayslipFact {
    pub fact: PayslipFactName,
    /// An amount, days, hours or a number of people.
    #[schema(max_length = 40, example = "6500.00")]
    pub value: String,
}

/// What came together of a component in the calendar year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct YearToDate {
    /// The code of the component.
    #[schema(max_length = 40, example = "SALARY")]
    pub component: String,
    pub kind: LineKind,
    /// How much.
    #[schema(example = "19500.00")]
    pub amount: Money,
}

/// A claim that is paid back with the wages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PayslipClaim {
    /// The expense claim.
    pub claim_id: Uuid,
    /// How much of it.
    #[schema(example = "110.00")]
    pub amount: Money,
}

impl PayslipFact {
    pub(crate) fn all(facts: &Facts) -> Vec<Self> {
        use PayslipFactName as Name;
        let overtime: Decimal = facts.overtime.iter().map(|over| over.hours).sum();
        let plain = |value: Decimal| value.round_dp(4).normalize().to_string();
        let all = [
            (Name::AgreedSalary, Money(facts.agreed_a_month().round_dp(4)).to_string()),
            (Name::MonthDays, plain(facts.month_days)),
            (Name::PaidDays, plain(facts.paid_days())),
            (Name::UnpaidDays, plain(facts.unpaid_days())),
            (Name::PaidLeaveDays, plain(facts.paid_leave_days())),
            (Name::WorkedHours, plain(facts.worked_hours)),
            (Name::OvertimeHours, plain(overtime)),
            (Name::LeaveDaysLeft, plain(facts.leave_days_left)),
            (Name::Dependants, facts.dependants.to_string()),
        ];
        all.into_iter().map(|(fact, value)| Self { fact, value }).collect()
    }
}

impl Payslip {
    /// What it was figured from.
    pub(crate) fn fact(&self, name: PayslipFactName) -> &str {
        self.basis.0.iter().find(|each| each.fact == name).map_or("0", |each| &each.value)
    }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PayslipFilter {
    /// Only payslips in this state.
    #[param(inline)]
    status: Option<PayslipStatus>,
    /// Only payslips of this run.
    payroll_run_id: Option<Uuid>,
    /// Only payslips of this employee.
    employee_id: Option<Uuid>,
    /// Only payslips of this department.
    department_id: Option<Uuid>,
    /// Only payslips of this month: `2026-03`.
    #[param(min_length = 7, max_length = 7)]
    period: Option<String>,
}

impl Named for Payslip {
    const NAME: &'static str = "payslips";
}

impl Resource for Payslip {
    const PATH: &'static str = "/v1/payslips";
    const SINGULAR: &'static str = "payslip";
    const TAG: &'static str = "Pay";
    const SORT: &'static [SortKey] =
        &[SortKey::text("period"), SortKey::day("pay_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-period";
    type Filter = PayslipFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn person(&self) -> Option<Uuid> {
        Some(self.employee_id)
    }
}

impl Stored for Payslip {
    type Table = payslips::table;
    const TABLE: &'static str = "payslips";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: PayslipFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(payslips::status.eq(status)))
            .when(by.payroll_run_id, |rows, id| rows.filter(payslips::payroll_run_id.eq(id)))
            .when(by.employee_id, |rows, id| rows.filter(payslips::employee_id.eq(id)))
            .when(by.department_id, |rows, id| rows.filter(payslips::department_id.eq(id)))
            .when(by.period, |rows, period| rows.filter(payslips::period.eq(period)))
    }
}

pub fn routes(api: &mut Api) {
    api.printed::<Payslip>().call(operation!(previewing::preview_payslip));
}
