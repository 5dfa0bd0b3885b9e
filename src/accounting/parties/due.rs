//! When a document is due: what terms make of its day and its total. Pure arithmetic, for whoever makes documents.
use crate::payment_terms::PaymentTerms;
use chrono::{Datelike, Days, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

/// A part of a document's total, and the day by which it has to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instalment {
    pub due_on: NaiveDate,
    /// In the document's currency, with no more decimals than it has.
    pub amount: Decimal,
}

/// What may be kept by who pays early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlyPayment {
    /// The last day on which it may.
    pub until: NaiveDate,
    /// In the document's currency, with no more decimals than it has.
    pub amount: Decimal,
}

/// What of a document of this day and total is due when. `decimals` are those of its currency. The amounts are the total:
/// each is its percentage, halves of the smallest unit away from zero, and the last takes the rest; none runs against the
/// total. Of a total too small for all instalments, those that come to nothing are left out.
pub fn due(terms: &PaymentTerms, on: NaiveDate, total: Decimal, decimals: u32) -> Vec<Instalment> {
    let mut due = Vec::with_capacity(terms.instalments.0.len().max(1));
    let mut rest = total;
    let (last_days, last_end_of_month) = match terms.instalments.0.split_last() {
        None => (terms.days, terms.end_of_month),
        Some((last, others)) => {
            for each in others {
                let share = percent_of(total, each.percent, decimals);
                let amount = if share.abs() < rest.abs() { share } else { rest };
                rest -= amount;
                if !amount.is_zero() {
                    due.push(Instalment { due_on: day(on, each.days, each.end_of_month), amount });
                }
            }
            (last.days, last.end_of_month)
        }
    };
    if !rest.is_zero() || due.is_empty() {
        due.push(Instalment { due_on: day(on, last_days, last_end_of_month), amount: rest });
    }
    due
}

/// What may be kept of a document of this day and total by who pays early, if the terms say so.
pub fn early_payment(
    terms: &PaymentTerms,
    on: NaiveDate,
    total: Decimal,
    decimals: u32,
) -> Option<EarlyPayment> {
    let (percent, days) = terms.discount_percent.zip(terms.discount_days)?;
    Some(EarlyPayment { until: day(on, days, false), amount: percent_of(total, percent, decimals) })
}

/// So many days after the day, or after the end of its month.
fn day(on: NaiveDate, days: i32, end_of_month: bool) -> NaiveDate {
    let from = if end_of_month { last_of_month(on) } else { on };
    from.checked_add_days(Days::new(u64::from(days.unsigned_abs()))).unwrap_or(NaiveDate::MAX)
}

fn last_of_month(on: NaiveDate) -> NaiveDate {
    on.with_day(u32::from(on.num_days_in_month())).unwrap_or(on)
}

fn percent_of(total: Decimal, percent: Decimal, decimals: u32) -> Decimal {
    (total * percent / Decimal::ONE_HUNDRED)
        .round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::{Instalment, due, early_payment};
    use crate::payment_terms::{PaymentTerms, Share};
    use chrono::NaiveDate;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }
    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }
    /// Days, whether from the end of the month, percent.
    fn terms(days: i32, end_of_month: bool, shares: &[(&str, i32, bool)]) -> PaymentTerms {
        let share = |(percent, days, end_of_month): &(&str, i32, bool)| Share {
            percent: amount(percent),
            days: *days,
            end_of_month: *end_of_month,
        };
        PaymentTerms::of(days, end_of_month, shares.iter().map(share).collect())
    }
    fn told(due: &[Instalment]) -> Vec<(String, String)> {
        due.iter().map(|each| (each.due_on.to_string(), each.amount.to_string())).collect()
    }
    #[track_caller]
    fn is(terms: &PaymentTerms, on: &str, total: &str, decimals: u32, wanted: &[(&str, &str)]) {
        let wanted: Vec<_> =
            wanted.iter().map(|(on, amount)| ((*on).to_owned(), (*amount).to_owned())).collect();
        assert_eq!(told(&due(terms, day(on), amount(total), decimals)), wanted);
    }

    #[test]
    fn days_are_counted_from_the_day_or_from_the_end_of_its_month() {
        is(&terms(30, false, &[]), "2026-01-31", "119.00", 2, &[("2026-03-02", "119.00")]);
        is(&terms(0, false, &[]), "2026-02-28", "1", 2, &[("2026-02-28", "1")]);
        is(&terms(0, true, &[]), "2024-02-01", "1", 2, &[("2024-02-29", "1")]);
        is(&terms(15, true, &[]), "2026-12-31", "1", 2, &[("2027-01-15", "1")]);
    }

    #[test]
    fn the_last_instalment_takes_the_rest() {
        let thirds = [("33.33", 0, false), ("33.33", 30, false), ("33.34", 0, true)];
        // A third of 100.01 is 33.333333: 33.33, 33.33, and 33.35 that is left.
        is(
            &terms(0, false, &thirds),
            "2026-01-15",
            "100.01",
            2,
            &[("2026-01-15", "33.33"), ("2026-02-14", "33.33"), ("2026-01-31", "33.35")],
        );
        // 30 % of 100.05 is 30.015, half a cent: away from zero.
        let deposit = [("30", 0, false), ("70", 60, false)];
        is(
            &terms(0, false, &deposit),
            "2026-01-01",
            "100.05",
            2,
            &[("2026-01-01", "30.02"), ("2026-03-02", "70.03")],
        );
        is(
            &terms(0, false, &deposit),
            "2026-01-01",
            "-100.05",
            2,
            &[("2026-01-01", "-30.02"), ("2026-03-02", "-70.03")],
        );
        // Yen have no decimals, dinars of Kuwait three.
        is(
            &terms(0, false, &deposit),
            "2026-01-01",
            "1001",
            0,
            &[("2026-01-01", "300"), ("2026-03-02", "701")],
        );
        is(
            &terms(0, false, &deposit),
            "2026-01-01",
            "1.005",
            3,
            &[("2026-01-01", "0.302"), ("2026-03-02", "0.703")],
        );
    }

    #[test]
    fn what_is_too_small_is_not_split() {
        let halves = [("50", 0, false), ("50", 30, false)];
        is(&terms(0, false, &halves), "2026-01-01", "0.01", 2, &[("2026-01-01", "0.01")]);
        is(&terms(0, false, &halves), "2026-01-01", "0.00", 2, &[("2026-01-31", "0.00")]);
        let thirds = [("33.3", 0, false), ("33.3", 30, false), ("33.4", 60, false)];
        // 33.3 % of 0.02 is 0.00666: a cent each, and nothing is left.
        is(
            &terms(0, false, &thirds),
            "2026-01-01",
            "0.02",
            2,
            &[("2026-01-01", "0.01"), ("2026-01-31", "0.01")],
        );
    }

    #[test]
    fn who_pays_early_keeps_a_part() {
        let mut terms = terms(30, false, &[]);
        assert_eq!(early_payment(&terms, day("2026-01-25"), amount("119.00"), 2), None);
        (terms.discount_percent, terms.discount_days) = (Some(amount("2")), Some(10));
        let kept = early_payment(&terms, day("2026-01-25"), amount("119.00"), 2).unwrap();
        assert_eq!((kept.until, kept.amount), (day("2026-02-04"), amount("2.38")));
    }

    proptest! {
        #[test]
        fn instalments_are_the_total_and_run_its_way(
            cents in -1_000_000_000_000_i64..1_000_000_000_000,
            decimals in 0_u32..5,
            cuts in proptest::collection::btree_set(1_i64..1_000_000, 0..36),
            days in 0_i32..731,
            end_of_month: bool,
        ) {
            // Percentages of four decimals, cut out of 100.
            let ends: Vec<i64> = cuts.into_iter().chain([1_000_000]).collect();
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let shares: Vec<_> = starts.zip(&ends).map(|(from, to)| Share { percent: Decimal::new(to - from, 4), days, end_of_month }).collect();
            let count = shares.len();
            prop_assert_eq!(shares.iter().map(|share| share.percent).sum::<Decimal>(), Decimal::ONE_HUNDRED);
            let total = Decimal::new(cents, decimals);
            let on = day("2026-11-22");
            let due = due(&PaymentTerms::of(0, false, shares), on, total, decimals);
            prop_assert_eq!(due.iter().map(|each| each.amount).sum::<Decimal>(), total);
            prop_assert!(!due.is_empty() && due.len() <= count);
            for each in &due {
                prop_assert!(total.is_zero() || !each.amount.is_zero() && each.amount.is_sign_negative() == total.is_sign_negative());
                prop_assert!(each.amount.scale() <= decimals && each.due_on >= on);
            }
        }
    }
}
