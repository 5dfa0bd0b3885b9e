//! What a document comes to: the amount of each line, the tax by code, and the total that somebody pays. Pure arithmetic.
//!
//! Amounts are rounded half away from zero to the decimals of the currency, as invoices are where people check them with a
//! pocket calculator. What is shown is what counts: the tax of a document is the sum of its tax table, its net amount the
//! sum of its lines' net amounts, and net and tax are the total, always and to the last unit.
use rust_decimal::{Decimal, RoundingStrategy};

/// Where tax is rounded: on each line, or once for each code of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    Line,
    Document,
}

/// What is taken off a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discount {
    None,
    /// So many percent of quantity times price.
    Percent(Decimal),
    /// An amount of the document's currency.
    Amount(Decimal),
}

/// A tax on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tax {
    /// Which one: the same number stands for the same code everywhere in the document.
    pub code: usize,
    /// In percent: 19 is 19 %.
    pub rate: Decimal,
    /// Whether the price includes it.
    pub is_included: bool,
    /// Whether the seller charges it. Where not, the buyer owes it (reverse charge): it is told, and not part of the total.
    pub is_charged: bool,
}

/// A line as it comes in.
#[derive(Clone, Debug)]
pub struct Line {
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub discount: Discount,
    pub taxes: Vec<Tax>,
}

/// A line with its figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFigures {
    /// Quantity times price less the discount: as the prices are, with or without tax.
    pub amount: Decimal,
    /// Without tax.
    pub net: Decimal,
    /// Its part of each of its taxes, in their order.
    pub taxes: Vec<Decimal>,
}

/// A row of the tax table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxFigures {
    pub code: usize,
    pub rate: Decimal,
    pub is_charged: bool,
    /// What it is a percentage of.
    pub taxable: Decimal,
    pub tax: Decimal,
}

/// What a document comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    pub lines: Vec<LineFigures>,
    /// The tax table, in the order in which the lines name the codes first.
    pub taxes: Vec<TaxFigures>,
    pub net: Decimal,
    /// What of the tax the seller charges.
    pub tax: Decimal,
    pub total: Decimal,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineFault {
    /// The quantity is not above zero, or the price or the discount is below it.
    Negative(&'static str),
    /// More is taken off than there is.
    DiscountAboveAmount,
    /// It does not fit into what can be booked.
    TooLarge,
}

/// No amount reaches this: `numeric(20,4)`.
pub const LIMIT: Decimal = Decimal::from_parts(1_874_919_424, 2_328_306, 0, false, 0); // 10^16

/// An amount as it is booked in a currency with so many decimals.
pub fn round(amount: Decimal, decimals: u32) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(decimals); // "10.00", not "10"
    rounded
}

/// The figures of a document in a currency with so many decimals.
///
/// # Errors
/// All lines that can not be figured, by their place.
pub fn figure(lines: &[Line], rounding: Rounding, decimals: u32) -> Result<Figures, Vec<(usize, LineFault)>> {
    let (mut figures, mut faults) = (Vec::new(), Vec::new());
    for (place, line) in lines.iter().enumerate() {
        match amount(line) {
            Ok(amount) => {
                let amount = round(amount, decimals);
                figures.push(LineFigures {
                    amount,
                    net: amount,
                    taxes: vec![Decimal::ZERO; line.taxes.len()],
                });
            }
            Err(fault) => faults.push((place, fault)),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut table: Vec<TaxFigures> = Vec::new();
    // What the price includes comes first, since what is added is a percentage of what is then left.
    for included in [true, false] {
        for tax in codes(lines, included) {
            charge(&mut figures, lines, tax, rounding, decimals);
        }
    }
    for tax in codes(lines, true).into_iter().chain(codes(lines, false)) {
        let shares = places(lines, tax).map(|(line, place)| (figures[line].net, figures[line].taxes[place]));
        let zero = round(Decimal::ZERO, decimals);
        let (taxable, sum) = shares.fold((zero, zero), |sum, each| (sum.0 + each.0, sum.1 + each.1));
        table.push(TaxFigures {
            code: tax.code,
            rate: tax.rate,
            is_charged: tax.is_charged,
            taxable,
            tax: sum,
        });
    }
    let first = |code: usize| lines.iter().flat_map(|line| &line.taxes).position(|tax| tax.code == code);
    table.sort_by_key(|row| first(row.code));
    let zero = round(Decimal::ZERO, decimals);
    let net = figures.iter().fold(zero, |sum, line| sum + line.net);
    let tax = table.iter().filter(|row| row.is_charged).fold(zero, |sum, row| sum + row.tax);
    let total = net + tax;
    let owed = table.iter().fold(net, |sum, row| sum + row.tax);
    if owed >= LIMIT {
        return Err(vec![(lines.len().saturating_sub(1), LineFault::TooLarge)]);
    }
    Ok(Figures { lines: figures, taxes: table, net, tax, total })
}

/// Quantity times price less the discount, exactly.
fn amount(line: &Line) -> Result<Decimal, LineFault> {
    if line.quantity <= Decimal::ZERO {
        return Err(LineFault::Negative("quantity"));
    }
    if line.unit_price < Decimal::ZERO {
        return Err(LineFault::Negative("unit_price"));
    }
    let gross = line.quantity.checked_mul(line.unit_price).ok_or(LineFault::TooLarge)?;
    if gross >= LIMIT {
        return Err(LineFault::TooLarge);
    }
    match line.discount {
        Discount::None => Ok(gross),
        Discount::Percent(percent) if percent < Decimal::ZERO => Err(LineFault::Negative("discount_percent")),
        Discount::Percent(percent) if percent > Decimal::ONE_HUNDRED => Err(LineFault::DiscountAboveAmount),
        Discount::Percent(percent) => Ok(gross * (Decimal::ONE_HUNDRED - percent) / Decimal::ONE_HUNDRED),
        Discount::Amount(amount) if amount < Decimal::ZERO => Err(LineFault::Negative("discount_amount")),
        Discount::Amount(amount) if amount > gross => Err(LineFault::DiscountAboveAmount),
        Discount::Amount(amount) => Ok(gross - amount),
    }
}

/// The taxes that lines name and their prices include, or don't, each once.
fn codes(lines: &[Line], included: bool) -> Vec<Tax> {
    let mut codes: Vec<Tax> = Vec::new();
    for tax in lines.iter().flat_map(|line| &line.taxes).filter(|tax| tax.is_included == included) {
        if codes.iter().all(|known| known.code != tax.code) {
            codes.push(*tax);
        }
    }
    codes
}

/// The lines that have the tax, and its place among theirs.
fn places(lines: &[Line], tax: Tax) -> impl Iterator<Item = (usize, usize)> {
    lines.iter().enumerate().filter_map(move |(line, each)| {
        each.taxes.iter().position(|known| known.code == tax.code).map(|place| (line, place))
    })
}

/// Puts one tax on the lines that have it.
fn charge(figures: &mut [LineFigures], lines: &[Line], tax: Tax, rounding: Rounding, decimals: u32) {
    let places: Vec<_> = places(lines, tax).collect();
    let exact: Vec<Decimal> =
        places.iter().map(|&(line, _)| exact(&lines[line], &figures[line], tax)).collect();
    // No line is worth less than nothing, however many taxes its price includes.
    let room = |line: usize| if tax.is_included { figures[line].net } else { LIMIT };
    let room: Vec<Decimal> = places.iter().map(|&(line, _)| room(line)).collect();
    let shares = match rounding {
        Rounding::Line => {
            exact.iter().zip(&room).map(|(exact, room)| round(*exact, decimals).min(*room)).collect()
        }
        Rounding::Document => spread(round(exact.iter().sum(), decimals), &exact, &room, decimals),
    };
    for ((line, place), share) in places.into_iter().zip(shares) {
        figures[line].taxes[place] = share;
        if tax.is_included {
            figures[line].net -= share;
        }
    }
}

/// The tax on a line before it is rounded.
fn exact(line: &Line, figures: &LineFigures, tax: Tax) -> Decimal {
    if tax.is_included {
        let included: Decimal = line.taxes.iter().filter(|tax| tax.is_included).map(|tax| tax.rate).sum();
        figures.amount * tax.rate / (Decimal::ONE_HUNDRED + included)
    } else {
        figures.net * tax.rate / Decimal::ONE_HUNDRED
    }
}

/// Splits a rounded sum into rounded shares that are it again: largest remainders first, of equal ones the first.
pub(crate) fn spread(total: Decimal, exact: &[Decimal], room: &[Decimal], decimals: u32) -> Vec<Decimal> {
    let unit = Decimal::new(1, decimals);
    let floor = |amount: &Decimal| amount.round_dp_with_strategy(decimals, RoundingStrategy::ToZero);
    let mut shares: Vec<Decimal> =
        exact.iter().zip(room).map(|(exact, room)| floor(exact).min(*room)).collect();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by_key(|&place| std::cmp::Reverse(exact[place] - floor(&exact[place])));
    let mut rest = total - shares.iter().sum::<Decimal>();
    for place in order {
        if rest >= unit && shares[place] + unit <= room[place] {
            shares[place] += unit;
            rest -= unit;
        }
    }
    for share in &mut shares {
        share.rescale(decimals);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::{Decimal, Discount, Figures, LIMIT, Line, LineFault, Rounding, Tax, figure};
    use proptest::prelude::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn line(quantity: &str, unit_price: &str, taxes: &[Tax]) -> Line {
        let (quantity, unit_price) = (number(quantity), number(unit_price));
        Line { quantity, unit_price, discount: Discount::None, taxes: taxes.to_vec() }
    }

    fn added(code: usize, rate: &str) -> Tax {
        Tax { code, rate: number(rate), is_included: false, is_charged: true }
    }

    fn included(code: usize, rate: &str) -> Tax {
        Tax { is_included: true, ..added(code, rate) }
    }

    /// Net, tax and total as they are printed.
    fn sums(figures: &Figures) -> [String; 3] {
        [figures.net, figures.tax, figures.total].map(|amount| amount.to_string())
    }

    #[test]
    fn thirds_come_to_what_is_shown() {
        // 0.33333333 is shown as 0.33, three times 0.99. 19 % of a line is 0.0627, of all 0.1881.
        let lines = vec![line("1", "0.33333333", &[added(0, "19")]); 3];
        let by_line = figure(&lines, Rounding::Line, 2).unwrap();
        assert_eq!(sums(&by_line), ["0.99", "0.18", "1.17"]);
        let by_document = figure(&lines, Rounding::Document, 2).unwrap();
        assert_eq!(sums(&by_document), ["0.99", "0.19", "1.18"]);
        // 0.19 over three equal lines: the first has the odd cent.
        let shares: Vec<_> = by_document.lines.iter().map(|line| line.taxes[0].to_string()).collect();
        assert_eq!(shares, ["0.07", "0.06", "0.06"]);
        // One line of three thirds is 0.99999999, shown as 1.00.
        assert_eq!(
            sums(&figure(&[line("3", "0.33333333", &[added(0, "19")])], Rounding::Line, 2).unwrap()),
            ["1.00", "0.19", "1.19"]
        );
    }

    #[test]
    fn a_price_that_includes_tax_is_what_is_paid() {
        // 10 × 19/119 = 1.5966; thrice 4.7899.
        let lines = vec![line("1", "10", &[included(0, "19")]); 3];
        let by_line = figure(&lines, Rounding::Line, 2).unwrap();
        assert_eq!(sums(&by_line), ["25.20", "4.80", "30.00"]);
        let by_document = figure(&lines, Rounding::Document, 2).unwrap();
        assert_eq!(sums(&by_document), ["25.21", "4.79", "30.00"]);
        let nets: Vec<_> = by_document.lines.iter().map(|line| line.net.to_string()).collect();
        assert_eq!(nets, ["8.40", "8.40", "8.41"]);
    }

    #[test]
    fn a_price_may_include_several_rates() {
        // 121 is 100 and 19 % and 2 % of it; and 5 % of the 100 are added.
        let taxes = [included(0, "19"), included(1, "2"), added(2, "5")];
        let figures = figure(&[line("1", "121", &taxes)], Rounding::Document, 2).unwrap();
        assert_eq!(sums(&figures), ["100.00", "26.00", "126.00"]);
        let table: Vec<_> =
            figures.taxes.iter().map(|row| (row.taxable.to_string(), row.tax.to_string())).collect();
        assert_eq!(
            table,
            [
                ("100.00".into(), "19.00".into()),
                ("100.00".into(), "2.00".into()),
                ("100.00".into(), "5.00".into())
            ]
        );
        // Half of 0.02 is each of three equal taxes' 0.005: rounded up they would be more than the price.
        let three = [included(0, "100"), included(1, "100"), included(2, "100")];
        let figures = figure(&[line("1", "0.02", &three)], Rounding::Line, 2).unwrap();
        assert_eq!(sums(&figures), ["0.00", "0.02", "0.02"]);
    }

    #[test]
    fn a_currency_has_its_own_decimals() {
        // Half a yen is a yen: 10 % of 105 is 10.5.
        assert_eq!(
            sums(&figure(&[line("1", "105", &[added(0, "10")])], Rounding::Line, 0).unwrap()),
            ["105", "11", "116"]
        );
        // 5 % of 0.333 is 0.01665.
        assert_eq!(
            sums(&figure(&[line("1", "0.3333", &[added(0, "5")])], Rounding::Line, 3).unwrap()),
            ["0.333", "0.017", "0.350"]
        );
    }

    #[test]
    fn a_discount_takes_off_all_at_the_most() {
        let with = |discount| {
            figure(&[Line { discount, ..line("2", "49.99", &[added(0, "19")]) }], Rounding::Line, 2)
        };
        // 99.98 less 12.5 % is 87.4825; 19 % of 87.48 is 16.6212.
        assert_eq!(sums(&with(Discount::Percent(number("12.5"))).unwrap()), ["87.48", "16.62", "104.10"]);
        assert_eq!(sums(&with(Discount::Percent(number("100"))).unwrap()), ["0.00", "0.00", "0.00"]);
        assert_eq!(sums(&with(Discount::Amount(number("99.98"))).unwrap()), ["0.00", "0.00", "0.00"]);
        for discount in [Discount::Percent(number("100.01")), Discount::Amount(number("99.99"))] {
            assert_eq!(with(discount), Err(vec![(0, LineFault::DiscountAboveAmount)]));
        }
    }

    #[test]
    fn what_the_buyer_owes_is_told_and_not_charged() {
        let tax = Tax { is_charged: false, ..added(0, "19") };
        let figures =
            figure(&[line("1", "100", &[tax]), line("1", "50", &[added(1, "0")])], Rounding::Document, 2)
                .unwrap();
        assert_eq!(sums(&figures), ["150.00", "0.00", "150.00"]);
        assert_eq!((figures.taxes[0].taxable, figures.taxes[0].tax), (number("100"), number("19")));
        assert_eq!((figures.taxes[1].taxable, figures.taxes[1].tax), (number("50"), number("0")));
    }

    #[test]
    fn every_line_that_can_not_be_is_named() {
        let lines = [
            line("-1", "5", &[]),
            line("1", "5", &[]),
            line("0", "5", &[]),
            line("1", "-5", &[]),
            line("99999999999999", "999999999999", &[]),
        ];
        let faults = figure(&lines, Rounding::Line, 2).unwrap_err();
        let negative = LineFault::Negative;
        assert_eq!(
            faults,
            [
                (0, negative("quantity")),
                (2, negative("quantity")),
                (3, negative("unit_price")),
                (4, LineFault::TooLarge)
            ]
        );
        let most = line("1", "9999999999999999.9999", &[]);
        assert_eq!(
            figure(std::slice::from_ref(&most), Rounding::Line, 4).unwrap().total,
            LIMIT - number("0.0001")
        );
        assert_eq!(figure(&[most.clone(), most], Rounding::Line, 4), Err(vec![(1, LineFault::TooLarge)]));
        assert_eq!(LIMIT, number("10000000000000000"));
    }

    prop_compose! {
        fn any_line()(
            quantity in 1_i64..5_000_000,
            unit_price in 0_i64..5_000_000_000,
            percent in 0_i64..=100,
            named in proptest::sample::subsequence(vec![0_usize, 1, 2, 3], 0..=4),
        ) -> Line {
            // Four codes: two that prices include, one that is added, one that the buyer owes.
            let all = [included(0, "19"), included(1, "2.5"), added(2, "9"), Tax { is_charged: false, ..added(3, "21") }];
            Line {
                quantity: Decimal::new(quantity, 3),
                unit_price: Decimal::new(unit_price, 6),
                discount: Discount::Percent(Decimal::from(percent)),
                taxes: named.into_iter().map(|code| all[code]).collect(),
            }
        }
    }

    proptest! {
        #[test]
        fn figures_are_the_sums_of_what_is_shown(
            lines in proptest::collection::vec(any_line(), 1..12),
            decimals in 0_u32..=3,
            by_line in any::<bool>(),
        ) {
            let rounding = if by_line { Rounding::Line } else { Rounding::Document };
            let figures = figure(&lines, rounding, decimals).unwrap();
            let shown: Decimal = figures.lines.iter().map(|line| line.net).sum();
            prop_assert_eq!(figures.net, shown);
            let charged: Decimal = figures.taxes.iter().filter(|row| row.is_charged).map(|row| row.tax).sum();
            prop_assert_eq!(figures.tax, charged);
            prop_assert_eq!(figures.total, figures.net + figures.tax);
            for (line, told) in lines.iter().zip(&figures.lines) {
                let included: Decimal = line.taxes.iter().zip(&told.taxes).filter(|(tax, _)| tax.is_included).map(|(_, share)| *share).sum();
                prop_assert_eq!(told.amount, told.net + included);
                prop_assert!(told.net >= Decimal::ZERO);
            }
            for row in &figures.taxes {
                let of_lines = || lines.iter().zip(&figures.lines).filter_map(|(line, told)| {
                    line.taxes.iter().position(|tax| tax.code == row.code).map(|place| (told, told.taxes[place]))
                });
                prop_assert_eq!(row.tax, of_lines().map(|(_, share)| share).sum::<Decimal>());
                prop_assert_eq!(row.taxable, of_lines().map(|(told, _)| told.net).sum::<Decimal>());
                // A tax on what is shown is never more than a rounding away from its percentage.
                let off = (row.taxable * row.rate / Decimal::ONE_HUNDRED - row.tax).abs();
                let roundings = if by_line { lines.len() * 3 } else { lines.len() + 2 };
                prop_assert!(off <= Decimal::new(i64::try_from(roundings).unwrap(), decimals));
            }
            for amount in figures.lines.iter().flat_map(|line| line.taxes.iter().chain([&line.net])) {
                prop_assert!(amount.normalize().scale() <= decimals);
            }
        }
    }
}
