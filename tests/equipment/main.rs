//! What people work with, as stories over HTTP.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod kits;
mod laptop;
mod leavers;
mod licences;
mod places;
mod races;
mod reports;
mod supplies;

use chrono::{Months, NaiveDate, Utc};
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

/// So many months before today.
fn months_ago(months: u32) -> NaiveDate {
    Utc::now().date_naive() - Months::new(months)
}

/// Something short that nobody else has.
fn unique() -> String {
    Uuid::now_v7().simple().to_string()[14..32].to_owned()
}

/// Fields put into a body.
fn with(mut body: Value, fields: Value) -> Value {
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

/// Those who keep the equipment of an organization.
struct Desk {
    org: Organization,
    it: Caller,
}

impl Desk {
    async fn new() -> Self {
        let org = Organization::new().await;
        let it = org.owner().await;
        Self { org, it }
    }

    /// A laptop with two years of warranty, meant to be used for four, to be seen each year.
    async fn model(&self, name: &str) -> String {
        let model = json!({"name": name, "manufacturer": "Lenovo", "category": "Laptop", "end_of_life_months": 48, "warranty_months": 24, "audit_interval_months": 12});
        id(&self.it.post("/v1/asset-models", model).await.is(201))
    }

    async fn asset(&self, model: &str, fields: Value) -> Value {
        let asset = with(json!({"model_id": model}), fields);
        self.it.post("/v1/assets", asset).await.is(201)
    }

    async fn location(&self, code: &str, parent: Option<&str>) -> String {
        let location = json!({"code": code, "name": format!("Place {code}"), "parent_id": parent});
        id(&self.it.post("/v1/locations", location).await.is(201))
    }

    async fn supplier(&self) -> String {
        let party = json!({"name": unique(), "is_supplier": true, "country": "RO"});
        id(&self.it.post("/v1/parties", party).await.is(201))
    }

    async fn licence(&self, seats: u32, fields: Value) -> String {
        let licence =
            json!({"name": unique(), "kind": "subscription", "seats": seats, "starts_on": day(-10)});
        id(&self.it.post("/v1/licences", with(licence, fields)).await.is(201))
    }

    /// A consumable or an accessory, and so many of it.
    async fn supply(&self, kind: &str, quantity: u32) -> String {
        let supply = json!({"name": unique(), "kind": kind, "minimum_quantity": 2});
        let supply = id(&self.it.post("/v1/supplies", supply).await.is(201));
        let path = format!("/v1/supplies/{supply}/receive");
        self.it.post(&path, json!({"quantity": quantity})).await.is(200);
        supply
    }

    async fn position(&self) -> String {
        let department = self.it.department("Finance", None).await;
        let position = json!({"title": unique(), "department_id": department, "approved_headcount": 9});
        id(&self.it.post("/v1/positions", position).await.is(201))
    }

    /// Somebody in this position, whose first day is so many days from today.
    async fn hire_into(&self, position: &str, name: &str, first_day: i64) -> String {
        let employee = json!({"employee_number": unique(), "given_name": name, "family_name": "Pop", "hired_on": day(first_day), "position_id": position});
        id(&self.it.post("/v1/employees", employee).await.is(201))
    }

    /// An action on something.
    async fn act(&self, path: &str, action: &str, body: Value) -> support::Answer {
        self.it.post(&format!("{path}/{action}"), body).await
    }

    async fn read(&self, path: &str) -> Value {
        self.it.get(path).await.is(200)
    }
}
