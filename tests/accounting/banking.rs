//! Banks, as stories: statements are taken in once and without a gap, lines are booked, split, matched and taken back, and what
//! the ledger says of the bank is explained to the last line.
mod matching;

use crate::support::{Answer, Caller, Organization, Service, run, service};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::fmt::Write;
use uuid::Uuid;

const XML: &str = "application/xml";
const SWIFT: &str = "text/plain";

pub fn sample(name: &str) -> Vec<u8> {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/statements");
    std::fs::read(folder.join(name)).unwrap()
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// Books for 2026 in a currency, with an account at a bank.
struct Books {
    owner: Caller,
    /// The bank account, and the account of the ledger that keeps it.
    bank: String,
    bank_ledger: String,
    equity: String,
    fees: String,
    interest: String,
    customers: String,
    suppliers: String,
}

impl Books {
    async fn new(currency: &str, account: Value) -> Self {
        Self::of(Organization::new().await.owner().await, currency, currency, account).await
    }

    /// Books in one currency, with a bank account in another.
    async fn of(owner: Caller, currency: &str, banks: &str, account: Value) -> Self {
        owner.patch("/v1/organization", json!({"currency": currency})).await.is(200);
        let year = json!({"code": "2026", "starts_on": "2026-01-01", "ends_on": "2026-12-31"});
        owner.post("/v1/fiscal-years", year).await.is(201);
        let account_of = async |code: &str, kind: &str, role: Value| {
            let own = if role == "bank" { json!(banks) } else { Value::Null };
            let new = json!({"code": code, "name": code, "type": kind, "role": role, "currency": own});
            id(&owner.post("/v1/accounts", new).await.is(201))
        };
        let bank_ledger = account_of("5121", "asset", json!("bank")).await;
        let mut new = json!({"name": "Main", "currency": banks, "account_id": bank_ledger});
        new.as_object_mut().unwrap().extend(account.as_object().unwrap().clone());
        let bank = id(&owner.post("/v1/bank-accounts", new).await.is(201));
        Self {
            bank,
            bank_ledger,
            equity: account_of("1012", "equity", Value::Null).await,
            fees: account_of("627", "expense", Value::Null).await,
            interest: account_of("766", "income", Value::Null).await,
            customers: account_of("4111", "asset", json!("receivable")).await,
            suppliers: account_of("401", "liability", json!("payable")).await,
            owner,
        }
    }

    /// Books in lei, with the account of the sample of a week.
    async fn in_lei() -> Self {
        Self::new("RON", json!({"iban": "RO49AAAA1B31007593840000", "bic": "AAAAROBU"})).await
    }

    async fn send(&self, query: &str, kind: &str, file: impl Into<Vec<u8>>) -> Answer {
        send(&self.owner, query, kind, file).await
    }

    /// Statements that are taken: of the bank account, and with this name of its own.
    async fn take(&self, file: impl Into<Vec<u8>>) -> Value {
        self.send("", SWIFT, file).await.is(201)
    }

    /// An entry that was posted: from one account to another.
    async fn post(&self, day: &str, reference: &str, debit: &str, credit: &str, amount: &str) -> String {
        let lines = json!([{"account_id": debit, "debit": amount}, {"account_id": credit, "credit": amount}]);
        let new = json!({"posted_on": day, "description": format!("Entry {reference}"), "reference": reference, "lines": lines});
        let entry = id(&self.owner.post("/v1/journal-entries", new).await.is(201));
        self.owner.act(&format!("/v1/journal-entries/{entry}/post")).await.is(200);
        entry
    }

    async fn lines(&self, query: &str) -> Vec<Value> {
        let page = self.owner.get(&format!("/v1/bank-statement-lines?limit=200&{query}")).await.is(200);
        page["data"].as_array().unwrap().clone()
    }

    /// The line of this amount.
    async fn line(&self, amount: &str) -> String {
        let lines = self.lines("").await;
        let found = lines.iter().find(|line| line["amount"] == amount);
        id(found.unwrap_or_else(|| panic!("{amount} in {lines:#?}")))
    }

    async fn act(&self, line: &str, action: &str, body: Value) -> Answer {
        self.owner.post(&format!("/v1/bank-statement-lines/{line}/{action}"), body).await
    }

    async fn reconciled(&self, on: &str) -> Value {
        let path = format!("/v1/bank-accounts/{}/reconciliation?on={on}", self.bank);
        let found = self.owner.get(&path).await.is(200);
        assert_eq!(found["unexplained"], "0.00", "{found:#}");
        // The report for people ends where it should: its rows come to the bank's balance.
        let path = format!("/v1/reports/bank-reconciliation?bank_account_id={}&on={on}", self.bank);
        let report = self.owner.get(&path).await.is(200);
        let rows = report["rows"].as_array().unwrap();
        let cents =
            |row: &Value| row["cells"][3]["value"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        let sum = |level: i64| -> i64 {
            let parts = rows.iter().filter(|row| row["level"] == level && row["kind"] != "total");
            parts.map(cents).sum()
        };
        let bank = rows.iter().find(|row| row["key"] == "bank_balance").unwrap();
        assert_eq!((bank["cells"][3]["value"].clone(), sum(0)), (found["bank_balance"].clone(), cents(bank)));
        let groups: i64 = rows.iter().filter(|row| row["kind"] == "group").map(cents).sum();
        assert_eq!(sum(1), groups, "{report:#}");
        found
    }

    /// What the lines of an account of the ledger come to, debits less credits, in hundredths.
    async fn balance(&self, account: &str) -> i64 {
        let page = self.owner.get(&format!("/v1/journal-lines?limit=200&account_id={account}")).await.is(200);
        let cents = |amount: &Value| amount.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| cents(&line["debit"]) - cents(&line["credit"]))
            .sum()
    }

    /// Statements, lines and entries that there are.
    async fn counts(&self) -> [i64; 3] {
        let counting = "select (select count(*) from bank_statements where org_id = $1), (select count(*) from bank_statement_lines where org_id = $1),
            (select count(*) from journal_entries where org_id = $1)";
        let row = service().database().await.query_one(counting, &[&self.owner.organization]).await.unwrap();
        [row.get(0), row.get(1), row.get(2)]
    }
}

pub async fn send(caller: &Caller, query: &str, kind: &str, file: impl Into<Vec<u8>>) -> Answer {
    let path = format!("/v1/bank-statements?{query}");
    caller.request(Method::POST, &path).body(kind, file).send().await
}

/// A statement in MT940: its number, what the account opened with, and lines of `MMDD`, amount in hundredths and reference.
fn swift(account: &str, number: u32, currency: &str, opening: i64, lines: &[(&str, i64, &str)]) -> String {
    let money = |cents: i64| format!("{},{:02}", cents.abs() / 100, cents.abs() % 100);
    let mark = |cents: i64| if cents < 0 { "D" } else { "C" };
    let last = lines.last().map_or("0301", |line| line.0);
    let mut file = format!(
        ":20:S{number}\n:25:{account}\n:28C:{number}\n:60F:{}260301{currency}{}\n",
        mark(opening),
        money(opening)
    );
    for (day, amount, reference) in lines {
        writeln!(
            file,
            ":61:26{day}{day}{}{}NTRF{reference}\n:86:{reference} of {day}",
            mark(*amount),
            money(*amount)
        )
        .unwrap();
    }
    let closing = opening + lines.iter().map(|line| line.1).sum::<i64>();
    file + &format!(":62F:{}26{last}{currency}{}\n-\n", mark(closing), money(closing))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a day after the other, each with what it leaves behind")]
fn a_week_at_the_bank_is_booked_and_explained() {
    run(async {
        let books = Books::in_lei().await;
        books.post("2026-03-01", "OPEN", &books.bank_ledger, &books.equity, "12500.00").await;
        // Paid by hand before the statement comes.
        let paid = books
            .post("2026-03-03", "RF18539007547034", &books.suppliers, &books.bank_ledger, "2380.00")
            .await;

        let taken = books.send("", XML, sample("week.camt053.xml")).await;
        let location = taken.header("location").unwrap().to_owned();
        let taken = taken.is(201);
        let statement = &taken["statements"][0];
        assert_eq!(location, format!("/v1/bank-statements/{}", id(statement)));
        assert_eq!(
            (&taken["line_count"], &taken["known_line_count"], &taken["booked_line_count"]),
            (&json!(4), &json!(0), &json!(0))
        );
        for (field, value) in [
            ("bank_account_id", json!(books.bank)),
            ("ordinal", json!(1)),
            ("number", json!("17")),
            ("from_on", json!("2026-03-02")),
            ("to_on", json!("2026-03-04")),
            ("opening_balance", json!("12500.00")),
            ("closing_balance", json!("11319.75")),
            ("currency", json!("RON")),
            ("format", json!("camt053")),
            ("line_count", json!(4)),
        ] {
            assert_eq!(statement[field], value, "{field}");
        }
        assert_eq!(books.owner.get(&location).await.is(200), *statement);

        let unmatched =
            books.lines(&format!("statement_id={}&status=unmatched&sort=booked_on", id(statement))).await;
        let told: Vec<&str> = unmatched.iter().map(|line| line["amount"].as_str().unwrap()).collect();
        assert_eq!(told, ["1190.00", "-35.50", "-2380.00", "45.25"]);
        assert_eq!(unmatched[0]["available_actions"], json!(["book", "split", "match"]));
        assert_eq!(
            (&unmatched[2]["reference"], &unmatched[2]["counterparty_name"]),
            (&json!("RF18539007547034"), &json!("Hârtie și Tuș SA"))
        );

        // What was in the account before: the ledger knows it too.
        let before = books.reconciled("2026-03-01").await;
        assert_eq!((&before["bank_balance"], &before["difference"]), (&json!("12500.00"), &json!("0.00")));
        // The bank has 11319.75, the ledger 12500.00 - 2380.00.
        let at_first = books.reconciled("2026-03-04").await;
        assert_eq!(
            (&at_first["bank_balance"], &at_first["ledger_balance"]),
            (&json!("11319.75"), &json!("10120.00"))
        );
        // 1190.00 - 35.50 - 2380.00 + 45.25 on the one side, the transfer of -2380.00 on the other.
        assert_eq!(
            (&at_first["unmatched_lines_total"], &at_first["unmatched_entries_total"]),
            (&json!("-1180.25"), &json!("-2380.00"))
        );
        assert_eq!(
            (&at_first["unmatched_line_count"], &at_first["unmatched_entry_count"]),
            (&json!(4), &json!(1))
        );

        // The transfer is recognized by its reference, its amount and its day.
        let transfer = books.line("-2380.00").await;
        let proposals =
            books.owner.get(&format!("/v1/bank-statement-lines/{transfer}/proposals")).await.is(200);
        let best = &proposals["proposals"][0];
        assert_eq!(
            (id(best), &best["score"], &best["reasons"]),
            (paid.clone(), &json!(80), &json!(["reference", "amount", "date"]))
        );
        let matched =
            books.act(&transfer, "match", json!({"entries": [{"journal_entry_id": paid}]})).await.is(200);
        assert_eq!(
            (&matched["status"], &matched["available_actions"]),
            (&json!("matched"), &json!(["unmatch"]))
        );

        let fee = books.line("-35.50").await;
        books
            .act(&fee, "book", json!({"account_id": books.fees, "description": "Fees of March"}))
            .await
            .is(200);
        // Interest of 50.25, of which 5.00 were kept back.
        let parts = json!([{"account_id": books.interest, "amount": "50.25"}, {"account_id": books.fees, "amount": "-5.00", "description": "Tax kept back"}]);
        books.act(&books.line("45.25").await, "split", json!({"parts": parts})).await.is(200);
        assert_eq!((books.balance(&books.fees).await, books.balance(&books.interest).await), (4050, -5025));
        let entry = books
            .owner
            .get(&format!("/v1/journal-entries?resource=bank-statement-lines&resource_id={fee}"))
            .await;
        if entry.status == 200 {
            assert_eq!(entry.is(200)["data"][0]["description"], "Fees of March");
        }

        // 12500.00 - 2380.00 - 35.50 + 45.25; what is left is what the customer paid.
        let then = books.reconciled("2026-03-04").await;
        assert_eq!((&then["ledger_balance"], &then["difference"]), (&json!("10129.75"), &json!("1190.00")));
        assert_eq!(then["unmatched_lines"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&then["unmatched_lines"][0]["open"], &then["unmatched_entries"]),
            (&json!("1190.00"), &json!([]))
        );

        books.act(&books.line("1190.00").await, "book", json!({"account_id": books.customers})).await.is(200);
        let whole = books.reconciled("2026-03-04").await;
        assert_eq!((&whole["difference"], &whole["unmatched_line_count"]), (&json!("0.00"), &json!(0)));
        assert_eq!(books.lines("status=unmatched").await.len(), 0);

        // Taken back: the entry stays and is booked back, the line waits again.
        let again = books.act(&fee, "unmatch", json!({"posted_on": "2026-03-10"})).await.is(200);
        assert_eq!(again["status"], "unmatched");
        assert_eq!(books.balance(&books.fees).await, 500);
        let on_the_4th = books.reconciled("2026-03-04").await;
        assert_eq!(
            (&on_the_4th["difference"], &on_the_4th["unmatched_entries_total"]),
            (&json!("0.00"), &json!("-35.50"))
        );
        let later = books.reconciled("2026-03-10").await;
        assert_eq!(
            (&later["difference"], &later["unmatched_lines_total"], &later["unmatched_entry_count"]),
            (&json!("-35.50"), &json!("-35.50"), &json!(0))
        );
        // A match that is taken back leaves the entry as it was.
        books.act(&transfer, "unmatch", json!({})).await.is(200);
        assert_eq!(books.balance(&books.suppliers).await, 238_000);
        let history = books.owner.get(&format!("/v1/bank-statement-lines/{fee}/history")).await.is(200);
        let types: Vec<&str> =
            history["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types.len(), 3, "{types:?}");
    });
}

#[test]
fn nothing_is_taken_twice() {
    run(async {
        let books = Books::new("EUR", json!({"account_number": "37040044/0532013000"})).await;
        let (a, b, c) = (("0302", 10_000, "A"), ("0303", -2_500, "B"), ("0303", -2_500, "B"));
        // 1000.00 + 100.00 - 25.00 - 25.00, of which the last two look the same and are two.
        let first = swift("37040044/0532013000", 1, "EUR", 100_000, &[a, b, c]);
        assert_eq!(books.take(first.clone()).await["line_count"], 3);
        let problem = books.send("", SWIFT, first.clone()).await.is_problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("very file"), "{problem}");

        // The bank makes the same statement anew: other bytes, the same lines.
        let anew = first.replace(":20:S1", ":20:ANEW");
        let problem = books.send("", SWIFT, anew).await.is_problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("is known"), "{problem}");
        assert_eq!(books.counts().await, [1, 3, 0]);

        // Two files overlap: the second begins behind A, with the two Bs, and goes on.
        let second = swift(
            "37040044/0532013000",
            2,
            "EUR",
            110_000,
            &[b, c, ("0304", 500, "D"), ("0304", -2_500, "B")],
        );
        let taken = books.take(second).await;
        assert_eq!((&taken["line_count"], &taken["known_line_count"]), (&json!(2), &json!(2)));
        let statement = &taken["statements"][0];
        assert_eq!(
            (&statement["opening_balance"], &statement["closing_balance"]),
            (&json!("1050.00"), &json!("1030.00"))
        );
        assert_eq!((&statement["ordinal"], &statement["known_line_count"]), (&json!(2), &json!(2)));
        assert_eq!(books.counts().await, [2, 5, 0]);

        // The same once more on the same day, and the balances say that it is another.
        let third = swift("37040044/0532013000", 3, "EUR", 103_000, &[("0304", -2_500, "B")]);
        assert_eq!(books.take(third).await["line_count"], 1);
        assert_eq!(books.counts().await, [3, 6, 0]);

        // Two send the same file at once: one wins.
        let fourth = swift("37040044/0532013000", 4, "EUR", 100_500, &[("0305", 100, "E")]);
        let answers = join_all((0..4).map(|_| books.send("", SWIFT, fourth.clone()))).await;
        let mut told: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        told.sort_unstable();
        assert_eq!((told, books.counts().await), (vec![201, 409, 409, 409], [4, 7, 0]));

        // With an Idempotency-Key the answer comes again, and a dry run leaves nothing.
        let fifth = swift("37040044/0532013000", 5, "EUR", 100_600, &[("0306", 100, "F")]);
        let dry = books.send("dry_run=true", SWIFT, fifth.clone()).await;
        assert_eq!(dry.header("dry-run"), Some("true"));
        assert_eq!((&dry.is(201)["line_count"], books.counts().await), (&json!(1), [4, 7, 0]));
        let keyed = async || {
            let request =
                books.owner.request(Method::POST, "/v1/bank-statements").header("idempotency-key", "fifth");
            request.body(SWIFT, fifth.clone()).send().await
        };
        let once = keyed().await.is(201);
        let twice = keyed().await;
        assert_eq!(twice.header("idempotency-replayed"), Some("true"));
        assert_eq!((twice.is(201), books.counts().await), (once, [5, 8, 0]));
    });
}

#[test]
fn statements_follow_each_other_without_a_gap() {
    run(async {
        let books = Books::new("EUR", json!({"account_number": "0532013000"})).await;
        let file = |number, opening, day: &'static str| {
            swift("0532013000", number, "EUR", opening, &[(day, 10_000, "X")])
        };
        books.take(file(1, 100_000, "0302")).await;
        // It closed with 1100.00; the next opens with 1150.00.
        let problem = books.send("", SWIFT, file(3, 115_000, "0305")).await.is_problem(409, "conflict");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("1150.00") && detail.contains("1100.00") && detail.contains("50.00 are missing"),
            "{detail}"
        );
        assert_eq!(problem["errors"][0]["code"], "gap");
        // What lies between comes, and then it follows: in one file, the later first.
        let between = swift("0532013000", 2, "EUR", 110_000, &[("0304", 5_000, "Y")]);
        let both = file(3, 115_000, "0305") + &between;
        let taken = books.take(both).await;
        let numbers: Vec<&Value> =
            taken["statements"].as_array().unwrap().iter().map(|each| &each["number"]).collect();
        assert_eq!(numbers, ["2", "3"]);
        assert_eq!(books.counts().await, [3, 3, 0]);
        // A file with a gap within leaves nothing, its first statement neither.
        let torn = file(4, 125_000, "0306") + &file(6, 140_000, "0308");
        books.send("", SWIFT, torn).await.is_problem(409, "conflict");
        assert_eq!(books.counts().await, [3, 3, 0]);

        // The last can be taken back, as long as nothing explains its lines; an earlier one can not.
        let path = |each: &Value| format!("/v1/bank-statements/{}", id(each));
        let (second, third) = (&taken["statements"][0], &taken["statements"][1]);
        books.owner.delete(&path(second)).await.is_problem(409, "in-use");
        let line = id(&books.lines(&format!("statement_id={}", id(third))).await[0]);
        books.act(&line, "book", json!({"account_id": books.interest})).await.is(200);
        books.owner.delete(&path(third)).await.is_problem(409, "in-use");
        books.act(&line, "unmatch", json!({})).await.is(200);
        books.owner.delete(&path(third)).await.is(204);
        books.owner.delete(&path(second)).await.is(204);
        assert_eq!(books.counts().await, [1, 1, 2]);
        books.take(between).await;
        // It is told by no other door either.
        let service = service().as_service().await;
        let closing = "update bank_statements set closing_balance = 0";
        assert!(service.batch_execute(closing).await.is_err());
        assert!(service.batch_execute("update bank_statement_lines set amount = 1").await.is_err());
        assert!(service.batch_execute("delete from bank_statement_lines").await.is_err());
    });
}

#[test]
fn a_file_is_of_our_account_and_in_its_currency() {
    run(async {
        let books = Books::in_lei().await;
        let stranger = swift("DE89370400440532013000", 1, "RON", 0, &[("0302", 100, "X")]);
        let problem = books.send("", SWIFT, stranger.clone()).await.is_problem(422, "invalid-input");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!("/1/account"), &json!("another-account"))
        );
        let named = format!("bank_account_id={}", books.bank);
        let problem = books.send(&named, SWIFT, stranger).await.is_problem(422, "invalid-input");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("not of Main"), "{problem}");
        let euros = swift("RO49AAAA1B31007593840000", 1, "EUR", 0, &[("0302", 100, "X")]);
        let problem = books.send("", SWIFT, euros).await.is_problem(422, "invalid-input");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!("/1/currency"), &json!("another-currency"))
        );
        // Banks write the currency behind the number.
        let behind = swift("RO49AAAA1B31007593840000RON", 1, "RON", 0, &[("0302", 100, "X")]);
        books.take(behind).await;
        let problem = books
            .send(&format!("bank_account_id={}", Uuid::now_v7()), SWIFT, "x")
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(
            (&problem["errors"][0]["parameter"], &problem["errors"][0]["code"]),
            (&json!("bank_account_id"), &json!("unknown-reference"))
        );
        // Another organization's account is nobody's.
        let theirs = Books::in_lei().await;
        let theirs = format!("bank_account_id={}", theirs.bank);
        let foreign = books.send(&theirs, SWIFT, "x").await.is_problem(422, "invalid-input");
        assert_eq!(foreign["errors"], problem["errors"]);

        books.owner.act(&format!("/v1/bank-accounts/{}/archive", books.bank)).await.is(200);
        let next = swift("RO49AAAA1B31007593840000", 2, "RON", 100, &[("0303", 100, "X")]);
        let problem = books.send("", SWIFT, next).await.is_problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("archived"), "{problem}");

        // An account of several statements at once: a current account and a card.
        let french = Books::new("EUR", json!({"account_number": "0500013M026"})).await;
        let problem =
            french.send("", "application/x-ofx", sample("card.ofx")).await.is_problem(422, "invalid-input");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("4970100000000154"), "{problem}");
        let card = json!({"code": "5126", "name": "Card", "type": "liability", "role": "bank"});
        let card = id(&french.owner.post("/v1/accounts", card).await.is(201));
        let card = json!({"name": "Card", "currency": "EUR", "account_id": card, "account_number": "4970100000000154"});
        french.owner.post("/v1/bank-accounts", card).await.is(201);
        let taken = french.send("", "application/octet-stream", sample("card.ofx")).await.is(201);
        assert_eq!((taken["statements"].as_array().unwrap().len(), &taken["line_count"]), (2, &json!(3)));
        assert_eq!(french.reconciled("2026-03-31").await["bank_balance"], "-20.40");
    });
}

#[test]
fn a_bank_account_is_one_account_of_the_ledger() {
    run(async {
        let books = Books::in_lei().await;
        let refused = async |fields: Value, pointer: &str, code: &str| {
            let mut new = json!({"name": "Other", "currency": "RON", "account_id": books.bank_ledger, "account_number": "1"});
            new.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            let problem = books.owner.post("/v1/bank-accounts", new).await;
            assert!([409, 422].contains(&problem.status), "{}", problem.text);
            let fault = problem.body["errors"][0].clone();
            assert_eq!((&fault["pointer"], &fault["code"]), (&json!(pointer), &json!(code)), "{fields}");
        };
        refused(json!({}), "/account_id", "already-taken").await;
        refused(json!({"account_id": books.fees}), "/account_id", "wrong-role").await;
        refused(json!({"iban": "RO49AAAA1B31007593840001"}), "/iban", "wrong-check-digits").await;
        refused(json!({"account_number": null}), "/iban", "required").await;
        refused(json!({"currency": "XYZ"}), "/currency", "no-such-currency").await;
        refused(json!({"currency": "EUR"}), "/account_id", "other-currency").await;
        let clear =
            books.owner.patch(&format!("/v1/bank-accounts/{}", books.bank), json!({"iban": null})).await;
        assert_eq!(clear.is_problem(422, "invalid-input")["errors"][0]["pointer"], "/iban");
    });
}

#[test]
fn what_is_no_statement_leaves_nothing() {
    run(async {
        let books = Books::in_lei().await;
        let week = String::from_utf8(sample("week.camt053.xml")).unwrap();
        let bomb = format!(
            "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY a \"{}\"><!ENTITY b \"{}\">]>\n<Document>&b;</Document>",
            "x".repeat(1000),
            "&a;".repeat(1000)
        );
        for (file, pointer, code) in [
            (bomb, "/2/!DOCTYPE", "not-allowed"),
            (week[..week.len() / 2].to_owned(), "/63/NtryDtls", "truncated"),
            (week.replacen("</Amt>", "</Amount>", 1), "/23/Amt", "malformed"),
            (
                week.replacen("<Amt Ccy=\"RON\">35.50", "<Amt Ccy=\"RON\">35.5O", 1),
                "/65/Ntry/Amt",
                "wrong-format",
            ),
            (week.replacen("11319.75", "11319.76", 1), "/8/closing balance", "does-not-add-up"),
            ("hello".to_owned(), "/1", "unknown-format"),
        ] {
            let problem = books.send("", XML, file).await.is_problem(422, "invalid-input");
            let fault = &problem["errors"][0];
            let told = (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap());
            assert!(
                told.1 == code && (told.0 == pointer || code == "truncated"),
                "{told:?} and not {pointer} {code}"
            );
            assert!(fault["detail"].as_str().unwrap().starts_with("line "), "{fault}");
        }
        books.send("", "image/png", week.clone()).await.is_problem(415, "unsupported-media-type");
        // Who may not is told that first.
        let nobody = Organization { id: books.owner.organization }.caller(&["employees:read"]).await;
        send(&nobody, "", "image/png", week.clone()).await.is_problem(403, "forbidden");
        books.send("", "text/csv", "a;b\n").await.is_problem(422, "invalid-input");
        let reader = Organization { id: books.owner.organization }.caller(&["bank-statements:read"]).await;
        send(&reader, "", XML, week).await.is_problem(403, "forbidden");
        assert_eq!(books.counts().await, [0, 0, 0]);
    });
}

#[test]
fn a_hundred_megabytes_are_refused_and_not_kept() {
    run(async {
        let books = Books::in_lei().await;
        let (base, _, mut child) = Service::spawn(&service().url, &["--workers", "1", "--connections", "2"]);
        let memory = |child: &std::process::Child| -> u64 {
            let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
            let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
            peak.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
        };
        let warm =
            books.owner.request(Method::POST, "/v1/bank-statements").body(XML, sample("batch.camt053.xml"));
        warm.to(&base).send().await.is_problem(422, "invalid-input");
        let before = memory(&child);
        let mut huge = b"<Document><BkToCstmrStmt><Stmt>".to_vec();
        huge.resize(100 << 20, b' ');
        let announced = books
            .owner
            .request(Method::POST, "/v1/bank-statements")
            .body(XML, huge)
            .to(&base)
            .try_send()
            .await;
        // The service may end the connection before all of it is sent.
        assert!(announced.is_err() || announced.is_ok_and(|answer| answer.status == 413));
        // 31 MiB of small entries are read, to the last, and refused for the first of their faults.
        let mut full = String::from("<Document><BkToCstmrStmt><Stmt>");
        while full.len() < 31 << 20 {
            full.push_str(
                "<Ntry><Amt Ccy=\"RON\">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>INFO</Sts></Ntry>\n",
            );
        }
        full.push_str("</Stmt></BkToCstmrStmt></Document>");
        let read =
            books.owner.request(Method::POST, "/v1/bank-statements").body(XML, full).to(&base).send().await;
        read.is_problem(422, "invalid-input");
        let after = memory(&child);
        let _ = child.kill();
        let _ = child.wait();
        assert!(after < before + 64, "{before} MiB before, {after} MiB after");
        assert_eq!(books.counts().await, [0, 0, 0]);
    });
}

#[test]
fn csv_is_read_by_a_mapping() {
    run(async {
        let books = Books::in_lei().await;
        books.send("", XML, sample("week.camt053.xml")).await.is(201);
        let mapping = json!({"name": "Two columns", "delimiter": "semicolon", "skipped_lines": 2, "date_format": "DD.MM.YYYY", "decimal_separator": "comma",
            "booking_day": "Data", "value_day": "Data valutei", "debit": "Debit", "credit": "Credit", "balance": "Sold", "counterparty_name": "Partener",
            "counterparty_account": "IBAN partener", "text": "Detalii", "bank_reference": "Referință"});
        let wrong = async |fields: Value| {
            let mut wrong = mapping.clone();
            wrong.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            books.owner.post("/v1/bank-statement-mappings", wrong).await.is_problem(422, "invalid-input")
        };
        assert_eq!(wrong(json!({"date_format": "DD.MM.DD"})).await["errors"][0]["pointer"], "/date_format");
        wrong(json!({"amount": "Suma"})).await;
        wrong(json!({"direction": "Tip"})).await;
        let mapping = id(&books.owner.post("/v1/bank-statement-mappings", mapping).await.is(201));

        let file = sample("two-columns.csv");
        let problem = books
            .send(&format!("mapping_id={mapping}"), "text/csv", file.clone())
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(problem["errors"][0]["parameter"], "bank_account_id");
        let named = format!("bank_account_id={}", books.bank);
        let problem = books.send(&named, "text/csv", file.clone()).await.is_problem(422, "invalid-input");
        assert_eq!(problem["errors"][0]["code"], "mapping-required");
        let taken = books.send(&format!("{named}&mapping_id={mapping}"), "text/csv", file).await.is(201);
        let statement = &taken["statements"][0];
        // It goes on where the week ended, as its balances say.
        assert_eq!(
            (&statement["opening_balance"], &statement["closing_balance"]),
            (&json!("11319.75"), &json!("10094.00"))
        );
        assert_eq!((&statement["format"], &statement["ordinal"]), (&json!("csv"), &json!(2)));
        // The next file of the account is read by it too, unless it names another: it has just been, so all of it is known.
        let again = String::from_utf8(sample("two-columns.csv")).unwrap() + "\n";
        let problem = books.send(&named, "text/csv", again).await.is_problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("is known"), "{problem}");
        books.owner.delete(&format!("/v1/bank-statement-mappings/{mapping}")).await.is_problem(409, "in-use");
        books.owner.get(&format!("/v1/bank-rules?bank_account_id={}", books.bank)).await.is(200);
    });
}

#[test]
fn a_file_without_balances_goes_on_from_the_last() {
    run(async {
        let books = Books::new("USD", json!({"account_number": "1"})).await;
        let mapping = json!({"name": "Signed", "date_format": "YYYY-MM-DD", "booking_day": "Date", "amount": "Amount", "currency": "Currency",
            "counterparty_name": "Payee", "text": "Memo", "reference": "Reference"});
        let mapping = id(&books.owner.post("/v1/bank-statement-mappings", mapping).await.is(201));
        let query = format!("bank_account_id={}&mapping_id={mapping}", books.bank);
        let taken = books
            .send(&format!("{query}&opening_balance=497.95"), "text/csv", sample("signed.csv"))
            .await
            .is(201);
        // 497.95 - 45.20 + 1200.00 - 1250.00.
        assert_eq!(taken["statements"][0]["closing_balance"], "402.75");
        let april = "Date,Amount,Currency,Payee,Memo,Reference\n2026-03-31,\"-1,250.00\",USD,\"City Rent, Inc.\",Rent April,RENT-4\n2026-04-02,10.00,USD,,,\n";
        let taken = books.send(&query, "text/csv", april).await.is(201);
        let statement = &taken["statements"][0];
        assert_eq!((&taken["line_count"], &taken["known_line_count"]), (&json!(1), &json!(1)));
        assert_eq!(
            (&statement["opening_balance"], &statement["closing_balance"]),
            (&json!("402.75"), &json!("412.75"))
        );
    });
}
