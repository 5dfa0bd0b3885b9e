//! When something is due again and again.
use chrono::{Days, Months};
use platform::prelude::*;

text_enum! {
    /// How often something is due.
    pub enum Every { Week = "week", Month = "month", Quarter = "quarter", Year = "year" }
}

impl Every {
    /// The day on which it is due for the nth time, counted from 0, where it is due for the first time on this one. Each is
    /// counted from the first: what falls on no day of a month falls on its last, and on its own day again after that.
    #[must_use]
    pub fn due(self, first: NaiveDate, times: i32) -> Option<NaiveDate> {
        let times = u32::try_from(times).ok()?;
        let months = match self {
            Self::Week => return first.checked_add_days(Days::new(7 * u64::from(times))),
            Self::Month => 1,
            Self::Quarter => 3,
            Self::Year => 12,
        };
        first.checked_add_months(Months::new(times.checked_mul(months)?))
    }
}

#[cfg(test)]
mod tests {
    use super::Every;

    #[test]
    fn the_last_of_a_month_stays_the_last() {
        let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
        let due = |every: Every, first: &str| {
            [1, 2, 3].map(|times| every.due(day(first), times).unwrap().to_string())
        };
        assert_eq!(due(Every::Month, "2026-01-31"), ["2026-02-28", "2026-03-31", "2026-04-30"]);
        assert_eq!(due(Every::Quarter, "2025-11-30"), ["2026-02-28", "2026-05-30", "2026-08-30"]);
        assert_eq!(due(Every::Year, "2024-02-29"), ["2025-02-28", "2026-02-28", "2027-02-28"]);
        assert_eq!(due(Every::Week, "2026-12-24"), ["2026-12-31", "2027-01-07", "2027-01-14"]);
        assert_eq!(Every::Year.due(day("2026-01-01"), i32::MAX), None);
    }
}
