//! The next address, the next prefix: what is free, to the last one, and never the same twice.
use crate::support::run;
use crate::{Net, faults, id};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn pairs_and_single_addresses_are_usable_whole() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("allowed").await;
        // What each gives, to the last one (RFC 3021, RFC 6164; else neither network nor broadcast, nor the routers' of IPv6).
        let all: &[(&str, &[&str])] = &[
            ("192.0.2.0/31", &["192.0.2.0", "192.0.2.1"]),
            ("192.0.2.8/32", &["192.0.2.8"]),
            ("192.0.2.16/30", &["192.0.2.17", "192.0.2.18"]),
            ("2001:db8:1::/127", &["2001:db8:1::", "2001:db8:1::1"]),
            ("2001:db8:2::8/128", &["2001:db8:2::8"]),
            ("2001:db8:3::/126", &["2001:db8:3::1", "2001:db8:3::2", "2001:db8:3::3"]),
            ("255.255.255.252/30", &["255.255.255.253", "255.255.255.254"]),
            ("255.255.255.250/31", &["255.255.255.250", "255.255.255.251"]),
        ];
        for (prefix, addresses) in all {
            let prefix = net.prefix(&domain, prefix).await;
            for address in *addresses {
                assert_eq!(net.next_ip(&prefix).await.is(201)["address"], *address);
            }
            net.next_ip(&prefix).await.is_problem(409, "conflict");
            assert_eq!(net.addresses(&prefix).await, *addresses);
        }
    });
}

#[test]
fn the_next_one_is_the_first_that_is_free() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("allowed").await;
        let prefix = net.prefix(&domain, "10.0.0.0/24").await;
        for address in ["10.0.0.1", "10.0.0.2", "10.0.0.4"] {
            net.address(&domain, address).await;
        }
        let three = net.next_ip(&prefix).await.is(201);
        assert_eq!((&three["address"], &three["prefix_id"]), (&json!("10.0.0.3"), &json!(prefix)));
        assert_eq!(net.next_ip(&prefix).await.is(201)["address"], "10.0.0.5");
        // What is given back is given out again.
        net.it.delete(&format!("/v1/ip-addresses/{}", id(&three))).await.is(204);
        assert_eq!(net.next_ip(&prefix).await.is(201)["address"], "10.0.0.3");
        // What lies in another prefix is that one's to give.
        let child = net.prefix(&domain, "10.0.0.8/29").await;
        for wanted in ["10.0.0.6", "10.0.0.7", "10.0.0.16"] {
            assert_eq!(net.next_ip(&prefix).await.is(201)["address"], wanted);
        }
        assert_eq!(net.next_ip(&child).await.is(201)["address"], "10.0.0.9");
        // It goes, and what was its own is the other's.
        net.it.delete(&format!("/v1/prefixes/{child}")).await.is(204);
        for wanted in ["10.0.0.8", "10.0.0.10"] {
            assert_eq!(net.next_ip(&prefix).await.is(201)["address"], wanted);
        }
        // One of two that share an address goes: it is still taken.
        let shared = json!({"routing_domain_id": domain, "address": "10.0.0.11", "role": "anycast"});
        let first = net.it.post("/v1/ip-addresses", shared.clone()).await.is(201);
        let second = net.it.post("/v1/ip-addresses", shared).await.is(201);
        net.it.delete(&format!("/v1/ip-addresses/{}", id(&first))).await.is(204);
        assert_eq!(net.next_ip(&prefix).await.is(201)["address"], "10.0.0.12");
        net.it.delete(&format!("/v1/ip-addresses/{}", id(&second))).await.is(204);
        assert_eq!(net.next_ip(&prefix).await.is(201)["address"], "10.0.0.11");
    });
}

#[test]
fn the_next_prefix_is_the_first_in_which_nothing_is_taken() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("allowed").await;
        let space = net.prefix(&domain, "10.0.0.0/24").await;
        net.prefix(&domain, "10.0.0.0/28").await;
        net.address(&domain, "10.0.0.20").await; // in the second block of sixteen
        assert_eq!(net.next_prefix(&space, 28).await.is(201)["prefix"], "10.0.0.32/28");
        assert_eq!(net.next_prefix(&space, 30).await.is(201)["prefix"], "10.0.0.16/30");
        assert_eq!(net.next_prefix(&space, 26).await.is(201)["prefix"], "10.0.0.64/26");
        assert_eq!(net.next_prefix(&space, 25).await.is(201)["prefix"], "10.0.0.128/25");
        net.next_prefix(&space, 25).await.is_problem(409, "conflict");
        assert_eq!(net.next_prefix(&space, 28).await.is(201)["prefix"], "10.0.0.48/28");
        net.next_prefix(&space, 28).await.is_problem(409, "conflict");
        for no_part in [24, 8, 33, 128] {
            let problem = net.next_prefix(&space, no_part).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&problem), [("/length", "no-part")]);
        }
        let six = net.prefix(&domain, "2001:db8::/32").await;
        assert_eq!(net.next_prefix(&six, 48).await.is(201)["prefix"], "2001:db8::/48");
        assert_eq!(net.next_prefix(&six, 48).await.is(201)["prefix"], "2001:db8:1::/48");
        let all = net.prefix(&domain, "0.0.0.0/0").await;
        assert_eq!(net.next_prefix(&all, 1).await.is(201)["prefix"], "128.0.0.0/1");
    });
}

#[test]
fn of_32_clients_each_gets_another_address_and_the_last_one_goes_once() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("allowed").await;
        let prefix = net.prefix(&domain, "10.0.0.0/27").await; // thirty hosts
        let answers = join_all((0..32).map(|_| net.next_ip(&prefix))).await;
        let given: Vec<_> = answers
            .iter()
            .filter(|answer| answer.status == 201)
            .map(|answer| answer.body["address"].to_string())
            .collect();
        let refused = answers.iter().filter(|answer| answer.status == 409).count();
        assert_eq!((given.len(), refused), (30, 2));
        assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), 30);
        let told = net.it.get(&format!("/v1/prefixes/{prefix}/utilization")).await.is(200);
        assert_eq!((&told["addresses"], &told["utilization"]), (&json!(30), &json!("100.00")));
    });
}

#[test]
fn of_32_clients_each_gets_another_prefix() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("refused").await;
        let space = json!({"routing_domain_id": domain, "prefix": "10.0.0.0/24", "status": "container"});
        let space = net.add("/v1/prefixes", space).await;
        // Sixteen fit; meanwhile addresses are taken one by one in another prefix of the domain.
        let other = net.prefix(&domain, "10.9.0.0/24").await;
        let prefixes = join_all((0..32).map(|_| net.next_prefix(&space, 28)));
        let addresses = join_all((0..16).map(|_| net.next_ip(&other)));
        let (prefixes, addresses) = futures_util::future::join(prefixes, addresses).await;
        let given: BTreeSet<_> = prefixes
            .iter()
            .filter(|answer| answer.status == 201)
            .map(|answer| answer.body["prefix"].to_string())
            .collect();
        assert_eq!((given.len(), prefixes.iter().filter(|answer| answer.status == 409).count()), (16, 16));
        let given: BTreeSet<_> =
            addresses.into_iter().map(|answer| answer.is(201)["address"].to_string()).collect();
        assert_eq!(given.len(), 16);
    });
}

#[test]
fn who_takes_while_the_tree_moves_gets_what_is_free() {
    run(async {
        let net = Net::new().await;
        let domain = net.domain("allowed").await;
        let wide = net.prefix(&domain, "10.0.0.0/24").await;
        let takes = join_all((0..20).map(|_| net.next_ip(&wide)));
        let moves = async {
            for _ in 0..4 {
                let child = net.prefix(&domain, "10.0.0.8/29").await;
                net.it.delete(&format!("/v1/prefixes/{child}")).await.is(204);
            }
        };
        let (answers, ()) = futures_util::future::join(takes, moves).await;
        let addresses: BTreeSet<_> =
            answers.into_iter().map(|answer| answer.is(201)["address"].to_string()).collect();
        assert_eq!(addresses.len(), 20);
        // Whatever came first: what is free is free, and what is counted is there.
        let told = net.it.get(&format!("/v1/prefixes/{wide}/utilization")).await.is(200);
        assert_eq!((&told["addresses"], &told["prefixes"]), (&json!(20), &json!(0)));
        for _ in 20..254 {
            net.next_ip(&wide).await.is(201);
        }
        net.next_ip(&wide).await.is_problem(409, "conflict");
    });
}
