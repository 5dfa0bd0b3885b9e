//! Every change is an event: the history of one resource, and how it was at a moment.
use crate::support::{Organization, run};
use crate::{hire_with, id};
use serde_json::{Value, json};

#[test]
fn the_history_tells_who_changed_what_from_what_to_what() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let officer = org.caller(&["employees:write"]).await;
        let fields = json!({"employee_number": "E-7", "given_name": "Ana", "family_name": "Pop", "phone": "+40 21 555 0100"});
        let path = format!("/v1/employees/{}", id(&hire_with(&owner, fields).await.is(201)));
        owner.patch(&path, json!({"family_name": "Popescu", "phone": null})).await.is(200);
        officer.act(&format!("{path}/activate")).await.is(200);
        owner
            .post(&format!("{path}/terminate"), json!({"last_day": "2026-08-31", "reason": "Resigned"}))
            .await
            .is(200);

        let history = owner.get(&format!("{path}/history")).await.is(200);
        let events = history["data"].as_array().unwrap();
        let told: Vec<(&str, i64, String)> = events
            .iter()
            .map(|event| {
                (
                    event["type"].as_str().unwrap(),
                    event["version"].as_i64().unwrap(),
                    event["actor"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        let [boss, clerk] = [&owner, &officer].map(|caller| format!("user:{}", caller.user));
        let wanted = [
            ("employee.created", 1, boss.clone()),
            ("employee.updated", 2, boss.clone()),
            ("employee.active", 3, clerk),
            ("employee.terminated", 4, boss),
        ];
        assert_eq!(told, wanted);
        assert_eq!(events[0]["changes"]["employee_number"], json!({"before": null, "after": "E-7"}));
        assert_eq!(events[0]["changes"]["status"], json!({"before": null, "after": "pending"}));
        assert!(events[0]["changes"].get("manager_id").is_none(), "null before and after is no change");
        // Names and numbers of people are marked, so that a reader of the feed can leave them out.
        let renamed = json!({
            "family_name": {"before": "Pop", "after": "Popescu", "personal": true},
            "phone": {"before": "+40 21 555 0100", "after": null, "personal": true},
        });
        assert_eq!(events[1]["changes"], renamed);
        assert_eq!(events[2]["changes"], json!({"status": {"before": "pending", "after": "active"}}));
        let left = json!({
            "status": {"before": "active", "after": "terminated"},
            "terminated_on": {"before": null, "after": "2026-08-31"},
            "termination_reason": {"before": null, "after": "Resigned", "personal": true},
        });
        assert_eq!(events[3]["changes"], left);
        assert_eq!(events[1]["session_id"], json!(owner.session));
    });
}

#[test]
fn the_history_is_read_in_pages_and_outlives_the_row() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let path = format!("/v1/employees/{}", owner.hire("Ana", None).await);
        for number in 1..=4 {
            owner.patch(&path, json!({"phone": format!("+40 21 555 010{number}")})).await.is(200);
        }
        owner.delete(&path).await.is(204);
        owner.get(&path).await.is_problem(404, "not-found");

        // Created, four changes, deleted: versions 1 to 6 in pages of 4 and 2.
        let (mut versions, mut query) = (Vec::new(), "limit=4".to_owned());
        for size in [4, 2] {
            let page = owner.get(&format!("{path}/history?{query}")).await.is(200);
            let events = page["data"].as_array().unwrap().clone();
            assert_eq!(events.len(), size);
            versions.extend(events.iter().map(|event| event["version"].as_i64().unwrap()));
            query = format!("limit=4&cursor={}", page["next_cursor"].as_str().unwrap_or_default());
            assert_eq!(page["next_cursor"].is_null(), size == 2);
        }
        assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
        let last = owner.get(&format!("{path}/history")).await.is(200)["data"][5].clone();
        assert_eq!(last["type"], "employee.deleted");
        assert_eq!(last["changes"]["phone"]["before"], "+40 21 555 0104");
        assert_eq!(last["changes"]["phone"]["after"], Value::Null);
    });
}

#[test]
fn an_employee_is_shown_as_of_a_moment() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let boss = owner.hire("Boss", None).await;
        let hired =
            hire_with(&owner, json!({"given_name": "Ana", "manager_id": boss, "phone": "+40 21 555 0100"}))
                .await
                .is(201);
        let path = format!("/v1/employees/{}", id(&hired));
        let renamed = owner.patch(&path, json!({"given_name": "Anna", "manager_id": null})).await.is(200);
        let renumbered = owner.patch(&path, json!({"employee_number": "E-8"})).await.is(200);
        owner.delete(&path).await.is(204);

        let history = owner.get(&format!("{path}/history")).await.is(200);
        let moments: Vec<&str> =
            history["data"].as_array().unwrap().iter().map(|event| event["at"].as_str().unwrap()).collect();
        // The event of a change is of its transaction's first moment: from then on the row was as the change left it.
        for (moment, mut wanted) in moments.iter().zip([hired.clone(), renamed, renumbered]) {
            let then = owner.get(&format!("{path}?as_of={moment}")).await.is(200);
            // What may be done now to how it was then: nothing.
            wanted["available_actions"] = json!([]);
            assert_eq!(then, wanted, "as of {moment}");
        }
        owner.get(&format!("{path}?as_of={}", moments[3])).await.is_problem(404, "not-found");
        owner.get(&format!("{path}?as_of=2020-01-01T00:00:00Z")).await.is_problem(404, "not-found");
        owner.get(&format!("{path}?as_of=yesterday")).await.is_problem(422, "invalid-input");

        let stranger = Organization::new().await.owner().await;
        stranger.get(&format!("{path}/history")).await.is_problem(404, "not-found");
        stranger.get(&format!("{path}?as_of={}", moments[1])).await.is_problem(404, "not-found");
    });
}

#[test]
fn the_feed_shows_the_changes_of_what_the_caller_may_read() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let it = owner.department("IT", None).await;
        let ana = owner.hire("Ana", None).await;
        let told = async |permissions: &[&str]| -> Vec<(String, String)> {
            let feed = org.caller(permissions).await.get("/v1/events?limit=200").await.is(200);
            let events = feed["data"].as_array().unwrap().clone();
            let told = |event: &Value| {
                (
                    event["type"].as_str().unwrap().to_owned(),
                    event["resource_id"].as_str().unwrap().to_owned(),
                )
            };
            events
                .iter()
                .map(told)
                .filter(|(kind, _)| kind.starts_with("department.") || kind.starts_with("employee."))
                .collect()
        };
        let department = ("department.created".to_owned(), it);
        let employee = ("employee.created".to_owned(), ana);
        // Nothing is told while a transaction that began before, of anybody, may still write something earlier.
        let both = ["events:read", "employees:read", "departments:read"];
        for _ in 0..100 {
            if !told(&both).await.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(told(&both).await, [department.clone(), employee]);
        assert_eq!(told(&["events:read", "departments:read"]).await, vec![department.clone()]);
        // A reach of less than the organization is not enough for a feed of the organization.
        assert_eq!(told(&["events:read", "departments:read", "employees:read=team"]).await, vec![department]);
        assert_eq!(told(&["events:read"]).await, vec![]);
    });
}
