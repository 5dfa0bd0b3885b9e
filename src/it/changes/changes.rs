//! Changes and upgrades: planned, agreed to, done in a window, and looked at afterwards; those that failed or were taken back among them.

use crate::risks::{ChangeLevel, RiskLevel};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::Bool;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use platform::prelude::*;
use schema::changes;

/// Something that is changed on systems.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = changes)]
pub struct Change {
    pub id: Uuid,
    pub version: i64,
    /// Its number, as people quote it.
    #[schema(max_length = 20, example = "CHG-00042")]
    pub number: String,
    /// What it is called.
    #[schema(max_length = 200, example = "Upgrade the payroll database")]
    pub title: String,
    /// What kind of change it is.
    #[schema(example = "normal")]
    pub kind: ChangeKind,
    /// Why it is done.
    #[schema(max_length = 5000, example = "Version 14 is supported no longer.")]
    pub reason: String,
    /// How much goes wrong where it does.
    #[schema(example = "high")]
    pub impact: ChangeLevel,
    /// How likely it is to go wrong.
    #[schema(example = "low")]
    pub likelihood: ChangeLevel,
    /// How risky it is, by the matrix of risks.
    #[schema(example = "medium")]
    pub risk: RiskLevel,
    /// The systems that are changed.
    #[schema(max_items = 100)]
    #[diesel(select_expression = system_ids())]
    #[diesel(select_expression_type = SqlLiteral<Array<SqlUuid>>)]
    pub system_ids: Vec<Uuid>,
    /// The employee who does it.
    pub assignee_id: Option<Uuid>,
    /// What is done.
    #[schema(max_length = 10000, example = "Stop, upgrade, start.")]
    pub plan: Option<String>,
    /// How one sees that it works.
    #[schema(max_length = 10000, example = "Run the payroll of the test company.")]
    pub test_plan: Option<String>,
    /// How it is taken back.
    #[schema(max_length = 10000, example = "Restore the backup.")]
    pub rollback_plan: Option<String>,
    /// When its window begins: wished for until it is scheduled.
    #[schema(example = "2030-01-12T20:00:00Z")]
    pub starts_at: Option<DateTime<Utc>>,
    /// When its window ends, within 31 days.
    #[schema(example = "2030-01-12T23:00:00Z")]
    pub ends_at: Option<DateTime<Utc>>,
    /// How often it was moved, as calendars count.
    #[schema(minimum = 0, example = 0)]
    pub sequence: i32,
    /// Why it was rejected.
    #[schema(max_length = 500, example = json!(null))]
    pub decision_reason: Option<String>,
    /// When it was begun.
    #[schema(example = json!(null))]
    pub started_at: Option<DateTime<Utc>>,
    /// When it was over.
    #[schema(example = json!(null))]
    pub finished_at: Option<DateTime<Utc>>,
    /// What became of it.
    #[schema(example = json!(null))]
    pub outcome: Option<ChangeOutcome>,
    /// What happened.
    #[schema(max_length = 5000, example = json!(null))]
    pub outcome_note: Option<String>,
    /// What was learnt from it.
    #[schema(max_length = 5000, example = json!(null))]
    pub review: Option<String>,
    pub status: ChangeStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An array whose elements Diesel would take for nullable.
fn system_ids() -> SqlLiteral<Array<SqlUuid>> {
    sql("changes.system_ids")
}

text_enum! {
    /// A standard change is done often and agreed to once for all; an emergency can not wait for the end of a freeze.
    pub enum ChangeKind { Standard = "standard", Normal = "normal", Emergency = "emergency" }
}

text_enum! {
    /// What became of a change.
    pub enum ChangeOutcome { Implemented = "implemented", Failed = "failed", RolledBack = "rolled_back" }
}

text_enum! {
    /// Where a change stands.
    pub enum ChangeStatus { Draft = "draft", Submitted = "submitted", Approved = "approved", Rejected = "rejected", Scheduled = "scheduled", InProgress = "in_progress", Implemented = "implemented", Failed = "failed", RolledBack = "rolled_back", Reviewed = "reviewed", Closed = "closed", Cancelled = "cancelled" }
}

/// A change to be: a draft.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = changes, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewChange {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Upgrade the payroll database")]
    title: String,
    /// What kind of change it is.
    #[schema(example = "normal")]
    kind: ChangeKind,
    /// Why it is done.
    #[schema(min_length = 1, max_length = 5000, example = "Version 14 is supported no longer.")]
    reason: String,
    /// How much goes wrong where it does.
    #[schema(example = "high")]
    impact: ChangeLevel,
    /// How likely it is to go wrong.
    #[schema(example = "low")]
    likelihood: ChangeLevel,
    /// The systems that are changed.
    #[schema(min_items = 1, max_items = 100)]
    system_ids: Vec<Uuid>,
    /// The employee who does it.
    assignee_id: Option<Uuid>,
    /// What is done; asked for when it is handed in.
    #[schema(min_length = 1, max_length = 10000, example = "Stop, upgrade, start.")]
    plan: Option<String>,
    /// How one sees that it works; asked for when it is handed in.
    #[schema(min_length = 1, max_length = 10000, example = "Run the payroll of the test company.")]
    test_plan: Option<String>,
    /// How it is taken back; asked for when it is handed in.
    #[schema(min_length = 1, max_length = 10000, example = "Restore the backup.")]
    rollback_plan: Option<String>,
    /// When its window begins: wished for until it is scheduled.
    #[schema(example = "2030-01-12T20:00:00Z")]
    starts_at: Option<DateTime<Utc>>,
    /// When its window ends, within 31 days.
    #[schema(example = "2030-01-12T23:00:00Z")]
    ends_at: Option<DateTime<Utc>>,
}

/// What of a draft can be changed; of what was handed in, only who does it.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = changes)]
#[serde(deny_unknown_fields)]
pub struct EditChange {
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Upgrade the payroll database to 17.2")]
    title: Option<String>,
    /// What kind of change it is.
    #[schema(example = "normal")]
    kind: Option<ChangeKind>,
    /// Why it is done.
    #[schema(min_length = 1, max_length = 5000, example = "Version 14 is supported until November.")]
    reason: Option<String>,
    /// How much goes wrong where it does.
    #[schema(example = "medium")]
    impact: Option<ChangeLevel>,
    /// How likely it is to go wrong.
    #[schema(example = "low")]
    likelihood: Option<ChangeLevel>,
    /// The systems that are changed.
    #[schema(min_items = 1, max_items = 100)]
    system_ids: Option<Vec<Uuid>>,
    /// The employee who does it.
    assignee_id: Option<Option<Uuid>>,
    /// What is done; asked for when it is handed in.
    #[schema(min_length = 1, max_length = 10000, example = "Stop, back up, upgrade, start.")]
    plan: Option<Option<String>>,
    /// How one sees that it works; asked for when it is handed in.
    #[schema(min_length = 1, max_length = 10000, example = "Run the payroll of the test company twice.")]
    test_plan: Option<Option<String>>,
    /// How it is taken back; asked for when it is handed in.
    #[schema(min_length = 1, max_length = 10000, example = "Restore the backup, point the service at it.")]
    rollback_plan: Option<Option<String>>,
    /// When its window begins: wished for until it is scheduled.
    #[schema(example = "2030-01-13T20:00:00Z")]
    starts_at: Option<Option<DateTime<Utc>>>,
    /// When its window ends, within 31 days.
    #[schema(example = "2030-01-13T23:00:00Z")]
    ends_at: Option<Option<DateTime<Utc>>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ChangeFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<ChangeStatus>,
    /// Only changes of this kind.
    #[param(inline)]
    kind: Option<ChangeKind>,
    /// Only changes as risky as this.
    #[param(inline)]
    risk: Option<RiskLevel>,
    /// Only changes that this employee does.
    assignee_id: Option<Uuid>,
    /// Only changes of which this became.
    #[param(inline)]
    outcome: Option<ChangeOutcome>,
    /// Only changes of this system.
    system_id: Option<Uuid>,
    /// Only changes whose window begins then or later.
    starts_at_from: Option<DateTime<Utc>>,
    /// Only changes whose window begins then or earlier.
    starts_at_to: Option<DateTime<Utc>>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("draft", "Written, and open to changes."),
        ("submitted", "Handed in; waits for a decision."),
        ("approved", "Agreed to; waits for a window."),
        ("rejected", "Not agreed to; can be revised."),
        ("scheduled", "Has its window."),
        ("in_progress", "Being done."),
        ("implemented", "Done, and works."),
        ("failed", "Went wrong, and is not taken back."),
        ("rolled_back", "Taken back."),
        ("reviewed", "What was learnt from it is written down."),
        ("closed", "Over."),
        ("cancelled", "Never done."),
    ],
    steps: &[
        Step { action: "submit", from: &["draft"], to: "submitted", verb: "write" },
        Step { action: "approve", from: &["submitted"], to: "approved", verb: "approve" },
        Step { action: "reject", from: &["submitted"], to: "rejected", verb: "approve" },
        Step { action: "revise", from: &["submitted", "approved", "rejected"], to: "draft", verb: "write" },
        Step { action: "schedule", from: &["approved", "scheduled"], to: "scheduled", verb: "write" },
        Step { action: "start", from: &["scheduled"], to: "in_progress", verb: "run" },
        Step { action: "implement", from: &["in_progress"], to: "implemented", verb: "run" },
        Step { action: "fail", from: &["in_progress"], to: "failed", verb: "run" },
        Step {
            action: "roll_back",
            from: &["in_progress", "implemented", "failed"],
            to: "rolled_back",
            verb: "run",
        },
        Step {
            action: "review",
            from: &["implemented", "failed", "rolled_back"],
            to: "reviewed",
            verb: "write",
        },
        Step { action: "close", from: &["reviewed"], to: "closed", verb: "write" },
        Step {
            action: "cancel",
            from: &["draft", "submitted", "approved", "rejected", "scheduled"],
            to: "cancelled",
            verb: "write",
        },
    ],
};

impl Named for Change {
    const NAME: &'static str = "changes";
}

impl Resource for Change {
    const PATH: &'static str = "/v1/changes";
    const SINGULAR: &'static str = "change";
    const TAG: &'static str = "Changes";
    const SORT: &'static [SortKey] = &[SortKey::text("number"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-number";
    type Filter = ChangeFilter;

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

impl Stored for Change {
    type Table = changes::table;
    const TABLE: &'static str = "changes";
    const SEARCHED: &'static [&'static str] = &["number", "title"];

    fn narrow(rows: Rows<Self>, by: ChangeFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(changes::status.eq(status))).when(by.kind, |rows, kind| rows.filter(changes::kind.eq(kind))).when(by.risk, |rows, risk| rows.filter(changes::risk.eq(risk))).when(by.assignee_id, |rows, assignee_id| rows.filter(changes::assignee_id.eq(assignee_id))).when(by.outcome, |rows, outcome| rows.filter(changes::outcome.eq(outcome))).when(by.system_id, |rows, system_id| rows.filter(sql::<Bool>("changes.id in (select resource_id from affected_systems where org_id = (select current_org()) and system_id = ").bind::<SqlUuid, _>(system_id).sql(")"))).when(by.starts_at_from, |rows, starts_at_from| rows.filter(changes::starts_at.ge(starts_at_from))).when(by.starts_at_to, |rows, starts_at_to| rows.filter(changes::starts_at.le(starts_at_to)))
    }
}

impl Written for Change {
    type New = NewChange;
    type Edit = EditChange;
}

/// Submit a change
///
/// Hands it in: its plan, its test and its way back have to be there. How risky it is follows from the matrix. A standard change of low risk was agreed to once for all,
/// and is approved by that.
#[utoipa::path(post, path = "/v1/changes/{id}/submit", tag = "Changes")]
async fn submit_change(may: May<Write, Change>, id: Id<Change>) -> Reply<Change> {
    step(may, id, "submit").await
}

/// Approve a change
///
/// Agrees to it. Nobody decides on a change that they wrote or handed in. Where a policy of the organization asks for it, such as one for all that is of a high risk, only with an
/// approval of `approve`: such policies are the approval board.
#[utoipa::path(post, path = "/v1/changes/{id}/approve", tag = "Changes")]
async fn approve_change(may: May<Approve, Change>, id: Id<Change>) -> Reply<Change> {
    approvals::step(may, id, "approve").await
}

/// Why a change is not agreed to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectChangeRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "The backup was never tried out.")]
    decision_reason: String,
}

/// Reject a change
///
/// It is not agreed to, and says why. It can be revised and handed in anew.
#[utoipa::path(post, path = "/v1/changes/{id}/reject", tag = "Changes")]
async fn reject_change(
    may: May<Approve, Change>,
    id: Id<Change>,
    why: Input<RejectChangeRequest>,
) -> Reply<Change> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            changes::status.eq(LIFE.step(row.status.as_str(), "reject")?),
            changes::decision_reason.eq(&why.0.decision_reason),
        );
        let one = changes::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Change::as_returning()).get_result(db).await?)
    })
    .await
}

/// Revise a change
///
/// It is a draft again, open to changes, and has to be handed in and decided on anew.
#[utoipa::path(post, path = "/v1/changes/{id}/revise", tag = "Changes")]
async fn revise_change(may: May<Write, Change>, id: Id<Change>) -> Reply<Change> {
    step(may, id, "revise").await
}

/// The window of a change.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleChangeRequest {
    /// When it begins.
    #[schema(example = "2030-01-12T20:00:00Z")]
    starts_at: DateTime<Utc>,
    /// When it ends, within 31 days.
    #[schema(example = "2030-01-12T23:00:00Z")]
    ends_at: DateTime<Utc>,
}

/// Schedule a change
///
/// Gives it its window, or another one. A window in a freeze is refused, which only an emergency may have. What else it meets is shown by `conflicts`.
#[utoipa::path(post, path = "/v1/changes/{id}/schedule", tag = "Changes")]
async fn schedule_change(
    may: May<Write, Change>,
    id: Id<Change>,
    window: Input<ScheduleChangeRequest>,
) -> Reply<Change> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            changes::status.eq(LIFE.step(row.status.as_str(), "schedule")?),
            changes::starts_at.eq(window.0.starts_at),
            changes::ends_at.eq(window.0.ends_at),
        );
        let one = changes::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Change::as_returning()).get_result(db).await?)
    })
    .await
}

/// Cancel a change
///
/// It is never done. Calendars that know of it strike it out.
#[utoipa::path(post, path = "/v1/changes/{id}/cancel", tag = "Changes")]
async fn cancel_change(may: May<Write, Change>, id: Id<Change>) -> Reply<Change> {
    step(may, id, "cancel").await
}

pub fn routes(api: &mut Api) {
    api.readable::<Change>()
        .creatable::<Change>()
        .changeable::<Change>()
        .deletable::<Change>()
        .call(operation!(submit_change))
        .call(operation!(approve_change))
        .call(operation!(reject_change))
        .call(operation!(revise_change))
        .call(operation!(schedule_change))
        .call(operation!(cancel_change));
}
