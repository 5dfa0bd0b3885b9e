//! What was not known when a month was paid: raises that are dated back, unpaid leave over the end of a month, who leaves and comes back.
use crate::support::{run, service};
use crate::{Company, amount, amounts, dec, id};
use serde_json::json;
use uuid::Uuid;

#[test]
fn a_raise_over_three_paid_months_is_made_good_month_by_month() {
    run(async {
        let company = Company::with_pack("ro").await;
        let ana = company.hire("Ana", "2026-01-01", "8000").await;
        for period in ["2026-01", "2026-02", "2026-03"] {
            company.posted(period).await;
        }
        // From 15 January on 8500: of 22 working days in January 12 are from then on (15th to 30th), 500 × 12 / 22 = 272.73.
        company.pay(&ana, "2026-01-15", "8500").await;
        let april = company.posted("2026-04").await;
        let slip = company.slip(&april, &ana).await;
        assert_eq!(amounts(&slip, ["SALARY", "CAS", "CASS", "TAX"]), ["8500", "2125", "850", "553"]);
        let of = |component: &str| {
            ["2026-01", "2026-02", "2026-03"].map(|period| amount(&slip, component, period).to_string())
        };
        assert_eq!(of("SALARY"), ["272.73", "500", "500"]);
        // 8272.73: CAS 2068.18 → 2068, less 2000; CASS 827.27 → 827 less 800; tax of 5377.73 → 538 less 520.
        assert_eq!(of("CAS"), ["68", "125", "125"]);
        assert_eq!(of("CASS"), ["27", "50", "50"]);
        assert_eq!(of("TAX"), ["18", "33", "33"]);
        company.is_whole().await;
        // Once: in May there is nothing left to be made good.
        let may = company.calculated("2026-05").await;
        let slip = company.slip(&may, &ana).await;
        assert!(slip["lines"].as_array().unwrap().iter().all(|line| line["period"] == "2026-05"), "{slip}");
    });
}

/// Days of leave that are not paid, as an approved request leaves them.
async fn unpaid(company: &Company, employee: &str, days: &[&str]) {
    let owner = &company.owner;
    let kind = json!({"code": Uuid::now_v7().simple().to_string()[20..32].to_uppercase(), "name": Uuid::now_v7().to_string(), "accrual": "none", "allows_negative": true, "paid_share": "0"});
    let kind = owner.post("/v1/leave-types", kind).await.is(201);
    let asked = json!({"employee_id": employee, "leave_type_id": id(&kind), "starts_on": days[0], "ends_on": days[days.len() - 1]});
    let asked = owner.post("/v1/leave-requests", asked).await.is(201);
    let at = format!("/v1/leave-requests/{}", id(&asked));
    owner.act(&format!("{at}/submit")).await.is(200);
    let chief = company.organization.caller(&["leave-requests:read", "leave-requests:approve"]).await;
    chief.act(&format!("{at}/approve")).await.is(200);
    let sql = "select count(*) from absence_days where org_id = $1 and employee_id = $2::text::uuid";
    let found =
        service().database().await.query_one(sql, &[&company.organization.id, &employee]).await.unwrap();
    assert_eq!(usize::try_from(found.get::<_, i64>(0)).unwrap(), days.len());
}

#[test]
fn unpaid_leave_over_a_months_end_lessens_both_months() {
    run(async {
        let company = Company::with_pack("generic").await;
        let ana = company.hire("Ana", "2026-01-01", "4400").await;
        company.posted("2026-01").await;
        // 29 and 30 January, 2 and 3 February: known when January was paid already. January has 22 working days, February 20.
        unpaid(&company, &ana, &["2026-01-29", "2026-01-30", "2026-02-02", "2026-02-03"]).await;
        let february = company.posted("2026-02").await;
        let slip = company.slip(&february, &ana).await;
        // February: 18 of 20 days are 3960. January: 20 of 22 days are 4000, less 4400 paid.
        assert_eq!(amounts(&slip, ["SALARY"]), ["3960"]);
        assert_eq!(amount(&slip, "SALARY", "2026-01"), dec("-400"));
        assert_eq!(slip["gross_amount"], "3560.00");
        company.is_whole().await;
    });
}

#[test]
fn who_leaves_is_paid_to_the_last_day_and_who_comes_back_from_the_first() {
    run(async {
        let company = Company::with_pack("generic").await;
        let ana = company.hire("Ana", "2026-01-01", "4400").await;
        company.posted("2026-01").await;
        let at = format!("/v1/employees/{ana}");
        let leaving = json!({"last_day": "2026-02-13", "reason": "Resigned"});
        company.owner.post(&format!("{at}/terminate"), leaving).await.is(200);
        // 2 to 13 February are 10 of 20 working days.
        let february = company.posted("2026-02").await;
        assert_eq!(amounts(&company.slip(&february, &ana).await, ["SALARY"]), ["2200"]);
        let march = company.posted("2026-03").await;
        assert_eq!((march["employees"].as_i64(), march["status"].as_str()), (Some(0), Some("paid")));
        // Back from Monday, 20 April: 9 of 22 days, with a salary of their own from then on: 1980.
        company.owner.post(&format!("{at}/rehire"), json!({"hired_on": "2026-04-20"})).await.is(200);
        company.pay(&ana, "2026-04-20", "4840").await;
        let april = company.posted("2026-04").await;
        assert_eq!(amounts(&company.slip(&april, &ana).await, ["SALARY"]), ["1980"]);
        company.is_whole().await;
        // Nobody leaves on a day before one that they are paid for.
        let may = company.posted("2026-05").await;
        assert_eq!(amounts(&company.slip(&may, &ana).await, ["SALARY"]), ["4840"]);
        let early = json!({"last_day": "2026-04-24", "reason": "Resigned"});
        let refused = company.owner.post(&format!("{at}/terminate"), early).await.is_problem(409, "conflict");
        assert_eq!(crate::faults(&refused), [("/last_day".to_owned(), "is-paid".to_owned())]);
    });
}
