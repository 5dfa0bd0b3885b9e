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

#[cfg(test)]
mod tests {
    use super::{DepreciationConvention, DepreciationMethod, Schedule, Units, last_of_month};
    use chrono::{Days, NaiveDate};
    use rust_decimal::Decimal;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn of(
        method: DepreciationMethod,
        begins_on: &str,
        life_months: i32,
        cost: &str,
        residual: &str,
    ) -> Schedule {
        Schedule {
            method,
            begins_on: day(begins_on),
            life_months,
            rate: None,
            residual_value: amount(residual),
            carrying: amount(cost),
            after: None,
            units: None,
            decimals: 2,
        }
    }

    /// What each month bears, to the end of the schedule.
    fn months(schedule: &Schedule) -> Vec<Decimal> {
        let mut month = last_of_month(schedule.after.map_or(schedule.begins_on, |day| day + Days::new(1)));
        let (mut before, mut amounts) = (Decimal::ZERO, Vec::new());
        while month <= schedule.ends_on().max(month) && amounts.len() < 1300 {
            let until = schedule.depreciated(month);
            amounts.push(until - before);
            before = until;
            if month >= schedule.ends_on() {
                break;
            }
            month = last_of_month(month + Days::new(1));
        }
        amounts
    }

    #[test]
    fn a_straight_line_from_the_middle_of_a_month() {
        // 12,000 over 12 months are 1,000 a month. In service on 17 March, 15 of its 31 days count: 483.87; the last month, to
        // 16 March of the next year, bears the other 16: 516.13.
        let amounts = months(&of(DepreciationMethod::StraightLine, "2026-03-17", 12, "12000", "0"));
        assert_eq!(amounts.len(), 13);
        assert_eq!((amounts[0], amounts[12]), (amount("483.87"), amount("516.13")));
        assert!(amounts[1..12].iter().all(|month| *month == amount("1000.00")), "{amounts:?}");
    }

    #[test]
    fn what_can_not_be_split_evenly_differs_by_a_cent() {
        // 1,000 over 36 months are 27.777…: 27.78, 55.56, 83.33.
        let amounts = months(&of(DepreciationMethod::StraightLine, "2026-01-01", 36, "1000", "0"));
        assert_eq!(amounts[..3], [amount("27.78"), amount("27.78"), amount("27.77")]);
        assert_eq!(amounts.iter().sum::<Decimal>(), amount("1000"));
    }

    #[test]
    fn declining_balance_ends_as_a_straight_line() {
        // 10,000 at 40 % over 5 years. Year 1: 4,000; 2: 2,400; 3: 1,440; 2,160 are left for two years, of which an even share is
        // 1,080 and the rate's 864: 1,080 each.
        let schedule = Schedule {
            rate: Some(amount("40")),
            ..of(DepreciationMethod::DecliningBalance, "2026-01-01", 60, "10000", "0")
        };
        let amounts = months(&schedule);
        let years: Vec<Decimal> = amounts.chunks(12).map(|year| year.iter().sum()).collect();
        assert_eq!(years, ["4000", "2400", "1440", "1080", "1080"].map(amount));
        assert_eq!((amounts[0], amounts[12]), (amount("333.33"), amount("200.00")));
    }

    #[test]
    fn declining_balance_stops_at_the_residual_value() {
        // 10,000 at 50 % with 2,000 that stay: 5,000, 2,500, and of the 2,500 then only 500.
        let schedule = Schedule {
            rate: Some(amount("50")),
            ..of(DepreciationMethod::DecliningBalance, "2026-01-01", 48, "10000", "2000")
        };
        let years: Vec<Decimal> = months(&schedule).chunks(12).map(|year| year.iter().sum()).collect();
        assert_eq!(years, ["5000", "2500", "500", "0"].map(amount));
    }

    #[test]
    fn units_are_what_counts() {
        // 9,000 over 100,000 units: 0.09 each.
        let made = |made: &str| Schedule {
            units: Some(Units { possible: amount("100000"), made: amount(made) }),
            ..of(DepreciationMethod::UnitsOfProduction, "2026-01-01", 60, "10000", "1000")
        };
        for (units, depreciated) in
            [("0", "0"), ("1", "0.09"), ("12345", "1111.05"), ("100000", "9000"), ("130000", "9000")]
        {
            assert_eq!(made(units).depreciated(day("2026-06-30")), amount(depreciated), "{units} units");
        }
    }

    #[test]
    fn conventions_choose_the_first_and_the_last_day() {
        use DepreciationConvention::{Daily, FollowingMonth, FullMonth};
        let (begins, ends) = (day("2026-01-15"), day("2028-02-10"));
        let days = |convention: DepreciationConvention| {
            (convention.begins_on(begins).to_string(), convention.ends_on(ends).to_string())
        };
        assert_eq!(days(Daily), ("2026-01-15".into(), "2028-02-10".into()));
        assert_eq!(days(FullMonth), ("2026-01-01".into(), "2028-01-31".into()));
        assert_eq!(days(FollowingMonth), ("2026-02-01".into(), "2028-02-29".into()));
    }

    /// Numbers that look like chance and are the same each time.
    struct Dice(u64);
    impl Dice {
        fn below(&mut self, most: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % most
        }
    }

    #[test]
    fn whatever_the_asset_amounts_add_up_to_cost_less_residual_value_and_none_is_negative() {
        let mut dice = Dice(42);
        for round in 0..500 {
            let cost = Decimal::new(i64::try_from(1 + dice.below(1_000_000_000_000)).unwrap(), 2);
            let residual = (cost * Decimal::new(i64::try_from(dice.below(101)).unwrap(), 2)).round_dp(2);
            let begins_on = day("2000-01-01") + Days::new(dice.below(20_000));
            let life_months =
                i32::try_from(1 + dice.below(if round % 50 == 0 { 1200 } else { 150 })).unwrap();
            let method = if round % 2 == 0 {
                DepreciationMethod::StraightLine
            } else {
                DepreciationMethod::DecliningBalance
            };
            let rate =
                (round % 2 == 1).then(|| Decimal::new(i64::try_from(1 + dice.below(1_000_000)).unwrap(), 4));
            let decimals = if round % 7 == 0 { 0 } else { 2 };
            let (cost, residual) = (cost.round_dp(decimals), residual.round_dp(decimals));
            let fresh = Schedule {
                method,
                begins_on,
                life_months,
                rate,
                residual_value: residual,
                carrying: cost,
                after: None,
                units: None,
                decimals,
            };
            let amounts = months(&fresh);
            assert_eq!(amounts.iter().sum::<Decimal>(), cost - residual, "{fresh:?}");
            assert!(amounts.iter().all(|month| *month >= Decimal::ZERO), "{fresh:?}: {amounts:?}");
            assert!(amounts.iter().all(|month| month.normalize().scale() <= decimals), "{fresh:?}");
            // Begun anew on any day of its life, with less left, it adds up all the same.
            let after = begins_on + Days::new(dice.below(30 * u64::try_from(life_months).unwrap()));
            let carrying = residual + (cost - residual) / Decimal::from(1 + dice.below(4));
            let anew = Schedule { carrying: carrying.round_dp(decimals), after: Some(after), ..fresh };
            let amounts = months(&anew);
            assert_eq!(amounts.iter().sum::<Decimal>(), anew.carrying - residual, "{anew:?}");
            assert!(amounts.iter().all(|month| *month >= Decimal::ZERO), "{anew:?}: {amounts:?}");
        }
    }

    #[test]
    fn units_in_any_steps_add_up_too() {
        let mut dice = Dice(7);
        for _ in 0..1000 {
            let cost = Decimal::new(i64::try_from(1 + dice.below(100_000_000)).unwrap(), 2);
            let possible = Decimal::new(i64::try_from(1 + dice.below(1_000_000)).unwrap(), 3);
            let (mut made, mut before, mut sum) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
            while made < possible {
                made += (possible / Decimal::from(1 + dice.below(9))).max(amount("0.001"));
                let schedule = Schedule {
                    units: Some(Units { possible, made }),
                    carrying: cost,
                    ..of(DepreciationMethod::UnitsOfProduction, "2026-01-01", 12, "1", "0")
                };
                let until = schedule.depreciated(day("2026-12-31"));
                assert!(until >= before, "{schedule:?}");
                (sum, before) = (sum + until - before, until);
            }
            assert_eq!(sum, cost);
        }
    }
}
