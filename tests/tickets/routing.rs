//! Where tickets go, and who gets them.
use crate::support::run;
use crate::{Desk, faults, id};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn rules_lead_tickets_by_what_they_say() {
    run(async {
        let desk = Desk::new().await;
        let (network, desktop, rest) =
            (desk.queue(json!({})).await, desk.queue(json!({})).await, desk.queue(json!({})).await);
        let rule = async |place: i32, name: &str, conditions: Value, sets: Value| {
            let mut rule = json!({"name": name, "place": place, "conditions": conditions});
            rule.as_object_mut().unwrap().extend(sets.as_object().unwrap().clone());
            id(&desk.agent.post("/v1/routing-rules", rule).await.is(201))
        };
        rule(90, "Everything else", json!([]), json!({"queue_id": rest})).await;
        let vpn = rule(
            10,
            "VPN",
            json!([{"field": "subject", "contains": "vpn"}]),
            json!({"queue_id": network, "tags": ["network"]}),
        )
        .await;
        rule(20, "Requests", json!([{"field": "kind", "one_of": ["request", "question"]}, {"field": "tags", "one_of": ["laptop", "screen"]}]), json!({"queue_id": desktop, "priority": "low"})).await;
        rule(
            30,
            "What is tagged so",
            json!([{"field": "tags", "one_of": ["network"]}]),
            json!({"assignee_id": desk.agent_id}),
        )
        .await;

        let mine = desk.opened(json!({"subject": "No Vpn", "tags": ["home"]})).await;
        assert_eq!(
            (&mine["queue_id"], &mine["tags"], &mine["assignee_id"]),
            (&json!(network), &json!(["home", "network"]), &json!(desk.agent_id))
        );
        let wanted = desk.opened(json!({"kind": "request", "subject": "A screen", "tags": ["screen"], "urgency": "high", "impact": "high"})).await;
        assert_eq!((&wanted["queue_id"], &wanted["priority"]), (&json!(desktop), &json!("low")));
        // What is said stays; a rule that is archived says nothing.
        let said = desk.opened(json!({"subject": "vpn", "queue_id": desktop, "priority": "high"})).await;
        assert_eq!((&said["queue_id"], &said["priority"]), (&json!(desktop), &json!("high")));
        desk.agent.act(&format!("/v1/routing-rules/{vpn}/archive")).await.is(200);
        assert_eq!(desk.opened(json!({"subject": "vpn"})).await["queue_id"], json!(rest));

        let neither =
            json!({"name": "Neither", "place": 1, "conditions": [{"field": "kind"}], "queue_id": rest});
        let problem = desk.agent.post("/v1/routing-rules", neither).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/conditions/0", "one-of-two")]);
        // An archived queue takes nothing; one in which something is open is not archived.
        desk.agent.act(&format!("/v1/queues/{desktop}/archive")).await.is_problem(409, "conflict");
        let empty = desk.queue(json!({})).await;
        desk.agent.act(&format!("/v1/queues/{empty}/archive")).await.is(200);
        let there = json!({"subject": "a", "description": "b", "queue_id": empty});
        let problem = desk.agent.post("/v1/tickets", there).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/queue_id", "archived")]);
    });
}

#[test]
fn impact_and_urgency_come_to_what_the_matrix_says() {
    run(async {
        let desk = Desk::new().await;
        let priority = async |impact: &str, urgency: &str| {
            desk.opened(json!({"impact": impact, "urgency": urgency})).await["priority"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        for (impact, urgency, usual) in [
            ("low", "low", "low"),
            ("low", "medium", "low"),
            ("medium", "medium", "normal"),
            ("low", "high", "normal"),
            ("high", "medium", "high"),
            ("high", "high", "urgent"),
        ] {
            assert_eq!(priority(impact, urgency).await, usual, "{impact} {urgency}");
        }
        let own =
            json!({"name": "Ours", "cells": [{"impact": "low", "urgency": "low", "priority": "urgent"}]});
        let own = id(&desk.agent.post("/v1/priority-matrices", own).await.is(201));
        assert_eq!(priority("low", "low").await, "low");
        desk.agent.act(&format!("/v1/priority-matrices/{own}/activate")).await.is(200);
        assert_eq!(priority("low", "low").await, "urgent");
        assert_eq!(priority("high", "high").await, "urgent");
        // Another one takes over.
        let other =
            json!({"name": "Theirs", "cells": [{"impact": "low", "urgency": "low", "priority": "high"}]});
        let other = id(&desk.agent.post("/v1/priority-matrices", other).await.is(201));
        desk.agent.act(&format!("/v1/priority-matrices/{other}/activate")).await.is(200);
        assert_eq!(priority("low", "low").await, "high");
        assert_eq!(
            desk.agent.get(&format!("/v1/priority-matrices/{own}")).await.is(200)["status"],
            "inactive"
        );
    });
}

#[test]
fn everybody_has_their_turn_also_when_all_come_at_once() {
    run(async {
        let desk = Desk::new().await;
        let owner = desk.org.owner().await;
        let mut members = Vec::new();
        for name in ["One", "Two", "Three"] {
            members.push(owner.hire(name, None).await);
        }
        for how in ["round_robin", "least_loaded"] {
            let queue = desk.queue(json!({"member_ids": members, "assignment": how})).await;
            let at_once = (0..12).map(|_| desk.opened(json!({"queue_id": queue})));
            let mut got: BTreeMap<String, u32> = BTreeMap::new();
            for ticket in join_all(at_once).await {
                *got.entry(ticket["assignee_id"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            assert_eq!(got.values().copied().collect::<Vec<_>>(), [4, 4, 4], "{how}: {got:?}");
        }
        // Whoever has least gets the next one.
        let path = format!("/v1/tickets?assignee_id={}&limit=200", members[1]);
        for ticket in crate::ids(&desk.agent.get(&path).await.is(200)) {
            desk.step(&ticket, "solve").await;
        }
        let queue = desk.queue(json!({"member_ids": members, "assignment": "least_loaded"})).await;
        assert_eq!(desk.opened(json!({"queue_id": queue})).await["assignee_id"], json!(members[1]));
        let twice = json!({"name": "Twice", "member_ids": [members[0], members[0], uuid::Uuid::now_v7()]});
        let problem = desk.agent.post("/v1/queues", twice).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/member_ids/1", "repeated"), ("/member_ids/2", "unknown-reference")]);
    });
}

#[test]
fn hours_that_make_no_sense_are_refused_all_at_once() {
    run(async {
        let desk = Desk::new().await;
        let hours = json!({"name": "Odd", "time_zone": "Europe/Bukarest", "intervals": [
            {"weekday": "monday", "from": "09:00", "to": "17:00"}, {"weekday": "monday", "from": "16:00", "to": "18:00"}, {"weekday": "friday", "from": "17:00", "to": "09:00"}],
            "holidays": [{"day_on": "2026-12-01", "name": "One"}, {"day_on": "2026-12-01", "name": "Two"}]});
        let problem = desk.agent.post("/v1/business-hours", hours).await.is_problem(422, "invalid-input");
        assert_eq!(
            faults(&problem),
            [
                ("/time_zone", "unknown-time-zone"),
                ("/intervals/1/from", "overlapping"),
                ("/intervals/2/to", "not-after-from"),
                ("/holidays/1/day_on", "repeated")
            ]
        );
    });
}
