//! Receivers that are down, slow, busy, gone, or answer oddly.
use crate::support::{Organization, Reaction, Received, Receiver, free_address, run, service};
use crate::{deliveries, endpoint, until, until_all};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

#[test]
fn what_fails_holds_back_its_own_resource_and_no_other() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        let (stuck, other) = (caller.department("Stuck", None).await, caller.department("Other", None).await);
        let is_well = Arc::new(AtomicBool::new(false));
        let (well, bad) = (Arc::clone(&is_well), stuck.clone());
        receiver.reacts(move |received| {
            let fails = received.about() == bad && !well.load(Ordering::Relaxed);
            Reaction::status(if fails { 500 } else { 200 }).body("not today")
        });
        let endpoint = endpoint(&caller, &receiver, &["department.updated"]).await;
        for round in 1..=4 {
            for department in [&stuck, &other] {
                let name = json!({"name": format!("Round {round}")});
                caller.patch(&format!("/v1/departments/{department}"), name).await.is(200);
            }
        }
        let of = |about: &str| -> Vec<u64> {
            receiver.all().iter().filter(|each| each.about() == about).map(Received::version).collect()
        };
        until("the other department is told of", async || of(&other) == [2, 3, 4, 5]).await;
        until("the stuck one is tried again", async || of(&stuck).len() >= 2).await;
        assert!(of(&stuck).iter().all(|version| *version == 2), "nothing overtakes: {:?}", of(&stuck));
        let mut open: Vec<Value> = Vec::new();
        until("the log tells of all of them", async || {
            open = deliveries(&caller, &endpoint).await;
            let count = |status: &str| open.iter().filter(|each| each["status"] == status).count();
            (count("retrying"), count("pending"), count("delivered")) == (1, 3, 4)
        })
        .await;
        let failing = open.iter().find(|each| each["status"] == "retrying").unwrap();
        assert_eq!((&failing["answer_status"], &failing["answer"]), (&json!(500), &json!("not today")));

        is_well.store(true, Ordering::Relaxed);
        until_all(&caller, &endpoint, 8, "delivered").await;
        let mut versions = of(&stuck);
        versions.dedup();
        assert_eq!(versions, [2, 3, 4, 5], "in order");
        let ids: BTreeMap<u64, Vec<String>> = receiver
            .all()
            .iter()
            .filter(|each| each.about() == stuck)
            .fold(BTreeMap::new(), |mut ids, each| {
                ids.entry(each.version()).or_default().push(each.id().to_owned());
                ids
            });
        assert!(ids[&2].len() >= 2 && ids[&2].iter().all(|id| *id == ids[&2][0]), "one id at every attempt");
    });
}

#[test]
fn a_receiver_that_was_down_gets_all_of_it_in_order() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let address = free_address();
        let body = json!({"url": format!("http://{address}/hook"), "event_types": ["department.*"]});
        caller.post("/v1/webhook-endpoints", body).await.is(201);
        let department = caller.department("Finance", None).await;
        for round in 1..=3 {
            let name = json!({"name": format!("Round {round}")});
            caller.patch(&format!("/v1/departments/{department}"), name).await.is(200);
        }
        let refused = async || {
            let all = caller.get("/v1/webhook-deliveries?status=retrying").await.is(200);
            all["data"][0]["failure"].as_str().is_some_and(|why| why.starts_with("No connection"))
        };
        until("the log tells that nobody answers", refused).await;
        let receiver = Receiver::at(&address).await;
        let came = receiver.got(4).await;
        assert_eq!(came.iter().map(Received::version).collect::<Vec<_>>(), [1, 2, 3, 4]);
    });
}

#[test]
fn a_slow_receiver_delays_no_other() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let (slow, quick) = (Receiver::new().await, Receiver::new().await);
        slow.reacts(|_| Reaction::status(200).after(Duration::from_secs(20)));
        let endpoint_of_slow = endpoint(&caller, &slow, &["department.*"]).await;
        endpoint(&caller, &quick, &["department.*"]).await;
        for number in 0..40 {
            caller.department(&format!("Department {number}"), None).await;
        }
        let written = Instant::now();
        let came = quick.got(40).await;
        let late = came.iter().map(|each| each.at).max().unwrap().saturating_duration_since(written);
        assert!(late < Duration::from_secs(3), "the quick one waited {late:?}");
        assert!((1..=16).contains(&slow.all().len()), "{} calls at a time", slow.all().len());
        // It is cut off after fifteen seconds, and said so.
        until("the log tells of it", async || {
            let all = deliveries(&caller, &endpoint_of_slow).await;
            all.iter().any(|each| each["failure"].as_str().is_some_and(|why| why.contains("15 seconds")))
        })
        .await;
    });
}

#[test]
fn a_busy_receiver_is_left_alone_for_as_long_as_it_asks() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        receiver.reacts(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
            0 => Reaction::status(429).header("Retry-After: 4"),
            _ => Reaction::status(204),
        });
        let endpoint = endpoint(&caller, &receiver, &["department.*"]).await;
        caller.department("One", None).await;
        receiver.got(1).await;
        caller.department("Two", None).await;
        let came = receiver.got(3).await;
        let waited = came[1].at - came[0].at;
        assert!(waited >= Duration::from_secs(4) && waited < Duration::from_secs(8), "{waited:?}");
        until_all(&caller, &endpoint, 2, "delivered").await;
    });
}

#[test]
fn gone_disables() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        receiver.reacts(|_| Reaction::status(410));
        let endpoint = endpoint(&caller, &receiver, &["department.*"]).await;
        caller.department("One", None).await;
        until("it is disabled", async || caller.get(&endpoint.path).await.is(200)["status"] == "disabled")
            .await;
        assert_eq!(caller.get(&endpoint.path).await.is(200)["disabled_because"], "gone");
        let history = caller.get(&format!("{}/history", endpoint.path)).await.is(200);
        let last = history["data"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["type"], &last["actor"]), (&json!("webhook_endpoint.disabled"), &json!("system")));
        assert_eq!(last["changes"]["disabled_because"]["after"], "gone");

        // Enabled again, it is told what it missed.
        caller.department("Two", None).await;
        receiver.reacts(|_| Reaction::status(200));
        caller.act(&format!("{}/enable", endpoint.path)).await.is(200);
        until_all(&caller, &endpoint, 2, "delivered").await;
    });
}

#[test]
fn redirects_are_not_followed_and_large_answers_not_read() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let (receiver, elsewhere) = (Receiver::new().await, Receiver::new().await);
        let target = format!("Location: {}", elsewhere.url());
        receiver.reacts(move |received| match received.kind() {
            "department.created" => Reaction::status(307).header(&target),
            _ => Reaction::status(200).body(vec![b'x'; 4 << 20]),
        });
        let endpoint_of_created = endpoint(&caller, &receiver, &["department.created"]).await;
        let endpoint_of_positions = endpoint(&caller, &receiver, &["position.created"]).await;
        let department = caller.department("One", None).await;
        let position = json!({"department_id": department, "title": "Clerk", "approved_headcount": 1});
        caller.post("/v1/positions", position).await.is(201);
        until_all(&caller, &endpoint_of_positions, 1, "delivered").await;
        let large = &deliveries(&caller, &endpoint_of_positions).await[0];
        assert_eq!(large["answer"].as_str().unwrap().len(), 1000, "the beginning is kept");
        until_all(&caller, &endpoint_of_created, 1, "retrying").await;
        let turned = &deliveries(&caller, &endpoint_of_created).await[0];
        assert_eq!(turned["answer_status"], 307);
        assert!(turned["failure"].as_str().unwrap().contains("redirect"));
        assert!(elsewhere.all().is_empty());
    });
}

#[test]
fn nothing_but_failure_for_days_disables_and_says_so() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        receiver.reacts(|_| Reaction::status(500));
        let endpoint = endpoint(&caller, &receiver, &["department.*"]).await;
        caller.department("One", None).await;
        receiver.got(1).await;
        let database = service().database().await;
        let id: Uuid = endpoint.id.parse().unwrap();
        until("the first failure is noted", async || {
            let days = "update webhook_queues set failing_since = failing_since - interval '73 hours' where endpoint_id = $1 and failing_since is not null";
            database.execute(days, &[&id]).await.unwrap() == 1
        })
        .await;
        until("it is disabled", async || caller.get(&endpoint.path).await.is(200)["status"] == "disabled")
            .await;
        assert_eq!(caller.get(&endpoint.path).await.is(200)["disabled_because"], "failing");
        let told = caller
            .get(&format!("/v1/events?type=webhook_endpoint.disabled&resource_id={}", endpoint.id))
            .await;
        assert_eq!(told.is(200)["data"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn what_was_never_taken_gives_way_to_what_came_after() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let receiver = Receiver::new().await;
        receiver.reacts(|received| Reaction::status(if received.version() == 1 { 500 } else { 200 }));
        let endpoint = endpoint(&caller, &receiver, &["department.*"]).await;
        let department = caller.department("One", None).await;
        caller.patch(&format!("/v1/departments/{department}"), json!({"name": "Two"})).await.is(200);
        receiver.got(1).await;
        // As if it had been tried fifteen times.
        let database = service().database().await;
        let id: Uuid = endpoint.id.parse().unwrap();
        until("the first failure is noted", async || {
            let tried = "update webhook_deliveries set attempts = 15 where webhook_endpoint_id = $1 and status = 'retrying'";
            database.execute(tried, &[&id]).await.unwrap() == 1
        })
        .await;
        until("the second is delivered", async || {
            let all = deliveries(&caller, &endpoint).await;
            let status = |version: i64| {
                all.iter().find(|each| each["resource_version"] == version).map(|each| each["status"].clone())
            };
            (status(1), status(2)) == (Some(json!("failed")), Some(json!("delivered")))
        })
        .await;
    });
}
