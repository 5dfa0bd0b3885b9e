//! What the contract-wide tests need to know of the desk.
use super::{Room, body, fill, operation, row};
use crate::support::{Caller, service};
use futures_util::future::FutureExt;
use serde_json::{Value, json};
use uuid::Uuid;

pub const ROOM: Room = Room {
    references: &[
        ("assignee_id", "/v1/employees"),
        ("author_id", "/v1/employees"),
        ("business_hours_id", "/v1/business-hours"),
        ("escalation_rule_id", "/v1/escalation-rules"),
        ("into_id", "/v1/tickets"),
        ("macro_id", "/v1/macros"),
        ("member_id", "/v1/employees"),
        ("member_ids", "/v1/employees"),
        ("merged_into_id", "/v1/tickets"),
        ("message_id", "/v1/ticket-messages"),
        ("queue_id", "/v1/queues"),
        ("requester_id", "/v1/employees"),
        ("requester_party_id", "/v1/parties"),
        ("sla_policy_id", "/v1/sla-policies"),
        ("ticket_id", "/v1/tickets"),
        ("to_queue_id", "/v1/queues"),
        ("watcher_ids", "/v1/employees"),
    ],
    body: |caller, operation| {
        async move {
            match operation.id() {
                "split_ticket" => Some(
                    json!({"message_id": newest_message(caller).await["id"], "subject": "A second screen"}),
                ),
                _ => None,
            }
        }
        .boxed_local()
    },
    row: |caller, collection| {
        async move {
            match collection {
                "/v1/ticket-deadlines" => {
                    let ticket = promised(caller).await;
                    let found = format!("/v1/ticket-deadlines?ticket_id={ticket}");
                    Some(id(&caller.get(&found).await.is(200)["data"][0]))
                }
                _ => None,
            }
        }
        .boxed_local()
    },
    ready: |caller, operation| {
        async move {
            let before: &[&str] = match operation.id() {
                "start_ticket" | "wait_ticket" | "solve_ticket" | "close_ticket" | "assign_ticket"
                | "merge_ticket" | "apply_macro" => &[],
                "resume_ticket" => &["wait"],
                "reopen_ticket" => &["solve"],
                "take_ticket" => {
                    employed(caller).await;
                    &[]
                }
                "rate_ticket" => {
                    let requester = employed(caller).await;
                    let ticket = json!({"subject": "Mine", "description": "Mine", "requester_id": requester});
                    let ticket = id(&caller.post("/v1/tickets", ticket).await.is(201));
                    caller.act(&format!("/v1/tickets/{ticket}/solve")).await.is(200);
                    return Some(fill(&operation.path, &ticket));
                }
                "split_ticket" => {
                    let ticket = newest_message(caller).await["ticket_id"].as_str().unwrap().to_owned();
                    return Some(fill(&operation.path, &ticket));
                }
                _ => return None,
            };
            let ticket = row(caller, "/v1/tickets").await;
            for step in before {
                caller.act(&format!("/v1/tickets/{ticket}/{step}")).await.is(200);
            }
            Some(fill(&operation.path, &ticket))
        }
        .boxed_local()
    },
    // A ticket's clock is read before each step and written behind it; what is said may take one, and merging takes two tickets.
    budget: |operation| match operation {
        "create_ticket" => Some(7),
        "assign_ticket" | "close_ticket" | "reopen_ticket" | "resume_ticket" | "solve_ticket"
        | "start_ticket" | "take_ticket" | "update_ticket" | "wait_ticket" => Some(8),
        "create_ticket_message" | "split_ticket" => Some(9),
        "apply_macro" | "merge_ticket" => Some(10),
        _ => None,
    },
    furnish: |caller| {
        async move {
            let employee = row(caller, "/v1/employees").await;
            let mut queue = body(caller, &operation("create_queue")).await;
            queue["member_ids"] = json!([employee]);
            let queue = id(&caller.post("/v1/queues", queue).await.is(201));
            let mut escalation = body(caller, &operation("create_escalation_rule")).await;
            (escalation["queue_id"], escalation["assignee_id"]) = (json!(queue), json!(employee));
            escalation["to_queue_id"] = json!(row(caller, "/v1/queues").await);
            caller.post("/v1/escalation-rules", escalation).await.is(201);
            for rule in ["create_routing_rule", "create_macro"] {
                let rule = operation(rule);
                let mut sets = body(caller, &rule).await;
                (sets["queue_id"], sets["assignee_id"]) = (json!(queue), json!(employee));
                // Nothing is led anywhere by it.
                if rule.id() == "create_routing_rule" {
                    sets["conditions"] = json!([{"field": "subject", "contains": "walled"}]);
                }
                caller.post(&rule.path, sets).await.is(201);
            }
            let ticket = json!({"subject": "Furnished", "description": "Here", "queue_id": queue, "assignee_id": employee, "requester_id": employee});
            let ticket = id(&caller.post("/v1/tickets", ticket).await.is(201));
            let party = row(caller, "/v1/parties").await;
            let theirs = json!({"subject": "Theirs", "description": "There", "requester_party_id": party});
            let theirs = id(&caller.post("/v1/tickets", theirs).await.is(201));
            caller.post(&format!("/v1/tickets/{theirs}/merge"), json!({"into_id": ticket})).await.is(200);
            promised(caller).await;
            for visibility in ["public", "internal"] {
                let said = json!({"ticket_id": ticket, "visibility": visibility, "body": "Said"});
                caller.post("/v1/ticket-messages", said).await.is(201);
            }
            // As if an employee had said so.
            let said = format!(
                "begin; set local session_replication_role = replica;
                update ticket_messages set author_id = '{employee}' where org_id = '{}'; commit",
                caller.organization
            );
            service().database().await.batch_execute(&said).await.unwrap();
        }
        .boxed_local()
    },
    ..Room::NOTHING
};

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// A ticket in a queue that promises something.
async fn promised(caller: &Caller) -> String {
    let name = || Uuid::now_v7().simple().to_string();
    let targets = json!([{"priority": "normal", "solution_minutes": 480}]);
    let policy = json!({"name": name(), "targets": targets});
    let policy = id(&caller.post("/v1/sla-policies", policy).await.is(201));
    let queue = json!({"name": name(), "sla_policy_id": policy});
    let queue = id(&caller.post("/v1/queues", queue).await.is(201));
    let ticket = json!({"subject": "Promised", "description": "Soon", "queue_id": queue});
    id(&caller.post("/v1/tickets", ticket).await.is(201))
}

/// What was said last in the caller's organization, and publicly.
async fn newest_message(caller: &Caller) -> Value {
    let newest = "/v1/ticket-messages?sort=-created_at&visibility=public&limit=1";
    let found = caller.get(newest).await.is(200)["data"][0].clone();
    if found.is_object() {
        return found;
    }
    row(caller, "/v1/ticket-messages").await;
    caller.get(newest).await.is(200)["data"][0].clone()
}

/// The employee that the caller is, who is made one where they are none.
async fn employed(caller: &Caller) -> String {
    let database = service().database().await;
    let known = "select employee_id from sessions where org_id = $1 and id = $2";
    let known: Option<Uuid> =
        database.query_one(known, &[&caller.organization, &caller.session]).await.unwrap().get(0);
    if let Some(employee) = known {
        return employee.to_string();
    }
    let employee: Uuid = caller.hire("Agent", None).await.parse().unwrap();
    let of_member = "update memberships set employee_id = $2 where org_id = $1 and id = $3";
    database.execute(of_member, &[&caller.organization, &employee, &caller.membership]).await.unwrap();
    let of_session = "update sessions set employee_id = $2 where org_id = $1 and id = $3";
    database.execute(of_session, &[&caller.organization, &employee, &caller.session]).await.unwrap();
    employee.to_string()
}
