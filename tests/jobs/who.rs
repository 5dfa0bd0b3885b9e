//! Who sees a job: whoever caused it, whoever may see all, and nobody of another organization.
use crate::support::{Organization, run};
use crate::{Goes, errand, send_as};
use platform::job::Order;
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn one_follows_ones_own_jobs_and_no_others() {
    run(async {
        let organization = Organization::new().await;
        let [ana, dan] = [
            organization.caller(&["jobs:read=own", "jobs:write=own"]).await,
            organization.caller(&["jobs:read=own", "jobs:write=own"]).await,
        ];
        let overseer = organization.caller(&["jobs:read"]).await;
        let later = || Order { delay: Duration::from_hours(1), ..Order::default() };
        let anas = send_as(&ana, errand("Ana's", Goes::Well), later()).await;
        let dans = send_as(&dan, errand("Dan's", Goes::Well), later()).await;

        assert_eq!(ana.get("/v1/jobs?count=true").await.is(200)["total"], 1);
        ana.get(&format!("/v1/jobs/{anas}")).await.is(200);
        ana.get(&format!("/v1/jobs/{dans}")).await.is_problem(404, "not-found");
        ana.act(&format!("/v1/jobs/{dans}/cancel")).await.is_problem(404, "not-found");
        ana.get(&format!("/v1/jobs/{dans}/history")).await.is_problem(404, "not-found");
        assert_eq!(overseer.get("/v1/jobs?count=true").await.is(200)["total"], 2);
        overseer.act(&format!("/v1/jobs/{dans}/cancel")).await.is_problem(403, "forbidden");
        let seen = ana.get(&format!("/v1/jobs/{anas}")).await.is(200);
        assert_eq!(seen["available_actions"], json!(["cancel"]));

        let stranger = Organization::new().await.owner().await;
        stranger.get(&format!("/v1/jobs/{anas}")).await.is_problem(404, "not-found");
        stranger.act(&format!("/v1/jobs/{anas}/cancel")).await.is_problem(404, "not-found");
        ana.act(&format!("/v1/jobs/{anas}/cancel")).await.is(200);
    });
}

#[test]
fn who_waits_is_answered_in_time() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let order = Order { delay: Duration::from_hours(1), ..Order::default() };
        let id = send_as(&caller, errand("much later", Goes::Well), order).await;
        let asked = Instant::now();
        assert_eq!(caller.get(&format!("/v1/jobs/{id}?wait=2")).await.is(200)["status"], "queued");
        assert!((2..4).contains(&asked.elapsed().as_secs()), "{:?}", asked.elapsed());
        caller.get(&format!("/v1/jobs/{id}?wait=31")).await.is_problem(422, "invalid-input");
        // Whoever cancels wakes whoever waits.
        let (waiting, _) = futures_util::future::join(caller.get(&format!("/v1/jobs/{id}?wait=30")), async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            caller.act(&format!("/v1/jobs/{id}/cancel")).await.is(200)
        })
        .await;
        assert_eq!(waiting.is(200)["status"], "cancelled");
        assert!(asked.elapsed() < Duration::from_secs(8));
    });
}
