//! Files of prefixes and addresses.
use crate::support::run;
use crate::{Net, faults, id};
use reqwest::Method;
use serde_json::json;

#[test]
fn prefixes_and_addresses_come_as_a_file() {
    run(async {
        let net = Net::new().await;
        let name = crate::unique();
        let domain = net.add("/v1/routing-domains", json!({"name": name})).await;
        net.site("BUH1").await;
        // In any order: the tree comes out the same.
        let prefixes = format!(
            "routing_domain,prefix,status,site_code\n{name},10.1.2.0/24,active,BUH1\n{name},10.0.0.0/8,container,\n{name},10.1.0.0/16,container,BUH1\n"
        );
        let import = net.it.request(Method::POST, "/v1/prefixes/import").body("text/csv", prefixes);
        let report = import.send().await.is(200);
        assert_eq!(report["created"], 3, "{report}");
        let taken_in = id(&report);
        let tree = net.tree(&domain).await;
        let said: Vec<_> = tree.iter().map(|(prefix, parent)| (prefix.as_str(), parent.as_deref())).collect();
        assert_eq!(
            said,
            [("10.0.0.0/8", None), ("10.1.0.0/16", Some("10.0.0.0/8")), ("10.1.2.0/24", Some("10.1.0.0/16"))]
        );

        let rows = (1..=250)
            .map(|last| format!("{name},10.1.2.{last},host-{last}.demo.example\n"))
            .collect::<Vec<_>>()
            .concat();
        let import = format!("routing_domain,address,dns_name\n{rows}");
        let import = net.it.request(Method::POST, "/v1/ip-addresses/import").body("text/csv", import);
        assert_eq!(import.send().await.is(200)["created"], 250);
        let narrow = net.it.get("/v1/prefixes?prefix=10.1.2.0/24").await.is(200)["data"][0]["id"].clone();
        assert_eq!(net.next_ip(narrow.as_str().unwrap()).await.is(201)["address"], "10.1.2.251");

        // A file with faults changes nothing, and says which lines are to blame.
        let faulty = format!(
            "routing_domain,address\n{name},10.1.2.252\n{name},192.0.2.1\n{name},10.1.2.7\n{name},10.1.2\n"
        );
        let import = net.it.request(Method::POST, "/v1/ip-addresses/import").body("text/csv", faulty);
        let problem = import.send().await.is_problem(422, "invalid-input");
        let blamed = [
            ("/3/address", "outside-every-prefix"),
            ("/4/address", "already-taken"),
            ("/5/address", "wrong-format"),
        ];
        assert_eq!(faults(&problem), blamed);
        assert_eq!(net.it.get("/v1/ip-addresses?count=true&limit=1").await.is(200)["total"], 251);

        // Taken back together: the whole tree goes, once nothing is in it.
        let space = net.prefix(&domain, "0.0.0.0/0").await;
        net.it.act(&format!("/v1/imports/{taken_in}/undo")).await.is(200);
        assert_eq!(net.tree(&domain).await, [("0.0.0.0/0".to_owned(), None)]);
        assert_eq!(net.addresses(&space).await.len(), 200); // a page of 251
        let told = net.it.get(&format!("/v1/prefixes/{space}/utilization")).await.is(200);
        assert_eq!((&told["addresses"], &told["prefixes"]), (&json!(251), &json!(0)));
        assert_eq!(net.next_prefix(&space, 24).await.is(201)["prefix"], "0.0.0.0/24");
        assert_eq!(net.address(&domain, "10.1.2.252").await["prefix_id"], space);
    });
}
