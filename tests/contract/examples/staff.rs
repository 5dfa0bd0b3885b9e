//! What the contract-wide tests need to know of staff.
use super::{Room, body, operation_at};
use crate::support::{Caller, Organization};
use futures_util::future::FutureExt;
use reqwest::Method;

pub const ROOM: Room = Room {
    references: &[("kind_id", "/v1/personnel-document-kinds"), ("file_id", "/v1/files")],
    row: |caller, collection| row(caller, collection).boxed_local(),
    ..Room::NOTHING
};

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
        body["file_id"] = maker.upload("name=card.txt", uuid::Uuid::now_v7().to_string()).await.is(201)["id"].clone();
    }
    Some(maker.post(collection, body).await.is(201)["id"].as_str().unwrap().to_owned())
}
