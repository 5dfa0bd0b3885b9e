//! The chart, dimensions, drafts, posting and reversing.
use crate::support::{Organization, run, service};
use crate::{Company, decimal, faults, text};
use serde_json::{Value, json};

#[test]
fn a_chart_is_loaded_once() {
    run(async {
        for (template, least) in [("general", 80), ("ro", 120)] {
            let owner = Organization::new().await.owner().await;
            let chart = json!({"template": template});
            let loaded = owner.post("/v1/accounts/load-template", chart.clone()).await.is(200);
            let counted = owner.get("/v1/accounts?limit=1&count=true").await.is(200)["total"].clone();
            assert_eq!(loaded["accounts"], counted);
            let postable = owner.get("/v1/accounts?limit=1&count=true&is_group=false").await.is(200);
            assert!(postable["total"].as_i64().unwrap() >= least, "{template}: {postable}");
            owner.post("/v1/accounts/load-template", chart).await.is_problem(409, "conflict");
            assert_eq!(owner.get("/v1/accounts?limit=1&count=true").await.is(200)["total"], counted);
        }
    });
}

#[test]
fn a_chart_is_a_tree_whose_groups_take_no_postings() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        let account = |code: &str, parent: Value, is_group: bool| json!({"code": code, "name": code, "type": "asset", "parent_id": parent, "is_group": is_group});
        let top = text(&owner.post("/v1/accounts", account("X1", Value::Null, true)).await.is(201)["id"]);
        let below = text(&owner.post("/v1/accounts", account("X11", json!(top), true)).await.is(201)["id"]);
        let leaf =
            text(&owner.post("/v1/accounts", account("X111", json!(below), false)).await.is(201)["id"]);
        // No ring, and nothing stands in what takes postings.
        owner
            .patch(&format!("/v1/accounts/{top}"), json!({"parent_id": below}))
            .await
            .is_problem(409, "conflict");
        assert_eq!(
            faults(owner.post("/v1/accounts", account("X2", json!(leaf), false)).await),
            [("/parent_id".into(), "no-group".into())]
        );
        owner
            .patch(&format!("/v1/accounts/{below}"), json!({"is_group": false}))
            .await
            .is_problem(409, "conflict");
        // A group takes no postings, and what was posted to becomes no group.
        let mut entry = company.entry("2026-03-01", &[("1010", "5.00", ""), ("1030", "", "5.00")]);
        entry["lines"][0]["account_id"] = json!(below);
        assert_eq!(
            faults(company.try_to_post(entry.clone()).await),
            [("/entries/0/lines/0/account_id".into(), "is-group".into())]
        );
        entry["lines"][0]["account_id"] = json!(leaf);
        company.try_to_post(entry).await.is(200);
        owner
            .patch(&format!("/v1/accounts/{leaf}"), json!({"is_group": true}))
            .await
            .is_problem(409, "conflict");
        owner
            .patch(&format!("/v1/accounts/{leaf}"), json!({"type": "liability"}))
            .await
            .is_problem(409, "conflict");
        owner.delete(&format!("/v1/accounts/{leaf}")).await.is_problem(409, "in-use");
        owner.act(&format!("/v1/accounts/{leaf}/archive")).await.is(200);
        let mut entry = company.entry("2026-03-01", &[("1010", "5.00", ""), ("1030", "", "5.00")]);
        entry["lines"][1]["account_id"] = json!(leaf);
        assert_eq!(
            faults(company.try_to_post(entry).await),
            [("/entries/0/lines/1/account_id".into(), "archived".into())]
        );
    });
}

#[test]
fn a_draft_is_changed_and_what_is_posted_stays() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        // A draft may be as far as somebody got.
        let half = company.entry("2026-03-05", &[("1010", "100.00", "")]);
        let draft = owner.post("/v1/journal-entries", half).await.is(201);
        let path = format!("/v1/journal-entries/{}", text(&draft["id"]));
        assert_eq!(
            (&draft["status"], &draft["number"], &draft["total"]),
            (&json!("draft"), &Value::Null, &json!("100.00"))
        );
        assert_eq!(
            faults(owner.act(&format!("{path}/post")).await),
            [("/lines".into(), "too-few".into()), ("/lines".into(), "unbalanced".into())]
                .map(|(a, b): (String, String)| (a, b))
        );
        let whole =
            company.entry("2026-03-05", &[("1010", "100.00", ""), ("1030", "", "100.00")])["lines"].clone();
        owner.patch(&path, json!({"lines": whole, "description": "Cash to the bank"})).await.is(200);
        let posted = owner.act(&format!("{path}/post")).await.is(200);
        assert_eq!(
            (&posted["status"], &posted["number"], &posted["total"]),
            (&json!("posted"), &json!("GEN-2026-00001"), &json!("100.00"))
        );
        assert_eq!(
            (&posted["lines"][0]["debit"], &posted["lines"][0]["credit"]),
            (&json!("100.00"), &Value::Null)
        );
        // From here on nobody changes it: not a caller, not a program, not the owner of the tables.
        owner.patch(&path, json!({"description": "Other"})).await.is_problem(409, "conflict");
        owner.delete(&path).await.is_problem(409, "conflict");
        let database = service().database().await;
        let id = text(&draft["id"]);
        for statement in [
            "update journal_entries set description = 'Other' where id = $1::text::uuid",
            "delete from journal_entries where id = $1::text::uuid",
            "update journal_lines set debit = debit + 1 where entry_id = $1::text::uuid and debit > 0",
            "delete from journal_lines where entry_id = $1::text::uuid",
            "insert into journal_lines (org_id, id, entry_id, line, posted_on, account_id, debit, currency)
                select org_id, gen_random_uuid(), entry_id, 3, posted_on, account_id, 1, currency from journal_lines where entry_id = $1::text::uuid limit 1",
        ] {
            let refused = database.execute(statement, &[&id]).await;
            // A line that was added is found when its transaction ends.
            assert!(refused.is_err(), "{statement}");
        }
        let lines = owner.get(&format!("/v1/journal-lines?entry_id={id}")).await.is(200);
        assert_eq!(lines["data"].as_array().unwrap().len(), 2);
        // Booked back once, on a day of its own.
        let back = json!({"reversed_on": "2026-04-01", "reason": "Booked twice"});
        owner
            .post(&format!("{path}/reverse"), json!({"reversed_on": "2026-03-04", "reason": "Too early"}))
            .await
            .is_problem(422, "invalid-input");
        let reversed = owner.post(&format!("{path}/reverse"), back.clone()).await.is(200);
        assert_eq!(reversed["status"], "reversed");
        let mirror =
            owner.get(&format!("/v1/journal-entries/{}", text(&reversed["reversed_by_id"]))).await.is(200);
        assert_eq!(
            (&mirror["reversal_of_id"], &mirror["posted_on"], &mirror["lines"][0]["credit"]),
            (&draft["id"], &json!("2026-04-01"), &json!("100.00"))
        );
        owner.post(&format!("{path}/reverse"), back).await.is_problem(409, "invalid-state");
        assert_eq!(company.balance(company.account("1010"), "2026-03-31").await, decimal("100"));
        assert_eq!(company.balance(company.account("1010"), "2026-04-01").await, decimal("0"));
    });
}

#[test]
fn all_that_is_wrong_with_an_entry_is_told_and_nothing_is_written() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        let elsewhere = Company::new().await;
        let line = |account: &str, more: Value| {
            let mut line = json!({"account_id": account});
            line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            line
        };
        let bank = company.account("1010");
        let archived =
            text(&owner.post("/v1/cost-centres", json!({"code": "OLD", "name": "Old"})).await.is(201)["id"]);
        owner.act(&format!("/v1/cost-centres/{archived}/archive")).await.is(200);
        let lines = json!([
            line(bank, json!({"debit": "100.005"})),
            line(elsewhere.account("1010"), json!({"credit": "1.00"})),
            line(bank, json!({"debit": "1.00", "credit": "1.00"})),
            line(bank, json!({"debit": "0.00"})),
            line(bank, json!({"credit": "-5.00"})),
            line(bank, json!({"debit": "1.00", "cost_centre_id": archived})),
            line(bank, json!({"foreign_debit": "1.00", "currency": "USD"})),
            line(bank, json!({"debit": "1.00", "department_id": "01900000-0000-7000-8000-000000000000"})),
        ]);
        let entry = json!({"posted_on": "2026-03-01", "description": "Wrong", "lines": lines});
        let mut found = faults(company.try_to_post(entry).await);
        found.sort();
        let at = |line: usize, field: &str, code: &str| {
            (format!("/entries/0/lines/{line}{field}"), code.to_owned())
        };
        let mut wanted = [
            at(0, "/debit", "too-many-decimals"),
            at(1, "/account_id", "no-such-row"),
            at(2, "", "two-sided"),
            at(3, "", "zero"),
            at(4, "/credit", "negative"),
            at(5, "/cost_centre_id", "archived"),
            at(6, "/rate", "no-rate"),
            at(7, "/department_id", "no-such-row"),
        ];
        wanted.sort();
        assert_eq!(found, wanted);
        // Unbalanced; outside any year; one wrong entry keeps all from being posted.
        let right = company.entry("2026-03-01", &[("1010", "1.00", ""), ("1030", "", "1.00")]);
        let unbalanced = company.entry("2026-03-01", &[("1010", "1.00", ""), ("1030", "", "1.01")]);
        let late = company.entry("2031-03-01", &[("1010", "1.00", ""), ("1030", "", "1.00")]);
        let all = owner.post("/v1/journal-entries/post", json!({"entries": [right, unbalanced, late]})).await;
        assert_eq!(
            faults(all),
            [
                ("/entries/1/lines".into(), "unbalanced".into()),
                ("/entries/2/posted_on".into(), "no-fiscal-year".into())
            ]
            .map(|(a, b): (String, String)| (a, b))
        );
        let entries = owner.get("/v1/journal-entries?count=true").await.is(200);
        assert_eq!(entries["total"], 0);
    });
}

#[test]
fn an_account_asks_for_the_dimensions_that_it_requires() {
    run(async {
        let company = Company::new().await;
        let travel = json!({"code": "TRAVEL", "name": "Travel", "type": "expense", "requires": ["department", "cost_centre"]});
        let travel = text(&company.owner.post("/v1/accounts", travel).await.is(201)["id"]);
        let mut entry = company.entry("2026-03-01", &[("1010", "", "80.00"), ("1030", "80.00", "")]);
        entry["lines"][1]["account_id"] = json!(travel);
        assert_eq!(
            faults(company.try_to_post(entry.clone()).await),
            [
                ("/entries/0/lines/1/cost_centre_id".into(), "required".into()),
                ("/entries/0/lines/1/department_id".into(), "required".into())
            ]
            .map(|(a, b): (String, String)| (a, b))
        );
        let centre =
            company.owner.post("/v1/cost-centres", json!({"code": "SALES", "name": "Sales"})).await.is(201);
        entry["lines"][1]["cost_centre_id"] = centre["id"].clone();
        entry["lines"][1]["department_id"] = json!(company.owner.department("Sales", None).await);
        company.try_to_post(entry).await.is(200);
    });
}

#[test]
fn an_accrual_is_booked_back_on_its_day() {
    run(async {
        let company = Company::new().await;
        let mut entry = company.entry("2026-03-31", &[("1010", "", "300.00"), ("1030", "300.00", "")]);
        entry["reverse_on"] = json!("2026-03-31");
        assert_eq!(
            faults(company.try_to_post(entry.clone()).await),
            [("/entries/0/reverse_on".into(), "not-after".into())]
        );
        entry["reverse_on"] = json!("2026-04-01");
        let posted = company.try_to_post(entry).await.is(200)["data"][0].clone();
        assert_eq!(posted["status"], "reversed");
        assert_eq!(company.balance(company.account("1030"), "2026-03-31").await, decimal("300"));
        assert_eq!(company.balance(company.account("1030"), "2026-04-01").await, decimal("0"));
    });
}

#[test]
fn many_accruals_are_booked_back_in_one_step_or_not_at_all() {
    run(async {
        let company = Company::new().await;
        let accrual = |on: &str, back: &str| {
            let mut entry = company.entry(on, &[("1010", "", "10.00"), ("1030", "10.00", "")]);
            entry["reverse_on"] = json!(back);
            entry
        };
        let post = async |entries: Value| {
            company.owner.post("/v1/journal-entries/post", json!({ "entries": entries })).await
        };
        // The second one's day is in no fiscal year, so neither is booked, nor booked back.
        let late =
            post(json!([accrual("2026-03-31", "2026-04-01"), accrual("2026-12-31", "2027-01-01")])).await;
        assert_eq!(faults(late), [("/entries/1/reverse_on".into(), "no-fiscal-year".into())]);
        assert_eq!(company.owner.get("/v1/journal-entries?count=true").await.is(200)["total"], 0);
        let plain = company.entry("2026-02-28", &[("1010", "", "5.00"), ("1030", "5.00", "")]);
        let posted =
            post(json!([accrual("2026-03-31", "2026-04-01"), plain, accrual("2026-04-30", "2026-05-01")]))
                .await
                .is(200);
        let states: Vec<_> =
            posted["data"].as_array().unwrap().iter().map(|each| text(&each["status"])).collect();
        assert_eq!(states, ["reversed", "posted", "reversed"]);
        for (until, balance) in
            [("2026-03-31", "15"), ("2026-04-01", "5"), ("2026-04-30", "15"), ("2026-12-31", "5")]
        {
            assert_eq!(company.balance(company.account("1030"), until).await, decimal(balance), "{until}");
        }
    });
}

#[test]
fn each_journal_numbers_for_itself_and_anew_each_year() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        let bank = owner
            .post("/v1/journals", json!({"code": "BANK2", "name": "Second bank", "type": "bank"}))
            .await
            .is(201);
        let mut numbers = Vec::new();
        for (on, journal) in [
            ("2025-12-31", false),
            ("2026-01-01", false),
            ("2026-01-01", true),
            ("2026-02-01", false),
            ("2025-11-30", false),
        ] {
            let mut entry = company.entry(on, &[("1010", "1.00", ""), ("1030", "", "1.00")]);
            if journal {
                entry["journal_id"] = bank["id"].clone();
            }
            numbers.push(text(&company.try_to_post(entry).await.is(200)["data"][0]["number"]));
        }
        assert_eq!(
            numbers,
            ["GEN-2025-00001", "GEN-2026-00001", "BANK2-2026-00001", "GEN-2026-00002", "GEN-2025-00002"]
        );
        let series = owner.get("/v1/number-series?kind=journal-entries&scope=GEN").await.is(200);
        let series = text(&series["data"][0]["id"]);
        let proof = owner.get(&format!("/v1/number-series/{series}/integrity")).await.is(200);
        assert_eq!(proof["is_whole"], true, "{proof}");
        // An archived journal takes nothing.
        let id = text(&bank["id"]);
        owner.act(&format!("/v1/journals/{id}/archive")).await.is(200);
        let mut entry = company.entry("2026-02-01", &[("1010", "1.00", ""), ("1030", "", "1.00")]);
        entry["journal_id"] = json!(id);
        assert_eq!(
            faults(company.try_to_post(entry).await),
            [("/entries/0/journal_id".into(), "archived".into())]
        );
    });
}

#[test]
fn balances_are_exact_before_and_after_they_are_folded() {
    run(async {
        let company = Company::new().await;
        let cash = company.account("1030");
        company.post("2026-01-15", &[("1010", "", "70.10"), ("1030", "70.10", "")]).await;
        assert_eq!(company.kept_balance(cash).await, decimal("70.10"));
        let fold = async || {
            service()
                .database()
                .await
                .query_one("select fold_balances()", &[])
                .await
                .unwrap()
                .get::<_, i64>(0)
        };
        // The service folds by itself as well, so ours may find nothing to do.
        let left = "select count(*) from balance_deltas where org_id = $1";
        while service()
            .database()
            .await
            .query_one(left, &[&company.organization.id])
            .await
            .unwrap()
            .get::<_, i64>(0)
            > 0
        {
            fold().await;
        }
        assert_eq!(company.kept_balance(cash).await, decimal("70.10"));
        company.post("2026-02-15", &[("1010", "20.05", ""), ("1030", "", "20.05")]).await;
        assert_eq!(company.kept_balance(cash).await, decimal("50.05"));
        assert_eq!(company.kept_balance(cash).await, company.balance(cash, "2026-12-31").await);
    });
}

#[test]
fn posting_is_a_permission_of_its_own() {
    run(async {
        let company = Company::new().await;
        let clerk = company.organization.caller(&["journal-entries:read", "journal-entries:write"]).await;
        let draft = company.entry("2026-03-01", &[("1010", "1.00", ""), ("1030", "", "1.00")]);
        let id = text(&clerk.post("/v1/journal-entries", draft.clone()).await.is(201)["id"]);
        clerk.act(&format!("/v1/journal-entries/{id}/post")).await.is_problem(403, "forbidden");
        let poster = company.organization.caller(&["journal-entries:read", "journal-entries:post"]).await;
        poster
            .post("/v1/journal-entries/post", json!({"entries": [draft]}))
            .await
            .is_problem(403, "forbidden");
        assert_eq!(poster.act(&format!("/v1/journal-entries/{id}/post")).await.is(200)["status"], "posted");
    });
}
