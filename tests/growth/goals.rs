//! Goals: one beneath the other, and how what moves below moves what is above.
use crate::support::{Caller, Organization, run};
use crate::{fault, faults, hire_on, id};
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn goal(caller: &Caller, fields: Value) -> String {
    let mut goal = json!({"title": "Better", "starts_on": "2026-01-01", "ends_on": "2026-12-31"});
    goal.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    id(&caller.post("/v1/goals", goal).await.is(201))
}

async fn active(caller: &Caller, fields: Value) -> String {
    let goal = goal(caller, fields).await;
    caller.act(&format!("/v1/goals/{goal}/activate")).await.is(200);
    goal
}

async fn progress(caller: &Caller, goal: &str) -> String {
    let goal = caller.get(&format!("/v1/goals/{goal}")).await.is(200);
    goal["progress"].as_str().unwrap().to_owned()
}

async fn check_in(caller: &Caller, goal: &str, value: &str) -> Value {
    let said = json!({"goal_id": goal, "value": value, "confidence": "on_track"});
    caller.post("/v1/goal-check-ins", said).await.is(201)
}

#[test]
fn what_somebody_reaches_shows_in_the_goals_above_by_its_weight() {
    run(async {
        let organization = Organization::new().await;
        let owner = organization.owner().await;
        let (department, ana) =
            (owner.department("Desk", None).await, hire_on(&owner, "2026-01-05", None).await);
        let company = active(&owner, json!({"level": "company"})).await;
        let desk = active(
            &owner,
            json!({"level": "department", "department_id": department, "parent_id": company, "weight": "3"}),
        )
        .await;
        // From 60 to 95 answered in time; and from 40 hours down to 10.
        let quick = active(&owner, json!({"level": "person", "employee_id": ana, "parent_id": desk, "start_value": "60", "target_value": "95"})).await;
        let hours = active(&owner, json!({"level": "person", "employee_id": ana, "parent_id": desk, "unit": "h", "start_value": "40", "target_value": "10", "weight": "2"})).await;
        let other = active(&owner, json!({"level": "company", "parent_id": company})).await;
        check_in(&owner, &quick, "74").await; // 14 of 35: 40 %
        check_in(&owner, &hours, "19").await; // 21 of 30: 70 %
        assert_eq!(
            (progress(&owner, &quick).await, progress(&owner, &hours).await),
            ("40.00".into(), "70.00".into())
        );
        // (1 × 40 + 2 × 70) / 3 = 60; (3 × 60 + 1 × 0) / 4 = 45
        assert_eq!(
            (progress(&owner, &desk).await, progress(&owner, &company).await),
            ("60.00".into(), "45.00".into())
        );
        check_in(&owner, &other, "100").await;
        assert_eq!(progress(&owner, &company).await, "70.00"); // (180 + 100) / 4
        // What goes beyond is all of it; what is cancelled counts for nothing, what is moved counts elsewhere.
        check_in(&owner, &quick, "120").await;
        assert_eq!(progress(&owner, &desk).await, "80.00"); // (100 + 140) / 3
        owner.act(&format!("/v1/goals/{hours}/cancel")).await.is(200);
        assert_eq!(
            (progress(&owner, &desk).await, progress(&owner, &company).await),
            ("100.00".into(), "100.00".into())
        );
        owner.patch(&format!("/v1/goals/{quick}"), json!({"parent_id": other})).await.is(200);
        assert_eq!(progress(&owner, &desk).await, "0.00");
        // A goal that has goals beneath it moves with them alone.
        let said = json!({"goal_id": company, "value": "50", "confidence": "at_risk"});
        let refused = owner.post("/v1/goal-check-ins", said).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [fault("/value", "follows-from-others")]);
        owner
            .post("/v1/goal-check-ins", json!({"goal_id": company, "confidence": "at_risk", "note": "Late"}))
            .await
            .is(201);
        // Nothing closes a ring, nothing of the company serves a person.
        owner
            .patch(&format!("/v1/goals/{company}"), json!({"parent_id": other}))
            .await
            .is_problem(409, "conflict");
        let refused = owner.patch(&format!("/v1/goals/{other}"), json!({"parent_id": quick})).await;
        assert!([409, 422].contains(&refused.status), "{}", refused.text);
        let said = json!({"goal_id": hours, "value": "1", "confidence": "on_track"});
        let refused = owner.post("/v1/goal-check-ins", said).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [fault("/goal_id", "invalid-state")]);
    });
}

#[test]
fn goals_that_move_at_once_are_all_counted_above() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let company = active(&owner, json!({"level": "company"})).await;
        let mut below = Vec::new();
        for _ in 0..8 {
            below.push(active(&owner, json!({"level": "company", "parent_id": company})).await);
        }
        let values = ["10", "20", "30", "40", "50", "60", "70", "80"];
        join_all(below.iter().zip(values).map(|(goal, value)| check_in(&owner, goal, value))).await;
        assert_eq!(progress(&owner, &company).await, "45.00"); // 360 / 8
    });
}

#[test]
fn everybody_sees_where_the_company_goes_and_sets_their_own() {
    run(async {
        let organization = Organization::new().await;
        let owner = organization.owner().await;
        let department = owner.department("Desk", None).await;
        let mira_id = hire_on(&owner, "2026-01-05", None).await;
        let (ana_id, ben_id) =
            (hire_on(&owner, "2026-01-05", Some(&mira_id)).await, hire_on(&owner, "2026-01-05", None).await);
        owner.patch(&format!("/v1/departments/{department}"), json!({"head_id": mira_id})).await.is(200);
        let own =
            ["goals:read=own", "goals:write=own", "goal-check-ins:read=own", "goal-check-ins:write=own"];
        let (ana, ben) =
            (organization.employee(&ana_id, &own).await, organization.employee(&ben_id, &own).await);
        let team =
            ["goals:read=team", "goals:write=team", "goal-check-ins:read=team", "goal-check-ins:write=team"];
        let mira = organization.employee(&mira_id, &team).await;
        let company = active(&owner, json!({"level": "company"})).await;
        // The head sets what the department wants, and what those below her want; nobody else does.
        let desk =
            active(&mira, json!({"level": "department", "department_id": department, "parent_id": company}))
                .await;
        let plain = |level: &str, department: Option<&str>, employee: Option<&str>| json!({"title": "T", "level": level, "department_id": department, "employee_id": employee, "starts_on": "2026-01-01", "ends_on": "2026-12-31"});
        ana.post("/v1/goals", plain("department", Some(&department), None))
            .await
            .is_problem(403, "forbidden");
        mira.post("/v1/goals", plain("company", None, None)).await.is_problem(403, "forbidden");
        mira.post("/v1/goals", plain("person", None, Some(&ben_id))).await.is_problem(403, "forbidden");
        ana.patch(&format!("/v1/goals/{company}"), json!({"title": "Less"}))
            .await
            .is_problem(403, "forbidden");
        ana.delete(&format!("/v1/goals/{desk}")).await.is_problem(403, "forbidden");
        // What one may not do is not offered either.
        for (who, goal, offered) in [
            (&ana, &company, json!([])),
            (&ana, &desk, json!([])),
            (&mira, &company, json!([])),
            (&mira, &desk, json!(["achieve", "miss", "cancel"])),
            (&owner, &company, json!(["achieve", "miss", "cancel"])),
        ] {
            let seen = who.get(&format!("/v1/goals/{goal}")).await.is(200);
            assert_eq!(seen["available_actions"], offered);
        }
        let mine = active(&ana, json!({"level": "person", "employee_id": ana_id, "parent_id": desk})).await;
        // Her check-in moves what she could not write herself.
        check_in(&ana, &mine, "30").await;
        assert_eq!(progress(&ben, &company).await, "30.00");
        ben.get(&format!("/v1/goals/{mine}")).await.is_problem(404, "not-found");
        assert_eq!(ben.get("/v1/goals").await.is(200)["data"].as_array().unwrap().len(), 2);
        assert_eq!(mira.get("/v1/goals").await.is(200)["data"].as_array().unwrap().len(), 3);
        assert_eq!(ben.get("/v1/goal-check-ins").await.is(200)["data"], json!([]));
        let said = json!({"goal_id": company, "confidence": "off_track"});
        ben.post("/v1/goal-check-ins", said).await.is_problem(403, "forbidden");
    });
}
