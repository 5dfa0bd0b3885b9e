//! What is invoiced again and again.
use crate::shop::{Shop, id, sums};
use crate::support::{run, service};
use chrono::Datelike;
use serde_json::{Value, json};

/// What it invoices: support at 100.00 and 19 % of tax.
async fn support(shop: &Shop, fields: Value) -> Value {
    let tax = shop.tax("S19", "19", json!({})).await;
    let mut line = shop.line("1", "100", &tax);
    line["description"] = json!("Support {month}/{year}");
    let mut body = json!({"name": "Support", "party_id": shop.customer, "lines": [line], "every": "month", "starts_on": "2026-01-31", "reference": "PO {year}-{month}"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

/// The invoices that it made, in the order of their days.
async fn made(shop: &Shop, of: &Value) -> Vec<Value> {
    let path = format!("/v1/invoices?recurring_invoice_id={}&sort=issued_on", id(of));
    shop.owner.get(&path).await.is(200)["data"].as_array().unwrap().clone()
}

#[test]
fn each_due_day_is_invoiced_once_however_often_it_is_run() {
    run(async {
        let shop = Shop::new().await;
        let body = support(&shop, json!({"posts": "posted", "times": 3})).await;
        let support = shop.owner.post("/v1/recurring-invoices", body).await.is(201);
        assert_eq!((&support["next_on"], &support["runs"]), (&json!("2026-01-31"), &json!(0)));
        let path = format!("/v1/recurring-invoices/{}", id(&support));
        let run_path = format!("{path}/run");
        // Eight at once, and three due days: each is invoiced once, and what comes late finds nothing to do.
        let answers = futures_util::future::join_all((0..8).map(|_| shop.owner.act(&run_path))).await;
        assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status)), "{answers:?}");
        let now = shop.owner.get(&path).await.is(200);
        assert_eq!(
            (&now["status"], &now["runs"], &now["next_on"]),
            (&json!("ended"), &json!(3), &Value::Null)
        );
        let invoices = made(&shop, &support).await;
        let told: Vec<_> = invoices
            .iter()
            .map(|each| {
                [&each["issued_on"], &each["lines"][0]["description"], &each["reference"], &each["status"]]
                    .map(|text| text.as_str().unwrap())
            })
            .collect();
        assert_eq!(
            told,
            [
                ["2026-01-31", "Support 01/2026", "PO 2026-01", "posted"],
                ["2026-02-28", "Support 02/2026", "PO 2026-02", "posted"],
                ["2026-03-31", "Support 03/2026", "PO 2026-03", "posted"],
            ]
        );
        assert_eq!(sums(&invoices[0]), ["100.00", "19.00", "119.00", "119.00"]);
        shop.is_whole().await;
        // What has made invoices stays.
        let gone = shop.owner.request(reqwest::Method::DELETE, &path).header("if-match", "*").send().await;
        gone.is_problem(409, "in-use");
        shop.owner.patch(&path, json!({"times": 9})).await.is_problem(409, "invalid-state");
    });
}

#[test]
fn a_pause_is_caught_up_with_or_left_out() {
    run(async {
        let shop = Shop::new().await;
        let body = support(&shop, json!({})).await;
        // Paused before it is due, so that no worker gets ahead, and then due since January.
        let mut later = body.clone();
        later["starts_on"] = json!("2199-01-31");
        let support = shop.owner.post("/v1/recurring-invoices", later).await.is(201);
        let path = format!("/v1/recurring-invoices/{}", id(&support));
        shop.owner.act(&format!("{path}/pause")).await.is(200);
        let since = "update recurring_invoices set starts_on = '2026-01-31', next_on = '2026-01-31' where org_id = $1";
        service().database().await.execute(since, &[&shop.organization.id]).await.unwrap();
        shop.owner.act(&format!("{path}/run")).await.is_problem(409, "invalid-state");
        let resumed = shop.owner.post(&format!("{path}/resume"), json!({"missed": "skip"})).await.is(200);
        let today = chrono::Utc::now().date_naive().to_string();
        let months = i64::from(chrono::Utc::now().date_naive().month0())
            + 12 * i64::from(chrono::Utc::now().date_naive().year() - 2026);
        // As many due days are over as months have ended, and none of them is invoiced.
        assert!(resumed["next_on"].as_str().unwrap() >= today.as_str(), "{resumed}");
        assert!(resumed["runs"].as_i64().unwrap() >= months, "{resumed}");
        assert!(
            made(&shop, &support)
                .await
                .iter()
                .all(|each| each["issued_on"].as_str().unwrap() >= today.as_str())
        );

        let mut again = body;
        again["name"] = json!("Caught up with");
        again["ends_on"] = json!("2026-02-28");
        let other = shop.owner.post("/v1/recurring-invoices", again).await.is(201);
        let path = format!("/v1/recurring-invoices/{}", id(&other));
        let paused = shop.owner.act(&format!("{path}/pause")).await;
        if paused.status == 200 {
            shop.owner.post(&format!("{path}/resume"), json!({"missed": "invoice"})).await.is(200);
        }
        let is_over = async || {
            let _ = shop.owner.act(&format!("{path}/run")).await;
            shop.owner.get(&path).await.is(200)["status"] == "ended"
        };
        while !is_over().await {}
        let days: Vec<Value> =
            made(&shop, &other).await.iter().map(|each| each["issued_on"].clone()).collect();
        assert_eq!(days, ["2026-01-31", "2026-02-28"]);
        shop.owner.act(&format!("{path}/end")).await.is_problem(409, "invalid-state");
    });
}

#[test]
fn an_end_that_is_moved_before_what_is_next_is_the_end() {
    run(async {
        let shop = Shop::new().await;
        let body = support(&shop, json!({"starts_on": "2199-01-31", "ends_on": "2199-12-31"})).await;
        let support = shop.owner.post("/v1/recurring-invoices", body).await.is(201);
        let path = format!("/v1/recurring-invoices/{}", id(&support));
        let kept = shop.owner.patch(&path, json!({"ends_on": "2199-01-31"})).await.is(200);
        assert_eq!((&kept["status"], &kept["next_on"]), (&json!("active"), &json!("2199-01-31")));
        shop.owner.act(&format!("{path}/run")).await.is(200);
        assert!(made(&shop, &support).await.is_empty(), "it is not due yet");
        shop.owner.patch(&path, json!({"ends_on": "2199-01-30"})).await.is_problem(422, "invalid-input");
        let later = "update recurring_invoices set next_on = '2199-03-31', runs = 2, ends_on = null where org_id = $1";
        service().database().await.execute(later, &[&shop.organization.id]).await.unwrap();
        let ended = shop.owner.patch(&path, json!({"ends_on": "2199-03-30"})).await.is(200);
        assert_eq!((&ended["status"], &ended["next_on"]), (&json!("ended"), &Value::Null));
    });
}

/// Has the worker of the shared service make what is due, now.
async fn work() {
    let database = service().database().await;
    let again = "update schedules set done_slot = done_slot - interval '3 hours' where name = 'invoicing.make_recurring'";
    until(async || database.execute(again, &[]).await.unwrap() == 1).await;
    let done = "select done_slot > now() - interval '70 minutes' and worker is null from schedules where name = 'invoicing.make_recurring'";
    until(async || database.query_one(done, &[]).await.unwrap().get::<_, Option<bool>>(0) == Some(true))
        .await;
}

#[test]
fn what_can_not_be_made_says_why_keeps_no_other_back_and_is_made_once_it_can() {
    run(async {
        let mut shop = Shop::new().await;
        // It would owe 238.00 after two of them.
        let limited = shop.party(json!({"is_customer": true, "credit_limit": "150.00"})).await;
        let other = std::mem::replace(&mut shop.customer, limited.clone());
        let body = support(&shop, json!({"posts": "posted", "times": 2})).await;
        let stuck = shop.owner.post("/v1/recurring-invoices", body.clone()).await.is(201);
        let path = format!("/v1/recurring-invoices/{}", id(&stuck));
        let mut well = body;
        (well["name"], well["party_id"], well["times"]) = (json!("Well"), json!(other), json!(3));
        let well = shop.owner.post("/v1/recurring-invoices", well).await.is(201);
        work().await;
        let now = shop.owner.get(&path).await.is(200);
        assert_eq!(
            (&now["runs"], &now["next_on"], &now["status"]),
            (&json!(1), &json!("2026-02-28"), &json!("active"))
        );
        assert!(now["problem"].as_str().unwrap().contains("would owe 238.00 of at most 150.00"), "{now}");
        assert!(now["failed_at"].is_string());
        assert_eq!((made(&shop, &stuck).await.len(), made(&shop, &well).await.len()), (1, 3));
        let found = shop.owner.get("/v1/recurring-invoices?has_problem=true").await.is(200);
        assert_eq!((found["data"].as_array().unwrap().len(), &found["data"][0]["id"]), (1, &stuck["id"]));
        // Told once for each reason, however often it is tried.
        work().await;
        assert_eq!(shop.owner.get(&path).await.is(200)["version"], now["version"]);
        shop.owner.act(&format!("{path}/run")).await.is_problem(409, "credit-limit-exceeded");
        shop.owner.patch(&format!("/v1/parties/{limited}"), json!({"credit_limit": null})).await.is(200);
        work().await;
        let now = shop.owner.get(&path).await.is(200);
        assert_eq!(
            (&now["runs"], &now["problem"], &now["failed_at"], &now["status"]),
            (&json!(2), &Value::Null, &Value::Null, &json!("ended"))
        );
        assert_eq!(made(&shop, &stuck).await.len(), 2);
        shop.is_whole().await;
    });
}

#[test]
fn who_may_not_post_lets_nothing_post_itself() {
    run(async {
        let shop = Shop::new().await;
        let body = support(&shop, json!({"posts": "posted"})).await;
        let clerk = shop.organization.caller(&["recurring-invoices:read", "recurring-invoices:write"]).await;
        clerk.post("/v1/recurring-invoices", body.clone()).await.is_problem(403, "forbidden");
        let mut drafts = body;
        drafts["posts"] = json!("draft");
        let path = format!(
            "/v1/recurring-invoices/{}",
            id(&clerk.post("/v1/recurring-invoices", drafts).await.is(201))
        );
        clerk.patch(&path, json!({"posts": "posted"})).await.is_problem(403, "forbidden");
        shop.owner.patch(&path, json!({"posts": "posted"})).await.is(200);
        clerk.patch(&path, json!({"name": "Mine"})).await.is_problem(403, "forbidden");
        clerk.act(&format!("{path}/run")).await.is_problem(403, "forbidden");
        // What is wrong with a line is told when it is written, and not when it is due.
        let bad = json!({"lines": [{"description": "Support", "quantity": "1", "unit_price": "1"}]});
        let refused = shop.owner.patch(&path, bad).await.is_problem(422, "invalid-input");
        assert_eq!(crate::shop::faults(&refused), [("/lines/0/account_id", "required")]);
    });
}

/// Waits until it is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("it was never so");
}
