//! Structure and people, as stories over HTTP, and the trees beneath them held against the recursive truth.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod assignments;
mod bulk;
mod changes;
mod demo;
mod departments;
mod departments_archived;
mod departments_moved;
mod employees;
mod history;
mod idempotency;
mod lines;
mod lists;
mod moves;
mod org_chart;
mod personal_data;
mod personnel_documents;
mod positions;
mod reach;
mod record_quality;
mod tour;

use serde_json::{Value, json};
use support::{Answer, Caller};
use uuid::Uuid;

/// The id of what was answered.
fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// The first fault of a problem: its place and its code.
fn fault(problem: &Value) -> (&str, &str) {
    let fault = &problem["errors"][0];
    (fault["pointer"].as_str().or(fault["parameter"].as_str()).unwrap(), fault["code"].as_str().unwrap())
}

/// Something short that nobody else has.
fn unique() -> String {
    Uuid::now_v7().simple().to_string()[14..32].to_owned()
}

/// A new employee with these fields beside what every one needs.
async fn hire_with(caller: &Caller, fields: Value) -> Answer {
    let mut employee = json!({"employee_number": unique(), "given_name": "Ana", "family_name": "Pop", "hired_on": "2026-03-02"});
    employee.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    caller.post("/v1/employees", employee).await
}

/// The given names of a page, in its order.
fn given_names(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|row| row["given_name"].as_str().unwrap()).collect()
}
