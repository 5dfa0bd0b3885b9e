//! VAT numbers of the European Union: Directive 2006/112/EC, art. 215. Their form is the Commission's (VIES, question 11), and
//! the check digits are those that each state publishes, as the Commission gathered them ("VIES VAT number algorithms").
use super::romania::holds_as_cui;
use super::{Wrong, compact};
use chrono::NaiveDate;

/// A VAT number that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vat {
    /// What it begins with: the country's code, but EL for Greece and XI for Northern Ireland.
    pub prefix: &'static str,
    /// What follows.
    pub number: String,
}

/// What numbers of a state look like, and whether one holds.
struct State {
    prefix: &'static str,
    /// `d` is a digit, `n` one that is not 0, `l` a letter, `x` either; anything else is itself.
    forms: &'static [&'static str],
    /// The same for people.
    told: &'static str,
    example: &'static str,
    holds: fn(&str) -> bool,
}

#[rustfmt::skip]
const STATES: &[State] = &[
    State { prefix: "AT", forms: &["Udddddddd"], told: "U and 8 digits", example: "ATU13585627", holds: austria },
    State { prefix: "BE", forms: &["dddddddddd"], told: "10 digits, the first of them 0 or 1", example: "BE0403019261", holds: belgium },
    State { prefix: "BG", forms: &["ddddddddd", "dddddddddd"], told: "9 digits (companies) or 10 (people)", example: "BG175074752", holds: bulgaria },
    State { prefix: "CY", forms: &["ddddddddl"], told: "8 digits and a letter", example: "CY10259033P", holds: cyprus },
    State { prefix: "CZ", forms: &["dddddddd", "ddddddddd", "dddddddddd"], told: "8 to 10 digits", example: "CZ25123891", holds: czechia },
    State { prefix: "DE", forms: &["ndddddddd"], told: "9 digits, the first of them not 0", example: "DE136695976", holds: |number| iso_7064_mod_11_10(&digits(number)) },
    State { prefix: "DK", forms: &["nddddddd"], told: "8 digits, the first of them not 0", example: "DK13585628", holds: |number| sum(&digits(number), &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11) },
    State { prefix: "EE", forms: &["ddddddddd"], told: "9 digits", example: "EE100931558", holds: |number| sum(&digits(number), &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10) },
    State { prefix: "EL", forms: &["ddddddddd"], told: "9 digits", example: "EL094259216", holds: greece },
    State { prefix: "ES", forms: &["ldddddddd", "ddddddddl", "ldddddddl"], told: "8 digits and a letter (people), or a letter, 7 digits and a digit or letter", example: "ESB58378431", holds: spain },
    State { prefix: "FI", forms: &["dddddddd"], told: "8 digits", example: "FI20774740", holds: |number| sum(&digits(number), &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11) },
    State { prefix: "FR", forms: &["xxddddddddd"], told: "2 letters or digits (no O and no I) and 9 digits, the SIREN", example: "FR40303265045", holds: france },
    State { prefix: "HR", forms: &["ddddddddddd"], told: "11 digits", example: "HR33392005961", holds: |number| iso_7064_mod_11_10(&digits(number)) },
    State { prefix: "HU", forms: &["dddddddd"], told: "8 digits", example: "HU12892312", holds: |number| sum(&digits(number), &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10) },
    State { prefix: "IE", forms: &["dddddddl", "dddddddll", "dldddddl", "d+dddddl", "d*dddddl"], told: "7 digits and 1 or 2 letters, or a digit, a letter, 5 digits and a letter", example: "IE6433435F", holds: ireland },
    State { prefix: "IT", forms: &["ddddddddddd"], told: "11 digits", example: "IT00743110157", holds: italy },
    State { prefix: "LT", forms: &["ddddddddd", "dddddddddddd"], told: "9 or 12 digits, the last but one of them 1", example: "LT119511515", holds: lithuania },
    State { prefix: "LU", forms: &["dddddddd"], told: "8 digits", example: "LU15027442", holds: |number| value(&number[..6]) % 89 == value(&number[6..]) },
    State { prefix: "LV", forms: &["ddddddddddd"], told: "11 digits", example: "LV40003521600", holds: latvia },
    State { prefix: "MT", forms: &["nddddddd"], told: "8 digits, the first of them not 0", example: "MT11679112", holds: |number| sum(&digits(number), &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37) },
    State { prefix: "NL", forms: &["dddddddddBdd"], told: "9 digits, B and 2 digits", example: "NL004495445B01", holds: netherlands },
    State { prefix: "PL", forms: &["dddddddddd"], told: "10 digits", example: "PL8567346215", holds: |number| sum(&digits(number), &[6, 5, 7, 2, 3, 4, 5, 6, 7, 10]).is_multiple_of(11) },
    State { prefix: "PT", forms: &["ndddddddd"], told: "9 digits, the first of them not 0", example: "PT501964843", holds: portugal },
    State { prefix: "RO", forms: &["nd", "ndd", "nddd", "ndddd", "nddddd", "ndddddd", "nddddddd", "ndddddddd", "nddddddddd"], told: "2 to 10 digits, the first of them not 0", example: "RO14399840", holds: holds_as_cui },
    State { prefix: "SE", forms: &["dddddddddddd"], told: "12 digits, the last two of them 01 or more", example: "SE556056625801", holds: |number| luhn(&digits(&number[..10])) && (1..=94).contains(&value(&number[10..])) },
    State { prefix: "SI", forms: &["nddddddd"], told: "8 digits, the first of them not 0", example: "SI50223054", holds: slovenia },
    State { prefix: "SK", forms: &["dddddddddd"], told: "10 digits", example: "SK2022749619", holds: slovakia },
    State { prefix: "XI", forms: &["ddddddddd", "dddddddddddd", "GDddd", "HAddd"], told: "9 or 12 digits, or GD or HA and 3 digits", example: "XI110305878", holds: northern_ireland },
];

/// A VAT number of the European Union, its prefix in front.
///
/// # Errors
/// Where there is no such prefix, it has not its state's form, or the check digits do not hold.
pub fn vat(written: &str) -> Result<Vat, Wrong> {
    let whole = compact(written);
    let Some(state) = STATES.iter().find(|state| whole.starts_with(state.prefix)) else {
        let rule = "must begin with the state that gave it, such as RO, DE, EL for Greece or XI for Northern Ireland";
        return Err(Wrong::because("wrong-prefix", rule));
    };
    let number = &whole[2..];
    if !state.fits(number) {
        let rule = format!("must be {} and {}, as in {}", state.prefix, state.told, state.example);
        return Err(Wrong::because("wrong-format", rule));
    }
    if !(state.holds)(number) {
        let rule =
            format!("looks like a VAT number of {} and is none: its check digits do not hold", state.prefix);
        return Err(Wrong::because("wrong-check-digits", rule));
    }
    Ok(Vat { prefix: state.prefix, number: number.to_owned() })
}

/// What VAT numbers of a country of the Union begin with.
pub(super) fn prefix_of(country: &str) -> Option<&'static str> {
    let prefix = if country == "GR" { "EL" } else { country };
    // Northern Ireland's prefix is no country, and Greece's no code of one.
    let states = STATES.iter().filter(|state| state.prefix != "XI" && country != "EL");
    states.map(|state| state.prefix).find(|known| *known == prefix)
}

pub(super) fn prefixes() -> impl Iterator<Item = &'static str> {
    STATES.iter().map(|state| state.prefix)
}

pub(super) fn is_prefix(prefix: &str) -> bool {
    prefixes().any(|known| known == prefix)
}

/// Whether it looks like a VAT number of the Union, its prefix in front.
pub(super) fn has_form(whole: &str) -> bool {
    STATES.iter().any(|state| whole.strip_prefix(state.prefix).is_some_and(|number| state.fits(number)))
}

impl State {
    fn fits(&self, number: &str) -> bool {
        let is = |form: char, c: char| match form {
            'd' => c.is_ascii_digit(),
            'n' => c.is_ascii_digit() && c != '0',
            'l' => c.is_ascii_uppercase(),
            'x' => c.is_ascii_digit() || c.is_ascii_uppercase(),
            other => c == other,
        };
        self.forms.iter().any(|form| {
            form.len() == number.len() && form.chars().zip(number.chars()).all(|(form, c)| is(form, c))
        })
    }
}

pub(super) fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

/// Each digit times its weight, together; digits without a weight do not count.
pub(super) fn sum(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

fn value(digits: &str) -> u64 {
    digits.parse().unwrap_or_default()
}

/// ISO/IEC 7064, MOD 11,10.
fn iso_7064_mod_11_10(digits: &[u32]) -> bool {
    let Some((check, rest)) = digits.split_last() else { return false };
    let product = rest.iter().fold(10, |product, digit| match (product + digit) % 10 {
        0 => 20 % 11,
        sum => sum * 2 % 11,
    });
    (product + check) % 10 == 1
}

/// ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u32]) -> bool {
    luhn_sum(digits).is_multiple_of(10)
}

fn luhn_sum(digits: &[u32]) -> u32 {
    let doubled = |(place, digit): (usize, &u32)| match (place % 2, *digit) {
        (0, digit) => digit,
        (_, digit) => digit * 2 / 10 + digit * 2 % 10,
    };
    digits.iter().rev().enumerate().map(doubled).sum()
}

fn austria(number: &str) -> bool {
    let d = digits(number);
    (luhn_sum(&d[..7]) + d[7] + 4).is_multiple_of(10)
}

fn belgium(number: &str) -> bool {
    number.starts_with(['0', '1']) && (value(&number[..8]) + value(&number[8..])).is_multiple_of(97)
}

fn bulgaria(number: &str) -> bool {
    let d = digits(number);
    if d.len() == 9 {
        let check = match sum(&d, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11 {
            10 => sum(&d, &[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10,
            check => check,
        };
        return check == d[8];
    }
    // A citizen (EGN), whose month also tells the century; a foreigner (PNF); somebody else.
    let (year, month) = (d[0] * 10 + d[1], d[2] * 10 + d[3]);
    let (century, month) = match month {
        41.. => (2000, month - 40),
        21.. => (1800, month - 20),
        _ => (1900, month),
    };
    let citizen = is_day(century + year, month, d[4] * 10 + d[5])
        && sum(&d, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == d[9];
    let foreigner = sum(&d, &[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10 == d[9];
    let other = (sum(&d, &[4, 3, 2, 7, 6, 5, 4, 3, 2]) + d[9]).is_multiple_of(11);
    citizen || foreigner || other
}

fn is_day(year: u32, month: u32, day: u32) -> bool {
    i32::try_from(year).is_ok_and(|year| NaiveDate::from_ymd_opt(year, month, day).is_some())
}

fn cyprus(number: &str) -> bool {
    const ODD: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let letter = number.bytes().last().unwrap_or_default();
    let total: u32 = digits(number)
        .iter()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { ODD[*digit as usize] } else { *digit })
        .sum();
    !number.starts_with("12") && u32::from(letter - b'A') == total % 26
}

fn czechia(number: &str) -> bool {
    let d = digits(number);
    match d.len() {
        // A company.
        8 => d[0] != 9 && (11 - sum(&d, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 10 == d[7],
        // A person without a birth number.
        9 if d[0] == 6 => {
            let check = match 11 - sum(&d[1..], &[8, 7, 6, 5, 4, 3, 2]) % 11 {
                10 => 9,
                11 => 8,
                rest => 9 - rest,
            };
            check == d[8]
        }
        _ => is_birth_number(number),
    }
}

/// A birth number (rodné číslo) of the Czech Republic and of Slovakia: months of women are 50 more, and since 2004 both may
/// be 20 more. Until 1953 it had nine digits; until 1984 a check digit of 10 was written as 0.
fn is_birth_number(number: &str) -> bool {
    let d = digits(number);
    let (written, month) = (d[0] * 10 + d[1], (d[2] * 10 + d[3]) % 50 % 20);
    let year = match (d.len(), written) {
        (9, 80..) => 1800 + written,
        (9, 54..) => return false,
        (10, 0..54) => 2000 + written,
        _ => 1900 + written,
    };
    if !is_day(year, month, d[4] * 10 + d[5]) {
        return false;
    }
    if d.len() == 9 {
        return true;
    }
    match value(&number[..9]) % 11 {
        10 => year < 1985 && d[9] == 0,
        check => check == u64::from(d[9]),
    }
}

fn greece(number: &str) -> bool {
    let d = digits(number);
    sum(&d, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == d[8]
}

fn spain(number: &str) -> bool {
    const OF_A_PERSON: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    const OF_A_COMPANY: &[u8; 10] = b"JABCDEFGHI";
    let (first, middle, last) = (number.as_bytes()[0], &number[1..8], number.as_bytes()[8]);
    let of_a_person = |number: u64| usize::try_from(number % 23).is_ok_and(|at| OF_A_PERSON[at] == last);
    match first {
        b'0'..=b'9' => of_a_person(value(&number[..8])),
        // Those who have no number of their own: children, Spaniards and foreigners abroad.
        b'K' | b'L' | b'M' => of_a_person(value(middle)),
        // Foreigners (NIE).
        b'X' | b'Y' | b'Z' => of_a_person(u64::from(first - b'X') * 10_000_000 + value(middle)),
        b'A'..=b'H' | b'J' | b'N' | b'P'..=b'S' | b'U'..=b'W' => {
            let mut with_check = digits(middle);
            with_check.push(0);
            let check = (10 - luhn_sum(&with_check) % 10) % 10;
            // A digit in most, a letter in those of public bodies and of who is at home abroad.
            u32::from(last) == u32::from(b'0') + check || last == OF_A_COMPANY[check as usize]
        }
        _ => false,
    }
}

fn france(number: &str) -> bool {
    const LETTERS: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"; // neither I nor O
    let (key, siren) = number.split_at(2);
    // Monaco's begin with 000 and are no SIREN.
    if !siren.starts_with("000") && !luhn(&digits(siren)) {
        return false;
    }
    let places: Option<Vec<u64>> =
        key.chars().map(|c| LETTERS.find(c).and_then(|at| u64::try_from(at).ok())).collect();
    let Some([first, second]) = places.as_deref() else { return false };
    if *first < 10 && *second < 10 {
        return (value(siren) * 100 + 12) % 97 == value(key);
    }
    let check = if *first < 10 { first * 24 + second - 10 } else { first * 34 + second - 100 };
    (value(siren) + 1 + check / 11) % 11 == check % 11
}

fn ireland(number: &str) -> bool {
    const LETTERS: &str = "WABCDEFGHIJKLMNOPQRSTUV";
    // The older form has a letter in the second place, and then counts as 0, digits 3 to 7, and the first one.
    let (counted, second) = if number.as_bytes()[1].is_ascii_digit() {
        (number[..7].to_owned(), number[8..].chars().next())
    } else {
        (format!("0{}{}", &number[2..7], &number[..1]), None)
    };
    let second = match second {
        None => 0,
        Some(letter @ ('A'..='I' | 'W')) => LETTERS.find(letter).unwrap_or_default(),
        Some(_) => return false,
    };
    let total = sum(&digits(&counted), &[8, 7, 6, 5, 4, 3, 2]) as usize + 9 * second;
    LETTERS.as_bytes()[total % 23] == number.as_bytes()[7]
}

fn italy(number: &str) -> bool {
    let office = value(&number[7..10]);
    value(&number[..7]) > 0 && matches!(office, 1..=100 | 120 | 121 | 888 | 999) && luhn(&digits(number))
}

fn lithuania(number: &str) -> bool {
    let d = digits(number);
    let Some((check, rest)) = d.split_last() else { return false };
    let weighted =
        |from: u32| -> u32 { (from..).zip(rest).map(|(place, digit)| (1 + place % 9) * digit).sum() };
    let wanted = match weighted(0) % 11 {
        10 => weighted(2) % 11 % 10,
        wanted => wanted,
    };
    rest.last() == Some(&1) && wanted == *check
}

fn latvia(number: &str) -> bool {
    let d = digits(number);
    if d[0] > 3 {
        return sum(&d, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3;
    }
    // A person: until 2017 the number began with the day of birth.
    let year = 1800 + d[6] * 100 + d[4] * 10 + d[5];
    (number.starts_with("32") || is_day(year, d[2] * 10 + d[3], d[0] * 10 + d[1]))
        && (1 + sum(&d, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10 == d[10]
}

/// Since 2020 the number of a person is no longer that of the citizen: ISO/IEC 7064, MOD 97-10, over all of it.
fn netherlands(number: &str) -> bool {
    let d = digits(&number[..9]);
    let since_2020 = format!("2321{}11{}", &number[..9], &number[10..]);
    sum(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == d[8]
        || since_2020.bytes().fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97) == 1
}

fn portugal(number: &str) -> bool {
    let d = digits(number);
    (11 - sum(&d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10 == d[8]
}

fn slovenia(number: &str) -> bool {
    let d = digits(number);
    match 11 - sum(&d, &[8, 7, 6, 5, 4, 3, 2]) % 11 {
        10 => d[7] == 0,
        check => check == d[7],
    }
}

fn slovakia(number: &str) -> bool {
    let is_of_a_company = !number.starts_with('0')
        && matches!(number.as_bytes()[2], b'2' | b'3' | b'4' | b'7' | b'8' | b'9')
        && value(number).is_multiple_of(11);
    is_of_a_company || is_birth_number(number)
}

/// As in the rest of the United Kingdom, which gives them (HMRC, VAT Notice 700/21).
fn northern_ireland(number: &str) -> bool {
    if let Some(office) = number.strip_prefix("GD") {
        return value(office) < 500; // a government department
    }
    if let Some(authority) = number.strip_prefix("HA") {
        return value(authority) >= 500; // a health authority
    }
    // Three digits more name a branch.
    let rest = sum(&digits(&number[..9]), &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
    if value(&number[..3]) >= 100 { matches!(rest, 0 | 42 | 55) } else { rest == 0 }
}
