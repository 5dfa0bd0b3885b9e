//! Payments: what is paid, from which account, for what; and all of it taken back.
use crate::shop::{Shop, faults, holds, id, told};
use crate::support::{Answer, Caller, run};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A shop with accounts at banks in euros and dollars, a supplier, and somebody who approves what is bought.
pub struct Purse {
    pub shop: Shop,
    pub euros: String,
    pub dollars: String,
    pub supplier: String,
    pub checker: Caller,
    tax: String,
}

impl Purse {
    pub async fn new() -> Self {
        let shop = Shop::new().await;
        let account = async |code: &str, kind: &str, role: &str, currency: Value| {
            let account =
                json!({"code": code, "name": role, "type": kind, "role": role, "currency": currency});
            id(&shop.owner.post("/v1/accounts", account).await.is(201))
        };
        let euros = account("1010", "asset", "bank", json!(null)).await;
        let dollars = account("1020", "asset", "bank", json!("USD")).await;
        account("7020", "expense", "bank_charges", json!(null)).await;
        account("4900", "income", "discounts_given", json!(null)).await;
        account("7600", "income", "discounts_taken", json!(null)).await;
        let supplier = shop.party(json!({"is_supplier": true, "is_customer": false})).await;
        let checker = shop.organization.owner().await;
        let tax = shop.tax("S19", "19", json!({})).await;
        Self { shop, euros, dollars, supplier, checker, tax }
    }

    /// An invoice over so much and 19 % of it.
    pub async fn invoice(&self, net: &str, fields: Value) -> Value {
        self.shop.invoice(json!([self.shop.line("1", net, &self.tax)]), fields).await
    }

    /// A bill over so much without tax, in the books.
    pub async fn bill(&self, number: &str, net: &str, fields: Value) -> Value {
        let line = json!({"description": "Advice", "quantity": "1", "unit_price": net, "account_id": self.shop.account("6000"), "tax_code_ids": []});
        let mut bill = json!({"party_id": self.supplier, "supplier_number": number, "issued_on": "2026-03-31", "lines": [line]});
        bill.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let bill = id(&self.shop.owner.post("/v1/bills", bill).await.is(201));
        self.checker.act(&format!("/v1/bills/{bill}/approve")).await.is(200);
        self.shop.owner.act(&format!("/v1/bills/{bill}/post")).await.is(200)
    }

    /// Money in from the customer on 15 April, into the account in euros, unless told.
    pub fn money(&self, amount: &str, fields: Value) -> Value {
        let mut money = json!({"direction": "in", "party_id": self.shop.customer, "account_id": self.euros, "paid_on": "2026-04-15", "amount": amount});
        money.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        money
    }

    pub async fn try_to_pay(&self, money: Value) -> Answer {
        self.shop.owner.post("/v1/payments/post", json!({"payments": [money]})).await
    }

    pub async fn pay(&self, amount: &str, fields: Value) -> Value {
        self.try_to_pay(self.money(amount, fields)).await.is(200)["data"][0].clone()
    }

    pub async fn act(&self, payment: &Value, action: &str, body: Value) -> Answer {
        self.shop.owner.post(&format!("/v1/payments/{}/{action}", id(payment)), body).await
    }

    pub async fn rate(&self, on: &str, rate: &str) {
        let rate = json!({"currency": "USD", "rated_on": on, "rate": rate});
        self.shop.owner.post("/v1/exchange-rates", rate).await.is(201);
    }

    /// What of a document is open, and where it stands.
    pub async fn stands(&self, resource: &str, of: &Value) -> [String; 2] {
        told(&self.shop.read(resource, of).await, ["open_amount", "status"])
    }

    /// Everything that must hold of books holds.
    pub async fn is_whole(&self) {
        self.shop.is_whole().await;
        let proof = self.shop.owner.get("/v1/reports/integrity").await.is(200);
        assert_eq!(proof["holds"], true, "{proof}");
    }
}

/// So much for a document.
pub fn part(of: &Value, amount: &str) -> Value {
    json!({"item_id": id(of), "amount": amount})
}

fn stands(open: &str, status: &str) -> [String; 2] {
    [open.to_owned(), status.to_owned()]
}

#[test]
fn an_invoice_is_paid_in_parts() {
    run(async {
        let purse = Purse::new().await;
        let invoice = purse.invoice("100", json!({})).await;
        let draft =
            purse.money("50.00", json!({"reference": "RF18", "allocations": [part(&invoice, "50.00")]}));
        let draft = purse.shop.owner.post("/v1/payments", draft).await.is(201);
        assert_eq!(draft["number"], Value::Null);
        // Nothing happens before it is posted.
        assert_eq!(purse.stands("invoices", &invoice).await, stands("119.00", "posted"));
        let first = purse.act(&draft, "post", Value::Null).await.is(200);
        let fields = ["number", "status", "currency", "exchange_rate", "base_amount", "open_amount"];
        assert_eq!(told(&first, fields), ["PAY-2026-000001", "posted", "EUR", "1", "50.00", "0.00"]);
        assert_eq!(purse.stands("invoices", &invoice).await, stands("69.00", "partially_paid"));
        let rest = purse.pay("69.00", json!({"allocations": [part(&invoice, "69.00")]})).await;
        assert_eq!(rest["number"], "PAY-2026-000002");
        assert_eq!(purse.stands("invoices", &invoice).await, stands("0.00", "paid"));
        // The bank has the 119.00; nobody owes anything.
        assert_eq!(purse.shop.books().await, holds(&[("1010", "119"), ("2100", "-19"), ("4000", "-100")]));
        let entry = purse
            .shop
            .owner
            .get(&format!("/v1/journal-entries/{}", first["journal_entry_id"].as_str().unwrap()))
            .await
            .is(200);
        assert_eq!(told(&entry, ["number", "reference", "resource"]), ["BNK-2026-00001", "RF18", "payments"]);
        purse.is_whole().await;
    });
}

#[test]
fn one_payment_settles_three_invoices() {
    run(async {
        let purse = Purse::new().await;
        let mut invoices = Vec::new();
        for net in ["100", "200", "300"] {
            invoices.push(purse.invoice(net, json!({})).await);
        }
        // 119.00, 238.00, and 100.00 of 357.00.
        let parts =
            [part(&invoices[0], "119.00"), part(&invoices[1], "238.00"), part(&invoices[2], "100.00")];
        let paid = purse.pay("457.00", json!({"allocations": parts})).await;
        assert_eq!(paid["open_amount"], "0.00");
        for (invoice, wanted) in
            invoices.iter().zip([("0.00", "paid"), ("0.00", "paid"), ("257.00", "partially_paid")])
        {
            assert_eq!(purse.stands("invoices", invoice).await, stands(wanted.0, wanted.1));
        }
        let settled =
            purse.shop.owner.get(&format!("/v1/allocations?credit_item_id={}", id(&paid))).await.is(200);
        assert_eq!(settled["data"].as_array().unwrap().len(), 3);
        purse.is_whole().await;
    });
}

#[test]
fn an_advance_settles_what_comes_later_and_the_rest_is_paid_back() {
    run(async {
        let purse = Purse::new().await;
        let advance = purse.pay("200.00", json!({})).await;
        assert_eq!(advance["open_amount"], "200.00");
        assert_eq!(purse.shop.books().await, holds(&[("1010", "200"), ("1100", "-200")]));
        let invoice = purse.invoice("100", json!({"issued_on": "2026-04-20"})).await;
        let allocate = |on: &str| json!({"allocated_on": on, "allocations": [part(&invoice, "119.00")]});
        let early =
            purse.act(&advance, "allocate", allocate("2026-04-19")).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&early), [("/allocated_on", "too-early")]);
        let after = purse.act(&advance, "allocate", allocate("2026-04-20")).await.is(200);
        assert_eq!(after["open_amount"], "81.00");
        assert_eq!(purse.stands("invoices", &invoice).await, stands("0.00", "paid"));
        // More than the 81.00 that are left can not be paid back as such.
        let back = |amount: &str| {
            purse.money(
                amount,
                json!({"direction": "out", "paid_on": "2026-04-22", "allocations": [part(&advance, amount)]}),
            )
        };
        let much = purse.try_to_pay(back("81.01")).await.is_problem(409, "conflict");
        assert_eq!(faults(&much), [("/payments/0/allocations/0/amount", "more-than-is-open")]);
        let refund = purse.try_to_pay(back("81.00")).await.is(200)["data"][0].clone();
        assert_eq!(refund["open_amount"], "0.00");
        assert_eq!(purse.shop.read("payments", &advance).await["open_amount"], "0.00");
        assert_eq!(purse.shop.books().await, holds(&[("1010", "119"), ("2100", "-19"), ("4000", "-100")]));
        purse.is_whole().await;
    });
}

#[test]
fn what_is_paid_too_much_stays_the_customers_and_credit_notes_are_paid_out() {
    run(async {
        let purse = Purse::new().await;
        let invoice = purse.invoice("100", json!({})).await;
        let paid = purse.pay("150.00", json!({"allocations": [part(&invoice, "119.00")]})).await;
        assert_eq!(paid["open_amount"], "31.00");
        // All is sent back: the credit note finds nothing open on the invoice, and 119.00 are owed to the customer, and the 31.00.
        let note = purse.shop.approved_note(&invoice, Value::Null).await;
        let note = purse.shop.post_note(&note).await.is(200);
        assert_eq!(note["open_amount"], "119.00");
        let parts = [part(&note, "119.00"), part(&paid, "31.00")];
        let refund = json!({"direction": "out", "paid_on": "2026-04-16", "allocations": parts});
        assert_eq!(purse.pay("150.00", refund).await["open_amount"], "0.00");
        assert_eq!(purse.stands("credit-notes", &note).await[0], "0.00");
        assert_eq!(purse.shop.books().await, holds(&[]));
        purse.is_whole().await;
    });
}

#[test]
fn the_fee_is_booked_beside_what_is_paid() {
    run(async {
        let purse = Purse::new().await;
        let invoice = purse.invoice("100", json!({})).await;
        // 119.00 come in, of which the bank keeps 2.00.
        purse.pay("119.00", json!({"fee_amount": "2.00", "allocations": [part(&invoice, "119.00")]})).await;
        assert_eq!(
            purse.shop.books().await,
            holds(&[("1010", "117"), ("2100", "-19"), ("4000", "-100"), ("7020", "2")])
        );
        // 80.00 go out, for which it takes 1.50 that are booked elsewhere.
        let bill = purse.bill("F-1", "80", json!({})).await;
        let fields = json!({"direction": "out", "party_id": purse.supplier, "fee_amount": "1.50", "fee_account_id": purse.shop.account("6000"), "allocations": [part(&bill, "80.00")]});
        purse.pay("80.00", fields).await;
        assert_eq!(purse.stands("bills", &bill).await, stands("0.00", "paid"));
        // 117.00 less 81.50; 80.00 and 1.50 of expenses.
        assert_eq!(
            purse.shop.books().await,
            holds(&[("1010", "35.5"), ("2100", "-19"), ("4000", "-100"), ("6000", "81.5"), ("7020", "2")])
        );
        purse.is_whole().await;
    });
}

#[test]
fn dollars_are_paid_in_dollars_and_in_euros() {
    run(async {
        let purse = Purse::new().await;
        purse.rate("2026-03-31", "0.90").await;
        purse.rate("2026-04-15", "0.95").await;
        let usd = json!({"currency": "USD"});
        // 119.00 USD each, booked at 0.90: 107.10.
        let (one, other) = (purse.invoice("100", usd.clone()).await, purse.invoice("100", usd).await);
        // 119.00 USD at 0.95 are 113.05: 5.95 gained.
        let fields = json!({"account_id": purse.dollars, "allocations": [part(&one, "119.00")]});
        let paid = purse.pay("119.00", fields).await;
        assert_eq!(told(&paid, ["currency", "exchange_rate", "base_amount"]), ["USD", "0.95", "113.05"]);
        assert_eq!(
            purse.shop.books().await,
            holds(&[
                ("1020", "113.05"),
                ("1100", "107.1"),
                ("2100", "-34.2"),
                ("4000", "-180"),
                ("7100", "-5.95")
            ])
        );
        // The other is paid with 105.00 EUR: 2.10 lost.
        let mut euros = part(&other, "105.00");
        let missing = purse.try_to_pay(purse.money("105.00", json!({"allocations": [euros.clone()]}))).await;
        assert_eq!(
            faults(&missing.is_problem(422, "invalid-input")),
            [("/payments/0/allocations/0/item_amount", "required")]
        );
        euros["item_amount"] = json!("119.00");
        purse.pay("105.00", json!({"allocations": [euros]})).await;
        assert_eq!(purse.stands("invoices", &other).await, stands("0.00", "paid"));
        assert_eq!(
            purse.shop.books().await,
            holds(&[
                ("1010", "105"),
                ("1020", "113.05"),
                ("2100", "-34.2"),
                ("4000", "-180"),
                ("7100", "-5.95"),
                ("7200", "2.1")
            ])
        );
        // What is settled is no more revalued: at 1.00 only the 119.00 USD at the bank are worth 5.95 more.
        purse.rate("2026-04-30", "1.00").await;
        let april =
            purse.shop.owner.get("/v1/fiscal-periods?code=2026-04").await.is(200)["data"][0]["id"].clone();
        let done = purse
            .shop
            .owner
            .act(&format!("/v1/fiscal-periods/{}/revalue", april.as_str().unwrap()))
            .await
            .is(200);
        let entry = format!("/v1/journal-entries/{}", done["revaluation_entry_id"].as_str().unwrap());
        assert_eq!(purse.shop.owner.get(&entry).await.is(200)["total"], "5.95");
        purse.is_whole().await;
    });
}

#[test]
fn what_is_void_leaves_the_books_as_they_were() {
    run(async {
        let purse = Purse::new().await;
        purse.rate("2026-03-31", "0.90").await;
        purse.rate("2026-04-15", "0.95").await;
        let invoices =
            [purse.invoice("100", json!({"currency": "USD"})).await, purse.invoice("50", json!({})).await];
        let before = purse.shop.books().await;
        let mut parts = [part(&invoices[0], "110.00"), part(&invoices[1], "59.50")];
        parts[0]["item_amount"] = json!("119.00");
        let paid = purse.pay("200.00", json!({"fee_amount": "2.00", "allocations": parts})).await;
        assert_ne!(purse.shop.books().await, before);
        let void = |on: &str| json!({"voided_on": on, "reason": "Returned by the bank"});
        let early = purse.act(&paid, "void", void("2026-04-14")).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&early), [("/voided_on", "too-early")]);
        let period =
            purse.shop.owner.get("/v1/fiscal-periods?code=2026-05").await.is(200)["data"][0]["id"].clone();
        let lock = format!("/v1/fiscal-periods/{}", period.as_str().unwrap());
        for step in ["close", "lock"] {
            purse.shop.owner.act(&format!("{lock}/{step}")).await.is(200);
        }
        purse.act(&paid, "void", void("2026-05-02")).await.is_problem(409, "period-closed");
        let voided = purse.act(&paid, "void", void("2026-04-30")).await.is(200);
        assert_eq!(
            told(&voided, ["status", "open_amount", "voided_on", "number"]),
            ["void", "0.00", "2026-04-30", "PAY-2026-000001"]
        );
        assert_eq!(purse.shop.books().await, before);
        assert_eq!(purse.stands("invoices", &invoices[0]).await, stands("119.00", "posted"));
        assert_eq!(purse.stands("invoices", &invoices[1]).await, stands("59.50", "posted"));
        purse.act(&paid, "void", void("2026-04-30")).await.is_problem(409, "invalid-state");
        purse.is_whole().await;
    });
}

#[test]
fn what_was_meant_for_another_invoice_is_moved_there() {
    run(async {
        let purse = Purse::new().await;
        purse.rate("2026-03-31", "0.90").await;
        purse.rate("2026-04-15", "0.95").await;
        let usd = json!({"currency": "USD"});
        let (one, other) = (purse.invoice("100", usd.clone()).await, purse.invoice("100", usd).await);
        let fields = json!({"account_id": purse.dollars, "allocations": [part(&one, "119.00")]});
        let paid = purse.pay("119.00", fields).await;
        let settled = purse.shop.books().await;
        let undo = |items: Value| json!({"unallocated_on": "2026-04-18", "reason": "Another one", "item_ids": items});
        let wrong =
            purse.act(&paid, "unallocate", undo(json!([id(&other)]))).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&wrong), [("/item_ids/0", "not-settled")]);
        let undone = purse.act(&paid, "unallocate", undo(json!([id(&one)]))).await.is(200);
        assert_eq!(undone["open_amount"], "119.00");
        assert_eq!(purse.stands("invoices", &one).await, stands("119.00", "posted"));
        // The gain of 5.95 is gone with it: 214.20 of the invoices less 113.05 of the payment are open.
        assert_eq!(
            purse.shop.books().await,
            holds(&[("1020", "113.05"), ("1100", "101.15"), ("2100", "-34.2"), ("4000", "-180")])
        );
        let allocate = json!({"allocated_on": "2026-04-18", "allocations": [part(&other, "119.00")]});
        purse.act(&paid, "allocate", allocate).await.is(200);
        assert_eq!(purse.stands("invoices", &other).await, stands("0.00", "paid"));
        assert_eq!(purse.shop.books().await, settled);
        purse.is_whole().await;
    });
}

#[test]
fn who_pays_early_keeps_what_the_terms_allow() {
    run(async {
        let purse = Purse::new().await;
        let terms =
            json!({"name": "2 % in 14 days", "days": 30, "discount_percent": "2", "discount_days": 14});
        let terms = id(&purse.shop.owner.post("/v1/payment-terms", terms).await.is(201));
        let fields = json!({"payment_terms_id": terms});
        let (invoice, plain) =
            (purse.invoice("100", fields.clone()).await, purse.invoice("100", json!({})).await);
        let with = |of: &Value, amount: &str, kept: &str, on: &str| {
            let mut part = part(of, amount);
            part["discount_amount"] = json!(kept);
            purse.money(amount, json!({"paid_on": on, "allocations": [part]}))
        };
        // 2 % of 119.00 are 2.38, until 14 April.
        for (of, amount, kept, on, code) in [
            (&invoice, "116.62", "2.38", "2026-04-15", "too-late"),
            (&invoice, "116.61", "2.39", "2026-04-14", "more-than-the-terms-allow"),
            (&invoice, "50.00", "2.38", "2026-04-14", "more-than-the-terms-allow"),
            (&plain, "116.62", "2.38", "2026-04-14", "no-discount"),
        ] {
            let refused = purse.try_to_pay(with(of, amount, kept, on)).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&refused), [("/payments/0/allocations/0/discount_amount", code)]);
        }
        let paid =
            purse.try_to_pay(with(&invoice, "116.62", "2.38", "2026-04-14")).await.is(200)["data"][0].clone();
        assert_eq!(told(&paid, ["amount", "discount_amount", "open_amount"]), ["116.62", "2.38", "0.00"]);
        assert_eq!(purse.stands("invoices", &invoice).await, stands("0.00", "paid"));
        let bill = purse.bill("F-1", "50", fields).await;
        // 1.00 of 50.00 is ours.
        let mut part = part(&bill, "49.00");
        part["discount_amount"] = json!("1.00");
        let out = json!({"direction": "out", "party_id": purse.supplier, "paid_on": "2026-04-10", "allocations": [part]});
        purse.pay("49.00", out).await;
        assert_eq!(purse.stands("bills", &bill).await, stands("0.00", "paid"));
        assert_eq!(
            purse.shop.books().await,
            holds(&[
                ("1010", "67.62"),
                ("1100", "119"),
                // 2.38 are 100/119 of it, 2.00, less sold, and 19/119, 0.38, less tax.
                ("2100", "-37.62"),
                ("4000", "-200"),
                ("4900", "2"),
                ("6000", "50"),
                ("7600", "-1")
            ])
        );
        let undo = json!({"unallocated_on": "2026-04-18", "reason": "Another one"});
        purse.act(&paid, "unallocate", undo).await.is_problem(409, "conflict");
        let void = json!({"voided_on": "2026-04-18", "reason": "Returned"});
        purse.act(&paid, "void", void).await.is(200);
        assert_eq!(purse.stands("invoices", &invoice).await, stands("119.00", "posted"));
        purse.is_whole().await;
    });
}

#[test]
fn all_that_is_wrong_is_told_where_it_is_and_nothing_is_written() {
    run(async {
        let purse = Purse::new().await;
        let invoice = purse.invoice("100", json!({})).await;
        let bill = purse.bill("F-1", "80", json!({})).await;
        let nobody = uuid::Uuid::now_v7();
        let parts = [
            part(&invoice, "0"),
            part(&bill, "10.00"),
            json!({"item_id": nobody, "amount": "1.00"}),
            part(&invoice, "1.00"),
        ];
        let wrong = json!({"currency": "USD", "amount": "10.001", "fee_amount": "20.00", "exchange_rate": "0", "allocations": parts});
        let refused = purse.try_to_pay(purse.money("10.00", wrong)).await.is_problem(422, "invalid-input");
        let at = |field: &str| format!("/payments/0/{field}");
        let told: BTreeSet<_> =
            faults(&refused).into_iter().map(|(place, code)| (place.to_owned(), code)).collect();
        let wanted = [
            (at("currency"), "other-currency"),
            (at("exchange_rate"), "zero"),
            (at("amount"), "too-many-decimals"),
            (at("fee_amount"), "too-large"),
            (at("allocations/0/amount"), "zero"),
            (at("allocations/1/item_id"), "another-party"),
            (at("allocations/2/item_id"), "unknown-reference"),
            (at("allocations/3/item_id"), "repeated"),
        ];
        // The invoice is in euros and the payment would be in dollars, so what it settles would have to be told, too.
        let told: BTreeSet<_> =
            told.into_iter().filter(|(place, _)| !place.ends_with("item_amount")).collect();
        let wanted: BTreeSet<_> = wanted.into_iter().collect();
        assert_eq!(told, wanted, "{refused}");
        for (fields, fault) in [
            (
                json!({"allocations": [part(&invoice, "10.01")]}),
                ("/payments/0/allocations", "more-than-the-amount"),
            ),
            (
                json!({"direction": "out", "allocations": [part(&invoice, "10.00")]}),
                ("/payments/0/allocations/0/item_id", "wrong-side"),
            ),
            (json!({"account_id": purse.shop.account("4000")}), ("/payments/0/account_id", "wrong-role")),
            (json!({"account_id": nobody}), ("/payments/0/account_id", "unknown-reference")),
            (json!({"party_id": nobody}), ("/payments/0/party_id", "unknown-reference")),
            (json!({"account_id": purse.dollars}), ("/payments/0/exchange_rate", "no-rate")),
            (
                json!({"amount": "999999999999999.00", "account_id": purse.dollars, "exchange_rate": "999999999999"}),
                ("/payments/0/amount", "too-large"),
            ),
        ] {
            let refused =
                purse.try_to_pay(purse.money("10.00", fields)).await.is_problem(422, "invalid-input");
            assert!(faults(&refused).contains(&fault), "{fault:?}: {refused}");
        }
        purse
            .try_to_pay(purse.money("10.00", json!({"paid_on": "2031-01-01"})))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(purse.shop.owner.get("/v1/payments").await.is(200)["data"], json!([]));
        purse.is_whole().await;
    });
}

#[test]
fn two_who_pay_the_same_invoice_at_once_pay_it_once() {
    run(async {
        let purse = Purse::new().await;
        for _ in 0..5 {
            let invoice = purse.invoice("100", json!({})).await;
            let money = || purse.money("119.00", json!({"allocations": [part(&invoice, "119.00")]}));
            let (one, other) = join(purse.try_to_pay(money()), purse.try_to_pay(money())).await;
            let mut ended = [one.status, other.status];
            ended.sort_unstable();
            assert_eq!(ended, [200, 409]);
            assert_eq!(purse.stands("invoices", &invoice).await, stands("0.00", "paid"));
        }
        purse.is_whole().await;
    });
}

#[test]
fn sixteen_who_pay_at_once_leave_no_gap() {
    run(async {
        let purse = Purse::new().await;
        let mut invoices = Vec::new();
        for _ in 0..16 {
            invoices.push(purse.invoice("100", json!({})).await);
        }
        // Every fourth pays more than is open, and every fifth takes back what it paid.
        let paying = invoices.iter().enumerate().map(|(place, invoice)| {
            let purse = &purse;
            async move {
                let amount = if place % 4 == 3 { "119.01" } else { "119.00" };
                let paid = purse
                    .try_to_pay(purse.money("120.00", json!({"allocations": [part(invoice, amount)]})))
                    .await;
                if place % 4 == 3 {
                    paid.is_problem(409, "conflict");
                    return None;
                }
                let paid = paid.is(200)["data"][0].clone();
                if place % 5 == 0 {
                    let void = json!({"voided_on": "2026-04-15", "reason": "Returned"});
                    purse.act(&paid, "void", void).await.is(200);
                }
                Some(paid["number"].as_str().unwrap().to_owned())
            }
        });
        let numbers: BTreeSet<String> = join_all(paying).await.into_iter().flatten().collect();
        let wanted: BTreeSet<String> = (1..=12).map(|number| format!("PAY-2026-{number:06}")).collect();
        assert_eq!(numbers, wanted);
        purse.is_whole().await;
    });
}

#[test]
fn a_draft_is_changed_and_what_is_posted_is_final() {
    run(async {
        let purse = Purse::new().await;
        let invoice = purse.invoice("100", json!({})).await;
        let owner = &purse.shop.owner;
        let draft = owner.post("/v1/payments", purse.money("50.00", json!({}))).await.is(201);
        let path = format!("/v1/payments/{}", id(&draft));
        let more = json!({"amount": "119.00", "allocations": [part(&invoice, "119.00")]});
        assert_eq!(owner.patch(&path, more).await.is(200)["amount"], "119.00");
        owner.act(&format!("{path}/post")).await.is(200);
        owner.patch(&path, json!({"amount": "1.00"})).await.is_problem(409, "invalid-state");
        owner.delete(&path).await.is_problem(409, "invalid-state");
        let database = crate::support::service().database().await;
        for change in
            ["update payments set amount = 1", "delete from payments", "update payments set open_amount = 1"]
        {
            let change = format!("{change} where org_id = $1");
            assert!(database.execute(&change, &[&purse.shop.organization.id]).await.is_err(), "{change}");
        }
        let other = owner.post("/v1/payments", purse.money("50.00", json!({}))).await.is(201);
        owner.delete(&format!("/v1/payments/{}", id(&other))).await.is(204);
        purse.is_whole().await;
    });
}

#[test]
fn many_are_posted_together_or_none() {
    run(async {
        let purse = Purse::new().await;
        let mut moneys = Vec::new();
        for place in 1..=20 {
            let invoice = purse.invoice(&format!("{place}00"), json!({})).await;
            let total = format!("{}.00", place * 119);
            moneys.push(purse.money(&total, json!({"allocations": [part(&invoice, &total)]})));
        }
        let all = |moneys: &[Value]| purse.shop.owner.post("/v1/payments/post", json!({"payments": moneys}));
        let mut wrong = moneys.clone();
        wrong[7]["amount"] = json!("1.00");
        wrong[19]["allocations"][0]["amount"] = json!("2380.01");
        wrong[19]["amount"] = json!("2380.01");
        let refused = all(&wrong).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/payments/7/allocations", "more-than-the-amount")]);
        wrong[7] = moneys[7].clone();
        let refused = all(&wrong).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/payments/19/allocations/0/amount", "more-than-is-open")]);
        let before = purse.shop.books().await;
        let posted = all(&moneys).await.is(200);
        assert_ne!(purse.shop.books().await, before);
        for (place, payment) in posted["data"].as_array().unwrap().iter().enumerate() {
            assert_eq!(payment["number"], format!("PAY-2026-{:06}", place + 1));
            assert_eq!(
                told(payment, ["amount", "open_amount"]),
                [format!("{}.00", (place + 1) * 119), "0.00".to_owned()]
            );
        }
        // The same again: nothing is open any more.
        all(&moneys).await.is_problem(409, "conflict");
        purse.is_whole().await;
    });
}

#[test]
fn whatever_is_done_in_whatever_order_the_books_stay_whole() {
    run(async {
        let purse = Purse::new().await;
        purse.rate("2026-03-31", "0.90").await;
        purse.rate("2026-04-15", "0.97").await;
        let mut invoices = Vec::new();
        for (net, currency) in [("100", "EUR"), ("70", "USD"), ("33.33", "USD")] {
            invoices.push(purse.invoice(net, json!({"currency": currency})).await);
        }
        let before = purse.shop.books().await;
        let mut paid: Vec<Value> = Vec::new();
        // The same walk on every machine.
        let mut dice = 20_261_122_u64;
        let mut roll = |sides: u64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) % sides
        };
        let mut ended = std::collections::BTreeMap::new();
        for _ in 0..60 {
            let invoice = &invoices[usize::try_from(roll(3)).unwrap()];
            let (whole, cents) = (roll(60) + 1, roll(100));
            let amount = format!("{whole}.{cents:02}");
            let mut part = part(invoice, &amount);
            let in_dollars = roll(2) == 0;
            if (invoice["currency"] == "USD") != in_dollars {
                part["item_amount"] = json!(amount);
            }
            let one = if paid.is_empty() {
                None
            } else {
                Some(paid[usize::try_from(roll(paid.len() as u64)).unwrap()].clone())
            };
            let (action, answer) = match (roll(5), one) {
                (0, Some(one)) => {
                    let undo = json!({"unallocated_on": "2026-04-20", "reason": "Wrong"});
                    ("unallocate", purse.act(&one, "unallocate", undo).await)
                }
                (1, Some(one)) => {
                    let mut part = part.clone();
                    part["item_amount"] =
                        if one["currency"] == invoice["currency"] { Value::Null } else { json!(amount) };
                    let allocate = json!({"allocated_on": "2026-04-20", "allocations": [part]});
                    ("allocate", purse.act(&one, "allocate", allocate).await)
                }
                (2, Some(one)) => {
                    let void = json!({"voided_on": "2026-04-20", "reason": "Wrong"});
                    ("void", purse.act(&one, "void", void).await)
                }
                _ => {
                    let account = if in_dollars { &purse.dollars } else { &purse.euros };
                    let money = purse.money(
                        "75.00",
                        json!({"account_id": account, "fee_amount": "0.37", "allocations": [part]}),
                    );
                    let answer = purse.try_to_pay(money).await;
                    if answer.status == 200 {
                        paid.push(serde_json::from_str::<Value>(&answer.text).unwrap()["data"][0].clone());
                    }
                    ("pay", answer)
                }
            };
            assert!([200, 409].contains(&answer.status), "{action}: {}", answer.text);
            *ended.entry((action, answer.status)).or_insert(0) += 1;
            purse.shop.is_whole().await;
        }
        // All of it happened, and some of it was refused.
        for action in ["pay", "allocate", "unallocate", "void"] {
            assert!(ended.contains_key(&(action, 200)), "{ended:?}");
        }
        purse.is_whole().await;
        for one in &paid {
            let void = json!({"voided_on": "2026-04-30", "reason": "All of it"});
            let answer = purse.act(one, "void", void).await;
            assert!([200, 409].contains(&answer.status), "{}", answer.text);
        }
        // Taken back to the last of them, they leave nothing behind.
        assert_eq!(purse.shop.books().await, before);
        purse.is_whole().await;
    });
}
