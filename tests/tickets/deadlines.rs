//! What is promised, and kept or not: every time is worked out beside it.
use crate::support::run;
use crate::{Desk, id, ids, until};
use serde_json::{Value, json};

#[test]
fn an_incident_over_the_weekend_on_which_clocks_are_put_forward() {
    run(async {
        let desk = Desk::new().await;
        let queue = desk.queue(json!({"sla_policy_id": desk.promise().await})).await;
        // Reported on Friday 27 March 2026, 16:30 in Bucharest, which is 14:30Z: half an hour before the desk closes. On Sunday
        // the clocks go from UTC+2 to UTC+3, so that Monday 9:00 is 06:00Z.
        let reported = json!({"queue_id": queue, "reported_at": "2026-03-27T14:30:00Z"});
        let ticket = desk.opened(reported).await;
        assert_eq!(ticket["priority"], "normal");
        // An answer in an hour: 30 min on Friday, 30 min on Monday, 9:30 there. A solution in eight: 30 min and 7 h 30 min, 16:30.
        assert_eq!(ticket["first_answer_due_at"], "2026-03-30T06:30:00Z");
        assert_eq!(ticket["solution_due_at"], "2026-03-30T13:30:00Z");
        let ticket = id(&ticket);
        let answer = desk.deadline(&ticket, "first_answer").await;
        // Warned after 45 min: 9:15.
        assert_eq!(
            (&answer["warn_at"], &answer["allowed_minutes"]),
            (&json!("2026-03-30T06:15:00Z"), &json!(60))
        );
        // 75 % of 8 h are 6 h: 30 min and 5 h 30 min, 14:30 there.
        assert_eq!(desk.deadline(&ticket, "solution").await["warn_at"], "2026-03-30T11:30:00Z");

        // Both times are long over, as nobody has looked: it is told by itself.
        until("the breach is told", async || {
            desk.deadline(&ticket, "solution").await["status"] == "breached"
        })
        .await;
        let answer = desk.deadline(&ticket, "first_answer").await;
        assert_eq!((&answer["status"], &answer["met_at"]), (&json!("breached"), &Value::Null));
        let history = desk.agent.get(&format!("/v1/ticket-deadlines/{}/history", id(&answer))).await.is(200);
        let types: Vec<&str> =
            history["data"].as_array().unwrap().iter().map(|each| each["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["ticket_deadline.created", "ticket_deadline.breached"]);

        // More hurts than was said: urgent, so 30 min and 4 h. 30 min were used up on Friday.
        let path = format!("/v1/tickets/{ticket}");
        let hot = desk.agent.patch(&path, json!({"impact": "high", "urgency": "high"})).await.is(200);
        assert_eq!(hot["priority"], "urgent");
        // From report to review: answered, solved late, closed, and looked back on.
        desk.say(&desk.agent, &ticket, "public", "It was the certificate.").await;
        let solved = desk.step(&ticket, "solve").await;
        assert!(solved["first_answered_at"].is_string() && solved["solved_at"].is_string());
        for target in ["first_answer", "solution"] {
            let deadline = desk.deadline(&ticket, target).await;
            assert_eq!((&deadline["status"], deadline["met_at"].is_string()), (&json!("breached"), true));
        }
        let levels = desk.agent.get("/v1/reports/service-levels?from=2026-03-01&to=2026-03-31").await.is(200);
        let counted: Vec<(&Value, &Value, &Value)> = levels["levels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| (&each["target"], &each["kept"], &each["broken"]))
            .collect();
        assert_eq!(
            counted,
            [(&json!("first_answer"), &json!(0), &json!(1)), (&json!("solution"), &json!(0), &json!(1))]
        );
        desk.ana.post(&format!("{path}/rate"), json!({"satisfaction": 2, "comment": "Slow."})).await.is(200);
        desk.ana.act(&format!("{path}/close")).await.is(200);
        let cause = json!({"kind": "problem", "subject": "Certificates run out", "description": "Nobody is told.", "links": [{"relation": "related", "resource": "tickets", "resource_id": ticket}]});
        let cause = id(&desk.agent.post("/v1/tickets", cause).await.is(201));
        let links = desk.agent.get(&format!("/v1/ticket-links?resource_id={ticket}")).await.is(200);
        assert_eq!(links["data"][0]["ticket_id"], json!(cause));
    });
}

#[test]
fn back_to_winter_over_a_holiday() {
    run(async {
        let desk = Desk::new().await;
        let queue = desk.queue(json!({"sla_policy_id": desk.promise().await})).await;
        // Friday 24 October 2025, 16:00 in Bucharest is 13:00Z; on Sunday clocks go back to UTC+2. An hour on Friday, seven on Monday: 16:00 is 14:00Z.
        let ticket = desk.opened(json!({"queue_id": queue, "reported_at": "2025-10-24T13:00:00Z"})).await;
        assert_eq!(ticket["first_answer_due_at"], "2025-10-24T14:00:00Z");
        assert_eq!(ticket["solution_due_at"], "2025-10-27T14:00:00Z");
        // Friday 10 April 2026, 16:00 is 13:00Z. Monday is a holiday: seven hours on Tuesday, until 16:00, 13:00Z.
        let ticket = desk.opened(json!({"queue_id": queue, "reported_at": "2026-04-10T13:00:00Z"})).await;
        assert_eq!(ticket["solution_due_at"], "2026-04-14T13:00:00Z");
        // At night and on Saturday the clock begins on Monday, 9:00: answered by 10:00, 07:00Z.
        let ticket = desk.opened(json!({"queue_id": queue, "reported_at": "2026-05-16T20:00:00Z"})).await;
        assert_eq!(ticket["first_answer_due_at"], "2026-05-18T07:00:00Z");
        // Nothing is promised for what is low, and nothing in a queue without a policy.
        let low = desk.opened(json!({"queue_id": queue, "impact": "low", "urgency": "low"})).await;
        assert_eq!((&low["priority"], &low["solution_due_at"]), (&json!("low"), &Value::Null));
        let ahead = json!({"subject": "a", "description": "b", "requester_id": desk.ana_id, "reported_at": "2199-01-01T00:00:00Z"});
        desk.agent.post("/v1/tickets", ahead).await.is_problem(422, "invalid-input");
    });
}

#[test]
fn the_clock_stops_while_it_waits_for_who_asked() {
    run(async {
        let desk = Desk::new().await;
        // Around the clock, so that the figures do not depend on when the test runs.
        let policy = json!({"name": "Always", "targets": [{"priority": "normal", "solution_minutes": 600}]});
        let policy = id(&desk.agent.post("/v1/sla-policies", policy).await.is(201));
        let queue = desk.queue(json!({"sla_policy_id": policy})).await;
        let ticket = id(&desk.opened(json!({"queue_id": queue})).await);
        // As if it had run for two hours: of ten, eight are left.
        desk.turn("set session_replication_role = replica;
            update ticket_deadlines set running_since_at = running_since_at - interval '2 hours', due_at = due_at - interval '2 hours' where org_id = current_org()").await;
        let waiting = desk.step(&ticket, "wait").await;
        assert_eq!((&waiting["status"], &waiting["solution_due_at"]), (&json!("waiting"), &Value::Null));
        let paused = desk.deadline(&ticket, "solution").await;
        assert_eq!((&paused["status"], &paused["running_since_at"]), (&json!("paused"), &Value::Null));
        let used = paused["elapsed_seconds"].as_i64().unwrap();
        assert!((7_200..7_290).contains(&used), "{used}");
        // Their answer starts it again.
        desk.say(&desk.ana, &ticket, "public", "Here it is.").await;
        let going = desk.ticket(&ticket).await;
        assert_eq!(going["status"], "in_progress");
        let running = desk.deadline(&ticket, "solution").await;
        let at =
            |field: &str| running[field].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert_eq!((at("due_at") - at("running_since_at")).num_seconds(), 36_000 - used);
        // Short of time it is warned of, once: the event says so.
        desk.turn(
            "update ticket_deadlines set warn_at = now() - interval '1 second' where org_id = current_org()",
        )
        .await;
        until("it is warned of", async || desk.deadline(&ticket, "solution").await["status"] == "warned")
            .await;
        desk.step(&ticket, "solve").await;
        let met = desk.deadline(&ticket, "solution").await;
        assert_eq!((&met["status"], met["met_at"].is_string()), (&json!("met"), true));
    });
}

#[test]
fn what_waits_for_too_long_is_escalated() {
    run(async {
        let desk = Desk::new().await;
        let (first, second) = (desk.queue(json!({})).await, desk.queue(json!({})).await);
        let rule = json!({"name": "Unanswered", "queue_id": first, "waits_for": "first_answer", "after_minutes": 240, "to_queue_id": second, "priority": "urgent", "assignee_id": desk.agent_id});
        let rule = id(&desk.agent.post("/v1/escalation-rules", rule).await.is(201));
        let four_hours_ago = chrono::Utc::now() - chrono::Duration::minutes(241);
        let late = id(&desk.opened(json!({"queue_id": first, "reported_at": four_hours_ago})).await);
        let fresh = id(&desk.opened(json!({"queue_id": first})).await);
        until("it is escalated", async || desk.ticket(&late).await["queue_id"] == json!(second)).await;
        let escalated = desk.ticket(&late).await;
        assert_eq!(
            (&escalated["priority"], &escalated["assignee_id"]),
            (&json!("urgent"), &json!(desk.agent_id))
        );
        let deadline = desk.deadline(&late, "escalation").await;
        assert_eq!(
            (&deadline["status"], &deadline["escalation_rule_id"]),
            (&json!("breached"), &json!(rule))
        );
        assert_eq!(desk.ticket(&fresh).await["queue_id"], json!(first));
        // What is answered is not escalated any more.
        desk.say(&desk.agent, &fresh, "public", "We are at it.").await;
        assert_eq!(desk.deadline(&fresh, "escalation").await["status"], "met");
        let open = desk.agent.get("/v1/ticket-deadlines?status=running&target=escalation").await.is(200);
        assert_eq!(ids(&open), Vec::<String>::new());
    });
}
