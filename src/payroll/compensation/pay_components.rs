//! Pay components: what the payslips of a group are made of. Each is worked out from what is known of the person or from other
//! components, is valid from one day to another, and knows its accounts.
use crate::rules::Shape;
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::pay_components;

pub use crate::rules::{BaseTerm, PayBracket, PayCondition};

/// A line of payslips, or a figure that lines are worked out from.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = pay_components)]
pub struct PayComponent {
    pub id: Uuid,
    pub version: i64,
    /// The group whose payslips it is part of.
    pub pay_group_id: Uuid,
    /// What others name it by; on a day it means one component of the group.
    #[schema(max_length = 30, example = "PENSION")]
    pub code: String,
    /// What payslips call it.
    #[schema(max_length = 100, example = "Pension contribution")]
    pub name: String,
    pub kind: ComponentKind,
    pub method: ComponentMethod,
    pub source: ComponentSource,
    /// A fixed amount of each month, or the price of one of what is counted. Null of what is counted: the pay of an hour or a day.
    #[schema(example = json!(null))]
    pub amount: Option<Money>,
    /// Percent of the base; of what is counted, how many times the price (`1.75`).
    #[schema(example = "5")]
    pub rate: Option<Quantity>,
    /// The components whose sum it is worked out from. A sum below zero counts as zero.
    #[schema(value_type = Vec<BaseTerm>, max_items = 50)]
    pub base: List<BaseTerm>,
    /// What is taken off the base first.
    #[schema(example = json!(null))]
    pub allowance: Option<Money>,
    /// What the base is taken for at least.
    #[schema(example = json!(null))]
    pub floor: Option<Money>,
    /// What the base is taken for at most.
    #[schema(example = json!(null))]
    pub cap: Option<Money>,
    /// The rows of a bracket table.
    #[schema(value_type = Vec<PayBracket>, max_items = 100, example = json!([]))]
    pub brackets: List<PayBracket>,
    /// Where it applies at all: all of them have to hold.
    #[schema(value_type = Vec<PayCondition>, max_items = 10, example = json!([]))]
    pub conditions: List<PayCondition>,
    /// Whether it is paid for the part of the month that is worked: joins, leaves and unpaid days lessen it. The salary always is.
    #[schema(example = false)]
    pub is_prorated: bool,
    pub rounding: PayRounding,
    /// What it is rounded to: 0.01, or 1 for whole units.
    #[schema(example = "0.01")]
    pub rounding_to: Money,
    /// What it is booked on: the expense of an earning or of the employer's cost, the liability of a deduction.
    pub account_id: Option<Uuid>,
    /// The liability of what the employer bears.
    #[schema(example = json!(null))]
    pub counter_account_id: Option<Uuid>,
    /// The cost centre that it is booked for, beside the department of the employee.
    #[schema(example = json!(null))]
    pub cost_centre_id: Option<Uuid>,
    /// What it is declared as: statutory totals are summed by it.
    #[schema(max_length = 60, example = "social_security")]
    pub statutory: Option<String>,
    /// Where on the payslip it stands: the least first.
    #[schema(minimum = 0, maximum = 10_000, example = 110)]
    pub position: i32,
    /// The first day of the periods that it is used in.
    #[schema(example = "2026-01-01")]
    pub starts_on: NaiveDate,
    /// The last day of it; null where none is known.
    #[schema(example = json!(null))]
    pub ends_on: Option<NaiveDate>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What it does to the payslip: `earning` adds to the pay, `deduction` takes off, `employer_cost` is borne by the company beside it, and
    /// `figure` is worked out for others and paid to nobody.
    pub enum ComponentKind { Earning = "earning", Deduction = "deduction", EmployerCost = "employer_cost", Figure = "figure" }
}

text_enum! {
    /// How it is worked out: what `source` gives as it is, percent of a base, what is counted times a price, or a table of brackets, each row
    /// for its part of the base (progressive) or the one that the base is in (flat).
    pub enum ComponentMethod {
        Fixed = "fixed", Percent = "percent", Quantity = "quantity", ProgressiveBrackets = "progressive_brackets",
        FlatBrackets = "flat_brackets",
    }
}

text_enum! {
    /// Where it is taken from: `given` is the component's own amount, extras of the compensation and payroll inputs together; `salary` is what was
    /// earned in the period and `agreed_salary` what is agreed for a full month.
    pub enum ComponentSource {
        Given = "given", Salary = "salary", AgreedSalary = "agreed_salary", Dependants = "dependants",
        BenefitsOfEmployee = "benefits_of_employee", BenefitsOfEmployer = "benefits_of_employer", WorkedHours = "worked_hours",
        OvertimeHours = "overtime_hours", WorkedDays = "worked_days", PaidLeaveDays = "paid_leave_days",
        UnpaidLeaveDays = "unpaid_leave_days", LeaveDaysLeft = "leave_days_left",
    }
}

impl ComponentSource {
    /// Whether a method can take it.
    #[must_use]
    pub fn fits(self, method: ComponentMethod) -> bool {
        match self {
            Self::Given => true,
            Self::Salary
            | Self::AgreedSalary
            | Self::Dependants
            | Self::BenefitsOfEmployee
            | Self::BenefitsOfEmployer => method == ComponentMethod::Fixed,
            _ => method == ComponentMethod::Quantity,
        }
    }
}

text_enum! {
    /// How it is rounded: halves away from zero, always up, always down.
    pub enum PayRounding { HalfUp = "half_up", Up = "up", Down = "down" }
}

/// A component to be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = pay_components, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewPayComponent {
    #[serde(skip_deserializing, default = "Uuid::now_v7")]
    #[schema(ignore)]
    pub(crate) id: Uuid,
    /// The group whose payslips it is part of.
    pub(crate) pay_group_id: Uuid,
    /// What others name it by; on a day it means one component of the group.
    #[schema(max_length = 30, pattern = "^[A-Z][A-Z0-9_]{0,29}$", example = "LUNCH")]
    code: String,
    /// What payslips call it.
    #[schema(min_length = 1, max_length = 100, example = "Lunch")]
    name: String,
    /// What it is on a payslip.
    kind: ComponentKind,
    /// How it is worked out.
    method: ComponentMethod,
    /// Where its amount or its quantity comes from.
    #[serde(default = "given_itself")]
    #[schema(value_type = ComponentSource, required = false, example = "given")]
    source: ComponentSource,
    /// A fixed amount of each month, or the price of one of what is counted.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$", example = "50.00")]
    amount: Option<Decimal>,
    /// Percent of the base; of what is counted, how many times the price (`1.75`).
    #[schema(value_type = Option<String>, max_length = 12, pattern = r"^[0-9]{1,5}(\.[0-9]{1,6})?$", example = json!(null))]
    rate: Option<Decimal>,
    /// The components whose sum it is worked out from; none closes a ring.
    #[serde(default)]
    #[schema(value_type = Vec<BaseTerm>, required = false, max_items = 50, example = json!([]))]
    base: List<BaseTerm>,
    /// What is taken off the base first.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    allowance: Option<Decimal>,
    /// What the base is taken for at least.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    floor: Option<Decimal>,
    /// What the base is taken for at most.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    cap: Option<Decimal>,
    /// The rows of a bracket table, without a gap from 0 on.
    #[serde(default)]
    #[schema(value_type = Vec<PayBracket>, required = false, max_items = 100, example = json!([]))]
    brackets: List<PayBracket>,
    /// Where it applies at all: all of them have to hold.
    #[serde(default)]
    #[schema(value_type = Vec<PayCondition>, required = false, max_items = 10, example = json!([]))]
    conditions: List<PayCondition>,
    /// Whether it is paid for the part of the month that is worked. The salary always is.
    #[serde(default)]
    is_prorated: bool,
    /// How it is rounded.
    #[serde(default = "half_up")]
    #[schema(value_type = PayRounding, required = false, example = "half_up")]
    rounding: PayRounding,
    /// What it is rounded to: 0.01, or 1 for whole units.
    #[serde(default = "a_cent")]
    #[schema(value_type = String, required = false, max_length = 9, pattern = r"^(1000|[0-9]{1,3})(\.[0-9]{1,4})?$", example = "0.01")]
    rounding_to: Decimal,
    /// What it is booked on: the expense of an earning or of the employer's cost, the liability of a deduction.
    account_id: Option<Uuid>,
    /// The liability of what the employer bears.
    #[schema(example = json!(null))]
    counter_account_id: Option<Uuid>,
    /// The cost centre that it is booked for, beside the department of the employee.
    #[schema(example = json!(null))]
    cost_centre_id: Option<Uuid>,
    /// What it is declared as: statutory totals are summed by it.
    #[schema(min_length = 1, max_length = 60, example = json!(null))]
    statutory: Option<String>,
    /// Where on the payslip it stands: the least first.
    #[serde(default = "in_the_middle")]
    #[schema(minimum = 0, maximum = 10_000, example = 100)]
    position: i32,
    /// The first day of the periods that it is used in.
    #[schema(example = "2026-01-01")]
    starts_on: NaiveDate,
    /// The last day of it; null where none is known.
    #[schema(example = json!(null))]
    ends_on: Option<NaiveDate>,
}

fn given_itself() -> ComponentSource {
    ComponentSource::Given
}
fn half_up() -> PayRounding {
    PayRounding::HalfUp
}
fn a_cent() -> Decimal {
    Decimal::new(1, 2)
}
fn in_the_middle() -> i32 {
    100
}

/// What of a component can be changed. Where a law changes, end it and add the next under the same code: what is paid again for months before
/// is worked out as it was then.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = pay_components)]
#[serde(deny_unknown_fields)]
pub struct EditPayComponent {
    /// What payslips call it.
    #[schema(min_length = 1, max_length = 100, example = "Lunch at work")]
    name: Option<String>,
    /// A fixed amount of each month, or the price of one of what is counted.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$", example = "60.00")]
    amount: Option<Option<Decimal>>,
    /// Percent of the base; of what is counted, how many times the price (`1.75`).
    #[schema(value_type = Option<String>, max_length = 12, pattern = r"^[0-9]{1,5}(\.[0-9]{1,6})?$", example = json!(null))]
    rate: Option<Option<Decimal>>,
    /// The components whose sum it is worked out from: all of them from now on.
    #[schema(value_type = Option<Vec<BaseTerm>>, max_items = 50, example = json!([]))]
    base: Option<List<BaseTerm>>,
    /// What is taken off the base first.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    allowance: Option<Option<Decimal>>,
    /// What the base is taken for at least.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    floor: Option<Option<Decimal>>,
    /// What the base is taken for at most.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    cap: Option<Option<Decimal>>,
    /// The rows of a bracket table: all of them from now on.
    #[schema(value_type = Option<Vec<PayBracket>>, max_items = 100, example = json!([]))]
    brackets: Option<List<PayBracket>>,
    /// Where it applies at all: all of them from now on.
    #[schema(value_type = Option<Vec<PayCondition>>, max_items = 10, example = json!([]))]
    conditions: Option<List<PayCondition>>,
    /// Whether it is paid for the part of the month that is worked.
    is_prorated: Option<bool>,
    /// How it is rounded.
    rounding: Option<PayRounding>,
    /// What it is rounded to: 0.01, or 1 for whole units.
    #[schema(value_type = Option<String>, max_length = 9, pattern = r"^(1000|[0-9]{1,3})(\.[0-9]{1,4})?$", example = "1")]
    rounding_to: Option<Decimal>,
    /// What it is booked on.
    account_id: Option<Option<Uuid>>,
    /// The liability of what the employer bears.
    #[schema(example = json!(null))]
    counter_account_id: Option<Option<Uuid>>,
    /// The cost centre that it is booked for.
    #[schema(example = json!(null))]
    cost_centre_id: Option<Option<Uuid>>,
    /// What it is declared as.
    #[schema(min_length = 1, max_length = 60, example = json!(null))]
    statutory: Option<Option<String>>,
    /// Where on the payslip it stands: the least first.
    #[schema(minimum = 0, maximum = 10_000, example = 120)]
    position: Option<i32>,
    /// The first day of the periods that it is used in.
    starts_on: Option<NaiveDate>,
    /// The last day of it; null where none is known.
    #[schema(example = json!(null))]
    ends_on: Option<Option<NaiveDate>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PayComponentFilter {
    /// Only components of this pay group.
    pay_group_id: Option<Uuid>,
    /// Only components with this code.
    #[param(min_length = 1, max_length = 30)]
    code: Option<String>,
    /// Only components of this kind.
    #[param(inline)]
    kind: Option<ComponentKind>,
}

impl Named for PayComponent {
    const NAME: &'static str = "pay-components";
}

impl Resource for PayComponent {
    const PATH: &'static str = "/v1/pay-components";
    const SINGULAR: &'static str = "pay_component";
    const TAG: &'static str = "Pay";
    const SORT: &'static [SortKey] = &[
        SortKey::text("code"),
        SortKey::text("name"),
        SortKey::integer("position"),
        SortKey::instant("created_at"),
    ];
    const USUAL_ORDER: &'static str = "position";
    const REFERENCES: &'static [Reference] = &[
        crate::pay_groups::REFERENCE,
        Reference {
            field: "account_id",
            column: "account_code",
            table: "accounts",
            by: "code",
            within: None,
        },
        Reference {
            field: "counter_account_id",
            column: "counter_account_code",
            table: "accounts",
            by: "code",
            within: None,
        },
        Reference {
            field: "cost_centre_id",
            column: "cost_centre_code",
            table: "cost_centres",
            by: "code",
            within: None,
        },
    ];
    type Filter = PayComponentFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for PayComponent {
    type Table = pay_components::table;
    const TABLE: &'static str = "pay_components";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: PayComponentFilter) -> Rows<Self> {
        rows.when(by.pay_group_id, |rows, id| rows.filter(pay_components::pay_group_id.eq(id)))
            .when(by.code, |rows, code| rows.filter(pay_components::code.eq(code)))
            .when(by.kind, |rows, kind| rows.filter(pay_components::kind.eq(kind)))
    }
}

/// Refuses what can not be worked out.
pub(crate) fn check(component: serde_json::Value) -> Result<()> {
    serde_json::from_value::<Shape>(component).map_err(Problem::internal)?.check()
}

impl Written for PayComponent {
    type New = NewPayComponent;
    type Edit = EditPayComponent;

    async fn check_new(_: &mut Db, new: &NewPayComponent) -> Result<()> {
        check(serde_json::to_value(new).map_err(Problem::internal)?)
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditPayComponent) -> Result<()> {
        let mut to_be = serde_json::to_value(row).map_err(Problem::internal)?;
        let edit = serde_json::to_value(edit).map_err(Problem::internal)?;
        for (field, value) in edit.as_object().into_iter().flatten() {
            to_be[field] = value.clone();
        }
        check(to_be)
    }
}

pub fn routes(api: &mut Api) {
    api.resource::<PayComponent>();
}
