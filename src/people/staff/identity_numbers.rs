//! Numbers that tell by themselves whether they can be right.

use platform::prelude::*;

/// What is wrong with a Romanian personal number (CNP): thirteen digits, of which seven tell sex, century and day of birth, two the county, and the
/// last is the remainder by eleven of the others, weighted (Ordonanța de urgență 97/2005, art. 6; H.G. 1375/2006, annex).
pub fn cnp_fault(number: &str) -> Option<&'static str> {
    const WEIGHTS: [u32; 12] = [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9];
    let digits: Option<Vec<u32>> = number.chars().map(|digit| digit.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() == 13) else {
        return Some("must have thirteen digits: the Romanian personal number (CNP)");
    };
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let check = if sum % 11 == 10 { 1 } else { sum % 11 };
    if digits[12] != check {
        return Some("is mistyped: the last digit of a Romanian personal number (CNP) does not follow from the others");
    }
    // Of residents (7, 8) and foreigners (9) the century is not told.
    let centuries: &[i32] = match digits[0] {
        1 | 2 => &[1900],
        3 | 4 => &[1800],
        5 | 6 => &[2000],
        7..=9 => &[1900, 2000],
        _ => &[],
    };
    let year = i32::try_from(digits[1] * 10 + digits[2]).unwrap_or_default();
    let is_day = |century: &i32| {
        NaiveDate::from_ymd_opt(century + year, digits[3] * 10 + digits[4], digits[5] * 10 + digits[6]).is_some()
    };
    if centuries.iter().any(is_day) { None } else { Some("tells a day of birth that there is not") }
}

#[cfg(test)]
mod tests {
    use super::cnp_fault;

    #[test]
    fn a_personal_number_holds_its_check_digit_and_a_day() {
        // 1·2+9·7+6·9+0·1+5·4+2·6+8·3+2·5+2·8+6·2+7·7+8·9 is 334, and 334 mod 11 is 4: of 28 May 1960, and by its digit.
        for right in ["1960528226784", "2900101410014", "5010229123451"] {
            let known: String = right.chars().take(12).collect();
            let fitting: Vec<u32> =
                (0..10).filter(|digit| cnp_fault(&format!("{known}{digit}")).is_none()).collect();
            assert!(fitting.len() <= 1, "{right}: at most one digit fits");
        }
        assert_eq!(cnp_fault("1960528226784"), None);
        assert!(cnp_fault("1960528226785").unwrap().contains("mistyped"));
        assert!(cnp_fault("196052822678").unwrap().contains("thirteen"));
        assert!(cnp_fault("19605282267８4").unwrap().contains("thirteen"));
    }

    #[test]
    fn a_personal_number_tells_a_real_day() {
        // 30 February 1990: 1·2+9·7+0·9+0·1+2·4+3·6+0·3+0·5+1·8+0·2+0·7+1·9 is 108, and 108 mod 11 is 9.
        assert_eq!(cnp_fault("1900230010019"), Some("tells a day of birth that there is not"));
    }
}
