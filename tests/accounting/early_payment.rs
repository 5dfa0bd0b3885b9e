//! Who pays early keeps something, so less was sold and bought, and less tax is owed and got back: the figures of the books and the
//! tax return, worked out beside them.
use crate::payments::{Purse, part};
use crate::reports::follow_for;
use crate::shop::{holds, id};
use crate::support::run;
use serde_json::{Value, json};

/// Somebody who sells and buys on terms by which something may be kept within 14 days.
struct Early {
    purse: Purse,
    terms: String,
}

impl Early {
    async fn new(percent: &str, fields: Value) -> Self {
        let purse = Purse::new().await;
        let mut terms =
            json!({"name": "In 14 days", "days": 30, "discount_percent": percent, "discount_days": 14});
        terms.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let terms = id(&purse.shop.owner.post("/v1/payment-terms", terms).await.is(201));
        Self { purse, terms }
    }

    /// An invoice of goods at these prices and taxes, of 31 March unless told.
    async fn sold(&self, goods: &[(&str, &str)], fields: Value) -> Value {
        let lines: Vec<Value> =
            goods.iter().map(|(price, tax)| self.purse.shop.line("1", price, tax)).collect();
        let mut with = json!({"payment_terms_id": self.terms});
        with.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.purse.shop.invoice(json!(lines), with).await
    }

    async fn bought(&self, price: &str, tax: &str) -> Value {
        let line = json!({"description": "Advice", "quantity": "1", "unit_price": price, "account_id": self.purse.shop.account("6000"), "tax_code_ids": [tax]});
        self.purse.bill("F-1", "0", json!({"payment_terms_id": self.terms, "lines": [line]})).await
    }

    /// So much is paid on 10 April, and so much is kept.
    async fn paid(&self, of: &Value, amount: &str, kept: &str, fields: Value) -> Value {
        let mut part = part(of, amount);
        part["discount_amount"] = json!(kept);
        let mut with = json!({"paid_on": "2026-04-10", "allocations": [part]});
        with.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.purse.pay(amount, with).await
    }

    fn out(&self) -> Value {
        json!({"direction": "out", "party_id": self.purse.supplier})
    }

    /// What is declared of a month by code: rate, what was taxed, the tax; and what is to be paid. All of it is what was booked, and
    /// every figure leads to its lines.
    async fn declared(&self, month: &str) -> (Vec<String>, String) {
        let last = if month == "2026-04" { 30 } else { 31 };
        let owner = &self.purse.shop.owner;
        let path = format!("/v1/reports/tax-return?starts_on={month}-01&ends_on={month}-{last}");
        let report = owner.get(&path).await.is(200);
        let amount = |key: &str| crate::reports::amounts(&report, key)[1].to_owned();
        assert_eq!(amount("difference"), "0.00", "{report:#}");
        let codes =
            report["rows"].as_array().unwrap().iter().filter(|row| row["cells"][1]["value"].is_string());
        let told = |row: &Value| {
            [1, 4, 5, 6].map(|cell| row["cells"][cell]["value"].as_str().unwrap().to_owned()).join(" ")
        };
        let told = (codes.map(told).collect(), amount("tax_to_pay"));
        follow_for(owner, &owner.get(&format!("{path}&documents=true")).await.is(200)).await;
        told
    }

    async fn tax(&self, code: &str, rate: &str, kind: &str, direction: &str) -> String {
        self.purse
            .shop
            .tax(code, rate, json!({"kind": kind, "direction": direction, "return_box": code}))
            .await
    }
}

fn told(codes: &[&str], to_pay: &str) -> (Vec<String>, String) {
    (codes.iter().map(|&code| code.to_owned()).collect(), to_pay.to_owned())
}

#[test]
fn who_sold_owes_less_tax_until_the_payment_is_voided() {
    run(async {
        let early = Early::new("2", json!({})).await;
        let vat = early.tax("V19", "19", "standard", "sale").await;
        let invoice = early.sold(&[("100", &vat)], json!({})).await;
        // 2 % of 119.00 are 2.38: 100/119 of it, 2.00, less sold, and 19/119, 0.38, less tax.
        let paid = early.paid(&invoice, "116.62", "2.38", json!({})).await;
        let kept = json!([{"tax_code_id": vat, "rate": "19", "base_taxable_amount": "2.00", "base_tax_amount": "0.38"}]);
        assert_eq!(paid["discount_taxes"], kept);
        let books = [("1010", "116.62"), ("2100", "-18.62"), ("4000", "-100"), ("4900", "2")];
        assert_eq!(early.purse.shop.books().await, holds(&books));
        assert_eq!(early.declared("2026-03").await, told(&["V19 19 100.00 19.00"], "19.00"));
        assert_eq!(early.declared("2026-04").await, told(&["V19 19 -2.00 -0.38"], "-0.38"));
        early.purse.is_whole().await;

        let void = json!({"voided_on": "2026-05-04", "reason": "Returned"});
        let void = early.purse.act(&paid, "void", void).await.is(200);
        assert_eq!(void["discount_taxes"], kept);
        let books = [("1100", "119"), ("2100", "-19"), ("4000", "-100")];
        assert_eq!(early.purse.shop.books().await, holds(&books));
        assert_eq!(early.declared("2026-04").await, told(&["V19 19 -2.00 -0.38"], "-0.38"));
        assert_eq!(early.declared("2026-05").await, told(&["V19 19 2.00 0.38"], "0.38"));
        early.purse.is_whole().await;
    });
}

#[test]
fn who_bought_gets_less_tax_back() {
    run(async {
        let early = Early::new("2", json!({})).await;
        let vat = early.tax("P19", "19", "standard", "purchase").await;
        let bill = early.bought("200", &vat).await;
        // A draft takes nothing off yet. 2 % of 238.00 are 4.76: 4.00 and 0.76.
        let mut all = part(&bill, "233.24");
        all["discount_amount"] = json!("4.76");
        let mut draft = early.purse.money("233.24", early.out());
        (draft["paid_on"], draft["allocations"]) = (json!("2026-04-10"), json!([all]));
        let draft = early.purse.shop.owner.post("/v1/payments", draft).await.is(201);
        assert_eq!((&draft["discount_amount"], &draft["discount_taxes"]), (&json!("4.76"), &json!([])));
        assert_eq!(early.declared("2026-03").await, told(&["P19 19 200.00 38.00"], "-38.00"));
        early.purse.act(&draft, "post", Value::Null).await.is(200);
        let books = [("1010", "-233.24"), ("1200", "37.24"), ("6000", "200"), ("7600", "-4")];
        assert_eq!(early.purse.shop.books().await, holds(&books));
        assert_eq!(early.declared("2026-04").await, told(&["P19 19 -4.00 -0.76"], "0.76"));
        early.purse.is_whole().await;
    });
}

#[test]
fn all_parts_together_are_what_was_kept() {
    run(async {
        let early = Early::new("5", json!({})).await;
        let (high, low) =
            (early.tax("V19", "19", "standard", "sale").await, early.tax("V9", "9", "reduced", "sale").await);
        // 10.00 and 1.90, 10.00 and 0.90: 22.80.
        let goods = [("10", high.as_str()), ("10", low.as_str())];
        let (at_once, in_parts) = (early.sold(&goods, json!({})).await, early.sold(&goods, json!({})).await);
        // 5 % are 1.14: 0.50, 0.50, and 0.095 and 0.045, which are 0.10 and 0.05. That is a cent too much, so of the first 0.49 are
        // less sold.
        early.paid(&at_once, "21.66", "1.14", json!({})).await;
        let books =
            [("1010", "21.66"), ("1100", "22.8"), ("2100", "-5.45"), ("4000", "-40"), ("4900", "0.99")];
        assert_eq!(early.purse.shop.books().await, holds(&books));
        assert_eq!(
            early.declared("2026-04").await,
            told(&["V19 19 -0.49 -0.10", "V9 9 -0.50 -0.05"], "-0.15")
        );
        // Half of it twice, 0.57 of 11.40: 0.25, 0.25, 0.0475 and 0.0225, which are 0.05 and 0.02.
        early.paid(&in_parts, "10.83", "0.57", json!({})).await;
        early.paid(&in_parts, "10.83", "0.57", json!({"paid_on": "2026-04-14"})).await;
        assert_eq!(early.purse.stands("invoices", &in_parts).await, ["0.00", "paid"]);
        // 0.49 and 0.50 and four times 0.25; 5.60 of tax less 0.15 and twice 0.07.
        let books = [("1010", "43.32"), ("2100", "-5.31"), ("4000", "-40"), ("4900", "1.99")];
        assert_eq!(early.purse.shop.books().await, holds(&books));
        assert_eq!(
            early.declared("2026-04").await,
            told(&["V19 19 -0.99 -0.20", "V9 9 -1.00 -0.09"], "-0.29")
        );
        early.purse.is_whole().await;
    });
}

#[test]
fn what_the_buyer_owes_falls_on_both_sides_and_what_is_free_has_no_tax() {
    run(async {
        let early = Early::new("2", json!({})).await;
        let charged = early.tax("RC19", "19", "reverse_charge", "purchase").await;
        let free = early.tax("Z0", "0", "zero", "sale").await;
        // 2 % of 400.00 are 8.00, and 19 % of that 1.52, owed and got back.
        let bill = early.bought("400", &charged).await;
        early.paid(&bill, "392.00", "8.00", early.out()).await;
        // 2 % of 50.00.
        let invoice = early.sold(&[("50", &free)], json!({})).await;
        early.paid(&invoice, "49.00", "1.00", json!({})).await;
        // 76.00 less 1.52.
        let books = [
            ("1010", "-343"),
            ("1200", "74.48"),
            ("2100", "-74.48"),
            ("4000", "-50"),
            ("4900", "1"),
            ("6000", "400"),
            ("7600", "-8"),
        ];
        assert_eq!(early.purse.shop.books().await, holds(&books));
        let declared = ["RC19 19 -8.00 -1.52", "Z0 0 -1.00 0.00", "RC19 19 -8.00 -1.52"];
        assert_eq!(early.declared("2026-04").await, told(&declared, "0.00"));
        early.purse.is_whole().await;
    });
}

#[test]
fn terms_may_leave_taxes_as_they_are() {
    run(async {
        let early = Early::new("2", json!({"discount_tax": "never"})).await;
        let vat = early.tax("V19", "19", "standard", "sale").await;
        let (first, second) =
            (early.sold(&[("100", &vat)], json!({})).await, early.sold(&[("100", &vat)], json!({})).await);
        let paid = early.paid(&first, "116.62", "2.38", json!({})).await;
        assert_eq!(paid["discount_taxes"], json!([]));
        let books =
            [("1010", "116.62"), ("1100", "119"), ("2100", "-38"), ("4000", "-200"), ("4900", "2.38")];
        assert_eq!(early.purse.shop.books().await, holds(&books));
        // What the terms say when it is paid counts.
        let path = format!("/v1/payment-terms/{}", early.terms);
        early.purse.shop.owner.patch(&path, json!({"discount_tax": "on_payment"})).await.is(200);
        early.paid(&second, "116.62", "2.38", json!({})).await;
        assert_eq!(early.declared("2026-04").await, told(&["V19 19 -2.00 -0.38"], "-0.38"));
        early.purse.is_whole().await;
    });
}

#[test]
fn taxes_fall_at_the_rate_of_exchange_of_the_document() {
    run(async {
        let early = Early::new("2", json!({})).await;
        early.purse.rate("2026-03-01", "0.9").await;
        early.purse.rate("2026-04-01", "0.8").await;
        let vat = early.tax("V19", "19", "standard", "sale").await;
        let invoice = early.sold(&[("100", &vat)], json!({"currency": "USD"})).await;
        // Of 119.00 dollars at 0.9, 107.10, 2.38 are kept: 2.00 are 1.80, and 0.38 are 0.342. 116.62 dollars at 0.8 are 93.296.
        early.paid(&invoice, "116.62", "2.38", json!({"account_id": early.purse.dollars})).await;
        // 2.38 at 0.8, 1.90, settle 1.80 and 0.34, so 0.24 are gained; all 119.00 are worth 95.20, so 11.90 are lost. What is lost in
        // the end, 11.66, is 10 cents on each dollar that was paid.
        let books = [
            ("1020", "93.3"),
            ("2100", "-16.76"),
            ("4000", "-90"),
            ("4900", "1.8"),
            ("7100", "-0.24"),
            ("7200", "11.9"),
        ];
        assert_eq!(early.purse.shop.books().await, holds(&books));
        assert_eq!(early.declared("2026-04").await, told(&["V19 19 -1.80 -0.34"], "-0.34"));
        early.purse.is_whole().await;
    });
}

#[test]
fn what_was_credited_before_is_no_part_of_it() {
    run(async {
        let early = Early::new("2", json!({})).await;
        let (high, low) =
            (early.tax("V19", "19", "standard", "sale").await, early.tax("V9", "9", "reduced", "sale").await);
        let invoice = early.sold(&[("100", &high), ("100", &low)], json!({})).await;
        let note = early.purse.shop.approved_note(&invoice, json!([{"line": 1}])).await;
        early.purse.shop.post_note(&note).await.is(200);
        // 2 % of the 109.00 that are left are 2.18, all of it for what bears 9 %.
        early.paid(&invoice, "106.82", "2.18", json!({"paid_on": "2026-04-12"})).await;
        let declared = ["V19 19 -100.00 -19.00", "V9 9 -2.00 -0.18"];
        assert_eq!(early.declared("2026-04").await, told(&declared, "-19.18"));
        early.purse.is_whole().await;
    });
}

#[test]
fn what_was_kept_is_not_credited_again() {
    run(async {
        let early = Early::new("2", json!({})).await;
        let vat = early.tax("V19", "19", "standard", "sale").await;
        let shop = &early.purse.shop;
        let invoice = early.sold(&[("100", &vat)], json!({})).await;
        let all = shop.approved_note(&invoice, json!([{"line": 1}])).await;
        early.paid(&invoice, "116.62", "2.38", json!({})).await;
        // 119.00 were asked for and 116.62 paid: no more can be given back, of what was taxed neither.
        let refused = shop.post_note(&all).await.is_problem(409, "conflict");
        assert!(refused["detail"].as_str().unwrap().contains("kept for paying early"), "{refused:#}");
        // What is left of 100.00 after 2.00 bears 18.62.
        let rest = shop.approved_note(&invoice, json!([{"line": 1, "amount": "98.00"}])).await;
        shop.post_note(&rest).await.is(200);
        assert_eq!(early.declared("2026-04").await, told(&["V19 19 -100.00 -19.00"], "-19.00"));
        // Of another, the payment bounces: nothing is kept any more.
        let other = early.sold(&[("100", &vat)], json!({})).await;
        let all = shop.approved_note(&other, json!([{"line": 1}])).await;
        let bounced = early.paid(&other, "116.62", "2.38", json!({})).await;
        shop.post_note(&all).await.is_problem(409, "conflict");
        let void = json!({"voided_on": "2026-04-15", "reason": "Bounced"});
        shop.owner.post(&format!("/v1/payments/{}/void", id(&bounced)), void).await.is(200);
        shop.post_note(&all).await.is(200);
        early.purse.is_whole().await;
    });
}

#[test]
fn what_was_kept_of_a_bill_is_not_debited_again() {
    run(async {
        let early = Early::new("2", json!({})).await;
        let vat = early.tax("P19", "19", "standard", "purchase").await;
        let bill = early.bought("100", &vat).await;
        early.paid(&bill, "116.62", "2.38", early.out()).await;
        let shop = &early.purse.shop;
        let checker = shop.organization.caller(&["debit-notes:read", "debit-notes:approve"]).await;
        let approved = async |parts: Value| {
            let note =
                json!({"bill_id": id(&bill), "reason": "Broken", "issued_on": "2026-04-20", "lines": parts});
            let note = id(&shop.owner.post("/v1/debit-notes", note).await.is(201));
            checker.act(&format!("/v1/debit-notes/{note}/approve")).await.is(200);
            shop.owner.act(&format!("/v1/debit-notes/{note}/post")).await
        };
        // Of 119.00 that were asked 2.38 were kept: 98.00 and 18.62 can be asked back.
        approved(json!([{"line": 1}])).await.is_problem(409, "conflict");
        approved(json!([{"line": 1, "amount": "98.00"}])).await.is(200);
        early.purse.is_whole().await;
    });
}

#[test]
fn each_document_keeps_its_own_percentage() {
    run(async {
        let early = Early::new("2", json!({})).await;
        let from = |rate: &str, from_on: &str, to_on: Value| json!({"rate": rate, "from_on": from_on, "to_on": to_on});
        let old = from("19", "2020-01-01", json!("2026-03-31"));
        let rates = json!({"rates": [old, from("21", "2026-04-01", Value::Null)]});
        let vat = early.purse.shop.tax("V", "19", rates).await;
        let march = early.sold(&[("100", &vat)], json!({})).await;
        let april = early.sold(&[("100", &vat)], json!({"issued_on": "2026-04-01"})).await;
        // 2.38 of 119.00 are 2.00 and 0.38, 2.42 of 121.00 are 2.00 and 0.42; one payment of 116.62 and 118.58.
        let kept = |of: &Value, amount: &str, kept: &str| {
            let mut part = part(of, amount);
            part["discount_amount"] = json!(kept);
            part
        };
        let both = json!([kept(&march, "116.62", "2.38"), kept(&april, "118.58", "2.42")]);
        early.purse.pay("235.20", json!({"paid_on": "2026-04-10", "allocations": both})).await;
        // 100.00 less 2.00, and 21.00 less 0.42.
        let declared = ["V 19 -2.00 -0.38", "V 21 98.00 20.58"];
        assert_eq!(early.declared("2026-04").await, told(&declared, "20.20"));
        // What was kept at the old rate does not stand in the way of the next one; another rate for its day does.
        let path = format!("/v1/tax-codes/{vat}");
        let later = json!([
            old,
            from("21", "2026-04-01", json!("2026-06-30")),
            from("22", "2026-07-01", Value::Null)
        ]);
        early.purse.shop.owner.patch(&path, json!({"rates": later})).await.is(200);
        let other = json!([old, from("20", "2026-04-01", Value::Null)]);
        early.purse.shop.owner.patch(&path, json!({"rates": other})).await.is_problem(409, "conflict");
        early.purse.is_whole().await;
    });
}
