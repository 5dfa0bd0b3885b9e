//! Periods and years: who posts when, the year end, and taking it back.
use crate::support::run;
use crate::{Company, decimal, text};
use serde_json::json;

#[test]
fn a_closed_period_takes_postings_of_few_and_a_locked_one_of_nobody() {
    run(async {
        let company = Company::new().await;
        company.close_period("2026-01").await;
        let accountant = company
            .organization
            .caller(&["journal-entries:read", "journal-entries:write", "journal-entries:post"])
            .await;
        let entry = company.entry("2026-01-31", &[("1010", "1.00", ""), ("1030", "", "1.00")]);
        let all = json!({"entries": [entry]});
        let refused =
            accountant.post("/v1/journal-entries/post", all.clone()).await.is_problem(409, "period-closed");
        assert!(text(&refused["detail"]).contains("2026-01 is closed"), "{refused}");
        let chief = company
            .organization
            .caller(&[
                "journal-entries:read",
                "journal-entries:write",
                "journal-entries:post",
                "fiscal-periods:post-closed",
            ])
            .await;
        chief.post("/v1/journal-entries/post", all.clone()).await.is(200);
        let period = company.period("2026-01").await;
        company.owner.act(&format!("/v1/fiscal-periods/{period}/lock")).await.is(200);
        chief.post("/v1/journal-entries/post", all).await.is_problem(409, "period-closed");
        company
            .owner
            .act(&format!("/v1/fiscal-periods/{period}/reopen"))
            .await
            .is_problem(409, "invalid-state");
    });
}

#[test]
fn years_follow_each_other_without_gap_or_overlap() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        let year = |code: &str, from: &str, to: &str| json!({"code": code, "starts_on": from, "ends_on": to});
        owner
            .post("/v1/fiscal-years", year("G", "2028-01-01", "2028-12-31"))
            .await
            .is_problem(409, "conflict");
        owner
            .post("/v1/fiscal-years", year("O", "2026-07-01", "2027-06-30"))
            .await
            .is_problem(409, "conflict");
        owner
            .post("/v1/fiscal-years", year("H", "2027-01-15", "2027-12-31"))
            .await
            .is_problem(422, "invalid-input");
        owner
            .post("/v1/fiscal-years", year("L", "2027-01-01", "2029-12-31"))
            .await
            .is_problem(422, "invalid-input");
        owner.post("/v1/fiscal-years", year("S", "2027-01-01", "2027-06-30")).await.is(201);
        owner.post("/v1/fiscal-years", year("2024", "2024-01-01", "2024-12-31")).await.is(201);
        let periods = owner.get("/v1/fiscal-periods?limit=200&count=true").await.is(200);
        assert_eq!(periods["total"], 12 * 3 + 6);
        // One in the middle stays; one at an end goes, if nothing was posted.
        let (middle, end) = (company.year("2025").await, company.year("2024").await);
        owner.delete(&format!("/v1/fiscal-years/{middle}")).await.is_problem(409, "conflict");
        company.post("2024-05-05", &[("1010", "1.00", ""), ("1030", "", "1.00")]).await;
        owner.delete(&format!("/v1/fiscal-years/{end}")).await.is_problem(409, "in-use");
        let last = company.year("S").await;
        owner.delete(&format!("/v1/fiscal-years/{last}")).await.is(204);
    });
}

#[test]
fn a_year_is_closed_to_retained_earnings_and_reopened() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        let (income, expense) =
            (account_of_type(&company, "income").await, account_of_type(&company, "expense").await);
        let department = owner.department("Sales", None).await;
        let book = async |debit: &str, credit: &str, amount: &str, department: Option<&str>| {
            let mut entry = company.entry("2025-06-30", &[("1010", amount, ""), ("1030", "", amount)]);
            entry["lines"][0]["account_id"] = json!(debit);
            entry["lines"][1]["account_id"] = json!(credit);
            for line in [0, 1] {
                entry["lines"][line]["department_id"] = json!(department);
            }
            company.try_to_post(entry).await.is(200);
        };
        let bank = company.account("1010").to_owned();
        // Earned 1,000.00, of which 400.00 by Sales; spent 350.50 in Sales: 649.50 are left.
        book(&bank, &income, "600.00", None).await;
        book(&bank, &income, "400.00", Some(&department)).await;
        book(&expense, &bank, "350.50", Some(&department)).await;
        let year = company.year("2025").await;
        let refused = owner.act(&format!("/v1/fiscal-years/{year}/close")).await.is_problem(409, "conflict");
        assert!(text(&refused["detail"]).contains("2025-01, 2025-02"), "{refused}");
        for month in 1..=12 {
            company.close_period(&format!("2025-{month:02}")).await;
        }
        let closed = owner.act(&format!("/v1/fiscal-years/{year}/close")).await.is(200);
        assert_eq!(closed["status"], "closed");
        let entry =
            owner.get(&format!("/v1/journal-entries/{}", text(&closed["closing_entry_id"]))).await.is(200);
        // Income 600.00 without and 400.00 with the department, expense 350.50, and the result: four lines.
        assert_eq!(
            (&entry["kind"], &entry["posted_on"], &entry["line_count"], &entry["total"]),
            (&json!("closing"), &json!("2025-12-31"), &json!(4), &json!("1000.00"))
        );
        let retained = company.role("retained_earnings").await;
        assert_eq!(company.balance(&retained, "2025-12-31").await, decimal("-649.50"));
        assert_eq!(company.balance(&income, "2025-12-31").await, decimal("0"));
        assert_eq!(company.balance(&expense, "2025-12-31").await, decimal("0"));
        // Nobody posts into it now, and what closed it is taken back by reopening alone.
        let late = company.entry("2025-12-31", &[("1010", "1.00", ""), ("1030", "", "1.00")]);
        company.try_to_post(late.clone()).await.is_problem(409, "period-closed");
        let path = format!("/v1/journal-entries/{}", text(&entry["id"]));
        owner
            .post(&format!("{path}/reverse"), json!({"reversed_on": "2026-01-01", "reason": "No"}))
            .await
            .is_problem(409, "conflict");
        let period = company.period("2025-12").await;
        owner.act(&format!("/v1/fiscal-periods/{period}/reopen")).await.is_problem(409, "conflict");
        // Not before the year after it is open.
        for month in 1..=12 {
            company.close_period(&format!("2026-{month:02}")).await;
        }
        let next = company.year("2026").await;
        owner.act(&format!("/v1/fiscal-years/{next}/close")).await.is(200);
        owner.act(&format!("/v1/fiscal-years/{year}/reopen")).await.is_problem(409, "conflict");
        owner.act(&format!("/v1/fiscal-years/{next}/reopen")).await.is(200);
        assert_eq!(
            owner.act(&format!("/v1/fiscal-years/{year}/reopen")).await.is(200)["closing_entry_id"],
            json!(null)
        );
        assert_eq!(company.balance(&retained, "2025-12-31").await, decimal("0"));
        assert_eq!(company.balance(&income, "2025-12-31").await, decimal("-1000"));
        // Closed again, it comes to the same.
        owner.act(&format!("/v1/fiscal-periods/{period}/reopen")).await.is(200);
        company.try_to_post(late).await.is(200);
        company.close_period("2025-12").await;
        owner.act(&format!("/v1/fiscal-years/{year}/close")).await.is(200);
        assert_eq!(company.balance(&retained, "2025-12-31").await, decimal("-649.50"));
    });
}

/// An account of this type that asks for no dimensions.
async fn account_of_type(company: &Company, kind: &str) -> String {
    let found =
        company.owner.get(&format!("/v1/accounts?type={kind}&is_group=false&limit=200")).await.is(200);
    let plain = found["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|each| each["requires"] == json!([]) && each["role"].is_null());
    text(&plain.unwrap()["id"])
}

#[test]
fn a_year_is_not_closed_before_the_one_before_it() {
    run(async {
        let company = Company::new().await;
        for month in 1..=12 {
            company.close_period(&format!("2026-{month:02}")).await;
        }
        let year = company.year("2026").await;
        let refused =
            company.owner.act(&format!("/v1/fiscal-years/{year}/close")).await.is_problem(409, "conflict");
        assert!(text(&refused["detail"]).contains("year before"), "{refused}");
    });
}
