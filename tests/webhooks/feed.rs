//! The feed: filters, and waiting for what comes next.
use crate::support::{Organization, Service, caught_up, run, service};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn ids(page: &Value) -> Vec<&str> {
    page["data"].as_array().unwrap().iter().map(|each| each["id"].as_str().unwrap()).collect()
}

#[test]
fn the_feed_is_narrowed_by_what_was_done_to_what_by_whom_and_when() {
    run(async {
        let organization = Organization::new().await;
        let (ana, eve) = (organization.owner().await, organization.owner().await);
        let first = ana.department("One", None).await;
        let second = eve.department("Two", None).await;
        ana.patch(&format!("/v1/departments/{second}"), json!({"name": "Three"})).await.is(200);
        caught_up().await;
        let all = ana.get("/v1/events?resource=departments").await.is(200);
        let all_ids = ids(&all);
        assert_eq!(all_ids.len(), 3);
        let found = async |query: &str| {
            let page = ana.get(&format!("/v1/events?resource=departments&{query}")).await.is(200);
            let places =
                ids(&page).into_iter().map(|id| all_ids.iter().position(|each| *each == id).unwrap());
            places.collect::<Vec<_>>()
        };
        assert_eq!(found("type=department.created").await, [0, 1]);
        assert_eq!(found(&format!("resource_id={first}")).await, [0]);
        assert_eq!(found(&format!("actor=user:{}", eve.user)).await, [1]);
        let at = |index: usize| all["data"][index]["at"].as_str().unwrap().to_owned();
        assert_eq!(found(&format!("at_from={}", at(1))).await, [1, 2]);
        assert_eq!(found(&format!("at_to={}", at(1))).await, [0, 1]);
        assert_eq!(found(&format!("at_from={}&at_to={}", at(1), at(1))).await, [1]);
        assert_eq!(found("actor=system").await, [] as [usize; 0]);
        for bad in
            ["wait=31", "wait=-1", "limit=1001", "limit=0", "at_from=yesterday", "resource_id=1", "actor="]
        {
            ana.get(&format!("/v1/events?{bad}")).await.is_problem(422, "invalid-input");
        }
    });
}

#[test]
fn a_page_that_is_not_full_leads_to_the_end_of_what_was_looked_through() {
    run(async {
        let caller = Organization::new().await.owner().await;
        caller.department("One", None).await;
        crate::until("it is told", async || {
            caller.get("/v1/events?type=department.created").await.is(200)["data"] != json!([])
        })
        .await;
        let none = caller.get("/v1/events?type=department.archived").await.is(200);
        assert_eq!(none["data"], json!([]));
        let after = none["next_cursor"].as_str().unwrap();
        let position = caller.department("Two", None).await;
        let next =
            caller.get(&format!("/v1/events?wait=10&after={after}&type=department.created")).await.is(200);
        assert_eq!(
            next["data"].as_array().unwrap().len(),
            1,
            "what was looked through is not looked through again"
        );
        assert_eq!(next["data"][0]["resource_id"], position);
    });
}

#[test]
fn who_waits_is_answered_as_soon_as_there_is_something() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let now =
            caller.get("/v1/events?limit=1000").await.is(200)["next_cursor"].as_str().unwrap().to_owned();
        // Nothing happens: an empty page when the time is over, and the place to go on from.
        let asked = Instant::now();
        let nothing =
            caller.get(&format!("/v1/events?wait=1&after={now}&type=position.created")).await.is(200);
        assert_eq!(nothing["data"], json!([]));
        assert!(nothing["next_cursor"].is_string());
        assert!(asked.elapsed() >= Duration::from_secs(1) && asked.elapsed() < Duration::from_secs(4));

        // Something else than what is waited for does not end the waiting.
        let path = format!("/v1/events?wait=20&after={now}&type=position.created");
        let waiting = tokio::spawn({
            let caller = caller.clone();
            async move { (caller.get(&path).await.is(200), Instant::now()) }
        });
        let department = caller.department("One", None).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!waiting.is_finished());
        let written = Instant::now();
        let position = json!({"department_id": department, "title": "Clerk", "approved_headcount": 1});
        let position = caller.post("/v1/positions", position).await.is(201);
        let (page, at) = waiting.await.unwrap();
        assert_eq!(page["data"][0]["resource_id"], position["id"]);
        assert!(at - written < Duration::from_secs(2), "{:?}", at - written);
    });
}

#[test]
fn who_waits_holds_no_connection_and_is_sent_away_with_the_session() {
    run(async {
        let (base, _, mut child) = Service::spawn(&service().url, &["--workers", "1", "--connections", "2"]);
        let organization = Organization::new().await;
        let callers = join_all((0..4).map(|_| organization.owner())).await;
        let now =
            callers[0].get("/v1/events?limit=1000").await.is(200)["next_cursor"].as_str().unwrap().to_owned();
        let path = format!("/v1/events?wait=25&after={now}&type=position.created");
        let waiting: Vec<_> = callers
            .iter()
            .flat_map(|caller| (0..10).map(|_| caller.request(Method::GET, &path).to(&base)))
            .map(|request| tokio::spawn(request.send()))
            .collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        // Forty wait over two connections, and others are answered at once.
        let asked = Instant::now();
        callers[0].request(Method::GET, "/v1/departments").to(&base).send().await.is(200);
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
        // An eleventh of one session is refused.
        let eleventh = callers[0].request(Method::GET, &path).to(&base).send().await;
        assert_eq!(eleventh.header("retry-after"), Some("1"), "{}", eleventh.text);
        eleventh.is_problem(429, "too-many-requests");
        let database = service().database().await;
        let end = "update sessions set status = 'ended' where org_id = $1 and id = $2";
        database.execute(end, &[&organization.id, &callers[3].session]).await.unwrap();
        callers[0].department("One", None).await;
        for (index, waiting) in waiting.into_iter().enumerate() {
            if index < 30 {
                waiting.abort();
            } else {
                waiting.await.unwrap().is_problem(401, "unauthenticated");
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
    });
}
