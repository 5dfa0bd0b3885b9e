//! Webhooks when the service is killed: each committed event comes at least once, under one id, in the order of its resource.
use crate::installation::Installation;
use crate::support::{Reaction, Received, Receiver, run};
use reqwest::Method;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Waits until the receiver knows so many events.
async fn until_known(receiver: &Receiver, events: usize) {
    let known = || receiver.all().iter().map(|each| each.id().to_owned()).collect::<BTreeSet<_>>().len();
    let patience = Instant::now() + Duration::from_mins(1);
    while known() < events {
        assert!(Instant::now() < patience, "{} of {events} events came", known());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn killed_between_sending_and_marking_it_sends_again_under_the_same_id() {
    run(async {
        let installation = Installation::new("webhooks_killed", &[]).await;
        let caller = installation.caller().await;
        let receiver = Receiver::new().await;
        let is_slow = Arc::new(AtomicBool::new(true));
        let slow = Arc::clone(&is_slow);
        // It takes the webhook, and the service is gone before it hears of that.
        receiver.reacts(move |_| {
            let pause = if slow.load(Ordering::Relaxed) { 5 } else { 0 };
            Reaction::status(200).after(Duration::from_secs(pause))
        });
        let endpoint = json!({"url": receiver.url(), "event_types": ["department.*"]});
        installation
            .request(&caller, Method::POST, "/v1/webhook-endpoints")
            .json(&endpoint)
            .send()
            .await
            .is(201);
        let department = json!({"name": "One", "code": "ONE"});
        let made = installation
            .request(&caller, Method::POST, "/v1/departments")
            .json(&department)
            .send()
            .await
            .is(201);
        let path = format!("/v1/departments/{}", made["id"].as_str().unwrap());
        receiver.got(1).await;
        installation.kill();
        is_slow.store(false, Ordering::Relaxed);
        tokio::task::block_in_place(|| installation.start_again());
        let rename = installation.request(&caller, Method::PATCH, &path).header("if-match", "*");
        rename.json(&json!({"name": "Two"})).send().await.is(200);
        let came = receiver.got(3).await;
        assert_eq!(came[0].id(), came[1].id(), "sent again, since nobody knew");
        assert_eq!(came.iter().map(Received::version).collect::<Vec<_>>(), [1, 1, 2]);
    });
}

#[test]
fn killed_again_and_again_under_load_nothing_is_lost() {
    run(async {
        let installation = Installation::new("webhooks_lost", &[]).await;
        let caller = installation.caller().await;
        let receiver = Receiver::new().await;
        let refused: Mutex<BTreeSet<String>> = Mutex::default();
        receiver.reacts(move |received| {
            // One in eight is not taken at first.
            let is_odd = received.id().ends_with(['0', '8'])
                && refused.lock().unwrap().insert(received.id().to_owned());
            Reaction::status(if is_odd { 500 } else { 200 }).after(Duration::from_millis(20))
        });
        let endpoint = json!({"url": receiver.url(), "event_types": ["department.*"]});
        installation
            .request(&caller, Method::POST, "/v1/webhook-endpoints")
            .json(&endpoint)
            .send()
            .await
            .is(201);
        for round in 0..4 {
            for number in 0..15 {
                let department = json!({"name": "One", "code": format!("R{round}N{number}")});
                let made = installation.request(&caller, Method::POST, "/v1/departments").json(&department);
                let id = made.send().await.is(201)["id"].as_str().unwrap().to_owned();
                for name in ["Two", "Three"] {
                    let change =
                        installation.request(&caller, Method::PATCH, &format!("/v1/departments/{id}"));
                    change.header("if-match", "*").json(&json!({"name": name})).send().await.is(200);
                }
            }
            tokio::time::sleep(Duration::from_millis(50 + 70 * round)).await;
            installation.kill();
            tokio::task::block_in_place(|| installation.start_again());
        }
        until_known(&receiver, 180).await;
        let database = installation.database().await;
        let rows = database
            .query(
                "select id::text from events where org_id = $1 and resource = 'departments'",
                &[&caller.organization],
            )
            .await
            .unwrap();
        let committed: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
        let all = receiver.all();
        assert_eq!(all.iter().map(|each| each.id().to_owned()).collect::<BTreeSet<_>>(), committed);
        // Of each department the first time that a version came is after that of the one before.
        let mut first: BTreeMap<(String, u64), usize> = BTreeMap::new();
        for (place, received) in all.iter().enumerate() {
            first.entry((received.about().to_owned(), received.version())).or_insert(place);
        }
        for ((department, version), place) in &first {
            if *version > 1 {
                assert!(first[&(department.clone(), version - 1)] < *place, "{department} {version}");
            }
        }
    });
}
