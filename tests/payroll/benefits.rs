//! What people get beside their pay, on payslips and in the books; hours and benefits that are agreed to late; leave that is paid out.
use crate::support::run;
use crate::{Company, amount, amounts, dec, id, path};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// A plan that holds from the beginning of the year.
async fn plan(company: &Company, code: &str, basis: &str, own: &str, companys: &str) -> String {
    let costs = json!([{"starts_on": "2026-01-01", "basis": basis, "employee": own, "employer": companys}]);
    let plan = json!({"code": code, "name": code, "kind": "other", "currency": "EUR", "contributions": costs, "starts_on": "2026-01-01"});
    id(&company.owner.post("/v1/benefit-plans", plan).await.is(201))
}

/// Somebody is in a plan from a day on; answers the path of that.
async fn enrol(company: &Company, employee: &str, plan: &str, on: &str) -> String {
    let asked =
        json!({"employee_id": employee, "benefit_plan_id": plan, "starts_on": on, "reason": "Agreed on"});
    let asked = company.owner.post("/v1/benefit-enrolments", asked).await.is(201);
    let at = format!("/v1/benefit-enrolments/{}", id(&asked));
    let officer =
        company.organization.caller(&["benefit-enrolments:read", "benefit-enrolments:approve"]).await;
    officer.act(&format!("{at}/approve")).await.is(200);
    at
}

#[test]
fn both_parts_of_a_benefit_are_on_the_payslip_and_in_the_books() {
    run(async {
        let company = Company::with_pack("generic").await;
        let ana = company.hire("Ana", "2026-01-01", "4000").await;
        let health = plan(&company, "HEALTH", "fixed", "30", "120").await;
        let pension = plan(&company, "PENSION", "percent_of_gross_pay", "5", "3").await;
        enrol(&company, &ana, &health, "2026-01-01").await;
        enrol(&company, &ana, &pension, "2026-01-01").await;
        let january = company.posted("2026-01").await;
        let slip = company.slip(&january, &ana).await;
        // Pension of the state 5 % of 4000 = 200; tax 10 % of what of 3800 is above 1000: 280. Benefits: 30 and 5 % of 4000.
        // The employer adds 10 % for the pension of the state, 120, and 3 % of 4000.
        assert_eq!(
            amounts(
                &slip,
                ["SALARY", "PENSION", "INCOME_TAX", "BENEFITS", "EMPLOYER_PENSION", "BENEFITS_EMPLOYER"]
            ),
            ["4000", "200", "280", "230", "400", "240"]
        );
        let told =
            slip["lines"].as_array().unwrap().iter().find(|line| line["component"] == "BENEFITS").unwrap();
        assert_eq!(told["formula"], "30.00 and 5 % of 4000.00 for benefits");
        // 4000 - 200 - 280 - 230, and what the company pays on top.
        assert_eq!((&slip["net_amount"], &slip["employer_amount"]), (&json!("3290.00"), &json!("640.00")));
        assert_eq!(company.balance("6010").await, dec("4000"));
        assert_eq!(company.balance("6020").await, dec("640"));
        // Owed to the state, the insurer and the fund: 200 + 280 + 230 + 640; and to Ana.
        assert_eq!(company.balance("2210").await, dec("-1350"));
        assert_eq!(company.balance("2200").await, dec("-3290"));
        company.is_whole().await;
        // Taken back, nothing of it is left in the books.
        let why = json!({"reversed_on": "2026-01-31", "reason": "Wrong plan"});
        company.owner.post(&format!("{}/reverse", path(&january)), why).await.is(200);
        for account in ["6010", "6020", "2200", "2210"] {
            assert_eq!(company.balance(account).await, Decimal::ZERO, "{account}");
        }
    });
}

/// Leave that was agreed to.
async fn leave(company: &Company, employee: &str, kind: &str, starts_on: &str, ends_on: &str) -> String {
    let asked =
        json!({"employee_id": employee, "leave_type_id": kind, "starts_on": starts_on, "ends_on": ends_on});
    let at =
        format!("/v1/leave-requests/{}", id(&company.owner.post("/v1/leave-requests", asked).await.is(201)));
    company.owner.act(&format!("{at}/submit")).await.is(200);
    let chief = company.organization.caller(&["leave-requests:read", "leave-requests:approve"]).await;
    chief.act(&format!("{at}/approve")).await.is(200);
    at
}

#[test]
fn who_leaves_is_paid_the_leave_that_is_left() {
    run(async {
        let company = Company::with_pack("generic").await;
        let owner = &company.owner;
        let ana = company.hire("Ana", "2026-01-01", "4400").await;
        let kind = json!({"code": "ANNUAL", "name": "Annual leave", "is_paid_out": true});
        let kind = id(&owner.post("/v1/leave-types", kind).await.is(201));
        let granted = json!({"employee_id": ana, "leave_type_id": kind, "days": "10", "effective_on": "2026-01-01", "reason": "Granted"});
        owner.post("/v1/leave-entitlements", granted).await.is(201);
        leave(&company, &ana, &kind, "2026-01-15", "2026-01-16").await;
        // The week of 9 February: Ana is gone after the Tuesday. The one after it is no leave any more.
        let across = leave(&company, &ana, &kind, "2026-02-09", "2026-02-12").await;
        let after = leave(&company, &ana, &kind, "2026-02-16", "2026-02-17").await;
        company.posted("2026-01").await;
        let leaving = json!({"last_day": "2026-02-10", "reason": "Resigned"});
        owner.post(&format!("/v1/employees/{ana}/terminate"), leaving).await.is(200);
        assert_eq!(owner.get(&across).await.is(200)["days"], "2");
        assert_eq!(owner.get(&after).await.is(200)["status"], "cancelled");
        // 2 to 10 February are 7 of 20 working days, two of them paid leave: 1540. Of ten days of leave four are taken, six are left:
        // 6 × 4400 / 20 = 1320.
        let february = company.posted("2026-02").await;
        let slip = company.slip(&february, &ana).await;
        assert_eq!(amounts(&slip, ["SALARY", "LEAVE_PAYOUT"]), ["1540", "1320"]);
        let told = slip["lines"]
            .as_array()
            .unwrap()
            .iter()
            .find(|line| line["component"] == "LEAVE_PAYOUT")
            .unwrap();
        assert_eq!(told["formula"], "6 days × 220.00");
        // 5 % of 2860 = 143; 10 % of what of 2717 is above 1000: 171.70.
        assert_eq!((&slip["gross_amount"], &slip["net_amount"]), (&json!("2860.00"), &json!("2545.30")));
        // January 4400 and February.
        assert_eq!(company.balance("6010").await, dec("7260"));
        company.is_whole().await;
        let march = company.calculated("2026-03").await;
        assert_eq!(march["employees"], 0);
    });
}

/// The lines of earlier months on a payslip: `period component amount`.
fn made_good(slip: &Value) -> Vec<String> {
    let lines = slip["lines"].as_array().unwrap().iter().filter(|line| line["period"] != slip["period"]);
    let told = |line: &Value| {
        format!(
            "{} {} {}",
            line["period"].as_str().unwrap(),
            line["component"].as_str().unwrap(),
            line["amount"].as_str().unwrap()
        )
    };
    let mut told: Vec<String> = lines.map(told).collect();
    told.sort();
    told
}

#[test]
fn benefits_that_change_in_paid_months_are_made_good() {
    run(async {
        let company = Company::with_pack("generic").await;
        let ana = company.hire("Ana", "2026-01-01", "4000").await;
        let health = plan(&company, "HEALTH", "fixed", "30", "120").await;
        company.posted("2026-01").await;
        // Agreed to after January was paid, from January on.
        let enrolment = enrol(&company, &ana, &health, "2026-01-01").await;
        let february = company.posted("2026-02").await;
        let slip = company.slip(&february, &ana).await;
        assert_eq!(amounts(&slip, ["BENEFITS", "BENEFITS_EMPLOYER"]), ["30", "120"]);
        assert_eq!(made_good(&slip), ["2026-01 BENEFITS 30.00", "2026-01 BENEFITS_EMPLOYER 120.00"]);
        // The plan costs more, from February on, which is paid.
        let costs = json!([
            {"starts_on": "2026-01-01", "basis": "fixed", "employee": "30", "employer": "120"},
            {"starts_on": "2026-02-01", "basis": "fixed", "employee": "40", "employer": "150"},
        ]);
        company
            .owner
            .patch(&format!("/v1/benefit-plans/{health}"), json!({"contributions": costs}))
            .await
            .is(200);
        let march = company.posted("2026-03").await;
        let slip = company.slip(&march, &ana).await;
        assert_eq!(amounts(&slip, ["BENEFITS", "BENEFITS_EMPLOYER"]), ["40", "150"]);
        assert_eq!(made_good(&slip), ["2026-02 BENEFITS 10.00", "2026-02 BENEFITS_EMPLOYER 30.00"]);
        // It ended with February, as is known in April: what March took is given back.
        let end = json!({"last_day": "2026-02-28", "end_reason": "Covered elsewhere"});
        company.owner.post(&format!("{enrolment}/end"), end).await.is(200);
        let april = company.posted("2026-04").await;
        let slip = company.slip(&april, &ana).await;
        assert_eq!(amounts(&slip, ["BENEFITS", "BENEFITS_EMPLOYER"]), ["0", "0"]);
        assert_eq!(made_good(&slip), ["2026-03 BENEFITS -40.00", "2026-03 BENEFITS_EMPLOYER -150.00"]);
        company.is_whole().await;
        // Once.
        let may = company.calculated("2026-05").await;
        assert_eq!(made_good(&company.slip(&may, &ana).await), Vec::<String>::new());
    });
}

#[test]
fn hours_that_are_agreed_to_after_a_month_was_paid_are_made_good() {
    run(async {
        let company = Company::with_pack("generic").await;
        let owner = &company.owner;
        let day = "8";
        let week = json!({"monday": day, "tuesday": day, "wednesday": day, "thursday": day, "friday": day, "saturday": "0", "sunday": "0"});
        let pattern = json!({"code": "FULL", "name": "Forty hours", "weeks": [week], "is_default": true,
            "overtime": [{"per": "day", "over": "8", "multiplier": "1.5"}]});
        owner.post("/v1/working-patterns", pattern).await.is(201);
        let ana = company.hire("Ana", "2026-01-01", "4400").await;
        let worked = json!({"employee_id": ana, "worked_on": "2026-01-12", "hours": "10"});
        let worked = owner.post("/v1/timesheet-entries", worked).await.is(201);
        let sheet = format!("/v1/timesheets/{}", worked["timesheet_id"].as_str().unwrap());
        owner.act(&format!("{sheet}/submit")).await.is(200);
        let january = company.posted("2026-01").await;
        assert_eq!(amounts(&company.slip(&january, &ana).await, ["SALARY", "OVERTIME"]), ["4400", "0"]);
        // Agreed to when January is paid: two hours above eight, at 4400 / 176 = 25 and one and a half times: 75.
        let chief = company.organization.caller(&["timesheets:read", "timesheets:approve"]).await;
        chief.act(&format!("{sheet}/approve")).await.is(200);
        let february = company.posted("2026-02").await;
        let slip = company.slip(&february, &ana).await;
        assert_eq!(amount(&slip, "OVERTIME", "2026-02"), Decimal::ZERO);
        // 5 % of 75 = 3.75 for the pension, 10 % from the company; 20 % of 71.25 is tax, as of all that is above 4000.
        assert_eq!(
            made_good(&slip),
            [
                "2026-01 EMPLOYER_PENSION 7.50",
                "2026-01 INCOME_TAX 14.25",
                "2026-01 OVERTIME 75.00",
                "2026-01 PENSION 3.75"
            ]
        );
        company.is_whole().await;
        let march = company.calculated("2026-03").await;
        assert_eq!(made_good(&company.slip(&march, &ana).await), Vec::<String>::new());
    });
}
