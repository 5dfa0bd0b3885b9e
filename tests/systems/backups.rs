//! Backups that agents report, restores that somebody tried, and what is wrong with both.
use crate::support::run;
use crate::{Company, day, faults, id, unique};
use chrono::{Duration, Utc};
use serde_json::{Value, json};

/// The findings about a system.
async fn findings(company: &Company, system: &str) -> Vec<String> {
    let report = company.it.get("/v1/reports/backup-findings").await.is(200);
    let all = report["findings"].as_array().unwrap().iter().filter(|each| each["system_id"] == system);
    all.map(|each| each["finding"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn late_and_untried_backups_are_findings_until_they_are_not() {
    run(async {
        let company = Company::new().await;
        let policy = json!({"name": "Daily", "backup_every_hours": 24, "restore_test_every_days": 90});
        let policy = id(&company.it.post("/v1/backup-policies", policy).await.is(201));
        let database = json!({"kind": "database", "engine": "PostgreSQL"});
        let payroll = company.system("Payroll database", database).await;
        assert_eq!(findings(&company, &payroll).await, ["no_policy"]);
        let path = format!("/v1/systems/{payroll}");
        company.it.patch(&path, json!({"backup_policy_id": policy})).await.is(200);
        assert_eq!(findings(&company, &payroll).await, ["never_backed_up", "restore_never_tested"]);

        // An agent that may do nothing else.
        let agent = company.org.caller(&["backup-runs:write"]).await;
        let now = Utc::now();
        let run = |hours: i64, outcome: &str| {
            let started = now - Duration::hours(hours);
            json!({"system_id": payroll, "started_at": started, "ended_at": started + Duration::minutes(10), "outcome": outcome, "size_bytes": 1_000_000,
                "message": (outcome == "failed").then_some("No space left")})
        };
        // Thirty hours ago, for a policy of twenty-four.
        let first = agent.post("/v1/backup-runs", run(30, "succeeded")).await.is(201);
        agent.get("/v1/backup-runs").await.is_problem(403, "forbidden");
        assert_eq!(findings(&company, &payroll).await, ["backup_late", "restore_never_tested"]);
        let report = company.it.get("/v1/reports/backup-findings").await.is(200);
        let due = report["findings"][0]["due_at"].as_str().unwrap().parse::<chrono::DateTime<Utc>>().unwrap();
        assert!((now - Duration::hours(6) - due).num_seconds().abs() <= 1, "due six hours ago: {due}");
        agent.post("/v1/backup-runs", run(2, "failed")).await.is(201);
        assert_eq!(
            findings(&company, &payroll).await,
            ["backup_late", "last_backup_failed", "restore_never_tested"]
        );
        agent.post("/v1/backup-runs", run(1, "succeeded")).await.is(201);
        assert_eq!(findings(&company, &payroll).await, ["restore_never_tested"]);

        let test = |days: i64, outcome: &str, backup: Value| json!({"system_id": payroll, "tested_on": day(-days), "outcome": outcome, "backup_run_id": backup, "notes": "Tried", "tested_by_id": company.mira});
        company.it.post("/v1/restore-tests", test(100, "succeeded", json!(null))).await.is(201);
        assert_eq!(findings(&company, &payroll).await, ["restore_test_late"]);
        company.it.post("/v1/restore-tests", test(2, "failed", json!(id(&first)))).await.is(201);
        assert_eq!(findings(&company, &payroll).await, ["restore_test_late", "last_restore_test_failed"]);
        company.it.post("/v1/restore-tests", test(1, "succeeded", json!(id(&first)))).await.is(201);
        assert_eq!(findings(&company, &payroll).await, Vec::<String>::new());
    });
}

#[test]
fn what_can_not_have_been_is_not_taken() {
    run(async {
        let company = Company::new().await;
        let one = company.system(&unique(), json!({})).await;
        let other = company.system(&unique(), json!({})).await;
        let now = Utc::now();
        let mut run = json!({"system_id": one, "started_at": now + Duration::hours(1), "ended_at": now + Duration::hours(2), "outcome": "succeeded"});
        let refused = company.it.post("/v1/backup-runs", run.clone()).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/started_at", "in-the-future")]);
        (run["started_at"], run["ended_at"]) = (json!(now), json!(now - Duration::hours(1)));
        company.it.post("/v1/backup-runs", run.clone()).await.is_problem(422, "invalid-input");
        // Why it failed.
        run["started_at"] = json!(now - Duration::hours(2));
        run["outcome"] = json!("failed");
        company.it.post("/v1/backup-runs", run.clone()).await.is_problem(422, "invalid-input");
        run["message"] = json!("No space left");
        let made = id(&company.it.post("/v1/backup-runs", run.clone()).await.is(201));
        company.it.post("/v1/backup-runs", run).await.is_problem(409, "conflict");
        // Of another system.
        let test =
            json!({"system_id": other, "tested_on": day(0), "outcome": "succeeded", "backup_run_id": made});
        let refused = company.it.post("/v1/restore-tests", test).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/backup_run_id", "other-system")]);
        let tomorrow = json!({"system_id": one, "tested_on": day(1), "outcome": "succeeded"});
        let refused = company.it.post("/v1/restore-tests", tomorrow).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/tested_on", "in-the-future")]);
    });
}
