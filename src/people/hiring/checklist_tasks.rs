//! Tasks of checklists: each with a day by which it is due and somebody who does it. HR see to theirs and, in somebody's stead, to everybody's;
//! IT to IT's; managers and employees to their own.

use crate::checklist_templates::{ChecklistRole, RequestKind};
use diesel::dsl::sql;
use diesel::sql_types::Bool;
use platform::prelude::*;
use schema::checklist_tasks;

/// Something to be done for somebody who comes, or goes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = checklist_tasks)]
pub struct ChecklistTask {
    pub id: Uuid,
    pub version: i64,
    /// The checklist that it belongs to.
    pub checklist_id: Uuid,
    /// Whom it is about.
    pub employee_id: Uuid,
    /// Its place among the tasks of the checklist, from 1.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    pub place: i32,
    /// What is to be done.
    #[schema(max_length = 200, example = "Hand over a laptop")]
    pub title: String,
    /// The same at length.
    #[schema(max_length = 2000, example = json!(null))]
    pub description: Option<String>,
    /// Who does it.
    #[schema(example = "hr")]
    pub role: ChecklistRole,
    /// The employee who does it; null where anybody in HR or IT does.
    pub responsible_id: Option<Uuid>,
    /// The last day on which it is in time.
    #[schema(example = "2026-11-30")]
    pub due_on: NaiveDate,
    /// What IT is asked for by it; null where nothing is.
    pub request_kind: Option<RequestKind>,
    /// Which one.
    #[schema(max_length = 200, example = "Laptop, 14 inch")]
    pub request_item: Option<String>,
    /// The service request that was made of it, where a service is there for what is asked. With that request it is done.
    #[schema(example = json!(null))]
    pub service_request_id: Option<Uuid>,
    /// When it was done.
    #[schema(example = json!(null))]
    pub done_at: Option<DateTime<Utc>>,
    /// The user who did it.
    #[schema(example = json!(null))]
    pub done_by: Option<Uuid>,
    /// Why it need not be done.
    #[schema(max_length = 500, example = json!(null))]
    pub skip_reason: Option<String>,
    pub status: ChecklistTaskStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether it is done.
    pub enum ChecklistTaskStatus { Open = "open", Done = "done", Skipped = "skipped" }
}

/// Who does a task, and by when.
#[derive(Clone, Debug, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = checklist_tasks)]
#[serde(deny_unknown_fields)]
pub struct AssignChecklistTaskRequest {
    /// The employee who does it.
    responsible_id: Option<Uuid>,
    /// The last day on which it is in time.
    #[schema(example = "2026-12-02")]
    due_on: Option<NaiveDate>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ChecklistTaskFilter {
    /// Only tasks in this state.
    #[param(inline)]
    status: Option<ChecklistTaskStatus>,
    /// Only tasks of this checklist.
    checklist_id: Option<Uuid>,
    /// Only tasks about this employee.
    employee_id: Option<Uuid>,
    /// Only tasks of this role.
    #[param(inline)]
    role: Option<ChecklistRole>,
    /// Only tasks that this employee does.
    responsible_id: Option<Uuid>,
    /// Only tasks that the caller does (`true`), or only others.
    mine: Option<bool>,
    /// Only tasks that are open and were due before today (`true`), or only others.
    overdue: Option<bool>,
    /// Only tasks that are due on this day or later.
    due_on_from: Option<NaiveDate>,
    /// Only tasks that are due on this day or earlier.
    due_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[("open", "To be done."), ("done", "Done."), ("skipped", "Need not be done.")],
    steps: &[
        Step { action: "assign", from: &["open"], to: "open", verb: "assign" },
        Step { action: "complete", from: &["open"], to: "done", verb: "write" },
        Step { action: "skip", from: &["open"], to: "skipped", verb: "write" },
        Step { action: "reopen", from: &["done", "skipped"], to: "open", verb: "write" },
    ],
};

impl Named for ChecklistTask {
    const NAME: &'static str = "checklist-tasks";
}

impl Resource for ChecklistTask {
    const PATH: &'static str = "/v1/checklist-tasks";
    const SINGULAR: &'static str = "checklist_task";
    const TAG: &'static str = "Hiring";
    const SORT: &'static [SortKey] = &[SortKey::day("due_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "due_on";
    type Filter = ChecklistTaskFilter;

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
        self.responsible_id
    }
}

impl Stored for ChecklistTask {
    type Table = checklist_tasks::table;
    const TABLE: &'static str = "checklist_tasks";
    const SEARCHED: &'static [&'static str] = &["title"];

    fn narrow(rows: Rows<Self>, by: ChecklistTaskFilter) -> Rows<Self> {
        let is_mine = "coalesce(checklist_tasks.responsible_id = (select current_person()), false)";
        let is_overdue =
            "(checklist_tasks.status = 'open' and checklist_tasks.due_on < (select today_utc()))";
        rows.when(by.status, |rows, status| rows.filter(checklist_tasks::status.eq(status)))
            .when(by.checklist_id, |rows, id| rows.filter(checklist_tasks::checklist_id.eq(id)))
            .when(by.employee_id, |rows, id| rows.filter(checklist_tasks::employee_id.eq(id)))
            .when(by.role, |rows, role| rows.filter(checklist_tasks::role.eq(role)))
            .when(by.responsible_id, |rows, id| rows.filter(checklist_tasks::responsible_id.eq(id)))
            .when(by.mine, |rows, mine| rows.filter(sql::<Bool>(is_mine).eq(mine)))
            .when(by.overdue, |rows, late| rows.filter(sql::<Bool>(is_overdue).eq(late)))
            .when(by.due_on_from, |rows, day| rows.filter(checklist_tasks::due_on.ge(day)))
            .when(by.due_on_to, |rows, day| rows.filter(checklist_tasks::due_on.le(day)))
    }
}

/// Assign a checklist task
///
/// Names the employee who does it, or another day by which it is due.
#[utoipa::path(post, path = "/v1/checklist-tasks/{id}/assign", tag = "Hiring")]
async fn assign_checklist_task(
    may: May<Assign, ChecklistTask>,
    id: Id<ChecklistTask>,
    to: Input<AssignChecklistTaskRequest>,
) -> Reply<ChecklistTask> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        LIFE.step(task.status.as_str(), "assign")?;
        if to.0.responsible_id.is_none() && to.0.due_on.is_none() {
            return Ok(task);
        }
        let one = checklist_tasks::table.find((db.organization(), task.id));
        let assigned = diesel::update(one).set(&to.0).returning(ChecklistTask::as_returning());
        Ok(assigned.get_result(db).await?)
    })
    .await
}

/// Complete a checklist task
///
/// It is done. With the last of them, the checklist is. Tasks of HR take the permission `checklists:write`, those of IT `checklist-tasks:run`; a manager's and an
/// employee's are done by whom they name, or by HR in their stead.
#[utoipa::path(post, path = "/v1/checklist-tasks/{id}/complete", tag = "Hiring")]
async fn complete_checklist_task(
    may: May<Write, ChecklistTask>,
    id: Id<ChecklistTask>,
) -> Reply<ChecklistTask> {
    step(may, id, "complete").await
}

/// Why something need not be done.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkipChecklistTaskRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "She brings her own.")]
    reason: String,
}

/// Skip a checklist task
///
/// It need not be done. The same people do that who could complete it.
#[utoipa::path(post, path = "/v1/checklist-tasks/{id}/skip", tag = "Hiring")]
async fn skip_checklist_task(
    may: May<Write, ChecklistTask>,
    id: Id<ChecklistTask>,
    why: Input<SkipChecklistTaskRequest>,
) -> Reply<ChecklistTask> {
    may.write(async |db| {
        let task = lock(&may, db, &id).await?;
        let skipped = (
            checklist_tasks::status.eq(LIFE.step(task.status.as_str(), "skip")?),
            checklist_tasks::skip_reason.eq(&why.0.reason),
        );
        let one = checklist_tasks::table.find((db.organization(), task.id));
        Ok(diesel::update(one).set(skipped).returning(ChecklistTask::as_returning()).get_result(db).await?)
    })
    .await
}

/// Reopen a checklist task
///
/// It is to be done after all, and so is its checklist. The same people do that who could complete it.
#[utoipa::path(post, path = "/v1/checklist-tasks/{id}/reopen", tag = "Hiring")]
async fn reopen_checklist_task(
    may: May<Write, ChecklistTask>,
    id: Id<ChecklistTask>,
) -> Reply<ChecklistTask> {
    step(may, id, "reopen").await
}

pub fn routes(api: &mut Api) {
    api.readable::<ChecklistTask>()
        .call(operation!(assign_checklist_task))
        .call(operation!(complete_checklist_task))
        .call(operation!(skip_checklist_task))
        .call(operation!(reopen_checklist_task));
}
