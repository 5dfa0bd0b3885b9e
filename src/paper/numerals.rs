//! How numbers are written for people.

/// The marks between groups of three digits and before the decimals: `1,234.50` in English, `1.234,50` in Romanian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numerals {
    pub group: char,
    pub point: char,
}

impl Numerals {
    pub const ENGLISH: Self = Self { group: ',', point: '.' };
    pub const ROMANIAN: Self = Self { group: '.', point: ',' };

    /// A plain decimal (`-1234.50`), as these numerals write it. What is no decimal stays as it is.
    #[must_use]
    pub fn write(self, plain: &str) -> String {
        let digits = plain.strip_prefix('-').unwrap_or(plain);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|each| each.is_ascii_digit()) {
            return plain.to_owned();
        }
        let mut written = String::with_capacity(plain.len() + whole.len() / 3);
        written.push_str(&plain[..plain.len() - digits.len()]);
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                written.push(self.group);
            }
            written.push(digit);
        }
        if !fraction.is_empty() {
            written.push(self.point);
            written.push_str(fraction);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::Numerals;

    #[test]
    fn digits_stand_in_groups_of_three() {
        let [english, romanian] = [Numerals::ENGLISH, Numerals::ROMANIAN];
        assert_eq!(english.write("1234567.50"), "1,234,567.50");
        assert_eq!(romanian.write("-1234.5"), "-1.234,5");
        assert_eq!(english.write("-123"), "-123");
        assert_eq!(english.write("0.00"), "0.00");
        assert_eq!(english.write("2026-03-31"), "2026-03-31");
        assert_eq!(english.write(""), "");
    }
}
