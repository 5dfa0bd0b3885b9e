//! Payment runs: bills picked, agreed to by another, told to the bank, and booked.
use crate::payments::Purse;
use crate::shop::{faults, holds, id, told};
use crate::support::{Answer, Caller, Request, run};
use futures_util::future::join;
use serde_json::{Value, json};

/// A purse with an account at a bank, and two suppliers: one with an IBAN, one without.
struct Treasury {
    purse: Purse,
    account: String,
    landlord: String,
}

impl Treasury {
    async fn new() -> Self {
        let purse = Purse::new().await;
        let account = json!({"name": "Current", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX", "currency": "EUR", "account_id": purse.euros});
        let account = id(&purse.shop.owner.post("/v1/bank-accounts", account).await.is(201));
        let bank = json!({"bank_accounts": [{"iban": "RO49AAAA1B31007593840000", "bic": "BTRLRO22", "holder": "Sfat & Fiii SRL"}]});
        purse.shop.owner.patch(&format!("/v1/parties/{}", purse.supplier), bank).await.is(200);
        let landlord = purse.shop.party(json!({"is_supplier": true})).await;
        Self { purse, account, landlord }
    }

    fn owner(&self) -> &Caller {
        &self.purse.shop.owner
    }

    async fn try_to_make(&self, fields: Value) -> Answer {
        let mut run = json!({"bank_account_id": self.account, "pay_on": "2026-04-30"});
        run.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.owner().post("/v1/payment-runs", run).await
    }

    async fn make(&self, fields: Value) -> Value {
        self.try_to_make(fields).await.is(201)
    }

    async fn act(&self, caller: &Caller, run: &Value, action: &str) -> Answer {
        caller.act(&format!("/v1/payment-runs/{}/{action}", id(run))).await
    }

    /// What goes to the bank: the file as text.
    async fn file(&self, run: &Value) -> String {
        let read: Request =
            self.owner().request(reqwest::Method::GET, &format!("/v1/payment-runs/{}/file", id(run)));
        let answer = read.send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("content-type"), Some("application/xml"));
        answer.text
    }
}

/// The text of every element of this name.
fn texts<'a>(file: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    file.split(&open).skip(1).map(|rest| rest.split(&close).next().unwrap()).collect()
}

#[test]
fn what_is_due_is_paid_in_one_file_and_booked() {
    run(async {
        let treasury = Treasury::new().await;
        let (purse, owner) = (&treasury.purse, treasury.owner());
        let due = |on: &str| json!({"due_on": on});
        let first = purse.bill("F-1", "80", due("2026-04-20")).await;
        let second = purse.bill("F-2", "20", due("2026-05-05")).await;
        let later = purse.bill("F-3", "500", due("2026-06-01")).await;
        let large = purse.bill("F-4", "1000", due("2026-05-01")).await;
        let left_out = purse.bill("F-5", "7", due("2026-05-01")).await;
        // F-1 and F-2 whole, 300.00 of F-4; F-5 is left out, F-3 is not due.
        let items = json!([{"item_id": id(&large), "amount": "300.00"}]);
        let made =
            treasury.make(json!({"due_by": "2026-05-05", "left_out": [id(&left_out)], "items": items})).await;
        assert_eq!(
            told(&made, ["number", "status", "currency", "total_amount"]),
            ["RUN-00001", "draft", "EUR", "400.00"]
        );
        let paid: Vec<_> =
            made["items"].as_array().unwrap().iter().map(|item| told(item, ["number", "amount"])).collect();
        let wanted = [(&first, "80.00"), (&large, "300.00"), (&second, "20.00")];
        assert_eq!(
            paid,
            wanted.map(|(bill, amount)| [bill["number"].as_str().unwrap().to_owned(), amount.to_owned()])
        );
        let transfer = &made["transfers"][0];
        assert_eq!(
            told(transfer, ["name", "iban", "bic", "amount", "remittance", "end_to_end_id"]),
            [
                "Sfat & Fiii SRL",
                "RO49AAAA1B31007593840000",
                "BTRLRO22",
                "400.00",
                "F-1, F-4, F-2",
                "RUN-00001-1"
            ]
        );
        // Who made it does not approve it, and nothing is told to the bank before somebody did.
        treasury.act(owner, &made, "approve").await.is_problem(403, "forbidden");
        treasury.act(owner, &made, "export").await.is_problem(409, "invalid-state");
        owner.get(&format!("/v1/payment-runs/{}/file", id(&made))).await.is_problem(409, "conflict");
        treasury.act(&purse.checker, &made, "approve").await.is(200);
        owner
            .patch(&format!("/v1/payment-runs/{}", id(&made)), json!({"pay_on": "2026-05-02"}))
            .await
            .is_problem(409, "invalid-state");
        treasury.act(owner, &made, "export").await.is(200);
        let file = treasury.file(&made).await;
        assert_eq!(file, treasury.file(&made).await);
        assert_eq!(texts(&file, "CtrlSum"), ["400.00", "400.00"]);
        assert_eq!(texts(&file, "NbOfTxs"), ["1", "1"]);
        assert_eq!(texts(&file, "IBAN"), ["DE89370400440532013000", "RO49AAAA1B31007593840000"]);
        assert_eq!(texts(&file, "EndToEndId"), ["RUN-00001-1"]);
        assert_eq!(texts(&file, "Ustrd"), ["F-1, F-4, F-2"]);
        assert!(texts(&file, "Nm").contains(&"Sfat &amp; Fiii SRL"), "{file}");
        // The bank paid it.
        let posted = treasury.act(owner, &made, "post").await.is(200);
        let payment =
            owner.get(&format!("/v1/payments/{}", posted["payment_ids"][0].as_str().unwrap())).await.is(200);
        assert_eq!(
            told(&payment, ["direction", "paid_on", "amount", "open_amount", "reference"]),
            ["out", "2026-04-30", "400.00", "0.00", "RUN-00001-1"]
        );
        for (bill, open) in
            [(&first, "0.00"), (&second, "0.00"), (&large, "700.00"), (&later, "500.00"), (&left_out, "7.00")]
        {
            assert_eq!(purse.stands("bills", bill).await[0], open);
        }
        // 1,607.00 were bought, of which 1,207.00 are owed.
        assert_eq!(purse.shop.books().await, holds(&[("1010", "-400"), ("2010", "-1207"), ("6000", "1607")]));
        treasury.act(owner, &made, "cancel").await.is_problem(409, "invalid-state");
        purse.is_whole().await;
    });
}

#[test]
fn who_has_no_iban_or_another_one_by_now_is_named() {
    run(async {
        let treasury = Treasury::new().await;
        let purse = &treasury.purse;
        purse.bill("F-1", "80", json!({"due_on": "2026-04-20"})).await;
        purse.bill("R-4", "900", json!({"party_id": treasury.landlord, "due_on": "2026-04-20"})).await;
        let made = treasury.make(json!({"due_by": "2026-04-30"})).await;
        assert_eq!(made["transfers"].as_array().unwrap().len(), 2);
        treasury.act(&purse.checker, &made, "approve").await.is(200);
        let other = json!({"bank_accounts": [{"iban": "AT611904300234573201"}]});
        treasury.owner().patch(&format!("/v1/parties/{}", purse.supplier), other).await.is(200);
        let refused = treasury.act(treasury.owner(), &made, "export").await.is_problem(409, "conflict");
        let transfers = made["transfers"].as_array().unwrap();
        let at = |party: &str| {
            let place = transfers.iter().position(|transfer| transfer["party_id"] == party).unwrap();
            format!("/transfers/{place}/iban")
        };
        let mut told: Vec<(String, &str)> =
            faults(&refused).into_iter().map(|(place, code)| (place.to_owned(), code)).collect();
        told.sort();
        let mut wanted = vec![(at(&purse.supplier), "changed"), (at(&treasury.landlord), "required")];
        wanted.sort();
        assert_eq!(told, wanted);
        let landlord =
            transfers.iter().find(|transfer| transfer["party_id"] == treasury.landlord.as_str()).unwrap();
        assert!(refused.to_string().contains(landlord["name"].as_str().unwrap()), "{refused}");
        // Revised, it takes the IBAN that the supplier has by now, and the landlord is left out.
        treasury.act(treasury.owner(), &made, "revise").await.is(200);
        let own = made["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["party_id"] == purse.supplier.as_str())
            .unwrap();
        let path = format!("/v1/payment-runs/{}", id(&made));
        let items = json!({"items": [{"item_id": own["item_id"]}]});
        let revised = treasury.owner().patch(&path, items).await.is(200);
        assert_eq!(revised["transfers"][0]["iban"], "AT611904300234573201");
        assert_eq!(revised["total_amount"], "80.00");
        treasury.act(&purse.checker, &made, "approve").await.is(200);
        let stale = treasury.owner().signed_in_ago(3600).await;
        treasury.act(&stale, &made, "export").await.is_problem(401, "fresh-login-required");
        treasury.act(treasury.owner(), &made, "export").await.is(200);
        assert_eq!(
            texts(&treasury.file(&made).await, "IBAN"),
            ["DE89370400440532013000", "AT611904300234573201"]
        );
    });
}

#[test]
fn a_bill_is_in_one_run_at_a_time() {
    run(async {
        let treasury = Treasury::new().await;
        let purse = &treasury.purse;
        let bill = purse.bill("F-1", "80", json!({"due_on": "2026-04-20"})).await;
        let due = || json!({"due_by": "2026-04-30"});
        let (one, other) = join(treasury.try_to_make(due()), treasury.try_to_make(due())).await;
        let mut ended = [one.status, other.status];
        ended.sort_unstable();
        assert_eq!(ended, [201, 409]);
        let made = if one.status == 201 { one.is(201) } else { other.is(201) };
        treasury.try_to_make(due()).await.is_problem(409, "conflict");
        let put_in = json!({"items": [{"item_id": id(&bill)}]});
        let refused = treasury.try_to_make(put_in.clone()).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/items/0/item_id", "in-another-run")]);
        treasury.act(treasury.owner(), &made, "cancel").await.is(200);
        // Numbers have no gap, whoever was refused.
        assert_eq!(treasury.make(put_in).await["number"], "RUN-00002");
        purse.is_whole().await;
    });
}

#[test]
fn what_was_paid_otherwise_meanwhile_is_an_advance() {
    run(async {
        let treasury = Treasury::new().await;
        let (purse, owner) = (&treasury.purse, treasury.owner());
        let bill = purse.bill("F-1", "80", json!({"due_on": "2026-04-20"})).await;
        let made = treasury.make(json!({"due_by": "2026-04-30"})).await;
        treasury.act(&purse.checker, &made, "approve").await.is(200);
        treasury.act(owner, &made, "export").await.is(200);
        // Somebody pays 50.00 of it at once; the bank pays all 80.00 the day after.
        let part = json!({"item_id": id(&bill), "amount": "50.00"});
        let fields = json!({"direction": "out", "party_id": purse.supplier, "paid_on": "2026-04-29", "allocations": [part]});
        purse.pay("50.00", fields).await;
        let posted = treasury.act(owner, &made, "post").await.is(200);
        let payment =
            owner.get(&format!("/v1/payments/{}", posted["payment_ids"][0].as_str().unwrap())).await.is(200);
        assert_eq!(told(&payment, ["amount", "open_amount"]), ["80.00", "50.00"]);
        assert_eq!(purse.stands("bills", &bill).await[1], "paid");
        assert_eq!(purse.shop.books().await, holds(&[("1010", "-130"), ("2010", "50"), ("6000", "80")]));
        purse.is_whole().await;
    });
}

#[test]
fn who_pays_in_time_keeps_what_the_terms_allow() {
    run(async {
        let treasury = Treasury::new().await;
        let (purse, owner) = (&treasury.purse, treasury.owner());
        let terms =
            json!({"name": "3 % in 30 days", "days": 60, "discount_percent": "3", "discount_days": 30});
        let terms = id(&owner.post("/v1/payment-terms", terms).await.is(201));
        // 31 March: 3.00 of 100.00 until 30 April.
        let bill = purse.bill("F-1", "100", json!({"payment_terms_id": terms})).await;
        let made = treasury.make(json!({"items": [{"item_id": id(&bill)}]})).await;
        assert_eq!(told(&made["items"][0], ["amount", "discount_amount"]), ["97.00", "3.00"]);
        let path = format!("/v1/payment-runs/{}", id(&made));
        let late = owner
            .patch(&path, json!({"pay_on": "2026-05-01", "items": [{"item_id": id(&bill)}]}))
            .await
            .is(200);
        assert_eq!(told(&late["items"][0], ["amount", "discount_amount"]), ["100.00", "0.00"]);
        owner.patch(&path, json!({"pay_on": "2026-04-30", "items": [{"item_id": id(&bill)}]})).await.is(200);
        treasury.act(&purse.checker, &made, "approve").await.is(200);
        treasury.act(owner, &made, "export").await.is(200);
        treasury.act(owner, &made, "post").await.is(200);
        assert_eq!(purse.stands("bills", &bill).await[1], "paid");
        assert_eq!(purse.shop.books().await, holds(&[("1010", "-97"), ("6000", "100"), ("7600", "-3")]));
        purse.is_whole().await;
    });
}

#[test]
fn what_can_not_be_paid_is_told_where_it_is() {
    run(async {
        let treasury = Treasury::new().await;
        let purse = &treasury.purse;
        purse.rate("2026-03-31", "0.90").await;
        let bill = purse.bill("F-1", "80", json!({})).await;
        let dollars = purse.bill("F-2", "80", json!({"currency": "USD"})).await;
        let invoice = purse.invoice("100", json!({})).await;
        let item = |of: &Value, amount: &str| json!({"item_id": id(of), "amount": amount});
        let items = json!([
            item(&bill, "1.001"), item(&dollars, "1.00"), item(&invoice, "1.00"),
            {"item_id": uuid::Uuid::now_v7()}, item(&bill, "1.00")
        ]);
        let refused = treasury.try_to_make(json!({"items": items})).await.is_problem(422, "invalid-input");
        let mut told = faults(&refused);
        told.sort_unstable();
        let wanted = [
            ("/items/0/amount", "too-many-decimals"),
            ("/items/1/item_id", "other-currency"),
            ("/items/2/item_id", "wrong-side"),
            ("/items/3/item_id", "unknown-reference"),
            ("/items/4/item_id", "repeated"),
        ];
        assert_eq!(told, wanted);
        let refused =
            treasury.try_to_make(json!({"items": [item(&bill, "80.01")]})).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/items/0/amount", "more-than-is-open")]);
        let nobody = json!({"due_by": "2026-05-01", "left_out": [id(&bill), uuid::Uuid::now_v7()]});
        let refused = treasury.try_to_make(nobody).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/left_out/1", "unknown-reference")]);
        treasury.try_to_make(json!({"due_by": "2026-01-01"})).await.is_problem(409, "conflict");
        assert_eq!(treasury.owner().get("/v1/payment-runs").await.is(200)["data"], json!([]));
    });
}
