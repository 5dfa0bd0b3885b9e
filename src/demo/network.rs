//! The demo company's network: three sites, their prefixes, VLANs, devices and cables, the lines between them, and a design that waits.
use super::clerk::{Clerk, text};
use crate::Done;
use serde_json::{Value, json};

const SITES: &[(&str, &str, &str)] = &[
    ("AMS", "Amsterdam, head office", "Herengracht 1, Amsterdam"),
    ("RTM", "Rotterdam, production", "Waalhaven 20, Rotterdam"),
    ("EIN", "Eindhoven, engineering", "High Tech Campus 5, Eindhoven"),
];

/// What each site has a VLAN and a block of 256 addresses for.
const USES: &[(i32, &str)] = &[
    (10, "Management"),
    (20, "Servers"),
    (30, "Office"),
    (40, "Voice"),
    (50, "Wireless"),
    (60, "Guests"),
    (70, "Printers"),
    (80, "Cameras"),
    (90, "Production"),
];

/// Addresses that are taken at each site, by use.
const HOSTS: &[(&str, usize)] = &[("Servers", 12), ("Office", 30), ("Voice", 10), ("Printers", 4)];

/// A site as it was made.
struct Site {
    id: Value,
    code: String,
    /// The port to the next site, and the one that a line of a provider goes into.
    ports: Vec<Value>,
}

/// What the company's network is, for those whose place is filled.
pub async fn keep(base: &str, domain: &str, password: &str) -> Done {
    let manager = Clerk::sign_in(base, &format!("it-manager@{domain}"), password).await?;
    let corporate = json!({"name": "Corporate", "route_distinguisher": "64512:1", "overlap": "refused"});
    let corporate = manager.post("corporate", "/v1/routing-domains", &corporate).await?;
    let space = |prefix: &str, status: &str| json!({"routing_domain_id": corporate["id"], "prefix": prefix, "status": status});
    for prefix in ["10.10.0.0/16", "10.10.255.0/24", "2001:db8:10::/44"] {
        manager.post(&format!("prefix {prefix}"), "/v1/prefixes", &space(prefix, "container")).await?;
    }
    let mut public = space("203.0.113.0/28", "active");
    public["role"] = json!("internet");
    manager.post("prefix public", "/v1/prefixes", &public).await?;
    let mut sites = Vec::new();
    for (number, (code, name, address)) in SITES.iter().enumerate() {
        let site = json!({"code": code, "name": name, "address": address, "country": "NL"});
        let site = manager.post(&format!("site {code}"), "/v1/sites", &site).await?;
        addresses(&manager, &corporate, &site, number).await?;
        sites.push(devices(&manager, &site).await?);
    }
    lines(&manager, &sites).await?;
    design(&manager, &sites).await
}

/// The blocks of a site, each on its VLAN, and hosts in some of them.
async fn addresses(manager: &Clerk, corporate: &Value, site: &Value, number: usize) -> Done {
    let code = text(&site["code"]);
    let block = |prefix: String, status: &str, role: Option<&str>, vlan: Option<&Value>| {
        json!({"routing_domain_id": corporate["id"], "prefix": prefix, "status": status, "role": role,
            "site_id": site["id"], "vlan_id": vlan.map(|vlan| &vlan["id"])})
    };
    let first = number * 16;
    let whole =
        [(format!("10.10.{first}.0/20"), "container"), (format!("2001:db8:1{number}::/48"), "active")];
    for (prefix, status) in whole {
        manager
            .post(&format!("prefix {prefix}"), "/v1/prefixes", &block(prefix.clone(), status, None, None))
            .await?;
    }
    let group = json!({"name": code, "site_id": site["id"]});
    let group = manager.post(&format!("vlan group {code}"), "/v1/vlan-groups", &group).await?;
    for (at, (vid, name)) in USES.iter().enumerate() {
        let vlan = json!({"group_id": group["id"], "vid": vid, "name": name});
        let vlan = manager.post(&format!("vlan {code} {vid}"), "/v1/vlans", &vlan).await?;
        let prefix = format!("10.10.{}.0/24", first + at);
        let prefix = block(prefix, "active", Some(&name.to_lowercase()), Some(&vlan));
        let prefix = manager.post(&format!("prefix {code} {name}"), "/v1/prefixes", &prefix).await?;
        let hosts = HOSTS.iter().find(|(of, _)| of == name).map_or(1, |(_, hosts)| *hosts);
        for host in 1..=hosts {
            let name = format!("{}-{host:02}.{}.demo.example", name.to_lowercase(), code.to_lowercase());
            let path = format!("/v1/prefixes/{}/next-ip", text(&prefix["id"]));
            manager.post(&format!("address {name}"), &path, &json!({"dns_name": name})).await?;
        }
    }
    Ok(())
}

/// A router, two switches, a patch panel and a server, cabled.
async fn devices(manager: &Clerk, site: &Value) -> Done<Site> {
    let code = text(&site["code"]);
    let lower = code.to_lowercase();
    let mut ports: Vec<Vec<Value>> = Vec::new();
    for (name, role, model, kinds) in [
        ("rt-01", "router", "MX204", &["fibre", "fibre", "copper"][..]),
        ("sw-01", "switch", "Catalyst 9300-48P", &["copper", "fibre", "copper"][..]),
        ("sw-02", "switch", "Catalyst 9200-24P", &["fibre", "copper"][..]),
        ("pp-01", "patch_panel", "24 ports", &["rear_port"][..]),
        ("sv-01", "server", "PowerEdge R760", &["copper"][..]),
    ] {
        let device = json!({"name": format!("{lower}-{name}"), "role": role, "model": model, "site_id": site["id"], "place": "Rack 1"});
        let device = manager.post(&format!("device {lower} {name}"), "/v1/devices", &device).await?;
        let mut own = Vec::new();
        for (port, kind) in kinds.iter().enumerate() {
            let interface = json!({"device_id": device["id"], "name": format!("{}", port + 1), "kind": kind});
            own.push(manager.post(&format!("port {lower} {name} {port}"), "/v1/interfaces", &interface).await?["id"].clone());
        }
        if role == "patch_panel" {
            let front = json!({"device_id": device["id"], "name": "F1", "kind": "front_port", "rear_port_id": own[0]});
            own.push(manager.post(&format!("front {lower}"), "/v1/interfaces", &front).await?["id"].clone());
        }
        ports.push(own);
    }
    let [router, spine, access, panel, server] = &ports[..] else { return Err("five devices".into()) };
    let joined =
        [(&router[2], &spine[0]), (&spine[1], &access[0]), (&spine[2], &panel[1]), (&panel[0], &server[0])];
    for (number, (a, z)) in joined.into_iter().enumerate() {
        let label = format!("{code}-{:04}", number + 1);
        let cable = json!({"a_interface_id": a, "z_interface_id": z, "label": label});
        manager.post(&format!("cable {label}"), "/v1/cables", &cable).await?;
    }
    Ok(Site { id: site["id"].clone(), code, ports: router[..2].to_vec() })
}

/// Lines from each site to the next one, each with its pair of addresses.
async fn lines(manager: &Clerk, sites: &[Site]) -> Done {
    let [provider, ..] = &manager.all("/v1/parties?is_supplier=true").await?[..] else { return Ok(()) };
    let links = &manager.all("/v1/prefixes?prefix=10.10.255.0/24").await?;
    for (number, site) in sites.iter().enumerate() {
        let next = &sites[(number + 1) % sites.len()];
        let between = format!("{}-{}", site.code, next.code);
        let line = json!({"provider_id": provider["id"], "circuit_number": format!("KPN-{between}"), "contract_number": "2024-1177", "kind": "leased_line",
            "bandwidth_kbps": 1_000_000, "installed_on": "2024-01-15", "contract_ends_on": "2027-01-14", "notice_days": 90,
            "a_site_id": site.id, "z_site_id": next.id, "a_interface_id": site.ports[0], "z_interface_id": next.ports[1]});
        manager.post(&format!("line {between}"), "/v1/circuits", &line).await?;
        if let [space, ..] = &links[..] {
            let path = format!("/v1/prefixes/{}/next-prefix", text(&space["id"]));
            let pair = json!({"length": 31, "role": "links", "description": between});
            let pair = manager.post(&format!("pair {between}"), &path, &pair).await?;
            for (end, port) in [("a", &site.ports[0]), ("z", &next.ports[1])] {
                let path = format!("/v1/prefixes/{}/next-ip", text(&pair["id"]));
                let end_of = json!({"interface_id": port});
                manager.post(&format!("pair {between} {end}"), &path, &end_of).await?;
            }
        }
    }
    Ok(())
}

/// Another switch, planned.
async fn design(manager: &Clerk, sites: &[Site]) -> Done {
    let [_, site, ..] = sites else { return Ok(()) };
    let design = json!({"name": "Second hall in Rotterdam", "site_id": site.id, "description": "A switch for the second hall."});
    let design = manager.post("design", "/v1/network-designs", &design).await?;
    let switch = json!({"name": "rtm-sw-03", "role": "switch", "model": "Catalyst 9200-24P", "site_id": site.id, "status": "planned", "design_id": design["id"]});
    let switch = manager.post("planned switch", "/v1/devices", &switch).await?;
    let port = json!({"device_id": switch["id"], "name": "1", "kind": "fibre"});
    manager.post("planned port", "/v1/interfaces", &port).await?;
    manager.act("design", "network-designs", &design, "submit").await?;
    Ok(())
}
