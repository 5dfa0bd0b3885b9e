//! Cables and lines: one to an end, followed to where they lead, drawn.
use crate::support::run;
use crate::{Net, faults, id};
use futures_util::future::join_all;
use serde_json::{Value, json};

#[test]
fn a_cable_joins_two_free_ends() {
    run(async {
        let net = Net::new().await;
        let site = net.site("BUH1").await;
        let (one, other) = (net.device(&site, "switch").await, net.device(&site, "server").await);
        let (a, b) = (net.interface(&one, "1", "copper").await, net.interface(&one, "2", "copper").await);
        let (z, loopback) =
            (net.interface(&other, "eth0", "copper").await, net.interface(&other, "lo", "virtual").await);
        let join = |a: &str, z: &str| json!({"a_interface_id": a, "z_interface_id": z});
        let cable = net.cable(&a, &z).await;
        // Both faults at once.
        let problem = net.it.post("/v1/cables", join(&z, &a)).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/a_interface_id", "end-taken"), ("/z_interface_id", "end-taken")]);
        let problem = net.it.post("/v1/cables", join(&b, &z)).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/z_interface_id", "end-taken")]);
        net.it.post("/v1/cables", join(&b, &b)).await.is_problem(422, "invalid-input");
        let problem = net.it.post("/v1/cables", join(&b, &loopback)).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/z_interface_id", "no-socket")]);
        // Moved to another end, the one it was in is free.
        net.it.patch(&format!("/v1/cables/{cable}"), json!({"a_interface_id": b})).await.is(200);
        net.it.post("/v1/cables", join(&a, &z)).await.is_problem(409, "conflict");
        net.it.delete(&format!("/v1/interfaces/{b}")).await.is_problem(409, "in-use");
        net.it.delete(&format!("/v1/cables/{cable}")).await.is(204);
        net.cable(&a, &z).await;
    });
}

#[test]
fn of_32_cables_into_one_end_one_goes_in() {
    run(async {
        let net = Net::new().await;
        let site = net.site("BUH1").await;
        let (switch, server) = (net.device(&site, "switch").await, net.device(&site, "server").await);
        let end = net.interface(&server, "eth0", "copper").await;
        let mut ports = Vec::new();
        for port in 0..32 {
            ports.push(net.interface(&switch, &port.to_string(), "copper").await);
        }
        // From either side.
        let answers = join_all(ports.iter().enumerate().map(|(at, port)| {
            let (a, z) = if at % 2 == 0 { (port, &end) } else { (&end, port) };
            net.it.post("/v1/cables", json!({"a_interface_id": a, "z_interface_id": z}))
        }));
        let answers = answers.await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 31);
        let cables = net.it.get(&format!("/v1/cables?interface_id={end}")).await.is(200);
        assert_eq!(cables["data"].as_array().unwrap().len(), 1);
    });
}

/// A patch panel with one front port that is wired to one rear port.
async fn panel(net: &Net, site: &str) -> (String, String) {
    let panel = net.device(site, "patch_panel").await;
    let rear = net.interface(&panel, "R1", "rear_port").await;
    let front = json!({"device_id": panel, "name": "F1", "kind": "front_port", "rear_port_id": rear});
    (net.add("/v1/interfaces", front).await, rear)
}

#[test]
fn a_trace_goes_through_patch_panels_and_over_lines() {
    run(async {
        let net = Net::new().await;
        let (buh, clj) = (net.site("BUH1").await, net.site("CLJ1").await);
        let (desk, switch) = (net.device(&buh, "server").await, net.device(&buh, "switch").await);
        let start = net.interface(&desk, "eth0", "copper").await;
        let port = net.interface(&switch, "Gi1", "copper").await;
        let ((front, rear), (front_2, rear_2)) = (panel(&net, &buh).await, panel(&net, &buh).await);
        // desk – front|rear – rear|front – switch
        let cables = [
            net.cable(&start, &front).await,
            net.cable(&rear_2, &rear).await,
            net.cable(&front_2, &port).await,
        ];
        let trace = async |from: &str| net.it.get(&format!("/v1/interfaces/{from}/trace")).await.is(200);
        let passed = |trace: &Value, what: &str| -> Vec<String> {
            let steps = trace["steps"].as_array().unwrap().iter();
            steps.map(|step| step[what].as_str().unwrap_or("none").to_owned()).collect()
        };
        let there = trace(&start).await;
        assert_eq!(passed(&there, "via_id"), cables);
        assert_eq!(passed(&there, "interface_id"), [front.as_str(), &rear_2, &port]);
        assert_eq!(passed(&there, "wired_to_id"), [rear.as_str(), &front_2, "none"]);
        assert_eq!((&there["ends_at_id"], &there["is_complete"]), (&json!(port), &json!(true)));
        let back = trace(&port).await;
        assert_eq!(passed(&back, "via_id"), [cables[2].as_str(), &cables[1], &cables[0]]);
        assert_eq!(back["ends_at_id"], start);

        // A cable is pulled in the middle: it ends at a port of a panel.
        net.it.delete(&format!("/v1/cables/{}", cables[1])).await.is(204);
        let cut = trace(&start).await;
        assert_eq!((passed(&cut, "via_id").len(), &cut["is_complete"]), (1, &json!(false)));

        // Over a line to another site, and out of the company.
        let (router, far) = (net.device(&buh, "router").await, net.device(&clj, "router").await);
        let (wan, far_wan) =
            (net.interface(&router, "wan0", "fibre").await, net.interface(&far, "wan0", "fibre").await);
        let provider = json!({"name": "Demo Telecom SRL", "country": "RO", "is_supplier": true});
        let provider = net.add("/v1/parties", provider).await;
        let line = json!({"provider_id": provider, "circuit_number": "L-1", "contract_number": "C-9", "kind": "leased_line", "bandwidth_kbps": 1_000_000,
            "contract_ends_on": "2027-12-31", "a_site_id": buh, "z_site_id": clj, "a_interface_id": wan, "z_interface_id": far_wan});
        let line = net.add("/v1/circuits", line).await;
        let over = trace(&wan).await;
        assert_eq!(
            (passed(&over, "via"), &over["ends_at_id"]),
            (vec!["circuit".to_owned()], &json!(far_wan))
        );
        assert_eq!(over["steps"][0]["via_id"], line);
        // Its ends are taken, and at its sites.
        let join = json!({"a_interface_id": wan, "z_interface_id": port});
        net.it.post("/v1/cables", join).await.is_problem(409, "conflict");
        let elsewhere = net.interface(&far, "wan1", "fibre").await;
        let wrong = json!({"provider_id": provider, "circuit_number": "L-2", "a_site_id": buh, "a_interface_id": elsewhere});
        let problem = net.it.post("/v1/circuits", wrong).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/a_interface_id", "at-another-site")]);
        net.it.patch(&format!("/v1/circuits/{line}"), json!({"status": "retired"})).await.is(200);
        assert_eq!(trace(&wan).await["steps"], json!([]));
    });
}

#[test]
fn a_ring_of_panels_is_traced_once() {
    run(async {
        let net = Net::new().await;
        let site = net.site("BUH1").await;
        let ((front, rear), (front_2, rear_2)) = (panel(&net, &site).await, panel(&net, &site).await);
        net.cable(&front, &front_2).await;
        net.cable(&rear, &rear_2).await;
        let trace = net.it.get(&format!("/v1/interfaces/{front}/trace")).await.is(200);
        assert!(trace["steps"].as_array().unwrap().len() <= 2, "{trace}");
        assert_eq!(trace["is_complete"], false);
        // A front port is wired to one rear port of its own panel.
        let panel = net.it.get(&format!("/v1/interfaces/{front}")).await.is(200)["device_id"].clone();
        let twice = json!({"device_id": panel, "name": "F2", "kind": "front_port", "rear_port_id": rear});
        let problem = net.it.post("/v1/interfaces", twice).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/rear_port_id", "already-taken")]);
        let foreign = json!({"device_id": panel, "name": "F2", "kind": "front_port", "rear_port_id": rear_2});
        let problem = net.it.post("/v1/interfaces", foreign).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/rear_port_id", "no-rear-port")]);
    });
}

#[test]
fn a_site_is_drawn() {
    run(async {
        let net = Net::new().await;
        let (buh, clj) = (net.site("BUH1").await, net.site("CLJ1").await);
        let name = format!("<{}>&", crate::unique());
        let router = net.add("/v1/devices", json!({"name": name, "role": "router", "site_id": buh})).await;
        let switch = net.device(&buh, "switch").await;
        let far = net.device(&clj, "router").await;
        net.device(&clj, "server").await; // joined to nothing here
        let (a, z) =
            (net.interface(&router, "1", "copper").await, net.interface(&switch, "1", "copper").await);
        let (wan, far_wan) =
            (net.interface(&router, "2", "fibre").await, net.interface(&far, "1", "fibre").await);
        net.cable(&a, &z).await;
        net.cable(&wan, &far_wan).await;
        let planned = json!({"a_interface_id": a, "z_interface_id": far_wan, "status": "planned"});
        net.add("/v1/cables", planned).await;
        let path = format!("/v1/sites/{buh}/topology");
        let drawn = net.it.get(&path).await.is(200);
        let nodes: Vec<_> = drawn["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| (node["device_id"].as_str().unwrap(), node["is_here"].as_bool().unwrap()))
            .collect();
        assert_eq!(nodes, [(router.as_str(), true), (switch.as_str(), true), (far.as_str(), false)]);
        assert_eq!(drawn["links"].as_array().unwrap().len(), 3);
        let svg = net.it.request(reqwest::Method::GET, &path).header("accept", "image/svg+xml").send().await;
        assert_eq!((svg.status, svg.header("content-type")), (200, Some("image/svg+xml")));
        assert!(svg.header("content-security-policy").unwrap().contains("sandbox"));
        // Names are text, whatever they hold; what is planned is dashed.
        assert!(!svg.text.contains(&name) && svg.text.contains("&amp;</text>"), "{}", svg.text);
        assert_eq!((svg.text.matches("<rect").count(), svg.text.matches("<path").count()), (3, 3));
        assert!(svg.text.contains("class=\"p\""));
        let gone = uuid::Uuid::now_v7();
        net.it.get(&format!("/v1/sites/{gone}/topology")).await.is_problem(404, "not-found");
    });
}

#[test]
fn a_device_is_what_it_is_elsewhere_as_far_as_one_may_see() {
    run(async {
        let net = Net::new().await;
        let site = net.site("BUH1").await;
        let department = net.it.department("IT", None).await;
        let asset = json!({"title": crate::unique(), "department_id": department, "approved_headcount": 1});
        let thing = id(&net.it.post("/v1/positions", asset).await.is(201));
        let device = |resource: &str, thing: &str| json!({"name": crate::unique(), "role": "server", "site_id": site, "resource": resource, "resource_id": thing});
        net.it.post("/v1/devices", device("positions", &thing)).await.is(201);
        let problem = net
            .it
            .post("/v1/devices", device("no-such-things", &thing))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&problem)[0].0, "/resource");
        let nothing = uuid::Uuid::now_v7().to_string();
        let problem =
            net.it.post("/v1/devices", device("positions", &nothing)).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/resource_id", "unknown-reference")]);
        // Who may not see it learns no more than that of something that is not there.
        let blind = net.org.caller(&["devices:write", "sites:read"]).await;
        let problem =
            blind.post("/v1/devices", device("positions", &thing)).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/resource_id", "unknown-reference")]);
    });
}

#[test]
fn a_vlan_number_is_there_once_in_its_group() {
    run(async {
        let net = Net::new().await;
        let (one, other) = (
            net.add("/v1/vlan-groups", json!({"name": crate::unique()})).await,
            net.add("/v1/vlan-groups", json!({"name": crate::unique()})).await,
        );
        let vlan = |group: &str, vid: i64, name: &str| json!({"group_id": group, "vid": vid, "name": name});
        net.it.post("/v1/vlans", vlan(&one, 120, "Office")).await.is(201);
        net.it.post("/v1/vlans", vlan(&other, 120, "Office")).await.is(201);
        let problem = net.it.post("/v1/vlans", vlan(&one, 120, "Voice")).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/vid", "already-taken")]);
        for vid in [0, 4095] {
            net.it.post("/v1/vlans", vlan(&one, vid, "Voice")).await.is_problem(422, "invalid-input");
        }
        net.it.post("/v1/vlans", vlan(&one, 1, "First")).await.is(201);
        net.it.post("/v1/vlans", vlan(&one, 4094, "Last")).await.is(201);
    });
}
