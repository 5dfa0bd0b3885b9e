//! What can be asked for, by which form; what was asked for, from the question to the last task.
use crate::support::{Caller, Organization, run};
use crate::{day, each, faults, id, unique};
use serde_json::{Value, json};

fn form() -> Value {
    json!({"type": "object", "required": ["item"], "properties": {
        "item": {"type": "string", "title": "What do you need?", "maxLength": 40},
        "screens": {"type": "integer", "minimum": 0, "maximum": 2},
        "colour": {"enum": ["grey", "black"]}}})
}

async fn service(owner: &Caller, fields: Value) -> Value {
    let mut service = json!({"name": format!("Laptop {}", unique()), "form": form()});
    service.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    owner.post("/v1/services", service).await.is(201)
}

const OWN: [&str; 7] = [
    "services:read",
    "service-requests:read=own",
    "service-requests:write=own",
    "tasks:read=own",
    "tasks:write=own",
    "approvals:read=own",
    "approvals:approve=own",
];

#[test]
fn a_form_is_checked_when_it_is_saved_and_answers_when_they_are_sent() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let bad = json!({"type": "object", "properties": {"a": {"$ref": "https://example.com/a"}, "b": {"type": "text"}}});
        let refused = owner
            .post("/v1/services", json!({"name": "Bad", "form": bad}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/form/properties/a/$ref", "unknown-keyword")]);
        let bad = json!({"type": "object", "properties": {"b": {"type": "text"}}});
        let refused = owner
            .post("/v1/services", json!({"name": "Bad", "form": bad}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&refused)[0].1, "no-schema");
        let laptop = service(&owner, json!({})).await;
        let ask = async |answers: Value| {
            owner.post("/v1/service-requests", json!({"service_id": id(&laptop), "answers": answers})).await
        };
        let refused = ask(json!({"screens": 3, "colour": "red", "shape": "round"}))
            .await
            .is_problem(422, "invalid-input");
        let mut told = faults(&refused);
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("/answers/colour", "unknown-value"),
                ("/answers/item", "required"),
                ("/answers/screens", "too-large"),
                ("/answers/shape", "unknown-field")
            ]
        );
        let made = ask(json!({"item": "14 inch", "screens": 2})).await.is(201);
        assert_eq!((&made["status"], &made["answers"]["item"]), (&json!("in_fulfilment"), &json!("14 inch")));
        // What was refused took no number; what was made is found by its own.
        assert_eq!(made["number"], "REQ-00001");
        ask(json!({"item": "16 inch"})).await.is(201);
        let quoted = owner.get("/v1/service-requests?number=REQ-00001").await.is(200);
        assert_eq!(each(&quoted, "id"), [id(&made)]);
        // One that checklists ask has to take what they answer.
        let refused = owner.patch(&format!("/v1/services/{}", id(&laptop)), json!({"onboarding": "asset", "form": {"type": "object", "required": ["size"], "properties": {"size": {"type": "string"}}}})).await;
        assert_eq!(faults(&refused.is_problem(422, "invalid-input")), [("/form", "not-for-checklists")]);
        owner.act(&format!("/v1/services/{}/retire", id(&laptop))).await.is(200);
        let refused = ask(json!({"item": "14 inch"})).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/service_id", "retired")]);
        let unknown = json!({"service_id": uuid::Uuid::now_v7(), "answers": {}});
        assert_eq!(
            faults(&owner.post("/v1/service-requests", unknown).await.is_problem(422, "invalid-input")),
            [("/service_id", "unknown-reference")]
        );
    });
}

#[test]
fn a_request_is_approved_by_the_manager_and_done_with_the_last_of_its_tasks() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let mira_id = owner.hire("Mira", None).await;
        let (ana_id, dan_id) = (owner.hire("Ana", Some(&mira_id)).await, owner.hire("Dan", None).await);
        let (mira, ana, dan) = (
            org.employee(&mira_id, &OWN).await,
            org.employee(&ana_id, &OWN).await,
            org.employee(&dan_id, &OWN).await,
        );
        let role = dan.role.to_string();
        let tasks = json!([{"title": "Order it", "due_days": 2, "role_id": role, "effort_hours": "0.5"}, {"title": "Set it up", "due_days": 5, "assignee_id": dan_id, "priority": "high"}]);
        let laptop = service(&owner, json!({"approval": "manager", "tasks": tasks})).await;
        assert_ne!(laptop["policy_id"], Value::Null);
        let asked = ana
            .post(
                "/v1/service-requests",
                json!({"service_id": id(&laptop), "answers": {"item": "14 inch"}, "note": "Mine is broken"}),
            )
            .await
            .is(201);
        assert_eq!(
            (&asked["status"], &asked["requester_id"], &asked["for_employee_id"]),
            (&json!("waiting_for_approval"), &json!(ana_id), &json!(ana_id))
        );
        let path = format!("/v1/service-requests/{}", id(&asked));
        // It waits for Mira, who sees it for that; Dan, whom it does not concern yet, doesn't.
        mira.get(&path).await.is(200);
        dan.get(&path).await.is_problem(404, "not-found");
        assert_eq!(
            owner.get(&format!("/v1/tasks?resource_id={}", id(&asked))).await.is(200)["data"],
            json!([])
        );
        let waiting = mira.get("/v1/approvals?waiting_for=me").await.is(200);
        assert_eq!(
            (&waiting["data"][0]["resource_id"], &waiting["data"][0]["note"]),
            (&json!(id(&asked)), &json!("Mine is broken"))
        );
        mira.post(&format!("/v1/approvals/{}/approve", id(&waiting["data"][0])), json!({})).await.is(200);
        assert_eq!(ana.get(&path).await.is(200)["status"], "in_fulfilment");
        let tasks = owner
            .get(&format!("/v1/tasks?resource=service-requests&resource_id={}", id(&asked)))
            .await
            .is(200);
        assert_eq!(each(&tasks, "title"), ["Order it", "Set it up"]);
        assert_eq!(each(&tasks, "due_on"), [day(2).to_string(), day(5).to_string()]);
        assert_eq!(
            (&tasks["data"][0]["status"], &tasks["data"][1]["status"]),
            (&json!("open"), &json!("assigned"))
        );
        // Not before its tasks are.
        let early = owner.post(&format!("{path}/complete"), json!({})).await.is_problem(409, "conflict");
        assert_eq!(faults(&early), [("", "unfinished")]);
        let order = format!("/v1/tasks/{}", id(&tasks["data"][0]));
        dan.act(&format!("{order}/take")).await.is(200);
        dan.post(&format!("{order}/complete"), json!({})).await.is(200);
        assert_eq!(ana.get(&path).await.is(200)["status"], "in_fulfilment");
        let set_up = format!("/v1/tasks/{}", id(&tasks["data"][1]));
        dan.post(&format!("{set_up}/complete"), json!({})).await.is(200);
        let done = ana.get(&path).await.is(200);
        assert_eq!(done["status"], "done");
        assert_ne!(done["done_at"], Value::Null);
        // After all.
        dan.act(&format!("{set_up}/reopen")).await.is(200);
        assert_eq!(ana.get(&path).await.is(200)["status"], "in_fulfilment");

        // The manager says no; Ana takes another one back.
        let ask = async || {
            ana.post(
                "/v1/service-requests",
                json!({"service_id": id(&laptop), "answers": {"item": "17 inch"}}),
            )
            .await
            .is(201)
        };
        let refused = ask().await;
        let waiting = mira.get("/v1/approvals?waiting_for=me").await.is(200);
        mira.post(
            &format!("/v1/approvals/{}/reject", id(&waiting["data"][0])),
            json!({"reason": "Too large"}),
        )
        .await
        .is(200);
        let refused = ana.get(&format!("/v1/service-requests/{}", id(&refused))).await.is(200);
        assert_eq!((&refused["status"], &refused["outcome"]), (&json!("rejected"), &json!("Too large")));
        let unwanted = ask().await;
        ana.post(&format!("/v1/service-requests/{}/cancel", id(&unwanted)), json!({"reason": "I have one"}))
            .await
            .is(200);
        assert_eq!(mira.get("/v1/approvals?waiting_for=me").await.is(200)["data"], json!([]));
        assert_eq!(ana.get("/v1/service-requests").await.is(200)["data"].as_array().unwrap().len(), 3);
        assert_eq!(dan.get("/v1/service-requests").await.is(200)["data"], json!([]));
        // Where the service asks nobody any more, nobody is asked.
        owner.patch(&format!("/v1/services/{}", id(&laptop)), json!({"approval": "none"})).await.is(200);
        assert_eq!(ask().await["status"], "in_fulfilment");
    });
}

#[test]
fn a_role_approves_where_the_service_says_so_and_what_is_cancelled_leaves_nothing_to_do() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let ana_id = owner.hire("Ana", None).await;
        let (ana, boss) = (org.employee(&ana_id, &OWN).await, org.caller(&OWN).await);
        let missing = json!({"name": "Access", "form": form(), "approval": "role"});
        owner.post("/v1/services", missing).await.is_problem(422, "invalid-input");
        let access = service(&owner, json!({"approval": "role", "approver_role_id": boss.role, "tasks": [{"title": "Grant it", "due_days": 1}]})).await;
        let asked = ana
            .post("/v1/service-requests", json!({"service_id": id(&access), "answers": {"item": "Ledger"}}))
            .await
            .is(201);
        let waiting = boss.get("/v1/approvals?waiting_for=me").await.is(200);
        boss.post(&format!("/v1/approvals/{}/approve", id(&waiting["data"][0])), json!({})).await.is(200);
        ana.post(&format!("/v1/service-requests/{}/cancel", id(&asked)), json!({"reason": "Not needed"}))
            .await
            .is(200);
        let tasks = owner.get(&format!("/v1/tasks?resource_id={}", id(&asked))).await.is(200);
        assert_eq!(each(&tasks, "status"), ["rejected"]);
        assert_eq!(
            owner.get(&format!("/v1/service-requests/{}", id(&asked))).await.is(200)["status"],
            "cancelled"
        );
        let bad = json!({"name": "Nobody's", "form": form(), "tasks": [{"title": "A", "due_days": 1}, {"title": "B", "due_days": 1, "assignee_id": uuid::Uuid::now_v7()}]});
        let refused = owner.post("/v1/services", bad).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/tasks/1/assignee_id", "unknown-reference")]);
    });
}

#[test]
fn what_a_checklist_asks_for_is_asked_of_the_service_and_done_with_it() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        service(&owner, json!({"onboarding": "asset", "tasks": [{"title": "Set it up", "due_days": 3}]}))
            .await;
        let taken = json!({"name": "Another", "form": form(), "onboarding": "asset"});
        owner.post("/v1/services", taken).await.is_problem(409, "conflict");
        let template = json!({"name": "Welcome", "kind": "onboarding", "items": [
            {"title": "Hand over a laptop", "role": "it", "due_days": -1, "request": {"kind": "asset", "item": "Laptop, 14 inch"}},
            {"title": "Open the ledger", "role": "it", "due_days": 0, "request": {"kind": "access", "item": "Ledger"}},
            {"title": "Say hello", "role": "hr", "due_days": 0}]});
        owner.post("/v1/checklist-templates", template).await.is(201);
        let hired = json!({"employee_number": unique(), "given_name": "Ioana", "family_name": "Radu", "hired_on": day(10)});
        let ioana = id(&owner.post("/v1/employees", hired).await.is(201));
        let list = owner.get(&format!("/v1/checklist-tasks?employee_id={ioana}")).await.is(200);
        let of = |title: &str| {
            list["data"].as_array().unwrap().iter().find(|each| each["title"] == title).unwrap().clone()
        };
        // Nobody offers ways in: that stays a task of IT's.
        assert_eq!(
            (&of("Open the ledger")["service_request_id"], &of("Say hello")["service_request_id"]),
            (&Value::Null, &Value::Null)
        );
        let laptop = of("Hand over a laptop");
        let request = laptop["service_request_id"].as_str().unwrap();
        let asked = owner.get(&format!("/v1/service-requests/{request}")).await.is(200);
        assert_eq!(
            (&asked["for_employee_id"], &asked["answers"], &asked["status"], &asked["needed_on"]),
            (&json!(ioana), &json!({"item": "Laptop, 14 inch"}), &json!("in_fulfilment"), &json!(day(9)))
        );
        let tasks = owner.get(&format!("/v1/tasks?resource_id={request}")).await.is(200);
        // Whoever does it keeps no checklists.
        let it = org
            .employee(&owner.hire("Dan", None).await, &["tasks:read", "tasks:write", "tasks:assign"])
            .await;
        let path = format!("/v1/tasks/{}", id(&tasks["data"][0]));
        it.act(&format!("{path}/take")).await.is(200);
        it.post(&format!("{path}/complete"), json!({})).await.is(200);
        assert_eq!(owner.get(&format!("/v1/service-requests/{request}")).await.is(200)["status"], "done");
        assert_eq!(
            owner.get(&format!("/v1/checklist-tasks/{}", id(&laptop))).await.is(200)["status"],
            "done"
        );
    });
}
