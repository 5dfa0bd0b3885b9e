//! How leave grows and goes: by months and years, of people who come and go, in leap years, over the end of a year.
use crate::support::{Caller, run};
use crate::{Company, days, decimal, fault, hire};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// The entries of an employee up to a day: kind, days, day.
async fn entries(hr: &Caller, employee: &str, kind: &str, to: &str) -> Vec<(String, Decimal, String)> {
    let path = format!(
        "/v1/leave-entitlements?employee_id={employee}&leave_type_id={kind}&effective_on_to={to}&sort=effective_on,id&limit=200"
    );
    let page = hr.get(&path).await.is(200);
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    let data = page["data"].as_array().unwrap();
    data.iter().map(|each| (text(each, "kind"), decimal(&each["days"]), text(each, "effective_on"))).collect()
}

#[test]
fn a_leap_year_grows_month_by_month_and_once() {
    run(async {
        let firm = Company::new().await;
        let kind = firm
            .leave_type(json!({"accrual": "monthly", "days_per_year": "21", "accrues_from_on": "2024-01-01"}))
            .await;
        // 16 to 29 February are 14 of the 29 days of that month: 1.75 × 14 / 29 = 0.8448.
        let eve = hire(&firm.owner, "Eve", "2024-02-16", None).await;
        firm.grow("2024-12-31").await;
        firm.grow("2024-12-31").await;
        let grown = entries(&firm.hr, &firm.ana_id, &kind, "2024-12-31").await;
        let ends: Vec<&str> = grown.iter().map(|(_, _, on)| on.as_str()).collect();
        assert_eq!(ends[..3], ["2024-01-31", "2024-02-29", "2024-03-31"]);
        assert!(
            grown.len() == 12
                && grown.iter().all(|(kind, each, _)| kind == "accrual" && *each == days("1.75"))
        );
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2024-12-31").await, (days("21"), days("21")));
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2024-02-28").await, (days("1.75"), days("1.75")));
        assert_eq!(firm.balance(&eve, &kind, "2024-02-29").await, (days("0.84"), days("0.84")));
        assert_eq!(firm.balance(&eve, &kind, "2024-04-30").await, (days("4.34"), days("4.34"))); // 0.84 + 2 × 1.75
    });
}

#[test]
fn twelve_months_sum_up_to_the_year_even_where_a_twelfth_has_no_end() {
    run(async {
        let firm = Company::new().await;
        let kind = firm
            .leave_type(json!({"accrual": "monthly", "days_per_year": "20", "accrues_from_on": "2023-01-01"}))
            .await;
        // 20 / 12 = 1.666…
        firm.grow("2023-12-31").await;
        let grown = entries(&firm.hr, &firm.ana_id, &kind, "2023-12-31").await;
        assert_eq!(grown.iter().map(|(_, each, _)| each).sum::<Decimal>(), days("20"));
        assert_eq!(grown[1].2, "2023-02-28");
        // Where nothing was written yet, the balance of a day to come tells what will have grown: 20 more by the end of 2024.
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2024-12-31").await.1, days("40"));
    });
}

#[test]
fn who_comes_or_goes_in_a_year_gets_the_part_of_it_and_what_was_written_before_is_corrected() {
    run(async {
        let firm = Company::new().await;
        let kind = firm
            .leave_type(json!({"accrual": "yearly", "days_per_year": "21", "accrues_from_on": "2023-01-01", "is_paid_out": true}))
            .await;
        // 1 July to 31 December are 184 days: of 365 in 2023, of 366 in 2024.
        let common = hire(&firm.owner, "Eve", "2023-07-01", None).await;
        let leap = hire(&firm.owner, "Fay", "2024-07-01", None).await;
        firm.grow("2024-08-31").await;
        assert_eq!(
            entries(&firm.hr, &common, &kind, "2023-12-31").await,
            [("accrual".into(), days("10.59"), "2023-07-01".into())]
        );
        assert_eq!(
            entries(&firm.hr, &leap, &kind, "2024-12-31").await,
            [("accrual".into(), days("10.56"), "2024-07-01".into())]
        );
        assert_eq!(
            entries(&firm.hr, &firm.ana_id, &kind, "2024-01-01").await[1],
            ("accrual".into(), days("21"), "2024-01-01".into())
        );
        // Ana goes on 30 June 2024: 182 of 366 days, 10.4426. What was written too much is taken off, nothing is changed.
        let leaving = json!({"last_day": "2024-06-30", "reason": "Resigned"});
        firm.owner.act(&format!("/v1/employees/{}/activate", firm.ana_id)).await.is(200);
        firm.owner.post(&format!("/v1/employees/{}/terminate", firm.ana_id), leaving).await.is(200);
        firm.grow("2024-08-31").await;
        let written = entries(&firm.hr, &firm.ana_id, &kind, "2024-12-31").await;
        assert_eq!(
            written[1..],
            [
                ("accrual".into(), days("21"), "2024-01-01".into()),
                ("accrual".into(), days("-10.56"), "2024-01-01".into())
            ]
        );
        let left = firm
            .found(&format!(
                "select employee_id::text, days::text from leave_left('2024-06-30', '{{{}}}')",
                firm.ana_id
            ))
            .await;
        assert_eq!(left, [[firm.ana_id.clone(), "31.44".to_owned()]]); // 21 of 2023 and 10.44 of 2024
    });
}

#[test]
fn what_is_carried_over_is_taken_first_and_the_rest_of_it_expires() {
    run(async {
        let firm = Company::new().await;
        let kind = firm
            .leave_type(json!({"accrual": "yearly", "days_per_year": "20", "accrues_from_on": "2024-01-01", "carry_over_days": "5", "carry_over_months": 3}))
            .await;
        // 4 to 19 March 2024 are twelve working days: 8 of 20 are left, 5 of them go over, 3 are lost.
        assert_eq!(decimal(&firm.taken(&kind, "2024-03-04", "2024-03-19").await["days"]), days("12"));
        // Two of the five are taken in time, the other three expire on 1 April 2025.
        firm.taken(&kind, "2025-02-03", "2025-02-04").await;
        firm.grow("2025-06-30").await;
        let gone: Vec<_> = entries(&firm.hr, &firm.ana_id, &kind, "2025-06-30").await;
        let gone: Vec<_> =
            gone.into_iter().filter(|(kind, ..)| kind == "not_carried_over" || kind == "expired").collect();
        assert_eq!(
            gone,
            [
                ("not_carried_over".into(), days("-3"), "2025-01-01".into()),
                ("expired".into(), days("-3"), "2025-04-01".into()),
            ]
        );
        for (on, left) in
            [("2024-12-31", "8"), ("2025-01-01", "25"), ("2025-03-31", "23"), ("2025-04-01", "20")]
        {
            assert_eq!(firm.balance(&firm.ana_id, &kind, on).await, (days(left), days(left)), "{on}");
        }
        // Two more days of March 2025, entered late: of what had expired, two days were taken after all.
        firm.taken(&kind, "2025-03-03", "2025-03-04").await;
        firm.grow("2025-06-30").await;
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2025-04-01").await, (days("20"), days("20")));
    });
}

#[test]
fn better_terms_hold_from_their_day_on_and_what_grew_before_stays() {
    run(async {
        let firm = Company::new().await;
        let kind = firm
            .leave_type(json!({"accrual": "yearly", "days_per_year": "20", "accrues_from_on": "2024-01-01"}))
            .await;
        firm.grow("2024-12-31").await;
        let better = json!({"days_per_year": "25", "accrues_from_on": "2025-01-01"});
        firm.owner.patch(&format!("/v1/leave-types/{kind}"), better).await.is(200);
        firm.grow("2025-01-31").await;
        let written = entries(&firm.hr, &firm.ana_id, &kind, "2025-01-31").await;
        assert_eq!(written.iter().map(|(_, each, _)| *each).collect::<Vec<_>>(), [days("20"), days("25")]);
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2025-01-31").await, (days("45"), days("45")));
    });
}

#[test]
fn entries_are_final_and_only_adjustments_are_entered() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({})).await;
        firm.grant(&firm.ana_id, &kind, "3.5", "2026-01-01").await;
        let zero = json!({"employee_id": firm.ana_id, "leave_type_id": kind, "days": "0", "effective_on": "2026-01-01", "reason": "Nothing"});
        assert_eq!(
            fault(&firm.hr.post("/v1/leave-entitlements", zero).await.is_problem(422, "invalid-input")),
            ("/days", "zero")
        );
        let to_come = json!({"through_on": "2199-01-01"});
        let refused =
            firm.hr.post("/v1/leave-entitlements/accrue", to_come).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&refused), ("/through_on", "to-come"));
        let database = crate::support::service().database().await;
        let change = "update leave_entitlements set days = 99 where org_id = $1";
        let refused = database.execute(change, &[&firm.firm.id]).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().constraint(), Some("leave_entitlements_final"));
        // Their own they see, those of others not.
        assert_eq!(entries(&firm.ana, &firm.ana_id, &kind, "2026-12-31").await.len(), 1);
        assert_eq!(entries(&firm.ben, &firm.ana_id, &kind, "2026-12-31").await.len(), 0);
        assert_eq!(entries(&firm.mira, &firm.ana_id, &kind, "2026-12-31").await.len(), 1);
        let own = firm.ben.get("/v1/leave-balances").await.is(200);
        assert!(
            own["balances"]
                .as_array()
                .unwrap()
                .iter()
                .all(|each| each["employee_id"] == firm.ben_id.as_str())
        );
    });
}

#[test]
fn leave_that_grows_has_terms_and_other_leave_has_none() {
    run(async {
        let firm = Company::new().await;
        let bad = json!({"code": "BAD", "name": "Bad", "accrual": "yearly", "accrues_from_on": "2026-02-01"});
        let problem = firm.owner.post("/v1/leave-types", bad).await.is_problem(422, "invalid-input");
        let told: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| each["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(told, ["/accrual", "/accrues_from_on"]);
        let bad = json!({"code": "BAD", "name": "Bad", "days_per_year": "5"});
        let problem = firm.owner.post("/v1/leave-types", bad).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/days_per_year", "breaks-a-rule"));
    });
}
