//! Checklists: what is done for somebody who comes, or goes. Started from the template that fits them closest, when they are hired or terminated by
//! whatever path, or by hand; done when all of its tasks are.

use crate::checklist_templates::ChecklistKind;
use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use platform::prelude::*;
use schema::checklists;

/// What is done for somebody who comes, or goes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = checklists)]
pub struct Checklist {
    pub id: Uuid,
    pub version: i64,
    /// Whom it is about.
    pub employee_id: Uuid,
    /// The template that it was started from.
    pub template_id: Uuid,
    /// Whether somebody comes or goes.
    #[schema(example = "onboarding")]
    pub kind: ChecklistKind,
    /// Their first or last day, by which tasks are due.
    #[schema(example = "2026-12-01")]
    pub day_on: NaiveDate,
    /// When the last task was done; null until then.
    #[schema(example = json!(null))]
    pub done_at: Option<DateTime<Utc>>,
    /// Why it was cancelled.
    #[schema(max_length = 500, example = json!(null))]
    pub cancellation_reason: Option<String>,
    pub status: ChecklistStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether all is done.
    pub enum ChecklistStatus { Open = "open", Done = "done", Cancelled = "cancelled" }
}

/// A checklist to be started.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChecklist {
    /// Whom it is about.
    employee_id: Uuid,
    /// Whether somebody comes or goes.
    #[schema(example = "onboarding")]
    kind: ChecklistKind,
    /// Their first or last day.
    #[schema(example = "2026-12-01")]
    day_on: NaiveDate,
    /// The template; the one that fits them closest, unless told.
    #[schema(example = json!(null))]
    #[serde(default)]
    template_id: Option<Uuid>,
}

/// What of a checklist can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = checklists)]
#[serde(deny_unknown_fields)]
pub struct EditChecklist {
    /// Their first or last day: what is open is due as much earlier or later.
    #[schema(example = "2026-12-08")]
    day_on: Option<NaiveDate>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ChecklistFilter {
    /// Only checklists in this state.
    #[param(inline)]
    status: Option<ChecklistStatus>,
    /// Only checklists of this kind.
    #[param(inline)]
    kind: Option<ChecklistKind>,
    /// Only checklists about this employee.
    employee_id: Option<Uuid>,
    /// Only checklists from this template.
    template_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("open", "Something is still to be done."),
        ("done", "All is done, or need not be."),
        ("cancelled", "Nothing of it has to be done any more."),
    ],
    steps: &[Step { action: "cancel", from: &["open"], to: "cancelled", verb: "write" }],
};

impl Named for Checklist {
    const NAME: &'static str = "checklists";
}

impl Resource for Checklist {
    const PATH: &'static str = "/v1/checklists";
    const SINGULAR: &'static str = "checklist";
    const TAG: &'static str = "Hiring";
    const SORT: &'static [SortKey] = &[SortKey::day("day_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "day_on";
    type Filter = ChecklistFilter;

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

impl Stored for Checklist {
    type Table = checklists::table;
    const TABLE: &'static str = "checklists";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: ChecklistFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(checklists::status.eq(status)))
            .when(by.kind, |rows, kind| rows.filter(checklists::kind.eq(kind)))
            .when(by.employee_id, |rows, id| rows.filter(checklists::employee_id.eq(id)))
            .when(by.template_id, |rows, id| rows.filter(checklists::template_id.eq(id)))
    }
}

diesel::define_sql_function! {
    /// See the migration of hiring: starts checklists, and answers which.
    fn start_checklists(lists: Jsonb) -> Array<SqlUuid>;
}
diesel::define_sql_function! {
    /// See the migration of hiring: refuses what can not be started.
    fn check_checklist(list: Jsonb) -> diesel::sql_types::Nullable<Jsonb>;
}

impl Kept for Checklist {
    type New = NewChecklist;
    type Edit = EditChecklist;

    async fn create(db: &mut Db, new: NewChecklist) -> Result<Self> {
        let list = json!({"id": Uuid::now_v7(), "employee_id": new.employee_id, "kind": new.kind, "day_on": new.day_on, "template_id": new.template_id});
        diesel::select(check_checklist(&list)).execute(db).await?;
        let started: Vec<Uuid> = diesel::select(start_checklists(json!([list]))).get_result(db).await?;
        match started.into_iter().next() {
            Some(id) => Self::find(db, id).await,
            // Somebody else started it in between: as if they had before.
            None => Err(platform::problem::CONFLICT
                .because("Somebody else has started it meanwhile: read it instead.")
                .at(Fault::at("/day_on", "already-taken", "has a checklist of this kind already"))),
        }
    }

    async fn change(db: &mut Db, row: Self, edit: EditChecklist) -> Result<Self> {
        let Some(day) = edit.day_on.filter(|day| *day != row.day_on) else { return Ok(row) };
        let one = checklists::table.find((db.organization(), row.id));
        let changed = diesel::update(one).set(checklists::day_on.eq(day)).returning(Self::as_returning());
        Ok(changed.get_result(db).await?)
    }

    async fn delete(_: &mut Db, _: Self) -> Result<()> {
        Err(platform::problem::IN_USE.because("A checklist stays on record: `cancel` it instead."))
    }
}

/// Why nothing of a checklist has to be done any more.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelChecklistRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "She does not come after all.")]
    reason: String,
}

/// Cancel a checklist
///
/// Nothing of it has to be done any more: its open tasks are skipped.
#[utoipa::path(post, path = "/v1/checklists/{id}/cancel", tag = "Hiring")]
async fn cancel_checklist(
    may: May<Write, Checklist>,
    id: Id<Checklist>,
    why: Input<CancelChecklistRequest>,
) -> Reply<Checklist> {
    may.write(async |db| {
        let checklist = lock(&may, db, &id).await?;
        let cancelled = (
            checklists::status.eq(LIFE.step(checklist.status.as_str(), "cancel")?),
            checklists::cancellation_reason.eq(&why.0.reason),
        );
        let one = checklists::table.find((db.organization(), checklist.id));
        Ok(diesel::update(one).set(cancelled).returning(Checklist::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<Checklist>()
        .creatable::<Checklist>()
        .changeable::<Checklist>()
        .call(operation!(cancel_checklist));
}
