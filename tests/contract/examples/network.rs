//! What the contract-wide tests need to know of networks.
use super::{Room, body, fill, operation, row};
use crate::support::{Caller, Operation, Organization};
use futures_util::future::FutureExt;
use serde_json::{Value, json};
use uuid::Uuid;

pub const ROOM: Room = Room {
    references: &[
        ("a_interface_id", "/v1/interfaces"),
        ("a_site_id", "/v1/sites"),
        ("design_id", "/v1/network-designs"),
        ("device_id", "/v1/devices"),
        ("group_id", "/v1/vlan-groups"),
        ("interface_id", "/v1/interfaces"),
        ("prefix_id", "/v1/prefixes"),
        ("provider_id", "/v1/parties"),
        ("rear_port_id", "/v1/interfaces"),
        ("routing_domain_id", "/v1/routing-domains"),
        ("site_id", "/v1/sites"),
        ("vlan_id", "/v1/vlans"),
        ("z_interface_id", "/v1/interfaces"),
        ("z_site_id", "/v1/sites"),
    ],
    dress: |caller, operation, body| {
        async move {
            match operation.id() {
                // In a prefix, and of its domain.
                "create_ip_address" => {
                    let prefix = row(caller, "/v1/prefixes").await;
                    let prefix = caller.get(&format!("/v1/prefixes/{prefix}")).await.is(200);
                    (body["routing_domain_id"], body["prefix_id"]) =
                        (prefix["routing_domain_id"].clone(), prefix["id"].clone());
                }
                "create_device" | "update_device" => {
                    let thing = row(caller, "/v1/positions").await;
                    (body["resource"], body["resource_id"]) = (json!("positions"), json!(thing));
                }
                _ => {}
            }
        }
        .boxed_local()
    },
    row: |caller, collection| {
        async move {
            match collection {
                // Drawn by somebody else, so that the caller may agree to it; it plans nothing yet, and can go.
                "/v1/network-designs" => {
                    let drawn = json!({"name": Uuid::now_v7()});
                    Some(id(&maker(caller).await.post(collection, drawn).await.is(201)))
                }
                _ => None,
            }
        }
        .boxed_local()
    },
    ready: |caller, operation| own_ready(caller, operation).boxed_local(),
    // What is applied or discarded is locked and read again; a block is looked at before one is taken of it; approving may ask for an approval.
    budget: |operation| {
        let seven =
            ["apply_network_design", "approve_network_design", "discard_network_design", "take_next_prefix"];
        seven.contains(&operation).then_some(7)
    },
    furnish: |caller| furnish(caller).boxed_local(),
    ..Room::NOTHING
};

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// A draft of somebody else's that plans a device.
async fn design(caller: &Caller) -> String {
    let site = row(caller, "/v1/sites").await;
    let maker = maker(caller).await;
    let drawn = json!({"name": Uuid::now_v7(), "site_id": site});
    let design = id(&maker.post("/v1/network-designs", drawn).await.is(201));
    let planned = json!({"name": Uuid::now_v7(), "role": "switch", "site_id": site, "status": "planned", "design_id": design});
    maker.post("/v1/devices", planned).await.is(201);
    design
}

async fn maker(caller: &Caller) -> Caller {
    let organization = Organization { id: caller.organization };
    organization.caller(&["network-designs:read", "network-designs:write", "devices:write"]).await
}

async fn own_ready(caller: &Caller, operation: &Operation) -> Option<String> {
    let steps: &[&str] = match operation.id() {
        "discard_network_design" | "list_network_design_items" | "submit_network_design" => &[],
        "approve_network_design" | "return_network_design" | "revise_network_design" => &["submit"],
        "apply_network_design" => &["submit", "approve"],
        _ => return None,
    };
    let design = design(caller).await;
    let organization = Organization { id: caller.organization };
    for step in steps {
        let who = match *step {
            "submit" => maker(caller).await,
            _ => organization.caller(&["network-designs:approve"]).await,
        };
        who.act(&format!("/v1/network-designs/{design}/{step}")).await.is(200);
    }
    Some(fill(&operation.path, &design))
}

/// A network to the last column: a prefix in a prefix, a line, a pair of ports, and all of it planned by a design.
async fn furnish(caller: &Caller) {
    let make = async |collection: &str, body: Value| id(&caller.post(collection, body).await.is(201));
    let of = async |collection: &str| row(caller, collection).await;
    let (design, site, far) = (design(caller).await, of("/v1/sites").await, of("/v1/sites").await);
    let group = make("/v1/vlan-groups", json!({"name": Uuid::now_v7(), "site_id": site})).await;
    let planned = |mut body: Value| {
        (body["design_id"], body["status"]) = (json!(design), json!("planned"));
        body
    };
    let vlan = make("/v1/vlans", planned(json!({"group_id": group, "vid": 7, "name": "Walled"}))).await;
    let domain = of("/v1/routing-domains").await;
    let prefix = |prefix: &str| {
        planned(json!({"routing_domain_id": domain, "prefix": prefix, "site_id": site, "vlan_id": vlan}))
    };
    caller.post("/v1/prefixes", prefix("10.0.0.0/8")).await.is(201);
    caller.post("/v1/prefixes", prefix("10.1.0.0/16")).await.is(201);
    let thing = of("/v1/positions").await;
    let device = |site: &str| {
        planned(
            json!({"name": Uuid::now_v7(), "role": "patch_panel", "site_id": site, "resource": "positions", "resource_id": thing}),
        )
    };
    let (device, far_device) =
        (make("/v1/devices", device(&site)).await, make("/v1/devices", device(&far)).await);
    let mut ports = Vec::new();
    for (on, name) in [(&device, "R1"), (&device, "R2"), (&far_device, "R1"), (&far_device, "R2")] {
        ports.push(make("/v1/interfaces", json!({"device_id": on, "name": name, "kind": "rear_port"})).await);
    }
    let front = json!({"device_id": device, "name": "F1", "kind": "front_port", "rear_port_id": ports[0], "vlan_id": vlan});
    let front = make("/v1/interfaces", front).await;
    let address = json!({"routing_domain_id": domain, "address": "10.1.0.1", "interface_id": front});
    caller.post("/v1/ip-addresses", planned(address)).await.is(201);
    let cable = json!({"a_interface_id": ports[0], "z_interface_id": ports[2]});
    caller.post("/v1/cables", planned(cable.clone())).await.is(201);
    caller.post("/v1/cables", cable).await.is(201);
    let mut line = body(caller, &operation("create_circuit")).await;
    for (field, value) in [
        ("a_site_id", &site),
        ("z_site_id", &far),
        ("a_interface_id", &ports[1]),
        ("z_interface_id", &ports[3]),
    ] {
        line[field] = json!(value);
    }
    caller.post("/v1/circuits", line.clone()).await.is(201);
    line["circuit_number"] = json!(Uuid::now_v7());
    caller.post("/v1/circuits", planned(line)).await.is(201);
}
