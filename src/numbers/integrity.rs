//! The proof that a series has no gap: from the first number to the last, each was given once. Counted in the database,
//! however many there are.

use crate::series::NumberSeries;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use platform::prelude::*;

/// What a series gave, held against what it must have given.
#[derive(Serialize, ToSchema)]
pub struct NumberSeriesIntegrity {
    /// Whether no number is missing and none was given twice.
    is_whole: bool,
    /// What a document of today would get.
    #[schema(max_length = 100, example = "E-0252")]
    next_number: String,
    /// How many numbers were given in all periods.
    #[schema(minimum = 0, example = 251)]
    given: i64,
    /// How many are missing between the first and the last of each period.
    #[schema(minimum = 0, example = 0)]
    missing: i64,
    /// How many were given twice.
    #[schema(minimum = 0, example = 0)]
    repeated: i64,
    /// The periods in which it gave numbers, the latest first.
    #[schema(max_items = 400)]
    periods: Vec<NumberedPeriod>,
}

/// A period of a series.
#[derive(Serialize, ToSchema)]
pub struct NumberedPeriod {
    /// The year; null where the series never begins anew.
    #[schema(max_length = 4, example = "2026")]
    period: Option<String>,
    /// The first number, as it counts.
    #[schema(minimum = 1, example = 1)]
    first: i64,
    /// The last number, as it counts.
    #[schema(minimum = 1, example = 251)]
    last: i64,
    /// How many were given.
    #[schema(minimum = 0, example = 251)]
    given: i64,
    /// How many are missing between first and last.
    #[schema(minimum = 0, example = 0)]
    missing: i64,
    /// The first that is missing.
    #[schema(example = json!(null))]
    first_missing: Option<i64>,
    /// How many were given twice.
    #[schema(minimum = 0, example = 0)]
    repeated: i64,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    next_number: String,
    #[diesel(sql_type = Nullable<Text>)]
    period: Option<String>,
    #[diesel(sql_type = BigInt)]
    first: i64,
    #[diesel(sql_type = BigInt)]
    last: i64,
    #[diesel(sql_type = BigInt)]
    given: i64,
    #[diesel(sql_type = BigInt)]
    repeated: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    first_missing: Option<i64>,
}

const PERIODS: &str = "
    with today as (select (now() at time zone 'UTC')::date as day)
    select number_text(s.format, to_char(today.day, 'YYYY'), today.day, coalesce((
            select n.last + 1 from number_counters n where n.org_id = s.org_id and n.series_id = s.id
                and n.period = case s.reset when 'yearly' then to_char(today.day, 'YYYY') else '' end), s.start)) as next_number,
        c.period, coalesce(c.first, 0) as first, coalesce(c.last, 0) as last, g.given, g.repeated,
        case when c.last - c.first + 1 > g.given - g.repeated then coalesce(g.jumped, c.first + g.given) end as first_missing
    from today, number_series s
    left join number_counters c on c.org_id = s.org_id and c.series_id = s.id
    left join lateral (
        select count(*) as given, count(*) filter (where ordinal = before) as repeated,
            min(before + 1) filter (where ordinal > before + 1) as jumped
        from (
            select ordinal, coalesce(lag(ordinal) over (order by ordinal), c.first - 1) as before from numbers_given n
            where n.org_id = c.org_id and n.series_id = c.series_id and n.period = c.period
        ) each
    ) g on true
    where s.org_id = $1 and s.id = $2 order by c.period desc";

/// Prove a number series
///
/// Counts all numbers that the series gave, period by period, from the first to the last: how many there are, how many are
/// missing, how many came twice. A number whose document was deleted later was given all the same, and is counted.
#[utoipa::path(get, path = "/v1/number-series/{id}/integrity", tag = "Numbers")]
async fn get_number_series_integrity(
    may: May<Read, NumberSeries>,
    id: Id<NumberSeries>,
) -> Reply<Plain<NumberSeriesIntegrity>> {
    let found: Vec<Found> = may
        .read(async |db| {
            let periods =
                diesel::sql_query(PERIODS).bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(id.0);
            Ok(periods.load(db).await?)
        })
        .await?;
    let next_number = found.as_slice().first().ok_or_else(Problem::not_found)?.next_number.clone();
    let periods: Vec<_> = found.into_iter().filter(|each| each.period.is_some()).map(period).collect();
    let sum = |of: fn(&NumberedPeriod) -> i64| periods.iter().map(of).sum::<i64>();
    let (missing, repeated) = (sum(|each| each.missing), sum(|each| each.repeated));
    Plain(NumberSeriesIntegrity {
        is_whole: missing == 0 && repeated == 0,
        next_number,
        given: sum(|each| each.given),
        missing,
        repeated,
        periods,
    })
    .answer(may.grants())
}

fn period(found: Found) -> NumberedPeriod {
    let Found { period, first, last, given, repeated, first_missing, .. } = found;
    let missing = last - first + 1 - (given - repeated);
    NumberedPeriod {
        period: period.filter(|year| !year.is_empty()),
        first,
        last,
        given,
        missing,
        first_missing,
        repeated,
    }
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_number_series_integrity));
}
