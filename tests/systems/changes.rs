//! An upgrade from its plan to its review, and what stands in the way of one.
use crate::support::{Answer, run};
use crate::{Company, faults, id};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};

impl Company {
    /// A draft of a change of these systems.
    async fn draft(&self, systems: &[&str], fields: Value) -> String {
        let mut change = json!({"title": "Upgrade the database", "kind": "normal", "reason": "Out of support", "impact": "high", "likelihood": "medium",
            "system_ids": systems, "plan": "Stop, upgrade, start", "test_plan": "Run a payroll", "rollback_plan": "Restore the backup"});
        change.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        id(&self.it.post("/v1/changes", change).await.is(201))
    }

    /// A change that was agreed to.
    async fn agreed(&self, systems: &[&str], fields: Value) -> String {
        let change = self.draft(systems, fields).await;
        self.it.act(&format!("/v1/changes/{change}/submit")).await.is(200);
        self.boss.act(&format!("/v1/changes/{change}/approve")).await.is(200);
        change
    }

    /// Gives it a window of two hours in so many hours.
    async fn schedule(&self, change: &str, hours: i64) -> Answer {
        let start = in_hours(hours);
        let window = json!({"starts_at": start, "ends_at": start + Duration::hours(2)});
        self.it.post(&format!("/v1/changes/{change}/schedule"), window).await
    }
}

fn in_hours(hours: i64) -> DateTime<Utc> {
    Utc::now() + Duration::hours(hours)
}

#[test]
fn an_upgrade_that_fails_is_rolled_back_and_looked_at() {
    run(async {
        let company = Company::new().await;
        let database = company.system("Database", json!({"kind": "database", "engine": "PostgreSQL"})).await;
        let payroll = company.system("Payroll", json!({})).await;
        company.needs(&payroll, &database, "hard").await;
        let draft = company.draft(&[&database], json!({"rollback_plan": null, "test_plan": null})).await;
        let path = format!("/v1/changes/{draft}");
        let now = company.it.get(&path).await.is(200);
        // High impact and medium likelihood.
        assert_eq!((&now["risk"], &now["number"]), (&json!("high"), &json!("CHG-00001")));
        let act = async |step: &str| company.it.act(&format!("{path}/{step}")).await;
        let say = async |step: &str, body: Value| company.it.post(&format!("{path}/{step}"), body).await;
        let incomplete = act("submit").await.is_problem(409, "conflict");
        assert_eq!(faults(&incomplete), [("/test_plan", "required"), ("/rollback_plan", "required")]);
        let plans = json!({"test_plan": "Run a payroll", "rollback_plan": "Restore the backup"});
        company.it.patch(&path, plans).await.is(200);

        // Its steps.
        let step = async |place: i64, title: &str, kind: &str| {
            let step = json!({"change_id": draft, "place": place, "title": title, "kind": kind});
            id(&company.it.post("/v1/change-steps", step).await.is(201))
        };
        let back_up = step(10, "Back up", "prepare").await;
        let upgrade = step(20, "Upgrade", "implement").await;
        let test = step(30, "Run a payroll", "test").await;
        let restore = step(90, "Restore", "roll_back").await;

        // The board agrees to what is of a high risk; nobody to what they handed in.
        let board = company.org.caller(&["approvals:read", "approvals:approve", "changes:read"]).await;
        let policy = json!({"name": "Board", "resource": "changes", "action": "approve", "conditions": [{"field": "risk", "one_of": ["high", "very_high"]}],
            "steps": [{"user_ids": [board.user]}]});
        company.it.post("/v1/approval-policies", policy).await.is(201);
        act("submit").await.is(200);
        company.it.patch(&path, json!({"plan": "Something else"})).await.is_problem(409, "conflict");
        let approve = format!("{path}/approve");
        company.boss.act(&approve).await.is_problem(409, "approval-required");
        let ask = json!({"resource": "changes", "resource_id": draft, "action": "approve"});
        let asked = id(&company.boss.post("/v1/approvals", ask).await.is(201));
        board.post(&format!("/v1/approvals/{asked}/approve"), json!({})).await.is(200);
        company.it.act(&approve).await.is_problem(403, "forbidden");
        assert_eq!(company.boss.act(&approve).await.is(200)["status"], "approved");

        company.schedule(&draft, 24).await.is(200);
        // Steps have no results before.
        let early = company.it.post(&format!("/v1/change-steps/{back_up}/complete"), json!({})).await;
        assert_eq!(faults(&early.is_problem(409, "conflict")), [("/change_id", "not-in-progress")]);
        act("start").await.is(200);
        let step_says = async |step: &str, verb: &str, body: Value| {
            company.it.post(&format!("/v1/change-steps/{step}/{verb}"), body).await.is(200)
        };
        step_says(&back_up, "complete", json!({"result": "5 GiB"})).await;
        step_says(&upgrade, "complete", json!({})).await;
        step_says(&test, "fail", json!({"result": "The payroll does not start"})).await;
        let left = say("implement", json!({})).await.is_problem(409, "conflict");
        assert_eq!(faults(&left), [("/status", "steps-left")]);
        assert!(
            left["errors"][0]["detail"].as_str().unwrap().contains("30 `Run a payroll` (failed)"),
            "{left}"
        );
        act("close").await.is_problem(409, "invalid-state");
        step_says(&restore, "complete", json!({"result": "As it was"})).await;
        let back = say("roll-back", json!({"note": "The new version lacks an extension"})).await.is(200);
        assert_eq!((&back["status"], &back["outcome"]), (&json!("rolled_back"), &json!("rolled_back")));
        // What was done stays.
        company
            .it
            .post(&format!("/v1/change-steps/{test}/skip"), json!({"result": "x"}))
            .await
            .is_problem(409, "conflict");
        say("review", json!({"review": "Try extensions out on the copy first"})).await.is(200);
        let closed = act("close").await.is(200);
        assert_eq!((&closed["outcome"], &closed["available_actions"]), (&json!("rolled_back"), &json!([])));
        company.it.patch(&path, json!({"assignee_id": company.mira})).await.is_problem(409, "conflict");
        let history = company.it.get(&format!("{path}/history")).await.is(200);
        let types: Vec<&str> =
            history["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        for step in ["submitted", "approved", "scheduled", "in_progress", "rolled_back", "reviewed", "closed"]
        {
            assert!(types.contains(&format!("change.{step}").as_str()), "{types:?}");
        }
        let done = company.it.get("/v1/changes?outcome=rolled_back").await.is(200);
        assert_eq!(id(&done["data"][0]), draft);
        let of_the_system = company.it.get(&format!("/v1/changes?system_id={database}")).await.is(200);
        assert_eq!(of_the_system["data"].as_array().unwrap().len(), 1);
        assert_eq!(
            company.it.get(&format!("/v1/changes?system_id={payroll}")).await.is(200)["data"],
            json!([])
        );
    });
}

#[test]
fn a_change_that_waits_for_somebody_who_left_is_decided_on() {
    run(async {
        let company = Company::new().await;
        let mail = company.system("Mail", json!({})).await;
        let eva = company.it.hire("Eva", None).await;
        let dan = company.it.hire("Dan", Some(&eva)).await;
        let board = ["approvals:read", "approvals:approve", "changes:read"];
        let (dan_himself, eva_herself) =
            (company.org.employee(&dan, &board).await, company.org.employee(&eva, &board).await);
        let policy = json!({"name": "Board", "resource": "changes", "action": "approve", "conditions": [],
            "steps": [{"user_ids": [dan_himself.user], "time_limit_hours": 48, "then": {"user_ids": [eva_herself.user]}}]});
        company.it.post("/v1/approval-policies", policy).await.is(201);
        let change = company.draft(&[&mail], json!({})).await;
        let path = format!("/v1/changes/{change}");
        company.it.act(&format!("{path}/submit")).await.is(200);
        let ask = json!({"resource": "changes", "resource_id": change, "action": "approve"});
        let asked = id(&company.boss.post("/v1/approvals", ask).await.is(201));
        let yes = format!("/v1/approvals/{asked}/approve");
        eva_herself.post(&yes, json!({})).await.is_problem(403, "forbidden");
        let leave = json!({"last_day": "2026-10-31", "reason": "Resigned"});
        company.it.post(&format!("/v1/employees/{dan}/terminate"), leave).await.is(200);
        dan_himself.post(&yes, json!({})).await.is_problem(403, "forbidden");
        eva_herself.post(&yes, json!({})).await.is(200);
        assert_eq!(company.boss.act(&format!("{path}/approve")).await.is(200)["status"], "approved");
    });
}

#[test]
fn nothing_is_scheduled_or_begun_in_a_freeze_but_an_emergency() {
    run(async {
        let company = Company::new().await;
        let live = company.system("Live", json!({})).await;
        let test = company.system("Test", json!({"environment": "test"})).await;
        let freeze = json!({"name": "Year end", "environment": "production", "starts_at": in_hours(48), "ends_at": in_hours(96)});
        let freeze = id(&company.it.post("/v1/change-freezes", freeze).await.is(201));
        let change = company.agreed(&[&live], json!({})).await;
        let refused = company.schedule(&change, 47).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/starts_at", "in-a-freeze")]);
        assert!(refused["errors"][0]["detail"].as_str().unwrap().contains("`Year end`"));
        assert_eq!(company.it.get(&format!("/v1/changes/{change}")).await.is(200)["status"], "approved");
        // Before it, elsewhere, and in need.
        company.schedule(&change, 45).await.is(200);
        company.schedule(&company.agreed(&[&test], json!({})).await, 50).await.is(200);
        let urgent = company.agreed(&[&live], json!({"kind": "emergency"})).await;
        company.schedule(&urgent, 50).await.is(200);
        let met = company.it.get(&format!("/v1/changes/{urgent}/conflicts")).await.is(200);
        assert_eq!(
            (&met["freezes"][0]["name"], &met["freezes"][0]["keeps_from_scheduling"]),
            (&json!("Year end"), &json!(false))
        );
        // One that begins now keeps what was scheduled before from beginning.
        let now = json!({"name": "Incident", "starts_at": in_hours(-1), "ends_at": in_hours(1)});
        let now = id(&company.it.post("/v1/change-freezes", now).await.is(201));
        let refused =
            company.it.act(&format!("/v1/changes/{change}/start")).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/status", "in-a-freeze")]);
        company.it.act(&format!("/v1/changes/{urgent}/start")).await.is(200);
        company.it.act(&format!("/v1/change-freezes/{now}/lift")).await.is(200);
        company.it.act(&format!("/v1/changes/{change}/start")).await.is(200);
        company.it.act(&format!("/v1/change-freezes/{freeze}/lift")).await.is(200);
        let third = company.agreed(&[&live], json!({})).await;
        company.schedule(&third, 50).await.is(200);
        // Nothing is scheduled into the past.
        let refused = company.schedule(&third, -5).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/ends_at", "over")]);
    });
}

#[test]
fn a_change_shows_what_it_meets_and_calendars_show_the_change() {
    run(async {
        let company = Company::new().await;
        let storage = company.system("Storage", json!({"kind": "storage"})).await;
        let database = company.system("Database", json!({"kind": "database", "engine": "PostgreSQL"})).await;
        let payroll = company.system("Payroll", json!({"criticality": "critical"})).await;
        let island = company.system("Island", json!({})).await;
        company.needs(&database, &storage, "hard").await;
        company.needs(&payroll, &database, "hard").await;
        company.needs(&storage, &payroll, "soft").await; // a ring
        let title = |title: &str| json!({"title": title});
        let change = company.agreed(&[&database], title("Mine")).await;
        for (system, name, hours) in [
            (&database, "Same", 25),
            (&payroll, "Above", 23),
            (&island, "Elsewhere", 24),
            (&database, "Later", 60),
        ] {
            company.schedule(&company.agreed(&[system], title(name)).await, hours).await.is(200);
        }
        let conflicts = format!("/v1/changes/{change}/conflicts");
        // Without a window it meets nobody.
        let none = company.it.get(&conflicts).await.is(200);
        assert_eq!((&none["changes"], &none["starts_at"]), (&json!([]), &Value::Null));
        company.schedule(&change, 24).await.is(200);
        let met = company.it.get(&conflicts).await.is(200);
        let told: Vec<_> = met["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| (each["title"].as_str().unwrap(), each["relation"].as_str().unwrap()))
            .collect();
        assert_eq!(told, [("Above", "dependent_system"), ("Same", "same_system")]);
        let felt: Vec<_> = met["dependent_systems"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| each["name"].as_str().unwrap())
            .collect();
        assert_eq!(felt, ["Payroll", "Storage"]);

        let path = format!("/v1/changes/{change}");
        let number = company.it.get(&path).await.is(200)["number"].as_str().unwrap().to_owned();
        let ics = company.it.get(&format!("{path}/calendar")).await.text;
        assert!(
            ics.contains(&format!("SUMMARY:{number}: Mine"))
                && ics.contains("SEQUENCE:0")
                && ics.contains("STATUS:CONFIRMED"),
            "{ics}"
        );
        company.schedule(&change, 30).await.is(200);
        let ics = company.it.get(&format!("{path}/calendar")).await.text;
        assert!(ics.contains("SEQUENCE:1"), "{ics}");
        company.it.act(&format!("{path}/cancel")).await.is(200);
        let feed = company.it.get("/v1/changes/calendar").await.text;
        assert!(feed.contains("STATUS:CANCELLED") && feed.matches("BEGIN:VEVENT").count() == 5, "{feed}");
        // A calendar program has no more than an address, for as long as its owner may read changes.
        let subscriber = company
            .org
            .caller(&["changes:read", "change-calendar-feeds:read=own", "change-calendar-feeds:write=own"])
            .await;
        let made =
            subscriber.post("/v1/change-calendar-feeds", json!({"name": "Changes of IT"})).await.is(201);
        let url = made["url"].as_str().unwrap();
        let read = async || {
            crate::support::Request::new(reqwest::Method::GET, &url[url.find("/v1/").unwrap()..]).send().await
        };
        assert_eq!(read().await.text.matches("BEGIN:VEVENT").count(), 5);
        assert!(!subscriber.get("/v1/change-calendar-feeds").await.text.contains("/v1/change-calendars/"));
        let taken = format!(
            "delete from role_permissions where role_id = '{}' and resource = 'changes'",
            subscriber.role
        );
        crate::as_system(&company, &taken).await;
        read().await.is_problem(404, "not-found");
        let report = company.it.get("/v1/reports/change-calendar").await.is(200);
        let titles: Vec<_> = report["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| each["title"].as_str().unwrap())
            .collect();
        assert_eq!(titles, ["Above", "Elsewhere", "Same", "Later"]);
    });
}

#[test]
fn what_is_done_often_is_agreed_to_once_and_the_matrix_is_the_companys() {
    run(async {
        let company = Company::new().await;
        let system = company.system("Mail", json!({})).await;
        let often = json!({"kind": "standard", "impact": "low", "likelihood": "low"});
        let change = company.draft(&[&system], often.clone()).await;
        let submitted = company.it.act(&format!("/v1/changes/{change}/submit")).await.is(200);
        assert_eq!((&submitted["risk"], &submitted["status"]), (&json!("low"), &json!("approved")));
        let cell = json!({"impact": "low", "likelihood": "low", "risk": "medium"});
        let matrix = json!({"name": "Careful", "cells": [cell, cell]});
        let refused =
            company.it.post("/v1/change-risk-matrices", matrix).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/cells/1", "repeated")]);
        for name in ["Careful", "More careful"] {
            let matrix = json!({"name": name, "cells": [cell]});
            let matrix = id(&company.it.post("/v1/change-risk-matrices", matrix).await.is(201));
            company.it.act(&format!("/v1/change-risk-matrices/{matrix}/activate")).await.is(200);
        }
        let active = company.it.get("/v1/change-risk-matrices?status=active").await.is(200);
        assert_eq!(
            active["data"].as_array().unwrap().iter().map(|each| &each["name"]).collect::<Vec<_>>(),
            ["More careful"]
        );
        let change = company.draft(&[&system], often).await;
        let submitted = company.it.act(&format!("/v1/changes/{change}/submit")).await.is(200);
        assert_eq!((&submitted["risk"], &submitted["status"]), (&json!("medium"), &json!("submitted")));
        let why = json!({"decision_reason": "Not this week"});
        company
            .it
            .post(&format!("/v1/changes/{change}/reject"), why.clone())
            .await
            .is_problem(403, "forbidden");
        let rejected = company.boss.post(&format!("/v1/changes/{change}/reject"), why).await.is(200);
        assert_eq!(rejected["decision_reason"], "Not this week");
        company.it.act(&format!("/v1/changes/{change}/revise")).await.is(200);
        // Systems are named once, and are there.
        let twice = json!({"system_ids": [system, system, uuid::Uuid::now_v7()]});
        let refused =
            company.it.patch(&format!("/v1/changes/{change}"), twice).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/system_ids/1", "repeated"), ("/system_ids/2", "unknown-reference")]);
        // What else it is about.
        let link = json!({"change_id": change, "resource": "systems", "resource_id": system});
        company.it.post("/v1/change-links", link.clone()).await.is(201);
        company.it.post("/v1/change-links", link).await.is_problem(409, "conflict");
        let blind = company.org.caller(&["change-links:write"]).await;
        let unseen = json!({"change_id": change, "resource": "systems", "resource_id": system});
        let unknown =
            json!({"change_id": change, "resource": "systems", "resource_id": uuid::Uuid::now_v7()});
        let (unseen, unknown) = (
            blind.post("/v1/change-links", unseen).await.is(422),
            blind.post("/v1/change-links", unknown).await.is(422),
        );
        assert_eq!(faults(&unseen), faults(&unknown));
    });
}
