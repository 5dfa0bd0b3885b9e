//! Who still owes a scorecard reads none of the others', by whatever route.
use crate::support::{Caller, caught_up, run};
use crate::{Hiring, id};
use reqwest::Method;
use serde_json::{Value, json};

/// By which routes the caller sees the scorecard.
async fn seen_by(caller: &Caller, card: &str, interview: &str) -> Vec<String> {
    let one = format!("/v1/scorecards/{card}");
    let mut seen = Vec::new();
    for path in [one.clone(), format!("{one}/history"), format!("{one}?as_of=2100-01-01T00:00:00Z")] {
        let answer = caller.get(&path).await;
        match answer.status {
            200 => seen.push(path.replace(card, "…")),
            404 => {}
            other => panic!("{path}: {other}"),
        }
    }
    caught_up().await;
    let list = format!("/v1/scorecards?interview_id={interview}&count=true");
    for (path, kind) in [
        (list.as_str(), "application/json"),
        (list.as_str(), "text/csv"),
        (list.as_str(), "application/x-ndjson"),
        ("/v1/events?resource=scorecards", "application/json"),
    ] {
        let path = if kind == "application/json" { path } else { path.trim_end_matches("&count=true") };
        let answer = caller.request(Method::GET, path).header("accept", kind).send().await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        if answer.text.contains(card) {
            seen.push(format!("{kind} {}", path.split('?').next().unwrap()));
        }
    }
    let comments = format!("/v1/comments?resource=scorecards&resource_id={card}");
    let comments = caller.get(&comments).await.is(200);
    if comments["data"] != json!([]) {
        seen.push("comments".into());
    }
    seen
}

#[test]
fn an_interviewer_reads_no_scorecard_before_having_filed_their_own() {
    run(async {
        let hiring = Hiring::new().await;
        let opening = hiring.open(&hiring.position(1).await, 1).await;
        let (ana, dan) = (hiring.hr.hire("Ana", None).await, hiring.hr.hire("Dan", None).await);
        let application = hiring.apply(&hiring.candidate("Ioana").await, &opening).await;
        let interview = id(&hiring.interview(&application, &[&ana, &dan], 0).await.is(201));
        let all = ["scorecards:read", "scorecards:write", "events:read", "comments:read", "comments:write"];
        let ana = hiring.org.employee(&ana, &all).await;
        let dan = hiring.org.employee(&dan, &all).await;
        let card = |recommendation: &str| json!({"interview_id": interview, "recommendation": recommendation, "strengths": "Calm"});
        let filed = id(&ana.post("/v1/scorecards", card("strong_yes")).await.is(201));
        let said = json!({"resource": "scorecards", "resource_id": filed, "body": "Strong"});
        ana.post("/v1/comments", said).await.is(201);
        let everywhere = 8;
        let own = seen_by(&ana, &filed, &interview).await;
        assert_eq!(own.len(), everywhere, "{own:?}");
        // However far his permission goes.
        assert_eq!(seen_by(&dan, &filed, &interview).await, Vec::<String>::new());
        // Who does not ask owes none.
        assert_eq!(seen_by(&hiring.hr, &filed, &interview).await.len(), everywhere);
        dan.post("/v1/scorecards", card("no")).await.is(201);
        assert_eq!(seen_by(&dan, &filed, &interview).await.len(), everywhere);
        // With the next interview he owes another one.
        let panel = [hiring.hr.get("/v1/employees?q=Dan").await.is(200)["data"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned()];
        hiring.interview(&application, &[&panel[0]], 5).await.is(201);
        assert_eq!(seen_by(&dan, &filed, &interview).await, Vec::<String>::new());
    });
}

#[test]
fn a_scorecard_is_filed_once_by_who_sat_there() {
    run(async {
        let hiring = Hiring::new().await;
        let opening = hiring.open(&hiring.position(1).await, 1).await;
        let (ana, dan) = (hiring.hr.hire("Ana", None).await, hiring.hr.hire("Dan", None).await);
        let application = hiring.apply(&hiring.candidate("Ioana").await, &opening).await;
        let interview = id(&hiring.interview(&application, &[&ana], 0).await.is(201));
        let card = json!({"interview_id": interview, "recommendation": "yes", "ratings": [{"criterion": "Law", "rating": 4}]});
        let own = ["scorecards:read=own", "scorecards:write=own"];
        let stranger = hiring.org.employee(&dan, &own).await;
        stranger.post("/v1/scorecards", card.clone()).await.is_problem(403, "forbidden");
        hiring.hr.post("/v1/scorecards", card.clone()).await.is_problem(403, "forbidden");
        let asks = hiring.org.employee(&ana, &own).await;
        let filed = asks.post("/v1/scorecards", card.clone()).await.is(201);
        assert_eq!((&filed["interviewer_id"], &filed["application_id"]), (&json!(ana), &json!(application)));
        asks.post("/v1/scorecards", card).await.is_problem(409, "conflict");
        // It can not be changed in SQL either.
        let change = "update scorecards set recommendation = 'no' where org_id = $1";
        let changed = crate::support::service().database().await.execute(change, &[&hiring.org.id]).await;
        assert!(changed.unwrap_err().as_db_error().unwrap().constraint().unwrap().contains("stays_as_it_is"));
        // Who has filed stays on the panel.
        let out = hiring.hr.patch(&format!("/v1/interviews/{interview}"), json!({"panel": [dan]})).await;
        out.is_problem(409, "conflict");
        assert_eq!(filed["concerns"], Value::Null);
    });
}
