//! Public holidays: days of a calendar on which nobody has to work. Those of a country and a year can be loaded at once, from
//! `holidays/*.csv`, where each names the law.

use chrono::Datelike;
use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use platform::prelude::*;
use schema::public_holidays;

/// A day of a calendar on which nobody has to work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = public_holidays)]
pub struct PublicHoliday {
    pub id: Uuid,
    pub version: i64,
    /// The calendar that it is in.
    pub calendar_id: Uuid,
    /// The day; once in a calendar.
    #[schema(example = "2026-12-01")]
    pub holiday_on: NaiveDate,
    /// What it is called.
    #[schema(max_length = 100, example = "Ziua Națională")]
    pub name: String,
    /// The law that says so, where that is known.
    #[schema(max_length = 300, example = "Codul muncii (Legea nr. 53/2003), art. 139 alin. (1)")]
    pub source: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A public holiday to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = public_holidays, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewPublicHoliday {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The calendar that it is in.
    calendar_id: Uuid,
    /// The day; once in a calendar.
    #[schema(example = "2026-12-01")]
    holiday_on: NaiveDate,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Ziua Națională")]
    name: String,
    /// The law or the decision that says so.
    #[schema(min_length = 1, max_length = 300, example = json!(null))]
    source: Option<String>,
}

/// What of a public holiday can be changed. Leave that was agreed to before keeps its days.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = public_holidays)]
#[serde(deny_unknown_fields)]
pub struct EditPublicHoliday {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Ziua Națională a României")]
    name: Option<String>,
    /// The law or the decision that says so.
    #[schema(min_length = 1, max_length = 300, example = json!(null))]
    source: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PublicHolidayFilter {
    /// Only holidays of this calendar.
    calendar_id: Option<Uuid>,
    /// Only holidays on this day or later.
    holiday_on_from: Option<NaiveDate>,
    /// Only holidays on this day or earlier.
    holiday_on_to: Option<NaiveDate>,
}

impl Named for PublicHoliday {
    const NAME: &'static str = "public-holidays";
}

impl Resource for PublicHoliday {
    const PATH: &'static str = "/v1/public-holidays";
    const SINGULAR: &'static str = "public_holiday";
    const TAG: &'static str = "Working time";
    const SORT: &'static [SortKey] = &[SortKey::day("holiday_on"), SortKey::text("name")];
    const USUAL_ORDER: &'static str = "holiday_on";
    const NATURAL_KEY: &'static [&'static str] = &["calendar_id", "holiday_on"];
    const REFERENCES: &'static [Reference] = &[Reference {
        field: "calendar_id",
        column: "calendar_code",
        table: "work_calendars",
        by: "code",
        within: None,
    }];
    type Filter = PublicHolidayFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for PublicHoliday {
    type Table = public_holidays::table;
    const TABLE: &'static str = "public_holidays";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: PublicHolidayFilter) -> Rows<Self> {
        rows.when(by.calendar_id, |rows, id| rows.filter(public_holidays::calendar_id.eq(id)))
            .when(by.holiday_on_from, |rows, day| rows.filter(public_holidays::holiday_on.ge(day)))
            .when(by.holiday_on_to, |rows, day| rows.filter(public_holidays::holiday_on.le(day)))
    }
}

impl Written for PublicHoliday {
    type New = NewPublicHoliday;
    type Edit = EditPublicHoliday;
}

text_enum! {
    /// Whose holidays: those of Romania (`ro`), 2024 to 2027.
    pub enum HolidaySet { Ro = "ro" }
}

/// Which holidays go into which calendar.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadPublicHolidaysRequest {
    /// The calendar that they go into.
    calendar_id: Uuid,
    /// Whose they are.
    set: HolidaySet,
    /// The calendar year.
    #[schema(minimum = 2000, maximum = 2100, example = 2026)]
    year: i32,
}

diesel::define_sql_function! {
    /// See the migration of working time: adds the days that the calendar has not.
    fn load_public_holidays(calendar: SqlUuid, days: Jsonb) -> Integer;
}

/// A row of `holidays/*.csv`.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    holiday_on: NaiveDate,
    name: String,
    source: String,
}

fn holidays(set: HolidaySet) -> Result<Vec<Row>> {
    let text = match set {
        HolidaySet::Ro => include_str!("holidays/ro.csv"),
    };
    let rows = csv::Reader::from_reader(text.as_bytes()).into_deserialize();
    rows.collect::<std::result::Result<_, _>>().map_err(Problem::internal)
}

/// Load public holidays
///
/// Puts the public holidays of a country and a year into a calendar, each with the law that says so, and answers all that the calendar
/// has in that year. A day that it has already stays as it is, so that loading again changes nothing.
#[utoipa::path(post, path = "/v1/public-holidays/load", tag = "Working time")]
async fn load_public_holidays_of_a_year(
    may: May<Write, PublicHoliday>,
    asked: Input<LoadPublicHolidaysRequest>,
) -> Reply<Several<PublicHoliday>> {
    may.write(async |db| {
        let LoadPublicHolidaysRequest { calendar_id, set, year } = asked.0;
        let mut days = holidays(set)?;
        days.retain(|each| each.holiday_on.year() == year);
        if days.is_empty() {
            let rule =
                "must be a year whose holidays are known: add those of others one by one, or by a file";
            return Err(Problem::invalid(vec![Fault::at("/year", "unknown-year", rule)]));
        }
        let days = serde_json::to_value(&days).map_err(Problem::internal)?;
        diesel::select(load_public_holidays(calendar_id, days)).execute(db).await?;
        let first = NaiveDate::from_ymd_opt(year, 1, 1);
        let last = NaiveDate::from_ymd_opt(year, 12, 31);
        let there = public_holidays::table
            .filter(public_holidays::org_id.eq(db.organization()))
            .filter(public_holidays::calendar_id.eq(calendar_id))
            .filter(public_holidays::holiday_on.nullable().between(first, last))
            .order(public_holidays::holiday_on)
            .select(PublicHoliday::as_select());
        Ok(Several(there.load(db).await?))
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.resource::<PublicHoliday>().call(operation!(load_public_holidays_of_a_year));
}

#[cfg(test)]
mod tests {
    use super::{HolidaySet, holidays};
    use chrono::{Datelike, Days, NaiveDate};
    use std::collections::BTreeSet;

    /// Easter of the Orthodox Church in the Gregorian calendar, by Meeus (Astronomical Algorithms, chapter 8).
    fn easter(year: i32) -> NaiveDate {
        let full_moon = (19 * (year % 19) + 15) % 30;
        let to_sunday = (2 * (year % 4) + 4 * (year % 7) - full_moon + 34) % 7;
        // Days after 1 March of the Julian calendar, and the 13 between the two in this century.
        NaiveDate::from_ymd_opt(year, 3, 1).unwrap()
            + Days::new(u64::try_from(full_moon + to_sunday + 21 + 13).unwrap())
    }

    #[test]
    fn romania_has_the_days_of_article_139_each_year() {
        let rows = holidays(HolidaySet::Ro).unwrap();
        for year in 2024..=2027 {
            let mut wanted: BTreeSet<NaiveDate> = [
                (1, 1),
                (1, 2),
                (1, 6),
                (1, 7),
                (1, 24),
                (5, 1),
                (6, 1),
                (8, 15),
                (11, 30),
                (12, 1),
                (12, 25),
                (12, 26),
            ]
            .map(|(month, day)| NaiveDate::from_ymd_opt(year, month, day).unwrap())
            .into();
            let sunday = easter(year);
            assert_eq!(sunday.weekday(), chrono::Weekday::Sun);
            wanted.extend([sunday - Days::new(2), sunday, sunday + Days::new(1)]);
            wanted.extend([sunday + Days::new(49), sunday + Days::new(50)]);
            let known: BTreeSet<_> =
                rows.iter().map(|row| row.holiday_on).filter(|day| day.year() == year).collect();
            assert_eq!(known, wanted, "{year}");
        }
        assert_eq!(easter(2024), NaiveDate::from_ymd_opt(2024, 5, 5).unwrap());
        assert!(rows.iter().all(|row| row.source.contains("53/2003")));
    }
}
