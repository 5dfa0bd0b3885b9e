//! Designs: drawn, reviewed, applied once and whole.
use crate::support::{Answer, run};
use crate::{Net, faults, id, unique};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// A design of an office: a VLAN, a prefix with another one in it, an address, a switch, and a cable to what is there.
struct Office {
    design: String,
    prefix: String,
    cable: String,
    /// What is there already, at the far end of the cable.
    router_port: String,
    domain: String,
}

impl Net {
    async fn step(&self, who: &crate::Caller, design: &str, action: &str) -> Answer {
        who.act(&format!("/v1/network-designs/{design}/{action}")).await
    }

    async fn office(&self) -> Office {
        let site = self.site("CLJ1").await;
        let router = self.device(&site, "router").await;
        let router_port = self.interface(&router, "lan0", "copper").await;
        let domain = self.domain("refused").await;
        let space = json!({"routing_domain_id": domain, "prefix": "10.0.0.0/8", "status": "container"});
        self.add("/v1/prefixes", space).await;
        let group = self.add("/v1/vlan-groups", json!({"name": unique(), "site_id": site})).await;
        let design = self.add("/v1/network-designs", json!({"name": unique(), "site_id": site})).await;
        let planned = |mut of: Value| {
            of["design_id"] = json!(design);
            of["status"] = json!("planned");
            of
        };
        let vlan =
            self.add("/v1/vlans", planned(json!({"group_id": group, "vid": 20, "name": "Office"}))).await;
        self.add("/v1/prefixes", planned(json!({"routing_domain_id": domain, "prefix": "10.7.0.0/16"})))
            .await;
        let prefix = planned(json!({"routing_domain_id": domain, "prefix": "10.7.1.0/24", "vlan_id": vlan}));
        let prefix = self.add("/v1/prefixes", prefix).await;
        let switch = planned(json!({"name": unique(), "role": "switch", "site_id": site}));
        let switch = self.add("/v1/devices", switch).await;
        let port = self.interface(&switch, "Gi1", "copper").await;
        let next = json!({"design_id": design, "interface_id": port});
        self.it.post(&format!("/v1/prefixes/{prefix}/next-ip"), next).await.is(201);
        let cable = planned(json!({"a_interface_id": port, "z_interface_id": router_port}));
        let cable = self.add("/v1/cables", cable).await;
        Office { design, prefix, cable, router_port, domain }
    }

    async fn items(&self, design: &str) -> Vec<Value> {
        let items = self.it.get(&format!("/v1/network-designs/{design}/items")).await.is(200);
        items["data"].as_array().unwrap().clone()
    }
}

#[test]
fn a_design_is_drawn_reviewed_and_applied_once() {
    run(async {
        let net = Net::new().await;
        let office = net.office().await;
        let design = &office.design;
        let items = net.items(design).await;
        let kinds: Vec<_> = items.iter().map(|item| item["resource"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["vlans", "prefixes", "prefixes", "devices", "ip-addresses", "cables"]);
        assert!(items.iter().all(|item| item["status"] == "planned" && item["code"].is_null()), "{items:?}");
        // What is planned takes no end yet.
        let trace = net.it.get(&format!("/v1/interfaces/{}/trace", office.router_port)).await.is(200);
        assert_eq!(trace["steps"], json!([]));

        net.step(&net.boss, design, "approve").await.is_problem(409, "invalid-state");
        net.step(&net.it, design, "submit").await.is(200);
        // What was handed in stays as it was read.
        let path = format!("/v1/prefixes/{}", office.prefix);
        net.it.patch(&path, json!({"role": "desks"})).await.is_problem(409, "conflict");
        net.it.delete(&path).await.is_problem(409, "conflict");
        let late = json!({"routing_domain_id": office.domain, "prefix": "10.8.0.0/16", "status": "planned", "design_id": design});
        let problem = net.it.post("/v1/prefixes", late).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/design_id", "not-a-draft")]);
        // The maker is not the checker; who drew a part of it is a maker.
        net.step(&net.it, design, "approve").await.is_problem(403, "forbidden");
        let why = json!({"note": "The role is missing."});
        let returned = net.boss.post(&format!("/v1/network-designs/{design}/return"), why).await.is(200);
        assert_eq!(
            (&returned["status"], &returned["review_note"]),
            (&json!("draft"), &json!("The role is missing."))
        );
        net.it.patch(&path, json!({"role": "desks"})).await.is(200);
        net.it.patch(&path, json!({"status": "active"})).await.is_problem(409, "conflict");
        net.step(&net.it, design, "submit").await.is(200);
        let approved = net.step(&net.boss, design, "approve").await.is(200);
        assert_eq!(approved["reviewed_by"], json!(net.boss.user));

        // Eight apply it at once: it is applied once.
        let answers = join_all((0..8).map(|_| net.step(&net.it, design, "apply"))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 7);
        let after: Vec<_> = net
            .items(design)
            .await
            .into_iter()
            .map(|item| item["status"].as_str().unwrap().to_owned())
            .collect();
        // What holds another one is there to be divided.
        assert_eq!(after, ["active", "container", "active", "active", "active", "connected"]);
        let trace = net.it.get(&format!("/v1/interfaces/{}/trace", office.router_port)).await.is(200);
        assert_eq!(trace["steps"][0]["via_id"], office.cable);
        // From now on they are as any other; the design stays as it is.
        net.it.patch(&path, json!({"role": "people"})).await.is(200);
        let path = format!("/v1/network-designs/{design}");
        net.it.patch(&path, json!({"name": "Other"})).await.is_problem(409, "conflict");
        net.it.delete(&path).await.is_problem(409, "conflict");
    });
}

#[test]
fn what_no_longer_fits_is_told_item_by_item_and_nothing_is_applied() {
    run(async {
        let net = Net::new().await;
        let office = net.office().await;
        let design = &office.design;
        net.step(&net.it, design, "submit").await.is(200);
        net.step(&net.boss, design, "approve").await.is(200);
        // Meanwhile somebody plugs a cable in, and uses the block around the planned ones.
        let site = net.site("TMP1").await;
        let device = net.device(&site, "server").await;
        let other_end = net.interface(&device, "eth0", "copper").await;
        let cable = net.cable(&office.router_port, &other_end).await;
        let taken = net.prefix(&office.domain, "10.4.0.0/14").await;
        let faulty: Vec<_> = net
            .items(design)
            .await
            .into_iter()
            .filter(|item| !item["code"].is_null())
            .map(|item| (item["place"].as_i64().unwrap(), item["code"].as_str().unwrap().to_owned()))
            .collect();
        assert_eq!(faulty, [(1, "overlaps".into()), (2, "overlaps".into()), (5, "end-taken".into())]);
        let problem = net.step(&net.it, design, "apply").await.is_problem(409, "conflict");
        assert_eq!(
            faults(&problem),
            [("/items/1", "overlaps"), ("/items/2", "overlaps"), ("/items/5", "end-taken")]
        );
        assert!(net.items(design).await.iter().all(|item| item["status"] == "planned"));
        let now = net.it.get(&format!("/v1/network-designs/{design}")).await.is(200);
        assert_eq!(now["status"], "approved");
        // It fits again: applied as it is.
        net.it.delete(&format!("/v1/cables/{cable}")).await.is(204);
        net.it.delete(&format!("/v1/prefixes/{taken}")).await.is(204);
        net.step(&net.it, design, "apply").await.is(200);
        assert!(net.items(design).await.iter().all(|item| item["status"] != "planned"));
    });
}

#[test]
fn a_design_that_is_discarded_leaves_nothing_planned() {
    run(async {
        let net = Net::new().await;
        let office = net.office().await;
        net.step(&net.it, &office.design, "submit").await.is(200);
        let gone = net.step(&net.it, &office.design, "discard").await.is(200);
        assert_eq!((&gone["status"], &gone["available_actions"]), (&json!("discarded"), &json!([])));
        assert_eq!(net.items(&office.design).await, Vec::<Value>::new());
        net.it.get(&format!("/v1/prefixes/{}", office.prefix)).await.is_problem(404, "not-found");
        // The space is free again.
        let again = net.prefix(&office.domain, "10.7.1.0/24").await;
        assert_eq!(net.next_ip(&again).await.is(201)["address"], "10.7.1.1");
        // Nothing is handed in that plans nothing.
        let empty = net.it.post("/v1/network-designs", json!({"name": unique()})).await.is(201);
        let problem = net.step(&net.it, &id(&empty), "submit").await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("", "empty")]);
        net.it.delete(&format!("/v1/network-designs/{}", id(&empty))).await.is(204);
    });
}
