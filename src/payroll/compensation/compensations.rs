//! Compensation: what somebody earns from a day on. A new one ends the one before, and what was paid otherwise meanwhile is made good by
//! the next payroll.
use platform::prelude::*;
use platform::store::in_order;
use rust_decimal::Decimal;
use schema::compensations;

/// What somebody earns from a day on, until their next begins.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = compensations)]
pub struct Compensation {
    pub id: Uuid,
    pub version: i64,
    /// Whose it is.
    pub employee_id: Uuid,
    /// The first day on which it holds; it may lie in months that are paid, and in the future.
    #[schema(example = "2026-01-01")]
    pub effective_on: NaiveDate,
    pub basis: CompensationBasis,
    /// The salary of a month or a year as it is agreed for the hours of the contract, or the wage of an hour.
    #[schema(example = "6500.00")]
    pub amount: Money,
    /// The currency of the amounts (ISO 4217): that of the pay group.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// With whom they are paid.
    pub pay_group_id: Uuid,
    /// What they get beside it each month.
    #[schema(value_type = Vec<CompensationExtra>, max_items = 50, example = json!([]))]
    pub extras: List<CompensationExtra>,
    /// Why, in the company's words.
    #[schema(max_length = 500, example = "Hired")]
    pub reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What the amount is for.
    pub enum CompensationBasis { Monthly = "monthly", Yearly = "yearly", Hourly = "hourly" }
}

/// An amount of each month, beside the salary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompensationExtra {
    /// The code of the pay component that it is paid as, or withheld.
    #[schema(max_length = 30, pattern = "^[A-Z][A-Z0-9_]{0,29}$", example = "ALLOWANCE")]
    pub component: String,
    /// How much a month, in the currency of the compensation.
    #[schema(value_type = String, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "100.00")]
    pub amount: Decimal,
}

/// A compensation to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = compensations, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewCompensation {
    #[serde(skip, default = "Uuid::now_v7")]
    pub id: Uuid,
    /// Whose it is.
    pub employee_id: Uuid,
    /// The first day on which it holds; one that is paid already is made good by the next payroll.
    #[schema(example = "2026-01-01")]
    pub effective_on: NaiveDate,
    /// What the amount is paid for: a month, a year or an hour.
    pub basis: CompensationBasis,
    /// The salary of a month or a year as it is agreed for the hours of the contract, or the wage of an hour.
    #[schema(value_type = String, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "6500.00")]
    pub amount: Decimal,
    /// The currency of the amounts (ISO 4217): that of the pay group, which is taken where it is left out.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = json!(null))]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    pub currency: Option<String>,
    /// With whom they are paid.
    pub pay_group_id: Uuid,
    /// What they get beside it each month.
    #[serde(default)]
    #[schema(value_type = Vec<CompensationExtra>, required = false, max_items = 50, example = json!([]))]
    pub extras: List<CompensationExtra>,
    /// Why, in the company's words.
    #[schema(min_length = 1, max_length = 500, example = "Hired")]
    pub reason: Option<String>,
}

/// What of a compensation can be changed; what was paid by it is made good by the next payroll.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = compensations)]
#[serde(deny_unknown_fields)]
pub struct EditCompensation {
    /// The first day on which it holds.
    #[schema(example = "2026-02-01")]
    effective_on: Option<NaiveDate>,
    /// What the amount is paid for: a month, a year or an hour.
    basis: Option<CompensationBasis>,
    /// The salary of a month or a year as it is agreed for the hours of the contract, or the wage of an hour.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "6800.00")]
    amount: Option<Decimal>,
    /// With whom they are paid.
    pay_group_id: Option<Uuid>,
    /// What they get beside it each month: all of it from now on.
    #[schema(value_type = Option<Vec<CompensationExtra>>, max_items = 50, example = json!([]))]
    extras: Option<List<CompensationExtra>>,
    /// Why, in the company's words.
    #[schema(min_length = 1, max_length = 500, example = "Corrected")]
    reason: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CompensationFilter {
    /// Only compensation of this employee.
    employee_id: Option<Uuid>,
    /// Only compensation in this pay group.
    pay_group_id: Option<Uuid>,
    /// Only compensation that begins on this day or later.
    effective_on_from: Option<NaiveDate>,
    /// Only compensation that begins on this day or earlier.
    effective_on_to: Option<NaiveDate>,
}

impl Named for Compensation {
    const NAME: &'static str = "compensations";
}

impl Resource for Compensation {
    const PATH: &'static str = "/v1/compensations";
    const SINGULAR: &'static str = "compensation";
    const TAG: &'static str = "Pay";
    const SORT: &'static [SortKey] = &[SortKey::day("effective_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-effective_on";
    const NATURAL_KEY: &'static [&'static str] = &["employee_id", "effective_on"];
    const REFERENCES: &'static [Reference] = &[staff::references::EMPLOYEE, crate::pay_groups::REFERENCE];
    type Filter = CompensationFilter;

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

impl Stored for Compensation {
    type Table = compensations::table;
    const TABLE: &'static str = "compensations";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: CompensationFilter) -> Rows<Self> {
        rows.when(by.employee_id, |rows, id| rows.filter(compensations::employee_id.eq(id)))
            .when(by.pay_group_id, |rows, id| rows.filter(compensations::pay_group_id.eq(id)))
            .when(by.effective_on_from, |rows, day| rows.filter(compensations::effective_on.ge(day)))
            .when(by.effective_on_to, |rows, day| rows.filter(compensations::effective_on.le(day)))
    }
}

impl Written for Compensation {
    type New = NewCompensation;
    type Edit = EditCompensation;

    async fn check_new(_: &mut Db, new: &NewCompensation) -> Result<()> {
        each_once(&new.extras)
    }

    async fn check_edit(_: &mut Db, _: &Self, edit: &EditCompensation) -> Result<()> {
        edit.extras.as_ref().map_or(Ok(()), each_once)
    }
}

/// A component is named once.
fn each_once(extras: &List<CompensationExtra>) -> Result<()> {
    let named = |place: usize| &extras.0[place].component;
    let repeated =
        (0..extras.0.len()).filter(|place| (0..*place).any(|before| named(before) == named(*place)));
    let fault = |place| Fault::at(format!("/extras/{place}/component"), "repeated", "must be named once");
    let faults: Vec<Fault> = repeated.map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Sets what these people earn, all of them or none, in one statement; in the order in which they were given.
///
/// # Errors
/// 409 where somebody has a compensation from that day on already, 422 where a pay group or an employee is not there.
pub async fn set_all(db: &mut Db, all: &[NewCompensation]) -> Result<Vec<Compensation>> {
    all.iter().try_for_each(|each| each_once(&each.extras))?;
    let rows: Vec<serde_json::Value> = all
        .iter()
        .map(|each| {
            json!({"id": each.id, "employee_id": each.employee_id, "effective_on": each.effective_on, "basis": each.basis,
                "amount": each.amount, "currency": each.currency, "pay_group_id": each.pay_group_id, "extras": each.extras, "reason": each.reason})
        })
        .collect();
    diesel::sql_query(SET).bind::<diesel::sql_types::Jsonb, _>(json!(rows)).execute(db).await?;
    let ids: Vec<Uuid> = all.iter().map(|each| each.id).collect();
    let set = compensations::table
        .filter(compensations::org_id.eq(db.organization()))
        .filter(compensations::id.eq_any(&ids))
        .select(Compensation::as_select());
    Ok(in_order(set.load(db).await?, &ids, |each| each.id))
}

/// As one value: thousands of rows have more columns than a statement takes values.
const SET: &str = "
    insert into compensations (id, employee_id, effective_on, basis, amount, currency, pay_group_id, extras, reason)
    select id, employee_id, effective_on, basis, amount, currency, pay_group_id, extras, reason
    from jsonb_to_recordset($1) r (id uuid, employee_id uuid, effective_on date, basis text, amount numeric, currency text, pay_group_id uuid,
        extras jsonb, reason text)";

pub fn routes(api: &mut Api) {
    api.resource::<Compensation>();
}
