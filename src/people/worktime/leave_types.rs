//! Leave types: what leave there is, how it grows, what of it goes over into the next year, and how it is paid.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::leave_types;

/// A kind of leave.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something of its own, which people know as yes or no"
)]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = leave_types)]
pub struct LeaveType {
    pub id: Uuid,
    pub version: i64,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, example = "ANNUAL")]
    pub code: String,
    /// What it is called.
    #[schema(max_length = 100, example = "Annual leave")]
    pub name: String,
    #[schema(inline)]
    pub accrual: LeaveAccrual,
    /// How many working days grow in a year of full presence; null where none grow.
    #[schema(value_type = Option<String>, max_length = 7, example = "21")]
    pub days_per_year: Option<Quantity>,
    /// From which day on it grows by these terms. What grew before that stays as it was.
    #[schema(example = "2026-01-01")]
    pub accrues_from_on: Option<NaiveDate>,
    /// Whether who comes or goes during a month or a year gets the part of it in which they are employed, by calendar days.
    #[schema(example = true)]
    pub prorates: bool,
    /// How many days of the balance go over into the next year at the most; null for all.
    #[schema(value_type = Option<String>, max_length = 7, example = "5")]
    pub carry_over_days: Option<Quantity>,
    /// By the end of which month of that year (1 to 11) they have to be taken, those first; null where they stay.
    #[schema(minimum = 1, maximum = 11, example = 6)]
    pub carry_over_months: Option<i32>,
    /// Whether more can be taken than there is.
    #[schema(example = false)]
    pub allows_negative: bool,
    /// Whether it can begin at noon, or end at noon.
    #[schema(example = true)]
    pub allows_half_days: bool,
    /// Which share of the wage is paid meanwhile: 1 for all of it, 0 for unpaid leave.
    #[schema(value_type = String, max_length = 6, example = "1")]
    pub paid_share: Quantity,
    /// Whether a file has to be on the request before it is handed in.
    #[schema(example = false)]
    pub needs_document: bool,
    /// Whether what is left is paid out when somebody leaves the company.
    #[schema(example = true)]
    pub is_paid_out: bool,
    pub status: LeaveTypeStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// When it grows: a twelfth at the end of each month, all of it on the first day of the year, or not by itself.
    pub enum LeaveAccrual { Monthly = "monthly", Yearly = "yearly", None = "none" }
}
text_enum! {
    /// Whether leave of this kind can be asked for.
    pub enum LeaveTypeStatus { Active = "active", Archived = "archived" }
}

/// A kind of leave to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = leave_types)]
#[serde(deny_unknown_fields)]
pub struct NewLeaveType {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9-]{0,19}$", example = "ANNUAL")]
    code: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Annual leave")]
    name: String,
    /// When it grows: not by itself, unless told.
    #[schema(example = "yearly")]
    accrual: Option<LeaveAccrual>,
    /// How many working days grow in a year of full presence; left out where none grow.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^[0-9]{1,3}(\.[0-9]{1,2})?$", example = "21")]
    days_per_year: Option<Decimal>,
    /// From which day on it grows: the first of a month, or of a year where it grows by years. Left out where none grow.
    #[schema(example = "2027-01-01")]
    accrues_from_on: Option<NaiveDate>,
    /// Whether who comes or goes gets a part of it: yes, unless told.
    #[schema(example = true)]
    prorates: Option<bool>,
    /// How many days go over into the next year at the most; left out for all.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^[0-9]{1,3}(\.[0-9]{1,2})?$", example = "5")]
    carry_over_days: Option<Decimal>,
    /// By the end of which month of that year they have to be taken; left out where they stay.
    #[schema(minimum = 1, maximum = 11, example = 6)]
    carry_over_months: Option<i32>,
    /// Whether more can be taken than there is: no, unless told. Yes for leave that is only counted, as when somebody is ill.
    #[schema(example = true)]
    allows_negative: Option<bool>,
    /// Whether it can begin or end at noon: yes, unless told.
    #[schema(example = true)]
    allows_half_days: Option<bool>,
    /// Which share of the wage is paid meanwhile: all of it, unless told.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^(0(\.[0-9]{1,4})?|1(\.0{1,4})?)$", example = "1")]
    paid_share: Option<Decimal>,
    /// Whether a file has to be on the request before it is handed in: no, unless told.
    #[schema(example = false)]
    needs_document: Option<bool>,
    /// Whether what is left is paid out when somebody leaves the company: no, unless told.
    #[schema(example = true)]
    is_paid_out: Option<bool>,
}

/// What of a kind of leave can be changed. Terms of growing hold from `accrues_from_on` on: move it along with them, and what grew
/// before stays; leave it, and the difference is added or taken off the next time that leave grows.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = leave_types)]
#[serde(deny_unknown_fields)]
pub struct EditLeaveType {
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9-]{0,19}$", example = "ANNUAL-25")]
    code: Option<String>,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Annual leave, 25 days")]
    name: Option<String>,
    /// When it grows.
    #[schema(example = "yearly")]
    accrual: Option<LeaveAccrual>,
    /// How many working days grow in a year of full presence.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^[0-9]{1,3}(\.[0-9]{1,2})?$", example = "25")]
    days_per_year: Option<Option<Decimal>>,
    /// From which day on it grows by these terms.
    #[schema(example = "2028-01-01")]
    accrues_from_on: Option<Option<NaiveDate>>,
    /// Whether who comes or goes gets a part of it.
    #[schema(example = true)]
    prorates: Option<bool>,
    /// How many days go over into the next year at the most; null for all.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^[0-9]{1,3}(\.[0-9]{1,2})?$", example = "10")]
    carry_over_days: Option<Option<Decimal>>,
    /// By the end of which month of that year they have to be taken; null where they stay.
    #[schema(minimum = 1, maximum = 11, example = 3)]
    carry_over_months: Option<Option<i32>>,
    /// Whether more can be taken than there is.
    #[schema(example = true)]
    allows_negative: Option<bool>,
    /// Whether it can begin or end at noon.
    #[schema(example = true)]
    allows_half_days: Option<bool>,
    /// Which share of the wage is paid meanwhile, of leave that is agreed to from now on.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^(0(\.[0-9]{1,4})?|1(\.0{1,4})?)$", example = "0.75")]
    paid_share: Option<Decimal>,
    /// Whether a file has to be on the request before it is handed in.
    #[schema(example = false)]
    needs_document: Option<bool>,
    /// Whether what is left is paid out when somebody leaves the company.
    #[schema(example = true)]
    is_paid_out: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct LeaveTypeFilter {
    /// Only types in this state.
    #[param(inline)]
    status: Option<LeaveTypeStatus>,
    /// Only the type with this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Can be asked for."),
        ("archived", "Kept for the record; nobody asks for it any more."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for LeaveType {
    const NAME: &'static str = "leave-types";
}

impl Resource for LeaveType {
    const PATH: &'static str = "/v1/leave-types";
    const SINGULAR: &'static str = "leave_type";
    const TAG: &'static str = "Working time";
    const SORT: &'static [SortKey] =
        &[SortKey::text("code"), SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "code";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    type Filter = LeaveTypeFilter;

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

impl Stored for LeaveType {
    type Table = leave_types::table;
    const TABLE: &'static str = "leave_types";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: LeaveTypeFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(leave_types::status.eq(status)))
            .when(by.code, |rows, code| rows.filter(leave_types::code.eq(code)))
    }
}

impl Written for LeaveType {
    type New = NewLeaveType;
    type Edit = EditLeaveType;

    async fn check_new(_: &mut Db, new: &NewLeaveType) -> Result<()> {
        check(new.accrual.unwrap_or(LeaveAccrual::None), new.days_per_year, new.accrues_from_on)
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditLeaveType) -> Result<()> {
        check(
            edit.accrual.unwrap_or(row.accrual),
            edit.days_per_year.unwrap_or(row.days_per_year.map(|days| days.0)),
            edit.accrues_from_on.unwrap_or(row.accrues_from_on),
        )
    }
}

/// What the database holds too, told with its place.
fn check(accrual: LeaveAccrual, days_per_year: Option<Decimal>, from: Option<NaiveDate>) -> Result<()> {
    use chrono::Datelike;
    let mut faults = Vec::new();
    let grows = accrual != LeaveAccrual::None;
    for (pointer, is_given) in
        [("/days_per_year", days_per_year.is_some()), ("/accrues_from_on", from.is_some())]
    {
        if grows && !is_given {
            let rule = format!("leave that grows needs `{}`", pointer.trim_start_matches('/'));
            faults.push(Fault::at("/accrual", "incomplete", rule));
        } else if !grows && is_given {
            faults.push(Fault::at(pointer, "breaks-a-rule", "must be left out where `accrual` is `none`"));
        }
    }
    if days_per_year.is_some_and(|days| days <= Decimal::ZERO || days > Decimal::from(366)) {
        faults.push(Fault::at("/days_per_year", "out-of-range", "must be above 0, and 366 at the most"));
    }
    let is_first =
        from.is_none_or(|day| day.day() == 1 && (accrual != LeaveAccrual::Yearly || day.month() == 1));
    if grows && !is_first {
        let rule = "must be the first day of a month, and of a year where it grows by years";
        faults.push(Fault::at("/accrues_from_on", "not-a-first-day", rule));
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Archive a leave type
///
/// Nobody asks for it any more. What was asked for and agreed to stays, and so do the balances.
#[utoipa::path(post, path = "/v1/leave-types/{id}/archive", tag = "Working time")]
async fn archive_leave_type(may: May<Write, LeaveType>, id: Id<LeaveType>) -> Reply<LeaveType> {
    step(may, id, "archive").await
}

/// Restore a leave type
///
/// It can be asked for again.
#[utoipa::path(post, path = "/v1/leave-types/{id}/restore", tag = "Working time")]
async fn restore_leave_type(may: May<Write, LeaveType>, id: Id<LeaveType>) -> Reply<LeaveType> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<LeaveType>().call(operation!(archive_leave_type)).call(operation!(restore_leave_type));
}
