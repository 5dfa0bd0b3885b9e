//! Applications: a candidate and an opening, on their way through the stages that the organization names. A curriculum vitae and letters are
//! files that hang on it.

use platform::prelude::*;
use schema::applications;

/// Somebody who would like to have the job.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = applications)]
pub struct Application {
    pub id: Uuid,
    pub version: i64,
    /// Who applies. Once for an opening.
    pub candidate_id: Uuid,
    /// For what.
    pub job_opening_id: Uuid,
    /// The stage that it is at.
    pub stage_id: Uuid,
    /// When it came there.
    #[schema(example = "2026-11-09T09:30:00Z")]
    pub stage_since_at: DateTime<Utc>,
    /// The day on which they applied.
    #[schema(example = "2026-11-02")]
    pub applied_on: NaiveDate,
    /// What they wrote; null once the candidate is anonymized.
    #[schema(max_length = 10_000, example = json!(null))]
    pub cover_letter: Option<String>,
    /// Why it was rejected or withdrawn; null once the candidate is anonymized.
    #[schema(max_length = 500, example = json!(null))]
    pub end_reason: Option<String>,
    /// The day on which it was rejected, withdrawn, or led to a hire.
    #[schema(example = json!(null))]
    pub ended_on: Option<NaiveDate>,
    pub status: ApplicationStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What became of an application.
    pub enum ApplicationStatus { Active = "active", Rejected = "rejected", Withdrawn = "withdrawn", Hired = "hired" }
}

/// An application to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = applications, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewApplication {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Who applies; their consent must not have ended.
    candidate_id: Uuid,
    /// For what; it must be open.
    job_opening_id: Uuid,
    /// The stage at which it begins; the first one, unless told.
    #[schema(example = json!(null))]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    stage_id: Option<Uuid>,
    /// The day on which they applied; today, unless told.
    #[schema(example = "2026-11-02")]
    #[diesel(treat_none_as_default_value = true)]
    applied_on: Option<NaiveDate>,
    /// What they wrote. Papers are files that hang on the application.
    #[schema(min_length = 1, max_length = 10_000, example = "I have run payrolls for eight years.")]
    cover_letter: Option<String>,
}

/// What of an application can be changed; what becomes of it is an action.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = applications)]
#[serde(deny_unknown_fields)]
pub struct EditApplication {
    /// The day on which they applied.
    #[schema(example = "2026-11-03")]
    applied_on: Option<NaiveDate>,
    /// What they wrote.
    #[schema(min_length = 1, max_length = 10_000, example = "I have run payrolls for nine years.")]
    cover_letter: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ApplicationFilter {
    /// Only applications in this state.
    #[param(inline)]
    status: Option<ApplicationStatus>,
    /// Only applications of this candidate.
    candidate_id: Option<Uuid>,
    /// Only applications for this opening.
    job_opening_id: Option<Uuid>,
    /// Only applications at this stage.
    stage_id: Option<Uuid>,
    /// Only applications of this day or later.
    applied_on_from: Option<NaiveDate>,
    /// Only applications of this day or earlier.
    applied_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "On its way through the stages."),
        ("rejected", "Not taken any further."),
        ("withdrawn", "Taken back by the candidate."),
        ("hired", "Led to a hire."),
    ],
    steps: &[
        Step { action: "move", from: &["active"], to: "active", verb: "write" },
        Step { action: "reject", from: &["active"], to: "rejected", verb: "write" },
        Step { action: "withdraw", from: &["active"], to: "withdrawn", verb: "write" },
        Step { action: "reconsider", from: &["rejected", "withdrawn"], to: "active", verb: "write" },
    ],
};

impl Named for Application {
    const NAME: &'static str = "applications";
}

impl Resource for Application {
    const PATH: &'static str = "/v1/applications";
    const SINGULAR: &'static str = "application";
    const TAG: &'static str = "Hiring";
    const SORT: &'static [SortKey] = &[SortKey::day("applied_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = ApplicationFilter;

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

impl Stored for Application {
    type Table = applications::table;
    const TABLE: &'static str = "applications";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: ApplicationFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(applications::status.eq(status)))
            .when(by.candidate_id, |rows, id| rows.filter(applications::candidate_id.eq(id)))
            .when(by.job_opening_id, |rows, id| rows.filter(applications::job_opening_id.eq(id)))
            .when(by.stage_id, |rows, id| rows.filter(applications::stage_id.eq(id)))
            .when(by.applied_on_from, |rows, day| rows.filter(applications::applied_on.ge(day)))
            .when(by.applied_on_to, |rows, day| rows.filter(applications::applied_on.le(day)))
    }
}

impl Written for Application {
    type New = NewApplication;
    type Edit = EditApplication;
}

/// Where an application goes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveApplicationRequest {
    /// The stage that it comes to, further on or back.
    stage_id: Uuid,
}

/// Why an application ends.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndApplicationRequest {
    /// Why; it is forgotten with the candidate.
    #[schema(min_length = 1, max_length = 500, example = "Another candidate has more experience.")]
    reason: String,
}

/// Move an application
///
/// It comes to another stage, further on or back.
#[utoipa::path(post, path = "/v1/applications/{id}/move", tag = "Hiring")]
async fn move_application(
    may: May<Write, Application>,
    id: Id<Application>,
    to: Input<MoveApplicationRequest>,
) -> Reply<Application> {
    may.write(async |db| {
        let application = lock(&may, db, &id).await?;
        LIFE.step(application.status.as_str(), "move")?;
        let one = applications::table.find((db.organization(), application.id));
        let moved = diesel::update(one).set(applications::stage_id.eq(to.0.stage_id));
        Ok(moved.returning(Application::as_returning()).get_result(db).await?)
    })
    .await
}

/// Reject an application
///
/// It is not taken any further. It stays at its stage, so that one sees how far it came.
#[utoipa::path(post, path = "/v1/applications/{id}/reject", tag = "Hiring")]
async fn reject_application(
    may: May<Write, Application>,
    id: Id<Application>,
    why: Input<EndApplicationRequest>,
) -> Reply<Application> {
    end(may, id, "reject", Some(why.0.reason)).await
}

/// Withdraw an application
///
/// The candidate takes it back.
#[utoipa::path(post, path = "/v1/applications/{id}/withdraw", tag = "Hiring")]
async fn withdraw_application(
    may: May<Write, Application>,
    id: Id<Application>,
    why: Input<EndApplicationRequest>,
) -> Reply<Application> {
    end(may, id, "withdraw", Some(why.0.reason)).await
}

/// Reconsider an application
///
/// One that was rejected or withdrawn goes on where it stopped.
#[utoipa::path(post, path = "/v1/applications/{id}/reconsider", tag = "Hiring")]
async fn reconsider_application(may: May<Write, Application>, id: Id<Application>) -> Reply<Application> {
    end(may, id, "reconsider", None).await
}

async fn end(
    may: May<Write, Application>,
    id: Id<Application>,
    action: &str,
    reason: Option<String>,
) -> Reply<Application> {
    may.write(async |db| {
        let application = lock(&may, db, &id).await?;
        let ended = (
            applications::status.eq(LIFE.step(application.status.as_str(), action)?),
            applications::end_reason.eq(&reason),
        );
        let one = applications::table.find((db.organization(), application.id));
        Ok(diesel::update(one).set(ended).returning(Application::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<Application>()
        .creatable::<Application>()
        .changeable::<Application>()
        .deletable::<Application>()
        .call(operation!(move_application))
        .call(operation!(reject_application))
        .call(operation!(withdraw_application))
        .call(operation!(reconsider_application));
}
