//! What the contract-wide tests need to know of staff.
use super::{Room, body, operation_at};
use crate::support::{Caller, Organization};
use futures_util::future::FutureExt;
use reqwest::Method;
use serde_json::{Value, json};

pub const ROOM: Room = Room {
    references: &[("kind_id", "/v1/personnel-document-kinds"), ("file_id", "/v1/files")],
    row: |caller, collection| row(caller, collection).boxed_local(),
    // Of one post, so that it refers to it.
    dress: |caller, operation, body| {
        async move {
            match operation.id() {
                "create_required_document" => {
                    body["position_id"] = super::row(caller, "/v1/positions").await.into();
                }
                // So that something of the employee changes.
                "promote_employee" | "transfer_employee" => {
                    body["manager_id"] = super::row(caller, "/v1/employees").await.into();
                }
                // Its days stay: others may follow it.
                "update_assignment" => {
                    for day in ["starts_on", "ends_on"] {
                        body.as_object_mut().unwrap().remove(day);
                    }
                }
                // In one long history, since whoever is new begins one.
                "create_assignment" => {
                    let known = of_old(caller).await;
                    (body["employee_id"], body["starts_on"]) = (known, json!(super::a_day()));
                }
                _ => {}
            }
        }
        .boxed_local()
    },
    ready: |caller, operation| {
        async move {
            if operation.id() != "create_assignment" {
                return None;
            }
            of_old(caller).await;
            Some(operation.path.clone())
        }
        .boxed_local()
    },
    // What happens to somebody from a day on is written where its day is, and shown where it is shown.
    budget: |operation| {
        let two_places = [
            "accept_personal_data_change",
            "promote_employee",
            "rehire_employee",
            "terminate_employee",
            "transfer_employee",
        ];
        two_places.contains(&operation).then_some(7)
    },
    ..Room::NOTHING
};

/// Somebody who has been here for long, so that there are days for new assignments. Whoever is new begins with one.
async fn of_old(caller: &Caller) -> Value {
    let known = caller.get("/v1/employees?q=Methuselah&limit=1").await.is(200)["data"][0]["id"].clone();
    if !known.is_null() {
        return known;
    }
    let number = uuid::Uuid::now_v7().simple().to_string()[14..32].to_owned();
    let hired = json!({"employee_number": number, "given_name": "Methuselah", "family_name": "Old", "hired_on": "1999-01-01"});
    caller.post("/v1/employees", hired).await.is(201)["id"].clone()
}

/// What somebody else said or filed, so that the caller may decide on it.
async fn row(caller: &Caller, collection: &str) -> Option<String> {
    if !["/v1/personal-data-changes", "/v1/personnel-documents"].contains(&collection) {
        return None;
    }
    let write = format!("{}:write", collection.trim_start_matches("/v1/"));
    let read = write.replace(":write", ":read");
    let maker = Organization { id: caller.organization }
        .caller(&[&write, &read, "files:write", "files:read", "personal-data:read"])
        .await;
    let create = operation_at(&Method::POST, collection).unwrap();
    let mut body = body(caller, &create).await;
    if body["file_id"].is_string() {
        body["file_id"] =
            maker.upload("name=card.txt", uuid::Uuid::now_v7().to_string()).await.is(201)["id"].clone();
    }
    Some(maker.post(collection, body).await.is(201)["id"].as_str().unwrap().to_owned())
}
