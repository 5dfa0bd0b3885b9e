//! What is done for those who come and go, by whom and when.
use crate::support::run;
use crate::{Hiring, day, faults, id, unique};
use serde_json::{Value, json};

/// The tasks of an employee, by title.
async fn task(hiring: &Hiring, employee: &str, title: &str) -> Value {
    let tasks = hiring.hr.get(&format!("/v1/checklist-tasks?employee_id={employee}")).await.is(200);
    tasks["data"].as_array().unwrap().iter().find(|task| task["title"] == title).unwrap().clone()
}

#[test]
fn who_goes_is_let_go_in_order() {
    run(async {
        let hiring = Hiring::new().await;
        let template = json!({"name": "Farewell", "kind": "offboarding", "items": [
            {"title": "Write the reference", "role": "hr", "due_days": -7},
            {"title": "Take back the laptop", "role": "it", "due_days": 0, "request": {"kind": "asset", "item": "Laptop"}},
            {"title": "Hand over the work", "role": "manager", "due_days": -2},
            {"title": "Return the badge", "role": "employee", "due_days": 0},
        ]});
        hiring.hr.post("/v1/checklist-templates", template).await.is(201);
        let mira = hiring.hr.hire("Mira", None).await;
        let ana = hiring.hr.hire("Ana", Some(&mira)).await;
        let dan = hiring.hr.hire("Dan", Some(&mira)).await;
        hiring.hr.act(&format!("/v1/employees/{ana}/activate")).await.is(200);
        let leaving = json!({"last_day": day(20), "reason": "Resigned"});
        hiring.hr.post(&format!("/v1/employees/{ana}/terminate"), leaving).await.is(200);
        let lists = hiring.hr.get(&format!("/v1/checklists?employee_id={ana}")).await.is(200);
        let list = &lists["data"][0];
        assert_eq!(
            (&list["kind"], &list["day_on"], &list["status"]),
            (&json!("offboarding"), &json!(day(20)), &json!("open"))
        );
        let path = format!("/v1/checklists/{}", id(list));

        // Who may tick which.
        let tick = async |who: &crate::support::Caller, title: &str| {
            let task = task(&hiring, &ana, title).await;
            who.act(&format!("/v1/checklist-tasks/{}/complete", id(&task))).await.status
        };
        let own = ["checklist-tasks:read=own", "checklist-tasks:write=own"];
        let all = ["checklist-tasks:read", "checklist-tasks:write", "checklist-tasks:run"];
        let (ana_herself, mira_herself, dan_himself) = (
            hiring.org.employee(&ana, &own).await,
            hiring.org.employee(&mira, &own).await,
            hiring.org.employee(&dan, &own).await,
        );
        let it = hiring.org.caller(&all).await;
        // What is not theirs they don't even see.
        assert_eq!(tick(&dan_himself, "Return the badge").await, 404);
        assert_eq!(tick(&mira_herself, "Return the badge").await, 404);
        assert_eq!(tick(&it, "Return the badge").await, 403);
        assert_eq!(tick(&it, "Write the reference").await, 403);
        assert_eq!(tick(&ana_herself, "Return the badge").await, 200);
        assert_eq!(tick(&it, "Take back the laptop").await, 200);
        // Hers, of her team.
        let mine = mira_herself.get("/v1/checklist-tasks?mine=true").await.is(200);
        assert_eq!(mine["data"].as_array().unwrap().len(), 1);
        assert_eq!(tick(&mira_herself, "Hand over the work").await, 200);
        assert_eq!(hiring.hr.get(&path).await.is(200)["status"], "open");
        let reference = task(&hiring, &ana, "Write the reference").await;
        hiring
            .hr
            .post(&format!("/v1/checklist-tasks/{}/skip", id(&reference)), json!({"reason": "Not wanted"}))
            .await
            .is(200);
        let done = hiring.hr.get(&path).await.is(200);
        assert_eq!(done["status"], "done");
        assert_ne!(done["done_at"], Value::Null);
        // After all.
        hiring.hr.act(&format!("/v1/checklist-tasks/{}/reopen", id(&reference))).await.is(200);
        assert_eq!(hiring.hr.get(&path).await.is(200)["status"], "open");
    });
}

#[test]
fn the_template_that_fits_closest_is_taken_and_days_move_with_the_first_day() {
    run(async {
        let hiring = Hiring::new().await;
        let position = hiring.position(5).await;
        let item = json!([{"title": "Welcome", "role": "hr", "due_days": -3}]);
        let template = async |name: &str, fields: Value| {
            let mut template = json!({"name": name, "kind": "onboarding", "items": item});
            template.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            id(&hiring.hr.post("/v1/checklist-templates", template).await.is(201))
        };
        let everybody = template("Everybody", json!({})).await;
        let of_post = template("Here", json!({"position_id": position})).await;
        let abroad = template("Abroad", json!({"position_id": position, "country": "DE"})).await;
        let hire = async |fields: Value| {
            let mut employee = json!({"employee_number": unique(), "given_name": "Ana", "family_name": "Pop", "hired_on": day(10)});
            employee.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            id(&hiring.hr.post("/v1/employees", employee).await.is(201))
        };
        // By whatever path somebody comes.
        let (ana, dan) = (hire(json!({})).await, hire(json!({"position_id": position})).await);
        for (employee, expected) in [(&ana, &everybody), (&dan, &of_post)] {
            let lists = hiring.hr.get(&format!("/v1/checklists?employee_id={employee}")).await.is(200);
            assert_eq!(lists["data"][0]["template_id"], json!(expected));
            assert_eq!(lists["data"].as_array().unwrap().len(), 1);
        }
        // Who was here before is entered without.
        let mira = hiring.hr.hire("Mira", None).await;
        assert_eq!(
            hiring.hr.get(&format!("/v1/checklists?employee_id={mira}")).await.is(200)["data"],
            json!([])
        );
        // By hand.
        let by_hand = json!({"employee_id": mira, "kind": "onboarding", "day_on": day(-2)});
        let by_hand_list = hiring.hr.post("/v1/checklists", by_hand.clone()).await.is(201);
        assert_eq!(by_hand_list["template_id"], json!(everybody));
        let again = hiring.hr.post("/v1/checklists", by_hand).await.is_problem(409, "conflict");
        assert_eq!(faults(&again), [("/day_on", "already-taken")]);
        let none = json!({"employee_id": mira, "kind": "offboarding", "day_on": day(0)});
        let none = hiring.hr.post("/v1/checklists", none).await.is_problem(409, "conflict");
        assert_eq!(faults(&none), [("/template_id", "none-fits")]);
        let other =
            json!({"employee_id": mira, "kind": "offboarding", "day_on": day(0), "template_id": abroad});
        let other = hiring.hr.post("/v1/checklists", other).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&other), [("/template_id", "other-kind")]);

        // Due five days ago.
        let late = hiring.hr.get("/v1/checklist-tasks?overdue=true").await.is(200);
        assert_eq!(late["data"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&late["data"][0]["employee_id"], &late["data"][0]["due_on"]),
            (&json!(mira), &json!(day(-5)))
        );
        assert_eq!(
            hiring.hr.get("/v1/checklist-tasks?overdue=false").await.is(200)["data"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        let report = hiring.hr.get("/v1/reports/open-checklists").await.is(200);
        assert_eq!(report["checklists"].as_array().unwrap().len(), 3);
        assert_eq!(
            (&report["checklists"][0]["employee_id"], &report["checklists"][0]["overdue_tasks"]),
            (&json!(mira), &json!(1))
        );
        // Another first day moves what is due.
        let list = hiring.hr.get(&format!("/v1/checklists?employee_id={ana}")).await.is(200);
        let path = format!("/v1/checklists/{}", id(&list["data"][0]));
        hiring.hr.patch(&path, json!({"day_on": day(15)})).await.is(200);
        assert_eq!(task(&hiring, &ana, "Welcome").await["due_on"], json!(day(12)));
        // What is cancelled leaves nothing to be done.
        hiring.hr.post(&format!("{path}/cancel"), json!({"reason": "She does not come"})).await.is(200);
        let skipped = task(&hiring, &ana, "Welcome").await;
        assert_eq!(skipped["status"], "skipped");
        let reopen = format!("/v1/checklist-tasks/{}/reopen", id(&skipped));
        hiring.hr.act(&reopen).await.is_problem(409, "conflict");
    });
}
