//! How much is on whose desk in which week: what is not done, of what the caller may see.

use crate::tasks::Task;
use diesel::sql_types::{Date, Integer, Nullable, Uuid as SqlUuid};
use platform::prelude::*;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of tasks.
    fn report_workload(from_day: Date, weeks: Integer, person: Nullable<SqlUuid>) -> Jsonb;
}

/// Of which weeks the workload is told.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct WorkloadAsked {
    /// From the week of this day on; of today, unless told.
    from: Option<NaiveDate>,
    /// How many weeks.
    #[param(minimum = 1, maximum = 53, default = 4)]
    #[serde(default = "four")]
    weeks: i32,
    /// Only what this employee has to do.
    assignee_id: Option<Uuid>,
}

fn four() -> i32 {
    4
}

/// What is to be done, by person and week.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Workload {
    /// The day from which it is told: what was due before counts in its week.
    #[schema(example = "2026-11-23")]
    from_on: NaiveDate,
    /// How many weeks it is told for.
    #[schema(minimum = 1, maximum = 53, example = 4)]
    weeks: i32,
    /// A person's, or a role's, each week in which something is due; 5,000 at the most.
    #[schema(value_type = Vec<WorkloadWeek>, max_items = 5000)]
    data: Vec<WorkloadWeek>,
}

/// What somebody has to do in a week.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkloadWeek {
    /// The employee who does it; null where nobody has it.
    assignee_id: Option<Uuid>,
    /// Their name, as far as the caller may know it.
    #[schema(max_length = 201, example = "Ana Pop")]
    assignee: Option<String>,
    /// Where nobody has it, the role whose holders may take it.
    #[schema(example = json!(null))]
    role_id: Option<Uuid>,
    /// That role as people call it.
    #[schema(max_length = 100, example = json!(null))]
    role: Option<String>,
    /// The week (ISO 8601).
    #[schema(max_length = 8, example = "2026-W48")]
    week: String,
    /// Its Monday.
    #[schema(example = "2026-11-23")]
    starts_on: NaiveDate,
    /// How many tasks are due.
    #[schema(minimum = 0, example = 5)]
    tasks: i64,
    /// How many of them are urgent.
    #[schema(minimum = 0, example = 1)]
    urgent_tasks: i64,
    /// How many of them wait for others.
    #[schema(minimum = 0, example = 0)]
    blocked_tasks: i64,
    /// How many of them were due before.
    #[schema(minimum = 0, example = 2)]
    overdue_tasks: i64,
    /// How long they take together, in hours: a decimal as text.
    #[schema(max_length = 22, example = "11.5")]
    effort_hours: String,
    /// Of how many nobody said how long they take.
    #[schema(minimum = 0, example = 1)]
    tasks_without_effort: i64,
}

/// Report workload
///
/// How much is on whose desk in which week, by the days on which tasks are due: tasks that are neither done nor rejected, of those that the caller may see. What
/// is overdue counts in the first week. What nobody has is told by the role that may take it.
#[utoipa::path(get, path = "/v1/reports/workload", tag = "Tasks")]
async fn report_task_workload(may: May<Read, Task>, asked: Params<WorkloadAsked>) -> Reply<Plain<Workload>> {
    let from = asked.0.from.unwrap_or_else(|| Utc::now().date_naive());
    let told = may
        .read(async |db| {
            let told = diesel::select(report_workload(from, asked.0.weeks, asked.0.assignee_id));
            Ok(told.get_result::<Value>(db).await?)
        })
        .await?;
    let data = serde_json::from_value(told).map_err(Problem::internal)?;
    Plain(Workload { from_on: from, weeks: asked.0.weeks, data }).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(report_task_workload));
}
