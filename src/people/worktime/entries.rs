//! Entries of timesheets: what somebody worked on a day, on which project and task, and when they came and went.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::timesheet_entries;

/// What somebody worked on a day.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = timesheet_entries)]
pub struct TimesheetEntry {
    pub id: Uuid,
    pub version: i64,
    /// The sheet of its week.
    pub timesheet_id: Uuid,
    /// Who worked.
    pub employee_id: Uuid,
    /// On which day.
    #[schema(example = "2026-03-03")]
    pub worked_on: NaiveDate,
    /// How many hours.
    #[schema(example = "7.5")]
    pub hours: Quantity,
    /// When they came, where that is told.
    #[schema(example = "2026-03-03T07:00:00Z")]
    pub started_at: Option<DateTime<Utc>>,
    /// When they went: the hours and the breaks fit in between.
    #[schema(example = "2026-03-03T15:00:00Z")]
    pub ended_at: Option<DateTime<Utc>>,
    /// The project that it was for.
    pub project_id: Option<Uuid>,
    /// What of the project it was.
    #[schema(max_length = 200, example = "Foundations")]
    pub task: Option<String>,
    /// What else there is to say.
    #[schema(max_length = 500, example = json!(null))]
    pub note: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An entry to be. It stands in the sheet of its week, which is made with its first entry.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = timesheet_entries)]
#[serde(deny_unknown_fields)]
pub struct NewTimesheetEntry {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Who worked; left out, the employee that the caller is. For others only as far as the permission reaches.
    #[serde(default)]
    #[schema(value_type = Uuid, required = false)]
    employee_id: Option<Uuid>,
    /// On which day: one on which they are employed, of a week that was not handed in.
    #[schema(example = "2026-03-03")]
    worked_on: NaiveDate,
    /// How many hours; all of a day are 24 at the most.
    #[schema(value_type = String, max_length = 5, pattern = r"^([0-9]|1[0-9]|2[0-4])(\.[0-9]{1,2})?$", example = "7.5")]
    hours: Decimal,
    /// When they came; told together with when they went.
    #[schema(example = "2026-03-03T07:00:00Z")]
    started_at: Option<DateTime<Utc>>,
    /// When they went; the hours fit in between.
    #[schema(example = "2026-03-03T15:00:00Z")]
    ended_at: Option<DateTime<Utc>>,
    /// The project that it was for.
    #[schema(example = json!(null))]
    project_id: Option<Uuid>,
    /// What of the project it was.
    #[schema(min_length = 1, max_length = 200, example = "Foundations")]
    task: Option<String>,
    /// What else there is to say.
    #[schema(min_length = 1, max_length = 500, example = json!(null))]
    note: Option<String>,
}

/// What of an entry can be changed, while its week takes entries.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = timesheet_entries)]
#[serde(deny_unknown_fields)]
pub struct EditTimesheetEntry {
    /// On which day; another week than before is fine, where both take entries.
    #[schema(example = "2026-03-04")]
    worked_on: Option<NaiveDate>,
    /// How many hours.
    #[schema(value_type = Option<String>, max_length = 5, pattern = r"^([0-9]|1[0-9]|2[0-4])(\.[0-9]{1,2})?$", example = "7")]
    hours: Option<Decimal>,
    /// When they came.
    #[schema(example = json!(null))]
    started_at: Option<Option<DateTime<Utc>>>,
    /// When they went.
    #[schema(example = json!(null))]
    ended_at: Option<Option<DateTime<Utc>>>,
    /// The project that it was for.
    #[schema(example = json!(null))]
    project_id: Option<Option<Uuid>>,
    /// What of the project it was.
    #[schema(min_length = 1, max_length = 200, example = "Walls")]
    task: Option<Option<String>>,
    /// What else there is to say.
    #[schema(min_length = 1, max_length = 500, example = "In the rain")]
    note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TimesheetEntryFilter {
    /// Only entries of this sheet.
    timesheet_id: Option<Uuid>,
    /// Only entries of this employee.
    employee_id: Option<Uuid>,
    /// Only entries for this project.
    project_id: Option<Uuid>,
    /// Only entries of this day or later.
    worked_on_from: Option<NaiveDate>,
    /// Only entries of this day or earlier.
    worked_on_to: Option<NaiveDate>,
}

impl Named for TimesheetEntry {
    const NAME: &'static str = "timesheet-entries";
}

impl Resource for TimesheetEntry {
    const PATH: &'static str = "/v1/timesheet-entries";
    const SINGULAR: &'static str = "timesheet_entry";
    const TAG: &'static str = "Working time";
    const SORT: &'static [SortKey] = &[SortKey::day("worked_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-worked_on";
    const REFERENCES: &'static [Reference] = &[
        Reference {
            field: "employee_id",
            column: "employee_number",
            table: "employees",
            by: "employee_number",
            within: None,
        },
        Reference {
            field: "project_id",
            column: "project_code",
            table: "projects",
            by: "code",
            within: None,
        },
    ];
    type Filter = TimesheetEntryFilter;

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

impl Stored for TimesheetEntry {
    type Table = timesheet_entries::table;
    const TABLE: &'static str = "timesheet_entries";
    const SEARCHED: &'static [&'static str] = &["task", "note"];

    fn narrow(rows: Rows<Self>, by: TimesheetEntryFilter) -> Rows<Self> {
        rows.when(by.timesheet_id, |rows, id| rows.filter(timesheet_entries::timesheet_id.eq(id)))
            .when(by.employee_id, |rows, id| rows.filter(timesheet_entries::employee_id.eq(id)))
            .when(by.project_id, |rows, id| rows.filter(timesheet_entries::project_id.eq(id)))
            .when(by.worked_on_from, |rows, day| rows.filter(timesheet_entries::worked_on.ge(day)))
            .when(by.worked_on_to, |rows, day| rows.filter(timesheet_entries::worked_on.le(day)))
    }
}

impl Written for TimesheetEntry {
    type New = NewTimesheetEntry;
    type Edit = EditTimesheetEntry;
}

pub fn routes(api: &mut Api) {
    api.resource::<TimesheetEntry>();
}
