//! Numbers and codes that others give: of countries, currencies, bank accounts and banks, and for taxes. What is wrong with
//! one is told in words that lead to the mistake. Nothing is looked up anywhere: a number that holds may still be nobody's.
mod romania;
mod vat;

pub use romania::{cnp, cui};
pub use vat::{Vat, vat};

use iso_currency::Currency;
use platform::problem::Fault;

/// What is wrong with a number or a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The rule that is broken, for programs.
    pub code: &'static str,
    /// The same for people, to be read behind the name of the field.
    pub rule: String,
}

impl Wrong {
    fn because(code: &'static str, rule: impl Into<String>) -> Self {
        Self { code, rule: rule.into() }
    }

    /// The fault at this place of a body.
    pub fn at(self, pointer: impl Into<String>) -> Fault {
        Fault::at(pointer, self.code, self.rule)
    }
}

/// Upper case, without the spaces, dots and dashes that people write for their eyes.
pub fn compact(written: &str) -> String {
    written
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '/'))
        .collect::<String>()
        .to_uppercase()
}

/// The codes of ISO 3166-1 alpha-2, and `XK`, which banks and the European Union use for Kosovo.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD \
    CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF \
    GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
    KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA \
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI \
    SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
    VN VU WF WS XK YE YT ZA ZM ZW";

/// A country (ISO 3166-1 alpha-2).
///
/// # Errors
/// Where there is no such code; for those that are often written instead of one, which it is.
pub fn country(code: &str) -> Result<(), Wrong> {
    if code.len() == 2 && COUNTRIES.split(' ').any(|known| known == code) {
        return Ok(());
    }
    let instead = match code {
        "UK" => " (the United Kingdom is GB)",
        "EL" => " (Greece is GR; EL stands in its VAT numbers alone)",
        "XI" => " (Northern Ireland is in GB; XI stands in its VAT numbers alone)",
        "EU" => " (the European Union is no country)",
        _ => "",
    };
    Err(Wrong::because("unknown-country", format!("is no country of ISO 3166-1, such as RO or DE{instead}")))
}

/// A currency in which something can be owed (ISO 4217): no metals, funds or test codes, and none that has ended.
///
/// # Errors
/// Where it is none.
pub fn currency(code: &str) -> Result<(), Wrong> {
    let Some(known) = Currency::from_code(code) else {
        return Err(Wrong::because("unknown-currency", "is no currency of ISO 4217, such as EUR or RON"));
    };
    // Venezuela has two codes that hold, and the library takes one for the other's end.
    if let Some(next) = known.is_superseded().filter(|_| code != "VES") {
        return Err(Wrong::because(
            "ended-currency",
            format!("has ended, and {} took its place", next.code()),
        ));
    }
    if known.is_special() || known.is_fund() || known.exponent().is_none() {
        return Err(Wrong::because("unknown-currency", "is a code of ISO 4217 in which nothing is owed"));
    }
    Ok(())
}

/// Countries of the registry of ISO 13616 that the library does not know, and how long their numbers are.
const BEYOND_THE_LIBRARY: &[(&str, usize)] = &[("HN", 28), ("PK", 24)];

/// An account number of ISO 13616, in its electronic form.
///
/// # Errors
/// Where it has not the form, the check digits do not hold, or its country has no such numbers or others.
pub fn iban(written: &str) -> Result<String, Wrong> {
    use iban::{Iban, ParseBaseIbanError, ParseIbanError};
    let number = compact(written);
    match number.parse::<Iban>() {
        Ok(_) => Ok(number),
        Err(ParseIbanError::InvalidBaseIban { source: ParseBaseIbanError::InvalidFormat }) => {
            Err(Wrong::because(
                "wrong-format",
                "must be two letters, two check digits and up to 30 letters and digits, as in RO49AAAA1B31007593840000",
            ))
        }
        Err(ParseIbanError::InvalidBaseIban { source: ParseBaseIbanError::InvalidChecksum }) => {
            Err(Wrong::because(
                "wrong-check-digits",
                "has check digits that do not hold (ISO 13616, mod 97): something is missing, swapped or mistyped",
            ))
        }
        Err(ParseIbanError::InvalidBban(_)) => Err(Wrong::because(
            "wrong-format",
            format!("is not as long as, or has other parts than, an IBAN of {}", &number[..2]),
        )),
        Err(ParseIbanError::UnknownCountry(_))
            if BEYOND_THE_LIBRARY.contains(&(&number[..2], number.len())) =>
        {
            Ok(number)
        }
        Err(ParseIbanError::UnknownCountry(_)) => Err(Wrong::because(
            "unknown-country",
            format!("begins with {}, where banks give no IBAN: give it as `account_number`", &number[..2]),
        )),
    }
}

/// The code of a bank (ISO 9362), with or without its branch.
///
/// # Errors
/// Where it has not the form, or its country is none.
pub fn bic(written: &str) -> Result<String, Wrong> {
    let code = compact(written);
    let form =
        "must be 8 or 11 letters and digits, the fifth and sixth a country, as in BTRLRO22 or BTRLRO22CJA";
    let bytes = code.as_bytes();
    if !matches!(bytes.len(), 8 | 11) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return Err(Wrong::because("wrong-format", form));
    }
    if country(&code[4..6]).is_err() {
        return Err(Wrong::because("unknown-country", format!("{form}; {} is none", &code[4..6])));
    }
    Ok(code)
}

/// The number under which taxes are paid in this country: in the European Union the VAT number, with or without its
/// prefix; in Romania also the CUI of who pays no VAT, and the CNP of a person. Elsewhere whatever the authority gives; a VAT
/// number of the Union is one anywhere.
///
/// # Errors
/// Where a number that has rules breaks them.
pub fn tax_id(country: &str, written: &str) -> Result<String, Wrong> {
    let number = compact(written);
    let prefix = number.get(..2).unwrap_or_default();
    let own = vat::prefix_of(country);
    if country == "GR" && prefix == "GR" {
        return Err(Wrong::because(
            "wrong-prefix",
            "must begin with EL: that is how VAT numbers write Greece",
        ));
    }
    match own {
        Some(_) if vat::is_prefix(prefix) => vat(&number).map(|_| number),
        Some("RO") if number.len() == 13 => cnp(&number).map(|()| number),
        Some("RO") => cui(&number),
        // A French key may look like a prefix, and anything else in front is a mistake.
        Some(own) => vat(&format!("{own}{number}")).map(|_| number).map_err(|wrong| Wrong {
            rule: format!("{}; another number than that for VAT stands in `registration_number`", wrong.rule),
            ..wrong
        }),
        None if vat::has_form(&number) => vat(&number).map(|_| number),
        None => Ok(written.trim().to_owned()),
    }
}

/// How a tax id that somebody looks for may have been written down: without the prefix where it has one, with any where it
/// has none.
pub fn ways_to_write(sought: &str) -> Vec<String> {
    let number = compact(sought);
    let mut ways = vec![sought.trim().to_owned()];
    match number.split_at_checked(2) {
        Some((prefix, rest)) if vat::is_prefix(prefix) => ways.push(rest.to_owned()),
        _ => ways.extend(vat::prefixes().map(|prefix| format!("{prefix}{number}"))),
    }
    ways.push(number);
    ways
}

#[cfg(test)]
mod tests;
