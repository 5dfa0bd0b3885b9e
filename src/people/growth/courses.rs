//! Courses: what people can learn here, whether one can fail it, and for how long its certificate holds.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::courses;

/// How files name a course: by its code.
pub const REFERENCE: Reference =
    Reference { field: "course_id", column: "course_code", table: "courses", by: "code", within: None };

/// Something that people can learn here.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = courses)]
pub struct Course {
    pub id: Uuid,
    pub version: i64,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, example = "FIRE-SAFETY")]
    pub code: String,
    /// What it is.
    #[schema(max_length = 100, example = "Fire safety at work")]
    pub name: String,
    /// How one learns.
    #[schema(example = "classroom")]
    pub kind: CourseKind,
    /// What one learns.
    #[schema(max_length = 2000, example = json!(null))]
    pub description: Option<String>,
    /// How long it takes, in hours.
    #[schema(value_type = Option<String>, max_length = 22, example = "4")]
    pub hours: Option<Quantity>,
    /// With how many points of 100 one passes; null where there is no exam, and who attends passes.
    #[schema(value_type = Option<String>, max_length = 8, example = "60")]
    pub pass_score: Option<Decimal>,
    /// For how many months a certificate of it holds; null where it holds for good.
    #[schema(minimum = 1, maximum = 600, example = 12)]
    pub certificate_months: Option<i32>,
    pub status: CourseStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// How one learns.
    pub enum CourseKind {
        Classroom = "classroom", Online = "online", Workshop = "workshop", Conference = "conference", OnTheJob = "on_the_job", Exam = "exam",
    }
}

text_enum! {
    /// Whether it is offered.
    pub enum CourseStatus { Active = "active", Archived = "archived" }
}

/// A course to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = courses, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewCourse {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9.-]{0,19}$", example = "FIRE-SAFETY")]
    code: String,
    /// What it is.
    #[schema(min_length = 1, max_length = 100, example = "Fire safety at work")]
    name: String,
    /// How one learns.
    #[schema(example = "classroom")]
    kind: CourseKind,
    /// What one learns.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    description: Option<String>,
    /// How long it takes, in hours.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,14}(\.[0-9]{1,6})?$", example = "4")]
    hours: Option<Decimal>,
    /// With how many points of 100 one passes; null where there is no exam, and who attends passes.
    #[schema(value_type = Option<String>, max_length = 7, pattern = r"^[0-9]{1,3}(\.[0-9]{1,2})?$", example = "60")]
    pass_score: Option<Decimal>,
    /// For how many months a certificate of it holds; null where it holds for good.
    #[schema(minimum = 1, maximum = 600, example = 12)]
    certificate_months: Option<i32>,
}

/// What of a course can be changed. Certificates that were given keep their day.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = courses)]
#[serde(deny_unknown_fields)]
pub struct EditCourse {
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9.-]{0,19}$", example = "FIRE-SAFETY")]
    code: Option<String>,
    /// What it is.
    #[schema(min_length = 1, max_length = 100, example = "Fire safety")]
    name: Option<String>,
    /// How one learns.
    #[schema(example = "classroom")]
    kind: Option<CourseKind>,
    /// What one learns.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    description: Option<Option<String>>,
    /// How long it takes, in hours.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,14}(\.[0-9]{1,6})?$", example = "4")]
    hours: Option<Option<Decimal>>,
    /// With how many points of 100 one passes; null where there is no exam, and who attends passes.
    #[schema(value_type = Option<String>, max_length = 7, pattern = r"^[0-9]{1,3}(\.[0-9]{1,2})?$", example = "60")]
    pass_score: Option<Option<Decimal>>,
    /// For how many months a certificate of it holds; null where it holds for good.
    #[schema(minimum = 1, maximum = 600, example = 12)]
    certificate_months: Option<Option<i32>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CourseFilter {
    /// Only courses in this state.
    #[param(inline)]
    status: Option<CourseStatus>,
    /// Only courses of this kind.
    #[param(inline)]
    kind: Option<CourseKind>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("active", "It is offered."),
        ("archived", "No new session is planned, and nobody is required to have it."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for Course {
    const NAME: &'static str = "courses";
}

impl Resource for Course {
    const PATH: &'static str = "/v1/courses";
    const SINGULAR: &'static str = "course";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] =
        &[SortKey::text("code"), SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "code";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    type Filter = CourseFilter;

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

impl Stored for Course {
    type Table = courses::table;
    const TABLE: &'static str = "courses";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: CourseFilter) -> Rows<Self> {
        rows.when(by.status, |rows, value| rows.filter(courses::status.eq(value)))
            .when(by.kind, |rows, value| rows.filter(courses::kind.eq(value)))
    }
}

impl Written for Course {
    type New = NewCourse;
    type Edit = EditCourse;
}

/// Archive a course
///
/// No new session of it is planned, and nobody is required to have it; certificates stay.
#[utoipa::path(post, path = "/v1/courses/{id}/archive", tag = "Growth")]
async fn archive_course(may: May<Write, Course>, id: Id<Course>) -> Reply<Course> {
    step(may, id, "archive").await
}

/// Restore a course
///
/// It is offered again.
#[utoipa::path(post, path = "/v1/courses/{id}/restore", tag = "Growth")]
async fn restore_course(may: May<Write, Course>, id: Id<Course>) -> Reply<Course> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<Course>().call(operation!(archive_course)).call(operation!(restore_course));
}
