//! What is booked again and again.
use crate::support::run;
use crate::{Company, decimal, text};
use serde_json::{Value, json};

#[test]
fn each_due_day_is_booked_once_however_often_it_is_run() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        let lines =
            company.entry("2025-01-31", &[("1010", "", "500.00"), ("1030", "500.00", "")])["lines"].clone();
        // The 31st of January, the 28th of February, the 31st of March: its last is the 30th of April.
        let rent = json!({"name": "Rent", "description": "Rent of the office", "lines": lines, "every": "month", "starts_on": "2025-01-31", "ends_on": "2025-04-30"});
        let made = owner.post("/v1/recurring-entries", rent).await.is(201);
        assert_eq!((&made["next_on"], &made["runs"]), (&json!("2025-01-31"), &json!(0)));
        let path = format!("/v1/recurring-entries/{}", text(&made["id"]));
        owner.act(&format!("{path}/pause")).await.is(200);
        owner.act(&format!("{path}/run")).await.is_problem(409, "invalid-state");
        owner.act(&format!("{path}/resume")).await.is(200);
        // Two at once: what one books, the other finds booked.
        let run_path = format!("{path}/run");
        let (one, other) = futures_util::future::join(owner.act(&run_path), owner.act(&run_path)).await;
        let ended = [one, other].map(|answer| answer.status);
        assert!(ended.contains(&200) && ended.iter().all(|status| [200, 409].contains(status)), "{ended:?}");
        let now = owner.get(&path).await.is(200);
        assert_eq!(
            (&now["status"], &now["runs"], &now["next_on"]),
            (&json!("ended"), &json!(4), &Value::Null)
        );
        let entries = owner.get("/v1/journal-entries?sort=posted_on").await.is(200);
        let days: Vec<_> =
            entries["data"].as_array().unwrap().iter().map(|each| text(&each["posted_on"])).collect();
        assert_eq!(days, ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"]);
        assert_eq!(company.balance(company.account("1030"), "2026-12-31").await, decimal("2000"));
    });
}

#[test]
fn what_does_not_balance_is_refused_when_it_is_made() {
    run(async {
        let company = Company::new().await;
        let lines =
            company.entry("2025-01-31", &[("1010", "", "500.00"), ("1030", "499.00", "")])["lines"].clone();
        let rent = json!({"name": "Rent", "description": "Rent of the office", "lines": lines, "every": "month", "starts_on": "2025-01-31"});
        assert_eq!(
            crate::faults(company.owner.post("/v1/recurring-entries", rent).await),
            [("/lines".into(), "unbalanced".into())]
        );
    });
}
