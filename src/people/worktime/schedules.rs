//! Schedules: which calendar and which pattern an employee has from a day on, until the next of theirs begins.

use platform::prelude::*;
use schema::work_schedules;

/// What an employee has from a day on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = work_schedules)]
pub struct WorkSchedule {
    pub id: Uuid,
    pub version: i64,
    /// Whose it is.
    pub employee_id: Uuid,
    /// From which day on; until the next of the same employee begins.
    #[schema(example = "2026-03-02")]
    pub starts_on: NaiveDate,
    /// Their calendar; null for the organization's default.
    pub calendar_id: Option<Uuid>,
    /// Their working pattern, as it is, whatever share of full time they are employed for; null for the organization's default.
    pub pattern_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A schedule to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = work_schedules, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewWorkSchedule {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Whose it is.
    employee_id: Uuid,
    /// From which day on.
    #[schema(example = "2026-03-02")]
    starts_on: NaiveDate,
    /// Their calendar; left out for the organization's default.
    calendar_id: Option<Uuid>,
    /// Their working pattern; left out for the organization's default.
    pattern_id: Option<Uuid>,
}

/// What of a schedule can be changed. Weeks that were handed in and leave that was agreed to stay as they were.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = work_schedules)]
#[serde(deny_unknown_fields)]
pub struct EditWorkSchedule {
    /// From which day on.
    #[schema(example = "2026-04-01")]
    starts_on: Option<NaiveDate>,
    /// Their calendar; null for the organization's default.
    #[schema(example = json!(null))]
    calendar_id: Option<Option<Uuid>>,
    /// Their working pattern; null for the organization's default.
    #[schema(example = json!(null))]
    pattern_id: Option<Option<Uuid>>,
}

#[expect(clippy::struct_field_names, reason = "named after the fields that they filter by")]
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct WorkScheduleFilter {
    /// Only schedules of this employee.
    employee_id: Option<Uuid>,
    /// Only schedules with this pattern.
    pattern_id: Option<Uuid>,
    /// Only schedules with this calendar.
    calendar_id: Option<Uuid>,
}

impl Named for WorkSchedule {
    const NAME: &'static str = "work-schedules";
}

impl Resource for WorkSchedule {
    const PATH: &'static str = "/v1/work-schedules";
    const SINGULAR: &'static str = "work_schedule";
    const TAG: &'static str = "Working time";
    const SORT: &'static [SortKey] = &[SortKey::day("starts_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-starts_on";
    const NATURAL_KEY: &'static [&'static str] = &["employee_id", "starts_on"];
    const REFERENCES: &'static [Reference] = &[
        Reference {
            field: "employee_id",
            column: "employee_number",
            table: "employees",
            by: "employee_number",
            within: None,
        },
        Reference {
            field: "calendar_id",
            column: "calendar_code",
            table: "work_calendars",
            by: "code",
            within: None,
        },
        Reference {
            field: "pattern_id",
            column: "pattern_code",
            table: "working_patterns",
            by: "code",
            within: None,
        },
    ];
    type Filter = WorkScheduleFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn person(&self) -> Option<Uuid> {
        Some(self.employee_id)
    }
}

impl Stored for WorkSchedule {
    type Table = work_schedules::table;
    const TABLE: &'static str = "work_schedules";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: WorkScheduleFilter) -> Rows<Self> {
        rows.when(by.employee_id, |rows, id| rows.filter(work_schedules::employee_id.eq(id)))
            .when(by.pattern_id, |rows, id| rows.filter(work_schedules::pattern_id.eq(id)))
            .when(by.calendar_id, |rows, id| rows.filter(work_schedules::calendar_id.eq(id)))
    }
}

impl Written for WorkSchedule {
    type New = NewWorkSchedule;
    type Edit = EditWorkSchedule;
}

pub fn routes(api: &mut Api) {
    api.resource::<WorkSchedule>();
}
