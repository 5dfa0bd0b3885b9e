//! The desk, from the first report to what was learnt from it, as stories over HTTP.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod deadlines;
mod desk;
mod importing;
mod merging;
mod messages;
mod notes;
mod routing;
mod searching;

use serde_json::{Value, json};
use support::{Caller, Organization, service};
use uuid::Uuid;

/// The id of what was answered.
fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// The ids of a page.
fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(id).collect()
}

/// The places and codes of all faults of a problem.
fn faults(problem: &Value) -> Vec<(&str, &str)> {
    let faults = problem["errors"].as_array().unwrap().iter();
    faults.map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap())).collect()
}

/// Something short that nobody else has.
fn unique() -> String {
    Uuid::now_v7().simple().to_string()[14..32].to_owned()
}

/// What those hold who ask.
const ASKING: [&str; 8] = [
    "tickets:read=own",
    "tickets:write=own",
    "ticket-messages:read=own",
    "ticket-messages:write=own",
    "files:read=own",
    "files:write=own",
    "comments:read=own",
    "queues:read",
];

/// A desk: those who work on tickets, and somebody who asks.
struct Desk {
    org: Organization,
    /// Who works on tickets, as an employee.
    agent: Caller,
    agent_id: String,
    /// Who asks, as an employee.
    ana: Caller,
    ana_id: String,
}

impl Desk {
    async fn new() -> Self {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let (agent_id, ana_id) = (owner.hire("Agent", None).await, owner.hire("Ana", None).await);
        let all = support::permissions();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let agent = org.employee(&agent_id, &all).await;
        let ana = org.employee(&ana_id, &ASKING).await;
        Self { org, agent, agent_id, ana, ana_id }
    }

    /// Monday to Friday, 9 to 17 in Bucharest: an answer in an hour, a solution in eight, for what is normal; half of that for what is urgent. Warned
    /// after three quarters.
    async fn promise(&self) -> String {
        let days = ["monday", "tuesday", "wednesday", "thursday", "friday"];
        let week: Vec<Value> =
            days.iter().map(|day| json!({"weekday": day, "from": "09:00", "to": "17:00"})).collect();
        let hours = json!({"name": unique(), "time_zone": "Europe/Bucharest", "intervals": week, "holidays": [{"day_on": "2026-04-13", "name": "Easter Monday"}]});
        let hours = id(&self.agent.post("/v1/business-hours", hours).await.is(201));
        let targets = json!([{"priority": "normal", "first_answer_minutes": 60, "solution_minutes": 480},
            {"priority": "urgent", "first_answer_minutes": 30, "solution_minutes": 240}]);
        let policy =
            json!({"name": unique(), "business_hours_id": hours, "targets": targets, "warn_at_percent": 75});
        id(&self.agent.post("/v1/sla-policies", policy).await.is(201))
    }

    /// A queue of the agent's, with what it says besides.
    async fn queue(&self, says: Value) -> String {
        let mut queue = json!({"name": unique(), "member_ids": [self.agent_id]});
        queue.as_object_mut().unwrap().extend(says.as_object().unwrap().clone());
        id(&self.agent.post("/v1/queues", queue).await.is(201))
    }

    /// A ticket that Ana opens.
    async fn asked(&self, subject: &str) -> String {
        let ticket = json!({"subject": subject, "description": "It does not work."});
        id(&self.ana.post("/v1/tickets", ticket).await.is(201))
    }

    /// A ticket that an agent opens for Ana, with what it says besides.
    async fn opened(&self, says: Value) -> Value {
        let mut ticket =
            json!({"subject": "VPN", "description": "It does not work.", "requester_id": self.ana_id});
        ticket.as_object_mut().unwrap().extend(says.as_object().unwrap().clone());
        self.agent.post("/v1/tickets", ticket).await.is(201)
    }

    /// What somebody says in a ticket.
    async fn say(&self, who: &Caller, ticket: &str, visibility: &str, body: &str) -> String {
        let said = json!({"ticket_id": ticket, "visibility": visibility, "body": body});
        id(&who.post("/v1/ticket-messages", said).await.is(201))
    }

    async fn step(&self, ticket: &str, action: &str) -> Value {
        self.agent.act(&format!("/v1/tickets/{ticket}/{action}")).await.is(200)
    }

    async fn ticket(&self, ticket: &str) -> Value {
        self.agent.get(&format!("/v1/tickets/{ticket}")).await.is(200)
    }

    /// The deadline of a ticket for this.
    async fn deadline(&self, ticket: &str, target: &str) -> Value {
        let found = format!("/v1/ticket-deadlines?ticket_id={ticket}&target={target}");
        self.agent.get(&found).await.is(200)["data"][0].clone()
    }

    /// Does this to the organization's rows, as their owner may.
    async fn turn(&self, sql: &str) {
        let database = service().database().await;
        let named =
            "select set_config('app.org_id', $1::uuid::text, false), set_config('app.reach', 'org:', false)";
        database.execute(named, &[&self.org.id]).await.unwrap();
        database.batch_execute(sql).await.unwrap();
    }
}

/// Waits until it is so: what is done by schedules takes some seconds.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(90);
    while !is_so().await {
        assert!(std::time::Instant::now() < patience, "never: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}
