//! What the books of the contract-wide tests need before a row can be made: a chart, a year, documents in the books.
use super::{body, operation, perform, ready, row};
use crate::support::{Caller, Organization, service};
use serde_json::{Value, json};
use uuid::Uuid;

/// What has to be there before documents can be booked: a year, a rate, and the accounts that
/// the system finds by their roles.
pub async fn open_books(caller: &Caller) {
    keep_books(caller).await;
    let of_the_day =
        caller.get("/v1/exchange-rates?currency=RON&rated_on_to=2026-01-01&limit=1").await.is(200);
    let last = caller.get("/v1/accounts?role=rounding&limit=1").await.is(200);
    if [of_the_day, last].iter().all(|page| !page["data"].as_array().unwrap().is_empty()) {
        return;
    }
    // The currency of the contract's example of a party.
    let rate = json!({"currency": "RON", "rated_on": "2026-01-01", "rate": "0.2"});
    let rated = caller.post("/v1/exchange-rates", rate).await;
    assert!([201, 409].contains(&rated.status), "{rated:?}");
    for (role, kind) in [
        ("receivable", "asset"),
        ("payable", "liability"),
        ("tax_payable", "liability"),
        ("tax_recoverable", "asset"),
        ("rounding", "expense"),
    ] {
        let code = Uuid::now_v7().simple().to_string()[14..32].to_owned();
        let account = json!({"code": code, "name": role, "type": kind, "role": role});
        let made = caller.post("/v1/accounts", account).await;
        assert!([201, 409].contains(&made.status), "{made:?}");
    }
}

/// The id of an invoice or a bill that is in the books.
pub async fn posted(caller: &Caller, documents: &str) -> String {
    let id = row(caller, documents).await;
    for step in ["approve", "post"] {
        caller.act(&format!("{documents}/{id}/{step}")).await.is(200);
    }
    id
}

/// The id of an expense claim that can be paid back.
pub async fn posted_claim(caller: &Caller) -> String {
    let path = ready(caller, &operation("reimburse_expense_claim")).await;
    path.split('/').nth(3).unwrap().to_owned()
}

/// The id of an account of this role.
pub async fn account_of_role(caller: &Caller, role: &str, kind: &str) -> String {
    let found = async || {
        let page = caller.get(&format!("/v1/accounts?role={role}&status=active&limit=1")).await.is(200);
        page["data"][0]["id"].as_str().map(str::to_owned)
    };
    if let Some(known) = found().await {
        return known;
    }
    let code = Uuid::now_v7().simple().to_string()[14..32].to_owned();
    let made =
        caller.post("/v1/accounts", json!({"code": code, "name": role, "type": kind, "role": role})).await;
    assert!([201, 409].contains(&made.status), "{made:?}");
    found().await.unwrap()
}

/// The id of a new tax code for documents of this path.
pub async fn tax_on(caller: &Caller, path: &str) -> String {
    let create = operation("create_tax_code");
    let mut tax = body(caller, &create).await;
    tax["direction"] = json!(if path.starts_with("/v1/bills") { "purchase" } else { "sale" });
    caller.post(&create.path, tax).await.is(201)["id"].as_str().unwrap().to_owned()
}

/// An account that keeps what is in a bank account.
pub async fn account_for_a_bank(caller: &Caller) -> String {
    let code = &Uuid::now_v7().simple().to_string()[14..32];
    let account = json!({"code": code, "name": "Bank", "type": "asset", "role": "bank"});
    caller.post("/v1/accounts", account).await.is(201)["id"].as_str().unwrap().to_owned()
}

/// A bill in the organization's currency, in the books, of a supplier with an IBAN.
pub async fn payable(caller: &Caller) -> String {
    open_books(caller).await;
    let supplier = row(caller, "/v1/parties").await;
    let account = json!({"is_supplier": true, "bank_accounts": [{"iban": "RO49AAAA1B31007593840000", "bic": "BTRLRO22"}]});
    caller.patch(&format!("/v1/parties/{supplier}"), account).await.is(200);
    let mut bill = body(caller, &operation("create_bill")).await;
    (bill["party_id"], bill["currency"]) = (json!(supplier), json!("EUR"));
    let maker = Organization { id: caller.organization }.caller(&["bills:write"]).await;
    let bill = maker.post("/v1/bills", bill).await.is(201)["id"].as_str().unwrap().to_owned();
    for step in ["approve", "post"] {
        caller.act(&format!("/v1/bills/{bill}/{step}")).await.is(200);
    }
    bill
}

/// A statement of one line of a new bank account's, whose amount the contract's examples name.
pub async fn bank_statement_file(caller: &Caller) -> String {
    let account = row(caller, "/v1/bank-accounts").await;
    let account = caller.get(&format!("/v1/bank-accounts/{account}")).await.is(200);
    let number = account["account_number"].as_str().unwrap();
    format!(
        ":20:S\n:25:{number}\n:28C:1\n:60F:C260302EUR100,00\n:61:2603020302D35,50NTRFREF\n:86:Comision\n:62F:C260302EUR64,50\n-\n"
    )
}

pub async fn bank_statement(caller: &Caller) -> String {
    let taking = operation("create_bank_statement");
    let taken = perform(caller, &taking, &taking.path).await.is(201);
    taken["statements"][0]["id"].as_str().unwrap().to_owned()
}

/// An entry that moved what the newest unmatched line shows.
pub async fn what_explains_the_last_line(caller: &Caller) -> Value {
    let newest = "/v1/bank-statement-lines?status=unmatched&sort=-id&limit=1";
    if caller.get(newest).await.is(200)["data"].as_array().unwrap().is_empty() {
        row(caller, "/v1/bank-statement-lines").await;
    }
    let lines = caller.get(newest).await.is(200);
    let account = lines["data"][0]["bank_account_id"].as_str().unwrap();
    let account = caller.get(&format!("/v1/bank-accounts/{account}")).await.is(200)["account_id"].clone();
    let other = row(caller, "/v1/accounts").await;
    let lines = json!([{"account_id": other, "debit": "35.50"}, {"account_id": account, "credit": "35.50"}]);
    let entry = json!({"posted_on": "2026-03-02", "description": "Paid", "reference": "REF", "lines": lines});
    let posted = caller.post("/v1/journal-entries/post", json!({"entries": [entry]})).await.is(200);
    json!({"entries": [{"journal_entry_id": posted["data"][0]["id"]}]})
}

/// An invoice of the party that the newest payment in the books came from.
pub async fn what_the_last_payment_is_for(caller: &Caller) -> Value {
    let newest = "/v1/payments?status=posted&direction=in&sort=-created_at&limit=1";
    let mut last = caller.get(newest).await.is(200);
    if last["data"].as_array().unwrap().is_empty() {
        let payment = row(caller, "/v1/payments").await;
        caller.act(&format!("/v1/payments/{payment}/post")).await.is(200);
        last = caller.get(newest).await.is(200);
    }
    let mut invoice = body(caller, &operation("create_invoice")).await;
    invoice["party_id"] = last["data"][0]["party_id"].clone();
    (invoice["currency"], invoice["issued_on"]) = (json!("EUR"), last["data"][0]["paid_on"].clone());
    let made = caller.post("/v1/invoices", invoice).await.is(201)["id"].as_str().unwrap().to_owned();
    for step in ["approve", "post"] {
        caller.act(&format!("/v1/invoices/{made}/{step}")).await.is(200);
    }
    json!({"allocated_on": last["data"][0]["paid_on"], "allocations": [{"item_id": made, "amount": "0.01"}]})
}

/// The year in which the contract's examples are booked.
pub async fn keep_books(caller: &Caller) {
    if caller.get("/v1/fiscal-years?code=2026").await.is(200)["data"].as_array().unwrap().is_empty() {
        let year = json!({"code": "2026", "starts_on": "2026-01-01", "ends_on": "2026-12-31"});
        let made = caller.post("/v1/fiscal-years", year).await;
        assert!([201, 409].contains(&made.status), "{made:?}");
    }
}

/// A fiscal year of one month, before the first that there is.
pub async fn a_year_before(caller: &Caller) -> Value {
    let years = caller.get("/v1/fiscal-years?sort=starts_on&limit=1").await.is(200);
    let first =
        years["data"][0]["starts_on"].as_str().unwrap_or("2026-01-01").parse::<chrono::NaiveDate>().unwrap();
    let last = first.pred_opt().unwrap();
    json!({"code": last.format("%Y-%m").to_string(), "starts_on": last.format("%Y-%m-01").to_string(), "ends_on": last.to_string()})
}

/// A month at whose end something is worth more than it was booked at.
pub async fn a_month_with_dollars(caller: &Caller) -> String {
    keep_books(caller).await;
    let month = row(caller, "/v1/fiscal-periods").await;
    let from = caller.get(&format!("/v1/fiscal-periods/{month}")).await.is(200)["starts_on"].clone();
    let mut lines = Vec::new();
    for (role, kind) in [("bank", "asset"), ("exchange_gain", "income"), ("exchange_loss", "expense")] {
        let found =
            caller.get(&format!("/v1/accounts?role={role}&status=active")).await.is(200)["data"][0]["id"]
                .clone();
        let code = Uuid::now_v7().simple().to_string();
        let account = json!({"code": code[14..32], "name": role, "type": kind, "role": role});
        let account = if found.is_null() || role == "bank" {
            caller.post("/v1/accounts", account).await.is(201)["id"].clone()
        } else {
            found
        };
        lines.push(account);
    }
    let rated = json!({"currency": "USD", "rated_on": from, "rate": "1.1"});
    assert!([201, 409].contains(&caller.post("/v1/exchange-rates", rated).await.status));
    let lines = json!([{"account_id": lines[0], "currency": "USD", "foreign_debit": "10.00", "rate": "1"}, {"account_id": lines[1], "credit": "10.00"}]);
    let entry = json!({"posted_on": from, "description": "Dollars", "lines": lines});
    caller.post("/v1/journal-entries/post", json!({"entries": [entry]})).await.is(200);
    month
}

/// A chart is for books in which its codes and roles are free.
pub async fn make_way_for_a_chart(caller: &Caller) {
    let free = "update accounts set code = substr(md5(id::text), 1, 20), role = null where org_id = $1 and (code ~ '^[0-9]{1,4}$' or role is not null)";
    service().database().await.execute(free, &[&caller.organization]).await.unwrap();
}

/// The accounts of a category of fixed assets, and of which type each is.
pub const CATEGORY_ACCOUNTS: [(&str, &str); 5] = [
    ("asset_account_id", "asset"),
    ("accumulated_depreciation_account_id", "asset"),
    ("depreciation_account_id", "expense"),
    ("gain_account_id", "income"),
    ("loss_account_id", "expense"),
];

/// A new account of this type.
pub async fn account_of_type(caller: &Caller, kind: &str) -> String {
    let code = format!("X{}", &Uuid::now_v7().simple().to_string().to_uppercase()[14..32]);
    let made = caller.post("/v1/accounts", json!({"code": code, "name": code, "type": kind})).await.is(201);
    made["id"].as_str().unwrap().to_owned()
}

/// A month that can be depreciated: that of the last run, which makes way, or, where its assets do not let it, the one after.
pub async fn undepreciated_period(caller: &Caller) -> String {
    keep_books(caller).await;
    let last =
        caller.get("/v1/depreciation-runs?status=posted&sort=-posted_on&limit=1").await.is(200)["data"][0]
            .clone();
    let period = if last.is_null() {
        caller.get("/v1/fiscal-periods?code=2026-01").await.is(200)["data"][0]["id"].clone()
    } else {
        let path = format!("/v1/depreciation-runs/{}/reverse", last["id"].as_str().unwrap());
        if caller.post(&path, json!({"reason": "Makes way"})).await.status == 200 {
            last["fiscal_period_id"].clone()
        } else {
            let periods = caller.get("/v1/fiscal-periods?sort=starts_on&limit=200").await.is(200);
            let after = periods["data"]
                .as_array()
                .unwrap()
                .iter()
                .find(|each| each["starts_on"].as_str() > last["posted_on"].as_str());
            after.unwrap()["id"].clone()
        }
    };
    period.as_str().unwrap().to_owned()
}

/// An asset in service that is depreciated by what it makes: late, so that no run of others asks what it made.
pub async fn press(caller: &Caller) -> String {
    let create = operation("create_fixed_asset");
    let mut press = body(caller, &create).await;
    press["method"] = json!("units_of_production");
    press["total_units"] = json!("100000");
    (press["acquired_on"], press["in_service_on"]) = (json!("2026-12-01"), json!("2026-12-01"));
    let made = caller.post(&create.path, press).await.is(201)["id"].as_str().unwrap().to_owned();
    caller.act(&format!("/v1/fixed-assets/{made}/put-in-service")).await.is(200);
    made
}

/// A letter that was sent, and cost something.
pub async fn letter_with_a_fee(caller: &Caller) -> String {
    row(caller, "/v1/dunning-levels").await;
    let lowest = caller.get("/v1/dunning-levels?limit=1").await.is(200)["data"][0]["id"].clone();
    let fee = json!({"fee_amount": "1.00", "fee_account_id": row(caller, "/v1/accounts").await});
    caller.patch(&format!("/v1/dunning-levels/{}", lowest.as_str().unwrap()), fee).await.is(200);
    let letter = row(caller, "/v1/dunning-letters").await;
    let run = caller.get(&format!("/v1/dunning-letters/{letter}")).await.is(200)["dunning_run_id"].clone();
    caller.act(&format!("/v1/dunning-runs/{}/post", run.as_str().unwrap())).await.is(200);
    letter
}

/// A day that no other call got.
pub fn a_day() -> String {
    static DAYS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let days = DAYS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    (chrono::NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + chrono::Days::new(days)).to_string()
}

/// What assets are acquired with: a posted bill whose line is booked on the account of a category.
pub async fn what_assets_are_bought_with(caller: &Caller) -> Value {
    let category = row(caller, "/v1/fixed-asset-categories").await;
    let category = caller.get(&format!("/v1/fixed-asset-categories/{category}")).await.is(200);
    let mut bill = body(caller, &operation("create_bill")).await;
    bill["lines"][0]["account_id"] = category["asset_account_id"].clone();
    let maker = Organization { id: caller.organization }.caller(&["bills:write"]).await;
    let bill = maker.post("/v1/bills", bill).await.is(201)["id"].clone();
    for step in ["approve", "post"] {
        caller.act(&format!("/v1/bills/{}/{step}", bill.as_str().unwrap())).await.is(200);
    }
    let mut bought = operation("acquire_fixed_assets").example().unwrap();
    (bought["bill_id"], bought["category_id"]) = (bill, category["id"].clone());
    bought
}
