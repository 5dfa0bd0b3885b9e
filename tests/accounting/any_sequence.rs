//! Whatever is done, in whatever order: the books prove themselves, both sides of the balance sheet are the same, numbers have no
//! gap, and on every day what is open is what the accounts stand at.
use crate::payments::Purse;
use crate::shop::id;
use crate::support::{Answer, run, service};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Steps of a sequence.
const STEPS: u32 = 30;
/// Sequences that are the same in every run, beside two that are not.
const SEEDS: [u64; 4] = [1, 7, 42, 20_260_331];

/// Chance, the same for the same seed (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.roll() % most
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let most = u64::try_from(of.len()).unwrap();
        (most > 0).then(|| &of[usize::try_from(self.below(most)).unwrap()])
    }

    fn amount(&mut self) -> String {
        format!("{}.{:02}", 1 + self.below(400), self.below(100))
    }

    /// A day from the month on.
    fn day(&mut self, from: u64) -> String {
        format!("2026-{:02}-{:02}", (from + self.below(3)).min(12), 1 + self.below(28))
    }
}

/// A document, and the day before which nothing can settle it.
struct Paper {
    resource: &'static str,
    of: Value,
    month: u64,
}

/// What is done, told where it breaks.
struct Story {
    seed: u64,
    dice: Dice,
    purse: Purse,
    /// Account ids by code.
    accounts: BTreeMap<String, String>,
    months: Vec<String>,
    year: String,
    category: String,
    taxes: [String; 2],
    charged: String,
    terms: String,
    log: String,
    accepted: u32,
    entries: Vec<Value>,
    invoices: Vec<Paper>,
    bills: Vec<Paper>,
    payments: Vec<Value>,
}

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}:\n{}", self.seed, self.log);
        }
    }
}

impl Story {
    async fn new(seed: u64) -> Self {
        let purse = Purse::new().await;
        let owner = &purse.shop.owner;
        for (code, kind, role) in [
            ("3900", "equity", Some("retained_earnings")),
            ("1500", "asset", Some("fixed_asset")),
            ("1600", "asset", Some("accumulated_depreciation")),
            ("6400", "expense", Some("depreciation_expense")),
            ("4500", "income", None),
            ("6500", "expense", None),
        ] {
            let account = json!({"code": code, "name": code, "type": kind, "role": role});
            owner.post("/v1/accounts", account).await.is(201);
        }
        let mut dice = Dice(seed);
        for month in 1..=12 {
            let rate = format!("0.{}", 8000 + dice.below(2000));
            purse.rate(&format!("2026-{month:02}-01"), &rate).await;
        }
        let months = owner.get("/v1/fiscal-periods?limit=50&sort=starts_on").await.is(200);
        let months = months["data"].as_array().unwrap().iter().map(id).collect();
        let accounts = owner.get("/v1/accounts?limit=200").await.is(200);
        let code = |account: &Value| (account["code"].as_str().unwrap().to_owned(), id(account));
        let accounts: BTreeMap<String, String> =
            accounts["data"].as_array().unwrap().iter().map(code).collect();
        let category = json!({"name": "Machines", "asset_account_id": accounts["1500"], "accumulated_depreciation_account_id": accounts["1600"],
            "depreciation_account_id": accounts["6400"], "gain_account_id": accounts["4500"], "loss_account_id": accounts["6500"]});
        let category = id(&owner.post("/v1/fixed-asset-categories", category).await.is(201));
        let taxes = [
            purse.shop.tax("S9", "9", json!({"price_includes_tax": true})).await,
            purse.shop.tax("S21", "21", json!({})).await,
        ];
        let charged =
            purse.shop.tax("RC21", "21", json!({"direction": "purchase", "kind": "reverse_charge"})).await;
        let terms = json!({"name": "3 %", "days": 30, "discount_percent": "3", "discount_days": 730});
        let terms = id(&owner.post("/v1/payment-terms", terms).await.is(201));
        let year = id(&owner.get("/v1/fiscal-years").await.is(200)["data"][0]);
        Self {
            seed,
            dice,
            purse,
            accounts,
            months,
            year,
            category,
            taxes,
            charged,
            terms,
            log: String::new(),
            accepted: 0,
            entries: Vec::new(),
            invoices: Vec::new(),
            bills: Vec::new(),
            payments: Vec::new(),
        }
    }

    /// Does it; what the books refuse for a reason is no part of the sequence. Anything else is a fault of theirs.
    async fn act(&mut self, path: &str, body: Value) -> Option<Value> {
        let owner = self.purse.shop.owner.clone();
        let answer: Answer =
            if body.is_null() { owner.act(path).await } else { owner.post(path, body.clone()).await };
        writeln!(self.log, "{} POST {path} {body}", answer.status).unwrap();
        match answer.status {
            200 | 201 => {
                self.accepted += 1;
                Some(answer.body)
            }
            409 | 422 => {
                writeln!(self.log, "    {}", answer.text).unwrap();
                None
            }
            status => panic!("{path} answers {status}: {}", answer.text),
        }
    }

    async fn step(&mut self) {
        match self.dice.below(20) {
            0 => self.book_by_hand().await,
            1 => self.reverse().await,
            2..=5 => self.sell().await,
            6 | 7 => self.buy().await,
            8 | 9 => self.credit().await,
            10..=12 => self.pay().await,
            13 => self.advance().await,
            14 | 15 => self.undo_a_payment().await,
            16 => self.turn_a_month().await,
            17 => self.depreciate().await,
            18 => self.import().await,
            _ => self.close_and_reopen().await,
        }
    }

    async fn book_by_hand(&mut self) {
        let (amount, on) = (self.dice.amount(), self.dice.day(1));
        // Now and then on the customers' own account.
        let debit = ["1010", "6000", "1100"][usize::try_from(self.dice.below(3)).unwrap()];
        let line = |code: &str, side: &str| json!({"account_id": self.accounts[code], side: amount, "party_id": self.purse.shop.customer});
        let entry = json!({"posted_on": on, "description": "By hand", "lines": [line(debit, "debit"), line("4000", "credit")]});
        if let Some(posted) = self.act("/v1/journal-entries/post", json!({"entries": [entry]})).await {
            self.entries.push(posted["data"][0].clone());
        }
    }

    async fn reverse(&mut self) {
        let Some(entry) = self.dice.one(&self.entries).cloned() else { return };
        let back = json!({"reversed_on": self.dice.day(10), "reason": "Wrong"});
        self.act(&format!("/v1/journal-entries/{}/reverse", id(&entry)), back).await;
    }

    /// A day of the month, and when what is dated so is due.
    fn dates(&mut self) -> (u64, String, String) {
        let month = 1 + self.dice.below(9);
        let day = 1 + self.dice.below(28);
        (month, format!("2026-{month:02}-{day:02}"), format!("2026-{:02}-28", month + self.dice.below(3)))
    }

    fn currency(&mut self) -> &'static str {
        if self.dice.below(3) == 0 { "USD" } else { "EUR" }
    }

    async fn sell(&mut self) {
        let (month, issued_on, due_on) = self.dates();
        let lines: Vec<Value> = (0..=self.dice.below(3))
            .map(|_| {
                let tax = self.dice.one(&self.taxes).cloned().unwrap();
                let quantity = (1 + self.dice.below(4)).to_string();
                self.purse.shop.line(&quantity, &self.dice.amount(), &tax)
            })
            .collect();
        let invoice = json!({"party_id": self.purse.shop.customer, "issued_on": issued_on, "due_on": due_on, "currency": self.currency(),
            "payment_terms_id": self.terms, "lines": lines});
        let Some(draft) = self.act("/v1/invoices", invoice).await else { return };
        self.act(&format!("/v1/invoices/{}/approve", id(&draft)), Value::Null).await;
        if let Some(of) = self.act(&format!("/v1/invoices/{}/post", id(&draft)), Value::Null).await {
            self.invoices.push(Paper { resource: "invoices", of, month });
        }
    }

    async fn buy(&mut self) {
        let (month, issued_on, due_on) = self.dates();
        let taxes = if self.dice.below(2) == 0 { json!([self.charged]) } else { json!([]) };
        let line = json!({"description": "Advice", "quantity": "1", "unit_price": self.dice.amount(), "account_id": self.accounts["6000"], "tax_code_ids": taxes});
        let number = format!("F-{}", self.dice.below(1_000_000));
        let bill = json!({"party_id": self.purse.supplier, "supplier_number": number, "issued_on": issued_on, "due_on": due_on,
            "currency": self.currency(), "payment_terms_id": self.terms, "lines": [line]});
        let Some(draft) = self.act("/v1/bills", bill).await else { return };
        self.purse.checker.act(&format!("/v1/bills/{}/approve", id(&draft))).await.is(200);
        if let Some(of) = self.act(&format!("/v1/bills/{}/post", id(&draft)), Value::Null).await {
            self.bills.push(Paper { resource: "bills", of, month });
        }
    }

    async fn credit(&mut self) {
        let issued_on = self.dice.day(10);
        let Some(invoice) = self.dice.one(&self.invoices) else { return };
        // One of the first line, or all that is left.
        let (of, roll) = (id(&invoice.of), self.dice.below(3));
        let lines = if roll == 0 { Value::Null } else { json!([{"line": 1, "quantity": "1"}]) };
        let note = json!({"invoice_id": of, "reason": "Broken", "issued_on": issued_on, "lines": lines});
        let Some(note) = self.act("/v1/credit-notes", note).await else { return };
        self.act(&format!("/v1/credit-notes/{}/approve", id(&note)), Value::Null).await;
        self.act(&format!("/v1/credit-notes/{}/post", id(&note)), Value::Null).await;
    }

    /// Pays some of what is open of a document, in its currency.
    async fn pay(&mut self) {
        let sells = self.dice.below(2) == 0;
        let papers = if sells { &self.invoices } else { &self.bills };
        let Some(paper) = self.dice.one(papers) else { return };
        let (resource, of, month) = (paper.resource, id(&paper.of), paper.month);
        let now = self.purse.shop.owner.get(&format!("/v1/{resource}/{of}")).await.is(200);
        let open: rust_decimal::Decimal = now["open_amount"].as_str().unwrap().parse().unwrap();
        if open.is_zero() {
            return;
        }
        // All of it, less 3 % for paying early, or a half.
        let mut allocation = json!({"item_id": of});
        let part = if self.dice.below(2) == 0 {
            let kept = (open * "0.03".parse::<rust_decimal::Decimal>().unwrap()).trunc_with_scale(2);
            if !kept.is_zero() {
                allocation["discount_amount"] = json!(kept.to_string());
            }
            open - kept
        } else {
            (open / rust_decimal::Decimal::TWO).round_dp(2).max("0.01".parse().unwrap())
        };
        allocation["amount"] = json!(part.to_string());
        let account =
            if now["currency"] == "USD" { self.purse.dollars.clone() } else { self.purse.euros.clone() };
        let party = if sells { self.purse.shop.customer.clone() } else { self.purse.supplier.clone() };
        let payment = json!({"direction": if sells { "in" } else { "out" }, "party_id": party, "account_id": account,
            "paid_on": self.dice.day(month + 1), "amount": part.to_string(), "allocations": [allocation]});
        self.take(payment).await;
    }

    async fn advance(&mut self) {
        let payment = json!({"direction": "in", "party_id": self.purse.shop.customer, "account_id": self.purse.euros, "paid_on": self.dice.day(1),
            "amount": self.dice.amount()});
        self.take(payment).await;
    }

    async fn take(&mut self, payment: Value) {
        if let Some(paid) = self.act("/v1/payments/post", json!({"payments": [payment]})).await {
            self.payments.push(paid["data"][0].clone());
        }
    }

    async fn undo_a_payment(&mut self) {
        let Some(payment) = self.dice.one(&self.payments).cloned() else { return };
        let (path, on) = (format!("/v1/payments/{}", id(&payment)), self.dice.day(10));
        match self.dice.below(3) {
            0 => self.act(&format!("{path}/void"), json!({"voided_on": on, "reason": "Returned"})).await,
            1 => {
                self.act(
                    &format!("{path}/unallocate"),
                    json!({"unallocated_on": on, "reason": "Meant otherwise"}),
                )
                .await
            }
            _ => {
                let Some(paper) = self.dice.one(&self.invoices) else { return };
                let part = json!([{"item_id": id(&paper.of), "amount": "1.00"}]);
                self.act(&format!("{path}/allocate"), json!({"allocated_on": on, "allocations": part})).await
            }
        };
    }

    async fn turn_a_month(&mut self) {
        let month = self.dice.one(&self.months).cloned().unwrap();
        let action = ["close", "reopen", "revalue"][usize::try_from(self.dice.below(3)).unwrap()];
        self.act(&format!("/v1/fiscal-periods/{month}/{action}"), Value::Null).await;
    }

    async fn depreciate(&mut self) {
        if self.dice.below(2) == 0 {
            let (_, on, _) = self.dates();
            let cost = self.dice.amount();
            let asset = json!({"name": "Machine", "category_id": self.category, "acquired_on": on, "in_service_on": on, "cost": cost,
                "method": "straight_line", "life_months": 12});
            let Some(asset) = self.act("/v1/fixed-assets", asset).await else { return };
            self.act(&format!("/v1/fixed-assets/{}/put-in-service", id(&asset)), Value::Null).await;
        }
        let month = self.dice.one(&self.months).cloned().unwrap();
        let run = self.act("/v1/depreciation-runs", json!({"fiscal_period_id": month})).await;
        if let (Some(run), 0) = (run, self.dice.below(3)) {
            self.act(&format!("/v1/depreciation-runs/{}/reverse", id(&run)), json!({"reason": "Too early"}))
                .await;
        }
    }

    async fn import(&mut self) {
        let (amount, on) = (self.dice.amount(), self.dice.day(1));
        let file = format!(
            "entry,posted_on,description,account_code,debit,credit\na,{on},From a file,6000,{amount},\na,,,1010,,{amount}\n"
        );
        let path = "/v1/journal-entries/import?post=true";
        let request =
            self.purse.shop.owner.request(reqwest::Method::POST, path).body("text/csv", file.clone());
        let answer = request.send().await;
        writeln!(self.log, "{} POST {path} {file:?}", answer.status).unwrap();
        assert!([200, 409].contains(&answer.status), "{}", answer.text);
    }

    async fn close_and_reopen(&mut self) {
        let path = format!("/v1/fiscal-years/{}", self.year);
        if self.act(&format!("{path}/close"), Value::Null).await.is_some() {
            self.holds().await;
            self.act(&format!("{path}/reopen"), Value::Null).await;
        }
    }

    /// What must hold whatever was done.
    async fn holds(&self) {
        let owner = &self.purse.shop.owner;
        let proof = owner.get("/v1/reports/integrity").await.is(200);
        let broken: Vec<_> =
            proof["checks"].as_array().unwrap().iter().filter(|check| check["holds"] != true).collect();
        assert!(proof["holds"] == true && broken.is_empty(), "{broken:#?}");
        for on in ["2026-03-31", "2026-08-31", "2026-12-31"] {
            let sheet = owner.get(&format!("/v1/reports/balance-sheet?on={on}")).await.is(200);
            let total = |key: &str| crate::reports::amounts(&sheet, key)[0].to_owned();
            assert_eq!(total("total_assets"), total("total_liabilities_and_equity"), "{on}");
            for (report, kind, sign) in [("aged-receivables", "asset", 1), ("aged-payables", "liability", -1)]
            {
                let aged = owner
                    .get(&format!("/v1/reports/{report}?on={on}&documents=false&limit=200"))
                    .await
                    .is(200);
                let last = |key: &str| {
                    let row = aged["rows"].as_array().unwrap().iter().find(|row| row["key"] == key);
                    row.map_or_else(
                        || "0.00".to_owned(),
                        |row| {
                            row["cells"].as_array().unwrap().last().unwrap()["value"]
                                .as_str()
                                .unwrap()
                                .to_owned()
                        },
                    )
                };
                assert_eq!(last("total"), last("account_balance"), "{report} on {on}");
                // What no document posted: by hand, and revaluations.
                let by_hand = "select trim_scale(coalesce($4::int * sum(l.debit - l.credit), 0))::text from journal_lines l
                    join journal_entries e on e.org_id = l.org_id and e.id = l.entry_id
                    join accounts a on a.org_id = l.org_id and a.id = l.account_id and a.role in ('receivable', 'payable') and a.type = $3
                    where l.org_id = $1 and l.posted_on <= $2::text::date and e.resource is distinct from 'allocations'
                        and not exists (select from open_items i where i.org_id = l.org_id and i.journal_entry_id in (e.id, e.reversal_of_id))";
                let database = service().database().await;
                let org = &self.purse.shop.organization.id;
                let row = database.query_one(by_hand, &[org, &on, &kind, &sign]).await.unwrap();
                let (wanted, told) = (row.get::<_, String>(0), last("total_without_document"));
                let number = |text: &str| text.parse::<rust_decimal::Decimal>().unwrap();
                assert_eq!(number(&told), number(&wanted), "{report} on {on}");
            }
        }
        let declared =
            owner.get("/v1/reports/tax-return?starts_on=2026-01-01&ends_on=2026-12-31").await.is(200);
        assert_eq!(crate::reports::amounts(&declared, "difference")[1], "0.00");
        let gaps = "select kind from numbers_given where org_id = $1 group by kind, series_id, period
            having count(*) <> max(ordinal) - min(ordinal) + 1 or min(ordinal) <> 1";
        let gaps = service().database().await.query(gaps, &[&self.purse.shop.organization.id]).await.unwrap();
        assert!(gaps.is_empty(), "a number is missing");
    }
}

async fn play(seed: u64) {
    let mut story = Story::new(seed).await;
    for _ in 0..STEPS {
        story.step().await;
    }
    story.holds().await;
    assert!(story.accepted >= STEPS, "most of it is refused: {}", story.log);
}

#[test]
fn any_sequence_leaves_the_books_in_order() {
    run(async {
        // Others: `SEED=… cargo test --test accounting -- any_sequence`.
        let seeds: Vec<u64> = match std::env::var("SEED") {
            Ok(seed) => vec![seed.parse().unwrap()],
            Err(_) => SEEDS.into(),
        };
        join_all(seeds.into_iter().map(play)).await;
    });
}
