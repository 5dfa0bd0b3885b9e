//! What payments are booked with: accounts, parties, rates and terms, read in one statement however many payments there are.
use crate::paying::NewMoney;
use diesel::sql_types::{Array, Jsonb, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::HashMap;

diesel::define_sql_function! {
    /// See the migration of payments: what payments are booked with.
    fn payment_facts(accounts: Array<SqlUuid>, parties: Array<SqlUuid>, rates: Jsonb, items: Array<SqlUuid>) -> Jsonb;
}
/// What payments are booked with.
#[derive(Deserialize)]
struct Facts {
    currency: String,
    accounts: Vec<Account>,
    parties: Vec<Party>,
    rates: Vec<DayRate>,
    discounts: Vec<Discount>,
}

#[derive(Deserialize)]
pub(crate) struct Account {
    pub id: Uuid,
    pub code: String,
    pub role: Option<String>,
    pub is_active: bool,
    pub is_group: bool,
    pub currency: String,
}

#[derive(Deserialize)]
pub(crate) struct Party {
    pub id: Uuid,
    pub is_customer: bool,
    pub is_supplier: bool,
    pub receivable_account_id: Option<Uuid>,
    pub payable_account_id: Option<Uuid>,
}

#[derive(Deserialize)]
struct DayRate {
    currency: String,
    on: NaiveDate,
    rate: Option<Decimal>,
}

/// What the terms of a document let one keep who pays early.
#[derive(Deserialize)]
pub(crate) struct Discount {
    pub id: Uuid,
    pub until: NaiveDate,
    pub total: Decimal,
    pub amount: Decimal,
    /// Of the document.
    pub exchange_rate: Decimal,
    /// What is left of its price without tax after notes took some back.
    pub nets: Vec<Net>,
    /// What is left of its taxes; none where they stay as they are.
    pub taxes: Vec<Charge>,
}

/// So much of a document is taxed by these codes.
#[derive(Deserialize)]
pub(crate) struct Net {
    pub tax_code_ids: Vec<Uuid>,
    pub amount: Decimal,
}

/// A tax of a document.
#[derive(Deserialize)]
pub(crate) struct Charge {
    pub tax_code_id: Uuid,
    /// In percent.
    pub rate: Decimal,
    pub is_charged: bool,
    pub amount: Decimal,
    pub payable_account_id: Option<Uuid>,
    pub recoverable_account_id: Option<Uuid>,
}

impl Discount {
    /// Whether so much may be kept of so much that is settled.
    pub fn allows(&self, kept: Decimal, settled: Decimal) -> bool {
        let both = kept.checked_mul(self.total).zip(self.amount.checked_mul(settled));
        both.is_some_and(|(kept, allowed)| kept <= allowed)
    }
}

/// The facts, to be looked up.
pub(crate) struct Known {
    pub currency: String,
    pub accounts: HashMap<Uuid, Account>,
    pub by_role: HashMap<String, Uuid>,
    pub parties: HashMap<Uuid, Party>,
    pub rates: HashMap<(String, NaiveDate), Decimal>,
    pub discounts: HashMap<Uuid, Discount>,
}

impl Known {
    /// What these are booked with.
    pub async fn of(db: &mut Db, moneys: &[NewMoney]) -> Result<Self> {
        let discounted = moneys.iter().flat_map(|money| &money.allocations);
        let discounted = discounted.filter(|part| part.discount_amount.is_some());
        let discounted: Vec<Uuid> = discounted.map(|part| part.item_id).collect();
        let accounts = moneys.iter().flat_map(|money| [Some(money.account_id), money.fee_account_id]);
        let accounts: Vec<Uuid> = accounts.flatten().collect();
        let parties: Vec<Uuid> = moneys.iter().map(|money| money.party_id).collect();
        let rates = moneys.iter().filter(|money| money.exchange_rate.is_none());
        let rates: Value =
            rates.map(|money| json!({"currency": money.currency, "on": money.paid_on})).collect();
        let facts = payment_facts(accounts, parties, rates, discounted);
        let facts: Value = diesel::select(facts).get_result(db).await?;
        Ok(Self::looked_up(serde_json::from_value(facts).map_err(Problem::internal)?))
    }

    fn looked_up(facts: Facts) -> Self {
        let roles = facts.accounts.iter().filter(|account| account.is_active);
        Self {
            by_role: roles.filter_map(|account| Some((account.role.clone()?, account.id))).collect(),
            accounts: facts.accounts.into_iter().map(|account| (account.id, account)).collect(),
            parties: facts.parties.into_iter().map(|party| (party.id, party)).collect(),
            rates: facts
                .rates
                .into_iter()
                .filter_map(|day| Some(((day.currency, day.on), day.rate?)))
                .collect(),
            discounts: facts.discounts.into_iter().map(|discount| (discount.id, discount)).collect(),
            currency: facts.currency,
        }
    }
}
