//! Leave requests: somebody wants to be away, and whoever is above them, or stands in for those, says yes or no.

use platform::prelude::*;
use schema::leave_requests;

/// Leave that somebody wants, has, or wanted.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = leave_requests)]
pub struct LeaveRequest {
    pub id: Uuid,
    pub version: i64,
    /// Who is away.
    pub employee_id: Uuid,
    /// Which leave it is.
    pub leave_type_id: Uuid,
    /// The first day.
    #[schema(example = "2026-08-03")]
    pub starts_on: NaiveDate,
    /// The last day.
    #[schema(example = "2026-08-14")]
    pub ends_on: NaiveDate,
    /// Whether the first day is worked until noon: then half of it counts.
    #[schema(example = false)]
    pub starts_at_noon: bool,
    /// Whether the last day is worked from noon on: then half of it counts.
    #[schema(example = false)]
    pub ends_at_noon: bool,
    /// How many working days it takes: those on which the employee would work, public holidays left out. As of when it was written, handed in
    /// or decided, whichever was last.
    #[schema(example = "10")]
    pub days: Quantity,
    /// What the employee says to it.
    #[schema(max_length = 500, example = json!(null))]
    pub note: Option<String>,
    /// Why it was rejected; null where it was not.
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
    pub status: LeaveRequestStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a request stands.
    pub enum LeaveRequestStatus {
        Draft = "draft", Submitted = "submitted", Approved = "approved", Rejected = "rejected", Cancelled = "cancelled",
    }
}

/// A request to be: a draft.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = leave_requests)]
#[serde(deny_unknown_fields)]
pub struct NewLeaveRequest {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Who is away; left out, the employee that the caller is. For others only as far as the permission reaches.
    #[serde(default)]
    #[schema(value_type = Uuid, required = false)]
    employee_id: Option<Uuid>,
    /// Which leave it is.
    leave_type_id: Uuid,
    /// The first day.
    #[schema(example = "2026-08-03")]
    starts_on: NaiveDate,
    /// The last day; a year after the first at the latest.
    #[schema(example = "2026-08-14")]
    ends_on: NaiveDate,
    /// Whether the first day is worked until noon.
    #[schema(example = false)]
    #[serde(default)]
    starts_at_noon: bool,
    /// Whether the last day is worked from noon on.
    #[schema(example = false)]
    #[serde(default)]
    ends_at_noon: bool,
    /// What the employee says to it.
    #[schema(min_length = 1, max_length = 500, example = "Two weeks at the sea")]
    note: Option<String>,
}

/// What of a draft can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = leave_requests)]
#[serde(deny_unknown_fields)]
pub struct EditLeaveRequest {
    /// Which leave it is.
    leave_type_id: Option<Uuid>,
    /// The first day.
    #[schema(example = "2026-08-03")]
    starts_on: Option<NaiveDate>,
    /// The last day.
    #[schema(example = "2026-08-12")]
    ends_on: Option<NaiveDate>,
    /// Whether the first day is worked until noon.
    #[schema(example = false)]
    starts_at_noon: Option<bool>,
    /// Whether the last day is worked from noon on.
    #[schema(example = false)]
    ends_at_noon: Option<bool>,
    /// What the employee says to it.
    #[schema(min_length = 1, max_length = 500, example = "A week and a half at the sea")]
    note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct LeaveRequestFilter {
    /// Only requests in this state.
    #[param(inline)]
    status: Option<LeaveRequestStatus>,
    /// Only requests of this employee.
    employee_id: Option<Uuid>,
    /// Only requests for this leave.
    leave_type_id: Option<Uuid>,
    /// Only leave that begins on this day or later.
    starts_on_from: Option<NaiveDate>,
    /// Only leave that begins on this day or earlier.
    starts_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Written, and open to changes."),
        ("submitted", "Handed in, and to be decided."),
        ("approved", "Agreed to: its days are taken off the balance, and stand in the calendar."),
        ("rejected", "Not agreed to."),
        ("cancelled", "Taken back; what it took is there again."),
    ],
    steps: &[
        Step { action: "submit", from: &["draft"], to: "submitted", verb: "write" },
        Step { action: "approve", from: &["submitted"], to: "approved", verb: "approve" },
        Step { action: "reject", from: &["submitted"], to: "rejected", verb: "approve" },
        Step { action: "cancel", from: &["draft", "submitted", "approved"], to: "cancelled", verb: "write" },
    ],
};

impl Named for LeaveRequest {
    const NAME: &'static str = "leave-requests";
}

impl Resource for LeaveRequest {
    const PATH: &'static str = "/v1/leave-requests";
    const SINGULAR: &'static str = "leave_request";
    const TAG: &'static str = "Working time";
    const SORT: &'static [SortKey] = &[SortKey::day("starts_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-starts_on";
    type Filter = LeaveRequestFilter;

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

impl Stored for LeaveRequest {
    type Table = leave_requests::table;
    const TABLE: &'static str = "leave_requests";
    const SEARCHED: &'static [&'static str] = &["note"];

    fn narrow(rows: Rows<Self>, by: LeaveRequestFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(leave_requests::status.eq(status)))
            .when(by.employee_id, |rows, id| rows.filter(leave_requests::employee_id.eq(id)))
            .when(by.leave_type_id, |rows, id| rows.filter(leave_requests::leave_type_id.eq(id)))
            .when(by.starts_on_from, |rows, day| rows.filter(leave_requests::starts_on.ge(day)))
            .when(by.starts_on_to, |rows, day| rows.filter(leave_requests::starts_on.le(day)))
    }
}

impl Written for LeaveRequest {
    type New = NewLeaveRequest;
    type Edit = EditLeaveRequest;

    async fn check_new(_: &mut Db, new: &NewLeaveRequest) -> Result<()> {
        check(new.starts_on, new.ends_on)
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditLeaveRequest) -> Result<()> {
        check(edit.starts_on.unwrap_or(row.starts_on), edit.ends_on.unwrap_or(row.ends_on))
    }
}

/// What the database holds too, told with its place.
fn check(starts_on: NaiveDate, ends_on: NaiveDate) -> Result<()> {
    let fault = match (ends_on - starts_on).num_days() {
        ..0 => Fault::at(
            "/ends_on",
            "before-first-day",
            format!("must not be before the first day, {starts_on}"),
        ),
        367.. => Fault::at("/ends_on", "too-long", "must be a year after the first day at the latest"),
        _ => return Ok(()),
    };
    Err(Problem::invalid(vec![fault]))
}

/// Submit a leave request
///
/// Hands it in. Its working days are counted anew, and held against what the employee has until then and what is agreed to already:
/// 409 where there is not enough, or where it overlaps other leave of theirs.
#[utoipa::path(post, path = "/v1/leave-requests/{id}/submit", tag = "Working time")]
async fn submit_leave_request(may: May<Write, LeaveRequest>, id: Id<LeaveRequest>) -> Reply<LeaveRequest> {
    step(may, id, "submit").await
}

/// Approve a leave request
///
/// Says yes: with the reach `team` for those who report to the caller, and, while somebody is away who named the caller in
/// `/v1/approval-delegations`, on their behalf for those whom they may approve for. Nobody approves what is their own or what they
/// handed in. The days are counted and held against the balance once more; of two approvals at once for which there is not enough
/// together, one succeeds. They are taken off the balance, and stand in the calendar. Where a policy of the organization asks for
/// it, only with an approval of `approve`, which is used up.
#[utoipa::path(post, path = "/v1/leave-requests/{id}/approve", tag = "Working time")]
async fn approve_leave_request(may: May<Approve, LeaveRequest>, id: Id<LeaveRequest>) -> Reply<LeaveRequest> {
    approvals::step(may, id, "approve").await
}

/// Why a leave is not agreed to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectLeaveRequestRequest {
    /// Why not; the employee reads it.
    #[schema(min_length = 1, max_length = 500, example = "The annual closing falls into these two weeks.")]
    reason: String,
}

/// Reject a leave request
///
/// Says no, and why. Who may is as with approving. It is over with that: the employee can ask again for other days.
#[utoipa::path(post, path = "/v1/leave-requests/{id}/reject", tag = "Working time")]
async fn reject_leave_request(
    may: May<Approve, LeaveRequest>,
    id: Id<LeaveRequest>,
    why: Input<RejectLeaveRequestRequest>,
) -> Reply<LeaveRequest> {
    may.write(async |db| {
        let request = lock(&may, db, &id).await?;
        let rejected = (
            leave_requests::status.eq(LIFE.step(request.status.as_str(), "reject")?),
            leave_requests::rejection_reason.eq(&why.0.reason),
        );
        let one = leave_requests::table.find((db.organization(), request.id));
        Ok(diesel::update(one).set(rejected).returning(LeaveRequest::as_returning()).get_result(db).await?)
    })
    .await
}

/// Cancel a leave request
///
/// Takes it back. What it took of the balance is there again, and its days are working days. What has begun already is cancelled by
/// whoever the permission reaches further than to themselves.
#[utoipa::path(post, path = "/v1/leave-requests/{id}/cancel", tag = "Working time")]
async fn cancel_leave_request(may: May<Write, LeaveRequest>, id: Id<LeaveRequest>) -> Reply<LeaveRequest> {
    step(may, id, "cancel").await
}

pub fn routes(api: &mut Api) {
    api.resource::<LeaveRequest>()
        .call(operation!(submit_leave_request))
        .call(operation!(approve_leave_request))
        .call(operation!(reject_leave_request))
        .call(operation!(cancel_leave_request));
}
