//! Bills: under the supplier's number and ours, approved by somebody else, with the tax that is got back.
use crate::shop::{Shop, faults, holds, id, sums, told};
use crate::support::{Caller, run};
use futures_util::future::join;
use serde_json::{Value, json};

/// A shop, a supplier, and somebody who approves what others enter.
pub(crate) struct Purchasing {
    pub(crate) shop: Shop,
    supplier: String,
    checker: Caller,
}

impl Purchasing {
    pub(crate) async fn new() -> Self {
        let shop = Shop::new().await;
        let supplier = shop.party(json!({"is_supplier": true})).await;
        let checker = shop
            .organization
            .caller(&["bills:read", "bills:approve", "debit-notes:read", "debit-notes:approve"])
            .await;
        Self { shop, supplier, checker }
    }

    pub(crate) fn bill(&self, number: &str, lines: Value) -> Value {
        json!({"party_id": self.supplier, "supplier_number": number, "issued_on": "2026-03-31", "lines": lines})
    }

    fn line(&self, unit_price: &str, taxes: &[&str]) -> Value {
        json!({"description": "Advice", "quantity": "1", "unit_price": unit_price, "account_id": self.shop.account("6000"), "tax_code_ids": taxes})
    }

    /// An approved budget of 100.00 a month for advice, which looks at what was spent since the year began.
    async fn budget(&self, control: &str) {
        let owner = &self.shop.owner;
        let year = owner.get("/v1/fiscal-years?code=2026").await.is(200)["data"][0]["id"].clone();
        let line = json!({"account_id": self.shop.account("6000"), "evenly": "1200.00"});
        let budget = json!({"name": "Advice", "fiscal_year_id": year, "control": control, "control_over": "year_to_date", "lines": [line]});
        let path = format!("/v1/budgets/{}", id(&owner.post("/v1/budgets", budget).await.is(201)));
        owner.act(&format!("{path}/submit")).await.is(200);
        let boss = self.shop.organization.caller(&["budgets:read", "budgets:approve"]).await;
        boss.act(&format!("{path}/approve")).await.is(200);
    }

    /// Enters, approves and posts a bill.
    pub(crate) async fn posted(&self, number: &str, lines: Value) -> Value {
        self.booked(self.bill(number, lines)).await
    }

    /// The same with all that it says.
    pub(crate) async fn booked(&self, bill: Value) -> Value {
        let draft = self.shop.owner.post("/v1/bills", bill).await.is(201);
        let path = format!("/v1/bills/{}", id(&draft));
        self.checker.act(&format!("{path}/approve")).await.is(200);
        self.shop.owner.act(&format!("{path}/post")).await.is(200)
    }
}

#[test]
fn with_reverse_charge_the_buyer_books_the_tax_twice() {
    run(async {
        let buying = Purchasing::new().await;
        let shop = &buying.shop;
        let purchase = |kind: &str| json!({"direction": "purchase", "kind": kind});
        let abroad = shop.tax("RC19", "19", purchase("reverse_charge")).await;
        let here = shop.tax("P19", "19", purchase("standard")).await;
        let bill = buying
            .posted("F-1", json!([buying.line("1000", &[&abroad]), buying.line("100", &[&here])]))
            .await;
        // 1000.00 and 100.00 and 19.00; the 190.00 are owed to the tax office and got back from it.
        assert_eq!(sums(&bill), ["1100.00", "19.00", "1119.00", "1119.00"]);
        assert_eq!(
            told(&bill, ["number", "supplier_number", "status"]),
            ["BILL-2026-000001", "F-1", "posted"]
        );
        let table: Vec<_> = bill["taxes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (told(row, ["code", "tax_amount"]), row["is_charged"].as_bool().unwrap()))
            .collect();
        assert_eq!(
            table,
            [(["RC19", "190.00"].map(str::to_owned), false), (["P19", "19.00"].map(str::to_owned), true)]
        );
        assert_eq!(
            shop.books().await,
            holds(&[("1200", "209"), ("2010", "-1119"), ("2100", "-190"), ("6000", "1100")])
        );
        shop.is_whole().await;

        // Half of the advice was none: 500.00, and the tax of it both ways.
        let note = json!({"bill_id": id(&bill), "reason": "Half of it", "issued_on": "2026-04-10", "lines": [{"line": 1, "amount": "500"}]});
        let note = shop.owner.post("/v1/debit-notes", note).await.is(201);
        assert_eq!(sums(&note), ["500.00", "0.00", "500.00", "0.00"]);
        let path = format!("/v1/debit-notes/{}", id(&note));
        buying.checker.act(&format!("{path}/approve")).await.is(200);
        assert_eq!(
            told(&shop.owner.act(&format!("{path}/post")).await.is(200), ["number", "status"]),
            ["DN-2026-000001", "paid"]
        );
        assert_eq!(
            told(&shop.read("bills", &bill).await, ["status", "open_amount", "credited_amount"]),
            ["partially_paid", "619.00", "500.00"]
        );
        assert_eq!(
            shop.books().await,
            holds(&[("1200", "114"), ("2010", "-619"), ("2100", "-95"), ("6000", "600")])
        );
        shop.is_whole().await;
    });
}

#[test]
fn a_suppliers_number_is_entered_once() {
    run(async {
        let buying = Purchasing::new().await;
        let owner = &buying.shop.owner;
        let bill = |number: &str| buying.bill(number, json!([buying.line("1", &[])]));
        let (one, other) =
            join(owner.post("/v1/bills", bill("F-1")), owner.post("/v1/bills", bill("F-1"))).await;
        let (won, lost) = if one.status == 201 { (one, other) } else { (other, one) };
        won.is(201);
        let problem = lost.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/supplier_number", "already-taken")]);
        let second = owner.post("/v1/bills", bill("F-2")).await.is(201);
        let path = format!("/v1/bills/{}", id(&second));
        let problem = owner.patch(&path, json!({"supplier_number": "F-1"})).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/supplier_number", "already-taken")]);
        let other = buying.shop.party(json!({"is_supplier": true})).await;
        owner.patch(&path, json!({"party_id": other, "supplier_number": "F-1"})).await.is(200);
    });
}

#[test]
fn who_enters_a_bill_does_not_approve_it() {
    run(async {
        let buying = Purchasing::new().await;
        let owner = &buying.shop.owner;
        let draft =
            owner.post("/v1/bills", buying.bill("F-1", json!([buying.line("1000", &[])]))).await.is(201);
        let path = format!("/v1/bills/{}", id(&draft));
        owner.act(&format!("{path}/approve")).await.is_problem(403, "forbidden");
        // Nor who changed it last.
        let second = buying
            .shop
            .organization
            .caller(&["bills:read", "bills:write", "bills:approve", "payment-terms:read"])
            .await;
        second.patch(&path, json!({"notes": "Seen"})).await.is(200);
        second.act(&format!("{path}/approve")).await.is_problem(403, "forbidden");
        // By amount, two more have to say yes.
        let policy = json!({"name": "Large bills", "resource": "bills", "action": "approve",
            "conditions": [{"field": "base_total_amount", "over": "999.99"}], "steps": [{"user_ids": [second.user, buying.checker.user], "required": 2}]});
        owner.post("/v1/approval-policies", policy).await.is(201);
        buying.checker.act(&format!("{path}/approve")).await.is_problem(409, "approval-required");
        owner.act(&format!("{path}/post")).await.is_problem(409, "invalid-state");
    });
}

#[test]
fn a_customer_bills_nothing_and_a_tax_on_sales_is_not_on_purchases() {
    run(async {
        let buying = Purchasing::new().await;
        let shop = &buying.shop;
        let sales = shop.tax("S19", "19", json!({})).await;
        let mut bill = buying.bill("F-1", json!([buying.line("1", &[&sales])]));
        bill["party_id"] = json!(shop.customer);
        let problem = shop.owner.post("/v1/bills", bill).await.is_problem(422, "invalid-input");
        assert_eq!(
            faults(&problem),
            [("/party_id", "no-supplier"), ("/lines/0/tax_code_ids/0", "other-direction")]
        );
    });
}

#[test]
fn a_budget_blocks_what_it_leaves_too_little_for_or_warns_of_it() {
    run(async {
        let buying = Purchasing::new().await;
        let owner = &buying.shop.owner;
        // 100.00 a month: 300.00 up to the end of March.
        buying.budget("block").await;
        let first = buying.posted("B-1", json!([buying.line("250.00", &[])])).await;
        assert_eq!(first["budget_warnings"], json!([]));
        let draft =
            owner.post("/v1/bills", buying.bill("B-2", json!([buying.line("50.01", &[])]))).await.is(201);
        let path = format!("/v1/bills/{}", id(&draft));
        buying.checker.act(&format!("{path}/approve")).await.is(200);
        let refused = owner.act(&format!("{path}/post")).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/lines/0", "over-budget")]);
        assert!(
            refused["errors"][0]["detail"].as_str().unwrap().ends_with("which leaves 50.00"),
            "{refused}"
        );
        assert_eq!(owner.get(&path).await.is(200)["number"], Value::Null, "no number was taken");
        buying.posted("B-3", json!([buying.line("50.00", &[])])).await;

        // Where the budget warns, it passes and says so.
        let warning = Purchasing::new().await;
        warning.budget("warn").await;
        let bill = warning.posted("W-1", json!([warning.line("300.01", &[])])).await;
        assert_eq!(bill["budget_warnings"][0]["pointers"], json!(["/lines/0"]));
        assert!(
            bill["budget_warnings"][0]["detail"].as_str().unwrap().ends_with("which leaves 300.00"),
            "{bill}"
        );
    });
}
