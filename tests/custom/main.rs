//! Custom fields as stories over HTTP: what an organization adds to its employees and departments.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod contract;
mod definitions;
mod lists;
mod shown;
mod values;

use serde_json::{Value, json};
use support::{Answer, Caller, Organization};
use uuid::Uuid;

/// What an administrator of people holds.
const HR: &[&str] = &[
    "custom-fields:read",
    "custom-fields:write",
    "employees:read",
    "employees:write",
    "departments:read",
    "departments:write",
    "positions:read",
    "positions:write",
    "events:read",
    "roles:read",
    "roles:write",
];

async fn hr() -> Caller {
    Organization::new().await.caller(HR).await
}

/// A field of employees, of this type, with these properties beside.
async fn field(caller: &Caller, name: &str, kind: &str, more: Value) -> Value {
    field_of(caller, "employees", name, kind, more).await.is(201)
}

async fn field_of(caller: &Caller, resource: &str, name: &str, kind: &str, more: Value) -> Answer {
    let mut field =
        json!({"applies_to": resource, "name": name, "label": name.replace('_', " "), "type": kind});
    field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    caller.post("/v1/custom-fields", field).await
}

/// The address of what was answered.
fn at(collection: &str, of: &Value) -> String {
    format!("{collection}/{}", of["id"].as_str().unwrap())
}

/// A new employee with these custom fields.
async fn hire(caller: &Caller, given_name: &str, custom: Value) -> Answer {
    let number = &Uuid::now_v7().simple().to_string()[14..32];
    let employee = json!({"employee_number": number, "given_name": given_name, "family_name": "Test", "hired_on": "2026-03-02", "custom": custom});
    caller.post("/v1/employees", employee).await
}

/// The faults of a problem: place and code.
fn faults(problem: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let errors = problem["errors"].as_array().unwrap().iter();
    errors
        .map(|each| {
            (text(&each["pointer"]).or(text(&each["parameter"])).unwrap(), text(&each["code"]).unwrap())
        })
        .collect()
}

fn list(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(place, code)| ((*place).to_owned(), (*code).to_owned())).collect()
}

/// The given names of a page, in its order.
fn given_names(page: &Value) -> Vec<String> {
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["given_name"].as_str().unwrap().to_owned())
        .collect()
}
