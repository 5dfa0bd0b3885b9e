//! Pay groups: who is paid together, in which currency, for which period and when; and what their payslips are made of.
use platform::prelude::*;
use schema::pay_groups;

/// How files name a pay group: by its code.
pub(crate) const REFERENCE: Reference =
    Reference { field: "pay_group_id", column: "pay_group", table: "pay_groups", by: "code", within: None };

/// People who are paid together.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = pay_groups)]
pub struct PayGroup {
    pub id: Uuid,
    pub version: i64,
    /// What payroll calls it by; unique.
    #[schema(max_length = 20, example = "STAFF")]
    pub code: String,
    /// What it is called.
    #[schema(max_length = 100, example = "Staff, monthly")]
    pub name: String,
    /// The currency of its wages (ISO 4217): that of the books.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    pub pay_period: PayPeriod,
    /// The day of the month on which it is paid; the last day, where a month is shorter.
    #[schema(minimum = 1, maximum = 31, example = 10)]
    pub pay_day: i32,
    pub paid_in: PaidIn,
    pub status: PayGroupStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What a payslip is for.
    pub enum PayPeriod { Monthly = "monthly" }
}

text_enum! {
    /// In which month a month is paid.
    pub enum PaidIn { SameMonth = "same_month", NextMonth = "next_month" }
}

text_enum! {
    /// Whether a group is in use.
    pub enum PayGroupStatus { Active = "active", Archived = "archived" }
}

/// A pay group to be. Its payslips are made of its components: load a pack, or add them one by one.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = pay_groups, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewPayGroup {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What payroll calls it by; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9_-]{0,19}$", example = "STAFF")]
    code: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Staff, monthly")]
    name: String,
    /// The currency of its wages (ISO 4217): that of the books, which is taken where it is left out.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = json!(null))]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    currency: Option<String>,
    /// How often it is paid.
    #[serde(default = "monthly")]
    #[schema(value_type = PayPeriod, required = false)]
    pay_period: PayPeriod,
    /// The day of the month on which it is paid; the last day, where a month is shorter.
    #[schema(minimum = 1, maximum = 31, example = 10)]
    pay_day: i32,
    /// In which month the pay day is.
    #[serde(default = "next_month")]
    #[schema(value_type = PaidIn, required = false)]
    paid_in: PaidIn,
}

fn monthly() -> PayPeriod {
    PayPeriod::Monthly
}

fn next_month() -> PaidIn {
    PaidIn::NextMonth
}

/// What of a pay group can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = pay_groups)]
#[serde(deny_unknown_fields)]
pub struct EditPayGroup {
    /// What payroll calls it by; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9_-]{0,19}$", example = "STAFF")]
    code: Option<String>,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Staff")]
    name: Option<String>,
    /// The day of the month on which it is paid; the last day, where a month is shorter.
    #[schema(minimum = 1, maximum = 31, example = 15)]
    pay_day: Option<i32>,
    /// In which month the pay day is.
    paid_in: Option<PaidIn>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PayGroupFilter {
    /// Only groups in this state.
    #[param(inline)]
    status: Option<PayGroupStatus>,
    /// Only the group with this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
}

static LIFE: Life = Life {
    states: &[("active", "In use."), ("archived", "Not used any more; what it paid stays.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for PayGroup {
    const NAME: &'static str = "pay-groups";
}

impl Resource for PayGroup {
    const PATH: &'static str = "/v1/pay-groups";
    const SINGULAR: &'static str = "pay_group";
    const TAG: &'static str = "Pay";
    const SORT: &'static [SortKey] =
        &[SortKey::text("code"), SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "code";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    type Filter = PayGroupFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn life() -> Option<&'static Life> {
        Some(&LIFE)
    }
    fn state(&self) -> Option<&'static str> {
        Some(self.status.as_str())
    }
}

impl Stored for PayGroup {
    type Table = pay_groups::table;
    const TABLE: &'static str = "pay_groups";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: PayGroupFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(pay_groups::status.eq(status)))
            .when(by.code, |rows, code| rows.filter(pay_groups::code.eq(code)))
    }
}

impl Written for PayGroup {
    type New = NewPayGroup;
    type Edit = EditPayGroup;
}

/// Archive a pay group
///
/// It is used no more: no runs are made for it. What it paid stays.
#[utoipa::path(post, path = "/v1/pay-groups/{id}/archive", tag = "Pay")]
async fn archive_pay_group(may: May<Write, PayGroup>, id: Id<PayGroup>) -> Reply<PayGroup> {
    step(may, id, "archive").await
}

/// Restore a pay group
///
/// It is used again: runs can be made for it.
#[utoipa::path(post, path = "/v1/pay-groups/{id}/restore", tag = "Pay")]
async fn restore_pay_group(may: May<Write, PayGroup>, id: Id<PayGroup>) -> Reply<PayGroup> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<PayGroup>().call(operation!(archive_pay_group)).call(operation!(restore_pay_group));
}
