//! What a payment comes to before it is booked: what stands against it, at which rate, on which accounts, and what it takes off what it
//! settles. What it settles is locked from here on, so that of two who pay the same document the second finds less open.

use crate::discounting::{DiscountedTax, Kept};
use crate::facts::Known;
use crate::paying::{Direction, NewMoney, Part};
use invoicing::allocations::{self, OpenItem, SetOff};
use ledger::{Foreign, JournalType, PostingLine, Role};
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// A payment as it will be booked.
pub(crate) struct Weighed {
    /// The receivable or payable account.
    pub control_account_id: Uuid,
    pub journal: JournalType,
    pub rate: Decimal,
    /// What it settles or can settle, and what that is worth in the organization's currency.
    pub settles: Decimal,
    pub worth: Decimal,
    pub discount: Decimal,
    pub discount_taxes: Vec<DiscountedTax>,
    pub base_amount: Decimal,
    pub lines: Vec<PostingLine>,
    pub taken: Vec<Taken>,
}

/// What is taken off an item, and off the payment for it.
pub(crate) struct Taken {
    pub item_id: Uuid,
    pub of_item: Decimal,
    pub of_payment: Decimal,
    pub discount: Decimal,
    /// The day of the item in the books.
    pub posted_on: NaiveDate,
    account_id: Uuid,
}

impl Taken {
    /// Set off against a payment of this direction.
    pub fn against(&self, payment: Uuid, direction: Direction, on: NaiveDate) -> SetOff {
        let (item, of_item, of_payment) = (self.item_id, self.of_item, self.of_payment);
        match direction {
            Direction::In => SetOff {
                debit_item_id: item,
                credit_item_id: payment,
                debit_amount: of_item,
                credit_amount: of_payment,
                on,
            },
            Direction::Out => SetOff {
                debit_item_id: payment,
                credit_item_id: item,
                debit_amount: of_payment,
                credit_amount: of_item,
                on,
            },
        }
    }
}

/// Refuses what could not be posted as it stands.
pub(crate) async fn check(db: &mut Db, money: &NewMoney) -> Result<Decimal> {
    let weighed = weigh(db, std::slice::from_ref(money)).await?;
    Ok(weighed.iter().map(|each| each.discount).sum())
}

/// Works out how they are booked. What they settle stays locked until the transaction ends.
pub(crate) async fn weigh(db: &mut Db, moneys: &[NewMoney]) -> Result<Vec<Weighed>> {
    let parts = || moneys.iter().flat_map(|money| &money.allocations);
    let mut scales = Scales::of(db, parts()).await?;
    let facts = Known::of(db, moneys).await?;
    let weighed: Vec<Option<Weighed>> = moneys.iter().map(|money| scales.weigh_one(&facts, money)).collect();
    if let Some(role) = scales.missing.take() {
        ledger::account_of(db, role).await?;
    }
    scales.verdict()?;
    Ok(weighed.into_iter().flatten().collect())
}

/// What is open, and what stands against what was sent.
pub(crate) struct Scales {
    items: HashMap<Uuid, OpenItem>,
    faults: Vec<Fault>,
    /// Where more would be settled than is open.
    conflicts: Vec<Fault>,
    /// An account that is needed and was not named.
    missing: Option<Role>,
}

impl Scales {
    /// Locks what these settle.
    pub async fn of(db: &mut Db, parts: impl Iterator<Item = &Part>) -> Result<Self> {
        let ids: Vec<Uuid> = parts.map(|part| part.item_id).collect();
        let items = if ids.is_empty() { Vec::new() } else { allocations::lock_items(db, &ids).await? };
        let items = items.into_iter().map(|item| (item.id, item)).collect();
        Ok(Self { items, faults: Vec::new(), conflicts: Vec::new(), missing: None })
    }

    pub fn fault(&mut self, pointer: impl Into<String>, code: &str, rule: impl Into<String>) {
        self.faults.push(Fault::at(pointer, code, rule));
    }

    /// # Errors
    /// All that stands against it.
    pub fn verdict(self) -> Result<()> {
        if !self.faults.is_empty() {
            return Err(Problem::invalid(self.faults));
        }
        match self.conflicts.as_slice().first() {
            None => Ok(()),
            Some(first) => {
                let told = format!("Less is open than is to be settled: {}.", first.detail);
                Err(self.conflicts.into_iter().fold(CONFLICT.because(told), Problem::at))
            }
        }
    }

    /// An amount that can be booked in the currency.
    fn amount(&mut self, pointer: &str, amount: Decimal, currency: &str) {
        let decimals = ledger::currency::decimals(currency);
        if amount.is_zero() {
            self.fault(pointer, "zero", "must be above zero");
        } else if amount.normalize().scale() > decimals {
            self.fault(pointer, "too-many-decimals", format!("{currency} has {decimals} decimals"));
        }
    }

    /// What the parts take off their items.
    pub fn take(
        &mut self,
        pointer: &str,
        direction: Direction,
        party_id: Uuid,
        currency: &str,
        parts: &[Part],
    ) -> Vec<Taken> {
        let mut all = Vec::with_capacity(parts.len());
        for (place, part) in parts.iter().enumerate() {
            let at = |field: &str| format!("{pointer}/allocations/{place}/{field}");
            let Some(item) = self.items.get(&part.item_id).cloned() else {
                let rule = "is nothing that is in the books and can be settled";
                self.fault(at("item_id"), "unknown-reference", rule);
                continue;
            };
            let wanted = if direction == Direction::In { "debit" } else { "credit" };
            if item.party_id != party_id {
                self.fault(at("item_id"), "another-party", format!("{} is of another party", item.number));
                continue;
            }
            if item.side != wanted {
                let rule = match direction {
                    Direction::In => "is nothing that the party owes: money in settles what they owe",
                    Direction::Out => "is nothing that the party is owed: money out settles what we owe them",
                };
                self.fault(at("item_id"), "wrong-side", format!("{} {rule}", item.number));
                continue;
            }
            if parts[..place].iter().any(|other| other.item_id == part.item_id) {
                self.fault(at("item_id"), "repeated", "must be named once");
                continue;
            }
            self.amount(&at("amount"), part.amount, currency);
            if let Some(discount) = part.discount_amount {
                self.amount(&at("discount_amount"), discount, currency);
            }
            let discount = part.discount_amount.unwrap_or_default();
            let (field, of_item) = if item.currency == currency {
                if part.item_amount.is_some_and(|amount| amount != part.amount) {
                    let rule = format!("must be left out: {} is in {currency}, too", item.number);
                    self.fault(at("item_amount"), "own-currency", rule);
                }
                ("amount", part.amount + discount)
            } else {
                let Some(amount) = part.item_amount else {
                    let rule =
                        format!("must say what of {} it settles, which is in {}", item.number, item.currency);
                    self.fault(at("item_amount"), "required", rule);
                    continue;
                };
                self.amount(&at("item_amount"), amount, &item.currency);
                if part.discount_amount.is_some() {
                    let rule = format!("can be kept only where {} is paid in {}", item.number, item.currency);
                    self.fault(at("discount_amount"), "other-currency", rule);
                }
                ("item_amount", amount)
            };
            if of_item > item.open_amount {
                let open = Money(item.open_amount);
                let rule = format!("of {} {open} {} are open", item.number, item.currency);
                self.conflicts.push(Fault::at(at(field), "more-than-is-open", rule));
            } else if let Some(item) = self.items.get_mut(&part.item_id) {
                item.open_amount -= of_item;
            }
            all.push(Taken {
                item_id: item.id,
                of_item,
                of_payment: part.amount + discount,
                discount,
                posted_on: item.posted_on,
                account_id: item.account_id,
            });
        }
        all
    }

    /// A discount is kept within its days, and no more than in proportion to what is paid.
    fn discounts(&mut self, facts: &Known, money: &NewMoney) {
        for (place, part) in money.allocations.iter().enumerate() {
            let Some(kept) = part.discount_amount else { continue };
            let at = format!("{}/allocations/{place}/discount_amount", money.pointer);
            match facts.discounts.get(&part.item_id) {
                None => self.fault(
                    at,
                    "no-discount",
                    "must be left out: its payment terms let nobody keep anything",
                ),
                Some(allowed) if allowed.until < money.paid_on => {
                    self.fault(at, "too-late", format!("could be kept until {}", allowed.until));
                }
                Some(allowed) if !allowed.allows(kept, part.amount + kept) => {
                    let rule = format!(
                        "must be at most what the terms allow in proportion: {} of {}",
                        Money(allowed.amount),
                        Money(allowed.total)
                    );
                    self.fault(at, "more-than-the-terms-allow", rule);
                }
                Some(_) => {}
            }
        }
    }

    /// The rate of the payment; of the organization's own currency 1.
    fn rate(&mut self, facts: &Known, money: &NewMoney) -> Option<Decimal> {
        let at = format!("{}/exchange_rate", money.pointer);
        if money.currency == facts.currency {
            if money.exchange_rate.is_some_and(|rate| rate != Decimal::ONE) {
                self.fault(at, "own-currency", "must be left out: the books are kept in this currency");
            }
            return Some(Decimal::ONE);
        }
        match money.exchange_rate {
            Some(rate) if rate.is_zero() => {
                self.fault(at, "zero", "must be above zero");
                None
            }
            Some(rate) => Some(rate),
            None => {
                let found = facts.rates.get(&(money.currency.clone(), money.paid_on)).copied();
                if found.is_none() {
                    let (currency, on) = (&money.currency, money.paid_on);
                    let rule = format!(
                        "there is no rate for {currency} on or before {on}: add one at `/v1/exchange-rates`, or give it here"
                    );
                    self.fault(at, "no-rate", rule);
                }
                found
            }
        }
    }

    /// The account of this role.
    pub fn of_role(&mut self, facts: &Known, role: Role) -> Option<Uuid> {
        let found = facts.by_role.get(role.as_str()).copied();
        if found.is_none() {
            self.missing = Some(role);
        }
        found
    }

    /// The account of the bank or till, and the journal of its kind.
    fn account(&mut self, facts: &Known, money: &NewMoney) -> Option<JournalType> {
        let at = |field: &str| format!("{}/{field}", money.pointer);
        let Some(account) = facts.accounts.get(&money.account_id) else {
            self.fault(at("account_id"), "unknown-reference", "there is no such row in this organization");
            return None;
        };
        if account.currency != money.currency {
            let rule = format!("must be {}, which the account {} is kept in", account.currency, account.code);
            self.fault(at("currency"), "other-currency", rule);
        }
        match account.role.as_deref() {
            Some("bank") => Some(JournalType::Bank),
            Some("cash") => Some(JournalType::Cash),
            _ => {
                let rule =
                    format!("must be an account of the role `bank` or `cash`, and {} is none", account.code);
                self.fault(at("account_id"), "wrong-role", rule);
                None
            }
        }
    }

    /// What the fee is booked on.
    fn fee_account(&mut self, facts: &Known, money: &NewMoney) -> Option<Uuid> {
        let Some(named) = money.fee_account_id else { return self.of_role(facts, Role::BankCharges) };
        let at = format!("{}/fee_account_id", money.pointer);
        match facts.accounts.get(&named) {
            None => self.fault(at, "unknown-reference", "there is no such row in this organization"),
            Some(account) if account.is_group => {
                self.fault(at, "is-group", format!("is the group {}, which takes no postings", account.code));
            }
            Some(account) if !account.is_active => {
                self.fault(at, "archived", format!("is the account {}, which is archived", account.code));
            }
            Some(_) => {}
        }
        Some(named)
    }

    /// The receivable or payable account: that of what it settles, or of the party.
    fn control_account(&mut self, facts: &Known, money: &NewMoney, taken: &[Taken]) -> Option<Uuid> {
        let Some(party) = facts.parties.get(&money.party_id) else {
            let at = format!("{}/party_id", money.pointer);
            self.fault(at, "unknown-reference", "there is no such row in this organization");
            return None;
        };
        if let Some(first) = taken.first() {
            return Some(first.account_id);
        }
        let is_receivable = match money.direction {
            Direction::In => party.is_customer,
            Direction::Out => !party.is_supplier,
        };
        let (own, role) = if is_receivable {
            (party.receivable_account_id, Role::Receivable)
        } else {
            (party.payable_account_id, Role::Payable)
        };
        own.or_else(|| self.of_role(facts, role))
    }

    fn weigh_one(&mut self, facts: &Known, money: &NewMoney) -> Option<Weighed> {
        let at = |field: &str| format!("{}/{field}", money.pointer);
        let journal = self.account(facts, money);
        let rate = self.rate(facts, money);
        self.amount(&at("amount"), money.amount, &money.currency);
        if let Some(fee) = money.fee {
            self.amount(&at("fee_amount"), fee, &money.currency);
            if money.direction == Direction::In && fee >= money.amount {
                self.fault(at("fee_amount"), "too-large", "must be less than what came in");
            }
        }
        let (party, currency) = (money.party_id, &money.currency);
        let taken = self.take(&money.pointer, money.direction, party, currency, &money.allocations);
        self.discounts(facts, money);
        let discount: Decimal = taken.iter().map(|taken| taken.discount).sum();
        if taken.iter().map(|taken| taken.of_payment - taken.discount).sum::<Decimal>() > money.amount {
            let rule = format!("must not come to more than the payment, {}", Money(money.amount));
            self.fault(at("allocations"), "more-than-the-amount", rule);
        }
        let control = self.control_account(facts, money, &taken);
        let fee_account = if money.fee.is_some() { Some(self.fee_account(facts, money)?) } else { None };
        let discounts = match money.direction {
            Direction::In => Role::DiscountsGiven,
            Direction::Out => Role::DiscountsTaken,
        };
        let discount_account = if discount.is_zero() { None } else { Some(self.of_role(facts, discounts)?) };
        let (rate, control_account_id) = (rate?, control?);
        let kept = match discount_account {
            Some(account) => self.kept(facts, money, &taken, account, rate)?,
            None => Kept::default(),
        };
        let Some(worths) = Worths::of(facts, money, rate, discount) else {
            self.fault(at("amount"), "too-large", "an amount has at most 16 digits before the point");
            return None;
        };
        let mut lines = Lines { money, is_foreign: money.currency != facts.currency, all: Vec::new() };
        let (moved, settles) = (worths.moved(money), money.amount + discount);
        // Money in is a debit on the bank, money out a credit.
        let sign = if money.direction == Direction::In { Decimal::ONE } else { -Decimal::ONE };
        let fee = money.fee.unwrap_or_default();
        lines.add(money.account_id, sign * money.amount - fee, sign * moved, rate);
        if let Some(account) = fee_account {
            lines.add(account, fee, worths.fee, rate);
        }
        for share in &kept.shares {
            let worth = sign * share.worth(&facts.currency);
            if let Some(line) = lines.add(share.account_id, sign * share.amount, worth, share.exchange_rate) {
                line.tax_code_id = share.tax.map(|(code, ..)| code);
                line.tax_side = share.tax.map(|(.., side)| side);
                line.taxed_by = share.taxed_by.iter().map(|(code, _)| *code).collect();
            }
        }
        // What is kept settles at the payment's rate.
        let lost = sign * (worths.discount - kept.worth(&facts.currency));
        if !lost.is_zero() {
            let role = if lost > Decimal::ZERO { Role::ExchangeLoss } else { Role::ExchangeGain };
            lines.push(self.of_role(facts, role)?, lost, None);
        }
        lines.add(control_account_id, -sign * settles, -sign * (worths.amount + worths.discount), rate);
        let lines = lines.all;
        Some(Weighed {
            control_account_id,
            journal: journal?,
            rate,
            settles,
            worth: worths.amount + worths.discount,
            discount,
            discount_taxes: kept.taxes(money.direction, &facts.currency),
            base_amount: worths.amount,
            lines,
            taken,
        })
    }
}

/// What the parts of a payment are worth in the organization's currency.
struct Worths {
    amount: Decimal,
    fee: Decimal,
    discount: Decimal,
}

impl Worths {
    /// None where that is beyond what can be booked.
    fn of(facts: &Known, money: &NewMoney, rate: Decimal, discount: Decimal) -> Option<Self> {
        let worth = |amount: Decimal| {
            let worth = ledger::currency::rounded(amount.checked_mul(rate)?, &facts.currency);
            (worth < Decimal::from(10_u64.pow(16))).then_some(worth)
        };
        Some(Self {
            amount: worth(money.amount)?,
            fee: worth(money.fee.unwrap_or_default())?,
            discount: worth(discount)?,
        })
    }

    /// By how much the account of the bank or till changes.
    fn moved(&self, money: &NewMoney) -> Decimal {
        match money.direction {
            Direction::In => self.amount - self.fee,
            Direction::Out => self.amount + self.fee,
        }
    }
}

struct Lines<'a> {
    money: &'a NewMoney,
    is_foreign: bool,
    all: Vec<PostingLine>,
}

impl Lines<'_> {
    /// An amount of the payment's currency, and what it is worth.
    fn add(
        &mut self,
        account_id: Uuid,
        amount: Decimal,
        base: Decimal,
        rate: Decimal,
    ) -> Option<&mut PostingLine> {
        let foreign = self.is_foreign.then(|| Foreign {
            currency: self.money.currency.clone(),
            amount: amount.abs(),
            rate,
        });
        self.push(account_id, base, foreign)
    }

    /// Debits are above zero, credits below.
    fn push(
        &mut self,
        account_id: Uuid,
        base: Decimal,
        foreign: Option<Foreign>,
    ) -> Option<&mut PostingLine> {
        if base.is_zero() {
            return None;
        }
        self.all.push(PostingLine {
            account_id,
            debit: base.max(Decimal::ZERO),
            credit: (-base).max(Decimal::ZERO),
            foreign,
            party_id: Some(self.money.party_id),
            pointer: self.money.pointer.clone(),
            ..PostingLine::default()
        });
        self.all.last_mut()
    }
}
