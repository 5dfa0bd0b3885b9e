//! Dependencies: what has to be done before a task can be started. They form no ring, whoever adds to them at once.

use platform::prelude::*;
use schema::task_dependencies;

/// A task that waits for another.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = task_dependencies)]
pub struct TaskDependency {
    pub id: Uuid,
    pub version: i64,
    /// The task that waits.
    pub task_id: Uuid,
    /// The task that has to be done first.
    pub predecessor_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A dependency to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = task_dependencies)]
#[serde(deny_unknown_fields)]
pub struct NewTaskDependency {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The task that waits; 100 others at the most.
    task_id: Uuid,
    /// The task that has to be done first. It does not wait for this one, directly or through others.
    predecessor_id: Uuid,
}

/// Nothing of a dependency can be changed: it is deleted, and another one made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = task_dependencies)]
#[serde(deny_unknown_fields)]
pub struct EditTaskDependency {
    #[serde(skip)]
    task_id: Option<Uuid>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TaskDependencyFilter {
    /// Only what this task waits for.
    task_id: Option<Uuid>,
    /// Only what waits for this task.
    predecessor_id: Option<Uuid>,
}

impl Named for TaskDependency {
    const NAME: &'static str = "task-dependencies";
}

impl Resource for TaskDependency {
    const PATH: &'static str = "/v1/task-dependencies";
    const SINGULAR: &'static str = "task_dependency";
    const TAG: &'static str = "Tasks";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "created_at";
    type Filter = TaskDependencyFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for TaskDependency {
    type Table = task_dependencies::table;
    const TABLE: &'static str = "task_dependencies";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: TaskDependencyFilter) -> Rows<Self> {
        rows.when(by.task_id, |rows, id| rows.filter(task_dependencies::task_id.eq(id)))
            .when(by.predecessor_id, |rows, id| rows.filter(task_dependencies::predecessor_id.eq(id)))
    }
}

impl Written for TaskDependency {
    type New = NewTaskDependency;
    type Edit = EditTaskDependency;
}

pub fn routes(api: &mut Api) {
    api.readable::<TaskDependency>().creatable::<TaskDependency>().deletable::<TaskDependency>();
}
