//! Interviews: who asks whom, when and where. Nobody asks in two places at once; calendars of others are told in their own words.

use calendar::{Calendar, During, Entry, Standing};
use diesel::PgArrayExpressionMethods;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Nullable, Uuid as SqlUuid};
use platform::prelude::*;
use schema::interviews;
use serde_json::Value;

/// A talk with a candidate.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = interviews)]
pub struct Interview {
    pub id: Uuid,
    pub version: i64,
    /// The application that it is about.
    pub application_id: Uuid,
    /// What it is called.
    #[schema(max_length = 200, example = "Technical interview")]
    pub title: String,
    /// How one meets.
    #[schema(example = "on_site")]
    pub kind: InterviewKind,
    /// When it starts.
    #[schema(example = "2026-12-01T09:00:00Z")]
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    #[schema(example = "2026-12-01T10:00:00Z")]
    pub ends_at: DateTime<Utc>,
    /// Where it is.
    #[schema(max_length = 300, example = "Room 3")]
    pub place: Option<String>,
    /// Where it is, for those who are elsewhere.
    #[schema(max_length = 500, example = json!(null))]
    pub link: Option<String>,
    /// The employees who ask; none of them is in another interview at the time.
    #[schema(max_items = 20)]
    #[diesel(select_expression = panel())]
    #[diesel(select_expression_type = SqlLiteral<Array<SqlUuid>>)]
    pub panel: Vec<Uuid>,
    /// How often it was changed, as calendars count.
    #[schema(minimum = 0, example = 0)]
    pub sequence: i32,
    /// Why it was cancelled.
    #[schema(max_length = 500, example = json!(null))]
    pub cancellation_reason: Option<String>,
    pub status: InterviewStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An array whose elements Diesel would take for nullable.
fn panel() -> SqlLiteral<Array<SqlUuid>> {
    sql("interviews.panel")
}

text_enum! {
    /// Whether it took place.
    pub enum InterviewStatus { Planned = "planned", Held = "held", Cancelled = "cancelled" }
}

text_enum! {
    /// How one meets.
    pub enum InterviewKind { Phone = "phone", Video = "video", OnSite = "on_site" }
}

/// An interview to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = interviews, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewInterview {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The application that it is about.
    application_id: Uuid,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Technical interview")]
    title: String,
    /// How one meets.
    #[schema(example = "on_site")]
    kind: InterviewKind,
    /// When it starts.
    #[schema(example = "2026-12-01T09:00:00Z")]
    starts_at: DateTime<Utc>,
    /// When it ends, within a day.
    #[schema(example = "2026-12-01T10:00:00Z")]
    ends_at: DateTime<Utc>,
    /// Where it is.
    #[schema(min_length = 1, max_length = 300, example = "Room 3")]
    place: Option<String>,
    /// Where it is, for those who are elsewhere.
    #[schema(pattern = "^https://[^ ]{2,490}$", max_length = 500, example = json!(null))]
    link: Option<String>,
    /// The employees who ask; none of them is in another interview at the time.
    #[schema(min_items = 1, max_items = 20)]
    panel: Vec<Uuid>,
}

/// What of a planned interview can be changed; its time is changed by `reschedule`.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = interviews)]
#[serde(deny_unknown_fields)]
pub struct EditInterview {
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Interview with the team")]
    title: Option<String>,
    /// How one meets.
    #[schema(example = "on_site")]
    kind: Option<InterviewKind>,
    /// Where it is.
    #[schema(min_length = 1, max_length = 300, example = "Room 4")]
    place: Option<Option<String>>,
    /// Where it is, for those who are elsewhere.
    #[schema(pattern = "^https://[^ ]{2,490}$", max_length = 500, example = "https://meet.demo.example/42")]
    link: Option<Option<String>>,
    /// All employees who ask from now on; who has filed a scorecard stays among them.
    #[schema(min_items = 1, max_items = 20)]
    panel: Option<Vec<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct InterviewFilter {
    /// Only interviews in this state.
    #[param(inline)]
    status: Option<InterviewStatus>,
    /// Only interviews about this application.
    application_id: Option<Uuid>,
    /// Only interviews in which this employee asks.
    interviewer_id: Option<Uuid>,
    /// Only interviews that start then or later.
    starts_at_from: Option<DateTime<Utc>>,
    /// Only interviews that start then or earlier.
    starts_at_to: Option<DateTime<Utc>>,
}

static LIFE: Life = Life {
    states: &[
        ("planned", "To come, its panel booked."),
        ("held", "It took place."),
        ("cancelled", "It does not take place; nobody is booked for it."),
    ],
    steps: &[
        Step { action: "reschedule", from: &["planned"], to: "planned", verb: "write" },
        Step { action: "conclude", from: &["planned"], to: "held", verb: "write" },
        Step { action: "cancel", from: &["planned"], to: "cancelled", verb: "write" },
    ],
};

impl Named for Interview {
    const NAME: &'static str = "interviews";
}

impl Resource for Interview {
    const PATH: &'static str = "/v1/interviews";
    const SINGULAR: &'static str = "interview";
    const TAG: &'static str = "Hiring";
    const SORT: &'static [SortKey] = &[SortKey::instant("starts_at"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "starts_at";
    type Filter = InterviewFilter;

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

impl Stored for Interview {
    type Table = interviews::table;
    const TABLE: &'static str = "interviews";
    const SEARCHED: &'static [&'static str] = &["title"];

    fn narrow(rows: Rows<Self>, by: InterviewFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(interviews::status.eq(status)))
            .when(by.application_id, |rows, id| rows.filter(interviews::application_id.eq(id)))
            .when(by.interviewer_id, |rows, id| rows.filter(interviews::panel.contains(vec![Some(id)])))
            .when(by.starts_at_from, |rows, at| rows.filter(interviews::starts_at.ge(at)))
            .when(by.starts_at_to, |rows, at| rows.filter(interviews::starts_at.le(at)))
    }
}

impl Written for Interview {
    type New = NewInterview;
    type Edit = EditInterview;
}

/// Another time for an interview.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RescheduleInterviewRequest {
    /// When it starts.
    #[schema(example = "2026-12-02T09:00:00Z")]
    starts_at: DateTime<Utc>,
    /// When it ends, within a day.
    #[schema(example = "2026-12-02T10:00:00Z")]
    ends_at: DateTime<Utc>,
}

/// Reschedule an interview
///
/// It takes place at another time, at which nobody of the panel may be in another interview. Calendars that know of it move it.
#[utoipa::path(post, path = "/v1/interviews/{id}/reschedule", tag = "Hiring")]
async fn reschedule_interview(
    may: May<Write, Interview>,
    id: Id<Interview>,
    to: Input<RescheduleInterviewRequest>,
) -> Reply<Interview> {
    may.write(async |db| {
        let interview = lock(&may, db, &id).await?;
        LIFE.step(interview.status.as_str(), "reschedule")?;
        let moved = (interviews::starts_at.eq(to.0.starts_at), interviews::ends_at.eq(to.0.ends_at));
        let one = interviews::table.find((db.organization(), interview.id));
        Ok(diesel::update(one).set(moved).returning(Interview::as_returning()).get_result(db).await?)
    })
    .await
}

/// Conclude an interview
///
/// It took place. What the panel thinks of it they file as scorecards.
#[utoipa::path(post, path = "/v1/interviews/{id}/conclude", tag = "Hiring")]
async fn conclude_interview(may: May<Write, Interview>, id: Id<Interview>) -> Reply<Interview> {
    step(may, id, "conclude").await
}

/// Why an interview does not take place.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelInterviewRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "The candidate is ill.")]
    reason: String,
}

/// Cancel an interview
///
/// It does not take place, and nobody is booked for it any more. Calendars that know of it strike it out.
#[utoipa::path(post, path = "/v1/interviews/{id}/cancel", tag = "Hiring")]
async fn cancel_interview(
    may: May<Write, Interview>,
    id: Id<Interview>,
    why: Input<CancelInterviewRequest>,
) -> Reply<Interview> {
    may.write(async |db| {
        let interview = lock(&may, db, &id).await?;
        let cancelled = (
            interviews::status.eq(LIFE.step(interview.status.as_str(), "cancel")?),
            interviews::cancellation_reason.eq(&why.0.reason),
        );
        let one = interviews::table.find((db.organization(), interview.id));
        Ok(diesel::update(one).set(cancelled).returning(Interview::as_returning()).get_result(db).await?)
    })
    .await
}

diesel::define_sql_function! {
    /// See the migration of hiring: interviews as calendars show them.
    fn interview_calendar(interview: Nullable<SqlUuid>, interviewer: Nullable<SqlUuid>) -> Nullable<Jsonb>;
}

#[derive(Deserialize)]
struct Shown {
    id: Uuid,
    sequence: u32,
    changed_at: DateTime<Utc>,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    is_cancelled: bool,
    title: String,
    place: Option<String>,
    link: Option<String>,
    candidate: Option<String>,
    panel: Option<Vec<Member>>,
}

#[derive(Deserialize)]
struct Member {
    name: String,
    address: Option<String>,
}

impl From<Shown> for Entry {
    fn from(shown: Shown) -> Self {
        let candidate = shown.candidate.filter(|name| !name.is_empty());
        Self {
            id: shown.id,
            sequence: shown.sequence,
            changed_at: shown.changed_at,
            when: During::Times(shown.starts_at, shown.ends_at),
            is_transparent: false,
            standing: if shown.is_cancelled { Standing::Cancelled } else { Standing::Confirmed },
            summary: match candidate {
                Some(name) => format!("{}: {name}", shown.title),
                None => shown.title,
            },
            description: None,
            location: shown.place,
            url: shown.link,
            attendees: shown
                .panel
                .into_iter()
                .flatten()
                .map(|member| (member.name, member.address))
                .collect(),
        }
    }
}

async fn entries(db: &mut Db, interview: Option<Uuid>, interviewer: Option<Uuid>) -> Result<Vec<Entry>> {
    let shown = diesel::select(interview_calendar(interview, interviewer));
    let shown: Option<Value> = shown.get_result(db).await?;
    let shown: Option<Vec<Shown>> =
        shown.map(serde_json::from_value).transpose().map_err(Problem::internal)?;
    Ok(shown.unwrap_or_default().into_iter().map(Entry::from).collect())
}

/// Read an interview as a calendar
///
/// The interview as an iCalendar file (RFC 5545), to be sent to who takes part. Moved or cancelled, the same file tells calendars so.
#[utoipa::path(get, path = "/v1/interviews/{id}/calendar", tag = "Hiring")]
async fn get_interview_calendar(may: May<Read, Interview>, id: Id<Interview>) -> Reply<Calendar> {
    let entries = may.read(async |db| entries(db, Some(id.0), None).await).await?;
    if entries.is_empty() {
        return Err(Problem::not_found());
    }
    let file_name = format!("interview-{}", id.0);
    Calendar { name: "Interview".into(), file_name, entries }.answer(may.grants())
}

/// Whose interviews a feed has.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct FeedAsked {
    /// The employee who asks; whoever calls, unless told.
    interviewer_id: Option<Uuid>,
}

/// Read the calendar of an interviewer
///
/// The interviews of an employee, those of the last 90 days and all to come, as a feed that calendar programs read again and again (RFC 5545): of whoever calls,
/// unless another one is named, whose interviews the caller may see.
#[utoipa::path(get, path = "/v1/interviews/calendar", tag = "Hiring")]
async fn get_interview_feed(may: May<Read, Interview>, asked: Params<FeedAsked>) -> Reply<Calendar> {
    let entries = may.read(async |db| entries(db, None, asked.0.interviewer_id).await).await?;
    Calendar { name: "Interviews".into(), file_name: "interviews".into(), entries }.answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.readable::<Interview>()
        .creatable::<Interview>()
        .changeable::<Interview>()
        .call(operation!(get_interview_feed))
        .call(operation!(reschedule_interview))
        .call(operation!(conclude_interview))
        .call(operation!(cancel_interview))
        .call(operation!(get_interview_calendar));
}
