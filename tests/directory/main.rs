//! A company's directory: what SCIM promises its clients, and what it must never do.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod filters;
mod groups;
mod issuers;
mod separation;
mod tokens;
mod users;

use reqwest::Method;
use serde_json::{Value, json};
use support::{Answer, Caller, Organization};

/// A program that keeps users current, and may do nothing else.
async fn directory(organization: &Organization) -> Caller {
    organization.caller(&["directory:read", "directory:write"]).await
}

/// A new user's id.
async fn user(caller: &Caller, name: &str) -> String {
    let made = caller.post("/scim/v2/Users", json!({"userName": name})).await.is(201);
    made["id"].as_str().unwrap().to_owned()
}

async fn patch(caller: &Caller, path: &str, operations: Value) -> Answer {
    let message =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    caller.request(Method::PATCH, path).body("application/scim+json", message.to_string()).send().await
}

async fn put(caller: &Caller, path: &str, body: Value) -> Answer {
    caller.request(Method::PUT, path).body("application/scim+json", body.to_string()).send().await
}

/// The names of what a list shows, in its order.
fn names(list: &Value) -> Vec<&str> {
    let all = list["Resources"].as_array().unwrap().iter();
    all.map(|each| each["userName"].as_str().or(each["displayName"].as_str()).unwrap()).collect()
}

/// A query of a list, its filter escaped.
async fn found(caller: &Caller, kind: &str, filter: &str) -> Answer {
    let query = url_encoded(filter);
    caller.get(&format!("/scim/v2/{kind}?filter={query}")).await
}

fn url_encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}
