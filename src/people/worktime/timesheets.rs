//! Timesheets: the week of somebody, handed in and agreed to as one. From then on it takes nothing.

use platform::prelude::*;
use schema::timesheets;

/// The week of an employee.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = timesheets)]
pub struct Timesheet {
    pub id: Uuid,
    pub version: i64,
    /// Whose week it is.
    pub employee_id: Uuid,
    /// Its Monday; one sheet for each employee and week.
    #[schema(example = "2026-03-02")]
    pub week_starts_on: NaiveDate,
    /// What its entries sum up to.
    #[schema(example = "42.5")]
    pub hours: Quantity,
    /// What of that is overtime by the employee's working pattern.
    #[schema(example = "2.5")]
    pub overtime_hours: Quantity,
    /// The same by what an hour of it is worth.
    #[schema(value_type = Vec<OvertimeHours>, max_items = 36)]
    pub overtime: List<OvertimeHours>,
    /// Why it was rejected; null once it is handed in again.
    #[schema(max_length = 500, example = json!(null))]
    pub rejection_reason: Option<String>,
    /// When it was handed in.
    #[schema(example = json!(null))]
    pub submitted_at: Option<DateTime<Utc>>,
    /// When it was decided.
    #[schema(example = json!(null))]
    pub decided_at: Option<DateTime<Utc>>,
    /// The user who decided it.
    #[schema(example = json!(null))]
    pub decided_by: Option<Uuid>,
    /// The user for whom the one who decided stood in; null where they decided for themselves.
    #[schema(example = json!(null))]
    pub on_behalf_of: Option<Uuid>,
    pub status: TimesheetStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Hours of overtime that are worth the same.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OvertimeHours {
    /// How many times the usual wage an hour is worth.
    #[schema(max_length = 7, example = "1.75")]
    pub multiplier: String,
    /// How many there are.
    #[schema(max_length = 9, example = "2.50")]
    pub hours: String,
}

text_enum! {
    /// Where a week stands.
    pub enum TimesheetStatus { Open = "open", Submitted = "submitted", Approved = "approved", Rejected = "rejected" }
}

/// A week to be. The first entry of a week makes it, too.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = timesheets)]
#[serde(deny_unknown_fields)]
pub struct NewTimesheet {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Whose week it is; left out, the employee that the caller is. For others only as far as the permission reaches.
    #[serde(default)]
    #[schema(value_type = Uuid, required = false)]
    employee_id: Option<Uuid>,
    /// Its Monday.
    #[schema(example = "2026-03-02")]
    week_starts_on: NaiveDate,
}

/// What of a week can be changed: nothing but its entries and its state. `Kept` asks for a type.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = timesheets)]
#[serde(deny_unknown_fields)]
pub struct EditTimesheet {
    /// Its Monday.
    #[schema(example = "2026-03-02")]
    week_starts_on: Option<NaiveDate>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TimesheetFilter {
    /// Only weeks in this state.
    #[param(inline)]
    status: Option<TimesheetStatus>,
    /// Only weeks of this employee.
    employee_id: Option<Uuid>,
    /// Only weeks that begin on this day or later.
    week_starts_on_from: Option<NaiveDate>,
    /// Only weeks that begin on this day or earlier.
    week_starts_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("open", "Takes entries."),
        ("submitted", "Handed in, and to be decided; takes nothing."),
        ("approved", "Agreed to; takes nothing, and counts for pay and for projects."),
        ("rejected", "Not agreed to; takes entries, and can be handed in again."),
    ],
    steps: &[
        Step { action: "submit", from: &["open", "rejected"], to: "submitted", verb: "write" },
        Step { action: "withdraw", from: &["submitted"], to: "open", verb: "write" },
        Step { action: "approve", from: &["submitted"], to: "approved", verb: "approve" },
        Step { action: "reject", from: &["submitted"], to: "rejected", verb: "approve" },
        Step { action: "reopen", from: &["approved"], to: "open", verb: "approve" },
    ],
};

impl Named for Timesheet {
    const NAME: &'static str = "timesheets";
}

impl Resource for Timesheet {
    const PATH: &'static str = "/v1/timesheets";
    const SINGULAR: &'static str = "timesheet";
    const TAG: &'static str = "Working time";
    const SORT: &'static [SortKey] = &[SortKey::day("week_starts_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-week_starts_on";
    type Filter = TimesheetFilter;

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
    fn person(&self) -> Option<Uuid> {
        Some(self.employee_id)
    }
}

impl Stored for Timesheet {
    type Table = timesheets::table;
    const TABLE: &'static str = "timesheets";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: TimesheetFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(timesheets::status.eq(status)))
            .when(by.employee_id, |rows, id| rows.filter(timesheets::employee_id.eq(id)))
            .when(by.week_starts_on_from, |rows, day| rows.filter(timesheets::week_starts_on.ge(day)))
            .when(by.week_starts_on_to, |rows, day| rows.filter(timesheets::week_starts_on.le(day)))
    }
}

impl Written for Timesheet {
    type New = NewTimesheet;
    type Edit = EditTimesheet;

    async fn check_new(_: &mut Db, new: &NewTimesheet) -> Result<()> {
        use chrono::Datelike;
        if new.week_starts_on.weekday() == chrono::Weekday::Mon {
            return Ok(());
        }
        Err(Problem::invalid(vec![Fault::at("/week_starts_on", "no-monday", "must be a Monday")]))
    }
}

/// Submit a timesheet
///
/// Hands the week in. What of it is overtime is worked out by the employee's working pattern as it is now. From then on no entry of the
/// week can be added, changed or deleted. A week without entries is 409.
#[utoipa::path(post, path = "/v1/timesheets/{id}/submit", tag = "Working time")]
async fn submit_timesheet(may: May<Write, Timesheet>, id: Id<Timesheet>) -> Reply<Timesheet> {
    step(may, id, "submit").await
}

/// Withdraw a timesheet
///
/// A week that was handed in takes entries again.
#[utoipa::path(post, path = "/v1/timesheets/{id}/withdraw", tag = "Working time")]
async fn withdraw_timesheet(may: May<Write, Timesheet>, id: Id<Timesheet>) -> Reply<Timesheet> {
    step(may, id, "withdraw").await
}

/// Approve a timesheet
///
/// Says yes: with the reach `team` for those who report to the caller, and, while somebody is away who named the caller in
/// `/v1/approval-delegations`, on their behalf. Nobody approves their own week or one that they handed in. It counts for pay and for
/// projects. Where a policy of the organization asks for it, only with an approval of `approve`, which is used up.
#[utoipa::path(post, path = "/v1/timesheets/{id}/approve", tag = "Working time")]
async fn approve_timesheet(may: May<Approve, Timesheet>, id: Id<Timesheet>) -> Reply<Timesheet> {
    approvals::step(may, id, "approve").await
}

/// Why a week is not agreed to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectTimesheetRequest {
    /// Why not; the employee reads it.
    #[schema(min_length = 1, max_length = 500, example = "Thursday was on another project.")]
    reason: String,
}

/// Reject a timesheet
///
/// Says no, and why. The week takes entries again, and can be handed in again. Who may is as with approving.
#[utoipa::path(post, path = "/v1/timesheets/{id}/reject", tag = "Working time")]
async fn reject_timesheet(
    may: May<Approve, Timesheet>,
    id: Id<Timesheet>,
    why: Input<RejectTimesheetRequest>,
) -> Reply<Timesheet> {
    may.write(async |db| {
        let sheet = lock(&may, db, &id).await?;
        let rejected = (
            timesheets::status.eq(LIFE.step(sheet.status.as_str(), "reject")?),
            timesheets::rejection_reason.eq(&why.0.reason),
        );
        let one = timesheets::table.find((db.organization(), sheet.id));
        Ok(diesel::update(one).set(rejected).returning(Timesheet::as_returning()).get_result(db).await?)
    })
    .await
}

/// Reopen a timesheet
///
/// A week that was agreed to takes entries again, and counts for nothing until it is handed in and agreed to anew. Who may is as with
/// approving: not the employee.
#[utoipa::path(post, path = "/v1/timesheets/{id}/reopen", tag = "Working time")]
async fn reopen_timesheet(may: May<Approve, Timesheet>, id: Id<Timesheet>) -> Reply<Timesheet> {
    step(may, id, "reopen").await
}

pub fn routes(api: &mut Api) {
    api.readable::<Timesheet>()
        .creatable::<Timesheet>()
        .deletable::<Timesheet>()
        .call(operation!(submit_timesheet))
        .call(operation!(withdraw_timesheet))
        .call(operation!(approve_timesheet))
        .call(operation!(reject_timesheet))
        .call(operation!(reopen_timesheet));
}
