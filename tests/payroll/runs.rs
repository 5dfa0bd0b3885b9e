//! From what is agreed to the money: calculated, agreed to, booked, paid, taken back.
use crate::support::{cells, run};
use crate::{Company, amounts, dec, id, path, text};
use rust_decimal::Decimal;
use serde_json::json;

#[test]
fn a_month_is_calculated_agreed_to_booked_and_paid() {
    run(async {
        let company = Company::with_pack("ro").await;
        let owner = &company.owner;
        let ana = company.hire("Ana", "2026-01-01", "10000").await;
        let ben = company.hire("Ben", "2026-03-16", "6000").await;
        for (who, iban) in [(&ana, "RO49AAAA1B31007593840000"), (&ben, "DE89370400440532013000")] {
            owner.post("/v1/personal-data", json!({"employee_id": who, "iban": iban})).await.is(201);
        }
        let run = company.calculated("2026-03").await;
        assert_eq!((run["status"].as_str(), run["employees"].as_i64()), (Some("calculated"), Some(2)));
        assert_eq!(run["problems"], json!([]));
        // March has 22 working days, Ben is here for 12 of them: 6000 × 12 / 22 = 3272.727… → 3272.73.
        // Ana: CAS 2500, CASS 1000, tax 650, net 5850. Ben: CAS 818.18 → 818, CASS 327.27 → 327, deduction 810, tax 131.77 → 132; net 1995.73.
        let (of_ana, of_ben) = (company.slip(&run, &ana).await, company.slip(&run, &ben).await);
        assert_eq!(
            amounts(&of_ana, ["SALARY", "CAS", "CASS", "TAX", "CAM"]),
            ["10000", "2500", "1000", "650", "225"]
        );
        assert_eq!(
            amounts(&of_ben, ["SALARY", "CAS", "CASS", "TAX", "CAM"]),
            ["3272.73", "818", "327", "132", "74"]
        );
        assert_eq!(
            (&run["gross_amount"], &run["net_amount"], &run["employer_amount"]),
            (&json!("13272.73"), &json!("7845.73"), &json!("299.00"))
        );
        let cas = of_ana["lines"].as_array().unwrap().iter().find(|line| line["component"] == "CAS").unwrap();
        assert_eq!(cas["formula"], "25 % of 10000.00, cap none");

        // Again it gives the same, to the last version.
        let again = owner.act(&format!("{}/calculate", path(&run))).await.is(200);
        assert_eq!(company.slip(&again, &ana).await, of_ana);
        // Nobody agrees to what they calculated; and nobody books what is not agreed to.
        owner.act(&format!("{}/approve", path(&run))).await.is_problem(403, "forbidden");
        company.post(&again).await.is_problem(409, "invalid-state");
        let agreed = company.checker.act(&format!("{}/approve", path(&run))).await.is(200);
        owner.act(&format!("{}/calculate", path(&run))).await.is_problem(409, "invalid-state");

        // Whose it is sees it when it is in the books, and nobody else's.
        let herself = company.organization.employee(&ana, &["payslips:read=own"]).await;
        assert_eq!(herself.get("/v1/payslips").await.is(200)["data"], json!([]));
        let posted = company.post(&agreed).await.is(200);
        assert_eq!((posted["status"].as_str(), &posted["open_amount"]), (Some("posted"), &json!("7845.73")));
        let hers = herself.get("/v1/payslips").await.is(200);
        assert_eq!(
            (hers["data"].as_array().unwrap().len(), &hers["data"][0]["employee_id"]),
            (1, &json!(ana))
        );
        herself.get(&format!("/v1/payslips/{}", id(&of_ben))).await.is_problem(404, "not-found");

        // Salaries 13272.73 and CAM 299 are debits; what is owed to the state 2500 + 818 + 1000 + 327 + 650 + 132 + 299 and to people are credits.
        assert_eq!(company.balance("6010").await, dec("13272.73"));
        assert_eq!(company.balance("6020").await, dec("299"));
        assert_eq!(company.balance("2210").await, dec("-5726"));
        assert_eq!(company.balance("2200").await, dec("-7845.73"));
        company.is_whole().await;

        // Paid through the bank, as everything else that is owed.
        let bank = json!({"code": "1019", "name": "Payroll account", "type": "asset", "role": "bank"});
        let bank = owner.post("/v1/accounts", bank).await.is(201);
        let bank = json!({"name": "Payroll", "iban": "RO66BACX0000001234567890", "currency": "EUR", "account_id": id(&bank)});
        let bank = owner.post("/v1/bank-accounts", bank).await.is(201);
        let transfers = json!({"bank_account_id": id(&bank), "pay_on": "2026-04-10", "due_by": "2026-04-10", "items": [], "left_out": []});
        let transfers = owner.post("/v1/payment-runs", transfers).await.is(201);
        assert_eq!(transfers["total_amount"], "7845.73");
        let at = format!("/v1/payment-runs/{}", id(&transfers));
        let treasurer = company.organization.caller(&["payment-runs:read", "payment-runs:approve"]).await;
        treasurer.act(&format!("{at}/approve")).await.is(200);
        owner.act(&format!("{at}/export")).await.is(200);
        let file = owner.get(&format!("{at}/file")).await;
        assert!(
            file.text.contains("RO49AAAA1B31007593840000") && file.text.contains("5850.00"),
            "{}",
            file.text
        );
        owner.act(&format!("{at}/post")).await.is(200);
        let paid = owner.get(&path(&run)).await.is(200);
        assert_eq!((paid["status"].as_str(), &paid["open_amount"]), (Some("paid"), &json!("0.00")));
        assert_eq!(company.balance("2200").await, Decimal::ZERO);
        company.is_whole().await;
        // What is paid is not taken back.
        let why = json!({"reversed_on": "2026-04-30", "reason": "Wrong"});
        owner.post(&format!("{}/reverse", path(&run)), why).await.is_problem(409, "invalid-state");
    });
}

#[test]
fn a_run_that_is_taken_back_is_undone_in_the_books_and_made_good_by_the_next() {
    run(async {
        let company = Company::with_pack("generic").await;
        let (owner, ana) = (&company.owner, company.hire("Ana", "2026-01-01", "5000").await);
        // Ana is owed 110 for a journey, which is paid with the wages.
        let category = json!({"code": "TRAVEL", "name": "Travel", "account_id": company.account("6210")});
        let category = owner.post("/v1/expense-categories", category).await.is(201);
        let line = json!({"spent_on": "2026-01-12", "category_id": id(&category), "description": "Train", "amount": "110.00"});
        let claim = json!({"employee_id": ana, "title": "Cluj", "lines": [line]});
        let claim = owner.post("/v1/expense-claims", claim).await.is(201);
        let at = format!("/v1/expense-claims/{}", id(&claim));
        owner.act(&format!("{at}/submit")).await.is(200);
        let director = company.organization.caller(&["expense-claims:read", "expense-claims:approve"]).await;
        director.act(&format!("{at}/approve")).await.is(200);
        owner.post(&format!("{at}/post"), json!({"posted_on": "2026-01-20"})).await.is(200);

        let january = company.posted("2026-01").await;
        // 5000 less pension 250, less tax of 4750: 300 + 150 = 450; with 110: 4410.
        assert_eq!((&january["net_amount"], &january["claim_amount"]), (&json!("4410.00"), &json!("110.00")));
        assert_eq!(owner.get(&at).await.is(200)["status"], "reimbursed");
        assert_eq!(company.balance("2200").await, dec("-4410"));
        company.is_whole().await;

        let why = json!({"reversed_on": "2026-01-31", "reason": "Ana had a raise"});
        let back = owner.post(&format!("{}/reverse", path(&january)), why).await.is(200);
        assert_eq!((back["status"].as_str(), &back["open_amount"]), (Some("reversed"), &json!("0.00")));
        for account in ["6010", "6020", "2200", "2210"] {
            assert_eq!(company.balance(account).await, Decimal::ZERO, "{account}");
        }
        assert_eq!(owner.get(&at).await.is(200)["status"], "posted");
        company.is_whole().await;

        // February pays itself, and January as what was not paid for it, with the claim.
        let february = company.posted("2026-02").await;
        let slip = company.slip(&february, &ana).await;
        assert_eq!(
            (slip["gross_amount"].as_str(), slip["net_amount"].as_str()),
            (Some("10000.00"), Some("8710.00"))
        );
        assert_eq!(crate::amount(&slip, "SALARY", "2026-01"), dec("5000"));
        company.is_whole().await;
        // A month that is before one in the books is not made any more.
        let early = json!({"pay_group_id": company.group, "period": "2026-01"});
        owner.post("/v1/payroll-runs", early).await.is_problem(409, "conflict");
    });
}

#[test]
fn the_year_adds_up_and_what_differs_is_told_with_its_reason() {
    run(async {
        let company = Company::with_pack("generic").await;
        let owner = &company.owner;
        let ana = company.hire("Ana", "2026-01-01", "4000").await;
        let ben = company.hire("Ben", "2026-01-01", "3000").await;
        company.posted("2026-01").await;
        company.pay(&ana, "2026-02-01", "4400").await;
        let bonus = json!({"employee_id": ben, "period": "2026-02", "component": "BONUS", "amount": "250", "description": "Recruited a colleague"});
        owner.post("/v1/payroll-inputs", bonus).await.is(201);
        let carla = company.hire("Carla", "2026-02-02", "2000").await;
        let february = company.calculated("2026-02").await;
        let slip = company.slip(&february, &ana).await;
        let year = slip["year_to_date"]
            .as_array()
            .unwrap()
            .iter()
            .find(|each| each["component"] == "SALARY")
            .unwrap();
        assert_eq!(year["amount"], "8400.00");

        let told = owner.get(&format!("{}/variance", path(&february))).await.is(200);
        let told = told["employees"].as_array().unwrap();
        let reasons = |who: &str| {
            told.iter().find(|each| each["employee_id"] == who).map(|each| each["reasons"].clone()).unwrap()
        };
        assert_eq!(reasons(&ana), json!(["salary_changed"]));
        assert_eq!(reasons(&ben), json!(["components"]));
        assert_eq!(reasons(&carla), json!(["joined"]));
        // Carla has all of February's 20 working days: the 1st is a Sunday.
        assert_eq!(amounts(&company.slip(&february, &carla).await, ["SALARY"]), ["2000"]);
        // The register as a file, and the payslip on paper.
        let paper = owner.request(reqwest::Method::GET, &format!("/v1/payslips/{}", id(&slip)));
        let paper = paper.header("accept", "application/pdf").send().await;
        assert_eq!((paper.status, paper.header("content-type")), (200, Some("application/pdf")));
        let register = owner.request(
            reqwest::Method::GET,
            "/v1/reports/payroll-register?period_from=2026-01&period_to=2026-01",
        );
        let register = register.header("accept", "text/csv").send().await;
        assert!(
            register.text.contains("\"Test, Ana\"") || register.text.contains("Test, Ana"),
            "{}",
            register.text
        );
        let costs =
            owner.get("/v1/reports/payroll-costs?period_from=2026-01&period_to=2026-01").await.is(200);
        // 7000 earned, and 10 % of it for the pension: 7700.
        let last = costs["rows"].as_array().unwrap().last().unwrap();
        assert_eq!(last["cells"][5]["value"], "7700.00", "{costs}");
        let statutory =
            owner.get("/v1/reports/statutory-totals?period_from=2026-01&period_to=2026-01").await.is(200);
        let pension = statutory["rows"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["cells"][1]["value"] == "pension")
            .unwrap();
        let pension: Vec<String> =
            pension["cells"].as_array().unwrap()[4..].iter().map(|cell| text(&cell["value"])).collect();
        assert_eq!(pension, ["350.00", "700.00", "1050.00"]);
    });
}

#[test]
fn projects_bear_what_those_cost_who_worked_on_them() {
    run(async {
        let company = Company::with_pack("generic").await;
        let owner = &company.owner;
        let (ana, ben) = (
            company.hire("Ana", "2026-01-01", "4400").await,
            company.hire("Ben", "2026-01-01", "2200").await,
        );
        let project = async |code: &str| {
            id(&owner.post("/v1/projects", json!({"code": code, "name": code})).await.is(201))
        };
        let (harbour, bridge) = (project("HARBOUR").await, project("BRIDGE").await);
        let mut sheets = Vec::new();
        for (person, day, on) in
            [(&ana, "12", &harbour), (&ana, "13", &harbour), (&ana, "14", &bridge), (&ben, "12", &harbour)]
        {
            let worked = json!({"employee_id": person, "worked_on": format!("2026-01-{day}"), "hours": "8", "project_id": on});
            sheets.push(text(&owner.post("/v1/timesheet-entries", worked).await.is(201)["timesheet_id"]));
        }
        // Ana's week is agreed to, Ben's is not.
        let chief = company.organization.caller(&["timesheets:read", "timesheets:approve"]).await;
        owner.act(&format!("/v1/timesheets/{}/submit", sheets[0])).await.is(200);
        chief.act(&format!("/v1/timesheets/{}/approve", sheets[0])).await.is(200);
        company.posted("2026-01").await;
        let costs =
            owner.get("/v1/reports/project-costs?period_from=2026-01&period_to=2026-01").await.is(200);
        // Each costs a tenth more than they earn, for the pension. Ana's 4840 are shared 16 to 8, Ben's 2420 are nobody's.
        let told = [
            ["BRIDGE", "BRIDGE", "", "", "8.00", "1613.33"],
            ["", "", "2026-01", "1", "8.00", "1613.33"],
            ["HARBOUR", "HARBOUR", "", "", "16.00", "3226.67"],
            ["", "", "2026-01", "1", "16.00", "3226.67"],
            ["", "", "", "", "0.00", "2420.00"],
            ["", "", "2026-01", "1", "0.00", "2420.00"],
            ["Total", "", "", "", "24.00", "7260.00"],
        ];
        assert_eq!(cells(&costs), told);
        assert_eq!(costs["rows"][0]["document"], format!("/v1/projects/{bridge}"));
    });
}

#[test]
fn what_if_changes_nothing() {
    run(async {
        let company = Company::with_pack("ro").await;
        let ana = company.hire("Ana", "2026-01-01", "4050").await;
        let what_if = |more: serde_json::Value| {
            let mut asked = json!({"employee_id": ana, "period": "2026-02"});
            asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            asked
        };
        let net = async |more| {
            let told = company.owner.post("/v1/payslips/preview", what_if(more)).await.is(200);
            text(&told["net_amount"])
        };
        assert_eq!(net(json!({})).await, "2574.00");
        assert_eq!(net(json!({"amount": "10000"})).await, "5850.00");
        assert_eq!(net(json!({"amount": "5000", "dependants": 2})).await, "3008.00");
        assert_eq!(company.owner.get("/v1/payslips").await.is(200)["data"], json!([]));
    });
}
