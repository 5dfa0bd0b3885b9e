//! Lines of bank statements that settle what is open: customers pay, suppliers are paid, with part payments, advances, fees that
//! were kept back, other currencies; and all of it can be taken back.
use crate::banking::send;
use crate::shop::{Shop, faults, id, told};
use crate::support::{Answer, run};
use futures_util::future::join;
use serde_json::{Value, json};
use std::fmt::Write;

const ANA: &str = "DE02120300000000202051";
const BOGDAN: &str = "DE02500105170137075030";
const STRANGER: &str = "DE02100500000054540402";

/// A shop with an account at a bank, and two customers of whom one's own account is known.
struct Banked {
    shop: Shop,
    bank: String,
    fees: String,
    ana: String,
    bogdan: String,
    tax: String,
}

/// A line as the bank tells it: day, hundredths, what it says, from whose account.
type Told<'a> = (&'a str, i64, &'a str, &'a str);

impl Banked {
    async fn new() -> Self {
        let shop = Shop::new().await;
        let account = async |code: &str, kind: &str, role: Value| {
            let account = json!({"code": code, "name": code, "type": kind, "role": role});
            id(&shop.owner.post("/v1/accounts", account).await.is(201))
        };
        let ledger = account("1010", "asset", json!("bank")).await;
        let bank = json!({"name": "Main", "currency": "EUR", "account_id": ledger, "account_number": "1"});
        let bank = id(&shop.owner.post("/v1/bank-accounts", bank).await.is(201));
        let fees = account("6200", "expense", Value::Null).await;
        let ana = json!({"is_customer": true, "name": "Ana Pop SRL", "bank_accounts": [{"iban": ANA}]});
        let ana = shop.party(ana).await;
        let bogdan =
            shop.party(json!({"is_customer": true, "is_supplier": true, "name": "Bogdan Ionescu SRL"})).await;
        let tax = shop.tax("VAT19", "19", json!({})).await;
        Self { shop, bank, fees, ana, bogdan, tax }
    }

    /// A posted invoice over so much before 19 % tax.
    async fn invoice(&self, party: &str, net: &str) -> Value {
        let lines = json!([self.shop.line("1", net, &self.tax)]);
        self.shop.invoice(lines, json!({"party_id": party})).await
    }

    async fn bill(&self, number: &str, amount: &str) -> Value {
        let line = json!({"description": "Paper", "quantity": "1", "unit_price": amount, "account_id": self.shop.account("6000")});
        let bill = json!({"party_id": self.bogdan, "supplier_number": number, "issued_on": "2026-03-31", "lines": [line]});
        let bill = self.shop.owner.post("/v1/bills", bill).await.is(201);
        let checker = self.shop.organization.caller(&["bills:read", "bills:approve"]).await;
        checker.act(&format!("/v1/bills/{}/approve", id(&bill))).await.is(200);
        self.shop.owner.act(&format!("/v1/bills/{}/post", id(&bill))).await.is(200)
    }

    /// Takes the first statement in; the account was empty before. Its lines come in the bank's order.
    async fn take(&self, lines: &[Told<'_>]) -> (String, Vec<String>) {
        let money = |cents: i64| format!("{},{:02}", cents.abs() / 100, cents.abs() % 100);
        let mark = |cents: i64| if cents < 0 { "D" } else { "C" };
        let mut file = ":20:S\n:25:1\n:28C:1\n:60F:C260401EUR0,00\n".to_owned();
        for (number, (day, amount, said, iban)) in lines.iter().enumerate() {
            let (mark, amount) = (mark(*amount), money(*amount));
            writeln!(
                file,
                ":61:26{day}{day}{mark}{amount}NTRFNONREF//{number}\n:86:166?00X?20SVWZ+{said}?31{iban}"
            )
            .unwrap();
        }
        let closing: i64 = lines.iter().map(|line| line.1).sum();
        write!(file, ":62F:{}260430EUR{}\n-\n", mark(closing), money(closing)).unwrap();
        let taken = send(&self.shop.owner, "", "text/plain", file).await.is(201);
        let statement = id(&taken["statements"][0]);
        let path = format!("/v1/bank-statement-lines?statement_id={statement}&limit=200");
        let found = self.shop.owner.get(&path).await.is(200);
        let mut found = found["data"].as_array().unwrap().clone();
        found.sort_by_key(|line| line["line"].as_i64());
        (statement, found.iter().map(id).collect())
    }

    async fn act(&self, line: &str, action: &str, body: Value) -> Answer {
        self.shop.owner.post(&format!("/v1/bank-statement-lines/{line}/{action}"), body).await
    }

    async fn line(&self, line: &str, what: &str) -> Value {
        self.shop.owner.get(&format!("/v1/bank-statement-lines/{line}/{what}")).await.is(200)
    }

    /// State and what is open of an invoice or bill.
    async fn stands(&self, resource: &str, of: &Value) -> [String; 2] {
        told(&self.shop.read(resource, of).await, ["status", "open_amount"])
    }

    /// What the ledger lacks of what the bank has, and how many lines wait.
    async fn difference(&self, on: &str) -> (String, i64) {
        let path = format!("/v1/bank-accounts/{}/reconciliation?on={on}", self.bank);
        let found = self.shop.owner.get(&path).await.is(200);
        assert_eq!(found["unexplained"], "0.00", "{found:#}");
        (found["difference"].as_str().unwrap().to_owned(), found["unmatched_line_count"].as_i64().unwrap())
    }
}

#[test]
fn customers_pay_and_what_they_owe_is_settled() {
    run(async {
        let banked = Banked::new().await;
        let (ana, bogdan) = (banked.ana.as_str(), banked.bogdan.as_str());
        let quoted = banked.invoice(ana, "100").await; // 119.00
        let unquoted = banked.invoice(ana, "200").await; // 238.00
        let (one, other) = (banked.invoice(ana, "50").await, banked.invoice(ana, "50").await); // 59.50 each
        let large = banked.invoice(bogdan, "500").await; // 595.00
        let number = |of: &Value| of["number"].as_str().unwrap().replace('-', " ").replace(' ', "/");
        let (said, part) =
            (format!("Factura {}, va multumim", number(&quoted)), format!("rata 1 {}", number(&large)));
        let lines: [Told; 6] = [
            ("0402", 11_900, &said, STRANGER),
            ("0402", 23_800, "plata", ANA),
            ("0403", 5_950, "plata", ANA),
            ("0403", 50_000, &part, STRANGER),
            ("0407", 1_190, "avans", BOGDAN),
            ("0408", 10_000, "restul", BOGDAN),
        ];
        let (statement, lines) = banked.take(&lines).await;
        assert_eq!(banked.difference("2026-04-30").await, ("1028.40".into(), 6));

        // Two are sure: one quotes an invoice of its amount, one comes from the account of her who owes just that.
        let path = format!("/v1/bank-statements/{statement}/match");
        let matched = banked.shop.owner.act(&path).await.is(200);
        assert_eq!((&matched["matched"], &matched["paid"]), (&json!(2), &json!(2)));
        for invoice in [&quoted, &unquoted] {
            assert_eq!(banked.stands("invoices", invoice).await, ["paid", "0.00"]);
        }
        assert_eq!(banked.difference("2026-04-30").await, ("671.40".into(), 4)); // 1028.40 - 119 - 238
        let why = &banked.line(&lines[0], "matches").await["matches"][0];
        assert_eq!((&why["amount"], &why["is_own"]), (&json!("119.00"), &json!(true)));
        let payment = format!("/v1/payments/{}", why["payment_id"].as_str().unwrap());
        let payment = banked.shop.owner.get(&payment).await.is(200);
        assert_eq!(
            told(&payment, ["direction", "paid_on", "status", "amount", "open_amount"]),
            ["in", "2026-04-02", "posted", "119.00", "0.00"]
        );
        assert_eq!(banked.shop.owner.act(&path).await.is(200)["matched"], 0);

        // The third may be either of two, for the same reasons; it is decided.
        let proposals = banked.line(&lines[2], "proposals").await["proposals"].clone();
        let best: Vec<_> = proposals.as_array().unwrap().iter().take(2).collect();
        assert!(
            best.iter().all(|each| each["reasons"] == json!(["amount", "account", "date"])
                || each["reasons"] == json!(["amount", "account"])),
            "{proposals:#}"
        );
        assert!(best.iter().all(|each| each["kind"] == "open_item"
            && each["resource"] == "invoices"
            && each["party_name"] == "Ana Pop SRL"));
        banked.act(&lines[2], "match", json!({"items": [{"item_id": id(&other)}]})).await.is(200);
        assert_eq!(banked.stands("invoices", &one).await, ["posted", "59.50"]);
        assert_eq!(banked.stands("invoices", &other).await, ["paid", "0.00"]);

        // A part payment is proposed by the number that it quotes.
        let proposals = banked.line(&lines[3], "proposals").await["proposals"].clone();
        assert_eq!((&proposals[0]["id"], &proposals[0]["amount"]), (&json!(id(&large)), &json!("595.00")));
        assert!(proposals[0]["reasons"].as_array().unwrap().contains(&json!("reference")));
        banked.act(&lines[3], "match", json!({"items": [{"item_id": id(&large)}]})).await.is(200);
        assert_eq!(banked.stands("invoices", &large).await, ["partially_paid", "95.00"]);

        // An advance, and too much: nothing is left over unless it is said whose it is.
        banked.act(&lines[4], "match", json!({})).await.is_problem(422, "invalid-input");
        banked.act(&lines[4], "match", json!({"party_id": bogdan})).await.is(200);
        let too_much = json!({"items": [{"item_id": id(&large)}]});
        let problem = banked.act(&lines[5], "match", too_much).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/items", "does-not-add-up")]);
        let kept = json!({"items": [{"item_id": id(&large)}], "party_id": bogdan});
        banked.act(&lines[5], "match", kept).await.is(200);
        assert_eq!(banked.stands("invoices", &large).await, ["paid", "0.00"]);
        let payments =
            banked.shop.owner.get(&format!("/v1/payments?party_id={bogdan}&sort=paid_on")).await.is(200);
        let open: Vec<&Value> =
            payments["data"].as_array().unwrap().iter().map(|each| &each["open_amount"]).collect();
        assert_eq!(open, ["0.00", "11.90", "5.00"]);
        assert_eq!(banked.difference("2026-04-30").await, ("0.00".into(), 0));
        banked.shop.is_whole().await;

        // Taken back: the payment is void, and of the invoice so much is open again.
        let early = json!({"posted_on": "2026-04-01"});
        let problem = banked.act(&lines[3], "unmatch", early).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/posted_on", "too-early")]);
        banked.act(&lines[3], "unmatch", json!({"posted_on": "2026-04-10"})).await.is(200);
        assert_eq!(banked.stands("invoices", &large).await, ["partially_paid", "500.00"]);
        assert_eq!(banked.difference("2026-04-30").await, ("500.00".into(), 1));
        assert_eq!(banked.line(&lines[3], "matches").await["matches"], json!([]));
        banked.shop.is_whole().await;
    });
}

#[test]
fn suppliers_are_paid_by_their_own_numbers() {
    run(async {
        let banked = Banked::new().await;
        let (large, one, other) = (
            banked.bill("F-7714", "500.00").await,
            banked.bill("F-7715", "100.00").await,
            banked.bill("F-7716", "200.00").await,
        );
        let invoice = banked.invoice(&banked.ana, "100").await;
        let lines = [
            ("0402", -50_000, "plata F 7714 si F7714", STRANGER),
            ("0403", -50_000, "F-7714/BIS", STRANGER),
            ("0404", -30_000, "doua facturi", STRANGER),
            ("0405", -11_900, "retur", ANA),
        ];
        let (statement, lines) = banked.take(&lines).await;
        let matched = banked.shop.owner.act(&format!("/v1/bank-statements/{statement}/match")).await.is(200);
        assert_eq!((&matched["matched"], &matched["paid"]), (&json!(1), &json!(1)));
        assert_eq!(banked.stands("bills", &large).await, ["paid", "0.00"]);
        // What is settled is proposed no more.
        assert_eq!(banked.line(&lines[1], "proposals").await["proposals"], json!([]));
        let both = json!({"items": [{"item_id": id(&one)}, {"item_id": id(&other)}]});
        banked.act(&lines[2], "match", both).await.is(200);
        assert_eq!(banked.stands("bills", &one).await, ["paid", "0.00"]);
        assert_eq!(banked.line(&lines[2], "matches").await["matches"].as_array().unwrap().len(), 1);

        let refused = async |items: Value, pointer: &str, code: &str| {
            let problem = banked.act(&lines[3], "match", json!({"items": items})).await;
            assert!([409, 422].contains(&problem.status), "{}", problem.text);
            assert_eq!(faults(&problem.body)[0], (pointer, code), "{}", problem.text);
        };
        // What went out settles no invoice, a paid bill takes no more, and what there is not is not settled.
        let invoiced = id(&invoice);
        refused(json!([{"item_id": invoiced}]), "/items/0/amount", "wrong-sign").await;
        refused(json!([{"item_id": invoiced, "amount": "-119.00"}]), "/items/0/amount", "wrong-sign").await;
        refused(json!([{"item_id": id(&one), "amount": "-119.00"}]), "/items/0/amount", "more-than-is-open")
            .await;
        refused(json!([{"item_id": uuid::Uuid::now_v7()}]), "/items/0/item_id", "unknown-reference").await;
        let twice =
            json!([{"item_id": id(&one), "amount": "-60.00"}, {"item_id": id(&one), "amount": "-59.00"}]);
        refused(twice, "/items/1/item_id", "repeated").await;
        banked.shop.is_whole().await;
        assert_eq!(banked.difference("2026-04-30").await, ("-619.00".into(), 2));
    });
}

#[test]
fn a_line_is_split_over_open_items_and_fees() {
    run(async {
        let banked = Banked::new().await;
        let (first, second) =
            (banked.invoice(&banked.ana, "100").await, banked.invoice(&banked.bogdan, "100").await);
        let before = banked.shop.books().await;
        // Two customers paid by card, 119.00 each; 4.76 were kept back.
        let (_, lines) = banked.take(&[("0402", 23_324, "card", STRANGER)]).await;
        let parts = |fee: &str| {
            json!({"parts": [
                {"item_id": id(&first), "amount": "119.00"}, {"item_id": id(&second), "amount": "119.00"},
                {"account_id": banked.fees, "amount": fee, "description": "Card fees"}
            ]})
        };
        let problem = banked.act(&lines[0], "split", parts("-4.75")).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/parts", "does-not-add-up")]);
        let neither = json!({"parts": [{"amount": "119.00"}, {"item_id": id(&first), "account_id": banked.fees, "amount": "114.24"}]});
        let problem = banked.act(&lines[0], "split", neither).await.is_problem(422, "invalid-input");
        assert_eq!(
            faults(&problem),
            [("/parts/0/account_id", "either-or"), ("/parts/1/account_id", "either-or")]
        );
        let split = banked.act(&lines[0], "split", parts("-4.76")).await.is(200);
        assert_eq!(split["status"], "split");
        for invoice in [&first, &second] {
            assert_eq!(banked.stands("invoices", invoice).await, ["paid", "0.00"]);
        }
        let matches = banked.line(&lines[0], "matches").await["matches"].clone();
        let mut amounts: Vec<&str> =
            matches.as_array().unwrap().iter().map(|each| each["amount"].as_str().unwrap()).collect();
        amounts.sort_unstable();
        assert_eq!(amounts, ["-4.76", "119.00", "119.00"]);
        assert_eq!(banked.difference("2026-04-30").await, ("0.00".into(), 0));
        banked.shop.is_whole().await;
        // All of it is taken back.
        banked.act(&lines[0], "unmatch", json!({})).await.is(200);
        assert_eq!(banked.stands("invoices", &second).await, ["posted", "119.00"]);
        assert_eq!(banked.shop.books().await, before);
        assert_eq!(banked.difference("2026-04-30").await, ("233.24".into(), 1));
        banked.shop.is_whole().await;
    });
}

#[test]
fn who_pays_within_the_days_of_a_discount_keeps_it() {
    run(async {
        let banked = Banked::new().await;
        let shop = &banked.shop;
        let terms =
            json!({"name": "2 % in 14 days", "days": 30, "discount_percent": "2", "discount_days": 14});
        let terms = id(&shop.owner.post("/v1/payment-terms", terms).await.is(201));
        // 119.00 each, of which 2.38 may be kept until 14 April.
        let invoice = async || {
            let lines = json!([shop.line("1", "100", &banked.tax)]);
            shop.invoice(lines, json!({"party_id": banked.bogdan, "payment_terms_id": terms})).await
        };
        let (early, late, partly) = (invoice().await, invoice().await, invoice().await);
        let line = json!({"description": "Paper", "quantity": "1", "unit_price": "50", "account_id": shop.account("6000")});
        let bill = json!({"party_id": banked.bogdan, "supplier_number": "F-77", "issued_on": "2026-03-31",
            "payment_terms_id": terms, "lines": [line]});
        let bill = shop.owner.post("/v1/bills", bill).await.is(201);
        let checker = shop.organization.caller(&["bills:read", "bills:approve"]).await;
        checker.act(&format!("/v1/bills/{}/approve", id(&bill))).await.is(200);
        shop.owner.act(&format!("/v1/bills/{}/post", id(&bill))).await.is(200);
        let number = |of: &Value| of["number"].as_str().unwrap().to_owned();
        let (first, second, third) = (number(&early), number(&late), number(&partly));
        let lines: [Told; 5] = [
            ("0414", 11_662, &first, STRANGER),
            ("0414", -4_900, "F-77", STRANGER),
            ("0415", 11_662, &second, STRANGER),
            ("0403", 1_000, &third, STRANGER),
            ("0404", 11_662, &third, STRANGER),
        ];
        let (statement, lines) = banked.take(&lines).await;
        banked.act(&lines[3], "match", json!({"items": [{"item_id": id(&partly)}]})).await.is(200);
        // What is surely paid early waits until there is an account for discounts; it is proposed all the same.
        let path = format!("/v1/bank-statements/{statement}/match");
        assert_eq!(shop.owner.act(&path).await.is(200)["matched"], 0);
        let best = async |line: &str| {
            let best = banked.line(line, "proposals").await["proposals"][0].clone();
            (id(&best), best["discount_amount"].clone(), best["amount"].clone(), best["reasons"].clone())
        };
        let reasons = json!(["reference", "amount", "discount"]);
        let wanted = (id(&early), json!("2.38"), json!("119.00"), reasons.clone());
        assert_eq!(best(&lines[0]).await, wanted);
        let wanted = (id(&bill), json!("1.00"), json!("-50.00"), reasons);
        assert_eq!(best(&lines[1]).await, wanted);
        // A day too late, and of what was partly paid before, nothing is kept.
        let only = json!(["reference"]);
        assert_eq!(best(&lines[2]).await, (id(&late), Value::Null, json!("119.00"), only.clone()));
        assert_eq!(best(&lines[4]).await, (id(&partly), Value::Null, json!("109.00"), only));

        for (code, kind, role) in
            [("4900", "income", "discounts_given"), ("7600", "income", "discounts_taken")]
        {
            let account = json!({"code": code, "name": role, "type": kind, "role": role});
            shop.owner.post("/v1/accounts", account).await.is(201);
        }
        // As it is proposed, by hand; and the other surely.
        let kept = json!({"items": [{"item_id": id(&bill), "discount_amount": "1.00"}]});
        banked.act(&lines[1], "match", kept).await.is(200);
        let matched = shop.owner.act(&path).await.is(200);
        assert_eq!((&matched["matched"], &matched["paid"]), (&json!(1), &json!(1)));
        assert_eq!(banked.stands("invoices", &early).await, ["paid", "0.00"]);
        assert_eq!(banked.stands("bills", &bill).await, ["paid", "0.00"]);
        assert_eq!(banked.stands("invoices", &late).await, ["posted", "119.00"]);
        let books = shop.books().await;
        // Of 2.38 on 119.00 2.00 are for the goods and 0.38 for the tax, which was 57.00 on all three.
        for (code, balance) in [("4900", "2"), ("7600", "-1"), ("2100", "-56.62")] {
            assert!(books.contains(&(code.to_owned(), balance.to_owned())), "{code} in {books:?}");
        }
        shop.is_whole().await;
        // Taken back, all of it is owed again.
        banked.act(&lines[0], "unmatch", json!({})).await.is(200);
        assert_eq!(banked.stands("invoices", &early).await, ["posted", "119.00"]);
        assert!(shop.books().await.contains(&("2100".to_owned(), "-57".to_owned())));
        shop.is_whole().await;
    });
}

#[test]
fn an_invoice_in_another_currency_is_settled_with_its_own_amount() {
    run(async {
        let banked = Banked::new().await;
        let rate = json!({"currency": "USD", "rated_on": "2026-03-31", "rate": "0.9"});
        banked.shop.owner.post("/v1/exchange-rates", rate).await.is(201);
        let lines = json!([banked.shop.line("1", "100", &banked.tax)]);
        // 119.00 dollars at 0.9 are 107.10 euros; 110.00 come in, and 2.90 are gained.
        let invoice = banked.shop.invoice(lines, json!({"party_id": banked.ana, "currency": "USD"})).await;
        let said = format!("INV {}", invoice["number"].as_str().unwrap());
        let (statement, lines) = banked.take(&[("0402", 11_000, &said, ANA)]).await;
        let matched = banked.shop.owner.act(&format!("/v1/bank-statements/{statement}/match")).await.is(200);
        assert_eq!(matched["matched"], 0);
        let proposal = banked.line(&lines[0], "proposals").await["proposals"][0].clone();
        assert_eq!(told(&proposal, ["currency", "amount"]), ["USD", "119.00"]);
        assert_eq!(proposal["reasons"].as_array().unwrap()[..2], [json!("reference"), json!("account")]);
        let item = id(&invoice);
        let problem = banked
            .act(&lines[0], "match", json!({"items": [{"item_id": item}]}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&problem)[0], ("/items/0/item_amount", "required"));
        let settled = json!({"items": [{"item_id": item, "item_amount": "119.00"}]});
        banked.act(&lines[0], "match", settled).await.is(200);
        assert_eq!(banked.stands("invoices", &invoice).await, ["paid", "0.00"]);
        let books = banked.shop.books().await;
        assert!(
            books.contains(&("7100".into(), "-2.9".into())) && books.contains(&("1010".into(), "110".into())),
            "{books:?}"
        );
        banked.shop.is_whole().await;
    });
}

#[test]
fn what_the_bank_returns_is_matched_with_what_was_voided() {
    run(async {
        let banked = Banked::new().await;
        let invoice = banked.invoice(&banked.ana, "100").await;
        let number = invoice["number"].as_str().unwrap();
        let (statement, lines) =
            banked.take(&[("0402", 11_900, number, ANA), ("0407", -11_900, "retur", ANA)]).await;
        banked.shop.owner.act(&format!("/v1/bank-statements/{statement}/match")).await.is(200);
        let payment = banked.line(&lines[0], "matches").await["matches"][0]["payment_id"].clone();
        let why = json!({"voided_on": "2026-04-07", "reason": "Returned by the bank"});
        banked
            .shop
            .owner
            .post(&format!("/v1/payments/{}/void", payment.as_str().unwrap()), why)
            .await
            .is(200);
        assert_eq!(banked.stands("invoices", &invoice).await, ["posted", "119.00"]);
        let proposal = banked.line(&lines[1], "proposals").await["proposals"][0].clone();
        assert_eq!(told(&proposal, ["kind", "amount"]), ["journal_entry", "-119.00"]);
        let entries = json!({"entries": [{"journal_entry_id": proposal["id"]}]});
        banked.act(&lines[1], "match", entries).await.is(200);
        assert_eq!(banked.difference("2026-04-30").await, ("0.00".into(), 0));
    });
}

#[test]
fn of_two_who_settle_the_same_invoice_one_wins() {
    run(async {
        let banked = Banked::new().await;
        let invoice = banked.invoice(&banked.ana, "100").await;
        let (_, lines) =
            banked.take(&[("0402", 11_900, "a", STRANGER), ("0402", 11_900, "b", STRANGER)]).await;
        let settle = |line: &str| {
            let (banked, line, body) =
                (&banked, line.to_owned(), json!({"items": [{"item_id": id(&invoice), "amount": "119.00"}]}));
            async move { banked.act(&line, "match", body).await }
        };
        let (one, other) = join(settle(&lines[0]), settle(&lines[1])).await;
        let mut told = [one.status, other.status];
        told.sort_unstable();
        assert_eq!(told, [200, 409]);
        assert_eq!(banked.stands("invoices", &invoice).await, ["paid", "0.00"]);
        assert_eq!(banked.difference("2026-04-30").await, ("119.00".into(), 1));
        banked.shop.is_whole().await;
    });
}

/// `bench/matching` tells how long ten thousand take.
#[test]
fn a_thousand_lines_settle_a_thousand_invoices_within_seconds() {
    run(async {
        let banked = Banked::new().await;
        let first = banked.invoice(&banked.ana, "100").await;
        // The same thousand times, each with a number and an amount of its own.
        let copies = format!(
            "begin; set local session_replication_role = replica;
            create temp table copies on commit drop as select n, gen_random_uuid() as id, 'COPY-' || lpad(n::text, 6, '0') as number, 100 + n % 500 as amount
                from generate_series(1, 1000) n;
            insert into invoices select (jsonb_populate_record(i, jsonb_build_object('id', c.id, 'number', c.number, 'net_amount', c.amount, 'tax_amount', 0,
                'total_amount', c.amount, 'base_net_amount', c.amount, 'base_tax_amount', 0, 'base_total_amount', c.amount, 'open_amount', c.amount))).*
                from invoices i, copies c where i.id = '{0}';
            insert into open_items select (jsonb_populate_record(o, jsonb_build_object('id', c.id, 'number', c.number, 'amount', c.amount, 'base_amount', c.amount,
                'open_amount', c.amount, 'open_base_amount', c.amount))).* from open_items o, copies c where o.id = '{0}';
            commit",
            id(&first)
        );
        crate::support::service().database().await.batch_execute(&copies).await.unwrap();
        let quotes: Vec<String> =
            (1..=1_000).map(|number| format!("plata COPY {number:06} COPY-{number:06}")).collect();
        let lines: Vec<Told> = quotes
            .iter()
            .zip(1_i64..)
            .map(|(said, number)| ("0402", (100 + number % 500) * 100, said.as_str(), STRANGER))
            .collect();
        let started = std::time::Instant::now();
        let (statement, _) = banked.take(&lines).await;
        let taking = started.elapsed();
        let started = std::time::Instant::now();
        let matched = banked.shop.owner.act(&format!("/v1/bank-statements/{statement}/match")).await.is(200);
        let matching = started.elapsed();
        println!("1,000 lines taken in {taking:?}, settled in {matching:?}");
        assert_eq!((&matched["matched"], &matched["paid"]), (&json!(1_000), &json!(1_000)));
        assert_eq!(banked.difference("2026-04-30").await, ("0.00".into(), 0));
        let left = "select count(*) from open_items where org_id = $1 and resource in ('invoices', 'payments') and open_amount > 0";
        let left = crate::support::service()
            .database()
            .await
            .query_one(left, &[&banked.shop.organization.id])
            .await
            .unwrap();
        assert_eq!(left.get::<_, i64>(0), 1);
        // Whoever is on a busy machine waits longer, and never for a loop over millions of pairs.
        assert!(matching.as_secs() < 30, "{matching:?}");
    });
}
