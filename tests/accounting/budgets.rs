//! Budgets: written, approved by another, revised; spread and copied; and what would overrun them.
use crate::reports::file_for;
use crate::support::{Answer, Caller, run, service};
use crate::{Company, decimal, faults, text};
use budgets::{Finding, Spending};
use futures_util::future::join;
use ledger::{JournalType, Posting, PostingLine};
use platform::database::{Database, Settings};
use platform::problem::Problem;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

impl Company {
    async fn budget(&self, more: Value) -> Value {
        let mut budget = json!({"name": "Operations", "fiscal_year_id": self.year("2026").await});
        budget.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.owner.post("/v1/budgets", budget).await.is(201)
    }

    /// Submitted by its maker, approved by somebody else.
    async fn approved(&self, more: Value) -> String {
        let id = text(&self.budget(more).await["id"]);
        self.owner.act(&format!("/v1/budgets/{id}/submit")).await.is(200);
        self.boss().await.act(&format!("/v1/budgets/{id}/approve")).await.is(200);
        id
    }

    async fn boss(&self) -> Caller {
        self.organization.caller(&["budgets:read", "budgets:approve"]).await
    }

    async fn compare(&self, budget: &str, more: &str) -> Value {
        self.owner.get(&format!("/v1/reports/budget-vs-actual?budget_id={budget}{more}")).await.is(200)
    }

    /// Spends from the bank on the day as a bill would: asks the budgets, then posts.
    async fn spend(
        &self,
        account: &str,
        department: Option<Uuid>,
        amount: &str,
        on: &str,
    ) -> Result<Vec<Finding>, Problem> {
        let settings = Settings {
            url: service().url.clone(),
            connections: 1,
            wait: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(10),
        };
        let database = Database::new(&settings).unwrap();
        let (account, bank): (Uuid, Uuid) =
            (self.account(account).parse().unwrap(), self.account("1010").parse().unwrap());
        let (amount, on) = (decimal(amount), on.parse().unwrap());
        let spending = [Spending {
            account_id: account,
            department_id: department,
            cost_centre_id: None,
            project_id: None,
            amount,
            pointer: "/lines/0".into(),
        }];
        database
            .as_system(self.organization.id, async |db| {
                let warned = budgets::refuse(budgets::check(db, &spending, on).await?)?;
                let line = |account_id, debit, credit| PostingLine {
                    account_id,
                    debit,
                    credit,
                    department_id: department,
                    ..PostingLine::default()
                };
                let lines = vec![line(account, amount, decimal("0")), line(bank, decimal("0"), amount)];
                let posting = Posting {
                    journal: JournalType::Purchases,
                    posted_on: on,
                    description: "Spent".into(),
                    reference: None,
                    source: None,
                    lines,
                };
                ledger::post(db, &posting).await?;
                Ok(warned)
            })
            .await
    }
}

fn amounts(line: &Value) -> Vec<String> {
    line["amounts"].as_array().unwrap().iter().map(text).collect()
}

#[test]
fn a_budget_is_approved_by_somebody_who_did_not_write_in_it() {
    run(async {
        let company = Company::new().await;
        let line = json!({"account_id": company.account("6210"), "evenly": "1200.00"});
        let budget = company.budget(json!({"lines": [line]})).await;
        let path = format!("/v1/budgets/{}", text(&budget["id"]));
        assert_eq!(
            (&budget["status"], &budget["revision"], &budget["control"]),
            (&json!("draft"), &json!(1), &json!("none"))
        );
        let writer = company.organization.caller(&["budgets:read", "budgets:write", "budgets:approve"]).await;
        writer.patch(&path, json!({"control": "block"})).await.is(200);
        company.owner.act(&format!("{path}/approve")).await.is_problem(409, "invalid-state");
        company.owner.act(&format!("{path}/submit")).await.is(200);
        // Both wrote in it; who only handed it in could approve it.
        for maker in [&company.owner, &writer] {
            maker.act(&format!("{path}/approve")).await.is_problem(403, "forbidden");
        }
        company.owner.patch(&path, json!({"name": "Other"})).await.is_problem(409, "invalid-state");
        company.owner.delete(&path).await.is_problem(409, "conflict");
        let boss = company.boss().await;
        boss.act(&format!("{path}/send-back")).await.is(200);
        company.owner.patch(&path, json!({"name": "Operations and sales"})).await.is(200);
        company.owner.act(&format!("{path}/submit")).await.is(200);
        let approved = boss.act(&format!("{path}/approve")).await.is(200);
        assert_eq!((&approved["status"], &approved["available_actions"]), (&json!("approved"), &json!([])));

        // The next revision counts once it is approved; until then this one does.
        let next = company.owner.act(&format!("{path}/revise")).await.is(201);
        assert_eq!(
            (&next["revision"], &next["status"], &next["lines"]),
            (&json!(2), &json!("draft"), &approved["lines"])
        );
        let next = format!("/v1/budgets/{}", text(&next["id"]));
        company.owner.act(&format!("{next}/submit")).await.is(200);
        assert_eq!(boss.get(&path).await.is(200)["status"], "approved");
        boss.act(&format!("{next}/approve")).await.is(200);
        assert_eq!(boss.get(&path).await.is(200)["status"], "superseded");
        // Not in SQL either.
        let database = service().database().await;
        let id = text(&approved["id"]);
        for statement in [
            "update budgets set lines = '[]' where id = $1::text::uuid",
            "update budgets set control = 'none' where id = $1::text::uuid",
            "delete from budgets where id = $1::text::uuid",
        ] {
            assert!(database.execute(statement, &[&id]).await.is_err(), "{statement}");
        }
    });
}

#[test]
fn lines_are_given_spread_or_copied_from_the_year_before() {
    run(async {
        let company = Company::new().await;
        let travel = company.account("6210");
        // 2025: 100 in January, 50.05 in March.
        company.post("2025-01-10", &[("6210", "100.00", ""), ("1010", "", "100.00")]).await;
        company.post("2025-03-10", &[("6210", "50.05", ""), ("1010", "", "50.05")]).await;
        company.post("2025-02-10", &[("1010", "900.00", ""), ("4010", "", "900.00")]).await;
        let year = company.year("2025").await;
        company.owner.post(&format!("/v1/fiscal-years/{year}/close"), json!({})).await;
        let given: Vec<String> = (1..=12).map(|month| format!("{month}.00")).collect();
        let lines = json!([
            {"account_id": company.account("6100"), "amounts": given},
            {"account_id": company.account("6110"), "evenly": "1000.00"},
            {"account_id": travel, "last_year_percent": "10"},
            {"account_id": company.account("4010"), "last_year_percent": "-5.5"},
        ]);
        let budget = company.budget(json!({"lines": lines})).await;
        let lines = budget["lines"].as_array().unwrap();
        assert_eq!(amounts(&lines[0]), given);
        // 83.33, 166.67, 250.00: to the cent, and 1,000 in all.
        assert_eq!(amounts(&lines[1])[..3], ["83.33", "83.34", "83.33"]);
        assert_eq!(
            amounts(&lines[1]).iter().map(|amount| decimal(amount)).sum::<rust_decimal::Decimal>(),
            decimal("1000")
        );
        // 110 % of 100 and of 50.05, which is 55.055; the closing of the year is no spending.
        assert_eq!(amounts(&lines[2])[..4], ["110.00", "0.00", "55.06", "0.00"]);
        assert_eq!(amounts(&lines[3])[..3], ["0.00", "850.50", "0.00"]);

        let wrong = json!([
            {"account_id": company.account("6000"), "evenly": "1.00"},
            {"account_id": travel, "amounts": ["1.00", "2.00"]},
            {"account_id": travel, "evenly": "1.001"},
            {"account_id": company.account("6120")},
            {"account_id": Uuid::now_v7(), "evenly": "1.00", "project_id": Uuid::now_v7()},
        ]);
        let path = format!("/v1/budgets/{}", text(&budget["id"]));
        let mut found = faults(company.owner.patch(&path, json!({"lines": wrong})).await);
        found.sort();
        let wanted = [
            ("/lines/0/account_id", "is-a-group"),
            ("/lines/1/amounts", "wrong-number"),
            ("/lines/2", "repeated"),
            ("/lines/2/evenly", "too-many-decimals"),
            ("/lines/3", "one-of"),
            ("/lines/4/account_id", "unknown-reference"),
            ("/lines/4/project_id", "unknown-reference"),
        ];
        assert_eq!(found, wanted.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
        assert_eq!(company.owner.get(&path).await.is(200)["lines"], budget["lines"]);
    });
}

#[test]
fn what_is_booked_is_held_against_the_budget() {
    run(async {
        let company = Company::new().await;
        let north = company.owner.department("North", None).await;
        let lines = json!([
            {"account_id": company.account("6210"), "evenly": "1200.00"},
            {"account_id": company.account("6210"), "department_id": north, "evenly": "600.00"},
            {"account_id": company.account("4010"), "evenly": "12000.00"},
        ]);
        let budget = company.approved(json!({"lines": lines})).await;
        company.spend("6210", None, "130.00", "2026-01-20").await.unwrap();
        company.spend("6210", Some(north.parse().unwrap()), "20.00", "2026-02-20").await.unwrap();
        company.post("2026-02-28", &[("1010", "1500.00", ""), ("4010", "", "1500.00")]).await;
        company.spend("6210", None, "999.00", "2026-03-01").await.unwrap();
        let told = company.compare(&budget, "&through=2026-02-10").await;
        assert_eq!((&told["from"], &told["to"]), (&json!("2026-01-01"), &json!("2026-02-28")));
        let line = |index: usize| {
            ["budget", "actual", "difference", "used_percent"].map(|field| text(&told["lines"][index][field]))
        };
        assert_eq!(line(0), ["200.00", "150.00", "50.00", "75.00"]);
        assert_eq!(line(1), ["100.00", "20.00", "80.00", "20.00"]);
        assert_eq!(line(2), ["2000.00", "1500.00", "500.00", "75.00"]);
        assert_eq!(
            (&told["income"]["actual"], &told["expense"]["budget"]),
            (&json!("1500.00"), &json!("300.00"))
        );
        // The figures lead to the lines that they sum.
        let lines = company.owner.get(&text(&told["lines"][1]["journal_lines"])).await.is(200);
        assert_eq!(
            (lines["data"].as_array().unwrap().len(), &lines["data"][0]["debit"]),
            (1, &json!("20.00"))
        );
        let whole = company.compare(&budget, "").await;
        assert_eq!((&whole["to"], &whole["lines"][0]["actual"]), (&json!("2026-12-31"), &json!("1149.00")));
    });
}

#[test]
fn a_budget_is_compared_with_other_months_and_narrowed_by_its_dimensions() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        let north = owner.department("North", None).await;
        let coast = owner.department("Coast", Some(&north)).await;
        let project =
            text(&owner.post("/v1/projects", json!({"code": "P1", "name": "Bridge"})).await.is(201)["id"]);
        let travel = company.account("6210");
        let lines = json!([
            {"account_id": travel, "evenly": "1200.00"},
            {"account_id": travel, "department_id": coast, "evenly": "600.00"},
            {"account_id": travel, "project_id": project, "evenly": "240.00"},
            {"account_id": company.account("4010"), "evenly": "12000.00"},
        ]);
        let budget = company.approved(json!({"lines": lines})).await;
        company.post("2025-02-28", &[("1010", "700.00", ""), ("4010", "", "700.00")]).await;
        company.spend("6210", Some(coast.parse().unwrap()), "30.00", "2025-01-15").await.unwrap();
        company.spend("6210", None, "5.00", "2025-02-15").await.unwrap();
        company.spend("6210", None, "7.00", "2025-12-15").await.unwrap();
        company.spend("6210", Some(coast.parse().unwrap()), "20.00", "2026-02-20").await.unwrap();

        // January and February beside those of 2025: 30.00 and 5.00 were spent on travel, 30.00 of it at the coast.
        let told = company.compare(&budget, "&through=2026-02-10&compare=previous_year").await;
        let days = ["earlier_from", "earlier_to"].map(|field| text(&told[field]));
        assert_eq!(days, ["2025-01-01", "2025-02-28"]);
        let beside = |told: &Value| -> Vec<(String, String)> {
            let lines = told["lines"].as_array().unwrap().iter();
            lines.map(|line| (text(&line["actual"]), text(&line["earlier_actual"]))).collect()
        };
        let pairs = |of: &[(&str, &str)]| -> Vec<(String, String)> {
            of.iter().map(|(actual, earlier)| ((*actual).into(), (*earlier).into())).collect()
        };
        let year = pairs(&[("20.00", "35.00"), ("20.00", "30.00"), ("0.00", "0.00"), ("0.00", "700.00")]);
        assert_eq!(beside(&told), year);
        assert_eq!(
            (&told["income"]["earlier_actual"], &told["expense"]["earlier_actual"]),
            (&json!("700.00"), &json!("65.00"))
        );
        let earlier = owner.get(&text(&told["lines"][1]["earlier_journal_lines"])).await.is(200);
        let debits: Vec<&Value> =
            earlier["data"].as_array().unwrap().iter().map(|line| &line["debit"]).collect();
        assert_eq!(debits, [&json!("30.00")]);
        // The two months before are November and December.
        let before = company.compare(&budget, "&through=2026-02-10&compare=previous_period").await;
        assert_eq!(before["earlier_from"], "2025-11-01");
        assert_eq!(text(&before["lines"][0]["earlier_actual"]), "7.00");
        let alone = company.compare(&budget, "&through=2026-02-10").await;
        assert!(
            alone["lines"][0]["earlier_actual"].is_null() && alone["expense"]["earlier_actual"].is_null()
        );

        // The coast belongs to the north; a line for all departments is not one for it.
        let narrowed = format!("&through=2026-02-10&compare=previous_year&department_id={north}");
        let narrowed = company.compare(&budget, &narrowed).await;
        assert_eq!(beside(&narrowed), pairs(&[("20.00", "30.00")]));
        assert_eq!(narrowed["expense"]["budget"], "100.00");
        let narrowed = company.compare(&budget, &format!("&through=2026-02-10&project_id={project}")).await;
        assert_eq!(narrowed["lines"].as_array().unwrap().len(), 1);
        assert_eq!(narrowed["expense"]["budget"], "40.00");

        let path = format!("budget-vs-actual?budget_id={budget}&through=2026-02-10&compare=previous_year");
        let (_, csv) = file_for(owner, &path, "text/csv").await;
        let csv = String::from_utf8(csv).unwrap();
        assert!(csv.lines().next().unwrap().contains(",used_percent,actual_2,"), "{csv}");
        assert!(csv.contains(",200.00,20.00,180.00,10.00,35.00,"), "{csv}");
    });
}

#[test]
fn a_block_refuses_what_is_over_it_and_says_what_is_left() {
    run(async {
        let company = Company::new().await;
        let line = json!({"account_id": company.account("6210"), "evenly": "1200.00"});
        // A draft and a submitted budget hold nobody up.
        let draft = text(
            &company
                .budget(json!({"control": "block", "control_over": "year_to_date", "lines": [line]}))
                .await["id"],
        );
        company.spend("6210", None, "150.00", "2026-01-05").await.unwrap();
        company.owner.act(&format!("/v1/budgets/{draft}/submit")).await.is(200);
        company.boss().await.act(&format!("/v1/budgets/{draft}/approve")).await.is(200);
        // Up to March 300 are budgeted and 150 booked: 150 are left.
        let refused = company.spend("6210", None, "150.01", "2026-03-31").await.unwrap_err();
        assert_eq!((refused.kind.status, refused.kind.code), (409, "conflict"));
        let fault = &refused.errors[0];
        assert_eq!((fault.pointer.as_deref(), fault.code.as_str()), (Some("/lines/0"), "over-budget"));
        assert_eq!(fault.detail, "asks 150.01 of line 1 of the budget `Operations`, which leaves 150.00");
        assert_eq!(company.balance(company.account("6210"), "2026-12-31").await, decimal("150"));
        assert!(company.spend("6210", None, "150.00", "2026-03-31").await.unwrap().is_empty());
        // Another account, a credit, and another year are free.
        assert!(company.spend("6110", None, "9999.00", "2026-03-31").await.unwrap().is_empty());
        assert!(company.spend("6210", None, "9999.00", "2025-03-31").await.unwrap().is_empty());
    });
}

#[test]
fn a_warning_lets_it_pass_and_tells() {
    run(async {
        let company = Company::new().await;
        let north = company.owner.department("North", None).await;
        let line =
            json!({"account_id": company.account("6210"), "department_id": north, "evenly": "1200.00"});
        company.approved(json!({"control": "warn", "control_over": "period", "lines": [line]})).await;
        let north: Uuid = north.parse().unwrap();
        // What is booked elsewhere is not this line's.
        assert!(company.spend("6210", None, "500.00", "2026-01-05").await.unwrap().is_empty());
        assert!(company.spend("6210", Some(north), "100.00", "2026-01-06").await.unwrap().is_empty());
        let warned = company.spend("6210", Some(north), "0.01", "2026-01-07").await.unwrap();
        assert_eq!((warned.len(), warned[0].left, warned[0].asked), (1, decimal("0"), decimal("0.01")));
        assert!(company.spend("6210", Some(north), "100.00", "2026-02-07").await.unwrap().is_empty());
    });
}

#[test]
fn of_many_who_spend_the_last_of_a_budget_those_are_served_whom_it_suffices() {
    run(async {
        let company = Company::new().await;
        let line = json!({"account_id": company.account("6210"), "evenly": "100.00"});
        company.approved(json!({"control": "block", "lines": [line]})).await;
        let mut ended = Vec::new();
        for _ in 0..4 {
            let spend = || company.spend("6210", None, "20.00", "2026-05-05");
            let (one, other) = join(spend(), spend()).await;
            ended.extend([one, other].map(|each| each.map_or_else(|refused| refused.kind.status, |_| 200)));
        }
        assert_eq!(ended.iter().filter(|status| **status == 200).count(), 5, "{ended:?}");
        assert_eq!(ended.iter().filter(|status| **status == 409).count(), 3, "{ended:?}");
        assert_eq!(company.balance(company.account("6210"), "2026-12-31").await, decimal("100"));
        let last = company.spend("6210", None, "0.01", "2026-05-05").await;
        assert_eq!(last.unwrap_err().kind.status, 409);
    });
}

#[test]
fn another_organizations_accounts_and_years_are_not_there() {
    run(async {
        let (company, other) = (Company::new().await, Company::new().await);
        let line = json!({"account_id": other.account("6210"), "evenly": "1.00"});
        let budget =
            |year: &str, lines: Value| json!({"name": "Ours", "fiscal_year_id": year, "lines": lines});
        let (ours, theirs) = (company.year("2026").await, other.year("2026").await);
        let post = async |body: Value| -> Answer { company.owner.post("/v1/budgets", body).await };
        assert_eq!(
            faults(post(budget(&ours, json!([line]))).await),
            [("/lines/0/account_id".into(), "unknown-reference".into())]
        );
        assert_eq!(
            faults(post(budget(&theirs, json!([]))).await),
            [("/fiscal_year_id".into(), "unknown-reference".into())]
        );
        let budget = text(&other.budget(json!({})).await["id"]);
        let told = company
            .owner
            .get(&format!("/v1/reports/budget-vs-actual?budget_id={budget}"))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(
            (&told["errors"][0]["parameter"], &told["errors"][0]["code"]),
            (&json!("budget_id"), &json!("unknown-reference"))
        );
    });
}
