//! How what is kept for paying early is booked. It makes the price less after the supply, so what was taxed and the tax are less, too, of who
//! sold (Directive 2006/112/EC, art. 90) as of who bought (art. 184 and 185): each takes its part, in proportion. The rate of exchange is that of
//! the document, since what is corrected was declared at it.

use crate::facts::{Charge, Discount, Known};
use crate::paying::{Direction, NewMoney};
use crate::weighing::{Scales, Taken};
use ledger::currency::rounded;
use ledger::{Role, TaxSide};
use platform::prelude::*;
use rust_decimal::Decimal;

/// What a discount takes off a tax.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DiscountedTax {
    /// The tax code.
    pub tax_code_id: Uuid,
    /// In percent, on the day of the document.
    #[schema(value_type = String, max_length = 8, example = "19")]
    pub rate: Decimal,
    /// So much less is taxed, in the organization's currency.
    #[schema(example = "2.00")]
    pub base_taxable_amount: Money,
    /// So much less tax, in the organization's currency.
    #[schema(example = "0.38")]
    pub base_tax_amount: Money,
}

/// A line of what is kept; an amount is above zero on the side of the discount.
pub(crate) struct Share {
    pub account_id: Uuid,
    /// Units of the organization's currency for one of the document's.
    pub exchange_rate: Decimal,
    /// Of tax: the code with its percentage, and the side.
    pub tax: Option<(Uuid, Decimal, TaxSide)>,
    /// The codes with their percentages.
    pub taxed_by: Vec<(Uuid, Decimal)>,
    pub amount: Decimal,
}

impl Share {
    fn plain(account_id: Uuid, exchange_rate: Decimal, amount: Decimal) -> Self {
        Self { account_id, exchange_rate, tax: None, taxed_by: Vec::new(), amount }
    }

    /// In the organization's currency.
    pub fn worth(&self, books: &str) -> Decimal {
        rounded(self.amount * self.exchange_rate, books)
    }

    fn is_booked_with(&self, other: &Self) -> bool {
        (self.account_id, self.exchange_rate, self.tax) == (other.account_id, other.exchange_rate, other.tax)
            && self.taxed_by == other.taxed_by
    }
}

/// What is kept of all that a payment settles.
#[derive(Default)]
pub(crate) struct Kept {
    pub shares: Vec<Share>,
}

impl Kept {
    fn add(&mut self, share: Share) {
        match self.shares.iter_mut().find(|known| known.is_booked_with(&share)) {
            Some(known) => known.amount += share.amount,
            None => self.shares.push(share),
        }
    }

    pub fn worth(&self, books: &str) -> Decimal {
        self.shares.iter().map(|share| share.worth(books)).sum()
    }

    /// What it takes off the taxes, as it is booked.
    pub fn taxes(&self, direction: Direction, books: &str) -> Vec<DiscountedTax> {
        let mut taxes: Vec<DiscountedTax> = Vec::new();
        for share in &self.shares {
            let worth = share.worth(books);
            let own = share.tax.filter(|(_, _, side)| *side == declared(direction));
            let own = own.map(|(code, rate, _)| (code, rate, Decimal::ZERO, worth));
            let nets = share.taxed_by.iter().map(|(code, rate)| (*code, *rate, worth, Decimal::ZERO));
            for (tax_code_id, rate, taxable, tax) in nets.chain(own) {
                match taxes.iter_mut().find(|row| row.tax_code_id == tax_code_id && row.rate == rate) {
                    Some(row) => {
                        row.base_taxable_amount.0 += taxable;
                        row.base_tax_amount.0 += tax;
                    }
                    None => taxes.push(DiscountedTax {
                        tax_code_id,
                        rate,
                        base_taxable_amount: taxable.into(),
                        base_tax_amount: tax.into(),
                    }),
                }
            }
        }
        taxes.retain(|row| !row.base_taxable_amount.0.is_zero() || !row.base_tax_amount.0.is_zero());
        taxes
    }
}

/// On which side the tax of what is sold, or bought, is declared; with reverse charge it stands on the other one, too.
fn declared(direction: Direction) -> TaxSide {
    match direction {
        Direction::In => TaxSide::Payable,
        Direction::Out => TaxSide::Recoverable,
    }
}

impl Scales {
    /// What is kept of what the payment settles. `account_id` and `rate` are those of discounts and of the payment.
    pub fn kept(
        &mut self,
        facts: &Known,
        money: &NewMoney,
        taken: &[Taken],
        account_id: Uuid,
        rate: Decimal,
    ) -> Option<Kept> {
        let mut kept = Kept::default();
        for taken in taken.iter().filter(|taken| !taken.discount.is_zero()) {
            let terms = facts.discounts.get(&taken.item_id);
            // What is not less than the whole price is refused elsewhere.
            let taxed = terms.filter(|terms| !terms.taxes.is_empty() && taken.discount < terms.price());
            match taxed {
                Some(terms) => self.spread(facts, money, terms, taken.discount, account_id, &mut kept)?,
                None => kept.add(Share::plain(account_id, rate, taken.discount)),
            }
        }
        Some(kept)
    }

    /// What is kept of one document.
    fn spread(
        &mut self,
        facts: &Known,
        money: &NewMoney,
        terms: &Discount,
        discount: Decimal,
        account_id: Uuid,
        kept: &mut Kept,
    ) -> Option<()> {
        let own = declared(money.direction);
        let parts = split(discount, &terms.parts(), &money.currency);
        for (net, amount) in terms.nets.iter().zip(&parts) {
            let tax_of = |code: &Uuid| terms.taxes.iter().find(|tax| tax.tax_code_id == *code);
            let taxed_by = net.tax_code_ids.iter().filter_map(tax_of);
            let taxed_by = taxed_by.map(|tax| (tax.tax_code_id, tax.rate)).collect();
            kept.add(Share { taxed_by, ..Share::plain(account_id, terms.exchange_rate, *amount) });
        }
        let mut charged = parts.into_iter().skip(terms.nets.len());
        for tax in &terms.taxes {
            // With reverse charge the tax is owed and got back, and no part of the price.
            let (amount, sides): (Decimal, &[TaxSide]) = if tax.is_charged {
                (charged.next().unwrap_or_default(), &[own])
            } else {
                let amount = rounded(share(discount, tax.amount, terms.price()), &money.currency);
                (amount, &[TaxSide::Recoverable, TaxSide::Payable])
            };
            if amount.is_zero() {
                continue;
            }
            for side in sides {
                let account = self.tax_account(facts, tax, *side)?;
                let amount = if *side == own { amount } else { -amount };
                kept.add(Share {
                    tax: Some((tax.tax_code_id, tax.rate, *side)),
                    ..Share::plain(account, terms.exchange_rate, amount)
                });
            }
        }
        Some(())
    }

    fn tax_account(&mut self, facts: &Known, tax: &Charge, side: TaxSide) -> Option<Uuid> {
        let (own, role) = match side {
            TaxSide::Payable => (tax.payable_account_id, Role::TaxPayable),
            TaxSide::Recoverable => (tax.recoverable_account_id, Role::TaxRecoverable),
        };
        own.or_else(|| self.of_role(facts, role))
    }
}

impl Discount {
    /// What the price of the document is made of: its nets, then the taxes that the seller charges.
    fn parts(&self) -> Vec<Decimal> {
        let charged = self.taxes.iter().filter(|tax| tax.is_charged).map(|tax| tax.amount);
        self.nets.iter().map(|net| net.amount).chain(charged).collect()
    }

    fn price(&self) -> Decimal {
        self.parts().iter().sum()
    }
}

/// Splits what is kept in proportion to these: the largest takes the rest.
fn split(kept: Decimal, among: &[Decimal], currency: &str) -> Vec<Decimal> {
    let total: Decimal = among.iter().sum();
    let largest = (0..among.len()).rev().max_by_key(|place| among[*place]).unwrap_or_default();
    let mut rest = kept;
    let mut parts = Vec::with_capacity(among.len());
    for (place, amount) in among.iter().enumerate() {
        let part = rounded(share(kept, *amount, total), currency).min(rest);
        parts.push(if place == largest { Decimal::ZERO } else { part });
        rest -= parts[place];
    }
    if let Some(part) = parts.get_mut(largest) {
        *part = rest;
    }
    parts
}

/// The part of what is kept that is for so much of the total.
fn share(kept: Decimal, amount: Decimal, total: Decimal) -> Decimal {
    // Halves stay halves, but where both are beyond what can be multiplied.
    kept.checked_mul(amount).map_or_else(|| kept * (amount / total), |product| product / total)
}

#[cfg(test)]
mod tests {
    use super::split;
    use rust_decimal::Decimal;

    /// The parts, as text.
    fn parts(kept: &str, among: &[&str], currency: &str) -> Vec<String> {
        let number = |text: &str| text.parse::<Decimal>().unwrap();
        let among: Vec<Decimal> = among.iter().map(|amount| number(amount)).collect();
        split(number(kept), &among, currency).iter().map(|part| part.normalize().to_string()).collect()
    }

    #[test]
    fn the_parts_are_what_is_kept_and_the_largest_takes_the_rest() {
        assert_eq!(parts("2.38", &["100", "19"], "EUR"), ["2", "0.38"]);
        // 0.05 × 50/107, 50/107, 7/107 are 0.023, 0.023 and 0.003: the first of the two largest takes 0.03.
        assert_eq!(parts("0.05", &["50", "50", "7"], "EUR"), ["0.03", "0.02", "0"]);
        // Four halves of a cent: two are rounded up, and then nothing is left.
        assert_eq!(parts("0.02", &["5", "5", "5", "5"], "EUR"), ["0", "0.01", "0.01", "0"]);
        assert_eq!(parts("10", &["105", "11"], "JPY"), ["9", "1"]);
        // The product has more digits than a number.
        let most = "999999999999999.99";
        assert_eq!(parts(most, &[most, "0"], "EUR"), [most, "0"]);
    }
}
