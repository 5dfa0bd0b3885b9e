//! Systems, changes of them, who may use them, and what threatens them, as stories over HTTP.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod access;
mod backups;
mod changes;
mod impact;
mod security;

use chrono::{NaiveDate, Utc};
use serde_json::{Value, json};
use support::{Caller, Organization};
use uuid::Uuid;

/// The id of what was answered.
fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// The places and codes of all faults of a problem.
fn faults(problem: &Value) -> Vec<(&str, &str)> {
    let faults = problem["errors"].as_array().unwrap().iter();
    faults.map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap())).collect()
}

/// So many days from today.
fn day(from_today: i64) -> NaiveDate {
    Utc::now().date_naive() + chrono::Duration::days(from_today)
}

/// Something short that nobody else has.
fn unique() -> String {
    Uuid::now_v7().simple().to_string()[14..32].to_owned()
}

/// A company whose IT has somebody who does and somebody who agrees.
struct Company {
    org: Organization,
    it: Caller,
    boss: Caller,
    /// The employee who answers for systems.
    mira: String,
}

impl Company {
    async fn new() -> Self {
        let org = Organization::new().await;
        let (it, boss) = (org.owner().await, org.owner().await);
        let mira = it.hire("Mira", None).await;
        Self { org, it, boss, mira }
    }

    /// A system at work.
    async fn system(&self, name: &str, fields: Value) -> String {
        let mut system = json!({"name": name, "kind": "service", "owner_id": self.mira, "criticality": "high", "data_classification": "internal"});
        system.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let system = id(&self.it.post("/v1/systems", system).await.is(201));
        self.it.act(&format!("/v1/systems/{system}/activate")).await.is(200);
        system
    }

    async fn needs(&self, system: &str, other: &str, kind: &str) {
        let dependency = json!({"system_id": system, "depends_on_id": other, "kind": kind});
        self.it.post("/v1/system-dependencies", dependency).await.is(201);
    }

    async fn role(&self, system: &str, name: &str) -> String {
        id(&self.it.post("/v1/system-roles", json!({"system_id": system, "name": name})).await.is(201))
    }

    /// An access that IT asked for.
    async fn asked(&self, employee: &str, role: &str) -> String {
        let grant = json!({"employee_id": employee, "system_role_id": role, "reason": "Works with it"});
        id(&self.it.post("/v1/access-grants", grant).await.is(201))
    }

    /// An access that somebody has.
    async fn granted(&self, employee: &str, role: &str) -> String {
        let grant = self.asked(employee, role).await;
        self.boss.act(&format!("/v1/access-grants/{grant}/approve")).await.is(200);
        self.it.act(&format!("/v1/access-grants/{grant}/grant")).await.is(200);
        grant
    }
}

/// Does something in the organization as nobody: what a schedule does, or time.
async fn as_system(company: &Company, statement: &str) {
    let database = support::service().database().await;
    let enter = format!("select enter_as_system('{}', false)", company.org.id);
    database.batch_execute(&enter).await.unwrap();
    database.batch_execute(statement).await.unwrap();
}
