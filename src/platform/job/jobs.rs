//! Jobs as clients follow them: how far they are, what came of them, and how they are stopped or tried again.
use crate::prelude::*;
use crate::problem::ProblemBody;
use diesel::pg::Pg;
use diesel::query_builder::QueryFragment;
use serde_json::Value;
use std::time::{Duration, Instant};

diesel::table! {
    /// The view of jobs that shows how far a running one is.
    followed_jobs (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        version -> Int8,
        kind -> Text,
        status -> Text,
        priority -> Int2,
        run_at -> Timestamptz,
        attempts -> Int4,
        attempts_allowed -> Int4,
        done -> Int8,
        total -> Nullable<Int8>,
        result -> Nullable<Jsonb>,
        problem -> Nullable<Jsonb>,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        created_by -> Nullable<Uuid>,
        updated_at -> Timestamptz,
    }
}

/// Work that goes on behind a request.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = followed_jobs)]
pub struct Job {
    pub id: Uuid,
    pub version: i64,
    /// What kind of work it is.
    #[schema(max_length = 63, example = "employees.import")]
    pub kind: String,
    pub status: JobStatus,
    /// 1 is done first and 9 last, within the organization.
    #[schema(minimum = 1, maximum = 9, example = 5)]
    pub priority: i16,
    /// Not before this.
    pub run_at: DateTime<Utc>,
    /// How often it was begun.
    #[schema(minimum = 0, example = 1)]
    pub attempts: i32,
    /// How often it is begun at the most.
    #[schema(minimum = 1, maximum = 100, example = 10)]
    pub attempts_allowed: i32,
    /// How many of `total` are done: rows, mails, files, as the kind counts.
    #[schema(minimum = 0, example = 4000)]
    pub done: i64,
    /// How many there are; null while nobody knows.
    #[schema(minimum = 0, example = 100_000)]
    pub total: Option<i64>,
    /// What came of it, as its kind says; null until it has succeeded.
    #[schema(value_type = Option<Object>, example = json!(null))]
    pub result: Option<Value>,
    /// What went wrong at the last attempt; null where nothing did.
    #[schema(value_type = Option<ProblemBody>, example = json!(null))]
    pub problem: Option<Value>,
    /// When it was begun first.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[schema(example = json!(null))]
    pub finished_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    /// The user or API client whose job it is; null for the system's own.
    pub created_by: Option<Uuid>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a job stands.
    pub enum JobStatus {
        Queued = "queued",
        Running = "running",
        Cancelling = "cancelling",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct JobFilter {
    /// Only jobs in this state.
    #[param(inline)]
    status: Option<JobStatus>,
    /// Only jobs of this kind.
    #[param(min_length = 1, max_length = 63)]
    kind: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("queued", "It waits for its turn, or to be tried again."),
        ("running", "A worker is at it."),
        ("cancelling", "Somebody asked to stop it; its worker will notice within seconds."),
        ("succeeded", "It is done; `result` says what came of it."),
        (
            "failed",
            "It was tried as often as it may be; `problem` says why it failed. It stays until somebody retries it.",
        ),
        ("cancelled", "It was stopped, and left nothing behind."),
    ],
    steps: &[
        Step { action: "cancel", from: &["queued"], to: "cancelled", verb: "write" },
        Step { action: "cancel", from: &["running"], to: "cancelling", verb: "write" },
        Step { action: "retry", from: &["failed", "cancelled"], to: "queued", verb: "write" },
    ],
};

impl Named for Job {
    const NAME: &'static str = "jobs";
}

impl Resource for Job {
    const PATH: &'static str = "/v1/jobs";
    const SINGULAR: &'static str = "job";
    const TAG: &'static str = "Jobs";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = JobFilter;

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

impl Stored for Job {
    type Table = followed_jobs::table;
    const TABLE: &'static str = "followed_jobs";
    const SEARCHED: &'static [&'static str] = &["kind"];

    fn narrow(rows: Rows<Self>, by: JobFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(followed_jobs::status.eq(status)))
            .when(by.kind, |rows, kind| rows.filter(followed_jobs::kind.eq(kind)))
    }
}

/// What reading a job takes.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobWait {
    /// Seconds to wait for it to end before it is shown as it is.
    #[param(minimum = 0, maximum = 30, default = 0, required = false)]
    #[serde(default)]
    wait: Option<u64>,
}

/// How often a job that somebody waits for is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Read a job
///
/// How far it is and what came of it. With `wait` the answer comes when it has ended, or after so many seconds. Nothing is
/// held meanwhile, and whoever loses their permission while they wait is refused.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "Jobs")]
async fn get_job(may: May<Read, Job>, id: Id<Job>, wait: Params<JobWait>) -> Reply<Job> {
    let until = Instant::now() + Duration::from_secs(wait.0.wait.unwrap_or(0));
    loop {
        let job = may.read(async |db| Job::find(db, id.0).await).await?;
        let is_over = matches!(job.status, JobStatus::Succeeded | JobStatus::Failed | JobStatus::Cancelled);
        if is_over || Instant::now() >= until {
            return job.answer(may.grants());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Cancel a job
///
/// One that waits is cancelled at once. One that runs is told to stop: what it has not committed is undone. One that
/// has ended stays as it is: 409.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", tag = "Jobs")]
async fn cancel_job(may: May<Write, Job>, id: Id<Job>) -> Reply<Job> {
    may.write(async |db| {
        let job = lock(&may, db, &id).await?;
        let status = LIFE.step(job.status.as_str(), "cancel")?;
        let finished_at = (status == "cancelled").then(Utc::now);
        let cancelled = (followed_jobs::status.eq(status), followed_jobs::finished_at.eq(finished_at));
        change(db, job.id, cancelled).await
    })
    .await
}

/// Retry a job
///
/// Puts it into the queue again with all its attempts, in the name of whoever caused it.
#[utoipa::path(post, path = "/v1/jobs/{id}/retry", tag = "Jobs")]
async fn retry_job(may: May<Write, Job>, id: Id<Job>) -> Reply<Job> {
    may.write(async |db| {
        let job = lock(&may, db, &id).await?;
        let again = (
            followed_jobs::status.eq(LIFE.step(job.status.as_str(), "retry")?),
            followed_jobs::attempts.eq(0),
            followed_jobs::run_at.eq(diesel::dsl::now),
            followed_jobs::finished_at.eq(None::<DateTime<Utc>>),
            followed_jobs::problem.eq(None::<Value>),
        );
        change(db, job.id, again).await
    })
    .await
}

/// Changes the job through its view, which answers it as clients see it.
async fn change<C>(db: &mut Db, id: Uuid, change: C) -> Result<Job>
where
    C: AsChangeset<Target = followed_jobs::table, Changeset: QueryFragment<Pg> + Send>,
{
    let one = followed_jobs::table.find((db.organization(), id));
    Ok(diesel::update(one).set(change).returning(Job::as_returning()).get_result(db).await?)
}

pub fn routes(api: &mut Api) {
    api.listable::<Job>()
        .call(operation!(get_job))
        .tell_life::<Job>()
        .historied::<Job>()
        .call(operation!(cancel_job))
        .call(operation!(retry_job));
}
