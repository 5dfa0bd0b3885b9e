//! A company that sells and buys: its accounts, taxes and customers.
use crate::support::{Answer, Caller, Organization, service};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The id of what was answered.
pub fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// The places and codes of a problem's faults.
pub fn faults(problem: &Value) -> Vec<(&str, &str)> {
    let errors = problem["errors"].as_array().unwrap();
    errors.iter().map(|each| (each["pointer"].as_str().unwrap(), each["code"].as_str().unwrap())).collect()
}

/// These fields of it, as text.
pub fn told<const N: usize>(of: &Value, fields: [&str; N]) -> [String; N] {
    fields.map(|field| of[field].as_str().unwrap_or_else(|| panic!("{field} of {of}")).to_owned())
}

/// Net amount, tax, total and what is open.
pub fn sums(of: &Value) -> [String; 4] {
    told(of, ["net_amount", "tax_amount", "total_amount", "open_amount"])
}

pub struct Shop {
    pub organization: Organization,
    pub owner: Caller,
    /// Account ids by code.
    accounts: BTreeMap<&'static str, String>,
    pub customer: String,
}

const ACCOUNTS: &[(&str, &str, &str, Option<&str>)] = &[
    ("1100", "Receivables", "asset", Some("receivable")),
    ("1200", "Tax on purchases", "asset", Some("tax_recoverable")),
    ("2010", "Payables", "liability", Some("payable")),
    ("2100", "Tax on sales", "liability", Some("tax_payable")),
    ("4000", "Goods sold", "income", None),
    ("4100", "Services sold", "income", None),
    ("6000", "Services bought", "expense", None),
    ("7100", "Exchange gains", "income", Some("exchange_gain")),
    ("7200", "Exchange losses", "expense", Some("exchange_loss")),
    ("7900", "Rounding", "expense", Some("rounding")),
];

impl Shop {
    /// A shop that keeps its books in euros and sells from the beginning of 2026.
    pub async fn new() -> Self {
        let organization = Organization::new().await;
        let owner = organization.owner().await;
        let mut accounts = BTreeMap::new();
        for (code, name, kind, role) in ACCOUNTS {
            let account = json!({"code": code, "name": name, "type": kind, "role": role});
            accounts.insert(*code, id(&owner.post("/v1/accounts", account).await.is(201)));
        }
        let year = json!({"code": "2026", "starts_on": "2026-01-01", "ends_on": "2026-12-31"});
        owner.post("/v1/fiscal-years", year).await.is(201);
        let mut shop = Self { organization, owner, accounts, customer: String::new() };
        shop.customer = shop.party(json!({"is_customer": true})).await;
        shop
    }

    /// A party with these fields, in Romania unless told.
    pub async fn party(&self, fields: Value) -> String {
        let name = format!("Party {}", &Uuid::now_v7().simple().to_string()[14..32]);
        let mut party = json!({"name": name, "country": "RO"});
        party.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        id(&self.owner.post("/v1/parties", party).await.is(201))
    }

    pub fn account(&self, code: &str) -> &str {
        &self.accounts[code]
    }

    /// A tax code of this rate since 2020.
    pub async fn tax(&self, code: &str, rate: &str, fields: Value) -> String {
        let mut tax = json!({"code": code, "name": format!("{rate} %"), "direction": "sale", "kind": "standard",
            "rates": [{"rate": rate, "from_on": "2020-01-01"}]});
        tax.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        id(&self.owner.post("/v1/tax-codes", tax).await.is(201))
    }

    /// A line of goods with one tax.
    pub fn line(&self, quantity: &str, unit_price: &str, tax: &str) -> Value {
        json!({"description": "Goods", "quantity": quantity, "unit_price": unit_price, "account_id": self.account("4000"), "tax_code_ids": [tax]})
    }

    /// Drafts an invoice of these lines to the customer, of the last day of March.
    pub async fn try_draft(&self, lines: Value, fields: Value) -> Answer {
        let mut invoice = json!({"party_id": self.customer, "issued_on": "2026-03-31", "lines": lines});
        invoice.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.owner.post("/v1/invoices", invoice).await
    }

    pub async fn draft(&self, lines: Value, fields: Value) -> Value {
        self.try_draft(lines, fields).await.is(201)
    }

    /// The same, approved and posted.
    pub async fn invoice(&self, lines: Value, fields: Value) -> Value {
        let draft = self.draft(lines, fields).await;
        self.owner.act(&format!("/v1/invoices/{}/approve", id(&draft))).await.is(200);
        self.owner.act(&format!("/v1/invoices/{}/post", id(&draft))).await.is(200)
    }

    pub async fn read(&self, resource: &str, of: &Value) -> Value {
        self.owner.get(&format!("/v1/{resource}/{}", id(of))).await.is(200)
    }

    /// Drafts and approves a credit note over these parts; over all that is left, where they are null.
    pub async fn approved_note(&self, invoice: &Value, parts: Value) -> Value {
        let note =
            json!({"invoice_id": id(invoice), "reason": "Broken", "issued_on": "2026-04-10", "lines": parts});
        let note = self.owner.post("/v1/credit-notes", note).await.is(201);
        self.owner.act(&format!("/v1/credit-notes/{}/approve", id(&note))).await.is(200)
    }

    pub async fn post_note(&self, note: &Value) -> Answer {
        self.owner.act(&format!("/v1/credit-notes/{}/post", id(note))).await
    }

    /// What the accounts hold, debits above zero: those that hold nothing are left out.
    pub async fn books(&self) -> Vec<(String, String)> {
        let balances = "select a.code, trim_scale(sum(l.debit - l.credit))::text from journal_lines l
            join accounts a on a.org_id = l.org_id and a.id = l.account_id
            where l.org_id = $1 group by 1 having sum(l.debit - l.credit) <> 0 order by 1";
        let rows = service().database().await.query(balances, &[&self.organization.id]).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// The books are in order: what is open is what the control accounts hold, and numbers have no gaps.
    pub async fn is_whole(&self) {
        let apart = "select a.code from accounts a where a.org_id = $1 and a.role in ('receivable', 'payable')
            and coalesce((select sum(debit - credit) from journal_lines l where l.org_id = a.org_id and l.account_id = a.id), 0)
             <> coalesce((select sum(case side when 'debit' then open_base_amount else -open_base_amount end)
                from open_items i where i.org_id = a.org_id and i.account_id = a.id), 0)";
        let database = service().database().await;
        let apart = database.query(apart, &[&self.organization.id]).await.unwrap();
        assert!(
            apart.is_empty(),
            "{:?}",
            apart.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>()
        );
        let gaps = "select kind from numbers_given where org_id = $1 group by kind, series_id, period
            having count(*) <> max(ordinal) - min(ordinal) + 1 or min(ordinal) <> 1";
        assert!(database.query(gaps, &[&self.organization.id]).await.unwrap().is_empty());
    }
}

/// What the accounts should hold.
pub fn holds(balances: &[(&str, &str)]) -> Vec<(String, String)> {
    balances.iter().map(|(code, balance)| ((*code).to_owned(), (*balance).to_owned())).collect()
}
