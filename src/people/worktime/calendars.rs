//! Calendars: which days are public holidays for those who have one. One of them is everybody's who has none of their own.

use platform::prelude::*;
use schema::work_calendars;

/// A calendar of public holidays.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = work_calendars)]
pub struct WorkCalendar {
    pub id: Uuid,
    pub version: i64,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, example = "RO")]
    pub code: String,
    /// What it is called.
    #[schema(max_length = 100, example = "Romania")]
    pub name: String,
    /// The country whose holidays it holds (ISO 3166-1).
    #[schema(max_length = 2, example = "RO")]
    pub country: Option<String>,
    /// Whether it is that of everybody who has none of their own.
    #[schema(example = true)]
    pub is_default: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A calendar to be. Its holidays are added afterwards, one by one, by a file, or those of a country at once.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = work_calendars, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewWorkCalendar {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9-]{0,19}$", example = "RO")]
    code: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Romania")]
    name: String,
    /// The country whose holidays it holds (ISO 3166-1).
    #[schema(pattern = "^[A-Z]{2}$", max_length = 2, example = "RO")]
    country: Option<String>,
    /// Whether it becomes that of everybody who has none of their own, in the place of the one that was.
    #[schema(example = false)]
    #[serde(default)]
    is_default: bool,
}

/// What of a calendar can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = work_calendars)]
#[serde(deny_unknown_fields)]
pub struct EditWorkCalendar {
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9-]{0,19}$", example = "RO-B")]
    code: Option<String>,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Romania, Bucharest")]
    name: Option<String>,
    /// The country whose holidays it holds (ISO 3166-1).
    #[schema(pattern = "^[A-Z]{2}$", max_length = 2, example = "RO")]
    country: Option<Option<String>>,
    /// Whether it is that of everybody who has none of their own.
    #[schema(example = true)]
    is_default: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct WorkCalendarFilter {
    /// Only the calendar with this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
    /// Only calendars of this country (ISO 3166-1).
    #[param(min_length = 2, max_length = 2)]
    country: Option<String>,
}

impl Named for WorkCalendar {
    const NAME: &'static str = "work-calendars";
}

impl Resource for WorkCalendar {
    const PATH: &'static str = "/v1/work-calendars";
    const SINGULAR: &'static str = "work_calendar";
    const TAG: &'static str = "Working time";
    const SORT: &'static [SortKey] =
        &[SortKey::text("code"), SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "code";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    type Filter = WorkCalendarFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for WorkCalendar {
    type Table = work_calendars::table;
    const TABLE: &'static str = "work_calendars";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: WorkCalendarFilter) -> Rows<Self> {
        rows.when(by.code, |rows, code| rows.filter(work_calendars::code.eq(code)))
            .when(by.country, |rows, country| rows.filter(work_calendars::country.eq(country)))
    }
}

impl Written for WorkCalendar {
    type New = NewWorkCalendar;
    type Edit = EditWorkCalendar;
}

pub fn routes(api: &mut Api) {
    api.resource::<WorkCalendar>();
}
