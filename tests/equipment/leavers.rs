//! Those who come and go: what they are given, and what comes back.
use crate::support::run;
use crate::{Desk, day, faults, id};
use serde_json::{Value, json};

/// The task of an employee with this title.
async fn task(desk: &Desk, employee: &str, title: &str) -> Value {
    let tasks = desk.read(&format!("/v1/checklist-tasks?employee_id={employee}")).await;
    tasks["data"].as_array().unwrap().iter().find(|task| task["title"] == title).unwrap().clone()
}

#[test]
fn a_leaver_brings_everything_back_by_their_last_day() {
    run(async {
        let desk = Desk::new().await;
        for (kind, title) in [("onboarding", "Hand over a laptop"), ("offboarding", "Take back the laptop")] {
            let item = json!({"title": title, "role": "it", "due_days": 0, "request": {"kind": "asset", "item": "Laptop"}});
            let other = json!({"title": "Say hello", "role": "hr", "due_days": 0});
            let template = json!({"name": kind, "kind": kind, "items": [item, other]});
            desk.it.post("/v1/checklist-templates", template).await.is(201);
        }
        let (position, model) = (desk.position().await, desk.model("L14").await);
        let ana = desk.hire_into(&position, "Ana", 0).await;
        let dan = desk.hire_into(&position, "Dan", 0).await;
        let asset = desk.asset(&model, json!({})).await;
        let path = format!("/v1/assets/{}", id(&asset));

        // The task asks for an asset: handing one over does it. Another's, or one that asks for nothing, is none of this.
        let wanted = task(&desk, &ana, "Hand over a laptop").await;
        let out = |task: &Value| json!({"employee_id": ana, "checklist_task_id": task["id"]});
        let dans = task(&desk, &dan, "Hand over a laptop").await;
        let refused = desk.act(&path, "check-out", out(&dans)).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/checklist_task_id", "other-employee")]);
        let hello = task(&desk, &ana, "Say hello").await;
        let refused = desk.act(&path, "check-out", out(&hello)).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/checklist_task_id", "no-asset-asked-for")]);
        // Who may not see tasks is told that there is none; who may not do them, whose they are.
        let blind = desk.org.caller(&["assets:read", "assets:assign"]).await;
        let refused =
            blind.post(&format!("{path}/check-out"), out(&wanted)).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [("/checklist_task_id", "unknown-reference")]);
        let onlooker = desk.org.caller(&["assets:read", "assets:assign", "checklist-tasks:read"]).await;
        onlooker.post(&format!("{path}/check-out"), out(&wanted)).await.is_problem(403, "forbidden");
        assert_eq!(desk.read(&path).await["status"], "in_stock", "nothing of that was done");
        let done = desk.act(&path, "check-out", out(&wanted)).await.is(200);
        assert_eq!(done["employee_id"], json!(ana));
        assert_eq!(task(&desk, &ana, "Hand over a laptop").await["status"], "done");

        // A kit does what a checklist asks for as well, all of it or nothing.
        let kit = desk.it.post("/v1/kits", json!({"name": "Beginner"})).await.is(201);
        desk.it.post("/v1/kit-items", json!({"kit_id": kit["id"], "model_id": model})).await.is(201);
        desk.asset(&model, json!({})).await;
        let kit = format!("/v1/kits/{}", id(&kit));
        let both = json!({"employee_id": dan, "checklist_task_ids": [dans["id"], hello["id"]]});
        let refused = desk.act(&kit, "check-out", both).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/checklist_task_ids/1", "other-employee")]);
        assert_eq!(task(&desk, &dan, "Hand over a laptop").await["status"], "open");
        let his = json!({"employee_id": dan, "checklist_task_ids": [dans["id"]]});
        desk.act(&kit, "check-out", his).await.is(200);
        assert_eq!(task(&desk, &dan, "Hand over a laptop").await["status"], "done");

        // A seat and a headset besides; and a projector until Friday in a week.
        let licence = desk.licence(5, json!({"name": "Office"})).await;
        desk.it
            .post("/v1/licence-assignments", json!({"licence_id": licence, "employee_id": ana}))
            .await
            .is(201);
        let headset = desk.supply("accessory", 3).await;
        let headset = format!("/v1/supplies/{headset}");
        desk.act(&headset, "hand-out", json!({"employee_id": ana, "quantity": 2})).await.is(200);
        let projector = desk.asset(&model, json!({})).await;
        let projector = format!("/v1/assets/{}", id(&projector));
        let until = json!({"employee_id": ana, "due_back_on": day(7), "needs_acceptance": false});
        desk.act(&projector, "check-out", until).await.is(200);

        // She leaves in twenty days: the laptop is due by then, the projector as it was.
        desk.it.act(&format!("/v1/employees/{ana}/activate")).await.is(200);
        let last_day = json!({"last_day": day(20), "reason": "Resigned"});
        desk.it.post(&format!("/v1/employees/{ana}/terminate"), last_day).await.is(200);
        let equipment = format!("/v1/employees/{ana}/equipment");
        let held = desk.read(&equipment).await;
        assert_eq!((&held["employee"], &held["last_day_on"]), (&json!("Ana Pop"), &json!(day(20))));
        let due: Vec<(&Value, &Value)> = held["assets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| (&each["due_back_on"], &each["status"]))
            .collect();
        assert_eq!(due, [(&json!(day(7)), &json!("active")), (&json!(day(20)), &json!("pending"))]);
        assert_eq!(held["licences"][0]["name"], "Office");
        assert_eq!(held["accessories"][0]["quantity"], 2);
        let by_then = desk
            .read(&format!("/v1/asset-assignments?open=true&due_back_on_to={}&count=true", day(20)))
            .await;
        assert_eq!(by_then["total"], 2);

        // Everybody reads their own, and nobody else's.
        let own = ["asset-assignments:read=own"];
        let herself = desk.org.employee(&ana, &own).await;
        assert_eq!(herself.get(&equipment).await.is(200)["assets"].as_array().unwrap().len(), 2);
        let himself = desk.org.employee(&dan, &own).await;
        himself.get(&equipment).await.is_problem(404, "not-found");

        // What she is given now comes back by then, too.
        let late = desk.asset(&model, json!({})).await;
        let out = json!({"employee_id": ana, "due_back_on": day(100)});
        desk.act(&format!("/v1/assets/{}", id(&late)), "check-out", out).await.is(200);
        let open = desk.read(&format!("/v1/asset-assignments?asset_id={}", id(&late))).await;
        assert_eq!(open["data"][0]["due_back_on"], json!(day(20)));

        // Everything comes back; the task of her offboarding is done by it.
        let wanted = task(&desk, &ana, "Take back the laptop").await;
        desk.act(&path, "check-in", json!({"checklist_task_id": wanted["id"], "note": "Complete"}))
            .await
            .is(200);
        assert_eq!(task(&desk, &ana, "Take back the laptop").await["status"], "done");
        desk.act(&projector, "check-in", json!({})).await.is(200);
        desk.act(&format!("/v1/assets/{}", id(&late)), "check-in", json!({})).await.is(200);
        desk.act(&headset, "take-back", json!({"employee_id": ana, "quantity": 2})).await.is(200);
        let seats = desk.read(&format!("/v1/licence-assignments?employee_id={ana}")).await;
        desk.it.act(&format!("/v1/licence-assignments/{}/release", id(&seats["data"][0]))).await.is(200);
        let held = desk.read(&equipment).await;
        for what in ["assets", "licences", "accessories"] {
            assert_eq!(held[what], json!([]), "{what}");
        }
    });
}

#[test]
fn what_was_due_by_a_day_that_is_moved_is_due_by_the_other() {
    run(async {
        let desk = Desk::new().await;
        let model = desk.model("L14").await;
        let ana = desk.it.hire("Ana", None).await;
        let asset = desk.asset(&model, json!({})).await;
        desk.act(&format!("/v1/assets/{}", id(&asset)), "check-out", json!({"employee_id": ana}))
            .await
            .is(200);
        desk.it.act(&format!("/v1/employees/{ana}/activate")).await.is(200);
        let assignments = format!("/v1/asset-assignments?employee_id={ana}");
        for last_day in [day(20), day(30), day(10)] {
            let leaving = json!({"last_day": last_day, "reason": "Resigned"});
            desk.it.post(&format!("/v1/employees/{ana}/terminate"), leaving).await.is(200);
            assert_eq!(desk.read(&assignments).await["data"][0]["due_back_on"], json!(last_day));
        }
    });
}
