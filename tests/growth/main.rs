//! Benefits, training, goals and reviews, as stories over HTTP.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod benefits;
mod goals;
mod reviews;
mod training;

use serde_json::{Value, json};
use support::{Caller, service};
use tokio_postgres::Client;
use uuid::Uuid;

/// The id of what was answered.
fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// The faults of a problem: their places and codes.
fn faults(problem: &Value) -> Vec<(String, String)> {
    let faults = problem["errors"].as_array().unwrap().iter();
    let text = |fault: &Value, field: &str| fault[field].as_str().unwrap().to_owned();
    let mut faults: Vec<_> = faults.map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect();
    faults.sort();
    faults
}

/// One fault, as `faults` tells it.
fn fault(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

/// The database as the caller's organization sees it.
async fn database(caller: &Caller) -> Client {
    let database = service().database().await;
    let enter =
        "select set_config('app.org_id', $1::uuid::text, false), set_config('app.reach', 'org:', false)";
    database.execute(enter, &[&caller.organization]).await.unwrap();
    database
}

/// A new employee, hired on this day.
async fn hire_on(caller: &Caller, hired_on: &str, manager: Option<&str>) -> String {
    let number = &Uuid::now_v7().simple().to_string()[14..32];
    let employee = json!({"employee_number": number, "given_name": "Ana", "family_name": "Pop", "hired_on": hired_on, "manager_id": manager});
    id(&caller.post("/v1/employees", employee).await.is(201))
}

/// A day so many days from today.
fn in_days(days: i64) -> String {
    (chrono::Utc::now().date_naive() + chrono::TimeDelta::days(days)).to_string()
}
