//! What people worked on projects: by project, person and task.

use crate::entries::TimesheetEntry;
use diesel::sql_types::{Date, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;

/// Of which days and projects hours are asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ProjectHoursAsked {
    /// The first day.
    from_on: NaiveDate,
    /// The last day.
    to_on: NaiveDate,
    /// Only those for this project.
    project_id: Option<Uuid>,
}

/// What somebody worked on a task of a project.
#[derive(Clone, Debug, Serialize, ToSchema, diesel::QueryableByName)]
pub struct ProjectHoursRow {
    /// The project.
    #[diesel(sql_type = SqlUuid)]
    pub project_id: Uuid,
    /// The project as people call it.
    #[diesel(sql_type = Text)]
    #[schema(max_length = 20, example = "HARBOUR")]
    pub project_code: String,
    /// What the project is called.
    #[diesel(sql_type = Text)]
    #[schema(max_length = 100, example = "New harbour")]
    pub project_name: String,
    /// Who worked.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// The number that the company knows them by; null for who may not read the employee.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(max_length = 20, example = "E-0042")]
    pub employee_number: Option<String>,
    /// The department that they work in now; null for who may not read the employee.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub department_id: Option<Uuid>,
    /// What of the project it was.
    #[diesel(sql_type = Nullable<Text>)]
    #[schema(max_length = 200, example = "Foundations")]
    pub task: Option<String>,
    /// How many hours.
    #[diesel(sql_type = Numeric)]
    #[schema(example = "42.5")]
    pub hours: Quantity,
    /// How many of them are overtime.
    #[diesel(sql_type = Numeric)]
    #[schema(example = "2.5")]
    pub overtime_hours: Quantity,
    /// How many of the hours are in weeks that were agreed to.
    #[diesel(sql_type = Numeric)]
    #[schema(example = "40")]
    pub approved_hours: Quantity,
}

/// What was worked on projects.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProjectHours {
    /// The first day.
    #[schema(example = "2026-03-01")]
    pub from_on: NaiveDate,
    /// The last day.
    #[schema(example = "2026-03-31")]
    pub to_on: NaiveDate,
    /// By project, person and task.
    #[schema(max_items = 5000)]
    pub rows: Vec<ProjectHoursRow>,
    /// Whether there are more than these: ask for fewer days then, or for a project.
    #[schema(example = false)]
    pub has_more: bool,
}

const MOST: usize = 5000;

/// Read hours on projects
///
/// What was worked on projects, by project, person and task, as far as the permission on entries of timesheets reaches.
#[utoipa::path(get, path = "/v1/project-hours", tag = "Working time")]
async fn get_project_hours(
    may: May<Read, TimesheetEntry>,
    asked: Params<ProjectHoursAsked>,
) -> Reply<Plain<ProjectHours>> {
    let ProjectHoursAsked { from_on, to_on, project_id } = asked.0;
    let mut rows: Vec<ProjectHoursRow> = may
        .read(async |db| {
            if to_on < from_on {
                let rule = format!("must not be before {from_on}");
                return Err(Problem::invalid(vec![Fault::of("to_on", "before-first-day", rule)]));
            }
            let asking = diesel::sql_query("select * from project_hours($1, $2, $3)");
            let asking = asking.bind::<Date, _>(from_on).bind::<Date, _>(to_on);
            Ok(asking.bind::<Nullable<SqlUuid>, _>(project_id).load(db).await?)
        })
        .await?;
    let has_more = rows.len() > MOST;
    rows.truncate(MOST);
    Plain(ProjectHours { from_on, to_on, rows, has_more }).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_project_hours));
}
