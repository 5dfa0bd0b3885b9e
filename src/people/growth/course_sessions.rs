//! Course sessions: when and where a course is held, how many can come, and what came of it.

use crate::courses;
use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::INVALID_STATE;
use rust_decimal::Decimal;
use schema::course_sessions;

/// A course that is held at a time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = course_sessions)]
pub struct CourseSession {
    pub id: Uuid,
    pub version: i64,
    /// The course.
    pub course_id: Uuid,
    /// When it begins.
    #[schema(example = "2026-04-14T07:00:00Z")]
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    #[schema(example = "2026-04-14T11:00:00Z")]
    pub ends_at: DateTime<Utc>,
    /// Where it is.
    #[schema(max_length = 200, example = "Room 3")]
    pub place: Option<String>,
    /// Where it is online.
    #[schema(max_length = 500, example = json!(null))]
    pub link: Option<String>,
    /// Who teaches.
    #[schema(max_length = 200, example = "City fire brigade")]
    pub trainer: Option<String>,
    /// How many can come.
    #[schema(minimum = 1, maximum = 10_000, example = 12)]
    pub seats: i32,
    /// How many of the seats are taken.
    #[schema(minimum = 0, maximum = 10_000, example = 0)]
    pub taken_seats: i32,
    /// How many wait for a seat.
    #[schema(minimum = 0, maximum = 1_000_000, example = 0)]
    pub waiting: i32,
    /// What all of it costs.
    #[schema(example = "600.00")]
    pub cost: Money,
    /// The currency of the cost (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: Option<String>,
    /// Why it was cancelled.
    #[schema(max_length = 500, example = json!(null))]
    pub cancel_reason: Option<String>,
    pub status: CourseSessionStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where it stands.
    pub enum CourseSessionStatus { Planned = "planned", Held = "held", Cancelled = "cancelled" }
}

/// A session to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = course_sessions, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewCourseSession {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The course.
    course_id: Uuid,
    /// When it begins.
    #[schema(example = "2026-04-14T07:00:00Z")]
    starts_at: DateTime<Utc>,
    /// When it ends.
    #[schema(example = "2026-04-14T11:00:00Z")]
    ends_at: DateTime<Utc>,
    /// Where it is.
    #[schema(min_length = 1, max_length = 200, example = "Room 3")]
    place: Option<String>,
    /// Where it is online.
    #[schema(min_length = 1, max_length = 500, example = json!(null))]
    link: Option<String>,
    /// Who teaches.
    #[schema(min_length = 1, max_length = 200, example = "City fire brigade")]
    trainer: Option<String>,
    /// How many can come.
    #[schema(minimum = 1, maximum = 10_000, example = 12)]
    seats: i32,
    /// What all of it costs.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "600.00")]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    cost: Option<Decimal>,
    /// The currency of the cost (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<String>,
}

/// What of a session can be changed. More seats are for those who wait.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = course_sessions)]
#[serde(deny_unknown_fields)]
pub struct EditCourseSession {
    /// When it begins.
    #[schema(example = "2026-04-14T07:00:00Z")]
    starts_at: Option<DateTime<Utc>>,
    /// When it ends.
    #[schema(example = "2026-04-14T12:00:00Z")]
    ends_at: Option<DateTime<Utc>>,
    /// Where it is.
    #[schema(min_length = 1, max_length = 200, example = "Room 3")]
    place: Option<Option<String>>,
    /// Where it is online.
    #[schema(min_length = 1, max_length = 500, example = json!(null))]
    link: Option<Option<String>>,
    /// Who teaches.
    #[schema(min_length = 1, max_length = 200, example = "City fire brigade")]
    trainer: Option<Option<String>>,
    /// How many can come.
    #[schema(minimum = 1, maximum = 10_000, example = 12)]
    seats: Option<i32>,
    /// What all of it costs.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "600.00")]
    cost: Option<Decimal>,
    /// The currency of the cost (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CourseSessionFilter {
    /// Only sessions in this state.
    #[param(inline)]
    status: Option<CourseSessionStatus>,
    /// Only sessions of this course.
    course_id: Option<Uuid>,
    /// Only sessions that begin then or later.
    starts_at_from: Option<DateTime<Utc>>,
    /// Only sessions that begin then or earlier.
    starts_at_to: Option<DateTime<Utc>>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("planned", "One may enrol."),
        ("held", "It took place; results can still be corrected."),
        ("cancelled", "It does not take place."),
    ],
    steps: &[
        Step { action: "record_results", from: &["planned", "held"], to: "held", verb: "run" },
        Step { action: "cancel", from: &["planned"], to: "cancelled", verb: "write" },
    ],
};

impl Named for CourseSession {
    const NAME: &'static str = "course-sessions";
}

impl Resource for CourseSession {
    const PATH: &'static str = "/v1/course-sessions";
    const SINGULAR: &'static str = "course_session";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] = &[SortKey::instant("starts_at"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "starts_at";
    const REFERENCES: &'static [Reference] = &[courses::REFERENCE];
    type Filter = CourseSessionFilter;

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

impl Stored for CourseSession {
    type Table = course_sessions::table;
    const TABLE: &'static str = "course_sessions";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: CourseSessionFilter) -> Rows<Self> {
        rows.when(by.status, |rows, value| rows.filter(course_sessions::status.eq(value)))
            .when(by.course_id, |rows, value| rows.filter(course_sessions::course_id.eq(value)))
            .when(by.starts_at_from, |rows, value| rows.filter(course_sessions::starts_at.ge(value)))
            .when(by.starts_at_to, |rows, value| rows.filter(course_sessions::starts_at.le(value)))
    }
}

impl Written for CourseSession {
    type New = NewCourseSession;
    type Edit = EditCourseSession;

    async fn check_edit(_: &mut Db, row: &Self, _: &EditCourseSession) -> Result<()> {
        match row.status {
            CourseSessionStatus::Planned => Ok(()),
            _ => Err(INVALID_STATE
                .because("A session that was held or cancelled stays as it was: plan another one.")),
        }
    }
}

/// Why a session does not take place.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelCourseSessionRequest {
    /// Why not; those who were to come read it.
    #[schema(min_length = 1, max_length = 500, example = "The trainer is ill.")]
    reason: String,
}

/// Cancel a course session
///
/// It does not take place. Whoever was to come, or waits, is told by an event of their enrolment, `course_enrolment.cancelled`.
#[utoipa::path(post, path = "/v1/course-sessions/{id}/cancel", tag = "Growth")]
async fn cancel_course_session(
    may: May<Write, CourseSession>,
    id: Id<CourseSession>,
    why: Input<CancelCourseSessionRequest>,
) -> Reply<CourseSession> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            course_sessions::status.eq(LIFE.step(row.status.as_str(), "cancel")?),
            course_sessions::cancel_reason.eq(&why.0.reason),
        );
        let one = course_sessions::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(CourseSession::as_returning()).get_result(db).await?)
    })
    .await
}

/// Who came, and what came of it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordResultsRequest {
    /// Each who had a seat, once; who is not named can be told of later.
    #[schema(min_items = 1, max_items = 1000)]
    results: Vec<CourseResult>,
}

/// What came of it for somebody.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CourseResult {
    /// Who had a seat.
    employee_id: Uuid,
    /// Whether they came.
    #[schema(example = true)]
    attended: bool,
    /// Their points of 100, where the course has an exam.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)$", example = "85")]
    score: Option<Decimal>,
}

diesel::define_sql_function! {
    /// See the migration of growth.
    fn record_course_results(session: SqlUuid, results: Jsonb);
}

/// Record the results of a course session
///
/// Notes who came and how they did, and that the session was held, once it has begun. Who passed has a certificate from its last
/// day on. Sent again for somebody it corrects their result: a certificate that stood on it is revoked.
#[utoipa::path(post, path = "/v1/course-sessions/{id}/record-results", tag = "Growth")]
async fn record_course_session_results(
    may: May<Run, CourseSession>,
    id: Id<CourseSession>,
    results: Input<RecordResultsRequest>,
) -> Reply<CourseSession> {
    may.write(async |db| {
        let session = lock(&may, db, &id).await?;
        LIFE.step(session.status.as_str(), "record_results")?;
        let results = serde_json::to_value(&results.0.results).map_err(Problem::internal)?;
        diesel::select(record_course_results(session.id, results)).execute(db).await?;
        CourseSession::find(db, session.id).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.resource::<CourseSession>()
        .call(operation!(record_course_session_results))
        .call(operation!(cancel_course_session));
}
