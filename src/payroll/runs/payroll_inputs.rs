//! Payroll inputs: something once, for one person and one month: a bonus, pieces, what is withheld. Files of them are taken, too.
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::payroll_inputs;

/// Something once, for one person and one month.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = payroll_inputs)]
pub struct PayrollInput {
    pub id: Uuid,
    pub version: i64,
    /// For whom.
    pub employee_id: Uuid,
    /// The month.
    #[schema(max_length = 7, example = "2026-03")]
    pub period: String,
    /// The code of the pay component: one of the pay group that the employee is in that month.
    #[schema(max_length = 30, example = "BONUS")]
    pub component: String,
    /// How much, of a component that is an amount.
    #[schema(example = "250.00")]
    pub amount: Option<Money>,
    /// How many, of a component that is counted.
    #[schema(example = json!(null))]
    pub quantity: Option<Quantity>,
    /// What for.
    #[schema(max_length = 200, example = "Recruited a colleague")]
    pub description: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An input to be: an amount or a quantity, as the component takes.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = payroll_inputs, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewPayrollInput {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// For whom: somebody who is employed in the month.
    employee_id: Uuid,
    /// The month; one whose payroll is not agreed to yet.
    #[schema(max_length = 7, pattern = "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", example = "2026-03")]
    period: String,
    /// The code of the pay component: one of the pay group that the employee is in that month.
    #[schema(max_length = 30, pattern = "^[A-Z][A-Z0-9_]{0,29}$", example = "BONUS")]
    component: String,
    /// How much, of a component that is an amount.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$", example = "250.00")]
    amount: Option<Decimal>,
    /// How many, of a component that is counted.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$", example = json!(null))]
    quantity: Option<Decimal>,
    /// What for.
    #[schema(min_length = 1, max_length = 200, example = "Recruited a colleague")]
    description: Option<String>,
}

/// What of an input can be changed, as long as the payroll is not agreed to.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = payroll_inputs)]
#[serde(deny_unknown_fields)]
pub struct EditPayrollInput {
    /// The month; one whose payroll is not agreed to yet.
    #[schema(max_length = 7, pattern = "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", example = "2026-03")]
    period: Option<String>,
    /// How much, of a component that is an amount.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$", example = "300.00")]
    amount: Option<Option<Decimal>>,
    /// How many, of a component that is counted.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$", example = json!(null))]
    quantity: Option<Option<Decimal>>,
    /// What for.
    #[schema(min_length = 1, max_length = 200, example = "Recruited two colleagues")]
    description: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PayrollInputFilter {
    /// Only inputs for this employee.
    employee_id: Option<Uuid>,
    /// Only inputs of this month: `2026-03`.
    #[param(min_length = 7, max_length = 7)]
    period: Option<String>,
    /// Only inputs for this pay component.
    #[param(min_length = 1, max_length = 30)]
    component: Option<String>,
}

impl Named for PayrollInput {
    const NAME: &'static str = "payroll-inputs";
}

impl Resource for PayrollInput {
    const PATH: &'static str = "/v1/payroll-inputs";
    const SINGULAR: &'static str = "payroll_input";
    const TAG: &'static str = "Pay";
    const SORT: &'static [SortKey] =
        &[SortKey::text("period"), SortKey::text("component"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-period";
    const REFERENCES: &'static [Reference] = &[Reference {
        field: "employee_id",
        column: "employee_number",
        table: "employees",
        by: "employee_number",
        within: None,
    }];
    type Filter = PayrollInputFilter;

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

impl Stored for PayrollInput {
    type Table = payroll_inputs::table;
    const TABLE: &'static str = "payroll_inputs";
    const SEARCHED: &'static [&'static str] = &["component", "description"];

    fn narrow(rows: Rows<Self>, by: PayrollInputFilter) -> Rows<Self> {
        rows.when(by.employee_id, |rows, id| rows.filter(payroll_inputs::employee_id.eq(id)))
            .when(by.period, |rows, period| rows.filter(payroll_inputs::period.eq(period)))
            .when(by.component, |rows, code| rows.filter(payroll_inputs::component.eq(code)))
    }
}

impl Written for PayrollInput {
    type New = NewPayrollInput;
    type Edit = EditPayrollInput;
}

pub fn routes(api: &mut Api) {
    api.resource::<PayrollInput>();
}
