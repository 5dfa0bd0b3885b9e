//! Accounting, as stories over HTTP: what is booked, with the figures worked out beside it.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod aged;
mod any_sequence;
mod asset_purchases;
mod assets;
mod banking;
mod bills;
mod budgets;
mod closing;
mod credit_notes;
mod currencies;
mod dunning;
mod early_payment;
mod entry_import;
mod expense_claims;
mod integrity;
mod invoice_paper;
mod invoices;
mod ledger;
mod parties;
mod payment_runs;
mod payment_terms;
mod payments;
mod posting_races;
mod recurring;
mod recurring_invoices;
mod reports;
mod settling;
mod shop;
mod statement_formats;
mod tax_return;
mod taxes;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::{Answer, Caller, Organization};

/// A company that keeps books in euros: the general chart, and the years 2025 and 2026.
pub struct Company {
    pub organization: Organization,
    /// May do everything.
    pub owner: Caller,
    accounts: BTreeMap<String, String>,
}

impl Company {
    pub(crate) async fn new() -> Self {
        let organization = Organization::new().await;
        let owner = organization.owner().await;
        owner.post("/v1/accounts/load-template", json!({"template": "general"})).await.is(200);
        for year in [2025, 2026] {
            let year = json!({"code": year.to_string(), "starts_on": format!("{year}-01-01"), "ends_on": format!("{year}-12-31")});
            owner.post("/v1/fiscal-years", year).await.is(201);
        }
        let accounts = owner.get("/v1/accounts?limit=200").await.is(200);
        let accounts = accounts["data"].as_array().unwrap().iter();
        let accounts = accounts.map(|each| (text(&each["code"]), text(&each["id"]))).collect();
        Self { organization, owner, accounts }
    }

    /// The id of the account of this code.
    #[track_caller]
    pub(crate) fn account(&self, code: &str) -> &str {
        self.accounts.get(code).unwrap_or_else(|| panic!("the chart has no account {code}"))
    }

    /// The id of the account of this role.
    pub(crate) async fn role(&self, role: &str) -> String {
        let found = self.owner.get(&format!("/v1/accounts?role={role}")).await.is(200);
        text(&found["data"][0]["id"])
    }

    /// An entry of these debits and credits: `("1010", "100.00", "")`.
    pub(crate) fn entry(&self, on: &str, lines: &[(&str, &str, &str)]) -> Value {
        let lines: Vec<Value> = lines
            .iter()
            .map(|(code, debit, credit)| {
                let amount = |text: &&str| if text.is_empty() { Value::Null } else { json!(text) };
                json!({"account_id": self.account(code), "debit": amount(debit), "credit": amount(credit)})
            })
            .collect();
        json!({"posted_on": on, "description": "A test", "lines": lines})
    }

    pub(crate) async fn try_to_post(&self, entry: Value) -> Answer {
        self.owner.post("/v1/journal-entries/post", json!({"entries": [entry]})).await
    }

    /// Posts an entry at once.
    pub(crate) async fn post(&self, on: &str, lines: &[(&str, &str, &str)]) -> Value {
        self.try_to_post(self.entry(on, lines)).await.is(200)["data"][0].clone()
    }

    /// Debits less credits of an account up to a day, added up from the lines.
    pub(crate) async fn balance(&self, account: &str, until: &str) -> rust_decimal::Decimal {
        let sum = "select coalesce(sum(debit - credit), 0)::text from journal_lines
            where org_id = $1 and account_id = $2::text::uuid and posted_on <= $3::text::date";
        let database = support::service().database().await;
        let row = database.query_one(sum, &[&self.organization.id, &account, &until]).await.unwrap();
        row.get::<_, String>(0).parse().unwrap()
    }

    /// The same from the balances, folded or not.
    pub(crate) async fn kept_balance(&self, account: &str) -> rust_decimal::Decimal {
        let sum = "select coalesce(sum(net), 0)::text from (
                select debit - credit as net from account_balances where org_id = $1 and account_id = $2::text::uuid and grain = 'month'
                union all
                select debit - credit from balance_deltas where org_id = $1 and account_id = $2::text::uuid) b";
        let database = support::service().database().await;
        let row = database.query_one(sum, &[&self.organization.id, &account]).await.unwrap();
        row.get::<_, String>(0).parse().unwrap()
    }

    /// The id of the month.
    pub(crate) async fn period(&self, code: &str) -> String {
        let found = self.owner.get(&format!("/v1/fiscal-periods?code={code}")).await.is(200);
        text(&found["data"][0]["id"])
    }

    pub(crate) async fn close_period(&self, code: &str) {
        let period = self.period(code).await;
        self.owner.act(&format!("/v1/fiscal-periods/{period}/close")).await.is(200);
    }

    pub(crate) async fn year(&self, code: &str) -> String {
        let found = self.owner.get(&format!("/v1/fiscal-years?code={code}")).await.is(200);
        text(&found["data"][0]["id"])
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The faults of a refusal, as pointer and code, sorted.
#[track_caller]
pub(crate) fn faults(answer: Answer) -> Vec<(String, String)> {
    let problem = answer.is_problem(422, "invalid-input");
    let faults = problem["errors"].as_array().unwrap().iter();
    let mut faults: Vec<_> = faults.map(|fault| (text(&fault["pointer"]), text(&fault["code"]))).collect();
    faults.sort();
    faults
}

#[must_use]
pub(crate) fn decimal(text: &str) -> rust_decimal::Decimal {
    text.parse().unwrap()
}
