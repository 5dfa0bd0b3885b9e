//! The life of an employee: hired, at work, away, gone, and back.
use crate::support::{Answer, Caller, Organization, run};
use crate::{fault, hire_with, id};
use serde_json::{Value, json};

const STEPS: [(&str, &str); 5] = [
    ("activate", "activate"),
    ("start-leave", "start_leave"),
    ("end-leave", "end_leave"),
    ("terminate", "terminate"),
    ("rehire", "rehire"),
];

async fn take(caller: &Caller, employee: &str, step: &str) -> Answer {
    let path = format!("/v1/employees/{employee}/{step}");
    match step {
        "terminate" => caller.post(&path, json!({"last_day": "2026-08-31", "reason": "Moved abroad"})).await,
        "rehire" => caller.post(&path, json!({"hired_on": "2026-10-01"})).await,
        _ => caller.act(&path).await,
    }
}

#[test]
fn somebody_is_hired_works_is_away_leaves_and_comes_back() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let ana = hire_with(&owner, json!({"given_name": "Ana"})).await.is(201);
        let (ana, hired) = (id(&ana), ana);
        assert_eq!(hired["status"], "pending");
        assert_eq!(hired["available_actions"], json!(["activate", "terminate"]));

        let story: [(&str, &str, &[&str]); 6] = [
            ("activate", "active", &["start_leave", "terminate"]),
            ("start-leave", "on_leave", &["end_leave", "terminate"]),
            ("end-leave", "active", &["start_leave", "terminate"]),
            ("terminate", "terminated", &["rehire"]),
            ("rehire", "pending", &["activate", "terminate"]),
            ("activate", "active", &["start_leave", "terminate"]),
        ];
        for (version, (step, status, actions)) in (2..).zip(story) {
            let now = take(&owner, &ana, step).await.is(200);
            assert_eq!(now["status"], status, "after {step}");
            assert_eq!(now["available_actions"], json!(actions), "after {step}");
            assert_eq!(now["version"], version, "after {step}");
            let left = status == "terminated";
            assert_eq!(
                now["terminated_on"],
                if left { json!("2026-08-31") } else { Value::Null },
                "after {step}"
            );
            assert_eq!(
                now["termination_reason"],
                if left { json!("Moved abroad") } else { Value::Null },
                "after {step}"
            );
            assert_eq!(owner.get(&format!("/v1/employees/{ana}")).await.is(200), now);
        }
        let back = owner.get(&format!("/v1/employees/{ana}")).await.is(200);
        assert_eq!(back["hired_on"], "2026-10-01");
        assert_eq!(back["employee_number"], hired["employee_number"], "who comes back keeps the number");
    });
}

#[test]
fn a_step_that_the_state_does_not_allow_is_refused_and_says_what_is() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let states: [(&str, &[&str], &[&str]); 4] = [
            ("pending", &[], &["activate", "terminate"]),
            ("active", &["activate"], &["start-leave", "terminate"]),
            ("on_leave", &["activate", "start-leave"], &["end-leave", "terminate"]),
            ("terminated", &["terminate"], &["rehire"]),
        ];
        for (state, way, allowed) in states {
            let employee = owner.hire("Ana", None).await;
            for step in way {
                take(&owner, &employee, step).await.is(200);
            }
            let before = owner.get(&format!("/v1/employees/{employee}")).await.is(200);
            assert_eq!(before["status"], state);
            for (step, action) in STEPS.iter().filter(|(step, _)| !allowed.contains(step)) {
                let problem = take(&owner, &employee, step).await.is_problem(409, "invalid-state");
                let detail = problem["detail"].as_str().unwrap();
                assert!(
                    detail.contains(&format!("`{action}`")) && detail.contains(&format!("`{state}`")),
                    "{detail}"
                );
                for (_, action) in STEPS.iter().filter(|(step, _)| allowed.contains(step)) {
                    assert!(detail.contains(&format!("`{action}`")), "{detail} does not name {action}");
                }
            }
            assert_eq!(
                owner.get(&format!("/v1/employees/{employee}")).await.is(200),
                before,
                "a refused step changes nothing"
            );
        }
    });
}

#[test]
fn the_actions_that_are_shown_are_the_callers_own() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let boss = owner.hire("Boss", None).await;
        let member = owner.hire("Member", Some(&boss)).await;
        let stranger = owner.hire("Stranger", None).await;
        let all = json!(["activate", "terminate"]);
        let none = json!([]);
        let actions = async |caller: &Caller, employee: &str| {
            caller.get(&format!("/v1/employees/{employee}")).await.is(200)["available_actions"].clone()
        };

        let reader = org.caller(&["employees:read"]).await;
        assert_eq!(actions(&reader, &member).await, none, "who may only read may do nothing");
        take(&reader, &member, "activate").await.is_problem(403, "forbidden");

        // Sees everybody, changes only themself.
        let own = org.employee(&member, &["employees:read", "employees:write=own"]).await;
        assert_eq!(actions(&own, &member).await, all);
        assert_eq!(actions(&own, &stranger).await, none);
        take(&own, &stranger, "activate").await.is_problem(404, "not-found");

        let leader = org.employee(&boss, &["employees:read=team", "employees:write=team"]).await;
        assert_eq!(actions(&leader, &member).await, all);
        let page = leader.get("/v1/employees?sort=created_at").await.is(200);
        let shown: Vec<&Value> =
            page["data"].as_array().unwrap().iter().map(|row| &row["available_actions"]).collect();
        assert_eq!(shown, [&all, &all], "boss and member");
        take(&leader, &member, "activate").await.is(200);

        // The body tells other actions to another caller, so its ETag is another, of the same version.
        let tag = async |caller: &Caller| {
            let answer = caller.get(&format!("/v1/employees/{stranger}")).await;
            answer.header("etag").unwrap().to_owned()
        };
        assert_ne!(tag(&owner).await, tag(&reader).await);
    });
}

#[test]
fn nobody_leaves_before_the_first_day_or_comes_back_before_the_last() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let ana = id(&hire_with(&owner, json!({"hired_on": "2026-03-02"})).await.is(201));
        let terminate = format!("/v1/employees/{ana}/terminate");
        let rehire = format!("/v1/employees/{ana}/rehire");
        let leave = |day: &str| json!({"last_day": day, "reason": "Resigned"});

        let problem = owner.post(&terminate, leave("2026-03-01")).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/last_day", "before-first-day"));
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("2026-03-02"));
        let problem = owner
            .post(&terminate, json!({"last_day": "2026-02-30", "reason": ""}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "no such day, and no reason: {problem}");
        // One day at work is a whole employment.
        let left = owner.post(&terminate, leave("2026-03-02")).await.is(200);
        assert_eq!(left["terminated_on"], "2026-03-02");

        let problem =
            owner.post(&rehire, json!({"hired_on": "2026-03-02"})).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/hired_on", "before-last-day"));
        owner.post(&rehire, json!({"hired_on": "2026-03-03"})).await.is(200);

        // The first day can not be moved behind the last either; the database says so in words.
        owner.post(&terminate, leave("2026-04-30")).await.is(200);
        let problem = owner
            .patch(&format!("/v1/employees/{ana}"), json!({"hired_on": "2026-05-01"}))
            .await
            .is_problem(422, "invalid-input");
        assert!(problem["errors"][0]["detail"].is_string());
        assert_eq!(owner.get(&format!("/v1/employees/{ana}")).await.is(200)["hired_on"], "2026-03-03");
    });
}

#[test]
fn number_and_address_are_taken_once_in_an_organization() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let ana = json!({"employee_number": "E-1", "work_email": "ana@example.com"});
        hire_with(&owner, ana.clone()).await.is(201);
        let problem = hire_with(&owner, json!({"employee_number": "E-1"})).await.is_problem(409, "conflict");
        assert_eq!(fault(&problem), ("/employee_number", "already-taken"));
        // An address is the same in capitals.
        let problem =
            hire_with(&owner, json!({"work_email": "Ana@Example.com"})).await.is_problem(409, "conflict");
        assert_eq!(fault(&problem), ("/work_email", "already-taken"));
        let dan = id(&hire_with(&owner, json!({"work_email": "dan@example.com"})).await.is(201));
        let problem = owner
            .patch(&format!("/v1/employees/{dan}"), json!({"work_email": "ana@example.com"}))
            .await
            .is_problem(409, "conflict");
        assert_eq!(fault(&problem), ("/work_email", "already-taken"));
        // Without an address there is nothing to collide.
        hire_with(&owner, json!({})).await.is(201);
        hire_with(&owner, json!({})).await.is(201);

        let others = Organization::new().await.owner().await;
        hire_with(&others, ana).await.is(201);
        assert_eq!(owner.get("/v1/employees?count=true").await.is(200)["total"], 4);
        assert_eq!(others.get("/v1/employees?count=true").await.is(200)["total"], 1);
    });
}

#[test]
fn department_position_and_manager_are_of_the_same_organization() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let others = Organization::new().await.owner().await;
        let department = others.department("Theirs", None).await;
        let post = json!({"title": "Clerk", "department_id": department, "approved_headcount": 1});
        let position = id(&others.post("/v1/positions", post).await.is(201));
        let manager = others.hire("Stranger", None).await;
        let ana = owner.hire("Ana", None).await;
        for (field, value) in
            [("department_id", department), ("position_id", position), ("manager_id", manager)]
        {
            let mut fields = json!({});
            fields[field] = json!(value);
            for answer in [
                hire_with(&owner, fields.clone()).await,
                owner.patch(&format!("/v1/employees/{ana}"), fields).await,
            ] {
                let problem = answer.is_problem(422, "invalid-input");
                assert_eq!(fault(&problem), (format!("/{field}").as_str(), "unknown-reference"));
            }
        }
        assert_eq!(owner.get("/v1/employees?count=true").await.is(200)["total"], 1, "Ana alone");
    });
}

#[test]
fn nobody_manages_themself_however_far_up() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let top = owner.hire("Top", None).await;
        let middle = owner.hire("Middle", Some(&top)).await;
        let bottom = owner.hire("Bottom", Some(&middle)).await;
        for manager in [&top, &middle, &bottom] {
            let problem = owner
                .patch(&format!("/v1/employees/{top}"), json!({"manager_id": manager}))
                .await
                .is_problem(409, "conflict");
            assert_eq!(fault(&problem), ("/manager_id", "closes-a-ring"));
        }
        // Whom others report to can not be deleted; who reports to nobody else can.
        owner.delete(&format!("/v1/employees/{middle}")).await.is_problem(409, "in-use");
        owner.delete(&format!("/v1/employees/{bottom}")).await.is(204);
        owner.delete(&format!("/v1/employees/{middle}")).await.is(204);
    });
}

#[test]
fn who_has_worked_here_stays_on_record() {
    run(async {
        let owner = Organization::new().await.owner().await;
        // Who never came can go, whatever was planned.
        let never_came = format!("/v1/employees/{}", owner.hire("Nobody", None).await);
        owner.delete(&never_came).await.is(204);
        owner.get(&never_came).await.is_problem(404, "not-found");

        let ana = owner.hire("Ana", None).await;
        let path = format!("/v1/employees/{ana}");
        for step in ["activate", "start-leave", "end-leave", "terminate", "rehire"] {
            take(&owner, &ana, step).await.is(200);
            let problem = owner.delete(&path).await.is_problem(409, "in-use");
            assert!(problem["detail"].as_str().unwrap().contains("terminate"), "after {step}: {problem}");
        }
        // Pending again, and still somebody who has worked here.
        assert_eq!(owner.get(&path).await.is(200)["status"], "pending");
    });
}
