//! Recurring tasks: what is to be done again and again. Each time it lands on the desk some days before it is due.

use crate::tasks::{NewTaskItem, TaskItem, TaskPriority};
use platform::job::{Running, Task as Job};
use platform::prelude::*;
use schema::recurring_tasks;
use serde_json::Value;

/// What is to be done again and again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = recurring_tasks)]
pub struct RecurringTask {
    pub id: Uuid,
    pub version: i64,
    /// What is to be done.
    #[schema(max_length = 200, example = "Test the fire alarm")]
    pub title: String,
    /// What whoever does it has to know.
    #[schema(max_length = 10_000, example = "The key hangs at the reception.")]
    pub context: Option<String>,
    pub priority: TaskPriority,
    /// How long it takes each time, in hours.
    #[schema(example = "0.5")]
    pub effort_hours: Option<Quantity>,
    /// The employee who does it; null where it is a role's.
    pub assignee_id: Option<Uuid>,
    /// The role whose holders may take it; null where it is somebody's.
    pub role_id: Option<Uuid>,
    /// Its parts, in this order.
    #[schema(value_type = Vec<TaskItem>, max_items = 100)]
    pub checklist: List<TaskItem>,
    /// In what it is counted.
    pub every: RecursEvery,
    /// Every so many of them: 2 with `week` is every other week.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    pub spacing: i32,
    /// The day on which it is due for the first time. What falls on no day of a month falls on its last.
    #[schema(example = "2026-11-30")]
    pub starts_on: NaiveDate,
    /// The last day on which it may be due; null where it has no end.
    #[schema(example = json!(null))]
    pub ends_on: Option<NaiveDate>,
    /// So many days before it is due it lands on the desk.
    #[schema(minimum = 0, maximum = 365, example = 7)]
    pub lead_days: i32,
    /// How often it was due.
    #[schema(minimum = 0, example = 1)]
    pub times: i32,
    /// The day on which it is due next, of those for which no task was made; null where it ended.
    #[schema(example = "2026-12-30")]
    pub next_due_on: Option<NaiveDate>,
    pub status: RecurringTaskStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether tasks come from it.
    pub enum RecurringTaskStatus { Active = "active", Paused = "paused", Ended = "ended" }
}

text_enum! {
    /// In what it is counted how often something is due.
    pub enum RecursEvery { Day = "day", Week = "week", Month = "month", Quarter = "quarter", Year = "year" }
}

/// A recurring task to be. It is an employee's or a role's.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = recurring_tasks)]
#[serde(deny_unknown_fields)]
pub struct NewRecurringTask {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What is to be done.
    #[schema(min_length = 1, max_length = 200, example = "Test the fire alarm")]
    title: String,
    /// What whoever does it has to know.
    #[schema(min_length = 1, max_length = 10_000, example = "The key hangs at the reception.")]
    context: Option<String>,
    /// How much it matters; `normal`, unless told.
    priority: Option<TaskPriority>,
    /// How long it takes each time, in hours, 10,000 at the most.
    #[schema(value_type = Option<String>, max_length = 12, pattern = r"^[0-9]{1,5}(\.[0-9]{1,6})?$", example = "0.5")]
    effort_hours: Option<Quantity>,
    /// The employee who does it.
    assignee_id: Option<Uuid>,
    /// The role whose holders may take it.
    #[schema(example = json!(null))]
    role_id: Option<Uuid>,
    /// Its parts, in this order.
    #[schema(value_type = Option<Vec<NewTaskItem>>, max_items = 100)]
    checklist: Option<List<NewTaskItem>>,
    /// In what it is counted.
    #[schema(example = "month")]
    every: RecursEvery,
    /// Every so many of them: 2 with `week` is every other week; 1, unless told.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    spacing: Option<i32>,
    /// The day on which it is due for the first time.
    #[schema(example = "2199-11-30")]
    starts_on: NaiveDate,
    /// The last day on which it may be due.
    #[schema(example = json!(null))]
    ends_on: Option<NaiveDate>,
    /// So many days before it is due it lands on the desk; 7, unless told.
    #[schema(minimum = 0, maximum = 365, example = 7)]
    lead_days: Option<i32>,
}

/// What of a recurring task can be changed. Tasks that were made stay as they are.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = recurring_tasks)]
#[serde(deny_unknown_fields)]
pub struct EditRecurringTask {
    /// What is to be done.
    #[schema(min_length = 1, max_length = 200, example = "Test the fire alarms of both floors")]
    title: Option<String>,
    /// What whoever does it has to know.
    #[schema(min_length = 1, max_length = 10_000, example = "The key hangs in the kitchen.")]
    context: Option<Option<String>>,
    /// How much it matters.
    priority: Option<TaskPriority>,
    /// How long it takes each time, in hours, 10,000 at the most.
    #[schema(value_type = Option<String>, max_length = 12, pattern = r"^[0-9]{1,5}(\.[0-9]{1,6})?$", example = "1")]
    effort_hours: Option<Option<Quantity>>,
    /// The employee who does it; with null, name a role.
    assignee_id: Option<Option<Uuid>>,
    /// The role whose holders may take it; with null, name an employee.
    #[schema(example = json!(null))]
    role_id: Option<Option<Uuid>>,
    /// All its parts from now on.
    #[schema(value_type = Option<Vec<NewTaskItem>>, max_items = 100)]
    checklist: Option<List<NewTaskItem>>,
    /// In what it is counted. Another rhythm goes on behind what was due already.
    #[schema(example = "quarter")]
    every: Option<RecursEvery>,
    /// Every so many of them.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    spacing: Option<i32>,
    /// The day from which it is counted.
    #[schema(example = "2199-11-30")]
    starts_on: Option<NaiveDate>,
    /// The last day on which it may be due. A later one lets go on what has ended.
    #[schema(example = json!(null))]
    ends_on: Option<Option<NaiveDate>>,
    /// So many days before it is due it lands on the desk.
    #[schema(minimum = 0, maximum = 365, example = 14)]
    lead_days: Option<i32>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct RecurringTaskFilter {
    /// Only recurring tasks in this state.
    #[param(inline)]
    status: Option<RecurringTaskStatus>,
    /// Only those that this employee does.
    assignee_id: Option<Uuid>,
    /// Only those of this role.
    role_id: Option<Uuid>,
    /// Only those that are due next on this day or earlier.
    next_due_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Tasks come from it."),
        ("paused", "No task comes from it for now."),
        ("ended", "No task comes from it any more."),
    ],
    steps: &[
        Step { action: "pause", from: &["active"], to: "paused", verb: "write" },
        Step { action: "resume", from: &["paused"], to: "active", verb: "write" },
        Step { action: "end", from: &["active", "paused"], to: "ended", verb: "write" },
    ],
};

impl Named for RecurringTask {
    const NAME: &'static str = "recurring-tasks";
}

impl Resource for RecurringTask {
    const PATH: &'static str = "/v1/recurring-tasks";
    const SINGULAR: &'static str = "recurring_task";
    const TAG: &'static str = "Tasks";
    const SORT: &'static [SortKey] = &[SortKey::text("title"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "title";
    type Filter = RecurringTaskFilter;

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
}

impl Stored for RecurringTask {
    type Table = recurring_tasks::table;
    const TABLE: &'static str = "recurring_tasks";
    const SEARCHED: &'static [&'static str] = &["title", "context"];

    fn narrow(rows: Rows<Self>, by: RecurringTaskFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(recurring_tasks::status.eq(status)))
            .when(by.assignee_id, |rows, id| rows.filter(recurring_tasks::assignee_id.eq(id)))
            .when(by.role_id, |rows, id| rows.filter(recurring_tasks::role_id.eq(id)))
            .when(by.next_due_on_to, |rows, day| rows.filter(recurring_tasks::next_due_on.le(day)))
    }
}

impl Written for RecurringTask {
    type New = NewRecurringTask;
    type Edit = EditRecurringTask;
}

/// Pause a recurring task
///
/// No task comes from it for now. Those that are there stay.
#[utoipa::path(post, path = "/v1/recurring-tasks/{id}/pause", tag = "Tasks")]
async fn pause_recurring_task(may: May<Write, RecurringTask>, id: Id<RecurringTask>) -> Reply<RecurringTask> {
    step(may, id, "pause").await
}

/// Resume a recurring task
///
/// Tasks come from it again: those that are due from today on. What was due meanwhile is not made up for.
#[utoipa::path(post, path = "/v1/recurring-tasks/{id}/resume", tag = "Tasks")]
async fn resume_recurring_task(
    may: May<Write, RecurringTask>,
    id: Id<RecurringTask>,
) -> Reply<RecurringTask> {
    step(may, id, "resume").await
}

/// End a recurring task
///
/// No task comes from it any more. Those that are there stay.
#[utoipa::path(post, path = "/v1/recurring-tasks/{id}/end", tag = "Tasks")]
async fn end_recurring_task(may: May<Write, RecurringTask>, id: Id<RecurringTask>) -> Reply<RecurringTask> {
    step(may, id, "end").await
}

diesel::define_sql_function! {
    /// See the migration of tasks: answers how many there were.
    fn make_recurring_tasks(one: diesel::sql_types::Nullable<diesel::sql_types::Uuid>) -> diesel::sql_types::Integer;
}

/// Makes the tasks that are due soon, in all organizations.
#[derive(Serialize, Deserialize)]
pub struct MakeDue;

impl Job for MakeDue {
    const KIND: &'static str = "tasks.make_due";

    async fn run(self, job: &Running) -> Result<Value> {
        let making = async |db: &mut Db| {
            Ok(diesel::select(make_recurring_tasks(None::<Uuid>)).get_result::<i32>(db).await?.into())
        };
        job.in_every_organization(async |organization| job.database().as_system(organization, making).await)
            .await
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<RecurringTask>()
        .creatable::<RecurringTask>()
        .changeable::<RecurringTask>()
        .deletable::<RecurringTask>()
        .call(operation!(pause_recurring_task))
        .call(operation!(resume_recurring_task))
        .call(operation!(end_recurring_task));
}
