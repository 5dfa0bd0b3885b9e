//! When a document is due: by payment terms, in one sum or in instalments. Pure arithmetic.

use crate::lines::Instalment;
use crate::totals::round;
use chrono::{Datelike, Days, Months};
use platform::prelude::*;
use rust_decimal::Decimal;

/// Payment terms, as far as they say when.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Terms {
    pub days: u32,
    pub end_of_month: bool,
    /// Empty where all is due at once.
    pub instalments: Vec<Share>,
}

/// A part of the total, and when it is due.
#[derive(Clone, Debug, Deserialize)]
pub struct Share {
    pub percent: Decimal,
    pub days: u32,
    pub end_of_month: bool,
}

/// What is due when, of a document of that day: so many days from it, or from the end of its month. Each is rounded, and
/// the last is the rest, so that they are the total.
pub fn instalments(terms: &Terms, issued_on: NaiveDate, total: Decimal, decimals: u32) -> Vec<Instalment> {
    if terms.instalments.is_empty() {
        return vec![Instalment { due_on: due_on(issued_on, terms.days, terms.end_of_month), amount: total.into() }];
    }
    let mut rest = total;
    let last = terms.instalments.len() - 1;
    let mut all: Vec<Instalment> = Vec::new();
    for (place, share) in terms.instalments.iter().enumerate() {
        let part = round(total * share.percent / Decimal::ONE_HUNDRED, decimals).min(rest);
        let amount = if place == last { rest } else { part };
        rest -= amount;
        all.push(Instalment { due_on: due_on(issued_on, share.days, share.end_of_month), amount: amount.into() });
    }
    all.sort_by_key(|each| each.due_on);
    all
}

fn due_on(issued_on: NaiveDate, days: u32, end_of_month: bool) -> NaiveDate {
    let from = if end_of_month { last_of_month(issued_on) } else { issued_on };
    from.checked_add_days(Days::new(days.into())).unwrap_or(from)
}

fn last_of_month(day: NaiveDate) -> NaiveDate {
    let first = day.with_day(1).unwrap_or(day);
    first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::{Share, Terms, instalments};

    fn told(terms: &Terms, on: &str, total: &str) -> Vec<(String, String)> {
        let all = instalments(terms, on.parse().unwrap(), total.parse().unwrap(), 2);
        all.into_iter().map(|each| (each.due_on.to_string(), each.amount.to_string())).collect()
    }

    fn share(percent: &str, days: u32) -> Share {
        Share { percent: percent.parse().unwrap(), days, end_of_month: false }
    }

    #[test]
    fn all_is_due_after_so_many_days() {
        let net = Terms { days: 30, ..Terms::default() };
        assert_eq!(told(&net, "2026-01-31", "119.00"), [("2026-03-02".into(), "119.00".into())]);
        // The end of February, and ten days.
        let end = Terms { days: 10, end_of_month: true, ..Terms::default() };
        assert_eq!(told(&end, "2028-02-03", "119.00"), [("2028-03-10".into(), "119.00".into())]);
    }

    #[test]
    fn instalments_are_the_total() {
        // Thirds of 100: 33.33, 33.33 and the rest.
        let thirds = vec![share("33.33", 0), share("33.33", 30), share("33.34", 60)];
        let thirds = Terms { instalments: thirds, ..Terms::default() };
        let told = told(&thirds, "2026-03-01", "100.01");
        assert_eq!(told, [
            ("2026-03-01".into(), "33.33".into()),
            ("2026-03-31".into(), "33.33".into()),
            ("2026-04-30".into(), "33.35".into()),
        ]);
    }
}
