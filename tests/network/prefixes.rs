//! The tree of a routing domain: what lies in what, and how it moves.
use crate::support::run;
use crate::{Net, faults, id};
use serde_json::{Value, json};

fn said(tree: &[(String, Option<String>)]) -> Vec<(&str, Option<&str>)> {
    tree.iter().map(|(prefix, parent)| (prefix.as_str(), parent.as_deref())).collect()
}

#[test]
fn a_tree_follows_what_lies_in_what() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("allowed").await;
        for prefix in ["10.1.2.0/24", "10.0.0.0/8", "2001:db8:1::/48", "2001:db8::/32", "192.0.2.0/24"] {
            net.prefix(&domain, prefix).await;
        }
        net.address(&domain, "10.1.2.7").await;
        let wide = net.address(&domain, "10.1.3.9").await;
        let before = [
            ("10.0.0.0/8", None),
            ("10.1.2.0/24", Some("10.0.0.0/8")),
            ("192.0.2.0/24", None),
            ("2001:db8::/32", None),
            ("2001:db8:1::/48", Some("2001:db8::/32")),
        ];
        assert_eq!(said(&net.tree(&domain).await), before);

        // One between them takes in what lies in it, addresses too.
        let middle = net.prefix(&domain, "10.1.0.0/16").await;
        let tree = net.tree(&domain).await;
        assert_eq!(
            said(&tree)[1..3],
            [("10.1.0.0/16", Some("10.0.0.0/8")), ("10.1.2.0/24", Some("10.1.0.0/16"))]
        );
        assert_eq!(net.addresses(&middle).await, ["10.1.3.9"]);

        // Moved, it leaves them to what held it and takes in others.
        net.prefix(&domain, "10.2.2.0/24").await;
        net.it.patch(&format!("/v1/prefixes/{middle}"), json!({"prefix": "10.2.0.0/16"})).await.is(200);
        let tree = net.tree(&domain).await;
        let moved = [
            ("10.0.0.0/8", None),
            ("10.1.2.0/24", Some("10.0.0.0/8")),
            ("10.2.0.0/16", Some("10.0.0.0/8")),
            ("10.2.2.0/24", Some("10.2.0.0/16")),
        ];
        assert_eq!(said(&tree)[..4], moved);
        let address = net.it.get(&format!("/v1/ip-addresses/{}", id(&wide))).await.is(200);
        assert_eq!(address["prefix_id"], wide["prefix_id"]);

        // Gone, its children are of what held it.
        net.it.delete(&format!("/v1/prefixes/{middle}")).await.is(204);
        assert_eq!(said(&net.tree(&domain).await)[2], ("10.2.2.0/24", Some("10.0.0.0/8")));
    });
}

#[test]
fn no_address_is_left_in_no_prefix() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("allowed").await;
        let prefix = net.prefix(&domain, "192.0.2.0/24").await;
        net.address(&domain, "192.0.2.200").await;
        let path = format!("/v1/prefixes/{prefix}");
        let problem =
            net.it.patch(&path, json!({"prefix": "192.0.2.0/25"})).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/prefix", "addresses-outside")]);
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("192.0.2.200"));
        net.it.delete(&path).await.is_problem(409, "in-use");
        // One that holds it may come.
        net.it.patch(&path, json!({"prefix": "192.0.2.128/25"})).await.is(200);
        assert_eq!(net.addresses(&prefix).await, ["192.0.2.200"]);
        net.it.patch(&path, json!({"prefix": "192.0.0.0/16"})).await.is(200);
        assert_eq!(net.addresses(&prefix).await, ["192.0.2.200"]);
    });
}

#[test]
fn what_is_no_prefix_and_what_is_there_already_is_told() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("allowed").await;
        net.prefix(&domain, "10.0.0.0/8").await;
        for bad in ["10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "2001:db8::1/32", "10.0.0/8", "::/129", "text"] {
            let new = json!({"routing_domain_id": domain, "prefix": bad});
            let problem = net.it.post("/v1/prefixes", new).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&problem), [("/prefix", "wrong-format")], "{bad}");
        }
        let again = json!({"routing_domain_id": domain, "prefix": "10.0.0.0/8"});
        let problem = net.it.post("/v1/prefixes", again).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/prefix", "already-taken")]);
        // In another domain it is another one.
        let other = net.domain("allowed").await;
        net.prefix(&other, "10.0.0.0/8").await;
        assert_eq!(net.tree(&domain).await.len(), 1);
    });
}

#[test]
fn overlap_is_refused_where_the_domain_says_so() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("refused").await;
        let space = json!({"routing_domain_id": domain, "prefix": "10.0.0.0/8", "status": "container"});
        net.add("/v1/prefixes", space).await;
        let office = net.prefix(&domain, "10.1.0.0/16").await;
        let overlaps = async |prefix: &str, status: &str| {
            let new = json!({"routing_domain_id": domain, "prefix": prefix, "status": status});
            let problem = net.it.post("/v1/prefixes", new).await.is_problem(409, "conflict");
            assert_eq!(faults(&problem), [("/prefix", "overlaps")], "{prefix}");
            assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("10.1.0.0/16"), "{problem}");
        };
        overlaps("10.1.2.0/24", "active").await; // in one that is in use
        overlaps("10.0.0.0/12", "active").await; // around one that is
        let container = json!({"routing_domain_id": domain, "prefix": "10.0.0.0/12", "status": "container"});
        let container = net.add("/v1/prefixes", container).await;
        let path = format!("/v1/prefixes/{container}");
        net.it.patch(&path, json!({"status": "active"})).await.is_problem(409, "conflict");
        // What is planned is not there yet; it overlaps when it is to be.
        let planned = json!({"routing_domain_id": domain, "prefix": "10.1.2.0/24", "status": "planned"});
        let planned = net.add("/v1/prefixes", planned).await;
        net.it
            .patch(&format!("/v1/prefixes/{planned}"), json!({"status": "active"}))
            .await
            .is_problem(409, "conflict");
        net.it.patch(&format!("/v1/prefixes/{office}"), json!({"status": "container"})).await.is(200);
        net.it.patch(&format!("/v1/prefixes/{planned}"), json!({"status": "active"})).await.is(200);

        // A domain refuses from when nothing overlaps.
        let loose = net.domain("allowed").await;
        net.prefix(&loose, "10.0.0.0/8").await;
        let inner = net.prefix(&loose, "10.1.0.0/16").await;
        let path = format!("/v1/routing-domains/{loose}");
        let problem = net.it.patch(&path, json!({"overlap": "refused"})).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/overlap", "overlaps")]);
        net.it.delete(&format!("/v1/prefixes/{inner}")).await.is(204);
        net.it.patch(&path, json!({"overlap": "refused"})).await.is(200);
    });
}

#[test]
fn an_address_lies_in_the_smallest_prefix_and_is_there_once() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("allowed").await;
        let (wide, narrow) =
            (net.prefix(&domain, "10.0.0.0/8").await, net.prefix(&domain, "10.1.2.0/24").await);
        let refused = async |new: Value, status: u16, code: &str, fault: (&str, &str)| {
            let problem = net.it.post("/v1/ip-addresses", new).await.is_problem(status, code);
            assert_eq!(faults(&problem), [fault]);
        };
        let made = net.address(&domain, "10.1.2.7").await;
        assert_eq!(made["prefix_id"], narrow);
        // The prefix that is named says the domain, and need not be the smallest.
        let new = json!({"prefix_id": wide, "address": "10.1.2.8"});
        let made = net.it.post("/v1/ip-addresses", new).await.is(201);
        assert_eq!((&made["prefix_id"], &made["routing_domain_id"]), (&json!(narrow), &json!(domain)));
        let outside = json!({"prefix_id": narrow, "address": "10.1.3.1"});
        refused(outside, 422, "invalid-input", ("/address", "outside-its-prefix")).await;
        let outside = json!({"routing_domain_id": domain, "address": "192.0.2.1"});
        refused(outside, 422, "invalid-input", ("/address", "outside-every-prefix")).await;
        let nowhere = json!({"address": "192.0.2.1"});
        refused(nowhere, 422, "invalid-input", ("/routing_domain_id", "required")).await;
        for edge in ["10.1.2.0", "10.1.2.255"] {
            let edge = json!({"routing_domain_id": domain, "address": edge});
            refused(edge, 422, "invalid-input", ("/address", "not-for-hosts")).await;
        }
        for bad in ["10.1.2.7/32", "10.1.2", "10.1.2.256", "::g"] {
            let bad = json!({"routing_domain_id": domain, "address": bad});
            refused(bad, 422, "invalid-input", ("/address", "wrong-format")).await;
        }
        let again = json!({"routing_domain_id": domain, "address": "10.1.2.7"});
        refused(again, 409, "conflict", ("/address", "already-taken")).await;
        // What is shared is there as often as it is shared.
        for _ in 0..2 {
            let shared = json!({"routing_domain_id": domain, "address": "10.1.2.50", "role": "vip"});
            net.it.post("/v1/ip-addresses", shared).await.is(201);
        }
        // Another way to write an address is the same address.
        net.prefix(&domain, "2001:db8::/64").await;
        assert_eq!(net.address(&domain, "2001:0DB8:0::0:1").await["address"], "2001:db8::1");
        let found = net.it.get("/v1/ip-addresses?within=10.1.2.0/24&count=true").await.is(200);
        assert_eq!(found["total"], 4);
        let around = net.it.get("/v1/prefixes?contains=10.1.2.7").await.is(200);
        assert_eq!(around["data"].as_array().unwrap().len(), 2);
        let inner = net.it.get("/v1/prefixes?within=10.0.0.0/8").await.is(200);
        assert_eq!(inner["data"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_prefix_tells_how_full_it_is() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("allowed").await;
        let (wide, narrow) =
            (net.prefix(&domain, "10.0.0.0/16").await, net.prefix(&domain, "10.0.1.0/24").await);
        for last in 1..=127 {
            net.address(&domain, &format!("10.0.1.{last}")).await;
        }
        net.address(&domain, "10.0.9.9").await;
        let told = net.it.get(&format!("/v1/prefixes/{narrow}/utilization")).await.is(200);
        // 127 of 254.
        assert_eq!(
            (&told["usable"], &told["addresses"], &told["utilization"]),
            (&json!("254"), &json!(127), &json!("50.00"))
        );
        let told = net.it.get(&format!("/v1/prefixes/{wide}/utilization")).await.is(200);
        // 256 in the other one, and one of its own, of 65,536: 0.392 %.
        assert_eq!(
            (&told["in_prefixes"], &told["addresses"], &told["prefixes"]),
            (&json!("256"), &json!(1), &json!(1))
        );
        assert_eq!(told["utilization"], "0.39");
        let six = net.prefix(&domain, "2001:db8::/32").await;
        let told = net.it.get(&format!("/v1/prefixes/{six}/utilization")).await.is(200);
        assert_eq!(told["usable"], "79228162514264337593543950335"); // 2^96, less the routers'
        let tree = net.it.get(&format!("/v1/routing-domains/{domain}/prefix-tree")).await.is(200);
        let depths: Vec<_> = tree["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| (each["prefix"].as_str().unwrap(), each["depth"].as_i64().unwrap()))
            .collect();
        assert_eq!(depths, [("10.0.0.0/16", 0), ("10.0.1.0/24", 1), ("2001:db8::/32", 0)]);
        assert_eq!(tree["is_whole"], true);
    });
}
