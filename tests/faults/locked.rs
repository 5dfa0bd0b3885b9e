//! Others hold the locks, and the pool runs dry: whoever waits is told so in time, and what needs no database answers.
use crate::installation::Installation;
use crate::load::employee;
use crate::support::{Answer, Caller, Request, run};
use futures_util::future::{join, join_all};
use reqwest::Method;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Two workers with two connections each.
const FEW: &[&str] = &["--connections", "4", "--workers", "2", "--jobs-at-once", "0"];
/// The wait for a connection, or for a lock, is two seconds; the rest is for a machine that has other things to do.
const WAIT: Duration = Duration::from_millis(3500);

#[test]
fn locked_tables_and_a_dry_pool_are_told_as_503() {
    run(async {
        let installation = Installation::new("locked", FEW).await;
        let caller = installation.caller().await;
        let blocker = installation.database().await;
        blocker.batch_execute("begin; lock table employees in access exclusive mode").await.unwrap();

        let (mut asked, mut alive) =
            join(ask(&installation, &caller, 40), look_alive(&installation, 40)).await;
        // What needs no database never waits for one: nearly all would take two seconds otherwise.
        alive.sort();
        let (usual, slowest) = (alive[20], alive[39]);
        assert!(usual < Duration::from_millis(500), "/livez took {usual:?} while the pool was dry");
        asked.sort_by_key(|(_, took)| *took);
        for (place, (answer, took)) in asked.iter().enumerate() {
            assert_unavailable(answer);
            // Few get a connection at the last moment, and then wait for the lock. What /livez waits is the machine's doing.
            let patience = if place < 32 { WAIT } else { WAIT + Duration::from_secs(2) };
            assert!(*took < patience + 2 * slowest, "number {place} was told only after {took:?}");
        }
        let (open, _) = installation.connections().await;
        assert!(open <= 4, "{open} connections are open");

        blocker.batch_execute("commit").await.unwrap();
        let mut after = ask(&installation, &caller, 40).await;
        after.retain(|(answer, _)| ![200, 201].contains(&answer.status));
        assert!(after.is_empty(), "not well again: {after:?}");
        crate::until(Duration::from_secs(3), "every connection is given back", async || {
            let (open, idle) = installation.connections().await;
            open == idle && open <= 4 && installation.backends("state <> 'idle'").await == 0
        })
        .await;
        assert!(
            installation.backends("true").await <= 4 + 1,
            "beside the pools only the keeper of keys has a connection"
        );
    });
}

#[test]
fn a_locked_row_keeps_nobody_from_the_others() {
    run(async {
        let installation = Installation::new("locked_row", FEW).await;
        let caller = installation.caller().await;
        let mut hired = Vec::new();
        for key in ["E-1", "E-2"] {
            let request = installation.request(&caller, Method::POST, "/v1/employees").json(&employee(key));
            hired.push(request.send().await.is(201)["id"].as_str().unwrap().to_owned());
        }
        let blocker = installation.database().await;
        blocker
            .batch_execute(&format!("begin; select from employees where id = '{}' for update", hired[0]))
            .await
            .unwrap();
        let change = async |id: &String| {
            let request = installation
                .request(&caller, Method::PATCH, &format!("/v1/employees/{id}"))
                .header("if-match", "*");
            request.json(&serde_json::json!({"given_name": "Eve"})).send().await
        };
        let started = Instant::now();
        let (held, free) = join(change(&hired[0]), async {
            let free = change(&hired[1]).await;
            (free, started.elapsed())
        })
        .await;
        assert_unavailable(&held);
        assert!(started.elapsed() < WAIT + Duration::from_secs(1), "told only after {:?}", started.elapsed());
        free.0.is(200);
        assert!(free.1 < Duration::from_secs(1), "another row waited {:?}", free.1);
        // A lock on a row keeps nobody from reading it.
        let path = format!("/v1/employees/{}", hired[0]);
        let read = installation.request(&caller, Method::GET, &path).send().await.is(200);
        assert_eq!((&read["given_name"], &read["version"]), (&"Ana".into(), &1.into()));
        blocker.batch_execute("commit").await.unwrap();
        assert_eq!(change(&hired[0]).await.is(200)["version"], 2);
    });
}

/// So many requests at once, every second of them a write; and how long each took.
async fn ask(installation: &Arc<Installation>, caller: &Caller, count: usize) -> Vec<(Answer, Duration)> {
    let batch = uuid::Uuid::now_v7().simple().to_string()[20..].to_owned();
    let all = (0..count).map(async |number| {
        let started = Instant::now();
        let request = match number % 2 {
            0 => installation.request(caller, Method::GET, "/v1/employees"),
            _ => installation
                .request(caller, Method::POST, "/v1/employees")
                .json(&employee(&format!("{batch}-{number}"))),
        };
        (request.send().await, started.elapsed())
    });
    join_all(all).await
}

/// How long `/livez` took each time, asked every 50 ms.
async fn look_alive(installation: &Installation, times: usize) -> Vec<Duration> {
    let mut took = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        Request::new(Method::GET, "/livez").to(&installation.base()).send().await.is(200);
        took.push(started.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    took
}

fn assert_unavailable(answer: &Answer) {
    assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("unavailable")), "{}", answer.text);
    let after: u32 = answer.header("retry-after").and_then(|after| after.parse().ok()).unwrap();
    assert!((1..=5).contains(&after), "Retry-After: {after}");
}
