//! Currencies (ISO 4217) and how many decimals each has.
use iso_currency::Currency;
use platform::problem::Fault;
use rust_decimal::{Decimal, RoundingStrategy};

/// Decimals of its minor unit; two where the standard names none.
#[must_use]
pub fn decimals(currency: &str) -> u32 {
    Currency::from_code(currency).and_then(Currency::exponent).map_or(2, u32::from)
}

/// The amount with as many decimals as the currency has, halves away from zero.
#[must_use]
pub fn rounded(amount: Decimal, currency: &str) -> Decimal {
    amount.round_dp_with_strategy(decimals(currency), RoundingStrategy::MidpointAwayFromZero)
}

/// A fault where it is no currency.
#[must_use]
pub fn fault(pointer: &str, currency: &str) -> Option<Fault> {
    let known = Currency::from_code(currency).is_some();
    (!known).then(|| {
        Fault::at(pointer, "no-such-currency", "must be the code of a currency (ISO 4217), such as EUR")
    })
}

#[cfg(test)]
mod tests {
    use super::{decimals, rounded};

    #[test]
    fn minor_units_are_those_of_the_standard() {
        assert_eq!(["EUR", "RON", "JPY", "KWD", "CLF"].map(decimals), [2, 2, 0, 3, 4]);
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        let round = |text: &str, currency| rounded(text.parse().unwrap(), currency).to_string();
        assert_eq!(round("1.005", "EUR"), "1.01");
        assert_eq!(round("-1.005", "EUR"), "-1.01");
        assert_eq!(round("2.5", "JPY"), "3");
    }
}
