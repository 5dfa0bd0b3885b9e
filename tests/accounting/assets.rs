//! Fixed assets: depreciated over a whole life by each method, impaired, moved, disposed of; and the register that ties out.
use crate::support::{Answer, run};
use crate::{Company, decimal, faults, text};
use futures_util::future::join;
use serde_json::{Value, json};

impl Company {
    /// A category that is booked to the chart's own accounts.
    async fn machines(&self) -> String {
        let category = json!({
            "name": "Machines", "asset_account_id": self.account("1530"), "accumulated_depreciation_account_id": self.account("1620"),
            "depreciation_account_id": self.account("6400"), "gain_account_id": self.account("4520"), "loss_account_id": self.account("6430"),
        });
        text(&self.owner.post("/v1/fixed-asset-categories", category).await.is(201)["id"])
    }

    /// A machine that was paid from the bank on the day it went into service.
    async fn machine(&self, category: &str, in_service_on: &str, cost: &str, more: Value) -> String {
        self.post(in_service_on, &[("1530", cost, ""), ("1010", "", cost)]).await;
        let asset = self.draft(category, in_service_on, cost, more).await;
        self.act_on(&asset, "put-in-service", Value::Null).await.is(200);
        asset
    }

    async fn draft(&self, category: &str, in_service_on: &str, cost: &str, more: Value) -> String {
        let mut asset = json!({
            "name": "Machine", "category_id": category, "acquired_on": in_service_on, "in_service_on": in_service_on, "cost": cost,
            "method": "straight_line", "life_months": 12,
        });
        asset.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        text(&self.owner.post("/v1/fixed-assets", asset).await.is(201)["id"])
    }

    async fn act_on(&self, asset: &str, action: &str, body: Value) -> Answer {
        let path = format!("/v1/fixed-assets/{asset}/{action}");
        if body.is_null() { self.owner.act(&path).await } else { self.owner.post(&path, body).await }
    }

    async fn asset(&self, asset: &str) -> Value {
        self.owner.get(&format!("/v1/fixed-assets/{asset}")).await.is(200)
    }

    async fn try_to_depreciate(&self, period: &str) -> Answer {
        let period = self.period(period).await;
        self.owner.post("/v1/depreciation-runs", json!({"fiscal_period_id": period})).await
    }

    /// What the run of the period comes to.
    async fn depreciate(&self, period: &str) -> String {
        text(&self.try_to_depreciate(period).await.is(201)["amount"])
    }

    async fn schedule(&self, asset: &str) -> Vec<(String, String, bool)> {
        let schedule = self.owner.get(&format!("/v1/fixed-assets/{asset}/schedule")).await.is(200);
        let months = schedule["months"].as_array().unwrap().iter();
        months
            .map(|month| (text(&month["month"]), text(&month["depreciation"]), month["is_booked"] == true))
            .collect()
    }

    async fn register(&self, on: &str) -> Value {
        self.owner.get(&format!("/v1/reports/fixed-asset-register?on={on}")).await.is(200)
    }

    /// The register ties out on the day, and says this of cost and accumulated depreciation.
    async fn ties_out(&self, on: &str, cost: &str, depreciated: &str) {
        let register = self.register(on).await;
        assert_eq!(register["ties_out"], true, "{on}: {register}");
        let category = &register["categories"][0];
        assert_eq!(
            (&category["cost"], &category["accumulated_depreciation"]),
            (&json!(cost), &json!(depreciated)),
            "{on}"
        );
        assert_eq!(self.balance(self.account("1530"), on).await, decimal(cost), "{on}");
        assert_eq!(self.balance(self.account("1620"), on).await, -decimal(depreciated), "{on}");
    }
}

fn months(of: &[(&str, &str)], booked: bool) -> Vec<(String, String, bool)> {
    of.iter().map(|(month, amount)| ((*month).to_owned(), (*amount).to_owned(), booked)).collect()
}

#[test]
fn a_straight_line_over_a_whole_life_from_the_middle_of_a_month() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        // 900 over three months, from 15 January: 17 of 31 days of January, 300 × 17/31 = 164.52; the last 14/31 in April.
        let asset = company
            .machine(
                &category,
                "2026-01-15",
                "1000.00",
                json!({"life_months": 3, "residual_value": "100.00"}),
            )
            .await;
        let whole =
            [("2026-01", "164.52"), ("2026-02", "300.00"), ("2026-03", "300.00"), ("2026-04", "135.48")];
        assert_eq!(company.schedule(&asset).await, months(&whole, false));
        company.ties_out("2026-01-31", "1000.00", "0.00").await;

        for (done, (period, amount)) in whole.iter().enumerate() {
            assert_eq!(company.depreciate(period).await, *amount, "{period}");
            let schedule = [months(&whole[..=done], true), months(&whole[done + 1..], false)].concat();
            assert_eq!(company.schedule(&asset).await, schedule, "what is booked is what was ahead");
        }
        let now = company.asset(&asset).await;
        assert_eq!(
            (
                &now["status"],
                &now["accumulated_depreciation"],
                &now["carrying_amount"],
                &now["depreciated_through"]
            ),
            (&json!("fully_depreciated"), &json!("900.00"), &json!("100.00"), &json!("2026-04-30"))
        );
        assert_eq!(company.balance(company.account("6400"), "2026-04-30").await, decimal("900"));
        company.ties_out("2026-02-28", "1000.00", "464.52").await;
        company.ties_out("2026-12-31", "1000.00", "900.00").await;
        // Nothing is left: the next run books nothing, and is a run all the same.
        let run = company.try_to_depreciate("2026-05").await.is(201);
        assert_eq!(
            (&run["amount"], &run["assets"], &run["journal_entry_id"]),
            (&json!("0.00"), &json!(0), &Value::Null)
        );
    });
}

#[test]
fn a_period_is_depreciated_once_and_none_before_one_that_is() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        company.machine(&category, "2026-01-01", "1200.00", json!({})).await;
        // January was left out; February makes it good: 2 × 100.
        assert_eq!(company.depreciate("2026-02").await, "200.00");
        let twice = company.try_to_depreciate("2026-02").await.is_problem(409, "conflict");
        assert!(twice["detail"].as_str().unwrap().contains("2026-02 is depreciated already"), "{twice}");
        company.try_to_depreciate("2026-01").await.is_problem(409, "conflict");
        // Into a closed period nothing is booked, and nothing remains of the attempt.
        company.close_period("2026-03").await;
        let clerk = company.organization.caller(&["depreciation-runs:post", "depreciation-runs:read"]).await;
        let period = company.period("2026-03").await;
        clerk
            .post("/v1/depreciation-runs", json!({"fiscal_period_id": period}))
            .await
            .is_problem(409, "period-closed");
        assert_eq!(clerk.get("/v1/depreciation-runs?count=true").await.is(200)["total"], 1);
        assert_eq!(company.balance(company.account("6400"), "2026-12-31").await, decimal("200"));
        let dry = json!({"fiscal_period_id": company.period("2026-04").await});
        let dry = company.owner.post("/v1/depreciation-runs?dry_run=true", dry).await.is(201);
        assert_eq!(dry["amount"], "200.00");
        assert_eq!(company.balance(company.account("6400"), "2026-12-31").await, decimal("200"));
    });
}

#[test]
fn of_two_runs_at_once_one_is_booked() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        for _ in 0..5 {
            company.machine(&category, "2026-01-01", "1200.00", json!({})).await;
        }
        for period in ["2026-01", "2026-02", "2026-03"] {
            let (one, other) =
                join(company.try_to_depreciate(period), company.try_to_depreciate(period)).await;
            let mut ended = [one.status, other.status];
            ended.sort_unstable();
            assert_eq!(ended, [201, 409], "{period}: {} {}", one.text, other.text);
        }
        company.ties_out("2026-03-31", "6000.00", "1500.00").await;
    });
}

#[test]
fn declining_balance_over_a_whole_life() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        // 2,400 at 60 % over two years. Year 1: 60 % are 1,440, more than the even 1,200: 120 a month. 960 are left for year 2, all
        // of which an even share takes (60 % would be 576): 80 a month.
        let more = json!({"method": "declining_balance", "rate": "60", "life_months": 24});
        let asset = company.machine(&category, "2025-01-01", "2400.00", more).await;
        for month in 1..=24 {
            let (year, month) = (2025 + (month - 1) / 12, (month - 1) % 12 + 1);
            let wanted = if year == 2025 { "120.00" } else { "80.00" };
            assert_eq!(company.depreciate(&format!("{year}-{month:02}")).await, wanted, "{year}-{month}");
        }
        let now = company.asset(&asset).await;
        assert_eq!((&now["status"], &now["carrying_amount"]), (&json!("fully_depreciated"), &json!("0.00")));
        company.ties_out("2025-12-31", "2400.00", "1440.00").await;
        company.ties_out("2026-12-31", "2400.00", "2400.00").await;
    });
}

#[test]
fn units_of_production_over_a_whole_life() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        // 9,000 over 30,000 units: 0.30 each.
        let more = json!({"method": "units_of_production", "total_units": "30000", "residual_value": "1000.00", "life_months": 4});
        let press = company.machine(&category, "2026-01-01", "10000.00", more).await;
        let report = async |period: &str, units: &str| {
            let report = json!({"fiscal_period_id": company.period(period).await, "units": units});
            company.act_on(&press, "report-units", report).await
        };
        // Ahead, the units are taken to be spread evenly.
        let ahead = company.schedule(&press).await;
        assert_eq!((ahead.len(), ahead[0].1.as_str()), (4, "2250.00"));
        // What nobody reported is not taken for nothing.
        let silent = company.try_to_depreciate("2026-01").await.is_problem(409, "conflict");
        assert!(silent["detail"].as_str().unwrap().contains("FA-00001"), "{silent}");
        report("2026-01", "9999").await.is(200);
        report("2026-01", "10000").await.is(200);
        assert_eq!(company.depreciate("2026-01").await, "3000.00");
        report("2026-01", "1").await.is_problem(409, "conflict");
        report("2026-02", "0").await.is(200);
        assert_eq!(company.depreciate("2026-02").await, "0.00");
        report("2026-03", "12345.5").await.is(200);
        assert_eq!(company.depreciate("2026-03").await, "3703.65"); // 12,345.5 × 0.30
        // More than it was thought to make takes what is left: 9,000 − 6,703.65.
        report("2026-04", "20000").await.is(200);
        assert_eq!(company.depreciate("2026-04").await, "2296.35");
        let now = company.asset(&press).await;
        assert_eq!((&now["status"], &now["units_made"]), (&json!("fully_depreciated"), &json!("42345.5")));
        company.ties_out("2026-04-30", "10000.00", "9000.00").await;

        let other = company.machine(&category, "2026-01-01", "100.00", json!({})).await;
        let units = json!({"fiscal_period_id": company.period("2026-12").await, "units": "1"});
        company.act_on(&other, "report-units", units).await.is_problem(409, "conflict");
    });
}

#[test]
fn sold_in_the_middle_of_its_life_with_a_gain() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        let asset = company.machine(&category, "2026-01-01", "1200.00", json!({})).await;
        assert_eq!(company.depreciate("2026-02").await, "200.00");
        // Sold on 15 April for 900. March is 100 and 15 of 30 days of April are 50: depreciated are 350, left are 850, the gain is 50.
        let sale = json!({"disposed_on": "2026-04-15", "proceeds": "900.00", "proceeds_account_id": company.account("1010"), "reason": "Sold"});
        let sold = company.act_on(&asset, "dispose", sale.clone()).await.is(200);
        assert_eq!(
            (
                &sold["status"],
                &sold["disposed_on"],
                &sold["accumulated_depreciation"],
                &sold["carrying_amount"]
            ),
            (&json!("disposed"), &json!("2026-04-15"), &json!("350.00"), &json!("0.00"))
        );
        for (account, balance) in
            [("1530", "0"), ("1620", "0"), ("6400", "350"), ("4520", "-50"), ("6430", "0"), ("1010", "-300")]
        {
            assert_eq!(
                company.balance(company.account(account), "2026-04-30").await,
                decimal(balance),
                "{account}"
            );
        }
        company.ties_out("2026-04-14", "1200.00", "200.00").await;
        company.ties_out("2026-04-15", "0.00", "0.00").await;
        // Gone is gone: once, and from no later run.
        company.act_on(&asset, "dispose", sale).await.is_problem(409, "invalid-state");
        assert_eq!(company.depreciate("2026-04").await, "0.00");
        company.owner.delete(&format!("/v1/fixed-assets/{asset}")).await.is_problem(409, "conflict");
    });
}

#[test]
fn scrapped_in_the_middle_of_its_life_with_a_loss() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        // From the month after: February is the first, and June, in which it goes, the last. 5 × 100.
        let asset = company
            .machine(&category, "2026-01-20", "1200.00", json!({"convention": "following_month"}))
            .await;
        assert_eq!(company.depreciate("2026-01").await, "0.00");
        assert_eq!(company.depreciate("2026-03").await, "200.00");
        let early = json!({"disposed_on": "2026-02-10", "reason": "Scrapped"});
        assert_eq!(
            faults(company.act_on(&asset, "dispose", early).await),
            [("/disposed_on".into(), "already-depreciated".into())]
        );
        let unsaid = json!({"disposed_on": "2026-06-10", "proceeds": "1.00", "reason": "Scrapped"});
        assert_eq!(
            faults(company.act_on(&asset, "dispose", unsaid).await),
            [("/proceeds_account_id".into(), "required".into())]
        );
        company
            .act_on(&asset, "dispose", json!({"disposed_on": "2026-06-10", "reason": "Scrapped"}))
            .await
            .is(200);
        for (account, balance) in
            [("1530", "0"), ("1620", "0"), ("6400", "500"), ("6430", "700"), ("4520", "0")]
        {
            assert_eq!(
                company.balance(company.account(account), "2026-06-30").await,
                decimal(balance),
                "{account}"
            );
        }
        company.ties_out("2026-06-30", "0.00", "0.00").await;
    });
}

#[test]
fn impaired_and_depreciated_over_what_is_left() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        let asset =
            company.machine(&category, "2026-01-01", "1200.00", json!({"residual_value": "120.00"})).await;
        assert_eq!(company.depreciate("2026-03").await, "270.00"); // 3 × 90
        // 930 are left; 450 of it are lost in a flood. 480 − 120 over nine months are 40 each.
        let flood = |amount: &str| json!({"posted_on": "2026-04-10", "amount": amount, "loss_account_id": company.account("6420"), "reason": "Flood"});
        for (amount, code) in
            [("0.00", "must-be-positive"), ("810.01", "too-large"), ("0.001", "too-many-decimals")]
        {
            assert_eq!(
                faults(company.act_on(&asset, "impair", flood(amount)).await),
                [("/amount".into(), code.into())],
                "{amount}"
            );
        }
        let impaired = company.act_on(&asset, "impair", flood("450.00")).await.is(200);
        assert_eq!(
            (&impaired["carrying_amount"], &impaired["status"]),
            (&json!("480.00"), &json!("in_service"))
        );
        assert_eq!(company.balance(company.account("6420"), "2026-04-30").await, decimal("450"));
        for month in 4..=12 {
            assert_eq!(company.depreciate(&format!("2026-{month:02}")).await, "40.00", "{month}");
        }
        assert_eq!(company.asset(&asset).await["carrying_amount"], "120.00");
        company.ties_out("2026-04-10", "1200.00", "720.00").await;
        company.ties_out("2026-12-31", "1200.00", "1080.00").await;
    });
}

#[test]
fn a_run_is_reversed_while_it_is_the_last() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        let (one, other) = (
            company.machine(&category, "2026-01-01", "1200.00", json!({})).await,
            company.machine(&category, "2026-01-01", "200.00", json!({"life_months": 2})).await,
        );
        let january = text(&company.try_to_depreciate("2026-01").await.is(201)["id"]);
        let february = text(&company.try_to_depreciate("2026-02").await.is(201)["id"]);
        assert_eq!(company.asset(&other).await["status"], "fully_depreciated");
        let reverse = async |run: &str| {
            let why = json!({"posted_on": null, "reason": "By mistake"});
            company.owner.post(&format!("/v1/depreciation-runs/{run}/reverse"), why).await
        };
        reverse(&january).await.is_problem(409, "conflict");
        let reversed = reverse(&february).await.is(200);
        assert_eq!(
            (&reversed["status"], &reversed["reversed_on"]),
            (&json!("reversed"), &json!("2026-02-28"))
        );
        reverse(&february).await.is_problem(409, "invalid-state");
        let now = company.asset(&other).await;
        assert_eq!(
            (&now["status"], &now["carrying_amount"], &now["depreciated_through"]),
            (&json!("in_service"), &json!("100.00"), &json!("2026-01-31"))
        );
        company.ties_out("2026-02-28", "1400.00", "200.00").await;
        // The period is free again, and the same comes out of it: 100 each.
        assert_eq!(company.depreciate("2026-02").await, "200.00");
        company.ties_out("2026-02-28", "1400.00", "400.00").await;
        // After one of its assets is gone, a run stays.
        company
            .act_on(&one, "dispose", json!({"disposed_on": "2026-03-31", "reason": "Stolen"}))
            .await
            .is(200);
        let runs = company.owner.get("/v1/depreciation-runs?status=posted&sort=-posted_on").await.is(200);
        let stays = reverse(&text(&runs["data"][0]["id"])).await.is_problem(409, "conflict");
        assert!(stays["detail"].as_str().unwrap().contains("FA-00001"), "{stays}");
        company.ties_out("2026-03-31", "200.00", "200.00").await;
    });
}

#[test]
fn later_depreciation_goes_to_where_the_asset_went() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        let (north, south) =
            (company.owner.department("North", None).await, company.owner.department("South", None).await);
        let asset =
            company.machine(&category, "2026-01-01", "1200.00", json!({"department_id": north})).await;
        let stays = company.machine(&category, "2026-01-01", "600.00", json!({"department_id": north})).await;
        assert_eq!(company.depreciate("2026-01").await, "150.00");
        let transfer = |on: &str| json!({"moved_on": on, "department_id": south, "cost_centre_id": null});
        assert_eq!(
            faults(company.act_on(&asset, "transfer", transfer("2026-01-31")).await),
            [("/moved_on".into(), "already-depreciated".into())]
        );
        // It is said ahead: February is booked where it is then.
        let moved = company.act_on(&asset, "transfer", transfer("2026-03-01")).await.is(200);
        assert_eq!(moved["department_id"], json!(south));
        company.act_on(&asset, "transfer", transfer("2026-03-01")).await.is_problem(409, "conflict");
        company.depreciate("2026-02").await;
        company.depreciate("2026-03").await;
        let expense = async |department: &str, month: &str| {
            let path = format!(
                "/v1/journal-lines?account_id={}&department_id={department}&posted_on_from=2026-{month}-01&posted_on_to=2026-{month}-31",
                company.account("6400")
            );
            let path = path.replace("02-31", "02-28");
            let lines = company.owner.get(&path).await.is(200);
            lines["data"].as_array().unwrap().iter().map(|line| text(&line["debit"])).collect::<Vec<_>>()
        };
        // One line for each account and department, whatever the number of assets.
        assert_eq!(
            (expense(&north, "01").await, expense(&south, "01").await),
            (vec!["150.00".into()], vec![])
        );
        assert_eq!(
            (expense(&north, "02").await, expense(&south, "02").await),
            (vec!["150.00".into()], vec![])
        );
        assert_eq!(
            (expense(&north, "03").await, expense(&south, "03").await),
            (vec!["50.00".into()], vec!["100.00".into()])
        );
        let register = company.register("2026-02-28").await;
        assert_eq!(register["assets"][0]["department_id"], json!(north));
        let register = company.register("2026-03-01").await;
        assert_eq!(
            (&register["assets"][0]["department_id"], &register["assets"][1]["department_id"]),
            (&json!(south), &json!(north))
        );
        // A department's register has what was in it, or beneath it, on the day; totals are of all.
        let europe = company.owner.department("Europe", None).await;
        let beneath = json!({"parent_id": europe});
        company.owner.patch(&format!("/v1/departments/{south}"), beneath).await.is(200);
        for (department, on, wanted) in [
            (&north, "2026-02-28", vec![&asset, &stays]),
            (&north, "2026-03-01", vec![&stays]),
            (&south, "2026-02-28", vec![]),
            (&europe, "2026-03-01", vec![&asset]),
        ] {
            let register = company.register(&format!("{on}&department_id={department}")).await;
            let found: Vec<_> = register["assets"]
                .as_array()
                .unwrap()
                .iter()
                .map(|each| text(&each["fixed_asset_id"]))
                .collect();
            assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{on}");
            assert_eq!(register["categories"][0]["assets"], 2);
        }
        assert_eq!(company.asset(&stays).await["department_id"], json!(north));
    });
}

#[test]
fn an_asset_that_was_taken_over_goes_on_where_it_was() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        // Bought in 2024 for 3,600, three years; 1,800 were depreciated by the end of June 2025. The opening balances say so.
        company
            .post("2025-06-30", &[("1530", "3600.00", ""), ("1620", "", "1800.00"), ("3050", "", "1800.00")])
            .await;
        let more = json!({"life_months": 36, "opening_depreciation": "1800.00", "opening_on": "2025-06-30"});
        let mut asset = json!({"name": "Lathe", "category_id": category, "acquired_on": "2024-01-01", "in_service_on": "2024-01-01", "cost": "3600.00", "method": "straight_line"});
        asset.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let asset = text(&company.owner.post("/v1/fixed-assets", asset).await.is(201)["id"]);
        let ahead = company.schedule(&asset).await;
        assert_eq!(
            (ahead.len(), &ahead[0], &ahead[17].0),
            (18, &("2025-07".into(), "100.00".into(), false), &"2026-12".into())
        );
        company.act_on(&asset, "put-in-service", Value::Null).await.is(200);
        assert_eq!(company.depreciate("2025-07").await, "100.00");
        assert_eq!(company.depreciate("2026-12").await, "1700.00");
        assert_eq!(company.asset(&asset).await["status"], "fully_depreciated");
        company.ties_out("2025-07-31", "3600.00", "1900.00").await;
        company.ties_out("2026-12-31", "3600.00", "3600.00").await;
    });
}

#[test]
fn the_register_names_what_does_not_tie_out() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        company.machine(&category, "2026-01-01", "1200.00", json!({})).await;
        company.ties_out("2026-01-31", "1200.00", "0.00").await;
        // Somebody books a repair to the machine's account, and another machine is bought and still a draft.
        company.post("2026-02-01", &[("1530", "77.00", ""), ("1010", "", "77.00")]).await;
        company.post("2026-02-01", &[("1530", "500.00", ""), ("1010", "", "500.00")]).await;
        company.draft(&category, "2026-02-01", "500.00", json!({})).await;
        let register = company.register("2026-02-01").await;
        assert_eq!(register["ties_out"], false);
        let cost = &register["accounts"][0];
        assert_eq!(
            (&cost["code"], &cost["register"], &cost["ledger"], &cost["difference"]),
            (&json!("1530"), &json!("1200.00"), &json!("1777.00"), &json!("577.00"))
        );
        assert_eq!(register["categories"][0]["drafts"], "500.00");
        assert_eq!(register["accounts"][1]["difference"], "0.00");
        company.ties_out("2026-01-31", "1200.00", "0.00").await;
        // A part at a time.
        company.machine(&category, "2026-03-01", "10.00", json!({})).await;
        let first = company.owner.get("/v1/reports/fixed-asset-register?on=2026-03-01&limit=1").await.is(200);
        let after = text(&first["next_after"]);
        let rest = company
            .owner
            .get(&format!("/v1/reports/fixed-asset-register?on=2026-03-01&after={after}"))
            .await
            .is(200);
        assert_eq!(
            (first["assets"].as_array().unwrap().len(), rest["assets"].as_array().unwrap().len()),
            (1, 1)
        );
        assert_eq!(rest["next_after"], Value::Null);
    });
}

#[test]
fn a_draft_is_free_and_what_is_in_service_stays_as_it_is_booked() {
    run(async {
        let company = Company::new().await;
        let category = company.machines().await;
        let asset = company.draft(&category, "2026-01-01", "1200.00", json!({"in_service_on": null})).await;
        let path = format!("/v1/fixed-assets/{asset}");
        company.act_on(&asset, "put-in-service", Value::Null).await.is_problem(409, "conflict");
        let owner = &company.owner;
        owner.patch(&path, json!({"method": "declining_balance"})).await.is_problem(422, "invalid-input");
        owner.patch(&path, json!({"residual_value": "1200.01"})).await.is_problem(422, "invalid-input");
        assert_eq!(
            faults(owner.patch(&path, json!({"cost": "1200.001"})).await),
            [("/cost".into(), "too-many-decimals".into())]
        );
        owner.patch(&path, json!({"cost": "0.00"})).await.is_problem(422, "invalid-input");
        owner.patch(&path, json!({"cost": "2400.00", "in_service_on": "2026-02-01"})).await.is(200);
        company.act_on(&asset, "put-in-service", Value::Null).await.is(200);
        for change in [
            json!({"cost": "1.00"}),
            json!({"life_months": 1}),
            json!({"department_id": null}),
            json!({"name": "Press", "rate": null}),
        ] {
            owner.patch(&path, change).await.is_problem(409, "invalid-state");
        }
        let renamed = owner.patch(&path, json!({"name": "Press", "number": "PRESS-1"})).await.is(200);
        assert_eq!(
            (&renamed["name"], &renamed["number"], &renamed["cost"]),
            (&json!("Press"), &json!("PRESS-1"), &json!("2400.00"))
        );
        // The database holds it by any path.
        let database = crate::support::service().database().await;
        for statement in [
            "update fixed_assets set cost = 1 where id = $1::text::uuid",
            "update fixed_assets set accumulated_depreciation = 1 where id = $1::text::uuid",
            "update fixed_assets set status = 'disposed' where id = $1::text::uuid",
            "delete from fixed_assets where id = $1::text::uuid",
            "update fixed_asset_movements set cost = 1 where fixed_asset_id = $1::text::uuid",
            "delete from fixed_asset_movements where fixed_asset_id = $1::text::uuid",
        ] {
            assert!(database.execute(statement, &[&asset]).await.is_err(), "{statement}");
        }
        // A category's accounts are of the types that statements expect.
        let wrong = json!({
            "name": "Odd", "asset_account_id": company.account("6400"), "accumulated_depreciation_account_id": company.account("1500"),
            "depreciation_account_id": company.account("6400"), "gain_account_id": company.account("4520"), "loss_account_id": company.account("1010"),
        });
        let mut found = faults(owner.post("/v1/fixed-asset-categories", wrong).await);
        found.sort();
        assert_eq!(
            found,
            [
                ("accumulated_depreciation_account_id", "is-a-group"),
                ("asset_account_id", "wrong-type"),
                ("loss_account_id", "wrong-type")
            ]
            .map(|(field, code)| (format!("/{field}"), code.to_owned()))
        );
    });
}
