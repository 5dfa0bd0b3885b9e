use super::{bic, cnp, country, cui, currency, iban, tax_id, vat};

/// Numbers that companies and authorities publish, each state at least once.
const VAT: &[&str] = &[
    "ATU13585627",
    "ATU33864707",
    "BE0403019261",
    "BE0428759497",
    "BG175074752",
    "BG7523169263",
    "CY10259033P",
    "CZ25123891",
    "CZ7103192745",
    "CZ640903926",
    "CZ991231123",
    "DE136695976",
    "DE129273398",
    "DE143454214",
    "DK13585628",
    "EE100931558",
    "EE100594102",
    "EL094259216",
    "EL023456780",
    "ESB58378431",
    "ES54362315K",
    "ESX2482300W",
    "ESJ99216582",
    "FI20774740",
    "FI01120389",
    "FR40303265045",
    "FR23334175221",
    "FRK7399859412",
    "FR4Z123456782",
    "HR33392005961",
    "HU12892312",
    "IE6433435F",
    "IE6433435OA",
    "IE8D79739I",
    "IE6388047V",
    "IT00743110157",
    "LT119511515",
    "LT100001919017",
    "LU15027442",
    "LU20260743",
    "LV40003521600",
    "LV16117519997",
    "MT11679112",
    "NL004495445B01",
    "NL123456789B13",
    "PL8567346215",
    "PL5252674798",
    "PT501964843",
    "RO14399840",
    "RO18547290",
    "RO1590082",
    "SE556056625801",
    "SE123456789701",
    "SI50223054",
    "SK2022749619",
    "XI110305878",
];

/// A birth number of nine digits has no check digit.
const UNCHECKED: &[&str] = &["CZ991231123"];

#[test]
fn published_vat_numbers_hold_and_with_another_digit_they_do_not() {
    for number in VAT {
        assert!(vat(number).is_ok(), "{number}: {:?}", vat(number));
        // Bulgarian numbers of ten digits are checked in three ways, any of which will do.
        let at = if number.starts_with("SE") {
            11
        } else if number.starts_with("NL") {
            10
        } else {
            9
        };
        let at = number[..=at.min(number.len() - 1)].rfind(|c: char| c.is_ascii_digit()).unwrap();
        let others = ('0'..='9').filter(|digit| !number[at..].starts_with(*digit));
        let held =
            others.filter(|digit| vat(&format!("{}{digit}{}", &number[..at], &number[at + 1..])).is_ok());
        assert!(held.count() <= 3 || UNCHECKED.contains(number), "{number}");
    }
    let states: std::collections::BTreeSet<&str> = VAT.iter().map(|number| &number[..2]).collect();
    assert_eq!(states.len(), 28, "27 states and Northern Ireland");
}

#[test]
fn a_vat_number_that_does_not_hold_says_why() {
    let wrong = |number: &str| vat(number).unwrap_err();
    assert_eq!(wrong("DE13669597").code, "wrong-format");
    assert_eq!(
        wrong("DE13669597").rule,
        "must be DE and 9 digits, the first of them not 0, as in DE136695976"
    );
    assert_eq!(wrong("DE136695978").code, "wrong-check-digits");
    assert_eq!(wrong("GR094259216").code, "wrong-prefix");
    assert_eq!(wrong("XX1").code, "wrong-prefix");
    assert_eq!(wrong("").code, "wrong-prefix");
    assert_eq!(wrong("DEäöü").code, "wrong-format");
    assert_eq!(vat("ro 14.399.840").unwrap().number, "14399840");
}

#[test]
fn a_tax_id_is_held_to_the_rules_of_its_country() {
    for (country, number, kept) in [
        ("RO", "RO14399840", "RO14399840"),
        ("RO", " ro 14399840 ", "RO14399840"),
        ("RO", "14399840", "14399840"),
        ("RO", "1630615123457", "1630615123457"),
        ("DE", "DE136695976", "DE136695976"),
        ("DE", "136695976", "136695976"),
        ("GR", "EL094259216", "EL094259216"),
        ("GR", "094259216", "094259216"),
        ("GB", "XI110305878", "XI110305878"),
        ("CH", "DE136695976", "DE136695976"),
        ("CH", "CHE-123.456.788 MWST", "CHE-123.456.788 MWST"),
        ("US", "12-3456789", "12-3456789"),
        ("MX", "ESM850101XX1", "ESM850101XX1"),
    ] {
        assert_eq!(tax_id(country, number).as_deref(), Ok(kept), "{country} {number}");
    }
    for (country, number, code) in [
        ("RO", "RO14399841", "wrong-check-digits"),
        ("RO", "14399841", "wrong-check-digits"),
        ("RO", "RO1", "wrong-format"),
        ("RO", "J40/372/2002", "wrong-format"),
        ("RO", "1630615123458", "wrong-check-digits"),
        ("DE", "DE136695977", "wrong-check-digits"),
        ("DE", "12/345/67890", "wrong-format"),
        ("GR", "GR094259216", "wrong-prefix"),
        ("FR", "DE136695977", "wrong-check-digits"),
        ("CH", "DE136695977", "wrong-check-digits"),
    ] {
        assert_eq!(tax_id(country, number).map_err(|wrong| wrong.code), Err(code), "{country} {number}");
    }
}

#[test]
fn romanian_numbers_hold() {
    for number in ["RO14399840", "14399840", "RO 1590082", "18547290", "RO24386686"] {
        assert!(cui(number).is_ok(), "{number}");
    }
    assert_eq!(cui("ro 14399840").as_deref(), Ok("RO14399840"));
    for number in ["", "RO", "1", "RO14399842", "RO014399840", "12345678901", "RO14A99840"] {
        assert!(cui(number).is_err(), "{number}");
    }
    assert_eq!(cnp("1630615123457"), Ok(()));
    assert_eq!(cnp("1631315123457").unwrap_err().code, "wrong-format");
    assert_eq!(cnp("163061512345").unwrap_err().code, "wrong-format");
    assert_eq!(cnp("1630615123450").unwrap_err().code, "wrong-check-digits");
}

#[test]
fn account_numbers_hold() {
    for number in [
        "RO49AAAA1B31007593840000",
        "RO49 AAAA 1B31 0075 9384 0000",
        "de89 3704 0044 0532 0130 00",
        "GB82WEST12345698765432",
        "FR1420041010050500013M02606",
        "NL91ABNA0417164300",
        "MT84MALT011000012345MTLCAST001S",
        "NO9386011117947",
        "XK051212012345678906",
        "PK36SCBL0000001123456702",
        "HN88CABF00000000000250005469",
    ] {
        assert!(iban(number).is_ok(), "{number}: {:?}", iban(number));
    }
    assert_eq!(iban("RO49 aaaa 1B31 0075 9384 0000").as_deref(), Ok("RO49AAAA1B31007593840000"));
    for (number, code) in [
        ("", "wrong-format"),
        ("RO49", "wrong-check-digits"),
        ("RO49AAAA1B3100759384000", "wrong-check-digits"),
        ("RO50AAAA1B31007593840000", "wrong-check-digits"),
        ("RO49AAAA1B31007593840O00", "wrong-check-digits"),
        ("DE89370400440532013000💶", "wrong-format"),
        ("US64SVBKUS6S3300958879", "unknown-country"),
        ("DE41370400440532013", "wrong-format"),
        ("PK25SCBL000000112345670", "unknown-country"),
    ] {
        assert_eq!(iban(number).map_err(|wrong| wrong.code), Err(code), "{number}");
    }
}

#[test]
fn codes_of_banks_countries_and_currencies_are_known() {
    for code in ["BTRLRO22", "BTRLRO22CJA", "DEUTDEFF500", "E097AEXXXXX", "NCBVXKPR", "btrlro22"] {
        assert!(bic(code).is_ok(), "{code}");
    }
    for code in ["", "BTRLRO2", "BTRLRO22CJ", "BTRLZZ22", "BTRL-O22", "BTRLRÖ22"] {
        assert!(bic(code).is_err(), "{code}");
    }
    for code in ["RO", "DE", "GB", "XK", "SS"] {
        assert_eq!(country(code), Ok(()), "{code}");
    }
    for code in ["UK", "EL", "XI", "EU", "ro", "", " ", "R", "RO DE", "AD AE"] {
        assert!(country(code).is_err(), "{code}");
    }
    for code in ["RON", "EUR", "JPY", "KWD", "XOF", "XCG", "VES"] {
        assert_eq!(currency(code), Ok(()), "{code}");
    }
    for code in ["HRK", "XAU", "XTS", "XXX", "CHE", "ROL", "eur", "€"] {
        assert!(currency(code).is_err(), "{code}");
    }
}
