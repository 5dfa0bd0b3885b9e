//! Steps of changes: what is done one after the other, by whom, and what came of each.

use platform::prelude::*;
use schema::change_steps;

/// A step of a change.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = change_steps)]
pub struct ChangeStep {
    pub id: Uuid,
    pub version: i64,
    /// The change.
    pub change_id: Uuid,
    /// Where it stands among the steps of the change: a lower one comes first.
    #[schema(minimum = 1, maximum = 1000, example = 10)]
    pub place: i32,
    /// What is done.
    #[schema(max_length = 200, example = "Stop the service")]
    pub title: String,
    /// What it is for.
    #[schema(example = "implement")]
    pub kind: ChangeStepKind,
    /// The employee who does it.
    pub responsible_id: Option<Uuid>,
    /// What came of it.
    #[schema(max_length = 5000, example = json!(null))]
    pub result: Option<String>,
    /// When it was over.
    #[schema(example = json!(null))]
    pub done_at: Option<DateTime<Utc>>,
    pub status: ChangeStepStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What a step is for.
    pub enum ChangeStepKind { Prepare = "prepare", Implement = "implement", Test = "test", RollBack = "roll_back" }
}

text_enum! {
    /// What came of a step.
    pub enum ChangeStepStatus { Open = "open", Done = "done", Failed = "failed", Skipped = "skipped" }
}

/// A change step to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = change_steps, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewChangeStep {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The change.
    change_id: Uuid,
    /// Where it stands among the steps of the change: a lower one comes first.
    #[schema(minimum = 1, maximum = 1000, example = 10)]
    place: i32,
    /// What is done.
    #[schema(min_length = 1, max_length = 200, example = "Stop the service")]
    title: String,
    /// What it is for.
    #[schema(example = "implement")]
    kind: ChangeStepKind,
    /// The employee who does it.
    responsible_id: Option<Uuid>,
}

/// What of a change step can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = change_steps)]
#[serde(deny_unknown_fields)]
pub struct EditChangeStep {
    /// Where it stands among the steps of the change: a lower one comes first.
    #[schema(minimum = 1, maximum = 1000, example = 20)]
    place: Option<i32>,
    /// What is done.
    #[schema(min_length = 1, max_length = 200, example = "Stop the service and its jobs")]
    title: Option<String>,
    /// What it is for.
    #[schema(example = "prepare")]
    kind: Option<ChangeStepKind>,
    /// The employee who does it.
    responsible_id: Option<Option<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ChangeStepFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<ChangeStepStatus>,
    /// Only steps of this change.
    change_id: Option<Uuid>,
    /// Only steps of this kind.
    #[param(inline)]
    kind: Option<ChangeStepKind>,
    /// Only steps that this employee does.
    responsible_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("open", "To be done."),
        ("done", "Done."),
        ("failed", "Went wrong: it is done again, or the change has failed."),
        ("skipped", "Need not be done."),
    ],
    steps: &[
        Step { action: "complete", from: &["open", "failed"], to: "done", verb: "write" },
        Step { action: "fail", from: &["open"], to: "failed", verb: "write" },
        Step { action: "skip", from: &["open", "failed"], to: "skipped", verb: "write" },
    ],
};

impl Named for ChangeStep {
    const NAME: &'static str = "change-steps";
}

impl Resource for ChangeStep {
    const PATH: &'static str = "/v1/change-steps";
    const SINGULAR: &'static str = "change_step";
    const TAG: &'static str = "Changes";
    const SORT: &'static [SortKey] = &[SortKey::integer("place"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "place";
    type Filter = ChangeStepFilter;

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

impl Stored for ChangeStep {
    type Table = change_steps::table;
    const TABLE: &'static str = "change_steps";
    const SEARCHED: &'static [&'static str] = &["title"];

    fn narrow(rows: Rows<Self>, by: ChangeStepFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(change_steps::status.eq(status)))
            .when(by.change_id, |rows, change_id| rows.filter(change_steps::change_id.eq(change_id)))
            .when(by.kind, |rows, kind| rows.filter(change_steps::kind.eq(kind)))
            .when(by.responsible_id, |rows, responsible_id| {
                rows.filter(change_steps::responsible_id.eq(responsible_id))
            })
    }
}

impl Written for ChangeStep {
    type New = NewChangeStep;
    type Edit = EditChangeStep;
}

/// What came of a step.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteChangeStepRequest {
    /// What came of it.
    #[schema(min_length = 1, max_length = 5000, example = "Stopped at 20:04.")]
    result: Option<String>,
}

/// Complete a change step
///
/// It is done. Steps have results while their change is in progress; those by which it is taken back also after it has failed.
#[utoipa::path(post, path = "/v1/change-steps/{id}/complete", tag = "Changes")]
async fn complete_change_step(
    may: May<Write, ChangeStep>,
    id: Id<ChangeStep>,
    told: Input<CompleteChangeStepRequest>,
) -> Reply<ChangeStep> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            change_steps::status.eq(LIFE.step(row.status.as_str(), "complete")?),
            change_steps::result.eq(&told.0.result),
        );
        let one = change_steps::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(ChangeStep::as_returning()).get_result(db).await?)
    })
    .await
}

/// What is told of a step that is not done.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndChangeStepRequest {
    /// What happened, or why it need not be done.
    #[schema(min_length = 1, max_length = 5000, example = "The service did not stop.")]
    result: String,
}

/// Report that a change step failed
///
/// It went wrong. It can be completed all the same when it was done again; else the change has failed.
#[utoipa::path(post, path = "/v1/change-steps/{id}/fail", tag = "Changes")]
async fn fail_change_step(
    may: May<Write, ChangeStep>,
    id: Id<ChangeStep>,
    told: Input<EndChangeStepRequest>,
) -> Reply<ChangeStep> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            change_steps::status.eq(LIFE.step(row.status.as_str(), "fail")?),
            change_steps::result.eq(&told.0.result),
        );
        let one = change_steps::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(ChangeStep::as_returning()).get_result(db).await?)
    })
    .await
}

/// Skip a change step
///
/// It need not be done.
#[utoipa::path(post, path = "/v1/change-steps/{id}/skip", tag = "Changes")]
async fn skip_change_step(
    may: May<Write, ChangeStep>,
    id: Id<ChangeStep>,
    told: Input<EndChangeStepRequest>,
) -> Reply<ChangeStep> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            change_steps::status.eq(LIFE.step(row.status.as_str(), "skip")?),
            change_steps::result.eq(&told.0.result),
        );
        let one = change_steps::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(ChangeStep::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<ChangeStep>()
        .creatable::<ChangeStep>()
        .changeable::<ChangeStep>()
        .deletable::<ChangeStep>()
        .call(operation!(complete_change_step))
        .call(operation!(fail_change_step))
        .call(operation!(skip_change_step));
}
