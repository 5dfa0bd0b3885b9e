//! Cases: a customer whom the front office can not help. What happened, what was promised, what they want; who solves it, until when, and the answer that goes back.

use diesel::dsl::sql;
use diesel::sql_types::Bool;
use platform::job::{Running, Task};
use platform::prelude::*;
use schema::cases;
use serde_json::Value;

/// What the front office can not solve for a customer. All of it is for the front office to read.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = cases)]
pub struct Case {
    pub id: Uuid,
    pub version: i64,
    /// The number that people quote; unique.
    #[schema(max_length = 40, example = "CASE-00042")]
    pub number: String,
    /// The customer.
    pub party_id: Uuid,
    /// What it is about.
    #[schema(max_length = 200, example = "Charged twice for March")]
    pub subject: String,
    /// What happened.
    #[schema(max_length = 10_000, example = "They paid the invoice of March, and were billed for it again.")]
    pub happened: String,
    /// What they were promised.
    #[schema(max_length = 4000, example = "That somebody looks into it by Friday.")]
    pub promised: Option<String>,
    /// What they want.
    #[schema(max_length = 4000, example = "The second charge back.")]
    pub wanted: String,
    /// What the company may lose, in `currency`.
    #[schema(example = "12000.00")]
    pub value_at_risk: Option<Money>,
    /// The currency of that (ISO 4217).
    #[schema(max_length = 3, example = "RON")]
    pub currency: Option<String>,
    /// The kind of resource that it is about, as in its path: an invoice, an order.
    #[schema(max_length = 63, example = "invoices")]
    pub resource: Option<String>,
    /// Which one it is about.
    pub resource_id: Option<Uuid>,
    /// The employee who solves it; null while nobody does.
    pub owner_id: Option<Uuid>,
    /// By when the customer was promised an answer.
    #[schema(example = "2026-12-04T16:00:00Z")]
    pub due_at: DateTime<Utc>,
    pub promise: Promise,
    /// What is done for the customer; null until it is decided.
    pub decision: Option<Decision>,
    /// What the front office may tell the customer; null until it is answered.
    #[schema(max_length = 10_000, example = "The second charge is credited; the money is on its way.")]
    pub answer: Option<String>,
    /// When it was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// Why it was withdrawn or reopened.
    #[schema(max_length = 2000, example = json!(null))]
    pub end_reason: Option<String>,
    pub status: CaseStatus,
    /// Who opened it: a user or an API client.
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a case stands.
    pub enum CaseStatus {
        Open = "open", InProgress = "in_progress", Decided = "decided", Answered = "answered", Closed = "closed", Withdrawn = "withdrawn"
    }
}

text_enum! {
    /// Whether the answer came when it was promised.
    pub enum Promise { Open = "open", Kept = "kept", Broken = "broken" }
}

text_enum! {
    /// What is done for the customer.
    pub enum Decision { Apology = "apology", Replacement = "replacement", CreditNote = "credit_note", None = "none" }
}

/// A case to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = cases)]
#[serde(deny_unknown_fields)]
pub struct NewCase {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The customer.
    party_id: Uuid,
    /// What it is about.
    #[schema(min_length = 1, max_length = 200, example = "Charged twice for March")]
    subject: String,
    /// What happened.
    #[schema(
        min_length = 1,
        max_length = 10_000,
        example = "They paid the invoice of March, and were billed for it again."
    )]
    happened: String,
    /// What they were promised.
    #[schema(min_length = 1, max_length = 4000, example = "That somebody looks into it by Friday.")]
    promised: Option<String>,
    /// What they want.
    #[schema(min_length = 1, max_length = 4000, example = "The second charge back.")]
    wanted: String,
    /// What the company may lose, in `currency`.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,16}(\.[0-9]{1,4})?$", example = "12000.00")]
    value_at_risk: Option<Money>,
    /// The currency of that (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "RON")]
    currency: Option<String>,
    /// The kind of resource that it is about, as in its path: an invoice, an order.
    #[schema(max_length = 63, pattern = "^[a-z][a-z-]*$", example = "invoices")]
    resource: Option<String>,
    /// Which one it is about: one that the caller may read. It stays.
    #[schema(example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    resource_id: Option<Uuid>,
    /// By when the customer was promised an answer.
    #[schema(example = "2026-12-04T16:00:00Z")]
    due_at: DateTime<Utc>,
}

/// What of a case can be changed while it is not over. What the front office told stays.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = cases)]
#[serde(deny_unknown_fields)]
pub struct EditCase {
    /// What it is about.
    #[schema(min_length = 1, max_length = 200, example = "Charged twice for March and April")]
    subject: Option<String>,
    /// What the company may lose, in `currency`.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,16}(\.[0-9]{1,4})?$", example = "18000.00")]
    value_at_risk: Option<Option<Money>>,
    /// The currency of that (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "RON")]
    currency: Option<Option<String>>,
    /// By when the customer was promised an answer. A promise that was broken stays so.
    #[schema(example = "2199-12-04T16:00:00Z")]
    due_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CaseFilter {
    /// Only cases in this state.
    #[param(inline)]
    status: Option<CaseStatus>,
    /// Only cases of this customer.
    party_id: Option<Uuid>,
    /// Only cases that this employee solves.
    owner_id: Option<Uuid>,
    /// Only cases whose promise stands so.
    #[param(inline)]
    promise: Option<Promise>,
    /// Only cases for which this was decided.
    #[param(inline)]
    decision: Option<Decision>,
    /// Only cases about this kind of resource.
    #[param(min_length = 1, max_length = 63)]
    resource: Option<String>,
    /// Only cases about this one.
    resource_id: Option<Uuid>,
    /// Only the case with this number.
    #[param(min_length = 1, max_length = 40)]
    number: Option<String>,
    /// Only cases that the caller solves (`true`), or only others.
    mine: Option<bool>,
    /// Only cases for which an answer was promised by then or later.
    due_at_from: Option<DateTime<Utc>>,
    /// Only cases for which an answer was promised by then or earlier.
    due_at_to: Option<DateTime<Utc>>,
}

static LIFE: Life = Life {
    states: &[
        ("open", "Nobody solves it yet."),
        ("in_progress", "Somebody does."),
        ("decided", "What is done for the customer is decided."),
        ("answered", "The front office has its answer."),
        ("closed", "The customer has it, too."),
        ("withdrawn", "The front office solved it itself, or the customer did not go on."),
    ],
    steps: &[
        Step { action: "assign", from: &["open", "in_progress"], to: "in_progress", verb: "assign" },
        Step { action: "assign", from: &["decided"], to: "decided", verb: "assign" },
        Step { action: "answer", from: &["open", "in_progress", "decided"], to: "answered", verb: "write" },
        Step { action: "close", from: &["answered"], to: "closed", verb: "run" },
        Step { action: "reopen", from: &["answered", "closed"], to: "open", verb: "run" },
        Step { action: "withdraw", from: &["open", "in_progress"], to: "withdrawn", verb: "run" },
    ],
};

impl Named for Case {
    const NAME: &'static str = "cases";
}

impl Resource for Case {
    const PATH: &'static str = "/v1/cases";
    const SINGULAR: &'static str = "case";
    const TAG: &'static str = "Cases";
    const SORT: &'static [SortKey] =
        &[SortKey::instant("due_at"), SortKey::text("number"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "due_at";
    type Filter = CaseFilter;

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
        self.owner_id
    }
}

impl Stored for Case {
    type Table = cases::table;
    const TABLE: &'static str = "cases";
    const SEARCHED: &'static [&'static str] = &["number", "subject", "happened"];

    fn narrow(rows: Rows<Self>, by: CaseFilter) -> Rows<Self> {
        let is_mine = "coalesce(cases.owner_id = (select current_person()), false)";
        rows.when(by.status, |rows, status| rows.filter(cases::status.eq(status)))
            .when(by.party_id, |rows, id| rows.filter(cases::party_id.eq(id)))
            .when(by.owner_id, |rows, id| rows.filter(cases::owner_id.eq(id)))
            .when(by.promise, |rows, promise| rows.filter(cases::promise.eq(promise)))
            .when(by.decision, |rows, decision| rows.filter(cases::decision.eq(decision)))
            .when(by.resource, |rows, resource| rows.filter(cases::resource.eq(resource)))
            .when(by.resource_id, |rows, id| rows.filter(cases::resource_id.eq(id)))
            .when(by.number, |rows, number| rows.filter(cases::number.eq(number)))
            .when(by.mine, |rows, mine| rows.filter(sql::<Bool>(is_mine).eq(mine)))
            .when(by.due_at_from, |rows, at| rows.filter(cases::due_at.ge(at)))
            .when(by.due_at_to, |rows, at| rows.filter(cases::due_at.le(at)))
    }
}

impl Written for Case {
    type New = NewCase;
    type Edit = EditCase;
}

/// Open a case
///
/// Hands to the back office what the front office can not solve for a customer, with what happened, what was promised and what the customer wants. It gets
/// its number. What the back office thinks of it, and does, is never told here.
#[utoipa::path(post, path = "/v1/cases", tag = "Cases")]
async fn open_case(may: May<Run, Case>, new: Input<NewCase>) -> Reply<Created<Case>> {
    may.write(async |db| <Case as Kept>::create(db, new.0.clone()).await.map(Created)).await
}

/// Who solves a case.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignCaseRequest {
    /// The employee who solves it.
    owner_id: Uuid,
}

/// Assign a case
///
/// Names the employee who solves it. It is in progress from then on.
#[utoipa::path(post, path = "/v1/cases/{id}/assign", tag = "Cases")]
async fn assign_case(may: May<Assign, Case>, id: Id<Case>, to: Input<AssignCaseRequest>) -> Reply<Case> {
    may.write(async |db| {
        let case = lock(&may, db, &id).await?;
        let assigned =
            (cases::status.eq(LIFE.step(case.status.as_str(), "assign")?), cases::owner_id.eq(to.0.owner_id));
        let one = cases::table.find((db.organization(), case.id));
        Ok(diesel::update(one).set(assigned).returning(Case::as_returning()).get_result(db).await?)
    })
    .await
}

/// What the customer may be told.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerCaseRequest {
    /// What the front office may tell the customer.
    #[schema(
        min_length = 1,
        max_length = 10_000,
        example = "The second charge is credited; the money is on its way."
    )]
    answer: String,
}

/// Answer a case
///
/// The front office has what it tells the customer. Whether that was when it was promised is kept: `promise` is `kept` or `broken`.
#[utoipa::path(post, path = "/v1/cases/{id}/answer", tag = "Cases")]
async fn answer_case(may: May<Write, Case>, id: Id<Case>, with: Input<AnswerCaseRequest>) -> Reply<Case> {
    may.write(async |db| {
        let case = lock(&may, db, &id).await?;
        let answered =
            (cases::status.eq(LIFE.step(case.status.as_str(), "answer")?), cases::answer.eq(&with.0.answer));
        let one = cases::table.find((db.organization(), case.id));
        Ok(diesel::update(one).set(answered).returning(Case::as_returning()).get_result(db).await?)
    })
    .await
}

/// Close a case
///
/// The front office has told the customer.
#[utoipa::path(post, path = "/v1/cases/{id}/close", tag = "Cases")]
async fn close_case(may: May<Run, Case>, id: Id<Case>) -> Reply<Case> {
    step(may, id, "close").await
}

/// Why a case goes on, and until when an answer is promised now.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReopenCaseRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "The credit note is over the wrong month.")]
    reason: String,
    /// By when the customer was promised an answer now.
    #[schema(example = "2026-12-11T16:00:00Z")]
    due_at: DateTime<Utc>,
}

/// Reopen a case
///
/// The answer did not do. Another answer is promised, and is kept or broken anew; whoever solved the case goes on.
#[utoipa::path(post, path = "/v1/cases/{id}/reopen", tag = "Cases")]
async fn reopen_case(may: May<Run, Case>, id: Id<Case>, why: Input<ReopenCaseRequest>) -> Reply<Case> {
    may.write(async |db| {
        let case = lock(&may, db, &id).await?;
        let status = LIFE.step(case.status.as_str(), "reopen")?;
        let status = match (case.owner_id, case.decision) {
            (_, Some(_)) => "decided",
            (Some(_), None) => "in_progress",
            (None, None) => status,
        };
        let reopened =
            (cases::status.eq(status), cases::end_reason.eq(&why.0.reason), cases::due_at.eq(why.0.due_at));
        let one = cases::table.find((db.organization(), case.id));
        Ok(diesel::update(one).set(reopened).returning(Case::as_returning()).get_result(db).await?)
    })
    .await
}

/// Why a case is withdrawn.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawCaseRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "They found the payment themselves.")]
    reason: String,
}

/// Withdraw a case
///
/// The front office solved it itself, or the customer does not go on. Nothing more is to be done about it.
#[utoipa::path(post, path = "/v1/cases/{id}/withdraw", tag = "Cases")]
async fn withdraw_case(may: May<Run, Case>, id: Id<Case>, why: Input<WithdrawCaseRequest>) -> Reply<Case> {
    may.write(async |db| {
        let case = lock(&may, db, &id).await?;
        let withdrawn = (
            cases::status.eq(LIFE.step(case.status.as_str(), "withdraw")?),
            cases::end_reason.eq(&why.0.reason),
        );
        let one = cases::table.find((db.organization(), case.id));
        Ok(diesel::update(one).set(withdrawn).returning(Case::as_returning()).get_result(db).await?)
    })
    .await
}

diesel::define_sql_function! {
    /// See the migration of tasks: answers how many there were.
    fn break_promises(most: diesel::sql_types::Integer) -> diesel::sql_types::Integer;
}

/// Cases at a time, so that nobody waits long for their rows.
const AT_A_TIME: i32 = 200;

/// Says of what was promised and not kept that it is broken, in all organizations.
#[derive(Serialize, Deserialize)]
pub struct BreakPromises;

impl Task for BreakPromises {
    const KIND: &'static str = "cases.break_promises";

    async fn run(self, job: &Running) -> Result<Value> {
        let mut broken = 0;
        loop {
            let few = async |db: &mut Db| {
                Ok(diesel::select(break_promises(AT_A_TIME)).get_result::<i32>(db).await?)
            };
            let now = job.database().without_organization(few).await?;
            broken += now;
            if now < AT_A_TIME {
                return Ok(json!({"broken": broken}));
            }
        }
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<Case>()
        .changeable::<Case>()
        .call(operation!(open_case))
        .call(operation!(assign_case))
        .call(operation!(answer_case))
        .call(operation!(close_case))
        .call(operation!(reopen_case))
        .call(operation!(withdraw_case));
}
