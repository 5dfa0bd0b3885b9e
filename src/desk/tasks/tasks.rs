//! Tasks: something that somebody is to do until a day, with what they have to know for it. Whoever gets one can hand it on to somebody who
//! accepts it; one that is for a role is taken by somebody who holds it.

use diesel::dsl::sql;
use diesel::sql_types::Bool;
use platform::may::Grants;
use platform::prelude::*;
use schema::tasks;

/// Something that is to be done.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = tasks)]
pub struct Task {
    pub id: Uuid,
    pub version: i64,
    /// What is to be done.
    #[schema(max_length = 200, example = "Prepare the visit of the auditors")]
    pub title: String,
    /// What whoever does it has to know.
    #[schema(
        max_length = 10_000,
        example = "They ask for the contracts of last year; Mira knows where they are."
    )]
    pub context: Option<String>,
    pub priority: TaskPriority,
    /// The last day on which it is in time.
    #[schema(example = "2026-12-11")]
    pub due_on: NaiveDate,
    /// How long it takes, in hours.
    #[schema(example = "6")]
    pub effort_hours: Option<Quantity>,
    /// The employee who does it; null while nobody has it.
    pub assignee_id: Option<Uuid>,
    /// The role whose holders may take it.
    pub role_id: Option<Uuid>,
    /// The employee to whom it is offered, or who declined it last.
    #[schema(example = json!(null))]
    pub delegate_id: Option<Uuid>,
    /// What became of the last offer; null where there was none.
    pub delegation: Option<TaskDelegation>,
    /// What was said with the offer, or why it was declined.
    #[schema(max_length = 2000, example = json!(null))]
    pub delegation_note: Option<String>,
    /// What whoever had it leaves to whoever has it.
    #[schema(max_length = 10_000, example = json!(null))]
    pub handover_note: Option<String>,
    /// Its parts, in this order.
    #[schema(value_type = Vec<TaskItem>, max_items = 100)]
    pub checklist: List<TaskItem>,
    /// The kind of resource that it is about, as in its path.
    #[schema(max_length = 63, example = "invoices")]
    pub resource: Option<String>,
    /// Which one it is about.
    pub resource_id: Option<Uuid>,
    /// The recurring task that it comes from.
    #[schema(example = json!(null))]
    pub recurring_task_id: Option<Uuid>,
    /// Whether it waits for tasks that are not done: it can not be started then.
    #[schema(example = false)]
    pub is_blocked: bool,
    /// Whether its last day has passed and it is not done.
    #[schema(example = false)]
    pub is_overdue: bool,
    /// When it is to be reminded of. An event of the task tells so then.
    #[schema(example = json!(null))]
    pub remind_at: Option<DateTime<Utc>>,
    /// When it was reminded of.
    #[schema(example = json!(null))]
    pub reminded_at: Option<DateTime<Utc>>,
    /// What it waits for, while it does.
    #[schema(max_length = 500, example = json!(null))]
    pub waiting_for: Option<String>,
    /// What came of it, or why it is not done.
    #[schema(max_length = 2000, example = json!(null))]
    pub outcome: Option<String>,
    /// When it was done, or rejected.
    #[schema(example = json!(null))]
    pub done_at: Option<DateTime<Utc>>,
    pub status: TaskStatus,
    /// Who gave it: a user or an API client; null where it came by itself.
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a task stands.
    pub enum TaskStatus { Open = "open", Assigned = "assigned", InProgress = "in_progress", Waiting = "waiting", Done = "done", Rejected = "rejected" }
}

text_enum! {
    /// How much it matters.
    pub enum TaskPriority { Low = "low", Normal = "normal", High = "high", Urgent = "urgent" }
}

text_enum! {
    /// What became of an offer to hand a task on.
    pub enum TaskDelegation { Asked = "asked", Accepted = "accepted", Declined = "declined" }
}

/// A part of a task.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TaskItem {
    /// What.
    #[schema(max_length = 200, example = "Copy the contracts")]
    title: String,
    /// Whether it is done.
    #[schema(example = false)]
    is_done: bool,
}

/// A part of a task to be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTaskItem {
    /// What.
    #[schema(min_length = 1, max_length = 200, example = "Copy the contracts")]
    title: String,
    /// Whether it is done; not, unless told.
    #[schema(example = false)]
    #[serde(default)]
    is_done: bool,
}

/// A task to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = tasks)]
#[serde(deny_unknown_fields)]
pub struct NewTask {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What is to be done.
    #[schema(min_length = 1, max_length = 200, example = "Prepare the visit of the auditors")]
    title: String,
    /// What whoever does it has to know.
    #[schema(
        min_length = 1,
        max_length = 10_000,
        example = "They ask for the contracts of last year; Mira knows where they are."
    )]
    context: Option<String>,
    /// How much it matters; `normal`, unless told.
    priority: Option<TaskPriority>,
    /// The last day on which it is in time.
    #[schema(example = "2026-12-11")]
    due_on: NaiveDate,
    /// How long it takes, in hours, 10,000 at the most.
    #[schema(value_type = Option<String>, max_length = 12, pattern = r"^[0-9]{1,5}(\.[0-9]{1,6})?$", example = "6")]
    effort_hours: Option<Quantity>,
    /// The employee who does it.
    assignee_id: Option<Uuid>,
    /// The role whose holders may take it.
    #[schema(example = json!(null))]
    role_id: Option<Uuid>,
    /// Its parts, in this order.
    #[schema(value_type = Option<Vec<NewTaskItem>>, max_items = 100)]
    checklist: Option<List<NewTaskItem>>,
    /// The kind of resource that it is about, as in its path.
    #[schema(max_length = 63, pattern = "^[a-z][a-z-]*$", example = "positions")]
    resource: Option<String>,
    /// Which one it is about: one that the caller may read. It stays.
    #[schema(example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    resource_id: Option<Uuid>,
    /// When it is to be reminded of.
    #[schema(example = json!(null))]
    remind_at: Option<DateTime<Utc>>,
}

/// What of a task can be changed while it is not over.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = tasks)]
#[serde(deny_unknown_fields)]
pub struct EditTask {
    /// What is to be done.
    #[schema(min_length = 1, max_length = 200, example = "Prepare the visit of the auditors in January")]
    title: Option<String>,
    /// What whoever does it has to know.
    #[schema(min_length = 1, max_length = 10_000, example = "They ask for the contracts of two years.")]
    context: Option<Option<String>>,
    /// How much it matters.
    priority: Option<TaskPriority>,
    /// The last day on which it is in time.
    #[schema(example = "2027-01-15")]
    due_on: Option<NaiveDate>,
    /// How long it takes, in hours, 10,000 at the most.
    #[schema(value_type = Option<String>, max_length = 12, pattern = r"^[0-9]{1,5}(\.[0-9]{1,6})?$", example = "8")]
    effort_hours: Option<Option<Quantity>>,
    /// The role whose holders may take it.
    #[schema(example = json!(null))]
    role_id: Option<Option<Uuid>>,
    /// All its parts from now on.
    #[schema(value_type = Option<Vec<NewTaskItem>>, max_items = 100)]
    checklist: Option<List<NewTaskItem>>,
    /// When it is to be reminded of.
    #[schema(example = json!(null))]
    remind_at: Option<Option<DateTime<Utc>>>,
    /// What whoever had it leaves to whoever has it.
    #[schema(
        min_length = 1,
        max_length = 10_000,
        example = "The contracts are copied; what lacks is the list of assets."
    )]
    handover_note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TaskFilter {
    /// Only tasks in this state.
    #[param(inline)]
    status: Option<TaskStatus>,
    /// Only tasks of this priority.
    #[param(inline)]
    priority: Option<TaskPriority>,
    /// Only tasks that this employee does.
    assignee_id: Option<Uuid>,
    /// Only tasks that holders of this role may take, or have taken.
    role_id: Option<Uuid>,
    /// Only tasks about this kind of resource.
    #[param(min_length = 1, max_length = 63)]
    resource: Option<String>,
    /// Only tasks about this one.
    resource_id: Option<Uuid>,
    /// Only tasks that come from this recurring task.
    recurring_task_id: Option<Uuid>,
    /// Only tasks that the caller does or is offered (`true`), or only others.
    mine: Option<bool>,
    /// Only tasks that are neither done nor rejected (`true`), or only others.
    unfinished: Option<bool>,
    /// Only tasks that wait for others (`true`), or only those that don't.
    is_blocked: Option<bool>,
    /// Only tasks that are overdue (`true`), or only those that aren't.
    is_overdue: Option<bool>,
    /// Only tasks that are due on this day or later.
    due_on_from: Option<NaiveDate>,
    /// Only tasks that are due on this day or earlier.
    due_on_to: Option<NaiveDate>,
}

const UNFINISHED: &[&str] = &["open", "assigned", "in_progress", "waiting"];

pub(crate) static LIFE: Life = Life {
    states: &[
        ("open", "Nobody has it."),
        ("assigned", "Somebody has it and has not begun."),
        ("in_progress", "Somebody is at it."),
        ("waiting", "It waits for something outside."),
        ("done", "Done."),
        ("rejected", "It will not be done."),
    ],
    steps: &[
        Step { action: "assign", from: UNFINISHED, to: "assigned", verb: "assign" },
        Step { action: "take", from: &["open"], to: "assigned", verb: "write" },
        Step { action: "start", from: &["assigned", "waiting"], to: "in_progress", verb: "write" },
        Step { action: "wait", from: &["assigned", "in_progress"], to: "waiting", verb: "write" },
        Step { action: "complete", from: &["assigned", "in_progress", "waiting"], to: "done", verb: "write" },
        Step { action: "reject", from: UNFINISHED, to: "rejected", verb: "write" },
        Step { action: "reopen", from: &["done", "rejected"], to: "open", verb: "write" },
        Step { action: "release", from: &["assigned", "in_progress", "waiting"], to: "open", verb: "write" },
        Step { action: "delegate", from: &["open"], to: "open", verb: "write" },
        Step { action: "delegate", from: &["assigned"], to: "assigned", verb: "write" },
        Step { action: "delegate", from: &["in_progress"], to: "in_progress", verb: "write" },
        Step { action: "delegate", from: &["waiting"], to: "waiting", verb: "write" },
        Step { action: "accept_delegation", from: UNFINISHED, to: "assigned", verb: "write" },
        Step { action: "decline_delegation", from: &["open"], to: "open", verb: "write" },
        Step { action: "decline_delegation", from: &["assigned"], to: "assigned", verb: "write" },
        Step { action: "decline_delegation", from: &["in_progress"], to: "in_progress", verb: "write" },
        Step { action: "decline_delegation", from: &["waiting"], to: "waiting", verb: "write" },
    ],
};

impl Named for Task {
    const NAME: &'static str = "tasks";
}

impl Resource for Task {
    const PATH: &'static str = "/v1/tasks";
    const SINGULAR: &'static str = "task";
    const TAG: &'static str = "Tasks";
    const SORT: &'static [SortKey] =
        &[SortKey::day("due_on"), SortKey::text("title"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "due_on";
    type Filter = TaskFilter;

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
        self.assignee_id
    }
    fn takes(&self, action: &str, grants: &Grants) -> bool {
        !["accept_delegation", "decline_delegation"].contains(&action) || self.is_offered_to(grants.employee)
    }
}

impl Task {
    /// Whether this employee was asked to do it, and has not answered.
    pub(crate) fn is_offered_to(&self, employee: Option<Uuid>) -> bool {
        self.delegation == Some(TaskDelegation::Asked)
            && self.delegate_id.is_some()
            && self.delegate_id == employee
    }
}

impl Stored for Task {
    type Table = tasks::table;
    const TABLE: &'static str = "tasks";
    const SEARCHED: &'static [&'static str] = &["title", "context"];

    fn narrow(rows: Rows<Self>, by: TaskFilter) -> Rows<Self> {
        let is_mine = "(coalesce(tasks.assignee_id = (select current_person()), false)
            or coalesce(tasks.delegate_id = (select current_person()) and tasks.delegation = 'asked', false))";
        let is_unfinished = "(tasks.status not in ('done', 'rejected'))";
        rows.when(by.status, |rows, status| rows.filter(tasks::status.eq(status)))
            .when(by.priority, |rows, priority| rows.filter(tasks::priority.eq(priority)))
            .when(by.assignee_id, |rows, id| rows.filter(tasks::assignee_id.eq(id)))
            .when(by.role_id, |rows, id| rows.filter(tasks::role_id.eq(id)))
            .when(by.resource, |rows, resource| rows.filter(tasks::resource.eq(resource)))
            .when(by.resource_id, |rows, id| rows.filter(tasks::resource_id.eq(id)))
            .when(by.recurring_task_id, |rows, id| rows.filter(tasks::recurring_task_id.eq(id)))
            .when(by.mine, |rows, mine| rows.filter(sql::<Bool>(is_mine).eq(mine)))
            .when(by.unfinished, |rows, so| rows.filter(sql::<Bool>(is_unfinished).eq(so)))
            .when(by.is_blocked, |rows, so| rows.filter(tasks::is_blocked.eq(so)))
            .when(by.is_overdue, |rows, so| rows.filter(tasks::is_overdue.eq(so)))
            .when(by.due_on_from, |rows, day| rows.filter(tasks::due_on.ge(day)))
            .when(by.due_on_to, |rows, day| rows.filter(tasks::due_on.le(day)))
    }
}

impl Written for Task {
    type New = NewTask;
    type Edit = EditTask;
}

/// What of a task a step changes beside its state.
#[derive(Default, AsChangeset)]
#[diesel(table_name = tasks)]
pub(crate) struct Changed {
    pub(crate) status: Option<&'static str>,
    pub(crate) assignee_id: Option<Option<Uuid>>,
    pub(crate) delegate_id: Option<Option<Uuid>>,
    pub(crate) delegation: Option<Option<TaskDelegation>>,
    pub(crate) delegation_note: Option<Option<String>>,
    pub(crate) handover_note: Option<String>,
    pub(crate) checklist: Option<List<TaskItem>>,
    pub(crate) waiting_for: Option<String>,
    pub(crate) outcome: Option<Option<String>>,
}

pub(crate) async fn change(db: &mut Db, id: Uuid, changed: Changed) -> Result<Task> {
    let one = tasks::table.find((db.organization(), id));
    Ok(diesel::update(one).set(changed).returning(Task::as_returning()).get_result(db).await?)
}

/// Start a task
///
/// Somebody is at it. A task that waits for others that are not done can not be started.
#[utoipa::path(post, path = "/v1/tasks/{id}/start", tag = "Tasks")]
async fn start_task(may: May<Write, Task>, id: Id<Task>) -> Reply<Task> {
    step(may, id, "start").await
}

/// What a task waits for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitTaskRequest {
    /// What, or whom.
    #[schema(min_length = 1, max_length = 500, example = "The auditors say when they come.")]
    waiting_for: String,
}

/// Let a task wait
///
/// It waits for something outside. `start` takes it up again.
#[utoipa::path(post, path = "/v1/tasks/{id}/wait", tag = "Tasks")]
async fn wait_task(may: May<Write, Task>, id: Id<Task>, why: Input<WaitTaskRequest>) -> Reply<Task> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        let status = Some(LIFE.step(task.status.as_str(), "wait")?);
        let waiting_for = Some(why.0.waiting_for.clone());
        change(db, task.id, Changed { status, waiting_for, ..Changed::default() }).await
    })
    .await
}

/// What came of a task.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteTaskRequest {
    /// What came of it.
    #[schema(min_length = 1, max_length = 2000, example = "The auditors have all they asked for.")]
    outcome: Option<String>,
}

/// Complete a task
///
/// It is done. What waited for it alone can be started; where it was the last that a service request asked for, that is done, too.
#[utoipa::path(post, path = "/v1/tasks/{id}/complete", tag = "Tasks")]
async fn complete_task(may: May<Write, Task>, id: Id<Task>, what: Input<CompleteTaskRequest>) -> Reply<Task> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        let status = Some(LIFE.step(task.status.as_str(), "complete")?);
        change(db, task.id, Changed { status, outcome: Some(what.0.outcome.clone()), ..Changed::default() })
            .await
    })
    .await
}

/// Why a task is not done.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectTaskRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "The visit is called off.")]
    reason: String,
}

/// Reject a task
///
/// It will not be done. What waited for it alone can be started.
#[utoipa::path(post, path = "/v1/tasks/{id}/reject", tag = "Tasks")]
async fn reject_task(may: May<Write, Task>, id: Id<Task>, why: Input<RejectTaskRequest>) -> Reply<Task> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        let status = Some(LIFE.step(task.status.as_str(), "reject")?);
        change(
            db,
            task.id,
            Changed { status, outcome: Some(Some(why.0.reason.clone())), ..Changed::default() },
        )
        .await
    })
    .await
}

/// Reopen a task
///
/// It is to be done after all, by whoever had it; by anybody where nobody had. What follows it waits for it again.
#[utoipa::path(post, path = "/v1/tasks/{id}/reopen", tag = "Tasks")]
async fn reopen_task(may: May<Write, Task>, id: Id<Task>) -> Reply<Task> {
    step(may, id, "reopen").await
}

/// A part of a task, and whether it is done.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TickTaskRequest {
    /// Its place among the parts, from 1.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    place: usize,
    /// Whether it is done.
    #[schema(example = true)]
    is_done: bool,
}

/// Tick a part of a task
///
/// Says of one part that it is done, or is not after all. Two who tick at once lose nothing.
#[utoipa::path(post, path = "/v1/tasks/{id}/tick", tag = "Tasks")]
async fn tick_task(may: May<Write, Task>, id: Id<Task>, what: Input<TickTaskRequest>) -> Reply<Task> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        let mut checklist = task.checklist.clone();
        let parts = checklist.0.len();
        let Some(part) = what.0.place.checked_sub(1).and_then(|place| checklist.0.get_mut(place)) else {
            let rule = format!("must be the place of one of its {parts} parts");
            return Err(Problem::invalid(vec![Fault::at("/place", "unknown-part", rule)]));
        };
        if part.is_done == what.0.is_done {
            return Ok(task);
        }
        part.is_done = what.0.is_done;
        change(db, task.id, Changed { checklist: Some(checklist), ..Changed::default() }).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<Task>()
        .creatable::<Task>()
        .changeable::<Task>()
        .deletable::<Task>()
        .call(operation!(start_task))
        .call(operation!(wait_task))
        .call(operation!(complete_task))
        .call(operation!(reject_task))
        .call(operation!(reopen_task))
        .call(operation!(tick_task));
}
