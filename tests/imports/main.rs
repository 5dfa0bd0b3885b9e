//! Files that become resources, and lists that become files: as stories over HTTP.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod bad_files;
mod custom_fields;
mod exports;
mod large;
mod mappings;
mod small;
mod undone;
mod workbooks;

use reqwest::Method;
use serde_json::Value;
use std::fmt::Write as _;
use support::{Answer, Caller, Request};

const CSV: &str = "text/csv";
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const NDJSON: &str = "application/x-ndjson";

/// A request that sends a file of employees; `query` comes behind the `?`.
fn sending(caller: &Caller, resource: &str, query: &str, kind: &str, file: impl Into<Vec<u8>>) -> Request {
    caller.request(Method::POST, &format!("/v1/{resource}/import?{query}")).body(kind, file)
}

/// Sends CSV.
async fn import(caller: &Caller, resource: &str, query: &str, file: &str) -> Answer {
    sending(caller, resource, query, CSV, file).send().await
}

/// The numbers of what became of the rows: created, changed, unchanged, refused.
fn counts(import: &Value) -> [i64; 4] {
    ["created", "changed", "unchanged", "refused"].map(|name| import[name].as_i64().unwrap())
}

/// The faults of a refusal as `place code`.
fn places(problem: &Value) -> Vec<String> {
    let told =
        |fault: &Value| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap());
    problem["errors"].as_array().unwrap().iter().map(told).collect()
}

/// All rows of a list; parameters may follow its name.
async fn all(caller: &Caller, resource: &str) -> Vec<Value> {
    let list = caller.request(Method::GET, &format!("/v1/{resource}")).header("accept", NDJSON).send().await;
    list.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How many rows a list has.
async fn total(caller: &Caller, resource: &str) -> i64 {
    caller.get(&format!("/v1/{resource}?limit=1&count=true")).await.is(200)["total"].as_i64().unwrap()
}

/// Waits for the job of an import that was taken in, and answers the import.
async fn worked_off(caller: &Caller, taken: Answer) -> Value {
    assert!(taken.header("location").unwrap().starts_with("/v1/imports/"));
    let taken = taken.is(202);
    let job = taken["job_id"].as_str().unwrap().to_owned();
    for _ in 0..12 {
        let now = caller.get(&format!("/v1/jobs/{job}?wait=10")).await.is(200);
        if ["succeeded", "failed", "cancelled"].contains(&now["status"].as_str().unwrap()) {
            break;
        }
    }
    caller.get(&format!("/v1/imports/{}", taken["id"].as_str().unwrap())).await.is(200)
}

/// A CSV of so many employees, shuffled: number n reports to n / 5.
fn crowd(people: usize) -> String {
    let mut file = "employee_number,given_name,family_name,manager_employee_number,hired_on\n".to_owned();
    // A step that has no divisor in common with the count visits each once.
    let step = (people / 2 + 1..2 * people).find(|step| gcd(*step, people) == 1).unwrap();
    for index in 0..people {
        let number = index * step % people;
        let manager = if number == 0 { String::new() } else { format!("N-{}", number / 5) };
        let _ = writeln!(file, "N-{number},Person,Number {number},{manager},2026-03-02");
    }
    file
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
