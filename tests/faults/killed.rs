//! `kill -9` of the service under load.
use crate::installation::Installation;
use crate::load::{Load, assert_exactly, employee};
use crate::support::run;
use futures_util::future::join_all;
use reqwest::Method;
use std::time::Duration;

const ROUNDS: u64 = 8;

#[test]
fn a_killed_service_keeps_its_word() {
    run(async {
        let installation = Installation::new("killed", &[]).await;
        let caller = installation.caller().await;
        let load = Load::start(&installation, &caller, "W", 8);
        let mut before = 0;
        for round in 0..ROUNDS {
            // Not always at the same point of whatever goes on.
            tokio::time::sleep(Duration::from_millis(700 + 37 * round)).await;
            let acknowledged = load.acknowledged().len();
            assert!(acknowledged > before, "round {round}: nothing was written");
            before = acknowledged;
            let back = tokio::task::block_in_place(|| {
                installation.kill();
                installation.start_again()
            });
            assert!(back < Duration::from_secs(5), "round {round}: ready again only after {back:?}");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (acknowledged, tally) = load.stop().await;
        assert_eq!(tally.faults, Vec::<String>::new());
        assert!(acknowledged.len() > before, "nothing was written after the last start");
        assert!(tally.away > 0, "nobody noticed that the service was killed: {tally:?}");
        assert_exactly(&installation, caller.organization, &acknowledged).await;

        // Every twentieth is asked for once more.
        let again = acknowledged.iter().step_by(20).map(async |(key, id)| {
            let request = installation.request(&caller, Method::POST, "/v1/employees");
            let answer = request.header("idempotency-key", key).json(&employee(key)).send().await;
            assert_eq!(answer.header("idempotency-replayed"), Some("true"), "{key}");
            assert_eq!(answer.is(201)["id"], **id, "{key}");
        });
        join_all(again).await;
        assert_exactly(&installation, caller.organization, &acknowledged).await;
    });
}

#[test]
fn what_a_killed_service_had_begun_is_undone() {
    run(async {
        let installation = Installation::new("killed_in_the_middle", &[]).await;
        let caller = installation.caller().await;
        let hired = installation
            .request(&caller, Method::POST, "/v1/employees")
            .json(&employee("E-1"))
            .send()
            .await
            .is(201);
        let id = hired["id"].as_str().unwrap();
        let blocker = installation.database().await;
        blocker.batch_execute("begin; lock table events in access exclusive mode").await.unwrap();
        // The row is changed, its event is not yet written: the service is killed in between.
        let request = installation.request(&caller, Method::PATCH, &format!("/v1/employees/{id}"));
        let waiting = tokio::spawn(
            request.header("if-match", "*").json(&serde_json::json!({"given_name": "Half"})).try_send(),
        );
        crate::until(Duration::from_secs(2), "the change waits", async || {
            installation.backends("wait_event_type = 'Lock'").await == 1
        })
        .await;
        installation.kill();
        waiting.await.unwrap().unwrap_err();
        blocker.batch_execute("commit").await.unwrap();
        tokio::task::block_in_place(|| installation.start_again());
        installation.is_through().await;
        let read =
            installation.request(&caller, Method::GET, &format!("/v1/employees/{id}")).send().await.is(200);
        assert_eq!((&read["given_name"], &read["version"]), (&"Ana".into(), &1.into()));
        let database = installation.database().await;
        let changes = "select count(*) from events where org_id = $1 and resource = 'employees'";
        let changes = database.query_one(changes, &[&caller.organization]).await.unwrap();
        assert_eq!(changes.get::<_, i64>(0), 1, "hired, and nothing else");
    });
}
