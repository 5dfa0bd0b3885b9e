//! What a credit note takes back of an invoice, or a debit note of a bill: all that is left, or parts of lines. Pure
//! arithmetic: a part is a share of what is left, and whoever takes the last of something takes all of it, so that several
//! notes together never come to more than the document, nor to a cent less.

use crate::figuring::{Amounts, Base};
use crate::lines::{DocumentLine, DocumentTax, LineTax};
use crate::totals::round;
use platform::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};

/// A part of a line to be taken back. It has at most one of `quantity` and `amount`; without, it is all that is left.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreditedLine {
    /// The line of the document that is credited.
    #[schema(minimum = 1, maximum = 500, example = 1)]
    pub line: i32,
    /// So many of it.
    #[schema(value_type = Option<String>, max_length = 19, pattern = r"^[0-9]{1,12}(\.[0-9]{1,6})?$", example = "1")]
    pub quantity: Option<Decimal>,
    /// So much of its net amount.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    pub amount: Option<Decimal>,
}

/// A document, as far as it is to be credited, or a note that credits it.
#[derive(Clone, Debug)]
pub struct Whole {
    pub lines: Vec<DocumentLine>,
    pub taxes: Vec<DocumentTax>,
    pub amounts: Amounts,
}

/// What a note over these parts of what is left comes to; over all that is left, where no parts are named.
///
/// # Errors
/// All that is wrong, each at its place in the body, and whether there is nothing left at all.
pub fn take_back(
    document: &Whole,
    before: &[Whole],
    parts: Option<&[CreditedLine]>,
    rate: Base,
    decimals: u32,
) -> std::result::Result<Whole, Vec<Fault>> {
    let left = left(document, before);
    let everything = || -> Vec<CreditedLine> {
        let lines = left.lines.iter().filter(|line| !line.quantity.0.is_zero());
        lines.map(|line| CreditedLine { line: line.line, quantity: None, amount: None }).collect()
    };
    let parts = parts.map_or_else(everything, <[CreditedLine]>::to_vec);
    let (mut lines, mut faults): (Vec<DocumentLine>, Vec<Fault>) = (Vec::new(), Vec::new());
    for (place, part) in parts.iter().enumerate() {
        let at = |field: &str| format!("/lines/{place}/{field}");
        let Some(line) = left.lines.iter().find(|line| line.line == part.line) else {
            let rule = format!("must be a line of the document, 1 to {}", document.lines.len());
            faults.push(Fault::at(at("line"), "unknown-reference", rule));
            continue;
        };
        if parts[..place].iter().any(|other| other.line == part.line) {
            faults.push(Fault::at(at("line"), "repeated", "must be named once"));
            continue;
        }
        match share(line, part, decimals) {
            Ok(taken) => lines.push(DocumentLine {
                line: i32::try_from(lines.len() + 1).unwrap_or(i32::MAX),
                credited_line: Some(line.line),
                ..taken
            }),
            Err((field, code, rule)) => faults.push(Fault::at(at(field), code, rule)),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    if lines.is_empty() {
        return Err(vec![Fault::at(
            "/lines",
            "nothing-left",
            "nothing of the document is left to be taken back",
        )]);
    }
    let taxes: Vec<DocumentTax> = left.taxes.iter().filter_map(|row| tax_row(row, &lines, rate)).collect();
    let net = lines.iter().map(|line| line.net_amount.0).sum();
    let mut amounts = Amounts::of(net, &taxes, rate);
    if amounts.total == left.amounts.total && amounts.base_tax <= left.amounts.base_total {
        // The last of it is worth what is left of its worth.
        amounts.base_total = left.amounts.base_total;
        amounts.base_net = amounts.base_total - amounts.base_tax;
    }
    Ok(Whole { lines, taxes, amounts })
}

/// What of the document no note has taken back.
fn left(document: &Whole, before: &[Whole]) -> Whole {
    let mut left = document.clone();
    let notes = || before.iter().flat_map(|note| &note.lines);
    for line in &mut left.lines {
        for taken in notes().filter(|taken| taken.credited_line == Some(line.line)) {
            line.quantity.0 -= taken.quantity.0;
            line.amount.0 -= taken.amount.0;
            line.net_amount.0 -= taken.net_amount.0;
            for (share, taken) in line.taxes.iter_mut().zip(&taken.taxes) {
                share.tax_amount.0 -= taken.tax_amount.0;
            }
        }
    }
    for row in &mut left.taxes {
        for taken in
            before.iter().flat_map(|note| &note.taxes).filter(|taken| taken.tax_code_id == row.tax_code_id)
        {
            row.taxable_amount.0 -= taken.taxable_amount.0;
            row.tax_amount.0 -= taken.tax_amount.0;
            row.base_tax_amount.0 -= taken.base_tax_amount.0;
        }
    }
    for note in before {
        left.amounts.net -= note.amounts.net;
        left.amounts.tax -= note.amounts.tax;
        left.amounts.total -= note.amounts.total;
        left.amounts.base_net -= note.amounts.base_net;
        left.amounts.base_tax -= note.amounts.base_tax;
        left.amounts.base_total -= note.amounts.base_total;
    }
    left
}

type Refusal = (&'static str, &'static str, String);

/// The part of what is left of a line.
fn share(
    left: &DocumentLine,
    part: &CreditedLine,
    decimals: u32,
) -> std::result::Result<DocumentLine, Refusal> {
    let (quantity, net) = (left.quantity.0, left.net_amount.0);
    let (quantity, of, all) = match (part.quantity, part.amount) {
        (Some(_), Some(_)) => {
            return Err(("amount", "one-of", "must be left out where there is a quantity".to_owned()));
        }
        (Some(part), _) | (_, Some(part)) if part.is_zero() => {
            let field = if part.is_zero() && left.quantity.0 >= Decimal::ZERO { "line" } else { "quantity" };
            return Err((field, "too-small", "must take back more than nothing".to_owned()));
        }
        (Some(part), None) if part > quantity => {
            let rule = format!("must be at most {}, which is what is left of the line", quantity.normalize());
            return Err(("quantity", "more-than-is-left", rule));
        }
        (None, Some(part)) if part > net => {
            let rule = format!("must be at most {}, which is what is left of the line", left.net_amount);
            return Err(("amount", "more-than-is-left", rule));
        }
        (Some(part), None) => (part, part, quantity),
        (None, Some(part)) => {
            // As if that share of the goods had come back; of the quantity never more than there is.
            let share = (quantity * part / net).round_dp_with_strategy(6, RoundingStrategy::ToZero);
            (if part == net { quantity } else { share }, part, net)
        }
        (None, None) if quantity.is_zero() => {
            return Err(("line", "nothing-left", "nothing of the line is left to be taken back".to_owned()));
        }
        (None, None) => (quantity, quantity, quantity),
    };
    let part_of = |amount: Decimal| if of == all { amount } else { round(amount * of / all, decimals) };
    let mut taken = left.clone();
    taken.quantity = quantity.into();
    taken.net_amount = part.amount.unwrap_or_else(|| part_of(net)).into();
    taken.amount = part_of(left.amount.0).into();
    taken.discount_amount = left.discount_amount.map(part_of);
    let shares = left.taxes.iter();
    taken.taxes = shares
        .map(|tax| LineTax { tax_code_id: tax.tax_code_id, tax_amount: part_of(tax.tax_amount.0).into() })
        .collect();
    Ok(taken)
}

/// The row of the tax table that these lines make; none where they don't have the tax.
fn tax_row(left: &DocumentTax, lines: &[DocumentLine], base: Base) -> Option<DocumentTax> {
    let taxed = || lines.iter().filter(|line| line.tax_code_ids.contains(&left.tax_code_id));
    taxed().next()?;
    let taxable: Decimal = taxed().map(|line| line.net_amount.0).sum();
    let shares = taxed().flat_map(|line| &line.taxes).filter(|tax| tax.tax_code_id == left.tax_code_id);
    let tax: Decimal = shares.map(|tax| tax.tax_amount.0).sum();
    let is_all = taxable == left.taxable_amount.0 && tax == left.tax_amount.0;
    let worth = if is_all { left.base_tax_amount.0 } else { base.of(tax).min(left.base_tax_amount.0) };
    Some(DocumentTax {
        taxable_amount: taxable.into(),
        tax_amount: tax.into(),
        base_taxable_amount: base.of_taxed(lines, left.tax_code_id).into(),
        base_tax_amount: worth.into(),
        ..left.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::{CreditedLine, Whole, take_back};
    use crate::figuring::{Amounts, Base};
    use crate::lines::{DocumentLine, DocumentTax, LineTax};
    use crate::tax_codes::TaxKind;
    use platform::prelude::Uuid;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    const OWN: Base = Base { rate: Decimal::ONE, decimals: 2 };

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// An invoice of these lines: quantity, net amount and 19 % of it, as its table shows it.
    fn invoice(lines: &[(&str, &str, &str)], base: Base) -> Whole {
        let code = Uuid::now_v7();
        let lines: Vec<DocumentLine> = lines
            .iter()
            .zip(1..)
            .map(|((quantity, net, tax), line)| DocumentLine {
                line,
                item_code: None,
                description: "Any".into(),
                quantity: number(quantity).into(),
                unit: None,
                unit_price: Decimal::ONE,
                discount_percent: None,
                discount_amount: None,
                account_id: Uuid::nil(),
                tax_code_ids: vec![code],
                department_id: None,
                cost_centre_id: None,
                project_id: None,
                amount: number(net).into(),
                net_amount: number(net).into(),
                taxes: vec![LineTax { tax_code_id: code, tax_amount: number(tax).into() }],
                credited_line: None,
            })
            .collect();
        let net: Decimal = lines.iter().map(|line| line.net_amount.0).sum();
        let tax: Decimal = lines.iter().map(|line| line.taxes[0].tax_amount.0).sum();
        let taxes = vec![DocumentTax {
            tax_code_id: code,
            code: "S19".into(),
            name: "VAT".into(),
            kind: TaxKind::Standard,
            rate: number("19"),
            exemption_reason: None,
            is_charged: true,
            taxable_amount: net.into(),
            tax_amount: tax.into(),
            base_taxable_amount: base.of(net).into(),
            base_tax_amount: base.of(tax).into(),
        }];
        let amounts = Amounts::of(net, &taxes, base);
        Whole { lines, taxes, amounts }
    }

    fn part(line: i32, quantity: Option<&str>, amount: Option<&str>) -> CreditedLine {
        CreditedLine { line, quantity: quantity.map(number), amount: amount.map(number) }
    }

    fn sums(of: &Whole) -> [String; 3] {
        [of.amounts.net, of.amounts.tax, of.amounts.total].map(|amount| format!("{amount:.2}"))
    }

    #[test]
    fn thirds_of_a_line_come_to_the_line() {
        // Three of 100.00 with 19.00: a third is 33.33 and 6.33, of the 66.67 and 12.67 left a half is 33.34 and 6.34.
        let invoice = invoice(&[("3", "100.00", "19.00")], OWN);
        let one = [part(1, Some("1"), None)];
        let first = take_back(&invoice, &[], Some(&one), OWN, 2).unwrap();
        assert_eq!(sums(&first), ["33.33", "6.33", "39.66"]);
        let second = take_back(&invoice, std::slice::from_ref(&first), Some(&one), OWN, 2).unwrap();
        assert_eq!(sums(&second), ["33.34", "6.34", "39.68"]);
        let last = take_back(&invoice, &[first, second], None, OWN, 2).unwrap();
        assert_eq!(sums(&last), ["33.33", "6.33", "39.66"]);
    }

    #[test]
    fn an_amount_is_taken_back_as_its_share_of_the_goods() {
        let invoice = invoice(&[("4", "200.00", "38.00"), ("1", "50.00", "9.50")], OWN);
        let tenth = take_back(&invoice, &[], Some(&[part(1, None, Some("20"))]), OWN, 2).unwrap();
        assert_eq!(sums(&tenth), ["20.00", "3.80", "23.80"]);
        assert_eq!(tenth.lines[0].quantity.0, number("0.4"));
        let rest = take_back(&invoice, &[tenth], None, OWN, 2).unwrap();
        assert_eq!(sums(&rest), ["230.00", "43.70", "273.70"]);
    }

    #[test]
    fn no_more_is_taken_back_than_is_left() {
        let invoice = invoice(&[("3", "100.00", "19.00")], OWN);
        let two = take_back(&invoice, &[], Some(&[part(1, Some("2"), None)]), OWN, 2).unwrap();
        let parts = [part(1, Some("1.5"), None), part(2, None, None), part(1, Some("1"), None)];
        let faults = take_back(&invoice, std::slice::from_ref(&two), Some(&parts), OWN, 2).unwrap_err();
        let told: Vec<_> =
            faults.iter().map(|fault| (fault.pointer.as_deref().unwrap(), fault.code.as_str())).collect();
        assert_eq!(
            told,
            [
                ("/lines/0/quantity", "more-than-is-left"),
                ("/lines/1/line", "unknown-reference"),
                ("/lines/2/line", "repeated")
            ]
        );
        let rest = take_back(&invoice, std::slice::from_ref(&two), None, OWN, 2).unwrap();
        assert_eq!(take_back(&invoice, &[two, rest], None, OWN, 2).unwrap_err()[0].code, "nothing-left");
    }

    proptest! {
        #[test]
        fn notes_together_are_the_document(
            parts in proptest::collection::vec((1_i32..=2, 1_i64..=40, any::<bool>()), 0..6),
            rate in 1_i64..50_000,
        ) {
            let base = Base { rate: Decimal::new(rate, 4), decimals: 2 };
            let document = invoice(&[("7", "99.99", "19.00"), ("3", "0.10", "0.02")], base);
            let mut notes = Vec::new();
            for (line, of_a_hundred, by_amount) in parts {
                let of = &document.lines[usize::try_from(line - 1).unwrap()];
                let share = Decimal::new(of_a_hundred, 2);
                let wanted = if by_amount {
                    CreditedLine { line, quantity: None, amount: Some(crate::totals::round(of.net_amount.0 * share, 2)) }
                } else {
                    CreditedLine { line, quantity: Some(of.quantity.0 * share), amount: None }
                };
                if let Ok(note) = take_back(&document, &notes, Some(&[wanted]), base, 2) {
                    notes.push(note);
                }
            }
            if let Ok(rest) = take_back(&document, &notes, None, base, 2) {
                notes.push(rest);
            }
            let sum = |of: fn(&Amounts) -> Decimal| -> Decimal { notes.iter().map(|note| of(&note.amounts)).sum() };
            prop_assert_eq!(sum(|amounts| amounts.net), document.amounts.net);
            prop_assert_eq!(sum(|amounts| amounts.tax), document.amounts.tax);
            prop_assert_eq!(sum(|amounts| amounts.base_tax), document.amounts.base_tax);
            prop_assert_eq!(sum(|amounts| amounts.base_total), document.amounts.base_total);
            prop_assert!(notes.iter().all(|note| note.amounts.base_net >= Decimal::ZERO && note.amounts.net >= Decimal::ZERO));
        }
    }
}
