//! What an asset is depreciated by, worked out ahead. Pure: an amount follows from the asset and the day, so that what is
//! shown is what is booked.
//!
//! Depreciation is worked out from where the schedule last began (in service, taken over, impaired) up to a day, and rounded
//! there; a period's amount is the difference of two such sums. So amounts add up to cost less residual value to the cent, and
//! a period that was left out is made good by the next.
use chrono::{Datelike, Days, Months, NaiveDate};
use platform::text_enum;
use rust_decimal::{Decimal, RoundingStrategy};

text_enum! {
    /// How the cost of an asset is spread over its life (IAS 16.62).
    pub enum DepreciationMethod {
        /// The same for each month.
        StraightLine = "straight_line",
        /// A yearly rate of what is left at the beginning of each year of its life, until the same for each month that is left
        /// is more.
        DecliningBalance = "declining_balance",
        /// By what it makes.
        UnitsOfProduction = "units_of_production",
    }
}

text_enum! {
    /// Which days of the first and last month count.
    pub enum DepreciationConvention {
        /// From the day on which it is in service to the day of its disposal, by days of the month.
        Daily = "daily",
        /// The month in which it goes into service counts whole, that of its disposal not.
        FullMonth = "full_month",
        /// From the month after the one in which it goes into service, that of its disposal included (Codul fiscal, art. 28).
        FollowingMonth = "following_month",
    }
}

impl DepreciationConvention {
    /// The first day that is depreciated.
    pub fn begins_on(self, in_service_on: NaiveDate) -> NaiveDate {
        match self {
            Self::Daily => in_service_on,
            Self::FullMonth => first_of_month(in_service_on),
            Self::FollowingMonth => first_of_month(in_service_on) + Months::new(1),
        }
    }

    /// The last day that is depreciated of what is disposed of on a day.
    pub fn ends_on(self, disposed_on: NaiveDate) -> NaiveDate {
        match self {
            Self::Daily => disposed_on,
            Self::FullMonth => first_of_month(disposed_on) - Days::new(1),
            Self::FollowingMonth => last_of_month(disposed_on),
        }
    }
}

/// What the amounts follow from.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub method: DepreciationMethod,
    /// The first day that is depreciated.
    pub begins_on: NaiveDate,
    pub life_months: i32,
    /// Percent a year, of declining balance.
    pub rate: Option<Decimal>,
    pub residual_value: Decimal,
    /// What it was worth where the schedule last began.
    pub carrying: Decimal,
    /// The last day that was depreciated by then; none where it begins with the asset's life.
    pub after: Option<NaiveDate>,
    /// Of units of production: what it can make from where the schedule last began, and what it has made since.
    pub units: Option<Units>,
    /// Decimals of the currency.
    pub decimals: u32,
}

/// What an asset can make, and what it made.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    pub possible: Decimal,
    pub made: Decimal,
}

impl Schedule {
    /// What is depreciated from where the schedule last began to the end of the day.
    pub fn depreciated(&self, day: NaiveDate) -> Decimal {
        let whole = (self.carrying - self.residual_value).max(Decimal::ZERO);
        let exact = match self.units {
            Some(units) if units.made >= units.possible => whole,
            Some(units) => whole * (units.made / units.possible),
            None => self.by_time(whole, self.age(day)),
        };
        exact.round_dp_with_strategy(self.decimals, RoundingStrategy::MidpointAwayFromZero)
    }

    /// The same by months of life: in each year of it the larger of the rate and an even share of what is left. A rate of none is
    /// a straight line.
    fn by_time(&self, whole: Decimal, age: Decimal) -> Decimal {
        let (year, life) = (Decimal::from(12), Decimal::from(self.life_months));
        if age >= life {
            return whole;
        }
        let rate = self.rate.unwrap_or_default() / Decimal::ONE_HUNDRED;
        let mut from = self.after.map_or(Decimal::ZERO, |day| self.age(day)).max(Decimal::ZERO);
        let mut left = whole;
        while from < age {
            let to = ((from / year).floor() * year + year).min(life);
            let even = left * ((to - from) / (life - from));
            let declining = (left + self.residual_value) * rate * ((to - from) / year);
            let share = even.max(declining).min(left);
            if age < to {
                left -= share * ((age - from) / (to - from));
                break;
            }
            left -= share;
            from = to;
        }
        whole - left
    }

    /// Months of its life that are over at the end of the day. A part of a month is so many of its days.
    fn age(&self, day: NaiveDate) -> Decimal {
        months_until(day) - months_until(self.begins_on - Days::new(1))
    }

    /// The last day of the month in which its life ends.
    pub fn ends_on(&self) -> NaiveDate {
        let months = Months::new(self.life_months.unsigned_abs());
        last_of_month((self.begins_on - Days::new(1)) + months).max(last_of_month(self.begins_on))
    }

    /// The same asset, its units spread evenly over the life that is left: what can be said ahead of what it will make.
    #[must_use]
    pub fn expected(mut self, carrying: Decimal, through: Option<NaiveDate>) -> Self {
        if self.units.take().is_some() {
            (self.carrying, self.after) = (carrying, through);
        }
        self
    }
}

/// Months since the year 0 at the end of the day.
fn months_until(day: NaiveDate) -> Decimal {
    let days = Decimal::from(last_of_month(day).day());
    Decimal::from(i64::from(day.year()) * 12 + i64::from(day.month0())) + Decimal::from(day.day()) / days
}

pub fn first_of_month(day: NaiveDate) -> NaiveDate {
    day - Days::new(u64::from(day.day0()))
}

pub fn last_of_month(day: NaiveDate) -> NaiveDate {
    first_of_month(day) + Months::new(1) - Days::new(1)
}
