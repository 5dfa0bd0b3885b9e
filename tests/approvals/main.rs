//! Numbers and approvals, as stories over HTTP, and held against what the database itself says.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod content;
mod numbers;
mod policies;
mod races;
mod requests;
mod succession;

use serde_json::{Value, json};
use support::{Answer, Caller, Organization};
use uuid::Uuid;

/// The id of what was answered.
fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// What everybody holds: to ask, to decide what waits for them, and to look at the company.
const EVERYBODY: &[&str] = &[
    "approvals:read=own",
    "approvals:write=own",
    "approvals:approve=own",
    "approval-delegations:read=own",
    "approval-delegations:write=own",
    "departments:read",
    "positions:read",
];

/// A company where things are approved.
struct Company {
    organization: Organization,
    /// May do everything.
    owner: Caller,
    /// Archives departments, and has to ask.
    maker: Caller,
    department: String,
}

impl Company {
    async fn new() -> Self {
        let organization = Organization::new().await;
        let owner = organization.owner().await;
        let maker =
            organization.caller(&[EVERYBODY, &["departments:write", "positions:write"]].concat()).await;
        let department = owner.department("Archive me", None).await;
        Self { organization, owner, maker, department }
    }

    /// Somebody who holds what everybody holds.
    async fn member(&self) -> Caller {
        self.organization.caller(EVERYBODY).await
    }

    /// A policy on archiving departments with these steps; its id.
    async fn archiving(&self, steps: Value) -> String {
        let policy = json!({"name": unique("Archiving"), "resource": "departments", "action": "archive", "steps": steps});
        id(&self.owner.post("/v1/approval-policies", policy).await.is(201))
    }

    /// The maker asks for the archiving of the department.
    async fn ask(&self) -> String {
        id(&self.try_to_ask().await.is(201))
    }

    async fn try_to_ask(&self) -> Answer {
        let request = json!({"resource": "departments", "resource_id": self.department, "action": "archive"});
        self.maker.post("/v1/approvals", request).await
    }

    async fn archive(&self) -> Answer {
        self.maker.act(&format!("/v1/departments/{}/archive", self.department)).await
    }

    /// The state of an approval, as the owner sees it.
    async fn status(&self, approval: &str) -> String {
        let approval = self.owner.get(&format!("/v1/approvals/{approval}")).await.is(200);
        approval["status"].as_str().unwrap().to_owned()
    }
}

async fn approve(who: &Caller, approval: &str) -> Answer {
    who.post(&format!("/v1/approvals/{approval}/approve"), json!({})).await
}

async fn reject(who: &Caller, approval: &str, reason: &str) -> Answer {
    who.post(&format!("/v1/approvals/{approval}/reject"), json!({"reason": reason})).await
}

/// The ids of what waits for somebody.
async fn inbox(who: &Caller) -> Vec<String> {
    let page = who.get("/v1/approvals?waiting_for=me").await.is(200);
    page["data"].as_array().unwrap().iter().map(id).collect()
}

fn unique(name: &str) -> String {
    format!("{name} {}", &Uuid::now_v7().simple().to_string()[14..32])
}

/// The refusal for want of an approval, and what it says.
#[track_caller]
fn stopped(answer: Answer) -> String {
    answer.is_problem(409, "approval-required")["detail"].as_str().unwrap().to_owned()
}
