//! Taking, solving, reopening, closing.
use crate::support::{Caller, run};
use crate::{ASKING, Desk, faults, id, ids, until};
use futures_util::future::join;
use serde_json::{Value, json};

#[test]
fn of_two_who_take_it_at_once_one_gets_it() {
    run(async {
        let desk = Desk::new().await;
        let owner = desk.org.owner().await;
        let other = owner.hire("Other", None).await;
        let second = desk.org.employee(&other, &["tickets:read", "tickets:run"]).await;
        for _ in 0..8 {
            let ticket = desk.asked("Both want it").await;
            let path = format!("/v1/tickets/{ticket}/take");
            let (one, two) = join(desk.agent.act(&path), second.act(&path)).await;
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", one.text, two.text);
            let winner = if one.status == 200 { &desk.agent_id } else { &other };
            let taken = desk.ticket(&ticket).await;
            assert_eq!((&taken["assignee_id"], &taken["status"]), (&json!(winner), &json!("in_progress")));
            // Taking one's own again changes nothing of it.
            let own = if one.status == 200 { &desk.agent } else { &second };
            own.act(&path).await.is(200);
        }
        owner
            .act(&format!("/v1/tickets/{}/take", desk.asked("No employee").await))
            .await
            .is_problem(403, "forbidden");
    });
}

#[test]
fn reopened_in_time_and_too_late() {
    run(async {
        let desk = Desk::new().await;
        let queue = desk.queue(json!({"close_after_days": 3})).await;
        let ticket = id(&desk.opened(json!({"queue_id": queue})).await);
        let path = format!("/v1/tickets/{ticket}");
        desk.step(&ticket, "solve").await;
        let again = desk.ana.act(&format!("{path}/reopen")).await.is(200);
        assert_eq!((&again["status"], &again["reopened_count"]), (&json!("open"), &json!(1)));
        desk.ana.act(&format!("{path}/reopen")).await.is_problem(409, "invalid-state");
        // A reply of who asked reopens it as well.
        desk.step(&ticket, "solve").await;
        desk.say(&desk.ana, &ticket, "public", "Still broken.").await;
        assert_eq!(desk.ticket(&ticket).await["reopened_count"], 2);
        desk.step(&ticket, "solve").await;
        // Three days and a minute later, before anybody has closed it.
        desk.turn("set session_replication_role = replica;
            update tickets set solved_at = solved_at - interval '3 days 1 minute' where org_id = current_org()").await;
        let problem = desk.ana.act(&format!("{path}/reopen")).await.is_problem(409, "invalid-state");
        assert!(problem["detail"].as_str().unwrap().contains("too long ago"), "{problem}");
        let reply = json!({"ticket_id": ticket, "body": "Hello?"});
        desk.ana.post("/v1/ticket-messages", reply.clone()).await.is_problem(409, "invalid-state");
        assert_eq!(
            desk.agent.get(&format!("/v1/ticket-messages?ticket_id={ticket}&count=true")).await.is(200)["total"],
            1
        );
        // Then it is closed by itself, for good.
        let database = crate::support::service().database().await;
        database
            .execute("update ticket_alarms set at = now() where organization_id = $1", &[&desk.org.id])
            .await
            .unwrap();
        until("it is closed", async || desk.ticket(&ticket).await["status"] == "closed").await;
        let problem = desk.ana.post("/v1/ticket-messages", reply).await.is_problem(409, "invalid-state");
        assert_eq!(faults(&problem), [("/ticket_id", "closed")]);
        desk.agent.patch(&path, json!({"subject": "Other"})).await.is_problem(409, "invalid-state");
        desk.agent.act(&format!("{path}/start")).await.is_problem(409, "invalid-state");
        // How it was, they may still say.
        desk.ana.post(&format!("{path}/rate"), json!({"satisfaction": 1})).await.is(200);
        desk.agent
            .post(&format!("{path}/rate"), json!({"satisfaction": 5}))
            .await
            .is_problem(403, "forbidden");
    });
}

#[test]
fn who_asks_says_what_it_is_about_and_no_more() {
    run(async {
        let desk = Desk::new().await;
        let queue = desk.queue(json!({})).await;
        let ticket = desk.asked("<script>alert(1)</script>").await;
        let path = format!("/v1/tickets/{ticket}");
        // HTML is text: given back as it came, as JSON.
        let own = desk.ana.get(&path).await;
        assert!(own.header("content-type").unwrap().starts_with("application/json"));
        assert_eq!(own.is(200)["subject"], "<script>alert(1)</script>");
        let own = desk.ana.get(&path).await.is(200);
        assert_eq!(own["requester_id"], json!(desk.ana_id));
        assert_eq!(own["available_actions"], json!(["close"]));
        desk.ana.patch(&path, json!({"subject": "Laptop"})).await.is(200);
        for more in [
            json!({"priority": "urgent"}),
            json!({"impact": "high"}),
            json!({"queue_id": queue}),
            json!({"tags": ["vip"]}),
        ] {
            desk.ana.patch(&path, more).await.is_problem(403, "forbidden");
        }
        desk.ana.act(&format!("{path}/solve")).await.is_problem(403, "forbidden");
        for more in [
            json!({"priority": "urgent"}),
            json!({"assignee_id": desk.ana_id}),
            json!({"reported_at": "2020-01-01T00:00:00Z"}),
            json!({"watcher_ids": [desk.ana_id]}),
        ] {
            let mut new = json!({"subject": "a", "description": "b"});
            new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            desk.ana.post("/v1/tickets", new).await.is_problem(403, "forbidden");
        }
        // For themselves alone.
        let for_other = json!({"subject": "a", "description": "b", "requester_id": desk.agent_id});
        desk.ana.post("/v1/tickets", for_other).await.is_problem(403, "forbidden");
        let there = json!({"ticket_id": id(&desk.opened(json!({"requester_id": desk.agent_id})).await), "body": "Hello"});
        let problem = desk.ana.post("/v1/ticket-messages", there).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/ticket_id", "unknown-reference")]);
    });
}

#[test]
fn a_macro_says_and_changes_at_once_or_not_at_all() {
    run(async {
        let desk = Desk::new().await;
        let queue = desk.queue(json!({})).await;
        let ticket = desk.asked("Printer").await;
        let path = format!("/v1/tickets/{ticket}/apply-macro");
        let asks = json!({"name": "Serial", "reply": "Which serial number?", "action": "wait", "queue_id": queue, "priority": "low", "tags": ["printer"]});
        let asks = id(&desk.agent.post("/v1/macros", asks).await.is(201));
        let applied = desk.agent.post(&path, json!({"macro_id": asks})).await.is(200);
        let told: Vec<&Value> =
            ["status", "queue_id", "priority", "tags"].iter().map(|field| &applied[*field]).collect();
        assert_eq!(told, [&json!("waiting"), &json!(queue), &json!("low"), &json!(["printer"])]);
        assert!(applied["first_answered_at"].is_string());
        let said = format!("/v1/ticket-messages?ticket_id={ticket}&count=true");
        assert_eq!(desk.ana.get(&said).await.is(200)["total"], 1);
        // It waits already: nothing of it is done.
        desk.agent.post(&path, json!({"macro_id": asks})).await.is_problem(409, "invalid-state");
        assert_eq!(desk.ana.get(&said).await.is(200)["total"], 1);
        desk.agent.act(&format!("/v1/macros/{asks}/archive")).await.is(200);
        let problem =
            desk.agent.post(&path, json!({"macro_id": asks})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/macro_id", "unknown-reference")]);
        desk.ana.post(&path, json!({"macro_id": asks})).await.is_problem(403, "forbidden");
    });
}

#[test]
fn everybody_pages_through_the_tickets_that_are_theirs() {
    run(async {
        let desk = Desk::new().await;
        let owner = desk.org.owner().await;
        let boss_id = owner.hire("Boss", None).await;
        let eva_id = owner.hire("Eva", Some(&boss_id)).await;
        let team: Vec<String> = ASKING.iter().map(|each| each.replace("=own", "=team")).collect();
        let boss = desk.org.employee(&boss_id, &team.iter().map(String::as_str).collect::<Vec<_>>()).await;
        // Five of Ana's, and of others: Eva's, one of the agent's that Ana watches, and the boss's own, which Ana does not see.
        let mut opened = Vec::new();
        for (requester, watchers) in [
            (&desk.ana_id, json!([])),
            (&eva_id, json!([])),
            (&desk.agent_id, json!([desk.ana_id])),
            (&desk.ana_id, json!([])),
            (&boss_id, json!([])),
            (&desk.ana_id, json!([desk.ana_id])),
            (&eva_id, json!([boss_id])),
            (&desk.ana_id, json!([])),
            (&desk.ana_id, json!([])),
        ] {
            let ticket = json!({"requester_id": requester, "watcher_ids": watchers});
            opened.push(id(&desk.opened(ticket).await));
        }
        desk.step(&opened[3], "solve").await;
        let pages = async |who: &Caller, query: &str| {
            let (mut places, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = who.get(&format!("/v1/tickets?limit=2{query}{cursor}")).await.is(200);
                let place = |each: String| opened.iter().position(|one| *one == each).unwrap();
                places.extend(ids(&page).into_iter().map(place));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return places,
                }
            }
        };
        // The newest first, unless told.
        assert_eq!(pages(&desk.ana, "").await, [8, 7, 5, 3, 2, 0]);
        assert_eq!(pages(&desk.ana, "&sort=id").await, [0, 2, 3, 5, 7, 8]);
        assert_eq!(pages(&desk.ana, "&sort=-created_at").await, [8, 7, 5, 3, 2, 0]);
        assert_eq!(pages(&desk.ana, "&status=open").await, [8, 7, 5, 2, 0]);
        assert_eq!(pages(&desk.ana, "&status=solved").await, [3]);
        assert_eq!(pages(&boss, "").await, [6, 4, 1]);
        assert_eq!(pages(&boss, "&sort=id").await, [1, 4, 6]);
        assert_eq!(pages(&desk.agent, "").await, [8, 7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(pages(&desk.agent, "&status=open&sort=id").await, [0, 1, 2, 4, 5, 6, 7, 8]);
    });
}
