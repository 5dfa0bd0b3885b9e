//! SIGTERM under load: nobody new is welcome, and everybody who was let in is answered.
use crate::installation::Installation;
use crate::load::{assert_exactly, employee};
use crate::support::{Request, run};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[test]
fn sigterm_answers_what_was_accepted_and_ends_well() {
    run(async {
        let installation = Installation::new("stopped", &["--drain-seconds", "1"]).await;
        let caller = installation.caller().await;
        let mut acknowledged = BTreeMap::new();
        for number in 0..6 {
            let key = format!("E-{number}");
            let request =
                installation.request(&caller, Method::POST, "/v1/employees").header("idempotency-key", &key);
            let hired = request.json(&employee(&key)).send().await.is(201);
            acknowledged.insert(key, hired["id"].as_str().unwrap().to_owned());
        }
        // Six are in the middle of something, behind a lock that is let go only when nobody listens any more.
        let blocker = installation.database().await;
        blocker.batch_execute("begin; select from employees for update").await.unwrap();
        let waiting: Vec<_> = acknowledged
            .values()
            .map(|id| {
                let request = installation
                    .request(&caller, Method::PATCH, &format!("/v1/employees/{id}"))
                    .header("if-match", "*");
                tokio::spawn(request.json(&json!({"given_name": "Eve"})).send())
            })
            .collect();
        crate::until(Duration::from_secs(1), "six wait", async || {
            installation.backends("wait_event_type = 'Lock'").await == 6
        })
        .await;

        let told = Instant::now();
        crate::signal("TERM", installation.pid());
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (installation, caller) = (installation.clone(), caller.clone());
                tokio::spawn(async move {
                    let mut done = Vec::new();
                    for number in 0..10_000 {
                        let key = format!("W{writer}-{number}");
                        let request = installation
                            .request(&caller, Method::POST, "/v1/employees")
                            .header("idempotency-key", &key);
                        match request.json(&employee(&key)).try_send().await {
                            Ok(answer) => done.push((key, answer.is(201)["id"].as_str().unwrap().to_owned())),
                            // Nobody listens any more, or the connection was closed before this request came.
                            Err(_) => break,
                        }
                    }
                    done
                })
            })
            .collect();
        let ready = async || Request::new(Method::GET, "/readyz").to(&installation.base()).try_send().await;
        let unwelcome = crate::until(Duration::from_millis(700), "/readyz says no", async || {
            ready().await.unwrap().status == 503
        })
        .await;
        let problem = ready().await.unwrap();
        assert_eq!(problem.header("retry-after"), Some("1"));
        problem.is_problem(503, "unavailable");
        crate::until(Duration::from_secs(3), "nobody listens", async || ready().await.is_err()).await;
        assert!(
            told.elapsed() > Duration::from_millis(900),
            "after {unwelcome:?} of warning it listens for a second"
        );

        blocker.batch_execute("commit").await.unwrap();
        for changed in join_all(waiting).await {
            assert_eq!(changed.unwrap().is(200)["given_name"], "Eve");
        }
        let written: Vec<_> = join_all(writers).await.into_iter().flat_map(Result::unwrap).collect();
        assert!(written.len() > 8, "only {} were written while it stopped", written.len());
        acknowledged.extend(written);
        let status = installation.ended(Duration::from_secs(30)).await;
        assert_eq!(status.and_then(|status| status.code()), Some(0), "after {:?}", told.elapsed());
        // Nothing was done that was not answered.
        assert_exactly(&installation, caller.organization, &acknowledged).await;
    });
}
