//! Job openings: whom the organization looks for. What is approved keeps its seats free within the position's approved headcount, and each
//! accepted offer takes one.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::job_openings;
use staff::assignments::{ContractType, Workplace};

/// Seats of a position for which people are looked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = job_openings)]
pub struct JobOpening {
    pub id: Uuid,
    pub version: i64,
    /// What candidates read.
    #[schema(max_length = 200, example = "Payroll accountant (f/m/x)")]
    pub title: String,
    /// The position that is filled.
    pub position_id: Uuid,
    /// How many people are looked for.
    #[schema(minimum = 1, maximum = 1000, example = 2)]
    pub seats: i32,
    /// How many of them have accepted an offer.
    #[schema(minimum = 0, maximum = 1000, example = 0)]
    pub filled_seats: i32,
    /// The employee for whom they are looked for; with the reach `own` they see the opening and who applies.
    pub hiring_manager_id: Option<Uuid>,
    /// What the job is, and what it asks for.
    #[schema(max_length = 10_000, example = "Runs the payroll of 250 people.")]
    pub description: Option<String>,
    /// What kind of contract it comes to.
    #[schema(example = "permanent")]
    pub contract_type: ContractType,
    /// Where the work is done.
    #[schema(example = "office")]
    pub workplace: Workplace,
    /// Where that is.
    #[schema(max_length = 100, example = "Bucharest")]
    pub location: Option<String>,
    /// The country that it is in (ISO 3166-1).
    #[schema(max_length = 2, example = "RO")]
    pub country: Option<String>,
    /// The least that is paid a month.
    #[schema(value_type = Option<String>, max_length = 22, example = "9000.00")]
    pub salary_from: Option<Money>,
    /// The most that is paid a month.
    #[schema(value_type = Option<String>, max_length = 22, example = "12000.00")]
    pub salary_to: Option<Money>,
    /// The currency of the salary (ISO 4217).
    #[schema(max_length = 3, example = "RON")]
    pub currency: Option<String>,
    pub status: JobOpeningStatus,
    /// The day on which it was opened.
    #[schema(example = json!(null))]
    pub opened_on: Option<NaiveDate>,
    /// The day on which its last seat was taken.
    #[schema(example = json!(null))]
    pub filled_on: Option<NaiveDate>,
    /// The day on which it was closed.
    #[schema(example = json!(null))]
    pub closed_on: Option<NaiveDate>,
    /// Why it was closed.
    #[schema(max_length = 500, example = json!(null))]
    pub close_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where an opening stands.
    pub enum JobOpeningStatus { Draft = "draft", Approved = "approved", Open = "open", Filled = "filled", Closed = "closed" }
}

/// An opening to be: a draft.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = job_openings, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewJobOpening {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What candidates read.
    #[schema(min_length = 1, max_length = 200, example = "Payroll accountant (f/m/x)")]
    title: String,
    /// The position that is filled.
    position_id: Uuid,
    /// How many people are looked for.
    #[schema(minimum = 1, maximum = 1000, example = 2)]
    seats: i32,
    /// The employee for whom they are looked for.
    hiring_manager_id: Option<Uuid>,
    /// What the job is, and what it asks for.
    #[schema(min_length = 1, max_length = 10_000, example = "Runs the payroll of 250 people.")]
    description: Option<String>,
    /// What kind of contract it comes to; a permanent one, unless told.
    #[schema(example = "permanent")]
    #[diesel(treat_none_as_default_value = true)]
    contract_type: Option<ContractType>,
    /// Where the work is done; in the office, unless told.
    #[schema(example = "office")]
    #[diesel(treat_none_as_default_value = true)]
    workplace: Option<Workplace>,
    /// Where that is.
    #[schema(min_length = 1, max_length = 100, example = "Bucharest")]
    location: Option<String>,
    /// The country that it is in (ISO 3166-1).
    #[schema(pattern = "^[A-Z]{2}$", max_length = 2, example = "RO")]
    country: Option<String>,
    /// The least that is paid a month.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "9000.00")]
    salary_from: Option<Decimal>,
    /// The most that is paid a month.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "12000.00")]
    salary_to: Option<Decimal>,
    /// The currency of the salary (ISO 4217); given exactly where a salary is.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "RON")]
    currency: Option<String>,
}

/// What of an opening can be changed: of a draft all, afterwards what it says and for whom it is.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = job_openings)]
#[serde(deny_unknown_fields)]
pub struct EditJobOpening {
    /// What candidates read.
    #[schema(min_length = 1, max_length = 200, example = "Senior payroll accountant (f/m/x)")]
    title: Option<String>,
    /// The position that is filled.
    position_id: Option<Uuid>,
    /// How many people are looked for.
    #[schema(minimum = 1, maximum = 1000, example = 1)]
    seats: Option<i32>,
    /// The employee for whom they are looked for.
    hiring_manager_id: Option<Option<Uuid>>,
    /// What the job is, and what it asks for.
    #[schema(min_length = 1, max_length = 10_000, example = "Runs the payroll of 300 people.")]
    description: Option<Option<String>>,
    /// What kind of contract it comes to.
    #[schema(example = "permanent")]
    contract_type: Option<ContractType>,
    /// Where the work is done.
    #[schema(example = "office")]
    workplace: Option<Workplace>,
    /// Where that is.
    #[schema(min_length = 1, max_length = 100, example = "Cluj-Napoca")]
    location: Option<Option<String>>,
    /// The country that it is in (ISO 3166-1).
    #[schema(pattern = "^[A-Z]{2}$", max_length = 2, example = "RO")]
    country: Option<Option<String>>,
    /// The least that is paid a month.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "9500.00")]
    salary_from: Option<Option<Decimal>>,
    /// The most that is paid a month.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "12500.00")]
    salary_to: Option<Option<Decimal>>,
    /// The currency of the salary (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "RON")]
    currency: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct JobOpeningFilter {
    /// Only openings in this state.
    #[param(inline)]
    status: Option<JobOpeningStatus>,
    /// Only openings of this position.
    position_id: Option<Uuid>,
    /// Only openings for this employee.
    hiring_manager_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Written, and open to changes."),
        ("approved", "Agreed to, its seats kept free; nobody can apply yet."),
        ("open", "Candidates apply."),
        ("filled", "All seats are taken."),
        ("closed", "Nobody is looked for any more; what was kept free is free."),
    ],
    steps: &[
        Step { action: "approve", from: &["draft"], to: "approved", verb: "approve" },
        Step { action: "revise", from: &["approved"], to: "draft", verb: "write" },
        Step { action: "open", from: &["approved"], to: "open", verb: "write" },
        Step { action: "close", from: &["draft", "approved", "open", "filled"], to: "closed", verb: "write" },
    ],
};

impl Named for JobOpening {
    const NAME: &'static str = "job-openings";
}

impl Resource for JobOpening {
    const PATH: &'static str = "/v1/job-openings";
    const SINGULAR: &'static str = "job_opening";
    const TAG: &'static str = "Hiring";
    const SORT: &'static [SortKey] = &[SortKey::text("title"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = JobOpeningFilter;

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
        self.hiring_manager_id
    }
}

impl Stored for JobOpening {
    type Table = job_openings::table;
    const TABLE: &'static str = "job_openings";
    const SEARCHED: &'static [&'static str] = &["title"];

    fn narrow(rows: Rows<Self>, by: JobOpeningFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(job_openings::status.eq(status)))
            .when(by.position_id, |rows, id| rows.filter(job_openings::position_id.eq(id)))
            .when(by.hiring_manager_id, |rows, id| rows.filter(job_openings::hiring_manager_id.eq(id)))
    }
}

impl Written for JobOpening {
    type New = NewJobOpening;
    type Edit = EditJobOpening;
}

/// Approve a job opening
///
/// Agrees to look for so many people, and keeps their seats free: with whoever fills the position and what other openings keep free
/// they must be within its approved headcount. Nobody approves an opening that they wrote. Where a policy of the organization
/// asks for it, only with an approval of `approve`.
#[utoipa::path(post, path = "/v1/job-openings/{id}/approve", tag = "Hiring")]
async fn approve_job_opening(may: May<Approve, JobOpening>, id: Id<JobOpening>) -> Reply<JobOpening> {
    approvals::step(may, id, "approve").await
}

/// Revise a job opening
///
/// One that is approved and not open yet is a draft again, open to changes. Its seats are free.
#[utoipa::path(post, path = "/v1/job-openings/{id}/revise", tag = "Hiring")]
async fn revise_job_opening(may: May<Write, JobOpening>, id: Id<JobOpening>) -> Reply<JobOpening> {
    step(may, id, "revise").await
}

/// Open a job opening
///
/// From now on candidates apply to it.
#[utoipa::path(post, path = "/v1/job-openings/{id}/open", tag = "Hiring")]
async fn open_job_opening(may: May<Write, JobOpening>, id: Id<JobOpening>) -> Reply<JobOpening> {
    step(may, id, "open").await
}

/// Why nobody is looked for any more.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseJobOpeningRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "The department was merged with another one.")]
    reason: String,
}

/// Close a job opening
///
/// Nobody is looked for any more: nobody can apply, and no offer of it can be sent or accepted. Seats that were kept free are free. Applications stay as they are,
/// to be answered one by one.
#[utoipa::path(post, path = "/v1/job-openings/{id}/close", tag = "Hiring")]
async fn close_job_opening(
    may: May<Write, JobOpening>,
    id: Id<JobOpening>,
    why: Input<CloseJobOpeningRequest>,
) -> Reply<JobOpening> {
    may.write(async |db| {
        let opening = lock(&may, db, &id).await?;
        let closed = (
            job_openings::status.eq(LIFE.step(opening.status.as_str(), "close")?),
            job_openings::closed_on.eq(Utc::now().date_naive()),
            job_openings::close_reason.eq(&why.0.reason),
        );
        let one = job_openings::table.find((db.organization(), opening.id));
        Ok(diesel::update(one).set(closed).returning(JobOpening::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<JobOpening>()
        .creatable::<JobOpening>()
        .changeable::<JobOpening>()
        .deletable::<JobOpening>()
        .call(operation!(approve_job_opening))
        .call(operation!(revise_job_opening))
        .call(operation!(open_job_opening))
        .call(operation!(close_job_opening));
}
