//! The days that a report tells of, and those that it is compared with.
use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use platform::prelude::*;

/// Columns for months at the most: two years.
const MOST_MONTHS: usize = 24;

/// From the one day up to the other, both of them in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
}

text_enum! {
    /// What stands beside the figures: those of the period before, as long, or of the same days a year earlier.
    pub enum Comparison { PreviousPeriod = "previous_period", PreviousYear = "previous_year" }
}

text_enum! {
    /// How the period is cut into columns.
    pub enum Cut { Months = "months" }
}

impl Span {
    /// # Errors
    /// 422 where it ends before it begins.
    pub fn new(starts_on: NaiveDate, ends_on: NaiveDate) -> Result<Self> {
        if ends_on < starts_on {
            let rule = format!("must not be before `starts_on`, {starts_on}");
            return Err(Problem::invalid(vec![Fault::of("ends_on", "ends-before-it-begins", rule)]));
        }
        Ok(Self { starts_on, ends_on })
    }

    /// The columns of a report: this period, and what it is compared with or cut into.
    ///
    /// # Errors
    /// 422 where both were asked for, or for more months than fit beside each other.
    pub fn columns(self, compare: Option<Comparison>, cut: Option<Cut>) -> Result<Vec<Self>> {
        match (compare, cut) {
            (None, None) => Ok(vec![self]),
            (Some(Comparison::PreviousPeriod), None) => Ok(vec![self, self.before()]),
            (Some(Comparison::PreviousYear), None) => Ok(vec![self, self.year_before()]),
            (None, Some(Cut::Months)) => self.months(),
            (Some(_), Some(_)) => {
                let rule = "can not be given together with `columns`: compare two periods, or look at one month by month";
                Err(Problem::invalid(vec![Fault::of("compare", "not-with-columns", rule)]))
            }
        }
    }

    /// The period before, as long: whole months before whole months, otherwise as many days.
    fn before(self) -> Self {
        let last = previous_day(self.starts_on);
        if self.starts_on.day() == 1 && is_last_of_month(self.ends_on) {
            let months = self.ends_on.year() * 12 + self.ends_on.month0().cast_signed()
                - self.starts_on.year() * 12
                - self.starts_on.month0().cast_signed()
                + 1;
            return Self { starts_on: earlier(self.starts_on, months.unsigned_abs()), ends_on: last };
        }
        Self { starts_on: last - (self.ends_on - self.starts_on), ends_on: last }
    }

    fn year_before(self) -> Self {
        Self { starts_on: earlier(self.starts_on, 12), ends_on: months_before(self.ends_on, 12) }
    }

    fn months(self) -> Result<Vec<Self>> {
        let mut months = Vec::new();
        let mut starts_on = self.starts_on;
        while starts_on <= self.ends_on {
            if months.len() == MOST_MONTHS {
                let rule = format!("takes {MOST_MONTHS} months at the most: begin later, or end earlier");
                return Err(Problem::invalid(vec![Fault::of("columns", "too-many-columns", rule)]));
            }
            let ends_on = last_of_month(starts_on).min(self.ends_on);
            months.push(Self { starts_on, ends_on });
            starts_on = next_day(ends_on);
        }
        Ok(months)
    }
}

/// Days as the balance sheet has them: this one, and what it is compared with; or the last of each month from a day on.
///
/// # Errors
/// As [`Span::columns`].
pub fn days(
    on: NaiveDate,
    year_starts_on: NaiveDate,
    compare: Option<Comparison>,
    cut: Option<Cut>,
) -> Result<Vec<NaiveDate>> {
    let columns = match compare {
        None => Span { starts_on: year_starts_on.min(on), ends_on: on }.columns(None, cut)?,
        Some(compare) => {
            Span { starts_on: on, ends_on: on }.columns(Some(compare), cut)?;
            return Ok(vec![on, day_before(on, compare)]);
        }
    };
    Ok(columns.into_iter().map(|column| column.ends_on).collect())
}

/// The day that one day is compared with: the same a month or a year before; the last of a month is compared with the last.
#[must_use]
pub fn day_before(on: NaiveDate, compare: Comparison) -> NaiveDate {
    months_before(on, if compare == Comparison::PreviousPeriod { 1 } else { 12 })
}

/// The first day of the month.
#[must_use]
pub fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// The last day of the month.
#[must_use]
pub fn last_of_month(day: NaiveDate) -> NaiveDate {
    previous_day(first_of_month(day).checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX))
}

#[must_use]
pub fn is_last_of_month(day: NaiveDate) -> bool {
    day == last_of_month(day)
}

#[must_use]
pub fn previous_day(day: NaiveDate) -> NaiveDate {
    day.pred_opt().unwrap_or(NaiveDate::MIN)
}

#[must_use]
pub fn next_day(day: NaiveDate) -> NaiveDate {
    day.checked_add_signed(TimeDelta::days(1)).unwrap_or(NaiveDate::MAX)
}

fn earlier(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_sub_months(Months::new(months)).unwrap_or(NaiveDate::MIN)
}

fn months_before(day: NaiveDate, months: u32) -> NaiveDate {
    let before = earlier(day, months);
    if is_last_of_month(day) { last_of_month(before) } else { before }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, Cut, Span, days};
    use chrono::NaiveDate;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn span(starts_on: &str, ends_on: &str) -> Span {
        Span { starts_on: day(starts_on), ends_on: day(ends_on) }
    }

    fn beside(of: Span, compare: Comparison) -> Span {
        of.columns(Some(compare), None).unwrap()[1]
    }

    #[test]
    fn whole_months_are_compared_with_whole_months() {
        use Comparison::PreviousPeriod as Before;
        assert_eq!(beside(span("2026-04-01", "2026-06-30"), Before), span("2026-01-01", "2026-03-31"));
        assert_eq!(beside(span("2026-03-01", "2026-03-31"), Before), span("2026-02-01", "2026-02-28"));
        assert_eq!(beside(span("2026-01-01", "2026-12-31"), Before), span("2025-01-01", "2025-12-31"));
        assert_eq!(beside(span("2026-03-10", "2026-03-19"), Before), span("2026-02-28", "2026-03-09"));
    }

    #[test]
    fn a_leap_year_is_no_trap() {
        use Comparison::PreviousYear as Year;
        assert_eq!(beside(span("2025-02-01", "2025-02-28"), Year), span("2024-02-01", "2024-02-29"));
        assert_eq!(beside(span("2024-02-29", "2024-02-29"), Year), span("2023-02-28", "2023-02-28"));
    }

    #[test]
    fn a_period_is_cut_at_the_ends_of_months() {
        let cut = span("2026-01-15", "2026-03-10").columns(None, Some(Cut::Months)).unwrap();
        let months =
            [("2026-01-15", "2026-01-31"), ("2026-02-01", "2026-02-28"), ("2026-03-01", "2026-03-10")];
        assert_eq!(cut, months.map(|(from, to)| span(from, to)));
        assert!(span("2024-01-01", "2026-01-01").columns(None, Some(Cut::Months)).is_err());
        assert!(
            span("2026-01-01", "2026-01-31")
                .columns(Some(Comparison::PreviousYear), Some(Cut::Months))
                .is_err()
        );
    }

    #[test]
    fn a_balance_sheet_is_compared_with_an_earlier_day() {
        let beside = |compare| days(day("2026-02-28"), day("2026-01-01"), Some(compare), None).unwrap()[1];
        assert_eq!(beside(Comparison::PreviousPeriod), day("2026-01-31"));
        assert_eq!(beside(Comparison::PreviousYear), day("2025-02-28"));
        let ends = days(day("2026-03-10"), day("2026-01-01"), None, Some(Cut::Months)).unwrap();
        assert_eq!(ends, ["2026-01-31", "2026-02-28", "2026-03-10"].map(day));
        assert_eq!(days(day("2026-03-10"), day("2026-01-01"), None, None).unwrap(), [day("2026-03-10")]);
    }
}
