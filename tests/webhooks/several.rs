//! Several services on one database.
use crate::endpoint;
use crate::support::{Organization, Receiver, Service, run, service};
use futures_util::future::join_all;
use reqwest::Method;
use std::collections::BTreeMap;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

#[test]
fn two_services_send_each_webhook_once() {
    run(async {
        let (base, _, mut second) = Service::spawn(&service().url, &[]);
        let caller = Organization::new().await.owner().await;
        let receivers = join_all((0..6).map(|_| Receiver::new())).await;
        for receiver in &receivers {
            endpoint(&caller, receiver, &["department.created"]).await;
        }
        // Written through both.
        for number in 0..120 {
            let to = if number % 2 == 0 { &base } else { &service().base };
            let body =
                serde_json::json!({"name": format!("Department {number}"), "code": format!("D{number}")});
            caller.request(Method::POST, "/v1/departments").json(&body).to(to).send().await.is(201);
        }
        for receiver in &receivers {
            receiver.got(120).await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        for receiver in &receivers {
            let mut times: BTreeMap<String, usize> = BTreeMap::new();
            receiver.all().iter().for_each(|each| *times.entry(each.id().to_owned()).or_default() += 1);
            assert_eq!((times.len(), receiver.all().len()), (120, 120));
        }
        stop(&mut second);
    });
}

#[test]
fn who_waits_at_one_service_learns_what_happens_at_another() {
    run(async {
        let (base, _, mut second) = Service::spawn(&service().url, &[]);
        let caller = Organization::new().await.owner().await;
        let waiting = tokio::spawn({
            let caller = caller.clone();
            async move {
                // What happened before may be told first, as soon as nobody's transaction that began earlier is open any more.
                let mut after = String::new();
                loop {
                    let path = format!("/v1/events?limit=1000&wait=20{after}");
                    let page = caller.request(Method::GET, &path).to(&base).send().await.is(200);
                    let events = page["data"].as_array().unwrap();
                    if let Some(event) = events.iter().find(|event| event["type"] == "department.created") {
                        return (Instant::now(), event["resource_id"].clone());
                    }
                    after = format!("&after={}", page["next_cursor"].as_str().unwrap());
                }
            }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        let written = Instant::now();
        let department = caller.department("One", None).await;
        let (at, told) = waiting.await.unwrap();
        assert_eq!(told, department);
        assert!(at - written < Duration::from_secs(2), "{:?}", at - written);
        stop(&mut second);
    });
}

/// Ends a service in order: what it was about to send, to whichever test's receiver, is sent by the others at once.
fn stop(service: &mut Child) {
    let pid = service.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    service.wait().unwrap();
}
