//! The clock of the desk: business time between two instants, and the instant at which so much of it has passed. It knows nothing but
//! its arguments.
//!
//! Days and times of day are local, as people write them; instants are UTC. Where the clocks are put forward, a time of day that
//! there is not is the moment of the change; where they are put back, an interval that begins at a time that comes twice begins at the
//! first, and one that ends there ends at the second. So no second of business time is lost or counted twice.
use chrono::{DateTime, Datelike, Days, MappedLocalTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use std::collections::BTreeSet;

/// Days that are searched for business time at the most: some twenty years.
const FARTHEST: u64 = 7_400;

/// When the desk is open.
#[derive(Clone, Debug)]
pub struct Hours {
    zone: Tz,
    /// From Monday: minutes of the day, from and to, in their order.
    week: [Vec<(i64, i64)>; 7],
    holidays: BTreeSet<NaiveDate>,
}

impl Hours {
    /// The hours of a week. Intervals are a weekday from Monday as 0, and minutes of that day from and to; 1440 is midnight.
    #[must_use]
    pub fn new(
        zone: Tz,
        intervals: impl IntoIterator<Item = (usize, i64, i64)>,
        holidays: impl IntoIterator<Item = NaiveDate>,
    ) -> Self {
        let mut week: [Vec<(i64, i64)>; 7] = Default::default();
        for (weekday, from, to) in intervals {
            week[weekday % 7].push((from, to));
        }
        for day in &mut week {
            day.sort_unstable();
        }
        Self { zone, week, holidays: holidays.into_iter().collect() }
    }

    /// Whole seconds of business time between two instants; none where the second is not behind the first.
    #[must_use]
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
        let mut seconds = 0;
        let mut day = self.day_of(from);
        while from < to && day <= self.day_of(to) {
            for (opens, closes) in self.open_on(day) {
                seconds += (closes.min(to) - opens.max(from)).num_seconds().max(0);
            }
            let Some(next) = day.succ_opt() else { break };
            day = next;
        }
        seconds
    }

    /// The first instant at which so many seconds of business time have passed. Where twenty years do not have them, the end of those.
    #[must_use]
    pub fn after(&self, from: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
        let first = self.day_of(from);
        let mut left = seconds.max(0);
        for day in (0..FARTHEST).map_while(|days| first.checked_add_days(Days::new(days))) {
            for (opens, closes) in self.open_on(day) {
                let opens = opens.max(from);
                let open = (closes - opens).num_seconds();
                if open <= 0 {
                    continue;
                }
                if left <= open {
                    return opens + TimeDelta::seconds(left);
                }
                left -= open;
            }
        }
        from + TimeDelta::days(FARTHEST.cast_signed())
    }

    fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// When the desk opens and closes on a day.
    fn open_on(&self, day: NaiveDate) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        let week = &self.week[day.weekday().num_days_from_monday() as usize];
        let open: &[(i64, i64)] = if self.holidays.contains(&day) { &[] } else { week };
        open.iter().map(move |(from, to)| (self.instant(day, *from, false), self.instant(day, *to, true)))
    }

    /// The instant of a time of day. What comes twice is the first of both where something begins, the second where it ends.
    fn instant(&self, day: NaiveDate, minutes: i64, ends: bool) -> DateTime<Utc> {
        let local = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(minutes);
        // No zone ever skipped more than a day (Samoa, 30 December 2011).
        let there = (0..=1_441).find_map(|later| {
            match self.zone.from_local_datetime(&(local + TimeDelta::minutes(later))) {
                MappedLocalTime::Single(at) => Some(at),
                MappedLocalTime::Ambiguous(first, second) => Some(if ends { second } else { first }),
                MappedLocalTime::None => None,
            }
        });
        there.map_or_else(|| local.and_utc(), |at| at.to_utc())
    }
}

/// The same where nobody keeps hours: all time counts.
#[must_use]
pub fn between(hours: Option<&Hours>, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    hours.map_or_else(|| (to - from).num_seconds().max(0), |hours| hours.between(from, to))
}

/// The same where nobody keeps hours: all time counts.
#[must_use]
pub fn after(hours: Option<&Hours>, from: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    hours.map_or_else(|| from + TimeDelta::seconds(seconds), |hours| hours.after(from, seconds))
}

#[cfg(test)]
mod tests {
    use super::{Hours, after, between};
    use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
    use chrono_tz::Tz;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// Monday to Friday, 9 to 17.
    fn office(zone: Tz, holidays: &[&str]) -> Hours {
        Hours::new(zone, (0..5).map(|weekday| (weekday, 540, 1_020)), holidays.iter().map(|text| day(text)))
    }

    #[test]
    fn a_day_of_the_office() {
        let hours = office(Tz::UTC, &[]);
        // Tuesday 10:00 and four hours: 14:00. Before it opens, from 9:00; behind its end, the next morning.
        assert_eq!(hours.after(at("2026-03-03T10:00:00Z"), 4 * HOUR), at("2026-03-03T14:00:00Z"));
        assert_eq!(hours.after(at("2026-03-03T06:30:00Z"), HOUR), at("2026-03-03T10:00:00Z"));
        assert_eq!(hours.after(at("2026-03-03T22:00:00Z"), HOUR), at("2026-03-04T10:00:00Z"));
        // What ends with the day is due at its end, not on the next morning.
        assert_eq!(hours.after(at("2026-03-03T15:00:00Z"), 2 * HOUR), at("2026-03-03T17:00:00Z"));
        assert_eq!(hours.between(at("2026-03-03T08:00:00Z"), at("2026-03-03T23:00:00Z")), 8 * HOUR);
        assert_eq!(hours.between(at("2026-03-03T12:00:00Z"), at("2026-03-03T11:00:00Z")), 0);
    }

    #[test]
    fn a_night_a_weekend_and_a_holiday() {
        // Friday 16:00 and three hours: one on Friday, and two of the next day that is open. Monday 6 April 2026 is Easter Monday.
        let from = at("2026-04-03T16:00:00Z");
        assert_eq!(office(Tz::UTC, &[]).after(from, 3 * HOUR), at("2026-04-06T11:00:00Z"));
        let with_easter = office(Tz::UTC, &["2026-04-06"]);
        assert_eq!(with_easter.after(from, 3 * HOUR), at("2026-04-07T11:00:00Z"));
        // Friday 1 h, Tuesday 2 h.
        assert_eq!(with_easter.between(from, at("2026-04-07T11:00:00Z")), 3 * HOUR);
        assert_eq!(with_easter.between(at("2026-04-04T00:00:00Z"), at("2026-04-06T23:59:59Z")), 0);
    }

    #[test]
    fn clocks_put_forward_over_a_weekend() {
        // Bucharest: 29 March 2026, 03:00 becomes 04:00, UTC+2 becomes UTC+3. Friday 16:00 there is 14:00Z, Monday 9:00 is 06:00Z.
        let hours = office(Tz::Europe__Bucharest, &[]);
        assert_eq!(hours.after(at("2026-03-27T14:00:00Z"), 2 * HOUR), at("2026-03-30T07:00:00Z"));
        assert_eq!(hours.between(at("2026-03-27T14:00:00Z"), at("2026-03-30T07:00:00Z")), 2 * HOUR);
        // And back: 25 October 2026. Friday 16:00 is 13:00Z, Monday 10:00 is 08:00Z.
        assert_eq!(hours.after(at("2026-10-23T13:00:00Z"), 2 * HOUR), at("2026-10-26T08:00:00Z"));
    }

    #[test]
    fn a_night_shift_through_the_change() {
        // Sundays from midnight to 6:00 in Berlin. On 29 March 2026 that is five hours (23:00Z to 04:00Z), on 25 October seven.
        let hours = Hours::new(Tz::Europe__Berlin, [(6, 0, 360)], []);
        assert_eq!(hours.between(at("2026-03-28T12:00:00Z"), at("2026-03-29T12:00:00Z")), 5 * HOUR);
        assert_eq!(hours.between(at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z")), 7 * HOUR);
        // Two hours from midnight: 2:00, which is 3:00 as there is no 2:00 in March.
        assert_eq!(hours.after(at("2026-03-28T12:00:00Z"), 2 * HOUR), at("2026-03-29T01:00:00Z"));
        // An interval that begins in the hour that there is not begins with the change; one in the hour that comes twice has both.
        let skipped = Hours::new(Tz::Europe__Berlin, [(6, 150, 240)], []);
        assert_eq!(skipped.between(at("2026-03-28T12:00:00Z"), at("2026-03-29T12:00:00Z")), HOUR);
        let doubled = Hours::new(Tz::Europe__Berlin, [(6, 120, 150)], []);
        assert_eq!(doubled.between(at("2026-10-24T12:00:00Z"), at("2026-10-25T12:00:00Z")), HOUR * 3 / 2);
    }

    #[test]
    fn far_away_and_around_the_clock() {
        // Kathmandu is at UTC+5:45: Monday 9:00 there is 03:15Z.
        let hours = office(Tz::Asia__Kathmandu, &[]);
        assert_eq!(hours.after(at("2026-03-01T00:00:00Z"), HOUR), at("2026-03-02T04:15:00Z"));
        assert_eq!(after(None, at("2026-03-01T00:00:00Z"), HOUR), at("2026-03-01T01:00:00Z"));
        assert_eq!(between(None, at("2026-03-01T00:00:00Z"), at("2026-03-01T00:00:59Z")), 59);
        // A minute a week: a hundred minutes take a hundred Mondays.
        let hardly = Hours::new(Tz::UTC, [(0, 0, 1)], []);
        assert_eq!(
            hardly.after(at("2026-03-02T00:00:00Z"), 6_000),
            at("2026-03-02T00:01:00Z") + TimeDelta::weeks(99)
        );
        assert_eq!(
            hardly.after(at("2026-03-02T00:00:00Z"), 600_000),
            at("2026-03-02T00:00:00Z") + TimeDelta::days(7_400)
        );
    }

    proptest! {
        #[test]
        fn what_is_added_is_between(
            zone in prop::sample::select(vec![Tz::Europe__Bucharest, Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::UTC]),
            minute in 0i64..2_000_000, seconds in 0i64..2_000_000, second in 0i64..2_000_000,
            starts in 0i64..1_200, length in 30i64..240, holiday in 0i64..1_400,
        ) {
            let from = at("2025-01-01T00:00:00Z") + TimeDelta::minutes(minute) + TimeDelta::seconds(minute % 60);
            let hours = Hours::new(zone, [0, 1, 3, 6].map(|weekday| (weekday, starts, starts + length)),
                [day("2025-01-01") + TimeDelta::days(holiday)]);
            let due = hours.after(from, seconds);
            prop_assert_eq!(hours.between(from, due), seconds);
            // A second less is not yet it; in two steps it is the same; time of both parts is that of the whole.
            prop_assert!(seconds == 0 || hours.between(from, due - TimeDelta::seconds(1)) == seconds - 1);
            let half = hours.after(from, seconds / 2);
            prop_assert_eq!(hours.after(half, seconds - seconds / 2).max(half), due.max(half));
            let later = from + TimeDelta::seconds(second);
            let last = later + TimeDelta::seconds(seconds);
            prop_assert_eq!(hours.between(from, later) + hours.between(later, last), hours.between(from, last));
        }
    }
}
