//! The numbers under which Romania knows companies and people.
use super::vat::{digits, sum};
use super::{Wrong, compact};
use chrono::NaiveDate;

/// Weights of the check digit of a CUI (Ordinul MFP 262/2007; Hotărârea Guvernului 1344/1990), from the right.
const OF_A_COMPANY: [u32; 9] = [2, 3, 5, 7, 1, 2, 3, 5, 7];
/// Weights of the check digit of a CNP (Legea 105/1996, annex).
const OF_A_PERSON: [u32; 12] = [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9];

/// A Romanian CUI (cod unic de înregistrare), with or without RO in front: without it is who pays no VAT. Answered as it was
/// written, in upper case and without spaces.
///
/// # Errors
/// Where it has not 2 to 10 digits, or the check digit does not hold.
pub fn cui(written: &str) -> Result<String, Wrong> {
    let number = compact(written);
    let only = number.strip_prefix("RO").unwrap_or(&number);
    let shape = (2..=10).contains(&only.len())
        && only.bytes().all(|byte| byte.is_ascii_digit())
        && !only.starts_with('0');
    if !shape {
        let rule = "must be a CUI: 2 to 10 digits, the first of them not 0, with RO in front where VAT is paid, as in RO14399840";
        return Err(Wrong::because("wrong-format", rule));
    }
    if !holds_as_cui(only) {
        return Err(Wrong::because(
            "wrong-check-digits",
            "has a check digit, the last one, that does not hold for a CUI",
        ));
    }
    Ok(number)
}

pub(super) fn holds_as_cui(number: &str) -> bool {
    let mut digits = digits(number);
    digits.reverse();
    digits.split_first().is_some_and(|(check, rest)| sum(rest, &OF_A_COMPANY) * 10 % 11 % 10 == *check)
}

/// A Romanian CNP (cod numeric personal): who somebody is, and when they were born.
///
/// # Errors
/// Where it has not 13 digits, the day of birth is none, or the check digit does not hold.
pub fn cnp(written: &str) -> Result<(), Wrong> {
    let number = compact(written);
    if number.len() != 13 || !number.bytes().all(|byte| byte.is_ascii_digit()) || number.starts_with('0') {
        return Err(Wrong::because("wrong-format", "must be a CNP: 13 digits, the first of them not 0"));
    }
    let digits = digits(&number);
    let pair = |at: usize| digits[at] * 10 + digits[at + 1];
    let century = match digits[0] {
        3 | 4 => 1800,
        5 | 6 => 2000,
        _ => 1900, // of residents and foreigners the century is not told
    };
    let year = i32::try_from(century + pair(1)).unwrap_or_default();
    if NaiveDate::from_ymd_opt(year, pair(3), pair(5)).is_none() {
        return Err(Wrong::because(
            "wrong-format",
            "must be a CNP, whose digits 2 to 7 are a day of birth, and are none here",
        ));
    }
    let check = match sum(&digits, &OF_A_PERSON) % 11 {
        10 => 1,
        check => check,
    };
    if check != digits[12] {
        return Err(Wrong::because(
            "wrong-check-digits",
            "has a check digit, the last one, that does not hold for a CNP",
        ));
    }
    Ok(())
}
