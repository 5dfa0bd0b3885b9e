//! What other programs are told of: the feed that they follow, and the webhooks that come to them.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod deliveries;
mod described;
mod feed;
mod permissions;
mod receivers;
mod several;
mod signatures;
mod streams;

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::{Caller, Receiver};

/// An endpoint and its secret.
struct Endpoint {
    id: String,
    path: String,
    secret: String,
}

/// Has the receiver told of these.
async fn endpoint(caller: &Caller, receiver: &Receiver, event_types: &[&str]) -> Endpoint {
    let body = json!({"url": receiver.url(), "event_types": event_types});
    let made = caller.post("/v1/webhook-endpoints", body).await.is(201);
    let id = made["webhook_endpoint_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/webhook-endpoints/{id}");
    Endpoint { id, path, secret: made["secret"].as_str().unwrap().to_owned() }
}

/// The deliveries to the endpoint, oldest first.
async fn deliveries(caller: &Caller, endpoint: &Endpoint) -> Vec<Value> {
    let path =
        format!("/v1/webhook-deliveries?webhook_endpoint_id={}&sort=created_at&limit=200", endpoint.id);
    caller.get(&path).await.is(200)["data"].as_array().unwrap().clone()
}

/// Looks again and again until it is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let patience = Instant::now() + Duration::from_mins(1);
    while !is_so().await {
        assert!(Instant::now() < patience, "it did not come to be that {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until all deliveries to the endpoint are so.
async fn until_all(caller: &Caller, endpoint: &Endpoint, count: usize, status: &str) {
    until(&format!("{count} deliveries are {status}"), async || {
        let all = deliveries(caller, endpoint).await;
        all.len() == count && all.iter().all(|each| each["status"] == status)
    })
    .await;
}
