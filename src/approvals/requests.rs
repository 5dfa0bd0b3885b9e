//! Approvals: somebody asks for a yes to doing something to something, and those whom the policies name say yes or no. A yes
//! holds for the content that was asked about, once: whatever changes makes it void.
//!
//! There is one collection for all resources, and not an action on each: what can be approved is said in one line of a
//! migration, and a client that has learnt to ask for one approval can ask for all.

use diesel::QueryableByName;
use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use platform::page::{ListQuery, PageOfIds};
use platform::prelude::*;
use schema::approvals;
use serde_json::Value;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

/// A request for a yes, and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = approvals)]
pub struct Approval {
    pub id: Uuid,
    pub version: i64,
    /// What it is about.
    #[schema(max_length = 63, example = "positions")]
    pub resource: String,
    /// The id of what it is about.
    pub resource_id: Uuid,
    /// What is to be done to it.
    #[schema(max_length = 63, example = "change-headcount")]
    pub action: String,
    /// What is to be changed, where the action takes that: the body that will be sent.
    #[schema(schema_with = any_change)]
    pub change: Value,
    /// Why it is asked for.
    #[schema(max_length = 1000, example = "The new warehouse opens in May.")]
    pub note: Option<String>,
    /// The user who asked.
    pub created_by: Option<Uuid>,
    /// The version of what it is about when it was asked for. The approval holds for this one alone.
    #[schema(minimum = 1, example = 3)]
    pub seen_version: i64,
    /// SHA-256 of that row and the change, in hexadecimal digits.
    #[schema(max_length = 64, example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub seen_digest: String,
    /// What the policies asked for at that moment, one step after the other.
    #[schema(value_type = Vec<ApprovalStep>, max_items = 200)]
    pub steps: Value,
    /// The step that it is at, or ended at, beginning with 1.
    #[schema(minimum = 1, example = 1)]
    pub step: i32,
    /// What was said, in that order.
    #[schema(value_type = Vec<ApprovalDecision>, max_items = 4000)]
    pub decisions: Value,
    /// When the time limit of its step ends, by which those in `then` are asked as well.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether that moment has passed.
    #[schema(example = false)]
    pub escalated: bool,
    pub status: ApprovalStatus,
    /// Why it was rejected, or made void.
    #[schema(max_length = 1000, example = json!(null))]
    pub outcome: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A body of whatever operation.
fn any_change() -> Object {
    let told = "What is to be changed, where the action takes that: the body that will be sent, all of it and nothing else.";
    let object = ObjectBuilder::new().schema_type(Type::Object).max_properties(Some(50));
    object.description(Some(told)).examples([json!({"approved_headcount": 12})]).build()
}

text_enum! {
    /// What became of a request.
    pub enum ApprovalStatus {
        Waiting = "waiting", Approved = "approved", Rejected = "rejected", Withdrawn = "withdrawn", Void = "void", Used = "used"
    }
}

text_enum! {
    /// What somebody said.
    pub enum ApprovalAnswer { Approve = "approve", Reject = "reject" }
}

/// A step as its policy was when it was asked for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it tells the contract what the database keeps")]
pub struct ApprovalStep {
    /// The policy that asks for it.
    policy_id: Uuid,
    /// What that was called.
    #[schema(max_length = 100, example = "Large teams")]
    policy: String,
    /// Its version.
    #[schema(minimum = 1, example = 1)]
    policy_version: i64,
    /// Whether whoever asked may decide.
    #[schema(example = false)]
    maker_may_decide: bool,
    /// Whoever holds this role can decide.
    #[schema(max_length = 63, example = "executive")]
    role: Option<String>,
    /// The manager so many levels above whoever asked can decide.
    #[schema(example = json!(null))]
    manager_levels: Option<i32>,
    /// These users can decide.
    #[schema(max_items = 50, example = json!(null))]
    user_ids: Option<Vec<Uuid>>,
    /// How many have to say yes.
    #[schema(minimum = 1, example = 1)]
    required: i32,
    /// Hours after which those in `then` are asked as well.
    #[schema(example = 72)]
    time_limit_hours: Option<i32>,
    /// Who is asked as well when the time is over, or where too few can be asked.
    then: Option<crate::policies::ApprovalSuccessors>,
}

/// What somebody said.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it tells the contract what the database keeps")]
pub struct ApprovalDecision {
    /// In which step.
    #[schema(minimum = 1, example = 1)]
    step: i32,
    decision: ApprovalAnswer,
    /// The user who said it.
    by: Uuid,
    /// The user for whom they stood in.
    #[schema(example = json!(null))]
    on_behalf_of: Option<Uuid>,
    /// Why.
    #[schema(max_length = 1000, example = json!(null))]
    reason: Option<String>,
    /// When.
    at: DateTime<Utc>,
}

/// A request to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = approvals)]
#[serde(deny_unknown_fields)]
pub struct NewApproval {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is about: `departments`, `positions`.
    #[schema(max_length = 63, pattern = "^[a-z][a-z0-9-]{1,62}$", example = "positions")]
    resource: String,
    /// The id of what it is about, which the caller may read.
    resource_id: Uuid,
    /// What is to be done to it: `archive` a department, `change-headcount` of a position.
    #[schema(max_length = 63, pattern = "^[a-z][a-z0-9-]{1,62}$", example = "change-headcount")]
    action: String,
    /// What is to be changed, where the action takes that: the body that will be sent, all of it and nothing else.
    #[schema(schema_with = any_change)]
    change: Option<Value>,
    /// Why it is asked for.
    #[schema(min_length = 1, max_length = 1000, example = "The new warehouse opens in May.")]
    note: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ApprovalFilter {
    /// `me`: only what waits for the caller, or for somebody for whom the caller stands in. Everybody's inbox.
    #[param(inline)]
    waiting_for: Option<WaitingFor>,
    /// Only approvals in this state.
    #[param(inline)]
    status: Option<ApprovalStatus>,
    /// Only approvals about this resource.
    #[param(min_length = 2, max_length = 63)]
    resource: Option<String>,
    /// Only approvals about the one with this id.
    resource_id: Option<Uuid>,
    /// Only what this user asked for.
    created_by: Option<Uuid>,
    #[param(ignore)]
    #[serde(skip)]
    page: Option<PageOfIds>,
}

text_enum! {
    /// For whom an approval waits.
    pub enum WaitingFor { Me = "me" }
}

static LIFE: Life = Life {
    states: &[
        ("waiting", "Somebody has to decide."),
        ("approved", "All have said yes. It holds for what was asked about, and is used up by doing that."),
        ("rejected", "Somebody has said no."),
        ("withdrawn", "Whoever asked took it back."),
        ("void", "What was asked about has changed since, or is gone."),
        ("used", "What was asked about was done."),
    ],
    steps: &[
        Step { action: "approve", from: &["waiting"], to: "approved", verb: "approve" },
        Step { action: "reject", from: &["waiting"], to: "rejected", verb: "approve" },
        Step { action: "withdraw", from: &["waiting", "approved"], to: "withdrawn", verb: "write" },
    ],
};

impl Named for Approval {
    const NAME: &'static str = "approvals";
}

impl Resource for Approval {
    const PATH: &'static str = "/v1/approvals";
    const SINGULAR: &'static str = "approval";
    const TAG: &'static str = "Approvals";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    type Filter = ApprovalFilter;

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

impl Stored for Approval {
    type Table = approvals::table;
    const TABLE: &'static str = "approvals";
    const SEARCHED: &'static [&'static str] = &["note"];

    fn narrow(rows: Rows<Self>, by: ApprovalFilter) -> Rows<Self> {
        rows.when(by.waiting_for, |rows, WaitingFor::Me| waits_for_me(rows, by.page))
            .when(by.status, |rows, status| rows.filter(approvals::status.eq(status)))
            .when(by.resource, |rows, resource| rows.filter(approvals::resource.eq(resource)))
            .when(by.resource_id, |rows, id| rows.filter(approvals::resource_id.eq(id)))
            .when(by.created_by, |rows, id| rows.filter(approvals::created_by.eq(id)))
    }

    fn filter_of_page(query: &ListQuery<ApprovalFilter>, rows: i64) -> ApprovalFilter {
        let filter = query.filter.clone();
        let others =
            (&filter.status, &filter.resource, &filter.resource_id, &filter.created_by, &query.search);
        let is_whole = matches!(others, (None | Some(ApprovalStatus::Waiting), None, None, None, None));
        let page = query.page_of_ids(rows).filter(|_| is_whole);
        ApprovalFilter { page, ..filter }
    }
}

/// What waits for the caller. As an array, and for a page no longer than that: a join would be planned as one over all that
/// waits for anybody, or for the caller, whichever is longer.
const MINE: &str = "approvals.id = any(array(select distinct w.approval_id from approval_waits w
    where w.org_id = (select current_org()) and w.user_id = (select current_caller()) and w.since <= now() and w.until > now()";

fn waits_for_me(rows: Rows<Approval>, page: Option<PageOfIds>) -> Rows<Approval> {
    let Some(PageOfIds { behind, descending, rows: most }) = page else {
        return rows.filter(sql::<Bool>(&format!("{MINE}))")));
    };
    let (side, order) = if descending { ("<", "desc") } else { (">", "asc") };
    rows.filter(
        sql::<Bool>(&format!("{MINE} and w.approval_id {side} "))
            .bind::<SqlUuid, _>(behind)
            .sql(&format!(" order by w.approval_id {order} limit "))
            .bind::<BigInt, _>(most)
            .sql("))"),
    )
}

/// Ask for an approval
///
/// Of doing an action to something, which the caller may read. What the policies that apply ask for at this moment is copied
/// into the request: a policy that changes later neither loosens nor tightens it. It holds for the content that is there now,
/// and for the `change` that is named; when anything of that changes, it is void. One request at a time can wait for the same.
#[utoipa::path(post, path = "/v1/approvals", tag = "Approvals")]
async fn request_approval(may: May<Write, Approval>, new: Input<NewApproval>) -> Reply<Created<Approval>> {
    may.write(async |db| {
        let request = diesel::insert_into(approvals::table).values(new.0.clone());
        Ok(Created(request.returning(Approval::as_returning()).get_result(db).await?))
    })
    .await
}

/// A yes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveApprovalRequest {
    /// What goes with it.
    #[schema(min_length = 1, max_length = 1000, example = "As agreed in the budget.")]
    reason: Option<String>,
}

/// A no.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectApprovalRequest {
    /// Why not; whoever asked reads it.
    #[schema(min_length = 1, max_length = 1000, example = "Not before the audit is over.")]
    reason: String,
}

/// Approve
///
/// Says yes to the step that it is at. Only those for whom it waits can, and nobody twice in a step. With the last yes of
/// the last step it is approved: whoever may do what was asked about can do it now, once, as long as nothing changes.
#[utoipa::path(post, path = "/v1/approvals/{id}/approve", tag = "Approvals")]
async fn approve_approval(
    may: May<Approve, Approval>,
    id: Id<Approval>,
    yes: Input<ApproveApprovalRequest>,
) -> Reply<Approval> {
    decide(may, id, "approve", yes.0.reason).await
}

/// Reject
///
/// Says no, and why. One no ends it.
#[utoipa::path(post, path = "/v1/approvals/{id}/reject", tag = "Approvals")]
async fn reject_approval(
    may: May<Approve, Approval>,
    id: Id<Approval>,
    no: Input<RejectApprovalRequest>,
) -> Reply<Approval> {
    decide(may, id, "reject", Some(no.0.reason)).await
}

async fn decide(
    may: May<Approve, Approval>,
    id: Id<Approval>,
    decision: &str,
    reason: Option<String>,
) -> Reply<Approval> {
    may.write(async |db| {
        let approval = lock(&may, db, &id).await?;
        LIFE.step(approval.status.as_str(), decision)?;
        let decided = diesel::sql_query("select * from decide_approval($1, $2, $3)")
            .bind::<SqlUuid, _>(approval.id)
            .bind::<Text, _>(decision)
            .bind::<Nullable<Text>, _>(&reason);
        Ok(decided.get_result(db).await?)
    })
    .await
}

/// Withdraw a request for approval
///
/// Whoever asked takes it back, also after a yes that was not used.
#[utoipa::path(post, path = "/v1/approvals/{id}/withdraw", tag = "Approvals")]
async fn withdraw_approval(may: May<Write, Approval>, id: Id<Approval>) -> Reply<Approval> {
    may.write(async |db| {
        let approval = lock(&may, db, &id).await?;
        LIFE.step(approval.status.as_str(), "withdraw")?;
        let withdrawn =
            diesel::sql_query("select * from withdraw_approval($1)").bind::<SqlUuid, _>(approval.id);
        Ok(withdrawn.get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<Approval>()
        .call(operation!(request_approval))
        .call(operation!(approve_approval))
        .call(operation!(reject_approval))
        .call(operation!(withdraw_approval));
}
