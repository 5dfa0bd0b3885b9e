//! Two that are one, and one that is two.
use crate::support::run;
use crate::{Desk, faults, id};
use futures_util::future::join;
use serde_json::json;

#[test]
fn a_duplicate_goes_on_in_the_other() {
    run(async {
        let desk = Desk::new().await;
        let (first, second) = (desk.asked("Mail").await, desk.asked("Mail, again").await);
        desk.say(&desk.ana, &first, "public", "Since monday").await;
        let merged =
            desk.agent.post(&format!("/v1/tickets/{first}/merge"), json!({"into_id": second})).await.is(200);
        assert_eq!((&merged["status"], &merged["merged_into_id"]), (&json!("closed"), &json!(second)));
        assert_eq!(
            desk.ana.get(&format!("/v1/ticket-messages?ticket_id={second}")).await.is(200)["data"][0]["body"],
            "Since monday"
        );
        let links = desk.agent.get(&format!("/v1/ticket-links?ticket_id={first}")).await.is(200);
        assert_eq!(
            (&links["data"][0]["relation"], &links["data"][0]["resource_id"]),
            (&json!("duplicate_of"), &json!(second))
        );
        // What was said is found where it is now.
        let found = desk.ana.get("/v1/ticket-search?q=monday").await.is(200);
        assert!(crate::ids(&found).contains(&second), "{found}");
        let problem = desk
            .agent
            .post(&format!("/v1/tickets/{second}/merge"), json!({"into_id": first}))
            .await
            .is_problem(409, "invalid-state");
        assert_eq!(faults(&problem), [("/into_id", "closed")]);
        desk.agent
            .post(&format!("/v1/tickets/{second}/merge"), json!({"into_id": second}))
            .await
            .is_problem(422, "invalid-input");
        let nowhere = json!({"into_id": uuid::Uuid::now_v7()});
        desk.agent
            .post(&format!("/v1/tickets/{second}/merge"), nowhere)
            .await
            .is_problem(422, "invalid-input");
    });
}

#[test]
fn nobody_reads_what_somebody_else_was_told() {
    run(async {
        let desk = Desk::new().await;
        let mine = desk.asked("Outage").await;
        let owner = desk.org.owner().await;
        let other = owner.hire("Bogdan", None).await;
        let theirs = id(&desk.opened(json!({"requester_id": other})).await);
        desk.say(&desk.agent, &theirs, "public", "Your salary system is down").await;
        desk.agent.post(&format!("/v1/tickets/{theirs}/merge"), json!({"into_id": mine})).await.is(200);
        assert_eq!(desk.ana.get("/v1/ticket-messages?count=true").await.is(200)["total"], 0);
        desk.ana.get(&format!("/v1/tickets/{theirs}")).await.is_problem(404, "not-found");
    });
}

#[test]
fn merged_into_each_other_at_once_one_stays() {
    run(async {
        let desk = Desk::new().await;
        for _ in 0..5 {
            let (first, second) = (desk.asked("One").await, desk.asked("Two").await);
            let (first_path, second_path) =
                (format!("/v1/tickets/{first}/merge"), format!("/v1/tickets/{second}/merge"));
            let (one, two) = join(
                desk.agent.post(&first_path, json!({"into_id": second})),
                desk.agent.post(&second_path, json!({"into_id": first})),
            )
            .await;
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", one.text, two.text);
        }
    });
}

#[test]
fn a_reply_becomes_a_ticket_of_its_own() {
    run(async {
        let desk = Desk::new().await;
        let ticket = desk.asked("Laptop").await;
        let said = desk.say(&desk.ana, &ticket, "public", "And I need a screen.").await;
        let split = desk
            .agent
            .post(&format!("/v1/tickets/{ticket}/split"), json!({"message_id": said, "subject": "A screen"}))
            .await
            .is(201);
        assert_eq!(
            (&split["subject"], &split["description"], &split["requester_id"]),
            (&json!("A screen"), &json!("And I need a screen."), &json!(desk.ana_id))
        );
        let links = desk.agent.get(&format!("/v1/ticket-links?ticket_id={}", id(&split))).await.is(200);
        assert_eq!(
            (&links["data"][0]["relation"], &links["data"][0]["resource_id"]),
            (&json!("split_from"), &json!(ticket))
        );
        let other = desk.asked("Other").await;
        let problem = desk
            .agent
            .post(&format!("/v1/tickets/{other}/split"), json!({"message_id": said, "subject": "A screen"}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/message_id", "unknown-reference")]);
    });
}

#[test]
fn links_name_what_one_may_know_of_and_close_no_ring() {
    run(async {
        let desk = Desk::new().await;
        let (first, second, third) = (desk.asked("1").await, desk.asked("2").await, desk.asked("3").await);
        let link = async |from: &str, relation: &str, resource: &str, to: &str| {
            desk.agent
                .post(
                    "/v1/ticket-links",
                    json!({"ticket_id": from, "relation": relation, "resource": resource, "resource_id": to}),
                )
                .await
        };
        link(&first, "parent", "tickets", &second).await.is(201);
        link(&second, "parent", "tickets", &third).await.is(201);
        link(&third, "parent", "tickets", &first).await.is_problem(409, "conflict");
        link(&first, "about", "tickets", &first).await.is_problem(422, "invalid-input");
        link(&first, "parent", "employees", &desk.ana_id).await.is_problem(422, "invalid-input");
        link(&first, "about", "employees", &desk.ana_id).await.is(201);
        link(&first, "about", "employees", &desk.ana_id).await.is_problem(409, "conflict");
        let elsewhere = Desk::new().await;
        let problem =
            link(&first, "about", "employees", &elsewhere.ana_id).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/resource_id", "unknown-reference")]);
        link(&first, "about", "unicorns", &desk.ana_id).await.is_problem(422, "invalid-input");
        // Who asks links what they may read, and nothing else.
        let with = |to: &str| json!({"subject": "a", "description": "b", "links": [{"relation": "about", "resource": "employees", "resource_id": to}]});
        desk.ana.post("/v1/tickets", with(&desk.agent_id)).await.is_problem(422, "invalid-input");
    });
}
