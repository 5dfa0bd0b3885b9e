//! The desk that every department has, as stories over HTTP: tasks, what can be asked for, what is known, and cases of customers.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../accounting/shop.rs"]
#[allow(dead_code, reason = "the stories of accounting use the rest of it")]
mod shop;
#[path = "../support/mod.rs"]
mod support;

mod cases;
mod delegating;
mod knowledge;
mod requests;
mod tasks;

use chrono::{NaiveDate, Utc};
use serde_json::{Value, json};
use support::{Caller, Organization, service};
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

/// A text field of each row of a list.
fn each(list: &Value, field: &str) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
}

/// Does what a schedule would do for nobody in particular.
async fn work_off(organization: &Organization, statement: &str) -> i32 {
    let role = service().as_service().await;
    role.execute("select enter_as_system($1, false)", &[&organization.id]).await.unwrap();
    role.query_one(statement, &[]).await.unwrap().get(0)
}

/// A task of somebody's, with these fields.
async fn task(of: &Caller, title: &str, fields: Value) -> Value {
    let mut task = json!({"title": title, "due_on": day(7)});
    task.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    of.post("/v1/tasks", task).await.is(201)
}

/// A step of a task.
fn at(task: &Value, step: &str) -> String {
    format!("/v1/tasks/{}/{step}", id(task))
}
