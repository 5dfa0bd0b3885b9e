//! A task finds whoever does it: assigned, taken in a role, or handed on to somebody who accepts.
use crate::support::{Organization, run};
use crate::{at, day, each, faults, id, task};
use serde_json::{Value, json};

const OWN: [&str; 4] =
    ["tasks:read=own", "tasks:write=own", "task-dependencies:read=own", "task-dependencies:write=own"];

#[test]
fn a_task_is_handed_on_to_whoever_accepts_it() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let (ana_id, dan_id, mira_id) =
            (owner.hire("Ana", None).await, owner.hire("Dan", None).await, owner.hire("Mira", None).await);
        let (ana, dan, mira) = (
            org.employee(&ana_id, &OWN).await,
            org.employee(&dan_id, &OWN).await,
            org.employee(&mira_id, &OWN).await,
        );
        let given = task(
            &owner,
            "Prepare the audit",
            json!({"assignee_id": ana_id, "context": "They come in March."}),
        )
        .await;
        assert_eq!((&given["status"], &given["delegation"]), (&json!("assigned"), &Value::Null));
        let path = format!("/v1/tasks/{}", id(&given));
        // Whom it does not concern does not see it.
        ana.get(&path).await.is(200);
        dan.get(&path).await.is_problem(404, "not-found");
        assert_eq!(dan.get("/v1/tasks").await.is(200)["data"], json!([]));

        // Ana asks Dan; it stays hers until he answers, and nobody answers for him.
        ana.act(&at(&given, "start")).await.is(200);
        let ask = json!({"employee_id": dan_id, "note": "You know them.", "handover_note": "The contracts are copied."});
        let asked = ana.post(&at(&given, "delegate"), ask.clone()).await.is(200);
        assert_eq!(
            (&asked["assignee_id"], &asked["delegate_id"], &asked["delegation"], &asked["status"]),
            (&json!(ana_id), &json!(dan_id), &json!("asked"), &json!("in_progress"))
        );
        // It is offered to whom it was offered to.
        for (who, offered) in [(&ana, false), (&owner, false), (&dan, true)] {
            let seen = who.get(&path).await.is(200);
            let actions = seen["available_actions"].as_array().unwrap();
            for action in ["accept_delegation", "decline_delegation"] {
                assert_eq!(actions.contains(&json!(action)), offered, "{action}");
            }
        }
        ana.act(&at(&given, "accept-delegation")).await.is_problem(403, "forbidden");
        mira.act(&at(&given, "accept-delegation")).await.is_problem(404, "not-found");
        owner.act(&at(&given, "accept-delegation")).await.is_problem(403, "forbidden");
        assert_eq!(each(&dan.get("/v1/tasks?mine=true").await.is(200), "id"), [id(&given)]);
        let no = dan.post(&at(&given, "decline-delegation"), json!({"reason": "I am away."})).await.is(200);
        assert_eq!(
            (&no["assignee_id"], &no["delegation"], &no["delegation_note"], &no["status"]),
            (&json!(ana_id), &json!("declined"), &json!("I am away."), &json!("in_progress"))
        );
        dan.act(&at(&given, "accept-delegation")).await.is_problem(409, "conflict");
        assert_eq!(dan.get("/v1/tasks?mine=true").await.is(200)["data"], json!([]));

        // Asked again, he accepts.
        ana.post(&at(&given, "delegate"), ask).await.is(200);
        let yes = dan.act(&at(&given, "accept-delegation")).await.is(200);
        assert_eq!(
            (
                &yes["assignee_id"],
                &yes["delegate_id"],
                &yes["delegation"],
                &yes["status"],
                &yes["handover_note"]
            ),
            (
                &json!(dan_id),
                &Value::Null,
                &json!("accepted"),
                &json!("assigned"),
                &json!("The contracts are copied.")
            )
        );
        ana.get(&path).await.is_problem(404, "not-found");
        let history = owner.get(&format!("{path}/history?limit=200")).await.is(200);
        let said: Vec<&Value> = history["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| &event["changes"]["delegation"]["after"])
            .filter(|after| !after.is_null())
            .collect();
        assert_eq!(said.len(), 4, "{history}");
        for word in ["asked", "declined", "accepted"] {
            assert!(said.contains(&&json!(word)), "{word}: {said:?}");
        }
        let done = dan.post(&at(&given, "complete"), json!({"outcome": "They are content."})).await.is(200);
        assert_eq!((&done["status"], &done["outcome"]), (&json!("done"), &json!("They are content.")));
        assert_ne!(done["done_at"], Value::Null);
        // What is over stays as it was.
        dan.patch(&path, json!({"title": "Another"})).await.is_problem(409, "conflict");
        dan.act(&at(&given, "start")).await.is_problem(409, "invalid-state");
        let again = dan.act(&at(&given, "reopen")).await.is(200);
        assert_eq!(
            (&again["status"], &again["assignee_id"], &again["done_at"]),
            (&json!("assigned"), &json!(dan_id), &Value::Null)
        );
    });
}

#[test]
fn one_of_a_role_takes_it_and_whoever_left_gets_nothing() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let (ana_id, gone_id) = (owner.hire("Ana", None).await, owner.hire("Gone", None).await);
        let (ana, dan_id) = (org.employee(&ana_id, &OWN).await, owner.hire("Dan", None).await);
        let dan = org.employee(&dan_id, &OWN).await;
        let role = ana.role.to_string();
        let open = task(&owner, "Water the plants", json!({"role_id": role})).await;
        assert_eq!(open["status"], "open");
        // Dan does not hold the role.
        dan.act(&at(&open, "take")).await.is_problem(404, "not-found");
        owner.act(&at(&open, "take")).await.is_problem(409, "conflict");
        let taken = ana.act(&at(&open, "take")).await.is(200);
        assert_eq!((&taken["status"], &taken["assignee_id"]), (&json!("assigned"), &json!(ana_id)));
        ana.act(&at(&open, "take")).await.is_problem(409, "invalid-state");
        let back =
            ana.post(&at(&open, "release"), json!({"handover_note": "The fern is dry."})).await.is(200);
        assert_eq!((&back["status"], &back["assignee_id"]), (&json!("open"), &Value::Null));
        owner.post(&at(&open, "assign"), json!({"assignee_id": dan_id})).await.is(200);
        // What is given to her and to no role she would not see again: she delegates it instead.
        let hers = task(&owner, "Write the report", json!({"assignee_id": ana_id})).await;
        ana.post(&at(&hers, "release"), json!({})).await.is_problem(403, "forbidden");

        owner
            .post(
                &format!("/v1/employees/{gone_id}/terminate"),
                json!({"last_day": day(-1), "reason": "Resigned"}),
            )
            .await
            .is(200);
        let fields = json!({"title": "Too late", "due_on": day(1), "assignee_id": gone_id});
        let refused = owner.post("/v1/tasks", fields).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/assignee_id", "has-left")]);
        let refused = ana
            .post(&at(&hers, "delegate"), json!({"employee_id": gone_id}))
            .await
            .is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/employee_id", "has-left")]);
        let refused = ana
            .post(&at(&hers, "delegate"), json!({"employee_id": ana_id}))
            .await
            .is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/employee_id", "has-it")]);
    });
}

#[test]
fn a_team_is_seen_by_whoever_leads_it() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let mira_id = owner.hire("Mira", None).await;
        let (ana_id, dan_id) = (owner.hire("Ana", Some(&mira_id)).await, owner.hire("Dan", None).await);
        let mira =
            org.employee(&mira_id, &["tasks:read=team", "tasks:write=team", "tasks:assign=team"]).await;
        let hers = task(&owner, "Of the team", json!({"assignee_id": ana_id})).await;
        let his = task(&owner, "Of another", json!({"assignee_id": dan_id})).await;
        assert_eq!(each(&mira.get("/v1/tasks").await.is(200), "title"), ["Of the team"]);
        mira.post(&at(&his, "assign"), json!({"assignee_id": ana_id})).await.is_problem(404, "not-found");
        // Out of the team she gives nothing away that she did not give herself.
        mira.post(&at(&hers, "assign"), json!({"assignee_id": dan_id})).await.is_problem(403, "forbidden");
        mira.post(&at(&hers, "assign"), json!({"assignee_id": mira_id})).await.is(200);
        let own = task(&mira, "From her", json!({"assignee_id": ana_id})).await;
        mira.post(&at(&own, "assign"), json!({"assignee_id": dan_id})).await.is(200);
    });
}

#[test]
fn a_task_is_about_what_its_maker_may_read() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let department = owner.department("Finance", None).await;
        let blind = org.caller(&["tasks:read", "tasks:write"]).await;
        let about = |resource: &str, id: &str| json!({"title": "Look at it", "due_on": day(3), "resource": resource, "resource_id": id});
        let made = owner.post("/v1/tasks", about("departments", &department)).await.is(201);
        assert_eq!((&made["resource"], &made["resource_id"]), (&json!("departments"), &json!(department)));
        let found =
            owner.get(&format!("/v1/tasks?resource=departments&resource_id={department}")).await.is(200);
        assert_eq!(each(&found, "id"), [id(&made)]);
        let nothing = uuid::Uuid::now_v7().to_string();
        for (who, id) in [(&owner, &nothing), (&blind, &department), (&blind, &nothing)] {
            let refused =
                who.post("/v1/tasks", about("departments", id)).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&refused), [("/resource_id", "unknown-reference")]);
        }
        owner.post("/v1/tasks", about("no-such-things", &department)).await.is_problem(422, "invalid-input");
    });
}
