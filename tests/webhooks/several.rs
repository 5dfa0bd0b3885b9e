//! Several services on one database.
use crate::endpoint;
use crate::support::{Organization, Receiver, Request, Service, run, service};
use futures_util::future::join_all;
use reqwest::Method;
use std::collections::BTreeMap;
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
        second.kill().unwrap();
        second.wait().unwrap();
    });
}

#[test]
fn who_waits_at_one_service_learns_what_happens_at_another() {
    run(async {
        let (base, _, mut second) = Service::spawn(&service().url, &[]);
        let caller = Organization::new().await.owner().await;
        let now =
            caller.get("/v1/events?limit=1000").await.is(200)["next_cursor"].as_str().unwrap().to_owned();
        let waiting = tokio::spawn({
            let request: Request =
                caller.request(Method::GET, &format!("/v1/events?wait=20&after={now}")).to(&base);
            async move {
                let answer = request.send().await.is(200);
                (Instant::now(), answer)
            }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        let written = Instant::now();
        let department = caller.department("One", None).await;
        let (at, page) = waiting.await.unwrap();
        assert_eq!(page["data"][0]["resource_id"], department);
        assert!(at - written < Duration::from_secs(2), "{:?}", at - written);
        second.kill().unwrap();
        second.wait().unwrap();
    });
}
