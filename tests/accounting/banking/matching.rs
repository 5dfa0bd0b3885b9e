//! Which line of a statement is what in the books: by a rule, by an entry that a person names, or surely.
use super::{Books, id, swift};
use crate::support::{Organization, run};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

#[test]
fn rules_book_what_looks_alike() {
    run(async {
        let books = Books::new("EUR", json!({"account_number": "1"})).await;
        let sales = books.owner.department("Sales", None).await;
        let rule = async |fields: Value| {
            let mut new = json!({"name": Uuid::now_v7().to_string(), "account_id": books.fees});
            new.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            books.owner.post("/v1/bank-rules", new).await
        };
        rule(json!({})).await.is_problem(422, "invalid-input");
        rule(json!({"text_contains": "x", "amount_from": "5.00", "amount_to": "4.00"}))
            .await
            .is_problem(422, "invalid-input");
        let small = rule(json!({"text_contains": "fee", "direction": "out", "amount_to": "10.00", "automatic": true, "position": 1, "description": "Fees", "department_id": sales})).await.is(201);
        // It would fit too, and comes later.
        rule(json!({"text_contains": "FEE", "automatic": true, "account_id": books.interest})).await.is(201);
        let rent = rule(json!({"text_contains": "rent"})).await.is(201);
        let file = swift(
            "1",
            1,
            "EUR",
            100_000,
            &[
                ("0302", -500, "FEE-1"),
                ("0303", -1_001, "FEE-2"),
                ("0304", 500, "FEE-BACK"),
                ("0305", -20_000, "RENT"),
            ],
        );
        let taken = books.take(file).await;
        assert_eq!((&taken["line_count"], &taken["booked_line_count"]), (&json!(4), &json!(3)));
        // 5.00 by the first; 10.01 is too much for it and goes by the second, as what comes in does: 10.01 - 5.00.
        assert_eq!((books.balance(&books.fees).await, books.balance(&books.interest).await), (500, 501));
        let first = books.lines(&format!("rule_id={}", id(&small))).await;
        assert_eq!(
            (first.len(), &first[0]["status"], &first[0]["amount"]),
            (1, &json!("booked"), &json!("-5.00"))
        );
        let lines = books.owner.get(&format!("/v1/journal-lines?department_id={sales}")).await.is(200);
        assert_eq!(lines["data"].as_array().unwrap().len(), 1);
        assert_eq!(books.reconciled("2026-03-31").await["difference"], "800.00");

        // The one that is not automatic waits until it is run.
        let run = books.owner.act(&format!("/v1/bank-rules/{}/run", id(&rent))).await.is(200);
        assert_eq!(run["booked"], 1);
        assert_eq!(books.owner.act(&format!("/v1/bank-rules/{}/run", id(&rent))).await.is(200)["booked"], 0);
        books.owner.act(&format!("/v1/bank-rules/{}/archive", id(&rent))).await.is(200);
        books.owner.act(&format!("/v1/bank-rules/{}/run", id(&rent))).await.is_problem(409, "invalid-state");

        // Where the books are closed, or the account asks for more, the line waits; the file is taken all the same.
        books
            .owner
            .patch(&format!("/v1/accounts/{}", books.fees), json!({"requires": ["project"]}))
            .await
            .is(200);
        let next = swift("1", 2, "EUR", 78_999, &[("0402", -100, "FEE-3"), ("0403", -1_500, "FEE-4")]);
        let taken = books.take(next).await;
        // The small one would be booked by the first rule, which names no project; the second takes it.
        assert_eq!(taken["booked_line_count"], 2);
        let periods = books.owner.get("/v1/fiscal-periods?limit=200").await.is(200);
        let may = periods["data"].as_array().unwrap().iter().find(|each| each["code"] == "2026-05").unwrap();
        books.owner.act(&format!("/v1/fiscal-periods/{}/close", id(may))).await.is(200);
        let taken = books.take(swift("1", 3, "EUR", 77_399, &[("0502", -100, "FEE-5")])).await;
        assert_eq!((&taken["line_count"], &taken["booked_line_count"]), (&json!(1), &json!(0)));
    });
}

#[test]
fn entries_explain_lines_to_the_cent_and_once() {
    run(async {
        let books = Books::new("EUR", json!({"account_number": "1"})).await;
        // Three transfers that the bank books as one, and one that it books in two parts.
        let mut run = Vec::new();
        for (reference, amount) in
            [("B-101", "500.00"), ("B-102", "700.00"), ("B-107", "600.00"), ("B-200", "90.00")]
        {
            run.push(books.post("2026-03-02", reference, &books.suppliers, &books.bank_ledger, amount).await);
        }
        let elsewhere = books.post("2026-03-02", "X", &books.fees, &books.suppliers, "1800.00").await;
        books
            .take(swift(
                "1",
                1,
                "EUR",
                300_000,
                &[("0303", -180_000, "RUN"), ("0304", -6_000, "B-200"), ("0305", -3_000, "REST")],
            ))
            .await;
        let lump = books.line("-1800.00").await;
        let entry = |index: usize, amount: &str| json!({"journal_entry_id": run[index], "amount": amount});
        let refused = async |entries: Value, code: &str| {
            let problem = books.act(&lump, "match", json!({"entries": entries})).await;
            assert!([409, 422].contains(&problem.status), "{}", problem.text);
            let told = problem.body["errors"][0]["code"].as_str().unwrap_or_default().to_owned();
            assert_eq!(told, code, "{}", problem.text);
        };
        refused(json!([entry(0, "-500.00"), entry(1, "-700.00")]), "does-not-add-up").await;
        refused(json!([entry(0, "-900.00"), entry(0, "-900.00")]), "repeated").await;
        // More than it moved, money that came and did not go, and an entry that moved nothing here.
        refused(json!([entry(0, "-501.00"), entry(1, "-699.00"), entry(2, "-600.00")]), "breaks-a-rule")
            .await;
        refused(json!([entry(0, "500.00"), entry(1, "-2300.00")]), "breaks-a-rule").await;
        refused(json!([{"journal_entry_id": elsewhere}]), "breaks-a-rule").await;
        refused(json!([{"journal_entry_id": Uuid::now_v7()}]), "unknown-reference").await;
        let all = json!({"entries": [entry(0, "-500.00"), entry(1, "-700.00"), entry(2, "-600.00")]});
        // Two at once: one wins.
        let answers = join_all((0..2).map(|_| books.act(&lump, "match", all.clone()))).await;
        let mut told: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        told.sort_unstable();
        assert_eq!(told, [200, 409]);
        let (part, rest) = (books.line("-60.00").await, books.line("-30.00").await);
        books.act(&part, "match", json!({"entries": [{"journal_entry_id": run[3]}]})).await.is(200);
        let open = books.reconciled("2026-03-31").await;
        assert_eq!(
            (&open["unmatched_entries"][0]["open"], &open["unmatched_entries"][0]["amount"]),
            (&json!("-30.00"), &json!("-90.00"))
        );
        let proposals = books.owner.get(&format!("/v1/bank-statement-lines/{rest}/proposals")).await.is(200);
        assert_eq!(
            (id(&proposals["proposals"][0]), &proposals["proposals"][0]["amount"]),
            (run[3].clone(), &json!("-30.00"))
        );
        // Of the same entry two lines want more than is left, at once.
        books.act(&rest, "match", json!({"entries": [{"journal_entry_id": run[3]}]})).await.is(200);
        assert_eq!(books.reconciled("2026-03-31").await["unmatched_entry_count"], 0);
        books.act(&part, "book", json!({"account_id": books.fees})).await.is_problem(409, "invalid-state");
        books.act(&part, "unmatch", json!({})).await.is(200);

        let bad = async |action: &str, body: Value, pointer: &str, code: &str| {
            let problem = books.act(&part, action, body).await.is_problem(422, "invalid-input");
            let fault = &problem["errors"][0];
            assert_eq!((&fault["pointer"], &fault["code"]), (&json!(pointer), &json!(code)), "{problem}");
        };
        let two = |one: &str, other: &str| json!({"parts": [{"account_id": books.fees, "amount": one}, {"account_id": books.interest, "amount": other}]});
        bad("split", two("-30.00", "-29.99"), "/parts", "does-not-add-up").await;
        bad("split", two("-60.005", "0.005"), "/parts/0/amount", "too-many-decimals").await;
        bad("split", two("-60.00", "0.00"), "/parts/1/amount", "zero").await;
        bad("book", json!({"account_id": books.bank_ledger}), "/account_id", "not-allowed").await;
        bad("book", json!({"account_id": Uuid::now_v7()}), "/account_id", "no-such-row").await;
        bad(
            "book",
            json!({"account_id": books.fees, "posted_on": "2025-12-31"}),
            "/posted_on",
            "no-fiscal-year",
        )
        .await;
        assert_eq!(books.lines("status=unmatched").await.len(), 1);
    });
}

#[test]
fn a_foreign_account_is_booked_at_the_rate_of_the_day() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let books = Books::of(owner, "RON", "EUR", json!({"iban": "DE89370400440532013000"})).await;
        let file =
            swift("DE89370400440532013000", 1, "EUR", 0, &[("0302", 10_000, "IN"), ("0303", -3_333, "OUT")]);
        books.take(file).await;
        let (came, went) = (books.line("100.00").await, books.line("-33.33").await);
        let problem = books
            .act(&came, "book", json!({"account_id": books.customers}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(problem["errors"][0]["code"], "no-rate");
        books
            .owner
            .post(
                "/v1/exchange-rates",
                json!({"currency": "EUR", "rated_on": "2026-03-01", "rate": "4.9755"}),
            )
            .await
            .is(201);
        books.act(&came, "book", json!({"account_id": books.customers})).await.is(200);
        // -33.33 at 4.9755 is -165.833415, rounded -165.83: in parts 20.00 (99.51) and 13.33 (66.323415, 66.32), which make 165.83.
        let parts = json!([{"account_id": books.fees, "amount": "-20.00"}, {"account_id": books.suppliers, "amount": "-13.33"}]);
        books.act(&went, "split", json!({"parts": parts})).await.is(200);
        assert_eq!(
            (books.balance(&books.bank_ledger).await, books.balance(&books.fees).await),
            (49_755 - 16_583, 9_951)
        );
        let report = books.reconciled("2026-03-31").await;
        assert_eq!(
            (&report["currency"], &report["bank_balance"], &report["ledger_balance"]),
            (&json!("EUR"), &json!("66.67"), &json!("66.67"))
        );
    });
}

#[test]
fn a_whole_statement_is_matched_with_what_it_surely_is() {
    run(async {
        let books = Books::new("EUR", json!({"account_number": "1"})).await;
        // One is quoted with its amount, one twice, one with another amount, one not at all.
        let mut entries = Vec::new();
        for (reference, amount) in
            [("INV-1", "10.00"), ("INV-2", "20.00"), ("INV-3", "30.00"), ("INV-4", "40.00")]
        {
            entries.push(
                books.post("2026-03-03", reference, &books.bank_ledger, &books.customers, amount).await,
            );
        }
        let lines = [
            ("0303", 1_000, "INV-1"),
            ("0303", 2_000, "INV-2"),
            ("0304", 2_000, "INV-2"),
            ("0304", 2_900, "INV-3"),
            ("0304", 4_000, "THANKS"),
        ];
        let taken = books.take(swift("1", 1, "EUR", 0, &lines)).await;
        let statement = format!("/v1/bank-statements/{}", id(&taken["statements"][0]));
        let matched = books.owner.act(&format!("{statement}/match")).await.is(200);
        assert_eq!((&matched["matched"], &matched["paid"]), (&json!(1), &json!(0)));
        let matched = books.lines("status=matched").await;
        assert_eq!((matched.len(), &matched[0]["amount"]), (1, &json!("10.00")));
        // What is left is proposed: the one that says thanks by its amount and its day.
        let thanks = books.line("40.00").await;
        let proposals =
            books.owner.get(&format!("/v1/bank-statement-lines/{thanks}/proposals")).await.is(200);
        let best = &proposals["proposals"][0];
        assert_eq!(
            (id(best), &best["score"], &best["reasons"]),
            (entries[3].clone(), &json!(40), &json!(["amount", "date"]))
        );
        assert_eq!(books.owner.act(&format!("{statement}/match")).await.is(200)["matched"], 0);
    });
}

/// `bench/matching` tells how long ten thousand take.
#[test]
fn two_thousand_lines_meet_two_thousand_entries_within_seconds() {
    run(async {
        let books = Books::new("EUR", json!({"account_number": "1"})).await;
        for batch in 0..2 {
            let entries: Vec<Value> = (1..=1000)
                .map(|number| {
                    let number = batch * 1000 + number;
                    let amount = format!("{}.00", 100 + number % 500);
                    let lines = json!([{"account_id": books.bank_ledger, "debit": amount}, {"account_id": books.customers, "credit": amount}]);
                    json!({"posted_on": "2026-03-02", "description": "Paid", "reference": format!("INV-{number:06}"), "lines": lines})
                })
                .collect();
            books.owner.post("/v1/journal-entries/post", json!({"entries": entries})).await.is(200);
        }
        let references: Vec<String> = (1..=2_000).map(|number| format!("INV-{number:06}")).collect();
        let lines: Vec<(&str, i64, &str)> = references
            .iter()
            .zip(1_i64..)
            .map(|(reference, number)| ("0303", (100 + number % 500) * 100, reference.as_str()))
            .collect();
        let started = std::time::Instant::now();
        let taken = books.take(swift("1", 1, "EUR", 0, &lines)).await;
        let taking = started.elapsed();
        assert_eq!(taken["line_count"], 2_000);
        let started = std::time::Instant::now();
        let path = format!("/v1/bank-statements/{}/match", id(&taken["statements"][0]));
        assert_eq!(books.owner.act(&path).await.is(200)["matched"], 2_000);
        let matching = started.elapsed();
        println!("2,000 lines taken in {taking:?}, matched in {matching:?}");
        assert_eq!(books.reconciled("2026-03-31").await["difference"], "0.00");
        // Whoever is on a busy machine waits longer, and never for a loop over millions of pairs.
        assert!(matching.as_secs() < 30, "{matching:?}");
    });
}
