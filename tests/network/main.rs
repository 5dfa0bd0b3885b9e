//! Networks, as stories over HTTP: addresses and their trees, cables, lines, designs.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod allocating;
mod cables;
mod designs;
mod import;
mod prefixes;

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

/// Something short that nobody else has.
fn unique() -> String {
    Uuid::now_v7().simple().to_string()[14..32].to_owned()
}

/// Those who run a network: one draws, another one agrees.
struct Net {
    org: Organization,
    it: Caller,
    boss: Caller,
}

impl Net {
    async fn new() -> Self {
        let org = Organization::new().await;
        let (it, boss) = (org.owner().await, org.owner().await);
        Self { org, it, boss }
    }

    async fn add(&self, path: &str, body: Value) -> String {
        id(&self.it.post(path, body).await.is(201))
    }

    async fn domain(&self, overlap: &str) -> String {
        self.add("/v1/routing-domains", json!({"name": unique(), "overlap": overlap})).await
    }

    async fn prefix(&self, domain: &str, prefix: &str) -> String {
        self.add("/v1/prefixes", json!({"routing_domain_id": domain, "prefix": prefix})).await
    }

    async fn address(&self, domain: &str, address: &str) -> Value {
        let new = json!({"routing_domain_id": domain, "address": address});
        self.it.post("/v1/ip-addresses", new).await.is(201)
    }

    async fn site(&self, code: &str) -> String {
        self.add("/v1/sites", json!({"code": code, "name": code})).await
    }

    async fn device(&self, site: &str, role: &str) -> String {
        self.add("/v1/devices", json!({"name": unique(), "role": role, "site_id": site})).await
    }

    async fn interface(&self, device: &str, name: &str, kind: &str) -> String {
        self.add("/v1/interfaces", json!({"device_id": device, "name": name, "kind": kind})).await
    }

    async fn cable(&self, a: &str, z: &str) -> String {
        self.add("/v1/cables", json!({"a_interface_id": a, "z_interface_id": z})).await
    }

    /// The prefixes of a domain in the order of their tree, each behind the one that holds it.
    async fn tree(&self, domain: &str) -> Vec<(String, Option<String>)> {
        let page = self.it.get(&format!("/v1/prefixes?routing_domain_id={domain}&limit=200")).await.is(200);
        let rows = page["data"].as_array().unwrap();
        let named = |id: &Value| {
            rows.iter().find(|row| row["id"] == *id).map(|row| row["prefix"].as_str().unwrap().to_owned())
        };
        rows.iter()
            .map(|row| (row["prefix"].as_str().unwrap().to_owned(), named(&row["parent_id"])))
            .collect()
    }

    /// The addresses that lie in a prefix and in none within it.
    async fn addresses(&self, prefix: &str) -> Vec<String> {
        let page = self.it.get(&format!("/v1/ip-addresses?prefix_id={prefix}&limit=200")).await.is(200);
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["address"].as_str().unwrap().to_owned())
            .collect()
    }

    async fn next_ip(&self, prefix: &str) -> support::Answer {
        self.it.post(&format!("/v1/prefixes/{prefix}/next-ip"), json!({})).await
    }

    async fn next_prefix(&self, prefix: &str, length: u8) -> support::Answer {
        self.it.post(&format!("/v1/prefixes/{prefix}/next-prefix"), json!({"length": length})).await
    }
}
