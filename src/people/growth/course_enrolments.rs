//! Course enrolments: who has a seat in a session or waits for one, how they did, and what they say of it.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::course_enrolments;

/// That somebody has a seat in a session, or waits for one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = course_enrolments)]
pub struct CourseEnrolment {
    pub id: Uuid,
    pub version: i64,
    /// The session.
    pub course_session_id: Uuid,
    /// The course that is held.
    pub course_id: Option<Uuid>,
    /// Who comes.
    pub employee_id: Uuid,
    /// Their points of 100; null where there is no exam, or none yet.
    #[schema(value_type = Option<String>, max_length = 8, example = json!(null))]
    pub score: Option<Decimal>,
    /// Whether they passed; null until it was held.
    #[schema(example = json!(null))]
    pub has_passed: Option<bool>,
    /// What they think of it, from 1 to 5.
    #[schema(minimum = 1, maximum = 5, example = json!(null))]
    pub rating: Option<i32>,
    /// What they say of it.
    #[schema(max_length = 2000, example = json!(null))]
    pub feedback: Option<String>,
    pub status: CourseEnrolmentStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where it stands.
    pub enum CourseEnrolmentStatus { Enrolled = "enrolled", Waiting = "waiting", Withdrawn = "withdrawn", Cancelled = "cancelled", Attended = "attended", Absent = "absent" }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CourseEnrolmentFilter {
    /// Only enrolments in this state.
    #[param(inline)]
    status: Option<CourseEnrolmentStatus>,
    /// Only enrolments in this session.
    course_session_id: Option<Uuid>,
    /// Only enrolments in sessions of this course.
    course_id: Option<Uuid>,
    /// Only enrolments of this employee.
    employee_id: Option<Uuid>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("enrolled", "They have a seat."),
        ("waiting", "All seats are taken; who has waited longest takes the next that becomes free."),
        ("withdrawn", "They do not come."),
        ("cancelled", "The session does not take place."),
        ("attended", "They came."),
        ("absent", "They had a seat and did not come."),
    ],
    steps: &[
        Step { action: "withdraw", from: &["enrolled", "waiting"], to: "withdrawn", verb: "write" },
        Step { action: "give_feedback", from: &["attended"], to: "attended", verb: "write" },
    ],
};

impl Named for CourseEnrolment {
    const NAME: &'static str = "course-enrolments";
}

impl Resource for CourseEnrolment {
    const PATH: &'static str = "/v1/course-enrolments";
    const SINGULAR: &'static str = "course_enrolment";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = CourseEnrolmentFilter;

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

impl Stored for CourseEnrolment {
    type Table = course_enrolments::table;
    const TABLE: &'static str = "course_enrolments";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: CourseEnrolmentFilter) -> Rows<Self> {
        rows.when(by.status, |rows, value| rows.filter(course_enrolments::status.eq(value)))
            .when(by.course_session_id, |rows, value| {
                rows.filter(course_enrolments::course_session_id.eq(value))
            })
            .when(by.course_id, |rows, value| rows.filter(course_enrolments::course_id.eq(value)))
            .when(by.employee_id, |rows, value| rows.filter(course_enrolments::employee_id.eq(value)))
    }
}

/// An enrolment to be: a seat or, where none is left, a place in the line.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = course_enrolments)]
#[serde(deny_unknown_fields)]
pub struct NewCourseEnrolment {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The session, which is planned.
    course_session_id: Uuid,
    /// Who comes; left out, the employee that the caller is. One who asks for oneself or for one's team asks before it begins.
    employee_id: Option<Uuid>,
}

/// Nothing of an enrolment is changed but by its steps.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditCourseEnrolment {}

impl Kept for CourseEnrolment {
    type New = NewCourseEnrolment;
    type Edit = EditCourseEnrolment;

    async fn create(db: &mut Db, new: NewCourseEnrolment) -> Result<Self> {
        let made = diesel::insert_into(course_enrolments::table).values(new).returning(Self::as_returning());
        Ok(made.get_result(db).await?)
    }

    async fn change(_: &mut Db, row: Self, _: EditCourseEnrolment) -> Result<Self> {
        Ok(row)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        diesel::delete(course_enrolments::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

/// Withdraw a course enrolment
///
/// They do not come. A seat that becomes free is taken at once by who has waited longest, whose enrolment says so by an event,
/// `course_enrolment.enrolled`.
#[utoipa::path(post, path = "/v1/course-enrolments/{id}/withdraw", tag = "Growth")]
async fn withdraw_course_enrolment(
    may: May<Write, CourseEnrolment>,
    id: Id<CourseEnrolment>,
) -> Reply<CourseEnrolment> {
    step(may, id, "withdraw").await
}

/// What somebody says of a course.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveFeedbackRequest {
    /// What they think of it, from 1 to 5.
    #[schema(minimum = 1, maximum = 5, example = 4)]
    rating: i32,
    /// What they say of it.
    #[schema(min_length = 1, max_length = 2000, example = "More practice, fewer slides.")]
    feedback: Option<String>,
}

/// Give feedback on a course
///
/// Who attended says what they think of it; said again, it takes the place of what was said.
#[utoipa::path(post, path = "/v1/course-enrolments/{id}/give-feedback", tag = "Growth")]
async fn give_course_feedback(
    may: May<Write, CourseEnrolment>,
    id: Id<CourseEnrolment>,
    said: Input<GiveFeedbackRequest>,
) -> Reply<CourseEnrolment> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        LIFE.step(row.status.as_str(), "give_feedback")?;
        let said =
            (course_enrolments::rating.eq(said.0.rating), course_enrolments::feedback.eq(&said.0.feedback));
        let one = course_enrolments::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(said).returning(CourseEnrolment::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<CourseEnrolment>()
        .creatable::<CourseEnrolment>()
        .deletable::<CourseEnrolment>()
        .call(operation!(withdraw_course_enrolment))
        .call(operation!(give_course_feedback));
}
