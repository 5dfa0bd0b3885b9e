//! Course requirements: who has to have which certificate, by position and department.

use crate::courses;
use platform::prelude::*;
use schema::course_requirements;

/// That those in a position, in a department, or all, have to have a valid certificate of a course.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = course_requirements)]
pub struct CourseRequirement {
    pub id: Uuid,
    pub version: i64,
    /// The course.
    pub course_id: Uuid,
    /// The position that asks for it; null for all positions.
    pub position_id: Option<Uuid>,
    /// The department that asks for it, with those beneath it; null for all.
    pub department_id: Option<Uuid>,
    /// From when on it is asked for.
    #[schema(example = "2026-01-01")]
    pub starts_on: NaiveDate,
    /// How many days one has from then, or from when one comes into the position.
    #[schema(minimum = 0, maximum = 3650, example = 30)]
    pub due_days: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A requirement to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = course_requirements, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewCourseRequirement {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The course.
    course_id: Uuid,
    /// The position that asks for it; null for all positions.
    #[schema(example = json!(null))]
    position_id: Option<Uuid>,
    /// The department that asks for it, with those beneath it; null for all.
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
    /// From when on it is asked for.
    #[schema(example = "2026-01-01")]
    starts_on: NaiveDate,
    /// How many days one has from then, or from when one comes into the position.
    #[schema(minimum = 0, maximum = 3650, example = 30)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    due_days: Option<i32>,
}

/// What of a requirement can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = course_requirements)]
#[serde(deny_unknown_fields)]
pub struct EditCourseRequirement {
    /// From when on it is asked for.
    #[schema(example = "2026-01-01")]
    starts_on: Option<NaiveDate>,
    /// How many days one has from then, or from when one comes into the position.
    #[schema(minimum = 0, maximum = 3650, example = 60)]
    due_days: Option<i32>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[expect(clippy::struct_field_names, reason = "each is named after the field that it narrows by")]
pub struct CourseRequirementFilter {
    /// Only requirements of this course.
    course_id: Option<Uuid>,
    /// Only requirements of this position.
    position_id: Option<Uuid>,
    /// Only requirements of this department.
    department_id: Option<Uuid>,
}

impl Named for CourseRequirement {
    const NAME: &'static str = "course-requirements";
}

impl Resource for CourseRequirement {
    const PATH: &'static str = "/v1/course-requirements";
    const SINGULAR: &'static str = "course_requirement";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] = &[SortKey::day("starts_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-starts_on";
    const REFERENCES: &'static [Reference] = &[
        courses::REFERENCE,
        Reference {
            field: "department_id",
            column: "department_code",
            table: "departments",
            by: "code",
            within: None,
        },
        Reference {
            field: "position_id",
            column: "position",
            table: "positions",
            by: "title",
            within: Some("department_id"),
        },
    ];
    type Filter = CourseRequirementFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for CourseRequirement {
    type Table = course_requirements::table;
    const TABLE: &'static str = "course_requirements";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: CourseRequirementFilter) -> Rows<Self> {
        rows.when(by.course_id, |rows, value| rows.filter(course_requirements::course_id.eq(value)))
            .when(by.position_id, |rows, value| rows.filter(course_requirements::position_id.eq(value)))
            .when(by.department_id, |rows, value| rows.filter(course_requirements::department_id.eq(value)))
    }
}

impl Written for CourseRequirement {
    type New = NewCourseRequirement;
    type Edit = EditCourseRequirement;
}

pub fn routes(api: &mut Api) {
    api.resource::<CourseRequirement>();
}
