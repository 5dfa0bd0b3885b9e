//! Business hours: when the desk is open, in the time of a place. Outside them no clock of a ticket runs.

use crate::clock::Hours;
use chrono::NaiveTime;
use chrono_tz::Tz;
use platform::prelude::*;
use schema::business_hours;

/// When the desk is open.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = business_hours)]
pub struct BusinessHours {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Bucharest, office")]
    pub name: String,
    /// The time zone in which days and times are meant (IANA).
    #[schema(max_length = 64, example = "Europe/Bucharest")]
    pub time_zone: String,
    /// When it is open in a week.
    #[schema(value_type = Vec<BusinessInterval>, max_items = 50)]
    pub intervals: List<BusinessInterval>,
    /// Days on which it stays closed.
    #[schema(value_type = Vec<BusinessHoliday>, max_items = 1000)]
    pub holidays: List<BusinessHoliday>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Hours to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = business_hours)]
#[serde(deny_unknown_fields)]
pub struct NewBusinessHours {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Bucharest, office")]
    name: String,
    /// The time zone in which days and times are meant (IANA).
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$",
        example = "Europe/Bucharest"
    )]
    time_zone: String,
    /// When it is open in a week.
    #[schema(value_type = Vec<BusinessInterval>, min_items = 1, max_items = 50)]
    intervals: List<BusinessInterval>,
    /// Days on which it stays closed.
    #[schema(value_type = Option<Vec<BusinessHoliday>>, max_items = 1000)]
    holidays: Option<List<BusinessHoliday>>,
}

/// What of hours can be changed. Due times that stand are worked out anew when the state, the priority or the queue of their ticket changes.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = business_hours)]
#[serde(deny_unknown_fields)]
pub struct EditBusinessHours {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Bucharest, office")]
    name: Option<String>,
    /// The time zone in which days and times are meant (IANA).
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$",
        example = "Europe/Bucharest"
    )]
    time_zone: Option<String>,
    /// When it is open in a week.
    #[schema(value_type = Vec<BusinessInterval>, min_items = 1, max_items = 50)]
    intervals: Option<List<BusinessInterval>>,
    /// Days on which it stays closed.
    #[schema(value_type = Vec<BusinessHoliday>, max_items = 1000)]
    holidays: Option<List<BusinessHoliday>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BusinessHoursFilter {
    /// Only hours in this time zone.
    #[param(min_length = 1, max_length = 64)]
    time_zone: Option<String>,
}

impl Named for BusinessHours {
    const NAME: &'static str = "business-hours";
}

impl Resource for BusinessHours {
    const PATH: &'static str = "/v1/business-hours";
    const SINGULAR: &'static str = "business_hours";
    const TAG: &'static str = "Tickets";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = BusinessHoursFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for BusinessHours {
    type Table = business_hours::table;
    const TABLE: &'static str = "business_hours";
    const SEARCHED: &'static [&'static str] = &["name", "time_zone"];

    fn narrow(rows: Rows<Self>, by: BusinessHoursFilter) -> Rows<Self> {
        rows.when(by.time_zone, |rows, zone| rows.filter(business_hours::time_zone.eq(zone)))
    }
}

impl Written for BusinessHours {
    type New = NewBusinessHours;
    type Edit = EditBusinessHours;

    async fn check_new(_: &mut Db, new: &NewBusinessHours) -> Result<()> {
        let holidays = new.holidays.as_ref().map(|holidays| holidays.0.as_slice());
        check(Some(&new.time_zone), Some(&new.intervals.0), holidays)
    }

    async fn check_edit(_: &mut Db, _: &Self, edit: &EditBusinessHours) -> Result<()> {
        let intervals = edit.intervals.as_ref().map(|intervals| intervals.0.as_slice());
        let holidays = edit.holidays.as_ref().map(|holidays| holidays.0.as_slice());
        check(edit.time_zone.as_deref(), intervals, holidays)
    }
}

text_enum! {
    /// A day of the week.
    pub enum BusinessWeekday {
        Monday = "monday", Tuesday = "tuesday", Wednesday = "wednesday", Thursday = "thursday", Friday = "friday",
        Saturday = "saturday", Sunday = "sunday",
    }
}

/// An interval of a weekday in which the desk is open.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessInterval {
    /// The day of the week.
    weekday: BusinessWeekday,
    /// When it opens.
    #[schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "09:00")]
    from: String,
    /// When it closes; `24:00` is midnight.
    #[schema(
        min_length = 5,
        max_length = 5,
        pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        example = "17:00"
    )]
    to: String,
}

/// A day on which the desk stays closed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessHoliday {
    /// The day, there.
    #[schema(example = "2026-12-01")]
    day_on: NaiveDate,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "National day")]
    name: String,
}

/// What the clock takes of hours.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Kept {
    time_zone: String,
    intervals: Vec<BusinessInterval>,
    holidays: Vec<BusinessHoliday>,
}

impl Kept {
    /// The hours as the clock has them.
    ///
    /// # Errors
    /// 500 where they are not what [`check`] let in.
    pub(crate) fn hours(&self) -> Result<Hours> {
        let zone: Tz = self.time_zone.parse().map_err(Problem::internal)?;
        let intervals = self.intervals.iter().map(|each| {
            (
                each.weekday as usize,
                minutes(&each.from).unwrap_or_default(),
                minutes(&each.to).unwrap_or_default(),
            )
        });
        Ok(Hours::new(zone, intervals, self.holidays.iter().map(|holiday| holiday.day_on)))
    }
}

/// The minute of the day.
fn minutes(text: &str) -> Option<i64> {
    if text == "24:00" {
        return Some(1_440);
    }
    let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
    Some((time - NaiveTime::MIN).num_minutes())
}

fn check(
    zone: Option<&str>,
    intervals: Option<&[BusinessInterval]>,
    holidays: Option<&[BusinessHoliday]>,
) -> Result<()> {
    let mut faults = Vec::new();
    if zone.is_some_and(|zone| zone.parse::<Tz>().is_err()) {
        let rule = "must be a time zone of the IANA database, such as `Europe/Bucharest`";
        faults.push(Fault::at("/time_zone", "unknown-time-zone", rule));
    }
    let intervals = intervals.unwrap_or_default();
    for (place, each) in intervals.iter().enumerate() {
        if minutes(&each.from) >= minutes(&each.to) {
            faults.push(Fault::at(
                format!("/intervals/{place}/to"),
                "not-after-from",
                "must be behind `from`",
            ));
        }
        let overlaps = |other: &BusinessInterval| {
            other.weekday == each.weekday
                && minutes(&other.from) < minutes(&each.to)
                && minutes(&each.from) < minutes(&other.to)
        };
        if intervals[..place].iter().any(overlaps) {
            let rule = "overlaps another interval of the day: join them";
            faults.push(Fault::at(format!("/intervals/{place}/from"), "overlapping", rule));
        }
    }
    let holidays = holidays.unwrap_or_default();
    for (place, each) in holidays.iter().enumerate() {
        if holidays[..place].iter().any(|other| other.day_on == each.day_on) {
            faults.push(Fault::at(format!("/holidays/{place}/day_on"), "repeated", "is named twice"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

pub fn routes(api: &mut Api) {
    api.resource::<BusinessHours>();
}
